"""The invariants that the library stands on: what must never change the model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from skimage.data import astronaut, chelsea, coffee, immunohistochemistry, rocket
from sklearn.base import clone
from sklearn.cluster import KMeans

from skseg import ColorConverter, KMeansSegmenter
from skseg.metrics import adjusted_rand

COFFEE = coffee()[::3, ::3]
PICTURES = {
    "astronaut": astronaut,
    "chelsea": chelsea,
    "coffee": coffee,
    "tissue": immunohistochemistry,
    "rocket": rocket,
}


def segmenter(n_clusters=5, **params):
    return KMeansSegmenter(n_clusters, random_state=0, **params)


@pytest.fixture(scope="module")
def fitted():
    return segmenter().fit(COFFEE)


def assert_same_model(one, other):
    assert np.array_equal(one.cluster_centers_, other.cluster_centers_)
    assert np.array_equal(one.cluster_sizes_, other.cluster_sizes_)
    np.testing.assert_allclose(
        one.pipeline_["kmeans"].cluster_centers_, other.pipeline_["kmeans"].cluster_centers_, rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("color_space", ["auto", "lab"])
def test_kmeans_on_all_pixels_from_the_same_centers_gives_the_same_labels(picture, color_space):
    image = PICTURES[picture]()[::2, ::2]
    model = segmenter(color_space=color_space, tol=0).fit(image)
    features = ColorConverter(color_space).fit_transform(image.reshape(-1, 3))
    plain = KMeans(5, init=model.pipeline_["kmeans"].cluster_centers_, n_init=1, tol=0).fit(features)
    assert np.array_equal(plain.labels_, model.labels_.ravel())
    assert model.inertia_ == pytest.approx(plain.inertia_)


@pytest.mark.parametrize("picture", PICTURES)
def test_kmeans_on_all_pixels_from_the_same_start_ends_with_the_same_labels(picture):
    image = PICTURES[picture]()[::2, ::2]
    palette = image.reshape(-1, 3)[np.random.default_rng(0).choice(image.shape[0] * image.shape[1], 6, replace=False)]
    model = KMeansSegmenter(6, init=palette).fit(image)
    converter = ColorConverter().fit(image)
    start = converter.transform(palette)
    plain = KMeans(6, init=start, n_init=1).fit(converter.transform(image.reshape(-1, 3)))
    assert adjusted_rand(plain.labels_, model.labels_) == 1
    assert model.n_iter_ == plain.n_iter_


@pytest.mark.parametrize("tol", [0.3, 0.03, 0.003])
def test_iterations_end_where_those_on_all_pixels_end(tol):
    image = np.full((100, 100, 3), 60, dtype=np.uint8)  # one color that occurs often, many that do not
    image[:12] = np.random.default_rng(0).integers(0, 256, (12, 100, 3))
    palette = [[40, 40, 40], [100, 60, 40], [180, 60, 40], [200, 180, 160]]
    model = KMeansSegmenter(4, init=palette, tol=tol).fit(image)
    converter = ColorConverter().fit(image)
    start = converter.transform(np.array(palette, dtype=np.uint8))
    plain = KMeans(4, init=start, n_init=1, tol=tol).fit(converter.transform(image.reshape(-1, 3)))
    assert model.n_iter_ == plain.n_iter_
    assert model.inertia_ == pytest.approx(plain.inertia_)


@pytest.mark.parametrize(
    "change",
    [
        np.rot90,
        lambda image: image[::-1],
        lambda image: image[:, ::-1],
        np.asfortranarray,
        lambda image: np.random.default_rng(0).permutation(image.reshape(-1, 3)),
        lambda image: np.tile(image, (1, 3, 1)),
        lambda image: np.repeat(image, 2, axis=0),
        lambda image: [image[:50], image[50:120, 20:], image[50:120, :20], image[120:]],
        lambda image: np.ascontiguousarray(np.repeat(image, 2, axis=1))[:, ::2],
    ],
    ids=["rotate", "flip", "mirror", "fortran", "shuffle", "tile", "repeat", "split", "stride"],
)
def test_the_order_of_the_pixels_does_not_matter(change, fitted):
    assert_same_model(segmenter().fit(change(COFFEE)), fitted)


def test_the_order_of_floats_does_not_matter():
    image = COFFEE / 255
    parts = [image[::-1, :70], image[:, 70:].swapaxes(0, 1)]
    assert_same_model(segmenter().fit(parts), segmenter().fit(image))


def test_weight_two_is_the_pixel_twice():
    weights = np.ones(COFFEE.shape[:2])
    weights[30:60] = 2
    twice = segmenter().fit(np.concatenate([COFFEE, COFFEE[30:60]]))
    assert_same_model(segmenter().fit(COFFEE, sample_weight=weights), twice)


def test_weight_zero_is_a_masked_pixel_is_an_absent_pixel():
    weights = np.ones(COFFEE.shape[:2])
    weights[:40] = 0
    absent = segmenter().fit(COFFEE[40:])
    by_mask = np.ma.MaskedArray(COFFEE, mask=np.repeat(weights[..., np.newaxis] == 0, 3, axis=-1))
    weighted = segmenter().fit(COFFEE, sample_weight=weights)
    assert_same_model(weighted, absent)
    assert_same_model(segmenter().fit(by_mask), absent)
    assert np.array_equal(weighted.labels_, absent.predict(COFFEE))  # a pixel of weight 0 has a label all the same


@pytest.mark.parametrize("factor", [0.125, 3.0, 1e-300, 1e300])
def test_the_unit_of_the_weights_does_not_matter(factor, fitted):
    model = segmenter().fit(COFFEE, sample_weight=np.full(COFFEE.shape[:2], factor))
    assert np.array_equal(model.labels_, fitted.labels_)
    np.testing.assert_allclose(model.cluster_sizes_, fitted.cluster_sizes_)


def test_weights_of_a_sequence_go_with_its_images(fitted):
    parts = [COFFEE[:50], COFFEE[50:]]
    weights = np.random.default_rng(0).integers(0, 4, COFFEE.shape[:2])
    together = segmenter().fit(COFFEE, sample_weight=weights)
    assert_same_model(segmenter().fit(parts, sample_weight=[weights[:50], weights[50:]]), together)


def test_partial_fit_over_parts_is_fit_over_the_whole(fitted):
    model = segmenter()
    for part in (COFFEE[90:], COFFEE[:30], COFFEE[30:90]):
        model.partial_fit(part)
    assert_same_model(model, fitted)
    assert not hasattr(model, "labels_")


def test_partial_fit_adds_weighted_pixels():
    weights = np.random.default_rng(0).integers(0, 4, COFFEE.shape[:2])
    model = segmenter()
    for part in (slice(60, None), slice(0, 60)):
        model.partial_fit(COFFEE[part], sample_weight=weights[part])
    assert_same_model(model, segmenter().fit(COFFEE, sample_weight=weights))


def test_partial_fit_goes_on_after_fit(fitted):
    assert_same_model(segmenter().fit(COFFEE[:70]).partial_fit([COFFEE[70:90], COFFEE[90:]]), fitted)


def test_fit_starts_anew(fitted):
    assert_same_model(segmenter().partial_fit(astronaut()).fit(COFFEE), fitted)


def test_fit_is_reproducible_with_an_int_random_state():
    assert_same_model(segmenter(10).fit(astronaut()), segmenter(10).fit(astronaut()))


def test_fit_and_predict_leave_x_alone(fitted):
    image = COFFEE.copy()
    image.flags.writeable = False
    model = clone(fitted).fit(image)
    model.transform(image)
    assert np.array_equal(image, COFFEE)


images = npst.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int16, np.float32, np.float64, np.bool_]),
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 2, 3, 5])),
    elements={"min_value": 0, "max_value": 1},
)


@given(image=images, n_clusters=st.integers(1, 5))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_image_keeps_its_shape_and_dtype(image, n_clusters):
    model = segmenter(n_clusters).fit(image)
    painted = model.transform(image)
    assert painted.shape == image.shape
    assert painted.dtype == image.dtype
    assert model.labels_.shape == image.shape[:2]
    assert np.array_equal(np.unique(model.labels_), np.arange(len(model.cluster_centers_)))
    assert np.array_equal(model.labels_, model.predict(image))
    assert np.array_equal(model.inverse_transform(model.labels_), painted)
    assert np.array_equal(model.set_params(output="distance").transform(image).argmin(axis=-1), model.labels_)
    assert model.cluster_sizes_.sum() == pytest.approx(1)


@given(data=st.data(), image=images)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_integer_weights_are_repetitions(data, image):
    rows = image.reshape(-1, image.shape[-1])
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows))))
    if not weights.any():
        return
    weighted = segmenter(3).fit(rows, sample_weight=weights)
    assert_same_model(weighted, segmenter(3).fit(np.repeat(rows, weights, axis=0)))
