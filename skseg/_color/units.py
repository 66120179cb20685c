"""Colors in the numbers of another dtype, and as they are shown."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .value_range import ValueRange, find_value_range

Floats = NDArray[np.float64]
Limits = tuple[float, float]

_SHOWN = {1: [0, 0, 0], 2: [0, 1, 1]}  # channels that are shown as red, green and blue; the first three of more
_TAILS = 0.001, 0.999  # shares of the numbers that are black at least, and not white at most, if they are stretched
_MAX_MEASURED = 1 << 20  # numbers whose limits are measured


def to_uint8(unit: NDArray[Any]) -> NDArray[np.uint8]:
    """Colors from 0 to 1 as 8 bits, clipped and rounded; those of 8 bits as they are."""
    return unit if unit.dtype == np.uint8 else np.rint(255 * np.clip(unit, 0, 1)).astype(np.uint8)


def hex_code(color: Floats) -> str:
    """The code of an sRGB color, 0 to 1, as in HTML: "#rrggbb"."""
    return "#" + bytes(to_uint8(color)).hex()


def display_colors(colors: NDArray[Any], limits: Limits | None = None) -> Floats:
    """Colors of any dtype and number of channels as sRGB from 0 to 1, (..., 3), stretched from the limits.

    One channel is gray, two are red and cyan, and the first three of more are red, green and blue. The default limits
    are those of the colors themselves.
    """
    low, high = limits or display_limits(colors)
    return ((shown_channels(np.ma.filled(colors, 0)).astype(np.float64) - low) / (high - low)).clip(0, 1)


def display_limits(colors: NDArray[Any], value_range: ValueRange | None = None) -> Limits:
    """The numbers of colors, maybe masked, that are shown as 0 and 1.

    If one or three channels lie in the range, by default the one that they show, its limits. Otherwise the least and
    the largest of the shown numbers, but for outliers.
    """
    numbers = np.ma.compressed(colors)
    value_range = value_range or find_value_range("auto", numbers)
    if colors.shape[-1] in (1, 3) and value_range.holds(numbers):
        return value_range.of(colors.dtype)
    numbers = np.ma.compressed(shown_channels(colors))
    some = numbers[:: 1 + numbers.size // _MAX_MEASURED].astype(np.float64)
    low, high = np.quantile(some, _TAILS).tolist() if some.size else (0.0, 1.0)
    return low, high if high > low else low + 1


def shown_channels(colors: NDArray[Any]) -> NDArray[Any]:
    """The channels that are shown as red, green and blue."""
    return colors[..., _SHOWN.get(colors.shape[-1], slice(3))]


def shown_as(n_channels: int, names: Sequence[str] = ()) -> str:
    """Which channels are shown in which colors, if that is not their own; numbered from 1 if they have no names."""
    if n_channels in (1, 3):
        return ""
    first = list(names) or [str(number) for number in range(1, n_channels + 1)]
    if n_channels == 2:
        return f"{first[0]} as red, {first[1]} as cyan"
    return f"{first[0]}, {first[1]}, {first[2]} as red, green, blue"


def round_to(numbers: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Numbers in a dtype, rounded and clipped to its range if it holds no fractions."""
    if dtype.kind == "f":
        return numbers.astype(dtype)
    limits = np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
    largest = np.nextafter(float(limits.max) + 1, 0)  # of 64 bits, the maximum itself rounds up to beyond the range
    return np.rint(numbers).clip(float(limits.min), largest).astype(dtype)
