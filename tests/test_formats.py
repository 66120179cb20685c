"""Files of every format are read with all their bits; the table in the docs says which."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import tifffile
from PIL import Image
from scipy.io import netcdf_file

from skseg import io

PAGE = Path(__file__).parents[1] / "docs" / "files.md"
RANDOM = np.random.default_rng(0)
WIDE = RANDOM.integers(0, 65536, (30, 20, 3), dtype=np.uint16)
RGB = (WIDE >> 8).astype(np.uint8)
BANDS = RANDOM.integers(0, 4096, (30, 20, 5), dtype=np.uint16)
PLACE = {"crs": "EPSG:32633", "transform": rasterio.Affine(10, 0, 4e5, 0, -10, 5e6)}
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def pillow(pixels, **options):
    """Write by Pillow."""

    def write(path):
        Image.fromarray(pixels).save(path, **options)
        return [pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)]

    return write


def gdal(driver, pixels, **options):
    """Write by rasterio."""

    def write(path):
        size = {"height": pixels.shape[0], "width": pixels.shape[1], "count": pixels.shape[2], "dtype": pixels.dtype}
        with rasterio.open(path, "w", driver=driver, **size, **options) as file:
            file.write(np.moveaxis(pixels, -1, 0))
        return [pixels]

    return write


def tiff(pixels, expected=None, **options):
    """Write by tifffile."""

    def write(path):
        tifffile.imwrite(path, pixels, **{"photometric": "minisblack"} | options)
        return [pixels] if expected is None else expected

    return write


def as_frames(path):
    frames = [Image.fromarray(np.full((30, 20, 3), gray, np.uint8)) for gray in (0, 80, 160)]
    frames[0].save(path, save_all=True, append_images=frames[1:], loop=0)
    return [np.asarray(frame) for frame in frames]


def as_flat_psd(path):
    """A file of Photoshop without layers: the composite alone."""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, *RGB.shape[:2], 8, 3)
    path.write_bytes(header + struct.pack(">IIIH", 0, 0, 0, 0) + np.moveaxis(RGB, -1, 0).tobytes())
    return [RGB]


def as_black_and_white(path):
    Image.fromarray(RGB[..., 0] > 128).save(path)
    return [np.where(RGB[..., :1] > 128, np.full(3, 255), 0).astype(np.uint8)]


def as_pfm(path):
    numbers = RANDOM.random((30, 20), dtype=np.float32)
    path.write_bytes(b"Pf\n20 30\n-1.0\n" + numbers[::-1].tobytes())
    return [np.dstack([numbers] * 3)]


def as_vrt(path):
    """A file that names another one."""
    gdal("GTiff", BANDS, **PLACE)(path.with_name("source.tif"))
    rasterio.shutil.copy(path.with_name("source.tif"), path, driver="VRT")
    return [BANDS]


def as_hdf5(path):
    with h5py.File(path, "w") as file:
        file["one"], file["other"] = WIDE[..., 0], WIDE[..., 1]
    return [np.dstack([WIDE[..., band]] * 3) for band in (0, 1)]


def as_netcdf(path):
    with netcdf_file(path, "w") as file:
        for name, size in (("band", 5), ("y", 30), ("x", 20)):
            file.createDimension(name, size)
        file.createVariable("reflectance", "f4", ("band", "y", "x"))[:] = np.moveaxis(BANDS, -1, 0)
    return [BANDS[::-1].astype(np.float32)]  # rows without coordinates lead up, by convention


VOLUME = RANDOM.integers(0, 4096, (2, 3, 30, 20), dtype=np.uint16)  # planes, channels
STACK = [np.moveaxis(plane, 0, -1) for plane in VOLUME]
PILLOW, GDAL = "Pillow", "GDAL"
# Format, suffix of the file, what is read, who decodes it, and a function that writes a file and gives its content.
FORMATS = [
    ("PNG", ".png", "8 bits, gray or color", PILLOW, pillow(RGB)),
    ("PNG", ".png", "16 bits, gray", PILLOW, pillow(WIDE[..., 0])),
    ("PNG", ".png", "16 bits, color", GDAL, gdal("PNG", WIDE)),
    ("GIF", ".gif", "each frame", PILLOW, as_frames),
    ("WebP", ".webp", "each frame", PILLOW, pillow(RGB, lossless=True, exact=True)),
    ("BMP", ".bmp", "8 bits", PILLOW, pillow(RGB)),
    ("TGA", ".tga", "8 bits", PILLOW, pillow(RGB)),
    ("Photoshop", ".psd", "the composite", PILLOW, as_flat_psd),
    ("PPM, PGM", ".ppm", "8 bits", PILLOW, pillow(RGB)),
    ("PPM, PGM", ".ppm", "16 bits, binary", GDAL, gdal("PNM", WIDE)),
    ("PBM", ".pbm", "black-and-white", PILLOW, as_black_and_white),
    ("PFM", ".pfm", "float32, gray", PILLOW, as_pfm),
    ("TIFF", ".tif", "8 bits, gray or RGB", PILLOW, pillow(RGB)),
    ("TIFF", ".tif", "all integers and floats, any bands", GDAL, tiff(BANDS, planarconfig="contig")),
    ("OME-TIFF", ".ome.tif", "channels as bands, each plane", GDAL, tiff(VOLUME, STACK, metadata={"axes": "ZCYX"})),
    (
        "TIFF of ImageJ", ".ij.tif", "channels as bands, each plane", GDAL,
        tiff(VOLUME, STACK, imagej=True, metadata={"axes": "ZCYX"}),
    ),
    ("GeoTIFF, COG", ".tif", "all bands, georeferenced", GDAL, gdal("COG", BANDS, **PLACE)),
    ("JPEG 2000", ".jp2", "8 and 16 bits, georeferenced", GDAL,
     gdal("JP2OpenJPEG", BANDS, QUALITY=100, REVERSIBLE="YES", **PLACE)),
    ("GDAL VRT", ".vrt", "all bands, georeferenced", GDAL, as_vrt),
    ("ENVI", ".img", "all bands, georeferenced", GDAL, gdal("ENVI", BANDS, **PLACE)),
    ("ERDAS Imagine", ".img", "all bands, georeferenced", GDAL, gdal("HFA", BANDS, **PLACE)),
    ("ESRI BIL", ".bil", "all bands, georeferenced", GDAL, gdal("EHdr", BANDS, **PLACE)),
    ("NetCDF", ".nc", "all bands of a variable", GDAL, as_netcdf),
    ("HDF5", ".h5", "each data set", GDAL, as_hdf5),
]  # fmt: skip


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: f"{row[0]}, {row[2]}")
def test_every_format_is_read_with_all_its_bits(tmp_path, row):
    _, suffix, content, decoder, write = row
    path = tmp_path / f"image{suffix}"
    expected = write(path)
    pages = io.ImageFile(path).pages()
    assert len(pages) == len(expected)
    for page, pixels in zip(pages, expected, strict=True):
        assert (page.shape, page.dtype) == (pixels.shape, pixels.dtype)
        assert np.array_equal(np.asarray(page), pixels)
        assert np.array_equal(page[7:19], pixels[7:19])
        assert type(page._file).__name__ == {PILLOW: "PillowFile", GDAL: "RasterFile"}[decoder]
    assert ("georeferenced" in content) == (pages[0].georeference is not None)


def test_the_table_in_the_docs_says_what_is_read():
    rows = [f"| {name} | `{suffix}` | {content} | {decoder} |" for name, suffix, content, decoder, _ in FORMATS]
    table = "\n".join(["| format | suffix | content | decoded by |", "|---|---|---|---|", *rows])
    assert table in PAGE.read_text(encoding="utf-8"), table
