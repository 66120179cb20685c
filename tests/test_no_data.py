"""One rule for nodata: files, arrays with named dimensions and the command mask the same pixels, as rasterio judges."""

import numpy as np
import pytest
import rasterio
import tifffile
import xarray as xr
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from rasterio.transform import Affine

from skseg import KMeansSegmenter, io
from skseg._images import open_single
from skseg._images.named import repainted
from skseg.cli import app

HEIGHT, WIDTH = 12, 3
PLACE = {"crs": "EPSG:32633", "transform": Affine(10, 0, 399960, 0, -10, 5300040)}
DTYPES = [np.uint8, np.uint16, np.uint64, np.int16, np.int32, np.int64, np.float32, np.float64]
NUMBERS = [0, 1, 7, 255, -1, -9999, 0.5, 0.1, 1e300, float("nan"), float("inf"), -3.40282347e38]


def limits(dtype):
    """The largest and the smallest number of a dtype."""
    info = np.finfo(dtype) if np.dtype(dtype).kind == "f" else np.iinfo(dtype)
    return [info.min.item(), info.max.item()] if np.dtype(dtype).kind == "f" else [info.min, info.max]


def kept(numbers, dtype):
    """The numbers that a dtype holds, if need be rounded to its precision."""
    if np.dtype(dtype).kind == "f":
        return [number for number in numbers if dtype is np.float64 or abs(number) < 1e300 or abs(number) == np.inf]
    low, high = limits(dtype)
    return [number for number in numbers if low <= number <= high and number % 1 == 0]


@st.composite
def images(draw):
    """An image of few numbers, and a nodata value, which is often one of them."""
    dtype = draw(st.sampled_from(DTYPES))
    number = draw(st.sampled_from(NUMBERS + limits(dtype)))
    others = [1, 2, 3] + ([float("nan")] if np.dtype(dtype).kind == "f" else [])
    values = st.sampled_from(kept([number], dtype) * 3 + others)
    shape = (HEIGHT, WIDTH, draw(st.integers(1, 5)))
    return np.array(draw(arrays(object, shape, elements=values)).tolist(), dtype=dtype), number


def write(path, pixels, number):
    """Write a raster whose nodata value is a text, whatever the dtype."""
    place = (34264, "d", 16, (10.0, 0.0, 0.0, 5e5, 0.0, -10.0, 0.0, 5e6, *8 * (0.0,)), True)
    colors = {"photometric": "rgb" if pixels.shape[-1] == 3 else "minisblack"}
    colors |= {"planarconfig": "contig"} if pixels.shape[-1] > 1 else {}
    tags = [(42113, "s", 0, str(number), True), place]
    tifffile.imwrite(path, pixels.squeeze(), rowsperstrip=1, extratags=tags, metadata=None, **colors)
    return path


def hidden_by_rasterio(path, dtype, number):
    """The rule, from the mask of each band: of any band for floats and negative numbers, else of all."""
    with rasterio.open(path) as file:
        bands = file.read(masked=bool(kept([number], dtype)))
    hidden = np.ma.getmaskarray(bands) | np.isnan(np.ma.getdata(bands))
    return hidden.any(axis=0) if np.dtype(dtype).kind == "f" or number < 0 else hidden.all(axis=0)


def masked_by_rasterio(name):
    with rasterio.open(name) as file:
        return np.moveaxis(file.read(masked=True), 0, -1)


def skseg(*arguments):
    outcome = CliRunner().invoke(app, list(map(str, arguments)))
    assert outcome.exit_code == 0, outcome.output


