"""Layers larger than memory, one a channel, quantized together."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_colorquant import (
    Merge,
    Palette,
    Parameters,
    Recolor,
    Rename,
    Sort,
    quantize_layers,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.viewer.layers.image_input import take_channels
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.tasks.quantize import (
    Applied,
    apply_to_work,
    curve_of_work,
    quantize_coarse,
    quantize_input,
)
from napari_colorquant.viewer.tasks.work import coarse_work, locate, take_work

SHAPE = (60, 72)
COLORMAPS = ("blue", "green", "red")
DTYPES = (np.uint8, np.uint16, np.float32)


def channels(shape=SHAPE):
    random = np.random.default_rng(0)
    fields = [random.integers(0, 200, shape).astype(dtype) for dtype in DTYPES]
    fields[2][:3, :5] = np.nan  # not quantized
    return fields


def layers(kind="numpy", fields=None, **changes):
    made = []
    for i, field in enumerate(channels() if fields is None else fields):
        data = field
        if kind != "numpy" and not (kind == "mixed" and i == 1):
            # Each in blocks of its own.
            data = dask.array.from_array(field, chunks=(17 + i, 20 + 3 * i))
        if kind == "pyramid":
            data = [data, data[::2, ::2]]
        made.append(
            Image(
                data,
                name="abc"[i],
                colormap=COLORMAPS[i],
                contrast_limits=(10 * i, 210 - 5 * i),
                multiscale=kind == "pyramid",
                **changes,
            )
        )
    return made


def first(layer):
    return np.asarray(layer.data[0] if layer.multiscale else layer.data)


def same(own, expected):
    for one, other in zip(own, expected, strict=True):
        data = one.data[0] if one.multiscale else one.data
        assert isinstance(data, dask.array.Array)
        assert data.dtype == other.data.dtype
        np.testing.assert_array_equal(data.compute(), other.data)
    assert own[1].features.equals(expected[1].features)
    kept, wanted = (labels.metadata[METADATA_KEY] for _, labels in (own, expected))
    assert kept["palette"] == wanted["palette"]
    assert kept["channels"] == wanted["channels"]


@pytest.mark.parametrize("kind", ["dask", "mixed", "pyramid"])
@pytest.mark.parametrize("scaling", ["contrast_limits", "none", "zscore"])
def test_a_lazy_result_is_that_of_layers_in_memory(kind, scaling):
    own = quantize_layers(layers(kind), 6, scaling=scaling)
    same(own, quantize_layers(layers(), 6, scaling=scaling))
    assert [layer.multiscale for layer in own] == [kind == "pyramid"] * 2
    if kind == "pyramid":
        expected = quantize_layers(layers(), 6, scaling=scaling)
        for layer, other in zip(own, expected, strict=True):
            np.testing.assert_array_equal(layer.data[1].compute(), other.data[::2, ::2])


@pytest.mark.parametrize("per_class", [1, 2])
def test_regions_and_classes_are_as_in_memory(per_class):
    within = Labels(np.pad(np.ones((40, 50), int), 10)[: SHAPE[0], : SHAPE[1]])
    seeds = np.zeros(SHAPE, int)
    seeds[20:24, 30:36], seeds[40:42, 20:30] = 2, 1
    how = {"within": within, "seeds": Labels(seeds), "per_class": per_class}
    same(quantize_layers(layers("dask"), 7, **how), quantize_layers(layers(), 7, **how))


def test_of_large_layers_some_blocks_are_read(monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 2**8)
    read = []

    def block(block_info=None):
        place = block_info[None]["chunk-location"]
        read.append(place)
        return np.random.default_rng(place).integers(0, 250, (8, 8)).astype(np.uint8)

    field = dask.array.map_blocks(
        block, chunks=((8,) * 40,) * 2, dtype=np.uint8, meta=np.empty((0, 0), np.uint8)
    )
    pair = [Image(field, name=name, contrast_limits=(0, 255)) for name in "ab"]
    read.clear()  # the layers have shown it
    given = (take_channels(pair), Parameters(n_colors=5))
    (level,) = quantize_input(*given, Monitor()).levels
    assert level.report.counts_are_estimates
    assert len(set(read)) == level.report.n_blocks_read == 64
    assert level.report.n_blocks == 1600
    assert level.palette.counts.sum() == pytest.approx(320 * 320, rel=1e-3)


def test_edits_are_those_of_a_result_in_memory():
    states = []
    for kind in ("numpy", "dask"):
        image, labels = quantize_layers(layers(kind), 6)
        result = Result(labels.metadata[METADATA_KEY], image, labels)
        states.append([])
        for edit in (
            Recolor(0, [90, 80, 70]),
            Merge([1, 3]),
            Rename(1, "mine"),
            Sort("lightness"),
        ):
            result.adopt(result.edited(edit)(Monitor()), edit)
            states[-1].append(
                (
                    first(image).tobytes(),
                    first(labels).tobytes(),
                    str(result.record["palette"]),
                )
            )
    assert states[0] == states[1]


@pytest.mark.parametrize("with_classes", [False, True])
def test_jobs_follow(with_classes):
    seeds = np.zeros(SHAPE, int)
    seeds[20:24, 30:36] = 1
    scope = {"seeds": Labels(seeds)} if with_classes else {}
    parameters = Parameters(n_colors=5)
    made = []
    for kind in ("numpy", "pyramid"):
        work = locate(take_work(Target(tuple(layers(kind)), **scope)))
        curve = curve_of_work(work, parameters, print, Monitor())
        told = []
        results = quantize_coarse(coarse_work(work), parameters, Monitor(told.append))
        done = [piece.done for piece in told]
        assert done == sorted(done)
        assert {piece.total for piece in told} == {done[-1]}
        live = result_layers(work.image, results)
        assert isinstance(first(live[1]), np.ndarray)
        palette = Palette([[10, 20, 30], [150, 160, 90], [5, 200, 100]])
        applied = result_layers(
            work.image, apply_to_work(work, Applied(palette), Monitor())
        )
        arrays = [first(layer).tobytes() for layer in (*live, *applied)]
        made.append((curve, arrays))
    assert made[0] == made[1]


def test_channels_of_an_ome_zarr_are_quantized_together(tmp_path):
    """As napari opens them: a layer a channel, each a lazy pyramid."""
    from napari_ome_zarr import napari_get_reader

    stack = np.random.default_rng(1).integers(0, 4000, (3, 96, 128), np.uint16)
    path = tmp_path / "cells.ome.zarr"
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    for i in range(2):
        level = stack[:, :: 2**i, :: 2**i]
        array = group.create_array(
            str(i), shape=level.shape, chunks=(1, 32, 32), dtype=level.dtype
        )
        array[:] = level
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": name, "type": "space"} for name in "yx"]
    datasets = [
        {
            "path": str(i),
            "coordinateTransformations": [{"type": "scale", "scale": [1, 2**i, 2**i]}],
        }
        for i in range(2)
    ]
    group.attrs["multiscales"] = [
        {"version": "0.4", "axes": axes, "datasets": datasets}
    ]
    viewer = ViewerModel()
    for data in napari_get_reader(str(path))(str(path)):
        kind = data[2] if len(data) > 2 else "image"
        assert kind == "image"
        viewer.add_image(data[0], **data[1])
    assert len(viewer.layers) == 3
    assert all(layer.multiscale for layer in viewer.layers)
    image, labels = quantize_layers(list(viewer.layers), 6, scaling="none")
    expected = quantize_layers([Image(field) for field in stack], 6, scaling="none")
    np.testing.assert_array_equal(first(labels), expected[1].data)
    assert image.multiscale
    assert isinstance(labels.data[0], dask.array.Array)


@pytest.mark.parametrize("kind", ["dask", "pyramid"])
def test_lazy_layers_that_are_selected_are_quantized_together(
    viewer_model, open_alone, click, finish, notifications, kind
):
    chosen = layers(kind)
    for layer in chosen:
        viewer_model.add_layer(layer)
    widget = open_alone()
    viewer_model.layers.selection = set(chosen)
    assert widget.session.target.now.channels == tuple(chosen)
    widget.form.n_colors.value = 6
    click(widget.quantize_button)
    finish(widget)
    assert notifications == []
    same(viewer_model.layers[3:], quantize_layers(layers(), 6))
    assert "6 colors · PSNR" in widget.result.value.replace("\u00a0", " ")


def test_the_script_of_a_lazy_result_repeats_it(tmp_path, monkeypatch):
    fields = channels()
    fields[2] = np.nan_to_num(fields[2])
    monkeypatch.chdir(tmp_path)
    viewer = ViewerModel()
    for layer in layers("pyramid", fields):
        viewer.add_layer(layer)
    _, labels = quantize_layers(list(viewer.layers), 6)
    script = script_of(labels.metadata[METADATA_KEY])
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    exec(compile(script, "script", "exec"), {})
    (made,) = tmp_path.glob("*-labels.zarr")
    np.testing.assert_array_equal(
        zarr.open_array(made, mode="r")[:], labels.data[0].compute()
    )


def test_a_cluster_gives_the_same_bytes(tmp_path):
    distributed = pytest.importorskip("distributed")
    fields = [np.nan_to_num(field) for field in channels()]
    expected = quantize_layers(layers("dask", fields), 6, scaling="zscore")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
    ):
        own = quantize_layers(layers("dask", fields), 6, scaling="zscore")
        arrays = [layer.data.compute() for layer in own]  # by the worker
    for array, layer in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(array, layer.data.compute())
    kept, wanted = (one[1].metadata[METADATA_KEY] for one in (own, expected))
    assert kept["palette"] == wanted["palette"]
