"""A result saved as OME-Zarr from the viewer."""

from __future__ import annotations

from os import getpid
from time import sleep

import dask.array as da
import numpy as np
import pytest
import zarr
from napari.layers import Image
from napari_ome_zarr import napari_get_reader
from qtpy.QtWidgets import QFileDialog

from clusters import noted
from folders import contents
from napari_colorquant import Merge, quantize_layer, quantize_layers
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.results.result_data import (
    pyramid_to_save,
    write_zarr,
)
from napari_colorquant.viewer.session.saving import STOPPED
from napari_colorquant.viewer.widgets.dialogs import save_zarr


def result_of(layer, *layers):
    return Result(layers[0].metadata[METADATA_KEY], *layers, source=layer)


def save(result, path, version="0.5"):
    pyramid, note = pyramid_to_save(result)
    write_zarr(path, pyramid, version, Monitor())
    return note


def ome(path):
    attributes = zarr.open_group(path, mode="r").attrs.asdict()
    return attributes.get("ome", attributes)


def chunks_in(folder):
    """Return when each chunk of the largest level's labels and picture was written."""
    names = [
        one for part in ("0", "labels/palette/0") for one in folder.glob(f"{part}/**/*")
    ]
    return {
        str(one.relative_to(folder)): one.stat().st_mtime_ns
        for one in names
        if one.is_file() and one.name != "zarr.json"
    }


@pytest.fixture
def photo():
    return np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)


@pytest.mark.parametrize(
    ("kind", "version"),
    [("OME-Zarr 0.5 (*.zarr)", "0.5"), ("OME-Zarr 0.4 (*.zarr)", "0.4")],
)
def test_a_click_saves_what_is_shown(
    viewer_model, open_alone, click, finish, photo, tmp_path, monkeypatch, kind, version
):
    path = tmp_path / "photo.ome.zarr"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))
    viewer_model.add_image(
        photo, name="photo", rgb=True, scale=(0.5, 0.25), units=("um", "um")
    )
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    picture, labels = viewer_model.layers[1:]
    labels.data[0, :5] = 4  # painted
    action = next(
        action
        for action in widget.palette_tab.more.menu().actions()
        if action.text().startswith("Save result as OME-Zarr")
    )
    action.trigger()
    finish(widget)
    assert widget.result.value == f"Saved photo (4 colors) as {path}."
    group = zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(group["0"][:], np.moveaxis(picture.data, -1, 0))
    np.testing.assert_array_equal(group["labels/palette/0"][:], labels.data)
    metadata = ome(path)
    (multiscales,) = metadata["multiscales"]
    assert [axis.get("unit") for axis in multiscales["axes"]] == [
        None,
        "micrometer",
        "micrometer",
    ]
    scale = multiscales["datasets"][0]["coordinateTransformations"][0]["scale"]
    assert scale == [1.0, 0.5, 0.25]
    assert metadata.get("version", multiscales.get("version")) == version
    read = napari_get_reader(str(path))(str(path))
    kinds = [kind for _, _, kind in read]
    assert kinds == ["image", "labels"]
    np.testing.assert_array_equal(np.asarray(read[1][0][0]), labels.data)


def test_cancel_leaves_nothing_of_that_name_and_the_next_save_goes_on(
    viewer_model, open_alone, click, finish, photo, tmp_path, monkeypatch, qtbot
):
    path = tmp_path / "slide.ome.zarr"
    kind = "OME-Zarr 0.5 (*.zarr)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), kind))

    def slow(values):
        sleep(0.02)  # or all is written before the click is heard
        return values

    slide = da.from_array(np.tile(photo, (120, 160, 1)), chunks=(480, 480, 3))
    viewer_model.add_image(slide.map_blocks(slow, dtype=np.uint8), rgb=True, name="s")
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)

    def stop(done, total):
        if 3 <= done < total:
            widget.session.cancel()

    widget.session.jobs.progressed.connect(stop)
    save_zarr(widget.palette_tab, widget.session)
    finish(widget)
    widget.session.jobs.progressed.disconnect(stop)
    assert widget.result.value == STOPPED
    assert [one.name for one in tmp_path.iterdir()] == [".slide.ome.zarr.partial"]
    written = chunks_in(tmp_path / ".slide.ome.zarr.partial" / "content")
    assert len(written) > 3
    save_zarr(widget.palette_tab, widget.session)
    finish(widget)
    assert [one.name for one in tmp_path.iterdir()] == ["slide.ome.zarr"]
    whole = chunks_in(path)
    assert len(whole) > len(written)
    kept = [name for name in written if whole[name] == written[name]]
    assert len(kept) >= 3 * 4  # of three parts, the channels and the labels
    labels = viewer_model.layers[2].data
    saved = zarr.open_group(path, mode="r")["labels/palette/0"]
    np.testing.assert_array_equal(saved[:], np.asarray(labels))


