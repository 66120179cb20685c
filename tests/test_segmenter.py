"""What KMeansSegmenter takes and gives: every form of X, every output, every fitted attribute."""

import pickle

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut, coffee
from skimage.util import img_as_float
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.pipeline import Pipeline

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, choose_colors

COFFEE = coffee()[::4, ::4]
ASTRONAUT = astronaut()[::5, ::4]
BLACK, GRAY, RED, WHITE = (0, 0, 0), (128, 128, 128), (255, 0, 0), (255, 255, 255)


def segmenter(n_clusters=4, **params):
    return KMeansSegmenter(n_clusters, random_state=0, **params)


@pytest.fixture(scope="module")
def fitted():
    return segmenter().fit(COFFEE)


def masked(image, mask):
    return np.ma.MaskedArray(image, mask=np.repeat(mask[..., np.newaxis], image.shape[-1], axis=-1))


@pytest.fixture
def half_masked():
    mask = np.zeros(COFFEE.shape[:2], dtype=bool)
    mask[:, : COFFEE.shape[1] // 2] = True
    return masked(COFFEE, mask)


# Forms of X


@pytest.mark.parametrize("shape", [(15_000, 3), (100, 150, 3), (4, 25, 150, 3), (2, 2, 25, 150, 3)])
def test_table_image_stack_and_volume_are_the_same_pixels(shape, fitted):
    X = COFFEE.reshape(shape)
    model = segmenter().fit(X)
    assert np.array_equal(model.cluster_centers_, fitted.cluster_centers_)
    assert model.labels_.shape == model.predict(X).shape == shape[:-1]
    assert np.array_equal(model.labels_.ravel(), fitted.labels_.ravel())
    assert model.transform(X).shape == shape
    assert model.set_params(output="distance").transform(X).shape == (*shape[:-1], 4)


def object_array(images):
    array = np.empty(len(images), dtype=object)
    array[:] = images
    return array


@pytest.mark.parametrize("kind", [list, tuple, object_array])
def test_a_sequence_of_images_gives_a_list_of_results(kind):
    images = kind([COFFEE, ASTRONAUT])
    model = segmenter().fit(images)
    assert not hasattr(model, "labels_")
    assert [labels.shape for labels in model.predict(images)] == [COFFEE.shape[:2], ASTRONAUT.shape[:2]]
    assert [painted.shape for painted in model.transform(images)] == [COFFEE.shape, ASTRONAUT.shape]
    for labels, image in zip(model.predict(images), images, strict=True):
        assert np.array_equal(labels, model.predict(image))


def test_fit_predict_keeps_the_label_maps_of_a_sequence():
    model = segmenter()
    labels = model.fit_predict([COFFEE, ASTRONAUT])
    assert labels is model.labels_
    assert isinstance(labels, list)


def test_fit_forgets_the_labels_of_an_earlier_image():
    assert not hasattr(segmenter().fit(COFFEE).fit([COFFEE, ASTRONAUT]), "labels_")


def test_a_list_of_lists_of_numbers_is_a_table():
    model = segmenter(2).fit([[0, 0, 0], [10, 10, 10], [200, 200, 200], [210, 210, 210]])
    assert model.labels_.tolist() == [0, 0, 1, 1]


def test_nested_lists_of_an_image_are_an_image(fitted):
    assert segmenter().fit(COFFEE[:5, :5].tolist()).labels_.shape == (5, 5)


def test_a_list_of_tables_is_a_sequence():
    tables = [COFFEE.reshape(-1, 3)[:5000], COFFEE.reshape(-1, 3)[5000:]]
    assert [labels.shape for labels in segmenter().fit_predict(tables)] == [(5000,), (10_000,)]


def test_images_of_pil_are_converted(fitted):
    X = Image.fromarray(COFFEE)
    assert np.array_equal(segmenter().fit(X).labels_, fitted.labels_)
    assert np.array_equal(fitted.transform([X, X])[1], fitted.transform(COFFEE))


def test_a_gray_pil_image_is_an_image_of_one_channel():
    gray = Image.fromarray(COFFEE[..., 0])
    assert segmenter().fit(gray).labels_.shape == COFFEE.shape[:2]


@pytest.mark.parametrize(("library", "names"), [("pandas", "columns"), ("polars", "schema")])
def test_a_data_frame_is_a_table_with_names(library, names, fitted):
    X = pytest.importorskip(library).DataFrame(COFFEE.reshape(-1, 3), **{names: ["r", "g", "b"]})
    model = segmenter().fit(X)
    assert model.feature_names_in_.tolist() == ["r", "g", "b"]
    assert np.array_equal(model.predict(X), fitted.labels_.ravel())
    assert np.array_equal(model.pipeline_.predict(X), fitted.labels_.ravel())
    assert np.array_equal(model.predict(COFFEE), fitted.labels_)  # an image has no names and needs none


def test_one_pixel_is_an_image():
    with pytest.warns(ConvergenceWarning, match="1 distinct color in 1 cluster, fewer than n_clusters=4"):
        model = segmenter().fit(np.array([[[10, 20, 30]]], dtype=np.uint8))
    assert model.labels_.tolist() == [[0]]
    assert model.cluster_centers_.tolist() == [[10, 20, 30]]


@pytest.mark.parametrize("n_channels", [1, 2, 5, 7])
def test_any_number_of_channels_is_clustered_as_it_is(n_channels):
    image = np.random.default_rng(0).normal(size=(20, 30, n_channels))
    model = segmenter().fit(image)
    plain = KMeans(4, init=model.pipeline_["kmeans"].cluster_centers_, n_init=1).fit(image.reshape(-1, n_channels))
    assert model.cluster_centers_.shape == (4, n_channels)
    assert model.inertia_ == pytest.approx(plain.inertia_, rel=0.01)


# Numbers


@pytest.mark.parametrize(
    "convert",
    [
        lambda image: image / 255,
        img_as_float,
        lambda image: (image / 255).astype(np.float32),
        lambda image: image.astype(np.uint16) * 257,
        lambda image: (image.astype(np.uint16) * 257).astype(">u2"),
    ],
)
def test_an_image_in_another_dtype_has_the_same_label_map(convert, fitted):
    image = convert(COFFEE)
    model = segmenter().fit(image)
    assert np.array_equal(model.labels_, fitted.labels_)
    assert np.array_equal(fitted.predict(image), fitted.labels_)
    assert np.array_equal(model.predict(COFFEE), fitted.labels_)


def test_transform_keeps_the_dtype_and_range_of_x(fitted):
    assert fitted.transform(COFFEE).dtype == np.uint8
    for image in [COFFEE / 255, (COFFEE / 255).astype(np.float32), COFFEE.astype(np.uint16) * 257]:
        painted = fitted.transform(image)
        assert painted.dtype == image.dtype
        scale = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1
        np.testing.assert_allclose(painted / scale, fitted.transform(COFFEE) / 255, atol=0.51 / 255)


@pytest.mark.parametrize("pixels", [COFFEE.reshape(-1, 3)[:100], COFFEE[:5, :20]], ids=["table", "image"])
def test_numbers_without_a_dtype_are_in_the_units_of_fit(pixels, fitted):
    assert np.array_equal(fitted.predict(pixels.tolist()), fitted.predict(pixels))
    assert fitted.transform(pixels.tolist()).dtype == np.uint8


def test_regions_of_numbers_without_a_dtype_are_in_the_units_of_fit():
    model, image = RegionSegmenter(segmenter(4), min_size=4).fit(COFFEE), COFFEE[:20, :30]
    assert np.array_equal(model.predict(image.tolist()), model.predict(image))
    assert model.score(image.tolist(), image[..., 0] // 128) == model.score(image, image[..., 0] // 128)


def test_fractions_without_a_dtype_are_painted_with_fractions(fitted):
    pixels = COFFEE.reshape(-1, 3)[:100]
    painted = fitted.transform((pixels / 255).tolist())
    np.testing.assert_allclose(painted * 255, fitted.cluster_centers_[fitted.predict(pixels)])


@pytest.mark.parametrize(
    "dtype", ["int8", "int16", "int32", "int64", "uint32", "uint64", "float16", "longdouble", ">f4", ">u2"]
)
def test_every_real_dtype_is_segmented_and_painted(dtype):
    image = (COFFEE // 2).astype(dtype)
    model = segmenter().fit(image)
    painted = model.transform(image)
    assert painted.dtype == image.dtype.newbyteorder("=")
    assert np.array_equal(model.inverse_transform(model.labels_), painted)
    assert np.array_equal(model.labels_, model.predict(image))


def test_bool_images_have_two_colors():
    image = np.zeros((4, 4, 1), dtype=bool)
    image[2:] = True
    model = segmenter(2).fit(image)
    assert model.labels_.tolist() == [[0] * 4] * 2 + [[1] * 4] * 2
    assert np.array_equal(model.transform(image), image)


@pytest.mark.parametrize("scale", [0.01, 1000.0])
def test_the_scale_of_floats_does_not_matter(scale, fitted):
    assert np.array_equal(segmenter().fit(COFFEE * scale).labels_, fitted.labels_)


def test_negative_numbers_are_colors_too():
    image = np.random.default_rng(0).normal(size=(20, 30, 3))
    model = segmenter().fit(image)
    assert np.isfinite(model.cluster_centers_).all()
    assert set(model.labels_.ravel()) == {0, 1, 2, 3}


def test_hue_is_an_angle():
    red, other_red, green = (220, 20, 30), (220, 30, 20), (20, 220, 30)
    image = np.array([[red, other_red, green]], dtype=np.uint8)
    assert segmenter(2, channel_weights=None).fit(image).labels_.tolist() == [[0, 0, 1]]
    assert segmenter(2, color_space="hsv-raw").fit(image).labels_.tolist() != [[0, 0, 1]]


# Masks


def test_a_masked_pixel_takes_no_part(half_masked):
    model = segmenter().fit(half_masked)
    same = segmenter().fit(COFFEE[:, COFFEE.shape[1] // 2 :])
    assert np.array_equal(model.cluster_centers_, same.cluster_centers_)
    assert np.array_equal(model.labels_[:, COFFEE.shape[1] // 2 :], same.labels_)


def test_predict_gives_minus_one_under_the_mask(half_masked):
    model = segmenter().fit(half_masked)
    for labels in (model.labels_, model.predict(half_masked)):
        assert isinstance(labels, np.ma.MaskedArray)
        assert labels.dtype == np.int32
        assert np.array_equal(labels.mask, half_masked.mask[..., 0])
        assert (labels.data[labels.mask] == -1).all()
        assert (labels.data[~labels.mask] >= 0).all()


def test_transform_leaves_masked_pixels_unchanged(half_masked):
    painted = segmenter().fit_transform(half_masked)
    assert np.array_equal(painted.mask, half_masked.mask)
    assert np.array_equal(painted.data[painted.mask], COFFEE[half_masked.mask])
    assert painted.dtype == np.uint8


def test_distances_are_nan_under_the_mask(half_masked):
    measured = segmenter(output="distance").fit_transform(half_masked)
    assert np.isnan(measured.data[measured.mask]).all()
    assert np.isfinite(measured.data[~measured.mask]).all()


def test_a_pixel_masked_in_one_channel_is_masked():
    image = np.ma.MaskedArray(COFFEE.copy(), mask=False)
    image[0, 0, 1] = np.ma.masked
    assert segmenter().fit(image).labels_.mask.sum() == 1


def test_masks_work_in_sequences(half_masked):
    labels = segmenter().fit_predict([half_masked, ASTRONAUT])
    assert isinstance(labels[0], np.ma.MaskedArray)
    assert not isinstance(labels[1], np.ma.MaskedArray)


def test_an_image_of_a_sequence_may_be_masked_altogether():
    hidden = masked(COFFEE, np.ones(COFFEE.shape[:2], dtype=bool))
    model = segmenter().fit([hidden, ASTRONAUT])
    assert np.array_equal(model.cluster_centers_, segmenter().fit(ASTRONAUT).cluster_centers_)
    assert model.predict(hidden).mask.all()


def test_a_masked_table_gives_masked_labels():
    table = np.ma.masked_less(COFFEE.reshape(-1, 3), 20)
    assert np.array_equal(segmenter().fit(table).labels_.mask, table.mask.any(axis=1))


def test_nan_under_the_mask_is_no_number():
    image = COFFEE / 255
    image[:3] = np.nan
    model = segmenter().fit(np.ma.masked_invalid(image))
    assert np.isfinite(model.cluster_centers_).all()


# Outputs


def test_predict_gives_int32(fitted):
    assert fitted.predict(COFFEE).dtype == np.int32


def test_labels_go_from_dark_to_light():
    image = np.array([[WHITE, RED, BLACK, GRAY]], dtype=np.uint8)
    assert segmenter(4).fit(image).labels_.tolist() == [[3, 1, 0, 2]]


@pytest.mark.parametrize("unit", [1e-100, 1e-9, 1.0, 1e9, 1e100])
def test_labels_go_from_low_to_high_in_any_unit(unit):
    bands = np.array([[3.0, 0.0], [2.0, 2.5], [1.0, 0.0], [0.0, 2.0]]) * unit  # means 1.5, 2.25, 0.5, 1
    assert segmenter(4, color_space=None).fit(bands).labels_.tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_labels_mean_the_same_from_run_to_run(seed):
    image = np.repeat(np.array([[WHITE, RED, BLACK, GRAY]], dtype=np.uint8), 5, axis=0)
    model = KMeansSegmenter(4, n_init=10, random_state=seed).fit(image)
    assert model.cluster_centers_.tolist() == [list(BLACK), list(RED), list(GRAY), list(WHITE)]


def test_transform_paints_each_pixel_with_the_mean_of_its_cluster(fitted):
    painted = fitted.transform(COFFEE)
    for label, center in enumerate(fitted.cluster_centers_):
        members = fitted.labels_ == label
        np.testing.assert_allclose(COFFEE[members].mean(axis=0), center)
        assert (painted[members] == np.rint(center)).all()


def test_transform_can_give_labels():
    model = segmenter(output="label").fit(COFFEE)
    assert np.array_equal(model.transform(COFFEE), model.labels_)
    assert np.array_equal(model.transform(COFFEE.reshape(-1, 3)), model.labels_.reshape(-1, 1))


def test_predict_is_the_argmin_of_the_distances():
    model = segmenter(9, output="distance").fit(COFFEE)
    assert np.array_equal(model.transform(COFFEE).argmin(axis=-1), model.predict(COFFEE))


@pytest.mark.parametrize("convert", [np.array, lambda image: image / 255, lambda image: image.reshape(-1, 3)])
def test_inverse_transform_of_predict_is_transform(convert):
    X = convert(COFFEE)
    model = segmenter().fit(X)
    painted = model.inverse_transform(model.predict(X))
    assert type(painted) is np.ndarray
    assert painted.dtype == X.dtype
    assert np.array_equal(painted, model.transform(X))


def test_inverse_transform_keeps_the_mask_and_lists(half_masked):
    model = segmenter().fit([half_masked, ASTRONAUT])
    painted = model.inverse_transform(model.predict([half_masked, ASTRONAUT]))
    expected = model.transform(half_masked)
    assert np.array_equal(np.ma.getmaskarray(painted[0]), np.ma.getmaskarray(expected))
    assert np.array_equal(np.ma.compressed(painted[0]), np.ma.compressed(expected))
    assert np.array_equal(painted[0].mask, half_masked.mask)
    assert np.array_equal(painted[1], model.transform(ASTRONAUT))


@pytest.mark.parametrize("output", ["color", "label", "distance"])
def test_inverse_transform_takes_what_transform_gives(output):
    table = COFFEE.reshape(-1, 3) / 255
    model = segmenter(output=output).fit(table)
    painted = model.inverse_transform(model.transform(table))
    assert type(painted) is np.ndarray
    assert np.array_equal(painted, model.inverse_transform(model.labels_))


def test_inverse_transform_takes_the_labels_of_several_tables(fitted):
    painted = fitted.inverse_transform([np.array([0, 1]), np.array([2])])
    assert [image.shape for image in painted] == [(2, 3), (1, 3)]


@pytest.mark.parametrize("model", [KMeansSegmenter(4, random_state=0), RegionSegmenter(min_size=30)])
@pytest.mark.parametrize("method", ["predict", "transform"])
def test_results_can_be_masked_without_masking_the_image(model, method, half_masked):
    before = half_masked.copy()
    result = getattr(model.fit(half_masked), method)(half_masked)
    result[-5:, -5:] = np.ma.masked
    assert result.mask[-5:, -5:].all()
    assert np.array_equal(half_masked.mask, before.mask)
    assert np.array_equal(getattr(model, method)(half_masked).mask, getattr(model, method)(before).mask)


def test_partial_fit_warns_once_of_another_range():
    model = segmenter(2, color_space=None).partial_fit(COFFEE / 255)
    with pytest.warns(UserWarning, match="The largest number") as warned:
        model.partial_fit(COFFEE.astype(np.float64))
    assert len(warned) == 1


def test_inverse_transform_of_one_cluster_keeps_the_mask():
    masked = np.ma.masked_less(COFFEE, 50)
    model = segmenter(1).fit(masked)
    painted = model.inverse_transform(model.labels_)
    assert np.array_equal(painted.mask, np.repeat(masked.mask.any(axis=-1, keepdims=True), 3, axis=-1))


def test_inverse_transform_leaves_colors_of_floats_as_they_are(fitted):
    for X in (COFFEE / 255, COFFEE.reshape(-1, 3) / 255):
        painted = fitted.transform(X)
        assert np.array_equal(fitted.inverse_transform(painted), painted)


@pytest.mark.parametrize("output", ["color", "label", "distance"])
@pytest.mark.parametrize(
    ("dtype", "n_channels", "shape"),
    [
        ("u1", 3, (7, 3)),
        ("i1", 1, (5, 4, 1)),
        ("u2", 1, (6,)),
        (">u2", 2, (2,)),
        ("i4", 3, (2, 3, 4, 3)),
        ("i8", 3, (7, 3)),
        ("u8", 1, (6,)),
    ],
)
def test_integers_are_labels_whatever_their_type_and_shape(output, dtype, n_channels, shape):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (9, 8, n_channels), dtype=np.uint8)
    model = segmenter(2, output=output).fit(X)
    labels = rng.integers(0, 2, shape).astype(dtype)
    assert np.array_equal(model.inverse_transform(labels), model.palette_[labels.astype(int)])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int64, np.float32, np.float64, bool])
def test_the_palette_holds_the_colors_that_images_are_painted_with(dtype):
    X = COFFEE > 99 if dtype is bool else COFFEE.astype(dtype)
    model = segmenter(4).fit(X)
    assert model.palette_.dtype == dtype
    assert np.array_equal(model.transform(X), model.palette_[model.labels_])
    np.testing.assert_allclose(model.palette_, model.cluster_centers_, atol=0.5, rtol=1e-6)


@pytest.mark.parametrize("color_space", ["hsv", "rgb"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64])
def test_labels_of_python_numbers_do_not_depend_on_other_rows(color_space, dtype):
    image = (COFFEE / (255 if dtype == np.float64 else 1)).astype(dtype)
    model = segmenter(color_space=color_space).fit(image)
    unit = [[1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.5, 0.25, 0.125]]
    expected = model.predict(unit).tolist()
    assert [int(model.predict([row])[0]) for row in unit] == expected
    if dtype != np.float64:
        rows = [[1, 1, 1], [200, 30, 255]]
        assert np.array_equal(model.predict(rows), model.predict(np.array(rows, dtype=dtype)))


@pytest.mark.parametrize("output", ["color", "label", "distance"])
def test_names_of_columns_are_python_strings(output, fitted):
    names = clone(fitted).set_params(output=output).fit(COFFEE).get_feature_names_out()
    assert names.dtype == object
    assert {type(name) for name in names} == {str}


def test_names_of_channels_are_those_that_are_given(fitted):
    assert fitted.get_feature_names_out(["r", "g", "b"]).tolist() == ["r", "g", "b"]
    with pytest.raises(ValueError, match="input_features"):
        fitted.get_feature_names_out(["r", "g"])


def test_fit_transform_is_fit_and_transform(fitted):
    assert np.array_equal(segmenter().fit_transform(COFFEE), fitted.transform(COFFEE))


# Fitted attributes


def test_the_pipeline_is_a_color_converter_and_a_kmeans_and_agrees_with_predict(fitted):
    assert isinstance(fitted.pipeline_, Pipeline)
    assert [type(step) for _, step in fitted.pipeline_.steps] == [ColorConverter, KMeans]
    assert np.array_equal(fitted.pipeline_.predict(COFFEE.reshape(-1, 3)), fitted.labels_.ravel())


def test_cluster_sizes_are_shares(fitted):
    np.testing.assert_allclose(fitted.cluster_sizes_, np.bincount(fitted.labels_.ravel()) / fitted.labels_.size)
    assert fitted.cluster_sizes_.sum() == pytest.approx(1)


def test_inertia_is_the_squared_distance_of_all_pixels():
    model = segmenter(output="distance").fit(COFFEE)
    assert model.inertia_ == pytest.approx((model.transform(COFFEE).min(axis=-1) ** 2).sum())


def test_k_equals_one_gives_the_mean_color():
    model = segmenter(1).fit(COFFEE)
    np.testing.assert_allclose(model.cluster_centers_[0], COFFEE.reshape(-1, 3).mean(axis=0))


def test_sixty_four_clusters_are_all_used():
    model = segmenter(64).fit(COFFEE[::2, ::2])
    assert np.array_equal(np.unique(model.labels_), np.arange(64))


def test_fewer_colors_than_clusters_are_all_found():
    image = np.array([[BLACK, RED, WHITE, RED]], dtype=np.uint8)
    with pytest.warns(ConvergenceWarning, match="3 distinct colors in 3 clusters, fewer than n_clusters=8"):
        model = KMeansSegmenter().fit(image)
    assert model.labels_.tolist() == [[0, 1, 2, 1]]
    assert model.inertia_ == 0
    assert np.array_equal(model.transform(image), image)
    assert model.set_params(output="distance").transform(image).shape == (1, 4, 3)
    assert len(model.get_feature_names_out()) == 3


def test_colors_that_differ_in_an_ignored_channel_only_are_one_cluster():
    image = np.array([[[10.0, 0.0], [10.0, 5.0], [20.0, 0.0]]])
    with pytest.warns(ConvergenceWarning, match=r"n_clusters.*3"):
        model = segmenter(3, channel_weights=[1, 0]).fit(image)
    assert model.labels_.tolist() == [[0, 0, 1]]


def test_each_color_in_its_own_cluster_is_painted_exactly():
    image = np.random.default_rng(0).random((3, 2, 3))
    model = segmenter(6).fit(np.repeat(image, 3, axis=0))
    assert np.array_equal(model.transform(image), image)


def test_start_colors_are_in_the_units_of_x():
    palette = [BLACK, RED, WHITE]
    by_integers = KMeansSegmenter(3, init=palette).fit(COFFEE)
    by_floats = KMeansSegmenter(3, init=np.array(palette) / 255).fit(COFFEE / 255)
    assert np.array_equal(by_integers.labels_, by_floats.labels_)
    start = by_integers.pipeline_["color"].transform(np.array(palette, dtype=np.uint8))
    features = by_integers.pipeline_["color"].transform(COFFEE.reshape(-1, 3))
    plain = KMeans(3, init=start, n_init=1).fit(features)
    assert by_integers.inertia_ == pytest.approx(plain.inertia_, rel=1e-3)


def test_max_iter_limits_the_iterations():
    assert segmenter(8, max_iter=2).fit(COFFEE).n_iter_ <= 2


# scikit-learn's ways


def test_parameters_are_stored_untouched():
    init = [[0, 0, 0], [1, 1, 1]]
    model = KMeansSegmenter(2, init=init)
    assert model.init is init
    assert clone(model).get_params()["init"] == init


def test_a_pickled_segmenter_predicts_the_same(fitted):
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.predict(ASTRONAUT), fitted.predict(ASTRONAUT))


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_puts_tables_into_data_frames_and_passes_images_by(container):
    pytest.importorskip(container)
    model = segmenter(output="distance").set_output(transform=container)
    table = model.fit_transform(COFFEE.reshape(-1, 3))
    assert list(table.columns) == ["distance0", "distance1", "distance2", "distance3"]
    assert type(model.transform(COFFEE)) is np.ndarray
    assert type(model.transform([COFFEE, ASTRONAUT])) is list


def test_columns_of_a_table_are_named(pandas):
    X = pandas.DataFrame(COFFEE.reshape(-1, 3), columns=["r", "g", "b"])
    model = segmenter().set_output(transform="pandas").fit(X)
    assert list(model.transform(X).columns) == ["r", "g", "b"]
    assert list(model.set_params(output="label").transform(X).columns) == ["label"]


def test_output_may_change_after_fit(fitted):
    model = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(model.set_params(output="label").transform(COFFEE), fitted.labels_)


@pytest.mark.parametrize("method", ["predict", "transform", "inverse_transform", "score"])
def test_an_unfitted_segmenter_says_so(method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(KMeansSegmenter(), method)(COFFEE)


# score


def test_score_does_not_prefer_the_largest_k():
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=(60, 60))
    image = np.array([[40, 40, 40], [200, 60, 60], [60, 60, 200]])[truth] + rng.normal(0, 6, (60, 60, 3))
    scores = [segmenter(k).fit(image).score(image) for k in range(1, 9)]
    assert np.isfinite(scores).all()
    assert np.argmax(scores) + 1 == 3


def test_score_with_truth_is_the_mean_adjusted_rand_index(fitted):
    other = np.roll(fitted.labels_, 10)
    assert fitted.score(COFFEE, fitted.labels_) == 1
    alone = fitted.score(COFFEE, other)
    assert fitted.score([COFFEE, COFFEE], [fitted.labels_, other]) == pytest.approx((1 + alone) / 2)


def test_score_leaves_masked_pixels_out(half_masked, fitted):
    half = COFFEE[:, COFFEE.shape[1] // 2 :]
    assert fitted.score(half_masked) == fitted.score(half)
    truth = np.roll(fitted.labels_, 10)
    assert fitted.score(half_masked, truth) == pytest.approx(fitted.score(half, truth[:, COFFEE.shape[1] // 2 :]))
    unknown = np.ma.MaskedArray(truth, mask=half_masked.mask[..., 0])
    assert fitted.score(COFFEE, unknown) == fitted.score(half_masked, truth)


def test_fit_predict_and_fit_transform_take_weights():
    weights = np.random.default_rng(0).integers(0, 5, COFFEE.shape[:2])
    expected = segmenter().fit(COFFEE, sample_weight=weights)
    for method in ("fit_predict", "fit_transform"):
        model = segmenter()
        getattr(model, method)(COFFEE, sample_weight=weights)
        assert np.array_equal(model.cluster_centers_, expected.cluster_centers_)


def test_score_with_truth_weights_the_images_of_a_list(fitted):
    images, truths = [COFFEE, COFFEE[:20]], [COFFEE[..., 0] > 100, COFFEE[:20, :, 1] > 60]
    weights = [np.random.default_rng(0).uniform(1, 5, truth.shape) for truth in truths]
    expected = [fitted.score(*image) for image in zip(images, truths, weights, strict=True)]
    assert fitted.score(images, truths, weights) == pytest.approx(np.mean(expected))
    assert expected != pytest.approx([fitted.score(*image) for image in zip(images, truths, strict=True)])


def test_weights_under_the_mask_may_be_anything(half_masked):
    model = segmenter().fit(half_masked)
    weights = np.where(half_masked.mask[..., 0], np.nan, 1.0)
    truth = COFFEE[..., 0] > 100
    assert model.score(half_masked, truth, weights) == pytest.approx(model.score(half_masked, truth))


def test_score_weights_pixels(fitted):
    weights = np.ones(COFFEE.shape[:2])
    weights[:50] = 2
    doubled = np.concatenate([COFFEE, COFFEE[:50]])
    assert fitted.score(COFFEE, sample_weight=weights) == pytest.approx(fitted.score(doubled))
    truth = np.roll(fitted.labels_, 10)
    expected = fitted.score(doubled, np.concatenate([truth, truth[:50]]))
    assert fitted.score(COFFEE, truth, sample_weight=weights) == pytest.approx(expected)


def test_start_colors_are_left_as_they_are():
    palette = np.array([[20, 10, 5], [170, 50, 20], [240, 230, 220]], dtype=float)
    palette.setflags(write=False)
    model = KMeansSegmenter(3, init=palette).fit(COFFEE)
    centers = model.cluster_centers_
    assert palette.max() == 240
    assert np.array_equal(model.fit(COFFEE).cluster_centers_, centers)


def test_a_fitted_model_does_not_heed_parameters_that_are_set_later():
    model = KMeansSegmenter(4, random_state=0).fit(COFFEE)
    score, labels = model.score(COFFEE), model.predict(COFFEE)
    model.set_params(n_clusters=20, color_space="rgb")
    assert model.score(COFFEE) == score
    assert np.array_equal(model.predict(COFFEE), labels)


def test_labels_and_distances_of_masked_images_are_painted_with_their_mask():
    masked = np.ma.masked_greater(COFFEE, 200)
    model = KMeansSegmenter(3, output="distance", random_state=0).fit(masked)
    painted = model.inverse_transform(model.transform(masked))
    assert np.array_equal(painted.mask, np.repeat(masked.mask.any(axis=-1)[..., np.newaxis], 3, axis=-1))
    assert np.array_equal(painted, model.inverse_transform(model.predict(masked)))


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_predict", "fit_transform"])
def test_a_warning_points_to_the_code_that_called(method):
    with pytest.warns(ConvergenceWarning, match="1 distinct color") as caught:
        getattr(KMeansSegmenter(3), method)(np.zeros((4, 4, 3), np.uint8))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("integer", [np.int8, np.uint8, np.int32, np.uint64, bool])
def test_parameters_may_be_integers_of_any_type(integer):
    """Those of eight bits overflow if they are multiplied."""
    for number in (1,) if integer is bool else (1, 5, 100):
        expected = KMeansSegmenter(number, max_iter=3, random_state=0).fit(COFFEE)
        found = KMeansSegmenter(integer(number), max_iter=np.int8(3), random_state=np.int8(0)).fit(COFFEE)
        assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
        chart = COFFEE[0]
        assert np.array_equal(choose_colors(COFFEE, chart, integer(1)), choose_colors(COFFEE, chart, 1))
