"""What is measured of the results in a viewer, and the table of their areas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Layer, Shapes

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.measure.rows import rows_of
from napari_colorquant.files.batch.tables import write_table
from napari_colorquant.viewer.layers.rasterize import on_grid
from napari_colorquant.viewer.layers.target import shown_slice
from napari_colorquant.viewer.session.choices.target_choice import NO_LAYER, axis_title
from napari_colorquant.viewer.session.measure.shown_region import ShownRegion, move_to
from napari_colorquant.viewer.session.sentences import NO_PALETTE
from napari_colorquant.viewer.tasks.measure import Measured, take_measured

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd
    from napari.components import Dims, ViewerModel
    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.viewer.session.results.result import Result

NO_TABLE = "Nothing is measured yet: press Measure first."
EDITED = "The palette was edited since: press Measure again."
_NO_RESULT = "There is no result to measure: quantize an image first."
_NONE_SELECTED = (
    "No layer of a result is selected: select labels or pictures of results in the "
    "layer list."
)


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """What is measured, and what the rows are.

    what: the result that is "shown", "all", or those whose layers are "selected".
    regions: a layer, None for the whole image. slices: an axis of the labels whose
    slices have rows of their own, counted from the last, -1; None for all together.
    min_pixels: of objects; smaller ones are left out.
    """

    what: str = "shown"
    by: str = "entry"
    regions: Labels | Shapes | None = None
    slices: int | None = None
    min_pixels: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Results that are measured, with what is measured of each, and what rows are."""

    parts: tuple[tuple[Result, Measured], ...]
    by: str
    slices: int | None
    regions: Labels | Shapes | None

    @property
    def name(self) -> str:
        """What the user knows it by."""
        names = [result.name for result, _ in self.parts]
        return names[0] if len(names) == 1 else f"{len(names)} results"

    @property
    def layers(self) -> tuple[Layer | None, ...]:
        """The layers without which it cannot go on."""
        return (*(result.labels for result, _ in self.parts), self.regions)

    def table(self, monitor: Monitor) -> pd.DataFrame:
        """Return one table of all; raise as measure_areas."""
        import pandas as pd

        share = 1 / len(self.parts)
        tables = [
            one.table(monitor.part(n * share, (n + 1) * share))
            for n, (_, one) in enumerate(self.parts)
        ]
        return pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]


