"""KMeansSegmenter: pixel rows → census → Pipeline(color space → KMeans) → look-up of every pixel."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags, check_random_state, check_scalar, gen_even_slices
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from . import metrics
from ._callbacks import CallbackSupportMixin, fit_task, with_callbacks
from ._census import Census, map_colors, map_rows, mean_colors, merge, take
from ._color import unit_scale
from ._converter import ColorConverter
from ._counting import (
    cast_if_exact,
    check_comparable,
    check_not_binary,
    check_same_kind,
    count_image,
    count_images,
    levels_to_caller,
    read_rows,
)
from ._images import (
    ImageOutputMixin,
    NoPixelsError,
    Pixels,
    as_array,
    check_pixel_weights,
    has_own_dtype,
    is_sequence,
    map_images,
    tables_in,
)
from ._kmeans import distances, fit_kmeans, known_kmeans, nearest
from ._notebook import NotebookMixin
from ._palette import as_html
from .metrics._criteria import Clusters

_OUTPUTS = ("color", "label", "distance")
_STARTS = ("k-means++", "random")
_KMEANS_PARAMS = ("n_clusters", "n_init", "max_iter", "tol", "random_state")
_LUMINANCE = np.array([0.2125, 0.7154, 0.0721])  # ITU-R BT.709, as in skimage.color.rgb2gray
_BAND = 1 << 24  # pixels that are labeled at a time where the label map is written to `out`
_KEPT = 100_000_000  # pixels of a memory-mapped image whose label map `fit` still keeps
_SHOWN = 64  # clusters whose colors a notebook shows
_LARGEST = 1e150  # its square times any number of pixels is finite
_LEAST_WEIGHT = 1e-200  # relative to the largest; keeps the mean of a cluster finite whatever the weights


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

    Counts the distinct colors of X, converts them to a color space, clusters them with `KMeans`, weighted by how often
    they occur, and looks every pixel up. The result is that of k-means on all pixels, in a fraction of the time.

    X may be a pixel table ``(n_pixels, n_channels)``, an image ``(height, width, n_channels)``, a stack or volume
    ``(..., n_channels)``, or a list of images of any sizes, in any real dtype; uint8 and uint16 mean 0 to their
    maximum, other numbers are taken as they are. Masked pixels (`numpy.ma.MaskedArray`) take no part.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of clusters, K. If X has fewer distinct colors, there are that many clusters and a
        `ConvergenceWarning`.

    color_space : {"auto", "rgb", "hsv", "hsv-raw", "lab", "luv", "ycbcr", "hed", "oklab"} or None, default="auto"
        Space that distances are measured in, see `ColorConverter`. "auto" is HSV with hue as an angle for three
        channels, and X's own channels for any other number; None never converts.

    channel_weights : "auto", None or array-like of shape (n_channels,), default="auto"
        How much each channel of the color space counts; "auto" lets lightness count half.

    output : {"color", "label", "distance"}, default="color"
        What `transform` gives: the image painted in its cluster colors, the label map, or the distances to the
        centers in the color space.

    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_channels), default="k-means++"
        First centers: chosen by k-means++ [2]_, at random, or these colors, in X's own units. A callable is called
        once as ``init(colors, n_clusters, random_state=...)``, with the distinct colors of X as an array of shape
        (n_colors, n_channels), and returns such colors.

    n_init : "auto" or int, default="auto"
        Number of starts, of which the best is kept; "auto" is 10. Many colors (above 2,000) are first grouped into
        about a thousand small cells: all starts are made on those, and the best one continues on every color. Start
        colors are used once.

    max_iter : int, default=300
        Largest number of iterations of Lloyd's algorithm [1]_ of a start.

    tol : float, default=1e-4
        Iterations end when the squared steps of the centers sum to less than this, relative to the variance of the
        pixels in the color space.

    random_state : int, RandomState instance or None, default=None
        Randomness of the starts; an int makes the result reproducible.

    n_jobs : int or None, default=None
        Number of images of a list that are worked on at the same time, through joblib; None means 1 unless in a
        `joblib.parallel_config` context.

    Attributes
    ----------
    pipeline_ : Pipeline
        The fitted steps "color" (`ColorConverter`) and "kmeans" (`KMeans`); works on pixel tables by itself.

    cluster_centers_ : ndarray of shape (n_clusters, n_channels)
        Mean color of each cluster in X's own units, from the darkest to the lightest: by luminance, or by the mean of
        the channels if they are not converted from sRGB. Labels are numbered in this order.

    cluster_sizes_ : ndarray of shape (n_clusters,)
        Share of the pixels, or of the weight, in each cluster; they sum to 1.

    labels_ : ndarray of int32, shape of X without channels
        Label map of X; `fit` does not keep it for a list of images, `fit_predict` does, as a list. Neither does `fit`
        for a `numpy.memmap` of more than 100 megapixels: write it with ``predict(X, out=...)``.

    inertia_ : float
        Sum of the squared distances of all pixels to their centers in the color space, weighted.

    n_iter_ : int
        Number of iterations run on all colors.

    n_features_in_ : int
        Number of channels seen in `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the channels, if X is a DataFrame.

    See Also
    --------
    ColorConverter : The first step of the pipeline.
    sklearn.cluster.KMeans : The second step.

    Notes
    -----
    The census (distinct colors and their weights) is an exact statistic for k-means: rotating, shuffling or tiling an
    image, or splitting it into a list, changes nothing in the model. It stays with the fitted segmenter for
    `partial_fit`, and in its pickle: at most 11 bytes per color of an 8-bit photo, but more than the image itself if
    its colors never repeat.

    A pixel that is equally near to two centers goes to the darker one.

    Unlike `KMeans`, all centers are computed in double precision, also for float32 images, and sparse input is not
    supported. There is no `verbose`: scikit-learn's callbacks report the progress of `fit`.

    References
    ----------
    .. [1] S. P. Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information Theory 28(2), 1982.
    .. [2] D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007.

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
        channel_weights: Any = "auto",
        output: str = "color",
        init: Any = "k-means++",
        n_init: Any = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        random_state: Any = None,
        n_jobs: int | None = None,
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

    @with_callbacks  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the clusters of X's colors.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors. The images of a list may differ in size.

        y : None
            Ignored.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel; 2 is the same as the pixel twice, 0 the same as a masked pixel.

        Returns
        -------
        self : KMeansSegmenter
            The fitted segmenter.

        Raises
        ------
        ValueError
            If X holds NaN or infinity outside its mask or has nothing outside it, or a parameter does not fit X.

        TypeError
            If X is something that has no pixels, such as a file name.
        """
        self._check_parameters()
        with _unchanged_by_failure(self), fit_task(self, n_parts=2) as task:
            with task.part("count", n_parts=None if is_sequence(X) else 0) as counting:
                if is_sequence(X):
                    census = count_images(X, sample_weight, self.color_space, self.n_jobs, counting)
                else:
                    pixels, rows, census = count_image(X, sample_weight, self.color_space)
            with task.part("cluster"):
                self._learn_channels(X, census)
                self._cluster(census)
            if not is_sequence(X) and not _exceeds_memory(X):
                known = (census.colors, self.pipeline_["kmeans"].labels_) if sample_weight is None else None
                self.labels_ = pixels.restore(self._label_rows(rows, known), under_mask=-1)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Add X to what was seen so far and cluster all of it again.

        With an int `random_state` the model is that of one `fit` on everything at once, in whatever order and
        portions it comes. `labels_` is not set.

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
        """
        self._check_parameters()
        census = count_images(X, sample_weight, self.color_space, self.n_jobs)
        if not hasattr(self, "_seen"):
            with _unchanged_by_failure(self):
                self._learn_channels(X, census)
                return self._cluster(census)
        colors = self._match_to_fit(census.colors, X)
        check_same_kind(colors, self._seen.colors, "X")
        return self._cluster(merge([self._seen, census._replace(colors=colors)]))

    __metadata_request__predict = {"out": UNUSED}  # noqa: RUF012, scikit-learn reads it from the class

    def predict(self, X: Any, out: Any = None) -> Any:
        """Label every pixel with its nearest cluster.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        out : ndarray of int32, shape of X without channels, default=None
            Where to write the label map of one image, such as a `numpy.memmap`. X is read band by band then, so that
            neither has to fit into memory.

        Returns
        -------
        labels : ndarray of int32, shape of X without channels, or a list of them
            Label map, 0 for the darkest cluster; `out` if it is given. A masked image gives a masked array, −1 under
            the mask.

        Raises
        ------
        ValueError
            If X's channels or numbers are not those of `fit`, or `out` does not suit X.
        """
        if out is None:
            return self._for_each_image(self._label_image, X)
        check_is_fitted(self)
        X = X if is_sequence(X) else as_array(X)
        shape = None if is_sequence(X) else np.shape(X)[:-1]
        if not isinstance(out, np.ndarray) or out.dtype != np.int32 or out.shape != shape:
            raise ValueError(
                f"out must be an int32 array of the pixel shape of one image; X has {shape}, "
                f"got {getattr(out, 'dtype', type(out).__name__)} of shape {np.shape(out)} instead."
            )
        n_bands = -(-out.size // _BAND)
        for band in gen_even_slices(len(out), min(max(n_bands, 1), len(out))):
            out[band] = np.ma.getdata(self._label_image(X[band]))
        return out

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Any:
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
        self.fit(X, sample_weight=sample_weight)
        if not hasattr(self, "labels_"):
            self.labels_ = self.predict(X)
        return self.labels_

    def transform(self, X: Any) -> Any:
        """Repaint X, label it, or measure its distances to the centers, as `output` says.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors.

        Returns
        -------
        X_new : ndarray, or a list of them
            By `output`: "color", X with each pixel replaced by the mean color of its cluster, in X's dtype and range,
            masked pixels unchanged; "label", the label map, one column for a table; "distance", float64 of shape
            (..., n_clusters), NaN under the mask.
        """
        transform_image = {"color": self._paint_image, "label": self._label_column, "distance": self._measure_image}
        return self._for_each_image(transform_image[_check_output(self.output)], X)

    def inverse_transform(self, X: Any) -> Any:
        """Paint labels in the colors of their clusters.

        Parameters
        ----------
        X : array-like of int, any shape, or a list of arrays
            Label map as `predict` gives it, masked or not. What `transform` gives for a table is taken too: with
            ``output="label"`` a column of labels (so a label map must be more than one pixel wide), with
            ``output="distance"`` distances, which stand for the nearest cluster, and with ``output="color"`` colors of
            type float, which stay as they are.

        Returns
        -------
        X_original : ndarray of shape (..., n_channels), or a list of them
            Cluster colors in the dtype seen in `fit`; the mask of X stays.

        Raises
        ------
        ValueError
            If a label outside the mask is not that of a cluster.
        """
        check_is_fitted(self)
        if is_sequence(X, min_ndim=1):
            return [self.inverse_transform(labels) for labels in X]
        labels = X if isinstance(X, np.ma.MaskedArray) else np.asarray(X)
        if labels.dtype.kind == "f" and self.output == "color" and labels.shape[-1:] == (self.n_features_in_,):
            return labels
        if labels.dtype.kind == "f" and self.output == "distance":
            labels = _nearest_by_distance(labels)
        if self.output == "label" and labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels[:, 0]
        data, mask = np.ma.getdata(labels), np.ma.getmaskarray(labels)
        _check_labels(data[~mask], len(self.cluster_centers_))
        painted = self._palette(self._seen.colors.dtype)[np.where(mask, 0, data)]
        if not isinstance(labels, np.ma.MaskedArray):
            return painted
        return np.ma.MaskedArray(painted, mask=np.broadcast_to(mask[..., np.newaxis], painted.shape))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """How well the clusters fit X; higher is better, and more clusters are not better by themselves.

        Parameters
        ----------
        X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
            Colors, best such that `fit` has not seen.

        y : array-like of int, X's pixel shape, or a list of them, default=None
            True label map, of each image of a list; pixels that are masked in it do not count.

        sample_weight : array-like of X's pixel shape, or a list of them for a list of images, default=None
            Weight of each pixel; with `y`, the number of times that it counts.

        Returns
        -------
        score : float
            Without `y`, `metrics.valley_score` of all images together: the number of clusters that stand apart, less
            those that do not. With `y`, the adjusted Rand index, averaged over the images. 0, with a warning, if X has
            no pixel outside its mask, so that such a fold does not spoil a search.
        """
        check_is_fitted(self)
        if y is None:
            return metrics.valley_score(self, X, sample_weight=sample_weight)
        try:
            if not is_sequence(X):
                return self._agreement(X, y, sample_weight)
            scores = map_images(self._agreement, X, n_jobs=self.n_jobs, y=y, sample_weight=sample_weight)
            return float(np.mean(list(scores)))
        except NoPixelsError as error:
            warnings.warn(f"{error} The score is 0.", RuntimeWarning, stacklevel=levels_to_caller())
            return 0.0

    def _held_out(self, X: Any, sample_weight: Any) -> Clusters:
        """X as the criteria of `metrics` look at it."""
        check_is_fitted(self)
        kmeans = self.pipeline_["kmeans"]
        census = count_images(X, sample_weight, self.pipeline_["color"].color_space, self.n_jobs)
        features = map_rows(self._features, self._match_to_fit(census.colors, X))
        shares = census.weights / census.weights.sum()
        labels = nearest(features, kmeans.cluster_centers_)
        return Clusters(features, shares, labels, kmeans.cluster_centers_, kmeans.n_clusters)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns that `transform` gives for a table.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the channels of X.

        Returns
        -------
        feature_names_out : ndarray of str objects
            By `output`: the names of the channels, ``["label"]``, or ``["distance0", "distance1", ...]``.
        """
        names = super().get_feature_names_out(input_features)
        if _check_output(self.output) == "label":
            names = ["label"]
        elif self.output == "distance":
            names = [f"distance{label}" for label in range(len(self.cluster_centers_))]
        return np.asarray(names, dtype=object)

    def _learn_channels(self, X: Any, census: Census) -> None:
        """Set the number of channels and, if X is a table, or has some, their names."""
        first, *others = tables_in(X) or [census.colors]
        validate_data(self, first, reset=True, skip_check_array=True)
        for table in others:
            validate_data(self, table, reset=False, skip_check_array=True)

    def _check_parameters(self) -> None:
        """Refuse parameters that no X could make good, those of `KMeans` too if it comes out that it is not needed."""
        _check_output(self.output)
        check_scalar(self.n_clusters, "n_clusters", Integral, min_val=1)
        check_scalar(self.max_iter, "max_iter", Integral, min_val=1)
        check_scalar(self.tol, "tol", Real, min_val=0)
        if not (isinstance(self.n_init, str) and self.n_init == "auto"):
            check_scalar(self.n_init, "n_init", Integral, min_val=1)
        if not _is_start(self.init):
            raise ValueError(
                "init must be 'k-means++', 'random', a callable or start colors of shape (n_clusters, n_channels); "
                f"got {self.init!r} instead."
            )
        if self.n_jobs is not None:
            check_scalar(self.n_jobs, "n_jobs", Integral)

    def _cluster(self, census: Census) -> Self:
        """Fit the pipeline to a census and number the clusters from dark to light."""
        color, features = self._convert(
            census.colors, color_space=self.color_space, channel_weights=self.channel_weights
        )
        params = {name: getattr(self, name) for name in _KMEANS_PARAMS}
        init, weights = self._convert_init(color, census.colors), _relative(census.weights)
        kmeans = fit_kmeans(features, weights, init=init, **params)
        self._number_clusters(kmeans, features, Census(census.colors, weights))
        if len(kmeans.cluster_centers_) < self.n_clusters:
            _warn_few_clusters(len(census.colors), len(kmeans.cluster_centers_), self.n_clusters)
        kmeans.inertia_ *= census.weights.max()
        kmeans.n_clusters = self.n_clusters
        return self._set_fitted(census, color, kmeans)

    def _restore(
        self, census: Census, centers: NDArray[np.float64], steps: dict[str, dict[str, Any]], **fitted: Any
    ) -> Self:
        """Rebuild the fitted state from a census, the centers in the color space and the parameters of the steps."""
        self._check_parameters()
        color, features = self._convert(census.colors, **steps["color"])
        init = steps["kmeans"]["init"]
        kmeans = known_kmeans(features, centers, **fitted)
        kmeans.set_params(**steps["kmeans"] | {"init": init if isinstance(init, str) else np.array(init)})
        return self._set_fitted(census, color, kmeans)

    def _set_fitted(self, census: Census, color: ColorConverter, kmeans: Any) -> Self:
        """Set what follows from the fitted steps and the census that they were fitted to."""
        weights = _relative(census.weights)
        self.pipeline_ = Pipeline([("color", color), ("kmeans", kmeans)])
        self.cluster_centers_ = mean_colors(Census(census.colors, weights), kmeans.labels_)
        self.cluster_sizes_ = np.bincount(kmeans.labels_, weights) / weights.sum()
        self.inertia_ = float(kmeans.inertia_)
        self.n_iter_ = kmeans.n_iter_
        self._seen = census
        self.__dict__.pop("labels_", None)  # they were those of another X
        return self

    def _number_clusters(self, kmeans: Any, features: NDArray[np.float64], census: Census) -> None:
        """Number the clusters of `kmeans` from dark to light, without empty ones."""
        present = np.flatnonzero(np.bincount(kmeans.labels_))
        means = mean_colors(census, np.searchsorted(present, kmeans.labels_))
        centers = kmeans.cluster_centers_[present[_dark_to_light(means, is_srgb=self.color_space is not None)]]
        labels = nearest(features, centers)  # in this order: of two centers that are equally near the darker wins
        found = np.flatnonzero(np.bincount(labels))
        kmeans.cluster_centers_ = centers[found]
        kmeans.labels_ = np.searchsorted(found, labels).astype(np.int32)

    def _convert(self, colors: NDArray[Any], **params: Any) -> tuple[ColorConverter, NDArray[np.float64]]:
        """The fitted color step, and what it makes of the distinct colors of X."""
        color = self._fit_converter(colors, **params)
        features = map_rows(color._convert, colors)
        if np.abs(features).max() > _LARGEST:
            raise ValueError(f"X must stay within ±{_LARGEST:g}, or squared distances overflow; scale it.")
        return color, features

    def _fit_converter(self, colors: NDArray[Any], **params: Any) -> ColorConverter:
        """The color step; it gives arrays to KMeans whatever containers are set globally, and knows X's names."""
        color = ColorConverter(**params)
        color.set_output(transform="default").fit(colors)
        if hasattr(self, "feature_names_in_"):
            color.feature_names_in_ = self.feature_names_in_
        return color

    def _convert_init(self, color: ColorConverter, colors: NDArray[Any]) -> Any:
        """`init`, start colors among the features if it holds colors."""
        if isinstance(self.init, str):
            return self.init
        start = self.init
        if callable(start):
            start = start(colors, self.n_clusters, random_state=check_random_state(self.random_state))
        start = check_array(start, dtype=np.float64, input_name="init")
        expected = (self.n_clusters, colors.shape[1])
        if start.shape != expected:
            raise ValueError(
                f"init must have the shape (n_clusters, n_channels) = {expected}; got {start.shape} instead."
            )
        start = start / unit_scale(colors.dtype)
        color._check_rows(start, name="init")
        return color._convert(start)

    def _read(self, X: Any) -> tuple[Pixels, NDArray[Any]]:
        """X, not a sequence, and its pixel rows, checked against `fit`."""
        pixels, rows = read_rows(X, self.pipeline_["color"].color_space)
        return pixels, self._match_to_fit(rows, X)

    def _match_to_fit(self, rows: NDArray[Any], X: Any) -> NDArray[Any]:
        """`rows` of X, if their channels, units and range agree with what `fit` has seen; else an error."""
        n_channels, expected = rows.shape[1], self.n_features_in_
        if n_channels != expected:
            raise ValueError(
                f"X has {n_channels} features, but {type(self).__name__} is expecting {expected} features as input: "
                "one per channel. A 2-D array is a pixel table (n_pixels, n_channels); a gray image has the "
                "shape (height, width, 1): image[..., np.newaxis]."
            )
        for table in tables_in(X):
            validate_data(self, table, reset=False, skip_check_array=True)
        if not has_own_dtype(X):
            rows = cast_if_exact(rows, self._seen.colors.dtype)
        check_comparable(rows, self._seen.colors)
        check_not_binary(rows, self._seen.colors)
        self.pipeline_["color"]._check_rows(rows)
        return rows

    def _for_each_image(self, function: Callable[[Any], Any], X: Any) -> Any:
        """`function` of X, or a list of what it gives for each image of a sequence."""
        check_is_fitted(self)
        return list(map_images(function, X, n_jobs=self.n_jobs)) if is_sequence(X) else function(X)

    def _label_rows(
        self, rows: NDArray[Any], known: tuple[NDArray[Any], NDArray[Any]] | None = None
    ) -> NDArray[np.int32]:
        return map_colors(lambda colors: nearest(self._features(colors), self._feature_centers), rows, known)

    def _label_image(self, X: Any) -> Any:
        """Label map of X, not a sequence."""
        pixels, rows = self._read(X)
        return pixels.restore(self._label_rows(rows), under_mask=-1)

    def _label_column(self, X: Any) -> Any:
        labels = self._label_image(X)
        return labels[:, np.newaxis] if labels.ndim == 1 else labels

    def _paint_image(self, X: Any) -> Any:
        pixels, rows = self._read(X)
        return pixels.restore(take(self._palette(rows.dtype), self._label_rows(rows)), under_mask=pixels.data)

    def _measure_image(self, X: Any) -> Any:
        pixels, rows = self._read(X)
        measured = map_colors(lambda colors: distances(self._features(colors), self._feature_centers), rows)
        return pixels.restore(measured, under_mask=np.nan)

    def _agreement(self, X: Any, y: Any, sample_weight: Any) -> float:
        """Adjusted Rand index of one image and its true label map."""
        predicted = self._label_image(X)
        if np.ma.getmaskarray(predicted).all():
            raise NoPixelsError("All pixels of X are masked.")
        if np.shape(y)[-predicted.ndim :] != predicted.shape:
            raise ValueError(
                f"y must have X's pixel shape {predicted.shape}, or one more axis in front for annotators; "
                f"got {np.shape(y)} instead."
            )
        if sample_weight is not None:
            check_pixel_weights(sample_weight, predicted.shape, np.ma.getmaskarray(predicted))
        return metrics.adjusted_rand(y, predicted, sample_weight)

    def _features(self, colors: NDArray[Any]) -> NDArray[np.float64]:
        return self.pipeline_["color"]._convert(colors)  # type: ignore[no-any-return]

    def _feature_image(self, X: Any) -> NDArray[np.float64]:
        """X, not a sequence, in the color space; NaN under the mask."""
        pixels, rows = self._read(X)
        return np.ma.getdata(pixels.restore(map_colors(self._features, rows), under_mask=np.nan))

    def _spread(self) -> float:
        """Standard deviation of what `fit` has seen, in the color space."""
        features, shares = map_rows(self._features, self._seen.colors), self._seen.weights / self._seen.weights.sum()
        return float(np.sqrt(sum(shares @ (column - shares @ column) ** 2 for column in features.T)))

    @property
    def _feature_centers(self) -> NDArray[np.float64]:
        return self.pipeline_["kmeans"].cluster_centers_  # type: ignore[no-any-return]

    def _palette(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """The cluster colors in the units of `dtype`, rounded if it holds no fractions."""
        colors = self.cluster_centers_ * (unit_scale(dtype) / unit_scale(self._seen.colors.dtype))
        limits = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
        if colors.min() < limits.min or np.rint(colors.max()) > limits.max:
            raise ValueError(
                f"X is {dtype}, which cannot hold the cluster colors {colors.min():g} to {colors.max():g}; "
                f"give X the dtype that fit has seen, {self._seen.colors.dtype}."
            )
        if dtype.kind == "f":
            return colors.astype(dtype)
        largest = np.nextafter(float(limits.max) + 1, 0)  # of 64 bits, the maximum itself rounds up to beyond the range
        return np.rint(colors).clip(float(limits.min), largest).astype(dtype)

    def _repr_html_fitted(self) -> str:
        """What a notebook shows of a fitted segmenter: its palette, too, while it is short enough to be seen."""
        return as_html(self) if len(self.cluster_centers_) <= _SHOWN else ""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] if self.output == "color" else []
        return tags


