"""Atomic writing of files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EIO
from os import PathLike, fspath
from pathlib import Path
from secrets import token_hex
from typing import IO


@contextmanager
def written_whole(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a hidden file beside `path`, and rename it to `path` at the end; a link stays a link.

    After an error, it is removed and an existing file at `path` stays. Only a killed process leaves it.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"The directory {fspath(path.parent)!r} does not exist.")
    if path.is_dir():
        raise IsADirectoryError(f"{fspath(path)!r} is a directory.")
    if path.exists() and not path.is_file():  # the renaming would remove it
        raise OSError(f"{fspath(path)!r} is a device or a pipe; give the name of a file.")
    target = Path(os.path.realpath(path))  # of links in a circle, too
    beside = target.with_name(f".{target.name[:50]}.{token_hex(8)}.part")  # of at most 255 bytes
    try:
        with naming(path, beside):
            with beside.open("wb") as file:
                yield file
            beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def naming(path: str | PathLike[str], beside: Path | None = None) -> Iterator[None]:
    """Name a file in errors of the system, such as of a full disk, that name none, or the hidden one beside it."""
    try:
        yield
    except OSError as error:
        if error.filename not in (None, beside and fspath(beside)):
            raise
        raise OSError(error.errno or EIO, error.strerror or str(error), fspath(path)) from error
