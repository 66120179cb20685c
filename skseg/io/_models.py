"""Model files without code: untrusted ones are safe to read."""

from __future__ import annotations

import json
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, is_zipfile

import numpy as np
import sklearn

from .._version import __version__
from ._atomic import written_whole
from ._estimators import Arrays, Part, arrays_of, as_json, describe, restore
from ._savable import check_savable

# Of the JSON and the arrays; increased if older versions cannot read new files.
_FORMATS = {"KMeansSegmenter": 2, "RegionSegmenter": 2, "WhiteBalancer": 3, "Pipeline": 3}
_MAX_INTEGER = 1 << 64


def save(estimator: Any, path: str | PathLike[str]) -> None:
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

    - ``about``: text in JSON. Of the file, it holds the number of its format ("format": 2 for a segmenter, 3 for a
      `WhiteBalancer` or a `Pipeline`) and the versions of skseg, scikit-learn and NumPy ("versions"). Of an estimator,
      its class ("estimator"), its parameters ("params"), the types of those that are arrays, NumPy numbers or tuples
      ("types"), their masks ("masks"), its `set_output` container ("set_output"), and fitted numbers. Of a `Pipeline`,
      the names and the estimators of its "steps". A `light` that is given as a patch is saved with all its pixels.
    - ``colors``, ``weights``: the census, or a sample of it.
    - ``centers``: the cluster centers in the color space.
    - ``means``, ``sizes``, ``spread``, ``limits``, ``level``: sums over all pixels, if the census is a sample.

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
    about = {"format": _FORMATS[type(estimator).__name__], "versions": _versions(), **describe(estimator)}
    text = json.dumps(about, default=as_json)
    content = BytesIO()  # on a full disk, an archive of older versions of NumPy fails a second time when it is closed
    np.savez(content, about=np.array(text), **arrays_of(estimator))
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
    return json.loads(str(arrays.pop("about")), parse_int=_integer), arrays


def _integer(digits: str) -> int:
    """An integer in JSON, which NumPy's types can hold."""
    number = int(digits)
    if abs(number) >= _MAX_INTEGER:
        raise ValueError("it holds an integer of more than 64 bits")
    return number


def _versions() -> dict[str, str]:
    return {"skseg": __version__, "scikit-learn": sklearn.__version__, "NumPy": np.__version__}


def _put_together(about: dict[str, Any], arrays: Arrays) -> Any:
    """The estimator of a file; invalid or unknown content is an error."""
    if about["format"] != _FORMATS.get(about["estimator"]):
        wrote, read = (", ".join(map(" ".join, versions.items())) for versions in (about["versions"], _versions()))
        raise ValueError(f"it was written by {wrote}, which does not fit {read}; install what wrote it")
    estimator = restore(Part(about, arrays, is_current=about["versions"]["skseg"] == __version__))
    if arrays.keys() != arrays_of(estimator).keys():
        raise ValueError("its parts do not belong together")
    check_savable(estimator)
    return estimator
