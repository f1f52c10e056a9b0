"""The error against the number of colours, to look at and to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari.settings import get_settings
from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    QEvent,
    QPointF,
    QSize,
    Qt,
    Signal,
)
from qtpy.QtWidgets import QSizePolicy, QToolTip, QVBoxLayout, QWidget

from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.plots.curve_drawing import (
    Room,
    Shown,
    draw_axes,
    draw_curve,
    draw_marks,
    theme_colors,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from qtpy.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent

    from napari_colorquant.core.quantization.curve import CurvePoint

_EMPTY = "No curve yet."
_HELP = (
    "How close the picture comes with each number of colors: the peak signal-to-noise "
    "ratio, where higher is closer. Click to choose a number of colors, or move with "
    "the arrow keys and press Enter."
)
_LEAST_WIDTH, _LEAST_HEIGHT, _GOOD_WIDTH = 160, 160, 300
_WIDEST = "K = 000: PSNR 00.0 dB"
_LINES_HIGH = 10
"""Least height in lines of text: three are written, the others are for the curve."""


class CurvePlot(QWidget):
    """A plot of PSNR against the number of colours, to choose one by mouse or keys."""

    chosen = Signal(int)
    axes: Axes | None = None
    """None until the plot is first shown: matplotlib takes a while to load."""

    def __init__(
        self,
        parent: QWidget | None = None,
        theme: Callable[[], str | None] = lambda: None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown = Shown({})
        self._message = _EMPTY
        self._title: Text | None = None
        self._of_cursor: list[Artist] = []
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Error against the number of colors")
        self.setToolTip(wrapped(_HELP))
        self._room = QVBoxLayout(self)
        self._room.setContentsMargins(0, 0, 0, 0)
        self._take_font()
        self._show(self._shown)

    # ------------------------------------------------------------- what is shown

    @property
    def shown(self) -> Shown:
        """What is shown now."""
        return self._shown

    def set_points(self, points: Iterable[CurvePoint]) -> None:
        """Show these points, in any order, and no others."""
        psnr = {point.n_colors: point.psnr for point in points}
        cursor = self._shown.cursor if self._shown.cursor in psnr else None
        self._show(replace(self._shown, psnr=psnr, cursor=cursor))

    def add_point(self, point: CurvePoint) -> None:
        """Show one more point, or another one in place of that of its number."""
        psnr = {**self._shown.psnr, point.n_colors: point.psnr}
        self._show(replace(self._shown, psnr=psnr))

    def set_elbow(self, n_colors: int | None) -> None:
        """Mark the point of the suggested number of colours, or none."""
        self._show(replace(self._shown, elbow=n_colors))

    def set_target(self, psnr: float | None) -> None:
        """Draw a line at the PSNR in dB that is aimed for, or none."""
        self._show(replace(self._shown, target=psnr))

    def set_current(self, n_colors: int | None) -> None:
        """Mark the number of colours that is chosen now, a point or not, or none."""
        self._show(replace(self._shown, current=n_colors))

    def clear(self, message: str = _EMPTY) -> None:
        """Show a message in place of the points and of the suggested number."""
        self._message = message
        self._show(replace(self._shown, psnr={}, elbow=None, cursor=None))

    def _show(self, shown: Shown) -> None:
        is_same_plot = replace(shown, cursor=self._shown.cursor) == self._shown
        self._shown = shown
        told = f"{len(shown.psnr)} points." if shown.psnr else self._message
        if shown.elbow is not None:
            told += f" Suggested: {shown.elbow} colors."
        if shown.cursor is not None:
            told += f" {shown.describe(shown.cursor)}"
        self.setAccessibleDescription(told)
        if is_same_plot and self._title is not None:  # much quicker
            self._draw_cursor(self._title)
        else:
            self._draw()

    # ----------------------------------------------------------------- choosing

    def _choose(self, n_colors: int) -> None:
        self._show(replace(self._shown, cursor=n_colors, current=n_colors))
        self.chosen.emit(n_colors)

    def _look_at(self, n_colors: int | None) -> None:
        if n_colors != self._shown.cursor:
            self._show(replace(self._shown, cursor=n_colors))

    def _nearest(self, place: QPointF) -> int | None:
        """Return the number of the point that is nearest from left to right."""
        if self.axes is None or not self._shown.psnr:
            return None
        x, y = self._canvas.mouseEventCoords(place)
        margin = self.fontMetrics().height() * self._canvas.device_pixel_ratio
        if not self.axes.bbox.padded(margin).contains(x, y):
            return None
        at = self.axes.transData.inverted().transform((x, y))[0]
        return min(self._shown.psnr, key=lambda n_colors: abs(n_colors - at))

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Choose the point that is clicked."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            n_colors = self._nearest(event.position())
            if n_colors is not None:
                self._choose(n_colors)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Tell of the point under the mouse."""
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
        """Tell of no point any more."""
        self._look_at(None)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move from point to point with the arrow keys, Home and End, and choose."""
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

    # ---------------------------------------------------------- its size and state

    def sizeHint(self) -> QSize:
        """Return the size that the plot looks good at."""
        least = self.minimumSizeHint()
        return QSize(max(_GOOD_WIDTH, least.width()), least.height() * 5 // 4)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest size that all texts have room in, whatever their font."""
        self.ensurePolished()  # its font is that of the style sheet only then
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(_WIDEST) + metrics.height() // 2
        height = _LINES_HIGH * metrics.height()
        return QSize(max(_LEAST_WIDTH, width), max(_LEAST_HEIGHT, height))

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
            self._room.addWidget(self._canvas)
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
        """Tell of no point any more."""
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

    def _draw(self) -> None:
        """Draw all of it anew where it is seen."""
        if self.axes is None or not self.isVisible():
            return
        from matplotlib.font_manager import FontProperties, fontManager

        colors, info = theme_colors(self._theme()), self.fontInfo()
        # The last one is matplotlib's own, for what the window's font lacks.
        families = [info.family(), "DejaVu Sans"]
        known = [name for name in families if name in fontManager.get_font_names()]
        font = FontProperties(family=known, size=info.pixelSize())
        text: dict[str, Any] = {"color": colors.text, "font": font}
        figure, least = self._canvas.figure, self.minimumSizeHint()
        figure.clear()
        self._title, self._of_cursor = None, []
        figure.set(facecolor=colors.background, edgecolor=colors.line)
        figure.set_linewidth(2 * self.hasFocus())  # half of which is outside
        self.axes = figure.add_subplot(facecolor="none")
        has_room = self.width() >= least.width() and self.height() >= least.height()
        if not self._shown.psnr or not has_room:
            self.axes.set_axis_off()
        if not self._shown.psnr:
            text |= {"ha": "center", "va": "center", "wrap": True}
            figure.text(0.5, 0.5, self._message, **text)
        elif has_room:
            metrics = self.fontMetrics()
            room = Room(
                self.width(),
                self.height(),
                metrics.height(),
                info.pixelSize(),
                metrics.horizontalAdvance,
            )
            draw_axes(self.axes, self._shown, colors, text, room)
            draw_curve(self.axes, self._shown, colors)
            draw_marks(self.axes, self._shown, colors, font)
            left, top = 4 / self.width(), 1 - 4 / self.height()
            below = top - self.fontMetrics().height() / self.height()
            self._margins.set(rect=(0, 0, 1, below))
            self._title = figure.text(left, top, "PSNR (dB)", va="top", **text)
            self._draw_cursor(self._title)
        self._canvas.draw_idle()

    def _draw_cursor(self, title: Text) -> None:
        """Mark the point that is looked at, and say what it is beside the title."""
        from matplotlib.lines import Line2D

        while self._of_cursor:
            self._of_cursor.pop().remove()
        title.set_visible(True)
        self._canvas.draw_idle()
        cursor, axes, figure = self._shown.cursor, self.axes, self._canvas.figure
        if cursor is None or axes is None:
            return
        # Parts of the figure and not of the axes: the legend makes no room for them.
        color, x_only = title.get_color(), axes.get_xaxis_transform()
        line = Line2D([cursor] * 2, [0, 1], color=color, ls=":", transform=x_only)
        line.set_zorder(-1)
        heights = [min(self._shown.psnr[cursor], axes.get_ylim()[1])]
        place = axes.transData
        ring = Line2D([cursor], heights, color=color, marker="o", transform=place)
        ring.set(markersize=14, markerfacecolor="none")
        (left, top), font = title.get_position(), title.get_fontproperties()
        words = figure.text(1 - left, top, self._shown.describe(cursor), color=color)
        words.set(ha="right", va="top", font=font)
        self._of_cursor = [figure.add_artist(line), figure.add_artist(ring), words]
        box = words.get_window_extent().padded(4)
        title.set_visible(not box.overlaps(title.get_window_extent()))
