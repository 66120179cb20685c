"""The command `skseg`: a thin layer over the library, for image files."""

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import click
import numpy as np
from numpy.typing import NDArray

from .. import io
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from .._version import __version__
from ..io._atomic import written_whole
from ..io._pictures import readable
from . import options, steps
from .batch import Batch, Reading, open_batch, open_batch_or_coffee
from .curve import count_folds, criterion_curve, fit_each
from .explore import explore_page
from .messages import as_click_error, check_target, plain_warnings, plural
from .report import FORMATS, hex_codes, report, report_curve, shares_of
from .results import Results


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True})
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
@options.results_of_clusters
@options.reading
@options.model
@options.json
@options.gathered(reading=Reading, template=KMeansSegmenter, batch=open_batch_or_coffee, results=Results)
def segment(
    *, images: Sequence[str], each: bool, as_json: bool, template: KMeansSegmenter, batch: Batch, results: Results
) -> None:
    """Segment images: write each repainted in K colors, and its label map.

    One set of clusters is fitted to all IMAGEs together. Without an IMAGE, scikit-image's photo of a coffee cup is
    segmented.

    NAME-segmented.png is the repainted image, or a TIFF if it has more than 8 bits or other channels than RGB.
    NAME-labels.png is an indexed PNG: its pixel values are the labels, from 0 for the darkest cluster, and its palette
    holds the cluster colors. Beyond 256 values, it is a 16-bit gray PNG. NAME-distances.tif holds the distances to
    the K centers. Georeferenced images give TIFF files with the same georeference.

    \b
    Examples:
      skseg segment photo.jpg -k 5
      skseg segment photos -k 8 -o results --color-space lab
      skseg segment 'slides/*.tif' --each --resume -o results
    """
    if not images:
        click.echo("No IMAGE given: segmenting a photo of a coffee cup from scikit-image.", err=as_json)
    results.check(batch)
    segmenter = None if each else steps.fit_batch(batch, template)
    done = steps.write_classes(batch, results, template, segmenter)
    report(batch, done, segmenter, as_json=as_json)
    if done and not as_json:
        click.echo(f"{perf_counter() - batch.started:.2f} s")
    batch.finish()


@app.command()
@options.images
@options.regions
@options.color_space_of_regions
@options.results_of_regions
@options.n_jobs
@options.reading
@options.json
@options.gathered(
    reading=Reading, segmenter=steps.classes_of_regions, template=RegionSegmenter, batch=open_batch, results=Results
)
def regions(*, as_json: bool, template: RegionSegmenter, batch: Batch, results: Results) -> None:
    """Segment images into connected regions: write each repainted in mean colors, and its label map.

    Connected parts of 32 colors are merged until people would probably see the remaining parts as separate regions.
    Files are as in `skseg segment`. Labels are numbered from 0 in the upper left.

    \b
    Examples:
      skseg regions photo.jpg
      skseg regions photos --scale 0.8 --table regions.csv
      skseg regions scene.tif --color-space none --polygons regions.geojson
    """
    results.check(batch)
    report(batch, steps.write_regions(batch, results, template), None, as_json=as_json)
    batch.finish()


@app.command()
@options.images
@options.n_clusters
@click.option("-o", "--output", "path", type=options.FILE, default="model.skseg", help="Model file.")
@options.overwrite
@options.reading
@options.model
@options.json
@options.gathered(reading=Reading, template=KMeansSegmenter, batch=open_batch)
def fit(*, path: Path, overwrite: bool, as_json: bool, template: KMeansSegmenter, batch: Batch) -> None:
    """Fit clusters to images and write them to a model file.

    Model files contain no code: untrusted ones are safe to read.

    \b
    Examples:
      skseg fit first.jpg second.jpg -k 5 -o model.skseg
      skseg predict model.skseg other.jpg -o results
    """
    check_target(path, overwrite, batch.inputs)
    segmenter = steps.fit_batch(batch, template)
    if segmenter is not None:
        with batch.noting(path):
            io.save(segmenter, path)
            if not as_json:
                click.echo(f"{readable(path)}: {plural(len(batch.pictures), 'image')}")
    report(batch, [], segmenter, as_json=as_json)
    batch.finish()


