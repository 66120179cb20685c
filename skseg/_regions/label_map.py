"""What a label map holds: the labels, and the pixels that have none."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._labeled import is_labeled, labels_of


def open_label_map(label_map: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Labels of any integer type, and True where a pixel is masked or its label is negative."""
    array = np.ma.asarray(labels_of(label_map) if is_labeled(label_map) else label_map)
    labels = np.asarray(np.ma.getdata(array))
    if labels.dtype.kind not in "iu":
        raise ValueError(f"label_map must hold labels, which are integers; got {labels.dtype} instead.")
    return labels, np.ma.getmaskarray(array) | (labels < 0)
