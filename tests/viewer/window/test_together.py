"""Layers that are selected together are quantized together, by clicks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_colorquant import Lock, Palette, quantize_layers
from napari_colorquant.core.channels.stack import joint
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.quantization.curve import curve_of
from napari_colorquant.viewer.layers.image_input import take_channels
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.session.choices.settings import default_scaling
from napari_colorquant.viewer.widgets.dialogs import save_palette
from old_napari import needs_settings

COLORMAPS = ("blue", "green", "red")


def noise(shape=(30, 40), n_channels=3):
    random = np.random.default_rng(0)
    return [random.integers(0, 4096, shape, np.uint16) for _ in range(n_channels)]


def add_channels(viewer, shape=(30, 40), names="abc"):
    return [
        viewer.add_image(
            data, name=name, colormap=colormap, contrast_limits=(0, 4096 + 100 * i)
        )
        for i, (data, name, colormap) in enumerate(
            zip(noise(shape, len(names)), names, COLORMAPS, strict=False)
        )
    ]


def names(viewer):
    return [layer.name for layer in viewer.layers]


def select(viewer, layers):
    """Select as clicks in the layer list do."""
    viewer.layers.selection = set(layers)


def assert_same(viewer, picture, labels, expected):
    np.testing.assert_array_equal(picture.data, expected[0].data)
    np.testing.assert_array_equal(labels.data, expected[1].data)
    assert labels.features.equals(expected[1].features)
    ours, theirs = (one.metadata[METADATA_KEY] for one in (labels, expected[1]))
    different = {"run", "report"}
    assert {k: v for k, v in ours.items() if k not in different} == {
        k: v for k, v in theirs.items() if k not in different
    }


def test_layers_that_are_selected_are_one_image(
    viewer, open_widget, click, finish, qtbot
):
    layers = add_channels(viewer)
    widget = open_widget()
    assert widget.form.layer.value is layers[2]
    assert widget.form.layer.native.isVisible()
    assert not widget.target.together.native.isVisible()

    select(viewer, [layers[2], layers[0], layers[1]])
    assert widget.target.together.value == "3 channels: a, b, c"
    assert widget.target.together.native.isVisible()
    assert not widget.form.layer.native.isVisible()

    widget.form.n_colors.value = 5
    click(widget.quantize_button)
    finish(widget)
    assert names(viewer)[3:] == ["a + b + c (5 colors)", "a + b + c (5 colors) labels"]
    expected = quantize_layers(layers, 5)
    assert_same(viewer, *viewer.layers[3:], expected)
    assert set(viewer.layers.selection) == set(layers)
    assert widget.palette_tab.result.picture is viewer.layers[3]
    assert "5 colors · PSNR" in widget.result.value.replace("\u00a0", " ")

    # Its layers can be looked at, and Quantize still works on the three.
    viewer.layers.selection.active = viewer.layers[4]
    assert widget.session.target.now.channels == tuple(layers)

    # One layer alone is quantized alone again.
    viewer.layers.selection.active = layers[1]
    assert widget.session.target.now.channels == ()
    assert widget.form.layer.value is layers[1]
    assert widget.form.layer.native.isVisible()
    assert not widget.target.together.native.isVisible()
    click(widget.quantize_button)
    finish(widget)
    assert names(viewer)[5] == "b (5 colors)"


@pytest.mark.parametrize("scaling", ["contrast_limits", "none", "zscore"])
def test_the_channels_are_scaled_as_is_chosen(
    viewer_model, open_alone, click, finish, unfold, scaling
):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    unfold(widget)
    assert not widget.target.scaling.native.isVisible()
    select(viewer_model, layers)
    assert widget.target.scaling.native.isVisible()
    widget.target.scaling.value = scaling
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    expected = quantize_layers(layers, 4, scaling=scaling)
    assert_same(viewer_model, *viewer_model.layers[2:], expected)


def test_results_pictures_in_color_and_other_layers_are_no_channels(
    viewer_model, open_alone, click, finish, tiny
):
    first, second = add_channels(viewer_model, names="ab")
    rgb = viewer_model.add_image(tiny, name="rgb", rgb=True)
    labels = viewer_model.add_labels(np.ones((30, 40), int))
    viewer_model.layers.selection.active = first
    widget = open_alone()
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    finish(widget)
    picture = viewer_model.layers["a (2 colors)"]
    for selected in ([first, rgb], [first, labels], [first, picture], [labels]):
        select(viewer_model, selected)
        assert widget.session.target.now.channels == ()
    select(viewer_model, [first, picture, second, labels])
    assert widget.session.target.now.channels == (first, second)


@pytest.mark.parametrize("order", ["rgb a b", "a rgb b", "a b rgb", "b a rgb"])
def test_the_order_of_clicks_is_of_no_account(viewer_model, open_alone, tiny, order):
    first, second = add_channels(viewer_model, names="ab")
    viewer_model.add_image(tiny, name="rgb", rgb=True)
    widget = open_alone()
    viewer_model.layers.selection.clear()
    for name in order.split():
        viewer_model.layers.selection.add(viewer_model.layers[name])  # Ctrl-click
    assert widget.session.target.now.channels == (first, second)
    assert widget.target.together.value == "2 channels: a, b"
    viewer_model.layers.selection.remove(first)
    assert widget.session.target.now.channels == ()


def test_what_does_not_fit_is_said_and_nothing_is_started(
    viewer_model, open_alone, click, notifications
):
    first = viewer_model.add_image(np.ones((4, 5)), name="a", scale=(2, 2))
    second = viewer_model.add_image(np.ones((4, 5)), name="b")
    widget = open_alone()
    select(viewer_model, [first, second])
    click(widget.quantize_button)
    assert notifications == [
        (
            "error",
            "The layers 'a' and 'b' do not fit: their scales are [2.0, 2.0] and "
            "[1.0, 1.0]. Choose layers that lie pixel on pixel.",
        )
    ]
    assert widget.quantize_button.enabled
    assert len(viewer_model.layers) == 2


def test_a_layer_that_goes_leaves_the_others(viewer_model, open_alone):
    first, second, third = add_channels(viewer_model)
    widget = open_alone()
    select(viewer_model, [first, second, third])
    viewer_model.layers.remove(second)
    assert widget.session.target.now.channels == (first, third)
    assert widget.target.together.value == "2 channels: a, c"
    viewer_model.layers.remove(first)
    assert widget.session.target.now.channels == ()
    assert widget.form.layer.value is third


def test_a_run_is_cancelled_when_one_of_its_layers_goes(
    viewer_model, open_alone, click, finish
):
    layers = add_channels(viewer_model, (4000, 4000), "ab")
    widget = open_alone()
    select(viewer_model, layers)
    click(widget.quantize_button)
    viewer_model.layers.remove(layers[1])
    finish(widget)
    assert widget.result.value == "Cancelled, as the layer 'b' was removed."
    assert names(viewer_model) == ["a"]


def test_a_renamed_layer_is_told_by_its_name(viewer_model, open_alone):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    select(viewer_model, layers)
    layers[0].name = "nuclei"
    assert widget.target.together.value == "2 channels: nuclei, b"


def test_a_palette_is_applied_to_channels(viewer_model, open_alone, click, finish):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    three = Palette([[0, 0], [4000, 0], [0, 4000]], names=["x", "y", "z"])
    widget.session.opening.offer_palette(three, "three")
    select(viewer_model, layers)
    click(widget.palette_tab.apply)
    finish(widget)
    picture, labels = viewer_model.layers[2:]
    assert picture.name == "a + b (3 colors)"
    a, b = (layer.data / layer.contrast_limits[1] for layer in layers)
    colors = [(0, 0), (4000 / 4096, 0), (0, 4000 / 4196)]
    distances = [(a - x) ** 2 + (b - y) ** 2 for x, y in colors]
    np.testing.assert_array_equal(labels.data, np.argmin(distances, axis=0) + 1)
    assert labels.features["name"].tolist() == ["x", "y", "z"]
    assert labels.features["a"].tolist() == [0, 4000, 0]
    assert labels.features["b"].tolist() == [0, 0, 4000]
    blue, green = 255 * 4000 / 4096, 255 * 4000 / 4196
    drawn = np.rint([[0, 0, 0], [0, 0, blue], [0, green, 0]]).astype(np.uint8)
    np.testing.assert_array_equal(picture.data, drawn[labels.data - 1])


def test_a_palette_of_other_channels_is_refused(
    viewer_model, open_alone, click, finish, notifications
):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    widget.session.opening.offer_palette(Palette([[0, 0, 0], [1, 1, 1]]), "rgb")
    select(viewer_model, layers)
    click(widget.palette_tab.apply)
    finish(widget)
    said = (
        "The palette has 3 channels and 2 layers are selected: select one layer a "
        "channel."
    )
    assert [sentence for _, sentence in notifications] == [said]
    assert widget.result.value == f"Failed: {said}"
    assert names(viewer_model) == ["a", "b"]


def test_rgb_and_channels_are_not_taken_for_each_other(
    viewer_model, open_alone, click, finish, notifications
):
    layers = add_channels(viewer_model)
    picture = viewer_model.add_image(np.stack(noise(), -1), rgb=True, name="picture")
    widget = open_alone()
    widget.form.n_colors.value = 3
    select(viewer_model, layers)
    click(widget.quantize_button)
    finish(widget)
    n_layers = len(viewer_model.layers)
    select(viewer_model, [picture])
    assert not widget.palette_tab.apply.isEnabled()
    widget.session.apply_palette()
    select(viewer_model, [picture])
    click(widget.quantize_button)
    finish(widget)
    select(viewer_model, layers)
    assert not widget.palette_tab.apply.isEnabled()
    widget.session.apply_palette()
    assert len(viewer_model.layers) == n_layers + 2
    assert notifications == [
        (
            "error",
            "The palette of 'a + b + c (3 colors)' is of channels, a, b, c, and "
            "'picture' is RGB: select layers of these channels, or quantize it.",
        ),
        (
            "error",
            "The palette of 'picture (3 colors)' is RGB, and 3 layers are selected as "
            "channels: select a picture in RGB, or quantize them.",
        ),
    ]


@pytest.mark.parametrize("suffix", [".gpl", ".pal", ".ase", ".aco"])
def test_palettes_of_channels_are_saved_as_they_are_shown(
    viewer_model, open_alone, click, finish, tmp_path, monkeypatch, suffix
):
    path = tmp_path / f"a{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    layers = add_channels(viewer_model)
    widget = open_alone()
    widget.form.n_colors.value = 3
    select(viewer_model, layers)
    click(widget.quantize_button)
    finish(widget)
    result = widget.palette_tab.result
    save_palette(widget.native, widget.session)
    shown = 255 * result.shown()[:, :3]
    np.testing.assert_allclose(Palette.load(path).colors, shown, atol=0.51)
    csv = tmp_path / "a.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(csv), ""))
    save_palette(widget.native, widget.session)
    table = pd.read_csv(csv)
    columns = [*("label", "index", "name", "hex", "units", "learned_share"), *"abc"]
    columns += ["pixels", "percent"]
    assert list(table) == columns
    assert table["hex"].tolist() == result.labels.features["hex"].tolist()
    np.testing.assert_array_equal(Palette.load(csv).colors, result.palette.colors)


def test_locked_colors_of_channels_are_kept(viewer_model, open_alone, click, finish):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    select(viewer_model, layers)
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    widget.palette_tab.edit(Lock([1]))
    assert widget.locks.value == "1 locked color is kept by Quantize."
    kept = widget.palette_tab.result.palette.colors[1].tolist()
    widget.form.n_colors.value = 6
    click(widget.quantize_button)
    finish(widget)
    colors = widget.palette_tab.result.palette.colors.tolist()
    assert kept in colors
    assert widget.palette_tab.result.palette.locked == (colors.index(kept),)
    viewer_model.layers.selection.active = layers[0]
    assert not widget.locks.visible  # they are colors of two channels


def test_how_many_colors_of_channels(viewer_model, open_alone, click, finish):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    select(viewer_model, layers)
    click(widget.curve_tab.button)
    finish(widget)
    source = take_channels(layers)
    _, (pixels,) = joint(source.channels, source.levels, Monitor())
    stack = np.stack(
        [
            (layer.data / layer.contrast_limits[1]).astype(np.float32)
            for layer in layers
        ],
        axis=-1,
    )
    np.testing.assert_array_equal(pixels.colors, stack)
    expected = curve_of(see_pixels(stack, 2), DEFAULTS, print, Monitor())
    assert widget.result.value == (
        f"a + b: {expected.elbow} colors are suggested for the picture, "
        f"{expected.classes} for classes; click a point to set the number."
    )


def test_methods_are_compared_on_one_image(viewer_model, open_alone, notifications):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    select(viewer_model, layers)
    widget.session.compare_methods()
    assert notifications == [
        (
            "error",
            "The methods are compared on one image, and several channels are selected: "
            "select one layer, or quantize them by each method in turn.",
        )
    ]


def test_a_blend_is_not_measured(viewer_model, open_alone, click, finish):
    layers = add_channels(viewer_model, names="ab")
    widget = open_alone()
    select(viewer_model, layers)
    click(widget.quantize_button)
    finish(widget)
    for button in (widget.quality_tab.measure, widget.quality_tab.error_map):
        assert not button.isEnabled()
        assert (
            "The picture of 'a + b (64 colors)' is a blend of several layers, and "
            "there is no image to compare it with"
        ) in button.toolTip().replace("\n", " ")


def test_live_results_of_channels(
    viewer_model, open_alone, click, finish, qtbot, unfold
):
    layers = add_channels(viewer_model, (1200, 1000), "ab")
    widget = open_alone()
    select(viewer_model, layers)
    widget.form.n_colors.value = 3
    click(widget.form.live)
    qtbot.waitUntil(lambda: len(viewer_model.layers) == 4, timeout=60_000)
    picture, labels = viewer_model.layers[2:]
    assert picture.name == "a + b (3 colors) (live)"
    assert labels.data.shape == (600, 500)
    np.testing.assert_array_equal(picture.scale, (2, 2))
    assert widget.form.layer.choices == tuple(layers)
    assert widget.session.target.now.channels == tuple(layers)

    # Another scaling makes another one, in the same layers.
    unfold(widget)
    widget.target.scaling.value = "none"
    qtbot.waitUntil(
        lambda: labels.metadata[METADATA_KEY]["scaling"] == "none", timeout=60_000
    )
    click(widget.form.live)
    finish(widget)
    assert names(viewer_model)[2:] == ["a + b (3 colors)", "a + b (3 colors) labels"]
    expected = quantize_layers(layers, 3, scaling="none")
    assert_same(viewer_model, *viewer_model.layers[2:], expected)


def test_many_long_names_take_few_lines(viewer_model, open_alone):
    layers = [
        viewer_model.add_image(np.zeros((4, 4)), name=f"AS_09125_050116030001_D0d{i}")
        for i in range(9)
    ]
    widget = open_alone()
    select(viewer_model, layers)
    shown = widget.target.together.value.replace("\u2060", "")  # no break
    assert shown.startswith("9 channels: AS_09125_…30001_D0d0, AS_09125_…30001_D0d1, ")
    assert shown.endswith("D0d5 and 3 more")
    assert all(layer.name in widget.target.together.tooltip for layer in layers)


@needs_settings
def test_the_scaling_is_remembered_for_the_next_widget(
    viewer, open_widget, click, finish
):
    select(viewer, add_channels(viewer, names="ab"))
    widget = open_widget()
    widget.target.scaling.value = "none"
    click(widget.quantize_button)
    finish(widget)
    assert default_scaling() == "none"
    viewer.window.remove_dock_widget(widget.native)
    widget = open_widget()
    assert widget.target.scaling.value == "none"
    click(widget.form.reset_button)
    assert widget.target.scaling.value == "contrast_limits"
    assert default_scaling() == "contrast_limits"
