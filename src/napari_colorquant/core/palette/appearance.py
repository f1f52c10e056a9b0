"""Screen colours of palette entries: 8-bit RGBA and hexadecimal web colours.

Tables, files and the viewer all use this one module where nothing but the palette and
perhaps the display of its channels is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.formats.palette_data import PaletteData, white_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

_PRIMARY = ("FF0000", "00FF00", "0000FF")
_BLENDED = ("FF00FF", "00FF00", "00FFFF", "FFFF00", "FF0000", "0000FF")
_WHITE = "FFFFFF"


@dataclass(frozen=True, slots=True)
class ShownChannel:
    """Display settings of one channel in a viewer.

    color: of its brightest values, six hexadecimal digits; start, end: values shown as
    black and in full colour, in the picture's units.
    """

    name: str
    color: str
    start: float
    end: float
    active: bool = True


def white_value(palette: PaletteData) -> float:
    """Return the value of white in the units of an RGB palette.

    Where the units are not known, it is the first of 1, 255 and 65535 that no colour
    exceeds, or else the largest value.
    """
    if palette.white_value is not None:
        return palette.white_value
    largest = float(palette.colors.max())
    return next((white for white in (1.0, 255.0, 65535.0) if largest <= white), largest)


def usual_channels(
    palette: PaletteData,
    dtype: DTypeLike | None,
    n_channels: int | None,
    *,
    rgb: bool | None = None,
) -> tuple[ShownChannel, ...]:
    """Return how the channels of a picture are shown where no more is known.

    If rgb is not False, three or four of a three-channel palette are RGB(A), 0 to
    white. Others are grey or blend, over the palette's range (uint8: 0 to 255).
    """
    known = None if dtype is None else np.dtype(dtype).newbyteorder("=").name
    if palette.n_channels == 3 and n_channels in (3, 4) and rgb is not False:
        return _channels_of_light(palette, known, n_channels)
    return _channels_of_data(palette, known, n_channels or 1)


def _channels_of_light(
    palette: PaletteData, dtype: str | None, n_channels: int
) -> tuple[ShownChannel, ...]:
    known = dtype is None or palette.white is not None
    white = white_value(palette) if known or dtype is None else white_of(dtype)
    names = ("red", "green", "blue")
    pairs = zip(names, _PRIMARY, strict=True)
    rgb = [ShownChannel(*pair, 0.0, white) for pair in pairs]
    alpha = ShownChannel("alpha", _WHITE, 0.0, white, active=False)
    return (*rgb, alpha)[:n_channels]


def _channels_of_data(
    palette: PaletteData, dtype: str | None, n_channels: int
) -> tuple[ShownChannel, ...]:
    shown = []
    for number in range(n_channels):
        own = number if palette.n_channels == n_channels else 0
        column = palette.colors[:, own]
        start, end = float(column.min()), float(column.max())
        if dtype == "uint8":
            start, end = 0.0, 255.0
        is_one = n_channels == 1
        color = _WHITE if is_one else _BLENDED[number % len(_BLENDED)]
        name = "value" if is_one else f"channel {number}"
        shown.append(
            ShownChannel(name, color, start, end if end > start else start + 1)
        )
    return tuple(shown)


def blended(
    palette: PaletteData, channels: Sequence[ShownChannel]
) -> NDArray[np.uint8]:
    """Return the sum of an entry's active channels: opaque uint8 RGBA, shape (K, 4).

    Sums are clipped to 255 and rounded half to even. There must be one ShownChannel or
    more for each palette channel.
    """
    light = np.zeros((len(palette), 3))
    for values, channel in zip(palette.colors.T, channels, strict=False):
        if channel.active:
            color = [int(channel.color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
            light += np.outer(reach_of(values, channel.start, channel.end), color)
    shown = np.full((len(palette), 4), 255, np.uint8)
    shown[:, :3] = np.rint(np.clip(light, 0.0, 255.0))
    return shown


def appearance(palette: PaletteData, *, rgb: bool | None = None) -> NDArray[np.uint8]:
    """Return a palette's usual screen colours: opaque uint8 RGBA, shape (K, 4).

    rgb: by default, three channels are RGB; others are shown as by usual_channels.
    """
    n = palette.n_channels
    is_light = n == 3 if rgb is None else rgb
    channels_of = _channels_of_light if is_light else _channels_of_data
    return blended(palette, channels_of(palette, palette.units, n))


def reach_of(
    values: NDArray[np.float64], low: float, high: float
) -> NDArray[np.float64]:
    """Return values mapped from low..high to 0..255: clipped, not rounded.

    All are 0 where high is not above low.
    """
    if (low, high) == (0, 255):
        return np.clip(values, low, high)  # to the last digit
    # A power of two keeps any range from overflowing.
    scale = power_of_two_scale(max(abs(low), abs(high)))
    start, span = low * scale, high * scale - low * scale
    if span <= 0:
        return np.zeros(np.shape(values))
    return np.asarray(255.0 * ((np.clip(values, low, high) * scale - start) / span))


def hex_of(color: ArrayLike) -> str:
    """Return a colour, uint8 RGB or RGBA, as ``"#b22222"``, without its opacity."""
    red, green, blue = np.asarray(color)[:3].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
