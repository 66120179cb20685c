"""Model: a fitted color conversion and k-means. It labels, measures, paints and is judged.

It knows neither the kind of X nor the conventions of scikit-learn's estimators.
"""

from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from ._census import Census, LabelCache, map_colors, map_rows, take
from ._color import Conversion, ValueRange, display_colors, display_limits, round_to
from ._kmeans import NearestCenter, distances, nearest

Floats = NDArray[np.float64]


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


@dataclass(eq=False)
class Model:
    """Fitted clusters of colors.

    Attributes
    ----------
    conversion : from colors to the features that were clustered
    kmeans : fitted to the features of the census
    colors : mean color of each cluster in the units of `dtype`, from dark to light, (n_clusters, n_channels)
    sizes : share of the weight in each cluster, (n_clusters,)
    spread : standard deviation of the features
    census : the colors that were fitted, and their weights; a sample, if they were too many to be counted
    limits : the least and the largest number of all colors that were fitted
    cache : labels of known colors
    """

    conversion: Conversion
    kmeans: KMeans
    colors: Floats
    sizes: Floats
    spread: float
    census: Census
    cache: LabelCache = field(default_factory=LabelCache, repr=False, compare=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the colors that were fitted."""
        return self.census.colors.dtype

    def __post_init__(self) -> None:
        low, high = self.census.number_limits()
        self.limits = float(low), float(high)

    @property
    def value_range(self) -> ValueRange:
        """The numbers that stand for 0 and 1."""
        return self.conversion.value_range

    @property
    def centers(self) -> Floats:
        """Centers in the color space, (n_clusters, n_features)."""
        return self.kmeans.cluster_centers_  # type: ignore[no-any-return]

    def features(self, colors: NDArray[Any]) -> Floats:
        """Coordinates of pixel rows in the color space, (n_pixels, n_features)."""
        return map_colors(self.conversion.convert, colors)

    def label(self, rows: NDArray[Any]) -> NDArray[np.int32]:
        """Cluster of each pixel row."""
        find = cache(partial(NearestCenter, self.centers))  # made if there is a color that is not known

        def label_colors(colors: NDArray[Any]) -> NDArray[np.int32]:
            return find()(self.conversion.convert(colors)).astype(np.int32)

        return self.cache.map(label_colors, rows, len(self.centers))

    def measure(self, rows: NDArray[Any]) -> Floats:
        """Distance of each pixel row to each center, (n_pixels, n_clusters)."""
        return map_colors(lambda colors: distances(self.conversion.convert(colors), self.centers), rows)

    def paint(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The color of the cluster of each pixel row, in the dtype of the rows."""
        return take(self.palette(rows.dtype), self.label(rows))

    def palette(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The cluster colors in the units of `dtype`, rounded if it holds no fractions."""
        scale = self.value_range.scale
        colors = self.colors * (scale(dtype) / scale(self.dtype))
        limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
        if colors.min() < limits.min or np.rint(colors.max()) > limits.max:
            raise ValueError(
                f"Pixels are {dtype}, which cannot hold the cluster colors {colors.min():g} to {colors.max():g}; "
                f"give them the dtype that fit has seen, {self.dtype}."
            )
        return round_to(colors, dtype)

    def color_labels(self, labels: NDArray[Any]) -> NDArray[Any]:
        """The colors of labels of any shape, in the dtype that was fitted; a mask stays."""
        data, mask = np.ma.getdata(labels), np.ma.getmaskarray(labels)
        _check_labels(data[~mask], len(self.colors))
        painted = self.palette(self.dtype)[np.where(mask, 0, data)]
        if not isinstance(labels, np.ma.MaskedArray):
            return painted
        return np.ma.MaskedArray(painted, mask=np.broadcast_to(mask[..., np.newaxis], painted.shape))

    @cached_property
    def rgb(self) -> Floats:
        """The cluster colors as sRGB from 0 to 1, (n_clusters, 3)."""
        palette = self.palette(self.dtype)
        return display_colors(palette, display_limits(palette, self.value_range))

    def clusters(self, census: Census) -> Clusters:
        """The clusters of the colors of an image."""
        features = map_rows(self.conversion.convert, census.colors)
        shares = census.weights / census.weights.sum()
        return Clusters(features, shares, nearest(features, self.centers), self.centers, self.kmeans.n_clusters)


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
