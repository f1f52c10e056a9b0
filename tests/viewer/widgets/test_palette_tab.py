"""The palette workbench in the real viewer, by clicks and keys."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QApplication,
    QColorDialog,
    QDialogButtonBox,
    QLineEdit,
    QMessageBox,
)

from napari_colorquant import quantize_layer
from napari_colorquant.core.palette.edits import (
    Clean,
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
)
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.napari_versions import camera_of
from napari_colorquant.viewer.session.results.result import palette_alone
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.dialogs import CleanDialog
from napari_colorquant.viewer.widgets.palette_tab import PaletteTab
from results import offer

Key, Modifier, LEFT = Qt.Key, Qt.KeyboardModifier, Qt.MouseButton.LeftButton
LABEL, NAME, CLASS, LOCK, PERCENT, PIXELS, HEX, RED, GREEN, BLUE = range(10)
CONTROL = Modifier.ControlModifier
pytestmark = pytest.mark.usefixtures("every_column")


def names(viewer):
    return [layer.name for layer in viewer.layers]


def cells(workbench, column):
    """Return what stands in a column, from top to bottom."""
    model = workbench.table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


@pytest.fixture
def quantize(click, finish, tiny):
    """Open the widget and make a result of four colours, its labels on top."""

    def quantize_it(viewer, open_it):
        viewer.add_image(tiny, name="tiny", rgb=True)
        widget = open_it()
        widget.form.n_colors.value = 4
        click(widget.quantize_button)
        finish(widget)
        return widget

    return quantize_it


@pytest.fixture
def quantized(viewer_model, open_alone, quantize):
    """The widget with the result, in a viewer without a window."""
    return quantize(viewer_model, open_alone)


@pytest.fixture
def workbench(quantized):
    return quantized.palette_tab


@pytest.fixture
def in_viewer(viewer, open_widget, quantize):
    """The widget with the result, in the viewer's own window."""
    return quantize(viewer, open_widget)


@pytest.fixture
def click_cell(qtbot):
    """Click a cell: the row counts from the top of the table."""

    def click_it(workbench, row, column=LABEL, modifier=Modifier.NoModifier):
        table = workbench.table
        place = table.visualRect(table.model().index(row, column)).center()
        qtbot.mouseClick(table.viewport(), LEFT, modifier, place)

    return click_it


@pytest.fixture
def double_click(qtbot):
    def click_it(table, place):
        qtbot.mouseClick(table.viewport(), LEFT, pos=place)
        qtbot.mouseDClick(table.viewport(), LEFT, pos=place)

    return click_it


@pytest.fixture
def type_in_cell(qtbot, double_click):
    """Double-click a cell, type, and press Return."""

    def type_it(workbench, row, column, text):
        table = workbench.table
        index = table.model().index(row, column)
        table.scrollTo(index)
        double_click(table, table.visualRect(index).center())
        editors = table.viewport().findChildren(QLineEdit)
        (editor,) = [one for one in editors if one.isVisible()]
        qtbot.keyClicks(editor, text)
        with qtbot.waitSignal(editor.destroyed):
            qtbot.keyClick(editor, Key.Key_Return)

    return type_it


@pytest.fixture
def choose(qtbot):
    """Click a button and then an entry of its menu."""

    def choose_it(button, text):
        menu = button.menu()
        action = next(one for one in menu.actions() if one.text() == text)

        def pick():
            if menu.isVisible():
                timer.stop()
                place = menu.actionGeometry(action).center()
                qtbot.mouseClick(menu, LEFT, pos=place)

        timer = QTimer()
        timer.timeout.connect(pick)
        timer.start(10)
        qtbot.mouseClick(button, LEFT)
        qtbot.waitUntil(lambda: not timer.isActive())

    return choose_it


@pytest.fixture
def edited(qtbot):
    """Let the event loop run until an edit has been done in the background."""

    def wait(workbench):
        qtbot.waitUntil(lambda: not workbench._session.jobs.busy, timeout=30_000)

    return wait


