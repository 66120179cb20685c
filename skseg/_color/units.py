"""Units of colors: 8-bit and 16-bit unsigned integers stand for 0 to 1, other numbers for themselves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDING = 1e-6  # how far averaging and resizing may overshoot 0 and 1; the conversions are smooth enough not to mind


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


def display_colors(colors: NDArray[Any]) -> Floats:
    """Colors of any dtype and number of channels as sRGB from 0 to 1, (n_colors, 3).

    Gray and RGB beyond the range of their dtype are stretched from the least to the largest number. Colors of other
    numbers of channels are grays, evenly spaced in the order of their means.
    """
    if colors.shape[1] not in (1, 3):
        ranks = np.argsort(np.argsort(colors.mean(axis=1, dtype=np.float64), kind="stable"))
        unit = (ranks / max(1, len(colors) - 1))[:, np.newaxis]
    elif not colors.size or is_unit_range(colors):
        unit = to_unit(colors).clip(0, 1)
    else:
        numbers = colors.astype(np.float64)
        unit = (numbers - numbers.min()) / (np.ptp(numbers) or 1.0)
    return np.repeat(unit, 3 // unit.shape[1], axis=1)


def round_to(numbers: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Numbers in a dtype, rounded and clipped to its range if it holds no fractions."""
    if dtype.kind == "f":
        return numbers.astype(dtype)
    limits = np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
    largest = np.nextafter(float(limits.max) + 1, 0)  # of 64 bits, the maximum itself rounds up to beyond the range
    return np.rint(numbers).clip(float(limits.min), largest).astype(dtype)
