"""From every form of X to one census, and which numbers may not be counted or compared together."""

import numpy as np
import pytest
from skimage.data import coffee

from skseg import _counting
from skseg._census import count, merge
from skseg._checks import cast_if_exact, check_comparable, check_same_kind
from skseg._counting import count_images, read_rows
from skseg._images import Pixels, open_images

IMAGE = coffee()[::20, ::20]
TABLE = IMAGE.reshape(-1, 3)
HIDDEN = np.zeros(IMAGE.shape[:2], dtype=bool)
HIDDEN[::2] = True


def masked(image, mask):
    return np.ma.MaskedArray(image, mask=np.repeat(mask[..., np.newaxis], image.shape[-1], axis=-1))


def census_of(X, sample_weight=None, color_space="auto", n_jobs=None):
    return count_images(open_images(X), color_space, sample_weight, n_jobs=n_jobs)


def numbers_of(colors):
    """What `check_comparable` looks at of colors that were fitted."""
    return colors.dtype, (float(colors.min()), float(colors.max()))


def assert_equal(census, expected):
    assert np.array_equal(census.colors, expected.colors)
    assert np.array_equal(census.weights, expected.weights)


# Forms of X


@pytest.mark.parametrize(
    "X",
    [TABLE, IMAGE, IMAGE.reshape(2, 10, 30, 3), [IMAGE], [IMAGE[:7], IMAGE[7:]], (IMAGE[:, 9:], IMAGE[:, :9])],
    ids=["table", "image", "stack", "list of one", "list", "tuple"],
)
def test_every_form_of_the_same_pixels_has_the_same_census(X):
    assert_equal(census_of(X), count(TABLE))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_number_of_jobs_does_not_matter(n_jobs):
    assert_equal(census_of(list(IMAGE[:, np.newaxis]), n_jobs=n_jobs), count(TABLE))


def test_censuses_that_wait_are_merged_before_they_grow_too_many(lower, monkeypatch):
    merged = []
    lower(waiting_colors=100)
    monkeypatch.setattr(_counting, "merge", lambda parts, **bound: merged.append(len(parts)) or merge(parts, **bound))
    assert_equal(census_of(list(IMAGE[:, np.newaxis])), count(TABLE))
    assert len([n_parts for n_parts in merged if n_parts > 1]) > 2


def test_numbers_in_lists_are_counted():
    assert_equal(census_of(TABLE.tolist()), count(TABLE.astype(np.int64)))


@pytest.mark.parametrize("dtype", [">u2", ">f4", ">f8"])
def test_foreign_byte_order_is_counted_alike(dtype):
    census = census_of(TABLE.astype(dtype))
    assert census.colors.dtype.isnative
    assert_equal(census, count(TABLE.astype(np.dtype(dtype).newbyteorder("="))))


# Masks and weights


def test_masked_pixels_take_no_part():
    assert_equal(census_of(masked(IMAGE, HIDDEN)), count(IMAGE[~HIDDEN]))


def test_weights_of_zero_are_a_mask():
    assert_equal(census_of(IMAGE, sample_weight=1.0 - HIDDEN), census_of(masked(IMAGE, HIDDEN)))


def test_weights_of_an_image_are_those_of_its_table():
    weights = np.arange(HIDDEN.size) % 4
    assert_equal(census_of(IMAGE, sample_weight=weights.reshape(HIDDEN.shape)), count(TABLE, weights.astype(float)))


def test_weights_under_the_mask_do_not_count():
    weights = np.where(HIDDEN, 7.0, 2.0)
    assert_equal(census_of(masked(IMAGE, HIDDEN), sample_weight=weights), count(np.repeat(IMAGE[~HIDDEN], 2, axis=0)))


def test_each_image_of_a_list_has_its_own_weights():
    weights = [np.full((7, 30), 2.0), np.full((13, 30), 3.0)]
    expected = count(np.concatenate([np.repeat(IMAGE[:7].reshape(-1, 3), 2, axis=0)] + 3 * [IMAGE[7:].reshape(-1, 3)]))
    assert_equal(census_of([IMAGE[:7], IMAGE[7:]], sample_weight=weights), expected)


