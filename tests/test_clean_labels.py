"""clean_labels, against its rule worked out the slow way."""

from fractions import Fraction

import numpy as np
import pytest
from helpers import lowered, parts_of
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.data import coffee
from skimage.measure import label

from skseg import KMeansSegmenter, clean_labels

COFFEE = coffee()[::8, ::8]
PALETTE = np.array([[0, 0, 0], [60, 20, 10], [90, 160, 30], [200, 190, 180], [250, 250, 240]])


def neighbors_of(regions):
    """The length of the border to each neighbor of each region."""
    lengths = {}
    for row, column in np.ndindex(regions.shape):
        for below, right in ((row + 1, column), (row, column + 1)):
            if below < regions.shape[0] and right < regions.shape[1]:
                one, other = int(regions[row, column]), int(regions[below, right])
                for source, target in ((one, other), (other, one)) if one != other and min(one, other) >= 0 else ():
                    around = lengths.setdefault(source, {})
                    around[target] = around.get(target, 0) + 1
    return lengths


def groups_of(links, n_regions):
    """The number of the group of each region."""
    groups = list(range(n_regions))
    for source, targets in links.items():
        for target in targets:
            groups = [groups[source] if each == groups[target] else each for each in groups]
    return groups


def nearest(source, lengths, regions):
    """The neighbors of a region that are nearest in color, and preferred; lengths are those of its borders."""

    def rank(target):
        size, _, (_, minus_label) = regions[target]
        mean, own = ([color / pixels for color in colors] for pixels, colors, _ in (regions[target], regions[source]))
        distance = sum((one - other) ** 2 for one, other in zip(own, mean, strict=True))
        return distance, -lengths[target], -size, mean[0], -minus_label

    ranks = {target: rank(target) for target in lengths}
    return [target for target in ranks if ranks[target] == min(ranks.values())]


def joined(regions, groups):
    """Regions of the same group as one."""
    for group in dict.fromkeys(groups):
        sizes, sums, parts = zip(*(each for each, of in zip(regions, groups, strict=True) if of == group), strict=True)
        yield sum(sizes), [sum(column) for column in zip(*sums, strict=True)], max(parts)


def slow_clean(labels, min_size, colors):
    """The clean label map of one with −1 for pixels without a label; colors are exact numbers."""
    numbers = label(labels + 1, connectivity=1, background=0) - 1
    regions = []  # size, sum of colors, and size and negative label of the largest part
    for each in range(numbers.max() + 1):
        size, name = int((numbers == each).sum()), int(labels[numbers == each][0])
        regions.append((size, [size * color for color in colors[name]], (size, -name)))
    while True:
        is_large = [size >= min_size for size, *_ in regions]
        links = {
            source: nearest(source, lengths, regions)
            for source, lengths in neighbors_of(numbers).items()
            if not is_large[source]
        }
        if not links:
            return np.array([*(-part[1] for *_, part in regions), -1])[numbers]
        groups = groups_of(links, len(regions))
        large = [group for group, is_one in zip(groups, is_large, strict=True) if is_one]
        sure = {each: to for each, to in links.items() if len(to) == 1 or large.count(groups[each]) < 2}
        if not sure:  # no group but between large regions that are equal in all
            sure = {each: [target for target in to if is_large[target]] for each, to in links.items()}
        groups = groups_of(sure, len(regions))
        order = list(dict.fromkeys(groups))
        regions = list(joined(regions, groups))
        numbers = np.array([*map(order.index, groups), -1])[numbers]


# Equal to the slow way


