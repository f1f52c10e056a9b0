"""Clusters of the tests: what is waited for, and what blocks leave behind."""

from __future__ import annotations

import os
import time
from uuid import uuid4


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.01)


def is_free(cluster):
    return not cluster.scheduler.tasks


def n_known(dask_worker):
    """Return how many tasks a worker knows, those it ends though released included."""
    return len(dask_worker.state.tasks)


def is_idle(client):
    """Return whether no worker does anything: a released task may be under way."""
    return not any(client.run(n_known).values())


def dying_once(note, function, *arguments):
    """Call a function on a worker that ends the first time, and leaves a note."""
    if not note.exists():
        note.touch()
        os._exit(1)
    return function(*arguments)


def noted(block, folder):
    """Leave a file for each time that a block is read, named by who has read it."""
    (folder / f"{os.getpid()}-{uuid4().hex}").touch()
    return block
