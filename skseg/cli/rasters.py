"""Results of rasters: TIFF files with the georeference of their image, written some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._color import to_uint8
from .._images import free_no_data
from ..io._rasters import write_image, write_labels
from ..io._results import as_palette
from .batch import Picture
from .outcomes import Outcome


def write_raster(
    picture: Picture, outcome: Outcome, output: str, path: Path, *, comment: str, advance: Callable[[float], None]
) -> None:
    """Write an output of an image; `advance` is called with the share of rows done."""

    def bands() -> Iterator[NDArray[Any]]:
        for band in outcome.bands(output):
            advance(len(band) / outcome.shape[0])
            yield band

    if output == "label":
        palette = as_palette(outcome.colors)
        write_labels(path, bands(), outcome.shape[:2], palette, place=picture.place, comment=comment)
    elif output == "color":
        _write_colors(picture, outcome, bands(), path, comment)
    else:
        shape, dtype = (*outcome.shape[:2], len(outcome.colors)), np.dtype(np.float64)
        write_image(path, bands(), shape, dtype, place=picture.place, no_data=np.nan, comment=comment)


def _write_colors(picture: Picture, outcome: Outcome, bands: Iterator[NDArray[Any]], path: Path, comment: str) -> None:
    """Write the repainted image, with the nodata value of its file, or with alpha 0, where it is masked."""
    place, colors, dtype = picture.place, outcome.own_colors, outcome.dtype
    if dtype == np.bool_:
        colors, dtype, bands = to_uint8(colors), np.dtype(np.uint8), map(_as_uint8, bands)
    no_data = free_no_data(place.no_data, colors)
    may_mask = place.is_transparent or place.no_data is not None or picture.mask is not None
    has_alpha = no_data is None and may_mask
    options: dict[str, Any] = {"place": place, "no_data": no_data, "has_alpha": has_alpha, "comment": comment}
    write_image(path, bands, outcome.shape, dtype, **options)


def _as_uint8(colors: NDArray[Any]) -> NDArray[Any]:
    return np.ma.MaskedArray(to_uint8(np.ma.getdata(colors)), mask=np.ma.getmaskarray(colors))
