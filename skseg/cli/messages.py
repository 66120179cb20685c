"""Messages of the command: errors in one line, warnings in one line, progress, and targets that are checked first."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sklearn.exceptions import ConvergenceWarning

from ..io._pictures import readable
from .batch import Batch, as_line, messages_about, sources_of


def say(message: str, *, unless: bool = False) -> None:
    """Print a message for people, unless the output is for programs."""
    if not unless:
        click.echo(message)


def finish(batch: Batch) -> None:
    """Print the failures, and exit."""
    for source, reason in batch.failed.items():
        click.echo(f"Error: {as_line(reason, [source])}", err=True)
    sys.exit(1 if batch.failed else 0)


@contextmanager
def as_click_error(sources: Sequence[object] = ()) -> Iterator[None]:
    """Turn an error, maybe about one of the sources, into one line and the end of the command."""
    try:
        with messages_about(sources):
            yield
    except (ValueError, TypeError, OSError, MemoryError) as error:
        raise click.ClickException(as_line(error, sources)) from error


@as_click_error()
def check_target(path: Path, overwrite: bool, inputs: Iterable[Path | None] = ()) -> None:
    """Refuse a file that cannot be written, or must not be, such as an input, before any work is done."""
    if os.path.realpath(path) in {os.path.realpath(each) for each in inputs if each is not None}:
        raise click.UsageError(f"{readable(path)} is an input or another result; give another name.")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{readable(path)} is a device or a pipe; give the name of a file.")
    if path.exists() and not overwrite:
        raise click.UsageError(f"{readable(path)} exists; give --overwrite to replace it, or another name.")
    if not path.parent.is_dir():
        raise click.UsageError(f"The directory {readable(path.parent)} does not exist.")
    if not os.access(path.parent, os.W_OK):
        raise click.UsageError(f"The directory {readable(path.parent)} cannot be written to.")


def plot_format(path: Path) -> str:
    """The format that the name of a plot asks for."""
    return path.suffix.removeprefix(".").lower() or "png"


def check_plot_format(path: Path) -> None:
    """Refuse a plot that matplotlib cannot write."""
    if find_spec("matplotlib") is None:
        raise click.ClickException('--plot needs matplotlib: python -m pip install "skseg[plot]"')
    from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415, an extra

    known = FigureCanvasBase.get_supported_filetypes()
    if plot_format(path) not in known:
        raise click.UsageError(f"--plot must end in one of {', '.join(sorted(known))}; got {readable(path.name)}.")


@contextmanager
def as_usage_error() -> Iterator[None]:
    """Turn a file that is in the way into wrong usage."""
    try:
        yield
    except FileExistsError as error:
        raise click.UsageError(str(error)) from error


def is_terminal() -> bool:
    """Whether somebody sees the output of the command as it comes."""
    return sys.stdout.isatty()


def progress(steps: Any, what: str, total: int | None = None) -> Iterator[Any]:
    """The steps, with a bar in the terminal while they last."""
    with progress_bar(what, len(steps) if total is None else total) as advance:
        for step in steps:
            yield step
            advance(1)


@contextmanager
def progress_bar(what: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A bar in the terminal, and the function that moves it on; None if the end is not known."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        yield partial(progress.advance, progress.add_task(what, total=total))


@contextmanager
def plain_warnings(ctx: click.Context) -> Iterator[None]:
    """Print each warning once, in one line, without those whose facts are printed anyway, and no log of tifffile."""
    logger = logging.getLogger("tifffile")
    say_once = cache(lambda message: click.echo(f"Warning: {message}", err=True))
    with warnings.catch_warnings(), ExitStack() as at_end:
        at_end.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", ConvergenceWarning)  # the line with K says how many clusters there are
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # larger images are refused
        warnings.showwarning = lambda message, *_: say_once(as_line(message, sources_of(ctx)))
        yield
