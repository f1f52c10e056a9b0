"""Labels of a form in one width."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import Container
from qtpy.QtCore import QEvent, QObject


class LabelAligner(QObject):
    """Give the labels of a form one width whenever it is shown or restyled.

    magicgui measures them in the application's font, before there is a window
    with a style and a font of its own.

    Parameters
    ----------
    form : magicgui.widgets.Container
        A vertical container with labels; its native widget becomes the parent.
    """

    def __init__(self, form: Container[Any]) -> None:
        super().__init__(form.native)
        self._form = form
        form.native.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Align the labels on the events that change their font.

        Parameters
        ----------
        watched : QObject
            The form's native widget.
        event : QEvent
            What happened to it.

        Returns
        -------
        bool
            False: the event goes on its way.
        """
        if event is not None and event.type() in (
            QEvent.Type.Show,
            QEvent.Type.StyleChange,
        ):
            self._align()
        return False

    def _align(self) -> None:
        rows = [widget._labeled_widget() for widget in self._form]
        labels = [row._label_widget for row in rows if row is not None]
        for label in labels:
            label.native.ensurePolished()
        widest = max(label.native.sizeHint().width() for label in labels)
        for label in labels:
            label.min_width = widest
