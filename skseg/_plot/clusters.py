"""PaletteDisplay, ColorSpaceDisplay and KSelectionDisplay: clusters in the axes of a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._color import display_colors, display_limits, hex_code
from .._kmeans import weighted_variance
from .._model import Model
from .._nested import inner_segmenter
from ..metrics._selection import count_folds, finite_scores, near_best, searched_clusters, verdict
from .common import is_dark, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_COLORS = 20_000  # of a scatter; the rarest are left out


@dataclass(eq=False, repr=False)
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

    colors: NDArray[Any]
    shares: NDArray[Any]

    @classmethod
    def from_estimator(cls, segmenter: BaseEstimator, *, ax: Axes | None = None) -> Self:
        """Show the palette of a segmenter.

        Parameters
        ----------
        segmenter : KMeansSegmenter, Pipeline or search
            A fitted segmenter, or a Pipeline or search that ends in one. The first three of many channels are shown as
            red, green and blue.

        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : PaletteDisplay
            The display, drawn.
        """
        model: Model = inner_segmenter(segmenter)[0]._model
        return cls(model.rgb, model.sizes).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
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
        self.ax_ = _find_axes(ax, (4.5, 0.4 + 0.3 * n_clusters))
        self.figure_ = self.ax_.figure
        self.ax_.barh(range(n_clusters), self.shares, height=0.9, color=self.colors, edgecolor="gray", linewidth=0.5)
        gap = 0.015 * self.shares.max()
        for label, (color, share) in enumerate(zip(self.colors, self.shares, strict=True)):
            self.ax_.text(share + gap, label, f"{hex_code(color)}  {share:.0%}", va="center", family="monospace")
        self.ax_.set(xlim=(0, 1.5 * self.shares.max()), ylim=(n_clusters - 0.5, -0.5), xticks=[])
        self.ax_.set(yticks=range(n_clusters), ylabel="label")
        self.ax_.spines[["top", "right", "bottom"]].set_visible(False)
        return self


@dataclass(eq=False, repr=False)
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

    coordinates: NDArray[Any]
    colors: NDArray[Any]
    weights: NDArray[Any]
    _: KW_ONLY
    centers: NDArray[Any]
    palette: NDArray[Any]
    names: Sequence[str]

    @classmethod
    def from_estimator(
        cls, segmenter: BaseEstimator, *, channels: Sequence[int] | None = None, ax: Axes | None = None
    ) -> Self:
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
        segmenter, _ = inner_segmenter(segmenter)
        model: Model = segmenter._model
        if segmenter.n_features_in_ != 3:
            raise ValueError(f"segmenter must be fitted to RGB; got {segmenter.n_features_in_} channels instead.")
        often = np.sort(np.argsort(model.census.weights)[-_MAX_COLORS:])
        colors, weights = model.census.colors[often], model.census.weights[often]
        features = model.features(colors)
        if channels is None:
            spread = [weighted_variance(column[:, np.newaxis], weights) for column in features.T]
            channels = sorted(np.argsort(spread)[-2:].tolist())
        if len(channels) != 2 or not set(channels) <= {0, 1, 2}:
            raise ValueError(f"channels must be two of 0, 1 and 2; got {channels} instead.")
        names, factors = segmenter.pipeline_["color"].get_feature_names_out(), model.conversion.weights
        return cls(
            features[:, channels],
            display_colors(colors, display_limits(model.census.colors, model.value_range)),
            weights,
            centers=model.centers[:, channels],
            palette=model.rgb,
            names=[names[each] + (f" × {factors[each]:g}" if factors[each] != 1 else "") for each in channels],
        ).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
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
        self.ax_ = _find_axes(ax, (5.0, 4.6))
        self.figure_ = self.ax_.figure
        sizes = 2 + 60 * np.sqrt(self.weights / self.weights.max())
        self.ax_.scatter(self.coordinates[:, 0], self.coordinates[:, 1], s=sizes, c=self.colors, linewidths=0)
        self.ax_.scatter(self.centers[:, 0], self.centers[:, 1], s=260, c="white", edgecolors="black", linewidths=1)
        self.ax_.scatter(self.centers[:, 0], self.centers[:, 1], s=170, c=self.palette, linewidths=0)
        for label, (center, color) in enumerate(zip(self.centers, self.palette, strict=True)):
            ink = "white" if is_dark(color) else "black"
            self.ax_.annotate(str(label), center, ha="center", va="center", color=ink, fontsize="small")
        paper = "0.3" if is_dark(np.array(self.figure_.get_facecolor()[:3])) else "0.85"  # black and white are visible
        self.ax_.set(xlabel=self.names[0], ylabel=self.names[1], facecolor=paper)
        self.ax_.set_aspect("equal", adjustable="datalim")
        return self


@dataclass(eq=False, repr=False)
class KSelectionDisplay:
    """A criterion against the number of clusters, with its spread over folds, the chosen K and its runners-up.

    Create it with `from_estimator` or `from_cv_results`.

    Parameters
    ----------
    n_clusters : ndarray of shape (n_candidates,)
        Numbers of clusters.

    scores, spreads : ndarray of shape (n_candidates,)
        Mean and standard deviation of the criterion over the folds.

    chosen : int
        Chosen number of clusters.

    elbow : ndarray of shape (n_candidates,) or None, default=None
        Second curve, on its own axis.

    names : tuple of two str, default=("score", "elbow")
        Labels of the vertical axes.

    runners_up : sequence of int, default=()
        Numbers of clusters that score nearly as well as the best: within one standard error over the folds.

    Attributes
    ----------
    ax_ : Axes
        The axes; set by `plot`.

    elbow_ax_ : Axes or None
        The axes of the second curve.

    figure_ : Figure
        The figure of the axes.

    See Also
    --------
    skseg.metrics.parsimony : The criterion that `KMeansSegmenter.score` uses.

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

    n_clusters: NDArray[Any]
    scores: NDArray[Any]
    spreads: NDArray[Any]
    chosen: int
    _: KW_ONLY
    elbow: NDArray[Any] | None = None
    names: tuple[str, str] = ("score", "elbow")
    runners_up: Sequence[int] = ()

    @classmethod
    def from_estimator(
        cls, search: BaseEstimator, *, metric: str = "score", elbow: str | None = None, ax: Axes | None = None
    ) -> Self:
        """Show a fitted search over ``n_clusters``.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or similar
            A fitted search over ``n_clusters`` alone.

        metric : str, default="score"
            Name of the scorer, if the search has several.

        elbow : str or None, default=None
            Name of a second scorer to show, such as `metrics.log_explained`.

        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : KSelectionDisplay
            The display, drawn.
        """
        if not hasattr(search, "cv_results_") and not hasattr(search, "refit"):
            raise TypeError(f"search must be a search such as GridSearchCV; got {type(search).__name__} instead.")
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
        ax: Axes | None = None,
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
            Index of the chosen candidate; by default, the best mean.

        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : KSelectionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If another parameter than ``n_clusters`` was searched, a scorer is unknown, or no candidate has a score.
        """
        n_clusters = searched_clusters(cv_results)
        for scorer in (metric, elbow):
            if scorer is not None and f"mean_test_{scorer}" not in cv_results:
                known = [name.removeprefix("mean_test_") for name in cv_results if name.startswith("mean_test_")]
                raise ValueError(f"metric and elbow must be among {known}; got {scorer!r} instead.")
        index, _, scores = finite_scores(cv_results, metric)
        chosen = n_clusters[index[np.argmax(scores)] if best_index is None else best_index]
        spreads = np.asarray(cv_results[f"std_test_{metric}"])
        near = near_best(scores, spreads[index], count_folds(cv_results, metric))
        order = np.argsort(n_clusters)
        return cls(
            n_clusters[order],
            np.asarray(cv_results[f"mean_test_{metric}"])[order],
            spreads[order],
            int(chosen),
            elbow=None if elbow is None else np.asarray(cv_results[f"mean_test_{elbow}"])[order],
            names=(metric, elbow or "elbow"),
            runners_up=sorted(set(n_clusters[index[near]].tolist()) - {int(chosen)}),
        ).plot(ax=ax)

    def plot(self, *, ax: Axes | None = None) -> Self:
        """Draw the curve.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : KSelectionDisplay
            The display itself.
        """
        self.ax_ = _find_axes(ax, (5.5, 3.6))
        self.figure_, self.elbow_ax_ = self.ax_.figure, None
        low, high = self.scores - self.spreads, self.scores + self.spreads
        self.ax_.fill_between(self.n_clusters, low, high, color="C0", alpha=0.2, linewidth=0)
        self.ax_.plot(self.n_clusters, self.scores, color="C0", marker="o")
        is_near = np.isin(self.n_clusters, self.runners_up)
        self.ax_.plot(self.n_clusters[is_near], self.scores[is_near], "o", color="C0", markerfacecolor="white")
        self.ax_.axvline(self.chosen, color="gray", linestyle=":")
        title = verdict(self.chosen, self.runners_up)
        self.ax_.set(xlabel="number of clusters, K", ylabel=self.names[0], title=title)
        self.ax_.locator_params(axis="x", integer=True)
        if self.elbow is not None:
            self.elbow_ax_ = self.ax_.twinx()
            self.elbow_ax_.plot(self.n_clusters, self.elbow, color="C1", marker="s", linestyle="--")
            self.elbow_ax_.set_ylabel(self.names[1], color="C1")
            self.ax_.yaxis.label.set_color("C0")
        return self


def _find_axes(ax: Axes | None, size: tuple[float, float]) -> Axes:
    """The given axes, or those of a new figure."""
    found: Axes = pyplot().subplots(figsize=size, layout="constrained")[1] if ax is None else ax
    return found
