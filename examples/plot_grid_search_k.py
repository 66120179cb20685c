"""
Choose K for a photo
====================

``KMeans.score`` always prefers the largest K. The score of ``KMeansSegmenter`` counts the clusters that stand apart,
with a valley of rarer colors around them, on pixels that were left out of the fit: it has its maximum at a sensible K.
"""

# %%
# ``KFold`` would cut a photo into bands of rows: sky, trees, water. ``TileKFold`` cuts it into tiles, and those of a
# fold lie all over the photo.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter, KSelectionDisplay, SegmentationDisplay, TileKFold, metrics

photo = astronaut()
cv = TileKFold(n_splits=5)

folds = np.zeros(photo.shape[:2])
for number, (_, test) in enumerate(cv.split(photo)):
    folds[test] = number
figure, ax = plt.subplots(figsize=(4, 4), layout="constrained")
ax.imshow(photo)
ax.imshow(folds, cmap="tab10", vmax=9, alpha=0.45)
ax.set(title="five folds of tiles", xticks=[], yticks=[])
plt.show()

# %%
# One search, two scorers: the number of clusters that stand apart, which decides, and the log of what they explain,
# whose knee is the classic elbow.

scoring = {"valley_score": metrics.valley_score, "log_explained": metrics.log_explained}
segmenter = KMeansSegmenter(random_state=0)
search = GridSearchCV(segmenter, {"n_clusters": range(2, 13)}, scoring=scoring, refit="valley_score", cv=cv).fit(photo)
print(f"best K: {search.best_params_['n_clusters']}")
KSelectionDisplay.from_estimator(search, metric="valley_score", elbow="log_explained")
plt.show()

# %%
# The photo in the colors that were chosen.

SegmentationDisplay.from_estimator(search.best_estimator_, photo)
plt.show()

# %%
# The elbow alone, by ``refit=``: where the curve lies highest above the line from its first to its last point.

elbow = GridSearchCV(segmenter, {"n_clusters": range(2, 13)}, scoring=metrics.log_explained, refit=metrics.knee, cv=cv)
print(f"knee: {elbow.fit(photo).best_params_['n_clusters']}")
