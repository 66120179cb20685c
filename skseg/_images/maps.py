"""Maps of one value for each pixel, such as labels and weights, as arrays; they may have named dimensions.

Named dimensions are xarray's, which is imported for its types only: rows before columns, and channels last.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from .no_data import Mask, find_missing

if TYPE_CHECKING:
    from dask.array import Array
    from xarray import DataArray

CHANNELS = ("band", "channel", "wavelength", "c")
ROWS = ("y", "lat", "latitude", "row")
COLUMNS = ("x", "lon", "longitude", "col", "column")
_NEAR = 1e-3  # of the step between two coordinates, within which they are equal
NO_DATA = ("_FillValue", "nodata", "missing_value", "nodatavals")


def is_named(X: object) -> TypeGuard[DataArray]:
    """Whether X is an array with named dimensions, or a set of them."""
    return hasattr(X, "dims") and hasattr(X, "coords") and hasattr(X, "attrs")


def is_lazy(X: object) -> TypeGuard[Array]:
    """Whether X is a Dask array."""
    return hasattr(X, "__dask_graph__") and hasattr(X, "numblocks")


def open_map(values: object, name: str, like: object = None) -> NDArray[Any]:
    """One value per pixel, such as a label or a weight, as an array; a named one is masked where it is nodata.

    Where the array and the image `like` have names, its dimensions are put into the order of the image's pixels. Other
    dimensions, such as one of annotators, come first.
    """
    if is_lazy(values):
        values = values.compute()  # NumPy would lose its mask
    if not is_named(values):
        array: np.ma.MaskedArray[Any, Any] = np.ma.asarray(values)
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
        pixels = _in_order_of(like, pixels.transpose(..., *places), name)
    data = np.asarray(pixels.data)
    mask = find_missing(data[..., np.newaxis], no_data_of(values))
    return np.ma.MaskedArray(data, mask=mask) if mask.any() else data


def open_maps(values: object, name: str, like: object = None) -> NDArray[Any] | list[NDArray[Any]]:
    """Like `open_map`; a list of maps, such as one by each annotator, stays a list."""
    if is_list_of_arrays(values):
        return [open_map(each, name, like) for each in values]
    return open_map(values, name, like)


def is_list_of_arrays(values: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    """Whether these are several maps; nested lists of numbers are one."""
    return isinstance(values, list | tuple) and any(hasattr(each, "shape") for each in values)


def open_label_map(label_map: object, like: object = None, name: str = "label_map") -> tuple[NDArray[Any], Mask]:
    """Labels of any integer type, and True where a pixel is masked or its label is negative."""
    array = open_map(label_map, name, like)
    labels = np.asarray(np.ma.getdata(array))
    if labels.dtype.kind not in "iu":
        raise ValueError(f"{name} must hold labels, which are integers; got {labels.dtype} instead.")
    return labels, np.ma.getmaskarray(array) | (labels < 0)


def no_data_of(X: DataArray) -> list[float]:
    """The nodata values of X: numbers, or arrays and tuples of one number."""
    given = [np.asarray(X.attrs.get(name, X.encoding.get(name))) for name in NO_DATA]
    numbers = [each.flat[0].item() for each in given if each.dtype.kind in "biuf" and len(np.unique(each)) == 1]
    return numbers if X.dtype.kind in "biuf" else []


def check_one(X: object, name: str) -> None:
    if hasattr(X, "data_vars"):
        raise TypeError(
            f"{name} must be an array; got a {type(X).__name__} of several. Stack its variables as channels: "
            f'{name}.to_dataarray("band").'
        )


def channels_of(X: DataArray) -> list[Hashable]:
    """The names of the dimensions of channels."""
    return [name for name in X.dims if name in CHANNELS]


def channel_names(X: DataArray) -> tuple[str, ...]:
    """The coordinates of the channels, such as their wavelengths, if they are different."""
    found = [X.indexes[each] for each in channels_of(X) if each in X.indexes]
    return tuple(map(str, found[0])) if len(found) == 1 and found[0].is_unique else ()


def _in_order_of(like: DataArray, values: DataArray, name: str) -> DataArray:
    """The values at the coordinates of an image, which may run the other way."""
    for place in [each for each in values.dims if each in values.indexes and each in like.indexes]:
        here, wanted = values.indexes[place], like.indexes[place]
        if len(here) != len(wanted) or here.equals(wanted):  # other sizes are refused elsewhere
            continue
        is_even = all(each.dtype.kind in "iuf" for each in (here, wanted)) and (
            here.is_monotonic_increasing or here.is_monotonic_decreasing
        )
        near = {"method": "nearest", "tolerance": _NEAR * abs(here[-1] - here[0]) / len(here)} if is_even else {}
        found = here.get_indexer(wanted, **near) if here.is_unique else []
        if not np.array_equal(np.sort(found), np.arange(len(here))):
            raise ValueError(
                f"{name} and the pixels have different coordinates along {place!r}. Align them, "
                f"{name}.reindex_like(X, method='nearest'), or pass the array without names: {name}.to_numpy()."
            )
        values = values.isel({place: found})
    return values


def rows_first(X: DataArray) -> DataArray:
    """X with rows and columns last, in this order, if both have a usual name."""
    rows, columns = ([name for name in X.dims if name in names] for names in (ROWS, COLUMNS))
    return X.transpose(..., *rows, *columns) if rows and columns else X


def quoted(names: Iterable[Hashable]) -> str:
    return ", ".join(repr(str(name)) for name in names)
