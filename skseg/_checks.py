"""Checks that pixels match a fitted model, or each other, and hints for likely mistakes."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_scalar
from sklearn.utils.validation import validate_data

from ._census import Census, usual_limits
from ._color import OF_DTYPE, Conversion, ValueRange, find_value_range
from ._errors import warn
from ._images import Image, Pixels
from ._model import Model

_FEW_CHANNELS = 4  # of a photo
_MANY_CHANNELS = 100  # of 8 bits: only some spectral images have so many
_MOST_BANDS = 500  # of 8 bits: no spectral image has more
_MAX_ASPECT_RATIO = 10  # of an image; a table is longer
_SCALED = 50, 65535  # the largest number of an image that is not from 0 to 1, but, say, from 0 to 255
_RARE = 1e-4  # share of the numbers that may be defects
_MOST_NAMES = 8  # in a message
_LOOKED_AT = 1 << 14  # colors


class FittedSegmenter(Protocol):
    """What a fitted segmenter knows of the colors in `fit`."""

    _model: Model
    n_features_in_: int


def learn_channels(estimator: Any, images: Image, like: NDArray[Any]) -> None:
    """Set the number of channels to the one of `like`, and their names, which are the same in all tables of X."""
    for number, table in enumerate(images.tables or [like]):
        validate_data(estimator, table, reset=number == 0, skip_check_array=True)
    if images.named and not hasattr(estimator, "feature_names_in_"):
        estimator.feature_names_in_ = np.array(images.named[0], dtype=object)
    check_names(estimator, images)


def check_names(estimator: object, pixels: Image | Pixels) -> None:
    """Refuse images whose channels have other names than a fitted estimator's; some may have none."""
    fitted = tuple(getattr(estimator, "feature_names_in_", ()))
    for names in pixels.named if fitted else ():
        if names != fitted:
            raise ValueError(
                f"The channels of X are named {_shortened(names)}, but {_shortened(fitted)} in fit. Select them in "
                "the order of feature_names_in_ with X.sel, or give them these names with X.assign_coords."
            )


def _shortened(names: Sequence[str]) -> str:
    """The first of some names."""
    return ", ".join([*names[:_MOST_NAMES], *["…"] * (len(names) > _MOST_NAMES)])


def check_n_channels(estimator: Any, n_channels: int) -> None:
    """Refuse another number of channels than a fitted estimator's."""
    expected = estimator.n_features_in_
    if n_channels != expected:
        raise ValueError(
            f"X has {n_channels} features, but {type(estimator).__name__} is expecting {expected} features as input: "
            "one per channel. A 2-D array is a pixel table (n_pixels, n_channels); a gray image has the "
            "shape (height, width, 1): image[..., np.newaxis]."
        )


def check_channels(estimator: Any, pixels: Image | Pixels, n_channels: int) -> None:
    """Refuse channels, or names of them, that differ from a fitted estimator's."""
    check_n_channels(estimator, n_channels)
    check_names(estimator, pixels)
    for table in pixels.tables:
        validate_data(estimator, table, reset=False, skip_check_array=True)


def match_to_fit(estimator: FittedSegmenter, pixels: Image | Pixels, rows: NDArray[Any]) -> NDArray[Any]:
    """The rows of pixels, if their channels, names, units and range agree with a fitted estimator; else an error."""
    model = estimator._model
    check_channels(estimator, pixels, rows.shape[1])
    if not pixels.has_own_dtype:
        rows = cast_if_exact(rows, model.dtype)
    model.conversion.check_range(rows)
    check_comparable(rows, model.dtype, model.limits, model.value_range)
    return rows


