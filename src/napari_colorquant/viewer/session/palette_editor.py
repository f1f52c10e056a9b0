"""The palette that is shown: its entries selected, edited, undone and done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from napari.utils.notifications import show_error
from psygnal import Signal

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.palette.edits import (
    Classify,
    Clean,
    Edit,
    Merge,
    Remove,
    Sort,
)
from napari_colorquant.viewer.session.jobs import Job, JobQueue
from napari_colorquant.viewer.session.notify import complained, refused
from napari_colorquant.viewer.session.results.actions import RELABELS, Action
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.session.results.result_data import count_entries
from napari_colorquant.viewer.session.sentences import (
    NO_PALETTE,
    NO_REDO,
    NO_UNDO,
    NONE_SELECTED,
    why_not_edit,
)

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_colorquant.core.quantization.edit import IndexedImage

_AT_ONCE = 2**23
"""Labels up to which an edit without a search is done while the user waits."""
_ASK_STROKES = (
    "The labels of {name!r} were painted by hand since, and this edit makes them anew."
)
_PAINTED_MEANWHILE = (
    "The labels of {name!r} were painted while they were edited: edit them again."
)


class NeedsAnswer(NamedTuple):
    """Labels were painted by hand: call again with keep_strokes True or False."""

    question: str


class PaletteEditor:
    """Edits the palette of one result at a time.

    result: that is shown. entries: the selected ones, in the order in which they were
    selected. Methods return why something was not done, else an empty string.

    shown is emitted when another result is; changed when its palette is another one, or
    was edited; selected with other entries; picked with the label that was picked in
    the canvas, and where in the world. done tells what a job has done.
    """

    shown = Signal()
    changed = Signal()
    selected = Signal()
    picked = Signal(int, tuple)
    done = Signal(str)

    def __init__(self, jobs: JobQueue) -> None:
        self._jobs = jobs
        self.result: Result | None = None
        self.entries: list[int] = []
        self._heard: Labels | None = None  # the labels whose picking is listened to
        self._picked = 0  # the label that was picked last

    def show(self, result: Result | None) -> None:
        """Show the palette of a result, and select nothing; None for no palette."""
        if result is not self.result:
            self._attend(result)
            self.shown.emit()
            self._on_changed()

    def select(self, entries: Sequence[int]) -> None:
        """Select entries, the first one first: the canvas shows them alone."""
        if list(entries) != self.entries:
            self.entries = list(entries)
            self._show_selected()

    def edit(self, edit: Edit, keep_strokes: bool | None = None) -> str | NeedsAnswer:
        """Edit the palette, and all that shows it."""
        result = self.result
        if result is None:
            return NO_PALETTE
        if why_not := self._jobs.refuse_while_busy():  # an edit would be lost
            return why_not
        if why_not := why_not_edit(result, edit):
            return refused(why_not)
        if isinstance(edit, RELABELS) and result.painted():
            if keep_strokes is None:
                return NeedsAnswer(_ASK_STROKES.format(name=result.name))
            if keep_strokes:
                result.keep_strokes()

        def adopt(labelling: IndexedImage) -> None:
            loses_strokes = isinstance(edit, RELABELS) and result.painted()
            if loses_strokes and keep_strokes is not False:
                show_error(_PAINTED_MEANWHILE.format(name=result.name))
                return
            self._adopt(result, labelling, edit)
            if self._jobs.busy:  # it was done in the background
                self.done.emit(f"Edited {result.name}.")

        try:
            edited = result.edited(edit)
            if isinstance(edit, Remove | Clean) or result.n_labels > _AT_ONCE:
                job = Job(f"Editing {result.name}", edited, adopt, (result.labels,))
                return self._jobs.put(job)
            adopt(edited(Monitor()))
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)
        return ""

    def edit_selected(
        self, make: Callable[[list[int]], Edit], keep_strokes: bool | None = None
    ) -> str | NeedsAnswer:
        """Do the edit that make returns for the selected entries."""
        if self.result is None:
            return NO_PALETTE
        if not self.entries:
            return refused(NONE_SELECTED)
        return self.edit(make(self.entries), keep_strokes)

    def classify(self, name: str, entry: int | None = None) -> str | NeedsAnswer:
        """Give the selected entries a class, an empty one to take theirs away.

        entry: that for which it was typed; alone if it is not among the selected.
        """
        if entry is not None and entry not in self.entries:
            return self.edit(Classify([entry], name))
        return self.edit_selected(lambda entries: Classify(entries, name))

    def undo(self, keep_strokes: bool | None = None) -> str | NeedsAnswer:
        """Go back to the state before the last edit, and select nothing."""
        result = self.result
        if result is None or result.next_undo is None:
            return NO_UNDO
        return self._travel(result, result.undo, result.next_undo, keep_strokes)

    def redo(self, keep_strokes: bool | None = None) -> str | NeedsAnswer:
        """Do again what was undone last, and select nothing."""
        result = self.result
        if result is None or result.next_redo is None:
            return NO_REDO
        return self._travel(result, result.redo, result.next_redo, keep_strokes)

    def count_all(self) -> str:
        """Count all pixels of each entry, in place of estimates."""
        result = self.result
        if result is None:
            return NO_PALETTE

        def show(counts: NDArray[np.int64]) -> None:
            result.adopt_counts(counts)
            self.done.emit(f"Counted {result.name}.")

        doing, count = f"Counting {result.name}", partial(count_entries, result)
        return self._jobs.put(Job(doing, count, show, (result.labels,)))

    def close(self) -> None:
        """Leave the layers as they were, and listen to none."""
        self._attend(None)

    def _adopt(self, result: Result, labelling: IndexedImage, edit: Edit) -> None:
        if result is not self.result:
            result.adopt(labelling, edit)
            return
        self.entries = _after(self.entries, edit)
        result.adopt(labelling, edit, self.entries)
        self._show_selected()

    def _travel(
        self,
        result: Result,
        go: Callable[[], None],
        action: Action,
        keep_strokes: bool | None,
    ) -> str | NeedsAnswer:
        if why_not := self._jobs.refuse_while_busy():  # an edit would be lost
            return why_not
        if isinstance(action, RELABELS) and result.painted():
            if keep_strokes is None:
                return NeedsAnswer(_ASK_STROKES.format(name=result.name))
            if keep_strokes:
                result.keep_strokes()  # they are the last thing that was done now
                return ""
        self.entries = []
        go()
        self._show_selected()
        return ""

    def _attend(self, result: Result | None) -> None:
        """Listen to a result and to what is picked in its labels, and to no other."""
        if self.result is not None:
            self.result.highlight(())
            self.result.changed.disconnect(self._on_changed)
        if self._heard is not None:
            self._heard.events.selected_label.disconnect(self._on_picked)
            self._heard.mouse_drag_callbacks.remove(self._on_clicked)
        self.result, self.entries = result, []
        self._heard = None if result is None else result.labels
        if result is not None:
            result.changed.connect(self._on_changed)
        if self._heard is not None:
            self._picked = int(self._heard.selected_label)
            self._heard.events.selected_label.connect(self._on_picked)
            self._heard.mouse_drag_callbacks.append(self._on_clicked)

    def _on_changed(self) -> None:
        self.changed.emit()

    def _show_selected(self) -> None:
        """Show the selected entries in the canvas, and tell of them."""
        result = self.result
        if result is not None:
            result.highlight(self.entries)
            if result.labels is not None and len(self.entries) == 1:
                result.labels.selected_label = self.entries[0] + 1
        self.selected.emit()

    def _on_picked(self, _event: object = None) -> None:
        """Select the entry of a label that was picked; napari also emits the same."""
        if self._heard is not None and self._heard.selected_label != self._picked:
            self._pick(int(self._heard.selected_label))

    def _pick(self, label: int) -> None:
        self._picked = label
        if self.result is not None and 0 < label <= len(self.result.palette):
            self.select([label - 1])

    def _on_clicked(self, labels: Labels, event: Any) -> Iterator[None]:
        """Note a pick, also of what is selected already: napari emits nothing."""
        position = tuple(event.position)
        yield  # until the mouse has done its work
        if labels.mode == "pick":
            self._pick(int(labels.selected_label))
            self.picked.emit(int(labels.selected_label), position)


def _after(entries: Sequence[int], edit: Edit) -> list[int]:
    """Return what is selected once an edit is done."""
    if isinstance(edit, Merge):
        first = edit.entries[0]
        return [first - sum(other < first for other in edit.entries[1:])]
    return [] if isinstance(edit, Remove | Sort) else list(entries)
