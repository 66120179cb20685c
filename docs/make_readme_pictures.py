"""Make the pictures in README.md: docs/images/flower.png and docs/images/cat.png."""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage.data import chelsea
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter, RegionSegmenter


def save_strip(name, pictures):
    """Pictures side by side, at half their size."""
    gap = np.full((len(pictures[0]), 16, 3), 255, dtype=np.uint8)
    strip = Image.fromarray(np.hstack([pictures[0], gap, pictures[1], gap, pictures[2]]))
    half = strip.resize((strip.width // 2, strip.height // 2), Image.Resampling.LANCZOS)
    half.save(Path(__file__).parent / "images" / name, optimize=True)


flower, cat = load_sample_image("flower.jpg")[:420], chelsea()
painted = [KMeansSegmenter(n_clusters, random_state=0).fit_transform(flower) for n_clusters in (2, 10)]
save_strip("flower.png", [flower, *painted])
save_strip(
    "cat.png", [cat, KMeansSegmenter(5, random_state=0).fit_transform(cat), RegionSegmenter().fit_transform(cat)]
)
