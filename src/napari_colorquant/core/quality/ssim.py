"""Structural similarity, measured in bands of rows that threads share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.compute.executor import map_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels, Tile

_WINDOW = 7
_MARGIN = _WINDOW // 2
"""Pixels at the edges of a plane that have no whole window: they do not count."""
_BAND_PIXELS = 2**16
_LEAST_ROWS = 32
"""Of a band: with fewer, the rows that it shares with its neighbours would be most."""


def check_planes(pixels: Pixels) -> None:
    """Raise ValueError if an image's planes are smaller than a window."""
    if not has_planes(pixels):
        raise ValueError(
            f"SSIM needs planes of at least {_WINDOW} x {_WINDOW} pixels, and the "
            f"image has the shape {pixels.shape}: leave ssim out."
        )


def has_planes(pixels: Pixels) -> bool:
    """Return whether an image's planes have at least 7 x 7 pixels, a window."""
    return len(pixels.shape) >= 2 and min(pixels.shape[-2:]) >= _WINDOW


def bands(pixels: Pixels) -> list[Tile]:
    """Return overlapping bands of rows of all planes; a window is in exactly one.

    Slices are those of the image's axes without the channel axis.
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


def mean_ssim(
    before: Pixels, after: Pixels, data_range: float, scale: float, monitor: Monitor
) -> float | None:
    """Return the mean SSIM, -1 to 1, over windows; None where no window counts.

    A window counts if all its pixels are valid in before: a mask acts like a crop. If
    none is, as in a line, those around a valid pixel count. data_range: scaled.
    """
    parts = bands(before)
    if data_range == 0:  # one colour, and no structure to differ in
        monitor("judge", 1.0)
        return 1.0
    from skimage.metrics import structural_similarity

    def compare(band: Tile) -> list[tuple[float, float]]:
        valid = before.valid(band)
        height, width = (s.stop - s.start for s in band[-2:])
        a, b = (
            pixels.values(band).astype(np.float64) * scale for pixels in (before, after)
        )
        if valid is not None:
            a[~valid] = b[~valid] = 0  # NaN would spread to every window
        shape = (height, width, before.n_channels)
        similarity = structural_similarity(
            a.reshape(shape),
            b.reshape(shape),
            win_size=_WINDOW,
            data_range=data_range,
            channel_axis=-1,
            full=valid is not None,
        )
        n_rows = height - 2 * _MARGIN
        if valid is None:
            return [(float(similarity) * n_rows, n_rows)] * 2
        inside = np.s_[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
        each = similarity[1][inside].mean(axis=-1)
        valid = valid.reshape(height, width)
        # A row's worth of windows weighs as much as in a band without a mask.
        return [
            (float(each[chosen].sum()) / each.shape[1], chosen.sum() / each.shape[1])
            for chosen in (_whole_windows(valid), valid[inside])
        ]

    sums = np.zeros((2, 2))  # of whole windows, and of those around valid pixels
    for found in monitor.over("judge", map_in_order(compare, parts), len(parts)):
        sums += found
    for total, n_rows in sums.tolist():
        if n_rows:
            return total / n_rows
    return None


def _whole_windows(valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a window of a band holds valid pixels only.

    What is outside the mask is the same in both pictures: a window with some of it
    would show a better picture.
    """
    windows = np.lib.stride_tricks.sliding_window_view
    rows = np.all(windows(valid, _WINDOW, axis=0), axis=-1)
    return np.asarray(windows(rows, _WINDOW, axis=1).all(axis=-1))
