"""Pixels: a block of an image, or of a table, as rows and back. The last axis is channels."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from .._errors import NotFiniteError, as_real, to_array
from .no_data import Mask, mask_of

Floats = NDArray[np.float64]
Place = slice | tuple[slice, ...]


@dataclass(eq=False)
class Pixels:
    """A block of an image as rows of pixels.

    Attributes
    ----------
    data : array of shape (..., n_channels); or a table as it came
    place : where the block lies along the first axes of the image
    sample_weight : weight of each pixel of the block, maybe masked, or None
    start : number of the first row of the block among all rows of the image that are not masked
    image_shape : shape of the whole image; by default, of the block
    has_own_dtype : whether the type of the numbers is stated; Python numbers in lists have none
    channel_names : those of a named axis of channels, maybe none; None if the axis has no name
    shape : shape of the block without channels; None for a table, whose results are tables
    mask : True for masked pixels, of this shape; None if there is none
    """

    data: Any
    place: Place = field(default_factory=lambda: slice(None))
    sample_weight: NDArray[Any] | None = None
    start: int = 0
    image_shape: tuple[int, ...] = ()
    has_own_dtype: bool = True
    channel_names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        data = self.data
        self.image_shape = self.image_shape or np.shape(data)
        is_masked = isinstance(data, np.ma.MaskedArray) and data.ndim >= 2
        self.mask: Mask | None = mask_of(data) if is_masked else None
        self.data = np.ma.getdata(data) if is_masked else data
        is_image = is_masked or (isinstance(data, np.ndarray) and data.ndim > 2)
        self.shape: tuple[int, ...] | None = data.shape[:-1] if is_image else None

    @property
    def top(self) -> int:
        """Index of the block's first row along the first axis of the image."""
        place = self.place if isinstance(self.place, slice) else self.place[0]
        return place.start or 0

    @property
    def n_rows(self) -> int:
        """Number of the pixels that are not masked."""
        if self.mask is not None:
            return int(self.mask.size - np.count_nonzero(self.mask))
        return len(self.data) if self.shape is None else int(np.prod(self.shape))

    @property
    def is_image(self) -> bool:
        """Whether pixels have a place in an image."""
        return self.shape is not None and len(self.shape) > 1

    @property
    def tables(self) -> list[Any]:
        """The table as it came, whose columns may have names."""
        return [self.data] if self.shape is None else []

    @property
    def named(self) -> list[tuple[str, ...]]:
        """The names of the channels, if they have some."""
        return [self.channel_names] if self.channel_names else []

    @property
    def array(self) -> NDArray[Any]:
        """The block as an array, masked where it is."""
        if self.mask is None:
            return np.asarray(self.data)
        return np.ma.MaskedArray(self.data, mask=np.broadcast_to(self.mask[..., np.newaxis], self.data.shape))

    @property
    def table(self) -> Any:
        """The pixels that are not masked as a table, (n_rows, n_channels); a table as it came."""
        if self.mask is not None:
            return _rows_outside(self.mask, self.data)
        return self.data if self.shape is None else self.data.reshape(int(np.prod(self.shape)), self.data.shape[-1])

    def read(self) -> NDArray[Any]:
        """The pixels that are not masked as finite real numbers, (n_rows, n_channels)."""
        table, n_least = self.table, 0 if self.mask is not None else 1
        rows = table if hasattr(table, "columns") else as_real(to_array(table))  # a DataFrame, or another table
        if self.shape is None or rows.size == 0:  # of an image, they are rows of channels already
            rows = as_real(check_array(rows, dtype=None, ensure_all_finite=False, ensure_min_samples=n_least))
        if rows.dtype.kind == "f" and not np.isfinite(rows).all():
            raise NotFiniteError("Pixels contain NaN or infinity.")
        return np.asarray(rows.astype(rows.dtype.newbyteorder("="), copy=False))

    def weights(self, n_rows: int) -> Floats | None:
        """The weight of each of the `n_rows` rows, or None without weights."""
        if self.sample_weight is None:
            return None
        return pixel_weights(self.sample_weight, (n_rows,) if self.shape is None else self.shape, self.mask)

    def restore(self, values: NDArray[Any], fill: float | None) -> NDArray[Any]:
        """One value, or row of values, per row, in the shape of the block; `fill` under the mask, or the pixels."""
        if self.shape is None:
            return values
        if self.mask is None:
            return values.reshape(self.shape + values.shape[1:])
        restored = np.empty(self.shape + values.shape[1:], dtype=values.dtype)
        if values.ndim == 1:
            restored[~self.mask] = values
        else:
            _as_items(restored)[~self.mask] = _as_items(values)
        restored[self.mask] = self.data[self.mask] if fill is None else fill
        mask = self.mask.reshape(self.shape + (1,) * (values.ndim - 1))
        return np.ma.MaskedArray(restored, mask=np.broadcast_to(mask, restored.shape).copy())


def pixel_weights(sample_weight: object, shape: tuple[int, ...], mask: Mask | None = None) -> Floats:
    """Weights of the pixels that are not masked, as finite numbers that are not negative, one-dimensional.

    Weights that are masked themselves are 0.
    """
    given: np.ma.MaskedArray[Any, Any] = np.ma.asarray(sample_weight)
    if given.dtype.kind == "c":
        raise ValueError(f"sample_weight must hold real numbers; got {given.dtype} instead.")
    weights = np.ma.filled(given.astype(np.float64), 0.0)
    if weights.shape != shape:
        raise ValueError(f"sample_weight must have X's pixel shape {shape}; got {weights.shape} instead.")
    weights = weights.ravel() if mask is None else weights[~mask]
    largest = np.finfo(np.float64).max / max(weights.size, 1)  # so that the sum is finite
    if not ((weights >= 0) & (weights <= largest)).all():
        raise ValueError(
            "sample_weight must be finite, also in sum, and not negative; leave a pixel out by weight 0 or by a mask."
        )
    return weights


def _rows_outside(mask: Mask, data: NDArray[Any]) -> NDArray[Any]:
    """The pixels of `data` that are not masked, (n_pixels, n_channels)."""
    if data.dtype.hasobject or data.shape[-1] == 0:
        return np.asarray(data[~mask])
    return _as_items(data)[~mask].view(data.dtype).reshape(-1, data.shape[-1])


def _as_items(data: NDArray[Any]) -> NDArray[Any]:
    """Each pixel as one item, without channels: a mask then picks pixels without a list of where they are."""
    pixels = data if data.strides[-1] == data.itemsize else np.ascontiguousarray(data)
    return pixels.view(np.dtype((np.void, data.itemsize * data.shape[-1])))[..., 0]
