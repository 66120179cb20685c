"""Batches of picture files: which files are meant, how their results are called, what failed and why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from . import KMeansSegmenter, io
from ._palette import label_colors
from .io import ImageFile
from .io._pictures import find_pictures, readable
from .io._results import fits_png, read_comment

_KEPT = 1 << 29  # bytes of pictures that stay in memory between two passes, so that few and small ones are read once


class Picture(ImageFile):
    """A picture in a file, with the name of its results and the mask that the user has for it."""

    def __init__(self, file: ImageFile, name: str, mask: NDArray[np.bool_] | None = None) -> None:
        super().__init__(file.path, file.page)
        self.name = name
        self.mask = mask
        self.pixels: NDArray[Any] | None = None

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read the file, if its pixels are not kept, and mask it."""
        if self.pixels is not None:
            return self.pixels
        pixels = super().__array__(dtype)
        if self.mask is None:
            return pixels
        if self.mask.shape != pixels.shape[:2]:
            has, masked = (" × ".join(map(str, shape[1::-1])) for shape in (pixels.shape, self.mask.shape))
            raise ValueError(f"{self.path!r} has {has} pixels, but the mask has {masked}")
        return np.ma.MaskedArray(np.ma.getdata(pixels), mask=np.ma.getmaskarray(pixels) | self.mask[..., np.newaxis])

    def __str__(self) -> str:
        """The file, in one line whatever its name."""
        return readable(self.path) + ("" if self.page is None else f", page {self.page + 1}")


class Batch:
    """Pictures in files, and those that failed: their source and the reason.

    Parameters
    ----------
    paths : the files; every page of a file is a picture
    mask : array of shape (height, width), True where the pixels of every picture take no part, or None
    """

    def __init__(self, paths: Iterable[Path], mask: NDArray[np.bool_] | None = None) -> None:
        self.pictures: list[Picture] = []
        self.failed: dict[str, str] = {}
        names: set[str] = set()
        for path in paths:
            with self.noting(readable(path)):
                pages = ImageFile(path).pages()
                for page in pages:
                    number = "" if page.page is None else f"-{page.page + 1:0{len(str(len(pages)))}}"
                    self.pictures.append(Picture(page, _unique(path.stem + number, names), mask))

    @contextmanager
    def noting(self, source: object) -> Iterator[None]:
        """Note what goes wrong with a picture, and go on."""
        try:
            yield
        except (ValueError, TypeError, OSError, MemoryError) as error:
            self.failed[str(source)] = " ".join(str(error).split()) or type(error).__name__

    def check(self, pictures: Iterable[Picture]) -> None:
        """Read every picture once and drop those that cannot be read or are of another kind than the first."""
        kind, n_bytes = "", 0
        self.pictures = []
        for picture in pictures:
            with self.noting(picture):
                pixels = np.asanyarray(picture)
                kind = kind or _kind(pixels)
                if _kind(pixels) != kind:
                    raise ValueError(f"It has {_kind(pixels)}, but the first picture has {kind}; run it on its own.")
                n_bytes += pixels.nbytes
                picture.pixels = pixels if n_bytes <= _KEPT else None
                self.pictures.append(picture)


def find_files(patterns: Iterable[str]) -> list[Path]:
    """The files that are meant by file names, directories and patterns, each once."""
    found: dict[Path, Path] = {}
    for pattern in patterns:
        for path in find_pictures(pattern):
            found.setdefault(path.resolve(), path)
    return list(found.values())


def read_mask(path: Path) -> NDArray[np.bool_]:
    """The mask in a picture: True, for a pixel that takes no part, where it is black or transparent."""
    mask = np.asanyarray(ImageFile(path))
    return np.asarray((np.ma.filled(mask, 0) == 0).all(axis=-1))


def digest(*parts: Any) -> str:
    """A short fingerprint of arrays, bytes and what JSON holds."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(part if isinstance(part, bytes) else repr(part).encode())
    return sha.hexdigest()[:16]


def _unique(name: str, taken: set[str]) -> str:
    """A name that is not taken, by its number; in small letters too, for file systems to which they are the same."""
    number, unique = 2, name
    while unique.lower() in taken:
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique.lower())
    return unique


def _kind(pixels: NDArray[Any]) -> str:
    return f"{pixels.shape[-1]} channels of {pixels.dtype}"


class Results:
    """Where the results of pictures go, and what is done about those that are there.

    Every result holds a digest of what it was made from, so that only what is truly done is skipped.

    Parameters
    ----------
    directory : where the results go
    outputs : "color", "label" or "distance", as of `KMeansSegmenter`
    overwrite : replace results that are there
    resume : skip pictures whose results are there
    """

    SUFFIXES: ClassVar = {
        "color": ("-segmented.png", "-segmented.tif"),
        "label": ("-labels.png",),
        "distance": ("-distances.tif",),
    }

    def __init__(self, directory: Path, outputs: Iterable[str], *, overwrite: bool, resume: bool) -> None:
        self.directory = directory
        self.outputs = tuple(outputs)
        self.overwrite = overwrite
        self.resume = resume

    def check(self, pictures: Iterable[Picture]) -> None:
        """Refuse to overwrite pictures that are read, or anything that the user has not asked to replace."""
        there = [path for picture in pictures for output in self.outputs for path in self._there(picture, output)]
        read = {Path(picture.path).resolve() for picture in pictures}
        for path in there:
            if path.resolve() in read:
                raise FileExistsError(f"{readable(path)} is a picture to read and a result; choose another directory.")
        if there and not (self.overwrite or self.resume):
            more = f", and {len(there) - 1} more" if there[1:] else ""
            raise FileExistsError(
                f"{readable(there[0])} exists{more}; give --overwrite to replace what is there, --resume to skip it, "
                "or another directory."
            )

    def are_done(self, picture: Picture, model: str) -> bool:
        """Whether to skip a picture: all its results are there, made by this model from this picture."""
        if not self.resume:
            return False
        there = [self._there(picture, output) for output in self.outputs]
        digest = self.digest(picture, model)
        for path in chain.from_iterable(there):
            if read_comment(path) != digest:
                raise FileExistsError(
                    f"{readable(path)} was made from another picture or with other options; "
                    "give --overwrite to replace it."
                )
        return all(there)

    def write(self, picture: Picture, pixels: NDArray[Any], segmenter: KMeansSegmenter, model: str) -> list[Path]:
        """Write the results of a picture; the files."""
        digest, files = self.digest(picture, model), []
        for output in self.outputs:
            transformed = segmenter.set_params(output=output).transform(pixels)
            if output == "label":
                files.append(self._path(picture, "-labels.png"))
                io.save_labels(transformed, files[-1], label_colors(segmenter), comment=digest)
            else:
                is_png = output == "color" and fits_png(np.ma.getdata(transformed))
                files.append(self._path(picture, self.SUFFIXES[output][0 if is_png else -1]))
                io.save_image(transformed, files[-1], comment=digest)
        return files

    def digest(self, picture: Picture, model: str) -> str:
        """What says that a result was made from a picture by a model."""
        mask = b"" if picture.mask is None else picture.mask.tobytes()
        return f"skseg {digest(model, Path(picture.path).read_bytes(), picture.page, mask)}"

    def _there(self, picture: Picture, output: str) -> list[Path]:
        paths = [self._path(picture, suffix) for suffix in self.SUFFIXES[output]]
        return [path for path in paths if path.exists()]

    def _path(self, picture: Picture, suffix: str) -> Path:
        return self.directory / f"{picture.name}{suffix}"
