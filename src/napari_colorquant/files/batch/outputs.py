"""The results of an image: their names, what they must not harm, how to write them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.images.info import PictureInfo


def is_ome_zarr(output: Path) -> bool:
    """Return whether an output is no folder of results, but one result."""
    return output.suffix.lower() == ".zarr"


@dataclass(frozen=True, slots=True)
class Job:
    """One image to quantize, and where its results go.

    output: their folder, or an OME-Zarr. n_colors: the number asked for, or the
    palette's name: part of the names of files. is_done: whether all of the results are
    there, to be skipped. is_annotated: whether annotations of classes are results, too.
    """

    source: Path | str
    output: Path
    n_colors: str
    is_done: bool = False
    is_annotated: bool = False

    def is_there(self) -> bool:
        """Return whether all of its results exist; indices are the last of files."""
        if is_ome_zarr(self.output):
            return self.output.exists()
        if self.is_annotated and not self.target("classes", ".geojson").exists():
            return False
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
            self.target("classes", ".geojson"),
        ]


class Advice(NamedTuple):
    """What to do where results cannot be written, as the end of a sentence.

    exists: as one is there already; lost: as they would overwrite something else.
    """

    exists: str
    lost: str


def inputs_of(read: Iterable[Path | str | None]) -> dict[str, Path | str]:
    """Return the input that is lost where a path is overwritten, by the path."""
    inputs: dict[str, Path | str] = {}
    for one in read:
        if one is not None and not is_address(one):
            path = os.path.realpath(one)
            inputs[path] = one
            while (parent := os.path.dirname(path)) != path:
                path = parent
                inputs.setdefault(path, one)
    return inputs


def obstacle(
    job: Job,
    inputs: Mapping[str, Path | str],
    claimed: dict[str, Path | str],
    advice: Advice,
    *,
    may_be_there: bool = False,
) -> str | None:
    """Return what forbids a job, or None; nothing has been read yet.

    claimed: the images before it by the names of their results; it is put in.
    """
    # Some file systems take A and a for the same name.
    claim = Path(job.source).stem.casefold()
    existing = [path for path in job.targets() if os.path.lexists(path)]
    lost = [real for path in existing if (real := os.path.realpath(path)) in inputs]
    results = "its result" if is_ome_zarr(job.output) else "its results"
    if claim in claimed:
        overwritten = f"those of {claimed[claim]}"
    elif lost:
        overwritten = f"the input {inputs[lost[0]]}"
    elif existing and not may_be_there:
        return f"{existing[0]} exists already: {advice.exists}."
    else:
        claimed[claim] = job.source
        return None
    return f"{results} would overwrite {overwritten}: {advice.lost}."


def make_folder(folder: Path) -> None:
    """Make a folder; raise ValueError if there can be none."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder}: no folder can be made there: {error.strerror}."
        ) from error


def write_files(
    job: Job,
    result: Quantization,
    info: PictureInfo,
    *,
    drawn: NDArray[Any] | None = None,
    force: bool = False,
) -> list[Path]:
    """Write the results of a picture; return their paths.

    drawn: the picture, where it is not the one of the result. With force, the files of
    an earlier result that are not written again are removed.
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
    from napari_colorquant.files.regions.annotations import annotations_of
    from napari_colorquant.formats.file_io import replacing
    from napari_colorquant.formats.registry import save_palette

    palette, is_8_bit = result.palette, result.image.dtype == np.uint8
    # First, as what cannot be outlined is no result at all.
    annotations = annotations_of(result.labels, palette) if job.is_annotated else None
    shown = appearance(palette, rgb=None if info.channel_axis == -1 else False)
    picture = job.target("colors", picture_suffix(result.image, info.channel_axis))
    write_picture(picture, result.image if drawn is None else drawn, info)
    table = job.target("colors", ".csv")
    save_palette(palette, table, columns_of(palette, info.channels or None, shown))
    written = [picture, table]
    if is_8_bit and palette.n_channels == 3:
        swatches = job.target("colors", ".gpl")
        drawn = palette.drawn(np.uint8)
        known = (palette.color_space, palette.stains)
        Palette(drawn, None, palette.names, known[0], stains=known[1]).save(swatches)
        written.append(swatches)
    if annotations is not None:
        outlines = job.target("classes", ".geojson")
        with replacing(outlines) as stream:
            stream.write(annotations)
        written.append(outlines)
    indices = job.target("indices", indices_suffix(result.labels, palette))
    write_indices(indices, result.labels, palette, shown, info)
    written.append(indices)
    if force:
        for path in set(job.targets()) - set(written):
            if path.is_symlink() or path.is_file():
                path.unlink()
    return written
