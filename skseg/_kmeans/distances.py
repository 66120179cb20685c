"""Distances between points and centers, and the nearest center of each point."""

from __future__ import annotations

from collections.abc import Iterator
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._census.blocks import for_blocks

Floats = NDArray[np.float64]

_BLOCK = 1 << 14  # points that are labeled at a time
_MAX_SCORES = 1 << 18  # of points and centers that are held at a time: they stay in the processor's cache
_EXACT_BITS = 52  # of distances in double precision
_SINGLE = 1e-12, 1e12  # radii of centers that are ranked in single precision
_MAX_SINGLE = 16  # centers that are ranked so; the labels of more would take too many bits of a score
_FAR = 16  # times the radius of the centers; points that are farther away need double precision
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


class _Precision(NamedTuple):
    """Centers as numbers of one precision.

    Attributes
    ----------
    offsets : from the mean of the centers, (n_centers, n_features)
    halves : of their squares, (n_centers, 1)
    numbers : of the centers, as integers of the same size, (n_centers, 1)
    mantissa_bits : of the numbers
    """

    offsets: NDArray[Any]
    halves: NDArray[Any]
    numbers: NDArray[Any]
    mantissa_bits: int


class _Scratch(local):
    """Arrays of each thread to write to again and again, which are freed with the object.

    Large arrays that threads make and drop again cost several times the work on them.
    """

    def get(self, name: str, shape: tuple[int, int], dtype: Any = np.float64) -> NDArray[Any]:
        """An array with arbitrary content, valid until the next call with this name."""
        arrays, size = vars(self), shape[0] * shape[1]
        if name not in arrays or arrays[name].size < size:
            arrays[name] = np.empty(size, dtype=dtype)
        return np.asarray(arrays[name][:size].reshape(shape))


