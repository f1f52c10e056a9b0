"""A table of areas, or of objects, as the model of a view: its numbers in words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import QModelIndex
from qtpy.QtGui import QColor

from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.number_format import (
    area_in_words,
    pixels_in_words,
    share_in_words,
)
from napari_colorquant.viewer.widgets.table_model import (
    SORT_ROLE,
    Role,
    TableModel,
    swatch,
)

if TYPE_CHECKING:
    import pandas as pd


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
    "pixels": _Column("Pixels", "The number of pixels."),
    "class": _Column("Class", "The class of the entry."),
    "image": _Column("Image", "The result or the file that was measured."),
}
"""The columns as they are seen from the left, some only where they say something."""
_OF_OBJECTS = _COLUMNS | {
    "label": _Column("Object", "The object's number: its label in the objects' layer."),
    "entry": _Column("Label", "The label of the entry, or the first one of the class."),
}
_MORE = {
    "centroid": "The mean place of the object's pixels, in the units of the layer.",
    "perimeter": "The length of a line through the centers of the border.",
    "surface": "The area of a mesh around the object.",
    "equivalent_diameter": "The diameter of a circle, or sphere, of the same size.",
    "eccentricity": "From 0 for a circle to 1 for a line.",
    "bbox": "The first row, column, ..., then the ends of these, in pixels.",
    "mean": "The mean of the channel over the object.",
}
"""What the other columns of objects are, by the first part of their names."""
_ESTIMATED = " Reckoned from parts of the image."


class AreaModel(TableModel):
    """The rows of a table as measure_areas returns it, or measure_objects."""

    WORDS = ("name", "class", "image", "label", "entry")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._table: pd.DataFrame | None = None

    def show(self, table: pd.DataFrame | None) -> None:
        """Show a table, or nothing for None."""
        self.beginResetModel()
        self._table = table
        self._columns = [] if table is None else _columns_of(table)
        self.endResetModel()

    def n_rows(self) -> int:
        """Return the number of rows."""
        return 0 if self._table is None else len(self._table)

    def title(self, column: str) -> str:
        """Return what is written above a column; above areas also their unit."""
        assert self._table is not None
        units = set(self._table["unit"]) - {""} if column == "area" else set()
        unit = f" ({units.pop()})" if len(units) == 1 else ""
        known = self._known().get(column)
        return column if known is None else known.title + unit

    def tip(self, column: str) -> str:
        """Return what a column is."""
        known = self._known().get(column)
        return _MORE[column.partition("-")[0]] if known is None else known.tip

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        """Return text, colour, alignment, tooltip or sort key of a cell."""
        table = self._table
        if table is None or not index.isValid():
            return None
        row, name = index.row(), self._columns[index.column()]
        if role == Role.DisplayRole:
            text = self._text(row, name)  # the tooltip has the whole path of a file
            is_path = name == "image" and os.path.isabs(text)
            return os.path.basename(text) if is_path else text
        if role == Role.DecorationRole and name == "label" and "hex" in table:
            color = str(table["hex"].iat[row])
            return swatch(QColor(color)) if color else None
        if role == Role.ToolTipRole:
            text = self._text(row, name) if self._is_text(name) else ""
            estimated = _ESTIMATED if self._is_estimated(row) else ""
            return wrapped(f"{text}\n{self.tip(name)}{estimated}".lstrip())
        if role == SORT_ROLE:
            value: Any = table[name].iat[row]
            if self._is_text(name):
                return str(value).casefold()
            # As floats: Qt compares no whole numbers from 2**31 with smaller ones.
            return -1.0 if _is_missing(value) else float(value)
        return super().data(index, role)

    def _known(self) -> dict[str, _Column]:
        is_of_objects = self._table is not None and "entry" in self._table
        return _OF_OBJECTS if is_of_objects else _COLUMNS

    def _is_text(self, column: str) -> bool:
        return column in ("name", "class", "image")

    def _is_estimated(self, row: int) -> bool:
        assert self._table is not None
        if "estimated" not in self._table:
            return False
        value = self._table["estimated"].iat[row]
        return not _is_missing(value) and bool(value)

    def _text(self, row: int, name: str) -> str:
        assert self._table is not None
        value: Any = self._table[name].iat[row]
        if _is_missing(value):  # of an image that was not measured, or of no pixel
            return ""
        estimated = self._is_estimated(row)
        if name == "pixels":
            return pixels_in_words(int(value), estimated=estimated)
        if name == "percent":
            return share_in_words(float(value), estimated=estimated)
        if name == "area":
            text = area_in_words(float(value), estimated=estimated)
            is_one = len(set(self._table["unit"]) - {""}) == 1  # and the title has it
            return text if is_one else f"{text} {self._table['unit'].iat[row]}"
        if name not in self._known() and isinstance(value, float | np.floating):
            return area_in_words(float(value))
        return str(value)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _columns_of(table: pd.DataFrame) -> list[str]:
    """Return the columns of a table that tell rows apart, or say something of them."""
    first, rest = list(_COLUMNS), list[str]()
    if "entry" in table:
        first = ["label", "entry", "name", "area", "pixels", "class"]
        rest = [one for one in map(str, table) if one.partition("-")[0] in _MORE]
    is_of_pixels = table["unit"].str.startswith("pixel")
    is_counted = is_of_pixels & (table["area"] == table["pixels"]).fillna(True)
    is_counted |= table["unit"] == ""
    has_class = (table["class"] != "") & (table["class"] != table["name"])
    says = {
        "slice": "slice" in table and table["slice"].notna().any(),
        "region": "region" in table and table["region"].notna().any(),
        "name": (table["name"] != "").any(),
        "area": not is_counted.all(),
        "class": has_class.any(),
        "image": "image" in table and table["image"].nunique() > 1,
    }
    return [name for name in first if says.get(name, True)] + rest
