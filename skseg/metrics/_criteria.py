"""Criteria to choose the number of clusters by.

A criterion is a scorer: ``criterion(segmenter, X)``. It works on the census of X, which is exact for its pixels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .._census import Census, means_by_label
from .._counting import count_source, match_to_fit
from .._model import Clusters
from .._nested import inner_segmenter
from .._source import NoPixelsError, open_source
from ._agreement import contingency

Floats = NDArray[np.float64]

_WORST = -1e6  # of a model that a criterion cannot judge, such as one cluster; finite, so that folds can be averaged
_PERFECT = 1e-6  # share of the variance below which a cluster counts as one color; less is rounding
_COST = 0.25  # of a cluster, in those that stand apart
_BANDWIDTH = 0.1  # of the density estimate, relative to the distance of two centers: a tenth of the way between them


def _criterion(function: Callable[..., float]) -> Callable[..., float]:
    """Let a criterion be 0, with a warning, where X has no pixels: a fold that is masked must not spoil a search."""

    @wraps(function)
    def criterion(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        try:
            return function(estimator, X, y, sample_weight)
        except NoPixelsError as error:
            warnings.warn(f"{error} The score is 0.", RuntimeWarning, stacklevel=2)
            return 0.0

    return criterion


@_criterion
def valley_score(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Count the clusters that stand apart, and reward how much they explain.

    Between two clusters that stand apart there is a valley: colors midway between the centers are rarer than colors at
    either center. Two halves of one cluster have no valley between them, however noisy or unevenly lit the cluster is.
    A cluster that stands apart adds up to 1, and every cluster costs ¼. The explained part is added as a logarithm: the
    volume of all colors over the volume of a cluster. For colors without structure this is log K, and about four
    clusters score best.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        Higher is better; always finite. One cluster scores lowest of all.

    Notes
    -----
    Densities of colors are estimated with a Gaussian kernel, whose bandwidth is a tenth of the distance of the two
    centers. The density at a center comes from the pixels of its cluster, the density midway from the pixels of both.
    With *r* the density midway over the lower one at the centers, a pair of clusters counts ``(1 - r²) / (1 + r²)``, at
    least 0, and a cluster counts as its worst pair. The density midway between centers is an idea of [1]_.

    Volumes are compared by ``(T / W) ** (d / 2)``, with all variance *T*, that around the centers *W*, and the
    effective number of dimensions *d*, the participation ratio of the covariance of X.

    References
    ----------
    .. [1] M. Halkidi and M. Vazirgiannis, "Clustering validity assessment: finding the optimal partitioning of a data
       set", IEEE International Conference on Data Mining, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import valley_score
    >>> rng = np.random.default_rng(0)
    >>> pixels = rng.normal([[0.1], [0.5], [0.9]], 0.03, size=(3, 1000)).reshape(-1, 1)
    >>> [round(valley_score(KMeansSegmenter(k, random_state=0).fit(pixels), pixels), 1) for k in (2, 3, 4)]
    [0.2, 4.6, 3.5]
    """
    clusters = clusters_of(estimator, X, sample_weight)
    if clusters.n_clusters < 2:
        return _WORST
    standing = _valley_contrasts(clusters).clip(min=0).sum()
    volumes = -_n_dimensions(clusters) / 2 * np.log(_unexplained(clusters))
    return float(standing - _COST * clusters.n_clusters + volumes)


def _n_dimensions(clusters: Clusters) -> float:
    """Effective number of dimensions of the features, from 1 to all."""
    covariance = np.atleast_2d(np.cov(clusters.features.T, aweights=clusters.weights, ddof=0))
    return float(np.trace(covariance) ** 2 / max((covariance**2).sum(), np.finfo(float).tiny))


