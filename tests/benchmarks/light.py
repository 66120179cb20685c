"""How well a model of some images segments others, with and without white balance.

    python tests/benchmarks/light.py --data PATH [--p 1 6 inf] [--n-train 5] [--n-repeats 3]

Each folder of PATH is a set of images NAME.png with true masks NAME_mask.png, whose larger values lie inside smaller
ones: a nucleus (255) in its cell (128 and 255). Photos NAME.jpg have no masks; their true class is plants, by the
excess green index, and those with very few or very many plants are left out.

In Lab, six clusters are fitted to a few images of a set. Those with mostly pixels of a class are named after it, and
the Dice coefficient of the class is averaged over other images of the same set, the same images under random colored
light ("cast"), and the other sets. For each exponent of `WhiteBalancer` the table has the Dice of each comparison; at
its end are the mean gain over no balance and the worst loss.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from skimage.io import imread
from sklearn.pipeline import make_pipeline

from skseg import KMeansSegmenter, WhiteBalancer
from skseg._color import gamma_of, linear_of

EXPONENTS = [1, 2, 4, 6, 8, 12, np.inf]
N_CLUSTERS = 6
CAST = 0.35  # standard deviation of the logarithm of the factors
EXCESS_GREEN = 0.1  # least (2 G − R − B) / (R + G + B) of plants
SHARES = (0.2, 0.8)  # of plants in a photo


def read_set(folder, step=1):
    """Images and masks of a folder."""
    paths = [path for path in sorted(folder.glob("*.png")) if not path.stem.endswith("_mask")]
    pairs = [(imread(path), imread(path.with_name(f"{path.stem}_mask.png"))) for path in paths]
    photos = [imread(path) for path in sorted(folder.glob("*.jpg"))]
    pairs += [(photo, mask) for photo in photos if SHARES[0] < (mask := plants(photo)).mean() / 255 < SHARES[1]]
    return [(image[::step, ::step, :3], mask[::step, ::step]) for image, mask in pairs]


def plants(photo):
    """Mask of the plants in a photo."""
    red, green, blue = np.moveaxis(photo.astype(float), -1, 0)
    return np.uint8(255) * (2 * green - red - blue > EXCESS_GREEN * (red + green + blue))


def cast(image, rng):
    """The image in a random light."""
    linear = linear_of(image / 255) * np.exp(rng.normal(0, CAST, 3))
    return np.rint(255 * gamma_of(np.clip(linear, 0, 1))).astype(np.uint8)


def dice(found, truth):
    return 2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1)


def dice_by_class(model, train, test, classes):
    """The mean Dice coefficient of each class on the test images, with clusters that are named on the training ones."""
    images, masks = zip(*train, strict=True)
    labels = np.concatenate([label_map.ravel() for label_map in model.fit(images).predict(images)])
    truth = np.concatenate([mask.ravel() for mask in masks])
    predicted = model.predict([image for image, _ in test])
    for value in classes:
        shares = np.bincount(labels, truth >= value) / np.maximum(np.bincount(labels), 1)
        is_named = np.append(shares > 0.5, [False] * N_CLUSTERS)
        yield np.mean([dice(is_named[found], mask >= value) for found, (_, mask) in zip(predicted, test, strict=True)])


def compare(model, sets, n_train, n_repeats):
    """The Dice coefficients of all comparisons."""
    results = {}
    for repeat, (one, other) in product(range(n_repeats), product(sets, sets)):
        rng = np.random.default_rng(repeat)
        chosen = set(rng.choice(len(sets[one]), n_train, replace=False).tolist())
        train = [sets[one][index] for index in chosen]
        rest = [pair for index, pair in enumerate(sets[other]) if one != other or index not in chosen]
        classes = np.unique([value for _, mask in train for value in np.unique(mask) if value])
        tests = {f"{one} on {other}": rest}
        if one == other:
            tests[f"{one} on {one}, cast"] = [(cast(image, rng), mask) for image, mask in rest]
        for name, test in tests.items():
            for value, score in zip(classes, dice_by_class(model, train, test, classes), strict=True):
                results.setdefault(f"{name}, {value}", []).append(score)
    return {name: np.mean(scores) for name, scores in results.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--p", type=float, nargs="+", default=EXPONENTS, help="exponents to try")
    parser.add_argument("--n-train", type=int, default=5)
    parser.add_argument("--n-repeats", type=int, default=3)
    parser.add_argument("--step", type=int, default=2, help="keep every n-th row and column")
    arguments = parser.parse_args()
    folders = sorted({path.parent for kind in ("*_mask.png", "*.jpg") for path in arguments.data.rglob(kind)})
    sets = {folder.name: read_set(folder, arguments.step) for folder in folders}
    segmenter = KMeansSegmenter(N_CLUSTERS, color_space="lab", random_state=0)
    plain = compare(segmenter, sets, arguments.n_train, arguments.n_repeats)
    print("comparison | no balance |", " | ".join(f"p={p:g}" for p in arguments.p))
    balanced = [
        compare(make_pipeline(WhiteBalancer(p), segmenter), sets, arguments.n_train, arguments.n_repeats)
        for p in arguments.p
    ]
    for name, score in plain.items():
        print(name, f"{score:.3f}", *(f"{scores[name]:.3f}" for scores in balanced), sep=" | ")
    gains = [[scores[name] - plain[name] for name in plain] for scores in balanced]
    for name, summary in (("mean gain", np.mean), ("worst", np.min)):
        print(name, "", *(f"{summary(gain):+.3f}" for gain in gains), sep=" | ")


if __name__ == "__main__":
    main()
