"""Files that are opened in the viewer and offered to the workbench."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtWidgets import QFileDialog

from napari_colorquant import (
    Merge,
    Palette,
    Recolor,
    Rename,
    edit,
    quantize,
    quantize_layer,
)
from napari_colorquant.files.record import save_record
from napari_colorquant.viewer.layers.channels import channels_of, composite_palette
from napari_colorquant.viewer.widgets.dialogs import save_palette


@pytest.fixture
def saved(viewer, open_widget, click, finish, tiny, tmp_path, monkeypatch):
    """A result with a name for an entry, saved as labels and as a record."""
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 3
    click(widget.quantize_button)
    finish(widget)
    widget.palette_tab.edit(Rename(1, "leaf"))
    path = tmp_path / "result.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    save_palette(widget.palette_tab, widget.session)
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
        "tiny (3 colors) labels [1]",
    )
    np.testing.assert_array_equal(again.data, labels)
    np.testing.assert_array_equal(picture.data, viewer.layers[1].data)
    bench = widget.palette_tab
    line, how = widget.result.value.split("\n")
    assert line == "indices is chosen. Shown is tiny: 3 colors."
    assert how == "Restored from result."
    assert bench.result.layers == (picture, again)
    assert bench.model.palette.names == ("", "leaf", "")
    bench.edit(Rename(0, "bark"))  # and it goes on
    assert list(again.features["name"]) == ["bark", "leaf", ""]
    assert "name" in viewer.layers[2].features  # that of before is as it was
    assert list(viewer.layers[2].features["name"]) == ["", "leaf", ""]


@pytest.mark.parametrize("which", [1, 2], ids=["picture", "labels"])
def test_a_result_of_an_axis_of_channels_goes_on_on_another_day(
    viewer, open_widget, click, finish, tmp_path, notifications, which
):
    cells = np.random.default_rng(0).integers(1, 4000, (2, 40, 50), np.uint16)
    source = Image(cells, name="cells", scale=(1, 2, 3), translate=(0, 5, 7))
    results = quantize_layer(source, 4, channel_axis=0)
    for layer in (source, *results):
        viewer.add_layer(layer)
    file, path = tmp_path / "saved.tif", tmp_path / "result.json"
    viewer.layers[which].save(str(file))
    save_record(results[0].metadata["napari-colorquant"], path)
    for layer in results:
        viewer.layers.remove(layer)
    widget = open_widget()
    viewer.layers.selection.active = viewer.layers["cells"]
    (opened,) = viewer.open(file, plugin="napari")
    opened.scale = source.scale[-opened.ndim :]
    opened.translate = source.translate[-opened.ndim :]
    viewer.layers.selection.active = opened
    viewer.open(path, plugin="napari-colorquant")
    picture, labels = viewer.layers[-2:]
    assert widget.palette_tab.result.layers == (picture, labels)
    np.testing.assert_array_equal(picture.scale, (2, 3))
    np.testing.assert_array_equal(labels.scale, (2, 3))
    bench, edits = widget.palette_tab, [Merge([0, 1]), Recolor(2, [9, 3999])]
    for action in edits:
        bench.edit(action)
    expected = edit(quantize(cells, 4, channel_axis=0), cells, edits, channel_axis=0)
    np.testing.assert_array_equal(labels.data, expected.labels)
    channels = channels_of(labels.metadata["napari-colorquant"])
    drawn = composite_palette(expected.palette, channels).drawn(np.uint8)
    np.testing.assert_array_equal(picture.data, drawn[expected.indices])
    for button in (widget.quality_tab.measure, widget.quality_tab.error_map):
        click(button)
        finish(widget)
    errors = viewer.layers[-1]
    distance = np.linalg.norm(cells - expected.image.astype(float), axis=0)
    np.testing.assert_allclose(errors.data, distance, rtol=1e-6)
    np.testing.assert_array_equal(errors.scale, (2, 3))
    np.testing.assert_array_equal(errors.translate, (5, 7))
    bench.undo.click()
    bench.undo.click()
    np.testing.assert_array_equal(picture.data, results[0].data)
    np.testing.assert_array_equal(labels.data, results[1].data)
    assert notifications == []


def test_a_record_that_is_not_of_the_layer_costs_nothing(viewer, saved, notifications):
    widget, path, _ = saved
    notifications.clear()
    other = viewer.add_labels(np.ones((3, 4), np.uint8), name="other")
    viewer.layers.selection.active = other
    before = list(viewer.layers)
    viewer.open(path, plugin="napari-colorquant")
    assert list(viewer.layers) == before
    assert notifications == []
    opened, why = widget.result.value.split("\n")
    assert opened == "Opened result: 3 colors."
    assert why.startswith("Its palette alone: 'other' does not fit the record of 'tiny")
    assert widget.palette_tab.palettes.currentText() == "result"
    assert widget.palette_tab.model.palette.names == ("", "leaf", "")


def test_a_palette_file_is_shown_and_no_layer_is_added(viewer, open_widget, tmp_path):
    widget = open_widget()
    path = tmp_path / "stains.gpl"
    Palette([[200, 0, 0], [0, 0, 9]], names=["red", "blue"], units="uint8").save(path)
    viewer.open(path, plugin="napari-colorquant")
    assert len(viewer.layers) == 0
    assert widget.palette_tab.palettes.currentText() == "stains"
    assert widget.palette_tab.model.palette.names == ("red", "blue")
    assert widget.result.value == "Opened stains: 2 colors."
