"""Source: the kind of X (table, image, stack or sequence), determined once; its pixels as rows and back.

The last axis is channels, every other axis is pixels; masked pixels are ignored. Knows no clustering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial, wraps
from itertools import count, repeat
from typing import Any, Protocol

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs, wrap_non_picklable_objects
from numpy.typing import NDArray
from sklearn import config_context, get_config

from ._census.blocks import one_thread
from ._errors import check_kind, image_of_list, not_an_image, to_array
from ._labeled import is_labeled, named_like, open_labeled, repainted

_RUNS_PER_WORKER = 16  # enough runs of images to keep all workers busy to the end
_RESULT_PIXELS = 1 << 22  # of an image that is too large for memory, that are worked on at a time
_NOT_A_COLLECTION = ("shape", "__array__", "__dlpack__", "keys")
_PLAIN_MODES = ("1", "L", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I;16N", "I", "F")


class SupportsArray(Protocol):
    """An image: an array, or any object that NumPy converts to one."""

    def __array__(self, *args: Any, **kwargs: Any) -> NDArray[Any]:
        """Convert to an array."""
        ...


Images = Sequence[SupportsArray]  # of any sizes
LabelMap = NDArray[np.int32]


@dataclass(eq=False)
class Pixels:
    """One table or image as rows of pixels.

    Attributes
    ----------
    shape : X's shape without channels, or None for a table
    mask : True for masked pixels, of `shape`; None where X cannot have a mask
    data : the table, or the array of the pixels
    """

    shape: tuple[int, ...] | None
    mask: NDArray[np.bool_] | None
    data: Any

    def rows(self) -> Any:
        """Table of the pixels that are not masked, two-dimensional; for a table, X itself."""
        if self.mask is not None:
            return _rows_outside(self.mask, self.data)
        return self.data if self.shape is None else self.data.reshape(int(np.prod(self.shape)), self.data.shape[-1])

    @property
    def data_shape(self) -> tuple[int, ...]:
        """X's shape, or () for a table."""
        return () if self.shape is None else tuple(self.data.shape)

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


