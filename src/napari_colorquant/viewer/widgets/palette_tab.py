"""The palette of a result: a table of its entries, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.notifications import show_error
from qtpy.QtCore import QItemSelection, QItemSelectionModel, QSortFilterProxyModel, Qt
from qtpy.QtGui import (  # type: ignore[attr-defined] # QAction is made by qtpy
    QAction,
    QColor,
    QKeySequence,
)
from qtpy.QtWidgets import (
    QColorDialog,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_colorquant.core.palette.edits import (
    Classify,
    Edit,
    Lock,
    Merge,
    Remove,
    Sort,
)
from napari_colorquant.viewer.session.palette_editor import NeedsAnswer
from napari_colorquant.viewer.session.results.actions import Painted
from napari_colorquant.viewer.session.sentences import NO_PALETTE
from napari_colorquant.viewer.widgets.common import (
    give_menu,
    grid_of,
    keep_offered,
    offer,
    wrapped,
)
from napari_colorquant.viewer.widgets.dialogs import (
    APPLY_TO,
    MORE,
    ask_about_strokes,
    ask_clean,
    ask_clean_each,
    choose_files,
    clean_each_in_words,
    copy_script,
    open_palette,
    save_dithered,
    save_palette,
    save_zarr,
)
from napari_colorquant.viewer.widgets.number_format import total_in_words
from napari_colorquant.viewer.widgets.palette_table_model import PaletteModel
from napari_colorquant.viewer.widgets.palette_table_view import PaletteView
from napari_colorquant.viewer.widgets.table_model import SORT_ROLE

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.results.result import Result
    from napari_colorquant.viewer.session.session import Session

_PALETTES = "Whose palette is shown: that of a result, or of a file that was opened."
_COLUMNS = (
    "Choose the columns of the table, and the order of its rows: also by a right click "
    "on the titles."
)
_COUNT = (
    "Count every pixel of each entry in the background: until then the numbers are "
    "reckoned from the blocks that were read."
)
_MERGE = "Make one entry of the selected ones."
_MERGES = {
    "merge_mean": (
        "Into the mean color",
        "The new color is the mean of theirs, weighted by their pixels.",
    ),
    "merge_first": (
        "Into the first selected",
        "The color of the entry that was selected first stays.",
    ),
}
_REMOVE = "Remove the selected entries: their pixels go to the nearest others (Del)."
_LOCK = "Keep the selected colors when you press Quantize again, or unlock them."
_SORT = "Number the entries in another order."
_APPLY = (
    "Redraw the image that is chosen above in this palette: the same labels and names "
    "across images."
)
_APPLY_TO = (
    "Redraw many images in this palette, each whole and alone, and measure all in one "
    "table: see the Measure tab."
)
_MORE = "Files, scripts, saved results, classes, and clean regions."
_SORTS = {
    "sort_lightness": ("By lightness", "Dark ones first."),
    "sort_hue": ("By hue", "Greys first, then round the color circle from red."),
    "sort_population": ("By pixels", "Those of most pixels first."),
}


class PaletteTab(QWidget):
    """Shows the palette of a result in a session, and lets the user edit it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._editor = session, session.editor
        self.palettes = QComboBox()
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
        self._make_buttons()
        self._lay_out()
        self._connect()
        self._show_results()
        self._show_palette()
        keep_offered(session, self._controls)  # not the table: keys need its focus
        self._offer_travel(session.possible.now)

    @property
    def result(self) -> Result | None:
        """The result whose palette is shown."""
        return self._editor.result

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

    def edit(self, edit: Edit) -> None:
        """Edit the palette, once the user has said what becomes of painted labels."""
        self._ask(lambda *strokes: self._editor.edit(edit, *strokes))

    def _on_typed(self, edit: Edit) -> None:
        """Do what was typed; a class is that of all selected entries."""
        if isinstance(edit, Classify):
            (entry,) = edit.entries
            self._ask(lambda *_: self._editor.classify(edit.name, entry))
        else:
            self.edit(edit)

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

    def _ask(self, do: Callable[..., str | NeedsAnswer]) -> None:
        """Do something, and once more with an answer if it needs one."""
        outcome = do()
        if isinstance(outcome, NeedsAnswer):
            keep = ask_about_strokes(self, outcome.question)
            if keep is not None:
                do(keep)

    def _edit_selected(self, make: Callable[[list[int]], Edit]) -> None:
        self._ask(lambda *strokes: self._editor.edit_selected(make, *strokes))

    def _remove(self) -> None:
        self._edit_selected(Remove)

    def _lock(self) -> None:
        palette = self.model.palette
        if palette is not None:
            on = not all(entry in palette.locked for entry in self._editor.entries)
            self._edit_selected(lambda entries: Lock(entries, on))

    def _undo(self) -> None:
        self._ask(self._editor.undo)

    def _redo(self) -> None:
        self._ask(self._editor.redo)

    def _recolor_dialog(self, index: Any) -> None:
        source, result = self._sorted.mapToSource(index), self.result
        if source.column() != 0 or result is None or not result.recorded.rgb:
            return
        entry, palette = source.row(), self.model.palette
        dialog = QColorDialog(self.model.color(entry), self)
        dialog.setWindowTitle(f"Color of label {entry + 1}")

        def recolor(chosen: QColor) -> None:
            if self.model.palette is not palette:
                return  # a live result has taken its place
            edit = self.model.recolor(entry, chosen)
            if edit is not None:
                self.edit(edit)

        dialog.colorSelected.connect(recolor)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _on_rows(self, *_: object) -> None:
        self._editor.select(self.entries)

    def _on_chosen(self, row: int) -> None:
        results = list(self._session.results)
        if 0 <= row < len(results):
            self._editor.show(results[row])

    def _show_results(self) -> None:
        """Offer the results to choose from, and name the one that is shown."""
        results = list(self._session.results)
        self.palettes.clear()
        self.palettes.addItems([result.name for result in results])
        shown = self.result
        self.palettes.setCurrentIndex(results.index(shown) if shown in results else -1)
        name = "" if shown is None else f"\n{shown.name}"  # which may have no room
        self.palettes.setToolTip(wrapped(_PALETTES + name))

    def _show_palette(self) -> None:
        result = self.result
        if result is None:
            self.model.show(None, np.empty((0, 4)))
        else:
            self.model.show(
                result.palette,
                result.shown(),
                rgb=result.recorded.rgb,
                display=result.display,
                channels=result.recorded.channels,
                estimated=result.counts_are_estimates,
            )
        self.count.setVisible(
            result is not None
            and result.counts_are_estimates
            and result.labels is not None
        )
        self._show_entries()

    def _show_entries(self) -> None:
        """Show which entries are selected, and how many pixels they have."""
        result, entries = self.result, self._editor.entries
        if self.entries != entries:
            self.select(entries)
        words = NO_PALETTE
        if result is not None:
            estimated = result.counts_are_estimates
            words = total_in_words(result.palette, entries, estimated=estimated)
        self.total.setText(words)

    def _offer_travel(self, why_not: dict[str, str]) -> None:
        """Offer to undo and redo, and say what."""
        undo = _in_words(getattr(self.result, "next_undo", None))
        redo = _in_words(getattr(self.result, "next_redo", None))
        offer(self.undo, f"Undo: {undo} (Ctrl+Z)", why_not["undo"])
        offer(self.redo, f"Do again: {redo} (Ctrl+Shift+Z)", why_not["redo"])

    def _make_buttons(self) -> None:
        self.columns = self._button("Columns", None)
        self.columns.setMenu(self.table.columns)
        self.columns.setToolTip(wrapped(_COLUMNS))
        self.count = self._button("Count all", self._editor.count_all)
        self.merge = self._button("Merge", None)
        self.remove = self._button("Remove", self._remove)
        self.lock = self._button("Lock", self._lock)
        self.sort = self._button("Sort", None)
        self.undo = self._button("Undo", self._undo)
        self.redo = self._button("Redo", self._redo)
        self.apply = self._button("Apply", None)
        self.apply_to = self._button("Apply to", None)
        self.more = self._button("More", None)
        self.more.setToolTip(_MORE)
        session, apply_to = self._session, self._session.batch.apply_to_layers
        do: dict[str, Callable[[], object]] = {
            "merge_mean": lambda: self._edit_selected(Merge),
            "merge_first": lambda: self._edit_selected(lambda some: Merge(some, True)),
            "apply_selected": lambda: apply_to(of_all=False),
            "apply_all": lambda: apply_to(of_all=True),
            "apply_files": lambda: choose_files(self, session),
            "clean_each": lambda: ask_clean_each(self, session),
            "open": lambda: open_palette(self, session),
            "save": lambda: save_palette(self, session),
            "zarr": lambda: save_zarr(self, session),
            "dither": lambda: save_dithered(self, session),
            "copy": lambda: copy_script(session),
            "classify": lambda: self.table.type_class(self._editor.entries),
            "clean": lambda: ask_clean(self, session, self.edit),
            **{what: partial(self.edit, Sort(what[5:])) for what in _SORTS},
        }
        self._controls = {
            "count": (self.count, _COUNT),
            "merge": (self.merge, _MERGE),
            "remove": (self.remove, _REMOVE),
            "lock": (self.lock, _LOCK),
            "sort": (self.sort, _SORT),
            "apply": (self.apply, _APPLY),
            "apply_to": (self.apply_to, _APPLY_TO),
            **give_menu(self.merge, _MERGES, do),
            **give_menu(self.sort, _SORTS, do),
            **give_menu(self.apply_to, APPLY_TO, do),
            **give_menu(self.more, MORE, do),
        }

    def _button(self, text: str, do: Callable[[], object] | None) -> QPushButton:
        button = QPushButton(text, self)
        # A click leaves the focus to the table, and with it Del and Ctrl+Z.
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        if do is not None:
            button.clicked.connect(lambda: do())
        return button

    def _lay_out(self) -> None:
        buttons = (
            *(self.merge, self.remove, self.lock, self.sort),
            *(self.undo, self.redo, self.apply, self.apply_to),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        chosen = QHBoxLayout()
        chosen.setSpacing(2)
        chosen.addWidget(self.palettes, 1)
        chosen.addWidget(self.columns)
        chosen.addWidget(self.more)
        layout.addLayout(chosen)
        layout.addWidget(self.table, 1)
        counted = QHBoxLayout()
        counted.addWidget(self.total, 1)
        counted.addWidget(self.count)
        layout.addLayout(counted)
        layout.addLayout(grid_of(buttons, 4))

    def _connect(self) -> None:
        menu, (clean, _) = self.apply_to.menu(), self._controls["clean_each"]
        assert menu is not None  # as it was given
        assert isinstance(clean, QAction)
        menu.aboutToShow.connect(
            lambda: clean.setText(clean_each_in_words(self._session))
        )
        self.palettes.activated.connect(self._on_chosen)
        self.model.edited.connect(self._on_typed)
        self.model.refused.connect(show_error)
        self.table.doubleClicked.connect(self._recolor_dialog)
        self.table.opened.connect(self._recolor_dialog)
        self._selection.selectionChanged.connect(self._on_rows)
        events = self._session.events
        events.results.connect(self._show_results)
        events.palette.connect(self._show_palette)
        events.entries.connect(self._show_entries)
        events.possible.connect(self._offer_travel)
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


def _in_words(action: object) -> str:
    if action is None:
        return "nothing"
    if isinstance(action, Painted):
        return "keep strokes"
    return type(action).__name__.lower()
