"""Label maps, weights and files with named dimensions: everything is as with the same data as a masked array."""

from itertools import cycle, permutations

import numpy as np
import pytest
import xarray as xr
from skimage.data import coffee

from skseg import (
    KMeansSegmenter,
    RegionDisplay,
    RegionSegmenter,
    SegmentationDisplay,
    WhiteBalancer,
    clean_labels,
    io,
    metrics,
    region_table,
)

IMAGE = np.ascontiguousarray(coffee()[::8, 100:500:8])  # square: a transposed map has the same shape
IMAGE.flags.writeable = False
COLORS = KMeansSegmenter(5, random_state=0).fit(IMAGE)
PALETTE = COLORS.inverse_transform(np.arange(5))
REGIONS = RegionSegmenter(n_regions=9, min_size=8).fit(IMAGE)
MISSING = np.zeros((50, 50), dtype=bool)
MISSING[:7, 5:] = MISSING[30:, 11] = True
MASKED = np.ma.MaskedArray(COLORS.labels_, mask=MISSING)
PREDICTED = np.ma.MaskedArray(KMeansSegmenter(4, random_state=1).fit_predict(IMAGE), mask=MISSING.T)
WEIGHTS = np.random.default_rng(0).random((50, 50))
AGREEMENTS = [getattr(metrics, name) for name in metrics.__all__ if name.startswith(("adj", "prob", "var", "cov"))]
PLACES = [("y", "x"), ("x", "y"), ("lon", "lat"), ("column", "row")]
NUMBERS = [(np.int32, -1), (np.int16, -999), (np.uint8, 255), (np.uint16, 65535), (np.float32, np.nan)]
NUMBERS_AND_PLACES = [(*number, place) for number, place in zip(NUMBERS, cycle(PLACES), strict=False)]
INTEGERS_AND_PLACES = [case for case in NUMBERS_AND_PLACES if np.dtype(case[0]).kind in "iu"]
LAYOUTS = [("band", "y", "x"), ("y", "x", "band"), ("x", "band", "y")]


def rows_first(dims):
    return sorted(dims, key=lambda name: name not in ("y", "lat", "row"))


def named(values, dims=("y", "x"), **attributes):
    """An array whose axes are rows and columns, with these names, in the order of `dims`."""
    return xr.DataArray(values, dims=rows_first(dims), attrs=attributes).transpose(*dims)


def with_no_data(labels, dtype, number, dims=("y", "x")):
    return named(labels.astype(dtype).filled(number), dims, _FillValue=number)


def scene(image, dims=("band", "y", "x"), **attributes):
    return xr.DataArray(image, dims=("y", "x", "band"), attrs=attributes).transpose(*dims)


@pytest.mark.parametrize(("dtype", "number", "dims"), NUMBERS_AND_PLACES)
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_agreement_ignores_pixels_without_a_label(agreement, dtype, number, dims):
    assert len(AGREEMENTS) == 4
    truth, predicted = (with_no_data(labels, dtype, number, dims) for labels in (MASKED, PREDICTED))
    expected = agreement(MASKED, PREDICTED)
    assert agreement(truth, predicted) == expected
    assert agreement(MASKED, predicted) == expected
    assert agreement(truth, PREDICTED) == expected
    assert agreement([truth], [predicted]) == expected


def test_agreement_with_several_annotators():
    expected = metrics.covering([MASKED, PREDICTED], COLORS.labels_)
    maps = [with_no_data(MASKED, int, -1), with_no_data(PREDICTED, int, -1, ("x", "y"))]
    together = xr.concat(maps, "annotator", combine_attrs="override")
    for truth in (maps, together, together.transpose("y", "x", "annotator"), tuple(maps)):
        assert metrics.covering(truth, named(COLORS.labels_)) == expected
        assert REGIONS.score(IMAGE, truth) == metrics.covering([MASKED, PREDICTED], REGIONS.labels_)


