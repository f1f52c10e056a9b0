from __future__ import annotations

from itertools import combinations
from math import inf

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.qt import get_current_stylesheet
from napari.settings import get_settings
from qtpy.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QImage, QMouseEvent
from qtpy.QtWidgets import QApplication, QToolTip

from napari_colorquant.core.quantization.curve import CurvePoint
from napari_colorquant.viewer.curve_layout import Shown, arrange
from napari_colorquant.viewer.theme import theme_colors
from napari_colorquant.viewer.widgets.curve_plot import CurvePlot

POINTS = [
    CurvePoint(n, 10 ** (4 - psnr / 10), psnr)
    for n, psnr in [(2, 17.04), (4, 21.6), (8, 24.9), (12, 26.41), (16, 27.6), (32, 30)]
]


@pytest.fixture
def plot(qtbot):
    plot = CurvePlot()
    qtbot.addWidget(plot)
    plot.setStyleSheet(get_current_stylesheet())
    plot.resize(300, 200)
    plot.show()
    qtbot.waitExposed(plot)
    return plot


@pytest.fixture
def filled(plot):
    plot.set_points(POINTS)
    return plot


def place_of(plot, n_colors):
    return plot.drawing().points[n_colors].toPoint()


def picture_of(plot):
    image = QImage(plot.size(), QImage.Format.Format_RGB32)
    plot.render(image)
    return image


def words_of(plot):
    return [text.words for text in plot.drawing().texts]


def hover(plot, place):
    """Move the mouse over the plot; Qt moves no cursor where there is no screen."""
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


# ------------------------------------------------------------------- choosing


@pytest.mark.parametrize("n_colors", [2, 8, 32])
def test_a_click_on_a_point_chooses_it(filled, qtbot, n_colors):
    with qtbot.waitSignal(filled.chosen) as chosen:
        qtbot.mouseClick(
            filled, Qt.MouseButton.LeftButton, pos=place_of(filled, n_colors)
        )
    assert chosen.args == [n_colors]
    assert filled.shown.current == n_colors
    assert f"chosen: {n_colors}" in words_of(filled)


def test_a_click_anywhere_above_or_below_a_point_chooses_it(filled, qtbot):
    frame, x = filled.drawing().frame, place_of(filled, 12).x()
    chosen = []
    filled.chosen.connect(chosen.append)
    for y in (frame.top() + 1, frame.bottom() - 1):
        place = QPoint(x, int(y))
        qtbot.mouseClick(filled, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [12, 12]


def test_a_click_between_two_points_chooses_the_nearer_one(filled, qtbot):
    chosen = []
    filled.chosen.connect(chosen.append)
    left, right = place_of(filled, 16), place_of(filled, 32)
    for part in (0.4, 0.6):
        place = left + (right - left) * part
        qtbot.mouseClick(filled, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [16, 32]


def test_other_clicks_choose_nothing(filled, qtbot):
    chosen = []
    filled.chosen.connect(chosen.append)
    qtbot.mouseClick(filled, Qt.MouseButton.RightButton, pos=place_of(filled, 8))
    title = QPoint(150, filled.height() - 2)
    qtbot.mouseClick(filled, Qt.MouseButton.LeftButton, pos=title)
    filled.clear()
    qtbot.mouseClick(filled, Qt.MouseButton.LeftButton, pos=QPoint(150, 80))
    assert chosen == []


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ([Qt.Key.Key_Right, Qt.Key.Key_Return], [2]),
        ([Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Enter], [4]),
        ([Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Space], [16]),
        ([Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Return], [32]),
        ([Qt.Key.Key_Home, Qt.Key.Key_Left, Qt.Key.Key_Return], [2]),
        ([Qt.Key.Key_Return], []),
        ([Qt.Key.Key_Tab, Qt.Key.Key_Return], []),
    ],
)
def test_keys_choose(filled, qtbot, keys, chosen):
    heard = []
    filled.chosen.connect(heard.append)
    filled.setFocus()
    for key in keys:
        qtbot.keyClick(filled, key)
    assert heard == chosen


@pytest.mark.parametrize(
    ("current", "elbow", "first"),
    [(12, 8, 12), (13, 8, 12), (500, 8, 32), (None, 8, 8), (None, None, 2)],
)
def test_keys_start_at_the_chosen_or_suggested_number(
    filled, qtbot, current, elbow, first
):
    filled.set_current(current)
    filled.set_elbow(elbow)
    qtbot.keyClick(filled, Qt.Key.Key_Left)
    assert filled.shown.cursor == first


