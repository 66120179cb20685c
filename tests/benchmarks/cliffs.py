"""Tables of colors that hardly repeat, against `KMeans(n_init=1)` on the same table: time, memory and inertia.

    python tests/benchmarks/cliffs.py [NAME ...] [--seeds 3] [--predict] [--cpu]

Each fit runs in a process of its own, by turns, and the table gives medians over seeds. Without NAMES, all tables are
measured. For CPU time on one thread, which other processes disturb little, set OMP_NUM_THREADS=1 and pass --cpu.

Memory is the peak beyond X. The inertia is that of skseg divided by that of `KMeans`.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.cluster import KMeans

from skseg import KMeansSegmenter

rng = np.random.default_rng(0)


def filled(n_rows, n_features, draw, dtype=np.float32):
    """A table of `draw(n_rows)` that is made in parts, so that its peak of memory is its size."""
    table = np.empty((n_rows, n_features), dtype=dtype)
    for start in range(0, n_rows, 20_000):
        part = table[start : start + 20_000]
        part[:] = draw(len(part))
    return table


def blobs(n_rows, n_features, n_blobs, std=1.0):
    """Round clusters."""
    centers = rng.uniform(-5, 5, (n_blobs, n_features))
    return filled(
        n_rows, n_features, lambda n: centers[rng.integers(n_blobs, size=n)] + std * rng.normal(size=(n, n_features))
    )


def spectra(n_rows, n_features, n_materials=12):
    """Smooth spectra of materials that mix, in varying light, with noise."""
    bands = np.linspace(0, 1, n_features)
    waves = [
        rng.normal() / k * np.cos(np.pi * k * bands + rng.uniform(0, 6))
        for _ in range(n_materials)
        for k in range(1, 7)
    ]
    materials = np.abs(np.reshape(waves, (n_materials, 6, -1)).sum(axis=1)) + 0.1

    def draw(n):
        shares = rng.dirichlet(np.full(n_materials, 0.2), size=n)
        return shares @ materials * rng.uniform(0.5, 1, (n, 1)) + rng.normal(0, 0.02, (n, n_features))

    return filled(n_rows, n_features, draw)


def normal(n_rows, n_features):
    """No clusters at all."""
    return filled(n_rows, n_features, lambda n: rng.normal(size=(n, n_features)))


def lognormal(n_rows, n_features):
    """No clusters, and one long tail."""
    return filled(n_rows, n_features, lambda n: rng.lognormal(size=(n, n_features)))


def random_bytes(n_rows, n_features):
    """8-bit colors without clusters."""
    return rng.integers(0, 256, (n_rows, n_features), dtype=np.uint8)


CASES = {  # of each, the table and K
    "300,000 x 64 bands, blobs": (lambda: blobs(300_000, 64, 12), 8),
    "300,000 x 64 bands, spectra": (lambda: spectra(300_000, 64), 8),
    "300,000 x 64 bands, normal": (lambda: normal(300_000, 64), 8),
    "100,000 x 200 bands, blobs": (lambda: blobs(100_000, 200, 12), 8),
    "100,000 x 200 bands, spectra": (lambda: spectra(100_000, 200), 8),
    "100,000 x 200 bands, normal": (lambda: normal(100_000, 200), 8),
    "1,000,000 x 16, blobs": (lambda: blobs(1_000_000, 16, 12), 8),
    "1,000,000 x 16, normal": (lambda: normal(1_000_000, 16), 8),
    "1,000,000 x 4, lognormal": (lambda: lognormal(1_000_000, 4), 3),
    "1,000,000 x 4, normal": (lambda: normal(1_000_000, 4), 8),
    "1,000,000 x 3, blobs, K = 64": (lambda: blobs(1_000_000, 3, 40, 0.7), 64),
    "500,000 random RGB, K = 256": (lambda: random_bytes(500_000, 3), 256),
}


def peak():
    """Peak of the resident set, in megabytes (Linux)."""
    return int(Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")[1].split()[0]) / 1000


def measure(connection, make_table, model, clock):
    """Send seconds, megabytes beyond the table, its own megabytes, and the inertia in units of the table."""
    table = make_table()
    clone(model).fit(table[:: len(table) // 3000])  # imports and threads are there before
    before, start = peak(), clock()
    model.fit(table)
    spent, beyond = clock() - start, peak() - before
    unit = 255 if isinstance(model, KMeansSegmenter) and table.dtype == np.uint8 else 1
    connection.send((spent, beyond, table.nbytes / 1e6, model.inertia_ * unit**2))


def in_process(*arguments):
    """The result of `measure` in a new process."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe()
    process = context.Process(target=measure, args=(sender, *arguments))
    process.start()
    result = receiver.recv()
    process.join()
    return result


def main():
    """Print a table of all cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of the names of cases")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cpu", action="store_true", help="CPU time instead of wall-clock time")
    args = parser.parse_args()
    clock = time.process_time if args.cpu else time.perf_counter
    print("| X | size of X | skseg | KMeans | ratio | memory beyond X, skseg | KMeans | inertia |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (make_table, n_clusters) in CASES.items():
        if args.names and not any(part in name for part in args.names):
            continue
        rows = []
        for seed in range(args.seeds):
            ours = KMeansSegmenter(n_clusters, color_space=None, channel_weights=None, random_state=seed)
            theirs = KMeans(n_clusters, n_init=1, random_state=seed)
            rows.append([in_process(make_table, model, clock) for model in (ours, theirs)])
        (ours, our_peak, size, inertia), (theirs, their_peak, _, plain) = np.median(rows, axis=0)
        times = f"{ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f}"
        peaks = f"{our_peak:.0f} MB | {their_peak:.0f} MB"
        print(f"| {name} | {size:.0f} MB | {times} | {peaks} | {inertia / plain:.4f} |", flush=True)


if __name__ == "__main__":
    main()
