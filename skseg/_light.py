"""The light of an image, measured as a power mean of each channel, and colors brought to another light.

Light adds up in linear numbers, so the gamma of sRGB is undone.

References
----------
.. [1] G. D. Finlayson and E. Trezzi, "Shades of gray and colour constancy", Color Imaging Conference 2004.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._census.blocks import for_blocks, in_parallel
from ._color import OF_DTYPE, ValueRange, gamma_of, linear_of, luminance, round_to

Floats = NDArray[np.float64]

_BLOCK_PIXELS = 1 << 16  # whose linear numbers are held at a time


class Curve(NamedTuple):
    """How the numbers of an image follow light.

    Attributes
    ----------
    is_srgb : whether they are sRGB, with its gamma; else they are linear
    value_range : the numbers that stand for 0 and 1
    """

    is_srgb: bool
    value_range: ValueRange = OF_DTYPE

    def to_linear(self, colors: NDArray[Any]) -> Floats:
        """Linear numbers of colors, (n_colors, n_channels); 0 to 1 within the range."""
        return self.linear_of_unit(self.value_range.to_unit(colors))

    def linear_of_unit(self, unit: Floats) -> Floats:
        """Linear numbers of colors that are from 0 to 1 within the range."""
        return linear_of(unit) if self.is_srgb else unit

    def from_linear(self, linear: Floats) -> Floats:
        """The inverse of `to_linear`, but for the range."""
        return gamma_of(linear) if self.is_srgb else linear

    def gray_of(self, light: Floats) -> Floats:
        """The gray of the same luminance as a linear light, (n_channels,)."""
        return np.full(len(light), luminance(light) if self.is_srgb else light.mean())


class Tones(NamedTuple):
    """Numbers of each channel and their weights; they are enough to tell the light.

    Attributes
    ----------
    numbers : linear ones, (n, n_channels); or all that a dtype of 8 or 16 bits can hold, in their order, (n, 1)
    weights : their weights, (n, n_channels)
    """

    numbers: NDArray[Any]
    weights: Floats

    @property
    def is_histogram(self) -> bool:
        """Whether the numbers are all that a dtype can hold."""
        return self.numbers.dtype.kind in "iu"

    def light(self, p: float, curve: Curve) -> Floats:
        """The power mean of each channel, its largest number if p is infinite, (n_channels,)."""
        linear = np.abs(curve.to_linear(self.numbers) if self.is_histogram else self.numbers)
        largest = np.where(self.weights > 0, linear, 0.0).max(axis=0, initial=0)
        if np.isinf(p):
            return np.asarray(largest)
        scale = np.where(largest > 0, largest, 1.0)
        powers = np.minimum(linear / scale, 1.0) ** p  # relative to the largest, none is too large
        shares = self.weights / self.weights.max()
        return np.asarray(scale * ((powers * shares).sum(axis=0) / shares.sum(axis=0)) ** (1 / p))


def measure(rows: NDArray[Any], weights: Floats | None, p: float, curve: Curve) -> Tones:
    """The tones of pixel rows: a histogram if they are of 8 or 16 bits, else the light of each block.

    A histogram does not depend on the range of the curve, which may still be unknown.
    """
    blocks = [slice(start, start + _BLOCK_PIXELS) for start in range(0, max(len(rows), 1), _BLOCK_PIXELS)]
    if not has_levels(rows.dtype):

        def light_of(block: slice) -> Tones:
            return _light_of_block(curve.to_linear(rows[block]), None if weights is None else weights[block], p)

        return merge(list(in_parallel(light_of, blocks)))
    levels = _levels(rows.dtype)
    counts = np.zeros((len(levels), rows.shape[1]))
    for block in blocks:
        for channel, column in enumerate(_places(rows[block]).T):
            counts[:, channel] += np.bincount(column, None if weights is None else weights[block], len(levels))
    return Tones(levels, counts)


def _light_of_block(linear: Floats, weights: Floats | None, p: float) -> Tones:
    weights = np.ones(len(linear)) if weights is None else weights
    each = np.broadcast_to(weights[:, np.newaxis], linear.shape)
    light = Tones(linear, each).light(p, Curve(is_srgb=False)) if weights.any() else np.zeros(linear.shape[1])
    return Tones(light[np.newaxis], np.full((1, linear.shape[1]), weights.sum()))


def merge(tones: Sequence[Tones]) -> Tones:
    """The tones of several images, or parts of one, together."""
    if tones[0].is_histogram:
        return tones[0]._replace(weights=np.sum([each.weights for each in tones], axis=0))
    return Tones(np.vstack([each.numbers for each in tones]), np.vstack([each.weights for each in tones]))


def relight(rows: NDArray[Any], factors: Floats, curve: Curve, *, is_clipped: bool) -> NDArray[Any]:
    """Pixel rows with each linear channel multiplied by its factor, in their dtype, maybe clipped to 0 to 1."""
    relit = np.empty_like(rows)

    def multiply(linear: Floats) -> NDArray[Any]:
        unit = curve.from_linear(linear * factors)
        unit = np.clip(unit, 0, 1) if is_clipped else unit
        return round_to(curve.value_range.from_unit(unit, rows.dtype), rows.dtype)

    table = multiply(curve.to_linear(_levels(rows.dtype))).T if has_levels(rows.dtype) else None

    def fill(block: slice) -> None:
        if table is None:
            relit[block] = multiply(curve.to_linear(rows[block]))
        else:
            for channel, values in enumerate(table):
                relit[block, channel] = values.take(_places(rows[block, channel]))

    for_blocks(fill, len(rows), _BLOCK_PIXELS)
    return relit


def has_levels(dtype: np.dtype[Any]) -> bool:
    """Whether a dtype can hold few numbers."""
    return dtype.kind in "iu" and dtype.itemsize <= 2


def _levels(dtype: np.dtype[Any]) -> NDArray[Any]:
    """All numbers that a dtype of 8 or 16 bits can hold, (n_numbers, 1)."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1).astype(dtype)[:, np.newaxis]


def _places(numbers: NDArray[Any]) -> NDArray[np.integer[Any]]:
    """The places of numbers among all that their dtype can hold."""
    return numbers if numbers.dtype.kind == "u" else numbers.astype(np.intp) - np.iinfo(numbers.dtype).min
