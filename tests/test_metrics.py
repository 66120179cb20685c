"""The criteria and the agreement of segmentations, against scikit-learn's own on every pixel where it has them."""

import warnings

import numpy as np
import pytest
from helpers import lowered
from hypothesis import assume, given
from hypothesis import strategies as st
from skimage.data import coffee
from skimage.metrics import variation_of_information as split_and_merge
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    mutual_info_score,
    r2_score,
    rand_score,
)
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseg import KMeansSegmenter, RegionSegmenter, metrics

COFFEE = coffee()[::4, ::4]
CRITERIA = [
    metrics.parsimony,
    metrics.log_variance_ratio,
    metrics.neg_davies_bouldin,
    metrics.simplified_silhouette,
    metrics.explained_variance,
    metrics.log_explained,
    metrics.prediction_strength,
]
AGREEMENTS = [metrics.adjusted_rand, metrics.probabilistic_rand, metrics.covering]

each_criterion = pytest.mark.parametrize("criterion", CRITERIA)
each_agreement = pytest.mark.parametrize("agreement", [*AGREEMENTS, metrics.variation_of_information])


@pytest.fixture(scope="module")
def held_out():
    """A model of the left half, the features of all pixels of the right half, and their labels."""
    left, right = COFFEE[:, :75], COFFEE[:, 75:]
    model = KMeansSegmenter(5, random_state=0).fit(left)
    return model, right, model.pipeline_["color"].transform(right.reshape(-1, 3)), model.predict(right).ravel()


@pytest.fixture(scope="module")
def scenes():
    """Two images of three noisy colors."""
    rng = np.random.default_rng(0)
    colors = np.array([[40, 40, 60], [200, 60, 40], [90, 180, 90]])
    labels = [rng.choice(3, size=(50, 50), p=[0.6, 0.3, 0.1]) for _ in range(2)]
    return [np.clip(colors[part] + rng.normal(0, 6, (50, 50, 3)), 0, 255).astype(np.uint8) for part in labels]


@st.composite
def two_labelings(draw):
    n_pixels = draw(st.integers(2, 15))
    labelings = [draw(st.lists(st.integers(0, 3), min_size=n_pixels, max_size=n_pixels)) for _ in range(2)]
    weights = draw(st.lists(st.integers(0, 3), min_size=n_pixels, max_size=n_pixels))
    assume(sum(weights) >= 2)
    return (*labelings, weights)


# Criteria


def test_log_variance_ratio_is_calinski_harabasz_of_scikit_learn_on_all_pixels(held_out):
    model, image, features, labels = held_out
    expected = np.log(calinski_harabasz_score(features, labels) / (len(features) - 5))
    assert metrics.log_variance_ratio(model, image) == pytest.approx(expected, rel=1e-9)


def test_davies_bouldin_is_that_of_scikit_learn_on_all_pixels(held_out):
    model, image, features, labels = held_out
    assert metrics.neg_davies_bouldin(model, image) == pytest.approx(-davies_bouldin_score(features, labels), rel=1e-9)


def test_simplified_silhouette_compares_the_two_nearest_centers_of_every_pixel(held_out):
    model, image, features, _ = held_out
    near, next_near = np.sort(model.pipeline_["kmeans"].transform(features), axis=1)[:, :2].T
    assert metrics.simplified_silhouette(model, image) == pytest.approx(np.mean(1 - near / next_near), rel=1e-9)


def test_explained_variance_is_r2_of_the_centers(held_out):
    model, image, features, labels = held_out
    centers = model.pipeline_["kmeans"].cluster_centers_[labels]
    expected = r2_score(features, centers, multioutput="variance_weighted")
    assert metrics.explained_variance(model, image) == pytest.approx(expected, rel=1e-9)
    assert metrics.log_explained(model, image) == pytest.approx(-np.log(1 - expected), rel=1e-9)


@pytest.mark.parametrize(("value", "explained"), [(10, 1), (12, 0)])
def test_one_color_is_explained_wholly_or_not_at_all(value, explained):
    model = KMeansSegmenter(2, random_state=0).fit(np.array([[[10] * 3, [200] * 3]], dtype=np.uint8))
    assert metrics.explained_variance(model, np.full((3, 4, 3), value, dtype=np.uint8)) == explained


