"""The estimators that a model file can hold."""

from collections.abc import Callable
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .._balancer import WhiteBalancer
from .._color import find_conversion
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter

_SKIPPED = (None, "passthrough")  # in place of a step, as in a search with and without a balancer


def check_savable(estimator: object) -> None:
    """Refuse an estimator that is not fitted or that a file cannot hold, and parameters with which `fit` would fail."""
    steps = steps_of(estimator)
    types = [type(step) for step in steps]  # subclasses would come back without their code
    if not (set(types[:-1]) <= {WhiteBalancer} and types[-1:] and types[-1] in _CHECKS):
        raise TypeError(
            "estimator must be a KMeansSegmenter, a RegionSegmenter, a WhiteBalancer, or a scikit-learn Pipeline of "
            f"balancers and one of these; got {kind_of(estimator)} instead. Of a search, pass its best_estimator_. For "
            "a Pipeline with other steps, use pickle, joblib or skops."
        )
    for step in steps:
        check_is_fitted(step)
        _CHECKS[type(step)](step)
    if isinstance(estimator, Pipeline):
        _check_pipeline(estimator, steps)


def steps_of(estimator: Any) -> list[Any]:
    """The estimators of a Pipeline; any other estimator is the only step."""
    if type(estimator) is not Pipeline:
        return [estimator]
    return [step for _, step in estimator.steps if not (isinstance(step, str | None) and step in _SKIPPED)]


def kind_of(estimator: object) -> str:
    """The class of an estimator, with those of its steps."""
    steps = f" of {', '.join(type(step).__name__ for step in steps_of(estimator)) or 'nothing'}"
    return type(estimator).__name__ + steps * (type(estimator) is Pipeline)


def _check_clusters(segmenter: KMeansSegmenter, n_channels: int | None = None) -> None:
    segmenter._check_parameters()
    check_random_state(segmenter.random_state)
    find_conversion(segmenter.color_space, segmenter.channel_weights, n_channels or segmenter.n_features_in_)


def _check_regions(estimator: RegionSegmenter) -> None:
    estimator._check_parameters()
    for segmenter in (estimator.segmenter, estimator.segmenter_):
        if type(segmenter) is KMeansSegmenter:
            _check_clusters(segmenter, estimator.n_features_in_)
        elif segmenter is not None:
            raise TypeError(f"segmenter must be a KMeansSegmenter or None; got {type(segmenter).__name__} instead.")
    if (estimator.segmenter is None) != (estimator.segmenter_ is None):
        raise ValueError(f"segmenter must be None if and only if it was in fit; got {estimator.segmenter}. Fit again.")


def _check_pipeline(pipeline: Pipeline, steps: list[Any]) -> None:
    """Refuse parameters that change what steps do, names that a Pipeline does not take, and steps that do not fit."""
    params, defaults = (each.get_params(deep=False) for each in (pipeline, Pipeline([])))
    names = [name for name, _ in params.pop("steps")]
    changed = {name: value for name, value in params.items() if value != defaults[name]}
    if changed:
        raise ValueError(
            f"Of a Pipeline, only its steps are saved: {', '.join(params)} must have their defaults; got {changed} "
            "instead. Change them with set_params."
        )
    are_valid = all(isinstance(name, str) and "__" not in name and name not in defaults for name in names)
    if not are_valid or len(set(names)) < len(names):
        raise ValueError(
            f"Steps must have different names, without '__' and unlike parameters of a Pipeline; got {names} instead."
        )
    if len({step.n_features_in_ for step in steps}) > 1:
        raise ValueError(
            "The steps of a Pipeline must be fitted to the same channels; got "
            f"{', '.join(str(step.n_features_in_) for step in steps)} channels instead."
        )


_CHECKS: dict[type, Callable[[Any], None]] = {
    KMeansSegmenter: _check_clusters,
    RegionSegmenter: _check_regions,
    WhiteBalancer: WhiteBalancer._check_fitted,
}
