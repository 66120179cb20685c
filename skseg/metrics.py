"""Criteria to choose the number of clusters by, and agreement with a true segmentation.

All take weights, so that they can be worked out on a census of colors and are exact for its pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, check_consistent_length

__all__ = ["adjusted_rand", "log_calinski_harabasz"]

# Stands in for a dispersion of zero, relative to the whole: K clusters that fit perfectly beat any that do not, and
# among perfect fits fewer clusters win.
_NO_DISPERSION = 1e-24
_WORST = 2 * float(np.log(_NO_DISPERSION))


def log_calinski_harabasz(
    X: ArrayLike, labels: ArrayLike, n_clusters: int, sample_weight: ArrayLike | None = None
) -> float:
    """Logarithm of the Calinski–Harabasz index per pixel.

    The index is the dispersion between clusters per degree of freedom over the dispersion within clusters,
    ``(B / (n_clusters - 1)) / W``. It leaves out the factor ``n - n_clusters`` of [1]_, which only says how many
    pixels there are, so images of different sizes compare; the logarithm does the same for images of different
    contrast.

    Parameters
    ----------
    X : array-like of shape (n_colors, n_features)
        Colors in the space of the clustering.

    labels : array-like of int, shape (n_colors,)
        Cluster of each color, from 0 to ``n_clusters - 1``.

    n_clusters : int
        Number of clusters of the model, found in `labels` or not.

    sample_weight : array-like of shape (n_colors,), default=None
        How many pixels have each color; 1 if not given.

    Returns
    -------
    score : float
        Higher is better; always finite. One cluster scores lowest of all.

    References
    ----------
    .. [1] T. Caliński and J. Harabasz, "A dendrite method for cluster analysis", Communications in Statistics 3, 1974.

    Examples
    --------
    >>> from skseg.metrics import log_calinski_harabasz
    >>> round(log_calinski_harabasz([[0.0], [1.0], [10.0], [11.0]], [0, 0, 1, 1], 2), 3)
    4.605
    """
    points = check_array(X, dtype=np.float64, input_name="X")
    members = np.asarray(labels)
    weights = np.ones(len(points)) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    check_consistent_length(points, members, weights)
    if members.min() < 0 or members.max() >= n_clusters:
        raise ValueError(f"labels must lie from 0 to {n_clusters - 1}; got {members.min()} to {members.max()} instead.")
    shares = weights / weights.sum()
    centered = points - shares @ points
    sizes = np.bincount(members, shares, minlength=n_clusters)
    sums = np.stack([np.bincount(members, shares * column, minlength=n_clusters) for column in centered.T], axis=1)
    means = sums / np.where(sizes > 0, sizes, 1)[:, np.newaxis]
    within = float(shares @ ((centered - means[members]) ** 2).sum(axis=1))
    between = float(sizes @ (means**2).sum(axis=1))
    if n_clusters < 2 or within + between == 0:
        return _WORST
    floor = _NO_DISPERSION * (within + between)
    return float(np.log(max(between, floor) / (n_clusters - 1) / max(within, floor)))


def adjusted_rand(labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Adjusted Rand index of two labelings, with weights.

    The same as `sklearn.metrics.adjusted_rand_score` on every pixel repeated as often as its weight says.

    Parameters
    ----------
    labels_true, labels_pred : array-like of int, shape (n_pixels,)
        The labelings; what number a class has does not matter.

    sample_weight : array-like of shape (n_pixels,), default=None
        Number of times that each pixel counts. Weights below 1, shares for example, are scaled up until the lightest
        pixel counts once.

    Returns
    -------
    score : float
        1 for equal partitions, about 0 for random ones, at least −0.5.

    Raises
    ------
    ValueError
        If the labelings differ in size, or no pixel counts.

    References
    ----------
    .. [1] L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    >>> from skseg.metrics import adjusted_rand
    >>> adjusted_rand([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    """
    table = _contingency(labels_true, labels_pred, sample_weight)
    together, all_pairs = _pairs(table).sum(), _pairs(table.sum())
    true_pairs, predicted_pairs = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    expected = true_pairs * predicted_pairs / all_pairs if all_pairs > 0 else 0.0
    most = (true_pairs + predicted_pairs) / 2
    return 1.0 if most == expected else float((together - expected) / (most - expected))


def _contingency(
    labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None
) -> NDArray[np.float64]:
    """Weight of the pixels in each pair of classes, (n_true, n_predicted)."""
    true_classes, rows = np.unique(np.ravel(labels_true), return_inverse=True)
    classes, columns = np.unique(np.ravel(labels_pred), return_inverse=True)
    weights = np.ones(len(rows)) if sample_weight is None else np.ravel(sample_weight).astype(np.float64)
    check_consistent_length(rows, columns, weights)
    if not (weights > 0).any():
        raise ValueError("No pixel counts: labels_true is empty, or sample_weight is zero everywhere.")
    weights /= min(1.0, weights[weights > 0].min())
    shape = (len(true_classes), len(classes))
    totals = np.bincount(rows * len(classes) + columns, weights, minlength=shape[0] * shape[1])
    return totals.reshape(shape).astype(np.float64, copy=False)


def _pairs(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights * (weights - 1) / 2
