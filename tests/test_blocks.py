"""Every row is worked on once, whether in threads or not."""

import threading

import numpy as np
import pytest

from skseg._blocks import _PARALLEL_FROM, for_blocks


@pytest.mark.parametrize("n_rows", [0, 1, 7, 8, 9, _PARALLEL_FROM - 1, _PARALLEL_FROM, _PARALLEL_FROM + 1])
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
        for_blocks(fail, _PARALLEL_FROM, 1 << 15)
