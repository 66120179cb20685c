"""Lloyd's algorithm in passes over colors that are too many to be held.

A pass labels all colors, block by block, and sums what belongs to each label. The numbers that are summed are rounded
to a common quantum first, so that their sums are exact and the order of the colors does not matter [1]_.

References
----------
.. [1] J. Demmel and H. D. Nguyen, "Fast reproducible floating-point summation", ARITH 2013.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .._census import Census, count, hash_buckets, merge
from .._census.blocks import for_blocks
from .distances import NearestCenter, nearest

Floats = NDArray[np.float64]

_BLOCK = 1 << 13  # colors that are labeled at a time
_SUM_BITS = 39  # of a rounded number: 2**13 of them add up to 52 bits, exactly
_SQUARE_BITS = 30  # of a mean square: it may be exceeded 2**9 times
_MAX_EXPONENT = 1000  # larger powers of two are infinite
_MAX_REORDERED = 4  # passes beyond `max_iter` that only put the centers in order
_N_BUCKETS = 1 << 16  # of colors with the same hash
_HEAVY = 64  # times the median inertia of a bucket; the mean itself follows the outliers
_MAX_HEAVY = 1 << 10  # buckets


class Scan(Protocol):
    """Data that can be gone through part by part, again and again.

    `largest_weight` is 1 if all pixels count the same.
    """

    largest_weight: float

    def __call__(self, function: Callable[..., Any]) -> Iterator[Any]:
        """The result of `function` for each part, in any order.

        It gets the rows of the part, their weights or None, and the array that takes their labels or None.
        """
        ...


class Passed(NamedTuple):
    """Centers, and the sums of a pass over all colors.

    Attributes
    ----------
    centers : the centers of the pass, (n_labels, n_features)
    weights : weight of the colors next to each, (n_labels,)
    shifts : from each center to the mean of the features next to it, (n_labels, n_features)
    squares : sum of the squared distances to each center, (n_labels,)
    colors : mean color next to each center, (n_labels, n_channels)
    buckets : sum of the squared distances in each bucket of colors, up to a factor, (_N_BUCKETS,); 0 if not asked for
    """

    centers: Floats
    weights: Floats
    shifts: Floats
    squares: Floats
    colors: Floats
    buckets: Any

    def heavy_buckets(self) -> NDArray[np.bool_]:
        """Which buckets hold much of the inertia, (_N_BUCKETS,): with colors far from all centers, or very frequent."""
        most = np.partition(self.buckets, -_MAX_HEAVY - 1)[-_MAX_HEAVY - 1]
        return np.asarray(self.buckets > max(most, _HEAVY * np.median(self.buckets)))

    @property
    def inertia(self) -> float:
        """Sum of the squared distances to the nearest centers."""
        return float(self.squares.sum())

    @property
    def variance(self) -> float:
        """Weighted variance, mean of the features."""
        shares = self.weights / self.weights.sum()
        means = self.centers + self.shifts
        between = (shares @ (means - shares @ means) ** 2).sum()
        within = self.inertia / float(self.weights.sum()) - float((shares @ self.shifts**2).sum())
        return float((between + within) / self.centers.shape[1])


class Passes:
    """Passes over the colors of `scan`, converted to features by `convert`; `sample` are some of them."""

    def __init__(self, scan: Scan, convert: Callable[[NDArray[Any]], Floats], sample: Census) -> None:
        self._scan, self._convert = scan, convert
        self._features, self._n_channels = convert(sample.colors), sample.colors.shape[1]
        self._weight_exponent = _exponent(scan.largest_weight)
        self._extent = float(np.abs(self._features).max())
        self._color_exponent = _exponent(np.abs(sample.number_limits().astype(np.float64)).max()) - _SUM_BITS

    def lloyd(
        self, passed: Passed, order: Callable[[Floats], NDArray[np.intp]], *, max_iter: int, tol: float
    ) -> tuple[Passed, int]:
        """Move centers to the means of their colors until their squared steps sum to `tol` times the variance.

        They are brought into the `order` of their mean colors, and those without colors are left out. The last pass
        and the number of passes are returned; the first one is given.
        """
        limit = tol * passed.variance + passed.centers.size * (self._extent * 2.0**-_SUM_BITS) ** 2
        n_iter = 1
        while True:
            if n_iter < max_iter and (passed.shifts**2).sum() > limit:
                centers = passed.centers + passed.shifts
            else:
                present = np.flatnonzero(passed.weights)
                wanted = present[order(passed.colors[present])]
                if np.array_equal(wanted, np.arange(len(passed.centers))) or n_iter >= max_iter + _MAX_REORDERED:
                    return passed, n_iter
                centers = passed.centers[wanted]
            passed = self.run(centers)
            n_iter += 1

    def find(self, is_wanted: NDArray[np.bool_]) -> Census:
        """All colors of the buckets that are wanted."""

        def find_in_part(rows: NDArray[Any], weights: Floats | None, labels: Any) -> Census:
            chosen = np.flatnonzero(is_wanted[hash_buckets(rows)])
            return count(rows[chosen], None if weights is None else weights[chosen])

        return merge(self._scan(find_in_part))

    def run(self, centers: Floats, *, has_buckets: bool = False) -> Passed:
        """One pass."""
        (n_labels, n_features), by_feature = centers.shape, np.ascontiguousarray(centers.T)
        find, exponents = NearestCenter(centers), self._exponents(centers)
        convert, weight_exponent = self._convert, self._weight_exponent  # workers need nothing else of `self`

        def sum_part(rows: NDArray[Any], weights: Floats | None, labels: Any) -> tuple[Any, Any]:
            sums: list[Any] = []
            weighted = np.empty(len(rows) if has_buckets else 0)

            def sum_block(block: slice) -> None:
                columns = np.ascontiguousarray(convert(rows[block]).T)
                found = find(columns)
                if labels is not None:
                    labels[block] = found
                columns -= by_feature.take(found, axis=1, mode="clip")
                squares = np.einsum("ij,ij->j", columns, columns)
                weight = None if weights is None else _shifted(weights[block], weight_exponent)
                if has_buckets:
                    weighted[block] = squares if weight is None else weight * squares
                sums.append(_exact_sums(found, n_labels, [*columns, squares, *rows[block].T], exponents, weight))

            for_blocks(sum_block, len(rows), _BLOCK)
            return sum(sums), np.bincount(hash_buckets(rows), weighted, _N_BUCKETS) if has_buckets else 0.0

        total, buckets = reduce(_add, self._scan(sum_part))
        weights, *sums = np.ldexp(total.astype(np.float64), weight_exponent + exponents[:, np.newaxis])
        means = np.array(sums) / np.where(weights > 0, weights, 1)
        return Passed(
            centers, weights, means[:n_features].T, sums[n_features], means[n_features + 1 :].T, buckets=buckets
        )

    def _exponents(self, centers: Floats) -> NDArray[np.int64]:
        """Of the powers of two to whose multiples weights, features, squares and channels are rounded."""
        offsets = self._features - centers[nearest(self._features, centers)]
        square = _exponent(np.einsum("ij,ij->", offsets, offsets) / len(offsets))
        feature = _exponent(2 * max(self._extent, float(np.abs(centers).max()))) - _SUM_BITS
        square = max(square - _SQUARE_BITS, 2 * feature - _SUM_BITS)
        weight = 0 if self._weight_exponent == 0 else -_SUM_BITS
        features, channels = [feature] * centers.shape[1], [self._color_exponent] * self._n_channels
        return np.array([weight, *features, square, *channels])


def _add(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    return one[0] + other[0], one[1] + other[1]


def _exact_sums(
    labels: NDArray[Any],
    n_labels: int,
    columns: list[NDArray[Any]],
    exponents: NDArray[np.int64],
    weights: Floats | None,
) -> NDArray[np.object_]:
    """Sums of the weights and of the columns for each label, as integers of any size, in units of powers of two."""
    ones = weights if weights is None else np.rint(_shifted(weights, exponents[0]))
    sums = [np.bincount(labels, ones, n_labels)]
    for column, exponent in zip(columns, exponents[1:], strict=True):
        scaled = _shifted(column, exponent)
        if weights is not None:
            scaled *= weights
        sums.append(np.bincount(labels, np.rint(scaled, out=scaled), n_labels))
    return np.array([[int(number) for number in row] for row in sums], dtype=object)


def _shifted(numbers: NDArray[Any], exponent: Any) -> Floats:
    """Numbers in units of a power of two."""
    if abs(exponent) > _MAX_EXPONENT:
        return np.asarray(np.ldexp(numbers.astype(np.float64), -exponent))
    return np.asarray(np.multiply(numbers, 2.0**-exponent, dtype=np.float64))


def _exponent(number: float) -> int:
    """Of the least power of two that is not less than `number`."""
    mantissa, exponent = np.frexp(number)
    return int(exponent) - int(mantissa == 0.5)
