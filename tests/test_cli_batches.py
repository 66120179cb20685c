"""The command on many files and in all its subcommands: nothing is lost or overwritten, every option counts."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from helpers import color_spaces
from PIL import Image
from skimage.data import astronaut, coffee
from sklearn.datasets import load_sample_image
from sklearn.model_selection import cross_val_score

from skseg import KMeansSegmenter, TileKFold, io
from skseg.cli import app, steps
from skseg.cli.messages import as_line, progress_bar
from skseg.cli.results import digest

RESULTS = {
    "color": "segmented.png",
    "label": "labels.png",
    "polygons": "polygons.geojson",
    "svg": "outlines.svg",
    "distance": "distances.tif",
}
MAPS = {"color": "segmented.tif", "label": "labels.tif.aux.xml", "distance": "distances.tif"}
COFFEE, ASTRONAUT = coffee()[::10, ::10], astronaut()[::12, ::12]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory with two photos, and something else, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    Image.fromarray(COFFEE).save(tmp_path / "photos" / "coffee.png")
    Image.fromarray(ASTRONAUT).save(tmp_path / "photos" / "astronaut.png")
    (tmp_path / "photos" / ".notes.txt").write_text("no picture")
    return tmp_path


def skseg(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def labels_in(path):
    with Image.open(path) as image:
        return np.asarray(image)


# Which pictures


@pytest.mark.parametrize("given", [["photos"], ["photos/*.png"], ["photos/coffee.png", "photos"], ["**/*.png"]])
def test_directories_and_patterns_mean_the_pictures_in_them_each_once(folder, given):
    assert skseg("segment", *given, "-k", 2).exit_code == 0
    assert {name.split("-")[0] for name in contents(folder / "skseg-output")} == {"coffee", "astronaut"}
    assert len(contents(folder / "skseg-output")) == 4


def spoil(directory):
    """Put into a directory links that lead to no file, and return their names."""
    for name, target in {"a.png": "gone.png", "b.png": "gone.png", "c.png": "d.png", "d.png": "c.png"}.items():
        (directory / name).symlink_to(target)
    (directory / "e.png").symlink_to(".", target_is_directory=True)  # a directory, which holds other images
    return ["a.png", "b.png", "c.png", "d.png"]


@pytest.mark.parametrize(
    ("command", "given"),
    [
        *((command, "photos") for command in ("segment", "fit", "choose-k")),
        ("palette", "photos/*.png"),
    ],
)
def test_links_that_lead_to_no_file_are_failures(folder, command, given):
    broken = spoil(folder / "photos")
    options = ["--to", 3] * (command in ("choose-k", "explore"))
    outcome = skseg(command, given, *options)
    assert outcome.exit_code == 1
    paths = [str(Path("photos", name)) for name in broken]
    errors = [line for line in outcome.stderr.splitlines() if line.startswith("Error")]
    assert errors == [f"Error: The link leads to no file: {path!r}." for path in paths]
    for name in [*broken, "e.png"]:
        (folder / "photos" / name).unlink()
    expected = skseg(command, given, *options, *["--overwrite"] * (command not in ("choose-k", "palette")))
    assert expected.exit_code == 0
    assert re.sub(r"[\d.]+ s\n$", "", expected.stdout) == re.sub(r"[\d.]+ s\n$", "", outcome.stdout)


def test_a_directory_of_broken_links_alone_is_a_failure(folder):
    (folder / "links").mkdir()
    broken = spoil(folder / "links")
    outcome = skseg("palette", "links", "--json")
    assert outcome.exit_code == 1
    assert [failure["image"] for failure in json.loads(outcome.stdout)["failed"]] == [
        str(Path("links", name)) for name in broken
    ]


@pytest.mark.parametrize("megapixels", [80, 0.0004])
def test_an_image_with_infinite_numbers_is_named_and_left_out(folder, megapixels):
    for name, value in (("good.tif", 0.5), ("bad.tif", np.inf)):
        pixels = np.linspace(0, 1, 4 * 12 * 9 * 3, dtype=np.float32).reshape(48, 9, 3)
        pixels[7, 5] = value
        tifffile.imwrite(name, pixels, photometric="rgb", rowsperstrip=4)
    outcome = skseg("palette", "bad.tif", "good.tif", "-k", 2, "--max-megapixels", megapixels)
    assert outcome.exit_code == 1
    assert "Error: bad.tif: Pixels contain NaN or infinity. Give them the nodata value, or a --mask." in outcome.output
    assert outcome.output.splitlines()[0] == "K = 2"


def test_each_picture_can_have_clusters_of_its_own(folder):
    outcome = skseg("segment", "photos", "-k", 3, "--each", "--json")
    assert outcome.exit_code == 0
    for name, picture in {"coffee": COFFEE, "astronaut": ASTRONAUT}.items():
        expected = KMeansSegmenter(3, random_state=0).fit(picture)
        assert np.array_equal(labels_in(folder / "skseg-output" / f"{name}-labels.png"), expected.labels_)
        (entry,) = [entry for entry in json.loads(outcome.stdout)["images"] if name in entry["image"]]
        assert np.allclose([cluster["share"] for cluster in entry["clusters"]], expected.cluster_sizes_)


def test_what_is_black_in_the_mask_takes_no_part(folder):
    mask = np.zeros(COFFEE.shape[:2], dtype=np.uint8)
    mask[10:30, 20:50] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    assert skseg("segment", "photos/coffee.png", "-k", 3, "--mask", "mask.png").exit_code == 0
    label_map = labels_in(folder / "skseg-output" / "coffee-labels.png")
    expected = KMeansSegmenter(3, random_state=0).fit_predict(COFFEE[10:30, 20:50])
    assert np.array_equal(label_map[10:30, 20:50], expected)
    assert (label_map[mask == 0] == 3).all()
    painted = np.asarray(Image.open(folder / "skseg-output" / "coffee-segmented.png"))
    assert np.array_equal(painted[..., 3], mask)


def test_a_mask_of_another_size_is_refused(folder):
    Image.fromarray(np.ones((3, 4), dtype=np.uint8)).save(folder / "mask.png")
    outcome = skseg("segment", "photos/coffee.png", "--mask", "mask.png")
    assert outcome.exit_code == 1
    assert "has 60 × 40 pixels, but the mask has 4 × 3" in outcome.stderr


# Every option of the estimator


@pytest.mark.parametrize(
    ("options", "params"),
    [
        (["--color-space", "lab"], {"color_space": "lab"}),
        (["--color-space", "none"], {"color_space": None}),
        (["--color-space", "direction"], {"color_space": "direction"}),
        (["--channel-weights", "scale"], {"channel_weights": "scale"}),
        (["--channel-weights", "none"], {"channel_weights": None}),
        (["--channel-weights", "1,0.5,2"], {"channel_weights": [1, 0.5, 2]}),
        (["--init", "random"], {"init": "random"}),
        (["--init", "#000000,ff0000,#ffffff"], {"init": [[0, 0, 0], [255, 0, 0], [255, 255, 255]]}),
        (["--n-init", "4", "--max-iter", "2"], {"n_init": 4, "max_iter": 2}),
        (["--tol", "0.5", "--random-state", "3"], {"tol": 0.5, "random_state": 3}),
        (["--n-jobs", "2"], {"n_jobs": 2}),
    ],
)
def test_options_are_those_of_the_estimator(folder, options, params):
    assert skseg("fit", "photos/coffee.png", "-k", 3, *options).exit_code == 0
    fitted = io.load("model.skseg")
    expected = KMeansSegmenter(**{"n_clusters": 3, "random_state": 0} | params).fit([COFFEE])
    assert np.array_equal(fitted.cluster_centers_, expected.cluster_centers_)
    for name, value in expected.get_params().items():
        assert np.array_equal(fitted.get_params()[name], value)


def test_every_parameter_of_the_estimator_is_an_option():
    names = {"--" + name.replace("_", "-") for name in KMeansSegmenter().get_params()}
    assert names <= {option for param in app.commands["segment"].params for option in param.opts}


def test_every_color_space_is_a_choice():
    (spaces,) = (param.type.choices for param in app.commands["fit"].params if param.name == "color_space")
    assert set(spaces) == {"none", *color_spaces()}


@pytest.mark.parametrize(
    "options",
    [
        ["--channel-weights", "a,b"],
        ["--init", "#12"],
        ["--init", "red"],
        ["--n-init", "0"],
        ["--tol", "-1"],
        ["--n-jobs", "0"],
    ],
)
def test_options_that_cannot_be_are_usage_errors(folder, options):
    outcome = skseg("segment", "photos", *options)
    assert outcome.exit_code == 2
    assert f"Invalid value for '{options[0]}'" in outcome.output


def test_more_labels_than_an_octet_holds_fit_into_16_bits(folder):
    options = ["-k", 260, "--n-init", 1, "--output", "label"]
    assert skseg("segment", "photos/coffee.png", *options).exit_code == 0
    label_map = labels_in(folder / "skseg-output" / "coffee-labels.png")
    assert np.array_equal(label_map, KMeansSegmenter(260, n_init=1, random_state=0).fit_predict(COFFEE))
    assert label_map.max() == 259


@pytest.mark.parametrize("command", ["segment", "fit", "palette"])
def test_start_colors_are_as_many_as_clusters(folder, command):
    outcome = skseg(command, "photos", "--init", "#000000,#ffffff")
    assert outcome.exit_code == 2
    assert "Invalid value for '--init': 2 colors for 8 clusters; give -k 2." in outcome.output
    assert skseg(command, "photos", "--init", "#000000,#ffffff", "-k", 2).exit_code == 0


@pytest.mark.parametrize("command", ["choose-k", "explore"])
def test_start_colors_have_a_single_k(folder, command):
    outcome = skseg(command, "photos", "--init", "#000000,#ffffff")
    assert outcome.exit_code == 2
    assert "'--init': '#000000,#ffffff' is not one of 'k-means++', 'random'" in outcome.output
    assert skseg(command, "photos", "--init", "random", "--to", 3).exit_code == 0


def test_floats_from_0_to_255_warn_once_where_fractions_are_expected(folder):
    tifffile.imwrite("floats.tif", COFFEE.astype(np.float32), photometric="rgb")
    outcome = skseg("predict", "--palette", "#102030,#ffeedd", "floats.tif")
    assert outcome.exit_code == 0
    assert outcome.stderr.count("Warning: floats.tif: The largest number in the pixels is 255, but 1 in fit.") == 1


# Fit on some, predict on others


@pytest.mark.parametrize("color_space", ["auto", "lab", "none"])
def test_predict_goes_by_the_colors_of_a_palette(folder, color_space):
    colors = np.array([[250, 240, 230], [16, 32, 48], [200, 90, 40]], dtype=np.uint8)
    codes = ",".join("#" + bytes(color).hex() for color in colors)
    options = ["--color-space", color_space, "-o", "results", "--json"]
    outcome = skseg("predict", "--palette", f"{codes},{codes[:7]}", "photos/coffee.png", *options)
    assert outcome.exit_code == 0
    space = None if color_space == "none" else color_space
    expected = KMeansSegmenter(3, color_space=space, init=colors).fit(colors)
    assert expected.cluster_centers_.tolist() == colors[[1, 2, 0]].tolist()
    with Image.open("results/coffee-labels.png") as image:
        assert np.array_equal(np.asarray(image), expected.predict(COFFEE))
    with Image.open("results/coffee-segmented.png") as image:
        assert np.array_equal(np.asarray(image), expected.transform(COFFEE))
    clusters = json.loads(outcome.stdout)["clusters"]
    assert [cluster["color"] for cluster in clusters] == ["#102030", "#c85a28", "#faf0e6"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photos/coffee.png"], "Give a MODEL and an IMAGE, or --palette and an IMAGE."),
        (["nothing.skseg", "photos"], "MODEL must be a file that exists; got 'nothing.skseg'."),
        (["model.skseg", "photos", "--color-space", "lab"], "--color-space goes with --palette; a MODEL has a color"),
        (["model.skseg", "photos", "--color-space", "none"], "--color-space goes with --palette; a MODEL has a color"),
        (
            ["--palette", "#404040,#808080", "--color-space", "direction", "photos"],
            "--palette has different colors that --color-space direction does not tell apart.",
        ),
        (
            ["--palette", "red", "photos"],
            "'red' must be a palette file that exists, or colors such as '#ff0000,#00ff00'.",
        ),
    ],
)
def test_predict_says_what_it_needs(folder, arguments, message):
    outcome = skseg("predict", *arguments)
    assert outcome.exit_code == 2
    assert message in outcome.output


def test_a_model_from_one_picture_segments_another(folder):
    assert skseg("fit", "photos/coffee.png", "-k", 4, "-o", "model.skseg").exit_code == 0
    outcome = skseg("predict", "model.skseg", "photos/astronaut.png", "-o", "results", "--json")
    assert outcome.exit_code == 0
    expected = KMeansSegmenter(4, random_state=0).fit(COFFEE).predict(ASTRONAUT)
    assert np.array_equal(labels_in(folder / "results" / "astronaut-labels.png"), expected)
    (entry,) = json.loads(outcome.stdout)["images"]
    assert np.allclose(entry["shares"], np.bincount(expected.ravel(), minlength=4) / expected.size)


def test_a_model_file_that_is_none_is_an_error_in_one_line(folder):
    outcome = skseg("predict", "photos/.notes.txt", "photos")
    assert outcome.exit_code == 1
    assert outcome.output.startswith("Error: 'photos/.notes.txt' is not a model file")
    assert outcome.output.count("\n") == 1


# Choose K, palettes


def test_the_chosen_k_is_the_one_of_cross_validation(folder):
    command = ["choose-k", "photos/coffee.png", "--to", 5, "--n-init", 2]
    outcome = skseg(*command, "--json", "--plot", "curve.png")
    assert outcome.exit_code == 0
    about = json.loads(outcome.stdout)
    segmenters = [KMeansSegmenter(k, n_init=2, random_state=0) for k in range(2, 6)]
    scores = [cross_val_score(segmenter, COFFEE, cv=TileKFold()).mean() for segmenter in segmenters]
    assert np.allclose([candidate["score"] for candidate in about["candidates"]], scores)
    assert about["chosen"] == 2 + np.argmax(scores)
    assert labels_in("curve.png").std() > 0
    table = skseg(*command).stdout
    assert re.search(rf"^ +{about['chosen']} .*chosen$", table, re.MULTILINE)
    near = [candidate["n_clusters"] for candidate in about["candidates"] if candidate["near_best"]]
    assert sorted([about["chosen"], *about["runners_up"]]) == near
    assert re.findall(r"^ +(\d+) .*nearly as good$", table, re.MULTILINE) == list(map(str, about["runners_up"]))
    assert table.splitlines()[-1].startswith(f"K = {about['chosen']}")


def test_k_is_chosen_on_several_pictures_too(folder):
    outcome = skseg("choose-k", "photos", "--to", 4, "--criterion", "simplified_silhouette", "--json")
    assert outcome.exit_code == 0
    assert [candidate["n_clusters"] for candidate in json.loads(outcome.stdout)["candidates"]] == [2, 3, 4]


@pytest.mark.parametrize("command", ["choose-k", "explore"])
def test_a_picture_that_is_masked_altogether_has_no_part_in_the_choice_of_k(folder, command):
    Image.fromarray(np.zeros((40, 60, 4), dtype=np.uint8)).save("photos/empty.png")
    outcome = skseg(command, "photos", "--to", 3)
    assert outcome.exit_code == 1
    assert outcome.stderr == "Error: photos/empty.png: All its pixels are masked.\n"
    (folder / "photos" / "empty.png").unlink()
    assert outcome.stdout == skseg(command, "photos", "--to", 3, *["--overwrite"] * (command == "explore")).stdout


@pytest.mark.parametrize("command", ["segment", "fit", "palette", "choose-k", "explore"])
def test_pictures_that_are_all_masked_are_named(folder, command):
    Image.fromarray(np.zeros((40, 60, 4), dtype=np.uint8)).save("empty.png")
    outcome = skseg(command, "empty.png")
    assert outcome.exit_code == 1
    assert outcome.output == "Error: empty.png: All its pixels are masked.\n"


def test_a_range_of_k_that_is_none_is_a_usage_error(folder):
    assert skseg("choose-k", "photos", "--from", 5, "--to", 3).exit_code == 2


def test_a_palette_comes_in_the_formats_of_other_programs(folder):
    centers = KMeansSegmenter(3, random_state=0).fit(COFFEE).cluster_centers_
    codes = ["#" + bytes(center.round().astype(np.uint8)).hex() for center in centers]

    def printed(style):
        return skseg("palette", "photos/coffee.png", "-k", 3, "--format", style).stdout

    assert printed("hex").split() == codes
    assert json.loads(printed("json")) == codes
    assert printed("css").split("\n")[1:4] == [f"  --color-{label}: {code};" for label, code in enumerate(codes)]
    gimp = printed("gpl").strip().split("\n")
    assert gimp[0] == "GIMP Palette"
    assert [list(map(int, line.split()[:3])) for line in gimp[3:]] == centers.round().astype(int).tolist()
    assert [line.split()[0] for line in printed("table").strip().split("\n")[1:]] == codes


@pytest.mark.parametrize("style", ["hex", "json", "gpl", "css"])
def test_a_palette_has_one_format(folder, style):
    outcome = skseg("palette", "photos/coffee.png", "--format", style, "--json")
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert f"--json and --format {style} are two formats; give one of them." in outcome.stderr
    assert skseg("palette", "photos/coffee.png", "-k", 2, "--format", "table", "--json").exit_code == 0


def test_only_a_palette_lists_very_many_clusters(folder):
    options = ["-k", 100, "--n-init", 1]
    listed = skseg("segment", "photos/coffee.png", *options).stdout
    assert listed.count("#") == 64
    assert "… and 36 more" in listed
    assert skseg("palette", "photos/coffee.png", *options).stdout.count("#") == 100


def test_a_progress_bar_is_shown_in_a_terminal(folder, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("skseg.cli.messages.PATIENCE", 0)
    outcome = skseg("segment", "photos", "-k", 2)
    assert outcome.exit_code == 0
    assert "Reading" in outcome.stderr


def test_what_is_done_soon_shows_no_progress_bar(folder, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("skseg.cli.messages.PATIENCE", 600)
    assert skseg("segment", "photos", "-k", 2).stderr == ""


def test_a_progress_bar_tells_how_many_are_done_in_a_second(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("skseg.cli.messages.PATIENCE", 0)
    with progress_bar("Working", 4) as advance:
        for _ in range(3):
            advance(1)
            time.sleep(0.2)
    shown = capsys.readouterr().err
    assert "3/4" in shown
    assert "it/s" in shown


OTHER_RANGE = "Warning: bytes.tif: The largest number in the pixels is 255, but 1 in earlier images."
NOT_FINITE = "Error: bad.tif: Pixels contain NaN or infinity. Give them the nodata value, or a --mask."


@pytest.mark.parametrize(
    ("command", "names", "message"),
    [
        (["palette", "-k", 3], ["bad", "unit", "bytes"], OTHER_RANGE),
        (["palette", "-k", 3], ["unit", "bytes", "bad"], OTHER_RANGE),
        (["explore", "--to", 3], ["unit", "bytes"], OTHER_RANGE),
        (["choose-k", "--to", 3], ["unit", "unit1", "unit2", "bytes", "unit3", "unit4", "unit5"], OTHER_RANGE),
        (["choose-k", "--to", 3], ["huge"], "Error: huge.tif: Pixels must stay within"),
        (["fit"], ["bytes"], "Error: bytes.tif: color_space='lab' needs sRGB from 0 to 1, or uint8, or uint16; got "),
        (["segment", "--each"], ["empty"], "Error: empty.tif: All pixels are masked"),
        (["segment"], ["unit", "bad"], NOT_FINITE),
        (["regions"], ["bad"], NOT_FINITE),
        (["predict", "photos.skseg"], ["bytes"], "Error: bytes.tif: Pixels are float64, but fit has seen uint8"),
        (["segment", "--max-megapixels", 1e-4], ["unit"], "at once. If that is right, give a larger --max-megapixels."),
        (["segment", "--init", "#000000,#ffffff", "-k", 2], ["bytes"], "number in init is 1, but 255 in the pixels."),
    ],
)
def test_messages_name_the_images_and_no_variables(folder, command, names, message):
    if command[0] == "predict":
        assert skseg("fit", "photos", "-o", command[1]).exit_code == 0
    unit = np.linspace(0, 1, 12 * 9 * 3).reshape(12, 9, 3)
    bad, empty = unit.copy(), np.full(unit.shape, np.nan)
    bad[3, 4] = np.inf
    files = {"bytes": 255 * unit, "huge": 1e300 * unit, "bad": bad, "empty": empty}
    for name in names:
        tifffile.imwrite(f"{name}.tif", files.get(name, unit), photometric="rgb")
    options = ["--color-space", "lab"] * (command == ["fit"])
    outcome = skseg(*command, *(f"{name}.tif" for name in names), *options)
    assert message in outcome.stderr
    assert not re.search(r"\bX\b|masked_invalid|MAX_IMAGE_PIXELS", outcome.output)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize(("command", "n_good"), [("fit", 0), ("choose-k", 1)])  # readings before it is counted
def test_an_image_that_is_spoiled_when_it_is_counted_is_named(*, folder, command, n_good, n_jobs, monkeypatch, lower):
    lower(command_bytes=0)
    read, n_read = io.ImageFile.__array__, []

    def spoil(file, *arguments):
        n_read.append(file.path)
        is_spoiled = "coffee" in file.path and n_read.count(file.path) > n_good
        return read(file, *arguments) * (np.nan if is_spoiled else 1.0)

    monkeypatch.setattr(io.ImageFile, "__array__", spoil)
    outcome = skseg(command, "photos", "--n-jobs", n_jobs)
    assert outcome.exit_code == 1
    assert outcome.stderr == NOT_FINITE.replace("bad.tif", str(Path("photos", "coffee.png"))) + "\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["segment", "{}/x.png"],
        ["palette", "photos", "{}/x.png"],
        ["palette", "{}/*.png"],
        ["predict", "{}/m.skseg", "photos/coffee.png"],
        ["fit", "photos", "-o", "{}/m.skseg"],
        ["explore", "photos", "-o", "{}/page.html"],
        ["choose-k", "photos", "--plot", "{}/curve.png"],
        ["segment", "photos", "--table", "{}/table.csv"],
        ["regions", "photos", "--polygons", "{}/polygons.json"],
        ["segment", "photos", "-o", "{}/x"],
    ],
)
@pytest.mark.parametrize("name", [300 * "n", "circle", "photos/coffee.png"])
def test_a_path_that_cannot_be_is_an_error_in_one_line(folder, arguments, name):
    (folder / "circle").symlink_to("other")
    (folder / "other").symlink_to("circle")
    before = sorted(folder.rglob("*"))
    outcome = skseg(*(argument.format(name) for argument in arguments))
    assert outcome.exit_code in (1, 2)
    assert isinstance(outcome.exception, SystemExit)
    assert outcome.output.splitlines()[-1].startswith("Error: ")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("options", [["fit", "-o"], ["explore", "--to", "3", "-o"], ["segment", "--table"]])
def test_a_link_in_a_circle_is_replaced_by_the_result(folder, options):
    (folder / "circle.json").symlink_to("other.json")
    (folder / "other.json").symlink_to("circle.json")
    assert skseg(options[0], "photos", *options[1:], "circle.json").exit_code == 0
    assert (folder / "circle.json").stat().st_size > 0


def test_a_mask_of_several_pages_is_an_error_in_one_line(folder):
    Image.fromarray(COFFEE).save("mask.tif", save_all=True, append_images=[Image.fromarray(COFFEE)])
    outcome = skseg("segment", "photos", "--mask", "mask.tif")
    assert outcome.exit_code == 1
    assert outcome.output == "Error: --mask must be a file with one image; mask.tif has 2 pages.\n"


def test_an_unreadable_mask_is_an_error_in_one_line(folder):
    outcome = skseg("segment", "photos", "--mask", "photos/.notes.txt")
    assert outcome.exit_code == 1
    assert outcome.output.startswith("Error: Cannot read 'photos/.notes.txt' as an image")


def test_a_plot_without_matplotlib_says_what_is_missing(folder, monkeypatch):
    for name in ("matplotlib", "matplotlib.backend_bases"):
        monkeypatch.setitem(sys.modules, name, None)
    outcome = skseg("choose-k", "photos/coffee.png", "--plot", "curve.png")
    assert outcome.exit_code == 1
    assert "--plot needs matplotlib" in outcome.output


@pytest.mark.parametrize("command", ["segment", "fit", "choose-k", "palette", "explore"])
def test_every_command_fails_with_a_reason_if_no_picture_can_be_read(folder, command):
    (folder / "bad.png").write_text("no picture")
    outcome = skseg(command, "bad.png")
    assert outcome.exit_code == 1
    assert "Error: Cannot read 'bad.png' as an image" in outcome.stderr
    assert not {path.suffix for path in folder.iterdir()} & {".skseg", ".html"}


# Nothing is lost


def test_what_is_there_is_kept_unless_it_is_to_be_overwritten(folder):
    assert skseg("segment", "photos", "-k", 2).exit_code == 0
    before = contents(folder / "skseg-output")
    outcome = skseg("segment", "photos", "-k", 3)
    assert outcome.exit_code == 2
    assert "and 3 more; give --overwrite" in outcome.output
    assert contents(folder / "skseg-output") == before
    assert skseg("segment", "photos", "-k", 3, "--overwrite").exit_code == 0
    assert contents(folder / "skseg-output").keys() == before.keys()
    assert contents(folder / "skseg-output") != before


@pytest.mark.parametrize("command", [["fit", "-o"], ["explore", "-o"], ["choose-k", "--plot"]])
def test_single_files_are_kept_too(folder, command):
    (folder / "precious").write_text("precious")
    outcome = skseg(command[0], "photos/coffee.png", command[1], "precious")
    assert outcome.exit_code == 2
    assert "precious exists; give --overwrite" in outcome.output
    assert (folder / "precious").read_text() == "precious"


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_a_run_that_is_resumed_does_only_what_is_missing(folder, each):
    assert skseg("segment", "photos", "-k", 2, *each).exit_code == 0
    before = contents(folder / "skseg-output")
    (folder / "skseg-output" / "coffee-labels.png").unlink()
    done = (folder / "skseg-output" / "astronaut-labels.png").stat().st_mtime_ns
    outcome = skseg("segment", "photos", "-k", 2, "--resume", *each)
    assert outcome.exit_code == 0
    assert "astronaut.png: is done" in outcome.stdout
    assert contents(folder / "skseg-output") == before
    assert (folder / "skseg-output" / "astronaut-labels.png").stat().st_mtime_ns == done


@pytest.mark.parametrize("each", [[], ["--each"]])
def test_a_run_is_resumed_by_another_number_of_jobs(folder, each):
    assert skseg("segment", "photos", "-k", 2, *each).exit_code == 0
    outcome = skseg("segment", "photos", "-k", 2, *each, "--resume", "--n-jobs", 2)
    assert outcome.exit_code == 0
    assert outcome.stdout.count("is done") == 2


@pytest.mark.parametrize("options", [["-k", "3"], ["-k", "2", "--color-space", "lab"]])
def test_what_was_made_with_other_options_is_not_taken_for_done(folder, options):
    assert skseg("segment", "photos", "-k", 2).exit_code == 0
    before = contents(folder / "skseg-output")
    outcome = skseg("segment", "photos", "--resume", *options)
    assert outcome.exit_code == 1
    assert outcome.stderr.count("was made from another image or with other options") == 2
    assert contents(folder / "skseg-output") == before


def test_a_file_of_somebody_else_is_not_taken_for_done(folder):
    (folder / "skseg-output").mkdir()
    (folder / "skseg-output" / "coffee-labels.png").write_text("mine")
    assert skseg("segment", "photos", "--resume").exit_code == 1
    assert (folder / "skseg-output" / "coffee-labels.png").read_text() == "mine"
    assert (folder / "skseg-output" / "astronaut-labels.png").exists()


@pytest.mark.parametrize(  # a file name has at most 255 characters
    ("command", "option", "length"),
    [("segment", "--overwrite", 242), ("segment", "--resume", 251), ("regions", "--resume", 242)],
)
def test_a_result_whose_name_would_be_too_long_stops_no_other(folder, command, option, length):
    long = f"{length * 'n'}.png"
    Image.fromarray(COFFEE).save(long)
    (folder / "skseg-output").mkdir()
    for arguments in ([long, "photos"], ["photos", long, option]):
        outcome = skseg(command, *arguments)
        assert outcome.exit_code == 1
        assert outcome.stderr.startswith(f"Error: {long}: ")
        assert outcome.stderr.count("\n") == 1
        assert {name.split("-")[0] for name in contents(folder / "skseg-output")} == {"coffee", "astronaut"}


def test_a_full_disk_is_reported_and_leaves_no_half_written_file(folder, monkeypatch):
    write, n_written = Image.Image.save, []

    def fill_disk(image, file, **options):
        n_written.append(file)
        write(image, file, **options)
        if len(n_written) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fill_disk)
    outcome = skseg("segment", "photos", "-k", 2)
    assert outcome.exit_code == 1
    assert "No space left on device" in outcome.stderr
    assert sorted(contents(folder / "skseg-output")) == ["astronaut-labels.png", "astronaut-segmented.png"]


@contextmanager
def full_disk(n_bytes):
    """A disk that is full for the part of a file after its first bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


