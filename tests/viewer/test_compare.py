"""Compare methods, in the real viewer."""

from __future__ import annotations

import numpy as np

from napari_colorquant import quantize


def names(viewer):
    return [layer.name for layer in viewer.layers]


def compare(widget, click, finish):
    click(widget.compare_button)
    finish(widget)


def test_it_shows_the_original_and_every_method_side_by_side(
    viewer, open_widget, click, finish, china
):
    source = viewer.add_image(china, name="china", rgb=True)
    widget = open_widget()
    widget.form.n_samples.value = 1000
    compare(widget, click, finish)

    kmeans = quantize(china, 64, n_samples=1000)
    wu = quantize(china, 64, n_samples=1000, method="wu")
    random = quantize(china, 64, n_samples=1000, method="random")
    assert names(viewer) == [
        "china",
        "Original · 96,615 colors",
        f"k-means · 64 colors · {kmeans.report.psnr:.1f} dB",
        f"Wu · 64 colors · {wu.report.psnr:.1f} dB",
        f"Random · 64 colors · {random.report.psnr:.1f} dB",
    ]
    _, original, by_kmeans, by_wu, at_random = viewer.layers
    np.testing.assert_array_equal(original.data, china)
    np.testing.assert_array_equal(by_kmeans.data, kmeans.image)
    np.testing.assert_array_equal(by_wu.data, wu.image)
    np.testing.assert_array_equal(at_random.data, random.image)
    assert [layer.visible for layer in viewer.layers] == [False] + [True] * 4
    grid = viewer.canvas.grid
    assert grid.enabled
    assert grid.actual_shape(viewer.layers) == (2, 2)
    positions = [grid.position(i, viewer.layers) for i in (1, 2, 3, 4)]
    assert positions == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(layer.name_overlay.visible for layer in viewer.layers[1:])
    assert viewer.layers.selection.active is source
    assert widget.form.layer.value is source
    assert widget.result.value.replace("\u00a0", " ").startswith(
        f"k-means: 96,615 → 64 colors · PSNR {kmeans.report.psnr:.1f} dB · "
    )


def test_leaving_the_grid_brings_back_what_was_seen(
    viewer, open_widget, click, finish, tiny
):
    shown = viewer.add_image(tiny, name="shown", rgb=True)
    hidden = viewer.add_image(tiny, name="hidden", rgb=True, visible=False)
    viewer.layers.selection.active = shown
    grid = viewer.canvas.grid
    before = (grid.shape, grid.stride)
    widget = open_widget()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    assert not shown.visible
    grid.enabled = False
    assert shown.visible
    assert not hidden.visible
    assert [layer.visible for layer in viewer.layers[2:]] == [False] * 4
    assert (grid.shape, grid.stride) == before

    grid.enabled = True  # by hand, for something else: nothing is restored twice
    shown.visible = False
    grid.enabled = False
    assert not shown.visible


def test_a_layer_removed_meanwhile_is_not_missed(
    viewer, open_widget, click, finish, tiny
):
    viewer.add_points(name="points")
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    viewer.layers.remove("points")
    viewer.canvas.grid.enabled = False
    assert viewer.layers["tiny"].visible


def test_comparing_twice_adds_a_second_comparison(
    viewer, open_widget, click, finish, tiny
):
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    first = names(viewer)
    compare(widget, click, finish)
    assert names(viewer)[:5] == first
    assert len(viewer.layers) == 9
    assert [layer.visible for layer in viewer.layers] == [False] * 5 + [True] * 4
    viewer.canvas.grid.enabled = False
    assert [layer.visible for layer in viewer.layers] == [True] + [False] * 8
    assert viewer.canvas.grid.shape == (-1, -1)


def test_it_can_be_cancelled(
    viewer, open_widget, click, finish, qtbot, notifications, large
):
    viewer.add_image(large, name="large", rgb=True)
    widget = open_widget()
    click(widget.compare_button)
    qtbot.waitUntil(lambda: widget.progress_bar.value > 3, timeout=60_000)
    click(widget.cancel_button)
    finish(widget)
    assert names(viewer) == ["large"]
    assert not viewer.canvas.grid.enabled
    assert notifications == [("info", "Cancelled: the layers are as they were.")]
