"""The colors of a segmenter's clusters in the formats of other programs."""

from __future__ import annotations

import json
from collections.abc import Callable

from .._color import hex_code
from .._model import Model


def hex_codes(model: Model) -> list[str]:
    """The codes of the labels' colors, from dark to light."""
    return [hex_code(color) for color in model.rgb()]


def _as_css(codes: list[str]) -> str:
    return "\n".join([":root {", *(f"  --color-{label}: {code};" for label, code in enumerate(codes)), "}"])


def _as_gpl(codes: list[str]) -> str:
    lines = ("{:3} {:3} {:3}\t{}".format(*bytes.fromhex(code[1:]), code) for code in codes)
    return "\n".join(["GIMP Palette", "Name: skseg", "#", *lines])


FORMATS: dict[str, Callable[[list[str]], str]] = {"hex": "\n".join, "json": json.dumps, "gpl": _as_gpl, "css": _as_css}
