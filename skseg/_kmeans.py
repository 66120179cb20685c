"""k-means on a census: KMeans with weights, started from cells of many colors, and the distances that label by it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

from ._blocks import for_blocks
from ._cells import Cells, group

Floats = NDArray[np.float64]

_N_STARTS = 10  # of n_init="auto"
_CELLS_FROM = 1 << 11  # colors; fewer are started on themselves
_MIN_CELLS = 1 << 10
_CELLS_PER_CLUSTER = 64
_COLORS_PER_CELL = 16
_MAX_GROUPED = 1 << 19  # colors; cells of more are made of some of them
_HEAVY = 32  # times the scatter that a point holds on average make it an outlier
_TRUSTED_SCATTER = 0.25  # within cells, relative to the inertia on them: up to here they stand for their colors
_PARALLEL_FROM = 1 << 18  # below, OpenMP gains little, and costs much where something else keeps the cores busy
_BLOCK = 1 << 14  # points whose distances are computed at a time: they stay in the processor's cache


def fit_kmeans(
    features: Floats,
    weights: Floats,
    *,
    n_clusters: int,
    init: Any,
    n_init: Any,
    tol: float,
    make_cells: Callable[..., Cells] = group,
    **params: Any,
) -> KMeans:
    """`KMeans` fitted to weighted features of shape (n_colors, n_features).

    Of many colors, all starts are made on cells; the best result is where the one run on all colors begins. No more
    clusters are asked for than there are colors. `tol` is relative to the weighted variance of the features, as if they
    were repeated.
    """
    if len(features) <= n_clusters:
        n_clusters, init, n_init = len(features), features, 1
    params |= {"n_clusters": n_clusters, "shift": tol * weighted_variance(features, weights)}
    if isinstance(init, str):
        n_init = _N_STARTS if n_init == "auto" else n_init
        n_cells = len(features) // _COLORS_PER_CELL
        if len(features) >= _CELLS_FROM and n_cells >= 4 * n_clusters:
            n_cells = min(n_cells, max(_MIN_CELLS, _CELLS_PER_CLUSTER * n_clusters))
            init = _start_on_cells(features, weights, n_cells, make_cells, init=init, n_init=n_init, **params)
            n_init = 1
    return _fit(features, weights, init=init, n_init=n_init, **params)


def _start_on_cells(
    features: Floats, weights: Floats, n_cells: int, make_cells: Callable[..., Cells], *, shift: float, **params: Any
) -> Floats:
    """Centers to start from: the best k-means result on cells, unless k-means++ on the colors themselves beats it."""
    cells = make_cells(*_representatives(features, weights), n_cells)
    on_cells = _fit(cells.means, cells.weights, shift=shift / 10, **params)  # iterations are cheap here
    start: Floats = on_cells.cluster_centers_
    if cells.scatter <= _TRUSTED_SCATTER * on_cells.inertia_:
        return start
    n_clusters, random_state = params["n_clusters"], params["random_state"]
    rival, _ = kmeans_plusplus(features, n_clusters, sample_weight=weights, random_state=random_state)
    return min(start, rival, key=lambda centers: _inertia(features, weights, centers))


def _representatives(features: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Few of very many points, with weights that stand for all.

    Every n-th point is kept, in the order of the census, and every point that holds much of the variance: an outlier.
    """
    step = -(-len(features) // _MAX_GROUPED)
    if step == 1:
        return features, weights
    shares = weights / weights.sum()
    squares = sum((column - (shares * column).sum()) ** 2 for column in features.T)
    scatter = shares * np.asarray(squares)
    heavy = scatter > scatter.sum() * step / len(features) * _HEAVY
    kept = heavy.copy()
    kept[::step] = True
    return features[kept], np.where(heavy, 1, step)[kept] * weights[kept]


def _inertia(points: Floats, weights: Floats, centers: Floats) -> float:
    return float((weights * ((points - centers[nearest(points, centers)]) ** 2).sum(axis=1)).sum())


def _fit(points: Floats, weights: Floats, *, shift: float, **params: Any) -> KMeans:
    """`KMeans` fitted to weighted points, until the squared steps of its centers sum to no more than `shift`."""
    scale = weighted_variance(points, np.ones(len(points)))  # what KMeans multiplies `tol` by
    kmeans = KMeans(tol=shift / scale if scale > 0 else shift, **params)
    n_threads = 1 if len(points) < _PARALLEL_FROM else None
    with _threadpools().limit(limits=n_threads, user_api="openmp"):
        return kmeans.fit(points, sample_weight=weights)


def known_kmeans(features: Floats, centers: Floats, *, inertia: float, n_iter: int) -> KMeans:
    """The `KMeans` that was fitted to the features and whose centers are known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        kmeans = KMeans(len(centers), init=centers, n_init=1, max_iter=1).fit(centers)
    kmeans.cluster_centers_, kmeans.labels_ = centers, nearest(features, centers)
    kmeans.inertia_, kmeans.n_iter_ = inertia, n_iter
    return kmeans


def weighted_variance(points: Floats, weights: Floats) -> float:
    """Weighted variance, mean of the features; avoids BLAS, whose threads stall on busy machines."""
    shares = weights / weights.sum()
    means = [(shares * column).sum() for column in points.T]
    return float(np.mean([(shares * (column - mean) ** 2).sum() for column, mean in zip(points.T, means, strict=True)]))


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()


def distances(points: Floats, centers: Floats) -> Floats:
    """Euclidean distance of each point to each center, (n_points, n_centers).

    Computed channel by channel, without a matrix product: the distance of a point never depends on its neighbors in
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
