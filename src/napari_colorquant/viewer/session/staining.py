"""The stains of the slide: where they are from, what was used, one scale for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from napari.utils.notifications import show_warning

from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.viewer.session.choices.stain_choice import (
    PaletteStains,
    UsedStains,
    stain_choices,
    used_stains,
    written_scales,
)
from napari_colorquant.viewer.session.choices.target_of_job import for_one_palette
from napari_colorquant.viewer.session.state import SessionState
from napari_colorquant.viewer.tasks.quantize import scales_of_work

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.choices.parameter_choice import (
        ParameterChoice,
    )
    from napari_colorquant.viewer.tasks.work import Work


class Staining:
    """Chooses stains in a session, tells those that were used, and measures a scale.

    start: begins a job on what is chosen, see Session.
    """

    def __init__(self, state: SessionState, start: Callable[..., str]) -> None:
        self._state, self._start = state, start

    @property
    def source(self) -> Layer | PaletteStains | None:
        """Where the stains are from: painted, of a palette, or None for estimated."""
        state = self._state
        painted, of_palette = state.target.now.stains, state.choices.now["stains"]
        return of_palette if painted is None else painted

    def choices(self) -> list[tuple[str, Any]]:
        """Return where stains may be from, with the words of each."""
        state = self._state
        return stain_choices(self.source, state.editor.result, state.target.regions())

    def choose(self, source: Layer | PaletteStains | None) -> None:
        """Choose where the stains are from."""
        is_painted = isinstance(source, Layer)
        self._state.target.choose(stains=source if is_painted else None)
        self._state.choose(stains=None if is_painted else source)

    @property
    def used(self) -> UsedStains | None:
        """The stains that the result that is shown was compared in, if it was so."""
        return used_stains(self._state.editor.result)

    def take_scale(self) -> str:
        """Measure full staining in the chosen slide, and choose it for all slides."""
        doing = "Measuring the staining of"
        return self._start(
            scales_of_work,
            self._choose_scale,
            doing,
            asked=_stains_alone,
            narrowed=for_one_palette,
        )

    def _choose_scale(self, work: Work, measured: Any) -> None:
        scales, notes = measured
        text = written_scales(scales)
        self._state.choose(stain_scale=text)
        self._state.say(
            f"Full staining is now {text} in all slides, as in {work.name}."
        )
        for note in notes:
            show_warning(note)


def _stains_alone(choices: ParameterChoice) -> Parameters:
    """Return parameters that have the stains, whatever else is chosen."""
    return Parameters(color_space="stains", stains=choices.stains)
