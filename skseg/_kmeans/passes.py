"""Lloyd's algorithm in passes over colors that are too many to be held.

A pass labels all colors, block by block, and sums what belongs to each label. The numbers that are summed are rounded
to a unit of their label first, so that their sums are exact and the order of the colors does not matter [1]_. Where
outliers or weights exceed the unit by far, sums are rounded as usual.

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

_BLOCK = 1 << 14  # colors that are labeled at a time
_SUM_BITS = 38  # of a rounded number: 2**14 of them add up to 52 bits, exactly
_MOST_BITS = 900  # of the smallest unit
_TINY, _LIFT = 2.0**-800, 700  # numbers smaller than this are multiplied by a power of two
_MAX_REORDERED = 4  # passes beyond `max_iter` that only put the centers in order
_N_BUCKETS = 1 << 16  # of colors with the same hash
_HEAVY = 64  # times the median inertia of a bucket; the mean itself follows the outliers
_MAX_HEAVY = 1 << 10  # buckets


class Scan(Protocol):
    """Data that can be gone through part by part, again and again, with or without weights."""

    is_weighted: bool

    def __call__(self, function: Callable[..., Any]) -> Iterator[Any]:
        """The result of `function` for each part, in any order.

        It gets the rows of the part, their weights, or None without any, and the array that takes their labels or None.
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


class Units(NamedTuple):
    """What is measured from, and in which units, for each label; units are powers of two, given by their exponents.

    Attributes
    ----------
    colors : colors to measure from, (n_labels, n_channels)
    feature, square, color : exponents for features, squared distances and colors, (n_labels,)
    """

    colors: Floats
    feature: NDArray[np.int64]
    square: NDArray[np.int64]
    color: NDArray[np.int64]


