"""A photo, its outlines with numbers, a chart of stitches, and layers to cut."""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, label, maximum_position
from skimage.data import coffee
from skimage.segmentation import find_boundaries

from skseg import KMeansSegmenter, choose_colors, clean_labels, io

THREADS = """GIMP Palette
255 255 255
0 0 0
152 94 51
203 144 81
228 187 142
101 57 25
209 88 7
172 84 20
73 42 19
255 139 0
"""

photo = coffee()
figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained")

painter = KMeansSegmenter(8, random_state=0).fit(photo)
parts = clean_labels(painter.labels_, 300, painter.palette_)
outlines = np.where(find_boundaries(np.kron(parts, np.ones((3, 3), dtype=int)), mode="inner"), 130, 255)
axes[0, 1].imshow(outlines, cmap="gray", vmin=0, vmax=255, extent=(0, 600, 400, 0))
for color in range(8):
    numbered, n_parts = label(parts == color)
    depth = distance_transform_edt(np.pad(numbered > 0, 1))[1:-1, 1:-1]
    for y, x in maximum_position(depth, numbered, range(1, n_parts + 1)):
        axes[0, 1].text(x, y, color, size=min(7, 0.5 * depth[y, x]), ha="center", va="center", color="0.3")

with TemporaryDirectory() as folder:
    Path(folder, "threads.gpl").write_text(THREADS)
    chart = io.load_palette(Path(folder, "threads.gpl")).colors
small = np.asarray(Image.fromarray(photo).resize((60, 40), Image.Resampling.BOX))
chosen = chart[choose_colors(small, chart, 6, color_space="oklab")]
stitched = KMeansSegmenter(6, init=chosen, color_space="oklab").fit(chosen).transform(small)
axes[1, 0].imshow(stitched, extent=(0, 60, 40, 0))
axes[1, 0].hlines(range(0, 41, 10), 0, 60, color="k", linewidth=0.6)
axes[1, 0].vlines(range(0, 61, 10), 0, 40, color="k", linewidth=0.6)

cutter = KMeansSegmenter(3, random_state=0).fit(photo)
axes[1, 1].imshow(cutter.palette_[clean_labels(cutter.labels_, 800, cutter.palette_)])
axes[0, 0].imshow(photo)
for ax, title in zip(axes.flat, ("photo", "paint by numbers", "stitches in six threads", "layers to cut"), strict=True):
    ax.set(title=title, xticks=[], yticks=[])
