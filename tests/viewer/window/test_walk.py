"""The whole way of a user, by clicks: from an image to areas of stains and a script."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Pillow
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

from napari_colorquant import Merge, Palette, apply_palette, edit, quantize

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
NAMES = ["dark brown", "brown", "pale brown", "skin", "blue", "grey", "glass"]


@pytest.fixture
def choose(qtbot):
    """Choose an item of a button's menu by clicks."""

    def choose_it(button, text):
        menu = button.menu()
        (action,) = [one for one in menu.actions() if one.text() == text]

        def click_item():
            place = menu.actionGeometry(action).center()
            qtbot.mouseClick(menu, LEFT, pos=place)

        QTimer.singleShot(200, click_item)  # the menu has an event loop of its own
        qtbot.mouseClick(button, LEFT)
        qtbot.waitUntil(lambda: not menu.isVisible())

    return choose_it


@pytest.fixture
def cell(qtbot):
    """Find where a cell of the palette's table is, by its row and its title."""

    def find(widget, row, title):
        table = widget.palette_tab.table
        model = table.model()
        titles = [
            model.headerData(n, Qt.Orientation.Horizontal)
            for n in range(model.columnCount())
        ]
        index = model.index(row, titles.index(title))
        table.scrollTo(index)
        return index, table.visualRect(index).center()

    return find


def told(table, row, title):
    model = table.model()
    titles = [
        model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(model.columnCount())
    ]
    return model.index(row, titles.index(title)).data()


def test_the_way_of_a_user(  # as the workbench was asked for
    viewer, open_widget, click, finish, choose, cell, qtbot, monkeypatch, tmp_path
):
    (section,) = viewer.open_sample("napari-colorquant", "ihc")
    image = np.array(section.data)
    widget = open_widget()
    bench, table = widget.palette_tab, widget.palette_tab.table

    # Quantize to 8.
    box = widget.form.n_colors.native
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "8")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    click(widget.quantize_button)
    finish(widget)
    assert [layer.name for layer in viewer.layers] == [
        "IHC",
        "IHC (8 colors)",
        "IHC (8 colors) labels",
    ]

    # Merge two browns.
    _, place = cell(widget, 1, "Label")
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    _, place = cell(widget, 2, "Label")
    qtbot.mouseClick(table.viewport(), LEFT, CTRL, pos=place)
    assert bench.entries == [1, 2]
    assert viewer.layers["IHC (8 colors) labels"].visible  # the others are dimmed
    choose(bench.merge, "Into the mean color")
    assert len(bench.model.palette) == 7

    # Name all of them.
    for row, name in enumerate(NAMES):
        index, place = cell(widget, row, "Name")
        qtbot.mouseClick(table.viewport(), LEFT, pos=place)
        qtbot.mouseDClick(table.viewport(), LEFT, pos=place)
        editor = table.viewport().findChild(QLineEdit)
        qtbot.keyClicks(editor, name)
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda index=index, name=name: index.data() == name)
        qtbot.waitUntil(lambda: table.viewport().findChild(QLineEdit) is None)
    assert bench.model.palette.names == tuple(NAMES)

    # Lock them.
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_A, CTRL)
    click(bench.lock)
    assert bench.model.palette.locked == tuple(range(7))
    table.clearSelection()

    # Apply the palette to a second picture.
    second = viewer.add_image(image[::-1, ::2].copy(), name="second", rgb=True)
    assert widget.form.layer.value is second
    click(bench.apply)
    finish(widget)
    edited = edit(quantize(image, 8), image, Merge([1, 2]))
    applied = viewer.layers["second (7 colors) labels"]
    expected = apply_palette(second.data, edited.palette)
    np.testing.assert_array_equal(applied.data, expected.labels)

    # Read the area of each stain.
    counts = np.bincount(applied.data.ravel(), minlength=8)[1:]
    areas = [told(table, row, "%") for row in range(7)]
    assert areas == [f"{100 * count / counts.sum():.2f}" for count in counts]
    assert [told(table, row, "Name") for row in range(7)] == NAMES
    assert list(applied.features["name"]) == NAMES

    # Save the palette and the indices of the first picture.
    viewer.layers.selection.active = viewer.layers["IHC (7 colors)"]
    palette_file, indices_file = tmp_path / "stains.json", tmp_path / "indices.png"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(palette_file), "")
    )
    choose(bench.more, "Save palette …")
    saved = Palette.load(palette_file)
    np.testing.assert_array_equal(saved.colors, edited.palette.colors)
    np.testing.assert_array_equal(saved.counts, edited.palette.counts)
    assert saved.names == tuple(NAMES)
    labels_layer = viewer.layers["IHC (7 colors) labels"]
    labels_layer.save(str(indices_file), plugin="napari-colorquant")
    with Pillow.open(indices_file) as picture:
        np.testing.assert_array_equal(np.asarray(picture), edited.indices)

    # Copy the script, and run it.
    choose(bench.more, "Copy as Python")
    script = QApplication.clipboard().text()
    hidden = {"DISPLAY", "WAYLAND_DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={key: value for key, value in os.environ.items() if key not in hidden},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    (indices,) = tmp_path.glob("*.npy")
    repeated = np.load(indices)
    assert repeated.dtype == edited.indices.dtype
    assert repeated.tobytes() == edited.indices.tobytes()
    assert repeated.tobytes() == (labels_layer.data - 1).tobytes()
