"""The census against a plain counter of rows: any dtype, any number of channels, any order."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, from_dtype

from skseg._census import Census, count, map_colors, mean_colors, merge
from skseg._census import census as counting
from skseg._census.order import lexicographic_order

DTYPES = [np.bool_, np.uint8, np.int16, np.uint16, np.int64, np.float32, np.float64]

few_examples = settings(max_examples=60, deadline=None)


def palettes(dtype, n_channels):
    finite = from_dtype(np.dtype(dtype), allow_nan=False, allow_infinity=False)
    return arrays(dtype, st.tuples(st.integers(1, 6), st.just(n_channels)), elements=finite)


@st.composite
def pixel_rows(draw, min_pixels=0):
    """Rows of few distinct colors, so that colors repeat."""
    palette = draw(palettes(draw(st.sampled_from(DTYPES)), draw(st.integers(1, 5))))
    picks = draw(st.lists(st.integers(0, len(palette) - 1), min_size=min_pixels, max_size=30))
    return palette[picks]


@st.composite
def rows_and_weights(draw):
    rows = draw(pixel_rows())
    weights = draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    return rows, np.array(weights, dtype=np.float64)


def counter_of(rows):
    return Counter(tuple(row) for row in rows.tolist())


def as_counter(census):
    return Counter(dict(zip(map(tuple, census.colors.tolist()), census.weights.tolist(), strict=True)))


def assert_equal(census, expected):
    assert census.colors.dtype == expected.colors.dtype
    assert np.array_equal(census.colors, expected.colors)
    assert np.array_equal(census.weights, expected.weights)


def noise(n_pixels, n_channels=3, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, size=(n_pixels, n_channels)).astype(dtype)


# Counting


@given(rows=pixel_rows())
@few_examples
def test_census_is_the_counter_of_rows(rows):
    census = count(rows)
    assert as_counter(census) == counter_of(rows)
    assert len(census.colors) == len(counter_of(rows))


@given(rows=pixel_rows())
@few_examples
def test_census_keeps_the_dtype_and_channels_of_the_pixels(rows):
    census = count(rows)
    assert census.colors.dtype == rows.dtype
    assert census.colors.shape == (len(census.weights), rows.shape[1])
    assert census.weights.dtype == np.float64


@given(rows=pixel_rows())
@few_examples
def test_colors_are_sorted_by_the_last_channel_first(rows):
    reversed_channels = [tuple(reversed(color)) for color in count(rows).colors.tolist()]
    assert reversed_channels == sorted(reversed_channels)


@given(data=st.data(), rows=pixel_rows())
@few_examples
def test_order_of_the_pixels_does_not_matter(data, rows):
    permutation = np.array(data.draw(st.permutations(range(len(rows)))), dtype=np.intp)
    assert_equal(count(rows[permutation]), count(rows))


@given(rows_weights=rows_and_weights())
@few_examples
def test_weighting_a_pixel_is_repeating_it(rows_weights):
    rows, weights = rows_weights
    assert_equal(count(rows, weights), count(np.repeat(rows, weights.astype(int), axis=0)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_fractions_of_weights_add_up(dtype):
    rows = np.array([[1, 2, 3], [4, 5, 6], [1, 2, 3]], dtype=dtype)
    census = count(rows, np.array([0.25, 2.0, 0.5]))
    assert census.weights.tolist() == [0.75, 2.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_negative_zero_equals_zero(dtype):
    rows = np.array([[0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0]], dtype=dtype)
    census = count(rows)
    assert census.weights.tolist() == [3.0]
    assert not np.signbit(census.colors).any()


@pytest.mark.parametrize("n_pixels", [1, 2, 5])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.bool_])
def test_rows_that_are_not_contiguous_are_counted_alike(n_pixels, n_channels, dtype):
    wide = noise(n_pixels, n_channels + 2, dtype)
    view = wide[:, 1:-1]
    assert_equal(count(view), count(view.copy()))


def test_rows_that_cannot_be_written_are_counted_alike():
    rows = noise(50)
    frozen = rows.copy()
    frozen.flags.writeable = False
    assert_equal(count(frozen), count(rows))


@pytest.mark.parametrize("n_pixels", [1 << 15, 1 << 18, (1 << 18) + 1])
def test_large_and_small_pictures_are_counted_by_the_same_rule(n_pixels):
    rows = noise(n_pixels)
    weighted = count(rows, np.ones(n_pixels))
    plain = count(rows.astype(np.int16))
    assert_equal(count(rows), weighted)
    assert np.array_equal(weighted.colors, plain.colors)
    assert np.array_equal(weighted.weights, plain.weights)


@pytest.mark.parametrize("n_pixels", [1 << 10, (1 << 18) + 1])
def test_weights_are_fractions_in_pictures_of_every_size(n_pixels):
    rows = noise(n_pixels) // 50
    weights = np.random.default_rng(0).integers(1, 100, n_pixels) / 64
    weighted, plain = count(rows, weights), count(rows.astype(np.int16), weights)
    assert np.array_equal(weighted.colors, plain.colors)
    assert np.array_equal(weighted.weights, plain.weights)


@pytest.mark.parametrize("weights", [None, np.empty(0)], ids=["counted", "weighted"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_pixels_have_no_colors(dtype, weights):
    census = count(np.empty((0, 3), dtype=dtype), weights)
    assert census.colors.shape == (0, 3)
    assert census.weights.shape == (0,)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pixels_of_weight_zero_have_no_colors(dtype):
    census = count(np.ones((4, 3), dtype=dtype), np.zeros(4))
    assert census.colors.shape == (0, 3)
    assert census.weights.shape == (0,)


def test_counting_leaves_its_arguments_alone():
    rows, weights = np.array([[-0.0, 1.0], [2.0, 3.0]]), np.array([1.0, 0.0])
    count(rows, weights)
    assert np.signbit(rows[0, 0])
    assert weights.tolist() == [1.0, 0.0]


# Adding


@given(data=st.data(), rows=pixel_rows(min_pixels=1))
@few_examples
def test_censuses_of_parts_add_up_to_the_census_of_the_whole(data, rows):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    parts = [count(part) for part in np.split(rows, cuts)]
    assert_equal(merge(parts), count(rows))


@given(rows=pixel_rows(min_pixels=3))
@few_examples
def test_grouping_and_order_of_the_parts_do_not_matter(rows):
    first, second, third = (count(rows[part::3]) for part in range(3))
    assert_equal(merge([first, merge([second, third])]), merge([merge([third, first]), second]))


def test_one_census_alone_is_itself():
    census = count(noise(10))
    assert merge([census]) is census


# Looking up


def of_each_row(colors):
    return colors.max(axis=1)


def two_of_each_row(colors):
    return np.stack([colors[:, -1], colors.max(axis=1)], axis=1).astype(np.float64)


@pytest.mark.parametrize("function", [of_each_row, two_of_each_row])
@given(rows=pixel_rows())
@few_examples
def test_mapping_colors_is_applying_the_function_to_every_row(function, rows):
    mapped, expected = map_colors(function, rows), function(rows)
    assert mapped.dtype == expected.dtype
    assert np.array_equal(mapped, expected)


@pytest.mark.parametrize("function", [of_each_row, two_of_each_row])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_mapping_the_colors_of_a_large_picture_is_applying_the_function_to_every_row(function, dtype):
    rows = noise((1 << 18) + 3, dtype=dtype)
    assert np.array_equal(map_colors(function, rows), function(rows))


def test_each_8_bit_color_is_worked_out_once():
    rows = np.repeat(noise(20), 5, axis=0)
    seen = []
    map_colors(lambda colors: seen.extend(colors.tolist()) or of_each_row(colors), rows)
    assert Counter(map(tuple, seen)) == Counter(set(counter_of(rows)))


# Averaging


@given(rows_weights=rows_and_weights(), n_labels=st.integers(1, 3))
@few_examples
def test_mean_colors_are_weighted_averages(rows_weights, n_labels):
    rows, weights = rows_weights
    rows = np.clip(rows.astype(np.float64), -1e6, 1e6)
    census = count(rows, weights)
    if len(census.colors) < n_labels:
        return
    labels = np.arange(len(census.colors)) % n_labels
    expected = [
        np.average(census.colors[labels == label], axis=0, weights=census.weights[labels == label])
        for label in range(n_labels)
    ]
    assert np.allclose(mean_colors(census, labels), expected, rtol=1e-9, atol=1e-6)


@given(rows=pixel_rows(min_pixels=1))
@few_examples
def test_mean_of_one_color_is_exactly_that_color(rows):
    census = count(rows, np.full(len(rows), 0.1))
    means = mean_colors(census, np.arange(len(census.colors)))
    assert np.array_equal(means, census.colors.astype(np.float64))


def test_mean_of_unsigned_integers_does_not_wrap_around():
    census = Census(np.array([[250], [10]], dtype=np.uint8), np.array([1.0, 3.0]))
    assert mean_colors(census, np.array([0, 0])).tolist() == [[70.0]]


# The order of wide data


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "f2", "i4", "u4", "f4", "i8", "f8", "g"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 7, 33])
@pytest.mark.parametrize("n_values", [2, 150])
def test_the_order_is_that_of_lexsort(dtype, n_channels, n_values):
    rng = np.random.default_rng(0)
    numbers = rng.integers(n_values, size=(2000, n_channels)) - (0 if dtype.startswith("u") else n_values // 2)
    rows = (numbers / 3 if dtype in ("f2", "f4", "f8", "g") else numbers).astype(dtype) + np.dtype(dtype).type(0)
    assert np.array_equal(lexicographic_order(rows), np.lexsort(rows.T))


@pytest.mark.parametrize("n_channels", [1, 2])
def test_integers_that_differ_in_one_bit_are_told_apart(n_channels):
    numbers = np.array([0, *(1 << np.arange(63)), *(3 << np.arange(61)), *(-1 << np.arange(63))])
    rows = np.random.default_rng(0).permutation(np.repeat(numbers, 3))[:, np.newaxis].repeat(n_channels, axis=1)
    assert np.array_equal(lexicographic_order(rows), np.lexsort(rows.T))


def test_large_integers_are_ordered_by_all_their_bits():
    rows = np.random.default_rng(0).integers(-4, 4, size=(500, 2)) * np.array([1 << 33, 1 << 61])
    assert np.array_equal(lexicographic_order(rows), np.lexsort(rows.T))


# Numbers that 8 bits can hold


def as_float(image):
    return image / 255


def as_float32(image):
    return (image / 255).astype(np.float32)


def by_product(image):
    return np.multiply(image, 1 / 255, dtype=np.float32)


def as_16_bits(image):
    return image.astype(np.uint16) * 257


FORMS = [as_float, as_float32, by_product, as_16_bits, np.int64, np.float16]
EIGHT_BIT = np.random.default_rng(0).integers(0, 256, (5000, 3), dtype=np.uint8)
MANY = np.random.default_rng(1).integers(0, 60, (300_000, 3), dtype=np.uint8)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", [EIGHT_BIT, MANY, EIGHT_BIT[:1], EIGHT_BIT[:, :1], EIGHT_BIT[:, :2]], ids=str)
def test_numbers_that_8_bits_can_hold_are_counted_as_themselves(form, rows, monkeypatch):
    wide = np.asarray(form(rows))
    narrow = count(wide)
    monkeypatch.setattr(counting, "encode", lambda rows: None)
    by_sorting = count(wide)
    assert narrow.colors.dtype == wide.dtype
    assert np.array_equal(narrow.colors, by_sorting.colors)
    assert np.array_equal(narrow.weights, by_sorting.weights)


@pytest.mark.parametrize("form", FORMS)
def test_numbers_that_8_bits_can_hold_are_looked_up(form):
    wide = np.asarray(form(MANY))
    assert np.array_equal(map_colors(lambda colors: colors.argmax(axis=1), wide), wide.argmax(axis=1))
    assert np.array_equal(map_colors(lambda colors: colors[:, ::-1], wide), wide[:, ::-1])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda wide: wide + 1e-9,
        lambda wide: -wide,
        lambda wide: wide * 300,
        lambda wide: wide * 1e306,
        lambda wide: np.nextafter(wide, 1),
        lambda wide: np.where(np.arange(len(wide))[:, np.newaxis] == len(wide) - 1, 0.12345, wide),
    ],
    ids=["shifted", "negative", "large", "huge", "next number", "one pixel"],
)
def test_one_number_between_the_levels_is_not_lost(spoil):
    wide = spoil(MANY / 255)
    colors, weights = np.unique(wide, axis=0, return_counts=True)
    census = count(wide)
    order = np.lexsort(colors.T)
    assert np.array_equal(census.colors, colors[order])
    assert np.array_equal(census.weights, weights[order])


def test_zeros_of_both_signs_are_one_number():
    wide = np.array([[0.0, 1.0], [-0.0, 1.0]])
    assert count(wide).weights.tolist() == [2.0]
    assert not np.signbit(count(wide).colors).any()
