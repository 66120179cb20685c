"""From regions that people have drawn to the weights of the cost of a merger."""

from collections.abc import Iterator, Mapping
from typing import Any

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

# An image, and for each annotator, how many pixels of each region are in each true region, (n_regions, n_true_regions).
Lesson = tuple[Described, list[csr_array]]

# Pairs of neighbors: the terms of the cost of their union, (n_pairs, n_terms); the probability that one pixel of each
# are in two true regions; and their importance, which grows with the size of the smaller region.
Examples = tuple[Floats, Floats, Floats]


def make_lesson(described: Described, truth: NDArray[Any] | list[NDArray[Any]]) -> Lesson:
    """What there is to learn from an image whose true label map, or several by different annotators, are given."""
    shape = described.regions.shape
    maps = list(truth) if isinstance(truth, list) or truth.ndim == 3 else [truth]
    wrong = [each.shape for each in maps if each.shape != shape]
    if wrong or not maps:
        raise ValueError(
            f"y must hold a label map of the shape of X's pixels, {shape}, for each image, or a list of them by "
            f"several people; got {wrong[0] if wrong else 'none'} instead."
        )
    return described, [_count(described, each) for each in maps]


def learn(lessons: list[Lesson], start: Weights) -> dict[str, float]:
    """The weights that predict best which neighbors people separate.

    `start` are the weights by which regions are merged at first.
    """
    weights = dict(start)
    for _ in range(_ROUNDS):
        weights = fit_weights([part for lesson in lessons for part in examples(*lesson, weights)])
    return weights


def fit_weights(parts: list[Examples]) -> dict[str, float]:
    """Logistic regression on examples; each counts as separate and as not, as far as it is."""
    nothing = np.zeros((0, len(TERMS))), np.zeros(0), np.zeros(0)  # all of images without neighbors
    terms, separate, importance = map(np.concatenate, zip(nothing, *parts, strict=True))
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


def examples(described: Described, tables: list[csr_array], weights: Weights) -> Iterator[Examples]:
    """The pairs of neighbors at some levels of the hierarchy of an image."""
    level, cost, tree = described.start, described.cost(weights), described.tree(weights)
    before = np.arange(tree.n_regions, dtype=np.int32)
    for n_mergers in _levels(len(tree.children)):
        now = cut(tree, n_mergers)
        groups = np.empty(len(level.sizes), dtype=np.int32)
        groups[before] = now
        members = csr_array((np.ones(len(groups)), (groups, np.arange(len(groups)))))
        level, tables, before = contract(level, groups), [members @ table for table in tables], now
        yield compare(level, cost, tables)


def compare(level: Graph, cost: Cost, tables: list[csr_array]) -> Examples:
    """The pairs of neighbors at one level."""
    one, other = level.pairs.T
    terms = cost.terms(level.sizes, level.sums / level.sizes[:, np.newaxis], one, other, level.borders)
    separate, n_annotators = np.zeros(len(one)), np.zeros(len(one))
    for table in tables:
        totals = table.sum(axis=1)
        possible = totals[one] * totals[other]
        same = (table[one] * table[other]).sum(axis=1)
        separate += np.where(possible > 0, 1 - same / np.maximum(possible, 1), 0)
        n_annotators += possible > 0
    importance = np.sqrt(np.minimum(level.sizes[one], level.sizes[other]) / cost.n_pixels) * (n_annotators > 0)
    return terms, separate / np.maximum(n_annotators, 1), importance


def _levels(n_mergers: int) -> list[int]:
    """Numbers of mergers after which `_MOST` regions are left, fewer, and so on geometrically, down to two."""
    left = np.unique(np.rint(np.geomspace(1, _MOST, _LEVELS)).astype(int))
    return (n_mergers - left[left <= n_mergers][::-1]).tolist()  # type: ignore[no-any-return]


def _count(described: Described, truth: NDArray[Any]) -> csr_array:
    """How many pixels of each region are in each true region; masked ones do not count."""
    counts = (described.regions >= 0) & ~np.ma.getmaskarray(truth)
    numbers = consecutive(np.ma.getdata(truth)[counts])
    shape = (len(described.start.sizes), int(numbers.max(initial=0)) + 1)
    return csr_array((np.ones(len(numbers)), (described.regions[counts], numbers)), shape=shape)
