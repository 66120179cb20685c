"""The same from many threads, from other processes, after a fork, and on any number of OpenMP threads."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from skimage.data import astronaut, coffee, retina
from threadpoolctl import threadpool_limits

from skseg import KMeansSegmenter, RegionSegmenter

IMAGES = [astronaut()[::2, ::2], coffee()[::2, ::2], retina()[::5, ::5], astronaut()[::-2, ::2]] * 2


@pytest.fixture(scope="module")
def segmenter():
    return KMeansSegmenter(6, random_state=0).fit(coffee())


@pytest.mark.parametrize("method", ["predict", "transform", "score"])
def test_eight_threads_can_use_one_fitted_segmenter(segmenter, method):
    alone = [getattr(segmenter, method)(image) for image in IMAGES]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(getattr(segmenter, method), IMAGES))
    assert all(map(np.array_equal, alone, together))


def test_threads_can_fit_at_once():
    def fit(image):
        return KMeansSegmenter(6, random_state=0).fit(image).cluster_centers_

    with ThreadPoolExecutor(4) as pool:
        assert all(map(np.array_equal, pool.map(fit, IMAGES), map(fit, IMAGES)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_after_fit_predicts_the_same(segmenter):
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert np.array_equal(pool.apply(segmenter.predict, (IMAGES[0],)), segmenter.predict(IMAGES[0]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_beside_a_fit_can_fit():
    stop = threading.Event()

    def fit(_):
        while not stop.is_set():
            KMeansSegmenter(4, n_init=1, random_state=0).fit(IMAGES[0])

    with ThreadPoolExecutor(1) as fitting:
        running = fitting.submit(fit, None)
        try:
            with multiprocessing.get_context("fork").Pool(1) as pool:
                model = pool.apply_async(KMeansSegmenter(4, n_init=1, random_state=0).fit, (IMAGES[1],)).get(timeout=60)
        finally:
            stop.set()
        running.result()
    assert np.array_equal(model.labels_, KMeansSegmenter(4, n_init=1, random_state=0).fit_predict(IMAGES[1]))


def test_a_pickle_means_the_same_in_another_process(tmp_path):
    image = coffee()[::8, ::8]
    fitted = [KMeansSegmenter(6, random_state=0).fit(image), RegionSegmenter().fit(image)]
    (tmp_path / "fitted.pkl").write_bytes(pickle.dumps(fitted))
    np.save(tmp_path / "image.npy", image)
    code = "import numpy, pickle; fitted = pickle.load(open('fitted.pkl', 'rb'))"
    code += "; numpy.save('labels.npy', [each.predict(numpy.load('image.npy')) for each in fitted])"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "labels.npy"), [each.predict(image) for each in fitted])


@pytest.mark.parametrize("color_space", ["hsv", None])
def test_the_number_of_threads_changes_no_label(color_space):
    image = retina()[::2, ::2]
    fitted = []
    for n_threads in (1, 2, 4):
        with threadpool_limits(n_threads):
            fitted.append(KMeansSegmenter(12, color_space=color_space, random_state=0).fit(image))
    for other in fitted[1:]:
        assert np.array_equal(other.labels_, fitted[0].labels_)
        assert np.allclose(other.cluster_centers_, fitted[0].cluster_centers_, rtol=0, atol=1e-10)


def test_float32_and_float64_of_the_same_colors_get_the_same_labels():
    image = (coffee() / 255).astype(np.float32)
    one, other = (KMeansSegmenter(8, random_state=0).fit(image.astype(dtype)) for dtype in (np.float32, np.float64))
    assert np.array_equal(one.labels_, other.labels_)
    assert np.allclose(one.cluster_centers_, other.cluster_centers_, rtol=0, atol=1e-10)
