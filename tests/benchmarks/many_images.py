"""Measure what many images and huge images cost: time per image and step, workers, memory, size of a census.

    python tests/benchmarks/many_images.py PHOTO [--gigapixel] [--directory DIRECTORY]

Copies of a PHOTO are read, counted, sent and merged. With --gigapixel, a memory-mapped image of 30,000 × 40,000 pixels
is made of it (3.6 GB, and 4.8 GB for its label map, in DIRECTORY).
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from PIL import Image

from skseg import KMeansSegmenter
from skseg._census import count, merge


class Photo:
    """A file that is read when an array is asked for; each has its brightness, so that colors differ."""

    ndim = 3

    def __init__(self, path: str, number: int) -> None:
        self.path, self.number = path, number

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        image = np.asarray(Image.open(self.path).convert("RGB"))
        return np.minimum(image, 255 - self.number % 8)


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure_steps(path: str) -> None:
    """What one image costs, step by step."""
    image = np.asarray(Photo(path, 0))
    censuses = [count(np.asarray(Photo(path, number)).reshape(-1, 3)) for number in range(4)]
    wire = pickle.dumps(censuses[0], protocol=5)
    print(f"  read {seconds(lambda: np.asarray(Photo(path, 0))):.3f} s")
    print(f"  count {seconds(lambda: count(image.reshape(-1, 3))):.3f} s, {len(censuses[0].colors)} distinct colors")
    print(f"  census on the wire {len(wire) / 1e6:.2f} MB, compressed {len(zlib.compress(wire, 1)) / 1e6:.2f} MB")
    together = merge(censuses)
    spent = seconds(lambda: merge(censuses))
    print(f"  merge of 4: {spent:.3f} s, {len(together.colors)} distinct colors together")


def measure_workers(path: str) -> None:
    """Images per second against the number of processes."""
    photos = [Photo(path, number) for number in range(12)]
    for n_workers in (1, 2):
        with joblib.parallel_config(backend="loky", n_jobs=n_workers):
            KMeansSegmenter(10, random_state=0).fit(photos[:2])  # the processes are there before
            spent = seconds(lambda: KMeansSegmenter(10, random_state=0).fit(photos))
        print(f"  {n_workers} workers: {len(photos) / spent:.2f} images per second")


def measure_stream(path: str) -> None:
    """The cost of one more frame to `partial_fit`, after 1, 2, 4, … frames."""
    small = [np.asarray(Photo(path, number))[::4, ::4].copy() for number in range(8)]
    segmenter = KMeansSegmenter(10, random_state=0)
    for number in range(33):
        spent = seconds(lambda number=number: segmenter.partial_fit(small[number % 8]))
        if number & (number - 1) == 0:
            print(f"  frame {number}: {spent:.3f} s, {len(segmenter._model.census.colors)} distinct colors seen")


def measure_memory(path: str) -> None:
    """Peak of the resident set against the number of images, in a process each."""
    for n_images in (5, 50, 500):
        command = [sys.executable, __file__, path, "--resident", str(n_images)]
        print(
            f"  {n_images} images: {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()}"
        )


def print_resident(path: str, n_images: int) -> None:
    photos = [Photo(path, number) for number in range(n_images)]
    spent = seconds(lambda: KMeansSegmenter(10, random_state=0).fit(photos))
    print(f"{from_status('VmHWM') / 1000:.0f} MB, {spent:.1f} s")


def from_status(name: str) -> int:
    return int(Path("/proc/self/status").read_text(encoding="ascii").split(f"{name}:")[1].split()[0])


def measure_gigapixel(path: str, directory: str | None) -> None:
    """`fit` and `predict` of a memory-mapped image, and the memory that is not a mapped file."""
    photo, shape = np.asarray(Photo(path, 0)), (30_000, 40_000, 3)
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        image = np.memmap(Path(folder) / "image", dtype=np.uint8, mode="w+", shape=shape)
        for top in range(0, shape[0], len(photo)):
            for left in range(0, shape[1], photo.shape[1]):
                part = image[top : top + len(photo), left : left + photo.shape[1]]
                part[:] = photo[: part.shape[0], : part.shape[1]]
        labels = np.memmap(Path(folder) / "labels", dtype=np.int32, mode="w+", shape=shape[:2])
        model = KMeansSegmenter(10, random_state=0)
        for name, work in {
            "fit": lambda: model.fit(image),
            "predict": lambda: model.predict(image, out=labels),
        }.items():
            with ThreadPoolExecutor(1) as pool:
                running = pool.submit(seconds, work)
                most = 0
                while not running.done():
                    most = max(most, from_status("RssAnon"))
                    time.sleep(0.02)
            print(f"  {name} {running.result():.1f} s, at most {most / 1000:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", metavar="PHOTO")
    parser.add_argument("--gigapixel", action="store_true")
    parser.add_argument("--directory")
    parser.add_argument("--resident", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.resident:
        print_resident(arguments.photo, arguments.resident)
        return
    if arguments.gigapixel:
        print("gigapixel:", (measure_gigapixel.__doc__ or "").strip())
        measure_gigapixel(arguments.photo, arguments.directory)
        return
    for measure in (measure_steps, measure_workers, measure_stream, measure_memory):
        print(f"{measure.__name__.removeprefix('measure_')}: {measure.__doc__}")
        measure(arguments.photo)


if __name__ == "__main__":
    main()
