"""Image: the two questions that every kind of X answers, and the search for the kind of an X."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from numbers import Number
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._errors import image_of_list, to_array
from .._limits import LIMITS
from .maps import is_list_of_arrays, open_map
from .names import is_named
from .pixels import Pixels, pixel_weights

T = TypeVar("T")
Kind = TypeVar("Kind", bound="type[Image]")
LabelMap = NDArray[np.int32]


class SupportsArray(Protocol):
    """An image: an array, or any object that NumPy converts to one."""

    def __array__(self, *args: Any, **kwargs: Any) -> NDArray[Any]:
        """Convert to an array."""
        ...


class SupportsArrayInterface(Protocol):
    """An image of PIL, for example."""

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Where the pixels are, and of what type."""
        ...


Images = Sequence[SupportsArray] | Sequence[SupportsArrayInterface]  # of any sizes


class Image(ABC):
    """One image, stack or table, or a sequence of them.

    Attributes
    ----------
    data : the pixels: an array, a table as it came, or the list of the images of a sequence
    priority : of several kinds that support an X, the one of the highest priority is taken; a new kind goes first
    is_sequence : whether results are lists
    is_table : whether results are tables, which `set_output` may put into a DataFrame
    has_own_dtype : whether X states the type of its numbers; Python numbers in lists do not
    has_label_map : whether there is one label map, and it fits into memory
    """

    priority: ClassVar[int] = 5
    is_sequence: ClassVar[bool] = False
    is_table: bool = False
    has_own_dtype: bool = True
    has_label_map: bool = True

    def __init__(self, X: Any) -> None:
        self.data = X

    @classmethod
    @abstractmethod
    def supports(cls, X: Any) -> bool:
        """Whether X is of this kind, judged by its attributes: no library is imported for that."""

    @abstractmethod
    def reduce(
        self,
        function: Callable[[Pixels], T],
        combine: Callable[[Iterable[T]], T],
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        watch: Callable[[Iterator[T]], Iterable[T]] = iter,
    ) -> T:
        """Go through all pixels block by block, and `combine` the results of `function`, which is associative.

        `watch` sees the results of the parts of a sequence pass by.
        """

    @abstractmethod
    def map(
        self,
        function: Callable[[Pixels], NDArray[Any]],
        fill: float | None,
        *,
        n_jobs: int | None = None,
        out: Any = None,
    ) -> Any:
        """A result of X's own form: one value, or row of values, for each row of pixels.

        Masked pixels get `fill`. If it is None, the values are colors, and masked pixels stay as they are.
        """

    @abstractmethod
    def each(self, function: Callable[..., T], *, n_jobs: int | None = None, **per_image: Any) -> list[T]:
        """The results of `function` for each image, with an item of each of `per_image` or None."""

    def results(self, function: Callable[..., T], *, n_jobs: int | None = None) -> T | list[T]:
        """The result of `function` for a single image, or the list of results for a sequence."""
        results = self.each(function, n_jobs=n_jobs)
        return results if self.is_sequence else results[0]

    @property
    @abstractmethod
    def first(self) -> SingleImage:
        """The first image of a sequence; a single image is itself the first."""

    @property
    def again(self) -> Any:
        """X, or the array that it was converted to: it is not read again when it is opened again."""
        return self.data

    @property
    def tables(self) -> list[Any]:
        """The tables, whose columns may have names."""
        return []


