"""The box for the address of the cluster that computes images larger than memory."""

from __future__ import annotations

from typing import TypeVar

from magicgui.widgets import LineEdit

from napari_colorquant.core.cluster import offered
from napari_colorquant.core.steps import Steps
from napari_colorquant.viewer.settings import default_cluster, remember_cluster

R = TypeVar("R")


def cluster_box() -> LineEdit:
    """Return the box with the remembered address; a new entry is remembered."""
    box = LineEdit(
        label="Cluster",
        value=default_cluster(),
        tooltip=(
            "Address of a dask scheduler, such as tcp://10.0.0.7:8786: images larger "
            "than memory are read, counted and saved by its workers, with the same "
            "result. Empty: this machine."
        ),
    )
    box.native.setPlaceholderText("this machine")
    box.native.editingFinished.connect(lambda: remember_cluster(box.value.strip()))
    return box


def on_cluster(address: str, steps: Steps[R]) -> Steps[R]:
    """Run steps so that they can use the cluster at address, empty for none.

    The steps connect to it in the thread that runs them.
    """
    with offered(address.strip()):
        return (yield from steps)
