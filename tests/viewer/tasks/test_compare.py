"""Compare methods and results, in the grid of the viewer."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_colorquant import quantize, quantize_layer
from napari_colorquant.viewer.napari_versions import grid_of
from napari_colorquant.viewer.tasks.compare import layers_side_by_side


def names(viewer):
    return [layer.name for layer in viewer.layers]


def compare(widget, click, finish):
    click(widget.quality_tab.compare)
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
        f"Random · 64 colors · {random.report.psnr:.1f} dB",
        f"Wu · 64 colors · {wu.report.psnr:.1f} dB",
        f"k-means · 64 colors · {kmeans.report.psnr:.1f} dB",
        "Original · 96,615 colors",
    ]
    _, at_random, by_wu, by_kmeans, original = viewer.layers
    np.testing.assert_array_equal(original.data, china)
    np.testing.assert_array_equal(by_kmeans.data, kmeans.image)
    np.testing.assert_array_equal(by_wu.data, wu.image)
    np.testing.assert_array_equal(at_random.data, random.image)
    assert [layer.visible for layer in viewer.layers] == [False] + [True] * 4
    grid = grid_of(viewer)
    assert grid.enabled
    assert grid.shape == (2, 2)
    # napari 0.7 and 0.8 want their number.
    layers = viewer.layers if hasattr(viewer, "canvas") else len(viewer.layers)
    positions = [grid.position(i, layers) for i in (4, 3, 2, 1)]
    assert positions == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(layer.name_overlay.visible for layer in viewer.layers[1:])
    assert viewer.layers.selection.active is source
    assert widget.form.layer.value is source
    assert widget.result.value.replace("\u00a0", " ").startswith(
        "china, by each method:\n"
        f"k-means: 96,615 → 64 colors · PSNR {kmeans.report.psnr:.1f} dB · "
    )


def test_leaving_the_grid_brings_back_what_was_seen(
    viewer_model, open_alone, click, finish, tiny
):
    shown = viewer_model.add_image(tiny, name="shown", rgb=True)
    hidden = viewer_model.add_image(tiny, name="hidden", rgb=True, visible=False)
    viewer_model.layers.selection.active = shown
    grid = grid_of(viewer_model)
    before = (grid.shape, grid.stride)
    widget = open_alone()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    assert not shown.visible
    grid.enabled = False
    assert shown.visible
    assert not hidden.visible
    assert [layer.visible for layer in viewer_model.layers[2:]] == [False] * 4
    assert (grid.shape, grid.stride) == before

    grid.enabled = True  # by hand, for something else: nothing is restored twice
    shown.visible = False
    grid.enabled = False
    assert not shown.visible


def test_a_layer_removed_meanwhile_is_not_missed(
    viewer_model, open_alone, click, finish, tiny
):
    viewer_model.add_points(name="points")
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    viewer_model.layers.remove("points")
    grid_of(viewer_model).enabled = False
    assert viewer_model.layers["tiny"].visible


def test_a_result_that_is_made_meanwhile_leaves_the_comparison(
    viewer_model, open_alone, click, finish, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    click(widget.quantize_button)
    finish(widget)
    assert not grid_of(viewer_model).enabled
    shown = [layer.name for layer in viewer_model.layers if layer.visible]
    assert shown == ["tiny", "tiny (2 colors)"]
    grid_of(viewer_model).enabled = True  # by hand: it is the user's
    click(widget.quantize_button)
    finish(widget)
    assert grid_of(viewer_model).enabled


def test_a_live_result_leaves_the_comparison(
    viewer_model, open_alone, click, finish, qtbot, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    click(widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == 3)
    compare(widget, click, finish)
    picture = viewer_model.layers[1]
    assert not picture.visible
    widget.form.n_colors.value = 3
    qtbot.waitUntil(lambda: picture.name == "tiny (3 colors) (live)")
    assert picture.visible
    assert not grid_of(viewer_model).enabled


@pytest.mark.parametrize("how", ["added", "shown", "dimmed"])
def test_a_layer_that_comes_meanwhile_leaves_the_comparison(
    viewer_model, open_alone, click, finish, tiny, how
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    hidden = viewer_model.add_points(name="hidden", visible=False)
    widget = open_alone()
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    finish(widget)
    compare(widget, click, finish)
    expected = {"tiny", "tiny (2 colors)"}
    if how == "added":
        viewer_model.add_points(name="points")
        expected |= {"points"}
    elif how == "shown":
        hidden.visible = True
        expected |= {"hidden"}
    else:
        widget.palette_tab.select([0])
        expected |= {"tiny (2 colors) labels"}
    assert not grid_of(viewer_model).enabled
    assert {one.name for one in viewer_model.layers if one.visible} == expected


def test_comparing_twice_adds_a_second_comparison(
    viewer_model, open_alone, click, finish, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    compare(widget, click, finish)
    first = names(viewer_model)
    compare(widget, click, finish)
    assert names(viewer_model)[:5] == first
    assert len(viewer_model.layers) == 9
    assert [layer.visible for layer in viewer_model.layers] == [False] * 5 + [True] * 4
    grid_of(viewer_model).enabled = False
    assert [layer.visible for layer in viewer_model.layers] == [True] + [False] * 8
    assert grid_of(viewer_model).shape == (-1, -1)


def test_it_can_be_cancelled(
    viewer_model, open_alone, click, finish, qtbot, notifications, large
):
    viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    click(widget.quality_tab.compare)
    qtbot.waitUntil(lambda: widget.progress_bar.value > 3, timeout=60_000)
    click(widget.cancel_button)
    finish(widget)
    assert names(viewer_model) == ["large"]
    assert not grid_of(viewer_model).enabled
    assert notifications == [("info", "Cancelled: the layers are as they were.")]


@pytest.fixture
def two_results(viewer_model, open_alone, click, finish, tiny):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    for n_colors in (2, 3):
        widget.form.n_colors.value = n_colors
        click(widget.quantize_button)
        finish(widget)
    return widget


def test_selected_results_are_shown_side_by_side_with_their_original(
    viewer_model, two_results, click, tiny, notifications
):
    layers = viewer_model.layers
    two_results.palette_tab.select([0])  # dims the canvas: labels are seen
    shown_before = ["tiny", "tiny (2 colors)", "tiny (3 colors)"]
    layers.selection = {layers["tiny (2 colors)"], layers["tiny (3 colors) labels"]}
    click(two_results.quality_tab.compare_results)
    second, first, original = layers[5:]
    assert [layer.name for layer in layers[5:]] == [
        "Result · tiny (3 colors)",
        "Result · tiny (2 colors)",
        "Original · tiny",
    ]
    assert np.shares_memory(original.data, tiny)
    assert np.shares_memory(first.data, layers["tiny (2 colors)"].data)
    assert np.shares_memory(second.data, layers["tiny (3 colors)"].data)
    assert [layer.metadata for layer in layers[5:]] == [{}] * 3
    assert all(layer.name_overlay.visible for layer in layers[5:])
    assert [layer.visible for layer in layers] == [False] * 5 + [True] * 3
    grid = grid_of(viewer_model)
    assert grid.enabled
    assert grid.shape == (1, 3)
    assert {layer.name for layer in layers.selection} == {
        "tiny (2 colors)",
        "tiny (3 colors) labels",
    }
    assert two_results.palette_tab.palettes.count() == 2  # they are no new results
    grid.enabled = False
    assert [layer.name for layer in layers if layer.visible] == shown_before
    assert notifications == []


def test_fewer_than_two_results_are_no_comparison(
    viewer_model, two_results, click, notifications
):
    layers = viewer_model.layers
    for selected in (
        [],
        ["tiny"],
        ["tiny", "tiny (2 colors)"],
        ["tiny (2 colors)", "tiny (2 colors) labels"],  # of one result
    ):
        layers.selection = {layers[name] for name in selected}
        button = two_results.quality_tab.compare_results
        click(button)
        assert not button.isEnabled()
        assert "Fewer than two results are selected" in button.toolTip()
    assert notifications == []
    assert len(layers) == 5
    assert not grid_of(viewer_model).enabled


def test_results_of_other_images_come_with_their_own_originals(tiny):
    viewer = ViewerModel()
    grey = viewer.add_image(
        tiny[..., 0],
        name="grey",
        colormap="green",
        contrast_limits=(10, 90),
        scale=(2, 3),
    )
    pyramid = viewer.add_image(
        [np.tile(tiny, (4, 4, 1)), tiny], name="pyramid", rgb=True, multiscale=True
    )
    results = [quantize_layer(layer, 2)[0] for layer in (grey, pyramid)]
    layers = layers_side_by_side([grey, pyramid], results)
    assert [layer.name for layer in layers] == [
        "Original · grey",
        "Original · pyramid",
        "Result · grey (2 colors)",
        "Result · pyramid (2 colors)",
    ]
    assert [layer.rgb for layer in layers] == [False, True, False, True]
    assert [layer.multiscale for layer in layers] == [False, True, False, True]
    assert layers[0].colormap.name == "green"
    assert layers[0].contrast_limits == [10, 90]
    assert layers[2].scale.tolist() == [2, 3]
    assert grey.name_overlay.visible is False  # the user's own are left alone
    assert results[0].name_overlay.visible is False
