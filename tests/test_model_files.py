"""Model files of every kind of estimator: what comes back is what was saved, and nothing else is taken for one."""

import copy
import json
import os
import pickle
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from skimage.data import coffee
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseg import KMeansSegmenter, RegionSegmenter, WhiteBalancer, io

DATA = Path(__file__).parent / "data"
MANY_EXAMPLES = os.environ.get("HYPOTHESIS_PROFILE") == "many"  # see conftest.py
COFFEE = coffee()[::8, ::8]
OTHER = np.rint(coffee()[3::9, ::9] * [0.9, 0.8, 0.5]).astype(np.uint8)  # in another light
UNSAVED = {
    "labels_",
    "_colors",  # of the labels, for notebooks
    "cache",  # a cache
    "_tol",  # of scikit-learn's KMeans: numbers of its own last fit
    "_n_init",
    "_algorithm",
    "_n_threads",
}


def differences(one, other, name="estimator"):
    """The parts of an object, down to the numbers, that are not the same in another one."""
    if type(one) is not type(other):
        yield f"{name}: {type(one)}, {type(other)}"
    elif isinstance(one, np.ndarray | np.generic):
        same = np.array_equal(np.ma.getdata(one), np.ma.getdata(other), equal_nan=one.dtype.kind == "f")
        if one.dtype != other.dtype or not same or (np.ma.getmaskarray(one) != np.ma.getmaskarray(other)).any():
            yield f"{name}: {one!r}, {other!r}"
    elif isinstance(one, dict):
        keys = [set(each) - UNSAVED for each in (one, other)]
        if keys[0] != keys[1]:
            yield f"{name}: {keys[0] ^ keys[1]}"
        for key in keys[0] & keys[1]:
            yield from differences(one[key], other[key], f"{name}.{key}")
    elif isinstance(one, list | tuple):
        for index, (each, counterpart) in enumerate(zip(one, other, strict=True)):
            yield from differences(each, counterpart, f"{name}[{index}]")
    elif hasattr(one, "__dict__") and not callable(one):
        yield from differences(vars(one), vars(other), name)
    elif one != other:
        yield f"{name}: {one!r}, {other!r}"


def saved(estimator, tmp_path):
    """An estimator after it was saved and loaded."""
    io.save(estimator, tmp_path / "model.skseg")
    return io.load(tmp_path / "model.skseg")


def balanced(segmenter=None, **params):
    return make_pipeline(WhiteBalancer(**params), segmenter or KMeansSegmenter(3, random_state=0))


# Everything comes back


IMAGES = {
    "uint8": COFFEE,
    "uint16": COFFEE.astype(np.uint16) * 200,
    "int16": COFFEE.astype(np.int16) - 30,
    "int64": COFFEE.astype(np.int64) << 40,
    "float16": (COFFEE / 255).astype(np.float16),
    "float32": (COFFEE / 255).astype(np.float32),
    "float64": COFFEE / 255.0,
    "bool": COFFEE > 100,
    "gray": COFFEE[..., :1],
    "bands": np.dstack([COFFEE, COFFEE[::-1]]),
    "stack": np.stack([COFFEE, COFFEE[::-1]]),
    "list": [COFFEE, COFFEE[:20]],
    "masked": np.ma.masked_less(COFFEE, 20),
}


ESTIMATORS = {
    "kmeans": KMeansSegmenter(3, random_state=0),
    "balanced": balanced(),
    "max": balanced(p=np.inf, color_space=None, n_jobs=2),
    "regions": balanced(RegionSegmenter(KMeansSegmenter(3, random_state=0), n_regions=4)),
    "balancer": WhiteBalancer(1.5),
}
SAVED = [
    *(("balanced", kind) for kind in IMAGES),
    *((name, kind) for name in ("kmeans", "regions", "balancer") for kind in ("uint8", "float32", "gray", "masked")),
    *(("max", kind) for kind in ("int16", "list")),
]


