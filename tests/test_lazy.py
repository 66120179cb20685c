"""Dask, Zarr and HDF5: each chunk is read once for each pass, and results are as lazy as X, and equal."""

import pickle
from collections import Counter

import numpy as np
import pytest
import skimage.data
from numpy.testing import assert_allclose

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, WhiteBalancer, clean_labels, metrics, region_table

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

COFFEE = skimage.data.coffee()[::4, ::4]
MASK = np.repeat(COFFEE[..., :1] < 60, 3, axis=-1)
NOISE = np.random.default_rng(0).random((60, 50, 3))
FORMS = {
    "uint8": COFFEE,
    "uint16": COFFEE.astype(np.uint16) * 257,
    "float64": COFFEE / 255,
    "float32": (COFFEE / 255).astype(np.float32),
    "masked": np.ma.MaskedArray(COFFEE, MASK),
    "stack": np.stack([COFFEE, COFFEE[::-1]]),
    "table": COFFEE[::4, ::4].reshape(-1, 3) / 255,
}


def lazy(array, size=60):
    """The array in chunks that divide the channels, too."""
    return da.from_array(array, chunks=(size,) * (array.ndim - 1) + (2,), asarray=False)


def segmenter(n_clusters=4, **params):
    return KMeansSegmenter(n_clusters, random_state=0, **params)


def assert_lazily_equal(found, expected):
    """A Dask array of these values, which says beforehand what they will be."""
    assert isinstance(found, da.Array)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    computed = found.compute()
    assert computed.dtype == expected.dtype
    assert isinstance(computed, np.ma.MaskedArray) == isinstance(expected, np.ma.MaskedArray)
    assert np.array_equal(np.ma.getmaskarray(computed), np.ma.getmaskarray(expected))
    assert_allclose(computed, expected, rtol=1e-12, atol=1e-12)


class Chunks:
    """An image whose chunks are counted as they are computed."""

    def __init__(self, image, size=40):
        self.computed = Counter()
        blocks = lazy(image, size).rechunk({-1: -1})
        self.array = blocks.map_blocks(self._note, dtype=image.dtype, meta=np.empty((0,) * image.ndim, image.dtype))
        self.n_chunks = self.array.npartitions

    def _note(self, block, block_info):
        self.computed[tuple(block_info[0]["chunk-location"])] += 1
        return block

    def passes(self):
        """How often all chunks were computed since the last call; each as often as the others."""
        counts = set(self.computed.values()) or {0}
        assert len(counts) == 1
        assert len(self.computed) in (0, self.n_chunks)
        self.computed.clear()
        return counts.pop()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("output", ["color", "label", "distance"])
def test_model_and_results_are_those_of_the_array_in_memory(form, output):
    X = FORMS[form]
    expected, found = segmenter(output=output).fit(X), segmenter(output=output).fit(lazy(X))
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
    assert np.array_equal(found.cluster_sizes_, expected.cluster_sizes_)
    assert_lazily_equal(found.labels_, expected.labels_)
    assert_lazily_equal(found.predict(lazy(X)), expected.predict(X))
    assert_lazily_equal(found.transform(lazy(X)), expected.transform(X))
    assert found.score(lazy(X)) == expected.score(X)
    for results in (found.predict(lazy(X)), found.transform(lazy(X))):
        if output != "color" or results.ndim < X.ndim or X.dtype.kind == "f":  # integers would be read as labels
            assert_lazily_equal(found.inverse_transform(results), expected.inverse_transform(results.compute()))


def test_label_maps_that_are_lazy_keep_their_mask_where_they_are_computed():
    X, truth = FORMS["masked"], COFFEE[..., 0] // 64
    model = segmenter().fit(X)
    labels = model.predict(lazy(X))
    assert model.score(lazy(X), truth) == model.score(X, truth) != model.score(COFFEE, truth)
    assert metrics.adjusted_rand(truth, labels) == metrics.adjusted_rand(truth, model.labels_)
    cleaned = clean_labels(labels, 20, model.palette_)
    assert np.ma.allequal(cleaned, clean_labels(model.labels_, 20, model.palette_))
    assert np.array_equal(region_table(labels)["label"], region_table(model.labels_)["label"])


