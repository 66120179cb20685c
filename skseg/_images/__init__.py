"""Images: every kind of X behind two questions, `reduce` and `map`.

`open_images` is the only place that asks what X is. A new kind is a new module here, or anywhere else, whose class is
registered.
"""

from . import array, named, sequence, sliced, table  # noqa: F401, each registers its kind
from .base import Image, ImageLike, Images, LabelMap, OneImage, SingleImage, open_images, open_single, register
from .maps import is_list_of_arrays, open_label_map, open_map, open_maps
from .names import is_named, named_like
from .no_data import find_missing, free_no_data, holds
from .pixels import Pixels, pixel_weights

__all__ = [
    "Image",
    "ImageLike",
    "Images",
    "LabelMap",
    "OneImage",
    "Pixels",
    "SingleImage",
    "find_missing",
    "free_no_data",
    "holds",
    "is_list_of_arrays",
    "is_named",
    "named_like",
    "open_images",
    "open_label_map",
    "open_map",
    "open_maps",
    "open_single",
    "pixel_weights",
    "register",
]
