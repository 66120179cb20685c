"""TileKFold: folds of one image that are tiles, not blocks of rows."""

from collections.abc import Iterator
from math import gcd, prod
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_scalar

from ._images import SingleImage, open_images


class TileKFold:
    """Cross-validation folds of one image, cut into tiles.

    With `KFold`, the folds of an image are blocks of rows, which show different content, such as sky and ground.
    `TileKFold` cuts the image into many tiles. The tiles of a fold are scattered over the image, and neighboring tiles
    belong to different folds. Use it as ``cv`` in scikit-learn's searches, for an image, a masked image or a stack,
    with or without a true label map.

    The estimator gets the folds as pixel tables ``(n_pixels, n_channels)``, since scattered tiles are not an image.
    Apply filters that need neighbors, such as a median filter, beforehand. Neighboring pixels are similar, so folds
    depend on each other at tile borders; fewer, larger tiles have shorter borders.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.

    n_tiles : tuple of two int, default=(8, 8)
        Number of tiles, vertically and horizontally.

    image_shape : tuple of two int or None, default=None
        Height and width of the image if X is its pixel table, ``image.reshape(-1, n_channels)``. Tools that index the
        rows of X themselves need this form: `HalvingGridSearchCV`, `learning_curve`, `cross_val_predict`.

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

    def __init__(
        self, n_splits: int = 5, *, n_tiles: tuple[int, int] = (8, 8), image_shape: tuple[int, int] | None = None
    ) -> None:
        check_scalar(n_splits, "n_splits", Integral, min_val=2)
        pairs: dict[str, object] = {"n_tiles": n_tiles, "image_shape": (1, 1) if image_shape is None else image_shape}
        for name, pair in pairs.items():
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise ValueError(f"{name} must be two numbers, vertically and horizontally; got {pair} instead.")
            for number in pair:
                check_scalar(number, name, Integral, min_val=1)
        self.n_splits = n_splits
        self.n_tiles = n_tiles
        self.image_shape = image_shape
        if n_tiles[0] * n_tiles[1] < n_splits:
            raise ValueError(f"n_tiles must be two numbers that make at least {n_splits} tiles; got {n_tiles} instead.")

    def split(
        self, X: ArrayLike, y: object = None, groups: object = None
    ) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Generate the training and test pixels of each fold.

        Parameters
        ----------
        X : image of shape (height, width, n_channels) or stack of shape (..., height, width, n_channels)
            The image; with `image_shape`, its pixel table.

        y : None
            Ignored.

        groups : None
            Ignored.

        Yields
        ------
        train, test : ndarray of bool, shape of X without channels
            Masks: ``X[train]`` is the pixel table to fit, ``X[test]`` the pixel table to score. With `image_shape`, row
            indices of X instead, ndarray of int.

        Raises
        ------
        ValueError
            If X is not a single image, is too small for the number of tiles, or if all pixels of a fold are masked.

        TypeError
            If X is not a NumPy array: other arrays cannot be indexed by a mask of pixels.
        """
        shape = self._find_shape(X)
        fold = np.broadcast_to(self._folds(*shape[-2:]), shape)
        if self.image_shape is not None:
            fold = fold.ravel()
        if isinstance(X, np.ma.MaskedArray):
            n_pixels = np.bincount(fold[~np.ma.getmaskarray(X).any(axis=-1)], minlength=self.n_splits)
            if not n_pixels.all():
                raise ValueError(
                    f"All pixels of fold {n_pixels.argmin()} are masked; use fewer n_splits, or more n_tiles."
                )
        for number in range(self.n_splits):
            test = fold == number
            yield (~test, test) if self.image_shape is None else (np.flatnonzero(~test), np.flatnonzero(test))

    def _find_shape(self, X: ArrayLike) -> tuple[int, ...]:
        """The shape of the image without channels."""
        if self.image_shape is not None:
            shape = np.shape(X)
            if len(shape) != 2 or shape[0] != prod(self.image_shape):
                raise ValueError(
                    f"X must be a pixel table with one row for each pixel of image_shape={self.image_shape}; "
                    f"got the shape {shape} instead."
                )
            return self.image_shape
        images = open_images(X)
        if not isinstance(images, SingleImage) or len(images.shape) < 3:
            raise ValueError(
                "X must be one image (height, width, n_channels) to be cut into tiles. For a list of images, use "
                "KFold. For a pixel table, pass image_shape."
            )
        if not isinstance(X, np.ndarray):
            raise TypeError(
                f"X must be a NumPy array to be cut into tiles; got {type(X).__name__}. "
                "Use np.asanyarray(X), with the channels last."
            )
        return images.shape[:-1]

    def _folds(self, height: int, width: int) -> NDArray[np.unsignedinteger[Any]]:
        """The fold of each pixel, (height, width); none is empty."""
        if height < self.n_tiles[0] or width < self.n_tiles[1]:
            raise ValueError(f"X must have at least n_tiles={self.n_tiles} pixels; got {(height, width)} instead.")
        row, column = (np.arange(length) * n // length for length, n in zip((height, width), self.n_tiles, strict=True))
        # Few tiles a side are dealt out one by one; else every row, or every column, of tiles holds all folds.
        shift = self.n_tiles[1] if max(self.n_tiles) < self.n_splits else _stride(self.n_splits)
        tiles = (shift * np.arange(self.n_tiles[0])[:, np.newaxis] + np.arange(self.n_tiles[1])) % self.n_splits
        return np.asarray(tiles.astype(np.min_scalar_type(self.n_splits))[:, column][row])

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Get the number of folds.

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
        image_shape = "" if self.image_shape is None else f", image_shape={self.image_shape}"
        return f"TileKFold(n_splits={self.n_splits}, n_tiles={self.n_tiles}{image_shape})"


def _stride(n_splits: int) -> int:
    """By how much the folds of a row of tiles are shifted against the row above: a knight's move for five folds.

    It has no divisor in common with the number of folds, so a column of tiles contains all folds, too.
    """
    return next(stride for stride in range(max(1, round(0.4 * n_splits)), 0, -1) if gcd(stride, n_splits) == 1)
