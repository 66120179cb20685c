"""Distances between points and centers, and the nearest center of each point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._census.blocks import for_blocks

Floats = NDArray[np.float64]

_BLOCK = 1 << 13  # points that are labeled at a time: their scores stay in the processor's cache
_GROUP = 16  # centers whose scores are computed at a time
_MANTISSA_BITS = 52
_LEAST_ERROR = 1e-290  # of scores, whose last bits are of another kind where they are that small


def distances(points: Floats, centers: Floats) -> Floats:
    """Euclidean distance of each point to each center, (n_points, n_centers).

    Computed channel by channel, without a matrix product: the distance of a point never depends on its neighbors in
    the array, the number of threads or the machine, so equal distances are equal wherever a pixel is met.
    """
    return np.stack([_distance(points.T, center) for center in centers], axis=1)


def _distance(columns: Floats, center: Floats) -> Floats:
    squares = np.zeros(columns.shape[1])
    for column, coordinate in zip(columns, center, strict=True):
        offsets = column - coordinate
        offsets *= offsets
        squares += offsets
    return np.sqrt(squares, out=squares)


def nearest(points: Floats, centers: Floats) -> NDArray[np.int32]:
    """Number of the nearest center of each point, the lower one of two that are equally near, (n_points,)."""
    labels = np.empty(len(points), dtype=np.int32)
    find = NearestCenter(centers)

    def fill(block: slice) -> None:
        labels[block] = find(np.ascontiguousarray(points[block].T))

    for_blocks(fill, len(points), _BLOCK)
    return labels


class NearestCenter:
    """Numbers of the nearest centers, by the exact distances of `distances`.

    Centers are ranked by ``x · c - c² / 2``, a matrix product. Its last bits are replaced by the number of the center,
    so that the largest score tells the label. Points whose two best scores differ by no more than the error of all
    that are measured exactly.
    """

    def __init__(self, centers: Floats) -> None:
        self.centers = centers
        self._origin = centers.mean(axis=0)[:, np.newaxis]
        self._offsets = np.ascontiguousarray(centers - self._origin.T)
        squares = (self._offsets**2).sum(axis=1)
        self._halves = squares[:, np.newaxis] / 2
        self._radius = float(np.sqrt(squares.max()))
        self._n_bits = (len(centers) - 1).bit_length()
        self._numbers = np.arange(len(centers))[:, np.newaxis]

    def __call__(self, columns: Floats) -> NDArray[np.int64]:
        """The labels of points, given as contiguous columns, (n_features, n_points)."""
        if len(self.centers) == 1 or not columns.size:
            return np.zeros(columns.shape[1], dtype=np.int64)
        columns_here = columns - self._origin
        best, second = self._two_best(columns_here)
        labels = best.view(np.int64) & ((1 << self._n_bits) - 1)
        reach = self._radius + np.sqrt(len(columns)) * np.abs(columns_here).max()
        error = reach**2 * 2.0 ** (self._n_bits + 3 - _MANTISSA_BITS) + _LEAST_ERROR
        doubtful = np.flatnonzero(~(best - second > error))
        if len(doubtful):
            labels[doubtful] = _nearest_exactly(columns[:, doubtful], self.centers)
        return labels

    def _two_best(self, columns: Floats) -> tuple[Floats, Floats]:
        """The best and the second best score of each point."""
        n_points = columns.shape[1]
        best, second, lower = np.full((3, n_points), -np.inf)
        scores = np.empty((min(_GROUP, len(self.centers)), n_points))
        for start in range(0, len(self.centers), _GROUP):
            group = slice(start, start + _GROUP)
            ranked = scores[: len(self._offsets[group])]
            product = np.multiply if len(columns) == 1 else np.matmul  # the product of one feature is slow
            product(self._offsets[group], columns, out=ranked)
            ranked -= self._halves[group]
            packed = ranked.view(np.int64)
            packed &= -1 << self._n_bits
            packed |= self._numbers[group]
            for score in ranked:
                np.minimum(best, score, out=lower)
                np.maximum(second, lower, out=second)
                np.maximum(best, score, out=best)
        return best, second


def _nearest_exactly(columns: Floats, centers: Floats) -> NDArray[np.int64]:
    labels = np.zeros(columns.shape[1], dtype=np.int64)
    shortest = _distance(columns, centers[0])
    for label, center in enumerate(centers[1:], start=1):
        distance = _distance(columns, center)
        np.copyto(labels, label, where=distance < shortest)
        np.minimum(distance, shortest, out=shortest)
    return labels


def weighted_variance(points: Floats, weights: Floats) -> float:
    """Weighted variance, mean of the features; avoids BLAS, whose threads stall on busy machines."""
    shares = weights / weights.sum()
    means = [(shares * column).sum() for column in points.T]
    return float(np.mean([(shares * (column - mean) ** 2).sum() for column, mean in zip(points.T, means, strict=True)]))
