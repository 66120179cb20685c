"""The colors of a large image, averaged over small squares, so that noise does not cut it into crumbs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from .._source import Source

Mask = NDArray[np.bool_] | None


def average(source: Source, side: int) -> Source:
    """An image with the mean of the square around each pixel, in its dtype; masked pixels do not count.

    `side` of the square is an odd number of pixels.
    """
    pixels = source.pixels()
    if side == 1 or pixels.data.dtype.kind not in "biuf":
        return source
    known = None if pixels.mask is None else _mean((~pixels.mask).astype(np.float32), side)
    averaged = np.empty_like(pixels.data)
    for channel in range(averaged.shape[-1]):
        averaged[..., channel] = _average_plane(pixels.data[..., channel], side, pixels.mask, known)
    masked = source.data if isinstance(source.data, np.ma.MaskedArray) else None
    return replace(source, data=averaged if masked is None else np.ma.MaskedArray(averaged, mask=masked.mask))


def _average_plane(plane: NDArray[Any], side: int, mask: Mask, known: NDArray[np.float32] | None) -> NDArray[Any]:
    # means of bytes are exact enough in single precision to be the same in a rotated image
    numbers = plane.astype(np.float32 if plane.dtype.itemsize == 1 else np.float64)
    if mask is None or known is None:
        means = _mean(numbers, side)
    else:
        numbers[mask] = 0
        means = _mean(numbers, side) / np.where(mask, 1, known)
    if plane.dtype.kind == "f":
        return means
    means += 0.5
    return np.floor(means, out=means)


def _mean(plane: NDArray[Any], side: int) -> NDArray[Any]:
    """Mean of the square around each pixel."""
    for axis in (0, 1):
        plane = uniform_filter1d(plane, side, axis=axis)
    return plane
