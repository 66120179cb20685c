"""The options of the command `skseg`, grouped by subject: images, model, results."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from .._color import COLOR_SPACE_NAMES
from .._regions.weights import SCALE
from .results import Results

_MAX_MEGAPIXELS = 1_000_000
_CRITERIA = ("valley_score", "calinski_harabasz", "neg_davies_bouldin", "silhouette", "prediction_strength")


class WordOrNumbers(click.ParamType):  # type: ignore[type-arg]
    """A word that stands for a value, or comma-separated numbers."""

    name = "numbers"

    def __init__(self, **words: Any) -> None:
        self.words = words

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value of the word, or the list of numbers."""
        try:
            return self.words[value] if value in self.words else [float(number) for number in value.split(",")]
        except ValueError:
            self.fail(f"{value!r} is neither {' nor '.join(self.words)} nor numbers such as 1,1,0.5.")


class WordOrColors(click.ParamType):  # type: ignore[type-arg]
    """One of the given words, or comma-separated hex codes."""

    name = "colors"

    def __init__(self, *words: str) -> None:
        self.words = words

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The word, or the colors from 0 to 1, (n_colors, 3)."""
        if value in self.words:
            return value
        codes = [code.strip() for code in value.split(",")]
        if not all(re.fullmatch("#?[0-9a-fA-F]{6}", code) for code in codes):
            allowed = " or ".join([*self.words, "colors such as '#ff0000,#00ff00'"])
            self.fail(f"{value!r} must be {allowed}.")
        return np.array([list(bytes.fromhex(code.removeprefix("#"))) for code in codes]) / 255


class WordOrInt(click.ParamType):  # type: ignore[type-arg]
    """A word that stands for a value, or a positive integer."""

    name = "integer"

    def __init__(self, **words: Any) -> None:
        self.words = words

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value of the word, or the number."""
        return self.words[value] if value in self.words else click.IntRange(1).convert(value, param, ctx)


def _options(*options: Callable[..., Any]) -> Callable[..., Any]:
    """Several options as one decorator, in their order."""
    return lambda command: reduce(lambda decorated, option: option(decorated), reversed(options), command)


def _limit_size(ctx: click.Context, _param: Any, megapixels: float) -> None:
    """Limit the size of the images read while the command runs."""
    if not 0 < megapixels < _MAX_MEGAPIXELS:
        raise click.BadParameter(f"{megapixels} is not in the range 0<x<{_MAX_MEGAPIXELS}.")
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, round(megapixels * 1e6)
    ctx.call_on_close(lambda: setattr(Image, "MAX_IMAGE_PIXELS", before))


def file(**options: Any) -> click.Path:
    """The type of an option that names a file."""
    return click.Path(dir_okay=False, path_type=Path, **options)


images = click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path())
limits = _options(
    click.option(
        "--mask", type=file(exists=True), help="Image of the same size; black and transparent pixels are ignored."
    ),
    click.option(
        "--max-megapixels",
        type=float,
        default=80,
        show_default=True,
        expose_value=False,
        callback=_limit_size,
        help="Largest image to read at once; a small file can declare any size.",
    ),
)
n_clusters = click.option(
    "-k",
    "--n-clusters",
    type=click.IntRange(1, 65535),
    default=10,
    show_default=True,
    is_eager=True,
    help="Number of clusters (in Python, the default is 8).",
)


def _check_start(ctx: click.Context, _param: Any, start: Any) -> Any:
    """Refuse start colors of another number than the clusters."""
    n_clusters = ctx.params["n_clusters"]
    if isinstance(start, np.ndarray) and len(start) != n_clusters:
        raise click.BadParameter(f"{len(start)} colors for {n_clusters} clusters; give -k {len(start)}.")
    return start


def _check_jobs(_ctx: click.Context, _param: Any, n_jobs: int | None) -> int | None:
    """Refuse 0, which means nothing."""
    if n_jobs == 0:
        raise click.BadParameter("0 images in parallel; give at least 1, or -1 for all cores.")
    return n_jobs


