"""From regions that people have drawn to the weights of the cost of a merger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from ..metrics._agreement import consecutive
from .cost import TERMS, Cost
from .describe import Described
from .graph import Floats, Graph, contract
from .tree import cut

_ROUNDS = 2  # on the mergers by the weights of the round before
_MOST = 120  # regions, of the finest level of the hierarchy that is learned from: finer ones matter little to people
_LEVELS = 36  # each has 1.15 times more regions than the next
_C = 1e4  # hardly any regularization: the terms are few and the pairs many

Weights = Mapping[str, float]


class Lesson(NamedTuple):
    """An image, and how people have divided it.

    Attributes
    ----------
    described : the smallest regions of the image
    tables : for each annotator, how many pixels of each of them are in each true region, (n_regions, n_true_regions)
    """

    described: Described
    tables: list[csr_array]


class Examples(NamedTuple):
    """Pairs of neighbors from all levels of a hierarchy.

    Attributes
    ----------
    terms : of the cost of their union, (n_pairs, n_terms)
    separate : probability that one pixel of each are in two true regions, (n_pairs,)
    importance : grows with the size of the smaller region, (n_pairs,)
    """

    terms: Floats
    separate: Floats
    importance: Floats


def make_lesson(described: Described, truth: Any) -> Lesson:
    """What there is to learn from an image whose true label map, or several by different annotators, are given."""
    shape = described.regions.shape
    maps = list(truth) if isinstance(truth, list) or truth.ndim == 3 else [truth]
    wrong = [each.shape for each in maps if each.shape != shape]
    if wrong or not maps:
        raise ValueError(
            f"y must hold a label map of the shape of X's pixels, {shape}, for each image, or a list of them by "
            f"several people; got {wrong[0] if wrong else 'none'} instead."
        )
    return Lesson(described, [_count(described, each) for each in maps])


def learn(lessons: list[Lesson], start: Weights) -> dict[str, float]:
    """The weights that predict best which neighbors people separate.

    `start` are the weights by which regions are merged at first.
    """
    weights = dict(start)
    for _ in range(_ROUNDS):
        weights = fit_weights([examples(lesson, weights) for lesson in lessons])
    return weights


def fit_weights(parts: list[Examples]) -> dict[str, float]:
    """Logistic regression on examples; each counts as separate and as not, as far as it is."""
    terms, separate, importance = (np.concatenate(column) for column in zip(*parts, strict=True))
    both = np.concatenate([importance * separate, importance * (1 - separate)])
    is_separate = np.arange(len(both)) < len(terms)
    counts = both > 0
    if len(np.unique(is_separate[counts])) < 2:
        raise ValueError(
            "y must have regions that are neighbors, and at least one of them must contain several parts of X. "
            "A smaller min_size gives more parts."
        )
    repeated = terms[np.tile(np.arange(len(terms)), 2)[counts]]
    scaler = StandardScaler().fit(repeated)
    regression = LogisticRegression(C=_C)  # not in a Pipeline, which refuses weights if metadata routing is enabled
    regression.fit(scaler.transform(repeated), is_separate[counts], sample_weight=both[counts] / both[counts].mean())
    weights = regression.coef_[0] / scaler.scale_
    return {
        **dict(zip(TERMS, weights.tolist(), strict=True)),
        "intercept": float(regression.intercept_[0] - scaler.mean_ @ weights),
    }


def examples(lesson: Lesson, weights: Weights) -> Examples:
    """The pairs of neighbors at some levels of the hierarchy of an image."""
    level, tables = lesson.described.start, lesson.tables
    cost, tree = Cost.of(weights, level.sizes.sum(), lesson.described.n_labels), lesson.described.tree(weights)
    nothing = Examples(np.zeros((0, len(TERMS))), np.zeros(0), np.zeros(0))  # all of an image without neighbors
    before, parts = np.arange(tree.n_regions), [nothing]
    for n_mergers in _levels(len(tree.children)):
        now = cut(tree, n_mergers)
        groups = np.empty(len(level.sizes), dtype=np.int64)
        groups[before] = now
        level, tables, before = contract(level, groups), [_join_rows(table, groups) for table in tables], now
        parts.append(_compare(level, cost, tables))
    return Examples(*map(np.concatenate, zip(*parts, strict=True)))


def _compare(level: Graph, cost: Cost, tables: list[csr_array]) -> Examples:
    """The pairs of neighbors at one level."""
    one, other = level.pairs.T
    means = level.sums / level.sizes[:, np.newaxis]
    terms = cost.terms(level.sizes[one], means[one], level.sizes[other], means[other], level.borders)
    separate, n_annotators = np.zeros(len(one)), np.zeros(len(one))
    for table in tables:
        totals = table.sum(axis=1)
        possible = totals[one] * totals[other]
        same = (table[one] * table[other]).sum(axis=1)
        separate += np.where(possible > 0, 1 - same / np.maximum(possible, 1), 0)
        n_annotators += possible > 0
    importance = np.sqrt(np.minimum(level.sizes[one], level.sizes[other]) / cost.n_pixels) * (n_annotators > 0)
    return Examples(terms, separate / np.maximum(n_annotators, 1), importance)


def _join_rows(table: csr_array, groups: NDArray[Any]) -> csr_array:
    """The sum of the rows of each group."""
    members = csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))))
    return members @ table


def _levels(n_mergers: int) -> list[int]:
    """Numbers of mergers after which `_MOST` regions are left, fewer, and so on geometrically, down to two."""
    left = np.unique(np.rint(np.geomspace(1, _MOST, _LEVELS)).astype(int))
    return (n_mergers - left[left <= n_mergers][::-1]).tolist()  # type: ignore[no-any-return]


def _count(described: Described, truth: Any) -> csr_array:
    """How many pixels of each region are in each true region; masked ones do not count."""
    counts = (described.regions >= 0) & ~np.ma.getmaskarray(truth)
    numbers = consecutive(np.ma.getdata(truth)[counts])
    shape = (len(described.start.sizes), int(numbers.max(initial=0)) + 1)
    return csr_array((np.ones(len(numbers)), (described.regions[counts], numbers)), shape=shape)
