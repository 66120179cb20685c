"""From a label map to the outlines of its connected parts: closed rings along the sides of pixels.

A ring runs clockwise round its part, as seen on the screen, and counterclockwise round a hole. No ring meets a point
twice: where a part touches itself at a corner, two of its rings meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from .graph import connected

_RIGHT, _DOWN, _LEFT, _UP = range(4)
# Of the four pixels around a corner, upper left, upper right, lower left and lower right: how a ring comes and goes if
# this pixel alone is in the part, and if its two neighbors are, and it is not.
_AROUND_PIXEL = (_DOWN, _LEFT), (_LEFT, _UP), (_RIGHT, _DOWN), (_UP, _RIGHT)
_AROUND_GAP = (_RIGHT, _UP), (_DOWN, _RIGHT), (_UP, _LEFT), (_LEFT, _DOWN)

Numbers = NDArray[np.int32]


class Outlines(NamedTuple):
    """The rings of a label map: those of a label together, those of a part together, its exterior before its holes.

    Attributes
    ----------
    points : column and row of each corner, closed rings one after the other, (n_points, 2)
    starts : where each ring begins in `points`, and where the last one ends, (n_rings + 1,)
    labels : label of each ring, ascending, (n_rings,)
    areas : pixels inside each ring, negative for a hole, (n_rings,)
    """

    points: Numbers
    starts: NDArray[np.intp]
    labels: NDArray[Any]
    areas: NDArray[np.int64]

    def reversed(self) -> Outlines:
        """All rings in the other direction."""
        from_the_end = np.repeat(self.starts[:-1] + self.starts[1:] - 1, np.diff(self.starts))
        return self._replace(points=self.points[from_the_end - np.arange(len(self.points))])

    def by_label(self) -> Iterator[Outlines]:
        """The outlines of one label after the other."""
        firsts = np.unique(self.labels, return_index=True)[1]
        for first, last in pairwise([*firsts, len(self.labels)]):
            starts = self.starts[first : last + 1]
            points = self.points[starts[0] : starts[-1]]
            yield Outlines(points, starts - starts[0], self.labels[first:last], self.areas[first:last])


def count_runs(labels: NDArray[Any], ignored: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The labels that occur, ascending, and the number of runs of each in rows; a run has at most four corners."""
    begins = ~ignored
    begins[:, 1:] &= (labels[:, 1:] != labels[:, :-1]) | ignored[:, :-1]
    return np.unique(labels[begins], return_counts=True)


def outlines(labels: NDArray[Any], ignored: NDArray[np.bool_]) -> Outlines:
    """The outlines of the connected parts of each label, (height, width); pixels are neighbors if they share a side."""
    parts = connected(labels, ignored)
    label_of = np.empty(parts.max() + 1, dtype=labels.dtype)
    label_of[parts[~ignored]] = labels[~ignored]
    x, y, part, before, after = _find_corners(np.pad(parts, 1, constant_values=-1))
    del parts
    following = _find_following(x, y, before, after)
    n_rings, ring = connected_components(_as_graph(following), connection="strong")
    heads = np.empty(n_rings, dtype=np.int32)
    heads[ring] = np.arange(len(ring), dtype=np.int32)  # one corner of each ring
    areas = np.bincount(ring, x.astype(np.int64) * y[following] - x[following].astype(np.int64) * y)
    areas = areas.astype(np.int64) // 2
    order = np.lexsort((heads, areas < 0, part[heads], label_of[part[heads]]))
    heads, starts = heads[order], np.append(0, np.cumsum(np.bincount(ring)[order] + 1))
    at = _put_in_order(following, heads, starts)
    return Outlines(np.stack([x[at], y[at]], axis=1), starts, label_of[part[heads]], areas[order])


def _find_corners(parts: NDArray[np.int32]) -> list[NDArray[Any]]:
    """The corners of all rings, of parts with a border of −1.

    Column, row, part of the ring, direction before and direction after; each (n_corners,).
    """
    upper_left, others = parts[:-1, :-1], (parts[:-1, 1:], parts[1:, :-1], parts[1:, 1:])
    places = np.nonzero(np.logical_or.reduce([upper_left != other for other in others]))
    y, x = (place.astype(np.int32) for place in places)
    around = parts[y, x], parts[y, x + 1], parts[y + 1, x], parts[y + 1, x + 1]
    found = []
    for place, own in enumerate(around):
        beside, above_or_below, across = (around[place ^ to] for to in (1, 2, 3))
        alone = (own >= 0) & (own != beside) & (own != above_or_below) & (own != across)
        missing = (beside >= 0) & (beside == above_or_below) & (own != beside)
        for part, is_corner, turn in ((own, alone, _AROUND_PIXEL[place]), (beside, missing, _AROUND_GAP[place])):
            where = np.flatnonzero(is_corner)
            turns = (np.full(len(where), direction, dtype=np.int8) for direction in turn)
            found.append((x[where], y[where], part[where], *turns))
    return [np.concatenate(column) for column in zip(*found, strict=True)]


def _find_following(x: Numbers, y: Numbers, before: NDArray[np.int8], after: NDArray[np.int8]) -> Numbers:
    """The corner after each corner.

    Along a line of the grid, the sides that run in one direction are disjoint: the first of them begins at the first
    corner from which a ring goes in this direction, and ends at the first to which it comes.
    """
    following = np.empty(len(x), dtype=np.int32)
    for direction in (_RIGHT, _DOWN, _LEFT, _UP):
        line, place = (y, x) if direction in (_RIGHT, _LEFT) else (x, y)
        position = line.astype(np.int64) * (place.max() + 1) + place
        ends = [np.flatnonzero(ways == direction) for ways in (after, before)]
        begin, end = (which[np.argsort(position[which], kind="stable")] for which in ends)
        following[begin] = end
    return following


def _put_in_order(following: Numbers, heads: Numbers, starts: Numbers) -> Numbers:
    """The corners of closed rings one after the other, each beginning and ending with its head.

    The end of each ring is linked to the head of the next, so that one walk finds all.
    """
    before = np.empty_like(following)
    before[following] = np.arange(len(following), dtype=np.int32)
    linked = following.copy()
    linked[before[heads]] = np.roll(heads, -1)
    walk = breadth_first_order(_as_graph(linked), heads[0], return_predecessors=False)
    return np.insert(walk, starts[1:] - np.arange(1, len(starts)), heads)


def _as_graph(following: Numbers) -> csr_array:
    n_corners = len(following)
    return csr_array((np.ones(n_corners), following, np.arange(n_corners + 1)), shape=(n_corners, n_corners))
