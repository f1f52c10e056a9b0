"""A part of a widget that can be folded."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

_FLAT = "text-align: left; border: none; background: transparent; padding: 4px 0px;"
"""Or napari would paint the open fold like a button that is pressed."""


class Fold(QWidget):
    """A title that shows and hides the content below it, which is hidden at first.

    unfolded is emitted when it is opened, before its content is shown.
    """

    unfolded = Signal()

    def __init__(self, title: str, content: QWidget, tooltip: str) -> None:
        super().__init__()
        self._title, self._content, self._told = title, content, ""
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setStyleSheet(_FLAT)
        self.button.setToolTip(tooltip)
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.toggled.connect(self._fold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.button)
        layout.addWidget(content)
        self._fold(False)

    def fold(self) -> None:
        """Hide what is below the title."""
        self.button.setChecked(False)

    def tell(self, text: str) -> None:
        """Show a few words beside the title, about content that may be hidden."""
        self._told = text
        self._title_it()

    def _title_it(self) -> None:
        # Signs of the font have the theme's colour, which the style's arrows have not.
        sign = "▾" if self.button.isChecked() else "▸"
        told = f" ({self._told})" if self._told else ""
        self.button.setText(f"{sign}  {self._title}{told}")

    def _fold(self, is_open: bool) -> None:
        self._title_it()
        if is_open:
            # First, so that another one can make room: a window that has to grow for
            # both of them does not shrink again.
            self.unfolded.emit()
        self._content.setVisible(is_open)
