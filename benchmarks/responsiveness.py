"""How long each step of the widget takes the event loop away, on 4 megapixels.

xvfb-run -a -s "-screen 0 1600x1200x24" python benchmarks/responsiveness.py

A timer ticks each millisecond in the real viewer while each step is done, and the
longest time between two ticks is what a user feels: the plugin's own work, and napari's
drawing of what has changed. The first rows are napari alone, doing what any plugin has
to ask of it: without a graphics card, drawing takes most of the time. A figure is the
median over the repeats.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import machine
import napari
import numpy as np
import pictures
import report
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_colorquant import Merge, Recolor, Remove, Sort

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 100.0
"""Milliseconds that are felt as a delay."""


class Loop:
    """The event loop, watched."""

    def __init__(self) -> None:
        self._longest, self._last = 0.0, perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(1)
        self.gaps: dict[str, list[float]] = defaultdict(list)

    def _tick(self) -> None:
        now = perf_counter()
        self._longest, self._last = max(self._longest, now - self._last), now

    def watch(self, step: str, do: Callable[[], object], settle: int = 700) -> None:
        """Do a step, and note the longest time that the loop was away."""
        QTest.qWait(300)
        self._longest, self._last = 0.0, perf_counter()
        do()
        QTest.qWait(settle)
        self.gaps[step].append(1e3 * self._longest)


def wait_until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until a condition holds."""
    while not condition():
        QApplication.processEvents()
        QTest.qWait(1)


def remove_all(viewer: napari.Viewer, left: int = 0) -> None:
    """Remove the layers from the top: some drivers crash on any other order."""
    while len(viewer.layers) > left:
        viewer.layers.pop()
        QTest.qWait(200)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    quiet = machine.Quiet()

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1280, 900)
    image = pictures.tiled(options.megapixels)
    viewer.add_image(image, name="picture", rgb=True)
    _, widget = viewer.window.add_plugin_dock_widget(
        "napari-colorquant", "Color quantization"
    )
    widget.form.n_colors.value = 8
    bench, loop = widget.palette_tab, Loop()
    QTest.qWait(3000)

    def press_quantize() -> None:
        QTest.mouseClick(widget.quantize_button.native, Qt.MouseButton.LeftButton)
        wait_until(lambda: widget.quantize_button.enabled)

    press_quantize()
    QTest.qWait(2000)
    remove_all(viewer)
    for _ in range(options.repeats):
        layer = viewer.add_image(image, name="picture", rgb=True)
        loop.watch(
            "napari alone: add an image and a labels layer",
            lambda: (
                viewer.add_image(image.copy(), rgb=True, name="other"),
                viewer.add_labels(np.ones(image.shape[:2], np.uint8), visible=False),
            ),
        )
        loop.watch(
            "napari alone: refresh an image and a labels layer",
            lambda: (viewer.layers[1].refresh(), viewer.layers[2].refresh()),
        )
        remove_all(viewer, left=1)
        viewer.layers.selection.active = layer
        loop.watch("Quantize", press_quantize)
        loop.watch("select two rows", lambda: bench.select([2, 3]))
        loop.watch("select another row", lambda: bench.select([1]))
        loop.watch("change a color", lambda: bench.edit(Recolor(1, (255, 0, 0))))
        loop.watch("merge two", lambda: bench.edit(Merge([2, 3])))
        loop.watch("undo", bench._undo)
        loop.watch("sort by hue", lambda: bench.edit(Sort("hue")))
        loop.watch("remove", lambda: bench.edit(Remove([2])), 2000)
        loop.watch(
            "type a name", lambda: bench.model.setData(bench.model.index(0, 1), "x")
        )
        remove_all(viewer)

    print(machine.describe())
    print(f"{options.megapixels:g} megapixels, {options.repeats} repeats\n")
    figures = {step: median(gaps) for step, gaps in loop.gaps.items()}
    rows = [(step, f"{figure:.0f}") for step, figure in figures.items()]
    print(report.table(("step", "longest gap, ms"), rows))
    print()
    for step, figure in figures.items():
        if not step.startswith("napari"):
            print(report.at_most(step, figure, MOST, " ms"))
    print(f"\n{quiet}")
    viewer.close()


if __name__ == "__main__":
    main()
