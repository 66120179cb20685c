"""Learning from true regions how likely two neighbors are to be two regions."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter, RegionSegmenter, io


def scene(seed):
    """Disks of a color a little different from the ground, and loud stripes across both that mean nothing."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:96, :128]
    truth = np.zeros((96, 128), dtype=int)
    for number, (row, column) in enumerate(((25, 30), (70, 60), (30, 95)), start=1):
        truth[(rows - row - rng.integers(-6, 7)) ** 2 + (columns - column - rng.integers(-6, 7)) ** 2 < 300] = number
    image = np.full((96, 128, 3), 120.0)
    image[truth > 0] += [14, -8, -8]
    image[(columns + 5 * seed) % 24 < 6] += 90
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8), truth


SCENES = [scene(seed) for seed in range(8)]
IMAGES, TRUTHS = map(list, zip(*SCENES, strict=True))
SMALL, SMALL_TRUTH = IMAGES[0][:60, :80], TRUTHS[0][:60, :80]


@pytest.fixture(scope="module")
def learned():
    return RegionSegmenter(min_size=20, cost="learn").fit(IMAGES[:5], TRUTHS[:5])


@pytest.fixture(scope="module")
def default_weights():
    return RegionSegmenter(min_size=20).fit(IMAGES[1]).weights_


def test_five_images_are_enough_to_learn_what_the_default_cannot_know(learned):
    default = RegionSegmenter(min_size=20).fit(IMAGES[:5])
    assert learned.score(IMAGES[5:], TRUTHS[5:]) > default.score(IMAGES[5:], TRUTHS[5:]) + 0.1


def test_the_weights_have_names(learned, default_weights):
    terms = ["size", "length", "deviation", "gradient", "coarse gradient", "sides", "labels"]
    assert list(learned.weights_) == list(default_weights) == [*terms, "intercept"]


def test_the_default_cost_ignores_the_truth(default_weights):
    search = GridSearchCV(RegionSegmenter(min_size=20), {"scale": [0.3, 0.6]}, cv=2).fit(IMAGES[:2], TRUTHS[:2])
    assert search.best_estimator_.weights_ == default_weights


def test_a_search_over_the_scale_learns_in_each_fold(default_weights):
    search = GridSearchCV(RegionSegmenter(min_size=20, cost="learn"), {"scale": [0.1, 0.5]}, cv=2, error_score="raise")
    search.fit(IMAGES[:2], TRUTHS[:2])
    assert search.best_estimator_.weights_ != default_weights
    assert search.best_score_ > 0.6


def test_masked_pixels_of_the_truth_do_not_count():
    mask = np.zeros(SMALL_TRUTH.shape, dtype=bool)
    mask[:25] = True
    weights = []
    for lie in (0, 7):
        truth = np.ma.MaskedArray(np.where(mask, lie, SMALL_TRUTH), mask=mask)
        weights.append(RegionSegmenter(min_size=20, cost="learn").fit(SMALL, truth).weights_)
    assert weights[0] == weights[1] != RegionSegmenter(min_size=20, cost="learn").fit(SMALL, SMALL_TRUTH).weights_


def test_a_truth_with_nan_is_refused_as_by_the_metrics():
    image, truth = scene(0)
    unknown = np.where(np.arange(128) < 50, np.nan, truth)
    estimator = RegionSegmenter(min_size=20, cost="learn")
    with pytest.raises(ValueError, match="must not be NaN or infinite; mask pixels"):
        estimator.fit(image, unknown)
    assert estimator.fit(image, np.ma.masked_invalid(unknown)).weights_


def test_the_truth_may_be_by_several_people():
    image, truth = SMALL, SMALL_TRUTH
    segmenter = RegionSegmenter(min_size=20, cost="learn")
    several = segmenter.fit(image, [truth, truth > 0]).weights_
    assert segmenter.fit(image, np.stack([truth, truth > 0])).weights_ == several
    assert segmenter.fit([image], [[truth, truth > 0]]).weights_ == several
    alone = segmenter.fit(image, truth).weights_
    assert alone != several
    assert segmenter.fit(image, truth.tolist()).weights_ == segmenter.fit(image, [truth]).weights_ == alone


