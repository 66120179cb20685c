"""RegionSegmenter, and the rules that every estimator of images keeps, checked on KMeansSegmenter too."""

import pickle
import re
from warnings import catch_warnings

import numpy as np
import pytest
from helpers import parts_of
from hypothesis import given
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import data, floats, integers, sampled_from, tuples
from PIL import Image
from skimage.data import astronaut, coffee
from skimage.transform import rescale
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseg import KMeansSegmenter, RegionDisplay, RegionSegmenter, io, metrics

COFFEE, ASTRONAUT = coffee()[::13, ::13], astronaut()[::16, ::16]
OUTSIDE = np.zeros(COFFEE.shape[:2], dtype=bool)
OUTSIDE[:, :14] = True
MASKED = np.ma.MaskedArray(COFFEE, mask=np.repeat(OUTSIDE[..., np.newaxis], 3, axis=-1))
BANDS = np.dstack([COFFEE, COFFEE[..., ::-1]]).astype(np.float32)


def small():
    """A segmenter for small images."""
    return RegionSegmenter(min_size=12)


@pytest.fixture(params=[KMeansSegmenter(5, random_state=0), small()], ids=["KMeansSegmenter", "RegionSegmenter"])
def estimator(request):
    return clone(request.param)


# What every estimator of images does


def test_a_label_map_has_the_shape_of_the_image_and_int32(estimator):
    label_map = estimator.fit_predict(COFFEE)
    assert label_map.shape == COFFEE.shape[:2]
    assert label_map.dtype == np.int32
    assert np.array_equal(np.unique(label_map), np.arange(label_map.max() + 1))


def test_the_same_image_gives_the_same_label_map(estimator):
    assert np.array_equal(estimator.fit(COFFEE).predict(COFFEE), clone(estimator).fit_predict(COFFEE))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_list_gives_what_its_images_give(estimator, n_jobs):
    estimator.set_params(n_jobs=n_jobs).fit([COFFEE, ASTRONAUT])
    for method in (estimator.predict, estimator.transform):
        together = method([COFFEE, ASTRONAUT])
        assert isinstance(together, list)
        assert all(np.array_equal(one, method(image)) for one, image in zip(together, [COFFEE, ASTRONAUT], strict=True))


