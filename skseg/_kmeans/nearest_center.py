"""Distances between points and centers, and the nearest center of each point."""

from collections.abc import Sequence
from math import prod
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .._census.blocks import for_blocks

Floats = NDArray[np.float64]

_LABELED_POINTS = 1 << 14  # labeled at a time
_MAX_SCORES = 1 << 18  # of points and centers that are held at a time: they stay in the processor's cache
_SINGLE_RADII = 1e-12, 1e12  # of centers that are ranked in single precision
_MAX_SINGLE_CENTERS = 16  # that are ranked so; the numbers of more would take too many bits of a score
_FAR = 16  # times the radius of the centers; points that are farther away need double precision
_LEAST_ERROR = 1e-290  # of scores, whose last bits are of another kind where they are that small


def distances(points: Floats, centers: Floats) -> Floats:
    """Euclidean distance of each point to each center, (n_points, n_centers).

    Computed channel by channel, without a matrix product: the distance of a point never depends on its neighbors in
    the array, the number of threads or the machine, so equal distances are equal wherever a pixel is met.
    """
    return np.ascontiguousarray(_distances_of_columns(points.T, centers).T)


def _distances_of_columns(columns: Floats, centers: Floats) -> Floats:
    """Distances to each center, (n_centers, n_points), of points given as columns, (n_features, n_points)."""
    squares = np.zeros((len(centers), columns.shape[1]))
    for column, coordinates in zip(columns, centers.T, strict=True):
        offsets = column - coordinates[:, np.newaxis]
        offsets *= offsets
        squares += offsets
    return np.sqrt(squares, out=squares)


def nearest(points: Floats, centers: Floats) -> NDArray[np.int32]:
    """Number of the nearest center of each point, the lower one of two that are equally near, (n_points,)."""
    labels = np.empty(len(points), dtype=np.int32)
    find = NearestCenter(centers)

    def fill(block: slice) -> None:
        labels[block] = find(np.ascontiguousarray(points[block].T))

    for_blocks(fill, len(points), _LABELED_POINTS)
    return labels


class _Ranking(NamedTuple):
    """Centers as terms of the scores that rank them, in one precision.

    Attributes
    ----------
    offsets : from the mean of the centers, (n_centers, n_features)
    halves : of their squares, (n_centers, 1)
    numbers : of the centers, as integers of the same size, (n_centers, 1)
    """

    offsets: NDArray[Any]
    halves: NDArray[Any]
    numbers: NDArray[Any]


