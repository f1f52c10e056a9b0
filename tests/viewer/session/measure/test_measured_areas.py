"""The table of areas, measured without a window, a thread or an event loop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Labels

from napari_colorquant import Merge, Rename, measure_areas, measure_layer, quantize
from napari_colorquant.viewer.session.jobs import CANCELLED
from napari_colorquant.viewer.session.measure.areas import EDITED, NO_TABLE
from napari_colorquant.viewer.session.results.result import palette_alone
from napari_colorquant.viewer.session.sentences import NO_PALETTE
from napari_colorquant.viewer.session.session import Session


@pytest.fixture
def session(viewer_model, tiny):
    viewer_model.add_image(
        tiny, name="tiny", rgb=True, scale=(0.5, 2), units=("um", "um")
    )
    session = Session(viewer_model)
    session.choose(n_colors=4)
    yield session
    session.close()


@pytest.fixture
def quantized(session):
    assert session.quantize() == ""
    return session


@pytest.fixture
def stack(viewer_model, session):
    values = np.random.default_rng(0).integers(0, 250, (3, 8, 9), np.uint8)
    viewer_model.add_image(values, name="stack", axis_labels=("z", "y", "x"))
    assert session.quantize() == ""
    return session


def words(session, name):
    return [word.strip("\u2060") for word, _ in session.areas.choices(name)]


def test_the_table_is_that_of_a_script(quantized, viewer_model, tiny, notifications):
    assert quantized.areas.table is None
    assert quantized.possible.now["copy_table"] == NO_TABLE
    assert quantized.measure_areas() == ""
    expected = measure_areas(
        quantize(tiny, 4), scale=(0.5, 2), units="um", name="tiny (4 colors)"
    )
    pd.testing.assert_frame_equal(quantized.areas.table, expected)
    assert quantized.message == "Measured the areas of tiny (4 colors): 4 rows."
    assert quantized.possible.now["save_table"] == ""
    assert notifications == []


def test_classes_in_regions_are_measured_copied_and_saved(
    quantized, viewer_model, tmp_path
):
    regions = np.array([[0, 0, 5, 5], [2, 2, 0, 0], [2, 2, 0, 0]])
    layer = viewer_model.add_labels(regions, scale=(0.5, 2), units="um", name="glands")
    quantized.editor.select([1, 3])
    quantized.editor.classify("DAB")
    assert words(quantized, "regions") == ["Whole image", "glands"]
    quantized.choose_areas(regions=layer, by="class")
    assert quantized.measure_areas() == ""
    expected = measure_layer(
        viewer_model.layers[2], regions=layer, by="class", name="tiny (4 colors)"
    )
    pd.testing.assert_frame_equal(quantized.areas.table, expected)
    assert quantized.areas.table["area"].tolist() == [0, 2, 2, 0, 1, 1]
    path = tmp_path / "areas.csv"
    assert quantized.saving.save_table(path) == ""
    assert quantized.message == f"Saved the table as {path}."
    text = path.read_bytes().decode("utf-8-sig")
    assert text.splitlines()[:3] == [
        "image,slice,region,label,name,class,hex,pixels,area,unit,percent,estimated",
        "tiny (4 colors),,2,1,,,#000000,0,0.0,µm²,0.0,False",
        "tiny (4 colors),,2,2,DAB,DAB," + text.splitlines()[2].split(",")[6] + ",2,2.0,"
        "µm²,50.0,False",
    ]
    assert quantized.areas.text() == text.replace(",", "\t")
    assert [one.name for one in tmp_path.iterdir()] == ["areas.csv"]
    assert quantized.saving.save_table(tmp_path / "no" / "areas.csv") != ""


def test_all_results_are_one_table(quantized, viewer_model):
    quantized.choose(n_colors=2)
    assert quantized.quantize() == ""
    quantized.results.add(palette_alone(quantized.editor.result.palette, "file"))
    quantized.choose_areas(what="all")
    assert quantized.measure_areas() == ""
    table = quantized.areas.table
    assert table["image"].tolist() == 4 * ["tiny (4 colors)"] + 2 * ["tiny (2 colors)"]
    assert table["pixels"].sum() == 24
    assert quantized.message == "Measured the areas of 2 results: 6 rows."


def test_each_slice_has_rows_and_a_row_is_shown(stack, viewer_model):
    assert words(stack, "slices") == ["All slices", "By z", "By y", "By x"]
    stack.choose_areas(slices=-3)
    stack.measure_areas()
    assert stack.areas.table["slice"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    stack.show_row(9)
    assert stack.editor.entries == [1]
    assert viewer_model.dims.current_step[0] == 2
    stack.show_row(99)
    assert stack.editor.entries == [1]
    viewer_model.layers.selection.active = viewer_model.layers["tiny"]
    stack.choose(n_colors=4)
    assert stack.quantize() == ""  # in 2-D
    assert stack.areas.now.slices is None
    stack.choose_areas(what="all")
    stack.choose_areas(slices=-3)
    assert stack.measure_areas().startswith("'tiny (4 colors)' has 2 axes, and none")


def test_the_slice_that_is_shown_is_known(stack, viewer_model):
    dims, moved = viewer_model.dims, []
    stack.measure_areas()
    assert stack.areas.shown_slice(0, dims) is None
    stack.choose_areas(slices=-3)
    stack.measure_areas()
    stack.events.moved.connect(lambda: moved.append(stack.areas.shown_slice(9, dims)))
    for step in (2, 0):
        dims.set_current_step(0, step)
    assert moved == [2, 0]
    dims.ndisplay = 3
    assert moved[-1] is None
    assert stack.areas.shown_slice(99, dims) is None


def test_a_row_of_a_class_shows_all_its_entries(quantized):
    quantized.editor.select([1, 3])
    quantized.editor.classify("DAB")
    quantized.choose_areas(by="class")
    quantized.measure_areas()
    assert quantized.areas.table["label"].tolist() == [1, 2, 3]
    quantized.show_row(1)
    assert quantized.editor.entries == [1, 3]
    quantized.show_row(2)
    assert quantized.editor.entries == [2]


def test_a_row_of_another_result_shows_that(quantized, viewer_model):
    first = quantized.editor.result
    quantized.choose(n_colors=2)
    quantized.quantize()
    quantized.choose_areas(what="all")
    quantized.measure_areas()
    quantized.show_row(3)
    assert quantized.editor.result is first
    assert quantized.editor.entries == [3]
    assert quantized.areas.table is not None
    for layer in first.layers:
        viewer_model.layers.remove(layer)
    quantized.show_row(3)
    assert quantized.editor.result is not first
    assert len(quantized.areas.table) == 6


def test_a_table_of_another_palette_is_no_more(quantized):
    told = []
    quantized.measure_areas()
    quantized.events.areas.connect(lambda: told.append(quantized.areas.table is None))
    quantized.editor.select([2])
    assert quantized.areas.table is not None
    quantized.editor.edit(Rename(0, "night"))
    assert quantized.areas.table is None
    assert quantized.areas.hint == EDITED
    assert told[-1]
    quantized.measure_areas()
    quantized.editor.edit(Merge([1, 2]))
    assert quantized.areas.table is None


def test_regions_that_are_removed_are_no_choice(quantized, viewer_model):
    layer = viewer_model.add_labels(np.ones((3, 4), np.uint8), name="all")
    quantized.choose_areas(regions=layer)
    viewer_model.layers.remove(layer)
    assert quantized.areas.now.regions is None
    assert words(quantized, "regions") == ["Whole image"]


def test_what_cannot_be_measured_is_told(session, viewer_model, notifications):
    assert session.measure_areas() == NO_PALETTE
    assert session.saving.save_table("a.csv") == NO_TABLE
    session.quantize()
    far = Labels(np.ones((3, 4), np.uint8), translate=(99, 99), name="far")
    viewer_model.add_layer(far)
    session.choose_areas(regions=far)
    why_not = session.measure_areas()
    assert why_not.startswith("The regions of 'far' have no pixel of 'tiny (4 colors) ")
    assert session.areas.table is None
    viewer_model.layers.remove(viewer_model.layers[2])
    why_not = session.measure_areas()
    assert why_not.startswith("'tiny (4 colors)' has no labels layer to measure: ")
    assert session.possible.now["areas"] == why_not
    session.choose_areas(what="all")
    assert session.measure_areas().startswith("There is no result to measure: ")
    assert [kind for kind, _ in notifications] == ["error"] * 5


def test_a_class_with_the_name_of_another_entry_is_told(quantized, notifications):
    quantized.editor.edit(Rename(0, "DAB"))
    quantized.editor.select([1, 3])
    quantized.editor.classify("DAB")
    quantized.choose_areas(by="class")
    assert quantized.measure_areas() == ""
    assert quantized.areas.table is None
    ((kind, sentence),) = notifications
    assert kind == "error"
    assert sentence.startswith("The class 'DAB' has the name of the entry with the ")
    quantized.choose_areas(by="entry")
    quantized.measure_areas()
    assert quantized.areas.table["name"].tolist() == ["DAB", "", "", ""]


def test_selected_layers_are_measured_and_no_others(
    quantized, viewer_model, notifications
):
    for n in (2, 3):
        quantized.choose(n_colors=n)
        quantized.quantize()
    layers = viewer_model.layers
    quantized.choose_areas(what="selected")
    layers.selection = {layers["tiny"]}
    assert quantized.measure_areas().startswith("No layer of a result is selected: ")
    # The picture of one, the labels of another, and what is no result.
    names = ("tiny", "tiny (2 colors)", "tiny (4 colors) labels")
    layers.selection = {layers[name] for name in names}
    assert quantized.possible.now["areas"] == ""
    assert quantized.measure_areas() == ""
    found = quantized.areas.table["image"].tolist()
    assert found == 4 * ["tiny (4 colors)"] + 2 * ["tiny (2 colors)"]
    layers.remove(layers["tiny (2 colors) labels"])
    layers.selection = {layers["tiny (2 colors)"], layers["tiny (4 colors)"]}
    why_not = quantized.measure_areas()
    assert why_not.startswith("'tiny (2 colors)' has no labels layer to measure: ")
    assert [kind for kind, _ in notifications] == ["error"] * 2


def test_it_is_cancelled(quantized):
    quantized.events.progress.connect(lambda *_: quantized.cancel())
    assert quantized.measure_areas() == ""
    assert quantized.areas.table is None
    assert quantized.message == CANCELLED
