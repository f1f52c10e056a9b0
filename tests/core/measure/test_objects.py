"""Objects of entries and classes, against scikit-image's own measurements."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.draw import disk
from skimage.measure import label, marching_cubes, mesh_surface_area, regionprops

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


@settings(max_examples=80)
@given(data=st.data())
def test_objects_are_those_of_scikit_image(data):
    shape = data.draw(st.sampled_from([(1, 1), (9, 12), (17, 8), (4, 5, 6)]))
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "uint32", "int32"]))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    labels = random.integers(0, data.draw(st.integers(1, 5)) + 1, shape).astype(dtype)
    if data.draw(st.booleans()):
        labels = labels.repeat(2, axis=0).repeat(3, axis=1)
    steps = data.draw(st.integers(1, labels.ndim))
    least = data.draw(st.integers(1, 4))
    sizes = data.draw(st.sampled_from([(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (3, 0.5, 2)]))
    sizes = sizes[: labels.ndim]
    image = random.normal(size=labels.shape)

    objects, table = measure_objects(
        labelled(labels),
        image,
        min_pixels=least,
        connectivity=steps,
        scale=sizes,
        units="um",
    )
    found = label(labels, connectivity=steps)
    regions = regionprops(found, image, spacing=sizes)
    regions = [one for one in regions if one.num_pixels >= least]
    expected = np.zeros(labels.shape, np.int32)
    for number, one in enumerate(regions, 1):
        expected[tuple(one.coords.T)] = number
    assert objects.dtype == np.int32
    np.testing.assert_array_equal(objects, expected)
    _, first = np.unique(objects[objects > 0], return_index=True)
    assert (np.diff(first) > 0).all()  # numbered in reading order

    assert list(table) == [*(FLAT if labels.ndim == 2 else SOLID), "mean-value"]
    assert table["label"].tolist() == [*range(1, len(regions) + 1)]
    entries = [int(labels[tuple(one.coords[0])]) for one in regions]
    assert table["entry"].tolist() == entries
    assert table["pixels"].tolist() == [int(one.num_pixels) for one in regions]
    is_square = len({*sizes}) == 1
    close = {"rtol": 1e-9, "atol": 1e-12}
    for i, one in enumerate(regions):
        row = table.iloc[i]
        np.testing.assert_allclose(row["area"], one.area, **close)
        centroid = [row[f"centroid-{axis}"] for axis in range(labels.ndim)]
        np.testing.assert_allclose(centroid, one.centroid, **close)
        box = tuple(row[f"bbox-{axis}"] for axis in range(2 * labels.ndim))
        assert box == one.bbox
        np.testing.assert_allclose(
            row["equivalent_diameter"], one.equivalent_diameter_area, **close
        )
        np.testing.assert_allclose(row["mean-value"], one.intensity_mean, **close)
        if labels.ndim == 2:
            perimeter = one.perimeter if is_square else np.nan
            np.testing.assert_allclose(row["perimeter"], perimeter, **close)
            # Near 0 and 1 it is the root of a small difference.
            np.testing.assert_allclose(
                row["eccentricity"] ** 2, one.eccentricity**2, atol=1e-9
            )
        else:
            mesh = marching_cubes(np.pad(one.image, 1), 0.5, spacing=sizes)[:2]
            np.testing.assert_allclose(
                row["surface"], mesh_surface_area(*mesh), rtol=1e-5
            )


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
