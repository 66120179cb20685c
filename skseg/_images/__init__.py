"""Images: every kind of X behind two questions, `reduce` and `map`.

`open_images` is the only place that asks what X is. A new kind is a new module here, or anywhere else, whose class is
registered.
"""

from . import array, lazy, named, sequence, sliced
from .base import Image, ImageLike, Images, LabelMap, OneImage, SingleImage, open_images, open_single, register
from .maps import is_lazy, is_list_of_arrays, is_named, open_label_map, open_map, open_maps
from .named import named_like
from .no_data import find_missing, free_no_data, hide
from .pixels import Pixels, pixel_weights
