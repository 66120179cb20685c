"""The work of each command: a thin layer over the library, for image files."""

import sys
import webbrowser
from collections.abc import Callable, Sequence
from functools import wraps
from inspect import signature
from pathlib import Path
from time import perf_counter

import click
import numpy as np
from sklearn.pipeline import make_pipeline

from .. import io
from .._checks import plural
from .._names import readable
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from ..io._atomic import written_whole
from . import steps
from .batch import Batch, Reading, open_batch, open_batch_or_coffee
from .curve import count_parts, criterion_curve, fit_each
from .explore import explore_page
from .messages import as_click_error, check_target, largest_image, plain_warnings
from .report import FORMATS, clusters_of, report, report_curve, shares_of, sort_clusters
from .results import Results

Command = Callable[..., None]


def run(name: str, *, max_megapixels: float, **params: object) -> None:
    """Do the work of a command with these options."""
    with plain_warnings(), largest_image(max_megapixels):
        _COMMANDS[name](**params)


def gathered(**makers: Callable[..., object]) -> Callable[[Command], Command]:
    """Give a command, under these names, what is made of options, and of what was made before.

    A maker, a class or a function, gets those that are named as its parameters.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def start(**params: object) -> None:
            for name, make in makers.items():
                params[name] = make(**{key: params[key] for key in signature(make).parameters if key in params})
            command(**{key: params[key] for key in signature(command).parameters})

        return start

    return decorate


@gathered(reading=Reading, init=steps.as_start, template=KMeansSegmenter, batch=open_batch_or_coffee, results=Results)
def segment(
    *,
    images: Sequence[str],
    each: bool,
    balance: str | None,
    as_json: bool,
    template: KMeansSegmenter,
    batch: Batch,
    results: Results,
) -> None:
    """Segment images: write each repainted in K colors, and its label map."""
    if not images:
        click.echo("No IMAGE given: segmenting a photo of a coffee cup from scikit-image.", err=as_json)
    results.check(batch)
    balancers = steps.balancers_of(batch, balance, template.n_jobs)
    segmenter = None if each else steps.fit_batch(batch, template, balancers)
    done = steps.write_classes(batch, results, template, segmenter, balancers)
    report(batch, done, segmenter, as_json=as_json, balancers=balancers)
    if done and not as_json:
        click.echo(f"{perf_counter() - batch.started:.2f} s")
    batch.finish()


@gathered(
    reading=Reading, segmenter=steps.classes_of_regions, template=RegionSegmenter, batch=open_batch, results=Results
)
def regions(*, balance: str | None, as_json: bool, template: RegionSegmenter, batch: Batch, results: Results) -> None:
    """Segment images into connected regions: write each repainted in mean colors, and its label map."""
    results.check(batch)
    balancers = steps.balancers_of(batch, balance, template.n_jobs)
    done = steps.write_regions(batch, results, template, balancers)
    report(batch, done, None, as_json=as_json, balancers=balancers)
    batch.finish()


@gathered(reading=Reading, init=steps.as_start, template=KMeansSegmenter, batch=open_batch)
def fit(
    *, path: Path, overwrite: bool, balance: str | None, as_json: bool, template: KMeansSegmenter, batch: Batch
) -> None:
    """Fit clusters to images and write them to a model file."""
    check_target(path, overwrite, batch.inputs)
    balancers = steps.balancers_of(batch, balance, template.n_jobs)
    segmenter = steps.fit_batch(batch, template, balancers)
    if segmenter is not None:
        with batch.noting(path):
            io.save(make_pipeline(*balancers, segmenter) if balancers else segmenter, path)
            if not as_json:
                click.echo(f"{readable(path)}: {plural(len(batch.pictures), 'image')}")
    report(batch, [], segmenter, as_json=as_json, balancers=balancers)
    batch.finish()


@gathered(reading=Reading, results=Results)
def predict(
    *,
    files: Sequence[str],
    palette: Path | Sequence[str] | None,
    choose: int | None,
    balance: str | None,
    color_space: str | None,
    n_jobs: int | None,
    reading: Reading,
    as_json: bool,
    results: Results,
) -> None:
    """Segment images with a MODEL file of `skseg fit` or `skseg.io.save`, or with the colors of a palette."""
    if palette is None:
        model, *images = files
        segmenter, balancers = steps.open_model(model)
        names = None
        batch = open_batch(images, reading)
        results.check(batch, Path(model))
    else:
        colors, color_names = steps.open_palette(palette, choose)
        batch = open_batch(files, reading)
        results.check(batch, *([palette] if isinstance(palette, Path) else []))
        balancers = steps.balancers_of(batch, balance, n_jobs)
        if choose is not None:
            chosen = steps.choose_from(
                batch, colors, choose, color_space=color_space, n_jobs=n_jobs, balancers=balancers
            )
            colors, color_names = colors[chosen], [color_names[index] for index in chosen]
        segmenter, names = steps.palette_segmenter(colors, color_names, color_space, steps.range_of_bits(batch))
    segmenter.set_params(n_jobs=n_jobs)
    done = steps.write_classes(batch, results, segmenter, segmenter, balancers, names=names)
    shares = shares_of(done, len(segmenter.cluster_centers_))
    report(batch, done, segmenter, as_json=as_json, shares=shares, names=names, balancers=balancers)
    batch.finish()


@gathered(reading=Reading, segmenter=KMeansSegmenter, batch=open_batch)
def choose_k(
    *,
    lowest: int,
    highest: int,
    criterion: str,
    plot: Path | None,
    overwrite: bool,
    as_json: bool,
    segmenter: KMeansSegmenter,
    batch: Batch,
) -> None:
    """Choose the number of clusters by cross-validation."""
    if plot:
        steps.check_plot(plot)
        check_target(plot, overwrite, batch.inputs)
    batch.check()
    if batch.pictures:
        with as_click_error(batch.pictures):
            folds = count_parts(batch.pictures, segmenter)
            curve = criterion_curve(folds, segmenter, range(lowest, highest + 1), criterion)
        if plot:
            with batch.noting(plot):
                steps.write_plot(plot, curve, criterion)
        report_curve(batch, curve, criterion, as_json=as_json)
        if plot and str(plot) not in batch.failed and not as_json:
            click.echo(f"{readable(plot)}: the curve")
    batch.finish()


@gathered(reading=Reading, init=steps.as_start, template=KMeansSegmenter, batch=open_batch)
def palette(*, style: str, sort: str, as_json: bool, template: KMeansSegmenter, batch: Batch) -> None:
    """Print the K colors of images, from dark to light."""
    segmenter = steps.fit_batch(batch, template)
    if segmenter is not None and style != "table":
        click.echo(FORMATS[style]([cluster["color"] for cluster in sort_clusters(clusters_of(segmenter), sort)]))
    else:
        report(batch, [], segmenter, as_json=as_json, order=sort, n_listed=None)
    batch.finish()


@gathered(reading=Reading, segmenter=KMeansSegmenter, batch=open_batch)
def explore(
    *,
    path: Path,
    highest: int,
    has_regions: bool,
    no_open: bool,
    criterion: str,
    overwrite: bool,
    segmenter: KMeansSegmenter,
    batch: Batch,
) -> None:
    """Show images in 2 to 16 colors, on a page in the browser."""
    check_target(path, overwrite, batch.inputs)
    batch.check()
    if batch.pictures:
        regions = steps.explored_regions(segmenter) if has_regions else None
        numbers = range(2, highest + 1)
        with as_click_error(batch.pictures):
            folds = count_parts(batch.pictures, segmenter)
            curve = criterion_curve(folds, segmenter, numbers, criterion)
            models = fit_each(batch.pictures, segmenter, numbers)
            shown = ((Path(str(picture)).name, np.asanyarray(picture)) for picture in batch.pictures)
            page = explore_page(shown, models, curve, criterion, regions).encode()
        with batch.noting(path):
            with written_whole(path) as file:
                file.write(page)
            click.echo(f"{readable(path)}: open it in a browser.")
            if not no_open and sys.stdout.isatty():
                webbrowser.open(path.resolve().as_uri())
    batch.finish()


_COMMANDS: dict[str, Command] = {
    each.__name__: each for each in (segment, regions, fit, predict, choose_k, palette, explore)
}
