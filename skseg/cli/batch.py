"""Batches of image files: their names, the names of their results, and failures with reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from .._errors import NotFiniteError, TooLargeError
from .._images import open_single
from ..io._kept import in_order
from ..io._pictures import ImageFile, find_pictures, readable
from ..io._rasters import place_of
from ..io._tiff import is_tiff

_MAX_KEPT_BYTES = 1 << 29  # of images kept in memory between two passes, so a few small ones are read once
_READ_PIXELS = 1 << 22  # of a large image, read at a time
_HINTS: dict[type, str] = {
    NotFiniteError: "Give them the nodata value, or a --mask.",
    TooLargeError: "If that is right, give a larger --max-megapixels.",
}


class Picture(ImageFile):
    """An image file, with the name of its results and the mask given by the user."""

    def __init__(self, file: ImageFile, name: str, mask: NDArray[np.bool_] | None = None) -> None:
        super().__init__(file.path, file.page)
        self.name = name
        self.mask = mask
        self.pixels: NDArray[Any] | None = None
        self.is_masked = False  # whether all its pixels are
        self.place = place_of(self.path, self.page)
        self.is_raster = bool(self.place.tags) or self.place.is_large
        self.on_read: Callable[[float], None] = lambda _: None  # is called with 1 when some rows of it were read

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file, if its pixels are not kept, and mask it."""
        if self.pixels is not None:
            return self.pixels
        pixels = super().__array__(dtype)
        return pixels if self.mask is None else self._masked(pixels, self.mask, pixels.shape)

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Part of the image, masked."""
        pixels = super().__getitem__(key)
        self.on_read(1)
        return self._masked(pixels, self.mask[key], self.shape) if self.is_large and self.mask is not None else pixels

    @property
    def block_rows(self) -> int | None:
        """As of the file, unless its pixels are kept."""
        return None if self.pixels is not None else super().block_rows

    def _masked(self, pixels: NDArray[Any], mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[Any]:
        """Some pixels of an image of this shape, masked by the same part of the user's mask."""
        if self.mask is not None and self.mask.shape != shape[:2]:
            has, masked = (" × ".join(map(str, each[1::-1])) for each in (shape, self.mask.shape))
            raise ValueError(f"{self.path!r} has {has} pixels, but the mask has {masked}")
        return np.ma.MaskedArray(np.ma.getdata(pixels), mask=np.ma.getmaskarray(pixels) | mask[..., np.newaxis])

    @property
    def title(self) -> str:
        """The name of the file, and its page if it has several."""
        return Path(self.path).name + self._page_name()

    def __str__(self) -> str:
        """The file, in one line whatever its name."""
        return readable(self.path) + self._page_name()

    def _page_name(self) -> str:
        return "" if self.page is None else f", page {self.page + 1}"


class Batch:
    """Image files, and the sources and reasons of failures.

    Parameters
    ----------
    paths : the files; every page of a file is an image
    mask : array of shape (height, width), True for pixels to ignore in every image, or None
    color_space : color space of the clusters; None also if they have been fitted
    """

    def __init__(
        self, paths: Iterable[Path], mask: NDArray[np.bool_] | None = None, color_space: str | None = None
    ) -> None:
        self.files = list(paths)
        self.pictures: list[Picture] = []
        self.failed: dict[str, str] = {}
        names: set[str] = set()
        for path in self.files:
            with self.noting(readable(path)), in_order():
                pages = ImageFile(path).pages()
                for page in pages:
                    _check_channels(page, color_space)
                    number = "" if page.page is None else f"-{page.page + 1:0{len(str(len(pages)))}}"
                    self.pictures.append(Picture(page, _unique(path.stem + number, names), mask))

    @contextmanager
    def noting(self, source: object) -> Iterator[None]:
        """Note the failure of an image, and continue."""
        try:
            with messages_about([source]):
                yield
        except (ValueError, TypeError, OSError, MemoryError) as error:
            self.failed[str(source)] = as_line(error)

    def check(self, pictures: Iterable[Picture]) -> None:
        """Read every image once; drop images that cannot be read or differ in kind from the first."""
        kind, n_bytes = "", 0
        self.pictures = []
        for picture in _in_order(pictures):
            with self.noting(picture):
                pixels = picture if picture.is_large else np.asanyarray(picture)
                kind = kind or _kind(pixels)
                if _kind(pixels) != kind:
                    raise ValueError(f"It has {_kind(pixels)}, but the first image has {kind}; run it on its own.")
                blocks = open_single(pixels).blocks(n_pixels=_READ_PIXELS)
                n_rows = sum(len(block.read()) for block in blocks)  # which refuses infinite numbers
                picture.is_masked = n_rows == 0
                if not isinstance(pixels, Picture):
                    n_bytes += pixels.nbytes
                    picture.pixels = pixels if n_bytes <= _MAX_KEPT_BYTES else None
                self.pictures.append(picture)

    def drop_masked(self) -> None:
        """Drop the images of which all pixels are masked, as failures."""
        self.failed |= {str(picture): "All its pixels are masked." for picture in self.pictures if picture.is_masked}
        self.pictures = [picture for picture in self.pictures if not picture.is_masked]