@pytest.mark.parametrize("n_clusters", [2, 5])
def test_prediction_strength_is_the_least_share_of_pairs_that_are_predicted(n_clusters):
    left, image = COFFEE[:, :75], COFFEE[:, 75:]
    model = KMeansSegmenter(n_clusters, random_state=0).fit(left)
    labels = model.predict(image).ravel()
    own = KMeansSegmenter(n_clusters, random_state=0).fit_predict(image).ravel()
    strengths = [(np.bincount(labels[own == k]) ** 2).sum() / (own == k).sum() ** 2 for k in range(n_clusters)]
    assert metrics.prediction_strength(model, image) == pytest.approx(min(strengths), rel=1e-9)


def separations(features, labels, centers):
    """How well each cluster is separated from its worst neighbor, from the definition, pixel by pixel."""
    counts = []
    for a, center in enumerate(centers):
        contrasts = []
        for b, other in enumerate(centers):
            if a == b:
                continue
            width = 0.1 * np.linalg.norm(center - other)
            at, at_other, midway = (
                np.exp(-((members - point) ** 2).sum(axis=1) / (2 * width**2)).sum()
                for members, point in (
                    (features[labels == a], center),
                    (features[labels == b], other),
                    (features[(labels == a) | (labels == b)], (center + other) / 2),
                )
            )
            ratio = min(midway / max(min(at, at_other), np.finfo(float).tiny), 1e9)
            contrasts.append((1 - ratio**2) / (1 + ratio**2))
        counts.append(max(min(contrasts), 0) * (labels == a).any())
    return np.array(counts)


def parsimony_by_definition(model, X):
    features, centers = model.pipeline_["color"].transform(X), model.pipeline_["kmeans"].cluster_centers_
    labels = model.predict(X)
    spread = np.linalg.eigvalsh(np.cov(features.T))
    n_dimensions = spread.sum() ** 2 / max((spread**2).sum(), 1e-300)
    within = ((features - centers[labels]) ** 2).sum()
    total = ((features - features.mean(axis=0)) ** 2).sum()
    unexplained = within / total if total else 1
    return -n_dimensions / 2 * np.log(unexplained + 0.015) - (0.18 - 0.1 * separations(features, labels, centers)).sum()


def overlapping(shares, noise, seed=0):
    """Pixels of two channels around four levels, of which some have valleys between them and some have none."""
    rng = np.random.default_rng(seed)
    levels = rng.choice([0.1, 0.3, 0.55, 0.9], size=4000, p=shares)
    return (levels[:, np.newaxis] * [1, 0.5] + rng.normal(0, noise, (4000, 2))).round(2)


@pytest.mark.parametrize("noise", [0.02, 0.05, 0.07, 0.1])
@pytest.mark.parametrize("n_clusters", [2, 3, 4, 6])
def test_parsimony_is_explained_variance_less_a_cost_that_valleys_halve(noise, n_clusters):
    model = KMeansSegmenter(n_clusters, random_state=0).fit(overlapping([0.4, 0.2, 0.3, 0.1], noise))
    X = overlapping([0.2, 0.3, 0.4, 0.1], noise, seed=1)
    assert metrics.parsimony(model, X) == pytest.approx(parsimony_by_definition(model, X), rel=1e-6)


@pytest.mark.parametrize("present", [[0.1, 0.3], [0.3, 0.55], [0.9, 0.55], [0.1], [40.0]])
def test_a_cluster_that_has_no_pixel_is_not_well_separated(present):
    model = KMeansSegmenter(4, random_state=0).fit(overlapping([0.25] * 4, 0.02))
    X = np.repeat(present, [5, 3, 2][: len(present)])[:, np.newaxis] * [1, 0.5]
    assert metrics.parsimony(model, X) == pytest.approx(parsimony_by_definition(model, X), rel=1e-6)


def test_the_default_score_is_parsimony(held_out):
    model, image, _, _ = held_out
    assert model.score(image) == metrics.parsimony(model, image)


@each_criterion
def test_a_weight_is_a_repetition(criterion, held_out):
    model, image, _, _ = held_out
    weights = np.random.default_rng(0).integers(0, 3, size=image.shape[:2])
    repeated = np.repeat(image.reshape(-1, 3), weights.ravel(), axis=0)
    assert criterion(model, image, sample_weight=weights) == pytest.approx(criterion(model, repeated), rel=1e-9)


@each_criterion
def test_an_image_a_list_of_its_parts_and_its_table_score_the_same(criterion, held_out):
    model, image, _, _ = held_out
    expected = criterion(model, image)
    assert criterion(model, [image[:30], image[30:]]) == expected
    assert criterion(model, image.reshape(-1, 3)) == expected


