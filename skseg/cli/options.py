"""The options of the command `skseg`, grouped by subject: images, model, results."""

import math
import re
from collections.abc import Callable, Sequence
from functools import reduce
from os import PathLike, fspath
from pathlib import Path

import click

from .._regions.weights import SCALE

# Names that the library knows, too: importing it would make the help wait for NumPy.
_COLOR_SPACES = ("auto", "rgb", "hsv", "hsv-raw", "lab", "luv", "ycbcr", "hed", "oklab", "direction")
_OUTPUTS = ("color", "label", "distance", "polygons", "svg")
ORDERS = ("lightness", "share", "hue")
PALETTE_FORMATS = ("table", "hex", "json", "gpl", "css")
_MAX_MEGAPIXELS = 1_000_000
_CRITERIA = ("parsimony", "log_variance_ratio", "neg_davies_bouldin", "simplified_silhouette", "prediction_strength")
_STARTS = ("k-means++", "random")

Command = Callable[..., None]
Decorator = Callable[[Command], Command]


def _options(*options: Decorator) -> Decorator:
    """Several options as one decorator, in their order."""
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


# Types of options; the help shows the names of the functions.


class _Target(click.Path):
    """A file or a directory to write; an empty name, maybe of a variable that is not set, would be the current one."""

    def convert(
        self, value: str | PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | PathLike[str]:
        if not fspath(value):
            self.fail("The name is empty.", param, ctx)
        return super().convert(value, param, ctx)


FILE = _Target(dir_okay=False, path_type=Path)


def numbers(text: str) -> str | list[float] | None:
    """Weights of channels: a word, or comma-separated numbers."""
    if text in ("auto", "scale", "none"):
        return None if text == "none" else text
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither auto nor scale nor none nor numbers such as 1,1,0.5.") from None


def value_range(text: str) -> str | tuple[float, float]:
    """A word, or two comma-separated numbers."""
    if text in ("auto", "dtype"):
        return text
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        low = high = 0.0
    if not -math.inf < low < high < math.inf:
        raise click.BadParameter(f"{text!r} is neither auto nor dtype nor two numbers such as 0,4095.")
    return low, high


def bands(text: str) -> str | list[int]:
    """The word pages, or comma-separated numbers from 1."""
    if text == "pages":
        return text
    numbers = text.replace(" ", "").split(",")
    if not all(re.fullmatch("[1-9][0-9]*", number) for number in numbers):
        raise click.BadParameter(f"{text!r} is neither pages nor numbers from 1, such as 4,3,2.")
    return list(map(int, numbers))


def integer(text: str) -> str | int:
    """The word auto, or a positive integer."""
    return text if text == "auto" else click.IntRange(1).convert(text, None, None)  # type: ignore[arg-type]


def colors(text: str, words: str = "") -> list[str]:
    """Comma-separated hex codes."""
    codes = [code.strip().removeprefix("#") for code in text.split(",")]
    if not all(re.fullmatch("[0-9a-fA-F]{6}", code) for code in codes):
        raise click.BadParameter(f"{text!r} must be {words}colors such as '#ff0000,#00ff00'.")
    return codes


def palette_or_file(text: str) -> list[str] | Path:
    """Comma-separated hex codes, or a palette file."""
    return Path(text) if Path(text).is_file() else colors(text, "a palette file that exists, or ")


def light(text: str) -> str:
    """The word auto, or the color of something gray or white."""
    code = text if text == "auto" else colors(text, "auto, or ")[0]
    if code != "auto" and 0 in bytes.fromhex(code):
        raise click.BadParameter(f"{text!r} must be the color of a gray or white surface; no channel may be 0.")
    return code


def _color_and_tolerance(text: str) -> tuple[str, int]:
    code, _, tolerance = text.partition(",")
    if not re.fullmatch("|[0-9]{1,3}", tolerance.strip()):
        raise click.BadParameter(f"{text!r} must be a color and maybe a tolerance from 0 to 255, such as '#ffffff,10'.")
    return colors(code)[0], int(tolerance or 0)


def _start(ctx: click.Context, _param: object, text: str) -> str | list[str]:
    """A word, or as many start colors as clusters."""
    if text in _STARTS:
        return text
    start, n_clusters = colors(text, "k-means++ or random or "), ctx.params["n_clusters"]
    if len(start) != n_clusters:
        raise click.BadParameter(f"{len(start)} colors for {n_clusters} clusters; give -k {len(start)}.")
    return start


def _check_megapixels(_ctx: object, _param: object, megapixels: float) -> float:
    """Refuse absurd limits, NaN among them."""
    if not 0 < megapixels < _MAX_MEGAPIXELS:
        raise click.BadParameter(f"{megapixels} is not in the range 0<x<{_MAX_MEGAPIXELS}.")
    return megapixels


def _check_jobs(_ctx: object, _param: object, n_jobs: int | None) -> int | None:
    """Refuse 0, which means nothing."""
    if n_jobs == 0:
        raise click.BadParameter("0 images in parallel; give at least 1, or -1 for all cores.")
    return n_jobs


def _color_space(auto: str) -> Decorator:
    """The option for the color space, and the default for three channels that its help names."""
    return click.option(
        "--color-space",
        type=click.Choice(["none", *_COLOR_SPACES]),
        default="auto",
        callback=lambda _ctx, _param, space: None if space == "none" else space,
        help=f"Space to measure distances in; auto is {auto} for three channels, else none; direction ignores shade.",
    )


images = click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path())
_value_range = click.option(
    "--value-range",
    type=value_range,
    default="auto",
    help="Numbers that stand for 0 and 1, such as 0,4095; dtype takes those of the type, and auto the range of 8, 10, "
    "12, 14 or 16 bits that holds integers of 16 bits.",
)
reading = _options(
    click.option(
        "--bands",
        type=bands,
        help="Bands to read, in this order, such as 4,3,2; pages reads the pages of a file as bands.",
    ),
    click.option("--stack", is_flag=True, help="Read all files as one image; their bands follow each other."),
    click.option("--scaled", is_flag=True, help="Apply the scale and the offset that a file gives for its bands."),
    click.option(
        "--mask",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Image of the same size; black and transparent pixels are ignored.",
    ),
    click.option(
        "--ignore",
        "ignored",
        metavar="COLOR[,TOLERANCE]",
        multiple=True,
        callback=lambda _ctx, _param, texts: list(map(_color_and_tolerance, texts)),
        help="Color to ignore, such as '#ffffff,10'; channels may differ by the tolerance. Repeat for several.",
    ),
    click.option(
        "--max-megapixels",
        type=float,
        default=80,
        callback=_check_megapixels,
        help="Largest image to read at once; a small file can declare any size.",
    ),
)
n_clusters = click.option(
    "-k",
    "--n-clusters",
    type=click.IntRange(1, 65535),
    default=8,
    is_eager=True,
    help="Number of clusters.",
)
n_jobs = click.option(
    "--n-jobs", type=int, callback=_check_jobs, help="Images processed in parallel; -1 for all cores."
)
color_space = _color_space("hsv")
space_of_regions = _options(_color_space("lab, with less weight for L*,"), _value_range)
_model = _options(
    color_space,
    click.option(
        "--channel-weights",
        type=numbers,
        default="auto",
        help="Weight of each channel: auto (lightness half), scale (1 / standard deviation), none (equal), or "
        "numbers such as 1,1,0.5.",
    ),
    _value_range,
    click.option("--n-init", type=integer, default="auto", help="Number of starts; auto searches the optimum."),
    click.option("--max-iter", type=click.IntRange(1), default=300, help="Largest number of iterations."),
    click.option("--tol", type=click.FloatRange(0), default=1e-4, help="Convergence tolerance."),
    click.option("--random-state", type=click.IntRange(0, 2**32 - 1), default=0, help="Seed of random starts."),
    n_jobs,
)
model = _options(
    click.option(
        "--init",
        metavar="COLORS",
        default=_STARTS[0],
        callback=_start,
        help="First centers: k-means++, random, or K colors such as '#102030,#ffeedd'.",
    ),
    _model,
)
model_of_any_k = _options(
    click.option("--init", type=click.Choice(_STARTS), default=_STARTS[0], help="Choice of the first centers."), _model
)
balance = click.option(
    "--balance",
    type=light,
    metavar="[auto|COLOR]",
    help="Bring all images to one light first: auto measures it; or give the color of a gray surface in it.",
)
palette = _options(
    click.option(
        "--palette",
        metavar="COLORS|FILE",
        type=palette_or_file,
        help="Colors to use instead of a MODEL: codes such as '#102030,#ffeedd', or a file.",
    ),
    click.option("--choose", metavar="K", type=click.IntRange(1), help="Use only the K best colors of --palette."),
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace existing files.")


def results(*outputs: str, more: Sequence[Decorator] = ()) -> Decorator:
    """The options of `Results`, with a choice of outputs."""
    return _options(
        click.option(
            "--output",
            "outputs",
            type=click.Choice(outputs),
            multiple=True,
            default=["color", "label"],
            callback=lambda _ctx, _param, chosen: list(dict.fromkeys(chosen)),
            help="Output to write; repeat for several.",
        ),
        click.option(
            "-o",
            "--output-dir",
            type=_Target(file_okay=False, path_type=Path),
            default="skseg-output",
            help="Directory for the results; created if missing.",
        ),
        click.option("--table", type=FILE, help="CSV file to write: a row for each label of each image."),
        click.option("--polygons", type=FILE, help="GeoJSON file to write: polygons of each label of each image."),
        click.option(
            "--simplify",
            metavar="PIXELS",
            type=click.FloatRange(0),
            default=0,
            help="Simplify the outlines of polygons and SVG together; from 1 on, the steps of pixels disappear.",
        ),
        click.option("--numbers", is_flag=True, help="Write the labels into SVG, with a legend."),
        click.option("--unfilled", is_flag=True, help="Draw only outlines in SVG, as in paint by numbers."),
        *more,
        overwrite,
        click.option("--resume", is_flag=True, help="Skip images with existing results of the same file and options."),
    )


smallest = click.option(
    "--min-size",
    "smallest",
    type=click.IntRange(0),
    default=0,
    help="Parts with fewer pixels get the label of the neighbor nearest in color.",
)
results_of_clusters = results(*_OUTPUTS, more=[smallest])
results_of_regions = results("color", "label", "polygons", "svg")
regions = _options(
    click.option(
        "--scale",
        type=click.FloatRange(0, 1),
        default=SCALE,
        help="Probability that people see two regions at which merging stops; larger values give fewer regions.",
    ),
    click.option("--n-regions", type=click.IntRange(1), help="Number of regions; takes precedence over --scale."),
    click.option(
        "--min-size",
        type=integer,
        default="auto",
        help="Parts with fewer pixels are merged first; auto is 1/6000 of the image.",
    ),
)
json = click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
criterion = click.option(
    "--criterion",
    type=click.Choice(_CRITERIA),
    metavar="NAME",
    default=_CRITERIA[0],
    help=f"Criterion of skseg.metrics: {', '.join(_CRITERIA)}.",
)
