"""The optimum of k-means: proven on a line, searched for elsewhere, and never a matter of chance."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.data import astronaut, camera
from sklearn.cluster import KMeans

from skseg import KMeansSegmenter
from skseg._kmeans import fit as fitting
from skseg._kmeans import fit_kmeans, one_feature
from skseg._kmeans.lloyd import Points
from skseg._kmeans.search import search

AUTO = {"init": "k-means++", "n_init": "auto", "max_iter": 300, "tol": 1e-4, "random_state": None}


def inertia(points, weights, labels):
    """Weighted scatter around the means of each label."""
    total = 0.0
    for label in np.unique(labels):
        members, shares = points[labels == label], weights[labels == label]
        total += (shares[:, np.newaxis] * (members - np.average(members, axis=0, weights=shares)) ** 2).sum()
    return total


def least_of_all_partitions(points, weights, n_clusters):
    labels = np.array(list(product(range(n_clusters), repeat=len(points))))
    shares = (labels[..., np.newaxis] == np.arange(n_clusters)) * weights[:, np.newaxis]
    means = np.einsum("pnk,nf->pkf", shares, points) / np.fmax(shares.sum(axis=1), 1e-300)[..., np.newaxis]
    squares = ((points[:, np.newaxis] - means[:, np.newaxis]) ** 2).sum(axis=-1)
    return (shares * squares).sum(axis=(1, 2)).min()


def least_on_a_line(values, weights, n_clusters):
    """The quadratic dynamic program over the last interval of sorted values, each measured by itself."""

    def scatter(begin, end):
        part, shares = values[begin:end], weights[begin:end]
        return (shares * (part - shares @ part / shares.sum()) ** 2).sum()

    n_values = len(values)
    scatters = {(i, j): scatter(i, j) for i in range(n_values) for j in range(i + 1, n_values + 1)}
    least = [0.0] + [np.inf] * n_values
    for _ in range(n_clusters):
        least = [0.0] + [min(least[i] + scatters[i, j] for i in range(j)) for j in range(1, n_values + 1)]
    return least[-1]


def fit(points, weights, n_clusters, **params):
    return fit_kmeans(points, weights, n_clusters=n_clusters, **(AUTO | params))


def draw(kind, n_values, rng):
    if kind == "uniform":
        return rng.random(n_values)
    if kind == "levels":
        return rng.integers(0, n_values // 2, n_values).astype(float)
    if kind == "heavy tails":
        return rng.standard_cauchy(n_values)
    return np.append(rng.random(n_values - 1), 1e7)


# On a line


@pytest.mark.parametrize("n_clusters", [1, 2, 3, 7, 25])
@pytest.mark.parametrize("kind", ["uniform", "levels", "heavy tails", "outlier"])
def test_the_optimum_on_a_line_is_that_of_the_quadratic_program(monkeypatch, kind, n_clusters):
    rng = np.random.default_rng(n_clusters)
    values, weights = np.sort(draw(kind, 90, rng)), rng.uniform(0.1, 9, 90)
    least = least_on_a_line(values, weights, n_clusters)
    for n_blocks in (4, 1024):  # coarse to fine, or at once
        monkeypatch.setattr(one_feature, "_N_BLOCKS", n_blocks)
        labels = fit(values[:, np.newaxis], weights, n_clusters).labels_
        assert inertia(values[:, np.newaxis], weights, labels) == pytest.approx(least, rel=1e-9)


@given(
    values=arrays(np.float64, 7, elements=st.integers(-20, 20)),
    weights=arrays(np.float64, 7, elements=st.integers(1, 9)),
    n_clusters=st.integers(1, 3),
)
def test_no_partition_of_values_is_better(values, weights, n_clusters):
    points = values[:, np.newaxis]
    found = inertia(points, weights, fit(points, weights, n_clusters).labels_)
    assert found <= least_of_all_partitions(points, weights, n_clusters) + 1e-9


@pytest.mark.parametrize("n_clusters", [1, 2, 99, 255, 256])
def test_all_levels_can_be_clusters(n_clusters):
    values = np.arange(256.0)[:, np.newaxis]
    model = fit(values, np.ones(256), n_clusters)
    assert len(model.cluster_centers_) == len(np.unique(model.labels_)) == n_clusters


@pytest.mark.parametrize("color_space", ["rgb", "hsv", "lab"])
def test_a_gray_image_has_the_optimum_in_every_color_space_of_gray_axes(color_space):
    gray = camera()[::4, ::4]
    model = KMeansSegmenter(5, color_space=color_space).fit(np.stack([gray] * 3, axis=-1))
    features = model.pipeline_["color"].transform(np.stack([gray.ravel()] * 3, axis=-1))
    places = np.linalg.norm(features - features[gray.argmin()], axis=1)
    order = np.argsort(places)
    ends = one_feature.optimal_bounds(places[order], np.ones(gray.size), 5)
    labels = np.searchsorted(ends, np.argsort(order), side="right")
    assert model.inertia_ == pytest.approx(inertia(features, np.ones(gray.size), labels), rel=1e-9)


def test_starts_that_are_asked_for_are_made_on_a_line_too():
    values = camera()[::8, ::8].reshape(-1, 1).astype(float)
    start = [[1.0], [2.0], [3.0]]
    given_start = KMeansSegmenter(3, init=start, color_space=None).fit(values)
    plain = KMeans(3, init=start, n_init=1).fit(values)
    assert given_start.inertia_ == pytest.approx(plain.inertia_)
    assert KMeansSegmenter(3, n_init=2, color_space=None, random_state=0).fit(values).n_iter_ > 1


# The search


@given(seed=st.integers(0, 2**32 - 1))
def test_no_partition_of_a_few_points_is_better(seed):
    rng = np.random.default_rng(seed)
    points, weights = rng.random((7, 2)), rng.uniform(0.5, 2, 7)
    found = inertia(points, weights, fit(points, weights, 3).labels_)
    assert found == pytest.approx(least_of_all_partitions(points, weights, 3), rel=1e-9)


def test_the_search_beats_many_starts():
    rng = np.random.default_rng(0)
    points = np.concatenate([center + rng.normal(0, 0.03, (40, 2)) for center in rng.random((20, 2))])
    labels = KMeans(20, n_init=50, random_state=0).fit_predict(points)
    found = fit(points, np.ones(len(points)), 20)
    assert found.inertia_ <= inertia(points, np.ones(len(points)), labels) * (1 + 1e-9)


@settings(max_examples=10, deadline=None)
@given(n_clusters=st.integers(2, 20), one=st.integers(0, 2**32 - 1), other=st.integers(0, 2**32 - 1))
def test_the_seed_does_not_matter(n_clusters, one, other):
    image = astronaut()[::8, ::8]
    first, second = (KMeansSegmenter(n_clusters, random_state=seed).fit(image) for seed in (one, other))
    assert np.array_equal(first.labels_, second.labels_)
    assert np.array_equal(first.cluster_centers_, second.cluster_centers_)


@pytest.mark.parametrize("unit", [2.0**-300, 2.0**-20, 2.0**300])
def test_the_unit_does_not_matter(unit):
    points = np.random.default_rng(0).random((300, 3))
    assert np.array_equal(search(points * unit, np.ones(300), 6), unit * search(points, np.full(300, 4.0), 6))


def test_equal_points_and_light_points_are_safe():
    points = np.repeat(np.random.default_rng(0).random((5, 3)), 20, axis=0)
    weights = np.repeat([1.0, 1e-200, 1e-100, 1e-3, 1.0], 20)
    assert np.isfinite(search(points, weights, 9)).all()
    assert np.isfinite(search(np.ones((9, 3)), np.ones(9), 3)).all()


def test_steps_beyond_the_means_end_at_a_local_optimum_of_lloyd():
    rng = np.random.default_rng(0)
    points, weights = rng.random((2000, 3)), rng.uniform(0.1, 1, 2000)
    centers, labels, n_iter = Points(points, weights).lloyd(points[:9], shift=0, max_iter=1000)
    means = [np.average(points[labels == label], axis=0, weights=weights[labels == label]) for label in range(9)]
    assert n_iter < 1000
    assert np.allclose(centers, means, rtol=0, atol=1e-12)
    assert Points(points, weights).lloyd(points[:9], shift=0, max_iter=1)[2] == 1


def test_colors_that_cells_leave_out_are_searched_themselves(monkeypatch):
    monkeypatch.setattr(fitting, "_MAX_GROUPED", 3000)  # every second point, and the farthest
    points = np.zeros((6000, 2))
    points[1:401:2] = np.repeat(np.random.default_rng(0).random((100, 2)), 2, axis=0)
    model = fit(points, np.ones(len(points)), 90)
    assert len(np.unique(model.labels_)) == 90
