"""What is measured of the results in a viewer, and the table of their areas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Layer, Shapes

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.formats.file_io import replacing
from napari_colorquant.viewer.session.sentences import NO_PALETTE
from napari_colorquant.viewer.session.target_choice import NO_LAYER, axis_title
from napari_colorquant.viewer.tasks.measure import Measured, take_measured

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd
    from napari.components import Dims

    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.viewer.session.result import Result

NO_TABLE = "Nothing is measured yet: press Measure first."
EDITED = "The palette was edited since: press Measure again."
_NO_RESULT = "There is no result to measure: quantize an image first."


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """What is measured, and what the rows are.

    regions: a layer, None for the whole image. slices: an axis of the labels whose
    slices have rows of their own, counted from the last, -1; None for all together.
    """

    of_all: bool = False
    by: str = "entry"
    regions: Layer | None = None
    slices: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Results that are measured, with what is measured of each, and what rows are."""

    parts: tuple[tuple[Result, Measured], ...]
    by: str
    slices: int | None

    @property
    def name(self) -> str:
        """What the user knows it by."""
        names = [result.name for result, _ in self.parts]
        return names[0] if len(names) == 1 else f"{len(names)} results"

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

    results: all there are; shown: the one that is shown; regions: the layers that may
    hold regions. table: one row an image, slice, region and entry, None where nothing
    is measured, or as `hint` says.
    """

    def __init__(
        self,
        results: Callable[[], Sequence[Result]],
        shown: Callable[[], Result | None],
        regions: Callable[[], Sequence[Labels | Shapes]],
    ) -> None:
        self._results, self._shown, self._regions = results, shown, regions
        self.now = AreaChoice()
        self.table: pd.DataFrame | None = None
        self.hint = NO_TABLE
        # By what a row calls the image: its result, and what its palette looked like.
        self._of: dict[str, tuple[Result, Any]] = {}
        self._by = "entry"
        self._slices: int | None = None

    def choices(self, name: str) -> list[tuple[str, Any]]:
        """Return what there is to choose from for a field of AreaChoice, with words."""
        if name == "of_all":
            return [("This result", False), ("All results", True)]
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
            self.table, self.hint, self._of = None, EDITED, {}

    def why_not(self) -> str:
        """Return why nothing can be measured now, else empty."""
        if self._chosen():
            return ""
        result = self._shown()
        if self.now.of_all:
            return _NO_RESULT
        if result is None:
            return NO_PALETTE
        return (
            f"{result.name!r} has no labels layer to measure: apply it to an image, or "
            "quantize the image again."
        )

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
        return Taken(tuple(taken), now.by, now.slices)

    def show(self, taken: Taken, table: pd.DataFrame) -> None:
        """Show what was measured."""
        self.table, self.hint = table, ""
        self._by, self._slices = taken.by, taken.slices
        self._of = {
            one.name: (result, _looks(one.q.palette)) for result, one in taken.parts
        }
        self.refresh()

    def entries_of(self, row: int) -> tuple[Result, list[int]] | None:
        """Return the result of a row, and its entries; None if the result is gone."""
        if self.table is None or not 0 <= row < len(self.table):
            return None
        values = self.table.iloc[row]
        result, _ = self._of.get(str(values["image"]), (None, None))
        if result is None or result not in self._results():
            return None
        palette, label = result.palette, int(values["label"])
        if not 0 < label <= len(palette):
            return result, []
        classes = palette.classes or ("",) * len(palette)
        own = classes[label - 1]
        if self._by == "entry" or not own:
            return result, [label - 1]
        return result, [entry for entry, name in enumerate(classes) if name == own]

    def go_to(self, row: int, dims: Dims) -> None:
        """Show the slice of a row, where the table has slices."""
        found = self.entries_of(row)
        labels = None if found is None else found[0].labels
        if self.table is None or self._slices is None or labels is None:
            return
        point = [0.0] * labels.ndim
        point[self._slices] = float(self.table["slice"].iloc[row])
        dims.set_point(self._slices, labels.data_to_world(point)[self._slices])

    def text(self, separator: str = "\t") -> str:
        """Return the table as lines of text, the titles first; empty for none."""
        if self.table is None:
            return ""
        text: str = self.table.to_csv(sep=separator, index=False, lineterminator="\n")
        return text

    def save(self, path: str | PathLike[str]) -> None:
        """Write the table as CSV, whole or not at all."""
        with replacing(path) as stream:
            stream.write(self.text(",").encode("utf-8"))

    def _chosen(self) -> list[Result]:
        """Return the results that are measured: those with labels."""
        shown = self._shown()
        found = self._results() if self.now.of_all else [shown]
        return [one for one in found if one is not None and one.labels is not None]


def _looks(palette: Palette) -> Any:
    """Return what a table shows of a palette."""
    return palette.names, palette.classes, palette.colors.tobytes()
