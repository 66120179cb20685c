"""Every row is worked on once, whether in threads or not."""

import threading

import joblib
import numpy as np
import pytest

from skseg._census.blocks import _pool, for_blocks, in_parallel, one_thread
from skseg._images import open_images
from skseg._limits import LIMITS


@pytest.mark.parametrize("n_rows", [0, 1, 7, 8, 9, *range(LIMITS.parallel_rows - 1, LIMITS.parallel_rows + 2)])
def test_every_row_is_in_one_block(n_rows):
    visits = np.zeros(n_rows, dtype=int)

    def visit(block):
        visits[block] += 1

    for_blocks(visit, n_rows, 8 if n_rows < 10 else 5000)
    assert (visits == 1).all()


def test_few_rows_need_no_thread():
    threads = set()
    for_blocks(lambda block: threads.add(threading.current_thread()), 100, 10)
    assert threads == {threading.current_thread()}


def test_an_error_in_a_block_is_raised():
    def fail(block):
        raise MemoryError(block.start)

    with pytest.raises(MemoryError, match="0"):
        for_blocks(fail, LIMITS.parallel_rows, 1 << 15)


def threads_of(work):
    """The threads in which blocks are worked on while `work` runs."""
    seen = set()

    def look(block):
        seen.add(threading.current_thread())

    work(lambda: for_blocks(look, 1 << 18, 1 << 14))
    return seen


def test_there_is_one_pool_of_few_threads():
    first, second = (threads_of(lambda blocks: blocks()) for _ in range(2))
    assert len(first | second) <= min(4, joblib.cpu_count())
    assert threading.current_thread() not in first


def test_a_thread_that_works_alone_uses_no_pool():
    with one_thread():
        assert threads_of(lambda blocks: blocks()) == {threading.current_thread()}
        with one_thread():
            pass
        assert threads_of(lambda blocks: blocks()) == {threading.current_thread()}
    assert threading.current_thread() not in threads_of(lambda blocks: blocks())


def test_a_block_that_works_on_blocks_uses_no_second_thread():
    def nested(block):
        assert threads_of(lambda blocks: blocks()) == {threading.current_thread()}

    for_blocks(nested, 1 << 17, 1 << 15)


@pytest.mark.parametrize("n_jobs", [1, 2, 4])
def test_images_that_are_handled_in_parallel_use_no_pool(n_jobs):
    def look(image):
        return threads_of(lambda blocks: blocks()), threading.current_thread()

    images = [np.zeros((2, 2, 3))] * 8
    for used, own in open_images(images).each(look, n_jobs=n_jobs):
        assert used == {own} if n_jobs > 1 else own not in used


@pytest.mark.parametrize(("limit", "expected"), [("1", 1), ("2", 2), ("", None), ("many", None), ("0", None)])
def test_the_environment_bounds_the_threads(monkeypatch, limit, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    _pool.cache_clear()
    try:
        assert _pool()._max_workers == min(4, joblib.cpu_count(), expected or 4)
    finally:
        _pool.cache_clear()


def test_results_in_parallel_are_in_order_and_each_worker_works_alone():
    def record(_number):
        seen.add(threading.current_thread())

    seen = set()
    assert list(in_parallel(lambda one, other: one * other, range(50), range(50))) == [n * n for n in range(50)]
    with one_thread():
        list(in_parallel(record, range(50)))
    assert seen == {threading.current_thread()}


def test_work_in_parallel_may_hold_work_in_parallel():
    def squares(number):
        return list(in_parallel(lambda one: one * one, range(number)))

    assert list(in_parallel(squares, range(50))) == [[one * one for one in range(number)] for number in range(50)]
