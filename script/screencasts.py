"""Record the screencasts of the pages: the real window, driven by real clicks.

script/screencasts runs it in a virtual display. A frame is taken where something
changes, and lasts as long as it takes to read: not as long as this machine computed.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

from real_window import PLUGIN, WIDGET, click, open_viewer, run

# isort: split
import dask.array as da
from PIL import Image, ImageChops, ImageDraw
from qtpy.QtCore import QBuffer, QIODevice, QPoint, QPointF, Qt, QTimer
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLineEdit

from napari_colorquant import Classify, normalize_stains, stain_scales

SIZE = WIDTH, HEIGHT = 1040, 700
_STATUS = 24
"""Pixels of height of the line of status."""
MOST_BYTES = 2 * 10**6
"""What a page may ask of its reader for one screencast."""
_POINTER = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (13, 12))
"""The corners of an arrow whose tip is at 0, 0, in pixels."""
_STEP, _LETTER, _READ, _END = 40, 110, 900, 2500
"""Milliseconds of a step of the pointer, a letter, a new state, and the last one."""


class Screencast:
    """The frames of a window, how long each lasts, and where the pointer is."""

    def __init__(self, viewer, widget):
        self.viewer, self.widget = viewer, widget
        self.frames, self.times = [], []
        self._place = QPoint(WIDTH // 2, HEIGHT // 2)

    def take(self, milliseconds, pressed=False):
        """Add a frame, or let the last one last longer if nothing has changed."""
        if not self.take_change(milliseconds, pressed):
            self.times[-1] += milliseconds

    def take_change(self, milliseconds, pressed=False):
        """Add a frame if something has changed; return whether it has."""
        QTest.qWait(30)  # what was changed is drawn
        frame = _draw_pointer(_grab(), self._place, pressed)
        if self.frames and not _differ(frame, self.frames[-1]):
            return False
        self.frames.append(frame)
        self.times.append(milliseconds)
        return True

    def read(self, milliseconds=_READ):
        """Let what is shown be read, once thumbnails and layouts have followed."""
        QTest.qWait(600)
        self.take(milliseconds)

    def move(self, native, place=None):
        """Move the pointer to the middle of a widget, or to a place in it."""
        place = native.rect().center() if place is None else place
        start, end = self._place, native.mapToGlobal(place)
        n_steps = max(1, min(10, (end - start).manhattanLength() // 40))
        for step in range(1, n_steps + 1):
            part = step / n_steps
            self._place = start + (end - start) * (part * part * (3 - 2 * part))
            self.take(_STEP)
        return place

    def click(self, button, place=None, *, read=_READ, do=click, **modifier):
        """Move to a widget, or to a place in it, click there and show what follows."""
        native = getattr(button, "native", button)
        place = self.move(native, place)
        self.take(150, pressed=True)
        do(native, place, **modifier)
        if read:
            self.read(read)

    def run(self, button):
        """Click a button of the widget, and record the run that it starts."""
        record = partial(self.take_change, 80)
        self.click(
            button, read=0, do=lambda *_: run(self.widget, button, meanwhile=record)
        )
        self.read()

    def choose(self, button, *words):
        """Choose from the menu of a button, and from the menus in it."""

        def open_and_choose(native, place):
            # The menu has an event loop of its own, in which a click on it must come.
            choosing = partial(self.choose_in, native.menu(), *words)
            QTimer.singleShot(300, choosing)
            click(native, place)

        self.click(button, do=open_and_choose)

    def choose_in(self, menu, *words):
        """Choose from a menu that is open, and from the menus in it."""
        for word in words:
            (action,) = (one for one in menu.actions() if one.text() == word)
            place = menu.actionGeometry(action).center()
            self.take(300)
            self.click(menu, place, read=300 if action.menu() else 0)
            menu = action.menu()

    def choose_item(self, box, text):
        """Choose an item of a box by its text."""
        native = getattr(box, "native", box)
        self.click(native, read=300)
        QTest.qWait(QApplication.doubleClickInterval() + 100)  # else it stays open
        view = native.view()
        index = native.model().index(native.findText(text), 0)
        self.click(view.viewport(), view.visualRect(index).center())

    def click_row(self, table, row, column=1, **modifier):
        """Click a cell of a table."""
        cell = table.visualRect(table.model().index(row, column))
        self.click(table.viewport(), cell.center(), **modifier)

    def type(self, table, text):
        """Type into the cell of a table that is open, and press Enter."""
        editor = table.findChild(QLineEdit)
        for letter in text:
            QTest.keyClicks(editor, letter)
            self.take(_LETTER)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        self.read()

    def zoom(self, place, n_steps):
        """Turn the wheel over a place in the canvas, a notch a step."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        place = self.move(canvas, place)
        for _ in range(n_steps):
            event = QWheelEvent(
                QPointF(place),
                QPointF(canvas.mapToGlobal(place)),
                QPoint(),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(canvas, event)
            self.take(90)

    def save(self, path):
        """Write the frames as an animation, and refuse one that is too large."""
        self.times[-1] = max(self.times[-1], _END)
        first, *others = self.frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=self.times,
            loop=0,
            quality=70,
            method=4,
            minimize_size=True,
        )
        n_bytes, seconds = path.stat().st_size, sum(self.times) / 1000
        print(f"{path}: {len(self.frames)} frames, {seconds:.1f} s, {n_bytes:,} bytes")
        if n_bytes > MOST_BYTES:
            raise SystemExit(f"{path} has more than {MOST_BYTES:,} bytes: record less.")


