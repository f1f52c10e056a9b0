"""What the user is asked: files to open and to save, and about painted labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QMessageBox,
    QSpinBox,
    QWidget,
)

from napari_colorquant.core.palette.edits import Clean
from napari_colorquant.formats.registry import FORMATS
from napari_colorquant.viewer.session.sentences import cleaned_in_words
from napari_colorquant.viewer.widgets.common import wrap_tips

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_colorquant.viewer.session.session import Session

MORE = {
    "open": ("Open palette …", "Look at a palette of a file, and apply it."),
    "save": (
        "Save palette …",
        "Write the palette to a file, as JSON with the run that made it.",
    ),
    "zarr": (
        "Save result as OME-Zarr …",
        "Write the picture and the labels with all their levels.",
    ),
    "dither": (
        "Save a dithered picture …",
        "Write the picture for the web: the palette's colors are mixed from pixel to "
        "pixel, so that they look like more from afar. The labels stay as they are.",
    ),
    "copy": (
        "Copy as Python",
        "Put a script that repeats the result into the clipboard.",
    ),
    "classify": (
        "Class of the selected …",
        "Type a class for the selected entries, such as DAB: entries of one class are "
        "measured together.",
    ),
    "clean": (
        "Clean regions …",
        "Take noise out of the labels and the picture: by a majority filter, or small "
        "regions alone.",
    ),
}
"""What a palette's menu offers, by actions: their words, and their tooltips."""
APPLY_TO = {
    "apply_selected": (
        "Selected layers",
        "Redraw each selected image layer: regions, slices and classes that are chosen "
        "above do not count.",
    ),
    "apply_all": (
        "All image layers",
        "Redraw each image layer that shows no result: regions, slices and classes "
        "that are chosen above do not count.",
    ),
    "apply_files": (
        "Files of a folder …",
        "Redraw the pictures of a folder, and write the results and the table "
        "summary.csv to another: no file is overwritten.",
    ),
    "clean_each": (
        "Clean each …",
        "How the labels of each image are cleaned: as those of the result that is "
        "shown were, unless you choose otherwise.",
    ),
}
"""Likewise, what the palette can be applied to at once."""
_CLEAN = Clean(min_region=10)
"""How labels are cleaned unless something else is chosen in the dialog."""
_VERSIONS = {"OME-Zarr 0.5 (*.zarr)": "0.5", "OME-Zarr 0.4 (*.zarr)": "0.4"}


def open_palette(parent: QWidget, session: Session) -> None:
    """Let the user choose the file of a palette, and show it."""
    suffixes = " ".join(f"*{suffix}" for suffix in FORMATS)
    path, _ = QFileDialog.getOpenFileName(
        parent, "Open a palette", "", f"Palettes ({suffixes})"
    )
    if path:
        session.opening.open(Path(path))


def save_palette(parent: QWidget, session: Session) -> None:
    """Let the user save the palette that is shown."""
    filters = ";;".join(f"*{suffix}" for suffix in FORMATS)
    path, _ = QFileDialog.getSaveFileName(parent, "Save the palette", "", filters)
    if path:
        session.saving.save_palette(path)


def save_zarr(parent: QWidget, session: Session) -> None:
    """Let the user save the result that is shown as OME-Zarr."""
    taken, result = session.saving.take_to_save(), session.editor.result
    if result is None or isinstance(taken, str):
        return
    chosen = choose_zarr(parent, result.name)
    if chosen is not None:
        session.saving.save_ome_zarr(*chosen, taken)


def save_dithered(parent: QWidget, session: Session) -> None:
    """Let the user save the picture that is shown, dithered."""
    taken, result = session.saving.take_to_dither(), session.editor.result
    if result is None or isinstance(taken, str):
        return
    name = f"{result.name} dithered"
    path = choose_file(parent, "Save a dithered picture", name, (".png", ".tif"))
    if path is not None:
        session.saving.save_dithered(path, taken)


def choose_zarr(parent: QWidget, name: str) -> tuple[Path, str] | None:
    """Ask for a .zarr path and a version of OME-NGFF; None if nothing is chosen."""
    path, kind = QFileDialog.getSaveFileName(
        parent, "Save as OME-Zarr", f"{name}.ome.zarr", ";;".join(_VERSIONS)
    )
    if not path:
        return None
    if not path.lower().endswith(".zarr"):
        path += ".ome.zarr"
    return Path(path), _VERSIONS.get(kind, "0.5")


def choose_files(parent: QWidget, session: Session) -> None:
    """Let the user choose a folder of pictures, and one for what is made of them."""
    ask = QFileDialog.getExistingDirectory
    folder = ask(parent, "The folder with the pictures")
    output = folder and ask(parent, "A folder for the results", folder)
    if output:
        session.batch.apply_to_files(folder, output)


def show_list(parent: QWidget, text: str, lines: list[str]) -> None:
    """Show what came of many images, and sentences on single ones below."""
    box = QMessageBox(QMessageBox.Icon.Information, "Apply to", text, parent=parent)
    box.setDetailedText("\n".join(lines))
    for button in box.buttons():
        if box.buttonRole(button) == QMessageBox.ButtonRole.ActionRole:
            button.click()  # which unfolds the list
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()


