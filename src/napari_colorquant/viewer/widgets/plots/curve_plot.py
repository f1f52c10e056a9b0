"""The error against the number of colours, to look at and to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    Qt,
    Signal,
)

from napari_colorquant.viewer.widgets.plots.curve_drawing import (
    Shown,
    draw_axes,
    draw_curve,
    draw_marks,
)
from napari_colorquant.viewer.widgets.plots.figure_widget import FigureWidget

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from qtpy.QtWidgets import QWidget

    from napari_colorquant.core.quality.curve import CurvePoint
    from napari_colorquant.viewer.widgets.plots.looks import Pen

_EMPTY = "No curve yet."
_HELP = (
    "How close the picture comes with each number of colors: the peak signal-to-noise "
    "ratio, where higher is closer. Click to choose a number of colors, or move with "
    "the arrow keys and press Enter."
)
_LEAST = 160, 160, 10
"""Of ten lines of text, three are written; the others are for the curve."""


class CurvePlot(FigureWidget):
    """A plot of PSNR against the number of colours, to choose one by mouse or keys."""

    chosen = Signal(int)

    def __init__(
        self,
        parent: QWidget | None = None,
        theme: Callable[[], str | None] = lambda: None,
    ) -> None:
        name, widest = "Error against the number of colors", "K = 000: PSNR 00.0 dB"
        super().__init__(name, _HELP, _EMPTY, _LEAST, widest, theme, parent)
        self._shown = Shown({})
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

    def set_suggested(self, elbow: int | None, classes: int | None = None) -> None:
        """Mark the points of the suggested numbers of colours, or none."""
        self._show(replace(self._shown, elbow=elbow, classes=classes))

    def set_target(self, psnr: float | None) -> None:
        """Draw a line at the PSNR in dB that is aimed for, or none."""
        self._show(replace(self._shown, target=psnr))

    def set_current(self, n_colors: int | None) -> None:
        """Mark the number of colours that is chosen now, a point or not, or none."""
        self._show(replace(self._shown, current=n_colors))

    def clear(self, message: str = _EMPTY) -> None:
        """Show a message in place of the points and of the suggested numbers."""
        self._message = message
        self._show(Shown({}, target=self._shown.target, current=self._shown.current))

    def _show(self, shown: Shown) -> None:
        is_same_plot = replace(shown, cursor=self._shown.cursor) == self._shown
        self._shown, self.looked_at = shown, shown.cursor
        told = f"{len(shown.psnr)} points." if shown.psnr else self._message
        if shown.elbow is not None:
            told += f" Suggested: {shown.elbow} colors for the picture."
        if shown.classes is not None:
            told += f" Suggested: {shown.classes} colors for classes."
        if shown.cursor is not None:
            told += f" {shown.describe(shown.cursor)}"
        self.setAccessibleDescription(told)
        if is_same_plot:
            self._mark()
        else:
            self._draw()

    # ----------------------------------------------------------------- choosing

    def _choose(self, what: int) -> None:
        self._show(replace(self._shown, cursor=what, current=what))
        self.chosen.emit(what)

    def _look_at(self, what: int | None) -> None:
        if what != self._shown.cursor:
            self._show(replace(self._shown, cursor=what))

    def _describe(self, what: int) -> str:
        return self._shown.describe(what)

    def _at(self, x: float, y: float) -> int:
        """Return the number of the point that is nearest from left to right."""
        return min(self._shown.psnr, key=lambda n_colors: abs(n_colors - x))

    def _beside(self, key: Qt.Key) -> int | None:
        numbers = sorted(self._shown.psnr)
        if not numbers:
            return None
        match key:
            case Qt.Key.Key_Left:
                return self._next(numbers, -1)
            case Qt.Key.Key_Right:
                return self._next(numbers, 1)
            case Qt.Key.Key_Home:
                return numbers[0]
            case Qt.Key.Key_End:
                return numbers[-1]
        return None

    def _next(self, numbers: Sequence[int], step: int) -> int:
        """Return the number beside the cursor, or where a cursor starts."""
        shown = self._shown
        if shown.cursor is None:
            starts = (shown.current, shown.elbow, numbers[0])
            start = next(n for n in starts if n is not None)
            return min(numbers, key=lambda n: abs(n - start))
        place = numbers.index(shown.cursor) + step
        return numbers[min(max(place, 0), len(numbers) - 1)]

    # ------------------------------------------------------------------- drawing

    def _title(self) -> str:
        return "PSNR (dB)" if self._shown.psnr else ""

    def _draw_plot(self, axes: Axes, pen: Pen) -> None:
        draw_axes(axes, self._shown, pen)
        draw_curve(axes, self._shown, pen.colors)
        draw_marks(axes, self._shown, pen)

    def _make_marks(self, axes: Axes, pen: Pen) -> list[Artist]:
        from matplotlib.lines import Line2D

        cursor, figure = self._shown.cursor, self._canvas.figure
        if cursor is None:
            return []
        # Parts of the figure and not of the axes: the legend makes no room for them.
        color, x_only = pen.colors.text, axes.get_xaxis_transform()
        line = Line2D([cursor] * 2, [0, 1], color=color, ls=":", transform=x_only)
        heights = [min(self._shown.psnr[cursor], axes.get_ylim()[1])]
        place = axes.transData
        ring = Line2D([cursor], heights, color=color, marker="o", transform=place)
        ring.set(markersize=14, markerfacecolor="none")
        return [figure.add_artist(line), figure.add_artist(ring)]
