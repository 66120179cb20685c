"""What X may be: kinds of images, masks, weights and containers, sequences, a new kind, and what is refused."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image
from sklearn.base import clone

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, io, region_table
from skseg._images import SingleImage, base, open_images, register

TABLE = np.arange(12.0).reshape(4, 3)
IMAGE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
PICTURE = Image.fromarray(IMAGE)
GRAY_PICTURE = Image.fromarray(IMAGE[..., 0])


def units_of(X):
    """X from 0 to 1, in its own form."""
    return ColorConverter(None).fit_transform(X)


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


class Interface:
    """States where its numbers lie in memory, and nothing else."""

    def __init__(self, array):
        self.__array_interface__ = array.__array_interface__


@st.composite
def masked_images(draw):
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=4))
    image = draw(arrays(np.uint8, (*shape, draw(st.sampled_from([1, 2, 3])))))
    if draw(st.booleans()):  # band by band in memory
        image = np.moveaxis(np.moveaxis(image, -1, 0).copy(order="C"), 0, -1)
    return np.ma.MaskedArray(image, mask=draw(arrays(np.bool_, image.shape)))


# Taking apart and putting together


@given(image=masked_images())
def test_a_masked_image_is_converted_pixel_by_pixel_outside_its_mask(image):
    hidden, before = np.ma.getmaskarray(image).any(axis=-1), image.data.copy()
    converted = ColorConverter(None).transform(image)
    assert np.array_equal(converted.mask, np.repeat(hidden[..., np.newaxis], image.shape[-1], axis=-1))
    assert np.array_equal(converted.data[~hidden], image.data[~hidden] / 255)
    assert np.array_equal(image.data, before)


LEVELS = {n: KMeansSegmenter(16, init=np.arange(16).repeat(n).reshape(16, n) * 17, color_space=None) for n in (1, 2, 3)}
for n_channels, model in LEVELS.items():
    model.fit(np.arange(256, dtype=np.uint8)[:, np.newaxis].repeat(n_channels, axis=1))


@given(image=masked_images())
def test_a_value_per_pixel_has_the_shape_of_the_pixels(image):
    hidden, model = np.ma.getmaskarray(image).any(axis=-1), LEVELS[image.shape[-1]]
    labels, painted = model.predict(image), model.transform(image)
    assert np.array_equal(labels.mask, hidden)
    assert (labels.data[hidden] == -1).all()
    assert np.array_equal(painted.data[hidden], image.data[hidden])
    if not hidden.all():
        assert np.array_equal(labels.data[~hidden], model.predict(image.data[~hidden]))
        assert np.array_equal(painted.data[~hidden], model.transform(image.data[~hidden]))


def test_a_masked_array_that_masks_nothing_stays_masked():
    for result in (units_of(np.ma.MaskedArray(IMAGE)), LEVELS[3].predict(np.ma.MaskedArray(IMAGE))):
        assert isinstance(result, np.ma.MaskedArray)
        assert not result.mask.any()


def test_a_mask_picks_pixels_of_objects():
    hidden = np.zeros(IMAGE.shape, dtype=bool)
    hidden[0, 1:] = True
    numbers = np.ma.MaskedArray(IMAGE / 255, mask=hidden)
    objects = np.ma.MaskedArray(numbers.data.astype(object), mask=hidden)
    assert np.array_equal(KMeansSegmenter(5).fit_predict(objects), KMeansSegmenter(5).fit_predict(numbers))


def test_a_masked_image_without_channels_is_refused():
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        KMeansSegmenter().fit(np.ma.MaskedArray(IMAGE[..., :0]))


# Arrays


@pytest.mark.parametrize(
    "image",
    [IMAGE, IMAGE.tolist(), PICTURE, Lazy(IMAGE), Indexable(IMAGE), Interface(IMAGE)],
    ids=["array", "lists", "PIL", "lazy", "indexable", "interface"],
)
def test_an_image_becomes_an_array(image):
    expected = KMeansSegmenter(5, random_state=0).fit(IMAGE)
    assert np.array_equal(expected.predict(image), expected.labels_)
    [labels] = expected.predict([image]) if not isinstance(image, list) else [expected.predict(image)]
    assert np.array_equal(labels, expected.labels_)


@pytest.mark.parametrize(("mode", "n_channels"), [("1", 1), ("L", 1), ("I;16", 1), ("RGB", 3), ("RGBA", 4)])
def test_a_pil_image_has_its_bands_as_channels(mode, n_channels):
    assert units_of(Image.new(mode, (5, 4))).shape == (4, 5, n_channels)


def test_a_gray_pil_image_with_alpha_is_refused():
    with pytest.raises(ValueError, match=r"mode 'LA'.* Pass X\.convert\('L'\), or mask transparent pixels"):
        units_of(Image.new("LA", (5, 4)))


@pytest.mark.parametrize(
    ("X", "kind"),
    [
        (b"photo.png", "bytes"),
        (Path("photo.png"), "PosixPath|WindowsPath"),
        (iter([IMAGE]), "list_iterator"),
        (BytesIO(), "BytesIO"),
    ],
)
def test_what_has_no_pixels_is_refused_by_its_kind(X, kind):
    with pytest.raises(TypeError, match=rf"X must be a pixel table .* or a list of images; got ({kind}) instead"):
        units_of(X)


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
        [Interface(IMAGE)],
        [np.ma.MaskedArray(IMAGE)],
    ],
    ids=["image", "sizes", "tables", "PIL", "gray PIL", "lazy", "interface", "masked"],
)
def test_arrays_in_a_list_or_tuple_are_a_sequence(X):
    converted = units_of(X)
    assert isinstance(converted, list)
    assert [each.shape[-1] for each in converted] == [1 if X[0] is GRAY_PICTURE else 3] * len(X)


@pytest.mark.parametrize(
    "X",
    [TABLE, TABLE.tolist(), [np.arange(3), np.arange(3)], [np.arange(3)], Lazy(TABLE)],
    ids=["array", "lists", "rows", "row", "lazy"],
)
def test_two_dimensions_are_a_table(X, pandas):
    converted = ColorConverter(None).set_output(transform="pandas").fit_transform(X)
    assert isinstance(converted, pandas.DataFrame)
    assert converted.shape == np.shape(np.asarray(X))


@pytest.mark.parametrize(
    "X",
    [IMAGE, IMAGE.tolist(), PICTURE, GRAY_PICTURE, Lazy(IMAGE), np.ma.MaskedArray(TABLE)],
    ids=["array", "lists", "PIL", "gray PIL", "lazy", "masked table"],
)
def test_images_and_masked_arrays_are_no_table(X):
    converted = ColorConverter(None).set_output(transform="pandas").fit_transform(X)
    assert isinstance(converted, np.ndarray)


def test_a_list_of_data_frames_is_a_sequence(pandas):
    frame = pandas.DataFrame(TABLE, columns=["red", "green", "blue"])
    model = KMeansSegmenter(2, random_state=0).fit([frame])
    assert np.array_equal(model.predict([frame])[0], model.predict(frame))
    assert model.feature_names_in_.tolist() == list(frame)


@pytest.mark.parametrize("call", [lambda X: region_table(IMAGE[..., 0], X), lambda X: io.save_image(X, "x.png")])
def test_a_list_is_not_taken_for_one_image(call):
    with pytest.raises(TypeError, match="X must be one image; got list of several images instead"):
        call([IMAGE])


# One value per image, one weight per pixel


@pytest.mark.parametrize("n_images", [1, 40, 333])
@pytest.mark.parametrize("n_jobs", [None, 2])
def test_every_image_counts_once_and_is_labeled_in_its_place(n_images, n_jobs):
    values = np.arange(n_images, dtype=np.uint16)[:, np.newaxis]
    model = KMeansSegmenter(min(n_images, 16), random_state=0, n_jobs=n_jobs).fit(list(values[:, np.newaxis]))
    expected = KMeansSegmenter(min(n_images, 16), random_state=0).fit(values)
    assert np.array_equal(model.cluster_sizes_, expected.cluster_sizes_)
    assert np.ravel(model.predict(list(values[:, np.newaxis]))).tolist() == expected.labels_.tolist()


@pytest.mark.parametrize(
    ("values", "kind"),
    [(2.0, "float"), ("ab", "str"), ({0: 1, 1: 2}, "dict"), (iter([1, 2]), "list_iterator")],
)
def test_what_is_no_list_is_no_value_per_image(values, kind):
    with pytest.raises(ValueError, match=f"sample_weight must hold one array per image; got {kind} for 2 images"):
        KMeansSegmenter(2).fit([IMAGE, IMAGE], sample_weight=values)


WEIGHTS = np.arange(16.0).reshape(2, 2, 4)
MASKED_WEIGHTS = np.ma.MaskedArray(np.where(WEIGHTS == 5, 1e6, WEIGHTS), mask=WEIGHTS == 5)


@pytest.mark.parametrize(
    ("weights", "same"),
    [
        (Indexable(WEIGHTS), WEIGHTS),
        (WEIGHTS.astype(int), WEIGHTS),
        (WEIGHTS.tolist(), WEIGHTS),
        (MASKED_WEIGHTS, np.where(WEIGHTS == 5, 0, WEIGHTS)),
    ],
    ids=["collection", "integers", "lists", "masked weights are 0"],
)
def test_weights_of_any_form_are_numbers(weights, same):
    models = [
        KMeansSegmenter(5, random_state=0).fit([IMAGE, IMAGE + 3], sample_weight=each) for each in (weights, same)
    ]
    assert np.array_equal(*(model.cluster_centers_ for model in models))
    assert np.array_equal(*(model.cluster_sizes_ for model in models))


# Subclasses


def test_a_subclass_without_its_own_transform_inherits_it():
    class Own(KMeansSegmenter):
        pass

    assert Own.transform is KMeansSegmenter.transform
    assert Own.transform.__name__ == "transform"


def test_a_subclass_can_go_without_set_output():
    class Plain(KMeansSegmenter, auto_wrap_output_keys=None):
        def transform(self, X):
            return super().transform(X)

    assert hasattr(KMeansSegmenter(), "set_output")
    assert not hasattr(Plain(), "set_output")
    assert Plain(2).fit_transform(TABLE).shape == TABLE.shape


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


@pytest.mark.parametrize("model", FITTED, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("name", ["fit_predict", "fit_transform"])
def test_fit_and_the_results_of_an_image_need_one_reading(model, name):
    image = Counting(PHOTO)
    getattr(clone(model), name if hasattr(model, name) else "fit_transform")(image)
    assert image.times == 1


def test_a_partial_fit_and_a_score_without_truth_read_each_image_once():
    model, images = clone(FITTED[0]).fit(PHOTO), [Counting(PHOTO), Counting(PHOTO[:10])]
    model.partial_fit(images)
    model.score(images)
    assert [image.times for image in images] == [2, 2]


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
    masked = np.ma.MaskedArray(PHOTO, mask=np.repeat(PHOTO[..., :1] < 99, 3, axis=-1))
    assert np.array_equal(FITTED[0].predict(masked).compressed(), FITTED[0].labels_[~masked.mask[..., 0]])
