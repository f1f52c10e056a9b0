"""The page on how good a result is: quality, a map of the error, comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_colorquant.viewer.widgets.common import Controls, grid_of, keep_offered
from napari_colorquant.viewer.widgets.quality_panel import QualityPanel

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.session import Session

_READY = "Press Measure to compare the result with its original."
_MEASURE = "Compare the result with its original, pixel by pixel."
_MAP = (
    "Add a layer that shows how far each pixel is from the original: as ΔE2000, or as "
    "the distance in the channels' units."
)
_COMPARE = (
    "Show the original and the result of every method side by side, with their errors. "
    "Leaving the grid mode brings back the other layers."
)
_COMPARE_RESULTS = (
    "Show the results whose layers are selected in the layer list side by side with "
    "their originals."
)


class QualityTab(QWidget):
    """The page for the quality of the shown result, and for comparisons."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.panel = QualityPanel()
        self.measure = QPushButton("Measure")
        self.error_map = QPushButton("Error map")
        self.compare = QPushButton("Compare methods")
        self.compare_results = QPushButton("Compare results")
        self.controls: Controls = {
            "measure": (self.measure, _MEASURE),
            "map_error": (self.error_map, _MAP),
            "compare": (self.compare, _COMPARE),
            "compare_results": (self.compare_results, _COMPARE_RESULTS),
        }
        self.measure.clicked.connect(lambda: session.measure())
        self.error_map.clicked.connect(lambda: session.map_error())
        self.compare_results.clicked.connect(lambda: session.compare_results())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.panel)
        buttons = (self.measure, self.error_map, self.compare, self.compare_results)
        layout.addLayout(grid_of(buttons, 2))
        layout.addStretch(1)
        session.events.quality.connect(self._show)
        self._show()
        keep_offered(session, self.controls)

    def _show(self) -> None:
        """Show what is measured; not the figures of what was shown before."""
        if self._session.quality is None:
            self.panel.clear(_READY)
        else:
            self.panel.show_quality(*self._session.quality)
