"""Files that stay open between two pages, so that the pages of a file are read in one go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any


class _Kept(local):
    """The file that a thread read last, once per decoder that opened it, and the last page that each decoded."""

    def __init__(self) -> None:
        self.depth = 0
        self.path = ""
        self.files: dict[Callable[[str], Any], Any] = {}
        self.pages: dict[Callable[[str], Any], int] = {}

    def release(self) -> None:
        """Close the file."""
        self.pages.clear()
        while self.files:
            self.files.popitem()[1].close()


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
def opened(path: str, decoder: Callable[[str], Any], page: int | None = None) -> Iterator[Any]:
    """A file that `decoder` opens. It is closed at the end, unless files are read in order.

    A decoder that has decoded this `page`, or a later one, is not asked to go back: the file is opened anew.
    """
    if _kept.depth == 0:
        with decoder(path) as file:
            yield file
        return
    if _kept.path != path or (page is not None and page <= _kept.pages.get(decoder, -1)):
        _kept.release()
        _kept.path = path
    if decoder not in _kept.files:
        _kept.files[decoder] = decoder(path)
    if page is not None:
        _kept.pages[decoder] = page
    try:
        yield _kept.files[decoder]
    except BaseException:  # a decoder may be in any state
        _kept.release()
        raise
