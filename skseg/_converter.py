"""ColorConverter: the scikit-learn transformer over the color spaces of `_color`."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_array, validate_data

from ._color import COLOR_SPACES, ColorSpace, is_unit_range, to_unit
from ._images import ImageOutputMixin, Pixels, is_sequence, read
from ._notebook import NotebookMixin


class ColorConverter(NotebookMixin, ImageOutputMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Convert sRGB colors to the coordinates that k-means works in.

    Stateless: `fit` only checks its input. 8-bit and 16-bit unsigned integers are scaled by their maximum to 0–1,
    all other numbers are taken as they are.

    Parameters
    ----------
    color_space : {"auto", "rgb", "hsv", "hsv-raw", "lab", "luv", "ycbcr", "hed", "oklab"} or None, default="auto"
        Where to convert to. "auto" is "hsv" for three channels and no conversion for any other number; None never
        converts. "hsv" is HSV with hue as an angle, the cone `(C cos 2πh, C sin 2πh, V)` with chroma
        `C = max − min`, so that reds on both sides of 0° are neighbors and dark pixels have no wild hues; "hsv-raw"
        is the cylinder `(h, s, v)` of scikit-image. "hsv" and "rgb" take any real numbers, the other spaces sRGB
        from 0 to 1 only.

    channel_weights : "auto", None or array-like of shape (n_channels,), default="auto"
        Factor of each channel after conversion. "auto" lets lightness count half (V of "hsv", L* of "lab" and "luv",
        Y of "ycbcr"; 0.4 for L of "oklab") and all else fully; None means all ones.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, if X had any.

    See Also
    --------
    KMeansSegmenter : Segments images by color; uses this transformer as its first step.
    skimage.color.convert_colorspace : Conversion between color spaces without an estimator around it.

    Notes
    -----
    The cone is A. R. Smith's hexcone [1]_ with its hue sextants bent to angles; OKLab is Ottosson's [2]_. The other
    conversions are scikit-image's, for the white point D65.

    References
    ----------
    .. [1] A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978.
    .. [2] B. Ottosson, "A perceptual color space for image processing", 2020.

    Examples
    --------
    Two reds at hue 0.992 and 0.008, far apart in raw HSV, are neighbors on the cone:

    >>> import numpy as np
    >>> from skseg import ColorConverter
    >>> reds = np.array([[220, 20, 30], [220, 30, 20]], dtype=np.uint8)
    >>> ColorConverter("hsv-raw").fit_transform(reds).round(3)
    array([[0.992, 0.909, 0.863],
           [0.008, 0.909, 0.863]])
    >>> ColorConverter("hsv").fit_transform(reds).round(3)
    array([[ 0.783, -0.041,  0.431],
           [ 0.783,  0.041,  0.431]])

    Images keep their shape:

    >>> from skimage.data import coffee
    >>> ColorConverter("lab").fit_transform(coffee()).shape
    (400, 600, 3)
    """

    def __init__(self, color_space: str | None = "auto", *, channel_weights: Any = "auto") -> None:
        self.color_space = color_space
        self.channel_weights = channel_weights

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the parameters against X; nothing is learned.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        y : None
            Ignored.

        Returns
        -------
        self : ColorConverter
            The converter itself.

        Raises
        ------
        ValueError
            If a parameter does not suit the number of channels, or the numbers do not suit the color space.
        """
        self._check(X[0] if is_sequence(X) else X, reset=True)
        return self

    def transform(self, X: Any) -> Any:
        """Convert colors.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors: sRGB where `color_space` names a space.

        Returns
        -------
        X_new : ndarray of X's shape, float64, or a list of them
            Weighted coordinates. A masked image gives a masked array, NaN under the mask.
        """
        if is_sequence(X):
            return [self.transform(image) for image in X]
        pixels, rows = self._check(X, reset=False)
        return pixels.restore(self._convert(rows), under_mask=np.nan)

    def inverse_transform(self, X: Any) -> Any:
        """Convert coordinates back to colors.

        All spaces are invertible but "hed", whose stains scikit-image cuts off at zero.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), array of shape (..., n_channels), or list of them
            What `transform` gives.

        Returns
        -------
        X_original : ndarray of X's shape, float64, or a list of them
            Colors in sRGB from 0 to 1, whatever their dtype was.

        Raises
        ------
        ValueError
            If a channel has weight 0, which loses it.
        """
        if is_sequence(X):
            return [self.inverse_transform(image) for image in X]
        pixels = read(X)
        rows = check_array(pixels.rows, dtype=np.float64, estimator=self, input_name="X")
        space, weights = self._space_and_weights(rows.shape[1])
        if not weights.all():
            raise ValueError(
                f"channel_weights must not contain 0 for inverse_transform; got {weights.tolist()}: "
                "the coordinate of that channel is lost."
            )
        unweighted = rows / weights
        return pixels.restore(space.to_rgb(unweighted) if space else unweighted, under_mask=np.nan)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the converted channels.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the channels of X, which stay if there is no conversion.

        Returns
        -------
        feature_names_out : ndarray of str objects
            For example ``["L", "a", "b"]``.
        """
        names = super().get_feature_names_out(input_features)
        space, _ = self._space_and_weights(self.n_features_in_)
        return np.asarray(space.channels if space else names, dtype=object)

    def _check(self, X: Any, *, reset: bool) -> tuple[Pixels, NDArray[Any]]:
        """X as `Pixels` and its checked rows."""
        pixels = read(X)
        check = {"ensure_min_samples": 0 if pixels.mask is not None else 1}
        rows = validate_data(self, pixels.rows, reset=reset, **check)
        check_not_alpha(pixels, self.color_space)
        self._check_rows(rows)
        return pixels, rows

    def _check_rows(self, rows: NDArray[Any], name: str = "X") -> None:
        """Refuse rows that have the wrong number of channels or lie outside the range of the color space."""
        space, _ = self._space_and_weights(rows.shape[1])
        if space and space.unit_range and rows.size and not is_unit_range(rows):
            raise ValueError(
                f"color_space={self.color_space!r} needs sRGB from 0 to 1, or uint8, or uint16; got {name} as "
                f"{rows.dtype} from {rows.min():g} to {rows.max():g} instead. "
                f"Scale {name}, or use 'hsv', 'rgb' or None, which take any range."
            )

    def _convert(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        """Converted coordinates of checked rows."""
        space, weights = self._space_and_weights(rows.shape[1])
        unit = to_unit(rows)
        return np.asarray((space.from_rgb(unit) if space else unit) * weights)

    def _space_and_weights(self, n_channels: int) -> tuple[ColorSpace | None, NDArray[np.float64]]:
        space = _find_space(self.color_space, n_channels)
        if isinstance(self.channel_weights, str) and self.channel_weights == "auto":
            return space, np.array(space.weights if space else [1.0] * n_channels)
        if self.channel_weights is None:
            return space, np.ones(n_channels)
        return space, _check_channel_weights(self.channel_weights, n_channels)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags


def check_not_alpha(pixels: Pixels, color_space: str | None) -> None:
    """Refuse an image of four channels under "auto": whether the fourth is alpha or a band, X does not say."""
    if pixels.shape is not None and color_space == "auto" and pixels.data.ndim > 2 and pixels.data.shape[-1] == 4:
        raise ValueError(
            "color_space='auto' does not guess what the 4 channels of an image are. If the fourth is alpha, make it a "
            "mask: np.ma.array(image[..., :3], mask=np.repeat(image[..., 3:] == 0, 3, axis=-1)); "
            "if they are bands, set color_space=None."
        )


def _find_space(name: str | None, n_channels: int) -> ColorSpace | None:
    if name is None or (name == "auto" and n_channels != 3):
        return None
    if not isinstance(name, str) or name not in ("auto", *COLOR_SPACES):
        allowed = ", ".join(repr(known) for known in ["auto", *COLOR_SPACES])
        raise ValueError(f"color_space must be one of {allowed} or None; got {name!r} instead.")
    if n_channels != 3:
        raise ValueError(
            f"color_space={name!r} needs 3 channels; got X with {n_channels} instead. A 2-D array is a pixel table "
            "(n_pixels, n_channels), a gray image has the shape (height, width, 1): image[..., np.newaxis]; "
            "color_space=None takes any number of channels."
        )
    return COLOR_SPACES["hsv" if name == "auto" else name]


def _check_channel_weights(channel_weights: Any, n_channels: int) -> NDArray[np.float64]:
    try:
        weights = np.asarray(channel_weights, dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.empty(0)
    if weights.shape != (n_channels,) or not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"channel_weights must be 'auto', None or {n_channels} finite numbers, one per channel of X, "
            f"none negative and not all 0; got {channel_weights!r} instead."
        )
    return weights
