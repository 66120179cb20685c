"""Names of files: whether they can be meant, and how they are printed. Nothing of NumPy is imported."""

from glob import has_magic
from os import PathLike, fspath
from pathlib import Path

Name = str | PathLike[str]


def check_name(name: Name) -> None:
    """Refuse a file or a directory that does not exist; whether a pattern matches is seen when it is read."""
    if not fspath(name):  # which would mean the current directory, maybe of a variable that is not set
        raise FileNotFoundError("The name of a file or directory is empty.")
    if not (Path(name).exists() or has_magic(fspath(name))):
        raise FileNotFoundError(f"{readable(name)} does not exist.")


def readable(path: object) -> str:
    """The name of a file as one printable line."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
