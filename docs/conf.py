"""The documentation site: `python -m sphinx -W -b html docs docs/_build/html` from the root of the repository."""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import skimage.data
from docutils import nodes
from inventories import fallback

import skseg

project = "skseg"
author = "The skseg developers"
copyright = f"2026, {author}"
version = release = skseg.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = [
    "_build",
    "auto_examples/**.ipynb",
    "auto_examples/**.py",
    "auto_examples/**.md5",
    "sg_execution_times.rst",
]
templates_path = ["_templates"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

default_role = "py:obj"  # `name` in a docstring is a link, or code
smartquotes = False
toc_object_entries_show_parents = "hide"
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say more
numpydoc_show_class_members = False  # the templates list them
numpydoc_xref_param_type = False

intersphinx_mapping = {
    "python": ("https://docs.python.org/3", fallback("python")),
    "numpy": ("https://numpy.org/doc/stable", fallback("numpy")),
    "sklearn": ("https://scikit-learn.org/stable", fallback("sklearn")),
    "skimage": ("https://scikit-image.org/docs/stable", fallback("skimage")),
}
intersphinx_timeout = 5

GROUPS = ("first_steps", "choosing_k", "color_and_light", "many_and_large_images", "regions", "other_programs")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": "plot_",
    "subsection_order": [f"../examples/{group}" for group in GROUPS],
    "within_subsection_order": "NumberOfCodeLinesSortKey",
    "doc_module": ("skseg",),
    "backreferences_dir": "api/examples",
    "reference_url": {"skseg": None},
    "download_all_examples": False,
    "abort_on_example_error": True,
    "parallel": 2,
    "nested_sections": False,
    "capture_repr": (),
    "write_computation_times": False,
    "thumbnail_size": (480, 336),
}
plot_formats = [("png", 140)]
plot_html_show_source_link = False
plot_html_show_formats = False
plot_rcparams = {"savefig.bbox": "tight", "font.size": 10}

WIDE_PAGES = [
    "index",
    "which",
    "tissue",
    "plants",
    "satellite",
    "palettes",
    "make_something",
    "to_other_programs",
    "coming_from",
    "comparison",
]

html_theme = "pydata_sphinx_theme"
html_title = "skseg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skseg"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_nav_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], **{page: [] for page in WIDE_PAGES}},
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
html_sidebars = {page: [] for page in ("index", "start", "which", "changelog", "contributing")}


def trim_code(app, doctree):
    """Drop the blank line at the end of a block of code, which doctest needs in front of a fence."""
    for block in doctree.findall(nodes.literal_block):
        block.children = [nodes.Text(block.astext().rstrip())]
        block.rawsource = block.astext()


def write_explorer(app):
    """Write the page of `skseg explore` that the first page shows."""
    picture = Path(skimage.data.data_dir, "coffee.png")
    options = ["--regions", "--no-open", "--overwrite", "-o", str(Path(__file__).parent / "_static" / "explore.html")]
    subprocess.run([sys.executable, "-m", "skseg", "explore", picture, *options], check=True, capture_output=True)


def setup(app):
    """Register what this site does to its pages."""
    app.connect("builder-inited", write_explorer)
    app.connect("doctree-read", trim_code)
