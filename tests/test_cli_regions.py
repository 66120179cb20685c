"""The command on regions, and what it writes about all pictures together: tables and polygons."""

import csv
import json
import shutil

import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from PIL import Image
from rasterio.features import rasterize
from shapely.geometry import shape
from skimage.data import astronaut, coffee
from sklearn.pipeline import make_pipeline
from tifffile import imread, imwrite

from skseg import KMeansSegmenter, RegionSegmenter, WhiteBalancer, io, region_table
from skseg.cli import app

COFFEE, ASTRONAUT = coffee()[::20, ::20], astronaut()[::24, ::24]
BANDS = np.random.default_rng(0).integers(0, 4000, (24, 30, 4)).repeat(3, axis=0).astype(np.uint16)
METERS = [  # 20 m per pixel from (500000, 5000000), in UTM zone 33N
    (33550, "d", 3, (20.0, 20.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 500000.0, 5000000.0, 0.0), True),
    (34735, "H", 12, (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32633), True),
]
DEGREES = [*METERS[:2], (34735, "H", 12, (1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326), True)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory with two photos in which the command runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    Image.fromarray(COFFEE).save(tmp_path / "photos" / "coffee.png")
    Image.fromarray(ASTRONAUT).save(tmp_path / "photos" / "astronaut.png")
    return tmp_path


def skseg(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def read_table(path="table.csv"):
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        return list(csv.DictReader(file))


def read_json(path):
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)


def pixels_in(path):
    with Image.open(path) as image:
        return np.asarray(image)


# Regions


def test_regions_are_those_of_the_library(folder):
    outcome = skseg("regions", "photos/coffee.png")
    assert outcome.exit_code == 0
    segmenter = RegionSegmenter()
    regions = segmenter.fit_predict(COFFEE)
    assert (pixels_in("skseg-output/coffee-labels.png") == regions).all()
    assert (pixels_in("skseg-output/coffee-segmented.png") == segmenter.transform(COFFEE)).all()
    assert f"coffee.png: 30 × 20 pixels, {regions.max() + 1} regions -> " in outcome.output
    with Image.open("skseg-output/coffee-labels.png") as labels:
        assert (np.asarray(labels.convert("RGB")) == segmenter.transform(COFFEE)).all()


@pytest.mark.parametrize(
    ("options", "params"),
    [
        (["--scale", 0.2], {"scale": 0.2}),
        (["--n-regions", 3], {"n_regions": 3}),
        (["--scale", 0, "--min-size", 15], {"scale": 0.0, "min_size": 15}),
        (["--color-space", "hsv"], {"segmenter": KMeansSegmenter(32, color_space="hsv", random_state=0)}),
    ],
)
def test_options_are_parameters_of_the_segmenter(folder, options, params):
    assert skseg("regions", "photos/coffee.png", *options).exit_code == 0
    assert (pixels_in("skseg-output/coffee-labels.png") == RegionSegmenter(**params).fit_predict(COFFEE)).all()


@pytest.mark.parametrize("tags", [[], METERS])
def test_more_regions_than_a_label_map_holds_are_refused_before_a_file_is_written(folder, lower, tags):
    lower(written_labels=600)  # 65535 would take long
    noise = np.random.default_rng(0).integers(256, size=(26, 28, 3), dtype=np.uint8)
    imwrite("noise.tif", noise, extratags=tags)
    finest = ["regions", "noise.tif", "--scale", 0, "--min-size", 1]
    outcome = skseg(*finest, "--table", "table.csv", "--output", "color", "--output", "label")
    assert outcome.exit_code == 1
    assert "Error: noise.tif: It has " in outcome.output
    assert " regions, but a label map at most 600; give a larger --scale or --min-size, or only " in outcome.output
    assert {path.name for path in folder.rglob("*.*")} == {"astronaut.png", "coffee.png", "noise.tif"}
    for change in (["--scale", 0.5], ["--min-size", 9], ["--output", "color"]):
        assert skseg(*finest, *change, "--overwrite").exit_code == 0


def test_what_is_done_is_told_as_json(folder):
    told = json.loads(skseg("regions", "photos", "--n-regions", 4, "--json").stdout)
    assert told["clusters"] == told["failed"] == []
    assert [entry["n_regions"] for entry in told["images"]] == [4, 4]
    assert told["images"][1] | {"files": []} == {
        "image": "photos/coffee.png", "width": 30, "height": 20, "n_pixels": 600, "n_regions": 4, "files": [],
        "value_range": [0, 255],
    }  # fmt: skip


def test_bands_have_regions_without_conversion(folder):
    imwrite("bands.tif", BANDS, photometric="minisblack", planarconfig="contig")
    for command in ("regions", "segment", "fit", "palette", "choose-k", "explore"):
        outcome = skseg(command, "bands.tif")
        assert outcome.exit_code == 1
        assert "bands.tif: It has 4 channels; if none of them is alpha, give --color-space none" in outcome.output
        outcome = skseg(command, "bands.tif", "--color-space", "lab")
        assert outcome.exit_code == 1
        assert "bands.tif: It has 4 channels, but lab needs 3; give --color-space none" in outcome.output
    options = ["--color-space", "none", "--n-regions", "9", "--table", "table.csv"]
    assert skseg("regions", "bands.tif", *options).exit_code == 0
    rows = read_table()
    assert len({row["color"] for row in rows}) == len(rows)


EXPLORE = ["explore", "--regions", "--to", 3, "--no-open"]


@pytest.mark.parametrize(
    ("command", "image"),
    [
        (["regions"], COFFEE.astype(np.int16) * 20),
        (["regions"], COFFEE[..., 0].astype(np.float32) + 200),
        (EXPLORE, COFFEE.astype(np.float32)),
    ],
)
def test_numbers_that_are_no_srgb_have_regions(folder, command, image):
    imwrite("scene.tif", image, photometric="rgb" if image.ndim == 3 else "minisblack")
    for options in [(), ("--color-space", "none" if image.ndim == 2 else "hsv"), ("--value-range", "-5,99999")]:
        outcome = skseg(*command, "scene.tif", *options, "--overwrite")
        assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(("command", "number"), [(["regions"], np.nan), (["regions"], 1e9), (EXPLORE, 1e9)])
def test_numbers_under_the_mask_may_be_no_srgb(folder, command, number):
    image = (COFFEE / 255).astype(np.float32)
    image[:4] = number
    imwrite("scene.tif", image, photometric="rgb")
    Image.fromarray((np.arange(20) >= 4)[:, np.newaxis].repeat(30, axis=1)).save("mask.png")
    outcome = skseg(*command, "scene.tif", "--mask", "mask.png")
    assert outcome.exit_code == 0, outcome.output


def test_a_masked_picture_has_no_regions(folder):
    Image.new("L", (30, 20)).save("mask.png")
    outcome = skseg("regions", "photos/coffee.png", "--mask", "mask.png", "--table", "table.csv", "--output", "label")
    assert outcome.exit_code == 0
    assert "0 regions" in outcome.output
    assert read_table() == []


@pytest.mark.parametrize("color_space", ["auto", "none", "lab"])
def test_an_empty_tile_among_others_has_no_regions(folder, color_space):
    Image.new("RGBA", (30, 20)).save("photos/empty.png")
    outcome = skseg("regions", "photos", "--color-space", color_space, "--table", "table.csv")
    assert outcome.exit_code == 0, outcome.output
    assert "empty.png: 30 × 20 pixels, 0 regions" in outcome.output
    assert {row["image"] for row in read_table()} == {"photos/coffee.png", "photos/astronaut.png"}


# Tables


def test_a_table_has_a_row_for_each_label_of_each_picture(folder):
    assert skseg("segment", "photos", "-k", 5, "--table", "table.csv").exit_code == 0
    segmenter = KMeansSegmenter(5, random_state=0).fit([ASTRONAUT, COFFEE])
    rows = read_table()
    for name, picture in (("astronaut", ASTRONAUT), ("coffee", COFFEE)):
        own = [row for row in rows if row["image"] == f"photos/{name}.png"]
        expected = region_table(segmenter.predict(picture), picture)
        assert list(own[0]) == ["image", "label", "color", *list(expected)[1:]]
        for column, values in expected.items():
            assert [float(row[column]) for row in own] == values.tolist()
        assert [row["color"] for row in own] == [
            f"#{bytes(np.rint(segmenter.cluster_centers_[int(row['label'])]).astype(np.uint8)).hex()}" for row in own
        ]
    assert len(rows) == 10


def test_predict_and_separate_clusters_have_tables_too(folder):
    skseg("fit", "photos/coffee.png", "-k", 3)
    assert skseg("predict", "model.skseg", "photos", "--table", "table.csv").exit_code == 0
    assert {row["label"] for row in read_table()} == {"0", "1", "2"}
    assert skseg("segment", "photos", "-k", 2, "--each", "--table", "each.csv", "--overwrite").exit_code == 0
    assert [row["label"] for row in read_table("each.csv")] == ["0", "1", "0", "1"]


@pytest.mark.parametrize("n_pixels", [30, 150, 10_000])
def test_a_table_of_a_large_file_is_that_of_its_image(folder, lower, n_pixels):
    lower(command_pixels=n_pixels)
    rng = np.random.default_rng(0)
    pixels = COFFEE.astype(np.uint16) + 60_000
    pixels[:5] = pixels[rng.random(COFFEE.shape[:2]) < 0.2] = 0
    options = {"photometric": "rgb", "rowsperstrip": 1, "extratags": [(42113, 2, 2, "0", True)]}
    imwrite("large.tif", pixels, **options)
    done = skseg("segment", "large.tif", "-k", 3, "--table", "table.csv", "--max-megapixels", 0.0003)
    assert done.exit_code == 0, done.output
    X = np.ma.masked_equal(pixels, 0)
    expected = region_table(KMeansSegmenter(3, random_state=0).fit_predict(X), X)
    rows = read_table()
    assert list(rows[0]) == ["image", "label", "color", *list(expected)[1:]]
    for name, column in expected.items():
        assert np.allclose([float(row[name]) for row in rows], column, rtol=1e-9, atol=1e-9)


def test_areas_are_in_units_of_the_map_where_a_picture_has_one(folder):
    imwrite("here.tif", COFFEE, extratags=METERS)
    imwrite("degrees.tif", COFFEE, extratags=DEGREES)
    assert skseg("segment", "photos/coffee.png", "here.tif", "degrees.tif", "-k", 2, "--table", "t.csv").exit_code == 0
    areas = {row["image"]: (int(row["area"]), row["map_area"]) for row in read_table("t.csv")}
    pixels, on_map = areas["here.tif"]
    assert float(on_map) == 400 * pixels
    assert areas["photos/coffee.png"] == areas["degrees.tif"] == (pixels, "")


def test_pandas_reads_a_table(folder, pandas):
    skseg("regions", "photos", "--n-regions", 6, "--table", "table.csv")
    frame = pandas.read_csv("table.csv")
    assert frame.groupby("image")["share"].sum().tolist() == pytest.approx([1, 1])
    assert frame["label"].tolist() == [*range(6)] * 2


# Polygons


def test_polygons_of_a_picture_are_its_label_map(folder):
    assert skseg("regions", "photos/coffee.png", "--polygons", "p.geojson", "--output", "label").exit_code == 0
    labels = pixels_in("skseg-output/coffee-labels.png")
    features = read_json("p.geojson")["features"]
    drawn = rasterize(
        [(feature["geometry"], feature["properties"]["label"]) for feature in features], labels.shape, fill=255
    )
    assert (drawn == labels).all()
    assert {feature["properties"]["image"] for feature in features} == {"photos/coffee.png"}
    assert set(features[0]["properties"]) >= {"color", "fill", "area", "share", "intensity_mean-2"}


def test_polygons_of_several_pictures_are_in_one_file_or_in_one_each(folder):
    assert skseg("segment", "photos", "-k", 3, "--polygons", "p.geojson", "--output", "polygons").exit_code == 0
    features = read_json("p.geojson")["features"]
    assert [feature["properties"]["image"] for feature in features] == ["photos/astronaut.png"] * 3 + [
        "photos/coffee.png"
    ] * 3
    for name, part in (("astronaut", features[:3]), ("coffee", features[3:])):
        assert read_json(f"skseg-output/{name}-polygons.geojson")["features"] == part


def test_polygons_lie_on_the_map(folder):
    imwrite("here.tif", COFFEE, extratags=METERS)
    arguments = ["segment", "here.tif", "-k", 3, "--polygons", "p.geojson", "--output", "polygons"]
    assert skseg(*arguments).exit_code == 0
    for path in ("p.geojson", "skseg-output/here-polygons.geojson"):
        collection = read_json(path)
        assert collection["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::32633"
        whole = shapely.union_all([shape(feature["geometry"]) for feature in collection["features"]])
        assert whole.bounds == (500000, 5000000 - 20 * 20, 500000 + 30 * 20, 5000000)


def test_a_map_whose_system_has_no_code_is_pointed_out(folder):
    imwrite("here.tif", COFFEE, extratags=METERS[:2])
    outcome = skseg("segment", "here.tif", "-k", 2, "--polygons", "p.geojson")
    assert outcome.exit_code == 0
    assert "Warning: here.tif has coordinates of a system without an EPSG code" in outcome.stderr
    assert "crs" not in read_json("p.geojson")


def test_pictures_of_different_maps_are_not_put_into_one_file(folder):
    imwrite("here.tif", COFFEE, extratags=METERS)
    outcome = skseg("segment", "photos/coffee.png", "here.tif", "--polygons", "p.geojson")
    assert outcome.exit_code == 2
    assert "--output polygons writes a file for each" in outcome.output
    assert skseg("segment", "photos/coffee.png", "here.tif", "--output", "polygons").exit_code == 0


@pytest.mark.parametrize("other", ["plain.tif", "degrees.tif", "elsewhere.tif"])
def test_maps_whose_systems_have_no_code_are_not_mixed_with_others(folder, other):
    keys = (1, 1, 0, 3, 1024, 0, 1, 1, 3072, 0, 1, 32767, 1026, 34737, 5, 0)
    here, there = (
        [*METERS[:2], (34735, "H", 16, keys, True), (34737, "s", 0, name, True)] for name in ("here", "away")
    )
    imwrite("here.tif", COFFEE, extratags=here)
    imwrite("near.tif", COFFEE, extratags=here)
    imwrite("plain.tif", COFFEE)
    imwrite("degrees.tif", COFFEE, extratags=DEGREES)
    imwrite("elsewhere.tif", COFFEE, extratags=there)
    arguments = ["-k", 2, "--polygons", "p.geojson"]
    assert skseg("segment", "here.tif", "near.tif", *arguments).exit_code == 0
    outcome = skseg("segment", "here.tif", other, *arguments, "--overwrite")
    assert outcome.exit_code == 2
    assert "different coordinate systems" in outcome.output


# Nothing is lost


@pytest.mark.parametrize("option", ["--table", "--polygons"])
def test_a_file_that_exists_is_kept_unless_it_is_to_be_overwritten(folder, option):
    (folder / "all.json").write_text("before")
    outcome = skseg("regions", "photos", option, "all.json")
    assert outcome.exit_code == 2
    assert "all.json exists; give --overwrite" in outcome.output
    assert (folder / "all.json").read_text() == "before"
    assert not (folder / "skseg-output").exists()
    assert skseg("regions", "photos", option, "all.json", "--overwrite").exit_code == 0
    assert "coffee" in (folder / "all.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table", "photos/coffee.png"], "is an input or another result"),
        (["--table", "nowhere/table.csv"], "The directory nowhere does not exist"),
        (["--polygons", "p.shp"], "--polygons must end in .geojson or .json; got 'p.shp'"),
        (["--scale", 2], "2.0 is not in the range"),
        (["--output", "distance"], "'distance' is not one of 'color', 'label', 'polygons'"),
    ],
)
def test_what_cannot_be_is_wrong_usage(folder, arguments, message):
    outcome = skseg("regions", "photos", *arguments, "--overwrite")
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.output.split())


