"""What of a target, and of the palette that is shown, holds for some runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_colorquant.viewer.layers.layer_properties import levels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image

    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.viewer.layers.target import Target
    from napari_colorquant.viewer.session.result import Result


def for_one_palette(target: Target) -> Target:
    """Return the target with one palette that all slices share."""
    return replace(target, slice_axis=None)


def for_ready_palette(target: Target, result: Result) -> Target:
    """Return the target without what says how a palette is learned.

    ValueError if the palette is RGB and the layers are several channels, or if it is of
    three other channels and the layer is RGB.
    """
    if not result.is_of_known_channels:  # of a palette from a file nobody knows
        return _ready(target)
    first, *others = target.layers
    if others and result.rgb:
        raise ValueError(
            f"the palette of {result.name!r} is RGB, and {len(target.layers)} layers "
            "are selected as channels: select a picture in RGB, or quantize them."
        )
    is_alike = result.palette.n_channels == 3  # others are refused by their number
    if first.rgb and not others and not result.rgb and is_alike:
        listed = "" if result.channels is None else f", {', '.join(result.channels)}"
        raise ValueError(
            f"the palette of {result.name!r} is of channels{listed}, and "
            f"{first.name!r} is RGB: select layers of these channels, or quantize it."
        )
    return _ready(target)


def _ready(target: Target) -> Target:
    return replace(target, slice_axis=None, learn_within=None, seeds=None)


def for_comparison(target: Target) -> Target:
    """Return the target itself; ValueError if it has several layers, or palettes."""
    if len(target.layers) > 1:
        raise ValueError(
            "the methods are compared on one image, and several channels are selected: "
            "select one layer, or quantize them by each method in turn."
        )
    if target.slice_axis is not None:
        raise ValueError(
            "the methods are compared by one palette each: let all slices share one "
            "palette, or choose the current one alone."
        )
    return target


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
