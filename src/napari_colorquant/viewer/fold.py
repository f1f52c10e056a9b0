"""A part of a widget that can be folded away."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

_FLAT = "text-align: left; border: none; background: transparent; padding: 4px 0px;"
"""Or napari would paint the open fold like a button that is pressed."""


class Fold(QWidget):
    """A title that shows and hides what is below it.

    Parameters
    ----------
    title : str
        The title.
    content : QWidget
        What is hidden at first.
    tooltip : str
        What there is to find.
    """

    def __init__(self, title: str, content: QWidget, tooltip: str) -> None:
        super().__init__()
        self._title, self._content = title, content
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

    def _fold(self, is_open: bool) -> None:
        # Signs of the font have the theme's colour, which the style's arrows have not.
        self.button.setText(f"{'▾' if is_open else '▸'}  {self._title}")
        self._content.setVisible(is_open)
