"""Images in files: their bands, pages, masks and sizes, on every layout that is known to have been read wrongly."""

import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import tifffile
from click.testing import CliRunner
from PIL import Image, ImageCms
from rasterio.enums import ColorInterp
from test_io import write_png

from skseg import KMeansSegmenter, io
from skseg.cli import app

PLACE = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 4e5, 0, -10, 5e6)}
BANDS = np.random.default_rng(0).integers(0, 4096, (30, 20, 5), dtype=np.uint16)
RGBA = np.random.default_rng(1).integers(0, 256, (30, 20, 4), dtype=np.uint8)
RGBA[:5, :, 3], RGBA[5:9, :, 3] = 0, 255
GDAL_VERSION = tuple(map(int, rasterio.__gdal_version__.split(".")[:2]))
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, pixels=BANDS, driver="GTiff", **profile):
    size = {"height": pixels.shape[0], "width": pixels.shape[1], "count": pixels.shape[2], "dtype": pixels.dtype}
    with rasterio.open(name, "w", driver=driver, **size, **PLACE | profile) as file:
        file.write(np.moveaxis(pixels, -1, 0))
    return name


def whole_and_by_rows(file):
    """The image, read at once, and from windows of its rows, which must be the same."""
    whole = np.ma.asarray(file)
    rows = np.ma.concatenate([np.ma.asarray(file[start : start + 7]) for start in range(0, len(whole), 7)])
    assert np.array_equal(np.ma.getmaskarray(rows), np.ma.getmaskarray(whole))
    assert np.array_equal(rows.filled(0), whole.filled(0), equal_nan=rows.dtype.kind == "f")
    assert (file.shape, file.dtype) == (whole.shape, whole.dtype)
    return whole


# Layouts of TIFF


@pytest.mark.parametrize("compression", ["webp", "lerc", "zstd", "lzma"])
@pytest.mark.parametrize("place", [PLACE, {}])
def test_compressions_that_pillow_lacks(folder, compression, place):
    options = {"WEBP_LOSSLESS": "YES"} if compression == "webp" else {}
    size = {"height": 30, "width": 20, "count": 3, "dtype": "uint8"}
    with rasterio.open("x.tif", "w", driver="GTiff", compress=compression, **size, **options, **place) as file:
        file.write(np.moveaxis(RGBA[..., :3], -1, 0))
    assert np.array_equal(whole_and_by_rows(io.ImageFile("x.tif")), RGBA[..., :3])


@pytest.mark.skipif(GDAL_VERSION < (3, 10), reason="GDAL fails on NaN in LERC")
def test_nan_in_lerc_is_masked(folder):
    pixels = BANDS.astype(np.float32)
    pixels[3:9] = np.nan
    found = whole_and_by_rows(io.ImageFile(write("x.tif", pixels, compress="lerc")))
    assert np.array_equal(np.ma.getmaskarray(found), np.isnan(pixels))


