"""The colors of a segmenter's clusters, for screens, notebooks and the palettes of other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._color import hex_code, is_unit_range, to_unit


def label_colors(segmenter: Any) -> NDArray[np.float64]:
    """RGB of the labels from 0 to 1, (n_clusters, 3): the cluster colors, or grays if those are no RGB."""
    n_clusters = len(segmenter.cluster_centers_)
    colors = segmenter.inverse_transform(np.arange(n_clusters))
    if colors.shape[1] == 3 and is_unit_range(colors):
        return np.clip(to_unit(colors), 0, 1)
    return np.repeat(np.linspace(0, 1, n_clusters)[:, np.newaxis], 3, axis=1)


def hex_codes(segmenter: Any) -> list[str]:
    """The codes of the labels' colors, from dark to light."""
    return [hex_code(color) for color in label_colors(segmenter)]


def as_html(segmenter: Any) -> str:
    """A strip of the clusters' colors, as wide as their shares, with hex codes to hover over."""
    parts = list(zip(hex_codes(segmenter), segmenter.cluster_sizes_, strict=True))
    strips = "".join(
        f'<span title="{label}: {code}, {share:.1%}" style="background:{code};flex:{share:.4f};min-width:3px"></span>'
        for label, (code, share) in enumerate(parts)
    )
    text = ", ".join(f"{code} {share:.0%}" for code, share in parts)
    style = "display:flex;height:1.6em;width:100%;max-width:40em;margin:.4em 0;border-radius:4px;overflow:hidden"
    return f'<div role="img" aria-label="Clusters, from dark to light: {text}" style="{style}">{strips}</div>'


def _as_css(codes: list[str]) -> str:
    return "\n".join([":root {", *(f"  --color-{label}: {code};" for label, code in enumerate(codes)), "}"])


def _as_gpl(codes: list[str]) -> str:
    lines = ("{:3} {:3} {:3}\t{}".format(*bytes.fromhex(code[1:]), code) for code in codes)
    return "\n".join(["GIMP Palette", "Name: skseg", "#", *lines])


FORMATS: dict[str, Callable[[list[str]], str]] = {"hex": "\n".join, "json": json.dumps, "gpl": _as_gpl, "css": _as_css}
