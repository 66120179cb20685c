"""Lloyd's algorithm in passes over colors that are too many to be held.

A pass labels all colors, block by block, and sums what belongs to each label. Later passes look again only at colors
near a border between clusters. The margin of a color, by how much its second nearest center is farther away than the
nearest, tells how far centers may move before another one can be nearer [1]_.

Sums are added in the order of the blocks, so the same colors give the same bits on any number of threads. Sums of whole
numbers are exact in any order. Others depend on the order of the colors by rounding.

References
----------
.. [1] G. Hamerly, "Making k-means even faster", SDM 2010.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._census import Census, hash_buckets
from .._census.blocks import for_blocks
from .._limits import LIMITS
from .nearest_center import NearestCenter, nearest
from .scans import N_BUCKETS, Bounds, Scan, find_heavy

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats | float]  # of each label, and of each bucket or 0
Label = Callable[[Floats, slice | NDArray[np.intp]], NDArray[np.int64]]  # the labels of columns, and where they are

_LABELED_COLORS = 1 << 14  # colors that are labeled at a time, if their numbers are few
_MAX_MEASURED = 1 << 16  # colors of the sample that tell where clusters lie
_LARGEST_MARGIN = 1e30  # relative to the extent of the sample
_ROUNDING = 2.0**-20  # of margins and steps of centers, relative
_LEAST_STEP = 2.0**-38  # of a center, relative to the extent: what rounding may cause
_LONGEST_WAY = 64  # of a center from its anchor, in standard deviations of its cluster
_MAX_REORDERED = 4  # passes beyond `max_iter` that only put the centers in order


@dataclass(eq=False)
class _Pass:
    """The work of a pass on a part of the colors.

    Sums are measured from anchors, points near the colors of each label: sums of small numbers lose no digits.

    Attributes
    ----------
    centers : (n_labels, n_features)
    convert : converts colors to features
    colors : anchors as colors, (n_labels, n_channels)
    features : anchors as features, (n_labels, n_features)
    factors : of the colors, if features are nothing but multiples of them, (n_channels,); the means of the colors then
        tell those of the features
    weight_unit : that weights are divided by
    extent : what margins and paths are relative to
    path : how far centers may have moved relative to each other since all colors were looked at
    is_first : whether all colors are looked at, also if there are bounds
    has_buckets : whether buckets are summed
    """

    centers: Floats
    convert: Callable[[NDArray[Any]], Floats]
    colors: Floats
    features: Floats
    factors: Floats | None
    weight_unit: float
    extent: float
    path: float = 0.0
    is_first: bool = True
    has_buckets: bool = False

    def __call__(self, rows: NDArray[Any], weights: Floats | None, bounds: Bounds | None) -> Sums:
        """Sums of a part, or what changes in them if there are bounds of the pass before; and buckets.

        Bounds hold from pass to pass: a color keeps its label while the path is below its bound, since until then
        centers have moved relative to each other by less than its margin.
        """
        weights = None if weights is None else weights / self.weight_unit
        find = NearestCenter(self.centers)

        def label(columns: Floats, where: slice | NDArray[np.intp]) -> NDArray[np.int64]:
            if bounds is None:
                return find(columns)
            labels, margins = find.with_margins(columns)
            margins *= (1 - _ROUNDING) / self.extent
            bounds.labels[where], bounds.paths[where] = labels, _code(margins + self.path)
            return labels

        if bounds is None or self.is_first:
            return self._look_at_all(rows, weights, label)
        return self._look_at_doubtful(rows, weights, bounds, label), 0.0

    def _look_at_all(self, rows: NDArray[Any], weights: Floats | None, label: Label) -> Sums:
        """The sums of all colors. Blocks are worked on in any order, but added in their own, so bits repeat."""
        length = _block_length(rows)
        sums, energies = [self._zeros()] * -(-len(rows) // length), np.empty(len(rows) if self.has_buckets else 0)

        def look(block: slice) -> None:
            channels, columns = self._columns(rows[block])
            weight = None if weights is None else weights[block]
            sums[block.start // length], squares = self.add_up(channels, columns, label(columns, block), weight)
            if self.has_buckets:
                energies[block] = squares

        for_blocks(look, len(rows), length)
        buckets = np.bincount(hash_buckets(rows), energies, N_BUCKETS).astype(np.float64) if self.has_buckets else 0.0
        return sum(sums, self._zeros()), buckets

    def _look_at_doubtful(self, rows: NDArray[Any], weights: Floats | None, bounds: Bounds, label: Label) -> Floats:
        """What changes in the sums: only colors whose bound the path has reached may have another label."""
        doubtful, length = np.flatnonzero(bounds.paths <= _code(self.path) + 1), _block_length(rows)
        changes = self._zeros()
        for start in range(0, len(doubtful), length):
            some = doubtful[start : start + length]
            before, (channels, columns) = bounds.labels[some], self._columns(rows[some])
            labels = label(columns, some)
            moved = np.flatnonzero(labels != before)
            weight = None if weights is None else weights[some[moved]]
            here = channels[:, moved], columns[:, moved]
            changes += self.add_up(*here, labels[moved], weight)[0]
            changes -= self.add_up(*here, before[moved], weight)[0]
        return changes

    def add_up(
        self, channels: NDArray[Any], columns: Floats, labels: NDArray[Any], weights: Floats | None
    ) -> tuple[Floats, Floats]:
        """Weighted sums for each label, (n_sums, n_labels), and the weighted squared distance of each color.

        The sums are weights, offsets of colors, offsets of features unless they have `factors`, and squared distances.
        """
        sums, squares = [], np.zeros(len(labels))

        def add(numbers: Floats) -> None:
            products = numbers if weights is None else numbers * weights
            sums.append(np.bincount(labels, products, len(self.colors)))

        add(np.ones(len(labels)))
        for number, (channel, anchors) in enumerate(zip(channels, self.colors.T, strict=True)):
            offsets = np.subtract(channel, anchors.take(labels), dtype=np.float64, casting="same_kind")
            add(offsets)
            if self.factors is not None:
                squares += np.square(self.factors[number] * offsets)
        for column, anchors in zip(columns, self.features.T, strict=True) if self.factors is None else ():
            offsets = column - anchors.take(labels)
            add(offsets)
            squares += np.square(offsets)
        add(squares)
        return np.array(sums), squares if weights is None else squares * weights

    def _zeros(self) -> Floats:
        n_features = self.features.shape[1] if self.factors is None else 0
        return np.zeros((2 + self.colors.shape[1] + n_features, len(self.colors)))

    def _columns(self, rows: NDArray[Any]) -> tuple[NDArray[Any], Floats]:
        """Colors and their features as contiguous columns."""
        channels = np.ascontiguousarray(rows.T)
        is_linear = self.factors is not None  # and cheaper in columns
        return channels, np.ascontiguousarray(self.convert(channels.T if is_linear else rows).T)


class Passed(NamedTuple):
    """Centers, and the sums of a pass over all colors.

    Attributes
    ----------
    centers : the centers of the pass, (n_labels, n_features)
    weights : weight of the colors next to each, (n_labels,)
    shifts : from each center to the mean of the features next to it, (n_labels, n_features)
    squares : sum of the squared distances to each center, (n_labels,)
    colors : mean color next to each center, (n_labels, n_channels)
    buckets : sum of the squared distances in each bucket of colors, roughly and up to a factor, (N_BUCKETS,); or 0
    totals : the sums of `_Pass.add_up`
    made_by : the pass itself
    """

    centers: Floats
    weights: Floats
    shifts: Floats
    squares: Floats
    colors: Floats
    buckets: Floats | float
    totals: Floats
    made_by: _Pass

    def heavy_buckets(self) -> NDArray[np.bool_]:
        """Which buckets hold much of the inertia, (N_BUCKETS,): with colors far from all centers, or very frequent."""
        return find_heavy(np.asarray(self.buckets))

    @property
    def inertia(self) -> float:
        """Sum of the squared distances to the nearest centers."""
        return float(self.squares.sum())

    @property
    def scatters(self) -> Floats:
        """Variance of the features next to each center around their mean, (n_labels,)."""
        weights = np.where(self.weights > 0, self.weights, np.inf)
        return np.asarray(np.maximum(self.squares / weights - (self.shifts**2).sum(axis=1), 0.0))

    @property
    def variance(self) -> float:
        """Weighted variance, mean of the features."""
        shares = self.weights / self.weights.sum()
        means = self.centers + self.shifts
        between = (shares @ (means - shares @ means) ** 2).sum()
        within = self.inertia / float(self.weights.sum()) - float((shares @ self.shifts**2).sum())
        return float((between + within) / self.centers.shape[1])


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
        some = sample.colors[:: -(-len(sample.colors) // _MAX_MEASURED)]
        self._colors, self._features = some, convert(some)
        self._extent = float(np.abs(self._features).max()) or 1.0
        self._limits = sample.number_limits().astype(np.float64)
        exponent = np.rint(np.log2(np.median(sample.weights))) if scan.is_weighted else 0
        self._weight_unit = float(2.0**exponent)  # its quotients are exact

    def lloyd(
        self, passed: Passed, order: Callable[[Floats], NDArray[np.intp]], *, max_iter: int, tol: float
    ) -> tuple[Passed, int]:
        """Move centers to the means of their colors until their squared steps sum to `tol` times the variance.

        They are brought into the `order` of their mean colors, and those without colors are left out. The last pass
        and the number of passes are returned; the first one is given.
        """
        limit = tol * passed.variance + passed.centers.size * (self._extent * _LEAST_STEP) ** 2
        n_iter = 1
        while True:
            if n_iter < max_iter and (passed.shifts**2).sum() > limit:
                passed = self._move(passed)
            else:
                present = np.flatnonzero(passed.weights)
                wanted = present[order(passed.colors[present])]
                if np.array_equal(wanted, np.arange(len(passed.centers))) or n_iter >= max_iter + _MAX_REORDERED:
                    return passed, min(n_iter, max_iter)
                passed = self._reorder(passed, wanted)
            n_iter += 1

    def run(self, centers: Floats, *, has_buckets: bool = False) -> Passed:
        """A pass that looks at all colors, with the color of the sample that is nearest to each center as its anchor.

        A center that no color is next to is its own anchor.
        """
        labels, linear = nearest(self._features, centers), self._convert_means
        by_distance = np.argsort(((self._features - centers[labels]) ** 2).sum(axis=1), kind="stable")
        present, members = np.unique(labels[by_distance], return_index=True)
        colors = np.zeros((len(centers), self._colors.shape[1]))
        factors = None if linear is None else linear(np.ones(colors.shape[1]))
        if factors is not None:
            np.divide(centers, factors, out=colors, where=factors != 0)
        colors[present] = self._colors[by_distance[members]]
        features = centers if linear is None else linear(colors)
        units = self._weight_unit, self._extent
        return self._pass(_Pass(centers, self._convert, colors, features, factors, *units, has_buckets=has_buckets))

    def _move(self, passed: Passed) -> Passed:
        """The next pass, with centers moved to the means; with new anchors, if they are far from these."""
        centers, work = passed.centers + passed.shifts, passed.made_by
        distances = ((centers - work.features) ** 2).sum(axis=1)
        least = (self._extent * _LEAST_STEP) ** 2
        if (distances > np.maximum(_LONGEST_WAY**2 * passed.scatters, least)).any():
            return self.run(centers)
        step = float(np.sqrt((passed.shifts**2).sum(axis=1).max()))  # one center comes nearer by it, one goes away
        path = work.path + 2 * step * (1 + _ROUNDING) / self._extent
        work = replace(work, centers=centers, path=path, is_first=False, has_buckets=False)
        return self._pass(work, passed.totals)

    def _reorder(self, passed: Passed, wanted: NDArray[np.intp]) -> Passed:
        """The pass once more, with centers in another order."""
        centers, work, bounds = passed.centers[wanted], passed.made_by, self._scan.bounds
        if len(wanted) < len(passed.centers):
            return self.run(centers)
        if bounds is not None:
            np.take(np.argsort(wanted).astype(np.int32), bounds.labels, out=bounds.labels, mode="clip")
        colors, features = work.colors[wanted], work.features[wanted]
        work = replace(work, centers=centers, colors=colors, features=features, is_first=False, has_buckets=False)
        return self._pass(work, passed.totals[:, wanted])

    def _pass(self, work: _Pass, totals_before: Floats | None = None) -> Passed:
        """A pass; after another one, colors far from borders are not looked at again if there are bounds."""
        totals, buckets = self._scan.reduce(work, _add)
        if totals_before is not None and self._scan.bounds is not None:
            totals = totals_before + totals
        centers, weights, n_channels = work.centers, totals[0], work.colors.shape[1]
        offsets = totals[1:-1] / np.where(weights > 0, weights, 1.0)
        colors = (work.colors + offsets[:n_channels].T).clip(*self._limits)  # rounding leads beyond them
        features = self._convert_means(colors) if self._convert_means else work.features + offsets[n_channels:].T
        steps, ways = centers - work.features, features - work.features
        squares = totals[-1] + weights * (steps * (steps - 2 * ways)).sum(axis=1)
        return Passed(
            centers,
            weights * self._weight_unit,
            shifts=np.where(weights[:, np.newaxis] > 0, features - centers, 0.0),
            squares=np.maximum(squares, 0.0) * self._weight_unit,
            colors=colors,
            buckets=buckets,
            totals=totals,
            made_by=work,
        )


def _add(parts: Iterable[Sums]) -> Sums:
    """The sums of all parts, added in order."""
    return reduce(lambda one, other: (one[0] + other[0], one[1] + other[1]), parts)


def _block_length(rows: NDArray[Any]) -> int:
    """Number of colors that are labeled at a time."""
    return int(min(_LABELED_COLORS, 1 + LIMITS.pass_numbers // rows.shape[1]))


def _code(numbers: Floats | float) -> NDArray[np.uint32]:
    """Upper halves of positive numbers in float32, which are ordered as these are; never too large."""
    return np.asarray(np.minimum(numbers, _LARGEST_MARGIN), dtype=np.float32).view(np.uint32) >> np.uint32(16)
