"""Commands of napari's command palette."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import napari

from napari_colorquant.core.palette.palette import Palette


def quantize_active_layer(viewer: napari.Viewer) -> None:
    """Quantize the active layer with the settings of the widget; open it if needed."""
    from napari.layers import Image
    from napari.utils.notifications import show_error

    active = viewer.layers.selection.active
    if not isinstance(active, Image):
        what = f"{active.name!r} is no image layer" if active else "No layer is active"
        show_error(f"{what}: select an image layer to quantize.")
        return
    widget = _open_widget(viewer)
    widget.session.target.choose(image=active)
    widget.quantize()


def offer_palette(viewer: napari.Viewer, palette: Palette, name: str) -> None:
    """Show a palette in the widget under a name; open the widget if needed."""
    _open_widget(viewer).session.opening.offer_palette(palette, name)


def offer_record(viewer: napari.Viewer, record: Mapping[str, Any], name: str) -> None:
    """Show the record of a run in the widget under a name; open it if needed."""
    _open_widget(viewer).session.opening.offer_record(record, name)


def _open_widget(viewer: napari.Viewer) -> Any:
    _, widget = viewer.window.add_plugin_dock_widget(
        "napari-colorquant", "Color quantization"
    )
    return widget
