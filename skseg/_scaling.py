"""Weights of channels that are learned from all pixels: 1 / the standard deviation of each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._census import Census, map_rows, sample
from ._census.blocks import for_blocks
from ._color import Conversion
from ._kmeans import Bounds, CensusScan, Scan, block_length

Floats = NDArray[np.float64]

_MAX_SAMPLED_COLORS = 1 << 16  # that tell roughly where the channels lie
_LARGEST_NUMBER = 1e150  # its square times any number of pixels is finite
_LEAST_DEVIATION = float(np.finfo(np.float64).tiny)  # 1 / it is finite
_CONSTANT_DEVIATION = 1e-12  # standard deviation, relative to the largest number, that is a rounding error


def learn_weights(conversion: Conversion, census: Census, scan: Scan | None = None) -> Conversion:
    """The conversion with the weights that it has to learn, if any.

    If the census is a sample, `scan` goes through all colors. A constant channel gets the weight 1.
    """
    if not conversion.learns_weights:
        return conversion
    some = sample(census, _MAX_SAMPLED_COLORS)
    features = map_rows(conversion.convert, some.colors)
    check_size(features if census.is_complete else census.number_limits())
    center, size = features.mean(axis=0), np.abs(features).max(axis=0)
    rough = features.std(axis=0)
    rough = np.where(rough > _CONSTANT_DEVIATION * size, rough, np.where(size > 0, size, 1.0))

    unit = census.weights.max()

    def add_up(rows: NDArray[Any], weights: Floats | None, _: Bounds | None) -> Floats:
        """Sums of weights, of offsets from the center, and of their squares, (1 + 2 * n_features,)."""
        length = block_length(rows)
        sums = [np.zeros(1 + 2 * len(center))] * -(-len(rows) // length)

        def add(block: slice) -> None:
            offsets = np.ascontiguousarray(conversion.convert(rows[block]).T)
            offsets -= center[:, np.newaxis]
            offsets /= rough[:, np.newaxis]
            weight = np.ones(offsets.shape[1]) if weights is None else weights[block] / unit
            weighted = offsets if weights is None else offsets * weight
            products = np.einsum("ij,ij->i", weighted, offsets)
            sums[block.start // length] = np.concatenate([[weight.sum()], weighted.sum(axis=1), products])

        for_blocks(add, len(rows), length)
        return np.asarray(sum(sums))

    total, *moments = (scan or CensusScan(census)).reduce(add_up, lambda parts: np.asarray(sum(parts)))
    means, squares = np.split(np.array(moments) / total, 2)
    deviation = rough * np.sqrt(np.maximum(squares - means**2, 0.0))
    is_constant = deviation <= np.maximum(_CONSTANT_DEVIATION * size, _LEAST_DEVIATION)
    return conversion.with_weights(1 / np.where(is_constant, 1.0, deviation))


def check_size(numbers: NDArray[Any]) -> None:
    """Refuse numbers with squared distances that are not finite."""
    if float(np.abs(numbers).max()) > _LARGEST_NUMBER:
        raise ValueError(f"Pixels must stay within ±{_LARGEST_NUMBER:g}, or squared distances overflow; scale them.")
