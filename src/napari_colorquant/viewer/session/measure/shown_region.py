"""One region that is outlined in the canvas, and where it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Shapes

from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.viewer.layers.layer_arrays import set_visible
from napari_colorquant.viewer.layers.layer_properties import levels_of
from napari_colorquant.viewer.napari_versions import camera_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

_MOST_OUTLINED = 2**22
"""Labels of a layer up to which napari finds an outline without a long wait."""


class ShownRegion:
    """Outlines one label or shape at a time; in the end all looks as it did before."""

    def __init__(self) -> None:
        self._layer: Labels | Shapes | None = None
        self._restore: Callable[[], None] = lambda: None

    def show(self, layer: Labels | Shapes, number: int, viewer: ViewerModel) -> None:
        """Outline the region of a number of a layer, and no other one."""
        if layer is not self._layer:
            self.end()
            self._layer, self._restore = layer, _remembered(layer, viewer)
        set_visible(layer, True)
        if isinstance(layer, Shapes):
            layer.selected_data = {number - 1} & {*range(layer.nshapes)}
            layer.update_highlight_visibility(True)  # as if it was the active layer
            return
        layer.selected_label = number
        layer.show_selected_label = True
        if levels_of(layer)[0].size <= _MOST_OUTLINED:
            layer.contour = 2

    def end(self) -> None:
        """Outline nothing."""
        self._restore()
        self._layer, self._restore = None, lambda: None


def _remembered(layer: Labels | Shapes, viewer: ViewerModel) -> Callable[[], None]:
    """Return a function that makes a layer look as it does now."""
    visible = layer.visible
    if isinstance(layer, Shapes):
        selected = set(layer.selected_data)

        def restore() -> None:
            layer.selected_data = selected & {*range(layer.nshapes)}
            is_active = viewer.layers.selection.active is layer
            layer.update_highlight_visibility(is_active)
            set_visible(layer, visible)

        return restore
    names = ("selected_label", "show_selected_label", "contour")
    before = {name: getattr(layer, name) for name in names}

    def restore_labels() -> None:
        for name, value in before.items():
            setattr(layer, name, value)
        set_visible(layer, visible)

    return restore_labels


def move_to(
    viewer: ViewerModel, layer: Labels | Shapes, number: int, labels: Labels
) -> None:
    """Move the view to a region if its middle is not seen; of lazy labels, do nothing.

    labels: what is measured in it.
    """
    box = _box(layer, number)
    if box is None:
        return
    dims = viewer.dims
    missing = dims.ndim - layer.ndim
    place = np.array(dims.point, np.float64)
    ends = np.sort([layer.data_to_world(corner) for corner in box], axis=0)
    for axis, (low, high) in enumerate(ends.T, missing):
        is_displayed = axis in dims.displayed
        place[axis] = (low + high) / 2 if is_displayed else place[axis].clip(low, high)
    dims.point = place
    corners = labels.corner_pixels
    if labels.multiscale:
        corners = corners * labels.downsample_factors[labels.data_level]
    pixel = np.asarray(labels.world_to_data(place))
    axes = [a + labels.ndim - dims.ndim for a in dims.displayed]
    is_seen = (corners[0] <= pixel) & (pixel <= corners[1])
    if not is_seen[[a for a in axes if a >= 0]].all():
        camera_of(viewer).center = tuple(place[list(dims.displayed)])


def _box(layer: Labels | Shapes, number: int) -> NDArray[np.float64] | None:
    """Return the first and the last place of a region in its layer; None if unknown."""
    if isinstance(layer, Shapes):
        if not 0 < number <= layer.nshapes:
            return None
        corners = np.asarray(layer.data[number - 1], np.float64)
        return np.stack([corners.min(axis=0), corners.max(axis=0)])
    data: Any = levels_of(layer)[0]
    if is_lazy(data):
        return None
    is_there = np.asarray(data) == number
    if not is_there.any():
        return None
    axes = set(range(is_there.ndim))
    along = [np.flatnonzero(is_there.any(axis=tuple(axes - {a}))) for a in sorted(axes)]
    return np.array([[places[end] for places in along] for end in (0, -1)], np.float64)
