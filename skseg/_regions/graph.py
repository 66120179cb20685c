"""From a label map to the graph of its connected parts and their neighbors.

Nothing here knows estimators.
"""

from collections.abc import Iterable, Sequence
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


def borders(regions: Labels, n_rows: int | None = None) -> NDArray[np.intp]:
    """Neighboring pixels of two regions, as indices into the flattened map, (2, n_borders).

    First those side by side, then those above each other. The first pixel of each pair is in the first `n_rows` rows.
    """
    flat, width = regions.ravel(), regions.shape[1]
    found = []
    for step, ends_of_rows in ((1, np.s_[width - 1 :: width]), (width, np.s_[:0])):
        one, other = flat[:-step], flat[step:]
        is_border = (one != other) & (one >= 0) & (other >= 0)
        is_border[ends_of_rows] = False
        at = np.flatnonzero(is_border if n_rows is None else is_border[: n_rows * width])
        found.append([at, at + step])
    return np.concatenate(found, axis=1)


def sum_pixels(regions: Labels, planes: Sequence[NDArray[Any]]) -> tuple[NDArray[np.int32], Floats]:
    """The number of pixels of each region, (n_regions,), and the sums of their features, (n_regions, n_planes)."""
    n_regions = int(regions.max()) + 1
    sizes, sums = np.zeros(n_regions, dtype=np.int32), np.zeros((len(planes), n_regions))
    for rows in row_blocks(regions.shape):
        inside = regions[rows] >= 0
        members = regions[rows][inside]
        np.add.at(sizes, members, np.int32(1))
        for total, plane in zip(sums, planes, strict=True):
            np.add.at(total, members, plane[rows][inside].astype(np.float64))
    return sizes, sums.T


def graph(regions: Labels, planes: Sequence[NDArray[Any]], contrasts: Sequence[NDArray[Any]] = ()) -> Graph:
    """The graph of a map of regions, of the features in `planes` and the contrasts, each (height, width)."""
    sizes, sums = sum_pixels(regions, planes)
    one, other = borders(regions)
    flat, lengths = regions.ravel(), np.ones(len(one), dtype=np.float32)
    along = [np.maximum(each.ravel()[one], each.ravel()[other]) for each in contrasts]
    pairs, totals = _sum_borders(flat[one], flat[other], [lengths, *along], len(sizes))
    return Graph(sizes.astype(np.float64), sums, pairs, totals)


def count_labels(regions: Labels, labels: Labels, n_labels: int) -> Floats:
    """How many pixels of each region have each label, (n_regions, n_labels)."""
    counts = np.zeros((int(regions.max()) + 1) * n_labels)
    for rows in row_blocks(regions.shape):
        known = (regions[rows] >= 0) & (labels[rows] >= 0)
        np.add.at(counts, regions[rows][known].astype(np.int64) * n_labels + labels[rows][known], 1.0)
    return counts.reshape(-1, n_labels)


def _sum_borders(one: Labels, other: Labels, columns: Iterable[NDArray[Any]], n_regions: int) -> tuple[Labels, Floats]:
    """Pairs of regions, the lower first, and the sums of their borders, whose lengths and contrasts are `columns`."""
    ends = np.minimum(one, other), np.maximum(one, other)
    totals = [coo_array((values, ends), shape=(n_regions, n_regions)).tocsr() for values in columns]
    summed = totals[0].tocoo()
    pairs = np.stack([summed.row, summed.col], axis=1, dtype=np.int32)
    return pairs, np.stack([total.data for total in totals], axis=1, dtype=np.float64)


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
    sizes = np.bincount(groups, before.sizes, n_groups).astype(np.float64)
    one, other = groups[before.pairs].T
    apart = one != other
    pairs, totals = _sum_borders(one[apart], other[apart], before.borders[apart].T, n_groups)
    return Graph(sizes, sums_by_label(groups, before.sums.T, n_groups), pairs, totals)
