"""Georeferences are read as GDAL reads them."""

import numpy as np
import pytest
import rasterio
import tifffile
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC
from rasterio.transform import Affine

from skseg import io

NORTH_UP = Affine(10, 0, 399960, 0, -10, 5300040)
TURNED = Affine.translation(500000, 4000000) @ Affine.rotation(30) @ Affine.scale(0.5, -0.25)
GCPS = [
    GroundControlPoint(row, col, 500000 + 9 * col, 5000000 - 11 * row, 0)
    for row, col in [(0, 0), (0, 20), (30, 0), (30, 19)]
]


@pytest.fixture
def raster(tmp_path):
    """Write a raster with rasterio."""

    def write(name="scene.tif", *, pixels=None, tags=None, colors=None, **profile):
        pixels = np.zeros((30, 20, 2), dtype=np.uint8) if pixels is None else pixels
        size = {"height": pixels.shape[0], "width": pixels.shape[1], "count": pixels.shape[2], "dtype": pixels.dtype}
        with rasterio.open(tmp_path / name, "w", driver="GTiff", **size, **profile) as file:
            file.write(np.moveaxis(pixels, -1, 0))
            file.update_tags(**(tags or {}))
        return tmp_path / name

    return write


@pytest.mark.parametrize("transform", [NORTH_UP, TURNED])
@pytest.mark.parametrize("kind", ["area", "point"])
@pytest.mark.parametrize("endianness", ["LITTLE", "BIG"])
def test_the_transform_is_rasterios(raster, transform, kind, endianness):
    path = raster(transform=transform, crs="EPSG:32633", tags={"AREA_OR_POINT": kind.title()}, ENDIANNESS=endianness)
    place = io.ImageFile(path).georeference
    with rasterio.open(path) as file:
        assert file.tags()["AREA_OR_POINT"].lower() == kind
        assert np.allclose(place.transform, file.transform, rtol=1e-14)
    assert np.allclose(place.transform, transform, rtol=1e-14)
    assert np.isclose(place.pixel_area, abs(transform.determinant))


@pytest.mark.parametrize(("crs", "code"), [(32633, 32633), (4326, 4326), (3857, 3857), (None, None)])
def test_the_coordinate_system_is_known_by_its_code(raster, crs, code):
    place = io.ImageFile(raster(transform=NORTH_UP, crs=None if crs is None else CRS.from_epsg(crs))).georeference
    assert place.epsg == code


def test_the_area_of_a_pixel_between_angles_is_not_known(raster):
    assert (
        io.ImageFile(raster(transform=Affine(0.1, 0, 5, 0, -0.1, 50), crs="EPSG:4326")).georeference.pixel_area is None
    )


def test_a_coordinate_system_without_a_code_has_none(raster):
    crs = CRS.from_proj4("+proj=laea +lat_0=12 +lon_0=13 +datum=WGS84 +units=m")
    place = io.ImageFile(raster(transform=NORTH_UP, crs=crs)).georeference
    assert place.epsg is None
    assert place.pixel_area == 100


def test_control_points_and_coefficients_are_no_transform(raster):
    rpcs = RPC(height_off=1, height_scale=2, lat_off=3, lat_scale=4, line_den_coeff=[1.0] * 20,
               line_num_coeff=[2.0] * 20, line_off=5, line_scale=6, long_off=7, long_scale=8,
               samp_den_coeff=[3.0] * 20, samp_num_coeff=[4.0] * 20, samp_off=9, samp_scale=10)  # fmt: skip
    for profile in ({"gcps": GCPS, "crs": "EPSG:32633"}, {"rpcs": rpcs}):
        place = io.ImageFile(raster(**profile)).georeference
        assert place.transform is None
        assert place.pixel_area is None
        assert place


def test_other_files_have_no_place(tmp_path):
    for name in ("plain.tif", "plain.png"):
        Image.new("L", (4, 3)).save(tmp_path / name)
        assert io.ImageFile(tmp_path / name).georeference is None


@pytest.mark.parametrize(
    ("tags", "has_transform"),
    [
        ([(33550, "d", 1, (10.0,), True), (33922, "d", 6, (0.0,) * 6, True)], False),
        ([(34264, "d", 3, (10.0, 10.0, 0.0), True)], False),
        ([(34264, "d", 16, tuple(map(float, range(16))), True)], True),
        ([(34735, "H", 3, (1, 1, 0), True)], False),
        ([(34735, "s", 0, "text", True)], False),
        ([(34737, "s", 0, "text", True)], False),
    ],
)
def test_broken_tags_are_no_transform(tmp_path, tags, has_transform):
    tifffile.imwrite(tmp_path / "odd.tif", np.zeros((3, 4), np.uint8), extratags=tags)
    file = io.ImageFile(tmp_path / "odd.tif")
    assert np.asarray(file).shape == (3, 4, 3)
    assert (file.georeference is not None and file.georeference.transform is not None) == has_transform


@pytest.mark.parametrize("number", [0.0, -9999.0, 255.0, -3.4028234663852886e38, np.nan, 0.5])
def test_the_nodata_value_of_a_file_is_that_of_its_results(raster, tmp_path, number):
    pixels = np.ones((30, 20, 2), np.float32)
    like = raster(pixels=pixels, nodata=number, transform=NORTH_UP)
    assert io.ImageFile(like).no_data == pytest.approx(number, nan_ok=True)
    pixels[3:5] = number
    io.save_image(np.ma.MaskedArray(pixels, mask=pixels != 1), tmp_path / "x.tif", like=like)
    with rasterio.open(tmp_path / "x.tif") as judge:
        assert judge.nodata == pytest.approx(number, nan_ok=True)
        assert np.array_equal(judge.read_masks(1) == 0, pixels[..., 0] != 1)


@pytest.mark.parametrize("text", ["", "\x00"])
def test_an_empty_nodata_tag_is_no_number(tmp_path, text):
    tifffile.imwrite(tmp_path / "x.tif", np.zeros((3, 4), np.uint16), extratags=[(42113, "s", 0, text, True)])
    assert not np.ma.is_masked(np.ma.asarray(io.ImageFile(tmp_path / "x.tif")))


def test_each_image_has_its_own_place_beside_masks_and_smaller_copies(tmp_path):
    pixels = np.zeros((30, 20), np.uint8)
    path = tmp_path / "pages.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(pixels[::2, ::2], subfiletype=1, metadata=None)
        for left in (100.0, 200.0):
            points = (0.0, 0.0, 0.0, left, 50.0, 0.0)
            tags = [(33550, "d", 3, (10.0, 10.0, 0.0), True), (33922, "d", 6, points, True)]
            file.write(pixels, metadata=None, extratags=tags)
            file.write(pixels > 0, subfiletype=4, photometric="minisblack", metadata=None)
    assert [page.georeference.transform[2] for page in io.ImageFile(path).pages()] == [100, 200]
