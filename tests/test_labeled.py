"""Arrays with named dimensions: read by the names, whatever their order, and given back with their coordinates."""

import warnings
from functools import cache, partial

import numpy as np
import pytest
import xarray as xr
from skimage.data import coffee
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, TileKFold, WhiteBalancer, io, metrics, region_table

IMAGE = coffee()[::8, ::8]
IMAGE.flags.writeable = False
STACK = np.stack([IMAGE, IMAGE[::-1]])
LAYOUTS = [("band", "y", "x"), ("y", "band", "x"), ("y", "x", "band"), ("x", "y", "band")]
PLACES = {"y": 10.0 * np.arange(50)[::-1], "x": 5.0 * np.arange(75), "spatial_ref": 0}
PAINTERS = {
    "clusters": KMeansSegmenter(4, random_state=0),
    "regions": RegionSegmenter(min_size=8),
    "light": WhiteBalancer(),
}
BANDS = {"band": [4, 3, 2], "wavelength": ("band", [665.0, 560.0, 490.0])}


def labeled(image, dims=("band", "y", "x"), channel="band", **attributes):
    names = [*("time",) * (image.ndim - 3), "y", "x", "band"]
    array = xr.DataArray(image, dims=names, coords=PLACES | BANDS, attrs=attributes, name="scene")
    array.encoding = {"grid_mapping": "spatial_ref", "dtype": "uint8", "_FillValue": None}
    return array.transpose(*["time"] * (image.ndim - 3), *dims).rename({"band": channel} if channel != "band" else {})


@cache
def repainted_array(painter):
    """What an estimator of this name makes of the image without names."""
    return PAINTERS[painter].fit(IMAGE).transform(IMAGE)


def segmenter(**params):
    return KMeansSegmenter(4, random_state=0, **params)


def assert_places(result, dims):
    assert result.dims == dims
    assert {"y", "x", "spatial_ref"} <= set(result.coords)
    assert np.array_equal(result.y, PLACES["y"])
    assert result.encoding == {"grid_mapping": "spatial_ref"}


@pytest.mark.parametrize("dims", LAYOUTS)
def test_labels_are_those_of_the_image_in_every_layout(dims):
    X, expected = labeled(IMAGE, dims), segmenter().fit_predict(IMAGE)
    fitted = segmenter().fit(X)
    places = tuple(name for name in dims if name != "band")
    for result in (
        fitted.labels_,
        fitted.predict(X),
        segmenter().fit_predict(X),
        segmenter().partial_fit(X).predict(X),
    ):
        assert_places(result, places)
        assert result.dtype == np.int32
        assert result.attrs == {}
        assert np.array_equal(result.transpose("y", "x"), expected)


@pytest.mark.parametrize("channel", ["channel", "wavelength", "c"])
def test_channels_may_have_other_names(channel):
    X = labeled(IMAGE).drop_vars("wavelength").rename(band=channel)
    assert np.array_equal(segmenter().fit_predict(X), segmenter().fit_predict(IMAGE))


@pytest.mark.parametrize("dims", LAYOUTS)
def test_repainted_images_have_all_that_the_image_has(dims):
    X = labeled(IMAGE, dims, long_name=("red", "green", "blue"))
    for name, painter in PAINTERS.items():
        painted = painter.fit(X).transform(X)
        assert painted.dims == dims
        assert painted.attrs == X.attrs
        assert painted.coords.equals(X.coords)
        assert painted.dtype == X.dtype
        assert np.array_equal(painted.transpose("y", "x", "band"), repainted_array(name))


@pytest.mark.parametrize("n_clusters", [3, 4])
def test_distances_have_a_coordinate_of_their_own(n_clusters):
    """Also where there are as many as channels, in the dtype of the image."""
    X = labeled(IMAGE / 255)
    result = segmenter(output="distance").set_params(n_clusters=n_clusters).fit_transform(X)
    assert_places(result, ("band", "y", "x"))
    assert result.band.values.tolist() == list(range(n_clusters))
    expected = segmenter(output="distance").set_params(n_clusters=n_clusters).fit_transform(IMAGE / 255)
    assert np.array_equal(result.transpose("y", "x", "band"), expected)


