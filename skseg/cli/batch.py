"""Batches of image files: their names, the names of their results, and failures with reasons."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy
from functools import cached_property
from itertools import chain, count
from math import prod
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click
import numpy as np
import skimage.data
from joblib import effective_n_jobs
from numpy.typing import DTypeLike, NDArray

from .._balancer import WhiteBalancer
from .._census.blocks import one_thread
from .._color import find_value_range
from .._images import open_single
from .._limits import LIMITS
from .._names import readable
from ..io._kept import in_order
from ..io._pictures import ImageFile, find_pictures
from .messages import FAILURES, as_click_error, as_line, messages_about, progress_bar

if TYPE_CHECKING:
    from ..io._georeference import Georeference
    from ..io._pillow import PillowFile
    from ..io._rasters import RasterFile

T = TypeVar("T")

Group = list[Path]  # files that are one image

_READ_PIXELS = 1 << 22  # of a large image, read at a time


class Reading(NamedTuple):
    """How images are read: the options of all commands."""

    bands: str | list[int] | None
    stack: bool
    scaled: bool
    mask: Path | None
    ignored: Sequence[tuple[str, int]] = ()


class Picture(ImageFile):
    """An image file, with the name of its results, and what the user does to its pixels.

    Parameters
    ----------
    mask : pixels to ignore
    ignored : hex codes of colors to ignore, with tolerances from 0 to 255
    """

    balancers: Sequence[WhiteBalancer] = ()  # by which it is balanced when it is read

    def __init__(
        self,
        file: ImageFile,
        name: str,
        mask: NDArray[np.bool_] | None = None,
        ignored: Sequence[tuple[str, int]] = (),
    ) -> None:
        super().__init__(file.path, file.page, bands=file.bands, scaled=file.scaled)
        self.name = name
        self.mask, self.ignored = mask, ignored
        self.kept: NDArray[Any] | None = None  # pixels that were read
        self.on_read: Callable[[float], None] = lambda _: None  # is called with 1 when some rows were read
        self.is_raster = self.georeference is not None or self.is_large

    @cached_property
    def _file(self) -> PillowFile | RasterFile:
        """The image as it is decoded; its header is read once, since files do not change while a command runs."""
        return super()._file

    @property
    def may_mask(self) -> bool:
        """Whether some of its pixels may be masked."""
        return self.mask is not None or bool(self.ignored) or self._file.may_mask

    @property
    def on_map(self) -> Georeference | None:
        """Its georeference, if its pixels have coordinates on a map."""
        georeference = self.georeference
        return None if georeference is None or georeference.transform is None else georeference

    @property
    def epsg(self) -> int | None:
        """The code of its coordinate system on a map, if both are known."""
        return None if self.on_map is None else self.on_map.epsg

    def balanced(self, balancers: Sequence[WhiteBalancer]) -> Picture:
        """The same image, balanced whenever it is read."""
        if balancers and self.is_large:
            raise ValueError("It is too large to be balanced, which needs it whole; raise --max-megapixels.")
        other = copy(self)
        other.balancers = balancers
        return other

    def read(self) -> NDArray[Any] | Picture:
        """Its pixels, which are kept, or itself if it is read some rows at a time."""
        if self.is_large:
            return self
        self.kept = np.asanyarray(self)
        return self.kept

    @property
    def kind(self) -> str:
        """Its channels and their type, which all images of a batch must share."""
        return f"{self.shape[-1]} channels of {self.dtype}"

    @property
    def n_bytes(self) -> int:
        """Size of its pixels in memory."""
        return prod(self.shape) * self.dtype.itemsize

    def count_pixels(self) -> int:
        """Number of its pixels that are not masked; all of them are read, and infinite numbers refused."""
        return sum(len(block.read()) for block in open_single(self.read()).blocks(n_pixels=_READ_PIXELS))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file, unless its pixels are kept, mask it, and balance it."""
        pixels = self._masked(super().__array__(dtype), slice(None)) if self.kept is None else self.kept
        for balancer in self.balancers:
            pixels = balancer.transform(pixels)
        return pixels

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """Some rows, masked."""
        pixels = super().__getitem__(rows)
        self.on_read(1)
        return self._masked(pixels, rows)

    def _masked(self, pixels: NDArray[Any], rows: slice) -> NDArray[Any]:
        """Some rows, masked by the user's mask and colors, too."""
        for code, tolerance in self.ignored:
            pixels = _without(pixels, code, tolerance)
        if self.mask is None:
            return pixels
        if self.mask.shape != self.shape[:2]:
            has, masked = (" × ".join(map(str, each[1::-1])) for each in (self.shape, self.mask.shape))
            raise ValueError(f"{self.path!r} has {has} pixels, but the mask has {masked}")
        mask = np.ma.getmaskarray(pixels) | self.mask[rows, :, np.newaxis]
        return np.ma.MaskedArray(np.ma.getdata(pixels), mask=mask)

    def __str__(self) -> str:
        """The file, in one line whatever its name, and its page if it has several."""
        return _name_of(self.files) + ("" if self.page is None else f", page {self.page + 1}")


