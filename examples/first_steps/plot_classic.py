"""
The classic: an image in 2 and in 10 colors
===========================================

Load an image, convert it from RGB to HSV, cluster its pixels by k-means, and repaint it in the cluster colors.
"""

# %%
# ``ColorConverter`` converts the colors to the space of the clustering. Hue becomes an angle, so reds on both sides of
# 0° are close. Lightness counts half.

import matplotlib.pyplot as plt
from skimage.data import coffee

from skseg import ColorConverter, KMeansSegmenter

image = coffee()
converter = ColorConverter("hsv")
hsv = converter.fit_transform(image)
print(f"{image.shape} {image.dtype} -> {hsv.shape} {hsv.dtype}: {', '.join(converter.get_feature_names_out())}")

# %%
# ``KMeansSegmenter`` converts the colors itself, clusters them, and labels and repaints images.

segmenters = {k: KMeansSegmenter(n_clusters=k, random_state=0).fit(image) for k in (2, 10)}

# %%
# With two clusters, the orange of wood and coffee is separated from white and black. Ten colors show most of the
# details. Labels are numbered from the darkest cluster to the lightest, so a label map looks similar to its image.

figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained")
panels = {
    "original": image,
    "K = 2": segmenters[2].transform(image),
    "K = 10": segmenters[10].transform(image),
    "labels, K = 10": segmenters[10].labels_,
}
for ax, (title, panel) in zip(axes.flat, panels.items(), strict=True):
    ax.imshow(panel, cmap="viridis")
    ax.set(title=title, xticks=[], yticks=[])
plt.show()
