"""Two clusters of a red and a blue thing: raw hue splits the reds, the cone does not."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.color import hsv2rgb

from skseg import KMeansSegmenter

rng = np.random.default_rng(0)
rows, columns = np.mgrid[:120, :160]
is_red = (rows - 60) ** 2 + (columns - 80) ** 2 < 45**2
hue = np.where(is_red, 0.0, 0.6) + 0.25 * gaussian_filter(rng.normal(size=is_red.shape), 3)
saturation, value = np.full((2, *is_red.shape), [[[0.8]], [[0.85]]])
scene = hsv2rgb(np.dstack([hue % 1, saturation, value]))

figure, axes = plt.subplots(1, 3, figsize=(9, 2.6), layout="constrained")
titles = ["a red disk on blue", 'raw hue: color_space="hsv-raw"', 'hue as an angle: "hsv"']
pictures = [scene]
for space in ("hsv-raw", "hsv"):
    segmenter = KMeansSegmenter(2, color_space=space, channel_weights=None, random_state=0)
    pictures.append(segmenter.fit_transform(scene))
for ax, picture, title in zip(axes, pictures, titles, strict=True):
    ax.imshow(picture)
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()
