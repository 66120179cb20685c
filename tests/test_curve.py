"""The curve of a criterion is the one of cross-validation, though every picture is counted once for all K."""

import numpy as np
import pytest
from skimage.data import astronaut, coffee
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_validate

from skseg import KMeansSegmenter, TileKFold, metrics
from skseg.cli import app, curve
from skseg.cli.curve import count_parts, criterion_curve, fit_each

COFFEE = coffee()[::4, ::4]  # so many colors that starts are made on cells
CRITERIA = next(each for each in app.commands["choose-k"].params if each.name == "criterion").type.choices
PICTURES = [COFFEE[:70], astronaut()[::5, ::5], COFFEE[70:]]
FLAT = np.repeat(np.array([[0, 0, 0], [250, 20, 20], [20, 240, 60]], dtype=np.uint8), 200, axis=0).reshape(20, 30, 3)


def masked(image):
    mask = np.zeros(image.shape, dtype=bool)
    mask[:, : image.shape[1] // 3] = True
    return np.ma.MaskedArray(image, mask=mask)


def by_cross_validation(pictures, segmenter, n_clusters, criteria):
    """For each K, the entry of each criterion."""
    X, cv = (pictures, KFold(min(5, len(pictures)))) if len(pictures) > 1 else (pictures[0], TileKFold())
    scoring = {name: getattr(metrics, name) for name in {*criteria, "explained_variance"}}
    for n in n_clusters:
        scores = cross_validate(clone(segmenter).set_params(n_clusters=n), X, cv=cv, scoring=scoring)
        explained = scores["test_explained_variance"].mean()
        tests = {name: scores[f"test_{name}"] for name in criteria}
        yield {
            name: {"n_clusters": n, "score": test.mean(), "explained": explained, "spread": test.std()}
            for name, test in tests.items()
        }


def assert_like_cross_validation(pictures, n_clusters, *criteria, **params):
    segmenter = KMeansSegmenter(random_state=0, **params)
    folds = count_parts(pictures, segmenter)
    all_expected = list(by_cross_validation(pictures, segmenter, n_clusters, criteria))
    for criterion in criteria:
        found = criterion_curve(folds, segmenter, n_clusters, criterion)
        for entry, expected in zip(found, (entries[criterion] for entries in all_expected), strict=True):
            assert {name: entry[name] for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-12)
        best = max(found, key=lambda entry: entry["score"])
        least = best["score"] - best["spread"] / np.sqrt(min(5, len(pictures) if len(pictures) > 1 else 5))
        assert [entry["near_best"] for entry in found] == [entry["score"] >= least for entry in found]


def test_every_criterion_is_that_of_cross_validation():
    assert_like_cross_validation(PICTURES, (5,), *CRITERIA)


def test_tiles_of_one_picture_are_those_of_cross_validation():
    assert_like_cross_validation([COFFEE], (2, 3), "parsimony")


@pytest.mark.parametrize("criterion", ["parsimony", "prediction_strength"])
def test_parts_are_judged_by_the_scale_of_those_that_were_fitted(criterion):
    params = {"color_space": None, "channel_weights": "scale"}
    assert_like_cross_validation(PICTURES, (3,), criterion, **params)


@pytest.mark.parametrize(
    "params",
    [
        {"color_space": "lab"},
        {"color_space": None, "channel_weights": [1, 2, 3]},
        {"init": "random", "n_init": 3, "max_iter": 5, "tol": 1e-2},
        {"n_jobs": 2},
    ],
)
def test_parameters_count(params):
    assert_like_cross_validation([COFFEE] if "init" in params else PICTURES, (3,), "parsimony", **params)


def test_start_colors_count():
    assert_like_cross_validation([COFFEE], range(2, 3), "simplified_silhouette", init=[[0, 0, 0], [200, 150, 100]])


@pytest.mark.parametrize(
    "image", [masked(COFFEE), COFFEE[..., :1], COFFEE.astype(np.float32) ** 1.1], ids=lambda x: x.dtype
)
def test_images_of_every_kind_count(image):
    color_space = "auto" if np.max(image) <= 255 else None
    assert_like_cross_validation([image], (3,), "parsimony", color_space=color_space)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_more_clusters_than_colors_count():
    assert_like_cross_validation([FLAT], range(2, 6), "neg_davies_bouldin")


def test_many_clusters_have_cells_of_their_own():
    assert_like_cross_validation([COFFEE], (16,), "explained_variance")


def test_an_image_is_counted_once_for_all_k(monkeypatch):
    counted = []
    plain = curve.count_images
    monkeypatch.setattr(curve, "count_images", lambda *args, **options: counted.append(1) or plain(*args, **options))
    segmenter = KMeansSegmenter(random_state=0)
    criterion_curve(count_parts([COFFEE], segmenter), segmenter, range(2, 5), "parsimony")
    assert len(counted) == 5  # parts


@pytest.mark.parametrize("n_clusters", [2, 7, 16])
def test_the_model_of_a_picture_is_that_of_fit(n_clusters):
    segmenter = KMeansSegmenter(n_clusters, random_state=0).fit(COFFEE)
    [model] = fit_each([COFFEE], segmenter, [n_clusters])
    assert np.array_equal(model.colors, segmenter.cluster_centers_)
    assert np.array_equal(model.sizes, segmenter.cluster_sizes_)
    assert model.kmeans.inertia_ == segmenter.inertia_
