"""The plugin made known to napari in a script, where no viewer looks for plugins."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError

_NAMES = ("napari", "napari-colorquant")
"""napari's own writers as well, or layers saved without choosing would get ours."""


def introduce() -> None:
    """Register what saves layers, so that ``layer.save(path, plugin=...)`` finds it.

    napari looks for plugins when the first viewer is made, and then finds these known.
    """
    from npe2 import PluginManager, PluginManifest

    manager = PluginManager.instance()
    for name in _NAMES:
        # Not installed: a source tree on the path has no writers.
        with suppress(PackageNotFoundError):
            if name not in manager:
                manager.register(PluginManifest.from_distribution(name))
