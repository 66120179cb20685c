"""Measure how often each criterion finds the true number of colors, and how steady its choice is on photos.

    python tests/benchmarks/choose_k.py [PHOTO ...] [--only scenes folds graphics photos] [--seed 0] [--scenes 216]
        [--drawings 2] [--size 128] [--blur 0]

A scene has 3 to 8 colors in random shares, noise of 3, 8 or 16 gray levels and light that falls off by 0, 15 or 30 %
across it. Segmenters of 2 to 12 clusters are fitted to one image and scored on another of the same scene. The ceiling
is the number of clusters whose label map agrees best with the truth: k-means does not always recover the scene. Folds
are those of `GridSearchCV` with its defaults on one image of every second scene.

Graphics are drawings of seven kinds with 2 to 8 colors, each as PNG, as JPEG of four qualities, in half the size and
with noise. Segmenters are fitted to four fifths of the tiles of an image and scored on the others.

Photos, by default six of scikit-image, have no true number of colors. Two choices for the same photo should be equal:
with five, four or three folds of tiles of different sizes, after JPEG, and in two thirds of the size. Photos are
reduced to 160 pixels a side.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from graphics import DRAWINGS, VARIANTS, draw, jpeg, resized
from joblib import Parallel, delayed
from scipy.ndimage import gaussian_filter
from skimage import data
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter, TileKFold, io, metrics

SEARCHED = range(2, 13)
CRITERIA = (
    metrics.parsimony,
    metrics.log_variance_ratio,
    metrics.simplified_silhouette,
    metrics.neg_davies_bouldin,
    metrics.prediction_strength,
    metrics.log_explained,
)
PHOTOS = ("coffee", "astronaut", "chelsea", "rocket", "immunohistochemistry", "retina")
Choices = dict[str, int]
Rng = np.random.Generator


def draw_colors(rng: Rng, n_colors: int) -> np.ndarray:
    """Colors from 0 to 1 that are at least 0.2 apart."""
    while True:
        colors = rng.uniform(0.08, 0.95, (n_colors, 3))
        gaps = np.linalg.norm(colors[:, None] - colors, axis=-1)
        if gaps[np.triu_indices(n_colors, 1)].min() > 0.2:
            return colors


def draw_shares(rng: Rng, n_colors: int) -> np.ndarray:
    """Random shares of at least 3 %."""
    while True:
        shares = rng.dirichlet(np.full(n_colors, 2.0))
        if shares.min() > 0.03:
            return shares


def patches(rng: Rng, shares: np.ndarray, size: int) -> np.ndarray:
    """Label map of 40 Voronoi cells."""
    seeds = rng.uniform(0, size, (40, 2))
    classes = np.concatenate([np.arange(len(shares)), rng.choice(len(shares), 40 - len(shares), p=shares)])
    positions = np.moveaxis(np.mgrid[:size, :size], 0, -1)[:, :, None]
    return classes[((positions - seeds) ** 2).sum(axis=-1).argmin(axis=-1)]


def layers(rng: Rng, shares: np.ndarray, size: int) -> np.ndarray:
    """Label map of a smooth random field, cut at heights that give the shares."""
    field = gaussian_filter(rng.normal(size=(size, size)), 8)
    ranks = field.ravel().argsort().argsort() / field.size
    return np.searchsorted(shares.cumsum()[:-1], ranks).reshape(size, size)


def ellipses(rng: Rng, shares: np.ndarray, size: int) -> np.ndarray:
    """Label map of ellipses that lie over each other on a background."""
    background = int(shares.argmax())
    labels = np.full((size, size), background)
    rows, columns = np.mgrid[:size, :size]
    for label in rng.permutation([label for label in range(len(shares)) if label != background] * 4):
        radii = size * np.sqrt(shares[label] / 3 / np.pi) * rng.uniform(0.7, 1.4, 2)
        center = rng.uniform(0, size, 2)
        labels[((rows - center[0]) / radii[0]) ** 2 + ((columns - center[1]) / radii[1]) ** 2 < 1] = label
    return labels


def render(rng: Rng, labels: np.ndarray, colors: np.ndarray, *, noise: int, falloff: float, blur: float) -> np.ndarray:
    """A photo of the scene: blurred, lit from one side, noisy, 8 bits."""
    positions = np.stack(np.mgrid[: len(labels), : len(labels)], axis=-1) / (len(labels) - 1)
    angle = rng.uniform(0, 2 * np.pi)
    depth = positions @ [np.sin(angle), np.cos(angle)]
    light = 1 - falloff * (depth - depth.min()) / np.ptp(depth)
    image = gaussian_filter(colors[labels], (blur, blur, 0)) * light[..., None]
    return np.clip(np.rint(255 * image + rng.normal(0, noise, image.shape)), 0, 255).astype(np.uint8)


def scenes(n_scenes: int, seed: int, size: int, blur: float) -> Iterator[tuple[int, int, list[np.ndarray], list[Any]]]:
    """Number of colors, noise, two images and their label maps, for each scene."""
    kinds = itertools.cycle(itertools.product(range(3, 9), (3, 8, 16), (0.0, 0.15, 0.3), (patches, layers, ellipses)))
    for number, (n_colors, noise, falloff, layout) in zip(range(n_scenes), kinds, strict=False):
        rng = np.random.default_rng([seed, number])
        colors, shares = draw_colors(rng, n_colors), draw_shares(rng, n_colors)
        maps = [layout(rng, shares, size) for _ in range(2)]
        yield (
            n_colors,
            noise,
            [render(rng, labels, colors, noise=noise, falloff=falloff, blur=blur) for labels in maps],
            maps,
        )


def choices(parts: list[tuple[np.ndarray, np.ndarray]], truth: np.ndarray | None = None) -> Choices:
    """The number of clusters that each criterion chooses, for pairs of colors to fit and colors to score."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    curves = defaultdict(list)
    for k in SEARCHED:
        models = [KMeansSegmenter(k, random_state=0).fit(train) for train, _ in parts]
        for criterion in CRITERIA:
            scores = [criterion(model, test) for model, (_, test) in zip(models, parts, strict=True)]
            curves[criterion.__name__].append(np.mean(scores))
        if truth is not None:
            curves["(ceiling)"].append(models[0].score(parts[0][1], truth))
    logarithms = curves.pop("log_explained")
    knee = metrics.knee({"params": [{"n_clusters": k} for k in SEARCHED], "mean_test_score": logarithms})
    chosen = {name: SEARCHED[int(np.argmax(curve))] for name, curve in curves.items()}
    return chosen | {"knee of log_explained": SEARCHED[knee]}


