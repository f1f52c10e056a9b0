"""What is chosen to be quantized: one image or several, their slices and regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer, Shapes
from psygnal import Signal

from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.layers.image_input import joined
from napari_colorquant.viewer.layers.layer_properties import levels_of, one_channel
from napari_colorquant.viewer.layers.ownership import is_result
from napari_colorquant.viewer.layers.rasterize import lies_outside
from napari_colorquant.viewer.layers.siblings import siblings_of
from napari_colorquant.viewer.layers.target import Target, shown_slice
from napari_colorquant.viewer.session.choices.stain_choice import ESTIMATED

if TYPE_CHECKING:
    from napari import Viewer
    from napari.components import Dims


ALL, CURRENT = "all", "current"
"""How slices are quantized; the number of an axis gives each one of its own palette."""
REGIONS = {
    "learn_within": "Learn in",
    "within": "Apply in",
    "seeds": "Classes",
    "stains": "Stains",
    "empty": "Background",
}
"""The choices of a region, by their labels."""
NO_LAYER = "\u2060"
"""After a word that is no layer's name: invisible, and no name ends so."""
_NO_REGION = dict.fromkeys(REGIONS, "Everywhere") | {
    "seeds": "None",
    "stains": ESTIMATED,
    "empty": "None",
}
_SCALING_TITLES = {
    "contrast_limits": "By contrast limits",
    "none": "As they are",
    "zscore": "By z-scores",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen: channels are quantized together; without any, image alone.

    stains: where each stain of the image is painted.
    """

    image: Image | None = None
    channels: tuple[Image, ...] = ()
    scaling: str = SCALINGS[0]
    channel_axis: int | None = None
    slices: str | int = ALL
    learn_within: Layer | None = None
    within: Layer | None = None
    seeds: Layer | None = None
    per_class: int = 1
    stains: Layer | None = None
    empty: Layer | None = None

    @property
    def layers(self) -> tuple[Image, ...]:
        """The layers to quantize; none where there are none."""
        alone = () if self.image is None else (self.image,)
        return self.channels or alone

    @property
    def is_light(self) -> bool:
        """Whether it is RGB, or nothing: else colours are compared as they are."""
        is_rgb = self.image is None or bool(self.image.rgb)
        return is_rgb and not self.channels and self.axis is None

    @property
    def dtype(self) -> str:
        """The name of the dtype of the image; empty for none."""
        return "" if self.image is None else np.dtype(self.image.dtype).name

    @property
    def axis(self) -> int | None:
        """The axis of the only layer that holds channels, if one is chosen."""
        return None if self.channels else self.channel_axis

    @property
    def slice_axis(self) -> int | None:
        """The axis whose slices get a palette each; classes are not asked for then."""
        return self.slices if isinstance(self.slices, int) else None

    @property
    def n_set(self) -> int:
        """How many choices ask for something else than they do at first."""
        asked = [
            bool(self.channels) and self.scaling != SCALINGS[0],
            self.axis is not None,
            self.slices != ALL,
            self.learn_within is not None,
            self.within is not None,
            self.seeds is not None and self.slice_axis is None,
        ]
        return sum(asked)


class TargetChoice:
    """What is chosen, and what there is to choose from in a viewer.

    changed is emitted with what was chosen before; listed when there may be other
    choices; painted when a chosen region was painted. is_live: whether a layer shows
    the live result, which is no choice. dropped: tells which regions were dropped, as
    they lie outside of the layers chosen last.
    """

    changed = Signal(Chosen)
    listed = Signal()
    painted = Signal()

    def __init__(self, viewer: Viewer, is_live: Callable[[Layer], bool]) -> None:
        self._viewer, self._is_live = viewer, is_live
        self.now = Chosen()
        self.dropped = ""
        self._checked: tuple[Image, ...] = ()  # whose regions are known to fit
        self._heard: list[Layer] = []  # the regions whose strokes are listened to
        self.refresh()

    def images(self) -> list[Image]:
        """Return the image layers to choose from, from the bottom up."""
        layers = [one for one in self._viewer.layers if isinstance(one, Image)]
        return [layer for layer in layers if not self._is_live(layer)]

    def whole_images(self, *, of_all: bool) -> list[Image]:
        """Return all images that show no result, or the selected ones."""
        images, layers = self.images(), self._viewer.layers
        if of_all:
            return [layer for layer in images if not is_result(layer, list(layers))]
        return [layer for layer in images if layer in layers.selection]

    def regions(self) -> list[Labels | Shapes]:
        """Return the labels and shapes layers to choose from, from the bottom up."""
        layers = [
            one for one in self._viewer.layers if isinstance(one, Labels | Shapes)
        ]
        return [layer for layer in layers if not self._is_live(layer)]

    def choices(self, name: str) -> list[tuple[str, Any]]:
        """Return what there is to choose from for a field of Chosen, with its words."""
        if name == "image":
            return [(layer.name, layer) for layer in self.images()]
        if name == "scaling":
            return [(_SCALING_TITLES[scaling], scaling) for scaling in SCALINGS]
        if name == "channel_axis":
            return _axes(self.now.image)
        if name == "slices":
            return _slices(self.now)
        nothing = f"{_NO_REGION[name]}{NO_LAYER}"
        return [(nothing, None), *((layer.name, layer) for layer in self.regions())]

    def choose(self, **values: Any) -> None:
        """Choose other values for fields of Chosen."""
        self._take(replace(self.now, **values))

    def refresh(self) -> None:
        """Let go of layers that are gone, and offer what there is now."""
        self._take(self.now)
        self.listed.emit()

    def target(self, dims: Dims | None) -> Target:
        """Return what is chosen; dims is None where the slice does not matter.

        ValueError if the current slice is asked for and the viewer shows none.
        """
        now, position = self.now, None
        if now.slices == CURRENT and dims is not None:
            position = shown_slice(now.layers[0], dims)
            if now.axis is not None:
                at = list(position)
                at[now.axis] = None
                position = tuple(at)
        regions: dict[str, Any] = {name: getattr(now, name) for name in REGIONS}
        if now.slice_axis is not None:
            regions["seeds"] = None
        if now.is_light:  # as the control of the background is hidden
            regions["empty"] = None
        return Target(
            layers=now.layers,
            scaling=now.scaling,
            channel_axis=now.axis,
            position=position,
            slice_axis=now.slice_axis,
            per_class=now.per_class,
            **regions,
        )

    def siblings(self) -> list[Image]:
        """Return the channels that were opened with the only layer, with itself."""
        if self.now.channels or self.now.image is None:
            return []
        return siblings_of(self.now.image, list(self._viewer.layers))

    def select_siblings(self) -> None:
        """Select the channels that were opened with the only layer: they are chosen."""
        if siblings := self.siblings():
            self._viewer.layers.selection = set(siblings)

    def close(self) -> None:
        """Listen to no layer any more."""
        self._listen(())

    def _take(self, new: Chosen) -> None:
        """Choose what is left of a choice, and tell if that is something else."""
        before, images, regions = self.now, self.images(), self.regions()
        # Layers themselves: what a plugin's viewer hands out may be a proxy.
        channels = tuple(
            one for layer in new.channels for one in images if one == layer
        )
        kept = next(
            (one for one in images if one == new.image), next(iter(images), None)
        )
        gone: dict[str, Any] = {
            name: None for name in REGIONS if getattr(new, name) not in (None, *regions)
        }
        new = replace(
            new, image=kept, channels=channels if len(channels) > 1 else (), **gone
        )
        # By their words: of the next image, the same axis may have another number.
        new = _kept_by_words(new, before, "channel_axis", lambda of: _axes(of.image))
        self.now = _kept_by_words(new, before, "slices", _slices)
        if self.now.layers != self._checked:
            is_other, self._checked = bool(self._checked), self.now.layers
            self._drop_what_lies_outside()
            painted = before.stains
            if is_other and painted is not None and self.now.stains == painted:
                self._drop_stains(painted, before.layers)
        chosen = [getattr(self.now, name) for name in REGIONS]
        self._listen(dict.fromkeys(one for one in chosen if one is not None))
        if self.now != before:
            self.changed.emit(before)

    def _drop_what_lies_outside(self) -> None:
        """Drop regions of another image, which nobody may see while they are folded."""
        told, dropped = [], dict[str, Any]()
        for name, label in REGIONS.items() if self.now.layers else ():
            grid, region = self.now.layers[0], getattr(self.now, name)
            if self.now.axis is not None:
                grid = one_channel(grid, self.now.axis)
            if region is not None and lies_outside(region, grid):
                dropped[name] = None
                told.append(
                    f"{region.name!r} lies outside {grid.name!r}: {label} is "
                    f"{_NO_REGION[name]!r} again."
                )
        self.now, self.dropped = replace(self.now, **dropped), " ".join(told)

    def _drop_stains(self, painted: Layer, layers: Sequence[Image]) -> None:
        """Drop what is painted on other layers, whose stains are not there in these."""
        self.now = replace(self.now, stains=None)
        where = joined([layer.name for layer in layers])
        dropped = (
            f"{painted.name!r} shows the stains of {where}: {REGIONS['stains']} is "
            f"{ESTIMATED!r} again."
        )
        self.dropped = " ".join(filter(None, (self.dropped, dropped)))

    def _listen(self, regions: Sequence[Layer] | dict[Layer, None]) -> None:
        """Listen to what is painted and drawn in these regions, and in no others."""
        for layers, do in ((self._heard, "disconnect"), (regions, "connect")):
            for layer in layers:
                getattr(layer.events.data, do)(self._on_painted)
                if isinstance(layer, Labels):
                    getattr(layer.events.paint, do)(self._on_painted)
        self._heard = list(regions)

    def _on_painted(self, _event: object = None) -> None:
        self.painted.emit()


def can_hold_channels(layer: Image | None) -> bool:
    """Return whether an axis of a layer may hold channels."""
    return layer is not None and not layer.rgb and layer.ndim > 2


def _axes(layer: Image | None) -> list[tuple[str, Any]]:
    """Return the axes that may hold channels, by their labels, after none."""
    choices: list[tuple[str, Any]] = [("None", None)]
    if layer is None or not can_hold_channels(layer):
        return choices
    sizes = levels_of(layer)[0].shape
    titles = [
        f"{axis_title(layer, axis)} ({sizes[axis]})" for axis in range(layer.ndim)
    ]
    return choices + list(zip(titles, range(layer.ndim), strict=True))


def _slices(chosen: Chosen) -> list[tuple[str, Any]]:
    """Return how the slices of what is chosen may be quantized."""
    choices: list[tuple[str, Any]] = [("Share one palette", ALL)]
    if not chosen.layers:
        return choices
    layer = chosen.layers[0]
    axes = [axis for axis in range(layer.ndim) if axis != chosen.axis]
    if len(axes) < 3:
        return choices
    choices.append(("Current one alone", CURRENT))
    if not chosen.channels:
        choices += [(f"One palette each: {axis_title(layer, a)}", a) for a in axes]
    return choices


def _kept_by_words(
    new: Chosen, before: Chosen, name: str, choices: Callable[[Chosen], list[Any]]
) -> Chosen:
    """Return new with what was chosen for name before under the words that it had.

    It stays as it is where it has just been chosen; else it is the first of the choices
    where those words are gone.
    """
    value, offered = getattr(new, name), choices(new)
    if value == getattr(before, name):
        words = next((words for words, one in choices(before) if one == value), None)
        value = next((one for other, one in offered if other == words), offered[0][1])
    elif value not in [one for _, one in offered]:
        value = offered[0][1]
    return replace(new, **{name: value})


def axis_title(layer: Image | Labels, axis: int) -> str:
    """Return what the user knows an axis by; its number, where it has no own label."""
    label = layer.axis_labels[axis]
    if label == str(axis - layer.ndim):  # napari's own
        return f"axis {label}"  # as at its slider
    is_unique = layer.axis_labels.count(label) == 1
    return str(label) if is_unique else f"{label} [axis {axis}]"
