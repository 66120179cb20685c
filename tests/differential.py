"""Random images of every form, segmented by skseg and by the plain recipe: the two must agree, or skseg must refuse.

    python tests/differential.py [--cases 100000] [--seed 0]

A case is a table, image, volume or list of two images, of some dtype, layout and content, maybe masked and weighted,
and parameters. The plain recipe repeats no trick of skseg: it takes the pixels that count one by one, converts them by
a color converter, and gives each to the nearest center with scikit-learn. In every other case, limits are so low that
images are passed over instead of counted, in several parts. A case that fails is printed with its number, which makes
it again.
"""

import argparse
import tempfile
import warnings

import numpy as np
from helpers import lowered
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from skseg import KMeansSegmenter

DTYPES = ["u1", "u1", "u2", ">u2", "i1", "i2", "i4", ">i4", "i8", "u8", "f2", "f4", "f8", ">f8", "g", "?"]
CONTENTS = ["noise", "few colors", "two colors", "constant", "gradient", "denormal", "huge", "negative", "holes"]
LAYOUTS = ["plain", "strided", "reversed", "transposed", "read-only", "Fortran", "memory-mapped"]
LOW_LIMITS = {"colors_in_fit": 12, "keys": 12, "probed_pixels": 16, "block_pixels": 30, "pass_numbers": 60}
REFUSALS = [
    "needs sRGB from 0 to 1",
    "All pixels are masked",
    "sample_weight is zero at all unmasked pixels",
    "must stay within",
    "Pixels contain NaN or infinity",
]


def draw_case(number):
    """X, weights or None, the parameters of a case, and whether it is a list of the two halves of X."""
    rng = np.random.default_rng(number)
    n_channels = int(rng.choice([1, 2, 3, 3, 3, 5]))
    shape = tuple(rng.integers(1, 14, size=rng.choice([1, 2, 2, 2, 3])))
    pixels = lay_out(draw_pixels(rng, (*shape, n_channels)), rng.choice(LAYOUTS))
    weights = rng.choice([0.0, 0.5, 1.0, 2.0, 7.0], size=pixels.shape[:-1]) if rng.random() < 0.3 else None
    if pixels.ndim > 2 and rng.random() < 0.3:
        mask = rng.random(pixels.shape[:-1]) < rng.random()
        holes = ~np.isfinite(pixels).all(axis=-1) if rng.random() < 0.8 else False
        pixels = np.ma.MaskedArray(pixels, mask=np.repeat((mask | holes)[..., np.newaxis], n_channels, axis=-1))
    spaces = ["auto", None, "rgb", "hsv", "hsv-raw", "lab", "oklab", "ycbcr"] if n_channels == 3 else ["auto", None]
    params = {
        "n_clusters": int(rng.integers(1, 9)),
        "color_space": spaces[rng.integers(len(spaces))],
        "channel_weights": [None, "auto"][rng.integers(2)],
        "init": str(rng.choice(["k-means++", "random", "far"])),
        "max_iter": int(rng.choice([1, 2, 300])),
        "random_state": int(number % 1000),
    }
    if params["init"] == "far":  # start colors that no pixel is near to, but one: clusters that begin empty
        shift = np.arange(params["n_clusters"])[:, np.newaxis] / params["n_clusters"]
        params |= {"init": np.full((params["n_clusters"], n_channels), 0.01) + 0.9 * shift**8, "n_init": 1}
    return pixels, weights, params, pixels.ndim > 2 and len(pixels) > 1 and rng.random() < 0.2


def draw_pixels(rng, shape):
    dtype, content = np.dtype(rng.choice(DTYPES)), rng.choice(CONTENTS)
    unit = rng.random(shape)
    if content == "few colors":
        colors = rng.random((rng.integers(1, 5), shape[-1]))
        unit = colors[rng.integers(len(colors), size=shape[:-1])]
    elif content == "two colors":
        unit = np.where(unit[..., :1] < 0.1, rng.random(shape[-1]), rng.random(shape[-1]))
    elif content == "constant":
        unit = np.full(shape, rng.random())
    elif content == "gradient":
        unit = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    if dtype.kind == "f":
        factor = {"denormal": 1e-310, "huge": 1e30, "negative": -1.0}.get(content, 1.0)
        with np.errstate(over="ignore", under="ignore"):
            pixels = (unit * min(factor, float(np.finfo(dtype).max) / 2)).astype(dtype)
        if content == "holes":
            pixels[rng.random(shape) < 0.1] = rng.choice([np.nan, np.inf, -np.inf])
        return pixels
    if dtype.kind == "b":
        return unit > 0.5
    limits = np.iinfo(dtype)
    low = limits.min if content == "negative" else 0
    span = int(limits.max) - low
    return (low + np.floor(unit * min(span, 1 << 50)).astype(np.int64)).astype(dtype)


