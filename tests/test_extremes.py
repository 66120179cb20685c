"""Numbers at the edge: all colors there are, one pixel among very many, ties, weights, sizes."""

import numpy as np
import pytest
from skimage.data import coffee
from sklearn.exceptions import ConvergenceWarning

from skseg import KMeansSegmenter

COFFEE = coffee()[::10, ::10]


def test_an_image_of_all_colors_there_are():
    every = np.arange(2**24, dtype="<u4").view(np.uint8).reshape(4096, 4096, 4)[..., :3]
    model = KMeansSegmenter(2, color_space=None, max_iter=2, n_init=1, random_state=0).fit(every)
    assert model.labels_.shape == (4096, 4096)
    few, labels = every[::61, ::67], model.labels_[::61, ::67]
    assert np.array_equal(model.predict(few), labels)
    assert np.array_equal(model.pipeline_.predict(few.reshape(-1, 3)), labels.ravel())
    assert np.average(model.cluster_centers_, axis=0, weights=model.cluster_sizes_) == pytest.approx([127.5] * 3)


def test_one_pixel_of_another_color_among_more_than_single_precision_can_count():
    image = np.full((5000, 5000, 3), 200, dtype=np.uint8)
    image[1234, 4321] = 0, 0, 10
    model = KMeansSegmenter(2, random_state=0).fit(image)
    assert model.cluster_centers_.tolist() == [[0, 0, 10], [200, 200, 200]]
    assert model.cluster_sizes_[0] == pytest.approx(1 / 25e6)
    assert np.count_nonzero(model.labels_ == 0) == 1
    assert model.labels_[1234, 4321] == 0


@pytest.fixture(scope="module")
def square():
    """Four clusters at the corners of a square, by their brightness, and pixels of which some are as near to several.

    Between 0 and 1 are 5 steps of a quarter along each side: in the middle, all four corners are equally near.
    """
    corners = np.array([[0, 0], [1, 0], [0, 1.5], [1, 1.5]])
    steps = np.stack(np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1.5, 5), indexing="ij"), axis=-1)
    return KMeansSegmenter(4, init=corners, color_space=None).fit(corners), steps


def forms(image):
    """Ways to predict an image."""
    height, width, n_channels = image.shape
    table = image.reshape(-1, n_channels)
    out = np.empty((height, width), dtype=np.int32)
    return {
        "table": lambda model: model.predict(table),
        "image": lambda model: model.predict(image),
        "stack": lambda model: model.predict(image[np.newaxis]),
        "list": lambda model: model.predict([image])[0],
        "rows in a list": lambda model: np.concatenate(model.predict(list(table[:, np.newaxis, np.newaxis]))),
        "masked": lambda model: model.predict(np.ma.MaskedArray(image)),
        "transposed": lambda model: model.predict(image.swapaxes(0, 1)).T,
        "float32": lambda model: model.predict(image.astype(np.float32)),
        "out": lambda model: model.predict(image, out=out),
        "large": lambda model: model.predict(np.tile(image, (100, 100, 1)))[:height, :width],
        "pipeline": lambda model: model.pipeline_.predict(table),
        "distances": lambda model: model.set_params(output="distance").transform(image).argmin(axis=-1),
        "label": lambda model: model.set_params(output="label").transform(image),
    }


@pytest.mark.parametrize("form", forms(COFFEE))
def test_of_clusters_that_are_equally_near_the_darkest_is_taken_in_every_form_of_x(form, square):
    model, image = square
    labels = np.reshape(forms(image)[form](model), (5, 5))
    corners = np.array([[0, 0], [1, 0], [0, 1.5], [1, 1.5]])
    expected = ((image[..., np.newaxis, :] - corners) ** 2).sum(axis=-1).argmin(axis=-1)
    assert labels[2, 2] == 0
    assert np.array_equal(labels, expected)


def test_weights_of_every_size_stand_side_by_side():
    rng = np.random.default_rng(0)
    exponents = rng.uniform(-300, 300, COFFEE.shape[:2])
    model = KMeansSegmenter(4, random_state=0).fit(COFFEE, sample_weight=10**exponents)
    assert np.isfinite(model.cluster_centers_).all()
    assert model.cluster_sizes_.sum() == pytest.approx(1)
    assert np.isfinite([model.inertia_, model.score(COFFEE, sample_weight=10**exponents)]).all()
    for label, center in enumerate(model.cluster_centers_):
        members = model.labels_ == label
        shares = 10 ** (exponents[members] - exponents[members].max())
        np.testing.assert_allclose(center, np.average(COFFEE[members], axis=0, weights=shares), rtol=1e-9)


