"""Images whose colors hardly repeat: passes over all pixels in place of a census, with the same result."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

import skseg
from skseg import KMeansSegmenter
from skseg._census import Census, count, hash_buckets
from skseg._census.blocks import one_thread
from skseg._images import open_images
from skseg._kmeans import (
    Bounds,
    Passes,
    nearest,
    no_buckets,
    scattered_buckets,
    stand_for_all,
    weighted_variance,
)
from skseg._kmeans.scans import find_colors, find_heavy
from skseg.metrics import explained_variance, log_variance_ratio, neg_davies_bouldin, parsimony, simplified_silhouette

RNG = np.random.default_rng(0)
SHAPE = (90, 70)
CENTERS = np.array([[0.1, 0.2, 0.3], [0.8, 0.3, 0.2], [0.3, 0.7, 0.9], [0.9, 0.9, 0.8]])
TRUTH = RNG.integers(4, size=SHAPE)
NOISY = np.clip(CENTERS[TRUTH] + RNG.normal(0, 0.04, (*SHAPE, 3)), 0, 1)
IMAGES = {
    "float64": NOISY,
    "float32": NOISY.astype(np.float32),
    "uint16": np.rint(NOISY * 65535).astype(np.uint16),
    "int32": np.rint(NOISY * 1e8).astype(np.int32),
    "6 bands": np.concatenate([NOISY, NOISY[::-1]], axis=-1).astype(np.float32),
    "2 bands": NOISY[..., :2],
    "1 band": NOISY[..., :1],
}


@pytest.fixture(autouse=True)
def _few_colors_are_many(lower):
    """Limits so low that a small image is passed over, in several parts."""
    lower(colors_in_fit=800, probed_pixels=1 << 9, keys=800, block_pixels=1000, pass_numbers=768)


def fit(X, n_clusters=4, *, sample_weight=None, **params):
    return KMeansSegmenter(n_clusters, random_state=0, **params).fit(X, sample_weight=sample_weight)


MODELS = {}


def model_of(image):
    """The model of one of the images, fitted once: the limits are the same in each test."""
    if id(image) not in MODELS:
        MODELS[id(image)] = fit(image)
    return MODELS[id(image)]


def assert_same_model(one, other):
    assert np.array_equal(one.cluster_centers_, other.cluster_centers_)
    assert np.array_equal(one._model.centers, other._model.centers)
    assert np.array_equal(one.cluster_sizes_, other.cluster_sizes_)
    assert one.inertia_ == other.inertia_
    assert one.n_iter_ == other.n_iter_


def assert_close_model(one, other, rtol=1e-9):
    """Equal but for the order in which numbers were added."""
    for name in ("centers", "colors"):
        each, expected = getattr(one._model, name), getattr(other._model, name)
        assert_allclose(each, expected, rtol=0, atol=rtol * np.ptp(expected))
    assert_allclose(one.cluster_sizes_, other.cluster_sizes_, rtol=rtol)
    assert one.inertia_ == pytest.approx(other.inertia_, rel=rtol)
    assert one.n_iter_ == other.n_iter_


@pytest.fixture(params=IMAGES, ids=str)
def image(request):
    """An image of each dtype and number of channels, for what depends on them."""
    return IMAGES[request.param]


@pytest.fixture(params=["float64", "uint16", "6 bands"])
def some_image(request):
    """Colors that are converted or not, of numbers that are exact or not."""
    return IMAGES[request.param]


def test_the_census_is_a_sample(image):
    census = model_of(image)._model.census
    assert not census.is_complete
    assert 350 < len(census.colors) <= 800


def test_the_model_is_that_of_all_pixels(image):
    segmenter = model_of(image)
    labels, rows = segmenter.labels_, image.reshape(-1, image.shape[-1])
    features = segmenter._model.features(rows)
    assert np.array_equal(labels, segmenter.predict(image))
    assert np.array_equal(labels.ravel(), nearest(features, segmenter._model.centers))
    assert np.array_equal(labels.ravel(), segmenter.pipeline_.predict(rows))
    means = [rows[labels.ravel() == label].mean(axis=0, dtype=np.float64) for label in range(4)]
    assert_allclose(segmenter.cluster_centers_, means, rtol=1e-9)
    assert_allclose(segmenter.cluster_sizes_, np.bincount(labels.ravel()) / labels.size, rtol=1e-12)
    squares = (features - segmenter._model.centers[labels.ravel()]) ** 2
    assert segmenter.inertia_ == pytest.approx(squares.sum(), rel=1e-8)
    assert segmenter._model.limits == (image.min(), image.max())
    assert segmenter._model.spread == pytest.approx(np.sqrt(features.var(axis=0).sum()), rel=1e-8)
    again = segmenter._model.conversion.convert(rows)
    moved = np.array([again[labels.ravel() == label].mean(axis=0) for label in range(4)]) - segmenter._model.centers
    assert (moved**2).sum() <= 1e-4 * features.var(axis=0).mean() * (1 + 1e-6)


def test_the_clusters_are_those_of_a_census(image, lower):
    passed = model_of(image)
    lower(colors_in_fit=image.size, keys=image.size)
    counted = fit(image)
    assert counted._model.census.is_complete
    assert (passed.labels_ == counted.labels_).mean() > 0.99
    assert passed.inertia_ == pytest.approx(counted.inertia_, rel=1e-3)


ARRANGEMENTS = {
    "rotated": np.rot90,
    "flipped": lambda image: image[::-1],
    "table": lambda image: image.reshape(-1, image.shape[-1]),
    "shuffled": lambda image: np.random.default_rng(1).permutation(image.reshape(-1, image.shape[-1])),
    "Fortran": np.asfortranarray,
    "list": lambda image: [image[:40], image[40:]],
    "tiles": lambda image: [image[40:, :10], image[:40], image[40:, 10:]],
    "masked": lambda image: np.ma.array(
        np.pad(image, ((0, 9), (0, 0), (0, 0))), mask=np.pad(0 * image, ((0, 9), (0, 0), (0, 0)), constant_values=1)
    ),
}


def test_the_arrangement_of_the_pixels_matters_to_rounding_alone(some_image):
    expected = model_of(some_image)
    for arrange in ARRANGEMENTS.values():
        assert_close_model(expected, fit(arrange(some_image)))


@pytest.mark.parametrize("name", ["uint16", "int32"])
def test_the_arrangement_of_integers_that_are_not_converted_changes_no_center(name):
    expected = fit(IMAGES[name], color_space=None)
    for arrange in ARRANGEMENTS.values():
        found = fit(arrange(IMAGES[name]), color_space=None)
        assert np.array_equal(found._model.centers, expected._model.centers)
        assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
        assert np.array_equal(found.cluster_sizes_, expected.cluster_sizes_)


def test_threads_change_no_bit(some_image, lower):
    with one_thread():
        expected = fit(some_image)
    lower(parallel_rows=1)
    for _ in range(3):
        assert_same_model(expected, fit(some_image))


def test_parts_change_no_more_than_rounding(some_image, lower):
    expected = model_of(some_image)
    lower(block_pixels=2500)
    assert_close_model(expected, fit(some_image))


def test_jobs_change_no_bit(some_image):
    image = some_image
    parts = [image[:20], image[20:50], image[50:]]
    assert_same_model(fit(parts), fit(parts, n_jobs=2))


def test_workers_are_sent_the_centers_and_not_the_images(monkeypatch):
    cloudpickle = pytest.importorskip("cloudpickle")
    sent, parts = [], [NOISY[:20], NOISY[20:]]
    kind = type(open_images(parts))
    plain = kind.reduce

    def look(self, function, combine, **options):
        sent.append(len(cloudpickle.dumps(function)))
        return plain(self, function, combine, **options)

    monkeypatch.setattr(kind, "reduce", look)
    fit(parts)
    assert len(sent) > 1
    assert max(sent) < NOISY.nbytes / 2


def test_a_mapped_image_is_passed_over(tmp_path):
    image = IMAGES["float32"]
    mapped = np.memmap(tmp_path / "image", dtype=image.dtype, mode="w+", shape=image.shape)
    mapped[:] = image
    segmenter, out = fit(mapped), np.empty(SHAPE, dtype=np.int32)
    assert_same_model(segmenter, model_of(image))
    assert np.array_equal(segmenter.predict(mapped, out=out), segmenter.labels_)


def test_masked_pixels_have_no_label_and_no_weight(some_image):
    image = some_image
    mask = np.zeros(image.shape, dtype=bool)
    mask[10:20, :30] = True
    segmenter = fit(np.ma.array(image, mask=mask))
    assert np.array_equal(np.ma.getmaskarray(segmenter.labels_), mask[..., 0])
    weights = (~mask[..., 0]).astype(float)
    weighted = fit(image, sample_weight=weights)
    assert_allclose(weighted.cluster_centers_, segmenter.cluster_centers_, rtol=1e-9)
    assert np.array_equal(weighted.predict(image)[~mask[..., 0]], segmenter.labels_.compressed())
    assert np.array_equal(weighted.labels_, weighted.predict(image))


@pytest.mark.parametrize("form", ["image", "list"])
def test_a_weight_is_a_number_of_repetitions(some_image, form):
    image = some_image
    weights = RNG.integers(0, 4, SHAPE)
    repeated = np.repeat(image.reshape(-1, image.shape[-1]), weights.ravel(), axis=0)
    weighted = (
        fit(image, sample_weight=weights)
        if form == "image"
        else fit([image[:40], image[40:]], sample_weight=[weights[:40], weights[40:]])
    )
    expected = fit(repeated)
    assert_allclose(weighted.cluster_centers_, expected.cluster_centers_, rtol=1e-7)
    assert_allclose(weighted.cluster_sizes_, expected.cluster_sizes_, rtol=1e-7)
    assert weighted.inertia_ == pytest.approx(expected.inertia_, rel=1e-7)


def test_images_that_are_counted_and_images_that_are_not_go_together():
    few = np.round(NOISY[:40], 1)
    images = [few, NOISY[40:], few[:5]]
    together = np.concatenate(images)
    assert_close_model(fit(images), fit(together))


def test_nearest_8_bit_numbers_are_counted_in_any_case():
    image = np.rint(NOISY * 255).astype(np.uint8)
    assert fit(image)._model.census.is_complete
    assert fit(image / 255)._model.census.is_complete


# Data that a sample of the colors does not represent


def wide(kind):
    """Data of 10,000 pixels with a range that KMeans has to find."""
    rng = np.random.default_rng(2)
    blobs = rng.normal(0, 0.05, (10_000, 3)) + rng.choice([0.0, 1.0, 2.0, 4.0], 10_000)[:, np.newaxis]
    if kind == "one constant color":
        blobs[rng.random(10_000) < 0.6] = -3.0
    if kind == "a hundred constant colors":
        often = rng.random(10_000) < 0.5
        blobs[often] = rng.random((100, 3))[rng.integers(100, size=often.sum())]
    if kind == "outliers":
        blobs[rng.integers(10_000, size=5)] = 300.0
    if kind == "one outlier":
        blobs[77] = -1e5
    if kind == "heavy tails":
        blobs = rng.standard_cauchy((10_000, 3))
    if kind == "lamps":
        blobs = np.exp(rng.normal(0, 2, (10_000, 3)))
    return blobs


KINDS = ["blobs", "one constant color", "a hundred constant colors", "outliers", "one outlier", "heavy tails", "lamps"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_clusters", [9])
def test_wide_data_is_clustered_as_well_as_by_kmeans(kind, n_clusters, lower):
    lower(colors_in_fit=4000)
    table = wide(kind)
    ours = [KMeansSegmenter(n_clusters, color_space=None, random_state=seed).fit(table) for seed in range(2)]
    plain = [KMeans(n_clusters, n_init=1, random_state=seed).fit(table).inertia_ for seed in range(3)]
    assert not ours[0]._model.census.is_complete
    assert max(segmenter.inertia_ for segmenter in ours) <= 1.02 * np.median(plain)


@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e140])
def test_the_scale_of_the_numbers_does_not_matter(scale):
    expected = fit(NOISY, color_space=None)
    scaled = fit(NOISY * scale, color_space=None)
    assert_allclose(scaled.cluster_centers_, expected.cluster_centers_ * scale, rtol=1e-3)
    assert (scaled.labels_ == expected.labels_).mean() > 0.999


def test_numbers_beyond_all_bounds_are_refused():
    with pytest.raises(ValueError, match="must stay within"):
        fit(NOISY * 1e160, color_space=None)


def test_a_number_outside_the_color_space_is_found_where_it_is_not_sampled():
    spoiled = NOISY.copy()
    spoiled[50, 50] = 1.5
    with pytest.raises(ValueError, match=r"color_space='lab' needs sRGB .* to 1\.5, beyond the range"):
        fit(spoiled, color_space="lab")


def test_labels_belong_to_the_best_start(monkeypatch):
    image = NOISY.copy()
    image[:9] = 0.0  # so frequent that the sample is made larger
    starts = [CENTERS, CENTERS - 0.3, CENTERS + 0.4, CENTERS + 0.5, CENTERS - 0.9]
    tried = []
    monkeypatch.setattr("skseg._fitting._centers", lambda *_: tried.append(1) or starts[len(tried) - 1])
    segmenter = fit(image, color_space=None, tol=1e9)
    assert len(tried) > 1
    assert np.array_equal(segmenter._model.centers, CENTERS)
    assert np.array_equal(segmenter.labels_, segmenter.predict(image))


@pytest.mark.parametrize("weight", [1e-300, 1e-20, 1e20, 1e290])
def test_the_unit_of_the_weights_does_not_matter(weight):
    expected = model_of(NOISY)
    weighted = fit(NOISY, sample_weight=np.full(SHAPE, weight))
    assert_allclose(weighted.cluster_centers_, expected.cluster_centers_, rtol=1e-6)
    assert weighted.inertia_ / weight == pytest.approx(expected.inertia_, rel=1e-6)


@pytest.mark.parametrize(
    ("fill", "n_clusters"), [(1e8, 2), (1e8, 5), (1e12, 5), (1e20, 2), (9.97e36, 5), (-3.4e38, 2), (-3.4e38, 5)]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fill_values_do_not_blur_the_colors_beside_them(fill, n_clusters):
    image = NOISY.copy()
    image[:20, :30] = fill
    segmenter = fit(image, n_clusters, color_space=None)
    for label in range(len(segmenter.cluster_centers_)):
        means = image[segmenter.labels_ == label].mean(axis=0)
        assert_allclose(segmenter.cluster_centers_[label], means, rtol=1e-9)
    squares = (image - segmenter._model.centers[segmenter.labels_]) ** 2
    assert segmenter.inertia_ == pytest.approx(squares.sum(), rel=1e-6, abs=1e-12 * fill**2)


@pytest.mark.parametrize("largest", [1e4, 1e8, 1e13])
def test_weights_of_wide_range_are_summed(largest):
    weights = np.ones(SHAPE)
    weights[7, 7] = largest
    segmenter = fit(NOISY, sample_weight=weights)
    features = segmenter._model.features(NOISY.reshape(-1, 3))
    squares = weights.ravel() * ((features - segmenter._model.centers[segmenter.labels_.ravel()]) ** 2).sum(axis=1)
    assert segmenter.inertia_ == pytest.approx(squares.sum(), rel=1e-6)
    sizes = np.bincount(segmenter.labels_.ravel(), weights.ravel())
    assert_allclose(segmenter.cluster_sizes_, sizes / sizes.sum(), rtol=1e-9)


def test_images_without_pixels_that_count_are_passed_over():
    hidden = np.ma.array(NOISY[:9], mask=True)
    expected = model_of(NOISY)
    assert_same_model(fit([NOISY, hidden]), expected)
    assert_same_model(fit([hidden, NOISY]), expected)
    weighted = fit([NOISY, NOISY[:9]], sample_weight=[np.ones(SHAPE), np.zeros((9, 70))])
    assert_allclose(weighted.cluster_centers_, expected.cluster_centers_, rtol=1e-9)


def test_bands_without_pixels_that_count_are_passed_over():
    image = np.ma.array(np.concatenate([NOISY[:30] + 7, NOISY]), mask=False)
    image[:30] = np.ma.masked
    assert_close_model(fit(image), model_of(NOISY))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_weights_under_a_mask_do_not_matter(value):
    image, weights = np.ma.array(NOISY, mask=False), np.ones(SHAPE)
    image[:9], weights[:9] = np.ma.masked, value
    assert_allclose(fit(image, sample_weight=weights).cluster_centers_, fit(image).cluster_centers_, rtol=1e-9)


def test_some_images_of_a_list_may_have_weights():
    ones = fit([NOISY[:40], NOISY[40:]], sample_weight=[np.ones((40, 70)), np.ones((50, 70))])
    some = fit([NOISY[:40], NOISY[40:]], sample_weight=[None, np.ones((50, 70))])
    assert_same_model(some, ones)


@pytest.mark.parametrize("dtype", ["Float64", object])
def test_tables_of_objects_are_passed_over(dtype):
    pandas = pytest.importorskip("pandas")
    table = NOISY.reshape(-1, 3)
    frame = pandas.DataFrame(table, columns=list("rgb")).astype(dtype)
    assert_close_model(fit(frame), fit(table))


def test_five_bands_are_the_same_in_every_form():
    image = np.rint(255 * np.concatenate([NOISY, NOISY[::-1, :, :2]], axis=-1)).astype(np.uint8)
    expected = fit(image, 7)
    for other in (image / 255, image.astype(np.uint16) * 257):
        assert np.array_equal(fit(other, 7).labels_, expected.labels_)


class Changing:
    """An image that is another one when it is read for the third time."""

    ndim = 3

    def __init__(self, then):
        self.then, self.n_read = then, 0

    def __array__(self, dtype=None, copy=None):
        self.n_read += 1
        return self.then if self.n_read > 2 else NOISY


@pytest.mark.parametrize(
    ("then", "message"),
    [
        (np.full_like(NOISY, np.nan), r"X\[0\]: Pixels contain NaN or infinity"),
        (NOISY[..., :2], r"X\[0\]: Pixels have 2 channels, but earlier images have 3"),
        ((NOISY * 255).astype(np.uint8), r"X\[0\]: Pixels are uint8, but earlier images are float64"),
    ],
    ids=["NaN", "channels", "dtype"],
)
def test_an_image_that_changes_while_it_is_fitted_is_refused(then, message):
    with pytest.raises(ValueError, match=message):
        fit([Changing(then), NOISY])


# Parameters


def test_start_colors_are_where_the_passes_start():
    start = CENTERS[[0, 2, 3, 1]] + 0.02
    ours = fit(NOISY, init=start, color_space=None, tol=1e-8)
    plain = KMeans(4, init=start, n_init=1, tol=1e-8).fit(NOISY.reshape(-1, 3))
    assert_allclose(np.sort(ours.cluster_centers_[:, 0]), np.sort(plain.cluster_centers_[:, 0]), rtol=1e-3)
    assert ours.inertia_ == pytest.approx(plain.inertia_, rel=1e-6)


def test_a_callable_gets_colors_of_the_image():
    seen = []

    def init(colors, n_clusters, random_state):
        seen.append(colors)
        return colors[:n_clusters]

    fit(NOISY, init=init)
    assert {tuple(color) for color in seen[0]} <= {tuple(color) for color in NOISY.reshape(-1, 3)}


@pytest.mark.parametrize("n_iter", [1, 2])
def test_the_number_of_passes_is_bounded(n_iter):
    start = CENTERS + np.array([0.3, 0.0, -0.3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        segmenter = fit(NOISY, init=start, max_iter=n_iter, color_space=None, tol=0)
    assert segmenter.n_iter_ <= n_iter
    assert np.array_equal(segmenter.labels_, segmenter.predict(NOISY))


def test_centers_without_colors_are_left_out():
    start = np.vstack([CENTERS, [[40.0, 40.0, 40.0]]])
    with pytest.warns(ConvergenceWarning, match="more than .* distinct colors in 4 clusters, fewer than n_clusters=5"):
        segmenter = fit(NOISY, 5, init=start, color_space=None)
    assert len(segmenter.cluster_centers_) == 4
    assert set(np.unique(segmenter.labels_)) == {0, 1, 2, 3}


def test_passes_go_on_until_nothing_moves():
    segmenter = fit(NOISY, tol=0)
    moved = KMeans(4, init=segmenter._model.centers, n_init=1, max_iter=1, tol=0).fit(
        segmenter._model.features(NOISY.reshape(-1, 3))
    )
    assert_allclose(moved.cluster_centers_, segmenter._model.centers, rtol=0, atol=1e-9)


# What is kept


def test_a_pickle_and_a_file_hold_the_same_model(image, tmp_path):
    segmenter = model_of(image)
    skseg.io.save(segmenter, tmp_path / "model")
    for other in (pickle.loads(pickle.dumps(segmenter)), skseg.io.load(tmp_path / "model")):
        assert_same_model(segmenter, other)
        assert other._model.limits == segmenter._model.limits
        assert other._model.spread == segmenter._model.spread
        assert np.array_equal(other.pipeline_["kmeans"].labels_, segmenter.pipeline_["kmeans"].labels_)
        assert np.array_equal(other.predict(image), segmenter.labels_)
        assert other.score(image) == segmenter.score(image)


def test_partial_fit_needs_all_colors():
    segmenter = model_of(NOISY)
    with pytest.raises(ValueError, match=r"partial_fit needs all colors .* Pass all images to fit, as one list"):
        segmenter.partial_fit(NOISY)


def test_partial_fit_from_the_first_image_is_fit_of_all(some_image):
    image = some_image
    segmenter = KMeansSegmenter(4, random_state=0)
    segmenter.partial_fit(image[:50]).partial_fit(image[50:])
    assert segmenter._model.census.is_complete
    assert_allclose(segmenter.cluster_centers_, model_of(image).cluster_centers_, rtol=2e-2)


def test_what_is_kept_is_small(image, lower):
    lower(kept_bytes=5000)
    segmenter = fit(image)
    census = segmenter._model.census
    assert census.colors.nbytes + 12 * len(census.colors) <= 5000
    assert len(segmenter.pipeline_["kmeans"].labels_) == len(census.colors)


def test_many_colors_that_are_counted_are_kept_in_part(lower):
    image = NOISY[:10]
    expected = fit(image)
    lower(kept_bytes=5000)
    segmenter = fit(image)
    assert expected._model.census.is_complete
    assert not segmenter._model.census.is_complete
    assert_same_model(segmenter, expected)
    assert np.array_equal(segmenter.predict(image), expected.labels_)


def test_a_census_too_large_to_be_held_is_passed_over(lower):
    image = np.rint(NOISY * 255).astype(np.uint8)
    expected = fit(image)
    lower(held_colors=1000, sampled_colors=500)
    segmenter = fit(image)
    assert segmenter._model.census.is_complete
    assert np.array_equal(segmenter.labels_, segmenter.predict(image))
    assert (segmenter.labels_ == expected.labels_).mean() > 0.99
    assert len(segmenter.pipeline_["kmeans"].labels_) == len(segmenter._model.census.colors)


# A pass by itself


class Rows:
    def __init__(self, rows, weights=None):
        self.rows, self.weights = rows, weights
        self.is_weighted, self.bounds = weights is not None, None

    def reduce(self, function, combine):
        return combine([function(self.rows, self.weights, self.bounds)])


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("scale", [1.0, 1e-290, -1e120])
def test_a_pass_finds_means_of_any_scale(is_weighted, scale):
    rows, centers = NOISY.reshape(-1, 3) * scale, CENTERS * scale
    weights = np.full(len(rows), 3.0) if is_weighted else None
    passed = Passes(Rows(rows, weights), np.array, count(rows[::9], None if weights is None else weights[::9])).run(
        centers
    )
    nearer = np.abs(NOISY.reshape(-1, 1, 3) - CENTERS).sum(axis=-1)
    labels = nearest(rows, centers)
    assert scale < 1 or (labels == nearer.argmin(axis=1)).mean() > 0.9
    for label in np.unique(labels):
        assert_allclose(passed.colors[label], rows[labels == label].mean(axis=0), rtol=1e-7)
        assert_allclose((passed.centers + passed.shifts)[label], passed.colors[label], rtol=1e-7)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_a_pass_sums_what_numpy_sums(is_weighted, offset):
    rows = NOISY.reshape(-1, 3) + offset
    weights = RNG.uniform(0, 1e-5, len(rows)) if is_weighted else np.ones(len(rows))
    passes = Passes(Rows(rows, weights if is_weighted else None), np.array, count(rows[::9], weights[::9]))
    passed = passes.run(CENTERS + offset, has_buckets=True)
    labels = nearest(rows, CENTERS + offset)
    assert_allclose(passed.weights, np.bincount(labels, weights), rtol=1e-9)
    means = [np.average(rows[labels == label], axis=0, weights=weights[labels == label]) for label in range(4)]
    assert_allclose(passed.centers + passed.shifts, means, rtol=1e-9)
    assert_allclose(passed.colors, means, rtol=1e-9)
    squares = weights * ((rows - passed.centers[labels]) ** 2).sum(axis=1)
    assert passed.inertia == pytest.approx(squares.sum(), rel=1e-8)
    by_bucket = np.bincount(hash_buckets(rows), squares, 1 << 16)
    assert_allclose(passed.buckets / passed.buckets.sum(), by_bucket / by_bucket.sum(), rtol=1e-8)
    assert passed.variance == pytest.approx(weighted_variance(rows, weights), rel=1e-8)


@pytest.mark.parametrize("is_linear", [False, True])
def test_a_center_without_colors_stays(is_linear):
    rows, centers = NOISY.reshape(-1, 3), np.vstack([CENTERS, [[9.0, 9.0, 9.0]]])
    passed = Passes(Rows(rows), np.array, count(rows[::9]), np.array if is_linear else None).run(centers)
    assert passed.weights[-1] == 0
    assert passed.shifts[-1].tolist() == [0.0, 0.0, 0.0]
    assert (passed.shifts[:-1] != 0).all()


def test_colors_that_hold_much_of_the_inertia_are_found():
    rows = NOISY.reshape(-1, 3).copy()
    rows[5], rows[100:400] = 40.0, [0.0, 5.0, 0.0]
    passes = Passes(Rows(rows), np.array, count(NOISY.reshape(-1, 3)[::9]))
    is_heavy = passes.run(CENTERS, has_buckets=True).heavy_buckets()
    found = find_colors(Rows(rows), is_heavy)
    assert is_heavy.sum() <= 1024
    assert {(40.0, 40.0, 40.0), (0.0, 5.0, 0.0)} <= {tuple(color) for color in found.colors}
    assert 300 in found.weights


def test_what_is_heavy_does_not_depend_on_what_is_heavier():
    buckets = np.ones(1 << 16)
    buckets[5], buckets[10:20] = 1e12, 1e4
    assert np.flatnonzero(find_heavy(buckets)).tolist() == [5, *range(10, 20)]


def test_at_most_1024_buckets_are_heavy_each_of_more_than_64_medians():
    buckets = np.ones(1 << 16)
    buckets[:2000] = np.arange(65, 2065)
    assert np.flatnonzero(find_heavy(buckets)).tolist() == list(range(2000 - 1024, 2000))
    few = np.where(buckets < 67, buckets, 1)
    assert np.flatnonzero(find_heavy(few)).tolist() == [0, 1]
    assert not find_heavy(np.minimum(few, 64)).any()


def test_nothing_is_heavy_among_equals():
    rows = RNG.random((200_000, 2))
    passes = Passes(Rows(rows), np.array, count(rows[::99]))
    assert not passes.run(rows[:3], has_buckets=True).heavy_buckets().any()


def test_frequent_colors_and_outliers_are_found_before_the_first_pass():
    colors = RNG.random((300_000, 2)).astype(np.float32)
    weights = np.ones(len(colors))
    weights[[7, 70]] = 1e5
    colors[700] = 200.0
    is_heavy = scattered_buckets(Rows(colors, weights), count(colors[::9]))
    assert np.array_equal(np.flatnonzero(is_heavy), np.unique(hash_buckets(colors[[7, 70, 700]])))
    assert not scattered_buckets(Rows(colors[1000:]), count(colors[::9])).any()


def test_a_sample_stands_for_all_but_its_frequent_colors():
    colors = np.arange(3000.0).reshape(-1, 1)
    some = Census(colors, np.append(np.ones(2999), 1e4), 3, np.array([0.0, 3000.0]))
    weights = stand_for_all(some, Rows(colors), no_buckets()).weights
    assert weights[:2999].tolist() == [8.0] * 2999
    assert weights[2999] == 1e4


@pytest.mark.parametrize("max_iter", [2, 3, 300])
@pytest.mark.parametrize(
    ("scale", "shift", "space"),
    [(1e-9, 0, None), (1e-9, 0, "oklab"), (1e-100, 0, None), (1e-100, 0, "oklab"), (1e9, 1e13, None)],
)
def test_sums_stay_exact_after_a_start_far_from_all_colors(scale, shift, space, max_iter):
    image = NOISY * scale + shift
    start = [[0.3, 0.3, 0.3]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        segmenter = fit(image, len(start), init=start, n_init=1, color_space=space, max_iter=max_iter)
    features = segmenter.pipeline_["color"].transform(image.reshape(-1, 3))
    centers = segmenter.pipeline_["kmeans"].cluster_centers_
    squares = ((features[:, np.newaxis] - centers) ** 2).sum(axis=-1).min(axis=1)
    assert_allclose(segmenter.inertia_, squares.sum(), rtol=1e-6)


# Scores of a sample


def test_scores_of_a_sample_are_those_of_all_colors(lower):
    """Also beside frequent colors, and with an outlier that holds most of the variance."""
    rng = np.random.default_rng(5)
    image = np.repeat(CENTERS[TRUTH], 5, axis=0).repeat(5, axis=1)
    image += rng.normal(0, 0.04, image.shape)
    image[:60], image[70, 70] = CENTERS[1], 30.0
    segmenter = fit(image[::2], color_space=None)
    criteria = [log_variance_ratio, neg_davies_bouldin, simplified_silhouette, explained_variance, parsimony]
    lower(keys=image.size)
    exact = [criterion(segmenter, image[1::2]) for criterion in criteria]
    lower(colors_in_score=20_000)
    sampled = [criterion(segmenter, image[1::2]) for criterion in criteria]
    assert sampled != exact
    assert_allclose(sampled, exact, atol=0.02)


# What a pass remembers


class RememberedRows(Rows):
    def __init__(self, rows, weights=None):
        super().__init__(rows, weights)
        self.bounds = Bounds.empty(len(rows))


def heavy_tails(n_rows, n_features):
    """Colors without gaps between clusters, and with outliers of any size: centers move for long."""
    rows = RNG.standard_t(1.5, (n_rows, n_features))
    rows[: n_rows // 3] = np.rint(rows[: n_rows // 3])  # many are equally near two centers
    return rows


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("is_linear", [False, True])
@pytest.mark.parametrize(
    "make", [heavy_tails, lambda *shape: RNG.random(shape), lambda *shape: RNG.integers(9, size=shape)]
)
def test_what_is_remembered_changes_nothing(make, is_linear, is_weighted):
    rows = make(3000, 3)
    weights = RNG.uniform(0, 2, len(rows)).round(1) if is_weighted else None
    start, order = np.unique(rows, axis=0)[::-60][:7] + 1e-3, lambda colors: np.lexsort(colors.T)
    results = []
    sample = count(rows[::9])._replace(limits=np.array([rows.min(), rows.max()]))
    for scan in [Rows(rows, weights), RememberedRows(rows, weights)]:
        passes = Passes(scan, np.array, sample, np.array if is_linear else None)
        results.append(passes.lloyd(passes.run(start.astype(np.float64)), order, max_iter=40, tol=0.0))
    (forgetful, n_iter), (passed, n_iter_remembered) = results
    assert n_iter == n_iter_remembered > 3
    assert np.array_equal(scan.bounds.labels, nearest(rows.astype(np.float64), passed.centers))
    for name in ["centers", "weights", "shifts", "squares", "colors"]:
        one, other = getattr(passed, name), getattr(forgetful, name)
        assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max() + 1e-13 * np.ptp(rows), err_msg=name)
    squares = ((rows - passed.centers[scan.bounds.labels]) ** 2).sum(axis=1)
    sums = np.bincount(scan.bounds.labels, squares if weights is None else weights * squares)
    assert_allclose(passed.squares, sums, rtol=1e-8, atol=1e-11 * sums.sum())


@pytest.mark.parametrize("make_scan", [Rows, RememberedRows])
def test_centers_of_the_last_pass_are_brought_into_order_and_do_not_move(make_scan):
    rows, start = NOISY.reshape(-1, 3), CENTERS[[2, 0, 3, 1]] + 0.02
    passes = Passes(make_scan(rows), np.array, count(rows[::9]))
    passed, n_iter = passes.lloyd(passes.run(start), lambda colors: np.argsort(colors[:, 1]), max_iter=1, tol=0.0)
    assert n_iter == 1
    assert np.array_equal(passed.centers, start[np.argsort(start[:, 1])])
    assert np.array_equal(passed.weights, np.bincount(nearest(rows, passed.centers)))


@pytest.mark.parametrize("make_scan", [Rows, RememberedRows])
def test_centers_of_frequent_colors_move_by_as_little_as_the_others_weigh(make_scan):
    rows, weights, start = RNG.random((3000, 1)), np.ones(3000), np.array([[0.2], [0.8]])
    rows[:2], weights[:2] = start, 1e9
    passes = Passes(make_scan(rows, weights), np.array, count(rows[::3], weights[::3]))
    passed, n_iter = passes.lloyd(passes.run(start), lambda colors: np.argsort(colors[:, 0]), max_iter=99, tol=0.0)
    assert 1 < n_iter < 99
    assert np.abs(passed.shifts).max() < 1e-10


@pytest.mark.parametrize("far", [1e35, 1e60])
def test_a_center_beyond_all_colors_may_be_remembered(far):
    rows = NOISY.reshape(-1, 3)
    scan = RememberedRows(rows)
    passed = Passes(scan, np.array, count(rows[::9])).run(np.array([CENTERS.mean(axis=0), [far] * 3]))
    assert passed.weights.tolist() == [len(rows), 0]
    assert not scan.bounds.labels.any()


@pytest.mark.parametrize("is_linear", [False, True])
def test_colors_of_zeros_are_passed_over(is_linear):
    rows = np.zeros((500, 3))
    passes = Passes(RememberedRows(rows), np.array, count(rows), np.array if is_linear else None)
    passed, _ = passes.lloyd(
        passes.run(np.array([[1e-3] * 3, [1.0] * 3])), lambda colors: np.lexsort(colors.T), max_iter=9, tol=0.0
    )
    assert_allclose(passed.centers, [[0.0, 0.0, 0.0]], rtol=0, atol=1e-12)
    assert passed.inertia == pytest.approx(0, abs=1e-20)


def test_colors_far_from_borders_are_not_looked_at_again():
    rows, n_rows = NOISY.reshape(-1, 3), []

    def convert(rows):
        n_rows.append(len(rows))
        return np.array(rows)

    passes = Passes(RememberedRows(rows), convert, count(rows[::9]))
    first = passes.run(CENTERS + 1e-3)
    n_rows.clear()
    _, n_iter = passes.lloyd(first, lambda colors: np.lexsort(colors.T), max_iter=9, tol=0.0)
    assert n_iter > 2
    assert sum(n_rows) < len(rows) / 4


def test_a_center_that_loses_its_colors_is_left_out():
    rows = np.concatenate([RNG.normal(center, 0.1, (300, 1)) for center in (0, 5, 9)])
    passes = Passes(RememberedRows(rows), np.array, count(rows[::9]))
    first = passes.run(np.array([[9.0], [0.0], [700.0], [5.0]]))
    passed, _ = passes.lloyd(first, lambda colors: np.lexsort(colors.T), max_iter=9, tol=0.0)
    assert_allclose(passed.centers, [[0], [5], [9]], atol=0.1)
    assert np.array_equal(passes._scan.bounds.labels, nearest(rows, passed.centers))
