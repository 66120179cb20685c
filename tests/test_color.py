"""The color spaces against published values, scikit-image and their own inverses; units, and colors to show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from PIL import Image
from skimage import color
from skimage.data import astronaut

from skseg import ColorConverter, KMeansSegmenter, io

RED, GREEN, BLUE, YELLOW = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)
BLACK, WHITE = (0, 0, 0), (1, 1, 1)
HEIGHT = np.sqrt(3) / 2

in_unit_range = arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(0, 1))
any_real = arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-1e6, 1e6))


@pytest.fixture(scope="module")
def rgb():
    return astronaut()[::8, ::8] / 255


def convert(name, colors):
    """Colors, or one color, in a color space, with the same weight of all channels."""
    table = np.array(colors, dtype=np.float64).reshape(-1, 3)
    return ColorConverter(name, channel_weights=None).fit_transform(table).reshape(np.shape(colors))


def to_cone(colors):
    return convert("hsv", colors)


def invert(name, coordinates):
    return ColorConverter(name, channel_weights=None).fit([BLACK]).inverse_transform(coordinates)


# Published values


@pytest.mark.parametrize(
    ("space", "rgb", "expected", "tolerance"),
    [
        ("rgb", RED, RED, 0),
        ("hsv", RED, (1, 0, 1), 1e-12),
        ("hsv", YELLOW, (1 / 2, HEIGHT, 1), 1e-12),
        ("hsv", GREEN, (-1 / 2, HEIGHT, 1), 1e-12),
        ("hsv", BLUE, (-1 / 2, -HEIGHT, 1), 1e-12),
        ("hsv", WHITE, (0, 0, 1), 0),
        ("hsv", BLACK, (0, 0, 0), 0),
        ("hsv-raw", RED, (0, 1, 1), 0),
        ("hsv-raw", GREEN, (1 / 3, 1, 1), 1e-12),
        ("hsv-raw", BLUE, (2 / 3, 1, 1), 1e-12),
        ("lab", RED, (53.24, 80.09, 67.20), 0.01),
        ("lab", GREEN, (87.73, -86.18, 83.18), 0.01),
        ("lab", BLUE, (32.30, 79.19, -107.86), 0.01),
        ("lab", WHITE, (100, 0, 0), 0.01),
        ("luv", RED, (53.24, 175.01, 37.76), 0.02),
        ("luv", GREEN, (87.73, -83.08, 107.40), 0.02),
        ("luv", BLUE, (32.30, -9.40, -130.34), 0.02),
        ("ycbcr", BLACK, (16, 128, 128), 1e-9),
        ("ycbcr", WHITE, (235, 128, 128), 1e-9),
        ("ycbcr", RED, (81.481, 90.203, 240), 1e-3),
        ("oklab", WHITE, (1, 0, 0), 1e-6),
        ("oklab", BLACK, (0, 0, 0), 0),
        ("oklab", RED, (0.62796, 0.22486, 0.12585), 1e-5),
        ("oklab", GREEN, (0.86644, -0.23389, 0.17950), 1e-5),
        ("oklab", BLUE, (0.45201, -0.03246, -0.31153), 1e-5),
    ],
)
def test_primaries_have_their_published_coordinates(space, rgb, expected, tolerance):
    assert_allclose(convert(space, rgb), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize(
    ("space", "function"),
    [
        ("hsv-raw", color.rgb2hsv),
        ("lab", color.rgb2lab),
        ("luv", color.rgb2luv),
        ("ycbcr", color.rgb2ycbcr),
        ("hed", color.rgb2hed),
    ],
)
def test_spaces_of_scikit_image_are_equal_to_its_own_conversion(space, function, rgb):
    assert np.array_equal(convert(space, rgb), function(rgb))


def test_hsv_cone_is_the_hsv_of_scikit_image_with_hue_as_an_angle(rgb):
    hue, saturation, value = np.moveaxis(color.rgb2hsv(rgb), -1, 0)
    chroma, angle = saturation * value, 2 * np.pi * hue
    expected = np.stack([chroma * np.cos(angle), chroma * np.sin(angle), value], axis=-1)
    assert_allclose(to_cone(rgb), expected, rtol=0, atol=1e-12)


def test_oklab_agrees_with_its_definition_on_cie_xyz(rgb):
    lms_from_xyz = np.array(
        [
            [0.8189330101, 0.3618667424, -0.1288597137],
            [0.0329845436, 0.9293118715, 0.0361456387],
            [0.0482003018, 0.2643662691, 0.6338517070],
        ]
    )
    oklab_from_lms = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    expected = np.cbrt(color.rgb2xyz(rgb) @ lms_from_xyz.T) @ oklab_from_lms.T
    assert_allclose(convert("oklab", rgb), expected, rtol=0, atol=1e-3)


# The HSV cone


@given(rgb=in_unit_range, scale=st.floats(1e-3, 1e3))
def test_scaling_colors_scales_their_cone_coordinates(rgb, scale):
    assert_allclose(to_cone(scale * rgb), scale * to_cone(rgb), rtol=0, atol=1e-9 * scale)


@given(rgb=any_real)
def test_hsv_cone_of_any_real_numbers_goes_there_and_back(rgb):
    assert_allclose(invert("hsv", to_cone(rgb)), rgb, rtol=0, atol=1e-8)


def test_reds_on_both_sides_of_hue_zero_are_neighbors_on_the_cone():
    reds = np.array([[0.9, 0.1, 0.1001], [0.9, 0.1001, 0.1]])
    near, far = to_cone(reds), color.rgb2hsv(reds)
    assert np.linalg.norm(near[0] - near[1]) < 1e-3
    assert np.linalg.norm(far[0] - far[1]) > 0.9


def test_noise_in_dark_pixels_hardly_moves_them_on_the_cone():
    dark = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]) / 255
    assert np.ptp(to_cone(dark), axis=0).max() < 0.01


@pytest.mark.parametrize("gray", [-2.0, 0.0, 0.3, 1.0, 7.0])
def test_grays_lie_on_the_axis_of_the_cone(gray):
    assert np.array_equal(to_cone(np.full(3, gray)), [0, 0, gray])


# OKLab


@pytest.mark.parametrize("gray", [0.0, 0.02, 0.04045, 0.5, 1.0])
def test_grays_have_no_chroma_in_oklab(gray):
    assert_allclose(convert("oklab", np.full(3, gray))[1:], 0, rtol=0, atol=1e-6)


def test_oklab_colors_that_srgb_cannot_show_are_clipped_to_it():
    vivid = np.array([[0.9, 0.4, 0.0], [0.9, -0.4, 0.0], [0.1, 0.0, -0.4], [1.2, 0.0, 0.0], [-0.2, 0.0, 0.0]])
    shown = invert("oklab", vivid)
    assert shown.min() >= 0
    assert shown.max() <= 1 + 1e-12


@given(stains=arrays(np.float64, (10, 3), elements=st.floats(0, 0.2)))
def test_every_mixture_of_stains_goes_to_rgb_and_back(stains):
    rgb = invert("hed", stains).clip(0, 1)
    assert_allclose(convert("hed", rgb), stains, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "lightness"),
    [
        ("hsv", "value"),
        ("lab", "L"),
        ("luv", "L"),
        ("ycbcr", "Y"),
        ("oklab", "L"),
        ("rgb", None),
        ("hsv-raw", None),
        ("hed", None),
    ],
)
def test_only_lightness_counts_less_than_the_other_channels(name, lightness):
    converter = ColorConverter(name).fit([BLACK])
    least = 0.4 if name == "oklab" else 0.5
    expected = [least if channel == lightness else 1.0 for channel in converter.get_feature_names_out()]
    assert converter.channel_weights_.tolist() == expected
    assert (min(expected) < 1) == (lightness is not None)


# Units


@pytest.mark.parametrize(
    ("dtype", "scale"),
    [
        (np.uint8, 255),
        (np.uint16, 65535),
        (">u2", 65535),
        (np.uint32, 1),
        (np.int8, 1),
        (np.int16, 1),
        (np.int64, 1),
        (np.float32, 1),
        (np.float64, 1),
        (np.bool_, 1),
    ],
)
def test_only_8_bit_and_16_bit_unsigned_integers_are_scaled(dtype, scale):
    numbers = np.array([[0, 0, 0], [1, 1, 0]], dtype=dtype) * np.dtype(dtype).type(min(scale, 99))
    converter = ColorConverter("rgb", value_range="dtype")
    assert converter.fit_transform(numbers).tolist() == (numbers.astype(np.float64) / scale).tolist()


def test_hex_codes_are_of_the_nearest_color_that_a_screen_has():
    model = KMeansSegmenter(1, color_space=None).fit([[[0.31, 0.5, 0.69]]])
    assert "#4f80b0" in model._repr_html_()


# Colors to show


@pytest.fixture
def shown(tmp_path):
    """A function that gives the colors of 8 bits that labels are shown in, (n_labels, 3)."""

    def show(colors):
        io.save_labels(np.arange(len(colors))[np.newaxis], tmp_path / "map.png", colors=colors)
        with Image.open(tmp_path / "map.png") as file:
            return np.asarray(file.convert("RGB"))[0]

    return show


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_gray_and_rgb_within_their_range_are_shown_as_they_are(dtype, shown):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 3)) * (257 if dtype == np.uint16 else 1)
    colors = (rgb / 255).astype(dtype) if np.dtype(dtype).kind == "f" else rgb.astype(dtype)
    expected = rgb // (257 if dtype == np.uint16 else 1)
    assert np.array_equal(shown(colors), expected)
    assert np.array_equal(shown(colors[:, :1]), np.repeat(expected[:, :1], 3, axis=1))


@pytest.mark.parametrize("colors", [np.array([[280.5], [300.0], [310.5]]), np.int16([[-900], [-300], [300]])])
def test_numbers_beyond_the_range_of_colors_are_stretched_to_it(colors, shown):
    expected = np.rint(255 * (colors - float(colors.min())) / np.ptp(colors.astype(float)))
    assert np.array_equal(shown(colors), np.repeat(expected, 3, axis=1))


def test_colors_a_rounding_error_out_of_range_are_not_stretched(shown):
    assert shown(np.array([[-1e-7], [0.5], [1 + 1e-7]]))[1].tolist() == [128] * 3
    assert shown(np.array([[-0.1], [0.5], [1.9]]))[1].tolist() == [76] * 3


def test_a_single_number_beyond_the_range_is_black(shown):
    assert shown(np.array([[500, 500, 500]])).tolist() == [[0, 0, 0]]


def test_the_first_three_bands_are_shown_as_red_green_and_blue(shown):
    bands = np.uint16([[9, 9, 9, 9], [1, 2, 3, 4], [5, 5, 5, 50_000]])
    assert np.array_equal(shown(bands), [[255, 255, 255], [0, 32, 64], [127, 127, 127]])


def test_two_bands_are_shown_as_red_and_cyan(shown):
    assert np.array_equal(shown(np.int32([[-5, 0], [5, 5]])), [[0, 127, 127], [255, 255, 255]])


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_a_label_map_without_labels_needs_no_colors(n_channels, tmp_path):
    io.save_labels([[-1, -1]], tmp_path / "map.png", colors=np.zeros((0, n_channels)))
    with Image.open(tmp_path / "map.png") as file:
        assert np.asarray(file.convert("RGBA"))[..., 3].tolist() == [[0, 0]]
