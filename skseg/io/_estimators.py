"""Estimators as JSON and arrays, and back. What comes back may have any parameters, but its fitted parts agree."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_array

from .._balancer import Seen, WhiteBalancer
from .._census import Census
from .._color import OF_DTYPE, ValueRange, check_value_range, find_conversion
from .._converter import ColorConverter
from .._fitting import check_fit_parameters, restore_model
from .._images import pixel_weights
from .._light import Curve
from .._regions.cost import check_weights
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter

Arrays = list[NDArray[Any]]

_KINDS = {kind.__name__: kind for kind in (KMeansSegmenter, RegionSegmenter, WhiteBalancer, Pipeline)}
_KINDS |= {kind.__name__: kind for kind in (ColorConverter, KMeans)}  # steps of a KMeansSegmenter
_RANGED = ("KMeansSegmenter", "ColorConverter", "WhiteBalancer", "RegionSegmenter")  # that have a range of values
_CONTAINERS = (None, "default", "pandas", "polars")  # of set_output
_MAX_INTEGER = 1 << 64
_MAX_LEVEL = 32  # of a sample: bits of the hashes by which its colors are chosen


def describe(value: object) -> tuple[object, Arrays]:
    """An estimator as JSON, and the arrays that the JSON refers to."""
    arrays: Arrays = []

    def encode(value: object) -> object:
        if isinstance(value, list):
            return [encode(each) for each in value]
        if isinstance(value, dict):
            return {name: encode(each) for name, each in value.items()}
        if isinstance(value, bool | int | float | str | None) and not isinstance(value, np.number):
            if isinstance(value, int) and abs(value) >= _MAX_INTEGER:
                raise ValueError(f"A model file holds integers of at most 64 bits; got {value} instead.")
            return value
        return encode(_as_object(value, arrays))

    return encode(value), arrays


def restore(node: dict[str, Any], arrays: Sequence[NDArray[Any]]) -> object:
    """What an object in JSON, whose items are restored, describes; an invalid one raises an error of any kind."""
    match node:
        case {"array": index}:
            return arrays[index][()]
        case {"data": data, "mask": mask}:
            return np.ma.MaskedArray(data, mask)
        case {"tuple": values}:
            return tuple(values)
        case {"estimator": kind, "params": params, "set_output": container, "learned": learned}:
            # Parameters that older files do not have get their defaults, except for the range that these versions used.
            estimator = _KINDS[kind](**({"value_range": "dtype"} if kind in _RANGED else {}) | params)
            require(container in _CONTAINERS, f"set_output must be one of {_CONTAINERS}; got {container!r}")
            estimator.set_output(transform=container)  # None changes nothing
            if learned is not None:
                _RESTORES[type(estimator)](estimator, learned)
            return estimator
    return node


def require(is_right: bool, reason: str = "its parts do not belong together") -> None:
    """Refuse what `save` cannot have written."""
    if not is_right:
        raise ValueError(reason)


def _as_object(value: Any, arrays: Arrays) -> dict[str, object]:
    """A value that JSON does not know as an object; an array, or a NumPy number, is added to `arrays`."""
    if isinstance(value, np.ma.MaskedArray):
        return {"data": np.ma.getdata(value), "mask": np.ma.getmaskarray(value)}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biuf":
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1}
    if isinstance(value, tuple):
        return {"tuple": list(value)}
    kind = type(value).__name__
    if type(value) is not _KINDS.get(kind):
        raise TypeError(f"A model file holds numbers, strings and lists; got {getattr(value, 'dtype', kind)} instead.")
    container = getattr(value, "_sklearn_output_config", {}).get("transform")
    params = value.get_params(deep=False)
    return {"estimator": kind, "params": params, "set_output": container, "learned": _learned(value)}


def _learned(estimator: object) -> dict[str, object] | None:
    """What an estimator has learned, if it is fitted; all its fitted attributes follow from it."""
    names = list(getattr(estimator, "feature_names_in_", ()))
    match estimator:
        case WhiteBalancer(light_=light, _seen=seen):
            like = np.empty(0, seen.dtype)
            curve = {"is_srgb": seen.curve.is_srgb, "value_range": seen.curve.value_range.limits}
            return {"light": light, **curve, "like": like, "limits": seen.limits, "names": names}
        case RegionSegmenter(segmenter_=segmenter, weights_=weights, n_features_in_=n_channels):
            named = {"names": names} if names else {}
            return {"segmenter": segmenter, "weights": weights, "n_channels": int(n_channels), **named}
        case KMeansSegmenter(_model=model, pipeline_=pipeline, inertia_=inertia, n_iter_=n_iter):
            color, census = pipeline["color"], model.census
            learned = {"color": color, "channel_weights": color.channel_weights_, "names": names}
            learned |= {"value_range": model.value_range.limits}
            learned |= {"kmeans": model.kmeans, "centers": model.centers, "inertia": inertia, "n_iter": n_iter}
            sums = {"colors": model.colors, "sizes": model.sizes, "spread": model.spread}
            return learned | {"census": census._asdict(), "sums": None if census.is_complete else sums}
    return None


def _restore_light(balancer: WhiteBalancer, learned: dict[str, Any]) -> None:
    light, (low, high) = check_array(learned["light"], ensure_2d=False, dtype=np.float64), learned["limits"]
    require(light.ndim == 1)
    curve = Curve(bool(learned["is_srgb"]), _value_range(balancer, learned))
    seen = Seen(curve, learned["like"].dtype, (float(low), float(high)))
    balancer._set_fitted(light, seen)
    _set_names(balancer, learned["names"])


def _restore_regions(estimator: RegionSegmenter, learned: dict[str, Any]) -> None:
    segmenter, n_channels = learned["segmenter"], int(learned["n_channels"])
    require(n_channels > 0 and (segmenter is None or segmenter.n_features_in_ == n_channels))
    estimator._set_fitted(segmenter, check_weights(learned["weights"]), n_channels)
    _set_names(estimator, learned.get("names", []))


def _restore_clusters(segmenter: KMeansSegmenter, learned: dict[str, Any]) -> None:
    census, centers = Census(**learned["census"]), check_array(learned["centers"], dtype=np.float64)
    census = _check_census(census, centers)
    sums = {} if census.is_complete else _check_sums(learned["sums"], centers)
    n_channels = census.colors.shape[1]
    color: ColorConverter = learned["color"]
    color.n_features_in_ = n_channels
    _set_names(color, learned["names"])
    learned_weights = find_conversion(None, learned["channel_weights"], n_channels)
    color._set_learned(learned_weights.with_range(_value_range(segmenter, learned)), census.colors.dtype)
    conversion = color._conversion(census.colors)
    color._set_learned(conversion, census.colors.dtype)  # the learned weights, or those of the parameters
    conversion.check_range(census.number_limits())
    params = learned["kmeans"].get_params()
    check_fit_parameters(**{name: params[name] for name in ("n_clusters", "init", "n_init", "max_iter", "tol")})
    inertia, n_iter = float(learned["inertia"]), int(learned["n_iter"])
    require(inertia >= 0 and n_iter >= 0, f"its inertia and n_iter must not be negative; got {inertia} and {n_iter}")
    model = restore_model(census, conversion, centers, params, inertia=inertia, n_iter=n_iter, sums=sums)
    require(len(model.sizes) == len(centers) and bool((model.sizes > 0).all()))
    segmenter._set_fitted(color, model)


def _check_census(census: Census, centers: NDArray[Any]) -> Census:
    """A census, or a sample, from which `fit` can have found these centers."""
    colors, weights = check_array(census.colors, dtype=None), pixel_weights(census.weights, census.colors.shape[:1])
    require(len(centers) <= len(colors) and centers.shape[1] == colors.shape[1] and bool(weights.all()))
    level, (low, high) = int(census.level), census.number_limits()
    require(0 <= level <= _MAX_LEVEL and low <= colors.min() and colors.max() <= high)
    return Census(colors, weights, level, np.array([low, high], dtype=colors.dtype) if level else None)


def _check_sums(sums: dict[str, Any], centers: NDArray[Any]) -> dict[str, Any]:
    """The sums over all pixels, which a sample does not tell."""
    colors, sizes, spread = check_array(sums["colors"], dtype=np.float64), sums["sizes"], float(sums["spread"])
    require(colors.shape == centers.shape and sizes.shape == centers.shape[:1])
    require(0 <= spread < np.inf and np.isclose(sizes.sum(), 1))
    return {"colors": colors, "sizes": sizes, "spread": spread}


def _value_range(estimator: KMeansSegmenter | WhiteBalancer, learned: dict[str, Any]) -> ValueRange:
    """The range that was found or given; files of versions that knew no ranges have none."""
    limits, is_given = learned.get("value_range"), not isinstance(estimator.value_range, str)
    if limits is None:
        require(not is_given)
        return OF_DTYPE
    check_value_range(limits)
    require(is_given or (estimator.value_range == "auto" and limits[0] == 0))
    return ValueRange((float(limits[0]), float(limits[1])), is_given)


def _set_names(estimator: WhiteBalancer | ColorConverter | RegionSegmenter, names: list[str]) -> None:
    """Set the names of the channels, if an estimator has seen any."""
    if names:
        n_channels = estimator.n_features_in_
        require(len(names) == n_channels, f"the names of its channels must be {n_channels} strings; got {names}")
        estimator.feature_names_in_ = np.array([str(name) for name in names], dtype=object)


_RESTORES: dict[type, Callable[[Any, dict[str, Any]], None]] = {
    WhiteBalancer: _restore_light,
    RegionSegmenter: _restore_regions,
    KMeansSegmenter: _restore_clusters,
}
