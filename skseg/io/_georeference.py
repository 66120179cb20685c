"""The georeference of a TIFF file: its tags and their meaning (GeoTIFF 1.1, OGC 19-008r4)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from tifffile import TiffPage

_SCALE, _TIE_POINTS, _MATRIX, _KEYS, _DOUBLES, _TEXTS, _RPC = 33550, 33922, 34264, 34735, 34736, 34737, 50844
_FORMATS = {_SCALE: "d", _TIE_POINTS: "d", _MATRIX: "d", _KEYS: "H", _DOUBLES: "d", _TEXTS: "s", _RPC: "d"}
_NO_DATA = 42113  # GDAL's tag of the nodata value
_MODEL_TYPE, _RASTER_TYPE, _GEOGRAPHIC, _PROJECTED = 1024, 1025, 2048, 3072  # keys
_IS_PROJECTED, _IS_GEOGRAPHIC, _PIXEL_IS_POINT, _LAST_CODE = 1, 2, 2, 32766  # values of keys

Tag = tuple[int, str, int, Any, bool]  # as `tifffile.imwrite` takes it
Transform = tuple[float, float, float, float, float, float]


@dataclass(frozen=True)
class Georeference:
    """The georeference of a raster.

    Attributes
    ----------
    tags : TIFF tags to write to another file
    transform : a, b, c, d, e, f as in rasterio's `Affine`: x = a · column + b · row + c, y = d · column + e · row + f,
        from the corner of the first pixel; None if the file has ground control points or RPCs instead
    epsg : EPSG code of the coordinate system, or None
    is_geographic : whether coordinates are angles
    """

    tags: tuple[Tag, ...]
    transform: Transform | None
    epsg: int | None
    is_geographic: bool

    @property
    def system(self) -> tuple[Any, ...]:
        """The coordinate system, for comparisons: its code, or the tags that describe it."""
        described = [tag for tag in self.tags if tag[0] in (_KEYS, _DOUBLES, _TEXTS)]
        return (self.epsg,) if self.epsg is not None else tuple(described)

    @property
    def pixel_area(self) -> float | None:
        """Area of a pixel in square units of the coordinates; None if it is unknown, or differs from row to row."""
        if self.transform is None or self.is_geographic:
            return None
        a, b, _, d, e, _ = self.transform
        return abs(a * e - b * d)


def georeference_of(page: TiffPage) -> Georeference | None:
    """The georeference of a page; None if it has none, or a broken one."""
    values = {tag.code: tag.value for tag in page.tags if tag.code in _FORMATS}
    if not {_SCALE, _TIE_POINTS, _MATRIX, _KEYS, _RPC}.intersection(values):
        return None
    try:
        keys = _read_keys(values.get(_KEYS, ()))
        transform = _read_transform(values, is_point=keys.get(_RASTER_TYPE) == _PIXEL_IS_POINT)
        tags = tuple(_tag(code, value) for code, value in sorted(values.items()))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    model_type = keys.get(_MODEL_TYPE, _IS_PROJECTED if _PROJECTED in keys else _IS_GEOGRAPHIC)
    code = keys.get({_IS_PROJECTED: _PROJECTED, _IS_GEOGRAPHIC: _GEOGRAPHIC}.get(model_type, 0), 0)
    return Georeference(tags, transform, code if 0 < code <= _LAST_CODE else None, model_type == _IS_GEOGRAPHIC)


def no_data_of(page: TiffPage) -> float | None:
    """The nodata value of a page, exact for integers of 64 bits, or None."""
    tag = page.tags.get(_NO_DATA)
    text = "" if tag is None else str(tag.value).strip("\x00 ")
    try:
        number = float(text) if text else None
    except ValueError:
        raise ValueError(f"its nodata value is {text[:20]!r}") from None
    is_exact = number is None or not number.is_integer() or abs(number) > 1 << 64
    return number if is_exact else int(Decimal(text))


def no_data_tag(number: float) -> Tag:
    """The tag of the nodata value."""
    return _NO_DATA, "s", 0, str(number), True


def _tag(code: int, value: object) -> Tag:
    """A tag to write; one number comes without a tuple."""
    if _FORMATS[code] == "s":
        return code, "s", 0, value if isinstance(value, bytes) else str(value).encode("utf-8"), True
    numbers = np.atleast_1d(np.asarray(value, dtype=_FORMATS[code]))
    return code, _FORMATS[code], len(numbers), tuple(numbers.tolist()), True


def _read_keys(directory: ArrayLike) -> dict[int, int]:
    """The geo-keys whose values are numbers in the directory itself."""
    entries = np.asarray(directory, dtype=np.int64)[4:]
    entries = entries[: len(entries) // 4 * 4].reshape(-1, 4)
    return {key: value for key, location, _, value in entries.tolist() if location == 0}


def _read_transform(values: dict[int, Any], *, is_point: bool) -> Transform | None:
    """The transform from column and row to x and y. As in GDAL, rows lead down whatever the sign of their scale."""
    scale, points, matrix = (np.asarray(values.get(code, ()), dtype=float) for code in (_SCALE, _TIE_POINTS, _MATRIX))
    if scale.size >= 2 and points.size >= 6 and scale[:2].all():
        a, b, d, e = scale[0], 0.0, 0.0, -abs(scale[1])
        c, f = points[3] - points[0] * a, points[4] - points[1] * e
    elif matrix.size == 16:
        a, b, c, d, e, f = matrix[[0, 1, 3, 4, 5, 7]]
    else:
        return None
    if is_point:  # coordinates are those of the centers of pixels
        c, f = c - (a + b) / 2, f - (d + e) / 2
    transform = tuple(map(float, (a, b, c, d, e, f)))
    return transform if np.isfinite(transform).all() else None  # type: ignore[return-value]
