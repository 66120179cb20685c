"""Files about all images of a run: a table, and polygons."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from ..io._atomic import written_whole
from ..io._pictures import readable
from ..io._polygons import open_polygons, read_polygons_comment
from .batch import Picture
from .messages import check_target
from .outcomes import Outcome, columns_of, crs_of, polygons_of, system_of

Part = tuple[dict[str, list[Any]], dict[str, Any]]  # columns of the table, and arguments of `save_polygons`

_COMMENT = "skseg"  # in the polygons
_FIRST_COLUMNS = b"image,label,color,"  # of the table


class Summaries:
    """A table and polygons of all images, each in one file, written after the last image.

    Parameters
    ----------
    table, polygons : the files, or None
    """

    def __init__(self, table: Path | None, polygons: Path | None) -> None:
        self.table, self.polygons = table, polygons

    def __bool__(self) -> bool:
        return self.table is not None or self.polygons is not None

    def __str__(self) -> str:
        return " and ".join(readable(path) for path in (self.table, self.polygons) if path is not None)

    def are_in(self, directory: Path) -> bool:
        """Whether one of the files goes to a directory."""
        return any(path is not None and path.parent == directory for path in (self.table, self.polygons))

    def check(
        self, pictures: Iterable[Picture], inputs: Collection[Path | None], *, overwrite: bool, resume: bool
    ) -> None:
        """Refuse files that cannot be written or must not be replaced, and images with different coordinate systems."""
        if self.polygons is not None and self.polygons.suffix.lower() not in (".geojson", ".json"):
            raise click.UsageError(f"--polygons must end in .geojson or .json; got {self.polygons.name!r}.")
        paths = [path for path in (self.table, self.polygons) if path is not None]
        if len({os.path.realpath(path) for path in paths}) < len(paths):
            raise click.UsageError(f"--table and --polygons must be two files; got {readable(paths[0])} for both.")
        for path in paths:
            check_target(path, overwrite or (resume and _is_summary(path)), inputs)
        if self.polygons is not None and len({system_of(picture) for picture in pictures}) > 1:
            raise click.UsageError(
                "--polygons writes one file, but the images have different coordinate systems; "
                "--output polygons writes a file for each."
            )

    def part_of(self, picture: Picture, outcome: Outcome) -> Part:
        """The columns of the table and the polygons of an image; empty if not asked for."""
        columns = columns_of(picture, outcome) if self.table else {}
        return columns, polygons_of(picture, outcome) if self.polygons else {}

    @contextmanager
    def open(self) -> Iterator[Callable[[Picture, Part], None]]:
        """The function that adds the part of an image; the files are complete at the end."""
        tables: list[dict[str, list[Any]]] = []
        add_polygons: Callable[..., None] | None = None
        with ExitStack() as files:

            def add(picture: Picture, part: Part) -> None:
                nonlocal add_polygons
                columns, polygons = part
                if self.table:
                    tables.append(columns)
                if self.polygons:
                    if add_polygons is None:
                        file = open_polygons(self.polygons, crs_of(picture), comment=_COMMENT)
                        add_polygons = files.enter_context(file)
                    add_polygons(**polygons)

            yield add
        if self.table and tables:
            _write_table(self.table, tables)


def _is_summary(path: Path) -> bool:
    """Whether a file is the table or the polygons of an earlier run."""
    if not path.is_file():
        return False
    if read_polygons_comment(path) == _COMMENT:
        return True
    with path.open("rb") as file:
        return file.read(len(_FIRST_COLUMNS)) == _FIRST_COLUMNS


def _write_table(path: Path, tables: list[dict[str, list[Any]]]) -> None:
    """The rows of all tables as CSV; a column that a table does not have is empty in its rows."""
    names = dict.fromkeys(name for table in tables for name in table)
    with written_whole(path) as file, TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        for table in tables:
            writer.writerows(dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
