"""Assigning: every pixel gets its nearest palette entry, tile by tile, in threads."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.nearest import assign_tile, squared_error
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.quality import psnr
from napari_colorquant.core.scale import power_of_two_scale
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.survey import Survey

_LONGEST_MEMORY = 2**24
_PIXELS_WORTH_A_MEMORY = 16
"""A memory of so many times the pixels is worth being made: below, a picture is
searched in less time than it takes to touch the memory's pages."""


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
    """

    labels: NDArray[Any]
    image: NDArray[Any]
    counts: NDArray[np.int64]
    mse: float
    psnr: float
    seconds: float


def assign_steps(pixels: Pixels, palette: Palette, survey: Survey) -> Steps[Assigned]:
    """Assign a palette to an image and redraw it, one tile at a time.

    Parameters
    ----------
    pixels : Pixels
        The image.
    palette : Palette
        Colours of as many channels.
    survey : Survey
        What the image is like.

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
    label_dtype = np.uint8 if len(palette) <= 255 else np.uint16
    labels = np.empty(pixels.shape, label_dtype)
    drawn = palette.drawn(pixels.dtype).astype(pixels.work_dtype)
    largest = max(survey.magnitude, float(np.abs(palette.colors).max()))
    scale = power_of_two_scale(largest)
    scaled = np.ascontiguousarray(palette.colors.T * scale)
    memory = np.zeros(_memory_length(pixels), label_dtype)
    every = np.empty(0, bool)

    def assign(tile: Tile) -> tuple[NDArray[np.int64], float]:
        values, valid = pixels.values(tile), pixels.valid(tile)
        tile_labels = labels[tile].reshape(-1)  # a view: a tile is a run of pixels
        target = redrawn.colors[tile]
        direct = (
            valid is None and target.flags.c_contiguous and target.dtype == values.dtype
        )
        picture = target.reshape(values.shape) if direct else np.zeros_like(values)
        counts = np.empty(len(palette), np.int64)
        assign_tile(
            values,
            every if valid is None else valid,
            scaled,
            scale,
            drawn,
            memory,
            tile_labels,
            picture,
            counts,
        )
        if not direct:
            np.copyto(
                target,
                picture.reshape(target.shape),
                casting="unsafe",
                where=True if valid is None else valid.reshape(*target.shape[:-1], 1),
            )
        return counts, squared_error(values, picture, tile_labels, scale)

    tiles = pixels.tiles()
    counts = np.zeros(len(palette), np.int64)
    error = 0.0
    for done, part in enumerate(map_in_order(assign, tiles), 1):
        counts += part[0]
        error += part[1]
        yield Progress("assign", done, len(tiles))
    scaled_mse = error / survey.n_pixels
    return Assigned(
        labels=labels,
        image=image,
        counts=counts,
        mse=scaled_mse / scale / scale,
        # In scaled units, where the square of a tiny unit does not vanish.
        psnr=psnr(scaled_mse / pixels.n_channels, survey.scaled_range(scale)),
        seconds=perf_counter() - start,
    )


def _memory_length(pixels: Pixels) -> int:
    if pixels.work_dtype.kind != "u":
        return 0
    length = 2 ** (8 * pixels.work_dtype.itemsize * pixels.n_channels)
    n_pixels = pixels.image.size // pixels.n_channels
    worth = length <= min(_LONGEST_MEMORY, _PIXELS_WORTH_A_MEMORY * n_pixels)
    return length if worth else 0
