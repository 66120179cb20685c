"""Read palettes: lists of colors, maybe with names, of drawing programs, threads and paints."""

import json
import re
from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._names import readable
from ._pictures import ImageFile

_MAX_COLORS = 256  # of an image that is a palette
_CODE = re.compile("#?([0-9a-fA-F]{6})")
_KINDS = "GPL, HEX, JASC PAL, ACT, JSON, or an image of at most 256 colors"


class Palette(NamedTuple):
    """Colors, each once, in the order of the file.

    Attributes
    ----------
    colors : uint8, (n_colors, 3)
    names : of the colors; "" for those without a name
    """

    colors: NDArray[np.uint8]
    names: list[str]


def load_palette(path: str | PathLike[str]) -> Palette:
    r"""Read the colors of a palette file.

    Parameters
    ----------
    path : str or path
        File of one of these kinds, which is recognized by its content or its suffix: GPL (GIMP, Inkscape, Krita), HEX
        (one hex code a line, maybe with a name after it), JASC PAL (PaintShop Pro), ACT (Photoshop), JSON (a list of
        hex codes, or of objects with "color" and "name", or the output of ``skseg palette --json``), or an image of at
        most 256 colors.

    Returns
    -------
    palette : named tuple of `colors`, ndarray of uint8 and shape (n_colors, 3), and `names`, list of str
        Each color once, in the order of the file; the name is "" if there is none.

    Raises
    ------
    ValueError
        If the file is of another kind, holds no color, or is an image of more than 256 colors.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skseg import io
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "threads.gpl")
    ...     _ = file.write_text("GIMP Palette\n255 255 255\tBlanc\n0 0 0\t310 Black\n")
    ...     palette = io.load_palette(file)
    >>> palette.colors.tolist(), palette.names
    ([[255, 255, 255], [0, 0, 0]], ['Blanc', '310 Black'])
    """
    file = Path(path)
    data = file.read_bytes()
    text = data.decode("utf-8-sig", errors="replace")
    try:
        if text.startswith("GIMP Palette"):
            found = _of_lines(text, r"\s*(\d+)\s+(\d+)\s+(\d+)(?:\s+(.*))?")
        elif text.startswith("JASC-PAL"):
            found = _of_lines(text, r"\s*(\d+)\s+(\d+)\s+(\d+)(?:\s+\d+)?\s*()")
        elif text.lstrip()[:1] in ("[", "{"):
            found = _of_json(json.loads(text))
        elif file.suffix.lower() == ".act":
            found = _of_act(data)
        elif file.suffix.lower() in (".hex", ".txt"):
            found = _of_codes(text.split("\n"))
        else:
            found = _of_image(file)
        palette: dict[tuple[int, ...], str] = {}
        for color, name in found:
            palette.setdefault(tuple(color), name)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{readable(path)} is not a palette ({_KINDS}): {error}") from error
    if not palette:
        raise ValueError(f"{readable(path)} is a palette without colors.")
    colors = np.array(list(palette))
    if colors.max() > np.iinfo(np.uint8).max:
        raise ValueError(f"{readable(path)} must hold colors from 0 to 255; got {colors.max()}.")
    return Palette(colors.astype(np.uint8), list(palette.values()))


Found = list[tuple[Iterable[int], str]]


def _of_lines(text: str, pattern: str) -> Found:
    """The colors of lines of three numbers and maybe a name; other lines are heads and remarks."""
    matches = (re.fullmatch(pattern, line) for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [(map(int, match.groups()[:3]), (match[4] or "").strip()) for match in matches if match]


def _of_codes(lines: Iterable[str]) -> Found:
    """The colors of hex codes, each maybe with a name after it; empty lines and remarks after ; or // are left out."""
    found: Found = []
    for line in map(str.strip, lines):
        if line and not line.startswith((";", "//")):
            code, _, name = line.partition(" ")
            if not (match := _CODE.fullmatch(code)):
                raise ValueError(f"{line[:20]!r} does not begin with a hex code such as #1d2b16")
            found.append((bytes.fromhex(match[1]), name.strip()))
    return found


def _of_json(node: Any) -> Found:
    """The colors of a list of codes or of objects, or of the clusters in the output of the command."""
    entries = node["clusters"] if isinstance(node, dict) else node
    each = ((entry["color"], entry.get("name")) if isinstance(entry, dict) else (entry, "") for entry in entries)
    return _of_codes(f"{code} {name or ''}" for code, name in each)


def _of_act(data: bytes) -> Found:
    """The colors of a table of 256; their number may follow."""
    if len(data) not in (768, 772):
        raise ValueError(f"an ACT file has 768 or 772 bytes, not {len(data)}")
    n_colors = int.from_bytes(data[768:770], "big") or 256
    return [(data[start : start + 3], "") for start in range(0, 3 * min(n_colors, 256), 3)]


def _of_image(path: Path) -> Found:
    """The colors of an image that are not transparent, in the order in which they come."""
    pixels = np.ma.asarray(ImageFile(path))
    rows = np.ma.getdata(pixels).reshape(-1, pixels.shape[-1])
    rows = rows[~np.ma.getmaskarray(pixels).reshape(rows.shape).any(axis=1)]
    if rows.dtype != np.uint8 or rows.shape[1] != 3:
        raise ValueError(f"it has {rows.shape[1]} channels of {rows.dtype}, not RGB of 8 bits")
    colors, firsts = np.unique(rows, axis=0, return_index=True)
    if len(colors) > _MAX_COLORS:
        raise ValueError(f"it has {len(colors)} colors, more than {_MAX_COLORS}")
    return [(color, "") for color in colors[np.argsort(firsts)].tolist()]
