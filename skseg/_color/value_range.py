"""Which numbers stand for 0 and 1: the limits of a dtype, of the bits that a camera gives, or limits that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_BITS = (8, 10, 12, 14)  # of cameras; more need all of 16
_COPY = 257  # 8 bits are stored as 16 by multiplying with it
_ROUNDING = 1e-6  # how far averaging and resizing may overshoot 0 and 1; the conversions are smooth enough not to mind


@dataclass(frozen=True)
class ValueRange:
    """Which numbers of each dtype stand for 0 and 1. Those of 8 and 16 bits without a sign have all of their limits.

    Attributes
    ----------
    limits : those of integers of 16 bits, or of all numbers if they are given; None for the limits of the dtype
    is_given : whether they were given, not found; numbers beyond them are then 0 or 1
    """

    limits: tuple[float, float] | None = None
    is_given: bool = False

    def of(self, dtype: np.dtype[Any]) -> tuple[float, float]:
        """The numbers of a dtype that stand for 0 and 1; 0 and 1 themselves if its numbers are used as they are."""
        if self.limits is not None and (self.is_given or _has_16_bits(dtype)):
            return self.limits
        return 0.0, float(np.iinfo(dtype).max) if dtype.kind == "u" and dtype.itemsize <= 2 else 1.0

    def scale(self, dtype: np.dtype[Any]) -> float:
        """The difference of the numbers of a dtype that stand for 1 and 0."""
        low, high = self.of(dtype)
        return high - low

    def to_unit(self, colors: NDArray[Any], dtype: np.dtype[Any] | None = None) -> Floats:
        """Colors as float64, from 0 to 1 if they are in the range; `dtype` is the one that they are numbers of."""
        low, high = self.of(dtype or colors.dtype)
        unit = np.asarray(colors, dtype=np.float64)
        unit = unit if low == 0 else unit - low
        unit = unit if high - low == 1 else unit / (high - low)
        return unit.clip(0, 1) if self.is_given else unit

    def from_unit(self, unit: Floats, dtype: np.dtype[Any]) -> Floats:
        """The inverse of `to_unit`, not rounded."""
        low, high = self.of(dtype)
        return unit if (low, high) == (0, 1) else unit * (high - low) + low

    def holds(self, colors: NDArray[Any], dtype: np.dtype[Any] | None = None) -> bool:
        """Whether all colors, numbers of `dtype`, lie in the range, but for rounding errors, or are clipped to it."""
        low, high = self.of(dtype or colors.dtype)
        is_whole_dtype = colors.dtype.kind == "u" and colors.dtype.itemsize <= 2 and high == np.iinfo(colors.dtype).max
        if self.is_given or is_whole_dtype or not colors.size:
            return True
        rounding = _ROUNDING * (high - low)
        return bool(colors.min() >= low - rounding and colors.max() <= high + rounding)


OF_DTYPE = ValueRange()


def find_value_range(
    value_range: str | ArrayLike, colors: NDArray[Any], limits: NDArray[Any] | None = None
) -> ValueRange:
    """The range that a parameter means for colors, whose least and largest numbers are `limits`.

    With "auto", integers of 16 bits that are not negative have the range of 8, 10, 12, 14 or all of their bits,
    the least that hold the largest of them; 8 bits that were stretched to 16, that of 16.
    """
    if isinstance(value_range, str) and value_range == "dtype":
        return OF_DTYPE
    if not isinstance(value_range, str):
        return ValueRange(_given_limits(value_range), is_given=True)
    if not _has_16_bits(colors.dtype) or not colors.size:
        return OF_DTYPE
    low, high = (colors.min(), colors.max()) if limits is None else limits
    if low < 0:
        return OF_DTYPE
    return ValueRange((0.0, _largest(colors, int(high))))


def is_found(value_range: object, dtype: np.dtype[Any]) -> bool:
    """Whether the range depends on the colors."""
    return isinstance(value_range, str) and value_range == "auto" and _has_16_bits(dtype)


def check_value_range(value_range: str | ArrayLike) -> None:
    """Refuse what is neither a word nor limits."""
    if isinstance(value_range, str) and value_range in ("auto", "dtype"):
        return
    _given_limits(value_range)


def _has_16_bits(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "iu" and dtype.itemsize == 2


def _largest(colors: NDArray[Any], largest: int) -> float:
    """The number that stands for 1, if that of the colors is `largest`."""
    limit = int(np.iinfo(colors.dtype).max)
    fitting = [2**n_bits - 1 for n_bits in _BITS if largest < 2**n_bits]
    if not fitting or (colors.dtype.kind == "u" and not (colors % colors.dtype.type(_COPY)).any()):
        return float(limit)
    return float(fitting[0])


def _given_limits(value_range: ArrayLike) -> tuple[float, float]:
    try:
        low, high = np.asarray(value_range, dtype=np.float64).tolist()
        is_right = bool(low < high < np.inf and -np.inf < low and high - low < np.inf)
    except (TypeError, ValueError):
        is_right = False
    if not is_right:
        raise ValueError(
            "value_range must be 'auto', 'dtype' or two finite numbers (low, high), the lower one first; "
            f"got {value_range!r} instead."
        )
    return low, high
