"""Weighted sums and means of columns for each label. Pure NumPy."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .census import Census


def mean_colors(census: Census, labels: NDArray[Any]) -> NDArray[np.float64]:
    """The weighted mean color of each label, (n_labels, n_channels), exact for a label of one color.

    `labels` are consecutive from 0.
    """
    member = np.empty(labels.max() + 1, dtype=np.intp)
    member[labels] = np.arange(len(labels))  # one color of each label, to measure from
    origins = census.colors[member].astype(np.float64)
    offsets = (
        column.astype(np.float64) - origin[labels] for column, origin in zip(census.colors.T, origins.T, strict=True)
    )
    return origins + means_by_label(labels, offsets, census.weights)


def means_by_label(
    labels: NDArray[Any], columns: Iterable[NDArray[Any]], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weighted mean of each column for each label from 0, (n_labels, n_columns); 0 for a label without members."""
    totals = np.bincount(labels, weights).astype(np.float64, copy=False)
    sums = sums_by_label(labels, columns, len(totals), weights)
    return sums / np.where(totals > 0, totals, 1)[:, np.newaxis]


def sums_by_label(
    labels: NDArray[Any],
    columns: Iterable[NDArray[Any]],
    n_labels: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Weighted sum of each column for each label, (n_labels, n_columns)."""
    products = (column if weights is None else weights * column for column in columns)
    sums = [np.bincount(labels, product.astype(np.float64, copy=False), n_labels) for product in products]
    return np.stack(sums, axis=1)


def usual_limits(census: Census, rare: float) -> NDArray[Any]:
    """The least and the largest number of colors but for the share `rare` of all numbers at each end, at least one."""
    numbers, weights = census.colors.ravel(), np.repeat(census.weights, census.colors.shape[1])
    order = np.argsort(numbers, kind="stable")
    below = np.cumsum(weights[order])
    most = max(rare * below[-1], census.weights.min())
    ends = np.searchsorted(below, [most, below[-1] - most], side="right")
    return np.asarray(numbers[order][np.minimum(ends, len(order) - 1)])
