"""Take the screenshots of the README: the real widget, driven by real clicks.

Run it in a virtual display: ``xvfb-run -a -s "-screen 0 1600x1200x24" python
script/screenshots.py docs/images [--theme light]``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import monotonic

import napari
import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication


def wait_until(condition, seconds=60.0):
    """Let the event loop run until a condition holds."""
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            raise TimeoutError("the viewer did not come to an end of its work")
        QApplication.processEvents()
        QTest.qWait(10)


def click(button):
    """Click a magicgui button as a user does."""
    QTest.mouseClick(button.native, Qt.MouseButton.LeftButton)


def main() -> None:
    """Drive the widget through its states and photograph each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", default="dark")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    viewer = napari.Viewer(show=True)
    viewer.theme = options.theme
    viewer.window.resize(1280, 800)
    suffix = "" if options.theme == "dark" else f"-{options.theme}"

    def photograph(state: str, settle: int = 800) -> None:
        QTest.qWait(settle)  # thumbnails and layouts follow a little later
        path = options.folder / f"{state}{suffix}.png"
        viewer.window.screenshot(str(path), canvas_only=False, flash=False)

    (china,) = viewer.open_sample("napari-colorquant", "china")
    _, widget = viewer.window.add_plugin_dock_widget(
        "napari-colorquant", "Color quantization"
    )
    QTest.qWait(500)
    viewer.reset_view()
    photograph("before")

    widget.form.n_colors.value = 16
    click(widget.quantize_button)
    wait_until(lambda: widget.quantize_button.enabled)
    photograph("widget")
    _, picture, labels = viewer.layers
    labels.visible, picture.visible = True, False
    photograph("labels")
    labels.visible, picture.visible = False, True

    click(widget.compare_button)
    wait_until(lambda: widget.quantize_button.enabled)
    photograph("compare")
    viewer.canvas.grid.enabled = False

    # A large picture, so that the run lasts long enough to be photographed.
    large = np.tile(china.data, (20, 20, 1))
    viewer.add_image(large, name="china, 400 times", rgb=True)
    viewer.reset_view()
    widget.form.n_colors.value = 256
    QTest.qWait(800)
    click(widget.quantize_button)
    wait_until(lambda: widget.progress_bar.value > 0.6 * widget.progress_bar.max)
    photograph("during", settle=0)
    click(widget.cancel_button)
    wait_until(lambda: widget.quantize_button.enabled)
    photograph("cancelled")
    viewer.close()


if __name__ == "__main__":
    main()
