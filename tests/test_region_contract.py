"""The rules of scikit-learn's estimators for RegionSegmenter, which needs images: scikit-learn checks only tables."""

import copy
import pickle
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import sklearn
from scipy.sparse import csr_array
from skimage.data import astronaut, coffee
from sklearn.base import clone, is_clusterer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from skseg import KMeansSegmenter, RegionSegmenter

IMAGE, OTHER = coffee()[::20, ::20], astronaut()[::27, ::24]
TRUTH, OTHER_TRUTH = IMAGE[..., 0] // 64, OTHER[..., 1] // 64
MASK = np.zeros(IMAGE.shape, dtype=bool)
MASK[:, 10:14] = True
LEARNED = {"segmenter_", "weights_", "n_features_in_", "labels_"}
CONFIGURATIONS = {
    "default": RegionSegmenter(min_size=12),
    "learned": RegionSegmenter(
        KMeansSegmenter(5, color_space="lab", random_state=0), min_size=6, scale=0.4, cost="learn"
    ),
}
METHODS = {
    "predict": lambda estimator, X, y: estimator.predict(X),
    "transform": lambda estimator, X, y: estimator.transform(X),
    "hierarchy": lambda estimator, X, y: estimator.hierarchy(X),
    "score": lambda estimator, X, y: estimator.score(X, y),
}


@pytest.fixture(params=CONFIGURATIONS)
def estimator(request):
    return clone(CONFIGURATIONS[request.param])


@pytest.fixture(scope="module", params=CONFIGURATIONS)
def fitted(request):
    """Fitted once; tests must not change it."""
    return clone(CONFIGURATIONS[request.param]).fit(IMAGE, TRUTH)


@pytest.fixture(params=METHODS)
def method(request):
    return METHODS[request.param]


def comparable(value):
    """A result, or what an estimator has learned, as something that can be compared."""
    if isinstance(value, list | tuple):
        return [comparable(each) for each in value]
    if isinstance(value, np.ndarray):
        return [value.dtype.str, np.ma.getdata(value).tolist(), np.ma.getmaskarray(value).tolist()]
    if hasattr(value, "cut"):
        return [comparable(value.cut(scale=scale)) for scale in (0.2, 0.6)] + [value.scales.tolist()]
    if hasattr(value, "cluster_centers_"):
        return [str(value), value.cluster_centers_.tolist()]
    return str(value) if hasattr(value, "get_params") else value


def state(estimator):
    """Parameters and everything learned."""
    return {name: comparable(value) for name, value in vars(estimator).items()}


# Parameters


def test_a_clone_has_the_parameters_and_has_learned_nothing(fitted):
    cloned = clone(fitted)
    assert str(cloned.get_params()) == str(fitted.get_params())
    assert not LEARNED & set(vars(cloned))


def test_parameters_are_set_and_got_one_by_one_and_inside(estimator):
    params = estimator.get_params()
    values = {"scale": 0.25, "n_regions": 4, "min_size": 7, "cost": "default", "n_jobs": 2, "value_range": (0, 99)}
    assert set(params) >= {"segmenter", *values}
    assert estimator.set_params(**values) is estimator
    assert estimator.get_params(deep=False) == {"segmenter": estimator.segmenter} | values
    estimator.set_params(segmenter=KMeansSegmenter(3)).set_params(segmenter__n_clusters=6)
    assert estimator.segmenter.n_clusters == estimator.get_params()["segmenter__n_clusters"] == 6
    with pytest.raises(ValueError, match="Invalid parameter 'n_segments' for estimator RegionSegmenter"):
        estimator.set_params(n_segments=3)


