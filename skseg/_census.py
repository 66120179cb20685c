"""The census of colors: which rows occur, and how often. Pure NumPy.

The k-means objective on pixels depends on nothing else, so the census replaces the pixels exactly. Its order is
canonical (sorted by the last channel, then the one before, …), whatever the order of the pixels.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from threading import Event, Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._blocks import for_blocks

_KEY_BITS = 24  # an 8-bit color of up to three channels is an integer below 2**24
_FEW = 1 << 18  # up to so many pixels, sorting their keys beats a table of all keys
_SAMPLE = 1 << 10  # pixels that are looked at first: most data that cannot be narrowed show it there
_BLOCK = 1 << 17  # pixels that are processed at a time, so that temporaries stay in the processor's cache


class Census(NamedTuple):
    """Distinct colors of shape (n_colors, n_channels) in the pixels' own dtype, and the weight of each, float64."""

    colors: NDArray[Any]
    weights: NDArray[np.float64]


def count(rows: NDArray[Any], weights: NDArray[np.float64] | None = None) -> Census:
    """The census of pixel rows of shape (n_pixels, n_channels); a pixel of weight 0 is absent."""
    if weights is not None and not weights.all():
        rows, weights = rows[weights > 0], weights[weights > 0]
    if _has_keys(rows):
        return _count_keys(rows, weights)
    narrow = _narrow(rows)
    if narrow is None:
        return _count_sorted(rows, weights)
    octets, table = narrow
    census = _count_keys(octets, weights)
    return Census(table[census.colors], census.weights)


def merge(censuses: Iterable[Census]) -> Census:
    """The census of everything that was counted, in any grouping and order."""
    parts = list(censuses)
    if len(parts) == 1:
        return parts[0]
    return count(np.concatenate([part.colors for part in parts]), np.concatenate([part.weights for part in parts]))


