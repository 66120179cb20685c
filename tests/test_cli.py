"""The command: pictures of every kind in, painted pictures and indexed label maps out, errors in one line."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from skimage.data import coffee
from tifffile import imread, imwrite

import skseg
from skseg import KMeansSegmenter, __version__, io
from skseg.__main__ import main
from skseg.cli import app

PICTURE = coffee()[::10, ::10]
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def run(tmp_path):
    """The command with its results in a directory of its own."""

    def invoke(*arguments):
        options = ["--output-dir", tmp_path / "results"]
        return CliRunner().invoke(app, ["segment", *map(str, [*arguments, *options])])

    return invoke


@pytest.fixture
def save(tmp_path):
    """Write an array as a picture and give its path."""

    def write(array, name="picture.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.asarray(array)).save(path)
        return path

    return write


@pytest.fixture
def result(tmp_path):
    """Open a result as it is stored: the pixels of a label map are palette indices."""

    def read(name):
        with Image.open(tmp_path / "results" / name) as image:
            image.load()
            return image

    return read


def assert_one_clear_line(outcome, *parts):
    """The command failed with one line that holds all `parts`."""
    assert outcome.exit_code == 1
    assert outcome.output.startswith("Error: ")
    assert outcome.output.count("\n") == 1
    assert all(str(part) in outcome.output for part in parts)


def distinct(array):
    return np.unique(np.asarray(array).reshape(-1, np.shape(array)[-1]), axis=0).tolist()


def palette_of(image, n_colors):
    return np.reshape(image.getpalette()[: 3 * n_colors], (n_colors, 3))


# Results


def test_the_picture_that_ships_is_segmented_without_an_argument(run, result):
    outcome = run()
    assert outcome.exit_code == 0
    assert "No IMAGE given: segmenting a photo of a coffee cup" in outcome.output
    assert result("coffee-segmented.png").size == result("coffee-labels.png").size == (600, 400)
    assert len(np.unique(result("coffee-labels.png"))) == 8


def test_results_go_to_a_directory_of_their_own_by_default(save, tmp_path, monkeypatch):
    path = save(PICTURE)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["segment", str(path)]).exit_code == 0
    written = {path.name for path in (tmp_path / "skseg-output").iterdir()}
    assert written == {"picture-segmented.png", "picture-labels.png"}


@pytest.mark.parametrize("color_space", ["hsv", "lab"])
def test_results_are_those_of_the_library(run, save, result, color_space):
    assert run(save(PICTURE), "-k", 5, "--color-space", color_space).exit_code == 0
    segmenter = KMeansSegmenter(5, color_space=color_space, random_state=0)
    labels = segmenter.fit_predict(PICTURE)
    assert np.array_equal(result("picture-labels.png"), labels)
    assert np.array_equal(result("picture-segmented.png"), segmenter.transform(PICTURE))


def test_the_label_map_shows_the_cluster_colors(run, save, result):
    run(save(PICTURE), "-k", 5)
    segmenter = KMeansSegmenter(5, color_space="hsv", random_state=0).fit(PICTURE)
    labels = result("picture-labels.png")
    assert labels.mode == "P"
    assert np.array_equal(palette_of(labels, 5), np.rint(segmenter.cluster_centers_))
    assert np.array_equal(labels.convert("RGB"), result("picture-segmented.png"))


def test_as_many_labels_as_an_octet_holds_fit_into_a_label_map(run, save, result):
    assert run(save(PICTURE), "-k", 255, "--n-init", 1).exit_code == 0
    labels = KMeansSegmenter(255, color_space="hsv", n_init=1, random_state=0).fit_predict(PICTURE)
    assert np.array_equal(result("picture-labels.png"), labels)


def test_every_color_is_listed_with_its_share_from_dark_to_light(run, save):
    picture = np.full((4, 4, 3), RED, dtype=np.uint8)
    picture[0] = BLUE
    outcome = run(save(picture), "-k", 2)
    assert re.findall(r"#[0-9a-f]{6} +[\d.]+%", outcome.output) == ["#0000ff  25.00%", "#ff0000  75.00%"]


def test_every_picture_is_listed_with_its_size(run, save):
    outcome = run(save(PICTURE, "wide.png"), save(PICTURE[:5], "low.png"))
    assert "wide.png: 60 × 40 pixels" in outcome.output
    assert "low.png: 60 × 5 pixels" in outcome.output


def test_pictures_share_one_set_of_clusters(run, save, result):
    run(save(PICTURE[:20], "top.png"), save(PICTURE[20:], "bottom.png"), "-k", 4)
    expected = KMeansSegmenter(4, color_space="hsv", random_state=0).fit_predict(PICTURE)
    assert np.array_equal(result("top-labels.png"), expected[:20])
    assert np.array_equal(result("bottom-labels.png"), expected[20:])


def test_pictures_of_the_same_name_do_not_overwrite_each_other(run, save, result):
    red = save(np.full((3, 3, 3), RED, dtype=np.uint8), "first/same.png")
    blue = save(np.full((3, 3, 3), BLUE, dtype=np.uint8), "second/same.png")
    assert run(red, blue, "-k", 2).exit_code == 0
    assert distinct(result("same-segmented.png")) == [[*RED]]
    assert distinct(result("same-2-segmented.png")) == [[*BLUE]]


def test_a_number_that_tells_names_apart_is_not_taken_twice(run, save, tmp_path):
    paths = [save(PICTURE, name) for name in ("same-2.png", "same.png", "other/same.png")]
    assert run(*paths, "-k", 2).exit_code == 0
    written = {path.name.removesuffix("-labels.png") for path in (tmp_path / "results").glob("*-labels.png")}
    assert written == {"same-2", "same", "same-3"}


def test_a_picture_of_fewer_colors_than_clusters_is_segmented(run, save, result):
    outcome = run(save(np.full((3, 3, 3), RED, dtype=np.uint8)), "-k", 3)
    assert outcome.exit_code == 0
    assert "K = 1 (of 3: there are no more colors)" in outcome.output
    assert not np.any(result("picture-labels.png"))


# Kinds of pictures


def test_a_picture_lies_as_its_camera_was_held(run, tmp_path, result):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    Image.fromarray(PICTURE).save(tmp_path / "phone.jpg", exif=exif)
    assert run(tmp_path / "phone.jpg").exit_code == 0
    assert result("phone-labels.png").size == PICTURE.shape[:2]


def test_a_gray_picture_is_painted_in_grays(run, save, result):
    gray = np.repeat(np.array([[0, 10, 200, 210]], dtype=np.uint8), 5, axis=0)
    assert run(save(gray), "-k", 2).exit_code == 0
    assert distinct(result("picture-segmented.png")) == [[5] * 3, [205] * 3]
    assert np.array_equal(result("picture-labels.png"), gray > 100)


def test_a_black_and_white_picture_stays_black_and_white(run, save, result):
    checkers = np.indices((6, 6)).sum(axis=0) % 2 == 1
    assert run(save(checkers), "-k", 2).exit_code == 0
    assert np.array_equal(result("picture-segmented.png"), np.repeat(255 * checkers[..., np.newaxis], 3, axis=-1))
    assert np.array_equal(result("picture-labels.png"), checkers)


def test_a_16_bit_picture_is_painted_in_16_bits(run, save, tmp_path, result):
    gray = np.repeat(np.array([[0, 514, 51400, 51914]], dtype=np.uint16), 5, axis=0)
    assert run(save(gray), "-k", 2).exit_code == 0
    painted = imread(tmp_path / "results" / "picture-segmented.tif")
    assert painted.dtype == np.uint16
    assert distinct(painted) == [[257] * 3, [51657] * 3]
    assert np.array_equal(result("picture-labels.png"), gray > 1000)


def test_bands_are_segmented_as_they_are(run, tmp_path, result):
    bands = np.random.default_rng(0).random((20, 30, 6), dtype=np.float32)
    imwrite(tmp_path / "bands.tif", bands, planarconfig="contig", photometric="minisblack")
    assert run(tmp_path / "bands.tif", "-k", 3, "--output", "color", "--output", "distance").exit_code == 0
    segmenter = KMeansSegmenter(3, random_state=0).fit(bands)
    assert np.array_equal(imread(tmp_path / "results" / "bands-segmented.tif"), segmenter.transform(bands))
    distances = segmenter.set_params(output="distance").transform(bands)
    assert np.array_equal(imread(tmp_path / "results" / "bands-distances.tif"), distances)
    assert not (tmp_path / "results" / "bands-labels.png").exists()


def test_a_palette_picture_is_segmented_by_its_colors(run, save, result, tmp_path):
    indexed = Image.fromarray(np.indices((4, 4))[0].astype(np.uint8) // 2)
    indexed.putpalette([*RED, *BLUE])
    indexed.save(tmp_path / "indexed.png")
    assert run(tmp_path / "indexed.png", "-k", 2).exit_code == 0
    assert distinct(result("indexed-segmented.png")) == [[*BLUE], [*RED]]


def test_a_palette_picture_is_transparent_where_its_palette_is(run, result, tmp_path):
    indexed = Image.fromarray(np.indices((4, 4))[0].astype(np.uint8) // 2)
    indexed.putpalette([*RED, *BLUE])
    indexed.save(tmp_path / "indexed.png", transparency=0)
    assert run(tmp_path / "indexed.png", "-k", 1).exit_code == 0
    painted = np.asarray(result("indexed-segmented.png"))
    assert (painted[:2, :, 3] == 0).all()
    assert distinct(painted[2:]) == [[*BLUE, 255]]


def test_a_picture_in_printing_colors_is_segmented_as_rgb(run, result, tmp_path):
    path = tmp_path / "picture.jpg"
    Image.fromarray(PICTURE).convert("CMYK").save(path)
    assert run(path, "-k", 3).exit_code == 0
    with Image.open(path) as image:
        rgb = np.asarray(image.convert("RGB"))
    expected = KMeansSegmenter(3, color_space="hsv", random_state=0).fit_predict(rgb)
    assert np.array_equal(result("picture-labels.png"), expected)


@pytest.mark.parametrize("kind", ["RGBA", "LA"])
def test_transparent_pixels_take_no_part_and_stay_transparent(run, result, tmp_path, kind):
    picture = Image.fromarray(PICTURE).convert(kind)
    alpha = np.full(PICTURE.shape[:2], 255, dtype=np.uint8)
    alpha[:15] = 0
    picture.putalpha(Image.fromarray(alpha))
    picture.save(tmp_path / "picture.png")
    assert run(tmp_path / "picture.png", "-k", 5).exit_code == 0

    colors = np.asarray(picture.convert("RGB"))[15:]
    segmenter = KMeansSegmenter(5, color_space="hsv", random_state=0).fit(colors)
    painted = np.asarray(result("picture-segmented.png"))
    assert np.array_equal(painted[..., 3], alpha)
    assert np.array_equal(painted[15:, :, :3], segmenter.transform(colors))


@pytest.fixture
def half_transparent(save):
    """A picture whose upper half is transparent."""
    alpha = np.full(PICTURE.shape[:2], 255, dtype=np.uint8)
    alpha[:20] = 0
    return save(np.dstack([PICTURE, alpha]))


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 4, 15, 16, 255])
def test_a_label_map_is_transparent_where_its_picture_is_and_holds_one_number_more_there(
    run, half_transparent, result, n_clusters
):
    run(half_transparent, "-k", n_clusters, "--n-init", 1)
    label_map = result("picture-labels.png")
    expected = KMeansSegmenter(n_clusters, color_space="hsv", n_init=1, random_state=0).fit_predict(PICTURE[20:])
    labels = np.asarray(label_map)
    assert np.array_equal(labels[20:], expected)
    assert (labels[:20] == n_clusters).all()
    opacity = np.asarray(label_map.convert("RGBA"))[..., 3]
    assert (opacity[:20] == 0).all()
    assert (opacity[20:] == 255).all()


@pytest.mark.parametrize("height", [2, 3, 4, 5])
def test_a_gray_picture_with_alpha_keeps_its_size(run, result, tmp_path, height):
    Image.linear_gradient("L").resize((7, height)).convert("LA").save(tmp_path / "picture.png")
    run(tmp_path / "picture.png", "-k", 2)
    assert result("picture-labels.png").size == (7, height)


@pytest.mark.parametrize("height", [3, 4, 5])
def test_a_small_color_picture_keeps_its_size(run, save, result, height):
    run(save(PICTURE[:height]), "-k", 2)
    assert result("picture-labels.png").size == (60, height)


# Errors


@pytest.mark.parametrize("content", [b"This is no picture.", b""], ids=["text", "empty"])
def test_a_file_that_is_no_picture_is_refused_in_one_clear_line(run, tmp_path, content):
    path = tmp_path / "text.png"
    path.write_bytes(content)
    assert_one_clear_line(run(path), f"Cannot read {str(path)!r} as an image")


@pytest.mark.parametrize("length", [20, 60, 500])
def test_a_picture_cut_short_is_refused_in_one_clear_line(run, save, length):
    path = save(PICTURE)
    path.write_bytes(path.read_bytes()[:length])
    assert_one_clear_line(run(path), f"Cannot read {str(path)!r} as an image")


def test_every_frame_of_an_animation_is_a_picture(run, tmp_path, result):
    frames = [Image.fromarray(PICTURE).quantize(16), Image.fromarray(PICTURE[::-1]).quantize(16)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    outcome = run(tmp_path / "moving.gif", "-k", 3)
    assert outcome.exit_code == 0
    assert "moving.gif, page 2: 60 × 40 pixels" in outcome.output
    first, second = (np.asarray(result(f"moving-{number}-labels.png")) for number in (1, 2))
    assert np.mean(first == second[::-1]) > 0.99


def test_a_picture_of_another_kind_than_the_first_fails_and_the_others_are_done(run, save, tmp_path):
    deep = save((PICTURE[..., 0] * np.uint16(257)), "deep.png")
    outcome = run(save(PICTURE), deep)
    assert outcome.exit_code == 1
    assert "deep.png: It has 3 channels of uint16, but the first image has 3 channels of uint8" in outcome.stderr
    assert len(list((tmp_path / "results").iterdir())) == 2


def test_a_transparent_picture_is_refused_in_one_clear_line(run, save):
    assert_one_clear_line(run(save(np.zeros((4, 4, 4), dtype=np.uint8))), "All its pixels are masked")


def test_a_picture_of_numbers_beyond_one_is_refused_in_one_clear_line(run, save):
    path = save(PICTURE[..., 0].astype(np.float32), "picture.tif")
    assert_one_clear_line(run(path, "--color-space", "lab"), "0 to 1")


def test_results_that_cannot_be_written_are_an_error_in_one_clear_line(save, tmp_path):
    (tmp_path / "file").touch()
    inside_a_file = tmp_path / "file" / "results"
    outcome = CliRunner().invoke(app, ["segment", str(save(PICTURE)), "-o", str(inside_a_file)])
    assert_one_clear_line(outcome, inside_a_file)


def test_a_file_that_is_not_there_is_a_usage_error(run, tmp_path):
    outcome = run(tmp_path / "missing.png")
    assert outcome.exit_code == 2
    assert "does not exist" in outcome.output


@pytest.mark.parametrize("command", [["segment"], ["palette"], ["predict", "--palette", "#102030"]])
def test_an_empty_name_is_not_the_current_directory(save, command, monkeypatch):
    monkeypatch.chdir(save(PICTURE).parent)
    outcome = CliRunner().invoke(app, [*command, ""])
    assert outcome.exit_code == 2
    assert "name of a file or directory is empty" in outcome.output


def test_a_directory_or_a_pattern_without_pictures_is_a_usage_error(run, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    for argument in (tmp_path, tmp_path / "*.png"):
        outcome = run(argument)
        assert outcome.exit_code == 2
        assert "There is no image in" in outcome.output


@pytest.mark.parametrize("n_clusters", ["0", "-3", "65536", "many"])
def test_a_number_of_clusters_that_cannot_be_is_a_usage_error(run, save, n_clusters):
    outcome = run(save(PICTURE), "-k", n_clusters)
    assert outcome.exit_code == 2
    assert "Invalid value for '-k'" in outcome.output


def test_an_unknown_color_space_is_a_usage_error(run, save):
    outcome = run(save(PICTURE), "--color-space", "cmyk")
    assert outcome.exit_code == 2
    assert "Invalid value for '--color-space'" in outcome.output


def test_a_bad_picture_is_reported_at_the_end_and_the_others_are_done(run, save, tmp_path, result):
    text = tmp_path / "text.png"
    text.write_text("This is no picture.")
    outcome = run(save(PICTURE, "a.png"), text, save(PICTURE[:10], "b.png"))
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: Cannot read")
    assert "text.png" in outcome.stderr
    assert result("a-labels.png").size == (60, 40)
    assert result("b-labels.png").size == (60, 10)


# The command itself


def test_python_dash_m_shows_the_help(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["__main__.py", "--help"])
    monkeypatch.delitem(sys.modules, "skseg.__main__")
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("skseg", run_name="__main__")
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: skseg ")
    assert "segment" in shown


def test_a_full_disk_behind_the_output_is_told_in_one_line(monkeypatch):
    def fail(prog_name):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("skseg.cli.app", fail)
    monkeypatch.setattr("os.dup2", lambda *_: None)
    with pytest.raises(SystemExit, match=r"Error: .*No space left on device"):
        main()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_gives_no_traceback(save):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "skseg", "palette", str(save(PICTURE)), "-k", "2"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_says_what_is_written(option):
    outcome = CliRunner().invoke(app, ["segment", option])
    assert outcome.exit_code == 0
    assert "NAME-segmented.png" in outcome.output
    assert "NAME-labels.png" in outcome.output


def test_the_command_knows_its_version(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["skseg", "--version"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert capsys.readouterr().out == f"skseg, version {__version__}\n"


def forget(monkeypatch, *packages):
    """Let packages be imported anew."""
    monkeypatch.delattr(skseg, "cli", raising=False)
    for name in [name for name in sys.modules if any(f"{name}.".startswith(f"{package}.") for package in packages)]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_extra_the_command_says_how_to_get_it(monkeypatch, missing):
    forget(monkeypatch, "skseg.cli", missing)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(sys, "argv", ["skseg", "segment"])
    with pytest.raises(SystemExit, match=r'The command skseg needs click and rich: .* install "skseg\[cli\]"'):
        main()


def test_another_missing_module_is_not_blamed_on_the_extra(monkeypatch):
    forget(monkeypatch, "skseg.cli")
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setattr(sys, "argv", ["skseg", "segment"])
    with pytest.raises(ModuleNotFoundError, match="PIL"):
        main()


@pytest.mark.parametrize(("mode", "transparent"), [("RGB", (10, 20, 30)), ("L", 17)])
def test_a_color_that_stands_for_transparent_takes_no_part(run, tmp_path, result, mode, transparent):
    picture = Image.fromarray(PICTURE).convert(mode)
    picture.paste(transparent, (0, 0, 20, 20))
    picture.save(tmp_path / "picture.png", transparency=transparent)
    assert run(tmp_path / "picture.png", "-k", 3).exit_code == 0
    assert (np.asarray(result("picture-labels.png"))[:20, :20] == 3).all()


def test_an_input_is_never_overwritten(save, tmp_path):
    path = save(PICTURE)
    labels = tmp_path / "picture-labels.png"
    Image.fromarray(PICTURE).save(labels)
    before = labels.read_bytes()
    outcome = CliRunner().invoke(app, ["segment", str(path), str(labels), "-o", str(path.parent)])
    assert outcome.exit_code == 2
    assert "is an input and a result" in outcome.output
    assert labels.read_bytes() == before


@pytest.mark.parametrize("limit", [0.001, 0.002])
def test_a_picture_too_large_to_be_safe_is_refused(run, save, limit):
    before = Image.MAX_IMAGE_PIXELS
    assert_one_clear_line(run(save(PICTURE), "--max-megapixels", limit), "2400 pixels", "--max-megapixels")
    assert before == Image.MAX_IMAGE_PIXELS


def test_nothing_is_said_before_everything_is_written(save, tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise BrokenPipeError

    paths = [save(PICTURE, "first.png"), save(PICTURE, "second.png")]
    monkeypatch.setattr("click.echo", fail)
    CliRunner().invoke(app, ["segment", *map(str, paths), "-o", str(tmp_path / "results")])
    assert len(list((tmp_path / "results").iterdir())) == 4


# Targets are looked at before the work, and shares are those of the images at hand


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["choose-k", "{picture}", "--plot", "no/curve.png"], "The directory no does not exist"),
        (["choose-k", "{picture}", "--plot", "curve.xyz"], "--plot must end in one of .*png.*; got curve.xyz"),
        (["fit", "{picture}", "-o", "no/model.skseg"], "The directory no does not exist"),
        (["explore", "{picture}", "-o", "no/page.html"], "The directory no does not exist"),
    ],
)
def test_a_target_that_cannot_be_written_is_told_before_the_work(tmp_path, arguments, message):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    outcome = CliRunner().invoke(app, [argument.format(picture=tmp_path / "broken.png") for argument in arguments])
    assert outcome.exit_code == 2
    assert re.search(message, outcome.output)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_no_target(save, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    outcome = CliRunner().invoke(app, ["fit", str(save(PICTURE)), "-o", str(tmp_path / "pipe"), "--overwrite"])
    assert outcome.exit_code == 2
    assert "pipe is a device or a pipe; give the name of a file" in outcome.output


def test_a_directory_without_permission_is_told_before_the_work(save, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode, **_: mode != os.W_OK)
    outcome = CliRunner().invoke(app, ["fit", str(save(PICTURE)), "-o", "model.skseg"])
    assert outcome.exit_code == 2
    assert "cannot be written to" in outcome.output


@pytest.mark.parametrize("command", [[], *([name] for name in app.commands)])
def test_the_help_fits_a_terminal_of_80_columns(command):
    outcome = CliRunner().invoke(app, [*command, "--help"], terminal_width=80)
    assert outcome.exit_code == 0
    assert max(map(len, outcome.output.splitlines())) <= 80


def test_a_plot_that_was_written_is_named(save, tmp_path):
    outcome = CliRunner().invoke(app, ["choose-k", str(save(PICTURE)), "--to", "3", "--plot", str(tmp_path / "c.png")])
    assert outcome.output.splitlines()[-1] == f"{tmp_path / 'c.png'}: the curve"


def test_predict_tells_the_shares_of_the_pictures_that_it_labels(save, tmp_path):
    first, second = save(PICTURE, "first.png"), save(PICTURE[:20, :30], "second.png")
    model, results = str(tmp_path / "model.skseg"), str(tmp_path / "results")
    outcome = CliRunner().invoke(app, ["fit", str(first), "-k", "3", "-o", model])
    assert "model.skseg: 1 image\n" in outcome.output
    outcome = CliRunner().invoke(app, ["predict", model, str(second), str(first), "-o", results, "--json"])
    told = json.loads(outcome.output)
    labels = [io.load(model).predict(image).ravel() for image in (PICTURE[:20, :30], PICTURE)]
    expected = np.bincount(np.concatenate(labels)) / sum(map(len, labels))
    np.testing.assert_allclose([cluster["share"] for cluster in told["clusters"]], expected)
    outcome = CliRunner().invoke(app, ["predict", model, str(second), "-o", results, "--overwrite"])
    shares = np.bincount(labels[0], minlength=3) / len(labels[0])
    again = CliRunner().invoke(app, ["predict", model, str(second), "-o", results, "--resume", "--json"])
    assert [cluster["share"] for cluster in json.loads(again.output)["clusters"]] == [None] * 3
    again = CliRunner().invoke(app, ["predict", model, str(second), "-o", results, "--resume"])
    assert "%" not in again.output
    assert [line.split()[-1] for line in outcome.output.splitlines()[-3:]] == [f"{share:.2%}" for share in shares]


def test_fit_prints_its_clusters_as_json(save, tmp_path):
    path, model = str(save(PICTURE)), tmp_path / "model.skseg"
    outcome = CliRunner().invoke(app, ["fit", path, "-k", "3", "-o", str(model), "--json"])
    shares = [cluster["share"] for cluster in json.loads(outcome.output)["clusters"]]
    assert shares == io.load(model).cluster_sizes_.tolist()


@pytest.mark.parametrize(
    ("terminal", "n_swatches"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 2),
        ({"TERM": "xterm-256color", "COLORTERM": ""}, 0),
        ({"TERM": "xterm", "COLORTERM": ""}, 0),
    ],
    ids=["all colors", "256", "16"],
)
def test_colors_are_shown_only_where_the_terminal_has_them(save, tmp_path, terminal, n_swatches):
    path = str(save(np.repeat(np.uint8([[[86, 53, 45], [90, 56, 48]]]), 9, axis=0)))
    outcome = CliRunner(env={"FORCE_COLOR": "1", **terminal}).invoke(
        app, ["fit", path, "-k", "2", "-o", str(tmp_path / "model.skseg")]
    )
    lines = outcome.output.splitlines()[-2:]
    assert sum("\x1b[48;2;" in line for line in lines) == n_swatches
    assert all(code in line for code, line in zip(["#56352d", "#5a3830"], lines, strict=True))


@pytest.mark.parametrize(
    "arguments",
    [
        ["fit", "x.png", "-k", "2", "-o", "x.png"],
        ["explore", "x.png", "-o", "x.png"],
        ["choose-k", "x.png", "--plot", "x.png"],
        ["fit", "x.png", "--mask", "x-labels.png", "-o", "x-labels.png"],
        ["segment", "x.png", "--mask", "x-labels.png", "-o", "."],
        ["predict", "y-labels.png", "y.png", "-o", "."],
    ],
)
def test_no_file_that_is_read_is_replaced(save, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    for name in ("x.png", "x-labels.png", "y.png"):
        save(PICTURE, name)
    io.save(KMeansSegmenter(2, random_state=0).fit(PICTURE), "y-labels.png")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    outcome = CliRunner().invoke(app, [*arguments, "--overwrite"])
    assert outcome.exit_code == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("megapixels", ["inf", "nan", "-1", "0", "many"])
def test_an_absurd_limit_is_wrong_usage(save, megapixels):
    outcome = CliRunner().invoke(app, ["palette", str(save(PICTURE)), "--max-megapixels", megapixels])
    assert outcome.exit_code == 2
    assert len(outcome.output.splitlines()) < 5
