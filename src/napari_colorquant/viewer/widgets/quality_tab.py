"""The page that judges a result: quality measures, and a map of the error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_error
from psygnal import Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.session.possible import why_not_judge
from napari_colorquant.viewer.session.result import Result
from napari_colorquant.viewer.session.result_data import error_layer, take_compared
from napari_colorquant.viewer.tasks.quality import (
    ComparedImages,
    MappedErrors,
    QualityResult,
    map_error,
    measure_result,
)
from napari_colorquant.viewer.widgets.common import offer
from napari_colorquant.viewer.widgets.quality_panel import QualityPanel

if TYPE_CHECKING:
    from napari.layers import Image


_READY = "Press Measure to compare the result with its original."
_MEASURE = "Compare the result with its original, pixel by pixel."
_MAP = (
    "Add a layer that shows how far each pixel is from the original: as ΔE2000, or as "
    "the distance in the channels' units."
)


class QualityTab(QWidget):
    """The page for the quality of the shown result, with more buttons below.

    runner measures; result returns the result or None; add_layer adds a layer to the
    viewer. said is emitted with one line for the user on what was done.
    """

    said = Signal(str)

    def __init__(
        self,
        runner: JobQueue,
        result: Callable[[], Result | None],
        add_layer: Callable[[Image], None],
        buttons: list[QWidget],
    ) -> None:
        super().__init__()
        self._runner, self._result, self._add_layer = runner, result, add_layer
        self.panel = QualityPanel()
        self.panel.clear(_READY)
        self.measure = QPushButton("Measure")
        self.error_map = QPushButton("Error map")
        self.offer_actions()
        self.measure.clicked.connect(self._measure)
        self.error_map.clicked.connect(self._map)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.panel)
        grid = QGridLayout()
        grid.setSpacing(2)
        for place, button in enumerate((self.measure, self.error_map, *buttons)):
            grid.addWidget(button, place // 2, place % 2)
            grid.setColumnStretch(place % 2, 1)
        layout.addLayout(grid)
        layout.addStretch(1)

    def forget(self) -> None:
        """Clear the figures, which are not those of the result any more."""
        self.panel.clear(_READY)

    def offer_actions(self) -> None:
        """Enable the buttons that can be used now."""
        why_not = UNDER_WAY if self._runner.busy else why_not_judge(self._result())
        offer(self.measure, _MEASURE, why_not)
        offer(self.error_map, _MAP, why_not)

    def _measure(self) -> None:
        def show(result: Result, judged: QualityResult) -> None:
            if result is self._result():
                self.panel.show_quality(*judged)
                self.said.emit(f"Measured {result.name}.")

        self._start("Measuring", measure_result, show)

    def _map(self) -> None:
        def show(result: Result, mapped: MappedErrors) -> None:
            layer = error_layer(result, mapped)
            self._add_layer(layer)
            self.said.emit(f"Added {layer.name}.")

        self._start("Mapping the error of", map_error, show)

    def _start(
        self,
        doing: str,
        do: Callable[[ComparedImages, Monitor], Any],
        show: Callable[[Result, Any], None],
    ) -> None:
        result = self._result()
        why_not = why_not_judge(result)
        if result is None or why_not:
            show_error(why_not)
            return
        try:
            compared = take_compared(result)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            return
        if compared is None:
            show_error(
                f"The image that {result.name!r} was made from has another shape now: "
                "quantize it again."
            )
            return
        self._runner.start(
            Job(
                f"{doing} {result.name}",
                partial(do, compared),
                lambda found: show(result, found),
                (result.picture,),
            )
        )
