"""From a label map to the graph of its connected parts and their neighbors.

Nothing here knows estimators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from skimage.measure import label

from .._census import sums_by_label
from .._census.blocks import row_blocks

Floats = NDArray[np.float64]
Labels = NDArray[np.int32]


class Graph(NamedTuple):
    """Regions and their neighbors.

    Attributes
    ----------
    sizes : pixels of each region, (n_regions,)
    sums : sum of the features of its pixels, (n_regions, n_features)
    pairs : regions that touch, each pair once, (n_pairs, 2)
    borders : pixels of their common border, and the sum of each contrast along it, (n_pairs, 1 + n_contrasts)
    """

    sizes: Floats
    sums: Floats
    pairs: Labels
    borders: Floats


def connected(label_map: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> Labels:
    """Connected parts of one label, (height, width), numbered from 0; −1 under the mask. Neighbors share a side.

    Parts are numbered in the order of their first pixels.
    """
    parts = np.empty(label_map.shape, dtype=np.int32)
    n_parts, links = 0, [np.zeros((2, 0), dtype=np.int32)]
    for rows in row_blocks(label_map.shape):
        block = label_map[rows].astype(np.int64)
        shifted = block - block.min() + 1
        if mask is not None:
            shifted[mask[rows]] = 0
        found = label(shifted, connectivity=1, background=0)
        parts[rows] = np.where(found > 0, found + (n_parts - 1), -1)
        n_parts += int(found.max())
        seam = parts[[max(0, rows.start - 1), rows.start]]  # the last row above and the first of the block
        same = label_map[max(0, rows.start - 1)] == label_map[rows.start]
        links.append(seam[:, same & (seam >= 0).all(axis=0)])
    renumber(parts, join(np.concatenate(links, axis=1).T, n_parts))
    return parts


def renumber(regions: Labels, numbers: NDArray[Any]) -> None:
    """Give each region of a map its new number, in place; −1 stays."""
    numbers = np.append(numbers, np.int32(-1))  # −1, under the mask, is the last
    for rows in row_blocks(regions.shape):
        regions[rows] = numbers[regions[rows]]


def touching(regions: Labels, which: NDArray[np.bool_]) -> Iterator[Labels]:
    """Regions on both sides of each border between two pixels, (2, n_borders), for each block of rows.

    At least one of the two regions is in question. A block includes its borders with the row below.
    """
    which, width = np.append(which, False), regions.shape[1]  # −1, under the mask, is the last
    for rows in row_blocks(regions.shape):
        block = regions[rows.start : rows.stop + 1].ravel()
        matters, ends = which[block], []
        to_the_right = 1, (rows.stop - rows.start) * width, np.s_[width - 1 :: width]  # not into the next row
        to_the_row_below = width, len(block), np.s_[:0]
        for step, stop, excluded in (to_the_right, to_the_row_below):
            one, other = block[: stop - step], block[step:stop]
            border = (one != other) & (matters[: stop - step] | matters[step:stop])
            border[excluded] = False
            at = np.flatnonzero(border)
            ends.append(np.stack([one[at], other[at]]))
        one, other = both = np.concatenate(ends, axis=1)
        yield both[:, (one >= 0) & (other >= 0)]


def graph(regions: Labels, planes: list[NDArray[Any]], contrasts: Sequence[NDArray[Any]] = ()) -> Graph:
    """The graph of a map of regions, of the features in `planes` and the contrasts, each (height, width)."""
    n_regions = int(regions.max()) + 1
    sizes, sums = np.zeros(n_regions), np.zeros((len(planes), n_regions))
    for rows in row_blocks(regions.shape):
        inside = regions[rows] >= 0
        members = regions[rows][inside]
        np.add.at(sizes, members, 1.0)
        for total, plane in zip(sums, planes, strict=True):
            np.add.at(total, members, plane[rows][inside].astype(np.float64))

    ends: list[NDArray[np.int32]] = []
    along: list[list[NDArray[Any]]] = [[] for _ in contrasts]
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        border = (regions[one] != regions[other]) & (regions[one] >= 0) & (regions[other] >= 0)
        ends.append(np.stack([regions[one][border], regions[other][border]], axis=1))
        for parts, contrast in zip(along, contrasts, strict=True):
            parts.append(np.maximum(contrast[one][border], contrast[other][border]))
    lengths = np.ones(sum(map(len, ends)), dtype=np.float32)
    return Graph(sizes, sums.T, *_borders(np.concatenate(ends), n_regions, [lengths, *map(np.concatenate, along)]))


def count_labels(regions: Labels, labels: Labels, n_labels: int) -> Floats:
    """How many pixels of each region have each label, (n_regions, n_labels)."""
    counts = np.zeros((int(regions.max()) + 1) * n_labels)
    for rows in row_blocks(regions.shape):
        known = (regions[rows] >= 0) & (labels[rows] >= 0)
        np.add.at(counts, regions[rows][known].astype(np.int64) * n_labels + labels[rows][known], 1.0)
    return counts.reshape(-1, n_labels)


def _borders(ends: NDArray[Any], n_regions: int, parts: Iterable[NDArray[Any]]) -> tuple[Labels, Floats]:
    """Pairs of regions, the lower first, and their borders, from parts of borders in any order.

    `ends` are the regions on both sides of each part; `parts` are its length and contrasts.
    """
    both = np.minimum(*ends.T), np.maximum(*ends.T)
    totals = [coo_array((values, both), shape=(n_regions, n_regions)).tocsr() for values in parts]
    summed = totals[0].tocoo()
    pairs = np.stack([summed.row, summed.col], axis=1, dtype=np.int32)
    return pairs, np.stack([total.data for total in totals], axis=1, dtype=np.float64)


def absorb_small(start: Graph, min_size: float) -> tuple[Graph, Labels]:
    """The graph without regions of less than `min_size` pixels, and the new number of each region.

    Each joins the neighbor whose mean features are nearest, all at once, until none is left that has a neighbor.
    """
    current, numbers = start, np.arange(len(start.sizes), dtype=np.int32)
    while True:
        means = current.sums / current.sizes[:, np.newaxis]
        first, second = current.pairs.T
        distances = np.zeros(len(first))
        for feature in means.T:  # one by one, not to hold the features of both ends of every border
            distances += (feature[first] - feature[second]) ** 2
        small = current.sizes < min_size
        links = nearest_neighbors(current, distances, small)
        if not len(links):
            return current, numbers
        groups = join_small(links, small)
        current, numbers = contract(current, groups), groups[numbers]


def nearest_neighbors(current: Graph, distances: Floats, which: NDArray[np.bool_]) -> Labels:
    """Links from the regions in question to their nearest neighbors, (n_links, 2), sorted by region.

    Of equally near neighbors, the one with the longest border, then the largest, then the darkest.
    """
    one, other = current.pairs.T
    shortest = np.full(len(which), np.inf)
    for ends in (one, other):
        np.minimum.at(shortest, ends, distances)
    hits = [np.flatnonzero(which[ends] & (distances == shortest[ends])) for ends in (one, other)]
    links = np.concatenate([current.pairs[hits[0]], current.pairs[hits[1]][:, ::-1]])
    order = np.argsort(links[:, 0], kind="stable")
    lengths = current.borders[np.concatenate(hits)[order], 0]
    return preferred(links[order], lengths, lambda each: current.sizes[each], lambda each: -current.sums[each, 0])


def preferred(links: Labels, lengths: NDArray[Any], *keys: Callable[[Labels], NDArray[Any]]) -> Labels:
    """Of the links of each region, sorted by region, the one with the longest border, then the largest keys.

    Links that are equal in all are all kept, so that the regions of a rotated image are the same.
    """
    links = _with_largest(links, lengths)
    for key in keys:
        links = _with_largest(links, key(links[:, 1]))
    return links


def _with_largest(links: Labels, values: NDArray[Any]) -> Labels:
    """The links with the largest value of each region; links are sorted by region."""
    starts = _starts_of_runs(links[:, 0])
    if len(starts) == len(links):
        return links
    largest = np.repeat(np.maximum.reduceat(values, starts), np.diff(starts, append=len(links)))
    return np.asarray(links[values == largest])


def count_links(source: Labels, target: Labels) -> tuple[Labels, NDArray[np.intp]]:
    """Distinct links, (n_links, 2), sorted, and the number of repetitions of each."""
    keys = source.astype(np.int64) << 32 | target
    keys.sort()
    starts = _starts_of_runs(keys)
    links = np.stack([keys[starts] >> 32, keys[starts] & 0xFFFFFFFF], axis=1)
    return links.astype(np.int32), np.diff(starts, append=len(keys))


def _starts_of_runs(values: NDArray[Any]) -> NDArray[np.intp]:
    """Where runs of equal values begin."""
    return np.flatnonzero(np.append(True, values[1:] != values[:-1])[: len(values)])


def join_small(links: Labels, small: NDArray[np.bool_]) -> Labels:
    """Groups of linked regions, numbered from 0, (n_regions,). At most one region of a group is large.

    A small region with links to several equal neighbors can connect two large regions. It waits in this round, until
    its neighbors differ. If all wait, only large neighbors are joined that are equal in all.
    """
    groups = join(links, len(small))
    is_crowded = np.bincount(groups[~small], minlength=int(groups.max()) + 1) > 1
    if not is_crowded.any():
        return groups
    repeated = np.append(links[1:, 0] == links[:-1, 0], False)
    waits = (repeated | np.roll(repeated, 1)) & is_crowded[groups[links[:, 0]]]
    del groups
    return join(links[~small[links[:, 1]]] if waits.all() else links[~waits], len(small))


def join(links: Labels, n_regions: int) -> Labels:
    """Groups of linked regions, numbered in the order of their first regions, (n_regions,).

    Each region points to a root, which is never higher. Each round links the higher of two roots to the lower one.
    """
    roots = np.arange(n_regions, dtype=np.int32)
    while True:
        are_joined = True
        for block in row_blocks(links.shape):
            one, other = roots[links[block].T]
            np.minimum.at(roots, np.maximum(one, other), np.minimum(one, other))
            are_joined &= np.array_equal(one, other)
        if are_joined:
            break
        while not np.array_equal(roots, higher := roots[roots]):
            roots = higher
    is_root = np.zeros(n_regions, dtype=bool)
    is_root[roots] = True
    numbers = np.cumsum(is_root, dtype=np.int32)
    numbers -= 1
    return np.asarray(numbers[roots])


def contract(before: Graph, groups: NDArray[Any]) -> Graph:
    """The graph whose regions are groups of those before."""
    n_groups = int(groups.max()) + 1
    sums = sums_by_label(groups, before.sums.T, n_groups)
    ends = groups[before.pairs]
    apart = ends[:, 0] != ends[:, 1]
    sizes = np.bincount(groups, before.sizes, n_groups).astype(np.float64)
    return Graph(sizes, sums, *_borders(ends[apart], n_groups, before.borders[apart].T))
