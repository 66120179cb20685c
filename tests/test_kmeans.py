"""k-means on a census: distances that do not depend on their surroundings, and seeding on a coarse histogram."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from skseg._kmeans import _BLOCK, _COARSE_FROM, _coarse, _coarse_cells, _variance, distances, fit_kmeans, nearest

LLOYD = {"init": "k-means++", "n_init": "auto", "max_iter": 300, "tol": 1e-4, "random_state": 0}


@pytest.fixture(scope="module")
def blobs():
    """Many colors around three centers, with weights, and the centers."""
    rng = np.random.default_rng(0)
    centers = np.array([[0.2, 0.2, 0.2], [0.8, 0.3, 0.2], [0.5, 0.8, 0.9]])
    colors = np.repeat(centers, 4000, axis=0) + rng.uniform(-0.1, 0.1, size=(12_000, 3))
    return colors, rng.uniform(0.1, 1.0, size=12_000), centers


def fit(colors, weights, n_clusters, **params):
    return fit_kmeans(colors, weights, colors, n_clusters=n_clusters, **(LLOYD | params))


def sorted_rows(rows):
    return rows[np.lexsort(rows.T)]


# Distances


@given(
    points=arrays(np.float64, (7, 3), elements=st.floats(-10, 10)),
    centers=arrays(np.float64, (4, 3), elements=st.floats(-10, 10)),
)
@settings(max_examples=50, deadline=None)
def test_distances_are_euclidean(points, centers):
    assert_allclose(distances(points, centers), cdist(points, centers), rtol=0, atol=1e-9)


def test_a_point_has_the_same_distances_whatever_its_neighbors_in_the_array(blobs):
    points, _, centers = blobs
    together = distances(points[:500], centers)
    alone = np.concatenate([distances(point[np.newaxis], centers) for point in points[:500]])
    assert np.array_equal(together, alone)


def test_nearest_is_the_smallest_distance(blobs):
    points, _, centers = blobs
    assert np.array_equal(nearest(points, centers), cdist(points, centers).argmin(axis=1))


def test_labels_are_int32(blobs):
    points, _, centers = blobs
    assert nearest(points, centers).dtype == np.int32


@pytest.mark.parametrize("n_points", [0, 1, _BLOCK - 1, _BLOCK, _BLOCK + 1, 2 * _BLOCK + 1])
def test_every_point_has_a_label(n_points):
    points = np.linspace(0, 1, n_points)[:, np.newaxis]
    labels = nearest(points, np.array([[0.0], [1.0]]))
    assert np.array_equal(labels, points[:, 0] > 0.5)


@pytest.mark.parametrize("centers", [[[0.0], [2.0]], [[2.0], [0.0]]])
def test_the_lower_one_of_two_centers_at_the_same_distance_wins(centers):
    assert nearest(np.array([[1.0]]), np.array(centers)).tolist() == [0]


# The coarse histogram


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 6, 7, 15, 16, 40])
def test_the_histogram_has_at_most_two_to_the_twenty_four_cells(n_channels):
    colors = np.random.default_rng(0).uniform(-1, 1, size=(2000, n_channels))
    cells = _coarse_cells(colors)
    assert cells.min() >= 0
    assert cells.max() < 2**24


def test_three_8_bit_channels_have_32_levels_each():
    grays = np.repeat(np.arange(256) / 255, 3).reshape(-1, 3)
    assert np.bincount(np.unique(_coarse_cells(grays), return_inverse=True)[1]).tolist() == [8] * 32


@pytest.mark.parametrize(("dtype", "largest"), [(np.uint8, 255), (np.uint8, 100), (np.uint16, 65535), (np.uint16, 99)])
def test_rounding_moves_no_color_to_another_cell(dtype, largest):
    colors = np.random.default_rng(0).integers(0, largest + 1, size=(3000, 3)) / np.iinfo(dtype).max
    rounded = colors.astype(np.float32).astype(np.float64)
    assert np.array_equal(_coarse_cells(rounded), _coarse_cells(colors))


def test_colors_of_one_cell_are_close():
    colors = np.random.default_rng(0).uniform(size=(20_000, 3))
    cells = _coarse_cells(colors)
    spread = [np.ptp(colors[cells == cell], axis=0).max() for cell in np.unique(cells)[:200]]
    assert max(spread) <= 1 / 31


def test_black_alone_is_one_cell():
    assert np.unique(_coarse_cells(np.zeros((5, 3)))).size == 1


def test_the_histogram_keeps_the_total_weight_and_the_mean(blobs):
    colors, weights, _ = blobs
    means, totals = _coarse(colors, weights, colors)
    assert len(means) < len(colors)
    assert totals.sum() == pytest.approx(weights.sum())
    assert_allclose(totals @ means, weights @ colors)


def test_bands_that_vary_together_still_fill_many_cells():
    gray = np.random.default_rng(0).uniform(size=(20_000, 1))
    cells, _ = _coarse(gray * np.ones(6), np.ones(20_000), gray * np.ones(6))
    assert len(cells) == 16


# Clustering


@pytest.mark.parametrize("n_colors", [30, 300, 12_000])
def test_blobs_are_found(blobs, n_colors):
    colors, weights, centers = blobs
    step = len(colors) // n_colors
    model = fit(colors[::step], weights[::step], 3, n_init=5)
    assert_allclose(sorted_rows(model.cluster_centers_), sorted_rows(centers), rtol=0, atol=0.08)


@pytest.mark.parametrize("n_colors", [300, 12_000])
def test_centers_are_the_weighted_means_of_their_colors(blobs, n_colors):
    colors, weights = (array[:: 12_000 // n_colors] for array in blobs[:2])
    model = fit(colors, weights, 6, tol=0)
    labels = nearest(colors, model.cluster_centers_)
    means = [np.average(colors[labels == label], axis=0, weights=weights[labels == label]) for label in range(6)]
    assert_allclose(model.cluster_centers_, means, rtol=0, atol=1e-9)


@pytest.mark.parametrize("n_colors", [300, 12_000])
def test_the_same_random_state_gives_the_same_centers(blobs, n_colors):
    colors, weights = (array[:: 12_000 // n_colors] for array in blobs[:2])
    first, second = (fit(colors, weights, 6).cluster_centers_ for _ in range(2))
    assert np.array_equal(first, second)


def test_many_colors_start_once_from_the_centers_of_their_histogram(blobs):
    colors, weights, _ = blobs
    model = fit(colors, weights, 3)
    assert len(colors) >= _COARSE_FROM
    assert (np.shape(model.init), model.n_init) == ((3, 3), 1)


def test_few_colors_start_as_asked(blobs):
    colors, weights, _ = blobs
    model = fit(colors[::40], weights[::40], 3, n_init=4)
    assert (model.init, model.n_init) == ("k-means++", 4)


def test_many_clusters_are_not_sought_in_a_histogram_of_few_cells(blobs):
    colors, weights, _ = blobs
    narrow = colors.copy()
    narrow[:, 1:] = 0
    cells, _ = _coarse(narrow, weights, narrow)
    model = fit(narrow, weights, len(cells), n_init=1, max_iter=2, tol=1e9)
    assert model.init == "k-means++"


def test_start_centers_are_where_many_colors_start(blobs):
    colors, weights, centers = blobs
    model = fit(colors, weights, 3, init=centers, n_init=1)
    assert np.array_equal(model.init, centers)
    assert_allclose(model.cluster_centers_, centers, rtol=0, atol=0.01)


@pytest.mark.parametrize("n_clusters", [3, 8])
def test_no_more_clusters_than_colors_are_asked_for(n_clusters):
    colors = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    model = fit(colors, np.ones(3), n_clusters)
    assert np.array_equal(sorted_rows(model.cluster_centers_), sorted_rows(colors))
    assert model.inertia_ == 0


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_the_variance_does_not_depend_on_an_offset(blobs, offset):
    colors, weights, _ = blobs
    rounded = np.round(colors * 64)
    assert _variance(rounded + offset, weights) == pytest.approx(_variance(rounded, weights), rel=1e-6)
