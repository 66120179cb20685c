"""choose_colors: the colors of a chart, such as threads or paints, that reproduce images best."""

from itertools import combinations
from math import comb
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.utils import check_array, check_scalar

from ._images import ImageLike
from ._kmeans import group
from ._limits import LIMITS
from ._model import Model
from ._segmenter import KMeansSegmenter

Floats = NDArray[np.float64]


def choose_colors(
    X: ImageLike, chart: ArrayLike, n_clusters: int, *, color_space: str | None = "auto", n_jobs: int | None = None
) -> NDArray[np.intp]:
    """Choose the colors of a chart that reproduce images best.

    The mean squared distance of the pixels to the nearest chosen color, in the color space, becomes small. k-means
    gives the first choice, the nearest distinct colors of the chart to its centers. Then colors are exchanged, the
    best exchange first, until none makes the distance smaller. Where the possible choices are few, all are tried.

    Parameters
    ----------
    X : array-like of shape (n_pixels, n_channels), image of shape (..., n_channels), or list of images
        Colors.

    chart : array-like of shape (n_colors, n_channels)
        Colors to choose from, in the units of X.

    n_clusters : int
        Number of colors, at most those of the chart.

    color_space : str or None, default="auto"
        Color space of the distances, as in `KMeansSegmenter`.

    n_jobs : int or None, default=None
        Number of images of a list to process in parallel.

    Returns
    -------
    chosen : ndarray of int, shape (n_clusters,)
        Indices of the colors in the chart, ascending; fewer if X has fewer colors.

    Raises
    ------
    ValueError
        If the chart has fewer than `n_clusters` colors or other channels than X, or exceeds the range of the color
        space; or if X is not valid for `KMeansSegmenter`.

    See Also
    --------
    KMeansSegmenter : Paints images in given colors, with these as `init`.

    Notes
    -----
    Images of more than 4,096 colors are represented by the means of some thousand groups of near colors.

    Examples
    --------
    >>> import numpy as np
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, choose_colors
    >>> levels = [0, 64, 128, 192, 255]
    >>> chart = np.array([[r, g, b] for r in levels for g in levels for b in levels], dtype=np.uint8)
    >>> chosen = chart[choose_colors(coffee(), chart, 6, color_space="oklab")]
    >>> painted = KMeansSegmenter(6, init=chosen, color_space="oklab").fit(chosen).transform(coffee())
    """
    check_scalar(n_clusters, "n_clusters", Integral, min_val=1)
    colors = check_array(chart, dtype=None, input_name="chart")
    check_chart(len(colors), n_clusters)
    segmenter = KMeansSegmenter(n_clusters, color_space=color_space, random_state=0, n_jobs=n_jobs).fit(X)
    return choose(segmenter._model, colors)


def check_chart(n_colors: int, n_clusters: int) -> None:
    """Refuse a chart that is too small."""
    if n_colors < n_clusters:
        raise ValueError(f"chart must hold at least n_clusters={n_clusters} colors; got {n_colors} instead.")


def choose(model: Model, chart: NDArray[np.generic]) -> NDArray[np.intp]:
    """The colors of a chart, in the units of a model, that reproduce the colors of the model best."""
    n_channels = model.census.colors.shape[1]
    if chart.shape[1] != n_channels:
        raise ValueError(f"chart must have the channels of X, {n_channels}; got {chart.shape[1]} instead.")
    model.conversion.check_range(model.value_range.to_unit(chart, model.dtype), name="chart")
    candidates = model.conversion.convert(chart, model.dtype)
    features, weights = model.conversion.convert(model.census.colors), model.census.weights
    if len(features) > LIMITS.chart_colors:
        features, weights, _ = group(features, weights, LIMITS.chart_colors // 4)  # there may be four times as many
    costs = cdist(features, candidates, "sqeuclidean") * (weights / weights.sum())[:, np.newaxis]
    n_chosen = len(model.centers)
    if comb(len(candidates), n_chosen) <= LIMITS.chart_choices:
        choices = map(list, combinations(range(len(candidates)), n_chosen))
        return np.array(min(choices, key=lambda choice: costs[:, choice].min(axis=1).sum()), dtype=np.intp)
    nearness = cdist(model.centers, candidates, "sqeuclidean") * model.sizes[:, np.newaxis]
    return np.sort(_exchanged(costs, linear_sum_assignment(nearness)[1]))


def _exchanged(costs: Floats, chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """A choice that no exchange of one color makes better; costs of (n_colors, n_candidates)."""
    rows = np.arange(len(costs))
    while True:
        ranked = np.argsort(costs[:, chosen], axis=1)[:, :2]
        owner, nearest = ranked[:, 0], costs[rows, chosen[ranked[:, 0]]]
        second = costs[rows, chosen[ranked[:, 1]]] if len(chosen) > 1 else np.full(len(costs), np.inf)
        with_it, instead = np.minimum(costs, nearest[:, np.newaxis]), np.minimum(costs, second[:, np.newaxis])
        losses = np.zeros((len(chosen), costs.shape[1]))
        np.add.at(losses, owner, instead - with_it)
        totals = with_it.sum(axis=0) + losses  # if a candidate takes the place of a chosen color
        place, candidate = np.unravel_index(totals.argmin(), totals.shape)
        if totals[place, candidate] >= nearest.sum() * (1 - 1e-12):
            return chosen
        chosen = chosen.copy()
        chosen[place] = candidate
