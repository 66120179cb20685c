"""A segmented image: its labels, their colors, and their measurements."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._balancer import WhiteBalancer
from .._color import display_colors, hex_code, is_unit_range, round_to, unit_scale
from .._errors import NoPixelsError
from .._images import SingleImage, open_single
from .._regions.segmenter import RegionSegmenter, paint_regions
from .._regions.table import merge_tables, region_table
from .._segmenter import KMeansSegmenter
from ..io._tiff import read_georeference
from .batch import Picture
from .report import clusters_of, count_labels, entry_of, plural

_PIXELS = 1 << 20  # that are worked on at a time


class Classes:
    """An image in the clusters of a fitted segmenter, maybe after it was balanced.

    Attributes
    ----------
    shape, dtype : shape and dtype of the image
    colors : color of each label, sRGB from 0 to 1, (n_labels, 3)
    """

    def __init__(
        self,
        picture: Picture,
        segmenter: KMeansSegmenter,
        balancers: Sequence[WhiteBalancer] = (),
        *,
        is_own: bool = False,
    ) -> None:
        self._original, self._segmenter, self._is_own = open_single(picture), segmenter, is_own
        self._counts = np.zeros(len(segmenter.cluster_centers_))
        self.shape, self.dtype = self._original.shape, self._original.data.dtype
        n_channels, n_fitted = self.shape[-1], segmenter.n_features_in_
        if n_channels != n_fitted:
            raise ValueError(f"It has {plural(n_channels, 'channel')}, but the clusters have {n_fitted}.")
        self.colors = segmenter._model.rgb()
        self._image = _balance(self._original, balancers)

    @cached_property
    def labels(self) -> NDArray[Any]:
        """The label map, with the mask of the image."""
        return np.asanyarray(self._segmenter.predict(self._image))

    @property
    def own_colors(self) -> NDArray[Any]:
        """The color of each label in the units of the image."""
        return np.asarray(self._segmenter._model.palette(self.dtype))

    @cached_property
    def table(self) -> dict[str, NDArray[Any]]:
        """Size, position and colors of each label that occurs, as in `region_table`."""
        if self._image.is_in_memory:
            return region_table(self.labels, self._original.array)
        blocks = ((block.place, block.array) for block in self._image.blocks(n_pixels=_PIXELS))
        return merge_tables(
            (place.start or 0, region_table(self._segmenter.predict(pixels), pixels)) for place, pixels in blocks
        )

    def image(self, output: str) -> NDArray[Any]:
        """The repainted image, or its distances."""
        return self._transform(self._image, output)

    def bands(self, output: str) -> Iterator[NDArray[Any]]:
        """The label map, the repainted image or the distances, some rows at a time."""
        if output == "label":
            self._counts[:] = 0
        for block in self._image.blocks(n_pixels=_PIXELS):
            if output != "label":
                yield self._transform(block.array, output)
            else:
                is_known = self._image.is_in_memory
                labels = self.labels[block.place] if is_known else self._segmenter.predict(block.array)
                self._counts += count_labels(labels, len(self._counts))
                yield labels

    def entry(self) -> dict[str, Any]:
        """The image as JSON, with its clusters if it was fitted separately."""
        if not self._counts.any():  # no label map was written by bands
            for _ in self.bands("label"):
                pass
        clusters = {"clusters": clusters_of(self._segmenter)} if self._is_own else {}
        return entry_of(self.shape, self._counts) | clusters

    def _transform(self, pixels: Any, output: str) -> NDArray[Any]:
        transformed: NDArray[Any] = copy(self._segmenter).set_params(output=output).transform(pixels)
        return transformed


def _balance(image: SingleImage, balancers: Sequence[WhiteBalancer]) -> SingleImage:
    """An image in the light of balancers, which measure the light of the whole image."""
    if balancers and not image.is_in_memory:
        raise ValueError(
            "It is too large for a MODEL with a WhiteBalancer, which needs it whole; raise --max-megapixels."
        )
    for balancer in balancers:
        image = open_single(balancer.transform(image))
    return image


class Regions:
    """An image in connected regions, with the attributes of `Classes`."""

    def __init__(self, picture: Picture, segmenter: RegionSegmenter) -> None:
        self._pixels = np.asanyarray(picture)
        self.shape, self.dtype = self._pixels.shape, self._pixels.dtype
        check_range(picture, self._pixels, segmenter)
        try:
            self.labels = segmenter.fit_predict(self._pixels)
        except NoPixelsError:  # an empty tile; there is nothing to fit k-means to
            self.labels = RegionSegmenter().fit_predict(self._pixels)
        self.table = region_table(self.labels, self._pixels)

    @property
    def own_colors(self) -> NDArray[Any]:
        """The mean color of each region in the units of the image."""
        means = np.stack([self.table[name] for name in self.table if name.startswith("intensity_mean")], axis=1)
        return np.asarray(round_to(means, self.dtype))

    @property
    def colors(self) -> NDArray[np.float64]:
        """The mean color of each region, sRGB from 0 to 1, (n_regions, 3)."""
        return display_colors(self.own_colors)

    def image(self, output: str) -> NDArray[Any]:
        """The image with each region in its mean color."""
        painted: NDArray[Any] = paint_regions(self._pixels, self.labels)
        return painted

    def bands(self, output: str) -> Iterator[NDArray[Any]]:
        """The label map or the repainted image, in one part."""
        yield self.labels if output == "label" else self.image(output)

    def entry(self) -> dict[str, Any]:
        """The image as JSON."""
        height, width = self.shape[:2]
        n_pixels, n_regions = int(self.table["area"].sum()), len(self.table["label"])
        return {"width": width, "height": height, "n_pixels": n_pixels, "n_regions": n_regions}


Outcome = Classes | Regions


def check_range(picture: Picture, pixels: NDArray[Any], segmenter: RegionSegmenter) -> None:
    """Refuse numbers that the default color space of regions does not take."""
    if segmenter.segmenter is not None or pixels.shape[-1] != 3 or unit_scale(pixels.dtype) != 1:
        return
    known = np.ma.masked_invalid(pixels).compressed()
    if known.size and not is_unit_range(known):
        raise ValueError(
            f"{picture} has {pixels.dtype} from {known.min():g} to {known.max():g}, but lab, the default color space "
            "of regions, needs uint8, uint16 or 0 to 1; give --color-space hsv, or none for bands."
        )


def columns_of(picture: Picture, outcome: Outcome) -> dict[str, list[Any]]:
    """A row for each label: the image, the color, the measurements, and the area on the map if there is one."""
    table = {name: column.tolist() for name, column in outcome.table.items()}
    place = read_georeference(picture.path, picture.page)
    unit = None if place is None else place.pixel_area
    names = {"image": [str(picture)] * len(table["label"]), "label": table.pop("label")}
    colors = {"color": [hex_code(outcome.colors[label]) for label in names["label"]]}
    sizes = {name: table.pop(name) for name in ("area", "share")}
    on_map = {} if unit is None else {"map_area": [area * unit for area in sizes["area"]]}
    return names | colors | sizes | on_map | table


def polygons_of(picture: Picture, outcome: Outcome) -> dict[str, Any]:
    """The polygons of an image as arguments of `save_polygons`, except the coordinate system."""
    place = read_georeference(picture.path, picture.page)
    if place is not None and place.transform is not None and place.epsg is None:
        warnings.warn(
            f"{picture} has coordinates of a system without an EPSG code; its polygons do not name the system.",
            stacklevel=2,
        )
    properties = columns_of(picture, outcome)
    del properties["color"]  # which `colors` gives in other forms
    transform = None if place is None else place.transform
    return {"label_map": outcome.labels, "colors": outcome.colors, "properties": properties, "transform": transform}


def system_of(picture: Picture) -> tuple[Any, ...] | None:
    """The coordinate system of the polygons of an image; None for pixels."""
    place = read_georeference(picture.path, picture.page)
    return None if place is None or place.transform is None else place.system


def crs_of(picture: Picture) -> int | None:
    """The EPSG code of the coordinates of an image, or None."""
    place = read_georeference(picture.path, picture.page)
    return None if place is None or place.transform is None else place.epsg
