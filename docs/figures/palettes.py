"""A photo, its palette, the photo in it, and the photo in given colors."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter, PaletteDisplay

photo = load_sample_image("china.jpg")
segmenter = KMeansSegmenter(6, color_space="oklab", random_state=0).fit(photo)
palette = np.array([[33, 39, 56], [176, 66, 52], [221, 178, 95], [244, 238, 221]], dtype=np.uint8)
poster = KMeansSegmenter(4, init=palette, color_space="oklab").fit(palette)

figure, axes = plt.subplots(2, 2, figsize=(9, 6.2), layout="constrained")
PaletteDisplay.from_estimator(segmenter, ax=axes[0, 1])
axes[0, 1].set_title("its six colors")
pictures = {
    "photo": photo,
    "in these colors": segmenter.transform(photo),
    "in four given colors": poster.transform(photo),
}
for ax, (title, picture) in zip(axes.flat[[0, 2, 3]], pictures.items(), strict=True):
    ax.imshow(picture)
    ax.set(title=title, xticks=[], yticks=[])
