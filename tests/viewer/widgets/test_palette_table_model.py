"""The model of the palette's table, without a viewer."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtGui import QColor

from napari_colorquant.core.palette.edits import Classify, Lock, Recolor, Rename
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.palette_display import shown_colors
from napari_colorquant.viewer.widgets.palette_table_model import PaletteModel
from napari_colorquant.viewer.widgets.table_model import SORT_ROLE

Role = Qt.ItemDataRole
LABEL, NAME, CLASS, LOCK, PERCENT, PIXELS, HEX, RED, GREEN, BLUE = range(10)
COLORS = [[0, 0, 0], [200, 0, 0], [80.4, 126.25, 0], [255, 255, 255]]


@pytest.fixture
def palette():
    return Palette(
        COLORS,
        counts=[1, 2, 1997, 10_000],
        names=["", "roofs", "Bricks", ""],
        classes=["", "sky", "Houses", "sky"],
        units="uint8",
        locked=[1],
    )


@pytest.fixture
def show(qapp):
    def show_it(palette, *, rgb=True, display=None):
        model = PaletteModel()
        shown = shown_colors(palette, rgb=rgb, display=display)
        model.show(palette, shown, rgb=rgb, display=display)
        return model

    return show_it


@pytest.fixture
def asked():
    """What a model asks for: edits, and sentences for what cannot be done."""

    def listen(model):
        heard = []
        model.edited.connect(heard.append)
        model.refused.connect(heard.append)
        return heard

    return listen


def row(model, entry):
    return [model.index(entry, n).data() for n in range(model.columnCount())]


def test_it_keeps_the_rules_of_qt(show, palette, qtmodeltester):
    qtmodeltester.check(show(palette))


def test_columns_and_cells(show, palette):
    model = show(palette)
    titles = [
        model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(model.columnCount())
    ]
    assert titles == [
        "Label",
        "Name",
        "Class",
        "Lock",
        "%",
        "Pixels",
        "Hex",
        "Red",
        "Green",
        "Blue",
    ]
    assert row(model, 0) == ["1", "", "", "", "0.01", "1", "#000000", "0", "0", "0"]
    assert row(model, 2) == [
        "3",
        "Bricks",
        "Houses",
        "",
        "16.64",
        "1,997",
        "#507e00",
        "80.4",
        "126.2",
        "0",
    ]
    assert model.index(1, LOCK).data(Role.CheckStateRole) == Qt.CheckState.Checked
    assert model.index(2, LOCK).data(Role.CheckStateRole) == Qt.CheckState.Unchecked
    assert model.index(1, NAME).data(Role.CheckStateRole) is None


def test_a_swatch_shows_the_color(show, palette):
    model = show(palette)
    for entry, name in ((0, "#000000"), (3, "#ffffff")):  # any screen can show them
        icon = model.index(entry, LABEL).data(Role.DecorationRole)
        assert icon.pixmap(16, 16).toImage().pixelColor(8, 8).name() == name
    assert model.index(1, HEX).data(Role.DecorationRole) is None


def test_every_column_says_what_it_is(show, palette):
    model = show(palette)
    for column in range(model.columnCount()):
        tooltip = model.headerData(
            column, Qt.Orientation.Horizontal, int(Role.ToolTipRole)
        )
        assert len(tooltip) > 15
        assert model.index(0, column).data(Role.ToolTipRole) == tooltip


def test_numbers_stand_at_the_right(show, palette):
    model = show(palette)
    right = [
        bool(
            model.index(0, column).data(Role.TextAlignmentRole)
            & Qt.AlignmentFlag.AlignRight
        )
        for column in range(model.columnCount())
    ]
    assert right == [False, False, False, False, True, True, True, True, True, True]


@pytest.mark.parametrize(
    ("column", "order"),
    [
        (LABEL, [0, 1, 2, 3]),
        (NAME, [0, 3, 2, 1]),  # "Bricks" before "roofs"
        (CLASS, [0, 2, 1, 3]),
        (LOCK, [0, 2, 3, 1]),
        (PERCENT, [0, 1, 2, 3]),
        (PIXELS, [0, 1, 2, 3]),  # 10,000 is more than 1,997
        (HEX, [0, 2, 1, 3]),
        (RED, [0, 2, 1, 3]),
        (GREEN, [0, 1, 2, 3]),
    ],
)
def test_it_is_sorted_by_what_a_cell_means(show, palette, column, order):
    model = show(palette)
    proxy = QSortFilterProxyModel()
    proxy.setSourceModel(model)
    proxy.setSortRole(SORT_ROLE)
    proxy.sort(column)
    rows = [proxy.mapToSource(proxy.index(n, 0)).row() for n in range(4)]
    assert rows == order


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.123456, "0.1235"),
        (127.333, "127.3"),
        (9999.4, "9999"),
        (12345.678, "12346"),
        (65535.0, "65535"),
        (-40000.0, "-40000"),
        (2e20, "2e+20"),
    ],
)
def test_no_digit_before_the_point_is_lost(show, value, text):
    model = show(Palette([[value]]), rgb=False)
    assert model.index(0, RED).data() == text


def test_a_palette_of_other_channels(show):
    model = show(Palette([[1, 2], [300, 4]], units="uint16"), rgb=False)
    assert [
        model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(HEX, model.columnCount())
    ] == ["Hex", "Channel 0", "Channel 1"]
    assert row(model, 1) == ["2", "", "", "", "-", "-", "#ffffff", "300", "4"]
    editable = Qt.ItemFlag.ItemIsEditable
    assert not model.flags(model.index(0, HEX)) & editable
    assert model.flags(model.index(0, RED)) & editable
    assert model.recolor(0, QColor("red")) is None


def test_a_color_of_the_screen_is_one_in_the_limits_of_the_picture(show):
    display = {"contrast_limits": (100, 4100), "gamma": 0.5}
    palette = Palette([[100, 1100, 4100]], units="uint16")
    model = show(palette, display=display)
    edit = model.recolor(0, QColor(255, 0, 51))
    np.testing.assert_allclose(edit.color, [4100, 100, 100 + 4000 * 0.2**2])


def test_what_can_be_typed_and_ticked(show, palette):
    model = show(palette)
    editable = [
        bool(model.flags(model.index(0, n)) & Qt.ItemFlag.ItemIsEditable)
        for n in range(10)
    ]
    assert editable == [False, True, True, False, False, False, True, True, True, True]
    assert model.flags(model.index(0, LOCK)) & Qt.ItemFlag.ItemIsUserCheckable


@pytest.mark.parametrize(
    ("entry", "column", "text", "edit"),
    [
        (0, NAME, " nuclei ", Rename(0, "nuclei")),
        (1, NAME, "", Rename(1, "")),
        (1, CLASS, " DAB ", Classify([1], "DAB")),
        (2, CLASS, "", Classify([2], "")),
        (0, HEX, "#ff8000", Recolor(0, (255, 128, 0))),
        (0, HEX, " red ", Recolor(0, (255, 0, 0))),
        (2, RED, "12.5", Recolor(2, (12.5, 126.25, 0))),
        (2, BLUE, "255", Recolor(2, (80.4, 126.25, 255))),
    ],
)
def test_what_is_typed_becomes_an_edit(show, palette, asked, entry, column, text, edit):
    model = show(palette)
    heard = asked(model)
    assert model.setData(model.index(entry, column), text)
    assert heard == [edit]
    assert model.palette is palette  # only asked for


def test_a_hex_is_one_of_the_images_units(show, asked):
    model = show(Palette([[0, 0, 0], [65535, 0, 0]], units="uint16"))
    heard = asked(model)
    model.setData(model.index(0, HEX), "#ff8000")
    assert heard == [Recolor(0, (65535, 128 * 257, 0))]


@pytest.mark.parametrize(
    ("state", "edit"),
    [(Qt.CheckState.Checked, Lock([2])), (Qt.CheckState.Unchecked, Lock([2], False))],
)
def test_a_tick_locks(show, palette, asked, state, edit):
    model = show(palette)
    heard = asked(model)
    assert model.setData(model.index(2, LOCK), state, Role.CheckStateRole)
    assert heard == [edit]


@pytest.mark.parametrize(
    ("column", "text"),
    [(NAME, "Bricks"), (CLASS, "Houses"), (HEX, "#507e00"), (GREEN, "126.2")],
)
def test_what_is_left_as_it_was_is_no_edit(show, palette, asked, column, text):
    model = show(palette)
    heard = asked(model)
    assert not model.setData(model.index(2, column), text)
    assert heard == []


@pytest.mark.parametrize(
    ("column", "text", "sentence"),
    [
        (HEX, "#12", "'#12' is no color: type one such as #b22222 or red."),
        (HEX, "blau", "'blau' is no color: type one such as #b22222 or red."),
        (RED, "x", "'x' is no number: type a value of the image's units."),
        (RED, "", "'' is no number: type a value of the image's units."),
        (RED, "nan", "'nan' is no number: type a value of the image's units."),
        (RED, "1e999", "'1e999' is no number: type a value of the image's units."),
        (RED, "1,5", "'1,5' is no number: type a value of the image's units."),
        (RED, "256", "256 is no value of uint8 images: type one from 0 to 255."),
        (BLUE, "-1", "-1 is no value of uint8 images: type one from 0 to 255."),
    ],
)
def test_what_cannot_be_done_is_said(show, palette, asked, column, text, sentence):
    model = show(palette)
    heard = asked(model)
    assert not model.setData(model.index(2, column), text)
    assert heard == [sentence]


def test_a_float_image_has_values_beyond_white(show, asked):
    model = show(Palette([[0.5, 0.5, 0.5]], units="float32"))
    heard = asked(model)
    model.setData(model.index(0, RED), "1.5")
    assert heard == [Recolor(0, (1.5, 0.5, 0.5))]


def test_a_palette_of_as_many_entries_takes_the_place_without_a_reset(show, palette):
    model = show(palette)
    told = []
    model.modelReset.connect(lambda: told.append("reset"))
    model.dataChanged.connect(
        lambda first, last: told.append((last.row(), last.column()))
    )
    model.show(palette.uncounted(), np.ones((4, 4)))
    assert told == [(3, 9)]
    assert model.index(0, PIXELS).data() == "-"
    model.show(palette.select([0, 1]), np.ones((2, 4)))
    model.show(None, np.empty((0, 4)))
    assert told[1:] == ["reset", "reset"]
    assert model.rowCount() == 0
    assert not model.setData(QModelIndex(), "x")
