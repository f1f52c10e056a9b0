"""The plot of the shares that were measured, below their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    Qt,
    Signal,
)

from napari_colorquant.viewer.widgets.plots.figure_widget import FigureWidget
from napari_colorquant.viewer.widgets.plots.shares import Shares, Step, shares_of
from napari_colorquant.viewer.widgets.plots.shares_drawing import (
    LEAST_BAR,
    draw_bars,
    draw_lines,
    room_for,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from napari_colorquant.viewer.session.session import Session
    from napari_colorquant.viewer.widgets.plots.looks import Pen

_HELP = (
    "The shares of the table in its colors, with the labels. Click a bar to select "
    "its row; of slices, click to go to one. The arrow keys move, also to bars that "
    "have no room, and Enter is a click."
)
_STEPS: dict[Qt.Key, Step] = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
    Qt.Key.Key_Home: "first",
    Qt.Key.Key_End: "last",
}


class SharesPlot(FigureWidget):
    """Stacked bars of the shares by image or region, or lines over slices.

    It is hidden where nothing is measured. What is looked at, and selected, is one of
    the N of Shares. chosen has the row of the table whose bar is clicked.
    """

    chosen = Signal(int)

    def __init__(self, session: Session) -> None:
        least, widest = (160, 140, 8), "00.00 %, label 00"
        theme = lambda: session.viewer.theme  # noqa: E731, it may change
        super().__init__("Shares", _HELP, "", least, widest, theme)
        self._session = session
        self._table: Any = None
        self.shares: Shares | None = None
        self.bars = range(0)
        self._selected: int | None = None
        self._seen: int | None = None  # what bars and lines are shown with
        self._slice: int | None = None
        self.hide()
        session.events.areas.connect(self._show)
        session.events.moved.connect(self._follow)
        self._show()

    # ------------------------------------------------------------- what is shown

    @property
    def selected(self) -> int | None:
        """The row of the table that is selected; None for none."""
        index, shares = self._selected, self.shares
        return None if index is None or shares is None else int(shares.rows[index])

    @property
    def panel(self) -> int:
        """Which image and region has its lines shown."""
        seen, shares = self._seen, self.shares
        return 0 if seen is None or shares is None else int(shares.panel[seen])

    def select(self, row: int | None) -> None:
        """Mark a row of the table, or none."""
        if self.shares is not None:
            self._selected = self.shares.index_of(row)
            self._see(self._selected)

    def _show(self) -> None:
        """Show the table if it is another one."""
        table = self._session.areas.table
        if table is self._table:
            return
        self._table = table
        self.shares = None if table is None else shares_of(table)
        self.looked_at, self._selected, self._seen = None, None, None
        self._slice, self.bars = None, range(0)
        self._message = "" if self.shares is None else self.shares.why_not
        self.setVisible(table is not None)
        self._tell()
        self._draw()
        self._follow()

    def _follow(self) -> None:
        """Mark the slice that the viewer shows."""
        shares = self.shares
        if shares is None or not shares.of_slices:
            return
        first = int(shares.rows[shares.panel == self.panel][0])
        shown = self._session.areas.shown_slice(first, self._session.viewer.dims)
        if shown != self._slice:
            self._slice = shown
            self._tell()
            self._mark()

    def _see(self, index: int | None) -> None:
        """Show other bars or lines where one that there is could not be seen."""
        before = self.panel
        self._seen = self._seen if index is None else index
        self._tell()
        bars = self.bars if self._pen is None else self._bars_to_show(self._pen)
        if (self.panel, bars) == (before, self.bars):
            self._mark()
        else:
            self._draw()
            self._follow()

    def _bars_to_show(self, pen: Pen) -> range:
        """Return as many bars as there is room for, with the one that is seen."""
        shares = self.shares
        if shares is None or shares.of_slices:
            return range(0)
        n = int(shares.place.max()) + 1
        most = min(n, max(1, room_for(pen) // LEAST_BAR))
        now = range(self.bars.start, self.bars.start + most)
        seen = self._seen
        if seen is not None and (place := int(shares.place[seen])) not in now:
            start = place if place < now.start else place - most + 1
            now = range(start, start + most)
        start = min(now.start, n - most)
        return range(start, start + most)

    def _tell(self) -> None:
        told = [self._title() or self._message]
        if self._slice is not None:
            told.append(f"Slice {self._slice} is shown in the viewer.")
        if self.looked_at is not None:
            told.append(self._describe(self.looked_at))
        self.setAccessibleDescription(" ".join(told))

    # ----------------------------------------------------------------- choosing

    def _choose(self, what: int) -> None:
        assert self.shares is not None  # as there is something to click
        row = int(self.shares.rows[what])
        if self.shares.of_slices:
            self._session.areas.go_to(row, self._session.viewer.dims)
        else:
            self.chosen.emit(row)

    def _look_at(self, what: int | None) -> None:
        if what != self.looked_at:
            self.looked_at = what
            self._see(what)

    def _at(self, x: float, y: float) -> int | None:
        assert self.shares is not None  # as it is drawn
        if not self.shares.of_slices and round(x) not in self.bars:
            return None
        return self.shares.nearest(x, y, self.panel)

    def _beside(self, key: Qt.Key) -> int | None:
        shares = self.shares
        if shares is None or shares.why_not:
            return None
        start, step = self.looked_at, _STEPS[key]
        if start is None:
            shown = 0 if self._slice is None else self._slice
            start = self._selected
            start = shares.nearest(shown, 0, self.panel) if start is None else start
            if step not in ("first", "last"):
                return start
        return shares.beside(start, step)

    def _describe(self, what: int) -> str:
        assert self.shares is not None
        return ", ".join(self.shares.facts(what, with_area=False))

    def _tip_of(self, what: int) -> str:
        assert self.shares is not None
        return "\n".join(self.shares.facts(what))

    # ------------------------------------------------------------------- drawing

    def _title(self) -> str:
        shares = self.shares
        if shares is None or shares.why_not:
            return ""
        return shares.title(self.panel, self.bars)

    def _draw_plot(self, axes: Axes, pen: Pen) -> None:
        assert self.shares is not None  # as it has a title
        if self.shares.of_slices:
            draw_lines(axes, self.shares, self.panel, pen)
        else:
            self.bars = self._bars_to_show(pen)
            self._tell()
            draw_bars(axes, self.shares, self.bars, pen)

    def _make_marks(self, axes: Axes, pen: Pen) -> list[Artist]:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        shares, colors, figure = self.shares, pen.colors, self._canvas.figure
        assert shares is not None
        marks: list[Artist] = []
        if self._slice is not None:
            y_part, (first, last) = axes.get_xaxis_transform(), axes.get_xlim()
            if first <= self._slice <= last:
                line = Line2D([self._slice] * 2, [0, 1], transform=y_part)
                line.set(color=colors.choice, marker="^", markevery=[0])
                marks.append(line)
        for index, color in (
            (self._selected, colors.choice),
            (self.looked_at, colors.text),
        ):
            if index is None or shares.panel[index] != self.panel:
                continue
            place = float(shares.place[index])
            if shares.of_slices:
                ring = Line2D([place], shares.percent[[index]], color=color, marker="o")
                ring.set(markersize=12, markerfacecolor="none", markeredgewidth=2)
                ring.set_transform(axes.transData)
                marks.append(ring)
            else:
                low, high = float(shares.low[index]), float(shares.high[index])
                box = Rectangle((place - 0.45, low), 0.9, high - low, fill=False)
                box.set(edgecolor=color, linewidth=2, transform=axes.transData)
                marks.append(box)
        return [figure.add_artist(mark) for mark in marks]
