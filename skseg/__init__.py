"""Image segmentation by color with k-means, as scikit-learn estimators."""

from ._converter import ColorConverter
from ._display import ColorSpaceDisplay, KSelectionDisplay, PaletteDisplay, SegmentationDisplay
from ._hierarchy import RegionHierarchy
from ._region_display import RegionDisplay
from ._region_segmenter import RegionSegmenter
from ._regions import clean_labels
from ._segmenter import KMeansSegmenter
from ._tiles import TileKFold

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
    "clean_labels",
]
__version__ = "0.1.0"
