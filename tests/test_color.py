"""The color spaces against published values, scikit-image and their own inverses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from skimage import color
from skimage.data import astronaut

from skseg._color import display_colors, hex_code, is_unit_range, to_unit, unit_scale
from skseg._color.spaces import COLOR_SPACES, hsv_cone_to_rgb, oklab_to_rgb, rgb_to_hsv_cone, rgb_to_oklab

RED, GREEN, BLUE, YELLOW = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)
BLACK, WHITE = (0, 0, 0), (1, 1, 1)
HEIGHT = np.sqrt(3) / 2

in_unit_range = arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(0, 1))
any_real = arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=st.floats(-1e6, 1e6))


@pytest.fixture(scope="module")
def rgb():
    return astronaut()[::8, ::8] / 255


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
    converted = COLOR_SPACES[space].from_rgb(np.array(rgb, dtype=np.float64))
    assert_allclose(converted, expected, rtol=0, atol=tolerance)


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
    assert np.array_equal(COLOR_SPACES[space].from_rgb(rgb), function(rgb))


def test_hsv_cone_is_the_hsv_of_scikit_image_with_hue_as_an_angle(rgb):
    hue, saturation, value = np.moveaxis(color.rgb2hsv(rgb), -1, 0)
    chroma, angle = saturation * value, 2 * np.pi * hue
    expected = np.stack([chroma * np.cos(angle), chroma * np.sin(angle), value], axis=-1)
    assert_allclose(rgb_to_hsv_cone(rgb), expected, rtol=0, atol=1e-12)


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
    assert_allclose(rgb_to_oklab(rgb), expected, rtol=0, atol=1e-3)


# The HSV cone


@given(rgb=in_unit_range, scale=st.floats(1e-3, 1e3))
def test_scaling_colors_scales_their_cone_coordinates(rgb, scale):
    assert_allclose(rgb_to_hsv_cone(scale * rgb), scale * rgb_to_hsv_cone(rgb), rtol=0, atol=1e-9 * scale)


@given(rgb=any_real)
def test_hsv_cone_of_any_real_numbers_goes_there_and_back(rgb):
    assert_allclose(hsv_cone_to_rgb(rgb_to_hsv_cone(rgb)), rgb, rtol=0, atol=1e-8)


def test_reds_on_both_sides_of_hue_zero_are_neighbors_on_the_cone():
    reds = np.array([[0.9, 0.1, 0.1001], [0.9, 0.1001, 0.1]])
    near, far = rgb_to_hsv_cone(reds), color.rgb2hsv(reds)
    assert np.linalg.norm(near[0] - near[1]) < 1e-3
    assert np.linalg.norm(far[0] - far[1]) > 0.9


def test_noise_in_dark_pixels_hardly_moves_them_on_the_cone():
    dark = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]]) / 255
    assert np.ptp(rgb_to_hsv_cone(dark), axis=0).max() < 0.01


@pytest.mark.parametrize("gray", [-2.0, 0.0, 0.3, 1.0, 7.0])
def test_grays_lie_on_the_axis_of_the_cone(gray):
    assert np.array_equal(rgb_to_hsv_cone(np.full(3, gray)), [0, 0, gray])


# OKLab


@pytest.mark.parametrize("gray", [0.0, 0.02, 0.04045, 0.5, 1.0])
def test_grays_have_no_chroma_in_oklab(gray):
    assert_allclose(rgb_to_oklab(np.full(3, gray))[1:], 0, rtol=0, atol=1e-6)


def test_oklab_colors_that_srgb_cannot_show_are_clipped_to_it():
    vivid = np.array([[0.9, 0.4, 0.0], [0.9, -0.4, 0.0], [0.1, 0.0, -0.4], [1.2, 0.0, 0.0], [-0.2, 0.0, 0.0]])
    shown = oklab_to_rgb(vivid)
    assert shown.min() >= 0
    assert shown.max() <= 1 + 1e-12


# The table


@pytest.mark.parametrize("name", [name for name in COLOR_SPACES if name != "hed"])
@given(rgb=in_unit_range)
def test_every_color_goes_to_its_space_and_back(name, rgb):
    space = COLOR_SPACES[name]
    assert_allclose(space.to_rgb(space.from_rgb(rgb)), rgb, rtol=0, atol=1e-5)


@given(stains=arrays(np.float64, (10, 3), elements=st.floats(0, 0.2)))
def test_every_mixture_of_stains_goes_to_rgb_and_back(stains):
    space = COLOR_SPACES["hed"]
    assert_allclose(space.from_rgb(space.to_rgb(stains)), stains, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", COLOR_SPACES)
@pytest.mark.parametrize("shape", [(3,), (5, 3), (4, 5, 3), (2, 4, 5, 3)])
def test_conversions_keep_the_shape(name, shape):
    space = COLOR_SPACES[name]
    converted = space.from_rgb(np.full(shape, 0.4))
    assert converted.shape == space.to_rgb(converted).shape == shape


@pytest.mark.parametrize("name", COLOR_SPACES)
def test_conversions_leave_their_argument_alone(name, rgb):
    before = rgb.copy()
    converted = COLOR_SPACES[name].from_rgb(rgb)
    COLOR_SPACES[name].to_rgb(converted)
    assert np.array_equal(rgb, before)
    assert not np.shares_memory(converted, rgb)


@pytest.mark.parametrize("name", [name for name, space in COLOR_SPACES.items() if not space.unit_range])
@given(rgb=any_real)
def test_spaces_without_a_range_take_all_real_numbers(name, rgb):
    assert np.isfinite(COLOR_SPACES[name].from_rgb(rgb)).all()


@pytest.mark.parametrize(
    ("name", "lightness"), [("hsv", "value"), ("lab", "L"), ("luv", "L"), ("ycbcr", "Y"), ("oklab", "L")]
)
def test_only_lightness_counts_less_than_the_other_channels(name, lightness):
    space = COLOR_SPACES[name]
    expected = 0.4 if name == "oklab" else 0.5
    assert dict(zip(space.channels, space.weights, strict=True)) == {
        channel: expected if channel == lightness else 1.0 for channel in space.channels
    }


@pytest.mark.parametrize("name", ["rgb", "hsv-raw", "hed"])
def test_spaces_without_a_lightness_weigh_all_channels_fully(name):
    assert COLOR_SPACES[name].weights == (1.0, 1.0, 1.0)


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
    assert unit_scale(np.dtype(dtype)) == scale


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_largest_integer_becomes_one(dtype):
    largest = np.array([[0, np.iinfo(dtype).max]], dtype=dtype)
    assert to_unit(largest).tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.uint16, np.int16, np.float32, np.float64])
def test_unit_colors_are_float64(dtype):
    assert to_unit(np.ones((2, 3), dtype=dtype)).dtype == np.float64


@pytest.mark.parametrize(
    ("colors", "inside"),
    [
        (np.array([0.0, 1.0]), True),
        (np.array([-1e-7, 1 + 1e-7]), True),
        (np.array([0.0, 1.01]), False),
        (np.array([-0.01, 1.0]), False),
        (np.array([0, 255], dtype=np.uint8), True),
        (np.array([0, 65535], dtype=np.uint16), True),
        (np.array([0, 255], dtype=np.int16), False),
        (np.array([False, True]), True),
    ],
)
def test_unit_range_allows_for_rounding_and_for_scaled_integers(colors, inside):
    assert is_unit_range(colors) is inside


def test_hex_codes_are_of_the_nearest_color_that_a_screen_has():
    assert hex_code(np.array([-0.2, 0.5, 1.7])) == "#0080ff"


# Colors to show


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_gray_and_rgb_within_their_range_are_shown_as_they_are(dtype):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 3)) * (257 if dtype == np.uint16 else 1)
    colors = (rgb / 255).astype(dtype) if np.dtype(dtype).kind == "f" else rgb.astype(dtype)
    assert np.allclose(display_colors(colors), to_unit(colors))
    assert np.allclose(display_colors(colors[:, :1]), np.repeat(to_unit(colors[:, :1]), 3, axis=1))


@pytest.mark.parametrize("colors", [np.array([[280.5], [300.0], [310.5]]), np.int16([[-900], [-300], [300]])])
def test_numbers_beyond_the_range_of_colors_are_stretched_to_it(colors):
    expected = (colors - colors.min()) / np.ptp(colors.astype(float))
    assert np.allclose(display_colors(colors), np.repeat(expected, 3, axis=1))


def test_a_single_number_beyond_the_range_is_black():
    assert np.array_equal(display_colors(np.array([[500, 500, 500]])), np.zeros((1, 3)))


def test_bands_are_shown_as_grays_in_the_order_of_their_means():
    bands = np.uint16([[9, 9, 9, 9], [1, 2, 3, 4], [5, 5, 5, 50_000]])
    assert np.array_equal(display_colors(bands), np.repeat([[0.5], [0.0], [1.0]], 3, axis=1))


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_no_colors_are_shown_as_none(n_channels):
    assert display_colors(np.zeros((0, n_channels))).shape == (0, 3)
