from __future__ import annotations

from itertools import combinations, pairwise
from math import inf, log10

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from napari.qt import get_current_stylesheet
from napari.settings import get_settings
from napari.utils.theme import available_themes, get_theme
from qtpy.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from qtpy.QtGui import QImage, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QToolTip, QWidget

from napari_colorquant.core.quality.curve import CurvePoint
from napari_colorquant.viewer.widgets.plots.curve_drawing import Shown
from napari_colorquant.viewer.widgets.plots.curve_plot import CurvePlot
from napari_colorquant.viewer.widgets.plots.looks import contrast, theme_colors

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


def axes_of(plot):
    """Return the axes of matplotlib, after all is where it is drawn."""
    plot.grab()
    return plot.axes


def on_widget(plot, x, y):
    """Return the place in the widget of one in the picture, counted from below."""
    ratio = plot.axes.figure.canvas.device_pixel_ratio
    return QPointF(x / ratio, plot.height() - y / ratio)


def place_of(plot, n_colors):
    axes = axes_of(plot)
    height = min(plot.shown.psnr[n_colors], axes.get_ylim()[1])
    return on_widget(plot, *axes.transData.transform((n_colors, height))).toPoint()


def picture_of(plot):
    image = QImage(plot.size(), QImage.Format.Format_RGB32)
    plot.render(image)
    return image


def texts_of(plot):
    """Return the place of every text that is drawn, and what it says."""
    figure = axes_of(plot).figure
    return [
        (text.get_window_extent(), text.get_text())
        for text in figure.findobj(Text)
        if text.get_text() and text.get_visible()
    ]


def words_of(plot):
    return [words for _, words in texts_of(plot)]


