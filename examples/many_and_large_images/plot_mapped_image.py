"""
An image that does not fit into memory
======================================

Mapped files are read block by block. ``fit`` counts their colors, ``predict`` writes the label map into a file of its
own, and neither needs more memory for a larger image.
"""

# %%
# A mosaic in a file. Here it has nine copies of a photo of galaxies; a real one may have thousands of photos.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import hubble_deep_field

from skseg import KMeansSegmenter

photo = hubble_deep_field()
height, width = photo.shape[:2]
folder = TemporaryDirectory()
mosaic = np.memmap(Path(folder.name, "mosaic"), np.uint8, "w+", shape=(3 * height, 3 * width, 3))
for row, column in np.ndindex(3, 3):
    mosaic[row * height : (row + 1) * height, column * width : (column + 1) * width] = photo
labels = np.memmap(Path(folder.name, "labels"), np.int32, "w+", shape=mosaic.shape[:2])

# %%
# Nearly all pixels are sky. The census has every color, also those of the few stars.

segmenter = KMeansSegmenter(n_clusters=6, random_state=0).fit(mosaic)
segmenter.predict(mosaic, out=labels)
print(f"{labels.size / 1e6:.0f} megapixels, shares: {', '.join(f'{s:.2%}' for s in segmenter.cluster_sizes_)}")

# %%
# A corner of the mosaic, and the same corner of the label map, painted.

corner = np.s_[560:760, 560:860]
figure, axes = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained")
axes[0].imshow(mosaic[corner])
axes[0].set_title("a part of the mosaic")
axes[1].imshow(segmenter.inverse_transform(labels[corner]))
axes[1].set_title("in six colors")
for ax in axes:
    ax.set_axis_off()
plt.show()
del mosaic, labels  # before the files go
folder.cleanup()
