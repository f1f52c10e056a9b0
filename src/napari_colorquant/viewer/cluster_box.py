"""The box that says on which cluster images larger than memory are worked on."""

from __future__ import annotations

from typing import TypeVar

from magicgui.widgets import LineEdit

from napari_colorquant.core.cluster import offered
from napari_colorquant.core.steps import Steps
from napari_colorquant.viewer.settings import default_cluster, remember_cluster

R = TypeVar("R")


def cluster_box() -> LineEdit:
    """Make the box.

    Returns
    -------
    magicgui.widgets.LineEdit
        With the address that was remembered; what is entered is remembered.
    """
    box = LineEdit(
        label="Cluster",
        value=default_cluster(),
        tooltip=(
            "Address of a dask scheduler, such as tcp://10.0.0.7:8786: images larger "
            "than memory are read, learned from and saved by its workers, with the "
            "same result. Empty: this machine."
        ),
    )
    box.native.setPlaceholderText("this machine")
    box.native.editingFinished.connect(lambda: remember_cluster(box.value.strip()))
    return box


def on_cluster(address: str, steps: Steps[R]) -> Steps[R]:
    """Let a run use a cluster, if it has a use for one.

    It is connected to by the run, in the run's thread.

    Parameters
    ----------
    address : str
        What is in the box.
    steps : generator of Progress
        The run.

    Yields
    ------
    Progress
        Those of the run.

    Returns
    -------
    object
        What the run returns.
    """
    with offered(address.strip()):
        return (yield from steps)