class SingleImage(Image):
    """One image, stack or table.

    Attributes
    ----------
    is_in_memory : whether the pixels are there at once; others are read a block at a time
    """

    is_in_memory: ClassVar[bool] = True

    @property
    def first(self) -> SingleImage:
        """The image itself."""
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, with channels."""
        return tuple(np.shape(self.data))

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.shape[-1]

    def pixels(self, place: slice = slice(None), weights: NDArray[Any] | None = None, start: int = 0) -> Pixels:
        """A block of the image in memory, whose first row of pixels has the number `start`."""
        return Pixels(
            self.data if place == slice(None) else self.data[place],
            place,
            weights=None if weights is None else weights[place],
            start=start,
            image_shape=self.shape,
            has_own_dtype=self.has_own_dtype,
        )

    @property
    def array(self) -> NDArray[Any]:
        """The pixels as one array with the channels last, masked where they are."""
        return np.asanyarray(self.data)

    @abstractmethod
    def blocks(self, weights: NDArray[Any] | None = None, *, n_pixels: int | None = None) -> Iterator[Pixels]:
        """All pixels in order, about `n_pixels` of whole rows at a time, each with its part of the weights."""

    def reduce(
        self,
        function: Callable[[Pixels], T],
        combine: Callable[[Iterable[T]], T],
        *,
        sample_weight: Any = None,
        n_jobs: int | None = None,
        watch: Callable[[Iterator[T]], Iterable[T]] = iter,
    ) -> T:
        """See `Image`."""
        return combine(map(function, self.blocks(self.open_weights(sample_weight))))

    def map(
        self,
        function: Callable[[Pixels], NDArray[Any]],
        fill: float | None,
        *,
        n_jobs: int | None = None,
        out: Any = None,
    ) -> Any:
        """See `Image`."""
        if out is None and self.is_in_memory:
            pixels = self.pixels()
            return self.name(pixels.restore(function(pixels), fill), is_color=fill is None)
        whole = out
        for pixels in self.blocks(n_pixels=LIMITS.result_pixels):
            values = pixels.restore(function(pixels), fill)
            if whole is None:
                whole = np.empty((self.shape[0], *values.shape[1:]), dtype=values.dtype)
            if out is None and isinstance(values, np.ma.MaskedArray) and not isinstance(whole, np.ma.MaskedArray):
                whole = np.ma.MaskedArray(whole)
            whole[pixels.place] = values if out is None else np.ma.getdata(values)
        return whole

    def each(self, function: Callable[..., T], *, n_jobs: int | None = None, **per_image: Any) -> list[T]:
        """See `Image`."""
        return [function(self, *per_image.values())]

    def open_weights(self, sample_weight: Any) -> NDArray[Any] | None:
        """The weights of all pixels as an array, or None."""
        if sample_weight is None:
            return None
        weights: NDArray[Any] = self.open_map(sample_weight, "sample_weight")
        if weights.shape != self.shape[:-1]:
            pixel_weights(weights, self.shape[:-1])  # which refuses them
        return weights

    def open_map(self, values: Any, name: str) -> Any:
        """One value for each pixel, such as a label, as an array."""
        return open_map(values, name)

    def open_maps(self, values: Any, name: str) -> Any:
        """One value for each pixel, or a list of such maps, as arrays."""
        if is_list_of_arrays(values):
            return [self.open_map(each, name) for each in values]
        return self.open_map(values, name)

    def name(self, values: Any, *, is_color: bool = False) -> Any:
        """Values for all pixels in X's own form; `is_color` says that they have its channels."""
        return values


OneImage = ArrayLike | SupportsArrayInterface | Image  # or a stack, or a table
ImageLike = OneImage | Images  # X of `open_images`
_KINDS: list[type[Image]] = []


def register(kind: Kind) -> Kind:
    """Let `open_images` find a kind of image. Of equal priority, the one that was registered last is asked first."""
    _KINDS.insert(0, kind)
    _KINDS.sort(key=lambda each: -each.priority)
    return kind


def open_images(X: Any) -> Image:
    """X as an image of its kind. An array-like that does not state its dimensions is converted, once."""
    if isinstance(X, Image):
        return X
    X = _stating_items(X) if is_list(X) else stating_ndim(X)
    return next(kind for kind in _KINDS if kind.supports(X))(X)


def open_single(X: Any) -> SingleImage:
    """X as one image or table."""
    image = open_images(X)
    if not isinstance(image, SingleImage):
        raise TypeError(f"X must be one image; got {type(X).__name__} of several images instead.")
    return image


def declared_ndim(X: Any) -> int | None:
    """The number of dimensions that X states, without converting it."""
    n_dims: int | None = getattr(X, "ndim", None)
    if n_dims is None:
        shape = getattr(X, "shape", None)
        return None if shape is None else len(shape)
    return n_dims


def stating_ndim(X: Any) -> Any:
    """X, or the array that it converts to if it does not state its dimensions."""
    if not is_array_like(X) or hasattr(X, "getbands") or is_named(X) or declared_ndim(X) is not None:
        return X  # what has bands is an image of PIL
    return to_array(X)


def is_list(X: Any) -> bool:
    """Whether X is a list, a tuple or an array of objects."""
    return isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)


def is_image(item: Any) -> bool:
    """Whether an item of a list is an image or a table by itself; nested lists of numbers are not."""
    if isinstance(item, list | tuple | str | Number):
        return False
    if is_array_like(item) and not hasattr(item, "getbands"):
        return (declared_ndim(item) or 0) >= 2
    return any(kind.supports(item) for kind in _KINDS if kind.priority >= 0 and not kind.is_sequence)


def is_array_like(X: Any) -> bool:
    """Whether NumPy converts X by its own methods."""
    return hasattr(X, "__array__") or hasattr(X, "__array_interface__")


def _stating_items(X: Any) -> Any:
    """X with items that state their dimensions, up to the first image, which tells that it is a sequence."""
    items = list(X)
    for index, item in enumerate(items):
        with image_of_list(index):
            items[index] = stating_ndim(item)
        if is_image(items[index]):
            return items
    return X
