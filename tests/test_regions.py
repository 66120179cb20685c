"""Components, the graph of neighbors, the tree of merging, and what is learned from it, worked out the slow way."""

import numpy as np
import pytest
from helpers import lowered
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label
from sklearn.linear_model import LogisticRegression

from skseg._regions.absorb import Regions, absorb_small
from skseg._regions.cost import TERMS, Cost
from skseg._regions.describe import Described
from skseg._regions.graph import Graph, connected, count_labels, graph, join, sum_pixels
from skseg._regions.learn import compare, fit_weights, make_lesson
from skseg._regions.merge import merge
from skseg._regions.tree import cut, joining_heights

N_LABELS = 4
WEIGHTS = dict(zip([*TERMS, "intercept"], [0.6, -0.3, 0.2, 1.5, -0.4, 1.2, 0.7, 0.3], strict=True))


@pytest.fixture
def random_map():
    return np.random.default_rng(0).integers(3, size=(12, 15))


def pixels_of(regions, seed=0):
    """Two deviations, three contrasts and a label for each pixel."""
    rng = np.random.default_rng(seed)
    return rng.random((2, *regions.shape)), rng.random((3, *regions.shape)), rng.integers(N_LABELS, size=regions.shape)


def whole_graph(regions, seed=0):
    deviations, contrasts, labels = pixels_of(regions, seed)
    start = graph(regions, list(deviations), list(contrasts))
    return start._replace(sums=np.hstack([start.sums, count_labels(regions, labels, N_LABELS)]))


def absorbed(regions, planes, min_size):
    """The map without small regions, and their sizes and sums."""
    numbers = regions.astype(np.int32)
    left = absorb_small(numbers, Regions.of_features(*sum_pixels(numbers, planes)), min_size)
    return numbers, left


def cost_of(start):
    return Cost.of(WEIGHTS, start.sizes.sum(), N_LABELS)


def tree_of(start):
    return merge(start, cost_of(start))


def slow_cost(one, other, border, n_pixels):
    """The cost of a merger, of regions given as the deviations and the labels of their pixels."""
    (deviations, labels), (other_deviations, other_labels), (length, *contrasts) = one, other, border
    n, m = len(labels), len(other_labels)
    shares = [np.bincount(each, minlength=N_LABELS) / len(each) for each in (labels, other_labels)]
    distance = np.sum((deviations.mean(axis=0) - other_deviations.mean(axis=0)) ** 2)
    chi2 = 0.5 * sum((p - q) ** 2 / (p + q) for p, q in zip(*shares, strict=True) if p + q > 0)
    fine, coarse, sides = np.array(contrasts) / length
    values = {
        "size": n * m / (n + m) / n_pixels * (n_pixels / (481 * 321)) ** 0.2,
        "length": length / np.sqrt(n_pixels),
        "deviation": distance + 1,
        "gradient": fine + 0.5,
        "coarse gradient": coarse + 0.5,
        "sides": sides + 0.05,
        "labels": chi2 + 0.01,
    }
    return WEIGHTS["intercept"] + sum(WEIGHTS[name] * np.log(value) for name, value in values.items())


# Components


def test_components_are_those_of_scikit_image(random_map):
    parts = connected(random_map)
    expected = label(random_map + 1, connectivity=1, background=0)
    pairs = np.unique(np.stack([parts.ravel(), expected.ravel()]), axis=1)
    assert pairs.shape[1] == parts.max() + 1 == expected.max()


@pytest.mark.parametrize("block", [1, 40, 1 << 16])
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int64, np.uint64])
def test_components_of_any_integers_are_numbered_by_their_first_pixels_in_blocks_of_any_size(dtype, block):
    rng = np.random.default_rng(block)
    values = np.array([0, 1, np.iinfo(dtype).max - 1, np.iinfo(dtype).max], dtype=dtype)
    for size in ((1, 30), (30, 1), (17, 19)):
        chosen, mask = rng.integers(0, 4, size), rng.random(size) < 0.1
        with lowered(map_numbers=block):
            parts = connected(values[chosen], mask)
        assert np.array_equal(parts, label(np.where(mask, 0, chosen + 1), connectivity=1, background=0) - 1)


@pytest.mark.parametrize("block", [1, 7, 1 << 16])
@pytest.mark.parametrize("n_links", [0, 1, 30, 100, 500])
def test_groups_of_links_are_those_of_scipy(n_links, block):
    rng = np.random.default_rng(n_links)
    path = rng.permutation(100)
    for links in (rng.integers(0, 100, (n_links, 2)), np.stack([path[1:], path[:-1]], axis=1)[:n_links]):
        linked = coo_array((np.ones(len(links)), links.T), shape=(100, 100))
        with lowered(map_numbers=block):
            groups = join(links.astype(np.int32), 100)
        assert np.array_equal(groups, connected_components(linked, directed=False)[1])


