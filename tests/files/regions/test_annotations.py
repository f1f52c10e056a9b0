"""Classes as annotations of QuPath: read by shapely, and by this project again."""

from __future__ import annotations

import json
import re

import dask.array as da
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_colorquant import (
    Classify,
    Palette,
    Quantization,
    edit,
    quantize,
    save_annotations,
)
from napari_colorquant.files.regions import annotations
from napari_colorquant.files.regions.outlines import parts_of
from napari_colorquant.files.regions.read import read_regions, read_shapes
from saved import noise

LABELS = np.array(
    [
        [1, 1, 1, 0, 2],
        [1, 0, 1, 0, 2],
        [1, 1, 1, 3, 3],
        [0, 0, 0, 3, 0],
    ],
    np.uint8,
)
PALETTE = Palette([[10, 20, 30], [200, 100, 0], [0, 0, 0]], units="uint8")


def result(labels=LABELS, palette=PALETTE):
    picture = np.zeros((*labels.shape, 3), np.uint8)
    return Quantization(palette, labels, picture, None)


def saved(path, q=None, **options):
    """Save annotations; return their geometries by class, and their properties."""
    save_annotations(path, result() if q is None else q, **options)
    plain = json.loads(path.read_text("utf-8"))
    assert plain["type"] == "FeatureCollection"
    shapes, properties = {}, []
    for feature in plain["features"]:
        properties.append(feature["properties"])
        name = feature["properties"]["classification"]["name"]
        shapes[name] = shapely.geometry.shape(feature["geometry"])
    return shapes, properties


# ---------------------------------------------------------------- outlines


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_outlines_are_valid_polygons_of_exactly_the_pixels(mask):
    parts = parts_of(mask, (3, 5))
    polygons = [shapely.Polygon(outline, holes) for outline, *holes in parts]
    shape = shapely.MultiPolygon(polygons)
    assert shape.is_valid
    assert shape.area == mask.sum()
    rows, columns = np.indices(mask.shape)
    inside = shapely.contains_xy(shape, columns + 5.5, rows + 3.5)
    np.testing.assert_array_equal(inside, mask)
    for ring in (ring for part in parts for ring in part):
        steps = np.roll(ring, -1, axis=0) - ring
        assert ((steps != 0).sum(axis=1) == 1).all()  # along the edges of pixels ...
        assert not (steps * np.roll(steps, -1, axis=0)).any()  # ... to the next corner


@pytest.mark.parametrize(
    ("rows", "n_parts", "n_rings"),
    [
        (["10", "01"], 2, [1, 1]),  # parts that touch at a corner are two
        (["111", "101", "110"], 1, [2]),  # a hole that touches the outside
        (["1111", "1011", "1101", "1111"], 1, [3]),  # two holes that touch
        (["11111", "10001", "10101", "10001", "11111"], 2, [1, 2]),  # an island
    ],
)
def test_parts_have_sides_in_common_and_holes(rows, n_parts, n_rings):
    mask = np.array([[value == "1" for value in row] for row in rows])
    parts = parts_of(mask, (0, 0))
    assert len(parts) == n_parts
    assert sorted(map(len, parts)) == n_rings


# ---------------------------------------------------------------- files


def test_each_entry_is_an_annotation_of_its_label_and_color(tmp_path):
    shapes, properties = saved(tmp_path / "a.geojson")
    assert properties == [
        {
            "objectType": "annotation",
            "classification": {"name": f"label {label}", "color": color},
        }
        for label, color in [(1, [10, 20, 30]), (2, [200, 100, 0]), (3, [0, 0, 0])]
    ]
    ring = shapely.box(0, 0, 3, 3) - shapely.box(1, 1, 2, 2)
    assert shapes["label 1"].equals(shapely.MultiPolygon([ring]))
    assert shapes["label 2"].equals(shapely.box(4, 0, 5, 2))
    assert shapes["label 3"].area == 3


