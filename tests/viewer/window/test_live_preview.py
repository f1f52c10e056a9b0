"""Live results: the layers, and the widget that keeps them up."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_colorquant import quantize, quantize_layer
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.preview import MAX_PIXELS, coarse
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.tasks.live_layers import LiveLayers
from napari_colorquant.viewer.tasks.quantize import quantize_input


def names(viewer):
    return [layer.name for layer in viewer.layers]


# ------------------------------------------------------------ the layers


def layers_of(source, n_colors=3):
    results = quantize_input(source, Parameters(n_colors=n_colors), Monitor())
    return result_layers(source, results)


@pytest.fixture
def live(viewer_model, tiny):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    live = LiveLayers(viewer_model)

    def show(n_colors, layer=None, *, is_final=False):
        source = take_source(viewer_model.layers["tiny"] if layer is None else layer)
        return live.put(layers_of(source, n_colors), is_final=is_final)

    live.show_some = show
    return live


def test_the_layers_are_updated_in_place(viewer_model, live, tiny):
    picture, labels = live.show_some(3)
    assert names(viewer_model) == [
        "tiny",
        "tiny (3 colors) (live)",
        "tiny (3 colors) labels (live)",
    ]
    assert (live.owns(picture), live.owns(labels)) == (True, True)
    assert not live.owns(viewer_model.layers["tiny"])
    assert live.show_some(2) == (picture, labels)
    assert len(viewer_model.layers) == 3
    expected = quantize(tiny, 2)
    np.testing.assert_array_equal(picture.data, expected.image)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert picture.name == "tiny (2 colors) (live)"
    assert labels.features["index"].tolist() == [1, 2]
    palette = expected.palette.as_dict()
    for layer in (picture, labels):
        assert layer.metadata["napari-colorquant"]["palette"] == palette
    shown = labels.get_color(2).tolist()[:3]
    assert shown == pytest.approx((expected.palette.colors[1] / 255).tolist())


def test_a_final_result_stays(viewer_model, live):
    picture, labels = live.show_some(3)
    assert live.show_some(4, is_final=True) == (picture, labels)
    assert picture.name == "tiny (4 colors)"
    assert live.layers is None
    assert not live.owns(picture)
    other, _ = live.show_some(2)
    assert other is not picture
    assert names(viewer_model)[1:] == [
        "tiny (4 colors)",
        "tiny (4 colors) labels",
        "tiny (2 colors) (live)",
        "tiny (2 colors) labels (live)",
    ]


def test_a_final_result_needs_no_live_one(viewer_model, live):
    live.show_some(3, is_final=True)
    assert names(viewer_model)[1:] == ["tiny (3 colors)", "tiny (3 colors) labels"]
    assert live.layers is None


def test_layers_of_the_same_names_are_left_alone(viewer_model, live):
    own = viewer_model.add_image(np.zeros((5, 5)), name="tiny (3 colors) (live)")
    picture, _ = live.show_some(3)
    assert picture is not own
    assert picture.name == "tiny (3 colors) (live) [1]"
    own.name = "x"
    live.show_some(2)
    assert own.data.shape == (5, 5)
    assert own.name == "x"


def test_a_name_of_the_users_own_is_kept(live):
    picture, labels = live.show_some(3)
    picture.name = "mine"
    live.show_some(2)
    assert picture.name == "mine"
    assert labels.name == "tiny (2 colors) labels (live)"
    live.show_some(2, is_final=True)
    assert (picture.name, labels.name) == ("mine", "tiny (2 colors) labels")


@pytest.mark.parametrize("removed", [0, 1])
def test_the_layers_that_the_user_left_are_the_users(viewer_model, live, removed):
    pair = live.show_some(3)
    viewer_model.layers.remove(pair[removed])
    rest = pair[1 - removed]
    assert live.layers is None
    before = rest.data.copy()
    new = live.show_some(2)
    assert live.layers == new
    assert rest not in new
    assert not live.owns(rest)
    np.testing.assert_array_equal(rest.data, before)
    assert len(viewer_model.layers) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"data": np.arange(12).reshape(3, 4)},
        {"data": np.zeros((2, 3, 4, 3), np.uint8), "rgb": True},
    ],
)
def test_layers_that_cannot_become_the_new_ones_are_replaced(viewer_model, live, other):
    first = live.show_some(3)
    layer = viewer_model.add_image(**other, name="other")
    second = live.show_some(3, layer)
    assert not set(first) & set(viewer_model.layers)
    assert second[0].name.startswith("other (")
    assert len(viewer_model.layers) == 4


def test_a_pyramid_replaces_the_coarse_view_of_it(viewer_model, live, china):
    pyramid = [china[:64, :64], china[:64:2, :64:2]]
    layer = viewer_model.add_image(pyramid, rgb=True, multiscale=True, name="large")
    source = coarse(take_source(layer), 2000)
    first = live.put(layers_of(source), is_final=False)
    final = live.show_some(3, layer, is_final=True)
    assert final[0].multiscale
    assert not set(first) & set(viewer_model.layers)


def test_a_picture_of_another_dtype_is_as_bright_as_its_source(viewer_model, live):
    rng = np.random.default_rng(0)
    picture, labels = live.show_some(3)
    floats = rng.random((6, 7, 3)).astype(np.float32)
    layer = viewer_model.add_image(floats, rgb=True, scale=(3, 3), name="floats")
    assert live.show_some(3, layer) == (picture, labels)
    new, _ = quantize_layer(layer, 3)
    assert picture.contrast_limits == new.contrast_limits != [0, 255]
    assert picture.contrast_limits_range == new.contrast_limits_range
    assert picture.scale.tolist() == labels.scale.tolist() == [3, 3]
    live.show_some(3)
    assert picture.contrast_limits == picture.contrast_limits_range == [0, 255]


def test_a_grey_picture_is_shown_as_its_source(viewer_model, live):
    data = np.array([[0, 100], [200, 300]], np.uint16)
    first = viewer_model.add_image(data, name="first")
    second = viewer_model.add_image(
        data, name="second", colormap="green", contrast_limits=(50, 250), gamma=0.5
    )
    picture, labels = live.show_some(3, first)
    live.show_some(3, second)
    assert picture.colormap.name == "green"
    assert picture.contrast_limits == [50, 250]
    assert picture.gamma == 0.5
    assert labels.get_color(3).tolist() == pytest.approx([0, 1, 0, 1])


# ------------------------------------------------------------ the widget


@pytest.fixture
def settled(qtbot):
    """Let the event loop run until no change waits to be shown."""

    def wait(widget):
        runner = widget.session.jobs
        qtbot.waitUntil(
            lambda: (
                not widget._pause.isActive() and not runner.is_live and not runner.busy
            ),
            timeout=60_000,
        )

    return wait


@pytest.fixture
def switch_on(click, settled, tiny):
    """Open the widget on a picture, with live updates."""

    def switch_it_on(viewer, open_it, n_colors=3, data=tiny):
        viewer.add_image(data, name="tiny", rgb=True)
        widget = open_it()
        widget.form.n_colors.value = n_colors
        click(widget.form.live)
        settled(widget)
        return widget

    return switch_it_on


@pytest.fixture
def start(viewer_model, open_alone, switch_on):
    """The same in a viewer without a window, which is there at once."""
    return lambda **more: switch_on(viewer_model, open_alone, **more)


def test_every_change_is_shown_after_a_pause_and_in_place(
    viewer, open_widget, switch_on, settled, tiny, notifications
):
    widget = switch_on(viewer, open_widget)
    assert names(viewer) == [
        "tiny",
        "tiny (3 colors) (live)",
        "tiny (3 colors) labels (live)",
    ]
    picture, labels = viewer.layers[1:]
    assert widget.result.value.startswith("Live:")
    widget.form.n_colors.value = 4
    widget.form.n_colors.value = 2  # within the pause: only the last one is made
    assert picture.name == "tiny (3 colors) (live)"
    settled(widget)
    assert list(viewer.layers)[1:] == [picture, labels]
    np.testing.assert_array_equal(picture.data, quantize(tiny, 2).image)
    assert picture.name == "tiny (2 colors) (live)"
    assert len(widget.palette_tab.result.palette) == 2
    assert widget.palette_tab.palettes.count() == 1
    assert viewer.layers.selection.active is viewer.layers["tiny"]
    assert widget.form.layer.choices == (viewer.layers["tiny"],)  # not the live one
    assert notifications == []


def test_switching_off_makes_the_full_result(
    viewer_model, start, click, settled, china, monkeypatch
):
    monkeypatch.setattr(coarse, "__defaults__", (20_000,))
    widget = start(data=china)
    picture, labels = viewer_model.layers[1:]
    assert picture.data.shape == (107, 160, 3)
    click(widget.form.live)
    settled(widget)
    assert names(viewer_model) == ["tiny", "tiny (3 colors)", "tiny (3 colors) labels"]
    assert list(viewer_model.layers)[1:] == [picture, labels]
    expected = quantize(china, 3)
    np.testing.assert_array_equal(picture.data, expected.image)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert picture.scale.tolist() == [1, 1]
    assert widget.form.layer.choices == (viewer_model.layers["tiny"], picture)
    widget.form.n_colors.value = 2
    settled(widget)
    assert len(viewer_model.layers) == 3


def test_quantize_makes_the_full_result_and_the_next_change_a_live_one(
    viewer_model, start, click, settled
):
    widget = start()
    click(widget.quantize_button)
    settled(widget)
    assert names(viewer_model)[1:] == ["tiny (3 colors)", "tiny (3 colors) labels"]
    widget.form.n_colors.value = 2
    settled(widget)
    assert names(viewer_model)[1:] == [
        "tiny (3 colors)",
        "tiny (3 colors) labels",
        "tiny (2 colors) (live)",
        "tiny (2 colors) labels (live)",
    ]
    assert widget.palette_tab.palettes.count() == 2


def test_what_is_removed_is_made_anew_and_the_rest_left_alone(
    viewer_model, start, settled
):
    widget = start()
    picture, labels = viewer_model.layers[1:]
    viewer_model.layers.remove(labels)
    before = picture.data.copy()
    widget.form.n_colors.value = 2
    settled(widget)
    assert names(viewer_model)[1:] == [
        "tiny (3 colors) (live)",
        "tiny (2 colors) (live)",
        "tiny (2 colors) labels (live)",
    ]
    np.testing.assert_array_equal(picture.data, before)


def test_a_number_is_typed_in_peace(viewer, open_widget, switch_on, settled, qtbot):
    widget = switch_on(viewer, open_widget)
    box = widget.form.n_colors.native
    box.setFocus()
    box.selectAll()
    widget.form.random_state.value = 5  # a change that is to be shown
    qtbot.keyClicks(box, "1")
    qtbot.wait(500)  # longer than the pause
    assert box.text() == "1"  # and has not become the least number, 2
    qtbot.keyClicks(box, "2")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    settled(widget)
    assert len(widget.palette_tab.result.palette) == 4  # the image has no more
    assert box.window().focusWidget() is box
    assert box.text() == "12"
    record = viewer.layers[1].metadata["napari-colorquant"]
    assert record["parameters"]["n_colors"] == 12
    assert record["parameters"]["random_state"] == 5


def test_a_change_during_a_run_waits_for_it(
    viewer_model, open_alone, click, settled, qtbot, large, tiny, notifications
):
    viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    click(widget.form.live)
    assert widget.session.jobs.busy
    settled(widget)
    assert names(viewer_model) == [
        "large",
        "large (4 colors)",
        "large (4 colors) labels",
        "large (4 colors) (live)",
        "large (4 colors) labels (live)",
    ]
    assert prod(viewer_model.layers[3].data.shape[:2]) <= MAX_PIXELS
    assert notifications == []


def test_the_source_is_removed(viewer_model, start, settled, notifications):
    widget = start()
    viewer_model.layers.move(0, 2)
    viewer_model.layers.remove(viewer_model.layers["tiny"])
    assert widget.form.layer.value is None  # never the live picture itself
    widget.form.n_colors.value = 2
    settled(widget)
    assert names(viewer_model) == [
        "tiny (3 colors) (live)",
        "tiny (3 colors) labels (live)",
    ]
    assert notifications == []


def test_bad_input_is_said_and_costs_no_layer(
    viewer_model, start, settled, notifications
):
    widget = start()
    widget.form.n_samples.value = 1
    settled(widget)
    assert [kind for kind, _ in notifications] == ["error"]
    assert notifications[0][1].startswith("Sample size is 1, fewer than the 3 colors")
    assert names(viewer_model)[1:] == [
        "tiny (3 colors) (live)",
        "tiny (3 colors) labels (live)",
    ]


def test_apply_leaves_the_live_layers_alone(viewer_model, start, click, settled, tiny):
    widget = start()
    click(widget.palette_tab.apply)
    settled(widget)
    assert names(viewer_model)[1:] == [
        "tiny (3 colors) (live)",
        "tiny (3 colors) labels (live)",
        "tiny (3 colors)",
        "tiny (3 colors) labels",
    ]


def test_a_dimmed_canvas_is_bright_again_with_the_next_live_result(
    viewer_model, start, settled
):
    widget = start()
    _, labels = viewer_model.layers[1:]
    widget.palette_tab.select([1])
    assert labels.visible
    widget.form.n_colors.value = 2
    settled(widget)
    assert not labels.visible
    assert labels.get_color(1).tolist()[3] == 1.0


def test_entries_of_a_coarse_result_are_removed(
    viewer_model, start, click, settled, china, monkeypatch, notifications
):
    monkeypatch.setattr(coarse, "__defaults__", (20_000,))
    widget = start(data=china)
    widget.palette_tab.select([1])
    click(widget.palette_tab.remove)
    settled(widget)
    assert names(viewer_model)[1:] == [
        "tiny (2 colors) (live)",
        "tiny (2 colors) labels (live)",
    ]
    assert sorted(np.unique(viewer_model.layers[2].data)) == [1, 2]
    assert viewer_model.layers[1].data.shape == (107, 160, 3)
    assert notifications == []


def test_a_closed_widget_makes_no_live_result(viewer, open_widget, switch_on, qtbot):
    widget = switch_on(viewer, open_widget)
    widget.form.n_colors.value = 2
    viewer.window.remove_dock_widget(widget.native)
    qtbot.wait(500)  # longer than the pause
    assert viewer.layers[1].name == "tiny (3 colors) (live)"


def test_a_result_of_a_script_is_no_live_one(viewer_model, start, settled):
    widget = start()
    for layer in quantize_layer(viewer_model.layers["tiny"], 4):
        viewer_model.add_layer(layer)
    script = viewer_model.layers["tiny (4 colors)"]
    viewer_model.layers.selection.active = viewer_model.layers["tiny"]
    widget.form.n_colors.value = 2
    settled(widget)
    assert script.name == "tiny (4 colors)"
    assert viewer_model.layers[1].name == "tiny (2 colors) (live)"
