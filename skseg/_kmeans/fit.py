"""k-means on a census: the optimum on a line; otherwise `KMeans` with weights, started from the best found on cells."""

import os
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from joblib import cpu_count
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans, kmeans_plusplus
from threadpoolctl import ThreadpoolController

from .._census import sums_by_label
from .cells import Cells, group
from .lloyd import Points
from .nearest_center import nearest, squared_distances, weighted_variance
from .one_feature import optimal_bounds
from .search import search

Floats = NDArray[np.float64]

_SEED = 0  # of what chooses without chance
_CELLS_FROM = 1 << 11  # colors; fewer are started on themselves
_MIN_CELLS = 1 << 9
_CELLS_PER_CLUSTER = 24
_COLORS_PER_CELL = 16
_MAX_GROUPED = 1 << 17  # colors; cells of more are made of some of them
_HEAVY_SCATTERS = 64  # times the median scatter make a point an outlier
_POINTS_PER_OUTLIER = 64  # at least
_TRUSTED_SCATTER = 0.25  # within cells, relative to the inertia on them: up to here they stand for their colors
_PARALLEL_POINTS = 1 << 18  # of fewer, OpenMP gains little, and costs much where something else keeps the cores busy
_SLOWNESS = 10  # times smaller than at first are the last steps of a run that starts near its end
_ROUNDING = 1e-9  # relative to the extent: points this near to a line lie on it
_LEAST_UNIT = float(np.finfo(np.float64).tiny)  # its reciprocal is finite
_RESOLUTION = 2.0**-22  # relative to the extent: what KMeans can tell apart
_PROBED_POINTS = 1 << 12  # that usually show that there are enough distinct ones
# While `KMeans` runs, it limits the BLAS threads of the whole process, and then restores the number that it found. Of
# two that overlap, the later one would find, and leave, the limit of the other.
_alone = Lock()
if hasattr(os, "register_at_fork"):  # pragma: no branch, not on Windows
    os.register_at_fork(before=_alone.acquire, after_in_parent=_alone.release, after_in_child=_alone.release)


def fit_kmeans(
    features: Floats,
    weights: Floats,
    *,
    n_clusters: int,
    init: str | ArrayLike,
    n_init: int | str,
    max_iter: int,
    tol: float,
    random_state: int | np.random.RandomState | None,
) -> KMeans:
    """`KMeans` fitted to weighted features of shape (n_colors, n_features).

    With k-means++ and ``n_init="auto"``, the optimum is computed if all features lie on a line, and searched for
    otherwise; neither depends on `random_state`. Of many colors, the search and all starts use cells; the one run on
    all colors begins at the best result. If there are no more distinct features than clusters, each is a cluster. `tol`
    is relative to the weighted variance of the features, as if they were repeated.
    """
    is_searched = isinstance(init, str) and (init, n_init) == ("k-means++", "auto")
    params: dict[str, Any] = {"n_clusters": n_clusters, "max_iter": max_iter, "init": init, "n_init": n_init}
    params["random_state"] = _SEED if is_searched else random_state
    if is_searched and (places := _places_on_a_line(features)) is not None:
        values, numbers = np.unique(places, return_inverse=True)
        if len(values) > n_clusters:
            return _fit_on_a_line(features, weights, values, numbers, n_clusters)
    shift = tol * weighted_variance(features, weights)
    if isinstance(init, str) and not _are_few(features, n_clusters):
        cells = _cells(features, weights, n_clusters)
        if is_searched:
            return _search(cells, features, weights, shift, params)
        if cells.means is not features:
            start = _fit(cells.means, cells.weights, shift / 10, params).cluster_centers_  # iterations are cheap here
            params |= {"init": _better_start(start, cells, features, weights, params), "n_init": 1}
    return _fit(features, weights, shift, params)


