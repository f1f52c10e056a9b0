"""A column of controls that scrolls where there is too little height, and its tabs."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QScrollArea,
    QStackedWidget,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QTabWidget,
    QWidget,
)

_LEAST_HEIGHT = 200
"""What is always asked for: a dock never makes its window higher than a screen."""


class ScrollingColumn(QScrollArea):
    """Show a column of controls as wide as there is room, and as high as needed.

    A dock does not get smaller with its content: without this, the window would stay
    high. The wheel turns only a control that has the focus; elsewhere it scrolls. Boxes
    show a name that is too long for them with "…".
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        for kind in (QAbstractSlider, QAbstractSpinBox, QComboBox):
            for control in content.findChildren(kind):
                if control.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                control.installEventFilter(self)
        for box in content.findChildren(QComboBox):
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )

    def sizeHint(self) -> QSize:
        """Return the size of the column, at which nothing has to be scrolled."""
        content = self.widget()
        return self.minimumSizeHint() if content is None else content.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size: as wide as the column beside a scroll bar."""
        content, bar = self.widget(), self.verticalScrollBar()
        width = 0 if content is None else content.minimumSizeHint().width()
        if bar is not None:
            width += bar.sizeHint().width()
        return QSize(width, _LEAST_HEIGHT)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Return True for a wheel event at a control without the focus.

        The event then goes to the column, and does not turn the control. Boxes are
        drawn here.
        """
        if event is None or watched is None:
            return False
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        is_wheel = event.type() == QEvent.Type.Wheel and watched is not self.widget()
        if is_wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        if isinstance(watched, QComboBox) and event.type() == QEvent.Type.Paint:
            _draw_box(watched)
            return True
        return super().eventFilter(watched, event)


def _draw_box(box: QComboBox) -> None:
    """Draw a box, and a name that is too long for it with "…", which Qt cuts off.

    The middle is left out, as in napari's layer list: results differ at both ends.
    """
    painter, option, style = QStylePainter(box), QStyleOptionComboBox(), box.style()
    assert style is not None  # every widget has one
    box.initStyleOption(option)
    room = style.subControlRect(
        QStyle.ComplexControl.CC_ComboBox,
        option,
        QStyle.SubControl.SC_ComboBoxEditField,
        box,
    )
    option.currentText = box.fontMetrics().elidedText(
        option.currentText, Qt.TextElideMode.ElideMiddle, room.width()
    )
    painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
    painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


class Pages(QTabWidget):
    """Tabs that ask for the least height at which no page is cut, and take more.

    Qt asks in a column for the height that pages would like, which is more to scroll,
    or else for their minimum where no text is broken into lines, which is too little.
    """

    def hasHeightForWidth(self) -> bool:
        """Return True: lines are broken where there is little width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height in pixels of the highest page, with the titles."""
        stack = self.findChild(QStackedWidget)
        assert stack is not None  # every tab widget has one
        inside = max(0, width - (self.width() - stack.width()))
        pages = [self.widget(n) for n in range(self.count())]
        layouts = [page.layout() for page in pages if page is not None]
        least = [
            layout.minimumHeightForWidth(inside)
            for layout in layouts
            if layout is not None
        ]
        titles = super().heightForWidth(width) - stack.heightForWidth(inside)
        return titles + max(least, default=0)
