"""
Label the frames of a video
===========================

Fit a segmenter once, and label every frame. The segmenter remembers the labels of known colors, so a frame costs little
more than a look-up. A label means the same in every frame.
"""

# %%
# In this video, a window moves over a photo of a rocket while night falls. It is written and decoded by `PyAV
# <https://pyav.basswood-io.com>`_ through imageio: ``python -m pip install "imageio[pyav]"``.

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import imageio.v3 as iio
import matplotlib.pyplot as plt
import numpy as np
from skimage.data import rocket

from skseg import KMeansSegmenter

photo = rocket()
shots = np.stack([(photo[180:420, 12 * t : 12 * t + 320] * (1 - 0.02 * t)).astype(np.uint8) for t in range(24)])
folder = TemporaryDirectory()
video = Path(folder.name) / "rocket.mp4"
iio.imwrite(video, shots, plugin="pyav", codec="h264", fps=12)

# %%
# Fit to the first frame, then predict on every frame as it is decoded. If later frames may show new colors, use
# ``partial_fit``, which adds a frame to the earlier ones and clusters all of them.

segmenter = KMeansSegmenter(n_clusters=4, random_state=0)
label_maps, milliseconds = [], []
for frame in iio.imiter(video, plugin="pyav"):
    if not label_maps:
        segmenter.fit(frame)
    start = perf_counter()
    label_maps.append(segmenter.predict(frame))
    milliseconds.append(1000 * (perf_counter() - start))
folder.cleanup()
print(f"{len(label_maps)} frames of {frame.shape[1]} × {frame.shape[0]} pixels, {np.median(milliseconds):.1f} ms each")

# %%
# The figure shows the first, a middle and the last frame in the four colors, and the share of each color over time.

shares = [np.bincount(labels.ravel(), minlength=4) / labels.size for labels in label_maps]
figure, axes = plt.subplot_mosaic([[0, 12, 23], ["shares"] * 3], figsize=(10, 5.6), layout="constrained")
for t in (0, 12, 23):
    axes[t].imshow(segmenter.inverse_transform(label_maps[t]))
    axes[t].set(title=f"frame {t}", xticks=[], yticks=[])
axes["shares"].stackplot(range(24), np.transpose(shares), colors=segmenter.cluster_centers_ / 255)
axes["shares"].set(xlabel="frame", ylabel="share", xlim=(0, 23), ylim=(0, 1))
plt.show()
