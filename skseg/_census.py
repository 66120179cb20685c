"""The census of colors: which rows occur, and how often. Pure NumPy.

The k-means objective on pixels depends on nothing else, so the census replaces the pixels exactly. Its order is
canonical (sorted by the last channel, then the one before, …), whatever the order of the pixels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_KEY_BITS = 24  # an 8-bit color of up to three channels is an integer below 2**24
_FEW = 1 << 18  # up to so many pixels, sorting their keys beats a table of all keys
_BLOCK = 1 << 17  # pixels that are worked on at a time, so that temporaries stay in the processor's cache
_THREADS = min(4, os.cpu_count() or 1)  # for blocks; memory is what limits them, more threads would wait for it


class Census(NamedTuple):
    """Distinct colors of shape (n_colors, n_channels) in the pixels' own dtype, and the weight of each, float64."""

    colors: NDArray[Any]
    weights: NDArray[np.float64]


def count(rows: NDArray[Any], weights: NDArray[np.float64] | None = None) -> Census:
    """The census of pixel rows of shape (n_pixels, n_channels); a pixel of weight 0 is absent."""
    if weights is not None and not weights.all():
        rows, weights = rows[weights > 0], weights[weights > 0]
    return _count_keys(rows, weights) if _has_keys(rows) else _count_sorted(rows, weights)


def merge(censuses: Iterable[Census]) -> Census:
    """The census of everything that was counted, in any grouping and order."""
    parts = list(censuses)
    if len(parts) == 1:
        return parts[0]
    return count(np.concatenate([part.colors for part in parts]), np.concatenate([part.weights for part in parts]))


def map_colors(
    function: Callable[[NDArray[Any]], NDArray[Any]], rows: NDArray[Any], distinct: NDArray[Any] | None = None
) -> NDArray[Any]:
    """`function` of every pixel row, worked out once per distinct color where that is cheap.

    `function` takes colors (n, n_channels) and gives an array of n labels, or of n rows. `distinct` are the colors that
    occur, if they are known.
    """
    if not _has_keys(rows):
        return _map_rows(function, rows)
    if len(rows) <= _FEW:
        keys, index = np.unique(_pack(rows), return_inverse=True)
        return function(_unpack(keys, rows))[index]
    keys = _distinct_keys(rows) if distinct is None else _pack(distinct)
    values = _map_rows(function, _unpack(keys, rows))
    if values.ndim > 1:
        return take(values, _look_up(rows, keys, np.arange(len(keys), dtype=np.uint32)))
    return _look_up(rows, keys, values)