class Batch:
    """Image files, and the sources and reasons of failures.

    Every page of a file is an image.

    Attributes
    ----------
    inputs : files that are read
    left_out : what is left out of each directory
    pictures : images that have not failed
    failed : reason of each failure, by its source
    started : when the work began, in seconds
    """

    def __init__(self, images: Iterable[str], reading: Reading, color_space: str | None) -> None:
        files, self.left_out = _find_files(images)
        mask = None if reading.mask is None else _read_mask(reading.mask)
        self.inputs = [*files, *([] if reading.mask is None else [reading.mask])]
        self.pictures: list[Picture] = []
        self.failed: dict[str, str] = {}
        self.started = perf_counter()
        names: set[str] = set()
        for group in [files] if reading.stack else [[file] for file in files]:
            with self.noting(_name_of(group)), in_order():
                path = group if reading.stack else group[0]
                pages = ImageFile(path, bands=reading.bands, scaled=reading.scaled).pages()
                for page in pages:
                    _check_channels(page, color_space)
                    number = "" if page.page is None else f"-{page.page + 1:0{len(str(len(pages)))}}"
                    name = _unique(group[0].stem + number, names)
                    self.pictures.append(Picture(page, name, mask, reading.ignored))

    @contextmanager
    def noting(self, source: object) -> Iterator[None]:
        """Note the failure of an image, and continue."""
        try:
            with messages_about([source]):
                yield
        except FAILURES as error:
            self.failed[str(source)] = as_line(error)

    def map(self, function: Callable[[Picture], T], n_jobs: int | None) -> Iterator[tuple[Picture, T]]:
        """The images in order with the results of `function`, several at a time, but for failures.

        After an interruption, running calls are finished.
        """

        def call(picture: Picture) -> list[tuple[Picture, T]]:
            done = []
            with self.noting(picture):
                done.append((picture, function(picture)))
            return done

        def call_in_thread(picture: Picture) -> list[tuple[Picture, T]]:
            with one_thread(), click.Context(click.Command(None)).scope():  # of the messages about this image
                return call(picture)

        n_workers = effective_n_jobs(n_jobs)
        with in_order(), ThreadPoolExecutor(n_workers) as pool:
            try:
                results = map(call, self.pictures) if n_workers == 1 else pool.map(call_in_thread, self.pictures)
                for picture, result in zip(self.pictures, results, strict=True):
                    if not result:  # its failure was noted when it came; the order is the images'
                        self.failed[str(picture)] = self.failed.pop(str(picture))
                    yield from result
            finally:
                pool.shutdown(cancel_futures=True)

    def check(self, *, keeps_masked: bool = False, reads_all: bool = True) -> None:
        """Read every image once; drop images that cannot be read or differ in kind from the first.

        Images of which all pixels are masked are dropped, too, unless they are kept and there are others. If not all
        are read, those that would not be kept in memory are trusted.
        """
        pictures, self.pictures, kind, n_bytes, masked = self.pictures, [], "", 0, []
        with in_order(), progress_bar("Reading", len(pictures)) as advance:
            for picture in pictures:
                with self.noting(picture):
                    n_bytes += 0 if picture.is_large else picture.n_bytes
                    kind = kind or picture.kind
                    if picture.kind != kind:
                        raise ValueError(f"It has {picture.kind}, but the first image has {kind}; run it on its own.")
                    is_kept = not picture.is_large and n_bytes <= LIMITS.command_bytes
                    if (reads_all or is_kept) and not picture.count_pixels():
                        masked.append(picture)
                    if not is_kept:
                        picture.kept = None
                    self.pictures.append(picture)
                advance(1)
        if not keeps_masked or len(masked) == len(self.pictures):
            self.failed |= {str(picture): "All its pixels are masked." for picture in masked}
            self.pictures = [picture for picture in self.pictures if picture not in masked]

    def finish(self) -> None:
        """Print the failures, and what was left out, and exit."""
        for source, reason in self.failed.items():
            click.echo(f"Error: {as_line(reason, [source])}", err=True)
        for directory, what in self.left_out.items():
            click.echo(f"{readable(directory)}: left out, as they are no images: {what}", err=True)
        sys.exit(1 if self.failed else 0)


