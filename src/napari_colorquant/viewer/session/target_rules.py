"""What of a target holds for some runs: one palette, a ready palette, a comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_colorquant.viewer.layers.target import Scope
    from napari_colorquant.viewer.session.result import Result


def for_one_palette(scope: Scope) -> Scope:
    """Return the scope with one palette that all slices share."""
    return replace(scope, slice_axis=None)


def for_ready_palette(scope: Scope, result: Result) -> Scope:
    """Return the scope without what says how a palette is learned.

    ValueError if the palette is RGB and the layers are several channels, or if it is of
    three other channels and the layer is RGB.
    """
    if not result.is_of_known_channels:  # of a palette from a file nobody knows
        return _ready(scope)
    first, *others = scope.layers
    if others and result.rgb:
        raise ValueError(
            f"the palette of {result.name!r} is RGB, and {len(scope.layers)} layers "
            "are selected as channels: select a picture in RGB, or quantize them."
        )
    is_alike = result.palette.n_channels == 3  # others are refused by their number
    if first.rgb and not others and not result.rgb and is_alike:
        listed = "" if result.channels is None else f", {', '.join(result.channels)}"
        raise ValueError(
            f"the palette of {result.name!r} is of channels{listed}, and "
            f"{first.name!r} is RGB: select layers of these channels, or quantize it."
        )
    return _ready(scope)


def _ready(scope: Scope) -> Scope:
    return replace(scope, slice_axis=None, learn_within=None, seeds=None)


def for_comparison(scope: Scope) -> Scope:
    """Return the scope itself; ValueError if it has several layers, or palettes."""
    if len(scope.layers) > 1:
        raise ValueError(
            "the methods are compared on one image, and several channels are selected: "
            "select one layer, or quantize them by each method in turn."
        )
    if scope.slice_axis is not None:
        raise ValueError(
            "the methods are compared by one palette each: let all slices share one "
            "palette, or choose the current one alone."
        )
    return scope