def check_not_gray(pixels: Pixels) -> None:
    """Warn of an array that is almost certainly gray without an axis of channels, or has its channels first.

    Three dimensions and some hundreds of channels are a spectral image, more are a stack of gray images.
    """
    data, shape = pixels.data, pixels.image_shape
    is_known = pixels.channel_names is not None or pixels.start
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or len(shape) < 2 or is_known:
        return
    n_channels, (short, long) = shape[-1], sorted(shape[-2:])
    if n_channels < _MANY_CHANNELS or long > _MAX_ASPECT_RATIO * short:
        return
    if len(shape) > 2 and shape[-3] <= _FEW_CHANNELS:
        meant = f"Are they first? Move them last: np.moveaxis(image, {len(shape) - 3}, -1)."
    elif len(shape) == 2 or n_channels > _MOST_BANDS:
        meant = "Is it gray? Add the axis of channels: image[..., np.newaxis]."
    else:
        return
    warn(f"An array of shape {shape} is read as pixels of {n_channels} channels, the last axis. {meant}")


def plural(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" + "s" * (number != 1)


def warn_few_clusters(census: Census, n_found: int, n_clusters: int) -> None:
    """Warn that X has too few colors."""
    least = "" if census.is_complete else "more than "
    found = f"{least}{plural(len(census.colors), 'distinct color')} in {plural(n_found, 'cluster')}"
    warn(f"X has {found}, fewer than n_clusters={n_clusters}.", ConvergenceWarning)


def check_same_kind(colors: NDArray[Any], before: NDArray[Any]) -> None:
    """Refuse to count colors together that have other channels or mean other units."""
    if colors.shape[1] != before.shape[1]:
        raise ValueError(
            f"Pixels have {plural(colors.shape[1], 'channel')}, but earlier images have {before.shape[1]}. "
            "Channels are the last axis; a gray image has the shape (height, width, 1)."
        )
    if OF_DTYPE.scale(colors.dtype) != OF_DTYPE.scale(before.dtype):
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


def _warn_few_bits(colors: NDArray[Any], value_range: ValueRange) -> None:
    """Warn of colors of fewer bits than those of their type, which they have if `fit` has seen another type."""
    high = value_range.of(colors.dtype)[1]
    likely = find_value_range("auto", colors[:: max(1, len(colors) // _LOOKED_AT)]).limits
    if high > 1 and likely is not None and likely[1] < high:
        warn(
            f"The pixels are {colors.dtype}, whose largest number is {colors.max()}, but {high:g} stands for 1, since "
            f"fit has seen another type. If they have fewer bits, divide them by {likely[1]:g}."
        )


def warn_outliers(census: Census, conversion: Conversion) -> None:
    """Warn of a few numbers that alone make the range larger, if the color space depends on the range."""
    found = conversion.value_range
    if found.limits is None or found.is_given or conversion.space is None or not conversion.space.unit_range:
        return
    usual = find_value_range("auto", census.colors, usual_limits(census, _RARE)).limits
    if usual is not None and usual != found.limits:
        warn(
            f"The largest number is {census.number_limits()[1]:g}, so {found.limits[1]:g} stands for 1, but almost all "
            f"numbers are below {usual[1] + 1:g}. If the others are defects, mask them or pass "
            f"value_range=(0, {usual[1]:g})."
        )


def check_comparable(
    colors: NDArray[Any], fitted: np.dtype[Any], limits: tuple[float, float], value_range: ValueRange
) -> None:
    """Refuse colors of other units than fitted ones, where their range shows it, and warn of a likely other range.

    `limits` are the least and the largest number that were fitted. If a range was given, numbers of all types have it.
    """
    if not colors.size or value_range.is_given:
        return
    scale, fitted_scale = value_range.scale(colors.dtype), value_range.scale(fitted)
    if scale == fitted_scale == 1:
        some = colors[:: max(1, len(colors) // _LOOKED_AT)]
        warn_other_range(float(some.max()), limits[1], others="fit")
    elif 1 in (scale, fitted_scale):
        unscaled, low, high = (colors.dtype, colors.min(), colors.max()) if scale == 1 else (fitted, *limits)
        if not OF_DTYPE.holds(np.array([low, high], dtype=np.float64)):
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
    if fitted.kind not in "iu" or fitted.itemsize != colors.itemsize:
        _warn_few_bits(colors, value_range)


def check_n_jobs(n_jobs: object) -> None:
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
