"""clean_labels: removes small parts from a label map of classes."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array, check_scalar

from .._labeled import is_labeled, named_like, open_label_map
from .graph import Floats, Graph, Labels, absorb_small, connected, graph


def clean_labels(label_map: Any, min_size: int, colors: Any) -> Any:
    """Give small parts of a label map the label of the neighbor nearest in color.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width)
        Labels from 0, as returned by `KMeansSegmenter.predict`; masked or negative for pixels without a label.

    min_size : int
        Connected parts with fewer pixels are relabeled; at least 0. Pixels are neighbors if they share a side.

    colors : array-like of shape (n_clusters, n_channels)
        Color of each label, such as `palette_`, in any units.

    Returns
    -------
    cleaned : ndarray of int32, shape (height, width)
        Label map without small parts, −1 for pixels without a label; a masked array or a `DataArray` if `label_map` is
        one.

    Raises
    ------
    ValueError
        If the label map is not a two-dimensional array of integers, a label has no color, or `min_size` is negative.

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
    given, mask = open_label_map(label_map)
    colors = np.ma.filled(np.ma.asarray(colors, dtype=np.float64), np.nan)
    colors = check_array(colors, ensure_2d=False, allow_nd=True, input_name="colors")
    labels = _as_labels(given, mask, colors)
    if not mask.all():
        parts = connected(labels, mask)
        planes = [np.where(mask, 0, channel[labels]) for channel in colors.T]
        start = graph(parts, planes)
        _, groups = absorb_small(start, min_size)
        labels[~mask] = _largest_label(start, parts, labels, groups)[parts[~mask]]
    if is_labeled(label_map):
        return named_like(label_map, np.ma.MaskedArray(labels, mask=mask) if mask.any() else labels)
    return np.ma.MaskedArray(labels, mask=mask) if isinstance(label_map, np.ma.MaskedArray) else labels


def _as_labels(labels: NDArray[Any], mask: NDArray[np.bool_], colors: Floats) -> Labels:
    """Checked labels, one per color, with −1 under the mask."""
    if labels.ndim != 2 or colors.ndim != 2:
        raise ValueError(f"label_map and colors must have two dimensions; got {labels.ndim} and {colors.ndim} instead.")
    if (labels[~mask] >= len(colors)).any():
        raise ValueError(
            f"label_map must hold labels from 0 to {len(colors) - 1}, one per color; got {labels[~mask].max()} instead."
        )
    return np.where(mask, np.int32(-1), labels.astype(np.int32))


def _largest_label(start: Graph, parts: Labels, labels: Labels, groups: Labels) -> Labels:
    """The label of each part: that of the largest part in its group."""
    label_of = np.zeros(len(start.sizes), dtype=np.int32)
    label_of[parts.ravel()[parts.ravel() >= 0]] = labels.ravel()[parts.ravel() >= 0]
    order = np.lexsort((-label_of, start.sizes, groups))  # of parts that are equally large the darker wins
    last = np.append(groups[order][1:] != groups[order][:-1], True)
    return np.asarray(label_of[order[last]][groups])
