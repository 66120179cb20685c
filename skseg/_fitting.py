"""Fit a model to colors: on their census, or in passes over all if the census is a sample or very large."""

from collections.abc import Callable
from dataclasses import replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import KMeans
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_array

from ._census import Census, map_rows, mean_colors, sample, shrink
from ._checks import warn_other_range, warn_outliers
from ._color import Conversion, find_conversion, find_value_range, luminance
from ._errors import is_word
from ._kmeans import (
    CensusScan,
    Passed,
    Passes,
    Scan,
    fit_kmeans,
    known_kmeans,
    nearest,
    no_buckets,
    scattered_buckets,
    stand_for_all,
    weighted_variance,
)
from ._limits import LIMITS, of_channels
from ._model import Model
from ._scaling import check_size, learn_weights

Floats = NDArray[np.float64]
Init = str | ArrayLike | Callable[..., ArrayLike]  # the name of a way to start, start colors, or what makes them

_STARTS = ("k-means++", "random")
_LEAST_WEIGHT = 1e-200  # relative to the largest; keeps the mean of a cluster finite whatever the weights
_MAX_ADDED = 4  # times that colors are added to a sample
_TOL_OF_START = 0.1
_LONGEST_STRIDE = 1.8  # of a center in passes, where 1 leads to the mean; from 2 on, the inertia could rise
_COLORS_PER_SAMPLED = 64
_SAMPLED_PER_CLUSTER = 64  # colors that passes are started from, at least


def check_fit_parameters(*, n_clusters: int, init: Init, n_init: str | int, max_iter: int, tol: float) -> None:
    """Validate the parameters of `fit_model` as far as they do not depend on the colors."""
    check_scalar(n_clusters, "n_clusters", Integral, min_val=1)
    check_scalar(max_iter, "max_iter", Integral, min_val=1)
    check_scalar(tol, "tol", Real, min_val=0)
    if not np.isfinite(tol):
        raise ValueError(f"tol must be finite; got {tol} instead.")
    if not is_word(n_init, "auto"):
        check_scalar(n_init, "n_init", Integral, min_val=1)
    if not _is_start(init):
        raise ValueError(
            "init must be 'k-means++', 'random', a callable or start colors of shape (n_clusters, n_channels); "
            f"got {init!r} instead."
        )


def fit_model(
    census: Census,
    scan: Scan | None = None,
    *,
    color_space: str | None,
    channel_weights: str | ArrayLike | None,
    value_range: str | ArrayLike,
    **params: Any,
) -> Model:
    """Cluster a census, and number the clusters from dark to light.

    If the census is a sample, `scan` goes through all colors.
    """
    params |= {name: int(params[name]) for name in ("n_clusters", "max_iter")}  # NumPy's small integers overflow
    n_channels = census.colors.shape[1]
    limits = census.number_limits()
    conversion = find_conversion(color_space, channel_weights, n_channels)
    conversion = conversion.with_range(find_value_range(value_range, census.colors, limits))
    conversion.check_range(limits)
    warn_outliers(census, conversion)
    conversion = learn_weights(conversion, census, scan)
    params["init"] = _start(census.colors, conversion, **params)
    n_sampled = max(
        of_channels(LIMITS.sampled_colors, n_channels),
        (len(census.colors) << census.level) // _COLORS_PER_SAMPLED,  # passes over many colors cost more than a start
        _SAMPLED_PER_CLUSTER * params["n_clusters"],
    )
    if scan is None and len(census.colors) <= (LIMITS.held_colors if n_channels <= 4 else n_sampled):
        return _fit_held(census, conversion, params)
    return _fit_in_passes(sample(census, n_sampled), census, conversion, scan or CensusScan(census), params)


def without_most_colors(model: Model) -> Model:
    """The model with a sample of its colors, if they would need much memory."""
    census = shrink(model.census)
    if census is not model.census:
        model.kmeans.labels_ = nearest(model.features(census.colors), model.centers)
    return replace(model, census=census)


