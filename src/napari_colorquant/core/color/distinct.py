"""Distinct colours: how many an image has, and which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.compiled import inlined, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels

MAX_COUNTED = 2**20
"""Counting stops after this number: beyond it, how many more there are says little."""
FEWER_COUNTED = 2**16
"""The same, where only the report needs the number: a set that the cache holds, which
takes a fifth of the time."""
_BLOCK = 64
"""Pixels looked up at once: memory is slow to answer, and answers several."""
_FIRST = 2**14
"""Colours that a new hash set has room for."""


class DistinctCounter:
    """Count the distinct colours of an image that have no codes, tile by tile.

    A hash set grows to most colours, by default MAX_COUNTED, 16 MB; then the count
    stops. Beyond 64 bits, hashes are counted: one colour too few has a chance below one
    in a million.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = MAX_COUNTED if most is None else min(most, MAX_COUNTED)
        self._table = np.zeros(2 * min(_FIRST, self._most), np.uint64)
        self._count = 0

    @property
    def count(self) -> int:
        """Number of distinct colours seen; the most where there may be more."""
        return self._count

    @property
    def exact(self) -> bool:
        """True unless the count stopped."""
        return self._count < self._most

    def add(self, values: NDArray[Any]) -> None:
        """Count the colours of one more tile: contiguous pixels, (n, C)."""
        n_bits = 8 * values.itemsize
        # -0.0 is the same colour as 0.0.
        same_as_0 = np.uint64(2 ** (n_bits - 1) if values.dtype.kind == "f" else 0)
        bits = values.view(f"u{values.itemsize}")
        start = 0
        while self.exact and start < len(bits):
            start, self._count = _insert(
                bits, start, n_bits, same_as_0, self._table, self._count
            )
            self._grow_if_full()

    def merge(self, other: DistinctCounter) -> None:
        """Count what another counter has seen, of the same dtype and channels."""
        start = 0
        while self.exact and start < len(other._table):
            start, self._count = _insert_keys(
                other._table, start, self._table, self._count
            )
            self._grow_if_full()

    def _grow_if_full(self) -> None:
        room = len(self._table) // 2
        if self._count == room < self._most:
            # Fourfold, by which a colour is moved a third of a time on average.
            table = np.zeros(2 * min(4 * room, self._most), np.uint64)
            _insert_keys(self._table, 0, table, 0)
            self._table = table


def distinct_colors(pixels: Pixels) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the colours of valid pixels, ascending, float64, and their counts."""
    colors = np.empty((0, pixels.n_channels), pixels.work_dtype)
    counts = np.empty(0, np.int64)
    waiting: list[tuple[NDArray[Any], NDArray[np.int64]]] = []
    n_waiting = 0
    for tile in pixels.tiles():
        values, valid = pixels.values(tile), pixels.valid(tile)
        found = _unique_rows(values if valid is None else values[valid])
        waiting.append(found)
        n_waiting += len(found[0])
        if n_waiting > len(colors):  # merge seldom enough to stay n log n
            colors, counts = _merge([(colors, counts), *waiting])
            waiting, n_waiting = [], 0
    colors, counts = _merge([(colors, counts), *waiting])
    return colors.astype(np.float64), counts


def _merge(
    parts: list[tuple[NDArray[Any], NDArray[np.int64]]],
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    return _unique_rows(
        np.concatenate([colors for colors, _ in parts]),
        np.concatenate([counts for _, counts in parts]),
    )


def _unique_rows(
    values: NDArray[Any], weights: NDArray[np.int64] | None = None
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    order = np.lexsort(values.T[::-1])
    ordered = values[order]
    first = np.ones(len(values), bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(first)
    if weights is None:
        counts = np.diff(np.append(starts, len(values)))
    else:
        counts = np.add.reduceat(weights[order], starts) if len(starts) else weights
    return ordered[starts], counts.astype(np.int64, copy=False)


@kernel
def _insert(
    bits: Any, start: int, n_bits: int, same_as_0: Any, table: Any, count: int
) -> tuple[int, int]:
    """Put pixels' colours into an open-addressing hash set until half of it is full.

    Return the first pixel that may not be in the set, and the count. same_as_0: another
    value that is 0. A free slot of table is 0.
    """
    size = np.uint64(table.shape[0])
    limit = table.shape[0] // 2
    keys, found = np.empty(_BLOCK, np.uint64), np.empty(_BLOCK, np.uint64)
    for first in range(start, bits.shape[0], _BLOCK):
        block = bits[first : first + _BLOCK]
        _hash(block, n_bits, same_as_0, keys)
        for i in range(len(block)):  # one would wait for memory after the other below
            found[i] = table[keys[i] % size]
        for i in range(len(block)):
            key = keys[i]
            if found[i] == key:
                continue
            slot = _slot(key, table, size)
            if table[slot] == np.uint64(0):
                if count == limit:
                    return first, count
                table[slot] = key
                count += 1
    return bits.shape[0], count


@kernel
def _insert_keys(keys: Any, start: int, table: Any, count: int) -> tuple[int, int]:
    """Put the keys of a set into another until half of it is full, as _insert."""
    size = np.uint64(table.shape[0])
    limit = table.shape[0] // 2
    for i in range(start, len(keys)):
        key = keys[i]
        if key == np.uint64(0):
            continue
        slot = _slot(key, table, size)
        if table[slot] == np.uint64(0):
            if count == limit:
                return i, count
            table[slot] = key
            count += 1
    return len(keys), count


@inlined  # a call would cost more than it does
def _slot(key: Any, table: Any, size: Any) -> Any:
    """Return where a colour is in a set, or the free slot where it would be."""
    slot = key % size
    while table[slot] != np.uint64(0) and table[slot] != key:
        slot = (slot + np.uint64(1)) % size
    return slot


@kernel
def _hash(block: Any, n_bits: int, same_as_0: Any, keys: Any) -> None:
    """Write a number for each pixel of a block, which is not 0, to keys.

    The mixing function is the finalizer of SplitMix64 (Steele, Lea, Flood, 2014,
    doi:10.1145/2660193.2660195), a bijection: colours of up to 64 bits never clash.
    """
    wide = n_bits * block.shape[1] > 64
    keys[:] = np.uint64(0)
    for c in range(block.shape[1]):
        for i in range(block.shape[0]):
            key, value = keys[i], np.uint64(block[i, c])
            value = np.uint64(0) if value == same_as_0 else value
            if wide:
                keys[i] = _mix(key + np.uint64(0x9E3779B97F4A7C15)) ^ value
            elif c > 0:
                keys[i] = (key << np.uint64(n_bits)) | value
            else:
                keys[i] = value
    for i in range(block.shape[0]):
        # 0 marks a free slot. As _mix is a bijection, one key alone mixes to 0 and
        # shares the slot's mark with another: at most one colour too few.
        key = _mix(keys[i] + np.uint64(0x9E3779B97F4A7C15))
        keys[i] = max(key, np.uint64(1))


@kernel
def _mix(key: Any) -> Any:
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return key ^ (key >> np.uint64(31))
