"""Displays: a segmentation, its palette, its color space, and the choice of K, drawn with matplotlib.

As in scikit-learn, `from_…` computes what is shown, and `plot` only draws it. What is needed to draw is imported there,
so that `import skseg` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from sklearn.utils.validation import check_is_fitted

from ._color import hex_code, is_unit_range, to_unit, unit_scale
from ._nested import inner_segmenter

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 20_000  # colors of a scatter; the rarest are left out
_PANEL = 3.4  # inches
_LONGEST = 1500  # pixels of a side that are drawn; more would not fit on a screen or a page
_LISTED = 20  # clusters of a legend, the largest
_LUMINANCE = np.array([0.2125, 0.7154, 0.0721])  # ITU-R BT.709
_MIDDLE = 0.5  # luminance between dark and light
_SURROUNDINGS = 9  # side in pixels of the square that says whether a boundary lies on something dark or light


class SegmentationDisplay:
    """An image, repainted, its label map with a legend, and the boundaries of its clusters.

    Make it with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    image : ndarray of shape (height, width, 1) or (height, width, 3)
        Image to show: uint8, uint16, bool, or float from 0 to 1.

    label_map : masked array of int, shape (height, width)
        Labels from 0; masked where a pixel has none.

    palette : ndarray of shape (n_clusters, 3)
        Color of each cluster, sRGB from 0 to 1.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The four panels; set by `plot`.

    figure_ : Figure
        The figure they are in.

    See Also
    --------
    PaletteDisplay : Colors and shares of the clusters.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, SegmentationDisplay
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(coffee())
    >>> display = SegmentationDisplay.from_estimator(segmenter, coffee())
    >>> display.axes_.size
    4
    """

    def __init__(self, image: NDArray[Any], label_map: NDArray[Any], palette: NDArray[Any]) -> None:
        self.image = image
        self.label_map = label_map
        self.palette = palette

    @classmethod
    def from_estimator(cls, segmenter: Any, X: Any, *, image: Any = None, axes: Any = None) -> Self:
        """Segment an image and show it.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A fitted segmenter, or a Pipeline or search that ends in one.

        X : image of shape (height, width, n_channels)
            Image to segment.

        image : image of shape (height, width, 1) or (height, width, 3), default=None
            Image to show; X if not given. Needed where X has other channels than gray or RGB.

        axes : array-like of four Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : SegmentationDisplay
            The display, drawn.
        """
        model, arrived = inner_segmenter(segmenter, X)
        palette = cluster_colors(model) if model.n_features_in_ in (1, 3) else None
        return cls.from_predictions(X if image is None else image, model.predict(arrived), palette=palette, axes=axes)

    @classmethod
    def from_predictions(cls, image: Any, label_map: Any, *, palette: Any = None, axes: Any = None) -> Self:
        """Show a label map.

        Parameters
        ----------
        image : image of shape (height, width, 1) or (height, width, 3)
            What is shown: uint8, uint16, bool, or float from 0 to 1.

        label_map : array-like of int, shape (height, width)
            Its labels; masked, or negative, where a pixel has none.

        palette : array-like of shape (n_clusters, 3), default=None
            Color of each label, sRGB from 0 to 1; the mean color of its pixels if not given.

        axes : array-like of four Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : SegmentationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the image cannot be shown, or the label map is of another size.
        """
        image, labels = np.ma.filled(image, 0), np.ma.masked_less(label_map, 0)
        check_can_be_shown(image)
        if labels.shape != image.shape[:2]:
            raise ValueError(f"label_map must have the image's shape {image.shape[:2]}; got {labels.shape} instead.")
        return cls(image, labels, _mean_colors(image, labels) if palette is None else np.asarray(palette)).plot(
            axes=axes
        )

    def plot(self, *, axes: Any = None) -> Self:
        """Draw the four panels, at most at the resolution of a screen.

        Parameters
        ----------
        axes : array-like of four Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : SegmentationDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are not four axes.
        """
        self.axes_ = np.ravel(new_axes(4, self.label_map.shape) if axes is None else axes)
        if self.axes_.size != 4:
            raise ValueError(f"axes must be four; got {self.axes_.size} instead.")
        self.figure_ = self.axes_[0].figure
        image, label_map = as_rgb(thinned(self.image)), thinned(self.label_map)
        labels, mask = np.ma.filled(label_map, 0), np.ma.getmaskarray(label_map)
        key = _label_colors(len(self.palette))
        panels = {
            "image": _clear(image, mask),
            f"{len(self.palette)} colors": _clear(self.palette[labels], mask),
            "labels": _clear(key[labels], mask),
            "boundaries": _clear(_outlined(image, np.where(mask, -1, labels)), mask),
        }
        for ax, (title, panel) in zip(self.axes_, panels.items(), strict=True):
            ax.imshow(panel)
            ax.set(title=title, xticks=[], yticks=[])
        self._add_legend(self.axes_[2], key)
        return self

    def _add_legend(self, ax: Axes, key: NDArray[Any]) -> None:
        """Add a line for each of the largest clusters: its color in the label map, its own, its number, its share."""
        from matplotlib.legend_handler import HandlerTuple  # noqa: PLC0415
        from matplotlib.patches import Patch  # noqa: PLC0415

        counts = np.bincount(np.ma.compressed(self.label_map), minlength=len(self.palette))
        shares = counts / max(counts.sum(), 1)
        listed = np.sort(np.argsort(-shares, kind="stable")[:_LISTED])
        handles = [
            tuple(Patch(facecolor=colors[label], edgecolor="gray") for colors in (key, self.palette))
            for label in listed
        ]
        texts = [f"{label}  {shares[label]:.0%}" for label in listed]
        if len(shares) > _LISTED:
            handles.append(tuple(Patch(alpha=0) for _ in range(2)))
            texts.append(f"and {len(shares) - _LISTED} more")
        ax.legend(
            handles,
            texts,
            handler_map={tuple: HandlerTuple(ndivide=None, pad=0)},
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            ncols=1 + (len(texts) - 1) // 12,
            fontsize="small",
            frameon=False,
            columnspacing=1.0,
        )


class PaletteDisplay:
    """The colors of the clusters, in proportion to their shares, with their hex codes.

    Make it with `from_estimator`.

    Parameters
    ----------
    palette : ndarray of shape (n_clusters, 3)
        Colors, sRGB from 0 to 1.

    shares : ndarray of shape (n_clusters,)
        Share of each.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn; set by `plot`.

    figure_ : Figure
        The figure it is in.

    See Also
    --------
    SegmentationDisplay : An image and its segmentation.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, PaletteDisplay
    >>> display = PaletteDisplay.from_estimator(KMeansSegmenter(4, random_state=0).fit(coffee()))
    >>> [text.get_text() for text in display.ax_.texts][0]
    '#2e0d07  19%'
    """

    def __init__(self, palette: NDArray[Any], shares: NDArray[Any]) -> None:
        self.palette = palette
        self.shares = shares

    @classmethod
    def from_estimator(cls, segmenter: Any, *, ax: Any = None) -> Self:
        """Show the palette of a segmenter.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A segmenter fitted to gray or RGB images, or a Pipeline or search that ends in one.

        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : PaletteDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the clusters have other channels than gray or RGB.
        """
        model, _ = inner_segmenter(segmenter)
        return cls(cluster_colors(model), model.cluster_sizes_).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw a bar for each cluster.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : PaletteDisplay
            The display itself.
        """
        n_clusters = len(self.palette)
        self.ax_ = _new_axis((4.5, 0.4 + 0.3 * n_clusters)) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.ax_.barh(range(n_clusters), self.shares, height=0.9, color=self.palette, edgecolor="gray", linewidth=0.5)
        gap = 0.015 * self.shares.max()
        for label, (color, share) in enumerate(zip(self.palette, self.shares, strict=True)):
            self.ax_.text(share + gap, label, f"{hex_code(color)}  {share:.0%}", va="center", family="monospace")
        self.ax_.set(xlim=(0, 1.5 * self.shares.max()), ylim=(n_clusters - 0.5, -0.5), xticks=[])
        self.ax_.set(yticks=range(n_clusters), ylabel="label")
        self.ax_.spines[["top", "right", "bottom"]].set_visible(False)
        return self