@pytest.mark.parametrize(("name", "kind"), SAVED)
def test_saved_and_loaded_is_pickled(name, kind, tmp_path):
    X = IMAGES[kind]
    estimator = copy.deepcopy(ESTIMATORS[name]).fit(X)
    loaded = saved(estimator, tmp_path)
    assert list(differences(pickle.loads(pickle.dumps(estimator)), loaded)) == []
    assert repr(loaded) == repr(estimator)
    for method in {"predict", "transform"} & set(dir(estimator)):
        before, after = (getattr(each, method)(X) for each in (estimator, loaded))
        assert list(differences(before, after)) == []


@pytest.mark.parametrize(
    "segmenter",
    [
        KMeansSegmenter(np.int64(3), color_space="lab", tol=np.float32(0.01), n_init=3, random_state=1),
        KMeansSegmenter(4, color_space="direction", output="distance", n_jobs=2, random_state=np.uint8(4)),
        KMeansSegmenter(4, init=COFFEE[0, :4], channel_weights=(1, 0.5, 2.5)),
        KMeansSegmenter(2, init=((255, 0, 0), (0, 0, 0)), channel_weights=np.array([1, 2, 3], dtype=np.float32)),
        KMeansSegmenter(2, init=[[200, 0.5, 0], [0, 0, 0]], channel_weights=[1, 1, 0], max_iter=9),
        KMeansSegmenter(2, init="random", channel_weights=None, color_space=None, random_state=0),
        KMeansSegmenter(3, channel_weights="scale", output="label", random_state=0).set_output(transform="pandas"),
        KMeansSegmenter(1),
        None,
    ],
)
@pytest.mark.parametrize("wrap", [lambda each: each, balanced, RegionSegmenter], ids=["alone", "balanced", "regions"])
def test_parameters_come_back_in_their_types(segmenter, wrap, tmp_path):
    estimator = wrap(copy.deepcopy(segmenter)) or RegionSegmenter(scale=0.3, min_size=np.uint8(3))
    estimator.fit(COFFEE)
    assert list(differences(pickle.loads(pickle.dumps(estimator)), saved(estimator, tmp_path))) == []


@pytest.mark.parametrize(
    "light",
    [
        [200, 180.5, 90],
        (200, 180, 90),
        np.array([200, 180, 90], dtype=np.float32),
        COFFEE[:4, :5],
        np.ma.masked_less(COFFEE[:9, :9], 15),
        np.ma.masked_invalid(np.where(COFFEE[:9, :9] < 15, np.nan, COFFEE[:9, :9])),
        COFFEE[:4, :5].astype(np.uint16) * 257,
    ],
    ids=["list", "tuple", "float32", "patch", "masked", "nan", "uint16"],
)
def test_a_given_light_comes_back_with_its_dtype_and_its_mask(light, tmp_path):
    pipeline = balanced(light=light).fit(COFFEE)
    loaded = saved(pipeline, tmp_path)
    for each in (loaded, saved(loaded, tmp_path)):
        assert list(differences(pipeline, each)) == []
        assert np.array_equal(each.predict(OTHER), pipeline.predict(OTHER))
    assert list(differences(pipeline.fit(COFFEE), loaded.fit(COFFEE))) == []


def test_names_of_channels_come_back(pandas, tmp_path):
    table = pandas.DataFrame(COFFEE.reshape(-1, 3), columns=["red", "green", "blue"])
    pipeline = balanced().set_output(transform="pandas").fit(table)
    loaded = saved(pipeline, tmp_path)
    assert list(differences(pickle.loads(pickle.dumps(pipeline)), loaded)) == []
    assert list(loaded.feature_names_in_) == list(loaded[-1].feature_names_in_) == list(table)
    assert list(loaded.transform(table)) == list(table)
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(table.rename(columns={"red": "rot"}))


def test_a_loaded_pipeline_works_on(tmp_path):
    pipeline = balanced(p=3).fit([COFFEE, COFFEE[::-1]])
    loaded = saved(pipeline, tmp_path)
    assert loaded.n_features_in_ == 3
    assert loaded.score(OTHER) == pipeline.score(OTHER)
    assert np.array_equal(loaded[:-1].transform(OTHER), pipeline[:-1].transform(OTHER))
    for each in (pipeline, loaded):
        each[-1].partial_fit(each[:-1].transform(OTHER))
    assert list(differences(pipeline, loaded)) == []
    assert np.array_equal(loaded.fit(OTHER).predict(COFFEE), pipeline.fit(OTHER).predict(COFFEE))