def test_keys_do_nothing_without_points(plot, qtbot):
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_Return):
        qtbot.keyClick(plot, key)
    assert plot.shown == Shown({})


# -------------------------------------------------------------- what is told


def test_the_mouse_tells_of_the_point_below(filled):
    hover(filled, place_of(filled, 12))
    assert QToolTip.text() == "K = 12: PSNR 26.4 dB"
    assert "K = 12: PSNR 26.4 dB" in words_of(filled)
    assert filled.cursor().shape() == Qt.CursorShape.PointingHandCursor
    hover(filled, QPoint(150, filled.height() - 2))
    assert filled.shown.cursor is None
    assert filled.cursor().shape() == Qt.CursorShape.ArrowCursor
    hover(filled, place_of(filled, 12))
    QApplication.sendEvent(filled, QEvent(QEvent.Type.Leave))
    assert filled.shown.cursor is None


def test_a_key_tells_of_the_point_too(filled, qtbot):
    qtbot.keyClick(filled, Qt.Key.Key_End)
    assert "K = 32: PSNR 30.0 dB" in words_of(filled)
    assert "K = 32: PSNR 30.0 dB" in filled.accessibleDescription()
    filled.clearFocus()
    QApplication.sendEvent(filled, QEvent(QEvent.Type.Leave))
    assert filled.shown.cursor is None


def test_marks_are_labelled_in_words(filled):
    assert not {"suggested: 12", "chosen: 8"}.intersection(words_of(filled))
    filled.set_elbow(12)
    filled.set_current(8)
    filled.set_target(25)
    words = words_of(filled)
    assert {"suggested: 12", "chosen: 8", "target: 25 dB"}.issubset(words)
    assert {"PSNR (dB)", "Number of colors"}.issubset(words)
    assert "Suggested: 12 colors." in filled.accessibleDescription()
    for forget in (filled.set_elbow, filled.set_current, filled.set_target):
        forget(None)
    assert not [w for w in words_of(filled) if w.startswith(("sug", "cho", "tar"))]


def test_marks_are_where_they_belong(filled):
    filled.set_target(24.9)
    filled.set_current(8)
    drawing = filled.drawing()
    assert drawing.points[8] == QPointF(drawing.current, drawing.target)
    filled.set_current(14)
    middle = (drawing.points[12].x() + drawing.points[16].x()) / 2
    assert filled.drawing().current == pytest.approx(middle)


@pytest.mark.parametrize(
    ("current", "words"), [(256, "chosen: 256 →"), (1, "← chosen: 1")]
)
def test_a_chosen_number_beyond_the_axis_is_told_of(filled, current, words):
    filled.set_current(current)
    assert words in words_of(filled)
    assert filled.drawing().current is None


@pytest.mark.parametrize(
    ("target", "words"), [(200, "target: 200 dB ↑"), (-50, "target: -50 dB ↓")]
)
def test_a_target_far_away_is_told_of_and_leaves_the_curve_its_room(
    filled, target, words
):
    ticks = filled.drawing().y_ticks
    filled.set_target(target)
    assert words in words_of(filled)
    assert filled.drawing().target is None
    assert filled.drawing().y_ticks == ticks


@pytest.mark.parametrize("target", [5.0, 40.0])
def test_a_target_near_the_points_widens_the_axis(filled, target):
    filled.set_target(target)
    drawing = filled.drawing()
    assert drawing.frame.top() <= drawing.target <= drawing.frame.bottom()


def test_what_is_lossless_is_at_the_top(plot):
    plot.set_points([*POINTS, CurvePoint(40, 0.0, inf)])
    drawing = plot.drawing()
    assert drawing.points[40].y() == drawing.frame.top() == drawing.y_ticks[-1]
    assert "∞" in words_of(plot)
    assert plot.shown.describe(40) == "K = 40: lossless"


def test_points_come_one_by_one(plot):
    for point in reversed(POINTS):
        plot.add_point(point)
    plot.add_point(CurvePoint(8, 1.0, 26.0))
    assert plot.shown.psnr == {p.n_colors: p.psnr for p in POINTS} | {8: 26.0}
    places = list(plot.drawing().points.values())
    assert [p.x() for p in places] == sorted(p.x() for p in places)
    assert [p.y() for p in places] == sorted((p.y() for p in places), reverse=True)


