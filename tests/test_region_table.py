"""region_table: what regionprops_table measures, of every label, on any image."""

import numpy as np
import pytest
from helpers import lowered
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import coffee
from skimage.measure import regionprops_table

from skseg import KMeansSegmenter, RegionSegmenter, region_table

PROPERTIES = ("label", "area", "bbox", "centroid")


def random_map(seed, shape, n_labels=5):
    return np.random.default_rng(seed).integers(0, n_labels, shape)


def assert_like_regionprops(label_map, X, dtype_of_mean=np.float64):
    """Equal to regionprops_table, which takes label 0 for the background, on labels from 1."""
    table = region_table(label_map, X)
    names = (*PROPERTIES, "intensity_mean")
    expected = regionprops_table(label_map + 1, X.astype(dtype_of_mean), properties=names)
    assert (table["label"] == expected.pop("label") - 1).all()
    for name, column in expected.items():
        np.testing.assert_allclose(table[name], column, rtol=1e-12, atol=1e-12)
    has_channels = X.ndim > label_map.ndim
    for row, label in enumerate(table["label"]):
        deviations = np.atleast_1d(X[label_map == label].astype(np.float64).std(axis=0))
        for channel, deviation in enumerate(deviations):
            name = f"intensity_std-{channel}" if has_channels else "intensity_std"
            assert table[name][row] == pytest.approx(deviation, rel=1e-12, abs=1e-12)
    assert table["share"] == pytest.approx(table["area"] / label_map.size)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32", "float64", "bool"])
@pytest.mark.parametrize("shape", [(7, 9), (1, 5), (5, 1), (1, 1), (3, 4, 5)])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_it_is_what_regionprops_table_measures_of_labels_from_1(dtype, shape, channels):
    label_map = random_map(0, shape)
    X = (np.random.default_rng(1).random(shape + channels) * 200 - 20 * (dtype[0] in "if")).astype(dtype)
    assert_like_regionprops(label_map, X)


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12), st.integers(1, 9))
def test_it_is_so_for_any_map_in_blocks_of_any_size(seed, height, width, block):
    label_map = random_map(seed, (height, width), 6)
    X = np.random.default_rng(seed).integers(0, 256, (height, width, 2), dtype=np.uint8)
    with lowered(table_pixels=block):
        assert_like_regionprops(label_map, X)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint16", "int64", "uint64"])
def test_labels_are_of_any_integer_type_and_need_not_be_consecutive(dtype):
    label_map = np.array([[0, 0, 100], [7, 7, 100]], dtype=dtype)
    table = region_table(label_map)
    assert table["label"].tolist() == [0, 7, 100]
    assert table["label"].dtype == dtype
    assert table["area"].tolist() == [2, 2, 2]
    largest = np.iinfo(dtype).max
    assert region_table(np.full((2, 2), largest, dtype=dtype))["label"].tolist() == [largest]


def test_a_far_origin_costs_no_digits():
    label_map = random_map(2, (300, 300), 3)
    small = np.random.default_rng(3).integers(0, 16, label_map.shape).astype(np.float64)
    near, far = region_table(label_map, small), region_table(label_map, (small + 2.0**20).astype(np.float32))
    np.testing.assert_allclose(far["intensity_mean"] - 2.0**20, near["intensity_mean"], rtol=1e-9)
    np.testing.assert_allclose(far["intensity_std"], near["intensity_std"], rtol=1e-9)


def test_a_region_of_one_color_has_exactly_this_mean_and_no_spread():
    label_map = random_map(4, (50, 60))
    colors = np.random.default_rng(5).random((5, 3)) * 1e6
    table = region_table(label_map, colors[label_map])
    for channel in range(3):
        assert (table[f"intensity_mean-{channel}"] == colors[:, channel]).all()
        assert (table[f"intensity_std-{channel}"] == 0).all()


def test_not_a_number_spoils_its_own_region_and_channel_only():
    X = np.zeros((2, 3, 2))
    X[0, 0] = np.nan, 1
    X[1, 0] = np.inf, 1
    table = region_table([[0, 1, 1], [2, 1, 1]], X)
    np.testing.assert_equal(table["intensity_mean-0"], [np.nan, 0, np.inf])
    np.testing.assert_equal(table["intensity_std-0"], [np.nan, 0, np.nan])
    assert table["intensity_mean-1"].tolist() == [1, 0, 1]