class _Scratch(local):
    """Arrays of each thread to write to again and again, which are freed with the object.

    Large arrays that threads make and drop again cost several times the work on them.
    """

    def get(self, name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """An array with arbitrary content, valid until the next call with this name."""
        arrays, size = vars(self), prod(shape)
        if name not in arrays or arrays[name].size < size:
            arrays[name] = np.empty(size, dtype=dtype)
        return np.asarray(arrays[name][:size].reshape(shape))


class NearestCenter:
    """Numbers of the nearest centers, by the exact distances of `distances`.

    Centers are ranked by ``x · c - c² / 2``, a matrix product, in single precision where that is enough. Its last bits
    are replaced by the number of the center, so that the largest score tells the label. The difference of two scores is
    wrong by less than `_error`, so a center whose score is lower by more is farther away. Points with another score
    within the error of the best are measured exactly, so all labels are those of exact distances.
    """

    def __init__(self, centers: Floats) -> None:
        self._centers = centers
        self._origin = centers.mean(axis=0)[:, np.newaxis]
        offsets = np.ascontiguousarray(centers - self._origin.T)
        squares = (offsets**2).sum(axis=1, keepdims=True)
        self._radius = float(np.sqrt(squares.max()))
        self._number_mask = (1 << (len(centers) - 1).bit_length()) - 1
        self._scratch = _Scratch()
        self._double = double = _Ranking(offsets, squares / 2, np.arange(len(centers))[:, np.newaxis])
        self._single = None
        if len(centers) <= _MAX_SINGLE_CENTERS and _SINGLE_RADII[0] < self._radius < _SINGLE_RADII[1]:
            floats = double.offsets.astype(np.float32), double.halves.astype(np.float32)
            self._single = _Ranking(*floats, double.numbers.astype(np.int32))

    def __call__(self, columns: Floats) -> NDArray[np.int64]:
        """The labels of points, given as columns, (n_features, n_points)."""
        return self._find(columns, None)

    def with_margins(self, columns: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Labels, and by how much the second nearest center is farther away, at least, (n_points,)."""
        margins = np.full(columns.shape[1], np.inf)
        return self._find(columns, margins), margins

    def _find(self, columns: Floats, margins: Floats | None) -> NDArray[np.int64]:
        """Labels; `margins` are filled in if they are wanted."""
        labels = np.zeros(columns.shape[1], dtype=np.int64)
        length = max(1, _MAX_SCORES // len(self._centers))
        for start in range(0, len(labels) if len(self._centers) > 1 else 0, length):
            part = slice(start, start + length)
            labels[part] = self._label(columns[:, part], None if margins is None else margins[part])
        return labels

    def _label(self, columns: Floats, margins: Floats | None) -> NDArray[np.int64]:
        offsets = np.subtract(columns, self._origin, out=self._scratch.get("offsets", columns.shape))
        reach = float(np.sqrt(len(columns)) * max(offsets.max(), -offsets.min()))
        ranking = self._double
        if margins is None and self._single and reach < _FAR * self._radius:  # it would make margins too small
            ranking = self._single
        scores, error = self._scores(ranking, offsets), self._error(ranking, reach)
        best = scores.max(axis=0)
        labels = np.asarray(best.view(ranking.numbers.dtype) & self._number_mask, dtype=np.int64)
        if margins is None:
            best -= error
            is_near = np.greater_equal(scores, best, out=self._scratch.get("near", scores.shape, np.bool_))
            is_doubtful = is_near.view(np.uint8).sum(axis=0, dtype=np.min_scalar_type(len(scores))) != 1
        else:
            scores.put(labels * len(best) + np.arange(len(best)), -np.inf)
            lead = best - scores.max(axis=0)
            is_doubtful = lead <= error
            margins[:] = _least_margins(offsets, best, lead, error)
        doubtful = np.flatnonzero(is_doubtful)
        if len(doubtful):
            labels[doubtful] = _distances_of_columns(columns[:, doubtful], self._centers).argmin(axis=0)
        return labels

    def _scores(self, ranking: _Ranking, offsets: Floats) -> NDArray[Any]:
        """The score of each center, which ends in its number, for each point, (n_centers, n_points)."""
        kind, points = ranking.offsets.dtype, offsets
        if kind != offsets.dtype:
            points = self._scratch.get("singles", offsets.shape, kind)
            points[:] = offsets
        product = np.multiply if len(offsets) == 1 else np.matmul  # the product of one feature is slow
        scores = self._scratch.get(f"scores {kind}", (len(self._centers), offsets.shape[1]), kind)
        product(ranking.offsets, points, out=scores)
        scores -= ranking.halves
        packed = scores.view(ranking.numbers.dtype)
        packed &= ~self._number_mask
        packed |= ranking.numbers
        return scores

    def _error(self, ranking: _Ranking, reach: float) -> float:
        """Bound of the error of the difference of two scores, and of half that of two squared exact distances."""
        n_features = len(self._origin)
        roundings = 4 + n_features + 2 * (self._number_mask + 1)  # of half a bit each: of the product, and by numbers
        largest = self._radius * (reach + self._radius / 2)
        of_scores = largest * roundings * float(np.finfo(ranking.offsets.dtype).eps)
        of_distances = (reach + self._radius) ** 2 * (4 + n_features) * float(np.finfo(np.float64).eps)
        return of_scores + of_distances + _LEAST_ERROR


def _least_margins(offsets: Floats, best: Floats, lead: Floats, error: float) -> Floats:
    """Lower bounds of the distance to the second nearest center minus the distance to the nearest.

    Scores are half the difference of the squares of the point and of its distance, and ``b - a = (b² - a²) / (a + b)``.
    """
    squares = -2 * best
    for column in offsets:
        squares += column * column
    np.maximum(squares, 0, out=squares)
    squares += 2 * error
    longest = np.sqrt(squares)
    squares += 2 * (lead + error)
    longest += np.sqrt(squares)
    return np.asarray(2 * np.maximum(lead - error, 0) / longest)


def squared_distances(points: NDArray[Any], center: Sequence[float] | Floats) -> Floats:
    """Squared distance of each point of any dtype to one center, (n_points,)."""
    squares = np.zeros(len(points))
    for column, coordinate in zip(points.T, center, strict=True):
        squares += np.subtract(column, coordinate, dtype=np.float64) ** 2
    return squares


def weighted_variance(points: Floats, weights: Floats) -> float:
    """Weighted variance, mean of the features; avoids BLAS, whose threads stall on busy machines."""
    shares = weights / weights.sum()
    means = [(shares * column).sum() for column in points.T]
    return float(np.mean([(shares * (column - mean) ** 2).sum() for column, mean in zip(points.T, means, strict=True)]))
