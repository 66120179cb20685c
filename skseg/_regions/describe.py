"""From an image and a fitted segmenter to the smallest regions and what there is to know of them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._census import Census, usual_limits
from .._checks import match_to_fit
from .._color import OF_DTYPE, find_value_range
from .._counting import count_or_pass, read_rows
from .._errors import is_word
from .._fitting import fit_model
from .._images import Pixels, open_images
from .._limits import LIMITS
from .._model import Model
from .._segmenter import KMeansSegmenter
from .absorb import Regions, absorb_small
from .average import without_noise
from .contrast import fill, gradient, label_contrast, local_deviation
from .cost import Cost
from .graph import Graph, Labels, connected, count_labels, graph, sum_pixels
from .grid import Grid
from .merge import merge
from .start import start_colors
from .tree import Tree

_SPREAD = 25.0  # standard deviation that features are scaled to: as of L*a*b* in a usual photo
_USUAL_SPREAD = 0.36  # standard deviation of the colors of a usual photo, relative to the colors of the whole RGB cube
_HALVINGS = 5  # of the colors of an image that has no segmenter, for 32 clusters
_ITERATIONS = 30  # of its k-means; fewer make regions less steady in strong noise, more carry weak noise farther
_LAB = (0.7, 1.0, 1.0)  # its weights of L*, a*, b*
_SMALLEST = 1 / 6000  # share of the pixels that a region has at least

Planes = list[NDArray[np.float32]]


class Described(NamedTuple):
    """The smallest regions of an image.

    Attributes
    ----------
    regions : number of the region of each pixel, −1 under the mask, (height, width)
    start : the graph of the regions, whose features are deviations and counts of labels
    n_labels : number of the last features, which are counts of labels
    """

    regions: Labels
    start: Graph
    n_labels: int

    def cost(self, weights: Mapping[str, float]) -> Cost:
        """The cost of their mergers."""
        return Cost.of(weights, self.start.sizes.sum(), self.n_labels)

    def tree(self, weights: Mapping[str, float]) -> Tree:
        """The tree of their merging."""
        return merge(self.start, self.cost(weights))


def describe(
    image: NDArray[Any], segmenter: KMeansSegmenter | None, min_size: float | str, value_range: str | ArrayLike
) -> Described:
    """Find the connected parts of the labels of an image, let small ones join a neighbor, and describe what is left.

    If the segmenter is None, the image gets clusters of its own, of numbers of the range.
    """
    if image.ndim != 3:
        raise ValueError(
            f"X must be an image (height, width, n_channels); got {image.ndim} dimensions instead. "
            "Pass the images of a stack as a list."
        )
    mask = Pixels(image).mask
    if mask is not None and mask.all():
        nothing = Graph(np.zeros(0), np.zeros((0, 0)), np.zeros((0, 2), dtype=np.int32), np.zeros((0, 4)))
        return Described(np.full(mask.shape, -1, dtype=np.int32), nothing, 0)
    n_pixels = mask.size - np.count_nonzero(mask) if mask is not None else np.prod(image.shape[:2])
    smallest = n_pixels * _SMALLEST if isinstance(min_size, str) else min_size
    with np.errstate(invalid="ignore"):  # of numbers that are not finite, which are refused below
        image = without_noise(image, min(smallest, n_pixels * _SMALLEST))
    model, pixels = _own_model(image, value_range) if segmenter is None else segmenter._model, Pixels(image)
    rows = read_rows(pixels, model.conversion.name)
    if segmenter is not None:
        rows = match_to_fit(segmenter, pixels, rows)
    labels = np.ma.getdata(pixels.restore(model.label(rows), -1))
    planes = _planes(np.ma.getdata(pixels.restore(model.features(rows), np.nan)), _reference_spread(model))
    regions = connected(labels, mask)
    absorb_small(regions, Regions.of_features(*sum_pixels(regions, planes)), smallest)
    n_labels = len(model.centers)
    grid = Grid.fine(labels.shape)
    planes = [grid.shrink(plane) for plane in planes]
    contrasts = [gradient(planes, grid, 1), gradient(planes, grid, 2), label_contrast(labels, n_labels)]
    start = graph(regions, [local_deviation(plane, grid) for plane in planes], contrasts)
    sums = np.hstack([start.sums, count_labels(regions, labels, n_labels)])
    return Described(regions, start._replace(sums=sums), n_labels)


def _own_model(image: NDArray[Any], value_range: str | ArrayLike) -> Model:
    """The clusters of a single image, in L*a*b* if it has three channels; there may be fewer, as in a drawing."""
    images, n_channels = open_images(image), image.shape[-1]
    if n_channels == 4:
        raise ValueError(
            "X has 4 channels, and the fourth could be alpha or a band. If it is alpha, make it a mask: "
            "np.ma.array(X[..., :3], mask=np.repeat(X[..., 3:] == 0, 3, axis=-1)). "
            "If all are bands, use RegionSegmenter(KMeansSegmenter(32, color_space=None))."
        )
    color_space, weights = ("lab", _LAB) if n_channels == 3 else (None, None)
    census, scan = count_or_pass(images, color_space, most=LIMITS.colors_in_fit)
    start = start_colors(census.colors, census.weights, _HALVINGS)
    params: dict[str, Any] = {"init": start, "n_clusters": len(start), "n_init": 1, "random_state": 0}
    params |= {"max_iter": _ITERATIONS, "tol": 0.0, "color_space": color_space, "channel_weights": weights}
    params["value_range"] = _own_range(census) if is_word(value_range, "auto") else value_range
    return fit_model(census, scan, **params)


def _own_range(census: Census) -> str | tuple[float, float]:
    """The range of the colors of an image, but for outliers: fewer numbers than the smallest region has."""
    found = find_value_range("auto", census.colors, census.number_limits())
    if found.limits is None and found.holds(census.number_limits()):
        return "auto"
    usual = usual_limits(census, _SMALLEST)
    better = find_value_range("auto", census.colors, usual)
    if better.limits is not None:
        return "auto" if better == found else better.limits
    if better.holds(usual):
        return better.of(usual.dtype)
    low, high = map(float, usual)
    return low, high if low < high else low + max(1.0, abs(low))


def _reference_spread(model: Model) -> float:
    """The spread of the fitted colors, half adapted to a usual photo, so that a hazy image has fewer regions."""
    spread = model.spread or 1.0
    is_rgb = model.conversion.is_srgb and model.colors.shape[1] == 3
    if not is_rgb or not model.value_range.holds(np.array(model.limits), model.dtype):
        return spread
    cube = np.stack(np.meshgrid(*[np.linspace(0, 1, 9)] * 3), axis=-1).reshape(-1, 3)
    of_cube = model.conversion.with_range(OF_DTYPE).convert(cube)
    return float(np.sqrt(spread * _USUAL_SPREAD * np.sqrt(of_cube.var(axis=0).sum())))


def _planes(features: NDArray[np.float64], spread: float) -> Planes:
    """The channels of the color space, relative to the spread; masked pixels are as those around them."""
    features *= _SPREAD / spread
    planes = [np.ascontiguousarray(plane, dtype=np.float32) for plane in np.moveaxis(features, -1, 0)]
    missing = np.isnan(planes[0])
    return [fill(plane, missing) for plane in planes] if missing.any() else planes
