"""How the modules hang together: imports run downwards only, and `import skseg` stays light."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import requires
from pathlib import Path

import pytest

import skseg

PACKAGE = Path(skseg.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
MODULES["__init__"] = PACKAGE / "__init__.pyi"  # which lists what is imported on first use

# What each room may use beside itself. The core, at the top of the package, uses no room but these four.
ROOMS = {
    "_limits": set(),
    "_errors": set(),
    "_census": {"_limits"},
    "_color": set(),
    "_kmeans": {"_census", "_limits"},
    "_images": {"_census", "_errors", "_limits"},
    "metrics": {"core", "_images", "_census", "_kmeans", "_errors", "_limits"},
    "core": {"_images", "_census", "_color", "_kmeans", "metrics", "_errors", "_limits"},
    "_regions": {"core", "_images", "metrics", "_census", "_color", "_errors", "_limits"},
    "_plot": {"core", "_images", "metrics", "_census", "_color", "_kmeans"},
    "io": {"core", "_images", "_regions", "_census", "_color", "_errors", "_limits"},
    "cli": {
        "core",
        "_images",
        "metrics",
        "_regions",
        "_plot",
        "io",
        "_census",
        "_color",
        "_kmeans",
        "_errors",
        "_limits",
    },
    "front door": {"core", "_regions", "_plot", "io", "metrics"},
}


def room_of(module):
    if module == "__init__":
        return "front door"
    first = module.split(".")[0]
    return first if first in ROOMS else "core"


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


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"__main__"}))
def test_a_module_imports_only_from_the_rooms_below(module):
    used = {room_of(name) for name in imported_modules(module)}
    assert used <= ROOMS[room_of(module)] | {room_of(module)}
    assert "front door" not in used


def test_criteria_are_the_only_metrics_that_the_core_uses_and_know_no_estimator():
    users = [module for module in MODULES if room_of(module) == "core" and "metrics" in imported_modules(module)]
    assert users == ["_segmenter"]
    below = {"_checks", "_counting", "_model", "_nested"}
    used = {name for module in MODULES if room_of(module) == "metrics" for name in imported_modules(module)}
    assert {name for name in used if room_of(name) == "core"} <= below


def test_imports_never_run_in_a_circle():
    TopologicalSorter({module: set(imported_modules(module)) for module in MODULES}).prepare()


def test_colors_know_no_scikit_learn():
    used = {package for module in MODULES if room_of(module) == "_color" for package in imported_packages(module)}
    assert used - set(sys.stdlib_module_names) == {"numpy", "skimage", "skseg"}


def test_the_census_needs_numpy_and_joblib_alone():
    used = {package for module in MODULES if room_of(module) == "_census" for package in imported_packages(module)}
    assert used - set(sys.stdlib_module_names) == {"numpy", "skseg", "joblib"}


def test_importing_the_library_loads_nothing_before_its_first_use_and_no_plotting_no_command_line_and_no_cluster_then():
    code = (
        "import skseg, sys; before = {'numpy', 'sklearn', 'PIL', 'skseg.io'} & set(sys.modules)\n"
        "skseg.KMeansSegmenter; print(sorted(before | {'matplotlib', 'click', 'dask'} & set(sys.modules)))\n"
        "print(skseg.io.load.__name__, skseg.metrics.knee.__name__, {'io', 'metrics'} <= set(dir(skseg)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.split() == ["[]", "load", "knee", "True"]
    with pytest.raises(AttributeError, match="attribute"):
        skseg.nothing  # noqa: B018


def test_every_package_that_is_imported_is_declared():
    declared = {re.split("[^a-z-]", entry)[0] for entry in requires("skseg")}
    names = {"PIL": "pillow", "lazy_loader": "lazy-loader", "skimage": "scikit-image", "sklearn": "scikit-learn"}
    used = {package for module in MODULES for package in imported_packages(module)} - set(sys.stdlib_module_names)
    used -= {"skseg", "xarray", "dask"}  # which users bring with their arrays
    assert {names.get(package, package) for package in used} <= declared


# The rooms whose insides are tested: algorithms with oracles of their own, and a kind of image that a test adds.
INSIDE = {
    "helpers.py": {"_limits"},
    "test_average.py": {"_regions"},
    "test_blocks.py": {"_census", "_images", "_limits"},
    "test_cells.py": {"_census", "_kmeans"},
    "test_census.py": {"_census"},
    "test_contrast.py": {"_regions"},
    "test_images.py": {"_images"},
    "test_io.py": {"io"},
    "test_kmeans.py": {"_census", "_kmeans"},
    "test_many_images.py": {"_images"},
    "test_no_data.py": {"_images"},
    "test_optimum.py": {"_kmeans"},
    "test_pages.py": {"_images"},
    "test_passes.py": {"_census", "_images", "_kmeans", "core"},
    "test_regions.py": {"_regions"},
    "test_start.py": {"_regions"},
}


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_tests_use_public_names(path):
    text = path.read_text(encoding="utf-8")
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.module]
    names = [f"{node.module}.{alias.name}" for node in nodes for alias in node.names]
    names += re.findall(r"""["'](skseg\.[\w.]+)["']""", text)  # as in monkeypatch.setattr
    private = {name for name in names if re.match(r"skseg\b.*\._[a-z]", name)}
    assert {room_of(name.split(".", 1)[1]) for name in private} <= INSIDE.get(path.name, set())


def test_all_is_exactly_the_public_names():
    stub = ast.parse(MODULES["__init__"].read_text(encoding="utf-8"))
    imported = {alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    listed = next(ast.literal_eval(node.value) for node in stub.body if isinstance(node, ast.Assign))
    assert sorted(skseg.__all__) == sorted(imported) == sorted(listed)
    assert all(hasattr(skseg, name) for name in skseg.__all__)


def test_the_map_of_the_code_for_developers_names_every_file():
    page = (Path(__file__).parents[1] / "docs/contributing.md").read_text(encoding="utf-8")
    found = re.findall(r"^( +)(\S+) +\S", page.partition("```text\nskseg/\n")[2].partition("```")[0], re.MULTILINE)
    shown = [name.rstrip("/") for indent, name in found if len(indent) == 2]
    in_cli = [name for indent, name in found if len(indent) == 4]
    obvious = {"__init__.py", "__pycache__", "py.typed"}
    assert sorted(shown) == sorted({path.name for path in PACKAGE.iterdir()} - obvious)
    assert sorted(in_cli) == sorted({path.name for path in (PACKAGE / "cli").iterdir()} - obvious - {"explore.html"})
