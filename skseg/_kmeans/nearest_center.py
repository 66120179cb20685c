"""Distances between points and centers, and the nearest center of each point."""

from collections.abc import Callable, Sequence
from math import prod
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .._census.blocks import for_blocks
from .._limits import LIMITS

Floats = NDArray[np.float64]

_LABELED_POINTS = 1 << 14  # labeled at a time, if their numbers are few
_FEW_NUMBERS = 1 << 14  # of which arrays are cheaper than a loop over the features
_MAX_SCORES = 1 << 18  # of points and centers that are held at a time: they stay in the processor's cache
_MAX_PRODUCTS = 1 << 18  # of numbers in a matrix product that OpenBLAS computes without other threads, which may stall
_SINGLE_RADII = 1e-12, 1e12  # of centers that are ranked in single precision
_MAX_SINGLE_CENTERS = 8  # that are ranked so, times 4 for each feature: scores of close centers, which differ by less
_MOST_SINGLE_CENTERS = 1 << 10  # than those of others, must leave bits for their numbers
_FAR = 1e6  # times the radius of the centers; points that are farther away need double precision
_LEAST_ERROR = 1e-290  # of scores, whose last bits are of another kind where they are that small
_ROUNDING = 2.0**-20  # of margins, relative
_LONG_ROW = 1 << 8  # numbers that NumPy's loops handle well
_FEW_FEATURES = 8  # whose squares are added faster one column after the other


def distances(points: Floats, centers: Floats) -> Floats:
    """Euclidean distance of each point to each center, (n_points, n_centers).

    Computed channel by channel, without a matrix product: the distance of a point never depends on its neighbors in
    the array, the number of threads or the machine, so equal distances are equal wherever a pixel is met.
    """
    return np.ascontiguousarray(_distances_of_columns(points.T, centers).T)


def _distances_of_columns(columns: Floats, centers: Floats) -> Floats:
    """Distances to each center, (n_centers, n_points), of points given as columns, (n_features, n_points)."""
    squares = np.zeros((len(centers), columns.shape[1]))
    if squares.size * len(columns) < _FEW_NUMBERS:  # in one go; the sum is made in the same order
        squares += ((columns[:, np.newaxis] - centers.T[:, :, np.newaxis]) ** 2).sum(axis=0)
        return np.sqrt(squares, out=squares)
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
        labels[block] = find(points[block])

    for_blocks(fill, len(points), block_length(points))
    return labels


