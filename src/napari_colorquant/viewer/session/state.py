"""The state of one viewer: what is chosen in it, its results, what can be done.

Widgets show it; a script or a test does without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels, Layer

from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.image_input import joined
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.session.choices import settings
from napari_colorquant.viewer.session.choices.parameter_choice import (
    NOTHING_OF_ONE_IMAGE,
    first_choice,
    values_of,
)
from napari_colorquant.viewer.session.choices.target_choice import Chosen, TargetChoice
from napari_colorquant.viewer.session.choices.target_of_job import locked_for
from napari_colorquant.viewer.session.events import SessionEvents
from napari_colorquant.viewer.session.jobs import JobQueue, SyncWorker
from napari_colorquant.viewer.session.measure.areas import AreaTable
from napari_colorquant.viewer.session.measure.made_layers import MadeLayers
from napari_colorquant.viewer.session.palette_editor import PaletteEditor
from napari_colorquant.viewer.session.possible import Possible
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.results.result_list import ResultList
from napari_colorquant.viewer.session.sentences import (
    preset_is_set,
    shown_of,
    status_line,
)
from napari_colorquant.viewer.tasks.live_layers import LiveLayers
from napari_colorquant.viewer.tasks.quality import QualityResult

if TYPE_CHECKING:
    from napari import Viewer


_MOVES = ("point", "order", "ndisplay")
"""What the sliders of a viewer change, and which axes have them."""


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
        self.choices = first_choice(self.target.now)
        self.areas = AreaTable(
            lambda: list(self.results),
            lambda: self.editor.result,
            self._results_of_selected,
            self.target.regions,
        )
        self.made = MadeLayers(
            self.jobs, self.areas, lambda: self.editor.result, self.add_layer
        )
        self.possible = Possible(
            self.jobs,
            self.target,
            self.editor,
            self.areas,
            self.made,
            lambda: self.choices,
            self.selected_results,
        )
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
        parameters, fixed = self.choices.parameters, self.locked
        return parameters if fixed is None else replace(parameters, fixed=fixed)

    @parameters.setter
    def parameters(self, parameters: Parameters) -> None:
        self.target.choose(empty=None)  # or it would hide their background
        self.choose(**values_of(parameters))

    def choose(self, **values: Any) -> None:
        """Choose other values for keys of `choices.now`."""
        before, self.choices = self.choices, self.choices.with_values(values)
        if self.choices.now != before.now:
            self.events.parameters.emit()
            self.tell_possible()
            self._want_preview()

    def choose_background(self, background: str | Layer) -> None:
        """Choose what is typed, or a region where the image is empty."""
        is_typed = isinstance(background, str)
        self.target.choose(empty=None if is_typed else background)
        self.choose(background=background if is_typed else "")

    def choose_preset(self, preset: str) -> None:
        """Choose what one of PRESETS sets, and say what that is."""
        changes = self.choices.of_preset(preset)
        self.choices = replace(self.choices, last_preset=preset)
        self.choose(**changes)
        self.events.parameters.emit()  # its name is new, even if no choice is
        self.say(preset_is_set(preset, changes, is_light=self.target.now.is_light))

    def reset_parameters(self) -> None:
        """Choose the defaults, in this session and later ones."""
        self.choose(**values_of(DEFAULTS), **NOTHING_OF_ONE_IMAGE)
        self.target.choose(scaling=SCALINGS[0], stains=None, empty=None)
        self.cluster = ""
        settings.reset()
        self.events.parameters.emit()

    @property
    def locked(self) -> Palette | None:
        """The colours of the palette that Quantize keeps; None for none."""
        now, result = self.target.now, self.editor.result
        if result is None or not now.layers:
            return None
        return locked_for(now.layers, result, now.axis)

    # ------------------------------------------------------------------ the results

    def selected_results(self) -> list[Result]:
        """Return the results with a picture if two layers or more are selected."""
        if len(self._selected_layers()) < 2:
            return []
        return [one for one in self._results_of_selected() if one.picture]

    def _results_of_selected(self) -> list[Result]:
        """Return the results that selected layers show, from the bottom up."""
        found = [self._result_of(layer) for layer in self._selected_layers()]
        return [one for one in dict.fromkeys(found) if one]

    def add_result(self, layers: tuple[Image, Labels], source: Image | None) -> None:
        """Add the result that two layers show, and show its palette."""
        self.target.refresh()  # a live picture is none to choose
        result = Result(layers[0].metadata[METADATA_KEY], *layers, source=source)
        self.results.add(result)
        self.editor.show(result)

    def add_layer(self, layer: Layer) -> None:
        """Add a layer, and leave the active and the chosen one as they are."""
        with self.layers_kept_active():
            self.viewer.add_layer(layer)

    @contextmanager
    def layers_kept_active(self) -> Iterator[None]:
        """Keep the active layer, or else the chosen one, while layers are added.

        napari makes a new layer the active one, and the next run would then work
        on the last one's result. A comparison is left: what is made is to be seen.
        """
        self._leave_comparison()
        chosen, layers = self.target.now.image, self.viewer.layers
        selected = self._selected_layers()
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

    def tell_possible(self) -> None:
        """Tell what can be done now."""
        self.events.possible.emit(self.possible.now)

    def _want_preview(self) -> None:
        if self.live:
            self.events.preview_wanted.emit()

    def _on_busy(self, busy: bool) -> None:
        self.events.busy.emit(busy)
        self.tell_possible()

    def _on_target(self, before: Chosen) -> None:
        now = self.target.now
        self.choices = self.choices.for_target(now)
        self.events.parameters.emit()
        self.events.target.emit()
        self.tell_possible()
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
        if self.areas.leave_row_of_others(self.editor.entries):
            self.events.areas.emit()
        self.events.entries.emit()
        self.tell_possible()

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
        self.tell_possible()

    def _on_palette(self) -> None:
        self.quality = None
        self.events.quality.emit()
        self.events.palette.emit()
        self.tell_possible()
        self._on_shown()

    def _on_results(self) -> None:
        results = list(self.results)
        if self.editor.result not in results:
            self.editor.show(results[-1] if results else None)
        self.events.results.emit()
        self._on_shown()

    def _selected_layers(self) -> list[Layer]:
        """Return the layers that are selected, from the bottom up."""
        layers = self.viewer.layers
        return [layer for layer in layers if layer in layers.selection]

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
        selected = self.target.whole_images(of_all=False)
        images = [layer for layer in selected if self._result_of(layer) is None]
        if images:  # a result or a region may be looked at meanwhile
            # Not by what there was before: the order of clicks is of no account.
            channels = tuple(layer for layer in images if not layer.rgb)
            self.target.choose(channels=channels)
        self._on_measured()  # the layers that are selected may be measured
        self.tell_possible()

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
        self.tell_possible()

    def _on_removed(self, event: Any) -> None:
        self.target.refresh()
        self.jobs.on_layer_removed(event.value)
        self.results.on_layer_removed(event.value)
        self.tell_possible()
