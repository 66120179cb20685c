"""Files are read when an array is asked for, as they are meant to be seen, and named when they cannot be read."""

import json
import os
import pickle
import re
import struct
import zlib
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps
from skimage.data import coffee
from skimage.io import imread
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skseg
from skseg import KMeansSegmenter, RegionSegmenter, io
from skseg.io._results import read_comment

COFFEE = coffee()[::8, ::8]
LABELS = (COFFEE[..., 0] > 100).astype(int)
needs_rasterio = pytest.mark.skipif(find_spec("rasterio") is None, reason="no rasterio")


@pytest.fixture
def save(tmp_path):
    """Write a picture and give its file."""

    def write(picture, name="picture.png", **options):
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        image.save(tmp_path / name, **options)
        return io.ImageFile(tmp_path / name)

    return write


@pytest.fixture
def folder(tmp_path):
    for name, picture in {"b.png": COFFEE, "a.png": COFFEE[:30], "c/d.png": COFFEE[:, :20]}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / name)
    return tmp_path


# Lists of files


def test_a_pattern_gives_files_in_the_order_of_their_names(folder):
    assert [np.shape(np.asarray(file)) for file in io.images(folder / "*.png")] == [(30, 75, 3), (50, 75, 3)]
    assert len(io.images(f"{folder}/**/*.png")) == 3


def test_files_come_in_the_order_in_which_they_are_given(folder):
    paths = [folder / "b.png", str(folder / "a.png")]
    assert [file.path for file in io.images(paths)] == list(map(str, paths))


def test_a_single_file_may_have_a_name_that_looks_like_a_pattern(tmp_path):
    Image.fromarray(COFFEE).save(tmp_path / "photo [1].png")
    assert len(io.images(tmp_path / "photo [1].png")) == 1


def test_nothing_is_read_before_an_array_is_asked_for(folder, monkeypatch):
    def fail(path):
        raise AssertionError(path)

    monkeypatch.setattr(Image, "open", fail)
    files = io.images(folder / "*.png")
    again = pickle.loads(pickle.dumps(files[::-1]))
    assert [file.path for file in again] == [file.path for file in files[::-1]]
    assert files[0].ndim == 3
    assert repr(files[0]) == f"<ImageFile {str(folder / 'a.png')!r}>"


@pytest.mark.parametrize("paths", ["nothing*.png", "nothing.png", ["nothing.png"]])
def test_a_file_that_is_not_there_is_an_error(paths):
    with pytest.raises(FileNotFoundError, match="nothing"):
        io.images(paths)


def test_files_are_images_to_a_segmenter(folder):
    files, pictures = io.images(folder / "*.png"), [COFFEE[:30], COFFEE]
    model = KMeansSegmenter(4, random_state=0).fit(files)
    assert np.array_equal(model.cluster_centers_, KMeansSegmenter(4, random_state=0).fit(pictures).cluster_centers_)
    assert all(map(np.array_equal, model.predict(files), model.predict(pictures)))
    assert all(map(np.array_equal, model.transform(files), model.transform(pictures)))
    search = GridSearchCV(KMeansSegmenter(random_state=0), {"n_clusters": [2, 3]}, cv=2, error_score="raise")
    assert search.fit(files).best_score_ == search.fit(pictures).best_score_


# What is read


def test_the_mask_comes_with_the_image(save):
    alpha = np.full((*COFFEE.shape[:2], 1), 255, dtype=np.uint8)
    alpha[:10] = 0
    file = save(np.concatenate([COFFEE, alpha], axis=-1))
    assert np.array_equal(np.asarray(file), COFFEE)
    assert np.ma.asarray(file).mask[:10].all()
    assert not np.ma.asarray(file).mask[10:].any()
    label_map = KMeansSegmenter(3, random_state=0).fit([file]).predict(file)
    assert (label_map.data[:10] == -1).all()


@pytest.mark.parametrize(("mode", "transparent"), [("RGB", (10, 20, 30)), ("L", 17), ("P", 0)])
def test_a_color_that_stands_for_transparent_is_masked(save, mode, transparent):
    picture = Image.fromarray(COFFEE).convert(mode)
    picture.paste(transparent, (0, 0, 20, 20))
    assert np.ma.asarray(save(picture, transparency=transparent)).mask[:20, :20].all()


