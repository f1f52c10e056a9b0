"""One picture after the other: quantized, its results written, and what is said."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.options import SHELL
from napari_colorquant.cli.run import Whites, name_of, quantize_picture
from napari_colorquant.cli.terminal import escaped, say
from napari_colorquant.core.compute.wording import is_expected, sentence_of
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_colorquant.cli.run import Asked
    from napari_colorquant.core.compute.progress import Progress
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.images.info import PictureInfo

_MOST_SERIES = 5  # that are named


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to quantize, and where its results go.

    n_colors: the number asked for, or the palette's name: part of the results' names.
    """

    source: Path
    folder: Path
    n_colors: int | str

    def target(self, kind: str, suffix: str) -> Path:
        """Return the path of a result, such as china-64-colors.png in the folder."""
        return self.folder / f"{self.source.stem}-{self.n_colors}-{kind}{suffix}"

    def targets(self) -> list[Path]:
        """Return every file that the job may write.

        They are more than it will write: only the picture tells which formats it takes.
        """
        return [
            *(self.target("colors", s) for s in (".png", ".tif", ".gpl", ".csv")),
            *(self.target("indices", s) for s in (".png", ".tif")),
        ]


def quantize_all(arguments: argparse.Namespace, asked: Asked) -> int:
    """Quantize every picture and say what came of it; return 1 if one failed."""
    jobs, complaints = _plan(arguments, name_of(arguments))
    for complaint in complaints:
        say(complaint, sys.stderr)
    failed = bool(complaints)
    if jobs:
        try:
            make_folder(arguments.output)
        except ValueError as error:
            say(str(error), sys.stderr)
            return 1
    whites = Whites(arguments.data_range, asked)
    if len(jobs) > 1:
        whites.look([job.source for job in jobs], partial(_seen, arguments))
    for number, job in enumerate(jobs, 1):
        try:
            with progress_bar(f"{number}/{len(jobs)} {job.source.name}") as progress:
                line, notes = _quantize_one(job, arguments, asked, whites, progress)
        except Exception as error:  # noqa: BLE001, the other pictures can be done
            say(complaint_of(job.source, error), sys.stderr)
            failed = True
            continue
        for note in notes:
            say(f"{job.source}: {note}", sys.stderr)
        say(line, sys.stdout)
    return int(failed)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; raise ValueError if something is in the way."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder}: no folder can be made there: {error.strerror}."
        ) from error


def _plan(
    arguments: argparse.Namespace, n_colors: int | str
) -> tuple[list[Job], list[str]]:
    """Return the jobs that harm no file, and complaints of the others; run none."""
    sources: list[Path] = arguments.images
    inputs = {os.path.realpath(source) for source in sources}
    for palette in (arguments.fixed, arguments.palette):
        if palette is not None:
            inputs.add(os.path.realpath(palette))
    claimed: dict[str, Path] = {}
    jobs, complaints = [], []
    for source in sources:
        if is_address(source) or source.is_dir():
            complaints.append(
                f"{source}: is read part by part, and its result is one OME-Zarr: name "
                f"it, such as --output {n_colors}-colors.zarr."
            )
            continue
        job = Job(source, arguments.output, n_colors)
        # Some file systems take A and a for the same name.
        name = source.stem.casefold()
        existing = [path for path in job.targets() if os.path.lexists(path)]
        if name in claimed:
            complaints.append(
                f"{source}: its results would overwrite those of {claimed[name]}: "
                "run it with another --output."
            )
        elif overwritten := [p for p in existing if os.path.realpath(p) in inputs]:
            complaints.append(
                f"{source}: its results would overwrite the input {overwritten[0]}: "
                "run it with another --output."
            )
        elif existing and not arguments.force:
            complaints.append(
                f"{source}: {existing[0]} exists already: add --force to overwrite it."
            )
        else:
            claimed[name] = source
            jobs.append(job)
    return jobs, complaints


def _seen(arguments: argparse.Namespace, source: Path) -> Pixels | None:
    """Read a picture to look at it; what is wrong with it is said when it is run."""
    try:
        return pixels_of(*read_whole(source, arguments), arguments)
    except (OSError, TypeError, ValueError, MemoryError):
        return None


def _quantize_one(
    job: Job,
    arguments: argparse.Namespace,
    asked: Asked,
    whites: Whites,
    progress: Callable[[Progress], object],
) -> tuple[str, tuple[str, ...]]:
    """Quantize a picture, write its results; return a line about it, and notes."""
    from napari_colorquant.core.compute.progress import Monitor

    image, info = read_whole(job.source, arguments)
    pixels = pixels_of(image, info, arguments)
    pixels, about_white = whites.put(pixels)
    with Monitor(progress) as monitor:
        result = quantize_picture(pixels, asked, monitor)
    said = [result.report.summary()]
    if arguments.quality:
        said += _more_quality(image, result, info.channel_axis)
    written = _write(job, result, info)
    said.append(", ".join(path.name for path in written))
    notes = (*notes_of(info), *about_white, *result.report.notes)
    return f"{job.source}: {' · '.join(said)}", notes