@pytest.mark.parametrize(("dtype", "number", "dims"), NUMBERS_AND_PLACES[::2])
def test_scores_ignore_pixels_without_a_true_label(dtype, number, dims):
    truth, fitted = with_no_data(MASKED, dtype, number, dims), KMeansSegmenter(4, random_state=1).fit(IMAGE)
    X = xr.DataArray(IMAGE, dims=(*rows_first(dims), "band"))
    for given in (IMAGE, X, X.transpose("band", *dims)):
        assert fitted.score(given, truth) == fitted.score(IMAGE, MASKED)
        assert fitted.score([given], [truth]) == fitted.score(IMAGE, MASKED)
        assert fitted.score(given, [truth, PREDICTED]) == fitted.score(IMAGE, [MASKED, PREDICTED])
        assert fitted.score(given, truth, named(WEIGHTS, dims)) == fitted.score(IMAGE, MASKED, WEIGHTS)
        assert REGIONS.score(given, truth) == metrics.covering(MASKED, REGIONS.labels_)


@pytest.mark.parametrize(("dtype", "number", "dims"), NUMBERS_AND_PLACES[1::3])
def test_costs_are_learned_from_pixels_with_a_true_label(dtype, number, dims):
    image, labels = IMAGE[::2, ::2], MASKED[::2, ::2]
    expected = RegionSegmenter(min_size=5, cost="learn").fit(image, labels).weights_
    truth = with_no_data(labels, dtype, number, dims)
    X = xr.DataArray(image, dims=(*rows_first(dims), "band"))
    for y in (truth, [truth], xr.concat([truth], "annotator")):
        assert RegionSegmenter(min_size=5, cost="learn").fit(X, y).weights_ == expected


@pytest.mark.parametrize(("dtype", "number", "dims"), INTEGERS_AND_PLACES)
def test_label_maps_are_cleaned_measured_and_written_as_masked_arrays(tmp_path, dtype, number, dims):
    labels = with_no_data(MASKED, dtype, number, dims)
    for suffix in ("png", "tif"):
        io.save_labels(labels, tmp_path / f"named.{suffix}", PALETTE)
        io.save_labels(MASKED, tmp_path / f"masked.{suffix}", PALETTE)
        assert (tmp_path / f"named.{suffix}").read_bytes() == (tmp_path / f"masked.{suffix}").read_bytes()
    for X in (IMAGE, IMAGE[..., 0]):
        for name, column in region_table(MASKED, X).items():
            assert np.array_equal(region_table(labels, X)[name], column)
    cleaned, expected = clean_labels(labels, 9, PALETTE), clean_labels(MASKED, 9, PALETTE)
    assert cleaned.dims == dims
    assert cleaned.dtype == expected.dtype
    assert cleaned.attrs == {"_FillValue": -1}
    assert np.array_equal(cleaned.transpose(*rows_first(dims)), expected.filled(-1))
    painted = COLORS.inverse_transform(labels)
    assert painted.dims == ("band", *dims)
    assert np.array_equal(COLORS.predict(painted).transpose(*rows_first(dims)), MASKED.filled(-1))


def test_negative_labels_are_no_labels_in_any_array(tmp_path):
    labels = MASKED.filled(-1)
    assert np.array_equal(clean_labels(labels, 9, PALETTE), clean_labels(MASKED, 9, PALETTE).filled(-1))
    for form in (labels, named(labels), MASKED):
        io.save_labels(form, tmp_path / "labels.png", PALETTE)
        assert (np.asanyarray(io.ImageFile(tmp_path / "labels.png")).mask[..., 0] == MISSING).all()


def test_cleaned_maps_keep_coordinates_and_need_no_mask():
    labels = named(COLORS.labels_, long_name="cover").assign_coords(y=np.arange(50.0)[::-1])
    cleaned = clean_labels(labels, 9, PALETTE)
    assert np.array_equal(cleaned.y, labels.y)
    assert cleaned.attrs == {}
    assert np.array_equal(cleaned, clean_labels(COLORS.labels_, 9, PALETTE))


