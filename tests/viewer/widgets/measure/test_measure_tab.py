"""The page that measures areas, by clicks and keys."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_colorquant import Classify, Rename, measure_layer
from napari_colorquant.viewer.session.measure.areas import EDITED, NO_TABLE
from napari_colorquant.viewer.session.sentences import NO_PALETTE
from napari_colorquant.viewer.widgets.measure.area_table_model import AreaModel
from napari_colorquant.viewer.widgets.table_model import SORT_ROLE

LEFT, Role = Qt.MouseButton.LeftButton, Qt.ItemDataRole
REGIONS = np.array([[0, 0, 5, 5], [2, 2, 0, 0], [2, 2, 0, 0]])


@pytest.fixture
def widget(viewer_model, open_alone, click, finish, tiny):
    """The widget with a result of four colours, and a layer of regions."""
    place = {"scale": (0.5, 2), "units": ("um", "um")}
    viewer_model.add_image(tiny, name="tiny", rgb=True, **place)
    viewer_model.add_labels(REGIONS, name="glands", **place)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    widget.tabs.setCurrentWidget(widget.measure_tab)
    return widget


def titles(tab):
    model = tab.table.model()
    return [
        model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(model.columnCount())
    ]


def cells(tab, title):
    """Return what stands in a column, from top to bottom."""
    model, column = tab.table.model(), titles(tab).index(title)
    return [model.index(row, column).data() for row in range(model.rowCount())]


def click_row(qtbot, tab, row):
    table = tab.table
    place = table.visualRect(table.model().index(row, 0)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)


def test_areas_are_measured_by_clicks(widget, viewer_model, click, finish, qtbot):
    tab = widget.measure_tab
    assert tab.hint.text() == NO_TABLE
    assert not tab.copy.isEnabled()
    click(tab.measure)
    finish(widget)
    assert titles(tab) == ["Label", "%", "Area (µm²)", "Pixels"]
    assert cells(tab, "Area (µm²)") == ["1", "2", "3", "6"]
    assert cells(tab, "%") == ["8.33", "16.67", "25.00", "50.00"]
    assert not tab.hint.isVisible()
    assert tab.copy.isEnabled()
    widget.palette_tab.edit(Classify([1, 3], "DAB"))
    assert tab.table.model().rowCount() == 0
    assert tab.hint.text() == EDITED
    tab.boxes["regions"].value = viewer_model.layers["glands"]
    tab.boxes["by"].value = "class"
    click(tab.measure)
    finish(widget)
    assert titles(tab) == ["Region", "Label", "Name", "%", "Area (µm²)", "Pixels"]
    assert cells(tab, "Region") == ["2", "2", "2", "5", "5", "5"]
    assert cells(tab, "Name") == ["", "DAB", ""] * 2
    assert cells(tab, "Pixels") == ["0", "2", "2", "0", "1", "1"]


def test_a_selected_row_shows_its_pixels(widget, click, finish, qtbot, viewer_model):
    tab = widget.measure_tab
    labels = viewer_model.layers[-1]
    click(tab.measure)
    finish(widget)
    click_row(qtbot, tab, 2)
    assert widget.session.editor.entries == [2]
    assert widget.palette_tab.entries == [2]
    assert labels.visible
    column = titles(tab).index("%")
    tab.table.sortByColumn(column, Qt.SortOrder.DescendingOrder)
    assert cells(tab, "Label") == ["4", "3", "2", "1"]
    click_row(qtbot, tab, 0)
    assert widget.session.editor.entries == [3]
    qtbot.keyClick(tab.table, Qt.Key.Key_Escape)
    assert widget.session.editor.entries == []
    assert not labels.visible


def test_the_table_is_copied_and_saved(
    widget, click, finish, viewer_model, monkeypatch, tmp_path, notifications
):
    tab = widget.measure_tab
    click(tab.measure)
    finish(widget)
    table = measure_layer(viewer_model.layers[-1], name="tiny (4 colors)")
    click(tab.copy)
    copied = QApplication.clipboard().text()
    assert copied == table.to_csv(sep="\t", index=False, lineterminator="\n")
    path = tmp_path / "areas"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    click(tab.save)
    saved = tmp_path / "areas.csv"
    assert saved.read_text("utf-8-sig") == copied.replace("\t", ",")
    again = pd.read_csv(saved, keep_default_na=False)
    assert again["area"].tolist() == [1, 2, 3, 6]
    click(tab.save)
    assert notifications[-1] == (
        "error",
        f"{saved} exists already: choose another name.",
    )
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    click(tab.save)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_measured_is_not_offered(open_alone):
    tab = open_alone().measure_tab
    for button in (tab.measure, tab.copy, tab.save):
        assert not button.isEnabled()
    assert NO_PALETTE in " ".join(tab.measure.toolTip().split())
    assert not tab.boxes["slices"].enabled


def test_choices_follow_the_layers(widget, viewer_model):
    tab = widget.measure_tab
    box = tab.boxes["regions"].native

    def words():
        return [box.itemText(n).strip("\u2060") for n in range(box.count())]

    assert words() == ["Whole image", "glands"]
    tab.boxes["regions"].value = viewer_model.layers["glands"]
    viewer_model.layers["glands"].name = "vessels"
    assert words() == ["Whole image", "vessels"]
    assert box.currentText() == "vessels"
    viewer_model.layers.remove("vessels")
    assert words() == ["Whole image"]
    assert widget.session.areas.now.regions is None


def test_a_row_that_is_picked_is_selected_and_left_again(widget, click, finish, qtbot):
    tab, session = widget.measure_tab, widget.session
    click(tab.measure)
    finish(widget)
    tab.table.sortByColumn(titles(tab).index("%"), Qt.SortOrder.DescendingOrder)
    labels = session.editor.result.labels
    session.editor.select([3])
    session.editor.picked.emit(4, labels.data_to_world((2, 0)))
    assert tab.table.row == 3
    assert tab.table.currentIndex().row() == 0
    assert session.editor.entries == [3]
    widget.palette_tab.select([1])
    assert tab.table.row is None
    assert session.editor.entries == [1]


def test_objects_are_found_and_shown_in_the_table(
    widget, click, finish, qtbot, viewer_model
):
    tab = widget.measure_tab
    click(tab.objects)
    finish(widget)
    assert titles(tab)[:4] == ["Object", "Label", "Area (µm²)", "Pixels"]
    assert cells(tab, "Pixels") == ["1", "2", "1", "2", "6"]
    assert cells(tab, "mean-red") == ["0", "200", "0", "0", "255"]
    tab.smallest.setValue(2)
    click(tab.objects)
    finish(widget)
    assert cells(tab, "Label") == ["2", "3", "4"]
    click_row(qtbot, tab, 1)
    assert widget.session.editor.entries == [2]
    assert viewer_model.layers[-1].selected_label == 2


def test_classes_are_added_from_a_menu(widget, finish, viewer_model):
    tab = widget.measure_tab
    assert not tab.classes.isEnabled()
    widget.palette_tab.edit(Classify([1, 3], "DAB"))
    assert tab.classes.isEnabled()
    for action in tab.classes.menu().actions():
        action.trigger()
        finish(widget)
    names = [layer.name for layer in viewer_model.layers[-2:]]
    assert names == ["tiny (4 colors) classes", "tiny (4 colors) classes [1]"]


def test_regions_of_a_file_are_chosen(
    widget, click, finish, viewer_model, monkeypatch, tmp_path
):
    tab = widget.measure_tab
    Image.fromarray(REGIONS.astype(np.uint8)).save(tmp_path / "cells.png")
    path = str(tmp_path / "cells.png")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (path, ""))
    click(tab.open)
    finish(widget)
    assert tab.boxes["regions"].native.currentText() == "cells"
    click(tab.measure)
    finish(widget)
    assert cells(tab, "Region") == ["2"] * 4 + ["5"] * 4
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    click(tab.open)
    assert len(viewer_model.layers) == 5


def test_names_give_way_to_areas_in_a_narrow_dock(widget, click, finish, qtbot):
    tab = widget.measure_tab
    widget.palette_tab.edit(Rename(0, "a name of many, many words"))
    widget.session.choose_areas(regions=widget.session.viewer.layers["glands"])
    click(tab.measure)
    finish(widget)
    header = tab.table.horizontalHeader()

    def widths():
        columns = tab.model.columns
        return {name: header.sectionSize(n) for n, name in enumerate(columns)}

    wide = widths()
    widget.native.setFixedWidth(300)
    qtbot.waitUntil(lambda: widths() != wide)
    narrow = widths()
    assert 36 <= narrow["name"] < wide["name"]
    assert {**narrow, "name": 0} == {**wide, "name": 0}
    place = header.sectionPosition(tab.model.columns.index("area"))
    assert place + narrow["area"] <= tab.table.viewport().width()


# ---------------------------------------------------------------- the model


@pytest.fixture
def table():
    n = 4
    return pd.DataFrame(
        {
            "image": ["a"] * n,
            "slice": pd.array([0, 0, 1, 1], dtype="Int64"),
            "region": pd.array([None] * n, dtype="Int64"),
            "label": [0, 1, 1, 2],
            "name": ["not quantized", "Sky", "Sky", "roofs"],
            "class": ["", "", "", ""],
            "hex": ["", "#ff0000", "#ff0000", "#0000ff"],
            "pixels": [5, 12_146_123, 0, 0],
            "area": [1.25, 3036530.75, 0.0, 0.0],
            "unit": ["µm²"] * n,
            "percent": [np.nan, 100.0, np.nan, np.nan],
            "estimated": [False, True, False, False],
        }
    )


def test_the_model_keeps_the_rules_of_qt(table, qtmodeltester):
    model = AreaModel()
    model.show(table)
    qtmodeltester.check(model)
    model.show(None)
    qtmodeltester.check(model)
    assert (model.rowCount(), model.columnCount()) == (0, 0)


def test_only_columns_that_say_something_are_shown(table):
    model = AreaModel()

    def shown():
        model.show(table)
        across = Qt.Orientation.Horizontal
        return [model.headerData(n, across) for n in range(model.columnCount())]

    always = ["Label", "%", "Area (µm²)", "Pixels"]
    assert shown() == ["Slice", "Label", "Name", *always[1:]]
    table["class"] = ["", "x", "x", ""]
    table["image"] = ["a", "a", "b", "b"]
    table["unit"] = ["µm²", "µm²", "pixel²", "pixel²"]
    assert shown() == [
        "Slice",
        "Label",
        "Name",
        "%",
        "Area",
        "Pixels",
        "Class",
        "Image",
    ]
    assert model.index(3, 4).data() == "0 pixel²"


def test_areas_in_pixels_are_told_once(table):
    model = AreaModel()
    table["unit"], table["area"] = "pixel²", table["pixels"].astype(float)
    model.show(table)
    assert model.columns == ["slice", "label", "name", "percent", "pixels"]
    table.loc[1, "area"] = 0.5
    model.show(table)
    assert "area" in model.columns


def test_estimates_and_what_is_empty(table):
    model = AreaModel()
    model.show(table)
    row = [model.index(1, n).data() for n in range(6)]
    assert row == [
        "0",
        "1",
        "Sky",
        "≈\u00a0100.00",
        "≈\u00a03,036,531",
        "≈\u00a012.1\u00a0M",
    ]
    assert "Reckoned from parts" in model.index(1, 3).data(Role.ToolTipRole)
    assert model.index(0, 3).data() == ""
    assert model.index(0, 1).data(Role.DecorationRole) is None
    keys = [model.index(n, 3).data(SORT_ROLE) for n in range(4)]
    assert keys == [-1.0, 100.0, -1.0, -1.0]
    assert model.index(0, 2).data(Role.ToolTipRole).startswith("not quantized\n")


def test_a_rename_drops_the_table(widget, click, finish):
    click(widget.measure_tab.measure)
    finish(widget)
    widget.palette_tab.edit(Rename(0, "night"))
    assert widget.session.areas.table is None
