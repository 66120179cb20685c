"""Fitted estimators as JSON and arrays, and back. Whatever comes back is checked."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import validate_data

from .._balancer import Seen, WhiteBalancer
from .._census import Census
from .._color import Conversion, find_conversion
from .._converter import ColorConverter
from .._fitting import check_fit_parameters, restore_model
from .._light import Curve
from .._regions.cost import check_weights
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from ._savable import are_known, is_skipped, steps_of

_CONTAINERS = (None, "default", "pandas", "polars")  # of set_output
_NUMBERS = "biuf"  # kinds of dtypes
_MAX_LEVEL = 32  # of a sample: bits of the hashes by which its colors are chosen
_MISFIT = "its parts do not belong together"

Arrays = dict[str, NDArray[Any]]
Estimator = TypeVar("Estimator", bound=KMeansSegmenter | RegionSegmenter | WhiteBalancer)


class Part(NamedTuple):
    """An estimator in a file.

    Attributes
    ----------
    about : its JSON
    arrays : all arrays of the file
    is_current : whether this version wrote the file
    """

    about: dict[str, Any]
    arrays: Arrays
    is_current: bool


def describe(estimator: Any) -> dict[str, Any]:
    """A fitted estimator as JSON, except for its arrays."""
    if isinstance(estimator, Pipeline):
        steps = [[name, step if is_skipped(step) else describe(step)] for name, step in estimator.steps]
        return {"estimator": "Pipeline", "steps": steps}
    learned = {KMeansSegmenter: _clusters, RegionSegmenter: _regions, WhiteBalancer: _light}
    return _unfitted(estimator) | learned[type(estimator)](estimator)


def arrays_of(estimator: Any) -> dict[str, Any]:
    """The census and the centers of a fitted segmenter; empty if there is none, or each image gets its own.

    A sample is saved with the sums over all pixels, which it cannot give.
    """
    last = steps_of(estimator)[-1]
    fitted = last.segmenter_ if isinstance(last, RegionSegmenter) else last
    if not isinstance(fitted, KMeansSegmenter):
        return {}
    model, census = fitted._model, fitted._model.census
    arrays = {"colors": census.colors, "weights": census.weights, "centers": model.centers}
    if census.is_complete:
        return arrays
    sums = {"means": model.colors, "sizes": model.sizes, "spread": np.array(model.spread)}
    return arrays | sums | {"limits": census.number_limits(), "level": np.array(census.level)}


def as_json(value: Any) -> Any:
    """An array as lists, without its mask, a NumPy number as a number, and the parameter of a RegionSegmenter."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.itemsize <= 8:  # not long doubles
        return np.ma.getdata(value).tolist()
    if isinstance(value, KMeansSegmenter):
        return _unfitted(value)
    kind = getattr(value, "dtype", type(value).__name__)
    raise TypeError(f"A model file holds numbers of at most 64 bits, strings and lists; got {kind} instead.")


def _unfitted(estimator: Any) -> dict[str, Any]:
    """The class of an estimator, its parameters and its container."""
    container = getattr(estimator, "_sklearn_output_config", {}).get("transform")
    return {"estimator": type(estimator).__name__, "set_output": container, **_typed(estimator.get_params(deep=False))}


