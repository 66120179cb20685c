"""Files of images, label maps and models: images are read lazily, files are written atomically."""

from ._models import load, save
from ._palettes import load_palette
from ._pictures import ImageFile, images
from ._polygons import save_polygons
from ._results import save_image, save_labels
from ._svg import save_svg

__all__ = [
    "ImageFile",
    "images",
    "load",
    "load_palette",
    "save",
    "save_image",
    "save_labels",
    "save_polygons",
    "save_svg",
]
