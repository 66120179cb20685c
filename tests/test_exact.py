"""Sums that do not depend on order, at the ends of what their units can express."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skseg._kmeans import nearest
from skseg._kmeans.exact import MAX_SUMMED, find_units, least_exponent

RNG = np.random.default_rng(0)


def units_of(sample, centers, *, factors=None, is_weighted=False):
    """Units by a sample of colors; features are the colors times `factors`, and are not summed if there are some."""
    features = sample if factors is None else sample * factors
    return find_units(
        features,
        sample,
        centers,
        extents=(max(np.abs(features).max(), np.abs(centers).max()), np.abs(sample).max()),
        weight=0 if is_weighted else None,
        convert_means=None if factors is None else lambda colors: colors * factors,
    )


def sums(units, colors, labels, weights=None, factors=1.0):
    return units.add_up(np.ascontiguousarray(colors.T), np.ascontiguousarray((colors * factors).T), labels, weights)[0]


def test_the_exponent_is_that_of_the_least_power_of_two_that_is_not_less():
    assert least_exponent(np.array([1.0, 1.5, 2.0, 3.0, 0.5, 0.4, 0.0])).tolist() == [0, 1, 1, 2, -1, -1, 0]


@pytest.mark.parametrize("scale", [1.0, 1e-290])
def test_a_block_of_the_largest_size_is_summed_without_rounding(scale):
    colors = scale * RNG.uniform(0.9, 1, (MAX_SUMMED, 2))
    labels, units = np.zeros(MAX_SUMMED, dtype=int), units_of(np.vstack([-colors[:9], colors[:9]]), np.zeros((1, 2)))
    parts = sum(sums(units, colors[start::7], labels[start::7]) for start in range(7))
    assert np.array_equal(sums(units, colors, labels), parts)


def test_means_of_few_colors_are_exact_to_eleven_digits():
    centers = np.array([[0.0, 0.0], [1.0, 1.0]])
    colors = centers.repeat(3, axis=0) + RNG.uniform(-0.2, 0.2, (6, 2))
    found = units_of(colors, centers).means(sums(units_of(colors, centers), colors, np.arange(6) // 3))
    expected = colors.reshape(2, 3, 2).mean(axis=1)
    assert_allclose(found.colors, expected, rtol=0, atol=2e-12)
    assert_allclose(found.features, expected, rtol=0, atol=2e-12)


@pytest.mark.parametrize("is_weighted", [False, True])
def test_squares_of_scaled_colors_are_those_of_the_features(is_weighted):
    factors, centers = np.array([4.0, 0.25, 1.0]), np.array([[0.4, 0.1, 0.2], [2.0, 0.2, 0.9]])
    colors = RNG.random((500, 3))
    weights = RNG.uniform(0.5, 2, 500) if is_weighted else np.ones(500)
    labels, units = (
        nearest(colors * factors, centers),
        units_of(colors, centers, factors=factors, is_weighted=is_weighted),
    )
    found = units.means(sums(units, colors, labels, weights if is_weighted else None, factors))
    assert_allclose(units.centers, centers, atol=1)  # colors next to the centers
    squares = ((colors * factors - units.centers[labels]) ** 2).sum(axis=1)
    assert_allclose(found.squares, np.bincount(labels, weights * squares), rtol=1e-9)
    means = [np.average(colors[labels == label], axis=0, weights=weights[labels == label]) for label in range(2)]
    assert_allclose(found.colors, means, rtol=1e-10)


@pytest.mark.parametrize("step", [1e-320, 1e-305, 1e-250])
def test_colors_that_differ_by_almost_nothing_have_a_mean(step):
    centers = np.array([[0.0, 0.0], [1.0, 1.0]])
    colors = np.array([[0.0, 0.0], [step, step], [1.0, 1.0]])
    labels, units = np.array([0, 0, 1]), units_of(colors, centers)
    found = units.means(sums(units, colors, labels))
    assert_allclose(found.colors, centers, rtol=0, atol=step)
    assert_allclose(found.features, centers, rtol=0, atol=step)
    assert found.squares.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
@pytest.mark.parametrize("factors", [None, np.array([2.0, 1.0])])
def test_the_mean_of_a_label_with_one_sampled_color_is_exact(scale, factors):
    sample = np.array([[0.0, 0.0], [0.9, 0.8]]) * scale
    colors = np.array([[0.0, 0.0], [0.2, 0.1], [0.9, 0.8], [0.7, 0.9]]) * scale
    labels, centers = np.array([0, 0, 1, 1]), sample if factors is None else sample * factors
    units = units_of(sample, centers, factors=factors)
    found = units.means(sums(units, colors, labels, factors=1 if factors is None else factors))
    assert_allclose(found.colors, colors.reshape(2, 2, 2).mean(axis=1), rtol=1e-9)
    squares = ((colors * (1 if factors is None else factors) - centers[labels]) ** 2).sum(axis=1)
    assert_allclose(found.squares, np.bincount(labels, squares), rtol=1e-9)
    if factors is None:
        assert_allclose(found.features, found.colors, rtol=1e-9)


def test_a_label_that_is_not_sampled_is_measured_from_its_center():
    sample, factors = np.full((5, 2), 0.1), np.array([4.0, 0.5])
    units = units_of(sample, np.array([[0.4, 0.05], [1e6, 1e6]]), factors=factors)
    assert_allclose(units.centers[1], [1e6, 1e6])
    colors = np.array([[250_000.3, 2_000_000.7]])
    found = units.means(sums(units, colors, np.array([1]), factors=factors))
    assert_allclose(found.colors[1], colors[0], rtol=1e-10)