@pytest.mark.parametrize(
    ("dtype", "dims"),
    list(zip([np.uint8, np.uint16, np.int16, np.float32, np.uint8], cycle(LAYOUTS), strict=False)),
)
def test_images_are_written_with_rows_first_and_channels_last(tmp_path, dtype, dims):
    image = IMAGE[:3].astype(dtype)  # three rows of fifty pixels: with bands first, it could be one with 50 channels
    image[0, :9] = 255
    masked = np.ma.MaskedArray(image, mask=np.repeat((image == 255).all(axis=-1, keepdims=True), 3, axis=-1))
    holes = np.where(masked.mask, np.nan, image) if np.dtype(dtype).kind == "f" else image
    for X, expected in ((scene(image, dims), image), (scene(holes, dims, _FillValue=255), masked)):
        for suffix in ("tif", "png") if dtype == np.uint8 else ("tif",):
            io.save_image(X, tmp_path / f"named.{suffix}")
            io.save_image(expected, tmp_path / f"plain.{suffix}")
            named, plain = (np.asanyarray(io.ImageFile(tmp_path / f"{name}.{suffix}")) for name in ("named", "plain"))
            assert np.array_equal(np.ma.getmaskarray(named), np.ma.getmaskarray(plain))
            assert np.ma.allequal(named, plain)
    io.save_image(X.isel(band=0), tmp_path / "gray.tif")
    io.save_image(np.ma.masked_equal(image[..., 0], 255), tmp_path / "plain.tif")
    assert np.ma.allequal(*(np.asanyarray(io.ImageFile(tmp_path / name)) for name in ("gray.tif", "plain.tif")))


def test_images_of_unknown_layout_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="exactly one must be a dimension of channels"):
        io.save_image(scene(IMAGE).rename(band="z"), tmp_path / "image.tif")


@pytest.mark.parametrize(
    ("dims", "dtype"), [(("y", "x"), np.float64), (("x", "y"), np.float32), (("x", "y"), np.uint16)]
)
def test_weights_are_put_into_the_order_of_the_image(dims, dtype):
    weights = (1000 * WEIGHTS).astype(dtype)
    for model in (KMeansSegmenter(4, random_state=0), WhiteBalancer()):
        attribute = "light_" if isinstance(model, WhiteBalancer) else "cluster_centers_"
        expected = getattr(model.fit(IMAGE, sample_weight=weights), attribute)
        transposed = getattr(model.fit(IMAGE, sample_weight=weights.T), attribute)
        assert not np.array_equal(expected, transposed)
        given = named(weights, dims)
        for X, w in ((scene(IMAGE), given), (scene(IMAGE, ("x", "y", "band")), given), (IMAGE, given)):
            assert np.array_equal(getattr(model.fit(X, sample_weight=w), attribute), expected)
            assert np.array_equal(getattr(model.fit([X], sample_weight=[w]), attribute), expected)
        pixels = {"northing": "y", "easting": "x"}
        X, w = (each.rename({old: new for new, old in pixels.items()}) for each in (scene(IMAGE), given))
        assert np.array_equal(getattr(model.fit(X, sample_weight=w), attribute), expected)
    assert metrics.adjusted_rand(named(COLORS.labels_, dims), named(PREDICTED.data, ("x", "y")), given) == (
        metrics.adjusted_rand(COLORS.labels_, PREDICTED.data, weights)
    )


def test_weights_without_a_number_are_zero():
    weights = np.where(MISSING, np.nan, WEIGHTS)
    expected = KMeansSegmenter(4, random_state=0).fit(IMAGE, sample_weight=np.ma.masked_invalid(weights))
    found = KMeansSegmenter(4, random_state=0).fit(scene(IMAGE), sample_weight=named(weights))
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)


