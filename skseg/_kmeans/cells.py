"""Group weighted points into small cells that follow the data, for many starts of k-means on few points.

A grid over the range of the points comes first. Then every cell that holds much of the scatter is halved, again and
again: the cells of dense colors become small, however far away an outlier or a lamp lies. Cells tell where to start;
labels are found for each color, since those of one cell may lie on both sides of a border. Pure NumPy.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_GRID_BITS = 15  # the grid has at most 2**15 cells
_OFFSET = 0.3137  # of the grid; the values of a lattice, such as k / 255, then lie off its bounds
_MAX_EXCESS = 4  # times as many cells as asked for end the halving: tails can be endless
_MAX_ROUNDS = 64  # of halving; a bulk next to one far outlier needs a dozen
_ROUNDING = 1e-9  # relative; numbers that differ by less are equal, so that the unit of the points does not matter
_GONE = np.inf  # the weight of a cell that was halved


class Cells(NamedTuple):
    """The means of cells that are not empty, (n_cells, n_features), their weights, and the scatter within them.

    The scatter is the weighted sum of the squared distances of the points to the mean of their cell. It bounds the
    error: the inertia of any centers on the points exceeds their inertia on the cells by at most the scatter.
    """

    means: Floats
    weights: Floats
    scatter: float


def group(points: Floats, weights: Floats, n_cells: int) -> Cells:
    """Group points of shape (n_points, n_features) into `n_cells` or more cells of nearly equal scatter.

    Cells are halved until none holds more than 1 / `n_cells` of all the scatter. The order of the points matters only
    to rounding.
    """
    columns = np.ascontiguousarray(points.T)
    cells = _grid(columns, n_cells)
    totals, means, scatters = _moments(columns, weights, cells)
    for _ in range(_MAX_ROUNDS):
        if (totals != _GONE).sum() > _MAX_EXCESS * n_cells:
            break
        scatter = scatters.sum(axis=0)
        wide = scatter > scatter.sum() / n_cells
        members = np.flatnonzero(wide[cells])
        axis = (scatters >= (1 - _ROUNDING) * scatters.max(axis=0)).argmax(axis=0)
        chosen = axis, np.arange(len(axis))
        middle = means[chosen] + _ROUNDING * np.sqrt(scatters[chosen] / totals)
        part, part_columns = cells[members], columns[:, members]
        upper = part_columns[axis[part], np.arange(len(part))] > middle[part]
        if not upper.any():
            break
        halves = _without_gaps(2 * part + upper)  # they are new cells, and what was halved is no more
        scatters[:, wide] = 0
        totals[wide] = _GONE
        cells[members] = len(totals) + halves
        found = zip((totals, means, scatters), _moments(part_columns, weights[members], halves), strict=True)
        totals, means, scatters = (np.concatenate(pair, axis=-1) for pair in found)
    left = totals != _GONE
    return Cells(means.T[left], totals[left], float(scatters.sum()))


def _grid(columns: Floats, n_cells: int) -> NDArray[np.int32]:
    """The cell of each point in the finest grid of cubes of which not many more than `n_cells` are occupied."""
    low, high = columns.min(axis=1), columns.max(axis=1)
    for bits in range(_GRID_BITS // len(columns), 0, -1):
        levels = 1 << bits
        width = (high - low).max() / (levels - 1)
        if width == 0:
            break
        cells = np.zeros(columns.shape[1], dtype=np.int32)
        for column, least in zip(columns, low, strict=True):
            cells *= levels
            cells += ((column - least) / width + _OFFSET).astype(np.int32)
        cells = _without_gaps(cells)
        if cells.max() < 2 * n_cells:
            return cells
    return np.zeros(columns.shape[1], dtype=np.int32)


def _moments(columns: Floats, weights: Floats, cells: NDArray[np.int32]) -> tuple[Floats, Floats, Floats]:
    """Weight of each cell, and mean and weighted sum of squared deviations of each feature, (n_features, n_cells)."""
    totals = np.bincount(cells, weights).astype(np.float64, copy=False)
    means = np.empty((len(columns), len(totals)))
    scatters = np.empty_like(means)
    for column, mean, scatter in zip(columns, means, scatters, strict=True):
        mean[:] = np.bincount(cells, weights * column) / totals
        offsets = column - mean.take(cells)
        offsets *= offsets
        offsets *= weights
        scatter[:] = np.bincount(cells, offsets)
    return totals, means, scatters


def _without_gaps(cells: NDArray[np.int32]) -> NDArray[np.int32]:
    """The same cells, numbered from 0 without gaps."""
    occupied = np.zeros(cells.max(initial=0) + 1, dtype=bool)
    occupied[cells] = True
    return (np.cumsum(occupied, dtype=np.int32) - np.int32(1)).take(cells)
