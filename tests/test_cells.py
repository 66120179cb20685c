"""Cells follow the data: their number, their scatter and what they keep, on data of every range."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans

from skseg._kmeans.cells import group


def scatter_by_hand(points, weights, means):
    """Least weighted sum of squared distances to any of the means."""
    return KMeans(len(means), init=means, n_init=1, max_iter=1).fit(means).score(points, sample_weight=weights) * -1


def draw(kind, n_points=5000, n_features=3):
    rng = np.random.default_rng(0)
    if kind == "uniform":
        return rng.random((n_points, n_features))
    if kind == "outlier above":
        return np.vstack([rng.random((n_points, n_features)), np.full(n_features, 1e9)])
    if kind == "outlier below":
        return np.vstack([rng.random((n_points, n_features)), np.full(n_features, -1e9)])
    if kind == "heavy tails":
        return rng.standard_cauchy((n_points, n_features))
    return np.exp(rng.normal(0, 5, (n_points, n_features)))


KINDS = ["uniform", "outlier above", "outlier below", "heavy tails", "lognormal"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_features", [1, 3, 10, 20])
def test_cells_keep_the_total_weight_and_the_mean(kind, n_features):
    points = draw(kind, n_features=n_features)
    weights = np.random.default_rng(1).uniform(0.1, 1, len(points))
    cells = group(points, weights, 200)
    assert cells.weights.sum() == pytest.approx(weights.sum())
    assert_allclose(cells.weights @ cells.means, weights @ points, rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_features", [1, 3, 10, 20])
def test_the_number_of_cells_is_near_to_the_one_asked_for(kind, n_features):
    cells = group(draw(kind, n_features=n_features), np.ones(5000 + kind.startswith("outlier")), 200)
    assert 200 <= len(cells.means) <= 1600


@pytest.mark.parametrize("kind", ["outlier above", "outlier below"])
def test_an_outlier_has_a_cell_of_its_own_and_the_rest_has_all_others(kind):
    points = draw(kind)
    cells = group(points, np.ones(len(points)), 200)
    assert (np.abs(cells.means) > 1e8).all(axis=1).sum() == 1
    assert cells.scatter < 0.05 * 5000 * 3 / 12  # of three uniform features


@pytest.mark.parametrize("kind", KINDS)
def test_more_cells_leave_less_scatter(kind):
    points = draw(kind)
    scatters = [group(points, np.ones(len(points)), n_cells).scatter for n_cells in (50, 200, 800)]
    assert scatters[0] > scatters[1] > scatters[2]


@pytest.mark.parametrize("kind", ["uniform", "lognormal"])
def test_the_scatter_bounds_the_error_of_any_centers(kind):
    points = draw(kind)
    weights = np.random.default_rng(1).uniform(0.1, 1, len(points))
    cells = group(points, weights, 100)
    centers = points[::500]
    on_points, on_cells = (
        scatter_by_hand(rows, row_weights, centers)
        for rows, row_weights in ((points, weights), (cells.means, cells.weights))
    )
    assert on_points <= on_cells + cells.scatter * (1 + 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_points_does_not_matter(kind):
    points = draw(kind)
    order = np.random.default_rng(1).permutation(len(points))
    cells, shuffled = (group(rows, np.ones(len(rows)), 200) for rows in (points, points[order]))
    assert_allclose(
        shuffled.means[np.lexsort(shuffled.means.T)], cells.means[np.lexsort(cells.means.T)], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("factor", [1e-3, 3.0, 1e6])
def test_the_unit_of_points_and_weights_does_not_matter(factor):
    levels = np.random.default_rng(0).integers(0, 256, (5000, 3)) / 255
    cells, scaled = group(levels, np.ones(5000), 200), group(levels * factor, np.full(5000, factor), 200)
    assert_allclose(scaled.means, cells.means * factor)
    assert scaled.scatter == pytest.approx(cells.scatter * factor**3)


@pytest.mark.parametrize("point", [0.0, 1.0, -3e8])
def test_one_value_is_one_cell(point):
    cells = group(np.full((50, 3), point), np.ones(50), 10)
    assert len(cells.means) == 1
    assert cells.scatter == pytest.approx(0, abs=1e-9)


def test_few_values_are_cells_of_their_own():
    points = np.repeat([[0.0, 0.0], [0.0, 1.0], [1e6, 0.0]], 20, axis=0)
    cells = group(points, np.ones(60), 10)
    assert sorted(cells.means.tolist()) == [[0.0, 0.0], [0.0, 1.0], [1e6, 0.0]]
    assert cells.weights.tolist() == [20.0, 20.0, 20.0]


def test_a_tail_of_ever_smaller_numbers_ends():
    cells = group(2.0 ** -np.arange(1000)[:, np.newaxis], np.ones(1000), 200)
    assert 60 <= len(cells.means) <= 200
    assert cells.scatter < 1e-12
