"""Arrays that are read a slice at a time: memory-mapped ones, Zarr arrays, HDF5 datasets, large files."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._limits import LIMITS
from .base import SingleImage, declared_ndim, most_pixels, register, slices
from .maps import is_named
from .pixels import Place


@register
class SlicedImage(SingleImage):
    """An image with `shape`, `dtype` and slices.

    Its attribute ``chunks`` tells the shape of the pieces that are stored together; ``block_rows``, the number of rows.
    """

    priority: ClassVar[int] = 2
    is_in_memory: ClassVar[bool] = False

    def __init__(self, X: object) -> None:
        super().__init__(X)
        chunks = getattr(X, "chunks", None)
        if not (isinstance(chunks, tuple) and all(isinstance(size, Integral) and int(size) > 0 for size in chunks)):
            chunks = (getattr(X, "block_rows", 1), *self.shape[1:])
        self._rows, self._columns = map(int, chunks[:2])
        pixels_of_rows = self._rows * int(np.prod(self.shape[1:-1]))
        is_whole = self._columns == self.shape[1] or len(self.shape) == 2  # a table has no columns of pixels
        self.is_in_order = is_whole or pixels_of_rows <= most_pixels(LIMITS.block_pixels, self)
        self.has_label_map = not hasattr(X, "block_rows") and int(np.prod(self.shape[:-1])) <= LIMITS.label_map_pixels

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whether X is memory-mapped, or stored elsewhere."""
        n_dims = declared_ndim(X) or 0
        if isinstance(X, np.memmap) or hasattr(X, "block_rows"):
            return n_dims > 2 and getattr(X, "block_rows", 1) is not None
        if isinstance(X, np.ndarray) or is_named(X) or hasattr(X, "toarray"):  # as sparse matrices have
            return False
        return n_dims > 1 and hasattr(X, "__getitem__") and isinstance(getattr(X, "dtype", None), np.dtype)

    @property
    def array(self) -> NDArray[Any]:
        """The pixels, read whole."""
        return super().array if hasattr(self.data, "__array__") else np.asanyarray(self.data[...])

    def _places(self, n_pixels: int) -> Sequence[Place]:
        """Slices of whole rows; of some columns, if the rows that are stored together have too many pixels."""
        n_pixels = most_pixels(n_pixels, self)
        if self.is_in_order:
            return slices(self.shape[0], n_pixels // max(1, int(np.prod(self.shape[1:-1]))), self._rows)
        columns = slices(self.shape[1], n_pixels // (self._rows * int(np.prod(self.shape[2:-1]))), self._columns)
        return list(product(slices(self.shape[0], self._rows, self._rows), columns))
