"""Assigning: every pixel gets its nearest palette entry, tile by tile, in threads."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.assign.lookup import label_colors, painter, tally_colors
from napari_colorquant.core.assign.redraw import (
    canvas,
    carry_over,
    drawn_labels,
    put,
    redraw_and_compare,
)
from napari_colorquant.core.assign.search import Searcher
from napari_colorquant.core.color.spaces import power_of_two_scale, space_of
from napari_colorquant.core.color.weighted_colors import (
    ColorPoints,
    points_scale,
    scaled_entries,
)
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.palette.palette import label_dtype
from napari_colorquant.core.quality.quality import psnr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.statistics import Statistics
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.palette.palette import Palette


class Assigned(NamedTuple):
    """What assigning a palette to an image gives; seconds: the time that it took.

    Labels are index + 1, or 0, in uint8 or uint16; color_labels, (n,): of the survey's
    colours if counted. mse: summed over channels, in the image's units; psnr: dB.
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
    points: ColorPoints | None,
    monitor: Monitor,
) -> Assigned:
    """Assign a palette to an image and redraw it, tile by tile.

    The result is the same to the last byte, however many threads there are. points: the
    survey's counted colours, if they have been planted already.
    """
    start = perf_counter()
    image = np.empty_like(pixels.image, order="C", subok=False)
    redrawn = see_pixels(image, pixels.own_axis)
    labels = np.empty(pixels.shape, label_dtype(len(palette)))
    space = space_of(palette.color_space, pixels)
    drawn = drawn_labels(palette, pixels)
    # What the survey has seen need not be looked for once more.
    tiles = list(zip(pixels.tiles(), statistics.valid_counts.tolist(), strict=True))
    color_labels = None
    error, unit = 0.0, 1.0  # what the error is measured in

    if statistics.distinct is not None:
        color_labels = label_colors(
            statistics.distinct, palette, space, statistics.magnitude, points
        )
        counts, error = tally_colors(statistics.distinct, color_labels, drawn)
        paint = painter(statistics.distinct, color_labels, drawn)

        def look_up(item: tuple[Tile, int]) -> None:
            tile, n_valid = item
            valid = carry_over(pixels, redrawn, tile, n_valid)
            values = pixels.values(tile)
            target, picture = canvas(redrawn, tile, values, valid is None)
            tile_labels = labels[tile].reshape(-1)  # a view: a tile is a run of pixels
            paint(values, tile_labels, picture)
            if valid is not None:
                tile_labels[~valid] = 0
            put(target, picture, valid)

        for _ in monitor.over("assign", map_in_order(look_up, tiles), len(tiles)):
            pass
    else:
        scale = points_scale(space, statistics.magnitude, palette.colors)
        # Colours of a space of its own are redrawn in the image's units all the same.
        unit = power_of_two_scale(statistics.magnitude) if space.largest else scale
        searcher = Searcher(space, scale, statistics)
        search = searcher.search(scaled_entries(space, palette.colors, scale))

        def find(item: tuple[Tile, int]) -> tuple[NDArray[np.int64], float]:
            tile, n_valid = item
            valid = carry_over(pixels, redrawn, tile, n_valid)
            values = pixels.values(tile)
            target, picture = canvas(redrawn, tile, values, True)
            tile_labels = labels[tile].reshape(-1)
            search(searcher.coordinates(values, valid), valid, tile_labels)
            tile_counts = np.zeros(len(palette) + 1, np.int64)
            tile_error = redraw_and_compare(
                values, tile_labels, drawn, picture, tile_counts, unit
            )
            put(target, picture, valid)
            return tile_counts[1:], tile_error

        counts = np.zeros(len(palette), np.int64)
        for part in monitor.over("assign", map_in_order(find, tiles), len(tiles)):
            counts += part[0]
            error += part[1]

    scaled_mse = error / statistics.n_pixels
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
