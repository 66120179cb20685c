"""The steps of the commands: open images, fit a segmenter, write results, plot a curve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray

from .. import io
from .._balancer import WhiteBalancer
from .._census.blocks import one_thread
from .._color import unit_scale
from .._plot.clusters import KSelectionDisplay
from .._regions.segmenter import RegionSegmenter
from .._segmenter import KMeansSegmenter
from .._version import __version__
from ..io._estimators import describe
from ..io._kept import in_order
from ..io._pictures import readable
from ..io._savable import kind_of, steps_of
from .batch import Batch, Picture, find_files, read_mask
from .messages import as_click_error, progress, progress_bar
from .outcomes import Classes, Outcome, Regions, check_range
from .report import best
from .results import Results, digest
from .summaries import Part, Summaries

_CURVE = ("n_clusters", "score", "spread")


@as_click_error()
def open_batch(images: Iterable[str], mask: Path | None, color_space: str | None = None) -> Batch:
    """The images given on the command line, for clusters in a color space, or that have been fitted."""
    try:
        files = find_files(images)
        return Batch(files, None if mask is None else read_mask(mask), color_space)
    except FileNotFoundError as error:
        raise click.UsageError(str(error)) from error


@as_click_error()
def open_model(path: str) -> tuple[KMeansSegmenter, list[WhiteBalancer]]:
    """The segmenter of a model file, and the balancers in front of it."""
    if not Path(path).is_file():
        raise click.UsageError(f"MODEL must be a file that exists; got {path!r}.")
    model = io.load(path)
    *balancers, segmenter = steps_of(model)
    if not isinstance(segmenter, KMeansSegmenter):
        kind = kind_of(model)
        raise click.UsageError(f"MODEL must hold a KMeansSegmenter; {readable(path)} holds a {kind}.")
    return segmenter, balancers


def palette_segmenter(colors: NDArray[np.float64], color_space: str | None) -> KMeansSegmenter:
    """A segmenter with the given colors, from 0 to 1, as clusters."""
    distinct = np.unique(colors, axis=0)
    segmenter = KMeansSegmenter(len(distinct), color_space=color_space, init=distinct)
    segmenter.fit(distinct)
    if len(segmenter.cluster_centers_) < len(distinct):
        raise click.UsageError(f"--palette has different colors that --color-space {color_space} does not tell apart.")
    return segmenter


def take_results(params: dict[str, Any]) -> tuple[Results, dict[str, Any]]:
    """The results, and the remaining options of the model."""
    names = ("output_dir", "outputs", "overwrite", "resume", "table", "polygons")
    directory, outputs, overwrite, resume, table, polygons = (params.pop(name) for name in names)
    summaries = Summaries(table, polygons)
    return Results(directory, dict.fromkeys(outputs), summaries, overwrite=overwrite, resume=resume), params


def new_segmenter(batch: Batch, params: dict[str, Any], *, keep_masked: bool = False) -> KMeansSegmenter | None:
    """The segmenter for the images that can be read, or None.

    Images of which all pixels are masked are dropped, unless they are kept and there are others.
    """
    batch.check(progress(batch.pictures, "Reading"))
    if not keep_masked or all(picture.is_masked for picture in batch.pictures):
        batch.drop_masked()
    return segmenter_for(batch.pictures[0], params) if batch.pictures else None


def segmenter_for(picture: Picture, params: dict[str, Any]) -> KMeansSegmenter:
    """A segmenter with the start colors, if given, in the units of the image."""
    if isinstance(params["init"], np.ndarray):
        params = params | {"init": params["init"] * unit_scale(picture.dtype)}
    return KMeansSegmenter(**params)


def fit_batch(batch: Batch, params: dict[str, Any]) -> KMeansSegmenter | None:
    """A segmenter fitted to the images that can be read, or None."""
    segmenter = new_segmenter(batch, params, keep_masked=True)
    if segmenter is None:
        return None
    with as_click_error(batch.pictures), progress_bar("Fitting", None) as advance:
        for picture in batch.pictures:
            picture.on_read = advance
        segmenter.fit(batch.pictures)
    return segmenter


def write_classes(
    batch: Batch,
    results: Results,
    params: dict[str, Any],
    common: KMeansSegmenter | None,
    balancers: Sequence[WhiteBalancer] = (),
) -> list[dict[str, Any]]:
    """Write the results of each image, from the common or a separate segmenter, and return their entries."""

    def segment(picture: Picture) -> Classes:
        if common is None:
            return Classes(picture, segmenter_for(picture, params).fit(picture), is_own=True)
        return Classes(picture, common, balancers)

    asked = params if common is None else common.get_params()
    asked = {name: value for name, value in asked.items() if name != "n_jobs"}  # which changes no result
    made_by = asked if common is None else (asked, common.cluster_centers_.tolist(), *map(describe, balancers))
    return _write_results(batch, results, segment, made_by, params["n_jobs"])


def write_regions(
    batch: Batch, results: Results, color_space: str | None, params: dict[str, Any]
) -> list[dict[str, Any]]:
    """Write the regions of each image, and return their entries."""
    n_jobs = params.pop("n_jobs")

    def segment(picture: Picture) -> Regions:
        return Regions(picture, region_segmenter(color_space, params))

    return _write_results(batch, results, segment, ("regions", color_space, params), n_jobs)


def region_segmenter(color_space: str | None, params: dict[str, Any]) -> RegionSegmenter:
    """The segmenter of regions whose colors are compared in a color space."""
    classes = None if color_space == "auto" else KMeansSegmenter(32, color_space=color_space, random_state=0)
    return RegionSegmenter(classes, **params)


@as_click_error()
def explored_regions(batch: Batch, color_space: str | None) -> RegionSegmenter:
    """The segmenter of regions of a page, which can segment all images of the batch."""
    segmenter = region_segmenter(color_space, {})
    for picture in batch.pictures:
        check_range(picture, np.asanyarray(picture), segmenter)
    return segmenter


def _write_results(
    batch: Batch, results: Results, segment: Callable[[Picture], Outcome], made_by: Any, n_jobs: int | None
) -> list[dict[str, Any]]:
    """Segment the images and write their results, some in parallel, and the summaries of all in their order."""
    model, done, rest = digest(__version__, made_by), [], list(batch.pictures)
    if not rest:
        return []
    results.make_directory()
    try:
        with (
            batch.noting(results.summaries),
            results.summaries.open() as add,
            progress_bar("Writing", len(batch.pictures)) as advance,
        ):

            def finish_one(picture: Picture) -> list[tuple[dict[str, Any], Part]]:
                finished = []
                with batch.noting(picture):
                    finished.append(results.finish(picture, segment, model, advance))
                return finished

            for picture, result in zip(batch.pictures, _map(finish_one, batch.pictures, n_jobs), strict=True):
                name = str(picture)
                if name in batch.failed:  # noted when it failed; the order is the images'
                    batch.failed[name] = batch.failed.pop(name)
                with batch.noting(picture):
                    for entry, part in result:
                        add(picture, part)
                        done.append(entry)
                picture.pixels = None
                rest.remove(picture)
    except KeyboardInterrupt:
        batch.failed |= {str(picture): "interrupted; --resume goes on from here" for picture in rest}
    return done


def _map(function: Callable[[Picture], Any], pictures: list[Picture], n_jobs: int | None) -> Iterator[Any]:
    """`function` of each picture, in order, of several at a time; after an interruption, running ones are finished."""

    def in_one_thread(picture: Picture) -> Any:
        with one_thread(), click.Context(click.Command(None)).scope():  # of the messages about this image
            return function(picture)

    n_workers = effective_n_jobs(n_jobs)
    if n_workers == 1:
        with in_order():
            yield from map(function, pictures)
        return
    with ThreadPoolExecutor(n_workers) as pool:
        yield from pool.map(in_one_thread, pictures)


def plot_curve(curve: list[dict[str, Any]], criterion: str) -> Any:
    """The figure of a curve."""
    import matplotlib.pyplot as plt  # noqa: PLC0415, an extra

    n_clusters, scores, spreads = (np.array([each[name] for each in curve]) for name in _CURVE)
    figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    KSelectionDisplay(n_clusters, scores, spreads, best(curve)["n_clusters"], names=(criterion, "")).plot(ax=ax)
    plt.close(figure)
    return figure
