"""
From classes of colors to regions
=================================

Objects of one color, such as coins on a table or cells on a slide, are one class, but many regions. ``RegionSegmenter``
finds connected regions, and its hierarchy gives them at every scale.
"""
# sphinx_gallery_thumbnail_number = 2

# %%
# The color of the cat's coat is a class that is scattered over the photo.

import matplotlib.pyplot as plt
from skimage.data import chelsea

from skseg import KMeansSegmenter, RegionDisplay, RegionSegmenter

photo = chelsea()
classes = KMeansSegmenter(n_clusters=4, random_state=0).fit(photo)
segmenter = RegionSegmenter().fit(photo)
regions = segmenter.predict(photo)
print(f"{len(classes.cluster_centers_)} classes, {regions.max() + 1} regions")

# %%
# The merge tree is computed once. It can be cut at any scale, or at any number of regions, without merging again.

hierarchy = segmenter.hierarchy(photo)
print({n: round(float(hierarchy.scales[hierarchy.n_regions - n]), 2) for n in (2, 5, 20)})
RegionDisplay.from_estimator(segmenter, photo)

# %%
# The figure shows the four classes, the regions, and the boundaries. Boundaries that people are more likely to see are
# darker.

figure, axes = plt.subplots(1, 3, figsize=(12, 3.2), layout="constrained")
axes[0].imshow(classes.transform(photo))
axes[0].set_title("classes")
axes[1].imshow(regions, cmap="tab10")
axes[1].set_title("regions")
axes[2].imshow(hierarchy.boundaries(), cmap="gray_r")
axes[2].set_title("boundaries")
for ax in axes:
    ax.set_axis_off()
plt.show()
