"""One image of any size: quantized part by part, and saved as OME-Zarr."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.interrupt import EndsWith
from napari_colorquant.cli.jobs import (
    complaint_of,
    make_folder,
    notes_of,
    pixels_of,
    progress_bar,
    read_whole,
    white_said,
)
from napari_colorquant.cli.run import quantize_picture, quantize_slide
from napari_colorquant.cli.terminal import say
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_colorquant.cli.run import Asked
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.report import Report
    from napari_colorquant.files.images.info import PictureInfo
    from napari_colorquant.files.ome_zarr.pyramid import Pyramid
    from napari_colorquant.files.slides.slide import Slide

SUFFIX = ".zarr"
"""An output that ends so is no folder of results, but one result."""


def save_all(arguments: argparse.Namespace, asked: Asked) -> int:
    """Quantize an image, save it as OME-Zarr and say what came of it; return 0 or 1."""
    (source,), target = arguments.images, arguments.output
    if complaint := _obstacle(source, target, arguments.force):
        say(f"{source}: {complaint}", sys.stderr)
        return 1
    name = source.rpartition("/")[2] if is_address(source) else source.name
    then = "begin anew" if is_address(source) else "go on with it"
    line = f"{source}: interrupted: run the same command again to {then}."
    try:
        with EndsWith(line), progress_bar(f"1/1 {name}") as progress:
            from napari_colorquant.core.compute.progress import Monitor

            with Monitor(progress) as monitor:
                report = _save(source, arguments, asked, monitor)
    except Exception as error:  # noqa: BLE001, whatever it is: it is said
        say(complaint_of(source, error), sys.stderr)
        return 1
    for note in report.notes:
        say(f"{source}: {note}", sys.stderr)
    say(f"{source}: {report.summary()} · {target.name}", sys.stdout)
    return 0


def _obstacle(source: Path | str, target: Path, force: bool) -> str | None:
    """Return what forbids to write the target, or None; nothing has been read yet."""
    if not is_address(source):
        inside = [os.path.realpath(source)]
        while (parent := os.path.dirname(inside[-1])) != inside[-1]:
            inside.append(parent)
        if os.path.realpath(target) in inside:
            return (
                f"its result would overwrite the input {source}: run it with another "
                "--output."
            )
    if os.path.lexists(target) and not force:
        return f"{target} exists already: add --force to overwrite it."
    return None


def _save(
    source: Path | str, arguments: argparse.Namespace, asked: Asked, monitor: Monitor
) -> Report:
    """Quantize and save; return the report, with the time of both."""
    from napari_colorquant.files.ome_zarr.resume import Unfinished
    from napari_colorquant.files.ome_zarr.write import need_packages, save_pyramid
    from napari_colorquant.files.slides.open import is_slide, open_slide

    need_packages()
    make_folder(arguments.output.parent)
    Unfinished(arguments.output).check_free()
    start = perf_counter()
    learning, saving = monitor.part(0.0, 0.5), monitor.part(0.5, 1.0)
    request: dict[str, Any] | None = None
    with ExitStack() as stack:
        if is_slide(source):
            slide = stack.enter_context(
                open_slide(source, arguments.channel_axis, arguments.series)
            )
            slide, info = _with_sizes(slide, arguments)
            if slide.identity is not None:
                request = {
                    "image": slide.identity,
                    "channel_axis": slide.channel_axis,
                    "data_range": arguments.data_range,
                    "asked": asked.as_dict(),
                }
            given = (slide, info, arguments, asked, request)
            pyramid, report = _learned_slide(*given, learning)
        else:
            image, info = read_whole(source, arguments)
            pyramid, report = _learned_picture(image, info, arguments, asked, learning)
        notes = save_pyramid(
            arguments.output,
            pyramid,
            saving,
            version=arguments.ome_zarr_version,
            overwrite=arguments.force,
            asked=request,
        )
    # Of an interrupted run, what is known is the time of this one.
    seconds = {"all": perf_counter() - start}
    said = (*notes_of(info), *report.notes, *notes)
    return replace(report, seconds=seconds, notes=said)


def _with_sizes(
    slide: Slide, arguments: argparse.Namespace
) -> tuple[Slide, PictureInfo]:
    """Put in what the arguments say of the size of a pixel."""
    from napari_colorquant.files.images.info import PictureInfo, with_sizes

    info = slide.info or PictureInfo(slide.channel_axis)
    has_units = slide.units is not None or arguments.units is not None
    known = replace(
        info,
        axes=slide.axes,
        # A size without a unit is none, unless the user says the unit.
        scale=slide.scales[0] if slide.scales and has_units else None,
        units=slide.units,
    )
    said = with_sizes(known, len(slide.axes), arguments.scale, arguments.units)
    scales = slide.scales
    if arguments.scale is not None and said.scale is not None:
        first = scales[0] if scales else (1.0,) * len(slide.axes)
        # Of smaller levels, as many times as they are larger in the file.
        scales = tuple(
            tuple(
                new * one / old
                for new, one, old in zip(said.scale, each, first, strict=True)
            )
            for each in scales or (first,)
        )
    return replace(slide, scales=scales, units=said.units), said


def _learned_picture(
    image: NDArray[Any],
    info: PictureInfo,
    arguments: argparse.Namespace,
    asked: Asked,
    monitor: Monitor,
) -> tuple[Pyramid, Report]:
    """Quantize a picture that is read whole."""
    from napari_colorquant.files.ome_zarr.level import ArrayLevel
    from napari_colorquant.files.ome_zarr.save import pyramid_of
    from napari_colorquant.files.record import record_of

    pixels = pixels_of(image, info, arguments)
    result = quantize_picture(pixels, asked, monitor)
    level = ArrayLevel(result.labels, result.image, pixels.channel_axis)
    pyramid = pyramid_of(
        [level],
        result.palette,
        record_of(result),
        arguments.output.stem,
        names=info.channels,
        axes=info.axes,
        scale=info.scale,
        units=info.units,
    )
    return pyramid, result.report


def _learned_slide(
    slide: Slide,
    info: PictureInfo,
    arguments: argparse.Namespace,
    asked: Asked,
    request: Mapping[str, Any] | None,
    monitor: Monitor,
) -> tuple[Pyramid, Report]:
    """Learn the palette of a slide, unless an interrupted run has learned it."""
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.report import Report
    from napari_colorquant.files.ome_zarr.level import image_level
    from napari_colorquant.files.ome_zarr.resume import Unfinished
    from napari_colorquant.files.ome_zarr.save import pyramid_of

    known = None if request is None else Unfinished(arguments.output).asked(request)
    if known is None:
        palette, report, record = _learned(slide, info, arguments, asked, monitor)
    else:
        palette = Palette.from_dict(known["palette"])
        report = Report.from_dict(known["report"])
        record = known
    files = slide.identity
    levels = [
        image_level(
            level,
            palette,
            slide.channel_axis,
            None if files is None else {"files": files, "level": n},
        )
        for n, level in enumerate(slide.levels)
    ]
    pyramid = pyramid_of(
        levels,
        palette,
        record,
        arguments.output.stem,
        channels=slide.channels,
        names=info.channels,
        axes=slide.axes,
        scale=slide.scales,
        translate=slide.translations,
        units=slide.units,
    )
    return pyramid, report


def _learned(
    slide: Slide,
    info: PictureInfo,
    arguments: argparse.Namespace,
    asked: Asked,
    monitor: Monitor,
) -> tuple[Palette, Report, dict[str, Any]]:
    from napari_colorquant.core.image.blocks import see_blocks
    from napari_colorquant.core.palette.white import with_white
    from napari_colorquant.files.record import record_of

    blocks = see_blocks(slide.levels[0], slide.channel_axis)
    is_light = blocks.outline.is_light
    blocks = with_white(blocks, white_said(info, arguments, is_light=is_light))
    result = quantize_slide(blocks, asked, monitor)
    return result.palette, result.report, record_of(result)