# Pixels that do not count


def test_masked_pixels_are_left_out():
    label_map = random_map(6, (20, 30), 4)
    X = np.random.default_rng(7).random((20, 30, 3))
    mask = np.random.default_rng(8).random((20, 30)) < 0.4
    expected = regionprops_table(np.where(mask, 0, label_map + 1), X, properties=(*PROPERTIES, "intensity_mean"))
    hostile = np.where(mask[..., np.newaxis], np.nan, X)
    channel_masks = np.zeros(X.shape, dtype=bool)
    channel_masks[..., 1] = mask  # one masked channel is enough
    for masked_map, image in (
        (np.ma.array(label_map, mask=mask), hostile),
        (np.where(mask, -1, label_map), hostile),
        (label_map, np.ma.array(hostile, mask=channel_masks)),
    ):
        table = region_table(masked_map, image)
        assert (table["label"] == expected["label"] - 1).all()
        for name in set(expected) - {"label"}:
            np.testing.assert_allclose(table[name], expected[name])
        assert table["share"].sum() == pytest.approx(1)


def test_the_mask_of_a_gray_image_counts():
    X = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[True, False], [False, False]])
    assert region_table([[0, 0], [1, 1]], X)["intensity_mean"].tolist() == [2, 3.5]


@pytest.mark.parametrize("label_map", [np.full((3, 4), -1), np.zeros((0, 4), dtype=int), np.ma.masked_all((3, 4), int)])
def test_a_map_without_labels_has_no_rows(label_map):
    table = region_table(label_map, np.zeros((*label_map.shape, 3)))
    assert list(table)[:7] == ["label", "area", "share", "bbox-0", "bbox-1", "bbox-2", "bbox-3"]
    assert list(table)[9:12] == ["intensity_mean-0", "intensity_mean-1", "intensity_mean-2"]
    assert {len(column) for column in table.values()} == {0}


# With the rest of the library


def test_classes_and_regions_of_an_image_have_a_row_each():
    image = coffee()[::4, ::4]
    classes = KMeansSegmenter(5, random_state=0).fit(image)
    table = region_table(classes.labels_, image)
    assert table["label"].tolist() == list(range(5))
    assert table["share"] == pytest.approx(classes.cluster_sizes_)
    means = np.stack([table[f"intensity_mean-{channel}"] for channel in range(3)], axis=1)
    assert means == pytest.approx(classes.cluster_centers_)
    regions = RegionSegmenter(n_regions=12).fit_predict(image)
    assert region_table(regions)["label"].tolist() == list(range(12))


def test_labeled_arrays_are_measured_without_their_missing_pixels():
    xarray = pytest.importorskip("xarray")
    scene = np.random.default_rng(9).integers(1, 200, (3, 8, 9)).astype(np.float32)
    scene[:, 0, :4] = np.nan
    scene = xarray.DataArray(scene, dims=("band", "y", "x"))
    labels = KMeansSegmenter(3, random_state=0).fit(scene).labels_
    table = region_table(labels, scene)
    assert table["area"].sum() == 68
    assert np.average(table["intensity_mean-1"], weights=table["area"]) == pytest.approx(float(scene[1].mean()))


def test_a_table_becomes_a_data_frame(pandas):
    frame = pandas.DataFrame(region_table(random_map(0, (5, 6)), np.ones((5, 6, 2))))
    assert len(frame) == 5
    assert frame["share"].sum() == pytest.approx(1)


# Errors


@pytest.mark.parametrize(
    ("label_map", "X", "message"),
    [
        ([[0.5, 1]], None, "label_map must hold labels, which are integers; got float64"),
        ([0, 1], None, "label_map must have at least two dimensions; got 1"),
        ([[0, 1]], np.zeros((2, 1)), r"X must have the shape of label_map, \(1, 2\), .*; got \(2, 1\)"),
        ([[0, 1]], np.zeros((1, 2, 3, 4)), r"got \(1, 2, 3, 4\)"),
        ([[0, 1]], np.array([["a", "b"]]), "X must hold numbers; got <U1"),
    ],
)
def test_errors_say_what_is_allowed(label_map, X, message):
    with pytest.raises(ValueError, match=message):
        region_table(label_map, X)
