"""What X may be: taken apart into rows, put together again; masks, sequences, and what is refused."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter
from skseg._checks import check_pixel_weights
from skseg._errors import NotFiniteError
from skseg._source import ImageOutputMixin, as_array, open_source

few_examples = settings(max_examples=60, deadline=None)

TABLE = np.arange(12.0).reshape(4, 3)
IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
PICTURE = Image.fromarray(IMAGE)
GRAY_PICTURE = Image.fromarray(IMAGE[..., 0])


def pixels_of(X):
    return open_source(X).pixels()


def is_sequence(X, min_ndim=2):
    return open_source(X, min_ndim).is_sequence


def is_table(X):
    return open_source(X).is_table


def has_own_dtype(X):
    return open_source(X).has_own_dtype


def map_images(function, X, **params):
    return open_source(X).map(lambda source, *arguments: function(source.data, *arguments), **params)


class Lazy:
    """Says nothing about itself before it is converted."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array, dtype=dtype)


class Indexable(Lazy):
    """Has items like an array, yet no shape."""

    def __len__(self):
        return len(self._array)

    def __getitem__(self, index):
        return self._array[index]


class Untouchable:
    """States its dimensions and must not be converted to learn them."""

    shape = (2, 4, 3)

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("converted")


@st.composite
def masked_images(draw):
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=4))
    image = draw(arrays(np.uint8, (*shape, draw(st.integers(1, 4)))))
    if draw(st.booleans()):  # band by band in memory
        image = np.moveaxis(np.moveaxis(image, -1, 0).copy(order="C"), 0, -1)
    return np.ma.MaskedArray(image, mask=draw(arrays(np.bool_, image.shape)))


# Taking apart and putting together


@given(image=arrays(np.uint8, array_shapes(min_dims=3, max_dims=5, max_side=4)))
@few_examples
def test_an_image_goes_to_rows_and_back(image):
    pixels = pixels_of(image)
    assert pixels.rows().shape == (image[..., 0].size, image.shape[-1])
    assert np.array_equal(pixels.restore(pixels.rows(), under_mask=0), image)


@given(image=masked_images())
@few_examples
def test_a_masked_image_goes_to_its_unmasked_rows_and_back(image):
    pixels = pixels_of(image)
    restored = pixels.restore(pixels.rows(), under_mask=pixels.data)
    hidden = np.ma.getmaskarray(image).any(axis=-1)
    assert len(pixels.rows()) == (~hidden).sum()
    assert np.array_equal(restored.data, image.data)
    assert np.array_equal(restored.mask, np.repeat(hidden[..., np.newaxis], image.shape[-1], axis=-1))


@given(image=masked_images())
@few_examples
def test_a_value_per_pixel_has_the_shape_of_the_pixels(image):
    pixels = pixels_of(image)
    hidden = np.ma.getmaskarray(image).any(axis=-1)
    labels = pixels.restore(np.arange(len(pixels.rows())), under_mask=-1)
    assert labels.shape == image.shape[:-1]
    assert np.array_equal(labels.mask, hidden)
    assert (labels.data[hidden] == -1).all()
    assert np.array_equal(labels.data[~hidden], np.arange(len(pixels.rows())))


def test_a_pixel_is_masked_when_one_of_its_channels_is():
    mask = np.zeros((2, 2, 3), dtype=bool)
    mask[0, 1, 2] = True
    assert pixels_of(np.ma.MaskedArray(np.ones((2, 2, 3)), mask=mask)).mask.tolist() == [[False, True], [False, False]]


def test_a_masked_array_that_masks_nothing_stays_masked():
    pixels = pixels_of(np.ma.MaskedArray(IMAGE))
    restored = pixels.restore(pixels.rows(), under_mask=0)
    assert isinstance(restored, np.ma.MaskedArray)
    assert not restored.mask.any()


def test_rows_of_an_image_are_a_view():
    assert np.shares_memory(pixels_of(IMAGE).rows(), IMAGE)


def test_restoring_does_not_touch_the_image():
    image = np.ma.MaskedArray(IMAGE.copy(), mask=IMAGE % 2 == 0)
    pixels = pixels_of(image)
    pixels.restore(np.zeros_like(pixels.rows()), under_mask=0)
    assert np.array_equal(image.data, IMAGE)


@pytest.mark.parametrize("table", [TABLE, TABLE.tolist()], ids=["array", "lists"])
def test_a_table_passes_through_untouched(table):
    pixels = pixels_of(table)
    assert pixels.rows() is table
    assert pixels.shape is pixels.mask is None