def assert_is_sample(segmenter, X):
    with pytest.raises(ValueError, match="only a sample was kept"):
        segmenter.partial_fit(X)


def test_a_sample_of_the_colors_comes_back(lower, tmp_path):
    lower(colors_in_fit=1000, keys=1000, probed_pixels=1 << 9)
    X = np.random.default_rng(0).random((70, 90, 3))
    pipeline = balanced().fit(X)
    assert_is_sample(pipeline[-1], X)
    loaded = saved(pipeline, tmp_path)
    assert list(differences(pickle.loads(pickle.dumps(pipeline)), loaded)) == []


def test_what_was_changed_after_fit_comes_back_as_it_is(tmp_path):
    pipeline = balanced().fit(COFFEE)
    pipeline.set_params(whitebalancer__p=2, whitebalancer__color_space=None, kmeanssegmenter__n_clusters=7)
    loaded = saved(pipeline, tmp_path)
    assert list(differences(pickle.loads(pickle.dumps(pipeline)), loaded)) == []
    assert np.array_equal(loaded.predict(OTHER), pipeline.predict(OTHER))


# Pipelines


@pytest.mark.parametrize(
    "steps",
    [
        [("größer", WhiteBalancer()), ("", KMeansSegmenter(3, random_state=0))],
        [("segment", KMeansSegmenter(3, random_state=0))],
        [("one", WhiteBalancer(1)), ("two", WhiteBalancer(np.inf)), ("regions", RegionSegmenter())],
        [("balance", "passthrough"), ("segment", KMeansSegmenter(3, random_state=0))],
        [("balance", None), ("segment", KMeansSegmenter(3, random_state=0))],
        [("balance", WhiteBalancer()), ("segment", "passthrough")],
    ],
)
def test_a_pipeline_comes_back_with_the_names_of_its_steps(steps, tmp_path):
    pipeline = Pipeline(steps).fit(COFFEE)
    loaded = saved(pipeline, tmp_path)
    assert list(loaded.named_steps) == [name for name, _ in steps]
    assert list(differences(pickle.loads(pickle.dumps(pipeline)), loaded)) == []
    assert np.array_equal(loaded.transform(OTHER), pipeline.transform(OTHER))


def test_the_best_pipeline_of_a_search_is_saved(tmp_path):
    pipeline = balanced()
    grid = {"whitebalancer": ["passthrough", WhiteBalancer()], "kmeanssegmenter__n_clusters": [2, 3]}
    search = GridSearchCV(pipeline, grid, cv=2).fit([COFFEE, COFFEE[::-1]])
    loaded = saved(search.best_estimator_, tmp_path)
    assert np.array_equal(loaded.predict(OTHER), search.predict(OTHER))
    with pytest.raises(TypeError, match=r"got GridSearchCV instead\. Of a search, pass its best_estimator_"):
        io.save(search, tmp_path / "model.skseg")


class Own(KMeansSegmenter):
    """A subclass, whose code is not in a file."""


class OwnPipeline(Pipeline):
    """A subclass."""


@pytest.mark.parametrize(
    ("estimator", "got"),
    [
        (make_pipeline(StandardScaler(), KMeansSegmenter(2)), "Pipeline of StandardScaler, KMeansSegmenter"),
        (make_pipeline(FunctionTransformer(), WhiteBalancer()), "Pipeline of FunctionTransformer, WhiteBalancer"),
        (make_pipeline(KMeansSegmenter(2), WhiteBalancer()), "Pipeline of KMeansSegmenter, WhiteBalancer"),
        (make_pipeline(WhiteBalancer(), KMeans(2)), "Pipeline of WhiteBalancer, KMeans"),
        (make_pipeline(WhiteBalancer(), balanced()), "Pipeline of WhiteBalancer, Pipeline"),
        (make_pipeline(WhiteBalancer(), Own()), "Pipeline of WhiteBalancer, Own"),
        (make_pipeline("passthrough"), "Pipeline of nothing"),
        (FeatureUnion([("balance", WhiteBalancer())]), "FeatureUnion"),
        (OwnPipeline([("segment", KMeansSegmenter())]), "OwnPipeline"),
        (Own(), "Own"),
        (None, "NoneType"),
    ],
)
def test_other_estimators_are_refused_with_a_way_out(estimator, got, tmp_path):
    with pytest.raises(TypeError, match=rf"got {got} instead\. Of a search, .* use pickle, joblib or skops\.$"):
        io.save(estimator, tmp_path / "model.skseg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "estimator",
    [
        balanced(),
        WhiteBalancer(),
        make_pipeline(WhiteBalancer(), KMeansSegmenter(2).fit(COFFEE)),
        make_pipeline(WhiteBalancer().fit(COFFEE), KMeansSegmenter(2)),
    ],
)
def test_every_step_must_be_fitted(estimator, tmp_path):
    with pytest.raises(NotFittedError):
        io.save(estimator, tmp_path / "model.skseg")