def test_fit_returns_the_estimator_and_changes_neither_parameters_nor_data(estimator):
    before = estimator.get_params(deep=False)
    inside = str(estimator.get_params())
    image, truth = IMAGE.copy(), TRUTH.copy()
    assert estimator.fit(image, truth) is estimator
    assert all(estimator.get_params(deep=False)[name] is value for name, value in before.items())
    assert str(estimator.get_params()) == inside
    assert not hasattr(estimator.segmenter, "cluster_centers_")
    assert np.array_equal(image, IMAGE)
    assert np.array_equal(truth, TRUTH)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"scale": -0.1}, ValueError),
        ({"scale": "0.5"}, TypeError),
        ({"n_regions": 0}, ValueError),
        ({"n_regions": 2.5}, TypeError),
        ({"min_size": -1}, ValueError),
        ({"min_size": "small"}, TypeError),
        ({"cost": "both"}, ValueError),
        ({"segmenter": 5}, ValueError),
        ({"n_jobs": 1.5}, TypeError),
    ],
)
def test_a_wrong_parameter_is_taken_by_the_constructor_and_refused_by_fit(params, error):
    estimator = RegionSegmenter(**params)
    with pytest.raises(error, match=next(iter(params))):
        estimator.fit(IMAGE)
    assert not LEARNED & set(vars(estimator))


# What is learned


def test_fit_learns_only_what_is_documented(fitted):
    assert set(vars(fitted)) - set(fitted.get_params(deep=False)) - {"_colors"} == LEARNED  # those of a notebook
    assert all(re.search(rf"^    {name} : ", RegionSegmenter.__doc__, re.MULTILINE) for name in LEARNED)