def _map_rows(function: Callable[[NDArray[Any]], NDArray[Any]], rows: NDArray[Any]) -> NDArray[Any]:
    like = function(rows[:1])
    values = np.empty((len(rows), *like.shape[1:]), dtype=like.dtype)

    def fill(block: slice) -> None:
        values[block] = function(rows[block])

    _for_blocks(fill, len(rows), _BLOCK // 4)  # what functions make of a row is larger than the row
    return values


def take(values: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    """``values[index]`` along the first axis, for indices that are known to be good."""
    taken = np.empty((len(index), *values.shape[1:]), dtype=values.dtype)

    def fill(block: slice) -> None:
        np.take(values, index[block], axis=0, out=taken[block], mode="clip")  # the mode that needs no copy of `out`

    _for_blocks(fill, len(index))
    return taken


def mean_colors(census: Census, labels: NDArray[Any]) -> NDArray[np.float64]:
    """The weighted mean color of each label, (n_labels, n_channels), exact for a label of one color.

    `labels` are consecutive from 0.
    """
    some = np.empty(labels.max() + 1, dtype=np.intp)
    some[labels] = np.arange(len(labels))  # one color of each label, to measure from
    origins = census.colors[some].astype(np.float64)
    sums = [
        np.bincount(labels, census.weights * (column.astype(np.float64) - origin[labels]))
        for column, origin in zip(census.colors.T, origins.T, strict=True)
    ]
    return origins + np.stack(sums, axis=1) / np.bincount(labels, census.weights)[:, np.newaxis]


def _has_keys(rows: NDArray[Any]) -> bool:
    """Whether each row fits into one small integer."""
    return rows.dtype in (np.uint8, np.bool_) and 8 * rows.shape[1] <= _KEY_BITS


def _count_keys(rows: NDArray[Any], weights: NDArray[np.float64] | None) -> Census:
    if len(rows) <= _FEW:
        keys, index = np.unique(_pack(rows), return_inverse=True)
        totals = np.bincount(index, weights, minlength=len(keys)).astype(np.float64, copy=False)
        return Census(_unpack(keys, rows), totals)
    counts_fit = weights is None and len(rows) < 1 << 32
    table: NDArray[Any] = np.zeros(1 << _KEY_BITS, dtype=np.uint32 if counts_fit else np.float64)
    one = table.dtype.type(1)  # of the table's type, or NumPy's fast loop does not take it
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        np.add.at(table, _pack(rows[block]), one if weights is None else weights[block])
    keys = np.flatnonzero(table > 0).astype(np.uint32)
    return Census(_unpack(keys, rows), table[keys].astype(np.float64, copy=False))


def _count_sorted(rows: NDArray[Any], weights: NDArray[np.float64] | None) -> Census:
    rows = rows + rows.dtype.type(0)  # -0.0 is 0.0
    order = _lexicographic_order(rows)
    colors = np.take(rows, order, axis=0, mode="clip")
    first = np.ones(len(colors), dtype=bool)
    np.any(colors[1:] != colors[:-1], axis=1, out=first[1:])
    starts = np.flatnonzero(first)
    if weights is None:
        totals = np.diff(starts, append=len(colors)).astype(np.float64)
    else:
        totals = np.add.reduceat(weights[order], starts) if len(starts) else weights
    return Census(colors[starts], totals)


def _lexicographic_order(rows: NDArray[Any]) -> NDArray[Any]:
    """The order of `np.lexsort(rows.T)`, several times faster: a radix sort by digits of 32 bits.

    Each pass sorts 64-bit integers, a digit above the position that it has so far, which keeps equal digits in place.
    """
    if rows.dtype.itemsize > 8 or len(rows) >= 1 << 32:
        return np.lexsort(rows.T)
    order, position = np.arange(len(rows)), np.arange(len(rows), dtype=np.uint64)
    for column in rows.T:
        for digit in _digits(column):
            keys = digit.take(order, mode="clip").astype(np.uint64)
            keys <<= np.uint64(32)
            keys |= position
            keys.sort()
            order = order.take((keys & np.uint64(0xFFFFFFFF)).astype(np.intp), mode="clip")
    return order


def _digits(column: NDArray[Any]) -> list[NDArray[np.uint32]]:
    """The numbers of a column as 32-bit digits that order as they do, the lowest first."""
    bits = 8 * column.dtype.itemsize
    ordered = np.ascontiguousarray(column).view(f"u{column.dtype.itemsize}")
    sign = ordered.dtype.type(1 << (bits - 1))
    if column.dtype.kind == "f":
        ordered = np.where(ordered & sign, ~ordered, ordered | sign)  # negative floats order backwards
    elif column.dtype.kind == "i":
        ordered = ordered ^ sign
    if bits <= 32:
        return [ordered.astype(np.uint32)]
    return [ordered.astype(np.uint32), (ordered >> np.uint64(32)).astype(np.uint32)]


def _pack(rows: NDArray[Any]) -> NDArray[np.uint32]:
    """Each row as one integer, the last channel highest."""
    n_pixels, n_channels = rows.shape
    octets = rows.view(np.uint8)
    keys = np.zeros(n_pixels, dtype=np.uint32)
    last = 0
    if n_channels == 3 and octets.flags.c_contiguous and n_pixels > 1:
        # Four bytes from the start of each pixel are its color and one byte of the next pixel, which is cut off.
        last = n_pixels - 1
        overlapping: NDArray[np.uint32] = np.ndarray(last, dtype="<u4", buffer=octets.data, strides=(3,))
        np.bitwise_and(overlapping, 0xFFFFFF, out=keys[:last])
    for channel, column in enumerate(octets[last:].T):
        keys[last:] |= column.astype(np.uint32) << np.uint32(8 * channel)
    return keys


def _unpack(keys: NDArray[np.uint32], like: NDArray[Any]) -> NDArray[Any]:
    """The rows that `_pack` made into `keys`, with the channels and dtype of `like`."""
    octets = keys.astype("<u4").view(np.uint8).reshape(-1, 4)
    return np.ascontiguousarray(octets[:, : like.shape[1]]).view(like.dtype)


def _distinct_keys(rows: NDArray[Any]) -> NDArray[np.uint32]:
    seen = np.zeros(1 << _KEY_BITS, dtype=bool)

    def mark(block: slice) -> None:
        seen[_pack(rows[block])] = True

    _for_blocks(mark, len(rows))
    return np.flatnonzero(seen).astype(np.uint32)


def _look_up(rows: NDArray[Any], keys: NDArray[np.uint32], values: NDArray[Any]) -> NDArray[Any]:
    """``values[i]`` for each row whose key is ``keys[i]``; `values` are integers from 0."""
    table = np.empty(1 << _KEY_BITS, dtype=np.min_scalar_type(values.max()))  # memory that is not touched costs no time
    table[keys] = values
    found = np.empty(len(rows), dtype=values.dtype)

    def fill(block: slice) -> None:
        found[block] = table.take(_pack(rows[block]), mode="clip")

    _for_blocks(fill, len(rows))
    return found


def _for_blocks(work: Callable[[slice], None], n_rows: int, block_size: int = _BLOCK) -> None:
    """Do `work` on each block of rows, several at a time: NumPy's loops let other threads run."""
    blocks = [slice(start, start + block_size) for start in range(0, n_rows, block_size)]
    if len(blocks) <= 1:
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(work, blocks):
            pass
