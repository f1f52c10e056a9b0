"""Assigning: every pixel gets its nearest palette entry, tile by tile, in threads."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.cells import make_code_cells, search_codes
from napari_colorquant.core.codes import gathered_bits
from napari_colorquant.core.histogram import Histogram, look_up, look_up_rgb, tally
from napari_colorquant.core.nearest import redraw, squared_error
from napari_colorquant.core.parallel import map_chunks, map_in_order, n_cores
from napari_colorquant.core.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.points import (
    ColorPoints,
    plant_colors,
    points_scale,
    scaled_entries,
)
from napari_colorquant.core.quality import psnr
from napari_colorquant.core.scale import power_of_two_scale
from napari_colorquant.core.search import Searcher
from napari_colorquant.core.spaces import color_space
from napari_colorquant.core.steps import Progress, Steps
from napari_colorquant.core.tree import label

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.histogram import DistinctColors
    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.survey import Survey


class Assigned(NamedTuple):
    """What assigning a palette to an image gives.

    Parameters
    ----------
    labels : ndarray of uint8 or uint16
        Shape of the image without its channel axis; index + 1, or 0.
    image : ndarray
        The redrawn picture, shape and dtype of the input.
    counts : ndarray of int64, shape (K,)
        Pixels of each entry.
    mse : float
        Mean squared difference, summed over channels, in the image's units.
    psnr : float
        In dB.
    seconds : float
        Time that it took.
    answers : ndarray of uint8 or uint16, shape (n,), or None
        The label of each colour of the survey's histogram, where there is one.
    """

    labels: NDArray[Any]
    image: NDArray[Any]
    counts: NDArray[np.int64]
    mse: float
    psnr: float
    seconds: float
    answers: NDArray[Any] | None


def assign_steps(
    pixels: Pixels, palette: Palette, survey: Survey, points: ColorPoints | None = None
) -> Steps[Assigned]:
    """Assign a palette to an image and redraw it, one tile at a time.

    Parameters
    ----------
    pixels : Pixels
        The image.
    palette : Palette
        Colours of as many channels.
    survey : Survey
        What the image is like.
    points : ColorPoints, optional
        The colours of the survey's histogram, if they have been planted already.

    Yields
    ------
    Progress
        After each tile.

    Returns
    -------
    Assigned
        The result; the same to the last byte, however many threads there are.
    """
    start = perf_counter()
    if pixels.all_valid:
        image = np.empty_like(pixels.image, order="C", subok=False)
    else:  # a copy: opacities and the pixels that are not quantized are in place
        image = np.array(pixels.image, order="C")
    redrawn = see_pixels(image, -1 if pixels.alpha is not None else pixels.channel_axis)
    labels = np.empty(pixels.shape, label_dtype(palette))
    drawn = _drawn(palette, pixels)
    tiles = pixels.tiles()
    histogram, distinct = survey.histogram, survey.distinct
    if histogram is not None and distinct is not None:
        answers = _label_colors(distinct, palette, pixels, survey, points)
        counts, error = _tally(distinct, answers, drawn)
        table = histogram.table(distinct.codes, answers)

        def assign(tile: Tile) -> None:
            values, valid = pixels.values(tile), pixels.valid(tile)
            target, picture = _target(redrawn, tile, values, valid)
            tile_labels = labels[tile].reshape(-1)  # a view: a tile is a run of pixels
            _look_up(histogram, table, drawn, values, tile_labels, picture)
            if valid is not None:
                tile_labels[~valid] = 0
            _put(target, picture, valid)

        for done, _ in enumerate(map_in_order(assign, tiles), 1):
            yield Progress("assign", done, len(tiles))
        assigned = _assigned(labels, image, counts, error, 1.0, pixels, survey)
        return assigned._replace(seconds=perf_counter() - start, answers=answers)

    space = color_space(palette.color_space, pixels.dtype, pixels.n_channels)
    scale = points_scale(space, survey.magnitude, palette.colors)
    searcher = Searcher(space, scale, survey)
    search = searcher.search(scaled_entries(space, palette.colors, scale))
    if space.largest:  # the error is measured in the image's own units
        scale = power_of_two_scale(survey.magnitude)

    def assign_and_measure(tile: Tile) -> tuple[NDArray[np.int64], float]:
        values, valid = pixels.values(tile), pixels.valid(tile)
        target, picture = _target(redrawn, tile, values, valid)
        tile_labels = labels[tile].reshape(-1)
        search(searcher.coordinates(values, valid), valid, tile_labels)
        counts = np.zeros(len(palette) + 1, np.int64)
        redraw(tile_labels, drawn, picture, counts)
        _put(target, picture, valid)
        return counts[1:], squared_error(values, picture, tile_labels, scale)

    counts = np.zeros(len(palette), np.int64)
    error = 0.0
    for done, part in enumerate(map_in_order(assign_and_measure, tiles), 1):
        counts += part[0]
        error += part[1]
        yield Progress("assign", done, len(tiles))
    assigned = _assigned(labels, image, counts, error, scale, pixels, survey)
    return assigned._replace(seconds=perf_counter() - start)


def label_dtype(palette: Palette) -> np.dtype[Any]:
    """Return the dtype of the labels of a palette.

    Parameters
    ----------
    palette : Palette
        The palette.

    Returns
    -------
    dtype
        uint8 up to 255 colours, uint16 above.
    """
    return np.dtype(np.uint8 if len(palette) <= 255 else np.uint16)


def _label_colors(
    distinct: DistinctColors,
    palette: Palette,
    pixels: Pixels,
    survey: Survey,
    points: ColorPoints | None,
) -> NDArray[Any]:
    """Return the label of each colour of a histogram."""
    space = color_space(palette.color_space, pixels.dtype, pixels.n_channels)
    scale = points_scale(space, survey.magnitude, palette.colors)
    entries = np.ascontiguousarray(scaled_entries(space, palette.colors, scale))
    answers = np.empty(len(distinct), label_dtype(palette))
    if space.largest == 0:  # a cell of the space is a beginning of codes
        shift, cells = make_code_cells(entries, distinct.n_bits, scale)
        gathered = gathered_bits(distinct.n_bits, distinct.n_channels) * scale

        def search(start: int, end: int) -> None:
            rows = slice(start, end)
            search_codes(
                *(distinct.codes[rows], gathered, shift, entries),
                *(cells.starts, cells.candidates, answers[rows]),
            )

        map_chunks(search, len(distinct))
        return answers
    if points is None or points.space != space or points.scale != scale:
        points = plant_colors(distinct, space, scale)
    with ThreadPoolExecutor(n_cores()) as pool:
        label(points.tree, entries, answers, pool)
    return answers


def _tally(
    distinct: DistinctColors, answers: NDArray[Any], drawn: NDArray[Any]
) -> tuple[NDArray[np.int64], float]:
    """Return the pixels of each entry, and the sum of the squared differences."""
    gathered = gathered_bits(distinct.n_bits, distinct.n_channels)

    def part(start: int, end: int) -> tuple[NDArray[np.int64], float]:
        counts = np.zeros(len(drawn), np.int64)
        rows = slice(start, end)
        error = tally(
            *(distinct.codes[rows], gathered, distinct.counts[rows]),
            *(answers[rows], drawn, counts),
        )
        return counts[1:], error

    counts, errors = zip(*map_chunks(part, len(distinct)), strict=True)
    return np.sum(counts, axis=0), sum(errors)


def _drawn(palette: Palette, pixels: Pixels) -> NDArray[Any]:
    """Return the colour of each label; that of 0 is never seen."""
    drawn = palette.drawn(pixels.dtype).astype(pixels.work_dtype)
    return np.concatenate([np.zeros_like(drawn[:1]), drawn])


def _target(
    redrawn: Pixels, tile: Tile, values: NDArray[Any], valid: NDArray[np.bool_] | None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return where a tile's picture belongs, and an array to draw it in.

    They are the same one where that is possible.
    """
    target = redrawn.colors[tile]
    direct = (
        valid is None and target.flags.c_contiguous and target.dtype == values.dtype
    )
    return target, target.reshape(values.shape) if direct else np.empty_like(values)


