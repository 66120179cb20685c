"""Numbers of 10 to 16 bits: the same picture has the same result, whatever the bits and the form."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
import skimage.data
from helpers import color_spaces, lowered
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from sklearn.exceptions import NotFittedError

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, SegmentationDisplay, WhiteBalancer, io
from skseg.metrics import covering

PHOTO = skimage.data.astronaut()[::4, ::4]
SMALL = PHOTO[::2, ::2]
MODELS = __file__.replace("test_value_range.py", "data")


def at(n_bits, image=PHOTO, dtype=np.uint16):
    """A photo as a camera of some bits gives it."""
    return np.rint(image / 255 * (2**n_bits - 1)).astype(dtype)


def unit(n_bits, image=PHOTO):
    """The same photo as floats from 0 to 1."""
    return at(n_bits, image) / (2**n_bits - 1)


def assert_same_model(one, other):
    """Assert that two models differ in nothing but the units of their colors."""
    assert one.inertia_ == pytest.approx(other.inertia_, rel=1e-9)
    assert np.array_equal(one.cluster_sizes_, other.cluster_sizes_)
    assert np.allclose(one._model.rgb, other._model.rgb, atol=0.002)  # the palette is rounded


# The rule


@pytest.mark.parametrize(
    ("numbers", "high"),
    [
        ([0, 255], 255),
        ([0, 256], 1023),
        ([3, 1023], 1023),
        ([1024], 4095),
        ([4095], 4095),
        ([4096], 16383),
        ([16383], 16383),
        ([16384], 65535),
        ([65535], 65535),
        ([0, 257, 514], 65535),
        ([0], 65535),
    ],
)
def test_the_range_is_that_of_the_fewest_bits(numbers, high):
    image = np.resize(np.array(numbers, dtype=np.uint16), (4, 5, 1))
    segmenter = KMeansSegmenter(1).fit(image)
    assert segmenter.value_range_ == (0, high)
    assert ColorConverter().fit(image).value_range_ == (0, high)
    assert KMeansSegmenter(1, value_range="dtype").fit(image).value_range_ == (0, 65535)
    assert KMeansSegmenter(1, value_range=[5, 7]).fit(image).value_range_ == (5, 7)
    if max(numbers):
        assert WhiteBalancer().fit(image).value_range_ == (0, high)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (at(12, dtype=np.int16), (0, 4095)),
        (at(15, dtype=np.int16), (0, 32767)),
        (at(12, dtype=np.int16) - np.int16(5), (0, 1)),
        (at(12, dtype=">u2"), (0, 4095)),
        (at(12, dtype=np.int32), (0, 1)),
        (PHOTO // 2, (0, 255)),
        (PHOTO / 255, (0, 1)),
        (PHOTO > 100, (0, 1)),
    ],
)
def test_other_types_are_used_as_they_are(image, expected):
    assert KMeansSegmenter(2, random_state=0).fit(image).value_range_ == expected
    assert ColorConverter("rgb").fit(image).value_range_ == expected


@pytest.mark.parametrize(
    "value_range", ["bits", (1, 1), (2, 1), (0, np.inf), (np.nan, 1), 255, (0, 1, 2), None, [["a", "b"]]]
)
@pytest.mark.parametrize("kind", [KMeansSegmenter, ColorConverter, WhiteBalancer, RegionSegmenter])
def test_other_ranges_are_refused(kind, value_range):
    with pytest.raises(ValueError, match=r"value_range must be 'auto', 'dtype' or two finite numbers \(low, high\)"):
        kind(value_range=value_range).fit(PHOTO)


# The same picture


@pytest.mark.parametrize("n_bits", [10, 14])
@pytest.mark.parametrize("space", [*color_spaces(), None])
def test_bits_stand_for_0_to_1_in_every_color_space(space, n_bits):
    whole = KMeansSegmenter(6, color_space=space, random_state=0).fit(at(n_bits))
    floats = KMeansSegmenter(6, color_space=space, random_state=0).fit(unit(n_bits))
    assert np.array_equal(whole.labels_, floats.labels_)
    assert_same_model(whole, floats)
    assert whole.palette_.dtype == np.uint16
    assert np.allclose(whole.cluster_centers_ / (2**n_bits - 1), floats.cluster_centers_)
    assert np.allclose(
        whole.pipeline_["color"].transform(at(n_bits)), ColorConverter(space).fit_transform(unit(n_bits))
    )


@given(
    hnp.arrays(np.uint16, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3)), elements=st.integers(0, 4095)),
    st.sampled_from([10, 12, 14]),
)
def test_any_image_of_some_bits_is_like_its_floats(image, n_bits):
    image >>= 12 - min(n_bits, 12)
    image[0, 0] = 2**n_bits - 1
    found = KMeansSegmenter(2, color_space="lab", random_state=0)
    expected = KMeansSegmenter(2, color_space="lab", random_state=0)
    if len(np.unique(image.reshape(-1, 3), axis=0)) < 2:
        return
    assert np.array_equal(found.fit_predict(image), expected.fit_predict(image / (2**n_bits - 1)))


def forms(image, folder):
    """An image in every form."""
    np.save(folder / "image.npy", image)
    Image.fromarray(image[..., 0]).save(folder / "gray.tif")
    yield "list", [image[:40], image[40:]]
    yield "memmap", np.load(folder / "image.npy", mmap_mode="r")
    if find_spec("dask"):
        dask = import_module("dask.array")
        yield "dask", dask.from_array(image, chunks=(30, 30, -1))
    yield "table", image.reshape(-1, 3)
    yield "masked", np.ma.array(np.vstack([image, np.full_like(image, 60000)]), mask=np.repeat([0, 1], image.size))


@pytest.mark.parametrize("lower", [{}, {"block_pixels": 1000, "result_pixels": 1000}])
@pytest.mark.parametrize("space", ["hsv", "lab"])
def test_every_form_has_the_range_of_all_its_parts(tmp_path, space, lower):
    expected = KMeansSegmenter(5, color_space=space, random_state=0).fit(at(12))
    for name, image in forms(at(12), tmp_path):
        with lowered(**lower):
            segmenter = KMeansSegmenter(5, color_space=space, random_state=0).fit(image)
            assert segmenter.value_range_ == (0, 4095), name
            assert np.array_equal(segmenter.cluster_centers_, expected.cluster_centers_), name
            converter = ColorConverter(space).fit(image)
            assert converter.value_range_ == (0, 4095), name
            assert np.array_equal(segmenter.predict(at(12)), expected.labels_), name


def test_the_range_is_known_after_all_images():
    dark, light = at(12)[:60] // 5, at(12)[60:]
    together = KMeansSegmenter(5, random_state=0).fit([dark, light])
    one_by_one = KMeansSegmenter(5, random_state=0).partial_fit(dark)
    assert one_by_one.value_range_ == (0, 1023)
    one_by_one.partial_fit(light)
    assert one_by_one.value_range_ == together.value_range_ == (0, 4095)
    assert_same_model(one_by_one, together)
    assert KMeansSegmenter(5, random_state=0).fit([light, dark]).value_range_ == (0, 4095)


def test_passes_have_the_range_of_all_colors():
    rng = np.random.default_rng(0)
    middles = np.array([[500, 900, 700], [3500, 900, 700], [500, 3000, 3600], [2500, 3900, 2000]])
    noisy = rng.normal(middles[rng.integers(0, 4, (60, 70))], 60).clip(0, 4095).astype(np.uint16)
    noisy[0, 0] = 4095
    with lowered(colors_in_fit=500, sampled_colors=200, keys=500):
        for space in ("lab", None):
            segmenter = KMeansSegmenter(4, color_space=space).fit(noisy)
            floats = KMeansSegmenter(4, color_space=space).fit(noisy / 4095)
            assert segmenter.value_range_ == (0, 4095)
            assert np.mean(segmenter.labels_ == floats.labels_) > 0.99  # floats have other hashes, so another sample
            given = KMeansSegmenter(4, color_space=space, value_range=(0, 4095)).fit(noisy)
            assert np.array_equal(given.labels_, segmenter.labels_)
            assert given.inertia_ == pytest.approx(segmenter.inertia_, rel=1e-9)


# Other images


@pytest.mark.parametrize("space", ["hsv", "lab"])
def test_the_fitted_range_holds_for_darker_images(space):
    segmenter = KMeansSegmenter(5, color_space=space, random_state=0).fit(at(12))
    floats = KMeansSegmenter(5, color_space=space, random_state=0).fit(unit(12))
    dark = at(12) // 8
    assert np.array_equal(segmenter.predict(dark), floats.predict(dark / 4095))
    assert np.array_equal(segmenter.predict(dark.astype(np.int16)), segmenter.predict(dark))
    assert segmenter.score(dark) == pytest.approx(floats.score(dark / 4095))
    assert np.array_equal(
        segmenter.transform(dark)[segmenter.predict(dark) == 2],
        np.tile(segmenter.palette_[2], ((segmenter.predict(dark) == 2).sum(), 1)),
    )


def test_images_of_8_bits_and_floats_fit_to_a_model_of_12():
    segmenter = KMeansSegmenter(5, random_state=0).fit(at(12))
    labels = segmenter.predict(at(12))
    assert np.mean(segmenter.predict(PHOTO) == labels) > 0.995
    assert np.array_equal(segmenter.predict(unit(12)), labels)
    assert np.allclose(segmenter.transform(PHOTO) / 255, segmenter.transform(at(12)) / 4095, atol=0.003) or np.mean(
        segmenter.predict(PHOTO) != labels
    )


def test_images_beyond_the_fitted_range():
    bright = at(14)
    assert KMeansSegmenter(5, random_state=0).fit(at(12)).predict(bright).max() == 4  # HSV takes any numbers
    segmenter = KMeansSegmenter(5, color_space="lab", random_state=0).fit(at(12))
    with pytest.raises(ValueError, match=r"beyond the range of 0 to 4095. Pass value_range=\(low, high\)"):
        segmenter.predict(bright)
    clipped = KMeansSegmenter(5, color_space="lab", value_range=(0, 4095), random_state=0).fit(at(12))
    assert np.array_equal(clipped.predict(bright), clipped.predict(bright.clip(0, 4095)))


def test_a_model_of_8_bits_warns_of_fewer_than_16():
    segmenter = KMeansSegmenter(5, random_state=0).fit(PHOTO)
    with pytest.warns(UserWarning, match="The pixels are uint16, whose largest number is 4095, but 65535 stands for 1"):
        segmenter.predict(at(12))
    assert np.array_equal(segmenter.predict(at(16)), segmenter.labels_)
    assert np.array_equal(segmenter.predict(PHOTO.astype(np.uint16) * 257), segmenter.labels_)


def test_limits_are_those_of_all_types():
    kelvin = 280 + 40 * unit(12)
    segmenter = KMeansSegmenter(5, color_space="lab", value_range=(280, 320), random_state=0).fit(kelvin)
    expected = KMeansSegmenter(5, color_space="lab", random_state=0).fit(unit(12))
    assert np.mean(segmenter.labels_ == expected.labels_) > 0.999
    assert segmenter.value_range_ == (280, 320)
    assert np.allclose((segmenter.cluster_centers_ - 280) / 40, expected.cluster_centers_, atol=0.01)
    assert np.allclose(segmenter.transform(kelvin).max(), 280 + 40 * expected.transform(unit(12)).max(), atol=0.5)
    ten = KMeansSegmenter(5, value_range=(0, 1023), random_state=0).fit(at(10))
    assert np.array_equal(ten.predict(at(10).astype(float)), ten.predict(at(10)))
    shifted = ColorConverter("rgb", value_range=(280, 320)).fit(kelvin)
    assert np.allclose(shifted.transform(kelvin), unit(12))


def test_start_colors_are_in_the_units_of_the_image():
    start = np.array([[0, 0, 0], [2000, 500, 4000], [4095, 4095, 4095]])
    whole = KMeansSegmenter(3, init=start, color_space="lab").fit(at(12))
    floats = KMeansSegmenter(3, init=start / 4095, color_space="lab").fit(unit(12))
    assert np.array_equal(whole.labels_, floats.labels_)


def test_a_hot_pixel_gets_a_warning_where_the_range_matters():
    hot = at(12)
    hot[3, 5] = 65535
    with pytest.warns(UserWarning, match=r"mask them or pass value_range=\(0, 4095\)"):
        assert KMeansSegmenter(5, color_space="lab").fit(hot).value_range_ == (0, 65535)
    clipped = KMeansSegmenter(5, color_space="lab", value_range=(0, 4095), random_state=0).fit(hot)
    usual = KMeansSegmenter(5, color_space="lab", random_state=0).fit(at(12))
    assert np.mean(clipped.labels_ == usual.labels_) > 0.999
    assert KMeansSegmenter(5).fit(hot).value_range_ == (0, 65535)  # without a warning: HSV grows with the numbers


# Converter and balancer


def test_a_converter_has_to_know_the_bits():
    converter = ColorConverter("lab")
    with pytest.raises(NotFittedError):
        converter.transform(at(12))
    assert np.allclose(ColorConverter("lab", value_range="dtype").transform(at(16)), converter.transform(unit(16)))
    converter.fit(at(12))
    assert np.allclose(converter.transform(at(12) // 3), ColorConverter("lab").transform(at(12) // 3 / 4095))
    assert np.allclose(converter.inverse_transform(converter.transform(at(12))), unit(12), atol=1e-6)


def test_a_converter_learns_weights_of_bits():
    whole, floats = (ColorConverter("lab", channel_weights="scale").fit(image) for image in (at(12), unit(12)))
    assert np.allclose(whole.channel_weights_, floats.channel_weights_)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
@pytest.mark.parametrize("params", [{}, {"p": 1}, {"p": np.inf}, {"color_space": None}])
def test_balanced_bits_are_like_balanced_floats(params, dtype):
    evening = np.rint(at(12) * [0.9, 0.8, 0.5]).astype(dtype)
    whole, floats = WhiteBalancer(**params).fit(at(12, dtype=dtype)), WhiteBalancer(**params).fit(unit(12))
    assert np.allclose(whole.light_, floats.light_)
    balanced = whole.transform(evening)
    assert balanced.dtype == dtype
    assert balanced.max() <= 4095
    assert np.allclose(balanced / 4095, floats.transform(evening / 4095), atol=0.51 / 4095)


def test_a_light_is_in_the_units_of_the_bits():
    light = np.array([3600, 3200, 2000])
    whole, floats = WhiteBalancer(light=light).fit(at(12)), WhiteBalancer(light=light / 4095).fit(unit(12))
    assert np.allclose(whole.light_, floats.light_)
    patch = np.tile(light.astype(np.uint16), (3, 3, 1))
    assert np.allclose(WhiteBalancer(light=patch).fit(at(12)).light_, whole.light_)


def test_balanced_signed_bytes():
    image = (PHOTO // 2).astype(np.int8)
    assert np.allclose(
        WhiteBalancer(color_space=None).fit(image).light_,
        WhiteBalancer(color_space=None).fit(image.astype(float)).light_,
    )


# Model files


@pytest.mark.parametrize("value_range", ["auto", "dtype", (0, 4095), (100, 5000)])
def test_a_model_file_keeps_the_range(tmp_path, value_range):
    path = tmp_path / "model.skseg"
    for model in (
        KMeansSegmenter(4, color_space="lab", value_range=value_range, random_state=0).fit(at(12, SMALL)),
        WhiteBalancer(value_range=value_range).fit(at(12, SMALL)),
        RegionSegmenter(KMeansSegmenter(8, value_range=value_range, random_state=0), min_size=16).fit(at(12, SMALL)),
        RegionSegmenter(min_size=16, value_range=value_range).fit(at(12, SMALL)),
    ):
        io.save(model, path)
        loaded = io.load(path)
        assert loaded.value_range == model.value_range
        assert getattr(loaded, "value_range_", None) == getattr(model, "value_range_", None)
        for image in (at(12, SMALL), at(12, SMALL) // 3):
            assert np.array_equal(loaded.transform(image), model.transform(image))


def test_model_files_of_versions_without_ranges_mean_the_limits_of_the_type():
    model = io.load(f"{MODELS}/kmeans-0.2.0.dev0.skseg")
    assert model.value_range == "dtype"
    assert np.array_equal(model.predict(at(16)), model.predict(unit(16)))


# Regions


def test_regions_of_bits_are_like_those_of_floats():
    for n_bits in (10, 12, 14):
        bits, floats = (RegionSegmenter().fit_predict(image(n_bits, SMALL)) for image in (at, unit))
        assert np.array_equal(bits, floats)


@cache
def bands_and_regions(n_channels):
    """Bands from 0 to 1 and their regions."""
    photo = np.rint(unit(12, SMALL) * 999) / 999
    bands = np.concatenate([photo, photo[..., ::-1]], axis=-1)[..., :n_channels]
    return bands, RegionSegmenter().fit_predict(bands)


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize(
    "make",
    [
        lambda numbers: (280 + 40 * numbers).astype(np.float32),
        lambda numbers: (280 + 40 * numbers).astype(np.float64),
        lambda numbers: (1000 * numbers).astype(np.float16),
        lambda numbers: np.rint(10000 * numbers).astype(np.int32),
        lambda numbers: (-30 + 40 * numbers).astype(np.float32),
        lambda numbers: np.rint(-3000 + 4000 * numbers).astype(np.int16),
        lambda numbers: np.rint(numbers * 2.0**50).astype(np.int64),
        lambda numbers: np.rint(numbers * 2.0**50).astype(np.uint64),
        lambda numbers: np.rint(numbers * 1e9).astype(np.uint32),
    ],
)
def test_regions_of_every_dtype_and_range(make, n_channels):
    bands, expected = bands_and_regions(n_channels)
    regions = RegionSegmenter().fit_predict(make(bands))
    assert covering(regions, expected) > 0.7  # rounding is noise of its own
    assert abs(int(regions.max()) - int(expected.max())) <= 5


def test_outliers_do_not_flatten_regions():
    expected = RegionSegmenter().fit_predict(at(12))
    for image in (at(12), at(12, dtype=np.int16), unit(12), 280 + 40 * unit(12)):
        hot = image.copy()
        hot[3, 5] = 30000
        assert covering(RegionSegmenter().fit_predict(hot), expected) > 0.75


@pytest.mark.parametrize(
    "image", [np.full((20, 20, 3), 300.0), np.full((20, 20, 1), -7, np.int16), np.full((9, 9, 5), 9000)]
)
def test_a_constant_image_is_one_region(image):
    assert (RegionSegmenter().fit_predict(image) == 0).all()


# What people see


def test_palettes_are_shown_in_their_range():
    whole, eight = (KMeansSegmenter(5, random_state=0).fit(image) for image in (at(12), PHOTO))
    assert np.allclose(whole._model.rgb, eight._model.rgb, atol=0.004)
    assert whole._repr_html_inner().count("#") >= 5


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 7])
def test_displays_show_any_image(n_channels):
    pytest.importorskip("matplotlib").use("agg")
    bands = np.concatenate([at(12)] * 3, axis=-1)[..., :n_channels]
    display = SegmentationDisplay.from_estimator(KMeansSegmenter(4, color_space=None).fit(bands), bands)
    shown = display.axes_[0].get_images()[0].get_array()
    assert shown[..., :3].max() > 0.9  # matplotlib adds alpha
    assert display.colors.max() > 0.4
