"""
The classic: an image in 2 and in 10 colors
===========================================

Load an image, convert it from RGB to HSV, see it as a table of pixels, run k-means with K clusters, and repaint the
image by its labels.
"""

# %%
# The image as k-means sees it: every pixel is a row of three numbers. The color step is a transformer of its
# own. It turns hue into an angle, so that reds on both sides of 0° stay neighbors, and lets lightness count half.

import matplotlib.pyplot as plt
from skimage.data import coffee

from skseg import ColorConverter, KMeansSegmenter

image = coffee()
converter = ColorConverter("hsv")
hsv = converter.fit_transform(image)
print(f"{image.shape} {image.dtype} -> {hsv.shape} {hsv.dtype}: {', '.join(converter.get_feature_names_out())}")

# %%
# ``KMeansSegmenter`` does all of it: convert, cluster, label, repaint.

segmenters = {k: KMeansSegmenter(n_clusters=k, random_state=0).fit(image) for k in (2, 10)}

# %%
# With two clusters, the orange of wood and coffee is set apart from all that has little color, be it white or black.
# Ten colors show most of the details. Labels are numbered from the darkest cluster to the lightest, so the label
# map can be shown as it is.

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
