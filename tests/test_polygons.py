"""save_polygons: valid polygons that cover a label map exactly; shapely, rasterio and GDAL are the judges."""

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.features import rasterize
from shapely.geometry import shape
from skimage.data import coffee

from skseg import KMeansSegmenter, RegionSegmenter, io, region_table

UTM = Affine(20.0, 0.0, 399960.0, 0.0, -20.0, 5300040.0)
TURNED = Affine.translation(500, 70) @ Affine.rotation(33) @ Affine.scale(0.3, 0.7)


@pytest.fixture
def write(tmp_path):
    """Write the polygons of a label map, and read the file."""

    def save(label_map, **options):
        io.save_polygons(label_map, tmp_path / "map.geojson", **options)
        return json.loads((tmp_path / "map.geojson").read_text())

    return save


def assert_exact(label_map, collection, transform=None):
    """The polygons are valid, and rasterized they are the label map."""
    assert collection["type"] == "FeatureCollection"
    labels = np.ma.filled(np.ma.asarray(label_map).astype(np.int32), -1)
    geometries = [(shape(feature["geometry"]), feature["properties"]["label"]) for feature in collection["features"]]
    assert [label for _, label in geometries] == sorted(set(labels.ravel().tolist()) - {-1})
    for geometry, label in geometries:
        assert shapely.is_valid(geometry), shapely.is_valid_reason(geometry)
        scale = 1 if transform is None else abs(transform.determinant)
        assert geometry.area == pytest.approx((labels == label).sum() * scale)
        for polygon in getattr(geometry, "geoms", [geometry]):
            assert polygon.exterior.is_ccw
            assert not any(hole.is_ccw for hole in polygon.interiors)
    if geometries:
        options = {} if transform is None else {"transform": transform}
        drawn = rasterize(geometries, labels.shape, fill=-1, dtype="int32", **options)
        assert (drawn == labels).all()
    else:
        assert (labels == -1).all()


CHECKERBOARD = np.indices((7, 8)).sum(axis=0) % 2
NESTED = np.minimum(*(np.minimum(axis, axis[::-1, ::-1]) for axis in np.indices((11, 11)))) % 2  # holes within holes
TOUCHING_HOLES = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
PINCHED = np.array([[0, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0], [1, 1, 0, 0]])  # a hole meets the outside at a corner


@pytest.mark.parametrize(
    "label_map",
    [
        np.zeros((1, 1), int),
        np.zeros((3, 4), int),
        np.array([[0, 1, 1, 2, 0]]),
        np.array([[0], [1], [1], [0]]),
        CHECKERBOARD,
        CHECKERBOARD * 3 + 2,
        NESTED,
        TOUCHING_HOLES,
        PINCHED,
        np.arange(30).reshape(5, 6),
        np.ma.masked_equal(CHECKERBOARD, 0),
        np.ma.masked_all((3, 4), int),
        np.full((2, 2), -1),
        np.array([[0, 255]], dtype=np.uint8),
        np.array([[-128, 127]], dtype=np.int8),
    ],
)
@pytest.mark.parametrize("transform", [None, UTM, TURNED])
def test_polygons_are_the_label_map(write, label_map, transform):
    expected = np.ma.masked_less(label_map, 0)
    assert_exact(expected, write(label_map, transform=transform), transform)


@given(st.integers(0, 10**6), st.tuples(st.integers(1, 14), st.integers(1, 14)), st.integers(1, 4), st.floats(0, 0.8))
def test_so_are_those_of_any_map(tmp_path_factory, seed, size, n_labels, masked):
    rng = np.random.default_rng(seed)
    label_map = np.ma.array(rng.integers(0, n_labels, size), mask=rng.random(size) < masked)
    path = tmp_path_factory.getbasetemp() / "any.geojson"
    io.save_polygons(label_map, path)
    assert_exact(label_map, json.loads(path.read_text()))


@pytest.mark.parametrize("transform", [UTM])
def test_so_are_those_of_classes_with_thousands_of_parts_and_of_regions(write, transform):
    image = coffee()[::2, ::2]
    for labels in (KMeansSegmenter(8, random_state=0).fit_predict(image), RegionSegmenter().fit_predict(image)):
        assert_exact(labels, write(labels, transform=transform), transform)


