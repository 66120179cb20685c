"""Shared by all tests: switches that must be set before anything is imported, what is not installed, a browser.

HYPOTHESIS_PROFILE=many draws many examples by chance, in place of a few that are always the same.

scikit-learn's array API checks need SciPy's, and are skipped where SciPy is too old for them; matplotlib must not look
for a screen; threads must not compete with the processes of pytest-xdist.
"""

import os
import re
import shutil
import sys
from contextlib import ExitStack
from importlib.metadata import version
from importlib.util import find_spec
from inspect import getsource

import hypothesis
import pytest
from packaging.version import Version

if Version(version("scipy")) >= Version("1.14"):
    os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
if "PYTEST_XDIST_WORKER" in os.environ:  # one process per core
    os.environ.setdefault("OMP_NUM_THREADS", "1")

hypothesis.settings.register_profile("few", max_examples=25, deadline=None, derandomize=True)
hypothesis.settings.register_profile("many", max_examples=500, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))

NEEDED = {
    "benchmarks/large_images.py": "zarr",
    "test_cli.py": "click",
    "test_cli_batches.py": "click",
    "test_cli_make.py": "click",
    "test_cli_regions.py": "rasterio",
    "test_curve.py": "click",
    "test_display.py": "matplotlib",
    "test_docstrings.py": "numpydoc",
    "test_explore.py": "click",
    "test_formats.py": "rasterio",
    "test_georeference.py": "rasterio",
    "test_hostile_input.py": "click",
    "test_hostile_rasters.py": "rasterio",
    "test_image_files.py": "rasterio",
    "test_labeled.py": "xarray",
    "test_labeled_maps.py": "xarray",
    "test_no_data.py": "rasterio",
    "test_pages.py": "shapely",
    "test_polygons.py": "rasterio",
    "test_rasters.py": "rasterio",
    "test_svg.py": "shapely",
}
collect_ignore = [name for name, library in NEEDED.items() if find_spec(library) is None]


def pytest_report_header():
    return f"no libraries for: {', '.join(collect_ignore)}" if collect_ignore else None


@pytest.fixture
def without_rasterio(monkeypatch):
    """Import the library's modules that need rasterio again, which fails."""
    monkeypatch.setitem(sys.modules, "rasterio", None)
    for name, module in list(sys.modules.items()):
        if name.startswith("skseg.") and re.search("^(import|from) rasterio", getsource(module), re.MULTILINE):
            monkeypatch.delitem(sys.modules, name)
            room, _, file = name.rpartition(".")
            monkeypatch.delattr(sys.modules[room], file)


@pytest.fixture
def lower():
    """Lower limits of the library, given by their names, until the end of the test."""
    from helpers import lowered  # noqa: PLC0415  which imports the library

    with ExitStack() as changed:
        yield lambda **limits: changed.enter_context(lowered(**limits))


@pytest.fixture(scope="session")
def pandas():
    """A test that asks for it is skipped where pandas is not installed."""
    return pytest.importorskip("pandas")


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium that is installed, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
