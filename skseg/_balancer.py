"""WhiteBalancer: the transformer that brings images to one light."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from numbers import Real
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags, check_scalar
from sklearn.utils.validation import check_is_fitted

from ._checks import (
    cast_if_exact,
    check_channels,
    check_comparable,
    check_n_jobs,
    check_not_gray,
    check_same_kind,
    learn_channels,
    warn_other_range,
)
from ._color import OF_DTYPE, ValueRange, check_value_range, find_value_range
from ._counting import read_rows
from ._errors import NoPixelsError, current_image, image_of_list, is_word
from ._images import ImageLike, Pixels, SingleImage, is_lazy, is_named, open_images, open_single
from ._light import Curve, Tones, has_levels, measure, merge, relight
from ._notebook import NotebookMixin, palette_strip
from ._set_output import ImageOutputMixin

Floats = NDArray[np.float64]

_LARGEST = 1e100  # gamma undone, it is still finite
_LARGEST_LIGHT = 1.000001 * _LARGEST  # a power mean of such numbers, with its rounding errors
_LARGEST_FACTOR = 1e60  # times the largest linear number, it is still finite


class Seen(NamedTuple):
    """Numbers of images: how they follow light, their type, the least and the largest."""

    curve: Curve
    dtype: np.dtype[Any]
    limits: tuple[float, float]

    @property
    def is_unit_range(self) -> bool:
        """Whether all lie in the range of the curve."""
        return self.curve.value_range.holds(np.array(self.limits), self.dtype)


class Measured(NamedTuple):
    """Measurements of some pixels.

    Attributes
    ----------
    tones : the numbers of their channels, in one item; none if the light is known
    like : one of them, or none, of shape (1 or 0, n_channels)
    limits : the least and the largest number
    image_index : of the image of a list that they belong to
    """

    tones: list[Tones]
    like: NDArray[Any]
    limits: tuple[float, float]
    image_index: int | None = None

    def colors(self) -> NDArray[Any]:
        """Some of the colors that have a weight; all numbers of 8 or 16 bits that occur."""
        tones = self.tones[0]
        return tones.numbers[tones.weights.any(axis=1)] if tones.is_histogram else self.like

    def seen(self, curve: Curve) -> Seen:
        """Their numbers, without the light."""
        return Seen(curve, self.like.dtype, self.limits)


class WhiteBalancer(NotebookMixin, ImageOutputMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Bring images to the same light.

    The light of the images in `fit` is the reference. For each image, `transform` measures the light and multiplies the
    channels by factors that turn it into the reference. Use it in front of a segmenter if light, exposure or stain vary
    between images: ``make_pipeline(WhiteBalancer(), KMeansSegmenter(6))``.

    Light is measured as *shades of gray* [1]_: the power mean of each channel, in linear values. Each channel gets one
    factor (von Kries). Masked pixels are neither measured nor changed.

    Parameters
    ----------
    p : float, default=6
        Exponent of the power mean, at least 1. With 1 it is the mean (*gray world*), with infinity the maximum
        (*white patch*). Small exponents follow the content of an image, large exponents its highlights.

    color_space : {"auto"} or None, default="auto"
        Encoding of X. With "auto", three channels are sRGB, whose gamma is undone and redone, and any other number of
        channels is linear. With None, all values are linear, such as reflectance or raw sensor data.

    light : array-like of shape (n_channels,) or (..., n_channels), default=None
        Color of a gray or white surface in the light of the images, in the units of X. It may be a patch of an image,
        such as the gray field of a color card, which is averaged over unmasked pixels; a patch of uint8 or uint16 has
        the range of its own type. If given, light is not measured: all images get the same factors, which make this
        color gray and keep its luminance.

    n_jobs : int or None, default=None
        Number of images of a list to process in parallel, through joblib. None means 1 unless in a
        `joblib.parallel_config` context.

    value_range : {"auto", "dtype"} or tuple of (low, high), default="auto"
        Numbers that stand for 0 and 1. "dtype" is the range of the type for uint8 and uint16, 0 to 255 and 0 to 65535;
        numbers of all other types are used unchanged. "auto" differs for integers of 16 bits that are not negative:
        they have the range of the fewest bits of 8, 10, 12, 14 and 16 that hold the largest number in `fit`, as cameras
        give them; multiples of 257 are 8 bits that were stretched to 16. If limits are given, numbers of all types have
        them, and numbers beyond are clipped, as by `in_range` of `skimage.exposure.rescale_intensity`.

    Attributes
    ----------
    light_ : ndarray of shape (n_channels,)
        Color of the light in `fit`, of all images together, from 0 to 1 within `value_range_`.

    value_range_ : tuple of float
        The numbers (low, high) of X's type that stand for 0 and 1; (0, 1) if its numbers are used unchanged.

    n_features_in_ : int
        Number of channels seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, if X is a DataFrame, or a DataArray with different coordinates along its channels.

    See Also
    --------
    KMeansSegmenter : Segments images by color, after this transformer.
    ColorConverter : Converts each color independently of the image.

    Notes
    -----
    A table or a stack counts as one image, with one light. Each image of a list has its own light.

    The factors change exposure as well as color. Results are clipped to the range of the values if the image and the
    images in `fit` lie in that range.

    As in `KMeansSegmenter`, "auto" raises an error for an image of four channels: the fourth could be alpha or a band.

    If images differ in content rather than in light, balancing is harmful: an image of leaves is mistaken for an image
    in green light. Compare results with and without balancing.

    References
    ----------
    .. [1] G. D. Finlayson and E. Trezzi, "Shades of gray and colour constancy", Color Imaging Conference 2004.

    Examples
    --------
    A segmenter labels its image in weak, yellow light:

    >>> import numpy as np
    >>> from skimage.data import astronaut
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseg import KMeansSegmenter, WhiteBalancer
    >>> image = astronaut()[::2, ::2] / 255
    >>> evening = image * [0.9, 0.8, 0.5]
    >>> plain = KMeansSegmenter(6, random_state=0).fit(image)
    >>> balanced = make_pipeline(WhiteBalancer(), KMeansSegmenter(6, random_state=0)).fit(image)
    >>> for segmenter in (plain, balanced):
    ...     print(f"{(segmenter.predict(evening) == segmenter.predict(image)).mean():.2f}")
    0.55
    0.98
    """

    def __init__(
        self,
        p: float = 6,
        *,
        color_space: str | None = "auto",
        light: ArrayLike | None = None,
        n_jobs: int | None = None,
        value_range: str | ArrayLike = "auto",
    ) -> None:
        self.p = p
        self.color_space = color_space
        self.light = light
        self.n_jobs = n_jobs
        self.value_range = value_range

    def fit(self, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None) -> Self:
        """Measure the light of X.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        y : None
            Ignored.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel. Weight 2 is equivalent to repeating the pixel, weight 0 to masking it.

        Returns
        -------
        self : WhiteBalancer
            The fitted transformer.

        Raises
        ------
        ValueError
            If a channel is 0 everywhere, X holds NaN or infinity outside its mask, all pixels are masked, or a
            parameter is invalid.
        """
        self._check_parameters()
        images = open_images(X)
        measured = images.reduce(self._measure, _together, sample_weight=sample_weight, n_jobs=self.n_jobs)
        if not measured.tones[0].weights.any():
            reason = "All pixels are masked" if sample_weight is None else "All weights of the pixels are zero"
            raise NoPixelsError(f"{reason}; at least one pixel must take part.")
        curve = self._curve(measured.like.shape[1], measured.colors())
        light = self._light_of(measured, curve)
        learn_channels(self, images, measured.like)
        seen = measured.seen(curve)
        if self.light is not None and curve.value_range.of(seen.dtype) == (0, 1):
            largest = float(curve.from_linear(light).max())
            warn_other_range(largest, measured.limits[1], name="light", others="the pixels")
        self._set_fitted(curve.from_linear(light), seen)
        return self

    def transform(self, X: ImageLike) -> Any:
        """Bring X to the light of `fit`.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        Returns
        -------
        X_new : array of X's shape and dtype, or a list of them
            Balanced colors. Masked pixels are unchanged. For a Dask array, a Dask array.

        Raises
        ------
        ValueError
            If a channel is 0 everywhere, X holds NaN or infinity outside its mask, or its channels or units differ from
            `fit`.
        """
        check_is_fitted(self)
        return open_images(X).results(self._frozen("_balance"), n_jobs=self.n_jobs)

    def _curve(self, n_channels: int, colors: NDArray[Any]) -> Curve:
        """How images of such colors follow light."""
        is_srgb = is_word(self.color_space, "auto") and n_channels == 3
        return Curve(is_srgb, find_value_range(self.value_range, colors))

    def _measure(self, pixels: Pixels) -> Measured:
        """Measure a block in `fit`."""
        rows = read_rows(pixels, self.color_space)
        check_not_gray(pixels)
        weights, limits = pixels.weights(len(rows)), _limits_of(rows)
        tones = [measure(rows, weights, self.p, self._curve(rows.shape[1], rows[:0]))]
        return Measured(tones, rows[:1].copy(), limits, current_image())

    def _read(self, pixels: Pixels) -> NDArray[Any]:
        """The rows of a block, checked against `fit`."""
        rows = read_rows(pixels, self.color_space)
        check_channels(self, pixels, rows.shape[1])
        if not pixels.has_own_dtype:
            rows = cast_if_exact(rows, self._seen.dtype)
        check_comparable(rows, self._seen.dtype, self._seen.limits, self._seen.curve.value_range)
        return rows

    def _measure_again(self, pixels: Pixels) -> Measured:
        """Measure a block in `transform`; its light only if it is not given."""
        rows = self._read(pixels)
        limits = _limits_of(rows)
        tones = [] if self.light is not None else [measure(rows, None, self.p, self._seen.curve)]
        return Measured(tones, rows[:1].copy(), limits)

    def _balance(self, image: SingleImage) -> Any:
        """An image in the light of `fit`."""
        return image.map_reduced(self._measure_again, _together, self._relighting)

    def _relighting(self, measured: Measured) -> Callable[[Pixels], NDArray[Any]]:
        """The function that brings an image with such measurements to the light of `fit`."""
        if len(measured.like) == 0:
            return self._read
        curve = self._seen.curve
        fitted = curve.linear_of_unit(self.light_)
        if self.light is None:
            factors = _factors(fitted, _check_light(measured.tones[0].light(self.p, curve)))
        else:
            factors = _factors(curve.gray_of(fitted), fitted)
        is_clipped = self._seen.is_unit_range and measured.seen(curve).is_unit_range

        def relit(pixels: Pixels) -> NDArray[Any]:
            return relight(self._read(pixels), factors, curve, is_clipped=is_clipped)

        return relit

    def _light_of(self, measured: Measured, curve: Curve) -> Floats:
        """The light of the images in `fit`, given or measured, in linear numbers."""
        if self.light is None:
            return _check_light(measured.tones[0].light(self.p, curve))
        return _given_light(self.light, measured.like.shape[1], measured.like.dtype, curve)

    def _repr_html_fitted(self) -> str:
        """The color of the light, for notebooks, if it is an RGB color."""
        if not self._seen.curve.is_srgb or not OF_DTYPE.holds(self.light_):
            return ""
        return palette_strip(self.light_[np.newaxis], np.ones(1), "Light")

    def _check_parameters(self) -> None:
        """Validate parameters that do not depend on X."""
        check_scalar(self.p, "p", Real, min_val=1)
        check_n_jobs(self.n_jobs)
        check_value_range(self.value_range)
        if np.isnan(self.p):
            raise ValueError("p must be a number of at least 1, or infinity; got nan instead.")
        if self.color_space is not None and not is_word(self.color_space, "auto"):
            raise ValueError(f"color_space must be 'auto' or None; got {self.color_space!r} instead.")

    def _check_fitted(self) -> None:
        """Refuse parameters with which `fit` would fail, and learned numbers that it cannot give."""
        self._check_parameters()
        light, seen, n_channels = self.light_, self._seen, self.n_features_in_
        if self.light is not None:
            _given_light(self.light, n_channels, seen.dtype, seen.curve)
        low, high = seen.limits
        if not ((light > 0) & (light <= _LARGEST_LIGHT)).all() or not -_LARGEST <= low <= high <= _LARGEST:
            raise ValueError(
                f"light_ must be positive and at most {_LARGEST:g}, and X within ±{_LARGEST:g}; got a light of "
                f"{light.tolist()}, and {low:g} to {high:g} instead."
            )
        if seen.curve.is_srgb and n_channels != 3:
            raise ValueError(f"sRGB has three channels; got {n_channels} instead.")

    def _set_fitted(self, light: Floats, seen: Seen) -> None:
        """Set all fitted attributes but the names of channels."""
        self.light_, self.n_features_in_ = light, len(light)
        self._seen = seen
        self.value_range_ = seen.curve.value_range.of(seen.dtype)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        # The checks of subsets expect that each pixel is transformed by itself, but all pixels of a table make its
        # light. There is no other tag that leaves them out.
        tags.non_deterministic = self.light is None
        return tags


