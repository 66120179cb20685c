"""Rasters go in and come out with their georeference, as rasterio judges, and may be larger than memory."""

import json
import os
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
import tifffile
from click.testing import CliRunner
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.rpc import RPC
from rasterio.transform import Affine

from skseg import ColorConverter, KMeansSegmenter, io
from skseg.cli import app

TRANSFORM = Affine(10, 0, 399960, 0, -10, 5300040)
PLACE = {"crs": "EPSG:32633", "transform": TRANSFORM}
BANDS = np.random.default_rng(0).integers(1, 5, (90, 70, 4)).astype(np.uint16) * 900
GCPS = [GroundControlPoint(row, col, 5e5 + 9 * col, 5e6 - 11 * row, 0) for row, col in [(0, 0), (0, 9), (9, 0), (9, 8)]]
RPCS = RPC(height_off=1, height_scale=2, lat_off=3, lat_scale=4, line_den_coeff=[1.0] * 20, line_num_coeff=[2.0] * 20,
           line_off=5, line_scale=6, long_off=7, long_scale=8, samp_den_coeff=[3.0] * 20, samp_num_coeff=[4.0] * 20,
           samp_off=9, samp_scale=10)  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty directory in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_limit(monkeypatch):
    """Images of more than 5,000 pixels are too large to be read at once."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)


def write(name="scene.tif", pixels=BANDS, tags=None, **profile):
    """Write a raster with rasterio."""
    size = {"height": pixels.shape[0], "width": pixels.shape[1], "count": pixels.shape[2], "dtype": pixels.dtype}
    with rasterio.open(name, "w", driver="GTiff", **size, **profile) as file:
        file.write(np.moveaxis(pixels, -1, 0))
        file.update_tags(**(tags or {}))
    return name


def skseg(*arguments):
    outcome = CliRunner().invoke(app, list(map(str, arguments)))
    assert outcome.exit_code == 0, outcome.output
    return outcome


def segment(*arguments):
    return skseg("segment", *arguments, "--color-space", "none", "-o", "out")


def read(name):
    with rasterio.open(name) as file:
        return np.ma.MaskedArray(np.moveaxis(file.read(masked=True), 0, -1)), file.profile


FORMS = {
    "strips": {"blockysize": 7},
    "tiles": {"tiled": True, "blockxsize": 16, "blockysize": 32},
    "one strip": {"blockysize": 90},
    "planes": {"interleave": "band"},
    "planes in tiles": {"interleave": "band", "tiled": True, "blockxsize": 32, "blockysize": 16},
    "big-endian": {"ENDIANNESS": "BIG"},
    "BigTIFF": {"BIGTIFF": "YES"},
    "LZW": {"compress": "lzw"},
    "LZW, predictor": {"compress": "lzw", "predictor": 2},
    "big-endian, predictor": {"ENDIANNESS": "BIG", "compress": "deflate", "predictor": 2, "blockysize": 9},
    "ZSTD": {"compress": "zstd", "predictor": 2},
    "packbits": {"compress": "packbits"},
    "LERC": {"compress": "lerc"},
    "sparse": {"SPARSE_OK": "TRUE"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.int16])
def test_every_form_of_a_file_is_read_whole_and_by_its_rows(folder, monkeypatch, form, dtype):
    pixels = BANDS.astype(dtype)
    file = io.ImageFile(write(pixels=pixels, **FORMS[form], **PLACE))
    assert not file.is_large
    assert np.array_equal(np.asarray(file), pixels)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 6299 if form == "one strip" else 5000)
    assert file.is_large
    assert file.block_rows >= 1
    assert (file.shape, file.dtype) == (pixels.shape, pixels.dtype)
    for start, stop in [(0, 90), (0, 1), (13, 14), (31, 33), (80, 200), (50, 50)]:
        assert np.array_equal(file[start:stop], pixels[start:stop])


@pytest.mark.usefixtures("small_limit")
def test_large_images_are_converted_by_their_rows(folder):
    pixels = np.random.default_rng(0).integers(0, 256, (400, 100, 3), dtype=np.uint8)
    file = io.ImageFile(write(pixels=pixels, **PLACE))
    assert file.is_large
    for converter in (ColorConverter(), ColorConverter(channel_weights="scale")):
        assert np.array_equal(converter.fit(file).transform(file), converter.fit(pixels).transform(pixels))


@pytest.mark.parametrize(("text", "is_masked"), [("7", True), ("-9999", False), ("nan", False)])
def test_blocks_that_are_left_out_have_no_data(folder, text, is_masked):
    """rasterio refuses a number that the type does not hold, but other programs write it."""
    tags = [(34264, "d", 16, tuple(map(float, range(16))), True), (42113, "s", 0, text, True)]
    blocks = iter([np.full((16, 16), 5, np.uint8), None])
    tifffile.imwrite("sparse.tif", blocks, shape=(16, 32), dtype=np.uint8, tile=(16, 16), extratags=tags)
    pixels = np.ma.asarray(io.ImageFile("sparse.tif"))
    assert (pixels[:, :16] == 5).all()
    assert np.ma.getmaskarray(pixels)[:, 16:].all() == is_masked


def test_floats_with_their_predictor_are_read(folder):
    pixels = np.random.default_rng(0).random((50, 40, 3), dtype=np.float32)
    assert np.array_equal(
        np.asarray(io.ImageFile(write(pixels=pixels, compress="deflate", predictor=3, **PLACE))), pixels
    )


def test_jpeg_in_tiff_is_read_as_rasterio_reads_it(folder, monkeypatch):
    pixels = np.stack([np.add.outer(np.arange(300), slope * np.arange(200)) // 4 for slope in (1, 2, 3)], axis=-1)
    options = {"compress": "jpeg", "photometric": "ycbcr", "tiled": True, "blockxsize": 64, "blockysize": 64}
    file = io.ImageFile(write(pixels=pixels.astype(np.uint8), **options, **PLACE))
    expected = read("scene.tif")[0].data.astype(int)
    assert np.abs(np.asarray(file) - expected).max() <= 4
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    assert np.abs(file[100:300] - expected[100:300]).max() <= 4


def test_overviews_are_not_pages_and_masks_are_masks(folder, small_limit):
    write(pixels=BANDS[..., :3].astype(np.uint8), **PLACE, blockysize=8)
    mask = np.full(BANDS.shape[:2], 255, np.uint8)
    mask[20:30] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open("scene.tif", "r+") as file:
        file.write_mask(mask)
        file.build_overviews([2, 4])
    image = io.ImageFile("scene.tif")
    assert image.pages() == [image]
    assert np.array_equal(np.ma.getmaskarray(image[:])[..., 0], mask == 0)
    segment("scene.tif", "-k", 3)
    assert np.array_equal(read("out/scene-labels.tif")[0].mask[..., 0], mask == 0)
    with rasterio.open("out/scene-segmented.tif") as file:
        assert file.colorinterp[-1] == ColorInterp.alpha
        assert np.array_equal(file.dataset_mask(), mask)


def test_alpha_between_bands_is_alpha(folder):
    pixels = BANDS.copy()
    pixels[..., 1] = 1000
    pixels[:5, :7, 1] = 0
    write(pixels=pixels, photometric="minisblack", alpha="yes", **PLACE)
    with tifffile.TiffFile("scene.tif") as file:
        assert list(map(int, file.pages[0].extrasamples)) == [2, 0, 0]
    image = np.ma.asarray(io.ImageFile("scene.tif"))
    assert np.array_equal(np.ma.getdata(image), pixels[..., [0, 2, 3]])
    assert np.array_equal(image.mask.all(axis=-1), pixels[..., 1] == 0)


def test_rasters_lie_as_they_are_stored(folder):
    tags = [(274, "H", 1, 6, True), (34264, "d", 16, tuple(map(float, range(16))), True)]
    tifffile.imwrite("turned.tif", BANDS, photometric="minisblack", planarconfig="contig", extratags=tags)
    assert io.ImageFile("turned.tif").shape == BANDS.shape
    tifffile.imwrite("turned.tif", BANDS, photometric="minisblack", planarconfig="contig", extratags=tags[:1])
    assert io.ImageFile("turned.tif").shape == (70, 90, 4)


def test_palettes_whites_and_grays_are_read_by_rows_as_they_are_whole(folder, monkeypatch):
    gray = (BANDS[..., 0] // 20).astype(np.uint8)
    colormap = np.random.default_rng(0).integers(0, 256, (3, 256)).astype(np.uint16) * 257
    for options in (
        {"photometric": "palette", "colormap": colormap},
        {"photometric": "miniswhite"},
        {"photometric": "minisblack"},
    ):
        tifffile.imwrite("gray.tif", gray, rowsperstrip=4, **options)
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
        whole = np.asarray(io.ImageFile("gray.tif"))
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000)
        assert np.array_equal(io.ImageFile("gray.tif")[9:44], whole[9:44])


def test_large_images_that_cannot_be_read_by_rows_say_why(folder, small_limit):
    turned = [(274, "H", 1, 6, True)]
    tifffile.imwrite(
        "turned.tif", BANDS, photometric="minisblack", rowsperstrip=2, planarconfig="contig", extratags=turned
    )
    with pytest.raises(ValueError, match=r"turned.tif.*too large to be turned"):
        io.ImageFile("turned.tif")[:5]
    options = {"rowsperstrip": 90, "planarconfig": "contig", "compression": "zlib"}
    tifffile.imwrite("one.tif", BANDS, photometric="minisblack", **options)
    with pytest.raises(ValueError, match=r"one.tif.*12600 pixels in its blocks, more than the 5000"):
        io.ImageFile("one.tif")[:5]
    with pytest.raises(ValueError, match=r"one.tif.*12600 pixels, more than the 5000 .*MAX_IMAGE_PIXELS"):
        io.ImageFile("one.tif")[3, 4]


# Files are segmented by their rows


@pytest.mark.parametrize("n_bits", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("photometric", ["MINISBLACK", "MINISWHITE"])
@pytest.mark.parametrize("no_data", [None, 1])
def test_grays_of_few_bits_are_stretched_to_eight_however_they_are_read(
    folder, monkeypatch, n_bits, photometric, no_data
):
    numbers = np.random.default_rng(0).integers(0, 1 << n_bits, (90, 70, 1)).astype(np.uint8)
    write(pixels=numbers, NBITS=n_bits, photometric=photometric, nodata=no_data, blockysize=8, **PLACE)
    largest = (1 << n_bits) - 1
    grays = numbers / largest if photometric == "MINISBLACK" else 1 - numbers / largest
    for limit in (10_000, 5000):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        file = io.ImageFile("scene.tif")
        assert file.is_large == (limit == 5000)
        pixels = file[:]
        assert pixels.dtype == np.uint8
        assert np.array_equal(np.ma.getdata(pixels), np.repeat(np.rint(255 * grays), 3, axis=-1))
        assert np.array_equal(np.ma.getmaskarray(pixels)[..., :1], numbers == no_data)


def test_a_mask_that_was_added_after_the_overviews_counts(folder):
    mask = np.where(np.tri(90, 70), 255, 0).astype(np.uint8)
    write(**PLACE)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        for add in (lambda file: file.build_overviews([2, 4]), lambda file: file.write_mask(mask)):
            with rasterio.open("scene.tif", "r+") as file:
                add(file)
    with tifffile.TiffFile("scene.tif") as file:
        assert [int(page.subfiletype) for page in file.pages] == [0, 1, 1, 4]
    assert np.array_equal(np.ma.getmaskarray(np.asanyarray(io.ImageFile("scene.tif")))[..., 0], mask == 0)


@pytest.mark.parametrize(
    ("masks", "dtype"),
    [("nothing", np.uint16), ("no data", np.float64), ("no data", np.uint16), ("everything", np.float64)],
)
def test_a_large_file_gives_the_model_and_results_of_its_array(folder, lower, monkeypatch, masks, dtype):
    random = np.random.default_rng(1)
    pixels = random.integers(1, 60000, (60, 70, 5)).astype(dtype)
    pixels[40:50] = {"nothing": pixels[40:50], "no data": 0, "everything": 7}[masks]
    file = io.ImageFile(write(pixels=pixels, nodata=0, blockysize=4, compress="deflate", **PLACE))
    whole = np.asanyarray(file)
    expected = KMeansSegmenter(4, random_state=0).fit([whole])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4_000)
    lower(result_pixels=700, block_bytes=1 << 14, block_pixels=100)
    model = KMeansSegmenter(4, random_state=0).fit(file)
    assert np.array_equal(model.cluster_centers_, expected.cluster_centers_)
    assert not hasattr(model, "labels_")
    labels, painted = model.predict(file), model.transform(file)
    assert np.array_equal(np.ma.getdata(labels), np.ma.getdata(expected.predict(whole)))
    assert np.array_equal(np.ma.getmaskarray(labels), np.ma.getmaskarray(whole).any(axis=-1))
    assert np.array_equal(np.ma.getdata(painted), np.ma.getdata(expected.transform(whole)))
    out = np.empty(labels.shape, dtype=np.int32)
    assert np.array_equal(model.predict(file, out=out), np.ma.getdata(labels))
    weights = random.integers(0, 3, labels.shape)
    weighted = KMeansSegmenter(4, random_state=0)
    assert np.array_equal(
        weighted.fit(file, sample_weight=weights).cluster_centers_,
        weighted.fit([whole], sample_weight=[weights]).cluster_centers_,
    )


def test_passes_over_a_large_file_give_the_model_of_its_array(folder, lower, monkeypatch):
    pixels = np.random.default_rng(1).integers(1, 60000, (90, 70, 5)).astype(np.uint16)
    lower(colors_in_fit=1000)
    expected = KMeansSegmenter(4, random_state=0).fit([pixels])
    file = io.ImageFile(write(pixels=pixels, blockysize=4, **PLACE))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000)
    assert np.array_equal(KMeansSegmenter(4, random_state=0).fit(file).cluster_centers_, expected.cluster_centers_)


@pytest.mark.parametrize("name", ["label", "color", "distance"])
def test_the_command_writes_large_files_as_it_writes_small_ones(folder, name):
    pixels = BANDS.copy()
    pixels[:13, :9] = 0
    write(pixels=pixels, nodata=0, blockysize=4, **PLACE)
    Image.fromarray(np.tri(90, 70, dtype=np.uint8)).save("mask.png")
    options = ["--output", name, "-k", 3, "--mask", "mask.png"]
    segment("scene.tif", *options)
    small = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}
    outcome = segment("scene.tif", *options, "--max-megapixels", 0.01, "--overwrite", "--json")
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == small
    mask = np.tri(90, 70) == 0
    mask[:13, :9] = True
    assert f'"n_pixels": {(~mask).sum()}' in outcome.stdout
    suffix = {"label": "labels", "color": "segmented", "distance": "distances"}[name]
    assert np.array_equal(read(f"out/scene-{suffix}.tif")[0].mask[..., 0], mask)


@pytest.mark.parametrize("limit", [0.005, 80])
def test_distances_of_a_raster_lie_where_it_lies(folder, limit):
    write(**PLACE, nodata=900)
    segment("scene.tif", "-k", 3, "--output", "distance", "--max-megapixels", limit)
    masked = np.ma.MaskedArray(BANDS, mask=np.repeat((BANDS == 900).all(axis=-1, keepdims=True), 4, axis=-1))
    segmenter = KMeansSegmenter(3, color_space=None, output="distance", random_state=0).fit(masked)
    found, profile = read("out/scene-distances.tif")
    expected = segmenter.transform(masked)
    assert profile["transform"] == TRANSFORM
    assert np.array_equal(found.mask, np.ma.getmaskarray(expected))
    assert np.array_equal(found.compressed(), expected.compressed())


def test_a_large_file_has_the_table_of_a_small_one(folder):
    write(pixels=np.repeat(BANDS, 3, axis=0), nodata=900, **PLACE)
    tables = []
    for limit in (0.01, 80):
        segment("scene.tif", "-k", 3, "--table", "t.csv", "--max-megapixels", limit, "--overwrite")
        tables.append(np.genfromtxt("t.csv", delimiter=",", dtype=None, names=True, encoding="utf-8", comments=None))
    one, other = tables
    assert one.dtype.names == other.dtype.names
    assert {"map_area", "intensity_std3"} <= set(one.dtype.names)
    for name in one.dtype.names:
        is_number = one[name].dtype.kind in "if"
        assert np.allclose(one[name], other[name], rtol=1e-9) if is_number else (one[name] == other[name]).all()


def test_a_large_file_is_not_cut_into_polygons_but_is_told_how(folder):
    write(**PLACE)
    arguments = ["segment", "scene.tif", "--color-space", "none", "--max-megapixels", "0.005"]
    for polygons in (["--output", "label", "--output", "polygons"], ["--polygons", "all.geojson"]):
        outcome = CliRunner().invoke(app, [*arguments, *polygons])
        assert outcome.exit_code == 2
        assert "gdal_polygonize" in outcome.output
        assert "--max-megapixels" in outcome.output
        assert not (folder / "skseg-output").exists()


@pytest.mark.parametrize("output", ["label", "color", "polygons"])
def test_regions_of_a_raster_lie_where_it_lies(folder, output):
    pixels = np.zeros((60, 40, 3), dtype=np.uint8)
    pixels[:, 20:] = 200, 90, 30
    write(pixels=pixels, **PLACE)
    skseg("regions", "scene.tif", "-o", "out", "--output", output)
    if output == "polygons":
        features = json.loads((folder / "out" / "scene-polygons.geojson").read_text(encoding="utf-8"))["features"]
        assert features[1]["properties"]["map_area"] == 60 * 20 * 100
        return
    found, profile = read(f"out/scene-{'labels' if output == 'label' else 'segmented'}.tif")
    assert profile["transform"] == TRANSFORM
    assert profile["crs"] == PLACE["crs"]
    assert np.array_equal(found, pixels if output == "color" else (pixels[..., :1] > 0).astype(np.uint8))


@pytest.mark.parametrize("shape", [(1100, 40, 4), (40, 1100, 4), (530, 280, 3), (16, 16, 3), (3, 5, 4)])
def test_tiles_come_together_to_the_whole(folder, lower, shape):
    pixels = np.random.default_rng(0).integers(1, 200, shape).astype(np.uint16)
    lower(command_pixels=20_000)
    segment(write(pixels=pixels, **PLACE), "-k", 3, "--output", "color", "--output", "label")
    segmenter = KMeansSegmenter(3, color_space=None, random_state=0).fit(pixels)
    assert np.array_equal(read("out/scene-labels.tif")[0][..., 0], segmenter.labels_)
    assert np.array_equal(read("out/scene-segmented.tif")[0], segmenter.transform(pixels))


def test_a_bar_shows_the_rows_that_are_written(folder, monkeypatch, lower):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("skseg.cli.messages.PATIENCE", 0)
    lower(command_pixels=700)
    assert "Writing" in segment(write(**PLACE), "-k", 2).stderr


def test_a_mask_of_another_size_does_not_go_with_a_large_file(folder):
    write(blockysize=4, **PLACE)
    Image.fromarray(np.tri(90, 60, dtype=np.uint8)).save("mask.png")
    options = ["--color-space", "none", "--mask", "mask.png", "--max-megapixels", "0.01"]
    outcome = CliRunner().invoke(app, ["segment", "scene.tif", *options])
    assert "has 70 × 90 pixels, but the mask has 60 × 90" in outcome.output


def test_a_large_file_without_a_place_becomes_tiff_too(folder):
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        write(blockysize=4)
    segment("scene.tif", "-k", 3, "--max-megapixels", 0.01, "--each")
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "scene-labels.tif",
        "scene-labels.tif.aux.xml",
        "scene-segmented.tif",
    ]


# What is written


@pytest.mark.parametrize("tags", [{}, {"AREA_OR_POINT": "Point"}])
@pytest.mark.parametrize("place", [PLACE, {"gcps": GCPS, "crs": "EPSG:32633"}, {"rpcs": RPCS}, {**PLACE, "crs": 4326}])
def test_results_lie_where_their_picture_lies(folder, place, tags):
    place = {**place, "crs": rasterio.crs.CRS.from_user_input(place["crs"])} if "crs" in place else place
    write(**place, tags=tags)
    segment("scene.tif", "-k", 3, "--output", "label", "--output", "color", "--output", "distance")
    with rasterio.open("scene.tif") as scene:
        for name in ("labels", "segmented", "distances"):
            with rasterio.open(f"out/scene-{name}.tif") as result:
                assert result.crs == scene.crs
                assert result.transform == scene.transform
                assert [point.asdict() | {"id": ""} for point in result.gcps[0]] == [
                    point.asdict() | {"id": ""} for point in scene.gcps[0]
                ]
                assert result.gcps[1] == scene.gcps[1]
                assert (result.rpcs is None) == (scene.rpcs is None)
                assert result.rpcs is None or result.rpcs.to_dict() == scene.rpcs.to_dict()
                assert result.tags().get("AREA_OR_POINT") == scene.tags().get("AREA_OR_POINT")
                assert result.profile["tiled"]
                assert result.profile["compress"] == "deflate"


@pytest.mark.parametrize(
    ("n_labels", "dtype", "no_data"), [(3, "uint8", 255), (254, "uint8", 255), (255, "uint16", 65535)]
)
def test_label_maps_have_colors_names_and_a_number_for_no_data(folder, n_labels, dtype, no_data):
    write(**PLACE)
    random = np.random.default_rng(0)
    labels = np.ma.MaskedArray(random.integers(0, n_labels, (90, 70)), mask=random.random((90, 70)) < 0.1)
    colors = random.integers(0, 256, (n_labels, 3)).astype(np.uint8)
    io.save_labels(labels, "labels.tif", colors, like="scene.tif")
    with rasterio.open("labels.tif") as file:
        found = file.read(1, masked=True)
        assert (file.nodata, file.dtypes[0], file.crs, file.transform) == (no_data, dtype, "EPSG:32633", TRANSFORM)
        colormap = file.colormap(1)
        assert file.mask_flag_enums == ([MaskFlags.nodata],)
    assert np.array_equal(found.mask, labels.mask)
    assert np.array_equal(found.compressed(), labels.compressed())
    assert [colormap[label][:3] for label in range(n_labels)] == list(map(tuple, colors.tolist()))
    band = ElementTree.parse("labels.tif.aux.xml").find("PAMRasterBand")
    names = [f"class {label}" for label in range(n_labels)]
    assert [category.text for category in band.find("CategoryNames")] == names
    rows = [[value.text for value in row] for row in band.iter("Row")]
    assert rows == [[str(label), names[label], *map(str, colors[label])] for label in range(n_labels)]


def test_label_maps_of_the_command_have_the_colors_of_the_clusters(folder):
    pixels = BANDS[..., :3].astype(np.uint8)
    write(pixels=pixels, **PLACE)
    skseg("segment", "scene.tif", "-k", 4, "-o", "out")
    segmenter = KMeansSegmenter(4, random_state=0).fit(pixels)
    with rasterio.open("out/scene-labels.tif") as file:
        colors = [file.colormap(1)[label][:3] for label in range(4)]
    assert colors == list(map(tuple, segmenter.cluster_centers_.round().astype(int).tolist()))


def test_a_label_map_is_read_as_it_was_written(folder):
    """White is a color, although 255 is the nodata value."""
    labels = np.ma.MaskedArray(np.indices((30, 20))[0] // 10, mask=np.indices((30, 20))[1] > 15)
    io.save_labels(labels, "labels.tif", [[0.0], [0.5], [1.0]])
    file = io.ImageFile("labels.tif")
    painted = np.ma.asarray(file[0:30])
    assert np.array_equal(painted.mask[..., 0], labels.mask)
    assert np.array_equal(painted[..., 0].compressed(), np.array([0, 128, 255])[labels.compressed()])


def test_a_label_map_and_its_names_are_two_files_however_long_their_name_is(folder):
    name = 200 * "n" + ".tif"
    io.save_labels(np.eye(5, dtype=int), name, [[0.0], [1.0]])
    assert np.array_equal(tifffile.imread(name), np.eye(5))
    assert ElementTree.parse(f"{name}.aux.xml").find("PAMRasterBand") is not None


def test_label_maps_need_no_place(folder):
    io.save_labels(np.eye(5, dtype=int), "labels.tif", [[0.0], [1.0]])
    assert np.array_equal(tifffile.imread("labels.tif"), np.eye(5))


@pytest.mark.parametrize(
    ("dtype", "given", "kept"),
    [
        (np.uint8, 0, 0), (np.uint8, 200, None), (np.uint8, None, None), (np.uint16, 65535, 65535),
        (np.int16, -9999, -9999), (np.uint8, 300, None), (np.float32, -9999, -9999), (np.float32, None, np.nan),
        (np.float32, np.nan, np.nan), (np.float32, 200, np.nan), (np.float64, -1e300, -1e300),
        (np.float32, np.inf, np.inf), (np.uint16, np.inf, None), (np.uint16, 0.5, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n_channels", [1, 3, 6])
def test_masked_pixels_of_images_have_no_data(folder, dtype, given, kept, n_channels):
    tags = [(34264, "d", 16, tuple(map(float, range(16))), True)]
    tags += [] if given is None else [(42113, "s", 0, str(given), True)]
    tifffile.imwrite("scene.tif", np.zeros((90, 70), dtype), extratags=tags)
    mask = np.random.default_rng(0).random((90, 70, 1)) < 0.1
    pixels = np.where(np.random.default_rng(1).random((90, 70, 1)) < 0.5, 200, 100).astype(dtype)
    image = np.ma.MaskedArray(np.repeat(pixels, n_channels, axis=-1), mask=np.repeat(mask, n_channels, axis=-1))
    io.save_image(image, "image.tif", like="scene.tif")
    with rasterio.open("image.tif") as file:
        assert np.array_equal(file.nodata is None, kept is None)
        assert kept is None or np.array_equal(file.nodata, kept, equal_nan=True)
        found = np.moveaxis(file.read(), 0, -1)
        if kept is None:
            assert file.colorinterp[-1] == ColorInterp.alpha
            found, hidden = found[..., :-1], found[..., -1] == 0
        else:
            hidden = file.dataset_mask() == 0
    assert np.array_equal(hidden, mask[..., 0])
    assert np.array_equal(found[~mask[..., 0]], image.data[~mask[..., 0]])


def test_black_and_white_rasters_are_painted(folder):
    tags = [(34264, "d", 16, tuple(map(float, range(16))), True)]
    tifffile.imwrite("bits.tif", BANDS[..., 0] > 2000, photometric="minisblack", extratags=tags)
    segment("bits.tif", "-k", 2)
    assert np.array_equal(read("out/bits-segmented.tif")[0][..., 0], 255 * (BANDS[..., 0] > 2000))


@pytest.mark.parametrize(
    ("name", "like", "message"),
    [
        ("x.png", "scene.tif", "path must end in .tif with like"),
        ("x.tif", "plain.tif", "like must be a georeferenced file; 'plain.tif' is not"),
        ("x.tif", "pages.tif", "Cannot read 'pages.tif' .*it has 3 pages; choose one"),
        ("x.tif", "text.txt", "Cannot read 'text.txt'"),
        ("x.tif", "scene.tif", "like must have 5 × 4 pixels, as the array has; 'scene.tif' has 70 × 90"),
        ("x.jpg", None, "path must end in .png, .tif or .tiff"),
    ],
)
def test_a_place_that_does_not_fit_is_refused(folder, name, like, message):
    write(**PLACE)
    tifffile.imwrite("plain.tif", np.zeros((4, 5), np.uint8))
    tifffile.imwrite("pages.tif", np.zeros((3, 40, 50), np.uint8), photometric="minisblack")
    (folder / "text.txt").write_text("text")
    with pytest.raises(ValueError, match=message):
        io.save_labels(np.zeros((4, 5), int), name, [[0.0]], like=like)
    with pytest.raises(ValueError, match=message):
        io.save_image(np.zeros((4, 5), np.uint8), name, like=like)


def test_rasters_are_resumed(folder):
    write(**PLACE)
    segment("scene.tif", "-k", 3)
    done = (folder / "out" / "scene-labels.tif").stat().st_mtime_ns
    assert "is done" in segment("scene.tif", "-k", 3, "--resume").output
    assert (folder / "out" / "scene-labels.tif").stat().st_mtime_ns == done


def test_a_command_that_is_killed_leaves_nothing_half_written(folder):
    write(pixels=np.random.default_rng(0).integers(0, 9, (3000, 2000, 4)).astype(np.uint8), **PLACE)
    skseg("fit", "scene.tif", "-k", 4, "--color-space", "none")
    command = [
        sys.executable,
        "-m",
        "skseg",
        "predict",
        "model.skseg",
        "scene.tif",
        "-o",
        "out",
        "--output",
        "distance",
    ]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    while process.poll() is None and not list(folder.glob("out/.*.part")):
        time.sleep(0.01)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not list(folder.glob("out/[!.]*"))


def test_names_of_labels_stay_with_the_old_file_if_a_new_one_fails(tmp_path, monkeypatch):
    io.save_labels(np.zeros((4, 4), dtype=int), tmp_path / "x.tif", np.uint8([[1, 2, 3]]))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail(*_args, **_kwargs):
        raise OSError("No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", fail)
    with pytest.raises(OSError, match="No space"):
        io.save_labels(np.ones((4, 4), dtype=int), tmp_path / "x.tif", np.uint8([[9, 9, 9], [8, 8, 8]]))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("shape", [(0, 4, 3), (3, 0, 3), (3, 4, 0)])
def test_images_without_pixels_are_refused(tmp_path, suffix, shape):
    with pytest.raises(ValueError, match="image must have"):
        io.save_image(np.zeros(shape, dtype=np.uint8), tmp_path / f"x.{suffix}")
    if 0 in shape[:2]:
        with pytest.raises(ValueError, match="label_map must have two dimensions, pixels"):
            io.save_labels(np.zeros(shape[:2], dtype=int), tmp_path / f"x.{suffix}", np.uint8([[1, 2, 3]]))
    assert not list(tmp_path.iterdir())
