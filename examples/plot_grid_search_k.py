"""
Choose K with GridSearchCV
==========================

``KMeans.score`` always prefers the largest K. The score of ``KMeansSegmenter`` compares what separates the clusters
with what scatters within them, on pixels that were left out of the fit, and has its maximum at a sensible K.
"""

# %%
# Four parts of one photo are four images. Each is left out once, while the others are fitted.

import matplotlib.pyplot as plt
from sklearn.datasets import load_sample_image
from sklearn.model_selection import GridSearchCV

from skseg import KMeansSegmenter

flower = load_sample_image("flower.jpg")
parts = [flower[:213, :320], flower[:213, 320:], flower[213:, :320], flower[213:, 320:]]
search = GridSearchCV(KMeansSegmenter(random_state=0), {"n_clusters": range(2, 11)}, cv=4).fit(parts)
print(f"best K: {search.best_params_['n_clusters']}")

# %%
# The score against K, with its spread over the four parts, and the photo in the K colors that were chosen.

k = [params["n_clusters"] for params in search.cv_results_["params"]]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
left.errorbar(
    k, search.cv_results_["mean_test_score"], yerr=search.cv_results_["std_test_score"], marker="o", capsize=3
)
left.axvline(search.best_params_["n_clusters"], color="gray", linestyle=":")
left.set(xlabel="K", ylabel="score on the part left out", xticks=k)
right.imshow(search.best_estimator_.transform(flower))
right.set(title=f"K = {search.best_params_['n_clusters']}", xticks=[], yticks=[])
plt.show()
