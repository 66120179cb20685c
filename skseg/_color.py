"""Color spaces: pure functions on float arrays of shape (..., 3), and the table that names them.

Every function takes or gives nonlinear sRGB, 0 to 1, white point D65. Conversions are scikit-image's where it has
them; the HSV cone and OKLab are ours. Nothing here knows scikit-learn, images or clustering.

References
----------
.. [1] A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978 (HSV as a hexcone).
.. [2] IEC 61966-2-1:1999 (sRGB and its transfer function).
.. [3] B. Ottosson, "A perceptual color space for image processing", 2020 (OKLab and its matrices).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import hed2rgb, hsv2rgb, lab2rgb, luv2rgb, rgb2hed, rgb2hsv, rgb2lab, rgb2luv, rgb2ycbcr, ycbcr2rgb

Floats = NDArray[np.float64]

_ROUNDING = 1e-6  # how far averaging and resizing may overshoot 0 and 1; the conversions are smooth enough not to mind


def unit_scale(dtype: np.dtype[Any]) -> float:
    """What 1.0 is in `dtype`: the maximum of 8-bit and 16-bit unsigned integers; other numbers stand for themselves."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" and dtype.itemsize <= 2 else 1.0


def to_unit(colors: NDArray[Any]) -> Floats:
    """Colors of any dtype as float64, scaled integers from 0 to 1."""
    unit = np.asarray(colors, dtype=np.float64)
    scale = unit_scale(colors.dtype)
    return unit if scale == 1 else unit / scale


def is_unit_range(colors: NDArray[Any]) -> bool:
    """Whether all colors lie between 0 and 1, in the units of their dtype, but for rounding errors."""
    scale = unit_scale(colors.dtype)
    return scale != 1 or bool(colors.min() >= -_ROUNDING and colors.max() <= 1 + _ROUNDING)


def hex_code(color: NDArray[Any]) -> str:
    """The code of an sRGB color, 0 to 1, as in HTML: "#rrggbb"."""
    return "#" + bytes(np.rint(255 * np.clip(color, 0, 1)).astype(np.uint8)).hex()


def rgb_to_hsv_cone(rgb: Floats) -> Floats:
    """HSV with hue as an angle: (chroma · cos 2πh, chroma · sin 2πh, value), chroma = max − min.

    Defined for all real numbers and homogeneous: scaling the colors scales the result.
    """
    red, green, blue = np.moveaxis(rgb, -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    divisor = np.where(chroma > 0, chroma, 1.0)  # a gray has no hue; any will do, its chroma is 0
    sixths = np.where(
        value == red,
        (green - blue) / divisor,
        np.where(value == green, 2 + (blue - red) / divisor, 4 + (red - green) / divisor),
    )
    hue = sixths * (np.pi / 3)
    return np.stack([chroma * np.cos(hue), chroma * np.sin(hue), value], axis=-1)


def hsv_cone_to_rgb(cone: Floats) -> Floats:
    """The inverse of `rgb_to_hsv_cone`."""
    x, y, value = np.moveaxis(cone, -1, 0)
    chroma, sixths = np.hypot(x, y), np.arctan2(y, x) * (3 / np.pi)
    from_channel = (np.array([5.0, 3.0, 1.0]) + sixths[..., np.newaxis]) % 6
    fall = np.clip(np.minimum(from_channel, 4 - from_channel), 0, 1)
    return np.asarray(value[..., np.newaxis] - chroma[..., np.newaxis] * fall)


_LMS_FROM_LINEAR_RGB = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_OKLAB_FROM_CUBE_ROOT_LMS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb_to_oklab(rgb: Floats) -> Floats:
    """OKLab: L from 0 to 1, a and b roughly from −0.4 to 0.4."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _LMS_FROM_LINEAR_RGB.T) @ _OKLAB_FROM_CUBE_ROOT_LMS.T)


def oklab_to_rgb(oklab: Floats) -> Floats:
    """The inverse of `rgb_to_oklab`; colors that sRGB cannot show are clipped to it."""
    lms = (oklab @ np.linalg.inv(_OKLAB_FROM_CUBE_ROOT_LMS).T) ** 3
    linear = np.clip(lms @ np.linalg.inv(_LMS_FROM_LINEAR_RGB).T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


@dataclass(frozen=True)
class ColorSpace:
    """One entry of the table: how to get there and back, and what its three channels are.

    Attributes
    ----------
    channels : names of the three channels
    from_rgb, to_rgb : functions on arrays of shape (..., 3)
    weights : how much each channel counts under ``channel_weights="auto"``
    unit_range : whether the space is defined for sRGB from 0 to 1 only
    """

    channels: tuple[str, str, str]
    from_rgb: Callable[[Floats], Floats]
    to_rgb: Callable[[Floats], Floats]
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit_range: bool = True


# Lightness varies with shading more than with material, so it counts half; OKLab's L is large against its a and b
# and is brought level by 0.4. "hsv-raw" stays as raw as the scripts that it reproduces.
COLOR_SPACES = {
    "rgb": ColorSpace(("red", "green", "blue"), np.array, np.array, unit_range=False),
    "hsv": ColorSpace(
        ("chroma_cos_hue", "chroma_sin_hue", "value"),
        rgb_to_hsv_cone,
        hsv_cone_to_rgb,
        weights=(1.0, 1.0, 0.5),
        unit_range=False,
    ),
    "hsv-raw": ColorSpace(("hue", "saturation", "value"), rgb2hsv, hsv2rgb),
    "lab": ColorSpace(("L", "a", "b"), rgb2lab, lab2rgb, weights=(0.5, 1.0, 1.0)),
    "luv": ColorSpace(("L", "u", "v"), rgb2luv, luv2rgb, weights=(0.5, 1.0, 1.0)),
    "ycbcr": ColorSpace(("Y", "Cb", "Cr"), rgb2ycbcr, ycbcr2rgb, weights=(0.5, 1.0, 1.0)),
    "hed": ColorSpace(("hematoxylin", "eosin", "dab"), rgb2hed, hed2rgb),
    "oklab": ColorSpace(("L", "a", "b"), rgb_to_oklab, oklab_to_rgb, weights=(0.4, 1.0, 1.0)),
}
