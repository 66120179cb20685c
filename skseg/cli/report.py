"""Print results as text or as JSON: images, clusters, and the scores of each K."""

import json
from collections.abc import Callable, Iterator, Sequence
from colorsys import rgb_to_hsv
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.text import Text

from .._balancer import WhiteBalancer
from .._checks import plural
from .._color import OF_DTYPE, hex_code, shown_as
from .._model import Model
from .._names import readable
from .._segmenter import KMeansSegmenter
from ..metrics._selection import verdict
from .batch import Batch

_MAX_LISTED = 64  # clusters, except in `skseg palette`


def report(
    batch: Batch,
    done: list[dict[str, Any]],
    segmenter: KMeansSegmenter | None,
    *,
    as_json: bool,
    shares: Sequence[float | None] | None = None,
    names: Sequence[str] | None = None,
    balancers: Sequence[WhiteBalancer] = (),
    order: str = "lightness",
    n_listed: int | None = _MAX_LISTED,
) -> None:
    """Print each image, the light and the common clusters, by default with their shares in the fitted images."""
    clusters = [] if segmenter is None else sort_clusters(clusters_of(segmenter, shares, names), order)
    light = light_of(balancers)
    if as_json:
        found = {} if segmenter is None else {"value_range": segmenter.value_range_}
        _echo_json(batch, images=done, **light, clusters=clusters, **found)
        return
    for entry in done:
        if entry.get("skipped"):
            click.echo(f"{entry['image']}: is done")
            continue
        files = ", ".join(map(readable, entry["files"]))
        regions = f", {plural(entry['n_regions'], 'region')}" if "n_regions" in entry else ""
        own_light = f", light {entry['light']}" if "light" in entry else ""
        bands = f" of {', '.join(entry['bands'])}" if "bands" in entry else ""
        bits = f", {words}" if (words := _range_in_words(entry.get("value_range", (0, 1)))) else ""
        size = f"{entry['width']} × {entry['height']} pixels{bands}{bits}"
        click.echo(f"{entry['image']}: {size}{regions}{own_light} -> {files}")
        _show_clusters(entry.get("clusters", []), n_listed)
    if light:
        click.echo(f"Light {light['light']}")
    if segmenter is not None:
        fewer = len(clusters) < segmenter.n_clusters
        click.echo(f"K = {len(clusters)}" + f" (of {segmenter.n_clusters}: there are no more colors)" * fewer)
        for fact in _facts_of(batch, segmenter):
            click.echo(f"  {fact}")
        _show_clusters(clusters, n_listed)


def _facts_of(batch: Batch, segmenter: KMeansSegmenter) -> Iterator[str]:
    """What the colors are numbers of, if they are not RGB or gray of 8 bits, nor used as they are."""
    if words := _range_in_words(segmenter.value_range_):
        yield words
    names = batch.pictures[0].band_names if batch.pictures else ()
    if channels := shown_as(segmenter.n_features_in_, names):
        yield f"colors: {'bands ' * (not names)}{channels}"


def _range_in_words(value_range: tuple[float, float]) -> str:
    """The range of the numbers, or nothing if they have 8 bits or are used as they are."""
    low, high = value_range
    if low == 0 and high in (1, 255):
        return ""
    n_bits = float(np.log2(high + 1)) if low == 0 < high else 0.5
    return f"{n_bits:g} bits: 0 to {high:g}" if n_bits.is_integer() else f"range of values: {low:g} to {high:g}"


def _echo_json(batch: Batch, **about: object) -> None:
    failed = [{"image": image, "reason": reason} for image, reason in batch.failed.items()]
    click.echo(json.dumps(about | {"failed": failed}, indent=2))


def shares_of(done: list[dict[str, Any]], n_clusters: int) -> list[float] | list[None]:
    """Share of each cluster in all labeled images; None for each if there are none."""
    labeled = [entry for entry in done if entry.get("n_pixels")]
    if not labeled:
        return [None] * n_clusters
    shares, weights = [entry["shares"] for entry in labeled], [entry["n_pixels"] for entry in labeled]
    return list(np.average(shares, axis=0, weights=weights).tolist())


