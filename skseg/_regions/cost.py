"""The cost of a merger: how sure it is, from what two neighbors look like, that people see two regions.

A logistic regression on a few numbers, each of them a logarithm. Nothing here knows estimators.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple, Self

import numpy as np

from .graph import Floats, Labels
from .grid import USUAL_PIXELS

# What is added to each number before the logarithm, lest it be minus infinity where two regions do not differ.
_LEAST = {
    "size": 0.0,  # n_a n_b / (n_a + n_b), relative to the pixels of the image; less in a small image
    "length": 0.0,  # of the common border, relative to the square root of the pixels of the image
    "deviation": 1.0,  # squared distance of the mean local deviations
    "gradient": 0.5,  # mean gradient along the border
    "coarse gradient": 0.5,  # the same at twice the scale
    "sides": 0.05,  # mean difference of the labels on both sides of the border
    "labels": 0.01,  # difference of the labels of all pixels of the regions
}
TERMS = tuple(_LEAST)
_FEWER = 0.2  # exponent of the size of a small image; thumbnails then have as many regions as their photos

Places = int | list[int] | Labels  # one region, or several


class Cost(NamedTuple):
    """Logarithm of the odds that two neighbors are two regions.

    Attributes
    ----------
    weights : of each term, (n_terms,)
    intercept : what is added to their sum
    n_pixels : of the image
    n_labels : number of the last features of each region, which are shares of labels; those before are deviations
    """

    weights: Floats
    intercept: float
    n_pixels: float
    n_labels: int

    @classmethod
    def of(cls, weights: Mapping[str, float], n_pixels: float, n_labels: int) -> Self:
        """The cost with these weights of the terms by name, and the intercept."""
        return cls(np.array([weights[term] for term in TERMS]), weights["intercept"], n_pixels, n_labels)

    def __call__(self, sizes: Floats, means: Floats, one: Places, other: Places, borders: Floats) -> Floats:
        """Cost of the union of one region, or of each of several, with others."""
        return np.asarray(self.terms(sizes, means, one, other, borders) @ self.weights + self.intercept)

    def terms(self, sizes: Floats, means: Floats, one: Places, other: Places, borders: Floats) -> Floats:
        """The logarithms that are summed up, (n_borders, n_terms), from the sizes and mean features of all regions."""
        n_deviations, lengths = means.shape[1] - self.n_labels, borders[:, 0]
        smaller = min(1.0, self.n_pixels / USUAL_PIXELS) ** _FEWER
        size, mean, other_size, other_mean = sizes[one], means[one], sizes[other], means[other]
        squares = (mean - other_mean) ** 2
        shares = (mean + other_mean)[:, n_deviations:]
        numbers = np.empty((len(borders), len(TERMS)))
        numbers[:, 0] = size * other_size / (size + other_size) * smaller / self.n_pixels
        numbers[:, 1] = lengths / np.sqrt(self.n_pixels)
        numbers[:, 2] = squares[:, :n_deviations].sum(axis=1)
        numbers[:, 3:6] = borders[:, 1:] / lengths[:, np.newaxis]
        numbers[:, 6] = 0.5 * (squares[:, n_deviations:] / np.maximum(shares, 1e-12)).sum(axis=1)
        return np.asarray(np.log(numbers + _OFFSETS))


def check_weights(weights: Mapping[str, Any], name: str = "weights") -> dict[str, float]:
    """Weights as finite numbers, one for each term, and the intercept."""
    terms = (*TERMS, "intercept")
    is_number = [isinstance(each, Real) and -np.inf < float(each) < np.inf for each in weights.values()]
    if set(weights) != set(terms) or not all(is_number):
        raise ValueError(
            f"{name} must hold a finite number for each of {', '.join(map(repr, terms))}; got {dict(weights)} instead."
        )
    return {term: float(weights[term]) for term in terms}


_OFFSETS = np.array(list(_LEAST.values()))
