"""
The displays
============

There are five displays. As in scikit-learn, ``from_estimator`` creates a display from a fitted estimator: a segmenter,
or a Pipeline or search that ends in one. A display keeps its data, so ``plot`` can draw it again.
"""
# sphinx_gallery_thumbnail_number = 2

# %%
# ``SegmentationDisplay`` shows the image, the repainted image, its label map with a legend, and the boundaries.

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
# ``PaletteDisplay`` shows the colors from dark to light, with their shares and hex codes.

PaletteDisplay.from_estimator(segmenter)

# %%
# ``ColorSpaceDisplay`` shows the colors and the cluster centers in the color space of the clustering.

ColorSpaceDisplay.from_estimator(segmenter)

# %%
# ``KSelectionDisplay`` shows a search over K.

grid = {"n_clusters": range(2, 9)}
search = GridSearchCV(KMeansSegmenter(random_state=0), grid, cv=TileKFold(3)).fit(photo)
KSelectionDisplay.from_estimator(search)

# %%
# ``RegionDisplay`` shows connected regions at three scales.

RegionDisplay.from_estimator(RegionSegmenter().fit(photo), photo)

# %%
# Each display can draw on given axes.

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
PaletteDisplay.from_estimator(segmenter, ax=axes[0])
ColorSpaceDisplay.from_estimator(segmenter, ax=axes[1])
plt.show()
