"""Areas of labels layers, in regions of other layers, without a window."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels, Points, Shapes

from napari_colorquant import (
    Classify,
    edit,
    measure_areas,
    measure_layer,
    quantize,
    quantize_layer,
    quantize_slices,
)
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY

SQUARE = [[-0.5, -0.5], [-0.5, 1.5], [1.5, 1.5], [1.5, -0.5]]
"""Around two rows and columns of pixels."""


@pytest.fixture
def labels(tiny):
    """1, 2, 3 and 6 pixels of the labels 1 to 4, of 0.5 by 2 micrometers each."""
    image = Image(tiny, rgb=True, name="tiny", scale=(0.5, 2), units=("um", "um"))
    return quantize_layer(image, 4)[1]


def rows(table, *columns):
    return list(table[list(columns)].itertuples(index=False, name=None))


def test_areas_are_in_the_units_of_the_layer(labels, tiny):
    table = measure_layer(labels)
    expected = measure_areas(
        quantize(tiny, 4), scale=(0.5, 2), units="um", name="tiny (4 colors) labels"
    )
    pd.testing.assert_frame_equal(table, expected)
    assert table["area"].tolist() == [1, 2, 3, 6]
    assert set(table["unit"]) == {"µm²"}
    assert set(measure_layer(labels, name="slide 1")["image"]) == {"slide 1"}


def test_what_was_edited_and_painted_is_measured(labels):
    labels.data[0, 0] = 7  # beyond the palette
    record = labels.metadata[KEY]
    palette = record["palette"] | {"classes": ["", "DAB", "", "DAB"]}
    labels.metadata = {KEY: record | {"palette": palette}}
    table = measure_layer(labels, by="class")
    assert rows(table, "label", "class", "pixels") == [
        (1, "", 0),
        (2, "DAB", 8),
        (3, "", 3),
        (7, "", 1),
    ]


def test_time_never_counts(tiny):
    movie = np.stack([tiny[..., 0]] * 3)
    for options in (
        {"units": ("second", "um", "um"), "axis_labels": ("frames", "y", "x")},
        {"units": ("pixel", "um", "um"), "axis_labels": ("T", "y", "x")},
        {"units": ("um", "um", "um"), "axis_labels": ("time", "y", "x")},
    ):
        _, labels = quantize_layer(Image(movie, scale=(9, 0.5, 2), **options), 2)
        table = measure_layer(labels)
        assert table["area"].sum() == 36
        assert set(table["unit"]) == {"µm²"}
        by_slice = measure_layer(labels, slice_axis=options["axis_labels"][0])
        assert by_slice["slice"].tolist() == [0, 0, 1, 1, 2, 2]
        assert by_slice["area"].sum() == 36
    stack = Image(movie, scale=(9, 0.5, 2), units=("um", "um", "mm"))
    _, labels = quantize_layer(stack, 2)
    table = measure_layer(labels)
    assert table["area"].sum() == pytest.approx(36 * 9e-6)
    assert set(table["unit"]) == {"mm³"}
    assert set(measure_layer(labels, slice_axis=-3)["unit"]) == {"mm²"}


@pytest.mark.parametrize("angle", [0, 30])
def test_an_affine_transform_that_stretches_counts(tiny, angle):
    matrix = np.diag([3.0, 2.0, 1.0])
    image = Image(
        tiny, rgb=True, scale=(0.5, 2), affine=matrix, rotate=angle, units="um"
    )
    _, labels = quantize_layer(image, 4)
    np.testing.assert_allclose(measure_layer(labels)["area"], [6, 12, 18, 36])


def test_each_slice_of_a_palette_a_slice_has_its_own_colours():
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 255, (3, 2, 8, 9), np.uint8)
    layer = Image(stack, name="s", axis_labels=("c", "z", "y", "x"))
    _, labels = quantize_layer(layer, 3, slice_axis="z", channel_axis="c")
    q = quantize_slices(stack, 3, slice_axis=1, channel_axis=0)
    expected = measure_areas(q, slice_axis=1, name="s")
    table = measure_layer(labels, slice_axis="z", name="s")
    pd.testing.assert_frame_equal(table, expected)
    assert len(set(table["hex"])) == 6


# ---------------------------------------------------------------- regions


def cross_table(labels, masks):
    """Count the pixels of each region and entry as plainly as possible."""
    return [
        (region, label, int((labels.data[mask] == label).sum()))
        for region, mask in masks.items()
        for label in (1, 2, 3, 4)
    ]


def test_labels_of_another_scale_and_place_are_regions(labels):
    regions = np.zeros((6, 4), np.uint8)
    regions[0:4, 1] = 3  # rows 0 and 1, column 2
    regions[4:, :] = 8  # the last row, columns 1 to 3, and beyond the image
    regions[5, 3] = 9  # outside of the image, as column 4 is
    layer = Labels(
        regions, scale=(0.25, 2), translate=(-0.125, 2), units=("um", "um"), name="r"
    )
    masks = {3: np.zeros((3, 4), bool), 8: np.zeros((3, 4), bool)}
    masks[3][:2, 2] = masks[8][2, 1:] = True
    table = measure_layer(labels, regions=layer)
    expected = [*cross_table(labels, masks), *((9, n, 0) for n in (1, 2, 3, 4))]
    assert rows(table, "region", "label", "pixels") == expected
    assert table["percent"][:8].sum() == pytest.approx(200)
    assert table["percent"][8:].isna().all()  # no pixel's centre is in region 9
    assert table["region"].dtype == "Int64"
    assert table["pixels"].dtype == np.int64


def test_shapes_that_overlap_are_each_counted_whole(labels):
    square, wide = np.array(SQUARE), np.array(SQUARE) * [1, 2]
    below, outside = square + np.array([2, 0]), square + 100
    shapes = Shapes(
        [square, wide, below, outside], scale=(0.5, 2), units="um", name="s"
    )
    masks = {n: np.zeros((3, 4), bool) for n in (1, 2, 3, 4)}
    masks[1][:2, :2] = masks[2][:2] = masks[3][2:, :2] = True
    table = measure_layer(labels, regions=shapes)
    assert rows(table, "region", "label", "pixels") == cross_table(labels, masks)
    assert table.index.tolist() == list(range(16))
    percent = table.groupby("region")["percent"].sum(min_count=1)
    assert percent[:3].tolist() == pytest.approx([100, 100, 100])
    assert np.isnan(percent.iloc[3])


@pytest.mark.parametrize("kind", ["labels", "shapes"])
@pytest.mark.parametrize("lazy", [False, True])
def test_regions_in_2d_apply_to_all_slices_of_a_stack(lazy, kind):
    stack = np.random.default_rng(0).integers(0, 250, (3, 40, 50), np.uint8)
    array = da.from_array(stack, chunks=(1, 16, 20)) if lazy else stack
    _, labels = quantize_layer(Image(array, name="z"), 3)
    regions = np.zeros((40, 50), np.uint8)
    regions[5:20, 8:30], regions[30:, 40:] = 1, 2
    layer = Labels(regions)
    if kind == "shapes":
        corners = [[(5, 8), (19, 29)], [(30, 40), (39, 49)], [(70, 70), (80, 80)]]
        layer = Shapes(corners, shape_type="rectangle")
    told = []
    table = measure_layer(labels, regions=layer, slice_axis=0, progress=told.append)
    shown = np.asarray(labels.data)
    pixels = [
        (at, region, n, int((shown[at][regions == region] == n).sum()))
        for at in range(3)
        for region in (1, 2)
        for n in (1, 2, 3)
    ]
    some = table[table["region"] < 3]
    assert rows(some, "slice", "region", "label", "pixels") == pixels
    n_regions = 2 + (kind == "shapes")
    assert len(table) == 3 * 3 * n_regions
    assert [one.done for one in told] == sorted(one.done for one in told)
    assert told[-1].done == told[-1].total


def test_a_run_can_be_stopped(labels):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_layer(labels, progress=stop)


def test_the_largest_level_is_measured(china):
    levels = [china[:200, :300], china[:200:2, :300:2]]
    _, labels = quantize_layer(Image(levels, rgb=True, multiscale=True), 4)
    regions = Shapes([[(0, 0), (99, 149)]], shape_type="rectangle")
    assert measure_layer(labels)["pixels"].sum() == 200 * 300
    assert measure_layer(labels, regions=regions)["pixels"].sum() == 100 * 150


# ---------------------------------------------------------------- bad input

FAR = Labels(np.ones((3, 4), np.uint8), translate=(99, 0), name="far")
EMPTY = Labels(np.zeros((3, 4), np.uint8), name="empty")


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (
            {"regions": FAR},
            ValueError,
            "the regions of 'far' have no pixel of 'tiny (4",
        ),
        ({"regions": EMPTY}, ValueError, "the regions of 'empty' have no pixel of 'ti"),
        ({"regions": Shapes(name="none")}, ValueError, "'none' has no shape: draw one"),
        ({"regions": Points(name="p")}, TypeError, "'p' is no region: pass a labels"),
        ({"regions": [1]}, TypeError, "list is no region: pass a labels layer or a"),
        (
            {"regions": Labels(np.ones((2, 3, 4), np.uint8), name="deep")},
            ValueError,
            "the region 'deep' has 3 axes and the image 'tiny (4 colors) labels' 2: ",
        ),
        (
            {"regions": Shapes([[(0, 0), (1, 1)]], shape_type="line", name="way")},
            ValueError,
            "the region 'way' has a shape of the type 'line', which surrounds nothing",
        ),
        ({"slice_axis": 2}, ValueError, "slice_axis is 2, and the image has the shape"),
        (
            {"slice_axis": "z"},
            ValueError,
            "slice_axis is 'z', and the labels of the la",
        ),
        ({"by": "color"}, ValueError, "by is 'color': pass 'entry' or 'class'."),
        ({"name": 3}, TypeError, "name is 3: pass a string."),
        ({"estimate": "no"}, TypeError, "estimate is 'no': pass "),
        ({"progress": 3}, TypeError, "progress is 3: pass None, or a function"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(labels, arguments, error, sentence):
    with pytest.raises(error) as raised:
        measure_layer(labels, **arguments)
    assert str(raised.value).startswith(sentence)


def test_bad_layers_are_refused_in_a_sentence(labels, tiny):
    for layer, error, sentence in (
        (None, TypeError, "the layer is None: pass a labels layer."),
        (Image(tiny, name="i"), TypeError, "the layer is 'i': pass a labels layer."),
        (EMPTY, ValueError, "'empty' shows no result of color quantization: pass "),
    ):
        with pytest.raises(error) as raised:
            measure_layer(layer)
        assert str(raised.value).startswith(sentence)
    labels.units = ("um", "pixel")
    with pytest.raises(ValueError, match="have the units micrometer, pixel, and a le"):
        measure_layer(labels)
    labels.units = ("volt", "volt")
    with pytest.raises(ValueError, match=r"the unit of the axis -2 of 'tiny .* 'volt'"):
        measure_layer(labels)
    labels.units = ("second", "second")
    with pytest.raises(ValueError, match="no axis is left to measure along"):
        measure_layer(labels)
    record = labels.metadata[KEY]
    labels.metadata = {KEY: record | {"palette": {"colors": "none"}}}
    with pytest.raises(ValueError, match=r"of the record of 'tiny"):
        measure_layer(labels)


def test_the_table_is_that_of_a_script(labels, tiny):
    q = edit(quantize(tiny, 4), tiny, [Classify([1, 2], "DAB")])
    record = labels.metadata[KEY]
    labels.metadata = {KEY: record | {"palette": q.palette.as_dict()}}
    pd.testing.assert_frame_equal(
        measure_layer(labels, by="class", name="a"),
        measure_areas(q, scale=(0.5, 2), units="um", by="class", name="a"),
    )
