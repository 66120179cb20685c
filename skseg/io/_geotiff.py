"""Tiled TIFF files, written from blocks of rows, with a georeference, a nodata value and names of labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import tifffile
from numpy.typing import NDArray

from ._atomic import written_whole

if TYPE_CHECKING:
    from ._georeference import Georeference

_TILE = 512
_BUFFER = 1 << 25  # bytes that are compressed together
_MAX_CLASSES_8_BITS = 254
_LARGEST_CLASSIC = 4_000_000_000  # bytes of pixels; TIFF itself ends at 2 ** 32
_NO_DATA = 42113  # GDAL's tag
_COLUMNS = {"Value": (0, 5), "Class": (2, 2), "Red": (0, 6), "Green": (0, 7), "Blue": (0, 8)}  # GDAL's types and usages


def write_labels(
    path: str | PathLike[str],
    blocks: Iterable[NDArray[Any]],
    shape: tuple[int, ...],
    palette: NDArray[np.uint8],
    *,
    georeference: Georeference | None,
    comment: str,
) -> None:
    """Write a label map with a palette, (n_labels, 3), and the names of the labels in a second file."""
    dtype = np.dtype(np.uint8 if len(palette) <= _MAX_CLASSES_8_BITS else np.uint16)
    no_data = (1 << 8 * dtype.itemsize) - 1
    colormap = np.zeros((3, no_data + 1), dtype=np.uint16)
    colormap[:, : len(palette)] = palette.T.astype(np.uint16) * 257
    numbers = (np.ma.filled(np.ma.asarray(block), no_data).astype(dtype) for block in blocks)
    with written_whole(f"{fspath(path)}.aux.xml") as file:
        file.write(_names_as_xml(palette))
        file.flush()  # a full disk is known before there is a label map without names
        options: dict[str, Any] = {"photometric": "palette", "colormap": colormap}
        _write(path, numbers, shape, dtype, georeference=georeference, no_data=no_data, comment=comment, **options)


def write_image(
    path: str | PathLike[str],
    blocks: Iterable[NDArray[Any]],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    georeference: Georeference | None,
    no_data: float | None,
    has_alpha: bool,
    comment: str,
) -> None:
    """Write an image of `shape` (height, width, n_channels); masked pixels get `no_data`, or alpha 0."""
    numbers = (_with_alpha(block) if has_alpha else _filled(block, no_data) for block in blocks)
    photometric, n_shown = ("rgb", 3) if shape[2] == 3 else ("minisblack", 1)
    kinds = ["unspecified"] * (shape[2] - n_shown) + ["unassalpha"] * has_alpha
    colors = {"photometric": photometric, "extrasamples": kinds, "planarconfig": "contig"}
    shape = (*shape[:2], shape[2] + has_alpha)
    if shape[2] == 1:
        numbers, shape = (block[..., 0] for block in numbers), shape[:2]
    no_data = None if has_alpha else no_data
    _write(path, numbers, shape, dtype, georeference=georeference, no_data=no_data, comment=comment, **colors)


def _with_alpha(block: NDArray[Any]) -> NDArray[Any]:
    opaque = ~np.ma.getmaskarray(block).any(axis=-1, keepdims=True)
    largest = np.iinfo(block.dtype).max if block.dtype.kind in "iu" else 1
    return np.concatenate([np.ma.getdata(block), opaque * block.dtype.type(largest)], axis=-1)


def _filled(block: NDArray[Any], no_data: float | None) -> NDArray[Any]:
    if no_data is None or not isinstance(block, np.ma.MaskedArray):
        return np.ma.getdata(block)
    filled = np.array(np.ma.getdata(block))
    filled[np.ma.getmaskarray(block).any(axis=-1)] = no_data
    return filled


def _write(
    path: str | PathLike[str],
    blocks: Iterable[NDArray[Any]],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    *,
    georeference: Georeference | None,
    no_data: float | None,
    comment: str,
    **colors: object,
) -> None:
    tile = tuple(min(_TILE, -(-length // 16) * 16) for length in shape[:2])
    n_bytes = int(np.prod(shape)) * dtype.itemsize
    tags = [] if no_data is None else [(_NO_DATA, "s", 0, str(no_data), True)]
    with written_whole(path) as file:
        tifffile.imwrite(
            file,
            _cut(blocks, shape[1], tile),
            shape=shape,
            dtype=dtype,
            tile=tile,
            compression="zlib",
            bigtiff=n_bytes > _LARGEST_CLASSIC,
            metadata=None,
            description=comment.encode(),
            extratags=[*tags, *(georeference.tags() if georeference else [])],
            buffersize=_BUFFER,
            **colors,
        )


def _cut(blocks: Iterable[NDArray[Any]], width: int, tile: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    """Blocks of rows as tiles, from left to right and from top to bottom; the last ones are padded."""
    waiting: list[NDArray[Any]] = []
    for block in blocks:
        waiting.append(block)
        n_rows = sum(map(len, waiting))
        if n_rows >= tile[0]:
            rows = np.concatenate(waiting)
            whole = n_rows // tile[0] * tile[0]
            yield from _cut_rows(rows[:whole], width, tile)
            waiting = [rows[whole:].copy()]
    yield from _cut_rows(np.concatenate(waiting), width, tile)


def _cut_rows(rows: NDArray[Any], width: int, tile: tuple[int, ...]) -> Iterator[NDArray[Any]]:
    for top in range(0, len(rows), tile[0]):
        for left in range(0, width, tile[1]):
            part = rows[top : top + tile[0], left : left + tile[1]]
            missing = [(0, length - has) for length, has in zip(tile, part.shape, strict=False)]
            yield np.pad(part, [*missing, *[(0, 0)] * (part.ndim - 2)])


def _names_as_xml(palette: NDArray[np.uint8]) -> bytes:
    """Names and colors of labels for GDAL and QGIS: category names and an attribute table."""
    root = ElementTree.Element("PAMDataset")
    band = ElementTree.SubElement(root, "PAMRasterBand", band="1")
    names = [f"class {label}" for label in range(len(palette))]
    categories = ElementTree.SubElement(band, "CategoryNames")
    for name in names:
        ElementTree.SubElement(categories, "Category").text = name
    table = ElementTree.SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for index, (column, (kind, usage)) in enumerate(_COLUMNS.items()):
        field = ElementTree.SubElement(table, "FieldDefn", index=str(index))
        for name, value in {"Name": column, "Type": kind, "Usage": usage}.items():
            ElementTree.SubElement(field, name).text = str(value)
    for label, color in enumerate(palette.tolist()):
        row = ElementTree.SubElement(table, "Row", index=str(label))
        for value in (label, names[label], *color):
            ElementTree.SubElement(row, "F").text = str(value)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8"))
