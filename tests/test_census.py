"""The census against a plain counter of rows: any dtype, any number of channels, any order."""

import copy
import pickle
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, from_dtype

from skseg._census import (
    Census,
    LabelCache,
    count,
    hash_buckets,
    map_colors,
    mean_colors,
    merge,
    shrink,
    sums_by_label,
)
from skseg._census.keys import encode
from skseg._census.order import lexicographic_order

DTYPES = [np.bool_, np.uint8, np.int16, np.uint16, np.int64, np.float32, np.float64]


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


def by_sorting(rows, weights=None):
    """The distinct rows that have a weight, by the last channel first, and the sums of their weights."""
    order = np.lexsort(rows.T)
    begins = np.concatenate([[True], (rows[order[1:]] != rows[order[:-1]]).any(axis=1)])
    sums = np.add.reduceat(np.ones(len(rows)) if weights is None else weights[order], np.flatnonzero(begins))
    return Census(rows[order[begins]][sums > 0], sums[sums > 0])


def noise(n_pixels, n_channels=3, dtype=np.uint8):
    return np.random.default_rng(0).integers(0, 256, size=(n_pixels, n_channels)).astype(dtype)


# Counting


@given(rows=pixel_rows())
def test_census_is_the_counter_of_rows(rows):
    census = count(rows)
    assert as_counter(census) == counter_of(rows)
    assert len(census.colors) == len(counter_of(rows))


@given(rows=pixel_rows())
def test_census_keeps_the_dtype_and_channels_of_the_pixels(rows):
    census = count(rows)
    assert census.colors.dtype == rows.dtype
    assert census.colors.shape == (len(census.weights), rows.shape[1])
    assert census.weights.dtype == np.float64


@given(rows=pixel_rows())
def test_colors_are_sorted_by_the_last_channel_first(rows):
    reversed_channels = [tuple(reversed(color)) for color in count(rows).colors.tolist()]
    assert reversed_channels == sorted(reversed_channels)


@given(data=st.data(), rows=pixel_rows())
def test_order_of_the_pixels_does_not_matter(data, rows):
    permutation = np.array(data.draw(st.permutations(range(len(rows)))), dtype=np.intp)
    assert_equal(count(rows[permutation]), count(rows))


@given(rows_weights=rows_and_weights())
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
def test_large_and_small_images_are_counted_by_the_same_rule(n_pixels):
    rows = noise(n_pixels)
    weighted = count(rows, np.ones(n_pixels))
    plain = count(rows.astype(np.int16))
    assert_equal(count(rows), weighted)
    assert np.array_equal(weighted.colors, plain.colors)
    assert np.array_equal(weighted.weights, plain.weights)


@pytest.mark.parametrize("n_pixels", [1 << 10, (1 << 18) + 1])
def test_weights_are_fractions_in_images_of_every_size(n_pixels):
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
def test_censuses_of_parts_add_up_to_the_census_of_the_whole(data, rows):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    parts = [count(part) for part in np.split(rows, cuts)]
    assert_equal(merge(parts), count(rows))


@given(rows=pixel_rows(min_pixels=3))
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
def test_mapping_colors_is_applying_the_function_to_every_row(function, rows):
    mapped, expected = map_colors(function, rows), function(rows)
    assert mapped.dtype == expected.dtype
    assert np.array_equal(mapped, expected)


@pytest.mark.parametrize("function", [of_each_row, two_of_each_row])
@pytest.mark.parametrize("dtype", [np.uint8, np.int16])
def test_mapping_the_colors_of_a_large_image_is_applying_the_function_to_every_row(function, dtype):
    rows = noise((1 << 18) + 3, dtype=dtype)
    assert np.array_equal(map_colors(function, rows), function(rows))


def test_each_8_bit_color_is_worked_out_once():
    rows = np.repeat(noise(20), 5, axis=0)
    seen = []
    map_colors(lambda colors: seen.extend(colors.tolist()) or of_each_row(colors), rows)
    assert Counter(map(tuple, seen)) == Counter(set(counter_of(rows)))


# Averaging


@given(rows_weights=rows_and_weights(), n_labels=st.integers(1, 3))
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
def test_numbers_that_8_bits_can_hold_are_counted_as_themselves(form, rows):
    wide = np.asarray(form(rows))
    assert_equal(count(wide), by_sorting(wide))


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
    wide = spoil(MANY[:40_000] / 255)
    assert_equal(count(wide), by_sorting(wide))


@pytest.mark.parametrize("number", [-1.0, 2.0, 0.12345])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_a_number_out_of_line_at_the_end_is_not_lost(number, n_channels):
    wide = np.repeat(MANY[:, :1] / 255, n_channels, axis=1)
    wide[-1] = number
    census = count(wide)
    assert len(census.colors) == 61
    assert census.weights[(census.colors == number).all(axis=1)].tolist() == [1.0]


