"""Messages of the command: errors in one line, warnings in one line, progress, and targets that are checked first."""

import logging
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from threading import Timer

import click
from PIL import Image
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text
from sklearn.exceptions import ConvergenceWarning

from .._errors import NotFiniteError, TooLargeError
from .._names import readable

PATIENCE = 2.0  # seconds before a bar is shown
FAILURES = (ValueError, TypeError, OSError, MemoryError)  # of an image or a file
_HINTS: dict[type, str] = {
    NotFiniteError: "Give them the nodata value, or a --mask.",
    TooLargeError: "If that is right, give a larger --max-megapixels.",
}


class _Rate(ProgressColumn):
    """How many are done in a second."""

    def render(self, task: Task) -> Text:
        return TaskProgressColumn.render_speed(task.speed)


def as_line(message: object, sources: Sequence[object] = ()) -> str:
    """An error, a warning or its text in one line, after the name of the source that it is about, if known."""
    text = f"{getattr(message, 'problem', None) or message} {_HINTS.get(type(message), '')}"
    line = " ".join(text.split()) or type(message).__name__
    index = getattr(message, "image_index", None)
    about = sources if index is None else sources[index : index + 1]
    return f"{about[0]}: {line}" if len(about) == 1 and str(about[0]) not in line else line


@contextmanager
def messages_about(sources: Sequence[object]) -> Iterator[None]:
    """Work on images that messages of the library may be about."""
    root = (click.get_current_context(silent=True) or click.Context(click.Command(None))).find_root()
    before, root.obj = root.obj, sources
    try:
        yield
    finally:
        root.obj = before


@contextmanager
def as_click_error(sources: Sequence[object] = ()) -> Iterator[None]:
    """Turn an error, maybe about one of the sources, into one line and the end of the command."""
    try:
        with messages_about(sources):
            yield
    except FAILURES as error:
        raise click.ClickException(as_line(error, sources)) from error


@contextmanager
def largest_image(megapixels: float) -> Iterator[None]:
    """Limit the size of the images that are read at once."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, round(megapixels * 1e6)
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Print each warning once, in one line, without those whose facts are printed anyway, and no log of decoders."""
    ctx = click.get_current_context()
    say_once = cache(lambda message: click.echo(f"Warning: {message}", err=True))

    def show(message: Warning | str, *_: object, **__: object) -> None:
        here = click.get_current_context(silent=True) or ctx  # some threads have no context of their own
        say_once(as_line(message, here.find_root().obj or ()))

    for logger in map(logging.getLogger, ("rasterio", "tifffile")):
        ctx.call_on_close(partial(logger.setLevel, logger.level))
        logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", ConvergenceWarning)  # the line with K says how many clusters there are
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # larger images are refused
        warnings.showwarning = show
        yield


@as_click_error()
def check_target(path: Path, overwrite: bool, inputs: Iterable[Path]) -> None:
    """Refuse a file that cannot be written, or must not be, such as an input, before any work is done."""
    if os.path.realpath(path) in map(os.path.realpath, inputs):
        raise click.UsageError(f"{readable(path)} is an input or another result; give another name.")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{readable(path)} is a device or a pipe; give the name of a file.")
    if path.exists() and not overwrite:
        raise click.UsageError(f"{readable(path)} exists; give --overwrite to replace it, or another name.")
    if not path.parent.is_dir():
        raise click.UsageError(f"The directory {readable(path.parent)} does not exist.")
    if not os.access(path.parent, os.W_OK):
        raise click.UsageError(f"The directory {readable(path.parent)} cannot be written to.")


@contextmanager
def progress_bar(what: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A bar in the terminal after some seconds, and the function that moves it on; None if the end is not known."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    progress = Progress(*columns, console=console, transient=True)
    wait = Timer(PATIENCE, progress.start)
    wait.start()
    try:
        yield partial(progress.advance, progress.add_task(what, total=total))
    finally:
        wait.cancel()
        wait.join()
        if progress.live.is_started:
            progress.stop()
