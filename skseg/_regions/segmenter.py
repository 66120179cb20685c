"""RegionSegmenter: label map of a KMeansSegmenter → connected regions → tree of their merging → a cut through it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from numbers import Integral, Real
from typing import Any, Self, overload

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from sklearn.base import BaseEstimator, ClusterMixin, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import Tags, check_scalar
from sklearn.utils.validation import check_is_fitted

from .. import metrics
from .._census import means_by_label
from .._checks import match_to_fit
from .._color import is_unit_range
from .._counting import read_rows
from .._notebook import NotebookMixin
from .._segmenter import KMeansSegmenter
from .._source import ImageOutputMixin, Images, LabelMap, Source, open_source
from .contrast import local_contrast, local_deviation
from .graph import absorb_small, connected, graph
from .hierarchy import RegionHierarchy
from .tree import merge

# Found on the 300 images for training and validation of BSDS500; tests/benchmarks/regions.py measures them.
_LAB = (0.7, 1.0, 1.0)  # weights of L*, a*, b*
_SPREAD = 25.0  # standard deviation that features are scaled to: as of L*a*b* in a usual photo
_USUAL_SPREAD = 0.36  # standard deviation of the colors of a usual photo, relative to the colors of the whole RGB cube
_SMALLEST = 1 / 4000  # share of the pixels that a region has at least
_LEAST_CONTRAST = 0.5  # of a border that cannot be seen

Planes = list[NDArray[np.float32]]


class RegionSegmenter(
    NotebookMixin, ImageOutputMixin, OneToOneFeatureMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """Segment images into connected regions.

    The connected parts of a label map of k-means are merged step by step, each time the two neighbors whose merger
    costs least. The cost grows with the difference of their colors and textures, with their sizes, and with the
    contrast along their common border. Merging stops at the cost `scale`.

    Parameters
    ----------
    segmenter : KMeansSegmenter or None, default=None
        Segmenter that finds the classes of colors, cloned by `fit`; its color space is also the one that regions are
        compared in. None means 16 clusters, of three channels in L*a*b* with weight 0.7 for L*, of others without
        conversion. Four channels are refused: mask by alpha, or pass ``KMeansSegmenter(16, color_space=None)``.

    scale : float, default=22.0
        Cost at which merging stops; larger values give fewer regions. It means the same for every size of image, color
        space and dtype.

    n_regions : int or None, default=None
        Number of regions; takes precedence over `scale`.

    min_size : int or "auto", default="auto"
        Parts with fewer pixels join the neighbor with the nearest color before any merging; "auto" is 1/4000 of the
        pixels of the image.

    texture : float, default=2.0
        Weight of differences in texture relative to differences in color. Texture is the standard deviation within
        13 × 13 pixels of an image of 150,000 pixels.

    smoothing : float, default=1.5
        Standard deviation of the Gaussian that is applied before contrast is measured, in pixels of an image of 150,000
        pixels; it grows with the image.

    n_jobs : int or None, default=None
        Number of images of a list that are processed in parallel, through joblib.

    Attributes
    ----------
    labels_ : ndarray of int32, shape of X without channels
        Regions of X, as returned by `predict`. For a list of images they are a list, set by `fit_predict` only.

    segmenter_ : KMeansSegmenter
        The fitted segmenter.

    spread_ : float
        Unit of differences in the color space: the geometric mean of the standard deviations of the fitted colors and
        of the colors of a usual photo, or of the fitted colors alone if they are not sRGB.

    n_features_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    KMeansSegmenter : Classes of colors.
    RegionDisplay : Regions at several scales.

    Notes
    -----
    The cost of a merger is ``n_a n_b / (n_a + n_b) · |mean_a − mean_b|² / length``, the full λ-schedule [1]_ [2]_,
    times the mean contrast of the common border. Contrast that also surrounds the border, as in grass, is subtracted.

    References
    ----------
    .. [1] G. Koepfler, C. Lopez and J. M. Morel, "A multiscale algorithm for image segmentation by variational method",
       SIAM Journal on Numerical Analysis 31(1), 1994.
    .. [2] D. J. Robinson, N. J. Redding and D. J. Crisp, "Implementation of a fast algorithm for segmenting SAR
       imagery", DSTO-TR-1242, 2002.

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
        scale: float = 22.0,
        n_regions: int | None = None,
        min_size: Any = "auto",
        texture: float = 2.0,
        smoothing: float = 1.5,
        n_jobs: int | None = None,
    ) -> None:
        self.segmenter = segmenter
        self.scale = scale
        self.n_regions = n_regions
        self.min_size = min_size
        self.texture = texture
        self.smoothing = smoothing
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Cluster the colors of X.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors. The images of a list may differ in size.

        y : None
            Ignored.

        Returns
        -------
        self : RegionSegmenter
            The fitted segmenter.

        Raises
        ------
        ValueError
            If X is not an image, or a parameter is invalid.
        """
        check_parameters(self)
        source = open_source(X)
        _check_images(source)
        segmenter = _default_segmenter(source, self.n_jobs) if self.segmenter is None else self.segmenter
        fitted = copy(self)
        set_fitted(fitted, self._fit_segmenter(clone(segmenter), source.data))
        labels = None if source.is_sequence else fitted.predict(source.data)
        set_fitted(self, fitted.segmenter_)
        if labels is not None:
            self.labels_ = labels
        return self

    @overload
    def predict(self, X: Images) -> list[LabelMap]: ...

    @overload
    def predict(self, X: Any) -> LabelMap: ...

    def predict(self, X: Any) -> Any:
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
        return self._for_each_image(lambda source: self._hierarchy(source).cut(**self._where_to_cut()), X)

    def fit_predict(self, X: Any, y: Any = None) -> Any:
        """Fit to X and find its regions; those of a list are kept in `labels_`.

        Parameters
        ----------
        X : image of shape (..., height, width, n_channels), or list of images
            Colors.

        y : None
            Ignored.

        Returns
        -------
        regions : ndarray of int32, shape of X without channels, or a list of them
            As `predict` gives them.
        """
        self.fit(X)
        if not hasattr(self, "labels_"):
            self.labels_ = self.predict(X)
        return self.labels_

    @overload
    def transform(self, X: Images) -> list[NDArray[Any]]: ...

    @overload
    def transform(self, X: Any) -> NDArray[Any]: ...

    def transform(self, X: Any) -> Any:
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
        return self._for_each_image(
            lambda source: _paint(source.data, self._hierarchy(source).cut(**self._where_to_cut())), X
        )

    @overload
    def hierarchy(self, X: Images) -> list[RegionHierarchy]: ...

    @overload
    def hierarchy(self, X: Any) -> RegionHierarchy: ...

    def hierarchy(self, X: Any) -> Any:
        """Merge the regions of X until one is left, and keep every step.

        Parameters
        ----------
        X : image of shape (height, width, n_channels), or list of images
            Colors.

        Returns
        -------
        hierarchy : RegionHierarchy, or a list of them
            Regions at every scale.
        """
        check_is_fitted(self)
        source = open_source(X)
        return list(source.map(self._hierarchy, n_jobs=self.n_jobs)) if source.is_sequence else self._hierarchy(source)

    def score(self, X: Any, y: Any = None) -> float:
        """Score how well the regions of X cover the true ones.

        Parameters
        ----------
        X : image of shape (height, width, n_channels), stack or list of images
            Colors.

        y : array-like of int, or list of them
            True label map of each image, or several by different annotators.

        Returns
        -------
        score : float
            `metrics.covering`, averaged over the images, from 0 to 1.

        Raises
        ------
        ValueError
            If `y` is missing or does not have the shape of X's pixels.
        """
        if y is None:
            raise ValueError("score needs y, the true label map of each image; regions have no score without it.")
        regions = self.predict(X)
        is_stack = not isinstance(regions, list) and regions.ndim > 2
        return metrics.covering(list(y) if is_stack else y, list(regions) if is_stack else regions)

    def _fit_segmenter(self, segmenter: KMeansSegmenter, X: Any) -> KMeansSegmenter:
        """Fit the segmenter; an error about its color space says where that is given."""
        try:
            segmenter.fit(X)
        except ValueError as error:
            if self.segmenter is not None or "color_space" not in str(error):
                raise
            raise ValueError(f"{error} Here: RegionSegmenter(KMeansSegmenter(16, color_space=...)).") from error
        return segmenter

    def _where_to_cut(self) -> dict[str, Any]:
        return {"scale": self.scale} if self.n_regions is None else {"n_regions": self.n_regions}

    def _for_each_image(self, function: Callable[[Source], Any], X: Any) -> Any:
        """`function` of each image of a list or stack, as a list or stack."""
        check_is_fitted(self)
        source = open_source(X)
        _check_images(source)
        if source.is_sequence:
            return list(source.map(lambda image: self._for_each_image(function, image.data), n_jobs=self.n_jobs))
        if source.data.ndim == 3:
            return function(source)
        parts = [self._for_each_image(function, part) for part in source.data]
        return np.ma.stack(parts) if isinstance(source.data, np.ma.MaskedArray) else np.stack(parts)

    def _hierarchy(self, source: Source) -> RegionHierarchy:
        """The hierarchy of one image."""
        if np.ndim(source.data) != 3:
            raise ValueError(
                f"X must be an image (height, width, n_channels); got {np.ndim(source.data)} dimensions instead."
            )
        model = self.segmenter_.model_
        pixels, rows = read_rows(source, model.conversion.name)
        rows = match_to_fit(self.segmenter_, source, rows)
        label_map = pixels.restore(model.label(rows), under_mask=-1)
        planes = self._planes(np.ma.getdata(pixels.restore(model.features(rows), under_mask=np.nan)))
        mask = pixels.mask
        contrast = local_contrast(planes, self.smoothing)
        parts = connected(np.ma.getdata(label_map), mask)
        smallest = (parts >= 0).sum() * _SMALLEST if isinstance(self.min_size, str) else self.min_size
        _, numbers = absorb_small(graph(parts, planes), smallest)
        regions = np.append(numbers, np.int32(-1))[parts]  # −1, under the mask, is the last
        del parts
        textures = (self.texture * local_deviation(plane) for plane in planes)
        start = graph(regions, [*planes, *textures] if self.texture else planes, contrast)
        return RegionHierarchy(regions, mask, start, merge(start, _LEAST_CONTRAST))

    def _planes(self, features: NDArray[np.float64]) -> Planes:
        """The channels of the color space, relative to their spread; masked pixels are as the nearest others."""
        features *= _SPREAD / self.spread_
        missing = np.isnan(features[..., 0])
        if missing.any() and not missing.all():
            nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
            features = features[tuple(nearest)]
        return [np.ascontiguousarray(plane, dtype=np.float32) for plane in np.moveaxis(features, -1, 0)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.target_tags.required = False
        return tags


def check_parameters(estimator: RegionSegmenter) -> None:
    """Validate parameters that do not depend on X."""
    for name in ("scale", "texture", "smoothing"):
        value = check_scalar(getattr(estimator, name), name, Real, min_val=0)
        if np.isnan(value) or (np.isinf(value) and name != "scale"):  # an infinite scale merges all
            raise ValueError(f"{name} must be a finite number; got {value} instead.")
    if not (isinstance(estimator.min_size, str) and estimator.min_size == "auto"):
        check_scalar(estimator.min_size, "min_size", Integral, min_val=0)
    if estimator.n_regions is not None:
        check_scalar(estimator.n_regions, "n_regions", Integral, min_val=1)


def set_fitted(estimator: RegionSegmenter, segmenter: KMeansSegmenter) -> None:
    """Set all that follows from a fitted segmenter."""
    estimator.segmenter_ = segmenter
    estimator.spread_ = _reference_spread(segmenter)
    estimator.n_features_in_ = segmenter.n_features_in_
    estimator.__dict__.pop("labels_", None)  # of an earlier X


def _reference_spread(segmenter: KMeansSegmenter) -> float:
    """The spread of the fitted colors, half adapted to a usual photo, so that a hazy image has fewer regions."""
    model = segmenter.model_
    spread = model.spread or 1.0
    is_rgb = model.conversion.name is not None and segmenter.n_features_in_ == 3
    if not is_rgb or not is_unit_range(np.array(model.limits, dtype=model.dtype)):
        return spread
    cube = np.stack(np.meshgrid(*[np.linspace(0, 1, 9)] * 3), axis=-1).reshape(-1, 3)
    return float(np.sqrt(spread * _USUAL_SPREAD * np.sqrt(model.conversion.convert(cube).var(axis=0).sum())))


def _default_segmenter(source: Source, n_jobs: int | None) -> KMeansSegmenter:
    """16 clusters, in L*a*b* if the (first) image has three channels."""
    lab: dict[str, Any] = {"color_space": "lab", "channel_weights": _LAB} if source.first().shape[-1] == 3 else {}
    return KMeansSegmenter(16, **lab, random_state=0, n_jobs=n_jobs)


def _check_images(source: Source) -> None:
    flat = source.tables if source.is_sequence else [source.data] * (np.ndim(source.data) < 3)
    if flat:
        raise ValueError(
            "X must be an image (height, width, n_channels), a stack of them, or a list of images; regions need to "
            f"know where pixels lie. Got {np.ndim(flat[0])} dimensions instead; a gray image is image[..., np.newaxis]."
        )


def _paint(image: Any, regions: Any) -> Any:
    """The image with each pixel replaced by the mean of its region."""
    data, numbers = np.ma.getdata(image), np.ma.getdata(regions)
    inside = numbers >= 0
    members = numbers[inside]
    painted = data.copy()
    if members.size:
        means = means_by_label(members, (data[..., channel][inside] for channel in range(data.shape[-1])))
        painted[inside] = (means if data.dtype.kind == "f" else np.rint(means)).astype(data.dtype)[members]
    return painted if not isinstance(image, np.ma.MaskedArray) else np.ma.MaskedArray(painted, mask=image.mask)
