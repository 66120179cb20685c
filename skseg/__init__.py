"""Image segmentation by color with k-means, as scikit-learn estimators."""

from importlib import import_module
from typing import Any

from ._balancer import WhiteBalancer
from ._converter import ColorConverter
from ._plot.clusters import ColorSpaceDisplay, KSelectionDisplay, PaletteDisplay
from ._plot.images import RegionDisplay, SegmentationDisplay
from ._regions.clean import clean_labels
from ._regions.hierarchy import RegionHierarchy
from ._regions.segmenter import RegionSegmenter
from ._regions.table import region_table
from ._segmenter import KMeansSegmenter
from ._tiles import TileKFold
from ._version import __version__ as __version__

__all__ = [
    "ColorConverter",
    "ColorSpaceDisplay",
    "KMeansSegmenter",
    "KSelectionDisplay",
    "PaletteDisplay",
    "RegionDisplay",
    "RegionHierarchy",
    "RegionSegmenter",
    "SegmentationDisplay",
    "TileKFold",
    "WhiteBalancer",
    "clean_labels",
    "region_table",
]


def __getattr__(name: str) -> Any:
    """Import `skseg.io` and `skseg.metrics` when they are first used."""
    if name in ("io", "metrics"):
        return import_module(f"skseg.{name}")
    raise AttributeError(f"module 'skseg' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), "io", "metrics"])