@pytest.mark.parametrize(
    ("params", "got"),
    [({"memory": "cache"}, "'memory': 'cache'"), ({"verbose": True}, "True"), ({"transform_input": ["y"]}, r"\['y'\]")],
)
def test_parameters_of_a_pipeline_must_be_defaults(params, got, tmp_path):
    pipeline = balanced().fit(COFFEE).set_params(**params)
    with pytest.raises(ValueError, match=rf"^Of a Pipeline, only its steps are saved: .* got {{.*{got}}} instead"):
        io.save(pipeline, tmp_path / "model.skseg")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b__c"], "without '__'"),
        (["a", 3], "without '__'"),
        (["memory", "b"], "unlike"),
        (["a", "a"], "different names"),
    ],
)
def test_steps_that_a_pipeline_does_not_take_are_refused(names, message, tmp_path):
    pipeline = balanced().fit(COFFEE)
    pipeline.steps = [(name, step) for name, (_, step) in zip(names, pipeline.steps, strict=True)]
    with pytest.raises(ValueError, match=message):
        io.save(pipeline, tmp_path / "model.skseg")


def test_steps_that_do_not_fit_each_other_are_refused(tmp_path):
    pipeline = make_pipeline(WhiteBalancer().fit(COFFEE), KMeansSegmenter(2).fit(COFFEE[..., :1]))
    with pytest.raises(ValueError, match="must be fitted to the same channels; got 3, 1 channels"):
        io.save(pipeline, tmp_path / "model.skseg")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"whitebalancer__p": 0.5}, "p == 0.5"),
        ({"whitebalancer__p": np.nan}, "p must be"),
        ({"whitebalancer__light": [1, 2]}, "light must be a color of 3"),
        ({"whitebalancer__light": [1, 2, 0]}, "light must be positive"),
        ({"whitebalancer__light": [0.1, 0.2, 0.3]}, "in the units of X"),
        ({"regionsegmenter__segmenter__n_clusters": 0}, "n_clusters"),
        ({"regionsegmenter__segmenter__random_state": -1}, "Seed must be"),
        ({"regionsegmenter__segmenter": None}, "segmenter must be None if and only if"),
        ({"regionsegmenter__segmenter": Own(2)}, "segmenter must be a KMeansSegmenter or None; got Own"),
        ({"regionsegmenter__segmenter__n_clusters": np.longdouble(2)}, "n_clusters"),
        ({"regionsegmenter__segmenter__init": np.ones((2, 3), dtype=complex)}, "holds numbers.*; got complex128"),
        ({"regionsegmenter__segmenter__max_iter": 1 << 64}, "integers of at most 64 bits; got 18446744073709551616"),
        ({"regionsegmenter__segmenter__channel_weights": [1, 2]}, "channel_weights must be"),
        ({"regionsegmenter__segmenter__init": lambda colors, n_clusters, random_state: colors[:2]}, "got function"),
    ],
)
def test_parameters_that_could_not_be_loaded_are_not_saved(changed, message, tmp_path):
    pipeline = balanced(RegionSegmenter(KMeansSegmenter(2, random_state=0))).fit(COFFEE).set_params(**changed)
    with pytest.raises((TypeError, ValueError), match=message):
        io.save(pipeline, tmp_path / "model.skseg")
    assert not list(tmp_path.iterdir())


# Old files