def test_the_directory_of_results_is_made_for_a_table_in_it(folder):
    assert skseg("regions", "photos", "-o", "new", "--table", "new/table.csv").exit_code == 0
    assert read_table("new/table.csv")


def test_a_run_that_is_resumed_has_a_whole_table(folder):
    options = ["--output", "label", "--output", "polygons", "--table", "table.csv", "--polygons", "p.geojson"]
    assert skseg("regions", "photos", *options).exit_code == 0
    before = {path: path.read_bytes() for path in (folder / "table.csv", folder / "p.geojson")}
    (folder / "skseg-output" / "coffee-polygons.geojson").unlink()
    outcome = skseg("regions", "photos", *options, "--resume")
    assert outcome.exit_code == 0
    assert "astronaut.png: is done" in outcome.output
    assert "coffee.png: 30 × 20 pixels" in outcome.output
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("text", ["", "no JSON", "[1, 2"])
def test_polygons_of_somebody_else_are_not_taken_for_done(folder, text):
    assert skseg("regions", "photos/coffee.png", "--output", "polygons").exit_code == 0
    (folder / "skseg-output" / "coffee-polygons.geojson").write_text(text)
    outcome = skseg("regions", "photos/coffee.png", "--output", "polygons", "--resume")
    assert outcome.exit_code == 1
    assert "was made from another image or with other options" in outcome.output