@given(
    seed=st.integers(0, 10**9),
    shape=st.tuples(st.integers(1, 11), st.integers(1, 11)),
    n_labels=st.integers(1, 5),
    min_size=st.integers(0, 14),
    masked=st.sampled_from([0, 0.1, 0.5]),
    block=st.sampled_from([1, 7, 30, 1 << 16]),
    dtype=st.sampled_from("bBhHiIqQ"),
)
def test_any_map_is_cleaned_by_the_rule(*, seed, shape, n_labels, min_size, masked, block, dtype):
    """Read in blocks of any size."""
    rng = np.random.default_rng(seed)
    labels = np.ma.array(rng.integers(0, n_labels, shape).astype(dtype), mask=rng.random(shape) < masked)
    colors = rng.integers(0, 4, (n_labels, rng.integers(1, 4)))  # many are equally near
    with lowered(map_numbers=block):
        cleaned = clean_labels(labels, min_size, colors)
    assert np.array_equal(cleaned.data, slow_clean(labels.astype(int).filled(-1), min_size, colors.tolist()))
    assert np.array_equal(cleaned.mask, labels.mask)


@pytest.mark.parametrize("block", [1, 50, 1 << 16])
@pytest.mark.parametrize("min_size", [5, 100])
def test_so_are_regions_that_wind_through_many_blocks(block, min_size):
    stripes = np.zeros((15, 15), int)
    stripes[1::2] = 1
    comb = np.where(np.arange(15) == 7, 0, stripes).T
    spiral = np.minimum(*(np.minimum(axis, axis[::-1, ::-1]) for axis in np.indices((15, 15)))) % 2
    spiral[7, :7] = 0
    for labels in (comb, spiral, np.kron(comb[:5, :5], np.ones((3, 3), int))):
        labels[4, 4] = 2
        with lowered(map_numbers=block):
            assert np.array_equal(
                clean_labels(labels, min_size, PALETTE), slow_clean(labels, min_size, PALETTE.tolist())
            )


@pytest.mark.parametrize("seed", range(20))
def test_no_tie_is_decided_by_rounding(seed):
    rng = np.random.default_rng(seed)
    labels, colors = rng.integers(0, 4, (12, 12)), rng.random((4, 3))
    exact = [[Fraction(channel) for channel in color] for color in colors.tolist()]
    assert np.array_equal(clean_labels(labels, 9, colors), slow_clean(labels, 9, exact))


# Properties


def large_parts(labels, min_size):
    """Where the parts of a label map are large."""
    parts = label(labels + 1, connectivity=1, background=0)
    return (np.bincount(parts.ravel()) >= min_size)[parts] & (parts > 0)


@pytest.mark.parametrize(("min_size", "seed"), [(2, 0), (3, 1), (10, 2), (50, 3)])
def test_large_parts_keep_their_label(seed, min_size):
    """Many small parts between them have several neighbors of one color."""
    rng = np.random.default_rng(seed)
    photo = np.clip(coffee()[::4, ::4] + rng.normal(0, 12, (100, 150, 3)), 0, 255).astype(np.uint8)
    segmenter = KMeansSegmenter(5, random_state=0).fit(photo)
    noise = rng.integers(0, 5, (40, 40))
    for labels in (segmenter.labels_, noise, np.kron(noise, np.ones((2, 2), int))):
        for colors in (segmenter.cluster_centers_, PALETTE, rng.random((5, 2))):
            large = large_parts(labels, min_size)
            assert np.array_equal(clean_labels(labels, min_size, colors)[large], labels[large])


@pytest.mark.parametrize("scale", [1e-100, 0.1, 1, 1e97])
def test_the_unit_of_the_colors_does_not_matter(scale):
    labels = np.random.default_rng(0).integers(0, 5, (60, 60))
    power = 2.0 ** np.round(np.log2(scale))
    assert np.array_equal(clean_labels(labels, 8, power * PALETTE), clean_labels(labels, 8, PALETTE))


def test_small_parts_of_a_label_map_take_the_label_of_the_nearest_color():
    label_map = np.array([[0, 0, 0, 0, 2, 2, 2], [0, 1, 0, 0, 2, 0, 2], [0, 0, 0, 0, 2, 2, 2]])
    colors = [[0.0], [10.0], [30.0]]
    cleaned = clean_labels(label_map, 2, colors)
    assert cleaned.tolist() == [[0, 0, 0, 0, 2, 2, 2]] * 3
    assert clean_labels(label_map, 1, colors).tolist() == label_map.tolist()