def test_the_table_shows_the_palette(quantized, workbench):
    assert workbench.isVisible()
    assert [cells(workbench, n) for n in (LABEL, NAME, PERCENT, PIXELS, HEX)] == [
        ["1", "2", "3", "4"],
        ["", "", "", ""],
        ["8.33", "16.67", "25.00", "50.00"],
        ["1", "2", "3", "6"],
        ["#000000", "#c80000", "#00d200", "#ffffff"],
    ]
    assert cells(workbench, GREEN) == ["0", "0", "210", "255"]
    assert workbench.total.text() == "4 colors · 12 pixels"
    assert workbench.palettes.currentText() == "tiny (4 colors)"
    assert workbench.palettes.count() == 1
    buttons = ["merge", "remove", "lock", "sort", "undo", "redo", "apply", "more"]
    assert all(len(getattr(workbench, one).toolTip()) > 15 for one in buttons)


def test_it_is_sorted_by_a_click_on_any_column(workbench, click_cell, qtbot):
    header = workbench.table.horizontalHeader()

    def click_title(column):
        place = QPoint(header.sectionViewportPosition(column) + 8, 8)
        qtbot.mouseClick(header.viewport(), LEFT, pos=place)

    click_title(PIXELS)
    assert cells(workbench, PIXELS) == ["1", "2", "3", "6"]
    click_title(PIXELS)
    assert cells(workbench, LABEL) == ["4", "3", "2", "1"]
    click_title(GREEN)
    assert cells(workbench, GREEN) == ["0", "0", "210", "255"]
    click_title(HEX)
    assert cells(workbench, LABEL) == ["1", "3", "2", "4"]
    click_cell(workbench, 1)
    assert workbench.entries == [2]  # whatever the order in which they stand
    workbench.edit(Rename(2, "grass"))
    assert cells(workbench, NAME) == ["", "grass", "", ""]
    assert workbench.entries == [2]


def test_the_total_tells_of_the_selected_entries(workbench, click_cell):
    click_cell(workbench, 1)
    assert workbench.total.text() == (
        "4 colors · 12 pixels\n1 selected · 2 pixels · 16.67 %"
    )
    click_cell(workbench, 3, modifier=CONTROL)
    assert workbench.total.text() == (
        "4 colors · 12 pixels\n2 selected · 8 pixels · 66.67 %"
    )


def test_selected_rows_are_seen_in_the_canvas_and_the_rest_is_dimmed(
    viewer, in_viewer, click_cell
):
    workbench = in_viewer.palette_tab

    def seen():
        picture = viewer.window.screenshot(canvas_only=True, flash=False)
        (height, width), zoom = picture.shape[:2], camera_of(viewer).zoom
        _, *center = camera_of(viewer).center
        return {
            (row, column): picture[
                int(height / 2 + (row - center[0]) * zoom),
                int(width / 2 + (column - center[1]) * zoom),
                :3,
            ].tolist()
            for row, column in ((0, 1), (1, 0), (2, 3))
        }

    labels = viewer.layers[2]
    viewer.reset_view()
    before = seen()
    assert before == {(0, 1): [200, 0, 0], (1, 0): [0, 210, 0], (2, 3): [255] * 3}
    click_cell(workbench, 1)
    assert labels.visible
    during = seen()
    assert during[0, 1] == [200, 0, 0]
    assert max(during[2, 3]) < 150
    assert during[1, 0][1] < 120
    click_cell(workbench, 3, modifier=CONTROL)
    assert seen()[2, 3] == [255] * 3
    click_cell(workbench, 1, modifier=CONTROL)
    click_cell(workbench, 3, modifier=CONTROL)
    assert workbench.entries == []
    assert not labels.visible
    assert seen() == before


def test_a_pixel_that_is_picked_in_the_canvas_selects_its_row(
    viewer, in_viewer, click_cell, qtbot
):
    workbench = in_viewer.palette_tab
    labels = viewer.layers[2]
    viewer.layers.selection.active = labels
    labels.visible, labels.mode = True, "pick"
    canvas = viewer.window._qt_viewer.canvas
    viewer.reset_view()

    def pick(row, column):
        _, *center = camera_of(viewer).center
        zoom = camera_of(viewer).zoom
        height, width = canvas.size
        place = QPoint(
            int(width / 2 + (column - center[1]) * zoom),
            int(height / 2 + (row - center[0]) * zoom),
        )
        qtbot.mouseMove(canvas.native, place)
        qtbot.mouseClick(canvas.native, LEFT, pos=place)

    pick(1, 0)
    assert labels.selected_label == 3
    assert workbench.entries == [2]
    pick(0, 1)
    assert workbench.entries == [1]
    workbench.table.clearSelection()
    pick(0, 1)  # the label that is selected already
    assert workbench.entries == [1]
    click_cell(workbench, 3)  # and the other way round
    assert labels.selected_label == 4
    labels.selected_label = 99
    assert workbench.entries == [3]
    assert labels.mode == "pick"


