"""Images with named dimensions, such as a `DataArray` of xarray, and results with the names of an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import maps
from .base import SingleImage, register
from .lazy import LazyImage
from .maps import is_lazy, is_named
from .no_data import find_missing, have_no_data, mask_of, with_no_data

if TYPE_CHECKING:
    from xarray import DataArray


@register
class NamedImage(SingleImage):
    """An image with a dimension of channels. Results have its names and coordinates."""

    priority: ClassVar[int] = 3

    def __init__(self, X: DataArray) -> None:
        _check_dimensions(X)
        X = X.copy(deep=False, data=np.asarray(X.data))  # read here if it is lazy
        data = ordered(X).data
        mask = find_missing(data, maps.no_data_of(X))
        if mask.any():
            data = np.ma.MaskedArray(data, mask=np.broadcast_to(mask[..., np.newaxis], data.shape))
        super().__init__(data)
        self.again, self.channel_names = X, maps.channel_names(X)

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whether X has named dimensions, unless it is a table."""
        known = {*maps.CHANNELS, *maps.ROWS, *maps.COLUMNS}
        return is_named(X) and (hasattr(X, "data_vars") or len(X.dims) > 2 or not known.isdisjoint(X.dims))

    def name(self, values: NDArray[Any], *, is_color: bool = False) -> Any:
        """Values with the names of the array."""
        if self.is_table or not isinstance(values, np.ndarray):
            return values
        return repainted(self.again, values) if is_color else named_like(self.again, values)


@register
class LazyNamedImage(LazyImage):
    """A Dask array with named dimensions. Results are so, too."""

    priority: ClassVar[int] = 4

    def __init__(self, X: DataArray) -> None:
        _check_dimensions(X)
        data = ordered(X).data.rechunk({X.ndim - 1: -1})
        self._no_data = maps.no_data_of(X)
        if self._no_data or X.dtype.kind == "f":
            meta = np.ma.empty((0,) * X.ndim, dtype=X.dtype)
            data = data.map_blocks(_mask_missing, self._no_data, dtype=X.dtype, meta=meta)
        super().__init__(data)
        self.again, self.channel_names = X, maps.channel_names(X)

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whether X has named dimensions around a Dask array."""
        return NamedImage.supports(X) and is_lazy(getattr(X, "data", None))

    def name(self, values: Any, *, is_color: bool = False) -> Any:
        """Values with the names of the array; nodata of lazy ones is chosen without a look at them."""
        if not is_lazy(values):
            return repainted(self.again, values) if is_color else named_like(self.again, values)
        meta = values._meta  # noqa: SLF001, there is no public name
        is_masked = isinstance(meta, np.ma.MaskedArray)
        unmask, no_data = (_avoid, self._no_data) if is_color else (_unmask, [])
        data = values.map_blocks(unmask, no_data, dtype=values.dtype, meta=np.ma.getdata(meta))
        if is_color:
            return _ordered_like(self.again, data, self.again.attrs, self.again.encoding)
        number = float("nan") if values.dtype.kind == "f" else -1
        return _with_names(self.again, data, number if is_masked else None)


def named_like(X: DataArray, values: NDArray[Any]) -> DataArray:
    """One value for each pixel of an image or map X, or several, with its coordinates; channels first if X has none.

    Masked labels are -1. Other masked values get a nodata value that no pixel has.
    """
    if values.ndim == X.ndim - len(maps.channels_of(X)):
        return _with_names(X, np.ma.getdata(values), -1 if isinstance(values, np.ma.MaskedArray) else None)
    return _with_names(X, *with_no_data(values))


def _with_names(X: DataArray, data: NDArray[Any], number: float | None) -> DataArray:
    """See `named_like`; `number` marks nodata."""
    channels, dims = maps.channels_of(X), X.dims
    pixels = maps.rows_first(X).isel(dict.fromkeys(channels, 0), drop=True)
    if data.ndim > pixels.ndim:
        channel, dims = (channels[0], dims) if channels else (maps.CHANNELS[0], (maps.CHANNELS[0], *dims))
        coordinates = {channel: np.arange(data.shape[-1])}
        pixels = pixels.drop_vars([channel], errors="ignore").expand_dims(coordinates, axis=-1)
    result = pixels.copy(data=data)
    result.attrs = {} if number is None else {"_FillValue": number}
    result.encoding = {name: value for name, value in result.encoding.items() if name == "grid_mapping"}
    return result.transpose(*(name for name in dims if name in result.dims))


def repainted(X: DataArray, colors: NDArray[Any]) -> DataArray:
    """An image in other colors; masked pixels as they are in `colors`.

    If a color would be read as nodata, masked pixels get another nodata value.
    """
    data, attrs, encoding = np.ma.getdata(colors), X.attrs, X.encoding
    if any(have_no_data(number, data[~mask_of(colors)]).any() for number in maps.no_data_of(X)):
        data, number = with_no_data(colors)
        attrs, encoding = (
            {name: each[name] for name in each if name not in maps.NO_DATA} for each in (attrs, encoding)
        )
        attrs |= {} if number is None else {"_FillValue": number}
    return _ordered_like(X, data, attrs, encoding)


def _ordered_like(X: DataArray, data: NDArray[Any], attrs: dict[Any, Any], encoding: dict[Any, Any]) -> DataArray:
    """Colors with the names of an image, its dimensions in their order."""
    result = ordered(X).copy(data=data)
    result.attrs, result.encoding = attrs, encoding
    return result.transpose(*X.dims)


def ordered(X: DataArray) -> DataArray:
    """An image with its channels last."""
    return maps.rows_first(X).transpose(..., *maps.channels_of(X))


def _check_dimensions(X: DataArray) -> None:
    maps.check_one(X, "X")
    if len(maps.channels_of(X)) != 1:
        raise ValueError(
            f"X has the dimensions {maps.quoted(X.dims)}; exactly one must be a dimension of channels, named "
            f"{maps.quoted(maps.CHANNELS)}. Rename it, X.rename(old='band'), or add it, X.expand_dims('band')."
        )


def _mask_missing(chunk: NDArray[Any], no_data: list[float]) -> NDArray[Any]:
    mask = find_missing(chunk, no_data)
    return np.ma.MaskedArray(chunk, mask=np.broadcast_to(mask[..., np.newaxis], chunk.shape))


def _unmask(chunk: NDArray[Any], _: list[float]) -> NDArray[Any]:
    return np.ma.getdata(chunk)


def _avoid(chunk: NDArray[Any], no_data: list[float]) -> NDArray[Any]:
    """Colors, as they are under the mask; those that would be read as nodata differ by a step from it."""
    colors, mask = np.ma.getdata(chunk), mask_of(chunk)
    for number in no_data:
        taken = have_no_data(number, colors) & ~mask
        if taken.any():
            is_equal = colors[taken] == number
            if colors.dtype.kind != "f" and number >= 0:  # all channels are equal; one that differs is enough
                is_equal[:, 1:] = False
            colors = colors.copy()
            colors[taken] = np.where(is_equal, _next_to(number, colors.dtype), colors[taken])
    return colors


def _next_to(number: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """A neighbor of a number, towards 0."""
    if dtype.kind == "f":
        return np.asarray(np.nextafter(np.array(number, dtype), np.array(0 if number else 1, dtype)))
    return np.array(number - 1 if number > 0 else number + 1, dtype)
