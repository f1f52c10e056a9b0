"""What is chosen of parameters, and what it means for what is to be quantized."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.color.background import OTSU
from napari_colorquant.core.color.stains import Rows, stand_in
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS, NO_LIMIT
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.learn.presets import PRESETS
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.session.choices import settings
from napari_colorquant.viewer.session.choices.stain_choice import (
    PaletteStains,
    scales_in_text,
)
from napari_colorquant.viewer.session.choices.target_choice import Chosen
from napari_colorquant.viewer.session.sentences import (
    OF_BYTES,
    Distances,
    distances_in,
)
from napari_colorquant.viewer.tasks.quantize import Applied

NOTHING_OF_ONE_IMAGE: Mapping[str, Any] = {
    "white": None,
    "stains": None,
    "stain_scale": "",
}
"""What is chosen at first of what has no default that is remembered."""

if TYPE_CHECKING:
    from napari.layers import Layer

_OTSU = DESCRIPTIONS["background"].choices[OTSU]
_FIRST_LIMIT = "0"
"""That is shown until others are typed."""


@dataclass(frozen=True, slots=True)
class ParameterChoice:
    """What is chosen of parameters, for the target that is to be quantized.

    now: by the names of CONTROLS; and "white" is the value of white, None to find it;
    "stains" are those of a palette, None for others; "stain_scale" is typed, empty for
    each slide's own.
    last_preset: the name of the preset that was chosen last. white_dtype: of the
    images that white is chosen for. background_dtype: of those that limits of the
    background are typed for. limit_in: what `max_distance` is in; None before there was
    an image.
    """

    now: Mapping[str, Any]
    target: Chosen
    last_preset: str | None = None
    white_dtype: str = ""
    background_dtype: str = ""
    limit_in: Distances | None = None

    @property
    def parameters(self) -> Parameters:
        """The parameters of the target; colours are compared as they are, or in RGB.

        ValueError if they do not fit together: a sample smaller than the palette.
        """
        of_target = {
            "color_space": self.color_space,
            "weights": self.weights,
            "background": self.background,
        }
        stains, scale = self.stains, self.stain_scale
        if self.has_painted_stains and scale is not None:
            stains = stand_in(scale)  # to be checked with it, before they are learned
        chosen = {**self.now, **of_target}
        return settings.parameters_of(chosen, stains=stains, stain_scale=scale)

    @property
    def is_of_stains(self) -> bool:
        """Whether colours are compared in the stains of the slide."""
        return self.color_space == "stains"

    @property
    def has_painted_stains(self) -> bool:
        """Whether the stains are learned from regions."""
        return self.is_of_stains and self.target.stains is not None

    @property
    def stains(self) -> Rows | None:
        """The stains of a palette, where these are chosen; None for others."""
        chosen: PaletteStains | None = self.now["stains"]
        if not self.is_of_stains or self.has_painted_stains or chosen is None:
            return None
        return chosen.full

    @property
    def stain_scale(self) -> tuple[float, ...] | None:
        """What is full staining in all slides, None in each its own; or ValueError."""
        return scales_in_text(self.now["stain_scale"]) if self.is_of_stains else None

    @property
    def says_stains(self) -> bool:
        """Whether stains are not estimated, or have one scale."""
        said = (self.has_painted_stains, self.stains, self.now["stain_scale"])
        return self.is_of_stains and any(said)

    def applied(self, palette: Palette) -> Applied:
        """Return a palette with what is said of images; ValueError if it is wrong."""
        return Applied(palette, self.max_distance, self.stains, self.stain_scale)

    @property
    def color_space(self) -> str:
        """Where colours are compared."""
        return str(self.now["color_space"]) if self.target.is_light else "rgb"

    @property
    def weights(self) -> str:
        """How much each channel counts, as it is typed; empty for all alike."""
        return str(self.now["weights"]) if self.target.is_light else ""

    @property
    def background(self) -> str:
        """What is taken for background, as it is typed; empty for RGB, and a region."""
        is_typed = not self.target.is_light and self.target.empty is None
        return str(self.now["background"]) if is_typed else ""

    @property
    def background_limits(self) -> str:
        """The limits of the background, where they are typed, else empty."""
        return "" if self.background == OTSU else self.background

    @property
    def background_words(self) -> str:
        """What is taken for background in a few words; empty for nothing."""
        if not self.target.is_light and self.target.empty is not None:
            return f"background in {self.target.empty.name}"
        if self.background == OTSU:
            return f"background: {_OTSU}"
        return self.background and f"background up to {self.background}"

    def backgrounds(self, regions: Sequence[Layer]) -> list[tuple[str, str | Layer]]:
        """Return what may be taken for background, with its words, as it is chosen."""
        limits = self.background_limits or _FIRST_LIMIT
        typed = [("None", ""), (_OTSU, OTSU), ("Up to limits", limits)]
        return [*typed, *((f"In {layer.name}", layer) for layer in regions)]

    @property
    def data_range(self) -> float | None:
        """The value of white, where it is chosen and the image has one."""
        white: float | None = self.now["white"] if self.target.is_light else None
        return white

    @property
    def max_distance(self) -> float | None:
        """How far pixels may be from their entry; None for any."""
        farthest: float = self.now["max_distance"]
        return farthest or None

    @property
    def distances(self) -> Distances:
        """What distances between colours are in."""
        return self._distances_in(self.color_space, self.weights)

    @property
    def preset(self) -> str | None:
        """The name of the preset that was chosen, None once a choice differs."""
        name, now = self.last_preset, self.now.items()
        return name if name and self.of_preset(name).items() <= now else None

    def of_preset(self, preset: str) -> dict[str, Any]:
        """Return what one of PRESETS sets for the target."""
        space = (
            PRESETS[preset].parameters.color_space if self.target.is_light else "rgb"
        )
        # Without an image, a limit is dropped as soon as there is one.
        is_bytes = bool(self.target.layers) and self._distances_in(space) == OF_BYTES
        return settings.choices_of_preset(preset, is_bytes=is_bytes)

    def with_values(self, values: Mapping[str, Any]) -> ParameterChoice:
        """Return the choice with other values; another aim starts anew.

        Weights are of the channels of a space: another one has none, and another space
        or weight leaves no pixel out any more.
        """
        before = self.now
        aim = values.get("aim", before["aim"])
        first = DESCRIPTIONS[settings.AIMS[aim]].first
        if aim != before["aim"] and first is not None:
            values = {settings.AIMS[aim]: first, **values}
        if values.get("color_space", before["color_space"]) != before["color_space"]:
            values = {"weights": "", **values}
        new = replace(self, now={**before, **values})
        if not self.target.layers or new.distances == self.limit_in:
            return new
        # A distance has other units.
        unlimited = {**before, "max_distance": NO_LIMIT, **values}
        return replace(new, now=unlimited, limit_in=new.distances)

    def for_target(self, target: Chosen) -> ParameterChoice:
        """Return the choice for another target, without what is in units of the last.

        These are white, the limits of the background that are typed, and how far pixels
        may be from their entry.
        """
        new = replace(self, target=target)
        if target.is_light and target.dtype not in ("", self.white_dtype):
            new = replace(new, now={**new.now, "white": None}, white_dtype=target.dtype)
        if not target.is_light and target.dtype != self.background_dtype:
            kept = OTSU if new.now["background"] == OTSU else ""
            now = {**new.now, "background": kept}
            new = replace(new, now=now, background_dtype=target.dtype)
        if target.layers and new.distances != self.limit_in:
            unlimited = {**new.now, "max_distance": NO_LIMIT}
            new = replace(new, now=unlimited, limit_in=new.distances)
        return new

    def _distances_in(self, space: str, weights: str = "") -> Distances:
        target = self.target
        scaling = target.scaling if target.channels else "none"
        return distances_in(space, target.dtype, scaling, weights)


def first_choice(target: Chosen) -> ParameterChoice:
    """Return what is chosen at first: what is remembered, else the defaults."""
    first = {name: described.first for name, described in DESCRIPTIONS.items()}
    remembered = values_of(settings.default_parameters())
    return ParameterChoice({**first, **remembered, **NOTHING_OF_ONE_IMAGE}, target)


def values_of(parameters: Parameters) -> dict[str, Any]:
    """Return what is chosen where these parameters are, and the defaults elsewhere."""
    return settings.choices_of(DEFAULTS) | settings.choices_of(parameters)
