"""
Classify a multispectral scene
==============================

A segmenter works with any number of channels, such as the six bands of a satellite image. Clouds are masked.
"""

# %%
# The synthetic scene has four kinds of land with reflectances from 0.45 to 2.2 µm, uneven brightness, sensor noise, and
# clouds.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.metrics import adjusted_rand_score

from skseg import KMeansSegmenter

BANDS = np.array([0.48, 0.56, 0.66, 0.83, 1.65, 2.2])  # µm
SPECTRA = {
    "water": [0.06, 0.05, 0.04, 0.02, 0.01, 0.01],
    "forest": [0.03, 0.06, 0.04, 0.35, 0.18, 0.08],
    "fields": [0.06, 0.10, 0.09, 0.45, 0.28, 0.16],
    "soil": [0.12, 0.16, 0.21, 0.28, 0.38, 0.34],
}
rng = np.random.default_rng(1)
smooth = [gaussian_filter(rng.normal(size=(220, 300)), size) for size in (14, 14, 14, 14, 10, 16)]
truth = np.argmax(smooth[:4], axis=0)
scene = np.array([*SPECTRA.values()])[truth] * (1 + 6 * smooth[4][..., np.newaxis])
scene += rng.normal(scale=0.008, size=scene.shape)
scene[smooth[5] < -0.02] = np.nan
masked = np.ma.masked_invalid(scene)

# %%
# Shade scales all bands. The color space "direction" compares spectra independently of brightness.

segmenter = KMeansSegmenter(n_clusters=4, color_space="direction", random_state=0)
label_map = segmenter.fit_predict(masked)
agreement = adjusted_rand_score(truth[~label_map.mask], label_map.compressed())
print(f"adjusted Rand index with the truth: {agreement:.2f}")

# %%
# The mean spectra identify the clusters.

figure, axes = plt.subplots(1, 3, figsize=(13, 3.4), width_ratios=[1, 1, 1.1], layout="constrained")
axes[0].imshow(np.clip(2.2 * np.nan_to_num(scene[..., [3, 2, 1]], nan=0.3), 0, 1))
axes[0].set(title="false color, clouds gray", xticks=[], yticks=[])
axes[1].imshow(label_map, cmap="viridis", interpolation="nearest")
axes[1].set(title="labels", xticks=[], yticks=[])
for label, center in enumerate(segmenter.cluster_centers_):
    kind = min(SPECTRA, key=lambda name: np.abs(SPECTRA[name] - center).sum())
    axes[2].plot(BANDS, center, "o-", color=plt.colormaps["viridis"](label / 3), label=f"{label}: {kind}")
axes[2].set(title="mean spectra", xlabel="wavelength in µm", ylabel="reflectance")
figure.legend(loc="outside right center", frameon=False)
plt.show()
