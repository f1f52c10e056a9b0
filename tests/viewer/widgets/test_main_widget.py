"""The widget, by clicks: in the real viewer where that is what is tested."""

from __future__ import annotations

from itertools import pairwise
from threading import Event
from threading import enumerate as running_threads

import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.layers._layer_actions import _duplicate_layer
from napari.utils.theme import get_theme
from qtpy.QtCore import Qt, QThreadPool

from napari_colorquant import Palette, Parameters, quantize, quantize_layer
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.palette.edits import Lock, Merge, Rename
from napari_colorquant.viewer.session import jobs as runner
from napari_colorquant.viewer.tasks.warm_up import when_ready
from napari_colorquant.viewer.widgets.main_widget import QuantizeWidget


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_a_click_adds_the_redrawn_picture_and_its_labels(
    viewer, open_widget, click, finish, china
):
    viewer.add_image(china, name="china", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 16
    widget.form.n_samples.value = 1000

    click(widget.quantize_button)
    finish(widget)

    assert names(viewer) == ["china", "china (16 colors)", "china (16 colors) labels"]
    _, picture, labels = viewer.layers
    expected = quantize(china, 16, n_samples=1000)
    assert type(picture) is Image
    assert type(labels) is Labels
    np.testing.assert_array_equal(picture.data, expected.image)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert picture.visible
    assert not labels.visible
    assert viewer.layers.selection.active is viewer.layers["china"]


def test_the_result_line_tells_colors_error_and_time(
    viewer_model, open_alone, click, finish, china
):
    viewer_model.add_image(china, name="china", rgb=True)
    widget = open_alone()
    click(widget.quantize_button)
    finish(widget)
    report = viewer_model.layers["china (64 colors)"].metadata["napari-colorquant"][
        "report"
    ]
    seconds = sum(report["seconds"].values())
    assert widget.result.value.replace("\u00a0", " ") == (
        f"china: 96,615 → 64 colors · PSNR {report['psnr']:.1f} dB · {seconds:.2f} s"
    )
    viewer_model.add_image(china[:9, :9], name="corner", rgb=True)
    assert widget.result.value == "corner is chosen. Shown is china: 64 colors."
    widget.form.n_samples.value = 1
    click(widget.quantize_button)
    refused = "Sample size is 1, fewer than the 64 colors"
    assert widget.result.value.startswith(refused)
    viewer_model.layers["china"].name = "summer palace"
    assert "Shown is summer palace: 64 colors." in widget.result.value
    viewer_model.layers.selection.active = viewer_model.layers["summer palace"]
    assert widget.result.value.startswith("summer palace: 96,615")


def test_results_of_another_visit_are_offered_again(
    viewer_model, open_alone, click, finish, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    for n_colors in (2, 3):
        widget.form.n_colors.value = n_colors
        click(widget.quantize_button)
        finish(widget)
    widget.palette_tab.edit(Rename(0, "night"))
    layers = widget.palette_tab.result.layers
    widget.disconnect()
    for layer in quantize_layer(viewer_model.layers[0], 4):
        viewer_model.add_layer(layer)  # a script's
    viewer_model.layers.selection = {layers[0]}
    _duplicate_layer(viewer_model.layers)
    viewer_model.layers.selection.active = viewer_model.layers["tiny"]

    bench = open_alone().palette_tab
    offered = [bench.palettes.itemText(i) for i in range(bench.palettes.count())]
    assert offered == ["tiny (2 colors)", "tiny (3 colors)", "tiny (4 colors)"]
    assert bench.palettes.currentText() == "tiny (4 colors)"  # the newest
    viewer_model.layers.selection.active = layers[1]
    assert bench.result.layers == layers
    assert bench.model.palette.names == ("night", "", "")
    bench.edit(Merge([0, 1]))
    assert layers[0].name == "tiny (2 colors) [1]"
    assert layers[1].data.max() == 2


def test_pressing_again_works_on_the_source_and_overwrites_nothing(
    viewer_model, open_alone, click, finish, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    for _ in range(2):
        click(widget.quantize_button)
        finish(widget)
    assert names(viewer_model) == [
        "tiny",
        "tiny (2 colors)",
        "tiny (2 colors) labels",
        "tiny (2 colors) [1]",
        "tiny (2 colors) labels [1]",
    ]
    np.testing.assert_array_equal(viewer_model.layers[0].data, tiny)
    assert widget.form.layer.value is viewer_model.layers["tiny"]


def test_a_layer_of_the_users_with_a_results_name_is_left_alone(
    viewer_model, open_alone, click, finish, tiny
):
    own = viewer_model.add_image(np.zeros((5, 5)), name="tiny (2 colors)")
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    finish(widget)
    assert viewer_model.layers[0] is own
    assert own.data.shape == (5, 5)
    assert names(viewer_model)[2:] == [
        "tiny (2 colors) [1]",
        "tiny (2 colors) labels [1]",
    ]


def test_it_follows_the_active_layer_and_ignores_those_that_are_no_images(
    viewer_model, open_alone, tiny
):
    first = viewer_model.add_image(tiny, name="first", rgb=True)
    second = viewer_model.add_image(tiny, name="second", rgb=True)
    labels = viewer_model.add_labels(np.ones((3, 4), int))
    viewer_model.layers.selection.active = first
    widget = open_alone()
    assert widget.form.layer.choices == (first, second)
    assert widget.form.layer.value is first
    viewer_model.layers.selection.active = second
    assert widget.form.layer.value is second
    viewer_model.layers.selection.active = labels
    assert widget.form.layer.value is second
    third = viewer_model.add_image(tiny, name="third", rgb=True)
    assert widget.form.layer.value is third
    viewer_model.layers.remove(third)
    assert widget.form.layer.value in (first, second)


def test_a_chosen_layer_stays_chosen_whatever_it_is_called(
    viewer_model, open_alone, tiny
):
    first = viewer_model.add_image(tiny, name="first", rgb=True)
    second = viewer_model.add_image(tiny, name="second", rgb=True)
    viewer_model.layers.selection.active = second
    widget = open_alone()
    told = []
    widget.form.layer.changed.connect(told.append)
    second.name = "another name"
    assert widget.form.layer.value is second
    assert widget.form.layer.current_choice == "another name"
    assert widget.form.layer.native.currentText() == "another name"
    first.name = "second"
    assert widget.form.layer.value is second
    viewer_model.layers.reverse()
    assert widget.form.layer.value is second
    assert told == []


def test_the_controls_start_with_the_engines_defaults(viewer_model, open_alone):
    assert open_alone().session.parameters == DEFAULTS == Parameters()


def test_the_controls_become_the_parameters(viewer_model, open_alone):
    widget = open_alone()
    widget.form.method.value = "random"
    widget.form.n_colors.value = 300
    widget.form.n_samples.value = 5000
    widget.form.random_state.value = 7
    widget.form.color_space.value = "lab"
    widget.form.refine.value = False
    assert widget.session.parameters == Parameters(
        method="random",
        n_colors=300,
        n_samples=5000,
        random_state=7,
        color_space="lab",
        refine=False,
    )
    widget.form.n_samples.value = 0
    assert widget.session.parameters.n_samples is None


def test_slider_and_box_agree_and_the_box_takes_more(viewer_model, open_alone, qtbot):
    widget = open_alone()
    widget.form.slider.value = 100
    assert widget.form.n_colors.value == 100
    box = widget.form.n_colors.native
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "1000")
    widget.form.enter()
    assert widget.session.parameters.n_colors == 1000  # also without a Return
    assert widget.form.slider.value == 256
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "16")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert widget.form.n_colors.value == 16
    assert widget.form.slider.value == 16


@pytest.mark.parametrize(
    ("aim", "target", "expected"),
    [
        ("psnr", 25.0, {"target_psnr": 25.0}),
        ("delta_e", 8.0, {"target_delta_e": 8.0}),
    ],
)
def test_aiming_for_a_quality_finds_the_number_of_colors(
    viewer_model, open_alone, click, finish, china, aim, target, expected
):
    small = china[::4, ::4]
    viewer_model.add_image(small, name="small", rgb=True)
    widget = open_alone()
    assert widget.form.slider.native.isVisible()
    assert not widget.form.target.native.isVisible()
    widget.form.aim.value = aim
    assert not widget.form.slider.native.isVisible()
    assert widget.form.target.native.isVisible()
    widget.form.target.value = target
    assert widget.session.parameters == Parameters(n_colors="auto", **expected)
    click(widget.quantize_button)
    finish(widget)
    result = quantize(small, "auto", **expected)
    assert names(viewer_model)[1] == f"small ({len(result.palette)} colors)"
    np.testing.assert_array_equal(viewer_model.layers[1].data, result.image)

    widget.form.aim.value = "number"
    assert widget.form.slider.native.isVisible()
    assert widget.session.parameters.n_colors == 64


def test_stains_are_compared_where_they_are_asked_for(
    viewer_model, open_alone, click, finish, china
):
    small = china[::4, ::4]
    viewer_model.add_image(small, name="small", rgb=True)
    widget = open_alone()
    widget.form.color_space.value = "hed"
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    expected = quantize(small, 4, color_space="hed")
    np.testing.assert_array_equal(viewer_model.layers[2].data, expected.labels)


def test_every_control_says_what_it_does(viewer_model, open_alone):
    widget = open_alone()
    controls = [
        widget.form.layer,
        widget.form.method,
        widget.form.aim,
        widget.form.slider,
        widget.form.n_colors,
        widget.form.target,
        widget.form.color_space,
        widget.form.refine,
        widget.form.n_samples,
        widget.form.random_state,
        widget.quantize_button,
        widget.cancel_button,
        widget.form.live,
        widget.form.reset_button,
        widget.target.together,
        *widget.target.controls,
        widget.progress_bar,
        widget.result,
    ]
    assert all(len(control.tooltip) > 15 for control in controls)
    buttons = (widget.quality_tab.compare, widget.quality_tab.compare_results)
    assert all(len(button.toolTip()) > 15 for button in buttons)
    assert all(
        control._widget._mgui_get_tooltip() == control.tooltip for control in controls
    )


def test_labels_stand_in_one_column_and_no_text_is_cut(viewer, open_widget, qtbot):
    widget = open_widget()
    qtbot.waitUntil(lambda: widget.form.layer._labeled_widget()._label_widget.width > 0)
    rows = [row._labeled_widget() for row in widget.form.basic]
    labels = [row._label_widget.native for row in rows if row]  # a button has none
    assert len(labels) > 1
    assert len({label.width() for label in labels}) == 1
    assert all(label.width() >= label.sizeHint().width() for label in labels)


def test_progress_is_determinate_and_ends_empty(
    viewer_model, open_alone, click, finish, large
):
    viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    seen = []
    widget.progress_bar.changed.connect(seen.append)
    click(widget.quantize_button)
    assert not widget.quantize_button.enabled
    assert widget.cancel_button.enabled
    assert not widget.progress_bar.native.isHidden()
    finish(widget)
    assert widget.progress_bar.native.isHidden()  # it is no field to type in
    n_tiles = len(see_pixels(large).tiles())
    assert widget.progress_bar.max == 1000
    assert seen[:-1] == sorted(set(seen[:-1]))
    assert seen[-2:] == [1000, 0]
    assert len(seen) > 3 * n_tiles / 2


def pools_since(threads):
    """Return the threads of pools that have begun since."""
    new = {*running_threads()} - threads
    return [one.name for one in new if one.name.startswith("ThreadPool")]


def test_cancel_leaves_the_layers_as_they_were(
    viewer, open_widget, click, finish, qtbot, notifications, large
):
    viewer.add_image(large, name="large", rgb=True)
    widget = open_widget()
    threads = {*running_threads()}
    click(widget.quantize_button)
    qtbot.waitUntil(lambda: widget.progress_bar.value > 9, timeout=60_000)
    click(widget.cancel_button)
    finish(widget)
    assert names(viewer) == ["large"]
    sentence = "Cancelled: the layers are as they were."
    assert widget.result.value == sentence
    assert notifications == [("info", sentence)]
    assert pools_since(threads) == []


def test_cancel_at_once(
    viewer_model, open_alone, click, finish, qtbot, notifications, large
):
    viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    click(widget.quantize_button)
    click(widget.cancel_button)
    finish(widget)
    assert names(viewer_model) == ["large"]
    assert notifications == [("info", "Cancelled: the layers are as they were.")]
    click(widget.quantize_button)  # and the widget works on
    finish(widget)
    assert names(viewer_model) == [
        "large",
        "large (64 colors)",
        "large (64 colors) labels",
    ]


def test_cancel_when_the_result_is_on_its_way(
    viewer_model, open_alone, click, finish, notifications, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    assert QThreadPool.globalInstance().waitForDone(60_000)  # and no event is handled
    widget.session.cancel()
    finish(widget)
    assert names(viewer_model) == ["tiny"]
    assert notifications == [("info", "Cancelled: the layers are as they were.")]


def test_quantize_pressed_twice_runs_once(
    viewer_model, open_alone, click, finish, notifications, large
):
    viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    click(widget.quantize_button)
    click(widget.quantize_button)  # disabled: nothing happens
    assert notifications == []
    widget.quantize()  # as a command would
    finish(widget)
    assert len(viewer_model.layers) == 3
    assert notifications == [
        ("warning", "A run is under way: wait for it, or press Cancel.")
    ]


def test_without_a_layer_one_sentence_says_so(viewer_model, open_alone, notifications):
    widget = open_alone()
    assert not widget.quantize_button.enabled
    widget.quantize()  # as a command would
    sentence = "There is no image layer to quantize: open or add an image first."
    assert notifications == [("error", sentence)]
    assert sentence in widget.quantize_button.tooltip.replace("\n", " ")
    assert len(viewer_model.layers) == 0


def test_the_layer_removed_during_the_run_cancels_it(
    viewer_model, open_alone, click, finish, qtbot, notifications, large
):
    viewer_model.add_points(name="other")
    layer = viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    click(widget.quantize_button)
    qtbot.waitUntil(lambda: widget.progress_bar.value > 1, timeout=60_000)
    viewer_model.layers.remove(layer)
    finish(widget)
    assert names(viewer_model) == ["other"]
    assert notifications == [("info", "Cancelled, as the layer 'large' was removed.")]


def test_another_layer_removed_during_the_run_does_not(
    viewer_model, open_alone, click, finish, qtbot, large
):
    layer = viewer_model.add_image(large, name="large", rgb=True)
    other = viewer_model.add_image(np.zeros((900, 900)), name="other")
    viewer_model.layers.selection.active = layer
    widget = open_alone()
    click(widget.quantize_button)
    viewer_model.layers.remove(other)
    finish(widget)
    assert names(viewer_model) == [
        "large",
        "large (64 colors)",
        "large (64 colors) labels",
    ]


def test_the_widget_closed_during_the_run_stops_it(
    viewer, open_widget, click, qtbot, notifications, large
):
    viewer.add_image(large, name="large", rgb=True)
    widget = open_widget()
    click(widget.quantize_button)
    worker = widget.session.jobs._worker
    viewer.window.remove_dock_widget(widget.native)
    qtbot.waitUntil(lambda: not worker.is_running, timeout=60_000)
    qtbot.wait(50)
    assert names(viewer) == ["large"]
    assert notifications == []
    viewer.add_image(np.zeros((900, 900)))  # nothing listens any more


def test_the_viewer_closed_during_the_run(
    viewer, open_widget, click, qtbot, notifications, large
):
    viewer.add_image(large, name="large", rgb=True)
    widget = open_widget()
    threads = {*running_threads()}
    click(widget.quantize_button)
    worker = widget.session.jobs._worker
    qtbot.waitUntil(lambda: widget.progress_bar.value > 1, timeout=60_000)
    viewer.close()
    qtbot.waitUntil(lambda: not worker.is_running, timeout=60_000)
    assert pools_since(threads) == []
    assert [sentence for kind, sentence in notifications if kind == "error"] == []


def test_the_users_other_active_layer_stays_active(
    viewer_model, open_alone, click, finish, large
):
    shapes = viewer_model.add_shapes(name="shapes")
    layer = viewer_model.add_image(large, name="large", rgb=True)
    widget = open_alone()
    click(widget.quantize_button)
    viewer_model.layers.selection.active = shapes
    finish(widget)
    assert viewer_model.layers.selection.active is shapes
    assert widget.form.layer.value is layer


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            np.full((8, 8), np.nan),
            "No pixel of the image can be quantized: all are outside the mask, "
            "transparent, NaN or infinite.",
        ),
    ],
)
def test_data_that_cannot_be_quantized(
    viewer_model, open_alone, click, finish, qtbot, notifications, data, sentence
):
    viewer_model.add_image(data, name="bad", contrast_limits=(0, 1))
    widget = open_alone()
    click(widget.quantize_button)
    finish(widget)
    qtbot.waitUntil(lambda: len(notifications) > 0)
    assert notifications == [("error", sentence)]
    assert names(viewer_model) == ["bad"]


