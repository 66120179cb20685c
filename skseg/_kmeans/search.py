"""Search for the best centers of a few points: a genetic algorithm over the local optima of k-means [1]_.

A population of local optima starts with k-means++. A child takes each center from one of two parents, moves one center
to a point that is far from all, and descends to a local optimum by Lloyd's algorithm. The best survive. The children of
a generation descend together: their scores are one product of matrices. All random numbers come from a generator with
a fixed seed, so the same points always have the same centers.

References
----------
.. [1] D. Gribel and T. Vidal, "HG-means: a scalable hybrid genetic algorithm for minimum sum-of-squares clustering",
   Pattern Recognition 88, 2019.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from .lloyd import STRIDE, Points

Floats = NDArray[np.float64]

_SEED = 0
_N_PARENTS = 10  # that survive when the population has doubled
_N_CHILDREN = 10  # of a generation
_PATIENCE = 4  # generations without a better optimum, and one for every 4 clusters, end the search
_MAX_WORK = 1 << 35  # scores of points and centers, times clusters: the last run takes longer where these are many
_MAX_ITER = 50
_LEAST_GAIN = 3e-4  # of an iteration, relative to the inertia
_AHEAD = 5  # iterations that the last gain is expected for
_SAME = 1e-4  # optima whose inertia differs by less, relatively, are taken as one
_TINY = 1e-300


def search(points: Floats, weights: Floats, n_clusters: int) -> Floats:
    """The centers of least inertia found, (n_clusters, n_features), for points of shape (n_points, n_features).

    The result does not depend on the unit of the points and weights.
    """
    searched, random = Points(points, weights, _N_PARENTS), np.random.RandomState(_SEED)
    most_scores = _MAX_WORK // n_clusters
    n_starts = min(_N_PARENTS, 1 + most_scores // (_MAX_ITER * n_clusters * len(points)))
    optima, inertias = _select(*_descend(searched, _choose(searched, n_starts, n_clusters, random)))
    n_stale = 0
    while len(optima) > 1 and n_stale < _PATIENCE + n_clusters // 4 and searched.n_scores < most_scores:
        least = inertias[0]
        pairs = random.randint(len(optima), size=(_N_CHILDREN, 2, 2)).min(axis=2)  # tournaments: lower is better
        children = np.array([_cross(optima[one], optima[other], random) for one, other in pairs])
        found = _descend(searched, _move_one_center(searched, children, random), inertias[:_N_PARENTS][-1])
        optima, inertias = _select(*(np.concatenate(pair) for pair in zip((optima, inertias), found, strict=True)))
        if len(optima) > 2 * _N_PARENTS:
            optima, inertias = optima[:_N_PARENTS], inertias[:_N_PARENTS]
        n_stale = n_stale + 1 if inertias[0] >= (1 - _SAME) * least else 0
    return np.asarray(searched.origin + optima[0] * searched.unit)


def _select(optima: Floats, inertias: Floats) -> tuple[Floats, Floats]:
    """Different local optima, from the best to the worst."""
    order = np.argsort(inertias, kind="stable")
    order = order[np.diff(inertias[order], prepend=-np.inf) > _SAME * inertias.min()]
    return optima[order], inertias[order]


def _cross(one: Floats, other: Floats, random: np.random.RandomState) -> Floats:
    """Each center from one of two parents, whose centers are matched to the nearest of the other one's."""
    squares = ((one[:, np.newaxis] - other) ** 2).sum(axis=2)
    return np.where(random.rand(len(one), 1) < 0.5, one, other[linear_sum_assignment(squares)[1]])


def _choose(points: Points, n_sets: int, n_clusters: int, random: np.random.RandomState) -> Floats:
    """Centers by k-means++: of a few points, drawn by their share of the inertia, the one that lowers it most."""
    centers, sets = np.empty((n_sets, n_clusters, points.rows.shape[1])), np.arange(n_sets)
    squares, n_draws = np.ones((n_sets, len(points.rows))), 2 + int(np.log(n_clusters))
    of_tried = np.empty((len(points.rows), n_sets * n_draws))
    for number in range(n_clusters):
        tried = _draw(squares * points.shares, random, n_draws)
        points.label(points.rows[tried.ravel(), np.newaxis], of_tried)
        nearest = np.minimum(squares[:, np.newaxis], of_tried.T.reshape(n_sets, n_draws, -1))
        best = (nearest * points.shares).sum(axis=2).argmin(axis=1)
        centers[:, number], squares = points.rows[tried[sets, best]], nearest[sets, best]
    return centers


def _descend(points: Points, centers: Floats, limit: float = np.inf) -> tuple[Floats, Floats]:
    """Nearly the local optima, and their inertias; descents that will not come below a limit are given up."""
    centers, inertias = centers.copy(), np.full(len(centers), np.inf)
    moving, n_left = np.arange(len(centers)), _MAX_ITER
    while len(moving) and n_left:
        means, found = points.step(centers[moving])
        gains, n_left = inertias[moving] - found, n_left - 1
        centers[moving] += STRIDE * (means - centers[moving])
        inertias[moving] = found
        moving = moving[(gains > _LEAST_GAIN * found) & (found - _AHEAD * gains < limit)]
    return centers, inertias


def _move_one_center(points: Points, centers: Floats, random: np.random.RandomState) -> Floats:
    """Move one center of each set, probably one that serves little, to a point, probably of much inertia."""
    squares, sets = np.empty((len(points.rows), len(centers))), np.arange(len(centers))
    labels = points.label(centers, squares)
    totals = points.sums(labels, centers.shape[1])[0]
    losses = ((centers[:, :, np.newaxis] - centers[:, np.newaxis]) ** 2).sum(axis=3)
    losses *= totals * totals.swapaxes(1, 2) / np.maximum(totals + totals.swapaxes(1, 2), _TINY)
    losses += np.where(np.eye(centers.shape[1]), np.inf, 0)  # of joining a cluster with another one
    moved = centers.copy()
    serves_little = _draw(1 / np.maximum(losses.min(axis=2), _TINY), random)[:, 0]
    moved[sets, serves_little] = points.rows[_draw(squares.T * points.shares, random)[:, 0]]
    return moved


def _draw(shares: Floats, random: np.random.RandomState, n_draws: int = 1) -> NDArray[np.intp]:
    """Numbers for each row, drawn by their share of the sum of the row, (n_rows, n_draws)."""
    cumulated = np.cumsum(shares, axis=1)
    drawn = random.rand(len(shares), n_draws) * cumulated[:, -1:]
    found = [np.searchsorted(row, numbers) for row, numbers in zip(cumulated, drawn, strict=True)]
    return np.asarray(np.minimum(found, shares.shape[1] - 1))
