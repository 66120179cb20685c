"""Shared by all tests: scikit-learn's array API checks need SciPy's switch before anything is imported."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")
