"""Images from files, read when their turn comes, and model files that hold numbers and no code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from glob import glob
from os import PathLike, fspath
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
import sklearn
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.color import gray2rgb
from sklearn.cluster import KMeans
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from tifffile import TiffFile

from . import KMeansSegmenter, __version__
from ._census import Census

__all__ = ["ImageFile", "images", "load", "save"]

_FORMAT = 1


def images(paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> list[ImageFile]:
    """List image files to be read one by one, when an array of each is asked for.

    Parameters
    ----------
    paths : str, path, or iterable of them
        Pattern of file names, such as ``"photos/*.jpg"`` or ``"photos/**/*.png"``, or the files themselves.

    Returns
    -------
    images : list of ImageFile
        The files, in the order of their names if `paths` is a pattern. The list can be sliced, searched by
        `GridSearchCV` and sent to other processes without reading a file.

    Raises
    ------
    FileNotFoundError
        If no file matches the pattern, or a file does not exist.

    Examples
    --------
    >>> import os, skimage.data
    >>> from skseg import KMeansSegmenter, io
    >>> files = io.images([os.path.join(skimage.data.data_dir, name) for name in ("coffee.png", "rocket.jpg")])
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(files)
    >>> [labels.shape for labels in segmenter.predict(files)]
    [(400, 600), (427, 640)]
    """
    if isinstance(paths, str | PathLike):
        found = [fspath(paths)] if Path(paths).is_file() else sorted(glob(fspath(paths), recursive=True))  # noqa: PTH207
        files = [ImageFile(path) for path in found if Path(path).is_file()]
        if not files:
            raise FileNotFoundError(f"No file matches {fspath(paths)!r}.")
        return files
    return [ImageFile(path) for path in paths]


class ImageFile:
    """An image in a file that is read, each time, when an array is asked for.

    What Pillow reads comes as RGB, upright as its EXIF orientation says, 8 or 16 bits; gray is repeated. Transparent
    pixels, by alpha or by a color that stands for it, are masked: `numpy.ma.asarray` gives the mask, and a segmenter
    sees it. TIFF files come as they are, with any number of channels and of any type. Of 16-bit color PNG Pillow
    reads the upper 8 bits.

    Parameters
    ----------
    path : str or path
        The file.

    Raises
    ------
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    images : A list of these.

    Examples
    --------
    >>> import os, numpy as np, skimage.data
    >>> from skseg import io
    >>> coffee = io.ImageFile(os.path.join(skimage.data.data_dir, "coffee.png"))
    >>> np.asarray(coffee).shape
    (400, 600, 3)
    """

    ndim = 3  # known without reading
    _baseclass = np.ndarray  # numpy.ma.asarray wants to know what lies under the masked array that it gets

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = fspath(path)
        if not Path(self.path).is_file():
            raise FileNotFoundError(f"There is no file {self.path!r}.")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file; a file that cannot be read is named in the ValueError."""
        try:
            pixels = _read(self.path)
        except Exception as error:  # decoders raise all kinds on broken files
            raise ValueError(f"Cannot read {self.path!r} as an image: {error}") from error
        return pixels if dtype is None else pixels.astype(dtype)

    def __repr__(self) -> str:
        return f"ImageFile({self.path!r})"


def _read(path: str) -> NDArray[Any]:
    """The pixels of a file, (height, width, n_channels), masked where they are transparent."""
    if Path(path).suffix.lower() in (".tif", ".tiff"):
        return _read_tiff(path)
    with Image.open(path) as image:
        n_frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # a photo and its previews are MPO
        if n_frames > 1:
            raise ValueError(f"it has {n_frames} frames; read them one by one, for example with imageio")
        pixels = np.asarray(ImageOps.exif_transpose(_as_plain_mode(image)))
    if pixels.dtype not in (np.uint8, np.uint16, np.bool_):
        raise ValueError(f"it holds {pixels.dtype}; 8 bits, 16 bits and black-and-white can be read")
    return _split_alpha(pixels)


def _read_tiff(path: str) -> NDArray[Any]:
    with TiffFile(path) as file:
        page = file.pages[0]
        if len(file.pages) > 1:
            raise ValueError(f"it has {len(file.pages)} pages; read them one by one, for example with tifffile")
        pixels, axes = page.asarray(), page.axes
    if axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    has_alpha = bool(getattr(page, "extrasamples", ())) and pixels.ndim > 2 and pixels.shape[-1] in (2, 4)
    return _split_alpha(pixels) if has_alpha or pixels.ndim == 2 else pixels


def _as_plain_mode(image: Image.Image) -> Image.Image:
    """A picture whose pixels are palette indices or other colors than sRGB, as RGB; with alpha if one is named."""
    has_transparency = "transparency" in image.info and image.mode in ("P", "L", "RGB")
    if has_transparency or image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
        return image.convert("RGBA" if has_transparency or image.mode == "PA" else "RGB")
    return image


