"""The criteria against scikit-learn's own on every pixel repeated as often as its weight says."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score

from skseg import metrics
from skseg.metrics import adjusted_rand, log_calinski_harabasz

few_examples = settings(max_examples=60, deadline=None)


@pytest.fixture
def clustering():
    """Random colors, labels from 0 to 3 and whole weights."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 3)), rng.permutation(np.arange(60) % 4), rng.integers(1, 6, size=60)


@st.composite
def two_labelings(draw):
    n_pixels = draw(st.integers(2, 15))
    labelings = [draw(st.lists(st.integers(0, 3), min_size=n_pixels, max_size=n_pixels)) for _ in range(2)]
    weights = draw(st.lists(st.integers(0, 3), min_size=n_pixels, max_size=n_pixels))
    assume(sum(weights) >= 2)
    return (*labelings, weights)


def test_all_is_exactly_the_public_functions():
    own = {name for name, value in vars(metrics).items() if getattr(value, "__module__", None) == metrics.__name__}
    assert sorted(metrics.__all__) == sorted(name for name in own if not name.startswith("_"))


# Calinski–Harabasz


def test_weighted_criterion_is_that_of_scikit_learn_on_repeated_pixels(clustering):
    points, labels, weights = clustering
    n_pixels, n_clusters = weights.sum(), 4
    reference = calinski_harabasz_score(np.repeat(points, weights, axis=0), np.repeat(labels, weights))
    expected = np.log(reference / (n_pixels - n_clusters))
    assert log_calinski_harabasz(points, labels, n_clusters, weights) == pytest.approx(expected, rel=1e-12)


def test_pixels_count_once_without_weights(clustering):
    points, labels, _ = clustering
    assert log_calinski_harabasz(points, labels, 4) == log_calinski_harabasz(points, labels, 4, np.ones(60))


@pytest.mark.parametrize("factor", [1e-6, 3, 1e6])
def test_the_number_of_pixels_does_not_matter(clustering, factor):
    points, labels, weights = clustering
    expected = log_calinski_harabasz(points, labels, 4, weights)
    assert log_calinski_harabasz(points, labels, 4, factor * weights) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("scale", "shift"), [(1e-3, 0), (255, 0), (1, 100), (-7, 5)])
def test_contrast_and_brightness_do_not_matter(clustering, scale, shift):
    points, labels, weights = clustering
    expected = log_calinski_harabasz(points, labels, 4, weights)
    assert log_calinski_harabasz(scale * points + shift, labels, 4, weights) == pytest.approx(expected, rel=1e-9)


def test_the_numbers_of_the_clusters_do_not_matter(clustering):
    points, labels, weights = clustering
    expected = log_calinski_harabasz(points, labels, 4, weights)
    assert log_calinski_harabasz(points, 3 - labels, 4, weights) == pytest.approx(expected, rel=1e-12)


def test_pixels_of_weight_zero_are_absent(clustering):
    points, labels, weights = clustering
    weights[::3] = 0
    kept = weights > 0
    expected = log_calinski_harabasz(points[kept], labels[kept], 4, weights[kept])
    assert log_calinski_harabasz(points, labels, 4, weights) == pytest.approx(expected, rel=1e-12)


def test_clusters_that_are_not_found_count_against_the_model(clustering):
    points, labels, _ = clustering
    found, asked = 4, 7
    difference = log_calinski_harabasz(points, labels, found) - log_calinski_harabasz(points, labels, asked)
    assert difference == pytest.approx(np.log((asked - 1) / (found - 1)))


def test_the_true_number_of_clusters_scores_best():
    centers = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1]])
    points = np.repeat(centers, 100, axis=0) + np.random.default_rng(0).normal(scale=0.1, size=(300, 3))
    scores = {
        k: log_calinski_harabasz(points, KMeans(k, n_init=3, random_state=0).fit_predict(points), k)
        for k in range(1, 7)
    }
    assert max(scores, key=scores.get) == 3


def test_one_cluster_scores_lowest_of_all_and_is_finite():
    points = [[0.0], [1.0], [0.0], [1.0]]
    one_cluster = log_calinski_harabasz(points, [0, 0, 0, 0], 1)
    clusters_that_do_not_differ = log_calinski_harabasz(points, [0, 0, 1, 1], 2)
    assert np.isfinite(one_cluster)
    assert one_cluster < clusters_that_do_not_differ


