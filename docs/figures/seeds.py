"""One photo with two seeds: by plain k-means and by skseg, and the pixels that are not in the same cluster."""

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment
from skimage.color import label2rgb, rgb2gray
from skimage.data import chelsea
from sklearn.cluster import KMeans
from sklearn.metrics import confusion_matrix

from skseg import ColorConverter, KMeansSegmenter

N_CLUSTERS = 12

photo = chelsea()
features = ColorConverter().fit_transform(photo.reshape(-1, 3))


def by_kmeans(seed):
    """The label map of one start of k-means on all pixels."""
    return KMeans(N_CLUSTERS, n_init=1, random_state=seed).fit_predict(features).reshape(photo.shape[:2])


def by_skseg(seed):
    """The label map of the best optimum that is found."""
    return KMeansSegmenter(N_CLUSTERS, random_state=seed).fit_predict(photo)


def marked(one, other):
    """The gray photo, in red where labels differ after the best matching of the clusters, and the share of others."""
    clusters, matched = linear_sum_assignment(-confusion_matrix(one.ravel(), other.ravel()))
    differs = matched[np.searchsorted(clusters, one)] != other
    gray = np.dstack([rgb2gray(photo) * 0.6 + 0.4] * 3)
    return np.where(differs[..., np.newaxis], [0.85, 0.1, 0.15], gray), 1 - differs.mean()


figure, axes = plt.subplots(2, 3, figsize=(10, 4.9), layout="constrained")
for row, (name, segment) in zip(axes, {"KMeans(n_init=1)": by_kmeans, "skseg": by_skseg}.items(), strict=True):
    label_maps = [segment(seed) for seed in (0, 1)]
    for seed, labels in enumerate(label_maps):
        row[seed].imshow(label2rgb(labels, photo, kind="avg", bg_label=-1))
        row[seed].set_title(f"{name}, random_state={seed}", fontsize=10)
    picture, same = marked(*label_maps)
    row[2].imshow(picture)
    row[2].set_title(f"{same:.1%} in the same cluster", fontsize=10)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