def _in_order(pictures: Iterable[Picture]) -> Iterator[Picture]:
    """The pictures; meanwhile a file with several pages stays open."""
    with in_order():
        yield from pictures


@contextmanager
def messages_about(sources: Sequence[object]) -> Iterator[None]:
    """Work on images that messages of the library may be about."""
    root = (click.get_current_context(silent=True) or click.Context(click.Command(None))).find_root()
    before, root.obj = root.obj, sources
    try:
        yield
    finally:
        root.obj = before


def sources_of(ctx: click.Context) -> Sequence[object]:
    """What messages are about in this thread, or in all threads of a command that have no context of their own."""
    sources: Sequence[object] | None = (click.get_current_context(silent=True) or ctx).find_root().obj
    return sources or ()


def as_line(message: object, sources: Sequence[object] = ()) -> str:
    """An error, a warning or its text in one line, after the name of the source that it is about, if known."""
    text = f"{getattr(message, 'problem', None) or message} {_HINTS.get(type(message), '')}"
    line = " ".join(text.split()) or type(message).__name__
    index = getattr(message, "image_index", None)
    about = sources if index is None else sources[index : index + 1]
    return f"{about[0]}: {line}" if len(about) == 1 and str(about[0]) not in line else line


def find_files(patterns: Iterable[str]) -> list[Path]:
    """The files that are meant by file names, directories and patterns, each once."""
    found: dict[Path, Path] = {}
    for pattern in patterns:
        for path in find_pictures(pattern):
            found.setdefault(path.resolve() if path.is_file() else path, path)
    return list(found.values())


def read_mask(path: Path) -> NDArray[np.bool_]:
    """The mask in an image: True, for pixels to ignore, where it is black or transparent."""
    pages = ImageFile(path).pages()
    if len(pages) > 1:
        raise ValueError(f"--mask must be a file with one image; {readable(path)} has {len(pages)} pages.")
    mask = np.asanyarray(pages[0])
    return np.asarray((np.ma.filled(mask, 0) == 0).all(axis=-1))


def _check_channels(image: ImageFile, color_space: str | None) -> None:
    """Refuse an image whose channels do not fit the color space; the fourth of four could be alpha or a band."""
    n_channels = image.shape[-1] if color_space is not None and is_tiff(image.path) else 3  # other files are RGB
    if color_space == "auto" and n_channels == 4:
        raise ValueError("It has 4 channels; if none of them is alpha, give --color-space none.")
    if color_space not in ("auto", "direction") and n_channels != 3:
        raise ValueError(f"It has {n_channels} channels, but {color_space} needs 3; give --color-space none.")


def _unique(name: str, taken: set[str]) -> str:
    """A name that is not taken, by its number; in small letters too, for file systems to which they are the same."""
    number, unique = 2, name
    while unique.lower() in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique.lower())
    return unique


def _kind(pixels: Any) -> str:
    return f"{pixels.shape[-1]} channels of {pixels.dtype}"
