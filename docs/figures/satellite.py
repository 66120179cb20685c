"""A satellite image: true color, false color, and land cover."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from skimage.exposure import rescale_intensity
from tifffile import imread

from skseg import KMeansSegmenter

COLORS = {"water": "#2b6ca3", "vegetation": "#3d8b40", "town": "#b5a397", "bare ground and roofs": "#efdfb4"}


def stretched(bands):
    """Three bands from their second to their 98th percentile."""
    limits = np.percentile(bands, (2, 98), axis=(0, 1)).T
    return np.dstack(
        [rescale_intensity(bands[..., each], tuple(limits[each]), (0.0, 1.0)) for each in range(bands.shape[-1])]
    )


scene = imread("../images/olinda.tif")
cover = KMeansSegmenter(4, channel_weights="scale", random_state=0).fit_predict(scene)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.9), layout="constrained")
axes[0].imshow(stretched(scene[..., [2, 1, 0]]))
axes[1].imshow(stretched(scene[..., [3, 2, 1]]))
axes[2].imshow(cover, cmap=ListedColormap(list(COLORS.values())), interpolation="nearest")
for ax, title in zip(axes, ["red, green, blue", "near infrared, red, green", "land cover"], strict=True):
    ax.set(title=title, xticks=[], yticks=[])
patches = [plt.Rectangle((0, 0), 1, 1, facecolor=color) for color in COLORS.values()]
figure.legend(patches, list(COLORS), loc="outside lower right", ncols=4, frameon=False)
