"""The command for those who make things: palettes of files, masked backgrounds, balanced light, outlines."""

import csv
import json
import re
import subprocess
import sys
from colorsys import rgb_to_hsv
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from skimage.data import coffee

from skseg import KMeansSegmenter, WhiteBalancer, choose_colors, clean_labels, io
from skseg.cli import app
from skseg.cli.files import SUFFIXES

PICTURE = coffee()[::10, ::10]
CHART = (
    "GIMP Palette\n0 0 0\t310 Black\n255 255 255\tBlanc\n152 94 51\t433 Brown\n209 88 7\t920 Copper\n73 42 19\t938\n"
)


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def photo(tmp_path, monkeypatch):
    """A photo in a directory of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PICTURE).save("photo.png")
    (tmp_path / "chart.gpl").write_text(CHART)
    return "photo.png"


def labels_of(name):
    with Image.open(name) as image:
        return np.asarray(image)


def test_an_ignored_color_that_does_not_occur_changes_nothing(photo):
    outcome = run("segment", photo, "--ignore", "#ff00ff", "-k", 2, "--json")
    assert json.loads(outcome.stdout)["images"][0]["n_pixels"] == PICTURE[..., 0].size


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--ignore", "#ffffff,x", "must be a color and maybe a tolerance from 0 to 255"),
        ("--value-range", "9,3", "is neither auto nor dtype nor two numbers such as 0,4095"),
        ("--value-range", "low", "is neither auto nor dtype nor two numbers such as 0,4095"),
    ],
)
def test_an_option_says_what_it_takes(photo, option, value, said):
    outcome = run("segment", photo, option, value)
    assert outcome.exit_code == 2
    assert said in outcome.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["segment", "-k", 2, "--init", "#000000,#ffffff"],
        ["predict", "--palette", "#202020,#808080,#f0f0f0"],
        ["segment", "-k", 3, "--balance", "#e0d0b0"],
        ["segment", "-k", 3, "--ignore", "#000000,40"],
    ],
    ids=lambda arguments: arguments[-2],
)
def test_colors_are_in_the_range_of_the_bits(photo, arguments):
    imwrite = pytest.importorskip("tifffile").imwrite
    imwrite("bits.tif", np.rint(PICTURE / 255 * 4095).astype(np.uint16), photometric="rgb")
    eight, twelve = (json.loads(run(*arguments, name, "--json").stdout) for name in (photo, "bits.tif"))
    assert twelve["value_range"] in ([0, 4095], [0, 1023])
    assert np.allclose(eight["images"][0]["shares"], twelve["images"][0]["shares"], atol=0.02)


@pytest.mark.parametrize("arguments", [["regions"], ["segment", "--each"], ["segment"]], ids=" ".join)
@pytest.mark.parametrize(
    ("options", "range_", "said"),
    [
        ([], [0, 4095], "12 bits: 0 to 4095"),
        (["--value-range", "dtype"], [0, 65535], "16 bits: 0 to 65535"),
        (["--value-range", "100,4000"], [100, 4000], "range of values: 100 to 4000"),
    ],
    ids=["auto", "dtype", "limits"],
)
def test_a_report_says_the_range_that_each_command_found(photo, arguments, options, range_, said):
    pytest.importorskip("tifffile").imwrite("bits.tif", PICTURE.astype(np.uint16) * 16, photometric="rgb")
    assert said in run(*arguments, "bits.tif", *options).stdout
    found = json.loads(run(*arguments, "bits.tif", *options, "--json", "--overwrite").stdout)
    assert {"value_range": range_}.items() <= (found if arguments == ["segment"] else found["images"][0]).items()
    assert "bits" not in run(*arguments, photo).stdout


def test_the_range_of_the_type_can_be_given(photo):
    outcome = run("segment", photo, "-k", 2, "--value-range", "dtype", "--json")
    assert json.loads(outcome.stdout)["value_range"] == [0, 255]


# Instant


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--help"],
        *([name, "--help"] for name in ("segment", "fit", "predict", "regions", "choose-k", "palette", "explore")),
        ["segment", "-k", "none"],
        ["segment", "--init", "#12"],
        ["segment", "--ignore", "#ffffff,x"],
        ["unknown"],
        ["segment", "missing.jpg"],
        ["predict", "missing.skseg", "photo.jpg"],
        ["predict", "--palette", "#102030", "missing.jpg"],
        ["choose-k", "--from", "5", "--to", "4", "*.jpg"],
        ["palette", "--format", "css", "--json", "*.jpg"],
    ],
    ids=" ".join,
)
def test_help_and_wrong_usage_import_nothing_of_the_library(arguments):
    code = (
        "import sys\nfrom skseg.__main__ import main\nsys.argv = ['skseg', *sys.argv[1:]]\n"
        "try:\n    main()\nfinally:\n"
        "    print({'numpy', 'sklearn', 'PIL', 'rich'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "set()"
    assert done.returncode == (0 if arguments[-1].startswith("--") else 2)


def test_completion_imports_nothing_of_the_library():
    code = (
        "import sys, atexit\nfrom skseg.__main__ import main\n"
        "atexit.register(lambda: print('numpy' in sys.modules))\nmain()"
    )
    environment = {
        "_SKSEG_COMPLETE": "bash_complete",
        "COMP_WORDS": "skseg seg",
        "COMP_CWORD": "1",
        "PYTHONPATH": ":".join(sys.path),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["plain,segment", "False"]


def test_names_in_options_are_those_of_the_library(photo):
    shown = re.search(
        r"--color-space\[([^]]+)\]", "".join(run("segment", "--help").output.split("\n")).replace(" ", "")
    )
    with pytest.raises(ValueError, match="color_space must be one of") as caught:
        KMeansSegmenter(1, color_space="unknown").fit(PICTURE)
    assert set(re.findall("'([a-z-]+)'", str(caught.value).split("; got")[0])) <= set(shown[1].split("|"))
    assert run("segment", photo, *(f"--output={kind}" for kind in SUFFIXES)).exit_code == 0


# Palettes


def test_a_palette_file_names_colors_in_tables_legends_and_reports(photo, tmp_path):
    arguments = ["--output", "svg", "--output", "label", "--numbers", "--table", "t.csv", "--polygons", "p.json"]
    outcome = run("predict", "--palette", "chart.gpl", photo, *arguments)
    assert outcome.exit_code == 0
    assert "#000000" in outcome.output
    assert "310 Black" in outcome.output
    with (tmp_path / "t.csv").open() as file:
        named = {row["color"]: row["name"] for row in csv.DictReader(file)}
    chart = io.load_palette("chart.gpl")
    names = {f"#{bytes(color).hex()}": name for color, name in zip(chart.colors, chart.names, strict=True)}
    assert named.items() <= names.items()
    texts = ElementTree.parse("skseg-output/photo-outlines.svg").iter("{http://www.w3.org/2000/svg}text")
    assert {each.text for each in texts} >= {"0 310 Black #000000"}
    features = json.loads((tmp_path / "p.json").read_text())["features"]
    assert {each["properties"]["name"] for each in features} == set(named.values())


def test_the_palette_printed_as_json_is_read_again(photo, tmp_path):
    for options in (["--format", "json"], ["--json"]):
        (tmp_path / "p.json").write_text(run("palette", photo, "-k", 4, *options).stdout)
        assert run("predict", "--palette", "p.json", photo, "--overwrite").exit_code == 0
        expected = KMeansSegmenter(4, random_state=0).fit(PICTURE).palette_
        found = io.load_palette("p.json").colors
        assert np.array_equal(found, expected)


def test_the_best_colors_of_a_chart_are_chosen(photo):
    outcome = run("predict", "--palette", "chart.gpl", "--choose", 3, photo, "--color-space", "rgb", "--json")
    chart = io.load_palette("chart.gpl")
    chosen = choose_colors(PICTURE, chart.colors, 3, color_space="rgb")
    clusters = json.loads(outcome.stdout)["clusters"]
    assert {each["name"] for each in clusters} == {chart.names[index] for index in chosen}
    assert {each["color"] for each in clusters} == {f"#{bytes(chart.colors[index]).hex()}" for index in chosen}


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (
            ["--palette", "chart.gpl", "--choose", 9],
            2,
            "--choose 9 needs a --palette of at least as many colors; it has 5",
        ),
        (["--palette", "photo.png"], 1, "is not a palette"),
        (["--palette", "missing.gpl"], 2, "must be a palette file that exists, or colors"),
        (["--palette", "empty.gpl"], 1, "a palette without colors"),
        (["--choose", 3, "model.skseg"], 2, "go with --palette"),
        (["--balance", "auto", "model.skseg"], 2, "go with --palette"),
    ],
)
def test_what_cannot_be_a_palette_is_refused_before_the_work(arguments, code, reason, photo, tmp_path):
    (tmp_path / "empty.gpl").write_text("GIMP Palette\n")
    shades = np.arange(768, dtype=np.uint16).astype(np.uint8).reshape(16, 16, 3)
    Image.fromarray(np.vstack([shades, shades[::-1] // 2])).save(photo)
    outcome = run("predict", *arguments, photo)
    assert outcome.exit_code == code
    assert reason in outcome.output
    assert not (tmp_path / "skseg-output").exists()


def test_a_chart_for_images_that_cannot_be_read_is_not_chosen_from(photo, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"broken")
    outcome = run("predict", "--palette", "chart.gpl", "--choose", 2, "broken.png")
    assert outcome.exit_code == 1
    assert "broken.png" in outcome.output


@pytest.mark.parametrize("order", ["lightness", "share", "hue"])
def test_a_palette_is_sorted(order, photo):
    shown = json.loads(run("palette", photo, "-k", 5, "--sort", order, "--json").stdout)["clusters"]
    codes = run("palette", photo, "-k", 5, "--sort", order, "--format", "hex").stdout.split()
    assert [each["color"] for each in shown] == codes
    if order == "share":
        assert [each["share"] for each in shown] == sorted((each["share"] for each in shown), reverse=True)
    if order == "lightness":
        assert [each["label"] for each in shown] == list(range(5))
    if order == "hue":
        hues = [rgb_to_hsv(*bytes.fromhex(code[1:]))[0] for code in codes]
        assert hues == sorted(hues)


# Colors to ignore


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_near_an_ignored_color_are_masked(dtype, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    levels = np.array([[[255, 255, 255], [250, 255, 245], [240, 255, 255], [9, 9, 9], [90, 9, 9]]], dtype=np.uint8)
    if dtype == np.uint8:
        Image.fromarray(levels).save("image.png")
    else:
        pytest.importorskip("tifffile").imwrite("image.png", levels.astype(dtype) * 257, photometric="rgb")
    arguments = ["-k", 2, "--output", "label", "--ignore", "#ffffff,10", "--ignore", "090909", "--json"]
    outcome = run("segment", "image.png", *arguments)
    entry = json.loads(outcome.stdout)["images"][0]
    assert entry["n_pixels"] == 2


def test_an_ignored_color_and_a_mask_are_both_ignored(photo, tmp_path):
    Image.fromarray(np.where(np.arange(60) < 30, 255, 0).astype(np.uint8)[np.newaxis].repeat(40, axis=0)).save(
        "mask.png"
    )
    color = "#" + bytes(PICTURE[0, 0]).hex()
    outcome = run("segment", photo, "--mask", "mask.png", "--ignore", f"{color},20", "-k", 3, "--json")
    is_near = (np.abs(PICTURE.astype(int) - PICTURE[0, 0]) <= 20).all(axis=-1)
    assert json.loads(outcome.stdout)["images"][0]["n_pixels"] == (~is_near[:, :30]).sum()


def test_other_images_than_rgb_have_no_color_to_ignore(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    floats = np.random.default_rng(0).normal(0, 9, (6, 6, 3)).astype(np.float32)
    pytest.importorskip("tifffile").imwrite("image.tif", floats, photometric="rgb")
    outcome = run("segment", "image.tif", "--ignore", "#ffffff", "-k", 2)
    assert outcome.exit_code == 1
    assert "--ignore needs three channels" in outcome.output


# Balanced light


@pytest.mark.parametrize("balance", ["auto", "#ffe9c9"])
def test_images_are_balanced_as_by_a_white_balancer(balance, photo):
    Image.fromarray((PICTURE * [0.9, 0.8, 0.5]).astype(np.uint8)).save("evening.png")
    images = [PICTURE, labels_of("evening.png")]
    light = None if balance == "auto" else np.array(list(bytes.fromhex(balance[1:])), dtype=np.uint8)
    balancer = WhiteBalancer(light=light).fit(images)
    expected = KMeansSegmenter(4, random_state=0).fit_predict(balancer.transform(images))
    outcome = run("segment", photo, "evening.png", "-k", 4, "--balance", balance, "--json")
    assert outcome.exit_code == 0
    for name, labels in zip(("photo", "evening"), expected, strict=True):
        assert np.array_equal(labels_of(f"skseg-output/{name}-labels.png"), labels)
    found = json.loads(outcome.stdout)
    code = "#" + bytes(np.rint(255 * balancer.light_).astype(int).tolist()).hex()
    assert found["light"] == code
    lights = {each["light"] for each in found["images"]}
    assert lights == {code} if light is not None else len(lights) == 2


def test_a_model_file_holds_the_balancer(photo):
    assert f"Light {'#'}" in run("fit", photo, "-k", 3, "--balance", "auto").output
    model = io.load("model.skseg")
    assert [type(step).__name__ for _, step in model.steps] == ["WhiteBalancer", "KMeansSegmenter"]
    Image.fromarray((PICTURE * [0.9, 0.8, 0.5]).astype(np.uint8)).save("evening.png")
    assert run("predict", "model.skseg", "evening.png").exit_code == 0
    assert np.array_equal(labels_of("skseg-output/evening-labels.png"), model.predict(labels_of("evening.png")))


@pytest.mark.parametrize(
    "command", [["segment", "--each", "-k", 3], ["regions"], ["predict", "--palette", "chart.gpl"]]
)
def test_other_commands_balance_too(command, photo):
    outcome = run(*command, photo, "--balance", "auto")
    assert outcome.exit_code == 0
    assert "light #" in outcome.output
    assert "Light #" in outcome.output


def test_light_of_bands_is_told_in_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bands = np.random.default_rng(0).integers(1, 99, (9, 9, 5), dtype=np.uint16)
    pytest.importorskip("tifffile").imwrite("bands.tif", bands, planarconfig="contig", photometric="minisblack")
    outcome = run("segment", "bands.tif", "-k", 2, "--balance", "auto", "--json")
    assert outcome.exit_code == 0
    assert len(json.loads(outcome.stdout)["light"].split(", ")) == 5


def test_no_light_is_measured_if_no_image_can_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.png").write_bytes(b"broken")
    outcome = run("segment", "broken.png", "--balance", "auto")
    assert outcome.exit_code == 1
    assert "Light" not in outcome.output


# Outlines and small parts


def test_small_parts_of_classes_are_cleaned_in_every_result(photo):
    arguments = ["-k", 4, "--min-size", 20, "--output", "label", "--output", "color", "--table", "t.csv"]
    assert run("segment", photo, *arguments).exit_code == 0
    segmenter = KMeansSegmenter(4, random_state=0).fit(PICTURE)
    cleaned = clean_labels(segmenter.labels_, 20, segmenter.cluster_centers_)
    assert np.array_equal(labels_of("skseg-output/photo-labels.png"), cleaned)
    assert np.array_equal(labels_of("skseg-output/photo-segmented.png"), segmenter.palette_[cleaned])
    with open("t.csv") as file:  # noqa: PTH123
        areas = [int(row["area"]) for row in csv.DictReader(file)]
    assert areas == np.bincount(cleaned.ravel())[np.unique(cleaned)].tolist()


def test_an_outline_is_resumed_but_not_with_other_options(photo):
    arguments = ["segment", photo, "-k", 3, "--output", "svg"]
    assert run(*arguments).exit_code == 0
    assert "is done" in run(*arguments, "--resume").output
    outcome = run(*arguments, "--resume", "--numbers")
    assert outcome.exit_code == 1
    assert "other options" in outcome.output


def test_outlines_with_too_many_corners_are_refused_before_anything_is_written(photo, tmp_path, lower):
    lower(drawn_points=50)
    outcome = run("segment", photo, "--output", "color", "--output", "svg")
    assert outcome.exit_code == 1
    assert "give --simplify 1, or a larger --min-size" in outcome.output
    assert list((tmp_path / "skseg-output").iterdir()) == []


def test_simplified_polygons_have_fewer_points(photo, tmp_path):
    sizes = []
    for simplify in (0, 2):
        arguments = ["--output", "polygons", "--polygons", "all.json", "--simplify", simplify, "--overwrite"]
        assert run("regions", photo, *arguments).exit_code == 0
        sizes.append(
            ((tmp_path / "all.json").stat().st_size, (tmp_path / "skseg-output/photo-polygons.geojson").stat().st_size)
        )
    assert sizes[1] < sizes[0]


def test_simplifying_without_shapely_is_refused(photo, monkeypatch):
    monkeypatch.setitem(sys.modules, "shapely", None)
    outcome = run("segment", photo, "--output", "svg", "--simplify", 1)
    assert outcome.exit_code == 1
    assert "skseg[shapes]" in outcome.output


@pytest.mark.parametrize("command", ["segment", "regions"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--simplify", 1], "--simplify goes with --output svg, --output polygons or --polygons"),
        (["--numbers", "--output", "polygons"], "--numbers and --unfilled go with --output svg"),
        (["--unfilled", "--polygons", "all.json"], "--numbers and --unfilled go with --output svg"),
    ],
)
def test_options_of_outlines_go_with_outlines(photo, command, arguments, message):
    outcome = run(command, photo, *arguments)
    assert outcome.exit_code == 2
    assert message in outcome.output


@pytest.mark.parametrize("code", ["#000000", "#ff8000"])
def test_a_surface_that_light_is_measured_on_reflects_all_colors(photo, code):
    outcome = run("segment", photo, "--balance", code)
    assert outcome.exit_code == 2
    assert f"'{code}' must be the color of a gray or white surface; no channel may be 0." in outcome.output