def hidden_in(pixels):
    return np.ma.getmaskarray(pixels).any(axis=-1)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The name of a file that is written again and again."""
    return tmp_path_factory.mktemp("rasters") / "scene.tif"


@given(images())
def test_files_and_arrays_mask_the_same_pixels(path, case):
    pixels, number = case
    write(path, pixels, number)
    file = io.ImageFile(path)
    whole = hidden_in(file[:])
    assert np.array_equal(whole, hidden_by_rasterio(path, pixels.dtype.type, number))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", HEIGHT * WIDTH - 1)
        assert file.is_large
        assert np.array_equal(hidden_in(np.ma.concatenate([file[:5], file[5:]])), whole)
    for attributes in ({"_FillValue": number}, {"nodatavals": (number,) * pixels.shape[-1]}):
        named = xr.DataArray(pixels, dims=("y", "x", "band"), attrs=attributes)
        assert np.array_equal(hidden_in(open_single(named.transpose("band", "x", "y")).data), whole)


@given(images(), arrays(bool, (HEIGHT, WIDTH)))
def test_colors_do_not_become_nodata(path, case, mask):
    """Exactly the masked pixels are masked in what is written, although colors have the nodata value."""
    pixels, number = case
    pixels = np.nan_to_num(pixels, nan=5, posinf=6, neginf=7)
    painted = np.ma.MaskedArray(pixels, mask=np.repeat(mask[..., np.newaxis], pixels.shape[-1], axis=-1))
    write(path, pixels, number)
    io.save_image(painted, path.with_name("painted.tif"), like=path)
    written = np.ma.asarray(io.ImageFile(path.with_name("painted.tif"))[:])[..., : pixels.shape[-1]]
    assert np.array_equal(hidden_in(written), mask)
    assert (written.data == pixels)[~mask].all()
    for fill in kept([number, float("nan")], pixels.dtype.type):
        pixels[mask] = fill
        named = xr.DataArray(pixels, dims=("y", "x", "band"), attrs={"nodata": number})
        result = repainted(named, np.ma.MaskedArray(pixels, mask=painted.mask))
        assert np.array_equal(hidden_in(open_single(result).data), mask)
        assert (result.values == pixels)[~mask].all()


@pytest.mark.parametrize(("dtype", "number"), [(np.float32, -9999), (np.float64, 0), (np.int16, -9999)])
@pytest.mark.parametrize("limit", [80, 0.005], ids=["whole", "by rows"])
def test_nodata_in_one_band_gives_the_classes_of_the_array_that_rasterio_masks(
    tmp_path, monkeypatch, dtype, number, limit
):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    pixels = (900 * random.integers(1, 5, (90, 70, 4)) + random.integers(0, 50, (90, 70, 4))).astype(dtype)
    pixels[random.random(pixels.shape) < 0.03] = number
    profile = {"height": 90, "width": 70, "count": 4, "dtype": dtype, "nodata": number, "blockysize": 4} | PLACE
    with rasterio.open("scene.tif", "w", driver="GTiff", **profile) as file:
        file.write(np.moveaxis(pixels, -1, 0))
    masked = masked_by_rasterio("scene.tif")
    assert 500 < hidden_in(masked).sum() < 1000
    segmenter = KMeansSegmenter(4, color_space=None, random_state=0)
    expected, painted = segmenter.fit_predict(masked), segmenter.transform(masked)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", round(limit * 1e6))
    file = io.ImageFile("scene.tif")
    assert file.is_large == (limit < 1)
    named = xr.DataArray(pixels, dims=("y", "x", "band"), attrs={"_FillValue": number}).transpose("band", "y", "x")
    for X in (file, named):
        labels = segmenter.fit(X).predict(X)
        assert np.array_equal(np.ma.filled(labels, -1), expected.filled(-1))
    options = ["-k", 4, "--color-space", "none", "-o", "out", "--max-megapixels", limit]
    skseg("segment", "scene.tif", *options)
    labels, written = masked_by_rasterio("out/scene-labels.tif"), masked_by_rasterio("out/scene-segmented.tif")
    assert np.array_equal(labels[..., 0].filled(255), expected.filled(255))
    assert (written.fill_value == number).all()
    assert np.array_equal(written.mask.all(axis=-1), hidden_in(masked))
    assert np.array_equal(written.compressed(), painted.compressed())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_colors_of_a_palette_do_not_become_nodata(tmp_path, monkeypatch, dtype):
    """Colors from 0 to 1 are compared with the nodata value in the units of the image."""
    monkeypatch.chdir(tmp_path)
    white = np.iinfo(dtype).max
    pixels = np.full((HEIGHT, WIDTH, 3), white - 9, dtype=dtype)
    pixels[:4], pixels[8:] = white, 5
    write("scene.tif", pixels, white)
    skseg("predict", "--palette", "#ffffff,#000000", "scene.tif", "-o", "out")
    written = io.ImageFile("out/scene-segmented.tif")[:]
    assert hidden_in(written).sum() == 4 * WIDTH
    assert not hidden_in(written)[4:].any()
    assert (written[4:8] == white).all()
