"""From colours to labels: the nearest palette entry of any pixel, wherever it is.

A ColorMap is plain data. The workers of a cluster, the blocks of a lazy array and the
tiles of an image in memory make of it what labels their pixels: a table where colours
have codes, a search where they have none.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.code_table import CodeTable
from napari_colorquant.core.assign.grid import CodeSearch, code_search
from napari_colorquant.core.assign.redraw import draw_tile, drawn_labels
from napari_colorquant.core.assign.search import (
    Search,
    box_in,
    coordinates_in,
    leave_out,
    search_for,
)
from napari_colorquant.core.color.codes import decode, has_codes
from napari_colorquant.core.color.spaces import ColorSpace, color_space
from napari_colorquant.core.color.statistics import (
    Statistics,
    joined_ranges,
    largest_integer,
    ranges,
    refuse_inexact,
    valid_values,
)
from napari_colorquant.core.color.tree import label
from napari_colorquant.core.color.weighted_colors import common_scale, scaled_entries
from napari_colorquant.core.compute.executor import map_chunks, n_cores
from napari_colorquant.core.image.pixels import (
    Pixels,
    see_pixels,
    set_background,
)
from napari_colorquant.core.palette.palette import Palette, label_dtype
from napari_colorquant.core.palette.white import (
    known_white,
    limit_of,
    refuse_above_white,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.histogram import DistinctColors
    from napari_colorquant.core.color.stains import Rows
    from napari_colorquant.core.color.weighted_colors import WeightedColors
    from napari_colorquant.core.image.image import Image

_KEPT = 4
"""Palettes whose tables are kept for blocks: each may take 16 or 32 MB, and twice that
with a max_distance."""
_MANY = 2**24
"""Pixels that are searched as if by one table: worth the finest cells."""


@dataclass(frozen=True, slots=True)
class ColorMap:
    """Hold what it takes to label any pixel of an image, as plain data.

    colors: bytes of float64; dtype: the image's; lows, highs: ranges of the channels;
    n_pixels: whose values all lie within, None where others come that may be beyond;
    limit: largest value that a block may have, or None; max_distance: of a colour from
    its entry, in units of the space, or None; entry_stains, stains: where entries and
    pixels are compared, if in stains; background: limits of the channels, or None.
    """

    colors: bytes
    color_space: str
    dtype: str
    channel_axis: int | None
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    n_pixels: int | None = None
    white: float | None = None
    limit: float | None = None
    weights: tuple[float, ...] | None = None
    max_distance: float | None = None
    entry_stains: Rows | None = None
    stains: Rows | None = None
    background: tuple[float, ...] | None = None

    @classmethod
    def of(
        cls,
        palette: Palette,
        image: Image,
        known: Statistics | Pixels | None = None,
        max_distance: float | None = None,
        stains: Rows | None = None,
    ) -> ColorMap:
        """Return the map from an image's colours to a palette.

        known: the image's statistics, or some pixels of it that give a range which only
        speeds the search up; by default the palette gives it, or the dtype. stains: of
        the image, by default those of the palette.
        """
        dtype, n_channels, n_pixels = image.dtype, palette.n_channels, None
        lows, highs = palette.colors.min(axis=0), palette.colors.max(axis=0)
        if isinstance(known, Statistics):
            lows, highs, n_pixels = known.lows, known.highs, known.n_pixels
        elif has_codes(dtype, n_channels):  # all that there can be
            lows = np.zeros(n_channels)
            highs = np.full(n_channels, float(np.iinfo(dtype).max))
        elif known is not None:
            parts = (valid_values(known, tile) for tile in known.tiles())
            lows, highs = joined_ranges([ranges(part) for part in parts if len(part)])
        outline = known_white(image, palette).outline
        return cls(
            palette.colors.tobytes(),
            palette.color_space,
            dtype.str,
            outline.own_axis,
            tuple(lows.tolist()),
            tuple(highs.tolist()),
            n_pixels,
            outline.white,
            limit_of(outline),
            palette.weights,
            max_distance,
            palette.stains,
            palette.stains if stains is None else stains,
            palette.background,
        )

    @property
    def palette(self) -> Palette:
        """The palette."""
        colors = np.frombuffer(self.colors).reshape(-1, len(self.lows))
        known = (self.color_space, None, (), None, None, self.weights)
        return Palette(colors, None, None, *known, self.entry_stains)

    @property
    def label_dtype(self) -> np.dtype[np.unsignedinteger]:
        """The dtype of the labels."""
        return label_dtype(len(self.colors) // (8 * len(self.lows)))

    @property
    def space(self) -> ColorSpace:
        """Where colours are compared."""
        return self._space(self.stains)

    def _space(self, stains: Rows | None) -> ColorSpace:
        dtype, n_channels = np.dtype(self.dtype), len(self.lows)
        known = (self.white, self.weights, stains)
        return color_space(self.color_space, dtype, n_channels, *known)

    def _entries(self, scale: float) -> NDArray[np.float64]:
        """Return the entries as coordinates, scaled, (K, C)."""
        space, colors = self._space(self.entry_stains), self.palette.colors
        return np.ascontiguousarray(scaled_entries(space, colors, scale))

    def label_colors(
        self, distinct: DistinctColors, points: WeightedColors | None
    ) -> NDArray[Any]:
        """Return the label of every colour of an image: index + 1, the lower of ties.

        It is 0 for colours that are farther than max_distance from their entry. points:
        the colours in a tree, used if they are of the same space and scale.
        """
        labels = np.empty(len(distinct), self.label_dtype)
        space, scale = self.space, self._code_scale
        in_tree = points is not None and (points.space, points.scale) == (space, scale)
        if points is None or not in_tree:
            self.code_search()(distinct.codes, labels)
            return labels
        with ThreadPoolExecutor(n_cores()) as pool:
            label(points.tree, self._entries(scale), labels, pool)
        self._leave_out_codes(distinct.codes, labels)
        return labels

    def code_search(self) -> CodeSearch:
        """Return what writes the labels of codes, where colours have them."""
        space, scale = self.space, self._code_scale
        entries = self._entries(scale)
        find: CodeSearch
        if space.is_plain:  # a cell of the space is a beginning of codes
            search_codes = code_search(entries, self.code_bits[0], scale)

            def find(codes: Any, labels: Any) -> None:
                map_chunks(
                    lambda a, b: search_codes(codes[a:b], labels[a:b]), len(codes)
                )
                self._leave_out_codes(codes, labels)

            return find
        search = self._search(scale)

        def find_converted(codes: Any, labels: Any) -> None:
            at = space.forward(decode(codes, *self.code_bits))
            map_chunks(lambda a, b: search(at[a:b], None, labels[a:b]), len(codes))

        return find_converted

    def pixel_search(self) -> Search:
        """Return a function of values, a mask of the valid ones and labels to write."""
        space, colors = self.space, self.palette.colors
        search_at = lru_cache(4)(self._search)
        known = max(map(abs, (*self.lows, *self.highs)))
        search_at(common_scale(space, known or 1.0, colors))  # once, not in each thread

        def search(values: Any, valid: Any, labels: Any) -> None:
            largest = known
            if self.n_pixels is None:  # values may be beyond what is known
                inside = values if valid is None else values[valid]
                largest = max(known, float(np.abs(inside).max(initial=0)))
            coordinates = coordinates_in(space, values, valid)
            scale = common_scale(space, largest or 1.0, colors)
            search_at(scale)(coordinates, valid, labels)

        return search

    @property
    def code_bits(self) -> tuple[int, int]:
        """Bits of a value, and number of channels, where colours have codes."""
        return 8 * np.dtype(self.dtype).itemsize, len(self.lows)

    @property
    def _code_scale(self) -> float:
        largest = float(np.iinfo(np.dtype(self.dtype)).max)
        return common_scale(self.space, largest, self.palette.colors)

    def _search(self, scale: float) -> Search:
        """Return a search among coordinates at a scale."""
        space, entries = self.space, self._entries(scale)
        box = box_in(space, self.lows, self.highs)
        nearest = search_for(entries, scale, box, self.n_pixels or _MANY)
        if self.max_distance is None:
            return nearest
        farthest = self.max_distance * scale

        def search(coordinates: Any, valid: Any, labels: Any) -> None:
            nearest(coordinates, valid, labels)
            leave_out(coordinates, scale, entries, farthest, labels)

        return search

    def _leave_out_codes(self, codes: Any, labels: Any) -> None:
        """Set the labels of codes to 0 that are farther than max_distance."""
        if self.max_distance is None:
            return
        space, scale = self.space, self._code_scale
        entries = self._entries(scale)
        at = space.forward(decode(codes, *self.code_bits))
        farthest = self.max_distance * scale
        map_chunks(
            lambda a, b: leave_out(at[a:b], scale, entries, farthest, labels[a:b]),
            len(codes),
        )


def label_block(
    color_map: ColorMap, image: Any, mask: NDArray[np.bool_] | None = None
) -> NDArray[Any]:
    """Return a block's labels: index + 1, or 0 for pixels not valid or left out.

    Labels do not depend on block borders. Raise ValueError for values that are too
    large.
    """
    pixels = see_pixels(image, color_map.channel_axis, mask)
    pixels = set_background(pixels, color_map.background)
    labels = np.empty(pixels.shape, color_map.label_dtype)
    search = _search_of(color_map)
    is_wide = pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8
    for tile in pixels.tiles():
        valid = pixels.valid(tile)
        if is_wide and (valid is None or valid.any()):
            refuse_inexact(largest_integer(pixels, tile), pixels.dtype)
        if color_map.limit is not None:
            refuse_above_white(pixels, tile, color_map.limit)
        # A view: a tile is a run of pixels.
        search(pixels.values(tile), valid, labels[tile].reshape(-1))
    return labels


def draw_block(color_map: ColorMap, image: Any, labels: NDArray[Any]) -> NDArray[Any]:
    """Return a copy of a block, with each labelled pixel in its palette colour."""
    picture = np.array(image, order="C")
    pixels = see_pixels(picture, color_map.channel_axis)
    drawn = drawn_labels(color_map.palette, pixels)
    for tile in pixels.tiles():
        draw_tile(pixels, tile, labels[tile].reshape(-1), drawn)
    return picture


@lru_cache(_KEPT)
def _search_of(color_map: ColorMap) -> Search:
    """Return what labels any tile: made where a task runs, once in a process."""
    if has_codes(np.dtype(color_map.dtype), len(color_map.lows)):
        bits, dtype = color_map.code_bits, color_map.label_dtype
        find, leaves_out = color_map.code_search(), color_map.max_distance is not None
        return CodeTable.of_all(*bits, dtype, find, leaves_out=leaves_out).label
    return color_map.pixel_search()
