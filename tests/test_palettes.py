"""Palettes: every kind of file gives its colors and names; the chosen colors of a chart reproduce an image best."""

import json
from itertools import combinations

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import cdist

from skseg import KMeansSegmenter, choose_colors, io

COLORS = [[255, 255, 255], [0, 0, 0], [199, 43, 59]]
NAMES = ["Blanc", "310 Black", ""]
CODES = ["#ffffff", "#000000", "#c72b3b"]


def gpl():
    lines = (f"{r:3} {g:3} {b:3}\t{name}" for (r, g, b), name in zip(COLORS, NAMES, strict=True))
    return "\n".join(["GIMP Palette", "Name: 3 threads", "Columns: 3", "# 1 2 3 is a remark", *lines]).encode()


def jasc():
    return "\r\n".join(["JASC-PAL", "0100", "3", *(" ".join(map(str, color)) for color in COLORS)]).encode()


def act(n_stored=None):
    table = bytes(channel for color in COLORS for channel in color).ljust(768, b"\0")
    return table if n_stored is None else table + n_stored.to_bytes(2, "big") + b"\xff\xff"


FILES = {
    "named.gpl": (gpl(), NAMES),
    "plain.pal": (jasc(), [""] * 3),
    "plain.hex": ("\n".join(code[1:].upper() for code in CODES).encode() + b"\n\n", [""] * 3),
    "named.txt": (b"; remark\n// another\n#ffffff Blanc\n#000000 310 Black\n#c72b3b\n", NAMES),
    "counted.act": (act(3), [""] * 3),
    "codes.json": (json.dumps(CODES).encode(), [""] * 3),
    "named.json": (json.dumps([{"color": c, "name": n} for c, n in zip(CODES, NAMES, strict=True)]).encode(), NAMES),
    "report.json": (json.dumps({"clusters": [{"color": code, "share": 0.1} for code in CODES]}).encode(), [""] * 3),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_kind_gives_its_colors_and_names_in_order(name, tmp_path):
    data, names = FILES[name]
    (tmp_path / name).write_bytes(data)
    palette = io.load_palette(tmp_path / name)
    assert palette.colors.dtype == np.uint8
    assert (palette.colors.tolist(), palette.names) == (COLORS, names)


def test_a_table_without_a_number_of_colors_holds_256_of_which_equal_ones_are_one(tmp_path):
    (tmp_path / "full.act").write_bytes(act())
    assert io.load_palette(tmp_path / "full.act").colors.tolist() == COLORS


@pytest.mark.parametrize("name", ["picture.png", "picture.gif"])
def test_an_image_is_a_palette_of_its_opaque_colors(name, tmp_path):
    pixels = np.repeat(np.array([COLORS], dtype=np.uint8), 4, axis=0)
    Image.fromarray(pixels).save(tmp_path / name)
    assert sorted(io.load_palette(tmp_path / name).colors.tolist()) == sorted(COLORS)
    alpha = np.full((4, 3, 1), 255, dtype=np.uint8)
    alpha[:, 1] = 0
    Image.fromarray(np.dstack([pixels, alpha])).save(tmp_path / "transparent.png")
    assert io.load_palette(tmp_path / "transparent.png").colors.tolist() == COLORS[::2]


def test_the_first_name_of_a_color_counts(tmp_path):
    (tmp_path / "twice.gpl").write_text("GIMP Palette\n1 2 3 first\n4 5 6 other\n1 2 3 second\n")
    palette = io.load_palette(tmp_path / "twice.gpl")
    assert (palette.colors.tolist(), palette.names) == ([[1, 2, 3], [4, 5, 6]], ["first", "other"])


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.gpl", b"GIMP Palette\nName: none\n", "without colors"),
        ("empty.json", b"[]", "without colors"),
        ("wide.gpl", b"GIMP Palette\n256 0 0\tred\n", "from 0 to 255; got 256"),
        ("short.act", b"123", "768 or 772 bytes, not 3"),
        ("words.txt", b"red\ngreen\n", "'red' does not begin with a hex code"),
        ("object.json", b'{"colors": []}', "is not a palette"),
        ("number.json", b"[12", "is not a palette"),
        ("unknown.ase", b"ASEF\0\1\0\0", "is not a palette"),
    ],
)
def test_a_file_that_is_no_palette_is_refused_with_the_reason(name, data, reason, tmp_path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=reason) as caught:
        io.load_palette(tmp_path / name)
    assert name in str(caught.value)


def test_an_image_of_many_colors_or_of_other_channels_is_no_palette(tmp_path):
    shades = np.arange(512 * 3, dtype=np.uint32).astype(np.uint8).reshape(16, 32, 3)
    shades[..., 0] = np.arange(512).reshape(16, 32) // 2
    Image.fromarray(shades).save(tmp_path / "photo.png")
    with pytest.raises(ValueError, match="colors, more than 256"):
        io.load_palette(tmp_path / "photo.png")
    pytest.importorskip("rasterio")
    Image.fromarray(np.zeros((2, 2), dtype=np.float32)).save(tmp_path / "floats.tif")
    with pytest.raises(ValueError, match="not RGB of 8 bits"):
        io.load_palette(tmp_path / "floats.tif")


