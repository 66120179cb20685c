"""The tree in which regions merge, and cuts through it.

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
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .graph import Floats, Graph


class Tree(NamedTuple):
    """How regions merge: step i joins the nodes `children[i]` into node ``n_regions + i`` at cost `heights[i]`.

    Costs never fall: a union that costs less than one before it gets the cost of that.
    """

    n_regions: int
    children: NDArray[np.int64]
    heights: Floats


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
