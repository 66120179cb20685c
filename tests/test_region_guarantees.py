"""What holds for the regions of every image, at every scale and for every number of regions."""

from itertools import pairwise
from time import process_time

import numpy as np
import pytest
from helpers import parts_of
from skimage.data import astronaut, chelsea, coffee, coins, immunohistochemistry, rocket
from skimage.transform import resize

from skseg import KMeansSegmenter, RegionSegmenter, metrics

MASK = np.zeros((100, 150), dtype=bool)
MASK[30:45, 22:] = MASK[:, 68] = MASK[75:, :38] = True  # parts that it separates, and parts that it does not
COFFEE = coffee()[::4, ::4]
IMAGES = {
    "coffee": COFFEE,
    "masked": np.ma.MaskedArray(COFFEE, mask=np.repeat(MASK[..., np.newaxis], 3, axis=-1)),
    "gray": coins()[::3, ::3, np.newaxis],
    "noise": np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8),
    "bands": np.dstack([COFFEE, COFFEE[::-1]]).astype(np.float32),
    "16 bits": astronaut()[::6, ::6].astype(np.uint16) * 257,
}
CUTS = [{"scale": 0}, {"scale": 0.5}, {"n_regions": 40}, {"n_regions": 7}]
TURNS = {  # all others are one after another of these
    "left to right": lambda each: each[:, ::-1],
    "by a quarter": lambda each: np.swapaxes(each, 0, 1)[::-1],
}


CASES = [*((name, "auto") for name in IMAGES), ("masked", 0), ("masked", 12), ("bands", 0), ("noise", 12)]


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request):
    return request.param


@pytest.fixture(scope="module")
def image(case):
    return IMAGES[case[0]]


@pytest.fixture(scope="module")
def min_size(case):
    return case[1]


@pytest.fixture(scope="module")
def hierarchy(image, min_size):
    return RegionSegmenter(min_size=min_size).fit([image]).hierarchy(image)


def numbers_of(regions):
    return np.ma.getdata(regions)


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_regions_are_connected_numbered_without_gaps_and_never_cross_the_mask(image, hierarchy, cut):
    regions = hierarchy.cut(**cut)
    mask = np.ma.getmaskarray(image).any(axis=-1)
    assert np.array_equal(parts_of(numbers_of(regions), mask), numbers_of(regions))
    assert (numbers_of(regions)[mask] == -1).all()
    assert np.array_equal(np.ma.getmaskarray(regions), mask)


def test_no_region_is_smaller_than_min_size_unless_it_has_no_neighbor(image, hierarchy, min_size):
    regions = numbers_of(hierarchy.cut(scale=0))
    mask = np.ma.getmaskarray(image).any(axis=-1)
    least = (~mask).sum() / 6000 if min_size == "auto" else min_size
    alone = np.bincount(parts_of(np.zeros_like(regions), mask)[~mask])
    assert all(size >= least or size in alone for size in np.bincount(regions[~mask]))


@pytest.mark.parametrize("n_regions", [1, 2, 13, 50])
def test_the_number_of_regions_is_exact_where_the_mask_allows_it(image, hierarchy, n_regions):
    mask = np.ma.getmaskarray(image).any(axis=-1)
    n_parts = parts_of(np.zeros(mask.shape, dtype=int), mask).max() + 1
    expected = min(max(n_regions, n_parts), hierarchy.n_regions)
    assert numbers_of(hierarchy.cut(n_regions=n_regions)).max() + 1 == expected


def test_regions_are_nested_along_the_hierarchy(hierarchy):
    maps = [numbers_of(hierarchy.cut(scale=scale)).ravel() for scale in (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1)]
    for finer, coarser in pairwise(maps):
        pairs = np.unique(np.stack([finer, coarser]), axis=1)
        assert pairs.shape[1] == len(np.unique(finer))


def test_scales_and_boundaries_are_probabilities(hierarchy):
    boundaries = hierarchy.boundaries()
    assert 0 <= hierarchy.scales[0] <= hierarchy.scales[-1] <= 1
    assert 0 <= np.ma.min(boundaries) <= np.ma.max(boundaries) <= 1


