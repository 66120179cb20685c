"""Dask arrays: reduced chunk by chunk on the scheduler that is set, and mapped to Dask arrays without computing.

Dask is imported only when there is an array of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context, get_config

from .._census.blocks import one_thread
from .._errors import current_image, image_of_list
from .._limits import LIMITS
from .base import SingleImage, T, Values, open_single, register
from .maps import is_lazy
from .pixels import Pixels, pixel_weights

if TYPE_CHECKING:
    from dask.array import Array
    from dask.delayed import Delayed

_COMBINED = 8  # results that one task combines


@register
class LazyImage(SingleImage):
    """A Dask array of two or more dimensions. Each pass computes each of its chunks once, and holds none of them."""

    priority: ClassVar[int] = 3
    is_in_memory: ClassVar[bool] = False
    is_in_order = False

    def __init__(self, X: Array) -> None:
        if len(X.shape) < 2 or np.isnan(X.shape[-1]):
            raise ValueError(
                f"X is a Dask array of shape {X.shape}; it must have two or more dimensions, and a known number of "
                "channels. Call X.compute_chunk_sizes() first if it is unknown."
            )
        super().__init__(X)
        self.data = X.rechunk({X.ndim - 1: -1})  # all channels of a pixel are in one chunk
        self.is_table = False

    @classmethod
    def supports(cls, X: object) -> bool:
        """Whether X is a Dask array."""
        return is_lazy(X)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, with channels; NaN where the sizes of chunks are unknown."""
        return tuple(self.data.shape)

    @property
    def array(self) -> NDArray[Any]:
        """The pixels, computed, if they are not too many."""
        n_pixels = np.prod(self.shape[:-1])
        if np.isnan(n_pixels):
            raise ValueError(f"X is a Dask array of shape {self.shape}; call X.compute_chunk_sizes() first.")
        if not n_pixels <= LIMITS.label_map_pixels:
            raise ValueError(
                f"X is a Dask array of {n_pixels:,.0f} pixels, too many to be computed whole; at most "
                f"{LIMITS.label_map_pixels:,} are allowed. Pass parts of it as a list, or make it smaller: X[::2, ::2]."
            )
        return np.asanyarray(self.data.compute())

    def reduce_blocks(
        self, function: Callable[[Pixels], T], combine: Callable[[Iterable[T]], T], sample_weight: object
    ) -> T:
        """Combine the results of the chunks in a tree of tasks, none of which holds many of them."""
        result: T = self._reduce(function, combine, self._chunks_of_weights(sample_weight)).compute()
        return result

    def map_blocks(self, function: Values, fill: float | None, out: NDArray[Any] | None) -> Any:
        """A Dask array with the chunks of X. All that is wrong with X but its numbers is refused at once."""
        from dask import delayed

        sample = Pixels(self._black_pixel(), channel_names=self.channel_names)
        mapped = self._map(delayed(function, traverse=False), fill, sample.restore(function(sample), fill))
        if out is None:
            return self.name(mapped, is_color=fill is None)
        n_rows, starts = mapped.numblocks[0], np.cumsum([0, *mapped.chunks[0]]).tolist()
        together = max(1, _COMBINED * n_rows // mapped.npartitions)
        for first in range(0, n_rows, together):  # written here, since workers may not reach `out`
            last = min(first + together, n_rows)
            out[starts[first] : starts[last]] = np.ma.getdata(mapped.blocks[first:last].compute())
        return out

    def map_reduced(
        self,
        function: Callable[[Pixels], T],
        combine: Callable[[Iterable[T]], T],
        make: Callable[[T], Values],
    ) -> Any:
        """See `SingleImage`; the reduction is a part of the graph."""
        from dask import delayed

        made = delayed(make, pure=False)(self._reduce(function, combine, None))
        return self.name(self._map(made, None, self._black_pixel()), is_color=True)

    def open_map(self, values: object, name: str) -> Any:
        """One value for each pixel, left lazy if it is."""
        return values if is_lazy(values) else super().open_map(values, name)

    def _chunks_of_weights(self, sample_weight: object) -> Array | None:
        """The weights in the chunks of the pixels."""
        if sample_weight is None:
            return None
        from dask import array as da

        weights = da.asanyarray(self.open_map(sample_weight, "sample_weight"))
        if np.isnan(self.shape[:-1]).any():
            if weights.numblocks != self.data.numblocks[:-1]:
                raise ValueError("sample_weight must have the chunks of X. Call compute_chunk_sizes() of both first.")
            return weights
        if weights.shape != self.shape[:-1]:
            pixel_weights(np.empty(weights.shape), self.shape[:-1])  # which refuses them
        return weights.rechunk(self.data.chunks[:-1])

    def _black_pixel(self) -> NDArray[Any]:
        """An image of one pixel, masked if X may be."""
        is_masked = isinstance(self.data._meta, np.ma.MaskedArray)  # noqa: SLF001, there is no public name
        pixel = np.zeros((1,) * (self.data.ndim - 1) + self.shape[-1:], dtype=self.data.dtype)
        return np.ma.MaskedArray(pixel) if is_masked else pixel

    def _reduce(
        self, function: Callable[[Pixels], T], combine: Callable[[Iterable[T]], T], weights: Array | None
    ) -> Delayed:
        """The graph of `reduce_blocks`, written by hand: `delayed` takes milliseconds for each chunk."""
        import dask
        from dask.core import flatten
        from dask.delayed import Delayed
        from dask.highlevelgraph import HighLevelGraph

        arrays = dask.optimize(*([self.data] if weights is None else [self.data, weights]))
        name = f"skseg-reduce-{uuid4().hex}"
        work = _Work(function, combine, self.shape, self.channel_names, current_image(), get_config())
        tasks: dict[Any, Any] = {name: work}
        chunks = zip(*(flatten(each.__dask_keys__()) for each in arrays), strict=True)
        results: dict[Any, Any] = {
            (name, 0, index): (_reduce_chunk, name, index == 0, *keys) for index, keys in enumerate(chunks)
        }
        tasks |= results
        while len(results) > 1:
            keys = list(results)
            groups = [keys[start : start + _COMBINED] for start in range(0, len(keys), _COMBINED)]
            results = {(name, len(tasks), index): (combine, group) for index, group in enumerate(groups)}
            tasks |= results
        graph = HighLevelGraph.from_collections(name, tasks, dependencies=arrays)
        return Delayed(next(iter(results)), graph, layer=name)

    def _map(self, function: Delayed, fill: float | None, sample: NDArray[Any]) -> Array:
        """The graph of `map_blocks`, whose results are like those of a sample of one pixel."""
        n_dims = self.data.ndim
        values = sample.shape[n_dims - 1 :]
        return self.data.map_blocks(
            _map_chunk,
            function,
            fill=fill,
            config=get_config(),
            dtype=sample.dtype,
            chunks=(*self.data.chunks[:-1], *((n_values,) for n_values in values)),
            drop_axis=[] if values else [n_dims - 1],
            meta=sample[(slice(0),) * sample.ndim],
        )


@dataclass(eq=False)
class _Work:
    """A reduction, the image that it goes through, its number in a list, and the configuration of scikit-learn."""

    function: Callable[[Pixels], Any]
    combine: Callable[[Iterable[Any]], Any]
    image_shape: tuple[int, ...]
    channel_names: tuple[str, ...] | None
    image_index: int | None
    config: dict[str, Any]


def _reduce_chunk(work: _Work, is_first: bool, chunk: NDArray[Any], weights: NDArray[Any] | None = None) -> Any:
    """The combined results of the blocks of a chunk, in one thread beside other workers."""
    with config_context(**work.config), one_thread(), image_of_list(work.image_index):
        return work.combine(map(work.function, _blocks(work, chunk, weights, is_first=is_first)))


def _blocks(work: _Work, chunk: NDArray[Any], weights: NDArray[Any] | None, *, is_first: bool) -> Iterator[Pixels]:
    """The blocks of a chunk, as those of the image; which rows come before them is unknown, unless there are none."""
    for pixels in _open_chunk(chunk).blocks(weights):
        pixels.image_shape, pixels.channel_names = work.image_shape, work.channel_names
        pixels.start = pixels.start if is_first else -1
        yield pixels


def _map_chunk(chunk: NDArray[Any], function: Values, *, fill: float | None, config: dict[str, Any]) -> NDArray[Any]:
    with config_context(**config), one_thread():
        values: NDArray[Any] = _open_chunk(chunk).map(function, fill)
    return values


def _open_chunk(chunk: NDArray[Any]) -> SingleImage:
    """A chunk as an image; an empty one is as if all of it were masked."""
    return open_single(chunk if chunk.size else np.ma.MaskedArray(chunk))
