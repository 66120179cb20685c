"""
Predict under another light
===========================

A model fitted to one photo labels the same scene in the light of the morning, of a lamp, and of a cloudy day. A
``WhiteBalancer`` in front of the segmenter keeps the labels.
"""

# %%
# Each synthetic light multiplies the channels by factors of linear light. For sRGB values, the factors are raised to
# 1 / 2.2.

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import stereo_motorcycle
from sklearn.pipeline import make_pipeline

from skseg import KMeansSegmenter, WhiteBalancer

photo = stereo_motorcycle()[0][::2, ::2]
lights = {"as fitted": (1, 1, 1), "morning": (0.9, 0.65, 0.55), "lamp": (0.8, 0.5, 0.2), "cloudy": (0.35, 0.42, 0.5)}
images = [np.rint(photo * np.power(light, 1 / 2.2)).astype(np.uint8) for light in lights.values()]

# %%
# Both models are fitted to the first image only. The balancer learns its light, and brings every other image to it. If
# an image shows a gray card, pass it instead of an estimate: ``WhiteBalancer(light=image[10:30, 40:60])``.

plain = KMeansSegmenter(n_clusters=5, random_state=0).fit(photo)
balanced = make_pipeline(WhiteBalancer(), KMeansSegmenter(n_clusters=5, random_state=0)).fit(photo)
print("light:", balanced[0].light_.round(2))

# %%
# The rows show the images, the labels of the plain model, and the labels with white balance. Percentages are the shares
# of labels that agree with the first image.

wanted = plain.predict(photo)
figure, axes = plt.subplots(3, 4, figsize=(12, 6.6), layout="constrained")
for column, (name, image) in enumerate(zip(lights, images, strict=True)):
    axes[0, column].imshow(image)
    axes[0, column].set_title(name)
    for row, model in enumerate((plain, balanced), 1):
        labels = model.predict(image)
        axes[row, column].imshow(plain.inverse_transform(labels))
        axes[row, column].set_xlabel(f"{(labels == wanted).mean():.0%} of the labels")
axes[1, 0].set_ylabel("plain")
axes[2, 0].set_ylabel("white balance")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
plt.show()
