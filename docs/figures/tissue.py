"""Stained tissue: the section, its classes, and the outline of the positive area."""

import matplotlib.pyplot as plt
from skimage.data import immunohistochemistry
from skimage.segmentation import mark_boundaries

from skseg import KMeansSegmenter, clean_labels

section = immunohistochemistry()
segmenter = KMeansSegmenter(4, color_space="lab", channel_weights=None, random_state=0).fit(section)
positive = clean_labels((segmenter.labels_ <= 1).astype(int), 200, [[0], [1]])
panels = {
    "section": section,
    "four classes": segmenter.transform(section),
    "positive area": mark_boundaries(section, positive, (1, 0.87, 0), (0, 0, 0), background_label=-1),
}
figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
for ax, (title, panel) in zip(axes, panels.items(), strict=True):
    ax.imshow(panel)
    ax.set(title=title, xticks=[], yticks=[])
names = ["DAB, strong", "DAB, weak", "nuclei", "slide"]
colors = segmenter.cluster_centers_ / 255
patches = [plt.Rectangle((0, 0), 1, 1, facecolor=color, edgecolor="gray") for color in colors]
figure.legend(patches, names, loc="outside lower center", ncols=4, frameon=False)
