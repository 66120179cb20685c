"""Folds of one image: every pixel is tested once, and every fold lies all over the image."""

import numpy as np
import pytest
from skimage.data import coffee
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)
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


@pytest.mark.parametrize(
    ("n_splits", "n_tiles"),
    [(4, (2, 2)), (6, (3, 2)), (9, (3, 3)), (5, (1, 7)), (5, (7, 1)), (40, (8, 8)), (64, (8, 8))],
)
def test_no_fold_is_empty(n_splits, n_tiles):
    splits = list(TileKFold(n_splits, n_tiles=n_tiles).split(np.zeros((40, 56, 3))))
    sizes = [test.sum() for _, test in splits]
    assert min(sizes) > 0
    assert sum(sizes) == 40 * 56


def test_a_fold_that_is_masked_is_refused():
    masked = np.ma.MaskedArray(np.zeros((8, 8, 1)), mask=np.zeros((8, 8, 1), dtype=bool))
    masked[:4, :4] = np.ma.masked
    with pytest.raises(ValueError, match=r"All pixels of fold 0 are masked"):
        next(TileKFold(4, n_tiles=(2, 2)).split(masked))
    assert len(list(TileKFold(4).split(masked))) == 4


class Lazy:
    """An image that is no NumPy array, as of Dask or xarray."""

    def __init__(self, image):
        self.image, self.shape, self.ndim = image, image.shape, image.ndim

    def __array__(self, dtype=None, copy=None):
        return self.image


def test_arrays_that_a_mask_cannot_index_are_refused():
    with pytest.raises(TypeError, match=r"NumPy array .* got Lazy.* np.asanyarray"):
        next(TileKFold().split(Lazy(COFFEE)))


# The table of an image's pixels

TABLE, ON_TABLE = COFFEE.reshape(-1, 3), TileKFold(3, image_shape=COFFEE.shape[:2])


def test_the_folds_of_the_table_are_those_of_the_image():
    masks, rows = list(TileKFold(3).split(COFFEE)), list(ON_TABLE.split(TABLE))
    for (train, test), (train_rows, test_rows) in zip(masks, rows, strict=True):
        assert np.array_equal(np.flatnonzero(train), train_rows)
        assert np.array_equal(np.flatnonzero(test), test_rows)


def test_tools_that_take_rows_themselves_can_use_it():
    segmenter = KMeansSegmenter(3, random_state=0)
    search = HalvingGridSearchCV(segmenter, {"n_clusters": [2, 3, 4]}, cv=ON_TABLE, min_resources=2000)
    assert np.isfinite(search.fit(TABLE).best_score_)
    assert cross_val_predict(segmenter, TABLE, cv=ON_TABLE).shape == TABLE.shape[:1]
    scores = learning_curve(segmenter, TABLE, None, cv=ON_TABLE, train_sizes=[0.5, 1.0], error_score="raise")[2]
    assert np.isfinite(scores).all()


def test_a_table_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"image_shape=\(100, 150\); got the shape \(99, 3\)"):
        next(ON_TABLE.split(TABLE[:99]))


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
    with pytest.raises(ValueError, match=r"X must be one image .* For a list of images, use KFold"):
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
        ({"n_tiles": 8}, ValueError, "n_tiles must be two numbers"),
        ({"image_shape": 100}, ValueError, "image_shape must be two numbers"),
        ({"image_shape": (10, 10, 3)}, ValueError, "image_shape must be two numbers"),
        ({"image_shape": (10.5, 10)}, TypeError, "image_shape"),
    ],
)
def test_bad_parameters_are_named(params, error, message):
    with pytest.raises(error, match=message):
        TileKFold(**params)


def test_it_is_printed_as_it_is_made():
    assert repr(TileKFold(3)) == "TileKFold(n_splits=3, n_tiles=(8, 8))"
    assert repr(TileKFold(3, image_shape=(20, 30))).endswith("n_tiles=(8, 8), image_shape=(20, 30))")


def test_the_table_of_a_masked_image_needs_pixels_in_every_fold():
    table = np.ma.MaskedArray(np.zeros((64, 1)), mask=False)
    table[:16] = np.ma.masked
    with pytest.raises(ValueError, match="All pixels of fold 0 are masked"):
        next(TileKFold(4, n_tiles=(4, 1), image_shape=(8, 8)).split(table))