def test_a_color_is_chosen_in_a_dialog(viewer_model, workbench, double_click, qtbot):
    table = workbench.table
    double_click(table, table.visualRect(table.model().index(1, LABEL)).center())
    dialog = workbench.findChild(QColorDialog)
    assert dialog.windowTitle() == "Color of label 2"
    assert dialog.currentColor().name() == "#c80000"
    dialog.setCurrentColor(QColor("#102030"))
    buttons = dialog.findChild(QDialogButtonBox)
    qtbot.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Ok), LEFT)

    _, picture, labels = viewer_model.layers
    assert picture.data[0, 1].tolist() == [16, 32, 48]
    assert picture.data[0, 0].tolist() == [0, 0, 0]
    assert labels.features["hex"].tolist()[1] == "#102030"
    workbench.table.clearSelection()
    shown = labels.get_color(2).tolist()
    assert shown == pytest.approx([16 / 255, 32 / 255, 48 / 255, 1])
    assert cells(workbench, HEX)[1] == "#102030"
    assert names(viewer_model) == ["tiny", "tiny (4 colors)", "tiny (4 colors) labels"]


def test_what_is_typed_in_the_table_is_done(
    viewer_model, workbench, type_in_cell, notifications
):
    _, picture, labels = viewer_model.layers
    type_in_cell(workbench, 3, NAME, "sky")
    type_in_cell(workbench, 1, HEX, "#0000ff")
    type_in_cell(workbench, 0, GREEN, "7")
    assert workbench.result.palette.names == ("", "", "", "sky")
    assert picture.data[0, :2].tolist() == [[0, 7, 0], [0, 0, 255]]
    assert labels.features["name"].tolist() == ["", "", "", "sky"]
    assert notifications == []
    type_in_cell(workbench, 0, GREEN, "300")
    assert notifications == [
        ("error", "300 is no value of uint8 images: type one from 0 to 255.")
    ]
    assert picture.data[0, 0].tolist() == [0, 7, 0]


@pytest.mark.parametrize("how", ["double-click", "key", "menu"])
def test_a_class_is_typed_for_all_selected_entries(
    workbench, click_cell, type_in_cell, choose, qtbot, notifications, how
):
    table, editor = workbench.table, workbench._editor
    click_cell(workbench, 1)
    click_cell(workbench, 3, modifier=CONTROL)
    if how == "double-click":
        type_in_cell(workbench, 3, CLASS, "DAB")
    else:
        if how == "menu":
            choose(workbench.more, "Class of the selected …")
        else:
            for _ in range(CLASS):
                qtbot.keyClick(table, Key.Key_Right, Modifier.ControlModifier)
            qtbot.keyClick(table, Key.Key_Return)
        (typed,) = table.viewport().findChildren(QLineEdit)
        qtbot.keyClicks(typed, "DAB")
        with qtbot.waitSignal(typed.destroyed):
            qtbot.keyClick(typed, Key.Key_Return)
    assert workbench.result.palette.classes == ("", "DAB", "", "DAB")
    assert workbench.result.labels.features["class"].tolist() == ["", "DAB", "", "DAB"]
    assert cells(workbench, CLASS) == ["", "DAB", "", "DAB"]
    assert editor.entries == [1, 3]
    type_in_cell(workbench, 0, CLASS, "sky")  # not selected: alone
    assert workbench.result.palette.classes == ("sky", "DAB", "", "DAB")
    click_cell(workbench, 1)
    click_cell(workbench, 3, modifier=CONTROL)
    assert editor.classify("") == ""
    assert workbench.result.palette.classes == ("sky", "", "", "")
    workbench._undo()
    assert workbench.result.palette.classes == ("sky", "DAB", "", "DAB")
    assert notifications == []