@pytest.mark.parametrize(
    "transformer",
    [
        ColorConverter("lab"),
        ColorConverter(channel_weights="scale"),
        WhiteBalancer(),
        WhiteBalancer(light=(90, 80, 70)),
    ],
)
@pytest.mark.parametrize("form", ["uint8", "masked"])
def test_other_transformers_are_as_lazy(transformer, form):
    X = FORMS[form]
    expected = transformer.fit(X).transform(X)
    assert_lazily_equal(transformer.fit(lazy(X)).transform(lazy(X)), expected)


def test_a_chunk_is_computed_once_for_counting_and_never_for_asking():
    chunks = Chunks(COFFEE)
    model = segmenter().fit(chunks.array)
    assert chunks.passes() == 1
    model.predict(chunks.array), model.transform(chunks.array)
    WhiteBalancer().fit(COFFEE).transform(chunks.array)
    assert chunks.passes() == 0
    model.predict(chunks.array).sum().compute()
    assert chunks.passes() == 1


def test_a_chunk_is_computed_once_for_each_pass(lower):
    lower(colors_in_fit=1000, sampled_colors=1000, keys=1000)
    chunks = Chunks(NOISE)
    model, expected = segmenter().fit(chunks.array), segmenter().fit(NOISE)
    assert not expected._model.census.is_complete
    assert chunks.passes() > 2
    assert_allclose(model.cluster_centers_, expected.cluster_centers_, rtol=0, atol=1e-9)
    assert_lazily_equal(model.labels_, expected.labels_)


def test_weights_may_be_lazy_or_not():
    weights = np.random.default_rng(1).random(COFFEE.shape[:2])
    expected = segmenter().fit(COFFEE, sample_weight=weights)
    for each in (weights, da.from_array(weights, chunks=33)):
        found = segmenter().fit(lazy(COFFEE), sample_weight=each)
        assert_allclose(found.cluster_centers_, expected.cluster_centers_, rtol=1e-12)
    with pytest.raises(ValueError, match=r"sample_weight must have X's pixel shape \(100, 150\); got \(99, 150\)"):
        segmenter().fit(lazy(COFFEE), sample_weight=weights[1:])


def test_chunks_of_unknown_size_are_fitted_and_labeled():
    table = COFFEE.reshape(-1, 3) / 255
    bright = table[:, 0] > 0.5
    X = lazy(table, 500)
    X = X[X[:, 0] > 0.5]  # some chunks are empty
    assert np.isnan(X.shape[0])
    model, expected = segmenter().fit(X), segmenter().fit(table[bright])
    assert np.array_equal(model.cluster_centers_, expected.cluster_centers_)
    assert np.array_equal(model.predict(X).compute(), expected.labels_)
    weights = da.ones(len(table), chunks=500)[lazy(table, 500)[:, 0] > 0.5]
    assert np.array_equal(segmenter().fit(X, sample_weight=weights).cluster_centers_, expected.cluster_centers_)
    with pytest.raises(ValueError, match=r"sample_weight must have the chunks of X. Call compute_chunk_sizes\(\)"):
        segmenter().fit(X, sample_weight=np.ones(len(table)))
    image = lazy(COFFEE)
    with pytest.raises(ValueError, match=r"of shape \(nan, 150, 3\); call X.compute_chunk_sizes\(\) first"):
        RegionSegmenter().fit(image[image[:, 0, 0] > 60])
    with pytest.raises(ValueError, match=r"known number of channels. Call X.compute_chunk_sizes\(\)"):
        model.predict(lazy(table)[:, lazy(table)[0] >= 0])


def test_what_is_wrong_with_the_array_is_refused_before_it_is_computed():
    model = segmenter().fit(COFFEE)
    with pytest.raises(ValueError, match="X has 2 features, but KMeansSegmenter is expecting 3"):
        model.predict(lazy(COFFEE)[..., :2])
    with pytest.raises(ValueError, match="the float64 numbers must lie there too"):
        model.predict(lazy(COFFEE.astype(float))).compute()


def test_lists_may_hold_lazy_images():
    images, lazies = [COFFEE, COFFEE[:50]], [lazy(COFFEE), lazy(COFFEE[:50])]
    expected, found = segmenter().fit(images), segmenter().fit(lazies)
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
    for one, other in zip(found.predict(lazies), expected.predict(images), strict=True):
        assert_lazily_equal(one, other)
    with pytest.raises(ValueError, match=r"X\[1\]: Pixels contain NaN"):
        segmenter().fit([lazy(COFFEE / 255), lazy(np.full((50, 50, 3), np.nan))])


