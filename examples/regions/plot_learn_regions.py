"""
Learn regions from examples
===========================

The differences that separate two regions depend on the task. In photos, people separate objects. In a stained tissue,
only the stain may count. ``RegionSegmenter(cost="learn")`` learns these differences from a few images whose true
regions are known.
"""

# %%
# The brown stain marks a protein. Here, color deconvolution finds the true regions in all tiles of the image. In your
# own images, draw them by hand. Then every other strip of the scan is darkened.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2hed
from skimage.data import immunohistochemistry
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.segmentation import mark_boundaries
from sklearn.model_selection import GridSearchCV

from skseg import RegionSegmenter

photo = immunohistochemistry()
stain = gaussian_filter(rgb2hed(photo)[..., 2], 2)
stained = (stain > threshold_otsu(stain)).astype(int)
is_dark = np.arange(512)[:, np.newaxis, np.newaxis] // 48 % 2
scan = (photo * (1 - 0.3 * is_dark)).astype(np.uint8)
tiles = [np.s_[row : row + 128, column : column + 128] for row in range(0, 512, 128) for column in range(0, 512, 128)]
images = [scan[tile] for tile in tiles]
truths = [label(stained[tile], connectivity=1, background=-1) for tile in tiles]

# %%
# Every other tile is for learning. The default cost also separates strips and nuclei. Another scale helps, but the
# strips are stronger than the stain. Learning the cost helps more, as the covering of the true regions in the other
# tiles shows.

scales = {"scale": [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]}
segmenters = {
    "default": RegionSegmenter(min_size=20),
    "best scale": GridSearchCV(RegionSegmenter(min_size=20), scales, cv=2),
    "learned cost": RegionSegmenter(min_size=20, cost="learn"),
}
for name, segmenter in segmenters.items():
    segmenter.fit(images[::2], truths[::2])
    print(f"{name:13} {segmenter.score(images[1::2], truths[1::2]):.3f}")

# %%
# The figure shows the true regions and the three results in two tiles that were not used for learning.

figure, axes = plt.subplots(2, 4, figsize=(10, 5.4), layout="constrained")
for row, tile in zip(axes, (7, 11), strict=True):
    found = {name: segmenter.predict(images[tile : tile + 1])[0] for name, segmenter in segmenters.items()}
    for ax, (title, regions) in zip(row, {"truth": truths[tile], **found}.items(), strict=True):
        ax.imshow(mark_boundaries(images[tile], regions, (1, 1, 0)))
        ax.set(title=title, xticks=[], yticks=[])
plt.show()
