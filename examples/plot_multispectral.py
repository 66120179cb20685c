"""
Classify a multispectral scene
==============================

Six bands as from a satellite, with clouds that have no data. Any number of channels works; other than three are
clustered as they are.
"""

# %%
# The scene is made up: four kinds of land with spectra from 0.45 to 2.2 µm as reflectances, patches that differ in
# brightness, sensor noise, and a hole.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseg import KMeansSegmenter

BANDS = np.array([0.48, 0.56, 0.66, 0.83, 1.65, 2.2])  # µm
SPECTRA = {
    "water": [0.06, 0.05, 0.04, 0.02, 0.01, 0.01],
    "forest": [0.03, 0.06, 0.04, 0.35, 0.18, 0.08],
    "fields": [0.06, 0.10, 0.09, 0.45, 0.28, 0.16],
    "soil": [0.12, 0.16, 0.21, 0.28, 0.38, 0.34],
}
rng = np.random.default_rng(1)
fields = np.stack([gaussian_filter(rng.normal(size=(220, 300)), 14) for _ in SPECTRA])
truth = fields.argmax(axis=0)
light = 1 + 6 * gaussian_filter(rng.normal(size=truth.shape), 10)[..., np.newaxis]
scene = np.array(list(SPECTRA.values()))[truth] * light + rng.normal(scale=0.008, size=(*truth.shape, 6))
scene[(gaussian_filter(rng.normal(size=truth.shape), 16) > 0.035)] = np.nan
masked = np.ma.masked_invalid(scene)

# %%
# Light and shadow multiply all bands, so the bands of each pixel are divided by their sum first: a step of a Pipeline.

shape = FunctionTransformer(lambda bands: bands / bands.sum(axis=-1, keepdims=True))
pipeline = make_pipeline(shape, KMeansSegmenter(n_clusters=4, output="label", random_state=0))
label_map = pipeline.fit_transform(masked)
agreement = adjusted_rand_score(truth[~label_map.mask], label_map.compressed())
print(f"adjusted Rand index with the truth: {agreement:.2f}")

# %%
# The spectra of the clusters are the means of their pixels. They tell which is which.

figure, axes = plt.subplots(1, 3, figsize=(13, 3.6), layout="constrained")
axes[0].imshow(np.clip(2.2 * np.nan_to_num(scene[..., [3, 2, 1]], nan=0.5), 0, 1))
axes[0].set_title("false color, clouds gray")
axes[1].imshow(label_map, cmap="viridis", interpolation="nearest")
axes[1].set_title("labels")
for label in range(4):
    mean = np.ma.getdata(masked)[np.ma.filled(label_map == label, False)].mean(axis=0)
    kind = min(SPECTRA, key=lambda name: np.abs(np.array(SPECTRA[name]) - mean).sum())
    axes[2].plot(BANDS, mean, "o-", color=plt.colormaps["viridis"](label / 3), label=f"{label}: {kind}")
axes[2].set(title="mean spectra", xlabel="wavelength in µm", ylabel="reflectance")
axes[2].legend(frameon=False)
for ax in axes[:2]:
    ax.set_axis_off()
plt.show()
