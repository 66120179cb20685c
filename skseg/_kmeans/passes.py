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
from scipy.sparse import csc_array

from .._census import Census, hash_buckets
from .._census.blocks import for_blocks
from .nearest_center import NearestCenter, Scratch, block_length, by_row, squared_norms
from .scans import N_BUCKETS, Bounds, Scan, find_heavy

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats | float]  # of each label, and of each bucket or 0

_MAX_MEASURED = 1 << 16  # colors of the sample that tell where clusters lie
_NEAR_ZERO = 2  # times the spread of the colors: measured from 0, they lose no digits that matter
_LARGEST_SINGLE = 1e12  # number whose square and its multiples single precision can hold
_LARGEST_MARGIN = 1e30  # relative to the extent of the sample
_ROUNDING = 2.0**-20  # of margins and steps of centers, relative
_LEAST_STEP = 2.0**-38  # of a center, relative to the extent: what rounding may cause
_LONGEST_WAY = 64  # of a center from its anchor, in standard deviations of its cluster
_MAX_REORDERED = 4  # passes beyond `max_iter` that only put the centers in order


@dataclass(eq=False)
class _Pass:
    """The work of a pass on a part of the colors.

    Attributes
    ----------
    centers : (n_labels, n_features)
    anchors : points near the colors of each label, from which squared distances are measured, (n_labels, n_features)
    convert : converts colors to features
    origin : where colors are measured from, (n_channels,)
    feature_origin : where features are measured from, (n_features,)
    factors : of the colors, if features are nothing but multiples of them, (n_channels,); the means of the colors then
        tell those of the features
    weight_unit : that weights are divided by
    extent : what margins and paths are relative to
    kind : precision of the offsets that centers are ranked by, if features have `factors`
    paths : how far each center and any other may have moved since all colors were looked at, (n_labels,)
    is_first : whether all colors are looked at, also if there are bounds
    has_buckets : whether buckets are summed
    """

    centers: Floats
    anchors: Floats
    convert: Callable[[NDArray[Any]], Floats]
    origin: Floats
    feature_origin: Floats
    factors: Floats | None
    weight_unit: float
    extent: float
    kind: np.dtype[Any]
    paths: Floats
    is_first: bool = True
    has_buckets: bool = False

    def __call__(self, rows: NDArray[Any], weights: Floats | None, bounds: Bounds | None) -> Sums:
        """Sums of a part, or the changes in them if there are bounds of the pass before; and buckets.

        Bounds hold from pass to pass: a color keeps its label while the path of its center is below its bound, since
        until then this center and any other have moved by less than its margin.
        """
        weights = None if weights is None else weights / self.weight_unit
        if bounds is None or self.is_first:
            return self._look_at_all(rows, weights, bounds)
        return self._look_at_doubtful(rows, weights, bounds), 0.0

    def _look_at_all(self, rows: NDArray[Any], weights: Floats | None, bounds: Bounds | None) -> Sums:
        """The sums of all colors. Blocks are worked on in any order, but added in their own, so bits repeat."""
        length, find = block_length(rows), self._nearest_center()
        sums, energies = [self._no_sums()] * -(-len(rows) // length), np.empty(len(rows) if self.has_buckets else 0)

        def look(block: slice) -> None:
            some, weight = rows[block], None if weights is None else weights[block]
            offsets = self._offsets(some, find.scratch)
            labels = self._label(find, some, offsets, None if bounds is None else bounds.part(block))
            sums[block.start // length], squares = self._add_up(some, offsets, labels, weight, find.scratch)
            if self.has_buckets:
                energies[block] = squares

        for_blocks(look, len(rows), length)
        buckets = np.bincount(hash_buckets(rows), energies, N_BUCKETS).astype(np.float64) if self.has_buckets else 0.0
        return sum(sums, self._no_sums()), buckets

    def _look_at_doubtful(self, rows: NDArray[Any], weights: Floats | None, bounds: Bounds) -> Floats:
        """The changes in the sums: only colors whose bound a path has reached may have another label."""
        reached = (_code(self.paths) + 1).astype(np.uint16)
        doubtful = np.flatnonzero(bounds.paths <= reached.take(bounds.labels))
        before, length, find = bounds.labels.copy(), block_length(rows), self._nearest_center()

        def look(block: slice) -> None:
            some = _take(rows, doubtful[block], find.scratch)
            found = bounds.part(doubtful[block])  # copies
            self._label(find, some, self._offsets(some, find.scratch), found)
            bounds.labels[doubtful[block]], bounds.paths[doubtful[block]] = found

        def look_at_all(block: slice) -> None:
            self._label(find, rows[block], self._offsets(rows[block], find.scratch), bounds.part(block))

        if len(doubtful) > len(rows) / 2:  # it takes longer to find their numbers than to look at all
            for_blocks(look_at_all, len(rows), length)
        else:
            for_blocks(look, len(doubtful), length)
        moved = np.flatnonzero(bounds.labels != before)
        before, changes = before[moved], self._no_sums()
        for start in range(0, len(moved), length):
            some = moved[start : start + length]
            colors, weight = _take(rows, some, find.scratch), None if weights is None else weights[some]
            offsets = self._offsets(colors, find.scratch)
            changes += self._add_up(colors, offsets, bounds.labels[some], weight, find.scratch)[0]
            changes -= self._add_up(colors, offsets, before[start : start + length], weight, find.scratch)[0]
        return changes

    def _nearest_center(self) -> NearestCenter:
        return NearestCenter(self.centers, self.feature_origin)

    def _offsets(self, rows: NDArray[Any], scratch: Scratch) -> NDArray[np.floating[Any]]:
        """Features as offsets from their origin, to rank centers by, (n_rows, n_features)."""
        if self.factors is None:
            offsets = scratch.get("offsets", (len(rows), len(self.feature_origin)), np.float64)
            return by_row(np.subtract, self.convert(rows), self.feature_origin, out=offsets)
        offsets, room = rows, scratch.get("offsets", rows.shape, self.kind)
        if self.origin.any() or rows.dtype != self.kind:
            offsets = by_row(np.subtract, rows, self.origin.astype(self.kind), out=room)
        if (self.factors != 1).any():
            offsets = by_row(np.multiply, offsets, self.factors.astype(self.kind), out=room)
        return offsets

    def _label(
        self, find: NearestCenter, rows: NDArray[Any], offsets: NDArray[np.floating[Any]], bounds: Bounds | None
    ) -> NDArray[np.integer[Any]]:
        """The labels of colors, which are written to `bounds` together with their margins."""

        def points(index: NDArray[np.intp]) -> Floats:
            return self.convert(rows[index])

        if bounds is None:
            return find.label(offsets, points)
        margins = np.empty(len(rows))
        labels = find.label(offsets, points, margins)
        bounds.labels[:] = labels
        bounds.paths[:] = _code(margins * ((1 - _ROUNDING) / self.extent) + self.paths.take(labels))
        return labels

    def _add_up(
        self,
        rows: NDArray[Any],
        offsets: NDArray[np.floating[Any]],
        labels: NDArray[Any],
        weights: Floats | None,
        scratch: Scratch,
    ) -> tuple[Floats, Floats]:
        """Weighted sums for each label, (n_labels, n_sums), and the weighted squared distance of each color.

        The sums are weights, offsets of colors, offsets of features unless they have `factors`, and squared distances.
        """
        n_labels, n_rows = len(self.centers), len(labels)
        weights = np.ones(n_rows) if weights is None else weights
        by_label = csc_array((weights, labels, np.arange(n_rows + 1, dtype=np.int32)), shape=(n_labels, n_rows))
        colors = by_row(np.subtract, rows, self.origin, out=scratch.get("colors", rows.shape, np.float64))
        sums = [np.bincount(labels, weights, n_labels)[:, np.newaxis], by_label @ colors]
        if self.factors is None:
            sums.append(by_label @ offsets)
        features = offsets
        if self.factors is not None:
            features = colors if (self.factors == 1).all() else by_row(np.multiply, colors, self.factors, out=colors)
        anchors = scratch.get("anchors", features.shape, np.float64)
        np.take(self.anchors - self.feature_origin, labels, axis=0, out=anchors, mode="clip")
        squares = squared_norms(np.subtract(features, anchors, out=anchors)) * weights
        sums.append(np.bincount(labels, squares, n_labels)[:, np.newaxis])
        return np.hstack(sums), squares

    def _no_sums(self) -> Floats:
        n_features = len(self.feature_origin) if self.factors is None else 0
        return np.zeros((len(self.centers), 2 + len(self.origin) + n_features))


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
    totals : the sums of the pass, (n_labels, n_sums)
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
        features = convert(some)
        self._origin, self._feature_origin, self._factors = _middle(some), _middle(features), None
        if convert_means is not None:
            if (self._origin**2).sum() < _NEAR_ZERO**2 * squared_norms(some - self._origin).mean():
                self._origin = np.zeros(len(self._origin))  # nothing has to be subtracted
            self._feature_origin, self._factors = map(convert_means, (self._origin, np.ones(some.shape[1])))
        self._extent = float(np.abs(features).max()) or 1.0
        self._limits = sample.number_limits().astype(np.float64)
        is_small = float(np.abs(self._limits).max()) < _LARGEST_SINGLE
        self._kind: np.dtype[Any] = np.result_type(some.dtype, np.float32) if is_small else np.dtype(np.float64)
        exponent = np.rint(np.log2(np.median(sample.weights))) if scan.is_weighted else 0
        self._weight_unit = float(2.0**exponent)  # its quotients are exact

    def lloyd(
        self,
        passed: Passed,
        order: Callable[[Floats], NDArray[np.intp]],
        *,
        max_iter: int,
        tol: float,
        longest_stride: float = 1,
    ) -> tuple[Passed, int]:
        """Move centers to the means of their colors until the squared shifts to these sum to `tol` times the variance.

        Where the shifts shrink slowly, centers go beyond the means, to the sum of the geometric series that the last
        two shifts begin, but at most `longest_stride` times as far as the means. Below 2, the inertia falls at every
        step. At last, centers are brought into the `order` of their mean colors, and those without colors are left out.
        The last pass and the number of passes are returned; the first one is given.
        """
        limit = tol * passed.variance + passed.centers.size * (self._extent * _LEAST_STEP) ** 2
        n_iter, stride = 1, 1.0
        while True:
            if n_iter < max_iter and (passed.shifts**2).sum() > limit:
                before, passed = passed.shifts, self._move(passed, stride)
                ratio = (passed.shifts * before).sum() / (before**2).sum()
                stride = min(max(1.0, stride / max(1 - ratio, _ROUNDING)), longest_stride)
            else:
                present = np.flatnonzero(passed.weights)
                wanted = present[order(passed.colors[present])]
                if np.array_equal(wanted, np.arange(len(passed.centers))) or n_iter >= max_iter + _MAX_REORDERED:
                    return passed, min(n_iter, max_iter)
                passed = self._reorder(passed, wanted)
            n_iter += 1

    def run(self, centers: Floats, *, has_buckets: bool = False) -> Passed:
        """A pass that looks at all colors."""
        origins = self._origin, self._feature_origin, self._factors
        units = self._weight_unit, self._extent
        paths = np.zeros(len(centers))
        work = _Pass(centers, centers, self._convert, *origins, *units, self._kind, paths, has_buckets=has_buckets)
        return self._pass(work)

    def _move(self, passed: Passed, stride: float) -> Passed:
        """The next pass, with centers moved to the means, or beyond; with new anchors, if they are far from these."""
        moved, work = stride * passed.shifts, passed.made_by
        centers = passed.centers + moved
        distances = ((centers - work.anchors) ** 2).sum(axis=1)
        least = (self._extent * _LEAST_STEP) ** 2
        if (distances > np.maximum(_LONGEST_WAY**2 * passed.scatters, least)).any():
            return self.run(centers)
        steps = np.sqrt((moved**2).sum(axis=1)) * (1 + _ROUNDING) / self._extent
        paths = work.paths + steps + steps.max()  # one center goes away, another comes nearer
        work = replace(work, centers=centers, paths=paths, is_first=False, has_buckets=False)
        return self._pass(work, passed.totals)

    def _reorder(self, passed: Passed, wanted: NDArray[np.intp]) -> Passed:
        """The pass once more, with centers in another order."""
        centers, work, bounds = passed.centers[wanted], passed.made_by, self._scan.bounds
        if len(wanted) < len(passed.centers):
            return self.run(centers)
        if bounds is not None:
            np.take(np.argsort(wanted).astype(np.int32), bounds.labels, out=bounds.labels, mode="clip")
        anchors, paths = work.anchors[wanted], work.paths[wanted]
        work = replace(work, centers=centers, anchors=anchors, paths=paths, is_first=False, has_buckets=False)
        return self._pass(work, passed.totals[wanted])

    def _pass(self, work: _Pass, totals_before: Floats | None = None) -> Passed:
        """A pass; after another one, colors far from borders are not looked at again if there are bounds."""
        totals, buckets = self._scan.reduce(work, _add)
        if totals_before is not None and self._scan.bounds is not None:
            totals = totals_before + totals
        centers, weights, n_channels = work.centers, totals[:, 0], len(work.origin)
        offsets = totals[:, 1:-1] / np.where(weights > 0, weights, 1.0)[:, np.newaxis]
        colors = (work.origin + offsets[:, :n_channels]).clip(*self._limits)  # rounding leads beyond them
        features = self._convert_means(colors) if self._convert_means else work.feature_origin + offsets[:, n_channels:]
        steps, ways = centers - work.anchors, features - work.anchors
        squares = totals[:, -1] + weights * (steps * (steps - 2 * ways)).sum(axis=1)
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


def _take(rows: NDArray[Any], index: NDArray[np.intp], scratch: Scratch) -> NDArray[Any]:
    """Some of the rows."""
    return rows.take(index, axis=0, out=scratch.get("rows", (len(index), rows.shape[1]), rows.dtype), mode="clip")


def _middle(rows: NDArray[Any]) -> Floats:
    """The median of each column; of two, the lower, so that it is one of its numbers."""
    return np.asarray(np.sort(rows, axis=0)[(len(rows) - 1) // 2], dtype=np.float64)


def _code(numbers: Floats | float) -> NDArray[np.uint32]:
    """Upper halves of positive numbers in float32, which are ordered as these are; never too large."""
    return np.asarray(np.minimum(numbers, _LARGEST_MARGIN), dtype=np.float32).view(np.uint32) >> np.uint32(16)
