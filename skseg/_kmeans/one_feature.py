"""The optimum of k-means for points on a line, by a dynamic program with bounds.

Clusters on a line are intervals, so their bounds tell all. The least cost of the first k intervals that end at a point
follows from that of k - 1 by one minimum over the last bound, whose best place never moves left if the end moves right:
divide and conquer [1]_. Of many points, bounds are first placed in blocks of neighbors. Intervals without the blocks at
their ends cost less than any that end within them, which rules out most blocks; the others are divided.

References
----------
.. [1] H. Wang and M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic programming", The R
   Journal 3(2), 2011.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

_N_BLOCKS = 1 << 10  # at first
_DIVISOR = 8  # of blocks
_N_DESCENTS = 20  # iterations of Lloyd's algorithm to a good solution
_ROUNDING = 1e-9  # relative
_TINY = 1e-300


def optimal_bounds(values: Floats, weights: Floats, n_clusters: int) -> Positions:
    """Where the clusters of least inertia end, (n_clusters,), for ascending values of shape (n_values,)."""
    n_values = len(values)
    values = values - values[n_values // 2]
    values /= max(np.abs(values).max(), _TINY)
    sums = _cumulated_moments(values, weights / weights.sum())
    size = 1
    while size * _N_BLOCKS < n_values:
        size *= _DIVISOR
    fixed = np.zeros((2, 1), dtype=np.intp)
    blocks = [fixed] + [_blocks(0, n_values, size)] * (n_clusters - 1) + [fixed + n_values]
    while True:
        costs, choices = _least_costs(sums, blocks)
        place, ends = 0, [n_values]
        for choice, (first, _) in zip(reversed(choices), reversed(blocks[:-1]), strict=True):
            place = choice[place]
            ends.append(first[place])
        bounds = np.sort(ends)
        if size == 1:
            return bounds[1:]
        mirrored = [n_values - block[::-1, ::-1] for block in reversed(blocks)]
        costs_after = _least_costs(-sums[:, ::-1], mirrored)[0]
        most = _inertia_nearby(values, sums, bounds) * (1 + _ROUNDING)
        size //= _DIVISOR
        for number in range(1, n_clusters):
            possible = np.flatnonzero(costs[number] + costs_after[-1 - number][::-1] <= most)
            first, last = blocks[number][0, possible[0]], blocks[number][1, possible[-1]]
            blocks[number] = _blocks(first, last, size)


def _blocks(first: int, last: int, size: int) -> Positions:
    """First and last position of each block of that many positions, (2, n_blocks)."""
    starts = np.arange(first, last + 1, size)
    return np.stack([starts, np.minimum(starts + size - 1, last)])


def _cumulated_moments(values: Floats, weights: Floats) -> Floats:
    """Weight, weighted sum and sum of squares before each position, (3, n_values + 1), up to a constant.

    They are added outwards from the median, so outliers blur no sums of others.
    """
    middle = len(values) // 2
    moments = weights * np.stack([np.ones_like(values), values, values**2])
    left = -np.cumsum(moments[:, :middle][:, ::-1], axis=1)[:, ::-1]
    return np.hstack([left, np.zeros((3, 1)), np.cumsum(moments[:, middle:], axis=1)])


def _scatter(moments: Floats) -> Floats:
    """Inertia of clusters of given moments, (3, ...); 0 of those that are empty or turned around."""
    return np.asarray(np.maximum(moments[2] - moments[1] ** 2 / np.maximum(moments[0], _TINY), 0))


def _least_costs(sums: Floats, blocks: list[Positions]) -> tuple[list[Floats], list[Positions]]:
    """Lower bounds of the inertia before each block of each bound, and the block of the bound before.

    They are exact if blocks are single positions.
    """
    costs, choices = [np.zeros(1)], []
    for before, here in pairwise(blocks):
        cost, choice = _add_interval(costs[-1], sums[:, before[1]], sums[:, here[0]])
        costs.append(cost)
        choices.append(choice)
    return costs, choices


def _add_interval(costs: Floats, begins: Floats, ends: Floats) -> tuple[Floats, Positions]:
    """Least sum of the cost before, and of an interval, for each end; and the begin that gives it.

    Every second end is looked at between the choices of its neighbors, which are known, then the ends between these.
    """
    n_ends = ends.shape[1]
    stride = 1 << (n_ends.bit_length() - 1)
    least, choices = np.empty(n_ends), np.full(2 * stride + n_ends + 1, len(costs) - 1)
    choices[0] = 0
    while stride:
        rows = np.arange(stride, n_ends + 1, 2 * stride)
        first = choices[rows - stride]
        counts = choices[rows + stride] - first + 1
        starts = np.cumsum(counts) - counts
        tried = np.arange(counts.sum()) + np.repeat(first - starts, counts)
        moments = np.repeat(ends.take(rows - 1, axis=1), counts, axis=1)
        moments -= begins.take(tried, axis=1)
        totals = _scatter(moments)
        totals += costs.take(tried)
        least[rows - 1] = minima = np.minimum.reduceat(totals, starts)
        hits = np.flatnonzero(totals == np.repeat(minima, counts))
        choices[rows] = tried[hits[np.searchsorted(hits, starts)]]
        stride //= 2
    return least, choices[1 : n_ends + 1]


def _inertia_nearby(values: Floats, sums: Floats, bounds: Positions) -> float:
    """Inertia of a good solution, which Lloyd's algorithm finds from given bounds."""
    for _ in range(_N_DESCENTS):
        moments = np.diff(sums[:, bounds])
        centers = np.sort(moments[1, moments[0] > 0] / moments[0, moments[0] > 0])
        bounds = np.concatenate([[0], np.searchsorted(values, (centers[1:] + centers[:-1]) / 2), [len(values)]])
    return float(_scatter(np.diff(sums[:, bounds])).sum())