def _split_alpha(pixels: NDArray[Any]) -> NDArray[Any]:
    """RGB from gray or RGB, masked where alpha, the last of two or four channels, is 0."""
    if pixels.ndim == 2:
        return np.asarray(gray2rgb(pixels))
    if pixels.shape[-1] == 3:
        return pixels
    rgb = pixels[..., :3] if pixels.shape[-1] == 4 else gray2rgb(pixels[..., 0])
    return np.ma.MaskedArray(rgb, mask=np.broadcast_to(pixels[..., -1:] == 0, rgb.shape))


def save(segmenter: KMeansSegmenter, path: str | PathLike[str]) -> None:
    """Write a fitted segmenter to a file that holds numbers and no code.

    The file is a NumPy archive (``.npz``), with the parameters and versions as JSON in it. It appears when it is
    complete. `labels_` is not kept.

    Parameters
    ----------
    segmenter : KMeansSegmenter
        Fitted segmenter, whose `random_state` is an int or None.

    path : str or path
        The file, usually ``*.skseg``; one that is there is replaced.

    Raises
    ------
    TypeError
        If a parameter cannot be written as JSON.

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
    check_is_fitted(segmenter)
    about, arrays = _take_apart(segmenter)
    beside = Path(f"{fspath(path)}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            np.savez(file, about=np.array(about), **arrays)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


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
        If the file is no model file, is damaged, or was written in a format that this version does not know.

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
            if not is_zipfile(file):  # NumPy would advise to unpickle it
                raise ValueError("it is no archive, or is cut off")
            file.seek(0)
            with np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return _put_together(json.loads(str(arrays.pop("about"))), arrays)
        except Exception as error:  # archives break in many ways
            raise ValueError(f"{fspath(path)!r} is not a model file that skseg can read: {error}") from error


def _take_apart(segmenter: KMeansSegmenter) -> tuple[str, dict[str, Any]]:
    """What a model file holds: JSON, and arrays."""
    kmeans, params = segmenter.pipeline_["kmeans"], segmenter.get_params()
    about = {
        "format": _FORMAT,
        "versions": {"skseg": __version__, "scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "params": params,
        "names": getattr(segmenter, "feature_names_in_", None),
        "inertia": segmenter.inertia_,
        "n_iter": segmenter.n_iter_,
    }
    arrays = {
        "colors": segmenter._seen.colors,
        "weights": segmenter._seen.weights,
        "feature_centers": kmeans.cluster_centers_,
        "labels": kmeans.labels_,
        "centers": segmenter.cluster_centers_,
        "sizes": segmenter.cluster_sizes_,
    }
    return json.dumps(about, default=_as_list), arrays


def _as_list(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"A model file holds numbers, strings and lists; got {type(value).__name__} instead.")


def _put_together(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> KMeansSegmenter:
    if about["format"] != _FORMAT:
        raise ValueError(f"its format is {about['format']}, written by {about['versions']}; known is {_FORMAT}")
    _check_arrays(**arrays)
    segmenter = KMeansSegmenter(**about["params"])
    segmenter._check_parameters()
    segmenter._seen = Census(arrays["colors"], arrays["weights"])
    segmenter.n_features_in_ = arrays["colors"].shape[1]
    if about["names"] is not None:
        segmenter.feature_names_in_ = np.array(about["names"], dtype=object)
    segmenter.cluster_centers_, segmenter.cluster_sizes_ = arrays["centers"], arrays["sizes"]
    segmenter.inertia_, segmenter.n_iter_ = float(about["inertia"]), int(about["n_iter"])
    params = {name: about["params"][name] for name in ("n_clusters", "n_init", "max_iter", "tol", "random_state")}
    kmeans = KMeans(**params)
    kmeans.cluster_centers_, kmeans.labels_ = arrays["feature_centers"], arrays["labels"]
    kmeans.inertia_, kmeans.n_iter_, kmeans._n_threads = segmenter.inertia_, segmenter.n_iter_, 1
    kmeans.n_features_in_, kmeans._n_features_out = arrays["feature_centers"].shape[::-1]
    segmenter.pipeline_ = Pipeline([("color", segmenter._fit_converter(arrays["colors"])), ("kmeans", kmeans)])
    return segmenter


def _check_arrays(
    *,
    colors: NDArray[Any],
    weights: NDArray[Any],
    feature_centers: NDArray[Any],
    labels: NDArray[Any],
    centers: NDArray[Any],
    sizes: NDArray[Any],
) -> None:
    """Refuse arrays that do not belong together."""
    n_colors, n_clusters = len(colors), len(centers)
    fits = (
        weights.shape == labels.shape == (n_colors,)
        and sizes.shape == (n_clusters,)
        and centers.shape == (n_clusters, *colors.shape[1:])
        and feature_centers.shape == centers.shape
        and labels.dtype == np.int32
        and weights.dtype == feature_centers.dtype == centers.dtype == sizes.dtype == np.float64
        and colors.dtype.kind in "buif"
    )
    if not fits or not 0 <= labels.min() <= labels.max() < n_clusters or not (weights > 0).all():
        raise ValueError("its arrays do not belong together")
    if not all(np.isfinite(array).all() for array in (colors, weights, feature_centers, centers, sizes)):
        raise ValueError("its arrays hold NaN or infinity")
