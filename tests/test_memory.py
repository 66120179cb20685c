"""Label maps are worked on in blocks: what a call takes beyond the map, each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
MEASURE = """if True:
    import json, os, pathlib, re, sys, tempfile
    import numpy as np
    from helpers import lowered
    from skseg import clean_labels, io, metrics, region_table
    def peak():
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
    folder = tempfile.mkdtemp()
    palette = np.arange(24, dtype=np.uint8).reshape(8, 3)
    for call, side, zoom, dtype in json.loads(sys.argv[1]):
        if child := os.fork():  # a process of its own, whose peak begins at what it has
            os.waitpid(child, 0)
            continue
        labels = np.random.default_rng(0).integers(0, 8, (side // zoom, side // zoom), dtype=dtype)
        if zoom > 1:
            labels = labels.repeat(zoom, axis=0).repeat(zoom, axis=1)
        measured = eval("lambda labels: " + call)
        with lowered(outlined_runs=1 << 16, map_numbers=1 << 14):
            measured(labels[:50, :50])
            before = peak()
            measured(labels)
        print((peak() - before) / labels.size, flush=True)
        os._exit(0)
"""
CALLS = {  # of each, the most bytes per pixel
    "clean_labels(labels, 20, palette)": 16,
    "io.save_labels(labels, folder + '/map.png', palette)": 7,
    "io.save_labels(labels, folder + '/map.tif', palette)": 7,
    "region_table(labels)": 7,
    "metrics.adjusted_rand(labels, labels[::-1])": 14,
}
POLYGONS = "io.save_polygons(labels, folder + '/map.geojson')"
NOISE = [(next(iter(CALLS)), 800, 1, "int32"), (POLYGONS, 700, 1, "int32")]
MAPS = [(call, 2000, 20, dtype) for call in CALLS for dtype in ("uint8", "int32")]


def bytes_per_pixel(cases):
    """What each case, a call, a side, how large a part of one label is, and a dtype, takes at its peak."""
    command = [sys.executable, "-c", MEASURE, json.dumps(cases)]
    here = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    printed = subprocess.run(command, env=here, capture_output=True, check=True, timeout=300).stdout
    return list(map(float, printed.split()))


pytestmark = pytest.mark.skipif(
    not (STATUS.exists() and hasattr(os, "fork")), reason="the system neither tells the peak nor forks"
)


@pytest.fixture(scope="module")
def taken():
    """The most bytes per pixel of each case, all measured by forks of one process."""
    return dict(zip(NOISE + MAPS, bytes_per_pixel(NOISE + MAPS), strict=True))


def test_noise_takes_little_memory(taken):
    """It has as many parts as pixels, nearly."""
    cleaned, drawn = (taken[case] for case in NOISE)
    assert cleaned < 350e6 / 3000**2
    assert drawn < 350e6 / 2000**2


def test_no_map_is_copied_as_numbers_of_8_bytes(taken):
    assert [(*case, taken[case]) for case in MAPS if taken[case] >= CALLS[case[0]]] == []
