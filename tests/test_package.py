"""The README as the package index shows it: the description in the metadata of the installed package."""

import re
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