def write_png(path, numbers, n_bits, *, transparent, turned):
    """Write numbers, (height, width, n_channels), as PNG with a transparent color, and an orientation if `turned`."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    def row_of(numbers):
        bits = np.unpackbits(numbers.ravel().astype(">u2").view(np.uint8)).reshape(-1, 16)[:, 16 - n_bits :]
        return b"\0" + np.packbits(bits).tobytes()

    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    height, width, n_channels = numbers.shape
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, n_bits, n_channels - 1, 0, 0, 0))
        + chunk(b"eXIf", exif.tobytes()[6:]) * turned
        + chunk(b"tRNS", np.array(transparent, dtype=">u2").tobytes())
        + chunk(b"IDAT", zlib.compress(b"".join(map(row_of, numbers))))
        + chunk(b"IEND", b"")
    )


@needs_rasterio
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("n_bits", "n_channels"), [(1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (8, 3), (16, 3)])
def test_a_color_is_transparent_at_every_depth_of_a_png(tmp_path, n_bits, n_channels, turned):
    rng = np.random.default_rng(n_bits + n_channels)
    for case in range(20):
        colors = rng.integers(2**n_bits, size=(4, n_channels))
        colors[1] = colors[0] ^ np.eye(n_channels, dtype=int)[-1]  # differs in the lowest bit of one channel
        colors[2] = colors[0] ^ (1 << n_bits - 1)  # differs in the highest bits
        numbers = colors[rng.integers(4, size=(7, 9))]
        write_png(tmp_path / "x.png", numbers, n_bits, transparent=colors[case % 4], turned=turned)
        image = np.ma.asarray(io.ImageFile(tmp_path / "x.png"))
        is_transparent = (numbers == colors[case % 4]).all(axis=-1, keepdims=True)
        if turned:
            numbers, is_transparent = np.rot90(numbers, -1), np.rot90(is_transparent, -1)
        assert np.array_equal(np.ma.getmaskarray(image), np.repeat(is_transparent, 3, axis=-1))
        largest = 1 if image.dtype == bool else np.iinfo(image.dtype).max
        assert np.allclose(image.data / largest, numbers / (2**n_bits - 1), atol=1 / 255)


def test_a_photo_is_upright(save):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90°
    assert np.array_equal(np.asarray(save(COFFEE, exif=exif)), np.rot90(COFFEE, -1))


@pytest.mark.parametrize(
    ("mode", "name"),
    [("1", "x.png"), ("L", "x.png"), ("P", "x.png"), ("LA", "x.png"), ("RGBA", "x.png"), ("CMYK", "x.jpg")],
)
def test_every_mode_becomes_rgb(save, mode, name):
    assert np.asarray(save(Image.fromarray(COFFEE).convert(mode), name)).shape == COFFEE.shape


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_of_every_mode_becomes_rgb_and_says_so_before_it_is_read(save, mode, compression):
    picture = Image.fromarray(COFFEE).convert(mode)
    file = save(picture, "x.tif", compression=compression)
    pixels = np.asarray(file)
    assert pixels.shape == file.shape == COFFEE.shape
    assert pixels.dtype == file.dtype == np.uint8
    assert np.array_equal(pixels, picture.convert("RGB"))


def test_gray_of_16_bits_keeps_its_bits(save):
    deep = COFFEE[..., 0].astype(np.uint16) * 257
    pixels = np.asarray(save(deep))
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, np.repeat(deep[..., np.newaxis], 3, axis=-1))


@needs_rasterio
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("n_channels", [3, 7])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_tiff_comes_with_all_its_channels(tmp_path, dtype, n_channels, planes):
    bands = np.random.default_rng(0).integers(0, 200, (20, 30, n_channels)).astype(dtype)
    stored = bands if planes == "contig" else np.moveaxis(bands, -1, 0)
    tifffile.imwrite(tmp_path / "bands.tif", stored, planarconfig=planes, photometric="rgb")
    assert np.array_equal(np.asarray(io.ImageFile(tmp_path / "bands.tif")), bands)


def test_gray_tiff_becomes_rgb_and_alpha_a_mask(tmp_path):
    tifffile.imwrite(tmp_path / "gray.tif", COFFEE[..., 0])
    assert np.asarray(io.ImageFile(tmp_path / "gray.tif")).shape == COFFEE.shape
    rgba = np.dstack([COFFEE, np.zeros(COFFEE.shape[:2], np.uint8)])
    tifffile.imwrite(tmp_path / "rgba.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    assert np.ma.asarray(io.ImageFile(tmp_path / "rgba.tif")).mask.all()


@needs_rasterio
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tiff_is_upright(tmp_path, orientation, dtype):
    marked = np.arange(24, dtype=dtype).reshape(2, 4, 3)
    path = tmp_path / "turned.tif"
    tifffile.imwrite(path, marked, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    image = Image.fromarray(marked.astype(np.uint8))
    image.getexif()[0x0112] = orientation
    assert np.array_equal(np.asarray(io.ImageFile(path)), np.asarray(ImageOps.exif_transpose(image)))


@needs_rasterio
def test_a_white_is_zero_tiff_is_not_negative(tmp_path):
    for dtype in (np.uint8, np.uint16):
        gray = np.array([[0, 100]], dtype=dtype)
        tifffile.imwrite(tmp_path / "white.tif", gray, photometric="miniswhite")
        assert (
            np.asarray(io.ImageFile(tmp_path / "white.tif"))[..., 0].tolist() == (np.iinfo(dtype).max - gray).tolist()
        )


def test_a_palette_tiff_has_the_colors_of_its_palette(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (256, 3))
    tifffile.imwrite(
        tmp_path / "palette.tif", COFFEE[..., 0], photometric="palette", colormap=(colors.T * 257).astype(np.uint16)
    )
    assert np.array_equal(np.asarray(io.ImageFile(tmp_path / "palette.tif")), colors[COFFEE[..., 0]])


@needs_rasterio
def test_a_fourth_channel_that_is_no_alpha_is_kept(tmp_path):
    bands = np.dstack([COFFEE, COFFEE[..., :1]])
    tifffile.imwrite(tmp_path / "nir.tif", bands, photometric="rgb", extrasamples=["unspecified"])
    pixels = np.asanyarray(io.ImageFile(tmp_path / "nir.tif"))
    assert not isinstance(pixels, np.ma.MaskedArray)
    assert np.array_equal(pixels, bands)


@needs_rasterio
def test_missing_values_of_a_tiff_are_masked(tmp_path):
    bands = np.ones((4, 5, 6), dtype=np.float32)
    bands[0, 0, 2] = np.nan
    bands[1, 1], bands[2, 2, 0] = -9999, -9999
    gdal_nodata = [(42113, "s", 0, "-9999", True)]
    path = tmp_path / "scene.tif"
    tifffile.imwrite(path, bands, photometric="minisblack", planarconfig="contig", extratags=gdal_nodata)
    mask = np.ma.getmaskarray(np.ma.asarray(io.ImageFile(path)))
    assert np.argwhere(mask.any(axis=-1)).tolist() == [[0, 0], [1, 1], [2, 2]]


def test_a_color_profile_is_applied(save):
    swap = ImageCms.createProfile("LAB")  # a profile that no RGB picture has
    rgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(np.asarray(save(COFFEE, icc_profile=rgb)), COFFEE)
    with pytest.warns(UserWarning, match="color profile cannot be used"):
        assert np.array_equal(np.asarray(save(COFFEE, icc_profile=ImageCms.ImageCmsProfile(swap).tobytes())), COFFEE)
    with pytest.warns(UserWarning, match="color profile cannot be used"):
        assert np.array_equal(np.asarray(save(COFFEE, icc_profile=b"no profile")), COFFEE)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize("is_transparent", [False, True])
def test_a_wider_color_space_becomes_srgb(save, mode, is_transparent):
    """In a profile whose red and green are swapped, sRGB's red is written as green."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    swapped = bytes(data).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    picture = Image.fromarray(COFFEE).quantize(16)
    expected = np.asarray(picture.convert("RGB"))[..., [1, 0, 2]]
    index = picture.getpixel((0, 0))
    hidden = np.asarray(picture) == index
    picture = picture.convert(mode)
    options = {}
    if is_transparent and mode == "RGBA":
        picture.putalpha(Image.fromarray(~hidden))
    elif is_transparent:
        options = {"transparency": index if mode == "P" else picture.getpixel((0, 0))}
    image = np.ma.asarray(save(picture, icc_profile=swapped, **options))
    assert np.abs(image.data.astype(int) - expected).max() <= 2
    assert np.array_equal(np.ma.getmaskarray(image)[..., 0], hidden & is_transparent)


