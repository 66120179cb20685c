"""The results of images: their files, and the treatment of existing ones."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from operator import methodcaller
from pathlib import Path
from typing import Any

import click

from .._images import open_label_map
from .._limits import LIMITS
from .._names import readable
from .._version import __version__
from ..io._opening import beside
from ..io._polygons import open_polygons, read_polygons_comment
from ..io._results import read_comment
from ..io._shapes import check_tolerance, count_points
from ..io._svg import check_points, read_svg_comment
from .batch import Batch, Picture
from .files import SUFFIXES, Advance, write_output, write_table
from .messages import as_click_error, check_target, progress_bar
from .outcomes import Columns, Outcome, Polygons, columns_of, polygons_of

_COMMENT = "skseg"  # in the polygons of all images
_READERS = {".geojson": read_polygons_comment, ".svg": read_svg_comment}
_FIRST_COLUMNS = b"image,label,color,"  # of the table


@dataclass(eq=False)
class Results:
    """The files with the results of images, and the treatment of existing ones.

    Every result contains a digest of its image and model, so only finished work is skipped.

    Parameters
    ----------
    output_dir : where the results of each image go
    outputs : "color", "label" or "distance", as of `KMeansSegmenter`, or "polygons" or "svg"
    overwrite : replace results that are there
    resume : skip images with existing results
    table, polygons : files about all images, written after the last one, or None
    simplify : tolerance of outlines in pixels
    numbers, unfilled : how SVG looks
    smallest : pixels of a part of a class; smaller parts are merged with a neighbor
    """

    output_dir: Path
    outputs: Sequence[str]
    overwrite: bool
    resume: bool
    table: Path | None
    polygons: Path | None
    simplify: float = 0
    numbers: bool = False
    unfilled: bool = False
    smallest: int = 0

    def __post_init__(self) -> None:
        self._summaries = [path for path in (self.table, self.polygons) if path is not None]
        self._digest_file = cache(_digest_file)  # once for all its pages

    def check(self, batch: Batch, *others: Path) -> None:
        """Refuse to overwrite files that are read, or anything that the user has not asked to replace."""
        inputs = [*batch.inputs, *others]
        read = set(map(os.path.realpath, inputs))
        there = [path for picture in batch.pictures for path in chain(*self._there(picture))]
        for path in there:
            if os.path.realpath(path) in read:
                raise click.UsageError(f"{readable(path)} is an input and a result; choose another directory.")
        if there and not (self.overwrite or self.resume):
            more = f", and {len(there) - 1} more" if there[1:] else ""
            raise click.UsageError(
                f"{readable(there[0])} exists{more}; give --overwrite to replace what is there, --resume to skip it, "
                "or another directory."
            )
        try:
            check_tolerance(self.simplify)
        except (ValueError, ModuleNotFoundError) as error:
            raise click.ClickException(str(error)) from error
        large = [picture for picture in batch.pictures if picture.is_large]
        if large and (self.polygons is not None or self.smallest or not {"polygons", "svg"}.isdisjoint(self.outputs)):
            raise click.UsageError(
                f"{large[0]} is too large for polygons, SVG and --min-size, which need a whole label map. Raise "
                "--max-megapixels, or run gdal_polygonize on the label map of --output label."
            )
        if any(path.parent == self.output_dir for path in self._summaries):
            self._make_directory()
        suffixes = [suffix for output in self.outputs for suffix in SUFFIXES[output]]
        self._check_summaries(
            batch, inputs + [self._path(picture, suffix) for picture in batch.pictures for suffix in suffixes]
        )

    def _check_summaries(self, batch: Batch, others: Iterable[Path]) -> None:
        """Refuse files that cannot be written or must not be replaced, and images with different coordinate systems."""
        if len(set(map(os.path.realpath, self._summaries))) < len(self._summaries):
            raise click.UsageError(f"--table and --polygons must be two files; got {readable(self.table)} for both.")
        for path in self._summaries:
            check_target(path, self.overwrite or (self.resume and _is_summary(path)), others)
        if self.polygons is None:
            return
        if self.polygons.suffix.lower() not in (".geojson", ".json"):
            raise click.UsageError(f"--polygons must end in .geojson or .json; got {self.polygons.name!r}.")
        if len({picture.on_map and picture.on_map.crs for picture in batch.pictures}) > 1:
            raise click.UsageError(
                "--polygons writes one file, but the images have different coordinate systems; "
                "--output polygons writes a file for each."
            )

    def write(
        self, batch: Batch, segment: Callable[[Picture], Outcome], made_by: object, n_jobs: int | None
    ) -> list[dict[str, Any]]:
        """Segment the images and write their results, some in parallel, and the table and the polygons in their order.

        Parameters
        ----------
        segment : segments an image
        made_by : what `segment` depends on, as JSON

        Returns
        -------
        done : each image as JSON
        """
        done: list[dict[str, Any]] = []
        if not batch.pictures:
            return done
        self._make_directory()
        try:
            done.extend(self._write_each(batch, segment, digest([__version__, made_by]), n_jobs))
        except KeyboardInterrupt:
            ended = {entry["image"] for entry in done} | batch.failed.keys()
            rest = [str(picture) for picture in batch.pictures if str(picture) not in ended]
            batch.failed |= dict.fromkeys(rest, "interrupted; --resume goes on from here")
        return done

    def _write_each(
        self, batch: Batch, segment: Callable[[Picture], Outcome], model: str, n_jobs: int | None
    ) -> Iterator[dict[str, Any]]:
        """Write the results of each image, and what they add to the table and the polygons; each image as JSON."""
        tables: list[Columns] = []
        add: Callable[..., None] | None = None
        of_polygons = batch.noting(readable(self.polygons))
        with progress_bar("Writing", len(batch.pictures)) as advance, of_polygons, ExitStack() as files:

            def finish(picture: Picture) -> tuple[dict[str, Any], Columns, Polygons]:
                try:
                    return self._finish(picture, segment, self._digest(picture, model), advance)
                finally:
                    picture.kept = None

            for picture, (entry, columns, polygons) in batch.map(finish, n_jobs):
                with batch.noting(picture):
                    if self.polygons:  # opened when there is something to write
                        add = add or files.enter_context(open_polygons(self.polygons, picture.epsg, comment=_COMMENT))
                        add(**polygons, simplify=self.simplify)
                    tables.append(columns)
                    yield entry
        if self.table and tables:
            with batch.noting(readable(self.table)):
                write_table(self.table, tables)

    def _finish(
        self, picture: Picture, segment: Callable[[Picture], Outcome], digest: str, advance: Advance
    ) -> tuple[dict[str, Any], Columns, Polygons]:
        """Segment an image and write its results, unless they are done; its entry, columns and polygons."""
        is_done = self.resume and self._are_done(picture, digest)
        entry: dict[str, Any] = {"image": str(picture), "skipped": True}
        if is_done:
            advance(1)
            if not self._summaries:
                return entry, {}, {}
        outcome = segment(picture)
        if not is_done:
            files = self._write(picture, outcome, digest, advance)
            bands = {"bands": list(picture.band_names)} if picture.band_names else {}
            entry = {"image": str(picture), **bands, **outcome.entry(), "files": files}
        columns = columns_of(picture, outcome) if self.table else {}
        return entry, columns, polygons_of(picture, outcome) if self.polygons else {}

    def _are_done(self, picture: Picture, digest: str) -> bool:
        """Whether all results of an image exist, and are made by this model from this image."""
        there = self._there(picture)
        for path in chain(*there):
            if _READERS.get(path.suffix, read_comment)(path) != digest:
                raise FileExistsError(
                    f"{readable(path)} was made from another image or with other options; "
                    "give --overwrite to replace it."
                )
        return all(there)

    def _write(self, picture: Picture, outcome: Outcome, digest: str, advance: Advance) -> list[str]:
        """Write the results of an image, and return the names of the files."""
        if "label" in self.outputs and len(outcome.colors) > LIMITS.written_labels:
            raise ValueError(
                f"It has {len(outcome.colors)} regions, but a label map at most {LIMITS.written_labels}; "
                "give a larger --scale or --min-size, or only --output color."
            )
        if "svg" in self.outputs and not self.simplify:
            n_points = count_points(*open_label_map(outcome.labels))
            check_points(n_points, "give --simplify 1, or a larger --min-size")

        def advance_output(share: float) -> None:
            advance(share / len(self.outputs))

        write = partial(
            write_output,
            picture,
            outcome,
            stem=self._path(picture),
            simplify=self.simplify,
            numbers=self.numbers,
            fill=not self.unfilled,
            comment=digest,
            advance=advance_output,
        )
        return [str(write(output)) for output in self.outputs]

    @as_click_error()
    def _make_directory(self) -> None:
        self.output_dir.mkdir(parents=True, exist_ok=True)

    def _digest(self, picture: Picture, model: str) -> str:
        """The mark of a result that was made from an image by a model."""
        mask = None if picture.mask is None else hashlib.sha256(picture.mask.tobytes()).hexdigest()
        files = [self._digest_file(file) for path in picture.files for file in (path, *beside(path))]
        made = [model, files, picture.page, picture.bands, picture.scaled, mask, picture.ignored]
        return f"skseg {digest([*made, self.simplify, self.numbers, self.unfilled, self.smallest])}"

    def _there(self, picture: Picture) -> list[list[Path]]:
        """The results of an image that exist, for each output."""
        first = -1 if picture.is_raster else 0
        paths = ([self._path(picture, suffix) for suffix in SUFFIXES[output][first:]] for output in self.outputs)
        return [list(filter(os.path.exists, each)) for each in paths]  # False for a name that is too long

    def _path(self, picture: Picture, suffix: str = "") -> Path:
        return self.output_dir / f"{picture.name}{suffix}"


def _is_summary(path: Path) -> bool:
    """Whether a file is the table or the polygons of an earlier run."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_FIRST_COLUMNS)) == _FIRST_COLUMNS or read_polygons_comment(path) == _COMMENT


def digest(values: object) -> str:
    """A short fingerprint of values as in JSON, with arrays as lists."""
    text = json.dumps(values, sort_keys=True, default=methodcaller("tolist"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _digest_file(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
