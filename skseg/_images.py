"""What X may be, tables, images, stacks, and sequences of them, as rows of pixels, and results back in X's shape.

The last axis is channels, every other axis is pixels; a mask says which pixels take no part. Knows no clustering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from itertools import repeat
from os import PathLike
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed

_RUNS = 16  # runs of images for each worker: enough to keep all busy to the end
_MOST = float(np.finfo(np.float64).max)
_PLAIN_MODES = ("1", "L", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")


class NoPixelsError(ValueError):
    """No pixel counts: all are masked or have weight 0."""


@dataclass(frozen=True)
class Pixels:
    """One table or image as rows of pixels.

    Attributes
    ----------
    rows : what stands for the pixels, two-dimensional; for a table, X itself; masked pixels are left out
    shape : X's shape without channels, or None for a table
    mask : True where a pixel takes no part, of `shape`; None where X cannot have a mask
    data : the array that the rows were taken from
    """

    rows: Any
    shape: tuple[int, ...] | None
    mask: NDArray[np.bool_] | None
    data: Any

    def restore(self, values: NDArray[Any], under_mask: Any) -> NDArray[Any]:
        """One value, or row of values, per pixel row, in X's shape; `under_mask` fills the masked pixels."""
        if self.shape is None:
            return values
        if self.mask is None:
            return values.reshape(self.shape + values.shape[1:])
        restored = np.empty(self.shape + values.shape[1:], dtype=values.dtype)
        if values.ndim == 1:
            restored[~self.mask] = values
        else:
            _as_items(restored)[~self.mask] = _as_items(values)
        restored[self.mask] = under_mask[self.mask] if isinstance(under_mask, np.ndarray) else under_mask
        mask = self.mask.reshape(self.shape + (1,) * (values.ndim - 1))
        return np.ma.MaskedArray(restored, mask=np.broadcast_to(mask, restored.shape))


def read(X: Any) -> Pixels:
    """Take X, one table or image, apart; it is looked at by attribute first, so that tables pass through untouched."""
    data = as_array(X)
    if isinstance(data, np.ma.MaskedArray) and data.ndim >= 2:
        mask = np.asarray(np.ma.getmaskarray(data).any(axis=-1))
        plain = np.ma.getdata(data)
        return Pixels(_rows_outside(mask, plain), mask.shape, mask, plain)
    if isinstance(data, np.ndarray) and data.ndim > 2:
        shape = data.shape[:-1]
        return Pixels(data.reshape(int(np.prod(shape)), data.shape[-1]), shape, None, data)
    return Pixels(data, None, None, data)


def _rows_outside(mask: NDArray[np.bool_], data: NDArray[Any]) -> NDArray[Any]:
    """The pixels of `data` that are not masked, (n_pixels, n_channels)."""
    if data.dtype.hasobject or data.shape[-1] == 0:
        return np.asarray(data[~mask])
    return _as_items(data)[~mask].view(data.dtype).reshape(-1, data.shape[-1])


def _as_items(data: NDArray[Any]) -> NDArray[Any]:
    """Each pixel as one item, without channels: a mask then picks pixels without a list of where they are."""
    pixels = data if data.strides[-1] == data.itemsize else np.ascontiguousarray(data)
    return pixels.view(np.dtype((np.void, data.itemsize * data.shape[-1])))[..., 0]


def as_array(X: Any) -> Any:
    """X as an array where it is an image; tables that scikit-learn can read are left as they are."""
    if _is_no_image(X) or (isinstance(X, list | tuple) and any(_is_no_image(item) for item in X)):
        kind = f"{type(X).__name__} of {type(X[0]).__name__}" if isinstance(X, list | tuple) else type(X).__name__
        raise TypeError(
            "X must be a pixel table (n_pixels, n_channels), an image (height, width, n_channels) or a list of images; "
            f"got {kind} instead. Read files first, for example with skimage.io.imread."
        )
    if isinstance(X, list | tuple) and len(X) == 0:
        raise ValueError("X is an empty list; at least one image, or one pixel, is needed.")
    n_dims = _declared_ndim(X)
    if isinstance(X, np.ndarray) or (n_dims is not None and n_dims <= 2):
        return X
    array = np.asanyarray(X)
    if hasattr(X, "getbands"):  # a PIL image: two-dimensional when it has one band, yet never a table
        if X.mode not in _PLAIN_MODES:
            plain = "L" if X.mode == "LA" else "RGB"
            raise ValueError(
                f"X is a PIL image of mode {X.mode!r}; its pixels must be gray or RGB. "
                f"Pass X.convert({plain!r}), or mask transparent pixels: np.ma.array(colors, mask=...)."
            )
        array = array.reshape(*array.shape[:2], -1)
    return array if array.ndim > 2 or not isinstance(X, list | tuple) else X


def _is_no_image(X: Any) -> bool:
    """Whether X is a file name, or something else that people try and that has no pixels."""
    if hasattr(X, "shape"):
        return False
    return X is None or isinstance(X, str | bytes | PathLike | dict) or hasattr(X, "__next__")


def is_sequence(X: Any, min_ndim: int = 2) -> bool:
    """Whether X is a list, tuple, object array or collection of arrays with at least `min_ndim` dimensions."""
    if _is_collection(X):
        return True
    is_object_array = isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1
    return (is_object_array or isinstance(X, list | tuple)) and any(_ndim_of_item(item) >= min_ndim for item in X)


def _is_collection(X: Any) -> bool:
    """Whether X gives images one by one and is nothing else, such as a `skimage.io.ImageCollection`."""
    if isinstance(X, list | tuple | str | bytes) or any(hasattr(X, name) for name in ("shape", "__array__", "keys")):
        return False
    return hasattr(X, "__getitem__") and hasattr(X, "__len__")


