"""The widget in a small window and a narrow dock: nothing is cut, nothing grows."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QModelIndex, QPoint, QPointF, QRect, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QComboBox, QSpinBox, QVBoxLayout, QWidget

from napari_colorquant.core.palette.edits import Classify
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets import palette_table_view as palette_view
from napari_colorquant.viewer.widgets.palette_tab import PaletteTab
from napari_colorquant.viewer.widgets.scrolling import ScrollingColumn
from results import offer

LABEL, NAME, CLASS, LOCK, PERCENT, PIXELS, HEX = range(7)
Role = Qt.ItemDataRole
MANY = 10**10


# ---------------------------------------------------------------- the whole widget


def test_folds_and_tabs_leave_the_window_as_high_as_it_was(
    viewer, open_widget, click, finish, china, qtbot
):
    main = viewer.window._qt_window
    main.resize(1280, 720)
    viewer.add_image(china, name="china", rgb=True)
    widget = open_widget()
    dock = widget.native.parent()
    dock.setFixedWidth(300)
    click(widget.quantize_button)
    finish(widget)
    scroll = widget.native.findChild(ScrollingColumn)
    for fold in (widget.where, widget.more, None):
        if fold is not None:
            fold.button.click()
        for page in (
            widget.palette_tab,
            widget.measure_tab,
            widget.quality_tab,
            widget.curve_tab,
        ):
            widget.tabs.setCurrentWidget(page)
            qtbot.wait(30)
            assert (main.width(), main.height()) == (1280, 720)
            assert dock.height() < 700
            # All of the width is seen, and the table has a few rows.
            assert scroll.widget().width() == scroll.viewport().width()
            assert widget.tabs.width() <= scroll.viewport().width()
            for one in page.findChildren(QWidget):
                if one.isVisible() and one.parent() is page:
                    assert one.geometry().right() < page.width()
        if fold is not None:
            widget.tabs.setCurrentWidget(widget.palette_tab)
            assert widget.palette_tab.table.height() >= 130
            assert scroll.verticalScrollBar().maximum() < 300
            fold.button.click()
    assert dock.minimumSizeHint().height() < 400
    assert scroll.verticalScrollBar().maximum() == 0  # folded, all of it fits


@pytest.fixture
def column(qtbot):
    """A column that is higher than its window, with a box at its top."""
    content = QWidget()
    layout = QVBoxLayout(content)
    spin, choice = QSpinBox(), QComboBox()
    choice.addItems(["a", "b with very long words to choose from, which widen nothing"])
    layout.addWidget(spin)
    layout.addWidget(choice)
    last = QSpinBox()
    for _ in range(40):
        layout.addWidget(QSpinBox())
    layout.addWidget(last)
    scroll = ScrollingColumn(content)
    qtbot.addWidget(scroll)
    scroll.resize(300, 300)
    scroll.show()
    qtbot.waitExposed(scroll)
    return scroll, spin, choice, last


def is_left_to_the_column(scroll, control):
    """Return whether a turn of the wheel over a control goes on to the column."""
    place = QPointF(control.rect().center())
    event = QWheelEvent(
        place,
        QPointF(control.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    return scroll.eventFilter(control, event) and not event.isAccepted()


def test_the_wheel_turns_only_the_control_that_has_the_focus(column, monkeypatch):
    scroll, spin, choice, _ = column
    monkeypatch.setattr(spin, "hasFocus", lambda: True)
    monkeypatch.setattr(choice, "hasFocus", lambda: False)
    assert not is_left_to_the_column(scroll, spin)
    assert is_left_to_the_column(scroll, choice)
    # Or the wheel would give it the focus first.
    assert choice.focusPolicy() == Qt.FocusPolicy.StrongFocus


def test_a_column_asks_for_little_height_and_no_more_width_than_it_needs(column):
    scroll, _, choice, _ = column
    content, bar = scroll.widget(), scroll.verticalScrollBar()
    scroll.setStyleSheet("QWidget { }")  # as napari does; boxes are measured anew
    least = content.minimumSizeHint().width() + bar.sizeHint().width()
    assert scroll.minimumSizeHint().width() == least < 200
    assert scroll.minimumSizeHint().height() <= 200
    assert scroll.sizeHint() == content.sizeHint()
    words = choice.fontMetrics().horizontalAdvance(choice.itemText(1))
    assert choice.minimumSizeHint().width() < words


def test_a_name_that_is_too_long_for_a_box_is_cut_in_its_middle(column):
    _, _, choice, _ = column

    def seen(text):
        choice.setItemText(choice.currentIndex(), text)
        return choice.grab().toImage()

    choice.setCurrentIndex(1)
    long = "haematoxylin + DAB (6 colors) [1]" * 2
    cut = seen(long)
    ends = [(n, k) for n in range(4, 30) for k in (n - 1, n, n + 1)]
    assert any(cut == seen(f"{long[:n]}…{long[-k:]}") for n, k in ends)
    assert seen("short") != seen("short…")


def test_a_control_that_is_reached_by_keyboard_is_scrolled_to(column, qtbot):
    scroll, spin, _, last = column
    scroll.activateWindow()
    spin.setFocus()
    qtbot.waitUntil(spin.hasFocus)
    for _ in range(42):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert last.hasFocus()
    assert scroll.viewport().rect().contains(last.mapTo(scroll.viewport(), QPoint()))


# -------------------------------------------------------------------- the table


def bench(qtbot, width, n_colors=64, estimated=False):
    """Return a workbench with a palette of large numbers, so many pixels wide."""
    counts = np.linspace(1, MANY, n_colors).astype(np.int64)
    colors = np.linspace(0, 65535, 3 * n_colors).reshape(-1, 3)
    names = [
        "",
        *(f"{n} a name that is longer than any dock" for n in range(1, n_colors)),
    ]
    palette = Palette(colors, counts=counts, names=tuple(names), units="uint16")
    record = {"source": "many", "palette": palette.as_dict()}
    result = Result({**record, "counts_are_estimates": estimated})
    workbench = PaletteTab(Session(ViewerModel()))
    qtbot.addWidget(workbench)
    workbench.resize(width, 500)
    workbench.show()
    qtbot.waitExposed(workbench)
    offer(workbench, [result])
    qtbot.wait(20)
    return workbench


def assert_whole(table):
    """Fail if a column is narrower than a text in it; names are told in a tooltip."""
    model, metrics, header = (
        table.model(),
        table.fontMetrics(),
        table.horizontalHeader(),
    )
    for column in range(model.columnCount()):
        if table.isColumnHidden(column):
            continue
        width = table.columnWidth(column)
        title = model.headerData(column, Qt.Orientation.Horizontal)
        least = metrics.horizontalAdvance(title) + 8
        # Words give way, but not their title; others have room for the sign of order.
        is_of_words = column in (NAME, CLASS)
        assert width >= (least if is_of_words else header.sectionSizeHint(column))
        assert header.sectionSizeHint(column) > least - 8
        texts = [model.index(row, column).data() for row in range(model.rowCount())]
        widest = max(map(metrics.horizontalAdvance, texts))
        swatch = 16 if column == LABEL else 0
        assert column in (NAME, CLASS) or width > widest + swatch


@pytest.mark.parametrize("width", [270, 300, 420])
@pytest.mark.parametrize("n_colors", [8, 999])
def test_the_columns_that_matter_fit_a_narrow_dock(qtbot, width, n_colors):
    table = bench(qtbot, width, n_colors).table
    seen = [c for c in range(10) if not table.isColumnHidden(c)]
    assert seen == [LABEL, NAME, LOCK, PERCENT]
    assert_whole(table)
    assert table.horizontalScrollBar().maximum() == 0
    assert table.columnWidth(NAME) >= 64
    assert table.horizontalHeader().length() == table.viewport().width()


@pytest.mark.parametrize("width", [270, 300, 420])
@pytest.mark.parametrize("n_colors", [8, 64])
@pytest.mark.parametrize("name", ["DAB", "a class that is longer than any dock"])
def test_classes_leave_room_for_the_share_in_a_narrow_dock(
    qtbot, every_column, width, n_colors, name
):
    for kind in ("Pixels", "Hex", palette_view.CHANNEL):
        palette_view.choose(kind, False)
    workbench = bench(qtbot, width, n_colors)
    table = workbench.table
    for entries in ([0], range(n_colors)):
        workbench.edit(Classify(entries, name))
        assert_whole(table)
        assert table.horizontalScrollBar().maximum() == 0
        assert table.horizontalHeader().length() == table.viewport().width()
    assert table.columnWidth(CLASS) <= 120


@pytest.mark.parametrize("width", [300, 420])
@pytest.mark.parametrize("estimated", [False, True])
def test_no_number_is_cut_however_large(qtbot, every_column, width, estimated):
    table = bench(qtbot, width, estimated=estimated).table
    assert not any(table.isColumnHidden(column) for column in range(10))
    assert_whole(table)


def test_numbers_at_the_edge_are_written_whole_or_not_at_all(
    qtbot, every_column, monkeypatch
):
    written = {}
    fill = palette_view._WholeValues.initStyleOption

    def note(self, option, index):
        fill(self, option, index)
        if self._is_painting and index.row() == 1:
            written[index.column()] = (option.text, QRect(option.rect))

    monkeypatch.setattr(palette_view._WholeValues, "initStyleOption", note)
    table = bench(qtbot, 300).table
    model, bar = table.model(), table.horizontalScrollBar()
    cut = 0
    for place in range(bar.maximum() + 1):
        bar.setValue(place)
        written.clear()
        table.grab()
        room = table.viewport().width()
        for column, (text, rect) in written.items():
            if rect.left() < 0 or rect.right() >= room:
                cut += 1
                assert text == ("…" if column not in (NAME, CLASS, LOCK) else text)
            else:
                assert text == model.index(1, column).data()
    assert cut > 0


def menu_words(menu):
    menu.aboutToShow.emit()
    return {one.text(): one for one in menu.actions() if one.text()}


def test_the_menu_shows_columns_and_the_choice_outlasts_the_widget(qtbot):
    first = bench(qtbot, 300)
    assert first.columns.menu() is first.table.columns
    chosen = {
        text: one.isChecked()
        for text, one in menu_words(first.table.columns).items()
        if one.isCheckable()
    }
    assert chosen == {
        "Names": True,
        "Classes": False,
        "Locks": True,
        "Percent of the pixels": True,
        "Numbers of pixels": False,
        "Hex colors": False,
        "Values of the channels": False,
    }
    for text in ("Numbers of pixels", "Locks", "Values of the channels"):
        menu_words(first.table.columns)[text].trigger()
    expected = [LABEL, NAME, PERCENT, PIXELS, 7, 8, 9]
    for table in (first.table, bench(qtbot, 420).table):
        assert [c for c in range(10) if not table.isColumnHidden(c)] == expected
        assert_whole(table)


def test_the_menu_orders_the_rows(qtbot):
    table = bench(qtbot, 300, 8).table

    def labels():
        return [table.model().index(row, LABEL).data() for row in range(8)]

    def order_by(title):
        order = menu_words(table.columns)["Order of the rows"].menu()
        next(one for one in order.actions() if one.text() == title).trigger()

    order_by("%")
    assert labels() == list("12345678")
    order_by("%")
    assert labels() == list("87654321")
    order_by("Label")
    assert labels() == list("12345678")


def test_a_name_that_is_cut_is_told_in_its_tooltip(qtbot):
    workbench = bench(qtbot, 300, 8)
    index = workbench.model.index(3, NAME)
    assert index.data(Role.ToolTipRole).startswith(
        "3 a name that is longer than any dock"
    )
    assert not workbench.model.index(0, NAME).data(Role.ToolTipRole).startswith("\n")


def test_an_empty_table_has_its_titles(qtbot):
    workbench = PaletteTab(Session(ViewerModel()))
    qtbot.addWidget(workbench)
    workbench.resize(300, 400)
    workbench.show()
    assert workbench.table.horizontalHeader().length() <= workbench.table.width()
    assert not workbench.table.model().index(0, 0, QModelIndex()).isValid()