def _places_on_a_line(points: Floats) -> Floats | None:
    """The distance of each point from the first along a line, if all points lie on one, but for rounding."""
    for some in points[:: 1 + len(points) // _PROBED_POINTS], points:
        offsets = some - some[0]
        farthest = offsets[np.abs(offsets).max(axis=1).argmax()]
        extent = np.abs(farthest).max() or 1.0
        direction = farthest / extent
        direction /= np.sqrt((direction**2).sum()) or 1.0
        places = (offsets * direction).sum(axis=1)
        if (np.abs(offsets - places[:, np.newaxis] * direction) > _ROUNDING * extent).any():
            return None
    return np.asarray(places)


def _fit_on_a_line(
    points: Floats, weights: Floats, values: Floats, numbers: NDArray[np.intp], n_clusters: int
) -> KMeans:
    """The optimum for points that have the numbers of ascending values on a line, more than clusters."""
    bounds = optimal_bounds(values, np.bincount(numbers, weights).astype(np.float64, copy=False), n_clusters)
    labels = np.searchsorted(bounds, numbers, side="right")
    offsets = points - points[0]
    totals = np.bincount(labels, weights, n_clusters)[:, np.newaxis]
    centers = points[0] + sums_by_label(labels, offsets.T, n_clusters, weights) / totals
    nearest_labels, inertia = _measure(points, weights, centers)
    return known_kmeans(nearest_labels, centers, inertia=inertia, n_iter=1)


def _cells(features: Floats, weights: Floats, n_clusters: int) -> Cells:
    """Cells of many colors, or each color as its own."""
    n_cells = len(features) // _COLORS_PER_CELL
    if len(features) >= _CELLS_FROM and n_cells >= 4 * n_clusters:
        n_cells = min(n_cells, max(_MIN_CELLS, _CELLS_PER_CLUSTER * n_clusters))
        cells = group(*_representatives(features, weights), n_cells)
        if len(cells.means) >= n_clusters:  # there are fewer if colors coincide in the color space
            return cells
    return Cells(features, weights, 0.0)


def _search(cells: Cells, points: Floats, weights: Floats, shift: float, params: dict[str, Any]) -> KMeans:
    """Lloyd's algorithm from the best centers that are found on cells."""
    start = _better_start(search(*cells[:2], params["n_clusters"]), cells, points, weights, params)
    run = Points(points, weights).lloyd
    centers, labels, n_iter = run(start, shift=shift / _SLOWNESS, max_iter=params["max_iter"])
    return known_kmeans(labels, centers, inertia=_inertia(points, weights, centers, labels), n_iter=n_iter)


def _better_start(start: Floats, cells: Cells, features: Floats, weights: Floats, params: dict[str, Any]) -> Floats:
    """The centers found on cells, or those of k-means++ on all colors where cells tell too little."""
    if cells.scatter <= _TRUSTED_SCATTER * _measure(cells.means, cells.weights, start)[1]:
        return start
    rival, _ = kmeans_plusplus(features, len(start), sample_weight=weights, random_state=params["random_state"])
    return min(start, rival, key=lambda centers: _measure(features, weights, centers)[1])


def _measure(points: Floats, weights: Floats, centers: Floats) -> tuple[NDArray[np.int32], float]:
    """The label of each point, and the inertia."""
    labels = nearest(points, centers)
    return labels, _inertia(points, weights, centers, labels)


def _inertia(points: Floats, weights: Floats, centers: Floats, labels: NDArray[np.int32]) -> float:
    return float((weights * ((points - centers[labels]) ** 2).sum(axis=1)).sum())


def _are_few(points: Floats, most: int) -> bool:
    """Whether no more than `most` points are distinct, or so far apart that `KMeans` can tell them apart.

    It computes squared distances as differences of squares, which hold half of the digits of the points.
    """
    offsets = points - points.min(axis=0)
    unit = max(_RESOLUTION * float(offsets.max()), _LEAST_UNIT)
    probe = np.rint(offsets[:: 1 + len(points) // (most + _PROBED_POINTS)] / unit)
    if any(len(np.unique(column)) > most for column in probe.T) or len(np.unique(probe, axis=0)) > most:
        return False
    return len(np.unique(np.rint(offsets / unit), axis=0)) <= most


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
    """Which points hold far more of the scatter than most do: at most one of `_POINTS_PER_OUTLIER`."""
    center = [np.average(column.astype(np.float64), weights=weights) for column in points.T]
    scatter = squared_distances(points, center)
    if weights is not None:
        scatter *= weights
    rank = -1 - len(points) // _POINTS_PER_OUTLIER
    return np.asarray(scatter > max(np.partition(scatter, rank)[rank], _HEAVY_SCATTERS * np.median(scatter)))


def _fit(points: Floats, weights: Floats, shift: float, params: dict[str, Any]) -> KMeans:
    """`KMeans` fitted to weighted points, until the squared steps of its centers sum to no more than `shift`.

    Points that it would warn of, since they are fewer than the clusters, or seem to be, are fitted without it.
    """
    if _are_few(points, params["n_clusters"]):
        return _fit_exactly(points, weights, shift, params)
    scale = weighted_variance(points, np.ones(len(points)))  # what KMeans multiplies `tol` by
    kmeans = KMeans(tol=shift / scale if scale > 0 else shift, **params)
    n_threads = 1 if len(points) < _PARALLEL_POINTS else None
    with _alone, _threadpools().limit(limits=n_threads, user_api="openmp"):
        return kmeans.fit(points, sample_weight=weights)


def _fit_exactly(points: Floats, weights: Floats, shift: float, params: dict[str, Any]) -> KMeans:
    """Lloyd's algorithm by exact distances, from one start."""
    distinct, random_state = np.unique(points, axis=0), params["random_state"]
    centers = distinct if len(distinct) <= params["n_clusters"] else params["init"]
    if isinstance(centers, str):
        centers, _ = kmeans_plusplus(points, params["n_clusters"], sample_weight=weights, random_state=random_state)
    step, n_iter = np.inf, 0
    while step > shift and n_iter < params["max_iter"]:
        labels = nearest(points, centers)
        totals = np.bincount(labels, weights, len(centers))[:, np.newaxis]
        sums = sums_by_label(labels, points.T, len(centers), weights)
        moved = np.where(totals > 0, sums / np.where(totals > 0, totals, 1), centers)
        step, centers, n_iter = float(((moved - centers) ** 2).sum()), moved, n_iter + 1
    labels, inertia = _measure(points, weights, centers)
    return known_kmeans(labels, centers, inertia=inertia, n_iter=n_iter)


def known_kmeans(labels: NDArray[np.int32], centers: Floats, *, inertia: float, n_iter: int) -> KMeans:
    """A `KMeans` with given labels and centers, which has nothing left to fit."""
    kmeans = KMeans(len(centers), init=centers, n_init=1)
    vars(kmeans).update(
        cluster_centers_=centers,
        labels_=labels,
        inertia_=inertia,
        n_iter_=n_iter,
        n_features_in_=centers.shape[1],
        _n_features_out=len(centers),
        _n_threads=cpu_count(),  # which `predict` needs, and only `fit` sets
    )
    return kmeans


@cache
def _threadpools() -> ThreadpoolController:
    return ThreadpoolController()
