"""Common parts of the displays: figures, drawable images, and colors.

matplotlib is imported only where it is needed, to keep `import skseg` fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._color import is_unit_range, luminance, to_unit

_PANEL = 3.4  # inches
_LONGEST = 1500  # pixels of a side that are drawn; more would not fit on a screen or a page
_MIDDLE = 0.5  # luminance between dark and light


def new_axis(size: tuple[float, float]) -> Any:
    return _pyplot().subplots(figsize=size, layout="constrained")[1]


def new_axes(n_panels: int, shape: tuple[int, ...]) -> Any:
    """Axes of a new figure for panels of an image of that shape: in a row if it is high, in rows if it is wide."""
    height, width = shape
    wide = width > 1.3 * height and n_panels == 4
    n_rows, n_columns = (n_panels, 1) if width > 4 * height else (2, 2) if wide else (1, n_panels)
    panel = np.clip([_PANEL, _PANEL * height / width], 1.2, 2 * _PANEL)
    size = (n_columns * panel[0] + 1.2, n_rows * (panel[1] + 0.35))
    return _pyplot().subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)[1]


def _pyplot() -> Any:
    """matplotlib's, which is an extra."""
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ImportError('Plots need matplotlib: python -m pip install "skseg[plot]"') from error
    return plt


def paper(figure: Any) -> str:
    """A gray on which black and white are visible, light or dark like the figure."""
    from matplotlib.colors import to_rgb  # noqa: PLC0415

    return "0.3" if is_dark(np.array(to_rgb(figure.get_facecolor()))) else "0.85"


def cluster_colors(segmenter: Any) -> NDArray[np.float64]:
    """The colors of the clusters of a segmenter of gray or RGB images, sRGB from 0 to 1, (n_clusters, 3)."""
    model = segmenter._model
    return np.asarray(as_rgb(model.palette(model.dtype)[np.newaxis])[0])


def thinned(image: Any) -> Any:
    """Every n-th row and column of an image or label map, up to the size of a screen."""
    step = -(-max(image.shape[:2]) // _LONGEST)
    return image[::step, ::step]


def as_rgb(image: Any) -> NDArray[np.float64]:
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


def is_dark(colors: NDArray[Any]) -> Any:
    """Whether sRGB colors from 0 to 1, (..., 3), are dark."""
    return luminance(colors) < _MIDDLE


def contrast_color(color: NDArray[Any]) -> tuple[float, float, float]:
    """White on dark colors, black on light ones."""
    return (1.0, 1.0, 1.0) if is_dark(color) else (0.0, 0.0, 0.0)
