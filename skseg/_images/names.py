"""Named dimensions, as xarray's: rows before columns and channels last, and results with the names of an image.

xarray is not imported.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .no_data import have_no_data, mask_of, with_no_data

CHANNELS = ("band", "channel", "wavelength", "c")
ROWS = ("y", "lat", "latitude", "row")
COLUMNS = ("x", "lon", "longitude", "col", "column")
_NO_DATA = ("_FillValue", "nodata", "missing_value", "nodatavals")


def is_named(X: Any) -> bool:
    """Whether X is an array with named dimensions, or a set of them."""
    return hasattr(X, "dims") and hasattr(X, "coords") and hasattr(X, "attrs")


def named_like(X: Any, values: NDArray[Any]) -> Any:
    """One value for each pixel of an image or map X, or several, with its coordinates; channels first if X has none.

    Masked labels are -1. Other masked values get a nodata value that no pixel has.
    """
    channels = channels_of(X)
    pixels = rows_first(X).isel(dict.fromkeys(channels, 0), drop=True)
    dims: Any = X.dims
    number: float | None = None
    if values.ndim == len(pixels.dims):
        data = np.ma.getdata(values)
        number = -1 if isinstance(values, np.ma.MaskedArray) else None
    else:
        channel, dims = (channels[0], dims) if channels else (CHANNELS[0], (CHANNELS[0], *dims))
        pixels = pixels.drop_vars(channel, errors="ignore").expand_dims({channel: np.arange(values.shape[-1])}, axis=-1)
        data, number = with_no_data(values)
    result = pixels.copy(data=data)
    result.attrs = {} if number is None else {"_FillValue": number}
    result.encoding = {name: value for name, value in result.encoding.items() if name == "grid_mapping"}
    return result.transpose(*(name for name in dims if name in result.dims))


def repainted(X: Any, colors: NDArray[Any]) -> Any:
    """An image in other colors; masked pixels as they are in `colors`.

    If a color would be read as nodata, masked pixels get another nodata value.
    """
    data, attrs, encoding = np.ma.getdata(colors), X.attrs, X.encoding
    if any(have_no_data(number, data[~mask_of(colors)]).any() for number in no_data_of(X)):
        data, number = with_no_data(colors)
        attrs, encoding = ({name: each[name] for name in each if name not in _NO_DATA} for each in (attrs, encoding))
        attrs |= {} if number is None else {"_FillValue": number}
    result = ordered(X).copy(data=data)
    result.attrs, result.encoding = attrs, encoding
    return result.transpose(*X.dims)


def no_data_of(X: Any) -> list[float]:
    """The nodata values of X: numbers, or arrays and tuples of one number."""
    given = [np.asarray(X.attrs.get(name, X.encoding.get(name))) for name in _NO_DATA]
    numbers = [each.flat[0].item() for each in given if each.dtype.kind in "biuf" and len(np.unique(each)) == 1]
    return numbers if X.dtype.kind in "biuf" else []


def check_one(X: Any, name: str) -> None:
    if hasattr(X, "data_vars"):
        raise TypeError(
            f"{name} must be an array; got a {type(X).__name__} of several. Stack its variables as channels: "
            f'{name}.to_dataarray("band").'
        )


def channels_of(X: Any) -> list[str]:
    """The names of the dimensions of channels."""
    return [name for name in X.dims if name in CHANNELS]


def rows_first(X: Any) -> Any:
    """X with rows and columns last, in this order, if both have a usual name."""
    rows, columns = ([name for name in X.dims if name in names] for names in (ROWS, COLUMNS))
    return X.transpose(..., *rows, *columns) if rows and columns else X


def ordered(X: Any) -> Any:
    """An image with its channels last."""
    return rows_first(X).transpose(..., *channels_of(X))


def quoted(names: Any) -> str:
    return ", ".join(repr(str(name)) for name in names)
