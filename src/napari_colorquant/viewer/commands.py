"""Commands of napari's command palette."""

from __future__ import annotations

import napari


def quantize_active_layer(viewer: napari.Viewer) -> None:
    """Quantize the active layer with the widget's settings, opening it if need be.

    Parameters
    ----------
    viewer : napari.Viewer
        Given by napari.
    """
    from napari.layers import Image
    from napari.utils.notifications import show_error

    active = viewer.layers.selection.active
    if not isinstance(active, Image):
        what = f"{active.name!r} is no image layer" if active else "No layer is active"
        show_error(f"{what}: select an image layer to quantize.")
        return
    _, widget = viewer.window.add_plugin_dock_widget(
        "napari-colorquant", "Color quantization"
    )
    widget.form.layer.value = active
    widget.quantize()