def test_what_is_there_is_not_replaced(
    viewer_model, open_alone, click, finish, photo, tmp_path, monkeypatch, notifications
):
    path = tmp_path / "photo.zarr"
    path.mkdir()
    (path / "mine").write_text("precious")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    viewer_model.add_image(photo, name="photo", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    save_zarr(widget.palette_tab, widget.session)
    sentence = f"{path} exists already: choose another name, or remove it first."
    assert notifications == [("error", sentence)]
    assert (path / "mine").read_text() == "precious"
    assert [one.name for one in tmp_path.iterdir()] == ["photo.zarr"]


def test_levels_of_a_pyramid_stay_levels(photo, tmp_path):
    levels = [np.tile(photo, (30, 40, 1))]
    levels.append(levels[0][::4, ::4])
    layer = Image(levels, multiscale=True, rgb=True, name="slide", scale=(2, 3))
    picture, labels = quantize_layer(layer, 5)
    save(result_of(layer, picture, labels), tmp_path / "s.zarr")
    (multiscales,) = ome(tmp_path / "s.zarr")["multiscales"]
    scales = [
        dataset["coordinateTransformations"][0]["scale"]
        for dataset in multiscales["datasets"]
    ]
    assert scales == [[1, 2, 3], [1, 8, 12]]
    group = zarr.open_group(tmp_path / "s.zarr", mode="r")
    for i in range(2):
        np.testing.assert_array_equal(group[f"labels/palette/{i}"], labels.data[i])


def test_a_grey_stack_keeps_its_axes_and_colours(tmp_path):
    stack = np.random.default_rng(0).integers(0, 4000, (3, 20, 24), np.uint16)
    layer = Image(
        stack,
        colormap="green",
        contrast_limits=(100, 3000),
        axis_labels=("t", "y", "x"),
        name="cells",
    )
    result = result_of(layer, *quantize_layer(layer, 4))
    save(result, tmp_path / "c.zarr")
    metadata = ome(tmp_path / "c.zarr")
    axes = [axis["name"] for axis in metadata["multiscales"][0]["axes"]]
    assert axes == ["t", "y", "x"]
    (channel,) = metadata["omero"]["channels"]
    assert channel["color"] == "00FF00"
    assert (channel["window"]["start"], channel["window"]["end"]) == (100, 3000)
    labels = ome(tmp_path / "c.zarr" / "labels" / "palette")
    colors = {
        one["label-value"]: one["rgba"] for one in labels["image-label"]["colors"]
    }
    shown = np.rint(255 * result.shown()).astype(int).tolist()
    assert [colors[i] for i in range(1, 5)] == shown
    assert all(red == blue == 0 for red, _, blue, _ in shown)


def test_channels_in_layers_are_saved_as_their_composite(tmp_path):
    random = np.random.default_rng(0)
    layers = [
        Image(random.integers(0, 255, (20, 20), np.uint8), name=name, colormap=name)
        for name in ("red", "green")
    ]
    picture, labels = quantize_layers(layers, 4)
    save(result_of(None, picture, labels), tmp_path / "c.zarr")
    group = zarr.open_group(tmp_path / "c.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][:], np.moveaxis(picture.data, -1, 0))
    names = [one["label"] for one in ome(tmp_path / "c.zarr")["omero"]["channels"]]
    assert names == ["red", "green", "blue"]


def test_lazy_channels_are_saved_as_those_in_memory(tmp_path):
    fields = np.random.default_rng(0).integers(0, 250, (2, 40, 30), np.uint8)
    saved = []
    for chunks in (None, 16):
        layers = [
            Image(one if chunks is None else da.from_array(one, chunks=chunks), name=n)
            for one, n in zip(fields, "ab", strict=True)
        ]
        for layer in layers:
            layer.contrast_limits = (0, 255)
        result = result_of(None, *quantize_layers(layers, 5))
        path = tmp_path / f"{chunks}.zarr"
        save(result, path)
        group = zarr.open_group(path, mode="r")
        saved.append([group[name][:].tobytes() for name in ("0", "labels/palette/0")])
    assert saved[0] == saved[1]


def test_a_rotated_layer_is_saved_with_a_word(photo, tmp_path):
    layer = Image(photo, rgb=True, rotate=30)
    result = result_of(layer, *quantize_layer(layer, 4))
    note = save(result, tmp_path / "r.zarr")
    assert note.startswith("OME-Zarr keeps a layer's scale and place alone")


def test_a_result_without_its_picture_is_not_saved(photo):
    layer = Image(photo, rgb=True, name="photo")
    _, labels = quantize_layer(layer, 4)
    result = Result(labels.metadata[METADATA_KEY], None, labels, layer)
    with pytest.raises(ValueError, match=r"^The picture of .* is gone: quantize"):
        pyramid_to_save(result)


def test_the_workers_of_a_cluster_write_what_is_shown(
    cluster, viewer_model, open_alone, click, finish, photo, tmp_path, monkeypatch
):
    """Edited labels of a pyramid, in the same bytes as without the cluster."""
    paths = [tmp_path / "there.zarr", tmp_path / "here.zarr"]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    reads = tmp_path / "reads"
    reads.mkdir()
    slide = da.from_array(np.tile(photo, (10, 10, 1)), chunks=(100, 100, 3))
    slide = slide.map_blocks(noted, reads, dtype="u1", meta=np.empty((0, 0, 0), "u1"))
    levels = [slide, slide[::2, ::2]]
    viewer_model.add_image(levels, multiscale=True, rgb=True, name="s")
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    widget.palette_tab.edit(Merge([1, 2]))
    action = next(
        action
        for action in widget.palette_tab.more.menu().actions()
        if action.text().startswith("Save result as OME-Zarr")
    )
    for path, address in zip(paths, (cluster.scheduler_address, ""), strict=True):
        widget.form.cluster.value = address
        action.trigger()
        finish(widget)
        assert widget.result.value == f"Saved s (3 colors) as {path}."
        by_others = [
            file for file in reads.iterdir() if not file.name.startswith(f"{getpid()}-")
        ]
        assert len(by_others) == 12 + 12  # of either level
    there, here = map(contents, paths)
    assert there == here
    labels = zarr.open_array(paths[0] / "labels/palette/0")[:]
    np.testing.assert_array_equal(labels, viewer_model.layers[-1].data[0].compute())
