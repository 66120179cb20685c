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

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import chain
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._census.blocks import row_blocks
from .._limits import LIMITS
from .cost import Cost
from .graph import Floats, Graph, contract, join
from .tree import Tree, by_height

_LITTLE_GROWTH = 1.02  # of a region with many neighbors, which is not looked at again before
_FEW = 0.01  # share of the regions that is too small for a round

Border = tuple[float, ...]  # length and contrasts


def merge(start: Graph, cost: Cost) -> Tree:
    """The tree of merging, the two neighbors first whose union costs least."""
    merging = _Merging(cost, *_merge_in_rounds(start, cost))
    while merging.heap:
        merging.step()
    return by_height(len(start.sizes), merging.children, merging.costs)


class _Merging:
    """Regions while they merge, one pair at a time.

    A union takes the place of that of its two parts that has more neighbors; the other place is gone. A place gets a
    new version whenever the costs of all its borders are computed anew, and version −1 when it is gone.

    The heap holds entries (cost, place, neighbor, and the version of each). An entry is stale, and is passed over, if
    one of the two versions is not that of its place any more. Of the borders of a place, only the cheapest is in the
    heap; the others wait in its queue, sorted by cost, so that a background with thousands of neighbors does not fill
    the heap. When an entry leaves the heap, the next one of its place that is not stale enters it. So each pair of
    neighbors has an entry that is not stale, in the heap or in a queue behind an entry of the heap that costs no more:
    the first entry of the heap that is not stale is the cheapest pair.

    One exception: a place with many neighbors that has hardly grown since its costs were computed keeps its version,
    and the costs of its old borders are a little out of date. It has drifted: the cost of an entry with it is computed
    again when it leaves the heap. If it has risen, the entry returns with it; if it has fallen, the old one stands.

    Attributes
    ----------
    nodes : node of the tree that each place is
    seen_sizes : size of each place when the costs of all its borders were computed
    children, costs : the two nodes that each merger has joined, and its cost, in the order of the mergers
    """

    def __init__(
        self, cost: Cost, start: Graph, nodes: list[int], children: list[tuple[int, int]], costs: list[float]
    ) -> None:
        n_places = len(nodes)
        self.cost, self.nodes, self.children, self.costs = cost, nodes, children, costs
        self.n_nodes = n_places + 2 * len(children)  # each merger left one region less and one node more
        self.sizes, self.means = start.sizes.copy(), start.sums / start.sizes[:, np.newaxis]
        self.borders: list[dict[int, Border]] = [{} for _ in nodes]
        one, other = start.pairs.T.tolist()
        for each, neighbor, border in zip(one, other, map(tuple, start.borders.tolist()), strict=True):
            self.borders[each][neighbor] = self.borders[neighbor][each] = border
        self.versions, self.drifted = [0] * n_places, [False] * n_places
        self.seen_sizes = start.sizes.tolist()
        self.queues: list[Iterator[tuple[float, int, int]]] = [iter(())] * n_places  # at first all are in the heap
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
        self.children.append((self.nodes[one], self.nodes[other]))
        self.costs.append(cost)
        self.nodes[place] = self.n_nodes
        self.n_nodes += 1
        size, more = self.sizes[place], self.sizes[gone]
        self.means[place] = (size * self.means[place] + more * self.means[gone]) / (size + more)
        self.sizes[place] = size + more
        changed = self._join_borders(place, gone)
        self.versions[gone] = -1
        if len(self.borders[place]) > LIMITS.many_neighbors and size + more < _LITTLE_GROWTH * self.seen_sizes[place]:
            self.drifted[place] = True
            for new_cost, each in zip(self._costs(place, changed), changed, strict=True):
                heappush(self.heap, (new_cost, place, each, self.versions[place], self.versions[each]))
        else:
            self._look_again(place)

    def _look_again(self, place: int) -> None:
        """Queue all borders of a place by their cost."""
        self.versions[place] += 1
        self.drifted[place] = False
        self.seen_sizes[place] = self.sizes[place]
        neighbors = list(self.borders[place])
        versions = [self.versions[each] for each in neighbors]
        self.queues[place] = iter(sorted(zip(self._costs(place, neighbors), neighbors, versions, strict=True)))
        self._push_cheapest(place)

    def _push_cheapest(self, place: int) -> None:
        """Move the cheapest border of a place that is up to date from its queue to the heap."""
        for cost, neighbor, version in self.queues[place]:
            if self.versions[neighbor] == version:
                heappush(self.heap, (cost, place, neighbor, self.versions[place], version))
                return

    def _costs(self, place: int, neighbors: list[int]) -> list[float]:
        """Cost of the union of a place with each of some neighbors."""
        if not neighbors:
            return []
        around = self.borders[place]
        values = chain.from_iterable(around[each] for each in neighbors)
        borders = np.fromiter(values, np.float64).reshape(len(neighbors), -1)
        return self.cost(self.sizes, self.means, place, neighbors, borders).tolist()  # type: ignore[no-any-return]

    def _join_borders(self, place: int, gone: int) -> list[int]:
        """Give the neighbors of a place that is gone to another; which they are."""
        around, more = self.borders[place], self.borders[gone]
        del around[gone], more[place]
        for neighbor, border in more.items():
            joined = tuple(map(add, around[neighbor], border)) if neighbor in around else border
            around[neighbor] = self.borders[neighbor][place] = joined
            del self.borders[neighbor][gone]
        self.borders[gone] = {}
        return list(more)