def test_pages_are_images_of_their_own(tmp_path):
    pages = [COFFEE, COFFEE[::-1], COFFEE[:20]]
    frames = [Image.fromarray(page) for page in pages]
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    files = io.ImageFile(tmp_path / "pages.tif").pages()
    assert repr(files[1]).count("pages.tif', page=1: 75 × 50 pixels")
    assert all(np.array_equal(np.asarray(file), page) for file, page in zip(files, pages, strict=True))
    assert len(KMeansSegmenter(2, random_state=0).fit_predict(files)) == 3
    with pytest.raises(ValueError, match="page must be from 0 to 2; got 3"):
        np.asarray(io.ImageFile(tmp_path / "pages.tif", page=3))


@needs_rasterio
def test_the_name_of_a_file_does_not_say_what_it_is(tmp_path):
    deep = COFFEE.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "tiff.png", deep, photometric="rgb")
    assert np.array_equal(np.asarray(io.ImageFile(tmp_path / "tiff.png")), deep)
    Image.fromarray(COFFEE).save(tmp_path / "png.tif", format="png")
    assert np.array_equal(np.asarray(io.ImageFile(tmp_path / "png.tif")), COFFEE)


# What cannot be read


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.tif"])
@pytest.mark.parametrize("content", [b"", b"no picture", b"II*\x00"])
def test_a_file_that_is_no_picture_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"Cannot read .*{name}' as an image"):
        np.asarray(io.ImageFile(tmp_path / name))


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.tif"])
def test_a_picture_cut_short_is_named_by_fit(save, name):
    whole = save(COFFEE, name)
    with open(whole.path, "r+b") as file:  # noqa: PTH123
        file.truncate(1500)
    with pytest.raises(ValueError, match=rf"X\[1\]: Cannot read .*{name}' as an image"):
        KMeansSegmenter(3).fit([COFFEE, whole])


