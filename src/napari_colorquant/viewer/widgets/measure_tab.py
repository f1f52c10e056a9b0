"""The page that measures areas: what is measured, the table, and where it goes."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_colorquant.viewer.widgets.common import (
    ChoiceBox,
    Controls,
    offer_all,
    over,
    wrapped,
)
from napari_colorquant.viewer.widgets.dialogs import copy_table, save_table
from napari_colorquant.viewer.widgets.number_format import (
    area_in_words,
    pixels_in_words,
    share_in_words,
)
from napari_colorquant.viewer.widgets.palette_table_model import SORT_ROLE, swatch
from napari_colorquant.viewer.widgets.plots.figure_button import FigureButton
from napari_colorquant.viewer.widgets.plots.shares_plot import SharesPlot

if TYPE_CHECKING:
    import pandas as pd
    from qtpy.QtGui import QKeyEvent

    from napari_colorquant.viewer.session.session import Session

Role = Qt.ItemDataRole
_CHOICES = {
    "of_all": (
        "What is measured",
        "Measure the result whose palette is shown, or all results, in one table.",
    ),
    "by": (
        "Rows",
        "A row for each entry of the palette, or for each class: entries without a "
        "class stand alone.",
    ),
    "regions": (
        "Regions",
        "Measure the whole image, or each region of a labels or shapes layer: each "
        "label, or each shape, has rows of its own, wherever the layer lies. One in 2D "
        "applies to all slices.",
    ),
    "slices": (
        "Slices",
        "Measure all slices together, or each slice of an axis.",
    ),
}
_MEASURE = "Count the pixels of each entry or class, as areas in the layer's units."
_COPY = "Put the table into the clipboard, as spreadsheets take it."
_SAVE = "Save the table as a CSV file."
_TABLE = (
    "Select a row to see its pixels in the canvas; Esc ends it. Click a title to sort."
)
_MOST_WORDS = 120
"""Pixels of a column, however long its names are."""


class MeasureTab(QWidget):
    """The page for the areas of results, by entry or class, in regions and slices."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = AreaModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(SORT_ROLE)
        self.table = _AreaView(self._sorted)
        self.boxes = {name: self._box(name) for name in _CHOICES}
        self.measure = QPushButton("Measure")
        self.copy = QPushButton("Copy")
        self.save = QPushButton("CSV …")
        self.plot = SharesPlot(session)
        self.figure = FigureButton(session, self.plot)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setToolTip("What to do to have a table.")
        self.controls: Controls = {
            "areas": (self.measure, _MEASURE),
            "copy_table": (self.copy, _COPY),
            "save_table": (self.save, _SAVE),
        }
        self._shown: Any = None
        self._lay_out()
        self.measure.clicked.connect(lambda: session.measure_areas())
        self.copy.clicked.connect(lambda: copy_table(session))
        self.save.clicked.connect(lambda: save_table(self, session))
        self.plot.chosen.connect(self._select)
        selection = self.table.selectionModel()
        assert selection is not None  # as there is a model
        selection.selectionChanged.connect(self._on_rows)
        session.events.areas.connect(self._show)
        session.events.possible.connect(self._offer)
        self._show()
        self._offer(session.possible())

    def _box(self, name: str) -> ChoiceBox:
        areas = self._session.areas
        box = ChoiceBox(
            lambda: areas.choices(name),
            lambda: getattr(areas.now, name),
            label=_CHOICES[name][0],
            tooltip=wrapped(_CHOICES[name][1]),
        )
        box.changed.connect(partial(self._choose, name))
        native: QComboBox = box.native
        native.setAccessibleName(_CHOICES[name][0])
        native.setMinimumContentsLength(6)
        native.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return box

    def _lay_out(self) -> None:
        choices = QGridLayout()
        choices.setSpacing(2)
        for place, box in enumerate(self.boxes.values()):
            choices.addWidget(box.native, place // 2, place % 2)
            choices.setColumnStretch(place % 2, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.measure, self.copy, self.save, self.figure):
            button.setMinimumWidth(1)  # or they are wide until they have napari's style
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(choices)
        layout.addLayout(buttons)
        layout.addWidget(self.hint)
        layout.addWidget(over(self.table, self.plot), 1)

    def _choose(self, name: str, value: Any) -> None:
        self._session.choose_areas(**{name: value})

    def _offer(self, why_not: dict[str, str]) -> None:
        offer_all(self.controls, why_not)

    def _show(self) -> None:
        """Show what there is to choose from, and the table if it is another one."""
        for box in self.boxes.values():
            box.reset_choices()
        self.boxes["slices"].enabled = len(self.boxes["slices"].choices) > 1
        self.hint.setText(self._session.areas.hint)
        self.hint.setVisible(bool(self._session.areas.hint))
        if self._session.table is not self._shown:
            self._shown = self._session.table
            self.model.show(self._shown)
            self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    def _on_rows(self, *_: object) -> None:
        selection = self.table.selectionModel()
        rows = [] if selection is None else selection.selectedRows()
        row = self._sorted.mapToSource(rows[0]).row() if rows else None
        if row is None:
            self._session.editor.select(())
        else:
            self._session.show_row(row)
        self.plot.select(row)

    def _select(self, row: int) -> None:
        index = self._sorted.mapFromSource(self.model.index(row, 0))
        self.table.selectRow(index.row())


class _AreaView(QTableView):
    """A table of which a row at a time is selected; Esc ends it."""

    def __init__(self, model: QSortFilterProxyModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # the arrow keys move, and Tab leaves
        self.setWordWrap(False)
        self.setMinimumHeight(130)
        self.setAccessibleName("Areas")
        self.setToolTip(wrapped(_TABLE))
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None  # every table has both
        assert header is not None
        rows.hide()
        rows.setDefaultSectionSize(rows.minimumSectionSize())
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(_MOST_WORDS)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Clear the selection by Esc."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.clearSelection()
        else:
            super().keyPressEvent(event)


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
    "image": _Column("Image", "The result or the file that was measured."),
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
        # An image that was not measured has a row, without numbers.
        self._table = None if table is None else table.fillna({"estimated": False})
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
            units = set(self._table["unit"]) - {""} if name == "area" else set()
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
            text = self._text(row, name)  # the tooltip has the whole path of a file
            is_path = name == "image" and os.path.isabs(text)
            return os.path.basename(text) if is_path else text
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
            return -1.0 if _is_missing(value) else float(value)
        return None

    def _text(self, row: int, name: str) -> str:
        assert self._table is not None
        value: Any = self._table[name].iat[row]
        if _is_missing(value):
            return ""
        estimated = bool(self._table["estimated"].iat[row])
        if name == "pixels":
            return pixels_in_words(int(value), estimated=estimated)
        if name == "percent":
            return share_in_words(float(value), estimated=estimated)
        if name == "area":
            text = area_in_words(float(value), estimated=estimated)
            units = self._table["unit"]
            is_one = len(set(units) - {""}) == 1  # and the title has it
            return text if is_one else f"{text} {units.iat[row]}"
        return str(value)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


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
