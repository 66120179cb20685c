"""Draw graphics of a few colors, such as charts and screenshots, and what happens to them: JPEG, scaling, noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

Rng = np.random.Generator

_SUPERSAMPLING = 4  # of drawings with anti-aliased edges
_LEAST_SHARE = 0.004  # of the pixels that have a color
_LETTERS = [*"abcdefghijklmnopqrstuvwxyzABCDEFGHIJK0123456789"]


class Canvas:
    """A label map to draw on, in pixels of the graphic."""

    def __init__(self, width: int, height: int, n_colors: int, scale: int) -> None:
        self.width, self.height, self.n_colors, self.scale = width, height, n_colors, scale
        self.image = Image.new("L", (width * scale, height * scale), 0)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[tuple[float, float]] | np.ndarray, label: int) -> None:
        self.draw.polygon(self._scaled(points), fill=int(label))

    def box(self, left: float, top: float, right: float, bottom: float, label: int) -> None:
        corners = np.array([left, top, right, bottom]) * self.scale
        self.draw.rectangle([*corners[:2], *(corners[2:] - 1)], fill=int(label))

    def disk(self, x: float, y: float, radius: float, label: int, flat: float = 1.0) -> None:
        box = np.array([x - radius, y - radius * flat, x + radius, y + radius * flat]) * self.scale
        self.draw.ellipse(box.tolist(), fill=int(label))

    def slice(self, x: float, y: float, radius: float, angles: Sequence[float], label: int) -> None:
        box = np.array([x - radius, y - radius, x + radius, y + radius]) * self.scale
        self.draw.pieslice(box.tolist(), angles[0], angles[1], fill=int(label))

    def line(self, points: Sequence[tuple[float, float]] | np.ndarray, width: float, label: int) -> None:
        self.draw.line(self._scaled(points), fill=int(label), width=max(1, round(width * self.scale)), joint="curve")

    def text(self, x: float, y: float, text: str, size: float, label: int) -> None:
        font = ImageFont.load_default(max(9, round(size)) * self.scale)
        self.draw.text((x * self.scale, y * self.scale), text, fill=int(label), font=font)

    def _scaled(self, points: Sequence[tuple[float, float]] | np.ndarray) -> list[tuple[float, float]]:
        return [(x, y) for x, y in (np.asarray(points, dtype=float) * self.scale).tolist()]


def _words(rng: Rng, n_words: int) -> str:
    return " ".join("".join(rng.choice(_LETTERS, rng.integers(2, 9))) for _ in range(n_words))


def _stripes(canvas: Canvas, rng: Rng) -> None:
    """Stripes, some of them slanted."""
    n_stripes = canvas.n_colors * int(rng.integers(1, 4))
    edges = np.cumsum(rng.uniform(0.5, 1.5, n_stripes + 1))
    slant = rng.choice([0, 0, 1]) * rng.uniform(-0.5, 0.5) * canvas.height
    edges = (edges - edges[0]) / np.ptp(edges) * (canvas.width + 2 * abs(slant)) - abs(slant)
    for number, (left, right) in enumerate(pairwise(edges)):
        bottom = canvas.height
        corners = [(left - slant, 0), (right - slant, 0), (right + slant, bottom), (left + slant, bottom)]
        canvas.polygon(corners, number % canvas.n_colors)


def _disks(canvas: Canvas, rng: Rng) -> None:
    """Disks and ellipses over each other."""
    labels, size = np.arange(1, canvas.n_colors), rng.uniform(0.04, 0.14) * canvas.height
    for label in [*rng.permutation(np.repeat(labels, rng.integers(2, 9))), *labels]:
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        canvas.disk(x, y, size * rng.uniform(0.6, 1.5), label, rng.choice([1.0, rng.uniform(0.7, 1.3)]))


def _crosses(canvas: Canvas, rng: Rng) -> None:
    """Crosses at any angle."""
    for label in np.repeat(np.arange(1, canvas.n_colors), rng.integers(1, 5)):
        center = rng.uniform(0.05, 0.95, 2) * [canvas.width, canvas.height]
        arm, width = canvas.height * rng.uniform(0.1, 0.35), canvas.height * rng.uniform(0.04, 0.16)
        angle = rng.choice([0, rng.uniform(0, np.pi / 2)])
        for turn in (angle, angle + np.pi / 2):
            reach = arm * np.array([np.cos(turn), np.sin(turn)])
            canvas.line(np.array([center - reach, center + reach]), width, label)


def _chart(canvas: Canvas, rng: Rng) -> None:
    """Bars, lines or a pie, with axes, labels and a legend; color 1 is that of the text."""
    width, height, series = canvas.width, canvas.height, list(range(2, canvas.n_colors)) or [1]
    left, top, right, bottom = 0.1 * width, 0.15 * height, 0.8 * width, 0.88 * height
    kind = rng.choice(["bars", "lines", "pie"])
    if kind == "pie":
        angles = 360 * np.cumsum([0, *rng.uniform(0.6, 1.5, len(series))])
        angles *= 360 / angles[-1]
        for number, label in enumerate(series):
            canvas.slice(0.4 * width, 0.5 * height, 0.35 * height, angles[number : number + 2].tolist(), label)
    elif kind == "lines":
        thickness, x = rng.uniform(2.5, 6), np.linspace(left, right, 9)
        for label in series:
            levels = np.clip(np.cumsum(rng.normal(0, 0.12, 9)) + rng.uniform(0.3, 0.7), 0.05, 0.95)
            canvas.line(np.stack([x, bottom - levels * (bottom - top)], axis=1), thickness, label)
    else:
        groups = int(rng.integers(3, 7))
        bar = (right - left) / groups / (len(series) + 0.6)
        for group in range(groups):
            for number, label in enumerate(series):
                start = left + group * (right - left) / groups + (number + 0.2) * bar
                canvas.box(start, bottom - rng.uniform(0.15, 1) * (bottom - top), start + 0.92 * bar, bottom, label)
    if kind != "pie":
        canvas.line([(left, top), (left, bottom), (right, bottom)], rng.uniform(1, 3), 1)
        for number in range(5):
            canvas.text(0.02 * width, top + number * (bottom - top) / 5, str(rng.integers(10, 99)), 0.04 * height, 1)
            canvas.text(left + number * (right - left) / 5, 0.9 * height, _words(rng, 1)[:4], 0.04 * height, 1)
    for number, label in enumerate(series):
        y = (0.15 + 0.09 * number) * height
        canvas.box(0.84 * width, y, 0.88 * width, y + 0.05 * height, label)
        canvas.text(0.89 * width, y, _words(rng, 1)[:5], 0.045 * height, 1)
    canvas.text(0.3 * width, 0.02 * height, _words(rng, 2), 0.06 * height, 1)


def _map(canvas: Canvas, rng: Rng) -> None:
    """Areas with wavy borders, and roads and names in the last color."""
    shape, n_areas = (canvas.height // 2, canvas.width // 2), max(canvas.n_colors - 1, 2)
    seeds = rng.uniform(0, 1, (n_areas * int(rng.integers(2, 5)), 2)) * shape
    waves = gaussian_filter(rng.normal(size=(*shape, 2)), (4, 4, 0)) * 40
    places = (np.moveaxis(np.mgrid[: shape[0], : shape[1]], 0, -1) + waves)[:, :, np.newaxis]
    areas = ((places - seeds) ** 2).sum(axis=-1).argmin(axis=-1) % n_areas
    large = np.asarray(Image.fromarray(areas.astype(np.uint8)).resize(canvas.image.size, Image.Resampling.NEAREST))
    smooth = [gaussian_filter((large == area).astype(np.float32), 1.2 * canvas.scale) for area in range(n_areas)]
    canvas.image.paste(Image.fromarray(np.argmax(smooth, axis=0).astype(np.uint8)))
    if n_areas < canvas.n_colors:
        size = np.array([canvas.width, canvas.height])
        for _ in range(rng.integers(2, 6)):
            steps = np.cumsum(rng.normal(0, 0.1, (6, 2)), axis=0) + rng.uniform(0.1, 0.9, 2)
            canvas.line(steps * size, rng.uniform(2, 5), n_areas)
            x, y = rng.uniform(0, 0.85, 2) * size
            canvas.text(x, y, _words(rng, 1), 0.05 * canvas.height, n_areas)


def _screenshot(canvas: Canvas, rng: Rng) -> None:
    """Lines of text, with a title bar, a side bar and buttons; color 1 is that of the text."""
    width, height, size = canvas.width, canvas.height, int(rng.integers(10, 17))
    top, left = (0.11 * height * (canvas.n_colors > 2), 0.22 * width * (canvas.n_colors > 3))
    if top:
        canvas.box(0, 0, width, top, 2)
        canvas.text(0.03 * width, 0.02 * height, _words(rng, 2), size, rng.integers(2))
    if left:
        canvas.box(0, top, left, height, 3)
    y = top + 4
    while y < height - size:
        canvas.text(left + 6, y, _words(rng, int(rng.integers(1, 7))), size, 1)
        y += size * rng.uniform(1.3, 2)
    for label in np.repeat(np.arange(4, canvas.n_colors), rng.integers(1, 4)):
        x, y = rng.uniform(0.25, 0.8) * width, rng.uniform(0.15, 0.88) * height
        canvas.box(x, y, x + rng.uniform(0.1, 0.2) * width, y + 0.09 * height, label)
        canvas.text(x + 4, y + 0.01 * height, _words(rng, 1)[:5], size, 0)


def _cartoon(canvas: Canvas, rng: Rng) -> None:
    """Faces with outlines in the last color."""
    outline, thickness, angles = canvas.n_colors - 1, rng.uniform(2, 5), np.linspace(0, 2 * np.pi, 60)
    labels = np.arange(1, max(outline, 2))
    for label in [*rng.permutation(np.repeat(labels, rng.integers(1, 4))), *labels]:
        x, y = rng.uniform(0.1, 0.9, 2) * [canvas.width, canvas.height]
        radius = rng.uniform(0.1, 0.26) * canvas.height
        waves = [rng.normal(0, 0.12) * np.cos(k * angles + rng.uniform(0, 6)) for k in (2, 3, 4)]
        edge = radius * (1 + np.sum(waves, axis=0))
        points = np.stack([x + edge * np.cos(angles), y + edge * np.sin(angles)], axis=1)
        canvas.polygon(points, label)
        canvas.line(points, thickness, outline)
        for side in (-0.3, 0.3):
            canvas.disk(x + side * radius, y - 0.2 * radius, 0.09 * radius, outline, 1.4)
        mouth = np.array([(-0.3, 0.3), (0, 0.42), (0.3, 0.3)]) * radius + [x, y]
        canvas.line(mouth, thickness, outline)


DRAWINGS: dict[str, Callable[[Canvas, Rng], None]] = {
    "stripes": _stripes,
    "disks": _disks,
    "crosses": _crosses,
    "charts": _chart,
    "maps": _map,
    "screenshots": _screenshot,
    "cartoons": _cartoon,
}


def draw(kind: str, seed: int) -> tuple[np.ndarray, int]:
    """A graphic as 8-bit RGB, and its number of colors, from 2 to 8; most have anti-aliased edges."""
    rng = np.random.default_rng([seed, [*DRAWINGS].index(kind)])
    n_colors = int(rng.integers(3 if kind in ("charts", "screenshots", "cartoons") else 2, 9))
    (width, height), scale = (
        rng.choice([(600, 360), (400, 300), (320, 240)]),
        rng.choice([1, _SUPERSAMPLING], p=[0.3, 0.7]),
    )
    shares = np.zeros(n_colors)
    while shares.min() < _LEAST_SHARE:
        canvas = Canvas(int(width), int(height), n_colors, int(scale))
        DRAWINGS[kind](canvas, rng)
        labels = np.asarray(canvas.image)
        shares = np.bincount(labels.ravel(), minlength=n_colors) / labels.size
    colors = _colors(rng, n_colors)[labels]
    means = colors.reshape(height, scale, width, scale, 3).mean(axis=(1, 3))
    return np.rint(255 * means).astype(np.uint8), n_colors


def _colors(rng: Rng, n_colors: int) -> np.ndarray:
    """Colors from 0 to 1 that are at least 0.2 to 0.3 apart; the first one is often white or dark."""
    least, first = rng.choice([0.2, 0.25, 0.3]), rng.choice([1.0, 0.1, np.nan])
    while True:
        colors = rng.uniform(0, 1, (n_colors, 3))
        colors[0] = colors[0] if np.isnan(first) else first
        gaps = np.linalg.norm(colors[:, np.newaxis] - colors, axis=-1)[np.triu_indices(n_colors, 1)]
        if gaps.min() > least:
            return colors


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """The image after JPEG."""
    file = BytesIO()
    Image.fromarray(image).save(file, "jpeg", quality=quality)
    return np.asarray(Image.open(file))


def resized(image: np.ndarray, factor: float) -> np.ndarray:
    """The image in another size, by Lanczos."""
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def _noisy(image: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 4, image.shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


VARIANTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "PNG": np.array,
    "JPEG 95": lambda image: jpeg(image, 95),
    "JPEG 85": lambda image: jpeg(image, 85),
    "JPEG 60": lambda image: jpeg(image, 60),
    "JPEG 30": lambda image: jpeg(image, 30),
    "half size": lambda image: resized(image, 0.5),
    "noise of 4": _noisy,
}
