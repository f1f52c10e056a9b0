"""One run at a time: started, superseded, cancelled, without a viewer."""

from __future__ import annotations

from functools import partial
from threading import Event

import numpy as np
import pytest
from napari.layers import Image

from napari_colorquant.viewer.session.jobs import CANCELLED, Job, JobQueue
from napari_colorquant.viewer.session.qt_worker import make_qt_worker

UNDER_WAY = "A run is under way: wait for it, or press Cancel."


@pytest.fixture
def layer():
    return Image(np.zeros((4, 4)), name="mine")


@pytest.fixture
def runner(qapp, ready):
    return JobQueue(make_qt_worker)


@pytest.fixture
def told(runner):
    """What a runner says of its runs, in order."""
    heard = []
    runner.message.connect(heard.append)
    runner.busy_changed.connect(heard.append)
    return heard


@pytest.fixture
def make():
    """Make runs that go on until their event is set, and keep what they showed."""
    events = []

    def make_run(name, *layers, is_live=False, waits=True):
        go_on = Event()
        if not waits:
            go_on.set()
        events.append(go_on)

        def work(monitor):
            for _ in range(6000):
                if go_on.wait(0.005):
                    return name
                monitor("learn", 0.5)
            raise TimeoutError(name)

        run = Job(f"Doing {name}", work, shown.append, layers, is_live=is_live)
        return run, go_on

    shown = []
    make_run.shown = shown
    yield make_run
    for event in events:
        event.set()


@pytest.fixture
def ended(qtbot, runner):
    def wait():
        qtbot.waitUntil(lambda: not runner.busy and not runner.is_live, timeout=20_000)

    return wait


def test_a_run_is_started_watched_and_shown(runner, told, make, ended, qtbot):
    run, go_on = make("a")
    progress = []
    runner.progressed.connect(lambda *numbers: progress.append(numbers))
    assert runner.put(run) == ""
    assert runner.busy
    assert not runner.is_live
    qtbot.waitUntil(lambda: progress == [(500, 1000)] * len(progress) != [])
    go_on.set()
    ended()
    assert make.shown == ["a"]
    assert told == ["Doing a …", True, False]
    assert progress[-1] == (0, 1000)


def test_a_job_shows_nothing_that_it_works_on(layer):
    # napari takes the repr of what a worker does, and arrays would fill it.
    job = Job("Doing a", work=partial(np.sum, np.zeros(9)), show=print, layers=(layer,))
    assert "array" not in repr(job)


def test_what_is_found_is_watched(runner, ended):
    def work(found, monitor):
        monitor("learn", 1.0)
        found("a piece")
        return "all"

    seen = []
    runner.put(Job("Doing", work, seen.append, watch=seen.append))
    ended()
    assert seen == ["a piece", "all"]


def test_a_second_run_is_refused_and_a_live_one_in_silence(
    runner, make, ended, notifications
):
    run, go_on = make("a")
    runner.put(run)
    assert runner.put(make("b")[0]) == UNDER_WAY
    assert notifications == [("warning", UNDER_WAY)]
    assert runner.put(make("c", is_live=True)[0]) == UNDER_WAY
    go_on.set()
    ended()
    assert make.shown == ["a"]
    assert notifications == [("warning", UNDER_WAY)]


def test_a_live_run_keeps_nobody_waiting(runner, told, make, ended):
    run, go_on = make("live", is_live=True)
    assert runner.put(run) == ""
    assert runner.is_live
    assert not runner.busy
    go_on.set()
    ended()
    assert make.shown == ["live"]
    assert told == ["Doing live …"]


def test_a_newer_live_run_supersedes_an_older_one(
    runner, told, make, ended, notifications
):
    runner.put(make("first", is_live=True)[0])
    runner.put(make("second", is_live=True)[0])
    run, go_on = make("third", is_live=True)
    runner.put(run)
    go_on.set()
    ended()
    assert make.shown == ["third"]
    assert told == ["Doing first …", "Doing third …"]
    assert notifications == []


def test_a_run_supersedes_a_live_one_and_no_live_one_takes_its_turn(
    runner, told, make, ended, notifications
):
    runner.put(make("live", is_live=True)[0])
    run, go_on = make("full")
    assert runner.put(run) == ""
    assert runner.busy  # from now on, though the live one has not ended yet
    assert runner.put(make("late", is_live=True)[0]) == UNDER_WAY
    assert runner.put(make("other")[0]) == UNDER_WAY
    go_on.set()
    ended()
    assert make.shown == ["full"]
    assert told == ["Doing live …", True, "Doing full …", False]
    assert notifications == [("warning", UNDER_WAY)]


