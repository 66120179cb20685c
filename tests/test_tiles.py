"""Folds of one image: every pixel is tested once, and every fold lies all over the image."""

import numpy as np
import pytest
from skimage.data import coffee
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV, cross_validate
from sklearn.pipeline import make_pipeline

from skseg import KMeansSegmenter, TileKFold

COFFEE = coffee()[::4, ::4]


@pytest.mark.parametrize("shape", [(8, 8, 3), (100, 150, 3), (9, 31, 1), (2, 16, 16, 3)])
@pytest.mark.parametrize("n_splits", [2, 3, 4, 5, 6, 7, 10])
def test_every_pixel_is_tested_once(shape, n_splits):
    image = np.zeros(shape)
    splits = list(TileKFold(n_splits).split(image))
    assert len(splits) == TileKFold(n_splits).get_n_splits(image) == n_splits
    assert (sum(test.astype(int) for _, test in splits) == 1).all()
    assert all((train ^ test).all() for train, test in splits)
    assert splits[0][0].shape == shape[:-1]


@pytest.mark.parametrize("n_splits", [2, 3, 4, 5, 6, 7, 8])
def test_every_row_and_every_column_of_tiles_holds_every_fold(n_splits):
    cv = TileKFold(n_splits, n_tiles=(8, 8))
    for _, test in cv.split(np.zeros((64, 64, 3))):
        assert test.any(axis=0).all()
        assert test.any(axis=1).all()


@pytest.mark.parametrize("n_splits", [2, 3, 4, 5, 7, 8])
def test_neighboring_tiles_are_in_different_folds(n_splits):
    fold = np.zeros((8, 8), dtype=int)
    for number, (_, test) in enumerate(TileKFold(n_splits).split(np.zeros((8, 8, 3)))):
        fold[test] = number
    assert (fold[1:] != fold[:-1]).all()
    assert (fold[:, 1:] != fold[:, :-1]).all()


def test_folds_are_about_equal():
    shares = [test.mean() for _, test in TileKFold(5).split(np.zeros((200, 300, 3)))]
    assert min(shares) > 0.15


@pytest.mark.parametrize("image", [COFFEE, np.ma.masked_greater(COFFEE, 220), COFFEE[np.newaxis].repeat(2, axis=0)])
def test_it_serves_as_cv_with_and_without_truth(image):
    truth = np.asarray(image)[..., 0] // 86
    for y in (None, truth):
        scores = cross_validate(KMeansSegmenter(3, random_state=0), image, y, cv=TileKFold(3), error_score="raise")
        assert np.isfinite(scores["test_score"]).all()


@pytest.mark.parametrize(
    "search",
    [
        lambda segmenter, **params: GridSearchCV(segmenter, {"n_clusters": [2, 3]}, **params),
        lambda segmenter, **params: GridSearchCV(segmenter, {"n_clusters": [2, 3]}, n_jobs=2, **params),
        lambda segmenter, **params: RandomizedSearchCV(segmenter, {"n_clusters": [2, 3]}, n_iter=2, **params),
    ],
)
def test_searches_fit_the_best_on_the_whole_image(search):
    fitted = search(KMeansSegmenter(random_state=0), cv=TileKFold(3), error_score="raise").fit(COFFEE)
    assert fitted.best_estimator_.labels_.shape == COFFEE.shape[:2]


def test_it_serves_in_a_pipeline():
    pipeline = make_pipeline(KMeansSegmenter(random_state=0))
    search = GridSearchCV(pipeline, {"kmeanssegmenter__n_clusters": [2, 3]}, cv=TileKFold(3), error_score="raise")
    assert search.fit(COFFEE).predict(COFFEE).shape == COFFEE.shape[:2]


def test_halving_search_chooses_on_ever_more_rows():
    search = HalvingGridSearchCV(KMeansSegmenter(random_state=0), {"n_clusters": [2, 3, 4]}, min_resources=30, cv=3)
    assert search.fit(COFFEE).best_params_["n_clusters"] in (2, 3, 4)


@pytest.mark.parametrize("X", [[COFFEE, COFFEE], COFFEE.reshape(-1, 3)])
def test_only_one_image_can_be_cut(X):
    with pytest.raises(ValueError, match=r"X must be one image .* for a list of images use KFold"):
        next(TileKFold().split(X))


def test_an_image_needs_a_pixel_for_every_tile():
    with pytest.raises(ValueError, match=r"at least n_tiles=\(8, 8\) pixels; got \(4, 100\)"):
        next(TileKFold().split(np.zeros((4, 100, 3))))


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"n_splits": 1}, ValueError, "n_splits"),
        ({"n_splits": 2.5}, TypeError, "n_splits"),
        ({"n_tiles": (0, 4)}, ValueError, "n_tiles"),
        ({"n_tiles": (2, 2)}, ValueError, "at least 5 tiles"),
        ({"n_tiles": (2, 2, 2)}, ValueError, "two numbers"),
    ],
)
def test_bad_parameters_are_named(params, error, message):
    with pytest.raises(error, match=message):
        TileKFold(**params)


def test_it_is_printed_as_it_is_made():
    assert repr(TileKFold(3)) == "TileKFold(n_splits=3, n_tiles=(8, 8))"