def mark_of(plot, words):
    """Return the line or symbol that the legend calls so, as (x, y) of its ends."""
    lines = {line.get_label(): line for line in axes_of(plot).lines}
    return lines[words].get_xydata().tolist()


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
    x, box = place_of(filled, 12).x(), axes_of(filled).bbox
    chosen = []
    filled.chosen.connect(chosen.append)
    for y in (box.y1 - 1, box.y0 + 1):
        place = QPoint(x, int(on_widget(filled, 0, y).y()))
        qtbot.mouseClick(filled, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [12, 12]


def test_a_click_in_the_window_reaches_the_plot(filled, qtbot):
    """What matplotlib draws on takes no click, no key and no turn of the wheel."""
    with qtbot.waitSignal(filled.chosen) as chosen:
        window, place = filled.windowHandle(), place_of(filled, 8)
        QTest.mouseClick(window, Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args == [8]
    # Another process of tests may have a window on the same screen, over this one.
    filled.raise_()
    there = filled.mapToGlobal(place_of(filled, 8))
    qtbot.waitUntil(lambda: QApplication.widgetAt(there) is filled)
    assert all(
        one.focusPolicy() == Qt.FocusPolicy.NoFocus
        for one in filled.findChildren(QWidget)
    )


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
    filled.set_suggested(elbow)
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
    assert not [words for words in words_of(filled) if words.startswith("K = ")]
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
    assert not {"for picture: 12", "chosen: 8"}.intersection(words_of(filled))
    filled.set_suggested(12, 4)
    filled.set_current(8)
    filled.set_target(25)
    words = words_of(filled)
    marks = {"for picture: 12", "for classes: 4", "chosen: 8", "target: 25 dB"}
    assert marks.issubset(words)
    assert {"PSNR (dB)", "Number of colors"}.issubset(words)
    told = filled.accessibleDescription()
    assert "Suggested: 12 colors for the picture. Suggested: 4 colors for" in told
    for forget in (filled.set_suggested, filled.set_current, filled.set_target):
        forget(None)
    assert not [w for w in words_of(filled) if w.startswith(("for ", "cho", "tar"))]


def test_marks_are_where_they_belong(filled):
    filled.set_target(24.9)
    filled.set_current(14)
    filled.set_suggested(12, 4)
    assert mark_of(filled, "for classes: 4") == [[4, 21.6]]
    assert mark_of(filled, "for picture: 12") == [[12, 26.41]]
    # From one end of the axes to the other.
    assert mark_of(filled, "target: 24.9 dB") == [[0, 24.9], [1, 24.9]]
    assert mark_of(filled, "chosen: 14") == [[14, 0], [14, 1]]
    (first, last), (bottom, top) = filled.axes.get_xlim(), filled.axes.get_ylim()
    assert (first, last) == (2, 32)
    assert bottom <= 17.04 < 30 <= top


@pytest.mark.parametrize(
    ("current", "words"), [(256, "chosen: 256 →"), (1, "← chosen: 1")]
)
def test_a_chosen_number_beyond_the_axis_is_told_of(filled, current, words):
    filled.set_current(current)
    assert words in words_of(filled)
    assert mark_of(filled, words) == []


@pytest.mark.parametrize(
    ("target", "words"), [(200, "target: 200 dB ↑"), (-50, "target: -50 dB ↓")]
)
def test_a_target_far_away_is_told_of_and_leaves_the_curve_its_room(
    filled, target, words
):
    limits = axes_of(filled).get_ylim()
    frame = filled.axes.bbox.bounds
    filled.set_target(target)
    assert words in words_of(filled)
    assert mark_of(filled, words) == []
    assert filled.axes.get_ylim() == limits
    assert filled.axes.bbox.bounds == pytest.approx(frame)


@pytest.mark.parametrize("target", [5.0, 40.0])
def test_a_target_near_the_points_widens_the_axis(filled, target):
    filled.set_target(target)
    bottom, top = axes_of(filled).get_ylim()
    assert bottom <= target <= top


def test_what_is_lossless_is_at_the_top(plot):
    plot.set_points([*POINTS, CurvePoint(40, 0.0, inf)])
    axes = axes_of(plot)
    top = axes.get_ylim()[1]
    assert top == axes.get_yticks()[-1] > 30
    assert axes.get_yticklabels()[-1].get_text() == "∞"
    assert [40, top] in [*axes.lines[0].get_xydata().tolist()]
    assert plot.shown.describe(40) == "K = 40: lossless"


def test_points_are_joined_in_their_order(plot):
    plot.set_points(reversed(POINTS))
    assert plot.shown.psnr == {p.n_colors: p.psnr for p in POINTS}
    curve = axes_of(plot).lines[0].get_xydata().tolist()
    assert curve == [[p.n_colors, p.psnr] for p in POINTS]


def test_clearing_leaves_a_message_and_what_the_user_chose(filled):
    filled.set_suggested(12, 4)
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
    filled.set_suggested(16)
    filled.set_current(8)
    filled.set_target(20)
    filled.changeEvent(QEvent(QEvent.Type.StyleChange))
    colors, elbow, chosen = theme_colors(), *(place_of(filled, n) for n in (16, 8))
    target = axes_of(filled).transData.transform((2, 20))
    target = int(on_widget(filled, *target).y())
    image = picture_of(filled)

    def colors_at(xs, ys):
        return {image.pixelColor(x, y).name() for x in xs for y in ys}

    assert colors_at([1], [1]) == {colors.background}
    assert colors_at([elbow.x()], [elbow.y()]) == {colors.accent}
    beside = range(chosen.x() - 2, chosen.x() + 3)
    assert colors.choice in colors_at(beside, [chosen.y() - 30])
    assert colors.accent in colors_at(range(60, 250), [target - 1, target, target + 1])


def test_another_theme_is_drawn_at_once(qtbot):
    theme = "dark"
    plot = CurvePlot(theme=lambda: theme)
    qtbot.addWidget(plot)
    plot.show()
    for theme in ("light", "dark"):
        plot.setStyleSheet(f"/* {theme} */")
        corner = plot.grab().toImage().pixelColor(1, 1).name()
        assert corner == get_theme(theme).background.as_hex("long")


def test_a_message_is_drawn_where_there_are_no_points(plot):
    def colors():
        image = picture_of(plot)
        pixels = ((x, y) for x in range(0, 300) for y in range(60, 140))
        return {image.pixelColor(*pixel).name() for pixel in pixels}

    assert theme_colors().text in colors()
    assert words_of(plot) == ["No curve yet."]
    plot.clear("")
    assert colors() == {theme_colors().background}


def test_the_focus_is_seen(filled, qtbot):
    edge = theme_colors().line
    assert picture_of(filled).pixelColor(0, 100).name() != edge
    filled.activateWindow()
    filled.setFocus()
    qtbot.waitUntil(filled.hasFocus)
    assert picture_of(filled).pixelColor(0, 100).name() == edge


@pytest.fixture
def write(plot, monkeypatch):
    """Let napari, and so the plot, write in so many points."""

    def write_in(points):
        monkeypatch.setattr(get_settings().appearance, "font_size", points)
        plot.setStyleSheet(get_current_stylesheet())

    return write_in


def test_text_is_as_large_as_napari_writes(plot, write):
    for points in (9, 14):
        write(points)
        assert plot.font().pointSize() == points
    assert plot.minimumSizeHint().height() >= 10 * plot.fontMetrics().height()


def test_text_has_the_size_of_the_windows_font(plot, write):
    for points in (9, 18):
        write(points)
        assert plot.fontInfo().pointSize() == points
        plot.set_points(POINTS)
        plot.resize(plot.minimumSizeHint())
        plot._look_at(None)
        title = next(t for t in axes_of(plot).figure.texts if "PSNR" in t.get_text())
        assert title.get_fontsize() == plot.fontInfo().pixelSize()
        assert title.get_fontname() == plot.fontInfo().family()


def test_it_is_as_large_as_its_font_needs(plot, write):
    assert plot.minimumSizeHint().height() >= 160
    assert plot.minimumSizeHint().width() <= 300
    write(20)  # the most that napari takes
    assert plot.minimumSizeHint().height() >= 10 * plot.fontMetrics().height()
    assert plot.minimumSizeHint().height() > 160


@given(
    points=st.sampled_from([9, 13, 18, 30]),
    extra=st.sampled_from([QSize(0, 0), QSize(40, 0), QSize(200, 150)]),
    data=st.data(),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
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
    plot.set_points(CurvePoint(n, 1.0, db) for n, db in psnr.items())
    plot.set_suggested(data.draw(anywhere), data.draw(anywhere))
    plot.set_target(data.draw(st.none() | st.integers(1, 99)))
    plot.set_current(data.draw(anywhere | st.integers(1, 999)))
    plot._look_at(data.draw(anywhere))
    plot.resize(plot.minimumSizeHint() + extra)
    assert plot.axes.axison
    texts, size = texts_of(plot), plot.axes.figure.bbox
    for box, words in texts:
        assert size.x0 <= box.x0 < box.x1 <= size.x1, words
        assert size.y0 <= box.y0 < box.y1 <= size.y1, words
    # The room of a letter with a mark above or a part below the line is not counted:
    # digits at the corner of the axes have neither.
    ink = [(box.padded(0, -0.15 * box.height), words) for box, words in texts]
    for (a, one), (b, other) in combinations(ink, 2):
        assert not a.overlaps(b), (one, other)


def test_labels_are_where_the_curve_is_not(filled):
    filled.set_suggested(12)
    filled.set_current(16)
    filled.set_target(28)
    axes = axes_of(filled)
    legend = axes.get_legend().get_window_extent()
    assert len(axes.get_legend().get_texts()) == 3
    for x, y in axes.transData.transform(list(filled.shown.psnr.items())):
        assert not legend.contains(x, y)


@pytest.mark.parametrize("size", [(9, 9), (20, 300), (300, 20), (60, 60)])
def test_it_can_be_drawn_in_too_small_a_room(filled, size):
    filled.set_suggested(12)
    filled.set_current(999)
    filled.set_target(28)
    filled.setMinimumSize(1, 1)
    filled.resize(*size)
    image = picture_of(filled)
    assert image.pixelColor(0, 0).name() == theme_colors().background


# ----------------------------------------------------------------------- its ticks


def levels_of(plot, low, high):
    plot.set_points([CurvePoint(2, 1.0, low), CurvePoint(8, 1.0, high)])
    return axes_of(plot).get_yticks().tolist()


@given(low=st.floats(-99, 99), span=st.floats(0, 200), height=st.integers(160, 500))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_levels_are_round_few_and_enclose_the_points(plot, low, span, height):
    plot.resize(300, height)
    levels = levels_of(plot, low, low + span)
    assert 2 <= len(levels) <= 9
    assert plot.axes.get_ylim() == (levels[0], levels[-1])
    assert levels[0] <= low + 1e-9
    assert levels[-1] >= low + span - 1e-9
    steps = [b - a for a, b in pairwise(levels)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    digit = steps[0] / 10 ** round(log10(steps[0] / 2))
    assert min(abs(digit - wanted) for wanted in (0.5, 1, 2, 5)) < 1e-6


@pytest.mark.parametrize("low", [0.0, 5.0, -30.25])
@pytest.mark.parametrize("digits", [0.0, 1e-15, 1e-11])
def test_values_that_differ_in_their_last_digits_have_levels_of_one(plot, low, digits):
    levels = levels_of(plot, low, low * (1 + digits) if low > 0 else low)
    assert levels[0] - 1e-9 <= low < levels[-1]
    assert 1 <= levels[-1] - levels[0] < 3


@pytest.mark.parametrize(
    ("first", "last", "width", "ticks"),
    [
        (2, 64, 300, [8, 16, 24, 32, 40, 48, 56, 64]),
        (2, 64, 200, [2, 16, 32, 48, 64]),
        (2, 5, 300, [2, 3, 4, 5]),
        (7, 7, 300, [7]),
        (3, 100, 200, [3, 32, 64, 96]),
    ],
)
def test_numbers_of_colors_have_binary_ticks(plot, first, last, width, ticks):
    plot.resize(width, 200)
    plot.set_points([CurvePoint(first, 1.0, 20.0), CurvePoint(last, 1.0, 30.0)])
    assert axes_of(plot).get_xticks().tolist() == ticks
    assert [text.get_text() for text in plot.axes.get_xticklabels()] == [
        f"{tick}" for tick in ticks
    ]


# ---------------------------------------------------------------------- its colours


@pytest.mark.parametrize(
    ("a", "b", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#000000", 21),
        ("#777777", "#ffffff", 4.478),
        ("#ff0000", "#ffffff", 3.998),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast(a, b, ratio):
    assert contrast(a, b) == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("name", available_themes())
def test_lines_and_marks_are_seen_in_every_theme(monkeypatch, name):
    monkeypatch.setattr(get_settings().appearance, "theme", name)
    colors, theme = theme_colors(), get_theme(name)
    assert colors.background == theme.background.as_hex("long")
    assert contrast(colors.text, colors.background) >= 4.5
    for color in (colors.line, colors.accent, colors.choice):
        assert contrast(color, colors.background) >= 3


def test_colours_that_are_seen_are_the_themes_own(monkeypatch):
    monkeypatch.setattr(get_settings().appearance, "theme", "dark")
    assert theme_colors().accent == get_theme("dark").warning.as_hex("long")
