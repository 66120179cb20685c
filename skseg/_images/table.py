"""Pixel tables: arrays of two dimensions, DataFrames, and lists of lists of numbers. The last resort for any X."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._errors import check_kind, to_array
from .._limits import LIMITS
from .base import SingleImage, register
from .names import is_named
from .pixels import Pixels, places


@register
class Table(SingleImage):
    """A table (n_pixels, n_channels), left as it came: scikit-learn reads it."""

    priority: ClassVar[int] = -1
    is_table = True

    def __init__(self, X: Any) -> None:
        check_kind(X)
        if isinstance(X, list | tuple):
            to_array(X)  # which refuses lists of different lengths
        super().__init__(np.asarray(X) if is_named(X) else X)
        self.has_own_dtype = not isinstance(X, list | tuple)
        self.has_label_map = not isinstance(X, np.memmap) or len(X) <= LIMITS.label_map_pixels

    @classmethod
    def supports(cls, X: Any) -> bool:
        """Whatever is of no other kind."""
        return True

    @property
    def tables(self) -> list[Any]:
        """The table itself."""
        return [self.data]

    def blocks(self, weights: NDArray[Any] | None = None, *, n_pixels: int | None = None) -> Iterator[Pixels]:
        """Views of arrays; other tables stay whole."""
        is_array, start = isinstance(self.data, np.ndarray) and self.data.ndim == 2, 0
        for place in places(self.data.shape, n_pixels or LIMITS.block_pixels) if is_array else [slice(None)]:
            pixels = self.pixels(place, weights, start)
            yield pixels
            start += pixels.n_rows if is_array else 0