def test_converted_colors_and_label_columns():
    X = labeled(IMAGE)
    assert np.array_equal(
        ColorConverter("lab").fit_transform(X).transpose("y", "x", "band"), ColorConverter("lab").fit_transform(IMAGE)
    )
    assert_places(segmenter(output="label").fit_transform(X), ("y", "x"))


def test_pixels_with_nan_are_masked():
    holes = IMAGE / 255
    holes[:5, :5], holes[10, 10, 1] = np.nan, np.nan
    expected = segmenter().fit_predict(np.ma.masked_invalid(holes))
    labels = segmenter().fit_predict(labeled(holes))
    assert labels.attrs == {"_FillValue": -1}
    assert (labels == -1).sum() == 26
    assert np.array_equal(labels, np.ma.filled(expected, -1))
    painted = segmenter().fit_transform(labeled(holes)).transpose("y", "x", "band")
    assert np.isnan(painted.values[10, 10]).tolist() == [False, True, False]
    assert np.array_equal(painted.values[10, 10, [0, 2]], holes[10, 10, [0, 2]])


@pytest.mark.parametrize(
    ("name", "place", "form"),
    [
        ("_FillValue", "attrs", int),
        ("_FillValue", "encoding", np.uint8),
        ("nodata", "attrs", float),
        ("nodata", "encoding", np.array),
        ("missing_value", "attrs", lambda n: np.array([n])),
        ("missing_value", "encoding", int),
        ("nodatavals", "attrs", lambda n: (n,)),
        ("nodatavals", "encoding", lambda n: [n] * 3),
    ],
)
def test_pixels_with_the_nodata_value_are_masked(name, place, form):
    """Also where the number is in an array, or a tuple has one for each band."""
    image = IMAGE.copy()
    image[:5, :5], image[10, 10, 1] = 255, 255
    is_white = image == 255
    for dtype, n_masked in ((np.uint8, 25), (np.int32, 25), (np.float32, is_white.any(axis=-1).sum())):
        X = labeled(image.astype(dtype))
        getattr(X, place)[name] = form(255)
        labels = segmenter().fit_predict(X)
        assert (labels == -1).sum() == n_masked
        assert labels.attrs == {"_FillValue": -1}


@pytest.mark.parametrize("number", ["none", [255, 0], [], (None, None), (np.nan,), np.nan, 1e300, -1, None])
def test_other_words_for_nodata_mask_nothing(number):
    labels = segmenter().fit_predict(labeled(IMAGE, nodata=number))
    assert np.array_equal(labels, segmenter().fit_predict(IMAGE))


def test_label_maps_with_names_are_read_as_label_maps():
    X = labeled(IMAGE.copy(), _FillValue=255)
    X[:, :5] = 255
    fitted = segmenter().fit(X)
    labels = fitted.predict(X)
    painted = fitted.inverse_transform(labels).transpose("y", "x", "band")
    assert (painted[:5] == painted.attrs["_FillValue"]).all()
    assert np.array_equal(painted[5:], fitted.transform(X).transpose("y", "x", "band")[5:])
    assert fitted.score(X, labels) == 1.0


def test_stacks_and_lists():
    fitted = segmenter().fit(labeled(STACK))
    assert fitted.predict(labeled(STACK)).dims == ("time", "y", "x")
    assert fitted.transform(labeled(STACK)).dims == ("time", "band", "y", "x")
    assert RegionSegmenter(min_size=8).fit(labeled(STACK)).predict(labeled(STACK)).dims == ("time", "y", "x")
    images = [labeled(IMAGE), labeled(IMAGE, ("x", "y", "band")), IMAGE]
    for model in (segmenter(), RegionSegmenter(min_size=8)):
        one, other, plain = model.fit(images).predict(images)
        assert one.dims == ("y", "x")
        assert other.dims == ("x", "y")
        assert isinstance(plain, np.ndarray)
        assert np.array_equal(one, plain)
        assert np.array_equal(one, other.transpose("y", "x"))
    assert len(model.hierarchy(images)) == 3