class KSelectionDisplay:
    """A criterion against the number of clusters, with its spread over folds and the K that was chosen.

    Make it with `from_estimator` or `from_cv_results`.

    Parameters
    ----------
    n_clusters : ndarray of shape (n_candidates,)
        Numbers of clusters.

    scores, spreads : ndarray of shape (n_candidates,)
        Mean and standard deviation of the criterion over the folds.

    chosen : int
        The number of clusters that was chosen.

    elbow : ndarray of shape (n_candidates,) or None, default=None
        Another curve, on a second axis.

    names : tuple of two str, default=("score", "elbow")
        What the axes are called.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn; set by `plot`.

    elbow_ax_ : Axes or None
        The second axis.

    figure_ : Figure
        The figure it is in.

    See Also
    --------
    skseg.metrics.valley_score : The criterion that `KMeansSegmenter.score` uses.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skseg import KMeansSegmenter, KSelectionDisplay
    >>> search = GridSearchCV(KMeansSegmenter(random_state=0), {"n_clusters": range(2, 6)}, cv=3)
    >>> display = KSelectionDisplay.from_estimator(search.fit(coffee()[::4, ::4]))
    >>> display.n_clusters
    array([2, 3, 4, 5])
    """

    def __init__(
        self,
        n_clusters: NDArray[Any],
        scores: NDArray[Any],
        spreads: NDArray[Any],
        chosen: int,
        *,
        elbow: NDArray[Any] | None = None,
        names: tuple[str, str] = ("score", "elbow"),
    ) -> None:
        self.n_clusters = n_clusters
        self.scores = scores
        self.spreads = spreads
        self.chosen = chosen
        self.elbow = elbow
        self.names = names

    @classmethod
    def from_estimator(cls, search: Any, *, metric: str = "score", elbow: str | None = None, ax: Any = None) -> Self:
        """Show a fitted search over ``n_clusters``.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or the like
            A fitted search over ``n_clusters`` alone.

        metric : str, default="score"
            Name of the scorer, if the search has several.

        elbow : str or None, default=None
            Name of a second scorer to show, such as `metrics.log_explained`.

        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : KSelectionDisplay
            The display, drawn.
        """
        check_is_fitted(search)
        chosen = getattr(search, "best_index_", None)
        return cls.from_cv_results(search.cv_results_, metric=metric, elbow=elbow, best_index=chosen, ax=ax)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: dict[str, Any],
        *,
        metric: str = "score",
        elbow: str | None = None,
        best_index: int | None = None,
        ax: Any = None,
    ) -> Self:
        """Show the results of a search over ``n_clusters``.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search over ``n_clusters`` alone.

        metric : str, default="score"
            Name of the scorer, if the search has several.

        elbow : str or None, default=None
            Name of a second scorer to show, such as `metrics.log_explained`.

        best_index : int or None, default=None
            Index of the chosen candidate; the best mean if not given.

        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : KSelectionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If something else than ``n_clusters`` was searched, there is no such scorer, or no candidate has a score.
        """
        names = {name for params in cv_results["params"] for name in params}
        if len(names) != 1 or not next(iter(names)).endswith("n_clusters"):
            raise ValueError(f"cv_results must be of a search over n_clusters alone; got {sorted(names)} instead.")
        for scorer in (metric, elbow):
            if scorer is not None and f"mean_test_{scorer}" not in cv_results:
                known = [name.removeprefix("mean_test_") for name in cv_results if name.startswith("mean_test_")]
                raise ValueError(f"metric and elbow must be among {known}; got {scorer!r} instead.")
        (name,) = names
        n_clusters = np.array([params[name] for params in cv_results["params"]])
        means = np.asarray(cv_results[f"mean_test_{metric}"])
        if not np.isfinite(means).any():
            raise ValueError("No candidate of the search has a finite score; error_score='raise' shows why.")
        chosen = n_clusters[np.nanargmax(means) if best_index is None else best_index]
        order = np.argsort(n_clusters)
        return cls(
            n_clusters[order],
            means[order],
            np.asarray(cv_results[f"std_test_{metric}"])[order],
            int(chosen),
            elbow=None if elbow is None else np.asarray(cv_results[f"mean_test_{elbow}"])[order],
            names=(metric, elbow or "elbow"),
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : KSelectionDisplay
            The display itself.
        """
        self.ax_ = _new_axis((5.5, 3.6)) if ax is None else ax
        self.figure_, self.elbow_ax_ = self.ax_.figure, None
        low, high = self.scores - self.spreads, self.scores + self.spreads
        self.ax_.fill_between(self.n_clusters, low, high, color="C0", alpha=0.2, linewidth=0)
        self.ax_.plot(self.n_clusters, self.scores, color="C0", marker="o")
        self.ax_.axvline(self.chosen, color="gray", linestyle=":")
        self.ax_.set(xlabel="number of clusters, K", ylabel=self.names[0], title=f"K = {self.chosen}")
        self.ax_.xaxis.get_major_locator().set_params(integer=True)
        if self.elbow is not None:
            self.elbow_ax_ = self.ax_.twinx()
            self.elbow_ax_.plot(self.n_clusters, self.elbow, color="C1", marker="s", linestyle="--")
            self.elbow_ax_.set_ylabel(self.names[1], color="C1")
            self.ax_.yaxis.label.set_color("C0")
        return self


class ColorSpaceDisplay:
    """The colors of an image where k-means sees them, and the centers of the clusters.

    Make it with `from_estimator`.

    Parameters
    ----------
    coordinates : ndarray of shape (n_colors, 2)
        Two coordinates of each color.

    colors : ndarray of shape (n_colors, 3)
        What it looks like, sRGB from 0 to 1.

    weights : ndarray of shape (n_colors,)
        How often it occurs.

    centers : ndarray of shape (n_clusters, 2)
        Two coordinates of each center.

    palette : ndarray of shape (n_clusters, 3)
        Color of each cluster.

    names : sequence of two str
        Names of the coordinates, with their weights where these are not 1.

    Attributes
    ----------
    ax_ : Axes
        Where it is drawn; set by `plot`.

    figure_ : Figure
        The figure it is in.

    See Also
    --------
    ColorConverter : What takes colors there.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import ColorSpaceDisplay, KMeansSegmenter
    >>> segmenter = KMeansSegmenter(4, random_state=0).fit(coffee()[::4, ::4])
    >>> ColorSpaceDisplay.from_estimator(segmenter).names
    ['chroma_cos_hue', 'value × 0.5']
    """

    def __init__(
        self,
        coordinates: NDArray[Any],
        colors: NDArray[Any],
        weights: NDArray[Any],
        *,
        centers: NDArray[Any],
        palette: NDArray[Any],
        names: Any,
    ) -> None:
        self.coordinates = coordinates
        self.colors = colors
        self.weights = weights
        self.centers = centers
        self.palette = palette
        self.names = names

    @classmethod
    def from_estimator(cls, segmenter: Any, *, channels: tuple[int, int] | None = None, ax: Any = None) -> Self:
        """Show the colors that a segmenter was fitted to.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A segmenter fitted to RGB images, or a Pipeline or search that ends in one.

        channels : tuple of two int, default=None
            Which coordinates of the color space to show; the two in which the colors differ most if not given.

        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : ColorSpaceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the colors have other channels than RGB.
        """
        model, _ = inner_segmenter(segmenter)
        if model.n_features_in_ != 3:
            raise ValueError(f"segmenter must be fitted to RGB; got {model.n_features_in_} channels instead.")
        census = model._seen
        color, kmeans = model.pipeline_["color"], model.pipeline_["kmeans"]
        often = np.sort(np.argsort(census.weights)[-_SHOWN:])
        features = model._features(census.colors[often])
        if channels is None:
            spread = np.cov(features.T, aweights=census.weights[often]).diagonal()
            first, second = sorted(np.argsort(spread)[-2:])
            channels = (int(first), int(second))
        return cls(
            features[:, channels],
            as_rgb(census.colors[often][np.newaxis])[0],
            census.weights[often],
            centers=kmeans.cluster_centers_[:, channels],
            palette=cluster_colors(model),
            names=_weighted_names(color, channels),
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the colors and the centers.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; a new figure if not given.

        Returns
        -------
        display : ColorSpaceDisplay
            The display itself.
        """
        self.ax_ = _new_axis((5.0, 4.6)) if ax is None else ax
        self.figure_ = self.ax_.figure
        sizes = 2 + 60 * np.sqrt(self.weights / self.weights.max())
        self.ax_.scatter(*self.coordinates.T, s=sizes, c=self.colors, linewidths=0)
        self.ax_.scatter(*self.centers.T, s=260, c="white", edgecolors="black", linewidths=1)
        self.ax_.scatter(*self.centers.T, s=170, c=self.palette, linewidths=0)
        for label, (center, color) in enumerate(zip(self.centers, self.palette, strict=True)):
            self.ax_.annotate(
                str(label), center, ha="center", va="center", color=contrast_color(color), fontsize="small"
            )
        self.ax_.set(xlabel=self.names[0], ylabel=self.names[1], facecolor="0.85")
        self.ax_.set_aspect("equal", adjustable="datalim")
        return self


def _new_axis(size: tuple[float, float]) -> Any:
    return _pyplot().subplots(figsize=size, layout="constrained")[1]


def new_axes(n_panels: int, shape: tuple[int, ...]) -> Any:
    """Axes of a new figure for panels of an image of that shape: in a row if it is high, in rows if it is wide."""
    height, width = shape
    wide = width > 1.3 * height and n_panels == 4
    n_rows, n_columns = (n_panels, 1) if width > 4 * height else (2, 2) if wide else (1, n_panels)
    panel = np.clip([_PANEL, _PANEL * height / width], 1.2, 2 * _PANEL)
    size = (n_columns * panel[0] + 1.2, n_rows * (panel[1] + 0.35))
    return _pyplot().subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)[1]