@dataclass(eq=False)
class Source:
    """X, looked at once: one table or image, or a sequence of them.

    Attributes
    ----------
    data : the table or array; for a sequence, the list of its images
    is_sequence : whether it is a sequence of images
    has_own_dtype : whether X states the type of its numbers; Python numbers in lists do not
    labeled : X as it came, if it is an image, or a map, with named dimensions
    """

    data: Any
    is_sequence: bool
    has_own_dtype: bool
    labeled: Any = None

    @property
    def is_banded(self) -> bool:
        """Whether it is an image that is too large for memory, and is read when some of its rows are asked for."""
        return is_banded(self.data)

    @property
    def is_table(self) -> bool:
        """Whether results are tables, which `set_output` may put into a DataFrame."""
        return not self.is_sequence and not isinstance(self.data, np.ma.MaskedArray) and _ndim(self.data) <= 2

    @property
    def tables(self) -> list[Any]:
        """The table, or the tables in a sequence; items that do not state their dimensions are not read."""
        if not self.is_sequence:
            return [self.data] if self.is_table else []
        return [item for n, item in enumerate(self.data) if _declared_ndim(item) == 2 and _open_one(n, item).is_table]

    def pixels(self) -> Pixels:
        """The pixels of one table or image."""
        data = np.asanyarray(self.data) if self.is_banded else self.data
        if isinstance(data, np.ma.MaskedArray) and data.ndim >= 2:
            mask = np.asarray(np.ma.getmaskarray(data).any(axis=-1))
            return Pixels(mask.shape, mask, np.ma.getdata(data))
        shape = data.shape[:-1] if isinstance(data, np.ndarray) and data.ndim > 2 else None
        return Pixels(shape, None, data)

    def first(self) -> Any:
        """The (first) image as an array; one that has to be read for that stays read."""
        if not self.is_sequence:
            return self.data
        if is_labeled(self.data[0]):
            return _open_one(0, self.data[0]).data
        if not hasattr(self.data[0], "shape"):
            self.data[0] = _open_one(0, self.data[0]).data
        return self.data[0]

    def images(self) -> Iterator[Source]:
        """Each image as a source, read when its turn comes."""
        yield from map(_open_one, count(), self.data) if self.is_sequence else [self]

    def bands(self, n_pixels: int) -> Iterator[tuple[slice, Source]]:
        """Parts of one image along its first axis, each of about `n_pixels` pixels, and where they lie.

        Tables that are not arrays stay whole. Rows that a file has in one block stay together.
        """
        shape = np.shape(self.data)[:-1]
        length = max(1, n_pixels // max(1, int(np.prod(shape[1:]))))
        if self.is_banded:
            step = max(1, length // self.data.block_rows) * self.data.block_rows
            for start in range(0, shape[0], step):
                block = open_source(self.data[start : start + step])
                for band, part in block.bands(n_pixels):
                    first, last, _ = band.indices(len(block.data))
                    yield slice(start + first, start + last), part
            return
        if not isinstance(self.data, np.ndarray) or not shape or length >= shape[0]:
            yield slice(None), self
            return
        for start in range(0, shape[0], length):
            band = slice(start, start + length)
            yield band, open_source(self.data[band])

    def map_bands(self, function: Callable[[Source], Any], n_pixels: int) -> Any:
        """`function` of one image, computed block by block; it keeps the first axis."""
        whole = None
        for band, part in self.bands(n_pixels):
            values = function(part)
            if part is self:
                return values
            if whole is None:
                whole = np.empty((self.data.shape[0], *values.shape[1:]), dtype=values.dtype)
            if isinstance(values, np.ma.MaskedArray) and not isinstance(whole, np.ma.MaskedArray):
                whole = np.ma.MaskedArray(whole)
            whole[band] = values
        return whole

    def map(self, function: Callable[..., Any], *, n_jobs: int | None = 1, **per_image: Any) -> Iterator[Any]:
        """`function` of the source of each image, in order, with at most `n_jobs` in parallel.

        `per_image` holds one more argument per image of a sequence, or None for all; for a single image the argument.
        """
        if not self.is_sequence:
            return iter([function(self, *per_image.values())])
        call_one = partial(_call_for_image, function, effective_n_jobs(n_jobs) > 1)
        return _in_parallel(call_one, self._calls(per_image), n_jobs)

    def results(self, function: Callable[..., Any], *, n_jobs: int | None = 1, are_colors: bool = False) -> Any:
        """`function` of a single image, or the list of its results for the images of a sequence.

        They have named dimensions if the images have them; `are_colors` says that they have the channels of X.
        """

        def result(image: Source) -> Any:
            values = image.map_bands(function, _RESULT_PIXELS) if image.is_banded else function(image)
            return image.like(values, is_color=are_colors)

        results = list(self.map(result, n_jobs=n_jobs))
        return results if self.is_sequence else results[0]

    def like(self, result: Any, *, is_color: bool = False) -> Any:
        """A result for one image, with named dimensions if the image has them."""
        if self.labeled is None or not isinstance(result, np.ndarray):
            return result
        return repainted(self.labeled, result) if is_color else named_like(self.labeled, result)

    def reduce(
        self, function: Callable[..., Any], combine: Callable[..., Any], *, n_jobs: int | None, **per_image: Any
    ) -> Iterator[tuple[int, Any]]:
        """Like `map`, but the results of consecutive images are combined by the worker that made them.

        `combine` takes an iterator of pairs of an image's number and its result. It yields such pairs, too: one for
        each run of images, with the number of its first.
        """
        calls, n_workers = list(self._calls(per_image)), effective_n_jobs(n_jobs)
        length = max(1, len(calls) // (_RUNS_PER_WORKER * n_workers))
        call_one = partial(_call_for_image, function, n_workers > 1)
        runs = ((calls[start : start + length],) for start in range(0, len(calls), length))
        return _in_parallel(partial(_combine, call_one, combine), runs, n_jobs)

    def _calls(self, per_image: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
        """The number of each image, the image, and what goes with it."""
        columns = [_one_per_image(name, values, len(self.data)) for name, values in per_image.items()]
        return ((index, *arguments) for index, arguments in enumerate(zip(self.data, *columns, strict=True)))


def open_source(X: Any, min_ndim: int = 2) -> Source:
    """Determine the kind of X.

    A list, tuple or object array is a sequence of images if one of its items is an array of at least `min_ndim`
    dimensions. An item that does not state its dimensions is read to find out, and stays read. If it is 1, X may be a
    map of one value per pixel.
    """
    if _is_collection(X):
        return Source([_Item(X, index) for index in range(len(X))], is_sequence=True, has_own_dtype=True)
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1):
        items = list(X)
        for index, item in enumerate(items):
            items[index], n_dims = _with_ndim(item, index)
            if n_dims >= min_ndim:
                return Source(items, is_sequence=True, has_own_dtype=True)
    if is_labeled(X):
        data, labeled = open_labeled(X, min_ndim)
        return Source(data, is_sequence=False, has_own_dtype=True, labeled=labeled)
    return Source(as_array(X), is_sequence=False, has_own_dtype=not isinstance(X, list | tuple))


def is_banded(data: Any) -> bool:
    """Whether an array-like says that it is to be read by some of its rows at a time, as large files do."""
    return bool(getattr(data, "is_banded", False))


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
    check_kind(X)
    n_dims = _declared_ndim(X)
    if is_banded(X) or (n_dims is not None and n_dims <= 2 and not isinstance(X, np.ndarray)):
        return X
    array = to_array(X)
    if hasattr(X, "getbands"):  # a PIL image: two-dimensional when it has one band, yet never a table
        if X.mode not in _PLAIN_MODES:
            plain = "L" if X.mode == "LA" else "RGB"
            raise ValueError(
                f"X is a PIL image of mode {X.mode!r}; its pixels must be gray or RGB. "
                f"Pass X.convert({plain!r}), or mask transparent pixels: np.ma.array(colors, mask=...)."
            )
        array = array.reshape(*array.shape[:2], -1)
    return X if isinstance(X, list | tuple) and array.ndim <= 2 else array


def _is_collection(X: Any) -> bool:
    """Whether X is a mere collection of images, such as a `skimage.io.ImageCollection`."""
    if isinstance(X, list | tuple | str | bytes) or any(hasattr(X, name) for name in _NOT_A_COLLECTION):
        return False
    return hasattr(X, "__getitem__") and hasattr(X, "__len__")


class _Item:
    """An image of a collection, fetched when it is converted to an array."""

    ndim = 3

    def __init__(self, collection: Any, index: int) -> None:
        self.collection, self.index = collection, index

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asanyarray(self.collection[self.index])


def _in_parallel(function: Callable[..., Any], calls: Iterator[tuple[Any, ...]], n_jobs: int | None) -> Iterator[Any]:
    """The results of calls in order, one by one if joblib's backend can, else all at the end.

    scikit-learn's own `delayed` sets the filters of warnings in threads, of the whole process.
    """
    try:
        parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    except ValueError:
        parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    portable = wrap_non_picklable_objects(function)  # for processes, to which local functions could not be sent
    config = get_config()
    return iter(parallel(delayed(_call_as)(config, portable, *arguments) for arguments in calls))


def _call_as(config: dict[str, Any], function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function with a configuration of scikit-learn, which each thread and process has of its own."""
    with config_context(**config):
        return function(*arguments)


def _combine(
    call_one: Callable[..., Any], combine: Callable[..., Any], calls: list[tuple[Any, ...]]
) -> tuple[int, Any]:
    return calls[0][0], combine((call[0], call_one(*call)) for call in calls)


def _call_for_image(function: Callable[..., Any], is_one_of_many: bool, index: int, image: Any, *arguments: Any) -> Any:
    """Call `function` of the source of an image, in one thread beside other workers."""
    with one_thread() if is_one_of_many else nullcontext():
        source = _open_one(index, image)
        with image_of_list(index):
            return function(source, *arguments)


def _open_one(index: int, image: Any) -> Source:
    """The source of an image of a list."""
    with image_of_list(index):
        source = open_source(image)
        if source.is_sequence:
            raise TypeError(not_an_image("a list in a list", "Put all images into one list."))
        return source


def _one_per_image(name: str, values: Any, n_images: int) -> Any:
    if values is None:
        return repeat(None, n_images)
    n_values = len(values) if hasattr(values, "__len__") else "a single value"
    if n_values != n_images:
        raise ValueError(f"{name} must hold one array per image; got {n_values} for {n_images} images.")
    return values


def _declared_ndim(X: Any) -> int | None:
    """The number of dimensions that X states, without converting it."""
    shape = getattr(X, "shape", None)
    return getattr(X, "ndim", None if shape is None else len(shape))


def _ndim(data: Any) -> int:
    n_dims = _declared_ndim(data)
    return np.ndim(data) if n_dims is None else n_dims


def _with_ndim(item: Any, index: int) -> tuple[Any, int]:
    """An item of a list, read if it does not state its number of dimensions, and that number; 0 for no array."""
    if hasattr(item, "getbands"):  # a PIL image
        return item, 3
    if not (hasattr(item, "__array__") or hasattr(item, "__array_interface__")):
        return item, 0
    n_dims = _declared_ndim(item)
    if n_dims is None:
        with image_of_list(index):
            item = to_array(item)
        n_dims = item.ndim
    return item, n_dims


class ImageOutputMixin:
    """Apply `set_output` to tables only: a DataFrame cannot hold images."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        plain = {name: cls.__dict__[name] for name in ("transform", "fit_transform") if name in cls.__dict__}
        super().__init_subclass__(**kwargs)  # here scikit-learn wraps both to honor set_output
        for name, method in plain.items():
            setattr(cls, name, _for_tables_only(cls.__dict__[name], method))

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
            Output of `transform` for X.
        """
        return self.fit(X, y, **fit_params).transform(X)  # type: ignore[attr-defined]


def _for_tables_only(wrapped: Callable[..., Any], plain: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(plain)
    def method(self: Any, X: Any, *args: Any, **kwargs: Any) -> Any:
        source = open_source(X)  # an image that had to be read is not read again
        data = source.data if source.labeled is None else X
        return (wrapped if source.is_table else plain)(self, data, *args, **kwargs)

    return method