def _color_space(auto: str) -> Callable[..., Any]:
    """The option for the color space, and the default for three channels that its help names."""
    return click.option(
        "--color-space",
        type=click.Choice(["none", *COLOR_SPACE_NAMES]),
        default="auto",
        show_default=True,
        callback=lambda _ctx, _param, space: None if space == "none" else space,
        help=f"Space to measure distances in; auto is {auto} for three channels, else none; direction ignores shade.",
    )


n_jobs = click.option(
    "--n-jobs", type=int, callback=_check_jobs, help="Images processed in parallel; -1 for all cores."
)
color_space = _color_space("hsv")
color_space_of_regions = _color_space("lab, with less weight for L*,")
_any_start = click.option(
    "--init",
    type=click.Choice(["k-means++", "random"]),
    default="k-means++",
    show_default=True,
    help="Choice of the first centers.",
)
_start = click.option(
    "--init",
    type=WordOrColors("k-means++", "random"),
    default="k-means++",
    show_default=True,
    callback=_check_start,
    help="First centers: k-means++, random, or K colors such as '#102030,#ffeedd'.",
)
_model = _options(
    color_space,
    click.option(
        "--channel-weights",
        type=WordOrNumbers(auto="auto", scale="scale", none=None),
        default="auto",
        show_default=True,
        help="Weight of each channel: auto (lightness half), scale (1 / standard deviation), none (equal), or "
        "numbers such as 1,1,0.5.",
    ),
    click.option("--n-init", type=WordOrInt(auto="auto"), default="auto", show_default=True, help="Number of starts."),
    click.option(
        "--max-iter", type=click.IntRange(1), default=300, show_default=True, help="Largest number of iterations."
    ),
    click.option("--tol", type=click.FloatRange(0), default=1e-4, show_default=True, help="Convergence tolerance."),
    click.option(
        "--random-state",
        type=click.IntRange(0, 2**32 - 1),
        default=0,
        show_default=True,
        help="Seed of the starts.",
    ),
    n_jobs,
)
model = _options(_start, _model)
model_of_any_k = _options(_any_start, _model)
palette = click.option(
    "--palette", type=WordOrColors(), help="Colors to use instead of a MODEL, such as '#102030,#ffeedd'."
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace existing files.")
directory = _options(
    click.option(
        "-o",
        "--output-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default="skseg-output",
        show_default=True,
        help="Directory for the results; created if missing.",
    ),
    click.option("--table", type=file(), help="CSV file to write: a row for each label of each image."),
    click.option("--polygons", type=file(), help="GeoJSON file to write: the polygons of each label of each image."),
    overwrite,
    click.option("--resume", is_flag=True, help="Skip images with existing results of the same file and options."),
)


def _outputs(*names: str) -> Callable[..., Any]:
    return click.option(
        "--output",
        "outputs",
        type=click.Choice(names),
        multiple=True,
        default=["color", "label"],
        help="Output to write; repeat for several; by default color and label.",
    )


results = _options(_outputs(*Results.SUFFIXES), directory)
region_results = _options(_outputs("color", "label", "polygons"), directory)
regions = _options(
    click.option(
        "--scale",
        type=click.FloatRange(0, 1),
        default=SCALE,
        show_default=True,
        help="Probability that people see two regions at which merging stops; larger values give fewer regions.",
    ),
    click.option("--n-regions", type=click.IntRange(1), help="Number of regions; takes precedence over --scale."),
    click.option(
        "--min-size",
        type=WordOrInt(auto="auto"),
        default="auto",
        show_default=True,
        help="Parts with fewer pixels are merged first; auto is 1/6000 of the image.",
    ),
)
json = click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
criterion = click.option(
    "--criterion",
    type=click.Choice(_CRITERIA),
    metavar="NAME",
    default=_CRITERIA[0],
    show_default=True,
    help=f"Criterion of skseg.metrics: {', '.join(_CRITERIA)}.",
)