def _together(parts: Iterable[Measured]) -> Measured:
    """Measurements of all parts together."""
    parts = list(parts)
    for part in parts:
        with nullcontext() if part.image_index is None else image_of_list(part.image_index):
            check_same_kind(part.like, parts[0].like)
            dtypes = {part.like.dtype, parts[0].like.dtype}
            if len(dtypes) > 1 and any(map(has_levels, dtypes)):
                raise ValueError(
                    f"Images of integers of 8 or 16 bits must all have the same dtype; got {part.like.dtype} after "
                    f"{parts[0].like.dtype}. Convert all of them, for example with image.astype(float)."
                )
            if OF_DTYPE.scale(part.like.dtype) == 1:
                warn_other_range(part.limits[1], parts[0].limits[1], others="the first image")
    low, high = np.transpose([part.limits for part in parts])
    like = next((part.like for part in parts if len(part.like)), parts[0].like)
    limits = float(low.min()), float(high.max())
    tones = [each for part in parts for each in part.tones]
    return Measured([merge(tones)] if tones else [], like, limits, parts[0].image_index)


def _given_light(given: ArrayLike, n_channels: int, dtype: np.dtype[Any], curve: Curve) -> Floats:
    """The light of a color or a patch, in linear numbers, for images of a dtype."""
    light: Floats = curve.linear_of_unit(_given_colors(given, n_channels, dtype, curve.value_range)).mean(axis=0)
    if not (light > 0).all():
        mean = np.reshape(np.ma.asarray(given), (-1, n_channels)).mean(axis=0)
        raise ValueError(f"light must be positive in every channel; got {mean.tolist()} instead.")
    return light


