"""Criteria and rules to choose the number of clusters, and agreement with true label maps.

A criterion is a scorer: ``criterion(segmenter, X)``, for a fitted `KMeansSegmenter`, or a Pipeline or search that ends
in one; higher is better. Use it as ``scoring`` in scikit-learn's searches. It is computed on
the distinct colors of X, or on a sample of some millions if there are more. Scores can be averaged over images and
folds of any size. If all pixels of X are masked, the score is 0, with a warning.
"""

from ._agreement import adjusted_rand, covering, probabilistic_rand, variation_of_information
from ._criteria import (
    explained_variance,
    log_explained,
    log_variance_ratio,
    neg_davies_bouldin,
    parsimony,
    prediction_strength,
    simplified_silhouette,
)
from ._selection import knee, one_standard_error

__all__ = [
    "adjusted_rand",
    "covering",
    "explained_variance",
    "knee",
    "log_explained",
    "log_variance_ratio",
    "neg_davies_bouldin",
    "one_standard_error",
    "parsimony",
    "prediction_strength",
    "probabilistic_rand",
    "simplified_silhouette",
    "variation_of_information",
]
