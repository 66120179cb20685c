"""Criteria to choose the number of clusters by, rules that pick it, and agreement with true segmentations.

A criterion is a scorer: ``criterion(segmenter, X)``, for a fitted `KMeansSegmenter`, or a Pipeline or search that ends
in one, and any X that it takes; higher is better. It serves as ``scoring=`` of scikit-learn's searches. It works on the
census of X, which is exact for its pixels, and its values can be averaged over images and folds of any size. An X
without a pixel outside its mask scores 0, with a warning.
"""

from ._agreement import adjusted_rand, covering, probabilistic_rand, variation_of_information
from ._criteria import (
    calinski_harabasz,
    explained_variance,
    log_explained,
    neg_davies_bouldin,
    prediction_strength,
    silhouette,
    valley_score,
)
from ._selection import knee, one_standard_error

__all__ = [
    "adjusted_rand",
    "calinski_harabasz",
    "covering",
    "explained_variance",
    "knee",
    "log_explained",
    "neg_davies_bouldin",
    "one_standard_error",
    "prediction_strength",
    "probabilistic_rand",
    "silhouette",
    "valley_score",
    "variation_of_information",
]
