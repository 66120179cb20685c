"""Measure the optima of k-means: seeds, one channel, and palettes, as Markdown tables.

    python tests/benchmarks/optimum.py [IMAGE ...] [--only seeds|gray|palettes] [--seeds 3]

Images are files of photos, or else pictures of scikit-image. Times are CPU times, so other work on the machine hardly
matters, and the methods of a table take turns. Excess is the inertia above the best of all methods and seeds, or above
the proven optimum. Palettes are compared with Pillow and, if they are installed, imagequant and OpenCV.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image
from scipy.optimize import linear_sum_assignment
from skimage import data
from sklearn.cluster import KMeans

from skseg import ColorConverter, KMeansSegmenter

Quantize = Callable[[np.ndarray, int], np.ndarray]


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """The result, and the CPU time in seconds."""
    start = time.process_time()
    return function(*arguments), time.process_time() - start


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the pixels with the same label after the best matching."""
    n_labels = int(max(one.max(), other.max())) + 1
    table = np.bincount((one * n_labels + other).ravel(), minlength=n_labels**2).reshape(n_labels, n_labels)
    return float(table[linear_sum_assignment(-table)].sum() / table.sum())


def compare_seeds(images: list[np.ndarray], n_seeds: int) -> None:
    """Excess, agreement of pairs of seeds, and time: the search, ten starts on cells, and plain `KMeans`."""

    def plain(image: np.ndarray, n_clusters: int, seed: int) -> tuple[np.ndarray, float]:
        features = ColorConverter("hsv").fit_transform(image.reshape(-1, 3))
        kmeans = KMeans(n_clusters, n_init=1, random_state=seed).fit(features)
        return kmeans.labels_, kmeans.inertia_

    def segment(n_init: Any) -> Callable[[np.ndarray, int, int], tuple[np.ndarray, float]]:
        def fit(image: np.ndarray, n_clusters: int, seed: int) -> tuple[np.ndarray, float]:
            model = KMeansSegmenter(n_clusters, n_init=n_init, random_state=seed).fit(image)
            return model.labels_.ravel(), model.inertia_

        return fit

    methods = {"skseg": segment("auto"), "skseg, `n_init=10`": segment(10), "`KMeans(n_init=1)`": plain}
    print("| K | method | excess, mean / worst | same pixels, mean / worst image | time |\n|---|---|---|---|---|")
    for n_clusters in (8, 16, 32, 64):
        found: dict[str, list[Any]] = {name: [] for name in methods}
        for image in images:
            runs: dict[str, list[Any]] = {name: [] for name in methods}
            for seed in range(n_seeds):
                for name, method in methods.items():
                    runs[name].append(timed(method, image, n_clusters, seed))
            best = min(inertia for results in runs.values() for (_, inertia), _ in results)
            for name, results in runs.items():
                excess = [inertia / best - 1 for (_, inertia), _ in results]
                same = [agreement(one[0][0], other[0][0]) for one, other in combinations(results, 2)]
                found[name].append(
                    (np.mean(excess), max(excess), np.mean(same), np.mean([seconds for _, seconds in results]))
                )
        reference = np.mean([row[3] for row in found["skseg, `n_init=10`"]])
        for name, rows in found.items():
            mean, worst, same, seconds = np.transpose(rows)
            print(
                f"| {n_clusters} | {name} | {mean.mean():.3%} / {worst.max():.2%} "
                f"| {same.mean():.3f} / {same.min():.3f} | {seconds.mean() / reference:.2f} |"
            )


def compare_gray(images: list[np.ndarray], n_seeds: int) -> None:
    """Excess above the proven optimum of one channel, and times."""
    print("| K | ten starts: excess, mean / worst | proven optimum: time, times that of ten starts |\n|---|---|---|")
    for n_clusters in (4, 8, 16, 64):
        excess, ratios = [], []
        for image in images:
            gray = np.asarray(Image.fromarray(image).convert("L"))[..., np.newaxis]
            model, seconds = timed(KMeansSegmenter(n_clusters).fit, gray)
            for seed in range(n_seeds):
                starts = KMeansSegmenter(n_clusters, n_init=10, random_state=seed)
                started, other_seconds = timed(starts.fit, gray)
                excess.append(started.inertia_ / model.inertia_ - 1)
                ratios.append(seconds / other_seconds)
        print(f"| {n_clusters} | {np.mean(excess):.2%} / {max(excess):.2%} | {np.mean(ratios):.2f} |")


def quantizers() -> dict[str, Quantize]:
    """Functions that repaint an image in K colors, without dithering."""

    def by_skseg(image: np.ndarray, n_colors: int) -> np.ndarray:
        model = KMeansSegmenter(n_colors, color_space="rgb", channel_weights=None).fit(image)
        return model.palette_[model.labels_]

    def by_pillow(image: np.ndarray, n_colors: int) -> np.ndarray:
        return np.asarray(Image.fromarray(image).quantize(n_colors, kmeans=1, dither=Image.Dither.NONE).convert("RGB"))

    def by_imagequant(image: np.ndarray, n_colors: int) -> np.ndarray:
        import imagequant  # noqa: PLC0415

        rgba = Image.fromarray(image).convert("RGBA")
        return np.asarray(imagequant.quantize_pil_image(rgba, dithering_level=0.0, max_colors=n_colors).convert("RGB"))

    def by_opencv(image: np.ndarray, n_colors: int) -> np.ndarray:
        import cv2  # noqa: PLC0415

        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
        rows = image.reshape(-1, 3).astype(np.float32)
        _, labels, colors = cv2.kmeans(rows, n_colors, None, stop, 1, cv2.KMEANS_PP_CENTERS)
        return np.rint(colors).astype(np.uint8)[labels.ravel()].reshape(image.shape)

    found: dict[str, Quantize] = {"skseg": by_skseg, "Pillow": by_pillow}
    found |= {"imagequant": by_imagequant} if find_spec("imagequant") else {}
    return found | ({"OpenCV": by_opencv} if find_spec("cv2") else {})


def compare_palettes(images: list[np.ndarray]) -> None:
    """Mean squared error of a pixel, and CPU time, relative to the first method."""
    print("| K | method | squared error of a pixel | CPU time |\n|---|---|---|---|")
    for n_colors in (64, 256, 1024):
        for name, quantize in quantizers().items():
            if n_colors > 256 and name in ("Pillow", "imagequant"):
                continue
            runs = [timed(quantize, image, n_colors) for image in images]
            errors = [
                ((painted.astype(float) - image) ** 2).sum(axis=-1).mean()
                for (painted, _), image in zip(runs, images, strict=True)
            ]
            print(
                f"| {n_colors} | {name} | {', '.join(f'{error:.2f}' for error in errors)} "
                f"| {', '.join(f'{seconds:.2f} s' for _, seconds in runs)} |"
            )


def main() -> None:
    """Read the arguments, and print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("images", nargs="*")
    parser.add_argument("--only", choices=("seeds", "gray", "palettes"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    images = [np.asarray(Image.open(path).convert("RGB")) for path in options.images]
    images = images or [data.astronaut(), data.coffee(), data.chelsea(), data.rocket(), data.hubble_deep_field()]
    if options.only in (None, "seeds"):
        compare_seeds(images, options.seeds)
    if options.only in (None, "gray"):
        compare_gray(images, options.seeds)
    if options.only in (None, "palettes"):
        compare_palettes(images)


if __name__ == "__main__":
    main()
