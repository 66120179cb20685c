"""Bands: channels divided by their standard deviation, spectra by their length, in all forms of X and ways to fit."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from skimage.data import coffee
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseg import ColorConverter, KMeansSegmenter, io
from skseg.metrics import prediction_strength

rng = np.random.default_rng(0)
TRUTH = rng.integers(0, 3, size=(40, 50))
SPECTRA = np.array([[1.0, 4, 2, 8], [3, 3, 3, 3], [5, 1, 6, 2]])
SCENE = SPECTRA[TRUTH] + rng.normal(scale=0.05, size=(40, 50, 4))
SHADED = SCENE * rng.uniform(0.2, 1, size=(40, 50, 1))
UNEVEN = SCENE * [1, 1000, 1e-3, 20] + [5, -1e5, 0, 3]
INTEGERS = np.rint(UNEVEN * [100, 1, 1e6, 10]).astype(np.int32)
SCALED = {"color_space": None, "channel_weights": "scale"}


@pytest.fixture
def passes(lower):
    """Colors are too many to be counted from 500 on, and their passes have many parts."""
    lower(keys=500, probed_pixels=500, colors_in_fit=500, block_pixels=300)


def table_of(image):
    return np.asarray(image, dtype=np.float64).reshape(-1, image.shape[-1])


# Scale


@pytest.mark.parametrize("image", [UNEVEN, INTEGERS, UNEVEN.astype(np.float32), coffee()], ids=["f8", "i4", "f4", "u1"])
def test_weights_are_one_over_the_standard_deviation_of_all_pixels(image):
    unit = table_of(image) / (255 if image.dtype == np.uint8 else 1)
    converter = ColorConverter(**SCALED).fit(image)
    assert_allclose(converter.channel_weights_, 1 / StandardScaler().fit(unit).scale_, rtol=1e-9)
    assert_allclose(converter.transform(image).std(axis=(0, 1)), np.ones(image.shape[-1]), rtol=1e-9)


@pytest.mark.parametrize("space", ["lab", "hsv", "direction"])
def test_the_channels_of_the_color_space_are_scaled(space):
    unscaled = ColorConverter(space, channel_weights=None).fit_transform(coffee())
    converter = ColorConverter(space, channel_weights="scale").fit(coffee())
    assert_allclose(converter.channel_weights_, 1 / unscaled.std(axis=(0, 1)), rtol=1e-9)


def test_a_constant_channel_has_the_weight_1():
    flat = UNEVEN.copy()
    flat[..., 1], flat[..., 2] = 0.1, 0
    assert ColorConverter(**SCALED).fit(flat).channel_weights_[1:3].tolist() == [1, 1]
    assert ColorConverter(**SCALED).fit([[7.0, 7.0]]).channel_weights_.tolist() == [1, 1]


@pytest.mark.parametrize("factor", [1e-306, 1e-200, 1e140])
def test_the_size_of_numbers_does_not_matter(factor):
    labels = KMeansSegmenter(3, random_state=0, **SCALED).fit_predict(SCENE * factor)
    assert np.array_equal(labels, KMeansSegmenter(3, random_state=0, **SCALED).fit_predict(SCENE))


def test_a_channel_too_small_to_be_divided_by_is_constant():
    tiny = SCENE * [1, 1, 1, 1e-312]
    assert ColorConverter(**SCALED).fit(tiny).channel_weights_[3] == 1


def test_numbers_too_large_for_squares_are_refused():
    with pytest.raises(
        ValueError, match=r"Pixels must stay within ±1e\+150, or squared distances overflow; scale them"
    ):
        KMeansSegmenter(3, **SCALED).fit(SCENE * 1e200)


@pytest.mark.usefixtures("passes")
def test_numbers_too_large_for_squares_are_refused_wherever_they_are():
    scene = SCENE.copy()
    scene[30, 30, 2] = -1e200
    with pytest.raises(ValueError, match=r"Pixels must stay within ±1e\+150"):
        KMeansSegmenter(3, **SCALED).fit(scene)


def test_clusters_are_those_of_scaled_pixels():
    segmenter = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN)
    scaled = StandardScaler().fit_transform(table_of(UNEVEN))
    kmeans = KMeans(3, n_init=5, random_state=0).fit(scaled)
    assert adjusted_rand_score(segmenter.labels_.ravel(), kmeans.labels_) == 1
    assert_allclose(segmenter.inertia_, kmeans.inertia_, rtol=1e-6)
    assert adjusted_rand_score(segmenter.labels_.ravel(), TRUTH.ravel()) == 1


@pytest.mark.parametrize("settings", [SCALED, {"color_space": "direction"}], ids=["scale", "direction"])
def test_centers_are_mean_colors_in_the_units_of_x(settings):
    segmenter = KMeansSegmenter(3, random_state=0, **settings).fit(UNEVEN)
    for label, center in enumerate(segmenter.cluster_centers_):
        assert_allclose(center, UNEVEN[segmenter.labels_ == label].mean(axis=0), rtol=1e-9)


@pytest.mark.parametrize("settings", [SCALED, {**SCALED, "color_space": "direction"}], ids=["scale", "direction"])
@pytest.mark.parametrize("image", [UNEVEN, INTEGERS], ids=["float", "int"])
def test_the_order_and_the_splitting_of_pixels_do_not_matter(settings, image):
    segmenter = KMeansSegmenter(3, random_state=0, **settings)
    expected = segmenter.fit(image).cluster_centers_
    shuffled = np.random.default_rng(1).permutation(table_of(image)).astype(image.dtype)
    for other in (shuffled, [image[:10], image[10:]], image.reshape(2, 20, 50, 4)):
        assert np.array_equal(segmenter.fit(other).cluster_centers_, expected)


@pytest.mark.usefixtures("passes")
def test_passes_learn_the_same_weights_of_integers_in_any_order():
    shuffled = np.random.default_rng(1).permutation(table_of(INTEGERS)).astype(INTEGERS.dtype)
    expected = ColorConverter(**SCALED).fit(INTEGERS).channel_weights_
    for X in (shuffled, [INTEGERS[20:], INTEGERS[:20]]):
        assert_allclose(ColorConverter(**SCALED).fit(X).channel_weights_, expected, rtol=1e-12)


@pytest.mark.usefixtures("passes")
@pytest.mark.parametrize("image", [UNEVEN, INTEGERS], ids=["float", "int"])
def test_passes_over_all_pixels_learn_the_weights_of_all(image):
    segmenter = KMeansSegmenter(3, random_state=0, **SCALED).fit(image)
    assert not segmenter._model.census.is_complete
    expected = 1 / StandardScaler().fit(table_of(image)).scale_
    assert_allclose(segmenter.pipeline_["color"].channel_weights_, expected, rtol=1e-9)
    assert adjusted_rand_score(segmenter.labels_.ravel(), TRUTH.ravel()) == 1


@pytest.mark.usefixtures("passes")
def test_colors_that_hardly_repeat_are_scaled_by_all_pixels_and_not_by_a_sample():
    image = np.random.default_rng(0).gamma(0.5, size=(90, 80, 3)).astype(np.float32)
    segmenter = KMeansSegmenter(2, random_state=0, max_iter=2, **SCALED).fit(image)
    assert not segmenter._model.census.is_complete
    weights = segmenter.pipeline_["color"].channel_weights_
    assert_allclose(weights, 1 / table_of(image).std(axis=0), rtol=1e-9)
    assert_allclose(ColorConverter(**SCALED).fit(image).channel_weights_, weights, rtol=1e-12)
    again = KMeansSegmenter(2, random_state=0, max_iter=2, **SCALED).fit([image[50:], image[:50]])
    assert_allclose(again.pipeline_["color"].channel_weights_, weights, rtol=1e-12)


def test_masked_pixels_and_those_of_weight_0_do_not_count_and_weight_2_counts_twice():
    mask = np.zeros(UNEVEN.shape, dtype=bool)
    mask[:20] = True
    expected = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN[20:])
    masked = KMeansSegmenter(3, random_state=0, **SCALED).fit(np.ma.array(UNEVEN, mask=mask))
    weighted = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN, sample_weight=2.0 * ~mask[..., 0])
    for segmenter in (masked, weighted):
        weights = segmenter.pipeline_["color"].channel_weights_
        assert_allclose(weights, expected.pipeline_["color"].channel_weights_, rtol=1e-9)
    twice = KMeansSegmenter(3, random_state=0, **SCALED).fit(np.vstack([UNEVEN, UNEVEN[:20]]))
    weights = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN, sample_weight=1.0 + mask[..., 0])
    assert_allclose(weights.cluster_centers_, twice.cluster_centers_)


def test_partial_fit_over_parts_is_fit_over_all():
    whole = KMeansSegmenter(3, random_state=0, **SCALED).fit(INTEGERS)
    parts = KMeansSegmenter(3, random_state=0, **SCALED).partial_fit(INTEGERS[:13]).partial_fit(INTEGERS[13:])
    assert np.array_equal(parts.cluster_centers_, whole.cluster_centers_)
    assert np.array_equal(parts.predict(INTEGERS), whole.labels_)


def test_a_fitted_pipeline_works_alone_and_agrees():
    segmenter = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN)
    assert np.array_equal(segmenter.pipeline_.predict(table_of(UNEVEN)), segmenter.labels_.ravel())


@pytest.mark.parametrize("settings", [SCALED, {"color_space": "direction"}], ids=["scale", "direction"])
def test_a_saved_model_is_the_same(settings, tmp_path):
    segmenter = KMeansSegmenter(3, random_state=0, **settings).fit(UNEVEN)
    io.save(segmenter, tmp_path / "model.skseg")
    again = io.load(tmp_path / "model.skseg")
    assert again.get_params() == segmenter.get_params()
    assert np.array_equal(again.predict(3 * UNEVEN), segmenter.predict(3 * UNEVEN))
    assert np.array_equal(again.partial_fit(UNEVEN).cluster_centers_, segmenter.partial_fit(UNEVEN).cluster_centers_)


@pytest.mark.parametrize("weights", [None, "auto", [1, 2], [1, -1, 1, 1]], ids=str)
def test_a_model_file_without_its_weights_is_refused(weights, tmp_path):
    segmenter = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN)
    segmenter.pipeline_["color"].channel_weights_ = weights
    io.save(segmenter, tmp_path / "model.skseg")
    with pytest.raises(ValueError, match=r"skseg can read: .*(weights|belong together)"):
        io.load(tmp_path / "model.skseg")


@pytest.mark.usefixtures("passes")
def test_the_model_of_a_sample_is_saved_with_its_weights(tmp_path):
    segmenter = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN)
    io.save(segmenter, tmp_path / "model.skseg")
    again = io.load(tmp_path / "model.skseg")
    assert np.array_equal(again.predict(UNEVEN), segmenter.labels_)
    with pytest.raises(ValueError, match="partial_fit needs all colors"):
        again.partial_fit(UNEVEN)


@pytest.mark.usefixtures("passes")
def test_a_mapped_image_is_scaled(tmp_path):
    mapped = np.memmap(tmp_path / "image", UNEVEN.dtype, mode="w+", shape=UNEVEN.shape)
    mapped[:] = UNEVEN
    expected = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN).labels_
    assert np.array_equal(KMeansSegmenter(3, random_state=0, **SCALED).fit(mapped).labels_, expected)


def test_the_scale_is_that_of_fit_and_not_of_other_images():
    converter = ColorConverter(**SCALED).fit(UNEVEN)
    assert np.array_equal(converter.transform(UNEVEN[:2]), converter.transform(UNEVEN)[:2])


def test_weights_that_were_not_learned_cannot_be_used():
    with pytest.raises(NotFittedError):
        ColorConverter(**SCALED).transform(UNEVEN)
    with pytest.raises(NotFittedError):
        ColorConverter(**SCALED)._conversion(UNEVEN)


def test_a_copy_that_judges_has_weights_of_its_own():
    segmenter = KMeansSegmenter(3, random_state=0, **SCALED).fit(UNEVEN[:20])
    assert prediction_strength(segmenter, UNEVEN[20:]) == 1


def test_scaled_colors_go_there_and_back():
    converter = ColorConverter(**SCALED).fit(UNEVEN)
    assert_allclose(converter.inverse_transform(converter.transform(UNEVEN)), UNEVEN)


# Direction


def test_a_direction_has_length_1_and_0_stays_0():
    directions = ColorConverter("direction").fit_transform(SCENE)
    assert_allclose(np.linalg.norm(directions, axis=-1), 1)
    assert_allclose(directions, SCENE / np.linalg.norm(SCENE, axis=-1, keepdims=True))
    assert ColorConverter("direction").fit_transform([[0.0, 0, 0], [0, -2, 0]]).tolist() == [[0, 0, 0], [0, -1, 0]]


@pytest.mark.parametrize("factor", [1e-200, 1e-310, 1e150, 7])
def test_shade_does_not_count_however_strong(factor):
    directions = ColorConverter("direction").fit_transform(SCENE)
    assert_allclose(ColorConverter("direction").fit_transform(SCENE * factor), directions, rtol=1e-6)


def test_distance_is_the_chord_of_the_angle():
    one, other = ColorConverter("direction").fit_transform([[1.0, 0], [3.0, 3.0]])
    assert_allclose(np.linalg.norm(one - other), 2 * np.sin(np.pi / 8))


def test_shaded_spectra_are_told_apart_by_direction_only():
    found = KMeansSegmenter(3, color_space="direction", random_state=0).fit_predict(SHADED)
    raw = KMeansSegmenter(3, color_space=None, random_state=0).fit_predict(SHADED)
    assert adjusted_rand_score(found.ravel(), TRUTH.ravel()) > 0.95
    assert adjusted_rand_score(raw.ravel(), TRUTH.ravel()) < 0.7


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 7])
def test_any_number_of_channels_has_directions(n_channels):
    image = np.random.default_rng(0).uniform(size=(8, 9, n_channels))
    image[0, 0] = 0
    segmenter = KMeansSegmenter(2, color_space="direction", random_state=0).fit(image)
    assert segmenter.cluster_centers_.shape == (2, n_channels)
    names = segmenter.pipeline_["color"].get_feature_names_out().tolist()
    assert names == [f"x{channel}" for channel in range(n_channels)]


def test_black_pixels_have_one_label():
    image = SCENE.copy()
    image[:5] = 0
    segmenter = KMeansSegmenter(4, color_space="direction", random_state=0).fit(image)
    assert len(np.unique(segmenter.labels_[:5])) == 1
    assert segmenter.cluster_centers_[segmenter.labels_[0, 0]].tolist() == [0, 0, 0, 0]


@pytest.mark.usefixtures("passes")
def test_directions_are_the_same_in_passes():
    segmenter = KMeansSegmenter(3, color_space="direction", random_state=0).fit(SHADED)
    assert not segmenter._model.census.is_complete
    assert adjusted_rand_score(segmenter.labels_.ravel(), TRUTH.ravel()) > 0.95


def test_a_direction_comes_back_as_a_color_of_length_1():
    converter = ColorConverter("direction", channel_weights=[1, 2, 3, 4]).fit(SCENE)
    restored = converter.inverse_transform(converter.transform(SCENE))
    assert_allclose(restored, SCENE / np.linalg.norm(SCENE, axis=-1, keepdims=True))


def test_rgb_has_directions_and_integers_have_those_of_floats():
    segmenter = KMeansSegmenter(3, color_space="direction", random_state=0).fit(coffee()[::4, ::4])
    assert np.array_equal(segmenter.predict(coffee()[::4, ::4] / 255), segmenter.labels_)


def test_four_bands_are_taken_by_direction():
    assert KMeansSegmenter(3, color_space="direction", random_state=0).fit(SCENE).n_features_in_ == 4


def test_a_table_transformer_takes_images_in_a_pipeline():
    scaler = StandardScaler().fit(table_of(UNEVEN))
    on_images = FunctionTransformer(lambda image: scaler.transform(table_of(image)).reshape(image.shape))
    labels = make_pipeline(on_images, KMeansSegmenter(3, color_space=None, random_state=0)).fit(UNEVEN).predict(UNEVEN)
    assert adjusted_rand_score(labels.ravel(), TRUTH.ravel()) == 1
