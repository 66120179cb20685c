"""Criteria to choose the number of clusters, as scorers: ``criterion(segmenter, X)``.

They work on the census of X, or on a sample if it has more than a few million colors.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, clone

from .._census import Census, means_by_label
from .._checks import match_to_fit
from .._counting import count_or_pass
from .._images import ImageLike, open_images
from .._kmeans import representatives
from .._limits import LIMITS
from .._model import Clusters, Model
from .._nested import inner_segmenter
from ._agreement import contingency, mean_score, score_or_none

Floats = NDArray[np.float64]

_WORST = -1e6  # of a model that a criterion cannot judge, such as one cluster; finite, so that folds can be averaged
_PERFECT = 1e-6  # share of the variance below which a cluster counts as one color; less is rounding
_RESOLUTION = 0.015  # share of the variance that is not worth a cluster: noise, rims, artifacts
_BANDWIDTH = 0.1  # of the density estimate, relative to the distance of two centers: a tenth of the way between them
_COST = 0.18  # of a cluster
_DISCOUNT = 0.1  # for a well-separated cluster

JUDGES: dict[str, Callable[[Clusters], float]] = {}  # the criteria as functions of clusters, without an estimator


class Criterion(Protocol):
    """A scorer of scikit-learn, which `cross_validate` and searches take."""

    def __call__(
        self, estimator: BaseEstimator, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        """Score an estimator; higher is better."""


def _criterion(judge: Callable[[Clusters], float]) -> Criterion:
    """Make a function of clusters a scorer of the same name; its docstring is the scorer's."""
    JUDGES[judge.__name__] = judge

    @wraps(judge)
    def score(
        estimator: BaseEstimator, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> float:
        return mean_score([score_or_none(lambda: judge(clusters_of(estimator, X, sample_weight)))])

    del score.__wrapped__  # help() would show its signature
    return score


@_criterion
def parsimony(clusters: Clusters) -> float:
    """Reward the variance that clusters explain, down to a resolution, and charge for each cluster.

    A cluster is worth its cost if it explains a good share of the variance that is left. Variance below a resolution
    counts as explained, so there is no reward for clusters of noise, of the rims of anti-aliased edges, or of the
    artifacts of compression. A cluster costs less than half if it is well separated. Between two well-separated
    clusters lies a valley: colors midway between the centers are rarer than colors at either center. Two halves of one
    cluster have no valley between them, even if the cluster is noisy or unevenly lit.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        Higher is better; always finite. A single cluster scores lowest.

    Notes
    -----
    The score is ``d / 2 * log(T / (W + 0.015 * T)) - sum(0.18 - 0.1 * s)``, with the total variance *T*, the variance
    around the centers *W*, the effective number of dimensions *d*, which is the participation ratio of the covariance
    of X, and the separation *s* of each cluster, from 0 to 1.

    The first term is the logarithm of the volume of all colors over the volume of a cluster. It does not depend on the
    unit of the colors. For colors without structure, it is about log K, and with a cost of 0.18, four clusters score
    best. The resolution, 1.5 % of the variance, is an eighth of the standard deviation.

    Color densities are estimated with a Gaussian kernel, whose bandwidth is a tenth of the distance between the two
    centers. The density at a center comes from the pixels of its cluster, the density midway from the pixels of both.
    With the ratio *r* of the density midway to the lower density at the centers, a pair of clusters counts
    ``(1 - r²) / (1 + r²)``, at least 0, and *s* is that of the worst pair of a cluster; it is 0 for a cluster without
    pixels. Densities midway follow [1]_.

    The resolution, the cost and its discount were chosen on synthetic scenes and graphics and on photos. Changes of a
    fifth matter little.

    References
    ----------
    .. [1] M. Halkidi and M. Vazirgiannis, "Clustering validity assessment: finding the optimal partitioning of a data
       set", IEEE International Conference on Data Mining, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import parsimony
    >>> rng = np.random.default_rng(0)
    >>> pixels = rng.normal([[0.1], [0.5], [0.9]], 0.03, size=(3, 1000)).reshape(-1, 1)
    >>> [round(parsimony(KMeansSegmenter(k, random_state=0).fit(pixels), pixels), 1) for k in (2, 3, 4)]
    [0.3, 1.6, 1.4]
    """
    if clusters.n_clusters < 2:
        return _WORST
    gain = -n_dimensions(clusters) / 2 * np.log(unexplained(clusters, least=0.0) + _RESOLUTION)
    separated = _valley_contrasts(clusters).clip(min=0).sum()
    return float(gain - _COST * clusters.n_clusters + _DISCOUNT * separated)


@_criterion
def log_variance_ratio(clusters: Clusters) -> float:
    """Logarithm of the variance ratio of Calinski and Harabasz, per pixel.

    The ratio is the dispersion between clusters per degree of freedom over the dispersion within clusters,
    ``(B / (K - 1)) / W``. The factor ``n - K`` of [1]_ depends on the number of pixels and is left out, so scores are
    comparable between images of different sizes; the logarithm makes them comparable between different contrasts.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        Higher is better; always finite. A single cluster scores lowest.

    References
    ----------
    .. [1] T. Caliński and J. Harabasz, "A dendrite method for cluster analysis", Communications in Statistics 3, 1974.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import log_variance_ratio
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(log_variance_ratio(KMeansSegmenter(2, random_state=0).fit(pixels), pixels), 3)
    4.605
    """
    features, weights, labels, _, n_clusters = clusters
    centered = features - _weighted_sums(features.T, weights)
    means, sizes, labels = _own_means(centered, weights, labels)
    within = (weights * _squares_to_own(centered, means, labels)).sum()
    between = (sizes * (means**2).sum(axis=1)).sum()
    if n_clusters < 2 or between <= _PERFECT**2 * within:
        return _WORST
    return float(np.log(between / (n_clusters - 1) / max(within, _PERFECT**2 * between)))


@_criterion
def neg_davies_bouldin(clusters: Clusters) -> float:
    """Negative Davies–Bouldin index; higher is better.

    The index is the similarity of each cluster to its most similar cluster, averaged. The similarity is the sum of the
    mean distances to both centers, over the distance between the centers [1]_.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        At most 0; always finite. A single cluster, fitted or found in X, scores lowest.

    References
    ----------
    .. [1] D. L. Davies and D. W. Bouldin, "A cluster separation measure", IEEE Transactions on Pattern Analysis and
       Machine Intelligence 1(2), 1979.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import neg_davies_bouldin
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> neg_davies_bouldin(KMeansSegmenter(2, random_state=0).fit(pixels), pixels)
    -0.1
    """
    features, weights, labels, _, n_clusters = clusters
    means, sizes, labels = _own_means(features, weights, labels)
    if n_clusters < 2 or len(means) < 2:
        return _WORST
    spreads = np.bincount(labels, weights * np.sqrt(_squares_to_own(features, means, labels))) / sizes
    gaps = cdist(means, means)
    np.fill_diagonal(gaps, np.inf)
    return -float(((spreads[:, np.newaxis] + spreads) / gaps).max(axis=1).mean())


@_criterion
def simplified_silhouette(clusters: Clusters) -> float:
    """Simplified silhouette: how much closer a pixel is to its center than to the next one, on average.

    Unlike the silhouette [1]_, it uses distances to centers instead of mean distances to all members [2]_.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        From 0, if each pixel is midway between two centers, to 1; −1 for one cluster.

    References
    ----------
    .. [1] P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis",
       Journal of Computational and Applied Mathematics 20, 1987.
    .. [2] E. R. Hruschka, L. N. de Castro and R. J. G. B. Campello, "Evolutionary algorithms for clustering gene
       expression data", IEEE International Conference on Data Mining, 2004.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import simplified_silhouette
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(simplified_silhouette(KMeansSegmenter(2, random_state=0).fit(pixels), pixels), 3)
    0.95
    """
    features, weights, _, centers, n_clusters = clusters
    if n_clusters < 2 or len(centers) < 2:
        return -1.0
    first, second = np.partition(cdist(centers, features), 1, axis=0)[:2]
    return float((weights * (second - first) / np.maximum(second, np.finfo(float).tiny)).sum())


@_criterion
def explained_variance(clusters: Clusters) -> float:
    """Share of the variance that the clusters explain: R² of the repainted image in the color space.

    It grows with the number of clusters, so use it for a threshold or a plot, not for a search.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        At most 1, if all colors are centers; 0 for a single color that is not a center; below 0 if the mean of X fits
        better.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import explained_variance
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(explained_variance(KMeansSegmenter(2, random_state=0).fit(pixels), pixels), 3)
    0.99
    """
    return 1 - unexplained(clusters, least=0.0)


@_criterion
def log_explained(clusters: Clusters) -> float:
    """Logarithm of the total variance over the variance within clusters: log-inertia, for `knee`.

    It grows with the number of clusters; `knee` finds the K beyond which it grows more slowly.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        About 0 for one cluster; at most 13.8, if the clusters explain all but a millionth.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import log_explained
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(log_explained(KMeansSegmenter(2, random_state=0).fit(pixels), pixels), 3)
    4.615
    """
    return -float(np.log(unexplained(clusters)))


def prediction_strength(
    estimator: BaseEstimator, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None
) -> float:
    """Prediction strength: how well the segmenter predicts the clusters of a fit to X.

    A copy of the segmenter is fitted to X. For each of its clusters, the strength is the share of pixel pairs that the
    given segmenter also assigns to one cluster. The smallest share is the score [1]_.

    Parameters
    ----------
    estimator : KMeansSegmenter, Pipeline or search
        A fitted segmenter, or a Pipeline or search that ends in one.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        From 0 to 1. In [1]_, the largest number of clusters that reaches 0.8 to 0.9 is chosen. A single cluster, which
        is trivial to predict, scores 0.

    References
    ----------
    .. [1] R. Tibshirani and G. Walther, "Cluster validation by prediction strength", Journal of Computational and
       Graphical Statistics 14, 2005.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import prediction_strength
    >>> segmenter = KMeansSegmenter(2, random_state=0).fit([[0.0], [1.0], [10.0], [11.0]])
    >>> prediction_strength(segmenter, [[0.5], [1.5], [9.5], [10.5]])
    1.0
    """
    segmenter, arrived = inner_segmenter(estimator, X)

    def found() -> Clusters:
        return clusters_of(clone(segmenter).fit(arrived, sample_weight=sample_weight), arrived, sample_weight)

    return mean_score([score_or_none(lambda: least_overlap(clusters_of(segmenter, arrived, sample_weight), found))])


def clusters_of(estimator: BaseEstimator, X: ImageLike, sample_weight: ArrayLike | None) -> Clusters:
    """The colors of X as the segmenter at the end of `estimator` sees them."""
    segmenter, X = inner_segmenter(estimator, X)
    images = open_images(X)
    model: Model = segmenter._model
    color_space, n_jobs = model.conversion.name, segmenter.n_jobs
    most = LIMITS.colors_in_score
    census, scan = count_or_pass(images, color_space, sample_weight, most=most, n_jobs=n_jobs)
    if scan is not None:
        census = representatives(census, scan)
    colors = match_to_fit(segmenter, images, census.colors)
    return model.clusters(Census(colors, census.weights))


def least_overlap(predicted: Clusters, found: Callable[[], Clusters]) -> float:
    """Smallest share of pairs of pixels in one found cluster that are also in one predicted cluster.

    `found` gives the clusters that a fit to the same colors finds.
    """
    if predicted.n_clusters < 2:
        return 0.0
    overlap = contingency(found().labels, predicted.labels, predicted.weights)
    together = np.bincount(overlap.rows, overlap.sizes**2)
    return float((together / overlap.row_sizes**2).min())


def n_dimensions(clusters: Clusters) -> float:
    """Effective number of dimensions of the features, from 1 to all."""
    columns = np.ascontiguousarray((clusters.features - _weighted_sums(clusters.features.T, clusters.weights)).T)
    covariance = np.array([_weighted_sums(columns * column, clusters.weights) for column in columns])
    covariance /= covariance.max() or 1.0  # its squares are finite whatever the scale, and do not vanish
    return float(np.trace(covariance) ** 2 / max((covariance**2).sum(), np.finfo(float).tiny))


def unexplained(clusters: Clusters, least: float = _PERFECT) -> float:
    """Variance around the fitted centers over all variance, at least `least`; 1 if there is none to explain."""
    features, weights, labels, centers, _ = clusters
    within = (weights * _squares_to_own(features, centers, labels)).sum()
    total = (weights * cdist(_weighted_sums(features.T, weights)[np.newaxis], features, "sqeuclidean")[0]).sum()
    if total == 0:
        rounding = 1e-9 * np.abs(features).max()
        return least if np.allclose(features, centers[labels], rtol=0, atol=rounding) else 1.0
    return float(max(within / total, least))


def _valley_contrasts(clusters: Clusters) -> Floats:
    """For each cluster, how much deeper than both centers the shallowest valley around it is: 1 for empty, to −1."""
    features, weights, labels, centers, _ = clusters
    gaps = cdist(centers, centers, "sqeuclidean")
    steepness = 1 / (2 * _BANDWIDTH**2 * np.where(gaps > 0, gaps, np.inf))
    own, middle = np.zeros((2, len(centers), len(centers)))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        distances, shares = cdist(centers, features[members], "sqeuclidean"), weights[members]
        to_own, fall, gap = distances[label], -steepness[label, :, np.newaxis], gaps[label, :, np.newaxis]
        own[label] = _weighted_sums(np.exp(fall * to_own), shares)
        middle[label] = _weighted_sums(np.exp(fall * ((to_own + distances) / 2 - gap / 4)), shares)
    between = middle + middle.T
    lower = np.minimum(own, own.T)
    ratio = (between / np.maximum(lower, np.finfo(float).tiny)).clip(max=1e9)
    np.fill_diagonal(ratio, 0)
    worst = ratio.max(axis=1)
    is_present = own.diagonal() > 0
    return np.asarray((1 - worst**2) / (1 + worst**2) * is_present)


def _own_means(points: Floats, weights: Floats, labels: NDArray[Any]) -> tuple[Floats, NDArray[Any], NDArray[np.intp]]:
    """Mean and weight of the points of each label that occurs, and the labels, numbered without gaps."""
    _, numbers = np.unique(labels, return_inverse=True)
    return means_by_label(numbers, points.T, weights), np.bincount(numbers, weights), numbers


def _squares_to_own(points: Floats, centers: Floats, labels: NDArray[Any]) -> Floats:
    """Squared distance of each point to the center of its label, (n_points,)."""
    sums = np.zeros(len(points))
    for column, coordinates in zip(points.T, centers.T, strict=True):
        sums += (column - coordinates.take(labels)) ** 2
    return sums


def _weighted_sums(rows: Floats, weights: Floats) -> Floats:
    """Weighted sum of each row; avoids BLAS, whose threads stall on busy machines."""
    return np.array([(weights * row).sum() for row in rows])