CUT_OFF = [
    *((["segment", "photos", "--output", output], f"out/coffee-{name}") for output, name in RESULTS.items()),
    *((["segment", "map.tif", "--output", output], f"out/map-{name}") for output, name in MAPS.items()),
    (["regions", "photos", "--output", "label"], f"out/coffee-{RESULTS['label']}"),
    (["segment", "photos", "--table"], "all.csv"),
    (["regions", "photos", "--polygons"], "all.json"),
    (["fit", "photos", "-o"], "all.skseg"),
    *((["choose-k", "photos", "--to", "2", "--plot"], f"all.{suffix}") for suffix in ("png", "pdf")),
    (["explore", "photos", "--to", "2", "-o"], "all.html"),
]


@pytest.mark.parametrize(
    ("arguments", "name", "n_bytes", "is_there"),
    [
        *((*case, 100 * (number % 2), number % 2 == 1) for number, case in enumerate(CUT_OFF)),
        *((["regions", "photos", "--polygons"], "all.json", n_bytes, True) for n_bytes in (0, 200)),
    ],
)
def test_a_file_that_a_full_disk_cuts_off_is_named_and_is_as_before(folder, arguments, name, n_bytes, is_there):
    place = (34264, "d", 16, tuple(map(float, range(16))), True)
    tifffile.imwrite("map.tif", COFFEE, photometric="rgb", extratags=[place])
    if name.startswith("out"):
        arguments = [*arguments, "-o", "out"]
        (folder / "out").mkdir()
    elif arguments[0] in ("segment", "regions"):  # after the results of each image
        skseg(arguments[0], "photos", "-o", "out")
        arguments = [*arguments, name, "-o", "out", "--resume"]
    else:
        arguments = [*arguments, name]
    if is_there:
        (folder / name).write_text("old")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with full_disk(n_bytes):
        outcome = skseg(*arguments, *["--overwrite"] * is_there)
    assert outcome.exit_code == 1
    assert f": {name!r}" in outcome.stderr
    assert "Errno" in outcome.stderr.splitlines()[-1]
    assert outcome.stderr.count("\n") == outcome.stderr.count("Error: ")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("n_clusters", "side", "name"), [(100, 60, "map-labels.tif.aux.xml"), (2, 240, "map-labels.tif")]
)
def test_a_full_disk_leaves_no_label_map_without_its_names(folder, n_clusters, side, name):
    place = (34264, "d", 16, tuple(map(float, range(16))), True)
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    tifffile.imwrite("map.tif", noise, photometric="rgb", extratags=[place])
    with full_disk(6000):
        outcome = skseg("segment", "map.tif", "-k", n_clusters, "--n-init", 1, "--output", "label")
    assert outcome.stderr.endswith(f"File too large: 'skseg-output/{name}'\n")
    assert contents(folder / "skseg-output") == {}


