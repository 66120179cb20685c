"""WhiteBalancer: casts are undone in all forms of X; what is measured, what is kept, and what is refused."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from skimage.data import astronaut
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_methods_sample_order_invariance, parametrize_with_checks

from skseg import KMeansSegmenter, WhiteBalancer


def linear_of(rgb):
    """Linear light of sRGB that is not negative."""
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def gamma_of(linear):
    """sRGB of linear light."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


IMAGE = astronaut()[::8, ::8]
FLOATS = IMAGE / 255
CAST = np.array([0.8, 0.6, 0.4])  # of linear light
EVENING = gamma_of(linear_of(FLOATS) * CAST)
BANDS = np.random.default_rng(0).uniform(0.1, 4, size=(20, 30, 5))
HALF = np.zeros(IMAGE.shape, dtype=bool)
HALF[:32] = True


def as_dtype(floats, dtype):
    return np.rint(floats * np.iinfo(dtype).max).astype(dtype) if np.dtype(dtype).kind == "u" else floats.astype(dtype)


# Light


@pytest.mark.parametrize("p", [1, 2, 6, 1000, np.inf])
def test_a_cast_of_linear_light_is_undone(p):
    balanced = WhiteBalancer(p).fit(FLOATS).transform(EVENING)
    assert_allclose(balanced, FLOATS, rtol=0, atol=1e-12)


def test_light_is_the_power_mean_of_each_channel_in_linear_light():
    linear = linear_of(FLOATS).reshape(-1, 3)
    for p, expected in [
        (1, linear.mean(axis=0)),
        (6, (linear**6).mean(axis=0) ** (1 / 6)),
        (np.inf, linear.max(axis=0)),
    ]:
        assert_allclose(WhiteBalancer(p).fit(FLOATS).light_, gamma_of(expected), rtol=1e-12)


def test_three_channels_are_linear_without_a_color_space():
    balancer = WhiteBalancer(1, color_space=None).fit(FLOATS)
    assert_allclose(balancer.light_, FLOATS.mean(axis=(0, 1)))
    assert_allclose(balancer.transform(FLOATS * CAST), FLOATS, rtol=0, atol=1e-12)
    gray = WhiteBalancer(color_space=None, light=[0.1, 0.2, 0.6]).fit(FLOATS).transform([[0.1, 0.2, 0.6]])
    assert_allclose(gray, [[0.3] * 3])


def test_four_channels_of_an_image_are_bands_only_if_that_is_said():
    rgba = np.dstack([IMAGE, np.full(IMAGE.shape[:2], 255, np.uint8)])
    balancer = WhiteBalancer().fit(rgba.reshape(-1, 4))
    for method in (balancer.transform, WhiteBalancer().fit):
        with pytest.raises(ValueError, match=r"is ambiguous for an image of 4.*np\.ma\.array.*color_space=None"):
            method(rgba)
    assert np.array_equal(WhiteBalancer(color_space=None).fit_transform(rgba), rgba)


def test_other_channels_than_three_are_linear():
    balancer = WhiteBalancer(2).fit(BANDS)
    assert_allclose(balancer.light_, np.sqrt((BANDS**2).mean(axis=(0, 1))))
    cast = [2, 0.5, 1, 3, 0.1]
    assert_allclose(balancer.transform(BANDS * cast), BANDS)


def test_an_image_in_the_light_of_fit_does_not_change():
    assert np.array_equal(WhiteBalancer().fit_transform(IMAGE), IMAGE)
    assert_allclose(WhiteBalancer().fit_transform(FLOATS), FLOATS, rtol=0, atol=1e-12)


def test_the_images_of_a_list_share_one_light_in_fit_and_have_their_own_in_transform():
    one, other = WhiteBalancer().fit_transform([FLOATS, EVENING])
    assert_allclose(one, other, rtol=0, atol=1e-12)
    together = WhiteBalancer().fit(np.vstack([FLOATS, EVENING]))
    assert_allclose(WhiteBalancer().fit([FLOATS, EVENING]).light_, together.light_)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("p", [1, 6, np.inf])
