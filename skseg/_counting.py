"""From a source to its census, or to passes over its pixels: read, check, count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._callbacks import Task
from ._census import Census, count, merge
from ._checks import check_not_gray, check_pixel_weights, check_same_kind, read_checked, warn_other_range
from ._color import check_not_alpha, unit_scale
from ._errors import NoPixelsError, image_of_list
from ._kmeans import Memory, representatives
from ._labeled import open_weights
from ._source import Pixels, Source, is_banded

Purpose = Literal["fit", "score"]

_MAX_ROWS = {
    "fit": 1 << 19,
    "score": 1 << 22,
}  # distinct colors that are counted, if not as keys
_COUNTED_PIXELS = 1 << 24  # of one image that are read at a time to be counted
_COPIED_BYTES = 1 << 26  # of them, if they have to be copied
_PASSED_PIXELS = 1 << 21  # of one image that are read at a time in a pass
_MAX_LABELED_PIXELS = 100_000_000  # of a memory-mapped image whose label map `fit` still keeps
_MAX_WAITING = 1 << 18  # colors of single images that may wait to be merged: a few megabytes


@dataclass(eq=False)
class Counted:
    """A source that was counted.

    Attributes
    ----------
    source : the source
    census : its colors
    scan : its pixels, if the census is a sample
    pixels, rows : the pixels of a single table or image, and their rows, if it was read in one part
    """

    source: Source
    census: Census
    scan: PixelScan | None = None
    pixels: Any = None
    rows: Any = None

    def representatives(self) -> Census:
        """The census, or a sample of colors that stand for all."""
        return self.census if self.scan is None else representatives(self.census, self.scan)

    def label_map(self, model: Any) -> Any:
        """The label map of a single table or image by the model of it; None if it would be too large."""
        if not _has_label_map(self.source):
            return None
        if self.scan is not None and self.scan.memory is not None:
            return self.source.pixels().restore(self.scan.memory.labels, under_mask=-1)

        def label_part(part: Source) -> Any:
            is_known = part is self.source and self.rows is not None
            pixels, rows = (self.pixels, self.rows) if is_known else read_rows(part, model.conversion.name)
            return pixels.restore(model.label(rows), under_mask=-1)

        return self.source.map_bands(label_part, _n_counted(self.source.data))


def read_rows(source: Source, color_space: str | None) -> tuple[Pixels, NDArray[Any]]:
    """The pixels of one table or image, and their rows as a finite numeric array."""
    pixels, _, rows = read_checked(source)
    check_not_alpha(pixels.data_shape, color_space)
    return pixels, rows


def count_source(
    source: Source,
    sample_weight: Any,
    color_space: str | None,
    n_jobs: int | None,
    task: Task | None = None,
    *,
    purpose: Purpose | None = None,
) -> Counted:
    """Count a table, an image, or all images of a sequence together, each a part of `task`.

    With a `purpose`, colors that are too many for it to be counted are sampled.
    """
    max_rows = None if purpose is None else _MAX_ROWS[purpose]

    def count_image(image: Source, weights: Any) -> Counted:
        return _count_image(image, weights, color_space, max_rows=max_rows)

    def add_up(censuses: Iterator[tuple[int, Census]]) -> Census:
        return _add_up(censuses, max_rows=max_rows)

    if source.is_sequence:

        def census_of(image: Source, weights: Any) -> Census:
            return count_image(image, weights).census

        censuses = source.reduce(census_of, add_up, n_jobs=n_jobs, sample_weight=sample_weight)
        counted = Counted(source, add_up((task or Task()).each("images", censuses)))
    else:
        counted = count_image(source, sample_weight)
    if not counted.census.is_complete:
        like = counted.census.colors[:1]
        return replace(counted, scan=PixelScan(source, sample_weight, like, color_space, n_jobs))
    if len(counted.census.colors) == 0:
        reason = "All pixels are masked" if sample_weight is None else "sample_weight is zero at all unmasked pixels"
        raise NoPixelsError(f"{reason}; at least one pixel must take part.")
    return counted


def _count_image(source: Source, sample_weight: Any, color_space: str | None, *, max_rows: int | None) -> Counted:
    check_not_gray(source)
    parts, censuses, weights = [], [], open_weights(sample_weight, source.labeled)
    for band, part in source.bands(_n_counted(source.data)):
        pixels, rows = read_rows(part, color_space)
        censuses.append(count(rows, _weights_in(band, weights, source, pixels, rows), max_rows=max_rows))
        parts = [(pixels, rows)] if part is source else []
    return Counted(source, merge(censuses, max_rows=max_rows), None, *(parts[0] if parts else ()))


def _n_counted(data: Any) -> int:
    """The number of pixels to read at a time: fewer if they are copied, as masked, byte-swapped and read ones are."""
    is_copied = isinstance(data, np.ndarray) and (np.ma.isMaskedArray(data) or not data.dtype.isnative)
    if (is_copied and data.ndim > 1) or is_banded(data):
        n_bytes = max(1, data.dtype.itemsize * data.shape[-1])
        return int(min(_COUNTED_PIXELS, max(1, _COPIED_BYTES // n_bytes)))
    return _COUNTED_PIXELS


def _weights_in(
    band: slice, sample_weight: Any, source: Source, pixels: Pixels, rows: NDArray[Any]
) -> NDArray[np.float64] | None:
    """The weights of the pixels in a band of an image, one for each row."""
    if sample_weight is None:
        return None
    shape = np.shape(source.data)[:-1] if hasattr(source.data, "shape") else rows.shape[:1]
    if sample_weight.shape != shape:
        return check_pixel_weights(sample_weight, shape)  # which refuses them
    return check_pixel_weights(sample_weight[band], sample_weight[band].shape, pixels.mask)


class PixelScan:
    """All pixels of a source, to be passed over again and again; those of weight 0 get a label, too.

    Attributes
    ----------
    memory : of a single table or image; None if its label map would be too large
    is_weighted : whether there are sample weights
    """

    def __init__(
        self, source: Source, sample_weight: Any, like: NDArray[Any], color_space: str | None, n_jobs: int | None
    ) -> None:
        self._source, self._sample_weight, self._n_jobs = source, sample_weight, n_jobs
        self._read = partial(_read_again, like=like, color_space=color_space)
        self.is_weighted = sample_weight is not None
        self.memory = Memory.empty(_n_pixels(source)) if _has_label_map(source) else None

    def __call__(self, function: Callable[..., Any]) -> Iterator[Any]:
        """The result of `function` for each part: its rows, their weights or None, and its memory or None."""
        if not self._source.is_sequence:
            start = 0
            for rows, weights in self._read(self._source, self._sample_weight):
                end = start + len(rows)
                yield function(rows, weights, None if self.memory is None else self.memory.part(start, end))
                start = end
            return
        read, is_weighted = self._read, self.is_weighted

        def each_part(image: Source, sample_weight: Any) -> list[Any]:
            parts = read(image, sample_weight)
            return [function(rows, _ones(rows) if is_weighted and w is None else w, None) for rows, w in parts]

        for results in self._source.map(each_part, n_jobs=self._n_jobs, sample_weight=self._sample_weight):
            yield from results


def _read_again(
    image: Source, sample_weight: Any, like: NDArray[Any], color_space: str | None
) -> Iterator[tuple[NDArray[Any], NDArray[np.float64] | None]]:
    """The rows of an image and their weights, part by part; images that were read before may have changed."""
    weights = open_weights(sample_weight, image.labeled)
    for band, part in image.bands(_PASSED_PIXELS):
        pixels, rows = read_rows(part, color_space)
        check_same_kind(rows, like)
        yield rows, _weights_in(band, weights, image, pixels, rows)


def _ones(rows: NDArray[Any]) -> NDArray[np.float64]:
    return np.ones(len(rows))


def _has_label_map(source: Source) -> bool:
    """Whether X is a single image, but not one whose label map may be too large for memory."""
    data = source.data
    if source.is_banded:
        return False
    is_mapped = isinstance(data, np.memmap)
    return not source.is_sequence and not (is_mapped and data.size // data.shape[-1] > _MAX_LABELED_PIXELS)


def _n_pixels(source: Source) -> int:
    mask = source.pixels().mask
    return int(np.prod(np.shape(source.data)[:-1])) if mask is None else int((~mask).sum())


def _add_up(censuses: Iterator[tuple[int, Census]], *, max_rows: int | None) -> Census:
    """The census of all images; many are merged at a time, as soon as they hold more colors than what is merged."""
    _, together = next(censuses)
    waiting: list[Census] = []
    n_waiting = 0
    for index, census in censuses:
        with image_of_list(index):
            _check_alike(census, together)
        waiting.append(census)
        n_waiting += len(census.colors)
        if n_waiting > max(len(together.colors), _MAX_WAITING):
            together, waiting, n_waiting = merge([together, *waiting], max_rows=max_rows), [], 0
    return merge([together, *waiting], max_rows=max_rows)


def _check_alike(census: Census, before: Census) -> None:
    """Refuse, or warn of, images whose numbers mean other colors."""
    check_same_kind(census.colors, before.colors)
    if len(census.colors) and len(before.colors) and unit_scale(census.colors.dtype) == 1:
        largest, largest_before = (float(each.number_limits()[1]) for each in (census, before))
        warn_other_range(largest, largest_before, others="earlier images")


def add_to_fit(fitted: Census, census: Census) -> Census:
    """The colors of a fitted model and others together."""
    _check_alike(census, fitted)
    if not fitted.is_complete:
        raise ValueError(
            "partial_fit needs all colors seen in fit, but there were too many, and only a sample was kept. "
            "Pass all images to fit, as one list, or each of them to partial_fit, from the first on."
        )
    return merge([fitted, census])
