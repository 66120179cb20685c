"""The pages: their commands run as written, from the root of a checkout, and print what the pages say.

Blocks of `bash` are run, and blocks of `output` hold lines that they print. Blocks of `sh` are only shown: they
install, need another program, or set up a shell.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from skimage.data import coffee

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter
from skseg._images import base

ROOT = Path(__file__).parents[1]
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
}
RUN_BY_CI = {"README.md", "docs/contributing.md"}  # which install skseg and what developers need


def blocks(page, language):
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXTS[page], flags=re.MULTILINE | re.DOTALL)


PAGES = [page for page in TEXTS if blocks(page, "bash") and page not in RUN_BY_CI]


def test_no_commands_hide_from_these_tests():
    """Neither under another name of a shell nor in an indented block."""
    fences = {
        page: re.findall(r"^.*```+ *(?:bash|sh|shell|zsh|fish|console|shell-session)\b.*$", text, re.M)
        for page, text in TEXTS.items()
    }
    seen = {page: ["```bash"] * len(blocks(page, "bash")) + ["```sh"] * len(blocks(page, "sh")) for page in TEXTS}
    assert {page: sorted(found) for page, found in fences.items()} == seen


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are of a Unix shell")
@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_and_print_what_it_says(page, tmp_path):
    shutil.copytree(ROOT / "docs/images", tmp_path / "docs/images")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(blocks(page, "bash"))],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    for said in blocks(page, "output"):
        assert OutputChecker().check_output(f"...{said}...", ran.stdout, ELLIPSIS), ran.stdout


@dataclass
class Planes:
    """An image as a list of planes, as of no library."""

    planes: list


@pytest.mark.parametrize("model", [KMeansSegmenter(3, random_state=0), RegionSegmenter(), ColorConverter("lab")])
def test_the_kind_of_image_that_developers_add_first_is_fitted_and_labeled(model, monkeypatch):
    monkeypatch.setattr(base, "_KINDS", list(base._KINDS))
    recipe = TEXTS["docs/contributing.md"].partition("### Add a kind of image\n")[2]
    code = dedent(recipe.partition("```python\n")[2].partition("```")[0])
    exec(code, {"__name__": "skseg._images.planes", "__package__": "skseg._images"})
    image = coffee()[::8, ::8]
    planes = Planes(list(np.moveaxis(image, -1, 0)))
    assert np.array_equal(model.fit_transform(planes), model.fit_transform(image))
    of_planes, of_image = (model.fit([each, image]).transform([image, each]) for each in (planes, image))
    assert all(map(np.array_equal, of_planes, of_image))
