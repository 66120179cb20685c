"""Image segmentation by color with k-means, as scikit-learn estimators."""

from ._converter import ColorConverter
from ._segmenter import KMeansSegmenter
from ._tiles import TileKFold

__all__ = ["ColorConverter", "KMeansSegmenter", "TileKFold"]
__version__ = "0.1.0"