def test_a_tick_locks_and_a_locked_color_stays(
    workbench, click_cell, click, qtbot, quantized
):
    table = workbench.table
    cell = table.visualRect(table.model().index(1, LOCK))
    box = QPoint(cell.left() + 10, cell.center().y())
    qtbot.mouseClick(table.viewport(), LEFT, pos=box)
    assert workbench.result.palette.locked == (1,)
    assert quantized.locks.visible
    assert quantized.locks.value == "1 locked color is kept by Quantize."
    click_cell(workbench, 1)
    assert not workbench.remove.isEnabled()
    assert "Label 2 is locked: unlock it first." in workbench.remove.toolTip()
    click_cell(workbench, 2, modifier=CONTROL)
    click(workbench.lock)  # one of them is not locked yet: all are now
    assert workbench.result.palette.locked == (1, 2)
    click(workbench.lock)
    assert workbench.result.palette.locked == ()
    assert not quantized.locks.visible


def test_locked_colors_are_kept_by_quantize(
    viewer_model, quantized, workbench, click, click_cell, finish
):
    workbench.edit(Rename(1, "roof"))
    workbench.edit(Recolor(1, (190, 10, 10)))
    click_cell(workbench, 1)
    click(workbench.lock)
    quantized.form.n_colors.value = 3
    click(quantized.quantize_button)
    finish(quantized)
    assert names(viewer_model)[3:] == ["tiny (3 colors)", "tiny (3 colors) labels"]
    palette = workbench.result.palette
    assert workbench.result.picture is viewer_model.layers[3]
    (entry,) = palette.locked
    assert palette.names[entry] == "roof"
    assert palette.colors[entry].tolist() == [190, 10, 10]
    assert cells(workbench, NAME)[entry] == "roof"
    assert viewer_model.layers[3].data[0, 1].tolist() == [190, 10, 10]
    np.testing.assert_array_equal(viewer_model.layers[3].data[2], np.full((4, 3), 255))
    parameters = viewer_model.layers[3].metadata["napari-colorquant"]["parameters"]
    assert parameters["fixed"]["colors"] == [[190, 10, 10]]


def test_rows_are_merged_removed_and_brought_back_by_keys(
    viewer_model, workbench, click_cell, choose, edited, qtbot
):
    _, picture, labels = viewer_model.layers
    before = picture.data.copy()
    window = workbench.window()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    click_cell(workbench, 2)
    click_cell(workbench, 1, modifier=CONTROL)
    choose(workbench.merge, "Into the mean color")
    assert cells(workbench, HEX) == ["#000000", "#507e00", "#ffffff"]
    assert workbench.entries == [1]
    assert names(viewer_model)[1] == "tiny (3 colors)"
    click_cell(workbench, 0)
    qtbot.keyClick(workbench.table, Key.Key_Delete)
    edited(workbench)
    assert cells(workbench, HEX) == ["#507e00", "#ffffff"]
    assert cells(workbench, PIXELS) == ["6", "6"]
    assert workbench.entries == []
    assert labels.data.tolist() == [[1, 1, 1, 1], [1, 1, 2, 2], [2, 2, 2, 2]]
    assert workbench.undo.toolTip() == "Undo: remove (Ctrl+Z)"

    qtbot.keyClick(workbench.table, Key.Key_Z, CONTROL)
    assert cells(workbench, HEX) == ["#000000", "#507e00", "#ffffff"]
    assert workbench.redo.toolTip() == "Do again: remove (Ctrl+Shift+Z)"
    qtbot.keyClick(workbench.table, Key.Key_Z, CONTROL)
    assert cells(workbench, HEX) == ["#000000", "#c80000", "#00d200", "#ffffff"]
    np.testing.assert_array_equal(picture.data, before)
    assert names(viewer_model)[1] == "tiny (4 colors)"
    assert not workbench.undo.isEnabled()
    qtbot.keyClick(workbench.table, Key.Key_Z, CONTROL)  # there is nothing more
    shift = CONTROL | Modifier.ShiftModifier
    qtbot.keyClick(workbench.table, Key.Key_Z, shift)
    qtbot.keyClick(workbench.table, Key.Key_Z, shift)
    assert cells(workbench, HEX) == ["#507e00", "#ffffff"]
    assert not workbench.redo.isEnabled()


