"""What the displays show: the numbers behind them, and that nothing is cut or lost."""

import re
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from skimage.data import coffee
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseg import (
    ColorSpaceDisplay,
    KMeansSegmenter,
    KSelectionDisplay,
    PaletteDisplay,
    RegionDisplay,
    SegmentationDisplay,
    metrics,
)

mpl.use("Agg")
COFFEE = coffee()[::8, ::8]


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    return KMeansSegmenter(4, random_state=0).fit(COFFEE)


@pytest.fixture(scope="module")
def search():
    scoring = {"parsimony": metrics.parsimony, "log_explained": metrics.log_explained}
    grid = {"n_clusters": [5, 2, 3]}
    return GridSearchCV(KMeansSegmenter(random_state=0), grid, scoring=scoring, refit="parsimony", cv=2).fit(COFFEE)


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def assert_nothing_is_cut(figure):
    figure.canvas.draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.01


# Segmentation


def test_the_four_panels_are_the_image_repainted_labels_and_boundaries(fitted):
    display = SegmentationDisplay.from_estimator(fitted, COFFEE)
    assert [ax.get_title() for ax in display.axes_] == ["image", "4 colors", "labels", "boundaries"]
    np.testing.assert_allclose(shown(display.axes_[0])[..., :3], COFFEE / 255)
    np.testing.assert_allclose(shown(display.axes_[1])[..., :3], fitted.transform(COFFEE) / 255, atol=1e-9)
    differs = (shown(display.axes_[3])[..., :3] != COFFEE / 255).any(axis=-1)
    assert 0 < differs.mean() < 0.5


def test_the_legend_names_every_cluster_and_its_share(fitted):
    display = SegmentationDisplay.from_estimator(fitted, COFFEE)
    texts = [text.get_text() for text in display.axes_[2].get_legend().get_texts()]
    assert texts == [f"{label}  {share:.0%}" for label, share in enumerate(fitted.cluster_sizes_)]


@pytest.mark.parametrize(("n_clusters", "part"), [(2, np.s_[:10]), (16, np.s_[:]), (40, np.s_[:, :10])])
def test_nothing_is_cut_however_many_clusters_and_whatever_shape(n_clusters, part):
    image = COFFEE[part]
    model = KMeansSegmenter(n_clusters, random_state=0).fit(image)
    assert_nothing_is_cut(SegmentationDisplay.from_estimator(model, image).figure_)
    assert_nothing_is_cut(PaletteDisplay.from_estimator(model).figure_)


def test_masked_pixels_are_transparent_and_have_no_share(fitted):
    masked = np.ma.MaskedArray(COFFEE, mask=np.zeros(COFFEE.shape, bool))
    masked[:10] = np.ma.masked
    display = SegmentationDisplay.from_estimator(fitted, masked)
    for ax in display.axes_:
        assert (shown(ax)[:10, :, 3] == 0).all()
        assert (shown(ax)[10:, :, 3] == 1).all()


@pytest.mark.parametrize(
    "image", [COFFEE / 255, COFFEE.astype(np.uint16) * 257, COFFEE[..., :1], COFFEE > 100], ids=lambda _: ""
)
def test_every_dtype_and_gray_images_are_shown(image):
    model = KMeansSegmenter(2, random_state=0).fit(image)
    display = SegmentationDisplay.from_estimator(model, image)
    assert shown(display.axes_[1]).shape == (*COFFEE.shape[:2], 4)
    assert shown(display.axes_[0]).max() <= 1


def test_bands_are_shown_by_an_image_that_is_given():
    bands = np.concatenate([COFFEE, COFFEE[..., ::-1]], axis=-1)
    model = KMeansSegmenter(3, random_state=0).fit(bands)
    display = SegmentationDisplay.from_estimator(model, bands)
    assert display.axes_[0].get_title() == "image, channels 1, 2, 3 as red, green, blue"
    display = SegmentationDisplay.from_estimator(model, bands, image=COFFEE)
    labels = model.predict(bands)
    means = [COFFEE[labels == label].mean(axis=0) / 255 for label in range(3)]
    np.testing.assert_allclose(display.colors, means)


@pytest.mark.parametrize("image", [COFFEE, COFFEE.astype(np.uint16) * 257, COFFEE / 255], ids=lambda image: image.dtype)
def test_another_image_is_shown_in_its_own_units(image):
    X = COFFEE / 255
    model = KMeansSegmenter(3, random_state=0).fit(X)
    display = SegmentationDisplay.from_estimator(model, X, image=image)
    means = [COFFEE[model.labels_ == label].mean(axis=0) / 255 for label in range(3)]
    np.testing.assert_allclose(display.colors, means, atol=1e-9)


