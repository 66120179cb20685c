"""
A Zarr store on a Dask cluster
==============================

An image that outgrows memory is often stored as a Zarr array, in compressed chunks. As a Dask array, it is segmented
chunk by chunk on any of Dask's schedulers: `fit` computes each chunk once for counting its colors, `predict` computes
nothing. Here, the cluster is two threads of this process. For a real one, pass its address to ``Client``. Dask and Zarr
are extra packages: ``python -m pip install "dask[array,distributed]" zarr``.
"""

# %%
# The store holds a mosaic of photos, 13 megapixels in 48 chunks.

import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
import zarr
from dask.distributed import Client
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter

folder = TemporaryDirectory()
store = Path(folder.name)
photos = [load_sample_image(name)[:426, :640] for name in ("china.jpg", "flower.jpg")]
mosaic = zarr.create_array(store / "mosaic", shape=(2556, 5120, 3), chunks=(426, 640, 3), dtype="u1")
for row in range(6):
    for column in range(8):
        mosaic[426 * row : 426 * (row + 1), 640 * column : 640 * (column + 1)] = photos[(row + column) % 2]

# %%
# The workers count the colors of one chunk after the other, and a tree of small tasks merges the counts. Then the label
# map is written to another store, chunk by chunk. The memory does not depend on the size of the image: most of it is
# one table of all 24-bit colors per worker, 67 MB.

tracemalloc.start()
with Client(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None):
    image = da.from_zarr(store / "mosaic")
    segmenter = KMeansSegmenter(n_clusters=6, random_state=0).fit(image)
    label_map = segmenter.predict(image)
    print(f"label map: {label_map.shape} in {label_map.npartitions} chunks, {len(label_map.__dask_graph__())} tasks")
    written = zarr.create_array(store / "labels", shape=label_map.shape, chunks=(426, 640), dtype="i4")
    segmenter.predict(image, out=written)
print(f"peak memory: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
tracemalloc.stop()

# %%
# The model is identical, bit for bit, to a model of the array in memory.

alone = KMeansSegmenter(n_clusters=6, random_state=0).fit(mosaic[:])
print(f"same centers: {np.array_equal(segmenter.cluster_centers_, alone.cluster_centers_)}")
print(f"same labels: {np.array_equal(written[:], alone.labels_)}")

# %%
# A part of the mosaic and of its label map, in the colors of the clusters:

part = np.s_[:852, :1280]
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
for ax, pixels, title in (
    (axes[0], mosaic[part], "mosaic"),
    (axes[1], segmenter.palette_[written[part]], "6 clusters"),
):
    ax.imshow(pixels)
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
folder.cleanup()
