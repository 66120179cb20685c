"""Write label maps and repainted images to standard image files, without loss."""

from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .._census.blocks import row_blocks
from .._color import display_colors, to_uint8
from .._images import free_no_data, open_label_map, open_map, open_single
from ._atomic import written_whole
from ._geotiff import write_image, write_labels
from ._pictures import ImageFile

_PALETTE_SIZE = 256  # largest palette of a PNG
RUN_LENGTHS = 3  # zlib's strategy Z_RLE: label maps become smaller than by default, and in half of the time
_COMMENT = "Comment"  # a keyword of the PNG specification


def save_labels(
    label_map: ArrayLike,
    path: str | PathLike[str],
    colors: ArrayLike,
    *,
    comment: str = "",
    like: str | PathLike[str] | None = None,
) -> None:
    """Write a label map as an indexed PNG or TIFF file.

    The pixel values are the labels, and the palette holds the colors.

    In a PNG file, pixels without a label get the value `n_labels`, which is transparent. A palette has 256 entries, so
    larger label maps are written as 16-bit gray.

    A TIFF file has 8 bits, or 16 for more than 254 labels. Pixels without a label get the nodata value of the file, 255
    or 65535. Label 0 is the first cluster, not background. A second file, ``*.tif.aux.xml``, holds the names and colors
    of the labels for GDAL and QGIS.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width)
        Labels from 0; masked or negative for pixels without a label.

    path : str or path
        Path of the file, ``*.png`` or ``*.tif``. An existing file is replaced when the new one is complete.

    colors : array-like of shape (n_labels, n_channels)
        Color of each label, such as `palette_` of a segmenter: RGB or gray, as uint8, uint16, or float from 0 to 1.
        Numbers beyond that range are stretched to it. Colors of other numbers of channels are written as grays, evenly
        spaced in the order of their means.

    comment : str, default=""
        Text to store in the file; ASCII only for TIFF.

    like : str or path, default=None
        Georeferenced file of the same height and width. The new file, which must be a TIFF, gets its georeference:
        coordinate system and transform, ground control points, or RPCs.

    Raises
    ------
    ValueError
        If the label map is not a two-dimensional array of integers or has a label without a color, if there are more
        than 65,535 labels, if the colors are not a table of finite numbers, if `path` does not end in .png or .tif, or
        if `like` is not a georeferenced file of this size.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skimage.data import coffee
    >>> from skimage.io import imread
    >>> from skseg import KMeansSegmenter, io
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(coffee())
    >>> with TemporaryDirectory() as folder:
    ...     io.save_labels(segmenter.labels_, f"{folder}/labels.png", segmenter.palette_)
    ...     painted = imread(f"{folder}/labels.png")
    >>> bool((painted == segmenter.transform(coffee())).all())
    True
    """
    palette, suffix = as_palette(colors), _check_suffix(path, like)
    labels, ignored = open_label_map(label_map)
    n_labels, is_masked = len(palette), bool(ignored.any())
    if labels.ndim != 2 or labels.size == 0 or n_labels > np.iinfo(np.uint16).max:
        raise ValueError(
            f"label_map must have two dimensions, pixels and at most 65535 labels; got the shape {labels.shape} "
            f"and {n_labels} labels instead."
        )
    beyond = ~ignored & (labels >= n_labels)
    if beyond.any():
        raise ValueError(
            f"label_map must hold labels from 0 to {n_labels - 1}, one per color; got {labels[beyond].max()} instead."
        )
    if suffix != ".png":
        georeference = None if like is None else _open_like(like, labels.shape).georeference
        masked = np.ma.MaskedArray(labels, mask=ignored)
        blocks = (masked[rows].astype(np.int32) for rows in row_blocks(labels.shape))
        write_labels(path, blocks, labels.shape, palette, georeference=georeference, comment=comment)
        return
    indexed = n_labels + is_masked <= _PALETTE_SIZE
    numbers = labels.astype(np.uint8 if indexed else np.uint16)
    if is_masked:
        numbers[ignored] = n_labels
    image = Image.fromarray(numbers)
    if indexed:
        image.putpalette(np.vstack([palette, np.zeros((int(is_masked), 3), np.uint8)]).tobytes())
    _write_png(image, path, comment, transparency=n_labels if is_masked else None, compress_type=RUN_LENGTHS)


