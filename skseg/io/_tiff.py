"""The images in TIFF files: tifffile tells which pages are images, which are bands of one, and who decodes them."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
from tifffile import TiffFile, TiffPage

from ._stored import Layer, Stored, is_lying

_ASIDE = 1 | 4  # bits of a page's type: it is a smaller copy of another page, or the mask of the page before
_MASK = 4
_WITH_CHANNELS = {"ome", "imagej", "lsm"}  # kinds of files whose metadata tell which pages are channels
_SLIDES = {"avs", "bif", "ndpi", "philips", "qpi", "scn", "svs"}  # with labels, macros, thumbnails and smaller copies
_RAW = ("CFA", "LINEAR_RAW")
_UNKNOWN = ("CIELAB", "ICCLAB", "ITULAB", "LOGL", "LOGLUV")
_PREMULTIPLIED, _ALPHA = 1, 2  # kinds of extra samples
GEOREFERENCE = {33550, 33922, 34264, 34735, 34736, 34737, 50844}  # tags of GeoTIFF, and RPCs
_OF_GDAL = {42112, 42113}  # its tags of scales and names of bands, and of nodata
# What Pillow decodes:
_COMPRESSIONS = {"NONE", "LZW", "JPEG", "ADOBE_DEFLATE", "DEFLATE", "PACKBITS"}
_N_COLORS = {"MINISWHITE": 1, "MINISBLACK": 1, "PALETTE": 1, "RGB": 3, "YCBCR": 3, "SEPARATED": 4}


def is_tiff(path: str) -> bool:
    """Whether the content of a file begins as TIFF or BigTIFF."""
    with Path(path).open("rb") as file:
        return file.read(4) in (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


def find_images(path: str) -> list[Stored]:
    """The images of a file.

    Pages are images, but for smaller copies, masks, and labels of slides. Pages that the metadata call channels are
    bands of one image.
    """
    with TiffFile(path, _multifile=False) as file:
        pages = [file.pages[number] for number in range(len(file.pages))]  # ends in circles, too
        kinds = [page.subfiletype & _ASIDE for page in pages]
        images = [number for number, kind in enumerate(kinds) if not kind] or list(range(len(pages)))
        masks = {
            image: next((pages[number].offset for number in range(image + 1, end) if kinds[number] == _MASK), None)
            for image, end in pairwise([*images, len(pages)])
        }
        groups = list(_groups(file)) if file.flags & (_WITH_CHANNELS | _SLIDES) else [[number] for number in images]
        names = re.findall(r"""<(?:\w+:)?Channel [^>]*\bName=["']([^"'>]*)""", file.ome_metadata or "")
        return [_stored(path, [pages[number] for number in group], masks, [*map(unescape, names)]) for group in groups]


def _groups(file: TiffFile) -> Iterator[list[int]]:
    """The numbers of the pages of each image, as the metadata tell."""
    for series in file.series[:1] if file.flags & _SLIDES else file.series:
        numbers = np.array([-1 if page is None else page.index for page in series.pages])
        shape = {axis: size for axis, size in zip(series.axes, series.shape, strict=True) if axis not in "YXS"}
        if numbers.size != np.prod(list(shape.values()), dtype=int) or (numbers < 0).any():
            raise ValueError(f"it declares planes {shape}, but has {(numbers >= 0).sum()} pages")
        planes = numbers.reshape(list(shape.values()))
        if "C" in shape:
            planes = np.moveaxis(planes, list(shape).index("C"), -1)
        yield from planes.reshape(-1, shape.get("C", 1)).tolist()


def _stored(path: str, pages: list[TiffPage], masks: dict[int, int | None], names: list[str]) -> Stored:
    """The image whose bands are in some pages, of which `masks` tells where the masks are."""
    whole, only = str(Path(path).absolute()), Path(path).stem

    def dataset(offset: int) -> str:
        return f"GTIFF_DIR:off:{offset}:{whole}"

    layers = []
    for channel, page in enumerate(pages, 1):
        place = whole if page.index == 0 else dataset(page.offset)  # GDAL opens page 0 with the files beside it
        name = f"page {page.index + 1}" if len(masks) > 1 else only
        if len(pages) > 1:
            name = names[channel - 1] if len(names) == len(pages) else f"channel {channel}"
        mask = masks.get(page.index)
        is_premultiplied = _PREMULTIPLIED in map(int, page.extrasamples)
        layers.append(Layer(place, name, None if mask is None else dataset(mask), is_premultiplied))
    first, problem = pages[0], next(filter(None, map(_problem_of, pages)), "")
    is_plain = not problem and len(pages) == 1 and masks.get(first.index) is None and _is_plain(first)
    orientation = int(first.tags.valueof("Orientation", 1))
    n_pixels = first.imagelength * first.imagewidth
    return Stored(tuple(layers), first.index, is_plain, n_pixels, orientation, problem)


def _problem_of(page: TiffPage) -> str:
    """The reason why nobody decodes a page, or ""."""
    color = _color_of(page)
    if color in _RAW or any(_color_of(below) in _RAW for below in page.pages or ()):
        return "it holds the raw data of a camera; develop it first, for example by rawpy or darktable"
    if color in _UNKNOWN:
        return f"it has colors of the kind {color}; convert it to RGB"
    if color == "PALETTE" and np.ndim(page.colormap) != 2:
        return "its palette is broken"
    return "" if page.imagedepth == 1 else f"its pages have the axes {page.axes!r}; flat images can be read"


def _is_plain(page: TiffPage) -> bool:
    """Whether Pillow decodes all of a page: 8 bits, or 1, in RGB or what becomes RGB, maybe with alpha."""
    color, compression = _color_of(page), getattr(page.compression, "name", "")
    extra = list(map(int, page.extrasamples))
    n_colors = page.samplesperpixel - len(extra)
    n_bits = (1, 8) if color in ("MINISBLACK", "MINISWHITE") and n_colors == 1 else (8,)
    takes_alpha = page.planarconfig == 1 and color in ("MINISBLACK", "RGB")
    has_old_palette = color == "PALETTE" and np.max(page.colormap) < 256  # of 8 bits, a mistake
    return (
        not has_old_palette
        and page.bitspersample in n_bits
        and page.sampleformat == 1
        and n_colors == _N_COLORS.get(color)
        and (not extra or (extra == [_ALPHA] and takes_alpha))
        and compression in _COMPRESSIONS
        and not (compression == "NONE" and is_lying(page.tags.valueof("Orientation", 1)))  # whose rows Pillow mixes up
        and not (compression != "JPEG" and color == "YCBCR")  # which has fewer colors than pixels
        and not page.is_tiled  # tiles at the rims are not always right
        and not page.parent.is_bigtiff
        and 0 not in page.databytecounts  # blocks that are left out
        and (GEOREFERENCE | _OF_GDAL).isdisjoint(tag.code for tag in page.tags)
    )


def _color_of(page: TiffPage) -> str:
    return getattr(page.photometric, "name", "")