def test_the_light_of_integers_does_not_depend_on_the_order_or_the_splitting_of_pixels(p, dtype):
    image = as_dtype(FLOATS, dtype)
    expected = WhiteBalancer(p).fit(image).light_
    shuffled = np.random.default_rng(0).permutation(image.reshape(-1, 3))
    for other in (shuffled, [image[:10], image[10:]], [image[20:], image[:20]], image.reshape(2, -1, 4, 3)):
        assert np.array_equal(WhiteBalancer(p).fit(other).light_, expected)


def test_gray_images_of_a_list_share_one_histogram():
    gray = IMAGE[..., :1]
    assert np.array_equal(WhiteBalancer().fit([gray[:9], gray[9:]]).light_, WhiteBalancer().fit(gray).light_)


def test_large_images_of_floats_are_measured_in_blocks():
    large = np.tile(FLOATS, (5, 5, 1))
    assert large[..., 0].size > 1 << 16
    assert_allclose(WhiteBalancer().fit(large).light_, WhiteBalancer().fit(FLOATS).light_, rtol=1e-12)


@given(
    table=arrays(np.float64, (6, 3), elements=st.floats(1e-3, 1e3)), factors=arrays(float, 3, elements=st.floats(1, 9))
)
def test_any_positive_colors_come_to_the_light_of_fit(table, factors):
    balancer = WhiteBalancer().fit(table)
    relit = gamma_of(linear_of(table) * factors)
    balanced = balancer.transform(relit)
    expected = np.clip(table, 0, 1) if (relit.min() >= 0 and relit.max() <= 1) else table
    assert_allclose(balanced, expected, rtol=1e-5)  # the two branches of sRGB's gamma meet to 2e-6 only


# Weights and masks


@pytest.mark.parametrize("image", [IMAGE, FLOATS], ids=["uint8", "float"])
@pytest.mark.parametrize("p", [1, 6, np.inf])
def test_masked_pixels_and_those_of_weight_0_have_no_say(image, p):
    expected = WhiteBalancer(p).fit(image[32:]).light_
    bright = image.copy()
    bright[:32] = image.max()
    assert_allclose(WhiteBalancer(p).fit(np.ma.array(bright, mask=HALF)).light_, expected, rtol=1e-12)
    weights = (~HALF[..., 0]).astype(float)
    assert_allclose(WhiteBalancer(p).fit(bright, sample_weight=weights).light_, expected, rtol=1e-12)
    assert_allclose(WhiteBalancer(p).fit([bright, bright], sample_weight=[weights, weights]).light_, expected)


def test_weight_2_is_the_pixel_twice():
    weights = np.random.default_rng(0).integers(0, 3, size=IMAGE.shape[:2])
    repeated = np.repeat(IMAGE.reshape(-1, 3), weights.ravel(), axis=0)
    assert_allclose(WhiteBalancer().fit(IMAGE, sample_weight=weights).light_, WhiteBalancer().fit(repeated).light_)


def test_masked_pixels_are_not_changed():
    image = np.ma.array(as_dtype(EVENING, np.uint8), mask=HALF)
    balanced = WhiteBalancer().fit(IMAGE).transform(image)
    assert np.array_equal(balanced.mask, HALF)
    assert np.array_equal(balanced.data[HALF], image.data[HALF])
    assert (balanced.data[~HALF] != image.data[~HALF]).any()


def test_an_image_masked_everywhere_stays_as_it_is():
    hidden = np.ma.array(IMAGE, mask=True)
    balanced = WhiteBalancer().fit(IMAGE).transform(hidden)
    assert balanced.mask.all()
    assert np.array_equal(balanced.data, IMAGE)
    assert np.array_equal(WhiteBalancer().fit([hidden, IMAGE]).light_, WhiteBalancer().fit(IMAGE).light_)
    assert np.array_equal(WhiteBalancer().fit([hidden / 255, FLOATS]).light_, WhiteBalancer().fit(FLOATS).light_)


# Types and ranges


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_the_dtype_is_kept_and_means_the_same_colors(dtype):
    balanced = WhiteBalancer().fit(as_dtype(FLOATS, dtype)).transform(as_dtype(EVENING, dtype))
    assert balanced.dtype == dtype
    largest = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    assert_allclose(balanced / largest, FLOATS, atol=0.02 if dtype == np.uint8 else 2e-4)


