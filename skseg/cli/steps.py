"""The steps of the commands: open models, fit a segmenter, write results, plot a curve."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from .. import io
from .._balancer import WhiteBalancer
from .._chart import choose
from .._color import is_found
from .._converter import ColorConverter
from .._images import ImageLike
from .._names import readable
from .._plot.clusters import KSelectionDisplay
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from ..io._atomic import written_whole
from ..io._estimators import describe
from ..io._savable import kind_of, steps_of
from .batch import Batch, Picture
from .messages import as_click_error, progress_bar
from .outcomes import Classes, Regions
from .report import choice
from .results import Results

_CURVE = ("n_clusters", "score", "spread")

Entries = list[dict[str, Any]]  # of images, as JSON


@as_click_error()
def open_model(path: str) -> tuple[KMeansSegmenter, list[WhiteBalancer]]:
    """The segmenter of a model file, and the balancers in front of it."""
    model = io.load(path)
    *balancers, segmenter = steps_of(model)
    if not isinstance(segmenter, KMeansSegmenter):
        raise click.UsageError(f"MODEL must hold a KMeansSegmenter; {readable(path)} holds a {kind_of(model)}.")
    return segmenter, balancers


def as_colors(codes: Sequence[str]) -> NDArray[np.float64]:
    """Hex codes as colors from 0 to 1, (n_colors, 3)."""
    return np.array([list(bytes.fromhex(code)) for code in codes]) / 255


def as_start(init: str | Sequence[str]) -> str | NDArray[np.float64]:
    """A way to choose the first centers, or the first centers."""
    return init if isinstance(init, str) else as_colors(init)


@as_click_error()
def open_palette(palette: Path | Sequence[str], n_chosen: int | None) -> tuple[NDArray[np.float64], list[str]]:
    """The distinct colors of a palette, from 0 to 1, and their names; enough of them to choose some."""
    if isinstance(palette, Path):
        found = io.load_palette(palette)
        colors, names = found.colors / 255, found.names
    else:
        colors = np.unique(as_colors(palette), axis=0)
        names = [""] * len(colors)
    if n_chosen is not None and n_chosen > len(colors):
        raise click.UsageError(
            f"--choose {n_chosen} needs a --palette of at least as many colors; it has {len(colors)}."
        )
    return colors, names


def palette_segmenter(
    colors: NDArray[np.float64],
    names: Sequence[str],
    color_space: str | None,
    value_range: tuple[float, float] | None,
) -> tuple[KMeansSegmenter, list[str] | None]:
    """A segmenter with the given distinct colors as clusters, and the names of its labels if any.

    The colors are from 0 to 1; those of the images are, too, in their range of values, or in the one that is given.
    """
    if value_range is not None:
        low, high = value_range
        colors = low + colors * (high - low)
    segmenter = KMeansSegmenter(len(colors), color_space=color_space, init=colors, value_range=value_range or "auto")
    segmenter.fit(colors)
    if len(segmenter.cluster_centers_) < len(colors):
        raise click.UsageError(f"--palette has different colors that --color-space {color_space} does not tell apart.")
    order = np.argsort(segmenter.predict(colors))
    return segmenter, [names[index] for index in order] if any(names) else None


def choose_from(
    batch: Batch,
    colors: NDArray[np.float64],
    n_chosen: int,
    *,
    color_space: str | None,
    n_jobs: int | None,
    balancers: Sequence[WhiteBalancer],
) -> NDArray[np.intp]:
    """The indices of the colors, from 0 to 1, that reproduce the images best; of none if no image can be read."""
    template = KMeansSegmenter(n_chosen, color_space=color_space, random_state=0, n_jobs=n_jobs)
    fitted = fit_batch(batch, template, balancers)
    if fitted is None:
        return np.arange(n_chosen)
    with as_click_error():
        low, high = fitted.value_range_
        return choose(fitted._model, low + colors * (high - low))


def balancers_of(batch: Batch, balance: str | None, n_jobs: int | None) -> list[WhiteBalancer]:
    """The balancer of all images of a batch, if they shall be balanced."""
    if balance is None:
        return []
    batch.check(keeps_masked=True)
    if not batch.pictures:
        return []
    color = None
    if balance != "auto":
        low, high = ColorConverter(None).fit(list(batch.pictures)).value_range_
        color = low + as_colors([balance])[0] * (high - low)
    with as_click_error(batch.pictures), progress_bar("Measuring light", None):
        return [WhiteBalancer(light=color, n_jobs=n_jobs).fit(list(batch.pictures))]


def classes_of_regions(color_space: str | None, value_range: str | ArrayLike) -> KMeansSegmenter | None:
    """The classes whose parts are merged to regions, in a color space."""
    if color_space == "auto":
        return None
    return KMeansSegmenter(32, color_space=color_space, value_range=value_range, random_state=0)


def explored_regions(segmenter: KMeansSegmenter) -> RegionSegmenter:
    """The segmenter of regions of a page, whose clusters are those of `segmenter` with any K."""
    color_space, value_range = segmenter.color_space, segmenter.value_range
    return RegionSegmenter(classes_of_regions(color_space, value_range), value_range=value_range)


def fit_batch(
    batch: Batch, template: KMeansSegmenter, balancers: Sequence[WhiteBalancer] = ()
) -> KMeansSegmenter | None:
    """A segmenter fitted to the images that can be read, or None.

    Images that are not kept in memory are not read before; if the fit fails, they are, to find those to blame.
    """
    batch.check(keeps_masked=True, reads_all=False)
    if any(picture.kept is None for picture in batch.pictures):
        try:
            return _fit(batch, template, balancers)
        except click.ClickException:
            batch.check(keeps_masked=True)
    return _fit(batch, template, balancers) if batch.pictures else None


def _fit(batch: Batch, template: KMeansSegmenter, balancers: Sequence[WhiteBalancer]) -> KMeansSegmenter:
    with as_click_error(batch.pictures), progress_bar("Fitting", None) as advance:
        for picture in batch.pictures:
            picture.on_read = advance
        balanced = [picture.balanced(balancers) for picture in batch.pictures]
        images = [each if balancers or each.kept is None else each.kept for each in balanced]
        fitted: KMeansSegmenter = _in_units_of(images, template).fit(images)
    return fitted


def write_classes(
    batch: Batch,
    results: Results,
    template: KMeansSegmenter,
    common: KMeansSegmenter | None,
    balancers: Sequence[WhiteBalancer] = (),
    *,
    names: Sequence[str] | None = None,
) -> Entries:
    """Write the results of each image, from the common or a separate segmenter, and return their entries."""

    def segment(picture: Picture) -> Classes:
        segmenter = common
        if segmenter is None:
            pixels = picture.read()
            image = picture.balanced(balancers) if balancers else pixels
            segmenter = _in_units_of(image, template).fit(image)
        is_own = common is None
        return Classes(picture, segmenter, balancers, is_own=is_own, names=names, smallest=results.smallest)

    centers = None if common is None else common.cluster_centers_
    made_by = [_params_of(common or template), centers, names, *map(describe, balancers)]
    return results.write(batch, segment, made_by, template.n_jobs)


def write_regions(
    batch: Batch, results: Results, template: RegionSegmenter, balancers: Sequence[WhiteBalancer]
) -> Entries:
    """Write the regions of each image, and return their entries."""
    segment = partial(Regions, segmenter=template, balancers=balancers)
    made_by = ["regions", _params_of(template), *map(describe, balancers)]
    return results.write(batch, segment, made_by, template.n_jobs)


def range_of_bits(batch: Batch) -> tuple[float, float] | None:
    """The range of the images if all have 16 bits, which may be those of a camera; None if all numbers tell theirs."""
    dtypes = {picture.dtype for picture in batch.pictures}
    if len(dtypes) != 1 or not is_found("auto", *dtypes):
        return None
    limits: tuple[float, float] = ColorConverter(None).fit(list(batch.pictures)).value_range_
    return limits


def _in_units_of(images: ImageLike, template: KMeansSegmenter) -> KMeansSegmenter:
    """A segmenter with the start colors, if given, in the units of images."""
    init = template.init
    if isinstance(init, np.ndarray):
        low, high = ColorConverter(None, value_range=template.value_range).fit(images).value_range_
        init = low + init * (high - low)
    return KMeansSegmenter(**template.get_params() | {"init": init})


def _params_of(estimator: BaseEstimator) -> dict[str, object]:
    """The parameters that change results, as values."""
    params = estimator.get_params()
    return {name: value for name, value in params.items() if name not in ("n_jobs", "segmenter")}


def check_plot(path: Path) -> None:
    """Refuse a plot that matplotlib cannot write."""
    try:
        from matplotlib.backend_bases import FigureCanvasBase  # noqa: PLC0415, an extra
    except ModuleNotFoundError as error:
        raise click.ClickException('--plot needs matplotlib: python -m pip install "skseg[plot]"') from error
    known = FigureCanvasBase.get_supported_filetypes()
    if _format_of(path) not in known:
        raise click.UsageError(f"--plot must end in one of {', '.join(sorted(known))}; got {readable(path.name)}.")


def write_plot(path: Path, curve: Entries, criterion: str) -> None:
    """Plot a curve."""
    import matplotlib.pyplot as plt  # noqa: PLC0415, an extra

    n_clusters, scores, spreads = (np.array([each[name] for each in curve]) for name in _CURVE)
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    chosen, near = choice(curve)
    label = f"{criterion} on held-out pixels"
    KSelectionDisplay(n_clusters, scores, spreads, chosen, names=(label, ""), runners_up=near).plot(ax=ax)
    plt.close(figure)
    with written_whole(path) as file:
        figure.savefig(file, format=_format_of(path), dpi=150)


def _format_of(plot: Path) -> str:
    return plot.suffix.removeprefix(".").lower() or "png"
