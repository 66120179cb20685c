"""Rules that choose the number of clusters from a search, for `refit=`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def knee(cv_results: dict[str, Any]) -> int:
    """Index of the knee of a score that grows with the number of clusters, for ``refit=`` of a search.

    The knee is the point where the curve is highest above the straight line from its first to its last point [1]_. It
    depends on the searched range of K.

    Parameters
    ----------
    cv_results : dict
        ``cv_results_`` of a search over ``n_clusters`` alone, with one scorer, such as `log_explained`.

    Returns
    -------
    best_index : int
        Index of the chosen candidate.

    Raises
    ------
    ValueError
        If another parameter than ``n_clusters`` is searched, or fewer than two numbers of clusters have a score.

    References
    ----------
    .. [1] V. Satopää, J. Albrecht, D. Irwin and B. Raghavan, "Finding a 'kneedle' in a haystack", International
       Conference on Distributed Computing Systems Workshops, 2011.

    Examples
    --------
    >>> from skimage.data import coffee
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skseg import KMeansSegmenter, metrics
    >>> segmenter = KMeansSegmenter(random_state=0)
    >>> grid = {"n_clusters": range(2, 10)}
    >>> search = GridSearchCV(segmenter, grid, scoring=metrics.log_explained, refit=metrics.knee)
    >>> search.fit(coffee()[::4, ::4]).best_params_
    {'n_clusters': 4}
    """
    index, n_clusters, scores = finite_scores(cv_results)
    order = np.argsort(n_clusters)
    k, curve = n_clusters[order], scores[order]
    if k[0] == k[-1]:
        raise ValueError("A knee needs scores of more than one number of clusters.")
    chord = curve[0] + (curve[-1] - curve[0]) * (k - k[0]) / (k[-1] - k[0])
    return int(index[order[np.argmax(curve - chord)]])


def one_standard_error(cv_results: dict[str, Any]) -> int:
    """Index of the fewest clusters whose score is within one standard error of the best, for ``refit=`` of a search.

    Parameters
    ----------
    cv_results : dict
        ``cv_results_`` of a search over ``n_clusters`` alone, with one scorer.

    Returns
    -------
    best_index : int
        Index of the chosen candidate.

    Raises
    ------
    ValueError
        If another parameter than ``n_clusters`` is searched, or no candidate has a score.

    References
    ----------
    .. [1] L. Breiman, J. H. Friedman, R. A. Olshen and C. J. Stone, "Classification and regression trees", 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from skseg.metrics import one_standard_error
    >>> one_standard_error({
    ...     "params": [{"n_clusters": 2}, {"n_clusters": 3}, {"n_clusters": 4}],
    ...     "mean_test_score": np.array([1.0, 2.9, 3.0]),
    ...     "std_test_score": np.array([0.1, 0.5, 0.5]),
    ...     "split0_test_score": ..., "split1_test_score": ...,
    ... })
    1
    """
    index, n_clusters, scores = finite_scores(cv_results)
    near = near_best(scores, np.asarray(cv_results["std_test_score"])[index], count_folds(cv_results))
    return int(index[near][np.argmin(n_clusters[near])])


def near_best(scores: Floats, spreads: Floats, n_folds: int) -> NDArray[np.bool_]:
    """Which means over folds are within one standard error of the best one; `spreads` are standard deviations."""
    best = np.argmax(scores)
    return np.asarray(scores >= scores[best] - spreads[best] / np.sqrt(n_folds))


def verdict(chosen: int, runners_up: Sequence[int]) -> str:
    """The chosen number of clusters, and others that score nearly as well, in a few words."""
    if not runners_up:
        return f"K = {chosen}"
    *others, last = map(str, runners_up)
    listed = f"{', '.join(others)} and {last} score" if others else f"{last} scores"
    return f"K = {chosen}; {listed} nearly as well"


def count_folds(cv_results: dict[str, Any], scorer: str = "score") -> int:
    """Number of folds of a search."""
    return sum(name.startswith("split") and name.endswith(f"_test_{scorer}") for name in cv_results)


def searched_clusters(cv_results: dict[str, Any]) -> NDArray[Any]:
    """Number of clusters of each candidate of a search over `n_clusters` alone."""
    names = {name for params in cv_results["params"] for name in params}
    if [name.endswith("n_clusters") for name in names] != [True]:
        raise ValueError(f"cv_results must be of a search over n_clusters alone; got {sorted(names)} instead.")
    return np.array([value for params in cv_results["params"] for value in params.values()])


def finite_scores(cv_results: dict[str, Any], scorer: str = "score") -> tuple[NDArray[np.intp], NDArray[Any], Floats]:
    """Index, number of clusters and mean score of each candidate that did not fail."""
    n_clusters, scores = searched_clusters(cv_results), np.asarray(cv_results[f"mean_test_{scorer}"])
    index = np.flatnonzero(np.isfinite(scores))
    if not len(index):
        raise ValueError("No candidate of the search has a finite score; error_score='raise' shows why.")
    return index, n_clusters[index], scores[index]
