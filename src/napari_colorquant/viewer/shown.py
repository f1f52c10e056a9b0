"""How the viewer shows a palette: its colours, the labels' colormap, the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.appearance import appearance, white_value
from napari_colorquant.core.palette import Palette
from napari_colorquant.core.table import channel_names, columns_of
from napari_colorquant.viewer.channels import Channel, composite_colors

if TYPE_CHECKING:
    import pandas as pd
    from napari.utils.colormaps import Colormap, DirectLabelColormap
    from numpy.typing import NDArray


def shown_colors(
    palette: Palette, *, rgb: bool, display: Mapping[str, Any] | None = None
) -> NDArray[np.float64]:
    """Return the palette as the viewer shows it.

    Parameters
    ----------
    palette : Palette
        Colours in the image's units.
    rgb : bool
        Whether the channels are red, green and blue: without `display` they span the
        range of the palette's units, 0 to 1 for floats.
    display : mapping, optional
        Contrast limits and gamma of a layer, and its colormap if it is not RGB. Three
        channels are shown as red, green and blue, of other numbers the mean in the
        colormap. Without it, see :func:`~napari_colorquant.core.appearance.appearance`.

    Returns
    -------
    ndarray of float64, shape (K, 4)
        RGBA, 0 to 1.
    """
    opaque = np.ones((len(palette), 1))
    if display is None and not rgb:
        return appearance(palette, rgb=False) / 255
    if display is None:
        white = white_value(palette)
        return np.clip(np.hstack([palette.colors / white, opaque]), 0.0, 1.0)
    if palette.n_channels == 3:
        low, high = display["contrast_limits"]
        levels = np.clip((palette.colors - low) / (high - low), 0.0, 1.0)
        return np.hstack([levels ** display["gamma"], opaque])
    values = palette.colors.mean(axis=1)
    low, high = display["contrast_limits"]
    level = np.clip((values - low) / (high - low), 0.0, 1.0)
    colormap: Colormap = display["colormap"]
    return np.asarray(colormap.map(level ** display["gamma"]), np.float64)


def color_shown_as(
    shown: NDArray[np.float64],
    palette: Palette,
    display: Mapping[str, Any] | None = None,
) -> NDArray[np.float64]:
    """Return the colour of RGB that the viewer shows as another one.

    Parameters
    ----------
    shown : ndarray of float64, shape (3,)
        On the screen, 0 to 1.
    palette : Palette
        RGB, which has the units.
    display : mapping, optional
        As for :func:`shown_colors`.

    Returns
    -------
    ndarray of float64, shape (3,)
        In the palette's units.
    """
    if display is None:
        return shown * white_value(palette)
    low, high = display["contrast_limits"]
    return np.asarray(low + (high - low) * shown ** (1 / display["gamma"]))


def shown_composite(
    palette: Palette, channels: Sequence[Channel]
) -> NDArray[np.float64]:
    """Return a palette of several layers as the viewer shows them together.

    Parameters
    ----------
    palette : Palette
        Colours in the channels' own units.
    channels : sequence of Channel
        The channels.

    Returns
    -------
    ndarray of float64, shape (K, 4)
        RGBA, 0 to 1.
    """
    shown = np.ones((len(palette), 4))
    shown[:, :3] = composite_colors(palette.colors, channels)
    return shown


def label_colormap(
    shown: NDArray[np.float64], rest: NDArray[np.float64] | None = None
) -> DirectLabelColormap:
    """Return the colormap that shows each label in its palette colour.

    Parameters
    ----------
    shown : ndarray of float64, shape (K, 4)
        See :func:`shown_colors`.
    rest : ndarray of float64, shape (4,), optional
        Colour of label 0 and of labels beyond K; transparent by default.

    Returns
    -------
    napari.utils.colormaps.DirectLabelColormap
        Label *i* + 1 has colour *i*.
    """
    from napari.utils.colormaps import DirectLabelColormap

    rest = np.zeros(4) if rest is None else rest
    colors: dict[int | None, NDArray[np.float64]] = {None: rest, 0: rest}
    colors.update(enumerate(shown, 1))
    return DirectLabelColormap(color_dict=colors)


def palette_table(
    palette: Palette,
    shown: NDArray[np.float64],
    *,
    rgb: bool,
    names: Sequence[str] | None = None,
    gamma: float = 1.0,
) -> pd.DataFrame:
    """Return the palette as the features table of its labels.

    Parameters
    ----------
    palette : Palette
        Colours with counts.
    shown : ndarray of float64, shape (K, 4)
        See :func:`shown_colors`.
    rgb : bool
        Whether the channels are red, green and blue.
    names : sequence of str, optional
        One a channel, by default their usual names.
    gamma : float
        As for :func:`hex_colors`.

    Returns
    -------
    pandas.DataFrame
        As :func:`~napari_colorquant.core.table.columns_of`, but ``index`` stands first
        and is the label: napari reads it.
    """
    import pandas as pd

    names = channel_names(palette.n_channels, rgb=rgb) if names is None else names
    written = hex_colors(palette, shown, rgb=rgb, gamma=gamma)
    columns = columns_of(palette, names, written)
    del columns["index"]
    return pd.DataFrame({"index": columns["label"], **columns})


def hex_colors(
    palette: Palette, shown: NDArray[np.float64], *, rgb: bool, gamma: float = 1.0
) -> NDArray[np.uint8]:
    """Return the colours that a table writes.

    Parameters
    ----------
    palette : Palette
        The palette.
    shown : ndarray of float64, shape (K, 4)
        See :func:`shown_colors`.
    rgb : bool
        Whether the channels are red, green and blue: then they reach from black to the
        palette's white, as in 8 bits, whatever the contrast limits; else they are those
        that are shown.
    gamma : float
        That of the layer.

    Returns
    -------
    ndarray of uint8, shape (K, 4)
        RGBA.
    """
    return in_8_bits(shown_colors(palette, rgb=True) ** gamma if rgb else shown)


def in_8_bits(shown: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return colours as files and the web have them.

    Parameters
    ----------
    shown : ndarray of float64
        0 to 1.

    Returns
    -------
    ndarray of uint8
        0 to 255, rounded half to even.
    """
    return np.rint(255 * shown).astype(np.uint8)
