"""What is made ready when the widget opens."""

from __future__ import annotations

import os
import subprocess
import sys
from threading import Event
from threading import enumerate as running_threads

import pytest
from numba import njit

from napari_colorquant.core.assign.code_table import _draw_rgb, _look_up
from napari_colorquant.core.color.histogram import _merge
from napari_colorquant.viewer.session.qt_worker import warm_up_until_quit
from napari_colorquant.viewer.tasks import warm_up as warmup


@pytest.fixture
def ran(monkeypatch):
    """What runs in the thread, in place of the engine."""
    calls = []
    monkeypatch.setattr(warmup, "_run_the_engine", lambda: calls.append(1))
    warmup.warm_up.cache_clear()
    yield calls
    warmup.warm_up.cache_clear()


def wait_for_the_thread():
    for thread in running_threads():
        if thread.name == "napari-colorquant warm-up":
            thread.join()


@pytest.fixture
def not_ready(monkeypatch):
    """An engine that is to be made ready, by a thread of the test's own."""
    monkeypatch.setattr(warmup, "_READY", Event())
    warmup.warm_up.cache_clear()
    yield
    wait_for_the_thread()
    warmup.warm_up.cache_clear()


def test_it_is_done_once_a_process(ran):
    warmup.warm_up()
    warmup.warm_up()
    wait_for_the_thread()
    assert ran == [1]


def test_opening_the_widget_does_it(ran, open_alone):
    open_alone()
    wait_for_the_thread()
    assert ran == [1]


def test_a_run_waits_for_it_and_says_so(
    monkeypatch, not_ready, viewer_model, open_alone, click, finish, qtbot, tiny
):
    go_on = Event()
    monkeypatch.setattr(warmup, "_run_the_engine", lambda: go_on.wait(30))
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 2
    click(widget.quantize_button)
    compiling = "Compiling the engine, once: the run follows …"
    qtbot.waitUntil(lambda: widget.result.value == compiling)
    qtbot.wait(600)
    assert len(viewer_model.layers) == 1
    go_on.set()
    finish(widget)
    assert len(viewer_model.layers) == 3
    _, waited = widget.result.value.split("\n")
    assert waited.startswith("It waited ")
    assert waited.endswith(" s for the engine to be compiled, which is done once.")


def test_a_run_that_waits_for_it_can_be_cancelled(
    monkeypatch, not_ready, viewer_model, open_alone, click, finish, qtbot, tiny
):
    go_on = Event()
    monkeypatch.setattr(warmup, "_run_the_engine", lambda: go_on.wait(30))
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    click(widget.quantize_button)
    qtbot.waitUntil(lambda: widget.result.value.startswith("Compiling"))
    click(widget.cancel_button)
    finish(widget)
    go_on.set()
    wait_for_the_thread()
    assert len(viewer_model.layers) == 1
    assert widget.result.value == "Cancelled: the layers are as they were."


def test_an_engine_that_cannot_be_made_ready_keeps_no_run_waiting(
    monkeypatch, not_ready
):
    def fail():
        raise OSError("no room for the cache")

    monkeypatch.setattr(warmup, "_run_the_engine", fail)
    warmup.warm_up()
    wait_for_the_thread()
    assert warmup._READY.is_set()  # the run says it


def test_nothing_more_is_compiled_when_the_application_ends(monkeypatch, qapp):
    compiled, began, go_on = [], Event(), Event()

    @njit(nogil=True)  # without a cache on disk, which another run may have left
    def first(value):
        return value

    @njit(nogil=True)
    def second(value):
        return value

    def work():
        compiled.append(first(1))
        began.set()
        go_on.wait(30)
        compiled.append(second(2))

    monkeypatch.setattr(warmup, "_run_the_engine", work)
    monkeypatch.setattr(warmup, "_QUIT", Event())
    warmup.warm_up.cache_clear()
    warm_up_until_quit()
    began.wait(30)
    qapp.aboutToQuit.emit()
    go_on.set()
    wait_for_the_thread()
    warmup.warm_up.cache_clear()
    assert compiled == [1]
    assert second(2) == 2


def test_a_process_that_ends_meanwhile_says_nothing(tmp_path):
    code = "from napari_colorquant.viewer.tasks.warm_up import warm_up; warm_up()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},  # compiles for seconds
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_compiles_what_8_bit_rgb_needs():
    warmup._run_the_engine()
    types = {(str(sig[0].dtype), str(sig[6].dtype)) for sig in _draw_rgb.signatures}
    assert {("uint8", "uint8"), ("uint8", "uint16")} <= types  # pixels, labels
    types = {(str(sig[0].dtype), str(sig[5].dtype)) for sig in _look_up.signatures}
    assert ("uint8", "uint8") in types  # where there is a mask
    assert "uint32" in {str(sig[1].dtype) for sig in _merge.signatures}  # counts