def test_the_first_selected_entry_gives_its_color(workbench, click_cell, choose, click):
    for row, modifier in ((2, Modifier.NoModifier), (0, CONTROL), (1, CONTROL)):
        click_cell(workbench, row, modifier=modifier)
    assert workbench.entries == [2, 0, 1]
    choose(workbench.merge, "Into the first selected")
    assert cells(workbench, HEX) == ["#00d200", "#ffffff"]
    assert workbench.entries == [0]
    click(workbench.undo)
    click(workbench.redo)
    assert cells(workbench, HEX) == ["#00d200", "#ffffff"]


def test_entries_are_numbered_anew(viewer_model, workbench, choose, click_cell):
    click_cell(workbench, 1)
    choose(workbench.sort, "By pixels")
    assert cells(workbench, PIXELS) == ["6", "3", "2", "1"]
    assert viewer_model.layers[2].data.tolist() == [[4, 3, 3, 2], [2, 2, 1, 1], [1] * 4]
    assert workbench.entries == []
    choose(workbench.sort, "By hue")
    assert cells(workbench, HEX) == ["#000000", "#ffffff", "#c80000", "#00d200"]
    choose(workbench.sort, "By lightness")
    assert cells(workbench, HEX) == ["#000000", "#c80000", "#00d200", "#ffffff"]


def test_a_menu_that_is_left_does_nothing(workbench, click_cell, qtbot):
    click_cell(workbench, 1)
    click_cell(workbench, 2, modifier=CONTROL)
    menu = workbench.merge.menu()

    def leave():
        if menu.isVisible():
            timer.stop()
            qtbot.keyClick(menu, Key.Key_Escape)

    timer = QTimer()
    timer.timeout.connect(leave)
    timer.start(10)
    qtbot.mouseClick(workbench.merge, LEFT)
    qtbot.waitUntil(lambda: not timer.isActive())
    assert not menu.isVisible()
    assert len(cells(workbench, HEX)) == 4


def test_what_cannot_be_done_is_one_sentence(
    workbench, click_cell, notifications, qtbot
):
    window = workbench.window()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    workbench.table.setFocus()
    qtbot.keyClick(workbench.table, Key.Key_Delete)
    click_cell(workbench, 1)
    workbench.edit(Merge(workbench.entries))
    assert notifications == [
        ("error", "No entry is selected: click on a row of the palette first."),
        ("error", "One entry cannot be merged: select two or more."),
    ]
    assert not workbench.undo.isEnabled()


@pytest.mark.parametrize(
    ("answer", "labels", "undone"),
    [
        ("Keep strokes", [[3, 2, 2, 2], [2, 2, 3, 3], [3] * 4], "keep strokes"),
        ("Discard strokes", [[1, 2, 2, 2], [2, 2, 3, 3], [3] * 4], None),
        ("Cancel", [[4, 2, 2, 3], [3, 3, 4, 4], [4] * 4], None),
    ],
)
def test_strokes_are_asked_for(
    viewer_model, workbench, click_cell, choose, qtbot, answer, labels, undone
):
    layer = viewer_model.layers[2]
    layer.brush_size = 1
    layer.paint((0, 0), 4)
    click_cell(workbench, 1)
    click_cell(workbench, 2, modifier=CONTROL)
    asked = []

    def give():
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            timer.stop()
            asked.append(box.text())
            buttons = {one.text().replace("&", ""): one for one in box.buttons()}
            qtbot.mouseClick(buttons[answer], LEFT)

    timer = QTimer()
    timer.timeout.connect(give)
    timer.start(10)
    choose(workbench.merge, "Into the mean color")
    timer.stop()
    assert asked == [
        "The labels of 'tiny (4 colors)' were painted by hand since, and this edit "
        "makes them anew."
    ]
    assert layer.data.tolist() == labels
    assert workbench.undo.isEnabled() is (answer != "Cancel")
    if undone is not None:
        qtbot.mouseClick(workbench.undo, LEFT)
        assert workbench.undo.toolTip() == f"Undo: {undone} (Ctrl+Z)"


