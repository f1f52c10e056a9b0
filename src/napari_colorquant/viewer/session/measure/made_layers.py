"""Layers that are made for measuring: classes, objects, and the regions of a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Layer
from psygnal import Signal

from napari_colorquant.core.assign.labels import relabel
from napari_colorquant.core.measure.rows import mean_palette, rows_of
from napari_colorquant.core.palette.palette import first_of_class
from napari_colorquant.viewer.layers.layer_arrays import own_levels
from napari_colorquant.viewer.layers.layer_properties import levels_of, spatial_of
from napari_colorquant.viewer.layers.palette_display import label_colormap
from napari_colorquant.viewer.session.jobs import Job, JobQueue
from napari_colorquant.viewer.session.notify import complained, refused
from napari_colorquant.viewer.tasks.objects import objects_layer, take_objects
from napari_colorquant.viewer.tasks.region_file import (
    FileRegions,
    read_file_regions,
    regions_layer,
)

if TYPE_CHECKING:
    from os import PathLike

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.viewer.session.measure.areas import AreaTable
    from napari_colorquant.viewer.session.results.result import Result

NO_CLASS = (
    "No entry has a class: select entries in the Palette tab, and type one in the "
    "column Class."
)


class MadeLayers:
    """Makes layers of the result that is shown, for the table of areas and objects.

    shown: returns it; add: adds a layer to the viewer. Methods return why something was
    not begun, else an empty string. done tells what a job has done.
    """

    done = Signal(str)

    def __init__(
        self,
        jobs: JobQueue,
        areas: AreaTable,
        shown: Callable[[], Result | None],
        add: Callable[[Layer], object],
    ) -> None:
        self._jobs, self._areas, self._shown, self._add = jobs, areas, shown, add

    def objects(self) -> str:
        """Find and measure the objects of the result that is shown."""
        result, now = self._shown(), self._areas.now
        if why_not := self._areas.why_not_shown():
            return refused(why_not)
        assert result is not None  # as it can be measured
        labels = result.labels
        assert labels is not None
        try:
            source = next(iter(result.levels()), None)
            taken = take_objects(labels, source, now.min_pixels, now.by, result.name)
        except Exception as error:  # noqa: BLE001, told as what it is
            return complained(error)

        def show(found: tuple[Any, Any]) -> None:
            layer = objects_layer(labels, result.name, *found)
            self._add(layer)
            self._areas.show_objects(result, taken.measured, found[1], layer)
            self.done.emit(f"Added {layer.name}: {len(found[1]):,} objects.")

        doing = f"Finding the objects of {result.name}"
        return self._jobs.put(Job(doing, taken.found, show, (labels,)))

    def why_not_classes(self) -> str:
        """Return why there are no classes to show, else empty."""
        result = self._shown()
        has_class = result is not None and any(result.palette.classes or ())
        return self._areas.why_not_shown() or ("" if has_class else NO_CLASS)

    def classes(self, *, easily_told: bool = False) -> str:
        """Add a labels layer in which all entries of a class have one label.

        They have the class's mean colour, or colours that are easily told apart.
        """
        result = self._shown()
        if why_not := self.why_not_classes():
            return refused(why_not)
        assert result is not None  # as it has classes
        labels, palette = result.labels, result.palette
        assert labels is not None
        rows = rows_of(palette, "class")
        levels, means = own_levels(labels), mean_palette(palette, rows)
        features = result.features(means).assign(
            **{"index": rows.labels, "label": rows.labels},
            **{"name": list(rows.names), "class": list(rows.classes)},
        )
        colormap = label_colormap(result.shown(means)[rows.row_of])

        def make(monitor: Monitor) -> list[Any]:
            places, n = first_of_class(palette), len(palette)
            return [
                relabel(level, places, n)
                for level in monitor.over("assign", levels, len(levels))
            ]

        def show(made: list[Any]) -> None:
            layer = Labels(
                made if len(made) > 1 else made[0],
                multiscale=len(made) > 1,
                name=f"{result.name} classes",
                features=features,
                **({} if easily_told else {"colormap": colormap}),
                **spatial_of(labels, labels.ndim),
            )
            self._add(layer)
            self.done.emit(f"Added {layer.name}.")

        doing = f"Drawing the classes of {result.name}"
        return self._jobs.put(Job(doing, make, show, (labels,)))

    def regions(self, path: str | PathLike[str]) -> str:
        """Add the regions of a file on the result that is shown, and choose them."""
        result = self._shown()
        if why_not := self._areas.why_not_shown():
            return refused(why_not)
        assert result is not None  # as it can be measured
        labels = result.labels
        assert labels is not None

        def show(found: FileRegions) -> None:
            layer = regions_layer(found, labels)
            self._add(layer)
            self._areas.choose(regions=layer)
            self.done.emit(f"Opened the regions of {Path(path).name}.")

        shape = levels_of(labels)[0].shape
        read = partial(_read, Path(path), shape)
        return self._jobs.put(Job(f"Reading {path}", read, show, (labels,)))


def _read(path: Path, shape: tuple[int, ...], _monitor: Monitor) -> FileRegions:
    return read_file_regions(path, shape)
