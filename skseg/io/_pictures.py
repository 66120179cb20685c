"""Pictures from files, read each time that an array is asked for, as they are meant to be seen."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from glob import glob, has_magic
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from skimage.color import gray2rgb
from tifffile import TiffFile, TiffPage

from .._checks import levels_to_caller

_GDAL_NODATA = 42113  # the tag that holds the value of pixels that are missing
_PLAIN_BYTES = 4  # that Pillow needs for a pixel; one that takes more counts as several
_UPRIGHT: dict[int, Callable[[Any], Any]] = {  # by TIFF's orientation
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.swapaxes(np.rot90(pixels, 2), 0, 1),
    8: np.rot90,
}


def images(paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> list[ImageFile]:
    """List image files; each is read when it is converted to an array.

    Parameters
    ----------
    paths : str, path, or iterable of them
        Directory of pictures, pattern of file names, such as ``"photos/*.jpg"`` or ``"photos/**/*.png"``, or the files
        themselves. A directory stands for its files with the suffix of a picture, without hidden ones.

    Returns
    -------
    images : list of ImageFile
        The files, in the order of their names if `paths` is a directory or a pattern. The list can be sliced, searched
        by `GridSearchCV` and sent to other processes without reading a file.

    Raises
    ------
    FileNotFoundError
        If there is no picture in the directory, no file matches the pattern, or a file does not exist.

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
        return [ImageFile(path) for path in find_pictures(paths)]
    return [ImageFile(path) for path in paths]


def find_pictures(pattern: str | PathLike[str]) -> list[Path]:
    """The files meant by a file name, a directory, whose directories are left out, or a pattern, sorted by name."""
    path = Path(pattern)
    if path.is_dir():
        suffixes = Image.registered_extensions()
        files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in suffixes and file.name[0] != "."]
    elif path.exists():
        return [path]
    elif not has_magic(fspath(pattern)):
        raise FileNotFoundError(f"{readable(pattern)} does not exist.")
    else:
        files = [Path(name) for name in sorted(glob(fspath(pattern), recursive=True))]  # noqa: PTH207
    files = [file for file in files if file.is_file()]
    if not files:
        raise FileNotFoundError(f"There is no picture in {readable(pattern)}.")
    return files


