"""Image files, read on each conversion to an array: upright, in sRGB, with transparency as a mask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from glob import glob, has_magic
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL import ImageFile as ImageFormat
from skimage.color import gray2rgb

from .._errors import TooLargeError, warn
from ._kept import in_order, opened
from ._tiff import Page, check_page, check_size, count_pages, hide, is_tiff, open_page, split_alpha, too_many

_LEAST_BYTES = 10  # of a page of an animation
_ORIENTATION, _LYING = 0x0112, (5, 6, 7, 8)  # tag of EXIF, and its values that exchange height and width
_ONLY_RECOGNIZED = {"BUFR", "GRIB", "HDF5", "MPEG", "WMF"}
# Bits of a number in a PNG file, by Pillow's name for their layout, and what Pillow multiplies it by; else 8 and 1.
_STORED_AS = {"1": (1, 1), "L;2": (2, 85), "L;4": (4, 17), "I;16B": (16, 1), "RGB;16B": (16, 1)}


def images(paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> list[ImageFile]:
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


def find_pictures(pattern: str | PathLike[str]) -> list[Path]:
    """The files of a file name, a directory (without subdirectories) or a pattern, sorted by name."""
    path = Path(pattern)
    if path.is_dir():
        suffixes = _suffixes()
        found = [file for file in sorted(path.iterdir()) if file.suffix.lower() in suffixes and file.name[0] != "."]
    elif path.exists():
        return [path]
    elif has_magic(fspath(pattern)):
        found = [Path(name) for name in sorted(glob(fspath(pattern), recursive=True))]  # noqa: PTH207
    else:
        raise FileNotFoundError(f"{readable(pattern)} does not exist.")
    files = [file for file in found if not file.is_dir()]  # broken links stay, and fail when they are read
    if not files:
        raise FileNotFoundError(f"There is no image in {readable(pattern)}.")
    return files


def _suffixes() -> set[str]:
    """The suffixes of the formats that can be read; Pillow writes other formats, and recognizes still others."""
    formats = Image.registered_extensions()
    return {suffix for suffix, name in formats.items() if name == "MPO" or name in Image.OPEN.keys() - _ONLY_RECOGNIZED}


def readable(path: object) -> str:
    """The name of a file as one printable line."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


