"""How well regions agree with those that people have drawn: RegionSegmenter and peers from scikit-image, in one run.

    python tests/benchmarks/regions.py --data PATH [--split val] [--limit 50] [--n-jobs 2] [--peers lab rgb]
    python tests/benchmarks/regions.py --data PATH --learn
    python tests/benchmarks/regions.py --data PATH --learn-from 20
    python tests/benchmarks/regions.py --data PATH --copies [--limit 50]
    python tests/benchmarks/regions.py --data PATH --noise 0.1
    python tests/benchmarks/regions.py --data PATH --boundaries

PATH holds JPEG images and, for each, a MATLAB file of the same name with segmentations by several people, in any
folders, as in the Berkeley Segmentation Data Set (BSDS500). For each method the table has covering, probabilistic
Rand index and variation of information in bits, each at the best single setting for the whole set, then all three at
the method's own setting, and the processor time for an image.

Images in folders named "test" make a table of their own, for the weights that skseg ships. In the table of the others,
which these weights were fitted to, RegionSegmenter is cross-validated: each half of the images is judged with weights
that were learned from the other half.

With --learn, the weights of `skseg/_regions/weights.py` are found: learned from all images that are not in such a
folder. The scale is the best one of the cross-validation. With --learn-from, it tells what few images teach: each half
is also judged with weights that were learned from so many images of the other half.

With --copies, it tells how far the regions of an image are those of its copies: the covering of one by the other, at
the pixels of the smaller one, and the numbers of regions. The copies have other sizes, or the same size and noise of
one gray level, the losses of a JPEG file of quality 90, or a row and a column less, which tells what the least change
does.

With --noise, the images that are judged get normal noise in each channel, of this standard deviation relative to the
range of colors. Weights are learned without it.

With --boundaries, the numbers of `RegionHierarchy.boundaries` in `skseg/_regions/weights.py` are found: a logistic
regression of the share of people who separate two of the smallest regions on the cost at which the regions join, each
pair as often as their border is long. The table has the mean probability of the borders in each tenth, the share of
people, and the share of the borders, cross-validated between the halves of the images.
"""

import argparse
from functools import partial
from io import BytesIO
from pathlib import Path
from time import process_time

import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from scipy.io import loadmat
from skimage.color import rgb2lab
from skimage.graph import cut_threshold, rag_mean_color
from skimage.io import imread
from skimage.segmentation import felzenszwalb, quickshift, slic
from sklearn.linear_model import LogisticRegression

from skseg import KMeansSegmenter, RegionSegmenter, clean_labels, metrics
from skseg._regions.describe import describe
from skseg._regions.learn import compare, make_lesson
from skseg._regions.tree import joining_heights
from skseg._regions.weights import WEIGHTS

SCALES = [0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7]
MEASURES = (metrics.covering, metrics.probabilistic_rand, metrics.variation_of_information)


def with_regions(image, segmenter=None):
    """A cut at each scale."""
    hierarchy = (segmenter or RegionSegmenter().fit([image])).hierarchy(image)
    return [hierarchy.cut(scale=scale) for scale in SCALES]


def with_felzenszwalb(image):
    return [felzenszwalb(image, scale=scale, sigma=0.8, min_size=200) for scale in (100, 200, 300, 500, 700, 1000)]


def with_quickshift(image):
    return [quickshift(image, kernel_size=5, max_dist=distance, ratio=0.5) for distance in (20, 50, 100)]


def with_slic(image):
    """Superpixels, and the neighbors of similar mean colors merged."""
    parts = slic(image, n_segments=400, compactness=10, start_label=0)
    return [cut_threshold(parts, rag_mean_color(image, parts), threshold) for threshold in (10, 20, 30, 40, 50)]


def with_classes(image, **params):
    return [KMeansSegmenter(k, random_state=0, **params).fit_predict(image) for k in (2, 3, 4, 5, 6)]


def with_clean_classes(image):
    segmenters = [KMeansSegmenter(k, random_state=0).fit(image) for k in (2, 3, 4, 5, 6)]
    return [clean_labels(each.labels_, 500, rgb2lab(each.cluster_centers_ / 255)) for each in segmenters]