def _valley_contrasts(clusters: Clusters) -> Floats:
    """For each cluster, how much deeper than both centers the shallowest valley around it is: 1 for empty, to −1."""
    features, weights, labels, centers, _ = clusters
    gaps = _squares(centers, centers)
    steepness = 1 / (2 * _BANDWIDTH**2 * np.where(gaps > 0, gaps, np.inf))
    own, middle = np.zeros((2, len(centers), len(centers)))
    for label in np.unique(labels):
        members = labels == label
        squares = _squares(features[members], centers)
        to_own = squares[:, [label]]
        midway = (to_own + squares) / 2 - gaps[label] / 4
        own[label] = _average(weights[members], np.exp(-steepness[label] * to_own))
        middle[label] = _average(weights[members], np.exp(-steepness[label] * midway))
    between = middle + middle.T
    lower = np.minimum(own, own.T)
    ratio = np.where(between > 0, between / np.maximum(lower, np.finfo(float).tiny), 0).clip(max=1e9)
    np.fill_diagonal(ratio, 0)
    worst = ratio.max(axis=1)
    present = np.bincount(labels, minlength=len(centers)) > 0
    return np.asarray((1 - worst**2) / (1 + worst**2) * present)


@_criterion
def calinski_harabasz(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Logarithm of the Calinski–Harabasz index per pixel.

    The index is the dispersion between clusters per degree of freedom over the dispersion within clusters,
    ``(B / (K - 1)) / W``. It leaves out the factor ``n - K`` of [1]_, which only says how many pixels there are, so
    images of different sizes compare; the logarithm does the same for images of different contrast.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        Higher is better; always finite. One cluster scores lowest of all.

    References
    ----------
    .. [1] T. Caliński and J. Harabasz, "A dendrite method for cluster analysis", Communications in Statistics 3, 1974.

    Examples
    --------
    >>> from skseg import KMeansSegmenter
    >>> from skseg.metrics import calinski_harabasz
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(calinski_harabasz(KMeansSegmenter(2, random_state=0).fit(pixels), pixels), 3)
    4.605
    """
    clusters = clusters_of(estimator, X, sample_weight)
    within, between = _dispersions(clusters)
    if clusters.n_clusters < 2 or between <= _PERFECT**2 * within:
        return _WORST
    return float(np.log(between / (clusters.n_clusters - 1) / max(within, _PERFECT**2 * between)))


@_criterion
def neg_davies_bouldin(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Davies–Bouldin index, negative, so that higher is better.

    The index is the similarity of each cluster to its most similar cluster, averaged. The similarity is the sum of the
    mean distances to both centers over the distance of the centers [1]_.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors, preferably not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        At most 0; always finite. One cluster, found in X or asked for, scores lowest of all.

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
    features, weights, labels, _, n_clusters = clusters_of(estimator, X, sample_weight)
    _, labels = np.unique(labels, return_inverse=True)
    means, sizes = means_by_label(labels, features.T, weights), np.bincount(labels, weights)
    if n_clusters < 2 or len(means) < 2:
        return _WORST
    spreads = np.bincount(labels, weights * np.sqrt(((features - means[labels]) ** 2).sum(axis=1))) / sizes
    gaps = np.sqrt(_squares(means, means))
    np.fill_diagonal(gaps, np.inf)
    return -float(((spreads[:, np.newaxis] + spreads) / gaps).max(axis=1).mean())


@_criterion
def silhouette(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Simplified silhouette: how much closer a pixel is to its center than to the next one, on average.

    Unlike the silhouette [1]_, it uses distances to centers instead of mean distances to all members [2]_.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

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
    >>> from skseg.metrics import silhouette
    >>> pixels = [[0.0], [1.0], [10.0], [11.0]]
    >>> round(silhouette(KMeansSegmenter(2, random_state=0).fit(pixels), pixels), 3)
    0.95
    """
    features, weights, _, centers, n_clusters = clusters_of(estimator, X, sample_weight)
    if n_clusters < 2 or len(centers) < 2:
        return -1.0
    first, second = np.sqrt(np.partition(_squares(features, centers), 1, axis=1)[:, :2].T)
    return float(_average(weights, (second - first) / np.maximum(second, np.finfo(float).tiny)))


@_criterion
def explained_variance(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Share of the variance that the clusters explain: R² of the repainted image in the color space.

    It grows with the number of clusters, so use it for a threshold or a plot, not for a search.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

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
    return 1 - _unexplained(clusters_of(estimator, X, sample_weight), least=0.0)


@_criterion
def log_explained(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Logarithm of the total variance over the variance within clusters: log-inertia, for `knee`.

    It grows with the number of clusters; `knee` finds the K beyond which it grows more slowly.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

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
    return -float(np.log(_unexplained(clusters_of(estimator, X, sample_weight))))


@_criterion
def prediction_strength(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Prediction strength: how well the segmenter predicts the clusters that X itself has.

    A copy of the segmenter is fitted to X. For each of its clusters, the strength is the share of pairs of pixels that
    the given segmenter also puts into one cluster; the smallest share is the score [1]_.

    Parameters
    ----------
    estimator : KMeansSegmenter or Pipeline
        A fitted segmenter.

    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors not seen by `fit`.

    y : None
        Ignored.

    sample_weight : array-like of X's pixel shape, or a list of them, default=None
        Weight of each pixel.

    Returns
    -------
    score : float
        From 0 to 1. [1]_ takes the largest number of clusters that reaches 0.8 to 0.9. One cluster, which would always
        be predicted, scores 0.

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
    segmenter, X = inner_segmenter(estimator, X)
    predicted = clusters_of(segmenter, X, sample_weight)
    if predicted.n_clusters < 2:
        return 0.0
    own = clusters_of(clone(segmenter).fit(X, sample_weight=sample_weight), X, sample_weight)
    overlap = contingency(own.labels, predicted.labels, predicted.weights)
    together = np.bincount(overlap.rows, overlap.sizes**2)
    return float((together / overlap.row_sizes**2).min())


def clusters_of(estimator: Any, X: Any, sample_weight: Any) -> Clusters:
    """The colors of X as the segmenter at the end of `estimator` sees them."""
    segmenter, X = inner_segmenter(estimator, X)
    source, model = open_source(X), segmenter.model_
    census = count_source(source, sample_weight, model.conversion.name, segmenter.n_jobs).census
    colors = match_to_fit(segmenter, source, census.colors)
    clusters: Clusters = model.clusters(Census(colors, census.weights))
    return clusters


def _unexplained(clusters: Clusters, least: float = _PERFECT) -> float:
    """Variance around the fitted centers over all variance, at least `least`; 1 if there is none to explain."""
    features, weights, labels, centers, _ = clusters
    within = _average(weights, ((features - centers[labels]) ** 2).sum(axis=1))
    total = _average(weights, ((features - _average(weights, features)) ** 2).sum(axis=1))
    if total == 0:
        rounding = 1e-9 * np.abs(features).max()
        return least if np.allclose(features, centers[labels], rtol=0, atol=rounding) else 1.0
    return float(max(within / total, least))


def _dispersions(clusters: Clusters) -> tuple[float, float]:
    """Variance within the clusters, around their means in X, and between these."""
    features, weights, labels, _, _ = clusters
    _, labels = np.unique(labels, return_inverse=True)
    centered = features - _average(weights, features)
    means, sizes = means_by_label(labels, centered.T, weights), np.bincount(labels, weights).astype(np.float64)
    within = _average(weights, ((centered - means[labels]) ** 2).sum(axis=1))
    return float(within), float(_average(sizes, (means**2).sum(axis=1)))


def _average(weights: Floats, values: Floats) -> Any:
    """Sum of weighted values along the first axis; avoids BLAS, whose threads stall on busy machines."""
    return np.einsum("i,i...->...", weights, values)


def _squares(points: Floats, centers: Floats) -> Floats:
    """Squared distance of each point to each center."""
    return np.stack([((points - center) ** 2).sum(axis=1) for center in centers], axis=1)
