"""The file of each output of an image, and the table of all."""

import csv
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import io
from .._images import free_no_data
from ..io._atomic import written_whole
from ..io._geotiff import write_image, write_labels
from ..io._polygons import open_polygons
from ..io._results import as_palette, fits_png
from .batch import Picture
from .outcomes import Columns, Outcome, polygons_of

SUFFIXES = {  # of the files of each output, rasters as TIFF
    "color": ("-segmented.png", "-segmented.tif"),
    "label": ("-labels.png", "-labels.tif"),
    "distance": ("-distances.tif",),
    "polygons": ("-polygons.geojson",),
    "svg": ("-outlines.svg",),
}

Advance = Callable[[float], None]  # is called with the share of an image that was done


def write_output(
    picture: Picture,
    outcome: Outcome,
    output: str,
    stem: Path,
    *,
    simplify: float,
    numbers: bool,
    fill: bool,
    comment: str,
    advance: Advance,
) -> Path:
    """Write an output of an image, and return its file, whose name is `stem` with a suffix."""
    path, raster_path = (stem.with_name(stem.name + SUFFIXES[output][place]) for place in (0, -1))
    if picture.is_raster and output not in ("polygons", "svg"):
        _write_raster(picture, outcome, output, raster_path, comment=comment, advance=advance)
        return raster_path
    if output == "polygons":
        with open_polygons(path, picture.epsg, comment=comment) as add:
            add(**polygons_of(picture, outcome), simplify=simplify)
    elif output == "svg":
        io.save_svg(
            outcome.labels,
            path,
            outcome.colors,
            numbers=numbers,
            names=outcome.names,
            fill=fill,
            simplify=simplify,
            comment=comment,
        )
    elif output == "label":
        io.save_labels(outcome.labels, path, outcome.colors, comment=comment)
    else:
        image = outcome.image(output)
        path = path if fits_png(np.ma.getdata(image)) else raster_path
        io.save_image(image, path, comment=comment)
    advance(1)
    return path


def write_table(path: Path, tables: list[Columns]) -> None:
    """The rows of all tables as CSV; a column that a table does not have is empty in its rows."""
    names = dict.fromkeys(name for table in tables for name in table)
    with written_whole(path) as file, TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        for table in tables:
            writer.writerows(dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))


def _write_raster(
    picture: Picture, outcome: Outcome, output: str, path: Path, *, comment: str, advance: Advance
) -> None:
    """Write an output as TIFF with the georeference of its image, some rows at a time."""
    georeference, (height, width) = picture.georeference, picture.shape[:2]

    def blocks() -> Iterator[NDArray[Any]]:
        for block in outcome.blocks(output):
            advance(len(block) / height)
            yield block

    if output == "label":
        write_labels(
            path, blocks(), (height, width), as_palette(outcome.colors), georeference=georeference, comment=comment
        )
    elif output == "color":
        _write_colors(picture, blocks(), outcome.own_colors, path, comment)
    else:
        shape = (height, width, len(outcome.colors))
        options: dict[str, Any] = {"no_data": np.nan, "has_alpha": False, "comment": comment}
        write_image(path, blocks(), shape, np.dtype(np.float64), georeference=georeference, **options)


def _write_colors(
    picture: Picture, blocks: Iterable[NDArray[Any]], colors: NDArray[Any], path: Path, comment: str
) -> None:
    """Write the repainted image, with the nodata value of its file, or with alpha 0, where it is masked."""
    no_data = free_no_data(picture.no_data, colors)
    alpha = no_data is None and picture.may_mask
    options: dict[str, Any] = {"no_data": no_data, "has_alpha": alpha, "comment": comment}
    write_image(path, blocks, picture.shape, picture.dtype, georeference=picture.georeference, **options)
