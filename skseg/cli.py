"""The command `skseg`: segment picture files from the shell. Thin over the library."""

from __future__ import annotations

import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data
from sklearn.exceptions import ConvergenceWarning

from . import KMeansSegmenter, __version__
from ._color import COLOR_SPACES, to_unit
from .io import ImageFile

_RESULTS = ("segmented", "labels")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def app() -> None:
    """Segment images by color with k-means."""


@app.command()
@click.argument("images", metavar="[IMAGE]...", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "-k", "--n-clusters", type=click.IntRange(1, 255), default=10, show_default=True, help="Number of clusters."
)
@click.option(
    "--color-space",
    type=click.Choice(list(COLOR_SPACES)),
    default="hsv",
    show_default=True,
    help="Color space to cluster in.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default="skseg-output",
    show_default=True,
    help="Directory for the results; made if it does not exist.",
)
def segment(images: tuple[Path, ...], n_clusters: int, color_space: str, output_dir: Path) -> None:
    """Segment pictures and write for each NAME-segmented.png and NAME-labels.png.

    One set of clusters is fitted to all IMAGEs together. Transparent pixels take no part. Without an IMAGE, the
    coffee picture of scikit-image is segmented.

    NAME-labels.png is an indexed PNG: its pixel values are the labels, from 0 for the darkest cluster, and its
    palette is the cluster colors.
    """
    if images:
        names, pictures = _unique_names(images), [_read(path) for path in images]
        _check_not_overwritten(images, [output_dir / f"{name}-{kind}.png" for name in names for kind in _RESULTS])
    else:
        names, pictures = ["coffee"], [data.coffee()]
        click.echo("No IMAGE given: segmenting the coffee picture that scikit-image ships.")
    start = perf_counter()
    segmenter = KMeansSegmenter(n_clusters, color_space=color_space, random_state=0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the line with K says how many clusters there are
            label_maps = segmenter.fit_predict(pictures)
        painted = segmenter.transform(pictures)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    seconds = perf_counter() - start

    palette = _to_octets(segmenter.inverse_transform(np.arange(len(segmenter.cluster_centers_))))
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        for name, labels, picture in zip(names, label_maps, painted, strict=True):
            _write_painted(picture, output_dir / f"{name}-segmented.png")
            _write_labels(labels, palette, output_dir / f"{name}-labels.png")
    except OSError as error:
        raise click.ClickException(f"Cannot write to {output_dir}: {error}") from error
    for name, labels in zip(names, label_maps, strict=True):
        height, width = labels.shape
        click.echo(f"{name}: {width} × {height} pixels -> {output_dir / name}-segmented.png, -labels.png")
    fewer = f" (of {n_clusters}: there are no more colors)" if len(palette) < n_clusters else ""
    click.echo(f"K = {len(palette)}{fewer} in {color_space}, {seconds:.2f} s")
    for color, share in zip(palette, segmenter.cluster_sizes_, strict=True):
        click.echo(_swatch(color, share))


def _unique_names(paths: tuple[Path, ...]) -> list[str]:
    """A name per path for its results; paths that share one are told apart by a number."""
    names: list[str] = []
    for path in paths:
        name, number = path.stem, 2
        while name in names:
            name, number = f"{path.stem}-{number}", number + 1
        names.append(name)
    return names


def _check_not_overwritten(inputs: tuple[Path, ...], outputs: list[Path]) -> None:
    for path in {path.resolve() for path in inputs} & {path.resolve() for path in outputs}:
        raise click.ClickException(f"{path} is given as an IMAGE and would be overwritten; choose another directory.")


def _read(path: Path) -> NDArray[Any]:
    """The picture in a file, masked where it is transparent."""
    try:
        picture = np.asanyarray(ImageFile(path))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if picture.shape[-1] != 3 or picture.dtype not in (np.uint8, np.uint16, np.bool_):
        raise click.ClickException(
            f"{path} holds {picture.shape[-1]} channels of {picture.dtype}; "
            "give gray or RGB of 8 or 16 bits, or black-and-white pictures."
        )
    return picture


def _write_painted(picture: NDArray[Any], path: Path) -> None:
    """Write a repainted picture as PNG, transparent where it is masked."""
    octets = _to_octets(np.ma.getdata(picture))
    if isinstance(picture, np.ma.MaskedArray):
        opaque = ~np.ma.getmaskarray(picture)[..., :1]
        octets = np.concatenate([octets, 255 * opaque.astype(np.uint8)], axis=-1)
    Image.fromarray(octets).save(path)


def _write_labels(labels: NDArray[Any], palette: NDArray[np.uint8], path: Path) -> None:
    """Write a label map as indexed PNG in the cluster colors; masked pixels are transparent, past the last label."""
    image = Image.fromarray(np.ma.filled(labels, len(palette)).astype(np.uint8))
    image.putpalette(np.vstack([palette, np.zeros((1, 3), dtype=np.uint8)]).tobytes())
    if isinstance(labels, np.ma.MaskedArray):
        image.info["transparency"] = len(palette)
    image.save(path)


def _to_octets(colors: NDArray[Any]) -> NDArray[np.uint8]:
    return np.rint(to_unit(colors) * 255).astype(np.uint8)


def _swatch(color: NDArray[np.uint8], share: float) -> str:
    """A line with a color, its hex code and its share, the color itself shown where the terminal can."""
    red, green, blue = (int(channel) for channel in color)
    return f"  {click.style('      ', bg=(red, green, blue))} #{red:02x}{green:02x}{blue:02x} {share:7.2%}"
