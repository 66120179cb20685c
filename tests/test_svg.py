"""SVG and simplified outlines: paths cover the labels, neighbors fit, numbers stand inside their parts."""

import json
import re
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from helpers import parts_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.data import coffee

from skseg import RegionSegmenter, io

SVG = "{http://www.w3.org/2000/svg}"
GRAYS = np.linspace(0, 1, 8)[:, np.newaxis]

label_maps = arrays(np.int8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(-1, 3))


def shapes_of(path):
    """The geometry of each label in a GeoJSON file."""
    features = json.loads(path.read_text())["features"]
    return {each["properties"]["label"]: shapely.from_geojson(json.dumps(each["geometry"])) for each in features}


def drawn(path):
    """The polygons of each path of an SVG file, by the rule evenodd."""
    shapes = {}
    for element in ElementTree.parse(path).iter(f"{SVG}path"):
        shape = shapely.Polygon()
        for ring in re.findall(r"M([^z]+)z", element.get("d")):
            steps = np.reshape(list(map(int, re.split("[ l]", ring))), (-1, 2))
            shape = shape.symmetric_difference(shapely.Polygon(np.cumsum(steps, axis=0)))
        shapes[int(element.get("id").split("-")[1])] = shape
    return shapes


@given(label_map=label_maps)
def test_paths_cover_the_pixels_of_their_labels(label_map, tmp_path_factory):
    path = tmp_path_factory.mktemp("svg") / "map.svg"
    io.save_svg(label_map, path, GRAYS)
    shapes = drawn(path)
    assert sorted(shapes) == sorted(set(label_map[label_map >= 0].tolist()))
    for label, shape in shapes.items():
        pixels = [shapely.box(x, y, x + 1, y + 1) for y, x in np.argwhere(label_map == label)]
        assert shape.equals(shapely.union_all(pixels))


@given(label_map=label_maps, simplify=st.sampled_from([0.5, 1, 2, 5]))
def test_simplified_neighbors_have_neither_gaps_nor_overlaps(label_map, simplify, tmp_path_factory):
    path = tmp_path_factory.mktemp("json") / "map.geojson"
    io.save_polygons(label_map, path, simplify=simplify)
    shapes = shapes_of(path)
    assert sorted(shapes) == sorted(set(label_map[label_map >= 0].tolist()))
    every = np.array(list(shapes.values()), dtype=object)
    assert shapely.is_valid(every).all()
    assert shapely.coverage_is_valid(every)
    if (label_map >= 0).all():
        frame = shapely.box(0, 0, label_map.shape[1], label_map.shape[0])
        assert shapely.union_all(every).equals(frame)
    for shape in every:
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw
            assert not any(ring.is_ccw for ring in part.interiors)


def test_simplified_outlines_stay_near_and_have_fewer_points(tmp_path):
    regions = RegionSegmenter(n_regions=12).fit_predict(coffee())
    io.save_polygons(regions, tmp_path / "exact.geojson")
    io.save_polygons(regions, tmp_path / "simple.geojson", simplify=1.5)
    exact, simple = (shapes_of(tmp_path / f"{name}.geojson") for name in ("exact", "simple"))
    n_exact, n_simple = (sum(map(shapely.get_num_coordinates, shapes.values())) for shapes in (exact, simple))
    assert n_simple < n_exact / 2
    for label, shape in exact.items():
        assert shape.symmetric_difference(simple[label]).area < 0.75 * shape.length
    features = json.loads((tmp_path / "simple.geojson").read_text())["features"]
    assert [each["properties"]["area"] for each in features] == np.bincount(regions.ravel()).tolist()


def test_masked_pixels_stay_empty_and_their_border_is_simplified(tmp_path):
    disk = np.hypot(*(np.mgrid[:60, :60] - 30)) < 20
    label_map = np.ma.MaskedArray(np.zeros((60, 60), dtype=int), mask=disk)
    io.save_svg(label_map, tmp_path / "ring.svg", GRAYS, simplify=2)
    (shape,) = drawn(tmp_path / "ring.svg").values()
    assert shape.area == pytest.approx(3600 - disk.sum(), rel=0.02)
    assert shapely.get_num_coordinates(shape) < 30


