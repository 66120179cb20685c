"""
Colors as features of a classifier
==================================

With ``output="distance"``, a segmenter transforms pixels into their distances to K colors. On these features, a linear
classifier has curved decision boundaries in color space. ``GridSearchCV`` finds K.
"""

# %%
# Which pixels show skin? The training data are a few brush strokes on a photo, on skin and elsewhere.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import astronaut
from skimage.draw import disk
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skseg import KMeansSegmenter

photo = astronaut()
strokes = np.full(photo.shape[:2], -1)
for center, radius, is_skin in [
    ((105, 215), 14, 1), ((150, 235), 12, 1), ((125, 195), 8, 1), ((170, 205), 8, 1),
    ((60, 200), 12, 0), ((300, 200), 30, 0), ((60, 60), 30, 0), ((420, 120), 25, 0),
    ((60, 320), 30, 0), ((230, 200), 12, 0), ((420, 400), 30, 0), ((150, 450), 20, 0),
]:  # fmt: skip
    strokes[disk(center, radius)] = is_skin
X, y = photo[strokes >= 0], strokes[strokes >= 0]

# %%
# Here, X is a table of pixels. K is searched like any parameter of a Pipeline.

pipeline = make_pipeline(KMeansSegmenter(output="distance", random_state=0), LogisticRegression(max_iter=1000))
search = GridSearchCV(pipeline, {"kmeanssegmenter__n_clusters": [2, 4, 8, 16]}, cv=5).fit(X, y)
plain = LogisticRegression(max_iter=1000).fit(X / 255, y)
print(f"K = {search.best_params_['kmeanssegmenter__n_clusters']}, accuracy {search.best_score_:.3f}")

# %%
# The figure compares the classifiers on RGB and on distances, for every pixel of the photo.

rows = photo.reshape(-1, 3)
maps = {
    "RGB": plain.predict_proba(rows / 255)[:, 1].reshape(photo.shape[:2]),
    "distances to K colors": search.predict_proba(rows)[:, 1].reshape(photo.shape[:2]),
}
figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
axes[0].imshow(photo)
axes[0].imshow(np.ma.masked_less(strokes, 0), cmap="coolwarm", alpha=0.7, interpolation="nearest")
axes[0].set_title("strokes: skin red, else blue")
for ax, (name, probability) in zip(axes[1:], maps.items(), strict=True):
    ax.imshow(probability, cmap="magma", vmin=0, vmax=1)
    ax.set_title(f"skin, from {name}")
for ax in axes:
    ax.set_axis_off()
plt.show()
