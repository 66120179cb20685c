"""Pixel rows as one integer each, where that loses nothing. Pure NumPy.

Numbers that 8 or 16 bits can hold are narrowed first, whatever their type: floats that are k / 255 or k / 65535 in any
rounding, 16-bit numbers that are k · 257, and whole numbers of a small range. Every pixel is checked.
"""

from __future__ import annotations

from threading import Event, Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .blocks import for_blocks

_SAMPLE = 1 << 10  # pixels that are looked at first: most data that cannot be narrowed show it there
_BLOCK = 1 << 15


class Codes(NamedTuple):
    """Rows as small unsigned integers.

    Attributes
    ----------
    rows : uint8 or uint16, (n_pixels, n_channels), which order as the numbers that they stand for
    numbers : the numbers that 0, 1, … stand for, in the dtype of the pixels; None if they are the codes themselves
    """

    rows: NDArray[Any]
    numbers: NDArray[Any] | None = None

    @property
    def n_bits(self) -> int:
        """Size of a row."""
        return int(8 * self.rows.itemsize * self.rows.shape[1])

    def decode(self, keys: NDArray[np.uint32]) -> NDArray[Any]:
        """The pixel rows of keys."""
        octets = keys.astype("<u4").view(np.uint8).reshape(-1, 4)
        used = np.ascontiguousarray(octets[:, : self.n_bits // 8])
        codes = used.view(self.rows.dtype.newbyteorder("<")).astype(self.rows.dtype, copy=False)
        return codes if self.numbers is None else self.numbers.take(codes)

    def pack(self, block: slice = slice(None)) -> NDArray[np.uint32]:
        """The keys of a block of rows: each row as one integer, the last channel highest."""
        return _pack(self.rows[block])


def encode(rows: NDArray[Any]) -> Codes | None:
    """Rows as codes of no more than 32 bits each; None if there are none."""
    n_channels, dtype = rows.shape[1], rows.dtype
    if dtype == np.uint16 and n_channels <= 2:
        return Codes(rows)
    if dtype in (np.uint8, np.bool_):
        return _of_one_byte(rows) if n_channels <= 4 else None
    if not len(rows) or dtype.itemsize > 8:
        return None
    narrow = _narrow_floats if dtype.kind == "f" else _narrow_integers
    for code, most_channels in ((np.uint8, 4), (np.uint16, 2)):
        if n_channels <= most_channels:
            codes = narrow(rows, np.dtype(code))
            if codes is not None:
                return codes
    return None


def _of_one_byte(rows: NDArray[Any]) -> Codes:
    if rows.dtype == np.uint8:
        return Codes(rows)
    return Codes((rows.view(np.uint8) != 0).view(np.uint8), np.array([False, True]))  # files store True as 1 or 255


def _narrow_integers(rows: NDArray[Any], code: np.dtype[Any]) -> Codes | None:
    """Codes that count from the least number, or that are multiplied by 257."""
    size = 1 << 8 * code.itemsize
    low, high = int(rows[:_SAMPLE].min()), int(rows[:_SAMPLE].max())
    if high - low < size:
        low, high = int(rows.min()), int(rows.max())
    if high - low < size:
        codes = np.empty(rows.shape, dtype=code)
        least = rows.dtype.type(low)

        def fill(block: slice) -> None:
            codes[block] = rows[block] - least

        for_blocks(fill, len(rows), _BLOCK)
        return Codes(codes, np.arange(high - low + 1).astype(rows.dtype) + least)
    return _narrow_checked(rows, code, 0.0, 1 / 257) if rows.dtype == np.uint16 else None


def _narrow_floats(rows: NDArray[Any], code: np.dtype[Any]) -> Codes | None:
    """Codes of numbers that are multiples of 1 / 255 or 1 / 65535 from 0 to 1, or whole."""
    largest = (1 << 8 * code.itemsize) - 1
    low, high = float(rows[:_SAMPLE].min()), float(rows[:_SAMPLE].max())
    if low >= 0 and high <= 1:
        return _narrow_checked(rows, code, 0.0, float(largest))
    if high - low > largest or (rows[:_SAMPLE] % 1 != 0).any():
        return None
    return _narrow_checked(rows, code, float(rows.min()), 1.0)


def _narrow_checked(rows: NDArray[Any], code: np.dtype[Any], low: float, scale: float) -> Codes | None:
    """Codes ``rint((rows - low) * scale)``, if each of them stands for one number only."""
    largest = (1 << 8 * code.itemsize) - 1
    codes = np.empty(rows.shape, dtype=code)
    numbers, is_known = np.zeros(largest + 1, dtype=rows.dtype), np.zeros(largest + 1, dtype=bool)
    lock, failed = Lock(), Event()

    def fill(block: slice) -> None:
        if failed.is_set():
            return
        part = rows[block]
        if part.min() < low or float(part.max()) > low + largest / scale:
            failed.set()
            return
        offsets = part - rows.dtype.type(low) if low else part
        codes[block] = np.rint(np.multiply(offsets, scale, dtype=np.result_type(rows.dtype, np.float32)))
        differs = numbers.take(codes[block]) != part
        with lock:
            new = differs | ~is_known.take(codes[block])
            if new.any():
                found = codes[block][new]
                numbers[found[~is_known[found]]] = part[new][~is_known[found]]
                is_known[found] = True
                if (numbers[found] != part[new]).any():
                    failed.set()

    fill(slice(0, _SAMPLE))
    for_blocks(fill, len(rows), _BLOCK)
    return None if failed.is_set() else Codes(codes, numbers + numbers.dtype.type(0))  # -0.0 is 0.0


def _pack(rows: NDArray[Any]) -> NDArray[np.uint32]:
    n_pixels, n_channels = rows.shape
    n_bytes = n_channels * rows.itemsize
    if n_bytes == 4 and rows.flags.c_contiguous:
        return rows.view("<u4")[:, 0].astype(np.uint32, copy=False)
    keys = np.zeros(n_pixels, dtype=np.uint32)
    last = 0
    if n_bytes == 3 and rows.flags.c_contiguous and n_pixels > 1:
        # Four bytes from the start of each pixel are its color and one byte of the next pixel, which is cut off.
        last = n_pixels - 1
        overlapping: NDArray[np.uint32] = np.ndarray(last, dtype="<u4", buffer=rows.data, strides=(3,))
        np.bitwise_and(overlapping, 0xFFFFFF, out=keys[:last])
    for channel, column in enumerate(rows[last:].T):
        keys[last:] |= column.astype(np.uint32) << np.uint32(8 * rows.itemsize * channel)
    return keys
