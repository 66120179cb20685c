"""SegmentationDisplay: an image, the repainted image, its label map, and the cluster boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from .._census import sums_by_label
from .._census.blocks import row_blocks
from .._color import display_colors, unit_scale
from .._images import open_label_map, open_single
from .._nested import inner_segmenter
from .axes import as_rgb, check_can_be_shown, is_dark, new_axes, thinned

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_LISTED = 20  # clusters of a legend, the largest
_NEIGHBORHOOD = 9  # side in pixels of the square that decides whether a boundary is drawn in black or white


class SegmentationDisplay:
    """An image, the repainted image, its label map with a legend, and the cluster boundaries.

    Create it with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    image : ndarray of shape (height, width, 1) or (height, width, 3)
        Image to show: uint8, uint16, bool, or float from 0 to 1.

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

    def __init__(self, image: NDArray[Any], label_map: NDArray[Any], colors: NDArray[Any]) -> None:
        self.image = image
        self.label_map = label_map
        self.colors = colors

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
            Image to show; X by default. Required if X is not gray or RGB.

        axes : array-like of four Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : SegmentationDisplay
            The display, drawn.
        """
        model, arrived = inner_segmenter(segmenter, X)
        colors = model.palette_ if model.n_features_in_ in (1, 3) else None
        return cls.from_predictions(X if image is None else image, model.predict(arrived), colors, axes=axes)

    @classmethod
    def from_predictions(cls, image: Any, label_map: Any, colors: Any = None, *, axes: Any = None) -> Self:
        """Show a label map.

        Parameters
        ----------
        image : image of shape (height, width, 1) or (height, width, 3)
            Image to show: uint8, uint16, bool, or float from 0 to 1.

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
            If the image is not gray or RGB, or the label map or the colors do not match it.
        """
        shown = np.ma.asanyarray(open_single(image).array)
        pixels = np.ma.filled(shown, 0)
        check_can_be_shown(pixels)
        labels = _as_labels(label_map, image, np.asarray(np.ma.getmaskarray(shown).any(axis=-1)))
        rgb = _mean_colors(pixels, labels) if colors is None else display_colors(np.asarray(colors))
        if len(rgb) <= labels.max():
            raise ValueError(f"colors must have a color for each label; got {len(rgb)} for label {labels.max()}.")
        return cls(pixels, labels, rgb).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> Self:
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
        self.axes_ = np.ravel(new_axes(4, self.label_map.shape) if axes is None else axes)
        if self.axes_.size != 4:
            raise ValueError(f"axes must be four; got {self.axes_.size} instead.")
        self.figure_ = self.axes_[0].figure
        image, label_map = as_rgb(thinned(self.image)), thinned(self.label_map)
        labels, mask = np.ma.filled(label_map, 0), np.ma.getmaskarray(label_map)
        key = _label_colors(len(self.colors))
        panels = {
            "image": _clear(image, mask),
            f"{len(self.colors)} colors": _clear(self.colors[labels], mask),
            "labels": _clear(key[labels], mask),
            "boundaries": _clear(_outlined(image, np.where(mask, -1, labels)), mask),
        }
        for ax, (title, panel) in zip(self.axes_, panels.items(), strict=True):
            ax.imshow(panel)
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


def _as_labels(label_map: Any, image: Any, mask: NDArray[np.bool_]) -> Any:
    """Labels of the pixels of an image with a mask, masked where they are negative or one of the two is masked."""
    labels, ignored = open_label_map(label_map, like=image)
    if labels.shape != mask.shape:
        raise ValueError(f"label_map must have the image's shape {mask.shape}; got {labels.shape} instead.")
    masked = ignored | mask
    if masked.all():
        raise ValueError("label_map must hold a label that is not masked or negative, in a pixel that is not masked.")
    return np.ma.MaskedArray(labels, mask=masked)


def _mean_colors(image: NDArray[Any], labels: Any) -> NDArray[np.float64]:
    """Mean color of the pixels of each label, sRGB from 0 to 1."""
    totals = np.zeros((int(labels.max()) + 1, image.shape[-1] + 1))
    for rows in row_blocks(labels.shape):
        known = ~np.ma.getmaskarray(labels[rows])
        columns = [*image[rows][known].T, np.ones(np.count_nonzero(known))]
        totals += sums_by_label(np.ma.getdata(labels[rows])[known], columns, len(totals))
    means = totals[:, :-1] / np.maximum(totals[:, -1:], 1) / unit_scale(image.dtype)
    return np.asarray(np.broadcast_to(means, (len(means), 3)))


def _label_colors(n_labels: int) -> NDArray[Any]:
    """A color for each label, from dark to light as the labels are."""
    import matplotlib as mpl  # noqa: PLC0415

    return np.asarray(mpl.colormaps["viridis"](np.linspace(0, 1, n_labels)))[:, :3]


def _clear(image: NDArray[Any], mask: NDArray[np.bool_]) -> NDArray[Any]:
    """An image that is transparent under the mask."""
    return np.concatenate([image, ~mask[..., np.newaxis]], axis=-1)


def _outlined(image: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.float64]:
    """The image with lines one pixel wide between labels: white where it is dark, black where it is light."""
    edges = np.zeros(labels.shape, dtype=bool)
    edges[:-1] |= labels[:-1] != labels[1:]
    edges[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    on_dark = is_dark(uniform_filter(image, (_NEIGHBORHOOD, _NEIGHBORHOOD, 1)))
    return np.where(edges[..., np.newaxis], on_dark[..., np.newaxis].astype(float), image)
