"""Start colors for the clusters of an image, which a little noise hardly changes.

A random start turns one gray level of noise into other clusters, and so into other regions. Here colors are halved
along their principal axis, again and again. Without Lloyd's iterations, this is the PCA-Part of Su and Dy [1]_, except
that all groups are halved alike: the order of halving groups by their scatter would depend on noise, too.

References
----------
.. [1] T. Su and J. G. Dy, "In search of deterministic methods for initializing k-means and Gaussian mixture
   clustering", Intelligent Data Analysis 11(4), 2007.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graph import Floats


def start_colors(colors: NDArray[Any], weights: Floats, n_halvings: int) -> Floats:
    """Weighted means of groups of colors, at most ``2**n_halvings``, (n_groups, n_channels)."""
    colors = colors.astype(np.float64)
    groups = [np.arange(len(colors))]
    for _ in range(n_halvings):
        groups = [half for group in groups for half in _halve(group, colors[group], weights[group])]
    return np.array([np.average(colors[group], axis=0, weights=weights[group]) for group in groups])


def _halve(group: NDArray[np.intp], colors: Floats, weights: Floats) -> list[NDArray[np.intp]]:
    """The members of a group on both sides of its mean along its principal axis; one part if its colors are equal."""
    offsets = colors - np.average(colors, axis=0, weights=weights)
    principal = np.linalg.eigh((offsets.T * weights) @ offsets).eigenvectors[:, -1]
    is_beyond = offsets @ principal > 0
    return [half for half in (group[~is_beyond], group[is_beyond]) if len(half)]