def test_a_picture_that_fails_is_in_no_file(folder, monkeypatch):
    shutil.copy("photos/coffee.png", "photos/zebra.png")

    def fail_on_coffee(value, **options):
        if isinstance(value, dict) and (value.get("image"), value.get("label")) == ("photos/coffee.png", 1):
            raise MemoryError
        return dumps(value, **options)

    dumps = json.dumps
    monkeypatch.setattr(json, "dumps", fail_on_coffee)
    outcome = skseg("segment", "photos", "-k", 2, "--polygons", "p.geojson")
    assert outcome.exit_code == 1
    assert "photos/coffee.png: MemoryError" in outcome.output
    images = [feature["properties"]["image"] for feature in read_json("p.geojson")["features"]]
    assert images == ["photos/astronaut.png"] * 2 + ["photos/zebra.png"] * 2


def test_there_are_no_table_and_polygons_if_every_image_fails(folder):
    (folder / "broken.png").write_bytes(b"no image")
    Image.fromarray(np.zeros((4, 5, 4), dtype=np.uint8)).save("transparent.png")
    for name in ("broken.png", "transparent.png"):
        outcome = skseg("segment", name, "--each", "--table", "table.csv", "--polygons", "all.geojson")
        assert outcome.exit_code == 1
    assert not (folder / "table.csv").exists()
    assert not (folder / "all.geojson").exists()


