"""The controls of what a run works on: channels, slices and regions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from magicgui.widgets import Container, Label, PushButton, SpinBox

from napari_colorquant.viewer.session.choices.target_choice import (
    REGIONS,
    can_hold_channels,
)
from napari_colorquant.viewer.widgets.common import ChoiceBox, wrap, wrapped

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.session import Session

_MOST_A_CLASS = 256
_TOGETHER = (
    "The image layers that are selected in the layer list are quantized together, one "
    "a channel; those in RGB are left out. Select one alone to quantize it alone."
)
_OPENED_TOGETHER = (
    "Quantize these channels together, as they were opened together. It selects their "
    "layers: select one alone to quantize it alone."
)
# So many letters fit into a dock of 300 pixels.
_MOST_NAMES, _LONGEST_NAME = 6, 20
_PLUS, _ROOM, _SHORTEST_NAME = " + ", 24, 3


class TargetForm:
    """The controls of what a run works on; those that make no sense are hidden."""

    def __init__(self, session: Session) -> None:
        self._target = session.target
        self.together = Label(
            label="Images",
            value="",
            visible=False,
            tooltip=_TOGETHER,
        )
        self.offer = PushButton(visible=False)
        self.scaling = self._box(
            "scaling",
            "Scaling",
            "How much each channel counts: by contrast limits, what is seen of it "
            "counts as much as of another; as they are, large values count more; "
            "by z-scores, deviations from the mean count.",
        )
        self.channel_axis = self._box(
            "channel_axis",
            "Channel axis",
            "The axis of the layer that holds channels: a pixel is then what all "
            "of them have in its place, and the labels have this axis no more.",
        )
        self.slices = self._box(
            "slices",
            "Slices",
            "All slices share one palette; or the result is that of the slice that "
            "the viewer shows; or each slice gets a palette of its own, matched "
            "with its neighbour's so that a label means the same in all.",
        )
        self.learn_within = self._box(
            "learn_within",
            REGIONS["learn_within"],
            "Learn the palette from the pixels inside a labels or shapes layer alone; "
            "of those to apply it in.",
        )
        self.within = self._box(
            "within",
            REGIONS["within"],
            "Quantize the pixels inside a labels or shapes layer alone; others keep "
            "their color and get label 0.",
        )
        self.seeds = self._box(
            "seeds",
            REGIONS["seeds"],
            "Give what is painted in a labels or shapes layer entries of its own: the "
            "colors below each label, or each shape, become a class. Other colors are "
            "learned around them. Not with a palette for each slice.",
        )
        self.per_class = SpinBox(
            label="Entries each",
            min=1,
            max=_MOST_A_CLASS,
            tooltip="Palette entries of each class.",
        )
        self._boxes = {
            "scaling": self.scaling,
            "channel_axis": self.channel_axis,
            "slices": self.slices,
            "learn_within": self.learn_within,
            "within": self.within,
            "seeds": self.seeds,
        }
        self.controls = Container(widgets=[*self._boxes.values(), self.per_class])
        self._style()
        for name, control in {**self._boxes, "per_class": self.per_class}.items():
            control.changed.connect(partial(self._choose, name))
        self.offer.changed.connect(lambda _: self._target.select_siblings())
        session.events.target.connect(self.show)
        self.show()

    def show(self) -> None:
        """Show what is chosen, and the controls that make sense."""
        now = self._target.now
        names = [layer.name for layer in now.channels]
        self.together.value = f"{len(names)} channels: {_listed(names)}"
        self.together.tooltip = wrapped(f"{_TOGETHER}\n" + "\n".join(names))
        self.together.visible = self.scaling.visible = bool(names)
        siblings = [layer.name for layer in self._target.siblings()]
        self.offer.text = _use_together(siblings)
        self.offer.tooltip = wrapped("\n".join([_OPENED_TOGETHER, *siblings]))
        self.offer.visible = bool(siblings)
        for box in self._boxes.values():
            box.reset_choices()
        self.per_class.value = now.per_class
        self.channel_axis.visible = can_hold_channels(now.image) and not names
        self.slices.visible = len(self.slices.choices) > 1
        self.seeds.enabled = self.per_class.enabled = now.slice_axis is None
        self.per_class.visible = now.seeds is not None

    def _choose(self, name: str, value: Any) -> None:
        self._target.choose(**{name: value})

    def _box(self, name: str, label: str, tooltip: str) -> ChoiceBox:
        return ChoiceBox(
            lambda: self._target.choices(name),
            lambda: getattr(self._target.now, name),
            label=label,
            tooltip=tooltip,
        )

    def _style(self) -> None:
        """Set what magicgui has no parameters for."""
        self.controls.margins = (0, 0, 0, 0)
        wrap(self.together)


def _use_together(names: Sequence[str]) -> str:
    """Return the words of a button that fits into a dock of 300 pixels."""
    room = _ROOM - len(_PLUS) * (len(names) - 1)
    for longest in range(room, _SHORTEST_NAME - 1, -1):
        short = [_shortened(name, longest) for name in names]
        if sum(min(len(name), longest) for name in names) <= room:
            return f"Use {_PLUS.join(short)} together"
    return f"Use {len(names)} channels together"


def _shortened(name: str, longest: int) -> str:
    """Return the beginning and the end of a name: channels differ in either."""
    if len(name) <= longest:
        return name
    last = longest // 2
    return f"{name[: longest - last - 1]}…\u2060{name[-last:]}"


def _listed(names: Sequence[str]) -> str:
    """List names in a few lines of a narrow widget."""
    listed = ", ".join(_shortened(name, _LONGEST_NAME) for name in names[:_MOST_NAMES])
    if len(names) > _MOST_NAMES:
        listed += f" and {len(names) - _MOST_NAMES} more"
    return listed
