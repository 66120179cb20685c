"""Merging: again and again the two neighbors whose union costs least.

So did, with another cost, the full λ-schedule of Koepfler, Lopez and Morel [1]_, and of Robinson, Redding and
Crisp [2]_.

References
----------
.. [1] G. Koepfler, C. Lopez and J. M. Morel, "A multiscale algorithm for image segmentation by variational method",
   SIAM Journal on Numerical Analysis 31(1), 1994.
.. [2] D. J. Robinson, N. J. Redding and D. J. Crisp, "Implementation of a fast algorithm for segmenting SAR imagery",
   DSTO-TR-1242, 2002.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import chain
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cost import Cost
from .graph import Floats, Graph, contract, join, nearest_neighbors
from .tree import Tree, in_order

_MANY_REGIONS = 20_000  # more are first merged in rounds
_MANY_NEIGHBORS = 100  # a region that has more is not looked at again
_LITTLE_GROWTH = 1.02  # until it has grown by this
_FEW = 0.01  # share of the regions that is too small for a round
_BLOCK = 1 << 16

Border = tuple[float, ...]  # length and contrasts


def merge(start: Graph, cost: Cost) -> Tree:
    """The tree of merging, the two neighbors first whose union costs least."""
    forest = _Forest(start, list(range(len(start.sizes))), [], [])
    _merge_in_rounds(forest, cost)
    merging = _Merging(forest, cost)
    while merging.heap:
        merging.step()
    return in_order(len(start.sizes), forest.children, forest.costs)


@dataclass
class _Forest:
    """Mergers that were made, in any order.

    Attributes
    ----------
    left : the regions that are left, and their neighbors
    nodes : node of the tree that each of them is, (n_left,)
    children, costs : the two nodes that each merger has joined, and its cost, (n_mergers,)
    """

    left: Graph
    nodes: list[int]
    children: list[tuple[int, int]]
    costs: list[float]


class _Merging:
    """Regions while they merge, one pair at a time.

    A union takes the place of that of its two parts that has more neighbors. What waits in the heap is a cost and two
    places, each with its version: it is out of date when one of them is gone or was looked at again. Of the borders of
    a place only the cheapest waits there, so that a background with thousands of neighbors does not fill it.

    A place with many neighbors that has hardly grown is not looked at again with all of them. It has drifted: a
    merger with it is checked when its turn comes.
    """

    def __init__(self, forest: _Forest, cost: Cost) -> None:
        start = forest.left
        n_places = len(start.sizes)
        self.forest, self.cost = forest, cost
        self.sizes, self.means = start.sizes.copy(), start.sums / start.sizes[:, np.newaxis]
        self.next_node = n_places + 2 * len(forest.children)  # each merger left one region less and one node more
        self.borders = _borders_of_each(start)
        self.versions, self.drifted = [0] * n_places, [False] * n_places
        self.size_when_seen = start.sizes.tolist()
        self.queues: list[Iterator[tuple[float, int, int]]] = [iter(())] * n_places  # at first all are in the heap
        one, other = start.pairs.T.tolist()
        zeros = [0] * len(one)
        self.heap = list(zip(_costs_of_pairs(start, cost).tolist(), one, other, zeros, zeros, strict=True))
        heapify(self.heap)

    def step(self) -> None:
        """Take the cheapest pair from the heap, and join it if its cost is up to date."""
        cost, one, other, version, other_version = heappop(self.heap)
        if self.versions[one] != version:
            return
        self._push_cheapest(one)
        if self.versions[other] != other_version:
            return
        if self.drifted[one] or self.drifted[other]:
            now = self._costs(one, [other])[0]
            if now > cost:
                heappush(self.heap, (now, one, other, version, other_version))
                return
        self._join(cost, one, other)

    def _join(self, cost: float, one: int, other: int) -> None:
        place, gone = sorted((one, other), key=lambda each: -len(self.borders[each]))
        nodes = self.forest.nodes
        self.forest.children.append((nodes[one], nodes[other]))
        self.forest.costs.append(cost)
        nodes[place] = self.next_node
        self.next_node += 1
        size, more = self.sizes[place], self.sizes[gone]
        self.means[place] = (size * self.means[place] + more * self.means[gone]) / (size + more)
        self.sizes[place] = size + more
        changed = _join_borders(self.borders, place, gone)
        self.versions[gone] = -1
        if len(self.borders[place]) > _MANY_NEIGHBORS and size + more < _LITTLE_GROWTH * self.size_when_seen[place]:
            self.drifted[place] = True
            self._push(place, changed)
        else:
            self._look_again(place)

    def _look_again(self, place: int) -> None:
        """Queue all borders of a place by their cost."""
        self.versions[place] += 1
        self.drifted[place] = False
        self.size_when_seen[place] = self.sizes[place]
        neighbors = list(self.borders[place])
        ranked = sorted(zip(self._costs(place, neighbors), neighbors, strict=True))
        self.queues[place] = iter([(cost, each, self.versions[each]) for cost, each in ranked])
        self._push_cheapest(place)

    def _push_cheapest(self, place: int) -> None:
        """Move the cheapest border of a place that is up to date from its queue to the heap."""
        for cost, neighbor, version in self.queues[place]:
            if self.versions[neighbor] == version:
                heappush(self.heap, (cost, place, neighbor, self.versions[place], version))
                return

    def _push(self, place: int, neighbors: list[int]) -> None:
        """Put some borders of a place into the heap."""
        for cost, each in zip(self._costs(place, neighbors), neighbors, strict=True):
            heappush(self.heap, (cost, place, each, self.versions[place], self.versions[each]))

    def _costs(self, place: int, neighbors: list[int]) -> list[float]:
        """Cost of the union of a place with each of some neighbors."""
        if not neighbors:
            return []
        around = self.borders[place]
        values = chain.from_iterable(around[each] for each in neighbors)
        borders = np.fromiter(values, np.float64).reshape(len(neighbors), -1)
        costs = self.cost(self.sizes[place], self.means[place], self.sizes[neighbors], self.means[neighbors], borders)
        return costs.tolist()  # type: ignore[no-any-return]


def _borders_of_each(start: Graph) -> list[dict[int, Border]]:
    """The border to each neighbor of each region."""
    borders: list[dict[int, Border]] = [{} for _ in start.sizes]
    for (one, other), border in zip(start.pairs.tolist(), map(tuple, start.borders.tolist()), strict=True):
        borders[one][other] = borders[other][one] = border
    return borders


def _join_borders(borders: list[dict[int, Border]], place: int, gone: int) -> list[int]:
    """Give the neighbors of one region to another, in place; which they are."""
    around, more = borders[place], borders[gone]
    del around[gone], more[place]
    for neighbor, border in more.items():
        if neighbor in around:
            border = tuple(map(add, around[neighbor], border))  # noqa: PLW2901
        around[neighbor] = borders[neighbor][place] = border
        del borders[neighbor][gone]
    borders[gone] = {}
    return list(more)


def _merge_in_rounds(forest: _Forest, cost: Cost) -> None:
    """While many regions are left, merge pairs that are each other's cheapest neighbor, the cheaper half of them."""
    n_regions = len(forest.nodes)
    while len(forest.nodes) > _MANY_REGIONS:
        pairs, costs = _cheapest_of_both(forest.left, _costs_of_pairs(forest.left, cost))
        if len(pairs) < _FEW * len(forest.nodes):
            return
        before, groups = np.array(forest.nodes), join(pairs, len(forest.nodes))
        after = np.empty(len(before) - len(pairs), dtype=np.int64)
        after[groups] = before
        after[groups[pairs[:, 0]]] = n_regions + len(forest.children) + np.arange(len(pairs))
        forest.children.extend(map(tuple, before[pairs].tolist()))
        forest.costs.extend(costs.tolist())
        forest.left, forest.nodes = contract(forest.left, groups), after.tolist()


def _cheapest_of_both(current: Graph, costs: Floats) -> tuple[NDArray[Any], Floats]:
    """The pairs of regions that are each other's cheapest neighbor, the cheaper half of them, and their costs."""
    nearest = np.arange(len(current.sizes))
    links = nearest_neighbors(current, costs, np.ones(len(nearest), dtype=bool))
    nearest[links[:, 0]] = links[:, 1]
    one, other = current.pairs.T
    mutual = np.flatnonzero((nearest[one] == other) & (nearest[other] == one))
    if not len(mutual):  # as if a mask separates all regions
        return current.pairs[mutual], costs[mutual]
    chosen = mutual[costs[mutual] <= np.median(costs[mutual])]
    return current.pairs[chosen], costs[chosen]


def _costs_of_pairs(current: Graph, cost: Cost) -> Floats:
    """Cost of the union of each pair, by blocks that need little memory."""
    means, costs = current.sums / current.sizes[:, np.newaxis], np.empty(len(current.pairs))
    for first in range(0, len(costs), _BLOCK):
        block = slice(first, first + _BLOCK)
        one, other = current.pairs[block].T
        costs[block] = cost(current.sizes[one], means[one], current.sizes[other], means[other], current.borders[block])
    return costs
