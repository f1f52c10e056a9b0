"""What several widgets share: folds, boxes, grids, menus, label widths, tooltips."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, Label
from psygnal import Signal
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QAction  # type: ignore[attr-defined] # QAction is made by qtpy
from qtpy.QtWidgets import (
    QGridLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

    from napari_colorquant.viewer.session.session import Session

_FLAT = "text-align: left; border: none; background: transparent; padding: 4px 0px;"
"""Or napari would paint the open fold like a button that is pressed."""


class Collapsible(QWidget):
    """A title that shows and hides the content below it, which is hidden at first.

    unfolded is emitted when it is opened, before its content is shown.
    """

    unfolded = Signal()

    def __init__(self, title: str, content: QWidget, tooltip: str) -> None:
        super().__init__()
        self._title, self._content, self._note = title, content, ""
        self._tip = tooltip
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setStyleSheet(_FLAT)
        # Its words are cut where there is no room: a long note widens no window.
        self.button.setMinimumWidth(1)
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

    def set_note(self, text: str) -> None:
        """Show a few words beside the title, about content that may be hidden."""
        self._note = text
        self._title_it()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Show as much of the title as there is room for."""
        super().resizeEvent(event)
        self._title_it()

    def _title_it(self) -> None:
        # Signs of the font have the theme's colour, which the style's arrows have not.
        sign = "▾" if self.button.isChecked() else "▸"
        note = f" ({self._note})" if self._note else ""
        metrics, right = self.button.fontMetrics(), Qt.TextElideMode.ElideRight
        words = f"{sign}  {self._title}{note}"
        self.button.setText(metrics.elidedText(words, right, self.width()))
        self.button.setToolTip(wrapped(f"{self._tip}\n{self._note}".rstrip()))

    def _fold(self, is_open: bool) -> None:
        self._title_it()
        if is_open:
            # First, so that another one can make room: a window that has to grow for
            # both of them does not shrink again.
            self.unfolded.emit()
        self._content.setVisible(is_open)


class ChoiceBox(ComboBox):
    """A box that shows what is chosen elsewhere, and keeps no choice of its own.

    choices returns pairs of words and values, value the chosen one.
    """

    null_value = object()  # or magicgui would not say that None is chosen

    def __init__(
        self,
        choices: Callable[[], list[tuple[str, Any]]],
        value: Callable[[], Any],
        **options: Any,
    ) -> None:
        self._chosen = value
        super().__init__(choices=lambda _: choices(), **options)

    def reset_choices(self, *_: Any) -> None:
        """Show the choices that there are now, and what is chosen of them."""
        with self.changed.blocked():
            super().reset_choices()
            if self._chosen() in self.choices:
                self.value = self._chosen()


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


def wrap(label: Label) -> None:
    """Let the words of a label take as many lines as they need in the width there is.

    Or lines break at a fraction of it, or the label asks for more.
    """
    native = label.native
    native.setWordWrap(True)
    native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)


def over(top: QWidget, bottom: QWidget) -> QSplitter:
    """Return two widgets, the first of which takes all the height that is to spare."""
    both = QSplitter(Qt.Orientation.Vertical)
    for widget in (top, bottom):
        both.addWidget(widget)
    both.setChildrenCollapsible(False)
    both.setStretchFactor(0, 1)
    return both


def grid_of(widgets: Sequence[QWidget], n_columns: int) -> QGridLayout:
    """Return a grid of widgets, row by row, whose columns are equally wide."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(2)
    for place, widget in enumerate(widgets):
        grid.addWidget(widget, place // n_columns, place % n_columns)
        grid.setColumnStretch(place % n_columns, 1)
    return grid


LONGEST_LINE = 60
"""Characters of a tooltip's line."""


# Those of all controls are set whenever a layer is selected, and few have changed.
@lru_cache(maxsize=500)
def wrapped(tip: str) -> str:
    """Return a plain-text tooltip in short lines, as Qt writes all of it in one.

    It is rich text where Qt would take a layer's name for markup. One that is wrapped
    stays as it is.
    """
    if tip.startswith("<qt>"):
        return tip
    # Lines of a list stay lines; those that were broken here are short enough.
    lines = [fill(line, LONGEST_LINE) for line in tip.splitlines()]
    text = "\n".join(lines)
    if "<" not in text:
        return text
    return f'<qt><p style="white-space:pre">{escape(text)}</p></qt>'


def wrap_tips(top: QWidget) -> None:
    """Wrap the tooltips of a widget and of all that is in it.

    Those that change later are wrapped where they are set.
    """
    for widget in (top, *top.findChildren(QWidget)):
        widget.setToolTip(wrapped(widget.toolTip()))
    for action in top.findChildren(QAction):
        if action.toolTip() != action.text():  # Qt's own where none is set
            action.setToolTip(wrapped(action.toolTip()))


def offer(control: QWidget | QAction, tip: str, why_not: str) -> None:
    """Enable a control if why_not is empty, else disable it and show the reason."""
    control.setEnabled(not why_not)
    control.setToolTip(wrapped(f"{tip}\n{why_not}" if why_not else tip))


Controls = Mapping[str, tuple[QWidget | QAction, str]]
"""Controls and their tooltips, by the actions of `Possible.now`."""


def offer_all(controls: Controls, why_not: Mapping[str, str]) -> None:
    """Enable the controls whose actions can be done; let others say why not."""
    for action, (control, tip) in controls.items():
        offer(control, tip, why_not[action])


def keep_offered(session: Session, controls: Controls) -> None:
    """Offer what can be done now, and whenever that may be something else."""
    session.events.possible.connect(partial(offer_all, controls))
    offer_all(controls, session.possible.now)


def give_menu(
    button: QPushButton,
    words: Mapping[str, tuple[str, str]],
    do: Mapping[str, Callable[[], object]],
) -> Controls:
    """Give a button a menu of actions, by their words and tooltips; return them."""
    menu = QMenu(button)
    menu.setToolTipsVisible(True)
    actions = {}
    for what, (title, tip) in words.items():
        action = QAction(title, menu)
        action.setToolTip(wrapped(tip))
        action.triggered.connect(lambda _checked=False, do=do[what]: do())
        menu.addAction(action)
        actions[what] = (action, tip)
    button.setMenu(menu)
    return actions