class AreaTable:
    """What is chosen to be measured, and what was measured last.

    results: all there are; shown: the one that is shown; selected: those whose layers
    are; regions: the layers that may hold regions. table: of areas, one row an image,
    slice, region and entry; objects: one row an object. None where it was not measured
    last, or as `hint` says. row: of the one that is there, which is selected.
    """

    def __init__(
        self,
        results: Callable[[], Sequence[Result]],
        shown: Callable[[], Result | None],
        selected: Callable[[], Sequence[Result]],
        regions: Callable[[], Sequence[Labels | Shapes]],
    ) -> None:
        self._results, self._shown, self._regions = results, shown, regions
        self._selected = selected
        self.now = AreaChoice()
        self.table: pd.DataFrame | None = None
        self.objects: pd.DataFrame | None = None
        self.hint = NO_TABLE
        self.row: int | None = None
        # By what a row calls the image: its result, and what its palette looked like.
        self._of: dict[str, tuple[Result, Any]] = {}
        self._by = "entry"
        self._slices: int | None = None
        self._numbered: Labels | Shapes | None = None  # what numbers regions or objects
        self._shown_region = ShownRegion()

    @property
    def rows(self) -> pd.DataFrame | None:
        """What was measured last, areas or objects; None for nothing."""
        return self.objects if self.table is None else self.table

    def choices(self, name: str) -> list[tuple[str, Any]]:
        """Return what there is to choose from for a field of AreaChoice, with words."""
        if name == "what":
            return [
                ("This result", "shown"),
                ("All results", "all"),
                ("Selected layers", "selected"),
            ]
        if name == "by":
            return [("By entry", "entry"), ("By class", "class")]
        if name == "regions":
            own = [one.labels for one in self._chosen()]
            layers = [one for one in self._regions() if one not in own]
            named = [(layer.name, layer) for layer in layers]
            return [(f"Whole image{NO_LAYER}", None), *named]
        axes = {
            axis - labels.ndim: f"By {axis_title(labels, axis)}"
            for labels in (one.labels for one in self._chosen())
            if labels is not None and labels.ndim > 2
            for axis in range(labels.ndim)
        }
        return [("All slices", None), *((axes[axis], axis) for axis in sorted(axes))]

    def choose(self, **values: Any) -> None:
        """Choose other values for fields of AreaChoice."""
        self.now = replace(self.now, **values)
        self.refresh()

    def refresh(self) -> None:
        """Let go of what cannot be chosen any more, and of a table of another palette.

        Numbers of pixels do not count: the table has its own.
        """
        for name in ("regions", "slices"):
            offered = [value for _, value in self.choices(name)]
            if getattr(self.now, name) not in offered:
                gone: dict[str, Any] = {name: None}
                self.now = replace(self.now, **gone)
        if any(_looks(one.palette) != looks for one, looks in self._of.values()):
            self.leave_row()
            self.table, self.objects, self.hint, self._of = None, None, EDITED, {}

    def why_not(self) -> str:
        """Return why nothing can be measured now, else empty."""
        if self.now.what == "selected":
            selected = self._selected()
            lacking = [one for one in selected if one.labels is None]
            return (
                _lacks_labels(lacking[0])
                if lacking
                else ("" if selected else _NONE_SELECTED)
            )
        if self.now.what == "all":
            return "" if self._chosen() else _NO_RESULT
        return self.why_not_shown()

    def why_not_shown(self) -> str:
        """Return why the result that is shown cannot be measured, else empty."""
        result = self._shown()
        if result is None:
            return NO_PALETTE
        return _lacks_labels(result) if result.labels is None else ""

    def take(self) -> Taken:
        """Return what is measured now; raise as take_measured."""
        now, taken = self.now, []
        for result in self._chosen():
            labels = result.labels
            assert labels is not None  # as it is chosen
            axis = None if now.slices is None else labels.ndim + now.slices
            if axis is not None and (axis < 0 or labels.ndim < 3):
                raise ValueError(
                    f"{result.name!r} has {labels.ndim} axes, and none of the slices: "
                    "measure it alone, or all slices together."
                )
            regions: Any = now.regions
            one = take_measured(labels, regions, axis, now.by, result.name)
            taken.append((result, one))
        return Taken(tuple(taken), now.by, now.slices, now.regions)

    def show(self, taken: Taken, table: pd.DataFrame) -> None:
        """Show the areas that were measured."""
        self.leave_row()
        self.table, self.objects, self.hint = table, None, ""
        self._by, self._slices = taken.by, taken.slices
        self._numbered = taken.regions
        self._of = {
            one.name: (result, _looks(one.q.palette)) for result, one in taken.parts
        }
        self.refresh()

    def show_objects(
        self, result: Result, measured: Measured, table: pd.DataFrame, layer: Labels
    ) -> None:
        """Show the objects of a result; layer: their labels."""
        self.leave_row()
        self.table, self.objects, self.hint = None, table, ""
        self._by, self._slices, self._numbered = measured.by, None, layer
        self._of = {result.name: (result, _looks(measured.q.palette))}
        self.refresh()

    def entries_of(self, row: int) -> tuple[Result, list[int]] | None:
        """Return the result of a row, and its entries; None if the result is gone."""
        if self.rows is None or not 0 <= row < len(self.rows):
            return None
        values = self.rows.iloc[row]
        result = self._result_of(str(values.get("image", "")))
        if result is None:
            return None
        palette = result.palette
        label = int(values["label" if self.objects is None else "entry"])
        if not 0 < label <= len(palette):
            return result, []
        row_of = rows_of(palette, self._by).row_of
        return result, np.flatnonzero(row_of == row_of[label - 1]).tolist()

    def row_at(self, label: int, position: Sequence[float]) -> int | None:
        """Return the row of a label of the result that is shown; None for none.

        position: in the world. The row is of the slice and region that it lies in, or
        else the first of the label. Of objects, it is the one there.
        """
        table, result = self.rows, self._shown()
        if table is None or result is None or result.labels is None:
            return None
        names = [name for name, (one, _) in self._of.items() if one is result]
        if not names:
            return None
        pixel = np.floor(np.asarray(result.labels.world_to_data(position)) + 0.5)
        number = self._number_at(result.labels, pixel)
        if self.objects is not None:
            return _first(np.flatnonzero(table["label"] == number))
        if 0 < label <= len(result.palette):
            rows = rows_of(result.palette, self._by)
            label = int(rows.labels[rows.row_of[label - 1]])
        found = np.flatnonzero((table["image"] == names[0]) & (table["label"] == label))
        wanted = {"region": number}
        if self._slices is not None:
            wanted = {"slice": int(pixel[self._slices]), **wanted}
        for name, value in wanted.items():
            here = found[(table[name].iloc[found] == value).fillna(False)]
            found = here if len(here) else found
        return _first(found)

    def show_row(self, row: int, viewer: ViewerModel) -> None:
        """Show the slice of a row, outline its region, and move the view there."""
        found, layer = self.entries_of(row), self._numbered
        labels = None if found is None else found[0].labels
        if self.rows is None or labels is None:
            return
        self.go_to(row, viewer.dims)
        if layer is not None and layer in viewer.layers:
            name = "region" if self.objects is None else "label"
            number = int(self.rows[name].iloc[row])
            self._shown_region.show(layer, number, viewer)
            move_to(viewer, layer, number, labels)

    def go_to(self, row: int, dims: Dims) -> None:
        """Show the slice of a row, where the table has slices."""
        found = self.entries_of(row)
        labels = None if found is None else found[0].labels
        if self.table is None or self._slices is None or labels is None:
            return
        point = [0.0] * labels.ndim
        point[self._slices] = float(self.table["slice"].iloc[row])
        dims.set_point(self._slices, labels.data_to_world(point)[self._slices])

    def leave_row(self) -> None:
        """Select no row, and outline no region."""
        self.row = None
        self._shown_region.end()

    def leave_row_of_others(self, entries: Sequence[int]) -> bool:
        """Leave the row unless entries are of it; return whether it was left."""
        found = None if self.row is None else self.entries_of(self.row)
        if found is None:
            return False
        own = found[1]
        is_of_others = not set(entries).issubset(own) or bool(entries) != bool(own)
        if is_of_others:
            self.leave_row()
        return is_of_others

    def shown_slice(self, row: int, dims: Dims) -> int | None:
        """Return which slice of a row's result is shown; None for none or all."""
        found = self.entries_of(row)
        labels = None if found is None else found[0].labels
        if self._slices is None or labels is None:
            return None
        try:
            return shown_slice(labels, dims)[self._slices]
        except ValueError:  # the viewer shows none, or all at once
            return None

    def text(self) -> str:
        """Return the table as lines with tabs, the titles first; empty for none."""
        if self.rows is None:
            return ""
        text: str = self.rows.to_csv(sep="\t", index=False, lineterminator="\n")
        return text

    def save(self, path: str | PathLike[str]) -> None:
        """Write the table as CSV, whole or not at all."""
        if self.rows is not None:
            write_table(path, self.rows)

    def _chosen(self) -> list[Result]:
        """Return the results that are measured: those with labels."""
        found = {
            "shown": lambda: [self._shown()],
            "all": self._results,
            "selected": self._selected,
        }[self.now.what]()
        return [one for one in found if one is not None and one.labels is not None]

    def _result_of(self, image: str) -> Result | None:
        """Return the result that rows call by a name; of objects there is one."""
        if self.objects is not None:
            (image,) = self._of
        result, _ = self._of.get(image, (None, None))
        return result if result in self._results() else None

    def _number_at(self, labels: Labels, pixel: NDArray[np.float64]) -> int:
        """Return the number of the region or object at a pixel of labels, or 0."""
        if self._numbered is None:
            return 0
        grid = on_grid(self._numbered, labels)
        place = pixel.astype(int).clip(0, np.array(grid.shape) - 1).tolist()
        return int(grid[tuple(slice(i, i + 1) for i in place)].item())


def _lacks_labels(result: Result) -> str:
    return (
        f"{result.name!r} has no labels layer to measure: apply it to an image, or "
        "quantize the image again."
    )


def _first(rows: NDArray[np.intp]) -> int | None:
    return int(rows[0]) if len(rows) else None


def _looks(palette: Palette) -> Any:
    """Return what a table shows of a palette."""
    return palette.names, palette.classes, palette.colors.tobytes()