class _Item:
    """An image of a collection, taken out of it when an array is asked for."""

    ndim = 3

    def __init__(self, collection: Any, index: int) -> None:
        self.collection, self.index = collection, index

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asanyarray(self.collection[self.index])


def is_table(X: Any) -> bool:
    """Whether what comes out for X is a table, which `set_output` may put into a DataFrame."""
    if isinstance(X, np.ma.MaskedArray) or is_sequence(X):
        return False
    n_dims = _declared_ndim(X)
    return np.ndim(as_array(X)) <= 2 if n_dims is None else n_dims <= 2


def tables_in(X: Any) -> list[Any]:
    """X if it is a table, or the tables in a list; items that do not say what they are, are not read to find out."""
    if _is_collection(X):
        return []
    if is_sequence(X):
        return [item for item in X if _declared_ndim(item) == 2 and is_table(item)]
    return [X] if is_table(X) else []


def has_own_dtype(X: Any) -> bool:
    """Whether X says what its numbers are; Python numbers in lists do not."""
    return not isinstance(X, list | tuple)


def map_images(function: Callable[..., Any], X: Any, *, n_jobs: int | None, **per_image: Any) -> Iterator[Any]:
    """`function` of each image of a sequence and of what goes with it, in order, at most `n_jobs` at a time.

    `per_image` holds one value per image, or None for each.
    """
    tasks = (delayed(_call_for_image)(function, *call) for call in _calls(X, per_image))
    return _in_parallel(tasks, n_jobs)


def reduce_images(
    function: Callable[..., Any], combine: Callable[..., Any], X: Any, *, n_jobs: int | None, **per_image: Any
) -> Iterator[tuple[int, Any]]:
    """The same, where images that follow each other are combined where they are worked on: a tree, for many images.

    `combine` takes an iterator of pairs of an image's number and what `function` gave. What comes are such pairs too,
    each for a run of images, with the number of its first.
    """
    calls = list(_calls(X, per_image))
    length = max(1, len(calls) // (_RUNS * effective_n_jobs(n_jobs)))
    starts = range(0, len(calls), length)
    return _in_parallel((delayed(_combine)(function, combine, calls[i : i + length]) for i in starts), n_jobs)


def _calls(X: Any, per_image: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The number of each image, the image, and what goes with it."""
    columns = [_one_per_image(name, values, len(X)) for name, values in per_image.items()]
    if _is_collection(X):
        X = [_Item(X, index) for index in range(len(X))]
    return ((index, *arguments) for index, arguments in enumerate(zip(X, *columns, strict=True)))


def _in_parallel(tasks: Iterator[Any], n_jobs: int | None) -> Iterator[Any]:
    results: Iterator[Any] = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")(tasks)
    return results


def _combine(
    function: Callable[..., Any], combine: Callable[..., Any], calls: list[tuple[Any, ...]]
) -> tuple[int, Any]:
    return calls[0][0], combine((call[0], _call_for_image(function, *call)) for call in calls)


def _call_for_image(function: Callable[..., Any], index: int, *arguments: Any) -> Any:
    """Call `function`; an error says which image it is about."""
    try:
        return function(*arguments)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"X[{index}]: {error}") from error


def _one_per_image(name: str, values: Any, n_images: int) -> Any:
    if values is None:
        return repeat(None, n_images)
    n_values = len(values) if hasattr(values, "__len__") else "a single value"
    if n_values != n_images:
        raise ValueError(f"{name} must hold one array per image; got {n_values} for {n_images} images.")
    return values


def check_pixel_weights(
    sample_weight: Any, shape: tuple[int, ...], mask: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """`sample_weight` of the pixels that are not masked, as finite numbers that are not negative, one-dimensional.

    Weights that are masked themselves are 0.
    """
    weights = np.ma.filled(np.ma.asarray(sample_weight).astype(np.float64), 0.0)
    if weights.shape != shape:
        raise ValueError(f"sample_weight must have X's pixel shape {shape}; got {weights.shape} instead.")
    weights = weights.ravel() if mask is None else weights[~mask]
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.max(initial=0) > _MOST / max(weights.size, 1):
        raise ValueError(
            "sample_weight must be finite, also in sum, and not negative; leave a pixel out by weight 0 or by a mask."
        )
    return weights


def _declared_ndim(X: Any) -> int | None:
    """The number of dimensions that X states, without converting it."""
    n_dims = getattr(X, "ndim", None)
    shape = getattr(X, "shape", None)
    if n_dims is None and shape is not None:
        n_dims = len(shape)
    return n_dims


def _ndim_of_item(item: Any) -> int:
    if hasattr(item, "getbands"):  # a PIL image
        return 3
    if not (hasattr(item, "__array__") or hasattr(item, "__array_interface__")):
        return 0
    n_dims = _declared_ndim(item)
    return np.asanyarray(item).ndim if n_dims is None else n_dims


class ImageOutputMixin:
    """Let `set_output` apply to tables and pass images by, which no DataFrame can hold."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        plain = cls.__dict__.get("transform")
        super().__init_subclass__(**kwargs)  # here scikit-learn wraps `transform` to honor set_output
        if plain is not None:
            cls.transform = _for_tables_only(cls.__dict__["transform"], plain)  # type: ignore[attr-defined]

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to X, then transform it.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        y : None
            Ignored.

        **fit_params : dict
            Passed to `fit`.

        Returns
        -------
        X_new : ndarray, or a list of them
            What `transform` gives for X.
        """
        return self.fit(X, y, **fit_params).transform(X)  # type: ignore[attr-defined]


def _for_tables_only(wrapped: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(plain)
    def transform(self: Any, X: Any) -> Any:
        return (wrapped if is_table(X) else plain)(self, X)

    return transform