def _grab():
    """Return what the screen shows of the window, with its menus, as a picture."""
    pixmap = QApplication.primaryScreen().grabWindow(0, 0, 0, *SIZE)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixmap.save(buffer, "BMP")
    return Image.open(BytesIO(bytes(buffer.data()))).convert("RGB")


def _differ(frame, other):
    """Return whether frames differ above the line of status, where a wheel turns."""
    found = ImageChops.difference(frame, other).getbbox()
    return found is not None and found[1] < HEIGHT - _STATUS


def _draw_pointer(frame, place, pressed):
    """Draw an arrow, and a ring around its tip while the button is pressed."""
    draw = ImageDraw.Draw(frame, "RGBA")
    x, y = place.x(), place.y()
    if pressed:
        ring = (x - 14, y - 14, x + 14, y + 14)
        draw.ellipse(ring, fill=(255, 210, 0, 90), outline=(255, 210, 0), width=3)
    corners = [(x + right, y + down) for right, down in _POINTER]
    draw.polygon(corners, fill="white", outline="black", width=2)
    return frame


# ---------------------------------------------------------------- the screencasts


def quantize_and_select(viewer):
    """Open the widget, quantize, and look at the pixels of two entries."""
    viewer.open_sample(PLUGIN, "ihc")
    cast = begin(viewer)
    cast.take(_READ)
    bar = viewer.window._qt_window.menuBar()
    (plugins,) = (one for one in bar.actions() if one.text() == "&Plugins")
    cast.click(bar, bar.actionGeometry(plugins).center(), read=400)
    (entry,) = (one for one in plugins.menu().actions() if WIDGET in one.text())
    cast.choose_in(plugins.menu(), entry.text())
    (cast.widget,) = viewer.window.dock_widgets.values()
    cast.read()
    cast.click(viewer.window._qt_viewer.viewerButtons.resetViewButton)
    box = cast.widget.form.n_colors.native.lineEdit()
    cast.click(box, read=0)
    QTest.keyClick(box, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    for letter in "8\r":
        QTest.keyClicks(box, letter)
        cast.take(300)
    cast.run(cast.widget.quantize_button)
    table = cast.widget.palette_tab.table
    cast.click_row(table, 0)
    cast.click_row(table, 1, modifier=Qt.KeyboardModifier.ControlModifier)
    cast.click_row(table, 5)
    return cast


def merge_name_undo(viewer):
    """Merge two entries, name the new one, and take back both."""
    cast = _quantized(viewer)
    bench = cast.widget.palette_tab
    cast.take(_READ)
    cast.click_row(bench.table, 2)
    cast.click_row(bench.table, 3, modifier=Qt.KeyboardModifier.ControlModifier)
    cast.choose(bench.merge, "Into the mean color")
    cast.read()
    cell = bench.table.visualRect(bench.table.model().index(2, 1)).center()
    viewport = bench.table.viewport()
    cast.click(viewport, cell, do=partial(_double_click, viewport))
    cast.type(bench.table, "DAB, pale")
    cast.click(bench.undo)
    cast.click(bench.undo)
    return cast


def classes_and_table(viewer):
    """Give four browns one class, and measure the area of the class."""
    cast = _quantized(viewer)
    bench, tab = cast.widget.palette_tab, cast.widget.measure_tab
    cast.take(_READ)
    cast.click_row(bench.table, 0, read=500)
    cast.click_row(bench.table, 3, modifier=Qt.KeyboardModifier.ShiftModifier)
    cast.choose(bench.more, "Class of the selected …")
    cast.type(bench.table, "DAB")
    _show_tab(cast, tab)
    cast.choose_item(tab.boxes["by"], "By class")
    cast.run(tab.measure)
    cast.click_row(tab.table, 0)
    return cast


def apply_to_second_slide(viewer):
    """Apply the palette of a slide to one that is stained otherwise; measure both."""
    (section,) = viewer.open_sample(PLUGIN, "ihc")
    slide, side = section.data, section.data.shape[0]
    section.name = "slide 1"
    vectors = [[0.55, 0.75, 0.37], [0.35, 0.50, 0.79]]
    other = normalize_stains(slide[::-1, ::-1], to=(vectors, 0.6 * stain_scales(slide)))
    second = viewer.add_image(other, name="slide 2", rgb=True, translate=(side + 20, 0))
    cast = begin_docked(viewer)
    widget = cast.widget
    viewer.layers.selection.active = section
    widget.form.n_colors.value = 4
    widget.form.color_space.value = "stains"
    run(widget, widget.quantize_button)
    for entries, name in (([0, 1], "DAB"), ([2], "nuclei")):
        widget.palette_tab.edit(Classify(entries, name))
    cast.read()
    cast.choose_item(widget.form.layer, second.name)
    cast.run(widget.palette_tab.apply)
    _show_tab(cast, widget.measure_tab)
    boxes = widget.measure_tab.boxes
    cast.choose_item(boxes["what"], "All results")
    cast.choose_item(boxes["by"], "By class")
    cast.run(widget.measure_tab.measure)
    return cast


def whole_slide(viewer):
    """Quantize a pyramid on disk, look at its details, and count all pixels."""
    sys.path.append(str(Path(__file__).parents[1] / "docs" / "examples"))
    from pyramid import open_levels, write_slide

    path = Path(mkdtemp()) / "slide.zarr"
    write_slide(path)
    levels = [da.moveaxis(level, 0, -1) for level in open_levels(path)]
    viewer.add_image(levels, name="slide", rgb=True, multiscale=True)
    cast = begin_docked(viewer)
    cast.widget.form.n_colors.value = 8
    cast.read()
    cast.run(cast.widget.quantize_button)
    centre = viewer.window._qt_viewer.canvas.native.rect().center()
    cast.zoom(centre + QPoint(60, 40), 12)
    cast.read()
    cast.run(cast.widget.palette_tab.count)
    return cast


def begin(viewer, widget=None):
    """Begin a screencast of a window, once it is at rest."""
    docks = viewer.window._qt_viewer
    docks.dockLayerControls.hide()  # they need a third of the window
    least = docks.dockLayerList.minimumWidth()
    viewer.window._qt_window.resizeDocks(
        [docks.dockLayerList], [least], Qt.Orientation.Horizontal
    )
    QTest.qWait(500)
    viewer.reset_view()
    QTest.qWait(500)
    return Screencast(viewer, widget)


def begin_docked(viewer):
    """Begin a screencast of a window in which the widget is docked."""
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
    return begin(viewer, widget)


def _quantized(viewer):
    """Begin with the section in eight colours."""
    viewer.open_sample(PLUGIN, "ihc")
    cast = begin_docked(viewer)
    cast.widget.form.n_colors.value = 8
    run(cast.widget, cast.widget.quantize_button)
    QTest.qWait(600)
    return cast


def _show_tab(cast, tab):
    tabs = cast.widget.tabs
    bar = tabs.tabBar()
    cast.click(bar, bar.tabRect(tabs.indexOf(tab)).center())


def _double_click(viewport, native, place):
    click(native, place)
    QTest.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)


CASTS = {
    "quantize": quantize_and_select,
    "edit": merge_name_undo,
    "classes": classes_and_table,
    "apply": apply_to_second_slide,
    "slide": whole_slide,
}


def record(make, path, theme):
    """Record one screencast in a window of its own."""
    viewer = open_viewer(theme, *SIZE)
    viewer.window._qt_window.move(0, 0)
    make(viewer).save(path)
    viewer.close()


def main():
    """Record all screencasts, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=CASTS, default=[*CASTS])
    parser.add_argument("--theme", default="dark")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        record(CASTS[name], options.folder / f"{name}.webp", options.theme)


if __name__ == "__main__":
    main()
