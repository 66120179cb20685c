"""ColorConverter: the scikit-learn transformer over the color spaces of `_color`."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ._checks import check_channels, check_n_channels, learn_channels
from ._color import Conversion, check_value_range, find_conversion, find_value_range, is_found, is_learned
from ._counting import count_or_pass, read_rows
from ._errors import is_word
from ._images import ImageLike, Pixels, open_images
from ._limits import LIMITS
from ._notebook import NotebookMixin
from ._scaling import learn_weights
from ._set_output import ImageOutputMixin


class ColorConverter(NotebookMixin, ImageOutputMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Convert sRGB colors to the color space of the clustering.

    Stateless unless it learns its weights or the range of integers of 16 bits: `fit` only checks its input.

    Parameters
    ----------
    color_space : {"auto", "rgb", "hsv", "hsv-raw", "lab", "luv", "ycbcr", "hed", "oklab", "direction"} or None, \
            default="auto"
        Target color space. "auto" is "hsv" for three channels and no conversion for any other number; None never
        converts. "hsv" is HSV with hue as an angle, the cone `(C cos 2πh, C sin 2πh, V)` with chroma
        `C = max − min`: reds on both sides of 0° are neighbors, and the noisy hues of dark pixels hardly count.
        "hsv-raw" is the cylinder `(h, s, v)` of scikit-image. "direction" divides each color by its length, for any
        number of channels, to ignore shade: distances are chords of the angle between spectra. Pixels that are 0 in all
        channels stay 0. "hsv", "rgb" and "direction" accept any real numbers; other conversions, only sRGB from 0 to 1.

    channel_weights : {"auto", "scale"}, None or array-like of shape (n_channels,), default="auto"
        Factor of each channel after conversion. "auto" is 0.5 for lightness (V of "hsv", L* of "lab" and "luv", Y of
        "ycbcr"; 0.4 for L of "oklab") and 1 for all other channels; None means all ones. "scale" is 1 divided by the
        standard deviation of the converted channel, learned in `fit` from all pixels; 1 for a constant channel.

    value_range : {"auto", "dtype"} or tuple of (low, high), default="auto"
        Numbers that stand for 0 and 1. "dtype" is the range of the type for uint8 and uint16, 0 to 255 and 0 to 65535;
        numbers of all other types are used unchanged. "auto" differs for integers of 16 bits that are not negative:
        they have the range of the fewest bits of 8, 10, 12, 14 and 16 that hold the largest number in `fit`, as cameras
        give them; multiples of 257 are 8 bits that were stretched to 16. If limits are given, numbers of all types have
        them, and numbers beyond are clipped, as by `in_range` of `skimage.exposure.rescale_intensity`.

    Attributes
    ----------
    channel_weights_ : ndarray of shape (n_channels,)
        Factor of each channel, as given or learned.

    value_range_ : tuple of float
        The numbers (low, high) of X's type that stand for 0 and 1; (0, 1) if its numbers are used unchanged.

    n_features_in_ : int
        Number of channels seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, if X is a DataFrame, or a DataArray with different coordinates along its channels.

    See Also
    --------
    KMeansSegmenter : Segments images by color; uses this transformer as its first step.
    skimage.color.convert_colorspace : Conversion between color spaces, as a function.

    Notes
    -----
    The cone is A. R. Smith's hexcone [1]_ with hue as an angle; OKLab is Ottosson's [2]_. The other conversions are
    scikit-image's, for the white point D65.

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

    def __init__(
        self,
        color_space: str | None = "auto",
        *,
        channel_weights: str | ArrayLike | None = "auto",
        value_range: str | ArrayLike = "auto",
    ) -> None:
        self.color_space = color_space
        self.channel_weights = channel_weights
        self.value_range = value_range

    def fit(self, X: ImageLike, y: object = None) -> Self:
        """Check the parameters against X, and learn what depends on its colors.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        y : None
            Ignored.

        Returns
        -------
        self : ColorConverter
            The fitted converter.

        Raises
        ------
        ValueError
            If a parameter is invalid for the number of channels, or X is outside the range of the color space. The
            other images of a list are checked by `transform`, or here if something is learned from them.
        """
        check_value_range(self.value_range)
        images = open_images(X)
        like = images.first.reduce(self._check_range, _first_row)
        conversion = self._conversion_of(like)
        if conversion.learns_weights or is_found(self.value_range, like.dtype):
            census, scan = count_or_pass(images, self.color_space, most=LIMITS.colors_in_fit)
            conversion = self._conversion_of(census.colors, census.number_limits())
            conversion.check_range(census.number_limits())
            conversion = learn_weights(conversion, census, scan)
        learn_channels(self, images, like)
        self._set_learned(conversion, like.dtype)
        return self

    def transform(self, X: ImageLike) -> Any:
        """Convert colors.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors, in sRGB if they are converted.

        Returns
        -------
        X_new : ndarray of X's shape, float64, or a list of them
            Weighted coordinates. A masked image gives a masked array, NaN under the mask; a Dask array, a Dask array.
        """
        return open_images(X).map(self._frozen("_convert"), np.nan)

    def inverse_transform(self, X: ImageLike) -> Any:
        """Convert coordinates back to colors.

        All spaces are invertible except "hed", where scikit-image clips stains at zero, and "direction", which gives
        colors of length 1.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), array of shape (..., n_channels), or list of them
            Coordinates as returned by `transform`.

        Returns
        -------
        X_original : ndarray of X's shape, float64, or a list of them
            Colors, from 0 to 1 within `value_range_`.

        Raises
        ------
        ValueError
            If X has other channels than in `fit`, or a channel has weight 0 and cannot be restored.
        """
        return open_images(X).map(self._frozen("_invert"), np.nan)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Get the names of the converted channels.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the channels of X, returned unchanged if there is no conversion.

        Returns
        -------
        feature_names_out : ndarray of str objects
            For example ``["L", "a", "b"]``.
        """
        names = super().get_feature_names_out(input_features)
        conversion = find_conversion(self.color_space, self.channel_weights, self.n_features_in_)
        return np.asarray(conversion.names(list(names)), dtype=object)

    def _conversion(self, rows: NDArray[Any]) -> Conversion:
        """The conversion of colors that the parameters, and what was learned, define."""
        conversion = self._conversion_of(rows)
        if is_found(self.value_range, rows.dtype):
            check_is_fitted(self, "value_range_")
        if is_word(self.value_range, "auto") and hasattr(self, "value_range_"):
            conversion = conversion.with_range(self._value_range)
        if not conversion.learns_weights:
            return conversion
        check_is_fitted(self, "channel_weights_")
        return conversion.with_weights(self.channel_weights_)

    def _conversion_of(self, colors: NDArray[Any], limits: NDArray[Any] | None = None) -> Conversion:
        """The conversion that the parameters alone define for colors, whose least and largest number are `limits`."""
        conversion = find_conversion(self.color_space, self.channel_weights, colors.shape[1])
        return conversion.with_range(find_value_range(self.value_range, colors, limits))

    def _set_learned(self, conversion: Conversion, dtype: np.dtype[Any]) -> None:
        """Set what is learned from colors of a dtype."""
        self.channel_weights_ = conversion.weights
        self._value_range = conversion.value_range
        self.value_range_ = conversion.value_range.of(dtype)

    def _check_range(self, pixels: Pixels) -> NDArray[Any]:
        """One of the rows of a block, all of which must be in the range of the color space."""
        rows = read_rows(pixels, self.color_space)
        self._conversion_of(rows).check_range(rows)
        return rows[:1]

    def _convert(self, pixels: Pixels) -> NDArray[np.float64]:
        rows = read_rows(pixels, self.color_space)
        if hasattr(self, "n_features_in_"):
            check_channels(self, pixels, rows.shape[1])
        conversion = self._conversion(rows)
        conversion.check_range(rows)
        return conversion.convert(rows)

    def _invert(self, pixels: Pixels) -> NDArray[np.float64]:
        rows = pixels.read()
        if hasattr(self, "n_features_in_"):
            check_n_channels(self, rows.shape[1])
        coordinates = rows.astype(np.float64)
        return self._conversion(coordinates).invert(coordinates)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.requires_fit = is_learned(self.channel_weights)
        return tags


def _first_row(parts: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """The first of the rows, if there are any, of shape (1 or 0, n_channels)."""
    return np.concatenate(list(parts))[:1]
