"""Assigning: every pixel gets its nearest palette entry, tile by tile, in threads."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.assign.code_table import CodeTable, tally_colors
from napari_colorquant.core.assign.color_map import ColorMap
from napari_colorquant.core.assign.redraw import draw_tile, drawn_labels
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.color.weighted_colors import WeightedColors, common_scale
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.palette.palette import label_dtype
from napari_colorquant.core.quality.quality import psnr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.assign.search import Search
    from napari_colorquant.core.color.statistics import Statistics
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.palette.palette import Palette


class Assigned(NamedTuple):
    """What assigning a palette to an image gives; seconds: the time that it took.

    Labels are index + 1, or 0, in uint8 or uint16; color_labels, (n,): of the
    counted colours, if any. mse: summed over channels, in the image's units; psnr: dB;
    both are of the pixels that have a label.
    """

    labels: NDArray[Any]
    image: NDArray[Any]
    counts: NDArray[np.int64]
    mse: float
    psnr: float
    color_labels: NDArray[Any] | None
    seconds: float


def assign(
    pixels: Pixels,
    palette: Palette,
    statistics: Statistics,
    points: WeightedColors | None,
    monitor: Monitor,
    max_distance: float | None = None,
) -> Assigned:
    """Assign a palette to an image and redraw it, tile by tile.

    The result is the same to the last byte, however many threads there are. points: the
    colours of the statistics, if they are in a tree already. max_distance: pixels that
    are farther from their entry get the label 0 and stay as they are.
    """
    start = perf_counter()
    image = np.empty_like(pixels.image, order="C", subok=False)
    labels = np.empty(pixels.shape, label_dtype(len(palette)))
    drawn = drawn_labels(palette, pixels)
    color_map = ColorMap.of(palette, pixels, statistics, max_distance)
    distinct, color_labels, table = statistics.distinct, None, None
    counts, error, unit = np.zeros(len(palette), np.int64), 0.0, 1.0
    if distinct is not None:
        color_labels = color_map.label_colors(distinct, points)
        counts, error = tally_colors(distinct, color_labels, drawn)
        table = CodeTable.of_colors(distinct, color_labels)
        search: Search = table.label
    else:
        search = color_map.pixel_search()
        # Colours of a space of its own are compared in the image's units all the same.
        magnitude, space = statistics.magnitude, color_map.space
        unit = common_scale(replace(space, weights=None), magnitude, palette.colors)
        unit = power_of_two_scale(magnitude) if space.largest else unit
    redrawn = see_pixels(image, pixels.own_axis)
    leaves_out = max_distance is not None
    task = _Task(pixels, redrawn, labels, drawn, search, table, unit, leaves_out)
    # What the statistics have seen need not be looked for once more.
    tiles = list(zip(pixels.tiles(), statistics.valid_counts.tolist(), strict=True))
    parts = map_in_order(partial(_assign_tile, task), tiles)
    for tile_counts, tile_error in monitor.over("assign", parts, len(tiles)):
        counts += tile_counts
        error += tile_error
    scaled_mse = error / max(1, int(counts.sum()))
    return Assigned(
        labels=labels,
        image=image,
        counts=counts,
        mse=scaled_mse / unit / unit,
        # In scaled units, where the square of a tiny unit does not vanish.
        psnr=psnr(scaled_mse / pixels.n_channels, statistics.scaled_range(unit)),
        color_labels=color_labels,
        seconds=perf_counter() - start,
    )


class _Task(NamedTuple):
    """What it takes to assign any tile; table: where all colours are tallied.

    leaves_out: whether valid pixels may get the label 0.
    """

    pixels: Pixels
    redrawn: Pixels
    labels: NDArray[Any]
    drawn: NDArray[Any]
    search: Search
    table: CodeTable | None
    unit: float
    leaves_out: bool


def _assign_tile(
    task: _Task, item: tuple[Tile, int]
) -> tuple[NDArray[np.int64] | int, float]:
    """Write a tile's labels and picture; return counts and error not tallied yet."""
    (tile, n_valid), pixels, redrawn = item, task.pixels, task.redrawn
    if pixels.alpha is not None and redrawn.alpha is not None:
        redrawn.alpha[tile] = pixels.alpha[tile]
    values, labels = pixels.values(tile), task.labels[tile].reshape(-1)  # a view
    valid, target = None, redrawn.colors[tile]
    if task.leaves_out or n_valid < len(values):
        target[...] = pixels.colors[tile]
    if n_valid < len(values):
        valid = pixels.valid(tile)
    if task.table is None:
        task.search(values, valid, labels)
        return draw_tile(redrawn, tile, labels, task.drawn, values, task.unit)
    if valid is None and not task.leaves_out and task.table.draws_rgb(target):
        picture = target.reshape(-1, 3)
        task.table.draw_rgb(values, task.drawn, labels, picture)
    else:
        task.search(values, valid, labels)
        draw_tile(redrawn, tile, labels, task.drawn)
    return 0, 0.0
