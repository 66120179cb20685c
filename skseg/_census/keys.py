"""Pixel rows as one integer each, where that loses nothing. Pure NumPy.

Numbers that 8 or 16 bits can hold are narrowed first, whatever their type: floats that are k / 255 or k / 65535 in any
rounding, 16-bit numbers that are k · 257, and whole numbers of a small range. Every pixel is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .blocks import for_blocks

_SAMPLE = 1 << 10  # pixels that are looked at first: most data that cannot be narrowed show it there
_BLOCK = 1 << 15

Formula = Callable[[NDArray[Any]], NDArray[Any]]


class Codes(NamedTuple):
    """Rows as small unsigned integers.

    Attributes
    ----------
    rows : uint8 or uint16, (n_pixels, n_channels), which order as the numbers that they stand for
    numbers : the numbers that 0, 1, … stand for, in the dtype of the pixels, NaN where that is not known; None if they
        are the codes themselves
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
    """Codes that count from 0 or from the least number, or that are multiplied by 257."""
    size = 1 << 8 * code.itemsize
    low, high = int(rows[:_SAMPLE].min()), int(rows[:_SAMPLE].max())
    codes = _count_from(0, rows, code) if low >= 0 and high < size else None  # so that most images have equal codes
    if codes is None and high - low < size:
        codes = _count_from(int(rows.min()), rows, code)
    if codes is None and rows.dtype == np.uint16:
        return _narrow_doubled(rows)
    return codes


def _count_from(low: int, rows: NDArray[Any], code: np.dtype[Any]) -> Codes | None:
    """Codes ``rows - low``."""
    largest = min((1 << 8 * code.itemsize) - 1, int(np.iinfo(rows.dtype).max) - low)
    codes, failed = np.empty(rows.shape, dtype=code), Event()
    least = rows.dtype.type(low)

    def fill(block: slice) -> None:
        part = rows[block]
        if failed.is_set() or part.min() < low or part.max() > low + largest:
            failed.set()
            return
        codes[block] = part - least

    for_blocks(fill, len(rows), _BLOCK)
    return None if failed.is_set() else Codes(codes, np.arange(largest + 1).astype(rows.dtype) + least)


def _narrow_doubled(rows: NDArray[np.uint16]) -> Codes | None:
    """One of two equal bytes."""
    codes, failed = np.empty(rows.shape, dtype=np.uint8), Event()
    factor = np.uint16(257)

    def fill(block: slice) -> None:
        if not failed.is_set():
            codes[block] = rows[block] >> np.uint16(8)
            if (codes[block] * factor != rows[block]).any():
                failed.set()

    fill(slice(0, _SAMPLE))
    for_blocks(fill, len(rows), _BLOCK)
    return None if failed.is_set() else Codes(codes, np.arange(256, dtype=rows.dtype) * factor)


def _narrow_floats(rows: NDArray[Any], code: np.dtype[Any]) -> Codes | None:
    """Codes of numbers that are multiples of 1 / 255 or 1 / 65535 from 0 to 1, or whole."""
    largest = float((1 << 8 * code.itemsize) - 1)
    low, high = float(rows[:_SAMPLE].min()), float(rows[:_SAMPLE].max())
    if low >= 0 and high <= 1:
        return (
            _narrow_checked(rows, code, lambda part: part * largest, lambda codes: codes / largest)
            or _narrow_checked(rows, code, lambda part: part * largest, lambda codes: codes * (1 / largest))
            or _narrow_by_table(rows, code)
        )
    if high - low > largest or (rows[:_SAMPLE] % 1 != 0).any():
        return None
    low, high = float(rows.min()), float(rows.max())
    least = 0.0 if low >= 0 and high <= largest else low
    return _narrow_checked(rows, code, lambda part: part - least, lambda codes: codes + least)


def _narrow_checked(rows: NDArray[Any], code: np.dtype[Any], to_codes: Formula, to_numbers: Formula) -> Codes | None:
    """Rounded codes by one formula, if the other leads back to the very numbers."""
    codes, failed = np.empty(rows.shape, dtype=code), Event()
    wide = np.result_type(rows.dtype, np.float32)
    with np.errstate(over="ignore"):  # float16 holds less than 65535
        numbers = to_numbers(np.arange(1 << 8 * code.itemsize).astype(wide)).astype(rows.dtype)

    def fill(block: slice) -> None:
        part = rows[block]
        if failed.is_set() or part.min() < numbers[0] or part.max() > numbers[-1]:
            failed.set()
            return
        whole = to_codes(part.astype(wide, copy=False))
        np.rint(whole, out=whole)
        codes[block] = whole
        if (to_numbers(whole).astype(rows.dtype, copy=False) != part).any():
            failed.set()

    fill(slice(0, _SAMPLE))
    for_blocks(fill, len(rows), _BLOCK)
    return None if failed.is_set() else Codes(codes, numbers)


def _narrow_by_table(rows: NDArray[Any], code: np.dtype[Any]) -> Codes | None:
    """Codes of numbers from 0 to 1 that are rounded in any way, if each code stands for one number only."""
    largest = (1 << 8 * code.itemsize) - 1
    codes, numbers = np.empty(rows.shape, dtype=code), np.full(largest + 1, np.nan, dtype=rows.dtype)
    lock, failed = Lock(), Event()

    def fill(block: slice) -> None:
        part = rows[block]
        if failed.is_set() or part.min() < 0 or part.max() > 1:
            failed.set()
            return
        codes[block] = np.rint(np.multiply(part, largest, dtype=np.result_type(rows.dtype, np.float32)))
        differs = numbers.take(codes[block]) != part
        if differs.any():
            with lock:
                found, new = codes[block][differs], part[differs]
                is_unknown = np.isnan(numbers[found])
                numbers[found[is_unknown]] = new[is_unknown]
                if (numbers[found] != new).any():
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
