"""Sequences of images of any sizes: lists, tuples, object arrays, and collections that are read by index."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import repeat
from operator import getitem
from typing import Any, ClassVar
from warnings import catch_warnings, simplefilter

from joblib import Parallel, delayed, effective_n_jobs, wrap_non_picklable_objects
from sklearn import config_context, get_config

from .._census.blocks import one_thread
from .._errors import image_of_list, not_an_image
from .base import Image, Run, SingleImage, T, declared_ndim, is_image, is_list, open_images, register
from .maps import channel_names, is_named

_NOT_A_COLLECTION = ("shape", "__array__", "__dlpack__", "keys")
_FEW_RUNS, _LONGEST_RUN = 16, 256  # runs of images, and images of a run


@register
class Sequence(Image):
    """Images that are opened when their turn comes, several at a time with joblib."""

    priority: ClassVar[int] = 4
    is_sequence: ClassVar[bool] = True
    has_label_map = False

    def __init__(self, X: Any) -> None:
        super().__init__(X)
        self.data = [_Item(getitem, X, index) for index in range(len(X))] if _is_collection(X) else list(X)
        if not self.data:
            raise ValueError("X contains no images; at least one is required.")

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whether X is a collection, or a list in which an item has two or more dimensions."""
        return _is_collection(X) or (is_list(X) and any(map(is_image, X)))

    @property
    def first(self) -> SingleImage:
        """The first image, which stays opened."""
        first: SingleImage = _call_one(lambda image: image, 0, self.data[0])
        self.data[0] = first
        return first

    @property
    def tables(self) -> list[Any]:
        """The tables among the images; items that do not state their dimensions are not read."""
        flat = ((index, item) for index, item in enumerate(self.data) if declared_ndim(item) == 2)
        return [table for each in flat for table in _call_one(lambda image: image.tables, *each)]

    @property
    def named(self) -> list[tuple[str, ...]]:
        """The names of the channels of each image that has some."""
        named = (channel_names(item) if is_named(item) else getattr(item, "channel_names", ()) for item in self.data)
        return list(filter(None, named))

    @contextmanager
    def runs(
        self, function: Callable[..., T], combine: Callable[[Iterable[T]], Run], n_jobs: int | None, **per_image: object
    ) -> Iterator[Iterator[Run]]:
        """See `Image`. The length of a run does not depend on the number of workers, so that sums do not."""
        columns = [_one_per_image(name, values, len(self.data)) for name, values in per_image.items()]
        calls = list(zip(range(len(self.data)), self.data, *columns, strict=True))
        length = max(1, min(len(calls) // _FEW_RUNS, _LONGEST_RUN))
        runs = (calls[start : start + length] for start in range(0, len(calls), length))
        config, is_one_of_many = get_config(), effective_n_jobs(n_jobs) > 1

        def call_run(run: list[tuple[Any, ...]]) -> Run:  # with the configuration of the caller
            with config_context(**config), one_thread() if is_one_of_many else nullcontext(), _in_order(run):
                return combine(_call_one(function, *call) for call in run)

        portable = delayed(wrap_non_picklable_objects(call_run))  # for processes
        with _in_order(calls), _results(n_jobs, map(portable, runs)) as results:
            yield results


def _in_order(calls: list[tuple[Any, ...]]) -> AbstractContextManager[Any]:
    """While it lasts, the pages of a file are read one after the other without opening it again."""
    contexts = (getattr(item, "_in_order", None) for _, item, *_ in calls)
    return next(filter(None, contexts), nullcontext)()


@contextmanager
def _results(n_jobs: int | None, tasks: Iterable[Any]) -> Iterator[Iterator[Any]]:
    """The results of tasks, one by one as they are asked for if joblib's backend can do so.

    The workers are not scikit-learn's, which enter `warnings.catch_warnings` in threads. Tasks that are left are
    cancelled at the end, and not when the garbage is collected, where joblib would warn of them.
    """
    try:
        workers = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
    except ValueError:
        workers = Parallel(n_jobs=n_jobs, prefer="threads")
    results = iter(workers(tasks))
    try:
        yield results
    finally:
        if isinstance(results, Generator):
            with catch_warnings():
                simplefilter("ignore")
                results.close()


def _call_one(function: Callable[..., T], index: int, item: object, *arguments: object) -> T:
    """Open an image and call `function`; errors and warnings name the image."""
    with image_of_list(index):
        image = open_images(item() if isinstance(item, _Item) else item)
        if not isinstance(image, SingleImage):
            raise TypeError(not_an_image("a list in a list", "Put all images into one list."))
        return function(image, *arguments)


def _one_per_image(name: str, values: Any, n_images: int) -> Iterator[Any]:
    if values is None:
        return repeat(None, n_images)
    is_several = isinstance(values, Sized) and not isinstance(values, str | Mapping)
    n_values = len(values) if is_several else type(values).__name__
    if n_values != n_images:
        raise ValueError(f"{name} must hold one array per image; got {n_values} for {n_images} images.")
    return iter(values)


def _is_collection(X: object) -> bool:
    """Whether X is a mere collection of images, such as a `skimage.io.ImageCollection`."""
    if isinstance(X, list | tuple | str | bytes) or any(hasattr(X, name) for name in _NOT_A_COLLECTION):
        return False
    return hasattr(X, "__getitem__") and hasattr(X, "__len__")


class _Item(partial[Any]):
    """An image of a collection, fetched when it is called."""
