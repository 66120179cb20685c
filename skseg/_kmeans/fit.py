"""k-means on a census: `KMeans` with weights, started from cells of many colors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans, kmeans_plusplus
from threadpoolctl import ThreadpoolController

from .cells import Cells, group
from .distances import nearest, weighted_variance

Floats = NDArray[np.float64]

_N_STARTS = 10  # of n_init="auto"
_CELLS_FROM = 1 << 11  # colors; fewer are started on themselves
_MIN_CELLS = 1 << 10
_CELLS_PER_CLUSTER = 64
_COLORS_PER_CELL = 16
_MAX_GROUPED = 1 << 17  # colors; cells of more are made of some of them
_HEAVY = 64  # times the median scatter make a point an outlier
_LEAST_HEAVY = 64  # points at least are there for each outlier
_TRUSTED_SCATTER = 0.25  # within cells, relative to the inertia on them: up to here they stand for their colors
_PARALLEL_FROM = 1 << 18  # below, OpenMP gains little, and costs much where something else keeps the cores busy
_PROBE = 1 << 12  # points that usually show that there are enough distinct ones
# While `KMeans` runs, it limits the BLAS threads of the whole process, and then restores the number that it found. Of
# two that overlap, the later one would find, and leave, the limit of the other.
_alone = Lock()


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

    Of many colors, all starts are made on cells; the best result is where the one run on all colors begins. If there
    are no more distinct features than clusters, each is a cluster, so that `KMeans` has nothing to warn of. `tol` is
    relative to the weighted variance of the features, as if they were repeated.
    """
    few = _few_distinct(features, n_clusters)
    if few is not None:
        n_clusters, init, n_init = len(few), few, 1
    params |= {"n_clusters": n_clusters, "shift": tol * weighted_variance(features, weights)}
    if isinstance(init, str):
        n_init = _N_STARTS if n_init == "auto" else n_init
        n_cells = len(features) // _COLORS_PER_CELL
        if len(features) >= _CELLS_FROM and n_cells >= 4 * n_clusters:
            n_cells = min(n_cells, max(_MIN_CELLS, _CELLS_PER_CLUSTER * n_clusters))
            cells = make_cells(*_representatives(features, weights), n_cells)
            if len(cells.means) >= n_clusters:  # there are fewer if colors coincide in the color space
                init = _start_on_cells(features, weights, cells, init=init, n_init=n_init, **params)
                n_init = 1
    return _fit(features, weights, init=init, n_init=n_init, **params)


def _few_distinct(points: Floats, most: int) -> Floats | None:
    """The distinct points, if there are no more than `most`."""
    probe = points[:: 1 + len(points) // (most + _PROBE)]
    if any(len(np.unique(column)) > most for column in probe.T):
        return None
    distinct = np.unique(points, axis=0)
    return distinct if len(distinct) <= most else None


def _start_on_cells(features: Floats, weights: Floats, cells: Cells, *, shift: float, **params: Any) -> Floats:
    """Centers to start from: the best k-means result on cells, unless k-means++ on the colors themselves beats it."""
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
    heavy = far_out(features, weights)
    kept = heavy.copy()
    kept[::step] = True
    return features[kept], np.where(heavy, 1, step)[kept] * weights[kept]


def far_out(points: NDArray[Any], weights: Floats | None = None) -> NDArray[np.bool_]:
    """Which points hold far more of the scatter than most do: at most one of `_LEAST_HEAVY`."""
    scatter = np.zeros(len(points))
    for column in points.T:
        numbers = column.astype(np.float64)
        scatter += (numbers - np.average(numbers, weights=weights)) ** 2
    if weights is not None:
        scatter *= weights
    rank = -1 - len(points) // _LEAST_HEAVY
    return np.asarray(scatter > max(np.partition(scatter, rank)[rank], _HEAVY * np.median(scatter)))


def _inertia(points: Floats, weights: Floats, centers: Floats) -> float:
    return float((weights * ((points - centers[nearest(points, centers)]) ** 2).sum(axis=1)).sum())


def _fit(points: Floats, weights: Floats, *, shift: float, **params: Any) -> KMeans:
    """`KMeans` fitted to weighted points, until the squared steps of its centers sum to no more than `shift`."""
    scale = weighted_variance(points, np.ones(len(points)))  # what KMeans multiplies `tol` by
    kmeans = KMeans(tol=shift / scale if scale > 0 else shift, **params)
    n_threads = 1 if len(points) < _PARALLEL_FROM else None
    with _alone, _threadpools().limit(limits=n_threads, user_api="openmp"):
        return kmeans.fit(points, sample_weight=weights)


def known_kmeans(labels: NDArray[np.int32], centers: Floats, *, inertia: float, n_iter: int) -> KMeans:
    """A fitted `KMeans` with given labels and centers."""
    with _alone:
        kmeans = KMeans(len(centers), init=centers, n_init=1, max_iter=1).fit(centers)
    kmeans.cluster_centers_, kmeans.labels_ = centers, labels
    kmeans.inertia_, kmeans.n_iter_ = inertia, n_iter
    return kmeans


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()
