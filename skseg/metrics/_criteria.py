"""Criteria to choose the number of clusters, as scorers: ``criterion(segmenter, X)``.

They work on the census of X, or on a sample if it has more than a few million colors. `_scores` computes them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from sklearn.base import clone

from .._census import Census
from .._checks import match_to_fit
from .._counting import PixelScan, count_images
from .._errors import NoPixelsError, warn
from .._images import open_images
from .._kmeans import representatives
from .._limits import LIMITS
from .._model import Clusters
from .._nested import inner_segmenter
from . import _scores as scores


def _criterion(function: Callable[..., float]) -> Callable[..., float]:
    """Let a criterion be 0, with a warning, where X has no pixels: a fold that is masked must not spoil a search."""

    @wraps(function)
    def criterion(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        try:
            return function(estimator, X, y, sample_weight)
        except NoPixelsError as error:
            warn(f"{error} The score is 0.", RuntimeWarning)
            return 0.0

    return criterion


@_criterion
def valley_score(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Count well-separated clusters, and reward explained variance.

    Between two well-separated clusters lies a valley: colors midway between the centers are rarer than colors at either
    center. Two halves of one cluster have no valley between them, even if the cluster is noisy or unevenly lit. A
    separated cluster adds up to 1, and every cluster costs ¼. The reward is the logarithm of the volume of all colors
    over the volume of a cluster. For colors without structure, it is log K, and about four clusters score best.

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
        Higher is better; always finite. A single cluster scores lowest.

    Notes
    -----
    Color densities are estimated with a Gaussian kernel, whose bandwidth is a tenth of the distance between the two
    centers. The density at a center comes from the pixels of its cluster, the density midway from the pixels of both.
    With the ratio *r* of the density midway to the lower density at the centers, a pair of clusters counts
    ``(1 - r²) / (1 + r²)``, at least 0, and a cluster counts as its worst pair. Densities midway follow [1]_.

    The ratio of volumes is ``(T / W) ** (d / 2)``, with the total variance *T*, the variance around the centers *W*,
    and the effective number of dimensions *d*, the participation ratio of the covariance of X.

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
    return scores.valley_score(clusters_of(estimator, X, sample_weight))


@_criterion
def calinski_harabasz(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Logarithm of the Calinski–Harabasz index per pixel.

    The index is the dispersion between clusters per degree of freedom over the dispersion within clusters,
    ``(B / (K - 1)) / W``. The factor ``n - K`` of [1]_ depends on the number of pixels and is left out, so scores are
    comparable between images of different sizes; the logarithm makes them comparable between different contrasts.

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
        Higher is better; always finite. A single cluster scores lowest.

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
    return scores.calinski_harabasz(clusters_of(estimator, X, sample_weight))


@_criterion
def neg_davies_bouldin(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Negative Davies–Bouldin index; higher is better.

    The index is the similarity of each cluster to its most similar cluster, averaged. The similarity is the sum of the
    mean distances to both centers, over the distance between the centers [1]_.

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
    return scores.neg_davies_bouldin(clusters_of(estimator, X, sample_weight))


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
    return scores.silhouette(clusters_of(estimator, X, sample_weight))


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
    return scores.explained_variance(clusters_of(estimator, X, sample_weight))


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
    return scores.log_explained(clusters_of(estimator, X, sample_weight))


@_criterion
def prediction_strength(estimator: Any, X: Any, y: Any = None, sample_weight: Any = None) -> float:
    """Prediction strength: how well the segmenter predicts the clusters of a fit to X.

    A copy of the segmenter is fitted to X. For each of its clusters, the strength is the share of pixel pairs that the
    given segmenter also assigns to one cluster. The smallest share is the score [1]_.

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
    segmenter, X = inner_segmenter(estimator, X)

    def found() -> Clusters:
        return clusters_of(clone(segmenter).fit(X, sample_weight=sample_weight), X, sample_weight)

    return scores.prediction_strength(clusters_of(segmenter, X, sample_weight), found)


def clusters_of(estimator: Any, X: Any, sample_weight: Any) -> Clusters:
    """The colors of X as the segmenter at the end of `estimator` sees them."""
    segmenter, X = inner_segmenter(estimator, X)
    images, model = open_images(X), segmenter._model
    color_space, n_jobs = model.conversion.name, segmenter.n_jobs
    census = count_images(images, color_space, sample_weight, most=LIMITS.colors_in_score, n_jobs=n_jobs)
    if not census.is_complete:
        scan = PixelScan(images, color_space, sample_weight, census.colors[:1], n_jobs)
        census = representatives(census, scan)
    colors = match_to_fit(segmenter, images.tables, census.colors, has_own_dtype=images.has_own_dtype)
    clusters: Clusters = model.clusters(Census(colors, census.weights))
    return clusters
