"""
Color quantization: error and time
==================================

This example reduces a photo to 16 colors with skseg, scikit-learn on all pixels, scikit-learn on a sample of 1,000
pixels, and Pillow. It compares the error and the time.
"""

# %%
# In RGB with equal weights, k-means minimizes the mean squared error.

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image
from sklearn.utils import shuffle

from skseg import KMeansSegmenter

image, K = load_sample_image("china.jpg"), 16
rows = image.reshape(-1, 3) / 255


def kmeans(sample):
    model = KMeans(K, n_init=1, random_state=0).fit(sample)
    return np.rint(model.cluster_centers_[model.predict(rows)] * 255).astype(np.uint8).reshape(image.shape)


ways = {
    "skseg": lambda: KMeansSegmenter(K, color_space="rgb", random_state=0).fit_transform(image),
    "KMeans, all pixels": lambda: kmeans(rows),
    "KMeans, 1,000 pixels": lambda: kmeans(shuffle(rows, random_state=0, n_samples=1000)),
    "Pillow, median cut": lambda: Image.fromarray(image).quantize(K, dither=Image.Dither.NONE).convert("RGB"),
}

# %%
# Each method runs once, in the same process. The error is the mean squared distance of the colors, in RGB from 0 to
# 255. The figure shows an enlarged part of each image.

figure, axes = plt.subplots(1, 5, figsize=(13, 3.6), layout="constrained")
part = np.s_[175:265, 222:302]
axes[0].imshow(image[part])
axes[0].set_title("original\n")
for ax, (name, way) in zip(axes[1:], ways.items(), strict=True):
    start = perf_counter()
    painted = np.asarray(way())
    seconds = perf_counter() - start
    error = np.mean(np.sum((painted.astype(float) - image) ** 2, axis=-1))
    ax.imshow(painted[part])
    ax.set_title(f"{name}\n{seconds:.2g} s, error {error:.0f}")
    print(f"{name}: {seconds:.2g} s, error {error:.0f}")
for ax in axes:
    ax.set_axis_off()
plt.show()