def _fit_held(census: Census, conversion: Conversion, params: dict[str, Any]) -> Model:
    features = _features(census, conversion)
    kmeans = _fit_numbered(census, conversion, features, params)
    squares = ((features - kmeans.cluster_centers_[kmeans.labels_]) ** 2).sum(axis=1)
    kmeans.inertia_ = float((census.weights * squares).sum())  # exact, also where KMeans loses digits to an outlier
    kmeans.n_clusters = params["n_clusters"]
    model = _complete_model(census, conversion, kmeans, features)
    model.cache.remember(census.colors, kmeans.labels_)
    return model


def _fit_in_passes(some: Census, census: Census, conversion: Conversion, scan: Scan, params: dict[str, Any]) -> Model:
    """Start from k-means on some of the colors; add the colors that they do not represent, and start again."""
    _features(some, conversion)
    check_size(some.number_limits())
    is_searched = isinstance(params["init"], str)
    passes = Passes(scan, conversion.convert, some, _convert_means(conversion, some.colors.dtype))
    passed = _start_passes(passes, scan, some, conversion, params) if is_searched else passes.run(params["init"])

    def order(colors: Floats) -> NDArray[np.intp]:
        return _dark_to_light(colors, is_srgb=conversion.is_srgb)

    stride = _LONGEST_STRIDE if is_searched else 1  # from given centers, k-means goes to their local optimum
    passed, n_iter = passes.lloyd(passed, order, max_iter=params["max_iter"], tol=params["tol"], longest_stride=stride)
    kept = census if census.is_complete else shrink(some)
    if isinstance(scan, CensusScan):
        labels = scan.bounds.labels
    else:
        labels = nearest(map_rows(conversion.convert, kept.colors), passed.centers)
    kmeans = known_kmeans(labels, passed.centers, inertia=passed.inertia, n_iter=n_iter).set_params(**params)
    spread = float(np.sqrt(passed.centers.shape[1] * max(passed.variance, 0.0)))
    return Model(conversion, kmeans, passed.colors, passed.weights / passed.weights.sum(), spread, kept)


def _convert_means(conversion: Conversion, dtype: np.dtype[Any]) -> Callable[[Floats], Floats] | None:
    """The conversion of mean colors in the units of `dtype`, if colors are only scaled."""
    return None if not conversion.is_linear else lambda colors: conversion.convert(colors, dtype)


def _start_passes(passes: Passes, scan: Scan, some: Census, conversion: Conversion, params: dict[str, Any]) -> Passed:
    """The first pass from centers of a sample, to which the colors that it does not represent are added.

    Frequent colors and outliers are added at once where it is cheap to find them.
    """
    is_added = scattered_buckets(scan, some) if isinstance(scan, CensusScan) else no_buckets()
    found: list[Passed] = []
    while True:
        centers = _centers(stand_for_all(some, scan, is_added), conversion, params)
        found.append(passes.run(centers, has_buckets=True))
        best = min(found, key=lambda passed: passed.inertia)
        missing = best.heavy_buckets() & ~is_added
        if not missing.any() or len(found) > _MAX_ADDED:
            return best if best is found[-1] else passes.run(best.centers)  # the labels are those of the last pass
        is_added = is_added | missing


def _centers(census: Census, conversion: Conversion, params: dict[str, Any]) -> Floats:
    """Centers of the clusters of a few colors, from dark to light; they iterate longer, since that is cheap here."""
    params = params | {"tol": _TOL_OF_START * params["tol"]}
    kmeans = _fit_numbered(census, conversion, map_rows(conversion.convert, census.colors), params)
    return kmeans.cluster_centers_  # type: ignore[no-any-return]


def restore_model(
    census: Census,
    conversion: Conversion,
    centers: Floats,
    params: dict[str, Any],
    *,
    inertia: float,
    n_iter: int,
    sums: dict[str, Any],
) -> Model:
    """The model of a census with given centers and k-means parameters.

    `sums` are the colors, the sizes and the spread, if the census is a sample, which does not tell them.
    """
    features = _features(census, conversion)
    kmeans = known_kmeans(nearest(features, centers), centers, inertia=inertia, n_iter=n_iter)
    init = params["init"]
    kmeans.set_params(**params | {"init": init if isinstance(init, str) else np.array(init)})
    if census.is_complete:
        return _complete_model(census, conversion, kmeans, features)
    return Model(conversion, kmeans, census=census, **sums)


