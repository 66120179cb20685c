"""Shared by all tests: switches that must be set before anything is imported.

scikit-learn's array API checks need SciPy's; matplotlib must not look for a screen.
"""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
