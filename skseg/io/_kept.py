"""Files that stay open between two pages, so that the pages of a file are read in one go."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from PIL import Image
from PIL.ImageFile import ImageFile


class _Kept(local):
    """The file that a thread read last, and the last page that was decoded."""

    depth, path, page = 0, "", -1
    file: ImageFile | None = None

    def release(self) -> None:
        """Close the file."""
        file, self.file, self.page = self.file, None, -1
        if file is not None:
            file.close()


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
def opened(path: str, page: int | None = None) -> Iterator[ImageFile]:
    """An open file. It is closed at the end, unless files are read in order.

    After this `page`, or a later one, was decoded, the file is opened anew, since decoders do not go back.
    """
    if _kept.depth == 0:
        with Image.open(path) as file:
            yield file
        return
    if _kept.path != path or (page is not None and page <= _kept.page):
        _kept.release()
    if _kept.file is None:
        _kept.path, _kept.file = path, Image.open(path)
    if page is not None:
        _kept.page = page
    try:
        yield _kept.file
    except BaseException:  # a decoder may be in any state
        _kept.release()
        raise
