"""A segmented image: its labels, their colors, and their measurements."""

import warnings
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from .._balancer import WhiteBalancer
from .._checks import plural
from .._color import display_colors, display_limits, find_value_range, hex_code, round_to
from .._errors import NoPixelsError
from .._images import open_single
from .._limits import LIMITS
from .._regions.clean import clean_labels
from .._regions.segmenter import RegionSegmenter, paint_regions
from .._regions.table import merge_tables, region_table
from .._segmenter import KMeansSegmenter
from .batch import Picture
from .report import clusters_of, light_of

Columns = dict[str, list[object]]
Polygons = dict[str, object]  # arguments of `save_polygons`, except for the file and the coordinate system


class Classes:
    """An image in the clusters of a fitted segmenter, maybe after it was balanced.

    Attributes
    ----------
    colors : color of each label, sRGB from 0 to 1, (n_labels, 3)
    names : name of each label, or None
    """

    def __init__(
        self,
        picture: Picture,
        segmenter: KMeansSegmenter,
        balancers: Sequence[WhiteBalancer] = (),
        *,
        is_own: bool = False,
        names: Sequence[str] | None = None,
        smallest: int = 0,
    ) -> None:
        self._original = self._image = open_single(picture.read())
        self._segmenter, self._is_own, self.names, self._smallest = segmenter, is_own, names, smallest
        self._counts = np.zeros(len(segmenter.cluster_centers_))
        n_channels, n_fitted = self._image.n_channels, segmenter.n_features_in_
        if n_channels != n_fitted:
            raise ValueError(f"It has {plural(n_channels, 'channel')}, but the clusters have {n_fitted}.")
        self._light = light_of([clone(balancer).fit(self._image) for balancer in balancers])
        if balancers:
            self._image = open_single(np.asanyarray(picture.balanced(balancers)))
        self.colors = segmenter._model.rgb

    @property
    def own_colors(self) -> NDArray[Any]:
        """The color of each label in the units of the image."""
        return self._segmenter._model.palette(self._original.data.dtype)

    @cached_property
    def labels(self) -> NDArray[Any]:
        """The label map, with the mask of the image."""
        labels = np.asanyarray(self._segmenter.predict(self._image))
        if not self._smallest:
            return labels
        return np.asanyarray(clean_labels(labels, self._smallest, self._segmenter.cluster_centers_))

    @cached_property
    def table(self) -> dict[str, NDArray[Any]]:
        """Size, position and colors of each label that occurs, as in `region_table`."""
        if self._image.is_in_memory:
            return region_table(self.labels, self._original.array)
        blocks = ((block.top, block.array) for block in self._image.blocks(n_pixels=LIMITS.command_pixels))
        return merge_tables((start, region_table(self._segmenter.predict(rows), rows)) for start, rows in blocks)

    def image(self, output: str, pixels: object = None) -> NDArray[Any]:
        """The repainted image or its distances; of some of its pixels, if they are given."""
        if output == "color" and pixels is None:  # the labels are known
            return self._painted()
        segmenter = copy(self._segmenter).set_params(output=output)
        return np.asanyarray(segmenter.transform(self._image if pixels is None else pixels))

    def _painted(self) -> NDArray[Any]:
        """The repainted image; masked pixels are unchanged."""
        data, mask = np.ma.getdata(self.labels), np.ma.getmask(self.labels)
        painted = self.own_colors.take(data, axis=0)
        if mask is np.ma.nomask:
            return painted
        is_masked = np.asarray(mask)
        painted[is_masked] = self._original.data[is_masked]
        return np.ma.MaskedArray(painted, mask=np.broadcast_to(is_masked[..., np.newaxis], painted.shape))

    def blocks(self, output: str) -> Iterator[NDArray[Any]]:
        """The label map, the repainted image or the distances, some rows at a time."""
        if output == "label":
            self._counts[:] = 0
        for block in self._image.blocks(n_pixels=LIMITS.command_pixels):
            if output != "label":
                yield self.image(output, block.array)
            else:
                is_known = self._image.is_in_memory
                labels = self.labels[block.place] if is_known else self._segmenter.predict(block.array)
                self._counts += np.bincount(np.ma.compressed(labels), minlength=len(self._counts))
                yield labels

    def entry(self) -> dict[str, object]:
        """The image as JSON, with its clusters if it was fitted separately."""
        if not self._counts.any():  # no label map was written by blocks
            for _ in self.blocks("label"):
                pass
        n_pixels = self._counts.sum()
        shares = (self._counts / max(n_pixels, 1)).tolist()
        height, width = self._original.shape[:2]
        entry = {"width": width, "height": height, "n_pixels": int(n_pixels)} | self._light | {"shares": shares}
        if self._is_own:
            entry |= {"value_range": self._segmenter.value_range_, "clusters": clusters_of(self._segmenter)}
        return entry


