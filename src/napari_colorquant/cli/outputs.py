"""The results of an image: their names, what they must not harm, how to write them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.sources import is_folder_of_images
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from napari_colorquant.cli.inputs import Opened
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.blocks import Blocks
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )
    from napari_colorquant.files.images.info import PictureInfo


def is_ome_zarr(output: Path) -> bool:
    """Return whether an output is no folder of results, but one result."""
    return output.suffix.lower() == ".zarr"


@dataclass(frozen=True, slots=True)
class Job:
    """One image to quantize, and where its results go.

    output: their folder, or an OME-Zarr. n_colors: the number asked for, or the
    palette's name: part of the names of files. is_done: whether all of the results are
    there, to be skipped.
    """

    source: Path | str
    output: Path
    n_colors: str
    is_done: bool = False

    def is_there(self) -> bool:
        """Return whether all of its results exist; indices are the last of files."""
        if is_ome_zarr(self.output):
            return self.output.exists()
        return self.target("colors", ".csv").exists() and all(
            any(self.target(kind, end).exists() for end in (".png", ".tif"))
            for kind in ("colors", "indices")
        )

    @property
    def name(self) -> str:
        """What the image is called without its folder."""
        source = self.source
        return source.rpartition("/")[2] if isinstance(source, str) else source.name

    def target(self, kind: str, suffix: str) -> Path:
        """Return the path of a file, such as china-64-colors.png in the folder."""
        stem = Path(self.source).stem
        return self.output / f"{stem}-{self.n_colors}-{kind}{suffix}"

    def targets(self) -> list[Path]:
        """Return all that the job may write.

        Of files they are more than it will write: only the picture tells which formats
        it takes.
        """
        if is_ome_zarr(self.output):
            return [self.output]
        return [
            *(self.target("colors", s) for s in (".png", ".tif", ".gpl", ".csv")),
            *(self.target("indices", s) for s in (".png", ".tif")),
        ]


def jobs_of(arguments: argparse.Namespace) -> list[Job]:
    """Return one job an image, whatever it may harm."""
    palette: Path | None = arguments.palette
    n_colors = str(arguments.n_colors) if palette is None else palette.stem
    return [Job(source, arguments.output, n_colors) for source in arguments.images]


def plan(
    arguments: argparse.Namespace,
) -> tuple[list[Job], list[tuple[Path | str, str]]]:
    """Return the jobs that harm no file, and complaints of the others; run none."""
    inputs = _inputs(arguments)
    claimed: dict[str, Path | str] = {}
    jobs: list[Job] = []
    complaints: list[tuple[Path | str, str]] = []
    for job in jobs_of(arguments):
        source = job.source
        if arguments.skip_existing and job.is_there():
            job = replace(job, is_done=True)
        # Some file systems take A and a for the same name.
        claim = Path(source).stem.casefold()
        may_be_there = arguments.force or job.is_done
        complaint = _obstacle(job, inputs, claimed.get(claim), force=may_be_there)
        if complaint is None:
            claimed[claim] = source
            jobs.append(job)
        else:
            complaints.append((source, f"{source}: {complaint}"))
    return jobs, complaints


def _inputs(arguments: argparse.Namespace) -> dict[str, Path | str]:
    """Return the input that is lost where a path is overwritten, by the path."""
    inputs: dict[str, Path | str] = {}
    for one in (*arguments.images, arguments.fixed, arguments.palette):
        if one is not None and not is_address(one):
            path = os.path.realpath(one)
            inputs[path] = one
            while (parent := os.path.dirname(path)) != path:
                path = parent
                inputs.setdefault(path, one)
    return inputs


def _obstacle(
    job: Job, inputs: Mapping[str, Path | str], first: Path | str | None, *, force: bool
) -> str | None:
    """Return what forbids a job, or None; nothing has been read yet.

    first: an image before it whose results have the same names.
    """
    is_zarr, source = is_ome_zarr(job.output), job.source
    if isinstance(source, Path) and is_folder_of_images(source):
        return "holds no picture, by the suffixes of its files."
    if not is_zarr and (isinstance(source, str) or source.is_dir()):
        return (
            "is read part by part, and its result is one OME-Zarr: name it, such as "
            f"--output {job.n_colors}-colors.zarr."
        )
    existing = [path for path in job.targets() if os.path.lexists(path)]
    lost = [real for path in existing if (real := os.path.realpath(path)) in inputs]
    results = "its result" if is_zarr else "its results"
    if first is not None:
        overwritten = f"those of {first}"
    elif lost:
        overwritten = f"the input {inputs[lost[0]]}"
    elif existing and not force:
        return f"{existing[0]} exists already: add --force to overwrite it."
    else:
        return None
    return f"{results} would overwrite {overwritten}: run it with another --output."


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


def make_folder(folder: Path) -> None:
    """Make a folder; raise ValueError if there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder}: no folder can be made there: {error.strerror}."
        ) from error


# ---------------------------------------------------------------- files


def write_files(
    job: Job, result: Quantization, info: PictureInfo, *, force: bool
) -> list[Path]:
    """Write the results of a picture; return their paths.

    With force, the files of an earlier result that are not written again are removed.
    """
    import numpy as np

    from napari_colorquant.core.palette.appearance import appearance
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.palette.table import columns_of
    from napari_colorquant.files.images.write import (
        indices_suffix,
        picture_suffix,
        write_indices,
        write_picture,
    )
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
    if force:
        for path in set(job.targets()) - set(written):
            if path.is_symlink() or path.is_file():
                path.unlink()
    return written


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
