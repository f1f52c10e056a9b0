"""What of a choice holds for a job: one palette, a ready one, a comparison, locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari.layers import Image

from napari_colorquant.viewer.layers.layer_properties import levels_of
from napari_colorquant.viewer.layers.target import Target

if TYPE_CHECKING:
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.viewer.session.results.result import Result


def for_one_palette(target: Target) -> Target:
    """Return the target with one palette that all slices share."""
    return replace(target, slice_axis=None)


def for_ready_palette(target: Target, result: Result) -> Target:
    """Return the target without what says how a palette is learned.

    ValueError if the palette is RGB and the layers are several channels, or if it is of
    three other channels and the layer is RGB.
    """
    recorded = result.recorded
    if not recorded.is_of_known_channels:  # of a palette from a file nobody knows
        return _ready(target)
    first, *others = target.layers
    if others and recorded.rgb:
        raise ValueError(
            f"the palette of {result.name!r} is RGB, and {len(target.layers)} layers "
            "are selected as channels: select a picture in RGB, or quantize them."
        )
    is_alike = result.palette.n_channels == 3  # others are refused by their number
    if first.rgb and not others and not recorded.rgb and is_alike:
        channels = recorded.channels
        listed = "" if channels is None else f", {', '.join(channels)}"
        raise ValueError(
            f"the palette of {result.name!r} is of channels{listed}, and "
            f"{first.name!r} is RGB: select layers of these channels, or quantize it."
        )
    return _ready(target)


def _ready(target: Target) -> Target:
    given: Any = {"slice_axis": None, "learn_within": None, "seeds": None}
    return replace(target, empty=None, **given)  # a palette has its background


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
    palette, recorded, layer = result.palette, result.recorded, layers[0]
    if not palette.locked:
        return None
    n_channels = len(layers)
    if n_channels == 1 and layer.rgb:
        n_channels = 3
    elif channel_axis is not None:
        n_channels = levels_of(layer)[0].shape[channel_axis]
    is_other_kind = recorded.is_of_known_channels and recorded.rgb != layer.rgb
    if palette.n_channels != n_channels or is_other_kind:
        return None
    # The form says how colors are compared: these are colors alone.
    locked = palette.select(palette.locked).uncounted()
    other: Any = {"weights": None, "stains": None, "background": None}
    return replace(locked, color_space="rgb", **other)
