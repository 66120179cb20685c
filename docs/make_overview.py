"""Make the picture at the top of README.md: docs/images/overview.png."""

from pathlib import Path

import numpy as np
from PIL import Image
from skimage.segmentation import mark_boundaries
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter, RegionSegmenter

GAP, STRIP = 16, 36  # pixels between panels, and of a palette


def with_strip(panel, colors=None, shares=None):
    """A panel above the colors as wide as their shares; without colors, above nothing."""
    strip = np.zeros((GAP // 2 + STRIP, panel.shape[1], 4), dtype=np.uint8)
    if colors is not None:
        ends = np.rint(np.cumsum(shares) * panel.shape[1]).astype(int)
        columns = np.searchsorted(ends, np.arange(panel.shape[1]), side="right")
        strip[-STRIP:, :, :3] = colors[np.minimum(columns, len(colors) - 1)]
        strip[-STRIP:, :, 3] = 255
    opaque = np.dstack([panel, np.full(panel.shape[:2], 255, dtype=np.uint8)])
    return np.vstack([opaque, strip])


image = load_sample_image("flower.jpg")[:420]
panels = [with_strip(image)]
for n_clusters in (2, 10):
    segmenter = KMeansSegmenter(n_clusters, random_state=0).fit(image)
    colors = segmenter.palette_
    panels.append(with_strip(segmenter.transform(image), colors, segmenter.cluster_sizes_))
regions = RegionSegmenter().fit(image)
outlined = mark_boundaries(regions.transform(image), regions.predict(image), (1, 0.87, 0), background_label=-1)
panels.append(with_strip(np.rint(255 * outlined).astype(np.uint8)))

gap = np.zeros((len(panels[0]), GAP, 4), dtype=np.uint8)
rows = [part for panel in panels for part in (gap, panel)][1:]
picture = Image.fromarray(np.hstack(rows))
half = picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.LANCZOS)
half.save(Path(__file__).parent / "images" / "overview.png", optimize=True)
