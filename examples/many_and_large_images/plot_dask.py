"""
Many images with Dask
=====================

A segmenter counts the images of a list through joblib, so a Dask cluster can do it: each worker reads its images and
sends back a census. Here the cluster is two threads of this process; a real one differs only in its address.
"""

# %%
# Images that are read, or computed, when a worker asks for them: parts of a photo as Dask arrays.

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
# The model is the same, bit for bit, as from one process.

with Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None):
    with joblib.parallel_config(backend="dask"):
        segmenter = KMeansSegmenter(n_clusters=6, random_state=0, n_jobs=2).fit(images)
    label_maps = segmenter.predict(images)
alone = KMeansSegmenter(n_clusters=6, random_state=0).fit(photo)
print(f"same centers: {np.array_equal(segmenter.cluster_centers_, alone.cluster_centers_)}")

# %%
# Labels mean the same in every part, so the parts fit together.

figure, axes = plt.subplots(2, 4, figsize=(8, 5.3))
figure.subplots_adjust(0, 0, 1, 1, 0.03, 0.03)
for ax, label_map in zip(axes.flat, label_maps, strict=True):
    ax.imshow(segmenter.inverse_transform(label_map))
    ax.set_axis_off()
plt.show()
