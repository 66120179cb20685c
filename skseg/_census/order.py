"""The lexicographic order of rows of any numbers, by sorting integers. Pure NumPy."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def lexicographic_order(rows: NDArray[Any]) -> NDArray[Any]:
    """The order of `np.lexsort(rows.T)`, many times faster where few rows agree in their first 32 bits of the last."""
    if rows.dtype.itemsize > 8 or len(rows) >= 1 << 32:
        return np.lexsort(rows.T)
    highest = _digits(rows[:, -max(1, 4 // rows.dtype.itemsize) :])[-1]
    order, sorted_digit = sort_by_digit(np.arange(len(rows)), highest)
    new = np.diff(sorted_digit, prepend=~sorted_digit[:1], append=~sorted_digit[-1:]) != 0
    tied = np.flatnonzero(~(new[1:] & new[:-1]))
    if len(tied):
        among = order[tied]
        position = np.arange(len(tied))
        for digit in [*_digits(rows[among])[:-1], np.cumsum(new[tied], dtype=np.uint32)]:
            position, _ = sort_by_digit(position, digit)
        order[tied] = among[position]
    return order


def sort_by_digit(order: NDArray[Any], digit: NDArray[np.uint32]) -> tuple[NDArray[Any], NDArray[np.uint32]]:
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
