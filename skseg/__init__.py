"""Image segmentation by color with k-means, as scikit-learn estimators."""

from ._converter import ColorConverter
from ._segmenter import KMeansSegmenter

__all__ = ["ColorConverter", "KMeansSegmenter"]
__version__ = "0.1.0"
