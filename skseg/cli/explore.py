"""An HTML page to explore images in K = 2, 3, … colors, and their regions, without network or server."""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from importlib.resources import files
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .._census.blocks import in_parallel
from .._color import display_colors, display_limits, shown_as, to_uint8
from .._images import Pixels
from .._model import Model
from .._regions.segmenter import RegionSegmenter
from ..io._results import RUN_LENGTHS
from ..metrics._selection import verdict
from .report import choice, hex_codes

_LONGEST = 1200  # pixels of a side that are shown; more would not fit on most screens
_NO_LABEL = 255  # in the label maps of the page
_SCALES = np.arange(5, 100, 5) / 100  # of the regions that are shown


def explore_page(
    pictures: Iterable[tuple[str, NDArray[Any]]],
    models: Sequence[Model],
    curve: list[dict[str, Any]],
    criterion: str,
    regions: RegionSegmenter | None = None,
) -> str:
    """The page, as HTML: each named image painted by each model, and how the criterion judges each number of clusters.

    The best one is marked, and those that score nearly as well are named. The regions of the images are there, too, if
    they have a segmenter.
    """
    chosen, runners_up = choice(curve)
    data = {
        "criterion": criterion,
        "chosen": [candidate["n_clusters"] for candidate in curve].index(chosen),
        "verdict": verdict(chosen, runners_up),
        "models": [
            {
                "n_clusters": model.kmeans.n_clusters,
                "score": round(candidate["score"], 4),
                "near_best": candidate["near_best"],
                "colors": hex_codes(model),
                "shares": model.sizes.round(5).tolist(),
            }
            for model, candidate in zip(models, curve, strict=True)
        ],
        "pictures": [_picture(title, image, models, regions) for title, image in pictures],
    }
    template = files("skseg.cli").joinpath("explore.html").read_text(encoding="utf-8")
    return template.replace("{{data}}", json.dumps(data).replace("<", "\\u003c"))


def _picture(
    title: str, image: NDArray[Any], models: Sequence[Model], regions: RegionSegmenter | None
) -> dict[str, Any]:
    """An image of the page, its label map by each model, and its regions, if there is a segmenter."""
    rows, columns = (_sample(length, max(image.shape[:2])) for length in image.shape[:2])
    small = image[rows][:, columns]
    pixels = Pixels(small)
    shown = pixels.read()

    def label_map(model: Model) -> str:
        labels = np.ma.getdata(pixels.restore(model.label(shown).astype(np.uint8), _NO_LABEL))
        return _as_url(labels, compress_type=RUN_LENGTHS)

    limits, channels = display_limits(image, models[0].value_range), shown_as(image.shape[-1])
    original = Image.fromarray(to_uint8(display_colors(image, limits))).resize(
        (len(columns), len(rows)), Image.Resampling.LANCZOS
    )
    return {
        "title": f"{title} (bands {channels})" if channels else title,
        "original": _as_url(original, "jpeg", quality=90),
        "size": [len(columns), len(rows)],
        "labels": list(in_parallel(label_map, models)),
        "regions": None if regions is None else _regions_of(small, regions),
    }


def _regions_of(image: NDArray[Any], segmenter: RegionSegmenter) -> dict[str, Any]:
    """The regions at the least scale as a picture, and for each larger scale the number of the region of each of them.

    The red, green and blue of a pixel are the digits of the number of its region, counted from 1; 0 is the mask.
    """
    hierarchy = segmenter.fit([image]).hierarchy(image)  # fit to a list does not find the regions, too
    cuts = [np.ma.filled(hierarchy.cut(scale=scale), -1) for scale in _SCALES]
    numbers, members = np.unique(cuts[0], return_index=True)
    members = members[numbers >= 0]
    digits = (cuts[0] + 1).astype("<u4").view(np.uint8).reshape(*cuts[0].shape, 4)[..., :3]
    return {
        "scales": _SCALES.tolist(),
        "map": _as_url(np.ascontiguousarray(digits), compress_type=RUN_LENGTHS),
        "numbers": [cut.ravel()[members].tolist() for cut in cuts],
    }


def _sample(length: int, longest: int) -> NDArray[np.intp]:
    """The rows or columns that are shown, evenly spaced."""
    n_shown = max(round(length * min(1, _LONGEST / longest)), 1)
    return ((np.arange(n_shown) + 0.5) * (length / n_shown)).astype(np.intp)


def _as_url(picture: NDArray[np.uint8] | Image.Image, kind: str = "png", **options: int) -> str:
    """A data URL of an image."""
    file = BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, kind, **options)
    return f"data:image/{kind};base64,{b64encode(file.getvalue()).decode()}"
