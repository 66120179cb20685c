"""Model files without code: untrusted ones are safe to read."""

from __future__ import annotations

import json
from functools import partial
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any, TypeVar
from zipfile import ZIP_STORED, ZipFile, is_zipfile

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import _segmenter as kmeans
from .._census import Census
from .._color import COLOR_SPACE_NAMES, Conversion, find_conversion
from .._converter import ColorConverter
from .._fitting import restore_model
from .._regions import segmenter as regions
from .._regions.cost import check_weights
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from .._version import __version__
from ._atomic import written_whole

_FORMAT = 2  # of the JSON and the arrays; increased if older versions cannot read new files

Arrays = dict[str, NDArray[Any]]
Estimator = TypeVar("Estimator", KMeansSegmenter, RegionSegmenter)


def save(segmenter: KMeansSegmenter | RegionSegmenter, path: str | PathLike[str]) -> None:
    """Write a fitted segmenter to a file without code.

    The file is a NumPy archive (``.npz``). It contains the centers, the census or a sample of it, and, as JSON, the
    parameters of the segmenter and its fitted steps, and the versions of skseg, scikit-learn and NumPy. `labels_` is
    not saved. The file appears only when it is complete.

    Later versions of skseg can read the file. Parameters added since then get their defaults.

    Parameters
    ----------
    segmenter : KMeansSegmenter or RegionSegmenter
        Fitted segmenter. Its `random_state` must be an int or None.

    path : str or path
        Path of the file, usually ``*.skseg``. An existing file is replaced.

    Raises
    ------
    TypeError
        If `segmenter` is another estimator, or a parameter cannot be written as JSON.

    NotFittedError
        If `segmenter` is not fitted.

    ValueError
        If a parameter was set to an invalid value after `fit`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, io
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(coffee())
    >>> with TemporaryDirectory() as folder:
    ...     io.save(segmenter, f"{folder}/coffee.skseg")
    ...     labels = io.load(f"{folder}/coffee.skseg").predict(coffee())
    >>> bool((labels == segmenter.labels_).all())
    True
    """
    if not isinstance(segmenter, KMeansSegmenter | RegionSegmenter):
        raise TypeError(
            f"segmenter must be a KMeansSegmenter or RegionSegmenter; got {type(segmenter).__name__} instead. "
            "Of a search take its best_estimator_, of a Pipeline its last step."
        )
    check_is_fitted(segmenter)
    _check_loadable(segmenter)
    about: dict[str, Any] = {"format": _FORMAT, "versions": _versions()}
    fitted: KMeansSegmenter | None
    if isinstance(segmenter, RegionSegmenter):
        fitted = segmenter.segmenter_
        about |= _describe_regions(segmenter)
    else:
        fitted = segmenter
        about |= _describe_fitted(fitted)
    text = json.dumps(about, default=_as_json)
    with written_whole(path) as file:
        np.savez(file, about=np.array(text), **_arrays(fitted))


def load(path: str | PathLike[str]) -> Any:
    """Read a segmenter written by `save`, without running code.

    Parameters
    ----------
    path : str or path
        Path of the file.

    Returns
    -------
    segmenter : KMeansSegmenter or RegionSegmenter
        Fitted segmenter. Its methods, including `partial_fit`, give the same results as before saving.

    Raises
    ------
    ValueError
        If the file is not a model file, is damaged or tampered with, or has parameters unknown to this version.

    FileNotFoundError
        If the file does not exist.

    Examples
    --------
    See `save`.

    >>> from skseg import io
    >>> io.load("missing.skseg")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'missing.skseg'
    """
    with Path(path).open("rb") as file:
        try:
            return _put_together(*_read(file))
        except Exception as error:  # archives break in many ways
            raise ValueError(f"{fspath(path)!r} is not a model file that skseg can read: {error}") from error


def _read(file: IO[bytes]) -> tuple[dict[str, Any], Arrays]:
    """The JSON and the arrays of a model file."""
    if not is_zipfile(file):  # NumPy would advise to unpickle it
        raise ValueError("it is not an archive, or is cut off")
    with ZipFile(file) as archive:
        if any(member.compress_type != ZIP_STORED for member in archive.infolist()):  # might unpack to any size
            raise ValueError("its parts are compressed, which skseg does not do")
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return json.loads(str(arrays.pop("about"))), arrays


def _check_loadable(estimator: KMeansSegmenter | RegionSegmenter) -> None:
    """Refuse parameters with which `fit` would fail."""
    if isinstance(estimator, RegionSegmenter):
        regions.check_parameters(estimator)
        return
    kmeans.check_parameters(estimator)
    if estimator.color_space not in (None, *COLOR_SPACE_NAMES):
        raise ValueError(
            f"color_space must be one of {', '.join(COLOR_SPACE_NAMES)}; got {estimator.color_space!r} instead."
        )


def _describe(estimator: Any) -> dict[str, Any]:
    """The class of an estimator and its parameters."""
    return {"estimator": type(estimator).__name__, "params": estimator.get_params(deep=False)}


def _describe_fitted(segmenter: KMeansSegmenter) -> dict[str, Any]:
    """The fitted attributes of a segmenter, except arrays."""
    return {
        **_describe(segmenter),
        "steps": {name: step.get_params() for name, step in segmenter.pipeline_.steps},
        "channel_weights": segmenter.pipeline_["color"].channel_weights_,
        "names": getattr(segmenter, "feature_names_in_", None),
        "inertia": segmenter.inertia_,
        "n_iter": segmenter.n_iter_,
    }