def _complete_model(census: Census, conversion: Conversion, kmeans: KMeans, features: Floats) -> Model:
    """The model with all that follows from a complete census and the k-means fitted to it."""
    weights = _relative(census.weights)
    colors = mean_colors(Census(census.colors, weights), kmeans.labels_)
    sizes = np.bincount(kmeans.labels_, weights) / weights.sum()
    spread = float(np.sqrt(features.shape[1] * weighted_variance(features, weights)))
    return Model(conversion, kmeans, colors, sizes, spread, census)


def _features(census: Census, conversion: Conversion) -> Floats:
    """Coordinates of the colors of a census in the color space, small enough for squared distances."""
    features = map_rows(conversion.convert, census.colors)
    check_size(features)
    return features


def _is_start(init: Init) -> bool:
    """Whether `init` names a way to start, makes start colors, or can be a table of them."""
    if isinstance(init, str):
        return init in _STARTS
    if callable(init):
        return True
    try:
        return np.ndim(init) == 2
    except ValueError:  # rows of different lengths
        return False


def _start(
    colors: NDArray[Any], conversion: Conversion, *, init: Any, n_clusters: int, random_state: Any, **params: Any
) -> Any:
    """The name of a way to start, or start colors, given or made by a callable, in the color space."""
    if isinstance(init, str):
        return init
    if callable(init):
        init = init(colors, n_clusters, random_state=check_random_state(random_state))
    start = check_array(init, dtype=np.float64, input_name="init")
    expected = (n_clusters, colors.shape[1])
    if start.shape != expected:
        raise ValueError(f"init must have the shape (n_clusters, n_channels) = {expected}; got {start.shape} instead.")
    unit = conversion.value_range.to_unit(start, colors.dtype)
    conversion.check_range(unit, name="init")
    warn_other_range(start.max(), float(colors.max()), name="init", others="the pixels")
    return conversion.convert(start, colors.dtype)


def _fit_numbered(census: Census, conversion: Conversion, features: Floats, params: dict[str, Any]) -> KMeans:
    """`KMeans` fitted to weighted colors, its clusters numbered from dark to light."""
    census = Census(census.colors, _relative(census.weights))
    kmeans = fit_kmeans(features, census.weights, **params)
    _number_clusters(kmeans, features, census, is_srgb=conversion.is_srgb)
    return kmeans


def _number_clusters(kmeans: KMeans, features: Floats, census: Census, *, is_srgb: bool) -> None:
    """Number the clusters of `kmeans` from dark to light, without empty ones."""
    present = np.flatnonzero(np.bincount(kmeans.labels_))
    means = mean_colors(census, np.searchsorted(present, kmeans.labels_))
    centers = kmeans.cluster_centers_[present[_dark_to_light(means, is_srgb=is_srgb)]]
    labels = nearest(features, centers)  # in this order: of two centers that are equally near the darker wins
    found = np.flatnonzero(np.bincount(labels))
    kmeans.cluster_centers_ = centers[found]
    kmeans.labels_ = np.searchsorted(found, labels).astype(np.int32)


def _dark_to_light(colors: Floats, *, is_srgb: bool) -> NDArray[np.intp]:
    """Order by luminance, or by the mean of the channels; equal ones by their channels."""
    brightness = luminance(colors) if is_srgb and colors.shape[1] == 3 else colors.mean(axis=1)
    largest = np.abs(brightness).max() or 1.0
    return np.lexsort((*colors.T, np.round(brightness / largest, 9)))  # rounding errors must not order equals


def _relative(weights: Floats) -> Floats:
    """Weights relative to the largest."""
    return np.asarray(np.maximum(weights / weights.max(), _LEAST_WEIGHT))