@pytest.mark.filterwarnings("ignore")  # of Pillow, for some lengths
def test_a_tiff_cut_short_anywhere_has_a_reason_in_words(tmp_path):
    pages = [Image.fromarray(COFFEE).convert(mode) for mode in ("RGB", "L", "P", "CMYK")]
    pages[0].save(tmp_path / "whole.tif", save_all=True, append_images=pages[1:], compression="tiff_adobe_deflate")
    content = (tmp_path / "whole.tif").read_bytes()
    reasons = set()
    for length in [*range(0, len(content), 97), *range(len(content) - 200, len(content), 3)]:
        (tmp_path / "cut.tif").write_bytes(content[:length])
        try:  # pages before the cut can be read
            for page in io.ImageFile(tmp_path / "cut.tif").pages():
                np.asarray(page)
        except ValueError as error:
            reasons.add(str(error).split(" as an image: ")[1])
    assert len(reasons) > 2
    assert all(re.match("[a-zA-Z<]", reason) for reason in reasons), reasons


@pytest.mark.usefixtures("without_rasterio")
def test_a_file_that_needs_rasterio_is_refused_without_it(tmp_path):
    (tmp_path / "x.pgm").write_bytes(b"P5 1 1 65535\n\0\1")
    with pytest.raises(ValueError, match=r'x.pgm.* python -m pip install "skseg\[raster\]"'):
        np.asarray(io.ImageFile(tmp_path / "x.pgm"))


def test_several_frames_are_no_image(tmp_path):
    frames = [Image.fromarray(COFFEE), Image.fromarray(COFFEE[::-1])]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    for name, what in {"moving.gif": "2 pages", "pages.tif": "2 pages"}.items():
        with pytest.raises(ValueError, match=what):
            np.asarray(io.ImageFile(tmp_path / name))


@needs_rasterio
@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.gif", "x.bmp", "x.tif"])
@pytest.mark.parametrize("limit", [1, 1500, 3749])  # of 3750; Pillow refuses half of them or less in its own words
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_too_large_to_be_safe_is_refused(save, monkeypatch, name, limit):
    file = save(COFFEE[:50, :75], name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    message = (
        f"Cannot read '.*{name}' as an image: it has 3750 pixels( in its blocks)?, more than the {limit} "
        "that are read at once. If that is right, raise PIL.Image.MAX_IMAGE_PIXELS.$"
    )
    for read in (np.asarray, lambda file: file.pages()[0][..., 0]):
        with pytest.raises(ValueError, match=message):
            read(file)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3750)
    assert np.asarray(file).shape == (50, 75, 3)


# Model files


@pytest.fixture
def model(tmp_path):
    """A model file and the segmenter in it."""
    segmenter = KMeansSegmenter(4, random_state=0, channel_weights=np.array([1.0, 0.5, 0.5])).fit(COFFEE)
    io.save(segmenter, tmp_path / "model.skseg")
    return tmp_path / "model.skseg", segmenter


def test_a_saved_model_does_what_it_did_bit_for_bit(model):
    path, segmenter = model
    loaded = io.load(path)
    other = coffee()[5::9, ::9]
    assert np.array_equal(loaded.predict(other), segmenter.predict(other))
    assert np.array_equal(loaded.transform(other), segmenter.transform(other))
    assert loaded.score(other) == segmenter.score(other)
    table = COFFEE.reshape(-1, 3)
    assert np.array_equal(loaded.pipeline_.predict(table), segmenter.pipeline_.predict(table))
    assert np.array_equal(
        loaded.partial_fit(other).pipeline_["kmeans"].cluster_centers_,
        segmenter.partial_fit(other).pipeline_["kmeans"].cluster_centers_,
    )


def test_only_a_complete_model_file_appears(model):
    path, _ = model
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("n_kept", [0, 10, 2000, -1])
def test_a_truncated_model_file_is_refused(model, n_kept):
    path, _ = model
    path.write_bytes(path.read_bytes()[:n_kept])
    with pytest.raises(ValueError, match="is not a model file that skseg can read"):
        io.load(path)


def test_a_pickled_model_is_refused_unread(model):
    path, segmenter = model
    path.write_bytes(pickle.dumps(segmenter))
    with pytest.raises(ValueError, match="is not a model file that skseg can read: it is not an archive"):
        io.load(path)


def rewrite(path, about=None, arrays=None):
    """Write a model file again, with other text or arrays."""
    with np.load(path) as archive:
        parts = dict(archive)
    text = parts["about"] if about is None else np.array(json.dumps(json.loads(str(parts["about"])) | about))
    with path.open("wb") as file:
        np.savez(file, **{**parts, **(arrays or {}), "about": text})


@pytest.mark.parametrize("array", [np.array([object()]), np.full((4, 3), "text"), np.array(np.nan)])
def test_a_model_file_with_other_arrays_is_refused_in_one_sentence(model, array):
    path, _ = model
    with np.load(path) as archive:
        names = set(archive.files) - {"about"}
    content = path.read_bytes()
    for name in names:
        path.write_bytes(content)
        rewrite(path, arrays={name: array})
        with pytest.raises(ValueError, match=r"\A'.*' is not a model file that skseg can read: .+\Z"):
            io.load(path)


def test_a_model_file_without_text_is_refused(model):
    path, _ = model
    with path.open("wb") as file:
        np.savez(file, COFFEE)
    with pytest.raises(ValueError, match="not a model file that skseg can read: 'about is not a file in the archive'"):
        io.load(path)


