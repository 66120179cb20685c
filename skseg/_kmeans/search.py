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

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from .._census import sums_by_label

Floats = NDArray[np.float64]

_SEED = 0
_N_PARENTS = 10  # that survive when the population has doubled
_N_CHILDREN = 8  # of a generation
_PATIENCE = 6  # generations without a better optimum end the search
_MAX_SCORES = 1 << 28  # of points and centers, about: the work on very many clusters
_MAX_ITER = 50
_LEAST_GAIN = 3e-4  # of an iteration, relative to the inertia
_AHEAD = 10  # iterations that the last gain is expected for
_SAME = 1e-4  # optima whose inertia differs by less, relatively, are taken as one
_BETTER = 1e-5  # by which the best optimum must gain
_HELD_SCORES = 1 << 18  # at a time: they stay in the processor's cache
_SINGLE_BITS = 17  # of the variance, relative to the extent and n_clusters², let single precision rank centers
_TINY = 1e-300


def search(points: Floats, weights: Floats, n_clusters: int) -> Floats:
    """The centers of least inertia found, (n_clusters, n_features), for points of shape (n_points, n_features).

    No result depends on the unit of the points and weights, nor on the number of threads, if BLAS uses one.
    """
    searched = _Points(points, weights, n_clusters)
    random = np.random.RandomState(_SEED)
    n_starts = min(_N_PARENTS, max(1, _MAX_SCORES // (_MAX_ITER * n_clusters * len(points))))
    optima, inertias = _select(*searched.descend(searched.draw(n_starts, random)))
    n_stale = 0
    while n_stale < _PATIENCE and searched.n_scores < _MAX_SCORES:
        least = inertias[0]
        pairs = random.randint(len(optima), size=(_N_CHILDREN, 2, 2)).min(axis=2)  # tournaments: lower is better
        children = np.array([_cross(optima[one], optima[other], random) for one, other in pairs])
        found = searched.descend(searched.move_one_center(children, random), inertias[:_N_PARENTS][-1])
        optima, inertias = _select(*(np.concatenate(pair) for pair in zip((optima, inertias), found, strict=True)))
        if len(optima) > 2 * _N_PARENTS:
            optima, inertias = optima[:_N_PARENTS], inertias[:_N_PARENTS]
        n_stale = n_stale + 1 if inertias[0] >= (1 - _BETTER) * least else 0
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


class _Points:
    """Weighted points, and k-means on them for many sets of centers, of shape (n_sets, n_clusters, n_features).

    Attributes
    ----------
    rows : points relative to their mean, at most 1 in any direction, (n_points, n_features)
    origin, unit : of the rows
    n_scores : of points and centers that were computed
    """

    def __init__(self, points: Floats, weights: Floats, n_clusters: int) -> None:
        shares = weights / weights.sum()
        self.origin = (shares[:, np.newaxis] * points).sum(axis=0)
        self.rows = points - self.origin
        self.unit = np.abs(self.rows).max() or 1.0
        self.rows /= self.unit
        self.n_scores = 0
        self._columns = columns = np.ascontiguousarray(self.rows.T)
        self._squares = (columns**2).sum(axis=0)
        self._moments = shares * np.vstack([np.ones(len(points)), columns])
        self._energy = float(shares @ self._squares)
        is_single = self._energy > n_clusters**2 * 2.0**-_SINGLE_BITS
        self._kind: type[np.floating[Any]] = np.float32 if is_single else np.float64
        self._integer: type[np.signedinteger[Any]] = np.int32 if is_single else np.int64
        self._numbers = np.arange(n_clusters, dtype=self._integer)[:, np.newaxis]
        self._number_mask = (1 << (n_clusters - 1).bit_length()) - 1
        self._terms = np.vstack([columns, np.ones(len(points))]).astype(self._kind)
        self._held = max(1, _HELD_SCORES // (n_clusters * len(points)))
        self._scores = np.empty((self._held, n_clusters, len(points)), dtype=self._kind)

    def draw(self, n_sets: int, random: np.random.RandomState) -> Floats:
        """Centers by k-means++: points, drawn by their share of the inertia."""
        centers = np.empty((n_sets, len(self._numbers), self.rows.shape[1]))
        squares = np.ones((n_sets, len(self.rows)))
        for number in range(len(self._numbers)):
            inertias = np.cumsum(squares * self._moments[0], axis=1)
            centers[:, number] = self.rows[[_draw(inertia, random) for inertia in inertias]]
            offsets = self._columns - centers[:, number, :, np.newaxis]
            np.minimum(squares, (offsets * offsets).sum(axis=1), out=squares)
        return centers

    def descend(self, centers: Floats, limit: float = np.inf) -> tuple[Floats, Floats]:
        """Lloyd's algorithm: nearly the local optima, and their inertias; those that will exceed a limit are left."""
        centers, inertias = centers.copy(), np.full(len(centers), np.inf)
        moving = np.arange(len(centers))
        for _ in range(_MAX_ITER):
            totals, sums = self._sums(self._label(centers[moving])[0])
            safe = np.where(totals > 0, totals, 1)
            found = self._energy - (sums * sums / safe).sum(axis=(1, 2))
            gains = inertias[moving] - found
            centers[moving] = np.where(totals > 0, sums / safe, centers[moving])
            inertias[moving] = found
            moving = moving[(gains > _LEAST_GAIN * found) & (found - _AHEAD * gains < limit)]
            if not len(moving):
                break
        return centers, inertias

    def move_one_center(self, centers: Floats, random: np.random.RandomState) -> Floats:
        """Move one center of each set, probably one that serves little, to a point, probably of much inertia."""
        labels, best = self._label(centers)
        inertia = np.cumsum(np.maximum(self._squares - 2 * best, 0) * self._moments[0], axis=1)
        totals = self._sums(labels)[0]
        squares = ((centers[:, :, np.newaxis] - centers[:, np.newaxis]) ** 2).sum(axis=3)
        losses = squares * totals * totals.swapaxes(1, 2) / np.maximum(totals + totals.swapaxes(1, 2), _TINY)
        losses += np.where(np.eye(len(self._numbers)), np.inf, 0)
        ease = np.cumsum(1 / np.maximum(losses.min(axis=2), _TINY), axis=1)  # of joining a cluster with a neighbor
        moved = centers.copy()
        for one, eases, inertias in zip(moved, ease, inertia, strict=True):
            one[_draw(eases, random)] = self.rows[_draw(inertias, random)]
        return moved

    def _label(self, centers: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Nearest center of each point, and its score, ``x · c - c² / 2``, (n_sets, n_points).

        The last bits of a score are replaced by the number of the center, so that the largest tells the label.
        """
        best = np.empty((len(centers), len(self.rows)), dtype=self._kind)
        halves = (centers**2).sum(axis=2, keepdims=True) / -2
        terms = np.concatenate([centers, halves], axis=2).astype(self._kind)
        for start in range(0, len(centers), self._held):
            part = terms[start : start + self._held]
            scores = self._scores[: len(part)]
            np.matmul(part.reshape(-1, part.shape[2]), self._terms, out=scores.reshape(-1, len(self.rows)))
            packed = scores.view(self._integer)
            packed &= ~self._number_mask
            packed |= self._numbers
            scores.max(axis=1, out=best[start : start + self._held])
        self.n_scores += best.size * len(self._numbers)
        return (best.view(self._integer) & self._number_mask).astype(np.intp), best

    def _sums(self, labels: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Weight, (n_sets, n_clusters, 1), and weighted sum, (n_sets, n_clusters, n_features), of each label."""
        n_sets, n_clusters = len(labels), len(self._numbers)
        labels = labels + n_clusters * np.arange(n_sets)[:, np.newaxis]
        repeated = (np.tile(moment, n_sets) for moment in self._moments)
        sums = sums_by_label(labels.ravel(), repeated, n_sets * n_clusters).reshape(n_sets, n_clusters, -1)
        return sums[..., :1], sums[..., 1:]


def _draw(cumulated: Floats, random: np.random.RandomState) -> int:
    """A number, drawn by its share of the sum."""
    return min(int(np.searchsorted(cumulated, random.rand() * cumulated[-1])), len(cumulated) - 1)
