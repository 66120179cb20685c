"""What the command says: pictures and clusters for people, or as JSON; the curve of a choice of K."""

from __future__ import annotations

import json
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from . import KMeansSegmenter
from ._batch import Batch, Picture
from ._palette import hex_codes
from .io._pictures import readable

_LISTED = 64  # clusters that are listed where the palette is not what was asked for


def report(
    batch: Batch,
    done: list[dict[str, Any]],
    segmenter: KMeansSegmenter | None,
    *,
    as_json: bool,
    n_listed: int | None = _LISTED,
) -> None:
    """Say what was done: each picture, and the clusters that they share."""
    clusters = [] if segmenter is None else clusters_of(segmenter)
    if as_json:
        failed = [{"image": image, "reason": reason} for image, reason in batch.failed.items()]
        click.echo(json.dumps({"images": done, "clusters": clusters, "failed": failed}, indent=2))
        return
    for entry in done:
        if entry.get("skipped"):
            click.echo(f"{entry['image']}: is done")
            continue
        files = ", ".join(map(readable, entry["files"]))
        click.echo(f"{entry['image']}: {entry['width']} × {entry['height']} pixels -> {files}")
        _show_clusters(entry.get("clusters", []), n_listed)
    if segmenter is not None:
        fewer = len(clusters) < segmenter.n_clusters
        click.echo(f"K = {len(clusters)}" + f" (of {segmenter.n_clusters}: there are no more colors)" * fewer)
        _show_clusters(clusters, n_listed)


def entry_of(picture: Picture, label_map: NDArray[Any], segmenter: KMeansSegmenter) -> dict[str, Any]:
    """What is said of a picture: its size and the share of each cluster."""
    n_clusters = len(segmenter.cluster_centers_)
    rows = np.ma.getdata(label_map)
    counts = np.zeros(n_clusters)
    for row in rows:  # all at once would take more memory
        counts += np.bincount(row[row >= 0], minlength=n_clusters)
    shares = (counts / max(counts.sum(), 1)).tolist()
    return {"image": str(picture), "width": rows.shape[1], "height": rows.shape[0], "shares": shares}


def clusters_of(segmenter: KMeansSegmenter) -> list[dict[str, Any]]:
    """What is said of the clusters."""
    parts = zip(
        hex_codes(segmenter), segmenter.cluster_centers_.tolist(), segmenter.cluster_sizes_.tolist(), strict=True
    )
    return [
        {"label": label, "color": color, "center": center, "share": share}
        for label, (color, center, share) in enumerate(parts)
    ]


def _show_clusters(clusters: list[dict[str, Any]], n_listed: int | None) -> None:
    """A line for each cluster: its color where the terminal can show it, its hex code and its share."""
    console = Console(highlight=False, soft_wrap=True)
    for cluster in clusters[:n_listed]:
        line = Text("  ").append("      ", style=f"on {cluster['color']}")
        console.print(line.append(f" {cluster['color']} {cluster['share']:7.2%}"))
    if left_out := len(clusters[n_listed:]) if n_listed else 0:
        console.print(f"  … and {left_out} more; skseg palette lists all")


def report_curve(batch: Batch, curve: list[dict[str, Any]], criterion: str, *, as_json: bool) -> None:
    """Say how each K did, and which is chosen."""
    chosen = best(curve)["n_clusters"]
    if as_json:
        failed = [{"image": image, "reason": reason} for image, reason in batch.failed.items()]
        about = {"criterion": criterion, "chosen": chosen, "candidates": curve, "failed": failed}
        click.echo(json.dumps(about, indent=2))
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"  K  {criterion:>18}  spread  explained", style="bold")
    for candidate in curve:
        is_chosen = candidate["n_clusters"] == chosen
        numbers = "{n_clusters:3}  {score:18.3f}  {spread:6.3f}  {explained:9.1%}".format(**candidate)
        console.print(numbers + "  chosen" * is_chosen, style="bold green" if is_chosen else None)


def best(curve: list[dict[str, Any]]) -> dict[str, Any]:
    """The candidate that is chosen."""
    return max(curve, key=lambda candidate: candidate["score"])
