"""The locked colours of a result, for the next run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_colorquant.viewer.layers.layer_properties import levels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image

    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.viewer.session.result import Result


def locked_for(
    layers: Sequence[Image], result: Result, channel_axis: int | None = None
) -> Palette | None:
    """Return the locked entries of a result's palette as colours of other layers.

    They have no counts, and the units of the result: a run converts those of RGB. None
    if nothing is locked, or the layers have other channels.
    """
    palette, layer = result.palette, layers[0]
    if not palette.locked:
        return None
    n_channels = len(layers)
    if n_channels == 1 and layer.rgb:
        n_channels = 3
    elif channel_axis is not None:
        n_channels = levels_of(layer)[0].shape[channel_axis]
    is_other_kind = result.is_of_known_channels and result.rgb != layer.rgb
    if palette.n_channels != n_channels or is_other_kind:
        return None
    # The form says where colors are compared: these are colors alone.
    return replace(palette.select(palette.locked).uncounted(), color_space="rgb")
