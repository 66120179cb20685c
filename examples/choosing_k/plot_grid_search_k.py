"""
Choose K for a photo
====================

``KMeans.score`` always prefers the largest K. The score of ``KMeansSegmenter`` weighs the explained variance of
held-out pixels against the number of clusters. It has its maximum at a sensible K, so ``GridSearchCV`` can choose it.
"""

# %%
# ``KFold`` would split a photo into blocks of rows, such as sky, trees and water. ``TileKFold`` splits it into tiles.
# Each fold gets tiles from all parts of the photo.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter, KSelectionDisplay, TileKFold, metrics

photo = astronaut()
cv = TileKFold(n_splits=5)
folds = np.zeros(photo.shape[:2])
for number, (_, test) in enumerate(cv.split(photo)):
    folds[test] = number

# %%
# The search has two scorers. Parsimony, the default score, chooses K. The logarithm of the explained variance
# shows the classic elbow.

grid, scoring = {"n_clusters": range(2, 11)}, ["parsimony", "log_explained"]
scorers = {name: getattr(metrics, name) for name in scoring}
search = GridSearchCV(KMeansSegmenter(random_state=0), grid, scoring=scorers, refit="parsimony", cv=cv).fit(photo)
print(f"best K: {search.best_params_['n_clusters']}")

# %%
# The figure shows the folds, the photo in the chosen number of colors, and both curves. To choose K by the elbow, pass
# ``scoring=metrics.log_explained, refit=metrics.knee``.

figure = plt.figure(figsize=(11, 3.6), layout="constrained")
left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.3])
left.imshow(photo)
left.imshow(folds, cmap="tab10", vmax=9, alpha=0.45)
left.set_title("five folds of tiles")
middle.imshow(search.best_estimator_.transform(photo))
middle.set_title(f"{search.best_params_['n_clusters']} colors")
left.set_axis_off()
middle.set_axis_off()
KSelectionDisplay.from_estimator(search, metric="parsimony", elbow="log_explained", ax=right)
plt.show()
