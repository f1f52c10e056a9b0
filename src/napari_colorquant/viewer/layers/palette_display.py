"""How the viewer shows a palette: its colours, the labels' colormap, the table.

Some entries can be highlighted: the labels then dim the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette.appearance import appearance, white_value
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.table import channel_names, columns_of
from napari_colorquant.viewer.layers.channels import LayerChannel, composite_colors
from napari_colorquant.viewer.layers.layer_arrays import set_visible

if TYPE_CHECKING:
    import pandas as pd
    from napari.layers import Labels, Layer
    from napari.utils.colormaps import Colormap, DirectLabelColormap
    from numpy.typing import NDArray

DIM = 0.85
"""How much of the light of pixels that are not selected is taken away."""


def shown_colors(
    palette: Palette, *, rgb: bool, display: Mapping[str, Any] | None = None
) -> NDArray[np.float64]:
    """Return the palette as the viewer shows it: RGBA, 0 to 1, shape (K, 4).

    With display, of a layer, three channels are RGB, others their mean in its colormap.
    Without it RGB spans 0 to the palette's white; others are as in appearance.
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
    """Return the RGB colour, in the palette's units, that the viewer shows as this one.

    shown: on the screen, 0 to 1, shape (3,). display: as for shown_colors.
    """
    if display is None:
        return shown * white_value(palette)
    low, high = display["contrast_limits"]
    return np.asarray(low + (high - low) * shown ** (1 / display["gamma"]))


def shown_composite(
    palette: Palette, channels: Sequence[LayerChannel]
) -> NDArray[np.float64]:
    """Return a palette of several channels as the viewer shows them together.

    The palette is in the channels' own units; the result RGBA, 0 to 1, shape (K, 4).
    """
    shown = np.ones((len(palette), 4))
    shown[:, :3] = composite_colors(palette.colors, channels)
    return shown


def label_colormap(
    shown: NDArray[np.float64], rest: NDArray[np.float64] | None = None
) -> DirectLabelColormap:
    """Return the colormap that shows label i + 1 in colour i of shown.

    rest: RGBA of label 0 and of labels beyond K; transparent by default.
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
    """Return the palette, with counts, as the features table of its labels.

    As columns_of, but index stands first and is the label: napari reads it. gamma is as
    for hex_colors.
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
    """Return the colours that a table writes: RGBA, uint8, shape (K, 4).

    RGB reaches from black to the palette's white, with the layer's gamma, whatever the
    contrast limits; other channels have the colours of shown.
    """
    return in_8_bits(shown_colors(palette, rgb=True) ** gamma if rgb else shown)


def in_8_bits(shown: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return colours of 0 to 1 as uint8, 0 to 255, rounded half to even."""
    return np.rint(255 * shown).astype(np.uint8)


class Highlight:
    """Which entries of a result are seen in the canvas; all where there are none."""

    def __init__(self) -> None:
        self.entries: tuple[int, ...] = ()
        # Whether the labels were seen before they dimmed the picture.
        self._seen_before: bool | None = None

    def begin(self, labels: Labels, entries: Sequence[int]) -> None:
        """Show the labels while they dim; `colormap` makes them dim all but entries."""
        self.entries = tuple(entries)
        if entries and self._seen_before is None:
            self._seen_before = bool(labels.visible)
            set_visible(labels, True)
        elif not entries and self._seen_before is not None:
            set_visible(labels, self._seen_before)
            self._seen_before = None

    def colormap(self, shown: NDArray[np.float64], below: Sequence[Layer]) -> Any:
        """Return the colormap of the labels.

        shown: the palette, RGBA, 0 to 1, shape (K, 4). below: what the labels dim.
        """
        entries = list(self.entries)
        if entries and not any(layer.visible for layer in below):
            alone = np.zeros_like(shown)  # where nothing is below to be seen
            alone[entries] = shown[entries]
            return label_colormap(alone, rest=np.zeros(4))
        if entries:
            dimmed = np.tile([0.0, 0.0, 0.0, DIM], (len(shown), 1))
            dimmed[entries] = 0.0
            return label_colormap(dimmed, rest=np.array([0.0, 0.0, 0.0, DIM]))
        return label_colormap(shown)