PEERS = {  # a function that gives label maps by several settings, and which of them is its own
    "felzenszwalb": (with_felzenszwalb, 2),
    "quickshift": (with_quickshift, 0),
    "slic, cut_threshold": (with_slic, 2),
    "KMeansSegmenter": (with_classes, 2),
    "full lightness": (partial(with_classes, channel_weights=None), 2),
    "lab": (partial(with_classes, color_space="lab"), 2),
    "lab, full lightness": (partial(with_classes, color_space="lab", channel_weights=None), 2),
    "rgb": (partial(with_classes, color_space="rgb"), 2),
    "hsv-raw": (partial(with_classes, color_space="hsv-raw", channel_weights=None), 2),
    "KMeansSegmenter, clean_labels": (with_clean_classes, 2),
}
OWN_SCALE = SCALES.index(RegionSegmenter().scale)


def read_truths(path):
    """Label maps by several people."""
    drawn = loadmat(path)["groundTruth"].ravel()
    return [one["Segmentation"][0, 0].astype(np.int64) for one in drawn]


def with_noise(path, noise):
    """An image with normal noise of this standard deviation, always the same."""
    image = imread(path)
    added = np.random.default_rng(list(Path(path).stem.encode())).normal(0, 255 * noise, image.shape)
    return (image + added).round().clip(0, 255).astype(np.uint8)


def judge(method, image_path, truth_path, noise=0.0):
    """The three measures at each setting, and the seconds."""
    image, truths = with_noise(image_path, noise), read_truths(truth_path)
    start = process_time()
    label_maps = method(image)
    seconds = process_time() - start
    return [[measure(truths, label_map) for measure in MEASURES] for label_map in label_maps], seconds


def learn(files, n_jobs):
    """A segmenter whose weights were learned from images and what people have drawn in them."""
    segmenter = RegionSegmenter(cost="learn", n_jobs=n_jobs)
    return segmenter.fit([imread(image) for image, _ in files], [read_truths(truth) for _, truth in files])


def cross_validate(files, n_jobs, n_learned=None, noise=0.0):
    """Judge each half of the images with weights that were learned from the other half, or some images of it."""
    for fold in (0, 1):
        method = partial(with_regions, segmenter=learn(evenly(files[1 - fold :: 2], n_learned), n_jobs))
        yield from judge_all(method, files[fold::2], n_jobs, noise)


def judge_all(method, files, n_jobs, noise=0.0):
    return Parallel(n_jobs)(delayed(judge)(method, *pair, noise=noise) for pair in files)


def evenly(items, number):
    """So many of the items, evenly spread, or all."""
    return items if number is None else [items[index] for index in np.linspace(0, len(items) - 1, number).astype(int)]


def make_copy(kind, image_path):
    """A copy of an image, and what it shows of the image."""
    photo = Image.open(image_path)
    if kind == "noise":
        return with_noise(image_path, 1 / 255), np.s_[:, :]
    if kind == "JPEG":
        file = BytesIO()
        photo.save(file, "jpeg", quality=90)
        return np.asarray(Image.open(file)), np.s_[:, :]
    if kind == "shift":
        return np.asarray(photo)[1:, 1:], np.s_[1:, 1:]
    return np.asarray(photo.resize([round(kind * side) for side in photo.size], Image.Resampling.LANCZOS)), np.s_[:, :]


def compare_copy(kind, image_path, _):
    """Mean covering of the regions of an image by its copy's and the other way round, and both numbers of regions."""
    copy, shown = make_copy(kind, image_path)
    both = [RegionSegmenter().fit_predict(each) for each in (imread(image_path), copy)]
    numbers = [each.max() + 1 for each in both]
    both[0] = both[0][shown]
    smaller = min(both[0].shape, both[1].shape)
    regions, others = (each[np.ix_(*map(centers, each.shape, smaller))] for each in both)
    coverings = metrics.covering(regions, others), metrics.covering(others, regions)
    return np.mean(coverings), *numbers


def centers(n_pixels, n_parts):
    """The pixels in the middle of so many equal parts."""
    return (2 * np.arange(n_parts) + 1) * n_pixels // (2 * n_parts)


def judge_borders(image_path, truth_path):
    """Of each border of the smallest regions: the cost at which they join, who separates them, and its length."""
    described, tables = make_lesson(describe(imread(image_path), None, "auto", "auto"), read_truths(truth_path))
    costs = joining_heights(described.tree(WEIGHTS), described.start.pairs)
    _, separate, _ = compare(described.start, described.cost(WEIGHTS), tables)
    return np.stack([costs, separate, described.start.borders[:, 0]])


def calibrate(borders):
    """A logistic regression of the share of people who separate two regions on the cost at which they join."""
    costs, separate, lengths = np.concatenate(borders, axis=1)
    times = np.concatenate([lengths * separate, lengths * (1 - separate)])
    is_separate = np.arange(len(times)) < len(costs)
    regression = LogisticRegression(C=1e4)
    return regression.fit(np.tile(costs, 2)[:, np.newaxis], is_separate, sample_weight=times / times.mean())


