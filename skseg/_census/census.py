"""The census of colors: which rows occur, and how often. Pure NumPy.

The k-means objective on pixels depends on nothing else, so the census replaces the pixels exactly. Its order is
canonical (sorted by the last channel, then the one before, …), whatever the order of the pixels.

Colors that hardly repeat are too many to be counted. A census may then hold a sample of them: the colors whose hash is
small. Whether a color belongs to it depends on nothing but the color, so samples add up as censuses do.

References
----------
.. [1] P. B. Gibbons, "Distinct sampling for highly-accurate answers to distinct values queries and event reports",
   VLDB 2001.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._limits import LIMITS
from .blocks import for_blocks
from .keys import Codes, encode
from .order import lexicographic_order, sort_by_digit

_FEW = 1 << 18  # up to so many pixels, sorting their keys beats a table of all keys
_TABLE_BITS = 24  # of keys that are counted in a table
_BLOCK = 1 << 17  # pixels that are processed at a time, so that temporaries stay in the processor's cache
_BYTES_BESIDE = 12  # of the weight and the label of a color
_HASH_BITS = 32
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio


class Census(NamedTuple):
    """Colors that occur, and how often.

    Attributes
    ----------
    colors : distinct colors in the pixels' own dtype, (n_colors, n_channels)
    weights : weight of each, float64
    level : binary logarithm of the number of colors for which each of `colors` stands; 0 if these are all
    limits : least and largest number of all pixels, counted or not, (2,); None if `colors` are all
    """

    colors: NDArray[Any]
    weights: NDArray[np.float64]
    level: int = 0
    limits: NDArray[Any] | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all colors are counted."""
        return self.level == 0

    def number_limits(self) -> NDArray[Any]:
        """The least and the largest number of all pixels, in their own dtype."""
        return _limits(self.colors) if self.limits is None else self.limits


def count(rows: NDArray[Any], weights: NDArray[np.float64] | None = None, *, max_rows: int | None = None) -> Census:
    """The census of pixel rows of shape (n_pixels, n_channels); a pixel of weight 0 is absent.

    With `max_rows`, it is a sample if more distinct rows occur, and they have no keys or too many.
    """
    if weights is not None and not weights.all():
        rows, weights = rows[weights > 0], weights[weights > 0]
    codes = encode(rows)
    limit = len(rows) if max_rows is None else _most_colors(codes, max_rows)
    if len(rows) <= limit:
        return _count_all(rows, codes, weights)
    hashes = _hashes(rows)
    level = _guess_level(rows, hashes, limit)
    if level == 0:
        census = _count_all(rows, codes, weights)
    else:
        chosen = np.flatnonzero(hashes < 1 << _HASH_BITS - level)
        some = rows[chosen]
        census = _count_all(some, encode(some), None if weights is None else weights[chosen])
    return _thin(census._replace(level=level, limits=_limits(rows)), limit)


def merge(censuses: Iterable[Census], *, max_rows: int | None = None) -> Census:
    """The census of everything that was counted, in any grouping and order; see `count`."""
    parts = list(censuses)
    if len(parts) == 1:
        return parts[0]
    level = max(part.level for part in parts)
    limits = [part.number_limits() for part in parts if len(part.colors) or not part.is_complete]
    parts = [part if part.level == level else _raise_level(part, level) for part in parts]
    colors, weights = np.concatenate([part.colors for part in parts]), np.concatenate([part.weights for part in parts])
    codes = encode(colors)
    together = _count_all(colors, codes, weights)
    if level > 0:
        together = together._replace(level=level, limits=_limits(np.array(limits)))
    return together if max_rows is None else _thin(together, _most_colors(codes, max_rows))


def sample(census: Census, n_colors: int) -> Census:
    """At most `n_colors` of the colors."""
    return _thin(census, n_colors)


