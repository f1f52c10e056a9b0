"""The widget: the parameters, the buttons, and what a run did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import napari.viewer
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSpinBox,
    Label,
    ProgressBar,
    PushButton,
    Slider,
    SpinBox,
)
from napari.layers import Image
from napari.utils.notifications import (
    Notification,
    notification_manager,
    show_error,
    show_info,
    show_warning,
)
from qtpy.QtWidgets import QSizePolicy

from napari_colorquant.core.learn import METHODS
from napari_colorquant.core.palette import MAX_COLORS
from napari_colorquant.core.parameters import AUTO, Parameters
from napari_colorquant.core.spaces import COLOR_SPACES
from napari_colorquant.core.steps import Progress, Steps
from napari_colorquant.viewer.alignment import LabelAligner
from napari_colorquant.viewer.compare import (
    METHOD_TITLES,
    compare_methods,
    comparison_layers,
    show_side_by_side,
)
from napari_colorquant.viewer.layers import result_layers
from napari_colorquant.viewer.settings import EVERY_PIXEL, default_parameters
from napari_colorquant.viewer.source import Source, quantize_source, take_source
from napari_colorquant.viewer.warmup import warm_up, when_ready
from napari_colorquant.viewer.worker import Failure, make_worker

if TYPE_CHECKING:
    from napari.qt.threading import GeneratorWorker

_SLIDER_COLORS = 256
_READY = "Choose an image layer and press Quantize."
_COMPILING = "Compiling the engine, once: the run follows …"
_WORTH_TELLING = 0.5
"""Seconds that a run had to wait for the engine."""
_SPACE_TITLES = {
    "rgb": "Channels as they are",
    "lab": "CIELAB",
    "hed": "Stains (H, E, DAB)",
}


_BY_NUMBER, _BY_PSNR, _BY_DELTA_E = "Number of colors", "PSNR (dB)", "ΔE2000"
_FIRST_TARGETS = {_BY_PSNR: 35.0, _BY_DELTA_E: 2.0}


class QuantizeWidget(Container[Any]):
    """Quantize an image layer, watch it, cancel it, compare the methods.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer whose layers are offered, and where the results go.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._worker: GeneratorWorker | None = None
        self._running_layer: Image | None = None
        self._why_cancelled = ""
        self._doing = ""
        defaults = default_parameters()
        n_colors = int(defaults.n_colors)  # settings hold no "auto"

        self.layer = ComboBox(
            label="Image",
            choices=self._image_layers,
            tooltip="The image layer to quantize. Follows the active layer.",
        )
        self.method = ComboBox(
            label="Method",
            choices=[(METHOD_TITLES[method], method) for method in METHODS],
            value=defaults.method,
            tooltip=(
                "How the palette is learned: k-means finds the colors with the "
                "smallest error; Wu cuts color space into boxes; a random codebook "
                "picks colors of the image."
            ),
        )
        self.n_colors = SpinBox(
            value=n_colors,
            min=2,
            max=MAX_COLORS,
            tooltip="Colors in the palette. Type a number for more than 256.",
        )
        self._slider = Slider(
            value=min(n_colors, _SLIDER_COLORS),
            min=2,
            max=_SLIDER_COLORS,
            readout=False,
            tooltip="Colors in the palette: fewer are simpler, more are closer.",
        )
        self.aim = ComboBox(
            label="Aim for",
            choices=[_BY_NUMBER, *_FIRST_TARGETS],
            tooltip=(
                "A number of colors, or the fewest that come close enough: by the "
                "peak signal-to-noise ratio, or by the mean color difference that "
                "an eye sees (2 is hardly visible)."
            ),
        )
        self.target = FloatSpinBox(
            label="Target",
            value=_FIRST_TARGETS[_BY_PSNR],
            min=0.1,
            max=200,
            step=0.5,
            visible=False,
            tooltip="How close the picture shall be to the original.",
        )
        colors = Container(
            label="Colors",
            layout="horizontal",
            labels=False,
            tooltip=self._slider.tooltip,
            widgets=[self._slider, self.n_colors],
        )
        self.color_space = ComboBox(
            label="Compare in",
            choices=[(_SPACE_TITLES[space], space) for space in COLOR_SPACES],
            value=defaults.color_space,
            tooltip=(
                "Where colors are compared: the channels as they are; CIELAB, as an "
                "eye sees them; or the stains haematoxylin, eosin and DAB."
            ),
        )
        self.refine = CheckBox(
            text="over every pixel",
            value=defaults.refine,
            tooltip=(
                "Polish the palette over every pixel, for the smallest error. Off: "
                "learn from the sample alone."
            ),
        )
        refine = Container(
            label="Refine",
            layout="horizontal",
            labels=False,
            tooltip=self.refine.tooltip,
            widgets=[self.refine],
        )
        self.n_samples = SpinBox(
            label="Sample size",
            value=EVERY_PIXEL if defaults.n_samples is None else defaults.n_samples,
            min=EVERY_PIXEL,
            max=2**31 - 1,
            step=1000,
            tooltip=(
                "Pixels that the palette is learned from, or started from where it is "
                "refined: more are slower and closer. 0 learns from every pixel."
            ),
        )
        self.random_state = SpinBox(
            label="Seed",
            value=defaults.random_state,
            min=0,
            max=2**31 - 1,
            tooltip="The same seed gives the same palette; another seed, another one.",
        )
        self._boxes = (self.n_colors, self.n_samples, self.random_state)
        self.quantize_button = PushButton(
            text="Quantize",
            tooltip="Add the redrawn picture and a labels layer of palette indices.",
        )
        self.cancel_button = PushButton(
            text="Cancel",
            enabled=False,
            tooltip="Stop the run and leave the layers as they are.",
        )
        self.compare_button = PushButton(
            text="Compare methods",
            tooltip=(
                "Show the original and the result of every method side by side, with "
                "their errors. Leaving the grid mode brings back the other layers."
            ),
        )
        self.progress_bar = ProgressBar(
            value=0, min=0, max=1, tooltip="How far the run has come."
        )
        self.result = Label(value=_READY, tooltip="What the last run did.")
        buttons = Container(
            layout="horizontal",
            labels=False,
            widgets=[self.quantize_button, self.cancel_button],
        )
        self._colors = colors
        form = Container(
            widgets=[
                self.layer,
                self.method,
                self.aim,
                colors,
                self.target,
                self.color_space,
                refine,
                self.n_samples,
                self.random_state,
            ]
        )
        super().__init__(
            labels=False,
            widgets=[
                form,
                buttons,
                self.compare_button,
                self.progress_bar,
                self.result,
            ],
        )
        self._dress(form, colors, refine, buttons)
        self._connect()
        self._follow_active_layer()
        warm_up()

    @property
    def parameters(self) -> Parameters:
        """What the controls say.

        Raises
        ------
        ValueError
            If they do not fit together: a sample smaller than the palette.
        """
        for box in self._boxes:
            if box.native.text().isdecimal():  # typed, and perhaps not yet entered
                box.native.setValue(int(box.native.text()))
        n_samples = self.n_samples.value
        target = self.target.value
        return Parameters(
            method=self.method.value,
            n_colors=self.n_colors.value if self.aim.value == _BY_NUMBER else AUTO,
            target_psnr=target if self.aim.value == _BY_PSNR else None,
            target_delta_e=target if self.aim.value == _BY_DELTA_E else None,
            color_space=self.color_space.value,
            refine=self.refine.value,
            n_samples=None if n_samples == EVERY_PIXEL else n_samples,
            random_state=self.random_state.value,
        )

    def quantize(self) -> None:
        """Quantize the chosen layer in the background and add the results."""
        self._start(quantize_source, self._add_result, "Quantizing")

    def compare(self) -> None:
        """Quantize the chosen layer by every method and show them side by side."""
        self._start(compare_methods, self._add_comparison, "Comparing")

    def cancel(self, why: str = "Cancelled: the layers are as they were.") -> None:
        """Stop the run; it ends within a tile, and adds nothing.

        Parameters
        ----------
        why : str
            What the user is told.
        """
        if self._worker is not None:
            self._why_cancelled = why
            self.cancel_button.enabled = False
            self.result.value = "Cancelling …"
            self._worker.quit()

    def _start(
        self,
        make_steps: Callable[[Source, Parameters], Steps[Any]],
        show: Callable[[Source, Any], None],
        doing: str,
    ) -> None:
        if self._worker is not None:
            show_warning("A run is under way: wait for it, or press Cancel.")
            return
        layer = self.layer.value
        if layer is None:
            show_error(
                "There is no image layer to quantize: open or add an image first."
            )
            return
        try:
            source, parameters = take_source(layer), self.parameters
        except (TypeError, ValueError) as error:
            show_error(str(error))
            return

        steps = when_ready(make_steps(source, parameters))
        worker = make_worker(steps, f"{doing} {source.name}")
        worker.yielded.connect(self._on_progress)
        worker.returned.connect(
            lambda results: self._on_returned(source, results, show)
        )
        worker.finished.connect(self._on_finished)
        self._worker, self._running_layer = worker, layer
        self._why_cancelled = ""
        self._doing = self.result.value = f"{doing} {source.name} …"
        self._set_running(True)
        worker.start()

    def _on_progress(self, progress: Progress) -> None:
        if self._worker is None or self._why_cancelled:
            return
        self.progress_bar.max = progress.total
        self.progress_bar.value = progress.done
        if progress.step == "compile":
            self.result.value = _COMPILING
        elif self.result.value == _COMPILING:
            self.result.value = self._doing

    def _on_returned(
        self, source: Source, results: Any, show: Callable[[Source, Any], None]
    ) -> None:
        if self._worker is None or self._why_cancelled:
            return
        if isinstance(results, Failure):
            self.result.value = f"Failed: {results.error}"
            notification_manager.dispatch(Notification.from_exception(results.error))
            return
        show(source, results.result)
        if results.seconds > _WORTH_TELLING:
            self.result.value += (
                f"\nIt waited {results.seconds:.1f} s for the engine to be compiled, "
                "which is done once."
            )

    def _on_finished(self) -> None:
        if self._worker is None:
            return
        if self._why_cancelled:
            self.result.value = self._why_cancelled
            show_info(self._why_cancelled)
        self._worker = self._running_layer = None
        self.progress_bar.value = 0
        self._set_running(False)

    def _add_result(self, source: Source, results: Any) -> None:
        report = results[0].report
        with self._layers_kept_active():
            for layer in result_layers(source, results):
                self._viewer.add_layer(layer)
        self.result.value = _unbroken(report.summary())
        for note in report.notes:
            show_warning(note)

    def _add_comparison(self, source: Source, results: Any) -> None:
        with self._layers_kept_active():
            show_side_by_side(self._viewer, comparison_layers(source, results))
        self.result.value = "\n".join(
            f"{METHOD_TITLES[method]}: {_unbroken(levels[0].report.summary())}"
            for method, levels in results.items()
        )
        for note in next(iter(results.values()))[0].report.notes:
            show_warning(note)

    @contextmanager
    def _layers_kept_active(self) -> Iterator[None]:
        """Keep the active layer, or else the chosen one, while layers are added.

        napari makes a new layer the active one, and the next run would then work
        on the last one's result.
        """
        chosen = self.layer.value
        active = self._viewer.layers.selection.active or chosen
        yield
        self._viewer.layers.selection.active = active
        self.layer.value = chosen

    def _set_running(self, running: bool) -> None:
        self.progress_bar.native.setTextVisible(running)
        self.quantize_button.enabled = self.compare_button.enabled = not running
        self.cancel_button.enabled = running

    def _image_layers(self, _widget: object = None) -> list[Image]:
        return [layer for layer in self._viewer.layers if isinstance(layer, Image)]

    def _follow_active_layer(self) -> None:
        active = self._viewer.layers.selection.active
        if isinstance(active, Image) and active in self.layer.choices:
            self.layer.value = active

    def _on_layers_changed(self, event: Any = None) -> None:
        self.layer.reset_choices()

    def _on_removed(self, event: Any) -> None:
        self._on_layers_changed()
        if self._running_layer is not None and event.value is self._running_layer:
            self.cancel(f"Cancelled, as the layer {event.value.name!r} was removed.")

    def _connect(self) -> None:
        layers = self._viewer.layers
        layers.events.inserted.connect(self._on_layers_changed)
        layers.events.removed.connect(self._on_removed)
        layers.selection.events.active.connect(self._follow_active_layer)
        self.quantize_button.changed.connect(lambda: self.quantize())
        self.compare_button.changed.connect(lambda: self.compare())
        self.cancel_button.changed.connect(lambda: self.cancel())
        self.aim.changed.connect(self._on_aim)
        self._slider.changed.connect(self._on_slider)
        self.n_colors.changed.connect(self._on_n_colors)
        self.native_parent_changed.connect(self._on_parent_changed)
        self.native.destroyed.connect(self._let_go)

    def _on_aim(self, aim: str) -> None:
        self._colors.visible = aim == _BY_NUMBER
        self.target.visible = aim != _BY_NUMBER
        self.target.value = _FIRST_TARGETS.get(aim, self.target.value)

    def _on_slider(self, value: int) -> None:
        self.n_colors.value = value

    def _on_n_colors(self, value: int) -> None:
        with self._slider.changed.blocked():  # or its end would replace a typed 1000
            self._slider.value = min(value, _SLIDER_COLORS)

    def _on_parent_changed(self) -> None:
        if self.native.parent() is None:  # napari takes it out of a dock that is closed
            self._let_go()

    def _let_go(self) -> None:
        """Stop the run and listen no more: the widget or the viewer is closing."""
        layers = self._viewer.layers
        layers.events.inserted.disconnect(self._on_layers_changed)
        layers.events.removed.disconnect(self._on_removed)
        layers.selection.events.active.disconnect(self._follow_active_layer)
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.quit()

    def _dress(self, form: Container[Any], *rows: Container[Any]) -> None:
        """Set what magicgui has no word for."""
        for container in (form, *rows):
            container.margins = (0, 0, 0, 0)
        for box in self._boxes:
            # With tracking, a box corrects each key: "1" of "16" becomes 2, then 26.
            box.native.setKeyboardTracking(False)
        # Or it breaks its lines at a fraction of the width that it has.
        self.result.native.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
        )
        self.progress_bar.native.setTextVisible(False)
        self.result.native.setWordWrap(True)
        LabelAligner(form)


def _unbroken(line: str) -> str:
    """Let a line wrap between its parts only."""
    return line.replace(" ", "\u00a0").replace("\u00a0·\u00a0", " · ")
