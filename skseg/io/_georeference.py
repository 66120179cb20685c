"""The georeference of a raster."""

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import numpy as np
import rasterio
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.rpc import RPC
from tifffile import TiffFile

from ._tiff import GEOREFERENCE


@dataclass(frozen=True)
class Georeference:
    """The place of a raster on the map.

    Attributes
    ----------
    crs : the coordinate system, or None
    transform : from column and row to x and y; None if there are ground control points or RPCs instead
    gcps, rpcs : these, () or None
    is_point : whether coordinates are those of the centers of pixels, for other programs
    """

    crs: CRS | None = None
    transform: Affine | None = None
    gcps: tuple[GroundControlPoint, ...] = ()
    rpcs: RPC | None = None
    is_point: bool = False

    def __bool__(self) -> bool:
        return any([self.crs, self.transform, self.gcps, self.rpcs])

    @cached_property
    def epsg(self) -> int | None:
        """EPSG code of the coordinate system, or None."""
        return None if self.crs is None else self.crs.to_epsg()

    @property
    def pixel_area(self) -> float | None:
        """Area of a pixel in square units of the coordinates; None if it is unknown, or differs from row to row."""
        if self.transform is None or (self.crs is not None and self.crs.is_geographic):
            return None
        return float(abs(self.transform.determinant))

    def is_near(self, other: "Georeference") -> bool:
        """Whether the coordinate system is the same, and the transform but for rounding."""
        if self.transform is None or other.transform is None:
            return (self.crs, self.transform) == (other.crs, other.transform)
        return self.crs == other.crs and bool(np.allclose(self.transform, other.transform, rtol=1e-9, atol=1e-9))

    def tags(self) -> list[tuple[Any, ...]]:
        """The tags of GeoTIFF, as `tifffile.imwrite` takes them."""
        georeference = {"crs": self.crs, "transform": self.transform, "gcps": self.gcps, "rpcs": self.rpcs}
        given = {name: value for name, value in georeference.items() if value}
        options = {"GDAL_PAM_ENABLED": "NO"}
        if self.is_point and self.gcps:  # GDAL adds half a pixel when it reads them, and when it writes them
            given["gcps"] = [GroundControlPoint(p.row - 0.5, p.col - 0.5, p.x, p.y, p.z) for p in self.gcps]
            options["GTIFF_POINT_GEO_IGNORE"] = "YES"
        with rasterio.Env(**options), MemoryFile() as memory:
            with memory.open(driver="GTiff", width=1, height=1, count=1, dtype="uint8", **given) as dataset:
                dataset.update_tags(AREA_OR_POINT="Point" if self.is_point else "Area")
            with TiffFile(BytesIO(memory.read())) as file:
                tags = [tag for tag in file.pages[0].tags if tag.code in GEOREFERENCE]
        values = [tag.value.encode() if isinstance(tag.value, str) else tag.value for tag in tags]
        return [(tag.code, tag.dtype, tag.count, value, True) for tag, value in zip(tags, values, strict=True)]

    def __str__(self) -> str:
        if self.epsg is not None:
            return f"EPSG:{self.epsg}"
        return "coordinates" if self.crs is None else self.crs.to_wkt().split('"')[1]
