"""From a source to its census: read it, check it, count it; and which numbers may be counted or compared together."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_array, validate_data

from ._callbacks import Task
from ._census import Census, count, merge
from ._color import check_not_alpha, is_unit_range, unit_scale
from ._source import NoPixelsError, Pixels, Source, check_pixel_weights

_MAX_WAITING = 1 << 18  # colors of single images that may wait to be merged: a few megabytes
_MANY_CHANNELS = 100  # of 8 bits: no camera has so many
_MAX_ASPECT_RATIO = 10  # of an image; a table is longer


class Counted(NamedTuple):
    """The census of a source and, of a single table or image, its pixels and their rows."""

    census: Census
    pixels: Pixels | None = None
    rows: NDArray[Any] | None = None

    def label_map(self, model: Any, *, is_weighted: bool) -> Any:
        """The label map of a single table or image by a model of its census; None for a sequence."""
        if self.pixels is None:
            return None
        return self.pixels.restore(model.label(self.rows, is_fitted=not is_weighted), under_mask=-1)


def read_rows(source: Source, color_space: str | None) -> tuple[Pixels, NDArray[Any]]:
    """The pixels of one table or image, and their rows as a finite numeric array."""
    pixels = source.pixels()
    check_not_alpha(pixels.data_shape, color_space)
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


def count_source(
    source: Source, sample_weight: Any, color_space: str | None, n_jobs: int | None, task: Task | None = None
) -> Counted:
    """Count a table, an image, or all images of a sequence together, each a part of `task`."""
    if not source.is_sequence:
        counted = _count_image(source, sample_weight, color_space)
    else:

        def census_of(image: Source, weights: Any) -> Census:
            return _count_image(image, weights, color_space).census

        censuses = source.reduce(census_of, _add_up, n_jobs=n_jobs, sample_weight=sample_weight)
        counted = Counted(_add_up((task or Task()).each("images", censuses)))
    if len(counted.census.colors) == 0:
        reason = (
            "All pixels of X are masked" if sample_weight is None else "sample_weight is zero where X is not masked"
        )
        raise NoPixelsError(f"{reason}; at least one pixel must take part.")
    return counted


def _count_image(source: Source, sample_weight: Any, color_space: str | None) -> Counted:
    pixels, rows = read_rows(source, color_space)
    check_not_gray(pixels)
    weights = None
    if sample_weight is not None:
        shape = rows.shape[:1] if pixels.shape is None else pixels.shape
        weights = check_pixel_weights(sample_weight, shape, pixels.mask)
    return Counted(count(rows, weights), pixels, rows)


def _add_up(censuses: Iterator[tuple[int, Census]]) -> Census:
    """The census of all images; many are merged at a time, as soon as they hold more colors than what is merged."""
    _, together = next(censuses)
    waiting: list[Census] = []
    n_waiting = 0
    for index, census in censuses:
        check_same_kind(census.colors, together.colors, f"X[{index}]")
        waiting.append(census)
        n_waiting += len(census.colors)
        if n_waiting > max(len(together.colors), _MAX_WAITING):
            together, waiting, n_waiting = merge([together, *waiting]), [], 0
    return merge([together, *waiting])


def match_to_fit(estimator: Any, source: Source, rows: NDArray[Any]) -> NDArray[Any]:
    """`rows` of a source, if their channels, names, units and range agree with a fitted estimator; else an error."""
    n_channels, expected, dtype = rows.shape[1], estimator.n_features_in_, estimator.model_.dtype
    if n_channels != expected:
        raise ValueError(
            f"X has {n_channels} features, but {type(estimator).__name__} is expecting {expected} features as input: "
            "one per channel. A 2-D array is a pixel table (n_pixels, n_channels); a gray image has the "
            "shape (height, width, 1): image[..., np.newaxis]."
        )
    for table in source.tables:
        validate_data(estimator, table, reset=False, skip_check_array=True)
    if not source.has_own_dtype:
        rows = cast_if_exact(rows, dtype)
    check_comparable(rows, estimator.model_)
    estimator.model_.conversion.check_range(rows)
    return rows


def check_not_gray(pixels: Pixels) -> None:
    """Warn of an array that is almost certainly an image without a channel axis, or with the channels first."""
    data = pixels.data
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim < 2 or data.shape[-1] < _MANY_CHANNELS:
        return
    n_rows, n_channels = data.shape[-2:]
    if data.ndim > 2 and data.shape[0] <= 4:
        meant = "an image with the channels first? Move them last: np.moveaxis(X, 0, -1)."
    elif n_rows <= _MAX_ASPECT_RATIO * n_channels:
        meant = "a gray image? Add the axis of channels: X[..., np.newaxis]."
    else:
        return
    warnings.warn(
        f"X of shape {data.shape} is read as pixels of {n_channels} channels, since channels are the last axis. Is it "
        + meant,
        UserWarning,
        stacklevel=levels_to_caller(),
    )


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def warn_few_clusters(n_colors: int, n_found: int, n_clusters: int) -> None:
    """Warn that X has too few colors."""
    found = f"{_plural(n_colors, 'distinct color')} in {_plural(n_found, 'cluster')}"
    warnings.warn(
        f"X has {found}, fewer than n_clusters={n_clusters}.",
        ConvergenceWarning,
        stacklevel=levels_to_caller(),
    )


def levels_to_caller() -> int:
    """How many frames lie between a warning and the code that called skseg, maybe through scikit-learn."""
    frame, level = inspect.currentframe(), 0
    while frame and frame.f_globals.get("__name__", "").split(".")[0] in ("skseg", "sklearn", "joblib"):
        frame, level = frame.f_back, level + 1
    return level


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


def check_comparable(colors: NDArray[Any], model: Any) -> None:
    """Refuse colors of other units than a model's, where their range shows it."""
    if not colors.size:
        return
    fitted, scale = model.dtype, unit_scale(colors.dtype)
    if (scale == 1) != (unit_scale(fitted) == 1):
        low, high = (colors.min(), colors.max()) if scale == 1 else model.limits
        if not is_unit_range(np.array([low, high], dtype=np.float64)):
            unscaled = colors.dtype if scale == 1 else fitted
            raise ValueError(
                f"X is {colors.dtype}, but fit has seen {fitted}: uint8 and uint16 stand for 0 to 1, so the "
                f"{unscaled} colors must lie there too; got {low:g} to {high:g} instead. "
                "Give X the dtype and range that fit has seen."
            )
    if fitted.kind == "b" and scale != 1 and 0 < colors.max() <= 1:
        raise ValueError(
            f"X is {colors.dtype} from 0 to 1, but fit has seen bool: {colors.dtype} stands for 0 to {scale:g}. "
            "Pass X.astype(bool)."
        )


def cast_if_exact(rows: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`rows`, whose numbers had no dtype of their own, in the dtype seen in `fit` if it can hold them."""
    with np.errstate(invalid="ignore", over="ignore"):
        cast = rows.astype(dtype)
    return cast if np.array_equal(cast, rows) else rows