@pytest.mark.parametrize("min_size", [1, 10, 100, 100_000])
def test_a_clean_label_map_has_no_small_parts(min_size):
    segmenter = KMeansSegmenter(6, random_state=0).fit(COFFEE)
    cleaned = clean_labels(segmenter.labels_, min_size, segmenter.cluster_centers_)
    assert np.bincount(parts_of(cleaned).ravel()).min() >= min(min_size, cleaned.size)
    assert cleaned.dtype == np.int32
    assert np.array_equal(clean_labels(cleaned, min_size, segmenter.cluster_centers_), cleaned)


def test_cleaning_stays_within_the_mask():
    mask = np.zeros(COFFEE.shape[:2], dtype=bool)
    mask[:, 30] = True
    image = np.ma.MaskedArray(COFFEE, mask=np.repeat(mask[..., np.newaxis], 3, axis=-1))
    segmenter = KMeansSegmenter(6, random_state=0).fit(image)
    cleaned = clean_labels(segmenter.labels_, 50, segmenter.cluster_centers_)
    assert np.array_equal(np.ma.getmaskarray(cleaned), mask)
    assert (cleaned.data[mask] == -1).all()
    left = clean_labels(segmenter.labels_[:, :30], 50, segmenter.cluster_centers_)
    assert np.ma.allequal(cleaned[:, :30], left)


def test_what_is_all_masked_stays():
    label_map = np.ma.masked_all((3, 4), dtype=int)
    assert np.ma.getmaskarray(clean_labels(label_map, 5, np.zeros((2, 3)))).all()


@pytest.mark.parametrize(
    ("label_map", "colors", "what"),
    [
        (
            np.zeros(5, int),
            np.zeros((2, 3)),
            r"label_map must have the shape \(\.{3}, height, width\); got \(5,\)",
        ),
        (
            np.zeros((5, 5), int),
            np.zeros(3),
            r"colors must have the shape \(n_clusters, n_channels\); got \(3,\)",
        ),
        (np.full((5, 5), 2), np.zeros((2, 3)), "labels from 0 to 1, one per color; got 2 instead"),
    ],
)
def test_what_is_no_label_map_is_refused(label_map, colors, what):
    with pytest.raises(ValueError, match=what):
        clean_labels(label_map, 3, colors)


@pytest.mark.parametrize(
    ("labels", "min_size", "error", "message"),
    [
        (np.full((4, 4), 2**32), 2, ValueError, "labels from 0 to 1"),
        (np.full((4, 4), 0.5), 2, ValueError, "integers; got float64"),
        (np.zeros((4, 4), int), np.nan, TypeError, "min_size"),
        (np.zeros((4, 4), int), -5, ValueError, "min_size"),
    ],
)
def test_labels_and_sizes_that_cannot_be_are_refused(labels, min_size, error, message):
    with pytest.raises(error, match=message):
        clean_labels(labels, min_size, [[0.0], [1.0]])


@pytest.mark.parametrize("seed", range(20))
def test_a_turned_label_map_is_cleaned_alike(seed):
    """Many small parts are equally large."""
    rng = np.random.default_rng(seed)
    labels, colors = rng.integers(0, 3, (6, 7)), rng.random((3, 3))
    for turn in (np.rot90, np.fliplr, np.transpose):
        turned = np.ascontiguousarray(turn(labels))
        assert np.array_equal(clean_labels(turned, 4, colors), turn(clean_labels(labels, 4, colors)))


@pytest.mark.parametrize("colors", [[[np.nan], [1.0]], [[np.inf], [1.0]], np.ma.masked_equal([[0.0], [1.0]], 0)])
def test_colors_without_a_number_are_refused_by_cleaning(colors):
    with pytest.raises(ValueError, match="Input colors contains"):
        clean_labels(np.eye(4, dtype=int), 2, colors)