def test_clearing_leaves_a_message_and_what_the_user_chose(filled):
    filled.set_elbow(12)
    filled.set_current(8)
    filled.set_target(30)
    filled.clear("Choose an image.")
    assert filled.shown == Shown({}, current=8, target=30)
    assert filled.accessibleDescription() == "Choose an image."


def test_points_that_are_replaced_take_the_cursor_along(filled, qtbot):
    qtbot.keyClick(filled, Qt.Key.Key_End)
    filled.set_points(POINTS[:3])
    assert filled.shown.cursor is None


# ------------------------------------------------------------------- its looks


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_it_is_drawn_in_the_colours_of_the_theme(monkeypatch, filled, theme):
    monkeypatch.setattr(get_settings().appearance, "theme", theme)
    filled.set_elbow(16)
    filled.set_current(8)
    filled.set_target(20)
    drawing, colors = filled.drawing(), theme_colors()
    image = picture_of(filled)

    def color_at(x, y):
        return image.pixelColor(int(x), int(y)).name()

    elbow, frame = drawing.points[16], drawing.frame
    assert color_at(1, 1) == colors.background.name()
    assert color_at(elbow.x(), elbow.y()) == colors.accent.name()
    assert color_at(drawing.current, frame.top() + 9) == colors.choice.name()
    line = {
        color_at(x, drawing.target) for x in np.arange(frame.left() + 9, frame.right())
    }
    assert colors.accent.name() in line


def test_a_message_is_drawn_where_there_are_no_points(plot):
    def colors():
        image = picture_of(plot)
        pixels = ((x, y) for x in range(0, 300, 2) for y in range(60, 140))
        return {image.pixelColor(*pixel).name() for pixel in pixels}

    assert theme_colors().text.name() in colors()
    plot.clear("")
    assert colors() == {theme_colors().background.name()}


def test_it_is_as_large_as_its_font_needs(plot):
    assert plot.minimumSizeHint().height() >= 160
    assert plot.minimumSizeHint().width() <= 300
    plot.setStyleSheet("font-size: 24pt")
    QApplication.processEvents()
    assert plot.minimumSizeHint().height() >= 10 * plot.fontMetrics().height()
    assert plot.minimumSizeHint().height() > 160


@pytest.mark.parametrize("points", [9, 13, 18, 30])
@pytest.mark.parametrize("extra", [QSize(0, 0), QSize(40, 0), QSize(200, 150)])
@given(data=st.data())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_cut_off_or_on_another(plot, points, extra, data):
    """In any font, at the least size and above."""
    font = plot.font()
    font.setPointSize(points)
    plot.setStyleSheet("")
    plot.setFont(font)
    numbers = data.draw(st.sets(st.integers(2, 300), min_size=1, max_size=30))
    decibels = st.floats(5, 60) | st.just(inf)
    psnr = {n: data.draw(decibels) for n in sorted(numbers)}
    anywhere = st.none() | st.sampled_from(sorted(numbers))
    shown = Shown(
        psnr,
        elbow=data.draw(anywhere),
        target=data.draw(st.none() | st.integers(1, 99)),
        current=data.draw(anywhere | st.integers(1, 999)),
        cursor=data.draw(anywhere),
    )
    size = plot.minimumSizeHint() + extra
    drawing = arrange(shown, size, plot.fontMetrics())
    widget = QRectF(0, 0, size.width(), size.height())
    for rect, words, _ in drawing.texts:
        assert widget.contains(rect), words
        assert rect.width() >= plot.fontMetrics().horizontalAdvance(words)
    # Ticks are apart by construction, and corners of two axes may meet.
    labels = [text for text in drawing.texts if text.inside]
    for a, b in combinations(labels, 2):
        assert not a.rect.intersects(b.rect), (a.words, b.words)


def test_labels_are_where_the_curve_is_not(filled):
    filled.set_elbow(12)
    filled.set_current(16)
    filled.set_target(28)
    drawing = filled.drawing()
    labels = [text.rect for text in drawing.texts if text.inside]
    assert len(labels) == 3
    for point in drawing.points.values():
        assert not any(label.contains(point) for label in labels)


@pytest.mark.parametrize("size", [(9, 9), (20, 300), (300, 20), (60, 60)])
def test_it_can_be_drawn_in_too_small_a_room(filled, size):
    filled.set_elbow(12)
    filled.set_current(999)
    filled.set_target(28)
    filled.setMinimumSize(1, 1)
    filled.resize(*size)
    image = picture_of(filled)
    assert image.pixelColor(0, 0).name() == theme_colors().background.name()
