"""How colors vary around each pixel: contrast and texture, as one sees them in an image of usual size.

A larger image is looked at from farther away: on a grid of blocks of pixels. So a photo and its thumbnail have the same
contrast and texture.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

Plane = NDArray[np.float32]

_USUAL_PIXELS = 481 * 321  # of an image that the windows below are for
_TEXTURE_WINDOW = 13  # side in pixels of the square that standard deviations are taken over
_CLUTTER_WINDOW = 27  # the same for the contrast all around, behind which that at a pixel is lost
_CLUTTER = 1.3


def local_contrast(planes: Sequence[Plane], smoothing: float) -> Plane:
    """How much colors change at each pixel, less the clutter around it, (height, width).

    `smoothing` is the standard deviation, in pixels of an image of usual size, of the Gaussian that comes before.
    """
    step, rest = _grid(planes[0].shape)
    squares = [_squared_gradient(_shrink(plane, step), smoothing * rest) for plane in planes]
    contrast = np.sqrt(np.sum(squares, axis=0)) * np.float32(rest)
    clutter = uniform_filter(contrast, _window(_CLUTTER_WINDOW * rest))
    return _grow(np.maximum(contrast - np.float32(_CLUTTER) * clutter, 0), step, planes[0].shape)


def local_deviation(plane: Plane) -> Plane:
    """Standard deviation around each pixel, (height, width)."""
    step, rest = _grid(plane.shape)
    centered, window = _shrink(plane, step) - plane.mean(), _window(_TEXTURE_WINDOW * rest)
    variance = uniform_filter(centered**2, window) - uniform_filter(centered, window) ** 2
    return _grow(np.sqrt(np.maximum(variance, 0)), step, plane.shape)


def _grid(shape: tuple[int, ...]) -> tuple[int, float]:
    """Side of the blocks in pixels, and how much larger than usual the image is in blocks."""
    larger = float(np.sqrt(shape[0] * shape[1] / _USUAL_PIXELS))
    step = max(1, int(larger))
    return step, larger / step


def _window(side: float) -> int:
    return max(3, round(side))


def _squared_gradient(plane: Plane, smoothing: float) -> Plane:
    smooth = gaussian_filter(plane, smoothing) if smoothing else plane
    along = [np.gradient(smooth, axis=axis) ** 2 for axis in (0, 1) if plane.shape[axis] > 1]
    return np.asarray(sum(along, np.zeros_like(plane)))


def _shrink(plane: Plane, step: int) -> Plane:
    """Mean of each block; blocks at the edges are filled up with what is there."""
    if step == 1:
        return plane
    height, width = (-(-length // step) for length in plane.shape)
    missing = (height * step - plane.shape[0], width * step - plane.shape[1])
    filled = np.pad(plane, [(0, missing[0]), (0, missing[1])], mode="edge")
    return np.asarray(filled.reshape(height, step, width, step).mean(axis=(1, 3), dtype=np.float32))


def _grow(plane: Plane, step: int, shape: tuple[int, ...]) -> Plane:
    """Each block as its pixels again."""
    if step == 1:
        return np.asarray(plane)
    return np.asarray(np.repeat(np.repeat(plane, step, axis=0), step, axis=1)[: shape[0], : shape[1]])