@each_criterion
def test_larger_images_of_the_same_score_the_same(criterion, held_out):
    model, image, _, _ = held_out
    assert criterion(model, np.concatenate([image, image])) == pytest.approx(criterion(model, image), rel=1e-9)


@each_criterion
def test_a_masked_pixel_does_not_count(criterion, held_out):
    model, image, _, _ = held_out
    masked = np.ma.MaskedArray(image, mask=np.zeros(image.shape, bool))
    masked[:40] = np.ma.masked
    assert criterion(model, masked) == criterion(model, image[40:])


@pytest.mark.parametrize(
    "criterion",
    [metrics.parsimony, metrics.log_variance_ratio, metrics.simplified_silhouette, metrics.neg_davies_bouldin],
)
def test_the_true_number_of_colors_scores_best(criterion, scenes):
    models = [KMeansSegmenter(k, random_state=0).fit(scenes[0]) for k in range(1, 8)]
    assert 1 + np.argmax([criterion(model, scenes[1]) for model in models]) == 3


@pytest.mark.parametrize(
    "criterion",
    [each for each in CRITERIA if "explained" not in each.__name__ and each is not metrics.prediction_strength],
)
@pytest.mark.parametrize("n_true", [2, 3])
def test_two_and_three_colors_are_told_from_one_more_and_one_less(criterion, n_true):
    rng = np.random.default_rng(0)
    levels = np.array([20, 120, 220], dtype=float)[:n_true]
    X = (rng.choice(levels, size=3000) + rng.normal(0, 5, 3000)).round()[:, np.newaxis]
    scores = [criterion(KMeansSegmenter(k, random_state=0).fit(X), X) for k in range(1, 6)]
    assert 1 + np.argmax(scores) == n_true


@pytest.mark.parametrize(
    ("criterion", "least"),
    [
        (metrics.parsimony, -1e6),
        (metrics.log_variance_ratio, -1e6),
        (metrics.neg_davies_bouldin, -1e6),
        (metrics.simplified_silhouette, -1),
        (metrics.prediction_strength, 0),
        (metrics.explained_variance, 0),
        (metrics.log_explained, 0),
    ],
)
def test_one_cluster_has_the_least_score(criterion, least):
    assert criterion(KMeansSegmenter(1).fit(COFFEE), COFFEE) == pytest.approx(least, abs=1e-12)


@pytest.mark.parametrize("n_colors", [2, 4])
def test_colors_without_any_spread_are_perfect_but_finite(n_colors):
    X = np.arange(n_colors)[:, np.newaxis] * 10.0
    model = KMeansSegmenter(n_colors, random_state=0).fit(X)
    assert metrics.explained_variance(model, X) == 1
    assert metrics.log_explained(model, X) == pytest.approx(np.log(1e6))
    assert metrics.log_variance_ratio(model, X) == pytest.approx(np.log(1e12 / (n_colors - 1)))
    assert metrics.simplified_silhouette(model, X) == pytest.approx(1)
    assert metrics.neg_davies_bouldin(model, X) == pytest.approx(0, abs=1e-9)