def test_masked_pixels_part_regions():
    mask = np.zeros((5, 5), dtype=bool)
    mask[:, 2] = True
    parts = connected(np.zeros((5, 5), dtype=int), mask)
    assert parts.max() == 1
    assert (parts[mask] == -1).all()
    assert (parts[:, :2] == 0).all()
    assert (parts[:, 3:] == 1).all()


# The graph


def test_the_graph_counts_pixels_and_borders(random_map):
    regions = connected(random_map)
    rng = np.random.default_rng(1)
    plane, contrast = rng.random(regions.shape), rng.random(regions.shape)
    found = graph(regions, [plane], [contrast])
    lengths, contrasts = {}, {}
    for row, column in np.ndindex(regions.shape):
        for other in ((row + 1, column), (row, column + 1)):
            if other[0] < 12 and other[1] < 15 and regions[row, column] != regions[other]:
                pair = tuple(sorted((int(regions[row, column]), int(regions[other]))))
                lengths[pair] = lengths.get(pair, 0) + 1
                contrasts[pair] = contrasts.get(pair, 0) + max(contrast[row, column], contrast[other])
    pairs = list(map(tuple, found.pairs.tolist()))
    assert dict(zip(pairs, found.borders[:, 0].tolist(), strict=True)) == lengths
    assert np.allclose([contrasts[pair] for pair in pairs], found.borders[:, 1])
    for region in range(regions.max() + 1):
        assert found.sizes[region] == (regions == region).sum()
        assert np.isclose(found.sums[region, 0], plane[regions == region].sum())


def test_small_regions_join_the_neighbor_of_the_nearest_color():
    regions = np.repeat([[0, 0, 0, 0, 1, 2, 2, 2, 2]], 3, axis=0)
    numbers, left = absorbed(regions, [np.array([10.0, 13.0, 20.0])[regions]], 4)
    assert numbers.tolist() == [[0, 0, 0, 0, 0, 1, 1, 1, 1]] * 3
    assert left.sizes.tolist() == [15, 12]
    assert left.sums.tolist() == [[12 * 10 + 3 * 13, 12 * 20]]


def test_large_regions_are_not_joined_by_small_ones_between_them():
    """The one in the middle is as near to both of its neighbors, which join others."""
    regions = np.array([[0, 0, 0, 1, 2, 3, 4, 4, 4, 4]])
    numbers, left = absorbed(regions, [np.array([10.0, 11, 15, 11, 12])[regions]], 3)
    assert numbers.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1, 1, 1]]
    assert left.sizes.tolist() == [4, 6]


def test_large_regions_that_are_equal_in_all_are_joined_by_one_between_them():
    """Nothing tells which of them it should join."""
    regions = np.array([[0, 0, 0, 1, 2, 2, 2]])
    numbers, _ = absorbed(regions, [np.array([10.0, 15, 10])[regions]], 3)
    assert not numbers.any()


@pytest.mark.parametrize("min_size", [0, 2, 5, 30, 1000])
def test_no_small_region_is_left_that_has_a_neighbor(random_map, min_size):
    regions = connected(random_map)
    numbers, left = absorbed(regions, pixels_of(regions)[0], min_size)
    assert left.sizes.min() >= min_size or len(left.sizes) == 1
    assert np.array_equal(np.bincount(numbers.ravel()), left.sizes)


def test_a_small_region_without_neighbors_stays():
    regions = np.array([[0, -1, 1, 1, 1]])
    numbers, left = absorbed(regions, [regions], 2)
    assert numbers.tolist() == regions.tolist()
    assert left.sizes.tolist() == [1, 3]


# The tree


def background_with_holes(_seed):
    """One region that touches all others."""
    holes = np.zeros((9, 9), dtype=int)
    holes[1::2, 1::2] = 1
    return holes


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "label_map", [lambda seed: np.random.default_rng(seed).integers(3, size=(7, 8)), background_with_holes]
)
def test_each_step_joins_the_neighbors_whose_union_costs_least(label_map, seed):
    regions = connected(label_map(seed))
    start = whole_graph(regions, seed)
    tree = merge(start, cost_of(start))
    deviations, _, labels = pixels_of(regions, seed)
    parts = {int(r): (deviations[:, regions == r].T, labels[regions == r]) for r in np.unique(regions)}
    borders = {frozenset(p): np.array(b) for p, b in zip(start.pairs.tolist(), start.borders.tolist(), strict=True)}
    highest = -np.inf
    for step, children in enumerate(tree.children.tolist()):
        costs = {pair: slow_cost(*map(parts.get, pair), border, regions.size) for pair, border in borders.items()}
        cheapest = min(costs, key=costs.get)
        assert set(children) == cheapest
        highest = max(highest, costs[cheapest])
        assert np.isclose(tree.heights[step], highest)
        union = tree.n_regions + step
        parts[union] = tuple(map(np.concatenate, zip(*(parts.pop(child) for child in children), strict=True)))
        joined = {}
        for pair, border in borders.items():
            if pair != cheapest:
                renamed = frozenset(union if region in children else region for region in pair)
                joined[renamed] = joined.get(renamed, 0) + border
        borders = joined
    assert len(parts) == 1


