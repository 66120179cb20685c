"""
Fit on one image, predict on others
===================================

A fitted segmenter is a set of colors. Fitted on one image, it gives the same label to the same color in every other.
"""

# %%
# Stained tissue: brown is the protein that the stain was made for, blue are cell nuclei, the rest is nearly white.
# Three clusters are fitted on one quarter of the picture, in Lab. Here lightness tells nuclei from background, so it
# counts fully: ``channel_weights=None``.

import matplotlib.pyplot as plt
from skimage.data import immunohistochemistry

from skseg import KMeansSegmenter

tissue = immunohistochemistry()
quarters = [tissue[256:, :256], tissue[256:, 256:], tissue[:256, 256:], tissue[:256, :256]]
segmenter = KMeansSegmenter(n_clusters=3, color_space="lab", channel_weights=None, random_state=0).fit(quarters[0])

# %%
# Predict on all four. Labels are numbered from dark to light: 0 is brown, 1 blue, 2 white, in every quarter, so the
# stained areas compare.

label_maps = segmenter.predict(quarters)
stained = [(labels == 0).mean() for labels in label_maps]

# %%
# Top: the quarters. Bottom: painted in the three colors of the first one. Look at the nuclei: in the last quarter,
# those within the brown have taken on so much of it that most are brown to a model that knows colors only.

figure, axes = plt.subplots(2, 4, figsize=(11, 5.8), layout="constrained")
painted = segmenter.inverse_transform(label_maps)
for column, (quarter, repainted) in enumerate(zip(quarters, painted, strict=True)):
    axes[0, column].imshow(quarter)
    axes[0, column].set_title("fitted" if column == 0 else "predicted")
    axes[1, column].imshow(repainted)
    axes[1, column].set_xlabel(f"{stained[column]:.0%} stained")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
plt.show()
