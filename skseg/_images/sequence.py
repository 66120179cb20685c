"""Sequences of images of any sizes: lists, tuples, object arrays, and collections that are read by index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property, partial
from itertools import chain, repeat
from typing import Any, ClassVar

from joblib import Parallel, delayed, effective_n_jobs, wrap_non_picklable_objects
from numpy.typing import NDArray
from sklearn import config_context, get_config

from .._census.blocks import one_thread
from .._errors import image_of_list, not_an_image
from .base import Image, SingleImage, T, declared_ndim, is_image, is_list, open_images, register
from .pixels import Pixels

_NOT_A_COLLECTION = ("shape", "__array__", "__dlpack__", "keys")
_FEW_RUNS, _LONGEST_RUN = 16, 256  # runs of images, and images of a run


@register
class Sequence(Image):
    """Images that are opened when their turn comes, several at a time with joblib."""

    priority: ClassVar[int] = 4
    is_sequence: ClassVar[bool] = True
    has_label_map = False

    def __init__(self, X: Any) -> None:
        super().__init__([_Item(X, index) for index in range(len(X))] if _is_collection(X) else list(X))
        if not self.data:
            raise ValueError("X contains no images; at least one is required.")

    @classmethod
    def supports(cls, X: Any) -> bool:
        """Whether X is a collection, or a list in which an item has two or more dimensions."""
        return _is_collection(X) or (is_list(X) and any(map(is_image, X)))

    @cached_property
    def first(self) -> SingleImage:
        """The first image, which stays opened."""
        return _open_one(0, self.data[0])

    @property
    def tables(self) -> list[Any]:
        """The tables among the images; items that do not state their dimensions are not read."""
        flat = ((index, item) for index, item in enumerate(self.data) if declared_ndim(item) == 2)
        return [table for index, item in flat for table in _open_one(index, item).tables]

    def reduce(
        self,
        function: Callable[[Pixels], T],
        combine: Callable[[Iterable[T]], T],
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        watch: Callable[[Iterator[T]], Iterable[T]] = iter,
    ) -> T:
        """Combine runs of consecutive images where they are read, and then the runs.

        The length of a run does not depend on the number of workers, so that sums do not.
        """
        runs = self._runs(sample_weight=sample_weight)
        with _in_order(self.data):
            return combine(watch(_in_parallel(partial(_reduce_run, function, combine), runs, n_jobs)))

    def map(
        self,
        function: Callable[[Pixels], NDArray[Any]],
        fill: float | None,
        *,
        n_jobs: int | None = None,
        out: Any = None,
    ) -> Any:
        """The list of the results of the images."""
        return self.each(partial(_map_one, function, fill), n_jobs=n_jobs)

    def each(self, function: Callable[..., T], *, n_jobs: int | None = None, **per_image: Any) -> list[T]:
        """See `Image`."""
        with _in_order(self.data):
            runs = _in_parallel(partial(_call_run, function), self._runs(**per_image), n_jobs)
            return list(chain.from_iterable(runs))

    def _runs(self, **per_image: Any) -> Iterator[tuple[list[tuple[Any, ...]]]]:
        """Runs of consecutive images: the number of each image, the image, and what goes with it."""
        columns = [_one_per_image(name, values, len(self.data)) for name, values in per_image.items()]
        items = [self.__dict__.get("first", self.data[0]), *self.data[1:]]
        calls = list(zip(range(len(items)), items, *columns, strict=True))
        length = max(1, min(len(calls) // _FEW_RUNS, _LONGEST_RUN))
        return ((calls[start : start + length],) for start in range(0, len(calls), length))


def _in_order(items: Iterable[Any]) -> AbstractContextManager[Any]:
    """While it lasts, the pages of a file are read one after the other without opening it again."""
    contexts = (getattr(item, "_in_order", None) for item in items)
    return next(filter(None, contexts), nullcontext)()


def _call_run(function: Callable[..., T], run: list[Any]) -> list[T]:
    with _in_order(call[1] for call in run):
        return [_call_one(function, *call) for call in run]


def _reduce_run(function: Callable[[Pixels], T], combine: Callable[[Iterable[T]], T], run: list[Any]) -> T:
    with _in_order(call[1] for call in run):
        return combine(_call_one(partial(_reduce_one, function, combine), *call) for call in run)


def _reduce_one(function: Callable[[Pixels], T], combine: Callable[[Iterable[T]], T], image: Image, weights: Any) -> T:
    return image.reduce(function, combine, sample_weight=weights)


def _map_one(function: Callable[[Pixels], NDArray[Any]], fill: float | None, image: Image) -> Any:
    return image.map(function, fill)


def _call_one(function: Callable[..., T], index: int, item: Any, *arguments: Any) -> T:
    """Open an image and call `function`; errors and warnings name the image."""
    image = _open_one(index, item)
    with image_of_list(index):
        return function(image, *arguments)


def _open_one(index: int, item: Any) -> SingleImage:
    """An image of a list."""
    with image_of_list(index):
        image = open_images(item.fetch() if isinstance(item, _Item) else item)
        if not isinstance(image, SingleImage):
            raise TypeError(not_an_image("a list in a list", "Put all images into one list."))
        return image


def _in_parallel(function: Callable[..., T], calls: Iterator[tuple[Any, ...]], n_jobs: int | None) -> Iterator[T]:
    """The results of calls in order; one by one as they are asked for, if joblib's backend can do so.

    scikit-learn's `delayed` is not used: it enters `warnings.catch_warnings` in threads.
    """
    is_one_of_many = effective_n_jobs(n_jobs) > 1
    try:
        parallel = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    except ValueError:
        parallel = Parallel(n_jobs=n_jobs, prefer="threads")
    portable = wrap_non_picklable_objects(function)  # for processes, to which local functions could not be sent
    work = partial(_work, portable, get_config(), is_one_of_many)
    return iter(parallel(delayed(work)(*arguments) for arguments in calls))


def _work(function: Callable[..., T], config: dict[str, Any], is_one_of_many: bool, *arguments: Any) -> T:
    """Call `function` with the configuration of the caller, in one thread if it is beside other workers."""
    with config_context(**config), one_thread() if is_one_of_many else nullcontext():
        return function(*arguments)


def _one_per_image(name: str, values: Any, n_images: int) -> Any:
    if values is None:
        return repeat(None, n_images)
    n_values = len(values) if hasattr(values, "__len__") else "a single value"
    if n_values != n_images:
        raise ValueError(f"{name} must hold one array per image; got {n_values} for {n_images} images.")
    return values


def _is_collection(X: Any) -> bool:
    """Whether X is a mere collection of images, such as a `skimage.io.ImageCollection`."""
    if isinstance(X, list | tuple | str | bytes) or any(hasattr(X, name) for name in _NOT_A_COLLECTION):
        return False
    return hasattr(X, "__getitem__") and hasattr(X, "__len__")


class _Item:
    """An image of a collection, fetched when it is opened."""

    ndim = 3

    def __init__(self, collection: Any, index: int) -> None:
        self.collection, self.index = collection, index

    def fetch(self) -> Any:
        """The image."""
        return self.collection[self.index]
