"""The one way of every image: opened, quantized, measured, and written."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.messages import SHELL, complaint_of
from napari_colorquant.cli.options import said_in
from napari_colorquant.cli.outputs import begun, existing_result, write_ome_zarr
from napari_colorquant.cli.presets import learning_for, limit_for
from napari_colorquant.cli.tables import regions_of
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.edits import edit_as_dict
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.quantization.result import SliceQuantization
from napari_colorquant.files.batch.inputs import notes_of, opened, with_shared_white
from napari_colorquant.files.batch.outputs import is_ome_zarr, write_files
from napari_colorquant.files.batch.tables import measured

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_colorquant.core.color.stains import Rows
    from napari_colorquant.core.compute.progress import Monitor, Progress
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.quantization.report import Report
    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.batch.inputs import Opened
    from napari_colorquant.files.batch.outputs import Job

    Result = Quantization | SliceQuantization

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
    name: str | None = None,
) -> Done | str:
    """Do a job; return what came of it, or in one sentence what went wrong.

    high: the largest value of all pictures, see highest_of_all. name: what the table
    calls the image, by default its source.
    """
    from napari_colorquant.core.compute.progress import Monitor

    in_parts = is_ome_zarr(job.output)
    try:
        there = tuple(path for path in job.targets() if job.is_done and path.exists())
        if job.is_done and arguments.summary is None:
            return Done(there)
        with (
            Monitor(progress) as monitor,
            opened(job.source, said_in(arguments), in_parts=in_parts) as image,
        ):
            regions = regions_of(job.source, arguments.regions, image.seen.shape)

            def measure(result: Result, monitor: Monitor) -> pd.DataFrame:
                return measured(
                    name or str(job.source),
                    result,
                    image.info,
                    monitor,
                    by=arguments.by or "entry",
                    regions=regions,
                    slice_axis=arguments.slice_axis,
                )

            if job.is_done:
                result = existing_result(job, image.seen)
                return Done(there, rows=measure(result, monitor))
            return _done(job, image, arguments, asked, high, measure, monitor)
    except Exception as error:  # noqa: BLE001, the other images can be done
        return complaint_of(job.source, error)


def palette_of(asked: Asked) -> Palette | None:
    """Return the palette whose white holds, if there is one."""
    return asked if isinstance(asked, Palette) else asked.fixed


def _done(
    job: Job,
    image: Opened,
    arguments: argparse.Namespace,
    asked: Asked,
    high: float,
    measure: Callable[[Result, Monitor], pd.DataFrame],
    monitor: Monitor,
) -> Done:
    """Quantize an image, measure it where there is a table, and write the results."""
    is_zarr, start, quality = is_ome_zarr(job.output), perf_counter(), {}
    is_measured, rows = arguments.summary is not None, None
    notes = notes_of(image.info, arguments.series, ": choose by --series")
    if arguments.rgb is None:
        check_colors(image.seen, asked)
    if arguments.stains_from is not None:
        painting, monitor = monitor.part(0.0, 0.1), monitor.part(0.1, 1.0)
        seen, _ = with_shared_white(image.seen, palette_of(asked), high)
        stains = _painted_stains_on(job.source, arguments.stains_from, seen, painting)
        arguments = Namespace(**vars(arguments) | {"stains": stains})
        if isinstance(asked, Parameters):
            asked = replace(asked, stains=stains)
    limit, about_preset = limit_for(image.seen, arguments)
    notes += about_preset
    if isinstance(asked, Parameters):
        asked, about_preset = learning_for(image.seen, asked, arguments)
        asked = replace(asked, max_distance=limit)
        notes += about_preset
    question = _question(image, arguments, asked, limit)
    known = begun(job.output, question, image.seen)
    results: Sequence[Result] = ()
    if known is not None:
        from napari_colorquant.core.quantization.clean import clean_results

        results = clean_results([known], arguments.clean, monitor)
    else:
        seen, about_white = with_shared_white(image.seen, palette_of(asked), high)
        image = replace(image, seen=seen)
        notes += about_white
        end = 0.5 if is_zarr else 1.0
        learning = monitor.part(0.0, 0.8 * end if is_measured else end)
        results = _quantized(image, asked, limit, arguments, learning)
    result, report = results[0], results[0].report
    notes += report.notes
    if is_measured:
        measuring = monitor.part(0.4 if is_zarr else 0.8, 0.5 if is_zarr else 1.0)
        rows = measure(result, measuring)
    if is_zarr:
        saving = monitor.part(0.5, 1.0)
        notes += write_ome_zarr(image, results, question, arguments, saving)
        written = [job.output]
        # Of an interrupted run, what is known is the time of this one.
        report = replace(report, seconds={"all": perf_counter() - start})
    else:
        whole = result.whole if isinstance(result, SliceQuantization) else result
        if arguments.quality:
            quality = _quality(image, whole)
        drawn = _dithered(image, result) if arguments.dither else None
        written = write_files(
            job, whole, image.info, drawn=drawn, force=arguments.force
        )
    return Done(tuple(written), report, quality, notes, rows)


def _painted_stains_on(
    source: Path | str, folder: Path, seen: Image, monitor: Monitor
) -> Rows:
    """Return the vectors of stains in the regions of a picture, in their order.

    Raise ValueError as find_regions, read_labels and painted_stains.
    """
    from napari_colorquant.core.color.stains import as_rows
    from napari_colorquant.core.quantization.stained import painted_stains
    from napari_colorquant.files.regions.read import find_regions, read_labels

    labels = read_labels(find_regions(folder, source), seen.shape)
    return as_rows(painted_stains(seen, labels, monitor))


def check_colors(image: Image, asked: Asked) -> None:
    """Raise ValueError for channels of data that may be colors, where these are asked.

    Only a user knows what they are, where the file does not say it.
    """
    outline = image.outline
    is_asked = asked.color_space != DEFAULTS.color_space
    if is_asked and not outline.is_light and outline.n_channels in (3, 4):
        raise ValueError(
            f"its {outline.n_channels} channels are taken as channels of data, and "
            f"{SHELL.setting('color_space', asked.color_space)} compares red, green "
            "and blue: add --rgb if they are these."
        )


def _question(
    image: Opened, arguments: argparse.Namespace, asked: Asked, limit: float | None
) -> dict[str, Any] | None:
    """Return all that the palette of a slide depends on; None if nobody can tell.

    Nor where slices have palettes of their own, which a later run learns anew.
    """
    slide = image.slide
    has_many = arguments.slice_axis is not None and isinstance(asked, Parameters)
    if slide is None or slide.identity is None or has_many:
        return None
    return {
        "image": slide.identity,
        "channel_axis": slide.info.channel_axis,
        "data_range": arguments.data_range,
        "max_distance": limit,
        "stains": arguments.stains,
        "stain_scale": arguments.stain_scale,
        "clean": edit_as_dict(arguments.clean),
        "asked": asked.as_dict(),
    }


def _quantized(
    image: Opened,
    asked: Asked,
    limit: float | None,
    arguments: argparse.Namespace,
    monitor: Monitor,
) -> Sequence[Result]:
    """Learn a palette, or one for each slice, or apply the one that is there; clean.

    One result for the largest level; where slices have their own palettes, for all.
    """
    from napari_colorquant.core.quantization.levels import (
        apply_to_levels,
        given_for,
        quantize_levels,
    )

    if isinstance(asked, Parameters) and arguments.slice_axis is not None:
        from napari_colorquant.core.quantization.slices import quantize_stack

        return quantize_stack(image.levels(), asked, arguments.slice_axis, monitor)
    if not arguments.clean.is_off:
        monitor, cleaning = monitor.part(0.0, 0.6), monitor.part(0.6, 1.0)
    if isinstance(asked, Palette):
        given = given_for(asked, arguments.stains, arguments.stain_scale)
        how = (monitor, limit, given)
        (result,) = apply_to_levels([image.seen], asked, *how)
    else:
        (result,) = quantize_levels([image.seen], asked, monitor)
    if arguments.clean.is_off:
        return (result,)
    from napari_colorquant.core.quantization.edit import edit_seen

    return (edit_seen(result, image.seen, [arguments.clean], cleaning),)


def _dithered(image: Opened, result: Result) -> NDArray[Any]:
    """Return the picture, dithered; raise ValueError if it cannot be."""
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.files.images.dither import dithered

    assert isinstance(image.seen, Pixels)  # or the options were refused
    return dithered(image.seen.image, result)


def _quality(image: Opened, result: Quantization) -> dict[str, float]:
    """Measure what applies to the quantized pixels of a picture."""
    from napari_colorquant.core.image.pixels import Pixels, see_pixels
    from napari_colorquant.core.palette.white import known_white
    from napari_colorquant.core.quality.quality import measure_quality

    assert isinstance(image.seen, Pixels)  # or the options were refused
    if not result.report.n_pixels:
        return {}
    array, axis = image.seen.image, image.info.channel_axis
    quality = measure_quality(
        array,
        result.image,
        channel_axis=axis,
        mask=result.labels > 0,
        ssim=None,
        delta_e=None if axis == -1 else False,  # channels of data are no colors
        data_range=known_white(see_pixels(array, axis), result.palette).white,
    )
    found = {"ssim": quality.ssim, "delta_e": quality.delta_e}
    return {name: float(value) for name, value in found.items() if value is not None}
