"""Checks that pixels match a fitted model, or each other, and hints for likely mistakes."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_array, validate_data

from ._census import Census
from ._color import is_unit_range, unit_scale
from ._errors import NotFiniteError, as_real, to_array, warn
from ._source import Pixels, Source

_FEW_CHANNELS = 4  # of a photo
_MANY_CHANNELS = 100  # of 8 bits: only some spectral images have so many
_MOST_BANDS = 500  # of 8 bits: no spectral image has more
_MAX_ASPECT_RATIO = 10  # of an image; a table is longer
_LARGEST_FLOAT = float(np.finfo(np.float64).max)
_SCALED = 50, 65535  # the largest number of an image that is not from 0 to 1, but, say, from 0 to 255
_LOOKED_AT = 1 << 14  # colors


def read_checked(source: Source) -> tuple[Pixels, Any, NDArray[Any]]:
    """The pixels of one table or image, their table as it came, and as an array of finite real numbers."""
    pixels = source.pixels()
    table = pixels.rows()
    n_least = 0 if pixels.mask is not None else 1
    numbers = table if hasattr(table, "columns") else as_real(to_array(table))  # a DataFrame, or another table
    rows = as_real(check_array(numbers, dtype=None, ensure_all_finite=False, ensure_min_samples=n_least))
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        raise NotFiniteError("Pixels contain NaN or infinity.")
    return pixels, table, rows.astype(rows.dtype.newbyteorder("="), copy=False)


def learn_channels(estimator: Any, source: Source, like: NDArray[Any]) -> None:
    """Set the number of channels to the one of `like`, and their names, which are the same in all tables of X."""
    for number, table in enumerate(source.tables or [like]):
        validate_data(estimator, table, reset=number == 0, skip_check_array=True)


def check_channels(estimator: Any, source: Source, rows: NDArray[Any]) -> None:
    """Refuse a source whose channels, or their names, differ from a fitted estimator's."""
    n_channels, expected = rows.shape[1], estimator.n_features_in_
    if n_channels != expected:
        raise ValueError(
            f"X has {n_channels} features, but {type(estimator).__name__} is expecting {expected} features as input: "
            "one per channel. A 2-D array is a pixel table (n_pixels, n_channels); a gray image has the "
            "shape (height, width, 1): image[..., np.newaxis]."
        )
    for table in source.tables:
        validate_data(estimator, table, reset=False, skip_check_array=True)


def match_to_fit(estimator: Any, source: Source, rows: NDArray[Any]) -> NDArray[Any]:
    """`rows` of a source, if their channels, names, units and range agree with a fitted estimator; else an error."""
    check_channels(estimator, source, rows)
    if not source.has_own_dtype:
        rows = cast_if_exact(rows, estimator.model_.dtype)
    estimator.model_.conversion.check_range(rows)
    check_comparable(rows, estimator.model_)
    return rows


def check_not_gray(source: Source) -> None:
    """Warn of an array that is almost certainly gray without an axis of channels, or has its channels first.

    Three dimensions and some hundreds of channels are a spectral image, more are a stack of gray images.
    """
    data = source.data
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim < 2 or source.labeled is not None:
        return
    n_channels, (short, long) = data.shape[-1], sorted(data.shape[-2:])
    if n_channels < _MANY_CHANNELS or long > _MAX_ASPECT_RATIO * short:
        return
    if data.ndim > 2 and data.shape[-3] <= _FEW_CHANNELS:
        meant = f"Are they first? Move them last: np.moveaxis(image, {data.ndim - 3}, -1)."
    elif data.ndim == 2 or n_channels > _MOST_BANDS:
        meant = "Is it gray? Add the axis of channels: image[..., np.newaxis]."
    else:
        return
    warn(f"An array of shape {data.shape} is read as pixels of {n_channels} channels, the last axis. {meant}")


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def warn_few_clusters(census: Census, n_found: int, n_clusters: int) -> None:
    """Warn that X has too few colors."""
    least = "" if census.is_complete else "more than "
    found = f"{least}{_plural(len(census.colors), 'distinct color')} in {_plural(n_found, 'cluster')}"
    warn(f"X has {found}, fewer than n_clusters={n_clusters}.", ConvergenceWarning)


