"""
Follow a video
==============

A segmenter is fitted once and labels every frame. It remembers the labels of the colors that it has met, so a frame
costs little more than a look-up. A label means the same in every frame.
"""

# %%
# A video file: a window that moves over a photo of a rocket while night falls, written and decoded by `PyAV
# <https://pyav.basswood-io.com>`_ through imageio.

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
# Fit on the first frame, then predict on every frame as it is decoded. If later frames may bring new colors,
# ``partial_fit`` adds a frame to the earlier ones and clusters all of them.

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
# The first, a middle and the last frame in the four colors, and the share of each color as the window moves.

shares = [np.bincount(labels.ravel(), minlength=4) / labels.size for labels in label_maps]
figure, axes = plt.subplot_mosaic([[0, 12, 23], ["shares"] * 3], figsize=(10, 5.6), layout="constrained")
for t in (0, 12, 23):
    axes[t].imshow(segmenter.inverse_transform(label_maps[t]))
    axes[t].set(title=f"frame {t}", xticks=[], yticks=[])
axes["shares"].stackplot(range(24), np.transpose(shares), colors=segmenter.cluster_centers_ / 255)
axes["shares"].set(xlabel="frame", ylabel="share", xlim=(0, 23), ylim=(0, 1))
plt.show()
