"""SegmentationDisplay and RegionDisplay: label maps and regions over an image, in panels of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter
from sklearn.base import BaseEstimator

from .._census import sums_by_label
from .._census.blocks import row_blocks
from .._color import display_colors, display_limits, shown_as
from .._images import ImageLike, SingleImage, open_images, open_label_map, open_single
from .._nested import inner_segmenter
from .common import check_can_be_shown, is_dark, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

AxesLike = NDArray[np.object_] | Sequence["Axes"]

_PANEL = 3.4  # inches
_LONGEST = 1500  # pixels of a side that are drawn; more would not fit on a screen or a page
_MAX_LISTED = 20  # clusters of a legend, the largest
_NEIGHBORHOOD = 9  # side in pixels of the square that decides whether a boundary is drawn in black or white
_LEGEND: dict[str, Any] = {"bbox_to_anchor": (1.0, 0.5), "fontsize": "small", "frameon": False, "columnspacing": 1}


@dataclass(eq=False, repr=False)
class SegmentationDisplay:
    """An image, the repainted image, its label map with a legend, and the cluster boundaries.

    Create it with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    image : ndarray of shape (height, width, n_channels)
        Image to show. Of more than three channels, the first three are shown.

    label_map : masked array of int, shape (height, width)
        Labels from 0; masked for pixels without a label.

    colors : ndarray of shape (n_clusters, 3)
        Color of each cluster, sRGB from 0 to 1.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The four panels; set by `plot`.

    figure_ : Figure
        The figure of the panels.

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

    image: NDArray[Any]
    label_map: NDArray[Any]
    colors: NDArray[Any]

    @classmethod
    def from_estimator(
        cls, segmenter: BaseEstimator, X: ImageLike, *, image: ImageLike | None = None, axes: AxesLike | None = None
    ) -> Self:
        """Segment an image and show it.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A fitted segmenter, or a Pipeline or search that ends in one.

        X : image of shape (height, width, n_channels)
            Image to segment.

        image : image of shape (height, width, n_channels), default=None
            Image to show; X by default. Of more than three channels, the first three are shown.

        axes : array-like of four Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : SegmentationDisplay
            The display, drawn.
        """
        segmenter, arrived = inner_segmenter(segmenter, X)
        has_own_units = segmenter.n_features_in_ in (1, 3) and getattr(image, "dtype", None) == segmenter.palette_.dtype
        colors = segmenter.palette_ if image is None or has_own_units else None
        return cls.from_predictions(X if image is None else image, segmenter.predict(arrived), colors, axes=axes)

    @classmethod
    def from_predictions(
        cls, image: ImageLike, label_map: ArrayLike, colors: ArrayLike | None = None, *, axes: AxesLike | None = None
    ) -> Self:
        """Show a label map.

        Parameters
        ----------
        image : image of shape (height, width, n_channels)
            Image to show. Of more than three channels, the first three are shown.

        label_map : array-like of int, shape (height, width)
            Labels of the pixels; masked or negative for pixels without a label.

        colors : array-like of shape (n_clusters, n_channels), default=None
            Color of each label, such as `palette_` of a segmenter, as in `io.save_labels`; by default, the mean color
            of its pixels.

        axes : array-like of four Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : SegmentationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the image is a stack, or the label map or the colors do not match it.
        """
        shown = open_single(image).array
        check_can_be_shown(shown)
        labels, ignored = open_label_map(label_map, like=image)
        if labels.shape != shown.shape[:2]:
            raise ValueError(f"label_map must have the image's shape {shown.shape[:2]}; got {labels.shape} instead.")
        masked = np.ma.MaskedArray(labels, mask=ignored | np.ma.getmaskarray(shown).any(axis=-1))
        if masked.mask.all():
            raise ValueError("label_map must hold a label that is not negative, in a pixel that is not masked.")
        means = _mean_colors(shown, masked) if colors is None else np.asarray(colors)
        if means.ndim != 2 or not means.shape[1]:
            raise ValueError(f"colors must have the shape (n_clusters, n_channels); got {means.shape} instead.")
        if len(means) <= masked.max():
            raise ValueError(f"colors must have a color for each label; got {len(means)} for label {masked.max()}.")
        return cls(shown, masked, display_colors(means, display_limits(shown))).plot(axes=axes)

    def plot(self, *, axes: AxesLike | None = None) -> Self:
        """Draw the four panels; large images are thinned to screen size.

        Parameters
        ----------
        axes : array-like of four Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : SegmentationDisplay
            The display itself.

        Raises
        ------
        ValueError
            If there are not four axes.
        """
        self.axes_ = _find_panels(axes, 4, self.label_map.shape)
        self.figure_ = self.axes_[0].figure
        image = display_colors(_thinned(self.image), display_limits(self.image))
        label_map, channels = _thinned(self.label_map), shown_as(self.image.shape[-1])
        labels, mask = np.ma.filled(label_map, 0), np.ma.getmaskarray(label_map)
        key = pyplot().get_cmap("viridis")(np.linspace(0, 1, len(self.colors)))[:, :3]  # from dark to light
        panels = {
            "image" + f", channels {channels}" * bool(channels): image,
            f"{len(self.colors)} colors": self.colors[labels],
            "labels": key[labels],
            "boundaries": _outlined(image, np.where(mask, -1, labels)),
        }
        for ax, (title, panel) in zip(self.axes_, panels.items(), strict=True):
            ax.imshow(np.dstack([panel, ~mask]))  # transparent under the mask
            ax.set(title=title, xticks=[], yticks=[])
        self._add_legend(self.axes_[2], key)
        return self

    def _add_legend(self, ax: Axes, key: NDArray[Any]) -> None:
        """Add a line for each of the largest clusters: both of its colors, its label and its share."""
        from matplotlib.legend_handler import HandlerTuple  # noqa: PLC0415
        from matplotlib.patches import Patch  # noqa: PLC0415

        counts = np.zeros(len(self.colors))
        for rows in row_blocks(self.label_map.shape):
            counts += np.bincount(np.ma.compressed(self.label_map[rows]), minlength=len(self.colors))
        shares = counts / max(counts.sum(), 1)
        listed = np.sort(np.argsort(-shares, kind="stable")[:_MAX_LISTED])
        handles = [
            tuple(Patch(facecolor=colors[label], edgecolor="gray") for colors in (key, self.colors)) for label in listed
        ]
        texts = [f"{label}  {shares[label]:.0%}" for label in listed]
        if len(shares) > _MAX_LISTED:
            handles.append(tuple(Patch(alpha=0) for _ in range(2)))
            texts.append(f"and {len(shares) - _MAX_LISTED} more")
        pairs, n_columns = {tuple: HandlerTuple(ndivide=None, pad=0)}, 1 + (len(texts) - 1) // 12
        ax.legend(handles, texts, handler_map=pairs, ncols=n_columns, loc="center left", **_LEGEND)