def test_pipelines_keep_the_names():
    pipeline = make_pipeline(WhiteBalancer(), segmenter())
    assert_places(pipeline.fit(labeled(IMAGE)).predict(labeled(IMAGE)), ("y", "x"))
    assert pipeline.set_output(transform="pandas").transform(labeled(IMAGE)).dims == ("band", "y", "x")
    assert pipeline.score(labeled(IMAGE)) == pipeline.score(IMAGE)


def test_tables_with_names_are_tables():
    table = IMAGE.reshape(-1, 3)
    for X in (xr.DataArray(table, dims=("pixel", "band")), xr.DataArray(table.T, dims=("band", "pixel"))):
        assert np.array_equal(segmenter().fit_predict(X), segmenter().fit_predict(table))
    X = xr.DataArray(table, dims=("sample", "feature"))
    assert np.array_equal(segmenter().fit_predict(X), segmenter().fit_predict(table))


@pytest.mark.parametrize(
    "X",
    [
        labeled(IMAGE).drop_vars("band").rename(band="z"),
        labeled(IMAGE).isel(band=0),
        xr.concat([labeled(IMAGE)] * 2, dim="c"),
    ],
    ids=["unknown", "none", "two"],
)
def test_an_unknown_layout_names_the_dimensions(X):
    with pytest.raises(ValueError, match=r"X has the dimensions .*'y', 'x'.* exactly one must be a dimension"):
        segmenter().fit(X)


def test_datasets_are_refused_with_the_way_out():
    dataset = labeled(IMAGE).drop_vars("wavelength").to_dataset("band")
    with pytest.raises(TypeError, match=r'got a Dataset of several. .*X\.to_dataarray\("band"\)'):
        segmenter().fit(dataset)
    assert segmenter().fit_predict(dataset.to_dataarray("band")).dims == ("y", "x")


def test_tiles_are_cut_from_plain_arrays():
    with pytest.raises(TypeError, match="must be a NumPy array"):
        next(TileKFold(2).split(labeled(IMAGE)))


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # of rioxarray
def test_georeferenced_arrays_keep_their_place():
    pytest.importorskip("rioxarray")
    X = labeled(IMAGE).rio.write_crs("EPSG:32633").rio.write_nodata(0)
    labels = segmenter().fit_predict(X)
    assert labels.rio.crs == X.rio.crs
    assert labels.rio.transform() == X.rio.transform()


def nearly(number, dtype):
    """An image of 3 bands with colors around its nodata value, whose mean is the value, if it has to be rounded."""
    image = np.random.default_rng(0).integers(90, 160, (20, 30, 3)).astype(dtype)
    image[10:] = number
    step = np.ones(3, dtype=dtype) if dtype == np.float32 else np.eye(3, dtype=dtype)[np.arange(30) % 3]
    image[10:18:2] += step if number == 0 or dtype == np.float32 else -step
    image[11:18:2] += -step if dtype == np.float32 else step if number == 0 else -step
    return image


@pytest.mark.parametrize(
    ("dtype", "other", "place"),
    [
        (np.uint8, 255, "attrs"),
        (np.uint16, 65535, "encoding"),
        (np.int32, 2**31 - 1, "attrs"),
        (np.float32, np.nan, "encoding"),
    ],
)
@pytest.mark.parametrize("number", [0, 255])
@pytest.mark.parametrize("rows", [20, 18], ids=["masked", "not masked"])
def test_painted_pixels_do_not_become_nodata(dtype, other, number, place, rows):
    """Exactly the pixels that are masked are masked for the next reader, too, although a color is the nodata value."""
    image = nearly(number, dtype)[:rows]
    mask = (image == number).all(axis=-1)
    masked = np.ma.MaskedArray(image, mask=np.repeat(mask[..., np.newaxis], 3, axis=-1))
    X = xr.DataArray(image, dims=("y", "x", "band"), attrs={"units": "m"}).transpose("band", "y", "x")
    getattr(X, place).update({"nodata": number, "nodatavals": (number,) * 3})
    reader = KMeansSegmenter(2, color_space=None, random_state=0)
    for painter in (reader, RegionSegmenter(reader, n_regions=2)):
        painted, expected = (painter.fit(each).transform(each) for each in (X, masked))
        assert (expected[17] == number).all()
        assert np.array_equal(painted.transpose("y", "x", "band").values[~mask], expected.data[~mask])
        assert np.array_equal(reader.fit_predict(painted) == -1, mask)
        free = {"_FillValue": other if number != other else other - 1} if mask.any() else {}
        assert repr(painted.attrs) == repr({"units": "m"} | free)
        assert painted.encoding == {}
        assert painted.dtype == dtype
        assert getattr(X, place)["nodata"] == number  # X is unchanged


