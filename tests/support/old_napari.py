"""What the oldest supported versions of napari have not, for tests to leave out."""

from __future__ import annotations

import napari
import pytest
from napari import settings
from packaging.version import Version

HAS_SETTINGS = hasattr(settings, "get_plugin_settings")
"""Whether napari keeps settings of plugins, as it does from 0.9 on."""

needs_settings = pytest.mark.skipif(
    not HAS_SETTINGS, reason="napari keeps settings of plugins from 0.9 on"
)
needs_painting = pytest.mark.skipif(
    Version(napari.__version__) < Version("0.8"),
    reason="napari 0.7 cannot paint labels that are lazy, or that were never shown",
)


def read_again():
    """Let napari read the settings of plugins from their files again."""
    if HAS_SETTINGS:
        settings._clear_plugin_settings_cache()


def settings_of(plugin):
    return settings.get_plugin_settings(plugin)
