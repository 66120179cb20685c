"""The colors of a photo in four color spaces."""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut

from skseg import ColorConverter

colors = np.unique(astronaut().reshape(-1, 3)[::40], axis=0)
figure = plt.figure(figsize=(9, 8.4), layout="constrained")
for place, space in enumerate(["rgb", "hsv", "lab", "oklab"], start=1):
    converter = ColorConverter(space, channel_weights=None).fit(colors)
    names = list(converter.get_feature_names_out())
    points = dict(zip(names, converter.transform(colors).T, strict=True))
    up = {"rgb": names[1], "hsv": names[2]}.get(space, names[0])  # lightness, where there is one
    others = [name for name in names if name != up]
    ax = figure.add_subplot(2, 2, place, projection="3d")
    ax.scatter(points[others[0]], points[others[1]], points[up], c=colors / 255, s=5, linewidths=0)
    ax.set(xlabel=others[0], ylabel=others[1], zlabel=up, title=space)
    ax.view_init(elev=18, azim=-55)
    ax.tick_params(labelsize=7)
