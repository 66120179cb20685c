"""k-means on a census: distances that do not depend on their surroundings, and starts that are made on cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from skseg._kmeans import NearestCenter, distances, fit_kmeans, nearest, weighted_variance
from skseg._kmeans import fit as fitting
from skseg._kmeans.fit import _CELLS_FROM
from skseg._kmeans.nearest_center import _LABELED_POINTS

LLOYD = {"init": "k-means++", "n_init": "auto", "max_iter": 300, "tol": 1e-4, "random_state": 0}


@pytest.fixture(scope="module")
def blobs():
    """Many colors around three centers, with weights, and the centers."""
    rng = np.random.default_rng(0)
    centers = np.array([[0.2, 0.2, 0.2], [0.8, 0.3, 0.2], [0.5, 0.8, 0.9]])
    colors = np.repeat(centers, 4000, axis=0) + rng.uniform(-0.1, 0.1, size=(12_000, 3))
    return colors, rng.uniform(0.1, 1.0, size=12_000), centers


def fit(colors, weights, n_clusters, **params):
    return fit_kmeans(colors, weights, n_clusters=n_clusters, **(LLOYD | params))


def sorted_rows(rows):
    return rows[np.lexsort(rows.T)]


# Distances


@given(
    points=arrays(np.float64, (7, 3), elements=st.floats(-10, 10)),
    centers=arrays(np.float64, (4, 3), elements=st.floats(-10, 10)),
)
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


@pytest.mark.parametrize(
    "n_points", [0, 1, _LABELED_POINTS - 1, _LABELED_POINTS, _LABELED_POINTS + 1, 2 * _LABELED_POINTS + 1]
)
def test_every_point_has_a_label(n_points):
    points = np.linspace(0, 1, n_points)[:, np.newaxis]
    labels = nearest(points, np.array([[0.0], [1.0]]))
    assert np.array_equal(labels, points[:, 0] > 0.5)


@pytest.mark.parametrize("centers", [[[0.0], [2.0]], [[2.0], [0.0]]])
def test_the_lower_one_of_two_centers_at_the_same_distance_wins(centers):
    assert nearest(np.array([[1.0]]), np.array(centers)).tolist() == [0]


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


def test_many_colors_start_once_from_the_centers_of_their_cells(blobs):
    colors, weights, _ = blobs
    model = fit(colors, weights, 3)
    assert len(colors) >= _CELLS_FROM
    assert (np.shape(model.init), model.n_init) == ((3, 3), 1)


def test_few_colors_start_on_themselves(blobs):
    colors, weights, _ = blobs
    model = fit(colors[::40], weights[::40], 3, n_init=4)
    assert (model.init, model.n_init) == ("k-means++", 4)


def test_clusters_that_are_nearly_as_many_as_cells_start_on_the_colors(blobs):
    colors, weights, _ = blobs
    model = fit(colors, weights, 400, n_init=1, max_iter=2, tol=1e9)
    assert model.init == "k-means++"


def test_a_start_on_cells_that_is_worse_than_kmeans_plusplus_is_not_used(blobs, monkeypatch):
    colors, weights, _ = blobs
    useless = fitting.group(np.full_like(colors, 0.5) + 1e-3 * colors, weights, 1000)._replace(scatter=np.inf)
    monkeypatch.setattr(fitting, "group", lambda *_: useless)
    assert np.ptp(fit(colors, weights, 3).init, axis=0).max() > 0.3


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
    assert weighted_variance(rounded + offset, weights) == pytest.approx(weighted_variance(rounded, weights), rel=1e-6)


@pytest.mark.parametrize("n_outliers", [1, 12])
def test_cells_of_very_many_colors_stand_for_all_and_for_outliers(blobs, monkeypatch, n_outliers):
    monkeypatch.setattr(fitting, "_MAX_GROUPED", 3000)
    colors, weights, centers = blobs
    colors = np.vstack([colors, np.full((n_outliers, 3), 40.0)])
    weights = np.append(weights, np.ones(n_outliers))
    some, some_weights = fitting._representatives(colors, weights)
    assert len(some) <= 3100
    assert some_weights.sum() == pytest.approx(weights.sum(), rel=0.05)
    assert (some == 40).all(axis=1).sum() == n_outliers
    model = fit(colors, weights, 4)
    assert_allclose(sorted_rows(model.cluster_centers_)[:3], sorted_rows(centers), rtol=0, atol=0.01)


# The nearest center


def by_distance(points, centers):
    return distances(points, centers).argmin(axis=1)


@pytest.mark.parametrize("n_features", [1, 2, 3, 6, 20])
@pytest.mark.parametrize(
    ("n_centers", "scale"),
    [(1, 1e8), (2, 1e-300), (3, 1e-160), (16, 1e-8), (17, 1e140), (64, 1e8), (300, 1.0)],
)
def test_the_nearest_center_is_the_one_at_the_least_distance(n_features, n_centers, scale):
    rng = np.random.default_rng(n_features)
    points, centers = rng.normal(0, scale, (700, n_features)), rng.normal(0, scale, (n_centers, n_features))
    assert np.array_equal(nearest(points, centers), by_distance(points, centers))


@pytest.mark.parametrize("step", [1.0, 1 / 255, 1 / 3])
@pytest.mark.parametrize("offset", [0.0, 1e6, -7.5])
def test_of_two_centers_that_are_equally_near_the_first_wins(step, offset):
    grid = np.stack(np.meshgrid(*[np.arange(12)] * 3), axis=-1).reshape(-1, 3) * step + offset
    centers = grid[np.random.default_rng(0).choice(len(grid), 40, replace=False)]
    centers = np.concatenate([centers, centers[::-1]])  # every center twice
    assert np.array_equal(nearest(grid, centers), by_distance(grid, centers))


@pytest.mark.parametrize("gap", [0.0, 1e-17, 1e-16, 1e-14, 1e-12, 1e-9])
def test_points_next_to_a_border_are_measured(gap):
    centers = np.array([[0.1, 0.2], [0.3, 0.7], [0.8, 0.1]])
    middle, across = (centers[0] + centers[1]) / 2, np.array([0.5, -0.2])
    points = middle + np.linspace(-1, 1, 999)[:, np.newaxis] * across + gap * (centers[1] - centers[0])
    assert np.array_equal(nearest(points, centers), by_distance(points, centers))


@pytest.mark.parametrize("far", [1e6, 1e12, 1e100])
def test_an_outlier_in_the_block_does_not_disturb_the_others(far):
    rng = np.random.default_rng(0)
    points, centers = rng.random((500, 3)), rng.random((9, 3))
    points[17] = far
    assert np.array_equal(nearest(points, centers), by_distance(points, centers))
    assert np.array_equal(
        nearest(points, np.vstack([centers, [[far] * 3]])), by_distance(points, np.vstack([centers, [[far] * 3]]))
    )


@pytest.mark.parametrize("n_features", [1, 20])
@pytest.mark.parametrize("n_centers", [40, 300])
@pytest.mark.parametrize("offset", [-1e3, -1.0, 0.0, 1e3])  # of the points
def test_centers_that_are_almost_equal_are_told_apart(n_features, n_centers, offset):
    rng = np.random.default_rng(0)
    centers = rng.random((n_centers, n_features))
    centers = np.concatenate([centers, centers + rng.choice([-1e-12, 1e-12], centers.shape)])
    points = rng.random((500, n_features)) + offset
    assert np.array_equal(nearest(points, centers), by_distance(points, centers))


@pytest.mark.parametrize("n_centers", [256, 257, 513])
def test_of_very_many_equal_centers_the_first_wins(n_centers):
    points = np.random.default_rng(0).random((9, 3))
    assert not nearest(points, np.full((n_centers, 3), 0.3)).any()


def with_margins(centers, points):
    """The labels, and by how much the second nearest center is farther away."""
    origin, margins = centers.mean(axis=0), np.empty(len(points))
    return NearestCenter(centers, origin).label(points - origin, points.__getitem__, margins), margins


@pytest.mark.parametrize("n_features", [1, 3, 10])
@pytest.mark.parametrize("n_centers", [2, 9, 100])
@pytest.mark.parametrize("width", [1e-3, 1.0, 1e3])  # of the points, around the mean of the centers or far beyond
def test_margins_are_nearly_the_lead_of_the_nearest_center_and_never_more(n_features, n_centers, width):
    rng = np.random.default_rng(n_features)
    points, centers = rng.normal(0, width, (500, n_features)), rng.normal(0, 1, (n_centers, n_features))
    labels, margins = with_margins(centers, points)
    lengths = np.sqrt(((points[:, np.newaxis].astype(np.longdouble) - centers) ** 2).sum(axis=-1))
    first, second = np.sort(lengths, axis=1)[:, :2].T
    assert np.array_equal(labels, lengths.argmin(axis=1))
    assert (margins <= second - first).all()
    assert_allclose(margins, (second - first).astype(float), rtol=5e-2, atol=4e-3 * (1 + width))


def test_a_color_between_two_centers_has_no_margin():
    centers = np.array([[0.1, 0.2], [0.3, 0.7], [0.8, -5.1]])
    points = (centers[0] + centers[1]) / 2 + np.linspace(-1, 1, 99)[:, np.newaxis] * [0.5, -0.2]
    assert not with_margins(centers, points)[1].any()


def test_nothing_has_no_nearest_center():
    assert nearest(np.empty((0, 3)), np.ones((2, 3))).tolist() == []


@pytest.mark.parametrize("weights", [None, np.append(np.ones(999), 1e6)], ids=["plain", "weighted"])
def test_few_points_are_far_out(weights):
    points = np.random.default_rng(0).random((1000, 3))
    points[5] = 90.0
    is_far = fitting.far_out(points, weights)
    assert is_far[5]
    assert is_far.sum() <= 2


SCALES = [1e-20, 1e-6, 1.0, 1e6, 1e20]
FAR = [1.0, 30.0, 1e6]


@pytest.mark.parametrize(
    ("n_features", "n_clusters", "scale", "far"),
    [
        (n_features, n_clusters, SCALES[(row + 2 * column) % 5], FAR[(row + column) % 3])
        for row, n_features in enumerate([1, 2, 6, 40, 3])
        for column, n_clusters in enumerate([2, 10, 100, 9, 5])
    ],
)
def test_labels_and_margins_hold_beside_borders_and_far_away(n_features, n_clusters, scale, far):
    """Points on borders, off by rounding of either precision, and a few far outside."""
    rng = np.random.default_rng(n_features * n_clusters)
    centers = rng.normal(size=(n_clusters, n_features))
    pairs = rng.integers(n_clusters, size=(2, 4000))
    points = centers[pairs].mean(axis=0) + rng.choice([0, 1e-15, 1e-9, 1e-7, 1e-3], (4000, 1)) * rng.normal(
        size=(4000, 1)
    )
    points[:40] *= far
    points, centers = points * scale + 3 * scale, centers * scale + 3 * scale
    expected = np.sort(distances(points, centers), axis=1)
    labels, margins = with_margins(centers, points)
    nearest_label = distances(points, centers).argmin(axis=1)
    assert np.array_equal(NearestCenter(centers)(points), nearest_label)
    assert np.array_equal(labels, nearest_label)
    rounding = 1e-14 * far * scale * np.sqrt(n_features)
    assert (margins <= expected[:, 1] - expected[:, 0] + rounding).all()
    clear = (expected[:, 1] - expected[:, 0] > 0.5 * scale) & (far == 1)
    assert (margins[clear] > 0.9 * (expected[:, 1] - expected[:, 0])[clear]).all()


@pytest.mark.parametrize("n_clusters", [2, 3, 5, 40])
@pytest.mark.parametrize("far", [1.0, 1e9, 1e17])
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_points_that_kmeans_cannot_tell_apart_are_clustered_without_a_warning(n_clusters, far, init):
    points = np.concatenate([np.arange(9.0), [far, far, 2 * far]])[:, np.newaxis]
    distinct = np.unique(points)
    model = fit(points, np.ones(len(points)), n_clusters, init=init)
    assert len(model.cluster_centers_) == min(n_clusters, len(distinct))
    assert np.array_equal(model.labels_, nearest(points, model.cluster_centers_))
    if n_clusters >= len(distinct):
        assert np.array_equal(np.sort(model.cluster_centers_.ravel()), distinct)
