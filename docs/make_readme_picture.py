"""Make docs/images/flower.png, the picture in README.md: original, K = 2, K = 10."""

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter

image = load_sample_image("flower.jpg")[:420]
painted = [KMeansSegmenter(n_clusters, random_state=0).fit_transform(image) for n_clusters in (2, 10)]
gap = np.full((len(image), 16, 3), 255, dtype=np.uint8)
strip = Image.fromarray(np.hstack([image, gap, painted[0], gap, painted[1]]))
strip.resize((strip.width // 2, strip.height // 2), Image.Resampling.LANCZOS).save(
    Path(__file__).parent / "images" / "flower.png", optimize=True
)
