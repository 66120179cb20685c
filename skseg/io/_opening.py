"""Which images a file holds, and who decodes them: Pillow, or GDAL if Pillow would leave out bits or a georeference."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._pillow import PillowFile, survey
from ._stored import Layer, NeedsRasterioError, Stored, check_size, is_too_large
from ._tiff import find_images, is_tiff

if TYPE_CHECKING:
    from ._rasters import RasterFile

_GEOREFERENCED = re.compile(rb"<(GeoTransform|SRS|GCPList|NoDataValue)\b")  # in a file *.aux.xml of GDAL


@lru_cache(maxsize=64)
def open_file(
    paths: tuple[str, ...],
    page: int | None,
    bands: tuple[int, ...] | str | None,
    is_scaled: bool,
    states: tuple[object, ...],
    _limit: int | None,
) -> PillowFile | RasterFile:
    """An image with what its header tells, which is read once while the files do not change."""
    images = [images_of(*each) for each in zip(paths, states, strict=True)]
    image = _stacked(paths, images, bands) if len(paths) > 1 or bands == "pages" else _chosen(images[0], page)
    if image.problem:
        raise ValueError(image.problem)
    chosen = None if bands is None or isinstance(bands, str) else bands
    if image.is_plain and not is_too_large(image.n_pixels):
        return PillowFile(paths[0], image.page, chosen)
    if image.is_plain and find_spec("rasterio") is None:  # GDAL would read it some rows at a time
        check_size(image.n_pixels)
    raster: RasterFile = _rasters().RasterFile(image.layers, chosen, image.orientation, is_scaled)
    return raster


def _stacked(paths: Sequence[str], images: Sequence[Sequence[Stored]], bands: object) -> Stored:
    """The images of all files as one."""
    for path, found in zip(paths, images, strict=True):
        if len(found) > 1 and bands != "pages":
            raise ValueError(f"{path!r} has {len(found)} pages, but bands are files of one image")
    every = list(chain.from_iterable(images))
    if not all(image.layers for image in every):
        raise ValueError("its pages cannot be bands")
    layers = tuple(chain.from_iterable(image.layers for image in every))
    problem = next(filter(None, (image.problem for image in every)), "")
    return Stored(layers, orientation=every[0].orientation, problem=problem)


def _chosen(images: Sequence[Stored], page: int | None) -> Stored:
    if page is None and len(images) > 1:
        raise ValueError(f"it has {len(images)} pages; choose one, or take them all: ImageFile(path).pages()")
    if page is not None and not 0 <= page < len(images):
        raise ValueError(f"page must be from 0 to {len(images) - 1}; got {page} instead")
    return images[page or 0]


@lru_cache(maxsize=64)
def images_of(path: str, _state: object) -> list[Stored]:
    """The images of a file, and who decodes them: Pillow, unless it would leave out bits, or the georeference."""
    whole, name, has_companions = str(Path(path).absolute()), Path(path).stem, _has_companions(path)
    if is_tiff(path):
        found = find_images(path)
        found = [image._replace(is_plain=False) for image in found] if has_companions else found
    else:
        n_pages, has_all_bits, may_have_georeference, orientation = survey(path)
        found = [Stored(page=page, is_plain=True) for page in range(n_pages)]
        if n_pages == 1:
            found = [Stored((Layer(whole, name),), is_plain=True)]
        if has_companions or may_have_georeference or not found or not has_all_bits:
            try:
                datasets = _rasters().datasets_of(whole)
            except Exception as error:
                may_have_georeference = may_have_georeference and isinstance(error, NeedsRasterioError)
                if has_companions or may_have_georeference or not found:
                    raise
            else:
                found = [Stored((Layer(dataset, name),), orientation=orientation) for dataset in datasets]
    if not found:
        raise ValueError("it holds no image")
    return found


def _rasters() -> Any:
    """The module that reads rasters; it imports rasterio."""
    try:
        from . import _rasters  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NeedsRasterioError("Pillow does not read it, or not all of it") from error
    return _rasters


def state_of(path: str) -> tuple[tuple[str, int, int], ...]:
    """The file and the files beside it that tell its georeference or its mask, with their times and sizes."""
    states = ((file, os.stat(file)) for file in (path, *beside(path)))  # noqa: PTH116
    return tuple((file, state.st_mtime_ns, state.st_size) for file, state in states)


def _has_companions(path: str) -> bool:
    """Whether files beside an image tell its georeference, its mask or its nodata value."""
    companions = map(Path, beside(path))
    return any(not file.name.endswith(".aux.xml") or _GEOREFERENCED.search(file.read_bytes()) for file in companions)


def beside(path: str) -> list[str]:
    """The files beside an image that GDAL reads: its statistics and georeference, its mask, its world file."""
    stem, suffix = os.path.splitext(path)  # noqa: PTH122
    worlds = {f"{suffix}w", f"{suffix[:2]}{suffix[-1:]}w", ".wld"} if len(suffix) > 1 else {".wld"}
    worlds |= {world.upper() for world in worlds}
    files = [f"{path}.aux.xml", f"{path}.msk", *(stem + world for world in sorted(worlds))]
    return list(filter(os.path.exists, files))  # False for a name that is too long