def test_values_of_a_table_stay_as_they_are():
    assert np.array_equal(pixels_of(TABLE).restore(TABLE, under_mask=0), TABLE)


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3), (0, 0, 1)])
def test_an_empty_image_has_no_rows_and_keeps_its_shape(shape):
    pixels = pixels_of(np.empty(shape))
    assert pixels.rows().shape == (0, shape[-1])
    assert pixels.restore(np.empty(0), under_mask=0).shape == shape[:-1]


@pytest.mark.parametrize("image", [IMAGE.astype(object), IMAGE[..., :0]], ids=["objects", "no channels"])
def test_a_mask_picks_pixels_of_any_kind(image):
    hidden = np.zeros(IMAGE.shape[:2], dtype=bool)
    hidden[0, 1:] = True
    pixels = pixels_of(np.ma.MaskedArray(image, mask=np.zeros(image.shape, dtype=bool) | hidden[..., np.newaxis]))
    expected = image[~hidden] if image.size else np.empty((8, 0))
    assert np.array_equal(pixels.rows(), expected)


# Arrays


@pytest.mark.parametrize("image", [IMAGE, IMAGE.tolist(), PICTURE, Lazy(IMAGE)], ids=["array", "lists", "PIL", "lazy"])
def test_an_image_becomes_an_array(image):
    assert np.array_equal(as_array(image), IMAGE)


@pytest.mark.parametrize(("mode", "n_channels"), [("1", 1), ("L", 1), ("I;16", 1), ("RGB", 3), ("RGBA", 4)])
def test_a_pil_image_has_its_bands_as_channels(mode, n_channels):
    assert as_array(Image.new(mode, (5, 4))).shape == (4, 5, n_channels)


def test_a_gray_pil_image_with_alpha_is_refused():
    with pytest.raises(ValueError, match=r"mode 'LA'.* Pass X\.convert\('L'\), or mask transparent pixels"):
        as_array(Image.new("LA", (5, 4)))


def test_a_palette_image_is_refused_and_the_way_out_named():
    with pytest.raises(ValueError, match=r"mode 'P'.* Pass X\.convert\('RGB'\)"):
        as_array(PICTURE.convert("P"))


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        ("photo.png", "str"),
        (b"photo.png", "bytes"),
        (Path("photo.png"), "PosixPath|WindowsPath"),
        ({"image": IMAGE}, "dict"),
        ((image for image in [IMAGE]), "generator"),
        (iter([IMAGE]), "list_iterator"),
        (BytesIO(), "BytesIO"),
        ({1, 2}, "set"),
    ],
)
def test_what_has_no_pixels_is_refused_by_its_kind(X, kind):
    with pytest.raises(TypeError, match=rf"X must be a pixel table .* or a list of images; got ({kind}) instead"):
        pixels_of(X)


# Sequences and tables


@pytest.mark.parametrize(
    "X",
    [
        [IMAGE],
        (IMAGE, IMAGE[:1]),
        [TABLE, TABLE],
        [PICTURE],
        [GRAY_PICTURE],
        [Lazy(IMAGE)],
        [np.ma.MaskedArray(IMAGE)],
        [Untouchable()],
    ],
    ids=["image", "sizes", "tables", "PIL", "gray PIL", "lazy", "masked", "untouchable"],
)
def test_arrays_in_a_list_or_tuple_are_a_sequence(X):
    assert is_sequence(X)
    assert not is_table(X)


@pytest.mark.parametrize(
    "X",
    [
        TABLE.tolist(),
        IMAGE.tolist(),
        [np.arange(3), np.arange(3)],
        TABLE,
        IMAGE,
        PICTURE,
        Lazy(IMAGE),
        Indexable(IMAGE),
    ],
    ids=["table", "image", "rows", "array", "array 3-D", "PIL", "lazy", "indexable"],
)
def test_arrays_and_lists_of_numbers_are_no_sequence(X):
    assert not is_sequence(X)


def test_label_tables_are_a_sequence_when_one_dimension_suffices():
    assert is_sequence([np.arange(3), np.arange(4)], min_ndim=1)
    assert not is_sequence([0, 1, 2], min_ndim=1)


def test_an_array_interface_is_enough():
    class Interface:
        __array_interface__ = IMAGE.__array_interface__

    assert is_sequence([Interface()])
    assert np.array_equal(as_array(Interface()), IMAGE)


