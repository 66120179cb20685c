"""From a label map to shapes to draw or to write: the outlines of each label, simplified together or as they are."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from .._limits import LIMITS
from .._regions.outlines import Outlines, count_runs, outlines

Mask = NDArray[np.bool_]


def check_tolerance(simplify: float) -> None:
    """Refuse a tolerance that is not a finite number of at least 0, or one that needs a package that is missing."""
    check_scalar(simplify, "simplify", Real, min_val=0)
    if not np.isfinite(simplify):
        raise ValueError(f"simplify must be finite; got {simplify} instead.")
    if simplify:
        try:
            import shapely  # noqa: F401, PLC0415, an extra
        except ModuleNotFoundError as error:
            message = 'simplify needs shapely: python -m pip install "skseg[shapes]"'
            raise ModuleNotFoundError(message, name="shapely") from error


def check_outlined(labels: NDArray[Any]) -> None:
    """Refuse a label map without two dimensions, or without pixels."""
    if labels.ndim != 2 or labels.size == 0:
        raise ValueError(f"label_map must have two dimensions, and pixels; got the shape {labels.shape} instead.")


def shapes(labels: NDArray[Any], ignored: Mask, simplify: float) -> Iterator[Outlines]:
    """The outlines of one label after the other."""
    if simplify:
        yield from _simplified(labels, ignored, simplify).by_label()
        return
    names, n_runs = count_runs(labels, ignored)
    ends = np.flatnonzero(np.diff(np.cumsum(n_runs) // LIMITS.outlined_runs)) + 1
    for some in np.split(names, ends)[: len(names)]:  # labels of about so many runs, or one of more
        yield from outlines(labels, ignored | (labels < some[0]) | (labels > some[-1])).by_label()


def count_points(labels: NDArray[Any], ignored: Mask) -> int:
    """Number of corners of pixels at which an outline turns, or outlines meet."""
    return int(np.count_nonzero(_corners(labels, ignored)[0]))


def _corners(labels: NDArray[Any], ignored: Mask) -> tuple[Mask, Mask]:
    """Corners of pixels at which outlines turn or meet, and those at which they meet, (height + 1, width + 1) each."""
    numbers = np.full(np.add(labels.shape, 2), -2, dtype=np.int64)  # outside of the image
    numbers[1:-1, 1:-1] = np.where(ignored, -1, labels)
    up, down, left, right = numbers[:-1], numbers[1:], slice(None, -1), slice(1, None)
    same_up, same_down = up[:, left] == up[:, right], down[:, left] == down[:, right]
    same_left, same_right = up[:, left] == down[:, left], up[:, right] == down[:, right]
    n_sides = 4 - np.sum([same_up, same_down, same_left, same_right], axis=0, dtype=np.int8)
    is_straight = (n_sides == 2) & ((same_up & same_down) | (same_left & same_right))
    return np.asarray((n_sides > 0) & ~is_straight), np.asarray(n_sides > 2)


def _simplified(labels: NDArray[Any], ignored: Mask, tolerance: float) -> Outlines:
    """The outlines of all labels, whose shared borders are simplified once; the frame of the image stays.

    What is ignored is a shape, too, that is left out at the end, so that its border is simplified like the others.
    """
    import shapely  # noqa: PLC0415, an extra

    none = int(labels[~ignored].max(initial=-1)) + 1
    found = _with_junctions(outlines(np.where(ignored, none, labels), np.zeros_like(ignored)), labels, ignored)
    polygons = np.flatnonzero(found.areas > 0)  # where each begins among the rings
    names, firsts = np.unique(found.labels[polygons], return_index=True)
    offsets = found.starts, np.append(polygons, len(found.areas)), np.append(firsts, len(polygons))
    exact = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, found.points.astype(np.float64), offsets)
    simple = shapely.coverage_simplify(exact, tolerance, simplify_boundary=False)[names != none]
    parts, owners = shapely.get_parts(simple, return_index=True)  # a label of one part is a polygon now
    parts = shapely.orient_polygons(parts, exterior_cw=False)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    points, ring_of = shapely.get_coordinates(rings, return_index=True)
    starts = np.append(0, np.cumsum(np.bincount(ring_of, minlength=len(rings))))
    points = points.astype(np.int32)  # corners are left out, none is moved
    is_exterior = np.diff(part_of, prepend=-1) > 0
    areas = np.where(is_exterior, 1, -1) * shapely.area(shapely.polygons(rings))
    return Outlines(points, starts, names[names != none][owners][part_of], areas)


def _with_junctions(found: Outlines, labels: NDArray[Any], ignored: Mask) -> Outlines:
    """The same rings with a point wherever outlines meet, so that neighbors have the same points along their border."""
    meets = _corners(labels, ignored)[1]
    points = found.points.astype(np.int64)
    begins, ends = points[:-1], points[1:]
    between = []
    for axis in (0, 1):  # places of junctions, ascending along rows, and along columns
        line, length = 1 - axis, meets.shape[1 - axis]
        places = np.flatnonzero(meets if axis == 0 else meets.T)
        runs = (begins[:, line] == ends[:, line]) & (begins[:, axis] != ends[:, axis])
        runs[found.starts[1:-1] - 1] = False  # from one ring to the next
        at = np.flatnonzero(runs)
        first, last = (each[at, line] * length + each[at, axis] for each in (begins, ends))
        low = np.searchsorted(places, np.minimum(first, last), side="right")
        counts = np.maximum(np.searchsorted(places, np.maximum(first, last), side="left") - low, 0)
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        is_back = np.repeat(last < first, counts)
        index = np.repeat(low, counts) + np.where(is_back, np.repeat(counts, counts) - 1 - steps, steps)
        rows, columns = np.divmod(places[index], length)
        added = np.stack([columns, rows] if axis == 0 else [rows, columns], axis=1)
        between.append((np.repeat(at, counts), added))
    after, added = (np.concatenate(each) for each in zip(*between, strict=True))
    order = np.argsort(after, kind="stable")
    n_before = np.searchsorted(after[order], found.starts)  # added points in the rings before
    return found._replace(
        points=np.insert(points, after[order] + 1, added[order], axis=0), starts=found.starts + n_before
    )