def light_of(balancers: Sequence[WhiteBalancer]) -> dict[str, str]:
    """The light that the first balancer has measured, as JSON: a color, or numbers of other channels than three."""
    if not balancers:
        return {}
    light = balancers[0].light_
    is_color = len(light) == 3 and OF_DTYPE.holds(light)
    return {"light": hex_code(light) if is_color else ", ".join(f"{number:.4g}" for number in light)}


def sort_clusters(clusters: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """Clusters by their lightness, as they are, or by their share, the largest first, or by their hue, grays first."""
    keys: dict[str, Callable[[dict[str, Any]], Any]] = {
        "lightness": lambda cluster: cluster["label"],
        "share": lambda cluster: -cluster["share"],
        "hue": lambda cluster: rgb_to_hsv(*(channel / 255 for channel in bytes.fromhex(cluster["color"][1:]))),
    }
    return sorted(clusters, key=keys[order])


def clusters_of(
    segmenter: KMeansSegmenter,
    shares: Sequence[float | None] | None = None,
    names: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """The clusters as JSON: label, color, name if they have names, center, and share, by default in fitted images."""
    shares = segmenter.cluster_sizes_.tolist() if shares is None else shares
    parts = zip(hex_codes(segmenter._model), segmenter.cluster_centers_.tolist(), shares, strict=True)
    return [
        {"label": label, "color": color}
        | ({"name": names[label]} if names else {})
        | {"center": center, "share": share}
        for label, (color, center, share) in enumerate(parts)
    ]


def _show_clusters(clusters: list[dict[str, Any]], n_listed: int | None) -> None:
    """Print a line for each cluster: its color if the terminal shows it as it is, its hex code and its share."""
    console = Console(highlight=False, soft_wrap=True)
    has_all_colors = console.color_system == "truecolor"
    for cluster in clusters[:n_listed]:
        line = Text("  ").append("      ", style=f"on {cluster['color']}") if has_all_colors else Text(" ")
        share = "" if cluster["share"] is None else f" {cluster['share']:7.2%}"
        console.print(line.append(f" {cluster['color']}{share}{'  ' * ('name' in cluster)}{cluster.get('name', '')}"))
    if left_out := len(clusters[n_listed:]) if n_listed else 0:
        console.print(f"  … and {left_out} more; skseg palette lists all")


def report_curve(batch: Batch, curve: list[dict[str, Any]], criterion: str, *, as_json: bool) -> None:
    """Print the score of each K, which is chosen, and which others score nearly as well."""
    chosen, runners_up = choice(curve)
    if as_json:
        _echo_json(batch, criterion=criterion, chosen=chosen, runners_up=runners_up, candidates=curve)
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"  K  {criterion:>18}  spread  explained", style="bold")
    for candidate in curve:
        is_chosen = candidate["n_clusters"] == chosen
        numbers = "{n_clusters:3}  {score:18.3f}  {spread:6.3f}  {explained:9.1%}".format(**candidate)
        remark = "  chosen" if is_chosen else "  nearly as good" * candidate["near_best"]
        console.print(numbers + remark, style="bold green" if is_chosen else None)
    click.echo(f"{verdict(chosen, runners_up)}.")


def choice(curve: list[dict[str, Any]]) -> tuple[int, list[int]]:
    """The number of clusters that scores best, and those that score nearly as well."""
    chosen: int = max(curve, key=lambda candidate: candidate["score"])["n_clusters"]
    near = [candidate["n_clusters"] for candidate in curve if candidate["near_best"]]
    return chosen, [n_clusters for n_clusters in near if n_clusters != chosen]


def hex_codes(model: Model) -> list[str]:
    """The codes of the labels' colors, from dark to light."""
    return [hex_code(color) for color in model.rgb]


def _as_css(codes: list[str]) -> str:
    return "\n".join([":root {", *(f"  --color-{label}: {code};" for label, code in enumerate(codes)), "}"])


def _as_gpl(codes: list[str]) -> str:
    lines = ("{:3} {:3} {:3}\t{}".format(*bytes.fromhex(code[1:]), code) for code in codes)
    return "\n".join(["GIMP Palette", "Name: skseg", "#", *lines])


FORMATS: dict[str, Callable[[list[str]], str]] = {"hex": "\n".join, "json": json.dumps, "gpl": _as_gpl, "css": _as_css}