@pytest.mark.parametrize("X", [TABLE, TABLE.tolist(), [np.arange(3)], Lazy(TABLE)])
def test_two_dimensions_are_a_table(X):
    assert is_table(X)


@pytest.mark.parametrize("X", [IMAGE, IMAGE.tolist(), PICTURE, GRAY_PICTURE, Lazy(IMAGE), np.ma.MaskedArray(TABLE)])
def test_images_and_masked_arrays_are_no_table(X):
    assert not is_table(X)


@pytest.mark.parametrize(("X", "own"), [(TABLE, True), (TABLE.tolist(), False), ((1, 2), False)])
def test_numbers_in_lists_have_no_dtype_of_their_own(X, own):
    assert has_own_dtype(X) is own


def test_a_data_frame_is_a_table(pandas):
    frame = pandas.DataFrame(TABLE, columns=["red", "green", "blue"])
    assert pixels_of(frame).rows() is frame
    assert is_table(frame)
    assert not is_sequence(frame)
    assert has_own_dtype(frame)
    assert is_sequence([frame])


# Mapping over a sequence


@pytest.mark.parametrize("n_jobs", [None, 1, 2])
def test_images_are_mapped_in_order_with_what_goes_with_them(n_jobs):
    images, offsets = [np.full((2, 2), value) for value in range(6)], list(range(0, 60, 10))
    mapped = map_images(lambda image, offset: int(image[0, 0] + offset), images, n_jobs=n_jobs, offset=offsets)
    assert list(mapped) == [0, 11, 22, 33, 44, 55]


@pytest.mark.parametrize("n_images", [1, 2, 40, 333])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_every_image_is_combined_once_with_its_number(n_images, n_jobs):
    images = [np.full((1, 1), value) for value in range(n_images)]
    runs = list(open_source(images).reduce(lambda source: int(source.data[0, 0]), list, n_jobs=n_jobs))
    assert [pair for _, run in runs for pair in run] == [(index, index) for index in range(n_images)]
    assert [first for first, _ in runs] == [run[0][0] for _, run in runs]


def test_what_is_not_given_is_none_for_each_image():
    assert list(map_images(lambda image, y: y, [IMAGE, IMAGE], n_jobs=None, y=None)) == [None, None]


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("kind", [TypeError, ValueError, NotFiniteError])
def test_an_error_says_which_image_it_is_about(kind, n_jobs):
    def refuse_two(image):
        if image[0, 0] == 2:
            raise kind("not this one")

    with pytest.raises((TypeError, ValueError), match=r"^X\[2\]: not this one") as raised:
        list(map_images(refuse_two, [np.full((1, 1), number) for number in range(3)], n_jobs=n_jobs))
    assert raised.type is kind
    assert raised.value.image_index == 2
    assert raised.value.problem == "not this one"
    if n_jobs is None:  # else joblib's own
        assert type(raised.value.__cause__) is kind


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_one_value_per_image_is_needed(n_jobs):
    with pytest.raises(ValueError, match=r"sample_weight must hold one array per image; got 1 for 2 images"):
        list(map_images(lambda *_: None, [IMAGE, IMAGE], n_jobs=n_jobs, sample_weight=[np.ones((2, 4))]))


def test_a_single_number_is_no_value_per_image():
    with pytest.raises((TypeError, ValueError), match="sample_weight must hold one array per image"):
        list(map_images(lambda *_: None, [IMAGE, IMAGE], n_jobs=None, sample_weight=2.0))


# Weights


@pytest.mark.parametrize("weights", [np.ones((2, 4)), np.ones((2, 4), dtype=int), np.ones((2, 4)).tolist()])
def test_weights_become_float64_one_per_pixel(weights):
    checked = check_pixel_weights(weights, (2, 4))
    assert checked.dtype == np.float64
    assert checked.shape == (8,)


def test_weights_under_the_mask_are_left_out_whatever_they_are():
    mask = np.array([[False, True], [False, False]])
    assert check_pixel_weights([[1, np.nan], [2, 3]], (2, 2), mask).tolist() == [1.0, 2.0, 3.0]


def test_a_masked_weight_is_zero():
    weights = np.ma.MaskedArray([5.0, 1e6], mask=[False, True])
    assert check_pixel_weights(weights, (2,)).tolist() == [5.0, 0.0]


