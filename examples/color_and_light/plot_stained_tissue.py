"""
Dyes as channels
================

In HED space the channels of a tissue section are the amounts of its dyes: hematoxylin, eosin and DAB. Brown and blue
are far apart there, however dark they are, and ``channel_weights`` says how much each dye counts.
"""

# %%
# The section is from a colon: DAB has stained a protein brown, hematoxylin the cell nuclei blue.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from skseg import ColorConverter, KMeansSegmenter

tissue = immunohistochemistry()
dyes = ColorConverter("hed").fit_transform(tissue)
for dye, amounts in zip(("hematoxylin", "eosin", "DAB"), np.moveaxis(dyes, -1, 0), strict=True):
    print(f"{dye}: standard deviation {amounts.std():.3f}")

# %%
# DAB varies more than hematoxylin, so three clusters would be two shades of DAB and the rest. Eosin was not used and
# gets no weight; hematoxylin gets twice the weight of DAB, and the nuclei become a cluster.

segmenter = KMeansSegmenter(n_clusters=3, color_space="hed", channel_weights=[2, 0, 1], random_state=0).fit(tissue)
for color, share in zip(segmenter.cluster_centers_.round(), segmenter.cluster_sizes_, strict=True):
    print(f"RGB {color}: {share:.0%}")

# %%
# The section, the dyes, and the three clusters: stained tissue, nuclei, and the slide.

panels = {
    "section": (tissue, None),
    "hematoxylin": (dyes[..., 0], "Blues"),
    "DAB": (dyes[..., 2], "YlOrBr"),
    "three clusters": (segmenter.transform(tissue), None),
}
figure, axes = plt.subplots(2, 2, figsize=(8, 8.4), layout="constrained")
for ax, (title, (panel, cmap)) in zip(axes.flat, panels.items(), strict=True):
    ax.imshow(panel, cmap=cmap, vmin=np.quantile(panel, 0.01), vmax=np.quantile(panel, 0.99))
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