def test_a_stack_gives_what_its_images_give(estimator):
    stack = np.stack([[COFFEE, COFFEE[::-1]], [COFFEE[:, ::-1], COFFEE // 2]])
    estimator.fit(stack)
    label_maps = estimator.predict(stack)
    assert label_maps.shape == stack.shape[:-1]
    assert np.array_equal(label_maps[1, 0], estimator.predict(stack[1, 0]))
    assert np.array_equal(estimator.transform(stack)[0, 1], estimator.transform(stack[0, 1]))


@pytest.mark.parametrize(
    "image",
    [COFFEE, COFFEE.astype(np.uint16) * 257, COFFEE / 255, (COFFEE / 255).astype(np.float32), COFFEE[..., :1], BANDS],
    ids=["uint8", "uint16", "float64", "float32", "gray", "bands"],
)
def test_a_painted_image_has_the_dtype_and_range_of_the_image(image):
    for estimator in (KMeansSegmenter(4, random_state=0), small().set_params(segmenter=KMeansSegmenter(8))):
        painted = estimator.fit(image).transform(image)
        assert painted.dtype == image.dtype
        assert painted.shape == image.shape
        assert image.min() <= painted.min() <= painted.max() <= image.max()
        assert abs(painted.mean() - image.mean()) <= 0.01 * image.max()


def test_the_mask_comes_back(estimator):
    label_map = estimator.fit(MASKED).predict(MASKED)
    assert np.array_equal(label_map.mask, OUTSIDE)
    assert (label_map.data[OUTSIDE] == -1).all()
    painted = estimator.transform(MASKED)
    assert np.array_equal(painted.mask, MASKED.mask)
    assert np.array_equal(painted.data[OUTSIDE], COFFEE[OUTSIDE])


def test_what_lies_under_the_mask_does_not_matter(estimator):
    other = MASKED.copy()
    other.data[OUTSIDE] = 255 - other.data[OUTSIDE]
    assert np.ma.allequal(estimator.fit(MASKED).predict(MASKED), clone(estimator).fit(other).predict(other))


def test_an_image_that_is_all_masked_has_no_labels(estimator):
    nothing = np.ma.MaskedArray(COFFEE, mask=True)
    label_map = estimator.fit(COFFEE).predict(nothing)
    assert label_map.mask.all()
    assert (label_map.data == -1).all()
    assert np.array_equal(estimator.transform(nothing).data, COFFEE)


def test_a_pil_image_is_an_image(estimator):
    pil, expected = Image.fromarray(COFFEE), clone(estimator).fit_predict(COFFEE)
    assert np.array_equal(estimator.fit(pil).predict(pil), expected)
    assert np.array_equal(estimator.fit([pil]).predict([pil])[0], expected)
    assert np.array_equal(estimator.transform(pil), estimator.transform(COFFEE))


@pytest.mark.parametrize("image", [COFFEE[..., :1], BANDS], ids=["gray", "bands"])
def test_gray_images_and_bands_are_segmented_as_they_are(estimator, image):
    assert estimator.fit_predict(image).shape == image.shape[:2]
    assert estimator.fit([image]).predict([image])[0].max() > 1


def test_it_clones_pickles_and_keeps_its_parameters(estimator):
    params = estimator.get_params(deep=False)
    fitted = estimator.fit(COFFEE)
    assert all(fitted.get_params(deep=False)[name] is value for name, value in params.items())
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.predict(ASTRONAUT), fitted.predict(ASTRONAUT))


def test_it_is_a_step_of_a_pipeline(estimator):
    brighter = FunctionTransformer(lambda image: np.clip(image * 1.2, 0, 255).astype(np.uint8))
    pipeline = make_pipeline(brighter, estimator)
    assert np.array_equal(pipeline.fit(COFFEE).predict(COFFEE), estimator.predict(brighter.transform(COFFEE)))


def test_an_image_of_other_channels_than_in_fit_is_refused(estimator):
    with pytest.raises(ValueError, match="1 features"):
        estimator.fit(COFFEE).predict(COFFEE[..., :1])


@pytest.mark.parametrize(
    ("X", "name"),
    [
        (COFFEE[..., :1], "X"),
        (BANDS, "X"),
        (MASKED[..., :2], "X"),
        (np.stack([COFFEE, COFFEE])[..., :1], "X"),
        ([COFFEE, ASTRONAUT, ASTRONAUT[..., :2]], r"X\[2\]"),
        ([COFFEE, np.stack([BANDS, BANDS])], r"X\[1\]"),
        ([Image.fromarray(COFFEE[..., 0])], r"X\[0\]: X"),  # whose channels are known when it is read
    ],
    ids=["gray", "bands", "masked", "stack", "list", "list of stacks", "PIL"],
)
@pytest.mark.parametrize("inside", [None, KMeansSegmenter(3, random_state=0)], ids=["own", "given"])
def test_other_channels_are_refused(X, name, inside):
    segmenter = small().set_params(segmenter=inside).fit(COFFEE)
    for method in ("predict", "transform", "hierarchy", "score"):
        arguments = [X, [0] * len(X)] if method == "score" else [X]
        with pytest.raises(ValueError, match=f"^{name} has . features, but RegionSegmenter is expecting 3 features"):
            getattr(segmenter, method)(*arguments)


class Unread:
    """An image of three channels whose pixels must not be read."""

    shape, ndim, dtype = COFFEE.shape, 3, COFFEE.dtype

    def __array__(self, dtype=None, copy=None):
        pytest.fail("an image is read")


def test_other_channels_are_refused_before_anything_is_clustered():
    with pytest.raises(ValueError, match=r"X\[1\] has 1 features, but RegionSegmenter is expecting 3"):
        small().fit(COFFEE).predict([Unread(), COFFEE[..., :1]])


def test_a_list_of_different_channels_is_not_fitted():
    for inside in (None, KMeansSegmenter(3)):
        with pytest.raises(ValueError, match=r"X\[1\] has 1 features, but RegionSegmenter is expecting 3"):
            small().set_params(segmenter=inside).fit([COFFEE, COFFEE[..., :1]])


@pytest.mark.parametrize("shape", [(0, 8, 3), (8, 0, 3), (0, 8, 8, 3), (8, 8, 0)])
def test_an_image_without_pixels_is_refused(shape):
    nothing = np.zeros(shape, dtype=np.uint8)
    with pytest.raises(ValueError, match=r"^X must have at least one pixel and one channel; got the shape"):
        small().fit(nothing)
    with pytest.raises(ValueError, match=r"^X\[1\] must have at least one pixel and one channel"):
        small().fit(COFFEE).predict([COFFEE, nothing])


@pytest.mark.parametrize("params", [{"scale": 2.0}, {"n_regions": 0}, {"min_size": -1}])
def test_parameters_that_were_changed_after_fit_are_checked_before_anything_is_clustered(params):
    segmenter = small().fit(COFFEE).set_params(**params)
    for method in (segmenter.predict, segmenter.transform, segmenter.hierarchy):
        with pytest.raises(ValueError, match=next(iter(params))):
            method([Unread()])


@pytest.mark.parametrize("image", [COFFEE[:1, :1], COFFEE[:1], COFFEE[:, :1], np.zeros_like(COFFEE)])
@pytest.mark.filterwarnings("ignore:X has .* distinct color")
def test_small_and_constant_images_are_segmented(estimator, image):
    label_map = estimator.fit_predict(image)
    assert label_map.shape == image.shape[:2]
    assert label_map.min() == 0


# Regions


def test_regions_are_connected_and_numbered_from_the_upper_left():
    regions = small().fit_predict(COFFEE)
    assert np.array_equal(parts_of(regions), regions)
    assert regions[0, 0] == 0


def test_a_larger_scale_gives_fewer_regions():
    segmenter = small().fit(COFFEE)
    counts = [segmenter.set_params(scale=scale).predict(COFFEE).max() + 1 for scale in (0, 0.1, 0.4, 0.7, 1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 1


@pytest.mark.parametrize("n_regions", [1, 2, 7])
def test_the_number_of_regions_can_be_given(n_regions):
    assert small().set_params(n_regions=n_regions).fit_predict(COFFEE).max() + 1 == n_regions


def test_no_region_is_smaller_than_the_smallest_size():
    sizes = np.bincount(RegionSegmenter(scale=0, min_size=30).fit_predict(COFFEE).ravel())
    assert sizes.min() >= 30


def test_two_things_of_one_color_are_two_regions():
    image = np.full((40, 60, 3), [20, 30, 60], dtype=np.uint8)
    image[10:30, 5:20] = image[10:30, 35:55] = [200, 180, 90]
    regions = RegionSegmenter(KMeansSegmenter(2, random_state=0)).fit_predict(image)
    assert regions.max() == 2
    assert regions[20, 10] != regions[20, 40]
    assert regions[0, 0] == regions[39, 59] == regions[20, 27] == 0


@pytest.mark.parametrize("color_space", ["lab", "rgb"])
def test_the_scale_means_the_same_in_every_color_space_and_size(color_space):
    segmenter = KMeansSegmenter(16, color_space=color_space, random_state=0)
    photo = coffee()[::2, ::2]
    half = (rescale(photo, 0.5, anti_aliasing=True, channel_axis=-1) * 255).astype(np.uint8)
    counts = [RegionSegmenter(segmenter).fit_predict(image).max() + 1 for image in (photo, half)]
    assert all(5 <= count <= 80 for count in counts)


def test_float_and_uint8_give_the_same_regions():
    assert np.array_equal(small().fit_predict(COFFEE), small().fit_predict(COFFEE / 255))


def test_regions_are_painted_in_their_means():
    segmenter = small().fit(COFFEE)
    regions, painted = segmenter.predict(COFFEE), segmenter.transform(COFFEE)
    for region in range(regions.max() + 1):
        assert np.array_equal(painted[regions == region][0], np.rint(COFFEE[regions == region].mean(axis=0)))
        assert (painted[regions == region] == painted[regions == region][0]).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.uint64, bool])
def test_means_of_extreme_numbers_stay_in_the_range_of_the_type(dtype):
    limits = np.iinfo(dtype) if dtype is not bool else np.iinfo(np.uint8)
    low, high = (limits.min, limits.max) if dtype is not bool else (False, True)
    image = np.full((20, 30, 3), low, dtype=dtype)
    image[:10] = high
    painted = RegionSegmenter(KMeansSegmenter(2, color_space="rgb", random_state=0)).fit_transform(image)
    assert painted.dtype == image.dtype
    np.testing.assert_allclose(painted.astype(float), image.astype(float), rtol=1e-15)


def test_the_segmenter_inside_is_cloned_and_reached():
    inside = KMeansSegmenter(4, color_space="hsv", random_state=0)
    segmenter = RegionSegmenter(inside).set_params(segmenter__n_clusters=7).fit(COFFEE)
    assert segmenter.segmenter_.n_clusters == 7
    assert not hasattr(inside, "cluster_centers_")


# The hierarchy


@pytest.fixture(scope="module")
def hierarchy():
    return small().fit(COFFEE).hierarchy(COFFEE)


def test_a_cut_is_what_predict_gives(hierarchy):
    for scale in (0.1, 0.5, 0.7):
        assert np.array_equal(hierarchy.cut(scale=scale), small().set_params(scale=scale).fit_predict(COFFEE))


def test_cuts_are_nested(hierarchy):
    for finer, coarser in ((50, 10), (10, 3)):
        maps = np.stack([hierarchy.cut(n_regions=n).ravel() for n in (finer, coarser)])
        assert np.unique(maps, axis=1).shape[1] == finer


def test_scales_are_in_order_and_as_many_as_mergers(hierarchy):
    assert len(hierarchy.scales) == hierarchy.n_regions - 1
    assert (np.diff(hierarchy.scales) >= 0).all()


def test_boundaries_are_those_of_every_cut(hierarchy):
    boundaries = hierarchy.boundaries()
    for scale in (0.1, 0.5, 0.7):
        regions = hierarchy.cut(scale=scale)
        right, below = np.zeros((2, *regions.shape), dtype=bool)
        right[:, :-1] = regions[:, 1:] != regions[:, :-1]
        below[:-1] = regions[1:] != regions[:-1]
        assert boundaries[right | below].min() > boundaries[~(right | below)].max()


def test_a_hierarchy_shows_how_many_regions_it_has(hierarchy):
    n_regions = hierarchy.cut(scale=0.5).max() + 1
    assert (
        repr(hierarchy) == f"RegionHierarchy(31 × 47 pixels, {hierarchy.n_regions} regions, {n_regions} at scale 0.5)"
    )
    html = hierarchy._repr_html_()
    assert html.count("<tr>") == 2
    assert f"<td>{n_regions}</td>" in html


def test_a_mask_parts_the_hierarchy():
    mask = np.zeros(COFFEE.shape, dtype=bool)
    mask[:, 40] = True
    hierarchy = small().fit(COFFEE).hierarchy(np.ma.MaskedArray(COFFEE, mask=mask))
    assert hierarchy.cut(n_regions=1).max() + 1 == 2
    assert np.ma.getmaskarray(hierarchy.boundaries())[:, 40].all()


def test_a_cut_needs_one_of_scale_and_number(hierarchy):
    for both in ({}, {"scale": 0.3, "n_regions": 4}):
        with pytest.raises(ValueError, match="One of scale and n_regions must be given"):
            hierarchy.cut(**both)


def test_a_list_gives_a_list_of_hierarchies():
    segmenter = small().fit([COFFEE, ASTRONAUT])
    assert segmenter.segmenter_ is None
    assert [h.n_regions for h in segmenter.hierarchy([COFFEE, ASTRONAUT])] == [
        segmenter.hierarchy(image).n_regions for image in (COFFEE, ASTRONAUT)
    ]


def test_a_stack_gives_nested_lists_of_hierarchies():
    image = COFFEE[::2, ::2]
    stack = np.stack([[image, image[::-1], image // 2]])
    segmenter = small().fit(stack)
    together = segmenter.hierarchy(stack)
    assert [len(row) for row in together] == [3]
    for place in np.ndindex(1, 3):
        one = together[place[0]][place[1]]
        assert np.array_equal(one.cut(scale=segmenter.scale), segmenter.labels_[place])
        assert np.array_equal(one.scales, segmenter.hierarchy(stack[place]).scales)
    masked = np.ma.stack([MASKED, MASKED[::-1]])[:, ::2]
    assert [each.cut(scale=0.5).mask.sum() for each in segmenter.hierarchy(masked)] == [OUTSIDE[::2].sum()] * 2
    assert [len(each) for each in segmenter.hierarchy([stack[0, :2], stack[0, 2:]])] == [2, 1]


@pytest.mark.parametrize("segmenter", [3, KMeansSegmenter, make_pipeline(KMeansSegmenter(3))])
def test_the_segmenter_must_be_one_of_colors(segmenter):
    with pytest.raises(ValueError, match="segmenter must be a KMeansSegmenter or None"):
        RegionSegmenter(segmenter).fit(COFFEE)


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        ([COFFEE, ASTRONAUT], "a list of 2"),
        (np.stack([COFFEE, COFFEE]), r"the shape \(2, 31, 47, 3\)"),
        (COFFEE[np.newaxis, np.newaxis], r"the shape \(1, 1, 31, 47, 3\)"),
        (COFFEE.reshape(-1, 3), r"the shape \(1457, 3\)"),
    ],
)
def test_a_display_shows_one_image(monkeypatch, X, kind):
    segmenter = small().fit(COFFEE)
    monkeypatch.setattr(RegionSegmenter, "hierarchy", lambda *_: pytest.fail("regions are computed"))
    message = rf"X must be one image \(height, width, n_channels\); got {kind} instead. Show the images .* X\[0\]\."
    for estimator in (segmenter, make_pipeline(FunctionTransformer().fit(COFFEE), segmenter)):
        with pytest.raises(ValueError, match=message):
            RegionDisplay.from_estimator(estimator, X)


# With true label maps


def test_grid_search_finds_the_scale_that_agrees_best():
    images = [COFFEE, ASTRONAUT, COFFEE[:, ::-1]]
    best = small().set_params(scale=0.4)
    truths = [best.fit(image).predict(image) for image in images]
    annotators = [[truth, np.where(truth == 0, 1, truth)] for truth in truths]
    search = GridSearchCV(small(), {"scale": [0.05, 0.4, 0.9]}, cv=3, error_score="raise")
    assert search.fit(images, truths).best_params_ == {"scale": 0.4}
    assert search.fit(images, annotators).best_params_ == {"scale": 0.4}


def test_the_score_is_the_covering():
    segmenter = small().fit(COFFEE)
    truth = KMeansSegmenter(3, random_state=0).fit_predict(COFFEE)
    assert segmenter.score(COFFEE, truth) == metrics.covering(truth, segmenter.predict(COFFEE))


def test_the_score_is_the_mean_over_annotators_and_then_over_images():
    segmenter = small().fit(COFFEE)
    regions = segmenter.predict(COFFEE)
    truths = [regions, regions // 2, regions // 3]
    scores = [segmenter.score(COFFEE, truth) for truth in truths]
    assert scores == sorted(set(scores), reverse=True)
    for several in (truths, tuple(truths), np.stack(truths), [truth.tolist() for truth in truths]):
        assert segmenter.score(COFFEE, several) == pytest.approx(np.mean(scores))
    both = segmenter.score([COFFEE, COFFEE], [truths, truths[1]])
    assert both == pytest.approx((np.mean(scores) + scores[1]) / 2)
    stack = np.stack([COFFEE, COFFEE])
    assert segmenter.score(stack, np.stack([truths, truths])) == pytest.approx(np.mean(scores))


# Errors


@pytest.mark.parametrize("X", [COFFEE.reshape(-1, 3), COFFEE[..., 0], [[1, 2, 3]], [COFFEE, COFFEE.reshape(-1, 3)]])
def test_a_table_is_no_image(X):
    with pytest.raises(ValueError, match=r"X must be an image .* Got 2 dimensions instead"):
        small().fit(X)


@pytest.mark.parametrize(
    ("params", "what"),
    [
        ({"scale": -1}, "scale"),
        ({"scale": np.nan}, "scale must be a probability, from 0 to 1; got nan"),
        ({"scale": 22}, "scale must be a probability, from 0 to 1; got 22"),
        ({"n_regions": 0}, "n_regions"),
        ({"min_size": -3}, "min_size"),
    ],
)
def test_parameters_that_cannot_be_are_refused(params, what):
    with pytest.raises(ValueError, match=what):
        RegionSegmenter(**params).fit(COFFEE)


# The display


def test_a_display_has_a_panel_for_each_scale():
    pytest.importorskip("matplotlib")
    segmenter = small().fit(MASKED)
    display = RegionDisplay.from_estimator(segmenter, MASKED, scales=[0.2, 0.6])
    assert [ax.get_title().split(",")[0] for ax in display.axes_] == ["scale 0.2", "scale 0.6"]
    again = display.plot(axes=display.axes_)
    assert again is display
    with pytest.raises(ValueError, match="axes must be 2; got 1"):
        display.plot(axes=display.axes_[0])


# What users of scikit-learn expect


def test_labels_of_fit_are_those_of_predict(estimator):
    assert np.array_equal(estimator.fit(COFFEE).labels_, estimator.predict(COFFEE))
    assert not hasattr(estimator.fit([COFFEE, ASTRONAUT]), "labels_")
    assert len(estimator.fit_predict([COFFEE, ASTRONAUT])) == len(estimator.labels_) == 2


@pytest.mark.parametrize("container", ["default", "pandas"])
def test_a_pipeline_can_set_the_output_of_its_steps(estimator, container, pandas):
    pipeline = make_pipeline(estimator).set_output(transform=container)
    assert isinstance(pipeline.fit_transform(COFFEE), np.ndarray)


def test_a_stack_is_scored_as_the_list_of_its_images():
    stack = np.stack([COFFEE, COFFEE[::-1]])
    truth = np.stack([COFFEE[..., 0] // 64, COFFEE[::-1, :, 1] // 64])
    segmenter = small().fit(stack)
    assert segmenter.score(stack, truth) == segmenter.score(list(stack), list(truth))
    assert segmenter.score(COFFEE, segmenter.predict(COFFEE)) == 1
    with pytest.raises(ValueError, match="shape of labels_pred"):
        segmenter.score(COFFEE, segmenter.predict(COFFEE).T)


def test_stacks_of_any_depth_are_scored_and_learned_from_image_by_image():
    image = COFFEE[::3, ::3]
    stack = np.stack([[image, image[::-1]], [image[:, ::-1], image // 2]])
    truth = stack[..., 0] // 64
    segmenter = small().fit(stack)
    images, truths = list(stack.reshape(-1, *image.shape)), list(truth.reshape(-1, *image.shape[:2]))
    assert segmenter.score(stack, truth) == segmenter.score(images, truths)
    annotators = np.stack([truth, truth // 2], axis=2)
    assert segmenter.score(stack, annotators) == segmenter.score(images, [[each, each // 2] for each in truths])
    segmenter.set_params(cost="learn")
    assert segmenter.fit(stack, truth).weights_ == segmenter.fit(images, truths).weights_
    with pytest.raises(ValueError, match=r"X\[0\]: X must be an image .* got 4 dimensions .* as a list"):
        segmenter.score(list(stack), list(truth))


def test_a_score_without_truth_is_refused():
    with pytest.raises(ValueError, match="score needs y"):
        small().fit(COFFEE).score(COFFEE)


FOUR = np.dstack([COFFEE, np.where(OUTSIDE, 0, 255).astype(np.uint8)])


def follow(advice, X):
    """What the code in an error stands for."""
    names = {"np": np, "RegionSegmenter": RegionSegmenter, "KMeansSegmenter": KMeansSegmenter, "X": X}
    return [eval(code, names) for code in re.findall(r"RegionSegmenter\(.*?\)\)|np\.ma\.array\(.*?axis=-1\)\)", advice)]


@pytest.mark.parametrize("image", [FOUR, FOUR / 255, FOUR.astype(np.int16) * 30, np.ma.masked_equal(FOUR, 7)])
def test_the_advice_of_an_error_is_a_way_out(image):
    image = image[::2, ::2]
    for X in (image, image[np.newaxis]):
        with pytest.raises(ValueError, match=r"RegionSegmenter\(KMeansSegmenter\(32, ") as caught:
            small().fit(X)
        assert "--" not in str(caught.value)
        *masked, advised = follow(str(caught.value), image)
        assert advised.set_params(min_size=5).fit_predict(X).max() > 0
        assert len(masked) == 1


def test_alpha_is_made_a_mask_by_the_advice_of_an_error():
    with pytest.raises(ValueError, match="X has 4 channels") as caught:
        small().fit(FOUR)
    assert np.ma.allequal(small().fit_predict(follow(str(caught.value), FOUR)[0]), small().fit_predict(MASKED))


@given(data())
def test_images_of_any_channels_and_range_have_regions_or_an_error_with_a_way_out(data):
    dtype = data.draw(sampled_from([bool, np.uint8, np.uint16, np.int8, np.int32, np.uint64, np.float32, np.float64]))
    shape = data.draw(tuples(integers(1, 9), integers(1, 9), integers(1, 6)))
    numbers = floats(-(2.0**99), 2.0**99, width=32) if np.dtype(dtype).kind == "f" else None
    image = data.draw(arrays(dtype, shape, elements=numbers))
    try:
        regions = RegionSegmenter(min_size=0).fit_predict(image)
    except ValueError as error:
        with catch_warnings(action="ignore", category=ConvergenceWarning):
            regions = follow(str(error), image)[-1].set_params(min_size=0).fit_predict(image)
    assert regions.shape == shape[:2]


def test_a_segmenter_that_is_given_has_errors_of_its_own():
    for image in (FOUR, COFFEE.astype(int)):
        small().set_params(segmenter=KMeansSegmenter(16, color_space=None)).fit(image)
        with pytest.raises(ValueError, match=r"color_space='lab' needs"):
            small().set_params(segmenter=KMeansSegmenter(16, color_space="lab")).fit(image)


def test_an_error_about_pixels_is_that_of_the_segmenter():
    image = COFFEE / 255
    image[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"Mask them: np.ma.masked_invalid\(X\)\.$"):
        small().fit(image)


def test_numbers_of_extended_precision_are_painted():
    image = (COFFEE / 255).astype(np.longdouble)
    assert small().fit_transform(image).dtype == np.longdouble


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ({"n_regions": -3}, ValueError, "n_regions"),
        ({"n_regions": 0}, ValueError, "n_regions"),
        ({"n_regions": 2.7}, TypeError, "n_regions"),
        ({"scale": -1.0}, ValueError, "scale"),
        ({"scale": np.nan}, ValueError, "scale must be a probability"),
        ({"scale": "22"}, TypeError, "scale"),
    ],
)
def test_a_hierarchy_is_not_cut_nowhere(hierarchy, where, error, message):
    with pytest.raises(error, match=message):
        hierarchy.cut(**where)


def test_a_wholly_masked_image_is_shown_without_regions():
    pytest.importorskip("matplotlib")
    masked = np.ma.masked_all_like(COFFEE)
    display = RegionDisplay.from_estimator(small().fit(COFFEE), masked)
    assert [ax.get_title().split(", ")[1] for ax in display.axes_] == ["0 regions"] * 3


def test_large_files_of_a_list_are_not_cut_into_bands(tmp_path, lower, monkeypatch):
    Image.fromarray(COFFEE).save(tmp_path / "coffee.tif")
    files = io.images(tmp_path)
    segmenter = small().fit(COFFEE)
    assert np.array_equal(segmenter.predict(files)[0], segmenter.predict(COFFEE))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    lower(result_pixels=500)
    for X in (files, files[0]):
        for method in (segmenter.predict, segmenter.transform, segmenter.hierarchy):
            with pytest.raises(ValueError, match="more than the 1000 that are read at once"):
                method(X)


def test_a_list_whose_regions_cannot_be_found_leaves_the_earlier_model():
    segmenter = small()
    segmenter.fit_predict([COFFEE])
    before = dict(vars(segmenter))
    with pytest.raises(ValueError, match=r"X\[1\]: Complex data not supported"):
        segmenter.fit_predict([ASTRONAUT, COFFEE * 1j])
    assert vars(segmenter) == before


def test_a_fit_that_fails_at_its_end_leaves_the_earlier_model(monkeypatch):
    segmenter = small().fit(COFFEE)
    before = dict(vars(segmenter))
    monkeypatch.setattr(RegionSegmenter, "predict", lambda self, X: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        segmenter.fit(ASTRONAUT)
    assert vars(segmenter) == before
