"""RegionSegmenter: label map of a KMeansSegmenter → connected regions → tree of their merging → a cut through it."""

from collections.abc import Callable, Mapping
from copy import copy
from numbers import Integral
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import Tags, check_scalar
from sklearn.utils.validation import check_is_fitted

from .. import metrics
from .._census import means_by_label
from .._checks import cast_if_exact, check_n_jobs, check_names, learn_channels
from .._color import check_value_range, display_colors, display_limits, round_to
from .._errors import as_real, is_word
from .._images import Image, ImageLike, Images, LabelMap, OneImage, Pixels, SingleImage, is_named, open_images
from .._notebook import NotebookMixin, small, thumbnail
from .._segmenter import KMeansSegmenter
from .._set_output import ImageOutputMixin
from ..metrics._agreement import mean_score, score_or_none
from .cost import check_weights
from .describe import describe
from .hierarchy import RegionHierarchy, check_probability
from .learn import Lesson, learn, make_lesson
from .weights import SCALE, WEIGHTS


class RegionSegmenter(
    NotebookMixin, ImageOutputMixin, OneToOneFeatureMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """Segment images into connected regions.

    The connected parts of a k-means label map are merged step by step, each time the two neighbors that people are
    least likely to see as two regions. This probability grows with the contrast along their common border, with the
    difference of their colors and textures, and with their sizes. Merging stops at the probability `scale`.

    Parameters
    ----------
    segmenter : KMeansSegmenter or None, default=None
        Segmenter for the classes of colors. `fit` clones it and fits it to all of X; regions are compared in its color
        space. None segments each image separately into 32 clusters: three channels in L*a*b* with weight 0.7 for L*,
        other channel counts without conversion. Four channels are refused: mask by alpha, or pass
        ``KMeansSegmenter(32, color_space=None)``.

    scale : float, default=0.55
        Probability at which merging stops, from 0 to 1; larger values give fewer regions.

    n_regions : int or None, default=None
        Number of regions; takes precedence over `scale`.

    min_size : int or "auto", default="auto"
        Parts with fewer pixels are first merged with the neighbor nearest in color; "auto" is 1/6000 of the
        pixels of the image.

    cost : {"default", "learn"} or dict of str to float, default="default"
        With "learn", `fit` learns the weights of the cost from the true regions `y`. "default" uses weights from
        photos of many kinds, and ignores `y`: a search over `scale` does not relearn the weights. A dict gives the
        weights, such as `weights_` of another RegionSegmenter.

    n_jobs : int or None, default=None
        Number of images of a list to process in parallel, through joblib.

    value_range : {"auto", "dtype"} or tuple of (low, high), default="auto"
        Numbers that stand for 0 and 1 in images without a segmenter, as in `KMeansSegmenter`. With "auto", fewer
        numbers than 1/6000 may lie beyond, where they are clipped; images that are neither of 8 or 16 bits nor from 0
        to 1 have the range of their numbers.

    Attributes
    ----------
    labels_ : ndarray of int32, shape of X without channels
        Regions of X, as returned by `predict`; for a list of images a list, set by `fit_predict` only.

    segmenter_ : KMeansSegmenter or None
        Fitted segmenter; None if each image is segmented separately.

    weights_ : dict of str to float
        Weight of each term in the log-odds of two regions, and the intercept.

    n_features_in_ : int
        Number of channels seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, if X is a DataArray with different coordinates along its channels.

    See Also
    --------
    KMeansSegmenter : Classes of colors.
    RegionDisplay : Regions at several scales.

    Notes
    -----
    The probability comes from a logistic regression. Its terms are logarithms: of ``n_a n_b / (n_a + n_b)``, where n is
    the number of pixels; of the length of the common border; of the difference of the mean deviations of colors around
    each pixel; of the gradient along the border at two scales; of the difference of the labels in boxes on both sides
    of the border, in the one of four directions in which it is largest; and of the difference of the labels in the
    whole regions. Histograms of labels are compared by their χ² distance. The weights were fitted to human
    segmentations of the 300 training and validation images of BSDS500 [1]_. The order of merging follows the full
    λ-schedule [2]_.

    References
    ----------
    .. [1] P. Arbeláez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 33(5), 2011.
    .. [2] G. Koepfler, C. Lopez and J. M. Morel, "A multiscale algorithm for image segmentation by variational method",
       SIAM Journal on Numerical Analysis 31(1), 1994.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import RegionSegmenter
    >>> regions = RegionSegmenter(n_regions=6).fit_predict(coffee())
    >>> regions.shape, int(regions.max()) + 1
    ((400, 600), 6)
    """

    def __init__(
        self,
        segmenter: KMeansSegmenter | None = None,
        *,
        scale: float = SCALE,
        n_regions: int | None = None,
        min_size: int | str = "auto",
        cost: str | Mapping[str, float] = "default",
        n_jobs: int | None = None,
        value_range: str | ArrayLike = "auto",
    ) -> None:
        self.segmenter = segmenter
        self.scale = scale
        self.n_regions = n_regions
        self.min_size = min_size
        self.cost = cost
        self.n_jobs = n_jobs
        self.value_range = value_range

    def fit(self, X: ImageLike, y: ArrayLike | None = None) -> Self:
        """Cluster the colors of X if a segmenter is given, and learn the cost if ``cost="learn"``.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors. The images of a list may differ in size.

        y : array-like of int, or list of them, default=None
            True label map of each image, or several by different annotators, if ``cost="learn"``; masked pixels are
            ignored. Ignored otherwise.

        Returns
        -------
        self : RegionSegmenter
            The fitted segmenter.

        Raises
        ------
        ValueError
            If X is not an image, a parameter is invalid, or ``cost="learn"`` and `y` is missing, is not of the shape of
            X's pixels, has no two regions that are neighbors, or no region that contains several parts of X.
        """
        images = open_images(X)
        self.__dict__ = self._fitted(images, y, has_labels=not images.is_sequence).__dict__  # all at once
        return self

    @overload
    def predict(self, X: Images) -> list[LabelMap]: ...

    @overload
    def predict(self, X: OneImage) -> LabelMap: ...

    def predict(self, X: ImageLike) -> LabelMap | list[LabelMap]:
        """Find the regions of X.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors. The images of a stack are segmented one by one.

        Returns
        -------
        regions : ndarray of int32, shape of X without channels, or a list of them
            Number of the region of each pixel, from 0 in the upper left, without gaps. For a masked image, a masked
            array with −1 under the mask.
        """
        found: LabelMap | list[LabelMap] = self._results(
            lambda image: image.name(self._find_regions(self._numbers(image))), X
        )
        return found

    def fit_predict(self, X: ImageLike, y: ArrayLike | None = None) -> Any:
        """Fit to X and find its regions; the regions of a list are kept in `labels_`.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors.

        y : array-like of int, or list of them, default=None
            As in `fit`.

        Returns
        -------
        regions : ndarray of int32, shape of X without channels, or a list of them
            As returned by `predict`.
        """
        self.__dict__ = self._fitted(open_images(X), y, has_labels=True).__dict__
        return self.labels_

    def transform(self, X: ImageLike) -> Any:
        """Paint each region of X in its mean color.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors.

        Returns
        -------
        X_new : ndarray, or a list of them
            X with each pixel replaced by the mean color of its region, in X's dtype and range; masked pixels unchanged.
        """
        return self._results(self._paint, X)

    def fit_transform(self, X: ImageLike, y: ArrayLike | None = None, **fit_params: Any) -> Any:
        """Fit to X, then paint its regions, which are found once.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors.

        y : array-like of int, or list of them, default=None
            As in `fit`.

        **fit_params : dict
            Passed to `fit`, which takes none.

        Returns
        -------
        X_new : ndarray, or a list of them
            As returned by `transform`.
        """
        images = open_images(X)
        fitted = copy(self)
        fitted.fit(images, y, **fit_params)
        painted = fitted._paint(images, fitted.labels_) if isinstance(images, SingleImage) else fitted.transform(images)  # noqa: SLF001
        self.__dict__ = fitted.__dict__
        return painted

    def hierarchy(self, X: ImageLike) -> Any:
        """Merge the regions of X until one is left, and keep every step.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors. The images of a stack are segmented one by one.

        Returns
        -------
        hierarchy : RegionHierarchy, or a list of them
            Regions at every scale. A stack gives a list with one hierarchy per image, a stack with several axes of
            images gives nested lists: ``hierarchy[i][j]`` is the hierarchy of ``X[i, j]``.
        """

        def each(image: NDArray[Any]) -> Any:
            return [each(part) for part in image] if image.ndim > 3 else self._hierarchy(image)

        return self._results(lambda image: each(self._numbers(image)), X)

    def score(self, X: ImageLike, y: ArrayLike | None = None) -> float:
        """Score how well the regions of X cover the true ones.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors.

        y : array-like of int, or list of them
            True label map of each image, or several by different annotators: a list of them, or an array with one more
            axis in front. The images of a list may have different numbers of annotators.

        Returns
        -------
        score : float
            `metrics.covering`, averaged over the annotators of each image and then over the images, from 0 to 1.
            Images without known pixels are left out; if all are, 0 with a warning.

        Raises
        ------
        ValueError
            If `y` is missing or does not have the shape of X's pixels.
        """
        images = self._open_images(X)
        if y is None:
            raise ValueError("score needs y, the true label map of each image; regions have no score without it.")

        def agreement(image: SingleImage, truth: ArrayLike) -> float | None:
            return score_or_none(metrics.covering, image.open_maps(truth, "y"), self._cut(self._numbers(image)))

        images, truths = _image_by_image(images, y)
        return mean_score(images.each(agreement, n_jobs=self.n_jobs, y=truths))

    def _fitted(self, images: Image, y: ArrayLike | None, *, has_labels: bool) -> Self:
        """A fitted copy: a fit that fails changes nothing."""
        self._check_parameters()
        if not isinstance(self.segmenter, KMeansSegmenter | None):
            raise ValueError(f"segmenter must be a KMeansSegmenter or None; got {self.segmenter!r} instead.")
        _check_images(images.first)
        n_channels = images.first.n_channels
        _check_images(images, n_channels)
        segmenter = None if self.segmenter is None else clone(self.segmenter).fit(images)
        if isinstance(self.cost, Mapping):
            weights = check_weights(self.cost, "cost")
        else:
            weights = self._learn(images, y, segmenter) if self.cost == "learn" else dict(WEIGHTS)
        fitted = copy(self)
        fitted._set_fitted(segmenter, weights, n_channels)
        learn_channels(fitted, images, np.empty((0, n_channels)))
        if has_labels:
            fitted._set_labels(images)
        return fitted

    def _open_images(self, X: ImageLike) -> Image:
        """X as one or several images with the channels of `fit`."""
        check_is_fitted(self)
        self._check_parameters()
        images = open_images(X)
        _check_images(images, self.n_features_in_)
        return images

    def _numbers(self, image: SingleImage) -> NDArray[Any]:
        """The pixels of an image; those of nested lists are in the units of `fit`."""
        check_names(self, image)
        if self.segmenter_ is None or image.has_own_dtype:
            return image.array
        return cast_if_exact(image.array, self.segmenter_._model.dtype)

    def _results(self, function: Callable[[SingleImage], Any], X: ImageLike) -> Any:
        """The result of `function` for X, or the list of results for a list of images."""
        return self._open_images(X).results(function, n_jobs=self.n_jobs)

    def _find_regions(self, images: NDArray[Any]) -> NDArray[np.int32]:
        """The label map of an image, or those of a stack, which are found one by one."""
        regions = np.empty(images.shape[:-1], dtype=np.int32)
        for place in np.ndindex(images.shape[:-3]):
            regions[place] = np.ma.getdata(self._cut(images[place]))
        mask = Pixels(images).mask
        return regions if mask is None else np.ma.MaskedArray(regions, mask=mask)

    def _paint(self, image: SingleImage, label_map: object = None) -> Any:
        """An image or stack with each pixel in the mean color of its region; by default, the regions are found."""
        numbers = self._numbers(image)
        regions = self._find_regions(numbers) if label_map is None else image.open_map(label_map, "label_map")
        return image.name(paint_regions(numbers, regions), is_color=True)

    def _cut(self, image: NDArray[Any]) -> NDArray[np.int32]:
        """The regions of one image."""
        where = {"scale": self.scale} if self.n_regions is None else {"n_regions": self.n_regions}
        return self._hierarchy(image).cut(**where)

    def _hierarchy(self, image: NDArray[Any]) -> RegionHierarchy:
        """The hierarchy of one image."""
        as_real(image[:0])
        _check_shape(image.shape, self.n_features_in_)  # one of a list may have been read only now
        described = describe(image, self.segmenter_, self.min_size, self.value_range)
        return RegionHierarchy(described.regions, Pixels(image).mask, described.tree(self.weights_))

    def _learn(self, images: Image, y: ArrayLike | None, segmenter: KMeansSegmenter | None) -> dict[str, float]:
        """The weights that separate the true regions best."""
        if y is None:
            raise ValueError('fit needs y, the true label map of each image, if cost="learn"; got None.')

        def lesson(image: SingleImage, truth: ArrayLike) -> Lesson:
            described = describe(image.array, segmenter, self.min_size, self.value_range)
            return make_lesson(described, image.open_maps(truth, "y"))

        images, truths = _image_by_image(images, y)
        return learn(images.each(lesson, n_jobs=self.n_jobs, y=truths), WEIGHTS)

    def _check_parameters(self) -> None:
        """Validate parameters that do not depend on X."""
        check_probability(self.scale)
        check_n_jobs(self.n_jobs)
        check_value_range(self.value_range)
        if isinstance(self.cost, Mapping):
            check_weights(self.cost, "cost")
        elif not is_word(self.cost, "default", "learn"):
            raise ValueError(f"cost must be 'default', 'learn' or a dict of weights; got {self.cost!r} instead.")
        if not is_word(self.min_size, "auto"):
            check_scalar(self.min_size, "min_size", Integral, min_val=0)
        if self.n_regions is not None:
            check_scalar(self.n_regions, "n_regions", Integral, min_val=1)

    def _set_fitted(self, segmenter: KMeansSegmenter | None, weights: dict[str, float], n_channels: int) -> None:
        """Set all fitted attributes but the labels."""
        self.segmenter_ = segmenter
        self.weights_ = weights
        self.n_features_in_ = n_channels
        for name in ("labels_", "_colors"):  # of an earlier X
            self.__dict__.pop(name, None)

    def _set_labels(self, images: Image) -> None:
        """Set the regions of the images, and of a single image the colors to show them in."""
        self.labels_ = self.predict(images)
        labels: Any = self.labels_
        if isinstance(labels, np.ndarray) and labels.ndim == 2 and isinstance(images.data, np.ndarray):
            self._colors = _colors_shown(images.data, labels)

    def _repr_html_fitted(self) -> str:
        """The regions of a single image in their mean colors, for notebooks."""
        colors: NDArray[np.float64] = getattr(self, "_colors", np.empty((0, 3)))
        return thumbnail(self.labels_, colors, "regions") if len(colors) else ""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = is_word(self.cost, "learn")
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _image_by_image(images: Image, y: Any) -> tuple[Image, Any]:
    """The images of a stack as a sequence, and `y` of each of them."""
    if not isinstance(images, SingleImage) or len(images.shape) == 3:
        return images, y
    stack = images.array
    if is_named(y):
        y = images.open_map(y, "y")
        y = np.moveaxis(y, 0, -3) if y.ndim == stack.ndim else y  # annotators, who come first
    for _ in range(stack.ndim - 4):
        y = [each for part in y for each in part]
    return open_images(list(stack.reshape(-1, *stack.shape[-3:]))), y


def _check_images(images: Image, n_channels: int | None = None) -> None:
    """Refuse tables, and arrays without pixels or with another number of channels; files are not read for this."""
    is_flat = isinstance(images, SingleImage) and len(images.shape) < 3
    if flat := [images.data] if is_flat else images.tables:
        raise ValueError(
            "X must be an image (height, width, n_channels), a stack of them, or a list of images; regions need to "
            f"know where pixels lie. Got {np.ndim(flat[0])} dimensions instead; a gray image is image[..., np.newaxis]."
        )
    if isinstance(images, SingleImage):
        shapes = {"X": images.shape}
    else:
        arrays = ((index, each) for index, each in enumerate(images.data) if isinstance(each, np.ndarray))
        shapes = {f"X[{index}]": each.shape for index, each in arrays if each.ndim > 2}
    for name, shape in shapes.items():
        _check_shape(shape, n_channels, name)


def _check_shape(shape: tuple[int, ...], n_channels: int | None, name: str = "X") -> None:
    if 0 in shape:
        raise ValueError(f"{name} must have at least one pixel and one channel; got the shape {shape} instead.")
    if n_channels not in (None, shape[-1]):
        raise ValueError(
            f"{name} has {shape[-1]} features, but RegionSegmenter is expecting {n_channels} features as input: "
            "one per channel."
        )


def paint_regions(image: NDArray[Any], regions: NDArray[Any]) -> NDArray[Any]:
    """An image or stack with each pixel replaced by the mean of its region."""
    data, numbers = np.ma.getdata(image), np.ma.getdata(regions)
    painted = data.copy()
    for place in np.ndindex(numbers.shape[:-2]):
        inside = numbers[place] >= 0
        painted[place][inside] = _mean_colors(data[place], numbers[place])[numbers[place][inside]]
    return painted if not isinstance(image, np.ma.MaskedArray) else np.ma.MaskedArray(painted, mask=np.copy(image.mask))


def _mean_colors(image: NDArray[Any], regions: NDArray[Any]) -> NDArray[Any]:
    """The mean color of each region, in the dtype of the image, (n_regions, n_channels)."""
    inside = regions >= 0
    means = means_by_label(regions[inside], np.moveaxis(image[inside], -1, 0)) if inside.any() else image[:0, 0]
    return round_to(means, image.dtype)


def _colors_shown(image: NDArray[Any], regions: NDArray[Any]) -> NDArray[np.float64]:
    """The mean colors of the regions in a thumbnail, as sRGB from 0 to 1, (n_regions, 3)."""
    shown = np.ma.getdata(regions[small(regions)])
    numbers, places = np.unique(shown, return_inverse=True)
    thin = image[small(image)]
    means = _mean_colors(np.ma.getdata(thin), places.reshape(shown.shape))
    colors = np.zeros((int(numbers.max(initial=-1)) + 1, 3))
    colors[numbers[numbers >= 0]] = display_colors(means[numbers >= 0], display_limits(thin))
    return colors
