"""Files that stay open between two pages, so that the pages of a file are read in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any


class _Kept(local):
    """The file that a thread has read last, as each of its decoders has opened it."""

    def __init__(self) -> None:
        self.depth = 0
        self.path = ""
        self.files: dict[Callable[[str], Any], Any] = {}

    def release(self) -> None:
        """Close the file."""
        for file in self.files.values():
            file.close()
        self.files.clear()


_kept = _Kept()


@contextmanager
def in_order() -> Iterator[None]:
    """While it lasts, a file that this thread reads stays open until it reads another one."""
    _kept.depth += 1
    try:
        yield
    finally:
        _kept.depth -= 1
        if _kept.depth == 0:
            _kept.release()


@contextmanager
def opened(path: str, decoder: Callable[[str], Any]) -> Iterator[Any]:
    """A file that `decoder` opens. It is closed at the end, unless files are read in order."""
    if _kept.depth == 0:
        with decoder(path) as file:
            yield file
        return
    if _kept.path != path:
        _kept.release()
        _kept.path = path
    if decoder not in _kept.files:
        _kept.files[decoder] = decoder(path)
    try:
        yield _kept.files[decoder]
    except BaseException:  # a decoder may be in any state
        _kept.release()
        raise
