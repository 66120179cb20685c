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
        pixels = pixels.transpose(..., *places)
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


def rows_first(X: DataArray) -> DataArray:
    """X with rows and columns last, in this order, if both have a usual name."""
    rows, columns = ([name for name in X.dims if name in names] for names in (ROWS, COLUMNS))
    return X.transpose(..., *rows, *columns) if rows and columns else X


def quoted(names: Iterable[Hashable]) -> str:
    return ", ".join(repr(str(name)) for name in names)