def test_partial_fit_adds_lazy_images():
    expected = segmenter().fit([COFFEE, COFFEE[:50]])
    found = segmenter().partial_fit(lazy(COFFEE)).partial_fit(lazy(COFFEE[:50]))
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)


def test_regions_of_a_lazy_image_are_computed_if_it_is_not_too_large(lower):
    regions, small = RegionSegmenter(n_regions=5), COFFEE[:, ::3]
    assert np.array_equal(regions.fit_predict(lazy(small)), regions.fit_predict(small))
    lower(label_map_pixels=10_000)
    with pytest.raises(ValueError, match="15,000 pixels, too many to be computed whole; at most 10,000 are allowed"):
        regions.fit(lazy(COFFEE))


# DataArrays over Dask


@pytest.mark.parametrize("output", ["color", "label", "distance"])
@pytest.mark.parametrize(
    ("dtype", "attrs"),
    [("u1", {}), ("u1", {"_FillValue": 0}), ("i2", {"nodata": -9999}), ("f4", {}), ("f8", {"_FillValue": -1.0})],
)
def test_named_arrays_are_lazy_with_their_names(dtype, attrs, output):
    xr = pytest.importorskip("xarray")
    data = (COFFEE / (255 if dtype[0] == "f" else 1)).astype(dtype)
    data[:10] = next(iter(attrs.values()), np.nan if dtype[0] == "f" else 7)
    coordinates = {"y": np.arange(100) / 2, "x": np.arange(150.0), "band": [1, 2, 3]}
    X = xr.DataArray(data.transpose(2, 0, 1), dims=("band", "y", "x"), attrs=attrs, coords=coordinates)
    chunked = X.chunk({"band": 1, "y": 60, "x": 80})
    expected = segmenter(output=output, color_space="hsv").fit(X)
    found = segmenter(output=output, color_space="hsv").fit(chunked)
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
    pairs = [(found.labels_, expected.labels_), (found.predict(chunked), expected.predict(X))]
    pairs += [(found.transform(chunked), expected.transform(X))]
    for each, other in pairs:
        assert isinstance(each.data, da.Array)
        computed = each.compute()
        assert (computed.dims, computed.dtype, repr(computed.attrs)) == (other.dims, other.dtype, repr(other.attrs))
        xr.testing.assert_allclose(computed, other, rtol=1e-12)


@pytest.mark.parametrize(("number", "neighbor"), [(0, 1), (3, 2), (0.5, np.nextafter(0.5, 0))])
def test_a_color_equal_to_nodata_is_moved_by_a_step(number, neighbor):
    xr = pytest.importorskip("xarray")
    colors = np.full((4, 5, 3), number)
    X = xr.DataArray(colors + 1, dims=("y", "x", "band"), attrs={"nodata": number}).chunk(2)
    painted = segmenter(1, color_space=None).fit(colors).transform(X).compute()
    assert painted.attrs == {"nodata": number}
    assert np.unique(painted[..., 0]).tolist() == [neighbor]
    others = neighbor if number == 0.5 else number  # of integers of 0 or more, nodata is in all channels
    assert np.unique(painted[..., 1:]).tolist() == [others]


def test_a_negative_nodata_value_is_avoided_in_any_channel():
    xr = pytest.importorskip("xarray")
    colors = np.zeros((4, 4, 3), np.int16)
    colors[:2], colors[1], colors[2:] = [50, -3, 7], [50, 1, 7], [500, 400, 300]
    X = xr.DataArray(colors, dims=("y", "x", "band"), attrs={"_FillValue": -1})
    painted = segmenter(2, color_space=None).fit(X).transform(X.chunk({"y": 2}))
    assert painted.to_numpy()[0, 0].tolist() == [50, 0, 7]


def test_regions_of_named_lazy_images_are_named():
    xr = pytest.importorskip("xarray")
    X = xr.DataArray(COFFEE[::3, ::3], dims=("y", "x", "band"))
    regions = RegionSegmenter(n_regions=4)
    expected = regions.fit(X).transform(X)
    chunked = X.chunk(20)
    xr.testing.assert_equal(regions.fit(chunked).transform(chunked), expected)
    xr.testing.assert_equal(regions.predict([chunked])[0], regions.fit(X).labels_)


