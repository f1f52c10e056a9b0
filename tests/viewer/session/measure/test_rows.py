"""Rows of the table that are shown in the canvas, and that are picked there."""

from __future__ import annotations

from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
from napari.utils.interactions import mouse_press_callbacks, mouse_release_callbacks

from napari_colorquant.viewer.napari_versions import camera_of
from napari_colorquant.viewer.session.session import Session

REGIONS = np.array([[0, 0, 5, 5], [2, 2, 0, 0], [2, 2, 0, 0]])
PLACE = {"scale": (0.5, 2), "translate": (10, 20), "units": ("um", "um")}


@pytest.fixture
def session(viewer_model, tiny):
    """The session with a result of four colours, and regions of labels."""
    viewer_model.add_image(tiny, name="tiny", rgb=True, **PLACE)
    session = Session(viewer_model)
    session.choose(n_colors=4)
    assert session.quantize() == ""
    layer = viewer_model.add_labels(REGIONS, name="glands", visible=False, **PLACE)
    session.choose_areas(regions=layer)
    yield session
    session.close()


def row_values(session, *columns):
    """Return what the selected row of the table says in columns."""
    return session.areas.table.loc[session.areas.row, [*columns]].tolist()


def click(session, row, column):
    """Click on a pixel of the labels with the tool that picks."""
    labels = session.editor.result.labels
    labels.visible, labels.mode = True, "pick"
    event = SimpleNamespace(
        type="mouse_press",
        position=labels.data_to_world((row, column)),
        view_direction=None,
        dims_displayed=[0, 1],
        handled=False,
    )
    mouse_press_callbacks(labels, event)
    event.type = "mouse_release"
    mouse_release_callbacks(labels, event)


def look(layer):
    return layer.visible, layer.selected_label, layer.show_selected_label, layer.contour


def test_a_row_outlines_its_region_until_it_is_left(session, viewer_model):
    layer = viewer_model.layers["glands"]
    before = look(layer)
    session.measure_areas()
    session.show_row(5)
    assert look(layer) == (True, 5, True, 2)
    assert session.editor.entries == [1]
    session.show_row(0)
    assert look(layer) == (True, 2, True, 2)
    session.show_row(None)
    assert look(layer) == before
    assert session.editor.entries == []
    session.show_row(5)
    session.editor.select([0])  # in the palette
    assert session.areas.row is None
    assert look(layer) == before
    session.show_row(5)
    session.close()
    assert look(layer) == before


def test_a_row_selects_its_shape_and_no_other_layer(session, viewer_model):
    shapes = viewer_model.add_shapes(
        [[[-0.4, -0.4], [1.4, 1.4]], [[1.6, 1.6], [2.4, 3.4]]],
        shape_type="rectangle",
        **PLACE,
    )
    shapes.selected_data = {0}
    viewer_model.layers.selection.active = viewer_model.layers["tiny"]
    session.choose_areas(regions=shapes)
    session.measure_areas()
    session.show_row(7)
    assert shapes.selected_data == {1}
    assert viewer_model.layers.selection.active is viewer_model.layers["tiny"]
    session.show_row(None)
    assert shapes.selected_data == {0}
    session.show_row(7)
    shapes.selected_data = {1}
    shapes.remove_selected()
    session.show_row(6)  # of a shape that is gone
    assert shapes.selected_data == set()
    viewer_model.layers.remove(shapes)
    session.show_row(0)
    assert session.editor.entries == [0]


def test_the_view_moves_to_a_region_that_is_not_seen(session, viewer_model):
    labels = session.editor.result.labels
    session.measure_areas()
    labels.corner_pixels = np.array([[0, 0], [1, 1]])
    session.show_row(6)
    # Of the pixels 2 and 3 in the first row.
    assert camera_of(viewer_model).center == (0, 10, 20 + 2.5 * 2)
    labels.corner_pixels = np.array([[0, 0], [2, 3]])
    session.show_row(0)
    assert camera_of(viewer_model).center == (0, 10, 25)


def test_of_a_volume_the_slice_of_the_region_is_shown(viewer_model):
    values = np.random.default_rng(0).integers(0, 250, (4, 8, 9), np.uint8)
    viewer_model.add_image(values, name="stack", scale=(3, 1, 1))
    session = Session(viewer_model)
    session.choose(n_colors=2)
    session.quantize()
    regions = np.zeros(values.shape, int)
    regions[2:, 4:] = 7
    layer = viewer_model.add_labels(regions, scale=(3, 1, 1))
    session.choose_areas(regions=layer)
    session.measure_areas()
    viewer_model.dims.set_point(0, 0)
    session.show_row(0)
    assert viewer_model.dims.point[0] == 6  # the nearest of its slices
    viewer_model.dims.set_point(0, 9)
    session.show_row(1)
    assert viewer_model.dims.point[0] == 9
    session.close()


def test_of_lazy_regions_the_view_stays(session, viewer_model):
    layer = viewer_model.add_labels(da.from_array(REGIONS), **PLACE)
    session.choose_areas(regions=layer)
    session.measure_areas()
    before = camera_of(viewer_model).center
    session.show_row(4)
    assert camera_of(viewer_model).center == before
    assert layer.selected_label == 5


def test_a_pick_selects_the_row_of_the_region_there(session, viewer_model):
    told = []
    session.measure_areas()
    session.events.areas.connect(lambda: told.append(session.areas.row))
    click(session, 0, 3)
    assert row_values(session, "region", "label") == [5, 3]
    assert told[-1] == session.areas.row
    assert session.editor.entries == [2]
    before = look(viewer_model.layers["glands"])
    assert before[2] is False  # what is picked is seen already
    click(session, 1, 0)
    assert row_values(session, "region", "label") == [2, 3]
    click(session, 2, 3)  # in no region: the first row of the label
    assert row_values(session, "region", "label") == [2, 4]


def test_a_pick_selects_the_row_of_a_class_and_its_entry(session):
    session.editor.select([1, 3])
    session.editor.classify("DAB")
    session.choose_areas(by="class", regions=None)
    session.measure_areas()
    click(session, 2, 3)
    assert session.areas.table["name"][session.areas.row] == "DAB"
    assert session.editor.entries == [3]


def test_a_pick_selects_the_row_of_the_slice(viewer_model):
    values = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4) // 6 * 60
    viewer_model.add_image(values, name="stack")
    session = Session(viewer_model)
    session.choose(n_colors=4)
    session.quantize()
    session.choose_areas(slices=-3)
    session.measure_areas()
    labels = session.editor.result.labels
    assert session.areas.row_at(3, labels.data_to_world((1, 0, 0))) == 6
    assert session.areas.row_at(3, labels.data_to_world((0, 0, 0))) == 2
    assert session.areas.row_at(9, labels.data_to_world((0, 0, 0))) is None
    session.close()


def test_a_pick_of_what_is_not_quantized_selects_its_row(session):
    labels = session.editor.result.labels
    data = labels.data.copy()
    data[2, 3] = 0
    labels.data = data
    session.choose_areas(regions=None)
    session.measure_areas()
    click(session, 0, 0)
    assert (session.areas.row, session.editor.entries) == (1, [0])
    click(session, 2, 3)
    assert (session.areas.row, session.editor.entries) == (0, [])


def test_without_a_table_a_pick_selects_the_entry_alone(session):
    click(session, 0, 3)
    assert session.areas.row is None
    assert session.editor.entries == [2]
