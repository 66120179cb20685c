"""
Measure stained tissue
======================

How much of a tissue section is stained? In HED space the channels are the amounts of the dyes hematoxylin, eosin and
DAB, so brown and blue are far apart however dark they are.
"""

# %%
# The section is from a colon: DAB has stained the protein FHL2 brown, hematoxylin the cell nuclei blue.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from skseg import ColorConverter, KMeansSegmenter, PaletteDisplay

tissue = immunohistochemistry()
dyes = ColorConverter("hed").fit_transform(tissue)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
axes[0].imshow(tissue)
axes[1].imshow(dyes[..., 0], cmap="Blues")
axes[2].imshow(dyes[..., 2], cmap="copper_r")
for ax, title in zip(axes, ["section", "hematoxylin", "DAB"], strict=True):
    ax.set_title(title)
    ax.set_axis_off()

# %%
# Three clusters in that space: DAB, hematoxylin, and the unstained rest. Labels go from dark to light.

segmenter = KMeansSegmenter(n_clusters=3, color_space="hed", random_state=0).fit(tissue)
painted = segmenter.transform(tissue)
figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
axes[0].imshow(painted)
axes[0].set_title("three clusters")
axes[0].set_axis_off()
PaletteDisplay.from_estimator(segmenter, ax=axes[1])

# %%
# Which cluster is DAB? The one whose color holds most of it. Its share is the measurement.

amounts = ColorConverter("hed").fit_transform(np.rint(segmenter.cluster_centers_).astype(np.uint8))
stained = int(np.argmax(amounts[:, 2]))
print(f"stained: cluster {stained}, {segmenter.cluster_sizes_[stained]:.1%} of the section")
plt.show()
