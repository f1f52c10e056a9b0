"""One palette applied to many images, by clicks and keys."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFileDialog, QMessageBox, QTextEdit

from napari_colorquant.files.batch.tables import NOT_MEASURED
from shell import names, noise, save


def test_a_folder_is_done_from_the_menu_to_the_table(
    viewer_model, open_alone, click, finish, qtbot, monkeypatch, tmp_path, tiny
):
    for name, seed in (("a.png", 1), ("b.png", 2)):
        save(str(tmp_path / name), noise((5, 6, 3), seed=seed))
    save(str(tmp_path / "grey.png"), noise((5, 6)))
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    bench, tab = widget.palette_tab, widget.measure_tab
    assert not bench.apply_to.isEnabled()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)

    assert bench.palettes.toolTip().endswith("\ntiny (4 colors)")

    # The menu by keys, its last item but one; both folders are asked for.
    asked = [str(tmp_path), str(tmp_path / "out")]
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_: asked.pop(0) if asked else ""
    )
    menu = bench.apply_to.menu()

    def choose():
        for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Return):
            qtbot.keyClick(menu, key)

    QTimer.singleShot(200, choose)
    bench.apply_to.setFocus()
    qtbot.keyClick(bench.apply_to, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not asked)
    finish(widget)
    assert "summary.csv" in names(tmp_path / "out")

    # What failed is in a list; the table tells of it, too.
    qtbot.waitUntil(lambda: widget.native.findChild(QMessageBox) is not None)
    box = widget.native.findChild(QMessageBox)
    assert box.text().startswith("Applied tiny (4 colors) to 2 of 3 images: ")
    failed, *unfit = box.detailedText().splitlines()
    assert failed == (
        "grey.png: The palette has 3 channels and the image 1: choose a palette of the "
        "image's channels."
    )
    for name, line in zip("ab", unfit, strict=True):
        assert line.startswith(f"{name}.png: The palette does not fit: ")
    (listed,) = [one for one in box.findChildren(QTextEdit) if one.isVisible()]
    assert listed.toPlainText() == box.detailedText()
    with qtbot.waitSignal(box.destroyed):
        box.close()
    model = tab.table.model()
    titles = [
        model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(model.columnCount())
    ]
    assert titles == ["Label", "Name", "%", "Pixels", "Image"]
    cells = [model.index(8, column).data() for column in range(5)]
    assert cells == ["", NOT_MEASURED, "", "", "grey.png"]
    tip = model.index(0, 4).data(Qt.ItemDataRole.ToolTipRole)
    assert "".join(tip.split()).startswith(str(tmp_path / "a.png"))

    # Rows sort with it among them, and it shows nothing in the canvas.
    tab.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert model.index(0, 1).data() == NOT_MEASURED
    tab.table.selectRow(0)
    assert bench.entries == []
