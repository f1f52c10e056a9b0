"""The one way of every image: opened, quantized, measured, and written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.existing import existing_result
from napari_colorquant.cli.messages import complaint_of
from napari_colorquant.cli.options import said_in
from napari_colorquant.cli.outputs import begun, write_ome_zarr
from napari_colorquant.cli.tables import regions_of
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.batch.inputs import notes_of, opened, with_shared_white
from napari_colorquant.files.batch.outputs import is_ome_zarr, write_files
from napari_colorquant.files.batch.tables import measured

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from napari_colorquant.core.compute.progress import Monitor, Progress
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.quantization.report import Report
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )
    from napari_colorquant.files.batch.inputs import Opened
    from napari_colorquant.files.batch.outputs import Job
    from napari_colorquant.files.images.info import PictureInfo

Asked = Parameters | Palette
"""How to learn a palette, or the palette to apply."""


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What came of an image.

    report: None of a result that was there already; rows: of the table, if any.
    """

    files: tuple[Path, ...]
    report: Report | None = None
    quality: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rows: pd.DataFrame | None = None

    def line(self) -> str:
        """Return it in words."""
        names = ", ".join(path.name for path in self.files)
        if self.report is None:
            return f"skipped, as it is there already: {names}"
        words = []
        if "ssim" in self.quality:
            words.append(f"SSIM {self.quality['ssim']:.3f}")
        if "delta_e" in self.quality:
            words.append(f"mean ΔE2000 {self.quality['delta_e']:.2f}")
        return " · ".join([self.report.summary(), *words, names])


def attempted(
    job: Job,
    arguments: argparse.Namespace,
    asked: Asked,
    high: float,
    progress: Callable[[Progress], object] | None = None,
) -> Done | str:
    """Do a job; return what came of it, or in one sentence what went wrong.

    high: the largest value of all pictures, see highest_of_all.
    """
    do = _skipped if job.is_done else _done
    try:
        return do(job, arguments, asked, high, progress)
    except Exception as error:  # noqa: BLE001, the other images can be done
        return complaint_of(job.source, error)


def palette_of(asked: Asked) -> Palette | None:
    """Return the palette whose white holds, if there is one."""
    return asked if isinstance(asked, Palette) else asked.fixed


def _skipped(
    job: Job,
    arguments: argparse.Namespace,
    asked: Asked,
    high: float,
    progress: Callable[[Progress], object] | None,
) -> Done:
    """Measure a result that is there already, where there is a table; do no more."""
    from napari_colorquant.core.compute.progress import Monitor

    files = tuple(path for path in job.targets() if path.exists())
    if arguments.summary is None:
        return Done(files)
    with Monitor(progress) as monitor, opened(job.source, said_in(arguments)) as image:
        regions = regions_of(job.source, arguments.regions, image.seen.shape)
        result = existing_result(job, image.seen)
        given = (image.info, result, regions, monitor)
        return Done(files, rows=_rows(job, arguments, *given))


def _done(
    job: Job,
    arguments: argparse.Namespace,
    asked: Asked,
    high: float,
    progress: Callable[[Progress], object] | None,
) -> Done:
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.quantization.result import SliceQuantization

    is_zarr, start, quality = is_ome_zarr(job.output), perf_counter(), {}
    rows, summary = None, arguments.summary
    with (
        Monitor(progress) as monitor,
        opened(job.source, said_in(arguments), in_parts=is_zarr) as image,
    ):
        notes = notes_of(image.info, arguments.series, ": choose by --series")
        question = _question(image, arguments, asked)
        result: Quantization | SliceQuantization | None
        result = begun(job.output, question, image.seen)
        regions = regions_of(job.source, arguments.regions, image.seen.shape)
        if result is None:
            seen, about_white = with_shared_white(image.seen, palette_of(asked), high)
            notes += about_white
            end = 0.5 if is_zarr else 1.0
            learning = monitor.part(0.0, end if summary is None else 0.8 * end)
            result = _quantized(seen, asked, arguments.slice_axis, learning)
        report = result.report
        notes += report.notes
        if summary is not None:
            measuring = monitor.part(0.4 if is_zarr else 0.8, 0.5 if is_zarr else 1.0)
            rows = _rows(job, arguments, image.info, result, regions, measuring)
        learned = result.whole if isinstance(result, SliceQuantization) else result
        if is_zarr:
            saving = monitor.part(0.5, 1.0)
            notes += write_ome_zarr(image, learned, question, arguments, saving)
            written = [job.output]
            # Of an interrupted run, what is known is the time of this one.
            report = replace(report, seconds={"all": perf_counter() - start})
        else:
            if arguments.quality:
                quality = _quality(image, learned)
            written = write_files(job, learned, image.info, force=arguments.force)
    return Done(tuple(written), report, quality, notes, rows)


def _rows(
    job: Job,
    arguments: argparse.Namespace,
    info: PictureInfo,
    result: Quantization | SliceQuantization,
    regions: Any,
    monitor: Monitor,
) -> pd.DataFrame:
    """Return the rows of an image in the table."""
    return measured(
        str(job.source),
        result,
        info,
        monitor,
        by=arguments.by or "entry",
        regions=regions,
        slice_axis=arguments.slice_axis,
    )


def _question(
    image: Opened, arguments: argparse.Namespace, asked: Asked
) -> dict[str, Any] | None:
    """Return all that the palette of a slide depends on; None if nobody can tell."""
    slide = image.slide
    if slide is None or slide.identity is None:
        return None
    return {
        "image": slide.identity,
        "channel_axis": slide.info.channel_axis,
        "data_range": arguments.data_range,
        "asked": asked.as_dict(),
    }


def _quantized(
    seen: Image, asked: Asked, slice_axis: int | None, monitor: Monitor
) -> Quantization | SliceQuantization:
    """Learn a palette, or one for each slice, or apply the one that is asked for."""
    from napari_colorquant.core.quantization.levels import (
        apply_to_levels,
        quantize_levels,
    )

    if isinstance(asked, Palette):
        (result,) = apply_to_levels([seen], asked, monitor)
    elif slice_axis is not None:
        from napari_colorquant.core.quantization.slices import quantize_stack

        (stack,) = quantize_stack([seen], asked, slice_axis, monitor)
        return stack
    else:
        (result,) = quantize_levels([seen], asked, monitor)
    return result


def _quality(image: Opened, result: Quantization) -> dict[str, float]:
    """Measure what applies to a picture."""
    from napari_colorquant.core.image.pixels import Pixels, see_pixels
    from napari_colorquant.core.palette.white import known_white
    from napari_colorquant.core.quality.quality import measure_quality

    assert isinstance(image.seen, Pixels)  # or the options were refused
    array, axis = image.seen.image, image.info.channel_axis
    quality = measure_quality(
        array,
        result.image,
        channel_axis=axis,
        ssim=None,
        delta_e=None if axis == -1 else False,  # channels of data are no colors
        data_range=known_white(see_pixels(array, axis), result.palette).white,
    )
    found = {"ssim": quality.ssim, "delta_e": quality.delta_e}
    return {name: float(value) for name, value in found.items() if value is not None}