@pytest.mark.parametrize("number", [-3, 254, 300])
@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.float32])
def test_a_whole_number_out_of_line_at_the_end_is_not_lost(number, dtype):
    wide = np.repeat(np.arange(250), 20).reshape(-1, 1).repeat(3, axis=1).astype(dtype)
    wide[-1] = number
    census = count(wide)
    assert len(census.colors) == 251
    assert census.weights[(census.colors == number).all(axis=1)].tolist() == [1.0]


@pytest.mark.parametrize("n_channels", [1, 2])
def test_whole_numbers_of_float16_are_counted(n_channels):
    wide = np.arange(0, 2048, dtype=np.float16).reshape(-1, n_channels)
    assert np.array_equal(count(np.repeat(wide, 2, axis=0)).colors, wide)


def test_zeros_of_both_signs_are_one_number():
    wide = np.array([[0.0, 1.0], [-0.0, 1.0]])
    assert count(wide).weights.tolist() == [2.0]
    assert not np.signbit(count(wide).colors).any()


# Numbers that 16 bits can hold, and keys of up to 32 bits

SIXTEEN_BIT = np.random.default_rng(2).integers(0, 65536, (5000, 1), dtype=np.uint16)


def in_hounsfield_units(rows):
    return rows.astype(np.int16)


WIDE_FORMS = {
    "uint16": np.asarray,
    "int16": in_hounsfield_units,
    "int32": lambda rows: rows.astype(np.int32) - 1024,
    "int64": lambda rows: rows.astype(np.int64) + (1 << 60),
    "uint64": lambda rows: rows.astype(np.uint64) + np.uint64((1 << 64) - 65536),
    "whole float32": lambda rows: rows.astype(np.float32) - 1024,
    "whole float64": lambda rows: rows - 40_000.0,
    "float64": lambda rows: rows / 65535,
    "float32": lambda rows: (rows / 65535).astype(np.float32),
    "by product": lambda rows: np.multiply(rows, 1 / 65535, dtype=np.float32),
}


@pytest.mark.parametrize("form", WIDE_FORMS.values(), ids=WIDE_FORMS)
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_numbers_that_16_bits_can_hold_are_counted_as_themselves(form, n_channels, is_weighted):
    rows = np.repeat(SIXTEEN_BIT, 2, axis=0).reshape(-1, n_channels)
    wide = np.asarray(form(rows))
    weights = np.arange(len(wide)) % 3 / 2 if is_weighted else None
    codes = encode(wide)
    assert codes is not None
    assert codes.n_bits == 16 * n_channels
    assert_equal(count(wide, weights), by_sorting(wide, weights))
    assert np.array_equal(map_colors(lambda colors: colors[:, ::-1], wide), wide[:, ::-1])


@pytest.mark.parametrize("is_weighted", [False, True])
def test_four_bands_of_8_bits_are_one_key(is_weighted):
    rows = np.random.default_rng(3).integers(0, 5, (4000, 4), dtype=np.uint8)
    weights = np.arange(4000) % 4 / 2 if is_weighted else None
    assert encode(rows).n_bits == encode(rows / 255).n_bits == 32
    assert_equal(count(rows, weights), by_sorting(rows, weights))


@pytest.mark.parametrize(
    "rows",
    [np.zeros((9, 5), np.uint8), np.array([[0.3], [0.3000001], [0.30000011]]), np.array([[0], [1 << 40]])],
    ids=str,
)
def test_wide_rows_have_no_key(rows):
    assert encode(rows) is None


def test_any_byte_but_zero_is_true():
    rows = np.array([[0], [1], [255]], dtype=np.uint8).view(np.bool_)
    assert count(rows).weights.tolist() == [1.0, 2.0]


# Samples

COLORS = np.random.default_rng(4).random((20_000, 3))
PIXELS = np.random.default_rng(5).permutation(np.concatenate([COLORS, COLORS[:5000], COLORS[:100]]))


@pytest.fixture
def few_rows(lower):
    lower(keys=1000, probed_pixels=1 << 9)