def _describe_regions(segmenter: RegionSegmenter) -> dict[str, Any]:
    """The fitted attributes of a RegionSegmenter, except arrays."""
    return {
        **_describe(segmenter),
        "segmenter": None if segmenter.segmenter_ is None else _describe_fitted(segmenter.segmenter_),
        "cost_weights": segmenter.weights_,
        "n_channels": segmenter.n_features_in_,
    }


def _arrays(fitted: KMeansSegmenter | None) -> dict[str, Any]:
    """The census and the centers of a fitted segmenter; empty if each image gets its own segmenter.

    A sample is saved with the sums over all pixels, which it cannot give.
    """
    if fitted is None:
        return {}
    model, census = fitted.model_, fitted.model_.census
    arrays = {"colors": census.colors, "weights": census.weights, "centers": model.centers}
    if census.is_complete:
        return arrays
    sums = {"means": model.colors, "sizes": model.sizes, "spread": np.array(model.spread)}
    return arrays | sums | {"limits": census.number_limits(), "level": np.array(census.level)}


def _versions() -> dict[str, str]:
    return {"skseg": __version__, "scikit-learn": sklearn.__version__, "NumPy": np.__version__}


def _as_json(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, KMeansSegmenter):
        return _describe(value)
    raise TypeError(f"A model file holds numbers, strings and lists; got {type(value).__name__} instead.")


def _put_together(about: dict[str, Any], arrays: Arrays) -> KMeansSegmenter | RegionSegmenter:
    """The segmenter of a file; invalid or unknown content is an error."""
    if about["format"] != _FORMAT:
        wrote, read = (", ".join(map(" ".join, versions.items())) for versions in (about["versions"], _versions()))
        raise ValueError(f"it was written by {wrote}, which does not fit {read}; install what wrote it")
    new = partial(_new, is_current=about["versions"]["skseg"] == __version__)
    if about["estimator"] == "KMeansSegmenter":
        return _restore(new(about, KMeansSegmenter), about, arrays)
    estimator: RegionSegmenter = new(about, RegionSegmenter)
    if estimator.segmenter is not None:
        estimator.segmenter = new(estimator.segmenter, KMeansSegmenter)
    fitted = None
    if about["segmenter"] is not None:
        fitted = _restore(new(about["segmenter"], KMeansSegmenter), about["segmenter"], arrays)
    if (fitted is None) != (estimator.segmenter is None):
        raise ValueError("its parts do not belong together")
    regions.set_fitted(estimator, fitted, check_weights(about["cost_weights"]), int(about["n_channels"]))
    return estimator


def _new(about: dict[str, Any], expected: type[Estimator], *, is_current: bool) -> Estimator:
    """An estimator with the parameters of a file; parameters missing in older files get their defaults."""
    known, given = set(expected().get_params(deep=False)), set(about["params"])
    if about["estimator"] != expected.__name__ or given - known:
        raise ValueError(f"it has a {about['estimator']} with parameters unknown here: {sorted(given - known)}")
    if is_current and known - given:
        raise ValueError(f"it lacks the parameters {sorted(known - given)}")
    estimator = expected(**about["params"])
    _check_loadable(estimator)
    return estimator


def _restore(segmenter: KMeansSegmenter, about: dict[str, Any], arrays: Arrays) -> KMeansSegmenter:
    """Set the fitted attributes of a segmenter from a file."""
    census, centers, sums = _check_arrays(**arrays)
    colors = census.colors
    color = ColorConverter(**about["steps"]["color"]).set_output(transform="default")
    validate_data(color, colors, skip_check_array=True)
    if about["names"] is not None:
        color.feature_names_in_ = np.array(list(map(str, about["names"])), dtype=object)
    conversion = _conversion_of(color, about.get("channel_weights"), colors.shape[1])
    conversion.check_range(census.number_limits())
    inertia, n_iter = float(about["inertia"]), int(about["n_iter"])
    model = restore_model(
        census, conversion, centers, about["steps"]["kmeans"], inertia=inertia, n_iter=n_iter, sums=sums
    )
    if len(model.sizes) < len(centers) or not model.sizes.all():
        raise ValueError("its arrays do not belong together")
    kmeans.set_fitted(segmenter, color, model)
    return segmenter


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
        and colors.dtype.kind in "buif"
        and (not beside or _shapes_and_types(beside) == _beside_sample(colors, centers))
    )
    if not fits or not (weights > 0).all():
        raise ValueError("its arrays do not belong together")
    if not all(np.isfinite(array).all() for array in (colors, weights, centers, *beside.values())):
        raise ValueError("its arrays hold NaN or infinity")
    if not beside:
        return Census(colors, weights), centers, {}
    sums = {"colors": beside["means"], "sizes": beside["sizes"], "spread": float(beside["spread"])}
    return Census(colors, weights, int(beside["level"]), beside["limits"]), centers, sums


def _shapes_and_types(arrays: Arrays) -> dict[str, Any]:
    return {name: (array.shape, array.dtype.str) for name, array in arrays.items()}


def _beside_sample(colors: NDArray[Any], centers: NDArray[Any]) -> dict[str, Any]:
    """Shapes and types of the arrays saved with a sample."""
    like = {"means": centers, "sizes": centers[:, 0], "spread": centers[0, 0], "level": np.array(0)}
    return _shapes_and_types(like | {"limits": np.empty(2, dtype=colors.dtype)})