@dataclass(eq=False, repr=False)
class RegionDisplay:
    """Boundaries of regions over an image, one panel per scale.

    Create it with `from_estimator`.

    Parameters
    ----------
    image : ndarray of shape (height, width, n_channels)
        Image to show. Of more than three channels, the first three are shown.

    region_maps : list of ndarray of int, shape (height, width)
        Regions, one map per panel; masked for pixels without a region.

    titles : list of str
        Title of each panel.

    Attributes
    ----------
    axes_ : ndarray of Axes
        The panels; set by `plot`.

    figure_ : Figure
        The figure of the panels.

    See Also
    --------
    RegionSegmenter : Finds the regions.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from skseg import RegionDisplay, RegionSegmenter
    >>> display = RegionDisplay.from_estimator(RegionSegmenter().fit(coffee()), coffee())
    >>> [ax.get_title().split(",")[0] for ax in display.axes_]
    ['scale 0.289', 'scale 0.55', 'scale 0.786']
    """

    image: NDArray[Any]
    region_maps: Sequence[NDArray[Any]]
    titles: Sequence[str]

    @classmethod
    def from_estimator(
        cls,
        segmenter: BaseEstimator,
        X: ImageLike,
        *,
        scales: Sequence[float] | None = None,
        image: ImageLike | None = None,
        axes: AxesLike | None = None,
    ) -> Self:
        """Find the regions of an image and show them.

        Parameters
        ----------
        segmenter : RegionSegmenter, Pipeline or search
            A fitted segmenter, or a Pipeline or search that ends in one.

        X : image of shape (height, width, n_channels)
            Image to segment. The images of a list or stack are shown one by one.

        scales : sequence of float, default=None
            Scale of each panel; by default, a third, one and three times the odds of the segmenter's scale.

        image : image of shape (height, width, n_channels), default=None
            Image to show; X by default. Of more than three channels, the first three are shown.

        axes : array-like of Axes, default=None
            Axes to draw on, one per scale; a new figure by default.

        Returns
        -------
        display : RegionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If X is a list or stack of images, or cannot be shown.
        """
        segmenter, arrived = inner_segmenter(segmenter, X, kind="RegionSegmenter")
        opened = open_images(arrived)
        if not isinstance(opened, SingleImage) or len(opened.shape) != 3:
            kind = f"the shape {opened.shape}" if isinstance(opened, SingleImage) else f"a list of {len(opened.data)}"
            raise ValueError(
                f"X must be one image (height, width, n_channels); got {kind} instead. "
                "Show the images of a list or stack one by one: X[0]."
            )
        pixels = open_single(X if image is None else image).array
        check_can_be_shown(pixels)
        if scales is None:
            scales = [segmenter.scale / (segmenter.scale + part * (1 - segmenter.scale)) for part in (3, 1, 1 / 3)]
        hierarchy, maps, titles = segmenter.hierarchy(arrived), [], []
        for scale in scales:
            maps.append(hierarchy.cut(scale=scale))
            n_regions = int(np.ma.getdata(maps[-1]).max(initial=-1)) + 1
            titles.append(f"scale {scale:.3g}, {n_regions} region{'s' * (n_regions != 1)}")
        return cls(pixels, maps, titles).plot(axes=axes)

    def plot(self, *, axes: AxesLike | None = None) -> Self:
        """Draw one panel per region map; large images are thinned to screen size.

        Parameters
        ----------
        axes : array-like of Axes, default=None
            Axes to draw on, one per map; a new figure by default.

        Returns
        -------
        display : RegionDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the number of axes differs from the number of maps.
        """
        from skimage.segmentation import mark_boundaries  # noqa: PLC0415

        self.axes_ = _find_panels(axes, len(self.region_maps), self.image.shape[:2])
        self.figure_ = self.axes_[0].figure
        image = display_colors(_thinned(self.image), display_limits(self.image))
        for ax, regions, title in zip(self.axes_, self.region_maps, self.titles, strict=True):
            numbers = np.ma.getdata(_thinned(regions))
            ax.imshow(mark_boundaries(image, numbers, (1, 1, 0), (0, 0, 0), background_label=-1))
            ax.set(title=title, xticks=[], yticks=[])
        return self


