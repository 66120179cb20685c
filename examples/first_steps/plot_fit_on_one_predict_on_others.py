"""
Fit on one image, predict on others
===================================

A fitted segmenter is a set of colors. It gives the same label to the same color in every image.
"""

# %%
# In this stained tissue, a protein is brown, cell nuclei are blue, and the background is nearly white. Three clusters
# are fitted to one quarter of the image, in Lab. Nuclei and background differ in lightness, so it gets full weight:
# ``channel_weights=None``.

import matplotlib.pyplot as plt
from skimage.data import immunohistochemistry

from skseg import KMeansSegmenter

tissue = immunohistochemistry()
quarters = [tissue[256:, :256], tissue[256:, 256:], tissue[:256, 256:], tissue[:256, :256]]
segmenter = KMeansSegmenter(n_clusters=3, color_space="lab", channel_weights=None, random_state=0).fit(quarters[0])

# %%
# Predict on all four quarters. Labels are numbered from dark to light: in every quarter, 0 is brown, 1 is blue, and 2
# is white. The stained areas are therefore comparable.

label_maps = segmenter.predict(quarters)
stained = [(labels == 0).mean() for labels in label_maps]

# %%
# The figure shows the quarters, and the same repainted in the three colors. In the last quarter, most nuclei within the
# brown are labeled as brown: they have taken on so much of its color that a model of colors alone cannot separate them.

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
