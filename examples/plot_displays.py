"""
The displays
============

Four pictures of a segmentation, each from a fitted segmenter by ``from_estimator``. They keep what they show, so
``plot`` can draw it again elsewhere.
"""

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

search = GridSearchCV(KMeansSegmenter(random_state=0), {"n_clusters": range(2, 9)}, cv=TileKFold(3)).fit(photo)
KSelectionDisplay.from_estimator(search)

# %%
# Drawn again, into axes of a figure of one's own.

figure, axes = plt.subplots(1, 2, figsize=(10, 3.4), layout="constrained")
PaletteDisplay.from_estimator(segmenter, ax=axes[0])
KSelectionDisplay.from_estimator(search, ax=axes[1])
plt.show()