def test_pixels_of_one_color_score_as_one_cluster():
    same = np.full((4, 3), 0.5)
    assert log_calinski_harabasz(same, [0, 0, 0, 0], 3) == log_calinski_harabasz(same, [0, 0, 0, 0], 1)


def test_a_perfect_fit_is_finite_and_fewer_clusters_are_better():
    points = [[0.0], [0.0], [1.0], [1.0]]
    scores = [log_calinski_harabasz(points, [0, 0, 1, 1], n_clusters) for n_clusters in (2, 3, 4)]
    assert np.isfinite(scores).all()
    assert all(fewer > more for fewer, more in pairwise(scores))


def test_a_perfect_fit_beats_a_good_one():
    labels = [0, 0, 1, 1]
    perfect = log_calinski_harabasz([[0.0], [0.0], [1.0], [1.0]], labels, 2)
    assert perfect > log_calinski_harabasz([[0.0], [1e-9], [1.0], [1.0]], labels, 2)


# Adjusted Rand index


@given(labelings=two_labelings())
@few_examples
def test_weighted_rand_index_is_that_of_scikit_learn_on_repeated_pixels(labelings):
    true, predicted, weights = labelings
    expected = adjusted_rand_score(np.repeat(true, weights), np.repeat(predicted, weights))
    assert adjusted_rand(true, predicted, weights) == pytest.approx(expected, abs=1e-12)


@given(labelings=two_labelings())
@few_examples
def test_rand_index_is_symmetric(labelings):
    true, predicted, weights = labelings
    expected = adjusted_rand(predicted, true, weights)
    assert adjusted_rand(true, predicted, weights) == pytest.approx(expected, abs=1e-12)


@given(labelings=two_labelings())
@few_examples
def test_names_of_the_classes_do_not_matter(labelings):
    true, predicted, weights = labelings
    renamed = np.array([70, -3, 12, 5])[predicted]
    assert adjusted_rand(true, renamed, weights) == pytest.approx(adjusted_rand(true, predicted, weights), abs=1e-12)


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 2, 3]])
def test_equal_partitions_agree_fully(labels):
    assert adjusted_rand(labels, labels) == 1.0


def test_one_class_says_nothing_about_many():
    assert adjusted_rand([0, 0, 0, 0], [0, 1, 2, 3]) == 0.0


def test_opposite_halves_of_four_pixels_reach_the_lower_bound():
    assert adjusted_rand([0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx(-0.5)


def test_label_maps_are_compared_pixel_by_pixel():
    true, predicted = np.array([[0, 0], [1, 1]]), np.array([[0, 0], [1, 0]])
    assert adjusted_rand(true, predicted) == adjusted_rand(true.ravel(), predicted.ravel())


def test_a_picture_of_many_megapixels_does_not_overflow():
    true, predicted, pixels = [0, 0, 1, 1], [0, 1, 0, 1], 10**9
    balanced = adjusted_rand(true, predicted, [pixels] * 4)
    assert balanced == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 0.25, 1.0])
def test_weights_below_one_are_scaled_until_the_lightest_pixel_counts_once(scale):
    true, predicted = [0, 0, 1, 1, 1], [0, 0, 1, 0, 1]
    weights = np.array([1, 2, 1, 3, 1])
    expected = adjusted_rand(true, predicted, weights)
    assert adjusted_rand(true, predicted, scale * weights) == pytest.approx(expected)


def test_labelings_without_pixels_or_of_different_size_are_refused():
    with pytest.raises(ValueError, match="No pixel counts"):
        adjusted_rand([], [])
    with pytest.raises(ValueError, match="No pixel counts"):
        adjusted_rand([0, 1], [0, 1], [0, 0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        adjusted_rand([0], [0, 1, 1])


def test_the_criterion_refuses_what_does_not_fit_together():
    with pytest.raises(ValueError, match="labels must lie from 0 to 1; got 0 to 2"):
        log_calinski_harabasz([[1.0], [2.0], [3.0]], [0, 1, 2], 2)
    with pytest.raises(ValueError, match="2D array"):
        log_calinski_harabasz([1.0, 2.0, 3.0], [0, 0, 1], 2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        log_calinski_harabasz([[1.0], [2.0]], [0], 2)
