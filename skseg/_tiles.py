"""TileKFold: folds of one image that are tiles, not bands of rows."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from ._images import is_sequence


class TileKFold:
    """Cross-validation folds of one image, cut into tiles.

    `KFold` cuts an image into bands of rows, such as the sky and the ground, which hold different things. Here the
    image is cut into many tiles, and those of a fold lie scattered all over it: next to each other lie tiles of
    different folds. Usable as ``cv=`` for an image, a masked image or a stack, with a true label map or without.

    The parts come to the estimator as pixel tables ``(n_pixels, n_channels)``, since tiles that lie apart are no image:
    a step that looks at neighbors, such as a median filter, must be done before. Neighboring pixels are alike, so those
    at the borders of tiles have near relatives in other folds; fewer, larger tiles have fewer of them.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.

    n_tiles : tuple of two int, default=(8, 8)
        Number of tiles, from top to bottom and from left to right.

    See Also
    --------
    sklearn.model_selection.KFold : For lists of images.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from sklearn.model_selection import cross_val_score
    >>> from skseg import KMeansSegmenter, TileKFold
    >>> cross_val_score(KMeansSegmenter(3, random_state=0), coffee(), cv=TileKFold(4)).shape
    (4,)

    The folds of a small image:

    >>> import numpy as np
    >>> fold = np.zeros((5, 5), dtype=int)
    >>> for number, (_, test) in enumerate(TileKFold(5, n_tiles=(5, 5)).split(np.zeros((5, 5, 3)))):
    ...     fold[test] = number
    >>> fold
    array([[0, 1, 2, 3, 4],
           [2, 3, 4, 0, 1],
           [4, 0, 1, 2, 3],
           [1, 2, 3, 4, 0],
           [3, 4, 0, 1, 2]])
    """

    def __init__(self, n_splits: int = 5, *, n_tiles: tuple[int, int] = (8, 8)) -> None:
        check_scalar(n_splits, "n_splits", Integral, min_val=2)
        for number in n_tiles:
            check_scalar(number, "n_tiles", Integral, min_val=1)
        self.n_splits = n_splits
        self.n_tiles = n_tiles
        if len(n_tiles) != 2 or n_tiles[0] * n_tiles[1] < n_splits:
            raise ValueError(f"n_tiles must be two numbers that make at least {n_splits} tiles; got {n_tiles} instead.")

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Where the pixels of the training and of the test set of each fold lie.

        Parameters
        ----------
        X : image of shape (height, width, n_channels) or stack of shape (..., height, width, n_channels)
            The image.

        y : None
            Ignored.

        groups : None
            Ignored.

        Yields
        ------
        train, test : ndarray of bool, shape of X without channels
            Masks: ``X[train]`` is the table of the pixels to fit, ``X[test]`` that of those to score.

        Raises
        ------
        ValueError
            If X is not one image, or too small for as many tiles.
        """
        shape: tuple[int, ...] = () if is_sequence(X) else np.shape(X)[:-1]
        if len(shape) < 2:
            raise ValueError(
                "X must be one image (height, width, n_channels) to be cut into tiles; for a list of images use KFold."
            )
        if shape[-2] < self.n_tiles[0] or shape[-1] < self.n_tiles[1]:
            raise ValueError(f"X must have at least n_tiles={self.n_tiles} pixels; got {shape[-2:]} instead.")
        row, column = (np.arange(length) * n // length for length, n in zip(shape[-2:], self.n_tiles, strict=True))
        fold = (_stride(self.n_splits) * row[:, np.newaxis] + column) % self.n_splits
        for number in range(self.n_splits):
            test = np.broadcast_to(fold == number, shape).copy()
            yield ~test, test

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Number of folds.

        Parameters
        ----------
        X : None
            Ignored.

        y : None
            Ignored.

        groups : None
            Ignored.

        Returns
        -------
        n_splits : int
            Number of folds.
        """
        return self.n_splits

    def __repr__(self) -> str:
        return f"TileKFold(n_splits={self.n_splits}, n_tiles={self.n_tiles})"


def _stride(n_splits: int) -> int:
    """By how much the folds of a row of tiles are shifted against the row above: a knight's move for five folds.

    It has no divisor in common with the number of folds, so that a column of tiles holds all of them too.
    """
    return next(stride for stride in range(max(1, round(0.4 * n_splits)), 0, -1) if gcd(stride, n_splits) == 1)
