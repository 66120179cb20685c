"""Image files, read on each conversion to an array: upright, with transparency and nodata as a mask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from html import escape
from operator import index
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image

from .._color import display_colors, to_uint8
from .._errors import TooLargeError
from .._names import Name, check_name, readable
from .._notebook import LONGEST, picture
from ._kept import in_order
from ._opening import images_of, open_file, state_of
from ._pillow import UNREADABLE, PillowFile
from ._stored import too_many

if TYPE_CHECKING:
    from ._georeference import Georeference
    from ._rasters import RasterFile

_RASTERS = {".bil", ".bip", ".bsq", ".btf", ".ers", ".img", ".lsm", ".mrf", ".nc", ".ndpi", ".ntf", ".qptiff", ".scn"}
_RASTERS |= {".svs", ".vrt"}  # suffixes of images that only GDAL decodes


def images(paths: Name | Iterable[Name]) -> list[ImageFile]:
    """List image files, which are read lazily.

    Parameters
    ----------
    paths : str, path, or iterable of them
        A directory, a pattern of file names such as ``"photos/*.jpg"`` or ``"photos/**/*.png"``, or the files. In a
        directory, all files with the suffix of an image format that can be read are listed, except hidden ones.

    Returns
    -------
    images : list of ImageFile
        The files, sorted by name if `paths` is a directory or a pattern. Slicing the list, splitting it in
        cross-validation, or sending it to other processes does not read a file.

    Raises
    ------
    FileNotFoundError
        If the directory contains no image, no file matches the pattern, or a file or the target of a link does not
        exist.

    Examples
    --------
    >>> import os, skimage.data
    >>> from skseg import KMeansSegmenter, io
    >>> files = io.images([os.path.join(skimage.data.data_dir, name) for name in ("coffee.png", "rocket.jpg")])
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(files)
    >>> [labels.shape for labels in segmenter.predict(files)]
    [(400, 600), (427, 640)]
    """
    files = find_pictures(paths) if isinstance(paths, str | PathLike) else paths
    return [ImageFile(path) for path in files]


def find_pictures(pattern: Name) -> list[Path]:
    """The files of a file name, a directory (without subdirectories) or a pattern, sorted by name."""
    check_name(pattern)
    path = Path(pattern)
    if path.is_dir():
        suffixes = _suffixes()
        found = [file for file in sorted(path.iterdir()) if file.suffix.lower() in suffixes and file.name[0] != "."]
    elif path.exists():
        return [path]
    else:
        found = [Path(name) for name in sorted(glob(fspath(pattern), recursive=True))]  # noqa: PTH207
    files = [file for file in found if not file.is_dir()]  # broken links stay, and fail when they are read
    if not files:
        raise FileNotFoundError(f"There is no image in {readable(pattern)}.")
    return files


def _suffixes() -> set[str]:
    """The suffixes of images; Pillow writes other formats, and recognizes still others."""
    formats = Image.registered_extensions()
    known = Image.OPEN.keys() - UNREADABLE | {"MPO"}
    return _RASTERS.union(suffix for suffix, name in formats.items() if name in known)


class _NamedError(ValueError):
    """An error that names the file."""


class ImageFile:
    """Image file, read on each conversion to an array.

    Pillow decodes pictures: images of 8 bits without a georeference, and those of formats that only it knows. They are
    turned upright by their EXIF orientation. Palettes, CMYK and color images with another color profile are converted
    to sRGB. Transparent pixels are masked: `numpy.ma.asarray` returns the mask, and a segmenter ignores these pixels.

    GDAL decodes all other files through rasterio, an extra: ``pip install "skseg[raster]"``. These are TIFF files of
    more than 8 bits or with other channels than RGB, JPEG 2000, VRT, ENVI, NetCDF, and many more. Their numbers are
    not converted. Pixels are masked if they are transparent, if the mask of the file says so, or if a channel is NaN or
    equals the nodata value of its band. In integer images, all channels must equal a nodata value of 0 or more, since
    valid pixels have it in some. Files with a georeference are read as they are stored, without orientation. They are
    read a few rows at a time if they are large, and by slices, ``file[start:stop]``.

    Gray is repeated to RGB.

    Parameters
    ----------
    path : str, path, or sequence of them
        Path of the file. Several files are one image: their bands follow each other. They must have the same size, data
        type and georeference.

    page : int or None, default=None
        Index of the image in a file of several: an animation, a TIFF file of several pages, a NetCDF or HDF5 file of
        several variables. None if the file contains a single image.

    bands : sequence of int, "pages", or None, default=None
        Numbers of the bands to read, from 1, in the order wanted. ``"pages"`` reads all images of the file as the bands
        of one. By default, all bands are read.

    scaled : bool, default=False
        Whether to multiply numbers by the scale that the file gives for their band, and to add its offset. The result
        is float32, or float64 for numbers of more than 16 bits.

    Attributes
    ----------
    band_names : tuple of str
        Names of the bands: those in the file, or the names of several files without suffix. Empty if the bands have no
        names.

    Raises
    ------
    FileNotFoundError
        If a path is not that of a file.

    See Also
    --------
    images : List the image files of a directory.

    Notes
    -----
    An image with more pixels than `PIL.Image.MAX_IMAGE_PIXELS` (89 million by default) is not read at once, since a
    small file can declare any size. Pixels of more than 4 bytes count as several. The limit also applies to each block,
    a strip or a tile.

    Channels of OME-TIFF files and of ImageJ are bands; planes and times are images. Smaller copies of an image are not
    images: overviews, previews, and the thumbnail, the label and the macro of a slide. A PSD file is read as its
    composite.

    Of 16-bit PNG files in color, Pillow gives the upper 8 bits, and GDAL all.

    Examples
    --------
    >>> import os, numpy as np, skimage.data
    >>> from skseg import io
    >>> coffee = io.ImageFile(os.path.join(skimage.data.data_dir, "coffee.png"))
    >>> np.asarray(coffee).shape
    (400, 600, 3)
    """

    ndim = 3  # known without reading the file
    _in_order = staticmethod(in_order)  # a context in which the pages of a file are read in one go
    _baseclass = np.ndarray  # numpy.ma.asarray needs the type of the data in a masked array

    def __init__(
        self,
        path: Name | Sequence[Name],
        page: int | None = None,
        *,
        bands: Sequence[int] | str | None = None,
        scaled: bool = False,
    ) -> None:
        is_one = isinstance(path, str | PathLike)
        self.files = (fspath(path),) if isinstance(path, str | PathLike) else tuple(fspath(each) for each in path)
        self.path = self.files[0] if is_one else self.files
        if not self.files:
            raise ValueError("path must be a file, or some files; got none.")
        self.page = page
        self.bands = bands if bands is None or isinstance(bands, str) else tuple(map(index, bands))
        self.scaled = scaled
        if isinstance(self.bands, str) and self.bands != "pages":
            raise ValueError(f"bands must be numbers from 1, or 'pages'; got {bands!r} instead.")
        if page is not None and (len(self.files) > 1 or self.bands == "pages"):
            raise ValueError(f"page must be None where several files or pages are one image; got {page} instead.")
        for each in self.files:
            if Path(each).is_file():
                continue
            if Path(each).exists():
                raise FileNotFoundError(f"{each!r} is a directory, a device or a pipe; save the image to a file.")
            is_link = Path(each).is_symlink()
            raise FileNotFoundError(f"{'The link leads to' if is_link else 'There is'} no file: {each!r}.")

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file; if this fails, raise a ValueError with its name."""
        with self._naming():
            pixels = self._file.read()
        return pixels if dtype is None else pixels.astype(dtype)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Part of the image; only the rows of a slice are decoded if GDAL decodes the file."""
        rows, *others = key if isinstance(key, tuple) and key else (key,)
        if not (isinstance(rows, slice) and rows.step in (None, 1)):
            return np.asanyarray(np.asanyarray(self)[key])
        with self._naming():
            pixels = self._file.read_rows(rows)
        return np.asanyarray(pixels[:, *others]) if others else pixels

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and number of channels."""
        return self._file.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the pixels."""
        return self._file.dtype

    @property
    def is_large(self) -> bool:
        """Whether the image is too large to be read at once, and is read some rows at a time."""
        return self._file.is_large

    @property
    def block_rows(self) -> int | None:
        """Number of rows decoded together in a large image; None for images that are read at once."""
        return self._file.block_rows if self.is_large else None

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the bands; empty if they have none."""
        return self._file.band_names

    @property
    def no_data(self) -> float | None:
        """Nodata value of all bands, or None."""
        return self._file.no_data

    @property
    def georeference(self) -> Georeference | None:
        """Georeference, with the attributes ``crs``, ``transform``, ``gcps`` and ``rpcs``, or None."""
        return self._file.georeference or None

    def pages(self) -> list[ImageFile]:
        """List the images of the file. Animations and files of several pages have more than one.

        Pass the list to a segmenter to have the frames of an animation decoded in order. Each frame that is read on its
        own has to be decoded from the first one on.

        Returns
        -------
        pages : list of ImageFile
            The images, in the order of the file.

        Raises
        ------
        ValueError
            If the file cannot be read.
        """
        if len(self.files) > 1 or self.bands == "pages":
            return [self]
        with self._naming():
            n_pages = len(images_of(self.files[0], state_of(self.files[0])))
        options: dict[str, Any] = {"bands": self.bands, "scaled": self.scaled}
        return [self] if n_pages == 1 else [ImageFile(self.files[0], page, **options) for page in range(n_pages)]

    @property
    def _file(self) -> PillowFile | RasterFile:
        """The image as it is decoded; its header is read once."""
        with self._naming():
            states = tuple(map(state_of, self.files))
            return open_file(self.files, self.page, self.bands, self.scaled, states, Image.MAX_IMAGE_PIXELS)

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Turn all errors into a ValueError that names the file."""
        try:
            yield
        except (_NamedError, TooLargeError, Warning):
            raise
        except Exception as error:  # decoders raise many kinds of errors on broken files
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> ValueError:
        cause = error.__cause__ if type(error).__module__.startswith("rasterio") else None  # GDAL's own words
        reason = str(cause or error) or type(error).__name__
        if isinstance(error, Image.DecompressionBombError):
            if by_pillow := re.match(r"Image size \((\d+) pixels\)", reason):
                reason = too_many(int(by_pillow[1]))
            return TooLargeError(f"Cannot read {self.path!r} as an image: {reason}")
        if isinstance(error, LookupError):  # its text is a key or an index
            reason = "it is broken"
        elif "not recognized as being in a supported file format" in reason:
            reason = "its format, or this kind of it, is unknown"
        elif "IReadBlock failed" in reason:
            reason = f"it is damaged, or GDAL does not know its compression ({reason})"
        return _NamedError(f"Cannot read {self.path!r} as an image: {reason}")

    def __repr__(self) -> str:
        """The file, and what its header tells."""
        given = {"page": self.page, "bands": self.bands, "scaled": self.scaled or None}
        options = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
        try:
            height, width, n_channels = self.shape
            names = f" ({', '.join(self.band_names)})" if self.band_names else ""
            no_data = "" if self.no_data is None else f", nodata {self.no_data:g}"
            system = "" if self.georeference is None else f", {self.georeference}"
            facts = f": {width} × {height} pixels, {n_channels} channels{names} of {self.dtype}{no_data}{system}"
        except ValueError:  # who reads the file says why
            facts = ""
        return f"<ImageFile {self.path!r}{options}{facts}>"

    def _repr_html_(self) -> str:
        """The image, small, for notebooks."""
        try:
            with self._naming():
                pixels = self._file.preview(LONGEST)
        except ValueError:  # who reads the file says why
            return f"<p>{escape(repr(self))}</p>"
        is_masked = np.asarray(np.ma.getmaskarray(pixels).any(axis=-1))
        return f"<p>{escape(repr(self))}</p>{picture(to_uint8(display_colors(pixels)), is_masked, str(self.path))}"
