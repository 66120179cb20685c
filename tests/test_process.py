"""The user's process stays as it was: filters of warnings, limits of threads, memory. Measured in fresh processes."""

import os
import subprocess
import sys

import pytest

STATE = """
import threading, warnings
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from PIL import Image
from threadpoolctl import threadpool_info
from skseg import KMeansSegmenter, RegionSegmenter, WhiteBalancer

def state():
    pools = sorted((each["filepath"], each["num_threads"]) for each in threadpool_info())
    return list(warnings.filters), warnings.showwarning, np.geterr(), Image.MAX_IMAGE_PIXELS, pools

rng = np.random.default_rng(0)
drawing = np.repeat(np.repeat(rng.integers(0, 2, (8, 8, 3), dtype=np.uint8) * 255, 12, axis=0), 12, axis=1)
images = [drawing, drawing[:, ::-1], rng.integers(0, 256, (48, 48, 3), dtype=np.uint8), drawing[:5]] * 2
KMeansSegmenter(2).fit(images[0])  # loads what is loaded on first use
warnings.simplefilter("ignore", UserWarning)  # so that few colors are not printed by each thread
before = state()
"""
FITS = """
for _ in range(2):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda image: KMeansSegmenter(12).fit(image).predict(image), images))
    assert state() == before, (before, state())
KMeansSegmenter(12, n_jobs=2).fit(images).score(images)
RegionSegmenter(n_jobs=2).fit(images).predict(images)
WhiteBalancer(n_jobs=2).fit(images[2:3] * 4).transform(images[2:3] * 4)
assert state() == before, (before, state())
"""


def test_filters_of_warnings_and_limits_of_threads_are_as_before():
    """After fits in threads that overlap, and after images in parallel."""
    several = os.environ | {"OMP_NUM_THREADS": "2"}  # of one thread, a limit to one changes nothing
    subprocess.run([sys.executable, "-c", STATE + FITS], env=several, check=True)


MEMORY = """
import gc
import numpy as np
from skseg import KMeansSegmenter

def megabytes():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024

rng = np.random.default_rng(0)
integers = rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)
floats = integers + rng.random(integers.shape, dtype=np.float32)
for image, n_clusters in ((integers[:256], 128), (floats[:128], 256)):
    KMeansSegmenter(4, color_space=None).fit(image[::8, ::8]).predict(image[::8, ::8])
    before = megabytes()
    segmenter = KMeansSegmenter(n_clusters, color_space=None, n_init=1, max_iter=2).fit(image)
    segmenter.predict(image)
    gc.collect()
    print(megabytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
def test_memory_comes_back_after_a_fit_of_many_clusters():
    printed = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    counted, passed = map(float, printed.stdout.split())
    assert counted < 50
    assert passed < 50