def test_strokes_outlast_what_leaves_the_labels_and_undo_asks(
    viewer_model, workbench, click, monkeypatch
):
    answers, asked = [None, True, False], []

    def answer(_workbench, text):
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(
        "napari_colorquant.viewer.widgets.palette_tab.ask_about_strokes", answer
    )
    layer = viewer_model.layers[2]
    layer.brush_size = 1
    workbench.edit(Merge([1, 2]))
    layer.paint((0, 0), 3)
    workbench.edit(Rename(0, "shade"))
    workbench.edit(Recolor(0, (1, 1, 1)))
    click(workbench.undo)
    click(workbench.undo)
    assert asked == []
    assert layer.data[0, 0] == 3
    click(workbench.undo)  # nothing
    assert len(cells(workbench, HEX)) == 3
    click(workbench.undo)  # the strokes are kept, and are now what can be undone
    assert workbench.undo.toolTip() == "Undo: keep strokes (Ctrl+Z)"
    assert layer.data[0, 0] == 3
    click(workbench.undo)
    assert layer.data[0, 0] == 1
    layer.paint((0, 0), 2)
    click(workbench.undo)  # the strokes are lost, and the merge is undone
    assert layer.data[0].tolist() == [1, 2, 2, 3]
    assert answers == []


def test_strokes_that_are_painted_during_an_edit_are_not_lost(
    viewer_model, workbench, click, click_cell, edited, notifications
):
    layer = viewer_model.layers[2]
    layer.brush_size = 1
    click_cell(workbench, 1)
    click(workbench.remove)
    assert not workbench.remove.isEnabled()
    layer.paint((0, 0), 4)
    workbench.edit(Rename(0, "shade"))  # it would be lost with the other edit
    edited(workbench)
    assert layer.data[0, 0] == 4
    assert len(cells(workbench, HEX)) == 4
    assert notifications == [
        ("warning", "A run is under way: wait for it, or press Cancel."),
        (
            "error",
            "The labels of 'tiny (4 colors)' were painted while they were edited: "
            "edit them again.",
        ),
    ]


def test_an_edit_of_many_labels_is_done_in_the_background(
    viewer_model, workbench, edited, monkeypatch
):
    monkeypatch.setattr("napari_colorquant.viewer.session.palette_editor._AT_ONCE", 0)
    workbench.select([1])
    workbench.edit(Merge([2, 1]))
    assert len(cells(workbench, HEX)) == 4
    assert not workbench.sort.isEnabled()
    edited(workbench)
    assert cells(workbench, HEX) == ["#000000", "#507e00", "#ffffff"]
    assert workbench.entries == [1]
    assert workbench.sort.isEnabled()
    assert viewer_model.layers[2].data.max() == 3


def test_the_table_follows_the_selected_layer(
    viewer, in_viewer, click_cell, click, finish
):
    workbench = in_viewer.palette_tab
    for layer in quantize_layer(viewer.layers[0], 2):  # as a script does
        viewer.add_layer(layer)
    assert len(cells(workbench, HEX)) == 2
    assert workbench.result.layers == tuple(viewer.layers[3:])
    first, labels, second = viewer.layers[1], viewer.layers[2], viewer.layers[3]
    for layer, n_colors in ((first, 4), (second, 2), (labels, 4)):
        viewer.layers.selection.active = layer
        assert len(cells(workbench, HEX)) == n_colors
    shown = [workbench.palettes.itemText(i) for i in range(workbench.palettes.count())]
    assert shown == ["tiny (4 colors)", "tiny (2 colors)"]
    click_cell(workbench, 1)
    assert labels.visible
    viewer.layers.selection.active = second  # and with it ends the highlight
    assert not labels.visible
    assert workbench.entries == []
    second.name = "mine"
    first.name = "yours"
    shown = [workbench.palettes.itemText(i) for i in range(workbench.palettes.count())]
    assert shown == ["yours", "mine"]
    viewer.layers.selection.active = viewer.layers["tiny"]
    assert len(cells(workbench, HEX)) == 2  # the source has no palette of its own
    assert in_viewer.form.layer.value is viewer.layers["tiny"]


