"""Agreement of label maps with true label maps, by one or several annotators."""

from collections.abc import Callable, Iterable
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from sklearn.utils.validation import check_consistent_length

from .._census.blocks import row_blocks
from .._errors import NoPixelsError, warn
from .._images import is_list_of_arrays, open_map, open_maps, pixel_weights
from .._limits import LIMITS

Floats = NDArray[np.float64]

_LIGHTEST = 1e-60  # share of the heaviest weight that counts as a pixel; the fourth power of its inverse is finite


def adjusted_rand(labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Adjusted Rand index of two segmentations.

    Equal to `sklearn.metrics.adjusted_rand_score` with every pixel repeated by its weight.

    Parameters
    ----------
    labels_true : array-like of int, or list of them
        True label map, or several by different annotators (an array with one more axis in front, or a list of maps),
        whose scores are averaged. For a list of images, a list with one of these per image.

    labels_pred : array-like of int, or list of arrays
        Label map, or a list of label maps, whose scores are averaged. The numbering of labels does not matter.

    sample_weight : array-like of the shape of one label map, or a list of them for a list of images, default=None
        Number of repetitions of each pixel. Weights below 1, such as shares, are scaled so that the smallest is 1.

    Returns
    -------
    score : float
        1 for equal partitions, about 0 for random ones, at least −0.5.

    Raises
    ------
    ValueError
        If the label maps differ in shape, a label is NaN or infinite, a weight is negative or infinite, or all
        pixels are masked or have weight 0.

    Notes
    -----
    Pixels that are masked in either label map, or nodata in a `DataArray`, are ignored. A label map may be flattened.

    References
    ----------
    .. [1] L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    >>> from skseg.metrics import adjusted_rand
    >>> adjusted_rand([0, 0, 1, 1], [5, 5, 3, 3])
    1.0
    """
    return _mean_over(_adjusted_rand, labels_true, labels_pred, sample_weight)


def probabilistic_rand(labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Probabilistic Rand index: share of pixel pairs on which two segmentations agree, averaged over annotators.

    Parameters
    ----------
    labels_true : array-like of int, or list of them
        True label map, or several by different annotators (an array with one more axis in front, or a list of maps),
        whose scores are averaged. For a list of images, a list with one of these per image.

    labels_pred : array-like of int, or list of arrays
        Label map, or a list of label maps, whose scores are averaged. The numbering of labels does not matter.

    sample_weight : array-like of the shape of one label map, or a list of them for a list of images, default=None
        Number of repetitions of each pixel. Weights below 1, such as shares, are scaled so that the smallest is 1.

    Returns
    -------
    score : float
        From 0 to 1; 1 for equal partitions.

    Raises
    ------
    ValueError
        If the label maps differ in shape, a label is NaN or infinite, a weight is negative or infinite, or all
        pixels are masked or have weight 0.

    Notes
    -----
    Pixels that are masked in either label map, or nodata in a `DataArray`, are ignored. A label map may be flattened.

    References
    ----------
    .. [1] R. Unnikrishnan, C. Pantofaru and M. Hebert, "Toward objective evaluation of image segmentation algorithms",
       IEEE Transactions on Pattern Analysis and Machine Intelligence 29(6), 2007.

    Examples
    --------
    >>> from skseg.metrics import probabilistic_rand
    >>> round(probabilistic_rand([[0, 0, 1, 1], [0, 0, 0, 0]], [0, 0, 1, 1]), 3)  # two annotators
    0.667
    """
    return _mean_over(_rand, labels_true, labels_pred, sample_weight)


def variation_of_information(
    labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None = None
) -> float:
    """Variation of information of two segmentations, in bits; lower is better.

    The information in one segmentation that is missing in the other, summed over both directions.

    Parameters
    ----------
    labels_true : array-like of int, or list of them
        True label map, or several by different annotators (an array with one more axis in front, or a list of maps),
        whose scores are averaged. For a list of images, a list with one of these per image.

    labels_pred : array-like of int, or list of arrays
        Label map, or a list of label maps, whose scores are averaged. The numbering of labels does not matter.

    sample_weight : array-like of the shape of one label map, or a list of them for a list of images, default=None
        Weight of each pixel; only the ratios of weights matter.

    Returns
    -------
    distance : float
        0 for equal partitions, in bits.

    Raises
    ------
    ValueError
        If the label maps differ in shape, a label is NaN or infinite, a weight is negative or infinite, or all
        pixels are masked or have weight 0.

    Notes
    -----
    Pixels that are masked in either label map, or nodata in a `DataArray`, are ignored. A label map may be flattened.

    References
    ----------
    .. [1] M. Meilă, "Comparing clusterings: an information based distance", Journal of Multivariate Analysis 98, 2007.

    Examples
    --------
    >>> from skseg.metrics import variation_of_information
    >>> variation_of_information([0, 0, 1, 1], [0, 1, 0, 1])
    2.0
    """
    return _mean_over(_variation_of_information, labels_true, labels_pred, sample_weight)


def covering(labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
    """Segmentation covering: best overlap of each true region with a predicted region, weighted by size.

    The overlap of two regions is their intersection over their union.

    Parameters
    ----------
    labels_true : array-like of int, or list of them
        True label map, or several by different annotators (an array with one more axis in front, or a list of maps),
        whose scores are averaged. For a list of images, a list with one of these per image.

    labels_pred : array-like of int, or list of arrays
        Label map, or a list of label maps, whose scores are averaged. The numbering of labels does not matter.

    sample_weight : array-like of the shape of one label map, or a list of them for a list of images, default=None
        Weight of each pixel; only the ratios of weights matter.

    Returns
    -------
    score : float
        From 0 to 1; 1 for equal partitions.

    Raises
    ------
    ValueError
        If the label maps differ in shape, a label is NaN or infinite, a weight is negative or infinite, or all
        pixels are masked or have weight 0.

    Notes
    -----
    Pixels that are masked in either label map, or nodata in a `DataArray`, are ignored. A label map may be flattened.

    References
    ----------
    .. [1] P. Arbeláez, M. Maire, C. Fowlkes and J. Malik, "Contour detection and hierarchical image segmentation", IEEE
       Transactions on Pattern Analysis and Machine Intelligence 33(5), 2011.

    Examples
    --------
    >>> from skseg.metrics import covering
    >>> covering([0, 0, 1, 1], [0, 0, 0, 1])
    0.5833333333333333
    """
    return _mean_over(_covering, labels_true, labels_pred, sample_weight)


class Contingency(NamedTuple):
    """Contingency table of two labelings, without its zeros.

    Attributes
    ----------
    rows, columns : true and predicted class of each pair of classes that has pixels, (n_pairs,)
    sizes : weight of the pixels in each of these pairs, (n_pairs,)
    row_sizes, column_sizes : weight of the pixels in each class
    """

    rows: NDArray[np.integer[Any]]
    columns: NDArray[np.integer[Any]]
    sizes: Floats
    row_sizes: NDArray[Any]
    column_sizes: NDArray[Any]


def _mean_over(
    measure: Callable[[Contingency], float], labels_true: Any, labels_pred: Any, sample_weight: Any = None
) -> float:
    """Mean of a measure over images, and over the annotators of each."""
    if is_list_of_arrays(labels_pred):
        weights = [None] * len(labels_pred) if sample_weight is None else sample_weight
        check_consistent_length(labels_true, labels_pred, weights)
        images = zip(labels_true, labels_pred, weights, strict=True)
        return float(np.mean([_mean_over(measure, *image) for image in images]))
    predicted = open_map(labels_pred, "labels_pred", labels_pred)
    maps = _annotations(open_maps(labels_true, "labels_true", labels_pred), predicted.shape)
    weights = None if sample_weight is None else open_map(sample_weight, "sample_weight", labels_pred)
    return float(np.mean([measure(contingency(truth, predicted, weights)) for truth in maps]))


def _annotations(truth: NDArray[Any] | list[NDArray[Any]], shape: tuple[int, ...]) -> list[NDArray[Any]]:
    """The true label maps of one image, by one or several annotators; they, or the predicted one, may be flattened."""
    n_pixels = prod(shape)
    if isinstance(truth, np.ndarray):
        has_more = truth.ndim > len(shape) or prod(truth.shape[1:]) == n_pixels
        is_stack = truth.shape[1:] == shape or (has_more and truth.size != n_pixels)
        truth = list(truth) if truth.ndim and is_stack else [truth]

    def fits(one: NDArray[Any]) -> bool:
        return one.shape == shape or (one.size == n_pixels and 1 in (one.ndim, len(shape)))

    others = {each.shape for each in truth if not fits(each)}
    if others or not truth:
        raise ValueError(
            f"labels_true must have the shape of labels_pred, {shape}, or one more axis in front for annotators; "
            f"got label maps of {' and '.join(map(str, sorted(others))) or 'no annotator'} instead."
        )
    return truth


def score_or_none(measure: Callable[..., float], *maps: ArrayLike | None) -> float | None:
    """A measure of one image, or None if it has no pixels to compare."""
    try:
        return measure(*maps)
    except NoPixelsError:
        return None


def mean_score(scores: Iterable[float | None]) -> float:
    """Mean over the images that have a score; 0 with a warning if none has, so that such a fold spoils no search."""
    known = [score for score in scores if score is not None]
    if not known:
        warn("X has no pixels to compare: all are masked, in X or y, or have weight 0. The score is 0.", RuntimeWarning)
    return float(np.mean(known or [0.0]))


def contingency(labels_true: ArrayLike, labels_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> Contingency:
    """The contingency table of two label maps of one shape, on pixels that are masked in neither and have a weight."""
    truth, predicted = np.ma.ravel(labels_true), np.ma.ravel(labels_pred)
    known = ~(np.ma.getmaskarray(truth) | np.ma.getmaskarray(predicted))
    weights = np.broadcast_to(1.0, int(np.count_nonzero(known)))
    if sample_weight is not None:
        weights = pixel_weights(np.ma.ravel(sample_weight), truth.shape, ~known)
        known[known] = weights > 0
        weights = weights[weights > 0]
        weights /= max(weights.min(initial=1.0), weights.max(initial=0.0) * _LIGHTEST)
    if not known.any():
        raise NoPixelsError("No pixels to compare: all are masked or have weight 0, or the label maps are empty.")
    rows, columns = (consecutive(labels.data if known.all() else labels.data[known]) for labels in (truth, predicted))
    shape = int(rows.max()) + 1, int(columns.max()) + 1
    if prod(shape) <= LIMITS.crossed_labels:
        sums = np.zeros(prod(shape))
        for block in row_blocks(rows.shape):
            np.add.at(sums, rows[block] * shape[1] + columns[block], weights[block])
        table = coo_array(sums.reshape(shape))
    else:
        table = coo_array((weights, (rows, columns)), shape=shape).tocsr().tocoo()
    true_sizes, predicted_sizes = (np.bincount(classes, table.data) for classes in (table.row, table.col))
    return Contingency(table.row, table.col, table.data, true_sizes, predicted_sizes)


def consecutive(labels: NDArray[Any]) -> NDArray[np.int32]:
    """Classes numbered from 0, without gaps."""
    if labels.dtype.kind not in "biufSU":
        raise ValueError(f"Labels must be numbers or strings; got {labels.dtype} instead.")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError("Labels must not be NaN or infinite; mask pixels without a label: np.ma.masked_invalid.")
    numbers, blocks = np.empty(labels.shape, dtype=np.int32), [*row_blocks(labels.shape)]
    is_integer = labels.dtype.kind in "iu" and labels.size > 0
    low, high = (int(labels.min()), int(labels.max())) if is_integer else (0, LIMITS.crossed_labels)
    if high - low < LIMITS.crossed_labels and high <= np.iinfo(np.int64).max:  # a table of the range spares sorting
        occurs = np.zeros(high - low + 1, dtype=bool)
        for block in blocks:
            occurs[labels[block].astype(np.int64) - low] = True
        places = np.cumsum(occurs) - 1
        for block in blocks:
            numbers[block] = places[labels[block].astype(np.int64) - low]
    else:
        values = np.unique(labels)
        for block in blocks:
            numbers[block] = np.searchsorted(values, labels[block])
    return numbers


def _adjusted_rand(table: Contingency) -> float:
    together, all_pairs = _pairs(table.sizes), _pairs(table.sizes.sum(keepdims=True))
    true_pairs, predicted_pairs = _pairs(table.row_sizes), _pairs(table.column_sizes)
    expected = true_pairs * predicted_pairs / all_pairs if all_pairs > 0 else 0.0
    most = (true_pairs + predicted_pairs) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _rand(table: Contingency) -> float:
    all_pairs = _pairs(table.sizes.sum(keepdims=True))
    disputed = _pairs(table.row_sizes) + _pairs(table.column_sizes) - 2 * _pairs(table.sizes)
    return 1 - disputed / all_pairs if all_pairs > 0 else 1.0


def _variation_of_information(table: Contingency) -> float:
    shares = table.sizes / table.sizes.sum()
    surprise = np.log2(table.row_sizes[table.rows] / table.sizes)
    surprise += np.log2(table.column_sizes[table.columns] / table.sizes)
    return float(shares @ surprise)


def _covering(table: Contingency) -> float:
    unions = table.row_sizes[table.rows] + table.column_sizes[table.columns] - table.sizes
    best = np.zeros(len(table.row_sizes))
    np.maximum.at(best, table.rows, table.sizes / unions)
    return float(table.row_sizes @ best / table.row_sizes.sum())


def _pairs(sizes: Floats) -> float:
    """Number of ordered pairs within classes of these sizes."""
    return float((sizes * (sizes - 1)).sum())