@pytest.mark.parametrize("factor", [1e-300, 1e300])
@pytest.mark.parametrize("n_clusters", [1, 5])
def test_the_unit_of_the_weights_changes_no_score(factor, n_clusters):
    model = KMeansSegmenter(n_clusters, random_state=0).fit(COFFEE)
    weights = np.full(COFFEE.shape[:2], factor)
    assert model.score(COFFEE, sample_weight=weights) == pytest.approx(model.score(COFFEE))
    truth = COFFEE[..., 0] > 100
    many = model.score(np.tile(COFFEE, (9, 9, 1)), np.tile(truth, (9, 9)))  # a pair of copies is a pair
    expected = many if factor > 1 else model.score(COFFEE, truth)
    assert model.score(COFFEE, truth, sample_weight=weights) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("shape", [(2, 65_535), (65_535, 2), (1, 65_536), (1, 131_070)])
def test_wide_and_high_images(shape):
    image = np.resize(COFFEE, (*shape, 3))
    model = KMeansSegmenter(3, random_state=0).fit(image)
    assert model.labels_.shape == shape
    assert np.array_equal(model.labels_.ravel(), model.predict(image.reshape(-1, 3)))
    assert np.array_equal(model.transform(image), model.inverse_transform(model.labels_))


def test_one_pixel():
    image = np.array([[[3, 4, 5]]], dtype=np.uint8)
    with pytest.warns(ConvergenceWarning, match="1 distinct color"):
        model = KMeansSegmenter(3, random_state=0).fit(image)
    assert model.labels_.tolist() == [[0]]
    assert np.array_equal(model.transform(image), image)
    assert model.cluster_sizes_.tolist() == [1]
    assert np.isfinite(model.score(image))


@pytest.mark.parametrize("dtype", [np.uint64, np.int64])
def test_integers_at_the_end_of_64_bits_are_painted_as_themselves(dtype):
    limits = np.iinfo(dtype)
    image = np.array([[[limits.max, 0, limits.min]]], dtype=dtype)
    painted = KMeansSegmenter(1, color_space=None, random_state=0).fit_transform(image)
    np.testing.assert_allclose(painted.astype(float), image.astype(float), rtol=1e-15)


@pytest.mark.filterwarnings("ignore:Number of distinct clusters:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:X has .* fewer than n_clusters:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("outlier", [1e6, 1e9, 1e11])
def test_the_inertia_is_the_one_of_the_labels_however_far_an_outlier(outlier):
    X = np.random.default_rng(3).random((2500, 2))
    X[0] = outlier
    model = KMeansSegmenter(5, color_space=None, random_state=0).fit(X)
    centers = model.pipeline_["kmeans"].cluster_centers_
    assert model.inertia_ == pytest.approx(((X - centers[model.labels_]) ** 2).sum())


@pytest.mark.parametrize("exponent", [-158, -100, 100, 148, 149])
@pytest.mark.parametrize("n_rows", [80, 6000])  # as points of their own, and as cells
@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_the_unit_of_the_numbers_changes_no_label(exponent, n_rows, n_channels):
    image = np.random.default_rng(0).random((n_rows, 1, n_channels))
    model = KMeansSegmenter(3, color_space=None, random_state=0).fit(image)
    scaled = KMeansSegmenter(3, color_space=None, random_state=0).fit(image * 10.0**exponent)
    assert np.array_equal(scaled.labels_, model.labels_)
    np.testing.assert_allclose(scaled.cluster_centers_, model.cluster_centers_ * 10.0**exponent, rtol=1e-6)


@pytest.mark.parametrize("exponent", [-300, -170, -163])
@pytest.mark.parametrize("n_rows", [80, 6000])
def test_numbers_whose_squares_are_zero_are_one_cluster_with_a_warning(exponent, n_rows):
    image = np.random.default_rng(0).random((n_rows, 1, 3)) * 10.0**exponent
    with pytest.warns(ConvergenceWarning, match="distinct colors in 1 cluster"):
        model = KMeansSegmenter(3, random_state=0).fit(image)
    assert not model.labels_.any()