def readable(path: object) -> str:
    """The name of a file in one line that can be printed, whatever it is."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


class ImageFile:
    """An image in a file, read whenever it is converted to an array.

    The image is turned upright by its EXIF orientation. Other color profiles, palettes and CMYK are converted to sRGB;
    gray is repeated to RGB. Transparent pixels are masked: `numpy.ma.asarray` returns the mask, and a segmenter ignores
    these pixels. TIFF files of more than 8 bits or with other channels than RGB are not converted; pixels that are NaN,
    or whose channels all have the file's no-data value (GDAL's tag), are masked. Of 16-bit color PNG Pillow reads the
    upper 8 bits; a color profile is not applied to more than 8 bits.

    Parameters
    ----------
    path : str or path
        The file.

    page : int or None, default=None
        Index of the image in an animation or a file of several pages; None if there must be only one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    images : A list of these.

    Notes
    -----
    An image with more pixels than `PIL.Image.MAX_IMAGE_PIXELS` (89 million by default) is refused, since a small file
    can declare any size. A pixel of more than 4 bytes counts as several.

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

    def __init__(self, path: str | PathLike[str], page: int | None = None) -> None:
        self.path = fspath(path)
        self.page = page
        if not Path(self.path).is_file():
            raise FileNotFoundError(f"There is no file {self.path!r}.")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file; a ValueError names a file that cannot be read."""
        try:
            pixels = _read_tiff(self.path, self.page) if _is_tiff(self.path) else _read(self.path, self.page)
        except Exception as error:  # decoders raise all kinds on broken files
            raise self._failure(error) from error
        return pixels if dtype is None else pixels.astype(dtype)

    def pages(self) -> list[ImageFile]:
        """List the images of the file, each as an ImageFile; animations and stacks have several.

        Returns
        -------
        pages : list of ImageFile
            In the order of the file.

        Raises
        ------
        ValueError
            If the file cannot be read.
        """
        try:
            n_pages = _count_pages(self.path)
        except Exception as error:
            raise self._failure(error) from error
        return [self] if n_pages == 1 else [ImageFile(self.path, page) for page in range(n_pages)]

    def _failure(self, error: Exception) -> ValueError:
        reason = str(error) or type(error).__name__
        if isinstance(error, UnidentifiedImageError):
            reason = "its format is unknown"
        elif isinstance(error, Image.DecompressionBombError):
            reason += " If it is right, raise PIL.Image.MAX_IMAGE_PIXELS, or --max-megapixels of the command."
        return ValueError(f"Cannot read {self.path!r} as an image: {reason}")

    def __repr__(self) -> str:
        return f"ImageFile({self.path!r}{'' if self.page is None else f', page={self.page}'})"


def _is_tiff(path: str) -> bool:
    """Whether a file begins as TIFF or BigTIFF does, whatever its name."""
    with Path(path).open("rb") as file:
        return file.read(4) in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def _count_pages(path: str) -> int:
    if _is_tiff(path):
        with TiffFile(path) as file:
            return len(file.pages)
    with Image.open(path) as image:
        return 1 if image.format == "MPO" else getattr(image, "n_frames", 1)  # a photo and its previews are MPO


def _read(path: str, page: int | None) -> NDArray[Any]:
    """The pixels of a picture that Pillow reads, (height, width, 3), masked where they are transparent."""
    n_pages = _count_pages(path)
    with Image.open(path) as image:
        _check_page(page, n_pages)
        _check_size(image.width * image.height)
        if page is not None:
            image.seek(page)
        pixels = np.asarray(ImageOps.exif_transpose(_as_plain_mode(_to_srgb(image))))
    if pixels.dtype not in (np.uint8, np.uint16, np.bool_):
        raise ValueError(f"it holds {pixels.dtype}; 8 bits, 16 bits and black-and-white can be read")
    if pixels.ndim == 2:
        return np.asarray(gray2rgb(pixels))
    return _split_alpha(pixels) if pixels.shape[-1] in (2, 4) else pixels


def _read_tiff(path: str, page_number: int | None) -> NDArray[Any]:
    with TiffFile(path) as file:
        _check_page(page_number, len(file.pages))
        page = file.pages[page_number or 0]
        _check_size(max(page.imagelength * page.imagewidth, page.nbytes // _PLAIN_BYTES))
        pixels = _read(path, page_number) if _suits_pillow(page) else _read_page(page)
        nodata = page.tags.get(_GDAL_NODATA)
        return _mask_missing(pixels, np.nan if nodata is None else float(str(nodata.value).strip("\x00 ")))


def _suits_pillow(page: TiffPage) -> bool:
    """Whether Pillow reads all of a TIFF page: at most 8 bits, and gray, a palette, RGB or CMYK, maybe with alpha."""
    n_colors = {"MINISWHITE": 1, "MINISBLACK": 1, "PALETTE": 1, "RGB": 3, "YCBCR": 3, "SEPARATED": 4}
    name = getattr(page.photometric, "name", "")
    has_alpha = tuple(map(int, page.extrasamples)) in ((1,), (2,))
    is_plain: bool = page.bitspersample <= 8 and page.sampleformat == 1
    return is_plain and page.samplesperpixel == n_colors.get(name, 0) + has_alpha


def _read_page(page: TiffPage) -> NDArray[Any]:
    """The pixels of a TIFF page of any number of channels and type."""
    pixels = page.asarray()
    if page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    if page.axes not in ("YX", "YXS", "SYX") or pixels.ndim < 2:
        raise ValueError(f"its pages have the axes {page.axes!r}; flat images can be read")
    orientation = page.tags.get("Orientation")
    pixels = _UPRIGHT.get(orientation.value if orientation else 1, np.asarray)(pixels)
    if getattr(page.photometric, "name", "") == "MINISWHITE" and pixels.dtype.kind == "u":
        pixels = np.iinfo(pixels.dtype).max - pixels
    if page.extrasamples and int(page.extrasamples[-1]) in (1, 2):
        return _split_alpha(pixels)
    return np.asarray(gray2rgb(pixels)) if pixels.ndim == 2 else pixels


def _check_page(page: int | None, n_pages: int) -> None:
    if page is None and n_pages > 1:
        raise ValueError(f"it has {n_pages} pages; choose one, or take them all: ImageFile(path).pages()")
    if page is not None and not 0 <= page < n_pages:
        raise ValueError(f"page must be from 0 to {n_pages - 1}; got {page} instead")


def _check_size(n_pixels: int) -> None:
    largest = Image.MAX_IMAGE_PIXELS
    if largest is not None and n_pixels > largest:
        raise Image.DecompressionBombError(f"it has {n_pixels} pixels, more than the {largest} that are read.")


def _to_srgb(image: Image.Image) -> Image.Image:
    """The picture, in sRGB if it has a color profile that says other."""
    embedded = image.info.get("icc_profile")
    if not embedded or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(embedded))
        if "sRGB" in ImageCms.getProfileDescription(profile):
            return image
        mode = "RGB" if image.mode == "CMYK" else image.mode
        converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError) as error:
        warnings.warn(f"A color profile cannot be used and is ignored: {error}", stacklevel=levels_to_caller())
        return image
    assert converted is not None  # it was not asked to work in place
    return converted


def _as_plain_mode(image: Image.Image) -> Image.Image:
    """A picture whose pixels are palette indices or other colors than sRGB, as RGB; with alpha if one is named."""
    has_transparency = "transparency" in image.info and image.mode in ("P", "L", "RGB")
    if has_transparency or image.mode == "PA":
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("P", "CMYK", "YCbCr", "LAB", "HSV") else image


def _split_alpha(pixels: NDArray[Any]) -> NDArray[Any]:
    """The colors, RGB if they are gray, masked where alpha, the last channel, is 0."""
    colors = gray2rgb(pixels[..., 0]) if pixels.shape[-1] == 2 else pixels[..., :-1]
    return np.ma.MaskedArray(colors, mask=np.broadcast_to(pixels[..., -1:] == 0, colors.shape))


def _mask_missing(pixels: NDArray[Any], nodata: float) -> NDArray[Any]:
    """Mask pixels that have a channel that is NaN, or only channels that are `nodata`."""
    missing = (np.ma.getdata(pixels) == nodata).all(axis=-1)
    if pixels.dtype.kind == "f":
        missing |= np.isnan(np.ma.getdata(pixels)).any(axis=-1)
    if not missing.any():
        return pixels
    mask = np.ma.getmaskarray(pixels) | missing[..., np.newaxis]
    return np.ma.MaskedArray(np.ma.getdata(pixels), mask=mask)