def check_same_kind(colors: NDArray[Any], before: NDArray[Any]) -> None:
    """Refuse to count colors together that have other channels or mean other units."""
    if colors.shape[1] != before.shape[1]:
        raise ValueError(
            f"Pixels have {_plural(colors.shape[1], 'channel')}, but earlier images have {before.shape[1]}. "
            "Channels are the last axis; a gray image has the shape (height, width, 1)."
        )
    if unit_scale(colors.dtype) != unit_scale(before.dtype):
        raise ValueError(
            f"Pixels are {colors.dtype}, but earlier images are {before.dtype}, whose numbers mean other colors: "
            "uint8 and uint16 stand for 0 to 1. Give all images the same dtype, for example with skimage.util."
        )


def warn_other_range(largest: float, largest_of_others: float, *, others: str, name: str = "the pixels") -> None:
    """Warn if one range is probably 0 to 1, the other 0 to 255 or the like."""
    low, high = sorted((largest, largest_of_others))
    if 0 < low <= 1 and _SCALED[0] <= high <= _SCALED[1]:
        warn(
            f"The largest number in {name} is {largest:g}, but {largest_of_others:g} in {others}. Give both the same "
            "range; only uint8 and uint16 are scaled."
        )


def check_comparable(colors: NDArray[Any], model: Any) -> None:
    """Refuse colors of other units than a model's, where their range shows it, and warn of a likely other range."""
    if not colors.size:
        return
    fitted, scale = model.dtype, unit_scale(colors.dtype)
    if (scale == 1) != (unit_scale(fitted) == 1):
        low, high = (colors.min(), colors.max()) if scale == 1 else model.limits
        if not is_unit_range(np.array([low, high], dtype=np.float64)):
            unscaled = colors.dtype if scale == 1 else fitted
            raise ValueError(
                f"Pixels are {colors.dtype}, but fit has seen {fitted}: uint8 and uint16 stand for 0 to 1, so the "
                f"{unscaled} numbers must lie there too; got {low:g} to {high:g} instead. "
                "Give the pixels the dtype and range that fit has seen."
            )
    if fitted.kind == "b" and scale != 1 and 0 < colors.max() <= 1:
        raise ValueError(
            f"Pixels are {colors.dtype} from 0 to 1, but fit has seen bool: {colors.dtype} stands for 0 to {scale:g}. "
            "Convert them to bool: image.astype(bool)."
        )
    if scale == unit_scale(fitted) == 1:
        some = colors[:: max(1, len(colors) // _LOOKED_AT)]
        warn_other_range(float(some.max()), model.limits[1], others="fit")


def check_n_jobs(n_jobs: Any) -> None:
    """Refuse anything but an integer or None."""
    if n_jobs is not None:
        check_scalar(n_jobs, "n_jobs", Integral)


def cast_if_exact(rows: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`rows`, whose numbers had no dtype of their own, in the dtype seen in `fit` if they are integers it can hold."""
    if rows.dtype.kind not in "iu":
        return rows
    with np.errstate(invalid="ignore", over="ignore"):
        cast = rows.astype(dtype)
    return cast if np.array_equal(cast, rows) else rows


def check_pixel_weights(
    sample_weight: Any, shape: tuple[int, ...], mask: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """`sample_weight` of the pixels that are not masked, as finite numbers that are not negative, one-dimensional.

    Weights that are masked themselves are 0.
    """
    weights = np.ma.filled(np.ma.asarray(sample_weight).astype(np.float64), 0.0)
    if weights.shape != shape:
        raise ValueError(f"sample_weight must have X's pixel shape {shape}; got {weights.shape} instead.")
    weights = weights.ravel() if mask is None else weights[~mask]
    largest = _LARGEST_FLOAT / max(weights.size, 1)
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.max(initial=0) > largest:
        raise ValueError(
            "sample_weight must be finite, also in sum, and not negative; leave a pixel out by weight 0 or by a mask."
        )
    return weights
