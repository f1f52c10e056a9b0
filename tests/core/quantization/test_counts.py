"""Pixels of entries, counted block by block."""

from __future__ import annotations

import os

import dask.array
import numpy as np
import pytest

from lazies import Generated, noise
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.quantization.counts import count_lazily


def test_counting_goes_through_all_blocks_in_order():
    labels = dask.array.from_array(np.arange(60).reshape(6, 10) % 5, chunks=(3, 4))
    progress = []
    counts = count_lazily(labels, 3, Monitor(progress.append))
    assert counts.tolist() == [12, 12, 12]
    assert progress == [("count", round(1000 * n / 6), 1000) for n in range(1, 7)]


def test_counting_can_be_cancelled(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), False)
    labels = Generated(((4,) * 100, (4,)), noise)

    def stop(_piece):
        raise InterruptedError

    with pytest.raises(InterruptedError), Monitor(stop) as monitor:
        count_lazily(labels.array(), 9, monitor)
    assert len(labels.computed) <= 4