def test_without_a_free_number_nothing_is_nodata():
    """The mean of two colors is the gray that stands for nodata, and all other grays occur."""
    grays = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], 3, axis=1)
    pixels = np.concatenate([grays, np.uint8([[6, 7, 8], [8, 7, 6]])])[np.newaxis]
    X = xr.DataArray(pixels, dims=("y", "x", "band"), attrs={"nodata": 7})
    model = KMeansSegmenter(256, init=grays, color_space="rgb").fit(X)
    painted = model.transform(X)
    assert model.labels_.values[0, [7, 256, 257]].tolist() == [-1, 7, 7]
    assert painted.attrs == {}
    assert np.array_equal(painted[0], np.concatenate([grays, grays[[7, 7]]]))


def test_a_lazy_array_is_read_once_by_fit_and_not_for_a_result_that_is_lazy():
    da = pytest.importorskip("dask.array")
    reads = []

    def read(block):
        reads.append(block.shape)
        return block

    X = labeled(IMAGE)
    lazy = X.copy(data=da.from_array(X.data, chunks=-1).map_blocks(read, meta=np.empty((0, 0, 0), np.uint8)))
    model = segmenter().fit(X)
    segmenter().fit(lazy)
    assert len(reads) == 1
    for call in (model.predict, model.transform, WhiteBalancer().fit(X).transform):
        xr.testing.assert_equal(call(lazy).compute(), call(X))
    reads.clear()
    for call in (model.predict, model.transform, WhiteBalancer().fit(X).transform):
        call(lazy)
    assert reads == []


# Coordinates tell which band and which pixel is meant

ESTIMATORS = [segmenter(), RegionSegmenter(min_size=4), WhiteBalancer(), ColorConverter()]
NAMES = [["red", "green", "blue"], [1, 2, 3], [0.65, 0.55, 0.45]]


def with_bands(bands, dims=("band", "y", "x"), image=IMAGE):
    return labeled(image, dims).drop_vars("wavelength").assign_coords(band=bands)


def results_of(estimator):
    return estimator.predict if hasattr(estimator, "predict") else estimator.transform


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("bands", NAMES, ids=lambda bands: type(bands[0]).__name__)
def test_bands_in_another_order_are_refused_as_columns_are(estimator, bands):
    X = with_bands(bands)
    fitted = clone(estimator).fit(X)
    assert fitted.feature_names_in_.tolist() == [str(band) for band in bands]
    turned = X.sel(band=bands[::-1])
    for wrong in (turned, with_bands(["a", "b", "c"]), [X, turned], [IMAGE, turned]):
        with pytest.raises(ValueError, match=f"are named .*, but {bands[0]}, {bands[1]}, {bands[2]} in fit. Select"):
            results_of(fitted)(wrong)
    with pytest.raises(ValueError, match="are named"):
        clone(estimator).fit([X, turned])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for right in (
            X,
            IMAGE,
            [IMAGE, X],
            X.drop_vars("band"),
            turned.sel(band=bands),
            X.assign_coords(band=[1, 1, 1]),
        ):
            results_of(fitted)(right)
        results_of(clone(estimator).fit(IMAGE))(turned)
    assert not hasattr(fitted.fit(IMAGE), "feature_names_in_")


