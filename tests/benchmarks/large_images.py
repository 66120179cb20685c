"""Images that outgrow memory: time and memory of Dask arrays and Zarr stores, against the same pixels in other forms.

    python tests/benchmarks/large_images.py [--megapixels 604] [--size 10000]

Each form is fitted in a process of its own, whose peak memory beyond its imports is printed.

- photos: a mosaic of 8-bit photos, as a Dask array, and as a list of its chunks, which are made when they are read;
- noise: four bands of 16 bits whose colors hardly repeat, memory-mapped, as a Zarr store, and as a Dask array of it;
- chunks: 10,000 chunks of 16 x 16 pixels, beyond the time that Dask takes to sum them.
"""

import argparse
import multiprocessing
import resource
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import dask
import dask.array as da
import numpy as np
import zarr
from skimage.data import astronaut

from skseg import KMeansSegmenter

SIDE = 2048  # of a chunk of photos
STRIP = 1000  # rows of noise that are made at a time


def photo(place):
    """A chunk of the mosaic."""
    return np.roll(np.tile(astronaut(), (4, 4, 1)), (7 * place[0], 13 * place[1]), (0, 1))


class Chunk:
    """A chunk of the mosaic that is made when it is read."""

    shape, ndim, dtype = (SIDE, SIDE, 3), 3, np.dtype(np.uint8)

    def __init__(self, place):
        self.place = place

    def __array__(self, dtype=None, copy=None):
        return photo(self.place)


def as_dask(side):
    """The mosaic as a Dask array."""
    return da.map_blocks(
        lambda block_info: photo(block_info[None]["chunk-location"]),
        chunks=((SIDE,) * side, (SIDE,) * side, (3,)),
        dtype=np.uint8,
        meta=np.empty((0, 0, 0), np.uint8),
    )


def as_list(side):
    """The mosaic as a list of chunks."""
    return [Chunk(place) for place in np.ndindex(side, side)]


def make_noise(folder, size):
    """Six clusters of noise, in a file of plain numbers and in a Zarr store."""
    rng = np.random.default_rng(0)
    centers = rng.normal(30_000, 6_000, (6, 4))
    plain = np.memmap(folder / "plain", np.uint16, mode="w+", shape=(size, size, 4))
    shape, chunks = (size, size, 4), (STRIP, STRIP, 4)
    store = zarr.create_array(folder / "zarr", shape=shape, chunks=chunks, dtype="u2", overwrite=True)
    for start in range(0, size, STRIP):
        colors = centers[rng.integers(0, 6, (STRIP, size))] + rng.normal(0, 2_000, (STRIP, size, 4))
        plain[start : start + STRIP] = store[start : start + STRIP] = colors.clip(0, 65535).astype(np.uint16)


def open_noise(folder, size, form):
    """The noise in one of its forms."""
    if form == "memory-mapped":
        return np.memmap(folder / "plain", np.uint16, mode="r", shape=(size, size, 4))
    return zarr.open_array(folder / "zarr", mode="r") if form == "zarr" else da.from_zarr(folder / "zarr")


def measure(connection, make, params):
    """Fit to an image; send seconds, and peak memory beyond that before it in megabytes."""
    dask.config.set(scheduler="threads", num_workers=2)
    X = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = perf_counter()
    KMeansSegmenter(random_state=0, **params).fit(X)
    spent = perf_counter() - start
    connection.send((spent, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))


def compare(title, forms, **params):
    """Print time and memory of each form, and the ratio of its time to that of the first."""
    print(title)
    first = None
    for name, make in forms.items():
        receiver, sender = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=measure, args=(sender, make, params))
        process.start()
        spent, megabytes = receiver.recv()
        process.join()
        first = first or spent
        print(f"  {name:14} {spent:6.2f} s  {spent / first:5.2f}  {megabytes:6.0f} MB")


def overhead():
    """Milliseconds that a chunk takes in `fit` and in `predict`, beyond those that Dask takes to sum it."""
    X = da.random.randint(0, 4, size=(1600, 1600, 3), chunks=(16, 16, 3)).astype(np.uint8)
    model = KMeansSegmenter(4, random_state=0)
    calls = {"sum": lambda: X.sum().compute(), "fit": lambda: model.fit(X)}
    calls["predict"] = lambda: model.predict(X).sum().compute()
    seconds = {}
    for name, call in calls.items():
        start = perf_counter()
        call()
        seconds[name] = perf_counter() - start
    for name in ("fit", "predict"):
        print(f"chunks: {name} {1000 * (seconds[name] - seconds['sum']) / X.npartitions:.2f} ms each")


def main():
    """Print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=604, help="of the mosaic of photos")
    parser.add_argument("--size", type=int, default=10_000, help="width and height of the noise, a multiple of 1000")
    args = parser.parse_args()
    side = max(1, round((args.megapixels * 1e6) ** 0.5 / SIDE))
    forms = {"list": partial(as_list, side), "dask": partial(as_dask, side)}
    compare(f"photos, {(side * SIDE) ** 2 / 1e6:.0f} megapixels", forms, n_jobs=2)
    with TemporaryDirectory() as folder:
        make_noise(Path(folder), args.size)
        forms = {form: partial(open_noise, Path(folder), args.size, form) for form in ("memory-mapped", "zarr", "dask")}
        compare(f"noise, {args.size**2 / 1e6:.0f} megapixels", forms, n_clusters=6, color_space=None)
    overhead()


if __name__ == "__main__":
    main()
