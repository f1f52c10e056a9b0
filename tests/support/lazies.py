"""Lazy images for the tests."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from itertools import pairwise

import dask.array
import numpy as np
from hypothesis import strategies as st


@st.composite
def chunkings(draw: st.DrawFn, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Draw the sizes of blocks, each axis cut anywhere."""
    chunks = []
    for size in shape:
        cuts = sorted(draw(st.sets(st.integers(1, max(1, size - 1)), max_size=3)))
        ends = [0, *(cut for cut in cuts if cut < size), size]
        chunks.append(tuple(b - a for a, b in pairwise(ends)))
    return tuple(chunks)


@dataclass
class Generated:
    """A lazy image whose blocks are made when they are computed, and are counted."""

    chunks: tuple[tuple[int, ...], ...]
    make: object  # takes a block's place and shape
    dtype: str = "uint8"
    computed: list[tuple[int, ...]] = field(default_factory=list)

    def __post_init__(self):
        self._lock = threading.Lock()

    def array(self) -> dask.array.Array:
        return dask.array.map_blocks(
            self._block,
            chunks=self.chunks,
            dtype=self.dtype,
            meta=np.empty((0,) * len(self.chunks), self.dtype),
        )

    def _block(self, block_info=None):
        place = block_info[None]["chunk-location"]
        with self._lock:
            self.computed.append(tuple(place))
        return self.make(place, block_info[None]["chunk-shape"]).astype(self.dtype)


def noise(place: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    """Make the block of an image: random, and its own."""
    return np.random.default_rng(place).integers(0, 256, shape)


def steps_of_gray(place: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    """Make a block of one colour, that tells its place in z."""
    return np.full(shape, 10 * place[0])
