"""Bad input gets one sentence: which argument, what is allowed, what came, the way out."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from scipy.sparse import coo_array, csr_matrix
from skimage.data import coffee
from sklearn.base import clone

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, WhiteBalancer, metrics

COFFEE = coffee()[::8, ::8]
WIDE = coffee()[::4, ::4]
FLOATS = COFFEE / 255
SMALL = COFFEE[::5, ::5]


def raises(error, *parts):
    """Expect `error` with all `parts` in its message, in this order."""
    return pytest.raises(error, match="(?s)" + ".*".join(parts))


@pytest.fixture(scope="module")
def fitted():
    return KMeansSegmenter(3, random_state=0).fit(COFFEE)


@pytest.mark.parametrize(
    ("params", "error", "parts"),
    [
        ({"n_clusters": 0}, ValueError, ["n_clusters", "0", ">= 1"]),
        ({"n_clusters": 2.5}, TypeError, ["n_clusters", "Integral|int", "float"]),
        ({"color_space": "cmyk"}, ValueError, ["color_space", "'hsv'", "'oklab'", "None", "'cmyk'"]),
        ({"color_space": ["hsv"]}, ValueError, ["color_space", "'hsv'", r"\['hsv'\]"]),
        ({"output": "image"}, ValueError, ["output", "'color', 'label', 'distance'", "'image'"]),
        ({"channel_weights": [1, 2]}, ValueError, ["channel_weights", "3", "one per channel", r"\[1, 2\]"]),
        ({"channel_weights": [1, -1, 1]}, ValueError, ["channel_weights", "negative"]),
        ({"channel_weights": [0, 0, 0]}, ValueError, ["channel_weights", "not all 0"]),
        ({"channel_weights": "half"}, ValueError, ["channel_weights", "'auto'", "'half'"]),
        ({"init": "farthest"}, ValueError, ["init", "'k-means\\+\\+', 'random'", "farthest"]),
        ({"init": 7}, ValueError, ["init", "a callable", "start colors", "7"]),
        ({"init": [[0, 0, 0], [0]]}, ValueError, ["init", "start colors", r"\[\[0, 0, 0\], \[0\]\]"]),
        ({"init": [[0, 0, 0]]}, ValueError, ["init", r"\(n_clusters, n_channels\)", r"\(8, 3\)", r"\(1, 3\)"]),
        ({"init": [[np.nan] * 3] * 8}, ValueError, ["Input init contains NaN"]),
        ({"n_init": 0}, ValueError, ["n_init", "0"]),
        ({"n_init": "many"}, TypeError, ["n_init", "int", "str"]),
        ({"max_iter": 0}, ValueError, ["max_iter", "0"]),
        ({"tol": -1}, ValueError, ["tol", "-1"]),
        ({"n_jobs": "all"}, TypeError, ["n_jobs", "int"]),
    ],
)
@pytest.mark.parametrize("X", [COFFEE, COFFEE[:2, :2]], ids=["many colors", "few colors"])
def test_a_bad_parameter_is_named_by_fit(params, error, parts, X):
    with raises(error, *parts):
        KMeansSegmenter(**params).fit(X)


@pytest.mark.parametrize(
    ("X", "error", "parts"),
    [
        ("photo.jpg", TypeError, ["X must be", "list of images", "str", "imread"]),
        ((image for image in [COFFEE]), TypeError, ["X must be", "generator"]),
        ({"image": COFFEE}, TypeError, ["X must be", "dict"]),
        (None, TypeError, ["X must be", "NoneType"]),
        (["a.png", "b.png"], TypeError, ["X must be", "list of str", "imread"]),
        ([], ValueError, ["empty list"]),
        (FLOATS * 1e160, ValueError, ["Pixels must stay within ±1e\\+150", "overflow"]),
        (COFFEE.astype("timedelta64[s]"), ValueError, ["real numbers", "timedelta64"]),
        (COFFEE[0, :, 0], ValueError, ["2D array", "1D array"]),
        (np.empty((0, 0, 3)), ValueError, ["0 sample"]),
        (np.empty((4, 4, 0)), ValueError, ["0 feature"]),
        (COFFEE + 1j, ValueError, ["Complex data"]),
        (np.where(COFFEE.max() == COFFEE, np.nan, FLOATS), ValueError, ["NaN", "masked_invalid"]),
        (np.where(COFFEE.max() == COFFEE, np.inf, FLOATS), ValueError, ["infinity", "masked_invalid"]),
        (np.ma.masked_all((4, 4, 3)), ValueError, ["All pixels are masked"]),
        (np.dstack([COFFEE, COFFEE[..., :1]]), ValueError, ["4 channels", "alpha", "mask", "color_space=None"]),
        (Image.fromarray(COFFEE).convert("P"), ValueError, ["mode 'P'", "convert"]),
        (Image.fromarray(COFFEE).convert("HSV"), ValueError, ["mode 'HSV'", "convert"]),
        (Image.fromarray(COFFEE).convert("CMYK"), ValueError, ["mode 'CMYK'", "convert"]),
        ([COFFEE, "photo.jpg"], TypeError, [r"X\[1\]", "str"]),
        ([COFFEE, COFFEE[..., :1]], ValueError, [r"X\[1\]", "1 channel,", "3"]),
        ([COFFEE, FLOATS], ValueError, [r"X\[1\]", "float64", "uint8", "same dtype"]),
        ([COFFEE, COFFEE.astype(np.uint16)], ValueError, [r"X\[1\]", "uint16", "uint8"]),
        ([FLOATS, FLOATS * np.nan], ValueError, [r"X\[1\]", "NaN"]),
    ],
    ids=lambda value: "",
)
def test_what_is_no_image_is_refused_by_fit(X, error, parts):
    with raises(error, *parts):
        KMeansSegmenter().fit(X)


@pytest.mark.parametrize("color_space", ["lab", "luv", "oklab", "hed", "ycbcr", "hsv-raw"])
def test_a_space_that_needs_srgb_from_0_to_1_names_the_range_seen(color_space):
    with raises(ValueError, color_space, "from 0 to 1", "float64 from 0 to 2", "Pass value_range"):
        KMeansSegmenter(color_space=color_space).fit(FLOATS / FLOATS.max() * 2)
    with raises(ValueError, "init as float64", "300"):
        KMeansSegmenter(1, color_space=color_space, init=[[0, 0, 300.0]]).fit(FLOATS)


def test_predict_holds_x_to_the_range_of_the_color_space():
    model = KMeansSegmenter(3, color_space="lab").fit(FLOATS)
    with raises(ValueError, "lab", "from 0 to 1"):
        model.predict(FLOATS * 255)


def test_a_color_space_needs_three_channels():
    with raises(ValueError, "'hsv' needs 3 channels", "75", "pixel table", "newaxis", "color_space=None"):
        KMeansSegmenter(color_space="hsv").fit(COFFEE[..., 0])


@pytest.mark.parametrize("in_list", [False, True])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "transform", "score"])
def test_alpha_is_refused_wherever_it_comes(method, in_list):
    rgba = np.dstack([COFFEE, COFFEE[..., :1]])
    model = KMeansSegmenter(3, random_state=0)
    if "fit" not in method:
        model.fit(rgba.reshape(-1, 4))  # a table says by itself that it has four channels
    with raises(ValueError, "4 channels", "alpha"):
        getattr(model, method)([rgba] if in_list else rgba)


def test_another_number_of_channels_than_in_fit_is_refused(fitted):
    with raises(ValueError, "75 features", "expecting 3 features", "pixel table", "newaxis"):
        fitted.predict(COFFEE[..., 0])
    with raises(ValueError, r"X\[1\]", "1 features", "expecting 3"):
        fitted.predict([COFFEE, COFFEE[..., :1]])


@pytest.mark.parametrize("X", [FLOATS * 255, COFFEE.astype(np.int64)])
def test_numbers_that_cannot_mean_the_colors_of_fit_are_refused(X, fitted):
    for method in (fitted.predict, fitted.transform, fitted.score):
        with raises(ValueError, str(X.dtype), "fit has seen uint8", "got .* to 255"):
            method(X)
    with raises(ValueError, "uint8", f"fit has seen {X.dtype}"):
        KMeansSegmenter(3).fit(X).predict(COFFEE)


def test_partial_fit_refuses_other_units(fitted):
    with raises(ValueError, "Pixels are float64", "uint8", "same dtype"):
        KMeansSegmenter(3).fit(COFFEE).partial_fit(FLOATS)


SEEN_AND_OTHER = [(FLOATS, 255 * FLOATS), (255 * FLOATS, FLOATS)]


CALLS = {
    "predict": lambda seen, other: KMeansSegmenter(3).fit(seen).predict(other),
    "float32": lambda seen, other: KMeansSegmenter(3).fit(seen).predict(other.astype(np.float32)),
    "score": lambda seen, other: KMeansSegmenter(3).fit(seen).score(other),
    "list": lambda seen, other: KMeansSegmenter(3).fit([seen, other]),
    "partial_fit": lambda seen, other: KMeansSegmenter(3).fit(seen).partial_fit(other),
    "init": lambda seen, other: KMeansSegmenter(2, init=[other.min(axis=(0, 1)), other.max(axis=(0, 1))]).fit(seen),
    "balancer": lambda seen, other: WhiteBalancer().fit(seen).transform(other),
    "balancer of a list": lambda seen, other: WhiteBalancer().fit([seen, other]),
}


@pytest.mark.parametrize(("seen", "other"), SEEN_AND_OTHER)
@pytest.mark.parametrize("call", CALLS)
def test_ranges_that_hardly_belong_together_warn(call, seen, other):
    """Floats are not scaled; only their range tells that they were meant to be."""
    with pytest.warns(UserWarning, match=r"largest number in .* is .*, but .* in .*Give both the same range"):
        CALLS[call](seen, other)


@pytest.mark.parametrize("call", CALLS)
def test_a_warning_of_ranges_points_to_the_code_that_called(call):
    with pytest.warns(UserWarning, match="Give both the same range") as raised:
        CALLS[call](FLOATS, 255 * FLOATS)
    assert {warning.filename for warning in raised} == {__file__}


def test_wide_integers_where_fractions_were_seen_warn():
    with pytest.warns(UserWarning, match=r"largest number in the pixels is 65535, but 1 in fit\."):
        KMeansSegmenter(3).fit(FLOATS).predict((65535 * FLOATS).astype(np.int64))


def test_start_colors_from_0_to_1_of_bytes_warn():
    with pytest.warns(UserWarning, match=r"largest number in init is 1, but \d{3} in the pixels"):
        KMeansSegmenter(2, init=[[0, 0, 0], [1, 1, 1]]).fit(COFFEE)


@pytest.mark.parametrize(
    ("seen", "other"),
    [
        (FLOATS, FLOATS * 8),
        (FLOATS, FLOATS - 300),
        (FLOATS * 255, FLOATS * 0),
        (FLOATS, FLOATS * 1e5),
        (COFFEE, FLOATS),
    ],
    ids=["HDR", "negative", "black", "fill value", "uint8"],
)
def test_other_ranges_do_not_warn(seen, other):
    KMeansSegmenter(3).fit(seen).predict(other)
    if seen.dtype == other.dtype:
        KMeansSegmenter(3).fit([seen, other])


@pytest.mark.parametrize(
    ("sample_weight", "parts"),
    [
        (np.ones(7), [r"pixel shape \(50, 75\)", r"\(7,\)"]),
        (np.ones(COFFEE.shape), [r"pixel shape \(50, 75\)"]),
        (np.zeros(COFFEE.shape[:2]), ["is zero"]),
        (np.full(COFFEE.shape[:2], -1), ["not negative"]),
        (np.full(COFFEE.shape[:2], np.nan), ["finite"]),
        (np.full(COFFEE.shape[:2], 1e308), ["finite"]),
        (np.full(COFFEE.shape[:2], 1 + 1j), ["real numbers", "complex128"]),
    ],
)
def test_bad_weights_are_named(sample_weight, parts):
    with raises(ValueError, "sample_weight", *parts):
        KMeansSegmenter(3).fit(COFFEE, sample_weight=sample_weight)


def test_a_list_of_images_needs_as_many_weights_and_truths(fitted):
    with raises(ValueError, "sample_weight must hold one array per image", "1 for 2"):
        KMeansSegmenter(3).fit([COFFEE, COFFEE], sample_weight=[np.ones(COFFEE.shape[:2])])
    with raises(ValueError, "y must hold one array per image", "1 for 2"):
        fitted.score([COFFEE, COFFEE], [fitted.labels_])


def test_a_truth_of_another_shape_is_refused(fitted):
    with raises(ValueError, "y must have X's pixel shape", r"\(50, 75\)", r"\(50,\)"):
        fitted.score(COFFEE, np.zeros(50, dtype=int))


@pytest.mark.parametrize(
    ("label_map", "parts"),
    [
        (np.zeros((2, 2)), ["integers", "float64"]),
        (np.array([[0, 3]]), ["0 to 2", "got 0 to 3"]),
        (np.array([[-1, 1]]), ["0 to 2", "got -1 to 1", "masked_equal"]),
        ([["a"]], ["integers"]),
    ],
)
def test_labels_that_no_cluster_has_are_refused(label_map, parts, fitted):
    with raises(ValueError, "X must hold labels", *parts):
        fitted.inverse_transform(label_map)


def test_a_dtype_that_cannot_hold_the_cluster_colors_is_refused():
    model = KMeansSegmenter(3, random_state=0).fit(COFFEE.astype(np.int32))
    dark = np.minimum(COFFEE, 127).astype(np.int8)
    assert model.predict(dark).shape == COFFEE.shape[:2]
    with raises(ValueError, "Pixels are int8, which cannot hold the cluster colors", "int32"):
        model.transform(dark)


def test_tables_of_a_list_need_the_channels_of_the_first(pandas):
    table = pandas.DataFrame(COFFEE.reshape(-1, 3), columns=list("RGB"))
    with raises(ValueError, "feature names"):
        KMeansSegmenter(3).fit([table, table[list("BGR")]])
    with raises(ValueError, "feature names"):
        KMeansSegmenter(3).fit(table).partial_fit([table[list("BGR")]])


# What is almost certainly a mistake


@pytest.mark.parametrize(
    ("X", "way_out"),
    [
        (WIDE[..., 0], r"gray\? .*image\[\.\.\., np\.newaxis\]"),
        ([WIDE[..., 0], WIDE[:90, :, 1]], r"gray\? .*image\[\.\.\., np\.newaxis\]"),
        (np.moveaxis(WIDE, -1, 0), r"first\? .*moveaxis\(image, 0, -1\)"),
    ],
    ids=["gray", "list of gray", "channels first"],
)
@pytest.mark.parametrize("estimator", [KMeansSegmenter(3, random_state=0, color_space=None), WhiteBalancer()])
def test_an_image_without_channels_at_the_end_is_warned_of(estimator, X, way_out):
    with pytest.warns(UserWarning, match=rf"pixels of 150 channels, .*{way_out}"):
        estimator.fit(X)


@pytest.mark.parametrize("X", [WIDE[..., 0].astype(float), np.tile(WIDE[:, :1, 0], (30, 120)), COFFEE[..., 0]])
def test_tables_of_other_numbers_or_shapes_are_not_warned_of(X):
    KMeansSegmenter(3, random_state=0, color_space=None).fit(X)


def test_a_long_table_is_not_gray_where_it_is_read_in_parts(lower):
    lower(block_bytes=120_000)  # a thousand rows
    table = np.ma.masked_less(np.tile(WIDE[:, :1, 0], (30, 120)), 20)
    KMeansSegmenter(3, random_state=0, color_space=None).fit(table)


def fit_zeros(shape, dtype=np.uint8):
    KMeansSegmenter(1, color_space=None).fit(np.zeros(shape, dtype))


def sides(least, more=30):
    """Height and width of an image, at most ten times as long as it is wide."""
    lengths = st.tuples(st.integers(least // 10, 2 * least), st.integers(least, least + more))
    return lengths.filter(lambda shape: max(shape) <= 10 * min(shape))


STACKS = st.lists(st.integers(1, 3), max_size=2).map(tuple)


@given(
    shape=st.one_of(
        sides(100),
        st.tuples(STACKS, st.integers(1, 4), sides(100)).map(lambda parts: (*parts[0], parts[1], *parts[2])),
        st.tuples(st.just(()), st.integers(5, 9), sides(501)).map(lambda parts: (*parts[0], parts[1], *parts[2])),
    )
)
@example(shape=(10, 100))
@example(shape=(4, 60, 120))
@example(shape=(5, 60, 501))
def test_gray_images_stacks_of_them_and_channels_first_are_warned_of(shape):
    with pytest.warns(UserWarning, match=rf"{re.escape(str(shape))} is read as pixels of {shape[-1]} channels"):
        fit_zeros(shape)


@given(
    shape=st.one_of(
        st.tuples(st.integers(5, 12), st.integers(1, 12), st.integers(100, 500)),  # spectral images
        st.tuples(st.integers(2, 4), st.integers(5, 9), st.integers(1, 9), st.integers(100, 500)),  # stacks of them
        st.integers(100, 130).flatmap(lambda n: st.tuples(st.integers(10 * n + 1, 10 * n + 99), st.just(n))),  # tables
        st.integers(100, 900).flatmap(lambda n: st.tuples(st.integers(1, (n - 1) // 10), st.just(n))),  # a few spectra
        st.lists(st.integers(1, 20), min_size=1, max_size=3).map(lambda sizes: (*sizes, 99)),
    )
)
@example(shape=(50, 99))
@example(shape=(5, 60, 120))
@example(shape=(5, 60, 500))
@example(shape=(1001, 100))
def test_spectral_images_and_tables_of_any_size_are_not_warned_of(shape):
    fit_zeros(shape)


@given(shape=sides(100), dtype=st.sampled_from([np.bool_, np.int8, np.uint16, np.float32]))
def test_other_numbers_than_8_bits_are_not_warned_of(shape, dtype):
    fit_zeros(shape, dtype)


def test_named_channels_are_where_they_are_meant_to_be():
    xarray = pytest.importorskip("xarray")
    bands = xarray.DataArray(np.moveaxis(WIDE, -1, 0), dims=("y", "x", "band"))
    KMeansSegmenter(3, random_state=0, color_space=None).fit(bands)


def test_zeros_and_ones_of_8_bits_are_refused_by_a_model_of_truth_values():
    binary = COFFEE[..., :1] > 100
    model = KMeansSegmenter(2, random_state=0).fit(binary)
    with raises(ValueError, "stands for 0 to 255", r"astype\(bool\)"):
        model.predict(binary.astype(np.uint8))
    assert np.array_equal(model.predict(binary.astype(np.uint8) * 255), model.labels_)


@pytest.mark.parametrize("bad", [COFFEE[..., :2].astype(float) * np.nan, COFFEE[..., :2].astype(float) * 1e300])
def test_a_fit_that_fails_leaves_the_earlier_model(bad):
    model = KMeansSegmenter(3, random_state=0).fit(COFFEE)
    before, state = model.predict(COFFEE), set(vars(model))
    for fit in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=r"."):
            fit(bad)
        assert set(vars(model)) == state
        assert np.array_equal(model.predict(COFFEE), before)
        assert np.array_equal(model.labels_, before)
    unfitted = KMeansSegmenter(3, random_state=0)
    with pytest.raises(ValueError, match=r"."):
        unfitted.partial_fit(bad)
    assert not hasattr(unfitted, "n_features_in_")


NO_PIXELS = np.empty((4, 0, 3)), np.empty((0, 3))


@pytest.mark.parametrize("X", [*NO_PIXELS, [COFFEE, NO_PIXELS[0]]], ids=["image", "table", "list"])
@pytest.mark.parametrize(
    "call",
    [
        lambda X: KMeansSegmenter().fit(X),
        lambda X: KMeansSegmenter(2, random_state=0).fit(COFFEE).predict(X),
        lambda X: WhiteBalancer().fit(X),
        lambda X: WhiteBalancer().fit(COFFEE).transform(X),
        lambda X: ColorConverter(channel_weights="scale").fit(X),
        lambda X: ColorConverter().fit(COFFEE).transform(X),
        lambda X: metrics.parsimony(KMeansSegmenter(2, random_state=0).fit(COFFEE), X),
    ],
    ids=["fit", "predict", "balancer", "balancer.transform", "converter", "converter.transform", "criterion"],
)
def test_an_error_names_no_other_estimator(call, X):
    with raises(ValueError, r"Found array with 0 sample\(s\)", "minimum of 1 is required\\.$"):
        call(X)


def test_an_error_of_regions_names_no_other_estimator():
    with pytest.raises(ValueError, match=r".") as raised:
        RegionSegmenter().fit(NO_PIXELS[0])
    assert "KMeans" not in str(raised.value)


@pytest.mark.parametrize("estimator", [KMeansSegmenter, RegionSegmenter, WhiteBalancer])
def test_n_jobs_is_checked_by_every_estimator(estimator):
    with raises(TypeError, "n_jobs must be an instance of int"):
        estimator(n_jobs="all").fit(COFFEE)


# The images of a list

GRAY = WIDE[..., 0]
LISTS = {  # what fit or predict has to say about the third of four images
    "NaN": (FLOATS, FLOATS * np.nan, ValueError),
    "channels": (COFFEE, COFFEE[..., :1], ValueError),
    "dtype": (COFFEE, COFFEE.astype(np.uint16), ValueError),
    "kind": (COFFEE, "photo.jpg", TypeError),
    "range": (FLOATS, FLOATS * 255, UserWarning),
}


METHODS = [
    (KMeansSegmenter(3, random_state=0), "fit"),
    (KMeansSegmenter(3, random_state=0), "partial_fit"),
    (KMeansSegmenter(3, random_state=0), "predict"),
    (WhiteBalancer(), "fit"),
    (WhiteBalancer(), "transform"),
]
PROBLEMS = [(*pair, name) for pair in METHODS for name in LISTS if name != "dtype" or "fit" in pair[1]]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(("estimator", "method", "name"), PROBLEMS)
def test_errors_and_warnings_know_the_image_of_a_list(estimator, method, name, n_jobs):
    good, bad, kind = LISTS[name]
    estimator = clone(estimator).set_params(n_jobs=n_jobs)
    if "fit" not in method:
        estimator.fit([good])
    catch = pytest.warns if issubclass(kind, Warning) else pytest.raises
    with catch(kind, match=r"^X\[2\]: ") as caught:
        getattr(estimator, method)([good, good, bad, good])
    problem = caught[0].message if issubclass(kind, Warning) else caught.value
    assert problem.image_index == 2
    assert str(problem).startswith(f"X[2]: {problem.problem}")


def test_an_image_of_a_list_without_channels_is_named():
    with pytest.warns(UserWarning, match=r"X\[1\]: .*is read as pixels of 150 channels") as caught:
        KMeansSegmenter(3, color_space=None, random_state=0).fit([np.tile(GRAY, (30, 1)), GRAY])
    assert caught[0].message.image_index == 1


def test_an_error_that_has_a_hint_can_be_pickled():
    with raises(ValueError, "Pixels contain NaN or infinity. Mask them: ") as caught:
        KMeansSegmenter(3).fit(FLOATS * np.nan)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again)) == (caught.type, str(caught.value))


# What X must not be


class Tensor:
    """An array of another library."""

    def __init__(self, array):
        self.array, self.shape, self.ndim, self.dtype = array, array.shape, array.ndim, f"other.{array.dtype}"

    def __len__(self):
        return len(self.array)

    def __getitem__(self, index):
        return Tensor(self.array[index])

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class ConvertibleTensor(Tensor):
    """An array of another library that NumPy converts."""

    def __array__(self, dtype=None, copy=None):
        return self.array


class Elsewhere(Tensor):
    """An array that is not in the memory of the processor."""

    def __init__(self, array, error):
        super().__init__(array)
        self.error = error

    def __array__(self, dtype=None, copy=None):
        raise self.error


class Bare:
    """Exports its memory, and says nothing else about itself."""

    __dlpack__ = COFFEE.__dlpack__


class Silent(Elsewhere):
    """Says nothing about itself before it is converted."""

    def __init__(self, array, error):
        self.error = error


TABLE = COFFEE.reshape(-1, 3)
FIELDS = np.dtype([("red", np.uint8), ("green", np.uint8), ("blue", np.uint8)])
STRUCTURED = np.ascontiguousarray(COFFEE).view(FIELDS)[..., 0]
UNPACKED = r"It is structured: pass .*structured_to_unstructured\(X\)"
KINDS = {
    "structured": (STRUCTURED, TypeError, ["got ndarray", UNPACKED]),
    "structured rows": (STRUCTURED.ravel(), TypeError, ["got ndarray", UNPACKED]),
    "masked structured": (np.ma.array(STRUCTURED), TypeError, ["got MaskedArray", UNPACKED]),
    "records": (STRUCTURED.view(np.recarray), TypeError, ["got recarray", UNPACKED]),
    "list of structured rows": (list(STRUCTURED), TypeError, ["list of ndarray", r"unstructured\(X\[0\]\)"]),
    "set": ({1, 2}, TypeError, ["got set", r"list\(X\)"]),
    "frozenset": (frozenset([1]), TypeError, ["got frozenset", r"list\(X\)"]),
    "list of sets": ([{1, 2}, {3}], TypeError, ["got list of set", r"list\(X\[0\]\)"]),
    "values": ({"image": COFFEE}.values(), TypeError, ["got dict_values", r"list\(X\)"]),
    "dictionary": ({"image": COFFEE}, TypeError, ["got dict", r"list\(X\.values\(\)\)"]),
    "list of dictionaries": ([{"image": COFFEE}], TypeError, ["list of dict", r"list\(X\[0\]\.values\(\)\)"]),
    "generator": ((image for image in [COFFEE]), TypeError, ["got generator", r"list\(X\)"]),
    "map": (map(np.asarray, [COFFEE]), TypeError, ["got map", r"list\(X\)"]),
    "object": (object(), TypeError, ["got object", "imread"]),
    "bare DLPack": (Bare(), TypeError, ["got Bare", r"np\.from_dlpack\(X\)"]),
    "DLPack image": (Tensor(COFFEE), TypeError, ["got Tensor", r"np\.from_dlpack\(X\)"]),
    "DLPack table": (Tensor(TABLE), TypeError, ["got Tensor", r"np\.from_dlpack\(X\)"]),
    "sparse": (csr_matrix(TABLE), TypeError, ["got csr_matrix", "sparse", r"X\.toarray\(\)"]),
    "list of sparse": ([coo_array(TABLE)], TypeError, ["got list of coo_array", "sparse", r"X\[0\]\.toarray\(\)"]),
    "on a GPU": (Elsewhere(COFFEE, TypeError("Use .cpu()")), TypeError, ["cannot be converted", r"Use \.cpu\(\)"]),
    "gradient": (Elsewhere(COFFEE, RuntimeError("Use .detach()")), TypeError, ["cannot be converted", r"detach"]),
    "silent": (Silent(COFFEE, TypeError("Use .cpu()")), TypeError, ["cannot be converted", r"Use \.cpu\(\)"]),
    "images in lists": ([[COFFEE, COFFEE[:9]]], ValueError, ["lists of different lengths", r"\[np\.asarray\(image\)"]),
    "ragged image": ([COFFEE[0].tolist(), COFFEE[0, :9].tolist()], ValueError, ["lists of different lengths"]),
    "ragged table": ([[1, 2, 3], [4, 5]], ValueError, ["lists of different lengths"]),
    "dates": (COFFEE.astype("datetime64[s]"), ValueError, ["real numbers", "datetime64", r"X\.astype\(float\)"]),
    "durations": (COFFEE.astype("timedelta64[s]"), ValueError, ["real numbers", "timedelta64"]),
    "complex": (COFFEE + 1j, ValueError, ["real numbers", "complex128", r"np\.abs\(X\)"]),
    "strings": (COFFEE.astype(str), ValueError, ["real numbers", "<U3", r"X\.astype\(float\)"]),
    "bytes": (COFFEE.astype("S3"), ValueError, ["real numbers", "S3"]),
    "lists of strings": ([[["a", "b", "c"]]], ValueError, ["real numbers", "<U1"]),
    "objects": (np.full((4, 5, 3), {}, dtype=object), TypeError, ["real numbers", "not 'dict'"]),
    "objects that are strings": (np.full((4, 5, 3), "red", dtype=object), ValueError, ["real numbers", "'red'"]),
}


def one_sentence_about(kind, form):
    X, error, parts = KINDS[kind]
    start = r"^X\[1\]: .*" if form == "in a list" else "^"
    return ([SMALL, X] if form == "in a list" else X), raises(error, start, "X", *parts)


TAKE_IMAGES = [
    KMeansSegmenter(2).fit_predict,
    KMeansSegmenter(2).partial_fit,
    KMeansSegmenter(2, random_state=0).fit(COFFEE).predict,
    KMeansSegmenter(2, random_state=0).fit(COFFEE).transform,
    KMeansSegmenter(2, random_state=0).fit(COFFEE).score,
    WhiteBalancer().fit_transform,
    ColorConverter(None).fit_transform,
    RegionSegmenter().fit_predict,
]


@pytest.mark.parametrize("form", ["alone", "in a list"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_image_gets_one_sentence_with_a_way_out(kind, form):
    for call in TAKE_IMAGES if form == "alone" else TAKE_IMAGES[1::2]:
        X, expectation = one_sentence_about(kind, form)
        with expectation as caught:
            call(X)
        assert "\n" not in str(caught.value)
        assert getattr(caught.value, "image_index", None) == (1 if form == "in a list" else None)


@pytest.mark.parametrize(
    "X",
    [TABLE + 1j, TABLE.astype(str), Elsewhere(TABLE, RuntimeError("elsewhere")), [[1j, 2.0]], [["a", "b"]], [[{}]]],
    ids=["complex", "strings", "elsewhere", "complex list", "list of strings", "list of objects"],
)
@pytest.mark.parametrize("estimator", [KMeansSegmenter(2), WhiteBalancer(), ColorConverter(None)])
def test_what_is_no_table_gets_one_sentence(estimator, X):
    with pytest.raises((TypeError, ValueError), match=r"X (must hold real numbers|cannot be converted).*$") as caught:
        estimator.fit(X)
    assert "\n" not in str(caught.value)


def test_a_data_frame_must_hold_numbers(pandas):
    with raises(ValueError, "X must hold real numbers", "red"):
        KMeansSegmenter(2).fit(pandas.DataFrame({"name": ["red", "blue"], "number": [1, 2]}))
    with raises(ValueError, "X must hold real numbers", "datetime64"):
        KMeansSegmenter(2).fit(pandas.DataFrame({"date": pandas.to_datetime(["2026-01-01", "2026-01-02"])}))


@pytest.mark.parametrize("inner", [[COFFEE], [COFFEE, COFFEE], (COFFEE, COFFEE.tolist()), range(3)])
@pytest.mark.parametrize("index", [0, 1])
def test_a_list_in_a_list_is_refused(index, inner, fitted):
    X = [COFFEE, COFFEE]
    X[index] = inner
    regions = RegionSegmenter(min_size=8)
    for call in (KMeansSegmenter(2).fit, fitted.predict, ColorConverter().fit_transform, regions.fit_predict):
        with raises(TypeError, rf"^X\[{index}\]: ", "got a list in a list", "one list"):
            call(X)


@pytest.mark.parametrize("array", [COFFEE, TABLE, COFFEE / 255], ids=["image", "table", "floats"])
def test_arrays_of_other_libraries_are_as_good_as_numpys(array):
    expected = KMeansSegmenter(3, random_state=0).fit(array)
    for X in (ConvertibleTensor(array), np.asarray(array, dtype=object), memoryview(np.ascontiguousarray(array))):
        found = KMeansSegmenter(3, random_state=0).fit(X)
        is_object = isinstance(X, np.ndarray)
        assert np.array_equal(found.labels_, expected.labels_) or is_object
        assert found.labels_.shape == expected.labels_.shape
    several = KMeansSegmenter(3, random_state=0).fit([array, ConvertibleTensor(array)])
    assert np.array_equal(several.cluster_centers_, expected.cluster_centers_)


class Changing:
    """A stored image that is written to while it is read."""

    shape, ndim, dtype = COFFEE.shape, 3, COFFEE.dtype

    def __getitem__(self, place):
        return (
            COFFEE[place] if np.arange(50)[place[0] if isinstance(place, tuple) else place][0] == 0 else FLOATS[place]
        )


def test_an_error_about_an_image_that_is_alone_names_no_image_of_a_list(lower):
    lower(block_pixels=750)
    with raises(ValueError, "^Pixels are float64, but earlier images are uint8") as caught:
        KMeansSegmenter(3).fit(Changing())
    assert not hasattr(caught.value, "image_index")