def _pyplot() -> Any:
    """matplotlib's, which is an extra."""
    try:
        import matplotlib.pyplot as plt  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ImportError("Plots need matplotlib: python -m pip install matplotlib") from error
    return plt


def cluster_colors(segmenter: Any) -> NDArray[np.float64]:
    """The colors of the clusters of a segmenter of gray or RGB images, sRGB from 0 to 1, (n_clusters, 3)."""
    labels = np.arange(len(segmenter.cluster_centers_))
    return np.asarray(as_rgb(segmenter.inverse_transform(labels)[np.newaxis])[0])


def _weighted_names(color: Any, channels: tuple[int, int]) -> list[str]:
    """The names of the chosen channels of a color step, with their weights where these are not 1."""
    names, (_, weights) = color.get_feature_names_out(), color._space_and_weights(color.n_features_in_)
    return [names[each] if weights[each] == 1 else f"{names[each]} × {weights[each]:g}" for each in channels]


def thinned(image: Any) -> Any:
    """Every n-th row and column of an image or label map, so that it is not larger than a screen."""
    step = -(-max(image.shape[:2]) // _LONGEST)
    return image[::step, ::step]


def as_rgb(image: Any) -> NDArray[np.float64]:
    """An image of one or three channels as sRGB from 0 to 1, (height, width, 3)."""
    pixels = np.ma.filled(image, 0)
    check_can_be_shown(pixels)
    unit = to_unit(pixels)
    return np.asarray(np.broadcast_to(unit, (*unit.shape[:2], 3)).clip(0, 1))


def check_can_be_shown(pixels: NDArray[Any]) -> None:
    """Refuse an image that is neither gray nor RGB."""
    if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3):
        raise ValueError(
            f"Only images (height, width, 1) or (height, width, 3) can be shown; got the shape {pixels.shape}. "
            "Of others give the channels to show, for example image=X[..., [2, 1, 0]]."
        )
    if not is_unit_range(pixels):
        raise ValueError(
            f"image must be uint8, uint16, bool or lie from 0 to 1 to be shown; got {pixels.dtype} from "
            f"{pixels.min():g} to {pixels.max():g}. Scale it."
        )