def test_a_sample_smaller_than_the_palette(
    viewer_model, open_alone, click, notifications, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_samples.value = 10
    click(widget.quantize_button)
    assert notifications == [
        (
            "error",
            "Sample size is 10, fewer than the 64 colors to learn: choose at least as "
            "many samples as colors, or 0 for every pixel.",
        )
    ]
    assert names(viewer_model) == ["tiny"]


def test_fewer_colors_than_asked_for_are_said_every_time(
    viewer_model, open_alone, click, finish, notifications, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    for _ in range(2):
        click(widget.quantize_button)
        finish(widget)
    sentence = (
        "The image has only 4 colors: all are kept, instead of the 64 that were "
        "asked for."
    )
    assert notifications == [("warning", sentence)] * 2
    np.testing.assert_array_equal(viewer_model.layers["tiny (4 colors)"].data, tiny)


def test_a_failure_of_the_machine_is_reported_and_the_widget_works_on(
    viewer_model, open_alone, click, finish, qtbot, notifications, tiny, monkeypatch
):
    def fail(*_arguments, **_options):
        raise RuntimeError("the disk is on fire")

    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    with monkeypatch.context() as patch:
        patch.setattr("napari_colorquant.viewer.tasks.quantize.quantize_input", fail)
        click(widget.quantize_button)
        finish(widget)
    qtbot.waitUntil(lambda: len(notifications) > 0)
    assert notifications == [("error", "the disk is on fire")]
    click(widget.quantize_button)
    finish(widget)
    assert "tiny (4 colors)" in viewer_model.layers


def test_the_event_loop_keeps_running_during_a_run(
    viewer, open_widget, click, finish, large, monkeypatch
):
    from qtpy.QtCore import QTimer

    ticked = Event()

    def paced(work, monitor):
        """Wait for a tick at each piece: on a busy machine the engine outruns them."""

        def tell(piece):
            ticked.clear()
            ticked.wait(1)
            monitor(piece.step, piece.done / piece.total)

        return when_ready(work, Monitor(tell))

    monkeypatch.setattr(runner, "when_ready", paced)
    viewer.add_image(large[:1700], name="large", rgb=True)
    widget = open_widget()
    ticks = []

    def tick():
        ticks.append(widget.progress_bar.value)
        ticked.set()

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(1)
    click(widget.quantize_button)
    finish(widget)
    timer.stop()
    # Ticks at many different stages of the run, not only before and after it.
    assert len(set(ticks)) > 3 * len(see_pixels(large).tiles()) // 10


def test_a_widget_made_without_a_window_works(viewer, tiny, qtbot):
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = QuantizeWidget(viewer)
    widget.quantize()
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=60_000)
    assert widget.session.parameters == DEFAULTS
    widget.native.close()
    widget.native.deleteLater()


# ------------------------------------------------------------ the palette that is shown


@pytest.fixture
def quantized(viewer_model, open_alone, click, finish, tiny):
    """The widget with a result of four colours, in a viewer without a window."""
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    return widget


def test_a_palette_is_applied_to_another_image(
    viewer_model, quantized, click, finish, tiny
):
    workbench = quantized.palette_tab
    workbench.edit(Rename(1, "roof"))
    workbench.edit(Lock([1]))
    flipped = (tiny[::-1].astype(np.uint16) * 257).clip(0, 65_000)
    other = viewer_model.add_image(flipped, name="other", rgb=True)
    quantized.form.n_samples.value = 1  # too few to learn from, and nothing is learned
    click(workbench.apply)
    finish(quantized)
    picture, labels = viewer_model.layers[4:]
    assert names(viewer_model)[4:] == ["other (4 colors)", "other (4 colors) labels"]
    np.testing.assert_array_equal(labels.data, viewer_model.layers[2].data[::-1])
    result = workbench.result
    assert (result.picture, result.labels, result.source) == (picture, labels, other)
    assert result.palette.names == ("", "roof", "", "")
    assert result.palette.locked == (1,)
    assert result.palette.units == "uint16"
    assert result.palette.colors[1].tolist() == [200 * 257, 0, 0]
    assert picture.data[2, 1].tolist() == [200 * 257, 0, 0]
    assert labels.features["name"].tolist()[1] == "roof"


def test_a_palette_from_a_file_is_shown_and_applied(
    viewer_model, open_alone, click, finish, tiny
):
    widget = open_alone()
    palette = Palette([[0, 0, 0], [1, 1, 1]], names=["dark", "light"], units="float64")
    widget.session.opening.offer_palette(palette, "two.csv")
    assert widget.palette_tab.palettes.currentText() == "two.csv"
    assert widget.result.value == "Opened two.csv: 2 colors."
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    click(widget.palette_tab.apply)
    finish(widget)
    assert names(viewer_model)[1:] == ["tiny (2 colors)", "tiny (2 colors) labels"]
    assert viewer_model.layers[2].features["name"].tolist() == ["dark", "light"]
    assert np.unique(viewer_model.layers[1].data).tolist() == [0, 255]
    shown = [widget.palette_tab.palettes.itemText(i) for i in range(2)]
    assert shown == ["two.csv", "tiny (2 colors)"]


def test_a_palette_of_other_channels_is_not_applied(
    viewer_model, quantized, click, finish, qtbot, notifications
):
    viewer_model.add_image(np.arange(12).reshape(3, 4), name="grey")
    click(quantized.palette_tab.apply)
    finish(quantized)
    qtbot.waitUntil(lambda: len(notifications) > 0)
    assert [kind for kind, _ in notifications] == ["error"]
    assert "channel" in notifications[0][1]
    assert len(viewer_model.layers) == 4


def test_without_a_palette_there_is_none_to_apply(open_alone, notifications):
    open_alone().session.apply_palette()
    assert notifications == [
        ("error", "No palette yet: quantize an image, or open a palette file.")
    ]


@pytest.mark.parametrize(
    ("data", "rgb", "fixed"),
    [
        (np.zeros((3, 4, 3), np.uint8), True, [[200, 0, 0]]),
        (np.zeros((3, 4, 3), np.uint16), True, [[200, 0, 0]]),  # a run converts them
        (np.zeros((3, 4, 3), np.float32), True, [[200, 0, 0]]),  # a run converts them
        (np.zeros((3, 4, 3), bool), True, [[200, 0, 0]]),  # which Quantize refuses
        (np.zeros((3, 4), np.uint8), False, None),
    ],
)
def test_locked_colors_are_those_of_the_chosen_image(
    viewer_model, quantized, data, rgb, fixed
):
    quantized.palette_tab.edit(Lock([1]))
    viewer_model.add_image(data, name="other", rgb=rgb, contrast_limits=(0, 1))
    parameters = quantized.session.parameters
    if fixed is None:
        assert parameters.fixed is None
        assert not quantized.locks.visible
    else:
        np.testing.assert_allclose(parameters.fixed.colors, fixed)
        assert quantized.locks.value == "1 locked color is kept by Quantize."


def test_locked_colors_of_many_channels_are_none_of_a_grey_image(
    viewer_model, open_alone
):
    widget = open_alone()
    palette = Palette([[1, 2, 3, 4, 5], [5, 6, 7, 8, 9]], locked=[0])
    widget.session.opening.offer_palette(palette, "five.csv")
    viewer_model.add_image(np.zeros((3, 4), np.uint8), name="grey")
    assert widget.session.parameters.fixed is None


def test_more_locked_colors_than_asked_for_are_said(
    viewer_model, quantized, click, notifications
):
    quantized.palette_tab.edit(Lock([0, 1, 2]))
    assert quantized.locks.value == "3 locked colors are kept by Quantize."
    quantized.form.n_colors.value = 2
    click(quantized.quantize_button)
    assert notifications == [
        (
            "error",
            "There are 3 fixed colors and at most 2 in the palette: choose at least as "
            "many colors as fixed ones.",
        )
    ]
    assert len(viewer_model.layers) == 3


def test_the_source_is_known_though_another_image_is_chosen_meanwhile(
    viewer_model, open_alone, click, finish, large, tiny
):
    source = viewer_model.add_image(large, name="large", rgb=True)
    other = viewer_model.add_image(tiny, name="other", rgb=True)
    widget = open_alone()
    widget.form.layer.value = source
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    widget.form.layer.value = other
    finish(widget)
    assert widget.palette_tab.result.source is source
    assert widget.form.layer.value is other


def test_all_selected_layers_stay_selected(viewer_model, quantized, click, finish):
    selected = {viewer_model.layers[0], viewer_model.layers[2]}
    viewer_model.layers.selection = selected
    click(quantized.quantize_button)
    finish(quantized)
    assert len(viewer_model.layers) == 5
    assert viewer_model.layers.selection == selected


def test_the_defaults_come_back(open_alone, click):
    widget = open_alone()
    widget.session.parameters = Parameters(
        n_colors="auto", target_psnr=20.0, method="wu", refine=False
    )
    click(widget.form.reset_button)
    assert widget.session.parameters == DEFAULTS
    assert widget.form.slider.native.isVisible()


@pytest.mark.parametrize("closed", ["dock", "viewer"])
def test_a_widget_that_is_closed_leaves_the_layers_as_they_were(
    viewer, open_widget, click, finish, tiny, closed
):
    source = viewer.add_image(tiny, name="tiny", rgb=True)
    picture, labels = quantize_layer(source, 4)
    viewer.add_layer(picture)
    viewer.add_layer(labels)
    viewer.layers.selection.active = source

    def listeners():
        return [
            len(emitter.callbacks)
            for emitter in (
                viewer.layers.events.inserted,
                viewer.layers.events.removed,
                viewer.layers.events.reordered,
                viewer.layers.events.renamed,
                viewer.layers.selection.events.active,
                picture.events.name,
                labels.events.name,
            )
        ] + [labels.mouse_drag_callbacks[:]]

    def of_the_plugin(emitter):
        return [one for one in emitter.callbacks if "colorquant" in repr(one)]

    before = listeners()
    widget = open_widget()
    viewer.layers.selection.active = labels
    widget.palette_tab.select([1])
    assert labels.visible
    assert listeners() != before
    if closed == "dock":
        viewer.window.remove_dock_widget(widget.native)
        assert listeners() == before
    else:
        viewer.close()
    assert not labels.visible
    assert labels.get_color(1).tolist() == [0, 0, 0, 1]
    assert labels.metadata == picture.metadata
    assert of_the_plugin(labels.events.selected_label) == []
    labels.selected_label = 3  # and nobody is there to be told
    picture.name = "mine"


@pytest.mark.parametrize(("fold", "at_least"), [("more", 21), ("where", 18)])
def test_the_tab_key_goes_from_top_to_bottom(
    viewer, open_widget, click, finish, tiny, fold, at_least
):
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    finish(widget)
    getattr(widget, fold).button.click()
    root, first = widget.native, widget.form.layer.native
    places, control = [], first
    while True:
        if (
            root.isAncestorOf(control)
            and control.isVisible()
            and control.isEnabled()
            and control.focusPolicy() & Qt.FocusPolicy.TabFocus
        ):
            places.append(control.mapTo(root, control.rect().center()).y())
        control = control.nextInFocusChain()
        if control is first:
            break
    assert len(places) >= at_least
    # Side by side a few pixels do not matter; the tabs hold what is below them.
    tabs = widget.tabs.mapTo(root, widget.tabs.rect().center()).y()
    places.remove(tabs)
    assert all(after > before - 8 for before, after in pairwise(places))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_curve_is_drawn_in_the_viewers_own_theme(viewer, open_widget, theme):
    viewer.theme = theme  # whatever the preferences say
    widget = open_widget()
    widget.tabs.setCurrentWidget(widget.curve_tab)
    corner = widget.curve_tab.plot.grab().toImage().pixelColor(0, 0).name()
    assert corner == get_theme(theme).background.as_hex("long")
