"""KMeansSegmenter: X → images → census → model → look-up of every pixel. Parameters, checks and shapes."""

from collections.abc import Callable
from functools import partial
from typing import Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from . import metrics
from ._callbacks import CallbackSupportMixin, fit_task, with_callbacks
from ._census import Census
from ._checks import check_n_jobs, learn_channels, match_to_fit, warn_few_clusters
from ._color import check_value_range
from ._converter import ColorConverter
from ._counting import PixelScan, add_to_fit, count_images, count_or_pass, label_map, read_rows
from ._fitting import Init, check_fit_parameters, fit_model, without_most_colors
from ._images import (
    Image,
    ImageLike,
    Images,
    LabelMap,
    OneImage,
    Pixels,
    SingleImage,
    is_lazy,
    is_list_of_arrays,
    is_named,
    named_like,
    open_images,
    open_map,
    open_maps,
    open_single,
    pixel_weights,
)
from ._limits import LIMITS
from ._model import Model, nearest_by_distance
from ._notebook import NotebookMixin, palette_strip, thumbnail
from ._set_output import ImageOutputMixin
from .metrics._agreement import mean_score, score_or_none

_OUTPUTS = ("color", "label", "distance")
_CHECKED_PARAMETERS = ("n_clusters", "init", "n_init", "max_iter", "tol")
_FIT_PARAMETERS = (*_CHECKED_PARAMETERS, "color_space", "channel_weights", "value_range", "random_state")
_MAX_STRIP_COLORS = 64  # in the palette that a notebook shows


