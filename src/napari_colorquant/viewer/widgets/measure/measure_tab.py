"""The page that measures areas: what is measured, the table, and where it goes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_colorquant.viewer.widgets.common import (
    ChoiceBox,
    Collapsible,
    Controls,
    give_menu,
    grid_of,
    keep_offered,
    over,
    wrapped,
)
from napari_colorquant.viewer.widgets.dialogs import (
    copy_table,
    open_regions,
    save_table,
)
from napari_colorquant.viewer.widgets.measure.area_table_model import AreaModel
from napari_colorquant.viewer.widgets.measure.area_table_view import AreaView
from napari_colorquant.viewer.widgets.plots.figure_button import FigureButton
from napari_colorquant.viewer.widgets.plots.shares_plot import SharesPlot

if TYPE_CHECKING:
    from napari_colorquant.viewer.session.session import Session

_CHOICES = {
    "what": (
        "What is measured",
        "Measure the result whose palette is shown, all results in one table, or those "
        "whose layers are selected in the layer list.",
    ),
    "by": (
        "Rows",
        "A row for each entry of the palette, or for each class: entries without a "
        "class stand alone.",
    ),
    "regions": (
        "Regions",
        "Measure the whole image, or each region of a labels or shapes layer: each "
        "label, or each shape, has rows of its own, wherever the layer lies. One in 2D "
        "applies to all slices. Those of a file are opened below.",
    ),
    "slices": (
        "Slices",
        "Measure all slices together, or each slice of an axis.",
    ),
}
_MEASURE = "Count the pixels of each entry or class, as areas in the layer's units."
_COPY = "Put the table into the clipboard, as spreadsheets take it."
_SAVE = "Save the table as a CSV file."
_OPEN = (
    "Open regions of a file: shapes of ImageJ (.roi, .zip) or QuPath (.geojson), or "
    "a label image. They become a layer on the image, and are chosen above."
)
_FOLD = "Connected objects, a layer of the classes, and regions of other programs."
_SMALLEST = "Smaller objects are left out."
_OBJECTS = (
    "Find the pixels of one entry, or class, that touch, and measure each object: a "
    "labels layer of them is added, and the table shows them."
)
_CLASSES = (
    "Add a labels layer in which all entries of a class have one label. It does not "
    "follow later edits."
)
_COLORS = {
    "mean": (
        "In their mean colors",
        "A class has the mean color of its entries.",
    ),
    "apart": (
        "In colors that are easy to tell apart",
        "Classes of like colors can be told apart too.",
    ),
}


class MeasureTab(QWidget):
    """The page for the areas of results, by entry or class, in regions and slices."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.model = AreaModel(self)
        self.table = AreaView(self.model)
        self.boxes = {name: self._box(name) for name in _CHOICES}
        self.measure = QPushButton("Measure")
        self.copy = QPushButton("Copy")
        self.save = QPushButton("CSV …")
        self.plot = SharesPlot(session)
        self.figure = FigureButton(session, self.plot)
        self.open = QPushButton("Open regions …")
        self.objects = QPushButton("Find objects")
        self.classes = QPushButton("Class labels")
        give_menu(
            self.classes,
            _COLORS,
            {
                "mean": partial(session.made.classes, easily_told=False),
                "apart": partial(session.made.classes, easily_told=True),
            },
        )
        self.smallest = QSpinBox()
        self.smallest.setRange(1, 2**31 - 1)
        self.smallest.setPrefix("From ")
        self.smallest.setSuffix(" px")
        self.smallest.setKeyboardTracking(False)
        self.smallest.setAccessibleName("Smallest object")
        self.smallest.setToolTip(_SMALLEST)
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setToolTip("What to do to have a table.")
        self.controls: Controls = {
            "areas": (self.measure, _MEASURE),
            "open_regions": (self.open, _OPEN),
            "objects": (self.objects, _OBJECTS),
            "class_layer": (self.classes, _CLASSES),
            "copy_table": (self.copy, _COPY),
            "save_table": (self.save, _SAVE),
        }
        self._shown: Any = None
        self._lay_out()
        self.measure.clicked.connect(lambda: session.measure_areas())
        self.copy.clicked.connect(lambda: copy_table(session))
        self.save.clicked.connect(lambda: save_table(self, session))
        self.plot.chosen.connect(self.table.show_row)
        self.open.clicked.connect(lambda: open_regions(self, session))
        self.objects.clicked.connect(lambda: session.made.objects())
        self.smallest.valueChanged.connect(partial(self._choose, "min_pixels"))
        selection = self.table.selectionModel()
        assert selection is not None  # as there is a model
        selection.selectionChanged.connect(self._on_rows)
        session.events.areas.connect(self._show)
        self._show()
        keep_offered(session, self.controls)

    def _box(self, name: str) -> ChoiceBox:
        areas = self._session.areas
        box = ChoiceBox(
            lambda: areas.choices(name),
            lambda: getattr(areas.now, name),
            label=_CHOICES[name][0],
            tooltip=wrapped(_CHOICES[name][1]),
        )
        box.changed.connect(partial(self._choose, name))
        native: QComboBox = box.native
        native.setAccessibleName(_CHOICES[name][0])
        native.setMinimumContentsLength(6)
        native.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        return box

    def _lay_out(self) -> None:
        choices = grid_of([box.native for box in self.boxes.values()], 2)
        folded = grid_of([self.smallest, self.objects, self.classes, self.open], 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.measure, self.copy, self.save, self.figure):
            button.setMinimumWidth(1)  # or they are wide until they have napari's style
            buttons.addWidget(button)
        content = QWidget()
        content.setLayout(folded)
        self.more = Collapsible("Objects, classes, region files", content, _FOLD)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(choices)
        layout.addLayout(buttons)
        layout.addWidget(self.more)
        layout.addWidget(self.hint)
        layout.addWidget(over(self.table, self.plot), 1)

    def _choose(self, name: str, value: Any) -> None:
        self._session.choose_areas(**{name: value})

    def _show(self) -> None:
        """Show what there is to choose from, and the table if it is another one."""
        for box in self.boxes.values():
            box.reset_choices()
        self.boxes["slices"].enabled = len(self.boxes["slices"].choices) > 1
        self.hint.setText(self._session.areas.hint)
        self.hint.setVisible(bool(self._session.areas.hint))
        if self._session.areas.rows is not self._shown:
            self._shown = self._session.areas.rows
            self.model.show(self._shown)
            self.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.table.show_row(self._session.areas.row)

    def _on_rows(self, *_: object) -> None:
        if self.table.row != self._session.areas.row:
            self._session.show_row(self.table.row)
        self.plot.select(self.table.row)
