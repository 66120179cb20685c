"""What several test files need: lower limits of the library, its color spaces, and the parts of a label map."""

import re
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from skimage.measure import label

from skseg import KMeansSegmenter
from skseg._limits import LIMITS


@contextmanager
def lowered(**limits):
    """Other limits of the library, so that small images are worked on as large ones are."""
    with ExitStack() as changed:
        for name, limit in limits.items():
            changed.enter_context(patch.object(LIMITS, name, limit))
        yield


def color_spaces():
    """The names of the color spaces, as the error of an unknown one lists them."""
    with pytest.raises(ValueError, match="color_space must be one of") as caught:
        KMeansSegmenter(1, color_space="unknown").fit([[[0.0, 0.0, 0.0]]])
    return re.findall("'([a-z-]+)'", str(caught.value).split("; got")[0])


def parts_of(label_map, mask=None):
    """The connected parts of a label map, numbered in the order of their first pixels; -1 under the mask."""
    label_map = np.asarray(label_map)
    known = True if mask is None else ~mask
    return label(np.where(known, label_map + 1, 0), background=0, connectivity=1) - 1
