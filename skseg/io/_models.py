"""Model files that hold numbers and no code: a model from elsewhere can be read without trusting it."""

from __future__ import annotations

import json
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, is_zipfile

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from .. import KMeansSegmenter, __version__
from .._census import Census
from .._color import COLOR_SPACES
from ._atomic import written_whole

_FORMAT = 2


def save(segmenter: KMeansSegmenter, path: str | PathLike[str]) -> None:
    """Write a fitted segmenter to a file that holds numbers and no code.

    The file is a NumPy archive (``.npz``) of the census and the centers, with the parameters, also of the fitted steps,
    and the versions of skseg, scikit-learn and NumPy as JSON in it. It appears when it is complete. `labels_` is not
    kept.

    Parameters
    ----------
    segmenter : KMeansSegmenter
        Fitted segmenter, whose `random_state` is an int or None.

    path : str or path
        The file, usually ``*.skseg``; an existing one is replaced.

    Raises
    ------
    TypeError
        If it is not a `KMeansSegmenter`, or a parameter cannot be written as JSON.

    NotFittedError
        If it is not fitted.

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
    if not isinstance(segmenter, KMeansSegmenter):
        raise TypeError(
            f"segmenter must be a KMeansSegmenter; got {type(segmenter).__name__} instead. Of a search take its "
            "best_estimator_, of a Pipeline its last step."
        )
    check_is_fitted(segmenter)
    about, arrays = _take_apart(segmenter)
    with written_whole(path) as file:
        np.savez(file, about=np.array(about), **arrays)


def load(path: str | PathLike[str]) -> KMeansSegmenter:
    """Read a segmenter that `save` has written; nothing in the file is run.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    segmenter : KMeansSegmenter
        Fitted segmenter; its methods, `partial_fit` too, give what those of the saved one give.

    Raises
    ------
    ValueError
        If the file is no model file, is damaged or tampered with, or was written by a version that does not fit.

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
            about, arrays = _read(file)
            return _put_together(about, **arrays)
        except Exception as error:  # archives break in many ways
            raise ValueError(f"{fspath(path)!r} is not a model file that skseg can read: {error}") from error


def _read(file: IO[bytes]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
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


def _take_apart(segmenter: KMeansSegmenter) -> tuple[str, dict[str, Any]]:
    """What a model file holds: JSON, and arrays. All else follows from them."""
    about = {
        "format": _FORMAT,
        "versions": _versions(),
        "params": segmenter.get_params(),
        "steps": {name: step.get_params() for name, step in segmenter.pipeline_.steps},
        "names": getattr(segmenter, "feature_names_in_", None),
        "inertia": segmenter.inertia_,
        "n_iter": segmenter.n_iter_,
    }
    seen, centers = segmenter._seen, segmenter.pipeline_["kmeans"].cluster_centers_
    return json.dumps(about, default=_as_list), {"colors": seen.colors, "weights": seen.weights, "centers": centers}


def _versions() -> dict[str, str]:
    return {"skseg": __version__, "scikit-learn": sklearn.__version__, "NumPy": np.__version__}


def _as_list(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"A model file holds numbers, strings and lists; got {type(value).__name__} instead.")


def _put_together(
    about: dict[str, Any], *, colors: NDArray[Any], weights: NDArray[Any], centers: NDArray[Any]
) -> KMeansSegmenter:
    """The segmenter that these make; what is wrong or foreign in them is an error."""
    if about["format"] != _FORMAT or set(about["params"]) != set(KMeansSegmenter().get_params()):
        wrote, read = (", ".join(map(" ".join, versions.items())) for versions in (about["versions"], _versions()))
        raise ValueError(f"it was written by {wrote}, which does not fit {read}; install what wrote it")
    if about["params"]["color_space"] not in (None, "auto", *COLOR_SPACES):
        raise ValueError(f"it names an unknown color space, {about['params']['color_space']!r}")
    _check_arrays(colors, weights, centers)
    segmenter = KMeansSegmenter(**about["params"])
    segmenter.n_features_in_ = colors.shape[1]
    if about["names"] is not None:
        segmenter.feature_names_in_ = np.array(list(map(str, about["names"])), dtype=object)
    inertia, n_iter = float(about["inertia"]), int(about["n_iter"])
    segmenter._restore(Census(colors, weights), centers, about["steps"], inertia=inertia, n_iter=n_iter)
    if len(segmenter.cluster_sizes_) < len(centers) or not segmenter.cluster_sizes_.all():
        raise ValueError("its arrays do not belong together")
    return segmenter


def _check_arrays(colors: NDArray[Any], weights: NDArray[Any], centers: NDArray[Any]) -> None:
    """Refuse arrays that `save` cannot have written."""
    fits = (
        colors.ndim == centers.ndim == 2
        and weights.shape == colors.shape[:1]
        and centers.shape[1] == colors.shape[1]
        and 0 < len(centers) <= len(colors)
        and weights.dtype == centers.dtype == np.float64
        and colors.dtype.kind in "buif"
    )
    if not fits or not (weights > 0).all():
        raise ValueError("its arrays do not belong together")
    if not all(np.isfinite(array).all() for array in (colors, weights, centers)):
        raise ValueError("its arrays hold NaN or infinity")
