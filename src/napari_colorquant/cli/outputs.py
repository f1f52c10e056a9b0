"""The results of a command: what they must not harm, and those of earlier commands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.files.batch.outputs import (
    Advice,
    Job,
    inputs_of,
    is_ome_zarr,
    make_folder,
    obstacle,
)
from napari_colorquant.files.batch.sources import is_folder_of_images, is_pattern

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.blocks import Blocks
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )
    from napari_colorquant.files.batch.inputs import Opened

_ADVICE = Advice("add --force to overwrite it", "run it with another --output")


def jobs_of(arguments: argparse.Namespace) -> list[Job]:
    """Return one job an image, whatever it may harm."""
    palette: Path | None = arguments.palette
    n_colors = str(arguments.n_colors) if palette is None else palette.stem
    return [
        Job(source, arguments.output, n_colors, is_annotated=arguments.annotations)
        for source in arguments.images
    ]


def plan(
    arguments: argparse.Namespace,
) -> tuple[list[Job], list[tuple[Path | str, str]]]:
    """Return the jobs that harm no file, and complaints of the others; run none."""
    inputs = inputs_of((*arguments.images, arguments.fixed, arguments.palette))
    claimed: dict[str, Path | str] = {}
    jobs: list[Job] = []
    complaints: list[tuple[Path | str, str]] = []
    for job in jobs_of(arguments):
        if arguments.skip_existing and job.is_there():
            job = replace(job, is_done=True)
        may_be_there = arguments.force or job.is_done
        complaint = _unreadable(job) or obstacle(
            job, inputs, claimed, _ADVICE, may_be_there=may_be_there
        )
        if complaint is None:
            jobs.append(job)
        else:
            complaints.append((job.source, f"{job.source}: {complaint}"))
    return jobs, complaints


def _unreadable(job: Job) -> str | None:
    """Return why an image cannot be read for such an output, or None."""
    source = job.source
    if isinstance(source, Path) and is_folder_of_images(source):
        return "the folder holds no file with the suffix of a picture."
    if isinstance(source, Path) and is_pattern(source):
        return "no picture fits this pattern."
    if is_ome_zarr(job.output) or (isinstance(source, Path) and not source.is_dir()):
        return None
    return (
        "is read part by part, and its result is one OME-Zarr: name it, such as "
        f"--output {job.n_colors}-colors.zarr."
    )


def make_place(output: Path) -> None:
    """Make the folder of the results; raise if there can be none, or it is not free."""
    if not is_ome_zarr(output):
        make_folder(output)
        return
    from napari_colorquant.files.ome_zarr.resume import Unfinished
    from napari_colorquant.files.ome_zarr.write import need_packages

    need_packages()
    make_folder(output.parent)
    Unfinished(output).check_free()


def existing_result(job: Job, seen: Image) -> Quantization:
    """Return the labels and the palette of a job's files; it has no report.

    Raise ValueError if they are not of the image that is seen.
    """
    import numpy as np

    from napari_colorquant.core.palette.palette import Palette, label_dtype
    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.regions.images import read_values

    palette = Palette.load(job.target("colors", ".csv"))
    path = next(
        path
        for path in (job.target("indices", end) for end in (".png", ".tif"))
        if path.exists()
    )
    indices, n = read_values(path), len(palette)
    if (
        indices.size != np.prod(seen.shape)
        or palette.n_channels != seen.outline.n_channels
    ):
        raise ValueError(
            f"{path} is not of this image: run the command with --force instead of "
            "--skip-existing."
        )
    # One past the last entry is what was not quantized.
    labels = np.where(indices < n, indices.astype(np.int64) + 1, 0)
    labels = labels.astype(label_dtype(n)).reshape(seen.shape)
    no_report: Any = None
    return Quantization(palette, labels, seen.image, no_report)


# ---------------------------------------------------------------- OME-Zarr


def begun(
    output: Path, question: Mapping[str, Any] | None, seen: Pixels | Blocks
) -> Quantization | None:
    """Return what an interrupted run of the same question has learned, if there is one.

    question: plain data of all that the palette depends on; None where it is not known.
    """
    if question is None:
        return None
    from napari_colorquant.core.image.blocks import Blocks
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.levels import label_levels
    from napari_colorquant.core.quantization.report import Report
    from napari_colorquant.files.ome_zarr.resume import Unfinished

    record = Unfinished(output).asked(question)
    if record is None:
        return None
    assert isinstance(seen, Blocks)  # there is a question of slides alone
    palette = Palette.from_dict(record["palette"])
    (result,) = label_levels([seen], palette, Report.from_dict(record["report"]))
    return result


def write_ome_zarr(
    image: Opened,
    results: Sequence[Quantization | SliceQuantization],
    question: Mapping[str, Any] | None,
    arguments: argparse.Namespace,
    monitor: Monitor,
) -> tuple[str, ...]:
    """Write the result of an image with all its levels; return notes.

    results: of the largest level, or of all where slices have palettes of their own.
    """
    from napari_colorquant.core.palette.edits import edit_as_dict
    from napari_colorquant.core.quantization.clean import clean_results
    from napari_colorquant.core.quantization.levels import label_levels
    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of
    from napari_colorquant.files.ome_zarr.write import save_pyramid
    from napari_colorquant.files.record import record_of

    info, slide, output = image.info, image.slide, arguments.output
    learned, axis = results[0], info.channel_axis
    if slide is not None and isinstance(learned, Quantization):
        # Its own labels, too, are made anew, as after an interruption: they are known
        # by how they are made.
        levels: list[Any] = image.levels()
        results = label_levels(levels, learned.palette, learned.report)
        results = clean_results(results, arguments.clean, monitor)
    edits = [] if arguments.clean.is_off else [edit_as_dict(arguments.clean)]
    pyramid = pyramid_of(
        [Level(one.labels, one.image, axis) for one in results],
        learned.palette,
        record_of(learned) | {"edits": edits},
        output.stem,
        channels=() if slide is None else slide.channels,
        names=info.channels,
        axes=info.axes,
        scale=info.scale if slide is None else slide.scales,
        translate=None if slide is None else slide.translations,
        units=info.units,
    )
    return save_pyramid(
        output,
        pyramid,
        monitor,
        version=arguments.ome_zarr_version,
        overwrite=arguments.force,
        asked=question,
    )