def test_another_fit_forgets_the_one_before(estimator):
    fresh = state(clone(estimator).fit(IMAGE, TRUTH))
    assert state(estimator.fit(IMAGE, TRUTH)) == fresh
    assert state(estimator.fit(OTHER // 2, OTHER_TRUTH).fit(IMAGE, TRUTH)) == fresh
    assert "labels_" not in vars(estimator.fit([OTHER, IMAGE], [OTHER_TRUTH, TRUTH]))


@pytest.mark.parametrize("copied", [lambda each: pickle.loads(pickle.dumps(each)), copy.deepcopy, copy.copy])
def test_copies_and_pickles_are_equal_and_independent(copied, fitted):
    other = copied(fitted)
    assert state(other) == state(fitted)
    assert comparable(other.predict(OTHER)) == comparable(fitted.predict(OTHER))
    before = state(fitted)
    other.set_params(scale=0.9, n_regions=None).fit(OTHER, OTHER_TRUTH)
    assert state(fitted) == before
    assert not LEARNED & set(vars(copied(clone(fitted))))


def test_the_number_of_channels_is_known_after_fit(estimator):
    assert not hasattr(estimator, "n_features_in_")
    for n_channels in (3, 1):
        for X, y in ((IMAGE, TRUTH), (IMAGE[np.newaxis], TRUTH[np.newaxis]), ([IMAGE], [TRUTH])):
            single = estimator.set_params(segmenter=None) if n_channels == 1 else estimator
            channels = [each[..., :n_channels] for each in X] if isinstance(X, list) else X[..., :n_channels]
            assert single.fit(channels, y).n_features_in_ == n_channels


def test_every_method_needs_a_fit(estimator, method):
    with pytest.raises(NotFittedError, match="This RegionSegmenter instance is not fitted yet"):
        method(estimator, IMAGE, TRUTH)
    with pytest.raises(NotFittedError):
        estimator.get_feature_names_out()


def test_fit_predict_and_fit_transform_are_fit_and_then_the_other(estimator):
    for X, y in ((IMAGE, TRUTH), ([IMAGE, OTHER], [TRUTH, OTHER_TRUTH])):
        after_fit = clone(estimator).fit(X, y)
        predicted = estimator.fit_predict(X, y)
        assert comparable(predicted) == comparable(after_fit.predict(X)) == comparable(estimator.labels_)
        assert comparable(clone(estimator).fit_transform(X, y)) == comparable(after_fit.transform(X))


@pytest.mark.parametrize("X", [IMAGE, IMAGE[np.newaxis], [IMAGE]], ids=["image", "stack", "list"])
@pytest.mark.parametrize("call", ["fit_predict", "fit_transform"])
def test_regions_are_found_once(monkeypatch, X, call):
    estimator, found = clone(CONFIGURATIONS["default"]).fit([IMAGE]), []
    hierarchy = type(estimator.hierarchy(IMAGE))
    cut = hierarchy.cut
    monkeypatch.setattr(hierarchy, "cut", lambda self, **where: found.append(where) or cut(self, **where))
    getattr(estimator, call)(X)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("configuration", "dims"),
    [
        ("default", ("y", "x", "band")),
        ("default", ("band", "y", "x")),
        ("learned", ("x", "band", "y")),
        ("learned", ("time", "band", "x", "y")),
    ],
)
def test_named_images_are_painted_alike_by_fit_transform_and_transform(configuration, dims):
    xarray = pytest.importorskip("xarray")
    estimator = clone(CONFIGURATIONS[configuration])
    image = np.where(MASK, 0, np.maximum(IMAGE, 1))
    named = xarray.DataArray(image[np.newaxis], dims=("time", "y", "x", "band"), attrs={"_FillValue": 0})
    truth = xarray.DataArray(TRUTH[np.newaxis], dims=("time", "y", "x"))
    if "time" not in dims:
        named, truth = named[0], truth[0]
    named = named.transpose(*dims)
    painted = clone(estimator).fit_transform(named, truth)
    assert painted.identical(estimator.fit(named, truth).transform(named))
    assert estimator.fit_predict(named, truth).dims == tuple(name for name in dims if name != "band")


def test_no_method_changes_the_estimator(fitted, method):
    before = state(fitted)
    for X, y in ((OTHER, OTHER_TRUTH), ([OTHER], [OTHER_TRUTH])):
        method(fitted, X, y)
    assert state(fitted) == before


def test_chance_plays_no_part(estimator):
    labels = estimator.fit(IMAGE, TRUTH).labels_
    np.random.seed(3)  # noqa: NPY002
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    assert np.array_equal(clone(estimator).fit(IMAGE, TRUTH).labels_, labels)
    assert pickle.dumps(np.random.get_state()) == before  # noqa: NPY002


# Forms of X


def forms(image, path):
    """The same image in other memory."""
    fixed = image.copy()
    fixed.setflags(write=False)
    mapped = np.memmap(path, image.dtype, "w+", shape=image.shape)
    mapped[:] = image
    mapped.flush()
    wide = np.zeros((image.shape[0] * 2, image.shape[1] * 3, 7), image.dtype)
    wide[::2, ::3, 1:7:2] = image
    return {
        "not writable": fixed,
        "mapped": np.memmap(path, image.dtype, "r", shape=image.shape),
        "columns first": np.asfortranarray(image),
        "a view": wide[::2, ::3, 1:7:2],
        "upside down": image[::-1].copy()[::-1],
        "swapped bytes": image.astype(image.dtype.newbyteorder()),
    }


@pytest.mark.parametrize(("configuration", "dtype"), [("default", "u2"), ("learned", "f4")])
def test_the_memory_of_an_image_does_not_matter(configuration, dtype, tmp_path):
    estimator, image = clone(CONFIGURATIONS[configuration]), of_type(dtype)
    expected = estimator.fit(image, TRUTH).labels_
    painted = estimator.transform(image)
    for name, X in forms(image, tmp_path / "image.raw").items():
        assert np.array_equal(clone(estimator).fit(X, TRUTH).labels_, expected), name
        assert np.array_equal(estimator.predict(X), expected), name
        found = estimator.transform(X)
        assert np.array_equal(found, painted), name
        assert found.dtype == X.dtype, name
        assert estimator.score(X, expected) == 1, name
        assert np.array_equal(X, image), name


def of_type(dtype):
    """The image in a type, as sRGB where it can be."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return IMAGE > 100
    if dtype.kind == "f":
        return (IMAGE / 255).astype(dtype)
    return IMAGE.astype(dtype) * 257 if dtype.itemsize == 2 and dtype.kind == "u" else (IMAGE // 2).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "color_space"),
    [(each, "auto") for each in (bool, "i2", "u1", "u2", "f2", np.longdouble, ">u2")]
    + [(each, None) for each in ("i4", "u8", ">f8")],
)
def test_transform_keeps_the_dtype(dtype, color_space):
    image = of_type(dtype)
    masked = np.ma.MaskedArray(image, mask=MASK)
    segmenter = RegionSegmenter(KMeansSegmenter(3, color_space=color_space, random_state=0), min_size=12)
    for X in (masked, image[np.newaxis], image[..., :2]):
        painted = segmenter.set_params(segmenter=None if X.shape[-1] == 2 else segmenter.segmenter).fit_transform(X)
        assert type(painted) is type(X)
        assert painted.dtype == X.dtype
        assert painted.shape == X.shape
        assert np.ma.allequal(painted, segmenter.transform(X))
        assert X.min() <= painted.min() <= painted.max() <= X.max()


def test_results_of_a_list_are_those_of_its_images(fitted, method):
    masked = np.ma.MaskedArray(IMAGE, mask=MASK)
    images, truths = [IMAGE, OTHER, masked], [TRUTH, OTHER_TRUTH, TRUTH]
    one_by_one = [method(fitted, image, truth) for image, truth in zip(images, truths, strict=True)]
    objects = np.empty(3, dtype=object)
    objects[:] = images
    for X in (images, tuple(images), objects) if method is METHODS["predict"] else (images,):
        together = method(fitted, X, truths)
        if isinstance(together, float):
            assert together == pytest.approx(np.mean(one_by_one), abs=1e-15)
        else:
            assert isinstance(together, list)
            assert comparable(together) == comparable(one_by_one)


def test_the_number_of_jobs_changes_nothing(estimator):
    images, truths = [IMAGE, OTHER, IMAGE[::-1], OTHER // 2], [TRUTH, OTHER_TRUTH, TRUTH[::-1], OTHER_TRUTH]
    results = []
    for n_jobs in (None, 2):
        estimator.set_params(n_jobs=n_jobs).fit(images, truths)
        found = [comparable(method(estimator, images, truths)) for method in METHODS.values()]
        results.append([estimator.weights_, found])
    assert results[0] == results[1]


def test_threads_may_share_a_fitted_segmenter(fitted):
    calls = [(method, *pair) for method in METHODS.values() for pair in ((IMAGE, TRUTH), (OTHER, OTHER_TRUTH))]
    alone = [comparable(method(fitted, X, y)) for method, X, y in calls]
    with ThreadPoolExecutor(4) as pool:
        together = pool.map(lambda call: comparable(call[0](fitted, *call[1:])), calls * 2)
        assert list(together) == alone * 2


def test_threads_may_fit_at_once(estimator):
    def fit(image):
        return state(clone(estimator).fit(image, image[..., 0] // 64))

    images = [IMAGE, OTHER, IMAGE[::-1], OTHER // 2]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fit, images)) == list(map(fit, images))


# Output


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_images_stay_arrays_whatever_output_is_set(container):
    if container != "default":
        pytest.importorskip(container)
    fitted = clone(CONFIGURATIONS["default"]).fit(IMAGE)
    expected = comparable(fitted.transform(IMAGE))
    other = clone(fitted).set_output(transform=container).fit(IMAGE, TRUTH)
    assert comparable(other.transform(IMAGE)) == expected
    assert comparable(other.transform([IMAGE, IMAGE])) == [expected, expected]
    with sklearn.config_context(transform_output=container):
        assert comparable(clone(fitted).fit_transform(IMAGE, TRUTH)) == expected


def test_the_names_of_the_channels_are_numbers(fitted):
    assert fitted.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    assert fitted.get_feature_names_out(["red", "green", "blue"]).tolist() == ["red", "green", "blue"]
    with pytest.raises(ValueError, match="input_features should have length equal to number of features"):
        fitted.get_feature_names_out(["red"])
    assert not hasattr(fitted, "feature_names_in_")


# In scikit-learn's tools


def test_the_tags_are_true(estimator):
    tags = get_tags(estimator)
    assert is_clusterer(estimator)
    assert tags.input_tags.three_d_array
    assert not any([tags.input_tags.two_d_array, tags.input_tags.sparse, tags.input_tags.allow_nan])
    assert tags.target_tags.required == (estimator.cost == "learn")
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]
    assert not any([tags.non_deterministic, tags.no_validation])
    assert tags.requires_fit
    for params in ({"cost": "both"}, {"cost": np.array(["learn", "default"])}):
        assert not get_tags(RegionSegmenter(**params)).target_tags.required


@pytest.mark.parametrize(("configuration", "is_routed"), [("default", True), ("learned", False)])
def test_pipelines_searches_and_cross_validation_work(configuration, is_routed):
    estimator = clone(CONFIGURATIONS[configuration])
    images, truths = (
        [IMAGE, OTHER, IMAGE[:, ::-1], OTHER[::-1]],
        [TRUTH, OTHER_TRUTH, TRUTH[:, ::-1], OTHER_TRUTH[::-1]],
    )
    with sklearn.config_context(enable_metadata_routing=is_routed):
        alone = clone(estimator).fit(images, truths)
        pipeline = make_pipeline(FunctionTransformer(), estimator).fit(images, truths)
        assert comparable(pipeline.predict(images)) == comparable(alone.predict(images))
        if not is_routed:  # scikit-learn then routes weights to the score of every last step, even if there are none
            assert pipeline.score(images, truths) == alone.score(images, truths)
        assert comparable(Pipeline([("last", estimator)]).fit_predict(IMAGE, TRUTH)) == comparable(estimator.labels_)
        scores = cross_val_score(estimator, images, truths, cv=2, params={})
        assert ((scores > 0) & (scores <= 1)).all()
        search = GridSearchCV(estimator, {"scale": [0.1, 0.6]}, cv=2, error_score="raise").fit(images, truths)
        assert search.score(images, truths) == search.best_estimator_.score(images, truths)


def test_there_are_no_weights_of_pixels_to_be_routed(estimator):
    assert not hasattr(estimator, "set_fit_request")
    assert not hasattr(estimator, "set_score_request")
    with sklearn.config_context(enable_metadata_routing=True):
        assert not estimator.get_metadata_routing().consumes("fit", ["sample_weight"])
        with pytest.raises(TypeError, match="unexpected argument"):
            make_pipeline(estimator).fit(IMAGE, TRUTH, sample_weight=np.ones(TRUTH.shape))


# Errors


WRONG = {
    "table": (IMAGE.reshape(-1, 3), ValueError, "X must be an image"),
    "gray without channels": (IMAGE[..., 0], ValueError, "X must be an image"),
    "number": (5, ValueError, "X must be an image"),
    "sparse": (csr_array(IMAGE[..., 0]), TypeError, "It is sparse"),
    "empty list": ([], ValueError, "X is an empty list"),
    "no pixels": (IMAGE[:0], ValueError, "at least one pixel"),
    "four channels": (np.dstack([IMAGE, TRUTH]), ValueError, "4 channels|4 features|3 channels"),
    "NaN": (np.where(IMAGE > 200, np.nan, IMAGE / 255), ValueError, "NaN or infinity"),
    "complex": (IMAGE * 1j, ValueError, "Complex data not supported"),
    "one of a list": ([IMAGE, IMAGE * 1j], ValueError, "Complex data not supported"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_image_is_refused_and_leaves_the_estimator_as_it_was(estimator, wrong):
    X, error, message = WRONG[wrong]
    y = [TRUTH] * len(X) if isinstance(X, list) else TRUTH
    calls = [lambda: estimator.fit_predict(X, y), lambda: estimator.fit_transform(X, y)]
    if not (wrong == "one of a list" and estimator.segmenter is None and estimator.cost == "default"):
        calls.append(lambda: estimator.fit(X, y))  # which does not look at all images if it learns nothing from them
    before = state(estimator)
    for call in calls:
        with pytest.raises(error, match=message):
            call()
        assert state(estimator) == before
    estimator.fit(IMAGE, TRUTH)
    before = state(estimator)
    for call in [*calls, *(partial(method, estimator, X, y) for method in METHODS.values())]:
        with pytest.raises(error, match=message):
            call()
        assert state(estimator) == before


@pytest.mark.parametrize("y", [TRUTH[:-1], TRUTH.T, [], [TRUTH, TRUTH[:-1]]], ids=["short", "turned", "none", "one"])
def test_a_wrong_truth_is_refused_and_leaves_the_estimator_as_it_was(y):
    estimator = clone(CONFIGURATIONS["learned"]).fit(OTHER, OTHER_TRUTH)
    before = state(estimator)
    for call in (estimator.fit, estimator.fit_predict, estimator.score):
        with pytest.raises(ValueError, match=r"y must|labels_true must"):
            call(IMAGE, y)
        assert state(estimator) == before


@pytest.mark.parametrize("size", [(60, 60), (300, 400)], ids=["small", "averaged"])
def test_infinite_numbers_are_refused_without_a_warning_of_numpy(size):
    image = np.random.default_rng(0).random((*size, 3))
    image[3, 4], image[5, 6] = np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="NaN or infinity"):
            RegionSegmenter().fit(image)
