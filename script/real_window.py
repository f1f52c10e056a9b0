"""What the screenshots and the screencasts share: the real window, and real clicks.

Import it before napari: the user's own settings are then left alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic

# Before napari is loaded, which remembers the last number of colors for the user.
os.environ["NAPARI_CONFIG"] = str(Path(mkdtemp()) / "settings.yaml")

import napari
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

PLUGIN, WIDGET = "napari-colorquant", "Color quantization"


def wait_until(condition, seconds=300.0, meanwhile=lambda: None):
    """Let events come until a condition holds: the first run compiles the engine."""
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            raise TimeoutError("the viewer did not come to an end of its work")
        QApplication.processEvents()
        QTest.qWait(10)
        meanwhile()


def click(button, place=None, modifier=Qt.KeyboardModifier.NoModifier):
    """Click a widget as a user does, in its middle or at a place in it."""
    native = getattr(button, "native", button)
    place = native.rect().center() if place is None else place
    QTest.mouseClick(native, Qt.MouseButton.LeftButton, modifier, place)


def open_viewer(theme, width, height):
    """Open the window of napari, in a theme and a size in pixels."""
    viewer = napari.Viewer(show=True)
    viewer.theme = theme
    viewer.window.resize(width, height)
    return viewer


def run(widget, button, meanwhile=lambda: None):
    """Click a button of the widget, and wait for the end of the run that it starts."""
    click(button)
    wait_until(lambda: widget.quantize_button.enabled, meanwhile=meanwhile)
