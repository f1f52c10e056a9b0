"""The palette workbench: a table of the entries, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.notifications import show_error, show_warning
from psygnal import Signal
from qtpy.QtCore import QItemSelection, QItemSelectionModel, QSortFilterProxyModel, Qt
from qtpy.QtGui import (  # type: ignore[attr-defined] # QAction is made by qtpy
    QAction,
    QColor,
    QKeySequence,
)
from qtpy.QtWidgets import (
    QColorDialog,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.palette.edits import (
    SORT_KEYS,
    Edit,
    Lock,
    Merge,
    Remove,
    Sort,
)
from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.session.possible import (
    NO_PALETTE,
    NONE_SELECTED,
    why_not_edit,
    why_not_lock,
    why_not_merge,
    why_not_remove,
    why_not_save,
    why_not_sort,
)
from napari_colorquant.viewer.session.result import RELABELS, Action, Painted, Result
from napari_colorquant.viewer.widgets.common import offer, wrapped
from napari_colorquant.viewer.widgets.number_format import total_in_words
from napari_colorquant.viewer.widgets.palette_table_model import SORT_ROLE, PaletteModel
from napari_colorquant.viewer.widgets.palette_table_view import PaletteView

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_colorquant.core.quantization.edit import IndexedImage

_AT_ONCE = 2**23
"""Labels up to which an edit without a search is done while the user waits."""
_COLUMNS = (
    "Choose the columns of the table, and the order of its rows: also by a right click "
    "on the titles."
)
_COUNT = (
    "Count every pixel of each entry in the background: until then the numbers are "
    "reckoned from the blocks that were read."
)
_MERGE = "Make one entry of the selected ones."
_INTO_MEAN = "The new color is the mean of theirs, weighted by their pixels."
_INTO_FIRST = "The color of the entry that was selected first stays."
_REMOVE = "Remove the selected entries: their pixels go to the nearest others (Del)."
_LOCK = "Keep the selected colors when you press Quantize again, or unlock them."
_SORT = "Number the entries in another order."
_APPLY = (
    "Redraw the image that is chosen above in this palette: the same labels and names "
    "across images."
)
_MORE = "Files, scripts and saved results."
_FILES = {
    "open": "Open palette …",
    "save": "Save palette …",
    "zarr": "Save result as OME-Zarr …",
    "copy": "Copy as Python",
}
_FILE_TIPS = {
    "open": "Look at a palette of a file, and apply it.",
    "save": "Write the palette to a file, as JSON with the run that made it.",
    "zarr": "Write the picture and the labels with all their levels.",
    "copy": "Put a script that repeats the result into the clipboard.",
}
_SORT_TITLES = {
    "lightness": "By lightness",
    "hue": "By hue",
    "population": "By pixels",
}
_SORT_TIPS = {
    "lightness": "Dark ones first.",
    "hue": "Greys first, then round the color circle from red.",
    "population": "Those of most pixels first.",
}
_NO_UNDO, _NO_REDO = "Nothing has been edited.", "Nothing was undone."
_ASK_STROKES = (
    "The labels of {name!r} were painted by hand since, and this edit makes them anew."
)
_PAINTED_MEANWHILE = (
    "The labels of {name!r} were painted while they were edited: edit them again."
)


class PaletteTab(QWidget):
    """Shows the palette of a result, and edits it.

    wanted: "apply", "open", "save", "zarr" or "copy", which need files or other layers.
    changed: another palette is shown, or edited. why_not_apply returns a reason or ''.
    """

    wanted = Signal(str)
    changed = Signal()

    def __init__(
        self, runner: JobQueue, why_not_apply: Callable[[Result], str] = lambda _: ""
    ) -> None:
        super().__init__()
        self._runner, self._why_not_apply = runner, why_not_apply
        self._result: Result | None = None
        self._results: list[Result] = []
        self._heard: Labels | None = None  # the labels whose picking is listened to
        self._selecting = False

        self.palettes = QComboBox()
        self.palettes.setToolTip(
            "Whose palette is shown: that of a result, or of a file that was opened."
        )
        self.palettes.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.model = PaletteModel(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(SORT_ROLE)
        self.table = PaletteView(self.model, self._sorted)
        self.total = QLabel(NO_PALETTE)
        self.total.setWordWrap(True)
        self.total.setToolTip("The entries in all, and those that are selected.")

        self.columns = self._button("Columns", None)
        self.columns.setMenu(self.table.columns)
        self.columns.setToolTip(wrapped(_COLUMNS))
        self.count = self._button("Count all", self._count)
        self.merge = self._button("Merge", None)
        self._merges = self._menu(
            self.merge,
            ("Into the mean color", lambda: self._merge(into_first=False)),
            ("Into the first selected", lambda: self._merge(into_first=True)),
        )
        self.remove = self._button("Remove", self._remove)
        self.lock = self._button("Lock", self._lock)
        self.sort = self._button("Sort", None)
        self._sorts = self._menu(
            self.sort,
            *(
                (_SORT_TITLES[key], lambda key=key: self.perform(Sort(key)))
                for key in SORT_KEYS
            ),
        )
        self.undo = self._button("Undo", self._undo)
        self.redo = self._button("Redo", self._redo)
        self.apply = self._button("Apply", lambda: self.wanted.emit("apply"))
        self.more = self._button("More", None)
        self.more.setToolTip(_MORE)
        self._files = self._menu(
            self.more,
            *(
                (title, lambda what=what: self.wanted.emit(what))
                for what, title in _FILES.items()
            ),
        )
        self._lay_out()
        self._connect()
        self._update()

    @property
    def result(self) -> Result | None:
        """The result whose palette is shown."""
        return self._result

    @property
    def entries(self) -> list[int]:
        """The selected entries, in the order in which they were selected."""
        rows = self._selection.selectedRows()
        return [self._sorted.mapToSource(row).row() for row in rows]

    @property
    def _selection(self) -> QItemSelectionModel:
        selection = self.table.selectionModel()
        assert selection is not None  # as there is a model
        return selection

    def offer(self, results: Sequence[Result]) -> None:
        """Offer the results of the viewer and palettes from files to choose from."""
        self._results = list(results)
        self.palettes.blockSignals(True)
        self.palettes.clear()
        self.palettes.addItems([result.name for result in self._results])
        self.palettes.blockSignals(False)
        if self._result not in self._results:
            self.show_result(self._results[-1] if self._results else None)
        else:
            self._name_result()

    def show_result(self, result: Result | None) -> None:
        """Show the palette of an offered result; None for an empty table."""
        if result is self._result:
            return
        self._attend(result)
        self._name_result()
        self.table.clearSelection()
        self._update()

    def let_go(self) -> None:
        """Leave the layers as they were, and listen to none."""
        self._attend(None)

    def _attend(self, result: Result | None) -> None:
        if self._result is not None:
            self._result.highlight(())
            self._result.changed.disconnect(self._update)
        if self._heard is not None:
            self._heard.events.selected_label.disconnect(self._on_picked)
            self._heard.mouse_drag_callbacks.remove(self._on_clicked)
        self._result = result
        self._heard = None if result is None else result.labels
        if result is not None:
            result.changed.connect(self._update)
        if self._heard is not None:
            self._heard.events.selected_label.connect(self._on_picked)
            self._heard.mouse_drag_callbacks.append(self._on_clicked)

    def perform(self, edit: Edit) -> None:
        """Edit the palette, and all that shows it; tell why if that is not possible."""
        result = self._result
        if result is None or self._must_wait():
            return
        if why_not := why_not_edit(result, edit):
            show_error(why_not)
            return
        strokes = isinstance(edit, RELABELS) and result.painted()
        if strokes:
            keep = self.ask_about_strokes(_ASK_STROKES.format(name=result.name))
            if keep is None:
                return
            if keep:
                result.keep_strokes()
                strokes = False

        def adopt(labelling: IndexedImage) -> None:
            if isinstance(edit, RELABELS) and result.painted() and not strokes:
                show_error(_PAINTED_MEANWHILE.format(name=result.name))
            else:
                self._adopt(result, labelling, edit)
                if self._runner.busy:  # it was done in the background
                    self._runner.message.emit(f"Edited {result.name}.")

        try:
            edited = result.edited(edit)
            if isinstance(edit, Remove) or result.n_labels > _AT_ONCE:
                doing = f"Editing {result.name}"
                self._runner.start(Job(doing, edited, adopt, (result.labels,)))
            else:
                adopt(edited(Monitor()))
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)

    def _must_wait(self) -> bool:
        """Return whether a run is under way, and tell so: an edit would be lost."""
        if self._runner.busy:
            show_warning(UNDER_WAY)
        return self._runner.busy

    def ask_about_strokes(self, text: str) -> bool | None:
        """Ask whether to keep labels painted by hand; None is to do nothing."""
        box = QMessageBox(self)
        box.setWindowTitle("Painted labels")
        box.setText(text)
        keep = box.addButton("Keep strokes", QMessageBox.ButtonRole.AcceptRole)
        lose = box.addButton("Discard strokes", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        clicked = box.clickedButton()
        return None if clicked not in (keep, lose) else clicked is keep

    def _adopt(self, result: Result, labelling: IndexedImage, edit: Edit) -> None:
        chosen = _after(self.entries, edit)
        with self._rows_in_motion():
            result.adopt(labelling, edit, chosen)
        if result is self._result:
            self.select(chosen)
            self._tell_selection()

    def select(self, entries: Sequence[int]) -> None:
        """Select the rows of these entries, and go to the first."""
        selection = QItemSelection()
        for entry in entries:
            row = self._sorted.mapFromSource(self.model.index(entry, 0))
            selection.select(row, row)
        flags = (
            QItemSelectionModel.SelectionFlag.ClearAndSelect
            | QItemSelectionModel.SelectionFlag.Rows
        )
        self._selection.select(selection, flags)
        if entries:  # and the keys and Shift go on from there
            first = self._sorted.mapFromSource(self.model.index(entries[0], 0))
            no_update = QItemSelectionModel.SelectionFlag.NoUpdate
            self._selection.setCurrentIndex(first, no_update)
            self.table.scrollTo(first)

    def _merge(self, *, into_first: bool = False) -> None:
        self.perform_on_selected(lambda entries: Merge(entries, into_first))

    def _remove(self) -> None:
        self.perform_on_selected(Remove)

    def _lock(self) -> None:
        palette = self.model.palette
        if palette is not None:
            on = not all(entry in palette.locked for entry in self.entries)
            self.perform_on_selected(lambda entries: Lock(entries, on))

    def perform_on_selected(self, make: Callable[[list[int]], Edit]) -> None:
        """Perform the edit that make returns for the selected entries."""
        if self.entries:
            self.perform(make(self.entries))
        elif self._result is not None:
            show_error(NONE_SELECTED)

    def _undo(self) -> None:
        if self._result is not None and self._result.next_undo is not None:
            self._travel(self._result, self._result.undo, self._result.next_undo)

    def _redo(self) -> None:
        if self._result is not None and self._result.next_redo is not None:
            self._travel(self._result, self._result.redo, self._result.next_redo)

    def _travel(self, result: Result, go: Callable[[], None], action: Action) -> None:
        if self._must_wait():
            return
        if isinstance(action, RELABELS) and result.painted():
            text = _ASK_STROKES.format(name=result.name)
            keep = self.ask_about_strokes(text)
            if keep is None:
                return
            if keep:
                result.keep_strokes()  # they are the last thing that was done now
                return
        with self._rows_in_motion():
            go()
        self.table.clearSelection()
        self._tell_selection()

    def _recolor_dialog(self, index: Any) -> None:
        source, result = self._sorted.mapToSource(index), self._result
        if source.column() != 0 or result is None or not result.rgb:
            return
        entry, palette = source.row(), self.model.palette
        dialog = QColorDialog(self.model.color(entry), self)
        dialog.setWindowTitle(f"Color of label {entry + 1}")

        def recolor(chosen: QColor) -> None:
            if self.model.palette is not palette:
                return  # a live result has taken its place
            edit = self.model.recolor(entry, chosen)
            if edit is not None:
                self.perform(edit)

        dialog.colorSelected.connect(recolor)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    @contextmanager
    def _rows_in_motion(self) -> Iterator[None]:
        """Ignore selections and picked labels that are not the user's."""
        self._selecting = True
        try:
            yield
        finally:
            self._selecting = False

    def _on_selection(self, *_: object) -> None:
        if self._selecting:
            return
        entries = self.entries
        if self._result is not None:
            with self._rows_in_motion():  # napari says that a label is picked
                self._result.highlight(entries)
                labels = self._result.labels
                if labels is not None and len(entries) == 1:
                    labels.selected_label = entries[0] + 1
        self._tell_selection()

    def _on_picked(self) -> None:
        """Select the row of the label that was picked in the canvas."""
        if self._selecting or self._result is None or self._result.labels is None:
            return
        entry = int(self._result.labels.selected_label) - 1
        if 0 <= entry < len(self._result.palette) and self.entries != [entry]:
            self.select([entry])

    def _on_clicked(self, labels: Labels, _event: object) -> Iterator[None]:
        """Note a pick of the label that is selected already: napari emits nothing."""
        yield  # until the mouse has done its work
        if labels.mode == "pick":
            self._on_picked()

    def _name_result(self) -> None:
        self.palettes.blockSignals(True)
        known = self._result in self._results
        self.palettes.setCurrentIndex(
            self._results.index(self._result) if known and self._result else -1
        )
        self.palettes.blockSignals(False)

    def _on_chosen(self, row: int) -> None:
        if 0 <= row < len(self._results):
            self.show_result(self._results[row])

    def _update(self) -> None:
        result = self._result
        if result is None:
            self.model.show(None, np.empty((0, 4)))
        else:
            self.model.show(
                result.palette,
                result.shown(),
                rgb=result.rgb,
                display=result.display,
                channels=result.channels,
                estimated=result.counts_are_estimates,
            )
        undo = None if result is None else result.next_undo
        redo = None if result is None else result.next_redo
        self._undo_tip = f"Undo: {_in_words(undo)} (Ctrl+Z)"
        self._redo_tip = f"Do again: {_in_words(redo)} (Ctrl+Shift+Z)"
        self._on_selection()
        self.changed.emit()

    def offer_actions(self) -> None:
        """Offer what can be done now. The table stays: its keys need its focus."""
        result, entries = self._result, self.entries
        busy = UNDER_WAY if self._runner.busy else ""
        merges = [why_not_merge(result, entries, first) for first in (False, True)]
        sorts = {key: why_not_sort(result, key) for key in SORT_KEYS}
        undo = "" if result and result.next_undo is not None else _NO_UNDO
        redo = "" if result and result.next_redo is not None else _NO_REDO
        apply = NO_PALETTE if result is None else self._why_not_apply(result)
        for button, tip, why_not in (
            (self.count, _COUNT, ""),
            (self.merge, _MERGE, merges[1] and merges[0]),
            (self.remove, _REMOVE, why_not_remove(result, entries)),
            (self.lock, _LOCK, why_not_lock(result, entries)),
            (self.sort, _SORT, why_not_sort(result)),
            (self.undo, self._undo_tip, undo),
            (self.redo, self._redo_tip, redo),
            (self.apply, _APPLY, apply),
        ):
            offer(button, tip, busy or why_not)
        for action, tip, why_not in zip(
            self._merges, (_INTO_MEAN, _INTO_FIRST), merges, strict=True
        ):
            offer(action, tip, why_not)
        for action, key in zip(self._sorts, SORT_KEYS, strict=True):
            offer(action, _SORT_TIPS[key], sorts[key])
        for action, what in zip(self._files, _FILES, strict=True):
            why_not = "" if what == "open" else why_not_save(result, what)
            offer(action, _FILE_TIPS[what], why_not)
        self.count.setVisible(
            result is not None
            and result.counts_are_estimates
            and result.labels is not None
        )

    def _tell_selection(self) -> None:
        """Tell of the selected entries, and offer what can be done with them."""
        self._update_total()
        self.offer_actions()

    def _update_total(self) -> None:
        palette, result = self.model.palette, self._result
        if palette is None or result is None:
            self.total.setText(NO_PALETTE)
            return
        estimated = result.counts_are_estimates
        self.total.setText(total_in_words(palette, self.entries, estimated=estimated))

    def _count(self) -> None:
        """Count all pixels of each entry in the background."""
        result = self._result
        if result is None:
            return

        def adopt(counts: NDArray[np.int64]) -> None:
            result.adopt_counts(counts)
            self._runner.message.emit(f"Counted {result.name}.")

        doing = f"Counting {result.name}"
        self._runner.start(Job(doing, result.count, adopt, (result.labels,)))

    def _button(self, text: str, do: Callable[[], object] | None) -> QPushButton:
        button = QPushButton(text, self)
        # A click leaves the focus to the table, and with it Del and Ctrl+Z.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if do is not None:
            button.clicked.connect(lambda: do())
        return button

    def _menu(
        self, button: QPushButton, *items: tuple[str, Callable[[], object]]
    ) -> list[QAction]:
        menu = QMenu(button)
        menu.setToolTipsVisible(True)
        actions = [QAction(text, menu) for text, _ in items]
        for action, (_, do) in zip(actions, items, strict=True):
            action.triggered.connect(lambda _checked=False, do=do: do())
        menu.addActions(actions)
        button.setMenu(menu)
        return actions

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setSpacing(2)
        buttons = (
            (self.merge, self.remove, self.lock, self.sort),
            (self.undo, self.redo, self.apply, self.more),
        )
        for row, line in enumerate(buttons):
            for column, button in enumerate(line):
                grid.addWidget(button, row, column)
                grid.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        chosen = QHBoxLayout()
        chosen.setSpacing(2)
        chosen.addWidget(self.palettes, 1)
        chosen.addWidget(self.columns)
        layout.addLayout(chosen)
        layout.addWidget(self.table, 1)
        counted = QHBoxLayout()
        counted.addWidget(self.total, 1)
        counted.addWidget(self.count)
        layout.addLayout(counted)
        layout.addLayout(grid)

    def _connect(self) -> None:
        self.palettes.activated.connect(self._on_chosen)
        self._runner.busy_changed.connect(self.offer_actions)
        self.model.edited.connect(self.perform)
        self.model.refused.connect(show_error)
        self.table.doubleClicked.connect(self._recolor_dialog)
        self.table.opened.connect(self._recolor_dialog)
        self._selection.selectionChanged.connect(self._on_selection)
        self.model.modelReset.connect(self._on_selection)
        for keys, do in (
            (QKeySequence.StandardKey.Undo, self._undo),
            (QKeySequence.StandardKey.Redo, self._redo),
            (QKeySequence.StandardKey.Delete, self._remove),
        ):
            action = QAction(self)
            action.setShortcuts(keys)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, do=do: do())
            self.addAction(action)


def _after(entries: Sequence[int], edit: Edit) -> list[int]:
    """Return what is selected once an edit is done."""
    if isinstance(edit, Merge):
        first = edit.entries[0]
        return [first - sum(other < first for other in edit.entries[1:])]
    return [] if isinstance(edit, Remove | Sort) else list(entries)


def _in_words(action: object) -> str:
    if action is None:
        return "nothing"
    if isinstance(action, Painted):
        return "keep strokes"
    return type(action).__name__.lower()
