"""The page that plots the error against the number of colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from psygnal import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_colorquant.viewer.widgets.curve_plot import CurvePlot

if TYPE_CHECKING:
    from napari_colorquant.core.quantization.curve import Curve, CurvePoint

CURVE_TIP = "Learn palettes of 2 to 64 colors, and draw how close the picture comes."


class CurveTab(QWidget):
    """The plot of the error against the number of colours, with the button to start it.

    draw starts the measurement, theme returns the name of the viewer's theme. chosen is
    emitted with the number of colours that the user chose.
    """

    chosen = Signal(int)

    def __init__(self, draw: Callable[[], None], theme: Callable[[], str]) -> None:
        super().__init__()
        self.plot = CurvePlot(theme=theme)
        self.plot.chosen.connect(lambda n_colors: self.chosen.emit(n_colors))
        self.button = QPushButton("How many colors?")
        self.button.clicked.connect(lambda: draw())
        self.hint = QLabel("Click a point to set the number of colors.")
        self.hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.hint)

    def begin(self, target_psnr: float | None, n_colors: int) -> None:
        """Start with an empty plot, the target in dB, and the chosen number."""
        self.plot.clear()
        self.plot.set_target(target_psnr)
        self.plot.set_current(n_colors)

    def add(self, point: CurvePoint) -> None:
        """Draw one more point."""
        self.plot.add_point(point)

    def end(self, curve: Curve) -> None:
        """Draw all points and the suggested number of colours."""
        self.plot.set_points(curve.points)
        self.plot.set_elbow(curve.elbow)
