"""ColorConverter over all forms of X: units, weights, round trips, names, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose
from skimage.data import astronaut

from skseg import ColorConverter

IMAGE = astronaut()[::32, ::32]
TABLE = IMAGE.reshape(-1, 3)
FLOATS = IMAGE / 255
CHANNELS = {
    "rgb": ["red", "green", "blue"],
    "hsv": ["chroma_cos_hue", "chroma_sin_hue", "value"],
    "hsv-raw": ["hue", "saturation", "value"],
    "lab": ["L", "a", "b"],
    "luv": ["L", "u", "v"],
    "ycbcr": ["Y", "Cb", "Cr"],
    "hed": ["hematoxylin", "eosin", "dab"],
    "oklab": ["L", "a", "b"],
}
INVERTIBLE = [name for name in CHANNELS if name != "hed"]
NEED_UNIT_RANGE = [name for name in CHANNELS if name not in ("rgb", "hsv")]


@pytest.fixture
def half_masked():
    mask = np.zeros(IMAGE.shape, dtype=bool)
    mask[:, ::2] = True
    return np.ma.MaskedArray(IMAGE, mask=mask)


# Conversion


def test_three_channels_are_converted_to_hsv():
    assert np.array_equal(ColorConverter().fit_transform(IMAGE), ColorConverter("hsv").fit_transform(IMAGE))


@pytest.mark.parametrize("n_channels", [1, 2, 4, 5])
def test_auto_leaves_tables_of_other_than_three_channels_as_they_are(n_channels):
    table = np.linspace(-3, 3, 4 * n_channels).reshape(4, n_channels)
    assert np.array_equal(ColorConverter().fit_transform(table), table)


@pytest.mark.parametrize("name", [*CHANNELS, None])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_and_the_same_colors_from_zero_to_one_are_converted_alike(name, dtype):
    largest = np.iinfo(dtype).max
    integers = (FLOATS * largest).astype(dtype)
    converter = ColorConverter(name).fit(integers)
    assert np.array_equal(converter.transform(integers), converter.transform(integers / largest))


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.float32, np.float64])
def test_coordinates_are_float64(dtype):
    assert ColorConverter().fit_transform(np.ones((4, 3), dtype=dtype)).dtype == np.float64


def test_other_integers_are_taken_as_they_are():
    table = np.array([[300, -5, 2]], dtype=np.int32)
    assert np.array_equal(ColorConverter("rgb").fit_transform(table), table)


@pytest.mark.parametrize("name", NEED_UNIT_RANGE)
def test_colors_a_rounding_error_out_of_range_are_converted(name):
    assert np.isfinite(ColorConverter(name).fit_transform([[1 + 1e-7, -1e-7, 0.5]])).all()


# Weights


@pytest.mark.parametrize("name", CHANNELS)
def test_weights_multiply_the_coordinates(name):
    unweighted = ColorConverter(name, channel_weights=None).fit_transform(TABLE)
    for weights in ((1, 0, 2.5), "auto"):
        converter = ColorConverter(name, channel_weights=weights).fit(TABLE)
        assert np.array_equal(converter.transform(TABLE), unweighted * converter.channel_weights_)


def test_weights_apply_without_conversion():
    weights = [1, 2, 3, 4]
    assert ColorConverter(None, channel_weights=weights).fit_transform(np.ones((1, 4))).tolist() == [weights]


@pytest.mark.parametrize(
    "weights",
    [
        "half",
        1.0,
        [1, 1],
        [1, 1, 1, 1],
        [[1, 1, 1]],
        [1, 1, -1],
        [0, 0, 0],
        [1, 1, np.nan],
        [1, 1, np.inf],
        [1, "a", 1],
    ],
    ids=str,
)
def test_weights_that_are_not_one_number_per_channel_are_refused(weights):
    message = r"channel_weights must be 'auto', 'scale', None or 3 finite numbers, .* not all 0; got .* instead"
    with pytest.raises(ValueError, match=message):
        ColorConverter(channel_weights=weights).fit(TABLE)


# Forms of X


@pytest.mark.parametrize("shape", [(256, 3), (16, 16, 3), (2, 8, 16, 3), (2, 2, 4, 16, 3)])
def test_every_shape_holds_the_same_pixels(shape):
    converted = ColorConverter().fit_transform(TABLE.reshape(shape))
    assert converted.shape == shape
    assert np.array_equal(converted.reshape(-1, 3), ColorConverter().fit_transform(TABLE))


def test_a_list_of_images_gives_a_list():
    converter = ColorConverter().fit([IMAGE, IMAGE[:3]])
    first, second = converter.transform([IMAGE, IMAGE[:3]])
    assert np.array_equal(first, converter.transform(IMAGE))
    assert np.array_equal(second, first[:3])


def test_a_masked_image_is_converted_outside_its_mask_and_nan_under_it(half_masked):
    converted = ColorConverter("lab").fit_transform(half_masked)
    mask = half_masked.mask
    assert np.array_equal(converted.mask, mask)
    assert np.isnan(converted.data[mask]).all()
    assert np.array_equal(converted.data[~mask], ColorConverter("lab").fit_transform(IMAGE)[~mask])


@pytest.mark.parametrize("name", [*CHANNELS, None])
def test_an_image_masked_everywhere_stays_so(name, half_masked):
    hidden = np.ma.MaskedArray(IMAGE, mask=True)
    converted = ColorConverter(name).fit(half_masked).transform(hidden)
    assert converted.shape == IMAGE.shape
    assert converted.mask.all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_colors_under_the_mask_are_never_looked_at(value):
    image = np.ma.MaskedArray([[[0.1, 0.2, 0.3], [value, 9.0, -9.0]]], mask=[[[False] * 3, [True] * 3]])
    converted = ColorConverter("lab").fit_transform(image)
    assert np.isfinite(converted.data[0, 0]).all()
    assert np.isnan(converted.data[0, 1]).all()


def test_converting_leaves_x_alone():
    floats = FLOATS.copy()
    converted = ColorConverter(None).fit_transform(floats)
    converted += 1
    assert np.array_equal(floats, FLOATS)


def test_fit_is_not_needed():
    assert np.array_equal(ColorConverter().transform(TABLE), ColorConverter().fit(TABLE).transform(TABLE))


# There and back


@pytest.mark.parametrize("name", [*INVERTIBLE, "auto", None])
@given(image=arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=4).map(lambda shape: (*shape, 3))))
def test_coordinates_go_back_to_colors_from_zero_to_one(name, image):
    converter = ColorConverter(name)
    restored = converter.inverse_transform(converter.fit_transform(image))
    assert restored.shape == image.shape
    assert_allclose(restored, image / 255, rtol=0, atol=1e-5)


@given(table=arrays(np.float64, st.tuples(st.integers(1, 9), st.just(3)), elements=st.floats(-1e3, 1e3)))
def test_any_real_numbers_go_to_hsv_and_back(table):
    converter = ColorConverter("hsv")
    assert_allclose(converter.inverse_transform(converter.fit_transform(table)), table, rtol=0, atol=1e-9)


def test_a_masked_image_goes_there_and_back(half_masked):
    converter = ColorConverter("lab").fit(half_masked)
    restored = converter.inverse_transform(converter.transform(half_masked))
    mask = half_masked.mask
    assert np.array_equal(restored.mask, mask)
    assert_allclose(restored.data[~mask], FLOATS[~mask], rtol=0, atol=1e-5)


def test_a_list_of_images_goes_there_and_back():
    converter = ColorConverter("oklab").fit([IMAGE])
    restored = converter.inverse_transform(converter.transform([IMAGE, IMAGE[:3]]))
    assert [image.shape for image in restored] == [IMAGE.shape, (3, *IMAGE.shape[1:])]
    assert_allclose(restored[1], FLOATS[:3], rtol=0, atol=1e-5)


def test_a_channel_of_weight_zero_cannot_come_back():
    converter = ColorConverter(channel_weights=[1, 1, 0])
    coordinates = converter.fit_transform(TABLE)
    message = r"channel_weights must not contain 0 for inverse_transform; got \[1\.0, 1\.0, 0\.0\]: .* is lost"
    with pytest.raises(ValueError, match=message):
        converter.inverse_transform(coordinates)


# Names and containers


@pytest.mark.parametrize("name", CHANNELS)
def test_features_are_named_after_the_channels_of_the_space(name):
    assert ColorConverter(name).fit(TABLE).get_feature_names_out().tolist() == CHANNELS[name]


def test_channels_keep_their_names_without_conversion(pandas):
    bands = pandas.DataFrame(np.ones((2, 4)), columns=["blue", "green", "red", "infrared"])
    converter = ColorConverter().fit(bands)
    assert converter.get_feature_names_out().tolist() == converter.feature_names_in_.tolist() == list(bands)


def test_a_table_comes_out_as_the_container_asked_for(pandas):
    frame = pandas.DataFrame(TABLE, columns=["red", "green", "blue"], index=np.arange(len(TABLE)) + 7)
    converted = ColorConverter("lab").set_output(transform="pandas").fit_transform(frame)
    assert list(converted) == ["L", "a", "b"]
    assert converted.index.equals(frame.index)


@pytest.mark.usefixtures("pandas")
def test_images_come_out_as_arrays_whatever_the_container():
    converter = ColorConverter().set_output(transform="pandas").fit(IMAGE)
    assert isinstance(converter.transform(IMAGE), np.ndarray)
    assert all(isinstance(image, np.ndarray) for image in converter.transform([IMAGE, IMAGE]))


# Errors


@pytest.mark.parametrize("name", ["HSV", "cmyk", "", 3, ["hsv"]], ids=repr)
def test_an_unknown_color_space_is_refused_and_the_known_ones_listed(name):
    with pytest.raises(ValueError, match=r"color_space must be one of 'auto', .*'direction' or None; got .* instead"):
        ColorConverter(name).fit(TABLE)


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("n_channels", [1, 2, 4])
def test_a_color_space_insists_on_three_channels(name, n_channels):
    message = rf"color_space='{name}' needs 3 channels; got {n_channels} instead.* pixel table .* gray image"
    with pytest.raises(ValueError, match=message):
        ColorConverter(name).fit(np.ones((5, n_channels)))


def test_auto_refuses_to_guess_the_fourth_channel_of_an_image():
    message = r"is ambiguous for an image of 4 channels.*np\.ma\.array\(.*color_space=None"
    with pytest.raises(ValueError, match=message):
        ColorConverter().fit(np.ones((2, 2, 4)))


def test_the_way_to_make_alpha_a_mask_that_the_error_names_works():
    image = np.full((2, 2, 4), 255, dtype=np.uint8)
    image[0, 0, 3] = 0
    as_mask = np.ma.array(image[..., :3], mask=np.repeat(image[..., 3:] == 0, 3, axis=-1))
    assert ColorConverter().fit_transform(as_mask).mask[..., 0].tolist() == [[True, False], [False, False]]


def test_bands_of_an_image_are_kept_when_conversion_is_off():
    bands = np.ones((2, 2, 4))
    assert np.array_equal(ColorConverter(None).fit_transform(bands), bands)


@pytest.mark.parametrize("name", NEED_UNIT_RANGE)
@pytest.mark.parametrize("colors", [[[0.0, 128.0, 255.0]], [[-0.5, 0.0, 1.0]]], ids=["0-255", "negative"])
def test_numbers_out_of_range_are_refused_and_the_way_out_named(name, colors):
    message = (
        rf"color_space='{name}' needs sRGB from 0 to 1, or uint8, or uint16; got the pixels as float64 from .* "
        r"Pass value_range=\(low, high\) with the numbers"
    )
    with pytest.raises(ValueError, match=message):
        ColorConverter(name).fit(np.array(colors))


def test_numbers_out_of_range_are_refused_by_transform_too():
    converter = ColorConverter("lab").fit(FLOATS)
    with pytest.raises(ValueError, match=r"needs sRGB from 0 to 1.* got the pixels as float64 from 0 to 255, beyond"):
        converter.transform(np.array([[0.0, 255.0, 0.0]]))


def test_another_number_of_channels_than_in_fit_is_refused():
    converter = ColorConverter(None).fit(np.ones((5, 4)))
    with pytest.raises(ValueError, match=r"X has 3 features, but ColorConverter is expecting 4 features"):
        converter.transform(TABLE)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_refused(value):
    with pytest.raises(ValueError, match=r"Pixels contain NaN or infinity\. Mask them: np\.ma\.masked_invalid\(X\)"):
        ColorConverter().fit(np.array([[0.0, value, 1.0]]))


def test_nan_in_coordinates_is_refused():
    with pytest.raises(ValueError, match=r"Pixels contain NaN or infinity\. Mask them"):
        ColorConverter().fit(TABLE).inverse_transform(np.array([[0.0, np.nan, 1.0]]))


@pytest.mark.parametrize("n_channels", [1, 3, 5])
@pytest.mark.parametrize("weights", ["scale", None])
def test_coordinates_of_other_channels_are_refused(n_channels, weights):
    converter = ColorConverter(None, channel_weights=weights).fit(np.random.default_rng(0).random((9, 4)))
    with pytest.raises(ValueError, match=f"X has {n_channels} features, but ColorConverter is expecting 4"):
        converter.inverse_transform(np.zeros((5, n_channels)))


def test_an_image_is_read_once_to_check_it_and_once_to_learn_from_it():
    image, reads = np.random.default_rng(0).integers(0, 4096, (20, 30, 3)).astype(np.uint16), []

    class Stored:
        shape, dtype, ndim = image.shape, image.dtype, image.ndim

        def __getitem__(self, place):
            reads.append(place)
            return image[place]

    for params in ({}, {"channel_weights": "scale"}):
        reads.clear()
        converter = ColorConverter("lab", **params).fit(Stored())
        assert len(reads) == 2
        assert np.array_equal(converter.channel_weights_, ColorConverter("lab", **params).fit(image).channel_weights_)


def test_a_converter_that_learns_nothing_needs_no_fit():
    coordinates = ColorConverter("lab").transform(IMAGE / 255)
    assert_allclose(ColorConverter("lab").inverse_transform(coordinates), IMAGE / 255, atol=1e-12)
