"""Model: what was fitted, a color conversion and k-means on a census. It labels, measures, paints and is judged.

Knows neither what X is nor the conventions of scikit-learn's estimators.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.utils import check_random_state, check_scalar
from sklearn.utils.validation import check_array

from ._census import Census, map_colors, map_rows, mean_colors, take
from ._color import Conversion, is_unit_range, luminance, to_unit, unit_scale
from ._kmeans import distances, fit_kmeans, known_kmeans, nearest, weighted_variance

Floats = NDArray[np.float64]

_STARTS = ("k-means++", "random")
_LARGEST = 1e150  # its square times any number of pixels is finite
_LEAST_WEIGHT = 1e-200  # relative to the largest; keeps the mean of a cluster finite whatever the weights


class Clusters(NamedTuple):
    """The colors of an image as a model sees them, for the criteria that judge it.

    Attributes
    ----------
    features : distinct colors in the color space of the clustering, (n_colors, n_features)
    weights : share of the pixels that have each color, (n_colors,)
    labels : cluster of each color, (n_colors,)
    centers : centers of the fitted clusters, (n_found, n_features)
    n_clusters : number of clusters that were asked for
    """

    features: Floats
    weights: Floats
    labels: NDArray[Any]
    centers: Floats
    n_clusters: int


@dataclass(frozen=True)
class Model:
    """Fitted clusters of colors.

    Attributes
    ----------
    conversion : from colors to the features that were clustered
    kmeans : fitted to the features of the census
    colors : mean color of each cluster in the units of `dtype`, from dark to light, (n_clusters, n_channels)
    sizes : share of the weight in each cluster, (n_clusters,)
    dtype, limits : type of the colors that were fitted, and the least and the largest number among them
    spread : standard deviation of the features
    census : the colors that were fitted, and their weights
    """

    conversion: Conversion
    kmeans: KMeans
    colors: Floats
    sizes: Floats
    dtype: np.dtype[Any]
    limits: tuple[float, float]
    spread: float
    census: Census

    @property
    def centers(self) -> Floats:
        """Centers in the color space, (n_clusters, n_features)."""
        return self.kmeans.cluster_centers_  # type: ignore[no-any-return]

    def features(self, colors: NDArray[Any]) -> Floats:
        """Coordinates of pixel rows in the color space, (n_pixels, n_features)."""
        return map_colors(self.conversion.convert, colors)

    def label(self, rows: NDArray[Any], *, is_fitted: bool = False) -> NDArray[np.int32]:
        """Cluster of each pixel row; `is_fitted` if they are exactly the rows of the census."""
        known = (self.census.colors, self.kmeans.labels_) if is_fitted else None
        return map_colors(lambda colors: nearest(self.conversion.convert(colors), self.centers), rows, known)

    def measure(self, rows: NDArray[Any]) -> Floats:
        """Distance of each pixel row to each center, (n_pixels, n_clusters)."""
        return map_colors(lambda colors: distances(self.conversion.convert(colors), self.centers), rows)

    def paint(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The color of the cluster of each pixel row, in the dtype of the rows."""
        return take(self.palette(rows.dtype), self.label(rows))

    def palette(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The cluster colors in the units of `dtype`, rounded if it holds no fractions."""
        colors = self.colors * (unit_scale(dtype) / unit_scale(self.dtype))
        limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
        if colors.min() < limits.min or np.rint(colors.max()) > limits.max:
            raise ValueError(
                f"X is {dtype}, which cannot hold the cluster colors {colors.min():g} to {colors.max():g}; "
                f"give X the dtype that fit has seen, {self.dtype}."
            )
        if dtype.kind == "f":
            return colors.astype(dtype)
        largest = np.nextafter(float(limits.max) + 1, 0)  # of 64 bits, the maximum itself rounds up to beyond the range
        return np.rint(colors).clip(float(limits.min), largest).astype(dtype)

    def color_labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The colors of labels of any shape, in the dtype that was fitted; a mask stays."""
        data, mask = np.ma.getdata(labels), np.ma.getmaskarray(labels)
        _check_labels(data[~mask], len(self.colors))
        painted = self.palette(self.dtype)[np.where(mask, 0, data)]
        if not isinstance(labels, np.ma.MaskedArray):
            return painted
        return np.ma.MaskedArray(painted, mask=np.broadcast_to(mask[..., np.newaxis], painted.shape))

    def rgb(self) -> Floats:
        """The cluster colors as sRGB from 0 to 1, (n_clusters, 3); grays, from dark to light, if they are not RGB."""
        colors = self.palette(self.dtype)
        if colors.shape[1] == 3 and is_unit_range(colors):
            return np.clip(to_unit(colors), 0, 1)
        return np.repeat(np.linspace(0, 1, len(colors))[:, np.newaxis], 3, axis=1)

    def clusters(self, census: Census) -> Clusters:
        """The clusters of the colors of an image."""
        features = map_rows(self.conversion.convert, census.colors)
        shares = census.weights / census.weights.sum()
        return Clusters(features, shares, nearest(features, self.centers), self.centers, self.kmeans.n_clusters)


def check_fit_parameters(*, n_clusters: Any, init: Any, n_init: Any, max_iter: Any, tol: Any) -> None:
    """Validate the parameters of `fit_model` as far as they do not depend on the colors."""
    check_scalar(n_clusters, "n_clusters", Integral, min_val=1)
    check_scalar(max_iter, "max_iter", Integral, min_val=1)
    check_scalar(tol, "tol", Real, min_val=0)
    if not np.isfinite(tol):
        raise ValueError(f"tol must be finite; got {tol} instead.")
    if not (isinstance(n_init, str) and n_init == "auto"):
        check_scalar(n_init, "n_init", Integral, min_val=1)
    if not _is_start(init):
        raise ValueError(
            "init must be 'k-means++', 'random', a callable or start colors of shape (n_clusters, n_channels); "
            f"got {init!r} instead."
        )


def fit_model(census: Census, conversion: Conversion, *, n_clusters: int, **params: Any) -> Model:
    """Cluster a census, and number the clusters from dark to light."""
    features = features_of(census, conversion)
    kmeans = cluster(features, census, conversion, n_clusters=n_clusters, **params)
    squares = ((features - kmeans.cluster_centers_[kmeans.labels_]) ** 2).sum(axis=1)
    kmeans.inertia_ = float((census.weights * squares).sum())  # exact, also where KMeans loses digits to an outlier
    kmeans.n_clusters = n_clusters
    return _model(census, conversion, kmeans, features)


def cluster(
    features: Floats,
    census: Census,
    conversion: Conversion,
    *,
    init: Any,
    n_clusters: int,
    random_state: Any,
    **params: Any,
) -> KMeans:
    """`KMeans` fitted to the features of a census, its clusters numbered from dark to light."""
    weights = _relative(census.weights)
    params |= {"n_clusters": n_clusters, "random_state": random_state}
    start = init if isinstance(init, str) else _start(init, conversion, census.colors, n_clusters, random_state)
    kmeans = fit_kmeans(features, weights, init=start, **params)
    _number_clusters(kmeans, features, Census(census.colors, weights), is_srgb=conversion.name is not None)
    return kmeans


def restore_model(
    census: Census, conversion: Conversion, centers: Floats, params: dict[str, Any], *, inertia: float, n_iter: int
) -> Model:
    """The model of a census whose centers and k-means parameters are known."""
    features = features_of(census, conversion)
    kmeans = known_kmeans(features, centers, inertia=inertia, n_iter=n_iter)
    init = params["init"]
    kmeans.set_params(**params | {"init": init if isinstance(init, str) else np.array(init)})
    return _model(census, conversion, kmeans, features)


def _model(census: Census, conversion: Conversion, kmeans: KMeans, features: Floats) -> Model:
    """The model with all that follows from a census and the k-means fitted to it."""
    weights = _relative(census.weights)
    return Model(
        conversion,
        kmeans,
        colors=mean_colors(Census(census.colors, weights), kmeans.labels_),
        sizes=np.bincount(kmeans.labels_, weights) / weights.sum(),
        dtype=census.colors.dtype,
        limits=(float(census.colors.min()), float(census.colors.max())),
        spread=float(np.sqrt(features.shape[1] * weighted_variance(features, weights))),
        census=census,
    )


def features_of(census: Census, conversion: Conversion) -> Floats:
    """Coordinates of the colors of a census in the color space, small enough for squared distances."""
    features = map_rows(conversion.convert, census.colors)
    if np.abs(features).max() > _LARGEST:
        raise ValueError(f"X must stay within ±{_LARGEST:g}, or squared distances overflow; scale it.")
    return features


def _is_start(init: Any) -> bool:
    """Whether `init` names a way to start, makes start colors, or can be a table of them."""
    if isinstance(init, str):
        return init in _STARTS
    if callable(init):
        return True
    try:
        return np.ndim(init) == 2
    except ValueError:  # rows of different lengths
        return False


def _start(init: Any, conversion: Conversion, colors: NDArray[Any], n_clusters: int, random_state: Any) -> Floats:
    """Start colors, given or made by a callable, in the color space."""
    if callable(init):
        init = init(colors, n_clusters, random_state=check_random_state(random_state))
    start = check_array(init, dtype=np.float64, input_name="init")
    expected = (n_clusters, colors.shape[1])
    if start.shape != expected:
        raise ValueError(f"init must have the shape (n_clusters, n_channels) = {expected}; got {start.shape} instead.")
    start = start / unit_scale(colors.dtype)
    conversion.check_range(start, name="init")
    return conversion.convert(start)


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


def nearest_by_distance(measured: NDArray[Any]) -> NDArray[Any]:
    """Labels from distances of shape (..., n_clusters), masked or not."""
    labels = np.ma.getdata(measured).argmin(axis=-1)
    if not isinstance(measured, np.ma.MaskedArray):
        return np.asarray(labels)
    return np.ma.MaskedArray(labels, mask=np.ma.getmaskarray(measured).any(axis=-1))


def _check_labels(labels: NDArray[Any], n_clusters: int) -> None:
    if labels.dtype.kind not in "iu":
        raise ValueError(f"X must hold labels, which are integers; got {labels.dtype} instead.")
    if labels.size and (labels.min() < 0 or labels.max() >= n_clusters):
        raise ValueError(
            f"X must hold labels from 0 to {n_clusters - 1}; got {labels.min()} to {labels.max()} instead. "
            "X holds colors, not labels, or pixels without a label, which must be masked: np.ma.masked_equal(X, -1)."
        )