def test_what_is_known_is_printed_although_a_file_cannot_be_written(folder):
    (folder / "photos" / "bad.png").write_text("no picture")
    expected = skseg("segment", "photos", "-k", 3, "-o", "out", "--json")
    with full_disk(0):
        outcome = skseg("segment", "photos", "-k", 3, "-o", "out", "--resume", "--table", "t.csv", "--json")
        curve = skseg("choose-k", "photos", "--to", 3, "--plot", "p.png", "--json")
    assert json.loads(outcome.stdout)["clusters"] == json.loads(expected.stdout)["clusters"]
    assert [failure["image"] for failure in json.loads(outcome.stdout)["failed"]] == ["photos/bad.png", "t.csv"]
    assert [candidate["n_clusters"] for candidate in json.loads(curve.stdout)["candidates"]] == [2, 3]
    assert [failure["image"] for failure in json.loads(curve.stdout)["failed"]] == ["photos/bad.png", "p.png"]


def test_an_interrupted_run_says_what_is_left(folder, monkeypatch):
    write, n_written = io.save_labels, []

    def interrupt(*args, **options):
        n_written.append(args)
        if len(n_written) == 2:
            raise KeyboardInterrupt
        write(*args, **options)

    with monkeypatch.context() as until_interrupted:
        until_interrupted.setattr(io, "save_labels", interrupt)
        outcome = skseg("segment", "photos", "-k", 2)
    assert outcome.exit_code == 1
    assert "astronaut.png: 43 × 43 pixels" in outcome.stdout
    assert "coffee.png: interrupted; --resume goes on from here" in outcome.stderr
    outcome = skseg("segment", "photos", "-k", 2, "--resume")
    assert outcome.exit_code == 0
    assert len(contents(folder / "skseg-output")) == 4