COLORS = np.array([[10, 20, 30], [120, 40, 20], [40, 150, 60], [240, 230, 220]])
TRUTH = np.repeat(np.repeat([[0, 1], [2, 3]], 4, axis=0), 6, axis=1)
TINY = (COLORS[TRUTH] + (np.arange(TRUTH.size).reshape(TRUTH.shape) % 5)[..., np.newaxis]).astype(np.uint8)


CAMERA = TINY.astype(np.uint16) << 4  # of 12 bits
HALVES = TRUTH % 2


def old(name):
    """A file with a model of TINY, written by the version in its name."""
    (path,) = DATA.glob(f"{name}-0.*.skseg")
    return path


def test_an_old_file_of_clusters_is_read(pandas):
    table = pandas.DataFrame(TINY.reshape(-1, 3), columns=["red", "green", "blue"])
    segmenter = io.load(old("kmeans"))
    assert np.array_equal(segmenter.predict(table), TRUTH.ravel())
    assert segmenter.set_output(transform="pandas").transform(table).columns.tolist() == ["red", "green", "blue"]
    expected = {"channel_weights": [0.5, 1, 1], "init": COLORS.tolist(), "color_space": "lab", "random_state": 3}
    assert {name: segmenter.get_params()[name] for name in expected} == expected
    again = segmenter.partial_fit(table)
    assert np.allclose(again.cluster_centers_, [TINY[label == TRUTH].mean(axis=0) for label in range(4)])


def test_old_files_of_regions_are_read():
    segmenter = io.load(old("regions"))
    assert np.array_equal(segmenter.predict(TINY), TRUTH)
    assert np.array_equal(segmenter.fit(TINY).labels_, TRUTH)
    segmenter = io.load(old("regions-of-each"))
    assert np.array_equal(segmenter.predict(TINY), RegionSegmenter(scale=0.3, min_size=1).fit_predict(TINY))


def test_an_old_file_with_a_sample_of_the_colors_is_read():
    segmenter = io.load(old("sample"))
    assert np.array_equal(segmenter.predict(TINY.astype(np.float32)), TRUTH)
    assert_is_sample(segmenter, TINY.astype(np.float32))


def test_an_old_file_with_a_range_that_was_found_is_read():
    """Of KMeansSegmenter(4, random_state=0).fit(CAMERA)."""
    segmenter = io.load(old("range"))
    assert (segmenter.value_range, segmenter.value_range_) == ("auto", (0, 4095))
    assert np.array_equal(segmenter.predict(CAMERA), TRUTH)
    assert np.allclose(segmenter.cluster_centers_, [CAMERA[label == TRUTH].mean(axis=0) for label in range(4)])
    assert np.array_equal(segmenter.fit(CAMERA).labels_, TRUTH)


def test_an_old_file_of_a_pipeline_is_read():
    """Of a WhiteBalancer and KMeansSegmenter(4, random_state=0), both with the range (0, 4095), fitted to CAMERA."""
    pipeline = io.load(old("balanced"))
    assert [step.value_range for _, step in pipeline.steps] == [(0, 4095)] * 2
    assert np.allclose(pipeline[0].light_, [0.854, 0.819, 0.783], atol=1e-3)
    in_red_light = np.rint(CAMERA * [1, 0.7, 0.4]).astype(np.uint16)
    assert np.array_equal(pipeline.predict(in_red_light), TRUTH)
    assert not np.array_equal(pipeline[-1].predict(in_red_light), TRUTH)
    assert np.array_equal(pipeline.fit(CAMERA).predict(CAMERA), TRUTH)


def test_an_old_file_of_regions_with_learned_weights_is_read():
    """Of RegionSegmenter(KMeansSegmenter(4, random_state=0), min_size=1, cost="learn").fit(TINY, HALVES)."""
    segmenter = io.load(old("learned"))
    assert (segmenter.cost, segmenter.value_range) == ("learn", "auto")
    assert np.array_equal(segmenter.predict(TINY), HALVES)
    assert not np.array_equal(clone(segmenter).set_params(cost="default").fit_predict(TINY), HALVES)
    assert np.array_equal(segmenter.fit(TINY, HALVES).labels_, HALVES)


