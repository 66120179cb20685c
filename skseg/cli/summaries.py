"""Files about all images of a run: a table, and polygons."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from ..io._atomic import written_whole
from ..io._polygons import open_polygons
from .batch import Picture
from .messages import check_target
from .outcomes import Outcome, columns_of, crs_of, polygons_of, system_of


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

    def are_in(self, directory: Path) -> bool:
        """Whether one of the files goes to a directory."""
        return any(path is not None and path.parent == directory for path in (self.table, self.polygons))

    def check(self, pictures: Iterable[Picture], inputs: Collection[Path | None], *, replace: bool) -> None:
        """Refuse files that cannot be written or must not be replaced, and images with different coordinate systems."""
        if self.polygons is not None and self.polygons.suffix.lower() not in (".geojson", ".json"):
            raise click.UsageError(f"--polygons must end in .geojson or .json; got {self.polygons.name!r}.")
        for path in filter(None, (self.table, self.polygons)):
            check_target(path, replace, inputs)
        if self.polygons is not None and len({system_of(picture) for picture in pictures}) > 1:
            raise click.UsageError(
                "--polygons writes one file, but the images have different coordinate systems; "
                "--output polygons writes a file for each."
            )

    @contextmanager
    def open(self) -> Iterator[Callable[[Picture, Outcome], None]]:
        """The function that adds an image; the files are complete at the end."""
        tables: list[dict[str, list[Any]]] = []
        add_polygons: Callable[..., None] | None = None
        with ExitStack() as files:

            def add(picture: Picture, outcome: Outcome) -> None:
                nonlocal add_polygons
                if self.table:
                    tables.append(columns_of(picture, outcome))
                if self.polygons:
                    polygons = polygons_of(picture, outcome)
                    add_polygons = add_polygons or files.enter_context(open_polygons(self.polygons, crs_of(picture)))
                    add_polygons(**polygons)

            yield add
        if self.table and tables:
            _write_table(self.table, tables)


def _write_table(path: Path, tables: list[dict[str, list[Any]]]) -> None:
    """The rows of all tables as CSV; a column that a table does not have is empty in its rows."""
    names = dict.fromkeys(name for table in tables for name in table)
    with written_whole(path) as file, TextIOWrapper(file, encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        for table in tables:
            writer.writerows(dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
