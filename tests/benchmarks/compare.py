"""Measure skseg against what people use today, as ratios with medians over interleaved runs.

    python tests/benchmarks/compare.py [PHOTO ...] [--rounds 5] [--only fit predict ...]

Without a PHOTO, scikit-image's retina is measured, which is small for a photo: give camera pictures. Peers that are
not installed (opencv-python-headless, faiss-cpu, imagequant) are left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from skimage.color import rgb2hsv
from skimage.data import astronaut, coffee, retina
from skimage.io import imread
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseg import KMeansSegmenter, RegionSegmenter

K = 10
Work = Callable[[], Any]


def segmenter(seed: int = 0, **params: Any) -> KMeansSegmenter:
    return KMeansSegmenter(K, random_state=seed, **params)


def plain(image: np.ndarray, seed: int = 0) -> KMeans:
    """Today's recipe: HSV, reshape, KMeans on every pixel."""
    hsv = rgb2hsv(image) if image.shape[-1] == 3 else image
    return KMeans(K, n_init=1, random_state=seed).fit(hsv.reshape(-1, image.shape[-1]))


def seconds(work: Work, clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    work()
    return clock() - start


def interleaved(works: dict[str, Work], rounds: int) -> dict[str, list[float]]:
    """Seconds of each work, run in turn, round after round, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for measured in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work)
            if measured:
                times[name].append(spent)
    return times


def report(ours: str, times: dict[str, list[float]], *, slower_is_us: bool = False) -> None:
    """A line per peer: medians, and the median of the ratios of each round."""
    for name, spent in times.items():
        if name == ours:
            continue
        pairs = zip(times[ours], spent, strict=True)
        ratio = median(mine / theirs if slower_is_us else theirs / mine for mine, theirs in pairs)
        print(f"  {ours} {median(times[ours]):8.4f} s   {name} {median(spent):8.4f} s   ratio {ratio:7.2f}")


def measure_fit(image: np.ndarray, rounds: int) -> None:
    """`fit`, label map included, against the plain recipe and cv2.kmeans."""
    works: dict[str, Work] = {"skseg": lambda: segmenter().fit(image), "plain recipe": lambda: plain(image)}
    if find_spec("cv2"):
        works["cv2.kmeans"] = lambda: opencv(image)
    report("skseg", interleaved(works, rounds))


def opencv(image: np.ndarray) -> np.ndarray:
    import cv2  # noqa: PLC0415

    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).reshape(-1, 3).astype(np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 100, 0.2)
    labels: np.ndarray = cv2.kmeans(hsv, K, None, stop, 1, cv2.KMEANS_PP_CENTERS)[1]
    return labels


def measure_quantization(image: np.ndarray, rounds: int) -> None:
    """Color quantization in RGB, label map included: time and squared error per pixel, 0–255."""
    results: dict[str, np.ndarray] = {}

    def keep(name: str, quantize: Callable[[], np.ndarray]) -> Work:
        return lambda: results.__setitem__(name, quantize())

    works = {"skseg": keep("skseg", lambda: segmenter(color_space="rgb").fit_transform(image))}
    works["Pillow"] = keep("Pillow", lambda: pillow(image))
    if find_spec("faiss"):
        works["faiss"] = keep("faiss", lambda: faiss_kmeans(image))
    if find_spec("imagequant"):
        works["libimagequant"] = keep("libimagequant", lambda: libimagequant(image))
    report("skseg", interleaved(works, rounds))
    for name, painted in results.items():
        print(f"  squared error of {name}: {((painted.astype(float) - image) ** 2).sum(axis=-1).mean():.2f}")


def pillow(image: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(image)
    return np.asarray(picture.quantize(K, method=Image.Quantize.MEDIANCUT, kmeans=1).convert("RGB"))


def libimagequant(image: np.ndarray) -> np.ndarray:
    """The engine of pngquant at its default speed, 4, without dithering."""
    import imagequant  # noqa: PLC0415

    picture = Image.fromarray(image).convert("RGBA")
    return np.asarray(imagequant.quantize_pil_image(picture, dithering_level=0, max_colors=K).convert("RGB"))


def faiss_kmeans(image: np.ndarray) -> np.ndarray:
    import faiss  # noqa: PLC0415

    pixels = image.reshape(-1, 3).astype(np.float32)
    model = faiss.Kmeans(3, K, niter=25, seed=0, max_points_per_centroid=len(pixels))
    model.train(pixels)
    labels = model.index.search(pixels, 1)[1][:, 0]
    return np.rint(model.centroids).astype(np.uint8)[labels].reshape(image.shape)


def measure_inertia(image: np.ndarray, rounds: int) -> None:
    """Inertia over that of KMeans on every pixel of the same features, mean of 5 seeds each."""
    ours = [segmenter(seed).fit(image) for seed in range(5)]
    features = ours[0].pipeline_["color"].transform(image.reshape(-1, 3))
    theirs = [KMeans(K, n_init=1, random_state=seed).fit(features).inertia_ for seed in range(5)]
    print(f"  ratio {np.mean([model.inertia_ for model in ours]) / np.mean(theirs):.5f}")


def measure_predict(image: np.ndarray, rounds: int) -> None:
    """`predict` and `transform` of a photo that `fit` has not seen, in copies of it."""
    model = segmenter().fit(image[:, ::-1][: len(image) // 3])
    works: dict[str, Work] = {
        "predict": lambda: model.predict(image),
        "transform": lambda: model.transform(image),
        "copy": image.copy,
    }
    times = interleaved(works, 2 * rounds + 1)
    for ours in ("predict", "transform"):
        report(ours, {ours: times[ours], "copy": times["copy"]}, slower_is_us=True)


def measure_memory(image: np.ndarray, rounds: int) -> None:
    """Peak memory over a 20-megapixel image: by tracemalloc, and by the resident set of a new process."""
    repeats = -(-20_000_000 // (image.shape[0] * image.shape[1]))
    large = np.concatenate([image] * repeats)[: 20_000_000 // image.shape[1]]
    model = segmenter().fit(image)
    for name, work in {"fit": lambda: segmenter().fit(large), "predict": lambda: model.predict(large)}.items():
        tracemalloc.start()
        work()
        traced = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        np.save("/tmp/skseg-large.npy", large)
        command = [sys.executable, __file__, "--resident", name]
        resident = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        print(f"  {name}: {traced / 1e6:.0f} MB traced, {resident} MB resident, label map included")
    Path("/tmp/skseg-large.npy").unlink()


def print_resident(name: str) -> None:
    """In a process of its own: how far a call lifts the peak of the resident set (Linux)."""
    large = np.load("/tmp/skseg-large.npy")
    model = segmenter().fit(large[:10])  # imports and threads are there before
    works = {"fit": segmenter().fit, "predict": model.predict, "regions": RegionSegmenter().fit_predict}
    before = peak_resident()
    works[name](large)
    print(f"{peak_resident() - before:.0f}")


def peak_resident() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1000


def measure_grid_search(image: np.ndarray, rounds: int) -> None:
    """CPU seconds of a 5-fold search over K = 2…12; the plain one on a quarter of the photo, times 4."""
    grid, folds = range(2, 13), KFold(5)
    ours = GridSearchCV(segmenter(), {"n_clusters": grid}, cv=folds, refit=False)
    to_rows = FunctionTransformer(lambda part: rgb2hsv(part).reshape(-1, 3))
    recipe = make_pipeline(to_rows, KMeans(n_init=1, random_state=0))
    theirs = GridSearchCV(recipe, {"kmeans__n_clusters": grid}, cv=folds, refit=False)
    mine = seconds(lambda: ours.fit(image), time.process_time)
    plain_search = 4 * seconds(lambda: theirs.fit(np.ascontiguousarray(image[::2, ::2])), time.process_time)
    print(f"  skseg {mine:.1f} s   plain recipe {plain_search:.1f} s (4 × a quarter)   ratio {plain_search / mine:.1f}")


def measure_frames(image: np.ndarray, rounds: int) -> None:
    """Frames of two megapixels that a fitted model has met, against a look-up table of all 8-bit colors."""
    frames = [np.ascontiguousarray(image[shift : shift + 1080, shift : shift + 1920]) for shift in range(0, 400, 50)]
    model = segmenter().fit(frames[0])
    every = np.arange(1 << 24, dtype=np.uint32)
    colors = np.stack([every >> 16, every >> 8 & 255, every & 255], axis=-1).astype(np.uint8)
    table = clone(model).fit(frames[0]).predict(colors).astype(np.uint8)
    palette = model.cluster_centers_.round().astype(np.uint8)

    def by_hand(frame: np.ndarray) -> np.ndarray:
        red, green, blue = (frame[..., channel].astype(np.uint32) for channel in range(3))
        return table[red << 16 | green << 8 | blue]

    works: dict[str, Work] = {
        "predict": lambda: [model.predict(frame) for frame in frames],
        "transform": lambda: [model.transform(frame) for frame in frames],
        "table": lambda: [by_hand(frame) for frame in frames],
        "table and palette": lambda: [palette[by_hand(frame)] for frame in frames],
    }
    times = interleaved(works, 2 * rounds + 1)
    report("predict", {name: times[name] for name in ("predict", "table")}, slower_is_us=True)
    report("transform", {name: times[name] for name in ("transform", "table", "table and palette")}, slower_is_us=True)


def measure_small_data(image: np.ndarray, rounds: int) -> None:
    """Overhead over KMeans on the same features: a 64 × 64 image and tables of 1,000 rows."""
    for X in (astronaut()[::8, ::8], coffee().reshape(-1, 3)[::240], coffee().reshape(-1, 3)[::240] / 255):
        features = segmenter().fit(X).pipeline_["color"].transform(X.reshape(-1, 3))
        print(f"  {X.shape} {X.dtype}")
        works: dict[str, Work] = {
            "skseg": lambda X=X: segmenter().fit(X),
            "KMeans": lambda features=features: KMeans(K, random_state=0).fit(features),
        }
        report("skseg", interleaved(works, 20 * rounds), slower_is_us=True)


def measure_busy_machine(image: np.ndarray, rounds: int) -> None:
    """`fit` while another process keeps a core busy, over its quiet time."""
    quiet = [seconds(lambda: segmenter().fit(image)) for _ in range(rounds + 1)][1:]
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        loaded = [seconds(lambda: segmenter().fit(image)) for _ in range(rounds)]
        busy.kill()
    print(f"  quiet {median(quiet):.3f} s   busy {median(loaded):.3f} s   ratio {median(loaded) / median(quiet):.2f}")


def measure_growth(image: np.ndarray, rounds: int) -> None:
    """How the time of `fit` grows with pixels, distinct colors and K: the exponent of a power law."""
    rng = np.random.default_rng(0)
    few = rng.integers(0, 256, (50_000, 3), dtype=np.uint8)
    sizes = [1 << exponent for exponent in (20, 21, 22, 23)]
    by_pixels = [few[rng.integers(len(few), size=(size, 1))].reshape(-1, 1, 3) for size in sizes]
    counts = [25_000, 100_000, 400_000, 1_600_000]
    by_colors = [
        np.resize(rng.integers(0, 256, (n, 3), dtype=np.uint8), (sizes[2], 3)).reshape(-1, 1, 3) for n in counts
    ]
    clusters = [4, 8, 16, 32, 64]
    series = {
        "pixels": (sizes, [lambda X=X: segmenter().fit(X) for X in by_pixels]),
        "distinct colors": (counts, [lambda X=X: segmenter().fit(X) for X in by_colors]),
        "K": (clusters, [lambda k=k: KMeansSegmenter(k, random_state=0).fit(image) for k in clusters]),
    }
    for name, (values, works) in series.items():
        times = [median([seconds(work) for _ in range(rounds)]) for work in works]
        exponent = np.polyfit(np.log(values), np.log(times), 1)[0]
        listed = ", ".join(f"{value}: {spent:.3f} s" for value, spent in zip(values, times, strict=True))
        print(f"  {name}: exponent {exponent:.2f} ({listed})")


def measure_regions(image: np.ndarray, rounds: int) -> None:
    """Regions of the photo resized to 12 megapixels, also with noise of a tenth of the range: time and peak memory."""
    scale = (12e6 / (image.shape[0] * image.shape[1])) ** 0.5
    size = round(scale * image.shape[1]), round(scale * image.shape[0])
    resized = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    noise = np.random.default_rng(0).normal(0, 25.5, resized.shape)
    noisy = (resized + noise).round().clip(0, 255).astype(np.uint8)
    del noise
    for name, photo in {"resized": resized, "with noise": noisy}.items():
        np.save("/tmp/skseg-large.npy", photo)
        command = [sys.executable, __file__, "--resident", "regions"]
        resident = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        times = [seconds(lambda photo=photo: RegionSegmenter().fit_predict(photo)) for _ in range(rounds)]
        print(f"  {name}: {median(times):.1f} s, {resident} MB resident")
    Path("/tmp/skseg-large.npy").unlink()


SECTIONS = {
    "fit": measure_fit,
    "quantization": measure_quantization,
    "inertia": measure_inertia,
    "predict": measure_predict,
    "memory": measure_memory,
    "grid-search": measure_grid_search,
    "frames": measure_frames,
    "small": measure_small_data,
    "busy": measure_busy_machine,
    "growth": measure_growth,
    "regions": measure_regions,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", metavar="PHOTO", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--resident", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.resident:
        print_resident(arguments.resident)
        return
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    photos = {path: imread(path)[..., :3] for path in arguments.photos} or {"scikit-image's retina": retina()}
    for name, image in photos.items():
        n_colors = len(segmenter().fit(image)._model.census.colors)
        print(f"\n{name}: {image.shape[0] * image.shape[1] / 1e6:.1f} megapixels, {n_colors} distinct colors, K = {K}")
        for section in arguments.only:
            print(f"{section}: {(SECTIONS[section].__doc__ or '').splitlines()[0]}")
            SECTIONS[section](image, arguments.rounds)


if __name__ == "__main__":
    main()
