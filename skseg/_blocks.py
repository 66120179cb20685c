"""Work on long arrays block by block, in a few threads: NumPy's loops let other threads run."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_THREADS = min(4, os.cpu_count() or 1)  # memory is what limits them, more threads would wait for it
_PARALLEL_FROM = 1 << 16  # rows; fewer are done before a thread has started


def for_blocks(work: Callable[[slice], None], n_rows: int, block_size: int) -> None:
    """Do `work` on each block of rows, several at a time if there are many rows."""
    blocks = [slice(start, start + block_size) for start in range(0, n_rows, block_size)]
    if n_rows < _PARALLEL_FROM:
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(work, blocks):
            pass