@pytest.mark.parametrize("planarconfig", ["contig", "separate"])
@pytest.mark.parametrize("n_colors", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_alpha_masks_and_colors_are_straight(folder, planarconfig, n_colors, dtype, kind):
    largest = 1 if dtype == np.float32 else np.iinfo(dtype).max
    colors, alpha = RGBA[..., :n_colors] / 255, RGBA[..., 3:] / 255
    stored = np.concatenate([colors * alpha if kind == "assocalpha" else colors, alpha], axis=-1) * largest
    stored = stored.astype(dtype) if dtype == np.float32 else np.rint(stored).astype(dtype)
    axis = -1 if planarconfig == "contig" else 0
    photometric = "rgb" if n_colors == 3 else "minisblack"
    options = {"photometric": photometric, "planarconfig": planarconfig, "extrasamples": [kind], "metadata": None}
    tifffile.imwrite("x.tif", np.moveaxis(stored, -1, axis), **options)
    found = whole_and_by_rows(io.ImageFile("x.tif"))
    assert found.dtype == dtype
    assert np.array_equal(found.mask, np.repeat(alpha == 0, 3, axis=-1))
    shown = np.broadcast_to(colors, found.shape)
    error = np.abs(found / largest - shown) * np.maximum(alpha, 1 / 255)
    assert error.max() <= 1 / 255 + 1e-6


@pytest.mark.parametrize("largest", [255, 65535])
def test_palettes_old_and_new(folder, largest):
    palette = np.random.default_rng(0).integers(0, 256, (3, 256))
    colormap = (palette * (largest // 255)).astype(np.uint16)
    tifffile.imwrite("x.tif", RGBA[..., 0], photometric="palette", colormap=colormap)
    assert np.array_equal(whole_and_by_rows(io.ImageFile("x.tif")), palette.T[RGBA[..., 0]])


@pytest.mark.parametrize("n_bits", [2, 4])
def test_palettes_of_few_bits_some_of_them_transparent(folder, n_bits):
    numbers = RGBA[..., :1] >> (8 - n_bits)
    palette = np.random.default_rng(0).integers(0, 256, (1 << n_bits, 3))
    with rasterio.open(write("x.tif", numbers, NBITS=n_bits, photometric="palette"), "r+") as file:
        file.write_colormap(1, {number: (*color, 255) for number, color in enumerate(palette.tolist())})
    assert np.array_equal(whole_and_by_rows(io.ImageFile("x.tif")), palette[numbers[..., 0]])
    Image.fromarray(numbers[..., 0]).quantize(1 << n_bits).save("x.png", transparency=1)
    expected = np.ma.asarray(io.ImageFile("x.png"))
    Path("x.pgw").write_text("10\n0\n0\n-10\n5\n5\n", encoding="ascii")
    found = whole_and_by_rows(io.ImageFile("x.png"))
    assert np.array_equal(found.mask, expected.mask)
    assert np.array_equal(found.filled(0), expected.filled(0))


def test_premultiplied_floats_may_be_beyond_1(folder):
    stored = np.float32([[[1.5, 0.5, 0, 0.5], [1.5, 3, 0, 1]]])
    tifffile.imwrite("x.tif", stored, photometric="rgb", extrasamples=["assocalpha"])
    assert np.array_equal(np.asarray(io.ImageFile("x.tif")), np.float32([[[3, 1, 0], [1.5, 3, 0]]]))


def test_white_is_zero_with_alpha(folder):
    stored = np.dstack([RGBA[..., 0], RGBA[..., 3]])
    tifffile.imwrite("x.tif", stored, photometric="miniswhite", planarconfig="contig", extrasamples=["unassalpha"])
    found = whole_and_by_rows(io.ImageFile("x.tif"))
    assert np.array_equal(found.data[..., 0], 255 - RGBA[..., 0])
    assert np.array_equal(found.mask[..., 0], RGBA[..., 3] == 0)


def test_a_color_profile_counts_whoever_decodes_the_file(folder):
    """In a profile whose red and green are swapped, sRGB's red is written as green."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = data.index(b"rXYZ"), data.index(b"gXYZ")
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    swapped = bytes(data).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    options = {"photometric": "rgb", "extratags": [(34675, 7, len(swapped), swapped, True)]}
    tifffile.imwrite("strips.tif", RGBA[..., :3], **options)
    tifffile.imwrite("tiles.tif", RGBA[..., :3], tile=(16, 16), **options)
    for name, decoder in {"strips.tif": "PillowFile", "tiles.tif": "RasterFile"}.items():
        file = io.ImageFile(name)
        assert type(file._file).__name__ == decoder
        assert np.abs(whole_and_by_rows(file).astype(int) - RGBA[..., [1, 0, 2]]).max() <= 2
    assert np.array_equal(np.asarray(io.ImageFile("tiles.tif", bands=[2, 1, 3])), RGBA[..., [1, 0, 2]])


def test_a_palette_without_colors_is_gray(folder):
    rasterio.shutil.copy(write("x.tif", RGBA[..., :1]), "x.vrt", driver="VRT")
    text = Path("x.vrt").read_text(encoding="utf-8")
    Path("x.vrt").write_text(text.replace("Gray</ColorInterp>", "Palette</ColorInterp>"), encoding="utf-8")
    assert np.array_equal(whole_and_by_rows(io.ImageFile("x.vrt")), np.dstack([RGBA[..., 0]] * 3))


def test_broken_rpcs_are_ignored_with_a_warning(folder):
    rasterio.shutil.copy(write("x.tif"), "x.vrt", driver="VRT")
    broken = '<Metadata domain="RPC"><MDI key="HEIGHT_OFF">nothing</MDI></Metadata><VRTRasterBand'
    text = Path("x.vrt").read_text(encoding="utf-8")
    Path("x.vrt").write_text(text.replace("<VRTRasterBand", broken, 1), encoding="utf-8")
    file = io.ImageFile("x.vrt")
    with pytest.warns(UserWarning, match=r"RPCs of '.*x.vrt' are broken and ignored"):
        assert file.georeference.transform == PLACE["transform"]


def test_broken_jpeg_2000_is_refused(folder):
    large = np.kron(BANDS[..., :1], np.ones((40, 40, 1), np.uint16))
    write("x.jp2", large, driver="JP2OpenJPEG", BLOCKXSIZE=256, BLOCKYSIZE=256)
    content = Path("x.jp2").read_bytes()
    Path("x.jp2").write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(ValueError, match=r"x.jp2.*it is damaged, or GDAL does not know its compression"):
        np.asarray(io.ImageFile("x.jp2"))


def test_cmyk_of_16_bits_with_a_place_is_rgb(folder):
    ink = np.random.default_rng(0).integers(0, 65536, (30, 20, 4)).astype(np.uint16)
    tifffile.imwrite("x.tif", ink, photometric="separated")
    c, m, y, k = np.moveaxis(1 - ink / 65535, -1, 0)
    expected = np.stack([c * k, m * k, y * k], axis=-1) * 65535
    assert np.abs(whole_and_by_rows(io.ImageFile("x.tif")).astype(float) - expected).max() <= 0.5


@pytest.mark.parametrize("color", ["cielab", "cfa"])
def test_colors_that_nobody_converts_are_refused(folder, color):
    tifffile.imwrite("x.tif", BANDS[..., :3] if color == "cielab" else BANDS[..., 0], photometric=color)
    with pytest.raises(ValueError, match=r"x.tif.*(convert it to RGB|raw data of a camera)"):
        np.asarray(io.ImageFile("x.tif"))


def test_a_jpeg_in_a_tiff_is_the_same_a_thousand_times_in_threads(folder):
    small = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3)), np.ones((16, 16, 1))).astype(np.uint8)
    options = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "jpeg", "photometric": "ycbcr"}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(write("x.tif", small, **options), "r+") as judge:
        judge.write_mask(small[..., 0] > 20)
    file = io.ImageFile("x.tif")
    expected = file[:]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: file[:], range(1000)))
    assert all(np.array_equal(each.data, expected.data) for each in found)
    assert all(np.array_equal(each.mask, expected.mask) for each in found)


# Nodata and masks


@pytest.mark.parametrize(
    ("dtype", "no_data", "rule"),
    [(np.float32, [-9999, 0, 7], "any"), (np.int16, [-5, -6, -7], "any"), (np.uint16, [0, 1, 2], "all"),
     (np.float32, [np.nan, None, 7], "any"), (np.uint8, [0, None, 0], "all")],
)  # fmt: skip
def test_each_band_has_its_own_nodata(folder, dtype, no_data, rule):
    random = np.random.default_rng(0)
    pixels = random.integers(20, 50, (30, 20, 3)).astype(dtype)
    is_missing = random.random(pixels.shape) < 0.4
    for band, number in enumerate(no_data):
        pixels[..., band][is_missing[..., band]] = 60 if number is None else number
        write(f"{band}.tif", pixels[..., band : band + 1], nodata=number)
    known = is_missing[..., [number is not None for number in no_data]]
    expected = known.any(axis=-1) if rule == "any" else known.all(axis=-1)
    file = io.ImageFile([f"{band}.tif" for band in range(3)])
    assert file.no_data is None
    assert np.array_equal(whole_and_by_rows(file).mask, np.repeat(expected[..., np.newaxis], 3, axis=-1))


def test_files_beside_an_image_are_read(folder):
    photo = np.kron(RGBA[:6, :5, :3], np.ones((8, 8, 1), np.uint8))
    Image.fromarray(photo).save("x.png")
    file = io.ImageFile("x.png")
    assert file.georeference is None
    Path("x.pgw").write_text("10\n0\n0\n-10\n5\n5\n", encoding="ascii")
    assert file.georeference.transform == rasterio.Affine(10, 0, 0, 0, -10, 10)
    assert repr(file).endswith("of uint8, coordinates>")
    assert np.array_equal(whole_and_by_rows(file), photo)
    Path("x.pgw").rename("x.PGW")
    assert file.georeference.transform == rasterio.Affine(10, 0, 0, 0, -10, 10)
    Path("x.PGW").unlink()
    with rasterio.open("x.png.msk", "w", driver="GTiff", height=48, width=40, count=1, dtype="uint8") as mask:
        mask.write(photo[..., 0] > 100, 1)
        mask.update_tags(INTERNAL_MASK_FLAGS_1="2")
    assert np.array_equal(whole_and_by_rows(file).mask, np.repeat(photo[..., :1] <= 100, 3, axis=-1))
    Path("x.png.msk").unlink()
    Path("x.png.aux.xml").write_text("<PAMDataset><PAMRasterBand band='1'/></PAMDataset>", encoding="ascii")
    assert file.georeference is None


def test_a_turned_picture_that_gdal_reads_is_upright(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = np.kron(RGBA[:6, :5, :3], np.ones((16, 16, 1), np.uint8))
    Image.fromarray(photo).save("x.jpg", quality=100, subsampling=0, exif=exif)
    upright = np.asarray(io.ImageFile("x.jpg"))
    with rasterio.open("x.jpg.msk", "w", driver="GTiff", height=96, width=80, count=1, dtype="uint8") as mask:
        mask.write(np.tri(96, 80, dtype=np.uint8), 1)
        mask.update_tags(INTERNAL_MASK_FLAGS_1="2")
    found = np.ma.asarray(io.ImageFile("x.jpg"))
    assert found.shape == upright.shape == (80, 96, 3)
    assert np.abs(found.data.astype(int) - upright).max() <= 2
    assert np.array_equal(found.mask[..., 0], np.rot90(np.tri(96, 80) == 0, -1))


def test_turned_files_are_upright_as_bands_too(folder):
    for name in ("x.tif", "y.tif"):
        tifffile.imwrite(name, BANDS[..., 0], extratags=[(274, "H", 1, 6, True)])
    expected = np.asarray(io.ImageFile("x.tif"))[..., :2]
    assert np.array_equal(np.asarray(io.ImageFile(["x.tif", "y.tif"])), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_every_orientation_is_upright(folder, orientation, compression):
    Image.fromarray(RGBA[..., 0]).save("x.tif", tiffinfo={274: orientation}, compression=compression)
    by_pillow = io.ImageFile("x.tif")
    assert by_pillow.shape == np.asarray(by_pillow).shape
    tifffile.imwrite("y.tif", RGBA[..., 0].astype(np.uint16), extratags=[(274, "H", 1, orientation, True)])
    assert np.array_equal(np.asarray(io.ImageFile("x.tif")), np.asarray(io.ImageFile("y.tif")))
    assert np.array_equal(io.ImageFile("y.tif")[3:8], np.asarray(io.ImageFile("x.tif"))[3:8])


# Bands


def test_bands_are_chosen_and_ordered(folder):
    write("x.tif")
    file = io.ImageFile("x.tif", bands=[4, 2])
    assert np.array_equal(whole_and_by_rows(file), BANDS[..., [3, 1]])
    assert np.array_equal(io.ImageFile("x.tif", bands=[3]), np.dstack([BANDS[..., 2]] * 3))
    Image.fromarray(RGBA).save("x.png")
    assert np.array_equal(np.ma.asarray(io.ImageFile("x.png", bands=[3, 1])).data, RGBA[..., [2, 0]])
    assert np.array_equal(np.ma.asarray(io.ImageFile("x.png", bands=[2])).data, np.dstack([RGBA[..., 1]] * 3))
    for name, bands in {"x.tif": [6], "x.png": [4], "x.tif ": [0], "x.png ": []}.items():
        with pytest.raises(ValueError, match=r"bands must be numbers from 1 to [35]; got"):
            np.asarray(io.ImageFile(name.strip(), bands=bands))
    with pytest.raises(ValueError, match="bands must be numbers from 1, or 'pages'; got 'all' instead"):
        io.ImageFile("x.tif", bands="all")


def test_files_are_bands_of_one_image(folder):
    names = [write(f"B{band}.tif", BANDS[..., band : band + 1]) for band in range(5)]
    file = io.ImageFile(names)
    assert file.pages() == [file]
    assert file.band_names == ("B0", "B1", "B2", "B3", "B4")
    assert np.array_equal(whole_and_by_rows(file), BANDS)
    shuffled = io.ImageFile(names, bands=[5, 1, 2])
    assert shuffled.band_names == ("B4", "B0", "B1")
    assert np.array_equal(whole_and_by_rows(shuffled), BANDS[..., [4, 0, 1]])
    assert repr(shuffled).endswith("3 channels (B4, B0, B1) of uint16, EPSG:32633>")


def test_bands_with_one_name_are_told_apart(folder):
    for year in ("20", "21"):
        Path(year).mkdir()
        write(f"{year}/B02.tif", BANDS[..., :1])
    file = io.ImageFile(["20/B02.tif", "21/B02.tif"])
    assert file.band_names == ("B02 (1)", "B02 (2)")
    assert io.ImageFile(["20/B02.tif", "21/B02.tif"], bands=[1, 1]).band_names == ("B02 (1)", "B02 (2)")


def test_georeferences_may_differ_by_rounding(folder):
    near = rasterio.Affine(10, 0, 4e5 + 1e-7, 0, -10, 5e6)
    files = [write("one.tif", BANDS[..., :1]), write("other.tif", BANDS[..., :1], transform=near)]
    assert io.ImageFile(files).shape == (30, 20, 2)
    gone = {"crs": None, "transform": None}
    with pytest.raises(ValueError, match="other lies elsewhere on the map than one"):
        assert io.ImageFile([files[0], write("other.tif", BANDS[..., :1], **gone)]).shape


def test_paths_and_bands_of_another_kind_are_refused(folder):
    with pytest.raises(ValueError, match="path must be a file, or some files; got none"):
        io.ImageFile([])
    with pytest.raises(TypeError, match="float"):
        io.ImageFile(write("x.tif"), bands=[1.5])


def test_parts_of_a_raster_are_parts_of_its_array(folder):
    file = io.ImageFile(write("x.tif"))
    for part in (np.s_[3:9], np.s_[3:9, 2:5], np.s_[4:, ::2, 1], np.s_[3], np.s_[3, 4], np.s_[::2], np.s_[..., 0]):
        assert np.array_equal(file[part], BANDS[part])


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"pixels": BANDS[:9, :, :1]}, "other has 20 × 9 pixels, but one has 20 × 30"),
        ({"pixels": BANDS[..., :1].astype(np.uint8)}, "other holds uint8, but one holds uint16"),
        ({"pixels": BANDS[..., :1], "crs": "EPSG:32634"}, "other lies elsewhere on the map than one"),
        ({"pixels": BANDS[..., :1], "transform": rasterio.Affine(20, 0, 0, 0, -20, 0)}, "other lies elsewhere"),
    ],
)
def test_files_that_are_not_alike_are_no_bands(folder, other, message):
    write("one.tif", BANDS[..., :1])
    write("other.tif", **other)
    with pytest.raises(ValueError, match=message):
        np.asarray(io.ImageFile(["one.tif", "other.tif"]))


def test_pages_are_bands_if_that_is_asked_for(folder):
    tifffile.imwrite("x.tif", np.moveaxis(BANDS, -1, 0), photometric="minisblack")
    assert len(io.ImageFile("x.tif").pages()) == 5
    file = io.ImageFile("x.tif", bands="pages")
    assert file.band_names == tuple(f"page {number}" for number in range(1, 6))
    assert np.array_equal(whole_and_by_rows(file), BANDS)
    with pytest.raises(ValueError, match="page must be None"):
        io.ImageFile("x.tif", 1, bands="pages")
    with pytest.raises(ValueError, match=r"'x.tif' has 5 pages, but bands are files of one image"):
        np.asarray(io.ImageFile(["x.tif", "x.tif"]))
    frames = [Image.fromarray(RGBA[..., band]) for band in range(3)]
    frames[0].save("x.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match="its pages cannot be bands"):
        np.asarray(io.ImageFile("x.gif", bands="pages"))


def test_channels_have_their_names(folder):
    channels = np.moveaxis(BANDS[..., :2], -1, 0)
    tifffile.imwrite("x.ome.tif", channels, metadata={"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP"]}})
    assert io.ImageFile("x.ome.tif").band_names == ("DAPI", "GFP")
    tifffile.imwrite("y.tif", channels, imagej=True, metadata={"axes": "CYX"})
    assert io.ImageFile("y.tif").band_names == ("channel 1", "channel 2")


def test_planes_that_are_declared_but_not_there_are_refused(folder):
    tifffile.imwrite("x.ome.tif", np.moveaxis(BANDS, -1, 0), metadata={"axes": "CYX"})
    content = Path("x.ome.tif").read_bytes()
    assert b'SizeC="5"' in content
    Path("x.ome.tif").write_bytes(content.replace(b'SizeC="5"', b'SizeC="9"'))
    with pytest.raises(ValueError, match=r"x.ome.tif.*it declares planes \{'C': 9\}, but has 5 pages"):
        io.ImageFile("x.ome.tif").pages()


def test_scale_and_offset_are_applied_on_demand(folder):
    with rasterio.open(write("x.tif"), "r+") as file:
        file.scales, file.offsets = (0.5, 2, 1, 1, 1), (0, 10, -1, 0, 0)
    assert np.array_equal(io.ImageFile("x.tif"), BANDS)
    scaled = io.ImageFile("x.tif", scaled=True)
    expected = BANDS * np.float32([0.5, 2, 1, 1, 1]) + np.float32([0, 10, -1, 0, 0])
    assert np.array_equal(whole_and_by_rows(scaled), expected)
    assert scaled.dtype == np.float32
    assert io.ImageFile(write("y.tif"), scaled=True).dtype == np.uint16
    with rasterio.open(write("z.tif", RGBA[..., :1], crs=None, transform=None), "r+") as file:
        file.scales = (0.5,)
    assert np.array_equal(io.ImageFile("z.tif", scaled=True), np.dstack([RGBA[..., 0] / np.float32(2)] * 3))


def test_the_command_reads_bands_and_stacks(folder):
    names = [write(f"B{band}.tif", BANDS[..., band : band + 1]) for band in range(4)]
    options = ["--color-space", "none", "-k", "3", "--table", "t.csv", "--overwrite", "-o", "out"]
    outcome = CliRunner().invoke(app, ["segment", *names, "--stack", "--bands", "4,1", *options])
    assert outcome.exit_code == 0, outcome.output
    assert outcome.output.startswith("B0.tif and 3 more: 20 × 30 pixels of B3, B0 -> out/B0-segmented.tif")
    assert "intensity_mean-B3,intensity_mean-B0" in Path("t.csv").read_text(encoding="utf-8").splitlines()[0]
    with rasterio.open("out/B0-labels.tif") as file:
        expected = KMeansSegmenter(3, color_space=None, random_state=0).fit_predict(BANDS[..., [3, 0]])
        assert np.array_equal(file.read(1), expected)
        assert file.transform == PLACE["transform"]
    options = ["--color-space", "none", "-k", "3", "--resume", "-o", "out"]
    assert "is done" in CliRunner().invoke(app, ["segment", *names, "--stack", "--bands", "4,1", *options]).output
    tifffile.imwrite("pages.tif", np.moveaxis(BANDS[..., :4], -1, 0), photometric="minisblack")
    outcome = CliRunner().invoke(app, ["segment", "pages.tif", "--bands", "pages", *options])
    assert "20 × 30 pixels of page 1, page 2, page 3, page 4" in outcome.output
    for bands in ("0", "1,x", ""):
        assert "neither pages nor numbers" in CliRunner().invoke(app, ["segment", *names, "--bands", bands]).output


# What counts as an image


def test_thumbnails_labels_and_smaller_copies_of_a_slide_are_no_images(folder):
    image = np.kron(RGBA[..., :3], np.ones((16, 16, 1), np.uint8))
    with tifffile.TiffWriter("slide.svs") as file:
        aperio = "Aperio Image Library v11.2.1\n480x320 [0,0 480x320] (240x240) JPEG/RGB Q=30|AppMag = 20"
        common = {"photometric": "rgb", "metadata": None, "subfiletype": 0}
        file.write(image, tile=(240, 240), description=aperio, **common)
        file.write(image[::4, ::4], description=aperio, **common)
        file.write(image[::2, ::2], tile=(240, 240), description=aperio, **common)
        file.write(
            image[:48, :48], description="Aperio Image Library v11.2.1\nlabel 48x48", **common | {"subfiletype": 1}
        )
    pages = io.ImageFile("slide.svs").pages()
    assert len(pages) == 1
    assert np.array_equal(pages[0], image)


@pytest.mark.parametrize("has_transparency", [False, True])
def test_a_fourth_channel_of_photoshop_is_transparency_if_the_file_says_so(folder, has_transparency):
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 4, *RGBA.shape[:2], 8, 3)
    layers = struct.pack(">IIh2x", 8, 4, -1 if has_transparency else 1)
    pixels = bytes(2) + np.moveaxis(RGBA, -1, 0).tobytes()
    Path("x.psd").write_bytes(header + bytes(8) + layers + pixels)
    found = np.ma.asarray(io.ImageFile("x.psd"))
    assert np.array_equal(found.data, RGBA[..., :3])
    assert np.array_equal(np.ma.getmaskarray(found)[..., 0], (RGBA[..., 3] == 0) & has_transparency)


def test_the_preview_of_a_raw_photo_is_no_image(folder):
    with tifffile.TiffWriter("x.dng") as file:
        dng = [(50706, "B", 4, (1, 4, 0, 0), True)]
        file.write(RGBA[::4, ::4, :3], photometric="rgb", subfiletype=1, subifds=1, extratags=dng, metadata=None)
        file.write(BANDS[..., 0], photometric="cfa", metadata=None)
    with pytest.raises(ValueError, match=r"x.dng.* raw data of a camera; develop it first"):
        np.asarray(io.ImageFile("x.dng").pages()[0])


def test_a_file_without_an_image_is_an_error(folder):
    Path("x.txt").write_text("1 2 3\n4 5 6\n", encoding="ascii")
    numbers = {"BITPIX": "8", "NAXIS": "2", "NAXIS1": "4", "NAXIS2": "3"}
    cards = ["SIMPLE  =                    T", *(f"{name:8}= {value:>20}" for name, value in numbers.items()), "END"]
    Path("x.fits").write_bytes("".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880))
    for name, reason in {
        "x.txt": "its format, or this kind of it, is unknown",
        "x.fits": "its format is FITS; read it with astropy",
    }.items():
        outcome = CliRunner().invoke(app, ["segment", name])
        assert outcome.exit_code == 1
        assert f"Cannot read '{name}' as an image: {reason}" in outcome.output


def test_what_a_directory_holds_besides_images_is_told(folder):
    Path("photos/raw").mkdir(parents=True)
    Image.fromarray(RGBA[..., :3]).save("photos/x.png")
    for name in ("notes.txt", "more.txt", "table.csv", ".hidden"):
        Path("photos", name).write_text("text", encoding="ascii")
    outcome = CliRunner().invoke(app, ["segment", "photos", "-k", "2"])
    assert outcome.exit_code == 0
    assert outcome.stderr == "photos: left out, as they are no images: 1 .csv, 2 .txt, 1 folder\n"


# Bits, and what people see


def test_avif_of_more_than_8_bits_is_read_with_a_warning(folder):
    imagecodecs = pytest.importorskip("imagecodecs")
    if ".avif" not in Image.registered_extensions():
        pytest.skip("Pillow without AVIF")
    Path("x.avif").write_bytes(imagecodecs.avif_encode(RGBA[..., :3], level=90))
    assert np.asarray(io.ImageFile("x.avif")).shape == (30, 20, 3)
    Path("y.avif").write_bytes(imagecodecs.avif_encode(BANDS[..., :3] >> 2, level=90, bitspersample=10))
    with pytest.warns(UserWarning, match=r"'y.avif' has 10 bits for each number; Pillow gives the upper 8"):
        assert io.ImageFile("y.avif").shape == (30, 20, 3)


def test_without_rasterio_pictures_are_read_and_rasters_refused(folder, request):
    write("scene.tif")
    write("scene.jp2", driver="JP2OpenJPEG")
    write("deep.png", BANDS[..., :3], driver="PNG", crs=None, transform=None)
    Path("deep.png.aux.xml").unlink(missing_ok=True)
    Image.fromarray(RGBA).save("x.png")
    Image.fromarray(RGBA[..., :3]).save("x.tif")
    request.getfixturevalue("without_rasterio")
    for name in ("scene.tif", "scene.jp2"):
        with pytest.raises(ValueError, match=rf'{name}.* python -m pip install "skseg\[raster\]"'):
            np.asarray(io.ImageFile(name))
    with pytest.warns(UserWarning, match=r"'deep.png' has 16 bits for each number; Pillow gives the upper 8"):
        assert np.array_equal(np.asarray(io.ImageFile("deep.png")), BANDS[..., :3] >> 8)
    for name in ("x.png", "x.tif"):
        assert np.array_equal(np.ma.getdata(np.ma.asarray(io.ImageFile(name))), RGBA[..., :3])
    with pytest.MonkeyPatch.context() as limit:
        limit.setattr(Image, "MAX_IMAGE_PIXELS", 599)
        with pytest.raises(ValueError, match=r"x.tif.*600 pixels, more than the 599"):
            np.asarray(io.ImageFile("x.tif"))
    io.save_labels(np.eye(5, dtype=int), "labels.tif", [[0.0], [1.0]])
    assert np.array_equal(tifffile.imread("labels.tif"), np.eye(5))


def test_a_transparent_color_of_16_bits_needs_rasterio(folder, request):
    write_png(folder / "x.png", BANDS[..., :3], 16, transparent=BANDS[0, 0, :3], turned=False)
    request.getfixturevalue("without_rasterio")
    with (
        pytest.warns(UserWarning, match="16 bits"),
        pytest.raises(ValueError, match=r"x.png.*transparent color has 16 bits.*skseg\[raster\]"),
    ):
        np.asarray(io.ImageFile("x.png"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Pillow, for this format
def test_numbers_that_are_no_colors_are_refused(folder):
    Image.fromarray(BANDS[..., 0].astype(np.int32)).save("x.im")
    with pytest.raises(ValueError, match=r"x.im.* it holds int32; 8 bits, 16 bits and black-and-white can be read"):
        np.asarray(io.ImageFile("x.im"))


def test_errors_of_decoders_that_are_no_sentences_say_that_a_file_is_broken(folder, monkeypatch):
    def fail(path):
        raise KeyError(273)

    Image.fromarray(RGBA).save("x.png")
    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(ValueError, match=r"x.png' as an image: it is broken"):
        np.asarray(io.ImageFile("x.png"))


@pytest.mark.parametrize("name", ["x.tif", "x.png", "gray.tif"])
def test_a_notebook_shows_a_small_image(folder, name):
    pixels = {"x.tif": BANDS, "x.png": RGBA, "gray.tif": BANDS[..., :1]}[name]
    pixels = np.repeat(np.repeat(pixels, 20, axis=0), 20, axis=1)
    if name == "x.png":
        Image.fromarray(pixels).save(name)
    else:
        write(name, pixels, nodata=0)
    html = io.ImageFile(name)._repr_html_()
    assert "400 × 600 pixels" in html
    assert "data:image/png;base64," in html


def test_a_notebook_shows_no_image_that_cannot_be_read_or_is_too_large(folder, monkeypatch):
    Image.fromarray(RGBA).resize((200, 200)).save("x.png")
    Path("x.png").write_bytes(Path("x.png").read_bytes()[:500])
    write("x.tif", blockysize=4)
    with rasterio.open(write("small.tif", blockysize=4), "r+") as file:
        file.build_overviews([2])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    shown = {name: "<img" in io.ImageFile(name)._repr_html_() for name in ("x.png", "x.tif", "small.tif")}
    assert shown == {"x.png": False, "x.tif": False, "small.tif": True}


def test_a_vrt_file_opens_no_connection(folder):
    """Whatever a file names as its source, nobody else hears of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.tif"
        for source in (address, f"/vsicurl/{address}", f"/vsicurl_streaming/{address}", f"WMS:{address}?SERVICE=WMS"):
            band = f"<SimpleSource><SourceFilename>{source}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
            Path("x.vrt").write_text(
                '<VRTDataset rasterXSize="3" rasterYSize="3"><VRTRasterBand dataType="Byte" band="1">'
                f"{band}</VRTRasterBand></VRTDataset>",
                encoding="utf-8",
            )
            with pytest.raises(ValueError, match=r"x.vrt"):
                np.asarray(io.ImageFile("x.vrt"))
            with pytest.raises(TimeoutError):
                server.accept()


def test_an_alpha_band_may_lie_between_others(folder):
    with rasterio.open(write("x.tif", RGBA, photometric="minisblack"), "r+") as file:
        file.colorinterp = [ColorInterp.gray, ColorInterp.alpha, ColorInterp.undefined, ColorInterp.undefined]
    found = whole_and_by_rows(io.ImageFile("x.tif"))
    assert np.array_equal(found.data, RGBA[..., [0, 2, 3]])
    assert np.array_equal(found.mask[..., 0], RGBA[..., 1] == 0)
