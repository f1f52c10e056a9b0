"""The limits of a background, found in an image: by Otsu's threshold or in a region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.statistics import (
    joined_ranges,
    ranges,
    valid_values,
)
from napari_colorquant.core.image.sampling import refuse_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels

PERCENTILE = 99.0
"""Of the pixels of an empty region, so many are at or below its limit, in percent."""
_BINS = 2**16
"""Of Otsu's histogram, where values are no integers, or of a wider range."""


def otsu_limits(pixels: Pixels) -> tuple[float, ...]:
    """Return the limit of each channel that parts its valid pixels best (Otsu, 1979).

    Of integers that span less than 65,536 values it is one of them, else exact to that
    part of the range. A channel of one value has that. Raise ValueError if no pixel is
    valid.
    """
    reached = [ranges(values) for values in _tiles(pixels)]
    refuse_nothing([len(reached)])
    lows, highs = joined_ranges(reached)
    half = highs / 2 - lows / 2  # halves, as the range of all floats is infinite
    is_counted = pixels.dtype.kind in "iu" and 2 * half.max() < _BINS
    counts = np.zeros((len(lows), _BINS), np.int64)
    for values in _tiles(pixels):
        for c, own in enumerate(values.T.astype(np.float64)):
            if is_counted:
                places = own - lows[c]
            else:
                part = (own / 2 - lows[c] / 2) / (half[c] or 1.0)
                places = np.minimum(part * _BINS, _BINS - 1)
            counts[c] += np.bincount(places.astype(np.int64), minlength=_BINS)
    best = [_otsu(of_channel) for of_channel in counts]
    if is_counted:
        return tuple((lows + best).tolist())
    ends = [(one + 1) / _BINS for one in best]  # of the bin: all of it is at or below
    return tuple(
        float(low + one * end + one * end) if one else float(low)
        for low, one, end in zip(lows, half, ends, strict=True)
    )


def _otsu(counts: NDArray[np.int64]) -> int:
    """Return the last bin of the lower part, where the variance between parts is most.

    Not scikit-image's threshold_otsu, which adds up in float32: beyond 2**24 pixels,
    single ones are lost.
    """
    numbers = np.arange(len(counts))
    below = np.cumsum(counts).astype(np.float64)
    sums = np.cumsum(counts * numbers).astype(np.float64)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
    variance = np.nan_to_num(below * above * apart**2, posinf=0.0)
    return int(variance.argmax()) if variance.any() else int(counts.argmax())


def region_limits(pixels: Pixels) -> tuple[float, ...]:
    """Return the value of each channel that PERCENTILE of the valid pixels do not pass.

    It is a value of the image. Raise ValueError if no pixel is valid.
    """
    tiles = list(_tiles(pixels))
    refuse_nothing([len(tiles)])
    values = np.concatenate(tiles)
    limits = np.percentile(values, PERCENTILE, axis=0, method="higher")
    return tuple(map(float, limits))


def _tiles(pixels: Pixels) -> Iterator[NDArray[Any]]:
    """Yield the valid pixels of each tile that has any, (n, C)."""
    for tile in pixels.tiles():
        values = valid_values(pixels, tile)
        if len(values):
            yield values