@given(label_map=label_maps)
def test_each_part_has_its_number_inside(label_map, tmp_path_factory):
    path = tmp_path_factory.mktemp("svg") / "map.svg"
    io.save_svg(label_map, path, GRAYS, numbers=True)
    numbered = set()
    parts = parts_of(label_map, label_map < 0)
    for text in ElementTree.parse(path).iter(f"{SVG}text"):
        if "fill" in text.attrib:  # not in the legend
            half = float(text.get("font-size")) * 0.375  # from the middle of a digit to its foot
            place = int(float(text.get("y")) - half), int(float(text.get("x")))
            assert label_map[place] == int(text.text)
            numbered.add(int(parts[place]))
    assert numbered == set(range(parts.max() + 1))


def test_a_number_stands_where_there_is_most_space(tmp_path):
    label_map = np.zeros((40, 60), dtype=int)
    label_map[5:30, 10:35] = 12  # a square with a tail
    label_map[28:30, 10:58] = 12
    colors, names = np.linspace(0, 1, 13)[:, np.newaxis], np.array([f"<{n}>" for n in range(13)])
    io.save_svg(label_map, tmp_path / "map.svg", colors, numbers=True, fill=False, names=names)
    root = ElementTree.parse(tmp_path / "map.svg").getroot()
    inner = {text.text: text for text in root.iter(f"{SVG}text") if text.get("font-size")}
    assert float(inner["12"].get("x")) == pytest.approx(22.5, abs=1)
    assert {path.get("fill") for path in root.iter(f"{SVG}path")} == {"none"}
    assert [title.text for title in root.iter(f"{SVG}title")] == ["0 <0>", "12 <12>"]
    legend = [text.text for text in root.iter(f"{SVG}text") if text.get("font-size") is None]
    assert legend == ["0 <0> #000000", "12 <12> #ffffff"]
    assert float(root.get("height")) > 40


def test_a_map_without_pixels_is_an_empty_picture(tmp_path):
    for simplify in (0, 1):
        io.save_svg(np.full((3, 4), -1), tmp_path / "empty.svg", GRAYS, simplify=simplify, numbers=True)
        assert drawn(tmp_path / "empty.svg") == {}


def test_wrong_arguments_are_refused_and_nothing_is_written(tmp_path, lower):
    good = np.arange(6).reshape(2, 3)
    for options, reason in [
        ({"path": tmp_path / "map.png"}, "must end in .svg"),
        ({"label_map": good[0]}, r"two dimensions, and pixels; got the shape \(3,\)"),
        ({"label_map": good[:0]}, r"two dimensions, and pixels; got the shape \(0, 3\)"),
        ({"colors": GRAYS[:3]}, "colors must hold one for each label up to 5; got 3"),
        ({"names": ["a"]}, "names must hold one for each label up to 5; got 1"),
        ({"simplify": -1}, "simplify == -1, must be >= 0"),
        ({"simplify": np.inf}, "simplify must be finite"),
    ]:
        with pytest.raises(ValueError, match=reason):
            io.save_svg(**{"label_map": good, "path": tmp_path / "map.svg", "colors": GRAYS} | options)
    lower(drawn_points=5)
    with pytest.raises(ValueError, match="have 12 corners, but an SVG of more than 5 is too large"):
        io.save_svg(good, tmp_path / "map.svg", GRAYS)
    with pytest.raises(ValueError, match="larger simplify"):
        io.save_svg(good, tmp_path / "map.svg", GRAYS, simplify=1)
    assert list(tmp_path.iterdir()) == []


def test_without_shapely_outlines_are_written_but_not_simplified(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "shapely", None)
    io.save_svg(np.zeros((2, 2), dtype=int), tmp_path / "map.svg", GRAYS)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "skseg\[shapes\]"'):
        io.save_svg(np.zeros((2, 2), dtype=int), tmp_path / "map.svg", GRAYS, simplify=1)
