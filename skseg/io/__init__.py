"""Pictures and models in files: read lazily, written atomically, without code in them."""

from ._models import load, save
from ._pictures import ImageFile, images
from ._polygons import save_polygons
from ._results import save_image, save_labels

__all__ = ["ImageFile", "images", "load", "save", "save_image", "save_labels", "save_polygons"]
