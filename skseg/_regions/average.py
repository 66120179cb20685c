"""The colors of a large or noisy image, averaged over small squares, so that noise does not cut it into crumbs."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from .._color import OF_DTYPE, to_uint8
from .._images import Pixels
from .grid import nearest_odd

_SIDE = 0.3  # of the square, relative to the side of the smallest region; twice that in noise, if it is one pixel
_NOISY = 0.33  # standard deviation of strong noise, relative to the colors'; no photo of BSDS500 has so much
_SAME = 1e-6  # difference of floats that stand for the same 8 bits
_CALM = 25  # percentage of the pixels that noise is measured at: those without edges and textures
_NORMAL = 0.319  # the same percentile of the absolute values of a standard normal distribution

Image = NDArray[Any]  # (height, width, n_channels), maybe masked
Mask = NDArray[np.bool_] | None


def without_noise(image: Image, min_size: float) -> Image:
    """An image whose regions have at least `min_size` pixels, averaged if it is large or noisy."""
    side = _SIDE * float(np.sqrt(min_size))
    if nearest_odd(side) == 1 < nearest_odd(2 * side) and is_noisy(image):
        side *= 2
    return average(image, nearest_odd(side))


def is_noisy(image: Image) -> bool:
    """Whether pixels differ from their neighbors in the calm parts of an image almost as colors do in all of it.

    Noise is measured by the kernel of J. Immerkær, "Fast noise variance estimation", Computer Vision and Image
    Understanding 64(2), 1996.
    """
    pixels, noise, spread = Pixels(image), 0.0, 0.0
    if pixels.data.dtype.kind not in "biuf":
        return False
    for channel in np.moveaxis(pixels.data, -1, 0):
        plane = channel.astype(np.float64)
        if pixels.mask is not None:
            plane[pixels.mask] = np.nan
        bends = np.abs(np.diff(np.diff(plane, 2, axis=0), 2, axis=1)) / 6
        known = bends[~np.isnan(bends)]
        noise += float(np.percentile(known, _CALM)) / _NORMAL if known.size else 0.0
        spread += float(np.nanstd(plane))
    return noise > _NOISY * spread


def average(image: Image, side: int) -> Image:
    """An image with the mean of the square around each pixel, in its dtype; masked pixels do not count.

    `side` of the square is an odd number of pixels.
    """
    pixels = Pixels(image)
    if side == 1 or pixels.data.dtype.kind not in "biuf":
        return image
    counts: NDArray[np.float32] | int = side  # of known pixels in the square, relative to its side
    if pixels.mask is not None:
        counts = np.where(pixels.mask, 1, _mean_of_sums((~pixels.mask).astype(np.float32), side))
    data, dtype = _in_bytes(pixels.data, pixels.mask), pixels.data.dtype
    averaged = np.empty_like(data)
    for channel in range(averaged.shape[-1]):
        averaged[..., channel] = _average_plane(data[..., channel], side, pixels.mask, counts)
    if data.dtype != dtype:
        averaged = averaged.astype(dtype) * 257 if dtype == np.uint16 else (averaged / 255).astype(dtype)
    return averaged if not isinstance(image, np.ma.MaskedArray) else np.ma.MaskedArray(averaged, mask=image.mask)


def _in_bytes(data: NDArray[Any], mask: Mask) -> NDArray[Any]:
    """An image of 8 bits that is stored as 16 bits or as floats, in 8 bits, so that averages are rounded alike."""
    if data.dtype != np.uint16 and data.dtype.kind != "f":
        return data
    known = data if mask is None else np.where(mask[..., np.newaxis], 0, data)
    if not OF_DTYPE.holds(known):
        return data
    unit = OF_DTYPE.to_unit(known)
    eight = to_uint8(unit)
    return eight if np.abs(unit - eight / 255).max() < _SAME else data


def _average_plane(plane: NDArray[Any], side: int, mask: Mask, counts: NDArray[np.float32] | int) -> NDArray[Any]:
    numbers, exponent = _whole_numbers(plane if mask is None else np.where(mask, 0, plane), side)
    means = _mean_of_sums(numbers, side) / counts
    if plane.dtype.kind == "f":
        return np.ldexp(means, exponent)
    means += 0.5
    return np.asarray(np.floor(means, out=means))


def _whole_numbers(plane: NDArray[Any], side: int) -> tuple[NDArray[Any], int]:
    """A channel in units of a power of two, so that sums over squares are exact, and the exponent of that power."""
    if plane.dtype.kind != "f":
        return plane.astype(np.float32 if plane.dtype.itemsize == 1 and side < 128 else np.float64), 0
    exponent = int(np.frexp(np.abs(plane).max())[1]) + 2 * side.bit_length() - 52
    return np.rint(np.ldexp(plane.astype(np.float64), -exponent)), exponent


def _mean_of_sums(plane: NDArray[Any], side: int) -> NDArray[Any]:
    """Mean of the sums of the columns in the square around each pixel.

    It is the same in a rotated image, since the sums are whole numbers.
    """
    columns = uniform_filter1d(plane, side, axis=0)
    columns *= side
    return np.asarray(uniform_filter1d(np.rint(columns, out=columns), side, axis=1))
