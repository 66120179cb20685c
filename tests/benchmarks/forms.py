"""Every form in which an image may come, against the plain recipe, in one run.

    python tests/benchmarks/forms.py PHOTO

prints a table: how many times faster `fit` is than `KMeans(n_init=1)` on all pixels, the time of `predict` in times of
`KMeans.predict`, both with `rgb2hsv` for three channels, and the sizes of models. Times are medians over interleaved
rounds. Without a photo it takes scikit-image's retina.

    python tests/benchmarks/forms.py --mapped

fits a memory-mapped raster of 37.7 megapixels with 4 bands of uint16 instead, and measures memory beside the mapped
pages (on Linux).
"""

import argparse
import pickle
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
from skimage.color import rgb2hsv
from skimage.data import retina
from skimage.io import imread
from sklearn.cluster import KMeans

from skseg import KMeansSegmenter

N_CLUSTERS = 10


def forms(photo):
    """Images by name, made of an RGB photo of 8 bits."""
    rng = np.random.default_rng(0)
    unit = photo / 255
    noisy = np.clip(unit + rng.normal(0, 0.02, photo.shape), 0, 1).astype(np.float32)
    gray = np.rint(unit.mean(axis=-1, keepdims=True) * 65535 + rng.integers(-300, 300, (*photo.shape[:2], 1)))
    gray = gray.clip(0, 65535).astype(np.uint16)
    mixed = (noisy + noisy[::-1]) / 2
    return {
        "uint8 RGB": photo,
        "float64 RGB": unit,
        "float32 RGB": unit.astype(np.float32),
        "uint16 RGB": photo.astype(np.uint16) * 257,
        "int64 RGB": photo.astype(np.int64),
        "gray of 12 bits": gray >> 4,
        "gray of 16 bits": gray,
        "4 bands of uint8": np.concatenate([photo, photo[::-1, :, 1:2] // 2 + photo[..., :1] // 2], axis=-1),
        "float32 RGB with noise": noisy,
        "uint16 RGB with noise": np.rint(noisy * 65535).astype(np.uint16),
        "6 bands of float32 with noise": np.concatenate([noisy, mixed], axis=-1),
        "4 bands of uint16 with noise": np.rint(np.concatenate([noisy, mixed[..., :1]], axis=-1) * 65535).astype(
            np.uint16
        ),
    }


def features(image):
    return (rgb2hsv(image) if image.shape[-1] == 3 else image).reshape(-1, image.shape[-1])


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(image, n_rounds):
    """Medians of the seconds of `fit` and `predict`, plain and ours, and the bytes of the model."""
    space = "auto" if image.shape[-1] == 3 else None
    segmenter, plain = KMeansSegmenter(N_CLUSTERS, color_space=space), KMeans(N_CLUSTERS, n_init=1)
    works = {
        "fit": lambda: segmenter.fit(image),
        "plain fit": lambda: plain.fit(features(image)),
        "predict": lambda: segmenter.predict(image),
        "plain predict": lambda: plain.predict(features(image)),
    }
    times = {name: [] for name in works}
    for seed in range(n_rounds):
        segmenter.random_state = plain.random_state = seed
        for name, work in works.items():
            times[name].append(seconds(work))
    del segmenter.labels_
    return {name: median(values) for name, values in times.items()} | {"bytes": len(pickle.dumps(segmenter))}


def raster(path):
    """A mapped file of fields with noise."""
    rng = np.random.default_rng(0)
    pixels = np.memmap(path, dtype=np.uint16, mode="w+", shape=(6144, 6144, 4))
    fields = (8000 * rng.random((192, 192, 4))).repeat(32, axis=0).repeat(32, axis=1)
    for start in range(0, 6144, 512):
        band = slice(start, start + 512)
        pixels[band] = (fields[band] + rng.normal(600, 150, (512, 6144, 4))).clip(0, 65535)
    return pixels


@contextmanager
def peak_memory():
    """A list that gets the largest growth of anonymous memory, in megabytes."""
    found, is_over = [], threading.Event()
    status = Path("/proc/self/status")

    def used():
        return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if "RssAnon" in line)

    before, largest = used(), [0.0]

    def watch():
        while not is_over.wait(0.01):
            largest[0] = max(largest[0], used())

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield found
    is_over.set()
    watcher.join()
    found.append(largest[0] - before)


def measure_mapped():
    with tempfile.TemporaryDirectory() as folder:
        image = raster(f"{folder}/raster")
        labels = np.memmap(f"{folder}/labels", dtype=np.int32, mode="w+", shape=image.shape[:2])
        segmenter = KMeansSegmenter(N_CLUSTERS, color_space=None, random_state=0)
        works = {
            "fit": lambda: segmenter.fit(image),
            "predict to a mapped file": lambda: segmenter.predict(image, out=labels),
            "KMeans(n_init=1)": lambda: KMeans(N_CLUSTERS, n_init=1, random_state=0).fit(image.reshape(-1, 4)),
        }
        for name, work in works.items():
            with peak_memory() as peak:
                spent = seconds(work)
            print(f"{name}: {spent:.1f} s, {peak[0]:.0f} MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photo", nargs="?", help="an RGB image file of 8 bits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[""], help="parts of the names of forms")
    parser.add_argument("--mapped", action="store_true")
    args = parser.parse_args()
    if args.mapped:
        measure_mapped()
        return
    photo = imread(args.photo)[:2400, :3200, :3] if args.photo else retina()
    print(f"{photo.shape[0] * photo.shape[1] / 1e6:.1f} megapixels, K = {N_CLUSTERS}\n")
    print("| X | `fit` | times faster | `predict` | times `KMeans.predict` | model |\n|---|---|---|---|---|---|")
    for name, image in forms(photo).items():
        if any(part in name for part in args.only):
            found = measure(image, args.rounds)
            print(
                f"| {name} | {found['fit']:.2f} s | {found['plain fit'] / found['fit']:.1f} | "
                f"{found['predict']:.3f} s | {found['predict'] / found['plain predict']:.2f} | "
                f"{found['bytes'] / 1e6:.1f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
