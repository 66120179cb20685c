"""Pixels and distinct colors of photos that scikit-image and scikit-learn ship."""

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.datasets import load_sample_image

pictures = {
    "retina": data.retina(),
    "china": load_sample_image("china.jpg"),
    "flower": load_sample_image("flower.jpg"),
    "astronaut": data.astronaut(),
    "coffee": data.coffee(),
}
n_pixels = [picture.shape[0] * picture.shape[1] for picture in pictures.values()]
n_colors = [len(np.unique(picture.reshape(-1, 3), axis=0)) for picture in pictures.values()]

figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
places = np.arange(len(pictures))[::-1]
ax.barh(places + 0.2, n_pixels, height=0.38, color="#b8c4d6", label="pixels")
ax.barh(places - 0.2, n_colors, height=0.38, color="#0b63ce", label="distinct colors")
for place, pixels, colors in zip(places, n_pixels, n_colors, strict=True):
    ax.text(colors * 1.06, place - 0.2, f"{pixels / colors:.0f} times fewer", va="center", fontsize=9)
ax.set_yticks(places, list(pictures))
ax.set_xscale("log")
ax.set_xlim(1e4, 4e6)
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="lower right")