def shrink(census: Census) -> Census:
    """The colors that fit into a few megabytes; all of them if their numbers fit into 8 bits."""
    codes = encode(census.colors)
    if codes is not None and codes.n_bits <= _TABLE_BITS:
        return census
    return _thin(census, LIMITS.kept_bytes // (census.colors[0].nbytes + _BYTES_BESIDE))


def _count_all(rows: NDArray[Any], codes: Codes | None, weights: NDArray[np.float64] | None) -> Census:
    if codes is None:
        return _count_rows(rows, weights)
    if codes.n_bits > _TABLE_BITS or (codes.n_bits > 16 and len(rows) <= _FEW):
        return _count_sorted_keys(codes, weights)
    return _count_in_table(codes, weights)


def _count_in_table(codes: Codes, weights: NDArray[np.float64] | None) -> Census:
    n_rows = len(codes.rows)
    counts_fit = weights is None and n_rows < 1 << 32
    table: NDArray[Any] = np.zeros(1 << codes.n_bits, dtype=np.uint32 if counts_fit else np.float64)
    one = table.dtype.type(1)  # of the table's type, or NumPy's fast loop does not take it
    for start in range(0, n_rows, _BLOCK):
        block = slice(start, start + _BLOCK)
        np.add.at(table, codes.pack(block), one if weights is None else weights[block])
    keys = np.flatnonzero(table > 0).astype(np.uint32)
    return Census(codes.decode(keys), table[keys].astype(np.float64, copy=False))


def _count_sorted_keys(codes: Codes, weights: NDArray[np.float64] | None) -> Census:
    keys = codes.pack()
    if weights is None:
        keys = np.sort(keys)
    else:
        order, keys = sort_by_digit(np.arange(len(keys)), keys)
        weights = weights[order]
    starts = np.flatnonzero(np.diff(keys, prepend=~keys[:1]) != 0)
    return Census(codes.decode(keys[starts]), _totals(starts, weights, len(keys)))


def _count_rows(rows: NDArray[Any], weights: NDArray[np.float64] | None) -> Census:
    if rows.dtype.kind == "f":
        rows = rows + rows.dtype.type(0)  # -0.0 is 0.0
    order = lexicographic_order(rows)
    colors = np.take(rows, order, axis=0, mode="clip")
    first = np.ones(len(colors), dtype=bool)
    np.any(colors[1:] != colors[:-1], axis=1, out=first[1:])
    starts = np.flatnonzero(first)
    return Census(colors[starts], _totals(starts, None if weights is None else weights[order], len(colors)))


def _totals(starts: NDArray[Any], weights: NDArray[np.float64] | None, n_rows: int) -> NDArray[np.float64]:
    """The weight of each run of sorted rows."""
    if weights is None or not len(starts):
        return np.diff(starts, append=n_rows).astype(np.float64)
    return np.add.reduceat(weights, starts)


def _most_colors(codes: Codes | None, max_rows: int) -> int:
    """How many colors are counted before a sample takes their place."""
    if codes is None:
        return max_rows
    return max(max_rows, LIMITS.keys) if codes.n_bits > _TABLE_BITS else 1 << 32


def _guess_level(rows: NDArray[Any], hashes: NDArray[np.uint32], limit: int) -> int:
    """A level at which there are a few more colors than `limit`; 0 if that many are not expected at all."""
    probed = max(0, (len(rows) // LIMITS.probed_pixels).bit_length() - 1)
    probe = np.flatnonzero(hashes < 1 << _HASH_BITS - probed)
    expected = len(count(rows[probe]).colors) << probed
    return max(0, (expected // limit).bit_length() - 1)


def _thin(census: Census, limit: int) -> Census:
    """The census at the lowest level at which there are no more colors than `limit`."""
    if len(census.colors) <= limit:
        return census
    hashes, level = _hashes(census.colors), census.level
    while np.count_nonzero(hashes < 1 << _HASH_BITS - level) > limit:
        level += 1
    return _keep(census, hashes, level)


def _raise_level(census: Census, level: int) -> Census:
    return _keep(census, _hashes(census.colors), level) if len(census.colors) else census


def _keep(census: Census, hashes: NDArray[np.uint32], level: int) -> Census:
    kept = np.flatnonzero(hashes < 1 << _HASH_BITS - level)
    return Census(census.colors[kept], census.weights[kept], level, census.number_limits())


def _limits(numbers: NDArray[Any]) -> NDArray[Any]:
    return np.array([numbers.min(), numbers.max()])


def hash_buckets(rows: NDArray[Any]) -> NDArray[np.uint16]:
    """A number below 2**16 for each row, the same for equal ones."""
    return (_hashes(rows) & np.uint32(0xFFFF)).astype(np.uint16)


def _hashes(rows: NDArray[Any]) -> NDArray[np.uint32]:
    """A number below 2**32 for each row, the same for equal ones, as good as random."""
    hashes = np.empty(len(rows), dtype=np.uint32)

    def fill(block: slice) -> None:
        mixed = np.zeros(len(hashes[block]), dtype=np.uint64)
        for word in _words(rows[block]):
            mixed ^= word
            mixed *= _ODD
            mixed ^= mixed >> np.uint64(32)
        mixed *= _ODD
        hashes[block] = mixed >> np.uint64(32)

    for_blocks(fill, len(rows), _BLOCK // 8)
    return hashes


def _words(rows: NDArray[Any]) -> NDArray[np.uint64]:
    """The bits of each row of numbers as float64, (n_channels, n_rows), so that all dtypes are hashed alike.

    Unsigned integers of up to 16 bits stand for 0 to 1.
    """
    numbers = np.ascontiguousarray(rows.T, dtype=np.float64)
    if rows.dtype.kind == "u" and rows.dtype.itemsize <= 2:
        numbers = numbers / float(np.iinfo(rows.dtype).max)
    return (numbers + 0.0).view(np.uint64)  # -0.0 is 0.0