def test_the_only_band_of_a_map_does_not_count():
    """As of a raster that rioxarray has read."""
    band = named(COLORS.labels_).expand_dims(band=[1])
    assert metrics.covering(COLORS.labels_, band) == 1
    assert clean_labels(band, 0, PALETTE).dims == ("y", "x")
    for labels in (band, band.isel(band=0)):  # without the dimension, a coordinate is left
        painted = COLORS.inverse_transform(labels)
        assert painted.dims == ("band", "y", "x")
        assert np.array_equal(painted.transpose("y", "x", "band"), COLORS.transform(IMAGE))
    assert np.array_equal(region_table(band, IMAGE)["area"], region_table(COLORS.labels_)["area"])
    fitted = KMeansSegmenter(4, random_state=0).fit(scene(IMAGE), sample_weight=named(WEIGHTS).expand_dims("band"))
    expected = KMeansSegmenter(4, random_state=0).fit(IMAGE, sample_weight=WEIGHTS)
    assert np.array_equal(fitted.cluster_centers_, expected.cluster_centers_)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda wrong: KMeansSegmenter(4).fit(scene(IMAGE), sample_weight=wrong), "sample_weight"),
        (lambda wrong: WhiteBalancer().fit(scene(IMAGE), sample_weight=wrong), "sample_weight"),
        (lambda wrong: COLORS.score(scene(IMAGE), wrong), "y"),
        (lambda wrong: COLORS.score(scene(IMAGE), COLORS.labels_, wrong), "sample_weight"),
        (lambda wrong: metrics.covering(wrong, named(COLORS.labels_)), "labels_true"),
        (lambda wrong: region_table(wrong, scene(IMAGE)), "label_map"),
    ],
)
def test_names_that_do_not_belong_are_refused(call, name):
    message = rf"{name} has the dimensions 'a', 'x', but the pixels have 'y', 'x'.*pass .*: {name}\.to_numpy\(\)"
    with pytest.raises(ValueError, match=message):
        call(named(COLORS.labels_).rename(y="a"))


def test_several_arrays_are_no_map():
    with pytest.raises(TypeError, match="label_map must be an array; got a Dataset"):
        region_table(named(COLORS.labels_).to_dataset(name="cover"))


@pytest.mark.parametrize(("dims", "dtype"), [(("y", "x"), np.uint8), (("x", "y"), np.int16), (("x", "y"), np.float32)])
def test_gray_images_without_a_dimension_of_channels_are_measured(dtype, dims):
    gray = IMAGE[..., 0].astype(dtype)
    expected = region_table(MASKED, np.ma.masked_equal(gray, 40))
    table = region_table(with_no_data(MASKED, int, -1), named(gray, dims, _FillValue=40))
    assert list(table) == list(expected)
    assert all(np.array_equal(table[name], expected[name]) for name in expected)


@pytest.mark.parametrize("output", ["color", "label", "distance"])
@pytest.mark.parametrize("dims", LAYOUTS)
def test_outputs_are_inverted_with_their_names(output, dims):
    holes = np.ma.MaskedArray(IMAGE / 255, mask=np.repeat(MISSING[..., np.newaxis], 3, axis=-1))
    segmenter = KMeansSegmenter(4, output=output, random_state=0).fit(holes)
    X = scene(holes.filled(np.nan), dims).assign_coords(x=np.arange(50.0))
    inverted = segmenter.inverse_transform(segmenter.transform(X))
    expected = segmenter.inverse_transform(segmenter.transform(holes))
    places = [name for name in dims if name != "band"]
    assert inverted.dims == (("band", *places) if output == "label" else dims)
    assert np.array_equal(inverted.x, X.x)
    assert np.array_equal(inverted.transpose("y", "x", "band"), expected.filled(np.nan), equal_nan=True)


def test_inverted_labels_of_a_table_are_a_table():
    colors = COLORS.inverse_transform(xr.DataArray(np.arange(5), dims="cluster"))
    assert type(colors) is np.ndarray
    assert np.array_equal(colors, PALETTE)


