"""From a label map to the graph of its connected parts and their neighbors.

Nothing here knows estimators.
"""

from __future__ import annotations

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
    lengths : pixels of their common border, (n_pairs,)
    contrasts : sum of the contrast along it, (n_pairs,)
    """

    sizes: Floats
    sums: Floats
    pairs: Labels
    lengths: Floats
    contrasts: Floats


def connected(label_map: NDArray[Any], mask: NDArray[np.bool_] | None = None) -> Labels:
    """Connected parts of one label, (height, width), numbered from 0; −1 under the mask. Neighbors share a side."""
    shifted = label_map - label_map.min() + 1
    if mask is not None:
        shifted = np.where(mask, 0, shifted)
    return np.asarray(label(shifted, connectivity=1, background=0), dtype=np.int32) - np.int32(1)


def graph(regions: Labels, planes: list[NDArray[Any]], contrast: NDArray[Any] | None = None) -> Graph:
    """The graph of a map of regions, of the features in `planes`, each (height, width), and of a contrast per pixel."""
    inside = regions.ravel() >= 0
    known = regions.ravel()[inside] if not inside.all() else regions.ravel()
    n_regions = int(regions.max()) + 1
    sizes = np.bincount(known, minlength=n_regions).astype(np.float64)
    flat = (plane.ravel() if inside.all() else plane.ravel()[inside] for plane in planes)
    sums = sums_by_label(known, flat, n_regions)

    ends: list[NDArray[np.int32]] = []
    contrasts: list[NDArray[Any]] = []
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        border = (regions[one] != regions[other]) & (regions[one] >= 0) & (regions[other] >= 0)
        ends.append(np.stack([regions[one][border], regions[other][border]], axis=1))
        if contrast is not None:
            contrasts.append(np.maximum(contrast[one][border], contrast[other][border]))
    along = np.concatenate(contrasts) if contrasts else None
    return Graph(sizes, sums, *_borders(np.concatenate(ends), n_regions, None, along))


def _borders(
    ends: NDArray[Any], n_regions: int, lengths: Floats | None, contrasts: NDArray[Any] | None
) -> tuple[Labels, Floats, Floats]:
    """Pairs of regions, the lower first, and their total length and contrast, from parts of borders in any order.

    `ends` are the regions on both sides of each part; `lengths` are 1 and `contrasts` 0 if they are None.
    """
    both = np.minimum(*ends.T), np.maximum(*ends.T)

    def total(values: NDArray[Any]) -> Any:
        return coo_array((values, both), shape=(n_regions, n_regions)).tocsr()

    summed = total(np.ones(len(ends), dtype=np.float32) if lengths is None else lengths).tocoo()
    pairs = np.stack([summed.row, summed.col], axis=1, dtype=np.int32)
    of_pairs = np.zeros(len(pairs)) if contrasts is None else total(contrasts).data
    return pairs, summed.data.astype(np.float64), np.asarray(of_pairs, dtype=np.float64)


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
        links = _nearest_neighbors(current.pairs, distances, current.sizes < min_size)
        if not len(links):
            return current, numbers
        groups = _join(links, len(current.sizes))
        current, numbers = _contract(current, groups), groups[numbers]


def _nearest_neighbors(pairs: NDArray[Any], distances: Floats, which: NDArray[np.bool_]) -> NDArray[Any]:
    """Links from the regions in question to the neighbor that is nearest, the first of several, (n_links, 2)."""
    shortest = np.full(len(which), np.inf)
    nearest = np.full(len(which), -1, dtype=pairs.dtype)
    for ends in pairs.T:
        np.minimum.at(shortest, ends, distances)
    for ends, others in (pairs.T[::-1], pairs.T):
        hits = np.flatnonzero(distances == shortest[ends])[::-1]  # of several, the one assigned last stays
        nearest[ends[hits]] = others[hits]
    linked = np.flatnonzero(which & (nearest >= 0))
    return np.stack([linked, nearest[linked]], axis=1)


def _join(links: Labels, n_regions: int) -> Labels:
    """The number of the group of each region, of regions that are linked."""
    linked = coo_array((np.ones(len(links), dtype=bool), (links[:, 0], links[:, 1])), shape=(n_regions, n_regions))
    return np.asarray(connected_components(linked, directed=False)[1], dtype=np.int32)


def _contract(before: Graph, groups: Labels) -> Graph:
    """The graph whose regions are groups of those before."""
    n_groups = int(groups.max()) + 1
    sums = sums_by_label(groups, before.sums.T, n_groups)
    ends = groups[before.pairs]
    apart = ends[:, 0] != ends[:, 1]
    borders = _borders(ends[apart], n_groups, before.lengths[apart], before.contrasts[apart])
    return Graph(np.bincount(groups, before.sizes, n_groups).astype(np.float64), sums, *borders)
