"""ColorSpaceDisplay: colors and cluster centers in the color space of the clustering."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .._kmeans import weighted_variance
from .._nested import inner_segmenter
from .axes import as_rgb, cluster_colors, contrast_color, new_axis, paper

_MAX_COLORS = 20_000  # of a scatter; the rarest are left out


class ColorSpaceDisplay:
    """Colors of an image and cluster centers, in the color space of the clustering.

    Create it with `from_estimator`.

    Parameters
    ----------
    coordinates : ndarray of shape (n_colors, 2)
        Two coordinates of each color.

    colors : ndarray of shape (n_colors, 3)
        The same colors, sRGB from 0 to 1.

    weights : ndarray of shape (n_colors,)
        Weight of each color.

    centers : ndarray of shape (n_clusters, 2)
        Two coordinates of each center.

    palette : ndarray of shape (n_clusters, 3)
        Color of each cluster.

    names : sequence of two str
        Names of the coordinates, with their weights unless 1.

    Attributes
    ----------
    ax_ : Axes
        The axes; set by `plot`.

    figure_ : Figure
        The figure of the axes.

    See Also
    --------
    ColorConverter : Converts colors to this space.

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
    def from_estimator(cls, segmenter: Any, *, channels: tuple[int, ...] | None = None, ax: Any = None) -> Self:
        """Show the colors of a fitted segmenter.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A segmenter fitted to RGB images, or a Pipeline or search that ends in one.

        channels : tuple of two int, default=None
            Coordinates of the color space to show; by default, the two with the largest variance.

        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : ColorSpaceDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the segmenter was not fitted to RGB, or `channels` are not two of 0, 1 and 2.
        """
        model, _ = inner_segmenter(segmenter)
        if model.n_features_in_ != 3:
            raise ValueError(f"segmenter must be fitted to RGB; got {model.n_features_in_} channels instead.")
        fitted, census = model._model, model._model.census
        often = np.sort(np.argsort(census.weights)[-_MAX_COLORS:])
        features = fitted.features(census.colors[often])
        if channels is None:
            spread = [weighted_variance(column[:, np.newaxis], census.weights[often]) for column in features.T]
            first, second = sorted(np.argsort(spread)[-2:])
            channels = (int(first), int(second))
        if len(channels) != 2 or not set(channels) <= {0, 1, 2}:
            raise ValueError(f"channels must be two of 0, 1 and 2; got {channels} instead.")
        return cls(
            features[:, channels],
            as_rgb(census.colors[often][np.newaxis])[0],
            census.weights[often],
            centers=fitted.centers[:, channels],
            palette=cluster_colors(model),
            names=_weighted_names(model.pipeline_["color"], channels),
        ).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> Self:
        """Draw the colors and the centers.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : ColorSpaceDisplay
            The display itself.
        """
        self.ax_ = new_axis((5.0, 4.6)) if ax is None else ax
        self.figure_ = self.ax_.figure
        sizes = 2 + 60 * np.sqrt(self.weights / self.weights.max())
        self.ax_.scatter(*self.coordinates.T, s=sizes, c=self.colors, linewidths=0)
        self.ax_.scatter(*self.centers.T, s=260, c="white", edgecolors="black", linewidths=1)
        self.ax_.scatter(*self.centers.T, s=170, c=self.palette, linewidths=0)
        for label, (center, color) in enumerate(zip(self.centers, self.palette, strict=True)):
            self.ax_.annotate(
                str(label), center, ha="center", va="center", color=contrast_color(color), fontsize="small"
            )
        self.ax_.set(xlabel=self.names[0], ylabel=self.names[1], facecolor=paper(self.figure_))
        self.ax_.set_aspect("equal", adjustable="datalim")
        return self


def _weighted_names(color: Any, channels: tuple[int, int]) -> list[str]:
    """The names of the chosen channels of a color step, with their weights where these are not 1."""
    names, weights = color.get_feature_names_out(), color._conversion(color.n_features_in_).weights
    return [names[each] if weights[each] == 1 else f"{names[each]} × {weights[each]:g}" for each in channels]
