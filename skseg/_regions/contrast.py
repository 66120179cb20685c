"""How an image changes around each pixel: gradients, deviations, and labels on both sides of a border through it.

Colors are means of the blocks of a grid. All sizes are in pixels of an image of usual size.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter, uniform_filter1d

from .graph import count_labels
from .grid import Grid, Plane, larger, nearest_odd

_PIXEL = 0.5  # standard deviation, in pixels of the image itself, of the smoothing by its pixels
_DEVIATION_WINDOW = 13  # side of the square that standard deviations are taken over
_REACH = 15  # side of the square around a missing pixel beyond which it cannot matter
_LEAST = 1e-4  # share of known pixels that is not a rounding error
_DISTANCE = 10  # from the border to the center of each of two boxes whose labels are compared; they reach to the border
_DIAGONAL = 0.8  # part of that distance, in rows and in columns, if the boxes lie diagonally


def gradient(planes: Sequence[Plane], grid: Grid, smoothing: float) -> Plane:
    """Length of the gradient of smoothed colors, times the smoothing, that by the pixels included, (height, width).

    `smoothing` is the standard deviation of the Gaussian.
    """
    sigma = smoothing * grid.larger
    squares = [_squared_gradient(gaussian_filter(plane, sigma, truncate=3)) for plane in planes]
    return grid.grow(np.sqrt(np.sum(squares, axis=0)) * np.float32(np.hypot(sigma, _PIXEL)))


def local_deviation(plane: Plane, grid: Grid) -> Plane:
    """Standard deviation around each pixel, (height, width)."""
    centered, window = plane - plane.mean(), max(3, nearest_odd(_DEVIATION_WINDOW * grid.larger))
    variance = uniform_filter(centered**2, window) - uniform_filter(centered, window) ** 2
    return grid.grow(np.sqrt(np.maximum(variance, 0)))


def label_contrast(labels: NDArray[np.int32], n_labels: int) -> Plane:
    """How much the labels in two boxes on both sides of each pixel differ, (height, width).

    Half the χ² distance of their histograms, less that of two samples of the same labels; from 0 to 1, in the direction
    of the four in which it is largest. `labels` are −1 under the mask, which is in no histogram.
    """
    grid = Grid.coarse(labels.shape)
    counts = count_labels(grid.blocks(), labels, n_labels).astype(np.float32).reshape(*grid.shape, n_labels)
    far = max(1, round(_DISTANCE * grid.larger))
    diagonal = max(1, round(_DIAGONAL * far))
    for axis in (0, 1):
        counts = uniform_filter1d(counts, 2 * far - 1, axis=axis, mode="constant")
    shares = counts / np.maximum(counts.sum(axis=-1, keepdims=True), np.float32(1e-6))
    padded = np.pad(shares, ((far, far), (far, far), (0, 0)))
    n_pixels = (2 * far - 1) ** 2 * labels.size / (grid.shape[0] * grid.shape[1])
    directions = ((0, far), (far, 0), (diagonal, diagonal), (diagonal, -diagonal))
    return grid.grow(np.maximum.reduce([_difference(padded, far, each, n_pixels) for each in directions]))


def fill(plane: Plane, missing: NDArray[np.bool_]) -> Plane:
    """The plane with the mean of what is known around each missing pixel; 0 where nothing is that could matter."""
    window = nearest_odd(_REACH * larger(plane.shape))
    known = uniform_filter((~missing).astype(np.float32), window, mode="constant")
    means = uniform_filter(np.where(missing, np.float32(0), plane), window, mode="constant")
    return np.where(missing, means * (known > _LEAST) / np.maximum(known, np.float32(_LEAST)), plane)


def _squared_gradient(plane: Plane) -> Plane:
    along = [np.gradient(plane, axis=axis) ** 2 for axis in (0, 1) if plane.shape[axis] > 1]
    return np.asarray(sum(along, np.zeros_like(plane)))


def _difference(shares: NDArray[np.float32], margin: int, offset: tuple[int, int], n_pixels: float) -> Plane:
    """How much the histograms on both sides of each block, of `n_pixels` each, differ; 0 where one has no pixels."""
    height, width = shares.shape[0] - 2 * margin, shares.shape[1] - 2 * margin
    rows, columns = offset
    one, other = (shares[margin + sign * rows :, margin + sign * columns :][:height, :width] for sign in (1, -1))
    both, apart = one + other, one - other
    distances = 0.5 * np.sum(apart * apart / np.maximum(both, np.float32(1e-9)), axis=-1)
    by_chance = (np.count_nonzero(both, axis=-1) - 1) / (2 * n_pixels)
    # a histogram without pixels is all zeros, and as far as one half from every other
    return np.where(both.sum(axis=-1) > 1.5, np.maximum(distances - by_chance, 0), 0).astype(np.float32)
