"""A shared width for the labels of several forms."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import Container
from qtpy.QtCore import QEvent, QObject


class LabelAligner(QObject):
    """Give the labels of forms one width whenever a form is shown or restyled.

    The forms are vertical containers with labels. magicgui measures labels in the
    font of the application, before a window has a style and a font of its own.
    """

    def __init__(self, *forms: Container[Any]) -> None:
        super().__init__(forms[0].native)
        self._forms = forms
        for form in forms:
            form.native.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Align the labels on events that change a font, and return False."""
        if event is not None and event.type() in (
            QEvent.Type.Show,
            QEvent.Type.StyleChange,
        ):
            self._align()
        return False

    def _align(self) -> None:
        rows = [widget._labeled_widget() for form in self._forms for widget in form]
        labels = [row._label_widget for row in rows if row is not None]
        for label in labels:
            label.native.ensurePolished()
        widest = max(label.native.sizeHint().width() for label in labels)
        for label in labels:
            label.min_width = widest