class Regions:
    """An image in connected regions, maybe after it was balanced, with the attributes of `Classes`."""

    names = None

    def __init__(self, picture: Picture, segmenter: RegionSegmenter, balancers: Sequence[WhiteBalancer] = ()) -> None:
        self._light = light_of([clone(balancer).fit(np.asanyarray(picture)) for balancer in balancers])
        self._pixels = np.asanyarray(picture.balanced(balancers))
        found = find_value_range(segmenter.value_range, np.ma.compressed(self._pixels))
        self._value_range = found.of(self._pixels.dtype)
        try:
            self.labels = clone(segmenter).fit_predict(self._pixels)
        except NoPixelsError:  # an empty tile; there is nothing to fit k-means to
            self.labels = RegionSegmenter().fit_predict(self._pixels)
        self.table = region_table(self.labels, self._pixels)
        means = np.stack([self.table[name] for name in self.table if name.startswith("intensity_mean")], axis=1)
        self.own_colors = round_to(means, self._pixels.dtype)
        self.colors = display_colors(self.own_colors, display_limits(self._pixels))

    def image(self, output: str) -> NDArray[Any]:
        """The image with each region in its mean color."""
        return np.asanyarray(paint_regions(self._pixels, self.labels))

    def blocks(self, output: str) -> Iterator[NDArray[Any]]:
        """The label map or the repainted image, in one part."""
        yield self.labels if output == "label" else self.image(output)

    def entry(self) -> dict[str, object]:
        """The image as JSON."""
        (height, width), n_pixels = self.labels.shape, int(self.table["area"].sum())
        size = {"width": width, "height": height, "n_pixels": n_pixels}
        return size | self._light | {"value_range": self._value_range, "n_regions": len(self.table["label"])}


Outcome = Classes | Regions


def columns_of(picture: Picture, outcome: Outcome) -> Columns:
    """A row for each label: the image, the color, the measurements, and the area on the map if there is one."""
    table = outcome.table
    columns = {
        "image": [str(picture)] * len(table["label"]),
        "label": table["label"].tolist(),
        "color": [hex_code(color) for color in outcome.colors[table["label"]]],
        **({"name": [outcome.names[label] for label in table["label"]]} if outcome.names else {}),
        "area": table["area"].tolist(),
        "share": table["share"].tolist(),
    }
    unit = None if picture.on_map is None else picture.on_map.pixel_area
    on_map = {} if unit is None else {"map_area": (table["area"] * unit).tolist()}
    named = {str(band): name for band, name in enumerate(picture.band_names)}
    others = {name: column.tolist() for name, column in table.items() if name not in columns}
    return columns | on_map | {_with_band(name, named): column for name, column in others.items()}


def _with_band(column: str, names: dict[str, str]) -> str:
    """The name of a column, with the name of a band, if it has one, in the place of its number."""
    kind, found, number = column.rpartition("-")
    return f"{kind}-{names.get(number, number)}" if found and kind.startswith("intensity") else column


def polygons_of(picture: Picture, outcome: Outcome) -> Polygons:
    """The polygons of an image."""
    if picture.on_map is not None and picture.epsg is None:
        warnings.warn(
            f"{picture} has coordinates of a system without an EPSG code; its polygons do not name the system.",
            stacklevel=2,
        )
    properties = columns_of(picture, outcome)
    del properties["color"]  # which `colors` gives in other forms
    transform = None if picture.on_map is None else picture.on_map.transform
    return {"label_map": outcome.labels, "colors": outcome.colors, "properties": properties, "transform": transform}
