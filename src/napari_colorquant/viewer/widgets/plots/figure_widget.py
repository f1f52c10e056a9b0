"""A figure of matplotlib in napari's colours, looked at by mouse and keys."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from napari.settings import get_settings
from qtpy.QtCore import QEvent, QPointF, QSize, Qt
from qtpy.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.plots.looks import Pen, theme_colors

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from qtpy.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent

_MOVES = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End),
)


class FigureWidget(QWidget):
    """What plots share: canvas, theme, font, focus, and what is looked at.

    message: what is shown where there is nothing to draw. least: the smallest width
    and height in pixels, and the height in lines of text. widest: a text that has room.
    A plot says by methods what it draws, what is at a place, and what is chosen.
    """

    _pen: Pen | None = None
    axes: Axes | None = None
    """None until the plot is first shown: matplotlib takes a while to load."""
    looked_at: Any = None
    """What is looked at, which the plot knows; None for nothing."""

    def __init__(
        self,
        name: str,
        tip: str,
        message: str,
        least: tuple[int, int, int],
        widest: str,
        theme: Callable[[], str | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._message = theme, message
        self._least, self._widest = least, widest
        self._marks: list[Artist] = []
        self._background: Any = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(name)
        self.setToolTip(wrapped(tip))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._take_font()

    # ------------------------------------------------------- what a plot has to say

    @abstractmethod
    def _title(self) -> str:
        """Return what is written above; empty where there is nothing to draw."""

    @abstractmethod
    def _draw_plot(self, axes: Axes, pen: Pen) -> None:
        """Draw all that stays as it is while places are looked at."""

    @abstractmethod
    def _make_marks(self, axes: Axes, pen: Pen) -> Sequence[Artist]:
        """Return what is drawn on top of the plot, and drawn anew alone."""

    @abstractmethod
    def _at(self, x: float, y: float) -> Any:
        """Return what is at a place of the axes, or None."""

    @abstractmethod
    def _beside(self, key: Qt.Key) -> Any:
        """Return what a key moves to from what is looked at; None for nothing."""

    @abstractmethod
    def _describe(self, what: Any) -> str:
        """Return a line on what is looked at."""

    @abstractmethod
    def _look_at(self, what: Any) -> None:
        """Look at something else, None for nothing."""

    @abstractmethod
    def _choose(self, what: Any) -> None:
        """Do what a click is for."""

    def _tip_of(self, what: Any) -> str:
        """Return all that there is to know of what is looked at."""
        return self._describe(what)

    # ----------------------------------------------------------------- mouse and keys

    def _under(self, place: QPointF) -> Any:
        if self.axes is None or not self._title():
            return None
        x, y = self._canvas.mouseEventCoords(place)
        margin = self.fontMetrics().height() * self._canvas.device_pixel_ratio
        if not self.axes.bbox.padded(margin).contains(x, y):
            return None
        return self._at(*self.axes.transData.inverted().transform((x, y)))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose what is clicked."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            what = self._under(event.position())
            if what is not None:
                self._choose(what)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell of what is under the mouse."""
        if event is None:
            return
        what = self._under(event.position())
        self._look_at(what)
        if what is None:
            self.unsetCursor()
            QToolTip.hideText()
            return
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        place = event.globalPosition().toPoint()
        QToolTip.showText(place, wrapped(self._tip_of(what)), self)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Tell of nothing any more."""
        self._look_at(None)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move with the arrow keys, Home and End, and choose."""
        if event is None:
            return
        key = Qt.Key(event.key())
        enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        beside = self._beside(key) if key in _MOVES else None
        if beside is not None:
            self._look_at(beside)
        elif key in enter and self.looked_at is not None:
            self._choose(self.looked_at)
        else:
            super().keyPressEvent(event)

    # ---------------------------------------------------------- its size and state

    def sizeHint(self) -> QSize:
        """Return the size that the plot looks good at."""
        least = self.minimumSizeHint()
        return QSize(max(300, least.width()), least.height() * 5 // 4)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size that all texts have room in, whatever their font."""
        self.ensurePolished()  # its font is that of the style sheet only then
        metrics, (width, height, lines) = self.fontMetrics(), self._least
        widest = metrics.horizontalAdvance(self._widest) + metrics.height() // 2
        return QSize(max(width, widest), max(height, lines * metrics.height()))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Load matplotlib the first time."""
        if self.axes is None:
            from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
            from matplotlib.figure import Figure
            from matplotlib.layout_engine import ConstrainedLayoutEngine

            self._margins = ConstrainedLayoutEngine()
            # With 72 dots an inch, sizes in points are sizes in pixels of the screen.
            self._canvas = FigureCanvasQTAgg(Figure(dpi=72, layout=self._margins))
            # It draws alone: mouse, wheel and keys are this widget's, or its parents'.
            self._canvas.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._canvas.mpl_connect("draw_event", self._on_drawn)
            self._column.addWidget(self._canvas)
            self._canvas.show()
            self.axes = self._canvas.figure.add_subplot()
        self._draw()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Draw as many ticks as there is room for."""
        super().resizeEvent(event)
        self._draw()

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show that the keys come here."""
        super().focusInEvent(event)
        self._draw()

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        """Tell of nothing any more."""
        super().focusOutEvent(event)
        self._look_at(None)
        self._draw()

    def changeEvent(self, event: QEvent | None) -> None:
        """Draw anew in another theme, and ask for the size that another font needs."""
        kind = None if event is None else event.type()
        if kind == QEvent.Type.StyleChange:
            self._take_font()
        if kind in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()
            self._draw()
        super().changeEvent(event)

    def _take_font(self) -> None:
        """Write as large as napari does: its style names only widgets of Qt's own."""
        font = self.font()
        font.setPointSize(get_settings().appearance.font_size)
        self.setFont(font)

    # ------------------------------------------------------------------- drawing

    def _take_pen(self) -> Pen:
        from matplotlib.font_manager import FontProperties, fontManager

        metrics, info = self.fontMetrics(), self.fontInfo()
        # The last one is matplotlib's own, for what the window's font lacks.
        families = [info.family(), "DejaVu Sans"]
        known = [name for name in families if name in fontManager.get_font_names()]
        return Pen(
            theme_colors(self._theme()),
            FontProperties(family=known, size=info.pixelSize()),
            self.width(),
            self.height(),
            metrics.height(),
            info.pixelSize(),
            metrics.horizontalAdvance,
        )

    def _draw(self) -> None:
        """Draw all of it anew where it is seen."""
        if self.axes is None or not self.isVisible():
            return
        pen = self._pen = self._take_pen()
        title = self._title()
        figure, least = self._canvas.figure, self.minimumSizeHint()
        figure.clear()
        self._marks, self._background = [], None
        figure.set(facecolor=pen.colors.background, edgecolor=pen.colors.line)
        figure.set_linewidth(2 * self.hasFocus())  # half of which is outside
        self.axes = figure.add_subplot(facecolor="none")
        has_room = self.width() >= least.width() and self.height() >= least.height()
        if not title or not has_room:
            self.axes.set_axis_off()
        if not title:
            text = pen.text | {"ha": "center", "va": "center", "wrap": True}
            figure.text(0.5, 0.5, self._message, **text)
        elif has_room:
            self._draw_plot(self.axes, pen)
            below = 1 - (4 + pen.line) / self.height()
            self._margins.set(rect=(0, 0, 1, below))
            self._make_all_marks()
        self._canvas.draw_idle()

    def _mark(self) -> None:
        """Draw the marks anew, on what is drawn already: much quicker than all."""
        if not self._marks:
            self._draw()
        elif self._background is not None:  # else all is about to be drawn
            self._canvas.restore_region(self._background)
            self._make_all_marks()
            self._draw_marks()
            self._canvas.update()

    def _on_drawn(self, _event: Any) -> None:
        self._background = self._canvas.copy_from_bbox(self._canvas.figure.bbox)
        if self._marks:
            self._make_all_marks()  # as the axes have their place only now
        self._draw_marks()

    def _draw_marks(self) -> None:
        for artist in self._marks:
            self._canvas.figure.draw_artist(artist)

    def _make_all_marks(self) -> None:
        """Make the title and what is looked at, in words, and the plot's own marks."""
        axes, pen = self.axes, self._pen
        assert axes is not None  # as something is drawn
        assert pen is not None
        while self._marks:
            self._marks.pop().remove()
        self._marks = [*self._make_words(pen), *self._make_marks(axes, pen)]
        for artist in self._marks:
            artist.set_animated(True)  # or they would be drawn with the plot

    def _make_words(self, pen: Pen) -> list[Text]:
        figure = self._canvas.figure
        left, top = 4 / self.width(), 1 - 4 / self.height()
        title = figure.text(left, top, self._title(), va="top", **pen.text)
        if self.looked_at is None:
            return [title]
        described = pen.drawable(self._describe(self.looked_at))
        line = pen.shortened(described, self.width() - 8)
        words = figure.text(1 - left, top, line, va="top", ha="right", **pen.text)
        box = words.get_window_extent().padded(4)
        title.set_visible(not box.overlaps(title.get_window_extent()))
        return [title, words]
