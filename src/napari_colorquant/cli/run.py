"""What the command does with all images: in order, or side by side."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from napari_colorquant.cli.checks import check_stains_from, refuse_stains_from
from napari_colorquant.cli.interrupt import USUAL, EndsWith
from napari_colorquant.cli.messages import complaint_of, progress_bar
from napari_colorquant.cli.one_image import Asked, attempted, palette_of
from napari_colorquant.cli.options import parameters_of, said_in
from napari_colorquant.cli.outputs import make_place, plan
from napari_colorquant.cli.side_by_side import on_cluster, side_by_side
from napari_colorquant.cli.told import Told
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.batch.inputs import highest_of_all
from napari_colorquant.files.batch.outputs import is_ome_zarr
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from napari_colorquant.cli.one_image import Done
    from napari_colorquant.files.batch.outputs import Job


def asked_of(arguments: argparse.Namespace) -> Asked:
    """Return the parameters, or the palette without counts, that are asked for.

    A ValueError is in words of the engine.
    """
    check_stains_from(arguments)
    if arguments.palette is not None:
        from napari_colorquant.core.quantization.levels import given_for

        palette = Palette.load(arguments.palette).uncounted()
        if arguments.stains_from is None:
            given_for(palette, arguments.stains, arguments.stain_scale)  # or an error
        elif palette.color_space != "stains":
            refuse_stains_from(f"{arguments.palette} is a palette of colors")
        if arguments.by is not None:
            from napari_colorquant.core.measure.rows import rows_of

            rows_of(palette, arguments.by)  # or an error, once for all images
        return palette
    parameters = parameters_of(arguments)
    has_classes = parameters.fixed is not None and parameters.fixed.classes
    if arguments.by == "class" and not has_classes:
        raise ValueError(
            "--by class is for palettes whose entries have classes, and a palette that "
            "is learned has none: name one that has by --palette or --fixed."
        )
    return parameters


def run(arguments: argparse.Namespace, asked: Asked) -> int:
    """Quantize every image and say what came of it; return 1 if one failed."""
    told = Told(arguments)
    jobs, complaints = plan(arguments)
    told.failed(complaints)
    if not all(job.is_done for job in jobs):
        told.notes("--preset", arguments.told_of_preset)
    if jobs:
        output = arguments.output
        try:
            make_place(output)
        except Exception as error:  # noqa: BLE001, whatever it is: it is said
            about = jobs[0].source if is_ome_zarr(output) else output
            told.failed([(jobs[0].source, complaint_of(about, error))])
            jobs = []
    if arguments.shared and not all(job.is_done for job in jobs):
        jobs, asked = _shared(jobs, arguments, asked, told)
    high = -inf
    if len(jobs) > 1 and not arguments.shared:  # whose palette knows white
        palette = palette_of(asked)
        high = highest_of_all([job.source for job in jobs], said_in(arguments), palette)
    if len(jobs) > 1 and arguments.scheduler:
        work = on_cluster
    elif min(arguments.jobs, len(jobs)) > 1:
        work = side_by_side
    else:
        work = _one_by_one
    for job, outcome in work(jobs, arguments, asked, high):
        if isinstance(outcome, str):
            told.failed([(job.source, outcome)])
        else:
            told.done(job.source, outcome)
    told.end()
    return told.status


def _one_by_one(
    jobs: Sequence[Job], arguments: argparse.Namespace, asked: Asked, high: float
) -> Iterator[tuple[Job, Done | str]]:
    for number, job in enumerate(jobs, 1):
        title = f"{number}/{len(jobs)} {job.name}"
        bar = progress_bar(title, is_quiet=arguments.quiet)
        with EndsWith(_last_line(job)), bar as progress:
            outcome = attempted(job, arguments, asked, high, progress)
        yield job, outcome


def _shared(
    jobs: list[Job], arguments: argparse.Namespace, asked: Asked, told: Told
) -> tuple[list[Job], Asked]:
    """Learn one palette for all; return the jobs that have it, and the palette."""
    from napari_colorquant.cli.shared import learn_shared, that_fit
    from napari_colorquant.core.compute.progress import Monitor

    assert isinstance(asked, Parameters)  # or the options were refused
    kept, complaints = that_fit(jobs, arguments)
    told.failed(complaints)
    if not kept:
        return kept, asked
    title = f"palette of {len(kept)}"
    try:
        with (
            progress_bar(title, is_quiet=arguments.quiet) as progress,
            Monitor(progress) as monitor,
        ):
            palette, notes = learn_shared(kept, arguments, asked, monitor)
    except Exception as error:  # noqa: BLE001, whatever it is: it is said
        sentence = complaint_of("--shared", error)
        told.failed_all([job.source for job in kept], sentence)
        return [], asked
    told.notes("--shared", notes)
    return kept, palette


def _last_line(job: Job) -> str:
    """Return what is said if a job is interrupted."""
    if not is_ome_zarr(job.output):
        return USUAL
    then = "begin anew" if is_address(job.source) else "go on with it"
    return f"{job.source}: interrupted: run the same command again to {then}."
