"""A palette as a table for people: its columns, in files and in layers alike.

Every table that has a row an entry is made of :func:`columns_of`, so that tables are
joined on ``label``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.appearance import appearance, hex_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette

COLUMNS = (
    *("label", "index", "name", "hex", "color_space", "units", "white_value"),
    *("pixels", "percent"),
)
"""Columns that are no channels."""


def is_reserved(name: str) -> bool:
    """Tell whether a column of that name would be taken for one that is no channel.

    Parameters
    ----------
    name : str
        A channel's name.

    Returns
    -------
    bool
        True for such as ``"label"`` and ``" Label"``.
    """
    return name.strip().casefold() in COLUMNS


def channel_names(n_channels: int, *, rgb: bool | None = None) -> list[str]:
    """Name the channels of which no more is known.

    Parameters
    ----------
    n_channels : int
        Number C of channels.
    rgb : bool, optional
        Whether they are red, green and blue; by default, if they are three.

    Returns
    -------
    list of str
        ``red``, ``green`` and ``blue``; ``value`` for one; else ``channel 0`` and so
        on.
    """
    if n_channels == 3 if rgb is None else rgb:
        return ["red", "green", "blue"]
    if n_channels == 1:
        return ["value"]
    return [f"channel {number}" for number in range(n_channels)]


def columns_of(
    palette: Palette,
    channels: Sequence[str] | None = None,
    shown: NDArray[np.uint8] | None = None,
) -> dict[str, list[Any]]:
    """Return the palette as the columns of a table, one row an entry.

    Parameters
    ----------
    palette : Palette
        The palette.
    channels : sequence of str, optional
        One name a channel; by default :func:`channel_names`, also where two are alike
        or one is reserved.
    shown : ndarray of uint8, shape (K, 3) or (K, 4), optional
        The entries as they are shown, by default their
        :func:`~napari_colorquant.core.appearance.appearance`.

    Returns
    -------
    dict of str to list
        ``label``, from 1, on which tables are joined; ``index``, from 0; ``name``,
        ``hex``, one column a channel in the palette's units, ``pixels`` and
        ``percent`` of the pixels that were quantized. What the palette does not have
        is None.
    """
    n = len(palette)
    names = list(channels or ())
    if len({*names}) < palette.n_channels or any(map(is_reserved, names)):
        names = channel_names(palette.n_channels)
    shown = appearance(palette) if shown is None else shown
    pixels, percent = [None] * n, [None] * n
    if palette.counts is not None:
        # As floats: counts that are summed may not fit into 64 bits.
        total = max(1.0, float(palette.counts.sum(dtype=np.float64)))
        pixels = palette.counts.tolist()
        percent = (100.0 * palette.counts / total).tolist()
    return {
        "label": list(range(1, n + 1)),
        "index": list(range(n)),
        "name": [None] * n if palette.names is None else list(palette.names),
        "hex": [hex_of(color) for color in shown],
        **dict(zip(names, palette.colors.T.tolist(), strict=True)),
        "pixels": pixels,
        "percent": percent,
    }
