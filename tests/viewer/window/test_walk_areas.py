"""The whole way of a user, by clicks: from an image to a table of areas in regions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QLineEdit

from napari_colorquant import Classify, edit, measure_areas, quantize

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
SIZE = 0.5
"""Micrometers of a pixel."""


def choose_in_box(qtbot, box, text):
    """Choose what a box offers, by keys, as a user does who has clicked on it."""
    native = box.native
    words = [native.itemText(n).strip("\u2060") for n in range(native.count())]
    native.setFocus()
    qtbot.keyClick(native, Qt.Key.Key_Home)
    for _ in range(words.index(text)):
        qtbot.keyClick(native, Qt.Key.Key_Down)
    assert native.currentText().strip("\u2060") == text


def test_from_the_sample_to_areas_of_classes_in_regions(
    viewer, open_widget, click, finish, qtbot, monkeypatch, tmp_path
):
    (section,) = viewer.open_sample("napari-colorquant", "ihc")
    section.scale, section.units = (SIZE, SIZE), ("um", "um")
    image = np.array(section.data)
    widget = open_widget()
    bench, tab = widget.palette_tab, widget.measure_tab

    # Quantize to 8.
    number = widget.form.n_colors.native
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, "8")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    click(widget.quantize_button)
    finish(widget)

    # Select three browns, and type their class.
    for row in range(3):
        place = bench.table.visualRect(bench.table.model().index(row, 0)).center()
        modifier = CTRL if row else Qt.KeyboardModifier.NoModifier
        qtbot.mouseClick(bench.table.viewport(), LEFT, modifier, place)
    menu = bench.more.menu()
    (action,) = [one for one in menu.actions() if one.text().startswith("Class")]
    where = menu.actionGeometry
    QTimer.singleShot(
        200, lambda: qtbot.mouseClick(menu, LEFT, pos=where(action).center())
    )
    qtbot.mouseClick(bench.more, LEFT)
    qtbot.waitUntil(lambda: bench.table.viewport().findChild(QLineEdit) is not None)
    typed = bench.table.viewport().findChild(QLineEdit)
    qtbot.keyClicks(typed, "DAB")
    with qtbot.waitSignal(typed.destroyed):
        qtbot.keyClick(typed, Qt.Key.Key_Return)
    assert bench.model.palette.classes == ("DAB",) * 3 + ("",) * 5
    qtbot.keyClick(bench.table, Qt.Key.Key_Escape)

    # Two regions that overlap, drawn in the world: in micrometers.
    viewer.add_shapes(
        [[(10, 20), (99.5, 119.5)], [(50, 60), (199.5, 179.5)]],
        shape_type="rectangle",
        name="glands",
        units=("um", "um"),
    )
    masks = [np.zeros((512, 512), bool) for _ in range(2)]
    masks[0][20:200, 40:240] = masks[1][100:400, 120:360] = True

    # Measure the classes in them.
    click(tab.measure)
    finish(widget)
    choose_in_box(qtbot, tab.boxes["regions"], "glands")
    choose_in_box(qtbot, tab.boxes["by"], "By class")
    click(tab.measure)
    finish(widget)
    q = edit(quantize(image, 8), image, [Classify([0, 1, 2], "DAB")])
    expected = measure_areas(
        q, scale=SIZE, units="um", regions=masks, by="class", name="IHC (8 colors)"
    )
    pd.testing.assert_frame_equal(widget.session.areas.table, expected)

    # A row shows the class in the canvas.
    place = tab.table.visualRect(tab.table.model().index(0, 0)).center()
    qtbot.mouseClick(tab.table.viewport(), LEFT, pos=place)
    assert bench.entries == [0, 1, 2]
    qtbot.keyClick(tab.table, Qt.Key.Key_Escape)

    # Copy and save the table.
    path = tmp_path / "areas.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    click(tab.copy)
    click(tab.save)
    text = path.read_text("utf-8-sig")
    assert text == expected.to_csv(index=False, lineterminator="\n")
    assert QApplication.clipboard().text() == text.replace(",", "\t")
    saved = pd.read_csv(path, keep_default_na=False)
    dab = saved[saved["class"] == "DAB"].set_index("region")
    labels = viewer.layers["IHC (8 colors) labels"].data
    for region, mask in enumerate(masks, 1):
        brown = np.isin(labels[mask], (1, 2, 3))
        assert dab.loc[region, "pixels"] == brown.sum()
        assert dab.loc[region, "area"] == brown.sum() * SIZE**2
        assert dab.loc[region, "percent"] == 100 * brown.sum() / mask.sum()
    assert saved["area"].sum() == (180 * 200 + 300 * 240) * SIZE**2
    assert set(saved["unit"]) == {"µm²"}
