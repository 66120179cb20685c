"""The criteria as functions of clusters, without estimators and images. Pure NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._census import means_by_label
from .._model import Clusters
from ._agreement import contingency

Floats = NDArray[np.float64]

_WORST = -1e6  # of a model that a criterion cannot judge, such as one cluster; finite, so that folds can be averaged
_PERFECT = 1e-6  # share of the variance below which a cluster counts as one color; less is rounding
_COST = 0.25  # of each cluster; a well-separated one counts up to 1
_BANDWIDTH = 0.1  # of the density estimate, relative to the distance of two centers: a tenth of the way between them


def valley_score(clusters: Clusters) -> float:
    """Number of well-separated clusters, minus the cost of all, plus the reward for explained variance."""
    if clusters.n_clusters < 2:
        return _WORST
    standing = _valley_contrasts(clusters).clip(min=0).sum()
    volumes = -n_dimensions(clusters) / 2 * np.log(unexplained(clusters))
    return float(standing - _COST * clusters.n_clusters + volumes)


def calinski_harabasz(clusters: Clusters) -> float:
    """Logarithm of the dispersion between clusters, per degree of freedom, over the dispersion within them."""
    within, between = _dispersions(clusters)
    if clusters.n_clusters < 2 or between <= _PERFECT**2 * within:
        return _WORST
    return float(np.log(between / (clusters.n_clusters - 1) / max(within, _PERFECT**2 * between)))


def neg_davies_bouldin(clusters: Clusters) -> float:
    """Similarity of each cluster to its most similar cluster, averaged, negative."""
    features, weights, labels, _, n_clusters = clusters
    _, labels = np.unique(labels, return_inverse=True)
    means, sizes = means_by_label(labels, features.T, weights), np.bincount(labels, weights)
    if n_clusters < 2 or len(means) < 2:
        return _WORST
    spreads = np.bincount(labels, weights * np.sqrt(_squares_to_own(features, means, labels))) / sizes
    gaps = np.sqrt(_squares(means, means))
    np.fill_diagonal(gaps, np.inf)
    return -float(((spreads[:, np.newaxis] + spreads) / gaps).max(axis=1).mean())


def silhouette(clusters: Clusters) -> float:
    """How much closer a color is to its center than to the next one, on average."""
    features, weights, _, centers, n_clusters = clusters
    if n_clusters < 2 or len(centers) < 2:
        return -1.0
    first, second = np.sqrt(np.partition(_squares(features, centers), 1, axis=0)[:2])
    return float((weights * (second - first) / np.maximum(second, np.finfo(float).tiny)).sum())


def explained_variance(clusters: Clusters) -> float:
    """Share of the variance that the clusters explain."""
    return 1 - unexplained(clusters, least=0.0)


def log_explained(clusters: Clusters) -> float:
    """Logarithm of all variance over the variance within clusters."""
    return -float(np.log(unexplained(clusters)))


def prediction_strength(predicted: Clusters, found: Callable[[], Clusters]) -> float:
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
    columns = np.ascontiguousarray((clusters.features - _mean(clusters.features, clusters.weights)).T)
    covariance = np.array([_weighted_sums(columns * column, clusters.weights) for column in columns])
    return float(np.trace(covariance) ** 2 / max((covariance**2).sum(), np.finfo(float).tiny))


def unexplained(clusters: Clusters, least: float = _PERFECT) -> float:
    """Variance around the fitted centers over all variance, at least `least`; 1 if there is none to explain."""
    features, weights, labels, centers, _ = clusters
    within = (weights * _squares_to_own(features, centers, labels)).sum()
    total = (weights * _squares(features, _mean(features, weights)[np.newaxis])[0]).sum()
    if total == 0:
        rounding = 1e-9 * np.abs(features).max()
        return least if np.allclose(features, centers[labels], rtol=0, atol=rounding) else 1.0
    return float(max(within / total, least))


def _valley_contrasts(clusters: Clusters) -> Floats:
    """For each cluster, how much deeper than both centers the shallowest valley around it is: 1 for empty, to −1."""
    features, weights, labels, centers, _ = clusters
    gaps = _squares(centers, centers)
    steepness = 1 / (2 * _BANDWIDTH**2 * np.where(gaps > 0, gaps, np.inf))
    own, middle = np.zeros((2, len(centers), len(centers)))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        squares, shares = _squares(features[members], centers), weights[members]
        to_own, fall, gap = squares[label], -steepness[label, :, np.newaxis], gaps[label, :, np.newaxis]
        own[label] = _weighted_sums(np.exp(fall * to_own), shares)
        middle[label] = _weighted_sums(np.exp(fall * ((to_own + squares) / 2 - gap / 4)), shares)
    between = middle + middle.T
    lower = np.minimum(own, own.T)
    ratio = np.where(between > 0, between / np.maximum(lower, np.finfo(float).tiny), 0).clip(max=1e9)
    np.fill_diagonal(ratio, 0)
    worst = ratio.max(axis=1)
    present = np.bincount(labels, minlength=len(centers)) > 0
    return np.asarray((1 - worst**2) / (1 + worst**2) * present)


def _dispersions(clusters: Clusters) -> tuple[float, float]:
    """Variance within the clusters, around their means in X, and between these."""
    features, weights, labels, _, _ = clusters
    _, labels = np.unique(labels, return_inverse=True)
    centered = features - _mean(features, weights)
    means, sizes = means_by_label(labels, centered.T, weights), np.bincount(labels, weights)
    within = (weights * _squares_to_own(centered, means, labels)).sum()
    return float(within), float((sizes * (means**2).sum(axis=1)).sum())


def _mean(points: Floats, weights: Floats) -> Floats:
    return np.array([(weights * column).sum() for column in points.T])


def _weighted_sums(values: Floats, weights: Floats) -> Floats:
    """Weighted sum of each row; avoids BLAS, whose threads stall on busy machines."""
    return np.asarray(np.einsum("ij,j->i", values, weights))


def _squares(points: Floats, centers: Floats) -> Floats:
    """Squared distance of each center to each point, (n_centers, n_points)."""
    squares = np.zeros((len(centers), len(points)))
    for column, coordinates in zip(np.ascontiguousarray(points.T), centers.T, strict=True):
        squares += (column - coordinates[:, np.newaxis]) ** 2
    return squares


def _squares_to_own(points: Floats, centers: Floats, labels: NDArray[Any]) -> Floats:
    """Squared distance of each point to the center of its label, (n_points,)."""
    squares = np.zeros(len(points))
    for column, coordinates in zip(points.T, centers.T, strict=True):
        squares += (column - coordinates.take(labels)) ** 2
    return squares
