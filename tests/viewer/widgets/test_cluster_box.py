"""The box of the cluster: remembered, used by runs that need one, in no one's way."""

from __future__ import annotations

import socket

import dask.array
import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from napari_colorquant import Parameters, quantize
from napari_colorquant.core.compute import cluster as cluster_module
from napari_colorquant.core.compute import connection as connection_module
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quantization.levels import quantize_levels
from napari_colorquant.core.quantization.run import quantize_pixels
from napari_colorquant.viewer.session.choices.settings import default_cluster, reset
from napari_colorquant.viewer.session.jobs import Job, JobQueue
from napari_colorquant.viewer.session.qt_worker import make_qt_worker
from napari_colorquant.viewer.widgets.parameters_form import cluster_box
from old_napari import needs_settings

distributed = pytest.importorskip("distributed")

NOBODY = "tcp://127.0.0.1:9"
IMAGE = np.random.default_rng(3).integers(0, 256, (40, 50, 3), "u1")
FOUR = Parameters(n_colors=4)


@pytest.fixture
def address():
    """The address of a cluster, in the box."""
    with distributed.LocalCluster(n_workers=1, dashboard_address=":0") as cluster:
        yield cluster.scheduler_address


def enter(box, text, qtbot):
    box.native.selectAll()
    qtbot.keyClicks(box.native, text)
    box.native.editingFinished.emit()


def done(runner, work, qtbot):
    """Run; return what was shown and what was said."""
    shown, said = [], []
    runner.message.connect(said.append)
    assert runner.put(Job("Doing it", work, shown.append)) == ""
    qtbot.waitUntil(lambda: not runner.busy, timeout=60_000)
    return shown, said


def lazily(monitor):
    lazy = dask.array.from_array(IMAGE, chunks=(20, 20, 3))
    return quantize_levels([see_blocks(lazy)], FOUR, monitor)[0]


@needs_settings
def test_what_is_entered_is_remembered(qtbot):
    box = cluster_box()
    qtbot.addWidget(box.native)
    assert box.value == default_cluster() == ""
    enter(box, f" {NOBODY}", qtbot)
    assert default_cluster() == NOBODY
    again = cluster_box()
    qtbot.addWidget(again.native)
    assert again.value == NOBODY
    reset()
    assert default_cluster() == ""


def test_the_widget_has_it_and_resets_it(open_alone, qtbot):
    widget = open_alone()
    enter(widget.form.cluster, NOBODY, qtbot)
    widget.form.reset_button.changed.emit(True)
    assert widget.form.cluster.value == default_cluster() == ""


def test_a_run_uses_the_cluster(address, qtbot, ready):
    seen = []
    runner = JobQueue(make_qt_worker, lambda: f"{address} ")

    def watched(monitor):
        with cluster_module.active_cluster(monitor, "read") as cluster:
            seen.append(cluster)
        return lazily(monitor)

    (result,), _ = done(runner, watched, qtbot)
    assert seen != [None]
    expected = quantize(IMAGE, 4)
    np.testing.assert_array_equal(result.palette.colors, expected.palette.colors)
    np.testing.assert_array_equal(result.labels, expected.labels)


def test_a_scheduler_that_does_not_answer_is_told_of_once(qtbot, ready, monkeypatch):
    monkeypatch.setattr(connection_module, "_TIMEOUT", 1)
    notification_manager.records.clear()
    shown, said = done(JobQueue(make_qt_worker, lambda: NOBODY), lazily, qtbot)
    assert shown == []
    sentence = f"No dask scheduler answers at {NOBODY}: start one, or choose the "
    assert said[-1].startswith(f"Failed: {sentence}")
    (record,) = notification_manager.records
    assert record.message.startswith(sentence)


def test_a_picture_in_memory_does_not_wait_for_a_scheduler(qtbot, ready):
    def work(monitor):
        return quantize_pixels(see_pixels(IMAGE), FOUR, monitor)

    (result,), _ = done(JobQueue(make_qt_worker, lambda: NOBODY), work, qtbot)
    assert len(result.palette) == 4


def test_cancel_does_not_wait_for_a_scheduler(qtbot, ready, monkeypatch):
    monkeypatch.setattr(connection_module, "_TIMEOUT", 3600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        runner = JobQueue(
            make_qt_worker, lambda: f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        )
        progress, shown = [], []
        runner.progressed.connect(lambda done, _: progress.append(done))
        assert runner.put(Job("Doing it", lazily, shown.append)) == ""
        qtbot.waitUntil(lambda: len(progress) > 1, timeout=60_000)
        runner.cancel()
        qtbot.waitUntil(lambda: not runner.busy, timeout=60_000)
    assert shown == []
    assert set(progress) == {0}