def test_a_large_region_is_looked_at_again_now_and_then_and_merges_at_nearly_the_same_cost(lower):
    holes = np.zeros((60, 60), dtype=int)
    holes[1::2, 1::2] = 1
    start = whole_graph(connected(holes))
    heights = []
    for many in (10_000, 10):
        lower(many_neighbors=many)
        heights.append(joining_heights(tree_of(start), start.pairs))
    assert np.abs(np.subtract(*heights)).max() <= 0.05


def test_very_many_regions_are_merged_in_rounds(lower, random_map):
    start = whole_graph(connected(random_map))
    exact = merge(start, cost_of(start))
    lower(many_regions=5)
    rounds = merge(start, cost_of(start))
    assert sorted(rounds.children.ravel()) == list(range(rounds.n_regions + len(rounds.children) - 1))
    assert (np.diff(rounds.heights) >= 0).all()
    assert (rounds.children < rounds.n_regions + np.arange(len(rounds.children))[:, np.newaxis]).all()
    assert len(rounds.children) == len(exact.children)


def test_a_round_is_given_up_that_merges_next_to_nothing(lower):
    """Each hole has a single neighbor, which merges with one of them in a round."""
    holes = np.zeros((31, 31), dtype=int)
    holes[1::2, 1::2] = 1
    start = whole_graph(connected(holes))
    exact = merge(start, cost_of(start))
    lower(many_regions=5)
    assert np.array_equal(merge(start, cost_of(start)).children, exact.children)


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(0, 1), (2, 3)]])
def test_regions_without_neighbors_are_not_merged_in_rounds(lower, pairs):
    lower(many_regions=2)
    alone = Graph(np.ones(9), np.ones((9, 6)), np.array(pairs, dtype=np.int32).reshape(-1, 2), np.ones((len(pairs), 4)))
    assert sorted(map(tuple, np.sort(tree_of(alone).children, axis=1))) == pairs


def test_a_cut_makes_the_first_mergers(random_map):
    tree = tree_of(whole_graph(connected(random_map)))
    for n_merges in (0, 1, 5, len(tree.children)):
        groups = cut(tree, n_merges)
        assert np.array_equal(np.unique(groups), np.arange(tree.n_regions - n_merges))
        _, first = np.unique(groups, return_index=True)
        assert (np.diff(first) > 0).all()
        for one, other in tree.children[:n_merges]:
            if max(one, other) < tree.n_regions:
                assert groups[one] == groups[other]


def test_cuts_are_nested(random_map):
    tree = tree_of(whole_graph(connected(random_map)))
    finer, coarser = cut(tree, 10), cut(tree, 30)
    assert len(np.unique(np.stack([finer, coarser]), axis=1).T) == finer.max() + 1


def test_regions_join_at_the_height_of_the_cut_that_joins_them(random_map):
    start = whole_graph(connected(random_map))
    tree = tree_of(start)
    heights = joining_heights(tree, start.pairs)
    for n_merges in range(len(tree.children) + 1):
        groups = cut(tree, n_merges)
        together = groups[start.pairs[:, 0]] == groups[start.pairs[:, 1]]
        assert (heights[together] <= tree.heights[:n_merges].max(initial=-np.inf)).all()


def test_regions_that_never_meet_join_at_infinity():
    start = whole_graph(np.array([[0, -1, 1]]))
    assert joining_heights(tree_of(start), np.array([[0, 1]])).tolist() == [np.inf]


def test_a_single_region_has_nothing_to_merge():
    start = Graph(np.ones(1), np.ones((1, 6)), np.zeros((0, 2), dtype=np.int64), np.zeros((0, 4)))
    tree = tree_of(start)
    assert tree.children.shape == (0, 2)
    assert cut(tree, 0).tolist() == [0]


# Learning


def test_two_neighbors_are_as_separate_as_their_pixels(random_map):
    regions, start = connected(random_map), whole_graph(connected(random_map))
    truths = [random_map > 0, np.indices(regions.shape)[1] // 4]
    described, tables = make_lesson(Described(regions, start, N_LABELS), truths)
    _, separate, _ = compare(start, described.cost(WEIGHTS), tables)
    expected = []
    for one, other in start.pairs:
        differs = [(truth[regions == one][:, np.newaxis] != truth[regions == other]).mean() for truth in truths]
        expected.append(np.mean(differs))
    assert np.allclose(separate, expected)


def test_weights_are_those_of_a_logistic_regression_on_repeated_pairs():
    rng = np.random.default_rng(0)
    terms, separate = rng.normal(size=(400, len(TERMS))), rng.integers(5, size=400) / 4
    weights = fit_weights([(terms, separate, np.ones(400))])
    repeated = np.repeat(terms, 4, axis=0)
    answers = (np.arange(4) < 4 * separate[:, np.newaxis]).ravel()
    expected = LogisticRegression(C=1e6).fit(repeated, answers)
    assert np.allclose(list(weights.values()), [*expected.coef_[0], *expected.intercept_], atol=2e-3)
