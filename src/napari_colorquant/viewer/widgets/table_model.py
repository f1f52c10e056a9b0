"""What the models of tables share: titles, tooltips, alignment, swatches."""

from __future__ import annotations

from typing import Any, ClassVar

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap

from napari_colorquant.viewer.widgets.common import wrapped

Role = Qt.ItemDataRole
SORT_ROLE = Role.UserRole
"""What a table sorts by: numbers as numbers."""
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class TableModel(QAbstractTableModel):
    """A table whose columns have titles, and are of words or of numbers.

    WORDS: the columns that are no numbers. The columns are in _columns, by their names.
    """

    WORDS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._columns: list[str] = []

    @property
    def columns(self) -> list[str]:
        """The names of the columns that there are."""
        return self._columns

    def n_rows(self) -> int:
        """Return the number of rows."""
        raise NotImplementedError

    def title(self, column: str) -> str:
        """Return what is written above a column."""
        return column

    def tip(self, column: str) -> str:
        """Return what a column is."""
        raise NotImplementedError

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows; a row has none below it."""
        return 0 if parent is not None and parent.isValid() else self.n_rows()

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        """Return the title, tooltip or alignment of a column."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self._columns):
            return None
        column = self._columns[section]
        if role == Role.DisplayRole:
            return self.title(column)
        if role == Role.ToolTipRole:
            return wrapped(self.tip(column))
        return self._alignment(column) if role == Role.TextAlignmentRole else None

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        """Return the alignment of a cell."""
        if role == Role.TextAlignmentRole and index.isValid():
            return self._alignment(self._columns[index.column()])
        return None

    def _alignment(self, column: str) -> int:
        return _LEFT if column in self.WORDS else _RIGHT


def swatch(color: QColor) -> QIcon:
    """Return a small square of a colour, with an edge."""
    square = QPixmap(16, 16)
    square.fill(QColor(128, 128, 128))  # an edge, to tell white from the table
    painter = QPainter(square)
    painter.fillRect(1, 1, 14, 14, color)
    painter.end()
    icon = QIcon(square)
    icon.addPixmap(square, QIcon.Mode.Selected)  # or Qt would tint it
    return icon
