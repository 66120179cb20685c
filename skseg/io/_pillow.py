"""Images that Pillow decodes: upright, in sRGB, with transparency as a mask."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_CUR, BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL import ImageFile as ImageFormat
from skimage.color import gray2rgb

from .._errors import warn
from .._images import hide
from ._kept import opened
from ._stored import NeedsRasterioError, check_size, is_lying

_LEAST_BYTES = 10  # of a page of an animation
_ORIENTATION = 0x0112  # tag of EXIF
UNREADABLE = {"BUFR", "FITS", "GBR", "GRIB", "HDF5", "MPEG", "WMF"}  # formats that Pillow recognizes at most
_LARGEST_OF_8_BITS = 255
_AVIF_HEADER = 1 << 12  # bytes in which an AVIF file describes its numbers
_PSD, _PSD_HEADER = "PSD", 26  # format, and bytes of its header
_WITH_COPIES = ("MPO", _PSD)  # formats of one image and its previews, or its layers
_DTYPES = {"F": np.float32}  # by mode; others have 16 or 8 bits
# Bits of a number in a PNG file, by Pillow's name for their layout, and what Pillow multiplies it by; else 8 and 1.
_STORED_AS = {"1": (1, 1), "L;2": (2, 85), "L;4": (4, 17), "I;16B": (16, 1)}


class PillowFile:
    """An image that Pillow decodes.

    Parameters
    ----------
    path : of the file
    page : index of the image; None if there is one
    bands : numbers from 1 of its channels, in the order wanted; None for all

    Attributes
    ----------
    shape, dtype : of the image, as it is read
    """

    georeference: None = None
    no_data: None = None
    band_names: tuple[str, ...] = ()
    block_rows: None = None
    is_large = False
    may_mask = True

    def __init__(self, path: str, page: int | None, bands: tuple[int, ...] | None = None) -> None:
        self._path, self._page, self._bands = path, page, bands
        if bands is not None and not (bands and all(1 <= band <= 3 for band in bands)):
            raise ValueError(f"bands must be numbers from 1 to 3; got {list(bands)} instead")
        with _open_page(path, page) as image:
            if (n_bits := _stored_bits(image)) > 8:
                warn(f"{path!r} has {n_bits} bits for each number; Pillow gives the upper 8.")
            width, height = image.size
            if image.format != "TIFF" and is_lying(_orientation_of(image)):  # of TIFF, Pillow turns the size itself
                width, height = height, width
            n_channels = 3 if bands is None or len(bands) == 1 else len(bands)
            self.shape = height, width, n_channels
            self.dtype = np.dtype(_DTYPES.get(image.mode, np.uint16 if image.mode.startswith("I;16") else np.uint8))

    def read(self) -> NDArray[Any]:
        """The pixels, (height, width, n_channels), masked where they are transparent."""
        pixels = self._read()
        if self._bands is None:
            return pixels
        chosen = pixels[..., [band - 1 for band in self._bands]]
        return chosen if len(self._bands) > 1 else chosen.repeat(3, axis=-1)

    def read_rows(self, rows: slice) -> NDArray[Any]:
        """Some rows; all are decoded."""
        return np.asanyarray(self.read()[rows])

    def preview(self, longest: int) -> NDArray[Any]:
        """The image with sides of at most so many pixels."""
        step = -(-max(self.shape[:2]) // longest)
        return np.asanyarray(self.read()[::step, ::step])

    def _read(self) -> NDArray[Any]:
        image, layout = _open_upright(self._path, self._page)
        is_opaque_psd = layout == _PSD and image.mode == "RGBA" and not _has_transparency(self._path)
        if image.mode in ("P", "PA"):
            image = image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
        if is_opaque_psd:
            image = image.convert("RGB")
        pixels = np.asarray(to_srgb(image))
        if pixels.dtype not in (np.uint8, np.uint16, np.float32, np.bool_):
            raise ValueError(f"it holds {pixels.dtype}; 8 bits, 16 bits and black-and-white can be read")
        pixels = pixels.astype(np.uint8) * _LARGEST_OF_8_BITS if pixels.dtype == np.bool_ else pixels
        if pixels.ndim == 3 and pixels.shape[-1] in (2, 4):
            colors = gray2rgb(pixels[..., 0]) if pixels.shape[-1] == 2 else pixels[..., :3]
            return np.ma.MaskedArray(colors, mask=np.broadcast_to(pixels[..., -1:] == 0, colors.shape))
        pixels = gray2rgb(pixels) if pixels.ndim == 2 else pixels
        if "transparency" not in image.info or image.mode not in ("1", "L", "I;16", "RGB"):
            return pixels
        if layout == "RGB;16B":
            raise NeedsRasterioError("its transparent color has 16 bits")
        n_bits, factor = _STORED_AS.get(layout, (8, 1))
        color = np.bitwise_and(image.info["transparency"], 2**n_bits - 1) * factor
        return hide(pixels, (np.atleast_3d(np.asarray(image)) == color).all(axis=-1))


class Survey(NamedTuple):
    """What Pillow knows of a file.

    Attributes
    ----------
    n_pages : the number of images that it decodes
    has_all_bits : whether it gives all bits of their numbers
    may_have_georeference : whether there may be a georeference in the file
    orientation : by EXIF's numbers
    """

    n_pages: int = 0
    has_all_bits: bool = False
    may_have_georeference: bool = False
    orientation: int = 1


def survey(path: str) -> Survey:
    """What Pillow knows of a file."""
    try:
        with Image.open(path) as image:
            if image.format == "FITS":
                raise ValueError("its format is FITS; read it with astropy.io.fits, and pass the array")
            n_frames = 1 if image.format in _WITH_COPIES else int(getattr(image, "n_frames", 1))
            has_all_bits, orientation = _stored_bits(image) <= 8, _orientation_of(image)
            if image.format in UNREADABLE or (image.format == "PPM" and not has_all_bits):
                return Survey()
            may_have_georeference = image.format == "JPEG2000"
    except UnidentifiedImageError:
        return Survey()
    if n_frames > max(1, Path(path).stat().st_size // _LEAST_BYTES):
        raise ValueError(f"it declares {n_frames} pages, more than its bytes can hold")
    return Survey(n_frames, has_all_bits, may_have_georeference, orientation)


def _stored_bits(image: ImageFormat.ImageFile) -> int:
    """Bits of the numbers of an image, if Pillow gives 8 of more; else 8."""
    args = image.tile[0].args if image.tile else None
    if image.format == "AVIF":
        with Path(str(image.filename)).open("rb") as file:
            _, found, properties = file.read(_AVIF_HEADER).partition(b"pixi")
        return properties[5] if found and len(properties) > 5 else 8
    if image.format == "PPM" and (image.mode == "I" or (isinstance(args, tuple) and args[-1] > _LARGEST_OF_8_BITS)):
        return 16
    return 16 if image.format == "PNG" and str(args).endswith(";16B") and image.mode in ("RGB", "RGBA", "LA") else 8


def _orientation_of(image: Image.Image) -> int:
    return int(Image.Image.getexif(image).get(_ORIENTATION, 1))  # that of a PNG itself would decode the image


def _open_upright(path: str, page: int | None) -> tuple[Image.Image, str]:
    """An image, turned upright, and Pillow's name for the layout of the numbers in a PNG file, or for the format."""
    with _open_page(path, page, decodes=True) as image:
        check_size(image.width * image.height)
        if any(offset > Path(path).stat().st_size for _, _, offset, _ in image.tile):  # Pillow would read up to there
            raise ValueError("it is cut off")
        layout = str(image.tile[0].args) if image.format == "PNG" else str(image.format)
        image.load()  # of TIFF, Pillow turns the image here
        return ImageOps.exif_transpose(image), layout


