"""Contrast and texture around each pixel: what they are, and that they are the same in an image of another size."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, generic_filter, uniform_filter

from skseg._regions.contrast import gradient, label_contrast, local_deviation
from skseg._regions.grid import Grid, _edges

SHAPE = (321, 481)  # an image of usual size


def gradient_along(planes, smoothing):
    grid = Grid.fine(planes[0].shape)
    return gradient([grid.shrink(each) for each in planes], grid, smoothing)


def deviation_around(plane):
    grid = Grid.fine(plane.shape)
    return local_deviation(grid.shrink(plane), grid)


@pytest.fixture(scope="module")
def plane():
    """A smooth relief with a step."""
    relief = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 12) * 20
    relief[:, 240:] += 10
    return relief.astype(np.float32)


def test_deviation_is_that_of_the_window(plane):
    part = plane[100:130, 220:260]
    expected = generic_filter(plane[80:150, 200:280].astype(float), np.std, size=13)[20:50, 20:60]
    assert np.allclose(deviation_around(plane)[100:130, 220:260], expected, atol=0.01)
    assert part.shape == expected.shape


def test_gradients_are_along_the_step(plane):
    found = gradient_along([plane], 1)
    assert found.argmax(axis=1).tolist() == pytest.approx([240] * SHAPE[0], abs=1)
    assert np.median(found[:, 230:250].max(axis=1)) > 5 * np.median(found)


def test_a_gradient_is_that_of_the_smoothed_plane(plane):
    smooth = gaussian_filter(plane, 2, truncate=3)
    found, expected = gradient_along([plane], 2), np.hypot(*np.gradient(smooth))
    assert np.allclose(found / found.max(), expected / expected.max(), atol=1e-3)


@pytest.mark.parametrize("size", [(20, 20), (160, 240), (321, 481), (500, 750), (1300, 1900)])
@pytest.mark.parametrize("smoothing", [1, 2])
def test_the_gradient_of_a_step_is_about_the_same_in_every_size(size, smoothing):
    step = np.zeros(size, dtype=np.float32)
    step[:, size[1] // 2 :] = 7
    assert gradient_along([step], smoothing).max() == pytest.approx(7 / 3, rel=0.3)


def test_gradients_of_channels_add_up_as_a_distance(plane):
    one = gradient_along([plane], 1)
    assert np.allclose(gradient_along([plane * 3, plane * 4], 1), 5 * one, rtol=1e-4, atol=1e-4)


@pytest.fixture(scope="module")
def labels():
    """Large patches of mixed labels."""
    patches = gaussian_filter(np.random.default_rng(1).normal(size=SHAPE), 20) > 0
    return np.random.default_rng(2).integers(3, size=SHAPE, dtype=np.int32) + np.where(patches, 2, 0).astype(np.int32)


def test_labels_differ_on_both_sides_of_a_step_and_not_elsewhere():
    labels = np.random.default_rng(0).integers(3, size=SHAPE, dtype=np.int32)
    labels[:, 240:] += 3
    found = label_contrast(labels, 6)
    assert found[:, 239:242].min() > 0.95
    assert found[:, 60:200].max() < 0.2
    assert found[:, 280:420].max() < 0.2


def test_labels_are_compared_in_boxes_on_both_sides(labels):
    found = label_contrast(labels, 5)
    shares = [uniform_filter((labels == label).astype(float), 19) for label in range(5)]
    expected = np.zeros(SHAPE)
    for down, right in ((0, 10), (10, 0), (8, 8), (8, -8)):
        pairs = [(np.roll(share, (-down, -right), (0, 1)), np.roll(share, (down, right), (0, 1))) for share in shares]
        expected = np.maximum(expected, 0.5 * sum((p - q) ** 2 / (p + q + 1e-9) for p, q in pairs))
    inner = np.s_[30:-30, 30:-30]
    assert np.corrcoef(found[inner].ravel(), expected[inner].ravel())[0, 1] > 0.98
    assert np.abs(found[inner] - expected[inner]).mean() < 0.05


def test_labels_under_the_mask_do_not_count(labels):
    masked = labels.copy()
    masked[:, 240:] = -1
    found = label_contrast(masked, 5)
    assert np.isfinite(found).all()
    assert found[:, 262:].max() == 0
    assert np.array_equal(found[:, :200], label_contrast(labels, 5)[:, :200])


@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.rot90, np.transpose])
@pytest.mark.parametrize("size", [(321, 481), (320, 480), (700, 1003), (60, 45)])
def test_a_turned_image_looks_the_same(turn, size):
    rng = np.random.default_rng(0)
    plane, labels = rng.random(size).astype(np.float32), rng.integers(4, size=size, dtype=np.int32)
    measures = (deviation_around, lambda each: gradient_along([each], 2))
    for measure, each in ((measures[0], plane), (measures[1], plane), (lambda x: label_contrast(x, 4), labels)):
        turned = measure(np.ascontiguousarray(turn(each)))
        assert np.allclose(turned, turn(measure(each)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("times", [2, 3, 5])
def test_an_enlarged_image_looks_the_same(plane, labels, times):
    def enlarge(each):
        return np.repeat(np.repeat(each, times, axis=0), times, axis=1)

    for measure in (deviation_around, lambda x: gradient_along([x], 1)):
        assert np.allclose(measure(enlarge(plane))[::times, ::times], measure(plane), rtol=1e-3, atol=1e-3)
    found, expected = label_contrast(enlarge(labels), 5)[::times, ::times], label_contrast(labels, 5)
    assert np.abs(found - expected).mean() < 0.02


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100, 481])
@pytest.mark.parametrize("step", [1, 1.7, 2, 2.5, 10])
def test_blocks_lie_in_the_same_way_from_both_ends(length, step):
    sizes = np.diff(_edges(length, step))
    assert sizes.sum() == length
    assert (sizes > 0).all()
    assert np.array_equal(sizes, sizes[::-1])


def test_blocks_are_means():
    plane = np.arange(700 * 1000, dtype=np.float32).reshape(700, 1000) % 97
    grid = Grid.fine(plane.shape)
    grown, blocks = grid.grow(grid.shrink(plane)), grid.blocks()
    assert grid.shape == (349, 501)
    for block in (0, 17, 349 * 501 - 1):
        assert np.allclose(grown[blocks == block], plane[blocks == block].mean())


@pytest.mark.parametrize("shape", [(1, 1), (1, 700_000), (700_000, 1), (1000, 777), (3, 5)])
def test_any_shape_is_looked_at(shape):
    flat = np.ones(shape, dtype=np.float32)
    for measured in (gradient_along([flat], 1), deviation_around(flat), label_contrast(np.zeros(shape, np.int32), 1)):
        assert measured.shape == shape
        assert measured.max() < 1e-3
