"""clean_labels: removes small parts from a label map of classes."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_scalar

from .._census.blocks import row_blocks
from .._images import is_named, named_like, open_label_map
from .graph import (
    Floats,
    Labels,
    connected,
    count_links,
    join_small,
    preferred,
    renumber,
    touching,
)

_LARGEST = 1e100  # color; sums of squares of millions are finite


def clean_labels(label_map: Any, min_size: int, colors: Any) -> Any:
    """Give small parts of a label map the label of the neighbor nearest in color.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width) or (..., height, width), or list of arrays
        Labels from 0, as returned by `KMeansSegmenter.predict`; masked or negative for pixels without a label. Each
        image of a stack or list is cleaned by itself.

    min_size : int
        Connected parts with fewer pixels are relabeled, other parts never; at least 0. Pixels are neighbors if they
        share a side.

    colors : array-like of shape (n_clusters, n_channels)
        Color of each label, such as `palette_`, in any units.

    Returns
    -------
    cleaned : ndarray of int32, shape of `label_map`, or a list of them
        Label map without small parts, −1 for pixels without a label; a masked array or a `DataArray` if `label_map` is
        one.

    Raises
    ------
    ValueError
        If a label map has less than two dimensions or does not hold integers, a label has no color, a color is not
        finite or beyond ±1e100, or `min_size` is negative.

    TypeError
        If `min_size` is not an integer.

    See Also
    --------
    RegionSegmenter : Finds regions instead of classes.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, clean_labels
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(coffee())
    >>> cleaned = clean_labels(segmenter.labels_, 200, segmenter.palette_)
    >>> cleaned.shape, float((cleaned != segmenter.labels_).mean().round(3))
    ((400, 600), 0.062)
    """
    check_scalar(min_size, "min_size", Integral, min_val=0)
    colors = np.ma.filled(np.ma.asarray(colors, dtype=np.float64), np.nan)
    colors = check_array(colors, ensure_2d=False, allow_nd=True, input_name="colors")
    if colors.ndim != 2:
        raise ValueError(f"colors must have the shape (n_clusters, n_channels); got {colors.shape} instead.")
    if (largest := np.abs(colors).max()) > _LARGEST:
        raise ValueError(f"colors must lie from {-_LARGEST:g} to {_LARGEST:g}; got {largest:g} instead.")
    return _clean(label_map, int(min_size), colors, "label_map")


def _clean(label_map: Any, min_size: int, colors: Floats, name: str) -> Any:
    """A clean label map or stack, or the list of them."""
    if isinstance(label_map, list | tuple) and any(
        hasattr(each, "__array__") and np.ndim(each) > 1 for each in label_map
    ):
        return [_clean(each, min_size, colors, f"{name}[{index}]") for index, each in enumerate(label_map)]
    labels, mask = open_label_map(label_map, name=name)
    if labels.ndim < 2:
        raise ValueError(f"{name} must have the shape (..., height, width); got {labels.shape} instead.")
    largest = int(labels.max(initial=0, where=~mask))
    if largest >= len(colors):
        raise ValueError(f"{name} must hold labels from 0 to {len(colors) - 1}, one per color; got {largest} instead.")
    cleaned = np.empty(labels.shape, dtype=np.int32)
    for image in np.ndindex(labels.shape[:-2]):
        cleaned[image] = _clean_image(labels[image], mask[image], min_size, colors)
    if is_named(label_map):
        return named_like(label_map, np.ma.MaskedArray(cleaned, mask=mask) if mask.any() else cleaned)
    return np.ma.MaskedArray(cleaned, mask=mask) if isinstance(label_map, np.ma.MaskedArray) else cleaned


class _Regions(NamedTuple):
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
        n_parts = int(parts.max()) + 1
        sizes = np.zeros(n_parts + 1, dtype=np.int32)  # −1, under the mask, is the last
        label_of = np.zeros(n_parts + 1, dtype=np.min_scalar_type(len(colors)))
        for rows in row_blocks(parts.shape):
            np.add.at(sizes, parts[rows].ravel(), np.int32(1))
            label_of[parts[rows]] = labels[rows]
        sizes, label_of = sizes[:-1], label_of[:-1]
        return cls(sizes, sizes, label_of, label_of, colors.T, np.ones(len(colors), dtype=np.int32))

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

    def keys(self, colors: Floats) -> tuple[Callable[[Labels], NDArray[Any]], ...]:
        """Keys of `preferred`: the size, the darkness and the label, the lowest first."""
        return (
            lambda which: self.sizes[which],
            lambda which: -colors[0, self.places[which]],
            lambda which: -self.labels[which].astype(np.int64),
        )


def _clean_image(labels: NDArray[Any], mask: NDArray[np.bool_], min_size: int, colors: Floats) -> Labels:
    """The clean label map of one image, −1 under the mask.

    The same as `absorb_small` without a graph, which is many times larger than the map of a noisy image.
    """
    if mask.all():
        return np.full(labels.shape, -1, dtype=np.int32)
    numbers = connected(labels, mask)
    regions = _Regions.of(numbers, labels, colors)
    while (small := regions.sizes < min_size).any() and len(links := _find_links(numbers, regions, small)):
        groups = join_small(links, small)
        del links
        regions = regions.join(groups)
        renumber(numbers, groups)
    renumber(numbers, regions.labels)
    return numbers


def _find_links(numbers: Labels, regions: _Regions, small: NDArray[np.bool_]) -> Labels:
    """Links from small regions to the neighbors nearest in color, sorted by region within each block of rows.

    The rule is that of `nearest_neighbors`, and last the lowest label. A step leads from a pixel to a pixel of another
    region. After each block, the links of regions that end there are known; only the shortest steps of the others are
    kept.
    """
    colors = regions.sums / regions.counts
    shortest, goes_on = np.full(len(small), np.inf), np.zeros(len(small) + 1, dtype=bool)  # −1 is the last
    source, target, lengths = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32), np.zeros(0)
    found = []
    for rows, (one, other) in zip(row_blocks(numbers.shape), touching(numbers, small), strict=True):
        distances = _distances(colors, regions.places[one], regions.places[other])
        out, back = small[one], small[other]
        source = np.concatenate([source, one[out], other[back]])
        target = np.concatenate([target, other[out], one[back]])
        lengths = np.concatenate([lengths, distances[out], distances[back]])
        np.minimum.at(shortest, source, lengths)
        is_shortest = lengths == shortest[source]
        source, target, lengths = source[is_shortest], target[is_shortest], lengths[is_shortest]
        below = numbers[rows.stop : rows.stop + 1]
        goes_on[below] = True
        waits = goes_on[source]
        goes_on[below] = False
        links, borders = count_links(source[~waits], target[~waits])
        found.append(preferred(links, borders, *regions.keys(colors)))
        source, target, lengths = source[waits], target[waits], lengths[waits]
    del shortest
    return np.concatenate(found)


def _distances(colors: Floats, one: NDArray[Any], other: NDArray[Any]) -> Floats:
    """Squared distances of pairs of colors, of (n_channels, n_colors)."""
    distances = np.zeros(len(one))
    for channel in colors:
        distances += (channel[one] - channel[other]) ** 2
    return distances
