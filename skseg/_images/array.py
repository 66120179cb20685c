"""Arrays in memory, tables, and whatever NumPy converts to them, such as images of PIL. The last resort for any X."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._errors import check_kind, to_array
from .._limits import LIMITS
from .base import SingleImage, declared_ndim, register
from .maps import is_named

_PLAIN_MODES = ("1", "L", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")


@register
class ArrayImage(SingleImage):
    """An image, a stack or a table in memory.

    What is not an array is converted, once. Tables such as DataFrames are left as they came: scikit-learn reads them.
    """

    priority: ClassVar[int] = -1

    def __init__(self, X: object) -> None:
        check_kind(X)
        is_list = isinstance(X, list | tuple)
        is_converted = is_list or is_named(X) or (declared_ndim(X) or 0) > 2
        super().__init__(_convert(X) if is_converted else X)
        if is_list:
            self.again, self.has_own_dtype = X, False
        self.has_label_map = not isinstance(X, np.memmap) or len(X) <= LIMITS.label_map_pixels

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whatever is of no other kind."""
        return True


def _convert(X: object) -> NDArray[Any]:
    array = to_array(X)
    if not hasattr(X, "getbands"):
        return array
    mode = getattr(X, "mode", None)
    if mode not in _PLAIN_MODES:
        plain = "L" if mode == "LA" else "RGB"
        raise ValueError(
            f"X is a PIL image of mode {mode!r}; its pixels must be gray or RGB. "
            f"Pass X.convert({plain!r}), or mask transparent pixels: np.ma.array(colors, mask=...)."
        )
    return array.reshape(*array.shape[:2], -1)  # a gray one has two dimensions, yet is no table
