"""Maps of one value for each pixel, such as labels and weights, as arrays; they may have named dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .names import CHANNELS, channels_of, check_one, is_named, no_data_of, quoted, rows_first
from .no_data import Mask, find_missing


def open_map(values: Any, name: str, like: Any = None) -> Any:
    """One value per pixel, such as a label or a weight, as an array; a named one is masked where it is nodata.

    Where the array and the image `like` have names, its dimensions are put into the order of the image's pixels. Other
    dimensions, such as one of annotators, come first.
    """
    if not is_named(values):
        array = np.ma.asarray(values)
        return array if isinstance(values, np.ma.MaskedArray) or np.ma.is_masked(array) else array.data
    check_one(values, name)
    pixels = rows_first(values).isel({each: 0 for each in channels_of(values) if values.sizes[each] == 1})
    if is_named(like):
        places = [each for each in rows_first(like).dims if each not in CHANNELS]
        if not set(places) <= set(pixels.dims):
            raise ValueError(
                f"{name} has the dimensions {quoted(values.dims)}, but the pixels have {quoted(places)}. Rename "
                f"them, or pass the array without names: {name}.to_numpy()."
            )
        pixels = pixels.transpose(..., *places)
    data = np.asarray(pixels.data)
    mask = find_missing(data[..., np.newaxis], no_data_of(values))
    return np.ma.MaskedArray(data, mask=mask) if mask.any() else data


def open_maps(values: Any, name: str, like: Any = None) -> Any:
    """Like `open_map`; a list of maps, such as one by each annotator, stays a list."""
    if is_list_of_arrays(values):
        return [open_map(each, name, like) for each in values]
    return open_map(values, name, like)


def is_list_of_arrays(values: Any) -> bool:
    """Whether these are several maps; nested lists of numbers are one."""
    return isinstance(values, list | tuple) and any(hasattr(each, "shape") for each in values)


def open_label_map(label_map: Any, like: Any = None, name: str = "label_map") -> tuple[NDArray[Any], Mask]:
    """Labels of any integer type, and True where a pixel is masked or its label is negative."""
    array = open_map(label_map, name, like)
    labels = np.asarray(np.ma.getdata(array))
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold labels, which are integers; got {labels.dtype} instead.")
    return labels, np.ma.getmaskarray(array) | (labels < 0)