@pytest.mark.parametrize("transform", [None, UTM, TURNED])
def test_files_do_not_depend_on_what_is_done_together(tmp_path, lower, transform):
    labels = np.ma.masked_equal(np.random.default_rng(0).integers(0, 6, (40, 30)), 2)
    labels[10:30, 5:25] = 5
    files = []
    for n_runs, n_points in ((1 << 18, 1 << 16), (1, 1), (150, 7), (300, 100)):
        lower(outlined_runs=n_runs, written_points=n_points)
        io.save_polygons(labels, tmp_path / "map.geojson", transform=transform, properties=region_table(labels))
        files.append((tmp_path / "map.geojson").read_bytes())
    assert len(set(files)) == 1
    assert_exact(labels, json.loads(files[0]), transform)


# Geometry


def test_coordinates_are_columns_and_rows_from_the_upper_left_corner(write):
    (feature,) = write(np.ma.masked_equal([[-1, -1, -1], [-1, 5, 5]], -1))["features"]
    assert feature["type"] == "Feature"
    assert feature["geometry"]["type"] == "Polygon"
    (ring,) = feature["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert sorted(ring[1:]) == [[1, 1], [1, 2], [3, 1], [3, 2]]


def test_a_label_is_one_feature_of_all_its_parts(write):
    one, other = write([[0, 1, 0], [1, 1, 0]])["features"]
    assert (one["geometry"]["type"], other["geometry"]["type"]) == ("MultiPolygon", "Polygon")
    assert len(one["geometry"]["coordinates"]) == 2


def test_a_transform_has_six_numbers_or_is_an_affine(write):
    assert write(PINCHED, transform=tuple(UTM)[:6]) == write(PINCHED, transform=UTM)
    (feature,) = write([[0]], transform=(10, 0, 100, 0, -5, 200))["features"]
    (ring,) = feature["geometry"]["coordinates"]
    assert sorted(ring[1:]) == [[100, 195], [100, 200], [110, 195], [110, 200]]


# Properties


def test_a_feature_has_its_label_and_its_number_of_pixels(write):
    features = write([[3, 3], [3, 4]], transform=UTM)["features"]
    assert [feature["properties"] for feature in features] == [{"label": 3, "area": 3}, {"label": 4, "area": 1}]


def test_colors_are_written_for_qupath_and_as_hex_codes(write):
    colors = np.array([[0, 0, 0], [255, 128, 0]], dtype=np.uint8)
    (feature,) = write([[1]], colors=colors)["features"]
    assert feature["properties"] == {"label": 1, "area": 1, "color": [255, 128, 0], "fill": "#ff8000"}
    assert write([[1]], colors=colors / 255)["features"] == [feature]


def test_a_table_gives_the_properties(write):
    table = region_table(PINCHED, np.where(PINCHED == 1, np.nan, 2.5))
    first, second = (feature["properties"] for feature in write(PINCHED, properties=table)["features"])
    assert first["intensity_mean"] == 2.5
    assert second["intensity_mean"] is None  # JSON has no NaN
    assert (first["area"], second["bbox-2"], second["share"]) == (10, 4, 6 / 16)


def test_properties_may_be_lists_of_anything_in_any_order_with_more_labels(write):
    properties = {"label": [2, 1, 0], "name": ["c", "b", "a"], "classification": [{"name": "x"}] * 3}
    names = [feature["properties"]["name"] for feature in write([[0, 2]], properties=properties)["features"]]
    assert names == ["a", "c"]


def test_properties_may_be_a_data_frame(write, pandas):
    frame = pandas.DataFrame(region_table(PINCHED))
    assert write(PINCHED, properties=frame)["features"][0]["properties"]["share"] == 10 / 16


@pytest.mark.parametrize(
    ("crs", "name"), [(32633, "urn:ogc:def:crs:EPSG::32633"), ("urn:ogc:def:crs:OGC:1.3:CRS84",) * 2]
)
def test_the_coordinate_system_is_named(write, crs, name):
    assert write([[0]], crs=crs, transform=UTM)["crs"] == {"type": "name", "properties": {"name": name}}
    assert "crs" not in write([[0]])


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's programs are not installed")
def test_gdal_reads_it(tmp_path):
    io.save_polygons(PINCHED, tmp_path / "map.geojson", transform=UTM, crs=32633, properties=region_table(PINCHED))
    command = ["ogrinfo", "-al", tmp_path / "map.geojson"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert 'ID["EPSG",32633]' in told
    assert "Feature Count: 2" in told
    assert "Extent: (399960.000000, 5299960.000000) - (400040.000000, 5300040.000000)" in told
    assert "area (Integer) = 10" in told


# Files


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "map.geojson"
    path.write_text("before")
    with pytest.raises(ValueError, match="colors must hold a color for each label up to 1; got 1"):
        io.save_polygons([[0, 1]], path, colors=[[0.5]])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_labeled_arrays_have_no_polygons_where_they_have_no_data(write):
    xarray = pytest.importorskip("xarray")
    labels = xarray.DataArray([[0, 9], [1, 9]], dims=("y", "x"), attrs={"_FillValue": 9})
    assert_exact(np.ma.masked_equal([[0, 9], [1, 9]], 9), write(labels))


def test_properties_may_be_lists_of_numbers_of_numpy(write):
    properties = {
        "label": [np.int64(0), np.uint8(1)],
        "size": [np.float32(0.5), np.float32("nan")],
        "is": [np.True_] * 2,
    }
    features = write([[0, 1]], properties=properties)["features"]
    expected = [{"label": 0, "area": 1, "size": 0.5, "is": True}, {"label": 1, "area": 1, "size": None, "is": True}]
    assert [feature["properties"] for feature in features] == expected


@pytest.mark.parametrize(
    ("label_map", "options", "message"),
    [
        ([[0.5]], {}, "label_map must hold labels, which are integers; got float64"),
        ([0, 1], {}, r"label_map must have two dimensions, and pixels; got the shape \(2,\)"),
        (np.zeros((0, 4), dtype=int), {}, r"label_map must have two dimensions, and pixels; got the shape \(0, 4\)"),
        ([[0]], {"transform": (1, 0, 0, 0, 1)}, "transform must hold the 6 numbers"),
        ([[0]], {"transform": (1, 2, 0, 2, 4, 0)}, "and be invertible; got"),
        ([[0]], {"transform": (1, 0, np.nan, 0, 1, 0)}, "transform must hold"),
        ([[0]], {"properties": {"name": ["a"]}}, "among them 'label' .*; got 'name' of 1 instead"),
        ([[0]], {"properties": {}}, "got none instead"),
        ([[0, 1]], {"properties": {"label": [0]}}, "with each label of label_map; got 'label' of 1"),
        ([[0]], {"properties": {"label": [0], "name": []}}, "columns of one length"),
    ],
)
def test_errors_say_what_is_allowed(tmp_path, label_map, options, message):
    with pytest.raises(ValueError, match=message):
        io.save_polygons(label_map, tmp_path / "map.geojson", **options)
    assert not list(tmp_path.iterdir())


def test_the_name_must_be_that_of_json(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.geojson or \.json; got 'map\.shp'"):
        io.save_polygons([[0]], Path(tmp_path, "map.shp"))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dates_are_text_and_missing_values_null(write, library):
    frames = pytest.importorskip(library)
    day = datetime(2026, 2, 1)
    table = frames.DataFrame({"label": [0, 1], "day": [day, None], "share": [0.5, None], "name": ["a", "NaT"]})
    first, second = (feature["properties"] for feature in write([[0, 1]], properties=table)["features"])
    assert first == {"label": 0, "area": 1, "day": str(day), "share": 0.5, "name": "a"}
    assert second == {"label": 1, "area": 1, "day": None, "share": None, "name": "NaT"}


def test_dates_of_numpy_are_text(write):
    days = np.array(["2026-02-01", "NaT"], dtype="datetime64[ns]").astype("datetime64[D]")
    for dtype in ("datetime64[D]", "datetime64[ns]"):
        features = write([[0, 1]], properties={"label": [0, 1], "day": days.astype(dtype)})["features"]
        assert features[0]["properties"]["day"].startswith("2026-02-01")
        assert features[1]["properties"]["day"] is None
