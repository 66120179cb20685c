"""
Many images with Dask
=====================

A segmenter counts the colors of a list of images through joblib, so it can use a Dask cluster. Each worker reads its
images and returns their color counts. Here, the cluster is two threads of this process. For a real one, pass its
address to ``Client``. Dask is an extra package: ``python -m pip install "dask[array,distributed]"``.
"""

# %%
# The images are parts of a photo, as Dask arrays. They are computed by the workers.

import dask.array as da
import joblib
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter

photo = load_sample_image("flower.jpg")[:420, :640]
images = [da.from_array(part) for half in np.split(photo, 2) for part in np.split(half, 4, axis=1)]

# %%
# The model is identical, bit for bit, to a model from a single process.

with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None):
    with joblib.parallel_config(backend="dask"):
        segmenter = KMeansSegmenter(n_clusters=6, random_state=0, n_jobs=2).fit(images)
    label_maps = segmenter.predict(images)
alone = KMeansSegmenter(n_clusters=6, random_state=0).fit(photo)
print(f"same centers: {np.array_equal(segmenter.cluster_centers_, alone.cluster_centers_)}")

# %%
# A label means the same color in every part, so the repainted parts fit together.

figure, axes = plt.subplots(2, 4, figsize=(8, 5.3))
figure.subplots_adjust(0, 0, 1, 1, 0.03, 0.03)
for ax, label_map in zip(axes.flat, label_maps, strict=True):
    ax.imshow(segmenter.inverse_transform(label_map))
    ax.set_axis_off()
plt.show()
