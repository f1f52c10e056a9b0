"""The state of one viewer: what is chosen in it, its results, what can be done.

Widgets show it; a script or a test does without them. It has more than 400 lines, as
one change, such as a layer that is removed, touches all parts of the state in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer
from napari.utils.notifications import show_error, show_info
from psygnal import Signal, SignalGroup

from napari_colorquant.core.learn.parameters import (
    DEFAULTS,
    DESCRIPTIONS,
    NO_LIMIT,
    Parameters,
)
from napari_colorquant.core.learn.presets import PRESETS
from napari_colorquant.core.palette.edits import SORT_KEYS
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import read_weights
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.image_input import joined
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.ownership import add_pair
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.session import settings
from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue, SyncWorker
from napari_colorquant.viewer.session.measure.areas import NO_TABLE, AreaTable
from napari_colorquant.viewer.session.measure.made_layers import MadeLayers
from napari_colorquant.viewer.session.notify import (
    complain,
    complained,
    in_window,
    load_or_say,
    refused,
)
from napari_colorquant.viewer.session.palette_editor import PaletteEditor
from napari_colorquant.viewer.session.result import Result, palette_alone
from napari_colorquant.viewer.session.result_data import save_palette, take_dithered
from napari_colorquant.viewer.session.result_list import ResultList
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.session.sentences import (
    FEW_RESULTS,
    NO_IMAGE,
    NO_PALETTE,
    NO_REDO,
    NO_RUN,
    NO_UNDO,
    OF_BYTES,
    SAVED,
    Distances,
    distances_in,
    preset_is_set,
    shown_of,
    status_line,
    why_not_clean,
    why_not_mark,
    why_not_measure,
    why_not_merge,
    why_not_remove,
    why_not_save,
    why_not_sort,
)
from napari_colorquant.viewer.session.target_choice import (
    Chosen,
    TargetChoice,
    for_comparison,
    for_ready_palette,
    locked_for,
)
from napari_colorquant.viewer.tasks.live_layers import LiveLayers
from napari_colorquant.viewer.tasks.quality import QualityResult

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from napari import Viewer

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.viewer.layers.target import Target

_MOVES = ("point", "order", "ndisplay")
"""What the sliders of a viewer change, and which axes have them."""
_NO_LAYER_OF_RECORD = (
    "to go on with its result, open the picture or labels that were saved, select "
    "their layer, and open this again."
)


class SessionEvents(SignalGroup):
    """What is emitted after something has changed."""

    target = Signal()
    """What is chosen to be quantized, or what there is to choose from."""
    parameters = Signal()
    results = Signal()
    """The results that there are, their names, or which one is shown."""
    palette = Signal()
    """The palette that is shown is another one, or was edited."""
    entries = Signal()
    possible = Signal(dict)
    """What can be done now may be something else: emitted with `possible`."""
    opened = Signal()
    """A palette or a result from a file is shown."""
    busy = Signal(bool)
    progress = Signal(int, int)
    message = Signal(str)
    quality = Signal()
    areas = Signal()
    """What is measured, or what there is to choose from for it, or the table."""
    moved = Signal()
    """The viewer may show another slice."""
    curve = Signal()
    listed = Signal(str, list)
    """What came of many images, and sentences on single ones."""
    preview_wanted = Signal()
    """`update_preview` should be called after a pause: more changes may follow."""


class SessionState:
    """What is chosen in a viewer, its results, and what can be done with them.

    make_worker: see JobQueue. later: see Result. target: what is chosen to be
    quantized. editor: the palette that is shown. message: what has just happened.
    """

    def __init__(
        self,
        viewer: Viewer,
        make_worker: Callable[..., Any] = SyncWorker,
        later: Callable[[Callable[[], object]], object] | None = None,
    ) -> None:
        self.viewer = viewer
        self.events = SessionEvents()
        self.choices: dict[str, Any] = {
            **{name: described.first for name, described in DESCRIPTIONS.items()},
            **settings.choices_of(DEFAULTS),
            **settings.choices_of(settings.default_parameters()),
            "white": None,
        }
        self._preset: str | None = None
        self.live = False
        self.cluster = settings.default_cluster()
        self.quality: QualityResult | None = None
        self.message = ""
        self.jobs = JobQueue(make_worker, lambda: self.cluster)
        self.results = ResultList(later)
        self.editor = PaletteEditor(self.jobs)
        self._live = LiveLayers(viewer)
        self.target = TargetChoice(viewer, self._live.owns)
        self.target.choose(scaling=settings.default_scaling())
        self.areas = AreaTable(
            lambda: list(self.results),
            lambda: self.editor.result,
            self._results_of_selected,
            self.target.regions,
        )
        self.made = MadeLayers(
            self.jobs, self.areas, lambda: self.editor.result, self.add_layer
        )
        self._white_dtype = ""
        self._distances: Distances | None = None
        self._adding = False
        self._leave_comparison: Callable[[], None] = lambda: None
        self._find_results()
        self._on_active_layer()
        self._on_selection()
        self._on_target(self.target.now)
        self._connect()
        self.refresh_message()

    # --------------------------------------------------------------- what is chosen

    @property
    def parameters(self) -> Parameters:
        """What is chosen, and the locked colours of the palette that is shown.

        ValueError if they do not fit together: a sample smaller than the palette.
        """
        of_light = {} if self.is_light else {"color_space": "rgb", "weights": ""}
        parameters = settings.parameters_of(self.choices | of_light)
        fixed = self.locked
        return parameters if fixed is None else replace(parameters, fixed=fixed)

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        chosen = settings.choices_of(DEFAULTS) | settings.choices_of(parameters)
        self.choose(**chosen)

    def choose(self, **choices: Any) -> None:
        """Choose other values for keys of `choices`; another aim starts anew.

        Weights are of the channels of a space: another one has none, and another space
        or weight leaves no pixel out any more. Beside those of SETTINGS, "white" is the
        value of white, None to find it.
        """
        aim = choices.get("aim", self.choices["aim"])
        first = DESCRIPTIONS[settings.AIMS[aim]].first
        if aim != self.choices["aim"] and first is not None:
            choices = {settings.AIMS[aim]: first, **choices}
        before = self.choices
        if choices.get("color_space", before["color_space"]) != before["color_space"]:
            choices = {"weights": "", **choices}
        self.choices = before | choices
        if self.distances != self._distances and self.target.now.layers:
            self._distances = self.distances  # a distance has other units
            self.choices = before | {"max_distance": NO_LIMIT} | choices
        if self.choices != before:
            self.events.parameters.emit()
            self._want_preview()

    @property
    def preset(self) -> str | None:
        """The name of the preset that was chosen, None once a choice differs."""
        name, choices = self._preset, self.choices.items()
        return name if name and self._choices_of(name).items() <= choices else None

    def choose_preset(self, preset: str) -> None:
        """Choose what one of PRESETS sets, and say what that is."""
        self._preset, changes = preset, self._choices_of(preset)
        self.choose(**changes)
        self.events.parameters.emit()  # its name is new, even if no choice is
        self.say(preset_is_set(preset, changes, is_light=self.is_light))

    def _choices_of(self, preset: str) -> dict[str, Any]:
        space = PRESETS[preset].parameters.color_space if self.is_light else "rgb"
        # Without an image, a limit is dropped as soon as there is one.
        is_bytes = (
            bool(self.target.now.layers) and self._distances_in(space) == OF_BYTES
        )
        return settings.choices_of_preset(preset, is_bytes=is_bytes)

    def choose_live(self, live: bool) -> None:
        """Let every change be shown after a moment, or no more."""
        if live != self.live:
            self.live = live
            self.events.parameters.emit()
            self.events.preview_wanted.emit()

    def reset_parameters(self) -> None:
        """Choose the defaults, in this session and later ones."""
        self.choose(**settings.choices_of(DEFAULTS), white=None)
        self.target.choose(scaling=SCALINGS[0])
        self.cluster = ""
        settings.reset()
        self.events.parameters.emit()

    @property
    def is_light(self) -> bool:
        """Whether RGB is chosen, or nothing: else colours are compared as they are."""
        now = self.target.now
        is_rgb = now.image is None or bool(now.image.rgb)
        return is_rgb and not now.channels and now.axis is None

    @property
    def dtype(self) -> str:
        """The name of the dtype of the chosen image; empty for none."""
        image = self.target.now.image
        return "" if image is None else np.dtype(image.dtype).name

    @property
    def data_range(self) -> float | None:
        """The value of white, where it is chosen and the image has one."""
        white: float | None = self.choices["white"] if self.is_light else None
        return white

    @property
    def distances(self) -> Distances:
        """What distances between colours are in."""
        return self._distances_in(self._space, self._weights)

    def _distances_in(self, space: str, weights: str = "") -> Distances:
        now = self.target.now
        scaling = now.scaling if now.channels else "none"
        return distances_in(space, self.dtype, scaling, weights)

    @property
    def _space(self) -> str:
        return str(self.choices["color_space"]) if self.is_light else "rgb"

    @property
    def _weights(self) -> str:
        return str(self.choices["weights"]) if self.is_light else ""

    @property
    def max_distance(self) -> float | None:
        """How far pixels may be from their entry; None for any."""
        farthest: float = self.choices["max_distance"]
        return farthest or None

    @property
    def locked(self) -> Palette | None:
        """The colours of the palette that Quantize keeps; None for none."""
        now, result = self.target.now, self.editor.result
        if result is None or not now.layers:
            return None
        return locked_for(now.layers, result, now.axis)

    # ------------------------------------------------------------- what can be done

    def possible(self) -> dict[str, str]:
        """Return for each action why it cannot be done now, else empty.

        "merge" is "merge_mean" or "merge_first"; "sort_" comes before the SORT_KEYS.
        """
        result, entries = self.editor.result, self.editor.entries
        busy = UNDER_WAY if self.jobs.busy else ""
        no_image = "" if self.target.now.layers else NO_IMAGE
        few = "" if len(self.selected_results()) > 1 else FEW_RESULTS
        measure = busy or why_not_measure(result)
        mean, first = (why_not_merge(result, entries, it) for it in (False, True))
        has_undo = result is not None and result.next_undo is not None
        has_redo = result is not None and result.next_redo is not None
        return {
            "quantize": busy or no_image,
            "cancel": "" if busy else NO_RUN,
            "compare": busy or self._why_not(for_comparison),
            "compare_results": busy or few,
            "curve": busy or no_image,
            "measure": measure,
            "map_error": measure,
            "areas": busy or self.areas.why_not(),
            "objects": busy or self.areas.why_not_shown(),
            "class_layer": busy or self.made.why_not_classes(),
            "open_regions": busy or self.areas.why_not_shown(),
            "copy_table": "" if self.areas.rows is not None else NO_TABLE,
            "save_table": "" if self.areas.rows is not None else NO_TABLE,
            "count": busy,
            "merge": busy or (first and mean),
            "merge_mean": mean,
            "merge_first": first,
            "remove": busy or why_not_remove(result, entries),
            "lock": busy or why_not_mark(result, entries),
            "classify": busy or why_not_mark(result, entries),
            "clean": busy or why_not_clean(result),
            "sort": busy or why_not_sort(result),
            **{f"sort_{key}": why_not_sort(result, key) for key in SORT_KEYS},
            "undo": busy or ("" if has_undo else NO_UNDO),
            "redo": busy or ("" if has_redo else NO_REDO),
            "apply": busy or self._why_not_apply(result),
            "open": "",
            **{what: why_not_save(result, what) for what in SAVED},
        }

    @property
    def table(self) -> pd.DataFrame | None:
        """The areas that were measured last; None for none."""
        return self.areas.table

    def choose_areas(self, **values: Any) -> None:
        """Choose other values for fields of AreaChoice."""
        self.areas.choose(**values)
        self.events.areas.emit()
        self._tell_possible()

    def selected_results(self) -> list[Result]:
        """Return the results with a picture if two layers or more are selected."""
        selected = [one for one in self.viewer.layers if self._is_selected(one)]
        if len(selected) < 2:
            return []
        return [one for one in self._results_of_selected() if one.picture]

    def _results_of_selected(self) -> list[Result]:
        """Return the results that selected layers show, from the bottom up."""
        selected = [one for one in self.viewer.layers if self._is_selected(one)]
        found = [self._result_of(layer) for layer in selected]
        return [one for one in dict.fromkeys(found) if one]

    def _why_not(self, narrowed: Callable[[Target], Target]) -> str:
        """Return why a job is always refused for what is chosen, or ''."""
        if not self.target.now.layers:
            return NO_IMAGE
        try:
            narrowed(self.target.target(None))
        except ValueError as error:
            return in_window(error)
        return ""

    def _why_not_apply(self, result: Result | None) -> str:
        """Return why a palette cannot be applied to what is chosen, or ''."""
        if result is None:
            return NO_PALETTE
        return self._why_not(partial(for_ready_palette, result=result))

    def _for_palette(self, target: Target, result: Result) -> Target:
        """Return what a palette is applied to; ValueError if that or a limit fails."""
        if why_not := self._why_no_limit(result):
            raise ValueError(why_not)
        return for_ready_palette(target, result)

    def _why_no_limit(self, result: Result) -> str:
        """Return why what is left out cannot be of a palette, or ''."""
        space, titles = result.palette.color_space, DESCRIPTIONS["color_space"].choices
        if self.max_distance is None:
            return ""
        try:
            weights = read_weights(self._weights) or None
        except ValueError as error:
            return in_window(error)
        if (space, result.palette.weights) == (self._space, weights):
            return ""
        if space == self._space:
            return (
                f"The palette of {result.name!r} has other channel weights, by which "
                "a distance is another one: choose the same weights, or leave out "
                "nothing."
            )
        return (
            f"The palette of {result.name!r} is compared in {titles[space]!r}, and "
            f"pixels are left out by a distance in {titles[self._space]!r}: choose "
            "the palette's at 'Compare in', or leave out nothing."
        )

    # ------------------------------------------------------------------ the results

    def open(self, path: Path) -> None:
        """Show the palette or the result that is saved in a file."""
        loaded = load_or_say(path)
        try:
            if isinstance(loaded, Palette):
                self.offer_palette(loaded, path.stem)
            elif loaded is not None:
                self.offer_record(loaded, path.stem)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)

    def offer_palette(self, palette: Palette, name: str) -> None:
        """Offer a palette to be looked at, edited and applied, under a name."""
        self._offer(palette_alone(palette, name), name)

    def offer_record(self, record: Mapping[str, Any], name: str) -> None:
        """Offer a saved result, under a name, or its palette alone.

        The result where the active layer is the picture or the labels of it; else its
        palette, and why.
        """
        layer = self.viewer.layers.selection.active
        try:
            if not isinstance(layer, Image | Labels):
                raise ValueError(_NO_LAYER_OF_RECORD)
            layers = restore_result(layer, record)
        except ValueError as error:
            palette = Palette.from_dict(record["palette"])
            self._offer(palette_alone(palette, name, record), name, str(error))
            return
        with self._layers_kept_active():
            add_pair(self.viewer, layers)
        # What was saved of the image that a record names is another one.
        sources = (it for it in self.target.images() if it.name == record["source"])
        self._know(next((one for one in sources if one != layer), None), layers)
        self.events.opened.emit()
        self.refresh_message()
        self.add_note(f"Restored from {name}.")

    def save_palette(self, path: str) -> str:
        """Save the palette, as JSON with the whole record if it is of an image."""
        if self.editor.result is None:
            return NO_PALETTE
        try:
            save_palette(self.editor.result, path)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        show_info(f"The palette is saved as {path}.")
        return ""

    def take_to_dither(self) -> Callable[[Path, Monitor], None] | str:
        """Return what `save_dithered` takes, as it is now, or why it cannot be saved.

        Call it before a name is asked for: what is wrong is told first.
        """
        result = self.editor.result
        if why_not := why_not_save(result, "dither"):
            return refused(why_not)
        assert result is not None  # as it can be saved
        if why_not := self.jobs.refuse_while_busy():
            return why_not
        try:
            return take_dithered(result)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)

    def save_dithered(
        self, path: Path, taken: Callable[[Path, Monitor], None] | None = None
    ) -> str:
        """Save the picture that is shown, dithered in its palette, for the web."""
        save, result = taken or self.take_to_dither(), self.editor.result
        if isinstance(save, str):
            return save
        assert result is not None  # as something is ready
        name = result.name

        def show(_: None) -> None:
            self.say(f"Saved {name} as {path}, dithered.")

        doing = f"Saving {name}"
        return self.jobs.put(Job(doing, partial(save, path), show, (result.picture,)))

    def script(self) -> str | None:
        """Return the script that repeats the result; None where there is none."""
        if why_not := why_not_save(self.editor.result, "copy"):
            show_error(why_not)
            return None
        assert self.editor.result is not None
        try:
            return script_of(self.editor.result.record)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            return None

    def _offer(self, result: Result, name: str, why_alone: str = "") -> None:
        self.results.add(result)
        self.events.opened.emit()
        self.editor.show(result)
        self.say(f"Opened {name}: {len(result.palette):,} colors.")
        if why_alone:
            self.add_note(f"Its palette alone: {why_alone}")

    def _know(self, source: Image | None, layers: tuple[Image, Labels]) -> None:
        self.target.refresh()  # a live picture is none to choose
        result = Result(layers[0].metadata[METADATA_KEY], *layers, source=source)
        self.results.add(result)
        self.editor.show(result)

    def add_layer(self, layer: Layer) -> None:
        """Add a layer, and leave the active and the chosen one as they are."""
        with self._layers_kept_active():
            self.viewer.add_layer(layer)

    @contextmanager
    def _layers_kept_active(self) -> Iterator[None]:
        """Keep the active layer, or else the chosen one, while layers are added.

        napari makes a new layer the active one, and the next run would then work
        on the last one's result. A comparison is left: what is made is to be seen.
        """
        self._leave_comparison()
        chosen, layers = self.target.now.image, self.viewer.layers
        selected = [layer for layer in layers if self._is_selected(layer)]
        self._adding = True  # or each new layer would be taken for one of a script
        try:
            yield
        finally:
            self._adding = False
        kept = [layer for layer in selected if layer in layers]
        layers.selection = set(kept or [layer for layer in layers if layer is chosen])
        self.target.choose(image=chosen)

    # ------------------------------------------------------------------ the message

    def say(self, text: str) -> None:
        """Replace the message by what has happened, and to what."""
        self.message = text
        self.events.message.emit(text)

    def add_note(self, text: str) -> None:
        """Add a sentence to the message, in a line below."""
        self.say(f"{self.message}\n{text}")

    def refresh_message(self) -> None:
        """Say what is shown, and which regions were left with the last image."""
        layers, result = self.target.now.layers, self.editor.result
        chosen = joined([layer.name for layer in layers]) if layers else ""
        shown = None
        if result is not None:
            is_live = any(map(self._live.owns, result.layers))
            shown = shown_of(result, layers, is_live=is_live)
        line = status_line(chosen, shown)
        self.say("\n".join(text for text in (line, self.target.dropped) if text))

    # ------------------------------------------------------------------- the viewer

    def close(self) -> None:
        """Stop the job, and listen no more: the viewer or the widget is closing."""
        for events, name, do in self._of_viewer():
            getattr(events, name).disconnect(do)
        self.target.close()
        self.areas.leave_row()
        self.jobs.close()
        self.editor.close()
        self.results.close()

    def _of_viewer(self) -> list[tuple[Any, str, Callable[..., None]]]:
        layers = self.viewer.layers
        return [
            (layers.events, "inserted", self._on_inserted),
            (layers.events, "removed", self._on_removed),
            (layers.events, "renamed", self._on_layers_changed),
            (layers.events, "renamed", self._on_shown),
            (layers.selection.events, "active", self._on_active_layer),
            (layers.selection.events, "changed", self._on_selection),
            *((self.viewer.dims.events, name, self._on_moved) for name in _MOVES),
        ]

    def _connect(self) -> None:
        for events, name, do in self._of_viewer():
            getattr(events, name).connect(do)
        self.target.changed.connect(self._on_target)
        self.target.listed.connect(self.events.target.emit)
        for events in (self.events.target, self.events.results, self.events.palette):
            events.connect(self._on_measured)
        self.target.painted.connect(self._want_preview)
        self.jobs.busy_changed.connect(self._on_busy)
        self.jobs.progressed.connect(self.events.progress.emit)
        self.jobs.message.connect(self.say)
        self.jobs.note.connect(self.add_note)
        self.results.changed.connect(self._on_results)
        self.editor.shown.connect(self.events.results.emit)
        self.editor.changed.connect(self._on_palette)
        self.editor.selected.connect(self._on_selected)
        self.editor.picked.connect(self._on_picked)
        self.editor.done.connect(self.say)
        self.made.done.connect(self._on_made)

    def _tell_possible(self) -> None:
        self.events.possible.emit(self.possible())

    def _want_preview(self) -> None:
        if self.live:
            self.events.preview_wanted.emit()

    def _on_busy(self, busy: bool) -> None:
        self.events.busy.emit(busy)
        self._tell_possible()

    def _on_target(self, before: Chosen) -> None:
        now = self.target.now
        if self.is_light and self.dtype not in ("", self._white_dtype):
            self._white_dtype = self.dtype
            self.choices = self.choices | {"white": None}  # it has another value
        if now.layers and self.distances != self._distances:
            self._distances = self.distances
            self.choices = self.choices | {"max_distance": NO_LIMIT}
        self.events.parameters.emit()
        self.events.target.emit()
        self._tell_possible()
        if (now.image, now.channels) != (before.image, before.channels):
            self._on_shown()
        self._want_preview()

    def _on_measured(self) -> None:
        """Offer what can be measured now, and drop a table that is no more true."""
        self.areas.refresh()
        self.events.areas.emit()

    def _on_shown(self, _event: object = None) -> None:
        """Say what is shown now, unless a job is under way: that is told then."""
        if not self.jobs.busy:
            self.refresh_message()

    def _on_selected(self) -> None:
        row, entries = self.areas.row, {*self.editor.entries}
        found = None if row is None else self.areas.entries_of(row)
        if found is not None and (
            not entries.issubset(found[1]) or bool(entries) != bool(found[1])
        ):
            self.areas.leave_row()
            self.events.areas.emit()
        self.events.entries.emit()
        self._tell_possible()

    def _on_picked(self, label: int, position: tuple[float, ...]) -> None:
        """Select the row of a label that was picked, and leave the view as it is."""
        row = self.areas.row_at(label, position)
        if row is None:
            return
        self.areas.leave_row()
        if label == 0:
            self.editor.select(())
        self.areas.row = row
        self.events.areas.emit()

    def _on_made(self, text: str) -> None:
        self.say(text)
        self.events.areas.emit()
        self._tell_possible()

    def _on_palette(self) -> None:
        self.quality = None
        self.events.quality.emit()
        self.events.palette.emit()
        self._tell_possible()
        self._on_shown()

    def _on_results(self) -> None:
        results = list(self.results)
        if self.editor.result not in results:
            self.editor.show(results[-1] if results else None)
        self.events.results.emit()
        self._on_shown()

    def _is_selected(self, layer: Layer) -> bool:
        return layer in self.viewer.layers.selection

    def _result_of(self, layer: Layer) -> Result | None:
        return self.results.of(layer, list(self.viewer.layers))

    def _find_results(self) -> None:
        """Find results of another visit or of a script, and show the newest.

        Those of a comparison, which have no labels, are found when they are activated.
        """
        labels = [one for one in self.viewer.layers if isinstance(one, Labels)]
        found = [result for one in labels if (result := self._result_of(one))]
        if found:
            self.editor.show(found[-1])

    def _on_selection(self, _event: object = None) -> None:
        """Quantize together what is selected together: images that are no results."""
        if self._adding:
            return
        selected = [one for one in self.target.images() if self._is_selected(one)]
        images = [layer for layer in selected if self._result_of(layer) is None]
        if images:  # a result or a region may be looked at meanwhile
            # Not by what there was before: the order of clicks is of no account.
            channels = tuple(layer for layer in images if not layer.rgb)
            self.target.choose(channels=channels)
        self._on_measured()  # the layers that are selected may be measured
        self._tell_possible()

    def _on_active_layer(self, _event: object = None) -> None:
        found = self.viewer.layers.selection.active
        # Itself: what a plugin's viewer hands out is a new proxy every time.
        active = next((one for one in self.viewer.layers if one == found), None)
        if active is None or self._adding:
            return
        result = self._result_of(active)
        if result is not None:
            self.editor.show(result)
        elif active in self.target.images():
            self.target.choose(image=active)

    def _on_moved(self, _event: object = None) -> None:
        self.events.moved.emit()

    def _on_inserted(self, event: Any) -> None:
        self._on_layers_changed()
        if not self._adding:
            self._result_of(event.value)

    def _on_layers_changed(self, _event: object = None) -> None:
        self.target.refresh()
        self._tell_possible()

    def _on_removed(self, event: Any) -> None:
        self.target.refresh()
        self.jobs.on_layer_removed(event.value)
        self.results.on_layer_removed(event.value)
        self._tell_possible()
