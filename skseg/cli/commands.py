"""The command `skseg`: its commands, their options and their help. Their work is in `work.py`."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import Any

import click

from .._names import check_name
from .._version import __version__
from . import options


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True})
@click.version_option(__version__)
def app() -> None:
    """Segment images by color with k-means.

    An IMAGE is an image file, a directory of images, or a pattern such as 'photos/*.jpg'. Every page of a file is an
    image. Transparent pixels are ignored.

    Exit codes: 0, success; 1, something failed; 2, wrong usage.
    """


def _command(check: Callable[..., None]) -> click.Command:
    """A command with this help and these options, which the function refuses if they do not go together.

    Its work is the function of the same name in `work.py`, imported when it starts, so that help, completion and
    messages about wrong usage come at once.
    """

    @wraps(check)
    def start(**params: Any) -> None:
        try:
            check(**{name: params[name] for name in signature(check).parameters})
            _check_outlines(**params)
            _check_names(params.get("images", ()))
        except OSError as error:
            raise click.UsageError(str(error)) from error

        from .work import run  # noqa: PLC0415

        run(check.__name__, **params)

    command: click.Command = app.command(start)
    return command


def _check_outlines(
    *,
    outputs: Sequence[str] = (),
    polygons: Path | None = None,
    simplify: float = 0,
    numbers: bool = False,
    unfilled: bool = False,
    **_: object,
) -> None:
    """Refuse options of outlines if none are written."""
    if simplify and polygons is None and {"svg", "polygons"}.isdisjoint(outputs):
        raise click.UsageError("--simplify goes with --output svg, --output polygons or --polygons.")
    if (numbers or unfilled) and "svg" not in outputs:
        raise click.UsageError("--numbers and --unfilled go with --output svg.")


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        check_name(name)


@_command
@click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Path())
@options.n_clusters
@click.option("--each", is_flag=True, help="Fit a separate set of clusters to every image.")
@options.results_of_clusters
@options.reading
@options.balance
@options.model
@options.json
def segment() -> None:
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


@_command
@options.images
@options.regions
@options.space_of_regions
@options.results_of_regions
@options.n_jobs
@options.reading
@options.balance
@options.json
def regions() -> None:
    """Segment images into connected regions: write each repainted in mean colors, and its label map.

    Connected parts of 32 colors are merged until people would probably see the remaining parts as separate regions.
    Files are as in `skseg segment`. Labels are numbered from 0 in the upper left.

    \b
    Examples:
      skseg regions photo.jpg
      skseg regions photos --scale 0.8 --table regions.csv
      skseg regions scene.tif --color-space none --polygons regions.geojson
    """


@_command
@options.images
@options.n_clusters
@click.option("-o", "--output", "path", type=options.FILE, default="model.skseg", help="Model file.")
@options.overwrite
@options.reading
@options.balance
@options.model
@options.json
def fit() -> None:
    """Fit clusters to images and write them to a model file.

    Model files contain no code: untrusted ones are safe to read.

    \b
    Examples:
      skseg fit first.jpg second.jpg -k 5 -o model.skseg
      skseg predict model.skseg other.jpg -o results
    """


@_command
@click.argument("files", metavar="[MODEL] IMAGE...", nargs=-1, required=True, type=click.Path())
@options.palette
@options.color_space
@options.results_of_clusters
@options.n_jobs
@options.reading
@options.balance
@options.json
def predict(
    files: Sequence[str], palette: object, choose: int | None, balance: str | None, color_space: str | None
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
    if palette is not None:
        _check_names(files)
        return
    if len(files) == 1:
        raise click.UsageError("Give a MODEL and an IMAGE, or --palette and an IMAGE.")
    if color_space != "auto":
        raise click.UsageError("--color-space goes with --palette; a MODEL has a color space of its own.")
    if choose is not None or balance is not None:
        raise click.UsageError("--choose and --balance go with --palette; fit a MODEL with --balance.")
    if not Path(files[0]).is_file():
        raise click.UsageError(f"MODEL must be a file that exists; got {files[0]!r}.")
    _check_names(files[1:])


@_command
@options.images
@click.option("--from", "lowest", type=click.IntRange(2), default=2, help="Smallest K.")
@click.option("--to", "highest", type=click.IntRange(2), default=16, help="Largest K.")
@options.criterion
@click.option("--plot", type=options.FILE, help="Write the curve to this image file or PDF.")
@options.overwrite
@options.reading
@options.model_of_any_k
@options.json
def choose_k(lowest: int, highest: int) -> None:
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


@_command
@options.images
@options.n_clusters
@click.option(
    "--format",
    "style",
    type=click.Choice(options.PALETTE_FORMATS),
    default="table",
    help="A table with shares, hex codes, JSON, a palette for GIMP and Inkscape, or CSS variables.",
)
@click.option("--sort", type=click.Choice(options.ORDERS), default=options.ORDERS[0], help="Order of the colors.")
@options.reading
@options.model
@options.json
def palette(style: str, *, as_json: bool) -> None:
    """Print the K colors of images, from dark to light unless they are sorted otherwise.

    \b
    Examples:
      skseg palette photo.jpg -k 6
      skseg palette photo.jpg -k 6 --format css > colors.css
    """
    if style != "table" and as_json:
        raise click.UsageError(f"--json and --format {style} are two formats; give one of them.")


@_command
@options.images
@click.option("-o", "--output", "path", type=options.FILE, default="explore.html", help="The page.")
@click.option("--to", "highest", type=click.IntRange(2, 64), default=16, help="Largest K.")
@click.option("--regions", "has_regions", is_flag=True, help="Also show the regions at every scale.")
@click.option("--no-open", is_flag=True, help="Do not open the page in a browser.")
@options.criterion
@options.overwrite
@options.reading
@options.model_of_any_k
def explore() -> None:
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