def test_numbers_that_are_no_colors_are_stretched():
    display = SegmentationDisplay.from_predictions(np.array([[[20.0], [275.0]]]), [[0, 1]])
    np.testing.assert_allclose(display.colors, [[0] * 3, [1] * 3])


def test_a_stack_cannot_be_shown():
    with pytest.raises(ValueError, match="Only images"):
        SegmentationDisplay.from_predictions(np.zeros((2, 3, 4, 3)), np.zeros((2, 3, 4), dtype=int))


def test_a_label_map_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"label_map must have the image's shape \(50, 75\); got \(2, 2\)"):
        SegmentationDisplay.from_predictions(COFFEE, np.zeros((2, 2), int))


def test_axes_that_exist_are_drawn_into(fitted):
    figure, axes = plt.subplots(2, 2)
    assert SegmentationDisplay.from_estimator(fitted, COFFEE, axes=axes).figure_ is figure
    with pytest.raises(ValueError, match="axes must be 4; got 3"):
        SegmentationDisplay.from_estimator(fitted, COFFEE, axes=axes.ravel()[:3])
    for display in (PaletteDisplay, ColorSpaceDisplay):
        assert display.from_estimator(fitted, ax=axes[0, 0]).ax_ is axes[0, 0]


def test_a_long_legend_lists_the_largest_clusters():
    labels = np.repeat(np.arange(134), np.arange(134) + 1)
    shape = (1, len(labels))
    display = SegmentationDisplay.from_predictions(np.full((*shape, 3), 0.5), labels.reshape(shape))
    texts = [text.get_text() for text in display.axes_[2].get_legend().get_texts()]
    assert [int(text.split()[0]) for text in texts[:-1]] == list(range(114, 134))
    assert texts[-1] == "and 114 more"
    display.figure_.canvas.draw()
    assert display.axes_[2].get_position().width > 0.12


def test_large_images_are_drawn_at_the_resolution_of_a_screen(fitted):
    large = np.repeat(np.repeat(COFFEE, 22, axis=0), 22, axis=1)
    display = SegmentationDisplay.from_estimator(fitted, large)
    assert all(max(shown(ax).shape) <= 1500 for ax in display.axes_)
    texts = [text.get_text() for text in display.axes_[2].get_legend().get_texts()]
    assert texts == [f"{label}  {share:.0%}" for label, share in enumerate(fitted.cluster_sizes_)]
    regions = RegionDisplay(large, [display.label_map], ["all"]).plot()
    assert max(shown(regions.axes_[0]).shape) <= 1500


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_colors_lie_on_paper_as_dark_as_the_style(style, fitted):
    with plt.style.context(style):
        display = ColorSpaceDisplay.from_estimator(fitted)
    figure, paper = (np.mean(to_rgb(part.get_facecolor())) for part in (display.figure_, display.ax_))
    assert (paper < 0.5) == (figure < 0.5)
    assert 0.1 < paper < 0.9  # black and white are seen


def test_boundaries_are_seen_on_dark_and_on_light_areas():
    image = np.zeros((40, 80, 3))
    image[:, 40:] = 1
    labels = np.arange(80) // 10 * np.ones((40, 1), int)
    outlined = shown(SegmentationDisplay.from_predictions(image, labels).axes_[3])[..., 0]
    assert (outlined[:, [9, 19, 29]] == 1).all()
    assert (outlined[:, [49, 59, 69]] == 0).all()


@pytest.mark.parametrize("nest", [make_pipeline, lambda model: GridSearchCV(model, {"n_clusters": [4]}, cv=2)])
def test_pipelines_and_searches_are_shown_by_their_segmenter(nest, fitted):
    nested = nest(KMeansSegmenter(4, random_state=0))
    for draw in (PaletteDisplay.from_estimator, ColorSpaceDisplay.from_estimator):
        with pytest.raises(NotFittedError):
            draw(nested)
    with pytest.raises(NotFittedError):
        SegmentationDisplay.from_estimator(nested, COFFEE)
    nested.fit(COFFEE)
    display = SegmentationDisplay.from_estimator(nested, COFFEE)
    assert np.array_equal(display.label_map, fitted.labels_)
    assert np.array_equal(PaletteDisplay.from_estimator(nested).shares, fitted.cluster_sizes_)
    assert np.array_equal(
        ColorSpaceDisplay.from_estimator(nested).weights,
        np.unique(COFFEE.reshape(-1, 3)[:, ::-1], axis=0, return_counts=True)[1],
    )


