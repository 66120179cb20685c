"""Arrays with named dimensions, such as xarray's: images, maps of one value per pixel, and results of the same form.

Rows come before columns and channels are last, whatever their order. xarray is not imported.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHANNELS = ("band", "channel", "wavelength", "c")
_ROWS = ("y", "lat", "latitude", "row")
_COLUMNS = ("x", "lon", "longitude", "col", "column")
_NO_DATA = ("_FillValue", "nodata", "missing_value", "nodatavals")

Mask = NDArray[np.bool_]


def is_labeled(X: Any) -> bool:
    """Whether X is an array with named dimensions, or a set of them."""
    return hasattr(X, "dims") and hasattr(X, "coords") and hasattr(X, "attrs")


def open_labeled(X: Any, min_ndim: int = 2) -> tuple[NDArray[Any], Any]:
    """X as an array, masked where it is nodata, channels last; and X again, or None if it is a table.

    If `min_ndim` is 1, X may be a map. Pixels are masked where `find_missing` finds a nodata value of X.
    """
    _check_one(X, "X")
    found = _channels_of(X)
    if min_ndim == 1 and (not found or (X.sizes[found[0]] == 1 and X.dtype.kind in "iu")):
        values = open_map(X, "X")
        return values, X if values.ndim > 1 else None
    if len(X.dims) <= 2 and not found and not set(X.dims) & {*_ROWS, *_COLUMNS}:
        return np.asarray(X), None  # a table
    if len(found) != 1:
        raise ValueError(
            f"X has the dimensions {_quoted(X.dims)}; exactly one must be a dimension of channels, named "
            f"{_quoted(_CHANNELS)}. Rename it, X.rename(old='band'), or add it, X.expand_dims('band')."
        )
    data = np.asarray(_ordered(X).data)
    mask = find_missing(data, _no_data_of(X))
    if mask.any():
        data = np.ma.MaskedArray(data, mask=np.broadcast_to(mask[..., np.newaxis], data.shape))
    return data, X if data.ndim > 2 else None


def open_map(values: Any, name: str, like: Any = None) -> Any:
    """One value per pixel, such as a label or a weight, as an array; masked where it is nodata.

    Where the array and the image `like` have names, its dimensions are put into the order of the image's pixels. Other
    dimensions, such as one of annotators, come first.
    """
    if not is_labeled(values):
        return np.ma.asarray(values)
    _check_one(values, name)
    pixels = _rows_first(values).isel({each: 0 for each in _channels_of(values) if values.sizes[each] == 1})
    if is_labeled(like):
        places = [each for each in _rows_first(like).dims if each not in _CHANNELS]
        if not set(places) <= set(pixels.dims):
            raise ValueError(
                f"{name} has the dimensions {_quoted(values.dims)}, but the pixels have {_quoted(places)}. Rename "
                f"them, or pass the array without names: {name}.to_numpy()."
            )
        pixels = pixels.transpose(..., *places)
    data = np.asarray(pixels.data)
    mask = find_missing(data[..., np.newaxis], _no_data_of(values))
    return np.ma.MaskedArray(data, mask=mask) if mask.any() else data


def open_maps(values: Any, name: str, like: Any = None) -> Any:
    """Like `open_map`; a list of maps, such as one by each annotator, stays a list."""
    if is_list_of_arrays(values):
        return [open_map(each, name, like) for each in values]
    return open_map(values, name, like)


def open_weights(sample_weight: Any, like: Any) -> Any:
    """The weight of each pixel of an image as an array, or None if there are none."""
    return None if sample_weight is None else open_map(sample_weight, "sample_weight", like)


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


def named_like(X: Any, values: NDArray[Any]) -> Any:
    """One value for each pixel of an image or map X, or several, with its coordinates; channels first if X has none.

    Masked labels are -1. Other masked values get a nodata value that no pixel has.
    """
    channels = _channels_of(X)
    pixels = _rows_first(X).isel(dict.fromkeys(channels, 0), drop=True)
    dims: Any = X.dims
    number: float | None = None
    if values.ndim == len(pixels.dims):
        data = np.ma.getdata(values)
        number = -1 if isinstance(values, np.ma.MaskedArray) else None
    else:
        channel, dims = (channels[0], dims) if channels else (_CHANNELS[0], (_CHANNELS[0], *dims))
        pixels = pixels.drop_vars(channel, errors="ignore").expand_dims({channel: np.arange(values.shape[-1])}, axis=-1)
        data, number = _with_no_data(values)
    result = pixels.copy(data=data)
    result.attrs = {} if number is None else {"_FillValue": number}
    result.encoding = {name: value for name, value in result.encoding.items() if name == "grid_mapping"}
    return result.transpose(*(name for name in dims if name in result.dims))


def repainted(X: Any, colors: NDArray[Any]) -> Any:
    """An image in other colors; masked pixels as they are in `colors`.

    If a color would be read as nodata, masked pixels get another nodata value.
    """
    data, attrs, encoding = np.ma.getdata(colors), X.attrs, X.encoding
    if any(_have(number, data[~_mask_of(colors)]).any() for number in _no_data_of(X)):
        data, number = _with_no_data(colors)
        attrs, encoding = ({name: each[name] for name in each if name not in _NO_DATA} for each in (attrs, encoding))
        attrs |= {} if number is None else {"_FillValue": number}
    result = _ordered(X).copy(data=data)
    result.attrs, result.encoding = attrs, encoding
    return result.transpose(*X.dims)


def find_missing(pixels: NDArray[Any], no_data: Iterable[float | None]) -> Mask:
    """Which pixels, (..., n_channels), have NaN or a nodata value."""
    is_float = pixels.dtype.kind == "f"
    missing = np.isnan(pixels).any(axis=-1) if is_float else np.zeros(pixels.shape[:-1], dtype=bool)
    for number in no_data:
        missing |= _have(number, pixels)
    return np.asarray(missing)


def _have(no_data: float | None, pixels: NDArray[Any]) -> Mask:
    """Which pixels have a nodata value in any channel.

    Valid pixels of integers have values of 0 or more in some channels, so such a value must be in all.
    """
    if no_data is None or not holds(pixels.dtype, no_data):
        return np.zeros(pixels.shape[:-1], dtype=bool)
    is_equal = pixels == pixels.dtype.type(no_data)
    return np.asarray((np.any if pixels.dtype.kind == "f" or no_data < 0 else np.all)(is_equal, axis=-1))


def holds(dtype: np.dtype[Any], number: float) -> bool:
    """Whether a dtype holds a number without overflow or rounding to an integer."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return bool(isinf(number) or not np.isinf(dtype.type(number)))
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return bool(low <= number <= high and float(number).is_integer())


