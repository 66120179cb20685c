"""
Follow a video
==============

A segmenter is fitted once and labels every frame. It remembers the labels of the colors that it has met, so a frame
costs little more than a look-up. A label means the same in every frame.
"""

# %%
# A video file: a window that moves over a photo while the light fades, written and decoded by `PyAV
# <https://pyav.basswood-io.com>`_ through imageio.

from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import imageio.v3 as iio
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter

china = load_sample_image("china.jpg")
shots = np.stack([(china[60:300, 12 * t : 12 * t + 320] * (1 - 0.02 * t)).astype(np.uint8) for t in range(24)])
folder = TemporaryDirectory()
video = Path(folder.name) / "china.mp4"
iio.imwrite(video, shots, plugin="pyav", codec="h264", fps=12)

# %%
# Fit on the first frame, predict on all as they are decoded. None is kept but its label map.

segmenter = KMeansSegmenter(n_clusters=4, random_state=0)
label_maps, milliseconds = [], []
for frame in iio.imiter(video, plugin="pyav"):
    if not label_maps:
        segmenter.fit(frame)
    start = perf_counter()
    label_maps.append(segmenter.predict(frame))
    milliseconds.append(1000 * (perf_counter() - start))
print(f"{len(label_maps)} frames of {frame.shape[1]} × {frame.shape[0]} pixels, {np.median(milliseconds):.1f} ms each")

# %%
# If later frames may bring colors that the first one lacks, ``partial_fit`` adds each frame to the earlier ones and
# clusters all of them. The model is the same as if all frames had been fitted at once.

stream = KMeansSegmenter(n_clusters=4, random_state=0)
for frame in iio.imiter(video, plugin="pyav"):
    stream.partial_fit(frame)
frames = iio.imread(video, plugin="pyav")
together = KMeansSegmenter(n_clusters=4, random_state=0).fit(frames)
print(f"the same centers: {np.array_equal(together.cluster_centers_, stream.cluster_centers_)}")
folder.cleanup()

# %%
# The first, a middle and the last frame in the four colors, and how the share of each changes as the window moves.

label_maps = stream.predict(frames)
shares = [np.bincount(labels.ravel(), minlength=4) / labels.size for labels in label_maps]
figure, axes = plt.subplots(2, 3, figsize=(10, 5.6), layout="constrained")
for ax, t in zip(axes[0], (0, 12, 23), strict=True):
    ax.imshow(stream.inverse_transform(label_maps[t]))
    ax.set(title=f"frame {t}", xticks=[], yticks=[])
grid = axes[1, 0].get_gridspec()
for ax in axes[1]:
    ax.remove()
chart = figure.add_subplot(grid[1, :])
chart.stackplot(range(len(frames)), np.transpose(shares), colors=stream.cluster_centers_ / 255)
chart.set(xlabel="frame", ylabel="share", xlim=(0, len(frames) - 1), ylim=(0, 1))
plt.show()
