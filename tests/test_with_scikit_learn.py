"""Inside scikit-learn's tools: Pipeline, searches, cross-validation, unions, metadata routing."""

import numpy as np
import pytest
import sklearn
from skimage.data import astronaut, coffee
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags

from skseg import ColorConverter, KMeansSegmenter
from skseg.metrics import adjusted_rand

COFFEE = coffee()[::4, ::4]
ASTRONAUT = astronaut()[::5, ::5]


def segmenter(n_clusters=3, **params):
    return KMeansSegmenter(n_clusters, random_state=0, **params)


@pytest.fixture(scope="module")
def scene():
    """An image of four colors with noise, and the truth."""
    rng = np.random.default_rng(0)
    truth = rng.integers(4, size=(60, 80))
    colors = np.array([[30, 30, 40], [200, 40, 40], [40, 160, 60], [230, 220, 200]])
    image = np.clip(colors[truth] + rng.normal(0, 8, (60, 80, 3)), 0, 255).astype(np.uint8)
    return image, truth


def forms(image, truth):
    mask = np.zeros(image.shape, dtype=bool)
    mask[:, :10] = True
    return {
        "image": (image, truth),
        "stack": (image.reshape(6, 10, 80, 3), truth.reshape(6, 10, 80)),
        "list": ([image[:20], image[20:35], image[35:]], [truth[:20], truth[20:35], truth[35:]]),
        "masked": (np.ma.MaskedArray(image, mask=mask), truth),
        "table": (image.reshape(-1, 3), truth.ravel()),
    }


@pytest.mark.parametrize(
    ("form", "supervised"),
    [("image", True), ("stack", False), ("list", True), ("list", False), ("masked", True), ("table", False)],
)
def test_grid_search_finds_the_number_of_colors(form, supervised, scene):
    X, y = forms(*scene)[form]
    search = GridSearchCV(segmenter(n_init=5), {"n_clusters": range(2, 8)}, cv=3, error_score="raise")
    search.fit(X, y if supervised else None)
    assert search.best_params_ == {"n_clusters": 4}
    assert len(search.predict(X)) == len(X)


def test_grid_search_runs_in_parallel_and_inside_a_pipeline(scene):
    pipeline = Pipeline([("half", FunctionTransformer(lambda image: image[:, ::2])), ("segment", segmenter(n_init=5))])
    search = GridSearchCV(pipeline, {"segment__n_clusters": [3, 4, 5]}, cv=3, n_jobs=1).fit(scene[0])
    assert search.best_params_ == {"segment__n_clusters": 4}
    parallel = GridSearchCV(segmenter(n_init=5), {"n_clusters": [3, 4, 5]}, cv=3, n_jobs=2).fit(scene[0])
    assert parallel.best_params_ == {"n_clusters": 4}


def test_other_searches_and_cross_validation_work(scene):
    image, truth = scene
    search = RandomizedSearchCV(segmenter(), {"color_space": ["hsv", "lab", "rgb"]}, n_iter=2, cv=2, random_state=0)
    assert search.fit(image).best_params_["color_space"] in {"hsv", "lab", "rgb"}
    assert np.isfinite(cross_validate(segmenter(), image, truth, cv=3)["test_score"]).all()
    assert cross_val_predict(segmenter(), image.reshape(-1, 3), cv=3).shape == (image.shape[0] * image.shape[1],)


def test_a_color_step_and_a_segmenter_make_a_pipeline_for_images():
    pipeline = make_pipeline(ColorConverter("lab"), segmenter(color_space=None, n_init=20))
    together = segmenter(color_space="lab", n_init=20).fit(COFFEE)
    assert adjusted_rand(pipeline.fit(COFFEE).predict(COFFEE), together.labels_) > 0.99
    assert pipeline.fit([COFFEE, ASTRONAUT]).predict([COFFEE, ASTRONAUT])[1].shape == ASTRONAUT.shape[:2]


