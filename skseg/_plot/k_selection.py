"""KSelectionDisplay: a criterion against the number of clusters."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from ..metrics._selection import finite_candidates, searched_clusters
from .axes import new_axis


class KSelectionDisplay:
    """A criterion against the number of clusters, with its spread over folds and the chosen K.

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
        means = np.asarray(cv_results[f"mean_test_{metric}"])
        usable = finite_candidates(means)
        chosen = n_clusters[usable[np.argmax(means[usable])] if best_index is None else best_index]
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
            Axes to draw on; a new figure by default.

        Returns
        -------
        display : KSelectionDisplay
            The display itself.
        """
        self.ax_ = new_axis((5.5, 3.6)) if ax is None else ax
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
