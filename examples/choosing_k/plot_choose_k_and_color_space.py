"""
Choose K and the color space together
=====================================

``GridSearchCV`` searches the number of clusters and the color space together. With several photos of the same kind,
each photo is held out once.
"""

# %%
# Six parts of a photo of stained tissue stand for six photos. The tissue is stained blue and brown.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter

tissue = immunohistochemistry()
photos = [part for row in np.split(tissue[:510], 2) for part in np.split(row[:, :510], 3, axis=1)]
grid = {"n_clusters": range(2, 7), "color_space": ["rgb", "hsv", "lab", "hed"]}
search = GridSearchCV(KMeansSegmenter(random_state=0), grid, cv=3).fit(photos)
print(f"best: {search.best_params_}")

# %%
# The score weighs the explained variance of held-out photos against the number of clusters. Few clusters score best,
# since the tissue has two stains on a light background.

scores = search.cv_results_["mean_test_score"].reshape(len(grid["color_space"]), len(grid["n_clusters"]))

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), width_ratios=[1.3, 1], layout="constrained")
left.imshow(scores, cmap="viridis")
for (row, column), score in np.ndenumerate(scores):
    left.text(column, row, f"{score:.2f}", ha="center", va="center", color="white", bbox={"color": "#0006", "pad": 2})
left.set(xlabel="K", xticks=range(len(grid["n_clusters"])), xticklabels=grid["n_clusters"])
left.set(yticks=range(len(grid["color_space"])), yticklabels=grid["color_space"], title="score on held-out photos")
right.imshow(search.best_estimator_.transform(tissue))
right.set(title=f"{search.best_params_['color_space']}, K = {search.best_params_['n_clusters']}", xticks=[], yticks=[])
plt.show()