# Choosing from a chart


def cost(image, chart, chosen):
    """The mean squared distance in RGB of all pixels to the nearest chosen color."""
    pixels = image.reshape(-1, image.shape[-1]).astype(float)
    return cdist(pixels, chart[list(chosen)].astype(float), "sqeuclidean").min(axis=1).mean()


def draw(rng, side, n_colors):
    """An image of some colors, from frequent to rare, and a chart of as many."""
    image_colors, chart = rng.integers(0, 256, (2, n_colors, 3), dtype=np.uint8)
    return image_colors[np.minimum(rng.geometric(3 / n_colors, (side, side)), n_colors) - 1], chart


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("all_tried", [True, False])
def test_a_choice_from_a_small_chart_is_the_best_of_all(seed, all_tried, lower):
    rng = np.random.default_rng(seed)
    image, chart = draw(rng, 30, 9)
    if not all_tried:
        lower(chart_choices=0)
    chosen = choose_colors(image, chart, 3, color_space="rgb")
    best = min(cost(image, chart, choice) for choice in combinations(range(9), 3))
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    if all_tried:
        assert cost(image, chart, chosen) == pytest.approx(best)
    else:
        assert best <= cost(image, chart, chosen) * (1 + 1e-9) <= 1.05 * best


def test_no_exchange_makes_a_choice_from_a_large_chart_better():
    rng = np.random.default_rng(0)
    image, chart = draw(rng, 30, 60)
    chosen = choose_colors(image, chart, 6, color_space="rgb").tolist()
    least = cost(image, chart, chosen)
    others = sorted(set(range(60)) - set(chosen))
    for place in range(6):
        for other in others:
            assert cost(image, chart, [*chosen[:place], other, *chosen[place + 1 :]]) >= least * (1 - 1e-9)


def test_one_color_is_the_nearest_to_the_mean():
    rng = np.random.default_rng(0)
    image, chart = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8), rng.integers(0, 256, (6000, 3), dtype=np.uint8)
    (chosen,) = choose_colors(image, chart, 1, color_space="rgb")
    distances = cdist(image.reshape(-1, 3).mean(axis=0, keepdims=True), chart)
    assert distances[0, chosen] == pytest.approx(distances.min())


def test_groups_of_many_colors_give_nearly_the_same_choice(lower):
    rng = np.random.default_rng(0)
    image, chart = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8), rng.integers(0, 256, (40, 3), dtype=np.uint8)
    exact = choose_colors(image, chart, 5, color_space="rgb")
    for limit in (600, 1):
        lower(chart_colors=limit)
        grouped = choose_colors(image, chart, 5, color_space="rgb")
        assert cost(image, chart, grouped) <= (1.03 if limit > 1 else 20) * cost(image, chart, exact)


def test_many_bands_are_grouped_by_their_content():
    rng = np.random.default_rng(0)
    true = rng.random((5, 10))
    image = true[rng.integers(5, size=(60, 100))] + rng.normal(0, 0.1, (60, 100, 10))
    chart = np.concatenate([rng.random((60, 10)), true, true.mean(axis=0, keepdims=True)])
    assert choose_colors(image, chart, 5, color_space=None).tolist() == [60, 61, 62, 63, 64]


def test_colors_that_hardly_differ_are_one_group(lower):
    lower(chart_colors=4, chart_choices=0)
    image = np.concatenate([np.linspace(0, 1e-5, 9), [1.0]])[:, np.newaxis]
    assert choose_colors(image, [[0.0], [0.5], [1.0]], 2, color_space=None).tolist() == [0, 2]


def test_an_image_of_fewer_colors_needs_fewer_of_the_chart():
    image = np.array([[[0, 0, 0], [250, 0, 0]]], dtype=np.uint8)
    chart = np.array([[0, 0, 9], [240, 0, 0], [0, 255, 0]], dtype=np.uint8)
    with pytest.warns(UserWarning, match="distinct"):
        assert choose_colors(image, chart, 3, color_space="rgb").tolist() == [0, 1]


def test_the_chosen_colors_paint_an_image():
    chart = np.array([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], dtype=np.uint8)
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    chosen = chart[choose_colors(image, chart, 4)]
    painted = KMeansSegmenter(4, init=chosen).fit(chosen).transform(image)
    assert {tuple(color) for color in painted.reshape(-1, 3)} <= {tuple(color) for color in chosen}


def test_a_chart_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="at least n_clusters=3 colors; got 2"):
        choose_colors(np.zeros((4, 4, 3)), [[0.0, 0, 0], [1, 1, 1]], 3)


@pytest.mark.parametrize(
    ("chart", "message"),
    [
        (np.zeros((5, 4)), "chart must have the channels of X, 3; got 4"),
        (np.zeros((5, 1)), "chart must have the channels of X, 3; got 1"),
        ([[0, 0, 0], [9, 9, 9], [0, 300, 0]], "got chart as float64 from 0 to 1.17647, beyond"),
    ],
)
def test_a_chart_that_does_not_fit_to_the_image_is_refused(chart, message):
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match=message):
        choose_colors(image, chart, 2, color_space="lab")