def copy_script(session: Session) -> None:
    """Put the script that repeats the result into the clipboard."""
    script, result = session.saving.script(), session.editor.result
    if script is None or result is None:
        return
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    clipboard.setText(script)
    show_info(f"The script that repeats {result.name!r} is in the clipboard.")


def copy_table(session: Session) -> None:
    """Put the table of areas into the clipboard, with tabs between the values."""
    clipboard = QApplication.clipboard()
    assert clipboard is not None
    clipboard.setText(session.areas.text())
    show_info("The table is in the clipboard.")


def open_regions(parent: QWidget, session: Session) -> None:
    """Let the user choose a file of regions, and add them to the viewer."""
    path, _ = QFileDialog.getOpenFileName(
        parent,
        "Open regions",
        "",
        "Regions (*.geojson *.roi *.zip *.tif *.tiff *.png);;All files (*)",
    )
    if path:
        session.made.regions(path)


def save_table(parent: QWidget, session: Session) -> None:
    """Let the user save the table of areas, or of objects."""
    name = "areas" if session.areas.objects is None else "objects"
    path = choose_file(parent, "Save the table", name, (".csv",))
    if path is not None:
        session.saving.save_table(path)


def choose_file(
    parent: QWidget, title: str, name: str, suffixes: Sequence[str]
) -> Path | None:
    """Ask for a file to save; one without a suffix gets the chosen one.

    None if nothing is chosen, or a file is there that the dialog has not asked about.
    """
    filters = {f"{suffix[1:].upper()} (*{suffix})": suffix for suffix in suffixes}
    text, kind = QFileDialog.getSaveFileName(
        parent, title, f"{name}{suffixes[0]}", ";;".join(filters)
    )
    if not text:
        return None
    path = Path(text)
    if path.suffix.lower() in suffixes or (path.suffix and len(suffixes) > 1):
        return path  # another suffix is told of by what writes the file
    path = path.with_name(path.name + filters.get(kind, suffixes[0]))
    if path.exists():
        show_error(f"{path} exists already: choose another name.")
        return None
    return path


class CleanDialog(QDialog):
    """Asks how labels are to be cleaned; n_axes: how many axes they have.

    first: what is chosen at first.
    """

    def __init__(
        self, parent: QWidget | None, title: str, n_axes: int, first: Clean
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.majority = _pixels(100, first.majority)
        self.majority.setToolTip(
            "Each pixel gets the label that most pixels around it have, as far away as "
            "this. Thin lines may vanish."
        )
        self.min_region = _pixels(10**6, first.min_region)
        self.min_region.setToolTip(
            "Regions of fewer pixels go to the label that they border on most."
        )
        self.in_volumes = QCheckBox("In 3-D")
        self.in_volumes.setChecked(first.ndim == 3)
        self.in_volumes.setToolTip(
            "For volumes. Otherwise each plane is cleaned by itself, as in a movie."
        )
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("Radius of the majority", self.majority)
        form.addRow("Smallest region", self.min_region)
        if n_axes > 2:
            form.addRow("", self.in_volumes)
        form.addRow(buttons)
        wrap_tips(self)

    @property
    def chosen(self) -> Clean:
        """The edit that is chosen."""
        ndim = 3 if self.in_volumes.isChecked() else 2
        return Clean(self.majority.value(), self.min_region.value(), ndim)


def ask_clean(
    parent: QWidget, session: Session, edit: Callable[[Clean], object]
) -> None:
    """Ask how the labels of the result that is shown are to be cleaned, and do it."""
    result = session.editor.result
    if result is None or not result.labels_arrays:
        return
    n_axes = result.labels_arrays[0].ndim
    dialog = CleanDialog(parent, "Clean regions", n_axes, _CLEAN)
    if dialog.exec() and session.editor.result is result:
        edit(dialog.chosen)


def clean_each_in_words(session: Session) -> str:
    """Return what opens the dialog of `ask_clean_each`, with what is chosen."""
    words = cleaned_in_words(session.batch.cleans)
    title, _ = APPLY_TO["clean_each"]
    return f"{title} ({words})" if words else title


def ask_clean_each(parent: QWidget, session: Session) -> None:
    """Ask how each image is cleaned that the palette that is shown is applied to."""
    result = session.editor.result
    first = (session.batch.cleans or (_CLEAN,))[-1]
    dialog = CleanDialog(parent, "Clean each image", 3, first)  # some may be volumes
    if dialog.exec() and session.editor.result is result:
        session.batch.choose_clean(dialog.chosen)


def _pixels(most: int, value: int) -> QSpinBox:
    box = QSpinBox()
    box.setRange(0, most)
    box.setSpecialValueText("off")  # at 0
    box.setSuffix(" pixels")
    box.setValue(value)
    return box


def ask_about_strokes(parent: QWidget, text: str) -> bool | None:
    """Ask whether to keep labels painted by hand; None is to do nothing."""
    box = QMessageBox(parent)
    box.setWindowTitle("Painted labels")
    box.setText(text)
    keep = box.addButton("Keep strokes", QMessageBox.ButtonRole.AcceptRole)
    lose = box.addButton("Discard strokes", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Cancel", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.exec()
    clicked = box.clickedButton()
    return None if clicked not in (keep, lose) else clicked is keep
