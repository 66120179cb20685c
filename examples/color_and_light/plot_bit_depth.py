"""
Twelve bits of a microscope
===========================

Cameras of microscopes give numbers of 10, 12 or 14 bits in files of 16 bits. Divided by 65535, such an image is almost
black. `KMeansSegmenter` finds out which numbers stand for 0 and 1, so the result is that of the same image in 8 bits.
"""

import matplotlib.pyplot as plt
import numpy as np
import skimage.data

from skseg import KMeansSegmenter, SegmentationDisplay

# %%
# A tissue section, stained brown and blue, as a camera of 12 bits gives it: photons are counted, so the image is noisy,
# and finer than in 8 bits.

tissue = skimage.data.immunohistochemistry()
photons = np.random.default_rng(0).poisson(tissue / 255 * 4000)
image = photons.clip(0, 4095).astype(np.uint16)
print(image.dtype, image.max())

# %%
# The range that was found is in `value_range_`. The figure shows the image and its clusters stretched to this range;
# the palette holds the numbers of the camera.

segmenter = KMeansSegmenter(n_clusters=3, color_space="lab").fit(image)
print(segmenter.value_range_)
print(segmenter.palette_)
SegmentationDisplay.from_estimator(segmenter, image)
plt.show()

# %%
# With the limits of the type, all colors are dark. In L*a*b*, dark colors are compared differently, so that some pixels
# belong to another cluster. The last panel shows where.

as_type = KMeansSegmenter(n_clusters=3, color_space="lab", value_range="dtype").fit(image)
differs = as_type.labels_ != segmenter.labels_
print(f"{differs.mean():.0%} of the pixels are in other clusters")
fig, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
panels = {"12 bits": segmenter.labels_, "16 bits": as_type.labels_, "difference": differs}
for ax, (title, panel) in zip(axes, panels.items(), strict=True):
    ax.imshow(panel)
    ax.set(title=title, xticks=[], yticks=[])
plt.show()

# %%
# One defect pixel of 65535 would make all others dark again. A warning says so, and limits that are given clip it.

image[100, 100] = 65535
segmenter = KMeansSegmenter(n_clusters=3, color_space="lab", value_range=(0, 4095)).fit(image)
print(segmenter.value_range_)
