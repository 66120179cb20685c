"""Data that is gone through part by part, again and again, and colors that stand for all of it.

Colors fall into buckets by a hash, so that what belongs together is found wherever it occurs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .._census import Census, count, hash_buckets, merge
from .fit import far_out

Floats = NDArray[np.float64]

N_BUCKETS = 1 << 16  # of colors with the same hash
_HEAVY = 64  # times the median inertia, or weight, of a bucket; the mean itself follows the outliers
_MAX_HEAVY = 1 << 10  # buckets
_LARGEST_SHARE = 1e-3  # of the weight that a color of a sample may have to stand for others


class Memory(NamedTuple):
    """The labels of the last pass, and a bound for each: a color keeps its label until the centers have moved so far.

    Bounds are paths (see `Passed`) as upper halves of float32.
    """

    labels: NDArray[np.int32]
    bounds: NDArray[np.uint16]

    @classmethod
    def empty(cls, n_colors: int) -> Memory:
        """The memory of that many colors."""
        return cls(np.empty(n_colors, dtype=np.int32), np.empty(n_colors, dtype=np.uint16))

    def part(self, start: int, end: int) -> Memory:
        """The memory of some of the colors."""
        return Memory(self.labels[start:end], self.bounds[start:end])


class Scan(Protocol):
    """Data that can be gone through part by part, again and again."""

    is_weighted: bool  # whether there are weights

    @property
    def memory(self) -> Memory | None:
        """Labels and bounds of the colors, if they are remembered."""
        ...

    def __call__(self, function: Callable[..., Any], /) -> Iterator[Any]:
        """The result of `function` for each part, in any order.

        It gets the rows of the part, their weights, or None without any, and its part of the memory.
        """
        ...


def representatives(some: Census, scan: Scan) -> Census:
    """A sample, weighted to stand for all colors but for those that hold much of the weight or of the scatter."""
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

    def find_in_part(rows: NDArray[Any], weights: Floats | None, memory: Any) -> Census:
        chosen = np.flatnonzero(is_wanted[hash_buckets(rows)])
        return count(rows[chosen], None if weights is None else weights[chosen])

    return merge(scan(find_in_part))


def scattered_buckets(scan: Scan, some: Census) -> NDArray[np.bool_]:
    """Which buckets hold much of the weight or of the scatter, (N_BUCKETS,): with frequent colors, or outliers."""
    colors = some.colors.astype(np.float64)
    center = colors.mean(axis=0)
    scatter = float(_squares(colors, center).mean()) or 1.0

    def weigh(rows: NDArray[Any], weights: Floats | None, memory: Any) -> Floats:
        energies = 1 + _squares(rows, center) / scatter
        energies = energies if weights is None else energies * weights
        return np.asarray(np.bincount(hash_buckets(rows), energies, N_BUCKETS), dtype=np.float64)

    return find_heavy(sum(scan(weigh)))


def _squares(rows: NDArray[Any], center: Floats) -> Floats:
    squares = np.zeros(len(rows))
    for column, coordinate in zip(rows.T, center, strict=True):
        squares += (column - coordinate) ** 2
    return squares


def no_buckets() -> NDArray[np.bool_]:
    """None of the buckets, (N_BUCKETS,)."""
    return np.zeros(N_BUCKETS, dtype=bool)


def find_heavy(buckets: Any) -> NDArray[np.bool_]:
    """Which buckets hold a large part of their sum, (N_BUCKETS,)."""
    most = np.partition(buckets, -_MAX_HEAVY - 1)[-_MAX_HEAVY - 1]
    return np.asarray(buckets > max(most, _HEAVY * np.median(buckets)))
