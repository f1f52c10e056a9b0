"""What a run is asked to work on: which layers, which slices, and where in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.layer_properties import (
    display_of,
    levels_of,
    spatial_of,
    unread,
)

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image, Labels, Shapes


Position = tuple[int | None, ...]
"""One slice of a layer: an index for each axis that is not shown, None for others."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """What a run is asked to work on; several layers are quantized together.

    position: the only slice, by default all. slice_axis: each slice gets a palette.
    learn_within: by default where it is quantized. per_class: entries of each class.
    stains: where each stain was painted. empty: where pixels show the limits of the
    background.
    """

    layers: tuple[Image, ...]
    scaling: str = SCALINGS[0]
    channel_axis: int | None = None
    position: Position | None = None
    slice_axis: int | None = None
    within: Labels | Shapes | None = None
    learn_within: Labels | Shapes | None = None
    seeds: Labels | Shapes | None = None
    per_class: int = 1
    stains: Labels | Shapes | None = None
    empty: Labels | Shapes | None = None


def shown_slice(layer: Image | Labels, dims: Dims) -> Position:
    """Return which slice of a layer a viewer shows, as indices of its largest level.

    None for axes that are shown whole. ValueError if the viewer shows all axes, or no
    slice of the layer.
    """
    first = dims.ndim - layer.ndim
    hidden = [axis - first for axis in dims.not_displayed if axis >= first]
    if not hidden:
        raise ValueError(
            f"the viewer shows all slices of {layer.name!r} at once: leave its 3D view "
            "to choose one, or let all share one palette."
        )
    places = np.round(layer.world_to_data(dims.point)).astype(int)
    shape = levels_of(layer)[0].shape
    if any(not 0 <= places[axis] < shape[axis] for axis in hidden):
        raise ValueError(
            f"the viewer shows no slice of {layer.name!r}: move its sliders to one."
        )
    return tuple(
        int(places[axis]) if axis in hidden else None for axis in range(layer.ndim)
    )


def layer_at(layer: Image, position: Sequence[int | None] | None) -> Image:
    """Return views of one slice in a new layer; the layer itself if position is None.

    All axes are kept, those of the slice with one entry: so it lies where it lay in the
    world, and is seen where the sliders show it. ValueError if there is no such slice.
    """
    from napari.layers import Image
    from napari.utils.transforms import CompositeAffine

    if position is None:
        return layer
    levels = levels_of(layer)
    largest = levels[0].shape
    if len(position) != layer.ndim or any(
        at is not None and not 0 <= at < n
        for at, n in zip(position, largest, strict=False)
    ):
        raise ValueError(
            f"the layer {layer.name!r} has the shape {tuple(largest)}, and no slice "
            f"at {tuple(position)}."
        )
    views = []
    for level in levels:
        index: list[Any] = [slice(None)] * len(level.shape)
        for axis, at in enumerate(position):
            if at is not None:  # of a coarser level, the slice that has it
                own = at * level.shape[axis] // largest[axis]
                index[axis] = slice(own, own + 1)
        views.append(unread(level)[tuple(index)])
    spatial = spatial_of(layer, layer.ndim)
    turned = {key: value for key, value in spatial.items() if key != "affine"}
    place = CompositeAffine(**turned, ndim=layer.ndim)([at or 0 for at in position])
    return Image(
        views if layer.multiscale else views[0],
        multiscale=layer.multiscale,
        rgb=layer.rgb,
        name=layer.name,
        opacity=layer.opacity,
        **display_of(layer),
        **{**spatial, "translate": place},
    )
