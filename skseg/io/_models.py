"""Model files without code: untrusted ones are safe to read."""

import json
from functools import partial
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, is_zipfile

import numpy as np
import sklearn

from .._version import __version__
from ._atomic import written_whole
from ._estimators import Arrays, describe, require, restore
from ._savable import check_savable

_FORMAT = 4  # increased if older versions cannot read new files


def save(estimator: object, path: str | PathLike[str]) -> None:
    """Write a fitted segmenter, or its Pipeline with a balancer, to a file without code.

    What `load` gives is equal to the saved estimator, except that `labels_`, metadata requests and callbacks are not
    saved. The file appears only when it is complete. Later versions of skseg can read it; parameters added since then
    get their defaults.

    Parameters
    ----------
    estimator : KMeansSegmenter, RegionSegmenter, WhiteBalancer or Pipeline
        Fitted estimator. A scikit-learn `Pipeline` may consist of these, with the segmenter last, for example
        ``make_pipeline(WhiteBalancer(), KMeansSegmenter(6))``; its `memory`, `verbose` and `transform_input` must have
        their defaults. Every `random_state` must be an int or None.

    path : str or path
        Path of the file, usually ``*.skseg``. An existing file is replaced.

    Raises
    ------
    TypeError
        If `estimator` is another estimator, has other steps, or a parameter cannot be written as JSON.

    NotFittedError
        If `estimator`, or one of its steps, is not fitted.

    ValueError
        If a parameter was set to an invalid value after `fit`, or steps of a Pipeline do not belong together.

    Notes
    -----
    The file is a NumPy archive (``.npz``) without compression and without pickles:

    - ``about``: text in JSON, with the number of the format ("format"), the versions of skseg, scikit-learn and NumPy
      ("versions"), and the "model": the class of the estimator ("estimator"), its parameters ("params"), its
      `set_output` container, and what it has "learned".
    - ``arr_0``, ``arr_1``, …: arrays. In the JSON, ``{"array": 0}`` is in place of the first, ``{"tuple": [1, 2]}`` in
      place of a tuple. A NumPy number is an array without dimensions, a masked array has "data" and a "mask".

    A segmenter has learned the centers of its clusters in the color space and the "census" of colors, or a sample of
    them with the sums over all pixels. A `light` that is given as a patch is saved with all its pixels.

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
    check_savable(estimator)
    model, arrays = describe(estimator)
    about = {"format": _FORMAT, "versions": _versions(), "model": model}
    content = BytesIO()  # on a full disk, an archive of older versions of NumPy fails a second time when it is closed
    np.savez(content, *arrays, about=np.array(json.dumps(about)))
    with written_whole(path) as file:
        file.write(content.getbuffer())


def load(path: str | PathLike[str]) -> Any:
    """Read an estimator written by `save`, without running code.

    Parameters
    ----------
    path : str or path
        Path of the file.

    Returns
    -------
    estimator : KMeansSegmenter, RegionSegmenter, WhiteBalancer or Pipeline
        Fitted estimator. Its methods, including `partial_fit`, give the same results as before saving.

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
            reason = " ".join(str(error).split())
            raise ValueError(f"{fspath(path)!r} is not a model file that skseg can read: {reason}") from error


def _read(file: IO[bytes]) -> tuple[str, Arrays]:
    """The JSON and the arrays of a model file."""
    require(is_zipfile(file), "it is not an archive, or is cut off")  # NumPy would advise to unpickle it
    with ZipFile(file) as archive:
        are_stored = all(member.compress_type == ZIP_STORED for member in archive.infolist())
        require(are_stored, "its parts are compressed, which skseg does not do")  # they might unpack to any size
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        return str(archive["about"]), [archive[f"arr_{index}"] for index in range(len(archive.files) - 1)]


def _put_together(text: str, arrays: Arrays) -> object:
    """The estimator of a file; if these versions wrote the file, it must be what they would write again."""
    about, versions = json.loads(text), _versions()
    if about["format"] != _FORMAT:
        wrote, read = (", ".join(map(" ".join, each.items())) for each in (about["versions"], versions))
        raise ValueError(f"it was written by {wrote}, which does not fit {read}; install what wrote it")
    estimator = json.loads(text, object_hook=partial(restore, arrays=arrays))["model"]
    check_savable(estimator)
    model, again = describe(estimator)
    if about["versions"] == versions:
        require(json.dumps(model) == json.dumps(about["model"]) and len(arrays) == len(again))
        pairs = zip(arrays, again, strict=True)
        require(all(one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True) for one, other in pairs))
    return estimator


def _versions() -> dict[str, str]:
    return {"skseg": __version__, "scikit-learn": sklearn.__version__, "NumPy": np.__version__}
