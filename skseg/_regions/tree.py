"""The tree in which regions merge, and cuts through it. Nothing here knows estimators or costs."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .graph import Floats, join


class Tree(NamedTuple):
    """How regions merge: step i joins the nodes `children[i]` into node ``n_regions + i`` at cost `heights[i]`.

    Heights never fall, though costs may: a union that costs less than one of its parts did gets the height of that
    part. So the steps up to any height come first, and children have lower numbers than their union.
    """

    n_regions: int
    children: NDArray[np.int64]
    heights: Floats


def by_height(n_regions: int, children: list[tuple[int, int]], costs: list[float]) -> Tree:
    """The tree of mergers that were made in any order, children before their union, by their heights."""
    heights = [-np.inf] * n_regions
    for (one, other), cost in zip(children, costs, strict=True):
        heights.append(max(cost, heights[one], heights[other]))
    order = np.argsort(heights[n_regions:], kind="stable")
    numbers = np.arange(n_regions + len(order))
    numbers[n_regions + order] = n_regions + np.arange(len(order))
    ends = numbers[np.array(children, dtype=np.int64).reshape(-1, 2)]
    return Tree(n_regions, ends[order], np.array(heights[n_regions:])[order])


def cut(tree: Tree, n_merges: int) -> NDArray[np.int32]:
    """The group of each region after the first merges, numbered from 0 in the order of their first regions.

    The lowest node of a group is a region, so all groups of nodes are groups of regions, in the same order.
    """
    unions = tree.n_regions + np.arange(n_merges)
    links = np.stack([tree.children[:n_merges].ravel(), np.repeat(unions, 2)], axis=1)
    return join(links.astype(np.int32), tree.n_regions + n_merges)[: tree.n_regions]


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
