"""Files that the workbench opens and saves, and scripts for the clipboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from napari.utils.notifications import show_error, show_info
from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.files.record import is_json, save_record
from napari_colorquant.formats.registry import FORMATS
from napari_colorquant.formats.registry import save_palette as write_palette
from napari_colorquant.viewer.layers.palette_display import in_8_bits
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.session.possible import why_not_save
from napari_colorquant.viewer.session.result import Result
from napari_colorquant.viewer.session.script import script_of

_OF_ANY = (".csv", ".json")
"""Formats of palettes of any channels."""


def choose_file(parent: QWidget) -> Path | None:
    """Let the user choose the file of a palette; return None if they cancel."""
    suffixes = " ".join(f"*{suffix}" for suffix in FORMATS)
    path, _ = QFileDialog.getOpenFileName(
        parent, "Open a palette", "", f"Palettes ({suffixes})"
    )
    return Path(path) if path else None


def save_palette(parent: QWidget, result: Result) -> None:
    """Let the user save the palette of a result.

    JSON has the whole record, if the result is of an image.
    """
    filters = ";;".join(f"*{suffix}" for suffix in FORMATS)
    path, _ = QFileDialog.getSaveFileName(parent, "Save the palette", "", filters)
    if not path:
        return
    try:
        if is_json(path) and result.is_of_an_image:
            save_record(result.record, path)
        else:
            palette = _palette_for(result, Path(path))
            columns = columns_of(palette, result.columns, in_8_bits(result.shown()))
            write_palette(palette, path, columns)
    except Exception as error:  # noqa: BLE001, told as what it is
        complain(error)
        return
    show_info(f"The palette is saved as {path}.")


def _palette_for(result: Result, path: Path) -> Palette:
    """Return the palette of a result, as shown if the format holds only RGB."""
    of_channels = result.is_of_known_channels and not result.rgb
    has_channels = result.channels is not None or result.pixel_axis is not None
    if path.suffix.lower() in _OF_ANY or not (of_channels and has_channels):
        return result.palette
    colors = 255 * result.shown()[:, :3]
    return replace(
        result.palette, colors=colors, color_space="rgb", units="uint8", white=None
    )


def copy_script(result: Result) -> None:
    """Put the script that repeats a result into the clipboard, or say why not."""
    if why_not := why_not_save(result, "copy"):
        show_error(why_not)
        return
    try:
        script = script_of(result.record)
    except Exception as error:  # noqa: BLE001, told as what it is
        complain(error)
        return
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    clipboard.setText(script)
    show_info(f"The script that repeats {result.name!r} is in the clipboard.")
