"""The command `skseg`: what the library does, on picture files. Thin over the library."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
import skimage.data
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, cross_validate

from . import KMeansSegmenter, KSelectionDisplay, TileKFold, __version__, io, metrics
from . import _options as options
from ._batch import Batch, Picture, Results, digest, find_files, read_mask
from ._color import unit_scale
from ._explore import explore_page
from ._palette import FORMATS, hex_codes
from ._report import best, clusters_of, entry_of, plural, report, report_curve, shares_of
from .io._atomic import written_whole
from .io._pictures import readable

_N_FOLDS = 5
_CURVE = ("n_clusters", "score", "spread")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
@click.pass_context
def app(ctx: click.Context) -> None:
    """Segment images by color with k-means.

    An IMAGE is a picture file, a directory of pictures, or a pattern such as 'photos/*.jpg'. Every page of a file is a
    picture. Transparent pixels take no part.

    Exit codes: 0, done; 1, something failed, and it says what; 2, wrong usage.
    """
    ctx.with_resource(_plain_warnings())


# Commands


@app.command()
@click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Path())
@options.n_clusters
@click.option("--each", is_flag=True, help="Find the clusters of every picture by itself.")
@options.results
@options.limits
@options.model
@options.json
def segment(*, images: tuple[str, ...], each: bool, mask: Path | None, as_json: bool, **params: Any) -> None:
    """Segment pictures: write each painted in its K colors, and its label map.

    One set of clusters is fitted to all IMAGEs together. Without an IMAGE, the coffee picture of scikit-image is
    segmented.

    NAME-segmented.png is the painted picture, a TIFF if it has more than 8 bits or other channels than RGB.
    NAME-labels.png is an indexed PNG: its pixel values are the labels, from 0 for the darkest cluster, and its palette
    is the cluster colors; a gray PNG of 16 bits if there are more than 256. NAME-distances.tif holds the distances to
    the K centers.

    \b
    Examples:
      skseg segment photo.jpg -k 5
      skseg segment photos -k 8 -o results --color-space lab
      skseg segment 'slides/*.tif' --each --resume -o results
    """
    if not images:
        images = (str(Path(skimage.data.data_dir, "coffee.png")),)
        click.echo("No IMAGE given: segmenting the coffee picture that scikit-image ships.", err=as_json)
    start = perf_counter()
    results, params = _take_results(params)
    batch = _open(images, mask)
    _refuse_usage(results.check, batch.pictures)
    segmenter = None if each else _fit(batch, params)
    done = _write(batch, results, params, segmenter)
    report(batch, done, segmenter, as_json=as_json)
    _say(f"{perf_counter() - start:.2f} s", unless=as_json or not done)
    _exit(batch)


@app.command()
@options.images
@options.n_clusters
@click.option(
    "-o", "--output", "path", type=options.file(), default="model.skseg", show_default=True, help="Model file."
)
@options.overwrite
@options.limits
@options.model
@options.json
def fit(
    *, images: tuple[str, ...], path: Path, overwrite: bool, mask: Path | None, as_json: bool, **params: Any
) -> None:
    """Find the clusters of pictures and write them to a model file.

    A model file holds numbers and no code, so one from elsewhere can be used.

    \b
    Examples:
      skseg fit first.jpg second.jpg -k 5 -o model.skseg
      skseg predict model.skseg other.jpg -o results
    """
    _check_target(path, overwrite)
    batch = _open(images, mask)
    segmenter = _fit(batch, params)
    if segmenter is not None:
        with batch.noting(path):
            io.save(segmenter, path)
            _say(f"{readable(path)}: {plural(len(batch.pictures), 'picture')}", unless=as_json)
    report(batch, [], segmenter, as_json=as_json)
    _exit(batch)


@app.command()
@click.argument("model", type=options.file(exists=True))
@options.images
@options.results
@options.limits
@options.json
def predict(*, model: Path, images: tuple[str, ...], mask: Path | None, as_json: bool, **params: Any) -> None:
    """Segment pictures by the clusters in a MODEL file of `skseg fit`.

    \b
    Examples:
      skseg predict model.skseg photos -o results
      skseg predict model.skseg scan.tif --output distance
    """
    try:
        segmenter = io.load(model)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    results, _ = _take_results(params)
    batch = _open(images, mask)
    _refuse_usage(results.check, batch.pictures)
    done = _write(batch, results, {}, segmenter)
    report(batch, done, segmenter, as_json=as_json, shares=shares_of(done))
    _exit(batch)


@app.command()
@options.images
@click.option("--from", "lowest", type=click.IntRange(2), default=2, show_default=True, help="Smallest K.")
@click.option("--to", "highest", type=click.IntRange(2), default=12, show_default=True, help="Largest K.")
@options.criterion
@click.option("--plot", type=options.file(), help="Picture of the curve to write.")
@options.overwrite
@options.limits
@options.model
@options.json
def choose_k(
    *,
    images: tuple[str, ...],
    lowest: int,
    highest: int,
    criterion: str,
    plot: Path | None,
    overwrite: bool,
    mask: Path | None,
    as_json: bool,
    **params: Any,
) -> None:
    """Choose the number of clusters, by parts of the pictures that were not fitted.

    The parts are tiles of one picture, or whole pictures if there are several. The criterion valley_score counts the
    clusters that stand apart.

    \b
    Examples:
      skseg choose-k photo.jpg
      skseg choose-k photos --from 2 --to 20 --plot curve.png
    """
    if lowest > highest:
        raise click.UsageError(f"--from must not be above --to; got {lowest} and {highest}.")
    if plot:
        _check_target(plot, overwrite)
        _check_plot_format(plot)
    batch = _open(images, mask)
    segmenter = _new_segmenter(batch, params)
    if segmenter is not None:
        curve = _curve(batch, segmenter, range(lowest, highest + 1), criterion)
        if plot:
            with _saying_why(), written_whole(plot) as file:
                _plot(curve, criterion).savefig(file, format=_plot_format(plot), dpi=150)
        report_curve(batch, curve, criterion, as_json=as_json)
        if plot:
            _say(f"{readable(plot)}: the curve", unless=as_json)
    _exit(batch)


@app.command()
@options.images
@options.n_clusters
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", *FORMATS]),
    default="table",
    show_default=True,
    help="A table with shares, hex codes, JSON, a palette for GIMP and Inkscape, or CSS variables.",
)
@options.limits
@options.model
@options.json
def palette(*, images: tuple[str, ...], style: str, mask: Path | None, as_json: bool, **params: Any) -> None:
    """Print the K colors of pictures, from dark to light.

    \b
    Examples:
      skseg palette photo.jpg -k 6
      skseg palette photo.jpg -k 6 --format css > colors.css
    """
    batch = _open(images, mask)
    segmenter = _fit(batch, params)
    if segmenter is not None and style != "table" and not as_json:
        click.echo(FORMATS[style](hex_codes(segmenter)))
    else:
        report(batch, [], segmenter, as_json=as_json, n_listed=None)
    _exit(batch)


@app.command()
@click.argument("image", type=click.Path())
@click.option(
    "-o", "--output", "path", type=options.file(), default="explore.html", show_default=True, help="The page."
)
@click.option("--to", "highest", type=click.IntRange(2, 64), default=16, show_default=True, help="Largest K.")
@options.criterion
@options.overwrite
@options.limits
@options.model
def explore(
    *, image: str, path: Path, highest: int, criterion: str, overwrite: bool, mask: Path | None, **params: Any
) -> None:
    """Write a page that shows a picture in 2 to 16 colors, to open in a browser.

    The page is one file and needs no network. It has a slider for K, the original and the result side by side, the
    colors with their shares, each cluster alone, and the criterion that `skseg choose-k` goes by.

    \b
    Example:
      skseg explore photo.jpg -o photo.html
    """
    _check_target(path, overwrite)
    batch = _open([image], mask)
    segmenter = _new_segmenter(batch, params)
    if segmenter is not None:
        picture = batch.pictures[0]
        if len(batch.pictures) > 1:
            raise click.UsageError(f"IMAGE must be one picture; got {len(batch.pictures)}.")
        curve = _curve(batch, segmenter, range(2, highest + 1), criterion)
        with batch.noting(picture):
            pixels = np.asanyarray(picture)
            models = [
                clone(segmenter).set_params(n_clusters=candidate["n_clusters"]).fit(pixels) for candidate in curve
            ]
            page = explore_page(pixels, Path(picture.path).name, models, [each["score"] for each in curve], criterion)
            with written_whole(path) as file:
                file.write(page.encode())
            _say(f"{readable(path)}: open it in a browser.")
    _exit(batch)


# Steps


def _open(images: Iterable[str], mask: Path | None) -> Batch:
    """The pictures that are meant."""
    try:
        files = find_files(images)
        return Batch(files, None if mask is None else read_mask(mask))
    except FileNotFoundError as error:
        raise click.UsageError(str(error)) from error
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def _take_results(params: dict[str, Any]) -> tuple[Results, dict[str, Any]]:
    """Where the results go, and the options of the model that are left."""
    names = ("output_dir", "outputs", "overwrite", "resume")
    directory, outputs, overwrite, resume = (params.pop(name) for name in names)
    return Results(directory, dict.fromkeys(outputs), overwrite=overwrite, resume=resume), params


def _new_segmenter(batch: Batch, params: dict[str, Any]) -> KMeansSegmenter | None:
    """The segmenter for the pictures that can be read, if there are any."""
    batch.check(_progress(batch.pictures, "Reading"))
    return _segmenter_for(batch.pictures[0], params) if batch.pictures else None


def _segmenter_for(picture: Picture, params: dict[str, Any]) -> KMeansSegmenter:
    """A segmenter whose start colors, if there are any, are in the units of the picture."""
    if isinstance(params["init"], np.ndarray):
        params = params | {"init": params["init"] * unit_scale(np.asanyarray(picture).dtype)}
    return KMeansSegmenter(**params)


def _fit(batch: Batch, params: dict[str, Any]) -> KMeansSegmenter | None:
    segmenter = _new_segmenter(batch, params)
    if segmenter is None:
        return None
    with _saying_why():
        segmenter.fit(batch.pictures)
    return segmenter


def _write(
    batch: Batch, results: Results, params: dict[str, Any], common: KMeansSegmenter | None
) -> list[dict[str, Any]]:
    """Write the results of each picture, by the common segmenter or by one of its own; what was done."""
    made_by = params if common is None else (common.get_params(), common.cluster_centers_.tolist())
    model, done, rest = digest(__version__, made_by), [], list(batch.pictures)
    if batch.pictures:
        with _saying_why():
            results.directory.mkdir(parents=True, exist_ok=True)
    try:
        for picture in _progress(batch.pictures, "Writing"):
            with batch.noting(picture):
                if results.are_done(picture, model):
                    done.append({"image": str(picture), "skipped": True})
                else:
                    pixels = np.asanyarray(picture)
                    segmenter = common or _segmenter_for(picture, params).fit(pixels)
                    entry = entry_of(picture, segmenter.predict(pixels), segmenter)
                    entry["files"] = list(map(str, results.write(picture, pixels, segmenter, model)))
                    done.append(entry | ({"clusters": clusters_of(segmenter)} if common is None else {}))
            picture.pixels = None
            rest.remove(picture)
    except KeyboardInterrupt:
        batch.failed |= {str(picture): "interrupted; --resume goes on from here" for picture in rest}
    return done


def _curve(batch: Batch, segmenter: KMeansSegmenter, n_clusters: range, criterion: str) -> list[dict[str, Any]]:
    """The criterion for each K."""
    pictures = batch.pictures
    many = len(pictures) > 1
    X, cv = (pictures, KFold(min(_N_FOLDS, len(pictures)))) if many else (np.asanyarray(pictures[0]), TileKFold())
    scoring = {"score": getattr(metrics, criterion), "explained": metrics.explained_variance}
    curve = []
    with _saying_why():
        for n in _progress(n_clusters, "Trying K"):
            scores = cross_validate(segmenter.set_params(n_clusters=n), X, cv=cv, scoring=scoring, error_score="raise")
            means = {name: float(np.mean(scores[f"test_{name}"])) for name in scoring}
            curve.append({"n_clusters": n, **means, "spread": float(np.std(scores["test_score"]))})
    return curve


def _plot(curve: list[dict[str, Any]], criterion: str) -> Any:
    """The figure of a curve."""
    import matplotlib.pyplot as plt  # noqa: PLC0415, an extra

    n_clusters, scores, spreads = (np.array([each[name] for each in curve]) for name in _CURVE)
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    KSelectionDisplay(n_clusters, scores, spreads, best(curve)["n_clusters"], names=(criterion, "")).plot(ax=ax)
    plt.close(figure)
    return figure


# Errors, warnings, progress


def _say(message: str, *, unless: bool = False) -> None:
    if not unless:
        click.echo(message)


def _exit(batch: Batch) -> None:
    """Say what failed, and end."""
    for source, reason in batch.failed.items():
        click.echo(f"Error: {reason if source in reason else f'{source}: {reason}'}", err=True)
    sys.exit(1 if batch.failed else 0)


@contextmanager
def _saying_why() -> Iterator[None]:
    """End with the reason if a model cannot be made."""
    try:
        yield
    except (ValueError, TypeError, OSError, MemoryError) as error:
        raise click.ClickException(" ".join(str(error).split()) or type(error).__name__) from error


def _check_target(path: Path, overwrite: bool) -> None:
    """Refuse a file that cannot be written, or must not be, before any work is done."""
    if path.exists() and not overwrite:
        raise click.UsageError(f"{readable(path)} exists; give --overwrite to replace it, or another name.")
    if not path.parent.is_dir():
        raise click.UsageError(f"The directory {readable(path.parent)} does not exist.")
    if not os.access(path.parent, os.W_OK):
        raise click.UsageError(f"The directory {readable(path.parent)} cannot be written to.")


def _plot_format(path: Path) -> str:
    return path.suffix.removeprefix(".").lower() or "png"


def _check_plot_format(path: Path) -> None:
    if find_spec("matplotlib") is None:
        raise click.ClickException("--plot needs matplotlib: python -m pip install matplotlib")
    from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415, an extra

    known = FigureCanvasBase.get_supported_filetypes()
    if _plot_format(path) not in known:
        raise click.UsageError(f"--plot must end in one of {', '.join(sorted(known))}; got {readable(path.name)}.")


def _refuse_usage(check: Callable[[Any], None], pictures: list[Picture]) -> None:
    try:
        check(pictures)
    except FileExistsError as error:
        raise click.UsageError(str(error)) from error


def _progress(steps: Any, what: str) -> Iterator[Any]:
    """The steps, with a bar in the terminal while they last."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield from steps
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        yield from progress.track(steps, description=what)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Warnings in one line, without those that what is said makes needless."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", ConvergenceWarning)  # the line with K says how many clusters there are
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # larger pictures are refused
        warnings.showwarning = lambda message, *_: click.echo(f"Warning: {' '.join(str(message).split())}", err=True)
        yield