@as_click_error()
def open_batch(images: Iterable[str], reading: Reading, color_space: str | None = None) -> Batch:
    """The images given on the command line, for clusters in a color space, or that have been fitted."""
    try:
        return Batch(images, reading, color_space)
    except FileNotFoundError as error:
        raise click.UsageError(str(error)) from error


def open_batch_or_coffee(images: Sequence[str], reading: Reading, color_space: str | None) -> Batch:
    """The images, or scikit-image's photo of a coffee cup if there are none."""
    return open_batch(images or [str(Path(skimage.data.data_dir, "coffee.png"))], reading, color_space)


def _find_files(patterns: Iterable[str]) -> tuple[list[Path], dict[Path, str]]:
    """The files that are meant by file names, directories and patterns, each once, and what is left out of each."""
    found: dict[Path, Path] = {}
    left_out: dict[Path, str] = {}
    for pattern in patterns:
        pictures = find_pictures(pattern)
        for path in pictures:
            found.setdefault(path.resolve() if path.is_file() else path, path)
        if Path(pattern).is_dir():
            others = {path for path in Path(pattern).iterdir() if path.name[0] != "."}.difference(pictures)
            kinds = Counter("folder" if path.is_dir() else path.suffix or path.name for path in others)
            left_out |= {Path(pattern): ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))} if kinds else {}
    return list(found.values()), left_out


def _name_of(files: Sequence[Path | str]) -> str:
    """The files of an image, in one line."""
    return readable(files[0]) + (f" and {len(files) - 1} more" if len(files) > 1 else "")


def _read_mask(path: Path) -> NDArray[np.bool_]:
    """The mask in an image: True, for pixels to ignore, where it is black or transparent."""
    pages = ImageFile(path).pages()
    if len(pages) > 1:
        raise ValueError(f"--mask must be a file with one image; {readable(path)} has {len(pages)} pages.")
    mask = np.asanyarray(pages[0])
    return np.asarray((np.ma.filled(mask, 0) == 0).all(axis=-1))


def _check_channels(image: ImageFile, color_space: str | None) -> None:
    """Refuse an image whose channels do not fit the color space; the fourth of four could be alpha or a band."""
    n_channels = 3 if color_space is None else image.shape[-1]
    if color_space == "auto" and n_channels == 4:
        raise ValueError("It has 4 channels; if none of them is alpha, give --color-space none.")
    if color_space not in ("auto", "direction") and n_channels != 3:
        raise ValueError(f"It has {n_channels} channels, but {color_space} needs 3; give --color-space none.")


def _without(pixels: NDArray[Any], code: str, tolerance: int) -> NDArray[Any]:
    """Pixels, with those masked of which no channel differs from a color by more than a tolerance, of 255."""
    data, known = np.ma.getdata(pixels), np.ma.masked_invalid(pixels)
    value_range = find_value_range("auto", known.compressed())
    if data.shape[-1] != 3 or not value_range.holds(known):
        raise ValueError("--ignore needs three channels of 8 or 16 bits, or from 0 to 1; it has others.")
    color, scale = np.array(list(bytes.fromhex(code))), value_range.scale(data.dtype) / 255
    low, high = ((color + edge) * scale for edge in (-tolerance - 1e-6, tolerance + 1e-6))
    is_near = np.logical_and.reduce([(band >= low[c]) & (band <= high[c]) for c, band in enumerate(data.T)]).T
    if not is_near.any():
        return pixels
    return np.ma.MaskedArray(data, mask=np.ma.getmaskarray(pixels) | is_near[..., np.newaxis])


def _unique(name: str, taken: set[str]) -> str:
    """A name that is not taken, by its number; in small letters too, for file systems to which they are the same."""
    names = (f"{name}-{number}" for number in count(2))
    unique = next(each for each in chain([name], names) if each.lower() not in taken)
    taken.add(unique.lower())
    return unique
