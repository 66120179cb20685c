"""From X to its census: read it, check it, count it; and which numbers may be counted or compared together."""

from __future__ import annotations

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


def count_image(
    X: Any, sample_weight: Any, color_space: str | None, *, allow_empty: bool = False
) -> tuple[Pixels, NDArray[Any], Census]:
    """X, not a sequence, its pixel rows, and their census."""
    pixels, rows = read_rows(X, color_space)
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
        raise ValueError(f"{name} has {colors.shape[1]} channels, what was seen before has {before.shape[1]}.")
    if unit_scale(colors.dtype) != unit_scale(before.dtype):
        raise ValueError(
            f"{name} is {colors.dtype}, what was seen before is {before.dtype}, whose numbers mean other colors: "
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


def cast_if_exact(rows: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`rows`, whose numbers had no dtype of their own, in the dtype seen in `fit` if it can hold them."""
    with np.errstate(invalid="ignore", over="ignore"):
        cast = rows.astype(dtype)
    return cast if np.array_equal(cast, rows) else rows
