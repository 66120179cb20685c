"""Work on long arrays block by block, in one small pool of threads: NumPy's loops let other threads run.

There is one pool per process. It has at most four threads, no more than the processors that joblib counts, and no more
than the environment variable OMP_NUM_THREADS says. Workers of joblib that handle whole images do not use it.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from math import prod
from threading import local
from typing import Any, TypeVar

from joblib import cpu_count

from .._limits import LIMITS

T = TypeVar("T")

_MAX_THREADS = 4  # the work is memory-bound; more threads do not help


class _Here(local):
    """What is true of the current thread alone."""

    works_alone = False


_here = _Here()


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Blocks of rows of an array."""
    step = max(1, LIMITS.map_numbers // max(1, prod(shape[1:])))
    return (slice(start, min(start + step, shape[0])) for start in range(0, shape[0], step))


def for_blocks(work: Callable[[slice], None], n_rows: int, block_size: int) -> None:
    """Do `work` on each block of rows, several at a time if there are many rows.

    The blocks are the same on any number of threads; work that writes to its own block alone gives the same bits.
    """
    blocks = [slice(start, start + block_size) for start in range(0, n_rows, block_size)]
    for _ in map(work, blocks) if n_rows < LIMITS.parallel_rows else in_parallel(work, blocks):
        pass


def in_parallel(work: Callable[..., T], *arguments: Iterable[Any]) -> Iterator[T]:
    """Like `map`, but several results are computed at a time, before they are asked for."""
    return map(work, *arguments) if _here.works_alone else _pool().map(work, *arguments)


@contextmanager
def one_thread() -> Iterator[None]:
    """Work on blocks one after the other in this thread."""
    before = _here.works_alone
    _here.works_alone = True
    try:
        yield
    finally:
        _here.works_alone = before


@cache
def _pool() -> ThreadPoolExecutor:
    limit = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    n_threads = min(_MAX_THREADS, cpu_count(), int(limit) if limit.isdecimal() and int(limit) else _MAX_THREADS)
    return ThreadPoolExecutor(n_threads, "skseg", initializer=_work_alone)


def _work_alone() -> None:
    _here.works_alone = True


# The threads of a pool do not live on in a child process.
if hasattr(os, "register_at_fork"):  # pragma: no branch, not on Windows
    os.register_at_fork(after_in_child=_pool.cache_clear)
