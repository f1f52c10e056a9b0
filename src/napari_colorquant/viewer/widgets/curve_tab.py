"""The page that plots the error against the number of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_colorquant.viewer.widgets.common import Controls, keep_offered
from napari_colorquant.viewer.widgets.plots.curve_plot import CurvePlot

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.session import Session


class CurveTab(QWidget):
    """The plot of the error against the number of colours, with a button to begin."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.plot = CurvePlot(theme=lambda: session.viewer.theme)
        self.plot.chosen.connect(lambda n: session.choose(aim="number", n_colors=n))
        self.button = QPushButton("How many colors?")
        self.controls: Controls = {
            "curve": (
                self.button,
                "Learn palettes of 2 to 64 colors, and draw how close the picture "
                "comes.",
            )
        }
        hint = QLabel("Click a point to set the number of colors.")
        hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.button)
        layout.addWidget(self.plot, 1)
        layout.addWidget(hint)
        session.events.curve.connect(self._show)
        keep_offered(session, self.controls)

    def _show(self) -> None:
        curve = self._session.curve
        assert curve is not None  # as it is told of
        if not curve.points:
            self.plot.clear()
            self.plot.set_target(curve.target_psnr)
            self.plot.set_current(curve.n_colors)
            return
        self.plot.set_points(curve.points)
        self.plot.set_suggested(curve.elbow, curve.classes)
