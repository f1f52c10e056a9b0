"""The controls of what a run works on: channels, slices and regions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from magicgui.widgets import ComboBox, Container, Label, SpinBox
from napari.layers import Image, Labels, Layer, Shapes
from psygnal import Signal
from qtpy.QtWidgets import QSizePolicy

from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.layer_properties import levels_of, one_channel
from napari_colorquant.viewer.layers.rasterize import lies_outside
from napari_colorquant.viewer.layers.target import Target, shown_slice
from napari_colorquant.viewer.widgets.common import layer_box, wrapped

if TYPE_CHECKING:
    from napari.components import Dims

_SCALING_TITLES = {
    "contrast_limits": "By contrast limits",
    "none": "As they are",
    "zscore": "By z-scores",
}
_ALL, _CURRENT = "all", "current"
_NO_LAYER = "\u2060"
"""After a word that is no layer's name: invisible, and no name ends so."""
_EVERYWHERE, _NONE = f"Everywhere{_NO_LAYER}", f"None{_NO_LAYER}"
_MOST_A_CLASS = 256
_TOGETHER = (
    "The image layers that are selected in the layer list are quantized together, one "
    "a channel; those in RGB are left out. Select one alone to quantize it alone."
)
_MOST_NAMES, _LONGEST_NAME = 6, 20  # so many letters fit into a dock of 300 pixels


