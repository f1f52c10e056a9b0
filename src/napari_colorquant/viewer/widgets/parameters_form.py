"""The controls of the parameters: the two that everyone needs, and the folded rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSpinBox,
    Label,
    LineEdit,
    PushButton,
    Slider,
    SpinBox,
)
from napari.layers import Image
from psygnal import Signal
from qtpy.QtCore import QEvent, QObject

from napari_colorquant.core.color.spaces import COLOR_SPACES
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import MAX_COLORS, white_of
from napari_colorquant.viewer.session.settings import (
    EVERY_PIXEL,
    default_cluster,
    remember_cluster,
)
from napari_colorquant.viewer.tasks.compare import METHOD_TITLES
from napari_colorquant.viewer.widgets.common import layer_box

_SLIDER_COLORS = 256
_SPACE_TITLES = {
    "rgb": "Channel values",
    "lab": "CIELAB",
    "hed": "Stains (H, E, DAB)",
}
_RGB_ONLY = "RGB only: channels are compared as they are."
_BY_NUMBER, _BY_PSNR, _BY_DELTA_E = "Number of colors", "PSNR (dB)", "ΔE2000"
_FIRST_TARGETS = {_BY_PSNR: 35.0, _BY_DELTA_E: 2.0}
_FIND_WHITE = 0.0
_HIGHEST_WHITE = 2.0**32 - 1
"""That can be typed; 64 bits would make the box wider than the widget."""


class ParametersForm:
    """The controls of the parameters, in two containers: basic, and more, folded below.

    layers returns the image layers to choose from. changed is emitted after a control
    has changed.
    """

    changed = Signal()

    def __init__(self, parameters: Parameters, layers: Callable[..., Any]) -> None:
        self.layer = layer_box(
            label="Image",
            choices=layers,
            tooltip="The image layer to quantize. Follows the active layer.",
        )
        self.n_colors = SpinBox(
            min=2,
            max=MAX_COLORS,
            tooltip="Colors in the palette. Type a number for more than 256.",
        )
        self.slider = Slider(
            min=2,
            max=_SLIDER_COLORS,
            readout=False,
            tooltip="Colors in the palette: fewer are simpler, more are closer.",
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
        self.colors = _row("Colors", self.slider, self.n_colors)
        self.method = ComboBox(
            label="Method",
            choices=[(METHOD_TITLES[method], method) for method in METHODS],
            tooltip=(
                "How the palette is learned: k-means finds the colors with the "
                "smallest error; Wu cuts color space into boxes; a random codebook "
                "picks colors of the image."
            ),
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
        self.color_space = ComboBox(
            label="Compare in",
            choices=[(_SPACE_TITLES[space], space) for space in COLOR_SPACES],
            tooltip=(
                "Where colors are compared: the channels as they are; CIELAB, as an "
                "eye sees them; or the stains haematoxylin, eosin and DAB."
            ),
        )
        self.space_note = Label(value=_RGB_ONLY, visible=False)
        self.white = FloatSpinBox(
            label="White",
            value=_FIND_WHITE,
            min=_FIND_WHITE,
            max=_HIGHEST_WHITE,
            step=1,
            tooltip=(
                "The value of white in the image, such as 4095 in one of 12 bits. 0 is "
                "automatic: white of the palette, else the largest value that the "
                "image can have, and in 16 bits the top of the bits that it uses."
            ),
        )
        self._white_dtype = ""
        self.refine = CheckBox(
            text="over every pixel",
            tooltip=(
                "Polish the palette over every pixel, for the smallest error. Off: "
                "learn from the sample alone."
            ),
        )
        self.n_samples = SpinBox(
            label="Sample size",
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
            min=0,
            max=2**31 - 1,
            tooltip="The same seed gives the same palette; another seed, another one.",
        )
        self.live = CheckBox(
            text="at every change",
            tooltip=(
                "Show the result of every change after a moment, of large images in "
                "a coarser view. Quantize, or switching it off, makes the full one."
            ),
        )
        self.cluster = cluster_box()
        self.reset_button = PushButton(
            text="Reset to defaults",
            tooltip="Set these, and the number of colors, as at the first start.",
        )
        live = _row("Update", self.live)
        refine = _row("Refine", self.refine)
        self._boxes = (self.n_colors, self.n_samples, self.random_state)
        self.basic = Container(widgets=[self.layer, self.colors, self.target])
        self.more = Container(
            widgets=[
                self.aim,
                self.method,
                self.color_space,
                self.space_note,
                self.white,
                refine,
                self.n_samples,
                self.random_state,
                self.cluster,
                live,
                self.reset_button,
            ]
        )
        self.show(parameters)
        self._connect()
        self._dress(refine, live)

    @property
    def parameters(self) -> Parameters:
        """What the controls say; raises ValueError if they do not fit together.

        For example, a sample must not be smaller than the palette.
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
            color_space=self.color_space.value if self.color_space.enabled else "rgb",
            refine=self.refine.value,
            n_samples=None if n_samples == EVERY_PIXEL else n_samples,
            random_state=self.random_state.value,
        )

    @property
    def data_range(self) -> float | None:
        """The value of white that is typed; None where it is to be found."""
        if not self.white.enabled:
            return None
        if self.white.native.lineEdit().text().strip():
            self.white.native.interpretText()  # typed, and perhaps not yet entered
        else:
            self.white.value = _FIND_WHITE
        return self.white.value or None

    @property
    def chosen(self) -> Parameters:
        """What the controls say, with the colour space even where it does not apply."""
        return replace(self.parameters, color_space=self.color_space.value)

    def show(self, parameters: Parameters) -> None:
        """Set the controls to parameters; fixed colours have no control."""
        aim = _BY_NUMBER
        if parameters.target_psnr is not None:
            aim = _BY_PSNR
        elif parameters.target_delta_e is not None:
            aim = _BY_DELTA_E
        self.aim.value = aim
        self._on_aim(aim)
        aimless = DEFAULTS if aim != _BY_NUMBER else parameters
        self.n_colors.value = int(aimless.n_colors)
        self._on_n_colors(self.n_colors.value)
        target = parameters.target_psnr or parameters.target_delta_e
        if target is not None:
            self.target.value = target
        self.method.value = parameters.method
        self.color_space.value = parameters.color_space
        self.refine.value = parameters.refine
        n_samples = parameters.n_samples
        self.n_samples.value = EVERY_PIXEL if n_samples is None else n_samples
        self.random_state.value = parameters.random_state

    def show_light(self, *, is_light: bool, dtype: str = "") -> None:
        """Enable the colour space and white if the image is RGB, not channels of data.

        Disabled choices stay for the next RGB image. White is reset for another dtype,
        where it has another value; an empty dtype means no image.
        """
        self.color_space.enabled = self.white.enabled = is_light
        self.space_note.visible = not is_light
        if not is_light or dtype in ("", self._white_dtype):
            return
        self._white_dtype = dtype
        self.white.value = _FIND_WHITE
        is_float = np.dtype(dtype).kind == "f"
        self.white.native.setDecimals(3 if is_float else 0)
        highest = _HIGHEST_WHITE if is_float else white_of(dtype)
        self.white.max = min(highest, _HIGHEST_WHITE)

    def find_white(self) -> None:
        """Set white to be found automatically, as at first."""
        self.white.value = _FIND_WHITE

    def set_n_colors(self, n_colors: int) -> None:
        """Aim for a number of colours."""
        self.aim.value = _BY_NUMBER
        self.n_colors.value = n_colors

    @property
    def is_typing(self) -> bool:
        """Whether a number is typed that is not entered yet."""
        white = self.white.native
        said = (white.specialValueText(), white.textFromValue(white.value()))
        return white.text() not in said or any(
            box.native.text() != str(box.value) for box in self._boxes
        )

    @property
    def target_psnr(self) -> float | None:
        """The PSNR that is aimed for, in dB; None where something else is."""
        return self.target.value if self.aim.value == _BY_PSNR else None

    def _connect(self) -> None:
        self.aim.changed.connect(self._on_aim)
        self.slider.changed.connect(self._on_slider)
        self.n_colors.changed.connect(self._on_n_colors)
        for control in (
            self.layer,
            self.n_colors,
            self.target,
            self.aim,
            self.method,
            self.color_space,
            self.white,
            self.refine,
            self.n_samples,
            self.random_state,
        ):
            control.changed.connect(lambda _: self.changed.emit())

    def _on_aim(self, aim: str) -> None:
        self.colors.visible = aim == _BY_NUMBER
        self.target.visible = aim != _BY_NUMBER
        self.target.value = _FIRST_TARGETS.get(aim, self.target.value)

    def _on_slider(self, value: int) -> None:
        self.n_colors.value = value

    def _on_n_colors(self, value: int) -> None:
        with self.slider.changed.blocked():  # or its end would replace a typed 1000
            self.slider.value = min(value, _SLIDER_COLORS)

    def _dress(self, *rows: Container[Any]) -> None:
        """Set the properties that magicgui does not offer."""
        for container in (self.basic, self.more, self.colors, *rows):
            container.margins = (0, 0, 0, 0)
        self.space_note.native.setWordWrap(True)
        white = self.white.native
        white.setSpecialValueText("automatic")
        white.installEventFilter(_WordTypedOver(white))
        for box in (*self._boxes, self.white):
            # With tracking, a box corrects each key: "1" of "16" becomes 2, then 26.
            box.native.setKeyboardTracking(False)


