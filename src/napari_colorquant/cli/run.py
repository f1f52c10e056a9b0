"""The one way of every image: opened, quantized, measured, and written."""

from __future__ import annotations

import sys
from dataclasses import replace
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
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from napari_colorquant.cli.inputs import Opened
    from napari_colorquant.cli.outputs import Job
    from napari_colorquant.core.compute.progress import Monitor, Progress
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.quantization.result import Quantization

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
    high = -inf
    if len(jobs) > 1:
        palette = _palette_of(asked)
        high = highest_of_all([job.source for job in jobs], arguments, palette)
    for number, job in enumerate(jobs, 1):
        title = f"{number}/{len(jobs)} {job.name}"
        try:
            with EndsWith(_last_line(job)), progress_bar(title) as progress:
                line, notes = _done(job, arguments, asked, high, progress)
        except Exception as error:  # noqa: BLE001, the other images can be done
            say(complaint_of(job.source, error), sys.stderr)
            failed = True
            continue
        for note in notes:
            say(f"{job.source}: {note}", sys.stderr)
        say(f"{job.source}: {line}", sys.stdout)
    return int(failed)


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
) -> tuple[str, tuple[str, ...]]:
    """Do a job; return what came of it, and notes.

    high: the largest value of all pictures, see highest_of_all.
    """
    from napari_colorquant.core.compute.progress import Monitor

    is_zarr, start, measured = is_ome_zarr(job.output), perf_counter(), []
    with (
        Monitor(progress) as monitor,
        opened(job.source, arguments, in_parts=is_zarr) as image,
    ):
        notes = notes_of(image.info, arguments.series)
        question = _question(image, arguments, asked)
        learned = begun(job.output, question, image.seen)
        if learned is None:
            seen, about_white = with_shared_white(image.seen, _palette_of(asked), high)
            notes += about_white
            learning = monitor.part(0.0, 0.5 if is_zarr else 1.0)
            learned = _quantized(seen, asked, learning)
        report = learned.report
        notes += report.notes
        if is_zarr:
            saving = monitor.part(0.5, 1.0)
            notes += write_ome_zarr(image, learned, question, arguments, saving)
            written = [job.output]
            # Of an interrupted run, what is known is the time of this one.
            report = replace(report, seconds={"all": perf_counter() - start})
        else:
            if arguments.quality:
                measured = _measured(image, learned)
            written = write_files(job, learned, image.info, force=arguments.force)
    names = ", ".join(path.name for path in written)
    return " · ".join([report.summary(), *measured, names]), notes


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


def _quantized(seen: Image, asked: Asked, monitor: Monitor) -> Quantization:
    """Learn a palette or apply the one that is asked for."""
    from napari_colorquant.core.quantization.levels import (
        apply_to_levels,
        quantize_levels,
    )

    if isinstance(asked, Palette):
        (result,) = apply_to_levels([seen], asked, monitor)
    else:
        (result,) = quantize_levels([seen], asked, monitor)
    return result


def _measured(image: Opened, result: Quantization) -> list[str]:
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