SLOWLY = """if True:
    import signal, time
    from skseg import io
    from skseg.__main__ import main
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background ignores
    write = io.save_labels
    def write_and_wait(*args, **options):
        write(*args, **options)
        time.sleep(0.3)
    io.save_labels = write_and_wait
    main()
"""


def test_a_killed_run_leaves_whole_files_and_can_be_resumed(folder):
    rows = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    for number in range(5):
        Image.fromarray(np.roll(rows, number)).save(folder / "photos" / f"noise{number}.bmp")
    arguments = ["predict", "--palette", "#102030,#ffeedd", "photos/*.bmp"]
    process = subprocess.Popen([sys.executable, "-c", SLOWLY, *arguments], stdout=subprocess.DEVNULL)
    results = folder / "skseg-output"
    while process.poll() is None and len(list(results.glob("noise*.png"))) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in results.glob("noise*.png"):
        assert labels_in(path).shape[:2] == (200, 200)
    assert skseg(*arguments, "--resume").stdout.count("is done") >= 1
    assert len(list(results.glob("noise*.png"))) == 10


# Several images at a time

IN_PARALLEL = [
    ["segment", "-k", "3"],
    ["segment", "-k", "3", "--each"],
    ["predict", "model.skseg"],
    ["predict", "--palette", "#102030,#ffeedd"],
    ["regions"],
]