def test_a_stack_teaches_what_its_images_teach():
    stack, truths = np.stack(IMAGES[:2])[:, :60, :80], np.stack(TRUTHS[:2])[:, :60, :80]
    in_parallel = RegionSegmenter(min_size=20, cost="learn", n_jobs=2).fit(list(stack), list(truths))
    assert RegionSegmenter(min_size=20, cost="learn").fit(stack, truths).weights_ == in_parallel.weights_


def test_classes_of_a_given_segmenter_are_learned_from_too():
    segmenter = RegionSegmenter(KMeansSegmenter(6, random_state=0), min_size=20, cost="learn")
    assert segmenter.fit(IMAGES[:3], TRUTHS[:3]).score(IMAGES[5:], TRUTHS[5:]) > 0.6
    assert clone(segmenter).fit(IMAGES[:3], TRUTHS[:3]).weights_ == segmenter.weights_


@pytest.mark.parametrize("image", [np.zeros_like(SMALL), np.ma.MaskedArray(SMALL, mask=True)])
def test_an_image_without_neighbors_teaches_nothing(image):
    segmenter = RegionSegmenter(min_size=20, cost="learn")
    expected = clone(segmenter).fit([SMALL], [SMALL_TRUTH]).weights_
    assert segmenter.fit([image, SMALL], [SMALL_TRUTH] * 2).weights_ == expected
    with pytest.raises(ValueError, match="y must have regions that are neighbors"):
        segmenter.fit(image, SMALL_TRUTH)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (IMAGES[:2], None, 'y, the true label map of each image, if cost="learn"; got None'),
        (IMAGES[:2], [TRUTHS[0], TRUTHS[1].T], r"X\[1\]: y must hold .* \(96, 128\).* got \(128, 96\)"),
        (IMAGES[:2], TRUTHS[:1], "y must hold one array per image; got 1 for 2 images"),
        (IMAGES[0], [], r"\(96, 128\).* got \(0,\)"),
        (IMAGES[:2], [np.zeros((96, 128), int)] * 2, "y must have regions that are neighbors"),
    ],
)
def test_a_truth_that_teaches_nothing_is_refused(X, y, message):
    with pytest.raises(ValueError, match=message):
        RegionSegmenter(min_size=20, cost="learn").fit(X, y)


@pytest.mark.parametrize("cost", ["train", None, 1])
def test_an_unknown_cost_is_refused(cost):
    with pytest.raises(ValueError, match=r"cost must be 'default', 'learn' or a dict of weights; got"):
        RegionSegmenter(cost=cost).fit(IMAGES[0])


def test_weights_that_were_learned_can_be_given(learned, tmp_path):
    given = RegionSegmenter(min_size=20, cost=learned.weights_).fit(IMAGES[5])
    assert given.weights_ == learned.weights_
    assert np.array_equal(given.labels_, learned.predict(IMAGES[5]))
    assert given.weights_ is not learned.weights_
    io.save(given, tmp_path / "regions.skseg")
    assert io.load(tmp_path / "regions.skseg").cost == learned.weights_
    assert clone(given).fit(IMAGES[6]).weights_ == learned.weights_


@pytest.mark.parametrize("change", [{"size": np.nan}, {"size": -np.inf}, {"size": "1"}, {"size": None}, {"more": 1.0}])
def test_weights_that_make_no_cost_are_refused(learned, change):
    estimator = RegionSegmenter(min_size=20, cost=learned.weights_ | change)
    with pytest.raises(ValueError, match=r"cost must hold a finite number for each of 'size', .*; got"):
        estimator.fit(IMAGES[0])
    with pytest.raises(ValueError, match="cost must hold a finite number"):
        estimator.set_params(cost={"size": 1.0}).fit(IMAGES[0])


def test_a_truth_with_unusual_names_is_put_into_the_order_of_the_image():
    xarray = pytest.importorskip("xarray")
    image, truth = IMAGES[0][:64, :64], TRUTHS[0][:64, :64]
    named = xarray.DataArray(np.moveaxis(image, -1, 0), dims=("band", "northing", "easting"))
    turned = xarray.DataArray(truth.T, dims=("easting", "northing"))
    estimator = RegionSegmenter(min_size=20, cost="learn")
    learned = estimator.fit(named, turned)
    assert learned.weights_ == clone(estimator).fit(image, truth).weights_
    assert learned.score(named, turned) == learned.score(image, truth)
