"""The command `skseg`: a thin layer over the library, for image files."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
import skimage.data

from .. import io
from .._version import __version__
from ..io._atomic import written_whole
from ..io._pictures import readable
from . import options
from .curve import criterion_curve, fit_each
from .explore import explore_page
from .messages import (
    as_click_error,
    as_usage_error,
    check_plot_format,
    check_target,
    finish,
    is_terminal,
    plain_warnings,
    plot_format,
    say,
)
from .palettes import FORMATS, hex_codes
from .report import plural, report, report_curve, shares_of
from .steps import (
    explored_regions,
    fit_batch,
    new_segmenter,
    open_batch,
    open_model,
    palette_segmenter,
    plot_curve,
    take_results,
    write_classes,
    write_regions,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__)
@click.pass_context
def app(ctx: click.Context) -> None:
    """Segment images by color with k-means.

    An IMAGE is an image file, a directory of images, or a pattern such as 'photos/*.jpg'. Every page of a file is an
    image. Transparent pixels are ignored.

    Exit codes: 0, success; 1, something failed; 2, wrong usage.
    """
    ctx.with_resource(plain_warnings(ctx))


@app.command()
@click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Path())
@options.n_clusters
@click.option("--each", is_flag=True, help="Fit a separate set of clusters to every image.")
@options.results
@options.limits
@options.model
@options.json
def segment(*, images: tuple[str, ...], each: bool, mask: Path | None, as_json: bool, **params: Any) -> None:
    """Segment images: write each repainted in K colors, and its label map.

    One set of clusters is fitted to all IMAGEs together. Without an IMAGE, scikit-image's photo of a coffee cup is
    segmented.

    NAME-segmented.png is the repainted image, or a TIFF if it has more than 8 bits or other channels than RGB.
    NAME-labels.png is an indexed PNG: its pixel values are the labels, from 0 for the darkest cluster, and its palette
    holds the cluster colors. Beyond 256 values, it is a 16-bit gray PNG. NAME-distances.tif holds the distances to
    the K centers. Georeferenced TIFF files give TIFF files with the same georeference.

    \b
    Examples:
      skseg segment photo.jpg -k 5
      skseg segment photos -k 8 -o results --color-space lab
      skseg segment 'slides/*.tif' --each --resume -o results
    """
    if not images:
        images = (str(Path(skimage.data.data_dir, "coffee.png")),)
        click.echo("No IMAGE given: segmenting a photo of a coffee cup from scikit-image.", err=as_json)
    start = perf_counter()
    results, params = take_results(params)
    batch = open_batch(images, mask, params["color_space"])
    with as_usage_error():
        results.check(batch.pictures, [mask])
    segmenter = None if each else fit_batch(batch, params)
    done = write_classes(batch, results, params, segmenter)
    report(batch, done, segmenter, as_json=as_json)
    say(f"{perf_counter() - start:.2f} s", unless=as_json or not done)
    finish(batch)


@app.command()
@options.images
@options.regions
@options.color_space_of_regions
@options.region_results
@options.n_jobs
@options.limits
@options.json
def regions(
    *, images: tuple[str, ...], color_space: str | None, mask: Path | None, as_json: bool, **params: Any
) -> None:
    """Segment images into connected regions: write each repainted in mean colors, and its label map.

    Connected parts of 32 colors are merged until people would probably see the remaining parts as separate regions.
    Files are as in `skseg segment`. Labels are numbered from 0 in the upper left.

    \b
    Examples:
      skseg regions photo.jpg
      skseg regions photos --scale 0.8 --table regions.csv
      skseg regions scene.tif --color-space none --polygons regions.geojson
    """
    results, params = take_results(params)
    batch = open_batch(images, mask, color_space)
    with as_usage_error():
        results.check(batch.pictures, [mask])
    report(batch, write_regions(batch, results, color_space, params), None, as_json=as_json)
    finish(batch)


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
    """Fit clusters to images and write them to a model file.

    Model files contain no code: untrusted ones are safe to read.

    \b
    Examples:
      skseg fit first.jpg second.jpg -k 5 -o model.skseg
      skseg predict model.skseg other.jpg -o results
    """
    batch = open_batch(images, mask, params["color_space"])
    check_target(path, overwrite, [mask, *batch.files])
    segmenter = fit_batch(batch, params)
    if segmenter is not None:
        with batch.noting(path):
            io.save(segmenter, path)
            say(f"{readable(path)}: {plural(len(batch.pictures), 'image')}", unless=as_json)
    report(batch, [], segmenter, as_json=as_json)
    finish(batch)


@app.command()
@click.argument("files", metavar="[MODEL] IMAGE...", nargs=-1, required=True, type=click.Path())
@options.palette
@options.color_space
@options.results
@options.n_jobs
@options.limits
@options.json
def predict(
    *, files: tuple[str, ...], palette: Any, color_space: str | None, mask: Path | None, as_json: bool, **params: Any
) -> None:
    """Segment images with a MODEL file of `skseg fit` or `skseg.io.save`, or with the colors of a palette.

    With --palette instead of a MODEL, every pixel gets the nearest of the given colors in the color space. Labels are
    numbered from the darkest color to the lightest. A MODEL has its own color space, and may balance images first.

    \b
    Examples:
      skseg predict model.skseg photos -o results
      skseg predict model.skseg scan.tif --output distance
      skseg predict --palette '#1d2b16,#7a4a2b,#f4f1ea' photos --color-space lab
    """
    model, images = (None, files) if palette is not None else (files[0], files[1:])
    if not images:
        raise click.UsageError("Give a MODEL and an IMAGE, or --palette and an IMAGE.")
    if model is not None and color_space != "auto":
        raise click.UsageError("--color-space goes with --palette; a MODEL has a color space of its own.")
    segmenter, balancers = open_model(model) if model is not None else (palette_segmenter(palette, color_space), [])
    results, params = take_results(params)
    batch = open_batch(images, mask)
    with as_usage_error():
        results.check(batch.pictures, [None if model is None else Path(model), mask])
    done = write_classes(batch, results, params, segmenter, balancers)
    report(batch, done, segmenter, as_json=as_json, shares=shares_of(done, len(segmenter.cluster_centers_)))
    finish(batch)


@app.command()
@options.images
@click.option("--from", "lowest", type=click.IntRange(2), default=2, show_default=True, help="Smallest K.")
@click.option("--to", "highest", type=click.IntRange(2), default=12, show_default=True, help="Largest K.")
@options.criterion
@click.option("--plot", type=options.file(), help="Write the curve to this image file or PDF.")
@options.overwrite
@options.limits
@options.model_of_any_k
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
    """Choose the number of clusters by cross-validation.

    The folds are tiles of one image, or whole images if there are several. The criterion valley_score counts
    well-separated clusters.

    \b
    Examples:
      skseg choose-k photo.jpg
      skseg choose-k photos --from 2 --to 20 --plot curve.png
    """
    if lowest > highest:
        raise click.UsageError(f"--from must not be above --to; got {lowest} and {highest}.")
    if plot:
        check_plot_format(plot)
    batch = open_batch(images, mask, params["color_space"])
    if plot:
        check_target(plot, overwrite, [mask, *batch.files])
    segmenter = new_segmenter(batch, params)
    if segmenter is not None:
        with as_click_error(batch.pictures):
            curve = criterion_curve(batch.pictures, segmenter, range(lowest, highest + 1), criterion)
        if plot:
            with batch.noting(plot), written_whole(plot) as file:
                plot_curve(curve, criterion).savefig(file, format=plot_format(plot), dpi=150)
        report_curve(batch, curve, criterion, as_json=as_json)
        if plot and str(plot) not in batch.failed:
            say(f"{readable(plot)}: the curve", unless=as_json)
    finish(batch)


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
    """Print the K colors of images, from dark to light.

    \b
    Examples:
      skseg palette photo.jpg -k 6
      skseg palette photo.jpg -k 6 --format css > colors.css
    """
    if style != "table" and as_json:
        raise click.UsageError(f"--json and --format {style} are two formats; give one of them.")
    batch = open_batch(images, mask, params["color_space"])
    segmenter = fit_batch(batch, params)
    if segmenter is not None and style != "table":
        click.echo(FORMATS[style](hex_codes(segmenter._model)))
    else:
        report(batch, [], segmenter, as_json=as_json, n_listed=None)
    finish(batch)


@app.command()
@options.images
@click.option(
    "-o", "--output", "path", type=options.file(), default="explore.html", show_default=True, help="The page."
)
@click.option("--to", "highest", type=click.IntRange(2, 64), default=16, show_default=True, help="Largest K.")
@click.option("--regions", "has_regions", is_flag=True, help="Also show the regions at every scale.")
@click.option("--no-open", is_flag=True, help="Do not open the page in a browser.")
@options.criterion
@options.overwrite
@options.limits
@options.model_of_any_k
def explore(
    *,
    images: tuple[str, ...],
    path: Path,
    highest: int,
    has_regions: bool,
    no_open: bool,
    criterion: str,
    overwrite: bool,
    mask: Path | None,
    **params: Any,
) -> None:
    """Show images in 2 to 16 colors, on a page in the browser.

    The page is one file and needs no network. It has a slider for K, the original and the result side by side, the
    colors with their shares, each cluster alone, and the criterion of `skseg choose-k`. Several images share
    their colors. With --regions, it also shows connected regions, with a slider for their scale. The browser
    is opened if the command runs in a terminal.

    \b
    Examples:
      skseg explore photo.jpg
      skseg explore photos --regions -o photos.html
    """
    batch = open_batch(images, mask, params["color_space"])
    check_target(path, overwrite, [mask, *batch.files])
    segmenter = new_segmenter(batch, params)
    if segmenter is not None:
        regions = explored_regions(batch, params["color_space"]) if has_regions else None
        numbers = range(2, highest + 1)
        with as_click_error(batch.pictures):
            curve = criterion_curve(batch.pictures, segmenter, numbers, criterion)
            models = fit_each(batch.pictures, segmenter, numbers)
            shown = ((picture.title, np.asanyarray(picture)) for picture in batch.pictures)
            scores = [each["score"] for each in curve]
            page = explore_page(shown, models, scores, criterion, regions).encode()
        with batch.noting(path):
            with written_whole(path) as file:
                file.write(page)
            say(f"{readable(path)}: open it in a browser.")
            if not no_open and is_terminal():
                webbrowser.open(path.resolve().as_uri())
    finish(batch)