def test_integers_are_rounded_as_floats_are():
    evening = as_dtype(EVENING, np.uint8)
    balanced = WhiteBalancer().fit(IMAGE).transform(evening)
    exact = WhiteBalancer().fit(FLOATS).transform(evening / 255)
    assert np.array_equal(balanced, np.rint(255 * exact))
    assert np.array_equal(WhiteBalancer().fit(FLOATS).transform(evening), balanced)


@pytest.mark.parametrize("image", [IMAGE, as_dtype(FLOATS, np.uint16), FLOATS], ids=["uint8", "uint16", "float"])
def test_what_lies_in_the_range_of_colors_stays_there(image):
    dark = (image * 0.2).astype(image.dtype)
    brightened = WhiteBalancer(1).fit(image).transform(dark)
    assert brightened.max() <= (1 if image.dtype == float else np.iinfo(image.dtype).max)
    highlight = dark.copy()
    highlight[0, 0] = image.max()
    assert WhiteBalancer(1).fit(image).transform(highlight).max() == (1 if image.dtype == float else image.max())


@pytest.mark.parametrize("factor", [0.5, 1e-5], ids=["bright", "dim"])
def test_what_lies_beyond_is_not_clipped(factor):
    bright = 40 * FLOATS
    relit = gamma_of(linear_of(bright) * factor)
    assert_allclose(WhiteBalancer().fit(bright).transform(relit), bright, atol=1e-9)


