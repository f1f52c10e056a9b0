"""The background of channels: a limit for each, and all at or below it counts as that.

A limit is given, or found in an image: by Otsu's threshold, or in an empty region.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.statistics import (
    joined_ranges,
    ranges,
    valid_values,
)
from napari_colorquant.core.compute.arguments import (
    is_sequence,
    is_word,
    number,
    sequence,
    shown,
)
from napari_colorquant.core.compute.wording import Argument, Sentence
from napari_colorquant.core.image.sampling import refuse_nothing
from napari_colorquant.formats.palette_data import PLAIN_SPACE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels

OTSU = "otsu"
"""What a background is where its limits are found in the image."""
PERCENTILE = 99.0
"""Of the pixels of an empty region, so many are at or below its limit, in percent."""
_BINS = 2**16
"""Of Otsu's histogram, where values are no integers, or of a wider range."""

Background = str | float | Sequence[float] | None
"""OTSU, one limit for all channels, one for each, or None for none."""


def is_region(background: Any) -> bool:
    """Return whether a background is a region: an array of bool, in memory or lazy."""
    dtype = getattr(background, "dtype", None)
    return dtype is not None and dtype == np.bool_ and background.ndim > 0


def check_background(background: object, color_space: str) -> Background:
    """Return a background as plain data, or raise TypeError or ValueError.

    It is one of channels as they are: of PLAIN_SPACE alone.
    """
    if background is None:
        return None
    said = Argument("background")
    checked: Background
    if is_word(background, [OTSU]):
        checked = OTSU
    elif isinstance(background, str):
        raise ValueError(
            Sentence(
                "{background} is {word}: pass {background:'otsu'}, or a number.",
                word=shown(background),
            )
        )
    elif is_region(background):
        raise TypeError(
            Sentence(
                "{background} is a region, of which no limits are taken here: pass "
                "numbers, such as quantize finds in a region."
            )
        )
    elif is_sequence(background):
        limits = sequence(background, said, "numbers")
        checked = tuple(number(one, said) for one in limits)
        if not checked:
            raise ValueError(Sentence("{background} is empty: pass numbers."))
    else:
        or_otsu = Sentence(", or {background:'otsu'}")
        checked = number(background, said, or_otsu)
    if color_space != PLAIN_SPACE:
        raise ValueError(
            Sentence(
                "{background} is one of channels as they are, and colors are compared "
                "in {name!r}: pass {color_space:='rgb'}, or no background.",
                name=color_space,
            )
        )
    return checked


def limits_for(background: Background, n_channels: int) -> tuple[float, ...] | None:
    """Return one limit for each channel; None without, or where they are not found yet.

    Raise ValueError if there are others than channels.
    """
    if background is None or isinstance(background, str):
        return None
    if isinstance(background, float | int):
        return (float(background),) * n_channels
    if len(background) != n_channels:
        n = len(background)
        raise ValueError(
            Sentence(
                "{background} holds {n} number{s}, and the image has {n_channels} "
                "channel{t}: pass one number, or one for each channel.",
                n=n,
                s="" if n == 1 else "s",
                n_channels=n_channels,
                t="" if n_channels == 1 else "s",
            )
        )
    return tuple(background)


def otsu_limits(pixels: Pixels) -> tuple[float, ...]:
    """Return the limit of each channel that parts its valid pixels best (Otsu, 1979).

    Of integers that span less than 65,536 values it is one of them, else exact to that
    part of the range. A channel of one value has that. Raise ValueError if no pixel is
    valid.
    """
    tiles = pixels.tiles()
    valid = [valid_values(pixels, tile) for tile in tiles]
    refuse_nothing([len(values) for values in valid])
    lows, highs = joined_ranges([ranges(values) for values in valid if len(values)])
    half = highs / 2 - lows / 2  # halves, as the range of all floats is infinite
    is_counted = pixels.dtype.kind in "iu" and 2 * half.max() < _BINS
    counts = np.zeros((len(lows), _BINS), np.int64)
    for values in valid:
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
    values = np.concatenate([valid_values(pixels, tile) for tile in pixels.tiles()])
    refuse_nothing([len(values)])
    limits = np.percentile(values, PERCENTILE, axis=0, method="higher")
    return tuple(map(float, limits))