def _find_panels(axes: AxesLike | None, n_panels: int, shape: tuple[int, ...]) -> NDArray[np.object_]:
    """The given axes, or those of a new figure for panels of an image of that shape.

    Panels are in a row if the image is high, in rows if it is wide.
    """
    if axes is None:
        height, width = shape
        wide = width > 1.3 * height and n_panels == 4
        n_rows, n_columns = (n_panels, 1) if width > 4 * height else (2, 2) if wide else (1, n_panels)
        panel = np.clip([_PANEL, _PANEL * height / width], 1.2, 2 * _PANEL)
        size = (n_columns * panel[0] + 1.2, n_rows * (panel[1] + 0.35))
        axes = pyplot().subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)[1]
    panels = np.ravel(np.asarray(axes, dtype=object))
    if panels.size != n_panels:
        raise ValueError(f"axes must be {n_panels}; got {panels.size} instead.")
    return panels


def _thinned(image: NDArray[Any]) -> NDArray[Any]:
    """Every n-th row and column of an image or label map, up to the size of a screen."""
    step = -(-max(image.shape[:2]) // _LONGEST)
    return image[::step, ::step]


def _mean_colors(image: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """Mean color of the pixels of each label."""
    totals = np.zeros((int(labels.max()) + 1, image.shape[-1] + 1))
    for rows in row_blocks(labels.shape):
        known = ~np.ma.getmaskarray(labels[rows])
        columns = [*np.ma.getdata(image)[rows][known].T, np.ones(np.count_nonzero(known))]
        totals += sums_by_label(np.ma.getdata(labels[rows])[known], columns, len(totals))
    return np.asarray(totals[:, :-1] / np.maximum(totals[:, -1:], 1))


def _outlined(image: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The image with lines one pixel wide between labels: white where it is dark, black where it is light."""
    edges = np.zeros(labels.shape, dtype=bool)
    edges[:-1] |= labels[:-1] != labels[1:]
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    on_dark = is_dark(uniform_filter(image, (_NEIGHBORHOOD, _NEIGHBORHOOD, 1)))
    return np.where(edges[..., np.newaxis], on_dark[..., np.newaxis].astype(float), image)
