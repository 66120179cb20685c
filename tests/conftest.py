"""Shared by all tests: switches that must be set before anything is imported, and a browser.

scikit-learn's array API checks need SciPy's; matplotlib must not look for a screen.
"""

import os
import shutil

import pytest

os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")


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
