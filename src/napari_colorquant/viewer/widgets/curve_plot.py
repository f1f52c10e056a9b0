"""The error against the number of colours, to look at and to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf, isfinite
from typing import TYPE_CHECKING

from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    QEvent,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF, QTextOption
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_colorquant.viewer.curve_layout import (
    MARK_RADIUS,
    POINT_RADIUS,
    TICK,
    Drawing,
    Shown,
    arrange,
    least_size,
)
from napari_colorquant.viewer.theme import ThemeColors, theme_colors
from napari_colorquant.viewer.widgets.common import wrapped

if TYPE_CHECKING:
    from qtpy.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPaintEvent

    from napari_colorquant.core.quantization.curve import CurvePoint

_EMPTY = "No curve yet."
_HELP = (
    "How close the picture comes with each number of colors: the peak signal-to-noise "
    "ratio, where higher is closer. Click to choose a number of colors, or move with "
    "the arrow keys and press Enter."
)
_DRAWING_WIDTH = 300


class CurvePlot(QWidget):
    """A plot of PSNR against the number of colours.

    A click on a point chooses its number of colours; so do the arrow keys and Enter.

    Parameters
    ----------
    parent : QWidget, optional
        The parent.
    theme : callable
        Returns the name of the theme to draw in, None for that of the preferences.
    """

    chosen = Signal(int)
    """A number of colours was chosen, by mouse or keyboard."""

    def __init__(
        self,
        parent: QWidget | None = None,
        theme: Callable[[], str | None] = lambda: None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown = Shown({})
        self._message = _EMPTY
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Error against the number of colors")
        self.setToolTip(wrapped(_HELP))
        self._show(self._shown)

    # ------------------------------------------------------------- what is shown

    @property
    def shown(self) -> Shown:
        """What is shown now."""
        return self._shown

    def set_points(self, points: Iterable[CurvePoint]) -> None:
        """Show these points and no others.

        Parameters
        ----------
        points : iterable of CurvePoint
            In any order.
        """
        psnr = {point.n_colors: point.psnr for point in points}
        cursor = self._shown.cursor if self._shown.cursor in psnr else None
        self._show(replace(self._shown, psnr=psnr, cursor=cursor))

    def add_point(self, point: CurvePoint) -> None:
        """Show one more point, or another one in place of that of its number.

        Parameters
        ----------
        point : CurvePoint
            The point.
        """
        psnr = {**self._shown.psnr, point.n_colors: point.psnr}
        self._show(replace(self._shown, psnr=psnr))

    def set_elbow(self, n_colors: int | None) -> None:
        """Mark the suggested number of colours.

        Parameters
        ----------
        n_colors : int or None
            That of a point; None for no suggestion.
        """
        self._show(replace(self._shown, elbow=n_colors))

    def set_target(self, psnr: float | None) -> None:
        """Draw a line at the quality that is aimed for.

        Parameters
        ----------
        psnr : float or None
            In dB; None for no line.
        """
        self._show(replace(self._shown, target=psnr))

    def set_current(self, n_colors: int | None) -> None:
        """Mark the number of colours that is chosen now.

        Parameters
        ----------
        n_colors : int or None
            Any number, also where there is no point; None for no mark.
        """
        self._show(replace(self._shown, current=n_colors))

    def clear(self, message: str = _EMPTY) -> None:
        """Show a message in place of the points and of the suggested number.

        Parameters
        ----------
        message : str
            What is written.
        """
        self._message = message
        self._show(replace(self._shown, psnr={}, elbow=None, cursor=None))

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        told = f"{len(shown.psnr)} points." if shown.psnr else self._message
        if shown.elbow is not None:
            told += f" Suggested: {shown.elbow} colors."
        if shown.cursor is not None:
            told += f" {shown.describe(shown.cursor)}"
        self.setAccessibleDescription(told)
        self.update()

    # ----------------------------------------------------------------- choosing

    def drawing(self) -> Drawing:
        """Return where everything is; there are points.

        Returns
        -------
        Drawing
            In coordinates of the widget.
        """
        return arrange(self._shown, self.size(), self.fontMetrics())

    def _choose(self, n_colors: int) -> None:
        self._show(replace(self._shown, cursor=n_colors, current=n_colors))
        self.chosen.emit(n_colors)

    def _look_at(self, n_colors: int | None) -> None:
        if n_colors != self._shown.cursor:
            self._show(replace(self._shown, cursor=n_colors))

    def _nearest(self, place: QPointF) -> int | None:
        """Return the number of the point that is nearest from left to right."""
        if not self._shown.psnr:
            return None
        drawing = self.drawing()
        margin = self.fontMetrics().height()
        if not drawing.frame.adjusted(-margin, -margin, margin, margin).contains(place):
            return None
        points = drawing.points
        return min(points, key=lambda n: abs(points[n].x() - place.x()))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the point that is clicked.

        Parameters
        ----------
        event : QMouseEvent
            The click.
        """
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            n_colors = self._nearest(event.position())
            if n_colors is not None:
                self._choose(n_colors)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell of the point under the mouse.

        Parameters
        ----------
        event : QMouseEvent
            The movement.
        """
        if event is None:
            return
        n_colors = self._nearest(event.position())
        self._look_at(n_colors)
        if n_colors is None:
            self.unsetCursor()
            QToolTip.hideText()
            return
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        place = event.globalPosition().toPoint()
        QToolTip.showText(place, self._shown.describe(n_colors), self)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Tell of no point any more.

        Parameters
        ----------
        event : QEvent
            The mouse leaves.
        """
        self._look_at(None)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Tell of no point any more.

        Parameters
        ----------
        event : QFocusEvent
            The keyboard goes elsewhere.
        """
        self._look_at(None)
        super().focusOutEvent(event)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move from point to point, and choose one.

        Parameters
        ----------
        event : QKeyEvent
            Left, Right, Home or End; Enter, Return or the space bar.
        """
        if event is None:
            return
        numbers = sorted(self._shown.psnr)
        match event.key():
            case Qt.Key.Key_Left if numbers:
                self._look_at(self._beside(numbers, -1))
            case Qt.Key.Key_Right if numbers:
                self._look_at(self._beside(numbers, 1))
            case Qt.Key.Key_Home if numbers:
                self._look_at(numbers[0])
            case Qt.Key.Key_End if numbers:
                self._look_at(numbers[-1])
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space if (
                self._shown.cursor is not None
            ):
                self._choose(self._shown.cursor)
            case _:
                super().keyPressEvent(event)

    def _beside(self, numbers: Sequence[int], step: int) -> int:
        """Return the number beside the cursor, or where a cursor starts."""
        shown = self._shown
        if shown.cursor is None:
            starts = (shown.current, shown.elbow, numbers[0])
            start = next(n for n in starts if n is not None)
            return min(numbers, key=lambda n: abs(n - start))
        place = numbers.index(shown.cursor) + step
        return numbers[min(max(place, 0), len(numbers) - 1)]

    # ------------------------------------------------------------------ its size

    def sizeHint(self) -> QSize:
        """Return the size that the plot looks good at.

        Returns
        -------
        QSize
            Grows with the font.
        """
        least = self.minimumSizeHint()
        return QSize(max(_DRAWING_WIDTH, least.width()), least.height() * 5 // 4)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size that all texts have room in.

        Returns
        -------
        QSize
            Grows with the font.
        """
        return least_size(self.fontMetrics())

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw anew in another theme, and ask for the size that another font needs.

        Parameters
        ----------
        event : QEvent
            What has changed.
        """
        if event is not None and event.type() in (
            QEvent.Type.FontChange,
            QEvent.Type.StyleChange,
        ):
            self.updateGeometry()
            self.update()
        super().changeEvent(event)

    # ------------------------------------------------------------------ painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the plot.

        Parameters
        ----------
        event : QPaintEvent
            What is to be drawn anew; all of it is.
        """
        colors = theme_colors(self._theme())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), colors.background)
        if self._shown.psnr:
            drawing = self.drawing()
            _draw_axes(painter, drawing, colors)
            self._draw_marks(painter, drawing, colors)
            self._draw_curve(painter, drawing, colors)
            _write_texts(painter, drawing, colors)
        else:
            painter.setPen(colors.text)
            room = QRectF(self.rect()).adjusted(6, 6, -6, -6)
            option = QTextOption(Qt.AlignmentFlag.AlignCenter)
            painter.drawText(room, self._message, option)
        if self.hasFocus():
            painter.setPen(QPen(colors.line, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _draw_marks(
        self, painter: QPainter, drawing: Drawing, colors: ThemeColors
    ) -> None:
        """Draw the lines at the target, the chosen number and the cursor."""
        frame = drawing.frame
        if drawing.target is not None:
            painter.setPen(QPen(colors.accent, 1.5, Qt.PenStyle.DashLine))
            y = drawing.target
            painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
        if drawing.current is not None:
            x = drawing.current
            painter.setPen(QPen(colors.choice, 2))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colors.choice)
            foot = QPointF(x, frame.bottom() - MARK_RADIUS)
            painter.drawPolygon(
                QPolygonF(
                    [
                        foot,
                        foot + QPointF(MARK_RADIUS, MARK_RADIUS),
                        foot + QPointF(-MARK_RADIUS, MARK_RADIUS),
                    ]
                )
            )
        if self._shown.cursor is not None:
            x = drawing.points[self._shown.cursor].x()
            painter.setPen(QPen(colors.text, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))

    def _draw_curve(
        self, painter: QPainter, drawing: Drawing, colors: ThemeColors
    ) -> None:
        places = drawing.points.items()
        finite = [p for n, p in places if isfinite(self._shown.psnr[n])]
        lossless = [p for n, p in places if self._shown.psnr[n] == inf]
        if finite and lossless:
            painter.setPen(QPen(colors.line, 1, Qt.PenStyle.DotLine))
            painter.drawLine(finite[-1], lossless[0])
        painter.setPen(QPen(colors.line, 1.5))
        painter.drawPolyline(QPolygonF(finite))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colors.text)
        for point in drawing.points.values():
            painter.drawEllipse(point, POINT_RADIUS, POINT_RADIUS)
        if self._shown.elbow in drawing.points:
            painter.setPen(QPen(colors.text, 1.5))
            painter.setBrush(colors.accent)
            painter.drawPolygon(_diamond(drawing.points[self._shown.elbow]))
        if self._shown.cursor is not None:
            painter.setPen(QPen(colors.text, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = MARK_RADIUS + 1
            painter.drawEllipse(drawing.points[self._shown.cursor], ring, ring)


def _draw_axes(painter: QPainter, drawing: Drawing, colors: ThemeColors) -> None:
    frame = drawing.frame
    painter.setPen(QPen(colors.faint, 1))
    for y in drawing.y_ticks:
        painter.drawLine(QPointF(frame.left(), y), QPointF(frame.right(), y))
    painter.setPen(QPen(colors.line, 1))
    for x in drawing.x_ticks:
        painter.drawLine(QPointF(x, frame.bottom()), QPointF(x, frame.bottom() + TICK))
    for y in drawing.y_ticks:
        painter.drawLine(QPointF(frame.left() - TICK, y), QPointF(frame.left(), y))
    painter.drawLine(frame.bottomLeft(), frame.bottomRight())
    painter.drawLine(frame.bottomLeft(), frame.topLeft())


def _write_texts(painter: QPainter, drawing: Drawing, colors: ThemeColors) -> None:
    plate = QColor(colors.background)
    plate.setAlphaF(0.8)
    painter.setPen(colors.text)
    below = QPointF(0, painter.fontMetrics().ascent())
    for text in drawing.texts:
        if text.inside:
            painter.fillRect(text.rect.adjusted(-2, 0, 2, 0), plate)
        painter.drawText(text.rect.topLeft() + below, text.words)


def _diamond(center: QPointF) -> QPolygonF:
    return QPolygonF(
        [
            center + QPointF(x * MARK_RADIUS, y * MARK_RADIUS)
            for x, y in ((0, -1), (1, 0), (0, 1), (-1, 0))
        ]
    )
