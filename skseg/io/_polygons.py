"""Write the outlines of label maps as GeoJSON, for GIS and image viewers."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._images import open_label_map
from .._limits import LIMITS
from .._regions.outlines import Outlines
from ._atomic import naming, written_whole
from ._results import as_palette
from ._shapes import check_outlined, check_tolerance, shapes

_MISSING = ("NaT", "<NA>")  # as dates, and numbers of pandas, are printed
_LONGEST_HEAD = 4096  # bytes of the first line
# A point after another in a ring, in the ring before, in the polygon before; and the first one.
_POINT = np.array(["],[%r,%r", "]],[[%r,%r", "]]],[[[%r,%r", "%r,%r"], dtype=object)


def save_polygons(
    label_map: ArrayLike,
    path: str | PathLike[str],
    colors: ArrayLike | None = None,
    *,
    properties: Mapping[str, Any] | None = None,
    transform: Sequence[float] | None = None,
    crs: int | str | None = None,
    simplify: float = 0,
) -> None:
    """Write the outlines of labels as polygons in a GeoJSON file.

    Each label that occurs is one Feature: a Polygon, or a MultiPolygon if the label has several connected parts. Pixels
    are connected if they share a side. By default, outlines follow the sides of pixels, so the polygons cover the
    labeled pixels exactly, including holes. All polygons are valid by the rules of the OGC, even where outlines touch
    at a corner. Masked pixels and negative labels are left out.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width)
        Label map, optionally masked, as returned by `RegionSegmenter.predict` or `KMeansSegmenter.predict`.

    path : str or path
        Path of the file, ``*.geojson`` or ``*.json``. An existing file is replaced when the new one is complete.

    colors : array-like of shape (n_labels, n_channels), default=None
        Color of each label, such as `palette_` of a segmenter, as in `save_labels`.

    properties : mapping of str to array-like, or DataFrame, default=None
        Columns of a table to write as properties, such as the result of `skseg.region_table`. The column ``"label"``
        contains the label of each row. Numbers that are not finite become null, and dates become text.

    transform : sequence of 6 numbers, default=None
        Transform from pixels to map coordinates: ``(a, b, c, d, e, f)``, or an `Affine` of rasterio. The upper left
        corner of a pixel has the coordinates ``x = a * column + b * row + c`` and ``y = d * column + e * row + f``. By
        default, the coordinates are columns and rows, from (0, 0) in the upper left corner of the image.

    crs : int or str, default=None
        Coordinate system of the map: an EPSG code, or a name such as ``"urn:ogc:def:crs:OGC:1.3:CRS84"``.

    simplify : float, default=0
        Tolerance in pixels: the square root of the area that a removed corner may change, as in
        `shapely.coverage_simplify`, from the extra ``shapes``. Borders are simplified once for both neighbors, so
        polygons neither overlap nor leave gaps. Steps of pixels disappear from 1 on. By default, outlines are exact.

    Raises
    ------
    ValueError
        If the label map is not a two-dimensional array of integers, if a label has no color or no row of properties, if
        `path` has another suffix, if `transform` is not invertible, or if `simplify` is negative.

    ModuleNotFoundError
        If shapely, which `simplify` needs, is not installed.

    See Also
    --------
    skseg.region_table : Measure each label.

    Notes
    -----
    Each Feature has the properties ``label`` and ``area``, the number of pixels. With `colors`, it also has ``color``,
    three numbers from 0 to 255, for QuPath, and ``fill``, the hex code, as in simplestyle.

    Exterior rings run counterclockwise in the coordinates of the file, as required by RFC 7946. This standard also
    requires longitudes and latitudes in WGS 84. `crs` is written as the member "crs" of the earlier GeoJSON 2008, which
    GDAL and QGIS read. For other programs, transform the file with ``ogr2ogr -t_srs EPSG:4326``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skimage.data import coffee
    >>> from skseg import RegionSegmenter, io, region_table
    >>> regions = RegionSegmenter(n_regions=4).fit_predict(coffee())
    >>> with TemporaryDirectory() as folder:
    ...     io.save_polygons(regions, f"{folder}/regions.geojson", properties=region_table(regions, coffee()))
    """
    with open_polygons(path, crs) as add:
        add(label_map, colors=colors, properties=properties, transform=transform, simplify=simplify)


@contextmanager
def open_polygons(
    path: str | PathLike[str], crs: int | str | None = None, *, comment: str = ""
) -> Iterator[Callable[..., None]]:
    """Open a new file, and yield the function that adds a label map, with the other parameters of `save_polygons`.

    If a write fails, as on a full disk, the new file is removed at the end, even if the caller handles the error.
    """
    if Path(path).suffix.lower() not in (".geojson", ".json"):
        raise ValueError(f"path must end in .geojson or .json; got {Path(path).name!r} instead.")
    head: dict[str, Any] = {"type": "FeatureCollection"} | ({"comment": comment} if comment else {})
    if crs is not None:
        name = crs if isinstance(crs, str) else f"urn:ogc:def:crs:EPSG::{crs}"
        head["crs"] = {"type": "name", "properties": {"name": name}}
    with written_whole(path) as file:
        file.write(json.dumps(head)[:-1].encode() + b', "features": [')
        start, errors = file.tell(), []

        def add(label_map: ArrayLike, **options: Any) -> None:
            before = file.tell()
            with naming(path):
                try:
                    for feature in _features(label_map, **options):
                        file.write(b"\n" if file.tell() == start else b",\n")
                        file.writelines(feature)
                except BaseException as error:  # the file stays one of GeoJSON
                    errors.extend([error] if isinstance(error, OSError) else [])
                    file.seek(before)
                    file.truncate()
                    raise

        yield add
        if errors:
            raise errors[0]
        file.write(b"\n]}\n")


def read_polygons_comment(path: Path) -> str:
    """The comment in the first line of a file of `open_polygons`, or ""."""
    try:
        with path.open("rb") as file:
            return str(json.loads(file.readline(_LONGEST_HEAD) + b"]}").get("comment", ""))
    except (ValueError, AttributeError):  # not a file of ours
        return ""


def _features(
    label_map: ArrayLike,
    *,
    colors: ArrayLike | None = None,
    properties: Mapping[str, Any] | None = None,
    transform: Sequence[float] | None = None,
    simplify: float = 0,
) -> Iterator[Iterator[bytes]]:
    """The pieces of the Feature of each label."""
    affine = _as_affine(transform)
    labels, ignored = open_label_map(label_map)
    check_outlined(labels)
    check_tolerance(simplify)
    names, sizes = np.unique(labels[~ignored], return_counts=True)
    columns = _as_columns(properties, names) | _color_columns(colors, names)
    is_mirrored = np.linalg.det(affine[:, :2]) < 0  # y points up
    for rings in shapes(labels, ignored, simplify):
        row = np.searchsorted(names, rings.labels[0])
        known = {"label": names[row].item(), "area": sizes[row].item()}
        known |= {name: column[row] for name, column in columns.items()}
        yield _feature(known, rings.reversed() if is_mirrored else rings, affine)


def _feature(properties: dict[str, Any], rings: Outlines, affine: NDArray[Any]) -> Iterator[bytes]:
    """The pieces of the Feature of a label; each exterior ring begins a polygon."""
    is_exterior = rings.areas > 0
    kind, n_brackets = ("MultiPolygon", 4) if is_exterior.sum() > 1 else ("Polygon", 3)
    yield f'{{"type": "Feature", "properties": {json.dumps(properties, default=str)}, '.encode()
    yield f'"geometry": {{"type": "{kind}", "coordinates": {"[" * n_brackets}'.encode()
    levels = np.zeros(len(rings.points), dtype=np.int8)
    levels[rings.starts[:-1]] = 1 + is_exterior
    levels[0] = 3
    for start in range(0, len(rings.points), LIMITS.written_points):
        points = rings.points[start : start + LIMITS.written_points]
        points = points[:, :1] * affine[:, 0] + points[:, 1:] * affine[:, 1] + affine[:, 2]
        template = "".join(_POINT[levels[start : start + LIMITS.written_points]].tolist())
        yield (template % tuple(points.ravel().tolist())).encode()
    yield b"]" * n_brackets + b"}}"


def _as_affine(transform: Sequence[float] | None) -> NDArray[Any]:
    """The first two rows of the matrix of a transform, (2, 3); integers that keep pixels in place, if there is none."""
    if transform is None:
        return np.eye(2, 3, dtype=np.intp)
    numbers = np.asarray(tuple(transform), dtype=np.float64)
    affine = numbers[:6].reshape(2, 3) if numbers.shape in ((6,), (9,)) else np.zeros((2, 3))
    if not np.isfinite(affine).all() or np.linalg.det(affine[:, :2]) == 0:
        raise ValueError(
            f"transform must hold the 6 numbers (a, b, c, d, e, f) and be invertible; got {transform!r} instead."
        )
    return affine


def _as_columns(properties: Mapping[str, Any] | None, names: NDArray[Any]) -> dict[str, list[Any]]:
    """The properties of the labels that occur, as lists for JSON."""
    if properties is None:
        return {}
    names_of_columns = getattr(properties, "columns", properties)  # of a DataFrame, or a mapping
    table = {str(name): _as_list(properties[name]) for name in names_of_columns}
    row_of = {label: row for row, label in enumerate(table.get("label", []))}
    rows = [row_of.get(label, -1) for label in names.tolist()]
    if -1 in rows or len(set(map(len, table.values()))) > 1:
        raise ValueError(
            "properties must hold columns of one length, among them 'label' with each label of label_map; "
            f"got {', '.join(f'{name!r} of {len(column)}' for name, column in table.items()) or 'none'} instead."
        )
    return {name: [column[row] for row in rows] for name, column in table.items()}


def _as_list(column: Iterable[Any]) -> list[Any]:
    values = column.tolist() if hasattr(column, "tolist") and np.asarray(column).dtype.kind not in "mM" else column
    return list(map(_as_json, values))


def _as_json(value: object) -> object:
    """A value for JSON; None where it is missing."""
    if isinstance(value, np.generic) and value.dtype.kind not in "mM":
        value = value.item()
    if isinstance(value, float):
        return value if isfinite(value) else None
    return None if not isinstance(value, str) and str(value) in _MISSING else value


def _color_columns(colors: ArrayLike | None, names: NDArray[Any]) -> dict[str, list[Any]]:
    """The colors of the labels that occur."""
    if colors is None:
        return {}
    palette = as_palette(colors)
    if len(names) and names.max() >= len(palette):
        raise ValueError(f"colors must hold a color for each label up to {names.max()}; got {len(palette)} instead.")
    return {"color": palette[names].tolist(), "fill": [f"#{bytes(color).hex()}" for color in palette[names]]}