@pytest.mark.parametrize("position", [0, 1])
def test_an_image_masked_everywhere_adds_nothing_to_a_list(position):
    images = [IMAGE]
    images.insert(position, np.ma.MaskedArray(IMAGE, mask=True))
    assert_equal(census_of(images), count(TABLE))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_under_the_mask_are_no_error(value):
    image = IMAGE.astype(float)
    image[HIDDEN] = value
    assert_equal(census_of(np.ma.masked_invalid(image)), count(IMAGE[~HIDDEN].astype(float)))


# Errors about X


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused_and_the_way_out_named(value):
    with pytest.raises(ValueError, match=r"Pixels contain NaN or infinity\. Mask them: np\.ma\.masked_invalid\(X\)"):
        census_of(np.array([[0.0, value]]))


def test_the_image_of_a_list_that_has_nan_is_named():
    with pytest.raises(ValueError, match=r"^X\[1\]: Pixels contain NaN"):
        census_of([np.zeros((2, 2, 3)), np.full((2, 2, 3), np.nan)])


@pytest.mark.parametrize(
    "X",
    [np.ma.MaskedArray(IMAGE, mask=True), [np.ma.MaskedArray(IMAGE, mask=True), np.ma.MaskedArray(TABLE, mask=True)]],
    ids=["image", "list"],
)
def test_at_least_one_pixel_must_be_unmasked(X):
    with pytest.raises(ValueError, match=r"All pixels are masked; at least one pixel must take part"):
        census_of(X)


@pytest.mark.parametrize(("X", "weights"), [(IMAGE, 0.0 * HIDDEN), (masked(IMAGE, HIDDEN), 1.0 * HIDDEN)])
def test_at_least_one_pixel_must_have_weight(X, weights):
    with pytest.raises(ValueError, match=r"sample_weight is zero at all unmasked pixels; at least one pixel must take"):
        census_of(X, sample_weight=weights)


def test_weights_must_have_the_shape_of_the_pixels():
    with pytest.raises(ValueError, match=r"sample_weight must have X's pixel shape \(20, 30\); got \(600,\) instead"):
        census_of(IMAGE, sample_weight=np.ones(600))


def test_weights_of_a_table_are_a_column():
    with pytest.raises(ValueError, match=r"sample_weight must have X's pixel shape \(600,\); got \(20, 30\) instead"):
        census_of(TABLE, sample_weight=np.ones((20, 30)))


def test_every_image_of_a_list_needs_weights():
    with pytest.raises(ValueError, match=r"sample_weight must hold one array per image; got 1 for 2 images"):
        census_of([IMAGE, IMAGE], sample_weight=[np.ones((20, 30))])


def test_an_image_of_a_list_with_other_channels_is_named():
    with pytest.raises(ValueError, match=r"X\[1\]: Pixels have 1 channel, but earlier images have 3"):
        census_of([IMAGE, IMAGE[..., :1]])


def test_an_image_of_a_list_in_other_units_is_named():
    with pytest.raises(ValueError, match=r"X\[2\]: Pixels are float64, but earlier images are uint8, whose numbers"):
        census_of([IMAGE, IMAGE, IMAGE / 255])


def test_a_fourth_channel_is_not_guessed_under_auto():
    with pytest.raises(ValueError, match=r"is ambiguous for an image of 4 channels"):
        census_of(np.ones((2, 2, 4)))


def test_a_fourth_channel_counts_when_conversion_is_off():
    assert census_of(np.ones((2, 2, 4)), color_space=None).weights.tolist() == [4.0]


@pytest.mark.parametrize("X", [np.arange(3.0), 5.0, np.float64(1)], ids=["one dimension", "number", "scalar"])
def test_fewer_than_two_dimensions_are_no_table(X):
    with pytest.raises(ValueError, match="Expected 2D array, got"):
        census_of(X)


