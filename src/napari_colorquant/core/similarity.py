"""Structural similarity, measured in bands of rows that threads share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from napari_colorquant.core.pixels import Pixels, Tile

_WINDOW = 7
_MARGIN = _WINDOW // 2
"""Pixels at the edges of a plane that have no whole window: they do not count."""
_BAND_PIXELS = 2**16
_LEAST_ROWS = 32
"""Of a band: with fewer, the rows that it shares with its neighbours would be most."""


def check_planes(pixels: Pixels) -> None:
    """Refuse an image that has no structure to compare.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Raises
    ------
    ValueError
        If its planes are smaller than a window.
    """
    if not has_planes(pixels):
        raise ValueError(
            f"SSIM needs planes of at least {_WINDOW} x {_WINDOW} pixels, and the "
            f"image has the shape {pixels.shape}: leave ssim out."
        )


def has_planes(pixels: Pixels) -> bool:
    """Tell whether an image's planes are large enough for a window.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Returns
    -------
    bool
        True from 7 x 7 pixels on.
    """
    return len(pixels.shape) >= 2 and min(pixels.shape[-2:]) >= _WINDOW


def bands(pixels: Pixels) -> list[Tile]:
    """Cut the planes of an image into bands of rows that overlap by a window.

    Parameters
    ----------
    pixels : Pixels
        The image; it has planes.

    Returns
    -------
    list of tuple of slice
        Slices of the image's axes without the channel axis. Every window of a plane is
        in one band.
    """
    height, width = pixels.shape[-2:]
    step = max(_BAND_PIXELS // width, _LEAST_ROWS)
    rows = [
        slice(start, min(start + step + 2 * _MARGIN, height))
        for start in range(0, height - 2 * _MARGIN, step)
    ]
    return [
        (*(slice(i, i + 1) for i in plane), row, slice(0, width))
        for plane in np.ndindex(pixels.shape[:-2])
        for row in rows
    ]


def similarity_steps(
    before: Pixels, after: Pixels, data_range: float, scale: float
) -> Steps[float]:
    """Measure the structural similarity, one band at a time.

    Parameters
    ----------
    before, after : Pixels
        The original and the redrawn picture; they have planes. Pixels that are not
        valid in the original count as equal.
    data_range : float
        Range of the original's values, scaled.
    scale : float
        What values are multiplied by.

    Yields
    ------
    Progress
        Of the step ``"judge"``, ``len(bands(before))`` pieces of work.

    Returns
    -------
    float
        Mean over windows, channels and planes, -1 to 1.
    """
    parts = bands(before)
    if data_range == 0:  # one colour, and no structure to differ in
        yield Progress("judge", len(parts), len(parts))
        return 1.0
    from skimage.metrics import structural_similarity

    def compare(band: Tile) -> tuple[float, int]:
        valid = before.valid(band)
        height, width = (s.stop - s.start for s in band[-2:])
        a, b = (
            pixels.values(band).astype(np.float64) * scale for pixels in (before, after)
        )
        if valid is not None:
            a[~valid] = b[~valid] = 0
        shape = (height, width, before.n_channels)
        similarity = structural_similarity(
            a.reshape(shape),
            b.reshape(shape),
            win_size=_WINDOW,
            data_range=data_range,
            channel_axis=-1,
        )
        n_rows = height - 2 * _MARGIN
        return float(similarity) * n_rows, n_rows

    total, n_rows = 0.0, 0
    for done, (part, n) in enumerate(map_in_order(compare, parts), 1):
        total, n_rows = total + part, n_rows + n
        yield Progress("judge", done, len(parts))
    return total / n_rows
