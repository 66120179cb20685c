"""A flower: the photo, the class of the petals, and the largest flower alone."""

import matplotlib.pyplot as plt
import numpy as np
from skimage.measure import label
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter, clean_labels

photo = load_sample_image("flower.jpg")
classes = clean_labels(KMeansSegmenter(2, random_state=0).fit_predict(photo), 500, [[0], [1]])
flowers = label(classes == 1)
largest = flowers == np.bincount(flowers[flowers > 0]).argmax()
rows, columns = (np.flatnonzero(largest.any(axis=axis)) for axis in (1, 0))


def faded(mask):
    """The photo, pale outside a mask."""
    return np.where(mask[..., np.newaxis], photo, 255 - (255 - photo) // 4)


figure, axes = plt.subplots(1, 3, figsize=(11, 2.8), layout="constrained")
for ax, (title, panel) in zip(
    axes, {"photo": photo, "in bloom": faded(classes == 1), "largest flower": faded(largest)}.items(), strict=True
):
    ax.imshow(panel)
    ax.set(title=title, xticks=[], yticks=[])
corner, width, height = (columns[0], rows[0]), columns[-1] - columns[0], rows[-1] - rows[0]
axes[2].add_patch(plt.Rectangle(corner, width, height, fill=False, edgecolor="crimson", linewidth=1.5))