def test_a_model_file_of_other_versions_says_which(model):
    path, _ = model
    rewrite(path, about={"format": 99, "versions": {"skseg": "9.9", "scikit-learn": "3.1", "NumPy": "4.0"}})
    with pytest.raises(
        ValueError, match=r"written by skseg 9.9, scikit-learn 3.1, NumPy 4.0, which does not fit skseg"
    ):
        io.load(path)


def test_a_compressed_model_file_is_refused_before_it_is_unpacked(tmp_path):
    with (tmp_path / "bomb.skseg").open("wb") as file:
        np.savez_compressed(file, about=np.array("{}"), colors=np.zeros((1_000_000, 3)))
    with pytest.raises(ValueError, match="its parts are compressed"):
        io.load(tmp_path / "bomb.skseg")


def test_centers_of_a_model_file_are_what_counts(model):
    """Whoever changes the centers gets another model, but none that contradicts itself."""
    path, segmenter = model
    with np.load(path) as archive:
        learned = json.loads(str(archive["about"]))["model"]["learned"]
    centers = segmenter.pipeline_["kmeans"].cluster_centers_[::-1]
    rewrite(path, arrays={f"arr_{learned['centers']['array']}": centers})
    loaded = io.load(path)
    assert np.array_equal(loaded.predict(COFFEE), 3 - segmenter.labels_)
    assert np.allclose(loaded.cluster_centers_, segmenter.cluster_centers_[::-1])
    assert np.allclose(loaded.cluster_sizes_, segmenter.cluster_sizes_[::-1])


@pytest.mark.parametrize(
    "X",
    [
        COFFEE.astype(np.uint16) * 257,
        COFFEE / 255,
        COFFEE > 100,
        np.dstack([COFFEE, COFFEE]).astype(np.float32),
        COFFEE[..., :1],
        [COFFEE, COFFEE[:10]],
        np.ma.masked_less(COFFEE, 20),
    ],
    ids=["uint16", "float", "bool", "bands", "gray", "list", "masked"],
)
def test_models_of_every_form_of_x_come_back(X, tmp_path):
    assert_comes_back(X, tmp_path)


def test_models_of_data_frames_come_back(pandas, tmp_path):
    assert_comes_back(pandas.DataFrame(COFFEE.reshape(-1, 3), columns=["red", "green", "blue"]), tmp_path)


def assert_comes_back(X, tmp_path):
    segmenter = KMeansSegmenter(2, random_state=0).fit(X)
    io.save(segmenter, tmp_path / "model.skseg")
    loaded = io.load(tmp_path / "model.skseg")
    is_list = isinstance(X, list)
    expected, found = ([fitted.predict(X)] if not is_list else fitted.predict(X) for fitted in (segmenter, loaded))
    assert all(map(np.ma.allequal, expected, found))
    for name in ("cluster_centers_", "cluster_sizes_", "inertia_", "n_iter_", "n_features_in_"):
        assert np.array_equal(getattr(loaded, name), getattr(segmenter, name))
    assert list(getattr(loaded, "feature_names_in_", [])) == list(getattr(segmenter, "feature_names_in_", []))


def test_a_random_state_that_is_no_number_cannot_be_saved(model):
    path, segmenter = model
    segmenter.set_params(random_state=np.random.RandomState(0))
    with pytest.raises(TypeError, match="got RandomState instead"):
        io.save(segmenter, path)


# Results


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(
    ("dtype", "n_labels"),
    [("int8", 100), ("int8", 127), ("int8", 300), ("uint8", 255), ("int16", 127), ("int64", 300), ("uint64", 255)],
)
def test_label_maps_of_any_integers_are_written_alike(tmp_path, dtype, n_labels, suffix):
    labels = np.arange(100).reshape(4, 25)
    colors = np.random.default_rng(0).integers(0, 256, (n_labels, 3)).astype(np.uint8)
    for mask in (np.zeros(labels.shape, dtype=bool), labels % 9 == 0):
        io.save_labels(np.ma.array(labels.astype(dtype), mask=mask), tmp_path / f"some.{suffix}", colors)
        io.save_labels(np.ma.array(labels, mask=mask), tmp_path / f"int.{suffix}", colors)
        assert (tmp_path / f"some.{suffix}").read_bytes() == (tmp_path / f"int.{suffix}").read_bytes()


@pytest.mark.parametrize("n_labels", [1, 2, 3, 17, 255, 256, 257, 1000])
@pytest.mark.parametrize("masked", [False, True])
def test_label_maps_read_back_with_pillow_and_scikit_image(tmp_path, n_labels, masked):
    label_map = np.arange(1000).reshape(20, 50) % n_labels
    colors = np.random.default_rng(0).random((n_labels, 3))
    expected = label_map.copy()
    if masked:
        label_map = np.ma.masked_where(np.indices((20, 50))[0] < 5, label_map)
        expected[:5] = n_labels
    io.save_labels(label_map, tmp_path / "labels.png", colors)
    with Image.open(tmp_path / "labels.png") as image:
        assert image.mode == ("P" if n_labels + masked <= 256 else "I;16")
        assert np.array_equal(np.asarray(image), expected)
        if image.mode == "P":
            shown = np.asarray(image.convert("RGBA"))
            assert np.array_equal(
                shown[5:, :, :3], np.rint(colors[label_map.data[5:] if masked else label_map[5:]] * 255)
            )
            assert ((shown[:5, :, 3] == 0) == masked).all()
            assert np.array_equal(imread(tmp_path / "labels.png")[5:, :, :3], shown[5:, :, :3])
        else:
            assert np.array_equal(imread(tmp_path / "labels.png"), expected)


