"""Arrays that are read a slice at a time: memory-mapped ones, and files too large for memory."""

from typing import ClassVar

import numpy as np

from .._limits import LIMITS
from .base import SingleImage, declared_ndim, register


@register
class SlicedImage(SingleImage):
    """An image with `shape`, `dtype` and slices of rows.

    Its attribute ``block_rows``, unless it is memory-mapped, tells how many rows are stored together.
    """

    priority: ClassVar[int] = 2
    is_in_memory: ClassVar[bool] = False

    def __init__(self, X: object) -> None:
        super().__init__(X)
        self.block_rows = getattr(X, "block_rows", 1)
        self.has_label_map = isinstance(X, np.memmap) and np.prod(X.shape[:-1]) <= LIMITS.label_map_pixels

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whether X is memory-mapped, or says how its rows are stored."""
        is_sliced = isinstance(X, np.memmap) or getattr(X, "block_rows", None) is not None
        return is_sliced and (declared_ndim(X) or 0) > 2
