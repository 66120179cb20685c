"""Classes of colors against regions."""

import matplotlib.pyplot as plt
from skimage.data import chelsea

from skseg import KMeansSegmenter, RegionSegmenter

photo = chelsea()
panels = {
    "photo": photo,
    "5 classes: KMeansSegmenter": KMeansSegmenter(5, random_state=0).fit_transform(photo),
    "regions: RegionSegmenter": RegionSegmenter().fit_transform(photo),
}
figure, axes = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
for ax, (title, panel) in zip(axes, panels.items(), strict=True):
    ax.imshow(panel)
    ax.set_title(title, fontsize=10)
    ax.set_axis_off()
