"""Bands of a raster that GDAL decodes: what they hold, and the colors that their numbers stand for.

Every window is read from a dataset of its own: a dataset belongs to one thread, and its cache ends with it.
"""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache, cached_property
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.enums import ColorInterp, Interleaving, MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from .._errors import warn
from ._georeference import Georeference
from ._stored import Layer, count_pixels

# Drivers that open connections, or take any text for an image.
_NOT_FILES = {"DAAS", "DERIVED", "EEDA", "EEDAI", "HTTP", "MEM", "Memory", "PLMOSAIC", "STACIT", "STACTA", "WCS", "WMS"}
_NOT_FILES |= {"WMTS", "XYZ"}
_OPTIONS = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",  # no network, neither by GDAL's own file system
    "GDAL_HTTP_PROXY": "none.invalid",  # nor by what a VRT names
    "GDAL_HTTPS_PROXY": "none.invalid",
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",  # or the time for the files of a directory grows with the square
    "GDAL_ERROR_ON_LIBJPEG_WARNING": "TRUE",  # such as of a file that is cut off
    "GDAL_NUM_THREADS": "1",  # errors in GDAL's own threads are lost
}
_CMYK = (ColorInterp.cyan, ColorInterp.magenta, ColorInterp.yellow, ColorInterp.black)
_BLACK_AND_WHITE = ((0, 0, 0, 255), (255, 255, 255, 255))


class _Dataset(DatasetReader):
    """A dataset that does not warn if it has no georeference, which is no fault of an image, but remembers it."""

    has_transform = True

    def _has_gcps_or_rpcs(self) -> bool:
        """Is called where there is no transform, which may be arbitrary then."""
        self.has_transform = False
        return True


@contextmanager
def opened(name: str) -> Iterator[_Dataset]:
    """A dataset, without connections to elsewhere."""
    with rasterio.Env(**_OPTIONS), _Dataset(name, driver=_drivers()) as dataset:
        yield dataset


@cache
def _drivers() -> list[str]:
    with rasterio.Env() as environment:
        return sorted(set(environment.drivers()) - _NOT_FILES)


