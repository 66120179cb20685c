"""Lloyd's algorithm on weighted points, from many sets of centers at a time by one product of matrices."""

import numpy as np
from numpy.typing import NDArray

from .._census import sums_by_label
from .._census.blocks import for_blocks

Floats = NDArray[np.float64]

STRIDE = 1.7  # of a center towards the mean of its points; up to twice the way, the inertia falls at every step
_LEAST_GAIN = 1e-6  # relative
_ROUNDING = 1e-14  # of the inertia, relative to that around the mean of all
_MAX_PRODUCTS = 1 << 18  # of numbers in a product of matrices: OpenBLAS computes it in one thread, in the cache


class Points:
    """Weighted points, and steps of Lloyd's algorithm for sets of centers, (n_sets, n_clusters, n_features).

    Centers are relative to the mean of the points, in a unit that no point exceeds in any direction. Results do not
    depend on the number of threads.

    Attributes
    ----------
    rows : the points, (n_points, n_features)
    shares : of the weight, (n_points,)
    origin, unit : of the centers
    n_scores : of points and centers that were computed
    """

    def __init__(self, points: Floats, weights: Floats, most_sets: int = 1) -> None:
        self.shares = weights / weights.sum()
        self.origin = (self.shares[:, np.newaxis] * points).sum(axis=0)
        self.rows = points - self.origin
        self.unit = float(np.abs(self.rows).max()) or 1.0
        self.rows /= self.unit
        self.n_scores = 0
        self._terms = np.column_stack([self.rows, np.ones(len(points))])
        self._moments = np.tile(self.shares * self._terms.T, most_sets)  # of each set, one after the other
        self._norms = (self.rows**2).sum(axis=1)
        self._energy = float((self.shares * self._norms).sum())

    def lloyd(self, start: Floats, *, shift: float, max_iter: int) -> tuple[Floats, NDArray[np.int32], int]:
        """Centers in the units of the points, (n_clusters, n_features), labels, and the number of iterations.

        These end when the squared steps to the means sum to no more than `shift`. Centers go beyond the means, which
        saves iterations, as long as the inertia falls.
        """
        centers, inertia, n_iter, step = (start[np.newaxis] - self.origin) / self.unit, np.inf, 0, np.inf
        shift = shift / self.unit / self.unit  # the square of a small unit is 0
        while step > shift and n_iter < max_iter:
            means, found = self.step(centers)
            step, n_iter = float(((means - centers) ** 2).sum()), n_iter + 1
            is_falling = found[0] < (1 - _LEAST_GAIN) * inertia
            centers, inertia = centers + STRIDE * (means - centers) if is_falling else means, float(found[0])
        return self.origin + means[0] * self.unit, self.label(means)[:, 0].astype(np.int32), n_iter

    def step(self, centers: Floats) -> tuple[Floats, Floats]:
        """The means of the points next to each center, and the inertia around these means, (n_sets,)."""
        totals, sums = self.sums(self.label(centers), centers.shape[1])
        safe = np.where(totals > 0, totals, 1)
        inertias = self._energy - (sums * sums / safe).sum(axis=(1, 2))
        return np.where(totals > 0, sums / safe, centers), np.maximum(inertias, _ROUNDING * self._energy)

    def label(self, centers: Floats, squares: Floats | None = None) -> NDArray[np.intp]:
        """Number of the nearest center of each point, (n_points, n_sets), by the score ``x · c - c² / 2``.

        `squares` are filled with the squared distances to these, (n_points, n_sets), if they are wanted.
        """
        n_sets, n_clusters, n_features = centers.shape
        halves = (centers**2).sum(axis=2, keepdims=True) / -2
        terms = np.concatenate([centers, halves], axis=2).reshape(-1, n_features + 1).T
        labels = np.empty((len(self.rows), n_sets), dtype=np.intp)

        def fill(block: slice) -> None:
            scores = np.matmul(self._terms[block], terms).reshape(-1, n_sets, n_clusters)
            scores.argmax(axis=2, out=labels[block])
            if squares is not None:
                np.maximum(self._norms[block, np.newaxis] - 2 * scores.max(axis=2), 0, out=squares[block])

        for_blocks(fill, len(labels), max(1, _MAX_PRODUCTS // terms.size))
        self.n_scores += labels.size * n_clusters
        return labels

    def sums(self, labels: NDArray[np.intp], n_clusters: int) -> tuple[Floats, Floats]:
        """Weight, (n_sets, n_clusters, 1), and weighted sum, (n_sets, n_clusters, n_features), of each label."""
        n_sets = labels.shape[1]
        numbers = (labels.T + n_clusters * np.arange(n_sets)[:, np.newaxis]).ravel()
        sums = sums_by_label(numbers, self._moments[:, : len(numbers)], n_sets * n_clusters)
        sums = sums.reshape(n_sets, n_clusters, -1)
        return sums[..., -1:], sums[..., :-1]
