"""Data that is gone through part by part, again and again, and colors that stand for all of it.

Colors fall into buckets by a hash, so that what belongs together is found wherever it occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._census import Census, count, hash_buckets, merge
from .fit import far_out
from .nearest_center import squared_distances

T = TypeVar("T")
Floats = NDArray[np.float64]

N_BUCKETS = 1 << 16  # of colors with the same hash
_HEAVY_SHARES = 64  # times the median inertia, or weight, of a bucket; the mean itself follows the outliers
_MAX_HEAVY_BUCKETS = 1 << 10
_LARGEST_SHARE = 1e-3  # of the weight that a color of a sample may have to stand for others


class Bounds(NamedTuple):
    """The labels of the last pass, and a bound for each.

    After each pass, `labels` are those of all colors by exact distances to its centers. A color whose bound is above
    the path of a later pass has the same label there: no center can have come nearer than its own.

    Attributes
    ----------
    labels : (n_colors,)
    paths : the bounds, paths of the centers since all colors were looked at, as upper halves of float32, (n_colors,)
    """

    labels: NDArray[np.int32]
    paths: NDArray[np.uint16]

    @classmethod
    def empty(cls, n_colors: int) -> Bounds:
        """The bounds of that many colors."""
        return cls(np.empty(n_colors, dtype=np.int32), np.empty(n_colors, dtype=np.uint16))

    def part(self, some: slice | NDArray[np.intp]) -> Bounds:
        """The bounds of some of the colors."""
        return Bounds(self.labels[some], self.paths[some])


class Scan(Protocol):
    """Data that can be gone through part by part, again and again."""

    is_weighted: bool  # whether there are weights

    @property
    def bounds(self) -> Bounds | None:
        """Labels and bounds of the colors, if they are kept."""
        ...

    def reduce(self, function: Callable[..., T], combine: Callable[[Iterable[T]], T]) -> T:
        """Combine the results of `function` for each part, in order.

        It gets the rows of the part, their weights, or None without any, and their bounds, or None.
        """
        ...


class CensusScan:
    """The colors of a census, to be passed over."""

    def __init__(self, census: Census) -> None:
        self._census = census
        self.is_weighted = True
        self.bounds = Bounds.empty(len(census.colors))

    def reduce(self, function: Callable[..., T], combine: Callable[[Iterable[T]], T]) -> T:
        """See `Scan`."""
        return combine([function(self._census.colors, self._census.weights, self.bounds)])


def representatives(some: Census, scan: Scan) -> Census:
    """A sample, weighted to stand for all colors but for those that hold much of the weight or of the scatter.

    A color of a sample stands for ``2**level`` colors of its weight.
    """
    return _add_colors(some, some.weights * 2.0**some.level, scan, scattered_buckets(scan, some))


def stand_for_all(some: Census, scan: Scan, is_added: NDArray[np.bool_]) -> Census:
    """A sample, weighted to stand for all colors but for the frequent ones, outliers, and all of some buckets."""
    weights = some.weights * 2.0**some.level
    is_alone = (weights > _LARGEST_SHARE * weights.sum()) | far_out(some.colors)
    return _add_colors(some, np.where(is_alone, some.weights, weights), scan, is_added)


def _add_colors(some: Census, weights: Floats, scan: Scan, is_added: NDArray[np.bool_]) -> Census:
    """The colors of a sample with new weights, and all colors of some buckets with their own."""
    if not is_added.any():
        return Census(some.colors, weights)
    added, others = find_colors(scan, is_added), ~is_added[hash_buckets(some.colors)]
    return merge([Census(some.colors[others], weights[others]), Census(added.colors, added.weights)])


def find_colors(scan: Scan, is_wanted: NDArray[np.bool_]) -> Census:
    """All colors of the buckets that are wanted."""

    def find(rows: NDArray[Any], weights: Floats | None, _: Bounds | None) -> Census:
        chosen = np.flatnonzero(is_wanted[hash_buckets(rows)])
        return count(rows[chosen], None if weights is None else weights[chosen])

    return scan.reduce(find, merge)


def scattered_buckets(scan: Scan, some: Census) -> NDArray[np.bool_]:
    """Which buckets hold much of the weight or of the scatter, (N_BUCKETS,): with frequent colors, or outliers."""
    colors = some.colors.astype(np.float64)
    center = colors.mean(axis=0)
    scatter = float(squared_distances(colors, center).mean()) or 1.0

    def weigh(rows: NDArray[Any], weights: Floats | None, _: Bounds | None) -> Floats:
        energies = 1 + squared_distances(rows, center) / scatter
        energies = energies if weights is None else energies * weights
        return np.asarray(np.bincount(hash_buckets(rows), energies, N_BUCKETS), dtype=np.float64)

    return find_heavy(scan.reduce(weigh, lambda parts: np.asarray(sum(parts))))


def no_buckets() -> NDArray[np.bool_]:
    """None of the buckets, (N_BUCKETS,)."""
    return np.zeros(N_BUCKETS, dtype=bool)


def find_heavy(buckets: Floats) -> NDArray[np.bool_]:
    """Which buckets hold a large part of their sum, (N_BUCKETS,)."""
    most = np.partition(buckets, -_MAX_HEAVY_BUCKETS - 1)[-_MAX_HEAVY_BUCKETS - 1]
    return np.asarray(buckets > max(most, _HEAVY_SHARES * np.median(buckets)))
