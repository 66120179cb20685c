"""
Choose K with true label maps
=============================

With a true label map, ``score(X, y)`` is the adjusted Rand index, and ``GridSearchCV`` finds the number of clusters
that agrees best. Synthetic scenes show how close the criterion without true label maps comes.
"""

# %%
# Four scenes have the same five colors, lit from the left, with noise.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter

rng = np.random.default_rng(0)
colors = np.array([[60, 50, 45], [150, 70, 50], [70, 110, 160], [120, 170, 90], [230, 215, 180]])


def draw_scene():
    """An image and its true label map."""
    relief = gaussian_filter(rng.normal(size=(160, 240)), 12)
    truth = np.digitize(relief, np.quantile(relief, [0.15, 0.4, 0.6, 0.85]))
    light = np.linspace(1, 0.8, 240)[:, np.newaxis]
    noisy = colors[truth] * light + rng.normal(0, 8, (160, 240, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8), truth


scenes, truths = zip(*(draw_scene() for _ in range(4)), strict=True)

# %%
# One search uses the true label maps, the other does not.

grid = {"n_clusters": range(2, 10)}
with_truth = GridSearchCV(KMeansSegmenter(random_state=0), grid, cv=4).fit(list(scenes), list(truths))
without = GridSearchCV(KMeansSegmenter(random_state=0), grid, cv=4).fit(list(scenes))
print(f"with truth: {with_truth.best_params_}, without: {without.best_params_}")

# %%
# The figure shows both curves, a scene, and the scene repainted by the chosen segmenter.

figure, axes = plt.subplot_mosaic([["curves", "scene"], ["curves", "colors"]], figsize=(9, 4.6), layout="constrained")
curves, k = axes["curves"], list(grid["n_clusters"])
curves.errorbar(
    k, with_truth.cv_results_["mean_test_score"], with_truth.cv_results_["std_test_score"], marker="o", capsize=3
)
curves.set(xlabel="K", ylabel="adjusted Rand index (with truth)", xticks=k)
other = curves.twinx()
other.plot(k, without.cv_results_["mean_test_score"], color="C1", marker="s", linestyle="--")
other.set(ylabel="parsimony (without truth)")
curves.yaxis.label.set_color("C0")
other.yaxis.label.set_color("C1")
axes["scene"].imshow(scenes[0])
axes["scene"].set(title="a scene", xticks=[], yticks=[])
axes["colors"].imshow(without.best_estimator_.transform(scenes[0]))
axes["colors"].set(title=f"K = {without.best_params_['n_clusters']}", xticks=[], yticks=[])
plt.show()
