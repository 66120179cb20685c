"""
Follow a video
==============

``partial_fit`` adds each frame to the earlier ones and clusters all of them: the model is the same as if all frames
had been fitted at once, and a label means the same in every frame.
"""

# %%
# A video: a window that moves over a photo while the light fades, compressed and read back frame by frame.

import imageio.v3 as iio
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image

from skseg import KMeansSegmenter

china = load_sample_image("china.jpg")
shots = [(china[60:300, 25 * t : 25 * t + 320] * (1 - 0.04 * t)).astype(np.uint8) for t in range(12)]
video = iio.imwrite("<bytes>", shots, extension=".gif")

# %%
# Frames come one at a time, none is kept. What it has cost is a census: the distinct colors and how often they came.

segmenter = KMeansSegmenter(n_clusters=4, output="color", random_state=0)
n_frames = 0
for frame in iio.imiter(video, extension=".gif", mode="RGB"):
    segmenter.partial_fit(frame)
    n_frames += 1
print(f"{n_frames} frames, cluster shares {segmenter.cluster_sizes_.round(2)}")

# %%
# All frames at once give the same model.

frames = iio.imread(video, extension=".gif", mode="RGB")
together = KMeansSegmenter(n_clusters=4, random_state=0).fit(frames)
print(f"the same centers: {np.array_equal(together.cluster_centers_, segmenter.cluster_centers_)}")

# %%
# The first, a middle and the last frame in the four colors, and how the share of each changes as the window moves.

label_maps = segmenter.predict(frames)
shares = [np.bincount(labels.ravel(), minlength=4) / labels.size for labels in label_maps]
figure, axes = plt.subplots(2, 3, figsize=(10, 5.6), layout="constrained")
for ax, t in zip(axes[0], (0, 6, 11), strict=True):
    ax.imshow(segmenter.inverse_transform(label_maps[t]))
    ax.set(title=f"frame {t}", xticks=[], yticks=[])
grid = axes[1, 0].get_gridspec()
for ax in axes[1]:
    ax.remove()
chart = figure.add_subplot(grid[1, :])
chart.stackplot(range(n_frames), np.transpose(shares), colors=segmenter.cluster_centers_ / 255)
chart.set(xlabel="frame", ylabel="share", xlim=(0, n_frames - 1), ylim=(0, 1))
plt.show()