@pytest.mark.parametrize("huge", [1e101, 1e200, -1e308])
def test_huge_colors_are_refused(huge):
    with pytest.raises(ValueError, match=r"colors must lie from -1e\+100 to 1e\+100; got 1e"):
        clean_labels(np.eye(4, dtype=int), 2, [[0.0], [huge]])


@pytest.mark.parametrize("min_size", [10**6, 2**40, 10**30])
def test_a_size_beyond_all_parts_leaves_one_label(min_size):
    assert np.ptp(clean_labels(np.random.default_rng(0).integers(0, 5, (20, 20)), min_size, PALETTE)) == 0


# Stacks and lists

MAPS = [np.random.default_rng(seed).integers(0, 5, (8, 9), dtype=np.int32) for seed in range(6)]
CLEANED = [clean_labels(each, 4, PALETTE) for each in MAPS]


@pytest.mark.parametrize("shape", [(6,), (2, 3), (6, 1), (3, 1, 2)])
def test_each_image_of_a_stack_is_cleaned_by_itself(shape):
    stack = np.reshape(MAPS, (*shape, 8, 9))
    cleaned = clean_labels(stack, 4, PALETTE)
    assert cleaned.dtype == np.int32
    assert np.array_equal(cleaned, np.reshape(CLEANED, stack.shape))
    mask = np.random.default_rng(0).random(stack.shape) < 0.2
    mask.reshape(6, 8, 9)[4] = True
    masked = clean_labels(np.ma.array(stack, mask=mask), 4, PALETTE)
    assert np.array_equal(masked.mask, mask)
    for image in np.ndindex(shape):
        expected = clean_labels(np.ma.array(stack[image], mask=mask[image]), 4, PALETTE)
        assert np.array_equal(masked[image].data, expected.data)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_maps_gives_a_list(kind):
    maps = [MAPS[0], MAPS[1][:5], np.ma.masked_equal(MAPS[2], 3), np.stack(MAPS[3:5]), MAPS[5].tolist()]
    cleaned = clean_labels(kind(maps), 4, PALETTE)
    assert isinstance(cleaned, list)
    for each, given_map in zip(cleaned, maps, strict=True):
        expected = clean_labels(given_map, 4, PALETTE)
        assert type(each) is type(expected)
        assert np.ma.allequal(each, expected)


def test_what_predict_returns_is_cleaned():
    images = [COFFEE, np.ma.masked_less(COFFEE[:20], 30), np.stack([COFFEE, COFFEE[::-1]])]
    segmenter = KMeansSegmenter(5, random_state=0).fit(images[0])
    labels = segmenter.predict(images)
    for each, one in zip(clean_labels(labels, 9, segmenter.cluster_centers_), labels, strict=True):
        assert np.ma.allequal(each, clean_labels(one, 9, segmenter.cluster_centers_))
    pictures = [Image.fromarray(each.astype(np.uint8)) for each in MAPS]
    assert np.array_equal(clean_labels(pictures, 4, PALETTE), CLEANED)


def test_a_list_of_rows_is_one_map():
    for rows in (MAPS[0].tolist(), list(MAPS[0])):
        assert np.array_equal(clean_labels(rows, 4, PALETTE), CLEANED[0])


def test_empty_maps_and_stacks_stay_empty():
    for shape in ((0, 5), (5, 0), (0, 4, 4)):
        assert clean_labels(np.zeros(shape, int), 4, PALETTE).shape == shape


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.full((4, 4), 9), r"label_map\[1\] must hold labels from 0 to 4, one per color; got 9"),
        (np.full((4, 4), 0.5), r"label_map\[1\] must hold labels, which are integers; got float64"),
        (np.zeros(4, int), r"label_map\[1\] must have the shape"),
    ],
)
def test_an_error_names_the_map_of_a_list(wrong, message):
    with pytest.raises(ValueError, match=message):
        clean_labels([MAPS[0], wrong], 4, PALETTE)
