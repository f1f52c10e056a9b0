"""Registration of the plugin in a script, where no viewer looks for plugins."""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError

_NAMES = ("napari", "napari-colorquant")
"""napari's own writers as well, or layers saved without choosing would get ours."""


def introduce() -> None:
    """Register the writers, so that `layer.save(path, plugin=...)` finds them.

    napari looks for plugins when the first viewer is made, and finds these known.
    """
    from npe2 import PluginManager, PluginManifest

    manager = PluginManager.instance()
    for name in _NAMES:
        # Not installed: a source tree on the path has no writers.
        with suppress(PackageNotFoundError):
            if name not in manager:
                manager.register(PluginManifest.from_distribution(name))
