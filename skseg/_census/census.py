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

import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._limits import LIMITS, of_channels
from .blocks import for_blocks
from .keys import BLOCK_ROWS, FEW_ROWS, TABLE_BITS, Codes, encode
from .order import lexicographic_order, sort_by_digit

_HASHED_ROWS = 1 << 14  # hashed at a time: their numbers take eight bytes each
_BYTES_BESIDE = 12  # of the weight and the label of a color
_HASH_BITS = 32
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio


class Census(NamedTuple):
    """Colors that occur, and how often.

    Attributes
    ----------
    colors : distinct colors in the pixels' own dtype, (n_colors, n_channels)
    weights : weight of each, float64
    level : binary logarithm of the number of colors for which each of `colors` stands; 0 if these are all. A sample has
        all colors whose hash is below ``2**(32 - level)``, with all of their weight, and no others
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

    With `max_rows`, it is a sample if more distinct rows of up to eight channels occur, or as many numbers of more
    channels, and they have no keys or too many.
    """
    if weights is not None and not weights.all():
        rows, weights = rows[weights > 0], weights[weights > 0]
    codes = encode(rows)
    limit = _most_colors(codes, max_rows, rows.shape[1])
    if len(rows) <= limit:
        return _count_all(rows, codes, weights)
    limits, hashes = _limits(rows), _hashes(rows)
    level = _guess_level(rows, hashes, limit)
    if level > 0:  # of all others nothing but the limits is needed
        chosen = np.flatnonzero(hashes < 1 << _HASH_BITS - level)
        rows, weights = rows[chosen], None if weights is None else weights[chosen]
        codes = encode(rows)
    return sample(_count_all(rows, codes, weights)._replace(level=level, limits=limits), limit)


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
    return sample(together, _most_colors(codes, max_rows, colors.shape[1]))


def sample(census: Census, n_colors: int) -> Census:
    """At most `n_colors` of the colors: the census at the lowest level that has so few."""
    return census if len(census.colors) <= n_colors else _raise_level(census, census.level, n_colors)


def _raise_level(census: Census, level: int, most: float = np.inf) -> Census:
    """The colors of a level, or of the first one above with no more than `most`.

    Each level keeps the half of the colors with the smaller hashes, so the same colors, whatever others occur.
    """
    if not len(census.colors):
        return census
    hashes = _hashes(census.colors)
    kept = np.flatnonzero(hashes < 1 << _HASH_BITS - level)
    while len(kept) > most:
        level += 1
        kept = np.flatnonzero(hashes < 1 << _HASH_BITS - level)
    return Census(census.colors[kept], census.weights[kept], level, census.number_limits())


def shrink(census: Census) -> Census:
    """The colors that fit into a few megabytes; all of them if their numbers fit into 8 bits."""
    codes = encode(census.colors)
    if codes is not None and codes.n_bits <= TABLE_BITS:
        return census
    return sample(census, LIMITS.kept_bytes // (census.colors[0].nbytes + _BYTES_BESIDE))


def _most_colors(codes: Codes | None, max_rows: int | None, n_channels: int) -> int:
    """How many colors are counted before a sample takes their place."""
    if max_rows is None or (codes is not None and codes.n_bits <= TABLE_BITS):
        return sys.maxsize
    return of_channels(max_rows, n_channels) if codes is None else max(max_rows, LIMITS.keys)


def _guess_level(rows: NDArray[Any], hashes: NDArray[np.uint32], limit: int) -> int:
    """A level at which there are a few more colors than `limit`; 0 if that many are not expected at all."""
    probed = max(0, (len(rows) // LIMITS.probed_pixels).bit_length() - 1)
    probe = np.flatnonzero(hashes < 1 << _HASH_BITS - probed)
    expected = len(count(rows[probe]).colors) << probed
    return max(0, (expected // limit).bit_length() - 1)


def _count_all(rows: NDArray[Any], codes: Codes | None, weights: NDArray[np.float64] | None) -> Census:
    if codes is not None and codes.n_bits <= TABLE_BITS and (codes.n_bits <= 16 or len(rows) > FEW_ROWS):
        return _count_in_table(codes, weights)
    return _count_by_sorting(rows, codes, weights)


def _count_in_table(codes: Codes, weights: NDArray[np.float64] | None) -> Census:
    n_rows = len(codes.rows)
    counts_fit = weights is None and n_rows < 1 << 32
    table: NDArray[Any] = np.zeros(1 << codes.n_bits, dtype=np.uint32 if counts_fit else np.float64)
    one = table.dtype.type(1)  # of the table's type, or NumPy's fast loop does not take it
    for start in range(0, n_rows, BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        np.add.at(table, codes.pack(block), one if weights is None else weights[block])
    keys = np.flatnonzero(table > 0).astype(np.uint32)
    return Census(codes.decode(keys), table[keys].astype(np.float64, copy=False))


def _count_by_sorting(rows: NDArray[Any], codes: Codes | None, weights: NDArray[np.float64] | None) -> Census:
    """Count runs of equal rows, or of their keys, which order as the rows do."""
    is_first = np.ones(len(rows), dtype=bool)
    if codes is None:
        rows = rows + rows.dtype.type(0) if rows.dtype.kind == "f" else rows  # -0.0 is 0.0
        order = lexicographic_order(rows)
        rows = np.take(rows, order, axis=0, mode="clip")
        np.any(rows[1:] != rows[:-1], axis=1, out=is_first[1:])
        colors = rows[is_first]
    else:
        keys = codes.pack()
        if weights is None:
            keys = np.sort(keys)
        else:
            order, keys = sort_by_digit(np.arange(len(keys)), keys)
        np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
        colors = codes.decode(keys[is_first])
    starts = np.flatnonzero(is_first)
    if weights is None:
        return Census(colors, np.diff(starts, append=len(rows)).astype(np.float64))
    return Census(colors, np.add.reduceat(weights[order], starts))


def _limits(numbers: NDArray[Any]) -> NDArray[Any]:
    return np.array([numbers.min(), numbers.max()])


def hash_buckets(rows: NDArray[Any]) -> NDArray[np.uint16]:
    """A number below 2**16 for each row, the same for equal ones."""
    return (_hashes(rows) & np.uint32(0xFFFF)).astype(np.uint16)


def _hashes(rows: NDArray[Any]) -> NDArray[np.uint32]:
    """A number below 2**32 for each row, the same for equal ones, as good as random.

    The bits of float64 are hashed, so that all dtypes are hashed alike; unsigned integers of up to 16 bits stand for 0
    to 1.
    """
    hashes = np.empty(len(rows), dtype=np.uint32)
    is_scaled = rows.dtype.kind == "u" and rows.dtype.itemsize <= 2

    def fill(block: slice) -> None:
        mixed = np.zeros(len(hashes[block]), dtype=np.uint64)
        numbers = np.ascontiguousarray(rows[block].T, dtype=np.float64)
        numbers = numbers / float(np.iinfo(rows.dtype).max) if is_scaled else numbers + 0.0  # -0.0 is 0.0
        for word in numbers.view(np.uint64):
            mixed ^= word
            mixed *= _ODD
            mixed ^= mixed >> np.uint64(32)
        mixed *= _ODD
        hashes[block] = mixed >> np.uint64(32)

    for_blocks(fill, len(rows), _HASHED_ROWS)
    return hashes
