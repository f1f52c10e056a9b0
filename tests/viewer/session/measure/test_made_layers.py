"""Layers for measuring: objects, classes, and the regions of files."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from napari.layers import Labels, Shapes
from PIL import Image as Picture

from napari_colorquant import (
    Classify,
    edit,
    measure_areas,
    measure_objects,
    quantize,
    quantize_layer,
)
from napari_colorquant.files.regions.read import read_regions
from napari_colorquant.viewer.session.jobs import CANCELLED
from napari_colorquant.viewer.session.measure.areas import EDITED
from napari_colorquant.viewer.session.measure.made_layers import NO_CLASS
from napari_colorquant.viewer.session.sentences import NO_PALETTE
from napari_colorquant.viewer.session.session import Session
from placing import SPATIAL, placed

PLACE = {"scale": (0.5, 0.5), "translate": (10, 20), "units": ("um", "um")}
STAR = [[4, 0], [5, 3], [8, 4], [5, 5], [4, 8], [3, 5], [0, 4], [3, 3]]
HOLE = [[3, 3], [5, 3], [5, 5], [3, 5]]


@pytest.fixture
def session(viewer_model, tiny):
    viewer_model.add_image(tiny, name="tiny", rgb=True, **PLACE)
    session = Session(viewer_model)
    session.choose(n_colors=4)
    yield session
    session.close()


@pytest.fixture
def quantized(session):
    assert session.quantize() == ""
    return session


def in_place(layer, other, ndim=2):
    for name in SPATIAL[:-3]:
        mine, its = np.asarray(getattr(layer, name)), np.asarray(getattr(other, name))
        yield np.allclose(mine, its[tuple(slice(-n, None) for n in mine.shape)])


# ------------------------------------------------------------------------- objects


def test_objects_are_a_layer_and_a_table(quantized, viewer_model, tiny, tmp_path):
    quantized.choose_areas(min_pixels=2)
    assert quantized.made.objects() == ""
    q = quantize(tiny, 4)
    options = {"scale": 0.5, "units": "um", "min_pixels": 2}
    objects, table = measure_objects(q, tiny, **options)
    layer = viewer_model.layers[-1]
    assert layer.name == "tiny (4 colors) objects"
    np.testing.assert_array_equal(layer.data, objects)
    pd.testing.assert_frame_equal(layer.features[table.columns], table)
    assert layer.features["index"].tolist() == table["label"].tolist() == [1, 2, 3]
    assert all(in_place(layer, viewer_model.layers["tiny"]))
    assert layer.units == viewer_model.layers["tiny"].units
    assert viewer_model.layers.selection.active is viewer_model.layers["tiny"]
    assert quantized.areas.table is None
    pd.testing.assert_frame_equal(quantized.areas.rows, table)
    assert quantized.message == "Added tiny (4 colors) objects: 3 objects."
    assert quantized.saving.save_table(tmp_path / "a.csv") == ""
    assert (tmp_path / "a.csv").read_text("utf-8-sig") == table.to_csv(
        index=False, lineterminator="\n"
    )
    quantized.measure_areas()
    assert quantized.areas.rows is quantized.areas.table


def test_a_row_of_an_object_shows_it_and_a_pick_selects_it(quantized, viewer_model):
    quantized.made.objects()
    layer, labels = viewer_model.layers[-1], viewer_model.layers[2]
    quantized.show_row(2)
    assert (layer.selected_label, layer.show_selected_label) == (3, True)
    assert quantized.editor.entries == [2]
    assert quantized.areas.row_at(4, labels.data_to_world((2, 1))) == 4
    assert not quantized.areas.row_at(1, labels.data_to_world((0, 0)))
    quantized.editor.edit(Classify([0], "x"))
    assert quantized.areas.rows is None
    assert quantized.areas.hint == EDITED
    assert layer.show_selected_label is False


def test_objects_of_classes_and_of_one_slice(viewer_model, session):
    values = np.random.default_rng(0).integers(0, 3, (3, 8, 9)).astype(np.uint8)
    viewer_model.add_image(values, name="stack")
    session.choose(n_colors=3)
    session.target.choose(slices="current")
    viewer_model.dims.set_point(0, 1)
    assert session.quantize() == ""
    session.editor.select([0, 1])
    session.editor.classify("dark")
    session.choose_areas(by="class")
    assert session.made.objects() == ""
    one = values[1:2]  # a volume of one slice, as areas have it
    q = quantize(one, 3, channel_axis=None)
    q = edit(q, one, Classify([0, 1], "dark"), channel_axis=None)
    _, table = measure_objects(q, one, by="class")
    pd.testing.assert_frame_equal(session.areas.objects, table)


def test_what_has_no_objects_is_told(session, viewer_model, notifications):
    assert session.made.objects() == NO_PALETTE
    values = da.from_array(np.arange(64, dtype=np.uint8).reshape(8, 8), chunks=4)
    viewer_model.add_image(values, name="lazy")
    session.quantize()
    why_not = session.made.objects()
    assert why_not.startswith(
        "'lazy (4 colors)' may be larger than memory, and objects"
    )
    viewer_model.add_image(np.zeros((2, 2, 3, 4), np.uint8), name="series")
    session.quantize()
    session.made.objects()
    assert session.message.startswith("Failed: The labels have 4 axes, and objects ")
    assert [kind for kind, _ in notifications].count("error") == 3
    assert len(viewer_model.layers) == 7


def test_finding_objects_is_cancelled(quantized, viewer_model):
    quantized.events.progress.connect(lambda *_: quantized.cancel())
    assert quantized.made.objects() == ""
    assert quantized.message == CANCELLED
    assert len(viewer_model.layers) == 3
    assert quantized.areas.rows is None


# ------------------------------------------------------------------------- classes


def test_classes_are_a_layer_in_their_mean_colors(quantized, viewer_model, tiny):
    assert quantized.made.classes() == NO_CLASS
    assert quantized.possible.now["class_layer"] == NO_CLASS
    quantized.editor.select([1, 3])
    quantized.editor.classify("DAB")
    assert quantized.made.classes() == ""
    layer = viewer_model.layers[-1]
    q = edit(quantize(tiny, 4), tiny, Classify([1, 3], "DAB"))
    areas = measure_areas(q, by="class")
    np.testing.assert_array_equal(layer.data, q.class_labels)
    assert layer.name == "tiny (4 colors) classes"
    assert all(in_place(layer, viewer_model.layers["tiny"]))
    for name in ("label", "name", "class", "hex", "pixels", "percent"):
        assert layer.features[name].tolist() == areas[name].tolist()
    assert layer.features["index"].tolist() == [1, 2, 3]
    mean = (2 * np.array([200, 0, 0]) + 6 * 255) / 8 / 255
    np.testing.assert_allclose(layer.get_color(2)[:3], mean, atol=1e-6)
    np.testing.assert_allclose(layer.get_color(1)[:3], 0, atol=1e-6)
    assert quantized.made.classes(easily_told=True) == ""
    other = viewer_model.layers[-1]
    np.testing.assert_array_equal(other.data, layer.data)
    assert other.name == "tiny (4 colors) classes [1]"
    assert type(other.colormap) is type(Labels(layer.data).colormap)


def test_classes_of_lazy_levels_are_lazy(viewer_model, session):
    values = np.random.default_rng(0).integers(0, 250, (64, 64), np.uint8)
    levels = [da.from_array(values[::n, ::n], chunks=16) for n in (1, 2)]
    viewer_model.add_image(levels, name="slide", multiscale=True)
    session.quantize()
    session.editor.select([0, 2])
    session.editor.classify("dark")
    assert session.made.classes() == ""
    layer, labels = viewer_model.layers[-1], session.editor.result.labels
    for made, own in zip(layer.data, labels.data, strict=True):
        assert isinstance(made, da.Array)
        expected = np.array([0, 1, 2, 1, 4])[np.asarray(own)]
        np.testing.assert_array_equal(np.asarray(made), expected)


# ------------------------------------------------------------------------- regions


def features(path, *geometries):
    found = [
        {
            "type": "Feature",
            "geometry": {"type": kind, "coordinates": coordinates},
            "properties": {"name": name, "classification": {"name": "Tumor"}},
        }
        for name, kind, coordinates in geometries
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    return path


def closed(ring, shift=(0, 0)):
    return [[x + shift[0], y + shift[1]] for x, y in [*ring, ring[0]]]


@pytest.mark.parametrize("ndim", [2, 3])
def test_shapes_of_a_file_hold_the_pixels_that_the_shell_measures(
    viewer_model, session, tmp_path, ndim
):
    values = np.random.default_rng(0).integers(0, 250, (3, 20, 24)[-ndim:], np.uint8)
    viewer_model.add_image(values, name="grey", **placed(ndim))
    session.quantize()
    path = features(
        tmp_path / "glands.geojson",
        ("star", "Polygon", [closed(STAR)]),
        ("ring", "Polygon", [closed(STAR, (8, 7)), closed(HOLE, (8, 7))]),
        ("two", "MultiPolygon", [[closed(HOLE, (x, 2.5))] for x in (9.5, 14)]),
        ("line", "Polygon", [[[1, 1], [5, 1], [1, 1]]]),
    )
    assert session.made.regions(path) == ""
    layer, (_, labels) = viewer_model.layers[-1], session.editor.result.layers
    assert isinstance(layer, Shapes)
    assert layer.name == "glands"
    assert layer.features["name"].tolist() == ["star", "ring", "two", "line"]
    assert layer.features["class"].tolist() == ["Tumor"] * 4
    assert session.areas.now.regions is layer
    assert session.message == "Opened the regions of glands.geojson."
    assert session.measure_areas() == ""
    q = quantize_layer(viewer_model.layers["grey"], 4)[1]
    found = session.areas.table.groupby("region")["pixels"].sum().tolist()
    masks = read_regions(path, values.shape)
    assert found == [int(mask.sum()) * (3 if ndim > 2 else 1) for mask in masks]
    table = session.areas.table.set_index(["region", "label"])["pixels"]
    for region, mask in enumerate(masks, 1):
        for label in range(1, 5):
            counted = (np.asarray(q.data)[..., mask] == label).sum()
            assert table[region, label] == counted
    np.testing.assert_array_equal(labels.data, q.data)


def test_a_mask_or_a_label_image_is_a_labels_layer(quantized, viewer_model, tmp_path):
    numbers = np.array([[0, 0, 5, 5], [2, 2, 0, 0], [2, 2, 0, 0]], np.uint8)
    Picture.fromarray(numbers).save(tmp_path / "cells.png")
    Picture.fromarray((numbers > 2) * np.uint8(255)).save(tmp_path / "mask.png")
    for name, expected in (("cells", numbers), ("mask", numbers > 2)):
        assert quantized.made.regions(tmp_path / f"{name}.png") == ""
        layer = viewer_model.layers[name]
        assert isinstance(layer, Labels)
        np.testing.assert_array_equal(layer.data, expected)
        assert all(in_place(layer, viewer_model.layers["tiny"]))
        assert quantized.areas.now.regions is layer


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (("far", "Polygon", [closed(HOLE, (99, 0))]), "region 1 (far) lies outside of"),
        (
            ("x", "Point", [0, 0]),
            "region 1 is a Point, which has no area: leave",
        ),
        (
            ("both", "MultiPolygon", [[closed(HOLE, (-3, -3))]] * 2),
            "region 1: it has parts that overlap: join them into one.",
        ),
    ],
)
def test_regions_that_cannot_be_shown_are_told(
    quantized, viewer_model, tmp_path, notifications, geometry, said
):
    path = features(tmp_path / "a.geojson", geometry)
    assert quantized.made.regions(path) == ""
    assert said in quantized.message
    assert quantized.message.startswith(f"Failed: {path}: ")
    assert [kind for kind, _ in notifications] == ["error"]
    assert len(viewer_model.layers) == 3


def test_regions_need_a_result(session, tmp_path):
    assert session.made.regions(tmp_path / "a.roi") == NO_PALETTE
    session.quantize()
    session.made.regions(tmp_path / "a.roi")
    assert "Failed: " in session.message
