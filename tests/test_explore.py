"""The page of `skseg explore` in a browser: what it shows is what the library says, for mouse, keyboard and reader."""

import json
import re
from base64 import b64decode
from io import BytesIO, StringIO

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from skimage.data import coffee
from tifffile import imwrite

from skseg import KMeansSegmenter, RegionSegmenter
from skseg.cli import app
from skseg.cli.curve import fit_each
from skseg.cli.explore import explore_page

PICTURE = coffee()[::6, ::6]
PAINTED = "document.body.dataset.painted === '{}'"
PHONE = {"width": 390, "height": 844}
CURVE = [{"n_clusters": 2, "score": 1.0, "near_best": True}]


@pytest.fixture(scope="module")
def page_of_regions(tmp_path_factory):
    path = tmp_path_factory.mktemp("regions") / "x.html"
    models = fit_each([PICTURE], KMeansSegmenter(random_state=0), [2])
    path.write_text(explore_page([("x", PICTURE)], models, CURVE, "score", RegionSegmenter()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explore")
    Image.fromarray(PICTURE).save(folder / "a <b> & c.png")
    assert (
        CliRunner().invoke(app, ["explore", str(folder / "a <b> & c.png"), "-o", str(folder / "x.html")]).exit_code == 0
    )
    return folder / "x.html"


def data_of(page):
    """What a page shows."""
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page)[1])


def decoded(url):
    return np.asarray(Image.open(BytesIO(b64decode(url.partition(",")[2]))))


def original_on_page_of(image):
    """What the page shows as the original."""
    page = explore_page([("x", image)], fit_each([image], KMeansSegmenter(random_state=0), [2]), CURVE, "score")
    return decoded(data_of(page)["pictures"][0]["original"]).astype(float)


