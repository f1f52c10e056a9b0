"""One palette applied to many images, each on its own: layers, or pictures in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from traceback import clear_frames
from typing import TYPE_CHECKING

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import Image
from napari_colorquant.core.palette.edits import Clean
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.white import highest, is_guessed
from napari_colorquant.files.batch.inputs import (
    NOTHING_SAID,
    highest_of_all,
    notes_of,
    opened,
    with_shared_white,
)
from napari_colorquant.files.batch.outputs import Job, write_files
from napari_colorquant.files.batch.tables import measured
from napari_colorquant.viewer.layers.result_layers import RunResult
from napari_colorquant.viewer.tasks.measure import Measured, sizes_of
from napari_colorquant.viewer.tasks.quantize import Applied, apply_to_work
from napari_colorquant.viewer.tasks.work import Work, locate

if TYPE_CHECKING:
    import pandas as pd

    from napari_colorquant.core.quantization.edit import IndexedImage

_APPLYING, _CLEANING = 0.6, 0.2
"""Shares of the time that applying a palette and cleaning take; the rest is measuring.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is done with every image.

    applied: what it is redrawn in. by: what rows of tables are. cleans: how its labels
    are cleaned then, one after another.
    """

    applied: Applied
    by: str
    cleans: tuple[Clean, ...] = ()

    @property
    def palette(self) -> Palette:
        """The palette that is applied."""
        return self.applied.palette


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What the layers of an image are made of.

    work: what it was. run: the palette applied. cleaned: labels after each of the
    `Asked.cleans`. measured: the areas.
    """

    work: Work
    run: RunResult
    cleaned: tuple[IndexedImage, ...]
    measured: Measured


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of an image.

    name: of the layer, or its path. table: its areas, None where an error says why it
    was not done. made: None of a file.
    """

    name: str
    error: Exception | None = None
    table: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    made: Made | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LayerPart:
    """An image layer, taken when the batch starts.

    high: the largest value of all layers whose white is guessed, see highest_of_all.
    """

    work: Work
    scale: tuple[float, ...]
    units: tuple[str | None, ...]
    high: float = -inf

    @property
    def name(self) -> str:
        """What the user knows it by."""
        return self.work.name

    def done(self, asked: Asked, monitor: Monitor) -> Outcome:
        """Apply a palette, clean, and measure the areas; raise as these do."""
        image, palette = self.work.image, asked.palette
        seen = [with_shared_white(one, palette, self.high) for one in image.pictures]
        image = replace(image, levels=tuple((level,) for level, _ in seen))
        work = locate(replace(self.work, image=image))
        applying, cleaning, measuring = _parts(monitor)
        run = apply_to_work(work, asked.applied, applying)
        cleaned, largest = _cleaned(run, asked.cleans, cleaning), run.levels[0]
        if cleaned:
            last = cleaned[-1]
            largest = replace(largest, labels=last.labels[0], palette=last.palette)
        sizes = (self.scale, self.units)
        areas = Measured(largest, self.name, *sizes, None, asked.by, estimate=False)
        table = areas.table(measuring)
        notes = (*seen[0][1], *run.report.notes, *work.notes)
        return Outcome(self.name, None, table, notes, Made(work, run, cleaned, areas))


@dataclass(frozen=True, slots=True, eq=False)
class _FilePart:
    """A picture in a file, and where its results go.

    is_rgb: whether the palette is, None where nobody knows. high: see highest_of_all.
    """

    job: Job
    is_rgb: bool | None
    high: float

    @property
    def name(self) -> str:
        return str(self.job.source)

    def done(self, asked: Asked, monitor: Monitor) -> Outcome:
        from napari_colorquant.core.quantization.edit import edit_seen
        from napari_colorquant.core.quantization.levels import apply_to_levels

        applying, cleaning, measuring = _parts(monitor)
        palette, limit = asked.palette, asked.applied.max_distance
        given = asked.applied.given
        with opened(self.job.source) as image:
            seen, notes = with_shared_white(image.seen, palette, self.high)
            is_rgb, n_channels = seen.outline.is_light, seen.outline.n_channels
            is_alike = palette.n_channels == n_channels == 3  # or it is told below
            if is_alike and self.is_rgb not in (None, is_rgb):
                raise ValueError(
                    "the picture is RGB, and the palette is of other channels: apply "
                    "it to pictures of these channels."
                    if is_rgb
                    else "the palette is RGB, and the picture is not: apply it to "
                    "pictures in RGB."
                )
            (result,) = apply_to_levels([seen], palette, applying, limit, given)
            if asked.cleans:
                result = edit_seen(result, seen, asked.cleans, cleaning)
            table = measured(self.name, result, image.info, measuring, by=asked.by)
            write_files(self.job, result, image.info)
        notes = (*notes_of(image.info), *notes, *result.report.notes)
        return Outcome(self.name, None, table, notes)


def _parts(monitor: Monitor) -> tuple[Monitor, Monitor, Monitor]:
    """Return the parts of the time for applying, cleaning and measuring."""
    done = _APPLYING + _CLEANING
    return (
        monitor.part(0.0, _APPLYING),
        monitor.part(_APPLYING, done),
        monitor.part(done, 1.0),
    )


def _cleaned(
    run: RunResult, cleans: Sequence[Clean], monitor: Monitor
) -> tuple[IndexedImage, ...]:
    """Return the labels of all levels of a run, and their palette, after each clean."""
    from napari_colorquant.core.quantization.edit import IndexedImage, edit_labelling

    now, found = IndexedImage.of(*run.levels), list[IndexedImage]()
    for n, clean in enumerate(cleans):
        part = monitor.part(n / len(cleans), (n + 1) / len(cleans))
        now = edit_labelling(now, clean, (), part)
        found.append(now)
    return tuple(found)


def take_part(work: Work) -> LayerPart:
    """Return a layer that was taken, as part of a batch; ValueError for its units."""
    return LayerPart(work, *sizes_of(work.image))


def apply_to_layers(
    parts: Sequence[LayerPart], asked: Asked, monitor: Monitor
) -> list[Outcome]:
    """Apply a palette to each layer that was taken; one white holds for all."""
    high, seen = -inf, monitor.part(0.0, 0.1)
    for n, part in enumerate(parts):
        own = seen.part(n / len(parts), (n + 1) / len(parts))
        high = max(high, _highest(part.work.image.largest, asked.palette, own))
    whole = [replace(part, high=high) for part in parts]
    return apply_to_each(whole, asked, monitor.part(0.1, 1.0))


def _highest(image: Image, palette: Palette, monitor: Monitor) -> float:
    """Return the largest value of an image whose white is guessed, else -inf.

    Of a lazy one it is that of the blocks that are read first.
    """
    from napari_colorquant.core.image.sampling import read_subset

    if not is_guessed(image, palette):
        return -inf
    try:
        pixels = read_subset(image, 0, monitor).pixels
    except Exception:  # noqa: BLE001, which is told when the palette is applied
        return -inf
    return highest(pixels)


def apply_to_each(
    parts: Sequence[LayerPart | _FilePart], asked: Asked, monitor: Monitor
) -> list[Outcome]:
    """Apply a palette to each part, whatever becomes of the others."""
    outcomes = []
    for n, part in enumerate(parts):
        own = monitor.part(n / len(parts), (n + 1) / len(parts))
        own("assign", 0.0)  # and here a batch can be stopped, whatever is read
        try:
            outcomes.append(part.done(asked, own))
        except Exception as error:  # noqa: BLE001, the others can be done
            _let_go(error)
            outcomes.append(Outcome(part.name, error))
    monitor("assign", 1.0)
    return outcomes


def apply_to_files(
    jobs: Sequence[Job], asked: Asked, is_rgb: bool | None, monitor: Monitor
) -> list[Outcome]:
    """Apply a palette to each picture in a file and write the results, as the shell."""
    sources = [job.source for job in jobs]
    seen = monitor.part(0.0, 0.1).over("read", sources, len(sources))
    high = highest_of_all(seen, NOTHING_SAID, asked.palette)
    parts = [_FilePart(job, is_rgb, high) for job in jobs]
    return apply_to_each(parts, asked, monitor.part(0.1, 1.0))


def _let_go(error: BaseException | None) -> None:
    """Let go of the arrays of the calls that an error passed through."""
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
