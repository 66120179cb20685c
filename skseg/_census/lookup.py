"""Functions of colors, computed once per color where that is cheap, and looked up for every pixel. Pure NumPy."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import for_blocks
from .keys import BLOCK_ROWS, FEW_ROWS, TABLE_BITS, Codes, encode

Function = Callable[[NDArray[Any]], NDArray[Any]]

_COMPUTED_ROWS = 1 << 14  # rows that functions are computed of at a time; their temporaries are larger than the rows
_ROWS_AT_ONCE = 1 << 10  # rows that are not worth a call to see what the values are like
_COMPUTED_BYTES = 1 << 20  # of these rows, or of their values, as float64
_FEWEST_CACHED = 1 << 14  # pixels that were labeled, or colors; the table takes longer than fewer
_MOST_LABELS = (1 << 16) - 1  # that two bytes can hold beside "unknown"
_BYTES = np.arange(256, dtype=np.uint8)


def map_colors(function: Function, rows: NDArray[Any]) -> NDArray[Any]:
    """`function` of every pixel row, computed once per distinct color where that is cheap.

    `function` takes colors (n, n_channels) and gives an array of n labels, or of n rows.
    """
    return _map_coded(function, rows, encode(rows))


def _map_coded(function: Function, rows: NDArray[Any], codes: Codes | None) -> NDArray[Any]:
    if codes is None or codes.n_bits > TABLE_BITS:
        return map_rows(function, rows)
    if len(rows) <= FEW_ROWS and codes.n_bits > 16:
        keys, index = np.unique(codes.pack(), return_inverse=True)
        return np.asarray(function(codes.decode(keys))[index])
    keys = _distinct(codes.pack())
    values = map_rows(function, codes.decode(keys))
    by_key = values if values.ndim == 1 else np.arange(len(keys), dtype=np.uint32)
    table = np.empty(1 << codes.n_bits, dtype=by_key.dtype)  # memory that is not touched costs no time
    table[keys] = by_key
    if values.ndim == 1:
        return _gather(table, len(rows), codes.pack)
    return _gather(values, len(rows), lambda block: table.take(codes.pack(block), mode="clip"))


def map_rows(function: Function, rows: NDArray[Any]) -> NDArray[Any]:
    """`function` of the rows, computed in blocks; it gives a label, or a row, for each."""
    if len(rows) <= _ROWS_AT_ONCE:
        return function(rows)
    like = function(rows[:1])
    values = np.empty((len(rows), *like.shape[1:]), dtype=like.dtype)
    widest = max(rows.shape[1], *like.shape[1:], 1)

    def fill(block: slice) -> None:
        values[block] = function(rows[block])

    for_blocks(fill, len(rows), min(_COMPUTED_ROWS, 1 + _COMPUTED_BYTES // (8 * widest)))
    return values


def take(values: NDArray[Any], index: NDArray[Any]) -> NDArray[Any]:
    """``values[index]`` along the first axis, without a check of the indices."""
    return _gather(values, len(index), index.__getitem__)


def _gather(values: NDArray[Any], n_rows: int, index_of: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """The values at an index that is known block by block."""
    taken = np.empty((n_rows, *values.shape[1:]), dtype=values.dtype)

    def fill(block: slice) -> None:
        np.take(values, index_of(block), axis=0, out=taken[block], mode="clip")  # the mode that needs no copy of `out`

    for_blocks(fill, n_rows, BLOCK_ROWS)
    return taken


class LabelCache:
    """Cache of the labels of 24-bit colors: a table of 16 MB, or 32 for more than 255 labels, made on first use.

    A label is valid for one function, so a cache belongs to one fitted model, and for the numbers that the codes of its
    color stand for: colors that are narrowed to other numbers, as in an image of another dtype, start a new table.
    Threads may use it at the same time: an entry is written once or several times with the same label. A copy, or a
    pickle, is empty.
    """

    def __init__(self) -> None:
        self._table: NDArray[np.unsignedinteger[Any]] | None = None  # label + 1, or 0 for a color that is not known
        self._numbers: NDArray[Any] = _BYTES  # that the codes stand for
        self._n_labeled = 0  # pixels
        self._lock = Lock()

    def __reduce__(self) -> tuple[type[LabelCache], tuple[()]]:
        return LabelCache, ()

    def remember(self, colors: NDArray[Any], labels: NDArray[Any]) -> None:
        """Take in labels that are known."""
        if len(colors) >= _FEWEST_CACHED and _can_hold(colors, labels.max() + 1):
            codes = encode(colors)
            if codes is not None:
                self._table_for(codes, labels.max() + 1)[codes.pack()] = labels + 1

    def map(self, function: Function, rows: NDArray[Any], n_labels: int) -> NDArray[np.int32]:
        """The labels that `function` gives to rows; it is computed for colors that were never met."""
        codes = encode(rows)
        self._n_labeled += len(rows)
        is_worth_it = self._table is not None or self._n_labeled >= _FEWEST_CACHED
        if codes is None or not (is_worth_it and _can_hold(rows, n_labels)):
            return _map_coded(function, rows, codes)
        labels = np.empty(len(rows), dtype=np.int32)
        table = self._table_for(codes, n_labels)
        unknown: list[NDArray[np.uint32]] = []

        def fill(block: slice) -> None:
            keys = codes.pack(block)
            found = table.take(keys, mode="clip")
            if not found.all():
                unknown.append(keys[found == 0])
            np.subtract(found, 1, out=labels[block], dtype=np.int32)

        for_blocks(fill, len(rows), BLOCK_ROWS)
        if unknown:
            keys = _distinct(np.concatenate(unknown))
            table[keys] = map_rows(function, codes.decode(keys)) + 1
            for_blocks(fill, len(rows), BLOCK_ROWS)
        return labels

    def _table_for(self, codes: Codes, n_labels: int) -> NDArray[np.unsignedinteger[Any]]:
        numbers = _BYTES if codes.numbers is None else codes.numbers
        with self._lock:
            if self._table is None or not _agree(self._numbers, numbers):
                kind = np.min_scalar_type(n_labels)
                self._table, self._numbers = np.zeros(1 << TABLE_BITS, dtype=kind), numbers
            self._numbers = np.fmax(self._numbers, numbers)  # numbers rather than NaN
            return self._table


def _can_hold(rows: NDArray[Any], n_labels: int) -> bool:
    """Whether a table can hold the labels of such rows."""
    return rows.shape[1] == 3 and n_labels <= _MOST_LABELS


def _agree(known: NDArray[Any], numbers: NDArray[Any]) -> bool:
    """Whether codes stand for the same numbers, as far as these are known."""
    if known.dtype != numbers.dtype or known.shape != numbers.shape:
        return False
    return bool(((known == numbers) | np.isnan(known) | np.isnan(numbers)).all())


def _distinct(keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    if len(keys) <= FEW_ROWS:
        return np.unique(keys)
    seen = np.zeros(1 << TABLE_BITS, dtype=bool)

    def mark(block: slice) -> None:
        seen[keys[block]] = True

    for_blocks(mark, len(keys), BLOCK_ROWS)
    return np.flatnonzero(seen).astype(np.uint32)
