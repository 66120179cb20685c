"""The segmenter inside a Pipeline or a fitted search, and X as it arrives there."""

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._images import ImageLike


def inner_segmenter(
    estimator: BaseEstimator, X: ImageLike | None = None, *, kind: str = "KMeansSegmenter"
) -> tuple[Any, Any]:
    """The fitted segmenter of some kind in which `estimator` ends, and X, transformed by the steps before it."""
    if isinstance(estimator, Pipeline):
        arrived = X if X is None or len(estimator) == 1 else estimator[:-1].transform(X)
        return inner_segmenter(estimator[-1], arrived, kind=kind)
    is_search = hasattr(estimator, "param_grid") or hasattr(estimator, "cv_results_") or hasattr(estimator, "refit")
    if not is_search and kind not in (base.__name__ for base in type(estimator).__mro__):
        raise TypeError(f"estimator must be a {kind} or end in one; got {type(estimator).__name__} instead.")
    check_is_fitted(estimator)
    if not is_search:
        return estimator, X
    if not hasattr(estimator, "best_estimator_"):
        raise ValueError("The search has no best estimator; it must be made with refit=True.")
    return inner_segmenter(estimator.best_estimator_, X, kind=kind)