@pytest.mark.parametrize(
    ("label_map", "n_labels", "what"),
    [
        (np.zeros((2, 2, 2), int), 2, "must have two dimensions"),
        (np.zeros((2, 2), int), 70_000, "at most 65535 labels"),
        (np.full((2, 2), 2), 2, "labels from 0 to 1, one per color; got 2 instead"),
        (np.array([[2, 0], [-1, 1]]), 2, "labels from 0 to 1, one per color; got 2 instead"),
    ],
)
def test_what_is_no_label_map_is_not_written(tmp_path, label_map, n_labels, what):
    with pytest.raises(ValueError, match=what):
        io.save_labels(label_map, tmp_path / "labels.png", np.zeros((n_labels, 3)))
    assert list(tmp_path.iterdir()) == []


@needs_rasterio
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.bool_])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("masked", [False, True])
def test_images_come_back_from_tiff(tmp_path, dtype, n_channels, masked):
    image = (np.random.default_rng(0).random((9, 11, n_channels)) * 200).astype(dtype)
    if masked:
        image = np.ma.MaskedArray(image, mask=np.broadcast_to(np.indices((9, 11))[0][..., np.newaxis] < 3, image.shape))
    io.save_image(image, tmp_path / "image.tif")
    found = np.ma.asarray(io.ImageFile(tmp_path / "image.tif"))
    expected = image * np.uint8(255) if dtype is np.bool_ else image
    assert np.ma.allequal(found, np.ma.repeat(expected, 3, axis=-1) if n_channels == 1 else expected)
    assert np.ma.getmaskarray(found)[..., 0].sum() == 33 * masked


def test_an_image_that_a_png_cannot_hold_is_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"A PNG takes 1 or 3 channels of 8 bits; got \(9, 9, 3\) of uint16, write a .tif"
    ):
        io.save_image(np.zeros((9, 9, 3), np.uint16), tmp_path / "image.png")
    with pytest.raises(ValueError, match=r"path must end in \.png, \.tif or \.tiff; got 'image\.jpg'"):
        io.save_image(COFFEE, tmp_path / "image.jpg")


@pytest.mark.parametrize("name", ["labels.png", "labels.tif"])
def test_a_file_that_is_not_of_ours_has_no_comment(tmp_path, name):
    (tmp_path / name).write_text("no picture")
    assert read_comment(tmp_path / name) == read_comment(tmp_path / f"absent-{name}") == ""


@pytest.mark.parametrize("name", ["image.png", "image.tif"])
def test_a_comment_comes_back(tmp_path, name):
    io.save_image(COFFEE, tmp_path / name, comment="made of ½ a coffee")
    assert read_comment(tmp_path / name) == "made of ½ a coffee"


