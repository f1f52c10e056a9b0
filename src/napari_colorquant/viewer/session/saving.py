"""What is saved of the result that is shown: files, and the script that repeats it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info, show_warning

from napari_colorquant.viewer.session.jobs import Job, JobQueue
from napari_colorquant.viewer.session.measure.areas import NO_TABLE, AreaTable
from napari_colorquant.viewer.session.notify import complain, complained, refused
from napari_colorquant.viewer.session.results.result_data import (
    pyramid_to_save,
    save_palette,
    take_dithered,
    write_zarr,
)
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.session.sentences import NO_PALETTE, why_not_save

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.files.ome_zarr.pyramid import Pyramid
    from napari_colorquant.viewer.session.palette_editor import PaletteEditor

STOPPED = "Cancelled: save it under the same name to go on where it stopped."


class Saving:
    """Saves the palette and the layers of a result, and the table of areas.

    A method that saves returns why it did not, which the user has been told, else an
    empty string.
    """

    def __init__(
        self,
        jobs: JobQueue,
        editor: PaletteEditor,
        areas: AreaTable,
        say: Callable[[str], None],
    ) -> None:
        self._jobs, self._editor, self._areas = jobs, editor, areas
        self._say = say

    def save_palette(self, path: str) -> str:
        """Save the palette, as JSON with the whole record if it is of an image."""
        result = self._editor.result
        if result is None:
            return NO_PALETTE
        try:
            save_palette(result, path)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        show_info(f"The palette is saved as {path}.")
        return ""

    def take_to_dither(self) -> Callable[[Path, Monitor], None] | str:
        """Return what `save_dithered` takes, as it is now, or why it cannot be saved.

        Call it before a name is asked for: what is wrong is told first.
        """
        result = self._editor.result
        if why_not := why_not_save(result, "dither"):
            return refused(why_not)
        assert result is not None  # as it can be saved
        if why_not := self._jobs.refuse_while_busy():
            return why_not
        try:
            return take_dithered(result)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)

    def save_dithered(
        self, path: Path, taken: Callable[[Path, Monitor], None] | None = None
    ) -> str:
        """Save the picture that is shown, dithered in its palette, for the web."""
        save, result = taken or self.take_to_dither(), self._editor.result
        if isinstance(save, str):
            return save
        assert result is not None  # as something is ready
        name = result.name

        def show(_: None) -> None:
            self._say(f"Saved {name} as {path}, dithered.")

        doing = f"Saving {name}"
        return self._jobs.put(Job(doing, partial(save, path), show, (result.picture,)))

    def take_to_save(self) -> tuple[Pyramid, str] | str:
        """Return what `save_ome_zarr` takes, as it is now, or why it cannot be saved.

        Call it before a name is asked for: what is wrong is told first.
        """
        result = self._editor.result
        if result is None:
            return NO_PALETTE
        if why_not := self._jobs.refuse_while_busy():
            return why_not
        try:
            return pyramid_to_save(result)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)

    def save_ome_zarr(
        self,
        path: Path,
        version: str = "0.5",
        taken: tuple[Pyramid, str] | None = None,
    ) -> str:
        """Save what is shown; a cancelled save goes on under the same name."""
        ready, result = taken or self.take_to_save(), self._editor.result
        if isinstance(ready, str):
            return ready
        assert result is not None  # as something is ready
        if path.exists():  # of what is unfinished the name is another one
            return refused(
                f"{path} exists already: choose another name, or remove it first."
            )
        (pyramid, note), name = ready, result.name
        if note:
            show_warning(note)

        def show(notes: Sequence[str]) -> None:
            self._say(f"Saved {name} as {path}.")
            for note in notes:
                show_warning(note)

        save = partial(write_zarr, path, pyramid, version)
        return self._jobs.put(Job(f"Saving {name}", save, show, if_cancelled=STOPPED))

    def save_table(self, path: str | PathLike[str]) -> str:
        """Save the table of areas as CSV."""
        if self._areas.rows is None:
            return refused(NO_TABLE)
        try:
            self._areas.save(path)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        self._say(f"Saved the table as {path}.")
        return ""

    def script(self) -> str | None:
        """Return the script that repeats the result; None where there is none."""
        result = self._editor.result
        if why_not := why_not_save(result, "copy"):
            show_error(why_not)
            return None
        assert result is not None  # as there is something to repeat
        try:
            return script_of(result.record)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            return None
