"""The lexicographic order of rows of any numbers, by sorting integers. Pure NumPy."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def lexicographic_order(rows: NDArray[Any]) -> NDArray[Any]:
    """The order of `np.lexsort(rows.T)`, many times faster where few rows share their first digit."""
    if rows.dtype.itemsize > 8 or len(rows) >= 1 << 32:  # positions have 32 bits
        return np.lexsort(rows.T)
    order, sorted_digit = sort_by_digit(np.arange(len(rows)), _first_digit(rows))
    new = np.diff(sorted_digit, prepend=~sorted_digit[:1], append=~sorted_digit[-1:]) != 0
    tied = order[is_tied := ~(new[1:] & new[:-1])]
    order[is_tied] = tied[np.lexsort(rows[tied].T)]  # rows with the same digit stay together: they order by it first
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


def _first_digit(rows: NDArray[Any]) -> NDArray[np.uint32]:
    """32 bits that never order two rows the wrong way: of two small integers, or of the last number as float32."""
    if rows.dtype.kind in "iu" and rows.dtype.itemsize <= 2 and rows.shape[1] > 1:
        low, high = rows[:, -2:].T.astype(np.int64) - np.iinfo(rows.dtype).min
        return np.asarray((high << 16) + low, dtype=np.uint32)
    with np.errstate(over="ignore"):
        bits = (rows[:, -1].astype(np.float32) + np.float32(0)).view(np.uint32)  # -0.0 is 0.0
    sign = np.uint32(1 << 31)
    return np.asarray(np.where(bits & sign, ~bits, bits | sign))  # negative numbers order backwards