def folds(image: np.ndarray, n_splits: int = 5, n_tiles: int = 8) -> list[tuple[np.ndarray, np.ndarray]]:
    """The colors to fit and to score of each fold of tiles."""
    splits = TileKFold(n_splits, n_tiles=(n_tiles, n_tiles)).split(image)
    return [(image[train], image[test]) for train, test in splits]


def search(image: np.ndarray) -> Choices:
    """The choice of a search over the tiles of one image."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    grid = GridSearchCV(KMeansSegmenter(random_state=0), {"n_clusters": SEARCHED}, cv=TileKFold(5)).fit(image)
    return {"parsimony": grid.best_params_["n_clusters"]}


def in_parallel(tasks: Iterable[Any]) -> list[Any]:
    """The results of calls, made on all cores."""
    return list(Parallel(n_jobs=-1)(tasks))


def judge_graphic(kind: str, seed: int, variant: str) -> tuple[Choices, int]:
    """The choices for a graphic, and its number of colors."""
    image, n_colors = draw(kind, seed)
    return choices(folds(VARIANTS[variant](image))[:1]), n_colors


def judge_photo(photo: np.ndarray) -> list[Choices]:
    """The choices for a photo, in five circumstances."""
    small = resized(photo, min(1, 160 / max(photo.shape)))
    cases = [folds(small), folds(small, 4, 6), folds(small, 3, 4), folds(jpeg(small, 80)), folds(resized(small, 2 / 3))]
    return [choices(case) for case in cases]


def print_hits(title: str, found: list[tuple[Choices, int]], parts: dict[str, list[object]]) -> None:
    """How often the true number was chosen, also for the items with each value of some properties."""
    print(f"\n{title}\n{'criterion':24}  exact  within 1   mean error")
    errors = {name: np.array([chosen[name] - true for chosen, true in found]) for name in found[0][0]}
    for name, missed in sorted(errors.items(), key=lambda item: -np.mean(item[1] == 0)):
        print(f"{name:24}  {np.mean(missed == 0):5.0%}  {np.mean(abs(missed) <= 1):8.0%}  {np.mean(missed):+11.2f}")
    for about, values in parts.items():
        hits = defaultdict(list)
        for value, missed in zip(values, errors["parsimony"], strict=True):
            hits[value].append(missed == 0)
        print(
            f"parsimony, exact, by {about}: " + ", ".join(f"{value} {np.mean(hit):.0%}" for value, hit in hits.items())
        )


def print_steadiness(found: list[list[Choices]]) -> None:
    """How often two choices for the same photo are equal, and the mean choice."""
    print(f"\n{len(found)} photos\n{'criterion':24}  same K  mean K")
    for name in found[0][0]:
        pairs = [one[name] == other[name] for cases in found for one, other in itertools.combinations(cases, 2)]
        mean = np.mean([case[name] for cases in found for case in cases])
        print(f"{name:24}  {np.mean(pairs):6.0%}  {mean:6.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", help="image files")
    parser.add_argument("--only", nargs="+", choices=["scenes", "folds", "graphics", "photos"])
    parser.add_argument("--scenes", type=int, default=216)
    parser.add_argument("--drawings", type=int, default=2, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--blur", type=float, default=0.0, help="sigma of a Gaussian in pixels, before the noise")
    arguments = parser.parse_args()
    tables = arguments.only or ["scenes", "folds", "graphics", "photos"]
    drawn = list(scenes(arguments.scenes, arguments.seed, arguments.size, arguments.blur))
    true, noises = [n_colors for n_colors, *_ in drawn], {"noise": [noise for _, noise, *_ in drawn]}
    if "scenes" in tables:
        found = in_parallel(delayed(choices)([(one, other)], truth) for _, _, (one, other), (_, truth) in drawn)
        print_hits(f"{len(drawn)} scenes", list(zip(found, true, strict=True)), noises)
    if "folds" in tables:
        found = in_parallel(delayed(search)(one) for _, _, (one, _), _ in drawn[::2])
        some = {about: values[::2] for about, values in noises.items()}
        print_hits(f"Folds of {len(found)} images", list(zip(found, true[::2], strict=True)), some)
    if "graphics" in tables:
        seeds = range(arguments.seed, arguments.seed + arguments.drawings)
        items = list(itertools.product(DRAWINGS, seeds, VARIANTS))
        results = in_parallel(itertools.starmap(delayed(judge_graphic), items))
        kinds, _, variants = map(list, zip(*items, strict=True))
        print_hits(f"{len(items)} graphics", results, {"kind": kinds, "variant": variants})
    if "photos" in tables:
        photos = [np.asarray(io.ImageFile(path)) for path in arguments.photos] or [
            getattr(data, name)() for name in PHOTOS
        ]
        print_steadiness(in_parallel(map(delayed(judge_photo), photos)))


if __name__ == "__main__":
    main()
