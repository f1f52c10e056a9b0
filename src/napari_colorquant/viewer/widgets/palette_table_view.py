"""The view of a palette's table, and the columns that it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from qtpy.QtGui import (  # type: ignore[attr-defined] # likewise
    QAction,
    QActionGroup,
    QMouseEvent,
)
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.palette_table_model import (
    CHANNEL,
    COLUMNS,
    PaletteModel,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtGui import QKeyEvent, QPainter, QResizeEvent


OPTIONAL = {
    "Name": "Names",
    "Class": "Classes",
    "Lock": "Locks",
    "%": "Percent of the pixels",
    "Pixels": "Numbers of pixels",
    "Hex": "Hex colors",
    CHANNEL: "Values of the channels",
}
"""The kinds of columns that can be hidden, and what the menu calls them."""
_AT_FIRST = frozenset({"Name", "Lock", "%"})  # what fits a dock of 300 pixels
_chosen = set(_AT_FIRST)


def kind_of(column: int) -> str:
    """Return the title of a column, or CHANNEL for the values of any channel."""
    return COLUMNS[column] if column < len(COLUMNS) else CHANNEL


def is_chosen(kind: str) -> bool:
    """Return whether a kind of column is shown; True for labels, always shown."""
    return kind not in OPTIONAL or kind in _chosen


def choose(kind: str, on: bool) -> None:
    """Show or hide a kind of column, one of OPTIONAL, at the next `show_columns`."""
    (_chosen.add if on else _chosen.discard)(kind)


def choose_first() -> None:
    """Show the columns that are shown at first."""
    _chosen.clear()
    _chosen.update(_AT_FIRST)


_TICKS = """QTableView::indicator:unchecked {
    border: 1px solid #909090; border-radius: 2px; width: 11px; height: 11px; }"""
"""An empty box is hardly seen otherwise; this grey is, in a dark and a light theme."""
_NAME, CLASS, _LOCK = map(COLUMNS.index, ("Name", "Class", "Lock"))
_BESIDE_TITLE = 12
"""Pixels that a title of a column needs beside its words."""
_MOST_CLASS = 120
"""Pixels of the classes' column, however long their names are and wide the table."""
_CUT = "\u2026"
"""In place of a value that is not seen whole: a part of a number is another number."""


class PaletteView(QTableView):
    """A table that fits its columns to hundreds of entries without a pause.

    Qt would ask for the size of each cell at every edit; here only the cell of the
    longest text is asked. opened: Enter was pressed on a cell that is not typed into.
    """

    opened = Signal(QModelIndex)

    def __init__(self, model: PaletteModel, in_order: QSortFilterProxyModel) -> None:
        super().__init__()
        self._model, self._in_order = model, in_order
        self._is_alone = False  # the row that is pressed, and selected already
        self.setModel(in_order)
        self.setItemDelegate(_WholeValues(self))
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.setTabKeyNavigation(False)  # the arrow keys move, and Tab leaves
        self.setWordWrap(False)
        self.setMinimumHeight(130)
        self.setStyleSheet(_TICKS)
        rows, header = self.verticalHeader(), self._header
        assert rows is not None  # every table has one
        rows.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionsMovable(True)
        header.sectionResized.connect(self._fit_words)
        self.columns = QMenu(self)
        self.columns.setToolTipsVisible(True)
        self.columns.aboutToShow.connect(self._fill_menu)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_menu)
        model.modelReset.connect(self.show_columns)
        model.dataChanged.connect(self._fit_words)
        self.setToolTip(
            wrapped(
                "Select rows to see their pixels in the canvas; Esc or another click "
                "ends it. Double-click a color or a name to change it."
            )
        )
        self.show_columns()

    def show_columns(self) -> None:
        """Show the chosen columns, and hide all others."""
        for column in range(self._model.columnCount()):
            self.setColumnHidden(column, not is_chosen(kind_of(column)))
        for column in (_NAME, CLASS):
            if column < self._model.columnCount():
                fixed = QHeaderView.ResizeMode.Fixed
                self._header.setSectionResizeMode(column, fixed)
        self._fit_words()

    def sizeHintForColumn(self, column: int) -> int:
        """Return the width in pixels of the cell with the longest text of a column."""
        widths = [*map(self.fontMetrics().horizontalAdvance, self._model.texts(column))]
        if not widths:
            return 0
        longest = self._model.index(widths.index(max(widths)), column)
        cell = self.sizeHintForIndex(self._in_order.mapFromSource(longest))
        return cell.width() + 1  # the line of the grid

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Give names and classes the room that is left."""
        super().resizeEvent(event)
        self._fit_words()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Redraw after a sideways move, as other cells are cut by the edge now."""
        super().scrollContentsBy(dx, dy)
        viewport = self.viewport()
        if dx and viewport is not None:
            viewport.update()

    def type_class(self, entries: Sequence[int]) -> None:
        """Show the classes, and let one be typed for the selected entries, if any."""
        if not entries:
            return
        # One without a class: what is left as it was would be no edit of the others.
        classes = self._model.texts(CLASS)
        entry = min(entries, key=lambda entry: bool(classes[entry]))
        choose("Class", True)
        self.show_columns()
        cell = self._in_order.mapFromSource(self._model.index(entry, CLASS))
        selection = self.selectionModel()
        assert selection is not None  # as there is a model
        no_update = QItemSelectionModel.SelectionFlag.NoUpdate
        selection.setCurrentIndex(cell, no_update)
        self.scrollTo(cell)
        self.edit(cell)

    def selectionCommand(
        self, index: QModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Keep several selected rows when one's class is clicked, to be typed for all.

        Qt would select the clicked row alone.
        """
        is_plain = (
            isinstance(event, QMouseEvent)
            and event.modifiers() == Qt.KeyboardModifier.NoModifier
        )
        rows = self._selected_rows()
        is_one_of_many = len(rows) > 1 and index.row() in rows
        if is_plain and index.column() == CLASS and is_one_of_many:
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Remember whether the click is on the only selected row."""
        if event is not None:
            self._is_alone = self._is_selected_alone(event)
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Clear the selection if the only selected row was clicked again."""
        super().mouseReleaseEvent(event)
        if self._is_alone and event is not None and self._is_selected_alone(event):
            self.clearSelection()
        self._is_alone = False

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:
        """Select the row that is edited, which the first click may have unselected."""
        self._is_alone = False
        selection = self.selectionModel()
        if event is not None and selection is not None and not self._selected_rows():
            flags = QItemSelectionModel.SelectionFlag
            selection.select(self.indexAt(event.pos()), flags.Select | flags.Rows)
        super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Clear the selection by Esc, and edit or open a cell by Enter."""
        current = self.currentIndex()
        # An editor passes on the Enter that ends it.
        is_editing = self.state() == QAbstractItemView.State.EditingState
        match None if event is None or is_editing else event.key():
            case Qt.Key.Key_Escape if self._selected_rows():
                self.clearSelection()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if current.isValid():
                if current.flags() & Qt.ItemFlag.ItemIsEditable:
                    self.edit(current)
                else:
                    self.opened.emit(current)
            case _:
                super().keyPressEvent(event)

    @property
    def _header(self) -> QHeaderView:
        header = self.horizontalHeader()
        assert header is not None  # every table has one
        return header

    def _selected_rows(self) -> list[int]:
        selection = self.selectionModel()
        rows = [] if selection is None else selection.selectedRows()
        return [row.row() for row in rows]

    def _is_selected_alone(self, event: QMouseEvent) -> bool:
        """Return whether a plain click is on the only row that is selected."""
        index = self.indexAt(event.pos())
        return (
            event.button() == Qt.MouseButton.LeftButton
            and event.modifiers() == Qt.KeyboardModifier.NoModifier
            and index.column() != _LOCK  # where a click sets the tick
            and self._selected_rows() == [index.row()]
        )

    def _fit_words(self, *_: object) -> None:
        """Let classes and names have the room that is left: they can be cut."""
        header, viewport = self._header, self.viewport()
        shown = [c for c in (_NAME, CLASS) if not self.isColumnHidden(c)]
        if viewport is None or not self._model.columnCount():
            return
        words = sum(map(header.sectionSize, shown))
        room = viewport.width() - (header.length() - words)
        widths = dict.fromkeys(shown, 0)
        if CLASS in shown:
            wanted = min(self.sizeHintForColumn(CLASS), _MOST_CLASS)
            name = self._title_width(_NAME) if _NAME in shown else 0
            widths[CLASS] = max(self._title_width(CLASS), min(wanted, room - name))
        if _NAME in shown:
            left = room - widths.get(CLASS, 0)
            widths[_NAME] = max(self._title_width(_NAME), left)
        for column, width in widths.items():
            if width != header.sectionSize(column):
                header.resizeSection(column, width)

    def _title_width(self, column: int) -> int:
        """Return the width of a column in pixels at which its title is seen."""
        words = self._header.fontMetrics().horizontalAdvance(COLUMNS[column])
        return words + _BESIDE_TITLE

    def _open_menu(self, place: QPoint) -> None:
        self.columns.popup(self._header.mapToGlobal(place))

    def _fill_menu(self) -> None:
        """Fill the menu: the columns to show, and the order of the rows."""
        self.columns.clear()
        columns = range(self._model.columnCount())
        for kind in dict.fromkeys(map(kind_of, columns)):
            if kind in OPTIONAL:
                action = QAction(OPTIONAL[kind], self.columns)
                action.setCheckable(True)
                action.setChecked(is_chosen(kind))
                action.toggled.connect(lambda on, kind=kind: self._choose(kind, on))
                self.columns.addAction(action)
        self.columns.addSeparator()
        order = self.columns.addMenu("Order of the rows")
        assert order is not None
        group = QActionGroup(order)
        for column in columns:
            if self.isColumnHidden(column):
                continue
            title = str(self._model.headerData(column, Qt.Orientation.Horizontal))
            action = QAction(title, group)
            action.setCheckable(True)
            action.setChecked(self._header.sortIndicatorSection() == column)
            action.triggered.connect(lambda _=False, n=column: self._sort_by(n))
            order.addAction(action)

    def _choose(self, kind: str, on: bool) -> None:
        choose(kind, on)
        self.show_columns()

    def _sort_by(self, column: int) -> None:
        """Sort by a column, or in the reverse order if it is sorted by it already."""
        header, up = self._header, Qt.SortOrder.AscendingOrder
        is_up = (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (
            column,
            up,
        )
        self.sortByColumn(column, Qt.SortOrder.DescendingOrder if is_up else up)


class _WholeValues(QStyledItemDelegate):
    """Draw a value only where all of it fits."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._table = table
        self._is_painting = False  # or it is asked for the size that all of it takes

    def paint(
        self,
        painter: QPainter | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> None:
        self._is_painting = True
        super().paint(painter, option, index)
        self._is_painting = False

    def initStyleOption(
        self, option: QStyleOptionViewItem | None, index: QModelIndex
    ) -> None:
        super().initStyleOption(option, index)
        viewport = self._table.viewport()
        if not self._is_painting or option is None or viewport is None:
            return
        seen = option.rect & viewport.rect()
        if index.column() in (_NAME, CLASS) or not option.text or seen == option.rect:
            return
        if seen.width() < option.rect.width():
            align = Qt.AlignmentFlag
            side = align.AlignLeft if option.rect.left() >= 0 else align.AlignRight
            option.text = _CUT
            option.displayAlignment = side | align.AlignVCenter