def test_entries_of_a_class_are_one_annotation_in_their_mean_color(tmp_path):
    palette = Palette(
        PALETTE.colors, [8, 2, 3], ["", "µ-Fläche", ""], units="uint8", classes=[*"DXD"]
    )
    q = result(palette=palette)
    shapes, properties = saved(tmp_path / "a.geojson", q)
    assert {name: shape.area for name, shape in shapes.items()} == {"D": 11, "X": 2}
    assert properties[0]["classification"]["color"] == [7, 15, 22]
    shapes, _ = saved(tmp_path / "b.geojson", q, by="entry")
    assert [*shapes] == ["label 1", "µ-Fläche", "label 3"]


@given(
    arrays(
        np.uint8,
        array_shapes(min_dims=2, max_dims=2, max_side=7),
        elements=st.integers(0, 3),
    )
)
def test_what_is_read_back_are_the_same_masks(tmp_path_factory, labels):
    path = tmp_path_factory.getbasetemp() / "back.geojson"
    if not labels.any():
        with pytest.raises(ValueError, match="no pixel is quantized"):
            save_annotations(path, result(labels))
        return
    save_annotations(path, result(labels))
    there = np.unique(labels[labels > 0])
    masks = read_regions(path, labels.shape)
    np.testing.assert_array_equal(masks, [labels == label for label in there])
    kinds = [shape.kind for shape in read_shapes(path)]
    assert kinds == [f"label {label}" for label in there]


def test_a_quantized_picture_has_its_areas(tmp_path):
    image = noise((30, 40, 3))
    q = edit(quantize(image, 5), image, [Classify([0, 3], "DAB")])
    shapes, _ = saved(tmp_path / "a.geojson", q)
    n = np.bincount(q.class_labels.ravel(), minlength=6)
    told = {"DAB": n[1]} | {f"label {i}": n[i] for i in (2, 3, 5)}
    assert {name: shape.area for name, shape in shapes.items()} == told


def test_lazy_labels_are_the_same(tmp_path, monkeypatch):
    lazy = result(da.from_array(LABELS, chunks=2))
    save_annotations(tmp_path / "a.geojson", lazy)
    save_annotations(tmp_path / "b.geojson", result())
    data = (tmp_path / "a.geojson").read_bytes()
    assert data == (tmp_path / "b.geojson").read_bytes()
    monkeypatch.setattr(annotations, "MOST_PIXELS", 19)
    with pytest.raises(ValueError, match="the labels have 20 pixels, and outlines are"):
        save_annotations(tmp_path / "c.geojson", lazy)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("name", "q", "sentence"),
    [
        ("a.json", result(), "the suffix '.json' is none that annotations are"),
        (
            "a.geojson",
            result(np.stack([LABELS] * 2)),
            "annotations are of one plane, and the labels have the shape (2, 4, 5): "
            "quantize a plane by itself.",
        ),
        ("a.geojson", result(LABELS + 1), "the labels reach 4, and the palette has 3"),
        (
            "a.geojson",
            result(palette=Palette(PALETTE.colors, names=["a", "b", "a"])),
            "the labels 1 and 3 are both called 'a': rename one, or put both into one "
            "class.",
        ),
        ("a.geojson", result(LABELS * 0), "no pixel is quantized"),
    ],
)
def test_what_cannot_be_outlined_is_refused(tmp_path, name, q, sentence):
    path = tmp_path / name
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {sentence}')}"):
        save_annotations(path, q)
    assert not path.exists()


def test_too_many_corners_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(annotations, "MOST_CORNERS", 11)
    with pytest.raises(ValueError, match="more than 11 corners: clean the labels of"):
        save_annotations(tmp_path / "a.geojson", result())


def test_only_results_are_outlined(tmp_path):
    with pytest.raises(TypeError, match="quantization is a ndarray: pass what"):
        save_annotations(tmp_path / "a.geojson", LABELS)
    with pytest.raises(ValueError, match="by is 'name': pass 'entry' or 'class'"):
        save_annotations(tmp_path / "a.geojson", result(), by="name")