def test_an_image_with_other_channels_than_the_model_is_refused(folder):
    assert skseg("fit", "photos/coffee.png", "-k", 2, "-o", "model.skseg").exit_code == 0
    imwrite("bands.tif", BANDS, photometric="minisblack", planarconfig="contig")
    outcome = skseg("predict", "model.skseg", "bands.tif")
    assert outcome.exit_code == 1
    assert "bands.tif: It has 4 channels, but the clusters have 3" in outcome.output


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (RegionSegmenter(), "RegionSegmenter"),
        (WhiteBalancer(), "WhiteBalancer"),
        (make_pipeline(WhiteBalancer(), RegionSegmenter()), "Pipeline of WhiteBalancer, RegionSegmenter"),
    ],
)
def test_a_model_without_clusters_does_not_predict(folder, estimator, kind):
    io.save(estimator.fit(COFFEE), "other.skseg")
    outcome = skseg("predict", "other.skseg", "photos/coffee.png")
    assert outcome.exit_code == 2
    assert f"MODEL must hold a KMeansSegmenter; other.skseg holds a {kind}." in outcome.output


# Balanced images

EVENING = np.rint(COFFEE * [0.9, 0.8, 0.5]).astype(np.uint8)


@pytest.fixture
def balanced(folder):
    """A model file with a balancer, the Pipeline in it, and a picture in another light, as PNG and GeoTIFF."""
    pipeline = make_pipeline(WhiteBalancer(), KMeansSegmenter(4, random_state=0)).fit(COFFEE)
    io.save(pipeline, "model.skseg")
    Image.fromarray(EVENING).save("evening.png")
    imwrite("place.tif", EVENING, photometric="rgb", extratags=METERS)
    return pipeline


