"""The widget: it shows a session, and calls it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import napari.viewer
from magicgui.widgets import Container, Label, ProgressBar, PushButton
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_colorquant.viewer.session.qt_worker import (
    after_drawing,
    make_qt_worker,
    warm_up_until_quit,
)
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.common import (
    Collapsible,
    Controls,
    LabelAligner,
    keep_offered,
    wrap,
    wrap_tips,
)
from napari_colorquant.viewer.widgets.curve_tab import CurveTab
from napari_colorquant.viewer.widgets.dialogs import show_list
from napari_colorquant.viewer.widgets.measure.measure_tab import MeasureTab
from napari_colorquant.viewer.widgets.palette_tab import PaletteTab
from napari_colorquant.viewer.widgets.parameters_form import ParametersForm
from napari_colorquant.viewer.widgets.quality_tab import QualityTab
from napari_colorquant.viewer.widgets.scrolling import Pages, ScrollingColumn
from napari_colorquant.viewer.widgets.stains_form import TAKE
from napari_colorquant.viewer.widgets.target_form import TargetForm

_QUANTIZE = "Add the redrawn picture and a labels layer of palette indices."
_CANCEL = "Stop the run and leave the layers as they are."
_PAUSE = 300
"""Milliseconds after the last change until a live result is made."""
_MARGINS = (6, 4, 6, 4)


class QuantizeWidget(Container[Any]):
    """Quantize an image layer, judge the result, edit its palette and use it again."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self.session = Session(viewer, make_qt_worker, after_drawing)
        self.form = ParametersForm(self.session)
        self.target = TargetForm(self.session)
        self.form.basic.insert(1, self.target.offer)
        self.form.basic.insert(2, self.target.together)
        self.quantize_button = PushButton(text="Quantize")
        self.cancel_button = PushButton(text="Cancel")
        self.progress_bar = ProgressBar(
            value=0, min=0, max=1, tooltip="How far the run has come."
        )
        self.result = Label(value="", tooltip="What is shown below, or what was done.")
        self.locks = Label(
            value="", visible=False, tooltip="Unlock them in the palette below."
        )
        self.palette_tab = PaletteTab(self.session)
        self.measure_tab = MeasureTab(self.session)
        self.quality_tab = QualityTab(self.session)
        self.curve_tab = CurveTab(self.session)
        self.more = Collapsible(
            "More options",
            self.form.more.native,
            "How the palette is learned, live updates, and the defaults.",
        )
        self.where = Collapsible(
            "Channels, slices and regions",
            self.target.controls.native,
            "What is quantized: layers together, slices, parts of an image, classes.",
        )
        self._buttons: Container[Any] = Container(
            layout="horizontal",
            labels=False,
            widgets=[self.quantize_button, self.cancel_button],
        )
        self._controls: Controls = {
            "quantize": (self.quantize_button.native, _QUANTIZE),
            "cancel": (self.cancel_button.native, _CANCEL),
            "take_scale": (self.form.stains.take.native, TAKE),
        }
        self._column: Container[Any] = Container(
            labels=False,
            widgets=[
                self.form.basic,
                self._buttons,
                self.locks,
                self.progress_bar,
                self.result,
            ],
        )
        super().__init__(labels=False, widgets=[self._column])
        LabelAligner(self.form.basic, self.form.more, self.target.controls)
        self.tabs = Pages()
        self._pause = QTimer(self.native)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._lay_out()
        self._connect()
        self._show_message(self.session.message)
        self._show_chosen()
        keep_offered(self.session, self._controls)
        wrap_tips(self.native)
        warm_up_until_quit()

    def quantize(self) -> None:
        """Quantize what is chosen in the background and add the results."""
        if not self._do(self.session.quantize):
            self._pause.stop()

    def _do(self, job: Callable[[], str]) -> str:
        """Start a job with what is typed, and perhaps not yet entered."""
        self.form.enter()
        return job()

    def _cancel(self) -> None:
        self.cancel_button.enabled = False
        self.session.cancel()

    def _update_preview(self) -> None:
        """Make the live result, once nobody is typing."""
        self._pause.stop()
        if self.form.is_typing:
            self._pause.start()
        else:
            self.session.update_preview()

    def _show_message(self, text: str) -> None:
        self.result.value = text

    def _show_busy(self, busy: bool) -> None:
        self.progress_bar.native.setVisible(busy)

    def _show_progress(self, done: int, total: int) -> None:
        self.progress_bar.max = total
        self.progress_bar.value = done

    def _show_chosen(self) -> None:
        """Show what is set in the folds, which may hide it, and how many are locked."""
        n_set, white = self.session.target.now.n_set, self.session.choices.data_range
        self.where.set_note(f"{n_set} set" if n_set else "")
        far = self.session.choices.max_distance
        notes = [] if white is None else [f"White {white:,.10g}"]
        if far is not None:
            notes.append(f"left out: farther than {far:,.10g}")
        if self.session.choices.says_stains:
            notes.append("stains set")
        if background := self.session.choices.background_words:
            notes.append(background)
        self.more.set_note(" · ".join(notes))
        fixed = self.session.locked
        if fixed is not None:
            noun = "color is" if len(fixed) == 1 else "colors are"
            self.locks.value = f"{len(fixed)} locked {noun} kept by Quantize."
        self.locks.visible = fixed is not None

    def _connect(self) -> None:
        session, events = self.session, self.session.events
        events.target.connect(self._show_chosen)
        events.parameters.connect(self._show_chosen)
        events.palette.connect(self._show_chosen)
        events.message.connect(self._show_message)
        events.progress.connect(self._show_progress)
        events.busy.connect(self._show_busy)
        events.opened.connect(lambda: self.tabs.setCurrentWidget(self.palette_tab))
        events.listed.connect(lambda *what: show_list(self.native, *what))
        events.preview_wanted.connect(lambda: self._pause.start())
        self._pause.timeout.connect(self._update_preview)
        self.form.live.changed.connect(lambda _: self._update_preview())
        self.quantize_button.changed.connect(lambda: self.quantize())
        self.cancel_button.changed.connect(lambda: self._cancel())
        for button, job in (
            (self.palette_tab.apply, session.apply_palette),
            (self.quality_tab.compare, session.compare_methods),
            (self.curve_tab.button, session.find_elbow),
            (self.form.stains.take.native, session.staining.take_scale),
        ):
            button.clicked.connect(lambda _=False, job=job: self._do(job))
        for fold, other in ((self.where, self.more), (self.more, self.where)):
            fold.unfolded.connect(other.fold)  # or there is much to scroll
        self.native_parent_changed.connect(self._on_parent_changed)
        self.native.destroyed.connect(self.disconnect)

    def _on_parent_changed(self) -> None:
        if self.native.parent() is None:  # napari takes it out of a dock that is closed
            self.disconnect()

    def disconnect(self) -> None:
        """Stop the run and listen no more: the widget or the viewer is closing."""
        for name in ("inserted", "removed", "reordered", "renamed"):
            # napari connects it to a widget that is docked, and leaves it so.
            events = self.session.viewer.layers.events
            getattr(events, name).disconnect(self.reset_choices)
        self._pause.stop()
        self.session.close()

    def _lay_out(self) -> None:
        """Put together what magicgui has no parameters for."""
        self._buttons.margins = (0, 0, 0, 0)
        for label in (self.result, self.locks):
            wrap(label)
        # An empty field would look as if something were to be typed there; its place
        # stays free, so that nothing moves when a run begins.
        bar = self.progress_bar.native
        policy = bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        bar.setSizePolicy(policy)
        bar.setVisible(False)
        self.tabs.addTab(self.palette_tab, "Palette")
        self.tabs.addTab(self.measure_tab, "Measure")
        self.tabs.addTab(self.quality_tab, "Quality")
        self.tabs.addTab(self.curve_tab, "How many?")
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
        tab = self.palette_tab
        in_order = (
            self.form.layer.native,
            self.target.offer.native,
            *(self.form.slider.native, self.form.n_colors.native),
            self.form.target.native,
            self.where.button,
            *(control.native for control in self.target.controls),
            self.more.button,
            *(control.native for control in self.form.more),
            self.quantize_button.native,
            self.cancel_button.native,
            self.tabs,
            *(tab.palettes, tab.columns, tab.more, tab.table, tab.count),
            *(tab.merge, tab.remove, tab.lock, tab.sort),
            *(tab.undo, tab.redo, tab.apply, tab.apply_to),
        )
        for before, after in pairwise(in_order):
            QWidget.setTabOrder(before, after)