def test_steps_before_the_segmenter_change_what_is_segmented_but_not_what_is_shown(fitted):
    flip = FunctionTransformer(lambda image: image[:, ::-1])
    pipeline = make_pipeline(flip, KMeansSegmenter(4, random_state=0)).fit(COFFEE)
    display = SegmentationDisplay.from_estimator(pipeline, COFFEE)
    assert np.array_equal(display.image, COFFEE)
    assert np.array_equal(display.label_map, fitted.predict(COFFEE)[:, ::-1])


def test_masked_pixels_do_not_color_the_palette():
    image = np.ma.MaskedArray(COFFEE, mask=False)
    image[:25] = np.ma.masked
    display = SegmentationDisplay.from_predictions(image, np.zeros(COFFEE.shape[:2], int))
    np.testing.assert_allclose(display.colors[0], COFFEE[25:].mean(axis=(0, 1)) / 255)
    assert (shown(display.axes_[2])[:25, :, 3] == 0).all()


@pytest.mark.parametrize(
    ("label_map", "palette", "message"),
    [
        (np.full((50, 75), -1), None, "must hold a label"),
        (np.full((50, 75), 0.5), None, "integers; got float64"),
        (np.full((50, 75), 2), [[0, 0, 0]], "a color for each label; got 1 for label 2"),
        (np.full((50, 75), 2), [0, 1, 2], r"the shape \(n_clusters, n_channels\); got \(3,\)"),
    ],
)
def test_labels_that_cannot_be_shown_are_refused(label_map, palette, message):
    with pytest.raises(ValueError, match=message):
        SegmentationDisplay.from_predictions(COFFEE, label_map, palette)


@pytest.mark.parametrize(
    ("draw", "kind"),
    [
        (lambda model: SegmentationDisplay.from_estimator(model, COFFEE), "KMeansSegmenter"),
        (PaletteDisplay.from_estimator, "KMeansSegmenter"),
        (ColorSpaceDisplay.from_estimator, "KMeansSegmenter"),
        (lambda model: RegionDisplay.from_estimator(model, COFFEE), "RegionSegmenter"),
        (KSelectionDisplay.from_estimator, "search such as GridSearchCV"),
    ],
)
def test_another_estimator_is_refused_by_its_name(draw, kind):
    with pytest.raises(TypeError, match=f"must be a {kind}.*; got PCA"):
        draw(PCA())


# Palette


def test_bars_are_shares_in_cluster_colors_with_hex_codes(fitted):
    display = PaletteDisplay.from_estimator(fitted)
    np.testing.assert_allclose([bar.get_width() for bar in display.ax_.patches], fitted.cluster_sizes_)
    red, green, blue = np.rint(fitted.cluster_centers_[0]).astype(int)
    assert display.ax_.texts[0].get_text() == f"#{red:02x}{green:02x}{blue:02x}  {fitted.cluster_sizes_[0]:.0%}"


# Choice of K


def test_the_curve_is_in_order_of_k_with_the_chosen_one(search):
    display = KSelectionDisplay.from_estimator(search, metric="parsimony", elbow="log_explained")
    assert display.n_clusters.tolist() == [2, 3, 5]
    assert display.chosen == search.best_params_["n_clusters"]
    assert display.scores[2] == search.cv_results_["mean_test_parsimony"][0]
    assert display.elbow_ax_.get_ylabel() == "log_explained"
    assert (np.diff(display.elbow) > 0).all()
    assert_nothing_is_cut(display.figure_)


def test_the_best_mean_is_chosen_if_nothing_else_is_said(search):
    display = KSelectionDisplay.from_cv_results(search.cv_results_, metric="log_explained")
    assert display.chosen == 5
    assert display.elbow_ax_ is None