def test_a_model_with_a_balancer_predicts_as_its_pipeline(balanced):
    outputs = [f"--output={output}" for output in ("label", "color", "distance")]
    outcome = skseg("predict", "model.skseg", "evening.png", "place.tif", *outputs, "--table", "table.csv", "--json")
    assert outcome.exit_code == 0
    labels = balanced.predict(EVENING)
    assert (labels != balanced[-1].predict(EVENING)).mean() > 0.1
    distances = balanced.set_params(kmeanssegmenter__output="distance").transform(EVENING)
    balanced.set_params(kmeanssegmenter__output="color")
    for name, suffix in (("evening", "png"), ("place", "tif")):
        assert np.array_equal(pixels_in(f"skseg-output/{name}-labels.{suffix}"), labels)
        assert np.array_equal(pixels_in(f"skseg-output/{name}-segmented.{suffix}"), balanced.transform(EVENING))
        assert np.allclose(imread(f"skseg-output/{name}-distances.tif"), distances)
    shares = np.bincount(labels.ravel()) / labels.size
    assert np.allclose([cluster["share"] for cluster in json.loads(outcome.output)["clusters"]], shares)
    table = region_table(labels, EVENING)  # the colors of the image, not of the balanced one
    red = [float(row["intensity_mean-0"]) for row in read_table() if row["image"] == "evening.png"]
    assert np.allclose(red, table["intensity_mean-0"])


