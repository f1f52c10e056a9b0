"""Which pictures are meant by a folder or a pattern."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = frozenset(
    [
        *(".avif", ".bmp", ".btf", ".gif", ".jp2", ".jpe", ".jpeg", ".jpg", ".lsm"),
        *(".ndpi", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".qptiff", ".scn", ".stk"),
        *(".svs", ".tf8", ".tga", ".tif", ".tiff", ".webp"),
    ]
)
"""Of the files that are taken from a folder; any other is read if it is named."""

_OF_ZARR = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
_ENDS = ("-colors", "-indices")


def expanded(sources: Iterable[Path | str]) -> list[Path | str]:
    """Return images in place of folders and patterns, sorted; each found once.

    Results of the command, such as a-64-colors.png beside a.png, are left out. A folder
    or pattern without an image stays, to be complained of, and so does a zarr.
    """
    found: list[Path | str] = []
    known: set[str] = set()
    for source in sources:
        several: list[Path] = []
        if isinstance(source, Path):
            if is_folder_of_images(source):
                several = _images_in(source)
            elif is_pattern(source):
                several = _matches(str(source))
        each: list[Path | str] = [*several] or [source]
        for one in each:
            real = one if is_address(one) else os.path.realpath(one)
            if several and real in known:
                continue
            known.add(str(real))
            found.append(one)
    return found


def is_folder_of_images(path: Path) -> bool:
    """Return whether a path is a folder, and none that is a zarr itself."""
    return (
        path.is_dir()
        and path.suffix.lower() != ".zarr"
        and not any((path / name).exists() for name in _OF_ZARR)
    )


def is_pattern(path: Path) -> bool:
    """Return whether a path is a pattern of names, and none of a file."""
    return glob.has_magic(str(path)) and not os.path.lexists(path)


def _images_in(folder: Path) -> list[Path]:
    return _without_results(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    )


def _matches(pattern: str) -> list[Path]:
    paths = map(Path, glob.iglob(pattern, recursive=True))
    return _without_results(path for path in paths if not is_folder_of_images(path))


def _without_results(paths: Iterable[Path]) -> list[Path]:
    """Return paths, sorted, without the results of others among them."""
    found = sorted(paths)
    stems = {(path.parent, path.stem) for path in found}
    return [path for path in found if not _is_result(path, stems)]


def _is_result(path: Path, stems: set[tuple[Path, str]]) -> bool:
    """Return whether a name is that of an image among others, made longer by us."""
    if path.suffix.lower() not in {".png", ".tif"} or not path.stem.endswith(_ENDS):
        return False
    parts = path.stem.split("-")  # the image's name, the number of colors, what it is
    return any(
        (path.parent, "-".join(parts[:n])) in stems for n in range(1, len(parts) - 1)
    )