@pytest.mark.parametrize(
    ("dtype", "attributes", "dims"),
    [
        (np.uint8, {"_FillValue": 0}, LAYOUTS[0]),
        (np.float32, {}, LAYOUTS[1]),
    ],
)
def test_displays_show_the_image_upright_without_its_missing_pixels(dtype, attributes, dims):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    unit = np.iinfo(dtype).max if attributes else 1
    image = (IMAGE[:40] / 255 * unit).astype(dtype)
    masked = np.ma.MaskedArray(image, mask=np.repeat(MISSING[:40, :, np.newaxis], 3, axis=-1))
    X = scene(masked.filled(0 if attributes else np.nan), dims, **attributes)
    for model, display in (
        (KMeansSegmenter(4, random_state=0), SegmentationDisplay),
        (RegionSegmenter(min_size=8), RegionDisplay),
    ):
        expected = display.from_estimator(model.fit(masked), masked)
        model.fit(X)
        for image in (None, X, masked):
            shown = display.from_estimator(model, X, image=image)
            for name, value in vars(expected).items():
                if isinstance(value, np.ndarray) and value.dtype != object:
                    assert np.array_equal(np.ma.getmaskarray(vars(shown)[name]), np.ma.getmaskarray(value))
                    assert np.ma.allequal(vars(shown)[name], value)
            for ax, other in zip(shown.axes_, expected.axes_, strict=True):
                assert np.array_equal(ax.images[0].get_array(), other.images[0].get_array())
        pyplot.close("all")


@pytest.mark.parametrize(("dtype", "number", "dims"), INTEGERS_AND_PLACES[:2])
def test_label_maps_are_shown_as_masked_arrays(dtype, number, dims):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    expected = SegmentationDisplay.from_predictions(IMAGE, MASKED)
    for image in (IMAGE, scene(IMAGE), scene(IMAGE, ("x", "band", "y"))):
        shown = SegmentationDisplay.from_predictions(image, with_no_data(MASKED, dtype, number, dims))
        assert np.array_equal(shown.label_map.filled(9), expected.label_map.filled(9))
        assert np.array_equal(shown.image, expected.image)
        assert np.array_equal(shown.colors, expected.colors)
    with pytest.raises(ValueError, match=r"label_map has the dimensions 'y', 't', but the pixels have 'y', 'x'"):
        SegmentationDisplay.from_predictions(scene(IMAGE), named(COLORS.labels_).rename(x="t"))
    pyplot.close("all")


@pytest.mark.parametrize("n_annotators", [None, 3])  # as many as images
def test_true_labels_of_a_stack_of_regions_are_matched_by_name(n_annotators):
    image = IMAGE[::3, ::3]
    frames = np.stack([image, image[::-1], image[:, ::-1]])
    X = xr.DataArray(frames, dims=("time", "y", "x", "band"))
    truth = xr.DataArray(frames[..., 0] // 100, dims=("time", "y", "x"))
    if n_annotators:
        truth = xr.concat([truth, (truth + 1) % 2, truth * 0][:n_annotators], dim="annotator").transpose("time", ...)
    model = RegionSegmenter(min_size=4).fit(X)
    expected = model.score(list(frames), list(truth.to_numpy()))
    for dims in [*permutations(truth.dims)][:: 1 if n_annotators is None else 4]:
        assert model.score(X, truth.transpose(*dims)) == expected


def test_a_collection_of_named_arrays_is_the_list_of_them():
    class Collection:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return xr.DataArray(IMAGE.transpose(2, 0, 1)[:, index:], dims=("band", "y", "x"))

    collection = Collection()
    model = KMeansSegmenter(3, random_state=0).fit(collection)
    for labels, expected in zip(model.predict(collection), model.predict([collection[0], collection[1]]), strict=True):
        assert labels.identical(expected)