class TargetForm:
    """The controls of what a run works on; those that make no sense are hidden.

    combined: other layers are quantized together, or one alone again. dropped: tells
    which regions were dropped, as they lie outside of the image chosen last.
    """

    changed = Signal()
    combined = Signal()

    def __init__(
        self,
        layer: Callable[[], Image | None],
        regions: Callable[[], Sequence[Layer]],
    ) -> None:
        self._layer, self._list_regions = layer, regions
        self._channels: tuple[Image, ...] = ()
        self._is_resetting = False
        self.dropped = ""
        self._checked: tuple[Image, ...] = ()  # whose regions are known to fit
        self._heard: list[Layer] = []  # the regions whose strokes are listened to
        self.together = Label(
            label="Images",
            value="",
            visible=False,
            tooltip=_TOGETHER,
        )
        self.scaling = ComboBox(
            label="Scaling",
            choices=[(_SCALING_TITLES[scaling], scaling) for scaling in SCALINGS],
            tooltip=(
                "How much each channel counts: by contrast limits, what is seen of it "
                "counts as much as of another; as they are, large values count more; "
                "by z-scores, deviations from the mean count."
            ),
        )
        self.channel_axis = ComboBox(
            label="Channel axis",
            choices=lambda _: [("None", None), *self._axes()],
            tooltip=(
                "The axis of the layer that holds channels: a pixel is then what all "
                "of them have in its place, and the labels have this axis no more."
            ),
        )
        self.slices = ComboBox(
            label="Slices",
            choices=lambda _: self._slice_choices(),
            tooltip=(
                "All slices share one palette; or the result is that of the slice that "
                "the viewer shows; or each slice gets a palette of its own, matched "
                "with its neighbour's so that a label means the same in all."
            ),
        )
        self.learn_within = self._region_box(
            "Learn in",
            _EVERYWHERE,
            "Learn the palette from the pixels inside a labels or shapes layer alone; "
            "of those to apply it in.",
        )
        self.within = self._region_box(
            "Apply in",
            _EVERYWHERE,
            "Quantize the pixels inside a labels or shapes layer alone; others keep "
            "their color and get label 0.",
        )
        self.seeds = self._region_box(
            "Classes",
            _NONE,
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
        self._region_boxes = (self.learn_within, self.within, self.seeds)
        self.controls = Container(
            widgets=[
                self.scaling,
                self.channel_axis,
                self.slices,
                *self._region_boxes,
                self.per_class,
            ]
        )
        self._dress()
        for control in self.controls:
            control.changed.connect(self._on_changed)
        self.reset()

    @property
    def channels(self) -> tuple[Image, ...]:
        """The layers that are quantized together; none where it is one alone."""
        return self._channels

    @property
    def layers(self) -> tuple[Image, ...]:
        """The layers to quantize; none where there are none."""
        if self._channels:
            return self._channels
        layer = self._layer()
        return () if layer is None else (layer,)

    def scope(self, dims: Dims | None) -> Target:
        """Return what the controls say; dims is None where the slice does not matter.

        ValueError if the current slice is asked for and the viewer shows none.
        """
        chosen = self.slices.value
        slice_axis = chosen if isinstance(chosen, int) else None
        layers = self.layers
        position = None
        if chosen == _CURRENT and dims is not None:
            position = shown_slice(layers[0], dims)
            if self.axis is not None:
                at = list(position)
                at[self.axis] = None
                position = tuple(at)
        return Target(
            layers=layers,
            scaling=self.scaling.value,
            channel_axis=self.axis,
            position=position,
            slice_axis=slice_axis,
            within=self.within.value,
            learn_within=self.learn_within.value,
            seeds=None if slice_axis is not None else self.seeds.value,
            per_class=self.per_class.value,
        )

    @property
    def axis(self) -> int | None:
        """The axis of the only layer that holds channels, if one is chosen."""
        axis: int | None = None if self._channels else self.channel_axis.value
        return axis

    @property
    def n_chosen(self) -> int:
        """How many controls ask for something else than they do at first."""
        asked = [
            bool(self._channels) and self.scaling.value != SCALINGS[0],
            self.axis is not None,
            self.slices.value != _ALL,
            *(box.value is not None and box.enabled for box in self._region_boxes),
        ]
        return sum(asked)

    def put_together(self, channels: Sequence[Image]) -> None:
        """Quantize two layers or more together; none for the chosen one alone."""
        if tuple(channels) == self._channels:
            return
        self._channels = tuple(channels)
        self.reset()
        self.changed.emit()
        self.combined.emit()

    def reset(self) -> None:
        """Offer what there is now for the chosen layers; keep what is still there."""
        with self._unsaid():
            names = [layer.name for layer in self._channels]
            self.together.value = f"{len(names)} channels: {_listed(names)}"
            self.together.tooltip = wrapped(f"{_TOGETHER}\n" + "\n".join(names))
            self.channel_axis.reset_choices()  # what is chosen stays by its words
            self.slices.reset_choices()
            for box in self._region_boxes:
                box.reset_choices()
            if self.layers != self._checked:
                self._checked = self.layers
                self._drop_what_lies_outside()
        self._show()

    def _drop_what_lies_outside(self) -> None:
        """Drop regions of another image, which nobody may see while they are folded."""
        dropped = []
        for box in self._region_boxes if self.layers else ():
            grid = self.layers[0]
            if self.axis is not None:
                grid = one_channel(grid, self.axis)
            if box.value is not None and lies_outside(box.value, grid):
                name, box.value = box.value.name, None
                dropped.append(
                    f"{name!r} lies outside {self.layers[0].name!r}: {box.label} is "
                    f"{box.current_choice.rstrip(_NO_LAYER)!r} again."
                )
        self.dropped = " ".join(dropped)

    def let_go(self) -> None:
        """Listen to no layer any more."""
        self._listen(())

    def forget(self, layer: Layer) -> None:
        """Leave a layer that was removed out of those that are put together."""
        if any(layer is one for one in self._channels):
            left = [one for one in self._channels if one is not layer]
            self.put_together(left if len(left) > 1 else ())

    @contextmanager
    def _unsaid(self) -> Iterator[None]:
        """Hold changed back; emit it once at the end if a value is another one."""
        before = self._said()
        self._is_resetting = True
        try:
            yield
        finally:
            self._is_resetting = False
        if self._said() != before:
            self.changed.emit()

    def _said(self) -> list[Any]:
        return [control.value for control in self.controls]

    def _on_changed(self) -> None:
        if not self._is_resetting:
            self.reset()  # an axis of channels has no slices
            self.changed.emit()

    def _show(self) -> None:
        """Show the controls that make sense."""
        layer, channels = self._layer(), self._channels
        self.together.visible = bool(channels)
        self.scaling.visible = bool(channels)
        may_hold_channels = layer is not None and _can_hold_channels(layer)
        self.channel_axis.visible = may_hold_channels and not channels
        self.slices.visible = len(self.slices.choices) > 1
        self.seeds.enabled = not isinstance(self.slices.value, int)
        chosen = [box.value for box in self._region_boxes if box.value is not None]
        self._listen(list(dict.fromkeys(chosen)))
        has_seeds = self.seeds.value is not None
        self.per_class.visible = has_seeds
        self.per_class.enabled = self.seeds.enabled

    def _listen(self, regions: Sequence[Layer]) -> None:
        """Listen to what is painted and drawn in these regions, and in no others."""
        for layers, do in ((self._heard, "disconnect"), (regions, "connect")):
            for layer in layers:
                getattr(layer.events.data, do)(self._on_region_changed)
                if isinstance(layer, Labels):
                    getattr(layer.events.paint, do)(self._on_region_changed)
        self._heard = list(regions)

    def _on_region_changed(self, _event: object = None) -> None:
        self.changed.emit()

    def _axes(self) -> list[tuple[str, int]]:
        """Return the axes that may hold channels, by their labels."""
        layer = self._layer()
        if layer is None or not _can_hold_channels(layer):
            return []
        sizes = levels_of(layer)[0].shape
        return [
            (f"{_title(layer, axis)} ({sizes[axis]})", axis)
            for axis in range(layer.ndim)
        ]

    def _slice_choices(self) -> list[tuple[str, Any]]:
        choices: list[tuple[str, Any]] = [("Share one palette", _ALL)]
        layers = self.layers
        if not layers:
            return choices
        layer, axis = layers[0], self.axis
        axes = [a for a in range(layer.ndim) if a != axis]
        if len(axes) < 3:
            return choices
        choices.append(("Current one alone", _CURRENT))
        if not self._channels:
            choices += [(f"One palette each: {_title(layer, a)}", a) for a in axes]
        return choices

    def _region_box(self, label: str, nothing: str, tooltip: str) -> ComboBox:
        """Return a box to choose one of the regions from, or nothing."""

        def choices(_: object) -> list[tuple[str, Layer | None]]:
            regions = self._list_regions()
            return [(nothing, None), *((layer.name, layer) for layer in regions)]

        return layer_box(label=label, choices=choices, tooltip=tooltip)

    def _dress(self) -> None:
        """Set what magicgui has no parameters for."""
        self.controls.margins = (0, 0, 0, 0)
        label = self.together.native
        label.setWordWrap(True)
        label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)


def region_layers(viewer: Any) -> list[Layer]:
    """Return the labels and shapes layers of a viewer, from the bottom up."""
    return [layer for layer in viewer.layers if isinstance(layer, Labels | Shapes)]


def _listed(names: Sequence[str]) -> str:
    """List names in a few lines of a narrow widget."""
    half = _LONGEST_NAME // 2
    short = [
        name
        if len(name) <= _LONGEST_NAME
        else f"{name[: half - 1]}…\u2060{name[-half:]}"
        for name in names[:_MOST_NAMES]
    ]
    listed = ", ".join(short)
    if len(names) > _MOST_NAMES:
        listed += f" and {len(names) - _MOST_NAMES} more"
    return listed


def _can_hold_channels(layer: Image) -> bool:
    return not layer.rgb and layer.ndim > 2


def _title(layer: Image, axis: int) -> str:
    """Return what the user knows an axis by; its number, where it has no own label."""
    label = layer.axis_labels[axis]
    if label == str(axis - layer.ndim):  # napari's own
        return f"axis {label}"  # as at its slider
    is_unique = layer.axis_labels.count(label) == 1
    return str(label) if is_unique else f"{label} [axis {axis}]"
