"""From X to its census: read it, check it, count it; and which numbers may be counted or compared together."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from ._callbacks import Task
from ._census import Census, count, merge
from ._color import is_unit_range, unit_scale
from ._converter import check_not_alpha
from ._images import NoPixelsError, Pixels, check_pixel_weights, is_sequence, read, reduce_images

_WAITING = 1 << 18  # colors of single images that may wait to be merged: a few megabytes
_MANY_CHANNELS = 100  # of 8 bits: no camera has so many
_LONGEST_SIDE_RATIO = 10  # of an image; a table is longer


def read_rows(X: Any, color_space: str | None) -> tuple[Pixels, NDArray[Any]]:
    """X, not a sequence, and its pixel rows as a finite numeric array."""
    pixels = read(X)
    check_not_alpha(pixels, color_space)
    rows = check_array(
        pixels.rows,
        ensure_all_finite=False,
        ensure_min_samples=0 if pixels.mask is not None else 1,
        estimator="KMeansSegmenter",
        input_name="X",
    )
    if rows.dtype.kind not in "biuf":
        raise ValueError(f"X must hold real numbers; got {rows.dtype} instead.")
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        raise ValueError("X contains NaN or infinity; mask such pixels: np.ma.masked_invalid(X).")
    return pixels, rows.astype(rows.dtype.newbyteorder("="), copy=False)


def check_not_gray(pixels: Pixels) -> None:
    """Warn of an array that is almost certainly an image without a channel axis, or with the channels first."""
    data = pixels.data
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim < 2 or data.shape[-1] < _MANY_CHANNELS:
        return
    n_rows, n_channels = data.shape[-2:]
    if data.ndim > 2 and data.shape[0] <= 4:
        meant = "an image with the channels first? Move them last: np.moveaxis(X, 0, -1)."
    elif n_rows <= _LONGEST_SIDE_RATIO * n_channels:
        meant = "a gray image? Add the axis of channels: X[..., np.newaxis]."
    else:
        return
    warnings.warn(
        f"X of shape {data.shape} is read as pixels of {n_channels} channels, since channels are the last axis. Is it "
        + meant,
        UserWarning,
        stacklevel=levels_to_caller(),
    )


def levels_to_caller() -> int:
    """How many frames lie between a warning and the code that called skseg, maybe through scikit-learn."""
    frame, level = inspect.currentframe(), 0
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in ("skseg", "sklearn", "joblib"):
        frame, level = frame.f_back, level + 1
    return level


def count_image(
    X: Any, sample_weight: Any, color_space: str | None, *, allow_empty: bool = False
) -> tuple[Pixels, NDArray[Any], Census]:
    """X, not a sequence, its pixel rows, and their census."""
    pixels, rows = read_rows(X, color_space)
    check_not_gray(pixels)
    weights = None
    if sample_weight is not None:
        shape = rows.shape[:1] if pixels.shape is None else pixels.shape
        weights = check_pixel_weights(sample_weight, shape, pixels.mask)
    census = count(rows, weights)
    if not allow_empty:
        _check_not_empty(census, sample_weight)
    return pixels, rows, census


def count_images(
    X: Any, sample_weight: Any, color_space: str | None, n_jobs: int | None, task: Task | None = None
) -> Census:
    """The census of a table, an image, or all images of a sequence together, each a part of `task`."""
    if not is_sequence(X):
        return count_image(X, sample_weight, color_space)[2]

    def census_of(image: Any, weights: Any) -> Census:
        return count_image(image, weights, color_space, allow_empty=True)[2]

    censuses = reduce_images(census_of, _add_up, X, n_jobs=n_jobs, sample_weight=sample_weight)
    together = _add_up((task or Task()).each("images", censuses))
    _check_not_empty(together, sample_weight)
    return together


def _check_not_empty(census: Census, sample_weight: Any) -> None:
    if len(census.colors) == 0:
        reason = (
            "All pixels of X are masked" if sample_weight is None else "sample_weight is zero where X is not masked"
        )
        raise NoPixelsError(f"{reason}; at least one pixel must take part.")


def _add_up(censuses: Iterator[tuple[int, Census]]) -> Census:
    """The census of all images; many are merged at a time, as soon as they hold more colors than what is merged."""
    _, together = next(censuses)
    waiting: list[Census] = []
    n_waiting = 0
    for index, census in censuses:
        check_same_kind(census.colors, together.colors, f"X[{index}]")
        waiting.append(census)
        n_waiting += len(census.colors)
        if n_waiting > max(len(together.colors), _WAITING):
            together, waiting, n_waiting = merge([together, *waiting]), [], 0
    return merge([together, *waiting])


def check_same_kind(colors: NDArray[Any], before: NDArray[Any], name: str) -> None:
    """Refuse to count colors together that have other channels or mean other units."""
    if colors.shape[1] != before.shape[1]:
        raise ValueError(
            f"{name} has {colors.shape[1]} channels, but earlier images have {before.shape[1]}. Channels are the last "
            "axis; a gray image has the shape (height, width, 1)."
        )
    if unit_scale(colors.dtype) != unit_scale(before.dtype):
        raise ValueError(
            f"{name} is {colors.dtype}, but earlier images are {before.dtype}, whose numbers mean other colors: "
            "uint8 and uint16 stand for 0 to 1. Give all images the same dtype, for example with skimage.util."
        )


def check_comparable(colors: NDArray[Any], fitted: NDArray[Any]) -> None:
    """Refuse numbers that are taken as they are next to scaled integers, unless they lie between 0 and 1."""
    plain = [array for array in (colors, fitted) if unit_scale(array.dtype) == 1]
    if len(plain) == 1 and plain[0].size and not is_unit_range(plain[0]):
        raise ValueError(
            f"X is {colors.dtype}, but fit has seen {fitted.dtype}: uint8 and uint16 stand for 0 to 1, so the "
            f"{plain[0].dtype} colors must lie there too; got {plain[0].min():g} to {plain[0].max():g} instead. "
            "Give X the dtype and range that fit has seen."
        )


def check_not_binary(colors: NDArray[Any], fitted: NDArray[Any]) -> None:
    """Refuse 0 and 1 of 8 or 16 bits, which are nearly the same color, for a model of False and True."""
    is_scaled = unit_scale(colors.dtype) != 1
    if fitted.dtype.kind == "b" and is_scaled and colors.size and 0 < colors.max() <= 1:
        raise ValueError(
            f"X is {colors.dtype} from 0 to 1, but fit has seen bool: {colors.dtype} stands for 0 to "
            f"{unit_scale(colors.dtype):g}. Pass X.astype(bool)."
        )


def cast_if_exact(rows: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`rows`, whose numbers had no dtype of their own, in the dtype seen in `fit` if it can hold them."""
    with np.errstate(invalid="ignore", over="ignore"):
        cast = rows.astype(dtype)
    return cast if np.array_equal(cast, rows) else rows
