"""Small regions join their neighbors of the nearest color, block by block, without a graph.

The graph of a noisy image is many times larger than its map. Nothing here knows estimators.
"""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .._census.blocks import row_blocks
from .graph import Floats, Labels, borders, join, renumber, sum_pixels


class Regions(NamedTuple):
    """Regions of a label map: its connected parts, or groups of them.

    Attributes
    ----------
    sizes : pixels of each region, (n_regions,)
    largest, labels : pixels and label of the largest part in each region; of equally large parts, the lowest label
    places : place of each region in `sums` and `counts`, (n_regions,)
    sums, counts : distinct colors: the sum over some pixels, (n_channels, n_colors), and the number of these pixels
    """

    sizes: Labels
    largest: Labels
    labels: NDArray[Any]
    places: NDArray[Any]
    sums: Floats
    counts: NDArray[Any]

    @classmethod
    def of(cls, parts: Labels, labels: NDArray[Any], colors: Floats) -> Self:
        """The connected parts of a label map, from the part and the label of each pixel, (height, width)."""
        sizes, _ = sum_pixels(parts, [])
        label_of = np.zeros(len(sizes) + 1, dtype=np.min_scalar_type(len(colors)))  # −1, under the mask, is the last
        for rows in row_blocks(parts.shape):
            label_of[parts[rows]] = labels[rows]
        label_of = label_of[:-1]
        return cls(sizes, sizes, label_of, label_of, colors.T, np.ones(len(colors), dtype=np.int32))

    @classmethod
    def of_features(cls, sizes: Labels, sums: Floats) -> Self:
        """Regions without labels, from the sums of the features of their pixels, (n_regions, n_features)."""
        return cls(sizes, sizes, np.zeros_like(sizes), np.arange(len(sizes)), sums.T, sizes)

    def join(self, groups: Labels) -> Self:
        """Groups of the regions."""
        n_groups = int(groups.max()) + 1
        sizes, largest = np.zeros((2, n_groups), dtype=np.int32)
        sums = np.zeros((len(self.sums), n_groups))
        for block in row_blocks(groups.shape):
            np.add.at(sizes, groups[block], self.sizes[block])
            np.maximum.at(largest, groups[block], self.largest[block])
            places = self.places[block]
            times = self.sizes[block] / self.counts[places]
            for total, channel in zip(sums, self.sums, strict=True):
                np.add.at(total, groups[block], channel[places] * times)
        labels = np.full(n_groups, np.iinfo(self.labels.dtype).max, dtype=self.labels.dtype)
        for block in row_blocks(groups.shape):
            found = self.largest[block] == largest[groups[block]]
            np.minimum.at(labels, groups[block][found], self.labels[block][found])
        return type(self)(sizes, largest, labels, np.arange(n_groups), sums, sizes)


def absorb_small(numbers: Labels, regions: Regions, min_size: float) -> Regions:
    """Let regions of less than `min_size` pixels join a neighbor, in their map, in place; which regions are left.

    In each round, all of them join the neighbor whose color is nearest, until none is left that has a neighbor. A round
    leaves at most one large region in each group, so that large regions never join, unless nothing tells them apart.
    """
    while (small := regions.sizes < min_size).any() and len(links := _find_links(numbers, regions, small)):
        groups = _join_small(links, small)
        del links
        regions = regions.join(groups)
        renumber(numbers, groups)
    return regions


def _find_links(numbers: Labels, regions: Regions, small: NDArray[np.bool_]) -> Labels:
    """Links from small regions to the preferred of their neighbors nearest in color, (n_links, 2).

    The links of a region follow each other. A step leads from a pixel to a pixel of another region. After each block of
    rows, `shortest` is the length of the shortest step of each region so far, and only steps of this length are kept.
    Regions that do not reach the row below the block have no more steps: their steps become links.
    """
    colors = regions.sums / regions.counts
    shortest, goes_on = np.full(len(small), np.inf), np.zeros(len(small) + 1, dtype=bool)  # −1 is the last
    steps, lengths = np.zeros((2, 0), dtype=np.int32), np.zeros(0)
    found = []
    for rows in row_blocks(numbers.shape):
        block = numbers[rows.start : rows.stop + 1]
        more, more_lengths = _find_steps(block, rows.stop - rows.start, small, regions.places, colors)
        steps, lengths = np.concatenate([steps, more], axis=1), np.concatenate([lengths, more_lengths])
        np.minimum.at(shortest, steps[0], lengths)
        is_shortest = lengths == shortest[steps[0]]
        steps, lengths = steps[:, is_shortest], lengths[is_shortest]
        below = numbers[rows.stop : rows.stop + 1]
        goes_on[below] = True
        waits = goes_on[steps[0]]
        goes_on[below] = False
        found.append(_preferred(steps[:, ~waits], regions, colors[0]))
        steps, lengths = steps[:, waits], lengths[waits]
    del shortest
    return np.concatenate(found)


def _find_steps(
    block: Labels, n_rows: int, small: NDArray[np.bool_], places: NDArray[Any], colors: Floats
) -> tuple[Labels, Floats]:
    """Steps out of small regions, (2, n_steps), and their lengths: the squared distances of the regions' colors."""
    one, other = block.ravel()[borders(block, n_rows)]
    matters = small[one] | small[other]
    one, other = one[matters], other[matters]
    distances = np.zeros(len(one))
    for channel in colors:  # one by one, not to hold the colors of both ends of every step
        distances += (channel[places[one]] - channel[places[other]]) ** 2
    out, back = small[one], small[other]
    steps = np.concatenate([[one[out], other[out]], [other[back], one[back]]], axis=1)
    return steps, np.concatenate([distances[out], distances[back]])


def _preferred(steps: Labels, regions: Regions, lightness: Floats) -> Labels:
    """The link of each region with the longest border, that is the most steps; then to the largest neighbor.

    Then the darkest, then that of the lowest label. Links that are equal in all are all kept, so that the regions of a
    rotated image are the same.
    """
    keys, lengths = np.unique(steps[0].astype(np.int64) << 32 | steps[1], return_counts=True)
    links = np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1).astype(np.int32)
    target, kept = links[:, 1], np.arange(len(links))
    labels = -regions.labels[target].astype(np.int64)
    for key in (lengths, regions.sizes[target], -lightness[regions.places[target]], labels):
        starts = np.flatnonzero(np.diff(links[kept, 0], prepend=-1))
        if len(starts) == len(kept):
            break
        largest = np.repeat(np.maximum.reduceat(key[kept], starts), np.diff(starts, append=len(kept)))
        kept = kept[key[kept] == largest]
    return links[kept]


def _join_small(links: Labels, small: NDArray[np.bool_]) -> Labels:
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