def _mean_colors(image: NDArray[Any], labels: Any) -> NDArray[np.float64]:
    """Mean color of the pixels of each label, sRGB from 0 to 1."""
    known = ~np.ma.getmaskarray(labels)
    members = np.ma.getdata(labels)[known]
    counts = np.bincount(members)
    channels = (image[..., channel][known] for channel in range(image.shape[-1]))
    sums = np.stack([np.bincount(members, values) for values in channels], axis=1)
    means = sums / np.maximum(counts, 1)[:, np.newaxis] / unit_scale(image.dtype)
    return np.asarray(np.broadcast_to(means, (len(means), 3)))


def _outlined(image: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The image with lines one pixel wide between labels: white where it is dark, black where it is light."""
    edges = np.zeros(labels.shape, dtype=bool)
    edges[:-1] |= labels[:-1] != labels[1:]
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    is_dark = uniform_filter(image @ _LUMINANCE, _SURROUNDINGS) < _MIDDLE
    return np.where(edges[..., np.newaxis], is_dark[..., np.newaxis].astype(float), image)


def _label_colors(n_labels: int) -> NDArray[Any]:
    """A color for each label, from dark to light as the labels are."""
    import matplotlib as mpl  # noqa: PLC0415

    return np.asarray(mpl.colormaps["viridis"](np.linspace(0, 1, n_labels)))[:, :3]


def _clear(image: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """An image that is transparent under the mask."""
    return np.concatenate([image, ~mask[..., np.newaxis]], axis=-1)


def contrast_color(color: NDArray[Any]) -> tuple[float, float, float]:
    """White on dark colors, black on light ones."""
    return (1.0, 1.0, 1.0) if color @ _LUMINANCE < _MIDDLE else (0.0, 0.0, 0.0)
