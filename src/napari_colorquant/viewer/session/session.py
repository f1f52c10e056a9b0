"""A session: the state of one viewer, and the jobs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from napari.utils.notifications import show_warning

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.palette.white import is_about_white
from napari_colorquant.viewer.layers.ownership import add_pair
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.session.batch import Batch
from napari_colorquant.viewer.session.choices import settings
from napari_colorquant.viewer.session.choices.target_of_job import (
    for_comparison,
    for_one_palette,
    for_ready_palette,
)
from napari_colorquant.viewer.session.jobs import Job, SyncWorker
from napari_colorquant.viewer.session.notify import (
    complain,
    complained,
    in_window,
    refused,
)
from napari_colorquant.viewer.session.opening import Opening
from napari_colorquant.viewer.session.possible import why_no_limit, why_no_stains
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.results.result_data import (
    error_layer,
    take_compared,
)
from napari_colorquant.viewer.session.saving import Saving
from napari_colorquant.viewer.session.sentences import (
    FEW_RESULTS,
    NO_IMAGE,
    NO_PALETTE,
    named,
    unbroken,
    why_not_measure,
)
from napari_colorquant.viewer.session.staining import Staining
from napari_colorquant.viewer.session.state import SessionState
from napari_colorquant.viewer.tasks.compare import (
    compare_work,
    comparison_layers,
    layers_side_by_side,
    show_side_by_side,
)
from napari_colorquant.viewer.tasks.quality import (
    ComparedImages,
    MappedErrors,
    QualityResult,
    map_error,
    measure_result,
)
from napari_colorquant.viewer.tasks.quantize import (
    apply_to_work,
    curve_of_work,
    do_located,
    quantize_coarse,
    quantize_work,
)
from napari_colorquant.viewer.tasks.work import Work, take_work

if TYPE_CHECKING:
    import pandas as pd
    from napari import Viewer

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.quality.curve import Curve, CurvePoint
    from napari_colorquant.viewer.layers.target import Target
    from napari_colorquant.viewer.session.choices.parameter_choice import (
        ParameterChoice,
    )
    from napari_colorquant.viewer.tasks.quantize import Applied


@dataclass(frozen=True, slots=True)
class ShownCurve:
    """The error against the number of colours, and what was chosen when it began.

    points: as many as there are yet. elbow, classes: the suggested numbers, at the end.
    """

    target_psnr: float | None
    n_colors: int
    points: tuple[CurvePoint, ...] = ()
    elbow: int | None = None
    classes: int | None = None


class Session(SessionState):
    """What is chosen in a viewer, its results, and the jobs that are done with them.

    A method that starts a job returns why it did not, which the user has been told,
    else an empty string.
    """

    curve: ShownCurve | None = None

    def __init__(
        self,
        viewer: Viewer,
        make_worker: Callable[..., Any] = SyncWorker,
        later: Callable[[Callable[[], object]], object] | None = None,
    ) -> None:
        super().__init__(viewer, make_worker, later)
        self.opening = Opening(self)
        self.saving = Saving(self.jobs, self.editor, self.areas, self.say)
        self.batch = Batch(self)
        self.staining = Staining(self, self._start)

    def quantize(self) -> str:
        """Quantize what is chosen and add the results, in place of a live one."""
        why_not = self._start(quantize_work, self._show_run, "Quantizing")
        if not why_not:
            chosen = settings.parameters_of(self.choices.now)
            settings.remember(chosen, self.target.now.scaling)
        return why_not

    def choose_live(self, live: bool) -> None:
        """Let every change be shown after a moment, or no more."""
        if live != self.live:
            self.live = live
            self.events.parameters.emit()
            self.events.preview_wanted.emit()

    def update_preview(self) -> None:
        """Make the live result, or the full one where it has been switched off."""
        if self.jobs.busy:
            self.events.preview_wanted.emit()
        elif self.live:
            show = partial(self._show_run, is_live=True)
            self._start(quantize_coarse, show, "Live:", is_live=True)
        elif self._live.layers is not None or self.jobs.is_live:
            self.quantize()

    def compare_methods(self) -> str:
        """Quantize the chosen layer by every method and show them side by side."""
        show = self._add_comparison
        return self._start(compare_work, show, "Comparing", narrowed=for_comparison)

    def compare_results(self) -> str:
        """Show the selected results side by side with their originals."""
        results = self.selected_results()
        if len(results) < 2:
            return refused(FEW_RESULTS)
        originals = dict.fromkeys(one.source for one in results if one.source)
        pictures = [one.picture for one in results if one.picture is not None]
        try:
            layers = layers_side_by_side(list(originals), pictures)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        self._show_side_by_side(layers)
        return ""

    def apply_palette(self) -> str:
        """Redraw what is chosen in the palette that is shown."""
        result = self.editor.result
        if result is None:
            return refused(NO_PALETTE)
        return self._start(
            apply_to_work,
            partial(self._show_run, is_applied=True),
            f"Applying {result.name} to",
            asked=lambda choices: choices.applied(result.palette),
            narrowed=partial(self._for_palette, result),
        )

    def find_elbow(self) -> str:
        """Learn palettes of 2 to 64 colours, and show their errors."""
        by_psnr = self.choices.now["aim"] == "psnr"
        target = self.choices.now["target_psnr"] if by_psnr else None
        self._show_curve(ShownCurve(target, self.choices.now["n_colors"]))
        return self._start(
            curve_of_work,
            self._end_curve,
            "Trying colors for",
            watch=self._add_point,
            narrowed=for_one_palette,
        )

    def cancel(self) -> None:
        """Stop the job; it ends within a tile, and adds nothing."""
        if self.jobs.busy:
            self.jobs.cancel()

    def measure(self) -> str:
        """Compare the result that is shown with its original, pixel by pixel."""

        def show(result: Result, quality: QualityResult) -> None:
            if result is self.editor.result:
                self.quality = quality
                self.events.quality.emit()
                self.say(f"Measured {result.name}.")

        return self._compare_with_original("Measuring", measure_result, show)

    def choose_areas(self, **values: Any) -> None:
        """Choose other values for fields of AreaChoice."""
        self.areas.choose(**values)
        self.events.areas.emit()
        self.tell_possible()

    def measure_areas(self) -> str:
        """Measure what is chosen in `areas`: `areas.table` has them in the end."""
        if why_not := self.areas.why_not():
            return refused(why_not)
        try:
            taken = self.areas.take()
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)

        def show(table: pd.DataFrame) -> None:
            self.areas.show(taken, table)
            self.events.areas.emit()
            self.say(f"Measured the areas of {taken.name}: {len(table):,} rows.")

        doing = f"Measuring the areas of {taken.name}"
        return self.jobs.put(Job(doing, taken.table, show, taken.layers))

    def show_row(self, row: int | None) -> None:
        """Show the pixels, slice and region of a row of the table; None ends it."""
        found = None if row is None else self.areas.entries_of(row)
        if row is None:
            self.areas.leave_row()
            self.editor.select(())
        elif found is not None:
            self.areas.row = row
            self.editor.show(found[0])
            self.editor.select(found[1])
            self.areas.show_row(row, self.viewer)

    def map_error(self) -> str:
        """Add a layer that shows how far each pixel is from the original."""

        def show(result: Result, mapped: MappedErrors) -> None:
            layer = error_layer(result, mapped)
            self.add_layer(layer)
            self.say(f"Added {layer.name}.")

        return self._compare_with_original("Mapping the error of", map_error, show)

    def _start(
        self,
        do: Callable[..., Any],
        show: Callable[[Work, Any], None],
        doing: str,
        *,
        asked: Callable[[ParameterChoice], Parameters | Applied] | None = None,
        watch: Callable[[Any], None] | None = None,
        is_live: bool = False,
        narrowed: Callable[[Target], Target] = lambda target: target,
    ) -> str:
        """Do something to what is chosen, by what is asked or else the parameters."""
        if not self.target.now.layers:
            return NO_IMAGE if is_live else refused(NO_IMAGE)
        try:
            target = narrowed(self.target.target(self.viewer.dims))
            if not self.choices.has_painted_stains:
                target = replace(target, stains=None)
            work = take_work(target, self.choices.data_range)
            given = self.parameters if asked is None else asked(self.choices)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            if not is_live:
                self.say(in_window(error))
            return in_window(error)
        self.target.dropped = ""
        job = Job(
            f"{doing} {work.name}",
            partial(do_located, work, do, given, is_live=is_live),
            lambda found: show(*found),
            work.layers,
            watch=watch,
            is_live=is_live,
        )
        return self.jobs.put(job)

    def _for_palette(self, result: Result, target: Target) -> Target:
        """Return what a palette is applied to; ValueError if it or a choice fails."""
        choices = self.choices
        no_stains = why_no_stains(result, choices)
        if why_not := why_no_limit(result, choices) or no_stains:
            raise ValueError(why_not)
        return for_ready_palette(target, result)

    def _compare_with_original(
        self,
        doing: str,
        do: Callable[[ComparedImages, Monitor], Any],
        show: Callable[[Result, Any], None],
    ) -> str:
        result = self.editor.result
        why_not = why_not_measure(result)
        if result is None or why_not:
            return refused(why_not)
        try:
            compared = take_compared(result)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        work, shown = partial(do, compared), partial(show, result)
        return self.jobs.put(
            Job(f"{doing} {result.name}", work, shown, (result.picture,))
        )

    def _show_run(
        self,
        work: Work,
        results: Any,
        *,
        is_live: bool = False,
        is_applied: bool = False,
    ) -> None:
        """Show a result, in place of a live one where it is not applied."""
        layers = result_layers(work.image, results)
        with self.layers_kept_active():
            if is_applied:
                add_pair(self.viewer, layers)
            else:
                for layer in self._live.layers or ():
                    self.results.on_layer_removed(layer)
                layers = self._live.put(layers, is_final=not is_live)
        self.add_result(layers, work.only_layer)
        self.refresh_message()
        if is_live:
            return
        for note in results.report.notes:
            # What white is need be known, and is no fault: the message says it.
            if is_about_white(note):
                self.add_note(note)
            else:
                show_warning(note)
        for note in work.notes:
            show_warning(note)

    def _add_point(self, point: CurvePoint) -> None:
        assert self.curve is not None  # as the job has begun
        self._show_curve(replace(self.curve, points=(*self.curve.points, point)))

    def _end_curve(self, work: Work, curve: Curve) -> None:
        assert self.curve is not None
        self._show_curve(
            replace(
                self.curve,
                points=tuple(curve.points),
                elbow=curve.elbow,
                classes=curve.classes,
            )
        )
        self.say(
            f"{named(work.name, work.image.within)}: {curve.elbow} colors are "
            f"suggested for the picture, {curve.classes} for classes; click a point to "
            "set the number."
        )

    def _show_curve(self, curve: ShownCurve) -> None:
        self.curve = curve
        self.events.curve.emit()

    def _add_comparison(self, work: Work, compared: Any) -> None:
        originals, results = compared
        self._show_side_by_side(comparison_layers(work.image, results, originals))
        reports = {method: result.report for method, result in results.items()}
        titles = DESCRIPTIONS["method"].choices
        self.say(
            f"{named(work.name, work.image.within)}, by each method:\n"
            + "\n".join(
                f"{titles[method]}: {unbroken(report.summary())}"
                for method, report in reports.items()
            )
        )
        for note in next(iter(reports.values())).notes:
            if not is_about_white(note):
                show_warning(note)

    def _show_side_by_side(self, layers: list[Image]) -> None:
        self.editor.select(())  # labels shown to dim are hidden again
        with self.layers_kept_active():
            self._leave_comparison = show_side_by_side(self.viewer, layers)
