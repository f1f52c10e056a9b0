"""Files that are opened in the viewer and offered to the workbench."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_colorquant import Palette, Rename


@pytest.fixture
def saved(viewer, open_widget, click, finish, tiny, tmp_path, monkeypatch):
    """A result with a name for an entry, saved as labels and as a record."""
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 3
    click(widget.quantize_button)
    finish(widget)
    widget.workbench.perform(Rename(1, "leaf"))
    path = tmp_path / "result.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    widget.workbench.wanted.emit("save")
    indices = tmp_path / "indices.tif"
    viewer.layers[2].save(str(indices), plugin="napari-colorquant")
    return widget, path, indices


def test_a_saved_result_is_restored_on_another_day(viewer, saved):
    widget, path, indices = saved
    labels = viewer.layers[2].data.copy()
    (opened,) = viewer.open(indices, plugin="napari")
    viewer.layers.selection.active = opened
    viewer.open(path, plugin="napari-colorquant")
    picture, again = viewer.layers[-2:]
    assert (picture.name, again.name) == (
        "tiny (3 colors) [1]",
        "tiny palette indices [1]",
    )
    np.testing.assert_array_equal(again.data, labels)
    np.testing.assert_array_equal(picture.data, viewer.layers[1].data)
    bench = widget.workbench
    assert bench.result.layers == (picture, again)
    assert bench.model.palette.names == ("", "leaf", "")
    bench.perform(Rename(0, "bark"))  # and it goes on
    assert list(again.features["name"]) == ["bark", "leaf", ""]
    assert "name" in viewer.layers[2].features  # that of before is as it was
    assert list(viewer.layers[2].features["name"]) == ["", "leaf", ""]


def test_a_record_that_is_not_of_the_layer_costs_nothing(viewer, saved, notifications):
    _, path, _ = saved
    notifications.clear()
    other = viewer.add_labels(np.ones((3, 4), np.uint8), name="other")
    viewer.layers.selection.active = other
    before = list(viewer.layers)
    viewer.open(path, plugin="napari-colorquant")
    assert list(viewer.layers) == before
    ((kind, sentence),) = notifications
    assert kind == "error"
    assert sentence.startswith("result does not restore 'other': ")


def test_a_palette_file_is_shown_and_no_layer_is_added(viewer, open_widget, tmp_path):
    widget = open_widget()
    path = tmp_path / "stains.gpl"
    Palette([[200, 0, 0], [0, 0, 9]], names=["red", "blue"], units="uint8").save(path)
    viewer.open(path, plugin="napari-colorquant")
    assert len(viewer.layers) == 0
    assert widget.workbench.palettes.currentText() == "stains"
    assert widget.workbench.model.palette.names == ("red", "blue")
    assert widget.result.value == "Opened stains: 2 colors."