def about_of(path):
    with np.load(path) as archive:
        return json.loads(str(archive["about"]))


def arrays_of(path):
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files if name != "about"}


# Files that are not right


def write(path, about, arrays):
    with path.open("wb") as file:
        np.savez(file, about=np.array(json.dumps(about)), **arrays)


def parts(node, at=()):
    """The places in nested lists and dictionaries."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from parts(value, (*at, key))


def changed(node, place, value=None):
    """The same, with another value in a place, or with nothing there."""
    node = copy.deepcopy(node)
    inner = node
    for key in place[:-1]:
        inner = inner[key]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return node


def write_changed(path, place, value, original=None):
    """Write a file again, with another value, or array, in a place."""
    about, arrays = about_of(original or path), arrays_of(original or path)
    if isinstance(value, np.ndarray):
        node = about
        for key in place:
            node = node[key]
        write(path, about, arrays | {f"arr_{node['array']}": value})
    else:
        write(path, changed(about, place, value), arrays)


VALUES = [[None], True, -1, np.nan, 1e308, 10**400, "text", {"a": 1}, {"array": 0}, {"tuple": [1, 2]}]
OF_ANOTHER_VERSION = {"skseg": "0.1.0", "scikit-learn": "1.6", "NumPy": "2.0"}


def assert_model_or_reason(path, image=TINY):
    try:
        estimator = io.load(path)
    except ValueError as error:
        assert str(error).startswith(f"{str(path)!r} is not a model file that skseg can read: ")  # noqa: PT017
        assert len(str(error).splitlines()) == 1  # noqa: PT017
        return False
    try:
        estimator.transform(image)
    except ValueError:  # for example, no light is left
        return True
    return True


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # of costs with very large weights
@pytest.mark.parametrize(
    ("estimator", "versions"),
    [
        (balanced(light=np.ma.masked_less(TINY[:1, :3], 12)), None),
        (balanced(light=np.ma.masked_less(TINY[:1, :3], 12)), OF_ANOTHER_VERSION),
        (RegionSegmenter(KMeansSegmenter(2, random_state=0, channel_weights=(1, 2, 3)), n_regions=2), None),
    ],
    ids=["clusters", "clusters of another version", "regions"],
)
def test_any_value_in_a_file_gives_a_model_or_a_reason(estimator, versions, tmp_path):
    path = tmp_path / "model.skseg"
    io.save(estimator.fit(TINY), path)
    about = about_of(path)
    about["versions"] = versions or about["versions"]
    arrays = arrays_of(path)
    n_read, values = 0, cycle(VALUES)
    for place in parts(about):
        for value in (None, *islice(values, len(VALUES) if MANY_EXAMPLES else 3)):
            write(path, changed(about, place, value), arrays)
            n_read += assert_model_or_reason(path)
    assert n_read < len(list(parts(about))) * 3 / 2 or MANY_EXAMPLES
    for name, array in arrays.items():
        for value in (
            array[:-1],
            array * np.nan,
            array.astype(complex),
            0 - array,
            array + 1e300,
            array[..., np.newaxis],
        ):
            write(path, about, arrays | {name: value})
            assert_model_or_reason(path)
    write(path, about, arrays | {"alien": np.zeros(1)})
    assert not assert_model_or_reason(path)


@pytest.mark.parametrize("name", ["kmeans", "regions", "regions-of-each", "sample"])
def test_any_value_in_an_old_file_gives_a_model_or_a_reason(name, tmp_path):
    about, path = about_of(old(name)), tmp_path / "model.skseg"
    about["versions"] = OF_ANOTHER_VERSION
    arrays = arrays_of(old(name))
    image = TINY.astype(np.float32) if name == "sample" else TINY
    for place in parts(about):
        for value in (None, -1):
            write(path, changed(about, place, value), arrays)
            assert_model_or_reason(path, image)


MODEL = ("model",)
STEPS = (*MODEL, "params", "steps")
BALANCER, CLUSTERS = (*STEPS, 0, "tuple", 1), (*STEPS, 1, "tuple", 1)
LIGHT, LEARNED = (*BALANCER, "learned"), (*CLUSTERS, "learned")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("format",), 3, "written by skseg .* which does not fit skseg .*; install what wrote it"),
        ((*MODEL, "estimator"), "SVC", "'SVC'"),
        ((*CLUSTERS, "estimator"), "Pipeline", "unexpected keyword"),
        ((*CLUSTERS, "estimator"), "WhiteBalancer", "unexpected keyword"),
        ((*CLUSTERS, "estimator"), "KMeans", "unexpected keyword"),
        ((*STEPS, 0, "tuple", 0), 3, "Steps must have different names"),
        ((*STEPS, 0, "tuple", 0), "kmeanssegmenter", "Steps must have different names"),
        ((*STEPS, 0, "tuple", 0), "a__b", "without '__'"),
        ((*STEPS, 0, "tuple", 1), "skip", "got Pipeline of str, KMeansSegmenter"),
        ((*MODEL, "params", "memory"), "cache", "'memory': 'cache'"),
        ((*MODEL, "learned"), {}, "KeyError|Pipeline"),
        ((*BALANCER, "params", "p"), 0.5, "p == 0.5"),
        ((*BALANCER, "params", "steal"), "file", "unexpected keyword argument 'steal'"),
        ((*BALANCER, "params", "light", "data"), np.full((1, 3, 3), "text"), "light must be a color"),
        ((*BALANCER, "params", "light", "data"), np.full((1, 3, 3), 0, np.uint8), "light must be positive"),
        ((*BALANCER, "params", "light", "mask"), np.ones((1, 3, 3), bool), "not all masked"),
        ((*BALANCER, "params", "light", "mask"), np.ones((1, 2, 3), bool), "not compatible"),
        ((*LIGHT, "light"), np.array([0.5, 0.5]), "light must be a color of 2"),
        ((*LIGHT, "light"), np.array([0.5, 0.0, 0.5]), "light_ must be positive"),
        ((*LIGHT, "light"), np.array([0.5, -0.5, 0.5]), "light_ must be positive"),
        ((*LIGHT, "light"), np.array([0.5, np.nan, 0.5]), "contains NaN"),
        ((*LIGHT, "light"), np.array([0.5, 1e101, 0.5]), "light_ must be positive and at most 1e\\+100"),
        ((*LIGHT, "light"), np.array([0.5, 0.5, 0.5], np.float32), "do not belong together"),
        ((*LIGHT, "light"), np.array(0.5), "at least 1 dimension"),
        ((*LIGHT, "is_srgb"), 1, "do not belong together"),
        ((*LIGHT, "like"), np.empty(0, complex), "got complex128"),
        ((*LIGHT, "limits", "tuple", 0), 256.0, "256 to 2"),
        ((*LIGHT, "limits", "tuple", 1), np.inf, "to inf"),
        ((*LIGHT, "names"), ["red", "green"], r"must be 3 strings; got \['red', 'green'\]"),
        ((*LIGHT, "names"), ["red", "green", 3], "do not belong together"),
        ((*BALANCER, "set_output"), "parquet", "set_output must be"),
        ((*CLUSTERS, "params", "random_state"), "luck", "'luck' cannot be used"),
        ((*CLUSTERS, "params", "max_iter"), 10**30, "integers of at most 64 bits"),
        ((*LEARNED, "kmeans", "params", "n_clusters"), 0, "n_clusters == 0"),
        ((*LEARNED, "kmeans", "params", "alien"), 1, "unexpected keyword argument 'alien'"),
        ((*LEARNED, "channel_weights"), np.array([1.0, 0.5, 0.5]), "do not belong together"),
        ((*LEARNED, "centers"), np.zeros((0, 3)), "."),
        ((*LEARNED, "centers"), np.zeros((3, 1)), "do not belong together"),
        ((*LEARNED, "inertia"), -1, "inertia and n_iter must not be negative; got -1"),
        ((*LEARNED, "inertia"), np.nan, "inertia and n_iter must not be negative; got nan"),
        ((*LEARNED, "n_iter"), -1, "inertia and n_iter must not be negative"),
        ((*LEARNED, "n_iter"), 1.5, "do not belong together"),
        ((*LEARNED, "census", "weights"), np.ones(3), r"must have .* shape \(20,\); got \(3,\)"),
        ((*LEARNED, "census", "limits"), {"tuple": [0, 255]}, "do not belong together"),
    ],
)
def test_what_is_wrong_in_the_file_of_a_pipeline_is_named(place, value, message, tmp_path):
    path = tmp_path / "model.skseg"
    io.save(balanced(light=np.ma.masked_less(TINY[:1, :3], 12)).fit(TINY), path)
    write_changed(path, place, value)
    with pytest.raises(ValueError, match=rf"\A'.*' is not a model file that skseg can read: .*{message}.*\Z"):
        io.load(path)


@pytest.mark.parametrize("change", [{"size": np.nan}, {"labels": np.inf}, {"more": 1.0}])
def test_weights_that_make_no_cost_are_not_read(change, tmp_path):
    path = tmp_path / "model.skseg"
    segmenter = RegionSegmenter(min_size=2).fit(TINY)
    io.save(segmenter, path)
    write_changed(path, (*MODEL, "learned", "weights"), segmenter.weights_ | change)
    with pytest.raises(ValueError, match="weights must hold a finite number for each of 'size', 'length', "):
        io.load(path)


def test_a_file_has_a_segmenter_at_the_end_only(tmp_path):
    path = tmp_path / "model.skseg"
    io.save(balanced().fit(TINY), path)
    about = about_of(path)
    balancer, segmenter = about["model"]["params"]["steps"]
    for steps in ([], [segmenter, balancer], [balancer, {"tuple": ["inner", about["model"]]}]):
        write_changed(path, STEPS, steps)
        with pytest.raises(ValueError, match=r"estimator must be a .*; got Pipeline of"):
            io.load(path)
    write(path, changed(about, STEPS, [balancer]), arrays_of(path))  # without the arrays of the segmenter
    with pytest.raises(ValueError, match="do not belong together"):
        io.load(path)


def test_srgb_in_a_file_has_three_channels(tmp_path):
    path = tmp_path / "model.skseg"
    io.save(WhiteBalancer().fit(TINY[..., :2]), path)
    write_changed(path, (*MODEL, "learned", "is_srgb"), True)
    with pytest.raises(ValueError, match="sRGB has three channels; got 2"):
        io.load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", -1),
        ("level", 33),
        ("level", 1.5),
        ("limits", np.array([300, 10], dtype=np.float32)),
        ("limits", np.array([0, 255])),
        ("weights", np.full(42, 1e308)),
        ("weights", np.zeros(42)),
        ("spread", -1.0),
        ("spread", np.nan),
        ("sizes", np.array([0.7, 0.7, 0.3, -0.7])),
        ("sizes", np.ones(4)),
        ("colors", np.zeros((4, 2))),
        ("cache", 1),
    ],
)
def test_sums_that_cannot_be_are_refused(name, value, tmp_path):
    part = "census" if name in ("level", "limits", "weights") else "sums"
    path = tmp_path / "model.skseg"
    io.save(KMeansSegmenter(1).fit(TINY), path)
    write_changed(path, ("versions",), about_of(path)["versions"], old("sample"))
    write_changed(path, (*MODEL, "learned", part, name), value)
    with pytest.raises(ValueError, match=r"do not belong together|finite, also in sum"):
        io.load(tmp_path / "model.skseg")


@pytest.mark.parametrize(("name", "n_channels"), [("regions", 4), ("regions-of-each", 0)])
def test_regions_in_a_file_have_the_channels_of_their_classes(name, n_channels, tmp_path):
    write_changed(tmp_path / "model.skseg", (*MODEL, "learned", "n_channels"), n_channels, old(name))
    with pytest.raises(ValueError, match="do not belong together"):
        io.load(tmp_path / "model.skseg")


def test_a_file_of_these_versions_is_complete(tmp_path):
    path = tmp_path / "model.skseg"
    io.save(KMeansSegmenter(4, random_state=0).fit(TINY), path)
    for name in ("n_init", "output"):
        write_changed(path, (*MODEL, "params", name), None)
    with pytest.raises(ValueError, match="do not belong together"):
        io.load(path)
    write_changed(path, ("versions",), OF_ANOTHER_VERSION)
    assert np.array_equal(io.load(path).predict(TINY), TRUTH)