def test_layers_are_removed_one_after_another(
    viewer, in_viewer, click_cell, click, notifications
):
    workbench = in_viewer.palette_tab
    source, picture, labels = viewer.layers
    viewer.layers.move(0, 3)
    click_cell(workbench, 1)
    viewer.layers.remove(source)
    workbench.edit(Merge([1, 2]))
    click_cell(workbench, 0)
    assert not workbench.remove.isEnabled()
    refusal = (
        "Removing needs the image, as each pixel goes to its own nearest entry, and "
        "the image is gone: merge the entry with another one."
    )
    assert refusal in workbench.remove.toolTip().replace("\n", " ")
    workbench.edit(Remove(workbench.entries))
    assert notifications == [("error", refusal)]
    viewer.layers.remove(labels)
    workbench.edit(Recolor(0, (9, 9, 9)))
    assert picture.data[0, 0].tolist() == [9, 9, 9]
    click(workbench.undo)
    assert picture.data[0, 0].tolist() == [0, 0, 0]
    viewer.layers.remove(picture)
    assert workbench.result is None
    assert workbench.total.text() == (
        "No palette yet: quantize an image, or open a palette file."
    )
    assert workbench.table.model().rowCount() == 0
    assert not workbench.merge.isEnabled()
    workbench.edit(Lock([0]))
    assert len(notifications) == 1


def test_the_labels_are_removed_during_an_edit(
    viewer_model, workbench, click, click_cell, edited, notifications
):
    _, picture, labels = viewer_model.layers
    before = picture.data.copy()
    click_cell(workbench, 1)
    click(workbench.remove)
    viewer_model.layers.remove(labels)
    edited(workbench)
    np.testing.assert_array_equal(picture.data, before)
    assert notifications == [
        ("info", "Cancelled, as the layer 'tiny (4 colors) labels' was removed.")
    ]


# ------------------------------------------------------------ the workbench alone


@pytest.fixture
def alone(qtbot):
    workbench = PaletteTab(Session(ViewerModel()))
    qtbot.addWidget(workbench)
    workbench.show()
    return workbench


def test_hundreds_of_entries(alone, click_cell):
    colors = np.arange(3 * 600).reshape(600, 3)
    result = palette_alone(Palette(colors, counts=np.arange(600)), "many.csv")
    offer(alone, [result])
    assert alone.result is result
    assert cells(alone, LABEL) == [str(n) for n in range(1, 601)]
    alone.table.sortByColumn(PIXELS, Qt.SortOrder.DescendingOrder)
    assert cells(alone, LABEL)[:3] == ["600", "599", "598"]
    alone.select([5])
    click_cell(alone, 597, modifier=Modifier.ShiftModifier)
    assert sorted(alone.entries) == [2, 3, 4, 5]
    alone.edit(Merge(alone.entries))
    assert len(result.palette) == 597
    assert alone.total.text().startswith("597 colors")


def test_a_palette_is_chosen_from_the_list(alone, qtbot):
    first = palette_alone(Palette([[0, 0, 0]]), "first")
    second = palette_alone(Palette([[1, 1, 1], [2, 2, 2]]), "second")
    offer(alone, [first, second])
    assert alone.result is second
    alone.palettes.setFocus()
    qtbot.keyClick(alone.palettes, Key.Key_Up)
    assert alone.result is first
    assert alone.model.palette is first.palette
    offer(alone, [second])
    assert alone.result is second
    offer(alone, [])
    assert alone.result is None
    assert alone.palettes.count() == 0


def test_a_dialog_that_outlasts_its_palette_changes_no_other(alone, double_click):
    first = palette_alone(Palette([[0, 0, 0], [9, 9, 9]]), "first")
    second = palette_alone(Palette([[1, 1, 1]]), "second")
    offer(alone, [first, second])
    alone._session.editor.show(first)
    table = alone.table
    double_click(table, table.visualRect(table.model().index(1, LABEL)).center())
    dialog = alone.findChild(QColorDialog)
    alone._session.editor.show(second)  # as a live result does
    dialog.setCurrentColor(QColor("red"))
    dialog.accept()
    assert second.palette.colors.tolist() == [[1, 1, 1]]
    assert first.palette.colors.tolist() == [[0, 0, 0], [9, 9, 9]]


