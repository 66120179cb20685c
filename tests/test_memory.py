"""Label maps are worked on in blocks: what a call takes beyond the map, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

STATUS = Path("/proc/self/status")
PREPARE = """if True:
    import pathlib, re, sys, tempfile
    import numpy as np
    from skseg import clean_labels, io, metrics, region_table
    def peak():
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
    folder = tempfile.mkdtemp()
    palette = np.arange(24, dtype=np.uint8).reshape(8, 3)
    def call(labels):
        {call}
    labels = np.random.default_rng(0).integers(0, 8, ({side}, {side}), dtype=np.{dtype})
    if {zoom} > 1:
        labels = labels[:{side} // {zoom}, :{side} // {zoom}].repeat({zoom}, axis=0).repeat({zoom}, axis=1)
    call(labels[:50, :50])
    before = peak()
    call(labels)
    print((peak() - before) / labels.size)
"""


def bytes_per_pixel(call, *, side, zoom=1, dtype="int32"):
    code = PREPARE.format(call=call, side=side, zoom=zoom, dtype=dtype)
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, timeout=300).stdout)


pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="the system does not tell the peak")


@pytest.mark.parametrize(
    ("call", "side", "most"),
    [
        ("clean_labels(labels, 20, palette)", 1500, 350e6 / 3000**2),
        ("io.save_polygons(labels, folder + '/map.geojson')", 1400, 350e6 / 2000**2),
    ],
)
def test_noise_takes_little_memory(call, side, most):
    """It has as many parts as pixels, nearly."""
    assert bytes_per_pixel(call, side=side) < most


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("clean_labels(labels, 20, palette)", 16),
        ("io.save_labels(labels, folder + '/map.png', palette)", 7),
        ("io.save_labels(labels, folder + '/map.tif', palette)", 7),
        ("region_table(labels)", 7),
        ("metrics.adjusted_rand(labels, labels[::-1])", 12),
    ],
)
def test_no_map_is_copied_as_numbers_of_8_bytes(call, most, dtype):
    assert bytes_per_pixel(call, side=2000, zoom=20, dtype=dtype) < most