def _given_colors(light: ArrayLike, n_channels: int, dtype: np.dtype[Any], value_range: ValueRange) -> Floats:
    """The colors of a light that is given for images of a dtype, (n_colors, n_channels), from 0 to 1 in the range."""
    light = open_single(light).array if is_named(light) or is_lazy(light) else light
    patch: np.ma.MaskedArray[Any, Any] = np.ma.asarray(light)
    is_color = patch.dtype.kind in "uif" and patch.shape[-1:] == (n_channels,)
    table = patch.reshape(-1, n_channels) if is_color else np.ma.empty((0, n_channels))
    colors = np.ma.getdata(table)[~np.ma.getmaskarray(table).any(axis=1)]
    if not len(colors) or not (np.abs(colors.astype(np.float64)) <= _LARGEST).all():
        raise ValueError(
            f"light must be a color of {n_channels} finite numbers, or a patch of such pixels, not all masked; got "
            f"{patch.dtype} of shape {patch.shape} instead."
        )
    scale = value_range.scale(dtype)
    if scale > 1 and colors.dtype.kind == "f" and colors.max() <= 1:
        raise ValueError(
            f"light must be in the units of X, which is {dtype} from 0 to {scale:g}; got {colors.max():g} at most. "
            f"If it is from 0 to 1, multiply it by {scale:g}."
        )
    return value_range.to_unit(colors, colors.dtype if value_range.scale(colors.dtype) != 1 else dtype)


def _factors(wanted: Floats, light: Floats) -> Floats:
    """The factor of each linear channel that makes `wanted` of `light`."""
    with np.errstate(over="ignore"):
        factors = wanted / light
    if factors.max() > _LARGEST_FACTOR:
        raise ValueError(f"X is too dark for the light in fit: a factor of {factors.max():g} would be needed; scale X.")
    return factors


def _check_light(light: Floats) -> Floats:
    dark = np.flatnonzero(light == 0).tolist()
    if dark:
        where = "all channels are" if len(dark) == len(light) else f"channel {', '.join(map(str, dark))} is"
        raise ValueError(f"X has no light to measure: {where} 0 everywhere. Leave it out, or pass light=.")
    return light


def _limits_of(rows: NDArray[Any]) -> tuple[float, float]:
    """The least and the largest number, if they are not too large."""
    low, high = (float(rows.min()), float(rows.max())) if len(rows) else (np.inf, -np.inf)
    if max(-low, high) > _LARGEST:
        raise ValueError(f"X must stay within ±{_LARGEST:g}; scale it.")
    return low, high