def assert_same_sample(one, other):
    assert np.array_equal(one.colors, other.colors)
    assert np.array_equal(one.weights, other.weights)
    assert one.level == other.level
    assert np.array_equal(one.number_limits(), other.number_limits())


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("form", [np.asarray, np.float32, lambda rows: np.rint(rows * 60_000).astype(np.uint16)])
def test_a_sample_has_whole_colors_of_a_fraction(form):
    rows = form(PIXELS)
    some, everything = count(rows, max_rows=1000), count(rows)
    assert 300 < len(some.colors) <= 1000
    assert len(some.colors) * 2**some.level == pytest.approx(len(everything.colors), rel=0.15)
    weights = {tuple(color): weight for color, weight in zip(everything.colors, everything.weights, strict=True)}
    assert all(weights[tuple(color)] == weight for color, weight in zip(some.colors, some.weights, strict=True))
    assert some.number_limits().tolist() == [rows.min(), rows.max()]
    assert everything.is_complete
    assert not some.is_complete


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("cuts", [[100], [500, 20_000], [10, 11, 12, 24_000], list(range(900, 25_000, 900))], ids=str)
def test_samples_of_parts_add_up_to_the_sample_of_the_whole(cuts):
    parts = [count(part, max_rows=1000) for part in np.split(PIXELS, cuts)]
    assert_same_sample(merge(parts, max_rows=1000), count(PIXELS, max_rows=1000))


@pytest.mark.usefixtures("few_rows")
def test_a_sample_depends_neither_on_the_order_nor_on_weights_of_zero():
    expected = count(PIXELS, max_rows=1000)
    assert_same_sample(count(PIXELS[::-1], max_rows=1000), expected)
    absent = np.concatenate([PIXELS, PIXELS + 7])
    assert_same_sample(count(absent, np.repeat([1.0, 0.0], len(PIXELS)), max_rows=1000), expected)


@pytest.mark.usefixtures("few_rows")
def test_few_colors_are_all_counted():
    rows = np.repeat(COLORS[:900], 5, axis=0)
    assert_same_sample(count(rows, max_rows=1000), count(rows))


@pytest.mark.usefixtures("few_rows")
def test_colors_of_24_bits_are_always_counted():
    rows = np.random.default_rng(6).integers(0, 256, (5000, 3), dtype=np.uint8)
    assert count(rows, max_rows=1000).is_complete
    assert not count(np.hstack([rows, rows[:, :1]]), max_rows=1000).is_complete


@pytest.mark.parametrize("dtype", ["u2", "i4", "f4", "f8", "g"])
@pytest.mark.parametrize("n_channels", [1, 3, 5])
def test_hashes_are_even_and_equal_for_equal_rows(dtype, n_channels):
    numbers = np.random.default_rng(7).integers(0, 1 << 14, (60_000, n_channels)) * (
        1 if dtype in ("u2", "i4") else 0.1
    )
    rows = numbers.astype(dtype)
    assert np.array_equal(hash_buckets(rows), hash_buckets(rows.copy(order="F")))
    distinct = hash_buckets(np.unique(rows, axis=0))
    for bits in (distinct >> 12, distinct & 15):
        assert np.abs(np.bincount(bits, minlength=16) / len(distinct) - 1 / 16).max() < 0.01


def test_zeros_of_both_signs_have_one_hash():
    assert len(set(hash_buckets(np.array([[0.0, 1.0], [-0.0, 1.0]])))) == 1


# Labels that are remembered


def bright(colors):
    return (colors.sum(axis=1) > 300).astype(np.int32)


def assert_knows_nothing(memory, rows):
    with pytest.raises(ZeroDivisionError):
        memory.map(lambda colors: 1 / 0, rows, 2)


FRAMES = [np.random.default_rng(seed).integers(0, 255, (300_000, 3), dtype=np.uint8) for seed in range(2)]


def test_remembered_labels_are_the_labels():
    memory, computed = LabelCache(), []

    def label(colors):
        computed.append(len(colors))
        return bright(colors)

    for frame in [*FRAMES, FRAMES[0]]:
        labels = memory.map(label, frame, 2)
        assert labels.dtype == np.int32
        assert np.array_equal(labels, bright(frame))
    computed.clear()
    memory.map(label, FRAMES[1], 2)
    assert computed == []


def test_threads_remember_together():
    memory = LabelCache()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda frame: memory.map(bright, frame, 2), FRAMES * 4))
    assert all(np.array_equal(labels, bright(frame)) for labels, frame in zip(found, FRAMES * 4, strict=True))


def test_what_is_known_is_not_computed_again():
    memory, census = LabelCache(), count(FRAMES[0])
    memory.remember(census.colors, bright(census.colors))
    assert np.array_equal(memory.map(lambda colors: 1 / 0, FRAMES[0], 2), bright(FRAMES[0]))


@pytest.mark.parametrize(
    "rows", [FRAMES[0] / 256, FRAMES[0][:, :2], FRAMES[0][:1000]], ids=["odd", "2 channels", "few"]
)
def test_other_colors_are_not_remembered(rows):
    memory = LabelCache()
    assert np.array_equal(memory.map(lambda colors: colors.argmax(axis=1), rows, 3), rows.argmax(axis=1))
    memory.remember(rows / 2, bright(rows))
    assert_knows_nothing(memory, rows)


