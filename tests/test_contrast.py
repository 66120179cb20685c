"""Contrast and texture around each pixel: what they are, and that they are the same in an image of another size."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, generic_filter

from skseg._regions.contrast import local_contrast, local_deviation

SHAPE = (321, 481)  # an image of usual size


@pytest.fixture(scope="module")
def plane():
    """A smooth relief with a step."""
    relief = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 12) * 20
    relief[:, 240:] += 10
    return relief.astype(np.float32)


def test_deviation_is_that_of_the_window(plane):
    part = plane[100:130, 220:260]
    expected = generic_filter(plane[80:150, 200:280].astype(float), np.std, size=13)[20:50, 20:60]
    assert np.allclose(local_deviation(plane)[100:130, 220:260], expected, atol=0.01)
    assert part.shape == expected.shape


def test_contrast_is_along_the_step(plane):
    contrast = local_contrast([plane], 1.5)
    assert contrast.argmax(axis=1).tolist() == pytest.approx([240] * SHAPE[0], abs=1)
    assert np.median(contrast[:, 230:250].max(axis=1)) > 5 * np.median(contrast)


def test_contrast_of_channels_adds_up_as_a_distance(plane):
    one = local_contrast([plane], 1.5)
    assert np.allclose(local_contrast([plane * 3, plane * 4], 1.5), 5 * one, rtol=1e-4, atol=1e-4)


def test_clutter_hides_contrast():
    stripes = np.tile(np.repeat([0, 1], 3), 81)[: SHAPE[1]] * np.ones(SHAPE, dtype=np.float32)
    alone = np.where(np.arange(SHAPE[1]) < 240, 0, 1) * np.ones(SHAPE, dtype=np.float32)
    assert local_contrast([stripes], 1)[:, 100:300].max() < 0.5 * local_contrast([alone], 1)[:, 100:300].max()


@pytest.mark.parametrize("times", [2, 3, 5])
def test_an_enlarged_image_looks_the_same(plane, times):
    enlarged = np.repeat(np.repeat(plane, times, axis=0), times, axis=1)
    for measure in (local_deviation, lambda x: local_contrast([x], 1.5)):
        assert np.allclose(measure(enlarged)[::times, ::times], measure(plane), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700_000), (700_000, 1), (1000, 777), (3, 5)])
def test_any_shape_is_looked_at(shape):
    flat = np.ones(shape, dtype=np.float32)
    for measured in (local_contrast([flat], 1.5), local_deviation(flat), local_contrast([flat], 0)):
        assert measured.shape == shape
        assert measured.max() < 1e-3
