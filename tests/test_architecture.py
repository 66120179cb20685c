"""How the modules hang together: imports run downwards only, and `import skseg` stays light."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import skseg

PACKAGE = Path(skseg.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

MAY_IMPORT = {
    "_blocks": set(),
    "_callbacks": set(),
    "_color": set(),
    "_census": {"_blocks"},
    "_images": set(),
    "_nested": set(),
    "_notebook": set(),
    "_palette": {"_color"},
    "_tiles": {"_images"},
    "_cells": set(),
    "_kmeans": {"_blocks", "_cells"},
    "metrics._agreement": {"_images"},
    "metrics._criteria": {"_images", "_nested", "metrics._agreement"},
    "metrics": {"metrics._agreement", "metrics._criteria"},
    "_converter": {"_color", "_images", "_notebook"},
    "_display": {"_color", "_nested"},
    "_counting": {"_callbacks", "_census", "_color", "_converter", "_images"},
    "_segmenter": {
        "_callbacks",
        "_census",
        "_color",
        "_converter",
        "_counting",
        "_images",
        "_kmeans",
        "_notebook",
        "_palette",
        "metrics",
        "metrics._criteria",
    },
    "_local": set(),
    "_regions": set(),
    "_hierarchy": {"_regions"},
    "_region_segmenter": {
        "_color",
        "_hierarchy",
        "_images",
        "_local",
        "_notebook",
        "_regions",
        "_segmenter",
        "metrics",
    },
    "_region_display": {"_display", "_nested"},
    "__init__": {
        "_converter",
        "_display",
        "_hierarchy",
        "_region_display",
        "_region_segmenter",
        "_regions",
        "_segmenter",
        "_tiles",
    },
    "io._atomic": set(),
    "io._pictures": set(),
    "io._results": {"_color", "io._atomic"},
    "io._models": {"__init__", "_census", "_color", "io._atomic"},
    "io": {"io._models", "io._pictures", "io._results"},
    "_explore": {"__init__", "_color", "_palette"},
    "_batch": {"__init__", "_palette", "io", "io._pictures", "io._results"},
    "_options": {"_batch", "_color"},
    "_report": {"__init__", "_batch", "_palette", "io._pictures"},
    "cli": {
        "__init__",
        "_batch",
        "_color",
        "_explore",
        "_options",
        "_palette",
        "_report",
        "io",
        "io._atomic",
        "io._pictures",
        "metrics",
    },
    "__main__": {"cli"},
}


def imported_names(module):
    """Every absolute name that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            inside = MODULES[module].relative_to(PACKAGE.parent).parts
            package = inside[: len(inside) - node.level] if node.level else ()
            source = ".".join([*package, *filter(None, [node.module])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def imported_modules(module):
    """The modules of the package among them."""
    for name in imported_names(module):
        package, _, rest = name.partition(".")
        if package == "skseg":
            parents = [".".join(rest.split(".")[:depth]) for depth in (2, 1)]
            yield next((parent for parent in parents if parent in MODULES), "__init__")


def imported_packages(module):
    return {name.split(".")[0] for name in imported_names(module)}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_module_imports_only_from_below(module):
    assert set(imported_modules(module)) <= MAY_IMPORT[module]


def test_imports_never_run_in_a_circle():
    TopologicalSorter({module: set(imported_modules(module)) for module in MODULES}).prepare()


def test_the_table_of_imports_names_no_module_that_is_gone():
    assert set(MAY_IMPORT) <= set(MODULES)


@pytest.mark.parametrize("module", ["_color", "_census"])
def test_colors_and_their_census_know_no_scikit_learn(module):
    assert "sklearn" not in imported_packages(module)


def test_the_census_is_pure_numpy():
    assert imported_packages("_census") - set(sys.stdlib_module_names) == {"numpy", "skseg"}


def test_importing_the_library_loads_no_plotting_no_command_line_and_no_cluster():
    code = "import skseg, sys; print(sorted({'matplotlib', 'click', 'dask'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_all_is_exactly_the_public_names():
    public = {
        name for name, value in vars(skseg).items() if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert sorted(skseg.__all__) == sorted(public)
