"""Arrays in memory: images, stacks, masked tables, and whatever NumPy converts to them, such as images of PIL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._errors import check_kind, to_array
from .._limits import LIMITS
from .base import SingleImage, declared_ndim, register
from .pixels import Pixels, places

_PLAIN_MODES = ("1", "L", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")


@register
class ArrayImage(SingleImage):
    """An array of three or more dimensions, or a masked one. What is not an array is converted, once."""

    priority: ClassVar[int] = 1

    def __init__(self, X: Any) -> None:
        check_kind(X)
        super().__init__(X if isinstance(X, np.ndarray) else _convert(X))
        self.has_own_dtype = not isinstance(X, list | tuple)
        self._again = self.data if self.has_own_dtype else X

    @classmethod
    def supports(cls, X: Any) -> bool:
        """Whether X is an image in memory, or converts to one."""
        if isinstance(X, list | tuple):
            return _depth(X) > 2
        n_dims = declared_ndim(X)
        least = 2 if isinstance(X, np.ma.MaskedArray) else 3
        return hasattr(X, "getbands") or (n_dims is not None and n_dims >= least)

    @property
    def again(self) -> Any:
        """The array; lists stay lists, whose numbers have no type of their own."""
        return self._again

    def blocks(self, weights: NDArray[Any] | None = None, *, n_pixels: int | None = None) -> Iterator[Pixels]:
        """Views; fewer rows at a time if their pixels have to be copied."""
        dtype, start = self.data.dtype, 0
        n_pixels = n_pixels or LIMITS.block_pixels
        if isinstance(self.data, np.ma.MaskedArray) or not dtype.isnative:
            n_pixels = min(n_pixels, LIMITS.block_bytes // max(1, dtype.itemsize * self.data.shape[-1]))
        for place in places(self.data.shape, n_pixels):
            pixels = self.pixels(place, weights, start)
            yield pixels
            start += pixels.n_rows


def _convert(X: Any) -> NDArray[Any]:
    array = to_array(X)
    if not hasattr(X, "getbands"):
        return array
    if X.mode not in _PLAIN_MODES:
        plain = "L" if X.mode == "LA" else "RGB"
        raise ValueError(
            f"X is a PIL image of mode {X.mode!r}; its pixels must be gray or RGB. "
            f"Pass X.convert({plain!r}), or mask transparent pixels: np.ma.array(colors, mask=...)."
        )
    return array.reshape(*array.shape[:2], -1)  # a gray one has two dimensions, yet is no table


def _depth(X: Any) -> int:
    """How deep lists are nested."""
    depth = 0
    while isinstance(X, list | tuple) and X:
        X, depth = X[0], depth + 1
    return depth
