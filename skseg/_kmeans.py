"""k-means on a census: KMeans with weights, seeded on a coarse histogram, and the distances that label by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float64]

# A larger census is seeded on its coarse histogram, where ten starts cost less than one iteration on the whole.
_COARSE_FROM = 1 << 13
_CELL_BITS = 15
_COARSE_STARTS = 10
_PARALLEL_FROM = 1 << 18  # below, OpenMP gains little, and costs much where something else keeps the cores busy
_BLOCK = 1 << 12  # points whose distances are worked out at a time: they stay in the processor's cache


def fit_kmeans(
    features: Floats, weights: Floats, colors: Floats, *, n_clusters: int, init: Any, n_init: Any, **params: Any
) -> KMeans:
    """`KMeans` fitted to weighted features of shape (n_colors, n_features).

    A large census is clustered on its coarse histogram first, `n_init` times; the best result is where the one run on
    all colors starts. No more clusters are asked for than there are colors.
    """
    if len(features) <= n_clusters:
        n_clusters, init, n_init = len(features), features, 1
    elif isinstance(init, str) and len(features) >= _COARSE_FROM:
        cells, cell_weights = _coarse(features, weights, colors)
        if 4 * n_clusters <= len(cells) <= len(features) / 4:
            n_starts = _COARSE_STARTS if n_init == "auto" else n_init
            coarse = _fit(cells, cell_weights, n_clusters=n_clusters, init=init, n_init=n_starts, **params)
            init, n_init = coarse.cluster_centers_, 1
    return _fit(features, weights, n_clusters=n_clusters, init=init, n_init=n_init, **params)


def _fit(points: Floats, weights: Floats, *, tol: float = 1e-4, **params: Any) -> KMeans:
    """`KMeans` fitted to weighted points; `tol` is relative to their weighted variance, as if they were repeated."""
    variance = _variance(points, weights)
    unweighted = _variance(points, np.ones(len(points)))  # what KMeans multiplies `tol` by
    kmeans = KMeans(tol=tol * variance / unweighted if unweighted > 0 else tol, **params)
    n_threads = 1 if len(points) < _PARALLEL_FROM else None
    with _threadpools().limit(limits=n_threads, user_api="openmp"):
        return kmeans.fit(points, sample_weight=weights)


def _variance(points: Floats, weights: Floats) -> float:
    """Weighted variance, mean of the features; rounding errors may make it 0, never negative."""
    shares = weights / weights.sum()
    variances = np.einsum("i,ij,ij->j", shares, points, points) - (shares @ points) ** 2
    return max(float(variances.mean()), 0.0)


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()


def _coarse(features: Floats, weights: Floats, colors: Floats) -> tuple[Floats, Floats]:
    """Mean feature and weight of each cell of the histogram that is not empty."""
    cells = _coarse_cells(colors)
    totals = np.bincount(cells, weights).astype(np.float64, copy=False)
    occupied = np.flatnonzero(totals)
    sums = np.stack([np.bincount(cells, weights * column)[occupied] for column in features.T], axis=1)
    return sums / totals[occupied, np.newaxis], totals[occupied]


def _coarse_cells(colors: Floats) -> NDArray[np.int64]:
    """The cell of each color, (n_colors,), in a histogram of at most 2**15 cells: 32 levels for three channels.

    The bounds lie between the values that 8-bit and 16-bit data can have, so that rounding moves no color across.
    """
    n_channels = colors.shape[1]
    levels = int(2 ** (_CELL_BITS / n_channels))
    unit = 2.0 ** np.ceil(np.log2(max(np.abs(colors).max(), np.finfo(float).tiny)))
    cells = np.zeros(len(colors), dtype=np.int64)
    for column in colors.T[::-1]:
        steps = np.rint(column / unit * 65535)
        low, high = steps.min(), steps.max()
        width = (high - low) // levels + 1
        cells *= levels
        cells += ((steps - low + 0.5) / width).astype(np.int64)
    return cells


def distances(points: Floats, centers: Floats) -> Floats:
    """Euclidean distance of each point to each center, (n_points, n_centers).

    Worked out channel by channel, without a matrix product: the distance of a point never depends on its neighbors in
    the array, the number of threads or the machine, so equal distances are equal wherever a pixel is met.
    """
    squares = np.zeros((len(points), len(centers)))
    for column, center in zip(points.T, centers.T, strict=True):
        offsets = column[:, np.newaxis] - center
        offsets *= offsets
        squares += offsets
    return np.sqrt(squares, out=squares)


def nearest(points: Floats, centers: Floats) -> NDArray[np.int32]:
    """Number of the nearest center of each point, the lower one of two that are equally near, (n_points,)."""
    labels = np.empty(len(points), dtype=np.int32)
    for start in range(0, len(points), _BLOCK):
        block = slice(start, start + _BLOCK)
        labels[block] = distances(points[block], centers).argmin(axis=1)
    return labels