def lay_out(pixels, layout):
    """The same numbers, lying otherwise in memory."""
    if layout == "strided":
        return np.repeat(pixels, 2, axis=0)[::2]
    if layout == "reversed":
        return pixels[::-1].copy()[::-1]
    if layout == "transposed" and pixels.ndim == 3:
        return pixels.transpose(1, 0, 2).copy().transpose(1, 0, 2)
    if layout == "Fortran":
        return np.asfortranarray(pixels)
    if layout == "read-only":
        pixels.flags.writeable = False
    if layout == "memory-mapped":
        with tempfile.TemporaryFile() as file:
            mapped = np.memmap(file, dtype=pixels.dtype, shape=pixels.shape)
        mapped[...] = pixels
        return mapped
    return pixels


def segment(segmenter, pixels, weights, as_list):
    """The label map of X, by a model fitted to it; as one or as a list of its halves."""
    if not as_list:
        return segmenter.fit(pixels, sample_weight=weights).predict(pixels)
    half = len(pixels) // 2
    images = [pixels[:half], pixels[half:]]
    segmenter.fit(images, sample_weight=None if weights is None else [weights[:half], weights[half:]])
    return np.ma.concatenate(segmenter.predict(images))


def check_case(pixels, weights, params, as_list, *, is_passed=False):
    """Segment by skseg and by the plain recipe; whether there was anything to compare."""
    segmenter = KMeansSegmenter(**params)
    try:
        with warnings.catch_warnings(), lowered(**LOW_LIMITS if is_passed else {}):
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "The largest number in init")  # which is far from all colors on purpose
            label_map = segment(segmenter, pixels, weights, as_list)
    except ValueError as error:
        if not any(reason in str(error) for reason in REFUSALS):
            raise
        return False
    assert np.isfinite(np.ma.compressed(pixels)).all(), "NaN or infinity took part"
    counts = ~np.ma.getmaskarray(pixels).any(axis=-1)
    assert np.array_equal(np.ma.getmaskarray(label_map), ~counts) or not isinstance(pixels, np.ma.MaskedArray)
    rows, labels = np.ma.getdata(pixels)[counts], np.ma.getdata(label_map)[counts]
    row_weights = np.ones(len(rows)) if weights is None else weights[counts]

    features = segmenter.pipeline_["color"].transform(rows)
    centers = segmenter.pipeline_["kmeans"].cluster_centers_
    distances = np.sqrt(((features[:, np.newaxis] - centers) ** 2).sum(axis=-1))
    rounding = 1e-7 * (1 + np.abs(features).max())
    own = distances[np.arange(len(labels)), labels]
    assert (own <= distances.min(axis=1) + rounding).all(), "a pixel is not in the nearest cluster"

    plain = KMeans(len(centers), init=centers, n_init=1, max_iter=1, tol=0).fit(features[row_weights > 0])
    plain.cluster_centers_ = np.ascontiguousarray(centers)
    clear = (
        np.diff(np.sort(distances, axis=1)[:, :2], axis=1)[:, 0] > rounding
        if len(centers) > 1
        else np.ones(len(rows), bool)
    )
    assert np.array_equal(plain.predict(features)[clear], labels[clear]), "scikit-learn gives other labels"

    sizes = np.bincount(labels, row_weights, len(centers))
    assert np.allclose(segmenter.cluster_sizes_, sizes / sizes.sum()), "shares of the clusters"
    means = np.stack([np.bincount(labels, row_weights * column, len(centers)) for column in rows.astype(float).T], 1)
    scale = np.abs(rows.astype(float)).max() or 1.0
    assert np.allclose(segmenter.cluster_centers_ / scale, means / sizes[:, np.newaxis] / scale), "mean colors"
    inertia = row_weights @ own**2
    assert np.isclose(segmenter.inertia_, inertia, rtol=1e-6, atol=rounding**2 * len(rows)), "inertia"
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first case")
    options = parser.parse_args()
    n_compared, failed = 0, []
    for number in range(options.seed, options.seed + options.cases):
        try:
            n_compared += check_case(*draw_case(number), is_passed=number % 2 == 1)
        except Exception as error:  # whatever it is, the run goes on
            failed.append(number)
            print(f"case {number}: {type(error).__name__}: {error}", flush=True)
    print(f"{options.cases} cases, {n_compared} compared, {len(failed)} failed")
    raise SystemExit(bool(failed))


if __name__ == "__main__":
    main()
