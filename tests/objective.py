"""Inertia of skseg over the median of five `KMeans(n_init=1)` on the same features, on data that is hard to start on.

    python tests/objective.py [--scenes 60] [--seed 0] [--pictures]

A scene is a table of one to ten channels whose colors hardly repeat, of wide range: land covers with clouds and
saturated pixels, one outlier, a lamp in the dark, heavy tails, clusters of every size. `--pictures` takes five pictures
of scikit-image in every color space, too. The command fails if a ratio is above 1.03 or their mean is above 1.
"""

import argparse

import numpy as np
import skimage.data
from sklearn.cluster import KMeans

from skseg import KMeansSegmenter

SPACES = ("rgb", "hsv", "hsv-raw", "lab", "luv", "ycbcr", "hed", "oklab")
PICTURES = ("immunohistochemistry", "retina", "coffee", "astronaut", "chelsea")


def land_covers(rng, n_pixels, n_channels):
    """Six covers, 0.2 % clouds, which differ from each other in every channel or in brightness, 12 saturated pixels."""
    covers = rng.uniform(200, 3000, (6, n_channels))
    pixels = covers[rng.integers(len(covers), size=n_pixels)] + rng.normal(0, 60, (n_pixels, n_channels))
    cloudy = rng.random(n_pixels) < 0.002
    brightness = rng.uniform(8000, 20000, (cloudy.sum(), int(rng.choice([1, n_channels]))))
    pixels[cloudy] = brightness + rng.normal(0, 200, (cloudy.sum(), n_channels))
    pixels[rng.integers(n_pixels, size=12)] = 65535
    return pixels


def one_outlier(rng, n_pixels, n_channels):
    covers = rng.uniform(300, 1200, (6, n_channels))
    pixels = covers[rng.integers(len(covers), size=n_pixels)] + rng.normal(0, 30, (n_pixels, n_channels))
    pixels[rng.integers(n_pixels)] = 65535
    return pixels


def lamp_in_the_dark(rng, n_pixels, n_channels):
    materials = rng.uniform(60, 600, (8, n_channels))
    shade = rng.normal(1, 0.05, (n_pixels, 1))
    pixels = materials[rng.integers(len(materials), size=n_pixels)] * shade + rng.normal(0, 12, (n_pixels, n_channels))
    lit = rng.random(n_pixels) < 0.001
    pixels[lit] = rng.uniform(30000, 65535, (lit.sum(), 1))
    return pixels


def heavy_tails(rng, n_pixels, n_channels):
    return 20 * np.abs(rng.standard_t(1.5, (n_pixels, n_channels)))


def clusters_of_every_size(rng, n_pixels, n_channels):
    centers = 10 ** rng.uniform(0, 4.6, (10, 1)) * rng.uniform(0.3, 1, (10, n_channels))
    return centers[rng.integers(len(centers), size=n_pixels)] * rng.normal(1, 0.05, (n_pixels, n_channels))


def no_clusters(rng, n_pixels, n_channels):
    return 60000 * rng.random((n_pixels, n_channels)) ** 3


SCENES = (land_covers, one_outlier, lamp_in_the_dark, heavy_tails, clusters_of_every_size, no_clusters)


def draw_scene(number, n_pixels):
    """The name of a scene, its pixels, uint16 or float32, and a number of clusters."""
    rng = np.random.default_rng(number)
    scene = SCENES[number % len(SCENES)]
    pixels = scene(rng, n_pixels, int(rng.integers(1, 11))).clip(0, 65535)
    dtype = rng.choice([np.uint16, np.float32])
    return scene.__name__, pixels.astype(dtype), int(rng.choice([3, 6, 8, 12, 20]))


def ratio(X, n_clusters, color_space):
    """Inertia over that of the median `KMeans`, and the number of distinct colors."""
    segmenter = KMeansSegmenter(n_clusters, color_space=color_space, random_state=0).fit(X)
    features = segmenter.pipeline_["color"].transform(X.reshape(-1, X.shape[-1]))
    rows, counts = np.unique(features, axis=0, return_counts=True)
    plain = [KMeans(n_clusters, n_init=1, random_state=seed).fit(rows, sample_weight=counts) for seed in range(5)]
    return segmenter.inertia_ / np.median([model.inertia_ for model in plain]), len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="number of the first scene")
    parser.add_argument("--pixels", type=int, default=100_000)
    parser.add_argument("--pictures", action="store_true")
    options = parser.parse_args()
    cases = []
    for number in range(options.seed, options.seed + options.scenes):
        name, X, n_clusters = draw_scene(number, options.pixels)
        cases.append((f"{name}, {X.shape[1]} channels of {X.dtype}", X, n_clusters, None))
    for name in PICTURES if options.pictures else ():
        image = getattr(skimage.data, name)()
        cases += [(f"{name}, {space}", image, k, space) for space in SPACES for k in (3, 10, 40)]
    ratios = []
    for name, X, n_clusters, color_space in cases:
        found, n_colors = ratio(X, n_clusters, color_space)
        ratios.append(found)
        print(f"{found:8.4f}  {name}, K = {n_clusters}, {n_colors} colors", flush=True)
    print(f"{len(ratios)} cases, mean {np.mean(ratios):.4f}, largest {max(ratios):.4f}")
    raise SystemExit(bool(np.mean(ratios) > 1 or max(ratios) > 1.03))


if __name__ == "__main__":
    main()
