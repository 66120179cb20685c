"""Images as they are stored in files, before they are decoded, and the limit on their size."""

from typing import NamedTuple

from PIL import Image

_PLAIN_BYTES = 4  # of Pillow for a pixel; larger pixels count as several


class Layer(NamedTuple):
    """A dataset of GDAL with bands of an image.

    Attributes
    ----------
    dataset : its name, as GDAL knows it
    name : for messages, and for a band without a name of its own
    mask : name of a dataset that is 0 where pixels are masked, or None
    is_premultiplied : whether colors are multiplied by alpha
    """

    dataset: str
    name: str
    mask: str | None = None
    is_premultiplied: bool = False


class Stored(NamedTuple):
    """An image in a file.

    Attributes
    ----------
    layers : the datasets with its bands; () if GDAL does not read it
    page : its number in the file, as Pillow counts; None for the only one
    is_plain : whether Pillow decodes all of it
    n_pixels : their number, if GDAL decodes it when it is large; else 0
    orientation : by TIFF's numbers, unless Pillow decodes it
    problem : the reason why nobody decodes it, or ""
    """

    layers: tuple[Layer, ...] = ()
    page: int | None = None
    is_plain: bool = False
    n_pixels: int = 0
    orientation: int = 1
    problem: str = ""


class NeedsRasterioError(ValueError):
    """A file is not read without rasterio."""

    def __str__(self) -> str:
        return f'{super().__str__()}; it needs rasterio: python -m pip install "skseg[raster]"'


def is_lying(orientation: int) -> bool:
    """Whether an orientation, by the numbers of TIFF and EXIF, exchanges height and width."""
    return 5 <= orientation <= 8


def count_pixels(n_pixels: int, pixel_bytes: int) -> int:
    """Number of pixels as Pillow holds them."""
    return max(n_pixels, n_pixels * pixel_bytes // _PLAIN_BYTES)


def is_too_large(n_pixels: int) -> bool:
    """Whether pixels are too many to be read at once, since a small file can declare any size."""
    return Image.MAX_IMAGE_PIXELS is not None and n_pixels > Image.MAX_IMAGE_PIXELS


def check_size(n_pixels: int, what: str = "") -> None:
    """Refuse to read more pixels at once than are allowed."""
    if is_too_large(n_pixels):
        raise Image.DecompressionBombError(too_many(n_pixels, what))


def too_many(n_pixels: int, what: str = "") -> str:
    """The reason not to read so many pixels."""
    return f"it has {n_pixels} pixels{what}, more than the {Image.MAX_IMAGE_PIXELS} that are read at once."
