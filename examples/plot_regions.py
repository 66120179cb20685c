"""
From classes of colors to regions
=================================

Coins on a table, cells on a slide: things of one color are one class, but many regions. ``RegionSegmenter`` finds
connected regions, and its hierarchy has them at every scale.
"""

# %%
# The classes of the cup are all over the photo.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee

from skseg import KMeansSegmenter, RegionDisplay, RegionSegmenter

photo = coffee()
classes = KMeansSegmenter(n_clusters=4, random_state=0).fit(photo)
segmenter = RegionSegmenter().fit(photo)
regions = segmenter.predict(photo)
print(f"{len(classes.cluster_centers_)} classes, {regions.max() + 1} regions")

figure, axes = plt.subplots(1, 3, figsize=(12, 3), layout="constrained")
panels = {"photo": photo, "classes": classes.transform(photo), "regions": segmenter.transform(photo)}
for ax, (title, panel) in zip(axes, panels.items(), strict=True):
    ax.imshow(panel)
    ax.set_title(title)
    ax.set_axis_off()

# %%
# The tree of mergers is computed once. Cutting it at another scale, or at a number of regions, costs nothing.

hierarchy = segmenter.hierarchy(photo)
print({n: round(float(hierarchy.scales[hierarchy.n_regions - n]), 2) for n in (2, 5, 20)})
RegionDisplay.from_estimator(segmenter, photo)

# %%
# How likely people are to see each boundary: the likelier, the darker.

figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
axes[0].imshow(hierarchy.boundaries(), cmap="gray_r")
axes[0].set_title("boundaries")
axes[1].imshow(np.random.default_rng(1).permutation(regions.max() + 1)[regions], cmap="nipy_spectral")
axes[1].set_title("regions, colored at random")
for ax in axes:
    ax.set_axis_off()
plt.show()
