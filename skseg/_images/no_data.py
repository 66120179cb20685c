"""Nodata: numbers that mark pixels as missing. One rule, for files and for arrays with named dimensions."""

from collections.abc import Iterable, Sequence
from math import isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


NoData = float | Sequence[float | None] | None  # of all channels, or of each


def find_missing(pixels: NDArray[Any], no_data: Iterable[NoData]) -> Mask:
    """Which pixels, (..., n_channels), have NaN or a nodata value."""
    is_float = pixels.dtype.kind == "f"
    missing = np.isnan(pixels).any(axis=-1) if is_float else np.zeros(pixels.shape[:-1], dtype=bool)
    for number in no_data:
        missing |= have_no_data(number, pixels)
    return np.asarray(missing)


def have_no_data(no_data: NoData, pixels: NDArray[Any]) -> Mask:
    """Which pixels have a nodata value in any channel that has one.

    Valid pixels of integers have values of 0 or more in some channels, so such values must be in all.
    """
    numbers = list(no_data) if isinstance(no_data, Sequence) else [no_data] * pixels.shape[-1]
    known = [channel for channel, number in enumerate(numbers) if number is not None and holds(pixels.dtype, number)]
    if not known:
        return np.zeros(pixels.shape[:-1], dtype=bool)
    values = np.array([pixels.dtype.type(numbers[channel]) for channel in known])
    is_equal = (pixels if len(known) == pixels.shape[-1] else pixels[..., known]) == values
    any_counts = pixels.dtype.kind == "f" or values.min() < 0
    return np.asarray((np.any if any_counts else np.all)(is_equal, axis=-1))


def holds(dtype: np.dtype[Any], number: float) -> bool:
    """Whether a dtype holds a number without overflow or rounding to an integer."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return bool(isinf(number) or not np.isinf(dtype.type(number)))
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return bool(low <= number <= high and float(number).is_integer())


def free_no_data(number: float | None, colors: NDArray[Any]) -> float | None:
    """The nodata value of an image: `number`, unless a color is read as nodata; else NaN, or None for integers."""
    if number is not None and holds(colors.dtype, number) and not have_no_data(number, colors).any():
        return number
    return float("nan") if colors.dtype.kind == "f" else None


def with_no_data(colors: NDArray[Any]) -> tuple[NDArray[Any], float | None]:
    """Colors with a nodata value in the masked pixels, and the value; None if there are none or no value is free."""
    data, mask = np.ma.getdata(colors), mask_of(colors)
    if not mask.any():
        return data, None
    known = data[~mask]
    number = free_no_data(None, known)
    if data.dtype.kind in "iu":  # of 0 or more, which must be in all channels
        grays = set(known[(known == known[:, :1]).all(axis=1), 0].tolist())
        number = next((each for each in range(np.iinfo(data.dtype).max, -1, -1) if each not in grays), None)
    if number is not None:
        data = np.where(mask[..., np.newaxis], data.dtype.type(number), data)
    return data, number


def hide(pixels: NDArray[Any], is_hidden: Mask) -> NDArray[Any]:
    """Pixels, of which some are masked, in addition to those that were."""
    if not is_hidden.any():
        return pixels
    mask = np.ma.getmaskarray(pixels) | is_hidden[..., np.newaxis]
    return np.ma.MaskedArray(np.ma.getdata(pixels), mask=mask)


def mask_of(colors: NDArray[Any]) -> Mask:
    """Which pixels are masked in any channel."""
    return np.asarray(np.ma.getmaskarray(colors).any(axis=-1))