def _merge_in_rounds(left: Graph, cost: Cost) -> tuple[Graph, list[int], list[tuple[int, int]], list[float]]:
    """While many regions are left, merge pairs that are each other's cheapest neighbor, the cheaper half of them.

    The regions that are left, the node of each, and the children and the costs of the mergers.
    """
    n_regions = len(left.sizes)
    nodes, children, costs = np.arange(n_regions), list[tuple[int, int]](), list[float]()
    while len(nodes) > LIMITS.many_regions:
        pairs, cheapest = _cheapest_of_both(left, _costs_of_pairs(left, cost))
        if len(pairs) < _FEW * len(nodes):
            break
        groups = join(pairs, len(nodes))
        before, nodes = nodes, np.empty(len(nodes) - len(pairs), dtype=np.int64)
        nodes[groups] = before
        nodes[groups[pairs[:, 0]]] = n_regions + len(children) + np.arange(len(pairs))
        children.extend(map(tuple, before[pairs].tolist()))
        costs.extend(cheapest.tolist())
        left = contract(left, groups)
    return left, nodes.tolist(), children, costs


def _cheapest_of_both(current: Graph, costs: Floats) -> tuple[NDArray[Any], Floats]:
    """The pairs of regions that are each other's cheapest neighbor, the cheaper half of them, and their costs.

    Of neighbors that are equally cheap, the one with the longest border, then the largest, then the darkest.
    """
    one, other = current.pairs.T
    cheapest = np.full(len(current.sizes), np.inf)
    for ends in (one, other):
        np.minimum.at(cheapest, ends, costs)
    hits = [np.flatnonzero(costs == cheapest[ends]) for ends in (one, other)]
    source, target = np.concatenate([current.pairs[hits[0]], current.pairs[hits[1]][:, ::-1]]).T
    lengths = current.borders[np.concatenate(hits), 0]
    order = np.lexsort((-current.sums[target, 0], current.sizes[target], lengths))
    nearest = np.empty(len(current.sizes), dtype=np.int32)
    nearest[source[order]] = target[order]  # the last of each region stays
    mutual = np.flatnonzero((nearest[one] == other) & (nearest[other] == one))
    most = np.median(costs[mutual]) if len(mutual) else 0.0  # there may be none, if a mask separates all regions
    chosen = mutual[costs[mutual] <= most]
    return current.pairs[chosen], costs[chosen]


def _costs_of_pairs(current: Graph, cost: Cost) -> Floats:
    """Cost of the union of each pair, by blocks that need little memory."""
    means, costs = current.sums / current.sizes[:, np.newaxis], np.empty(len(current.pairs))
    for block in row_blocks(costs.shape):
        one, other = current.pairs[block].T
        costs[block] = cost(current.sizes, means, one, other, current.borders[block])
    return costs
