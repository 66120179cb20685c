"""From images to the census of their colors, or to passes over their pixels."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ._census import Census, count, merge
from ._checks import check_not_gray, check_same_kind, warn_other_range
from ._color import OF_DTYPE, check_not_alpha
from ._errors import NoPixelsError, current_image, image_of_list
from ._images import Image, Pixels, SingleImage
from ._kmeans import Bounds
from ._limits import LIMITS
from ._model import Model

T = TypeVar("T")
Watch = Callable[[Iterator[Any]], Iterable[Any]]  # sees the results of the parts of a sequence pass by
Part = tuple[NDArray[Any], NDArray[Any] | None, Bounds | None]  # rows, weights and bounds


def read_rows(pixels: Pixels, color_space: str | None) -> NDArray[Any]:
    """The rows of a block as finite numbers, of colors that the parameter `color_space` does not leave open."""
    rows = pixels.read()
    if pixels.is_image:
        check_not_alpha(rows.shape[1], color_space)
    return rows


def count_images(
    images: Image,
    color_space: str | None,
    sample_weight: object,
    *,
    most: int | None = None,
    n_jobs: int | None = None,
    watch: Watch = iter,
) -> Census:
    """The census of all images together; a sample, if there are more than `most` distinct colors."""

    def count_block(pixels: Pixels) -> tuple[Census, int | None]:
        rows = read_rows(pixels, color_space)
        check_not_gray(pixels)
        return count(rows, pixels.weights(len(rows)), max_rows=most), current_image()

    census: Census
    add = partial(_add_up, most)
    census, _ = images.reduce(count_block, add, sample_weight=sample_weight, n_jobs=n_jobs, watch=watch)
    if census.is_complete and len(census.colors) == 0:
        reason = "All pixels are masked" if sample_weight is None else "sample_weight is zero at all unmasked pixels"
        raise NoPixelsError(f"{reason}; at least one pixel must take part.")
    return census


def count_or_pass(
    images: Image,
    color_space: str | None,
    sample_weight: object = None,
    *,
    most: int,
    n_jobs: int | None = None,
    watch: Watch = iter,
) -> tuple[Census, "PixelScan | None"]:
    """The census of all images together; if it is a sample, also all pixels, to be passed over."""
    census = count_images(images, color_space, sample_weight, most=most, n_jobs=n_jobs, watch=watch)
    is_held = census.is_complete
    return census, None if is_held else PixelScan(images, color_space, sample_weight, census.colors[:1], n_jobs)


def _add_up(most: int | None, parts: Iterable[tuple[Census, int | None]]) -> tuple[Census, int | None]:
    """Censuses together, each with the index of the first image of a list that it is of, if any.

    Many are merged at a time, as soon as they hold more colors than what is merged.
    """
    parts = iter(parts)
    together, first_index = next(parts)
    waiting, n_waiting = [], 0
    for census, index in parts:
        with image_of_list(index):
            check_alike(census, together)
        waiting.append(census)
        n_waiting += len(census.colors)
        if n_waiting > max(len(together.colors), LIMITS.waiting_colors):
            together, waiting, n_waiting = merge([together, *waiting], max_rows=most), [], 0
    return merge([together, *waiting], max_rows=most), first_index


def check_alike(census: Census, before: Census) -> None:
    """Refuse, or warn of, images whose numbers mean other colors."""
    check_same_kind(census.colors, before.colors)
    if len(census.colors) and len(before.colors) and OF_DTYPE.scale(census.colors.dtype) == 1:
        largest, largest_before = (float(each.number_limits()[1]) for each in (census, before))
        warn_other_range(largest, largest_before, others="earlier images")


def add_to_fit(fitted: Census, census: Census) -> Census:
    """The colors of a fitted model and others, whose range is that of the fitted ones, together."""
    check_same_kind(census.colors, fitted.colors)
    if not fitted.is_complete:
        raise ValueError(
            "partial_fit needs all colors seen in fit, but there were too many, and only a sample was kept. "
            "Pass all images to fit, as one list, or each of them to partial_fit, from the first on."
        )
    return merge([fitted, census])


class PixelScan:
    """All pixels of images, to be passed over again and again; those of weight 0 get a label, too.

    Attributes
    ----------
    bounds : of the pixels of a single image that is read row by row; None if its label map would be too large
    is_weighted : whether there are sample weights
    """

    def __init__(
        self, images: Image, color_space: str | None, sample_weight: object, like: NDArray[Any], n_jobs: int | None
    ) -> None:
        self._images, self._sample_weight, self._n_jobs = images, sample_weight, n_jobs
        self._color_space, self._like = color_space, like
        self.is_weighted = sample_weight is not None
        self._parts: list[Part] = []  # all of them, if they need no copies
        self.bounds = None
        if isinstance(images, SingleImage) and images.has_label_map and images.is_in_order:
            self.bounds = Bounds.empty(sum(pixels.n_rows for pixels in images.blocks()))

    def reduce(self, function: Callable[..., T], combine: Callable[[Iterable[T]], T]) -> T:
        """Combine the results of `function` for the rows of each block, their weights or None, and their bounds."""
        if self._parts:
            return combine([function(*part) for part in self._parts])
        color_space, like, is_weighted, bounds = self._color_space, self._like, self.is_weighted, self.bounds
        parts: list[Part] = []
        whole = self._images.data if bounds is not None and isinstance(self._images.data, np.ndarray) else None

        def pass_over(pixels: Pixels) -> T:  # without the images, lest they are sent to workers with it
            rows = read_rows(pixels, color_space)
            check_same_kind(rows, like)  # what was read before may have changed
            weights = pixels.weights(len(rows))
            if is_weighted and weights is None:
                weights = np.ones(len(rows))
            some = None if bounds is None else bounds.part(slice(pixels.start, pixels.start + len(rows)))
            if whole is not None and np.may_share_memory(rows, whole):
                parts.append((rows, weights, some))
            return function(rows, weights, some)

        result = self._images.reduce(pass_over, combine, sample_weight=self._sample_weight, n_jobs=self._n_jobs)
        if whole is not None and sum(len(rows) for rows, *_ in parts) == int(np.prod(whole.shape[:-1])):
            self._parts = parts
        return result


def label_map(images: Image, model: Model, scan: PixelScan | None) -> Any:
    """The label map of a single image by the model fitted to it; None if it would be too large."""
    if not images.has_label_map:
        return None
    if scan is not None and scan.bounds is not None:
        labels = scan.bounds.labels
        if isinstance(images, SingleImage) and not images.is_in_memory and labels.size == np.prod(images.shape[:-1]):
            return labels.reshape(images.shape[:-1])  # nothing is masked: no copy is needed
        return images.map(lambda pixels: labels[pixels.start : pixels.start + pixels.n_rows], -1)
    return images.map(partial(_label, model), -1)


def _label(model: Model, pixels: Pixels) -> NDArray[np.int32]:
    return model.label(read_rows(pixels, model.conversion.name))