def _put(
    target: NDArray[Any], picture: NDArray[Any], valid: NDArray[np.bool_] | None
) -> None:
    if np.shares_memory(target, picture):
        return
    np.copyto(
        target,
        picture.reshape(target.shape),
        casting="unsafe",
        where=True if valid is None else valid.reshape(*target.shape[:-1], 1),
    )


def _look_up(
    histogram: Histogram,
    table: NDArray[Any],
    drawn: NDArray[Any],
    values: NDArray[Any],
    labels: NDArray[Any],
    picture: NDArray[Any],
) -> None:
    spread, slots = histogram.spread, histogram.slots
    n_quads = 0
    flat = picture.reshape(-1)
    if (
        drawn.dtype == np.uint8
        and drawn.shape[1] == 3
        and sys.byteorder == "little"
        and flat.ctypes.data % 4 == 0
    ):
        n_quads = len(values) // 4
        words = np.zeros((len(drawn), 4), np.uint8)
        words[:, :3] = drawn
        look_up_rgb(
            *(values[: 4 * n_quads], spread, slots, table),
            *(words.view(np.uint32).reshape(-1), labels[: 4 * n_quads]),
            flat[: 12 * n_quads].view(np.uint32),
        )
    rest = slice(4 * n_quads, None)
    look_up(values[rest], spread, slots, table, drawn, labels[rest], picture[rest])


def _assigned(
    labels: NDArray[Any],
    image: NDArray[Any],
    counts: NDArray[Any],
    error: float,
    scale: float,
    pixels: Pixels,
    survey: Survey,
) -> Assigned:
    scaled_mse = error / survey.n_pixels
    return Assigned(
        labels=labels,
        image=image,
        counts=counts,
        mse=scaled_mse / scale / scale,
        # In scaled units, where the square of a tiny unit does not vanish.
        psnr=psnr(scaled_mse / pixels.n_channels, survey.scaled_range(scale)),
        seconds=0.0,
        answers=None,
    )
