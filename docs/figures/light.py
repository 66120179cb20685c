"""A model of one half of a tissue section meets the other half: in the same light, in another, and balanced."""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry
from sklearn.pipeline import make_pipeline

from skseg import KMeansSegmenter, WhiteBalancer

tissue = immunohistochemistry()
fitted, same = tissue[:, :256], tissue[:, 256:]
other = np.rint(same * [0.95, 0.78, 0.6]).astype(np.uint8)
segmenter = KMeansSegmenter(3, color_space="lab", channel_weights=None, random_state=0)
plain = segmenter.fit(fitted)
balanced = make_pipeline(WhiteBalancer(), KMeansSegmenter(**segmenter.get_params())).fit(fitted)
wanted = plain.predict(same)

figure, axes = plt.subplots(2, 4, figsize=(9, 8.4), layout="constrained")
columns = [
    ("fitted", fitted, plain.predict(fitted)),
    ("same light", same, wanted),
    ("other light", other, plain.predict(other)),
    ("other light,\nwhite balance", balanced[0].transform(other), balanced.predict(other)),
]
for (title, picture, labels), (top, bottom) in zip(columns, axes.T, strict=True):
    top.imshow(picture)
    top.set_title(title, fontsize=11)
    bottom.imshow(plain.inverse_transform(labels))
    if title.startswith("other"):
        bottom.set_xlabel(f"{(labels == wanted).mean():.0%} as in the same light")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
