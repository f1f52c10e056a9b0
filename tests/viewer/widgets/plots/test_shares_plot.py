"""The plot below the table of areas, by clicks and keys."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QToolTip

from napari_colorquant.viewer.session.measure.areas import NO_TABLE
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.plots.figure_button import FigureButton
from napari_colorquant.viewer.widgets.plots.shares_plot import SharesPlot

LEFT, Key = Qt.MouseButton.LeftButton, Qt.Key


@pytest.fixture
def session(viewer_model):
    session = Session(viewer_model)
    session.choose(n_colors=4)
    yield session
    session.close()


@pytest.fixture
def plot(session, qtbot):
    plot = SharesPlot(session)
    qtbot.addWidget(plot)
    plot.resize(300, 180)
    return plot


@pytest.fixture
def bars(viewer_model, session, plot, tiny):
    """Two regions: 1, 2 and 1 pixels of the first three colours, and 2 and 6."""
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    regions = viewer_model.add_labels(np.array([[1] * 4, [2] * 4, [2] * 4]))
    session.quantize()
    session.choose_areas(regions=regions)
    session.measure_areas()
    plot.grab()
    return plot


@pytest.fixture
def stack():
    """Three slices of four values, whose shares are 1, 2 and 3 quarters of a half."""
    values = np.zeros((3, 8, 10), np.uint8)
    for z in range(3):
        values[z, : z + 1, :5] = 80
    values[:, :, 5:] = np.array([160, 240] * 4, np.uint8)[:, None]
    return values


@pytest.fixture
def lines(viewer_model, session, plot, stack):
    viewer_model.add_image(stack, name="stack", scale=(2, 1, 1))
    session.quantize()
    session.choose_areas(slices=-3)
    session.measure_areas()
    plot.grab()
    return plot


def place_of(plot, x, y):
    """Return the place in the widget of one in the axes."""
    QApplication.processEvents()  # a plot that has just been shown gets its size
    plot.grab()
    ratio = plot.axes.figure.canvas.device_pixel_ratio
    x, y = plot.axes.transData.transform((x, y))
    return QPoint(round(x / ratio), round(plot.height() - y / ratio))


def hover(plot, place):
    where = QPointF(place)
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        where,
        QPointF(plot.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(plot, event)


def words(plot):
    plot.grab()
    return [text.get_text() for text in plot.axes.figure.texts if text.get_visible()]


def test_it_is_hidden_and_matplotlib_unread_until_something_is_measured(
    session, plot, viewer_model, tiny
):
    assert plot.isHidden()
    viewer_model.add_image(tiny, rgb=True)
    session.quantize()
    assert plot.axes is None
    session.measure_areas()
    assert not plot.isHidden()
    assert words(plot) == ["Share (%)"]
    session.editor.select([0])
    session.editor.classify("DAB")
    assert plot.isHidden()


def test_a_click_on_a_part_of_a_bar_chooses_its_row(bars, qtbot):
    chosen = []
    bars.chosen.connect(chosen.append)
    assert bars.bars == range(2)
    # Region 1: 25, 50 and 25 percent; region 2: 0, 0, 25 and 75.
    for x, y in ((0, 30), (1, 10), (1.2, 80), (0, 99)):
        qtbot.mouseClick(bars, LEFT, pos=place_of(bars, x, y))
    assert chosen == [1, 6, 7, 2]
    qtbot.mouseClick(bars, LEFT, pos=QPoint(150, 3))  # the title
    qtbot.mouseClick(bars, LEFT, pos=place_of(bars, -1.2, 50))  # beside the bars
    qtbot.mouseClick(bars, Qt.MouseButton.RightButton, pos=place_of(bars, 0, 30))
    assert len(chosen) == 4


def test_the_mouse_tells_of_what_is_below_it(bars):
    hover(bars, place_of(bars, 1, 10))
    assert QToolTip.text() == "25.00 %\nlabel 3\n2 pixel²\nregion 2"
    assert "25.00 %, label 3, region 2" in words(bars)
    assert bars.accessibleDescription().endswith(" 25.00 %, label 3, region 2")
    QApplication.sendEvent(bars, QEvent(QEvent.Type.Leave))
    assert words(bars) == ["Share (%) by region"]


def test_keys_go_through_all_parts_and_choose(bars, qtbot):
    chosen, seen = [], []
    bars.chosen.connect(chosen.append)
    for key in (Key.Key_Right, Key.Key_Up, Key.Key_Right, Key.Key_Up, Key.Key_Return):
        qtbot.keyClick(bars, key)
        seen.append(bars.looked_at)
    assert seen == [0, 1, 5, 6, 6]
    assert chosen == [6]
    qtbot.keyClick(bars, Key.Key_Home)
    qtbot.keyClick(bars, Key.Key_Space)
    assert chosen == [6, 2]


def test_a_selected_row_is_marked(bars):
    bars.select(6)
    bars.grab()
    (box,) = bars.axes.figure.artists
    assert box.get_xy() == (1 - 0.45, 0)
    assert (box.get_width(), box.get_height()) == (0.9, 25)
    bars.select(None)
    bars.grab()
    assert not bars.axes.figure.artists


def test_a_row_of_the_table_and_a_part_of_the_plot_are_selected_together(
    open_alone, viewer_model, click, finish, qtbot, tiny
):
    viewer_model.add_image(tiny, rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    tab = widget.measure_tab
    click(tab.measure)
    finish(widget)
    qtbot.waitUntil(tab.plot.isVisible)
    tab.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    # Shares are 8.33, 16.67, 25 and 50 percent.
    qtbot.mouseClick(tab.plot, LEFT, pos=place_of(tab.plot, 0, 30))
    assert widget.session.editor.entries == [2]
    assert tab.plot.selected == 2
    assert [index.row() for index in tab.table.selectionModel().selectedRows()] == [1]
    tab.table.selectRow(3)
    assert tab.plot.selected == 0
    tab.table.clearSelection()
    assert tab.plot.selected is None
    assert tab.table.height() >= 130


def test_bars_without_room_are_reached_by_keys_and_rows(
    session, plot, viewer_model, qtbot
):
    picture = np.full((20, 20), 7, np.uint8)
    viewer_model.add_image(picture, name="grey")
    regions = viewer_model.add_labels(np.arange(1, 401).reshape(20, 20))
    session.choose(n_colors=2)
    session.quantize()
    session.choose_areas(regions=regions)
    session.measure_areas()
    (title,) = words(plot)
    n = len(plot.bars)
    assert 40 < n < 75
    assert title == f"Share (%) by region, 1 to {n} of 400"
    plot.select(int(plot.shares.rows[200]))
    assert plot.bars[-1] == plot.shares.place[200]
    assert f"{plot.bars.start + 1} to " in words(plot)[0]
    qtbot.keyClick(plot, Key.Key_End)
    assert plot.bars == range(400 - n, 400)
    QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert plot.bars.stop == 400  # and not where the selected row is
    plot.resize(600, 180)
    plot.grab()
    assert len(plot.bars) > n + 40
    assert plot.bars.stop == 400


def test_the_slice_that_is_shown_is_marked_and_nothing_else_is_drawn(
    lines, viewer_model, monkeypatch
):
    viewer_model.dims.set_point(0, 0)
    drawn = []
    monkeypatch.setattr(lines, "_draw_plot", lambda *_: drawn.append("all"))
    canvas = lines.axes.figure.canvas
    monkeypatch.setattr(canvas, "draw", lambda: drawn.append("canvas"))

    def marked():
        (mark,) = lines.axes.figure.artists
        return mark.get_xdata()

    before = bytes(canvas.buffer_rgba())
    assert marked() == [0, 0]
    viewer_model.dims.set_point(0, 4)
    assert marked() == [2, 2]
    assert "Slice 2 is shown" in lines.accessibleDescription()
    assert bytes(canvas.buffer_rgba()) != before
    viewer_model.dims.set_point(0, 0)
    assert bytes(canvas.buffer_rgba()) == before
    viewer_model.dims.ndisplay = 3
    assert not lines.axes.figure.artists
    assert drawn == []


def test_a_click_on_the_lines_moves_the_viewer_to_the_slice(
    lines, session, viewer_model, qtbot
):
    viewer_model.dims.set_point(0, 0)
    chosen = []
    lines.chosen.connect(chosen.append)
    qtbot.mouseClick(lines, LEFT, pos=place_of(lines, 2, 10))
    assert viewer_model.dims.point[0] == 4
    assert session.editor.entries == []
    for key in (Key.Key_Left, Key.Key_Left, Key.Key_Enter):
        qtbot.keyClick(lines, key)
    assert viewer_model.dims.point[0] == 2
    assert chosen == []


def test_lines_are_of_the_image_of_the_selected_row(
    lines, session, viewer_model, stack
):
    viewer_model.add_image(255 - stack, name="other")
    viewer_model.layers.selection.active = viewer_model.layers["other"]
    session.quantize()
    session.choose_areas(what="all", slices=-3)
    session.measure_areas()
    assert words(lines) == ["Share (%) by slice, stack (4 colors)"]
    row = len(session.areas.table) - 1
    lines.select(row)
    assert words(lines) == ["Share (%) by slice, other (4 colors)"]
    (last,) = (line for line in lines.axes.lines if line.get_label() == "4")
    assert last.get_ydata()[-1] == session.areas.table["percent"].iat[row]
    lines.select(None)
    assert lines.panel == 1


def test_too_many_entries_are_told_of(session, plot, viewer_model):
    values = np.arange(300, dtype=np.uint16).reshape(15, 20)
    viewer_model.add_image(values, name="many")
    session.choose(n_colors=300)
    session.quantize()
    session.measure_areas()
    assert "300 entries are too many" in words(plot)[0]
    assert "300 entries are too many" in plot.accessibleDescription()


# ------------------------------------------------------------------------ figures


@pytest.fixture
def button(session, plot, qtbot):
    button = FigureButton(session, plot)
    qtbot.addWidget(button)
    return button


@pytest.fixture
def save(button, monkeypatch):
    """Choose a figure of the menu, and a path and a kind of file for it."""

    def do(figure, path, kind="PNG (*.png)"):
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_: (str(path), kind)
        )
        actions = {one.text(): one for one in button.menu().actions()}
        actions[figure].trigger()

    return do


def test_figures_are_saved_from_the_menu(save, bars, session, tmp_path, notifications):
    bars.select(6)
    path = tmp_path / "legend.svg"
    save("The palette as a legend …", path)
    assert path.read_bytes().startswith(b"<?xml")
    assert session.message == f"Saved the figure as {path}."
    save("The plot …", tmp_path / "plot", "PDF (*.pdf)")
    assert (tmp_path / "plot.pdf").read_bytes().startswith(b"%PDF")
    save("The plot …", "")
    assert notifications == []
    assert len([*tmp_path.iterdir()]) == 2
    save("The plot …", tmp_path / "plot", "PDF (*.pdf)")
    save("The plot …", tmp_path / "plot.jpg")
    save("The plot …", tmp_path / "no" / "plot.png")
    told = [message for _, message in notifications]
    assert told[0] == f"{tmp_path / 'plot.pdf'} exists already: choose another name."
    assert told[1].endswith("ends with none of .png, .svg, .pdf: choose one of them.")
    assert len(told) == 3
    assert len([*tmp_path.iterdir()]) == 2


def test_a_figure_that_is_cancelled_is_no_file(save, bars, session, tmp_path):
    session.events.progress.connect(lambda *_: session.cancel())
    save("The plot …", tmp_path / "plot.pdf")
    assert session.message == "Cancelled: no figure is saved."
    assert [*tmp_path.iterdir()] == []


def test_no_figure_is_offered_of_nothing(button):
    assert not button.isEnabled()
    assert NO_TABLE in " ".join(button.toolTip().split())
