"""The one way of every image: opened, quantized, measured, and written."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.inputs import (
    highest_of_all,
    notes_of,
    opened,
    with_shared_white,
)
from napari_colorquant.cli.interrupt import USUAL, EndsWith
from napari_colorquant.cli.messages import complaint_of, progress_bar, say
from napari_colorquant.cli.options import parameters_of
from napari_colorquant.cli.outputs import (
    begun,
    is_ome_zarr,
    make_place,
    plan,
    write_files,
    write_ome_zarr,
)
from napari_colorquant.cli.tables import measured, regions_of, write_summary
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from napari_colorquant.cli.inputs import Opened
    from napari_colorquant.cli.outputs import Job
    from napari_colorquant.core.compute.progress import Monitor, Progress
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )

Asked = Parameters | Palette
"""How to learn a palette, or the palette to apply."""


def asked_of(arguments: argparse.Namespace) -> Asked:
    """Return the parameters, or the palette without counts, that are asked for.

    A ValueError is in words of the engine.
    """
    if arguments.palette is not None:
        return Palette.load(arguments.palette).uncounted()
    return parameters_of(arguments)


def run(arguments: argparse.Namespace, asked: Asked) -> int:
    """Quantize every image and say what came of it; return 1 if one failed."""
    jobs, complaints = plan(arguments)
    for complaint in complaints:
        say(complaint, sys.stderr)
    failed = bool(complaints)
    if jobs:
        output = arguments.output
        try:
            make_place(output)
        except Exception as error:  # noqa: BLE001, whatever it is: it is said
            about = jobs[0].source if is_ome_zarr(output) else output
            say(complaint_of(about, error), sys.stderr)
            return 1
    rows: dict[Path | str, str] = {}
    if arguments.shared:
        jobs, asked, complaints = _shared(jobs, arguments, asked)
        for complaint in complaints:
            say(complaint, sys.stderr)
        failed |= bool(complaints)
    high = -inf
    if len(jobs) > 1:
        palette = _palette_of(asked)
        high = highest_of_all([job.source for job in jobs], arguments, palette)
    for number, job in enumerate(jobs, 1):
        title = f"{number}/{len(jobs)} {job.name}"
        try:
            bar = progress_bar(title, is_quiet=arguments.quiet)
            with EndsWith(_last_line(job)), bar as progress:
                done = _done(job, arguments, asked, high, progress)
        except Exception as error:  # noqa: BLE001, the other images can be done
            say(complaint_of(job.source, error), sys.stderr)
            failed = True
            continue
        rows[job.source] = done.rows
        if not arguments.quiet:
            for note in done.notes:
                say(f"{job.source}: {note}", sys.stderr)
            say(f"{job.source}: {done.line}", sys.stdout)
    if arguments.summary is not None:
        try:
            write_summary(arguments.summary, arguments.images, rows)
        except OSError as error:
            say(complaint_of(arguments.summary, error), sys.stderr)
            failed = True
    return int(failed)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an image: in words, and as rows of the table, if it is asked for."""

    line: str
    notes: tuple[str, ...]
    rows: str


def _shared(
    jobs: list[Job], arguments: argparse.Namespace, asked: Asked
) -> tuple[list[Job], Asked, list[str]]:
    """Learn one palette for all; return the jobs that have it, it, and complaints."""
    from napari_colorquant.cli.shared import learn_shared, that_fit
    from napari_colorquant.core.compute.progress import Monitor

    assert isinstance(asked, Parameters)  # or the options were refused
    kept, complaints = that_fit(jobs, arguments)
    if not kept:
        return kept, asked, complaints
    title = f"palette of {len(kept)}"
    try:
        with (
            progress_bar(title, is_quiet=arguments.quiet) as progress,
            Monitor(progress) as monitor,
        ):
            palette, notes = learn_shared(kept, arguments, asked, monitor)
    except Exception as error:  # noqa: BLE001, whatever it is: it is said
        return [], asked, [*complaints, complaint_of("--shared", error)]
    if not arguments.quiet:
        for note in notes:
            say(f"--shared: {note}", sys.stderr)
    return kept, palette, complaints


def _palette_of(asked: Asked) -> Palette | None:
    return asked if isinstance(asked, Palette) else asked.fixed


def _last_line(job: Job) -> str:
    """Return what is said if a job is interrupted."""
    if not is_ome_zarr(job.output):
        return USUAL
    then = "begin anew" if is_address(job.source) else "go on with it"
    return f"{job.source}: interrupted: run the same command again to {then}."


def _done(
    job: Job,
    arguments: argparse.Namespace,
    asked: Asked,
    high: float,
    progress: Callable[[Progress], object],
) -> Done:
    """Do a job; return what came of it.

    high: the largest value of all pictures, see highest_of_all.
    """
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.quantization.result import SliceQuantization

    is_zarr, start, quality = is_ome_zarr(job.output), perf_counter(), []
    rows, summary = "", arguments.summary
    with (
        Monitor(progress) as monitor,
        opened(job.source, arguments, in_parts=is_zarr) as image,
    ):
        notes = notes_of(image.info, arguments.series)
        question = _question(image, arguments, asked)
        result: Quantization | SliceQuantization | None
        result = begun(job.output, question, image.seen)
        regions = regions_of(job.source, arguments.regions, image.seen.shape)
        if result is None:
            seen, about_white = with_shared_white(image.seen, _palette_of(asked), high)
            notes += about_white
            end = 0.5 if is_zarr else 1.0
            learning = monitor.part(0.0, end if summary is None else 0.8 * end)
            result = _quantized(seen, asked, arguments.slice_axis, learning)
        report = result.report
        notes += report.notes
        if summary is not None:
            measuring = monitor.part(0.4 if is_zarr else 0.8, 0.5 if is_zarr else 1.0)
            given = (image.info, arguments, regions, measuring)
            rows = measured(str(job.source), result, *given)
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
    names = ", ".join(path.name for path in written)
    return Done(" · ".join([report.summary(), *quality, names]), notes, rows)


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


def _quality(image: Opened, result: Quantization) -> list[str]:
    """Measure what applies to a picture, in words."""
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
    said = []
    if quality.ssim is not None:
        said.append(f"SSIM {quality.ssim:.3f}")
    if quality.delta_e is not None:
        said.append(f"mean ΔE2000 {quality.delta_e:.2f}")
    return said
