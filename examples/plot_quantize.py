"""
Color quantization: error and time
==================================

A picture in 64 colors: how far is it from the original, and how long does it take? Against scikit-learn on all pixels,
scikit-learn on a sample of 1,000 pixels, and Pillow.
"""

# %%
# In RGB, with all channels alike, k-means makes the mean squared error as small as it can.

from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image
from sklearn.utils import shuffle

from skseg import KMeansSegmenter

image = load_sample_image("china.jpg")
N_COLORS = 64


def with_skseg():
    return KMeansSegmenter(N_COLORS, color_space="rgb", random_state=0).fit_transform(image)


def with_kmeans(n_samples=None):
    rows = image.reshape(-1, 3) / 255
    sample = rows if n_samples is None else shuffle(rows, random_state=0, n_samples=n_samples)
    kmeans = KMeans(N_COLORS, n_init=1, random_state=0).fit(sample)
    painted = kmeans.cluster_centers_[kmeans.predict(rows)]
    return np.rint(painted * 255).astype(np.uint8).reshape(image.shape)


def with_pillow():
    return np.asarray(Image.fromarray(image).quantize(N_COLORS, dither=Image.Dither.NONE).convert("RGB"))


# %%
# Each once, in the same process. The error is the mean over pixels of the squared distance in RGB, 0 to 255.

ways = {
    "skseg": with_skseg,
    "KMeans, all pixels": with_kmeans,
    "KMeans, 1,000 pixels": lambda: with_kmeans(1000),
    "Pillow, median cut": with_pillow,
}
results = {}
for name, way in ways.items():
    start = perf_counter()
    painted = way()
    seconds = perf_counter() - start
    error = np.mean(np.sum((painted.astype(float) - image) ** 2, axis=-1))
    results[name] = painted, f"{seconds:.2g} s, error {error:.0f}"
    print(f"{name}: {results[name][1]}")

# %%
# A part of each, enlarged.

figure, axes = plt.subplots(1, 5, figsize=(13, 3.4), layout="constrained")
part = np.s_[150:290, 210:330]
for ax, (name, (painted, what)) in zip(axes, {"original": (image, ""), **results}.items(), strict=True):
    ax.imshow(painted[part])
    ax.set_title(f"{name}\n{what}", fontsize=9)
    ax.set_axis_off()
plt.show()
