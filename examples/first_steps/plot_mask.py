"""
Leave pixels out with a mask
============================

The dark border of a retina photo would be a cluster of its own, and the largest. A mask takes it out of the fit, of the
shares and of the result.
"""

# %%
# Everything that is nearly black lies outside the eye. ``numpy.ma`` carries the mask along with the image; it is True
# for pixels that do not count.

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
# Without the border there is a cluster more for the eye: vessels, two shades of the background, the optic disc. Masked
# pixels are -1 in the label map, and masked there too, so that matplotlib leaves them out.

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
axes[0].imshow(photo)
axes[1].imshow(segmenters["without a mask"].labels_, cmap="viridis", interpolation="nearest")
axes[2].imshow(segmenters["with a mask"].labels_, cmap="viridis", interpolation="nearest")
for ax, title in zip(axes, ["retina", *segmenters], strict=True):
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
