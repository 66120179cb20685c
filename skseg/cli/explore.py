"""A page to explore a picture in K = 2, 3, … colors, and its regions: one HTML file, without network or server."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.exposure import rescale_intensity

from .._census.blocks import in_parallel
from .._color import is_unit_range, to_uint8
from .._counting import read_rows
from .._model import Model
from .._regions.segmenter import RegionSegmenter
from .._source import open_source
from .palettes import hex_codes

_LONGEST = 1200  # pixels of a side that are shown; more would not fit on most screens
_NO_LABEL = 255  # in the label maps of the page
_SCALES = np.arange(5, 100, 5) / 100  # of the regions that are shown
_RUN_LENGTHS = 3  # zlib's strategy Z_RLE: label maps become smaller than by default, and in a third of the time


def explore_page(
    image: NDArray[Any],
    title: str,
    models: Sequence[Model],
    scores: Sequence[float],
    criterion: str,
    *,
    has_regions: bool = False,
) -> str:
    """The page, as HTML: the image painted by each model, and how the criterion judges each; the regions, if wanted.

    The criterion is marked where it is largest.
    """
    rows, columns = (_sample(length, max(image.shape[:2])) for length in image.shape[:2])
    small = image[rows][:, columns]
    pixels, shown = read_rows(open_source(small), color_space=None)

    def entry(model: Model, score: float) -> dict[str, Any]:
        label_map = np.ma.getdata(pixels.restore(model.label(shown).astype(np.uint8), _NO_LABEL))
        return {
            "n_clusters": model.kmeans.n_clusters,
            "score": round(score, 4),
            "colors": hex_codes(model),
            "shares": model.sizes.round(5).tolist(),
            "labels": _as_url(label_map, compress_type=_RUN_LENGTHS),
        }

    original = Image.fromarray(_shown(image)).resize((len(columns), len(rows)), Image.Resampling.LANCZOS)
    data = {
        "title": title,
        "original": _as_url(original, "jpeg", quality=90),
        "size": [len(columns), len(rows)],
        "criterion": criterion,
        "chosen": int(np.argmax(scores)),
        "models": list(in_parallel(entry, models, scores)),
        "regions": _regions_of(small) if has_regions else None,
    }
    template = files("skseg.cli").joinpath("explore.html").read_text(encoding="utf-8")
    return template.replace("{{data}}", json.dumps(data).replace("<", "\\u003c"))


def _regions_of(image: NDArray[Any]) -> dict[str, Any]:
    """The regions at the least scale as a picture, and for each larger scale the number of the region of each of them.

    The red, green and blue of a pixel are the digits of the number of its region, counted from 1; 0 is the mask.
    """
    hierarchy = RegionSegmenter().fit(image).hierarchy(image)
    cuts = [np.ma.filled(hierarchy.cut(scale=scale), -1) for scale in _SCALES]
    numbers, members = np.unique(cuts[0], return_index=True)
    members = members[numbers >= 0]
    digits = (cuts[0] + 1).astype("<u4").view(np.uint8).reshape(*cuts[0].shape, 4)[..., :3]
    return {
        "scales": _SCALES.tolist(),
        "map": _as_url(np.ascontiguousarray(digits), compress_type=_RUN_LENGTHS),
        "numbers": [cut.ravel()[members].tolist() for cut in cuts],
    }


def _sample(length: int, longest: int) -> NDArray[np.intp]:
    """The rows or columns that are shown, evenly spaced."""
    n_shown = max(round(length * min(1, _LONGEST / longest)), 1)
    return ((np.arange(n_shown) + 0.5) * (length / n_shown)).astype(np.intp)


def _shown(image: NDArray[Any]) -> NDArray[np.uint8]:
    """RGB of 8 bits; of other channels their mean, stretched, as gray."""
    data = np.ma.getdata(image)
    if data.shape[-1] == 3 and is_unit_range(data):
        return to_uint8(data)
    gray = np.ma.filled(np.ma.mean(image, axis=-1), np.ma.min(image))
    return np.repeat(rescale_intensity(gray, out_range=np.uint8).astype(np.uint8)[..., np.newaxis], 3, axis=-1)


def _as_url(picture: NDArray[np.uint8] | Image.Image, kind: str = "png", **options: int) -> str:
    """A data URL of a picture."""
    file = BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, kind, **options)
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"
