"""Results of rasters: TIFF files in the place of their picture, computed and written some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._color import to_uint8
from .._segmenter import KMeansSegmenter
from .._source import open_source
from ..io._rasters import choose_no_data, write_image, write_labels
from .batch import Picture
from .report import count_labels

_PIXELS = 1 << 20  # that are worked on at a time


def with_output(segmenter: KMeansSegmenter, output: str) -> KMeansSegmenter:
    """The same fitted segmenter with another `output`."""
    other = copy(segmenter)
    other.set_params(output=output)
    return other


class RasterWriter:
    """Writes what a segmenter makes of a picture.

    Parameters
    ----------
    picture : the picture
    segmenter : the fitted segmenter
    advance : is called with the share of rows that are done, of each output
    """

    def __init__(self, picture: Picture, segmenter: KMeansSegmenter, advance: Callable[[float], None]) -> None:
        self._picture, self._segmenter, self._advance = picture, segmenter, advance
        data = picture if picture.is_banded else np.asanyarray(picture)
        self._source, self.shape, self._dtype = open_source(data), data.shape, data.dtype
        self._counts = np.zeros(len(segmenter.cluster_centers_))

    def write(self, output: str, path: Path, comment: str) -> None:
        """Write an output to a file."""
        write = {"label": self._write_labels, "color": self._write_colors, "distance": self._write_distances}
        write[output](path, comment)

    def count(self) -> NDArray[np.float64]:
        """Number of pixels with each label; they are labeled if no label map has been written."""
        if not self._counts.any():
            for _ in self._labels():
                pass
        return self._counts

    def _write_labels(self, path: Path, comment: str) -> None:
        palette = self._segmenter.model_.rgb()
        write_labels(path, self._labels(), self.shape[:2], palette, place=self._picture.place, comment=comment)

    def _write_colors(self, path: Path, comment: str) -> None:
        place, is_bool = self._picture.place, self._dtype == np.bool_
        colors = self._segmenter.inverse_transform(np.arange(len(self._counts)))
        dtype = np.dtype(np.uint8) if is_bool else self._dtype
        no_data = choose_no_data(dtype, place, to_uint8(colors) if is_bool else colors)
        may_mask = place.is_transparent or place.no_data is not None or self._picture.mask is not None
        has_alpha = no_data is None and may_mask
        painted = map(_as_uint8, self._transformed("color")) if is_bool else self._transformed("color")
        options: dict[str, Any] = {"place": place, "no_data": no_data, "has_alpha": has_alpha, "comment": comment}
        write_image(path, painted, self.shape, dtype, **options)

    def _write_distances(self, path: Path, comment: str) -> None:
        shape, place = (*self.shape[:2], len(self._counts)), self._picture.place
        distances = self._transformed("distance")
        write_image(path, distances, shape, np.dtype(np.float64), place=place, no_data=np.nan, comment=comment)

    def _labels(self) -> Iterator[NDArray[Any]]:
        self._counts[:] = 0
        for labels in self._bands(self._segmenter.predict):
            self._counts += count_labels(labels, len(self._counts))
            yield labels

    def _transformed(self, output: str) -> Iterator[NDArray[Any]]:
        return self._bands(with_output(self._segmenter, output).transform)

    def _bands(self, function: Callable[[Any], NDArray[Any]]) -> Iterator[NDArray[Any]]:
        for _, part in self._source.bands(_PIXELS):
            yield function(part.data)
            self._advance(len(part.data) / max(1, self.shape[0]))


def _as_uint8(colors: NDArray[Any]) -> NDArray[Any]:
    return np.ma.MaskedArray(to_uint8(np.ma.getdata(colors)), mask=np.ma.getmaskarray(colors))