def free_no_data(number: float | None, colors: NDArray[Any]) -> float | None:
    """The nodata value of an image: `number`, unless a color is read as nodata; else NaN, or None for integers."""
    if number is not None and holds(colors.dtype, number) and not _have(number, colors).any():
        return number
    return float("nan") if colors.dtype.kind == "f" else None


def _with_no_data(colors: NDArray[Any]) -> tuple[NDArray[Any], float | None]:
    """Colors with a nodata value in the masked pixels, and the value; None if there are none or no value is free."""
    data, mask = np.ma.getdata(colors), _mask_of(colors)
    if not mask.any():
        return data, None
    known = data[~mask]
    number = free_no_data(None, known)
    if data.dtype.kind in "iu":  # of 0 or more, which must be in all channels
        grays = set(known[(known == known[:, :1]).all(axis=1), 0].tolist())
        number = next((each for each in range(np.iinfo(data.dtype).max, -1, -1) if each not in grays), None)
    if number is not None:
        data = np.where(mask[..., np.newaxis], data.dtype.type(number), data)
    return data, number


def _mask_of(colors: Any) -> Mask:
    return np.asarray(np.ma.getmaskarray(colors).any(axis=-1))


def _no_data_of(X: Any) -> list[float]:
    """The nodata values of X: numbers, or arrays and tuples of one number."""
    given = [np.asarray(X.attrs.get(name, X.encoding.get(name))) for name in _NO_DATA]
    numbers = [each.flat[0].item() for each in given if each.dtype.kind in "biuf" and len(np.unique(each)) == 1]
    return numbers if X.dtype.kind in "biuf" else []


def _check_one(X: Any, name: str) -> None:
    if hasattr(X, "data_vars"):
        raise TypeError(
            f"{name} must be an array; got a {type(X).__name__} of several. Stack its variables as channels: "
            f'{name}.to_dataarray("band").'
        )


def _channels_of(X: Any) -> list[str]:
    """The names of the dimensions of channels."""
    return [name for name in X.dims if name in _CHANNELS]


def _rows_first(X: Any) -> Any:
    """X with rows and columns last, in this order, if both have a usual name."""
    rows, columns = ([name for name in X.dims if name in names] for names in (_ROWS, _COLUMNS))
    return X.transpose(..., *rows, *columns) if rows and columns else X


def _ordered(X: Any) -> Any:
    """An image with its channels last."""
    return _rows_first(X).transpose(..., *_channels_of(X))


def _quoted(names: Any) -> str:
    return ", ".join(repr(str(name)) for name in names)