class NearestCenter:
    """Numbers of the nearest centers, by the exact distances of `distances`.

    Centers are ranked by ``x · c - c² / 2``, a matrix product, in single precision where that is enough. Its last bits
    are replaced by the number of the center, so that the largest score tells the label. Points with another score that
    is as large but for rounding are measured exactly.
    """

    def __init__(self, centers: Floats) -> None:
        self.centers = centers
        self._origin = centers.mean(axis=0)[:, np.newaxis]
        offsets = np.ascontiguousarray(centers - self._origin.T)
        squares, numbers = (offsets**2).sum(axis=1), np.arange(len(centers))[:, np.newaxis]
        halves = squares[:, np.newaxis] / 2
        self._radius = float(np.sqrt(squares.max()))
        self._n_bits = (len(centers) - 1).bit_length()
        self._count = np.min_scalar_type(len(centers))
        self._scratch = _Scratch()
        self._double = _Precision(offsets, halves, numbers, _EXACT_BITS)
        self._single = None
        if len(centers) <= _MAX_SINGLE and _SINGLE[0] < self._radius < _SINGLE[1]:
            singles = offsets.astype(np.float32), halves.astype(np.float32), numbers.astype(np.int32)
            self._single = _Precision(*singles, 23)

    def __reduce__(self) -> Any:
        return NearestCenter, (self.centers,)

    def __call__(self, columns: Floats) -> NDArray[np.int64]:
        """The labels of points, given as columns, (n_features, n_points)."""
        labels = np.zeros(columns.shape[1], dtype=np.int64)
        for part in self._parts(columns):
            labels[part] = self._label(columns[:, part])
        return labels

    def with_margins(self, columns: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Labels, and by how much the second nearest center is farther away, at least, (n_points,)."""
        labels, margins = np.zeros(columns.shape[1], dtype=np.int64), np.full(columns.shape[1], np.inf)
        for part in self._parts(columns):
            labels[part], margins[part] = self._label_with_margins(columns[:, part])
        return labels, margins

    def _parts(self, columns: Floats) -> Iterator[slice]:
        """Parts of points whose scores need little memory; none if there is only one label."""
        n_points = 0 if len(self.centers) == 1 else columns.shape[1]
        length = max(1, _MAX_SCORES // len(self.centers))
        return (slice(start, start + length) for start in range(0, n_points, length))

    def _label(self, columns: Floats) -> NDArray[np.int64]:
        scores, _, best, labels, error = self._rank(columns, self._single)
        best -= error
        is_near = np.greater_equal(scores, best, out=self._scratch.get("near", scores.shape, np.bool_)).view(np.uint8)
        return self._settle(labels, columns, is_near.sum(axis=0, dtype=self._count) != 1)

    def _label_with_margins(self, columns: Floats) -> tuple[NDArray[np.int64], Floats]:
        scores, offsets, best, labels, error = self._rank(columns)  # single precision would make margins too small
        scores.put(labels * columns.shape[1] + np.arange(columns.shape[1]), -np.inf)
        lead = best - scores.max(axis=0)
        labels = self._settle(labels, columns, lead <= error)
        squares = -2 * best
        for column in offsets:
            squares += column * column
        np.maximum(squares, 0, out=squares)
        squares += 2 * error
        longest = np.sqrt(squares)
        squares += 2 * (lead + error)
        longest += np.sqrt(squares)
        margins = lead - error
        np.maximum(margins, 0, out=margins)
        return labels, 2 * margins / longest

    def _rank(
        self, columns: Floats, single: _Precision | None = None
    ) -> tuple[NDArray[Any], Floats, NDArray[Any], NDArray[np.int64], float]:
        """Scores, offsets, the best score of each point, its label, and the error of a difference of scores.

        `single` is used where all points are near.
        """
        n_features, n_points = columns.shape
        offsets = np.subtract(columns, self._origin, out=self._scratch.get("offsets", columns.shape))
        reach = np.sqrt(n_features) * max(offsets.max(), -offsets.min())
        precision = single if single and reach < _FAR * self._radius else self._double
        kind = precision.offsets.dtype
        points = offsets
        if kind != offsets.dtype:
            points = self._scratch.get("singles", columns.shape, kind)
            points[:] = offsets
        product = np.multiply if n_features == 1 else np.matmul  # the product of one feature is slow
        scores = self._scratch.get(f"scores {kind}", (len(self.centers), n_points), kind)
        product(precision.offsets, points, out=scores)
        scores -= precision.halves
        packed = scores.view(precision.numbers.dtype)
        packed &= -1 << self._n_bits
        packed |= precision.numbers
        best = scores.max(axis=0)
        labels = (best.view(packed.dtype) & ((1 << self._n_bits) - 1)).astype(np.int64, copy=False)
        roundings = 4 + n_features + (1 << self._n_bits + 1)  # of half a bit each: of the product, and by the number
        largest = self._radius * (reach + self._radius / 2)
        of_scores = largest * roundings * 2.0**-precision.mantissa_bits
        of_distances = (reach + self._radius) ** 2 * (4 + n_features) * 2.0**-_EXACT_BITS
        error = float(of_scores + of_distances + _LEAST_ERROR)
        return scores, offsets, best, labels, error

    def _settle(self, labels: NDArray[np.int64], columns: Floats, is_doubtful: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The labels, with those in doubt by exact distances."""
        doubtful = np.flatnonzero(is_doubtful)
        if len(doubtful):
            labels[doubtful] = _nearest_exactly(columns[:, doubtful], self.centers)
        return labels


def _nearest_exactly(columns: Floats, centers: Floats) -> NDArray[np.int64]:
    squares = np.zeros((len(centers), columns.shape[1]))
    for column, coordinates in zip(columns, centers.T, strict=True):
        offsets = column - coordinates[:, np.newaxis]
        offsets *= offsets
        squares += offsets
    return np.asarray(np.sqrt(squares, out=squares).argmin(axis=0))


def weighted_variance(points: Floats, weights: Floats) -> float:
    """Weighted variance, mean of the features; avoids BLAS, whose threads stall on busy machines."""
    shares = weights / weights.sum()
    means = [(shares * column).sum() for column in points.T]
    return float(np.mean([(shares * (column - mean) ** 2).sum() for column, mean in zip(points.T, means, strict=True)]))