def test_a_failed_write_keeps_what_was_there(tmp_path, monkeypatch):
    io.save_image(COFFEE, tmp_path / "image.png")
    before = (tmp_path / "image.png").read_bytes()

    def fail(image, file, **_options):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="No space"):
        io.save_image(COFFEE[::-1], tmp_path / "image.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("image.png", before)]


def test_a_directory_means_its_pictures(folder):
    assert [file.path for file in io.images(folder)] == [file.path for file in io.images(folder / "*.png")]
    (folder / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="There is no image in"):
        io.images(folder / "empty")


@pytest.mark.parametrize("pattern", ["", "*.png"])
def test_a_link_that_leads_to_no_file_is_not_left_out(folder, pattern):
    try:
        (folder / "broken.png").symlink_to("gone.png")
    except OSError:
        pytest.skip("Windows makes links for administrators only")
    with pytest.raises(FileNotFoundError, match=r"The link leads to no file: '.*broken.png'"):
        io.images(folder / pattern)


def test_a_directory_means_the_formats_that_can_be_read(folder):
    expected = [file.path for file in io.images(folder)]
    for name in (
        "pdf",
        "palm",
        "h5",
        "hdf",
        "mpg",
        "mpeg",
        "grib",
        "bufr",
        "wmf",
        "emf",
        "txt",
        "geojson",
        "csv",
        "fits",
    ):
        (folder / f"{name}.{name}").write_text("no picture")
    assert [file.path for file in io.images(folder)] == expected
    names = ["jpg", "JPEG", "tif", "TIFF", "png", "gif", "webp", "bmp", "ppm", "jp2", "tga", "mpo", "vrt", "dds"]
    for name in names:
        Image.fromarray(COFFEE).save(folder / f"x.{name}", "png")
    found = {file.path for file in io.images(folder)}
    assert found == {*expected, *(str(folder / f"x.{name}") for name in names)}


def test_every_format_that_pillow_writes_and_reads_is_found_in_a_directory(tmp_path):
    picture = Image.fromarray(COFFEE).convert("L")
    read = set()
    for suffix in Image.registered_extensions():
        file = tmp_path / f"x{suffix}"
        with suppress(Exception):  # writing and reading, of some formats or some modes, is not possible
            picture.save(file)
            np.asarray(io.ImageFile(file))
            read.add(str(file))
    assert len(read) > 20
    assert read <= {file.path for file in io.images(tmp_path)}


def test_a_model_is_saved_as_it_was_fitted(tmp_path):
    model = KMeansSegmenter(4, color_space="lab", random_state=0).fit(COFFEE)
    labels = model.predict(COFFEE)
    model.set_params(color_space="hsv", channel_weights=[1, 2, 3], n_clusters=7)
    io.save(model, tmp_path / "model.skseg")
    loaded = io.load(tmp_path / "model.skseg")
    assert np.array_equal(loaded.predict(COFFEE), labels)
    assert loaded.get_params() == model.get_params()
    assert np.array_equal(loaded.fit(COFFEE).labels_, model.fit(COFFEE).labels_)


@pytest.mark.parametrize("init", ["k-means++", COFFEE[0, :4].tolist()])
def test_the_steps_of_a_loaded_pipeline_have_the_saved_parameters(tmp_path, init):
    model = KMeansSegmenter(4, init=init, tol=0.01, random_state=0).fit(COFFEE)
    io.save(model, tmp_path / "model.skseg")
    loaded = io.load(tmp_path / "model.skseg")
    for name, step in model.pipeline_.steps:
        assert repr(loaded.pipeline_[name].get_params()) == repr(step.get_params())


@pytest.mark.parametrize("segmenter", [KMeansSegmenter(), RegionSegmenter(), make_pipeline(KMeansSegmenter())])
def test_only_fitted_segmenters_are_saved(tmp_path, segmenter):
    with pytest.raises(NotFittedError):
        io.save(segmenter, tmp_path / "model.skseg")


@pytest.mark.parametrize(
    "segmenter", [RegionSegmenter(min_size=3), RegionSegmenter(KMeansSegmenter(5, random_state=0), n_regions=7)]
)
def test_a_segmenter_of_regions_is_saved(tmp_path, segmenter):
    segmenter.fit(COFFEE)
    io.save(segmenter, tmp_path / "model.skseg")
    loaded = io.load(tmp_path / "model.skseg")
    assert repr(loaded) == repr(segmenter)
    assert loaded.weights_ == segmenter.weights_
    assert np.array_equal(loaded.predict(COFFEE), segmenter.labels_)
    assert np.array_equal(loaded.fit(COFFEE).labels_, segmenter.labels_)


def test_learned_weights_are_saved(tmp_path):
    truth = COFFEE[..., 0] // 64
    segmenter = RegionSegmenter(min_size=20, cost="learn").fit(COFFEE, truth)
    io.save(segmenter, tmp_path / "model.skseg")
    loaded = io.load(tmp_path / "model.skseg")
    assert loaded.weights_ == segmenter.weights_ != RegionSegmenter().fit(COFFEE).weights_
    assert np.array_equal(loaded.predict(COFFEE), segmenter.labels_)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": {"size": 1}}, "'length'"),
        ({"weights": dict.fromkeys(RegionSegmenter().fit(COFFEE).weights_, np.nan)}, "finite"),
        ({"n_channels": "three"}, "three"),
    ],
)
@pytest.mark.parametrize("inside", [None, KMeansSegmenter(5, random_state=0)])
def test_what_is_wrong_with_regions_in_a_file_is_named(tmp_path, inside, changes, message):
    path = tmp_path / "model.skseg"
    io.save(RegionSegmenter(inside).fit(COFFEE), path)
    with np.load(path) as archive:
        described = json.loads(str(archive["about"]))["model"]
    rewrite(path, about={"model": described | {"learned": described["learned"] | changes}})
    with pytest.raises(ValueError, match=f"not a model file .*{message}"):
        io.load(path)


@pytest.mark.parametrize("inside", [None, KMeansSegmenter(5, random_state=0)])
def test_regions_with_classes_of_their_own_have_no_segmenter_in_the_file(tmp_path, inside):
    described = []
    for given in (inside, KMeansSegmenter(5, random_state=0) if inside is None else None):
        io.save(RegionSegmenter(given).fit(COFFEE), tmp_path / "model.skseg")
        with np.load(tmp_path / "model.skseg") as archive:
            described.append(json.loads(str(archive["about"]))["model"])
    rewrite(tmp_path / "model.skseg", about={"model": described[1] | {"params": described[0]["params"]}})
    with pytest.raises(ValueError, match="segmenter must be None if and only if it was in fit"):
        io.load(tmp_path / "model.skseg")


# What cannot be written is refused


