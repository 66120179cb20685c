"""What X may be: kinds of images, their pixels as rows and back, sequences, and what is refused."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter
from skseg._errors import NotFiniteError, current_image
from skseg._images import Pixels, SingleImage, base, open_images, open_single, pixel_weights, register
from skseg._set_output import ImageOutputMixin

TABLE = np.arange(12.0).reshape(4, 3)
IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
PICTURE = Image.fromarray(IMAGE)
GRAY_PICTURE = Image.fromarray(IMAGE[..., 0])


def pixels_of(X):
    return Pixels(open_images(X).data)


def is_sequence(X):
    return open_images(X).is_sequence


def is_table(X):
    return open_images(X).is_table


def has_own_dtype(X):
    return open_images(X).has_own_dtype


def as_array(X):
    return open_single(X).array


def map_images(function, X, **params):
    return open_images(X).each(lambda image, *arguments: function(image.data, *arguments), **params)


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
def test_an_image_goes_to_rows_and_back(image):
    pixels = pixels_of(image)
    assert pixels.table.shape == (image[..., 0].size, image.shape[-1])
    assert np.array_equal(pixels.restore(pixels.table, fill=0), image)


@given(image=masked_images())
def test_a_masked_image_goes_to_its_unmasked_rows_and_back(image):
    pixels = pixels_of(image)
    restored = pixels.restore(pixels.table, fill=None)
    hidden = np.ma.getmaskarray(image).any(axis=-1)
    assert len(pixels.table) == (~hidden).sum()
    assert np.array_equal(restored.data, image.data)
    assert np.array_equal(restored.mask, np.repeat(hidden[..., np.newaxis], image.shape[-1], axis=-1))


@given(image=masked_images())
def test_a_value_per_pixel_has_the_shape_of_the_pixels(image):
    pixels = pixels_of(image)
    hidden = np.ma.getmaskarray(image).any(axis=-1)
    labels = pixels.restore(np.arange(len(pixels.table)), fill=-1)
    assert labels.shape == image.shape[:-1]
    assert np.array_equal(labels.mask, hidden)
    assert (labels.data[hidden] == -1).all()
    assert np.array_equal(labels.data[~hidden], np.arange(len(pixels.table)))


def test_a_pixel_is_masked_when_one_of_its_channels_is():
    mask = np.zeros((2, 2, 3), dtype=bool)
    mask[0, 1, 2] = True
    assert pixels_of(np.ma.MaskedArray(np.ones((2, 2, 3)), mask=mask)).mask.tolist() == [[False, True], [False, False]]


def test_a_masked_array_that_masks_nothing_stays_masked():
    pixels = pixels_of(np.ma.MaskedArray(IMAGE))
    restored = pixels.restore(pixels.table, fill=0)
    assert isinstance(restored, np.ma.MaskedArray)
    assert not restored.mask.any()


def test_rows_of_an_image_are_a_view():
    assert np.shares_memory(pixels_of(IMAGE).table, IMAGE)


def test_restoring_does_not_touch_the_image():
    image = np.ma.MaskedArray(IMAGE.copy(), mask=IMAGE % 2 == 0)
    pixels = pixels_of(image)
    pixels.restore(np.zeros_like(pixels.table), fill=0)
    assert np.array_equal(image.data, IMAGE)


def test_a_table_passes_through_untouched():
    pixels = pixels_of(TABLE)
    assert pixels.table is TABLE
    assert pixels.shape is pixels.mask is None


def test_values_of_a_table_stay_as_they_are():
    assert np.array_equal(pixels_of(TABLE).restore(TABLE, fill=0), TABLE)


@pytest.mark.parametrize("shape", [(0, 4, 3), (2, 0, 3), (0, 0, 1)])
def test_an_empty_image_has_no_rows_and_keeps_its_shape(shape):
    pixels = pixels_of(np.empty(shape))
    assert pixels.table.shape == (0, shape[-1])
    assert pixels.restore(np.empty(0), fill=0).shape == shape[:-1]


@pytest.mark.parametrize("image", [IMAGE.astype(object), IMAGE[..., :0]], ids=["objects", "no channels"])
def test_a_mask_picks_pixels_of_any_kind(image):
    hidden = np.zeros(IMAGE.shape[:2], dtype=bool)
    hidden[0, 1:] = True
    pixels = pixels_of(np.ma.MaskedArray(image, mask=np.zeros(image.shape, dtype=bool) | hidden[..., np.newaxis]))
    expected = image[~hidden] if image.size else np.empty((8, 0))
    assert np.array_equal(pixels.table, expected)


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
    assert pixels_of(frame).table is frame
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
    seen = []

    def number_of(pixels):
        return [(current_image(), int(pixels.data[0, 0]))]

    def add(parts):
        return [pair for part in parts for pair in part]

    def watch(runs):
        for run in runs:
            seen.append(len(run))
            yield run

    pairs = open_images(images).reduce(number_of, add, n_jobs=n_jobs, watch=watch)
    assert pairs == [(index, index) for index in range(n_images)]
    assert sum(seen) == n_images
    assert len(seen) <= max(32, n_images / 256 + 1)


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


@pytest.mark.parametrize(
    ("values", "kind"),
    [(2.0, "float"), ("ab", "str"), ({0: 1, 1: 2}, "dict"), (iter([1, 2]), "list_iterator")],
)
def test_what_is_no_list_is_no_value_per_image(values, kind):
    with pytest.raises(ValueError, match=f"sample_weight must hold one array per image; got {kind} for 2 images"):
        map_images(lambda *_: None, [IMAGE, IMAGE], n_jobs=None, sample_weight=values)


def test_a_collection_holds_a_value_per_image():
    assert map_images(lambda image, y: y, [IMAGE, IMAGE], n_jobs=None, y=Indexable(np.arange(2))) == [0, 1]


# Weights


@pytest.mark.parametrize("weights", [np.ones((2, 4)), np.ones((2, 4), dtype=int), np.ones((2, 4)).tolist()])
def test_weights_become_float64_one_per_pixel(weights):
    checked = pixel_weights(weights, (2, 4))
    assert checked.dtype == np.float64
    assert checked.shape == (8,)


def test_weights_under_the_mask_are_left_out_whatever_they_are():
    mask = np.array([[False, True], [False, False]])
    assert pixel_weights([[1, np.nan], [2, 3]], (2, 2), mask).tolist() == [1.0, 2.0, 3.0]


def test_a_masked_weight_is_zero():
    weights = np.ma.MaskedArray([5.0, 1e6], mask=[False, True])
    assert pixel_weights(weights, (2,)).tolist() == [5.0, 0.0]


@pytest.mark.parametrize("shape", [(8,), (4, 2), (2, 4, 1), (2, 4, 3)])
def test_weights_of_another_shape_are_refused(shape):
    got = str(shape).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=rf"sample_weight must have X's pixel shape \(2, 4\); got {got} instead"):
        pixel_weights(np.ones(shape), (2, 4))


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_that_are_negative_or_not_finite_are_refused(weight):
    with pytest.raises(
        ValueError, match=r"sample_weight must be finite.* and not negative; .* by weight 0 or by a mask"
    ):
        pixel_weights(np.array([1.0, weight]), (2,))


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


def test_an_image_is_read_again_and_block_by_block():
    image = open_single(PHOTO)
    for _ in range(2):
        blocks = list(image.blocks(n_pixels=90))
        assert np.array_equal(np.concatenate([block.data for block in blocks]), PHOTO)
        assert [block.place.start for block in blocks] == list(range(0, 20, 3))
        assert [block.start for block in blocks] == list(range(0, 600, 90))


def test_blocks_of_a_masked_image_count_the_rows_that_are_not_masked():
    mask = np.zeros(PHOTO.shape, dtype=bool)
    mask[:4, :20] = True
    blocks = list(open_single(np.ma.MaskedArray(PHOTO, mask=mask)).blocks(n_pixels=90))
    assert [block.start for block in blocks] == [0, 30, 100, 190, 280, 370, 460]
    assert sum(block.n_rows for block in blocks) == 600 - 80


def test_an_opened_image_is_opened_as_itself():
    image = open_images([PHOTO])
    assert open_images(image) is image
    with pytest.raises(TypeError, match="X must be one image; got list of several images instead"):
        open_single([PHOTO])


# A kind of its own


class Planes:
    """An image as a list of planes, as of no library: it has neither shape nor conversion to an array."""

    def __init__(self, planes):
        self.planes = planes


@pytest.fixture
def _planes(monkeypatch):
    """A kind for it, of one class and one line."""
    monkeypatch.setattr(base, "_KINDS", list(base._KINDS))

    @register
    class PlaneImage(SingleImage):
        def __init__(self, X):
            if not X.planes:
                raise ValueError("X has no planes; at least one is needed.")
            super().__init__(np.stack(X.planes, axis=-1))
            self.again = X

        @classmethod
        def supports(cls, X):
            return isinstance(X, Planes)

        def name(self, values, *, is_color=False):
            return Planes(list(np.moveaxis(values, -1, 0))) if is_color else values


@pytest.mark.usefixtures("_planes")
@pytest.mark.parametrize("model", FITTED[:2])
def test_a_new_kind_is_fitted_and_labeled(model):
    planes = Planes([PHOTO[..., channel] for channel in range(3)])
    for X, expected in ((planes, model.labels_), ([planes, PHOTO], [model.labels_, model.labels_])):
        assert np.array_equal(
            clone(model).fit_predict(X), clone(model).fit_predict(PHOTO if X is planes else [PHOTO, PHOTO])
        )
        assert np.array_equal(model.predict(X), expected)
    painted = model.transform(planes)
    assert isinstance(painted, Planes)
    assert np.array_equal(np.stack(painted.planes, axis=-1), model.transform(PHOTO))
    weights = np.arange(600).reshape(20, 30)
    if isinstance(model, KMeansSegmenter):
        weighted = [clone(model).fit(X, sample_weight=weights).cluster_centers_ for X in (planes, PHOTO)]
        assert np.array_equal(*weighted)
        assert model.score(planes) == model.score(PHOTO)


@pytest.mark.usefixtures("_planes")
def test_a_new_kind_refuses_what_it_cannot_read():
    with pytest.raises(ValueError, match="X has no planes"):
        KMeansSegmenter().fit(Planes([]))
    with pytest.raises(ValueError, match=r"X\[1\]: X has no planes"):
        KMeansSegmenter().fit([PHOTO, Planes([])])


def test_the_kind_of_the_highest_priority_is_taken_and_of_equal_ones_the_last(monkeypatch):
    monkeypatch.setattr(base, "_KINDS", list(base._KINDS))
    made = []

    table = type(open_images(TABLE))

    def kind(number, rank):
        class Own(table):
            priority = rank

            def __init__(self, X):
                made.append(number)
                super().__init__(X)

        register(Own)

    for number, rank in enumerate([7, 9, 9, 8]):
        kind(number, rank)
    open_images(TABLE)
    assert made == [2]


@pytest.mark.parametrize("n_pixels", [1, 7, 90, 10_000])
def test_blocks_change_no_label(lower, n_pixels):
    lower(block_pixels=n_pixels)
    for X in (PHOTO, PHOTO.reshape(-1, 3), np.ma.MaskedArray(PHOTO, mask=False)):
        model = clone(FITTED[0]).fit(X)
        assert np.array_equal(np.ravel(model.labels_), FITTED[0].labels_.ravel())