def test_a_grey_swatch_opens_no_dialog(alone, double_click):
    offer(alone, [palette_alone(Palette([[0], [9]]), "grey")])
    table = alone.table
    double_click(table, table.visualRect(table.model().index(1, LABEL)).center())
    assert alone.findChild(QColorDialog) is None


def test_hundreds_of_entries_are_measured_by_a_few(alone, monkeypatch):
    colors = np.arange(3 * 600).reshape(600, 3)
    result = palette_alone(Palette(colors, counts=7 ** np.arange(600) % 99_991), "many")
    offer(alone, [result])
    table, model = alone.table, alone.table.model()
    for column in range(model.columnCount()):
        cell_widths = [
            table.sizeHintForIndex(model.index(row, column)).width()
            for row in range(model.rowCount())
        ]
        assert table.columnWidth(column) > max(cell_widths)  # no number is cut
    asked = []
    data = alone.model.data

    def count(index, role=Qt.ItemDataRole.DisplayRole):
        asked.append(role)
        return data(index, role)

    monkeypatch.setattr(alone.model, "data", count)
    alone.edit(Lock([3]))
    alone.table.grab()  # all is painted
    assert asked.count(Qt.ItemDataRole.FontRole) < 600
    assert asked.count(Qt.ItemDataRole.DecorationRole) < 600


@pytest.mark.parametrize("n_axes", [2, 3])
def test_the_dialog_of_cleaning_gives_an_edit(qtbot, n_axes):
    dialog = CleanDialog(None, "Clean regions", n_axes, Clean(0, 10))
    qtbot.addWidget(dialog)
    assert dialog.chosen == Clean(0, 10)
    assert dialog.majority.text() == "off"
    dialog.majority.setValue(2)
    dialog.min_region.setValue(0)
    assert dialog.chosen == Clean(2, 0)
    dialog.show()
    assert dialog.in_volumes.isVisible() == (n_axes == 3)
    dialog.in_volumes.setChecked(True)
    assert dialog.chosen == Clean(2, 0, 3)


def test_how_each_image_is_cleaned_is_chosen_in_the_menu(
    quantized, monkeypatch, finish
):
    workbench, session = quantized.palette_tab, quantized.session
    menu, seen = workbench.apply_to.menu(), []
    action = menu.actions()[-1]

    def look(of_dialog, is_accepted):
        def ask(dialog):
            seen.append(dialog.chosen)
            dialog.majority.setValue(of_dialog[0])
            dialog.min_region.setValue(of_dialog[1])
            return is_accepted

        monkeypatch.setattr(CleanDialog, "exec", ask)
        action.trigger()
        menu.aboutToShow.emit()
        return action.text()

    assert look((1, 5), 0) == "Clean each …"
    how = "by the majority within 1 pixel and of regions below 5 pixels"
    assert look((1, 5), 1) == f"Clean each … ({how})"
    assert session.batch.cleans == (Clean(1, 5),)
    assert look((0, 0), 1) == "Clean each …"
    assert session.batch.cleans == ()
    assert seen == [Clean(0, 10), Clean(0, 10), Clean(1, 5)]


def test_cleaning_is_chosen_in_the_menu_and_undone(
    quantized, viewer_model, monkeypatch, finish
):
    labels, workbench = viewer_model.layers[2], quantized.palette_tab
    before = labels.data.copy()
    titles = {one.text(): one for one in workbench.more.menu().actions()}
    clean = titles["Clean regions …"]
    assert clean.isEnabled()
    monkeypatch.setattr(CleanDialog, "exec", lambda _: 0)
    clean.trigger()
    assert workbench.result.next_undo is None
    monkeypatch.setattr(CleanDialog, "exec", lambda _: 1)
    clean.trigger()
    finish(quantized)
    assert workbench.result.next_undo == Clean(0, 10)
    assert set(labels.data.flat) == {4}  # which has most pixels of all
    assert workbench.undo.toolTip() == "Undo: clean (Ctrl+Z)"
    workbench.undo.click()
    np.testing.assert_array_equal(labels.data, before)