def test_other_integers_and_booleans_are_rounded_to_their_type():
    numbers = np.array([[100, 50], [10, -7]])
    balanced = WhiteBalancer(np.inf).fit(numbers).transform(3 * numbers[:1])
    assert balanced.dtype == numbers.dtype
    assert balanced.tolist() == [[100, 50]]
    flags = np.array([[True, True, True], [False, True, False]])
    assert np.array_equal(WhiteBalancer().fit_transform(flags), flags)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_the_largest_integers_stay_in_their_type(dtype):
    largest = np.iinfo(dtype).max
    numbers = np.array([[largest, largest // 2], [largest // 4, largest]], dtype=dtype)
    balanced = WhiteBalancer(np.inf).fit(numbers).transform(numbers // 2)
    assert_allclose(balanced.astype(float), numbers.astype(float), rtol=1e-15)


def test_python_numbers_mean_the_colors_of_fit():
    balanced = WhiteBalancer().fit(IMAGE).transform(EVENING_TABLE.tolist())
    assert np.array_equal(balanced, WhiteBalancer().fit(IMAGE).transform(EVENING_TABLE))


EVENING_TABLE = as_dtype(EVENING, np.uint8)[::8, ::8].reshape(-1, 3)


# Given light


@pytest.mark.parametrize(
    "light",
    [CAST, gamma_of(CAST) * np.ones((4, 5, 1)), as_dtype(gamma_of(CAST), np.uint16)],
    ids=["linear", "patch", "uint16"],
)
def test_a_given_light_becomes_gray_of_the_same_luminance(light):
    patch = np.array(light)
    color = patch.reshape(-1, 3)[0] / (65535 if patch.dtype == np.uint16 else 1)
    balanced = WhiteBalancer(light=light).fit(FLOATS).transform(color[np.newaxis])
    gray = gamma_of(linear_of(color) @ [0.2125, 0.7154, 0.0721])
    assert_allclose(balanced, [[gray] * 3], rtol=1e-9)


def test_a_given_light_is_in_the_units_of_x():
    given = gamma_of(CAST)
    expected = WhiteBalancer(light=given).fit_transform(FLOATS)
    assert_allclose(WhiteBalancer(light=255 * given).fit_transform(IMAGE) / 255, expected, atol=0.5 / 255 + 1e-9)
    assert_allclose(WhiteBalancer(light=255 * given).fit(IMAGE).light_, given)


def test_the_light_of_a_patch_is_its_mean_in_linear_light():
    patch = FLOATS[:3, :4]
    assert_allclose(WhiteBalancer(light=patch).fit(FLOATS).light_, gamma_of(linear_of(patch).mean(axis=(0, 1))))


def test_a_given_light_makes_gray_bands_equal():
    balanced = WhiteBalancer(light=[1, 2, 3, 4, 5]).fit(BANDS).transform([[2.0, 4, 6, 8, 10]])
    assert_allclose(balanced, [[6.0] * 5])


def test_an_image_needs_no_light_of_its_own_if_the_light_is_given():
    no_blue = EVENING * [1, 1, 0]
    assert WhiteBalancer(light=CAST).fit(FLOATS).transform(no_blue)[..., 2].max() == 0
    with pytest.raises(ValueError, match="0 everywhere"):
        WhiteBalancer().fit(FLOATS).transform(no_blue)


def test_two_sessions_with_a_card_each_come_to_the_same_colors():
    card = np.array([0.5, 0.5, 0.5])
    day = WhiteBalancer(light=card).fit_transform(FLOATS)
    evening = WhiteBalancer(light=gamma_of(linear_of(card) * [1.2, 1, 0.5])).fit_transform(
        gamma_of(linear_of(FLOATS / 2) * [1.2, 1, 0.5])
    )
    ratio = linear_of(evening)[FLOATS.min(axis=-1) > 0.2] / linear_of(day / 2)[FLOATS.min(axis=-1) > 0.2]
    assert np.ptp(ratio.mean(axis=0)) < 1e-9


@pytest.mark.parametrize(
    "light",
    [
        [1, 2],
        "white",
        [[1, 2, 3, 4]],
        [1, np.nan, 1],
        5,
        [1 + 2j, 1, 1],
        [1e300, 1, 1],
        np.empty((0, 3)),
        np.ma.masked_all((2, 3)),
    ],
    ids=str,
)
def test_a_light_that_is_no_color_of_x_is_refused(light):
    with pytest.raises(ValueError, match=r"light must be a color of 3 finite numbers, or a patch .* instead"):
        WhiteBalancer(light=light).fit(IMAGE)


def test_masked_pixels_of_a_patch_are_left_out():
    patch = np.ma.array(IMAGE[:2, :4], mask=False)
    patch[0, :, 1] = np.ma.masked
    expected = WhiteBalancer(light=IMAGE[1:2, :4]).fit(IMAGE).light_
    assert np.array_equal(WhiteBalancer(light=patch).fit(IMAGE).light_, expected)


@pytest.mark.parametrize("light", [[0, 100, 100], [100, -40, 100], [[[150, -50, 100]], [[50, -30, 100]]]])
def test_a_light_without_one_of_the_channels_is_refused_in_its_own_numbers(light):
    mean = [100.0, -40.0, 100.0] if np.min(light) else [0.0, 100.0, 100.0]
    with pytest.raises(ValueError, match=re.escape(f"light must be positive in every channel; got {mean} instead")):
        WhiteBalancer(light=light).fit(IMAGE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_light_from_0_to_1_is_refused_for_images_of_integers(dtype):
    with pytest.raises(ValueError, match=r"light must be in the units of X, which is uint8 .*multiply it by 255"):
        WhiteBalancer(light=FLOATS[:2, :2].astype(dtype)).fit(IMAGE)


# In company


@pytest.mark.parametrize(("scale", "light"), [(1 / 255, [200, 180, 150]), (1.0, [0.8, 0.7, 0.6])])
def test_a_light_of_another_range_than_the_floats_of_x_warns(scale, light):
    with pytest.warns(UserWarning, match="largest number in light .* in the pixels. Give both the same range"):
        WhiteBalancer(light=light).fit(IMAGE * scale)


def test_a_pipeline_labels_an_image_in_another_light_as_in_its_own():
    pipeline = make_pipeline(WhiteBalancer(), KMeansSegmenter(6, random_state=0)).fit(FLOATS)
    labels = pipeline.predict(FLOATS)
    assert (pipeline.predict(EVENING) == labels).mean() > 0.999
    assert (pipeline[-1].predict(EVENING) == labels).mean() < 0.7


@pytest.mark.parametrize("shape", [(4096, 3), (64, 64, 3), (2, 32, 64, 3)])
def test_every_shape_holds_the_same_pixels(shape):
    balancer = WhiteBalancer().fit(IMAGE[::2])
    balanced = balancer.transform(IMAGE.reshape(shape))
    assert balanced.shape == shape
    assert np.array_equal(balanced.reshape(IMAGE.shape), balancer.transform(IMAGE))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_lists_come_out_as_lists_however_many_work(n_jobs):
    images = [IMAGE, IMAGE[:20], as_dtype(EVENING, np.uint8)]
    balanced = WhiteBalancer(n_jobs=n_jobs).fit_transform(images)
    alone = WhiteBalancer().fit(images)
    assert all(np.array_equal(one, alone.transform(image)) for one, image in zip(balanced, images, strict=True))


def test_lazy_images_are_read_once_in_fit():
    reads = []

    class Lazy:
        ndim = 3

        def __array__(self, dtype=None, copy=None):
            reads.append(1)
            return IMAGE

    WhiteBalancer().fit([Lazy(), Lazy()])
    assert len(reads) == 2


def test_tables_come_out_as_the_container_asked_for(pandas):
    frame = pandas.DataFrame(IMAGE.reshape(-1, 3), columns=["red", "green", "blue"])
    balancer = WhiteBalancer().set_output(transform="pandas").fit(frame)
    assert list(balancer.transform(frame)) == balancer.get_feature_names_out().tolist() == ["red", "green", "blue"]
    assert isinstance(balancer.transform(IMAGE), np.ndarray)
    with pytest.raises(ValueError, match="feature names"):
        balancer.transform(frame[["blue", "green", "red"]])


def test_it_clones_and_pickles():
    balancer = pickle.loads(pickle.dumps(WhiteBalancer(2).fit(IMAGE)))
    assert np.array_equal(balancer.transform(IMAGE), IMAGE)
    assert clone(balancer).p == 2
    with pytest.raises(NotFittedError):
        clone(balancer).transform(IMAGE)


def test_a_notebook_shows_the_light_where_it_is_a_color():
    assert 'aria-label="Light: #' in WhiteBalancer().fit(IMAGE)._repr_html_()
    for X in (BANDS, 300 * FLOATS):
        assert "Light: " not in WhiteBalancer().fit(X)._repr_html_()
    assert "Light: " not in WhiteBalancer(color_space=None).fit(IMAGE)._repr_html_()


# Errors


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_an_image_without_light_is_refused(dtype):
    black = np.zeros((4, 5, 3), dtype=dtype)
    balancer = WhiteBalancer().fit(as_dtype(FLOATS, dtype))
    for method in (balancer.transform, WhiteBalancer().fit):
        with pytest.raises(ValueError, match=r"X has no light to measure: all channels are 0 everywhere\. Leave"):
            method(black)
    with pytest.raises(ValueError, match=r"X\[1\]: X has no light"):
        balancer.transform([as_dtype(FLOATS, dtype), black])
    assert np.array_equal(WhiteBalancer(light=[1, 1, 1]).fit_transform(black), black)


def test_a_channel_without_light_is_named():
    yellow = IMAGE.copy()
    yellow[..., 2] = 0
    with pytest.raises(ValueError, match=r"no light to measure: channel 2 is 0 everywhere"):
        WhiteBalancer().fit(yellow)


def test_x_without_pixels_is_refused():
    with pytest.raises(ValueError, match=r"All pixels are masked; at least one"):
        WhiteBalancer().fit(np.ma.array(IMAGE, mask=True))
    with pytest.raises(ValueError, match=r"All weights of the pixels are zero; at least one"):
        WhiteBalancer().fit(FLOATS, sample_weight=np.zeros(IMAGE.shape[:2]))


@pytest.mark.parametrize("p", [0.5, 0, -1, np.nan])
def test_an_exponent_below_1_is_refused(p):
    with pytest.raises(ValueError, match=r"p (== .*, must be >= 1|must be a number of at least 1)"):
        WhiteBalancer(p).fit(IMAGE)


def test_an_exponent_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="p must be an instance of"):
        WhiteBalancer("6").fit(IMAGE)


def test_images_of_other_units_or_channels_are_refused():
    with pytest.raises(ValueError, match=r"X\[1\]: Pixels are float64, but earlier images are uint8"):
        WhiteBalancer().fit([IMAGE, FLOATS])
    balancer = WhiteBalancer().fit(IMAGE)
    with pytest.raises(ValueError, match=r"Pixels are float64, but fit has seen uint8"):
        balancer.transform(IMAGE.astype(float))
    with pytest.raises(ValueError, match=r"X has 4 features, but WhiteBalancer is expecting 3"):
        balancer.transform(np.ones((5, 4)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_must_be_masked(value):
    image = FLOATS.copy()
    image[3, 4, 1] = value
    for method in (WhiteBalancer().fit, WhiteBalancer().fit(FLOATS).transform):
        with pytest.raises(ValueError, match=r"^Pixels contain NaN or infinity\. Mask them: np\.ma\.masked_invalid"):
            method(image)
    balanced = WhiteBalancer().fit_transform(np.ma.masked_invalid(image))
    assert_allclose(balanced.data[~balanced.mask], image[~balanced.mask])


@pytest.mark.parametrize("color_space", ["lab", 3, np.ones(3)], ids=str)
def test_other_color_spaces_are_refused(color_space):
    with pytest.raises(ValueError, match=r"color_space must be 'auto' or None; got .* instead"):
        WhiteBalancer(color_space=color_space).fit(IMAGE)


@pytest.mark.parametrize("factor", [1e-318, 1e-70])
def test_an_image_too_dark_for_finite_factors_is_refused(factor):
    with pytest.raises(ValueError, match=r"X is too dark for the light in fit: a factor of .* scale X"):
        WhiteBalancer().fit(FLOATS).transform(FLOATS * factor)


def test_numbers_too_large_for_light_are_refused():
    with pytest.raises(ValueError, match=r"X must stay within ±1e\+100; scale it"):
        WhiteBalancer().fit(np.full((2, 3), 1e200))


def test_a_failed_fit_changes_nothing():
    balancer = WhiteBalancer().fit(IMAGE)
    light = balancer.light_
    with pytest.raises(ValueError, match="no light"):
        balancer.fit(np.zeros((2, 2, 5)))
    assert np.array_equal(balancer.light_, light)
    assert balancer.n_features_in_ == 3


# scikit-learn leaves some of its checks out where pixels are not transformed one by one; all but one hold


class Deterministic(WhiteBalancer):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        return tags


@parametrize_with_checks(
    [Deterministic(), Deterministic(p=1)],
    expected_failed_checks=lambda estimator: {
        "check_methods_subset_invariance": "the light of a table is that of all its pixels"
    },
)
def test_passes_the_checks_that_the_tag_leaves_out(estimator, check):
    check(estimator)


def test_the_order_of_pixels_does_not_matter():
    check_methods_sample_order_invariance("WhiteBalancer", WhiteBalancer())


def test_an_image_without_a_channel_axis_is_warned_of():
    with pytest.warns(UserWarning, match=r"gray\? Add the axis of channels"):
        WhiteBalancer().fit(astronaut()[..., 0] | 1)


@pytest.mark.parametrize("light", [[200, 180, 150], [30, 90, 60]])
def test_a_given_light_is_the_same_for_every_form_of_an_image(light):
    balancer = WhiteBalancer(light=light).fit(IMAGE)
    expected = balancer.transform(IMAGE) / 255
    for other, largest in ((IMAGE.astype(np.uint16) * 257, 65535), (IMAGE / 255, 1), ((IMAGE / 255).astype("f4"), 1)):
        assert_allclose(balancer.transform(other) / largest, expected, atol=0.6 / 255)
    of_floats = WhiteBalancer(light=np.divide(light, 255)).fit(IMAGE / 255)
    assert_allclose(of_floats.transform(IMAGE) / 255, expected, atol=1e-12)


@pytest.mark.parametrize("dtypes", [("i2", "f8"), ("f8", "i2"), ("i1", "i2"), ("i4", "i2")])
def test_images_of_other_dtypes_whose_numbers_are_counted_are_refused(dtypes):
    image = np.arange(1, 28).reshape(3, 3, 3)
    with pytest.raises(
        ValueError, match=r"X\[1\]: Images of .* 8 or 16 bits must all have the same dtype; got .* after"
    ):
        WhiteBalancer(color_space=None).fit([image.astype(dtype) for dtype in dtypes])


@pytest.mark.parametrize("dtypes", [("f4", "f8"), ("i4", "f8"), ("i4", "i8")])
def test_images_of_other_dtypes_are_measured_together(dtypes):
    image = np.arange(1, 28).reshape(3, 3, 3)
    light = WhiteBalancer(color_space=None).fit([image.astype(dtype) for dtype in dtypes]).light_
    assert_allclose(light, WhiteBalancer(color_space=None).fit(image.astype(float)).light_, rtol=1e-6)
