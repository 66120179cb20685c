"""Grid: the blocks of pixels in which an image is looked at as if it had the usual size.

A large image is looked at from farther away, so that a photo and its thumbnail look the same.
"""

from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

USUAL_PIXELS = 481 * 321  # of an image that sizes of windows are given for


class Grid(NamedTuple):
    """Blocks of nearly equal size. They lie in the same way in a mirrored or rotated image.

    Attributes
    ----------
    rows, columns : edges of the blocks, (n_rows + 1,) and (n_columns + 1,)
    larger : side of the image in blocks, relative to an image of usual size
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    larger: float

    @classmethod
    def fine(cls, shape: tuple[int, ...]) -> Self:
        """Single pixels, or in an image of at least twice the usual side as many pixels as keep it below that."""
        return cls._of(shape, max(1, int(larger(shape))))

    @classmethod
    def coarse(cls, shape: tuple[int, ...]) -> Self:
        """Blocks of two by two pixels in an image of usual size."""
        return cls._of(shape, max(1.0, 2 * larger(shape)))

    @classmethod
    def _of(cls, shape: tuple[int, ...], step: float) -> Self:
        return cls(_edges(shape[0], step), _edges(shape[1], step), larger(shape) / step)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and of columns of blocks."""
        return len(self.rows) - 1, len(self.columns) - 1

    def blocks(self) -> NDArray[np.int32]:
        """Number of the block of each pixel, (height, width)."""
        n_rows, n_columns = self.shape
        return self.grow(np.arange(n_rows * n_columns, dtype=np.int32).reshape(n_rows, n_columns))

    def shrink(self, plane: Plane) -> Plane:
        """Mean of each block."""
        if self.shape == plane.shape:
            return plane
        heights, widths = np.diff(self.rows), np.diff(self.columns)
        sums = np.add.reduceat(np.add.reduceat(plane, self.rows[:-1], axis=0), self.columns[:-1], axis=1)
        return np.asarray(sums / np.outer(heights, widths).astype(np.float32))

    def grow(self, blocks: NDArray[Any]) -> NDArray[Any]:
        """The value of its block at each pixel."""
        if self.shape == (self.rows[-1], self.columns[-1]):
            return blocks
        return np.repeat(np.repeat(blocks, np.diff(self.rows), axis=0), np.diff(self.columns), axis=1)


def larger(shape: tuple[int, ...]) -> float:
    """The side of an image relative to that of an image of usual size."""
    return float(np.sqrt(shape[0] * shape[1] / USUAL_PIXELS))


def _edges(length: int, step: float) -> NDArray[np.intp]:
    """Edges of blocks of about `step` pixels: an odd number of blocks, or each pixel, so that they can be mirrored."""
    n_blocks = length if step == 1 else min(length, nearest_odd(length / step))
    edges = np.arange(n_blocks + 1) * length // n_blocks
    half = n_blocks // 2 + 1
    edges[half:] = length - edges[: n_blocks + 1 - half][::-1]
    return edges


def nearest_odd(number: float) -> int:
    """The odd number that is nearest, at least 1."""
    return max(1, 2 * round((number - 1) / 2) + 1)
