"""What is not the same in all versions of napari that this project supports.

Each function says with which oldest supported version of napari it can go.
"""

from __future__ import annotations

from typing import Any


def plugin_settings(plugin: str) -> Any:
    """Return a plugin's settings, which have an attribute a category; None for none.

    napari 0.7 and 0.8 keep no settings of plugins: with napari 0.9 as the oldest
    version, `napari.settings.get_plugin_settings` takes the place of this.
    """
    from napari import settings

    if not hasattr(settings, "get_plugin_settings"):
        return None
    return settings.get_plugin_settings(plugin)


def grid_of(viewer: Any) -> Any:
    """Return the grid of a viewer: `viewer.canvas.grid` from napari 0.9 on."""
    return viewer.canvas.grid if hasattr(viewer, "canvas") else viewer.grid


def canvas_size_of(viewer: Any) -> tuple[int, int]:
    """Return the height and width of the canvas in pixels of the screen.

    That is `viewer.canvas.size` from napari 0.9 on, where this can go.
    """
    if hasattr(viewer, "canvas"):
        height, width = viewer.canvas.size
    else:
        # Plugins are handed a proxy, which keeps what is private to itself.
        height, width = getattr(viewer, "__wrapped__", viewer)._canvas_size
    return height, width


def camera_of(viewer: Any) -> Any:
    """Return the camera of a viewer: `viewer.scene.camera` from napari 0.9 on."""
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera
