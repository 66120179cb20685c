"""Many images, huge images, many processes: the same model, in bounded memory."""

import gc
import os
import re
import signal
import threading
import time
from itertools import chain

import joblib
import numpy as np
import pytest
import skimage.data
import skimage.io
from helpers import lowered
from joblib import Parallel
from PIL import Image
from sklearn.model_selection import GridSearchCV

from skseg import ColorConverter, KMeansSegmenter, RegionSegmenter, WhiteBalancer

NAMES = ["coffee", "astronaut", "chelsea"]
COFFEE = skimage.data.coffee()[::4, ::4]


class Lazy:
    """A picture that is read when it is asked for, and says where and when."""

    ndim = 3

    def __init__(self, name, log=None, delay=0.0):
        self.name, self.log, self.delay = name, log, delay

    def __array__(self, dtype=None, copy=None):
        time.sleep(self.delay)
        if self.log is not None:
            self.log.append(self.name)
        return getattr(skimage.data, self.name)()[::4, ::4]


def segmenter(**params):
    return KMeansSegmenter(5, random_state=0, **params)


def assert_same_model(one, other):
    assert np.array_equal(one.cluster_centers_, other.cluster_centers_)
    assert np.array_equal(one.cluster_sizes_, other.cluster_sizes_)


# Lazy images


def test_lazy_images_are_read_once_each_in_order():
    log = []
    segmenter().fit([Lazy(name, log) for name in NAMES])
    assert log == NAMES


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_more_images_than_jobs_are_held_at_a_time(n_jobs):
    held, most = set(), []
    images = {name: np.asarray(Lazy(name)) for name in NAMES}  # loading them leaves frames for the garbage collector

    class Held(np.ndarray):
        def __del__(self):
            held.discard(id(self))

    class Counted(Lazy):
        def __array__(self, dtype=None, copy=None):
            image = images[self.name].copy().view(Held)
            held.add(id(image))
            most.append(len(held))
            return image

    segmenter(n_jobs=n_jobs).fit([Counted(name) for name in NAMES * 4])
    assert max(most) <= n_jobs


def test_images_that_an_error_leaves_unread_are_dropped_without_a_word(recwarn):
    good, bad = Lazy("coffee", delay=0.1), COFFEE / 255.0
    with pytest.raises(ValueError, match=r"^X\[1\]: Pixels are float64"):
        segmenter(n_jobs=2).fit([COFFEE, bad, good, good])
    gc.collect()  # which would report a generator that cannot be closed
    assert not recwarn


def test_label_maps_can_be_taken_one_by_one():
    model = segmenter().fit([Lazy(name) for name in NAMES])
    images = [Lazy(name) for name in NAMES]
    together = model.predict(images)
    assert all(np.array_equal(model.predict(image), labels) for image, labels in zip(images, together, strict=True))


@pytest.mark.filterwarnings("ignore:The plugin infrastructure")  # scikit-image's own
def test_an_image_collection_is_a_list_of_images(tmp_path):
    for number in range(3):
        skimage.io.imsave(tmp_path / f"{number}.png", COFFEE[number::3])
    collection = skimage.io.ImageCollection(str(tmp_path / "*.png"))
    parts = [COFFEE[number::3] for number in range(3)]
    model = segmenter().fit(collection)
    assert_same_model(model, segmenter().fit(parts))
    assert all(map(np.array_equal, model.predict(collection), model.predict(parts)))
    search = GridSearchCV(segmenter(), {"n_clusters": [2, 3]}, cv=3, error_score="raise").fit(collection)
    assert search.best_score_ == GridSearchCV(segmenter(), {"n_clusters": [2, 3]}, cv=3).fit(parts).best_score_


def test_a_collection_is_read_once_and_one_image_at_a_time():
    log = []

    class Collection:
        def __len__(self):
            return 40

        def __getitem__(self, index):
            log.append(index)
            return COFFEE[index % 4 :: 4]

    model = segmenter().fit(Collection())
    assert log == list(range(40))
    assert_same_model(model, segmenter().fit([COFFEE] * 10))
    log.clear()
    assert len(model.predict(Collection())) == 40
    assert log == list(range(40))


def test_a_collection_needs_an_image():
    class Collection:
        def __len__(self):
            return 0

        def __getitem__(self, index):
            raise IndexError(index)

    with pytest.raises(ValueError, match="X contains no images; at least one is required"):
        segmenter().fit(Collection())


def test_a_collection_of_numbers_is_no_image():
    for model, message in ((segmenter(), r"X\[0\]: Expected 2D array"), (RegionSegmenter(), "Got 0 dimensions")):
        with pytest.raises(ValueError, match=message):
            model.fit(range(5))