def test_a_balancer_respects_the_mask(balanced, folder):
    mask = np.zeros(COFFEE.shape[:2], dtype=np.uint8)
    mask[:, :15] = 255
    Image.fromarray(mask).save("mask.png")
    assert skseg("predict", "model.skseg", "evening.png", "--mask", "mask.png").exit_code == 0
    expected = balanced.predict(np.ma.MaskedArray(EVENING, mask=np.repeat(mask[..., np.newaxis] == 0, 3, axis=-1)))
    assert np.array_equal(pixels_in("skseg-output/evening-labels.png"), np.ma.filled(expected, 4))


def test_results_of_another_balancer_are_not_skipped(balanced):
    assert skseg("predict", "model.skseg", "evening.png").exit_code == 0
    assert "evening.png: is done" in skseg("predict", "model.skseg", "evening.png", "--resume").output
    io.save(balanced.set_params(whitebalancer__p=1), "model.skseg")
    outcome = skseg("predict", "model.skseg", "evening.png", "--resume")
    assert outcome.exit_code == 1
    assert "was made from another image or with other options" in outcome.output


def test_a_balancer_needs_the_whole_image(balanced):
    imwrite("large.tif", EVENING, photometric="rgb", rowsperstrip=4)
    outcome = skseg("predict", "model.skseg", "large.tif", "--max-megapixels", 0.0005)
    assert outcome.exit_code == 1
    message = "large.tif: It is too large to be balanced, which needs it whole; raise --max-megapixels."
    assert message in outcome.output
    assert skseg("predict", "model.skseg", "large.tif").exit_code == 0


