"""Pixel rows as one integer each, where that loses nothing. Pure NumPy.

Numbers that 8 or 16 bits can hold are narrowed first, whatever their type: floats that are k / 255 or k / 65535 in any
rounding, 16-bit numbers that are k · 257, and whole numbers of a small range. Every pixel is checked.
"""

from collections.abc import Callable
from threading import Event, Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .blocks import for_blocks

TABLE_BITS = 24  # keys of up to so many bits index a table
FEW_ROWS = 1 << 18  # for up to so many rows, sorting their keys beats a table of all keys
BLOCK_ROWS = 1 << 17  # processed at a time, so that temporaries stay in the processor's cache
_SAMPLE_ROWS = 1 << 10  # narrowed first: most data that cannot be narrowed show it there
_NARROWED_ROWS = 1 << 15  # narrowed at a time

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
        rows, last = self.rows[block], 0
        if self.n_bits == 32 and rows.flags.c_contiguous:
            return rows.view("<u4")[:, 0].astype(np.uint32, copy=False)
        keys = np.zeros(len(rows), dtype=np.uint32)
        if self.n_bits == 24 and rows.flags.c_contiguous and len(rows) > 1:
            # Four bytes from the start of each pixel are its color and one byte of the next pixel, which is cut off.
            last = len(rows) - 1
            overlapping: NDArray[np.uint32] = np.ndarray(last, dtype="<u4", buffer=rows.data, strides=(3,))
            np.bitwise_and(overlapping, 0xFFFFFF, out=keys[:last])
        for channel, column in enumerate(rows[last:].T):
            keys[last:] |= column.astype(np.uint32) << np.uint32(8 * rows.itemsize * channel)
        return keys


def encode(rows: NDArray[Any]) -> Codes | None:
    """Rows as codes of no more than 32 bits each; None if there are none."""
    n_channels, dtype = rows.shape[1], rows.dtype
    if n_channels > 4:
        return None
    if dtype == np.uint8 or (dtype == np.uint16 and n_channels <= 2):
        return Codes(rows)
    if dtype == np.bool_:
        return Codes((rows.view(np.uint8) != 0).view(np.uint8), np.array([False, True]))  # files store True as 1 or 255
    if not len(rows) or dtype.itemsize > 8:
        return None
    narrow = _narrow_floats if dtype.kind == "f" else _narrow_integers
    codes = narrow(rows, 1 << 8)
    return narrow(rows, 1 << 16) if codes is None and n_channels <= 2 else codes


def _narrow_integers(rows: NDArray[Any], n_codes: int) -> Codes | None:
    """Codes that count from 0 or from the least number, or that are multiplied by 257."""
    low, high = int(rows[:_SAMPLE_ROWS].min()), int(rows[:_SAMPLE_ROWS].max())
    # From 0 where possible, so that most images have equal codes.
    codes = _count_from(0, rows, n_codes) if low >= 0 and high < n_codes else None
    if codes is None and high - low < n_codes:
        codes = _count_from(int(rows.min()), rows, n_codes)
    if codes is None and rows.dtype == np.uint16:
        factor = np.uint16(257)
        codes = _narrow(rows, 256, lambda part: part // factor, lambda codes: codes * factor)
    return codes


def _count_from(low: int, rows: NDArray[Any], n_codes: int) -> Codes | None:
    least, n_numbers = rows.dtype.type(low), int(np.iinfo(rows.dtype).max) - low + 1
    return _narrow(rows, min(n_codes, n_numbers), lambda part: part - least, lambda codes: codes + least)


def _narrow_floats(rows: NDArray[Any], n_codes: int) -> Codes | None:
    """Codes of numbers that are multiples of 1 / 255 or 1 / 65535 from 0 to 1, or whole."""
    largest, some = n_codes - 1, rows[:_SAMPLE_ROWS]
    low, high = float(some.min()), float(some.max())
    if low >= 0 and high <= 1:
        return (
            _narrow(rows, n_codes, lambda part: np.rint(part * largest), lambda codes: codes / largest)
            or _narrow(rows, n_codes, lambda part: np.rint(part * largest), lambda codes: codes * (1 / largest))
            or _narrow(rows, n_codes, lambda part: np.rint(part.clip(0, 1) * largest), None)
        )
    if high - low > largest or (some % 1).any():
        return None
    low, high = float(rows.min()), float(rows.max())
    least = 0.0 if low >= 0 and high <= largest else low
    return _narrow(rows, n_codes, lambda part: np.rint(part - least), lambda codes: codes + least)


def _narrow(rows: NDArray[Any], n_codes: int, to_codes: Formula, to_numbers: Formula | None) -> Codes | None:
    """Codes of rows if each code stands for one number only, so that no color is mistaken for another.

    The number is what `to_numbers` makes of the code, or, without it, the first number with this code. Since `to_codes`
    never decreases, codes order as the numbers do.
    """
    wide = np.result_type(rows.dtype, np.float32) if rows.dtype.kind == "f" else rows.dtype
    codes = np.empty(rows.shape, dtype=np.min_scalar_type(n_codes - 1))
    numbers = np.full(n_codes, np.nan if to_numbers is None else 0, dtype=rows.dtype)
    if to_numbers is not None:
        with np.errstate(over="ignore"):  # float16 holds less than 65535
            numbers = to_numbers(np.arange(n_codes).astype(wide)).astype(rows.dtype, copy=False)
    lock, failed = Lock(), Event()

    def fill(block: slice) -> None:
        part = rows[block]
        if failed.is_set() or part.min() < numbers[0] or part.max() > numbers[-1]:
            failed.set()
            return
        codes[block] = whole = to_codes(part.astype(wide, copy=False))
        back = to_numbers(whole).astype(rows.dtype, copy=False) if to_numbers else numbers.take(codes[block])
        differs = back != part
        if differs.any():
            with lock:
                found, new = codes[block][differs], part[differs]
                is_unknown = np.isnan(numbers[found])
                numbers[found[is_unknown]] = new[is_unknown]
                if (numbers[found] != new).any():
                    failed.set()

    fill(slice(0, _SAMPLE_ROWS))
    for_blocks(fill, len(rows), _NARROWED_ROWS)
    return None if failed.is_set() else Codes(codes, numbers + numbers.dtype.type(0))  # -0.0 is 0.0
