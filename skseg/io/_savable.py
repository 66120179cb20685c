"""The estimators that a model file can hold."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._balancer import WhiteBalancer
from .._color import COLOR_SPACE_NAMES
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter

_KINDS = {KMeansSegmenter, RegionSegmenter, WhiteBalancer}
_SKIPPED = (None, "passthrough")  # in place of a step


def check_savable(estimator: Any) -> None:
    """Refuse an estimator that is not fitted or that a file cannot hold, and parameters with which `fit` would fail."""
    steps = steps_of(estimator)
    if not are_known(steps):
        raise TypeError(
            "estimator must be a KMeansSegmenter, a RegionSegmenter, a WhiteBalancer, or a scikit-learn Pipeline of "
            f"balancers and one of these; got {kind_of(estimator)} instead. Of a search, pass its best_estimator_. For "
            "a Pipeline with other steps, use pickle, joblib or skops."
        )
    for step in steps:
        check_is_fitted(step)
        _check_parameters(step)
    if type(estimator) is Pipeline:
        _check_pipeline(estimator, steps)


def steps_of(estimator: Any) -> list[Any]:
    """The estimators of a Pipeline; any other estimator is the only step."""
    if type(estimator) is not Pipeline:
        return [estimator]
    return [step for _, step in estimator.steps if not is_skipped(step)]


def kind_of(estimator: Any) -> str:
    """The class of an estimator, with those of its steps."""
    steps = f" of {', '.join(type(step).__name__ for step in steps_of(estimator)) or 'nothing'}"
    return type(estimator).__name__ + steps * (type(estimator) is Pipeline)


def is_skipped(step: Any) -> bool:
    """Whether there is nothing in place of a step, as in a search with and without a balancer."""
    return isinstance(step, str | None) and step in _SKIPPED


def are_known(steps: list[Any]) -> bool:
    """Whether steps are balancers, and maybe a segmenter at the end; subclasses would come back without their code."""
    types = [type(step) for step in steps]
    return set(types[:-1]) <= {WhiteBalancer} and set(types[-1:]) <= _KINDS and bool(types)


def _check_parameters(estimator: Any) -> None:
    if isinstance(estimator, WhiteBalancer):
        estimator._check_fitted()
    elif isinstance(estimator, RegionSegmenter):
        _check_regions(estimator)
    else:
        _check_clusters(estimator)


def _check_clusters(segmenter: KMeansSegmenter) -> None:
    segmenter._check_parameters()
    check_random_state(segmenter.random_state)
    if segmenter.color_space not in (None, *COLOR_SPACE_NAMES):
        raise ValueError(
            f"color_space must be one of {', '.join(COLOR_SPACE_NAMES)}; got {segmenter.color_space!r} instead."
        )


def _check_regions(estimator: RegionSegmenter) -> None:
    estimator._check_parameters()
    for segmenter in (estimator.segmenter, estimator.segmenter_):
        if type(segmenter) is KMeansSegmenter:
            _check_clusters(segmenter)
        elif segmenter is not None:
            raise TypeError(f"segmenter must be a KMeansSegmenter or None; got {type(segmenter).__name__} instead.")
    if (estimator.segmenter is None) != (estimator.segmenter_ is None):
        raise ValueError(f"segmenter must be None if and only if it was in fit; got {estimator.segmenter}. Fit again.")


def _check_pipeline(pipeline: Pipeline, steps: list[Any]) -> None:
    """Refuse parameters that are not saved, names that a Pipeline does not take, and steps with different channels."""
    params, defaults = (each.get_params(deep=False) for each in (pipeline, Pipeline([])))
    names = [name for name, _ in params.pop("steps")]
    changed = {name: value for name, value in params.items() if value != defaults[name]}
    if changed:
        raise ValueError(
            f"Of a Pipeline, only its steps are saved: {', '.join(params)} must have their defaults; got {changed} "
            "instead. Change them with set_params."
        )
    if not all(isinstance(name, str) and "__" not in name and name not in defaults for name in names):
        raise ValueError(
            f"Steps must have names, without '__' and unlike parameters of a Pipeline; got {names} instead."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"Steps must have different names; got {names} instead.")
    if len({step.n_features_in_ for step in steps}) > 1:
        raise ValueError(
            "The steps of a Pipeline must be fitted to the same channels; got "
            f"{', '.join(str(step.n_features_in_) for step in steps)} channels instead."
        )
