"""Write label maps as SVG, for browsers, drawing programs and cutters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt, maximum_position

from .._images import open_label_map
from .._limits import LIMITS
from .._regions.graph import connected
from .._regions.outlines import Outlines
from ._atomic import written_whole
from ._results import as_palette
from ._shapes import check_outlined, check_tolerance, count_points, shapes

_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:g}" viewBox="0 0 {width} {height:g}" '
    'font-family="sans-serif"><desc>{comment}</desc>\n'
)
_DIGIT = 0.6, 0.75  # width and height of a digit of most fonts, relative to their size
_MANY_LETTERS = 18  # in a line of the legend, more than most have


def save_svg(
    label_map: ArrayLike,
    path: str | PathLike[str],
    colors: ArrayLike,
    *,
    simplify: float = 0,
    numbers: bool = False,
    fill: bool = True,
    names: Sequence[str] | None = None,
    comment: str = "",
) -> None:
    """Write a label map as an SVG file, with one path for each label.

    The size of the picture is that of the label map in pixels. Masked pixels and negative labels stay empty.

    Parameters
    ----------
    label_map : array-like of int, shape (height, width)
        Label map, optionally masked, of classes or of regions.

    path : str or path
        Path of the file, ``*.svg``. An existing file is replaced when the new one is complete.

    colors : array-like of shape (n_labels, n_channels)
        Color of each label, such as `palette_` of a segmenter, as in `save_labels`.

    simplify : float, default=0
        Tolerance in pixels, as in `save_polygons`. By default, outlines follow the sides of pixels.

    numbers : bool, default=False
        Whether to write its label into each connected part, where there is most space, and a legend below.

    fill : bool, default=True
        Whether to fill the paths. Otherwise only their outlines are drawn, as in paint by numbers.

    names : sequence of str, default=None
        Name of each label, for the legend and the titles of the paths.

    comment : str, default=""
        Text to store in the file.

    Raises
    ------
    ValueError
        If the label map is not a two-dimensional array of integers, if a label has no color or no name, if `path` has
        another suffix, if `simplify` is negative, or if the outlines have more than a million corners.

    ModuleNotFoundError
        If shapely, which `simplify` needs, is not installed.

    See Also
    --------
    save_polygons : Write the outlines as GeoJSON.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from skimage.data import coffee
    >>> from skseg import KMeansSegmenter, clean_labels, io
    >>> segmenter = KMeansSegmenter(8, random_state=0).fit(coffee())
    >>> cleaned = clean_labels(segmenter.labels_, 300, segmenter.palette_)
    >>> with TemporaryDirectory() as folder:
    ...     io.save_svg(cleaned, f"{folder}/paint.svg", segmenter.palette_, numbers=True, fill=False)
    """
    if Path(path).suffix.lower() != ".svg":
        raise ValueError(f"path must end in .svg; got {Path(path).name!r} instead.")
    check_tolerance(simplify)
    labels, ignored = open_label_map(label_map)
    check_outlined(labels)
    palette = as_palette(colors)
    largest = int(labels.max(initial=-1, where=~ignored))
    for what, given in (("colors", palette), ("names", names)):
        if given is not None and largest >= len(given):
            raise ValueError(f"{what} must hold one for each label up to {largest}; got {len(given)} instead.")
    check_points(0 if simplify else count_points(labels, ignored))
    drawn = list(shapes(labels, ignored, simplify))
    check_points(sum(len(rings.points) for rings in drawn) // 2)  # each belongs to two outlines
    titles = [f"{label} {names[label] if names is not None else ''}".strip() for label in range(largest + 1)]
    codes = [f"#{bytes(color).hex()}" for color in palette]
    used = [int(rings.labels[0]) for rings in drawn]
    height, width = labels.shape
    size = max(height, width) / 45  # of letters
    legend, full_height = _legend(used, titles, codes, (height, width), size) if numbers else ("", height)
    with written_whole(path) as file:
        file.write(_HEAD.format(width=width, height=full_height, comment=escape(comment)).encode())
        file.write(b'<g fill-rule="evenodd" stroke-linejoin="round" stroke-width="0.5">\n')
        file.writelines(
            _path(rings, titles[label], codes[label], fill) for rings, label in zip(drawn, used, strict=True)
        )
        file.write(b"</g>\n")
        if numbers:
            file.writelines(_numbers(labels, ignored, palette, size, is_filled=fill))
        file.write(f"{legend}</svg>\n".encode())


def check_points(n_points: int, ways_out: str = "clean it by clean_labels, or give a larger simplify") -> None:
    """Refuse outlines of so many corners that no program would show them."""
    if n_points > LIMITS.drawn_points:
        raise ValueError(
            f"The outlines have {n_points} corners, but an SVG of more than {LIMITS.drawn_points} is too large for "
            f"most programs; {ways_out}."
        )


def read_svg_comment(path: Path) -> str:
    """The comment in a file of `save_svg`, or ""."""
    with path.open("rb") as file:
        found = re.match(rb"<svg [^>]*><desc>([^<]*)</desc>", file.read(4096))
    return found[1].decode() if found else ""


def _path(rings: Outlines, title: str, code: str, is_filled: bool) -> bytes:
    """The path of a label, of relative steps; its own color as stroke hides the hairlines between neighbors."""
    pieces = []
    for start, end in pairwise(rings.starts.tolist()):
        points = rings.points[start : end - 1]  # the last is the first
        steps = " ".join(map(str, np.diff(points, axis=0).ravel().tolist()))
        pieces.append(f"M{points[0, 0]} {points[0, 1]}l{steps}z")
    look = f'fill="{code}" stroke="{code}"' if is_filled else 'fill="none" stroke="#888"'
    steps, about = "".join(pieces), f"<title>{escape(title)}</title>"
    return f'<path id="label-{rings.labels[0]}" {look} d="{steps}">{about}</path>\n'.encode()


def _numbers(
    labels: NDArray[Any], ignored: NDArray[np.bool_], palette: NDArray[np.uint8], size: float, *, is_filled: bool
) -> Iterator[bytes]:
    """The label of each connected part at its pole of inaccessibility, in letters that fit in there."""
    parts = connected(labels, ignored)
    padded = np.pad(parts, 1, constant_values=-1)
    inner = parts >= 0
    for shifted in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        inner &= shifted == parts
    radii = distance_transform_edt(np.pad(inner, 1))[1:-1, 1:-1] + 0.5
    poles = np.array(maximum_position(radii, parts, range(parts.max() + 1)), dtype=np.intp).reshape(-1, 2)
    is_dark = palette @ [0.299, 0.587, 0.114] < 128
    yield b'<g text-anchor="middle">\n'
    for y, x in poles:
        label = labels[y, x]
        letters = min(size, radii[y, x] * 2 / np.hypot(_DIGIT[0] * len(str(label)), _DIGIT[1]))
        color = "#444" if not is_filled else "#fff" if is_dark[label] else "#000"
        place = f'x="{x + 0.5}" y="{y + 0.5 + letters * _DIGIT[1] / 2:.2f}"'
        yield f'<text {place} font-size="{letters:.2f}" fill="{color}">{label}</text>\n'.encode()
    yield b"</g>\n"


def _legend(
    used: Sequence[int], titles: Sequence[str], codes: Sequence[str], shape: tuple[int, int], size: float
) -> tuple[str, float]:
    """The number, color and name of each label below the picture, and the height of all."""
    height, width = shape
    longest = max((len(titles[label]) for label in used), default=0)
    n_columns = max(1, int(width // (size * (3 + 0.6 * max(longest + 8, _MANY_LETTERS)))))
    lines = [f'<g font-size="{size:.2f}">']
    for index, label in enumerate(used):
        row, column = divmod(index, n_columns)
        x, y = column * width / n_columns + size / 2, height + (1 + 1.6 * row) * size
        square = f'x="{x:.2f}" y="{y:.2f}" width="{1.6 * size:.2f}" height="{1.2 * size:.2f}"'
        lines.append(f'<rect {square} fill="{codes[label]}" stroke="#888" stroke-width="{size / 20:.2f}"/>')
        text = escape(f"{titles[label]} {codes[label]}")
        lines.append(f'<text x="{x + 2 * size:.2f}" y="{y + size:.2f}">{text}</text>')
    return "\n".join([*lines, "</g>\n"]), height + (1.6 * -(-len(used) // n_columns) + 1.4) * size