class ImageFile:
    """Image file, read on each conversion to an array.

    The image is turned upright by its EXIF orientation. Palettes, CMYK and 8-bit color images with another color
    profile are converted to sRGB, and gray is repeated to RGB. Transparent pixels are masked: `numpy.ma.asarray`
    returns the mask, and a segmenter ignores these pixels. Of 16-bit PNG files, only gray ones without alpha keep
    their 16 bits; Pillow reads the upper 8 bits of the others.

    TIFF files of more than 8 bits or with other channels than RGB are not converted. Pixels are masked if a channel is
    NaN or equals the nodata value of the file (GDAL's tag); in integer images, all channels must equal a nodata value
    of 0 or more, since valid pixels have it in some. GeoTIFF files are read as stored, without orientation and
    overviews, and the mask in the file is applied.

    Large TIFF files are read a few rows at a time by segmenters, and by slices, ``file[start:stop]``.

    Parameters
    ----------
    path : str or path
        Path of the file.

    page : int or None, default=None
        Index of the image in an animation or a file of several pages. None if the file contains a single image.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.

    See Also
    --------
    images : List the image files of a directory.

    Notes
    -----
    An image with more pixels than `PIL.Image.MAX_IMAGE_PIXELS` (89 million by default) is not read at once, since a
    small file can declare any size. Pixels of more than 4 bytes count as several. The limit also applies to each strip
    of a TIFF file, and to each row of tiles. Color profiles are not applied if an image is read by rows.

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

    def __init__(self, path: str | PathLike[str], page: int | None = None) -> None:
        self.path = fspath(path)
        self.page = page
        if not Path(self.path).is_file():
            is_link = Path(self.path).is_symlink()
            raise FileNotFoundError(f"{'The link leads to' if is_link else 'There is'} no file: {self.path!r}.")

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file; if this fails, raise a ValueError with its name."""
        with self._opened() as page:
            if page is None:
                pixels = _read_plain(self.path, self.page)
            else:
                page.check_size()
                plain = page.suits_pillow
                pixels = page.mask_missing(_read_plain(self.path, page.number)) if plain else page.read()
        return pixels if dtype is None else pixels.astype(dtype)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Part of the image; only the rows of a slice are decoded from a large TIFF file."""
        with self._opened() as page:
            if page and page.is_large and isinstance(key, slice) and key.step in (None, 1):
                return page.read_rows(key)
        return np.asanyarray(np.asanyarray(self)[key])

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and number of channels."""
        return self._describe()[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the pixels."""
        return self._describe()[1]

    @property
    def block_rows(self) -> int | None:
        """Number of rows decoded together in a large TIFF file; None for files that are read at once."""
        with self._opened() as page:
            return page.block_rows if page and page.is_large else None

    @property
    def is_large(self) -> bool:
        """Whether the file is a TIFF file too large to be read at once."""
        with self._opened() as page:
            return page is not None and page.is_large

    def pages(self) -> list[ImageFile]:
        """List the images of the file. Animations and files of several pages have more than one.

        Returns
        -------
        pages : list of ImageFile
            The images, in the order of the file.

        Raises
        ------
        ValueError
            If the file cannot be read.
        """
        with self._naming():
            n_pages = _count_pages(self.path)
        return [self] if n_pages == 1 else [ImageFile(self.path, page) for page in range(n_pages)]

    def _describe(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Shape and data type, from the header."""
        with self._opened() as page:
            return _describe_plain(self.path, self.page) if page is None else (page.shape, page.dtype)

    @contextmanager
    def _opened(self) -> Iterator[Page | None]:
        """The page of a TIFF file; None for another file, which Pillow reads."""
        with self._naming(), open_page(self.path, self.page) if is_tiff(self.path) else nullcontext() as page:
            yield page

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """Turn all errors into a ValueError that names the file."""
        try:
            yield
        except Exception as error:  # decoders raise many kinds of errors on broken files
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> ValueError:
        reason = str(error) or type(error).__name__
        if isinstance(error, UnidentifiedImageError):
            reason = "its format is unknown"
        elif isinstance(error, Image.DecompressionBombError):
            if by_pillow := re.match(r"Image size \((\d+) pixels\)", reason):
                reason = too_many(int(by_pillow[1]))
            return TooLargeError(f"Cannot read {self.path!r} as an image: {reason}")
        elif isinstance(error, LookupError):  # its text is a key or an index
            reason = "it is broken"
        elif "imagecodecs" in reason:
            reason = f'its compression needs imagecodecs: python -m pip install "skseg[cli]" ({reason})'
        return ValueError(f"Cannot read {self.path!r} as an image: {reason}")

    def __repr__(self) -> str:
        return f"ImageFile({self.path!r}{'' if self.page is None else f', page={self.page}'})"


def _count_pages(path: str) -> int:
    if is_tiff(path):
        return count_pages(path)
    with Image.open(path) as image:
        if image.format == "MPO":  # a photo and its previews
            return 1
        n_frames: int = getattr(image, "n_frames", 1)
    if n_frames > max(1, Path(path).stat().st_size // _LEAST_BYTES):
        raise ValueError(f"it declares {n_frames} pages, more than its bytes can hold")
    return n_frames


def _describe_plain(path: str, page: int | None) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and data type of an image that Pillow reads."""
    with _open_page(path, page) as image:
        width, height = image.size
        if Image.Image.getexif(image).get(_ORIENTATION) in _LYING:  # that of a PNG would decode the image
            width, height = height, width
        kind = np.bool_ if image.mode == "1" else np.uint16 if image.mode.startswith("I;16") else np.uint8
        return (height, width, 3), np.dtype(kind)


def _read_plain(path: str, page: int | None) -> NDArray[Any]:
    """The pixels of an image that Pillow reads, (height, width, 3), masked where transparent."""
    if page is None:
        check_page(None, _count_pages(path))
    image, layout = _open_upright(path, page)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    pixels = np.asarray(_to_srgb(image))
    if pixels.dtype not in (np.uint8, np.uint16, np.bool_):
        raise ValueError(f"it holds {pixels.dtype}; 8 bits, 16 bits and black-and-white can be read")
    if pixels.ndim == 3 and pixels.shape[-1] in (2, 4):
        return split_alpha(pixels)
    pixels = gray2rgb(pixels) if pixels.ndim == 2 else pixels
    if "transparency" not in image.info or image.mode not in ("1", "L", "I;16", "RGB"):
        return pixels
    numbers = np.atleast_3d(np.asarray(image))
    if layout == "RGB;16B":  # of which Pillow gives the upper bytes, and the lower ones by the other order of bytes
        lower, _ = _open_upright(path, page, layout="RGB;16L")
        numbers = numbers * np.uint16(256) + np.asarray(lower)
    n_bits, factor = _STORED_AS.get(layout, (8, 1))
    color = np.bitwise_and(image.info["transparency"], 2**n_bits - 1) * factor
    return hide(pixels, (numbers == color).all(axis=-1))


def _open_upright(path: str, page: int | None, layout: str = "") -> tuple[Image.Image, str]:
    """An image, turned upright, and Pillow's name for the layout of the numbers in a PNG file, unless given."""
    with _open_page(path, page, decodes=True) as image:
        check_size(image.width * image.height)
        if any(offset > Path(path).stat().st_size for _, _, offset, _ in image.tile):  # Pillow would read up to there
            raise ValueError("it is cut off")
        stored = str(image.tile[0].args) if image.format == "PNG" else ""
        if layout:
            image.tile = [tile._replace(args=layout) for tile in image.tile]
        return ImageOps.exif_transpose(image), stored


@contextmanager
def _open_page(path: str, page: int | None, *, decodes: bool = False) -> Iterator[ImageFormat.ImageFile]:
    """An open file, at a page of it."""
    with Image.open(path) if page is None else opened(path, Image.open, page if decodes else None) as image:
        if page is not None and page != image.tell():
            if image.format == "TIFF":
                image.info.pop("icc_profile", None)  # of another page; Pillow leaves it
            try:
                image.seek(page)
            except EOFError:
                check_page(page, _count_pages(path))
                raise  # pragma: no cover, such a frame was counted
        yield image


def _to_srgb(image: Image.Image) -> Image.Image:
    """The image, converted to sRGB if it has another color profile, or colors that are not RGB."""
    embedded = image.info.get("icc_profile")
    if embedded and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(embedded))
            if "sRGB" not in ImageCms.getProfileDescription(profile):
                mode = "RGB" if image.mode == "CMYK" else image.mode
                converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
                assert converted is not None  # since it does not work in place
                return converted
        except (ImageCms.PyCMSError, OSError) as error:
            warn(f"A color profile cannot be used and is ignored: {error}")
    return image.convert("RGB") if image.mode in ("CMYK", "YCbCr", "LAB", "HSV") else image