@pytest.mark.parametrize(
    ("spread", "title"),
    [
        (0.1, "K = 4"),
        (0.5, "K = 4; 5 scores nearly as well"),
        (1.0, "K = 4; 3 and 5 score nearly as well"),
        (2.0, "K = 4; 2, 3 and 5 score nearly as well"),
    ],
)
def test_runners_up_are_within_one_standard_error_of_the_best(spread, title):
    params = [{"n_clusters": k} for k in (5, 4, 3, 2)]
    results = {
        "params": params,
        "mean_test_score": np.array([2.8, 3.0, 2.6, 2.1]),
        "std_test_score": np.full(4, spread),
    }
    results |= {f"split{fold}_test_score": None for fold in range(4)}
    display = KSelectionDisplay.from_cv_results(results)
    assert display.ax_.get_title() == title
    assert [str(k) for k in display.runners_up] == re.findall(r"\d", title)[1:]
    if spread == 2:  # a rule may choose another one than the best
        assert KSelectionDisplay.from_cv_results(results, best_index=3).runners_up == [3, 4, 5]


def test_a_scorer_that_was_not_used_is_refused(search):
    with pytest.raises(ValueError, match=r"among \['parsimony', 'log_explained'\]; got 'simplified_silhouette'"):
        KSelectionDisplay.from_estimator(search, metric="parsimony", elbow="simplified_silhouette")


def test_candidates_that_failed_are_not_the_best():
    params = [{"n_clusters": k} for k in (2, 3, 4)]
    results = {"params": params, "mean_test_score": [1.0, np.nan, 2.0], "std_test_score": [0.1, np.nan, 0.1]}
    results["split0_test_score"] = results["mean_test_score"]
    assert KSelectionDisplay.from_cv_results(results).chosen == 4
    with pytest.raises(ValueError, match="finite score"):
        KSelectionDisplay.from_cv_results(results | {"mean_test_score": [np.nan] * 3})


def test_only_a_search_of_n_clusters_has_a_curve():
    results = {"params": [{"n_clusters": 2, "tol": 0}], "mean_test_score": [0], "std_test_score": [0]}
    with pytest.raises(ValueError, match="search over n_clusters alone"):
        KSelectionDisplay.from_cv_results(results)


# Color space


def test_colors_and_centers_are_those_of_the_model(fitted):
    display = ColorSpaceDisplay.from_estimator(fitted, channels=(0, 1))
    assert display.weights.sum() == COFFEE.shape[0] * COFFEE.shape[1]
    np.testing.assert_allclose(display.centers, fitted.pipeline_["kmeans"].cluster_centers_[:, :2])
    assert display.names == list(fitted.pipeline_["color"].get_feature_names_out()[:2])
    assert ColorSpaceDisplay.from_estimator(fitted, channels=(1, 2)).names[1] == "value × 0.5"
    assert [text.get_text() for text in display.ax_.texts] == ["0", "1", "2", "3"]
    assert_nothing_is_cut(display.figure_)


def test_the_rarest_of_very_many_colors_are_left_out():
    numbers = np.arange(30_000)
    colors = np.stack([numbers % 200, numbers // 200, 0 * numbers], axis=-1).astype(np.uint8)
    table = np.concatenate([colors, colors[:15_000]])
    display = ColorSpaceDisplay.from_estimator(KMeansSegmenter(2, init=[[40, 40, 0], [150, 100, 0]]).fit(table))
    assert len(display.colors) == 20_000
    assert np.count_nonzero(display.weights == 2) == 15_000


def test_a_model_of_a_data_frame_is_shown_without_a_warning(pandas):
    model = KMeansSegmenter(3, random_state=0).fit(pandas.DataFrame(COFFEE.reshape(-1, 3), columns=list("rgb")))
    assert len(ColorSpaceDisplay.from_estimator(model).palette) == 3


def test_one_color_has_a_place():
    with pytest.warns(ConvergenceWarning):
        model = KMeansSegmenter(2).fit(np.full((4, 4, 3), 9, np.uint8))
    assert len(ColorSpaceDisplay.from_estimator(model).palette) == 1


@pytest.mark.parametrize("channels", [(0, 7), (0, 1, 2), (1,)])
def test_two_channels_are_shown(fitted, channels):
    with pytest.raises(ValueError, match="two of 0, 1 and 2"):
        ColorSpaceDisplay.from_estimator(fitted, channels=channels)


def test_only_rgb_has_a_color_space():
    with pytest.raises(ValueError, match="must be fitted to RGB; got 1 channels"):
        ColorSpaceDisplay.from_estimator(KMeansSegmenter(2, random_state=0).fit(COFFEE[..., :1]))


def test_without_matplotlib_a_plot_says_what_it_needs(fitted, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'python -m pip install "skseg\[plot\]"'):
        SegmentationDisplay.from_estimator(fitted, COFFEE)
