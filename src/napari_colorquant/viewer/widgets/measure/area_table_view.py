"""The view of a table of areas or objects: rows that are selected, columns that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.table_model import SORT_ROLE

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent, QResizeEvent

    from napari_colorquant.viewer.widgets.measure.area_table_model import AreaModel

_TABLE = (
    "Select a row to see its pixels in the canvas, and its region; Esc ends it. Pick a "
    "label in the canvas to select its row. Click a title to sort."
)
_LEAST_NAME, _MOST_WORDS = 36, 120
"""Pixels of a column of words, however long they are."""
_BESIDE_TITLE, _ARROW = 12, 14
"""Pixels that a title needs beside its words, and beside them where it is sorted by."""


class AreaView(QTableView):
    """A table of which a row at a time is selected; Esc ends it.

    Names give way in a narrow dock, so that areas are seen.
    """

    def __init__(self, model: AreaModel) -> None:
        super().__init__()
        self._areas = model
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(model)
        self.sorted.setSortRole(SORT_ROLE)
        self.setModel(self.sorted)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)  # the arrow keys move, and Tab leaves
        self.setWordWrap(False)
        self.setMinimumHeight(96)  # a title, and four rows
        self.setAccessibleName("Areas")
        self.setToolTip(wrapped(_TABLE))
        rows = self.verticalHeader()
        assert rows is not None  # every table has one
        rows.hide()
        rows.setDefaultSectionSize(rows.minimumSectionSize())
        self._titles.setHighlightSections(False)  # or bold titles need more room
        self._titles.setMinimumSectionSize(_LEAST_NAME)
        self.sorted.modelReset.connect(self.fit)
        self._titles.sortIndicatorChanged.connect(lambda *_: self.fit())

    @property
    def _titles(self) -> QHeaderView:
        header = self.horizontalHeader()
        assert header is not None  # every table has one
        return header

    @property
    def row(self) -> int | None:
        """The selected row of the table, whatever it is sorted by; None for none."""
        selection = self.selectionModel()
        rows = [] if selection is None else selection.selectedRows()
        return self.sorted.mapToSource(rows[0]).row() if rows else None

    def show_row(self, row: int | None) -> None:
        """Select a row of the table, or none."""
        if row == self.row:
            return
        if row is None:
            self.clearSelection()
            return
        index = self.sorted.mapFromSource(self._areas.index(row, 0))
        self.selectRow(index.row())
        self.scrollTo(index)

    def fit(self) -> None:
        """Make columns as wide as their words, names no wider than there is room."""
        metrics, columns = self._titles.fontMetrics(), self._areas.columns
        widths = {}
        for place, name in enumerate(columns):
            is_sorted = self._titles.sortIndicatorSection() == place
            title = metrics.horizontalAdvance(self._areas.title(name)) + _BESIDE_TITLE
            wanted = max(self.sizeHintForColumn(place), title + _ARROW * is_sorted)
            widths[name] = min(wanted, _MOST_WORDS)
        if "name" in columns:
            last = columns.index("area" if "area" in columns else "pixels")
            others = sum(widths[one] for one in columns[: last + 1] if one != "name")
            viewport = self.viewport()
            room = 0 if viewport is None else viewport.width() - others
            widths["name"] = max(_LEAST_NAME, min(widths["name"], room))
        for place, name in enumerate(columns):
            self.setColumnWidth(place, widths[name])

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fit the columns into another width."""
        super().resizeEvent(event)
        self.fit()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Clear the selection by Esc."""
        if event is not None and event.key() == Qt.Key.Key_Escape:
            self.clearSelection()
        else:
            super().keyPressEvent(event)
