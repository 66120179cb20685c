"""The built documentation site, in the directory SKSEG_SITE: every page in a browser, at desktop and phone width."""

import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(os.environ["SKSEG_SITE"]).resolve() if "SKSEG_SITE" in os.environ else None
PAGES = (
    sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts) if SITE else []
)
WIDTHS = {"desktop": 1280, "phone": 390}
# A thumbnail of the gallery says nothing that its title does not say.
BROKEN_IMAGES = """() => [...document.images]
    .filter(image => !(image.alt.trim() || image.closest(".sphx-glr-thumbcontainer")) || !image.naturalWidth)
    .map(image => `no alt text or no picture: ${image.outerHTML}`)"""

pytestmark = pytest.mark.skipif(SITE is None, reason="SKSEG_SITE names no built site")


class Anchors(HTMLParser):
    """What a page can be linked at."""

    def __init__(self, page):
        super().__init__()
        self.names = set()
        self.feed((SITE / page).read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.names |= {value for name, value in attrs if name == "id" or (tag == "a" and name == "name")}


@pytest.fixture(scope="module")
def anchors():
    return {page: Anchors(page).names for page in PAGES}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page_name", PAGES)
def test_a_page_is_whole(chromium, anchors, page_name, width):
    context = chromium.new_context(viewport={"width": WIDTHS[width], "height": 900})
    page, wrong = context.new_page(), []
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"missing: {request.url}"))
    page.goto((SITE / page_name).as_uri())
    wrong += broken_links(page, anchors)
    wrong += page.evaluate(BROKEN_IMAGES)
    if page.evaluate("document.documentElement.scrollWidth") > WIDTHS[width]:
        wrong.append("scrolls horizontally")
    context.close()
    assert wrong == []


def broken_links(page, anchors):
    """Links of a page to pages and anchors of the site that are not there."""
    for link in page.evaluate("[...document.querySelectorAll('a[href]')].map(link => link.href)"):
        parts = urlsplit(link)
        if parts.scheme != "file":
            continue
        path, anchor = Path(unquote(parts.path)), unquote(parts.fragment)
        name = str(path.relative_to(SITE)) if path.is_relative_to(SITE) else None
        if name is None or not path.is_file():
            yield f"broken link: {link}"
        elif anchor and name in anchors and anchor not in anchors[name]:
            yield f"broken anchor: {link}"