def _typed(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters, the types that JSON does not tell, and the masks of arrays."""
    masks = {name: value.mask for name, value in params.items() if isinstance(value, np.ma.MaskedArray)}
    types = {name: "tuple" for name, value in params.items() if isinstance(value, tuple)}
    for name, value in params.items():
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in _NUMBERS:
            types[name] = value.dtype.name
    return {"params": params, "types": types, "masks": masks}


def _clusters(segmenter: KMeansSegmenter) -> dict[str, Any]:
    typed = {name: _typed(step.get_params()) for name, step in segmenter.pipeline_.steps}
    return {
        "steps": {name: step["params"] for name, step in typed.items()},
        "types_of_steps": {name: step["types"] for name, step in typed.items()},
        "channel_weights": segmenter.pipeline_["color"].channel_weights_,
        "names": getattr(segmenter, "feature_names_in_", None),
        "inertia": segmenter.inertia_,
        "n_iter": segmenter.n_iter_,
    }


def _regions(segmenter: RegionSegmenter) -> dict[str, Any]:
    return {
        "segmenter": None if segmenter.segmenter_ is None else describe(segmenter.segmenter_),
        "cost_weights": segmenter.weights_,
        "n_channels": segmenter.n_features_in_,
    }


def _light(balancer: WhiteBalancer) -> dict[str, Any]:
    seen = balancer._seen
    return {
        "light": balancer.light_,
        "is_srgb": seen.curve.is_srgb,
        "dtype": seen.dtype.name,
        "limits": seen.limits,
        "names": getattr(balancer, "feature_names_in_", None),
    }


def restore(part: Part) -> Any:
    """The estimator of a part of a file. Its parameters are not checked."""
    kinds = {
        "KMeansSegmenter": _restore_clusters,
        "RegionSegmenter": _restore_regions,
        "WhiteBalancer": _restore_balancer,
        "Pipeline": _restore_pipeline,
    }
    return kinds[part.about["estimator"]](part)


def _restore_pipeline(part: Part) -> Pipeline:
    steps = [
        (name, step if is_skipped(step) else restore(part._replace(about=step))) for name, step in part.about["steps"]
    ]
    pipeline = Pipeline(steps)
    if not are_known(steps_of(pipeline)):
        raise ValueError(_MISFIT)
    return pipeline


def _restore_balancer(part: Part) -> WhiteBalancer:
    about, balancer = part.about, _new(part, WhiteBalancer)
    light, limits, is_srgb = np.array(about["light"]), np.array(about["limits"]), about["is_srgb"]
    are_floats = light.dtype == limits.dtype == np.float64
    if not are_floats or light.ndim != 1 or limits.shape != (2,) or not isinstance(is_srgb, bool):
        raise ValueError(_MISFIT)
    seen = Seen(Curve(is_srgb), _dtype(about["dtype"]), tuple(limits.tolist()))
    balancer._set_fitted(light, seen)
    _set_names(balancer, about["names"])
    return balancer


def _restore_regions(part: Part) -> RegionSegmenter:
    about, estimator = part.about, _new(part, RegionSegmenter)
    if estimator.segmenter is not None:
        estimator.segmenter = _new(part._replace(about=estimator.segmenter), KMeansSegmenter)
    fitted, n_channels = None, about["n_channels"]
    if about["segmenter"] is not None:
        fitted = _restore_clusters(part._replace(about=about["segmenter"]))
    _check_integer("n_channels", n_channels, least=1)
    if (fitted is None) != (estimator.segmenter is None) or (fitted and fitted.n_features_in_ != n_channels):
        raise ValueError(_MISFIT)
    estimator._set_fitted(fitted, check_weights(about["cost_weights"]), n_channels)
    return estimator


def _restore_clusters(part: Part) -> KMeansSegmenter:
    about, segmenter = part.about, _new(part, KMeansSegmenter)
    census, centers, sums = _check_arrays(**part.arrays)
    types = about.get("types_of_steps", {"color": {}, "kmeans": {}})
    steps = {name: _as_given(about["steps"][name], types[name], {}) for name in ("color", "kmeans")}
    color = ColorConverter(**steps["color"]).set_output(transform="default")
    validate_data(color, census.colors, skip_check_array=True)
    _set_names(color, about["names"])
    conversion = _conversion_of(color, about.get("channel_weights"), census.colors.shape[1])
    conversion.check_range(census.number_limits())
    _check_kmeans(steps["kmeans"])
    inertia, n_iter = about["inertia"], about["n_iter"]
    _check_integer("n_iter", n_iter, least=0)
    if type(inertia) not in (int, float) or not inertia >= 0:
        raise ValueError(f"its inertia must be a number that is not negative; got {inertia!r}")
    model = restore_model(
        census, conversion, centers, steps["kmeans"], inertia=float(inertia), n_iter=n_iter, sums=sums
    )
    if len(model.sizes) < len(centers) or not (model.sizes > 0).all():
        raise ValueError(_MISFIT)
    segmenter._set_fitted(color, model)
    return segmenter


def _new(part: Part, kind: type[Estimator]) -> Estimator:
    """An estimator with the parameters of a file; parameters missing in older files get their defaults."""
    about = part.about
    known, given = set(kind().get_params(deep=False)), set(about["params"])
    if about["estimator"] != kind.__name__ or given - known:
        raise ValueError(f"it has a {about['estimator']} with parameters unknown here: {sorted(given - known)}")
    if part.is_current and known - given:
        raise ValueError(f"it lacks the parameters {sorted(known - given)}")
    estimator = kind(**_as_given(about["params"], about.get("types", {}), about.get("masks", {})))
    if about.get("set_output") not in _CONTAINERS:
        raise ValueError(f"set_output must be one of {_CONTAINERS}; got {about['set_output']!r}")
    estimator.set_output(transform=about.get("set_output"))  # None changes nothing
    return estimator


def _as_given(params: dict[str, Any], types: dict[str, str], masks: dict[str, Any]) -> dict[str, Any]:
    """Parameters in the types in which they were given."""
    arrays = {name: np.array(params[name], dtype=_dtype(kind))[()] for name, kind in types.items() if kind != "tuple"}
    tuples = {name: _as_tuple(params[name]) for name, kind in types.items() if kind == "tuple"}
    masked = {name: np.ma.MaskedArray(arrays[name], mask=mask) for name, mask in masks.items()}
    return params | tuples | arrays | masked


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def _dtype(name: str) -> np.dtype[Any]:
    dtype = np.dtype(name)
    if dtype.name != name or dtype.kind not in _NUMBERS:
        raise ValueError(f"a dtype must be one of numbers; got {name!r}")
    return dtype


def _set_names(estimator: Any, names: Any) -> None:
    """Set the names of the channels that an estimator has seen."""
    if names is None:
        return
    if len(names) != estimator.n_features_in_ or not all(isinstance(name, str) for name in names):
        raise ValueError(f"the names of its channels must be {estimator.n_features_in_} strings; got {names}")
    estimator.feature_names_in_ = np.array(names, dtype=object)


def _check_kmeans(params: dict[str, Any]) -> None:
    unknown = set(params) - set(KMeans().get_params())
    if unknown:
        raise ValueError(f"it has a KMeans with parameters unknown here: {sorted(unknown)}")
    check_fit_parameters(**{name: params[name] for name in ("n_clusters", "init", "n_init", "max_iter", "tol")})


def _check_integer(name: str, number: Any, least: int) -> None:
    if type(number) is not int or number < least:
        raise ValueError(f"its {name} must be an integer of at least {least}; got {number!r}")


def _conversion_of(color: ColorConverter, learned: Any, n_channels: int) -> Conversion:
    """The conversion of a color step; sets its weights, after a check of learned ones."""
    conversion = find_conversion(color.color_space, color.channel_weights, n_channels)
    if conversion.learns_weights:
        if not isinstance(learned, list):
            raise ValueError("the weights of its channels are missing")
        conversion = conversion.with_weights(find_conversion(None, learned, n_channels).weights)
    color.channel_weights_ = conversion.weights
    return conversion


def _check_arrays(
    colors: NDArray[Any], weights: NDArray[Any], centers: NDArray[Any], **beside: NDArray[Any]
) -> tuple[Census, NDArray[np.float64], dict[str, Any]]:
    """The census, the centers, and the sums saved with a sample; refuse arrays that `save` cannot have written."""
    fits = (
        colors.ndim == centers.ndim == 2
        and weights.shape == colors.shape[:1]
        and centers.shape[1] == colors.shape[1]
        and 0 < len(centers) <= len(colors)
        and weights.dtype == centers.dtype == np.float64
        and colors.dtype.kind in _NUMBERS
        and (not beside or _shapes_and_types(beside) == _beside_sample(colors, centers))
    )
    if not fits or not (weights > 0).all():
        raise ValueError(_MISFIT)
    with np.errstate(over="ignore"):
        numbers = (colors, weights.sum(), centers, *beside.values())
    if not all(np.isfinite(array).all() for array in numbers):
        raise ValueError("its arrays hold NaN or infinity")
    if not beside:
        return Census(colors, weights), centers, {}
    (low, high), level = beside["limits"], int(beside["level"])
    is_sample = 0 < level <= _MAX_LEVEL and low <= colors.min() and colors.max() <= high
    if not is_sample or beside["spread"] < 0 or not np.isclose(beside["sizes"].sum(), 1):
        raise ValueError(_MISFIT)
    sums = {"colors": beside["means"], "sizes": beside["sizes"], "spread": float(beside["spread"])}
    return Census(colors, weights, level, beside["limits"]), centers, sums


def _shapes_and_types(arrays: Arrays) -> dict[str, Any]:
    return {name: (array.shape, array.dtype.str) for name, array in arrays.items()}


def _beside_sample(colors: NDArray[Any], centers: NDArray[Any]) -> dict[str, Any]:
    """Shapes and types of the arrays saved with a sample."""
    like = {"means": centers, "sizes": centers[:, 0], "spread": centers[0, 0], "level": np.array(0)}
    return _shapes_and_types(like | {"limits": np.empty(2, dtype=colors.dtype)})
