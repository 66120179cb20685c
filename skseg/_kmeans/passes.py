"""Lloyd's algorithm in passes over colors that are too many to be held.

A pass labels all colors, block by block, and sums what belongs to each label. Those that follow look again only at
colors near a border between clusters: how much farther away the second nearest center is tells how far centers may move
before another one can be nearer [1]_.

References
----------
.. [1] G. Hamerly, "Making k-means even faster", SDM 2010.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._census import Census, hash_buckets
from .._census.blocks import for_blocks
from .distances import NearestCenter
from .exact import MAX_SUMMED, Units, find_units, least_exponent
from .scans import N_BUCKETS, Memory, Scan, find_heavy

Floats = NDArray[np.float64]

_BLOCK_NUMBERS = 1 << 17  # of colors that are labeled at a time, and of their features
_MAX_MEASURED = 1 << 16  # colors of the sample that tell how wide clusters are
_LARGEST = 1e30  # margin, relative to the extent of the sample
_ROUNDING = 2.0**-20  # of margins and steps of centers, relative
_LEAST_STEP = 2.0**-38  # of a center, relative to the extent: what rounding may cause
_LONGEST_WAY = 64  # of a center from where it is measured, in standard deviations of its cluster
_MAX_REORDERED = 4  # passes beyond `max_iter` that only put the centers in order


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
    totals, units : the whole sums, and their units
    path : how far centers may have moved relative to each other since all colors were looked at, relative to the extent
    """

    centers: Floats
    weights: Floats
    shifts: Floats
    squares: Floats
    colors: Floats
    buckets: Any
    totals: Any
    units: Any
    path: float

    def heavy_buckets(self) -> NDArray[np.bool_]:
        """Which buckets hold much of the inertia, (N_BUCKETS,): with colors far from all centers, or very frequent."""
        return find_heavy(self.buckets)

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