@contextmanager
def _unchanged_by_failure(estimator: BaseEstimator) -> Iterator[None]:
    """Leave an estimator as it was if it cannot be fitted, so that an earlier model goes on working."""
    before = estimator.__dict__.copy()
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


def _is_start(init: Any) -> bool:
    """Whether `init` names a way to start, makes start colors, or can be a table of them."""
    if isinstance(init, str):
        return init in _STARTS
    if callable(init):
        return True
    try:
        return np.ndim(init) == 2
    except ValueError:  # rows of different lengths
        return False


def _relative(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights relative to the largest."""
    return np.asarray(np.maximum(weights / weights.max(), _LEAST_WEIGHT))


def _exceeds_memory(X: Any) -> bool:
    """Whether X was mapped because its label map would not fit into memory."""
    return isinstance(X, np.memmap) and X.size // X.shape[-1] > _KEPT


def _check_output(output: str) -> str:
    if output not in _OUTPUTS:
        raise ValueError(f"output must be one of {', '.join(map(repr, _OUTPUTS))}; got {output!r} instead.")
    return output


def _nearest_by_distance(measured: NDArray[Any]) -> NDArray[Any]:
    """Labels from distances of shape (..., n_clusters)."""
    labels = np.ma.getdata(measured).argmin(axis=-1)
    if not isinstance(measured, np.ma.MaskedArray):
        return np.asarray(labels)
    return np.ma.MaskedArray(labels, mask=np.ma.getmaskarray(measured).any(axis=-1))


def _check_labels(labels: NDArray[Any], n_clusters: int) -> None:
    if labels.dtype.kind not in "iu":
        raise ValueError(f"X must hold labels, which are integers; got {labels.dtype} instead.")
    if labels.size and (labels.min() < 0 or labels.max() >= n_clusters):
        raise ValueError(
            f"X must hold labels from 0 to {n_clusters - 1}; got {labels.min()} to {labels.max()} instead. "
            "Colors are no labels; pixels that have no label must be masked: np.ma.masked_equal(X, -1)."
        )


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)


def _warn_few_clusters(n_colors: int, n_found: int, n_clusters: int) -> None:
    found = f"{_plural(n_colors, 'distinct color')} in {_plural(n_found, 'cluster')}"
    warnings.warn(
        f"X has {found}, fewer than n_clusters={n_clusters}.",
        ConvergenceWarning,
        stacklevel=levels_to_caller(),
    )


def _dark_to_light(colors: NDArray[np.float64], *, is_srgb: bool) -> NDArray[np.intp]:
    """Order by luminance, or by the mean of the channels; equal ones by their channels."""
    brightness = colors @ _LUMINANCE if is_srgb and colors.shape[1] == 3 else colors.mean(axis=1)
    largest = np.abs(brightness).max() or 1.0
    return np.lexsort((*colors.T, np.round(brightness / largest, 9)))  # rounding errors must not order equals