@pytest.mark.parametrize(
    ("label_map", "name", "colors", "message"),
    [
        (LABELS, "x.png", np.array([[0.5, np.nan, 0.2], [1.0, 0.0, 0.3]]), "colors must be finite numbers"),
        (LABELS, "x.png", np.zeros(2), r"\(n_labels, n_channels\), such as palette_; got float64 of shape \(2,\)"),
        (LABELS, "x.png", np.array([["red"], ["blue"]]), "colors must be finite numbers"),
        (LABELS, "x.jpg", np.zeros((2, 3)), r"end in \.png, \.tif or \.tiff; got 'x\.jpg'"),
        (LABELS / 2, "x.png", np.zeros((2, 3)), "integers; got float64"),
    ],
)
def test_labels_that_would_be_written_wrong_are_refused(tmp_path, label_map, name, colors, message):
    with pytest.raises(ValueError, match=message):
        io.save_labels(label_map, tmp_path / name, colors)
    assert not list(tmp_path.iterdir())


def test_gray_colors_and_gray_images_are_written(tmp_path):
    io.save_labels(LABELS, tmp_path / "labels.png", [[0], [1]])
    assert np.array_equal(imread(tmp_path / "labels.png")[..., 1], 255 * LABELS)
    for name in ("gray.png", "gray.tif"):
        io.save_image(COFFEE[..., 0], tmp_path / name)
        assert np.array_equal(imread(tmp_path / name), COFFEE[..., 0])


@pytest.mark.parametrize("image", [COFFEE.astype(np.longdouble), COFFEE.astype(complex), COFFEE[np.newaxis]])
def test_numbers_that_no_format_holds_are_refused(tmp_path, image):
    with pytest.raises(
        ValueError, match=r"\(height, width, n_channels\) or \(height, width\), pixels, and numbers of at most 64"
    ):
        io.save_image(image, tmp_path / "x.tif")


def test_small_integers_hold_a_masked_label_map(tmp_path):
    label_map = np.ma.MaskedArray(np.zeros((4, 4), np.int8), mask=np.eye(4, dtype=bool))
    io.save_labels(label_map, tmp_path / "labels.png", np.zeros((128, 3), np.uint8))
    with Image.open(tmp_path / "labels.png") as image:
        assert np.array_equal(np.asarray(image), 128 * np.eye(4))


@pytest.mark.parametrize("changed", [{"n_clusters": 0}, {"color_space": "nope"}, {"output": "colour"}])
def test_a_model_that_could_not_be_loaded_is_not_saved(tmp_path, changed):
    model = KMeansSegmenter(3, random_state=0).fit(COFFEE).set_params(**changed)
    with pytest.raises(ValueError, match=next(iter(changed))):
        io.save(model, tmp_path / "model.skseg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match=r"pipe\.png' is a device or a pipe; give the name of a file"):
        io.save_image(COFFEE, pipe)
    assert pipe.is_fifo()


def test_a_link_is_written_through(tmp_path):
    link, target = tmp_path / "link.png", tmp_path / "target.png"
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("Windows makes links for administrators only")
    for _ in range(2):
        io.save_image(COFFEE, link)
        assert link.is_symlink()
        assert np.array_equal(np.asarray(Image.open(target)), COFFEE)


@pytest.mark.parametrize(("name", "error"), [("nope/x.skseg", FileNotFoundError), (".", IsADirectoryError)])
def test_a_target_that_is_no_file_is_named(tmp_path, name, error):
    with pytest.raises(error, match=r"does not exist|is a directory"):
        io.save(KMeansSegmenter(3, random_state=0).fit(COFFEE), tmp_path / name)


def test_a_photo_with_previews_is_one_image(tmp_path):
    path, photo = tmp_path / "photo.mpo", Image.fromarray(COFFEE)
    photo.save(path, save_all=True, append_images=[photo.resize((20, 10))])
    (image,) = io.ImageFile(path).pages()
    assert image.shape == COFFEE.shape


@pytest.mark.parametrize(
    ("dtype", "n_channels"),
    [
        *((np.uint8, n_channels) for n_channels in (1, 2, 3, 6)),
        *((np.float32, n_channels) for n_channels in (1, 6)),
        *((dtype, 3) for dtype in (np.uint16, np.int16, np.int64, np.float64, bool)),
    ],
)
def test_the_palette_of_any_image_is_taken_wherever_colors_are(tmp_path, dtype, n_channels):
    bands = np.concatenate([COFFEE, COFFEE[::-1]], axis=-1)[..., :n_channels].astype(np.int64)
    image = bands > 100 if dtype is bool else (100 * (bands - 90) if dtype == np.int16 else bands).astype(dtype)
    segmenter = KMeansSegmenter(2, color_space=None, random_state=0).fit(image)
    io.save_labels(segmenter.labels_, tmp_path / "labels.png", segmenter.palette_)
    io.save_polygons(segmenter.labels_, tmp_path / "labels.json", segmenter.palette_)
    skseg.clean_labels(segmenter.labels_, 9, segmenter.palette_)
    if find_spec("matplotlib"):
        display = skseg.SegmentationDisplay.from_predictions(COFFEE, segmenter.labels_, segmenter.palette_)
        import_module("matplotlib.pyplot").close(display.figure_)
    with Image.open(tmp_path / "labels.png") as file:
        dark, light = np.array(file.getpalette()[:6]).reshape(2, 3).sum(axis=1)
    assert dark < light
