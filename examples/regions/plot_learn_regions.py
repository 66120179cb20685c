"""
Regions that learn from true ones
=================================

How different two parts must be to be two regions depends on the question. In photos of all kinds, people separate
objects. In a stained tissue, only the stain may count, and not each nucleus. ``RegionSegmenter(cost="learn")`` learns
from a few images whose true regions are known what separates them.
"""

# %%
# The brown stain marks a protein. Where it is, color deconvolution tells: here that is the truth, made for all tiles of
# the image. On your images, draw it.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2hed
from skimage.data import immunohistochemistry
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.segmentation import mark_boundaries
from sklearn.model_selection import GridSearchCV

from skseg import RegionSegmenter, metrics

photo = immunohistochemistry()
stain = gaussian_filter(rgb2hed(photo)[..., 2], 2)
stained = (stain > threshold_otsu(stain)).astype(int)
tiles = [np.s_[row : row + 128, column : column + 128] for row in range(0, 512, 128) for column in range(0, 512, 128)]
images = [photo[tile] for tile in tiles]
truths = [label(stained[tile], connectivity=1, background=-1) for tile in tiles]

# %%
# Every other tile is for learning. The default cost separates more than the stain. Another scale helps, and learning
# the cost as well helps more: the covering of the true regions in the other tiles is

learn_from, judge_by = slice(0, None, 2), slice(1, None, 2)
scales = {"scale": np.round(np.arange(0.3, 0.95, 0.1), 1)}
segmenters = {
    "default": RegionSegmenter(min_size=20),
    "best scale": GridSearchCV(RegionSegmenter(min_size=20), scales, cv=4),
    "learned cost": GridSearchCV(RegionSegmenter(min_size=20, cost="learn"), scales, cv=4),
}
for name, segmenter in segmenters.items():
    segmenter.fit(images[learn_from], truths[learn_from])
    covering = metrics.covering(truths[judge_by], segmenter.predict(images[judge_by]))
    print(f"{name:13} {covering:.3f}")

# %%
# The truth of a tile, and the three results.

tile = 5
panels = {"truth": truths[tile]} | {
    name: segmenter.predict([images[tile]])[0] for name, segmenter in segmenters.items()
}
figure, axes = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")
for ax, (title, regions) in zip(axes, panels.items(), strict=True):
    ax.imshow(mark_boundaries(images[tile], regions, (1, 1, 0)))
    ax.set_title(title)
    ax.set_axis_off()
plt.show()

# %%
# The weights say what counts. A smooth border counts more than a sharp one here: stain has the one, nuclei the other.

print({name: round(weight, 2) for name, weight in segmenters["learned cost"].best_estimator_.weights_.items()})