def test_lists_of_images_that_do_not_say_their_dimensions_are_not_read_for_it():
    class Silent:
        reads = 0

        def __array__(self, dtype=None, copy=None):
            Silent.reads += 1
            return COFFEE

    segmenter().fit([COFFEE, *(Silent() for _ in range(5))])
    assert Silent.reads == 5


@pytest.mark.parametrize(
    "image",
    [Lazy("coffee"), Image.fromarray(COFFEE), COFFEE.reshape(-1, 3)],
    ids=["lazy", "PIL", "table"],
)
def test_a_label_map_of_every_form_is_written_where_it_is_wanted(image):
    assert_written_where_it_is_wanted(image)


def test_labels_of_a_data_frame_are_written_where_they_are_wanted(pandas):
    assert_written_where_it_is_wanted(pandas.DataFrame(COFFEE.reshape(-1, 3)))


def assert_written_where_it_is_wanted(image):
    model = segmenter().fit(image)
    out = np.empty(model.labels_.shape, dtype=np.int32)
    assert np.array_equal(model.predict(image, out=out), model.labels_)


# Huge images


def test_a_label_map_is_written_where_it_is_wanted(tmp_path, lower):
    lower(result_pixels=1000)
    model = segmenter().fit(COFFEE)
    mapped = np.memmap(tmp_path / "labels", dtype=np.int32, mode="w+", shape=COFFEE.shape[:2])
    assert model.predict(COFFEE, out=mapped) is mapped
    assert np.array_equal(mapped, model.predict(COFFEE))


@pytest.mark.parametrize("band", [1, 7, 10**6])
def test_bands_change_nothing_and_masked_pixels_are_minus_one(lower, band):
    lower(result_pixels=band)
    masked = np.ma.masked_greater(COFFEE, 220)
    model = segmenter().fit(masked)
    out = np.empty(COFFEE.shape[:2], dtype=np.int32)
    assert np.array_equal(model.predict(masked, out=out), model.predict(masked).data)


@pytest.mark.parametrize(
    ("out", "got"),
    [
        (np.empty((3, 3), np.int32), "got int32 of shape (3, 3)"),
        (np.empty(COFFEE.shape[:2], np.uint8), "got uint8 of shape (100, 150)"),
        ([[0]], "got list of shape (1, 1)"),
    ],
    ids=["shape", "dtype", "list"],
)
def test_a_place_that_does_not_suit_is_refused(out, got):
    with pytest.raises(ValueError, match=r"out must be an int32 array .* X has \(100, 150\), " + re.escape(got)):
        segmenter().fit(COFFEE).predict(COFFEE, out=out)


def test_a_list_has_no_single_place():
    with pytest.raises(ValueError, match="out must be an int32 array of the pixel shape of one image; X is a list"):
        segmenter().fit(COFFEE).predict([COFFEE], out=np.empty(COFFEE.shape[:2], np.int32))


def test_the_label_map_of_a_huge_mapped_image_is_not_kept(tmp_path, lower):
    mapped = np.memmap(tmp_path / "image", dtype=np.uint8, mode="w+", shape=COFFEE.shape)
    mapped[:] = COFFEE
    model = segmenter().fit(mapped)
    assert model.labels_.shape == COFFEE.shape[:2]
    lower(label_map_pixels=1000)
    assert not hasattr(model.fit(mapped), "labels_")
    assert np.array_equal(model.fit_predict(mapped), segmenter().fit_predict(COFFEE))


# Dask arrays


@pytest.fixture
def blocks():
    """A Dask array in chunks."""
    return pytest.importorskip("dask.array").from_array(COFFEE, chunks=(30, 40, 3))


def test_a_dask_array_is_labeled_block_by_block(blocks):
    model = segmenter().fit(COFFEE)
    lazy = blocks.map_blocks(model.predict, dtype=np.int32, drop_axis=2, meta=np.empty((0, 0), np.int32))
    assert np.array_equal(lazy.compute(scheduler="threads"), model.predict(COFFEE))


def test_the_blocks_of_a_dask_array_are_a_list_of_images(blocks):
    assert_same_model(segmenter().fit(list(blocks.blocks.ravel())), segmenter().fit(COFFEE))


# Several processes


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes, and a client of theirs, on which Dask computes."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore")  # what Dask has to say
def test_a_dask_cluster_finds_the_same_model_even_if_a_worker_dies(cluster):
    images = [Lazy(name) for name in NAMES * 3]
    slow = [Lazy(name, delay=0.2) for name in NAMES * 3]
    expected = segmenter().fit(images)
    with joblib.parallel_config(backend="dask"):
        model = segmenter(n_jobs=-1)
        assert_same_model(model.fit(images), expected)
        assert all(map(np.array_equal, model.predict(images), expected.predict(images)))
        victim = next(iter(cluster.run(os.getpid).values()))
        threading.Timer(0.5, os.kill, (victim, signal.SIGKILL)).start()
        assert_same_model(model.fit(slow), expected)