@pytest.mark.parametrize("estimator", ESTIMATORS[:3], ids=lambda each: type(each).__name__)
def test_model_files_keep_the_names_of_bands(tmp_path, estimator):
    X = with_bands([4, 3, 2])
    io.save(clone(estimator).fit(X), tmp_path / "model.skseg")
    loaded = io.load(tmp_path / "model.skseg")
    assert loaded.feature_names_in_.tolist() == ["4", "3", "2"]
    results_of(loaded)(X)
    with pytest.raises(ValueError, match="are named 2, 3, 4, but 4, 3, 2 in fit"):
        results_of(loaded)(X.sel(band=[2, 3, 4]))


@pytest.mark.parametrize("estimator", [segmenter(), WhiteBalancer()], ids=lambda each: type(each).__name__)
def test_bands_of_lazy_arrays_have_names_too(estimator):
    pytest.importorskip("dask.array")
    X = with_bands(["red", "green", "blue"])
    fitted = clone(estimator).fit(X.chunk({"y": 9}))
    assert fitted.feature_names_in_.tolist() == ["red", "green", "blue"]
    xr.testing.assert_equal(results_of(fitted)(X.chunk({"x": 9})).compute(), results_of(fitted)(X))
    with pytest.raises(ValueError, match="are named blue, green, red, but red, green, blue in fit"):
        results_of(fitted)(X.chunk({"y": 9}).sel(band=["blue", "green", "red"])).compute()


def test_scores_and_further_fits_see_the_names_of_bands():
    X = with_bands([1, 2, 3])
    fitted = segmenter().fit(X)
    for call in (fitted.score, fitted.partial_fit, partial(metrics.parsimony, fitted)):
        with pytest.raises(ValueError, match="are named 3, 2, 1, but 1, 2, 3 in fit"):
            call(X.sel(band=[3, 2, 1]))


@pytest.mark.parametrize("shift", [0, 1e-9])
@pytest.mark.parametrize("axis", ["x", "y"])
def test_maps_are_put_at_the_coordinates_of_the_pixels(axis, shift):
    X = with_bands([1, 2, 3]).assign_coords(y=np.arange(IMAGE.shape[0])[::-1] * 10.0, x=np.arange(IMAGE.shape[1]) * 0.1)
    fitted = segmenter().fit(X)
    truth = fitted.labels_ // 2
    turned = truth.isel({axis: slice(None, None, -1)})
    turned = turned.assign_coords({axis: turned[axis] + shift})
    assert not np.array_equal(turned.data, truth.data)
    assert fitted.score(X, turned) == fitted.score(X, truth)
    assert metrics.adjusted_rand(turned, fitted.labels_) == metrics.adjusted_rand(truth, fitted.labels_)
    tables = [region_table(each, X) for each in (turned, truth)]
    means = [name for name in tables[0] if "mean" in name]
    assert len(means) == 3
    assert all(np.array_equal(tables[0][name], tables[1][name]) for name in ["label", "area", *means])
    weighted = [segmenter().fit(X, sample_weight=1.0 * each).cluster_centers_ for each in (turned, truth)]
    assert np.array_equal(*weighted)


def test_maps_of_another_place_are_refused():
    X = with_bands([1, 2, 3]).assign_coords(y=np.arange(IMAGE.shape[0]), x=np.arange(IMAGE.shape[1]))
    fitted = segmenter().fit(X)
    labels = fitted.labels_
    for other in (
        labels.assign_coords(y=labels.y + 0.5),
        labels.assign_coords(x=labels.x * 2),
        labels.assign_coords(x=[0] * IMAGE.shape[1]),
        labels.assign_coords(y=[f"row {row}" for row in range(IMAGE.shape[0])]),
    ):
        with pytest.raises(ValueError, match=r"y and the pixels have different coordinates along '[xy]'\. Align"):
            fitted.score(X, other)
    assert fitted.score(X, labels.drop_vars(["x", "y"])) == 1