def map_colors(
    function: Callable[[NDArray[Any]], NDArray[Any]],
    rows: NDArray[Any],
    known: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> NDArray[Any]:
    """`function` of every pixel row, computed once per distinct color where that is cheap.

    `function` takes colors (n, n_channels) and gives an array of n labels, or of n rows. `known` are all colors of the
    census of `rows` and what `function` gives for them.
    """
    if not _has_keys(rows):
        narrow = _narrow(rows)
        if narrow is None:
            return map_rows(function, rows)
        octets, table = narrow
        return map_colors(lambda colors: function(table[colors]), octets)
    if len(rows) <= _FEW:
        if known is not None:
            return np.asarray(known[1][np.searchsorted(_pack(known[0]), _pack(rows))])
        keys, index = np.unique(_pack(rows), return_inverse=True)
        return function(_unpack(keys, rows))[index]
    keys = _distinct_keys(rows) if known is None else _pack(known[0])
    values = map_rows(function, _unpack(keys, rows)) if known is None else known[1]
    if values.ndim > 1:
        return take(values, _look_up(rows, keys, np.arange(len(keys), dtype=np.uint32)))
    return _look_up(rows, keys, values)


def map_rows(function: Callable[[NDArray[Any]], NDArray[Any]], rows: NDArray[Any]) -> NDArray[Any]:
    """`function` of the rows, computed in blocks; it gives a label, or a row, for each."""
    like = function(rows[:1])
    values = np.empty((len(rows), *like.shape[1:]), dtype=like.dtype)

    def fill(block: slice) -> None:
        values[block] = function(rows[block])

    for_blocks(fill, len(rows), _BLOCK // 4)  # what functions make of a row is larger than the row
    return values


def take(values: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    """``values[index]`` along the first axis, without a check of the indices."""
    taken = np.empty((len(index), *values.shape[1:]), dtype=values.dtype)

    def fill(block: slice) -> None:
        np.take(values, index[block], axis=0, out=taken[block], mode="clip")  # the mode that needs no copy of `out`

    for_blocks(fill, len(index), _BLOCK)
    return taken


def mean_colors(census: Census, labels: NDArray[Any]) -> NDArray[np.float64]:
    """The weighted mean color of each label, (n_labels, n_channels), exact for a label of one color.

    `labels` are consecutive from 0.
    """
    member = np.empty(labels.max() + 1, dtype=np.intp)
    member[labels] = np.arange(len(labels))  # one color of each label, to measure from
    origins = census.colors[member].astype(np.float64)
    offsets = (
        column.astype(np.float64) - origin[labels] for column, origin in zip(census.colors.T, origins.T, strict=True)
    )
    return origins + means_by_label(labels, offsets, census.weights)


def means_by_label(
    labels: NDArray[Any], columns: Iterable[NDArray[Any]], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weighted mean of each column for each label from 0, (n_labels, n_columns); 0 for a label without members."""
    totals = np.bincount(labels, weights).astype(np.float64, copy=False)
    sums = sums_by_label(labels, columns, len(totals), weights)
    return sums / np.where(totals > 0, totals, 1)[:, np.newaxis]


def sums_by_label(
    labels: NDArray[Any],
    columns: Iterable[NDArray[Any]],
    n_labels: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Weighted sum of each column for each label, (n_labels, n_columns)."""
    products = (column if weights is None else weights * column for column in columns)
    sums = [np.bincount(labels, product.astype(np.float64, copy=False), n_labels) for product in products]
    return np.stack(sums, axis=1)


def _has_keys(rows: NDArray[Any]) -> bool:
    """Whether each row fits into one small integer."""
    return rows.dtype in (np.uint8, np.bool_) and 8 * rows.shape[1] <= _KEY_BITS


def _narrow(rows: NDArray[Any]) -> tuple[NDArray[np.uint8], NDArray[Any]] | None:
    """Rows as 8 bits, and the table of 256 numbers that restores them exactly; None if there is none.

    There is one for floats that are k / 255 in any rounding, for 16-bit numbers that are k · 257, and for numbers of
    any type that are whole and at most 255.
    """
    if not len(rows) or 8 * rows.shape[1] > _KEY_BITS or rows.dtype.itemsize > 8:
        return None
    largest = float(rows[:_BLOCK].max())
    scale = 255.0 if rows.dtype.kind == "f" and largest <= 1 else 1.0 if largest <= 255 else 1 / 257
    octets = np.empty(rows.shape, dtype=np.uint8)
    table, is_known = np.zeros(256, dtype=rows.dtype), np.zeros(256, dtype=bool)
    lock, failed = Lock(), Event()

    def fill(block: slice) -> None:
        if failed.is_set():
            return
        part = rows[block]
        if part.min() < 0 or float(part.max()) > 255 / scale:
            failed.set()
            return
        octets[block] = np.rint(part * scale)
        differs = table.take(octets[block]) != part
        with lock:
            new = differs | ~is_known.take(octets[block])
            if new.any():
                found = octets[block][new]
                table[found[~is_known[found]]] = part[new][~is_known[found]]
                is_known[found] = True
                if (table[found] != part[new]).any():
                    failed.set()

    fill(slice(0, _SAMPLE))
    for_blocks(fill, len(rows), _BLOCK // 4)
    return None if failed.is_set() else (octets, table + table.dtype.type(0))  # -0.0 is 0.0


def _count_keys(rows: NDArray[Any], weights: NDArray[np.float64] | None) -> Census:
    if len(rows) <= _FEW:
        keys, index = np.unique(_pack(rows), return_inverse=True)
        totals = np.bincount(index, weights).astype(np.float64, copy=False)
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
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0.0 is 0.0
    order = _lexicographic_order(rows)
    colors = np.take(rows, order, axis=0, mode="clip")
    first = np.ones(len(colors), dtype=bool)
    np.any(colors[1:] != colors[:-1], axis=1, out=first[1:])
    starts = np.flatnonzero(first)
    if weights is None:
        totals = np.diff(starts, append=len(colors)).astype(np.float64)
    else:
        totals = np.add.reduceat(weights[order], starts)
    return Census(colors[starts], totals)


def _lexicographic_order(rows: NDArray[Any]) -> NDArray[Any]:
    """The order of `np.lexsort(rows.T)`, many times faster where few rows agree in their first 32 bits of the last."""
    if rows.dtype.itemsize > 8 or len(rows) >= 1 << 32:
        return np.lexsort(rows.T)
    highest = _digits(rows[:, -max(1, 4 // rows.dtype.itemsize) :])[-1]
    order, sorted_digit = _sort_by_digit(np.arange(len(rows)), highest)
    new = np.diff(sorted_digit, prepend=~sorted_digit[:1], append=~sorted_digit[-1:]) != 0
    tied = np.flatnonzero(~(new[1:] & new[:-1]))
    if len(tied):
        among = order[tied]
        position = np.arange(len(tied))
        for digit in [*_digits(rows[among])[:-1], np.cumsum(new[tied], dtype=np.uint32)]:
            position, _ = _sort_by_digit(position, digit)
        order[tied] = among[position]
    return order


def _sort_by_digit(order: NDArray[Any], digit: NDArray[np.uint32]) -> tuple[NDArray[Any], NDArray[np.uint32]]:
    """`order` sorted by a digit, equal ones staying in place, and the digits in the new order.

    Integers of 64 bits are sorted, each a digit above the position that it has so far.
    """
    keys = digit.take(order, mode="clip").astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.arange(len(order), dtype=np.uint64)
    keys.sort()
    halves = keys.view(np.uint32).reshape(-1, 2)
    low, high = (0, 1) if sys.byteorder == "little" else (1, 0)
    return order.take(halves[:, low].astype(np.intp), mode="clip"), halves[:, high]


def _digits(rows: NDArray[Any]) -> list[NDArray[np.uint32]]:
    """The numbers of each row as digits of 32 bits that order as they do, the lowest first."""
    size, kind = rows.dtype.itemsize, rows.dtype.kind
    bits = 8 * size
    ordered = np.ascontiguousarray(rows.T).view(f"u{size}")
    sign = ordered.dtype.type(1 << (bits - 1))
    if kind == "f":
        ordered = np.where(ordered & sign, ~ordered, ordered | sign)  # negative floats order backwards
    elif kind == "i":
        ordered = ordered ^ sign
    if bits == 64:
        halves = [(column, column >> np.uint64(32)) for column in ordered]
        return [half.astype(np.uint32) for both in halves for half in both]
    n_digits = -(-len(ordered) * bits // 32)
    digits = [np.zeros(len(rows), dtype=np.uint32) for _ in range(n_digits)]
    for place, column in enumerate(ordered[::-1]):  # the last channel is the highest
        digits[-1 - place * bits // 32] |= column.astype(np.uint32) << np.uint32(32 - bits - place * bits % 32)
    return digits


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

    for_blocks(mark, len(rows), _BLOCK)
    return np.flatnonzero(seen).astype(np.uint32)


def _look_up(rows: NDArray[Any], keys: NDArray[np.uint32], values: NDArray[Any]) -> NDArray[Any]:
    """``values[i]`` for each row whose key is ``keys[i]``; `values` are integers from 0."""
    table = np.empty(1 << _KEY_BITS, dtype=np.min_scalar_type(values.max()))  # memory that is not touched costs no time
    table[keys] = values
    found = np.empty(len(rows), dtype=values.dtype)

    def fill(block: slice) -> None:
        found[block] = table.take(_pack(rows[block]), mode="clip")

    for_blocks(fill, len(rows), _BLOCK)
    return found