def _has_transparency(path: str) -> bool:
    """Whether the fourth channel of a Photoshop file is transparency, and not a saved selection.

    The number of layers is negative then (Adobe Photoshop File Formats Specification, "Layer info").
    """
    with Path(path).open("rb") as file:
        file.seek(_PSD_HEADER)
        for _ in ("color mode", "resources"):
            file.seek(int.from_bytes(file.read(4), "big"), SEEK_CUR)
        file.seek(8, SEEK_CUR)  # lengths of the section and of the layer info
        return int.from_bytes(file.read(2), "big", signed=True) < 0


@contextmanager
def _open_page(path: str, page: int | None, *, decodes: bool = False) -> Iterator[ImageFormat.ImageFile]:
    """An open file, at a page of it."""
    with Image.open(path) if page is None else opened(path, page if decodes else None) as image:
        if page is not None and page != image.tell():
            if image.format == "TIFF":
                image.info.pop("icc_profile", None)  # of another page; Pillow leaves it
            image.seek(page)
        yield image


def apply_profile(colors: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    """Colors of a profile in sRGB, (height, width, 3)."""
    image = Image.fromarray(colors)
    image.info["icc_profile"] = profile
    return np.asarray(to_srgb(image))


def to_srgb(image: Image.Image) -> Image.Image:
    """The image, converted to sRGB if it has another color profile, or colors that are not RGB."""
    embedded = image.info.get("icc_profile")
    if embedded and image.mode in ("RGB", "RGBA", "CMYK"):
        try:
            profile = ImageCms.ImageCmsProfile(BytesIO(embedded))
            if "sRGB" not in ImageCms.getProfileDescription(profile):
                mode = "RGB" if image.mode == "CMYK" else image.mode
                converted = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode=mode)
                assert converted is not None  # since it does not work in place
                return converted
        except (ImageCms.PyCMSError, OSError) as error:
            warn(f"A color profile cannot be used and is ignored: {error}")
    return image.convert("RGB") if image.mode in ("CMYK", "YCbCr", "LAB", "HSV") else image