@app.command()
@click.argument("files", metavar="[MODEL] IMAGE...", nargs=-1, required=True, type=click.Path())
@options.palette
@options.color_space
@options.results_of_clusters
@options.n_jobs
@options.reading
@options.json
@options.gathered(reading=Reading, results=Results)
def predict(
    *,
    files: Sequence[str],
    palette: NDArray[np.float64] | None,
    color_space: str | None,
    n_jobs: int | None,
    reading: Reading,
    as_json: bool,
    results: Results,
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
    model, images = (files[:1], files[1:]) if palette is None else ([], files)
    if not images:
        raise click.UsageError("Give a MODEL and an IMAGE, or --palette and an IMAGE.")
    if model and color_space != "auto":
        raise click.UsageError("--color-space goes with --palette; a MODEL has a color space of its own.")
    segmenter, balancers = (
        steps.open_model(files[0]) if palette is None else (steps.palette_segmenter(palette, color_space), [])
    )
    batch = open_batch(images, reading)
    results.check(batch, *map(Path, model))
    done = steps.write_classes(batch, results, segmenter.set_params(n_jobs=n_jobs), segmenter, balancers)
    report(batch, done, segmenter, as_json=as_json, shares=shares_of(done, len(segmenter.cluster_centers_)))
    batch.finish()


@app.command()
@options.images
@click.option("--from", "lowest", type=click.IntRange(2), default=2, help="Smallest K.")
@click.option("--to", "highest", type=click.IntRange(2), default=16, help="Largest K.")
@options.criterion
@click.option("--plot", type=options.FILE, help="Write the curve to this image file or PDF.")
@options.overwrite
@options.reading
@options.model_of_any_k
@options.json
@options.gathered(reading=Reading, segmenter=KMeansSegmenter, batch=open_batch)
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
    """Choose the number of clusters by cross-validation.

    The folds are tiles of one image, or whole images if there are several. The criterion parsimony rewards
    explained variance, and charges for each cluster. The other K within one standard error of the best
    are listed, too: if there are many, the image has no number of colors of its own, so choose by eye.

    \b
    Examples:
      skseg choose-k photo.jpg
      skseg choose-k photos --from 2 --to 20 --plot curve.png
    """
    if lowest > highest:
        raise click.UsageError(f"--from must not be above --to; got {lowest} and {highest}.")
    if plot:
        steps.check_plot(plot)
        check_target(plot, overwrite, batch.inputs)
    batch.check()
    if batch.pictures:
        with as_click_error(batch.pictures):
            folds = count_folds(batch.pictures, segmenter)
            curve = criterion_curve(folds, segmenter, range(lowest, highest + 1), criterion)
        if plot:
            with batch.noting(plot):
                steps.write_plot(plot, curve, criterion)
        report_curve(batch, curve, criterion, as_json=as_json)
        if plot and str(plot) not in batch.failed and not as_json:
            click.echo(f"{readable(plot)}: the curve")
    batch.finish()


@app.command()
@options.images
@options.n_clusters
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", *FORMATS]),
    default="table",
    help="A table with shares, hex codes, JSON, a palette for GIMP and Inkscape, or CSS variables.",
)
@options.reading
@options.model
@options.json
@options.gathered(reading=Reading, template=KMeansSegmenter, batch=open_batch)
def palette(*, style: str, as_json: bool, template: KMeansSegmenter, batch: Batch) -> None:
    """Print the K colors of images, from dark to light.

    \b
    Examples:
      skseg palette photo.jpg -k 6
      skseg palette photo.jpg -k 6 --format css > colors.css
    """
    if style != "table" and as_json:
        raise click.UsageError(f"--json and --format {style} are two formats; give one of them.")
    segmenter = steps.fit_batch(batch, template)
    if segmenter is not None and style != "table":
        click.echo(FORMATS[style](hex_codes(segmenter._model)))
    else:
        report(batch, [], segmenter, as_json=as_json, n_listed=None)
    batch.finish()


@app.command()
@options.images
@click.option("-o", "--output", "path", type=options.FILE, default="explore.html", help="The page.")
@click.option("--to", "highest", type=click.IntRange(2, 64), default=16, help="Largest K.")
@click.option("--regions", "has_regions", is_flag=True, help="Also show the regions at every scale.")
@click.option("--no-open", is_flag=True, help="Do not open the page in a browser.")
@options.criterion
@options.overwrite
@options.reading
@options.model_of_any_k
@options.gathered(reading=Reading, segmenter=KMeansSegmenter, batch=open_batch)
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
    check_target(path, overwrite, batch.inputs)
    batch.check()
    if batch.pictures:
        regions = steps.explored_regions(batch, segmenter.color_space) if has_regions else None
        numbers = range(2, highest + 1)
        with as_click_error(batch.pictures):
            folds = count_folds(batch.pictures, segmenter)
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
