"""The inertia is that of k-means on all pixels, whatever the range of the data; `objective.py` compares more of it."""

import numpy as np
import pytest
import skimage.data
from objective import SCENES, draw_scene, ratio

from skseg import KMeansSegmenter
from skseg.metrics import adjusted_rand


@pytest.mark.parametrize("number", [*range(len(SCENES)), 8, 9])
def test_wide_range_is_clustered_as_well_as_by_kmeans(number):
    name, X, n_clusters = draw_scene(number, 20_000)
    found, n_colors = ratio(X, n_clusters, None)
    assert n_colors > 8192
    assert found <= 1.02, name


@pytest.mark.parametrize(
    ("color_space", "n_clusters", "picture"),
    [
        ("hsv", 3, "retina"),
        ("hsv", 40, "retina"),
        ("hsv-raw", 10, "retina"),
        ("hed", 10, "retina"),
        ("oklab", 10, "astronaut"),
    ],
)
def test_images_are_clustered_as_well_as_by_kmeans_in_every_space(color_space, n_clusters, picture):
    image = getattr(skimage.data, picture)()[::3, ::3]
    found, _ = ratio(image, n_clusters, color_space)
    assert found <= 1.02


@pytest.mark.parametrize(("step", "n_clusters"), [(8, 10), (12, 4), (16, 10)])
def test_few_colors_are_clustered_as_well_as_by_kmeans(step, n_clusters):
    found, n_colors = ratio(skimage.data.retina()[::step, ::step], n_clusters, "auto")
    assert n_colors < 15_000
    assert found <= 1.02


@pytest.mark.parametrize(("dtype", "n_channels"), [(np.uint16, 4), (np.float32, 6), (np.uint16, 10)])
def test_land_covers_are_found_beneath_clouds_and_saturated_pixels(dtype, n_channels):
    rng = np.random.default_rng(0)
    covers = rng.uniform(200, 3000, (6, n_channels))
    truth = rng.integers(6, size=(200, 200))
    scene = covers[truth] + rng.normal(0, 60, (200, 200, n_channels))
    scene[rng.random((200, 200)) < 0.002] += 12_000
    scene[rng.integers(200, size=12), rng.integers(200, size=12)] = 65535
    labels = KMeansSegmenter(8, color_space=None, random_state=0).fit_predict(scene.clip(0, 65535).astype(dtype))
    assert adjusted_rand(truth, labels) > 0.98
