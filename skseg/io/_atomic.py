"""Atomic writing of files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO


@contextmanager
def written_whole(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden file beside `path`, and rename it to `path` at the end; a link stays a link.

    After an error, it is removed and an existing file at `path` stays. Only a killed process leaves it.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The directory {os.fspath(path.parent)!r} does not exist.")
    if path.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)!r} is a directory.")
    if path.exists() and not path.is_file():  # the renaming would remove it
        raise OSError(f"{os.fspath(path)!r} is a device or a pipe; give the name of a file.")
    path = Path(os.path.realpath(path))  # of links in a circle, too
    beside = path.with_name(f".{path.name[:60]}.{os.getpid()}.part")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