@pytest.mark.parametrize(
    "narrowed",
    [
        lambda rows: rows / 255,
        lambda rows: rows * (1 / 255),
        lambda rows: (rows / 255).astype(np.float32),
        lambda rows: (rows / np.float32(255)).astype(np.float64),
        lambda rows: (rows / 255).astype(np.float16),
        lambda rows: rows.astype(np.int64) - 100,
        lambda rows: rows.astype(np.float64),
        lambda rows: rows.astype(np.uint16) * 257,
    ],
    ids=["divided", "multiplied", "float32", "widened", "float16", "int64", "whole", "uint16"],
)
def test_narrowed_colors_are_remembered(narrowed):
    frames = [narrowed(rows) for rows in FRAMES]
    memory, limit = LabelCache(), np.float64(np.median(frames[0]))

    def label(colors):
        return (colors.astype(np.float64).mean(axis=1) > limit).astype(np.int32)

    for rows in frames:
        assert np.array_equal(memory.map(label, rows, 2), label(rows))
    assert np.array_equal(memory.map(lambda colors: 1 / 0, frames[0], 2), label(frames[0]))


def test_colors_of_another_dtype_or_rounding_are_not_mistaken():
    """The same codes stand for other numbers, to which the function gives another label."""
    memory, frame = LabelCache(), FRAMES[0]
    forms = [frame, frame / 255, frame * (1 / 255), frame.astype(np.uint16) * 257, frame.astype(np.int64), frame / 255]

    def last_bits(colors):
        return np.ascontiguousarray(colors).view(np.uint8).sum(axis=1, dtype=np.int32) % 200

    for rows in forms:
        assert np.array_equal(memory.map(last_bits, rows, 200), last_bits(rows))


def test_levels_that_were_not_seen_are_added():
    """Numbers in a rounding of their own are known only once they occur."""
    odd = (FRAMES[0] / np.float32(255)).astype(np.float64)
    dark, other = np.minimum(odd, odd[0, 0]), odd.copy()
    other[other > odd[0, 0]] += 2**-40
    memory = LabelCache()

    def last_bits(colors):
        return np.ascontiguousarray(colors).view(np.uint8).sum(axis=1, dtype=np.int32) % 200

    for rows in (dark, odd, other, dark):
        assert np.array_equal(memory.map(last_bits, rows, 200), last_bits(rows))


def test_a_copy_has_forgotten_everything():
    memory = LabelCache()
    memory.map(bright, FRAMES[0], 2)
    for other in (pickle.loads(pickle.dumps(memory)), copy.deepcopy(memory)):
        assert_knows_nothing(other, FRAMES[0])
    assert len(pickle.dumps(memory)) < 200


@pytest.mark.parametrize("n_labels", [254, 255, 256, 257, 65_535])
def test_labels_of_one_or_two_bytes_are_remembered(n_labels):
    memory = LabelCache()

    def last_labels(colors):
        return n_labels - 1 - colors[:, 0].astype(np.int32) % min(n_labels, 250)

    memory.remember(FRAMES[1], last_labels(FRAMES[1]))
    for frame in FRAMES:
        assert np.array_equal(memory.map(last_labels, frame, n_labels), last_labels(frame))
    assert np.array_equal(memory.map(lambda colors: 1 / 0, FRAMES[0], n_labels), last_labels(FRAMES[0]))


def test_more_labels_than_two_bytes_hold_are_not_remembered():
    memory = LabelCache()
    labels = memory.map(lambda colors: colors[:, 0].astype(np.int32) + 65_400, FRAMES[0], 65_656)
    assert np.array_equal(labels, FRAMES[0][:, 0].astype(np.int32) + 65_400)
    assert memory._table is None


@pytest.mark.parametrize(("n_channels", "is_kept"), [(1, True), (3, True), (4, False)])
def test_all_colors_of_24_bits_are_kept(n_channels, is_kept, lower):
    lower(kept_bytes=1000)
    census = count(np.random.default_rng(8).integers(0, 256, (4000, n_channels), dtype=np.uint8))
    small = shrink(census)
    assert small.is_complete == is_kept
    assert is_kept or small.colors.nbytes + 12 * len(small.colors) <= 1000


@pytest.mark.parametrize(("weights", "expected"), [(None, [4, 2, 0, 0]), (np.array([1.0, 1, 5]), [16, 2, 0, 0])])
def test_labels_without_members_have_the_sum_zero(weights, expected):
    sums = sums_by_label(np.array([0, 1, 0]), [np.array([1.0, 2, 3])], 4, weights)
    assert sums.tolist() == [[number] for number in expected]