# What results depend on


def test_later_fits_and_parameters_do_not_change_results():
    other = 255 - COFFEE
    balancer, converter, model = WhiteBalancer(), ColorConverter("lab"), segmenter(output="distance")
    results, expected = [], []
    for X, found in ((lazy(COFFEE), results), (COFFEE, expected)):
        found += [balancer.fit_transform(X), converter.set_params(color_space="lab").fit_transform(X)]
        found += [model.set_params(output="distance").fit(X).predict(X), model.transform(X)]
        found += [model.inverse_transform(found[-2]), model.inverse_transform(found[-1]), model.labels_]
    balancer.fit(other)
    converter.set_params(color_space="oklab").fit(other)
    model.set_params(output="label", color_space=None).fit(other[..., :2])
    for found, values in zip(results, expected, strict=True):
        assert_lazily_equal(found, values)


def test_models_and_results_are_pickled():
    model = segmenter().fit(lazy(COFFEE))
    again, labels = pickle.loads(pickle.dumps((model, model.predict(lazy(COFFEE)))))
    assert np.array_equal(again.labels_.compute(), labels.compute())


def test_labels_in_columns_and_distances_in_any_chunks_are_painted():
    image = COFFEE[:50, :41]
    X = da.from_array(image, chunks=(40, 40, 3))  # the last chunk has one column
    model = segmenter(output="label").fit(X)
    painted = model.inverse_transform(model.predict(X))
    assert_lazily_equal(painted, model.inverse_transform(model.predict(image)))
    table = X.reshape(-1, 3)
    assert_lazily_equal(model.inverse_transform(model.transform(table)), painted.compute().reshape(-1, 3))
    model.set_params(output="distance")
    assert_lazily_equal(model.inverse_transform(model.transform(X).rechunk({2: 1})), painted.compute())


def test_only_an_image_without_channels_is_taken_for_one():
    rng = np.random.default_rng(0)
    table = rng.integers(0, 255, (2000, 120)).astype(np.uint8)
    segmenter(2, color_space=None).fit(da.from_array(table, chunks=(120, 120)))  # chunks are as high as wide
    gray = rng.integers(0, 255, (200, 150)).astype(np.uint8)
    with pytest.warns(UserWarning, match=r"An array of shape \(200, 150\) is read as pixels of 150 channels"):
        segmenter(2, color_space=None).fit(da.from_array(gray, chunks=(50, 150)))


def test_the_light_may_be_a_lazy_patch():
    patch = FORMS["masked"][:50]
    expected = WhiteBalancer(light=patch).fit(COFFEE).light_
    assert np.array_equal(WhiteBalancer(light=lazy(patch)).fit(COFFEE).light_, expected)


@pytest.mark.parametrize(("scheduler", "size"), [("threads", 30), ("processes", 60)])  # a few chunks per computation
def test_labels_are_stored_by_any_scheduler(scheduler, size):
    model, out = segmenter().fit(COFFEE), np.zeros(COFFEE.shape[:2], dtype=np.int32)
    with dask.config.set(scheduler=scheduler):
        assert model.predict(lazy(COFFEE, size), out=out) is out
    assert np.array_equal(out, model.labels_)


# Zarr, HDF5 and the like


@pytest.fixture(params=["zarr", "hdf5", "hdf5 without chunks"])
def stored(request, tmp_path):
    """A function that stores an array in chunks."""
    if request.param == "zarr":
        zarr = pytest.importorskip("zarr")

        def store(array, name="array"):
            found = zarr.create_array(tmp_path / name, shape=array.shape, dtype=array.dtype, chunks=chunks_of(array))
            found[:] = array
            return found

        yield store
        return
    with pytest.importorskip("h5py").File(tmp_path / "file.h5", "w") as file:
        has_chunks = request.param == "hdf5"
        yield lambda array, name="array": file.create_dataset(
            name, data=array, chunks=chunks_of(array) if has_chunks else None
        )


def chunks_of(array):
    return (*(min(32, size) for size in array.shape[:-1]), array.shape[-1])


class Stored:
    """An array that is stored in pieces of some shape."""

    def __init__(self, array, chunks):
        self.array, self.chunks = array, chunks
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, place):
        return self.array[place]


