"""Time the commands `segment`, `choose-k` and `explore` on a photo, each as a whole in a process of its own.

    python tests/benchmarks/commands.py PHOTO [--megapixels 12] [--runs 3]

The photo is resized first. The commands run in turn; printed are the medians of the wall times and of the processor
times, and the ratios to `segment`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

COMMANDS = {
    "segment": ["-k", "10", "--output-dir", "results", "--overwrite"],
    "choose-k": ["--to", "12"],
    "explore": ["--output", "page.html", "--overwrite"],
}


def resized(path: str, megapixels: float, folder: str) -> Path:
    """The photo with this number of pixels, in a new file."""
    with Image.open(path) as photo:
        scale = (1e6 * megapixels / (photo.width * photo.height)) ** 0.5
        size = round(photo.width * scale), round(photo.height * scale)
        target = Path(folder) / "photo.jpg"
        photo.convert("RGB").resize(size, Image.Resampling.LANCZOS).save(target, quality=92)
    return target


def run(command: str, photo: Path, folder: str) -> tuple[float, float]:
    """Wall time and processor time of a command, in seconds."""
    start, before = time.perf_counter(), os.times()
    arguments = [sys.executable, "-m", "skseg", command, str(photo), *COMMANDS[command]]
    subprocess.run(arguments, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - start, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", metavar="PHOTO")
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photo = resized(arguments.photo, arguments.megapixels, folder)
        runs = [{command: run(command, photo, folder) for command in COMMANDS} for _ in range(arguments.runs)]
    medians = {
        command: [statistics.median(times) for times in zip(*(each[command] for each in runs), strict=True)]
        for command in COMMANDS
    }
    for command, spent in medians.items():
        wall, processor = (
            f"{one:6.2f} s ({one / base:4.1f} times segment)"
            for one, base in zip(spent, medians["segment"], strict=True)
        )
        print(f"{command:9} wall {wall}   processor {processor}")


if __name__ == "__main__":
    main()
