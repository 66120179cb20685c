"""Color spaces: pure functions on float arrays of shape (..., 3), and the table that names them.

Every function takes or gives nonlinear sRGB, 0 to 1, white point D65. Conversions are scikit-image's where it has
them; the HSV cone and OKLab are ours. Nothing here knows scikit-learn, images or clustering.

References
----------
.. [1] A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978 (HSV as a hexcone).
.. [2] IEC 61966-2-1:1999 (sRGB and its transfer function).
.. [3] B. Ottosson, "A perceptual color space for image processing", 2020 (OKLab and its matrices).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.color import hed2rgb, hsv2rgb, lab2rgb, luv2rgb, rgb2hed, rgb2hsv, rgb2lab, rgb2luv, rgb2ycbcr, ycbcr2rgb

Floats = NDArray[np.float64]

_LUMINANCE = np.array([0.2125, 0.7154, 0.0721])  # ITU-R BT.709, as in skimage.color.rgb2gray


def luminance(rgb: NDArray[Any]) -> Floats:
    """Luminance of sRGB colors of shape (..., 3), in their own units, without undoing gamma."""
    return np.asarray(rgb @ _LUMINANCE)


def linear_of(rgb: Floats) -> Floats:
    """Linear light of sRGB, with gamma undone; an odd function, defined for all real numbers."""
    size = np.abs(rgb)
    return np.copysign(np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4), rgb)


def gamma_of(linear: Floats) -> Floats:
    """The inverse of `linear_of`."""
    size = np.abs(linear)
    return np.copysign(np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055), linear)


def rgb_to_hsv_cone(rgb: Floats) -> Floats:
    """HSV with hue as an angle: (chroma · cos 2πh, chroma · sin 2πh, value), chroma = max − min.

    Defined for all real numbers and homogeneous: scaling the colors scales the result.
    """
    red, green, blue = np.ascontiguousarray(np.moveaxis(rgb, -1, 0))
    value = np.maximum(np.maximum(red, green), blue)
    chroma = value - np.minimum(np.minimum(red, green), blue)
    is_red, is_green = value == red, value == green
    hue = np.where(is_red, green - blue, np.where(is_green, blue - red, red - green))
    hue /= np.where(chroma > 0, chroma, 1.0)  # a gray has no hue; any will do, its chroma is 0
    hue += np.where(is_red, 0.0, np.where(is_green, 2.0, 4.0))
    hue *= np.pi / 3
    cone = np.empty((3, *value.shape))
    cone[0], cone[1], cone[2] = chroma * np.cos(hue), chroma * np.sin(hue), value
    return np.moveaxis(cone, 0, -1)


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
    return np.asarray(np.cbrt(linear_of(rgb) @ _LMS_FROM_LINEAR_RGB.T) @ _OKLAB_FROM_CUBE_ROOT_LMS.T)


def oklab_to_rgb(oklab: Floats) -> Floats:
    """The inverse of `rgb_to_oklab`; colors that sRGB cannot show are clipped to it."""
    lms = (oklab @ np.linalg.inv(_OKLAB_FROM_CUBE_ROOT_LMS).T) ** 3
    return gamma_of(np.clip(lms @ np.linalg.inv(_LMS_FROM_LINEAR_RGB).T, 0, 1))


def direction(colors: Floats) -> Floats:
    """Colors of any number of channels, divided by their lengths; 0 stays 0. Not a conversion from sRGB."""
    largest = np.abs(colors).max(axis=-1, keepdims=True, initial=0)
    unit = colors / np.where(largest > 0, largest, 1.0)  # so that no square is too large or too small
    length = np.sqrt((unit**2).sum(axis=-1, keepdims=True))
    return np.asarray(unit / np.where(length > 0, length, 1.0))


@dataclass(frozen=True)
class ColorSpace:
    """One entry of the table: the conversions, and the three channels.

    Attributes
    ----------
    channels : names of the three channels
    from_rgb, to_rgb : functions on arrays of shape (..., 3)
    weights : factor of each channel under ``channel_weights="auto"``
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
