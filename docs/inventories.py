"""Where names of other libraries are documented, for building the site without a network.

Sphinx asks each project for its inventory; if it gets none, it takes the file that is made here. Names are those that
docstrings and pages refer to; their addresses follow a pattern in each project.
"""

import zlib
from pathlib import Path

_NAMES = {
    "python": {"library/{module}.html#{name}": "pickle collections.abc.Sequence"},
    "numpy": {
        "reference/generated/{name}.html#{name}": "numpy.memmap numpy.ndarray numpy.ma.asarray",
        "reference/maskedarray.baseclass.html#{name}": "numpy.ma.MaskedArray",
    },
    "sklearn": {
        "modules/generated/{name}.html#{name}": "sklearn.cluster.KMeans sklearn.cluster.MiniBatchKMeans "
        "sklearn.pipeline.Pipeline sklearn.model_selection.GridSearchCV sklearn.model_selection.KFold "
        "sklearn.metrics.adjusted_rand_score sklearn.exceptions.ConvergenceWarning sklearn.base.clone",
    },
    "skimage": {
        "api/{module}.html#{name}": "skimage.color.rgb2hsv skimage.color.rgb2lab skimage.segmentation.slic "
        "skimage.segmentation.felzenszwalb skimage.io.ImageCollection skimage.measure.regionprops_table",
    },
}


def fallback(project: str) -> tuple[None, str]:
    """What `intersphinx_mapping` wants: the project's own inventory (None), or else this file."""
    path = Path(__file__).parent / "_build" / f"{project}.inv"
    path.parent.mkdir(exist_ok=True)
    entries = "".join(
        f"{name} py:{_role(name)} 1 {pattern.format(name=name, module=name.rpartition('.')[0])} -\n"
        for pattern, names in _NAMES[project].items()
        for name in names.split()
    )
    header = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    header += "# The remainder of this file is compressed using zlib.\n"
    path.write_bytes(header.encode() + zlib.compress(entries.encode()))
    return None, str(path)


def _role(name: str) -> str:
    last = name.rpartition(".")[2]
    return "class" if last[0].isupper() or last in ("memmap", "ndarray") else "function"
