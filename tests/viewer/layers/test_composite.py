"""Pictures of channels together, in memory and lazy, of layers and of an axis."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Image

from napari_colorquant import quantize, quantize_layer, quantize_layers
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.edits import Merge
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channels import channels_of, composite_colors
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.session.results.result_data import (
    pyramid_to_save,
    take_compared,
    write_zarr,
)
from napari_colorquant.viewer.tasks.compare import (
    compare_methods,
    comparison_layers,
)
from napari_colorquant.viewer.tasks.quality import map_error, measure_result
from results import do, result_of

KEY = "napari-colorquant"
STACK = np.random.default_rng(0).integers(0, 900, (3, 24, 20, 2), np.uint16)
INSIDE = np.random.default_rng(1).random((3, 24, 20)) < 0.8


def stack(axis, dtype=np.uint16):
    return np.ascontiguousarray(np.moveaxis(STACK, -1, axis)).astype(dtype)


def layer_of(data):
    return Image(data, name="cells", rgb=False, contrast_limits=(0, 900))


def lazily(data, axis):
    chunks = [2, 16, 16]
    chunks.insert(axis % 4, 1)
    return dask.array.from_array(data, chunks=tuple(chunks))


def expected_picture(labels, values, metadata, slice_axis=None):
    """Draw every pixel on its own."""
    channels = channels_of(metadata[KEY])
    plain = metadata[KEY].get("palettes") or [metadata[KEY]["palette"]]
    palettes = [np.asarray(one["colors"]) for one in plain]
    colors = np.empty(values.shape)
    for place in np.ndindex(labels.shape):
        palette = palettes[0 if slice_axis is None else place[slice_axis]]
        label = labels[place]
        colors[place] = palette[label - 1] if label else values[place]
    shown = composite_colors(colors.reshape(-1, 2), channels)
    return np.rint(255 * shown).reshape(*labels.shape, 3)


@pytest.mark.parametrize("axis", [0, 1, 3])
@pytest.mark.parametrize("is_lazy", [False, True])
@pytest.mark.parametrize("slices", [False, True])
def test_each_pixel_is_drawn_as_its_channels_are_seen_together(axis, is_lazy, slices):
    data = stack(axis)
    how = {"mask": INSIDE}
    if slices:
        how |= {"slice_axis": 1 if axis == 0 else 0}
    layer = layer_of(lazily(data, axis) if is_lazy else data)
    picture, labels = quantize_layer(layer, 4, channel_axis=axis, **how)
    found, numbers = np.asarray(picture.data), np.asarray(labels.data)
    assert (found.shape, found.dtype) == ((3, 24, 20, 3), np.uint8)
    values = np.moveaxis(data, axis, -1)
    expected = expected_picture(numbers, values, labels.metadata, 0 if slices else None)
    np.testing.assert_allclose(found, expected, atol=1)
    assert (numbers > 0).tolist() == INSIDE.tolist()
    in_memory, _ = quantize_layer(layer_of(data), 4, channel_axis=axis, **how)
    np.testing.assert_array_equal(found, in_memory.data)


def test_levels_of_a_pyramid_are_drawn_alike():
    levels = [stack(0), stack(0)[:, :, ::2, ::2]]
    layer = Image(levels, multiscale=True, name="cells", contrast_limits=(0, 900))
    picture, labels = quantize_layer(layer, 4, channel_axis=0)
    for level, numbers, drawn in zip(levels, labels.data, picture.data, strict=True):
        values = np.moveaxis(level, 0, -1)
        expected = expected_picture(numbers, values, labels.metadata)
        np.testing.assert_allclose(drawn, expected, atol=1)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 6, 7, 31])
def test_all_channels_have_a_color(n_channels):
    data = np.zeros((n_channels, 8, 9), np.uint8)
    data[0, 0, 0] = 255
    layer = Image(data, name="a", contrast_limits=(0, 255), colormap="magma")
    picture, _ = quantize_layer(layer, 2, channel_axis=0)
    channels = channels_of(picture.metadata[KEY])
    white = composite_colors(np.full((1, n_channels), 255), channels)
    one_each = composite_colors(255 * np.eye(n_channels), channels)
    assert len({tuple(color) for color in one_each.round(3)}) == n_channels
    if n_channels > 1:
        np.testing.assert_allclose(white, [[1, 1, 1]], atol=1e-6)
    else:
        assert channels[0].colormap.name == "magma"


@pytest.mark.parametrize("is_lazy", [False, True])
@pytest.mark.parametrize("slices", [False, True])
def test_it_is_judged_in_its_own_channels(is_lazy, slices):
    data = stack(1)
    how = {"slice_axis": 0} if slices else {}
    viewer = ViewerModel()
    source = viewer.add_layer(layer_of(lazily(data, 1) if is_lazy else data))
    for layer in quantize_layer(source, 4, channel_axis=1, **how):
        viewer.add_layer(layer)
    result = result_of(viewer, viewer.layers[-1])
    compared = take_compared(result)
    report = result.record["report"]
    judged = measure_result(compared, Monitor())
    assert judged.quality.mse == pytest.approx(report["mse"])
    mapped = map_error(compared, Monitor())
    assert np.mean(np.asarray(mapped.levels[0]).astype(float) ** 2) == pytest.approx(
        report["mse"], rel=1e-5
    )
    np.testing.assert_array_equal(np.asarray(source.data), data)  # drawn in a copy


def test_edits_go_on_in_the_own_units():
    data = stack(0)
    viewer = ViewerModel()
    source = viewer.add_layer(layer_of(data))
    for layer in quantize_layer(source, 4, channel_axis=0):
        viewer.add_layer(layer)
    result = result_of(viewer, viewer.layers[-1])
    do(result, Merge([0, 3]))
    picture, labels = result.layers
    values = np.moveaxis(data, 0, -1)
    expected = expected_picture(labels.data, values, labels.metadata)
    np.testing.assert_allclose(picture.data, expected, atol=1)
    assert picture.name == "cells (3 colors)"
    columns = [name for name in labels.features if name.startswith("channel")]
    np.testing.assert_array_equal(labels.features[columns], result.palette.colors)
    assert result.palette.units == "uint16"


def test_methods_are_compared_in_color():
    source = take_source(layer_of(stack(0)), channel_axis=0)
    results = compare_methods(source, Parameters(n_colors=3), None, 1, Monitor())
    original, *redrawn = comparison_layers(source, results)
    assert [layer.rgb for layer in (original, *redrawn)] == [True] * 4
    assert {layer.data.shape for layer in (original, *redrawn)} == {(3, 24, 20, 3)}
    shown = composite_colors(STACK.reshape(-1, 2), source.channels)
    np.testing.assert_array_equal(
        original.data.reshape(-1, 3), np.rint(255 * shown).astype(np.uint8)
    )


def test_it_is_saved_as_ome_zarr_with_the_palette_in_its_own_units(tmp_path):
    viewer = ViewerModel()
    source = viewer.add_layer(layer_of(stack(1)[0]))
    for layer in quantize_layer(source, 4, channel_axis=0):
        viewer.add_layer(layer)
    result = result_of(viewer, viewer.layers[-1])
    pyramid, _ = pyramid_to_save(result)
    write_zarr(tmp_path / "a.zarr", pyramid, "0.5", Monitor())
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    drawn = np.moveaxis(result.picture.data, -1, 0)
    np.testing.assert_array_equal(group["0"][:], drawn)
    np.testing.assert_array_equal(group["labels/palette/0"][:], result.labels.data)
    record = dict(group.attrs)["napari-colorquant"]
    again = Palette.from_dict(record["palette"])
    np.testing.assert_array_equal(again.colors, result.palette.colors)
    assert again.units == "uint16"


def test_layers_of_any_blocks_are_drawn_as_those_in_memory():
    fields = np.moveaxis(STACK, -1, 0)
    pictures = []
    for chunks in (None, (2, 7, 11), (1, 24, 20)):
        layers = [
            Image(
                one if chunks is None else dask.array.from_array(one, chunks=chunks),
                name=name,
                colormap=name,
                contrast_limits=(0, 900),
            )
            for one, name in zip(fields, ("red", "green"), strict=True)
        ]
        pictures.append(np.asarray(quantize_layers(layers, 4)[0].data))
    np.testing.assert_array_equal(pictures[1], pictures[0])
    np.testing.assert_array_equal(pictures[2], pictures[0])


def test_the_array_itself_keeps_its_channels():
    q = quantize(stack(0), 4, channel_axis=0)
    _, labels = quantize_layer(layer_of(stack(0)), 4, channel_axis=0)
    assert q.image.shape == (2, 3, 24, 20)
    np.testing.assert_array_equal(q.labels, labels.data)
