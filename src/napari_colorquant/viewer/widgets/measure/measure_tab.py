"""The page that measures areas: what is measured, the table, and where it goes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSortFilterProxyModel, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
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
    wrapped,
)
from napari_colorquant.viewer.widgets.dialogs import copy_table, save_table
from napari_colorquant.viewer.widgets.measure.area_table_model import AreaModel
from napari_colorquant.viewer.widgets.table_model import SORT_ROLE

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from napari_colorquant.viewer.session.session import Session

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
        self.save = QPushButton("Save CSV …")
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
        buttons = QGridLayout()
        for grid, widgets, n in (
            (choices, [box.native for box in self.boxes.values()], 2),
            (buttons, [self.measure, self.copy, self.save], 3),
        ):
            grid.setSpacing(2)
            for place, widget in enumerate(widgets):
                grid.addWidget(widget, place // n, place % n)
                grid.setColumnStretch(place % n, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(choices)
        layout.addLayout(buttons)
        layout.addWidget(self.hint)
        layout.addWidget(self.table, 1)

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
        if rows:
            self._session.show_row(self._sorted.mapToSource(rows[0]).row())
        else:
            self._session.editor.select(())


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
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setMaximumSectionSize(_MOST_WORDS)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Clear the selection by Esc."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.clearSelection()
        else:
            super().keyPressEvent(event)