@pytest.mark.parametrize("arguments", IN_PARALLEL)
def test_images_are_segmented_in_parallel(folder, monkeypatch, arguments):
    skseg("fit", "photos", "-k", 3)
    both = Barrier(2)

    def together(kind):
        def open_outcome(*args, **options):
            both.wait(timeout=60)  # an image alone would wait in vain
            return kind(*args, **options)

        return open_outcome

    for name in ("Classes", "Regions"):
        monkeypatch.setattr(steps, name, together(getattr(steps, name)))
    outcome = skseg(*arguments, "photos", "--n-jobs", 2)
    assert outcome.exit_code == 0, outcome.output
    assert len(contents(folder / "skseg-output")) == 4


@pytest.mark.parametrize("arguments", IN_PARALLEL)
def test_nothing_depends_on_the_number_of_jobs(folder, arguments):
    skseg("fit", "photos", "-k", 3)
    for number in range(3):
        Image.fromarray(np.tile(np.roll(COFFEE, number)[:20], (3 - number, 1, 1))).save(f"photos/c{number}.png")
    for name in ("b", "d"):
        (folder / "photos" / f"{name}.png").write_bytes((folder / "photos" / "coffee.png").read_bytes()[:2000])
    runs = []
    for n_jobs in (1, 3):
        options = ["--table", "all.csv", "--polygons", "all.json", "--n-jobs", n_jobs, "--overwrite"]
        outcome = skseg(*arguments, "photos", *options)
        assert outcome.exit_code == 1
        files = contents(folder / "skseg-output") | {name: Path(name).read_bytes() for name in ("all.csv", "all.json")}
        runs.append((re.sub(r"[\d.]+ s\n$", "", outcome.stdout), outcome.stderr, files))
    assert len(runs[0][2]) == 12
    assert [line.split("'")[1] for line in runs[0][1].splitlines()] == [str(Path("photos", f"{n}.png")) for n in "bd"]
    assert runs[1] == runs[0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_warnings_name_the_image_that_is_segmented(folder, n_jobs):
    for name, factor in {"a": 1, "b": 0.5, "c": 1 / 255}.items():
        tifffile.imwrite(f"{name}.tif", (COFFEE * factor).astype(np.float32), photometric="rgb")
    command = ["predict", "--palette", "#102030,#ffeedd", "a.tif", "b.tif", "c.tif", "--table", "t.csv"]
    outcome = skseg(*command, "--n-jobs", n_jobs)
    assert outcome.exit_code == 0
    said = sorted(outcome.stderr.splitlines())
    assert [line.split(": The largest number ")[0] for line in said] == ["Warning: a.tif", "Warning: b.tif"]


def test_an_interruption_waits_for_the_images_that_are_being_written(folder):
    skseg("fit", "photos", "-k", 3)
    rows = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    for number in range(12):
        Image.fromarray(np.roll(rows, number)).save(folder / "photos" / f"noise{number}.bmp")
    arguments = ["predict", "model.skseg", "photos/*.bmp", "--n-jobs", "2"]
    command = [sys.executable, "-c", SLOWLY, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    results = folder / "skseg-output"
    while process.poll() is None and not list(results.glob("noise*.png")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 1
    assert "noise9.bmp: interrupted; --resume goes on from here" in said
    assert not list(results.glob(".*"))
    outcome = skseg(*arguments, "--resume")
    assert outcome.exit_code == 0
    assert "is done" in outcome.stdout
    assert len(list(results.glob("noise*.png"))) == 24


# Help


def test_every_command_has_help_with_an_example():
    assert "Exit codes" in skseg("--help").output
    for command in app.commands:
        assert f"\n    skseg {command} " in skseg(command, "--help").output


@pytest.fixture
def page():
    """The page of the documentation on the command."""
    return (Path(__file__).parent.parent / "docs" / "command_line.md").read_text(encoding="utf-8")


def test_the_page_of_the_command_shows_what_json_prints(folder, page):
    Image.fromarray(load_sample_image("china.jpg")).save(folder / "photo.png")
    (folder / "broken.jpg").write_text("no picture")
    (shown,) = re.findall("```json\n(.*?)```", page, re.DOTALL)
    printed = skseg("segment", "photo.png", "broken.jpg", "-k", 2, "--json").stdout.replace("photo.png", "photo.jpg")
    assert json.loads(printed, parse_float=two_digits) == json.loads(shown, parse_float=two_digits)


def two_digits(number):
    return round(float(number), 2)


def test_the_page_of_the_command_names_every_command_and_option(page):
    for name, command in app.commands.items():
        assert f"## `skseg {name}" in page
        for parameter in command.params:
            assert all(option in page for option in parameter.opts if option.startswith("--"))


def test_a_fingerprint_sees_every_number_of_a_long_array():
    palette = np.zeros((400, 3))
    other = palette.copy()
    other[200, 1] = 1e-9
    assert digest({"init": palette}) == digest({"init": palette.copy()})
    assert digest({"init": palette}) != digest({"init": other})
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    with pytest.raises(AttributeError, match="'function' object"):
        digest(digest)


@pytest.mark.parametrize(
    ("message", "sources", "line"),
    [
        ("X is a file.\n  It is X.", ["a.png"], "a.png: X is a file. It is X."),
        ("Cannot read 'a.png': it is cut off", ["a.png"], "Cannot read 'a.png': it is cut off"),
        ("There is no space left.", ["a.png", "b.png"], "There is no space left."),
        ("", [], "ValueError"),
    ],
)
def test_a_message_is_one_line_that_names_the_source_it_is_about(message, sources, line):
    assert as_line(ValueError(message), sources) == line


def test_a_pipe_is_said_to_be_one(folder):
    if not hasattr(os, "mkfifo"):
        pytest.skip("the system has no pipes with names")
    os.mkfifo("photo.jpg")
    outcome = skseg("segment", "photo.jpg", "photos")
    assert outcome.exit_code == 1
    assert outcome.stderr == "Error: 'photo.jpg' is a directory, a device or a pipe; save the image to a file.\n"
    assert "coffee-labels.png" in contents(folder / "skseg-output")


@pytest.mark.parametrize(
    "arguments",
    [
        *(["segment", "photos", option] for option in ("-o", "--table", "--polygons")),
        *([command, "photos", "-o"] for command in ("fit", "explore", "regions")),
        ["choose-k", "photos", "--plot"],
    ],
)
def test_the_name_of_a_result_is_not_empty(folder, arguments):
    outcome = skseg(*arguments, "")
    assert outcome.exit_code == 2
    assert "The name is empty." in outcome.stderr
    assert [path.name for path in folder.iterdir()] == ["photos"]
