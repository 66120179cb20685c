"""Arrays with named dimensions, such as xarray's: where their channels are, and results of the same form.

They are known by their attributes; xarray is not imported.
"""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_CHANNELS = ("band", "channel", "wavelength", "c")
_PLACES = {"y", "x", "lat", "lon", "latitude", "longitude", "row", "col", "column"}
_NO_DATA = ("_FillValue", "nodata", "missing_value")


class Labeled(NamedTuple):
    """An image with named dimensions.

    Attributes
    ----------
    array : the image, with its channels last
    dims : the names of its dimensions in the order in which they came
    """

    array: Any
    dims: tuple[str, ...]

    @property
    def channel(self) -> str:
        """The name of the dimension of channels."""
        return str(self.array.dims[-1])

    def repainted(self, colors: NDArray[Any]) -> Any:
        """The image in other colors; masked pixels as they are in `colors`."""
        return self.array.copy(data=np.ma.getdata(colors)).transpose(*self.dims)

    def labeled(self, values: NDArray[Any]) -> Any:
        """One value for each pixel, or several, with the coordinates of the image.

        Labels have the attribute `_FillValue` if some are -1, where the image is masked.
        """
        is_label = values.ndim < np.ndim(self.array)
        pixels = self.array.isel({self.channel: 0}, drop=True)
        if not is_label:
            pixels = pixels.expand_dims({self.channel: np.arange(values.shape[-1])}, axis=-1)
        result = pixels.copy(data=np.ma.getdata(values))
        result.attrs = {"_FillValue": -1} if is_label and isinstance(values, np.ma.MaskedArray) else {}
        result.encoding = {name: value for name, value in result.encoding.items() if name == "grid_mapping"}
        return result.transpose(*(name for name in self.dims if name in result.dims))


def is_labeled(X: Any) -> bool:
    """Whether X is an array with named dimensions, or a set of them."""
    return hasattr(X, "dims") and hasattr(X, "coords") and hasattr(X, "attrs")


def open_labeled(X: Any) -> tuple[NDArray[Any], Labeled | None]:
    """X as an array, masked where it is nodata, and its labels if it is an image; channels last.

    Pixels are masked if a channel is NaN, or if all channels equal the nodata value.
    """
    if hasattr(X, "data_vars"):
        raise TypeError(
            f"X must be an array; got a {type(X).__name__} of several. Stack its variables as channels: "
            'X.to_dataarray("band").'
        )
    found = [name for name in X.dims if name in _CHANNELS]
    if len(X.dims) <= 2 and not found and not _PLACES.intersection(X.dims):
        return np.asarray(X), None  # a table
    if len(found) != 1:
        names = ", ".join(map(repr, _CHANNELS))
        raise ValueError(
            f"X has the dimensions {', '.join(map(repr, map(str, X.dims)))}; exactly one must be a dimension of "
            f"channels, named {names}. Rename it, X.rename(old='band'), or add it, X.expand_dims('band')."
        )
    array = X.transpose(..., found[0])
    data = np.asarray(array.data)
    mask = _find_missing(data, X)
    if mask.any():
        data = np.ma.MaskedArray(data, mask=np.broadcast_to(mask[..., np.newaxis], data.shape))
    return data, Labeled(array, X.dims) if data.ndim > 2 else None


def labels_of(X: Any) -> NDArray[Any]:
    """A label map with named dimensions as an array, masked where it is nodata."""
    data = np.asarray(X)
    mask = _find_missing(data[..., np.newaxis], X)
    return np.ma.MaskedArray(data, mask=mask) if mask.any() else data


def _find_missing(data: NDArray[Any], X: Any) -> NDArray[np.bool_]:
    """Where pixels are nodata."""
    is_float = data.dtype.kind == "f"
    mask = np.isnan(data).any(axis=-1) if is_float else np.zeros(data.shape[:-1], dtype=bool)
    encoding = getattr(X, "encoding", {})
    for name in _NO_DATA:
        number = X.attrs.get(name, encoding.get(name))
        if isinstance(number, Real) and not np.isnan(float(number)):
            mask |= (data == number).all(axis=-1)
    return np.asarray(mask)
