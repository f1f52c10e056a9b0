"""What all tests share."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import dask
import pytest
from hypothesis import settings
from sklearn.datasets import load_sample_image

if TYPE_CHECKING:
    import numpy as np

# The same examples in every run, so that a clone passes or fails for a reason:
# `pytest --hypothesis-profile=search` looks for new ones. There are no deadlines,
# as the kernels are compiled when they are first called.
settings.register_profile("tests", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("tests")


KINDS = {
    "gui": {"make_napari_viewer", "make_napari_viewer_proxy", "qtbot"},
    "cluster": {"cluster", "outside"},
}
"""Markers, and the fixtures of which a test with such a marker asks for one."""


def pytest_collection_modifyitems(items):
    """Mark tests by what they need, so that they can be left out: `-m "not gui"`.

    Files that start processes come first, then those with windows: two processes that
    share the files end together if what takes long does not come last.
    """
    for item in items:
        for kind, fixtures in KINDS.items():
            if fixtures.intersection(getattr(item, "fixturenames", ())):
                item.add_marker(kind)
        if item.path.stem in (
            "test_demo",
            "test_docs",
            "test_howto",
            "test_tutorials",
        ):
            item.add_marker("docs")
    kinds_of = defaultdict(set)
    for item in items:
        kinds_of[item.path].update(marker.name for marker in item.iter_markers())
    order = ("docs", "network", "cluster", "gui")

    def place(item):
        kinds = kinds_of[item.path]
        return next((i for i, kind in enumerate(order) if kind in kinds), len(order))

    items.sort(key=place)


def pytest_collection_finish():
    """Let garbage be sought in what tests make, and not in thousands of tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def china() -> np.ndarray:
    """The picture of scikit-learn's example: uint8, (427, 640, 3), read-only."""
    picture = load_sample_image("china.jpg")
    picture.flags.writeable = False
    return picture


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two workers, each a process; those that are killed come again."""
    distributed = pytest.importorskip("distributed")
    with (
        # Or a worker that is killed twice in 15 seconds would stay away.
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def client(cluster):
    """A client of the cluster, when its workers are there: the current one."""
    import distributed

    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture
def outside(tmp_path):
    """A scheduler and a worker, processes of their own; its file and itself."""
    file = tmp_path / "scheduler.json"

    def start(program, *options):
        return subprocess.Popen(
            [
                *(sys.executable, "-m", f"distributed.cli.{program}"),
                *("--scheduler-file", str(file), "--no-dashboard", *options),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
    worker = start("dask_worker", "--no-nanny", "--nthreads", "1")
    try:
        yield file, scheduler
    finally:
        for process in (worker, scheduler):
            process.kill()
            process.wait()
