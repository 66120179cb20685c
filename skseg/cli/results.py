"""The results of images: their files, and the treatment of existing ones."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import click
import numpy as np

from .. import io
from ..io._pictures import readable
from ..io._polygons import open_polygons, read_polygons_comment
from ..io._results import fits_png, read_comment
from .batch import Picture
from .messages import as_click_error
from .outcomes import Outcome, crs_of, polygons_of
from .rasters import write_raster
from .summaries import Part, Summaries

_MAX_LABELS = np.iinfo(np.uint16).max  # of a label map in a file
_READ_BYTES = 1 << 24  # of a file, at a time


class Results:
    """The files with the results of images, and the treatment of existing ones.

    Every result contains a digest of its image and model, so only finished work is skipped.

    Parameters
    ----------
    directory : where the results go
    outputs : "color", "label" or "distance", as of `KMeansSegmenter`, or "polygons"
    overwrite : replace results that are there
    resume : skip images with existing results
    summaries : files about all images
    """

    SUFFIXES: ClassVar = {
        "color": ("-segmented.png", "-segmented.tif"),
        "label": ("-labels.png", "-labels.tif"),
        "distance": ("-distances.tif",),
        "polygons": ("-polygons.geojson",),
    }

    def __init__(
        self, directory: Path, outputs: Iterable[str], summaries: Summaries, *, overwrite: bool, resume: bool
    ) -> None:
        self.directory = directory
        self.outputs = tuple(outputs)
        self.overwrite = overwrite
        self.resume = resume
        self.summaries = summaries

    def check(self, pictures: Collection[Picture], inputs: Collection[Path | None]) -> None:
        """Refuse to overwrite files that are read, or anything that the user has not asked to replace."""
        there = [path for picture in pictures for output in self.outputs for path in self._there(picture, output)]
        read = {Path(picture.path).resolve(): "an image to read" for picture in pictures}
        read |= {path.resolve(): "an input" for path in inputs if path is not None}
        for path in there:
            if path.resolve() in read:
                raise FileExistsError(
                    f"{readable(path)} is {read[path.resolve()]} and a result; choose another directory."
                )
        if there and not (self.overwrite or self.resume):
            more = f", and {len(there) - 1} more" if there[1:] else ""
            raise FileExistsError(
                f"{readable(there[0])} exists{more}; give --overwrite to replace what is there, --resume to skip it, "
                "or another directory."
            )
        if self.summaries.are_in(self.directory):
            self.make_directory()
        if "polygons" in self.outputs or self.summaries.polygons is not None:
            _check_polygons(pictures)
        files = [Path(picture.path) for picture in pictures]
        written = [
            self._path(picture, suffix)
            for picture in pictures
            for output in self.outputs
            for suffix in self.SUFFIXES[output]
        ]
        self.summaries.check(pictures, [*inputs, *files, *written], overwrite=self.overwrite, resume=self.resume)

    def make_directory(self) -> None:
        """Make the directory of the results."""
        with as_click_error():
            self.directory.mkdir(parents=True, exist_ok=True)

    def are_done(self, picture: Picture, model: str) -> bool:
        """Whether to skip an image: all its results exist, made by this model from this image."""
        if not self.resume:
            return False
        there = [self._there(picture, output) for output in self.outputs]
        digest = self.digest(picture, model)
        for path in chain.from_iterable(there):
            if _comment_in(path) != digest:
                raise FileExistsError(
                    f"{readable(path)} was made from another image or with other options; "
                    "give --overwrite to replace it."
                )
        return all(there)

    def finish(
        self, picture: Picture, segment: Callable[[Picture], Outcome], model: str, advance: Callable[[float], None]
    ) -> tuple[dict[str, Any], Part]:
        """Segment an image and write its results, unless they are done; its entry, and its part of the summaries."""
        is_done = self.are_done(picture, model)
        entry: dict[str, Any] = {"skipped": True}
        part: Part = {}, {}
        if not is_done or self.summaries:
            outcome = segment(picture)
            if not is_done:
                files = self.write(picture, outcome, model, advance)
                entry = outcome.entry() | {"files": list(map(str, files))}
            part = self.summaries.part_of(picture, outcome)
        if is_done:
            advance(1)
        return {"image": str(picture)} | entry, part

    def write(self, picture: Picture, outcome: Outcome, model: str, advance: Callable[[float], None]) -> list[Path]:
        """Write the results of an image, and return the files. `advance` is called with the share done."""
        if "label" in self.outputs and len(outcome.colors) > _MAX_LABELS:
            raise ValueError(
                f"It has {len(outcome.colors)} regions, but a label map at most {_MAX_LABELS}; give a larger --scale "
                "or --min-size, or only --output color."
            )
        digest, n_outputs = self.digest(picture, model), len(self.outputs)
        files = []
        for output in self.outputs:
            if output == "polygons":
                files.append(self._path(picture, *self.SUFFIXES[output]))
                with open_polygons(files[-1], crs_of(picture), comment=digest) as add:
                    add(**polygons_of(picture, outcome))
            elif picture.is_raster:
                files.append(self._path(picture, self.SUFFIXES[output][-1]))
                report: dict[str, Any] = {"comment": digest, "advance": lambda share: advance(share / n_outputs)}
                write_raster(picture, outcome, output, files[-1], **report)
            else:
                files.append(self._write_whole(picture, outcome, output, digest))
            if output == "polygons" or not picture.is_raster:
                advance(1 / n_outputs)
        return files

    def _write_whole(self, picture: Picture, outcome: Outcome, output: str, digest: str) -> Path:
        """Write an output of an image without georeference that fits into memory."""
        if output == "label":
            path = self._path(picture, "-labels.png")
            io.save_labels(outcome.labels, path, outcome.colors, comment=digest)
            return path
        transformed = outcome.image(output)
        is_png = output == "color" and fits_png(np.ma.getdata(transformed))
        path = self._path(picture, self.SUFFIXES[output][0 if is_png else -1])
        io.save_image(transformed, path, comment=digest)
        return path

    def digest(self, picture: Picture, model: str) -> str:
        """The mark of a result that was made from an image by a model."""
        mask = b"" if picture.mask is None else picture.mask.tobytes()
        return f"skseg {digest(model, Path(picture.path), picture.page, mask)}"

    def _there(self, picture: Picture, output: str) -> list[Path]:
        suffixes = self.SUFFIXES[output][-1:] if picture.is_raster else self.SUFFIXES[output]
        paths = [self._path(picture, suffix) for suffix in suffixes]
        return [path for path in paths if os.path.exists(path)]  # noqa: PTH110, False for a name that is too long

    def _path(self, picture: Picture, suffix: str) -> Path:
        return self.directory / f"{picture.name}{suffix}"


def _check_polygons(pictures: Iterable[Picture]) -> None:
    """Refuse images that are too large for polygons, which are made of a whole label map."""
    for picture in pictures:
        if picture.is_large:
            raise click.UsageError(
                f"{picture} is too large for polygons, which are made of a whole label map. Raise --max-megapixels, or "
                "run gdal_polygonize on the label map of --output label."
            )


def _comment_in(path: Path) -> str:
    return read_polygons_comment(path) if path.suffix == ".geojson" else read_comment(path)


def digest(*parts: Any) -> str:
    """A short fingerprint of bytes, files and JSON values, with arrays as lists."""
    sha = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            _add_file(sha, part)
            continue
        text = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True, default=_as_list).encode()
        sha.update(len(text).to_bytes(8, "big") + text)
    return sha.hexdigest()[:16]


def _add_file(sha: Any, path: Path) -> None:
    sha.update(path.stat().st_size.to_bytes(8, "big"))
    with path.open("rb") as file:
        while part := file.read(_READ_BYTES):
            sha.update(part)


def _as_list(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"A fingerprint is made of numbers, strings and lists; got {type(value).__name__} instead.")
