"""Common parts of the displays: matplotlib, and colors that can be shown.

matplotlib is imported only where it is needed, to keep `import skseg` fast.
"""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._color import luminance

_MIDDLE = 0.5  # luminance between dark and light


def pyplot() -> ModuleType:
    """matplotlib's, which is an extra."""
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ImportError('Plots need matplotlib: python -m pip install "skseg[plot]"') from error
    return plt


def check_can_be_shown(image: NDArray[Any]) -> None:
    """Refuse what is not one image."""
    if image.ndim != 3:
        raise ValueError(
            f"Only images (height, width, n_channels) can be shown; got the shape {image.shape}. Show the images of a "
            "stack one by one; a gray image has a channel, too: image[..., np.newaxis]."
        )


def is_dark(colors: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether sRGB colors from 0 to 1, (..., 3), are dark."""
    return np.asarray(luminance(colors) < _MIDDLE)