class _WordTypedOver(QObject):
    """Event filter: a digit replaces the word that stands for the lowest value."""

    def __init__(self, box: Any) -> None:
        super().__init__(box)
        self._box = box

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Clear the word before a digit is typed."""
        is_digit = event.type() == QEvent.Type.KeyPress and event.text().isdigit()
        if is_digit and self._box.text() == self._box.specialValueText():
            self._box.lineEdit().clear()
        return False


def image_layers(viewer: Any) -> list[Image]:
    """Return the image layers of a viewer, from the bottom up."""
    return [layer for layer in viewer.layers if isinstance(layer, Image)]


def _row(label: str, *widgets: Any) -> Container[Any]:
    return Container(
        label=label,
        layout="horizontal",
        labels=False,
        tooltip=widgets[0].tooltip,
        widgets=list(widgets),
    )


def cluster_box() -> LineEdit:
    """Return the box with the remembered address; a new entry is remembered."""
    box = LineEdit(
        label="Cluster",
        value=default_cluster(),
        tooltip=(
            "Address of a dask scheduler, such as tcp://10.0.0.7:8786: images larger "
            "than memory are read, counted and saved by its workers, with the same "
            "result. Empty: this machine."
        ),
    )
    box.native.setPlaceholderText("this machine")
    box.native.editingFinished.connect(lambda: remember_cluster(box.value.strip()))
    return box
