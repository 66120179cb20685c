"""The README: what it shows is true, also as the package index shows it, from the metadata of the installed package."""

import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTest, DocTestParser, DocTestRunner
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SITE, FILES = "https://skseg.readthedocs.io/en/stable/", re.compile("https://[^/]+/skseg/skseg/(?:blob/)?v[^/]+/")


@pytest.fixture(scope="module")
def links():
    """The targets of its links and pictures. After an edit of the README, install the package again."""
    found = re.findall(r"\]\(([^)\s]+)|(?:src|srcset|href)=\"([^\"\s]+)", metadata("skseg")["Description"])
    return ["".join(either) for either in found]


def test_a_description_has_no_relative_link(links):
    assert links
    assert [link for link in links if not re.match("https://|#", link)] == []


def test_a_description_links_to_files_and_pages_that_exist(links):
    own = [FILES.sub("", link).partition("#")[0] for link in links]
    names = [link.removeprefix(SITE) for link in own if link.startswith(SITE)]
    pages = [f"docs/{name}".replace(".html", ".md") for name in names if not name.startswith("auto_examples/")]
    files = [link for link in own if not link.startswith("https:")]
    assert pages
    assert files
    assert [name for name in pages + files if not (ROOT / name).exists()] == []


def test_the_readme_shows_what_is_true():
    """The search takes long; it is the one on the page of the first steps, whose code is run as it stands."""
    readme, start = (
        DocTestParser().get_examples((ROOT / name).read_text(encoding="utf-8"))
        for name in ("README.md", "docs/start.md")
    )
    (shown,), (found,) = ([each for each in page if ".best_params_" in each.source] for page in (readme, start))
    assert shown.want == found.want
    for page in (readme, start):
        code = "".join(each.source for each in page)
        assert all(part in code for part in ('{"n_clusters": range(2, 17)}', "cv=TileKFold(5))", "random_state=0)"))
    quick = DocTest([each for each in readme if each is not shown], {}, "README.md", "README.md", 0, None)
    assert DocTestRunner(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE).run(quick).failed == 0
