"""How well regions agree with those that people have drawn: RegionSegmenter and peers from scikit-image, in one run.

    python tests/benchmarks/regions.py --data PATH [--split test] [--limit 50] [--n-jobs 2]

PATH holds JPEG images and, for each, a MATLAB file of the same name with segmentations by several people, in any
folders, as in the Berkeley Segmentation Data Set (BSDS500). For each method the table has covering, probabilistic
Rand index and variation of information in bits, each at the best single setting for the whole set, then all three at
the method's own setting, and the time for an image.
"""

import argparse
from pathlib import Path
from time import perf_counter

import numpy as np
from joblib import Parallel, delayed
from scipy.io import loadmat
from skimage.color import rgb2lab
from skimage.io import imread
from skimage.segmentation import felzenszwalb, quickshift, slic

from skseg import KMeansSegmenter, RegionSegmenter, clean_labels, metrics

SCALES = [6, 9, 12, 16, 22, 30, 40, 55, 75]
OWN_SCALE = SCALES.index(int(RegionSegmenter().scale))


def with_regions(image):
    """A cut at each scale."""
    hierarchy = RegionSegmenter().fit(image).hierarchy(image)
    return [hierarchy.cut(scale=scale) for scale in SCALES]


def with_superpixels(image):
    """The same mergers, from superpixels instead of classes of colors."""
    segmenter = RegionSegmenter().fit(image)
    superpixels = slic(image, n_segments=600, start_label=0)
    segmenter.segmenter_.predict = lambda _image: superpixels
    hierarchy = segmenter.hierarchy(image)
    return [hierarchy.cut(scale=scale) for scale in SCALES]


def with_felzenszwalb(image):
    return [felzenszwalb(image, scale=scale, sigma=0.8, min_size=200) for scale in (100, 200, 300, 500, 700, 1000)]


def with_quickshift(image):
    return [quickshift(image, kernel_size=5, max_dist=distance, ratio=0.5) for distance in (20, 50, 100)]


def with_classes(image):
    return [KMeansSegmenter(k, random_state=0).fit_predict(image) for k in (2, 3, 4, 5, 6)]


def with_clean_classes(image):
    segmenters = [KMeansSegmenter(k, random_state=0).fit(image) for k in (2, 3, 4, 5, 6)]
    return [clean_labels(each.labels_, 500, rgb2lab(each.cluster_centers_ / 255)) for each in segmenters]


METHODS = {  # a function that gives label maps by several settings, and which of them is its own
    "RegionSegmenter": (with_regions, OWN_SCALE),
    "the same from slic superpixels": (with_superpixels, OWN_SCALE),
    "felzenszwalb": (with_felzenszwalb, 2),
    "quickshift": (with_quickshift, 0),
    "KMeansSegmenter": (with_classes, 2),
    "KMeansSegmenter, clean_labels": (with_clean_classes, 2),
}


def read_truths(path):
    """Label maps by several people."""
    drawn = loadmat(path)["groundTruth"].ravel()
    return [one["Segmentation"][0, 0].astype(np.int64) for one in drawn]


def judge(method, image_path, truth_path):
    """The three measures at each setting, and the seconds."""
    image, truths = imread(image_path), read_truths(truth_path)
    start = perf_counter()
    label_maps = method(image)
    seconds = perf_counter() - start
    measures = (metrics.covering, metrics.probabilistic_rand, metrics.variation_of_information)
    return [[measure(truths, label_map) for measure in measures] for label_map in label_maps], seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", help="only images in folders of this name")
    parser.add_argument("--limit", type=int, help="only so many images, evenly spread")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--only", choices=METHODS, help="only this method")
    options = parser.parse_args()

    truths = {path.stem: path for path in options.data.rglob("*.mat")}
    images = sorted(path for path in options.data.rglob("*.jpg") if path.stem in truths)
    images = [path for path in images if options.split in (None, path.parent.name)]
    images = images[:: max(1, len(images) // (options.limit or len(images)))]
    print(f"{len(images)} images; best single setting: covering, PRI, VI; own setting: the same; seconds per image")
    for name, (method, own) in METHODS.items():
        if options.only in (None, name):
            calls = (delayed(judge)(method, path, truths[path.stem]) for path in images)
            scores, seconds = zip(*Parallel(options.n_jobs)(calls), strict=True)
            mean = np.mean(scores, axis=0)
            best = mean[:, 0].max(), mean[:, 1].max(), mean[:, 2].min()
            figures = "  ".join(f"{a:.3f}  {b:.3f}  {c:.3f}" for a, b, c in (best, mean[own]))
            print(f"{name:32} {figures}  {np.mean(seconds):.2f}", flush=True)


if __name__ == "__main__":
    main()
