"""The way from colors to the coordinates that k-means works in, as the parameters of an estimator mean it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .spaces import COLOR_SPACES, ColorSpace, direction
from .value_range import OF_DTYPE, ValueRange

Floats = NDArray[np.float64]

DIRECTION = "direction"
COLOR_SPACE_NAMES = ("auto", *COLOR_SPACES, DIRECTION)


@dataclass(eq=False)
class Conversion:
    """The way from colors of some number of channels to the coordinates that k-means works in.

    Attributes
    ----------
    name : the parameter `color_space`
    space : its entry in the table, None if colors are not converted from sRGB
    weights : factor of each channel after conversion, (n_channels,)
    learns_weights : whether the weights are still to be learned from colors
    value_range : the numbers that stand for 0 and 1
    """

    name: str | None
    space: ColorSpace | None
    weights: Floats
    learns_weights: bool = False
    value_range: ValueRange = OF_DTYPE

    @property
    def is_srgb(self) -> bool:
        """Whether three channels are sRGB."""
        return self.name not in (None, DIRECTION)

    @property
    def is_linear(self) -> bool:
        """Whether colors are only scaled: the coordinates of a mean are then the mean of the coordinates."""
        return self.space is None and self.name != DIRECTION and not self.value_range.is_given

    def convert(self, colors: NDArray[Any], dtype: np.dtype[Any] | None = None) -> Floats:
        """Coordinates of colors, (n_colors, n_channels); `dtype` is the one that they are numbers of."""
        unit = self.value_range.to_unit(colors, dtype)
        if self.name == DIRECTION:
            unit = direction(unit)
        coordinates = self.space.from_rgb(unit) if self.space else unit
        if (self.weights == 1).all() and not np.may_share_memory(coordinates, colors):
            return coordinates
        return np.asarray(coordinates * self.weights)

    def invert(self, coordinates: Floats) -> Floats:
        """Colors from 0 to 1, or as they are, of coordinates; of a direction, the color of length 1."""
        if not self.weights.all():
            raise ValueError(
                f"channel_weights must not contain 0 for inverse_transform; got {self.weights.tolist()}: "
                "the coordinate of that channel is lost."
            )
        unweighted = coordinates / self.weights
        return self.space.to_rgb(unweighted) if self.space else unweighted

    def with_weights(self, weights: Floats) -> Conversion:
        """The same conversion with weights that were learned."""
        return replace(self, weights=weights, learns_weights=False)

    def with_range(self, value_range: ValueRange) -> Conversion:
        """The same conversion of numbers of another range."""
        return replace(self, value_range=value_range)

    def check_range(self, colors: NDArray[Any], name: str = "the pixels") -> None:
        """Refuse colors outside the range of the color space."""
        if self.space and self.space.unit_range and not self.value_range.holds(colors):
            low, high = self.value_range.of(colors.dtype)
            raise ValueError(
                f"color_space={self.name!r} needs sRGB from 0 to 1, or uint8, or uint16; got {name} as {colors.dtype} "
                f"from {colors.min():g} to {colors.max():g}, beyond the range of {low:g} to {high:g}. "
                f"Pass value_range=(low, high) with the numbers that stand for 0 and 1, mask what lies beyond, or use "
                "'hsv', 'rgb' or None, which take any range."
            )

    def names(self, channels: list[str]) -> list[str]:
        """Names of the coordinates, from the names of the channels."""
        return list(self.space.channels) if self.space else channels


def find_conversion(color_space: str | None, channel_weights: object, n_channels: int) -> Conversion:
    """The conversion that the parameters of an estimator mean for a number of channels.

    Weights that are to be learned are 1 until then.
    """
    space = _find_space(color_space, n_channels)
    if isinstance(channel_weights, str) and channel_weights == "auto":
        weights = np.array(space.weights if space else [1.0] * n_channels)
    elif channel_weights is None or is_learned(channel_weights):
        weights = np.ones(n_channels)
    else:
        weights = _check_channel_weights(channel_weights, n_channels)
    return Conversion(color_space, space, weights, learns_weights=is_learned(channel_weights))


def is_learned(channel_weights: object) -> bool:
    """Whether `channel_weights` asks for weights that are learned from colors."""
    return isinstance(channel_weights, str) and channel_weights == "scale"


def check_not_alpha(n_channels: int, color_space: str | None) -> None:
    """Refuse an image of four channels under "auto", since the fourth could be alpha or a band."""
    if color_space == "auto" and n_channels == 4:
        raise ValueError(
            "color_space='auto' is ambiguous for an image of 4 channels. If the fourth is alpha, make it a "
            "mask: np.ma.array(image[..., :3], mask=np.repeat(image[..., 3:] == 0, 3, axis=-1)); "
            "if all are bands, set color_space=None."
        )


def _find_space(name: object, n_channels: int) -> ColorSpace | None:
    if name is None or (isinstance(name, str) and (name == DIRECTION or (name == "auto" and n_channels != 3))):
        return None
    if not isinstance(name, str) or name not in COLOR_SPACE_NAMES:
        allowed = ", ".join(map(repr, COLOR_SPACE_NAMES))
        raise ValueError(f"color_space must be one of {allowed} or None; got {name!r} instead.")
    if n_channels != 3:
        raise ValueError(
            f"color_space={name!r} needs 3 channels; got {n_channels} instead. A 2-D array is a pixel table "
            "(n_pixels, n_channels), a gray image has the shape (height, width, 1): image[..., np.newaxis]; "
            "color_space=None and 'direction' take any number of channels."
        )
    return COLOR_SPACES["hsv" if name == "auto" else name]


def _check_channel_weights(channel_weights: object, n_channels: int) -> Floats:
    try:
        weights: Floats = np.array(channel_weights, dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (n_channels,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"channel_weights must be 'auto', 'scale', None or {n_channels} finite numbers, one per channel, none "
            f"negative and not all 0; got {channel_weights!r} instead."
        )
    return weights
