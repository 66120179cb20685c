"""Measure how often each criterion finds the true number of colors of synthetic scenes.

    python tests/benchmarks/choose_k.py [--scenes 216] [--seed 0] [--size 128] [--blur 0]

A scene has 3 to 8 colors in random shares, noise of 3, 8 or 16 gray levels and light that falls off by 0, 15 or 30 %
across it. Segmenters of 2 to 12 clusters are fitted to one image and scored on another of the same scene. The ceiling
is the number of clusters whose label map agrees best with the truth: k-means does not always recover the scene.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.exceptions import ConvergenceWarning

from skseg import KMeansSegmenter, metrics

SEARCHED = range(2, 13)
CRITERIA = (
    metrics.parsimony,
    metrics.log_variance_ratio,
    metrics.simplified_silhouette,
    metrics.neg_davies_bouldin,
    metrics.prediction_strength,
    metrics.log_explained,
)
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


def choices(images: list[np.ndarray], truth: np.ndarray) -> dict[str, int]:
    """The number of clusters that each criterion chooses."""
    models = [KMeansSegmenter(k, random_state=0).fit(images[0]) for k in SEARCHED]
    curves = {criterion.__name__: [criterion(model, images[1]) for model in models] for criterion in CRITERIA}
    curves["(ceiling)"] = [model.score(images[1], truth) for model in models]
    chosen = {name: SEARCHED[int(np.argmax(curve))] for name, curve in curves.items() if name != "log_explained"}
    params = [{"n_clusters": k} for k in SEARCHED]
    knee = metrics.knee({"params": params, "mean_test_score": curves["log_explained"]})
    return chosen | {"knee of log_explained": SEARCHED[knee]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=216)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--blur", type=float, default=0.0, help="sigma of a Gaussian in pixels, before the noise")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    errors, by_noise = defaultdict(list), defaultdict(lambda: defaultdict(list))
    for n_colors, noise, images, maps in scenes(arguments.scenes, arguments.seed, arguments.size, arguments.blur):
        for name, chosen in choices(images, maps[1]).items():
            errors[name].append(chosen - n_colors)
            by_noise[name][noise].append(chosen == n_colors)
    print(f"{'criterion':24}  exact  within 1   mean error   exact at noise 3, 8, 16")
    for name, missed in sorted(errors.items(), key=lambda item: -np.mean(np.equal(item[1], 0))):
        near = np.mean(np.abs(missed) <= 1)
        parts = "  ".join(f"{np.mean(hits):4.0%}" for _, hits in sorted(by_noise[name].items()))
        print(f"{name:24}  {np.mean(np.equal(missed, 0)):5.0%}  {near:8.0%}  {np.mean(missed):+11.2f}   {parts}")


if __name__ == "__main__":
    main()
