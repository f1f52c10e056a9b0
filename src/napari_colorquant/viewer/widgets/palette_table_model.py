"""A palette as the model of a table: one row an entry, edits as signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_colorquant.core.palette.appearance import hex_of
from napari_colorquant.core.palette.edits import Classify, Edit, Lock, Recolor, Rename
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.table import channel_names
from napari_colorquant.viewer.layers.palette_display import color_shown_as, hex_colors
from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.number_format import (
    percent_in_words,
    pixels_in_words,
)
from napari_colorquant.viewer.widgets.table_model import (
    SORT_ROLE,
    Role,
    TableModel,
    swatch,
)

COLUMNS = ("Label", "Name", "Class", "Lock", "%", "Pixels", "Hex")
"""The titles of the columns that every palette has; one a channel follows."""
CHANNEL = "Channel"
_TOOLTIPS = {
    "Label": "The entry's label in the labels layer. Double-click to change its color.",
    "Name": "What the entry shows, such as nuclei. Double-click to rename.",
    "Class": "Entries of one class are measured together. Select them all, then "
    "double-click here to give them the same class.",
    "Lock": "A locked color is kept when you press Quantize again.",
    "%": "Part of the quantized pixels.",
    "Pixels": "Pixels of this entry.",
    "Hex": "The color as the web writes it. Double-click to change it.",
}

_ESTIMATED = (
    " Reckoned from the blocks of the image that were read: Count all, below, counts "
    "them."
)


class PaletteModel(TableModel):
    """The entries of a palette as rows.

    edited is emitted with the Edit that a typed value asks for; refused with a sentence
    that says why a typed value is not possible.
    """

    WORDS = ("Label", "Name", "Class", "Lock")
    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._palette: Palette | None = None
        self._rgb = True
        self._display: Mapping[str, Any] | None = None
        self._shown = np.empty((0, 4))
        self._columns = list(COLUMNS)
        self._estimated = False

    @property
    def palette(self) -> Palette | None:
        """What is shown."""
        return self._palette

    def show(
        self,
        palette: Palette | None,
        shown: np.ndarray,
        *,
        rgb: bool = True,
        display: Mapping[str, Any] | None = None,
        channels: Sequence[str] | None = None,
        estimated: bool = False,
    ) -> None:
        """Show a palette, or an empty table for None.

        shown: colours as the viewer shows them, float64, shape (K, 4); channels: their
        titles, or the usual names; display: contrast limits and gamma of the layer.
        """
        if palette is None:
            channels = []
        elif channels is None:
            names = channel_names(palette.n_channels, rgb=rgb)
            channels = [name.capitalize() for name in names]
        columns = [*COLUMNS, *channels]
        old = 0 if self._palette is None else len(self._palette)
        new = 0 if palette is None else len(palette)
        same = columns == self._columns and old == new
        if not same:
            self.beginResetModel()
        self._palette, self._rgb, self._shown = palette, rgb, shown
        self._hex_colors = np.empty((0, 4), np.uint8)
        if palette is not None:
            gamma = 1.0 if display is None else display["gamma"]
            self._hex_colors = hex_colors(palette, shown, rgb=rgb, gamma=gamma)
        self._display = display
        self._columns, self._estimated = columns, estimated
        if not same:
            self.endResetModel()
        elif new:
            self.dataChanged.emit(
                self.index(0, 0), self.index(new - 1, len(columns) - 1)
            )

    def _title(self, column: int) -> str:
        """Return the title of a column, empty for a channel."""
        return COLUMNS[column] if column < len(COLUMNS) else ""

    def n_rows(self) -> int:
        """Return the number of entries."""
        return 0 if self._palette is None else len(self._palette)

    def tip(self, column: str) -> str:
        """Return what a column is."""
        text = _TOOLTIPS.get(column, "The color's value, in the image's units.")
        return text + _ESTIMATED * (self._estimated and column in ("Pixels", "%"))

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return the flags of a cell: words and colours are edited, locks ticked."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        title = self._title(index.column())
        if title == "Lock":
            return flags | Qt.ItemFlag.ItemIsUserCheckable
        if title in ("Name", "Class") or index.column() >= len(COLUMNS):
            return flags | Qt.ItemFlag.ItemIsEditable
        if title == "Hex" and self._rgb:
            return flags | Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        """Return text, icon, tick, alignment, tooltip or sort key of a cell."""
        palette = self._palette
        if palette is None or not index.isValid():
            return None
        entry, title = index.row(), self._title(index.column())
        if role in (Role.DisplayRole, Role.EditRole):
            return self._text(entry, index.column())
        if role == Role.DecorationRole and title == "Label":
            return swatch(self.color(entry))
        if role == Role.CheckStateRole and title == "Lock":
            locked = entry in palette.locked
            return Qt.CheckState.Checked if locked else Qt.CheckState.Unchecked
        if role == Role.ToolTipRole:
            is_long = title in ("Name", "Class")
            name = self._text(entry, index.column()) if is_long else ""
            return wrapped(f"{name}\n{self.tip(title)}".lstrip())
        if role == SORT_ROLE:
            return self._key(entry, index.column())
        return super().data(index, role)

    def setData(
        self, index: QModelIndex, value: Any, role: int = Role.EditRole
    ) -> bool:
        """Ask for the edit that was typed or ticked; return False if not possible."""
        if self._palette is None:
            return False
        try:
            edit = self._asked(index, value, role)
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        if edit is None:
            return False
        self.edited.emit(edit)
        return True

    def _asked(self, index: QModelIndex, value: Any, role: int) -> Edit | None:
        assert self._palette is not None
        entry, title = index.row(), self._title(index.column())
        if role == Role.CheckStateRole and title == "Lock":
            return Lock([entry], Qt.CheckState(value) == Qt.CheckState.Checked)
        if role != Role.EditRole or str(value) == self._text(entry, index.column()):
            return None
        if title == "Name":
            return Rename(entry, str(value).strip())
        if title == "Class":
            return Classify([entry], str(value))
        if title == "Hex":
            color = QColor(str(value).strip())
            if not color.isValid():
                raise ValueError(
                    f"{str(value)!r} is no color: type one such as #b22222 or red."
                )
            return self.recolor(entry, color)
        channels = self._palette.colors[entry].tolist()
        channels[index.column() - len(COLUMNS)] = _number(str(value), self._palette)
        return Recolor(entry, channels)

    def texts(self, column: int) -> list[str]:
        """Return the texts of a column, one an entry."""
        return [self._text(entry, column) for entry in range(self.n_rows())]

    def color(self, entry: int) -> QColor:
        """Return the colour of an entry on the screen."""
        return QColor.fromRgbF(*self._shown[entry].tolist())

    def recolor(self, entry: int, chosen: QColor) -> Recolor | None:
        """Return the edit that gives an entry a colour of the screen.

        None where the channels are no RGB, or the colour is the same.
        """
        if self._palette is None or not self._rgb:
            return None
        wanted = np.array([chosen.red(), chosen.green(), chosen.blue()])
        if (wanted == np.rint(255 * self._shown[entry, :3])).all():
            return None
        color = color_shown_as(wanted / 255, self._palette, self._display)
        return Recolor(entry, color.tolist())

    def _text(self, entry: int, column: int) -> str:
        palette = self._palette
        assert palette is not None
        title = self._title(column)
        if title == "Label":
            return str(entry + 1)
        if title == "Name":
            return "" if palette.names is None else palette.names[entry]
        if title == "Class":
            return "" if palette.classes is None else palette.classes[entry]
        if title == "Hex":
            return hex_of(self._hex_colors[entry])
        if title in ("Pixels", "%"):
            if palette.counts is None:
                return "-"
            pixels = int(palette.counts[entry])
            if title == "Pixels":
                return pixels_in_words(pixels, estimated=self._estimated)
            n_pixels = int(palette.counts.sum())
            return percent_in_words(pixels, n_pixels, estimated=self._estimated)
        if title == "Lock":
            return ""
        return _digits(float(palette.colors[entry, column - len(COLUMNS)]))

    def _key(self, entry: int, column: int) -> Any:
        palette = self._palette
        assert palette is not None
        title = self._title(column)
        if title == "Label":
            return entry
        if title == "Lock":
            return int(entry in palette.locked)
        if title in ("Pixels", "%"):
            # As floats: Qt compares no whole numbers from 2**31 with smaller ones.
            return 0.0 if palette.counts is None else float(palette.counts[entry])
        if column >= len(COLUMNS):
            return float(palette.colors[entry, column - len(COLUMNS)])
        return self._text(entry, column).casefold()


def _digits(value: float) -> str:
    """Return a value with four digits, or all digits before the point if more."""
    return f"{value:.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}"


def _number(text: str, palette: Palette) -> float:
    """Return a channel's value from text; raise ValueError if it is none."""
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise ValueError(f"{text!r} is no number: type a value of the image's units.")
    dtype = np.dtype(palette.units or "float64")
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            raise ValueError(
                f"{text} is no value of {dtype.name} images: type one from "
                f"{limits.min:,} to {limits.max:,}."
            )
    return value