def slow_chunk(block, seconds):
    time.sleep(seconds)
    return block


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_computes_chunks_even_if_a_worker_dies(cluster):
    chunks = pytest.importorskip("dask.array").from_array(COFFEE, chunks=(60, 60, 3), asarray=False)
    expected = segmenter(output="distance").fit(COFFEE)
    found = segmenter(output="distance").fit(chunks)
    assert np.array_equal(found.cluster_centers_, expected.cluster_centers_)
    np.testing.assert_allclose(found.transform(chunks).compute(), expected.transform(COFFEE), rtol=1e-12, atol=1e-12)
    victim = next(iter(cluster.run(os.getpid).values()))
    threading.Timer(0.3, os.kill, (victim, signal.SIGKILL)).start()
    slow = chunks.map_blocks(slow_chunk, 0.4, dtype=np.uint8)
    assert np.array_equal(segmenter().fit(slow).cluster_centers_, expected.cluster_centers_)


def all_results(images):
    """The results of all methods that take a list, from colors that are counted and colors that are passed over."""
    truths = [image[..., 0] // 128 for image in images]
    fractions = [(image + np.indices(image.shape).sum(axis=0) / 1000) / 256 for image in images]
    model, passed = segmenter().fit(images), segmenter().fit(fractions)
    labels, balancer = model.predict(images), WhiteBalancer().fit(images)
    regions = RegionSegmenter(n_regions=5, min_size=8)
    yield from (model.cluster_centers_, passed.cluster_centers_, balancer.light_)
    yield from chain(labels, model.transform(images), balancer.transform(images), ColorConverter().transform(images))
    yield from chain(regions.fit_predict(images), regions.transform(images))
    yield from (model.score(images), model.score(images, truths), regions.score(images, truths))
    yield model.partial_fit(images).cluster_centers_


@pytest.fixture(scope="module")
def one_by_one():
    """Three images and all results of them, without a backend."""
    images = [np.asarray(Lazy(name))[::3, ::3] for name in NAMES]
    with lowered(colors_in_fit=1000):
        return images, list(all_results(images))


@pytest.mark.filterwarnings("ignore")  # what the backends have to say
@pytest.mark.parametrize("backend", ["threading", "dask", "multiprocessing", "loky"])
def test_every_method_gives_the_same_on_every_backend(backend, one_by_one, request, lower):
    lower(colors_in_fit=1000)
    if backend == "dask":
        request.getfixturevalue("cluster")
    images, expected = one_by_one
    with joblib.parallel_config(backend, n_jobs=2):
        found = all_results(images)
        assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


def test_processes_tell_which_image_it_is():
    images = [COFFEE / 255, COFFEE * np.nan]
    with (
        joblib.parallel_config("loky", n_jobs=2),
        pytest.raises(ValueError, match=r"^X\[1\]: Pixels contain") as caught,
    ):
        segmenter().fit(images)
    assert caught.value.image_index == 1


# Progress


def test_callbacks_hear_of_every_image():
    callback = pytest.importorskip("sklearn.callback")
    heard = []

    class Listener:
        def setup(self, estimator, context):
            pass

        def teardown(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            heard.append((context.task_name, context.max_subtasks))

    listener = Listener()
    assert isinstance(listener, callback.FitCallback)
    segmenter().set_callbacks(listener).fit([Lazy(name) for name in NAMES])
    assert heard == [*[("images", 0)] * 3, ("count", None), ("cluster", 0), ("fit", 2)]
    heard.clear()
    segmenter().set_callbacks(listener).fit(COFFEE)
    assert heard == [("count", 0), ("cluster", 0), ("fit", 2)]


def test_an_image_of_another_kind_is_named_in_a_long_list_too():
    images = [COFFEE[:2, :2]] * 200
    images[123] = COFFEE[:2, :2, :1]
    with pytest.raises(ValueError, match=r"X\[123\]: Pixels have 1 channel"):
        segmenter().fit(images)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "predict", "transform", "score", "score with y"])
def test_every_method_works_on_as_many_images_as_n_jobs_says(method, monkeypatch):
    images = [COFFEE, COFFEE[:20]]
    model = segmenter(n_jobs=2).fit(images)
    asked = []

    def parallel(n_jobs, **options):
        asked.append(n_jobs)
        return Parallel(n_jobs=1, **options)

    monkeypatch.setattr("skseg._images.sequence.Parallel", parallel)
    if method == "score with y":
        model.score(images, model.predict(images))
    else:
        getattr(model, method)(images)
    assert asked
    assert set(asked) == {2}
