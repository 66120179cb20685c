"""Files are read when an array is asked for, as they are meant to be seen, and named when they cannot be read."""

import pickle

import numpy as np
import pytest
import tifffile
from PIL import Image
from skimage.data import coffee
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter, io

COFFEE = coffee()[::8, ::8]


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

    monkeypatch.setattr("skseg.io._pictures._read", fail)
    files = io.images(folder / "*.png")
    again = pickle.loads(pickle.dumps(files[::-1]))
    assert [file.path for file in again] == [file.path for file in files[::-1]]
    assert files[0].ndim == 3
    assert repr(files[0]) == f"ImageFile({str(folder / 'a.png')!r})"


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


def test_gray_of_16_bits_keeps_its_bits(save):
    deep = COFFEE[..., 0].astype(np.uint16) * 257
    pixels = np.asarray(save(deep))
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, np.repeat(deep[..., np.newaxis], 3, axis=-1))


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


def test_several_frames_are_no_image(tmp_path):
    frames = [Image.fromarray(COFFEE), Image.fromarray(COFFEE[::-1])]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "pages.tif", save_all=True, append_images=frames[1:])
    for name, what in {"moving.gif": "2 pages", "pages.tif": "2 pages"}.items():
        with pytest.raises(ValueError, match=what):
            np.asarray(io.ImageFile(tmp_path / name))


def test_a_picture_too_large_to_be_safe_is_refused(save, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ValueError, match="Cannot read"):
        np.asarray(save(COFFEE))


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
    with pytest.raises(ValueError, match="is not a model file that skseg can read: it is no archive"):
        io.load(path)


def test_a_model_file_whose_arrays_do_not_belong_together_is_refused(model):
    path, _ = model
    arrays = dict(np.load(path))
    with path.open("wb") as file:
        np.savez(file, **{**arrays, "weights": arrays["weights"][1:]})
    with pytest.raises(ValueError, match="do not belong together"):
        io.load(path)


def test_a_random_state_that_is_no_number_cannot_be_saved(model):
    path, segmenter = model
    segmenter.set_params(random_state=np.random.RandomState(0))
    with pytest.raises(TypeError, match="got RandomState instead"):
        io.save(segmenter, path)
