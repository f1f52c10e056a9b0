"""The controls of the parameters: the two that everyone needs, and the folded rest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSlider,
    FloatSpinBox,
    Label,
    LineEdit,
    PushButton,
    Slider,
    SpinBox,
)
from qtpy.QtCore import QEvent, QObject

from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.learn.presets import PRESETS
from napari_colorquant.formats.palette_data import white_of
from napari_colorquant.viewer.session.choices.settings import (
    AIMS,
    CONTROLS,
    default_cluster,
    remember_cluster,
)
from napari_colorquant.viewer.session.notify import WINDOW
from napari_colorquant.viewer.session.sentences import told_of_balance
from napari_colorquant.viewer.widgets.common import ChoiceBox, wrap, wrapped
from napari_colorquant.viewer.widgets.stains_form import StainsForm

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.session import Session

_SLIDER_COLORS = 256
_RGB_ONLY = "RGB only: channels are compared as they are."
_FIND_WHITE = 0.0
_AT_LEAST = {"white": "automatic", "max_distance": "nothing"}
"""What boxes show for their least value."""
_HIGHEST_WHITE = 2.0**32 - 1
"""That can be typed; 64 bits would make the box wider than the widget."""


class ParametersForm:
    """The controls of the parameters, in two containers: basic, and more, folded below.

    They show what is chosen in a session, and choose it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.layer = ChoiceBox(
            lambda: session.target.choices("image"),
            lambda: session.target.now.image,
            label="Image",
            tooltip="The image layer to quantize. Follows the active layer.",
        )
        self.n_colors = SpinBox(
            **_described(
                "n_colors",
                tooltip="Colors in the palette. Type a number for more than 256.",
            )
        )
        self.slider = Slider(
            **_described("n_colors", max=_SLIDER_COLORS), readout=False
        )
        self.target = FloatSpinBox(
            **_described(
                "target_psnr",
                label="Target",
                tooltip="How close the picture shall be to the original.",
            ),
            visible=False,
        )
        self.colors = _row(DESCRIPTIONS["n_colors"].label, self.slider, self.n_colors)
        self.preset = ChoiceBox(
            self._presets,
            lambda: session.choices.preset,
            label="Preset",
            tooltip=(
                "Set what suits a kind of image: the number of colors, where they are "
                "compared, how rare ones count, and what is left out."
            ),
        )
        self.aim = ComboBox(**_described("aim"))
        self.method = ComboBox(**_described("method"))
        self.color_space = ComboBox(**_described("color_space"))
        self.space_note = Label(value=_RGB_ONLY, visible=False)
        self.stains = StainsForm(session)
        self.weights = LineEdit(**_described("weights"))
        self.balance = FloatSlider(**_described("balance"), readout=False)
        self.balance_note = Label(value=told_of_balance(0))
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
        self.background = ChoiceBox(
            lambda: session.choices.backgrounds(session.target.regions()),
            self._chosen_background,
            label=DESCRIPTIONS["background"].label,
            tooltip=_described("background")["tooltip"],
        )
        self.limits = LineEdit(
            label="Limits",
            tooltip=(
                "One number for all channels, or one for each with commas between "
                "them, in the image's own units. What is not above it is background."
            ),
            visible=False,
        )
        self.max_distance = FloatSpinBox(**_described("max_distance"))
        self.refine = CheckBox(**_described("refine", label="over every pixel"))
        self.n_samples = SpinBox(**_described("n_samples"))
        self.random_state = SpinBox(**_described("random_state"))
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
        refine = _row(DESCRIPTIONS["refine"].label, self.refine)
        label = DESCRIPTIONS["balance"].label
        balance = _row(label, self.balance, self.balance_note)
        self._boxes = (self.n_colors, self.n_samples, self.random_state)
        self._controls = {
            "aim": self.aim,
            "n_colors": self.n_colors,
            "method": self.method,
            "color_space": self.color_space,
            "weights": self.weights,
            "balance": self.balance,
            "max_distance": self.max_distance,
            "refine": self.refine,
            "n_samples": self.n_samples,
            "random_state": self.random_state,
        }
        self.basic = Container(widgets=[self.layer, self.colors, self.target])
        self.more = Container(
            widgets=[
                self.preset,
                self.aim,
                self.method,
                self.color_space,
                self.space_note,
                *self.stains.controls,
                self.weights,
                balance,
                self.white,
                self.background,
                self.limits,
                self.max_distance,
                refine,
                self.n_samples,
                self.random_state,
                self.cluster,
                live,
                self.reset_button,
            ]
        )
        self._style(refine, live, balance)
        self.show()
        self._connect()

    def enter(self) -> None:
        """Choose what is typed, and perhaps not yet entered."""
        for box in self._boxes:
            if box.native.text().isdecimal():
                box.native.setValue(int(box.native.text()))
        for special in (self.white, self.max_distance):
            if special.native.cleanText().strip():
                special.native.interpretText()
            else:
                special.value = special.min
        self._on_weights()
        self.stains.enter()
        self._on_limits()

    def show(self) -> None:
        """Show what is chosen."""
        session, choices = self._session, self._session.choices.now
        target = session.target.now
        self.layer.reset_choices()
        self.layer.visible = not target.channels
        self.preset.reset_choices()
        self._fit_distance()
        for name, control in self._controls.items():
            _set(control, choices[name])
        self._on_n_colors(self.n_colors.value)
        self.balance_note.value = told_of_balance(choices["balance"])
        by_number = choices["aim"] == "number"
        self.colors.visible, self.target.visible = by_number, not by_number
        if not by_number:
            _set(self.target, choices[AIMS[choices["aim"]]])
        for control in (self.color_space, self.weights, self.white):
            control.enabled = target.is_light
        self.space_note.visible = not target.is_light
        self.white.visible = target.is_light  # and the background has its place
        self.background.visible = not target.is_light
        self.background.reset_choices()
        self.limits.visible = bool(self._limits)
        _set(self.limits, self._limits)
        _set(self.white, choices["white"] or _FIND_WHITE)
        if target.is_light:
            self._fit_white(target.dtype)
        _set(self.cluster, session.cluster)
        _set(self.live, session.live)

    @property
    def _limits(self) -> str:
        return self._session.choices.background_limits

    def _chosen_background(self) -> Any:
        choices, region = self._session.choices, self._session.target.now.empty
        return choices.background if region is None else region

    def _presets(self) -> list[tuple[str, str | None]]:
        own = [] if self._session.choices.preset else [("own choices", None)]
        return [*((one.title, name) for name, one in PRESETS.items()), *own]

    def _fit_white(self, dtype: str) -> None:
        """Let white be typed as far as a dtype goes; an empty dtype means no image."""
        if dtype in ("", self._white_dtype):
            return
        self._white_dtype = dtype
        is_float = np.dtype(dtype).kind == "f"
        self.white.native.setDecimals(3 if is_float else 0)
        highest = _HIGHEST_WHITE if is_float else white_of(dtype)
        self.white.max = min(highest, _HIGHEST_WHITE)

    def _fit_distance(self) -> None:
        """Show what the distance is in."""
        unit, words, step, digits = self._session.choices.distances
        box, said = self.max_distance.native, _described("max_distance")["tooltip"]
        box.setSuffix(unit and f" {unit}")
        box.setDecimals(digits)
        box.setSingleStep(step)
        self.max_distance.tooltip = wrapped(f"{said} {words}")

    @property
    def is_typing(self) -> bool:
        """Whether a number is typed that is not entered yet."""
        weights = self.weights.value.strip()
        if self.stains.is_typing or weights != self._session.choices.now["weights"]:
            return True
        if self.limits.value.strip() != self._limits:
            return True
        for special in (self.white.native, self.max_distance.native):
            number = special.textFromValue(special.value())
            entered = special.prefix() + number + special.suffix()
            if special.text() not in (special.specialValueText(), entered):
                return True
        return any(box.native.text() != str(box.value) for box in self._boxes)

    def _connect(self) -> None:
        session = self._session
        for name, control in self._controls.items():
            if control is not self.weights:
                control.changed.connect(partial(self._choose, name))
        # Half a number would be refused.
        self.weights.native.editingFinished.connect(self._on_weights)
        self.limits.native.editingFinished.connect(self._on_limits)
        self.background.changed.connect(session.choose_background)
        self.target.changed.connect(self._on_target)
        self.slider.changed.connect(self._on_slider)
        self.n_colors.changed.connect(self._on_n_colors)
        self.layer.changed.connect(lambda it: session.target.choose(image=it))
        self.preset.changed.connect(self._on_preset)
        self.white.changed.connect(lambda it: session.choose(white=it or None))
        self.live.changed.connect(session.choose_live)
        self.cluster.changed.connect(lambda it: setattr(session, "cluster", it))
        self.reset_button.changed.connect(lambda _: session.reset_parameters())
        session.events.parameters.connect(self.show)
        session.events.target.connect(self.show)

    def _choose(self, name: str, value: Any) -> None:
        self._session.choose(**{name: value})

    def _on_preset(self, preset: str | None) -> None:
        if preset:
            self._session.choose_preset(preset)

    def _on_weights(self) -> None:
        self._choose("weights", self.weights.value.strip())

    def _on_limits(self) -> None:
        if self._limits:  # else it is hidden
            self._choose("background", self.limits.value.strip())

    def _on_target(self, value: float) -> None:
        self._session.choose(**{AIMS[self._session.choices.now["aim"]]: value})

    def _on_slider(self, value: int) -> None:
        self.n_colors.value = value

    def _on_n_colors(self, value: int) -> None:
        with self.slider.changed.blocked():  # or its end would replace a typed 1000
            self.slider.value = min(value, _SLIDER_COLORS)

    def _style(self, *rows: Container[Any]) -> None:
        """Set the properties that magicgui does not offer."""
        for container in (self.basic, self.more, self.colors, *rows):
            container.margins = (0, 0, 0, 0)
        self.more.native.layout().setSpacing(2)  # its many rows scroll less
        wrap(self.space_note)
        self.weights.native.setPlaceholderText("all alike")
        self.max_distance.native.setPrefix("over ")
        for name, word in _AT_LEAST.items():
            box = getattr(self, name).native
            box.setSpecialValueText(word)
            box.installEventFilter(_WordTypedOver(box))
        for box in (*self._boxes, self.white, self.max_distance):
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


def _set(control: Any, value: Any) -> None:
    """Show a value, unless it is shown: what is being typed would be lost."""
    if control.value != value:
        control.value = value


def _described(name: str, **changes: Any) -> dict[str, Any]:
    """Return what a control takes of the description of a choice, with changes."""
    described = CONTROLS[name]
    said = described.help_in(WINDOW)
    values = {
        "label": described.label,
        "tooltip": said[:1].upper() + said[1:] + described.details,
        "choices": [(title, value) for value, title in described.choices.items()],
        "value": described.first,
        "min": described.minimum,
        "max": described.maximum,
        "step": described.step,
    }
    return {key: it for key, it in values.items() if it not in (None, [])} | changes


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
