"""What the entries of a palette look like: in 8 bits, and as the web writes colours.

The one place where an entry becomes a colour of the screen where nothing is known but
the palette and perhaps how its channels are shown. Tables, files and the viewer ask it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.palette import Palette, white_of
from napari_colorquant.core.scale import power_of_two_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

_PRIMARY = ("FF0000", "00FF00", "0000FF")
_BLENDED = ("FF00FF", "00FF00", "00FFFF", "FFFF00", "FF0000", "0000FF")
_WHITE = "FFFFFF"


@dataclass(frozen=True, slots=True)
class ShownChannel:
    """How a viewer shows a channel of the picture.

    Parameters
    ----------
    name : str
        Its name.
    color : str
        Colour of its brightest values, six hexadecimal digits.
    start, end : float
        Values that are shown as black and in full colour, in the picture's units.
    active : bool
        Whether it is shown.
    """

    name: str
    color: str
    start: float
    end: float
    active: bool = True


def white_value(palette: Palette) -> float:
    """Return the value of white in a palette of RGB.

    Parameters
    ----------
    palette : Palette
        The palette.

    Returns
    -------
    float
        That of its units. Where they are not known, the first of 1, 255 and 65535
        that no colour exceeds.
    """
    if palette.white_value is not None:
        return palette.white_value
    largest = float(palette.colors.max())
    return next((white for white in (1.0, 255.0, 65535.0) if largest <= white), largest)


def usual_channels(
    palette: Palette,
    dtype: DTypeLike | None,
    n_channels: int | None,
    *,
    rgb: bool | None = None,
) -> tuple[ShownChannel, ...]:
    """Say how the channels of a picture are shown of which no more is known.

    Parameters
    ----------
    palette : Palette
        The palette.
    dtype : dtype or None
        The picture's; None where it is not known.
    n_channels : int, optional
        The picture's channels; None if it has no axis of them.
    rgb : bool, optional
        Whether they are red, green and blue; by default, if there are three or four.

    Returns
    -------
    tuple of ShownChannel
        Three are red, green and blue, from 0 to white; a fourth, of a palette of three,
        is opacity. One is grey and others have colours that blend, over the range of
        their values in the palette; of 8 bits from 0 to 255.
    """
    known = None if dtype is None else np.dtype(dtype).newbyteorder("=").name
    if palette.n_channels == 3 and n_channels in (3, 4) and rgb is not False:
        return _channels_of_light(palette, known, n_channels)
    return _channels_of_data(palette, known, n_channels or 1)


def _channels_of_light(
    palette: Palette, dtype: str | None, n_channels: int
) -> tuple[ShownChannel, ...]:
    known = dtype is None or palette.white is not None
    white = white_value(palette) if known or dtype is None else white_of(dtype)
    names = ("red", "green", "blue")
    pairs = zip(names, _PRIMARY, strict=True)
    rgb = [ShownChannel(*pair, 0.0, white) for pair in pairs]
    alpha = ShownChannel("alpha", _WHITE, 0.0, white, active=False)
    return (*rgb, alpha)[:n_channels]


def _channels_of_data(
    palette: Palette, dtype: str | None, n_channels: int
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


def blended(palette: Palette, channels: Sequence[ShownChannel]) -> NDArray[np.uint8]:
    """Return what a palette looks like where its channels are blended.

    Parameters
    ----------
    palette : Palette
        The palette.
    channels : sequence of ShownChannel
        At least one for each of its channels.

    Returns
    -------
    ndarray of uint8, shape (K, 4)
        RGBA: the sum of the channels that are shown, rounded half to even; opaque.
    """
    light = np.zeros((len(palette), 3))
    for values, channel in zip(palette.colors.T, channels, strict=False):
        if channel.active:
            color = [int(channel.color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
            light += np.outer(reach_of(values, channel.start, channel.end), color)
    shown = np.full((len(palette), 4), 255, np.uint8)
    shown[:, :3] = np.rint(np.clip(light, 0.0, 255.0))
    return shown


def appearance(palette: Palette, *, rgb: bool | None = None) -> NDArray[np.uint8]:
    """Return what a palette looks like of which no more is known.

    Parameters
    ----------
    palette : Palette
        The palette.
    rgb : bool, optional
        Whether its channels are red, green and blue; by default, if they are three.

    Returns
    -------
    ndarray of uint8, shape (K, 4)
        RGBA, its channels shown as :func:`usual_channels` says.
    """
    n = palette.n_channels
    is_light = n == 3 if rgb is None else rgb
    channels_of = _channels_of_light if is_light else _channels_of_data
    return blended(palette, channels_of(palette, palette.units, n))


def reach_of(
    values: NDArray[np.float64], low: float, high: float
) -> NDArray[np.float64]:
    """Say how far values reach from black to white.

    Parameters
    ----------
    values : ndarray of float64
        Any finite numbers.
    low, high : float
        What is black and what is white.

    Returns
    -------
    ndarray of float64
        0 to 255, not rounded; all 0 where `high` is not above `low`.
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
    """Write a colour as the web does.

    Parameters
    ----------
    color : array_like of uint8, shape (3,) or (4,)
        RGB or RGBA, 0 to 255.

    Returns
    -------
    str
        Such as ``"#b22222"``.
    """
    red, green, blue = np.asarray(color)[:3].tolist()
    return f"#{red:02x}{green:02x}{blue:02x}"
