"""A criterion against K, in a cross-validation that counts each part of the images once for all K."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold

from .._census import Census, merge
from .._census.blocks import in_parallel
from .._counting import count_images
from .._images import open_images
from .._model import Model
from .._segmenter import KMeansSegmenter
from .._tiles import TileKFold
from ..metrics._criteria import JUDGES, least_overlap
from .batch import Picture
from .messages import as_click_error, progress

_N_TILES = 8  # along each side, or as many as the image has pixels
_N_FOLDS = 5


def fit_each(pictures: list[Picture], segmenter: KMeansSegmenter, n_clusters: range) -> list[Model]:
    """The model of all images together for each K."""
    census = _count(pictures, pictures, segmenter)
    return list(in_parallel(partial(_fit, segmenter, census), n_clusters))


def criterion_curve(
    pictures: list[Picture], segmenter: KMeansSegmenter, n_clusters: range, criterion: str
) -> list[dict[str, Any]]:
    """The criterion for each K, equal to `cross_validate` on folds of tiles or of whole images."""
    parts = [_count(*part, segmenter) for part in _parts(pictures)]
    judged = _judge_parts(parts, segmenter, n_clusters, criterion)
    pairs = list(progress(judged, "Trying K", total=len(parts) * len(n_clusters)))
    scores, explained = np.reshape(pairs, (len(parts), len(n_clusters), 2)).transpose(2, 0, 1)
    columns = scores.mean(axis=0).tolist(), explained.mean(axis=0).tolist(), scores.std(axis=0).tolist()
    names = ("n_clusters", "score", "explained", "spread")
    return [dict(zip(names, row, strict=True)) for row in zip(n_clusters, *columns, strict=True)]


def _parts(pictures: list[Picture]) -> Iterator[tuple[Any, list[Picture]]]:
    """Five sets of tiles of one image, or of images if there are several, and the images that each is from."""
    if len(pictures) > 1:
        for _, test in KFold(min(_N_FOLDS, len(pictures))).split(pictures):
            part = [pictures[index] for index in test]
            yield part, part
    else:
        image = np.asanyarray(pictures[0])
        pixels = image.reshape(-1, image.shape[-1])
        n_tiles = tuple(min(_N_TILES, side) for side in image.shape[:2])
        try:
            for _, test in TileKFold(_N_FOLDS, n_tiles=n_tiles).split(image):
                yield pixels.take(np.flatnonzero(test), axis=0), pictures  # image[test], several times faster
        except ValueError as error:  # too few tiles, or all pixels of a fold are masked
            raise ValueError(
                f"{pictures[0]} has too few unmasked pixels to choose K, which needs some in each of {_N_FOLDS} sets "
                "of tiles. Crop it to its content, give several images, or choose K yourself: skseg segment -k."
            ) from error


def _count(pixels: Any, pictures: list[Picture], segmenter: KMeansSegmenter) -> Census:
    with as_click_error(pictures):
        images, n_jobs = open_images(pixels), segmenter.n_jobs
        return count_images(images, segmenter.color_space, None, n_jobs=n_jobs)


def _judge_parts(
    parts: list[Census], segmenter: KMeansSegmenter, n_clusters: range, criterion: str
) -> Iterator[tuple[float, float]]:
    """The results of `_judge` for each part and each K."""
    for index, part in enumerate(parts):
        others = merge(parts[:index] + parts[index + 1 :])
        yield from in_parallel(partial(_judge, segmenter, others, part, criterion), n_clusters)


def _judge(
    segmenter: KMeansSegmenter, train: Census, test: Census, criterion: str, n_clusters: int
) -> tuple[float, float]:
    """The criterion, and the share of the variance that is explained, of some colors by clusters of others."""
    clusters = _fit(segmenter, train, n_clusters).clusters(test)
    if criterion == "prediction_strength":
        score = least_overlap(clusters, lambda: _fit(segmenter, test, n_clusters).clusters(test))
    else:
        score = JUDGES[criterion](clusters)
    return score, JUDGES["explained_variance"](clusters)


def _fit(segmenter: KMeansSegmenter, census: Census, n_clusters: int) -> Model:
    one_of_k: KMeansSegmenter = clone(segmenter).set_params(n_clusters=n_clusters)
    return one_of_k._fit_model(census)
