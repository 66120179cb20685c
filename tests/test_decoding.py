"""Files are decoded once for each call that needs their pixels, and the pages of a file in one go."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile
from skimage.data import coffee

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, WhiteBalancer, io

COFFEE = coffee()[::8, ::8]


@pytest.fixture
def decoded(monkeypatch):
    """The names of the files, once for each time that Pillow or tifffile decodes one."""
    names = []

    def count(kind, method, name_of):
        plain = getattr(kind, method)

        def counting(self, *args, **kwargs):
            if name := name_of(self):
                names.append(name)
            return plain(self, *args, **kwargs)

        monkeypatch.setattr(kind, method, counting)

    count(ImageFile.ImageFile, "load", lambda image: image.tile and Path(image.filename).name)
    count(tifffile.TiffPage, "decode", lambda page: page.parent.filehandle.name)
    return names


@pytest.fixture
def files(tmp_path):
    Image.fromarray(COFFEE).save(tmp_path / "a.png")
    Image.fromarray(COFFEE[:30]).save(tmp_path / "b.jpg")
    Image.fromarray(COFFEE[::-1]).save(tmp_path / "c.tif")
    return io.images(tmp_path)


NAMES = ["a.png", "b.jpg", "c.tif"]
MODELS = [
    KMeansSegmenter(3, random_state=0),
    RegionSegmenter(min_size=8),
    ColorConverter(),
    WhiteBalancer(),
]
METHODS = ["fit", "predict", "transform", "score", "partial_fit", "hierarchy"]
CALLS = [(model, method) for model in MODELS for method in METHODS if hasattr(model, method)]


@pytest.mark.parametrize(
    ("model", "method", "n_jobs"),
    [*((*call, None) for call in CALLS), (MODELS[0], "fit", 2), *((model, "transform", 2) for model in MODELS)],
    ids=lambda each: str(each) if isinstance(each, str | int | None) else type(each).__name__,
)
def test_a_call_decodes_each_file_once(files, decoded, model, method, n_jobs):
    if "n_jobs" in model.get_params():
        model.set_params(n_jobs=n_jobs)
    truth = [image[..., 0] // 128 for image in map(np.asarray, files)]
    model.fit(files)
    arguments = [truth] if method == "score" and isinstance(model, RegionSegmenter) else []
    decoded.clear()
    getattr(model, method)(files, *arguments)
    needs_one = method == "fit" and isinstance(model, RegionSegmenter | ColorConverter)
    assert sorted(decoded) == (NAMES[:1] if needs_one else NAMES)
    for file, name, *argument in zip(files, NAMES, *([each] for each in arguments), strict=False):
        decoded.clear()
        getattr(model, method)(file, *[part[0] if isinstance(part, list) else part for part in argument])
        assert decoded == [name]


@pytest.mark.parametrize(
    ("command", "command_bytes", "n_times"),
    [("segment", 1 << 29, 1), ("segment", 0, 2), ("fit", 1 << 29, 1), ("fit", 0, 1), ("palette", 0, 1)],
)
def test_the_command_decodes_files_once_for_counting_and_once_for_results(
    *, files, decoded, lower, tmp_path, command, command_bytes, n_times
):
    testing, cli = pytest.importorskip("click.testing"), pytest.importorskip("skseg.cli")
    lower(command_bytes=command_bytes)
    target = [] if command == "palette" else ["-o", str(tmp_path / "results")]
    outcome = testing.CliRunner().invoke(cli.app, [command, *(file.path for file in files), "-k", "3", *target])
    assert outcome.exit_code == 0, outcome.output
    assert sorted(decoded) == sorted(NAMES * n_times)


def test_the_command_finds_a_broken_file_that_was_not_read_before(files, lower, tmp_path):
    testing, cli = pytest.importorskip("click.testing"), pytest.importorskip("skseg.cli")
    lower(command_bytes=0)
    broken = Path(files[1].path)
    broken.write_bytes(broken.read_bytes()[:-200])
    paths = [file.path for file in files]
    outcome = testing.CliRunner().invoke(cli.app, ["segment", *paths, "-k", "3", "-o", str(tmp_path / "results")])
    assert outcome.exit_code == 1
    assert "b.jpg' as an image: image file is truncated" in outcome.output
    assert len(list((tmp_path / "results").glob("*-labels.png"))) == 2


@pytest.mark.parametrize("name", NAMES)
def test_shape_dtype_and_pages_are_known_without_decoding(files, decoded, name):
    file = files[NAMES.index(name)]
    assert file.dtype == np.uint8
    assert file.shape == (30 if name == "b.jpg" else 50, 75, 3)
    assert file.pages() == [file]
    assert decoded == []


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_the_header_tells_what_is_read(tmp_path, mode, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    suffix = "jpg" if mode == "CMYK" else "png"
    image = Image.new("I;16", (5, 9), 700) if mode == "I;16" else Image.new("RGB", (5, 9), "red").convert(mode)
    image.save(tmp_path / f"image.{suffix}", exif=exif)
    file = io.ImageFile(tmp_path / f"image.{suffix}")
    pixels = np.asanyarray(file)
    assert (file.shape, file.dtype) == (pixels.shape, pixels.dtype)


def movie(path, n_pages):
    frames = np.random.default_rng(0).integers(0, 256, (n_pages, 12, 16, 3), dtype=np.uint8)
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others)
    return io.ImageFile(path).pages()


@pytest.mark.parametrize("suffix", ["gif", "tif", "webp", "png"])
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_pages_are_decoded_in_one_go(tmp_path, decoded, monkeypatch, suffix, method):
    pages = movie(tmp_path / f"movie.{suffix}", 40)
    model, opened = KMeansSegmenter(2, random_state=0).fit(pages[:2]), []
    plain = Image.open
    monkeypatch.setattr(Image, "open", lambda path: opened.append(path) or plain(path))
    decoded.clear()
    getattr(model, method)(pages)
    assert len(opened) <= 2
    assert len(decoded) <= 2 * len(pages)


def test_workers_open_a_file_once_for_each_run_of_pages(tmp_path, monkeypatch):
    model = KMeansSegmenter(2, random_state=0)
    pages = movie(tmp_path / "movie.gif", 64)
    model.fit([COFFEE, *pages])
    opened, plain = [], Image.open
    monkeypatch.setattr(Image, "open", lambda path: opened.append(path) or plain(path))
    one_by_one = model.predict([COFFEE, *pages])
    assert len(opened) <= 2
    opened.clear()
    together = model.set_params(n_jobs=2).predict([COFFEE, *pages])
    assert len(opened) <= 17
    assert all(map(np.array_equal, together, one_by_one))


@pytest.mark.filterwarnings("always")
def test_a_color_profile_belongs_to_its_page(tmp_path):
    with tifffile.TiffWriter(tmp_path / "pages.tif") as writer:
        for page in range(3):
            writer.write(COFFEE, photometric="rgb", iccprofile=b"no profile" if page == 1 else None)
    pages = io.ImageFile(tmp_path / "pages.tif").pages()
    with io.ImageFile._in_order():
        for index, n_profiles in ((0, 0), (1, 1), (1, 1), (2, 0)):
            with warnings.catch_warnings(record=True) as warned:
                np.asarray(pages[index])
            assert len(warned) == n_profiles


@pytest.mark.parametrize("suffix", ["gif", "tif", "webp", "png"])
def test_pages_in_any_order_are_those_that_are_asked_for(tmp_path, suffix):
    pages = movie(tmp_path / f"movie.{suffix}", 9)
    alone = [np.asarray(page) for page in pages]
    with io.ImageFile._in_order():
        for index in [0, 1, 5, 2, 8, 8, 0]:
            assert np.array_equal(np.asarray(pages[index]), alone[index])
    with pytest.raises(ValueError, match="page must be from 0 to 8; got 9 instead"):
        np.asarray(io.ImageFile(pages[0].path, 9))


def test_no_file_stays_open(tmp_path):
    pages = movie(tmp_path / "movie.gif", 5)
    KMeansSegmenter(2, n_jobs=2, random_state=0).fit(pages).predict(pages)
    with pytest.raises(ValueError, match=r"X\[3\]: "):
        KMeansSegmenter(2).fit([*pages[:3], np.full((2, 2, 3), np.nan)])
    (tmp_path / "movie.gif").unlink()  # which an open file would prevent on Windows
    with pytest.raises(ValueError, match="No such file"):
        np.asarray(pages[1])
