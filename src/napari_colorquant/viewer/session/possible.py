"""What can be done now with what a session holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.palette.edits import SORT_KEYS
from napari_colorquant.formats.palette_data import read_weights
from napari_colorquant.viewer.session.choices.stain_choice import ESTIMATED
from napari_colorquant.viewer.session.choices.target_of_job import (
    for_comparison,
    for_ready_palette,
)
from napari_colorquant.viewer.session.jobs import UNDER_WAY
from napari_colorquant.viewer.session.measure.areas import NO_TABLE
from napari_colorquant.viewer.session.notify import WINDOW, in_window
from napari_colorquant.viewer.session.sentences import (
    FEW_RESULTS,
    NO_IMAGE,
    NO_IMAGE_SELECTED,
    NO_PALETTE,
    NO_REDO,
    NO_RUN,
    NO_UNDO,
    SAVED,
    why_not_clean,
    why_not_mark,
    why_not_measure,
    why_not_merge,
    why_not_remove,
    why_not_save,
    why_not_sort,
)

if TYPE_CHECKING:
    from napari_colorquant.viewer.layers.target import Target
    from napari_colorquant.viewer.session.choices.parameter_choice import (
        ParameterChoice,
    )
    from napari_colorquant.viewer.session.choices.target_choice import TargetChoice
    from napari_colorquant.viewer.session.jobs import JobQueue
    from napari_colorquant.viewer.session.measure.areas import AreaTable
    from napari_colorquant.viewer.session.measure.made_layers import MadeLayers
    from napari_colorquant.viewer.session.palette_editor import PaletteEditor
    from napari_colorquant.viewer.session.results.result import Result


@dataclass(frozen=True, slots=True, eq=False)
class Possible:
    """What can be done now; it is asked of the parts of a session.

    choices: what is chosen of parameters. selected: the results that may be compared.
    """

    jobs: JobQueue
    target: TargetChoice
    editor: PaletteEditor
    areas: AreaTable
    made: MadeLayers
    choices: Callable[[], ParameterChoice]
    selected: Callable[[], list[Result]]

    @property
    def now(self) -> dict[str, str]:
        """For each action why it cannot be done now, else empty.

        "merge" is "merge_mean" or "merge_first"; "sort_" comes before the SORT_KEYS.
        """
        result, entries = self.editor.result, self.editor.entries
        busy = UNDER_WAY if self.jobs.busy else ""
        no_image = "" if self.target.now.layers else NO_IMAGE
        few = "" if len(self.selected()) > 1 else FEW_RESULTS
        measure = busy or why_not_measure(result)
        mean, first = (why_not_merge(result, entries, it) for it in (False, True))
        has_undo = result is not None and result.next_undo is not None
        has_redo = result is not None and result.next_redo is not None
        no_table = "" if self.areas.rows is not None else NO_TABLE
        apply_to = self.why_not_apply_to()
        selected = self.target.whole_images(of_all=False)
        every = self.target.whole_images(of_all=True)
        return {
            "quantize": busy or no_image,
            "cancel": "" if busy else NO_RUN,
            "compare": busy or self._why_not(for_comparison),
            "compare_results": busy or few,
            "take_scale": busy or no_image,
            "curve": busy or no_image,
            "measure": measure,
            "map_error": measure,
            "areas": busy or self.areas.why_not(),
            "objects": busy or self.areas.why_not_shown(),
            "class_layer": busy or self.made.why_not_classes(),
            "open_regions": busy or self.areas.why_not_shown(),
            "copy_table": no_table,
            "save_table": no_table,
            "count": busy,
            "merge": busy or (first and mean),
            "merge_mean": mean,
            "merge_first": first,
            "remove": busy or why_not_remove(result, entries),
            "lock": busy or why_not_mark(result, entries),
            "classify": busy or why_not_mark(result, entries),
            "clean": busy or why_not_clean(result),
            "sort": busy or why_not_sort(result),
            **{f"sort_{key}": why_not_sort(result, key) for key in SORT_KEYS},
            "undo": busy or ("" if has_undo else NO_UNDO),
            "redo": busy or ("" if has_redo else NO_REDO),
            "apply": busy or self._why_not_apply(result),
            "apply_to": busy or apply_to,
            "apply_selected": apply_to or ("" if selected else NO_IMAGE_SELECTED),
            "apply_all": apply_to or ("" if every else NO_IMAGE),
            "apply_files": apply_to,
            "clean_each": apply_to,
            "open": "",
            **{what: why_not_save(result, what) for what in SAVED},
        }

    def why_not_apply_to(self) -> str:
        """Return why the palette cannot be applied to each of many images, or ''."""
        result = self.editor.result
        if result is None:
            return NO_PALETTE
        layers = result.recorded.layer_names
        if layers is None:
            choices = self.choices()
            no_stains = why_no_stains(result, choices, is_of_many=True)
            return why_no_limit(result, choices) or no_stains
        return (
            f"The palette of {result.name!r} is of {len(layers)} layers "
            "together, and here each image is taken alone: select the layers of "
            "another image, and press Apply."
        )

    def _why_not_apply(self, result: Result | None) -> str:
        """Return why a palette cannot be applied to what is chosen, or ''."""
        if result is None:
            return NO_PALETTE
        if why_not := why_no_stains(result, self.choices()):
            return why_not
        return self._why_not(partial(for_ready_palette, result=result))

    def _why_not(self, narrowed: Callable[[Target], Target]) -> str:
        """Return why a job is always refused for what is chosen, or ''."""
        if not self.target.now.layers:
            return NO_IMAGE
        try:
            narrowed(self.target.target(None))
        except ValueError as error:
            return in_window(error)
        return ""


def why_no_limit(result: Result, choices: ParameterChoice) -> str:
    """Return why what is left out cannot be of a result's palette, or ''."""
    space, titles = result.palette.color_space, DESCRIPTIONS["color_space"].choices
    if choices.max_distance is None:
        return ""
    try:
        weights = read_weights(choices.weights) or None
    except ValueError as error:
        return in_window(error)
    if (space, result.palette.weights) == (choices.color_space, weights):
        return ""
    if space == choices.color_space:
        return (
            f"The palette of {result.name!r} has other channel weights, by which "
            "a distance is another one: choose the same weights, or leave out "
            "nothing."
        )
    return (
        f"The palette of {result.name!r} is compared in {titles[space]!r}, and "
        f"pixels are left out by a distance in {titles[choices.color_space]!r}: choose "
        "the palette's at 'Compare in', or leave out nothing."
    )


