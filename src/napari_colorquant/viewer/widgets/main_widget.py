"""The widget: the parameters, the buttons, what a run did, and the workbench."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Any

import napari.viewer
import numpy as np
from magicgui.widgets import Container, Label, ProgressBar, PushButton
from napari.layers import Image, Labels, Layer
from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import (
    QSizePolicy,
    QTabWidget,
    QWidget,
)

from napari_colorquant.core.learn.parameters import DEFAULTS, DESCRIPTIONS, Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.white import is_about_white
from napari_colorquant.viewer.layers.channel_source import joined
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.ownership import add_pair
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.layers.source import Source
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue
from napari_colorquant.viewer.session.live_preview import LiveLayers
from napari_colorquant.viewer.session.notify import complain, in_window, load_or_say
from napari_colorquant.viewer.session.possible import NO_IMAGE, NO_PALETTE
from napari_colorquant.viewer.session.qt_worker import (
    make_qt_worker,
    warm_up_until_quit,
)
from napari_colorquant.viewer.session.result import Result, palette_alone
from napari_colorquant.viewer.session.result_list import ResultList
from napari_colorquant.viewer.session.settings import (
    default_parameters,
    default_scaling,
    forget,
    remember,
)
from napari_colorquant.viewer.session.status import Status, named, shown_of, status_line
from napari_colorquant.viewer.session.target_rules import (
    for_comparison,
    for_one_palette,
    for_ready_palette,
    locked_for,
)
from napari_colorquant.viewer.tasks.compare import (
    comparison_layers,
    layers_side_by_side,
    show_side_by_side,
)
from napari_colorquant.viewer.tasks.runs import (
    apply_to_work,
    compare_work,
    curve_of_work,
    do_located,
    quantize_coarse,
    quantize_work,
    work_layers,
    work_report,
)
from napari_colorquant.viewer.tasks.work import Work, take_work
from napari_colorquant.viewer.widgets.common import (
    Collapsible,
    LabelAligner,
    offer,
    wrap_tips,
)
from napari_colorquant.viewer.widgets.curve_tab import CURVE_TIP, CurveTab
from napari_colorquant.viewer.widgets.dialogs import (
    choose_file,
    copy_script,
    save_palette,
)
from napari_colorquant.viewer.widgets.palette_tab import PaletteTab
from napari_colorquant.viewer.widgets.parameters_form import (
    ParametersForm,
    image_layers,
)
from napari_colorquant.viewer.widgets.quality_tab import QualityTab
from napari_colorquant.viewer.widgets.save_zarr import save_zarr
from napari_colorquant.viewer.widgets.scrolling import ScrollingColumn
from napari_colorquant.viewer.widgets.target_form import TargetForm, region_layers

_QUANTIZE = "Add the redrawn picture and a labels layer of palette indices."
_CANCEL = "Stop the run and leave the layers as they are."
_NO_RUN = "No run is under way."
_COMPARE = (
    "Show the original and the result of every method side by side, with their errors. "
    "Leaving the grid mode brings back the other layers."
)
_COMPARE_RESULTS = (
    "Show the results whose layers are selected in the layer list side by side with "
    "their originals."
)
_FEW_RESULTS = (
    "Fewer than two results are selected: select their layers in the layer list first."
)
_NO_LAYER_OF_RECORD = (
    "to go on with its result, open the picture or labels that were saved, select "
    "their layer, and open this again."
)
_PAUSE = 300
"""Milliseconds after the last change until a live result is made."""
_MARGINS = (6, 4, 6, 4)


class QuantizeWidget(Container[Any]):
    """Quantize an image layer, judge the result, edit its palette and use it again."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._runner = JobQueue(make_qt_worker, lambda: self.form.cluster.value)
        self._live = LiveLayers(viewer)
        self._results = ResultList()
        self._adding = False
        self._leave_comparison: Callable[[], None] = lambda: None
        self.form = ParametersForm(default_parameters(), lambda *_: self._images())
        self.scope = TargetForm(lambda: self.form.layer.value, self._regions)
        self.scope.scaling.value = default_scaling()
        self.form.basic.insert(1, self.scope.together)
        self.quantize_button = PushButton(text="Quantize")
        self.cancel_button = PushButton(text="Cancel")
        self.progress_bar = ProgressBar(
            value=0, min=0, max=1, tooltip="How far the run has come."
        )
        self.result = Label(value="", tooltip="What is shown below, or what was done.")
        self._status = Status(self._describe)
        self._status.changed.connect(partial(setattr, self.result, "value"))
        self.locks = Label(
            value="", visible=False, tooltip="Unlock them in the palette below."
        )
        self.compare_button = PushButton(text="Compare methods")
        self.compare_results_button = PushButton(text="Compare results")
        buttons = Container(
            layout="horizontal",
            labels=False,
            widgets=[self.quantize_button, self.cancel_button],
        )
        self._column: Container[Any] = Container(
            labels=False,
            widgets=[
                self.form.basic,
                buttons,
                self.locks,
                self.progress_bar,
                self.result,
            ],
        )
        super().__init__(labels=False, widgets=[self._column])
        self.workbench = PaletteTab(
            self._runner,
            lambda result: self._why_not(partial(for_ready_palette, result=result)),
        )
        self.judge = QualityTab(
            self._runner,
            lambda: self.workbench.result,
            self._add_layer,
            [self.compare_button.native, self.compare_results_button.native],
        )
        self.curve = CurveTab(self.draw_curve, lambda: viewer.theme)
        self.more = Collapsible(
            "More options",
            self.form.more.native,
            "How the palette is learned, live updates, and the defaults.",
        )
        self.where = Collapsible(
            "Channels, slices and regions",
            self.scope.controls.native,
            "What is quantized: layers together, slices, parts of an image, classes.",
        )
        LabelAligner(self.form.basic, self.form.more, self.scope.controls)
        self.tabs = QTabWidget()
        self._pause = QTimer(self.native)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._lay_out(buttons)
        self._connect()
        self._find_results()
        self._on_active_layer()
        self._on_selection()
        self._show_chosen()
        self._status.refresh()
        wrap_tips(self.native)
        warm_up_until_quit()

    @property
    def parameters(self) -> Parameters:
        """What the controls say, and the locked colours of the palette shown.

        ValueError if they do not fit together: a sample smaller than the palette.
        """
        fixed = self._locked()
        parameters = self.form.parameters
        return parameters if fixed is None else replace(parameters, fixed=fixed)

    def quantize(self) -> None:
        """Quantize the chosen layer in the background and add the results."""
        if self._start(self._quantizing, self._add_result, "Quantizing"):
            self._pause.stop()
            remember(self.form.chosen, self.scope.scaling.value)

    def compare(self) -> None:
        """Quantize the chosen layer by every method and show them side by side."""
        self._start(
            lambda: self._learning(compare_work),
            self._add_comparison,
            "Comparing",
            narrowed=for_comparison,
        )

    def compare_results(self) -> None:
        """Show the selected results side by side with their originals."""
        results = self._selected_results()
        if len(results) < 2:
            show_error(_FEW_RESULTS)
            return
        originals = dict.fromkeys(one.source for one in results if one.source)
        pictures = [one.picture for one in results if one.picture is not None]
        try:
            layers = layers_side_by_side(list(originals), pictures)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            return
        self._show_side_by_side(layers)

    def cancel(self) -> None:
        """Stop the run; it ends within a tile, and adds nothing."""
        if self._runner.busy:
            self.cancel_button.enabled = False
            self._runner.cancel()

    def apply_palette(self) -> None:
        """Redraw the chosen layer in the palette that is shown."""
        result = self.workbench.result
        if result is None:
            show_error(NO_PALETTE)
            return
        palette = result.palette

        self._start(
            lambda: lambda work, monitor: apply_to_work(work, palette, monitor),
            self._add_applied,
            f"Applying {result.name} to",
            narrowed=partial(for_ready_palette, result=result),
        )

    def draw_curve(self) -> None:
        """Learn palettes of 2 to 64 colours, and draw their errors."""
        self.curve.begin(self.form.target_psnr, self.form.n_colors.value)
        self._start(
            lambda: self._learning(curve_of_work),
            self._show_curve,
            "Trying colors for",
            watch=self.curve.add,
            narrowed=for_one_palette,
        )

    def offer_palette(self, palette: Palette, name: str) -> None:
        """Offer a palette to be looked at, edited and applied, under a name."""
        self._offer(palette_alone(palette, name), name)

    def _offer(self, result: Result, name: str, why_alone: str = "") -> None:
        self._results.add(result)
        self.tabs.setCurrentWidget(self.workbench)
        self.workbench.show_result(result)
        self._status.say(f"Opened {name}: {len(result.palette):,} colors.")
        if why_alone:
            self._status.add(f"Its palette alone: {why_alone}")

    def offer_record(self, record: Mapping[str, Any], name: str) -> None:
        """Offer a saved result, under a name, or its palette alone.

        The result where the active layer is the picture or the labels of it; else its
        palette, and why.
        """
        layer = self._viewer.layers.selection.active
        try:
            if not isinstance(layer, Image | Labels):
                raise ValueError(_NO_LAYER_OF_RECORD)
            layers = restore_result(layer, record)
        except ValueError as error:
            palette = Palette.from_dict(record["palette"])
            self._offer(palette_alone(palette, name, record), name, str(error))
            return
        with self._layers_kept_active():
            add_pair(self._viewer, layers)
        self._know(self._source_of(record, layer), layers)
        self.tabs.setCurrentWidget(self.workbench)
        self._status.refresh()
        self._status.add(f"Restored from {name}.")

    def _start(
        self,
        asked: Callable[[], Callable[..., Any]],
        show: Callable[[Work, Any], None],
        doing: str,
        *,
        watch: Callable[[Any], None] | None = None,
        is_live: bool = False,
        narrowed: Callable[[Target], Target] = lambda scope: scope,
    ) -> bool:
        if not self.scope.layers:
            if not is_live:
                show_error(NO_IMAGE)
            return False
        try:
            scope = narrowed(self.scope.scope(self._viewer.dims))
            work = take_work(scope, self.form.data_range)
            do = asked()
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            if not is_live:
                self._status.say(in_window(error))
            return False
        self.scope.dropped = ""
        run = Job(
            f"{doing} {work.name}",
            partial(do_located, work, do, is_live=is_live),
            lambda found: show(*found),
            work.layers,
            watch=watch,
            is_live=is_live,
        )
        return self._runner.start(run)

    def _reset(self) -> None:
        self.form.show(DEFAULTS)
        self.form.find_white()
        self.scope.scaling.value = SCALINGS[0]
        self.form.cluster.value = ""
        forget()

    def _quantizing(self) -> Callable[..., Any]:
        return self._learning(quantize_work)

    def _quantizing_live(self) -> Callable[..., Any]:
        return self._learning(quantize_coarse)

    def _learning(self, do: Callable[..., Any]) -> Callable[..., Any]:
        """Return what does something to work with the parameters of now."""
        parameters = self.parameters
        return lambda work, *given: do(work, parameters, *given)

    def _add_result(self, work: Work, results: Any) -> None:
        """Add the full result, in place of a live one."""
        with self._layers_kept_active():
            self._forget_live()
            layers = self._live.put(work_layers(work, results), is_final=True)
        self._know(work.only_layer, layers)
        self._report(work, results)

    def _add_applied(self, work: Work, results: Any) -> None:
        layers = work_layers(work, results)
        with self._layers_kept_active():
            add_pair(self._viewer, layers)
        self._know(work.only_layer, layers)
        self._report(work, results)

    def _show_live(self, work: Work, results: Any) -> None:
        with self._layers_kept_active():
            self._forget_live()
            layers = self._live.put(work_layers(work, results), is_final=False)
        self._know(work.only_layer, layers)
        self._status.refresh()

    def _forget_live(self) -> None:
        for layer in self._live.layers or ():
            self._results.forget(layer)

    def _source_of(self, record: Mapping[str, Any], saved: Layer) -> Image | None:
        """Return the image that a record names; what was saved of it is another one."""
        named = (one for one in self._images() if one.name == record["source"])
        return next((one for one in named if one != saved), None)

    def _know(self, source: Image | None, layers: tuple[Image, Labels]) -> None:
        self.form.layer.reset_choices()  # a live picture is none
        self.scope.reset()
        result = Result(layers[0].metadata[METADATA_KEY], *layers, source=source)
        self._results.add(result)
        self.workbench.show_result(result)

    def _report(self, work: Work, results: Any) -> None:
        report = work_report(work, results)
        self._status.refresh()
        # What white is need be known, and is no fault: the line of status says it.
        plain = [note for note in report.notes if is_about_white(note)]
        for note in plain:
            self._status.add(note)
        for note in (*report.notes, *work.notes):
            if note not in plain:
                show_warning(note)

    def _show_curve(self, work: Work, curve: Any) -> None:
        self.curve.end(curve)
        self._status.say(
            f"{named(work.name, work.source.within)}: {curve.elbow} colors are "
            "suggested; click a point to set the number."
        )

    def _add_layer(self, layer: Image) -> None:
        with self._layers_kept_active():
            self._viewer.add_layer(layer)

    def _add_comparison(self, work: Work, compared: Any) -> None:
        assert isinstance(work.source, Source)
        originals, results = compared
        self._show_side_by_side(comparison_layers(work.source, results, originals))
        reports = {method: levels[0].report for method, levels in results.items()}
        titles = DESCRIPTIONS["method"].choices
        self._status.say(
            f"{named(work.name, work.source.within)}, by each method:\n"
            + "\n".join(
                f"{titles[method]}: {report.summary()}"
                for method, report in reports.items()
            )
        )
        for note in next(iter(results.values()))[0].report.notes:
            if not is_about_white(note):
                show_warning(note)

    def _show_side_by_side(self, layers: list[Image]) -> None:
        self.workbench.table.clearSelection()  # labels shown to dim are hidden again
        with self._layers_kept_active():
            self._leave_comparison = show_side_by_side(self._viewer, layers)

    @contextmanager
    def _layers_kept_active(self) -> Iterator[None]:
        """Keep the active layer, or else the chosen one, while layers are added.

        napari makes a new layer the active one, and the next run would then work
        on the last one's result. A comparison is left: what is made is to be seen.
        """
        self._leave_comparison()
        chosen, layers = self.form.layer.value, self._viewer.layers
        selected = [layer for layer in layers if self._is_selected(layer)]
        self._adding = True  # or each new layer would be taken for one of a script
        try:
            yield
        finally:
            self._adding = False
        kept = [layer for layer in selected if layer in layers]
        layers.selection = set(kept or [layer for layer in layers if layer is chosen])
        self.form.layer.value = chosen

    def _locked(self) -> Palette | None:
        result, layers = self.workbench.result, self.scope.layers
        if result is None or not layers:
            return None
        return locked_for(layers, result, self.scope.axis)

    def _tell_locks(self) -> None:
        fixed = self._locked()
        if fixed is not None:
            noun = "color is" if len(fixed) == 1 else "colors are"
            self.locks.value = f"{len(fixed)} locked {noun} kept by Quantize."
        self.locks.visible = fixed is not None

    def _tell_space(self) -> None:
        layer = self.form.layer.value
        is_data = bool(self.scope.channels) or self.scope.axis is not None
        is_light = layer is None or bool(layer.rgb)
        dtype = "" if layer is None else np.dtype(layer.dtype).name
        self.form.show_light(is_light=is_light and not is_data, dtype=dtype)
        self._tell_white()

    def _tell_white(self) -> None:
        """Show the value of white beside the fold, which may hide it."""
        white = self.form.data_range
        self.more.tell("" if white is None else f"White {white:,.10g}")

    def _on_wanted(self, what: str) -> None:
        actions: dict[str, Callable[[], None]] = {
            "apply": self.apply_palette,
            "open": self._open_palette,
            "save": lambda: self._on_result(partial(save_palette, self.native)),
            "copy": lambda: self._on_result(copy_script),
            "zarr": lambda: self._on_result(
                partial(save_zarr, self.native, self._runner)
            ),
        }
        try:
            actions[what]()
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)

    def _open_palette(self) -> None:
        path = choose_file(self.native)
        loaded = None if path is None else load_or_say(path)
        if path is None or loaded is None:
            return
        if isinstance(loaded, Palette):
            self.offer_palette(loaded, path.stem)
        else:
            self.offer_record(loaded, path.stem)

    def _on_result(self, do: Callable[[Result], None]) -> None:
        if self.workbench.result is not None:
            do(self.workbench.result)

    def _on_changed(self) -> None:
        if self.form.live.value:
            self._pause.start()

    def _catch_up(self) -> None:
        """Make the live result, or the full one, once nothing is in the way."""
        self._pause.stop()
        if self._runner.busy or self.form.is_typing:
            self._pause.start()
        elif self.form.live.value:
            self._start(self._quantizing_live, self._show_live, "Live:", is_live=True)
        elif self._live.layers is not None or self._runner.is_live:
            self.quantize()

    def _on_busy(self, busy: bool) -> None:
        self.progress_bar.native.setTextVisible(busy)
        self._offer_jobs()

    def _offer_jobs(self) -> None:
        """Offer what can be done now, and let the rest say why it cannot."""
        busy = UNDER_WAY if self._runner.busy else ""
        no_image = "" if self.scope.layers else NO_IMAGE
        few = "" if len(self._selected_results()) > 1 else _FEW_RESULTS
        one_each = self._why_not(for_comparison)
        for button, tip, why_not in (
            (self.quantize_button.native, _QUANTIZE, busy or no_image),
            (self.cancel_button.native, _CANCEL, "" if busy else _NO_RUN),
            (self.compare_button.native, _COMPARE, busy or one_each),
            (self.compare_results_button.native, _COMPARE_RESULTS, busy or few),
            (self.curve.button, CURVE_TIP, busy or no_image),
        ):
            offer(button, tip, why_not)
        self.judge.offer_actions()
        self.workbench.offer_actions()

    def _why_not(self, narrowed: Callable[[Target], Target]) -> str:
        """Return why a job is always refused for what is chosen, or ''."""
        if not self.scope.layers:
            return NO_IMAGE
        try:
            narrowed(self.scope.scope(None))
        except ValueError as error:
            return in_window(error)
        return ""

    def _selected_results(self) -> list[Result]:
        """Return the results with a picture whose layers are selected."""
        selected = [one for one in self._viewer.layers if self._is_selected(one)]
        if len(selected) < 2:
            return []
        found = [self._result_of(layer) for layer in selected]
        return [one for one in dict.fromkeys(found) if one and one.picture]

    def _on_progress(self, done: int, total: int) -> None:
        self.progress_bar.max = total
        self.progress_bar.value = done

    def _describe(self) -> str:
        """Return what is shown, and which regions were left with the last image."""
        layers, result = self.scope.layers, self.workbench.result
        chosen = joined([layer.name for layer in layers]) if layers else ""
        shown = None
        if result is not None:
            is_live = any(map(self._live.owns, result.layers))
            shown = shown_of(result, layers, is_live=is_live)
        line = status_line(chosen, shown)
        return "\n".join(text for text in (line, self.scope.dropped) if text)

    def _on_shown(self, _event: object = None) -> None:
        """Tell what is shown now, unless a run is under way: that is told then."""
        if not self._runner.busy:
            self._status.refresh()

    def _is_selected(self, layer: Layer) -> bool:
        return layer in self._viewer.layers.selection

    def _result_of(self, layer: Layer) -> Result | None:
        return self._results.of(layer, list(self._viewer.layers))

    def _images(self) -> list[Image]:
        layers = image_layers(self._viewer)
        return [layer for layer in layers if not self._live.owns(layer)]

    def _regions(self) -> list[Layer]:
        layers = region_layers(self._viewer)
        return [layer for layer in layers if not self._live.owns(layer)]

    def _find_results(self) -> None:
        """Offer results of another visit or of a script, and show the newest.

        Those of a comparison, which have no labels, are found when they are activated.
        """
        labels = [one for one in self._viewer.layers if isinstance(one, Labels)]
        found = [result for one in labels if (result := self._result_of(one))]
        if found:
            self.workbench.show_result(found[-1])

    def _on_selection(self) -> None:
        """Quantize together what is selected together: images that are no results."""
        if self._adding:
            return
        selected = [layer for layer in self._images() if self._is_selected(layer)]
        images = [layer for layer in selected if self._result_of(layer) is None]
        if images:  # a result or a region may be looked at meanwhile
            # Not by what there was before: the order of clicks is of no account.
            channels = [layer for layer in images if not layer.rgb]
            self.scope.put_together(channels if len(channels) > 1 else ())
        self._offer_jobs()

    def _show_chosen(self) -> None:
        """Show one image, or those that are quantized together."""
        self.form.layer.visible = not self.scope.channels
        n_chosen = self.scope.n_chosen
        self.where.tell(f"{n_chosen} set" if n_chosen else "")
        self._tell_locks()
        self._tell_space()
        self._offer_jobs()

    def _on_active_layer(self) -> None:
        found = self._viewer.layers.selection.active
        # Itself: what a plugin's viewer hands out is a new proxy every time.
        active = next((one for one in self._viewer.layers if one == found), None)
        if active is None or self._adding:
            return
        result = self._result_of(active)
        if result is not None:
            self.workbench.show_result(result)
        elif isinstance(active, Image) and active in self.form.layer.choices:
            self.form.layer.value = active

    def _on_inserted(self, event: Any) -> None:
        self._on_layers_changed()
        if not self._adding:
            self._result_of(event.value)

    def _on_layers_changed(self, event: Any = None) -> None:
        self.form.layer.reset_choices()
        self.scope.reset()
        self._offer_jobs()

    def _on_removed(self, event: Any) -> None:
        self._on_layers_changed()
        self.scope.forget(event.value)
        self._runner.on_layer_removed(event.value)
        self._results.forget(event.value)
        self._offer_jobs()

    def _on_results(self) -> None:
        self.workbench.offer(list(self._results))
        self._on_shown()

    def _connect(self) -> None:
        layers = self._viewer.layers
        layers.events.inserted.connect(self._on_inserted)
        layers.events.removed.connect(self._on_removed)
        layers.events.renamed.connect(self._on_layers_changed)
        layers.events.renamed.connect(self._on_shown)
        layers.selection.events.active.connect(self._on_active_layer)
        layers.selection.events.changed.connect(self._on_selection)
        self.scope.changed.connect(self._show_chosen)
        self.scope.changed.connect(self._on_changed)
        self.quantize_button.changed.connect(lambda: self.quantize())
        self.compare_button.changed.connect(lambda: self.compare())
        self.compare_results_button.changed.connect(lambda: self.compare_results())
        self.cancel_button.changed.connect(lambda: self.cancel())
        self.form.reset_button.changed.connect(lambda: self._reset())
        self.form.changed.connect(self._on_changed)
        self.form.white.changed.connect(lambda _: self._tell_white())
        self.form.live.changed.connect(lambda _: self._catch_up())
        self._pause.timeout.connect(self._catch_up)
        self._runner.busy_changed.connect(self._on_busy)
        self._runner.progressed.connect(self._on_progress)
        self._runner.message.connect(self._status.say)
        self._runner.note.connect(self._status.add)
        self._results.changed.connect(self._on_results)
        self.workbench.wanted.connect(self._on_wanted)
        self.curve.chosen.connect(self.form.set_n_colors)
        self.workbench.changed.connect(self.judge.forget)
        self.workbench.changed.connect(self._tell_locks)
        self.workbench.changed.connect(self._offer_jobs)
        self.workbench.changed.connect(self._on_shown)
        self.form.layer.changed.connect(lambda *_: self.scope.reset())
        self.form.layer.changed.connect(lambda *_: self._show_chosen())
        self.form.layer.changed.connect(lambda *_: self._on_shown())
        self.form.layer.changed.connect(lambda *_: self._tell_space())
        self.scope.combined.connect(self._on_shown)
        self.judge.said.connect(self._status.say)
        for fold, other in ((self.where, self.more), (self.more, self.where)):
            fold.unfolded.connect(other.fold)  # or there is much to scroll
        self.native_parent_changed.connect(self._on_parent_changed)
        self.native.destroyed.connect(self._let_go)

    def _on_parent_changed(self) -> None:
        if self.native.parent() is None:  # napari takes it out of a dock that is closed
            self._let_go()

    def _let_go(self) -> None:
        """Stop the run and listen no more: the widget or the viewer is closing."""
        layers = self._viewer.layers
        layers.events.inserted.disconnect(self._on_inserted)
        layers.events.removed.disconnect(self._on_removed)
        layers.events.renamed.disconnect(self._on_layers_changed)
        layers.events.renamed.disconnect(self._on_shown)
        layers.selection.events.active.disconnect(self._on_active_layer)
        layers.selection.events.changed.disconnect(self._on_selection)
        for name in ("inserted", "removed", "reordered", "renamed"):
            # napari connects it to a widget that is docked, and leaves it so.
            getattr(layers.events, name).disconnect(self.reset_choices)
        self._pause.stop()
        self.scope.let_go()
        self._runner.close()
        self.workbench.let_go()
        self._results.let_go()

    def _lay_out(self, buttons: Container[Any]) -> None:
        """Put together what magicgui has no parameters for."""
        buttons.margins = (0, 0, 0, 0)
        # Or it breaks its lines at a fraction of the width that it has.
        for label in (self.result, self.locks):
            label.native.setSizePolicy(
                QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
            )
            label.native.setWordWrap(True)
        self.progress_bar.native.setTextVisible(False)
        self.tabs.addTab(self.workbench, "Palette")
        self.tabs.addTab(self.judge, "Quality")
        self.tabs.addTab(self.curve, "How many?")
        # What they would like is of no account: they take the room that there is.
        self.tabs.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored
        )
        self._column.margins = (0, 0, 0, 0)
        self.margins = _MARGINS
        column = self._column.native.layout()
        column.insertWidget(1, self.where)
        column.insertWidget(2, self.more)
        column.addWidget(self.tabs, 1)
        self.native.layout().addWidget(ScrollingColumn(self._column.native))
        # The Tab key goes as the eye does, not in the order of making.
        bench = self.workbench
        in_order = (
            self.form.target.native,
            self.where.button,
            *(control.native for control in self.scope.controls),
            self.more.button,
            *(control.native for control in self.form.more),
            self.quantize_button.native,
            self.cancel_button.native,
            self.tabs,
            bench.palettes,
            bench.columns,
            bench.table,
            bench.count,
            *(bench.merge, bench.remove, bench.lock, bench.sort),
            *(bench.undo, bench.redo, bench.apply, bench.more),
        )
        for before, after in pairwise(in_order):
            QWidget.setTabOrder(before, after)
