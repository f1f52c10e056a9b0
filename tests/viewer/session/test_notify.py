"""What a user can cause is one plain sentence in the window's words."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from napari.utils.notifications import (
    ErrorNotification,
    Notification,
    NotificationManager,
    notification_manager,
)
from qtpy.QtWidgets import QFileDialog

from napari_colorquant import Palette, Parameters, quantize_layer
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.palette.edits import Lock, Merge, Recolor, Remove
from napari_colorquant.viewer.session.jobs import Job, JobQueue
from napari_colorquant.viewer.session.notify import complain, in_window, load_or_say
from napari_colorquant.viewer.session.qt_worker import make_qt_worker
from napari_colorquant.viewer.widgets.dialogs import save_palette

ARGUMENTS = (
    *(
        "n_samples",
        "n_colors",
        "color_space",
        "channel_axis",
        "overwrite",
        "data_range",
    ),
    *("random_state", "target_", "learn_", "=None", "=True", "pass "),
)


@pytest.fixture
def told(capsys):
    """What napari is given to tell; nothing is written to the terminal beside it."""
    heard: list[Notification] = []
    notification_manager.notification_ready.connect(heard.append)
    capsys.readouterr()
    yield heard
    notification_manager.notification_ready.disconnect(heard.append)


def assert_plain(told, sentence):
    """Fail unless one error was told, in this sentence, without a traceback."""
    (one,) = told
    assert type(one) is Notification
    assert not isinstance(one, ErrorNotification)
    assert (str(one.severity), one.message) == ("error", sentence)
    assert not any(word in one.message for word in ARGUMENTS)
    told.clear()


@pytest.fixture
def widget(viewer_model, open_alone):
    return open_alone()


def run(widget, click, finish, told, qtbot):
    click(widget.quantize_button)
    finish(widget)
    qtbot.waitUntil(lambda: bool(told))


def test_a_sample_that_is_too_small(viewer_model, widget, told, click, tiny):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget.form.n_samples.value = 5
    click(widget.quantize_button)
    assert_plain(
        told,
        "Sample size is 5, fewer than the 64 colors to learn: choose at least as many "
        "samples as colors, or 0 for every pixel.",
    )


def test_an_image_of_nan(viewer_model, widget, told, click, finish, qtbot):
    viewer_model.add_image(np.full((4, 4), np.nan), contrast_limits=(0, 1))
    run(widget, click, finish, told, qtbot)
    (one,) = told
    assert_plain(told, one.message)
    assert widget.result.value == f"Failed: {one.message}"
    assert one.message[0].isupper()


def test_a_region_without_a_pixel(
    viewer_model, widget, told, click, finish, qtbot, tiny
):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    region = viewer_model.add_labels(np.zeros((3, 4), int), name="cells")
    viewer_model.layers.selection = {viewer_model.layers["tiny"]}
    widget.target.within.value = region
    run(widget, click, finish, told, qtbot)
    assert_plain(
        told,
        "The region 'cells' covers no pixel of 'tiny': choose one that lies on it.",
    )


def test_a_locked_entry(viewer_model, widget, told, click, finish, tiny, capsys):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    told.clear()
    widget.palette_tab.edit(Lock([1]))
    capsys.readouterr()
    for edit in (Remove([1]), Recolor(1, (1, 2, 3)), Merge([0, 1])):
        widget.palette_tab.edit(edit)
        assert_plain(told, "Label 2 is locked: unlock it first.")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"{"),
        ("a.json", b"[1]"),
        ("a.gpl", b"no palette"),
        ("a.csv", b"\xff\xfe,,,"),
        ("a.ase", b"ASEF\x00"),
        ("a.aco", b"\x00"),
        ("a.pal", b"JASC-PAL\n0100\n9999999\n"),
    ],
)
def test_a_damaged_palette_file(told, tmp_path, capsys, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    assert load_or_say(path) is None
    assert str(path) in told[0].message
    assert_plain(told, told[0].message)
    assert capsys.readouterr().err == ""


def test_a_file_that_is_not_there_or_cannot_be_written(
    told, tmp_path, widget, monkeypatch
):
    assert load_or_say(tmp_path / "none.gpl") is None
    assert_plain(told, f"{tmp_path / 'none.gpl'}: No such file or directory.")
    path = tmp_path / "no folder" / "a.gpl"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    widget.session.opening.offer_palette(Palette([[0, 0, 0]], units="uint8"), "black")
    save_palette(widget.palette_tab, widget.session)
    assert "no folder" in told[0].message
    assert_plain(told, told[0].message)


def failing(error, monitor):
    monitor("learn", 0.5)
    raise error


def failed(error, qtbot, told):
    runner = JobQueue(make_qt_worker)
    runner.put(Job("Doing", partial(failing, error), lambda _: None))
    qtbot.waitUntil(lambda: not runner.busy and bool(told))


def test_memory_that_is_not_enough(told, qtbot, ready, capsys):
    failed(MemoryError("could not allocate"), qtbot, told)
    assert_plain(told, "There is not enough memory for it.")
    failed(OSError(28, "No space left on device", "a.zarr"), qtbot, told)
    assert_plain(told, "a.zarr: No space left on device.")
    assert "Traceback" not in capsys.readouterr().err


def test_a_mistake_of_the_program_has_its_traceback(told, qtbot, ready):
    failed(ZeroDivisionError("division by zero"), qtbot, told)
    (one,) = told
    assert isinstance(one, ErrorNotification)
    assert isinstance(one.exception, ZeroDivisionError)


def test_an_error_where_the_result_is_shown(told, qtbot, ready):
    def work(monitor):
        monitor("learn", 0.5)
        return 1

    def show(_result):
        Parameters(n_colors=1)

    runner = JobQueue(make_qt_worker)
    said = []
    runner.message.connect(said.append)
    runner.put(Job("Doing", work, show))
    qtbot.waitUntil(lambda: not runner.busy and bool(told))
    assert_plain(told, "Colors is 1: choose a number from 2 to 65,535.")
    assert said[-1] == "Failed: Colors is 1: choose a number from 2 to 65,535."


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (Sentence("{n_colors} is 1: pass {n_samples:None}."), "Colors is 1: choose 0."),
        (
            Sentence("it is grey: pass {color_space:='rgb'}, which takes all."),
            "It is grey: choose 'Channel values' at 'Compare in', which takes all.",
        ),
        (Sentence("the {random_state} is odd."), "The Seed is odd."),
        (Sentence("{some_thing} is odd."), "Some thing is odd."),
        (
            "pass.png: it is there: pass another.",
            "pass.png: it is there: choose another.",
        ),
        ("a.png is there.", "a.png is there."),
        ("'ab' is there.", "'ab' is there."),
        ("", ""),
    ],
)
def test_sentences_are_said_in_the_words_of_the_window(sentence, said):
    assert in_window(ValueError(sentence)) == said


def test_one_place_decides_what_is_expected(told):
    try:
        Parameters(n_samples=5)
    except ValueError as error:
        complain(error)
    assert_plain(told, told[0].message)
    try:
        int("five")
    except ValueError as error:
        complain(error)
    assert isinstance(told[0], ErrorNotification)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".csv"])
@pytest.mark.parametrize("cause", ["no palette", "no folder"])
def test_what_napari_cannot_save_is_told_plainly(
    viewer_model, told, tiny, tmp_path, suffix, cause, capsys
):
    image = viewer_model.add_image(tiny, name="tiny", rgb=True)
    _, labels = quantize_layer(image, 4)
    path = tmp_path / f"a{suffix}"
    if cause == "no palette":
        labels.metadata = {}
    else:
        path = tmp_path / "none" / f"a{suffix}"
    with pytest.raises((RuntimeError, OSError)) as caught:  # as a script sees it
        labels.save(str(path), plugin="napari-colorquant")
    # As napari's dialog leaves it to its hook.
    manager = notification_manager
    assert isinstance(manager, NotificationManager)
    manager.receive_error(caught.type, caught.value, caught.tb)
    (one,) = [one for one in told if type(one) is Notification]
    assert [one.blocked for one in told if isinstance(one, ErrorNotification)] in (
        [],
        [True],
    )
    assert ("no palette" if cause == "no palette" else "none") in one.message
    assert capsys.readouterr().err == ""
