"""A table of areas as the model of a table view: one row a row, numbers as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.number_format import pixels_in_words
from napari_colorquant.viewer.widgets.palette_table_model import SORT_ROLE, swatch

if TYPE_CHECKING:
    import pandas as pd

Role = Qt.ItemDataRole
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_WORDS = ("name", "class", "image")


class _Column(NamedTuple):
    """A column: its title, and its meaning."""

    title: str
    tip: str


_COLUMNS = {
    "slice": _Column("Slice", "The position on the axis of the slices, from 0."),
    "region": _Column("Region", "The number of the label, or of the shape, from 1."),
    "label": _Column(
        "Label",
        "The entry's label, or the first one of the class, in its color; 0 is all that "
        "is not quantized.",
    ),
    "name": _Column("Name", "The name of the entry or of the class."),
    "percent": _Column("%", "Part of the quantized pixels of the region and slice."),
    "area": _Column("Area", "The pixels, in the units of the layer."),
    "class": _Column("Class", "The class of the entry."),
    "pixels": _Column("Pixels", "Pixels of the entry or class."),
    "image": _Column("Image", "The result that was measured."),
}
"""The columns as they are seen from the left, some only where they say something."""
_ESTIMATED = " Reckoned from parts of the image."


class AreaModel(QAbstractTableModel):
    """The rows of a table of areas, as measure_areas returns it."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._table: pd.DataFrame | None = None
        self._columns: list[str] = []

    def show(self, table: pd.DataFrame | None) -> None:
        """Show a table, or nothing for None."""
        self.beginResetModel()
        self._table = table
        self._columns = [] if table is None else _columns_of(table)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        inside = parent is not None and parent.isValid()
        return 0 if inside or self._table is None else len(self._table)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns that say something."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Return the title, tooltip or alignment of a column."""
        is_there = section < len(self._columns) and self._table is not None
        if orientation != Qt.Orientation.Horizontal or not is_there:
            return None
        name = self._columns[section]
        if role == Role.DisplayRole:
            assert self._table is not None
            units = set(self._table["unit"]) if name == "area" else set()
            unit = f" ({units.pop()})" if len(units) == 1 else ""
            return _COLUMNS[name].title + unit
        if role == Role.ToolTipRole:
            return wrapped(_COLUMNS[name].tip)
        if role == Role.TextAlignmentRole:
            return _LEFT if name in (*_WORDS, "label") else _RIGHT
        return None

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        """Return text, colour, alignment, tooltip or sort key of a cell."""
        table = self._table
        if table is None or not index.isValid():
            return None
        row, name = index.row(), self._columns[index.column()]
        if role == Role.DisplayRole:
            return self._text(row, name)
        if role == Role.DecorationRole and name == "label":
            color = str(table["hex"].iat[row])
            return swatch(QColor(color)) if color else None
        if role == Role.TextAlignmentRole:
            return _LEFT if name in (*_WORDS, "label") else _RIGHT
        if role == Role.ToolTipRole:
            text = self._text(row, name) if name in _WORDS else ""
            estimated = _ESTIMATED if bool(table["estimated"].iat[row]) else ""
            return wrapped(f"{text}\n{_COLUMNS[name].tip}{estimated}".lstrip())
        if role == SORT_ROLE:
            value: Any = table[name].iat[row]
            if name in _WORDS:
                return str(value).casefold()
            # As floats: Qt compares no whole numbers from 2**31 with smaller ones.
            return -1.0 if np.isnan(value) else float(value)
        return None

    def _text(self, row: int, name: str) -> str:
        assert self._table is not None
        value: Any = self._table[name].iat[row]
        estimated = bool(self._table["estimated"].iat[row])
        if name == "pixels":
            return pixels_in_words(int(value), estimated=estimated)
        if name == "percent":
            return "" if np.isnan(value) else f"{_about(estimated)}{value:.2f}"
        if name == "area":
            text = f"{_about(estimated)}{area_in_words(float(value))}"
            units = self._table["unit"]
            is_one = (units == units.iat[0]).all()
            return text if is_one else f"{text} {units.iat[row]}"
        return str(value)


def area_in_words(area: float) -> str:
    """Return an area with six digits, or all digits before the point if more."""
    return f"{area:,.0f}" if 1e5 <= area < 1e15 else f"{area:,.6g}"


def _about(estimated: bool) -> str:
    return "\u2248\u00a0" if estimated else ""


def _columns_of(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that tell rows apart, or say something of them."""
    says = {
        "slice": bool(table["slice"].notna().any()),
        "region": bool(table["region"].notna().any()),
        "name": bool((table["name"] != "").any()),
        "class": bool(
            ((table["class"] != "") & (table["class"] != table["name"])).any()
        ),
        "image": table["image"].nunique() > 1,
    }
    return [name for name in _COLUMNS if says.get(name, True)]