class Bands:
    """Bands of a dataset.

    Attributes
    ----------
    layer : the dataset
    stored : data type of its numbers
    numbers : of the bands, without alpha
    names : of the bands, by their number
    no_data : nodata value of each band by its number, or None
    size : height and width
    has_overviews : whether there are smaller copies of the image
    profile : a color profile (ICC), or b""
    block : number of rows and columns that are decoded together
    block_pixels : of these, as Pillow counts them
    """

    def __init__(self, layer: Layer, *, is_scaled: bool) -> None:
        self.layer = layer
        with opened(layer.dataset) as dataset:
            if is_complex := [dtype for dtype in dataset.dtypes if "complex" in dtype]:
                raise ValueError(f"its pixels are {is_complex[0]}; integers, floats and black-and-white can be read")
            stored = np.result_type(*dataset.dtypes)
            kinds = dict(zip(dataset.indexes, dataset.colorinterp, strict=True))
            self._alpha = [number for number, kind in kinds.items() if kind == ColorInterp.alpha][:1]
            self.numbers = [number for number in kinds if number not in self._alpha]
            own_name = layer.name if len(self.numbers) == 1 else ""
            self.names = {number: name or own_name for number, name in zip(kinds, dataset.descriptions, strict=True)}
            self.no_data = dict(zip(kinds, _no_data_of(dataset), strict=True))
            self.size, self.block, self.georeference = dataset.shape, dataset.block_shapes[0], _georeference_of(dataset)
            has_mask = MaskFlags.per_dataset in dataset.mask_flag_enums[0]
            self._has_mask_band = has_mask and not self._alpha and layer.mask is None
            is_white_0 = dataset.tags(ns="IMAGE_STRUCTURE").get("MINISWHITE") == "YES"
            n_bits = int(dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", 8 * stored.itemsize))
            self._palette = _palette_of(dataset) if kinds[1] == ColorInterp.palette and not is_white_0 else None
            self._inverted = is_white_0 and stored.kind == "u"
            self._largest = {"u": (1 << n_bits) - 1, "f": 1}.get(stored.kind) or np.iinfo(stored).max
            self._is_cmyk = tuple(kinds.values())[:4] == _CMYK and stored.kind == "u"
            is_scaled = is_scaled and {*dataset.scales, *dataset.offsets} != {0, 1}
            self._scaling = np.array([dataset.scales, dataset.offsets]) if is_scaled else None
            self.has_overviews = bool(dataset.overviews(1))
            self.profile = b64decode(dataset.tags(ns="COLOR_PROFILE").get("SOURCE_ICC_PROFILE", ""))
            n_together = len(kinds) if dataset.interleaving == Interleaving.pixel else 1
        self.stored = stored
        self.block_pixels = count_pixels(int(np.prod(self.block)), n_together * stored.itemsize)

    def choose(self, numbers: list[int]) -> "Bands":
        """Some of the bands, in another order."""
        chosen = copy(self)
        chosen.numbers = numbers
        return chosen

    @property
    def has_mask(self) -> bool:
        """Whether pixels may be masked by more than nodata."""
        has_clear_colors = self._palette is not None and bool((self._palette[:, 3] == 0).any())
        return self._has_mask_band or bool(self._alpha) or self.layer.mask is not None or has_clear_colors

    @cached_property
    def _sample(self) -> NDArray[Any]:
        numbers = np.zeros((1, len(self.numbers)), self.stored)
        return self.convert(numbers, numbers[:, :1])

    def read(self, where: Window | tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
        """The stored numbers of the bands, and of alpha, (..., n_bands), and which pixels these or a mask hide."""
        with opened(self.layer.dataset) as dataset:
            numbers = _read(dataset, [*self.numbers, *self._alpha], where)
            mask = _read(dataset, [1], where, masks=True) if self._has_mask_band else None
        if self.layer.mask is not None:
            with opened(self.layer.mask) as dataset:
                if dataset.shape != self.size:
                    raise ValueError("its mask has another size")
                mask = _read(dataset, [1], where)
        colors, alpha = numbers[..., : len(self.numbers)], numbers[..., len(self.numbers) :]
        hidden = np.zeros(colors.shape[:2], dtype=bool) if mask is None else mask[..., 0] == 0
        if self._alpha:
            hidden |= alpha[..., 0] == 0
        if self._palette is not None:
            hidden |= self._palette[np.minimum(colors[..., 0], len(self._palette) - 1), 3] == 0
        return colors, alpha, hidden

    def convert(self, colors: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
        """Colors of stored numbers."""
        if self._palette is not None:
            return self._palette[np.minimum(colors[..., 0], len(self._palette) - 1), :3]
        if self.layer.is_premultiplied and self._alpha:
            straight = colors * (self._largest / np.where(alpha > 0, alpha, self._largest))
            colors = _round(straight if self.stored.kind == "f" else straight.clip(max=self._largest), self.stored)
        if self._inverted:
            colors = colors.dtype.type(self._largest) - colors
        if self._largest < 255 and self.stored == np.uint8:
            colors = np.rint(colors * (255 / self._largest)).astype(np.uint8)
        if self._is_cmyk and len(self.numbers) == 4:
            colors = self._largest - colors.astype(np.float64)
            colors = _round(colors[..., :3] * colors[..., 3:] / self._largest, self.stored)
        if self._scaling is not None:
            scales, offsets = self._scaling[:, np.array(self.numbers) - 1]
            colors = (colors * scales + offsets).astype(np.result_type(self.stored, np.float32))
        return colors

    @property
    def n_channels(self) -> int:
        """Number of channels, as they are read."""
        return int(self._sample.shape[-1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the channels, as they are read."""
        return self._sample.dtype

    def check_alike(self, first: "Bands") -> None:
        """Refuse bands that do not fit to those of the first dataset."""
        name, other = self.layer.name, first.layer.name
        if self.size != first.size:
            has, needs = (" × ".join(map(str, size[::-1])) for size in (self.size, first.size))
            raise ValueError(f"{name} has {has} pixels, but {other} has {needs}")
        if self.stored != first.stored:
            raise ValueError(f"{name} holds {self.stored}, but {other} holds {first.stored}")
        if not self.georeference.is_near(first.georeference):
            raise ValueError(f"{name} lies elsewhere on the map than {other}")


def _read(dataset: _Dataset, bands: list[int], where: Window | tuple[int, int], *, masks: bool = False) -> NDArray[Any]:
    """Bands of a dataset, or their masks, (height, width, n_bands), in a window, or all in a smaller shape."""
    # Zeros, since GDAL leaves out what it cannot decode of some files.
    window, shape = (where, (where.height, where.width)) if isinstance(where, Window) else (None, where)
    numbers = np.zeros((*shape, len(bands)), np.uint8 if masks else np.result_type(*dataset.dtypes))
    (dataset.read_masks if masks else dataset.read)(bands, window=window, out=np.moveaxis(numbers, -1, 0))
    return numbers


def _georeference_of(dataset: _Dataset) -> Georeference:
    has_transform = dataset.has_transform and dataset.transform != Affine.identity()
    transform = dataset.transform if has_transform else None
    is_point = dataset.tags().get("AREA_OR_POINT") == "Point"
    try:
        points, system = dataset.gcps
        return Georeference(dataset.crs or system, transform, tuple(points), dataset.rpcs, is_point)
    except (ValueError, RasterioError) as error:
        warn(f"The coordinate system or the RPCs of {dataset.name!r} are broken and ignored: {error}")
        return Georeference(transform=transform, is_point=is_point)


def _no_data_of(dataset: _Dataset) -> list[float | None]:
    """The nodata value of each band. Of the largest integer of 64 bits, rasterio gives a rounded float, or None."""
    limits = [np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else None for dtype in dataset.dtypes]
    bands = zip(dataset.nodatavals, dataset.mask_flag_enums, limits, strict=True)
    return [
        largest if largest and MaskFlags.nodata in flags and no_data in (None, float(largest)) else no_data
        for no_data, flags, largest in bands
    ]


def _palette_of(dataset: _Dataset) -> NDArray[np.uint8] | None:
    """The colors of the numbers from 0, (n_numbers, 4); None for black and white, which need none."""
    try:
        colors = dataset.colormap(1)
    except ValueError:  # there is none, whatever the file says
        return None
    palette = np.zeros((max(colors) + 1, 4), dtype=np.uint8)
    palette[list(colors)] = list(colors.values())
    return None if np.array_equal(palette, _BLACK_AND_WHITE) else palette


def _round(colors: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    return (np.rint(colors) if dtype.kind == "u" else colors).astype(dtype)