class KMeansSegmenter(
    NotebookMixin,
    CallbackSupportMixin,
    ImageOutputMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    ClusterMixin,
    BaseEstimator,
):
    """Segment images by color with k-means.

    The distinct colors of X are counted, converted to a color space and clustered with `KMeans`, weighted by their
    counts. Every pixel then gets the label of its color. The result is the same as k-means on all pixels from the same
    start, in a fraction of the time. If colors hardly repeat, k-means starts on a sample and continues in passes over
    all pixels.

    X may be a pixel table ``(n_pixels, n_channels)``, an image ``(height, width, n_channels)``, a stack or volume
    ``(..., n_channels)``, or a list of images of any sizes, in any real dtype; `value_range` tells what its numbers
    stand for. Masked pixels (`numpy.ma.MaskedArray`) are ignored. Dask arrays give lazy results.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, K. Fewer if X has fewer distinct colors, with a `ConvergenceWarning`.

    color_space : {"auto", "rgb", "hsv", "hsv-raw", "lab", "luv", "ycbcr", "hed", "oklab", "direction"} or None, \
            default="auto"
        Color space for distances, see `ColorConverter`. "auto" is HSV with hue as an angle for three channels, and no
        conversion for any other number; None never converts. "direction" compares spectra of any number of channels by
        their angle, regardless of length.

    channel_weights : {"auto", "scale"}, None or array-like of shape (n_channels,), default="auto"
        Weight of each channel of the color space; "auto" gives lightness half the weight of the others, "scale" divides
        each channel by its standard deviation over all pixels of `fit`.

    output : {"color", "label", "distance"}, default="color"
        Output of `transform`: the image repainted in its cluster colors, the label map, or the distances to the centers
        in the color space.

    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_channels), default="k-means++"
        Initial centers: chosen by k-means++ [2]_, at random, or given as colors in the units of X. A callable is called
        once as ``init(colors, n_clusters, random_state=...)`` and returns such colors. Its `colors`, of shape
        (n_colors, n_channels), are the distinct colors of X, or a sample of them.

    n_init : "auto" or int, default="auto"
        Number of starts, of which the best is kept. With "auto" and k-means++, a genetic search looks for the best
        optimum [3]_; if the features lie on a line, as those of a gray image or of one band do, the optimum itself is
        computed [4]_. Random starts are made 10 times with "auto", start colors are used once. More than 2,000 colors
        are first grouped into small cells: the search, or all starts, run on the cells, and the best result continues
        on all colors.

    max_iter : int, default=300
        Maximum number of iterations of Lloyd's algorithm [1]_ on all colors.

    tol : float, default=1e-4
        Convergence tolerance: iterations stop when the sum of squared center shifts, relative to the variance of the
        pixels in the color space, is below `tol`. After a search, the last run starts near its end, and goes on to a
        tenth of `tol`.

    random_state : int, RandomState instance or None, default=None
        Random number generation for random starts, an int `n_init`, and a callable `init`; pass an int for reproducible
        results. The default, k-means++ with ``n_init="auto"``, uses a fixed seed of its own: it always gives the same
        result.

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
    pipeline_ : Pipeline
        The fitted steps "color" (`ColorConverter`) and "kmeans" (`KMeans`), for pixel tables.

    cluster_centers_ : ndarray of shape (n_clusters, n_channels)
        Mean color of each cluster in the units of X, from the darkest to the lightest: ordered by luminance, or by the
        mean of the channels if these are not converted from sRGB. Labels are numbered in this order.

    palette_ : ndarray of shape (n_clusters, n_channels)
        `cluster_centers_` in the dtype of X, rounded if it is an integer: the colors that `transform` paints with.

    value_range_ : tuple of float
        The numbers (low, high) of X's type that stand for 0 and 1; (0, 1) if its numbers are used unchanged.

    cluster_sizes_ : ndarray of shape (n_clusters,)
        Share of the pixels, or of the weight, in each cluster; they sum to 1.

    labels_ : ndarray of int32, shape of X without channels
        Label map of X, a Dask array if X is one. For a list of images, a list, set by `fit_predict` only. Not set for
        a `numpy.memmap`, Zarr array or HDF5 dataset of more than 64 megapixels, nor for an `io.ImageFile` that is read
        a few rows at a time; use ``predict(X, out=...)``.

    inertia_ : float
        Weighted sum of squared distances of all pixels to their centers in the color space.

    n_iter_ : int
        Number of iterations on all colors, or of passes over all pixels.

    n_features_in_ : int
        Number of channels seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, if X is a DataFrame, or a DataArray with different coordinates along its channels.

    See Also
    --------
    ColorConverter : The first step of the pipeline.
    sklearn.cluster.KMeans : The second step.

    Notes
    -----
    The census (distinct colors and their weights) is a sufficient statistic for k-means: rotating, shuffling or tiling
    an image, or splitting it into a list, does not change the model. The fitted segmenter keeps the census for
    `partial_fit`, and so does its pickle: a few megabytes for an 8-bit photo.

    Colors that do not fit into 24 bits are counted up to 262,000 distinct ones, fewer of more than eight channels, or
    four million if they fit into 32 bits. Beyond that, a sample, chosen by a hash of the color, initializes exact
    passes over all pixels. Images of a list are read again for each pass. If such wide colors need more than eight
    megabytes, only a sample is kept.

    A pixel at the same distance from two centers belongs to the darker one.

    Unlike in `KMeans`, centers are computed in double precision even for float32 images, and sparse input is not
    supported. Instead of `verbose`, scikit-learn's callbacks report the progress of `fit`.

    References
    ----------
    .. [1] S. P. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28(2), 1982.
    .. [2] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.
    .. [3] D. Gribel and T. Vidal, "HG-means: a scalable hybrid genetic algorithm for minimum sum-of-squares
       clustering", Pattern Recognition 88, 2019.
    .. [4] H. Wang and M. Song, "Ckmeans.1d.dp: optimal k-means clustering in one dimension by dynamic programming",
       The R Journal 3(2), 2011.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter
    >>> image = coffee()
    >>> segmenter = KMeansSegmenter(n_clusters=2, random_state=0).fit(image)
    >>> segmenter.labels_.shape
    (400, 600)
    >>> segmenter.cluster_centers_.round()
    array([[ 83.,  51.,  43.],
           [183.,  97.,  54.]])
    >>> segmenter.transform(image).shape  # repainted in two colors
    (400, 600, 3)
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        color_space: str | None = "auto",
        channel_weights: str | ArrayLike | None = "auto",
        output: str = "color",
        init: Init = "k-means++",
        n_init: str | int = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        value_range: str | ArrayLike = "auto",
    ) -> None:
        self.n_clusters = n_clusters
        self.color_space = color_space
        self.channel_weights = channel_weights
        self.output = output
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.value_range = value_range

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None) -> Self:
        """Cluster the colors of X.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors. The images of a list may differ in size.

        y : None
            Ignored.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel. Weight 2 is equivalent to repeating the pixel, weight 0 to masking it.

        Returns
        -------
        self : KMeansSegmenter
            The fitted segmenter.

        Raises
        ------
        ValueError
            If X holds NaN or infinity outside its mask, if all its pixels are masked, or if a parameter is invalid.

        TypeError
            If X is not an array of pixels, such as a file name.
        """
        self._check_parameters()
        images = open_images(X)
        with fit_task(self, n_parts=2) as task:
            with task.part("count", n_parts=None if images.is_sequence else 0) as counting:
                census, scan = count_or_pass(
                    images,
                    self.color_space,
                    sample_weight,
                    most=LIMITS.colors_in_fit,
                    n_jobs=self.n_jobs,
                    watch=partial(counting.each, "images"),
                )
            with task.part("cluster"):
                color, model = self._fit_steps(images, census, scan)
                labels = label_map(images, model, scan)
        self._set_fitted(color, without_most_colors(model), labels)
        return self

    def partial_fit(self, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None) -> Self:
        """Add X to the earlier images and cluster all their colors again.

        With an int `random_state`, the model is the same as after a single `fit` on all images, in any order. It does
        not set `labels_`. All distinct colors are kept, so the model grows with images whose colors hardly repeat.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            More colors.

        y : None
            Ignored.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel.

        Returns
        -------
        self : KMeansSegmenter
            The fitted segmenter.

        Raises
        ------
        ValueError
            If `fit` kept only a sample of its colors, or if the channels or units of X differ from earlier images.
        """
        self._check_parameters()
        images = open_images(X)
        census = count_images(images, self.color_space, sample_weight, n_jobs=self.n_jobs)
        if hasattr(self, "_model"):
            colors = match_to_fit(self, images, census.colors)
            census = add_to_fit(self._model.census, Census(colors, census.weights))
        color, model = self._fit_steps(images, census)
        if hasattr(self, "_model"):
            _copy_channels(self, color)  # X may be an image, without the names of an earlier table
        self._set_fitted(color, model)
        return self

    __metadata_request__predict = {"out": UNUSED}  # noqa: RUF012, scikit-learn reads it from the class

    @overload
    def predict(self, X: Images, out: None = None) -> list[LabelMap]: ...

    @overload
    def predict(self, X: OneImage, out: Any = None) -> LabelMap: ...

    def predict(self, X: ImageLike, out: Any = None) -> LabelMap | list[LabelMap]:
        """Label every pixel with its nearest cluster.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        out : array of int32, shape of X without channels, default=None
            Where to write the label map of one image: a `numpy.memmap`, a Zarr array, an HDF5 dataset, or another array
            that takes ``out[slices] = labels``. X is then read in blocks, so neither has to fit into memory.

        Returns
        -------
        labels : ndarray of int32, shape of X without channels, or a list of them
            Label map, 0 for the darkest cluster; `out` if given. For a masked image, a masked array with −1 under the
            mask. For a Dask array, a Dask array.

        Raises
        ------
        ValueError
            If the channels or the units of X differ from `fit`, or `out` does not have the shape of X's pixels.
        """
        check_is_fitted(self)
        images = open_images(X)
        if out is not None:
            shape = images.shape[:-1] if isinstance(images, SingleImage) else None
            if getattr(out, "dtype", None) != np.int32 or getattr(out, "shape", None) != shape:
                has = "is a list of images" if shape is None else f"has {shape}"
                raise ValueError(
                    f"out must be an int32 array of the pixel shape of one image; X {has}, "
                    f"got {getattr(out, 'dtype', type(out).__name__)} of shape {np.shape(out)} instead."
                )
        labels: LabelMap | list[LabelMap] = images.map(
            partial(self._frozen("_apply"), self._model.label), -1, n_jobs=self.n_jobs, out=out
        )
        return labels

    @overload
    def fit_predict(self, X: Images, y: object = None, sample_weight: ArrayLike | None = None) -> list[LabelMap]: ...

    @overload
    def fit_predict(self, X: OneImage, y: object = None, sample_weight: ArrayLike | None = None) -> LabelMap: ...

    def fit_predict(
        self, X: ImageLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> LabelMap | list[LabelMap]:
        """Fit to X and label its pixels; the label maps of a list are kept in `labels_`.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        y : None
            Ignored.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel.

        Returns
        -------
        labels : ndarray of int32, shape of X without channels, or a list of them
            `labels_`.
        """
        images = open_images(X)
        self.fit(images, sample_weight=sample_weight)
        if not hasattr(self, "labels_"):
            self.labels_ = self.predict(images)
        return self.labels_

    def transform(self, X: ImageLike) -> Any:
        """Repaint X, label it, or measure its distances to the centers, depending on `output`.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        Returns
        -------
        X_new : ndarray, or a list of them
            Depending on `output`: "color", X with each pixel replaced by the mean color of its cluster, in X's dtype
            and range, with masked pixels unchanged; "label", the label map, one column for a table; "distance", float64
            of shape (..., n_clusters), NaN under the mask. For a Dask array, a Dask array.
        """
        check_is_fitted(self)
        model = self._model
        outputs: dict[str, tuple[Callable[[NDArray[Any]], NDArray[Any]], float | None]] = {
            "color": (model.paint, None),
            "label": (model.label, -1),
            "distance": (model.measure, np.nan),
        }
        function, fill = outputs[_check_output(self.output)]
        apply = self._frozen("_apply_in_columns" if self.output == "label" else "_apply")
        return open_images(X).map(partial(apply, function), fill, n_jobs=self.n_jobs)

    def inverse_transform(self, X: Any) -> Any:
        """Paint labels in the colors of their clusters.

        Parameters
        ----------
        X : array-like of any shape, or a list of arrays
            Label map as returned by `predict`, masked or not, or output of `transform`. Integers of any type and
            shape are labels. Floats are the output of `transform`: with ``output="color"``, they are returned
            unchanged; with ``output="distance"``, the nearest cluster is painted. With ``output="label"``, a table of
            one column holds the labels of a table of pixels.

        Returns
        -------
        X_original : ndarray of shape (..., n_channels), or a list of them
            Cluster colors in the dtype seen in `fit`, with the mask of X. A label map that is a `DataArray` gives a
            `DataArray` with a dimension of channels in front, and nodata where X is nodata.

        Raises
        ------
        ValueError
            If a label outside the mask does not belong to a cluster.
        """
        check_is_fitted(self)
        if is_list_of_arrays(X):
            return [self.inverse_transform(labels) for labels in X]
        labels = X if is_lazy(X) else open_map(X, "X")
        if (
            labels.dtype.kind == "f"
            and self.output == "color"
            and (is_named(X) or labels.shape[-1:] == (self.n_features_in_,))
        ):
            return X if is_named(X) else labels
        if is_lazy(X):
            return self._paint_lazily(X)
        if labels.dtype.kind == "f" and self.output == "distance":
            labels = nearest_by_distance(open_single(X).array if is_named(X) else labels)
        if self.output == "label" and labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        painted = self._model.color_labels(labels)
        return named_like(X, painted) if is_named(X) and labels.ndim > 1 else painted

    def score(self, X: ImageLike, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> float:
        """Score the clusters on X; higher is better, and many clusters are not favored.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors, preferably not seen by `fit`.

        y : array-like of int, X's pixel shape, or a list of them, default=None
            True label map, one per image of a list. Its masked pixels are ignored. One more axis in front, or a list of
            maps, holds those of several annotators, over which the score is averaged.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel; with `y`, the number of its repetitions.

        Returns
        -------
        score : float
            Without `y`, `metrics.parsimony` of all images together: a reward for explained variance, minus a cost of
            each cluster, which is lower for a well-separated one. With `y`, the adjusted Rand index, averaged over
            images with pixels that are masked in neither X nor y. If there are none, 0 with a warning, so such a fold
            does not break a search.
        """
        check_is_fitted(self)
        if y is None:
            return metrics.parsimony(self, X, sample_weight=sample_weight)
        images = open_images(X)
        return mean_score(images.each(self._agreement, n_jobs=self.n_jobs, y=y, sample_weight=sample_weight))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Get the names of the columns that `transform` returns for a table.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the channels of X.

        Returns
        -------
        feature_names_out : ndarray of str objects
            Depending on `output`: the names of the channels, ``["label"]``, or ``["distance0", "distance1", ...]``.
        """
        names = super().get_feature_names_out(input_features)
        if _check_output(self.output) == "label":
            names = ["label"]
        elif self.output == "distance":
            names = [f"distance{label}" for label in range(len(self.cluster_centers_))]
        return np.asarray(names, dtype=object)

    def _check_parameters(self) -> None:
        """Validate parameters that do not depend on X, before X is read."""
        _check_output(self.output)
        check_fit_parameters(**{name: getattr(self, name) for name in _CHECKED_PARAMETERS})
        check_n_jobs(self.n_jobs)
        check_value_range(self.value_range)

    def _set_fitted(self, color: ColorConverter, model: Model, labels: LabelMap | None = None) -> None:
        """Set all fitted attributes at once: a fit that fails changes nothing."""
        _copy_channels(color, self)
        self._model = model
        self.pipeline_ = Pipeline([("color", color), ("kmeans", model.kmeans)])
        self.cluster_centers_ = model.colors
        self.palette_ = model.palette(model.dtype)
        self.value_range_ = model.value_range.of(model.dtype)
        self.cluster_sizes_ = model.sizes
        self.inertia_ = float(model.kmeans.inertia_)
        self.n_iter_ = model.kmeans.n_iter_
        self.__dict__.pop("labels_", None)  # of an earlier X
        if labels is not None:
            self.labels_ = labels

    def _fit_steps(self, images: Image, census: Census, scan: PixelScan | None = None) -> tuple[ColorConverter, Model]:
        """The color step, which knows the channels of X, and the model of a census, or of all pixels of `scan`."""
        color = ColorConverter(self.color_space, channel_weights=self.channel_weights, value_range=self.value_range)
        color.set_output(transform="default")  # KMeans gets arrays in any case
        learn_channels(color, images, census.colors)
        model = self._fit_model(census, scan)
        color._set_learned(model.conversion, model.dtype)
        if len(model.colors) < self.n_clusters:
            warn_few_clusters(census, len(model.colors), self.n_clusters)
        return color, model

    def _fit_model(self, census: Census, scan: PixelScan | None = None) -> Model:
        """The model of a census, or of all pixels of `scan`."""
        return fit_model(census, scan, **{name: getattr(self, name) for name in _FIT_PARAMETERS})

    def _paint_lazily(self, X: Any) -> Any:
        """See `inverse_transform`; X is a Dask array of labels or distances."""
        model, n_channels, dtype = self._model, self.n_features_in_, self.palette_.dtype
        if X.dtype.kind == "f":
            X = X.rechunk({X.ndim - 1: -1}).map_blocks(nearest_by_distance, dtype=np.intp, drop_axis=X.ndim - 1)
        elif self.output == "label" and X.ndim == 2 and X.shape[1] == 1:
            X = X[:, 0]
        return X.map_blocks(model.color_labels, dtype=dtype, chunks=(*X.chunks, (n_channels,)), new_axis=X.ndim)

    def _apply(self, function: Callable[[NDArray[Any]], NDArray[Any]], pixels: Pixels) -> NDArray[Any]:
        """The results of `function` for the rows of a block, which are checked against `fit`."""
        rows = read_rows(pixels, self._model.conversion.name)
        return function(match_to_fit(self, pixels, rows))

    def _apply_in_columns(self, function: Callable[[NDArray[Any]], NDArray[Any]], pixels: Pixels) -> NDArray[Any]:
        """The same; one value for each row of a table makes a column."""
        values = self._apply(function, pixels)
        return values if pixels.is_image else values[:, np.newaxis]

    def _agreement(self, image: SingleImage, y: ArrayLike, sample_weight: ArrayLike | None) -> float | None:
        """Adjusted Rand index of one image and its true label map; None if they have no pixels to compare."""
        label_map = image.map(partial(self._apply, self._model.label), -1)
        predicted, truth = open_map(label_map, "X"), open_maps(y, "y", label_map)
        if np.shape(truth)[-predicted.ndim :] != predicted.shape:
            raise ValueError(
                f"y must have X's pixel shape {predicted.shape}, or one more axis in front for annotators; "
                f"got {np.shape(truth)} instead."
            )
        weights = image.open_weights(sample_weight)
        if weights is not None:
            pixel_weights(weights, predicted.shape, np.ma.getmaskarray(predicted))
        return score_or_none(metrics.adjusted_rand, truth, predicted, weights)

    def _repr_html_fitted(self) -> str:
        """The palette, for notebooks, if it is short enough to be seen, and the label map of a single image."""
        if len(self.cluster_centers_) > _MAX_STRIP_COLORS:
            return ""
        colors, labels = self._model.rgb, getattr(self, "labels_", None)
        strip = palette_strip(colors, self.cluster_sizes_, "Clusters, from dark to light")
        is_image = isinstance(labels, np.ndarray) and labels.ndim == 2 and labels.size > 0
        return strip + (thumbnail(labels, colors) if is_image else "")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.output == "color" else []
        return tags


def _copy_channels(one: BaseEstimator, other: BaseEstimator) -> None:
    """Let an estimator know the channels, and their names, that another one knows."""
    other.n_features_in_ = one.n_features_in_
    if hasattr(one, "feature_names_in_"):
        other.feature_names_in_ = one.feature_names_in_
    else:
        other.__dict__.pop("feature_names_in_", None)


def _check_output(output: str) -> str:
    if output not in _OUTPUTS:
        raise ValueError(f"output must be one of {', '.join(map(repr, _OUTPUTS))}; got {output!r} instead.")
    return output
