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
from ._color import gamma_of, linear_of, luminance, round_to, to_unit, unit_scale

Floats = NDArray[np.float64]

_BLOCK_PIXELS = 1 << 16  # whose linear numbers are held at a time


class Curve(NamedTuple):
    """How the numbers of an image follow light.

    Attributes
    ----------
    is_srgb : whether they are sRGB, with its gamma; else they are linear
    """

    is_srgb: bool

    def to_linear(self, colors: NDArray[Any]) -> Floats:
        """Linear numbers of colors, (n_colors, n_channels); 0 to 1 for colors of 8 or 16 bits."""
        unit = to_unit(colors)
        return linear_of(unit) if self.is_srgb else unit

    def from_linear(self, linear: Floats) -> Floats:
        """The inverse of `to_linear`, but for the scale of 8 or 16 bits."""
        return gamma_of(linear) if self.is_srgb else linear

    def gray_of(self, light: Floats) -> Floats:
        """The gray of the same luminance as a linear light, (n_channels,)."""
        return np.full(len(light), luminance(light) if self.is_srgb else light.mean())


class Tones(NamedTuple):
    """Linear numbers of each channel and their weights; they are enough to tell the light.

    Attributes
    ----------
    linear : numbers, (n, n_channels)
    weights : their weights, (n, n_channels)
    is_histogram : whether they are all numbers of 8 or 16 bits, in their order
    """

    linear: Floats
    weights: Floats
    is_histogram: bool

    def light(self, p: float) -> Floats:
        """The power mean of each channel, its largest number if p is infinite, (n_channels,)."""
        largest = np.where(self.weights > 0, np.abs(self.linear), 0.0).max(axis=0, initial=0)
        if np.isinf(p):
            return np.asarray(largest)
        scale = np.where(largest > 0, largest, 1.0)
        powers = np.minimum(np.abs(self.linear) / scale, 1.0) ** p  # relative to the largest, none is too large
        shares = self.weights / self.weights.max()
        return np.asarray(scale * ((powers * shares).sum(axis=0) / shares.sum(axis=0)) ** (1 / p))


def measure(rows: NDArray[Any], weights: Floats | None, p: float, curve: Curve) -> Tones:
    """The tones of pixel rows: a histogram if they are of 8 or 16 bits, else the light of each block."""
    blocks = [slice(start, start + _BLOCK_PIXELS) for start in range(0, max(len(rows), 1), _BLOCK_PIXELS)]
    if unit_scale(rows.dtype) == 1:

        def light_of(block: slice) -> Tones:
            return _light_of_block(curve.to_linear(rows[block]), None if weights is None else weights[block], p)

        return merge(list(in_parallel(light_of, blocks)))
    levels = _all_levels(rows, curve)
    counts = np.zeros(levels.shape)
    for block in blocks:
        for channel, column in enumerate(rows[block].T):
            counts[:, channel] += np.bincount(column, None if weights is None else weights[block], len(levels))
    return Tones(levels, counts, is_histogram=True)


def _light_of_block(linear: Floats, weights: Floats | None, p: float) -> Tones:
    weights = np.ones(len(linear)) if weights is None else weights
    each = np.broadcast_to(weights[:, np.newaxis], linear.shape)
    light = Tones(linear, each, False).light(p) if weights.any() else np.zeros(linear.shape[1])
    return Tones(light[np.newaxis], np.full((1, linear.shape[1]), weights.sum()), False)


def merge(tones: Sequence[Tones]) -> Tones:
    """The tones of several images, or parts of one, together."""
    if tones[0].is_histogram:
        return tones[0]._replace(weights=np.sum([each.weights for each in tones], axis=0))
    return Tones(np.vstack([each.linear for each in tones]), np.vstack([each.weights for each in tones]), False)


def relight(rows: NDArray[Any], factors: Floats, curve: Curve, *, is_clipped: bool) -> NDArray[Any]:
    """Pixel rows with each linear channel multiplied by its factor, in their dtype, maybe clipped to 0 to 1."""
    relit, scale = np.empty_like(rows), unit_scale(rows.dtype)

    def multiply(linear: Floats) -> NDArray[Any]:
        colors = curve.from_linear(linear * factors)
        return round_to(scale * (np.clip(colors, 0, 1) if is_clipped else colors), rows.dtype)

    table = None if scale == 1 else multiply(_all_levels(rows, curve)).T

    def fill(block: slice) -> None:
        if table is None:
            relit[block] = multiply(curve.to_linear(rows[block]))
        else:
            for channel, values in enumerate(table):
                relit[block, channel] = values.take(rows[block, channel])

    for_blocks(fill, len(rows), _BLOCK_PIXELS)
    return relit


def _all_levels(rows: NDArray[Any], curve: Curve) -> Floats:
    """The linear numbers of all colors that the dtype of 8 or 16 bits can hold, for each channel."""
    levels = np.arange(int(unit_scale(rows.dtype)) + 1, dtype=rows.dtype)[:, np.newaxis]
    return curve.to_linear(np.repeat(levels, rows.shape[1], axis=1))
