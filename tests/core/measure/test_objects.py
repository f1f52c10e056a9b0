"""Objects of entries and classes: drawn shapes whose measures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk

from napari_colorquant import (
    Palette,
    apply_palette,
    measure_objects,
    quantize,
    quantize_slices,
)
from saved import noise

BASE = quantize(np.array([[0, 9]], np.uint8), 2, channel_axis=None)
FLAT = [
    *("label", "entry", "name", "class", "pixels", "area", "unit"),
    *("centroid-0", "centroid-1", "perimeter", "equivalent_diameter"),
    *("eccentricity", "bbox-0", "bbox-1", "bbox-2", "bbox-3"),
]
SOLID = [
    *("label", "entry", "name", "class", "pixels", "area", "unit"),
    *("centroid-0", "centroid-1", "centroid-2", "surface", "equivalent_diameter"),
    *(f"bbox-{i}" for i in range(6)),
]


def labelled(labels, n_colors=3, **palette):
    """Return a quantization of grey pixels with these labels."""
    colors = np.linspace(0, 240, n_colors)[:, np.newaxis]
    own = Palette(colors, units="uint8", **palette)
    return replace(BASE, palette=own, labels=labels, image=labels)


CELL = 7
"""Boxes have up to 5 pixels along an axis, each in a cell of its own: none touch."""


@settings(max_examples=60)
@given(data=st.data())
def test_boxes_are_measured_as_they_were_drawn(data):
    cells = data.draw(st.sampled_from([(1, 1), (2, 3), (3, 1), (2, 1, 2)]))
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "uint32", "int32"]))
    sizes = data.draw(st.sampled_from([(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (3, 0.5, 2)]))
    least = data.draw(st.sampled_from([1, 9]))
    labels = np.zeros(np.multiply(cells, CELL), dtype)
    image = np.random.default_rng(0).normal(size=labels.shape)
    ndim = labels.ndim
    sizes = np.array(sizes[:ndim])
    boxes = []
    for cell in np.ndindex(cells):
        sides = data.draw(st.tuples(*[st.integers(2, 5)] * ndim))
        start = CELL * np.array(cell) + data.draw(
            st.tuples(*[st.integers(0, 1)] * ndim)
        )
        entry = data.draw(st.integers(1, 3))
        place = tuple(map(slice, start, start + sides))
        labels[place] = entry
        if np.prod(sides) >= least:
            boxes.append((tuple(start.tolist()), sides, entry, place))
    boxes.sort()  # numbers follow the first pixels, in reading order

    objects, table = measure_objects(
        labelled(labels),
        image,
        min_pixels=least,
        connectivity=data.draw(st.integers(1, ndim)),
        scale=sizes.tolist(),
        units="um",
    )
    expected = np.zeros(labels.shape, np.int32)
    for number, (*_, place) in enumerate(boxes, 1):
        expected[place] = number
    assert objects.dtype == np.int32
    np.testing.assert_array_equal(objects, expected)
    assert list(table) == [*(FLAT if ndim == 2 else SOLID), "mean-value"]
    assert table["label"].tolist() == [*range(1, len(boxes) + 1)]
    assert table["entry"].tolist() == [entry for *_, entry, _ in boxes]
    for (start, sides, _, place), row in zip(boxes, table.iloc, strict=True):
        area = np.prod(sides * sizes)
        assert row["pixels"] == np.prod(sides)
        assert row["area"] == pytest.approx(area)
        middle = (np.array(start) + (np.array(sides) - 1) / 2) * sizes
        assert [row[f"centroid-{i}"] for i in range(ndim)] == pytest.approx(middle)
        ends = [row[f"bbox-{i}"] for i in range(2 * ndim)]
        assert ends == [*start, *np.add(start, sides)]
        assert row["mean-value"] == pytest.approx(image[place].mean())
        lengths = (np.array(sides) - 1) * sizes  # between the outer pixels' centres
        if ndim == 2:
            assert row["equivalent_diameter"] == pytest.approx(
                2 * (area / np.pi) ** 0.5
            )
            round_it = 2 * lengths.sum() if sizes[0] == sizes[1] else np.nan
            assert row["perimeter"] == pytest.approx(round_it, nan_ok=True)
            short, long = sorted((np.square(sides) - 1) * sizes**2)
            assert row["eccentricity"] ** 2 == pytest.approx(1 - short / long, abs=1e-9)
        else:
            sphere = (6 * area / np.pi) ** (1 / 3)
            assert row["equivalent_diameter"] == pytest.approx(sphere)
            assert row["surface"] == pytest.approx(chamfered(lengths, sizes / 2))


def chamfered(lengths, cut):
    """Return the surface of a box whose edges and corners are cut off.

    lengths: of the edges that are left; cut: what is cut off at each end.
    """
    (a, b, c), (x, y, z) = lengths, cut
    faces = 2 * (a * b + b * c + c * a)
    edges = 4 * (a * np.hypot(y, z) + b * np.hypot(x, z) + c * np.hypot(x, y))
    corners = 8 * np.sqrt((x * y) ** 2 + (y * z) ** 2 + (z * x) ** 2) / 2
    return faces + edges + corners


def test_an_l_is_measured_as_it_was_drawn():
    labels = np.zeros((20, 20), np.uint8)
    labels[2:12, 3:6] = labels[8:12, 3:15] = 2  # 30 pixels, and 36 beside them
    _, table = measure_objects(labelled(labels), scale=0.5, units="um")
    (row,) = table.iloc
    assert (row["entry"], row["pixels"], row["area"]) == (2, 66, 16.5)
    rows = (30 * 6.5 + 36 * 9.5) / 66
    columns = (30 * 4 + 36 * 10) / 66
    centroid = (row["centroid-0"], row["centroid-1"])
    assert centroid == pytest.approx((rows / 2, columns / 2))
    # The line cuts the corner inside: a diagonal for two steps.
    assert row["perimeter"] == pytest.approx((2 * (9 + 11) - 2 + 2**0.5) / 2)
    assert [row[f"bbox-{i}"] for i in range(4)] == [2, 3, 12, 15]


def test_corners_touch_only_where_that_is_asked_for():
    labels = np.array([[1, 2, 1], [2, 1, 1], [1, 2, 2]], np.uint8)
    objects, _ = measure_objects(labelled(labels))
    assert objects.tolist() == [[1, 2, 3], [4, 3, 3], [5, 6, 6]]
    objects, _ = measure_objects(labelled(labels), connectivity=2)
    assert objects.tolist() == [[1, 2, 1], [2, 1, 1], [1, 2, 2]]
    solid = np.zeros((2, 2, 2), np.uint8)
    solid[0, 0, 0] = solid[1, 1, 1] = 1
    for steps, n in ((1, 2), (2, 2), (3, 1)):
        assert len(measure_objects(labelled(solid), connectivity=steps)[1]) == n


def test_discs_of_known_area_and_place():
    image = np.zeros((200, 300), np.uint8)
    discs = [(60, 70, 40), (120, 220, 55)]
    for y, x, radius in discs:
        image[disk((y, x), radius)] = 200
    image[3, 3] = 200  # a speck
    palette = Palette([[0], [200]], names=["glass", "nucleus"], units="uint8")
    q = apply_palette(image, palette, channel_axis=None)
    objects, table = measure_objects(q, image, min_pixels=10, scale=0.5, units="um")
    assert table["name"].tolist() == ["glass", "nucleus", "nucleus"]
    assert objects[3, 3] == 0
    own = table[table["entry"] == 2]
    assert own["pixels"].tolist() == [len(disk(d[:2], d[2])[0]) for d in discs]
    assert own["area"].tolist() == (own["pixels"] * 0.25).tolist()
    assert set(own["unit"]) == {"µm²"}
    assert own[["centroid-0", "centroid-1"]].to_numpy().tolist() == [
        [y / 2, x / 2] for y, x, _ in discs
    ]
    radii = np.array([radius for *_, radius in discs]) / 2
    np.testing.assert_allclose(own["equivalent_diameter"], 2 * radii, rtol=0.02)
    np.testing.assert_allclose(own["perimeter"], 2 * np.pi * radii, rtol=0.06)
    assert (own["eccentricity"] < 0.01).all()
    assert own["mean-value"].tolist() == [200.0, 200.0]


def test_entries_of_a_class_are_one_object():
    labels = np.array([[1, 2, 2], [3, 3, 1], [0, 9, 9]], np.uint8)
    q = labelled(labels, names=["a", "b", "c"], classes=["", "DAB", "DAB"])
    objects, table = measure_objects(q, by="class")
    assert objects.tolist() == [[1, 2, 2], [2, 2, 3], [0, 4, 4]]
    assert table["entry"].tolist() == [1, 2, 1, 9]
    assert table["name"].tolist() == ["a", "DAB", "a", ""]
    assert table["class"].tolist() == ["", "DAB", "", ""]
    by_entry, _ = measure_objects(q)
    assert by_entry.tolist() == [[1, 2, 2], [3, 3, 4], [0, 5, 5]]


def test_the_channels_of_an_image_are_averaged():
    image = noise((12, 10, 4))
    q = quantize(image, 3)
    objects, table = measure_objects(q, image)
    assert list(table)[-3:] == ["mean-red", "mean-green", "mean-blue"]
    for number in (1, len(table)):
        means = image[objects == number][:, :3].mean(axis=0)
        got = table.iloc[number - 1][["mean-red", "mean-green", "mean-blue"]]
        np.testing.assert_allclose(got.to_numpy(float), means)
    data = noise((5, 12, 10))
    _, table = measure_objects(q, data)
    assert list(table)[-5:] == [f"mean-channel {i}" for i in range(5)]
    np.testing.assert_allclose(
        table["mean-channel 4"][0], data[4][objects == 1].mean(), rtol=1e-12
    )


def test_without_an_object_the_table_is_empty():
    for shape in ((3, 4), (3, 4, 5)):
        q = labelled(np.zeros(shape, np.uint8))
        objects, table = measure_objects(q, np.zeros(shape))
        assert not objects.any()
        assert list(table) == [*(FLAT if len(shape) == 2 else SOLID), "mean-value"]
        assert len(table) == 0


def test_a_ball_has_the_surface_of_its_mesh():
    z, y, x = np.indices((41, 41, 41)) - 20
    ball = (z**2 + y**2 + x**2 <= 15**2).astype(np.uint8)
    _, table = measure_objects(labelled(ball), scale=[0.5, 0.5, 0.5], units="um")
    assert table["unit"].tolist() == ["µm³"]
    assert table["area"][0] == np.count_nonzero(ball) / 8
    assert table["surface"][0] == pytest.approx(4 * np.pi * 7.5**2, rel=0.12)
    assert table["equivalent_diameter"][0] == pytest.approx(15, rel=0.02)


def test_a_stack_with_a_palette_a_slice_has_objects():
    q = quantize_slices(noise((3, 9, 8, 3)), 3)
    objects, table = measure_objects(q)
    assert objects.shape == (3, 9, 8)
    assert table["pixels"].sum() == 3 * 9 * 8


def test_labels_and_image_stay_as_they_are():
    labels = np.ones((4, 4), np.uint8)
    labels.flags.writeable = False
    q = labelled(labels)
    measure_objects(q, labels)
    assert (q.labels == 1).all()


def test_a_run_tells_how_far_it_is_and_is_stopped():
    labels = np.arange(1, 3, dtype=np.uint8)[np.indices((40, 40)).sum(axis=0) % 2]
    told = []
    _, table = measure_objects(labelled(labels), progress=told.append)
    assert len(table) == 1600
    done = [piece.done for piece in told]
    assert done == [0, 200, 328, 456, 584, 712, 840, 968, 1000]
    assert {piece.total for piece in told} == {1000}

    def stop(piece):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        measure_objects(labelled(labels), progress=stop)