def read_whole(
    source: Path | str, arguments: argparse.Namespace
) -> tuple[NDArray[Any], PictureInfo]:
    """Return a picture in memory, and what its file and the arguments say of it."""
    from napari_colorquant.files.images.info import with_sizes
    from napari_colorquant.files.images.pictures import open_picture

    image, info = open_picture(source, arguments.channel_axis, arguments.series)
    n_axes = image.ndim - (info.channel_axis is not None)
    return image, with_sizes(info, n_axes, arguments.scale, arguments.units)


def pixels_of(
    image: NDArray[Any], info: PictureInfo, arguments: argparse.Namespace
) -> Pixels:
    """Return a picture as pixels, whose white is what the user or its file says."""
    from napari_colorquant.core.image.pixels import see_pixels
    from napari_colorquant.core.palette.white import with_white

    pixels = see_pixels(image, info.channel_axis)
    return with_white(pixels, white_said(info, arguments, is_light=pixels.is_light))


def white_said(
    info: PictureInfo, arguments: argparse.Namespace, *, is_light: bool
) -> float | None:
    """Return the value of white that the user says, else the file, else None.

    The file's is taken only if is_light (RGB): other channels have no white in it.
    """
    if arguments.data_range is not None:
        said: float = arguments.data_range
        return said
    return info.data_range if is_light else None


def notes_of(info: PictureInfo) -> list[str]:
    """Return sentences that the user has to know of how a file was read."""
    notes = list(info.notes)
    if len(info.series) > 1:
        others = [
            f"{number}: {name}" if name else str(number)
            for number, name in enumerate(info.series[:_MOST_SERIES])
        ]
        rest = ", ..." if len(info.series) > _MOST_SERIES else ""
        notes.insert(
            0,
            f"It holds {len(info.series)} series ({'; '.join(others)}{rest}), and "
            f"series {info.chosen} was taken: choose by --series.",
        )
    return notes


def _more_quality(
    image: NDArray[Any], result: Quantization, axis: int | None
) -> list[str]:
    """Measure what applies to the picture, in words."""
    from napari_colorquant.core.image.pixels import see_pixels
    from napari_colorquant.core.palette.white import known_white
    from napari_colorquant.core.quality.quality import measure_quality

    quality = measure_quality(
        image,
        result.image,
        channel_axis=axis,
        ssim=None,
        delta_e=None if axis == -1 else False,  # channels of data are no colors
        data_range=known_white(see_pixels(image, axis), result.palette).white,
    )
    said = []
    if quality.ssim is not None:
        said.append(f"SSIM {quality.ssim:.3f}")
    if quality.delta_e is not None:
        said.append(f"mean ΔE2000 {quality.delta_e:.2f}")
    return said


def _write(job: Job, result: Quantization, info: PictureInfo) -> list[Path]:
    """Write the results of a picture; return their paths."""
    import numpy as np

    from napari_colorquant.core.palette.appearance import appearance
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.palette.table import columns_of
    from napari_colorquant.files.images.indices import indices_suffix, write_indices
    from napari_colorquant.files.images.pictures import picture_suffix, write_picture
    from napari_colorquant.formats.registry import save_palette

    palette, is_8_bit = result.palette, result.image.dtype == np.uint8
    shown = appearance(palette, rgb=None if info.channel_axis == -1 else False)
    picture = job.target("colors", picture_suffix(result.image, info.channel_axis))
    write_picture(picture, result.image, info)
    table = job.target("colors", ".csv")
    save_palette(palette, table, columns_of(palette, info.channels or None, shown))
    written = [picture, table]
    if is_8_bit and palette.n_channels == 3:
        swatches = job.target("colors", ".gpl")
        drawn = palette.drawn(np.uint8)
        Palette(drawn, None, palette.names, palette.color_space).save(swatches)
        written.append(swatches)
    indices = job.target("indices", indices_suffix(result.labels, palette))
    write_indices(indices, result.labels, palette, shown, info)
    written.append(indices)
    return written


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[Progress], object]]:
    """Yield a function that shows a bar on stderr, if that is a terminal."""
    from tqdm import tqdm

    looks = "{l_bar}{bar}| {elapsed}"
    with tqdm(
        desc=escaped(title),
        total=1,
        disable=None,
        leave=False,
        miniters=1,  # or it would wait for as much as came at once before
        bar_format=looks,
    ) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total  # not known until the picture has been read
            bar.update(progress.done - bar.n)

        yield show


def complaint_of(source: Path | str, error: Exception) -> str:
    """Return in one sentence what went wrong, with the name of the file."""
    sentence = sentence_of(error, SHELL)
    if not is_expected(error):
        return f"{source}: {_mistake(error)}"
    is_named = sentence.startswith(str(source)) or getattr(error, "filename", None)
    return sentence if is_named else f"{source}: {sentence}"


def _mistake(error: Exception) -> str:
    """Return the sentence of an error that no user can cause, with its place."""
    trace = error.__traceback__
    where = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith("napari_colorquant."):
            where = f" in {name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return (
        f"this is a mistake of napari-colorquant, please report it: "
        f"{type(error).__name__}{where}: {error}."
    )
