"""One palette for many images: what applies it to layers, or to files of a folder."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.compute.wording import is_expected
from napari_colorquant.core.palette.edits import Clean
from napari_colorquant.files.batch import outputs as files
from napari_colorquant.files.batch.sources import expanded
from napari_colorquant.files.batch.tables import table_of_all, write_table
from napari_colorquant.viewer.layers.image_input import joined
from napari_colorquant.viewer.layers.ownership import add_pair
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.session.choices.target_choice import can_hold_channels
from napari_colorquant.viewer.session.choices.target_of_job import for_ready_palette
from napari_colorquant.viewer.session.jobs import Job
from napari_colorquant.viewer.session.measure.areas import Taken
from napari_colorquant.viewer.session.notify import (
    complain,
    complained,
    in_window,
    refused,
)
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.sentences import cleaned_in_words
from napari_colorquant.viewer.session.state import SessionState
from napari_colorquant.viewer.tasks.batch import (
    Asked,
    LayerPart,
    Outcome,
    apply_to_files,
    apply_to_layers,
    take_part,
)
from napari_colorquant.viewer.tasks.measure import Measured
from napari_colorquant.viewer.tasks.work import take_work

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import pandas as pd
    from napari.layers import Image

SUMMARY = "summary.csv"
"""The file with the table of all files, in the folder of their results."""
_ELSEWHERE = "choose another folder for the results"
_MOST_LINES = 3
"""Sentences on single images that the message has; a list has all."""
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f"*/:<>?\\|]')
"""What the name of a file may not have, on some system."""


@dataclass(frozen=True, slots=True, eq=False)
class _Applied:
    """What is applied to all images.

    failures: why some could not be begun, by name. folder, summary: where files are,
    and the table that is written.
    """

    result: Result
    asked: Asked
    names: list[str]
    failures: dict[str, str]
    folder: str = ""
    summary: Path | None = None

    @property
    def doing(self) -> str:
        n = len(self.names)
        return f"Applying {self.result.name} to {_number_of(n)}"

    def table(self, tables: dict[str, pd.DataFrame | None]) -> pd.DataFrame:
        """Return one table of all images, by the tables of those that were done."""
        return table_of_all(self.names, [tables.get(name) for name in self.names])

    def told(self, outcomes: list[Outcome]) -> tuple[str, list[str]]:
        """Return in a sentence what came of all, and others on single images."""
        failures, notes = dict(self.failures), dict[str, list[str]]()
        for one in outcomes:
            if one.error is not None:
                failures[one.name] = _why(one.error)
            for note in one.notes:
                notes.setdefault(note, []).append(self._short(one.name))
        n_done = sum(one.table is not None for one in outcomes)
        file = "" if self.summary is None else f" and in {self.summary}"
        where = f": their areas are in the Measure tab{file}" if n_done else ""
        all_of_them = _number_of(len(self.names))
        cleaned = cleaned_in_words(self.asked.cleans)
        how = f", each cleaned {cleaned}" if cleaned and n_done else ""
        said = f"Applied {self.result.name} to {n_done} of {all_of_them}{how}{where}."
        return said, [
            *(
                why if why.startswith(name) else f"{self._short(name)}: {why}"
                for name, why in failures.items()
            ),
            *(f"{joined(names)}: {note}" for note, names in notes.items()),
        ]

    def _short(self, name: str) -> str:
        return name.removeprefix(self.folder)


class Batch:
    """Applies the palette which a session shows to many images at once.

    A method returns why it began nothing, which the user has been told, else an empty
    string.
    """

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._chosen: WeakKeyDictionary[Result, Clean] = WeakKeyDictionary()

    @property
    def cleans(self) -> tuple[Clean, ...]:
        """How each image is cleaned: as was chosen, or else as what is shown was."""
        result = self._state.editor.result
        if result is None:
            return ()
        chosen = self._chosen.get(result)
        if chosen is not None:
            return () if chosen.is_off else (chosen,)
        return tuple(one for one in result.edits if isinstance(one, Clean))

    def choose_clean(self, clean: Clean) -> None:
        """Choose how each image is cleaned that the palette shown now is applied to."""
        if self._state.editor.result is not None:
            self._chosen[self._state.editor.result] = clean

    def apply_to_layers(self, *, of_all: bool) -> str:
        """Redraw the selected image layers in the palette that is shown, or all layers.

        All are those that show no result. Each is redrawn whole and alone;
        `areas.table` has the areas of all in the end.
        """
        state = self._state
        why_not = state.possible.now["apply_all" if of_all else "apply_selected"]
        if state.jobs.busy or why_not:
            return state.jobs.refuse_while_busy() or refused(why_not)
        layers, parts = state.target.whole_images(of_all=of_all), []
        batch = self._applied([layer.name for layer in layers])
        for layer in layers:
            try:
                parts.append(self._part(layer, batch.result))
            except Exception as error:  # noqa: BLE001, the others can be done
                batch.failures[layer.name] = _why(error)

        def show(outcomes: list[Outcome]) -> None:
            taken, tables = self._add_results(batch, outcomes)
            self._end(batch, outcomes, batch.table(tables), taken)

        apply = partial(apply_to_layers, parts, batch.asked)
        return state.jobs.put(Job(batch.doing, apply, show, tuple(layers)))

    def apply_to_files(
        self, folder: str | PathLike[str], output: str | PathLike[str]
    ) -> str:
        """Redraw the pictures of a folder in the palette that is shown.

        What the command writes for each is written to the folder output, with the table
        of all as SUMMARY. No file is overwritten.
        """
        state = self._state
        why_not = state.possible.why_not_apply_to()
        if state.jobs.busy or why_not:
            return state.jobs.refuse_while_busy() or refused(why_not)
        source, place = Path(folder), Path(output)
        summary = place / SUMMARY
        try:
            found = list(map(Path, expanded([source])))
            files.make_folder(place)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        if found == [source]:
            return refused(f"{source} holds no picture: choose another folder.")
        if os.path.lexists(summary):
            return refused(f"{summary} exists already: {_ELSEWHERE}.")
        batch = self._applied(list(map(str, found)), f"{source}{os.sep}", summary)
        jobs = _jobs(found, place, batch)
        result = batch.result
        is_rgb = result.recorded.rgb if result.recorded.is_of_known_channels else None

        def apply(monitor: Monitor) -> tuple[list[Outcome], pd.DataFrame]:
            outcomes = apply_to_files(jobs, batch.asked, is_rgb, monitor)
            table = batch.table({one.name: one.table for one in outcomes})
            try:
                write_table(summary, table)
            except OSError as error:  # what was done is told all the same
                outcomes.append(Outcome(str(summary), error))
            return outcomes, table

        def show(found: tuple[list[Outcome], pd.DataFrame]) -> None:
            self._end(batch, *found)

        stopped = f"Cancelled: what was done before is in {place}, without a table."
        return state.jobs.put(Job(batch.doing, apply, show, if_cancelled=stopped))

    def _applied(self, names: list[str], *of_files: Any) -> _Applied:
        """Return what is to be applied to images, by their names."""
        state = self._state
        result, by = state.editor.result, state.areas.now.by
        assert result is not None  # or it is refused
        asked = Asked(
            state.choices.applied(result.palette.uncounted()), by, self.cleans
        )
        return _Applied(result, asked, names, {}, *of_files)

    def _part(self, layer: Image, result: Result) -> LayerPart:
        """Take a whole layer; raise as take_work, or where the palette does not fit."""
        state = self._state
        chosen, is_known = state.target.now, result.recorded.is_of_known_channels
        axis = result.recorded.pixel_axis if is_known else chosen.channel_axis
        if layer is chosen.image and chosen.axis is not None:
            axis = chosen.axis
        if axis == -1 or not can_hold_channels(layer):
            axis = None
        target = for_ready_palette(Target((layer,), channel_axis=axis), result)
        has_white = bool(layer.rgb) and np.dtype(layer.dtype).name == chosen.dtype
        return take_part(
            take_work(target, state.choices.data_range if has_white else None)
        )

    def _add_results(
        self, batch: _Applied, outcomes: list[Outcome]
    ) -> tuple[Taken, dict[str, pd.DataFrame | None]]:
        """Add the results of layers; return what was measured, under their new names.

        The palette that was applied goes on to be shown.
        """
        state = self._state
        done = [(one, one.made) for one in outcomes if one.made is not None]
        pairs = [result_layers(made.work.image, made.run) for _, made in done]
        with state.layers_kept_active():
            for pair in pairs:
                add_pair(state.viewer, pair)
        parts: list[tuple[Result, Measured]] = []
        tables: dict[str, pd.DataFrame | None] = {}
        for pair, (outcome, made) in zip(pairs, done, strict=True):
            state.add_result(pair, made.work.only_layer)
            result = state.editor.result
            assert result is not None  # the one that was just added
            for clean, cleaned in zip(batch.asked.cleans, made.cleaned, strict=True):
                result.adopt(cleaned, clean)  # as an edit, which can be undone
            parts.append((result, replace(made.measured, name=result.name)))
            if outcome.table is not None:
                tables[outcome.name] = outcome.table.assign(image=result.name)
        if batch.result in list(state.results):
            state.editor.show(batch.result)
        return Taken(tuple(parts), batch.asked.by, None, None), tables

    def _end(
        self,
        batch: _Applied,
        outcomes: list[Outcome],
        table: pd.DataFrame,
        taken: Taken | None = None,
    ) -> None:
        """Show the table, and say what came of all images and of single ones."""
        state = self._state
        state.areas.show(taken or Taken((), batch.asked.by, None, None), table)
        state.events.areas.emit()
        state.tell_possible()
        said, lines = batch.told(outcomes)
        n_more = len(lines) - _MOST_LINES
        more = [f"… and {n_more} more."] if n_more > 0 else []
        state.say("\n".join([said, *lines[:_MOST_LINES], *more]))
        if more or any(one.table is None for one in outcomes) or batch.failures:
            state.events.listed.emit(said, lines)


def _jobs(sources: Sequence[Path], place: Path, batch: _Applied) -> list[files.Job]:
    """Return the jobs of pictures that harm no file; put the others in failures."""
    result, advice = batch.result, files.Advice(_ELSEWHERE, _ELSEWHERE)
    name = str(len(result.palette)) if result.recorded.is_of_an_image else result.name
    inputs = files.inputs_of(sources)
    claimed: dict[str, Path | str] = {}
    jobs = []
    for source in sources:
        job = files.Job(source, place, _NOT_IN_NAMES.sub("_", name))
        complaint = files.obstacle(job, inputs, claimed, advice)
        if complaint is None:
            jobs.append(job)
        else:
            batch.failures[str(source)] = complaint
    return jobs


def _number_of(n: int) -> str:
    return f"{n:,} image{'s' if n != 1 else ''}"


def _why(error: Exception) -> str:
    """Return why an image was not done; show the traceback of a mistake of ours."""
    if not is_expected(error):
        complain(error)
    return in_window(error)
