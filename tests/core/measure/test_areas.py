"""Areas of entries and classes, against plain tables of the same pixels."""

from __future__ import annotations

from dataclasses import replace

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.draw import disk
from skimage.measure import regionprops_table

from lazies import chunkings
from napari_colorquant import (
    Palette,
    SliceQuantization,
    apply_palette,
    measure_areas,
    quantize,
    quantize_slices,
)
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image import sampling as sampling_module
from napari_colorquant.core.measure import counts as counts_module
from napari_colorquant.core.palette.table import columns_of
from plain import palettes
from saved import noise

COLUMNS = [
    *("image", "slice", "region", "label", "name", "class", "hex"),
    *("pixels", "area", "unit", "percent", "estimated"),
]
BASE = quantize(np.array([[0, 9]], np.uint8), 2, channel_axis=None)


def labelled(labels, n_colors=3, **palette):
    """Return a quantization of grey pixels with these labels."""
    colors = np.linspace(0, 240, n_colors)[:, np.newaxis]
    own = Palette(colors, units="uint8", **palette)
    return replace(BASE, palette=own, labels=labels, image=labels)


def plain(labels, masks, slice_axis, n_colors):
    """Return slice, region, label, pixels and percent of each row, written plainly.

    masks: of each region, by its number, of the labels' shape.
    """
    rows = []
    axis = range(labels.shape[slice_axis]) if slice_axis is not None else [None]
    for at in axis:
        for region, mask in sorted(masks.items()):
            inside, own = mask, labels
            if at is not None:
                inside, own = (x.take(at, slice_axis) for x in (mask, labels))
            found = pd.Series(own[inside].astype(np.int64)).value_counts()
            total = found[found.index > 0].sum()
            numbers = sorted({*found.index, *range(1, n_colors + 1)})
            for label in numbers:
                pixels = int(found.get(label, 0))
                is_empty = label == 0 or total == 0
                percent = None if is_empty else 100 * pixels / total
                rows.append((at, region, label, pixels, percent))
    return rows


def told(table, has_regions):
    """Return the same of a table."""
    columns = ["slice", "region", "label", "pixels", "percent"]
    rows = table[columns].astype(object).where(table[columns].notna(), None)
    rows = [tuple(row) for row in rows.itertuples(index=False)]
    return rows if has_regions else [(a, 0, *rest) for a, _, *rest in rows]


