"""A segmented picture: its labels, what they are painted as, and how they are measured."""

from __future__ import annotations

import warnings
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._color import hex_code, is_unit_range, round_to, to_unit
from .._regions.segmenter import RegionSegmenter, paint_regions
from .._regions.table import region_table
from .._segmenter import KMeansSegmenter
from ..io._georeference import read_georeference
from .batch import Picture
from .report import clusters_of, entry_of


class Classes:
    """A picture in the clusters of a fitted segmenter.

    Attributes
    ----------
    labels : label map, (height, width), masked as the picture is
    colors : color of each label, sRGB from 0 to 1, (n_labels, 3)
    table : what `region_table` measures
    """

    def __init__(self, pixels: NDArray[Any], segmenter: KMeansSegmenter, *, is_own: bool) -> None:
        self.pixels, self.segmenter, self.is_own = pixels, segmenter, is_own
        self.labels = segmenter.predict(pixels)
        self.colors = segmenter.model_.rgb()

    @cached_property
    def table(self) -> dict[str, NDArray[Any]]:
        """Size, place and colors of each label that occurs."""
        return region_table(self.labels, self.pixels)

    def image(self, output: str) -> NDArray[Any]:
        """The picture painted, or its distances."""
        transformed: NDArray[Any] = copy(self.segmenter).set_params(output=output).transform(self.pixels)
        return transformed

    def entry(self) -> dict[str, Any]:
        """The picture as JSON; its clusters too, if they are its own."""
        return entry_of(self.labels, self.segmenter) | (
            {"clusters": clusters_of(self.segmenter)} if self.is_own else {}
        )


class Regions:
    """A picture in connected regions; the attributes are those of `Classes`."""

    def __init__(self, pixels: NDArray[Any], segmenter: RegionSegmenter) -> None:
        self.pixels = pixels
        self.labels = segmenter.fit_predict(pixels)
        self.table = region_table(self.labels, pixels)

    @property
    def colors(self) -> NDArray[np.float64]:
        """The mean color of each region; grays, from dark to light, if the picture is not RGB."""
        means = np.stack([self.table[name] for name in self.table if name.startswith("intensity_mean")], axis=1)
        colors = round_to(means, self.pixels.dtype)
        if len(means) == 0:
            return np.zeros((0, 3))
        if means.shape[1] == 3 and is_unit_range(colors):
            return np.clip(to_unit(colors), 0, 1)
        grays = means.mean(axis=1)
        return np.repeat(np.interp(grays, [grays.min(), grays.max()], [0, 1])[:, np.newaxis], 3, axis=1)

    def image(self, output: str) -> NDArray[Any]:
        """The picture painted, each region in its mean color."""
        painted: NDArray[Any] = paint_regions(self.pixels, self.labels)
        return painted

    def entry(self) -> dict[str, Any]:
        """The picture as JSON."""
        height, width = self.labels.shape
        n_pixels, n_regions = int(self.table["area"].sum()), len(self.table["label"])
        return {"width": width, "height": height, "n_pixels": n_pixels, "n_regions": n_regions}


Outcome = Classes | Regions


def columns_of(picture: Picture, outcome: Outcome) -> dict[str, list[Any]]:
    """A row for each label: the picture, the color, what is measured, and the area on the map if there is one."""
    table = {name: column.tolist() for name, column in outcome.table.items()}
    place = read_georeference(picture.path, picture.page)
    unit = None if place is None else place.pixel_area
    names = {"image": [str(picture)] * len(table["label"]), "label": table.pop("label")}
    colors = {"color": [hex_code(outcome.colors[label]) for label in names["label"]]}
    sizes = {name: table.pop(name) for name in ("area", "share")}
    on_map = {} if unit is None else {"map_area": [area * unit for area in sizes["area"]]}
    return names | colors | sizes | on_map | table


def polygons_of(picture: Picture, outcome: Outcome) -> dict[str, Any]:
    """The polygons of a picture, as `save_polygons` takes them, but for the coordinate system."""
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


def crs_of(picture: Picture) -> int | None:
    """The EPSG code of a picture's coordinates, if it has any."""
    place = read_georeference(picture.path, picture.page)
    return None if place is None or place.transform is None else place.epsg
