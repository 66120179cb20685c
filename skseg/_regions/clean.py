"""clean_labels: removes small parts from a label map of classes."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, check_scalar

from .._images import is_named, named_like, open_label_map
from .absorb import Regions, absorb_small
from .graph import Floats, Labels, connected, renumber

_LARGEST = 1e100  # color; sums of squares of millions are finite


def clean_labels(label_map: ArrayLike, min_size: int, colors: ArrayLike) -> Any:
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
    numbers = np.ma.filled(np.ma.asarray(colors, dtype=np.float64), np.nan)
    numbers = check_array(numbers, ensure_2d=False, allow_nd=True, input_name="colors")
    if numbers.ndim != 2:
        raise ValueError(f"colors must have the shape (n_clusters, n_channels); got {numbers.shape} instead.")
    if (largest := np.abs(numbers).max()) > _LARGEST:
        raise ValueError(f"colors must lie from {-_LARGEST:g} to {_LARGEST:g}; got {largest:g} instead.")
    return _clean(label_map, int(min_size), numbers, "label_map")


def _clean(label_map: ArrayLike, min_size: int, colors: Floats, name: str) -> Any:
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


def _clean_image(labels: NDArray[Any], mask: NDArray[np.bool_], min_size: int, colors: Floats) -> Labels:
    """The clean label map of one image, −1 under the mask."""
    if mask.all():
        return np.full(labels.shape, -1, dtype=np.int32)
    numbers = connected(labels, mask)
    renumber(numbers, absorb_small(numbers, Regions.of(numbers, labels, colors), min_size).labels)
    return numbers