def why_no_stains(
    result: Result, choices: ParameterChoice, *, is_of_many: bool = False
) -> str:
    """Return why what is said of stains cannot be of a result's palette, or ''.

    is_of_many: whether it is applied to images of which each has its own stains.
    """
    if not choices.says_stains:
        return ""
    space, titles = result.palette.color_space, DESCRIPTIONS["color_space"].choices
    own, chosen = result.palette.stains, choices.stains
    if own is None:
        return (
            f"The palette of {result.name!r} is compared in {titles[space]!r}, where "
            "stains are of no account: choose the same at 'Compare in'."
        )
    if is_of_many and choices.has_painted_stains:
        return (
            "The stains are painted on one image, and others have their own: choose "
            f"{ESTIMATED!r} at {WINDOW.name('stains')!r}, or those of a palette."
        )
    try:
        scale = choices.stain_scale
    except ValueError as error:
        return in_window(error)
    if chosen is not None and len(chosen) != len(own):
        return (
            f"The palette of {result.name!r} has {len(own)} stains, and {len(chosen)} "
            f"are chosen: choose {ESTIMATED!r} at {WINDOW.name('stains')!r}."
        )
    if scale is not None and len(scale) != len(own):
        return (
            f"The palette of {result.name!r} has {len(own)} stains, and "
            f"{WINDOW.name('stain_scale')!r} has {len(scale)} numbers: choose one for "
            "each stain."
        )
    return ""
