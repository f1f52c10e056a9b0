"""Everything is reached and left by keyboard, and every control says what it does."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QColorDialog,
    QComboBox,
    QLineEdit,
    QMenu,
    QScrollBar,
    QTabBar,
    QTableView,
    QWidget,
)

from napari_colorquant.viewer.widgets.common import LONGEST_LINE

Key, LEFT = Qt.Key, Qt.MouseButton.LeftButton
Role = Qt.ItemDataRole
CONTROLS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QTableView)


@pytest.fixture
def quantized(viewer_model, open_alone, click, finish, tiny, qtbot):
    """The widget with a result of four colors, in a window that is the active one."""
    viewer_model.add_image(tiny, name="tiny <b>image</b>", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    widget.native.activateWindow()
    qtbot.waitUntil(widget.native.isActiveWindow)
    return widget


def walk(qtbot, widget, key=Key.Key_Tab, modifier=Qt.KeyboardModifier.NoModifier):
    """Press Tab from the first control until it is reached again."""
    first = widget.form.layer.native
    first.setFocus()
    reached = [first]
    for _ in range(120):
        qtbot.keyClick(QApplication.focusWidget(), key, modifier)
        if QApplication.focusWidget() is first:
            return reached
        reached.append(QApplication.focusWidget())
    raise AssertionError(f"Tab does not come back from {reached[-1]}")


def in_reach(widget):
    """Return what can have the focus, as Qt knows it."""
    return [
        one
        for one in widget.native.findChildren(QWidget)
        if one.isVisible()
        and one.isEnabled()
        and one.focusPolicy() & Qt.FocusPolicy.TabFocus
        and one.focusProxy() is None
        and not isinstance(one, QScrollBar)
    ]


@pytest.mark.parametrize(
    "tab", ["palette_tab", "measure_tab", "quality_tab", "curve_tab"]
)
@pytest.mark.parametrize("fold", ["where", "more"])
def test_tab_goes_through_all_controls_and_comes_back(quantized, qtbot, tab, fold):
    getattr(quantized, fold).button.click()
    quantized.tabs.setCurrentWidget(getattr(quantized, tab))
    quantized.palette_tab.select([1, 2])
    reached = walk(qtbot, quantized)
    missed = {
        type(one).__name__
        for one in in_reach(quantized)
        if one not in reached and not any(one.isAncestorOf(other) for other in reached)
    }
    assert missed <= {"QTabWidget"}  # whose bar has the focus
    assert any(isinstance(one, QTabBar | QWidget) for one in reached)
    back = Qt.KeyboardModifier.ShiftModifier
    backwards = walk(qtbot, quantized, Key.Key_Backtab, back)
    assert set(backwards) == set(reached)
    if tab == "palette_tab":
        bench = quantized.palette_tab
        for control in (bench.palettes, bench.columns, bench.table, bench.merge):
            assert control in reached
        assert reached.index(bench.table) < reached.index(bench.merge)


def test_the_arrow_keys_move_in_the_table_and_tab_leaves_it(quantized, qtbot):
    bench = quantized.palette_tab
    bench.table.setFocus()
    qtbot.keyClick(bench.table, Key.Key_Down)
    qtbot.keyClick(bench.table, Key.Key_Down)
    assert bench.entries != []
    qtbot.keyClick(bench.table, Key.Key_Tab)
    assert not bench.table.hasFocus()


def test_enter_changes_a_cell(quantized, qtbot):
    bench, table = quantized.palette_tab, quantized.palette_tab.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(2, 1))
    qtbot.keyClick(table, Key.Key_Return)
    (editor,) = list(table.viewport().findChildren(QLineEdit))
    qtbot.keyClicks(editor, "sky")
    with qtbot.waitSignal(editor.destroyed):
        qtbot.keyClick(editor, Key.Key_Return)
    assert bench.result.palette.names == ("", "", "sky", "")
    assert bench.entries == [2]
    table.setCurrentIndex(table.model().index(1, 0))
    qtbot.keyClick(table, Key.Key_Return)
    dialog = bench.findChild(QColorDialog)
    assert dialog.windowTitle() == "Color of label 2"
    dialog.reject()


def test_esc_and_a_second_click_end_the_highlight(quantized, qtbot, viewer_model):
    bench, table = quantized.palette_tab, quantized.palette_tab.table
    labels = viewer_model.layers[2]

    def click_cell(row, column=0, modifier=Qt.KeyboardModifier.NoModifier):
        place = table.visualRect(table.model().index(row, column)).center()
        qtbot.mouseClick(table.viewport(), LEFT, modifier, place)

    click_cell(1)
    assert (bench.entries, labels.visible) == ([1], True)
    qtbot.keyClick(table, Key.Key_Escape)
    assert (bench.entries, labels.visible) == ([], False)
    assert bench.total.text() == "4 colors · 12 pixels"
    click_cell(1)
    click_cell(2)
    assert bench.entries == [2]
    click_cell(2)
    assert (bench.entries, labels.visible) == ([], False)
    click_cell(2)
    click_cell(3, modifier=Qt.KeyboardModifier.ControlModifier)
    click_cell(3)  # one of two: it is selected alone
    assert bench.entries == [3]
    lock = table.visualRect(table.model().index(3, 3))
    qtbot.mouseClick(
        table.viewport(), LEFT, pos=QPoint(lock.left() + 10, lock.center().y())
    )
    assert bench.entries == [3]  # a tick is no click on the row
    assert bench.result.palette.locked == (3,)


def test_a_double_click_on_the_selected_row_edits_it(quantized, qtbot):
    table = quantized.palette_tab.table
    place = table.visualRect(table.model().index(1, 1)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(table.viewport(), LEFT, pos=place)
    assert quantized.palette_tab.entries == [1]
    assert table.viewport().findChildren(QLineEdit)


# ----------------------------------------------------------------------- tooltips


def tips_of(widget):
    """Return the tooltips of all that is in the widget, by what has them."""
    native = widget.native
    tips = {
        f"{type(one).__name__} {id(one)}": one.toolTip()
        for one in (native, *native.findChildren(QWidget))
    }
    for menu in native.findChildren(QMenu):
        menu.aboutToShow.emit()
        tips |= {f"action {one.text()}": one.toolTip() for one in menu.actions()}
    model = widget.palette_tab.table.model()
    for column in range(model.columnCount()):
        tips[f"title {column}"] = model.headerData(
            column, Qt.Orientation.Horizontal, Role.ToolTipRole
        )
        tips |= {
            f"cell {row} {column}": model.index(row, column).data(Role.ToolTipRole)
            for row in range(model.rowCount())
        }
    return tips


def assert_short_lines(widget):
    for of, tip in tips_of(widget).items():
        longest = max(map(len, tip.split("\n")), default=0)
        extra = 50 if tip.startswith("<qt>") else 0  # its marks
        assert longest <= LONGEST_LINE + extra, (of, tip)


def test_every_tooltip_is_in_short_lines_and_every_control_has_one(
    quantized, viewer_model, click, finish
):
    assert_short_lines(quantized)
    for one in quantized.native.findChildren(QWidget):
        inner = isinstance(one.parent(), CONTROLS) or one.objectName().startswith("qt_")
        seen = not one.isHidden() and not isinstance(one, QScrollBar)
        if isinstance(one, CONTROLS) and not inner and seen:
            tip = one.toolTip() or one.parent().toolTip()
            assert len(tip) > 15, (one, getattr(one, "text", str)())
    quantized.palette_tab.select([0, 1])
    assert_short_lines(quantized)
    channels = [
        viewer_model.add_image(np.ones((4, 4)) * n, name=f"a <i>long</i> name {n}" * 9)
        for n in range(3)
    ]
    viewer_model.layers.selection = set(channels)
    assert quantized.session.target.now.channels == tuple(channels)
    assert_short_lines(quantized)
    quantized.tabs.setCurrentWidget(quantized.quality_tab)
    viewer_model.layers.selection = {viewer_model.layers[0]}
    click(quantized.quality_tab.measure)
    finish(quantized)
    assert_short_lines(quantized)
