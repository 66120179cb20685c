"""Images with named dimensions, such as a `DataArray` of xarray, around the image of any other kind in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .base import SingleImage, open_single, register
from .maps import open_map
from .names import (
    CHANNELS,
    COLUMNS,
    ROWS,
    channels_of,
    check_one,
    is_named,
    named_like,
    no_data_of,
    ordered,
    quoted,
    repainted,
)
from .no_data import find_missing
from .pixels import Pixels


@register
class NamedImage(SingleImage):
    """An image with a dimension of channels. Results have its names and coordinates."""

    priority: ClassVar[int] = 3

    def __init__(self, X: Any) -> None:
        check_one(X, "X")
        if len(channels_of(X)) != 1:
            raise ValueError(
                f"X has the dimensions {quoted(X.dims)}; exactly one must be a dimension of channels, named "
                f"{quoted(CHANNELS)}. Rename it, X.rename(old='band'), or add it, X.expand_dims('band')."
            )
        data = np.asarray(ordered(X).data)
        mask = find_missing(data, no_data_of(X))
        if mask.any():
            data = np.ma.MaskedArray(data, mask=np.broadcast_to(mask[..., np.newaxis], data.shape))
        super().__init__(data)
        self._named, self._image = X, open_single(data)
        self.is_table = self._image.is_table

    @classmethod
    def supports(cls, X: Any) -> bool:
        """Whether X has named dimensions, unless it is a table."""
        if not is_named(X):
            return False
        return hasattr(X, "data_vars") or len(X.dims) > 2 or bool(set(X.dims) & {*CHANNELS, *ROWS, *COLUMNS})

    @property
    def again(self) -> Any:
        """The array with its names."""
        return self._named

    @property
    def tables(self) -> list[Any]:
        """The array, if it is a table."""
        return self._image.tables

    def blocks(self, weights: NDArray[Any] | None = None, *, n_pixels: int | None = None) -> Iterator[Pixels]:
        """The blocks of the array."""
        for pixels in self._image.blocks(weights, n_pixels=n_pixels):
            pixels.has_names = True
            yield pixels

    def name(self, values: Any, *, is_color: bool = False) -> Any:
        """Values with the names of the array."""
        if self.is_table or not isinstance(values, np.ndarray):
            return values
        return repainted(self._named, values) if is_color else named_like(self._named, values)

    def open_map(self, values: Any, name: str) -> Any:
        """One value for each pixel, its dimensions in the order of the pixels."""
        return open_map(values, name, self._named)
