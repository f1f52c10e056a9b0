"""A result saved as OME-Zarr from the viewer, part by part in the background."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_warning
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.session.result import Result
from napari_colorquant.viewer.session.result_data import pyramid_to_save, write_zarr

if TYPE_CHECKING:
    from collections.abc import Sequence

    # Where they are called they are imported: they load a compiler, which stalls.

STOPPED = "Cancelled: save it under the same name to go on where it stopped."
_VERSIONS = {"OME-Zarr 0.5 (*.zarr)": "0.5", "OME-Zarr 0.4 (*.zarr)": "0.4"}


def save_zarr(parent: QWidget, runner: JobQueue, result: Result) -> None:
    """Let the user save a result as OME-Zarr, in the background.

    What cannot be saved is told in one sentence.
    """
    if runner.busy:
        show_warning(UNDER_WAY)
        return
    try:
        pyramid, note = pyramid_to_save(result)
    except Exception as error:  # noqa: BLE001, told as what it is
        complain(error)
        return
    chosen = choose_zarr(parent, result.name)
    if chosen is None:
        return
    path, version = chosen
    if path.exists():  # of what is unfinished the name is another one
        show_error(f"{path} exists already: choose another name, or remove it first.")
        return
    if note:
        show_warning(note)

    def show(notes: Sequence[str]) -> None:
        runner.message.emit(f"Saved {result.name} as {path}.")
        for note in notes:
            show_warning(note)

    save = partial(write_zarr, path, pyramid, version)
    runner.start(Job(f"Saving {result.name}", save, show, if_cancelled=STOPPED))


def choose_zarr(parent: QWidget, name: str) -> tuple[Path, str] | None:
    """Ask for a .zarr path and a version of OME-NGFF; None if nothing is chosen."""
    path, kind = QFileDialog.getSaveFileName(
        parent, "Save as OME-Zarr", f"{name}.ome.zarr", ";;".join(_VERSIONS)
    )
    if not path:
        return None
    if not path.lower().endswith(".zarr"):
        path += ".ome.zarr"
    return Path(path), _VERSIONS.get(kind, "0.5")
