"""
Ignore pixels with a mask
=========================

The dark border of a retina photo would be the largest cluster. A mask excludes it from the fit, the shares and the
label map.
"""

# %%
# Nearly black pixels lie outside the eye. A masked array of ``numpy.ma`` keeps the mask with the image. The mask is
# True for pixels to ignore.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import binary_erosion
from skimage.data import retina

from skseg import KMeansSegmenter

photo = retina()[::2, ::2]
eye = binary_erosion(photo.max(axis=-1) > 30, iterations=6)
masked = np.ma.MaskedArray(photo, mask=np.repeat(~eye[..., np.newaxis], 3, axis=-1))

segmenters = {
    "without a mask": KMeansSegmenter(4, color_space="lab", channel_weights=None, random_state=0).fit(photo),
    "with a mask": KMeansSegmenter(4, color_space="lab", channel_weights=None, random_state=0).fit(masked),
}
for name, segmenter in segmenters.items():
    print(f"{name}: shares {', '.join(f'{share:.0%}' for share in segmenter.cluster_sizes_)}")

# %%
# With the mask, all four clusters lie in the eye: vessels, two shades of the background, and the optic disc. The label
# map has the same mask, so matplotlib leaves these pixels blank.

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
axes[0].imshow(photo)
axes[1].imshow(segmenters["without a mask"].labels_, cmap="viridis", interpolation="nearest")
axes[2].imshow(segmenters["with a mask"].labels_, cmap="viridis", interpolation="nearest")
for ax, title in zip(axes, ["retina", *segmenters], strict=True):
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
