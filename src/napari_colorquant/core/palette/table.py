"""A palette as a table for people: its columns, in files and in layers alike.

Every table with one row an entry is made of `columns_of`, so that all join on label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette.appearance import appearance, hex_of
from napari_colorquant.formats.csv_table import is_reserved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.formats.palette_data import PaletteData


def channel_names(n_channels: int, *, rgb: bool | None = None) -> list[str]:
    """Return names for channels of which no more is known.

    rgb: whether they are red, green and blue; by default, if they are three.
    """
    if n_channels == 3 if rgb is None else rgb:
        return ["red", "green", "blue"]
    if n_channels == 1:
        return ["value"]
    return [f"channel {number}" for number in range(n_channels)]


def columns_of(
    palette: PaletteData,
    channels: Sequence[str] | None = None,
    shown: NDArray[np.uint8] | None = None,
) -> dict[str, list[Any]]:
    """Return the palette as columns, one row an entry; what it lacks is None.

    label is from 1, index from 0; class is there where an entry has one; percent is of
    the pixels that were quantized.
    channels: `channel_names` if too few, alike or reserved. shown: uint8, (K, 3 or 4).
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
        **({} if palette.classes is None else {"class": list(palette.classes)}),
        "hex": [hex_of(color) for color in shown],
        **dict(zip(names, palette.colors.T.tolist(), strict=True)),
        "pixels": pixels,
        "percent": percent,
    }
