"""k-means on a census: KMeans with weights, seeded on a coarse histogram, and the distances that label by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import ThreadpoolController

from ._blocks import for_blocks

Floats = NDArray[np.float64]

# A larger census is seeded on its coarse histogram, where ten starts cost less than one iteration on the whole.
_COARSE_FROM = 1 << 13
_COARSE_STARTS = 10
_PARALLEL_FROM = 1 << 18  # below, OpenMP gains little, and costs much where something else keeps the cores busy
_BLOCK = 1 << 14  # points whose distances are worked out at a time: they stay in the processor's cache


def fit_kmeans(
    features: Floats,
    weights: Floats,
    colors: Floats,
    *,
    n_clusters: int,
    init: Any,
    n_init: Any,
    tol: float,
    **params: Any,
) -> KMeans:
    """`KMeans` fitted to weighted features of shape (n_colors, n_features).

    A large census is clustered on its coarse histogram first, `n_init` times; the best result is where the one run on
    all colors starts. No more clusters are asked for than there are colors. `tol` is relative to the weighted variance
    of the features, as if they were repeated.
    """
    if len(features) <= n_clusters:
        n_clusters, init, n_init = len(features), features, 1
    params |= {"n_clusters": n_clusters, "shift": tol * _variance(features, weights)}
    if isinstance(init, str) and len(features) >= _COARSE_FROM:
        cells, cell_weights = _coarse(features, weights, colors)
        if 4 * n_clusters <= len(cells) <= len(features) / 4:
            n_starts = _COARSE_STARTS if n_init == "auto" else n_init
            closely = params | {"shift": params["shift"] / 10}  # iterations are cheap here, and spare some on the whole
            init = _fit(cells, cell_weights, init=init, n_init=n_starts, **closely).cluster_centers_
            n_init = 1
    return _fit(features, weights, init=init, n_init=n_init, **params)


def _fit(points: Floats, weights: Floats, *, shift: float, **params: Any) -> KMeans:
    """`KMeans` fitted to weighted points, until the squared steps of its centers sum to no more than `shift`."""
    scale = _variance(points, np.ones(len(points)))  # what KMeans multiplies `tol` by
    kmeans = KMeans(tol=shift / scale if scale > 0 else shift, **params)
    n_threads = 1 if len(points) < _PARALLEL_FROM else None
    with _threadpools().limit(limits=n_threads, user_api="openmp"):
        return kmeans.fit(points, sample_weight=weights)


def known_kmeans(features: Floats, centers: Floats, *, inertia: float, n_iter: int) -> KMeans:
    """The `KMeans` that was fitted to the features, of which the centers are known."""
    kmeans = KMeans(len(centers))
    kmeans.cluster_centers_, kmeans.labels_ = centers, nearest(features, centers)
    kmeans.inertia_, kmeans.n_iter_, kmeans._n_threads = inertia, n_iter, 1
    kmeans.n_features_in_, kmeans._n_features_out = centers.shape[::-1]
    return kmeans


def _variance(points: Floats, weights: Floats) -> float:
    """Weighted variance, mean of the features; no product of BLAS, whose threads wait for busy cores."""
    shares = weights / weights.sum()
    means = [(shares * column).sum() for column in points.T]
    return float(np.mean([(shares * (column - mean) ** 2).sum() for column, mean in zip(points.T, means, strict=True)]))


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()


def _coarse(features: Floats, weights: Floats, colors: Floats) -> tuple[Floats, Floats]:
    """Mean feature and weight of each cell of the histogram that is not empty."""
    cells = _coarse_cells(colors)
    seen = np.zeros(cells.max() + 1, dtype=bool)
    seen[cells] = True
    cells = (np.cumsum(seen) - 1)[cells]  # numbered without gaps
    totals = np.bincount(cells, weights).astype(np.float64, copy=False)
    sums = [np.bincount(cells, weights * column) for column in features.T]
    return np.stack(sums, axis=1) / totals[:, np.newaxis], totals


def _coarse_cells(colors: Floats) -> NDArray[np.int32]:
    """The cell of each color, (n_colors,), in a histogram of 32 levels for each of three channels.

    Up to four channels have as many, more have fewer, so that there are at most 2**24 cells. The bounds lie between
    the values that 8-bit and 16-bit data can have, so that rounding moves no color across.
    """
    n_channels = colors.shape[1]
    levels = 1 << max(15 // n_channels, min(5, 24 // n_channels))
    unit = 2.0 ** np.ceil(np.log2(max(np.abs(colors).max(), np.finfo(float).tiny)))
    cells = np.zeros(len(colors), dtype=np.int32)
    for column in colors.T[::-1]:
        steps = np.rint(column / unit * 65535)
        low, high = steps.min(), steps.max()
        width = (high - low) // levels + 1
        cells *= levels
        cells += ((steps - low + 0.5) / width).astype(np.int32)
    return cells


def distances(points: Floats, centers: Floats) -> Floats:
    """Euclidean distance of each point to each center, (n_points, n_centers).

    Worked out channel by channel, without a matrix product: the distance of a point never depends on its neighbors in
    the array, the number of threads or the machine, so equal distances are equal wherever a pixel is met.
    """
    return np.stack([_distance(points.T, center) for center in centers], axis=1)


def _distance(columns: Floats, center: Floats) -> Floats:
    squares = np.zeros(columns.shape[1])
    for column, coordinate in zip(columns, center, strict=True):
        offsets = column - coordinate
        offsets *= offsets
        squares += offsets
    return np.sqrt(squares, out=squares)


def nearest(points: Floats, centers: Floats) -> NDArray[np.int32]:
    """Number of the nearest center of each point, the lower one of two that are equally near, (n_points,)."""
    labels = np.zeros(len(points), dtype=np.int32)

    def fill(block: slice) -> None:
        columns = np.ascontiguousarray(points[block].T)
        shortest = _distance(columns, centers[0])
        for label, center in enumerate(centers[1:], start=1):
            distance = _distance(columns, center)
            np.copyto(labels[block], label, where=distance < shortest)
            np.minimum(distance, shortest, out=shortest)

    for_blocks(fill, len(points), _BLOCK)
    return labels
