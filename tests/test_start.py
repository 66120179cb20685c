"""Start colors of clusters are means of halves of halves, and noise hardly moves them."""

import numpy as np
import pytest
from skimage.data import coffee
from sklearn.decomposition import PCA

from skseg._regions.start import start_colors


@pytest.fixture
def colors():
    return np.random.default_rng(0).normal(size=(500, 3)) @ np.diag([3.0, 1.0, 1.0])


def test_the_first_halves_lie_on_both_sides_of_the_mean_along_the_principal_axis(colors):
    is_beyond = PCA(1).fit_transform(colors).ravel() > 0
    expected = [colors[is_beyond].mean(axis=0), colors[~is_beyond].mean(axis=0)]
    found = start_colors(colors, np.ones(len(colors)), 1)
    assert np.allclose(sorted(found.tolist()), sorted(map(list, expected)))


def test_halves_are_halved_alike(colors):
    found = start_colors(colors, np.ones(len(colors)), 4)
    assert found.shape == (16, 3)
    assert len(np.unique(found, axis=0)) == 16


def test_weights_count_as_repeated_colors(colors):
    weights = np.random.default_rng(1).integers(1, 4, len(colors))
    repeated = np.repeat(colors, weights, axis=0)
    found = start_colors(colors, weights.astype(float), 3)
    assert np.allclose(np.sort(found, axis=0), np.sort(start_colors(repeated, np.ones(len(repeated)), 3), axis=0))


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_few_colors_are_all_start_colors(dtype):
    corners = np.array([[0, 0, 0], [255, 0, 0], [255, 255, 0], [0, 255, 0], [0, 0, 255]], dtype=dtype)
    found = start_colors(corners, np.ones(5), 5)
    assert sorted(found.tolist()) == sorted(corners.tolist())


def test_noise_of_a_gray_level_hardly_moves_them():
    image = coffee()[::2, ::2]
    noisy = np.clip(image + np.random.default_rng(0).normal(size=image.shape).round(), 0, 255)
    found, moved = (
        start_colors(*np.unique(each.reshape(-1, 3), axis=0, return_counts=True), 5) for each in (image, noisy)
    )
    distances = np.linalg.norm(found[:, np.newaxis] - moved, axis=-1)
    assert np.median(distances.min(axis=1)) < 1
