"""Common parts of the displays: matplotlib, and colors that can be shown.

matplotlib is imported only where it is needed, to keep `import skseg` fast.
"""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._color import is_unit_range, luminance, to_unit

_MIDDLE = 0.5  # luminance between dark and light


def pyplot() -> ModuleType:
    """matplotlib's, which is an extra."""
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ImportError('Plots need matplotlib: python -m pip install "skseg[plot]"') from error
    return plt


def as_rgb(image: NDArray[Any]) -> NDArray[np.float64]:
    """An image of one or three channels as sRGB from 0 to 1, (height, width, 3)."""
    pixels = np.ma.filled(image, 0)
    check_can_be_shown(pixels)
    unit = to_unit(pixels)
    return np.asarray(np.broadcast_to(unit, (*unit.shape[:2], 3)).clip(0, 1))


def check_can_be_shown(pixels: NDArray[Any]) -> None:
    """Refuse an image that is neither gray nor RGB."""
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3):
        raise ValueError(
            f"Only images (height, width, 1) or (height, width, 3) can be shown; got the shape {pixels.shape}. "
            "For other images, pass the channels to show, for example image=X[..., [2, 1, 0]]."
        )
    if not is_unit_range(pixels):
        raise ValueError(
            f"image must be uint8, uint16, bool or lie from 0 to 1 to be shown; got {pixels.dtype} from "
            f"{pixels.min():g} to {pixels.max():g}. Scale it."
        )


def is_dark(colors: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether sRGB colors from 0 to 1, (..., 3), are dark."""
    return np.asarray(luminance(colors) < _MIDDLE)
