"""Image: the two questions that every kind of X answers, and the search for the kind of an X."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, ClassVar, Protocol, TypeGuard, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._errors import to_array
from .._limits import LIMITS
from .maps import is_named, open_map, open_maps
from .pixels import Pixels, Place, pixel_weights

T = TypeVar("T")
Run = TypeVar("Run")
Kind = TypeVar("Kind", bound="type[Image]")
LabelMap = NDArray[np.int32]
Values = Callable[[Pixels], NDArray[Any]]  # a value, or a row of values, for each row of pixels


class SupportsArray(Protocol):
    """An image: an array, or any object that NumPy converts to one."""

    def __array__(self) -> NDArray[Any]:
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
    again : X, or the array that it was converted to: it is not read again when it is opened again
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

    def __init__(self, X: object) -> None:
        self.data: Any = X
        self.again: Any = X

    @classmethod
    @abstractmethod
    def supports(cls, X: object) -> bool:
        """Whether X is of this kind, judged by its attributes: no library is imported for that."""

    @property
    @abstractmethod
    def first(self) -> SingleImage:
        """The first image of a sequence; a single image is itself the first."""

    @property
    def tables(self) -> list[Any]:
        """The tables, whose columns may have names."""
        return [self.data] if self.is_table else []

    @property
    @abstractmethod
    def named(self) -> list[tuple[str, ...]]:
        """The names of the channels of each image that has some."""

    @contextmanager
    def runs(
        self, function: Callable[..., T], combine: Callable[[Iterable[T]], Run], n_jobs: int | None, **per_image: object
    ) -> Iterator[Iterator[Run]]:
        """What `combine` makes of the results of consecutive images; a single image is a run by itself.

        `function` gets each image with its item of each of `per_image`, or None, and is called where the image is read.
        """
        results = (function(image, *per_image.values()) for image in [self])
        yield map(combine, [results])

    def reduce(
        self,
        function: Callable[[Pixels], T],
        combine: Callable[[Iterable[T]], T],
        *,
        sample_weight: object = None,
        n_jobs: int | None = None,
        watch: Callable[[Iterator[T]], Iterable[T]] = iter,
    ) -> T:
        """Go through all pixels block by block, and `combine` the results of `function`, which is associative.

        `watch` sees the results of the parts of a sequence pass by.
        """

        def reduce_image(image: SingleImage, weights: object) -> T:
            return image.reduce_blocks(function, combine, weights)

        with self.runs(reduce_image, combine, n_jobs, sample_weight=sample_weight) as parts:
            return combine(watch(parts) if self.is_sequence else parts)

    def map(
        self, function: Values, fill: float | None, *, n_jobs: int | None = None, out: NDArray[Any] | None = None
    ) -> Any:
        """A result of X's own form: one value, or row of values, for each row of pixels.

        Masked pixels get `fill`. If it is None, the values are colors, and masked pixels stay as they are.
        """
        return self.results(lambda image: image.map_blocks(function, fill, out), n_jobs=n_jobs)

    def each(self, function: Callable[..., T], *, n_jobs: int | None = None, **per_image: object) -> list[T]:
        """The results of `function` for each image, with an item of each of `per_image` or None."""
        with self.runs(function, list, n_jobs, **per_image) as runs:
            return list(chain.from_iterable(runs))

    def results(self, function: Callable[[SingleImage], T], *, n_jobs: int | None = None) -> T | list[T]:
        """The result of `function` for a single image, or the list of results for a sequence."""
        results = self.each(function, n_jobs=n_jobs)
        return results if self.is_sequence else results[0]


class SingleImage(Image):
    """One image, stack or table.

    Attributes
    ----------
    is_in_memory : whether the pixels are there at once; others are read a block at a time
    is_in_order : whether blocks are whole rows, one after the other
    channel_names : those of a named axis of channels, maybe none; None if the axis has no name
    """

    is_in_memory: ClassVar[bool] = True
    is_in_order: bool = True
    channel_names: tuple[str, ...] | None = None

    def __init__(self, X: object) -> None:
        super().__init__(X)
        self.is_table = (declared_ndim(X) or 0) < (2 if isinstance(X, np.ma.MaskedArray) else 3)

    @property
    def first(self) -> SingleImage:
        """The image itself."""
        return self

    @property
    def named(self) -> list[tuple[str, ...]]:
        """The names of its channels, if they have some."""
        return [self.channel_names] if self.channel_names else []

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, with channels."""
        return tuple(np.shape(self.data))

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.shape[-1]

    @property
    def array(self) -> NDArray[Any]:
        """The pixels as one array with the channels last, masked where they are."""
        return np.asanyarray(self.data)

    def blocks(self, weights: NDArray[Any] | None = None, *, n_pixels: int | None = None) -> Iterator[Pixels]:
        """All pixels in order, about `n_pixels` of whole rows at a time, each with its part of the weights."""
        start = 0
        for place in self._places(n_pixels or LIMITS.block_pixels):
            pixels = self.pixels(place, weights, start)
            yield pixels
            start += pixels.n_rows

    def pixels(self, place: Place = slice(None), weights: NDArray[Any] | None = None, start: int = 0) -> Pixels:
        """The block of the image at `place`, whose first row of pixels has the number `start`."""
        is_all = self.is_in_memory and place == slice(None)
        data = self.data if is_all else np.asanyarray(self.data[place])
        part = None if weights is None else weights[place]
        return Pixels(data, place, part, start, self.shape, self.has_own_dtype, self.channel_names)

    def _places(self, n_pixels: int) -> Sequence[Place]:
        """Slices of whole rows; fewer of them at a time if their pixels have to be copied.

        A table that is not an array stays whole.
        """
        data = self.data
        if not (isinstance(data, np.ndarray) and data.ndim > 1):
            return [slice(None)]
        if isinstance(data, np.ma.MaskedArray) or not data.dtype.isnative:
            n_pixels = most_pixels(n_pixels, self)
        return slices(self.shape[0], n_pixels // max(1, int(np.prod(self.shape[1:-1]))))

    def reduce_blocks(
        self, function: Callable[[Pixels], T], combine: Callable[[Iterable[T]], T], sample_weight: object
    ) -> T:
        """See `reduce`."""
        return combine(map(function, self.blocks(self.open_weights(sample_weight))))

    def map_blocks(self, function: Values, fill: float | None, out: NDArray[Any] | None) -> Any:
        """See `map`."""
        if out is None and self.is_in_memory:
            pixels = self.pixels()
            return self.name(pixels.restore(function(pixels), fill), is_color=fill is None)
        whole: Any = out
        for pixels in self.blocks(n_pixels=LIMITS.result_pixels):
            values = pixels.restore(function(pixels), fill)
            if whole is None:
                shape = (*self.shape[:-1], *values.shape[len(self.shape) - 1 :])
                whole = np.ma.empty(shape, dtype=values.dtype)
            whole[pixels.place] = values if out is None else np.ma.getdata(values)
        return whole.data if out is None and whole.mask is np.ma.nomask else whole

    def map_reduced(
        self,
        function: Callable[[Pixels], T],
        combine: Callable[[Iterable[T]], T],
        make: Callable[[T], Values],
    ) -> Any:
        """The pixels in other colors, by the function that `make` makes of what all of them are reduced to."""
        return self.map_blocks(make(self.reduce_blocks(function, combine, None)), None, None)

    def open_weights(self, sample_weight: object) -> NDArray[Any] | None:
        """The weights of all pixels as an array, or None."""
        if sample_weight is None:
            return None
        weights = self.open_map(sample_weight, "sample_weight")
        if weights.shape != self.shape[:-1]:
            pixel_weights(weights, self.shape[:-1])  # which refuses them
        return weights

    def open_map(self, values: object, name: str) -> NDArray[Any]:
        """One value for each pixel, such as a label, as an array; see `maps.open_map`."""
        return open_map(values, name, self.again)

    def open_maps(self, values: object, name: str) -> NDArray[Any] | list[NDArray[Any]]:
        """One value for each pixel, or a list of such maps, as arrays."""
        return open_maps(values, name, self.again)

    def name(self, values: NDArray[Any], *, is_color: bool = False) -> Any:
        """Values for all pixels in X's own form; `is_color` says that they have its channels."""
        return values


def most_pixels(n_pixels: int, image: SingleImage) -> int:
    """At most `n_pixels`, and no more than fit into memory when they are read or copied."""
    bytes_of_one: int = image.data.dtype.itemsize * image.shape[-1]
    return min(n_pixels, LIMITS.block_bytes // max(1, bytes_of_one))


def slices(n_rows: int, length: int, together: int = 1) -> list[slice]:
    """Slices of an axis, of about some length; they do not divide runs of rows that are stored together."""
    length = max(1, length // together) * together
    if length >= n_rows:
        return [slice(None)]
    return [slice(start, min(start + length, n_rows)) for start in range(0, n_rows, length)]


OneImage = ArrayLike | SupportsArrayInterface | Image  # or a stack, or a table
ImageLike = OneImage | Images  # X of `open_images`
_KINDS: list[type[Image]] = []


def register(kind: Kind) -> Kind:
    """Let `open_images` find a kind of image. Of equal priority, the one that was registered last is asked first."""
    _KINDS.insert(0, kind)
    _KINDS.sort(key=lambda each: -each.priority)
    return kind


def open_images(X: object) -> Image:
    """X as an image of its kind. An array-like that does not state its dimensions is converted, once."""
    if isinstance(X, Image):
        return X
    if is_array_like(X) and declared_ndim(X) is None and not is_named(X):
        X = to_array(X)
    return next(kind for kind in _KINDS if kind.supports(X))(X)


def open_single(X: object) -> SingleImage:
    """X as one image or table."""
    image = open_images(X)
    if not isinstance(image, SingleImage):
        raise TypeError(f"X must be one image; got {type(X).__name__} of several images instead.")
    return image


def declared_ndim(X: object) -> int | None:
    """The number of dimensions that X states, without converting it; 3 of an image of PIL, which does not."""
    if hasattr(X, "getbands"):
        return 3
    n_dims: int | None = getattr(X, "ndim", None)
    if n_dims is None and getattr(X, "shape", None) is not None:
        return len(X.shape)  # type: ignore[attr-defined]
    return n_dims


def is_list(X: object) -> TypeGuard[Iterable[object]]:
    """Whether X is a list, a tuple or an array of objects."""
    return isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)


def is_image(item: object) -> bool:
    """Whether an item of a list is an image or a table by itself; nested lists of numbers are not."""
    if is_array_like(item):
        return declared_ndim(item) not in (0, 1)  # what does not state its dimensions is an image
    is_row = isinstance(item, list | tuple)
    return not is_row and any(kind.supports(item) for kind in _KINDS if kind.priority >= 0 and not kind.is_sequence)


def is_array_like(X: object) -> bool:
    """Whether NumPy converts X by its own methods. PIL's images copy all pixels to give their __array_interface__."""
    return any(hasattr(X, name) for name in ("getbands", "__array__", "__array_interface__"))