@each_criterion
def test_a_single_color_for_several_clusters_has_a_finite_score(criterion):
    image = np.full((5, 5, 3), 7, np.uint8)
    with pytest.warns(ConvergenceWarning):
        model = KMeansSegmenter(3).fit(image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        assert np.isfinite(criterion(model, image))
    if criterion is metrics.simplified_silhouette:
        assert criterion(model, COFFEE) == -1


@each_criterion
def test_pixels_that_all_fall_into_one_cluster_have_a_finite_score(criterion):
    model = KMeansSegmenter(3, random_state=0).fit(COFFEE)
    X = COFFEE[model.labels_ == 1][:50]
    score = criterion(model, X)
    assert np.isfinite(score)
    if criterion in (metrics.log_variance_ratio, metrics.neg_davies_bouldin):
        assert score == -1e6


@pytest.mark.parametrize("image", [COFFEE, np.full((5, 5, 3), 7, np.uint8)], ids=["many colors", "one color"])
@pytest.mark.parametrize("criterion", [criterion for criterion in CRITERIA if "explained" not in criterion.__name__])
def test_one_cluster_never_wins(criterion, image):
    score = criterion(KMeansSegmenter(1).fit(image), image)
    assert np.isfinite(score)
    assert score <= criterion(KMeansSegmenter(2, random_state=0).fit(COFFEE), COFFEE)


@each_criterion
def test_more_clusters_than_colors_are_finite_and_never_better(criterion):
    image = np.array([[[0, 0, 0], [250, 20, 20], [20, 240, 60]]], dtype=np.uint8).repeat(4, axis=1)
    enough = criterion(KMeansSegmenter(3, random_state=0).fit(image), image)
    with pytest.warns(ConvergenceWarning):
        too_many = criterion(KMeansSegmenter(6, random_state=0).fit(image), image)
    assert np.isfinite(too_many)
    assert too_many <= enough


@each_criterion
def test_a_criterion_serves_as_scoring(criterion):
    segmenter = KMeansSegmenter(3, n_init=1, random_state=0)
    search = GridSearchCV(segmenter, {"n_clusters": [2, 3]}, scoring=criterion, cv=2)
    assert np.isfinite(search.fit(COFFEE[::2, ::2]).cv_results_["mean_test_score"]).all()
    images = [COFFEE[::2, ::2], COFFEE[::4, ::2]]
    scores = cross_validate(segmenter, images, scoring=criterion, cv=2)
    assert np.isfinite(scores["test_score"]).all()


@each_criterion
def test_a_criterion_looks_through_a_pipeline(criterion):
    darker = FunctionTransformer(lambda image: image // 2)
    pipeline = make_pipeline(darker, darker, KMeansSegmenter(4, random_state=0)).fit(COFFEE)
    assert criterion(pipeline, COFFEE) == criterion(pipeline[-1], COFFEE // 4)
    assert criterion(make_pipeline(darker, pipeline[-1]), COFFEE // 2) == criterion(pipeline[-1], COFFEE // 4)
    assert criterion(make_pipeline(pipeline[-1]), COFFEE // 4) == criterion(pipeline[-1], COFFEE // 4)


@each_criterion
def test_another_estimator_is_refused(criterion):
    with pytest.raises(TypeError, match="estimator must be a KMeansSegmenter or end in one; got FunctionTransformer"):
        criterion(FunctionTransformer(), COFFEE)


# Rules


def results(n_clusters, means, **others):
    params = [{"kmeanssegmenter__n_clusters": k} for k in n_clusters]
    return {"params": params, "mean_test_score": np.array(means, float)} | others


@given(
    curve=st.dictionaries(st.integers(1, 40), st.integers(-50, 50), min_size=2, max_size=8),
    order=st.randoms(use_true_random=False),
)
def test_the_knee_is_farthest_above_the_chord(curve, order):
    points = list(curve.items())
    order.shuffle(points)
    k, means = np.array(points, dtype=float).T
    first, last = k.argmin(), k.argmax()
    chord = means[first] + (means[last] - means[first]) * (k - k[first]) / (k[last] - k[first])
    chosen = metrics.knee(results(*zip(*points, strict=True)))
    assert (means - chord)[chosen] == pytest.approx((means - chord).max())


def test_one_standard_error_takes_the_fewest_clusters_that_are_nearly_best():
    spread = {"std_test_score": np.full(4, 0.5), **{f"split{fold}_test_score": None for fold in range(4)}}
    spread |= {f"split{fold}_train_score": None for fold in range(4)}
    assert metrics.one_standard_error(results([5, 3, 4, 2], [3.0, 2.75, 2.95, 2.7], **spread)) == 1


@pytest.mark.parametrize("rule", [metrics.knee, metrics.one_standard_error])
def test_only_the_number_of_clusters_may_be_searched(rule):
    searched = {"params": [{"n_clusters": 2, "color_space": "lab"}], "mean_test_score": np.zeros(1)}
    with pytest.raises(ValueError, match=r"search over n_clusters alone; got \['color_space', 'n_clusters'\]"):
        rule(searched)


def test_a_knee_needs_a_curve():
    with pytest.raises(ValueError, match="more than one number of clusters"):
        metrics.knee(results([3], [1.0]))


@pytest.mark.parametrize("rule", [metrics.knee, metrics.one_standard_error])
def test_a_rule_serves_as_refit(rule, scenes):
    scoring = metrics.log_explained if rule is metrics.knee else None
    segmenter = KMeansSegmenter(random_state=0)
    search = GridSearchCV(segmenter, {"n_clusters": range(2, 8)}, scoring=scoring, refit=rule, cv=2)
    assert search.fit(scenes).best_params_ == {"n_clusters": 3}


# Agreement


@pytest.mark.parametrize(
    "labelings", [([0], [3]), ([0, 0], [1, 1]), ([0, 0], [0, 1]), ([0, 1], [0, 0]), ([0, 1], [1, 0])]
)
def test_one_or_two_pixels_agree_as_scikit_learn_says(labelings):
    assert metrics.adjusted_rand(*labelings) == adjusted_rand_score(*labelings)
    assert metrics.probabilistic_rand(*labelings) == rand_score(*labelings)


def test_images_of_a_list_have_weights_of_their_own_and_any_number_of_pixels():
    truths, predicted = [[0, 0, 1, 1], [0, 1, 1]], [[0, 1, 1, 1], [2, 1, 1]]
    weights = [[1, 2, 3, 1], [2, 1, 5]]
    images = [list(map(np.array, maps)) for maps in (truths, predicted, weights)]
    expected = np.mean([metrics.adjusted_rand(*image) for image in zip(*images, strict=True)])
    assert metrics.adjusted_rand(*images) == pytest.approx(expected)
    assert expected != pytest.approx(metrics.adjusted_rand(*images[:2]))
    assert metrics.adjusted_rand(*(maps[:1] for maps in images)) == metrics.adjusted_rand(*(maps[0] for maps in images))


@pytest.mark.parametrize("n_kept", [(1, 2, 2), (2, 1, 2), (2, 2, 1)])
def test_lists_of_different_length_are_refused(n_kept):
    maps = [np.zeros(4, dtype=int), np.ones(4, dtype=int)]
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        metrics.adjusted_rand(*(maps[:n] for n in n_kept))


def test_weights_that_are_masked_are_none():
    labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    weights = np.ma.MaskedArray([5, 2, 3, 4], mask=[1, 0, 0, 0])
    assert metrics.adjusted_rand(*labels, weights) == metrics.adjusted_rand(*labels, [0, 2, 3, 4])


def test_pixels_of_very_many_regions_have_weights():
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(3000, size=(2, 9000))
    weights = rng.integers(1, 4, 9000)
    repeated = adjusted_rand_score(np.repeat(truth, weights), np.repeat(predicted, weights))
    assert metrics.adjusted_rand(truth, predicted, weights) == pytest.approx(repeated)


@given(labelings=two_labelings())
def test_weighted_agreement_is_that_of_scikit_learn_on_repeated_pixels(labelings):
    true, predicted, weights = labelings
    expected = adjusted_rand_score(np.repeat(true, weights), np.repeat(predicted, weights))
    assert metrics.adjusted_rand(true, predicted, weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", [*AGREEMENTS, metrics.variation_of_information])
@given(labelings=two_labelings())
def test_weights_count_as_repeated_pixels(measure, labelings):
    true, predicted, weights = labelings
    expected = measure(np.repeat(true, weights), np.repeat(predicted, weights))
    assert measure(true, predicted, weights) == pytest.approx(expected, abs=1e-12)


@given(labelings=two_labelings())
def test_rand_index_is_that_of_scikit_learn(labelings):
    true, predicted, _ = labelings
    assert metrics.probabilistic_rand(true, predicted) == pytest.approx(rand_score(true, predicted), abs=1e-12)


@given(labelings=two_labelings())
def test_variation_of_information_is_that_of_scikit_image_and_scikit_learn(labelings):
    true, predicted, _ = map(np.array, labelings)
    distance = metrics.variation_of_information(true, predicted)
    assert distance == pytest.approx(sum(split_and_merge(true, predicted)), abs=1e-9)
    entropies = mutual_info_score(true, true) + mutual_info_score(predicted, predicted)
    expected = (entropies - 2 * mutual_info_score(true, predicted)) / np.log(2)
    assert distance == pytest.approx(expected, abs=1e-9)


@given(labelings=two_labelings())
def test_covering_is_the_best_overlap_of_each_true_region(labelings):
    true, predicted, _ = map(np.array, labelings)
    expected = 0.0
    for label in np.unique(true):
        region = true == label
        overlaps = [(region & other).sum() / (region | other).sum() for other in (predicted == k for k in range(4))]
        expected += region.mean() * max(overlaps)
    assert metrics.covering(true, predicted) == pytest.approx(expected, abs=1e-12)


@given(labelings=two_labelings())
def test_what_number_a_class_has_does_not_matter(labelings):
    true, predicted, weights = labelings
    renamed = [9 - label for label in predicted]
    expected = metrics.adjusted_rand(true, predicted, weights)
    assert metrics.adjusted_rand(true, renamed, weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("block", [1, 30, 1 << 16])
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "float32", "bool", "<U3"])
def test_classes_of_any_type_are_told_apart(dtype, block):
    rng = np.random.default_rng(0)
    whole = np.array([-128, 127] if dtype == "int8" else [0, 1]).astype(dtype)
    for labels in (rng.integers(0, 2, 50).astype(dtype), rng.choice(whole, 50), rng.integers(5, 25, 70).astype(dtype)):
        halves = rng.permutation(labels)[: len(labels) // 2]
        predicted = np.concatenate([labels[: len(labels) - len(halves)], halves])
        with lowered(map_numbers=block):
            assert metrics.adjusted_rand(labels, labels) == 1
            assert metrics.adjusted_rand(labels, predicted) == pytest.approx(adjusted_rand_score(labels, predicted))
    huge = np.array([2**64 - 1, 3, 2**63, 3], dtype=np.uint64)
    assert metrics.adjusted_rand(huge, [2, 0, 1, 0]) == 1


@pytest.mark.parametrize("n_cells", [0, 1 << 22])
@pytest.mark.parametrize("block", [1, 30, 1 << 16])
def test_how_pixels_are_counted_does_not_matter(lower, n_cells, block):
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 9, (2, 20, 30))
    predicted = np.ma.array(np.where(rng.random((20, 30)) < 0.6, truth, predicted), mask=rng.random((20, 30)) < 0.1)
    weights = rng.integers(0, 3, (20, 30))
    scores = [agreement(truth, predicted) for agreement in (*AGREEMENTS, metrics.variation_of_information)]
    weighted = metrics.adjusted_rand(truth, predicted, weights)
    lower(crossed_labels=n_cells, map_numbers=block)
    again = [agreement(truth, predicted) for agreement in (*AGREEMENTS, metrics.variation_of_information)]
    assert again == pytest.approx(scores, rel=1e-12)
    assert metrics.adjusted_rand(truth, predicted, weights) == pytest.approx(weighted, rel=1e-12)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [0, 1, 1]])
def test_equal_partitions_agree_wholly(labels):
    assert [agreement(labels, labels) for agreement in AGREEMENTS] == [1.0, 1.0, 1.0]
    assert metrics.variation_of_information(labels, labels) == 0


@each_agreement
def test_several_annotators_and_several_images_are_averaged(agreement):
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(3, size=(4, 6, 5)), rng.integers(3, size=(6, 5))
    each = [agreement(annotator, predicted) for annotator in truth]
    assert agreement(truth, predicted) == pytest.approx(np.mean(each))
    assert agreement(list(truth), predicted) == pytest.approx(np.mean(each))
    images = agreement([truth, truth[0]], [predicted, predicted])
    assert images == pytest.approx((np.mean(each) + each[0]) / 2)


@each_agreement
def test_masked_pixels_do_not_count(agreement):
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(3, size=(2, 6, 5))
    masked = np.ma.MaskedArray(predicted, mask=np.arange(30).reshape(6, 5) < 10)
    assert agreement(truth, masked) == agreement(truth[2:], predicted[2:])
    assert agreement(np.ma.MaskedArray(truth, mask=masked.mask), predicted) == agreement(truth[2:], predicted[2:])


@each_agreement
def test_transposed_label_maps_are_refused(agreement):
    truth = np.arange(12).reshape(3, 4) % 3
    with pytest.raises(ValueError, match=r"shape of labels_pred, \(4, 3\), .* got label maps of \(3, 4\) instead"):
        agreement(truth, truth.T)
    with pytest.raises(ValueError, match=r"got label maps of \(4, 3\) instead"):
        agreement([truth, truth.T], truth)
    with pytest.raises(ValueError, match="no annotator"):
        agreement(np.empty((0, 3, 4)), truth)


@each_agreement
def test_nested_lists_are_one_label_map(agreement):
    one, other = np.arange(12).reshape(3, 4) % 3, np.arange(12).reshape(3, 4) % 2
    assert agreement(one.tolist(), other.tolist()) == agreement(one, other)
    assert agreement([one.tolist(), other.tolist()], other.tolist()) == agreement([one, other], other)


@each_agreement
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_labels_that_are_not_finite_are_refused(agreement, value):
    with pytest.raises(ValueError, match="must not be NaN or infinite"):
        agreement([0.0, value], [0, 1])


@pytest.mark.parametrize("weight", [-1.0, np.inf, np.nan])
def test_weights_that_are_not_finite_or_negative_are_refused(weight):
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        metrics.adjusted_rand([0, 0, 1], [0, 1, 1], [1.0, 1.0, weight])


@each_agreement
def test_label_maps_of_different_size_or_without_pixels_are_refused(agreement):
    with pytest.raises(ValueError, match="must have the shape of labels_pred"):
        agreement([[0, 1, 1]], [0, 1])
    with pytest.raises(ValueError, match="No pixels to compare"):
        agreement([], [])


@each_agreement
def test_many_regions_are_counted_as_well(agreement):
    regions = np.arange(3000)
    assert agreement(regions, regions) == (0 if agreement is metrics.variation_of_information else 1)


@pytest.mark.parametrize("scale", [1e-6, 0.25, 1.0])
def test_weights_below_one_are_scaled_until_the_lightest_pixel_counts_once(scale):
    true, predicted, weights = [0, 0, 1, 1, 1], [0, 0, 1, 0, 1], np.array([1, 2, 1, 3, 1])
    expected = metrics.adjusted_rand(true, predicted, weights)
    assert metrics.adjusted_rand(true, predicted, scale * weights) == pytest.approx(expected)


def test_score_takes_several_annotators():
    model = KMeansSegmenter(3, random_state=0).fit(COFFEE)
    annotators = np.stack([COFFEE[..., 0] > 100, COFFEE[..., 0] > 150])
    expected = np.mean([model.score(COFFEE, annotator) for annotator in annotators])
    assert model.score(COFFEE, annotators) == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64, bool, np.float64])
def test_what_number_a_class_has_does_not_matter_in_any_dtype(dtype):
    truth, predicted = np.random.default_rng(0).integers(2, size=(2, 50))
    kind = np.dtype(dtype).kind
    extremes = [np.iinfo(dtype).min, np.iinfo(dtype).max] if kind in "iu" else [0, 1]
    renamed = np.array(extremes, dtype=dtype)[predicted]
    assert metrics.covering(truth, renamed) == metrics.covering(truth, predicted)
    neighbors = np.array([extremes[1], extremes[1] - 1], dtype=dtype)[predicted]
    assert metrics.covering(truth, neighbors) == metrics.covering(truth, predicted)


# Folds and candidates that fail


@pytest.mark.parametrize("rule", [metrics.knee, metrics.one_standard_error])
def test_candidates_that_failed_are_not_chosen(rule):
    params = [{"n_clusters": k} for k in (2, 3, 4, 5)]
    scores = np.array([1.0, np.nan, 2.9, 3.0])
    results = {"params": params, "mean_test_score": scores, "std_test_score": scores / 10, "split0_test_score": ...}
    assert rule(results) == 2
    with pytest.raises(ValueError, match="finite score"):
        rule(results | {"mean_test_score": np.full(4, np.nan)})


@pytest.mark.parametrize("scoring", [None, metrics.simplified_silhouette])
@pytest.mark.filterwarnings("ignore:X has no pixels:RuntimeWarning")
def test_a_masked_fold_does_not_spoil_a_search(scoring):
    image = np.ma.MaskedArray(coffee()[::8, ::8])
    image[:13] = np.ma.masked
    grid = {"n_clusters": [2, 3, 4]}
    search = GridSearchCV(KMeansSegmenter(random_state=0), grid, cv=4, scoring=scoring, error_score="raise").fit(image)
    assert search.cv_results_["split0_test_score"].tolist() == [0, 0, 0]
    assert len(set(search.cv_results_["mean_test_score"])) == 3


@pytest.mark.parametrize("y", [None, np.zeros((4, 5), dtype=int)])
def test_an_image_without_pixels_scores_zero_with_a_warning(y):
    segmenter = KMeansSegmenter(2, random_state=0).fit(coffee())
    masked = np.ma.masked_all((4, 5, 3), dtype=np.uint8)
    with pytest.warns(RuntimeWarning, match="The score is 0"):
        assert segmenter.score(masked, y) == 0


def test_criteria_look_into_searches_and_pipelines():
    image = coffee()[::4, ::4]
    search = GridSearchCV(make_pipeline(KMeansSegmenter(random_state=0)), {"kmeanssegmenter__n_clusters": [3]}, cv=2)
    with pytest.raises(NotFittedError):
        metrics.simplified_silhouette(search, image)
    assert metrics.simplified_silhouette(search.fit(image), image) == metrics.simplified_silhouette(
        search.best_estimator_[-1], image
    )
    with pytest.raises(ValueError, match="refit=True"):
        metrics.simplified_silhouette(clone(search).set_params(refit=False).fit(image), image)


def test_masked_images_of_a_list_have_no_say_in_its_score():
    image = coffee()[::4, ::4]
    segmenter, truth = KMeansSegmenter(2, random_state=0).fit(image), image[..., 0] > 100
    masked = np.ma.masked_all_like(image)
    assert segmenter.score([image, masked], [truth, truth]) == segmenter.score(image, truth)
    with pytest.warns(RuntimeWarning, match="The score is 0"):
        assert segmenter.score([masked], [truth]) == 0


@pytest.mark.parametrize("estimator", [KMeansSegmenter(2, random_state=0), RegionSegmenter()])
def test_images_whose_truth_is_masked_have_no_say_in_a_score(estimator):
    image = coffee()[::20, ::20]
    truth = image[..., 0] > 100
    unknown, fitted = np.ma.masked_all(truth.shape, dtype=int), estimator.fit(image)
    assert fitted.score([image, image], [truth, unknown]) == fitted.score(image, truth)
    assert fitted.score(np.stack([image, image]), np.ma.stack([truth, unknown])) != 0
    for X, y in ((image, unknown), ([image], [unknown]), (np.ma.masked_all_like(image), truth)):
        with pytest.warns(RuntimeWarning, match="The score is 0"):
            assert fitted.score(X, y) == 0


def test_weights_of_zero_or_a_masked_truth_do_not_break_a_search():
    image = coffee()[::4, ::4]
    truth = np.ma.MaskedArray(image[..., 0] > 100)
    truth[:50] = np.ma.masked
    segmenter = KMeansSegmenter(2, random_state=0)
    with pytest.warns(RuntimeWarning, match="The score is 0"):
        scores = cross_val_score(segmenter, image, truth, cv=4, error_score="raise")
    assert scores[0] == scores[1] == 0 < scores[3]
    with pytest.warns(RuntimeWarning, match="The score is 0"):
        assert segmenter.fit(image).score(image, truth, np.zeros(truth.shape)) == 0


@pytest.mark.parametrize("labels", [[1j, 2j], [0, None]])
def test_labels_of_other_kinds_are_refused(labels):
    with pytest.raises(ValueError, match="Labels must be numbers or strings"):
        metrics.covering(labels, [0, 1])


@pytest.mark.parametrize("measure", [metrics.covering, metrics.adjusted_rand, metrics.probabilistic_rand])
@pytest.mark.parametrize("shape", [(4, 5), (1, 7), (1, 1), (20,)])
@pytest.mark.parametrize("n_annotators", [1, 2, 3])
def test_annotators_are_one_more_axis_in_front_of_any_shape(measure, shape, n_annotators):
    maps = np.random.default_rng(0).integers(0, 3, (n_annotators, *shape))
    predicted = np.random.default_rng(1).integers(0, 3, shape)
    assert measure(maps, predicted) == measure(list(maps), predicted)
    assert measure(np.ma.asarray(maps), predicted) == measure(list(maps), predicted)


@pytest.mark.parametrize(("shape", "found"), [((3, 3), r"\(3, 3\)"), ((2, 3, 3), r"\(3, 3\)"), ((15,), r"\(15,\)")])
def test_a_true_map_of_another_size_is_named_by_its_shape(shape, found):
    with pytest.raises(ValueError, match=f"the shape of labels_pred.* got label maps of {found}"):
        metrics.covering(np.zeros(shape, dtype=int), np.zeros((4, 4), dtype=int))


def test_one_annotator_is_scored_as_a_map():
    image = coffee()[::20, ::20]
    truth = (image[..., 0] > 100).astype(int)
    for estimator in (KMeansSegmenter(2, random_state=0), RegionSegmenter()):
        assert estimator.fit(image).score(image, truth[np.newaxis]) == estimator.score(image, truth)


@pytest.mark.parametrize("scale", [1e-120, 1e-80, 1e80, 1e120])
@pytest.mark.parametrize("name", ["parsimony", "log_variance_ratio", "neg_davies_bouldin", "simplified_silhouette"])
def test_the_scale_of_the_colors_does_not_matter(name, scale):
    pixels = np.random.default_rng(0).random((500, 3))
    scores = []
    for X in (pixels, pixels * scale):
        segmenter = KMeansSegmenter(3, color_space=None, init=X[:3], tol=0).fit(X)
        scores.append(getattr(metrics, name)(segmenter, X))
    assert scores[1] == pytest.approx(scores[0], rel=1e-6)