@pytest.mark.parametrize("X", [np.empty((0, 3)), np.empty((0, 4, 3)), []], ids=["table", "image", "list"])
def test_x_without_pixels_is_refused(X):
    with pytest.raises(ValueError, match=r"Found array with 0 sample|empty list"):
        census_of(X)


def test_complex_numbers_are_no_colors():
    with pytest.raises(ValueError, match="Complex data not supported"):
        census_of(np.ones((2, 2, 3), dtype=complex))


def test_rows_come_with_the_image_that_they_were_taken_from():
    pixels = Pixels(IMAGE)
    assert np.array_equal(pixels.restore(read_rows(pixels, "auto"), 0), IMAGE)


# What goes together


@pytest.mark.parametrize(
    ("first", "second"),
    [(np.uint8, np.uint8), (np.float32, np.float64), (np.int16, np.float64), (np.bool_, np.int64), ("u2", ">u2")],
)
def test_numbers_of_the_same_units_are_of_a_kind(first, second):
    check_same_kind(np.ones((1, 3), dtype=first), np.ones((5, 3), dtype=second))


@pytest.mark.parametrize(
    ("first", "second"), [(np.uint8, np.uint16), (np.uint16, np.float64), (np.int16, np.uint8), (np.bool_, np.uint8)]
)
def test_numbers_of_other_units_are_not_of_a_kind(first, second):
    first, second = np.dtype(first), np.dtype(second)
    message = rf"Pixels are {first}, but earlier images are {second}, .* Give all images the same dtype"
    with pytest.raises(ValueError, match=message):
        check_same_kind(np.ones((1, 3), dtype=first), np.ones((5, 3), dtype=second))


@pytest.mark.parametrize(
    ("colors", "fitted"),
    [
        (np.array([[0, 255]], dtype=np.uint8), np.array([[0.0, 1.0]])),
        (np.array([[0.0, 1.0]]), np.array([[0, 255]], dtype=np.uint8)),
        (np.array([[0, 9]], dtype=np.uint8), np.array([[0, 9]], dtype=np.uint16)),
        (np.array([[-5.0, 700.0]]), np.array([[3, 4]])),
        (np.empty((0, 2)), np.array([[0, 255]], dtype=np.uint8)),
    ],
    ids=["uint8 to floats", "floats to uint8", "both scaled", "both plain", "no pixels"],
)
def test_numbers_that_can_mean_the_same_colors_are_comparable(colors, fitted):
    check_comparable(colors, *numbers_of(fitted))


@pytest.mark.parametrize(
    ("colors", "fitted", "plain"),
    [
        (np.array([[0.0, 255.0]]), np.array([[0, 255]], dtype=np.uint8), "float64"),
        (np.array([[0, 255]], dtype=np.uint8), np.array([[0, 255]], dtype=np.int16), "int16"),
    ],
    ids=["X is plain", "fit was plain"],
)
def test_plain_numbers_beyond_one_are_not_comparable_with_scaled_integers(colors, fitted, plain):
    message = (
        rf"Pixels are {colors.dtype}, but fit has seen {fitted.dtype}: .* the {plain} numbers must lie there too; "
        r"got 0 to 255 instead\. Give the pixels the dtype and range that fit has seen"
    )
    with pytest.raises(ValueError, match=message):
        check_comparable(colors, *numbers_of(fitted))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_numbers_without_a_dtype_take_the_one_that_holds_them(dtype):
    cast = cast_if_exact(np.array([[0, 128, 255]]), np.dtype(dtype))
    assert cast.dtype == dtype
    assert cast.tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("number", [256, -1, 0.5, 1e300])
def test_numbers_that_a_dtype_cannot_hold_stay_as_they_are(number):
    rows = np.array([[number]])
    assert cast_if_exact(rows, np.dtype(np.uint8)) is rows


def test_the_range_that_came_is_told_as_it_is():
    with pytest.raises(ValueError, match=r"got 20\.5 to 255 instead"):
        check_comparable(np.array([[20.5, 255.0]]), *numbers_of(np.array([[0, 255]], dtype=np.uint8)))
