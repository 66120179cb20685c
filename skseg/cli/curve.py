"""A criterion against K, in a cross-validation that counts each part of the images once for all K."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import KFold

from .._census import Census, merge
from .._census.blocks import in_parallel
from .._counting import count_images
from .._images import ImageLike, open_images
from .._model import Model
from .._segmenter import KMeansSegmenter
from .._tiles import TileKFold
from ..metrics._criteria import JUDGES, least_overlap
from ..metrics._selection import near_best
from .messages import as_click_error, progress_bar

_N_TILES = 8  # along each side, or as many as the image has pixels
_N_FOLDS = 5


def fit_each(pictures: Sequence[Any], segmenter: KMeansSegmenter, n_clusters: Sequence[int]) -> list[Model]:
    """The model of all images together for each K."""
    census = _count(pictures, pictures, segmenter)
    return list(in_parallel(partial(_fit, segmenter, census), n_clusters))


def count_parts(pictures: Sequence[Any], segmenter: KMeansSegmenter) -> list[Census]:
    """The censuses of five sets of tiles of one image, or of images if there are several."""
    if len(pictures) > 1:
        folds = KFold(min(_N_FOLDS, len(pictures))).split(pictures)
        parts = ([pictures[index] for index in test] for _, test in folds)
        return [_count(part, part, segmenter) for part in parts]
    image = np.asanyarray(pictures[0])
    pixels = image.reshape(-1, image.shape[-1])
    n_tiles = tuple(min(_N_TILES, side) for side in image.shape[:2])
    try:
        folds = list(TileKFold(_N_FOLDS, n_tiles=n_tiles).split(image))
    except ValueError as error:  # too few tiles, or all pixels of a fold are masked
        raise ValueError(
            f"{pictures[0]} has too few unmasked pixels to choose K, which needs some in each of {_N_FOLDS} sets "
            "of tiles. Crop it to its content, give several images, or choose K yourself: skseg segment -k."
        ) from error
    # the pixels of image[test], taken several times faster
    return [_count(pixels.take(np.flatnonzero(test), axis=0), pictures, segmenter) for _, test in folds]


def criterion_curve(
    folds: list[Census], segmenter: KMeansSegmenter, n_clusters: Sequence[int], criterion: str
) -> list[dict[str, Any]]:
    """The criterion for each K, equal to `cross_validate` on folds of tiles or of whole images.

    A candidate is near the best if it is within one standard error of it; so is the best.
    """
    pairs = []
    with progress_bar("Trying K", len(folds) * len(n_clusters)) as advance:
        for index, fold in enumerate(folds):
            judge = partial(_judge, segmenter, merge(folds[:index] + folds[index + 1 :]), fold, criterion)
            for pair in in_parallel(judge, n_clusters):
                pairs.append(pair)
                advance(1)
    scores, explained = np.reshape(pairs, (len(folds), len(n_clusters), 2)).transpose(2, 0, 1)
    means, spreads = scores.mean(axis=0), scores.std(axis=0)
    near = near_best(means, spreads, len(folds))
    columns = (column.tolist() for column in (means, explained.mean(axis=0), spreads, near))
    names = ("n_clusters", "score", "explained", "spread", "near_best")
    return [dict(zip(names, row, strict=True)) for row in zip(n_clusters, *columns, strict=True)]


def _count(X: ImageLike, pictures: Sequence[object], segmenter: KMeansSegmenter) -> Census:
    """The census of images, or of pixels of one image."""
    with as_click_error(pictures):
        return count_images(open_images(X), segmenter.color_space, None, n_jobs=segmenter.n_jobs)


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
