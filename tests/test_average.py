"""Large and noisy images are averaged over small squares: which ones, and how."""

import numpy as np
import pytest
from skimage.data import astronaut, chelsea, coffee, coins

from skseg import KMeansSegmenter, RegionSegmenter, metrics
from skseg._regions.average import average, is_noisy, without_noise

PHOTOS = {"astronaut": astronaut(), "cat": chelsea(), "coffee": coffee(), "gray": coins()[..., np.newaxis]}


def with_noise(image, strength=0.1):
    noise = np.random.default_rng(0).normal(0, 255 * strength, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def masked(image):
    """With a tenth of its pixels masked, which hold nonsense."""
    mask = np.random.default_rng(1).random(image.shape[:2]) < 0.1
    data = np.where(mask[..., np.newaxis], image.dtype.type(77), image)
    return np.ma.MaskedArray(data, mask=np.repeat(mask[..., np.newaxis], image.shape[-1], axis=-1))


@pytest.mark.parametrize("side", [3, 7])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("form", [np.asarray, masked])
def test_a_pixel_becomes_the_mean_of_the_known_pixels_in_its_square(side, dtype, form):
    image = form(coffee()[:60, :80].astype(dtype) * dtype(3 if dtype != np.uint8 else 1))
    averaged, half = average(image, side), side // 2
    assert averaged.dtype == dtype
    assert np.array_equal(np.ma.getmaskarray(averaged), np.ma.getmaskarray(image))
    for row, column in ((20, 30), (31, 12), (half, half), (59 - half, 79 - half)):
        if not np.ma.getmaskarray(image)[row, column].any():
            square = image[row - half : row + half + 1, column - half : column + half + 1]
            tolerance = 0.5 if image.dtype.kind != "f" else 1e-3
            expected = np.ma.getdata(square.mean(axis=(0, 1)))
            assert np.allclose(np.ma.getdata(averaged)[row, column], expected, rtol=1e-5, atol=tolerance)


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.rot90, lambda image: np.swapaxes(image, 0, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32])
def test_a_turned_image_has_the_turned_averages(turn, dtype):
    high = min(np.iinfo(dtype).max, 10**6)
    image = np.random.default_rng(0).integers(0, high, (70, 90, 2)).astype(dtype)
    for side in (3, 15):
        averaged = average(image, side)
        assert np.array_equal(average(np.ascontiguousarray(turn(image)), side), turn(averaged))


def with_fill(image):
    """Masked, with a huge number under the mask, as nodata of elevations."""
    image = masked(image)
    np.ma.getdata(image)[image.mask] = 1e30 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
    return image


def shifted(image):
    """Masked, with numbers far from 0, whose differences are small."""
    return with_fill(image + image.dtype.type(55 if image.dtype == np.uint8 else 1e4))


@pytest.mark.parametrize("turn", [np.fliplr, np.rot90])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("form", [np.asarray, with_fill, shifted])
def test_averages_are_the_same_in_a_turned_image_of_any_type_and_mask(form, dtype, turn):
    numbers = np.random.default_rng(0).random((40, 60, 2))
    with np.errstate(over="ignore"):
        image = form((numbers if np.dtype(dtype).kind == "f" else numbers * 200).astype(dtype))
    turned = np.ma.MaskedArray(np.ascontiguousarray(turn(np.ma.getdata(image))), mask=turn(np.ma.getmaskarray(image)))
    for side in (3, 15, 131):
        expected, averaged = average(image, side), average(turned, side)
        assert np.array_equal(np.ma.filled(averaged, 0), turn(np.ma.filled(expected, 0)))


@pytest.mark.parametrize(("dtype", "form"), [(np.float64, np.asarray), (np.float32, masked), (np.uint16, np.asarray)])
def test_other_forms_of_8_bits_have_the_same_averages(form, dtype):
    image = form(with_noise(coffee()[::16, ::16], 0.2))
    other = (image / 255).astype(dtype) if dtype != np.uint16 else image.astype(dtype) * dtype(257)
    if dtype != np.uint16 and np.ma.isMaskedArray(image):
        np.ma.getdata(other)[np.ma.getmaskarray(other)] = np.nan
    averaged, expected = (np.ma.asarray(average(each, 5)) for each in (other, image))
    assert averaged.dtype == dtype
    bytes_of = averaged * 255 if dtype != np.uint16 else averaged / 257
    assert np.array_equal(np.rint(bytes_of.compressed()).astype(int), expected.compressed())
    regions, others = (RegionSegmenter().fit_predict(each) for each in (image, other))
    assert np.array_equal(np.ma.filled(regions, -1), np.ma.filled(others, -1))


def test_an_even_color_stays_as_it_is():
    image = np.full((40, 50, 3), 254, dtype=np.uint8)
    assert (average(image, 9) == 254).all()


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("form", [np.asarray, masked, lambda image: image / np.float32(255), lambda image: image * 257])
def test_photos_are_not_noisy_until_they_are(photo, form):
    image = PHOTOS[photo].astype(np.uint16) if form(np.uint16([1])).dtype == np.uint16 else PHOTOS[photo]
    assert not is_noisy(form(image))
    assert is_noisy(form(with_noise(PHOTOS[photo], 0.15).astype(image.dtype)))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("share", "expected"), [(0.30, False), (0.36, True)])
def test_noise_is_strong_above_a_third_of_the_spread_of_colors(share, expected, axis):
    """A slope has no noise but all of the spread."""
    shape = (400, 500, 3)
    slope = np.moveaxis(np.broadcast_to(np.linspace(-1, 1, shape[axis]), (3, shape[1 - axis], shape[axis])), 0, -1)
    slope = slope / slope.std() * np.sqrt(1 - share**2) * [1, 2, 3]
    image = (slope if axis else slope.swapaxes(0, 1)) + np.random.default_rng(0).normal(0, share, shape) * [1, 2, 3]
    assert is_noisy(image) == expected


@pytest.mark.parametrize(
    "image", [np.zeros((20, 20, 3)), np.zeros((2, 300, 1)), np.zeros((1, 1, 3)), np.ones((9, 9, 2))]
)
def test_an_image_without_neighbors_or_contrast_is_not_noisy(image):
    assert not is_noisy(image)


def test_an_image_of_usual_size_without_noise_is_left_alone():
    image = chelsea()
    assert without_noise(image, 20) is image


@pytest.mark.parametrize("image", [np.zeros((300, 300, 3), dtype=complex), np.full((300, 300, 3), "red")])
def test_what_is_no_number_is_left_for_the_error(image):
    assert average(image, 3) is image
    assert not is_noisy(image)


def test_small_regions_that_are_asked_for_are_not_averaged_away():
    image = np.full((1000, 1300, 1), 40, dtype=np.uint8)
    image[600:603, 900:903] = 200
    segmenter = KMeansSegmenter(2, random_state=0)
    assert RegionSegmenter(segmenter, min_size=9, scale=0).fit_predict(image)[600:603, 900:903].min() == 1
    assert RegionSegmenter(segmenter, scale=0).fit_predict(image).max() == 0


@pytest.mark.parametrize("times", [1, 3])
def test_noisy_images_keep_their_regions(times):
    coverings = []
    for photo in (chelsea(), coffee()):
        image = np.repeat(np.repeat(photo[::times, ::times], times, axis=0), times, axis=1)
        regions, noisy = (RegionSegmenter().fit_predict(each) for each in (image, with_noise(image)))
        coverings.append(metrics.covering(regions, noisy))
        assert noisy.max() > 2
    assert np.mean(coverings) > 0.7
