"""Palette files dropped on the viewer, which the widget takes: no layer is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import napari

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.record import is_json, is_ours
from napari_colorquant.viewer.plugin.commands import offer_palette, offer_record
from napari_colorquant.viewer.session.notify import load_or_say

LayerData = list[tuple[None]]
_NO_LAYER: LayerData = [(None,)]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], LayerData] | None:
    """Return the reader of a palette file, or None.

    None for a list of files, which would be stacked, and for JSON that is not this
    project's, which other plugins may want.
    """
    if not isinstance(path, str):
        return None
    if is_json(path) and not _is_ours(path):
        return None
    return read_palette


def read_palette(path: str) -> LayerData:
    """Offer a palette or a record to the widget, and return that there is no layer.

    A damaged file causes a notification. RuntimeError is raised if there is no viewer.
    """
    viewer = napari.current_viewer()
    if viewer is None:
        raise RuntimeError(
            f"{path}: there is no viewer to open the palette in: load it with "
            "Palette.load."
        )
    from napari_colorquant.viewer.session.notify import complain

    loaded = load_or_say(path)
    try:
        if isinstance(loaded, Palette):
            offer_palette(viewer, loaded, Path(path).stem)
        elif loaded is not None:
            offer_record(viewer, loaded, Path(path).stem)
    except Exception as error:  # noqa: BLE001, told as what it is
        complain(error)
    return _NO_LAYER


def _is_ours(path: str) -> bool:
    try:
        return is_ours(path)
    except (OSError, ValueError):  # an address, too: it may be for another plugin
        return False
