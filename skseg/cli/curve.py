"""A criterion against K, in a cross-validation that counts each part of the images once for all K."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from .._census import Census, merge
from .._census.blocks import in_parallel
from .._color import Conversion, find_conversion
from .._counting import count_images
from .._fitting import cluster, features_of, fit_model
from .._images import ImageLike, open_images
from .._kmeans import Cells, group, nearest
from .._model import Clusters, Model
from .._scaling import learn_weights
from .._segmenter import KMeansSegmenter
from .._tiles import TileKFold
from ..metrics import _scores
from .messages import as_click_error, progress_bar

Floats = NDArray[np.float64]

_N_TILES = 8  # along each side, or as many as the image has pixels
_N_FOLDS = 5
_FIT_PARAMETERS = ("init", "n_init", "max_iter", "tol", "random_state")


class Colors:
    """The colors of images, to which a segmenter can be fitted for any K.

    They are converted once, and the cells for the starts are made once. The `conversion` of other colors is used if it
    is given.
    """

    def __init__(self, census: Census, segmenter: KMeansSegmenter, conversion: Conversion | None = None) -> None:
        if conversion is None:
            conversion = find_conversion(segmenter.color_space, segmenter.channel_weights, census.colors.shape[1])
        conversion.check_range(census.colors)
        conversion = learn_weights(conversion, census)
        params = {name: getattr(segmenter, name) for name in _FIT_PARAMETERS}
        self._cells: dict[int, Cells] = {}
        self._making = Lock()
        self.conversion = conversion
        self._counted = census, conversion
        self._params = params | {"make_cells": self._make_cells}
        self._features = features_of(census, conversion)
        self._shares = census.weights / census.weights.sum()

    def model(self, n_clusters: int) -> Model:
        """The model of K clusters."""
        return fit_model(*self._counted, n_clusters=n_clusters, **self._params)

    def centers(self, n_clusters: int) -> Floats:
        """The centers of this model, which is not made."""
        kmeans = cluster(self._features, *self._counted, n_clusters=n_clusters, **self._params)
        return kmeans.cluster_centers_  # type: ignore[no-any-return]

    def clusters(self, n_clusters: int, centers: Floats) -> Clusters:
        """These colors as clusters around given centers, of K that were asked for."""
        labels = nearest(self._features, centers)
        return Clusters(self._features, self._shares, labels, centers, n_clusters)

    def _make_cells(self, points: Floats, weights: Floats, n_cells: int) -> Cells:
        with self._making:
            if n_cells not in self._cells:
                self._cells[n_cells] = group(points, weights, n_cells)
        return self._cells[n_cells]


def colors_of(pictures: Sequence[Any], segmenter: KMeansSegmenter) -> Colors:
    """The colors of images together."""
    return Colors(_count(pictures, pictures, segmenter), segmenter)


def count_folds(pictures: Sequence[Any], segmenter: KMeansSegmenter) -> list[Census]:
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
    # image[test], several times faster
    return [_count(pixels.take(np.flatnonzero(test), axis=0), pictures, segmenter) for _, test in folds]


def criterion_curve(
    folds: list[Census], segmenter: KMeansSegmenter, n_clusters: Sequence[int], criterion: str
) -> list[dict[str, Any]]:
    """The criterion for each K, equal to `cross_validate` on folds of tiles or of whole images."""
    pairs = []
    with progress_bar("Trying K", len(folds) * len(n_clusters)) as advance:
        for index, fold in enumerate(folds):
            train = Colors(merge(folds[:index] + folds[index + 1 :]), segmenter)
            test = Colors(fold, segmenter, train.conversion)
            judge = partial(_judge, train, test, Colors(fold, segmenter), criterion)
            for pair in in_parallel(judge, n_clusters):
                pairs.append(pair)
                advance(1)
    scores, explained = np.reshape(pairs, (len(folds), len(n_clusters), 2)).transpose(2, 0, 1)
    columns = scores.mean(axis=0).tolist(), explained.mean(axis=0).tolist(), scores.std(axis=0).tolist()
    names = ("n_clusters", "score", "explained", "spread")
    return [dict(zip(names, row, strict=True)) for row in zip(n_clusters, *columns, strict=True)]


def _count(X: ImageLike, pictures: Sequence[object], segmenter: KMeansSegmenter) -> Census:
    """The census of images, or of pixels of one image."""
    with as_click_error(pictures):
        return count_images(open_images(X), segmenter.color_space, None, n_jobs=segmenter.n_jobs)


def _judge(train: Colors, test: Colors, own: Colors, criterion: str, n_clusters: int) -> tuple[float, float]:
    """The criterion, and the share of the variance that is explained, of some colors by clusters of others.

    `test` are the colors as `train` converts them, `own` the same colors with a conversion of their own.
    """
    clusters = test.clusters(n_clusters, train.centers(n_clusters))
    if criterion == "prediction_strength":
        score = _scores.prediction_strength(clusters, lambda: own.clusters(n_clusters, own.centers(n_clusters)))
    else:
        score = getattr(_scores, criterion)(clusters)
    return score, _scores.explained_variance(clusters)
