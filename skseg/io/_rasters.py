"""Images in rasters, whole or some rows at a time."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window
from skimage.color import gray2rgb

from .._census.blocks import in_parallel
from .._images import find_missing, hide
from ._pillow import apply_profile
from ._raster_bands import Bands, opened
from ._stored import Layer, check_size, count_pixels, is_lying, is_too_large

_PIECE_BYTES, _MAX_PIECES = 1 << 22, 8  # of a read, decoded at a time by each thread


def datasets_of(path: str) -> list[str]:
    """The names of the datasets in a file with bands of the same size."""
    with opened(path) as dataset:
        return [path] if dataset.count else list(dataset.subdatasets)


class RasterFile:
    """An image whose bands are in one or more datasets of the same size and georeference.

    Parameters
    ----------
    layers : the datasets
    bands : numbers from 1 of the bands of all layers, in the order wanted; None for all
    orientation : by TIFF's numbers; images with a georeference are read as they are stored
    is_scaled : whether numbers are multiplied by the scale of their band, and its offset is added

    Attributes
    ----------
    shape, dtype : of the image, as it is read
    georeference : of the image
    no_data : the nodata value of all bands; None if there is none, or not the same in all
    band_names : a name for each band; () if none has one, or if the channels are not the bands
    may_mask : whether pixels may be masked
    block_rows : number of rows decoded together
    """

    def __init__(self, layers: Sequence[Layer], bands: Sequence[int] | None, orientation: int, is_scaled: bool) -> None:
        datasets = [Bands(layer, is_scaled=is_scaled) for layer in layers]
        for other in datasets[1:]:
            other.check_alike(datasets[0])
        every = [(dataset, number) for dataset in datasets for number in dataset.numbers]
        if bands is None:
            bands = range(1, len(every) + 1)
        if not bands or not all(1 <= band <= len(every) for band in bands):
            raise ValueError(f"bands must be numbers from 1 to {len(every)}; got {list(bands)} instead")
        chosen = [every[band - 1] for band in bands]
        named = [dataset.names[number] for dataset, number in chosen]
        runs = groupby(chosen, key=lambda each: datasets.index(each[0]))
        self._parts = [datasets[index].choose([number for _, number in run]) for index, run in runs]
        self._height, self._width = datasets[0].size
        self._n_channels = sum(part.n_channels for part in self._parts)
        self.dtype = self._parts[0].dtype
        self.georeference = datasets[0].georeference
        is_photo = self._n_channels == 3 and self.dtype == np.uint8 and not self.georeference
        self._profile = datasets[0].profile if is_photo and [number for _, number in chosen] == [1, 2, 3] else b""
        self._orientation = 1 if self.georeference else orientation
        size = datasets[0].size[:: -1 if is_lying(self._orientation) else 1]
        self.shape = (*size, 3 if self._n_channels == 1 else self._n_channels)
        names = [name or str(band) for name, band in zip(named, bands, strict=True)]
        if len(set(names)) < len(names):
            names = [f"{name} ({position})" for position, name in enumerate(names, 1)]
        self.band_names = tuple(names) if any(named) and len(names) == self.shape[-1] else ()
        self._no_data = [dataset.no_data[number] for dataset, number in chosen]
        no_data = {str(each): each for each in self._no_data}
        self.no_data = next(iter(no_data.values())) if len(no_data) == 1 else None
        self.may_mask = bool(no_data.keys() - {"None"}) or any(part.has_mask for part in self._parts)
        self.block_rows = max(part.block[0] for part in self._parts)

    @property
    def is_large(self) -> bool:
        """Whether it is too large to be read at once."""
        return is_too_large(self._n_pixels)

    @property
    def _n_pixels(self) -> int:
        return count_pixels(self._height * self._width, self._n_channels * self.dtype.itemsize)

    def read(self) -> NDArray[Any]:
        """The image, upright, masked where it is transparent or nodata."""
        check_size(self._n_pixels)
        return _turned(self._read(slice(0, self._height)), self._orientation)

    def read_rows(self, rows: slice) -> NDArray[Any]:
        """Some rows of the image."""
        if self._orientation == 1:
            start, stop, _ = rows.indices(self._height)
            return self._read(slice(start, max(start, stop)))
        if self.is_large:
            raise ValueError("it does not lie upright, and is too large to be turned")
        return np.asanyarray(self.read()[rows])

    def preview(self, longest: int) -> NDArray[Any]:
        """The image with sides of at most so many pixels, from its overviews if it has any."""
        if not all(part.has_overviews for part in self._parts):
            check_size(self._n_pixels)
        step = ceil(max(self.shape[:2]) / longest)
        pixels, hidden = self._decode((ceil(self._height / step), ceil(self._width / step)))
        return _turned(self._finish(pixels, hidden), self._orientation)

    def _read(self, rows: slice) -> NDArray[Any]:
        """Some rows, not turned; several pieces are decoded at a time."""
        for part in self._parts:
            check_size(part.block_pixels, " in its blocks")
        shape = rows.stop - rows.start, self._width
        pixels, hidden = np.empty((*shape, self._n_channels), self.dtype), np.empty(shape, dtype=bool)

        def decode(window: Window) -> None:
            top, left = window.row_off - rows.start, window.col_off
            place = slice(top, top + window.height), slice(left, left + window.width)
            pixels[place], hidden[place] = self._decode(window)

        for _ in in_parallel(decode, self._pieces(rows)):
            pass
        return self._finish(pixels, hidden)

    def _finish(self, pixels: NDArray[Any], hidden: NDArray[np.bool_]) -> NDArray[Any]:
        return hide(gray2rgb(pixels[..., 0]) if self._n_channels == 1 else pixels, hidden)

    def _decode(self, where: Window | tuple[int, int]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Colors, (..., n_channels), and which pixels are masked; `where` is a window or a smaller shape."""
        numbers, alphas, hidden = zip(*(part.read(where) for part in self._parts), strict=True)
        is_masked = np.any(hidden, axis=0) | find_missing(_join(numbers), [self._no_data])
        each = zip(self._parts, numbers, alphas, strict=True)
        colors = _join([part.convert(*stored) for part, *stored in each])
        return apply_profile(colors, self._profile) if self._profile else colors, is_masked

    def _pieces(self, rows: slice) -> list[Window]:
        """Windows of whole blocks: some rows of blocks, or some columns of one row of them."""
        (length, block_width), n_rows = self._parts[0].block, rows.stop - rows.start
        is_one_row = n_rows <= length and block_width < self._width
        low, high, size = (0, self._width, block_width) if is_one_row else (rows.start, rows.stop, length)
        n_bytes = n_rows * self._width * self._n_channels * self.dtype.itemsize
        n_pieces = min(_MAX_PIECES, 1 + n_bytes // _PIECE_BYTES)
        step = size * ceil((high - low) / size / n_pieces) or size
        edges = pairwise([low, *range((low // size) * size + step, high, step), high])
        if is_one_row:
            return [Window(left, rows.start, right - left, n_rows) for left, right in edges if n_rows]
        return [Window(0, top, self._width, bottom - top) for top, bottom in edges if bottom > top]


def _join(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _turned(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """An image turned upright."""
    pixels = pixels.swapaxes(0, 1) if is_lying(orientation) else pixels
    pixels = pixels[:, ::-1] if orientation in (2, 3, 6, 7) else pixels
    return pixels[::-1] if orientation in (3, 4, 7, 8) else pixels
