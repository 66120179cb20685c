"""Which numbers may be counted or compared together, and that blocks of lists change no model."""

import numpy as np
import pytest
from skimage.data import coffee

from skseg import KMeansSegmenter

IMAGE = coffee()[::20, ::20]
HIDDEN = np.zeros(IMAGE.shape[:2], dtype=bool)
HIDDEN[::2] = True


def masked(image, mask):
    return np.ma.MaskedArray(image, mask=np.repeat(mask[..., np.newaxis], image.shape[-1], axis=-1))


def fit(X, **options):
    """A model whose centers are those of all colors, so that they tell what was counted."""
    return KMeansSegmenter(6, random_state=0, color_space=None).fit(X, **options)


def assert_equal(model, expected):
    assert np.array_equal(model.cluster_centers_, expected.cluster_centers_)
    assert np.array_equal(model.cluster_sizes_, expected.cluster_sizes_)


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("waiting", [1, 100])
def test_colors_that_wait_for_one_another_are_those_of_one_image(lower, waiting, n_jobs):
    lower(waiting_colors=waiting)
    model = KMeansSegmenter(6, random_state=0, color_space=None, n_jobs=n_jobs).fit(list(IMAGE[:, np.newaxis]))
    assert_equal(model, fit(IMAGE))


@pytest.mark.parametrize("dtype", [">u2", ">f4", ">f8"])
def test_foreign_byte_order_is_counted_alike(dtype):
    image = IMAGE.astype(dtype)
    model, expected = fit(image), fit(image.astype(np.dtype(dtype).newbyteorder("=")))
    assert_equal(model, expected)
    assert np.array_equal(model.predict(image), expected.labels_)
    assert model.palette_.dtype.isnative


@pytest.mark.parametrize("position", [0, 1])
def test_an_image_masked_everywhere_adds_nothing_to_a_list(position):
    images = [IMAGE]
    images.insert(position, np.ma.MaskedArray(IMAGE, mask=True))
    assert_equal(fit(images), fit(IMAGE))


def test_a_list_of_nothing_but_masked_pixels_is_refused():
    with pytest.raises(ValueError, match=r"All pixels are masked; at least one pixel must take part"):
        fit([np.ma.MaskedArray(IMAGE, mask=True)] * 2)


def test_at_least_one_pixel_outside_the_mask_must_have_weight():
    with pytest.raises(ValueError, match=r"sample_weight is zero at all unmasked pixels; at least one pixel must take"):
        fit(masked(IMAGE, HIDDEN), sample_weight=1.0 * HIDDEN)


@pytest.mark.parametrize("X", [np.arange(3.0), 5.0, np.float64(1)], ids=["one dimension", "number", "scalar"])
def test_fewer_than_two_dimensions_are_no_table(X):
    with pytest.raises(ValueError, match="Expected 2D array, got"):
        fit(X)


# What goes together


def gray(values, dtype):
    """A pixel table of one channel."""
    return np.array(values, dtype=dtype)[:, np.newaxis]


def model_of(*tables):
    return KMeansSegmenter(2, random_state=0).fit(list(tables) if len(tables) > 1 else tables[0])


@pytest.mark.parametrize(
    ("first", "second"),
    [(np.uint8, np.uint8), (np.float32, np.float64), (np.int16, np.float64), (np.bool_, np.int64), ("u2", ">u2")],
)
def test_numbers_of_the_same_units_are_counted_together(first, second):
    model = model_of(gray([0, 1, 1], first), gray([0, 1, 1, 1, 1], second))
    assert model.cluster_centers_.tolist() == [[0], [1]]
    assert model.cluster_sizes_.tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    ("first", "second"), [(np.uint8, np.uint16), (np.uint16, np.float64), (np.int16, np.uint8), (np.bool_, np.uint8)]
)
def test_numbers_of_other_units_are_not_counted_together(first, second):
    first, second = np.dtype(first), np.dtype(second)
    message = rf"Pixels are {second}, but earlier images are {first}, .* Give all images the same dtype"
    with pytest.raises(ValueError, match=message):
        model_of(gray([0, 1], first), gray([0, 1], second))


@pytest.mark.parametrize(
    ("fitted", "colors"),
    [
        (gray([0.0, 1.0], np.float64), gray([0, 255], np.uint8)),
        (gray([0, 255], np.uint8), gray([0.0, 1.0], np.float64)),
        (gray([0, 257 * 9], np.uint16), gray([0, 9], np.uint8)),
        (gray([3, 4], np.int64), gray([-5.0, 700.0], np.float64)),
    ],
    ids=["uint8 to floats", "floats to uint8", "both scaled", "both plain"],
)
def test_numbers_that_can_mean_the_same_colors_are_compared(fitted, colors):
    assert model_of(fitted).predict(colors).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("fitted", "colors", "plain", "got"),
    [
        (gray([0, 255], np.uint8), gray([20.5, 255], np.float64), "float64", r"20\.5 to 255"),
        (gray([0, 255], np.int32), gray([0, 255], np.uint8), "int32", "0 to 255"),
    ],
    ids=["X is plain", "fit was plain"],
)
def test_plain_numbers_beyond_one_are_not_compared_with_scaled_integers(fitted, colors, plain, got):
    message = (
        rf"Pixels are {colors.dtype}, but fit has seen {fitted.dtype}: .* the {plain} numbers must lie there too; "
        rf"got {got} instead\. Give the pixels the dtype and range that fit has seen"
    )
    with pytest.raises(ValueError, match=message):
        model_of(fitted).predict(colors)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_numbers_without_a_dtype_take_the_one_of_fit_if_it_holds_them(dtype):
    model = model_of(gray([0, 128, 255], dtype))
    assert model.predict([[0], [255]]).tolist() == [0, 1]
    assert model.transform([[0], [255]]).dtype == dtype


@pytest.mark.parametrize("number", [256, -1, 1e149])
def test_numbers_that_the_dtype_of_fit_cannot_hold_stay_as_they_are(number):
    with pytest.raises(ValueError, match=r"(?s)fit has seen uint8.* got "):
        model_of(gray([0, 255], np.uint8)).predict([[number]])


def test_fractions_without_a_dtype_are_fractions_where_fit_has_seen_bytes():
    assert model_of(gray([0, 255], np.uint8)).predict([[0.1], [0.9]]).tolist() == [0, 1]