@pytest.mark.parametrize(("name", "turn"), [*((name, "by a quarter") for name in IMAGES), ("masked", "left to right")])
def test_a_turned_image_has_the_turned_regions(name, turn):
    image = IMAGES[name]
    expected = TURNS[turn](RegionSegmenter().fit_predict(image))
    found = RegionSegmenter().fit_predict(TURNS[turn](image))
    pairs = np.unique(np.stack([numbers_of(expected).ravel(), numbers_of(found).ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(pairs[0])) == len(np.unique(pairs[1]))


@pytest.mark.parametrize("form", ["float64", "masked uint8", "masked float32"])
def test_a_turned_image_that_is_averaged_has_the_turned_regions(form):
    noise = np.random.default_rng(0).normal(0, 0.15, (100, 150, 3))
    noisy = (COFFEE / 255 + noise).clip(0, 1)
    image = np.rint(255 * noisy).astype(np.uint8) if form.endswith("uint8") else noisy.astype(form.split()[-1])
    mask = np.zeros(image.shape, dtype=bool)
    mask[30:45, 50:80] = "masked" in form
    estimator = RegionSegmenter(min_size=30)
    expected = numbers_of(estimator.fit_predict(np.ma.MaskedArray(image, mask=mask)))
    for turn in TURNS.values():
        found = numbers_of(estimator.fit_predict(np.ma.MaskedArray(turn(image), mask=turn(mask))))
        assert metrics.adjusted_rand(turn(expected), found) == 1


def test_a_thumbnail_has_nearly_the_regions_of_the_photo():
    photo = immunohistochemistry()
    thumbnail = resize(photo, (256, 256), anti_aliasing=True)
    regions = RegionSegmenter().fit_predict((255 * thumbnail).astype(np.uint8))
    assert metrics.covering(regions, RegionSegmenter().fit_predict(photo)[::2, ::2]) >= 0.8


def test_thumbnails_have_about_as_many_regions_as_their_photos():
    counts = []
    for photo in (astronaut(), chelsea(), coffee(), rocket()):
        small = 255 * resize(photo, (photo.shape[0] // 3, photo.shape[1] // 3), anti_aliasing=True)
        counts.append([RegionSegmenter().fit_predict(each).max() + 1 for each in (photo, small.astype(np.uint8))])
    ratio = np.exp(np.log(counts).mean(axis=0))
    assert ratio[1] / ratio[0] == pytest.approx(1, abs=0.2), counts


def test_an_image_of_one_color_is_one_region():
    assert RegionSegmenter(KMeansSegmenter(1)).fit_predict(np.full((30, 40, 3), 7, dtype=np.uint8)).max() == 0


def test_a_drawing_of_few_colors_is_segmented_without_a_warning():
    drawing = np.zeros((60, 80, 3), dtype=np.uint8)
    drawing[20:40, 20:60] = 200, 30, 30
    assert RegionSegmenter().fit_predict(drawing).max() == 1


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_drawings_of_a_list_are_segmented_without_a_warning(n_jobs):
    drawings = [np.full((20, 30, 3), color, dtype=np.uint8) for color in range(0, 250, 25)]
    regions = RegionSegmenter(n_jobs=n_jobs).fit_predict(drawings)
    assert [each.max() for each in regions] == [0] * 10


@pytest.mark.parametrize(("together", "channels"), [(1, 1), (2, 3)])
def test_a_mask_may_separate_very_many_regions(lower, together, channels):
    lower(many_regions=2000)
    rows, columns = np.mgrid[:80, :80]
    inside = (rows + columns) % 2 == 0 if together == 1 else (rows % 2 == 0) & (columns % 3 > 0)
    image = np.random.default_rng(0).integers(256, size=(80, 80, channels), dtype=np.uint8)
    X = np.ma.MaskedArray(image, mask=np.broadcast_to(~inside[..., np.newaxis], image.shape))
    segmenter = RegionSegmenter(min_size=0).fit(X)
    hierarchy = segmenter.hierarchy(X)
    assert hierarchy.n_regions > 2000
    assert np.array_equal(numbers_of(hierarchy.cut(n_regions=1)), parts_of(np.zeros((80, 80), dtype=int), ~inside))
    assert 0 <= hierarchy.boundaries().max() <= 1
    assert np.array_equal(segmenter.transform(X).mask, X.mask)


def seconds_of(function, *arguments):
    """CPU time of a call."""
    start = process_time()
    function(*arguments)
    return process_time() - start


def assert_linear(work):
    """`work` on an image and on one of four times as many pixels; work that grows with the square takes 16 times."""
    small, large = (min(seconds_of(work, part) for _ in range(2)) for part in (1, 2))
    assert large < 8 * small


def test_noise_without_a_least_size_is_merged_in_little_time():
    def merge(part):
        noise = np.random.default_rng(0).integers(0, 256, (50 * part, 50 * part, 3), dtype=np.uint8)
        assert RegionSegmenter(min_size=0).fit([noise]).hierarchy(noise).n_regions > 0.75 * 2500 * part**2

    assert_linear(merge)


def test_a_background_with_thousands_of_blobs_is_merged_in_little_time():
    def merge(part):
        image = np.full((250 * part, 250 * part, 3), 230, dtype=np.uint8)
        colors = np.random.default_rng(0).integers(20, 150, (50 * part, 50 * part, 3), dtype=np.uint8)
        for row, column in ((1, 1), (1, 2), (2, 1), (2, 2)):
            image[row::5, column::5] = colors
        assert RegionSegmenter(min_size=2, scale=0).fit_predict(image).max() + 1 > 0.99 * 2500 * part**2

    assert_linear(merge)