@dataclass(eq=False)
class _Labeler:
    """The work of a pass on a part of the colors.

    Attributes
    ----------
    find : finds the nearest centers
    convert : converts colors to features
    units : units of the sums
    extent : what margins are relative to
    path : see `Passed`
    is_first : whether all colors are looked at
    numbers : the present label for each of the pass before, if the order changes, (n_labels,)
    has_buckets : whether buckets are summed
    """

    find: NearestCenter
    convert: Callable[[NDArray[Any]], Floats]
    units: Units
    extent: float
    path: float
    is_first: bool
    numbers: NDArray[np.int32] | None
    has_buckets: bool

    def __call__(self, rows: NDArray[Any], weights: Floats | None, memory: Memory | None) -> tuple[Any, Any]:
        """Whole sums of a part, or what changes in them if there is a memory of the pass before; and buckets."""
        if memory is None or self.is_first:
            return self._look_at_all(rows, weights, memory)
        if self.numbers is not None:
            np.take(self.numbers, memory.labels, out=memory.labels, mode="clip")
        return self._look_at_doubtful(rows, weights, memory), 0.0

    def _look_at_all(self, rows: NDArray[Any], weights: Floats | None, memory: Memory | None) -> tuple[Any, Any]:
        sums: list[Any] = []
        energies = np.empty(len(rows) if self.has_buckets else 0)

        def look(block: slice) -> None:
            channels, columns = self._columns(rows[block])
            labels = self.find(columns) if memory is None else self._remember(columns, memory, block)
            weight = None if weights is None else weights[block]
            sums_here, squares = self.units.add_up(channels, columns, labels, weight)
            sums.append(sums_here)
            if self.has_buckets:
                energies[block] = squares

        for_blocks(look, len(rows), _block_length(rows))
        return sum(sums), np.bincount(hash_buckets(rows), energies, N_BUCKETS) if self.has_buckets else 0.0

    def _look_at_doubtful(self, rows: NDArray[Any], weights: Floats | None, memory: Memory) -> Any:
        doubtful = np.flatnonzero(memory.bounds <= _code(self.path) + 1)
        changes: Any = 0
        length = _block_length(rows)
        for start in range(0, len(doubtful), length):
            some = doubtful[start : start + length]
            before, (channels, columns) = memory.labels[some], self._columns(rows[some])
            labels = self._remember(columns, memory, some)
            moved = np.flatnonzero(labels != before)
            weight = None if weights is None else weights[some[moved]]
            here = channels[:, moved], columns[:, moved]
            changes += self.units.add_up(*here, labels[moved], weight)[0]
            changes -= self.units.add_up(*here, before[moved], weight)[0]
        return changes

    def _columns(self, rows: NDArray[Any]) -> tuple[NDArray[Any], Floats]:
        """Colors and their features as contiguous columns."""
        channels = np.ascontiguousarray(rows.T)
        is_linear = self.units.factors is not None  # and cheaper in columns
        return channels, np.ascontiguousarray(self.convert(channels.T if is_linear else rows).T)

    def _remember(self, columns: Floats, memory: Memory, where: Any) -> NDArray[np.int64]:
        """The labels of colors, which are written to memory."""
        labels, margins = self.find.with_margins(columns)
        margins *= (1 - _ROUNDING) / self.extent
        memory.labels[where] = labels
        memory.bounds[where] = _code(margins + self.path)
        return labels


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
        self._colors, self._features = some.astype(np.float64), convert(some)
        self._extent = float(np.abs(self._features).max()) or 1.0
        self._color_extent = float(np.abs(sample.number_limits().astype(np.float64)).max())
        self._weight_exponent = int(least_exponent(np.median(sample.weights))) if scan.is_weighted else None

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
        """A pass that looks at all colors."""
        extents = max(self._extent, float(np.abs(centers).max())), self._color_extent
        units = find_units(
            self._features,
            self._colors,
            centers,
            extents=extents,
            weight=self._weight_exponent,
            convert_means=self._convert_means,
        )
        return self._pass(centers, units, has_buckets=has_buckets)

    def _move(self, passed: Passed) -> Passed:
        """The next pass, with centers moved to the means; in new units, if they are far from where these are exact."""
        centers = passed.centers + passed.shifts
        distances = ((centers - passed.units.centers) ** 2).sum(axis=1)
        least = (self._extent * _LEAST_STEP) ** 2
        if (distances > np.maximum(_LONGEST_WAY**2 * passed.scatters, least)).any():
            return self.run(centers)
        step = float(np.sqrt((passed.shifts**2).sum(axis=1).max()))  # one center comes nearer by it, one goes away
        path = passed.path + 2 * step * (1 + _ROUNDING) / self._extent
        return self._pass(centers, passed.units, passed, path=path)

    def _reorder(self, passed: Passed, wanted: NDArray[np.intp]) -> Passed:
        """The pass once more, with centers in another order."""
        if len(wanted) < len(passed.centers):
            return self.run(passed.centers[wanted])
        before = passed._replace(totals=passed.totals[:, wanted])
        units, numbers = passed.units.reorder(wanted), np.argsort(wanted).astype(np.int32)
        return self._pass(passed.centers[wanted], units, before, path=passed.path, numbers=numbers)

    def _pass(
        self,
        centers: Floats,
        units: Units,
        before: Passed | None = None,
        *,
        path: float = 0.0,
        numbers: Any = None,
        has_buckets: bool = False,
    ) -> Passed:
        """A pass; with the one before, colors far from borders are not looked at again if there is a memory."""
        labeler = _Labeler(
            find=NearestCenter(centers),
            convert=self._convert,
            units=units,
            extent=self._extent,
            path=path,
            is_first=before is None,
            numbers=numbers,
            has_buckets=has_buckets,
        )
        totals, buckets = reduce(_add, self._scan(labeler))
        if before is not None and self._scan.memory is not None:
            totals = before.totals + totals
        means = units.means(totals)
        features = means.features if self._convert_means is None else self._convert_means(means.colors)
        offsets, steps = features - units.centers, centers - units.centers
        return Passed(
            centers,
            means.weights,
            shifts=np.where(means.weights[:, np.newaxis] > 0, features - centers, 0.0),
            squares=means.squares + means.weights * (steps * (steps - 2 * offsets)).sum(axis=1),
            colors=means.colors,
            buckets=buckets,
            totals=totals,
            units=units,
            path=path,
        )


def _add(one: tuple[Any, Any], other: tuple[Any, Any]) -> tuple[Any, Any]:
    return one[0] + other[0], one[1] + other[1]


def _block_length(rows: NDArray[Any]) -> int:
    """Number of colors that are labeled at a time."""
    return int(min(MAX_SUMMED, 1 + _BLOCK_NUMBERS // rows.shape[1]))


def _code(numbers: Any) -> Any:
    """Upper halves of positive numbers in float32, which are ordered as these are; never too large."""
    return np.minimum(numbers, _LARGEST).astype(np.float32).view(np.uint32) >> np.uint32(16)