@pytest.mark.parametrize("block_bytes", [1 << 26, 1 << 12, 1 << 9])
@pytest.mark.parametrize(
    ("shape", "chunks"),
    [
        ((600, 6), (600, 2)),
        ((600, 6), (50, 1)),
        ((40, 30, 3), (40, 30, 1)),
        ((40, 30, 3), (7, 11, 2)),
        ((4, 20, 30, 3), (2, 20, 30, 1)),
        ((4, 20, 30, 3), (4, 7, 30, 3)),
    ],
)
def test_pieces_may_have_any_shape(shape, chunks, block_bytes, lower):
    array = np.random.default_rng(0).integers(0, 9, shape, dtype=np.uint8)
    expected = segmenter().fit(array)
    lower(block_bytes=block_bytes)
    found = segmenter().fit(Stored(array, chunks))
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
    assert np.array_equal(found.labels_, expected.labels_)
    assert np.array_equal(found.predict(Stored(array, chunks)), expected.labels_)


@pytest.mark.parametrize("form", ["uint8", "float32", "stack", "table"])
@pytest.mark.parametrize("block_bytes", [1 << 26, 32 * 40 * 3])
def test_stored_arrays_are_read_along_their_chunks(stored, form, block_bytes, lower):
    expected = segmenter().fit(FORMS[form])
    lower(block_bytes=block_bytes)
    X = stored(FORMS[form])
    found = segmenter().fit(X)
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
    assert np.array_equal(found.labels_, expected.labels_)
    assert np.array_equal(found.transform(X), expected.transform(FORMS[form]))
    assert found.score(X) == pytest.approx(expected.score(FORMS[form]))
    out = stored(np.zeros(X.shape[:-1], dtype=np.int32), "labels")
    assert found.predict(X, out=out) is out
    assert np.array_equal(out[:], expected.labels_)


def test_colors_of_stored_arrays_that_never_repeat_are_passed_over(stored, lower):
    lower(block_bytes=32 * 40 * 3 * 8, colors_in_fit=1000, sampled_colors=1000, keys=1000)
    found, expected = segmenter().fit(stored(NOISE)), segmenter().fit(NOISE)
    assert_allclose(found.cluster_centers_, expected.cluster_centers_, rtol=0, atol=1e-9)
    assert np.array_equal(found.labels_, expected.labels_)


class Slices:
    """The least that is read by slices, and a note of them."""

    def __init__(self, array, chunks):
        self._array, self.chunks, self.read = array, chunks, []
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, place):
        self.read.append(self._array[place].shape)
        return self._array[place]


def test_no_more_than_a_block_is_read_at_a_time(lower):
    lower(block_bytes=32 * 40 * 3)
    X = Slices(COFFEE, (32, 32, 3))
    expected = segmenter().fit(COFFEE)
    assert np.array_equal(segmenter().fit(X).cluster_centers_, expected.cluster_centers_)
    assert sum(height * width for height, width, _ in X.read) == 2 * 100 * 150  # for counting, and for labels_
    assert max(height * width for height, width, _ in X.read) <= 32 * 40


def test_slices_may_be_masked(lower):
    lower(block_bytes=32 * 40 * 3 * 8, colors_in_fit=1000, sampled_colors=1000, keys=1000)
    masked = np.ma.MaskedArray(NOISE, np.repeat(NOISE[..., :1] < 0.1, 3, axis=-1))
    found, expected = segmenter().fit(Slices(masked, None)), segmenter().fit(masked)
    assert np.array_equal(found.labels_.mask, expected.labels_.mask)
    assert np.array_equal(found.labels_.data, expected.labels_.data)


@pytest.mark.parametrize("chunks", [True, "auto", ((2, 3), (3,)), (0, 0, 0)])
def test_what_are_no_sizes_of_chunks_is_ignored(chunks):
    X = Slices(COFFEE, chunks)
    assert np.array_equal(segmenter().fit(X).labels_, segmenter().fit(COFFEE).labels_)
    assert RegionSegmenter(n_regions=3).fit(X).labels_.shape == COFFEE.shape[:2]


def test_what_cannot_take_labels_is_refused():
    with pytest.raises(ValueError, match=r"out must be an int32 array of .* got float64 of shape \(100, 150\)"):
        segmenter().fit(COFFEE).predict(COFFEE, out=np.zeros((100, 150)))
