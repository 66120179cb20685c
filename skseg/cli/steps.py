"""The steps of the commands: open models, fit a segmenter, write results, plot a curve."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from .. import io
from .._balancer import WhiteBalancer
from .._color import unit_scale
from .._plot.clusters import KSelectionDisplay
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from ..io._atomic import written_whole
from ..io._estimators import describe
from ..io._pictures import readable
from ..io._savable import kind_of, steps_of
from .batch import Batch, Picture
from .messages import as_click_error, progress_bar
from .outcomes import Classes, Regions, check_range
from .report import choice
from .results import Results

_CURVE = ("n_clusters", "score", "spread")

Entries = list[dict[str, Any]]  # of images, as JSON


@as_click_error()
def open_model(path: str) -> tuple[KMeansSegmenter, list[WhiteBalancer]]:
    """The segmenter of a model file, and the balancers in front of it."""
    if not Path(path).is_file():
        raise click.UsageError(f"MODEL must be a file that exists; got {path!r}.")
    model = io.load(path)
    *balancers, segmenter = steps_of(model)
    if not isinstance(segmenter, KMeansSegmenter):
        raise click.UsageError(f"MODEL must hold a KMeansSegmenter; {readable(path)} holds a {kind_of(model)}.")
    return segmenter, balancers


def palette_segmenter(colors: NDArray[np.float64], color_space: str | None) -> KMeansSegmenter:
    """A segmenter with the given colors, from 0 to 1, as clusters."""
    distinct = np.unique(colors, axis=0)
    segmenter = KMeansSegmenter(len(distinct), color_space=color_space, init=distinct)
    segmenter.fit(distinct)
    if len(segmenter.cluster_centers_) < len(distinct):
        raise click.UsageError(f"--palette has different colors that --color-space {color_space} does not tell apart.")
    return segmenter


def classes_of_regions(color_space: str | None) -> KMeansSegmenter | None:
    """The classes whose parts are merged to regions, in a color space."""
    return None if color_space == "auto" else KMeansSegmenter(32, color_space=color_space, random_state=0)


@as_click_error()
def explored_regions(batch: Batch, color_space: str | None) -> RegionSegmenter:
    """The segmenter of regions of a page, which can segment all images of the batch."""
    segmenter = RegionSegmenter(classes_of_regions(color_space))
    for picture in batch.pictures:
        check_range(picture, np.asanyarray(picture), segmenter)
    return segmenter


def fit_batch(batch: Batch, template: KMeansSegmenter) -> KMeansSegmenter | None:
    """A segmenter fitted to the images that can be read, or None.

    Images that are not kept in memory are not read before; if the fit fails, they are, to find those to blame.
    """
    batch.check(keeps_masked=True, reads_all=False)
    if any(picture.kept is None for picture in batch.pictures):
        try:
            return _fit(batch, template)
        except click.ClickException:
            batch.check(keeps_masked=True)
    return _fit(batch, template) if batch.pictures else None


def _fit(batch: Batch, template: KMeansSegmenter) -> KMeansSegmenter:
    images = [picture if picture.kept is None else picture.kept for picture in batch.pictures]
    with as_click_error(batch.pictures), progress_bar("Fitting", None) as advance:
        for picture in batch.pictures:
            picture.on_read = advance
        segmenter = _in_units_of(batch.pictures[0], template)
        segmenter.fit(images)
    return segmenter


def write_classes(
    batch: Batch,
    results: Results,
    template: KMeansSegmenter,
    common: KMeansSegmenter | None,
    balancers: Sequence[WhiteBalancer] = (),
) -> Entries:
    """Write the results of each image, from the common or a separate segmenter, and return their entries."""

    def segment(picture: Picture) -> Classes:
        if common is None:
            return Classes(picture, _in_units_of(picture, template).fit(picture.read()), is_own=True)
        return Classes(picture, common, balancers)

    centers = None if common is None else common.cluster_centers_
    made_by = [_params_of(common or template), centers, *map(describe, balancers)]
    return results.write(batch, segment, made_by, template.n_jobs)


def write_regions(batch: Batch, results: Results, template: RegionSegmenter) -> Entries:
    """Write the regions of each image, and return their entries."""
    segment = partial(Regions, segmenter=template)
    return results.write(batch, segment, ["regions", _params_of(template)], template.n_jobs)


def _in_units_of(picture: Picture, template: KMeansSegmenter) -> KMeansSegmenter:
    """A segmenter with the start colors, if given, in the units of an image."""
    init = template.init * unit_scale(picture.dtype) if isinstance(template.init, np.ndarray) else template.init
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
