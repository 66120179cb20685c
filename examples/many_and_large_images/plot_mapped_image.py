"""
An image larger than memory
===========================

Memory-mapped images are read block by block. ``fit`` counts their colors, and ``predict`` writes the label map to
another mapped file. The memory needed does not grow with the size of the image.
"""

# %%
# The image is a mosaic of nine copies of a photo of galaxies, in a file. A real mosaic may have thousands of photos.

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
# Nearly all pixels are sky. Since every color is counted, the few stars are not missed.

segmenter = KMeansSegmenter(n_clusters=6, random_state=0).fit(mosaic)
segmenter.predict(mosaic, out=labels)
print(f"{labels.size / 1e6:.0f} megapixels, shares: {', '.join(f'{s:.2%}' for s in segmenter.cluster_sizes_)}")

# %%
# The figure shows a part of the mosaic, and the same part in its cluster colors.

corner = np.s_[560:760, 560:860]
figure, axes = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained")
axes[0].imshow(mosaic[corner])
axes[0].set_title("a part of the mosaic")
axes[1].imshow(segmenter.inverse_transform(labels[corner]))
axes[1].set_title("in six colors")
for ax in axes:
    ax.set_axis_off()
plt.show()
del mosaic, labels  # before the files are deleted
folder.cleanup()
