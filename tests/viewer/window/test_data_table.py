"""What kinds of data a user can quantize: each one added to the viewer, and clicked."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_colorquant import (
    apply_palette,
    quantize,
    quantize_layer,
    quantize_layers,
)
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.viewer.layers.ownership import pair_names

KEY = "napari-colorquant"


def runner(viewer, open_widget, click, finish):
    """Add an image, press Quantize, and return the picture and the labels."""

    def run_it(data, n_colors=6, *, rgb=True, **how):
        viewer.add_image(data, name="image", rgb=rgb, **how)
        widget = open_widget()
        widget.form.n_colors.value = n_colors
        click(widget.quantize_button)
        finish(widget)
        picture, labels = (
            viewer.layers[name] for name in pair_names("image", n_colors)
        )
        return picture, labels, widget

    return run_it


@pytest.fixture
def run(viewer_model, open_alone, click, finish):
    return runner(viewer_model, open_alone, click, finish)


@pytest.fixture
def run_in_window(viewer, open_widget, click, finish):
    return runner(viewer, open_widget, click, finish)


def levels_of(layer):
    return list(layer.data) if layer.multiscale else [layer.data]


def bytes_of(layer):
    return [of_array(np.asarray(level)) for level in levels_of(layer)]


def of_array(array):
    return (array.dtype, array.shape, array.tobytes())


def palette_of(layer):
    return layer.metadata[KEY]["palette"]


def assert_is(picture, labels, expected):
    """Check a result against that of the engine, to the last byte."""
    assert bytes_of(picture) == [of_array(expected.image)]
    assert bytes_of(labels) == [of_array(expected.labels)]
    assert palette_of(picture) == palette_of(labels) == expected.palette.as_dict()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32"])
def test_numbers_of_any_kind(run, china, dtype):
    data = china[..., 0].astype(dtype)
    if dtype == "float32":
        data = data / 3 - 20
        data[5:9, 7] = np.nan
        data[10, 10:20] = np.inf
    picture, labels, _ = run(data, rgb=False, contrast_limits=(0, 255))
    assert_is(picture, labels, quantize(data, 6, channel_axis=None))
    if dtype == "float32":
        assert (labels.data[5:9, 7] == 0).all()
        assert np.isnan(picture.data[5:9, 7]).all()


def test_opacity(run, china):
    opacity = np.full((*china.shape[:2], 1), 255, np.uint8)
    opacity[:50] = 0
    data = np.concatenate([china, opacity], axis=-1)
    picture, labels, _ = run(data)
    assert_is(picture, labels, quantize(data, 6))
    assert (labels.data[:50] == 0).all()
    np.testing.assert_array_equal(picture.data[..., 3], data[..., 3])


def test_a_mask_and_a_region(viewer_model, china):
    source = viewer_model.add_image(china, name="china", rgb=True)
    mask = np.zeros(china.shape[:2], bool)
    mask[100:200, 300:400] = True
    region = viewer_model.add_labels(mask.astype(int), name="region")
    expected = quantize(china, 6, mask=mask)
    for how in ({"mask": mask}, {"within": region}):
        picture, labels = quantize_layer(source, 6, **how)
        for layer in (picture, labels):
            viewer_model.add_layer(layer)
        assert_is(picture, labels, expected)


def test_a_stack_of_planes_and_times_has_one_palette(run, china):
    data = np.stack([china[i : i + 100, :120] for i in range(0, 240, 40)])
    data = data.reshape(2, 3, 100, 120, 3)
    picture, labels, _ = run(data)
    assert picture.ndim == labels.ndim == 4
    assert_is(picture, labels, quantize(data, 6))


def test_channels_in_several_layers(viewer_model, china):
    layers = viewer_model.add_image(china, channel_axis=2, name=["a", "b", "c"])
    picture, labels = quantize_layers(layers, 6, scaling="none")
    for layer in (picture, labels):
        viewer_model.add_layer(layer)
    expected = quantize(china, 6, channel_axis=2)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert labels.features[["a", "b", "c"]].to_numpy().tolist() == (
        expected.palette.colors.tolist()
    )


@pytest.fixture
def kinds(china, tmp_path):
    zarr = pytest.importorskip("zarr")
    stored = zarr.create_array(
        tmp_path / "china.zarr", shape=china.shape, chunks=(100, 200, 3), dtype="u1"
    )
    stored[:] = china
    levels = [np.ascontiguousarray(china[::n, ::n]) for n in (1, 2, 4)]
    lazy = [dask.array.from_array(one, chunks=(90, 110, 3)) for one in levels]
    return {
        "numpy": levels[0],
        "dask": lazy[0],
        "zarr": stored,
        "multiscale": levels,
        "lazy multiscale": lazy,
        "lazy and in memory": [stored, *levels[1:]],
    }


@pytest.mark.parametrize(
    "kind",
    ["numpy", "dask", "zarr", "multiscale", "lazy multiscale", "lazy and in memory"],
)
def test_lazy_and_multiscale_images_give_the_same(request, china, kinds, kind):
    # Those that are most to a canvas are drawn in one.
    drawn = kind == "lazy multiscale"
    run = request.getfixturevalue("run_in_window" if drawn else "run")
    data = kinds[kind]
    picture, labels, widget = run(data, multiscale=isinstance(data, list))
    expected = [quantize(china, 6)]
    palette = expected[0].palette
    if isinstance(data, list):
        expected += [
            apply_palette(china[::n, ::n], palette.uncounted()) for n in (2, 4)
        ]
    assert bytes_of(picture) == [of_array(one.image) for one in expected]
    assert bytes_of(labels) == [of_array(one.labels) for one in expected]
    assert palette_of(picture) == palette_of(labels) == palette.as_dict()
    is_lazy = kind not in ("numpy", "multiscale")
    for layer in (picture, labels):
        assert layer.multiscale == isinstance(data, list)
        lazies = {isinstance(one, dask.array.Array) for one in levels_of(layer)}
        assert lazies == {is_lazy}
    assert not widget.palette_tab.count.isVisible()  # it is small: all was counted


def test_lazy_data_that_have_no_colors_are_one_sentence(
    viewer_model, open_alone, click, finish, notifications
):
    data = dask.array.full((20, 20), np.nan)
    viewer_model.add_image(data, contrast_limits=(0, 1))
    widget = open_alone()
    click(widget.quantize_button)
    finish(widget)
    sentence = (
        "No pixel of the image can be quantized: all are outside the mask, "
        "transparent, NaN or infinite."
    )
    assert notifications == [("error", sentence)]
    assert len(viewer_model.layers) == 1


def test_estimates_are_marked_and_counted_by_a_click(
    run, click, finish, china, monkeypatch
):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 20_000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)
    data = dask.array.from_array(china, chunks=(50, 50, 3))
    _, labels, widget = run(data, 4)
    bench = widget.palette_tab
    assert " of 117 blocks read" in widget.result.value.replace("\u00a0", " ")

    def shown(title):
        columns = [
            bench.model.headerData(i, Qt.Orientation.Horizontal)
            for i in range(bench.model.columnCount())
        ]
        return bench.model.texts(columns.index(title))

    assert all(text.startswith("≈\u00a0") for text in shown("Pixels") + shown("%"))
    assert "≈" in bench.total.text()
    assert bench.count.isVisible()
    click(bench.count)
    finish(widget)
    exact = np.bincount(np.asarray(labels.data).reshape(-1), minlength=5)[1:]
    assert shown("Pixels") == [f"{n:,}" for n in exact]
    assert bench.total.text() == "4 colors · 273,280 pixels"
    assert not bench.count.isVisible()
    assert labels.features["pixels"].tolist() == exact.tolist()
    assert widget.result.value == "Counted image (4 colors)."
