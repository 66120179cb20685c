"""What scikit-learn's KMeans promises, KMeansSegmenter keeps: starts, iterations, labels, weights, parameters."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import v_measure_score

from skseg import KMeansSegmenter, metrics

N_CLUSTERS = 4
TABLE, _ = make_blobs(400, centers=N_CLUSTERS, n_features=5, cluster_std=0.5, random_state=1)
STARTS = ["k-means++", "random", TABLE[:N_CLUSTERS]]


def segmenter(**params):
    return KMeansSegmenter(**{"n_clusters": N_CLUSTERS, "random_state": 0} | params)


def overlapping(**params):
    """Five channels without structure, where iterations go on for long."""
    return segmenter(n_clusters=8, **params), np.random.default_rng(0).normal(size=(500, 5))


# Starts


@pytest.mark.parametrize("init", STARTS, ids=["k-means++", "random", "given"])
def test_blobs_are_found_from_any_start(init):
    n_init = 1 if isinstance(init, np.ndarray) else 10
    model = segmenter(init=init, n_init=n_init).fit(TABLE)
    plain = KMeans(N_CLUSTERS, init=init, n_init=n_init, random_state=0).fit(TABLE)
    assert model.inertia_ == pytest.approx(plain.inertia_)
    assert v_measure_score(model.labels_, plain.labels_) == pytest.approx(1)


def test_more_starts_are_never_worse():
    inertias = [overlapping(n_init=n_init, init="random")[0].fit(overlapping()[1]).inertia_ for n_init in (1, 5, 20)]
    assert inertias[0] >= inertias[1] >= inertias[2]
    assert inertias[0] > inertias[2]


def test_a_start_from_fitted_centers_changes_nothing():
    first = segmenter(tol=0).fit(TABLE)
    again = segmenter(tol=0, init=first.cluster_centers_).fit(TABLE)
    assert np.array_equal(again.labels_, first.labels_)
    assert again.inertia_ == pytest.approx(first.inertia_)
    assert again.n_iter_ <= 2


def test_start_colors_are_used_once_however_many_starts_are_asked_for():
    with pytest.warns(RuntimeWarning, match="only one init"):
        model = segmenter(init=TABLE[:N_CLUSTERS], n_init=5).fit(TABLE)
    assert np.array_equal(model.labels_, segmenter(init=TABLE[:N_CLUSTERS], n_init=1).fit(TABLE).labels_)


def test_a_callable_makes_the_start_colors():
    calls = []

    def first_colors(colors, n_clusters, random_state):
        calls.append((colors.shape, random_state.__class__))
        return colors[:n_clusters]

    model = segmenter(init=first_colors).fit(TABLE)
    assert calls == [(TABLE.shape, np.random.RandomState)]
    ordered = TABLE[np.lexsort(TABLE.T)]  # the order of the census
    assert np.array_equal(model.labels_, segmenter(init=ordered[:N_CLUSTERS]).fit(TABLE).labels_)
    with pytest.raises(ValueError, match="init must have the shape"):
        segmenter(init=lambda colors, n_clusters, random_state: colors[:2]).fit(TABLE)


def test_clusters_that_lose_all_their_pixels_start_elsewhere():
    start = np.full((N_CLUSTERS, 5), 1e3) + np.arange(N_CLUSTERS)[:, np.newaxis]
    start[0] = TABLE[0]
    model = segmenter(init=start).fit(TABLE)
    assert len(model.cluster_sizes_) == N_CLUSTERS
    assert (model.cluster_sizes_ > 0).all()
    assert model.inertia_ <= KMeans(N_CLUSTERS, init=start, n_init=1).fit(TABLE).inertia_ * (1 + 1e-9)


def test_a_random_state_goes_on_and_a_number_starts_anew():
    state = np.random.RandomState(0)
    X = overlapping()[1]
    first, second = (segmenter(n_clusters=8, random_state=state, init="random").fit(X).labels_ for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(*(segmenter(n_clusters=8, init="random").fit(X).labels_ for _ in range(2)))


# Iterations


@pytest.mark.parametrize("max_iter", [1, 2, 300])
@pytest.mark.parametrize("tol", [0, 1e-4, 0.5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predict_is_labels_whenever_iterations_end(max_iter, tol, dtype):
    model, X = overlapping(max_iter=max_iter, tol=tol, n_init=1)
    X = X.astype(dtype)
    assert 1 <= model.fit(X).n_iter_ <= max_iter
    assert np.array_equal(model.predict(X), model.labels_)
    assert np.array_equal(model.fit_predict(X), model.labels_)


def test_more_iterations_are_never_worse():
    inertias = [overlapping(max_iter=n, n_init=1, tol=0)[0].fit(overlapping()[1]).inertia_ for n in (1, 3, 30)]
    assert inertias[0] > inertias[1] > inertias[2]


def test_without_tolerance_iterations_end_where_every_center_is_the_mean_of_its_pixels():
    model, X = overlapping(tol=0)
    model.fit(X)
    assert model.n_iter_ < model.max_iter
    for label, center in enumerate(model.pipeline_["kmeans"].cluster_centers_):
        np.testing.assert_allclose(center, X[model.labels_ == label].mean(axis=0))
        np.testing.assert_allclose(model.cluster_centers_[label], center)


def test_fewer_colors_than_clusters_are_a_convergence_warning():
    X = np.repeat(TABLE[:3], 10, axis=0)
    with pytest.warns(ConvergenceWarning, match=r"3 distinct colors .* n_clusters=4"):
        model = segmenter().fit(X)
    with pytest.warns(ConvergenceWarning):
        KMeans(N_CLUSTERS, random_state=0).fit(X)
    assert np.unique(model.labels_).tolist() == [0, 1, 2]
    assert model.inertia_ == pytest.approx(0, abs=1e-20)


# What is found


def test_distances_are_those_that_kmeans_transforms_to():
    model = segmenter(output="distance").fit(TABLE)
    np.testing.assert_allclose(model.transform(TABLE), model.pipeline_["kmeans"].transform(TABLE), atol=1e-6)
    centers = model.pipeline_["kmeans"].cluster_centers_
    np.testing.assert_allclose(model.transform(centers).diagonal(), 0, atol=1e-12)


def test_one_cluster_has_the_variance_of_all():
    model = segmenter(n_clusters=1).fit(TABLE)
    assert model.inertia_ == pytest.approx(((TABLE - TABLE.mean(axis=0)) ** 2).sum())


def test_explained_variance_orders_models_as_the_score_of_kmeans_does():
    models = [segmenter(n_clusters=k, n_init=5).fit(TABLE) for k in (2, 3, 4, 8)]
    explained = [metrics.explained_variance(model, TABLE) for model in models]
    scores = [model.pipeline_["kmeans"].score(TABLE) for model in models]
    assert np.array_equal(np.argsort(explained), np.argsort(scores))


def test_integers_are_the_same_numbers():
    whole = np.rint(TABLE * 10)
    by_floats = segmenter().fit(whole)
    for X in (whole.astype(np.int32), whole.astype(np.int64), whole.astype(int).tolist()):
        model = segmenter().fit(X)
        assert np.array_equal(model.labels_, by_floats.labels_)
        np.testing.assert_allclose(model.cluster_centers_, by_floats.cluster_centers_)


def test_the_order_in_memory_does_not_matter():
    expected = segmenter().fit(TABLE)
    model = segmenter().fit(np.asfortranarray(TABLE))
    assert np.array_equal(model.labels_, expected.labels_)
    assert np.array_equal(model.cluster_centers_, expected.cluster_centers_)


# Weights


def test_weights_of_one_are_no_weights():
    expected, model = segmenter().fit(TABLE), segmenter().fit(TABLE, sample_weight=np.ones(len(TABLE)))
    assert np.array_equal(model.labels_, expected.labels_)
    np.testing.assert_allclose(model.cluster_centers_, expected.cluster_centers_)


def test_weights_move_the_centers_and_scale_the_inertia():
    weights = np.random.default_rng(0).uniform(0.1, 1, len(TABLE))
    once, thrice = (segmenter().fit(TABLE, sample_weight=factor * weights) for factor in (1, 3))
    assert np.array_equal(once.labels_, thrice.labels_)
    assert thrice.inertia_ == pytest.approx(3 * once.inertia_)
    for label, center in enumerate(once.cluster_centers_):
        members = once.labels_ == label
        np.testing.assert_allclose(center, np.average(TABLE[members], axis=0, weights=weights[members]))


def test_one_pixel_with_all_the_weight_is_where_the_center_is():
    weights = np.zeros(len(TABLE))
    weights[7] = 1
    model = segmenter(n_clusters=1).fit(TABLE, sample_weight=weights)
    np.testing.assert_allclose(model.cluster_centers_, TABLE[[7]])


# Parameters


@pytest.mark.parametrize("name", ["n_clusters", "n_init", "max_iter", "tol", "init"])
@pytest.mark.parametrize("value", [-1, 0.5j, "nonsense", None])
def test_a_parameter_that_kmeans_refuses_is_refused_by_its_name(name, value):
    with pytest.raises((ValueError, TypeError)):
        KMeans(**{name: value}).fit(TABLE)
    with pytest.raises((ValueError, TypeError), match=name):
        KMeansSegmenter(**{name: value}).fit(TABLE)


@pytest.mark.parametrize("tol", [np.inf, np.nan])
def test_a_tolerance_must_be_finite(tol):
    with pytest.raises(ValueError, match="tol"):
        segmenter(tol=tol).fit(TABLE)


def test_parameters_are_those_of_kmeans_by_the_same_names_and_defaults():
    ours, theirs = KMeansSegmenter().get_params(), KMeans().get_params()
    shared = set(ours) & set(theirs)
    assert shared == {"n_clusters", "init", "n_init", "max_iter", "tol", "random_state"}
    assert {name: ours[name] for name in shared} == {name: theirs[name] for name in shared}


def test_columns_in_another_order_are_refused(pandas):
    frame = pandas.DataFrame(TABLE, columns=list("abcde"))
    model = segmenter().fit(frame)
    assert model.feature_names_in_.tolist() == list("abcde")
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame[list("edcba")])
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(TABLE)


def test_sparse_matrices_are_refused_and_the_way_out_named():
    with pytest.raises(TypeError, match=r"dense data is required.*toarray"):
        segmenter().fit(sparse.csr_matrix(TABLE))


def test_a_clone_fits_the_same_and_predicting_changes_no_center():
    model = segmenter().fit(TABLE)
    before = model.cluster_centers_.copy()
    model.predict(TABLE[:10])
    model.transform(TABLE[::-1])
    assert np.array_equal(model.cluster_centers_, before)
    assert np.array_equal(clone(model).fit(TABLE).cluster_centers_, before)


@pytest.mark.parametrize("n_colors", [500, 20_000])
@pytest.mark.parametrize(
    ("params", "n_found"), [({"color_space": "direction"}, 2), ({"channel_weights": [1, 1, 0]}, 1)], ids=str
)
def test_colors_that_coincide_in_the_color_space_give_fewer_clusters(params, n_found, n_colors):
    """A gray ramp has one direction, but for black, and no saturation."""
    ramp = np.linspace(0, 1, n_colors)[:, np.newaxis].repeat(3, axis=1)
    with pytest.warns(ConvergenceWarning, match="Fewer|fewer|distinct") as raised:
        segmenter = KMeansSegmenter(8, random_state=0, **params).fit(ramp)
    assert len(segmenter.cluster_centers_) == n_found
    assert len(raised) == 1


def test_clusters_that_are_found_in_the_end_are_not_warned_of():
    rng = np.random.default_rng(0)
    table = np.concatenate([rng.normal(place, 1e-3, (5000, 1)) for place in (0, 1e9)])
    assert len(KMeansSegmenter(4, random_state=0).fit(table).cluster_centers_) == 4
