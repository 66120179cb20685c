"""Arrays that are read a slice at a time: memory-mapped ones, and files too large for memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._limits import LIMITS
from .base import SingleImage, declared_ndim, register
from .pixels import Pixels, places


@register
class SlicedImage(SingleImage):
    """An image with `shape`, `dtype` and slices of rows.

    Its attribute ``block_rows``, unless it is memory-mapped, tells how many rows are stored together.
    """

    priority: ClassVar[int] = 2
    is_in_memory: ClassVar[bool] = False

    def __init__(self, X: Any) -> None:
        super().__init__(X)
        n_pixels = int(np.prod(self.shape[:-1]))
        self.has_label_map = isinstance(X, np.memmap) and n_pixels <= LIMITS.label_map_pixels

    @classmethod
    def supports(cls, X: Any) -> bool:
        """Whether X is memory-mapped, or says how its rows are stored."""
        n_dims = declared_ndim(X)
        is_sliced = isinstance(X, np.memmap) or getattr(X, "block_rows", None) is not None
        return is_sliced and n_dims is not None and n_dims > 2

    def blocks(self, weights: NDArray[Any] | None = None, *, n_pixels: int | None = None) -> Iterator[Pixels]:
        """Whole blocks of rows, read when their turn comes."""
        shape, dtype, start = self.shape, self.data.dtype, 0
        n_pixels = min(n_pixels or LIMITS.block_pixels, LIMITS.block_bytes // max(1, dtype.itemsize * shape[-1]))
        for place in places(shape, n_pixels, getattr(self.data, "block_rows", 1)):
            part = None if weights is None else weights[place]
            pixels = Pixels(np.asanyarray(self.data[place]), place, weights=part, start=start, image_shape=self.shape)
            yield pixels
            start += pixels.n_rows
