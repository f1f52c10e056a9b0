"""The table of a palette, as it is seen."""

from __future__ import annotations

from qtpy.QtCore import QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_colorquant.viewer.palette_model import PaletteModel

_TICKS = """QTableView::indicator:unchecked {
    border: 1px solid #909090; border-radius: 2px; width: 11px; height: 11px; }"""
"""An empty box is hardly seen otherwise; this grey is, in a dark and a light theme."""


class PaletteView(QTableView):
    """A table that fits its columns to hundreds of rows without a pause.

    Qt would ask for each cell's size, at every edit. The texts are measured here, and
    only the longest one's cell is asked for.

    Parameters
    ----------
    model : PaletteModel
        The entries.
    in_order : QSortFilterProxyModel
        The same, as they are sorted.
    """

    def __init__(self, model: PaletteModel, in_order: QSortFilterProxyModel) -> None:
        super().__init__()
        self._model, self._in_order = model, in_order
        self.setModel(in_order)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setWordWrap(False)
        self.setMinimumHeight(160)
        self.setStyleSheet(_TICKS)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None  # every table has both
        assert header is not None
        rows.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionsMovable(True)
        self.setToolTip(
            "Select rows to see their pixels in the canvas; double-click a color or a "
            "name to change it."
        )

    def sizeHintForColumn(self, column: int) -> int:
        """Return how wide a column wants to be.

        Parameters
        ----------
        column : int
            Its number.

        Returns
        -------
        int
            Pixels that its longest text takes.
        """
        widths = [*map(self.fontMetrics().horizontalAdvance, self._model.texts(column))]
        if not widths:
            return 0
        longest = self._model.index(widths.index(max(widths)), column)
        cell = self.sizeHintForIndex(self._in_order.mapFromSource(longest))
        return cell.width() + 1  # the line of the grid