def save_image(
    image: ArrayLike, path: str | PathLike[str], *, comment: str = "", like: str | PathLike[str] | None = None
) -> None:
    """Write an image as PNG or TIFF file, with masked pixels transparent.

    With `like`, masked pixels get the nodata value of that file. If it has no nodata value, or if a color of the image
    would be read as nodata, they get NaN in float images and alpha 0 in integer images.

    Parameters
    ----------
    image : array-like of shape (height, width, n_channels) or (height, width)
        Image, optionally masked. A `DataArray` may have its channels in any position.

    path : str or path
        Path of the file: ``*.png`` for 8-bit RGB or gray and for black-and-white images, ``*.tif`` for all. An existing
        file is replaced when the new one is complete.

    comment : str, default=""
        Text to store in the file; ASCII only for TIFF.

    like : str or path, default=None
        Georeferenced file of the same height and width. The new file, which must be a TIFF, gets its georeference:
        coordinate system and transform, ground control points, or RPCs.

    Raises
    ------
    ValueError
        If the image does not fit into a PNG or TIFF file, if `path` does not end in .png or .tif, or if `like` is not a
        georeferenced file of this size.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, io
    >>> painted = KMeansSegmenter(4, random_state=0).fit_transform(coffee())
    >>> with TemporaryDirectory() as folder:
    ...     io.save_image(painted, f"{folder}/painted.png")
    """
    suffix = _check_suffix(path, like)
    image = np.ma.asarray(open_map(image, "image") if np.ndim(image) == 2 else open_single(image).array)
    image = image[..., np.newaxis] if image.ndim == 2 else image
    pixels, mask = np.ma.getdata(image), np.ma.getmask(image)
    if pixels.ndim != 3 or pixels.size == 0 or pixels.dtype.kind not in "buif" or pixels.dtype.itemsize > 8:
        raise ValueError(
            "image must have the shape (height, width, n_channels) or (height, width), pixels, and numbers of at most "
            f"64 bits; got {pixels.shape} of {pixels.dtype} instead."
        )
    if suffix == ".png" and not fits_png(pixels):
        raise ValueError(f"A PNG takes 1 or 3 channels of 8 bits; got {pixels.shape} of {pixels.dtype}, write a .tif.")
    if pixels.dtype == np.bool_:
        pixels = to_uint8(pixels)
    is_masked = np.zeros(pixels.shape[:2], np.bool_) if mask is np.ma.nomask else mask.any(axis=-1)
    has_alpha, georeference, no_data = bool(is_masked.any()), None, None
    if suffix == ".png":
        pixels = np.dstack([pixels, ~is_masked * np.uint8(255)]) if has_alpha else pixels
        _write_png(Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels), path, comment)
        return
    if like is not None:
        source = _open_like(like, pixels.shape)
        georeference, no_data = source.georeference, free_no_data(source.no_data, pixels[~is_masked])
    blocks, has_alpha = [np.ma.MaskedArray(pixels, mask=mask)], has_alpha and no_data is None
    options: dict[str, Any] = {"no_data": no_data, "has_alpha": has_alpha, "comment": comment}
    write_image(path, blocks, pixels.shape, pixels.dtype, georeference=georeference, **options)


def read_comment(path: str | PathLike[str]) -> str:
    """The comment in a file written by `save_labels` or `save_image`, or ""."""
    try:
        if Path(path).suffix.lower() == ".png":
            with Image.open(path) as image:
                return str(image.info.get(_COMMENT, ""))
        with tifffile.TiffFile(path) as file:
            return str(file.pages[0].description)
    except Exception:  # not a file of ours
        return ""


def fits_png(pixels: NDArray[Any]) -> bool:
    """Whether a PNG holds an image without loss."""
    return pixels.shape[-1] in (1, 3) and pixels.dtype in (np.uint8, np.bool_)


def _write_png(image: Image.Image, path: str | PathLike[str], comment: str, **options: int | None) -> None:
    texts = PngInfo()
    if comment:
        texts.add_itxt(_COMMENT, comment)
    with written_whole(path) as file:
        image.save(file, format="png", pnginfo=texts, **options)


def _check_suffix(path: str | PathLike[str], like: str | PathLike[str] | None) -> str:
    """The suffix of a file to write, in lower case."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".png", ".tif", ".tiff"):
        raise ValueError(f"path must end in .png, .tif or .tiff; got {Path(path).name!r} instead.")
    if suffix == ".png" and like is not None:
        raise ValueError(f"path must end in .tif with like, since a PNG has no georeference; got {Path(path).name!r}.")
    return suffix


def _open_like(path: str | PathLike[str], shape: tuple[int, ...]) -> ImageFile:
    """A georeferenced file for an array of a shape; an error if it does not fit."""
    file = ImageFile(path)
    if file.georeference is None:
        raise ValueError(f"like must be a georeferenced file; {fspath(path)!r} is not.")
    if file.shape[:2] != shape[:2]:
        has, needs = (" × ".join(map(str, each[1::-1])) for each in (file.shape, shape))
        raise ValueError(f"like must have {needs} pixels, as the array has; {fspath(path)!r} has {has}.")
    return file


def as_palette(colors: ArrayLike) -> NDArray[np.uint8]:
    """Colors of labels as 8-bit RGB, (n_colors, 3)."""
    palette = np.asarray(colors)
    if palette.ndim != 2 or not palette.shape[1] or palette.dtype.kind not in "buif" or not np.isfinite(palette).all():
        raise ValueError(
            "colors must be finite numbers of shape (n_labels, n_channels), such as palette_; "
            f"got {palette.dtype} of shape {palette.shape} instead."
        )
    return to_uint8(display_colors(palette))