def test_distances_are_features_for_a_classifier(scene):
    image, truth = scene
    pipeline = make_pipeline(
        segmenter(4, output="distance", n_init=5), StandardScaler(), RandomForestClassifier(5, random_state=0)
    )
    assert pipeline.fit(image.reshape(-1, 3), truth.ravel()).score(image.reshape(-1, 3), truth.ravel()) > 0.95


@pytest.mark.usefixtures("pandas")
def test_a_feature_union_names_the_columns(scene):
    union = FeatureUnion([("color", ColorConverter()), ("label", segmenter(output="label"))])
    union.set_output(transform="pandas")
    table = union.fit_transform(scene[0].reshape(-1, 3))
    assert list(table.columns) == [
        "color__chroma_cos_hue",
        "color__chroma_sin_hue",
        "color__value",
        "label__label",
    ]


def test_inverse_transform_goes_back_through_a_pipeline(scene):
    pipeline = make_pipeline(segmenter(output="label"))
    table = scene[0].reshape(-1, 3)
    painted = pipeline.inverse_transform(pipeline.fit_transform(table))
    assert np.array_equal(painted, segmenter().fit_transform(table))


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_a_global_container_changes_no_model(container):
    if container != "default":
        pytest.importorskip(container)
    with sklearn.config_context(transform_output=container):
        model = segmenter().fit(COFFEE)
        table = model.transform(COFFEE.reshape(-1, 3)[:10])
        labels = model.pipeline_.predict(COFFEE.reshape(-1, 3))
    assert hasattr(table, "columns") == (container != "default")
    assert np.array_equal(labels, model.labels_.ravel())
    assert np.array_equal(model.labels_, segmenter().fit(COFFEE).labels_)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def weights_of(image):
    weights = np.ones(image.shape[:2])
    weights[: len(weights) // 2] = 3
    return weights


def test_weights_reach_the_segmenter_through_a_pipeline_by_name():
    pipeline = Pipeline([("segment", segmenter())]).fit(COFFEE, segment__sample_weight=weights_of(COFFEE))
    alone = segmenter().fit(COFFEE, sample_weight=weights_of(COFFEE))
    assert np.array_equal(pipeline["segment"].cluster_centers_, alone.cluster_centers_)


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_to_those_who_ask():
    weights = weights_of(COFFEE)
    alone = segmenter().fit(COFFEE, sample_weight=weights)
    asking = segmenter().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = Pipeline([("segment", asking)]).fit(COFFEE, sample_weight=weights)
    assert np.array_equal(pipeline["segment"].cluster_centers_, alone.cluster_centers_)
    assert pipeline.score(COFFEE, sample_weight=weights) == alone.score(COFFEE, sample_weight=weights)
    search = GridSearchCV(asking, {"n_clusters": [2, 3]}, cv=2, error_score="raise").fit(COFFEE, sample_weight=weights)
    assert search.best_estimator_.cluster_sizes_.sum() == pytest.approx(1)


@pytest.mark.usefixtures("routing")
def test_routing_alone_changes_nothing():
    assert segmenter().fit_transform(COFFEE).shape == COFFEE.shape
    assert segmenter().fit_predict([COFFEE, ASTRONAUT])[1].shape == ASTRONAUT.shape[:2]


def test_weights_of_a_list_are_split_with_it_by_cross_validation():
    images = [COFFEE, COFFEE[:50], ASTRONAUT, ASTRONAUT[50:]]
    search = GridSearchCV(segmenter(), {"n_clusters": [2, 3]}, cv=2, error_score="raise")
    search.fit(images, sample_weight=[weights_of(image) for image in images])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("output", ["color", "label", "distance"])
def test_the_tags_are_true(output):
    model = segmenter(output=output)
    tags = get_tags(model)
    assert tags.input_tags.three_d_array
    tables = [COFFEE.reshape(-1, 3).astype(dtype) for dtype in ("float32", "float64")]
    keeps_all = all(model.fit_transform(table).dtype == table.dtype for table in tables)
    assert sorted(tags.transformer_tags.preserves_dtype) == (["float32", "float64"] if keeps_all else [])
