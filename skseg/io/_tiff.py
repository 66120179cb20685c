"""Pages of TIFF files as images, whole or some rows at a time, for which only the blocks that hold them are decoded.

Blocks are strips or tiles; tifffile decodes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from itertools import pairwise
from os import PathLike, fspath
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.color import gray2rgb
from tifffile import TiffFile, TiffPage

from .._census.blocks import in_parallel
from .._images import find_missing, holds
from ._georeference import Georeference, georeference_of, no_data_of
from ._kept import opened

_PLAIN_BITS = (1, 2, 4, 8)  # of a number, that Pillow reads
_PLAIN_BYTES = 4  # of Pillow for a pixel; larger pixels count as several
_ASIDE = 1 | 4  # bits of a page's type: it is a smaller copy of another page, or the mask of the page before
_MASK = 4
_JPEG = (6, 7, 33007, 34892)
_reading = Lock()  # one thread at a time moves in a file
_UPRIGHT: dict[int, Callable[[Any], Any]] = {  # by TIFF's orientation
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.swapaxes(np.rot90(pixels, 2), 0, 1),
    8: np.rot90,
}


def is_tiff(path: str) -> bool:
    """Whether the content of a file begins as TIFF or BigTIFF."""
    with Path(path).open("rb") as file:
        return file.read(4) in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def count_pages(path: str) -> int:
    """The number of images in a TIFF file, without their smaller copies and their masks."""
    return len(_find_images(path))


@contextmanager
def open_page(path: str, number: int | None) -> Iterator[Page]:
    """An image of a TIFF file; the only one if `number` is None."""
    images = _find_images(path)
    check_page(number, len(images))
    index, mask = images[number or 0]
    with opened(path, _open_tiff) as file:
        yield Page(file.pages[index], None if mask is None else file.pages[mask], index)


def _open_tiff(path: str) -> TiffFile:
    file = TiffFile(path)
    file.pages.cache = True  # a page is asked for several times
    return file


def read_georeference(path: str | PathLike[str], page: int | None = None) -> Georeference | None:
    """The georeference of an image in a TIFF file; None for other files, and without one."""
    try:
        with open_page(fspath(path), page) as opened:
            return opened.georeference
    except Exception:  # not a TIFF file, or a broken one; who reads its pixels says so
        return None


def check_page(page: int | None, n_pages: int) -> None:
    """Refuse a missing page, and None if there are several pages."""
    if page is None and n_pages > 1:
        raise ValueError(f"it has {n_pages} pages; choose one, or take them all: ImageFile(path).pages()")
    if page is not None and not 0 <= page < n_pages:
        raise ValueError(f"page must be from 0 to {n_pages - 1}; got {page} instead")


def check_size(n_pixels: int, what: str = "") -> None:
    """Refuse to read more pixels at once than are allowed."""
    if Image.MAX_IMAGE_PIXELS is not None and n_pixels > Image.MAX_IMAGE_PIXELS:
        raise Image.DecompressionBombError(too_many(n_pixels, what))


def too_many(n_pixels: int, what: str = "") -> str:
    """The reason not to read so many pixels."""
    return f"it has {n_pixels} pixels{what}, more than the {Image.MAX_IMAGE_PIXELS} that are read at once."


def split_alpha(pixels: NDArray[Any]) -> NDArray[Any]:
    """The colors, RGB if they are gray, masked where alpha, the last channel, is 0."""
    colors = gray2rgb(pixels[..., 0]) if pixels.shape[-1] == 2 else pixels[..., :-1]
    return np.ma.MaskedArray(colors, mask=np.broadcast_to(pixels[..., -1:] == 0, colors.shape))


class Page:
    """One image of an open TIFF file.

    Attributes
    ----------
    number : of the page in the file
    georeference : its georeference, or None
    no_data : the nodata value, or None
    orientation : by TIFF's numbers; 1 for georeferenced images, which are read as they are stored
    is_transparent : whether it has an alpha channel or a mask
    """

    def __init__(self, page: TiffPage, mask: TiffPage | None, number: int) -> None:
        if page.dtype is None or page.axes not in ("YX", "YXS", "SYX"):
            kind = f"{page.bitspersample} bits of an unknown kind" if page.dtype is None else f"the axes {page.axes!r}"
            raise ValueError(f"its pages have {kind}; flat images can be read")
        if page.dtype.kind not in "buif":
            raise ValueError(f"its pixels are {page.dtype}; integers, floats and black-and-white can be read")
        sizes = page.imagelength, page.imagewidth, page.samplesperpixel, *_block_shape(page)
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            raise ValueError("its size is not a number")
        self._page, self._mask, self.number = page, mask, number
        self.no_data = no_data_of(page)
        first_extra = page.samplesperpixel - len(page.extrasamples)
        self._alpha = [first_extra + index for index, kind in enumerate(page.extrasamples) if int(kind) in (1, 2)][:1]
        self._has_alpha = bool(self._alpha)
        self.is_transparent = self._has_alpha or mask is not None
        self.georeference = georeference_of(page)
        self.orientation = 1 if self.georeference else int(page.tags.valueof("Orientation", 1))
        if mask is not None and mask.shape[:2] != (page.imagelength, page.imagewidth):
            raise ValueError("its mask has another size")

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and number of channels, as read."""
        height, width = self._page.imagelength, self._page.imagewidth
        if self.orientation in (5, 6, 7, 8):
            height, width = width, height
        return height, width, 3 if self.suits_pillow else self._read(slice(0, 0)).shape[-1]

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the pixels."""
        is_bytes = self.suits_pillow and self._page.bitspersample > 1
        return np.dtype(np.uint8) if is_bytes else self._read(slice(0, 0)).dtype

    @property
    def block_rows(self) -> int:
        """Number of rows decoded together."""
        return _block_shape(self._page)[0]

    @property
    def is_large(self) -> bool:
        """Whether it is too large to be read at once."""
        return Image.MAX_IMAGE_PIXELS is not None and self._size > Image.MAX_IMAGE_PIXELS

    @property
    def suits_pillow(self) -> bool:
        """Whether Pillow reads all of it: at most 8 bits, and gray, a palette, RGB or CMYK, maybe with alpha."""
        page = self._page
        n_colors = {"MINISWHITE": 1, "MINISBLACK": 1, "PALETTE": 1, "RGB": 3, "YCBCR": 3, "SEPARATED": 4}
        name = getattr(page.photometric, "name", "")
        is_turned = self.orientation != int(page.tags.valueof("Orientation", 1))
        is_changed = name in ("PALETTE", "MINISWHITE") or page.bitspersample < 8  # nodata is a number, not a color
        is_coded = self.no_data is not None and is_changed
        is_special = is_turned or is_coded or self._mask is not None or 0 in page.databytecounts  # blocks left out
        if is_special or page.bitspersample not in _PLAIN_BITS or page.sampleformat != 1:
            return False
        n_alpha = tuple(map(int, page.extrasamples)) in ((1,), (2,))
        return bool(page.samplesperpixel == n_colors.get(name, 0) + n_alpha)

    def check_size(self) -> None:
        """Refuse an image, or blocks of it, that are too large to be read at once."""
        check_size(self._size)
        self._check_blocks()

    def read(self) -> NDArray[Any]:
        """The image, upright, masked where it is transparent or nodata."""
        pixels = self._read(slice(0, self._page.imagelength))
        return np.asanyarray(_UPRIGHT.get(self.orientation, np.asanyarray)(pixels))

    def read_rows(self, rows: slice) -> NDArray[Any]:
        """Some rows of the image."""
        if self.orientation != 1:
            raise ValueError("it does not lie upright, and is too large to be turned")
        start, stop, _ = rows.indices(self._page.imagelength)
        return self._read(slice(start, max(start, stop)))

    def mask_missing(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Mask pixels that are nodata."""
        return hide(pixels, find_missing(np.ma.getdata(pixels), [self.no_data]))

    @property
    def _size(self) -> int:
        """Number of pixels; pixels of many bytes count as several."""
        return int(max(self._page.imagelength * self._page.imagewidth, self._page.nbytes // _PLAIN_BYTES))

    def _check_blocks(self) -> None:
        for page in (self._page, self._mask):
            if page is not None:
                length, width = _block_shape(page)
                n_pixels = length * -(-page.imagewidth // width) * width
                n_bytes = n_pixels * page.samplesperpixel * page.dtype.itemsize
                check_size(max(n_pixels, n_bytes // _PLAIN_BYTES), " in its blocks")

    def _read(self, rows: slice) -> NDArray[Any]:
        """Some rows as colors, not turned, masked where they are transparent or nodata."""
        self._check_blocks()
        page = self._page
        has_number = self.no_data is not None and holds(page.dtype, self.no_data)
        pixels = _decode_rows(page, rows, fill=self.no_data if has_number else 0)
        if self._has_alpha:  # it may lie between bands
            pixels = np.concatenate([np.delete(pixels, self._alpha, axis=-1), pixels[..., self._alpha]], axis=-1)
        is_hidden = find_missing(pixels[..., :-1] if self._has_alpha else pixels, [self.no_data])
        if self._mask is not None:
            is_hidden |= _decode_rows(self._mask, rows, 0)[..., 0] == 0
        name = getattr(page.photometric, "name", "")
        if name == "PALETTE" and page.colormap is not None:
            if np.ndim(page.colormap) != 2:
                raise ValueError("its palette is broken")
            pixels = (np.asarray(page.colormap).T[pixels[..., 0]] >> 8).astype(np.uint8)
        elif name == "MINISWHITE" and pixels.dtype.kind in ("b", "u"):
            pixels = pixels.dtype.type((1 << page.bitspersample) - 1) ^ pixels
        elif name in ("SEPARATED", "CIELAB", "ICCLAB"):
            raise ValueError(f"it has colors of the kind {name}, which cannot be read from such a file; convert it")
        if name in ("MINISWHITE", "MINISBLACK") and pixels.dtype == np.uint8 and page.bitspersample < 8:
            pixels = np.rint(pixels * (255 / ((1 << page.bitspersample) - 1))).astype(np.uint8)
        if self._has_alpha:
            pixels = split_alpha(pixels)
        elif pixels.shape[-1] == 1:
            pixels = gray2rgb(pixels[..., 0])
        return hide(pixels, is_hidden)


def hide(pixels: NDArray[Any], is_hidden: NDArray[np.bool_]) -> NDArray[Any]:
    """Mask some pixels in addition to masked ones."""
    if not is_hidden.any():
        return pixels
    mask = np.ma.getmaskarray(pixels) | is_hidden[..., np.newaxis]
    return np.ma.MaskedArray(np.ma.getdata(pixels), mask=mask)


def _find_images(path: str) -> list[tuple[int, int | None]]:
    """The pages of a file that are separate images, or else all pages, and the page of the mask of each."""
    state = Path(path).stat()
    return _find_images_once(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=16)  # each of many pages is opened on its own
def _find_images_once(path: str, _modified: int, _size: int) -> list[tuple[int, int | None]]:
    with TiffFile(path) as file:
        kinds = [file.pages[number].subfiletype & _ASIDE for number in range(len(file.pages))]  # ends in circles, too
    images = [number for number, kind in enumerate(kinds) if not kind]
    if not images:
        return [(number, None) for number in range(len(kinds))]
    after = ((number, range(number + 1, end)) for number, end in pairwise([*images, len(kinds)]))
    return [(number, next((page for page in pages if kinds[page] == _MASK), None)) for number, pages in after]


def _block_shape(page: TiffPage) -> tuple[int, int]:
    """Number of rows and columns of a block."""
    if page.is_tiled:
        return page.tilelength, page.tilewidth
    return min(page.rowsperstrip, page.imagelength), page.imagewidth


def _decode_rows(page: TiffPage, rows: slice, fill: float | None) -> NDArray[Any]:
    """Some rows of a page, (n_rows, width, n_samples); `fill` where blocks are left out."""
    n_planes, _, height, width, n_samples = page.shaped
    length, block_width = _block_shape(page)
    across, down = -(-width // block_width), -(-height // length)
    if n_planes * down * across > min(len(page.dataoffsets), len(page.databytecounts)):
        raise ValueError("it has fewer blocks than its size needs")
    planes = np.empty((n_planes, rows.stop - rows.start, width, n_samples), dtype=page.dtype)

    def decode(index: int) -> None:
        block, (plane, _, top, left, _), _ = _decode_block(page, index)
        start, stop = max(rows.start, top), min(rows.stop, top + length)
        target = planes[plane, start - rows.start : stop - rows.start, left : left + block_width]
        target[...] = fill if block is None else block[0, start - top : stop - top, : target.shape[1]]

    bands = range(rows.start // length, -(-rows.stop // length) if rows.stop > rows.start else 0)
    blocks = ((plane * down + band) * across for plane in range(n_planes) for band in bands)
    for _ in in_parallel(decode, [first + column for first in blocks for column in range(across)]):
        pass
    return planes[0] if n_planes == 1 else np.ascontiguousarray(np.moveaxis(planes[..., 0], 0, -1))


def _decode_block(page: TiffPage, index: int) -> tuple[Any, Any, Any]:
    """A block, (1, n_rows, n_columns, n_samples), its place, and its shape; None for a block that is left out."""
    file = page.parent.filehandle
    offset, n_bytes = page.dataoffsets[index], page.databytecounts[index]
    data = None
    if offset and n_bytes:
        if offset + n_bytes > file.size:
            raise ValueError("it is cut off")
        with _reading:
            file.seek(offset)
            data = file.read(n_bytes)
    if data and page.compression in _JPEG:
        check_size(_count_pixels_of_jpeg(data), " in a block")
    tables = {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader} if page.compression in _JPEG else {}
    result: tuple[Any, Any, Any] = page.decode(data, index, **tables)
    return result


def _count_pixels_of_jpeg(data: bytes) -> int:
    """The number of pixels that a JPEG declares, whatever the size of its block; 0 if it does not say."""
    place = 2
    while place + 9 <= len(data):
        marker = data[place + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # start of a frame
            height, width = (int.from_bytes(data[start : start + 2], "big") for start in (place + 5, place + 7))
            return height * width
        place += 1 if marker == 0xFF else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return 0
