"""
Stains as channels
==================

In the color space HED, the channels of a tissue section are the amounts of its stains: hematoxylin, eosin and DAB.
Brown and blue are far apart there, however dark they are. ``channel_weights`` sets the weight of each stain.
"""

# %%
# In this section of a colon, DAB has stained a protein brown, and hematoxylin the cell nuclei blue.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from skseg import ColorConverter, KMeansSegmenter

tissue = immunohistochemistry()
stains = ColorConverter("hed").fit_transform(tissue)
for stain, amounts in zip(("hematoxylin", "eosin", "DAB"), np.moveaxis(stains, -1, 0), strict=True):
    print(f"{stain}: standard deviation {amounts.std():.3f}")

# %%
# DAB varies more than hematoxylin, so with equal weights, three clusters would be two shades of DAB and the rest. With
# twice the weight for hematoxylin, the nuclei become a cluster. Eosin was not used and gets weight 0.

segmenter = KMeansSegmenter(n_clusters=3, color_space="hed", channel_weights=[2, 0, 1], random_state=0).fit(tissue)
for color, share in zip(segmenter.cluster_centers_.round(), segmenter.cluster_sizes_, strict=True):
    print(f"RGB {color}: {share:.0%}")

# %%
# The figure shows the section, its stains, and the three clusters: DAB, nuclei, and the slide.

panels = {
    "section": (tissue, None),
    "hematoxylin": (stains[..., 0], "Blues"),
    "DAB": (stains[..., 2], "YlOrBr"),
    "three clusters": (segmenter.transform(tissue), None),
}
figure, axes = plt.subplots(2, 2, figsize=(8, 8.4), layout="constrained")
for ax, (title, (panel, cmap)) in zip(axes.flat, panels.items(), strict=True):
    ax.imshow(panel, cmap=cmap, vmin=np.quantile(panel, 0.01), vmax=np.quantile(panel, 0.99))
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
