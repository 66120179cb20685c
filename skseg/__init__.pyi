from . import io, metrics
from ._balancer import WhiteBalancer
from ._chart import choose_colors
from ._converter import ColorConverter
from ._plot.clusters import ColorSpaceDisplay, KSelectionDisplay, PaletteDisplay
from ._plot.images import RegionDisplay, SegmentationDisplay
from ._regions.clean import clean_labels
from ._regions.hierarchy import RegionHierarchy
from ._regions.segmenter import RegionSegmenter
from ._regions.table import region_table
from ._segmenter import KMeansSegmenter
from ._tiles import TileKFold

__version__: str

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
    "choose_colors",
    "clean_labels",
    "io",
    "metrics",
    "region_table",
]
