"""From a label map to connected regions: components, the graph of their neighbors, and the tree of their merging.

Regions are merged by the full λ-schedule: again and again the two neighbors whose union costs least. The cost is that
of the piecewise-constant model of Mumford and Shah per pixel of common border, times how visible that border is.
Nothing here knows estimators.

References
----------
.. [1] G. Koepfler, C. Lopez and J. M. Morel, "A multiscale algorithm for image segmentation by variational method",
   SIAM Journal on Numerical Analysis 31(1), 1994.
.. [2] D. J. Robinson, N. J. Redding and D. J. Crisp, "Implementation of a fast algorithm for segmenting SAR imagery",
   DSTO-TR-1242, 2002.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import chain
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label
from sklearn.utils import check_scalar

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


class Tree(NamedTuple):
    """How regions merge: step i joins the nodes `children[i]` into node ``n_regions + i`` at cost `heights[i]`.

    Costs never fall: a union that costs less than one before it gets the cost of that.
    """

    n_regions: int
    children: NDArray[np.int64]
    heights: Floats


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
    sums = np.stack([_totals(known, plane, n_regions) for plane in flat], axis=1)

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
    sums = np.stack([_totals(groups, column, n_groups) for column in before.sums.T], axis=1)
    ends = groups[before.pairs]
    apart = ends[:, 0] != ends[:, 1]
    borders = _borders(ends[apart], n_groups, before.lengths[apart], before.contrasts[apart])
    return Graph(_totals(groups, before.sizes, n_groups), sums, *borders)


def _totals(index: NDArray[Any], values: Any, n_totals: int) -> Any:
    return np.asarray(np.bincount(index, values, n_totals), dtype=np.float64)


def merge(start: Graph, least_contrast: float) -> Tree:
    """The tree of merging, the two neighbors first whose union costs least.

    The cost is ``n_a n_b / (n_a + n_b) · |mean_a − mean_b|² / length``, times the sum of the mean contrast of the
    common border and `least_contrast`.

    A union takes the place of that of its two children that has more neighbors. Of its borders only the cheapest waits
    in the heap, so that a background with thousands of neighbors does not fill it anew with each that it takes in.
    """
    n_regions = len(start.sizes)
    sizes, means = start.sizes.copy(), start.sums / start.sizes[:, np.newaxis]
    node_at, place_of = np.arange(n_regions), list(range(n_regions))
    alive = [True] * n_regions
    queues: list[Iterator[tuple[Any, Any]]] = [iter(())] * n_regions  # first regions have all of theirs in the heap

    def costs(one: Any, others: Any, lengths: Floats, contrasts: Floats) -> Floats:
        weights = sizes[one] * sizes[others] / (sizes[one] + sizes[others])
        distances = np.sum((means[one] - means[others]) ** 2, axis=-1)
        return np.asarray(weights * distances * (contrasts / lengths + least_contrast) / lengths)

    def push_cheapest(node: int) -> None:
        for cost, neighbor in queues[node]:
            if alive[neighbor]:
                heappush(heap, (float(cost), int(neighbor), node))
                return

    borders = _borders_of_each(start)
    first, second = start.pairs.T
    first_costs = costs(first, second, start.lengths, start.contrasts)
    heap = list(zip(first_costs.tolist(), first.tolist(), second.tolist(), strict=True))
    heapify(heap)

    children: list[tuple[int, int]] = []
    heights: list[float] = []
    while heap:
        cost, one, other = heappop(heap)
        if not (alive[one] and alive[other]):
            if alive[other]:
                push_cheapest(other)
            continue
        place, gone = sorted((place_of[one], place_of[other]), key=lambda each: -len(borders[each]))
        means[place] = (sizes[place] * means[place] + sizes[gone] * means[gone]) / (sizes[place] + sizes[gone])
        sizes[place] += sizes[gone]
        _join_borders(borders, place, gone)
        union = n_regions + len(children)
        children.append((one, other))
        heights.append(cost)
        node_at[place] = union
        place_of.append(place)
        alive[one] = alive[other] = False
        alive.append(True)
        around = borders[place]
        places = np.fromiter(around, np.int64, len(around))
        lengths, contrasts = np.fromiter(chain.from_iterable(around.values()), float).reshape(-1, 2).T
        neighbors, new_costs = node_at[places], costs(place, places, lengths, contrasts)
        order = np.lexsort((neighbors, new_costs))
        queues.append(zip(new_costs[order], neighbors[order], strict=True))
        push_cheapest(union)
    highest = np.maximum.accumulate(np.array(heights))
    return Tree(n_regions, np.array(children, dtype=np.int64).reshape(-1, 2), highest)


def _borders_of_each(start: Graph) -> list[dict[int, tuple[float, float]]]:
    """Length and contrast of the border to each neighbor of each region."""
    borders: list[dict[int, tuple[float, float]]] = [{} for _ in start.sizes]
    parts = (start.pairs.tolist(), start.lengths.tolist(), start.contrasts.tolist())
    for (one, other), length, contrast in zip(*parts, strict=True):
        borders[one][other] = borders[other][one] = (length, contrast)
    return borders


def _join_borders(borders: list[dict[int, tuple[float, float]]], place: int, gone: int) -> None:
    """Give the neighbors of one region to another, in place."""
    around, more = borders[place], borders[gone]
    del around[gone], more[place]
    for neighbor, (length, contrast) in more.items():
        had = around.get(neighbor, (0.0, 0.0))
        around[neighbor] = borders[neighbor][place] = (had[0] + length, had[1] + contrast)
        del borders[neighbor][gone]
    borders[gone] = {}


def cut(tree: Tree, n_merges: int) -> NDArray[np.int64]:
    """The group of each region after the first merges, numbered from 0 in the order of their first regions."""
    parents = np.arange(tree.n_regions + n_merges)
    parents[tree.children[:n_merges]] = tree.n_regions + np.arange(n_merges)[:, np.newaxis]
    for node in range(len(parents) - 1, -1, -1):
        parents[node] = parents[parents[node]]
    roots = parents[: tree.n_regions]
    _, first, groups = np.unique(roots, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[groups]


def joining_heights(tree: Tree, pairs: NDArray[Any]) -> Floats:
    """The cost at which two regions come together, for each pair; infinite if they never do."""
    parents = np.full(tree.n_regions + len(tree.children), -1)
    parents[tree.children] = tree.n_regions + np.arange(len(tree.children))[:, np.newaxis]
    heights = np.full(len(pairs), np.inf)
    where, nodes = np.arange(len(pairs)), pairs.copy()
    while len(where):
        nodes.sort(axis=1)  # parents have higher numbers than children, so the lower node is the one to climb from
        nodes[:, 0] = parents[nodes[:, 0]]
        met = nodes[:, 0] == nodes[:, 1]
        heights[where[met]] = tree.heights[nodes[met, 0] - tree.n_regions]
        going_on = ~met & (nodes[:, 0] >= 0)
        where, nodes = where[going_on], nodes[going_on]
    return heights


def clean_labels(label_map: Any, min_size: int, colors: Any) -> Any:
    """Give small parts of a label map the label of the neighbor whose color is nearest.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width)
        Labels from 0, maybe masked, as `KMeansSegmenter.predict` gives them.

    min_size : int
        Connected parts of fewer pixels join a neighbor, at least 0. Pixels are neighbors if they share a side.

    colors : array-like of shape (n_clusters, n_channels)
        Color of each label, such as `cluster_centers_`.

    Returns
    -------
    cleaned : ndarray of int32, shape (height, width)
        Label map without small parts; a masked array if `label_map` is one.

    Raises
    ------
    ValueError
        If the label map is not a two-dimensional array of integers, a label has no color, or `min_size` is negative.

    TypeError
        If `min_size` is not an integer.

    See Also
    --------
    RegionSegmenter : Regions instead of classes.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, clean_labels
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(coffee())
    >>> cleaned = clean_labels(segmenter.labels_, 200, segmenter.cluster_centers_)
    >>> cleaned.shape, float((cleaned != segmenter.labels_).mean().round(3))
    ((400, 600), 0.06)
    """
    check_scalar(min_size, "min_size", Integral, min_val=0)
    mask, colors = np.ma.getmaskarray(label_map), np.asarray(colors, dtype=np.float64)
    labels = _as_labels(np.asarray(np.ma.getdata(label_map)), mask, colors)
    if not mask.all():
        parts = connected(labels, mask)
        planes = [np.where(mask, 0, channel[labels]) for channel in colors.T]
        start = graph(parts, planes)
        _, groups = absorb_small(start, min_size)
        labels[~mask] = _largest_label(start, parts, labels, groups)[parts[~mask]]
    return np.ma.MaskedArray(labels, mask=mask) if isinstance(label_map, np.ma.MaskedArray) else labels


def _as_labels(labels: NDArray[Any], mask: NDArray[np.bool_], colors: Floats) -> Labels:
    """Checked labels, one per color, with −1 under the mask."""
    if labels.ndim != 2 or colors.ndim != 2:
        raise ValueError(f"label_map and colors must have two dimensions; got {labels.ndim} and {colors.ndim} instead.")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"label_map must hold labels, which are integers; got {labels.dtype} instead.")
    known = labels[~mask]
    if known.size and not 0 <= known.min() <= known.max() < len(colors):
        raise ValueError(
            f"label_map must hold labels from 0 to {len(colors) - 1}, one per color; "
            f"got {known.min()} to {known.max()} instead."
        )
    return np.where(mask, -1, labels).astype(np.int32)


def _largest_label(start: Graph, parts: Labels, labels: Labels, groups: Labels) -> Labels:
    """The label of each part: that of the largest part in its group."""
    label_of = np.zeros(len(start.sizes), dtype=np.int32)
    label_of[parts.ravel()[parts.ravel() >= 0]] = labels.ravel()[parts.ravel() >= 0]
    order = np.lexsort((start.sizes, groups))
    last = np.append(groups[order][1:] != groups[order][:-1], True)
    return np.asarray(label_of[order[last]][groups])
