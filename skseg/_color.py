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
_LUMINANCE = np.array([0.2125, 0.7154, 0.0721])  # ITU-R BT.709, as in skimage.color.rgb2gray


def unit_scale(dtype: np.dtype[Any]) -> float:
    """The value of 1.0 in `dtype`: the maximum of 8-bit and 16-bit unsigned integers, 1 for all other numbers."""
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


def to_uint8(colors: NDArray[Any]) -> NDArray[np.uint8]:
    """Colors of any dtype as 8 bits, clipped and rounded."""
    return colors if colors.dtype == np.uint8 else np.rint(255 * np.clip(to_unit(colors), 0, 1)).astype(np.uint8)


def hex_code(color: NDArray[Any]) -> str:
    """The code of an sRGB color, 0 to 1, as in HTML: "#rrggbb"."""
    return "#" + bytes(to_uint8(color)).hex()


def luminance(rgb: NDArray[Any]) -> Floats:
    """Luminance of sRGB colors of shape (..., 3), in their own units, without undoing gamma."""
    return np.asarray(rgb @ _LUMINANCE)


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
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _LMS_FROM_LINEAR_RGB.T) @ _OKLAB_FROM_CUBE_ROOT_LMS.T)


def oklab_to_rgb(oklab: Floats) -> Floats:
    """The inverse of `rgb_to_oklab`; colors that sRGB cannot show are clipped to it."""
    lms = (oklab @ np.linalg.inv(_OKLAB_FROM_CUBE_ROOT_LMS).T) ** 3
    linear = np.clip(lms @ np.linalg.inv(_LMS_FROM_LINEAR_RGB).T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


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


@dataclass(frozen=True)
class Conversion:
    """The way from colors of some number of channels to the coordinates that k-means works in.

    Attributes
    ----------
    name : the parameter `color_space`
    space : its entry in the table, None if colors are not converted
    weights : factor of each channel after conversion, (n_channels,)
    """

    name: str | None
    space: ColorSpace | None
    weights: Floats

    def convert(self, colors: NDArray[Any]) -> Floats:
        """Coordinates of colors of any dtype, (n_colors, n_channels)."""
        unit = to_unit(colors)
        return np.asarray((self.space.from_rgb(unit) if self.space else unit) * self.weights)

    def invert(self, coordinates: Floats) -> Floats:
        """Colors from 0 to 1, or as they are, of coordinates."""
        if not self.weights.all():
            raise ValueError(
                f"channel_weights must not contain 0 for inverse_transform; got {self.weights.tolist()}: "
                "the coordinate of that channel is lost."
            )
        unweighted = coordinates / self.weights
        return self.space.to_rgb(unweighted) if self.space else unweighted

    def check_range(self, colors: NDArray[Any], name: str = "X") -> None:
        """Refuse colors outside the range of the color space."""
        if self.space and self.space.unit_range and colors.size and not is_unit_range(colors):
            raise ValueError(
                f"color_space={self.name!r} needs sRGB from 0 to 1, or uint8, or uint16; got {name} as "
                f"{colors.dtype} from {colors.min():g} to {colors.max():g} instead. "
                f"Scale {name}, or use 'hsv', 'rgb' or None, which take any range."
            )

    def names(self, channels: list[str]) -> list[str]:
        """Names of the coordinates of colors whose channels have these names."""
        return list(self.space.channels) if self.space else channels


def find_conversion(color_space: str | None, channel_weights: Any, n_channels: int) -> Conversion:
    """The conversion that the parameters of an estimator mean for a number of channels."""
    space = _find_space(color_space, n_channels)
    if isinstance(channel_weights, str) and channel_weights == "auto":
        weights = np.array(space.weights if space else [1.0] * n_channels)
    elif channel_weights is None:
        weights = np.ones(n_channels)
    else:
        weights = _check_channel_weights(channel_weights, n_channels)
    return Conversion(color_space, space, weights)


def check_not_alpha(shape: tuple[int, ...], color_space: str | None) -> None:
    """Refuse an image of four channels under "auto": whether the fourth is alpha or a band, X does not say."""
    if color_space == "auto" and len(shape) > 2 and shape[-1] == 4:
        raise ValueError(
            "color_space='auto' does not guess what the 4 channels of an image are. If the fourth is alpha, make it a "
            "mask: np.ma.array(image[..., :3], mask=np.repeat(image[..., 3:] == 0, 3, axis=-1)); "
            "if they are bands, set color_space=None."
        )


def _find_space(name: str | None, n_channels: int) -> ColorSpace | None:
    if name is None or (name == "auto" and n_channels != 3):
        return None
    if not isinstance(name, str) or name not in ("auto", *COLOR_SPACES):
        allowed = ", ".join(repr(known) for known in ["auto", *COLOR_SPACES])
        raise ValueError(f"color_space must be one of {allowed} or None; got {name!r} instead.")
    if n_channels != 3:
        raise ValueError(
            f"color_space={name!r} needs 3 channels; got X with {n_channels} instead. A 2-D array is a pixel table "
            "(n_pixels, n_channels), a gray image has the shape (height, width, 1): image[..., np.newaxis]; "
            "color_space=None takes any number of channels."
        )
    return COLOR_SPACES["hsv" if name == "auto" else name]


def _check_channel_weights(channel_weights: Any, n_channels: int) -> NDArray[np.float64]:
    try:
        weights = np.asarray(channel_weights, dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (n_channels,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"channel_weights must be 'auto', None or {n_channels} finite numbers, one per channel of X, "
            f"none negative and not all 0; got {channel_weights!r} instead."
        )
    return weights
