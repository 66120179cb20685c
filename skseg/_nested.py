"""The segmenter inside a Pipeline or a fitted search, and X as it arrives there."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


def inner_segmenter(estimator: Any, X: Any = None) -> tuple[Any, Any]:
    """The fitted segmenter in which `estimator` ends, and X, transformed by the steps before it."""
    if isinstance(estimator, Pipeline):
        return inner_segmenter(estimator[-1], X if X is None or len(estimator) == 1 else estimator[:-1].transform(X))
    check_is_fitted(estimator)
    if hasattr(estimator, "cv_results_"):
        if not hasattr(estimator, "best_estimator_"):
            raise ValueError("The search has no best estimator; it must be made with refit=True.")
        return inner_segmenter(estimator.best_estimator_, X)
    return estimator, X