class Passes:
    """Passes over the colors of `scan`, converted to features by `convert`; `sample` are some of them.

    If the conversion is linear, `convert_means` gives the mean features of mean colors; otherwise features are summed.
    """

    def __init__(
        self,
        scan: Scan,
        convert: Callable[[NDArray[Any]], Floats],
        sample: Census,
        convert_means: Callable[[Floats], Floats] | None = None,
    ) -> None:
        self._scan, self._convert, self._convert_means = scan, convert, convert_means
        self._colors, self._features = sample.colors.astype(np.float64), convert(sample.colors)
        self._extent = float(np.abs(self._features).max())
        self._color_extent = float(np.abs(sample.number_limits().astype(np.float64)).max())
        self._weight_exponent = int(_exponent(np.median(sample.weights))) if scan.is_weighted else 0

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
                    return passed, min(n_iter, max_iter)
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
        find, n_labels, is_linear = NearestCenter(centers), len(centers), self._convert_means is not None
        extents = max(self._extent, float(np.abs(centers).max())), self._color_extent
        lift, color_lift = (_LIFT if extent < _TINY else 0 for extent in extents)
        units = self._units(centers, lift, color_lift)
        by_feature, by_channel = np.ascontiguousarray(centers.T), np.ascontiguousarray(units.colors.T)
        scales = [np.ldexp(1.0, -exponents) for exponents in units[1:]]
        convert, weight_exponent = self._convert, self._weight_exponent  # workers need nothing else of `self`

        def sum_part(rows: NDArray[Any], weights: Floats | None, labels: Any) -> tuple[Any, Any]:
            sums: list[Any] = []
            energies = np.empty(len(rows) if has_buckets else 0)

            def sum_block(block: slice) -> None:
                columns = np.ascontiguousarray(convert(rows[block]).T)
                found = find(columns)
                if labels is not None:
                    labels[block] = found
                feature, square, color = (scale.take(found) for scale in scales)
                squares = np.zeros(len(found))
                weight = None if weights is None else np.ldexp(weights[block], -weight_exponent)
                sums_here = [_exact_sum(found, n_labels, weight if weight is None else np.ldexp(weight, _SUM_BITS))]
                for column, center in zip(columns, by_feature, strict=True):
                    offsets = _lifted(column - center.take(found), lift)
                    squares += offsets * offsets
                    if not is_linear:
                        sums_here.append(_exact_sum(found, n_labels, offsets * feature, weight))
                sums_here.append(_exact_sum(found, n_labels, squares * square, weight))
                for column, origin in zip(rows[block].T, by_channel, strict=True):
                    offsets = _lifted(np.subtract(column, origin.take(found), dtype=np.float64), color_lift)
                    sums_here.append(_exact_sum(found, n_labels, offsets * color, weight))
                if has_buckets:
                    energies[block] = squares if weight is None else weight * squares
                sums.append(np.array(sums_here, dtype=object))

            for_blocks(sum_block, len(rows), _BLOCK)
            return sum(sums), np.bincount(hash_buckets(rows), energies, _N_BUCKETS) if has_buckets else 0.0

        total, buckets = reduce(_add, self._scan(sum_part))
        n_features = 0 if is_linear else centers.shape[1]
        exponents = [units.feature - lift] * n_features + [units.square - 2 * lift]
        exponents += [units.color - color_lift] * units.colors.shape[1]
        weights, *sums = total.astype(np.float64)
        weights = weights if not self._scan.is_weighted else np.ldexp(weights, -_SUM_BITS)
        sums = np.ldexp(sums, exponents)
        means = sums / np.where(weights > 0, weights, 1)
        colors = units.colors + means[n_features + 1 :].T
        shifts = self._convert_means(colors) - centers if self._convert_means else means[:n_features].T
        return Passed(
            centers,
            np.ldexp(weights, weight_exponent),
            shifts=np.where(weights[:, np.newaxis] > 0, shifts, 0.0),
            squares=np.ldexp(sums[n_features], weight_exponent),
            colors=colors,
            buckets=buckets,
        )

    def _units(self, centers: Floats, lift: int, color_lift: int) -> Units:
        """Units for labels as wide as in the sample."""
        labels = nearest(self._features, centers)
        present, members = np.unique(labels, return_index=True)
        colors = np.zeros((len(centers), self._colors.shape[1]))
        colors[present] = self._colors[members]
        gaps = np.sqrt(((centers[:, np.newaxis] - centers) ** 2).sum(axis=-1))
        np.fill_diagonal(gaps, np.inf)
        reach = gaps.min(axis=1) if len(centers) > 1 else np.zeros(1)
        feature = _unit(self._features - centers[labels], labels, reach, lift)
        size = np.abs(colors).max(axis=1)
        color = _unit(self._colors - colors[labels], labels, np.where(size > 0, size, self._color_extent), color_lift)
        return Units(colors, feature, np.maximum(2 * feature + _SUM_BITS, -_MOST_BITS), color)


def _unit(offsets: Floats, labels: NDArray[Any], otherwise: Floats, lift: int) -> NDArray[np.int64]:
    """The exponent of the unit of each label, by the largest of its offsets, or by another number if that is 0."""
    radius = np.zeros(len(otherwise))
    np.maximum.at(radius, labels, np.abs(offsets).max(axis=1))
    exponents = _exponent(2 * np.where(radius > 0, radius, otherwise)) + lift - _SUM_BITS
    return np.asarray(np.maximum(exponents, -_MOST_BITS))


def _add(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    return one[0] + other[0], one[1] + other[1]


def _exact_sum(labels: NDArray[Any], n_labels: int, numbers: Floats | None, weights: Floats | None = None) -> list[int]:
    """Sum of the rounded numbers of each label, or its size, as integers of any size."""
    if numbers is not None:
        numbers = np.rint(numbers if weights is None else numbers * weights)
    return [int(total) for total in np.bincount(labels, numbers, n_labels).tolist()]


def _lifted(numbers: Floats, lift: int) -> Floats:
    return np.asarray(np.ldexp(numbers, lift)) if lift else numbers


def _exponent(numbers: Any) -> Any:
    """Of the least power of two that is not less than each number; 0 for 0."""
    mantissas, exponents = np.frexp(numbers)
    return exponents.astype(np.int64) - (mantissas == 0.5)
