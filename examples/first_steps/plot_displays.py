"""
The displays
============

Five pictures of a segmentation, each from a fitted segmenter by ``from_estimator``. They keep their data, so
``plot`` can draw them again elsewhere. A Pipeline or a search that ends in a segmenter serves as well.
"""
# sphinx_gallery_thumbnail_number = 3

# %%
# ``SegmentationDisplay``: the image, repainted, its label map with a legend, and the boundaries.

import matplotlib.pyplot as plt
from skimage.data import astronaut
from sklearn.model_selection import GridSearchCV

from skseg import (
    ColorSpaceDisplay,
    KMeansSegmenter,
    KSelectionDisplay,
    PaletteDisplay,
    RegionDisplay,
    RegionSegmenter,
    SegmentationDisplay,
    TileKFold,
)

photo = astronaut()
segmenter = KMeansSegmenter(n_clusters=5, random_state=0).fit(photo)
SegmentationDisplay.from_estimator(segmenter, photo)

# %%
# ``PaletteDisplay``: the colors, from dark to light, with their shares and hex codes.

PaletteDisplay.from_estimator(segmenter)

# %%
# ``ColorSpaceDisplay``: the colors where k-means sees them, with the centers.

ColorSpaceDisplay.from_estimator(segmenter)

# %%
# ``KSelectionDisplay``: a search over K.

grid = {"n_clusters": range(2, 9)}
search = GridSearchCV(KMeansSegmenter(random_state=0), grid, cv=TileKFold(3)).fit(photo)
KSelectionDisplay.from_estimator(search)

# %%
# ``RegionDisplay``: connected regions at three scales.

RegionDisplay.from_estimator(RegionSegmenter().fit(photo), photo)

# %%
# Each display draws into given axes, too.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
PaletteDisplay.from_estimator(segmenter, ax=axes[0])
ColorSpaceDisplay.from_estimator(segmenter, ax=axes[1])
plt.show()
