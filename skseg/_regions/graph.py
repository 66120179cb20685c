"""From a label map to the graph of its connected parts and their neighbors.

Nothing here knows estimators.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from .._census import sums_by_label

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
    """Connected parts of one label, (height, width), numbered from 0; −1 under the mask. Neighbors share a side."""
    shifted = label_map - label_map.min() + 1
    if mask is not None:
        shifted = np.where(mask, 0, shifted)
    return np.asarray(label(shifted, connectivity=1, background=0), dtype=np.int32) - np.int32(1)


def graph(regions: Labels, planes: list[NDArray[Any]], contrasts: Sequence[NDArray[Any]] = ()) -> Graph:
    """The graph of a map of regions, of the features in `planes` and the contrasts, each (height, width)."""
    inside = regions.ravel() >= 0
    known = regions.ravel()[inside] if not inside.all() else regions.ravel()
    n_regions = int(regions.max()) + 1
    sizes = np.bincount(known, minlength=n_regions).astype(np.float64)
    flat = (plane.ravel() if inside.all() else plane.ravel()[inside] for plane in planes)
    sums = sums_by_label(known, flat, n_regions)

    ends: list[NDArray[np.int32]] = []
    along: list[list[NDArray[Any]]] = [[] for _ in contrasts]
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        border = (regions[one] != regions[other]) & (regions[one] >= 0) & (regions[other] >= 0)
        ends.append(np.stack([regions[one][border], regions[other][border]], axis=1))
        for parts, contrast in zip(along, contrasts, strict=True):
            parts.append(np.maximum(contrast[one][border], contrast[other][border]))
    lengths = np.ones(sum(map(len, ends)), dtype=np.float32)
    return Graph(sizes, sums, *_borders(np.concatenate(ends), n_regions, [lengths, *map(np.concatenate, along)]))


def count_labels(regions: Labels, labels: Labels, n_labels: int) -> Floats:
    """How many pixels of each region have each label, (n_regions, n_labels)."""
    n_regions = int(regions.max()) + 1
    keys = (regions * np.int64(n_labels) + labels)[regions >= 0]
    return np.bincount(keys, minlength=n_regions * n_labels).reshape(n_regions, n_labels).astype(np.float64)


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
        links = nearest_neighbors(current, distances, current.sizes < min_size)
        if not len(links):
            return current, numbers
        groups = join(links, len(current.sizes))
        current, numbers = contract(current, groups), groups[numbers]


def nearest_neighbors(current: Graph, distances: Floats, which: NDArray[np.bool_]) -> NDArray[Any]:
    """Links from the regions in question to the neighbor that is nearest, (n_links, 2).

    Of several, that with the longer border, then the larger, then the darker one. If they are equal in all, there is a
    link to each, so that the regions of a turned image are the same.
    """
    one, other = current.pairs.T
    shortest = np.full(len(which), np.inf)
    for ends in (one, other):
        np.minimum.at(shortest, ends, distances)
    hits = [np.flatnonzero(which[ends] & (distances == shortest[ends])) for ends in (one, other)]
    links = np.concatenate([current.pairs[hits[0]], current.pairs[hits[1]][:, ::-1]])
    lengths, targets = current.borders[np.concatenate(hits), 0], links[:, 1]
    keys = np.stack([current.sums[targets, 0], -current.sizes[targets], -lengths, links[:, 0]])
    order = np.lexsort(keys)
    links, keys = links[order], keys[:, order]
    starts = np.flatnonzero(np.append(True, links[1:, 0] != links[:-1, 0])[: len(links)])
    first = np.repeat(starts, np.diff(starts, append=len(links)))
    return np.asarray(links[(keys == keys[:, first]).all(axis=0)])


def join(links: Labels, n_regions: int) -> Labels:
    """The number of the group of each region, of regions that are linked."""
    linked = coo_array((np.ones(len(links), dtype=bool), (links[:, 0], links[:, 1])), shape=(n_regions, n_regions))
    return np.asarray(connected_components(linked, directed=False)[1], dtype=np.int32)


def contract(before: Graph, groups: NDArray[Any]) -> Graph:
    """The graph whose regions are groups of those before."""
    n_groups = int(groups.max()) + 1
    sums = sums_by_label(groups, before.sums.T, n_groups)
    ends = groups[before.pairs]
    apart = ends[:, 0] != ends[:, 1]
    sizes = np.bincount(groups, before.sizes, n_groups).astype(np.float64)
    return Graph(sizes, sums, *_borders(ends[apart], n_groups, before.borders[apart].T))
