"""What is made ready when the widget opens."""

from __future__ import annotations

from threading import enumerate as running_threads

import pytest

from napari_colorquant.core.nearest import assign_tile
from napari_colorquant.viewer import warmup


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


def test_it_is_done_once_a_process(ran):
    warmup.warm_up()
    warmup.warm_up()
    wait_for_the_thread()
    assert ran == [1]


def test_opening_the_widget_does_it(ran, open_widget):
    open_widget()
    wait_for_the_thread()
    assert ran == [1]


def test_it_compiles_what_8_bit_rgb_needs():
    warmup._run_the_engine()
    types = {(str(sig[0].dtype), str(sig[6].dtype)) for sig in assign_tile.signatures}
    assert {("uint8", "uint8"), ("uint8", "uint16")} <= types  # pixels, labels