def block_length(points: NDArray[Any]) -> int:
    """Number of points that are labeled at a time."""
    n_features: int = points.shape[1]
    return min(_LABELED_POINTS, max(1, LIMITS.pass_numbers // n_features))


class _Ranking(NamedTuple):
    """Centers as terms of the scores that rank them, in one precision.

    Attributes
    ----------
    offsets : from the origin, (n_centers, n_features)
    halves : of their squares, (n_centers, 1)
    numbers : of the centers, as integers of the same size, (n_centers, 1)
    """

    offsets: NDArray[Any]
    halves: NDArray[Any]
    numbers: NDArray[Any]


class Scratch(local):
    """Arrays of each thread to write to again and again, which are freed with the object.

    Large arrays that are made and dropped again, block after block, cost several times the work on them.
    """

    def get(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array with arbitrary content, valid until the next call with this name and type."""
        arrays, key, size = vars(self), name + np.dtype(dtype).char, prod(shape)
        if key not in arrays or arrays[key].size < size:
            arrays[key] = np.empty(size, dtype=dtype)
        return np.asarray(arrays[key][:size].reshape(shape))


class NearestCenter:
    """Numbers of the nearest centers, by the exact distances of `distances`.

    Centers are ranked by ``x · c - c² / 2``, a matrix product, in single precision where that is enough. Its last bits
    are replaced by the number of the center, so that the largest score tells the label. The difference of two scores is
    wrong by less than `_errors`, so a center whose score is lower by more is farther away. Points whose second best
    score is within the error of the best are measured exactly, so all labels are those of exact distances.

    Parameters
    ----------
    centers : (n_centers, n_features)
    origin : where offsets are measured from, (n_features,); by default the mean of the centers
    """

    def __init__(self, centers: Floats, origin: Floats | None = None) -> None:
        self._centers = centers
        self._origin = centers.mean(axis=0) if origin is None else origin
        offsets = np.ascontiguousarray(centers - self._origin)
        squares = (offsets**2).sum(axis=1, keepdims=True)
        self._radius = float(np.sqrt(squares.max()))
        self._size = float(np.abs(self._origin).max())
        self._number_mask = (1 << (len(centers) - 1).bit_length()) - 1
        self.scratch = Scratch()
        self._double = double = _Ranking(offsets, squares / 2, np.arange(len(centers))[:, np.newaxis])
        self._single = None
        most = min(_MAX_SINGLE_CENTERS * 4 ** min(centers.shape[1], 8), _MOST_SINGLE_CENTERS)
        if len(centers) <= most and _SINGLE_RADII[0] < self._radius < _SINGLE_RADII[1]:
            floats = double.offsets.astype(np.float32), double.halves.astype(np.float32)
            self._single = _Ranking(*floats, double.numbers.astype(np.int32))

    def __call__(self, points: Floats) -> NDArray[np.int64]:
        """The labels of points, (n_points, n_features)."""
        return self.label(points - self._origin, points.__getitem__)

    def label(
        self,
        offsets: NDArray[np.floating[Any]],
        points: Callable[[NDArray[np.intp]], Floats],
        margins: Floats | None = None,
    ) -> NDArray[np.int64]:
        """The labels of points, given by their offsets from the origin, rounded to single precision or not.

        `points` gives those of some indices, exactly. If `margins` are wanted, (n_points,), they are filled with lower
        bounds of how much farther away the second nearest center is.
        """
        labels = np.zeros(len(offsets), dtype=np.int64)
        if len(self._centers) == 1:
            if margins is not None:
                margins[:] = np.inf
            return labels
        length = max(1, _MAX_SCORES // len(self._centers))
        for start in range(0, len(labels), length):
            part = slice(start, start + length)
            margin = None if margins is None else margins[part]
            labels[part], doubtful = self._rank(offsets[part], margin)
            if len(doubtful):
                doubtful += start
                columns = np.ascontiguousarray(points(doubtful).T)
                labels[doubtful] = _distances_of_columns(columns, self._centers).argmin(axis=0)
        return labels

    def _rank(
        self, offsets: NDArray[np.floating[Any]], margins: Floats | None
    ) -> tuple[NDArray[np.integer[Any]], NDArray[np.intp]]:
        """The label of each point, and the indices of the points whose label is in doubt."""
        squares = squared_norms(offsets)
        is_near = np.sqrt(squares.max()) < _FAR * self._radius
        ranking = self._single if self._single and is_near else self._double
        scores = self._scores(ranking, offsets)
        best = scores.max(axis=0)
        labels = best.view(ranking.numbers.dtype) & self._number_mask
        scores[labels, np.arange(len(labels))] = -np.inf
        lead = best - scores.max(axis=0)
        squares = squares.astype(lead.dtype, copy=False)
        errors = self._errors(squares, offsets.dtype)
        if margins is not None:
            margins[:] = _least_margins(squares, best, lead, errors)
        return labels, np.flatnonzero(lead <= errors)

    def _scores(self, ranking: _Ranking, offsets: NDArray[np.floating[Any]]) -> NDArray[Any]:
        """The score of each center, which ends in its number, for each point, (n_centers, n_points).

        Either the points or the products are transposed, whichever are fewer.
        """
        centers, kind, (n_points, n_features) = ranking.offsets, ranking.offsets.dtype, offsets.shape
        scores = self.scratch.get("scores", (len(centers), n_points), kind)
        if n_features < len(centers):
            columns = self.scratch.get("columns", (n_features, n_points), kind)
            columns[:] = offsets.T
            _multiply(columns.T, centers, scores.T)
        else:
            rows = self.scratch.get("rows", (n_points, len(centers)), kind)
            _multiply(offsets.astype(kind, copy=False), centers, rows)
            scores[:] = rows.T
        scores -= ranking.halves
        packed = scores.view(ranking.numbers.dtype)
        packed &= ~self._number_mask
        packed |= ranking.numbers
        return scores

    def _errors(self, squares: NDArray[Any], kind: np.dtype[Any]) -> NDArray[Any]:
        """Bounds of the error of the difference of two scores, and of half that of two squared exact distances.

        `squares` have the precision of the scores, `kind` is that of the offsets.
        """
        n_features, reach = len(self._origin), np.sqrt(squares + np.finfo(squares.dtype).tiny)
        of_ranking, of_offsets = (float(np.finfo(each).eps) for each in (squares.dtype, kind))
        by_numbers = 2 * (self._number_mask + 1) * of_ranking
        of_scores = self._radius * (by_numbers + (6 + n_features) * max(of_ranking, of_offsets))
        of_distances = (4 + n_features) * float(np.finfo(np.float64).eps)
        errors = (reach + self._radius) * of_distances
        errors *= reach + (self._radius + self._size)
        errors += of_scores * (reach + self._radius / 2)
        return np.asarray(errors + _LEAST_ERROR)


def _multiply(points: NDArray[Any], centers: NDArray[Any], products: NDArray[Any]) -> None:
    """The product of points and centers, (n_points, n_centers), as many small ones."""
    length = max(1, _MAX_PRODUCTS // centers.size)
    whole = len(points) - len(points) % length
    for part in (slice(whole), slice(whole, None)):
        some, out = points[part], products[part]
        n_groups = max(1, len(some) // length)
        np.matmul(_grouped(some, n_groups), centers.T, out=_grouped(out, n_groups))


def _grouped(rows: NDArray[Any], n_groups: int) -> NDArray[Any]:
    """Rows, or the transposed of columns, as groups of equal size, without a copy."""
    shape = n_groups, -1, rows.shape[1]
    return rows.reshape(shape) if rows.flags.c_contiguous else rows.T.reshape(shape[2], *shape[:2]).transpose(1, 2, 0)


def _least_margins(squares: NDArray[Any], best: NDArray[Any], lead: NDArray[Any], errors: NDArray[Any]) -> NDArray[Any]:
    """Lower bounds of the distance to the second nearest center minus the distance to the nearest.

    Scores are half the difference of the square of the point and of its distance, and ``b - a = (b² - a²) / (a + b)``.
    """
    squares = np.maximum(squares - 2 * best, 0) + 2 * errors
    longest = np.sqrt(squares)
    squares += 2 * (lead + errors)
    longest += np.sqrt(squares)
    return np.asarray((2 - 2 * _ROUNDING) * np.maximum(lead - errors, 0) / longest)


def by_row(operation: np.ufunc, rows: NDArray[np.generic], numbers: Floats, out: NDArray[Any]) -> NDArray[Any]:
    """An operation on each of many rows and the same numbers, in the precision of `out`, which is contiguous.

    Several rows are worked on as one: NumPy's loops are as long as a row, and slow if that is short.
    """
    n_together = max(1, _LONG_ROW // len(numbers))
    whole = len(rows) - len(rows) % n_together
    for part, repeated in ((slice(whole), np.tile(numbers, n_together)), (slice(whole, None), numbers)):
        shape = -1, len(repeated)
        operation(rows[part].reshape(shape), repeated, out=out[part].reshape(shape), dtype=out.dtype)
    return out


def squared_norms(points: NDArray[Any]) -> NDArray[Any]:
    """Squared length of each row, (n_points,)."""
    if points.shape[1] > _FEW_FEATURES:
        return np.asarray(np.einsum("ij,ij->i", points, points))
    squares = np.square(points[:, 0])
    for column in points.T[1:]:
        squares += np.square(column)
    return np.asarray(squares)


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
