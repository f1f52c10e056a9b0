"""Label and redraw any block of an image, in whatever process computes it.

The tasks of a graph hold a Labeller, which is plain data. Search tables are made where
a task runs, once in a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.grid import CodeSearch, code_search
from napari_colorquant.core.assign.redraw import draw_tile, drawn_labels
from napari_colorquant.core.assign.search import (
    EVERY,
    Search,
    Searcher,
    searcher_between,
)
from napari_colorquant.core.color.codes import code_of, decode, has_codes, spread_bits
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.statistics import (
    joined_ranges,
    largest_integer,
    ranges,
    refuse_inexact,
    valid_values,
)
from napari_colorquant.core.color.weighted_colors import points_scale, scaled_entries
from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.image.blocks import in_one
from napari_colorquant.core.image.pixels import Pixels, see_pixels
from napari_colorquant.core.palette.palette import Palette, label_dtype
from napari_colorquant.core.palette.white import (
    known_white,
    limit_of,
    refuse_above_white,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.image import Image

_LABELLERS = 4
"""Palettes whose tables are kept: each may take 16 or 32 MB."""
_MANY = 2**24
"""Pixels that are searched as if by one table: worth the finest cells."""


@dataclass(frozen=True, slots=True)
class Labeller:
    """Hold what it takes to label any block of an image, as plain data.

    colors: bytes of float64; dtype: the image's; lows, highs: the channels' known
    ranges, which only speed the search up; limit: largest value of a block, or None.
    """

    colors: bytes
    color_space: str
    dtype: str
    channel_axis: int | None
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    white: float | None = None
    limit: float | None = None

    @property
    def palette(self) -> Palette:
        """The palette."""
        colors = np.frombuffer(self.colors).reshape(-1, len(self.lows))
        return Palette(colors, color_space=self.color_space)

    @property
    def label_dtype(self) -> np.dtype[np.unsignedinteger]:
        """The dtype of the labels."""
        return label_dtype(len(self.colors) // (8 * len(self.lows)))


def make_labeller(
    palette: Palette, image: Image, known: Pixels | None = None
) -> Labeller:
    """Return the labeller of an image's blocks.

    known: pixels in memory that give the range of the values; by default, the palette
    gives it. Where colours have codes, the dtype gives it.
    """
    dtype, n_channels = image.dtype, palette.n_channels
    if has_codes(dtype, n_channels):  # all that there can be, as in a survey
        lows = np.zeros(n_channels)
        highs = np.full(n_channels, float(np.iinfo(dtype).max))
    elif known is None:
        lows, highs = palette.colors.min(axis=0), palette.colors.max(axis=0)
    else:
        seen = (valid_values(known, tile) for tile in known.tiles())
        lows, highs = joined_ranges([ranges(values) for values in seen if len(values)])
    outline = known_white(image, palette).outline
    return Labeller(
        palette.colors.tobytes(),
        palette.color_space,
        dtype.str,
        outline.own_axis,
        tuple(lows.tolist()),
        tuple(highs.tolist()),
        outline.white,
        limit_of(outline),
    )


def label_block(
    labeller: Labeller, image: Any, mask: NDArray[np.bool_] | None = None
) -> NDArray[Any]:
    """Return a block's labels: index + 1, or 0 for pixels that are not valid.

    image: the block, or a list of it, as dask passes one with a channel axis. Labels do
    not depend on block borders. Raise ValueError for values that are too large.
    """
    pixels = see_pixels(in_one(image), labeller.channel_axis, mask)
    labels = np.empty(pixels.shape, labeller.label_dtype)
    search = _search_of(labeller)
    is_wide = pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8
    for tile in pixels.tiles():
        valid = pixels.valid(tile)
        if is_wide and (valid is None or valid.any()):
            refuse_inexact(largest_integer(pixels, tile), pixels.dtype)
        if labeller.limit is not None:
            refuse_above_white(pixels, tile, labeller.limit)
        # A view: a tile is a run of pixels.
        search(pixels.values(tile), valid, labels[tile].reshape(-1))
    return labels


def draw_block(labeller: Labeller, image: Any, labels: NDArray[Any]) -> NDArray[Any]:
    """Return a copy of a block, with each labelled pixel in its palette colour."""
    picture = np.array(image, order="C")
    pixels = see_pixels(picture, labeller.channel_axis)
    drawn = drawn_labels(labeller.palette, pixels)
    for tile in pixels.tiles():
        draw_tile(pixels, tile, labels[tile].reshape(-1), drawn)
    return picture


@lru_cache(_LABELLERS)
def _search_of(labeller: Labeller) -> Search:
    """Return a function of values, a mask of the valid ones and labels to write."""
    if has_codes(np.dtype(labeller.dtype), len(labeller.lows)):
        return _table_search(labeller)

    space, colors = _space(labeller), labeller.palette.colors
    known = max(map(abs, (*labeller.lows, *labeller.highs)))

    def search(values: Any, valid: Any, labels: Any) -> None:
        inside = values if valid is None else values[valid]
        largest = max(known, float(np.abs(inside).max(initial=0)))
        scale = points_scale(space, largest or 1.0, colors)
        searcher, find = _cells_search(labeller, scale)
        find(searcher.coordinates(values, valid), valid, labels)

    return search


def _table_search(labeller: Labeller) -> Search:
    """Return a search that keeps the label of every code it has found in a table.

    Threads may fill the table at once, because they write the same labels.
    """
    palette, space = labeller.palette, _space(labeller)
    kind = (8 * np.dtype(labeller.dtype).itemsize, palette.n_channels)
    table = np.zeros(2 ** (kind[0] * kind[1]), labeller.label_dtype)
    spread = spread_bits(*kind)
    scale = points_scale(space, 2.0 ** kind[0] - 1, palette.colors)
    entries = np.ascontiguousarray(scaled_entries(space, palette.colors, scale))
    find: CodeSearch
    if space.largest == 0:  # a cell of the space is a beginning of codes
        find = code_search(entries, kind[0], scale)
    else:
        searcher, search = _cells_search(labeller, scale)

        def find(codes: NDArray[np.uint32], labels: NDArray[Any]) -> None:
            search(searcher.coordinates(decode(codes, *kind), None), None, labels)

    def look_up(values: Any, valid: Any, labels: Any) -> None:
        every = EVERY if valid is None else valid
        missing = np.empty(len(values), np.uint32)
        n_missing = _look_up(values, every, spread, table, labels, missing)
        if n_missing:
            codes = np.unique(missing[:n_missing])
            found = np.empty(len(codes), table.dtype)
            find(codes, found)
            table[codes] = found
            _look_up(values, every, spread, table, labels, missing)

    return look_up


@lru_cache(4 * _LABELLERS)
def _cells_search(labeller: Labeller, scale: float) -> tuple[Searcher, Search]:
    """Return the searcher of values at a scale, and its search in the palette."""
    palette, space = labeller.palette, _space(labeller)
    lows, highs = labeller.lows, labeller.highs
    searcher = searcher_between(space, scale, lows, highs, _MANY)
    return searcher, searcher.search(scaled_entries(space, palette.colors, scale))


def _space(labeller: Labeller) -> Any:
    dtype = np.dtype(labeller.dtype)
    return color_space(labeller.color_space, dtype, len(labeller.lows), labeller.white)


@kernel
def _look_up(
    values: Any, valid: Any, spread: Any, table: Any, labels: Any, missing: Any
) -> int:
    """Write labels from a table of codes, and return how many pixels it cannot label.

    valid: empty where all pixels are valid; table: the label of each code, 0 where it
    has not been searched; missing: written, the codes of the pixels without a label.
    """
    every = len(valid) == 0
    n_missing = 0
    for i in range(values.shape[0]):
        if not every and not valid[i]:
            labels[i] = 0
            continue
        code = code_of(values, i, spread)
        label = table[code]
        labels[i] = label
        if label == 0:
            missing[n_missing] = code
            n_missing += 1
    return n_missing
