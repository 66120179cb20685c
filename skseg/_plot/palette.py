"""PaletteDisplay: the colors of the clusters, in proportion to their shares."""

from __future__ import annotations

from typing import Any, Self

from numpy.typing import NDArray

from .._color import hex_code
from .._nested import inner_segmenter
from .axes import cluster_colors, new_axis


class PaletteDisplay:
    """Cluster colors in proportion to their shares, with hex codes.

    Create it with `from_estimator`.

    Parameters
    ----------
    colors : ndarray of shape (n_clusters, 3)
        Colors, sRGB from 0 to 1.

    shares : ndarray of shape (n_clusters,)
        Share of each cluster.

    Attributes
    ----------
    ax_ : Axes
        The axes; set by `plot`.

    figure_ : Figure
        The figure of the axes.

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

    def __init__(self, colors: NDArray[Any], shares: NDArray[Any]) -> None:
        self.colors = colors
        self.shares = shares

    @classmethod
    def from_estimator(cls, segmenter: Any, *, ax: Any = None) -> Self:
        """Show the palette of a segmenter.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A segmenter fitted to gray or RGB images, or a Pipeline or search that ends in one.

        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : PaletteDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the segmenter was not fitted to gray or RGB.
        """
        model, _ = inner_segmenter(segmenter)
        return cls(cluster_colors(model), model.cluster_sizes_).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw a bar for each cluster.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : PaletteDisplay
            The display itself.
        """
        n_clusters = len(self.colors)
        self.ax_ = new_axis((4.5, 0.4 + 0.3 * n_clusters)) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.ax_.barh(range(n_clusters), self.shares, height=0.9, color=self.colors, edgecolor="gray", linewidth=0.5)
        gap = 0.015 * self.shares.max()
        for label, (color, share) in enumerate(zip(self.colors, self.shares, strict=True)):
            self.ax_.text(share + gap, label, f"{hex_code(color)}  {share:.0%}", va="center", family="monospace")
        self.ax_.set(xlim=(0, 1.5 * self.shares.max()), ylim=(n_clusters - 0.5, -0.5), xticks=[])
        self.ax_.set(yticks=range(n_clusters), ylabel="label")
        self.ax_.spines[["top", "right", "bottom"]].set_visible(False)
        return self
