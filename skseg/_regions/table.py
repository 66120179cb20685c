"""region_table: size, place and colors of each region or class of a label map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._census.blocks import row_blocks
from .._images import open_label_map, open_map, open_single
from .._limits import LIMITS

Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]


def region_table(label_map: ArrayLike, X: ArrayLike | None = None) -> Columns:
    """Measure each region, or each class, of a label map.

    The columns are named as in `skimage.measure.regionprops_table`. Unlike there, label 0 is measured too. Masked
    pixels and negative labels are ignored.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width) or (..., height, width)
        Labels, optionally masked, as returned by `RegionSegmenter.predict` or `KMeansSegmenter.predict`.

    X : array-like, shape of `label_map`, optionally followed by n_channels, default=None
        Image for the colors. Its masked pixels are ignored. The channels of a `DataArray` may be in any position.

    Returns
    -------
    table : dict of str to ndarray of shape (n_labels,)
        One row for each label that occurs, in ascending order:

        - ``label``;
        - ``area``: number of pixels, int64;
        - ``share``: `area` relative to all unmasked pixels, from 0 to 1;
        - ``bbox-0``, ``bbox-1``, …: first row and column, then last row and column plus 1, int64;
        - ``centroid-0``, ``centroid-1``: mean row and mean column, float64;
        - ``intensity_mean-0``, …, ``intensity_std-0``, …: mean and standard deviation of each channel, float64, in the
          units of X; ``intensity_mean`` and ``intensity_std`` if X has no channel axis.

        Stacks have a bounding box and a centroid along each of their axes.

    Raises
    ------
    ValueError
        If the label map does not hold integers or has less than two dimensions, or if X does not have its shape or
        does not hold numbers.

    See Also
    --------
    skseg.io.save_polygons : Write the outlines of regions, with the table as properties.

    Notes
    -----
    Sums are in float64; means are subtracted before deviations are squared. A region with NaN in a channel has mean NaN
    there.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import RegionSegmenter, region_table
    >>> regions = RegionSegmenter(n_regions=4).fit_predict(coffee())
    >>> table = region_table(regions, coffee())
    >>> table["label"], table["area"]
    (array([0, 1, 2, 3], dtype=int32), array([  8364, 118334,  36047,  77255]))
    >>> table["intensity_mean-0"].round(1)
    array([ 34.3, 168.9, 219.4, 127.8])

    A data frame is ``pandas.DataFrame(table)``.
    """
    labels, ignored = open_label_map(label_map, like=X)
    if labels.ndim < 2:
        raise ValueError(f"label_map must have at least two dimensions; got {labels.ndim} instead.")
    image = None if X is None else _open_image(X, labels.shape)
    if isinstance(image, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(image)
        ignored = ignored | (mask.any(axis=-1) if mask.ndim > labels.ndim else mask)
    values, runs = _find_runs(labels, ignored)
    areas = runs.areas(len(values))
    sizes = {"area": areas.astype(np.int64), "share": areas / max(areas.sum(), 1)}
    colors = {} if image is None else _colors(np.ma.getdata(image), labels.ndim, runs, areas)
    return {"label": values, **sizes, **_places(labels.shape, runs, areas), **colors}


def merge_tables(tables: Iterable[tuple[int, Columns]]) -> Columns:
    """The table of an image from the tables of its blocks of rows, each with the number of its first row."""
    moving = "bbox-0", "bbox-2", "centroid-0"  # along the rows
    moved = [table | {name: table[name] + first_row for name in moving} for first_row, table in tables]
    columns = {name: np.concatenate([table[name] for table in moved]) for name in moved[0]}
    values, members = np.unique(columns["label"], return_inverse=True)
    totals = np.bincount(members, columns["area"], len(values))

    def average(column: NDArray[Any]) -> Floats:
        return np.asarray(np.bincount(members, columns["area"] * column, len(values)) / totals)

    merged = {"label": values, "area": totals.astype(np.int64), "share": totals / max(totals.sum(), 1)}
    for name, column in columns.items():
        if name in ("bbox-0", "bbox-1"):
            merged[name] = np.full(len(values), column.max(initial=0))
            np.minimum.at(merged[name], members, column)
        elif name.startswith("bbox"):
            merged[name] = np.zeros(len(values), dtype=np.int64)
            np.maximum.at(merged[name], members, column)
        elif name.startswith("intensity_std"):
            mean = name.replace("std", "mean")
            merged[name] = np.sqrt(average(column**2 + (columns[mean] - merged[mean][members]) ** 2))
        elif name not in merged:
            merged[name] = average(column)
    return merged


class _Runs(NamedTuple):
    """Runs of pixels in a row that have one label. They cover the whole map.

    Attributes
    ----------
    members : index of the label of each run; the number of labels where pixels are ignored
    starts : the first pixel of each, in the flattened map
    lengths : the number of pixels of each
    """

    members: NDArray[np.integer]
    starts: NDArray[np.integer]
    lengths: NDArray[np.integer]

    def areas(self, n_labels: int) -> Floats:
        """Number of pixels of each label."""
        areas = np.zeros(n_labels + 1)
        for block in row_blocks(self.members.shape):
            np.add.at(areas, self.members[block], self.lengths[block].astype(np.float64))
        return areas[:-1]

    def blocks(self, n_pixels: int) -> Iterator[_Runs]:
        """Consecutive runs, of about `n_pixels` pixels together."""
        pixels = np.arange(0, self.lengths.sum(), n_pixels, dtype=self.starts.dtype)
        edges = np.unique(np.searchsorted(self.starts, pixels, side="right") - 1)
        for first, last in pairwise([*edges, len(self.starts)]):
            yield _Runs(*(column[first:last] for column in self))


def _open_image(X: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """X as an array of numbers, of the shape of the label map, maybe with channels."""
    is_image = np.ndim(X) > len(shape)
    image: NDArray[Any] = np.ma.asanyarray(open_single(X).array if is_image else open_map(X, "X"))
    if image.shape[: len(shape)] != shape or image.ndim > len(shape) + 1:
        raise ValueError(
            f"X must have the shape of label_map, {shape}, or that with channels, {(*shape, 'n_channels')}; "
            f"got {image.shape} instead."
        )
    if image.dtype.kind not in "buif":
        raise ValueError(f"X must hold numbers; got {image.dtype} instead.")
    return image


def _find_runs(labels: NDArray[Any], ignored: NDArray[np.bool_]) -> tuple[NDArray[Any], _Runs]:
    """The labels that occur, in ascending order, and the runs of the map."""
    begins = np.ones(labels.shape, dtype=bool)
    begins[..., 1:] = (labels[..., 1:] != labels[..., :-1]) | (ignored[..., 1:] != ignored[..., :-1])
    dtype = np.promote_types(np.int32, np.min_scalar_type(-labels.size))
    starts = np.flatnonzero(begins).astype(dtype)
    values, numbers = _number(labels[begins & ~ignored])
    members = np.full(len(starts), len(values), dtype=dtype)
    members[~ignored[begins]] = numbers
    return values, _Runs(members, starts, np.diff(starts, append=dtype.type(labels.size)))


def _number(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.integer]]:
    """The labels that occur, in ascending order, and the place of each label among them."""
    largest = int(labels.max(initial=0))
    if largest > labels.size:
        return np.unique(labels, return_inverse=True)
    occurs = np.zeros(largest + 1, dtype=bool)  # labels are numbers from 0: no need to sort them
    occurs[labels] = True
    places = np.cumsum(occurs, dtype=np.promote_types(np.int32, np.min_scalar_type(-largest))) - 1
    return np.flatnonzero(occurs).astype(labels.dtype), places[labels]


def _places(shape: tuple[int, ...], runs: _Runs, areas: Floats) -> Columns:
    """Bounding box and centroid of each label, along each axis."""
    n_axes, n_labels = len(shape), len(areas)
    low = np.full((n_axes, n_labels + 1), max(shape), dtype=np.int64)
    high, sums = np.zeros_like(low), np.zeros(low.shape)
    for block in runs.blocks(max(LIMITS.table_pixels, n_labels)):
        for axis, first in enumerate(np.unravel_index(block.starts, shape)):
            last = first + (block.lengths - 1 if axis == n_axes - 1 else 0)
            np.minimum.at(low[axis], block.members, first)
            np.maximum.at(high[axis], block.members, last + 1)
            sums[axis] += np.bincount(block.members, (first + last) / 2 * block.lengths, n_labels + 1)
    return {
        **{f"bbox-{axis}": low[axis, :-1] for axis in range(n_axes)},
        **{f"bbox-{n_axes + axis}": high[axis, :-1] for axis in range(n_axes)},
        **{f"centroid-{axis}": sums[axis, :-1] / areas for axis in range(n_axes)},
    }


def _colors(image: NDArray[Any], n_axes: int, runs: _Runs, areas: Floats) -> Columns:
    """Mean and standard deviation of each channel for each label."""
    has_channels = image.ndim > n_axes
    pixels = image.reshape(runs.lengths.sum(), -1) if image.size else image.reshape(0, image.shape[-1])
    moments = [_moments(channel, runs, areas) for channel in pixels.T]
    names = [f"-{channel}" for channel in range(len(moments))] if has_channels else [""]
    means = {f"intensity_mean{name}": mean for name, (mean, _) in zip(names, moments, strict=True)}
    return means | {f"intensity_std{name}": deviation for name, (_, deviation) in zip(names, moments, strict=True)}


def _moments(channel: NDArray[Any], runs: _Runs, areas: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of a channel for each label, in two passes (Chan, Golub and LeVeque 1983).

    The second pass corrects the mean for what rounding has lost in the first.
    """
    origins, offsets, squares = np.zeros((3, len(areas) + 1))
    blocks = list(runs.blocks(max(LIMITS.table_pixels, len(areas))))
    with np.errstate(invalid="ignore", over="ignore"):  # of NaN and infinity
        for block in blocks:
            origins += _sums(_pixels(channel, block), block, len(areas))
        origins[:-1] /= areas
        for block in blocks:
            differences = _pixels(channel, block) - np.repeat(origins[block.members], block.lengths)
            offsets += _sums(differences, block, len(areas))
            squares += _sums(differences**2, block, len(areas))
        shifts = offsets[:-1] / areas
        means = origins[:-1] + np.where(np.isnan(shifts), 0, shifts)  # infinity stays
        return means, np.sqrt(np.maximum(squares[:-1] / areas - shifts**2, 0))


def _pixels(channel: NDArray[Any], block: _Runs) -> Floats:
    first = block.starts[0]
    return channel[first : first + block.lengths.sum()].astype(np.float64)


def _sums(values: Floats, block: _Runs, n_labels: int) -> Floats:
    """Sum of the values of a block's pixels for each label, and for the pixels that are ignored."""
    sums = np.add.reduceat(values, block.starts - block.starts[0])
    return np.bincount(block.members, sums, n_labels + 1).astype(np.float64, copy=False)