def test_cancel_says_why(runner, told, make, ended, notifications):
    runner.put(make("a")[0])
    runner.cancel()
    ended()
    assert make.shown == []
    assert told == ["Doing a …", True, "Cancelling …", CANCELLED, False]
    assert notifications == [("info", CANCELLED)]


def test_a_run_is_cancelled_before_its_turn(runner, told, make, ended, notifications):
    runner.put(make("live", is_live=True)[0])
    runner.put(make("full")[0])
    runner.cancel()
    ended()
    assert make.shown == []
    assert told == ["Doing live …", True, "Cancelling …", CANCELLED, False]
    assert notifications == [("info", CANCELLED)]
    runner.put(make("again", waits=False)[0])
    ended()
    assert make.shown == ["again"]


def test_there_may_be_nothing_to_cancel(runner, told, layer):
    runner.cancel()
    runner.on_layer_removed(layer)
    runner.close()
    assert told == []


def test_the_layer_of_a_run_is_removed(runner, told, make, ended, layer, notifications):
    runner.put(make("a", None, Image(np.zeros((2, 2))), layer)[0])
    runner.on_layer_removed(Image(np.zeros((4, 4))))
    assert told == ["Doing a …", True]
    runner.on_layer_removed(layer)
    ended()
    why = "Cancelled, as the layer 'mine' was removed."
    assert told[2:] == ["Cancelling …", why, False]
    assert notifications == [("info", why)]


def test_the_layer_of_a_live_run_is_removed(
    runner, told, make, ended, layer, notifications
):
    runner.put(make("live", layer, is_live=True)[0])
    runner.on_layer_removed(layer)
    ended()
    why = "Cancelled, as the layer 'mine' was removed."
    assert told == ["Doing live …", "Cancelling …", why]
    assert notifications == []
    assert make.shown == []


def test_the_layer_of_a_superseded_run_is_removed(runner, make, ended, layer):
    runner.put(make("live", layer, is_live=True)[0])
    run, go_on = make("full", Image(np.zeros((4, 4))))
    runner.put(run)
    runner.on_layer_removed(layer)
    go_on.set()
    ended()
    assert make.shown == ["full"]


def test_an_error_is_said_once(runner, told, ended, notifications, qtbot):
    def work(monitor):
        monitor("learn", 0.5)
        raise ValueError("there is no such color.")

    runner.put(Job("Doing", work, lambda _: None))
    ended()
    qtbot.waitUntil(lambda: len(notifications) > 0)
    assert told == ["Doing …", True, "Failed: There is no such color.", False]
    assert notifications == [("error", "there is no such color.")]


def test_it_lets_go_without_a_word(runner, told, make, notifications, qtbot):
    runner.put(make("live", is_live=True)[0])
    runner.put(make("full")[0])
    worker = runner._worker
    runner.close()
    qtbot.waitUntil(lambda: not worker.is_running, timeout=20_000)
    qtbot.wait(20)
    assert make.shown == []
    assert told == ["Doing live …", True]
    assert notifications == []


# ------------------------------------------------ in this thread, without an event loop


@pytest.fixture
def here():
    """A queue that works at once, and all that it says."""
    queue, heard = JobQueue(), []
    for signal in (queue.message, queue.busy_changed):
        signal.connect(heard.append)
    queue.progressed.connect(lambda *numbers: heard.append(numbers))
    return queue, heard


def test_a_job_is_done_at_once(here, ready):
    def work(found, monitor):
        found("a piece")
        monitor("learn", 0.5)
        return "all"

    queue, heard = here
    assert queue.put(Job("Doing", work, heard.append, watch=heard.append)) == ""
    assert heard == [
        *("Doing …", True, "a piece", (500, 1000), "all", (0, 1000)),
        False,
    ]


def test_a_job_that_works_at_once_is_cancelled_at_its_next_step(
    here, ready, notifications
):
    def work(monitor):
        for step in range(3):
            monitor("learn", step / 10)

    queue, heard = here
    queue.progressed.connect(lambda done, _: done == 100 and queue.cancel())
    queue.put(Job("Doing", work, heard.append))
    assert heard == [
        *("Doing …", True, (0, 1000), (100, 1000), "Cancelling …", CANCELLED),
        *((0, 1000), False),
    ]
    assert notifications == [("info", CANCELLED)]


def test_an_error_of_a_job_that_works_at_once_is_said(here, ready, notifications):
    def work(monitor):
        raise ValueError("there is no such color.")

    queue, heard = here
    queue.put(Job("Doing", work, heard.append))
    assert heard == [
        *("Doing …", True, "Failed: There is no such color.", (0, 1), False),
    ]
    assert notifications == [("error", "there is no such color.")]