@st.composite
def cases(draw):
    """Draw labels, regions of all kinds with the masks they mean, and a slice axis."""
    shape = draw(st.sampled_from([(7, 9), (3, 6, 5), (2, 3, 4, 5)]))
    dtype = draw(st.sampled_from(["uint8", "uint16", "uint32", "int32"]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    most = draw(st.sampled_from([1, 3, 5, 250]))
    labels = random.integers(0, most + 1, shape).astype(dtype)
    if dtype == "uint32" and draw(st.booleans()):
        labels.flat[0] = 4_000_000_000
    kind = draw(st.sampled_from(["none", "numbers", "large", "mask", "list"]))
    own = shape[draw(st.integers(0, len(shape) - 1)) :]

    def spread(array):
        return np.broadcast_to(array, shape)

    if kind == "none":
        return labels, None, {0: np.ones(shape, bool)}
    if kind == "mask":
        mask = random.random(own) < draw(st.sampled_from([0, 0.5, 1]))
        return labels, mask, {1: spread(mask)}
    if kind == "list":
        masks = [random.random(own) < 0.4 for _ in range(draw(st.integers(1, 3)))]
        return labels, masks, {i: spread(mask) for i, mask in enumerate(masks, 1)}
    numbers = np.array([0, 2, 3] if kind == "numbers" else [0, 8, 2**40, 2**62])
    regions = random.choice(numbers, own)
    regions.flat[-1] = numbers[1]
    masks = {int(n): spread(regions == n) for n in numbers[1:] if (regions == n).any()}
    return labels, regions, masks


@settings(max_examples=60)
@given(case=cases(), data=st.data())
def test_areas_are_those_of_plain_tables(case, data):
    labels, regions, masks = case
    axis = data.draw(st.none() | st.integers(0, labels.ndim - 1))
    q = labelled(labels)
    table = measure_areas(q, regions=regions, slice_axis=axis)
    assert list(table) == COLUMNS
    assert told(table, regions is not None) == plain(labels, masks, axis, 3)
    assert table["slice"].isna().all() == (axis is None)
    assert table["region"].isna().all() == (regions is None)
    for _, group in table.groupby(["slice", "region"], dropna=False):
        percent = group["percent"].dropna()
        assert not len(percent) or percent.sum() == pytest.approx(100)


@settings(max_examples=20)
@given(case=cases(), data=st.data())
def test_blocks_and_tiles_do_not_matter(case, data):
    labels, regions, _ = case
    axis = data.draw(st.none() | st.integers(0, labels.ndim - 1))
    expected = measure_areas(labelled(labels), regions=regions, slice_axis=axis)
    lazy = labelled(da.from_array(labels, data.draw(chunkings(labels.shape))))
    own = regions
    if regions is not None and data.draw(st.booleans()):
        several = regions if isinstance(regions, list) else [regions]
        own = [da.from_array(one, data.draw(chunkings(one.shape))) for one in several]
        own = own if isinstance(regions, list) else own[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", data.draw(st.integers(1, 40)))
        patch.setattr(counts_module, "_FEW", data.draw(st.sampled_from([1, 2**16])))
        for q in (lazy, labelled(labels)):
            for estimate in (False, True):  # too small to be estimated
                table = measure_areas(
                    q, regions=own, slice_axis=axis, estimate=estimate
                )
                pd.testing.assert_frame_equal(table, expected)


def test_the_table_of_a_small_image():
    labels = np.array([[0, 1, 1], [3, 3, 3]], np.uint8)
    q = labelled(labels, names=["ink", "", "sky"], classes=["", "a", "b"])
    table = measure_areas(q, scale=[2, 0.5], units="um", name="one.tif")
    expected = pd.DataFrame(
        {
            "image": ["one.tif"] * 4,
            "slice": pd.array([None] * 4, dtype="Int64"),
            "region": pd.array([None] * 4, dtype="Int64"),
            "label": [0, 1, 2, 3],
            "name": ["not quantized", "ink", "", "sky"],
            "class": ["", "", "a", "b"],
            "hex": ["", "#000000", "#787878", "#f0f0f0"],
            "pixels": [1, 2, 0, 3],
            "area": [1.0, 2.0, 0.0, 3.0],
            "unit": ["µm²"] * 4,
            "percent": [np.nan, 40.0, 0.0, 60.0],
            "estimated": [False] * 4,
        }
    )
    pd.testing.assert_frame_equal(table, expected)


def test_classes_are_one_row_each_and_the_rest_stands_alone():
    labels = np.array([[1, 2, 2], [3, 4, 9]], np.uint8)
    q = labelled(
        labels,
        5,
        names=["a", "b", "", "", "c"],
        classes=["", "DAB", "", "DAB", "DAB"],
        counts=[1, 2, 1, 1, 0],
    )
    table = measure_areas(q, by="class")
    rows = table[["label", "name", "class", "hex", "pixels"]].to_numpy().tolist()
    mean = (2 * 60 + 180) / 3
    assert rows == [
        [1, "a", "", "#000000", 1],
        [2, "DAB", "DAB", f"#{round(mean):02x}" + 2 * f"{round(mean):02x}", 3],
        [3, "", "", "#787878", 1],
        [9, "", "", "", 1],
    ]
    assert table["percent"].sum() == pytest.approx(100)


def test_a_class_without_pixels_has_the_mean_of_its_entries():
    q = labelled(np.ones((2, 2), np.uint8), 3, classes=["", "a", "a"])
    for counts in (None, [4, 0, 0]):
        counted = replace(q, palette=replace(q.palette, counts=counts))
        assert measure_areas(counted, by="class")["hex"][1] == "#b4b4b4"


def test_entries_of_channels_of_data_keep_their_colours_by_class():
    """They are shown in the limits of all entries, whatever the rows are."""
    palette = Palette([[0.0], [0.5], [0.75], [1.0]], classes=["x", "", "", "x"])
    q = replace(labelled(np.ones((2, 2), np.uint8)), palette=palette)
    by_entry, by_class = (measure_areas(q, by=by)["hex"] for by in ("entry", "class"))
    assert by_class[1:].tolist() == by_entry[1:3].tolist()


def test_discs_of_known_area_in_a_known_scale():
    image = np.full((300, 400, 3), 240, np.uint8)
    glands = np.zeros((300, 400), np.int32)
    pixels = {}
    for number, (y, x, radius) in enumerate([(80, 90, 60), (200, 300, 75)], 1):
        glands[disk((y, x), radius)] = number
        stain = disk((y, x + 5), radius // 2)
        image[stain] = (120, 60, 20)
        pixels[number] = len(stain[0])
    palette = Palette([[120, 60, 20], [240, 240, 240]], classes=["DAB", ""])
    q = apply_palette(image, palette)
    table = measure_areas(q, scale=0.25, units="um", regions=glands, by="class")
    stained = table[table["class"] == "DAB"]
    assert stained["area"].tolist() == [n * 0.0625 for n in pixels.values()]
    whole = table.groupby("region")["area"].sum()
    areas = regionprops_table(glands, properties=("area",), spacing=(0.25, 0.25))
    assert whole.tolist() == areas["area"].tolist()
    shares = stained["percent"].to_numpy() * whole.to_numpy() / 100
    np.testing.assert_allclose(shares, stained["area"])


@given(palettes())
def test_entries_have_the_colours_of_all_tables(palette):
    q = replace(labelled(np.ones((2, 2), np.uint8)), palette=palette)
    table, columns = measure_areas(q).iloc[: len(palette)], columns_of(palette)
    assert table["hex"].tolist() == columns["hex"]
    assert table["label"].tolist() == columns["label"]
    pairs = zip(palette.names or (), palette.classes or (), strict=False)
    assume(not any(a and not b and a in palette.classes for a, b in pairs))
    by_class = measure_areas(q, by="class")
    n = len({*(palette.classes or ())} - {""})
    alone = len(palette) if palette.classes is None else palette.classes.count("")
    assert len(by_class) == n + alone


def test_time_is_no_axis_of_space():
    q = labelled(np.ones((4, 3, 2), np.uint8))
    table = measure_areas(q, scale=[60, 2, 2], units=["s", "um", "um"])
    assert table["area"].tolist() == [96.0, 0.0, 0.0]
    assert set(table["unit"]) == {"µm²"}
    table = measure_areas(q, scale=2, units="um", slice_axis=0)
    assert table["area"].tolist() == [24.0, 0.0, 0.0] * 4
    assert set(measure_areas(q, scale=2, units="um")["unit"]) == {"µm³"}


def test_each_slice_of_a_palette_a_slice_has_its_own_colours():
    stack = noise((3, 8, 9, 3))
    q = quantize_slices(stack, 4)
    assert isinstance(q, SliceQuantization)
    table = measure_areas(q, slice_axis=0)
    for number, palette in enumerate(q.palettes):
        own = table[table["slice"] == number]
        assert own["pixels"].tolist() == palette.counts.tolist()
        colors = ["#" + bytes(row).hex() for row in palette.drawn("uint8").tolist()]
        assert own["hex"].tolist() == colors
    pd.testing.assert_frame_equal(measure_areas(q, slice_axis=-4), table)
    other = measure_areas(q, slice_axis=2)
    mean = ["#" + bytes(row).hex() for row in q.palette.drawn("uint8").tolist()]
    assert other["hex"].tolist() == mean * 9
    assert measure_areas(q)["pixels"].tolist() == q.palette.counts.tolist()


def test_an_axis_of_slices_is_one_of_the_image():
    image = noise((2, 5, 3, 7))
    q = quantize(image, 4, channel_axis=0)
    table = measure_areas(q, slice_axis=1)
    assert table["slice"].nunique() == 5
    expected = [
        (q.labels[at] == label).sum() for at in range(5) for label in (1, 2, 3, 4)
    ]
    assert table["pixels"].tolist() == expected
    pd.testing.assert_frame_equal(measure_areas(q, slice_axis=-3), table)


def test_entries_and_regions_without_a_pixel_have_rows():
    labels = np.zeros((4, 6), np.uint8)
    labels[0, 0] = 2
    masks = [np.zeros((4, 6), bool), labels > 0, labels == 0]
    table = measure_areas(labelled(labels), regions=masks)
    rows = table[["region", "label", "pixels"]].to_numpy().tolist()
    assert rows == [
        *([1, 1, 0], [1, 2, 0], [1, 3, 0]),
        *([2, 1, 0], [2, 2, 1], [2, 3, 0]),
        *([3, 0, 23], [3, 1, 0], [3, 2, 0], [3, 3, 0]),
    ]
    assert table["percent"].isna().tolist() == [True] * 3 + [False] * 3 + [True] * 4


def test_many_regions_and_labels_are_counted():
    random = np.random.default_rng(0)
    labels = random.integers(0, 60_000, (300, 300)).astype(np.uint16)
    regions = random.integers(0, 5, (300, 300)) * 1_000_000_007
    q = labelled(labels, 60_000)
    table = measure_areas(q, regions=regions)
    assert len(table) == 4 * 60_000 + (table["label"] == 0).sum()
    some = table[table["pixels"] > 0].set_index(["region", "label"])["pixels"]
    inside = regions > 0
    found = pd.Series(1, index=[regions[inside], labels[inside]]).groupby(level=[0, 1])
    assert some.to_dict() == found.sum().to_dict()


def test_only_blocks_that_regions_reach_are_read():
    labels, read = np.ones((40, 40), np.uint8), []

    def block(block_info=None):
        ((y, _), (x, _)) = block_info[None]["array-location"]
        read.append((y, x))
        return labels[y : y + 10, x : x + 10]

    lazy = da.map_blocks(
        block, chunks=((10,) * 4, (10,) * 4), dtype=np.uint8, meta=labels[:0, :0]
    )
    regions = np.zeros((40, 40), np.int32)
    regions[12:18, 25:35] = 5
    table = measure_areas(labelled(lazy), regions=regions)
    assert sorted(read) == [(10, 20), (10, 30)]
    assert table["pixels"].tolist() == [60, 0, 0]


@pytest.mark.parametrize("kind", [int, bool])
def test_lists_nested_as_the_labels_are_one_array(kind):
    labels = np.array([[1, 2, 3], [0, 1, 1]], np.uint8)
    regions = np.array([[1, 1, 2], [1, 0, 2]]).astype(kind)
    pd.testing.assert_frame_equal(
        measure_areas(labelled(labels), regions=regions.tolist()),
        measure_areas(labelled(labels), regions=regions),
    )


def test_estimates_are_near_are_marked_and_list_all_regions(monkeypatch):
    monkeypatch.setattr(sampling_module, "MOST_PIXELS", 2**14)
    labels = np.random.default_rng(0).choice(
        np.array([0, 1, 2, 3], np.uint8), (512, 512), p=[0.1, 0.6, 0.2, 0.1]
    )
    lazy = labelled(da.from_array(labels, 64))
    exact = measure_areas(lazy)
    assert not exact["estimated"].any()
    table = measure_areas(lazy, estimate=True)
    assert table["estimated"].all()
    np.testing.assert_allclose(table["pixels"], exact["pixels"], rtol=0.1)
    assert not np.array_equal(table["pixels"], exact["pixels"])

    regions = np.zeros((512, 512), np.int32)
    regions[:256], regions[500, 500] = 3, 9
    for kind in (regions, da.from_array(regions, 100)):
        table = measure_areas(lazy, regions=kind, estimate=True)
        assert table["region"].unique().tolist() == [3, 9]
        pixels = table[table["region"] == 3]["pixels"].sum()
        assert pixels == pytest.approx(2**17, rel=0.2)
    assert not measure_areas(labelled(labels), estimate=True)["estimated"].any()


def test_progress_is_told_and_can_stop():
    q = labelled(da.ones((40, 40), dtype=np.uint8, chunks=10))
    told = []
    measure_areas(q, progress=told.append)
    assert {step for step, _, _ in told} == {"count"}
    assert told[-1].done == told[-1].total
    assert len(told) == 16

    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_areas(q, progress=stop)


def test_threads_do_not_matter(monkeypatch):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 100)
    labels = np.random.default_rng(1).integers(0, 4, (90, 90)).astype(np.uint8)
    regions = labels.T.astype(np.int64)
    expected = measure_areas(labelled(labels), regions=regions)
    monkeypatch.setattr("napari_colorquant.core.compute.executor.n_cores", lambda: 1)
    pd.testing.assert_frame_equal(
        measure_areas(labelled(labels), regions=regions), expected
    )


@pytest.mark.cluster
@pytest.mark.usefixtures("client")
def test_a_cluster_counts_the_same():
    labels = np.random.default_rng(1).integers(0, 4, (90, 90)).astype(np.uint8)
    regions = labels.T.astype(np.int64)
    expected = measure_areas(labelled(labels), regions=regions, slice_axis=0)
    lazy = labelled(da.from_array(labels, 30))
    for own in (regions, da.from_array(regions, 45)):
        table = measure_areas(lazy, regions=own, slice_axis=0)
        pd.testing.assert_frame_equal(table, expected)
