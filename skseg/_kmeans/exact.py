"""Weighted sums for each label that do not depend on the order of the points.

Numbers are measured from a point near their label and rounded to a unit of the label, so that the sums of a block are
whole numbers that float64 holds exactly; blocks are added up as Python's integers [1]_. Where outliers or weights
exceed the unit by far, the sums of a block are rounded as usual.

References
----------
.. [1] J. Demmel and H. D. Nguyen, "Fast reproducible floating-point summation", ARITH 2013.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .distances import nearest

Floats = NDArray[np.float64]

MAX_SUMMED = 1 << 14  # rows at a time: so many rounded numbers add up to 52 bits
_SUM_BITS = 38  # of a rounded number
_MOST_BITS = 900  # of the smallest unit
_TINY, _LIFT = 2.0**-800, 700  # numbers smaller than this are multiplied by a power of two


class Means(NamedTuple):
    """Weights and means of the points of each label.

    Attributes
    ----------
    weights : (n_labels,)
    colors : means, (n_labels, n_channels)
    features : means, (n_labels, n_features), or nothing if they were not summed
    squares : sum of the squared distances of the features to `Units.centers`, (n_labels,)
    """

    weights: Floats
    colors: Floats
    features: Floats
    squares: Floats


class Gauge(NamedTuple):
    """Where numbers of each label are measured from, and in which unit.

    Attributes
    ----------
    origins : (n_labels, n_columns)
    exponents : of the units, which are powers of two, (n_labels,)
    lift : exponent of a factor for numbers that are tiny
    """

    origins: Floats
    exponents: NDArray[np.int64]
    lift: int

    def offsets(self, columns: NDArray[Any], labels: NDArray[Any]) -> Iterator[Floats]:
        """Each column measured from the origins of its labels, in an array that may be written to."""
        for column, origin in zip(columns, self.origins.T, strict=True):
            offsets = origin.take(labels, mode="clip")
            np.subtract(column, offsets, out=offsets)
            yield np.ldexp(offsets, self.lift) if self.lift else offsets

    def scale(self, labels: NDArray[Any]) -> Floats:
        """The factors that express offsets in the units of the labels."""
        return np.asarray(np.ldexp(1.0, -self.exponents).take(labels))

    def means(self, sums: Floats, weights: Floats) -> Floats:
        """The means that belong to sums of shape (n_columns, n_labels) in the units."""
        offsets = np.ldexp(sums, self.exponents - self.lift) / np.where(weights > 0, weights, 1)
        return self.origins + offsets.T


class Units(NamedTuple):
    """How sums of each label are measured.

    Attributes
    ----------
    centers : where squared distances are measured from: near the centers of clusters, (n_labels, n_features)
    colors, features : for the numbers that are summed
    square : exponents of the units of squared distances, (n_labels,)
    weight : exponent of the unit of weights; None without weights
    factors : of the colors, if features are nothing but multiples of them, which need no sums, (n_channels,)
    """

    centers: Floats
    colors: Gauge
    features: Gauge
    square: NDArray[np.int64]
    weight: int | None
    factors: Floats | None

    def reorder(self, labels: NDArray[np.intp]) -> Units:
        """The units of these labels."""
        colors, features = (
            Gauge(gauge.origins[labels], gauge.exponents[labels], gauge.lift) for gauge in (self.colors, self.features)
        )
        return Units(self.centers[labels], colors, features, self.square[labels], self.weight, self.factors)

    def add_up(
        self, channels: NDArray[Any], columns: Floats, labels: NDArray[Any], weights: Floats | None
    ) -> tuple[NDArray[Any], Floats]:
        """Whole sums for each label, (n_sums, n_labels), and weighted squared distances to `centers`, (n_colors,).

        There are at most `MAX_SUMMED` colors, (n_channels, n_colors), with features (n_features, n_colors).
        """
        squares = np.zeros(len(labels))

        def whole_sums(numbers: Floats, weights: Floats | None = None) -> list[int]:
            if weights is not None:
                numbers *= weights
            np.rint(numbers, out=numbers)
            return [int(total) for total in np.bincount(labels, numbers, len(self.centers)).tolist()]

        if weights is not None:
            weights = np.ldexp(weights, -(self.weight or 0))
        sums = [whole_sums(np.ones(len(labels)) if weights is None else np.ldexp(weights, _SUM_BITS))]
        scale = self.colors.scale(labels)
        for number, offsets in enumerate(self.colors.offsets(channels, labels)):
            if self.factors is not None:
                squares += np.square(self.factors[number] * offsets)
            sums.append(whole_sums(np.multiply(offsets, scale, out=offsets), weights))
        if self.factors is None:
            scale = self.features.scale(labels)
            for offsets in self.features.offsets(columns, labels):
                squares += np.square(offsets)
                sums.append(whole_sums(np.multiply(offsets, scale, out=offsets), weights))
        if weights is not None:
            squares *= weights
        sums.append(whole_sums(squares * np.ldexp(1.0, -self.square).take(labels)))
        return np.array(sums, dtype=object), squares

    def means(self, totals: NDArray[Any]) -> Means:
        """Weights and means of all that was added up."""
        weights, *sums, squares = totals.astype(np.float64)
        n_channels, exponent = self.colors.origins.shape[1], 0
        if self.weight is not None:
            weights, exponent = np.ldexp(weights, -_SUM_BITS), self.weight
        return Means(
            np.ldexp(weights, exponent),
            self.colors.means(np.array(sums[:n_channels]), weights),
            np.empty(0) if self.factors is not None else self.features.means(np.array(sums[n_channels:]), weights),
            np.ldexp(squares, self.square - 2 * self.features.lift + exponent),
        )


def find_units(
    features: Floats,
    colors: Floats,
    centers: Floats,
    *,
    extents: tuple[float, float],
    weight: int | None,
    convert_means: Callable[[Floats], Floats] | None,
) -> Units:
    """Units for labels that are as wide as those of some features and their colors.

    `extents` are the largest numbers of features and colors. If the conversion to features is linear, `convert_means`
    is that conversion.
    """
    lift, color_lift = (_LIFT if extent < _TINY else 0 for extent in extents)
    labels = nearest(features, centers)
    by_distance = np.argsort(((features - centers[labels]) ** 2).sum(axis=1), kind="stable")
    present, members = np.unique(labels[by_distance], return_index=True)
    origins, factors = np.zeros((len(centers), colors.shape[1])), None
    if convert_means:
        factors = convert_means(np.ones(colors.shape[1]))
        np.divide(centers, factors, out=origins, where=factors != 0)
    origins[present] = colors[by_distance[members]]
    size = np.abs(origins).max(axis=1)
    color_unit = _unit(colors - origins[labels], labels, np.where(size > 0, size, extents[1]), color_lift)
    gaps = np.sqrt(((centers[:, np.newaxis] - centers) ** 2).sum(axis=-1))
    np.fill_diagonal(gaps, np.inf)
    reach = gaps.min(axis=1) if len(centers) > 1 else np.zeros(1)
    measured_from = centers if convert_means is None else convert_means(origins)
    feature_unit = _unit(features - measured_from[labels], labels, reach, lift)
    return Units(
        measured_from,
        Gauge(origins, color_unit, color_lift),
        Gauge(centers, feature_unit, lift),
        np.maximum(2 * feature_unit + _SUM_BITS, -_MOST_BITS),
        weight,
        None if factors is None else np.ldexp(factors, lift - color_lift),
    )


def _unit(offsets: Floats, labels: NDArray[Any], otherwise: Floats, lift: int) -> NDArray[np.int64]:
    """The exponent of the unit of each label, by the largest of its offsets, or by another number if that is 0."""
    radius = np.zeros(len(otherwise))
    np.maximum.at(radius, labels, np.abs(offsets).max(axis=1))
    exponents = least_exponent(2 * np.where(radius > 0, radius, otherwise)) + lift - _SUM_BITS
    return np.asarray(np.maximum(exponents, -_MOST_BITS))


def least_exponent(numbers: Any) -> Any:
    """Of the least power of two that is not less than each number; 0 for 0."""
    mantissas, exponents = np.frexp(numbers)
    return exponents.astype(np.int64) - (mantissas == 0.5)
