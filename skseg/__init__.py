"""Image segmentation by color with k-means, as scikit-learn estimators."""

from ._converter import ColorConverter
from ._display import ColorSpaceDisplay, KSelectionDisplay, PaletteDisplay, SegmentationDisplay
from ._segmenter import KMeansSegmenter
from ._tiles import TileKFold

__all__ = [
    "ColorConverter",
    "ColorSpaceDisplay",
    "KMeansSegmenter",
    "KSelectionDisplay",
    "PaletteDisplay",
    "SegmentationDisplay",
    "TileKFold",
]
__version__ = "0.1.0"
