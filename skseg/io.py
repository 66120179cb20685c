"""Images from files, read when their turn comes."""

from __future__ import annotations

from collections.abc import Iterable
from glob import glob
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from skimage.color import gray2rgb
from tifffile import TiffFile

__all__ = ["ImageFile", "images"]


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