def print_reliability(borders):
    regression = calibrate(borders)
    print(f"intercept {regression.intercept_[0]:.2f}, slope {regression.coef_[0, 0]:.2f}")
    probabilities = np.empty(sum(each.shape[1] for each in borders))
    is_even = np.repeat(np.arange(len(borders)) % 2 == 0, [each.shape[1] for each in borders])
    costs, separate, lengths = np.concatenate(borders, axis=1)
    for fold, judged in ((1, is_even), (0, ~is_even)):
        regression = calibrate(borders[fold::2])
        probabilities[judged] = regression.predict_proba(costs[judged][:, np.newaxis])[:, 1]
    tenths = np.minimum((10 * probabilities).astype(int), 9)
    totals = np.bincount(tenths, lengths, 10)
    means, shares = (
        np.bincount(tenths, lengths * each, 10) / np.maximum(totals, 1) for each in (probabilities, separate)
    )
    print(f"mean error {np.average(np.abs(means - shares), weights=totals):.3f}")
    for row in zip(means, shares, totals / totals.sum(), strict=True):
        print("{:.2f}  {:.2f}  {:.3f}".format(*row))


def print_row(name, results, own):
    scores, seconds = zip(*results, strict=True)
    mean = np.mean(scores, axis=0)
    best = mean[:, 0].max(), mean[:, 1].max(), mean[:, 2].min()
    figures = "  ".join(f"{a:.3f}  {b:.3f}  {c:.3f}" for a, b, c in (best, mean[own]))
    print(f"{name:32} {figures}  {np.mean(seconds):.2f}", flush=True)
    return mean


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", help="only images in folders of this name")
    parser.add_argument("--limit", type=int, help="only so many images, evenly spread")
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--learn", action="store_true", help="find the weights that skseg ships")
    parser.add_argument("--learn-from", type=int, help="compare with weights learned from only so many images")
    parser.add_argument("--copies", action="store_true", help="compare images with their copies of other sizes")
    parser.add_argument("--boundaries", action="store_true", help="find how likely people are to draw a boundary")
    parser.add_argument("--noise", type=float, help="judge images with noise")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS, help="which of them, by default all")
    options = parser.parse_args()

    truths = {path.stem: path for path in options.data.rglob("*.mat")}
    images = sorted(path for path in options.data.rglob("*.jpg") if path.stem in truths)
    images = [path for path in images if options.split in (None, path.parent.name)]
    files = [(path, truths[path.stem]) for path in evenly(images, options.limit)]
    tests = [pair for pair in files if pair[0].parent.name == "test"]
    others = [pair for pair in files if pair not in tests]

    if options.copies:
        for kind in ("noise", "JPEG", "shift", 0.25, 0.5, 2, 3):
            compared = Parallel(options.n_jobs)(delayed(compare_copy)(kind, *pair) for pair in others)
            means, least = np.mean(compared, axis=0), np.min(compared, axis=0)[0]
            name = kind if isinstance(kind, str) else f"{kind} times"
            figures = "covering {:.3f}, least {:.2f}; {:.1f} regions, of the copy {:.1f}"
            print(f"{name}: {figures.format(means[0], least, *means[1:])}", flush=True)
        return
    if options.boundaries:
        print_reliability(Parallel(options.n_jobs)(delayed(judge_borders)(*pair) for pair in others))
        return
    if options.learn:
        print(learn(others, options.n_jobs).weights_, flush=True)
        mean = print_row("cross-validated", cross_validate(others, options.n_jobs), OWN_SCALE)
        print(dict(zip(SCALES, mean.round(4).tolist(), strict=True)))
        return
    if options.learn_from:
        for number in (None, options.learn_from):
            results = cross_validate(others, options.n_jobs, number)
            print_row(f"learned from {number or 'all'}", results, OWN_SCALE)
        return
    if options.noise:
        print_row(f"noise {options.noise}", cross_validate(others, options.n_jobs, noise=options.noise), OWN_SCALE)
        return
    for name, some in (("others", others), ("test", tests)):
        if some:
            print(f"{len(some)} images, {name}; best single setting: covering, PRI, VI; own setting: the same; seconds")
            judged = cross_validate if name == "others" else partial(judge_all, with_regions)
            print_row("RegionSegmenter", judged(some, options.n_jobs), OWN_SCALE)
            for peer in options.peers:
                method, own = PEERS[peer]
                print_row(peer, judge_all(method, some, options.n_jobs), own)


if __name__ == "__main__":
    main()