def test_an_image_without_light_fails_alone(balanced):
    Image.fromarray(np.zeros_like(EVENING)).save("night.png")
    outcome = skseg("predict", "model.skseg", "night.png", "evening.png")
    assert outcome.exit_code == 1
    assert "night.png: " in outcome.output
    assert "no light to measure" in outcome.output
    assert "evening.png: " in outcome.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--table", "skseg-output/coffee-labels.png"], "is an input or another result"),
        (["--output", "polygons", "--polygons", "skseg-output/coffee-polygons.geojson"], "is an input or another"),
        (["--table", "all.json", "--polygons", "all.json"], "--table and --polygons must be two files; got all.json"),
    ],
)
def test_two_results_are_not_written_to_one_file(folder, options, message):
    outcome = skseg("segment", "photos/coffee.png", "-k", 2, *options)
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.output.split())


def test_a_resumed_run_replaces_its_own_table_and_polygons_but_no_other_files(folder):
    run = ["segment", "photos/coffee.png", "-k", 2, "--resume", "--table", "table.csv", "--polygons", "all.geojson"]
    for _ in range(2):
        assert skseg(*run).exit_code == 0
    for name, content in (("table.csv", "my notes"), ("all.geojson", '{"type": "FeatureCollection"}')):
        before = (folder / name).read_bytes()
        (folder / name).write_text(content)
        outcome = skseg(*run)
        assert outcome.exit_code == 2
        assert f"{name} exists" in outcome.output
        assert (folder / name).read_text() == content
        (folder / name).write_bytes(before)


@pytest.mark.parametrize("size", [(5, 5), (1, 9)])
def test_small_images_are_explored(folder, size):
    Image.fromarray(COFFEE).resize(size).save("small.png")
    assert skseg("explore", "small.png", "--to", 6, "--no-open", "-o", "page.html").exit_code == 0
    assert skseg("choose-k", "small.png", "--to", 3).exit_code == 0


@pytest.mark.parametrize(
    ("command", "shape", "content"),
    [
        ("choose-k", (1, 1), (1, 1)),
        ("explore", (1, 4), (1, 4)),
        ("choose-k", (2, 2), (2, 2)),
        ("explore", (20, 30), (5, 5)),
        ("choose-k", (20, 30), (1, 1)),
    ],
)
def test_an_image_with_too_few_pixels_for_folds_has_a_way_out(folder, command, shape, content):
    alpha = np.zeros(shape, dtype=np.uint8)
    alpha[: content[0], : content[1]] = 255
    Image.fromarray(np.dstack([COFFEE[: shape[0], : shape[1]], alpha])).save("small.png")
    outcome = skseg(command, "small.png", "--to", 3)
    assert outcome.exit_code == 1
    assert outcome.output.startswith("Error: small.png has too few unmasked pixels to choose K, which needs some in ")
    assert outcome.output.count("\n") == 1
    assert [path.name for path in folder.iterdir() if path.name != "photos"] == ["small.png"]
    assert skseg("segment", "small.png", "-k", 2).exit_code == 0
    assert skseg(command, "small.png", "photos/coffee.png", "--to", 3).exit_code == 0
    if content == (5, 5):
        Image.fromarray(COFFEE[:5, :5]).save("small.png")
        assert skseg(command, "small.png", "--to", 3, *["--overwrite"] * (command == "explore")).exit_code == 0


def test_regions_of_bands_are_explored_in_the_color_space_that_is_asked_for(folder):
    imwrite("bands.tif", BANDS, photometric="minisblack", planarconfig="contig")
    options = ["--color-space", "none", "--regions", "--to", 3, "--no-open", "-o", "page.html"]
    outcome = skseg("explore", "bands.tif", *options)
    assert outcome.exit_code == 0, outcome.output
    assert '"scales"' in (folder / "page.html").read_text()


def test_an_interrupted_run_leaves_no_table(folder, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(io.ImageFile, "__array__", interrupt)
    outcome = skseg("regions", "photos", "--table", "table.csv", "--polygons", "p.geojson")
    assert outcome.exit_code == 1
    assert "coffee.png: interrupted; --resume goes on from here" in outcome.output
    assert sorted(path.name for path in folder.iterdir()) == ["photos", "skseg-output"]