@pytest.mark.parametrize("shape", [(8,), (4, 2), (2, 4, 1), (2, 4, 3)])
def test_weights_of_another_shape_are_refused(shape):
    got = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"sample_weight must have X's pixel shape \(2, 4\); got {got} instead"):
        check_pixel_weights(np.ones(shape), (2, 4))


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_that_are_negative_or_not_finite_are_refused(weight):
    with pytest.raises(
        ValueError, match=r"sample_weight must be finite.* and not negative; .* by weight 0 or by a mask"
    ):
        check_pixel_weights(np.array([1.0, weight]), (2,))


# Containers


class Negative(ImageOutputMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """The smallest transformer that takes images."""

    def fit(self, X, y=None):
        self.n_features_in_ = np.shape(X)[-1]
        return self

    def transform(self, X):
        """The negative."""
        return -np.asarray(X)


@pytest.fixture
def negative(pandas):
    return Negative().set_output(transform="pandas")


def test_set_output_applies_to_tables(negative, pandas):
    pandas.testing.assert_frame_equal(
        negative.fit_transform(TABLE), pandas.DataFrame(-TABLE, columns=negative.get_feature_names_out())
    )


def test_fit_transform_gives_fit_all_that_it_takes():
    class Remembering(Negative):
        def fit(self, X, y=None, **params):
            self.given_ = y, params
            return super().fit(X)

    model = Remembering()
    model.fit_transform(IMAGE, "y", sample_weight="weights")
    assert model.given_ == ("y", {"sample_weight": "weights"})


def test_set_output_passes_images_by(negative):
    image = TABLE.reshape(2, 2, 3)
    assert np.array_equal(negative.fit_transform(image), -image)
    assert isinstance(negative.fit_transform(image), np.ndarray)


def test_transform_keeps_its_name_and_docstring():
    assert (Negative.transform.__name__, Negative.transform.__doc__) == ("transform", "The negative.")


def test_a_subclass_without_its_own_transform_inherits_it():
    class Inverted(Negative):
        pass

    assert Inverted.transform is Negative.transform


def test_a_subclass_can_go_without_set_output():
    class Plain(Negative, auto_wrap_output_keys=None):
        pass

    assert hasattr(Negative(), "set_output")
    assert not hasattr(Plain(), "set_output")


# X is looked at once


class Counting:
    """Counts how often it is converted."""

    def __init__(self, array):
        self.array, self.times = array, 0

    def __array__(self, dtype=None, copy=None):
        self.times += 1
        return self.array


class CountingWithDimensions(Counting):
    ndim = 3


PHOTO = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
FITTED = [
    KMeansSegmenter(3, random_state=0).fit(PHOTO),
    RegionSegmenter(min_size=2).fit(PHOTO),
    ColorConverter().fit(PHOTO),
]
CALLS = [(model, name) for model in FITTED for name in ("fit", "predict", "transform", "score") if hasattr(model, name)]


@pytest.mark.parametrize("kind", [Counting, CountingWithDimensions])
@pytest.mark.parametrize("as_list", [False, True], ids=["image", "list"])
@pytest.mark.parametrize(
    ("model", "name"), CALLS, ids=lambda each: each if isinstance(each, str) else type(each).__name__
)
def test_every_method_reads_each_image_once(kind, as_list, model, name):
    images = [kind(PHOTO), kind(PHOTO[:10])] if as_list else [kind(PHOTO)]
    truth = [image.array[..., 0] // 128 for image in images]
    X, y = (images, truth) if as_list else (images[0], truth[0])
    getattr(clone(model).fit(PHOTO), name)(*([X, y] if name == "score" else [X]))
    reads_first = isinstance(model, ColorConverter | RegionSegmenter)
    expected = [1, 0] if as_list and name == "fit" and reads_first else [1] * len(images)
    assert [image.times for image in images] == expected


def test_a_partial_fit_and_a_score_without_truth_read_each_image_once():
    model, images = clone(FITTED[0]).fit(PHOTO), [Counting(PHOTO), Counting(PHOTO[:10])]
    model.partial_fit(images)
    model.score(images)
    assert [image.times for image in images] == [2, 2]


def test_a_source_is_read_again_and_band_by_band():
    source = open_source(PHOTO)
    for _ in range(2):
        bands = list(source.bands(90))
        assert np.array_equal(np.concatenate([part.data for _, part in bands]), PHOTO)
        assert [band.start for band, _ in bands] == list(range(0, 20, 3))
    assert np.array_equal(
        np.concatenate([each.pixels().rows() for each in open_source([PHOTO, PHOTO]).images()][:1]),
        PHOTO.reshape(-1, 3),
    )