def test_the_page_shows_what_fit_finds_at_the_size_of_a_screen(tmp_path):
    picture = np.ascontiguousarray(np.pad(coffee(), ((0, 0), (0, 900), (0, 0)), "wrap"))
    alpha = np.full(picture.shape[:2], 255, dtype=np.uint8)
    alpha[:100] = 0
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "wide.png")
    arguments = ["explore", str(tmp_path / "wide.png"), "--to", "3", "-o", str(tmp_path / "x.html")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    shown = data_of((tmp_path / "x.html").read_text(encoding="utf-8"))
    models = shown["models"]
    assert [model["n_clusters"] for model in models] == [2, 3]
    middles = [((np.arange(n) + 0.5) * 1.25).astype(int) for n in (320, 1200)]
    for model, labels in zip(models, shown["pictures"][0]["labels"], strict=True):
        segmenter = KMeansSegmenter(model["n_clusters"], random_state=0).fit(picture[100:])
        expected = np.where(alpha, segmenter.predict(picture), 255)
        assert np.array_equal(decoded(labels), expected[np.ix_(*middles)])
        assert np.allclose(model["shares"], segmenter.cluster_sizes_, atol=1e-5)
        centers = [bytes.fromhex(code[1:]) for code in model["colors"]]
        assert np.array_equal([list(center) for center in centers], segmenter.cluster_centers_.round())


def test_regions_are_cut_at_every_scale(tmp_path):
    alpha = np.full(PICTURE.shape[:2], 255, dtype=np.uint8)
    alpha[:10] = 0
    Image.fromarray(np.dstack([PICTURE, alpha])).save(tmp_path / "masked.png")
    arguments = ["explore", str(tmp_path / "masked.png"), "--to", "2", "--regions", "-o", str(tmp_path / "x.html")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    regions = data_of((tmp_path / "x.html").read_text(encoding="utf-8"))["pictures"][0]["regions"]
    masked = np.ma.MaskedArray(PICTURE, mask=np.repeat(alpha[..., np.newaxis] == 0, 3, axis=-1))
    hierarchy = RegionSegmenter().fit(masked).hierarchy(masked)
    finest = decoded(regions["map"]).astype(int) @ [1, 256, 65536] - 1
    assert regions["scales"] == [step / 20 for step in range(1, 20)]
    for scale, numbers in zip(regions["scales"], regions["numbers"], strict=True):
        expected = np.ma.filled(hierarchy.cut(scale=scale), -1)
        assert np.array_equal(np.append(numbers, -1)[finest], expected)


@pytest.mark.parametrize("segmenter", [RegionSegmenter(), RegionSegmenter(KMeansSegmenter(5, random_state=0))])
def test_regions_of_each_picture_are_found_once(monkeypatch, segmenter):
    asked, hierarchy = [], RegionSegmenter.hierarchy
    monkeypatch.setattr(RegionSegmenter, "hierarchy", lambda self, X: asked.append(vars(self)) or hierarchy(self, X))
    pictures = [("x", PICTURE), ("y", PICTURE[::-1])]
    page = explore_page(pictures, fit_each([PICTURE], KMeansSegmenter(random_state=0), [2]), CURVE, "score", segmenter)
    assert len(asked) == 2
    assert not any("labels_" in fitted for fitted in asked)  # fit has not found them, too
    for (_, picture), on_page in zip(pictures, data_of(page)["pictures"], strict=True):
        finest = decoded(on_page["regions"]["map"]).astype(int) @ [1, 256, 65536] - 1
        assert np.array_equal(finest, segmenter.fit(picture).hierarchy(picture).cut(scale=0.05))


def test_regions_are_left_out_by_default(page_of_two):
    assert data_of(page_of_two.read_text(encoding="utf-8"))["pictures"][0]["regions"] is None


def test_rgb_is_shown_as_it_is():
    assert abs(original_on_page_of(PICTURE) - PICTURE).mean() < 8  # JPEG, with half the resolution of hue


def test_two_bands_are_shown_as_red_and_cyan_stretched():
    bands = PICTURE[..., :2].astype(np.uint16)
    shown = bands[..., [0, 1, 1]].astype(float)
    expected = ((shown - shown.min()) / np.ptp(shown) * 255).clip(0, 255)
    assert abs(original_on_page_of(bands) - expected).mean() < 8  # JPEG


@pytest.fixture
def open_page(chromium, page_file):
    """Open the page; anything that goes wrong in it, or that it loads, fails the test."""
    contexts, wrong = [], []

    def open_it(path=page_file, **options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or wrong.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_function("document.body.dataset.painted")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert wrong == []


def test_bands_are_shown_in_color(tmp_path):
    imwrite(
        tmp_path / "bands.tif",
        np.random.default_rng(0).random((64, 64, 6)),
        photometric="minisblack",
        planarconfig="contig",
    )
    outcome = CliRunner().invoke(
        app, ["explore", str(tmp_path / "bands.tif"), "--to", "3", "-o", str(tmp_path / "x.html")]
    )
    assert outcome.exit_code == 0
    (first, _) = data_of((tmp_path / "x.html").read_text(encoding="utf-8"))["models"]
    assert {"00", "ff"} <= {code[start : start + 2] for code in first["colors"] for start in (1, 3, 5)}


@pytest.fixture(scope="module")
def page_of_two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    frames = [Image.fromarray(PICTURE), Image.fromarray(PICTURE[:40, ::-1] // 2)]
    frames[0].save(folder / "pages.tif", save_all=True, append_images=frames[1:])
    arguments = ["explore", str(folder / "pages.tif"), "--to", "5", "-o", str(folder / "x.html")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder / "x.html"


def test_several_pictures_share_their_colors(page_of_two):
    data = data_of(page_of_two.read_text(encoding="utf-8"))
    pictures = [PICTURE, PICTURE[:40, ::-1] // 2]
    assert [picture["title"] for picture in data["pictures"]] == ["pages.tif, page 1", "pages.tif, page 2"]
    for index, model in enumerate(data["models"]):
        segmenter = KMeansSegmenter(model["n_clusters"], random_state=0).fit(pictures)
        assert np.allclose(model["shares"], segmenter.cluster_sizes_, atol=1e-5)
        for picture, shown_picture in zip(pictures, data["pictures"], strict=True):
            assert np.array_equal(decoded(shown_picture["labels"][index]), segmenter.predict(picture))


class Terminal(StringIO):
    """What somebody sees as it comes."""

    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("output", "options", "n_opened"), [(Terminal, [], 1), (Terminal, ["--no-open"], 0), (StringIO, [], 0)]
)
def test_the_page_is_opened_in_a_terminal(tmp_path, monkeypatch, output, options, n_opened):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("sys.stdout", output())
    Image.fromarray(PICTURE[::4, ::4]).save(tmp_path / "a.png")
    arguments = ["explore", str(tmp_path / "a.png"), "--to", "2", "-o", str(tmp_path / "x y.html"), *options]
    with pytest.raises(SystemExit, match="0"):
        app(arguments)
    assert opened == [(tmp_path / "x y.html").as_uri()] * n_opened


def shown(page, shape=PICTURE.shape):
    """The pixels of the result."""
    script = "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)"
    return np.array(page.locator("#result").evaluate(script)).reshape(*shape[:2], 4)


def clusters(page):
    return page.locator(".cluster").all()


def test_the_slider_shows_the_picture_in_k_colors(open_page):
    page = open_page()
    for k in (2, 16):
        page.locator("#k").fill(str(k - 2))
        page.wait_for_function(PAINTED.format(f"{k} null"))
        assert page.locator("#k-value").inner_text() == f"K = {k}"
        expected = KMeansSegmenter(k, random_state=0).fit_transform(PICTURE)
        assert np.array_equal(shown(page)[..., :3], expected)
        codes = {"#" + bytes(color).hex() for color in np.unique(expected.reshape(-1, 3), axis=0)}
        assert {button.inner_text() for button in page.locator(".hex").all()} == codes


def test_the_title_is_the_name_of_the_file_whatever_stands_in_it(open_page):
    page = open_page()
    assert page.locator("h1").inner_text() == "a <b> & c.png"
    assert page.title() == "a <b> & c.png: skseg explore"


def test_the_criterion_is_marked_where_it_is_largest(open_page):
    page = open_page()
    page.locator("summary").click()
    rows = [row.inner_text().split() for row in page.locator("#numbers tr").all()]
    scores = {int(row[0]): float(row[1]) for row in rows}
    (best,) = [int(row[0]) for row in rows if "(best)" in row]
    near = [row[0] for row in rows if "(nearly" in row]
    assert list(scores) == list(range(2, 17))
    assert scores[best] == max(scores.values())
    assert f"best: K = {best}" in page.locator("#chart").inner_text()
    told = page.locator("#verdict").inner_text()
    assert told.startswith(f"K = {best}")
    assert set(re.findall(r"\d+", told)) == {str(best), *near}
    assert page.locator("#k-value").inner_text() == f"K = {best}"


def test_a_cluster_can_be_shown_alone(open_page):
    page = open_page()
    page.locator("#k").fill("2")
    page.wait_for_function(PAINTED.format("4 null"))
    before = shown(page)
    clusters(page)[1].click()
    page.wait_for_function(PAINTED.format("4 1"))
    assert clusters(page)[1].get_attribute("aria-pressed") == "true"
    label_map = KMeansSegmenter(4, random_state=0).fit_predict(PICTURE)
    assert np.array_equal(shown(page)[label_map == 1], before[label_map == 1])
    others = shown(page)[label_map != 1]
    assert (others[:, 0] == others[:, 1]).all()
    page.get_by_role("button", name="Show all clusters").click()
    page.wait_for_function(PAINTED.format("4 null"))
    assert np.array_equal(shown(page), before)


def test_everything_can_be_done_by_keyboard(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    page.wait_for_function(PAINTED.format("2 null"))
    page.keyboard.press("ArrowRight")
    page.wait_for_function(PAINTED.format("3 null"))
    page.keyboard.press("Tab")
    before = page.locator("#result").evaluate("c => c.style.clipPath")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#result").evaluate("c => c.style.clipPath") != before
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function(PAINTED.format("3 0"))
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Show cluster 0 alone")


def test_the_divider_is_dragged(open_page):
    page = open_page()
    box = page.locator("#stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 50)
    page.mouse.up()
    assert page.locator("#handle").evaluate("h => parseFloat(h.style.left)") == pytest.approx(25, abs=2)


def test_hex_codes_are_copied(open_page):
    page = open_page()
    code = page.locator(".hex").first.inner_text()
    page.locator(".hex").first.click()
    page.wait_for_function("document.getElementById('status').textContent.includes('is copied')")
    page.locator("h1").evaluate("h => h.outerHTML = '<textarea id=field></textarea>'")
    page.locator("#field").focus()
    page.keyboard.press("Control+V")
    assert page.locator("#field").input_value() == code


def test_screen_readers_get_a_name_for_everything(open_page):
    page = open_page()
    for role, n_expected in {"slider": 2, "img": 3}.items():
        found = page.get_by_role(role).all()
        assert len(found) == n_expected
    unnamed = """() => [...document.querySelectorAll("button, input, img, canvas, svg")].filter(element =>
        !(element.getAttribute("aria-label") || element.alt || element.textContent.trim() || element.labels?.length))
        .map(element => element.outerHTML)"""
    assert page.evaluate(unnamed) == []
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(open_page, scheme):
    page = open_page(color_scheme=scheme)
    luminance = """name => {
        const [r, g, b] = getComputedStyle(document.body)[name].match(/\\d+/g).map(value => {
            const unit = value / 255; return unit <= .04045 ? unit / 12.92 : ((unit + .055) / 1.055) ** 2.4; });
        return .2126 * r + .7152 * g + .0722 * b; }"""
    ink, paper = (page.evaluate(luminance, name) for name in ("color", "backgroundColor"))
    assert (paper > ink) == (scheme == "light")
    assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 7  # WCAG 2.2, level AAA


def test_a_phone_needs_no_horizontal_scrolling(open_page):
    page = open_page(viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator("#k").bounding_box()["width"] > 0.7 * PHONE["width"]  # the slider has a row of its own


def test_regions_are_shown_at_the_scale_of_the_slider(open_page, page_of_regions):
    page = open_page(page_of_regions)
    regions = data_of(page_of_regions.read_text(encoding="utf-8"))["pictures"][0]["regions"]
    finest, original = (
        decoded(regions["map"]).astype(int) @ [1, 256, 65536] - 1,
        decoded(data_of(page.content())["pictures"][0]["original"]),
    )
    page.get_by_label("Regions", exact=True).check()
    for index in (9, 2, 18):
        page.locator("#scale").fill(str(index))
        page.wait_for_function(PAINTED.format(f"regions {index}"))
        label_map = np.array(regions["numbers"][index])[finest]
        n_regions = label_map.max() + 1
        assert page.locator("#result-name").inner_text() == f"{n_regions} region{'' if n_regions == 1 else 's'}"
        assert page.locator("#region-numbers tr[aria-current=true]").inner_text().split()[1] == str(n_regions)
        is_border = np.pad(label_map[:, 1:] != label_map[:, :-1], ((0, 0), (0, 1)))
        is_border |= np.pad(label_map[1:] != label_map[:-1], ((0, 1), (0, 0)))
        painted = shown(page)[..., :3]
        assert (painted[is_border] == [255, 221, 0]).all()
        mean = np.array([original[label_map == number].mean(axis=0) for number in range(n_regions)])
        assert np.abs(painted - mean[label_map])[~is_border].max() < 3  # browsers decode JPEG a little differently
    page.get_by_label("Clusters of colors").check()
    page.wait_for_function(PAINTED.format("2 null"))
    assert page.locator("#k").is_visible()
    assert not page.locator("#scale").is_visible()


def test_another_picture_is_chosen_by_mouse_or_keyboard(open_page, page_of_two):
    page = open_page(page_of_two)
    pictures = [PICTURE, PICTURE[:40, ::-1] // 2]
    page.locator("#k").fill("3")
    page.wait_for_function(PAINTED.format("5 null"))
    segmenter = KMeansSegmenter(5, random_state=0).fit(pictures)
    assert np.array_equal(shown(page)[..., :3], segmenter.transform(PICTURE))
    page.get_by_role("button", name="pages.tif, page 2").press("Enter")
    page.wait_for_function(PAINTED.format("5 null"))
    assert page.locator("h1").inner_text() == "pages.tif, page 2"
    assert np.array_equal(shown(page, pictures[1].shape)[..., :3], segmenter.transform(pictures[1]))
    page.get_by_role("button", name="pages.tif, page 1").click()
    page.wait_for_function(PAINTED.format("5 null"))
    assert np.array_equal(shown(page)[..., :3], segmenter.transform(PICTURE))
