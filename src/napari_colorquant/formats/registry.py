"""Palettes on disk: the registry of formats, each one a pair of functions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_colorquant.formats import aco as palette_aco
from napari_colorquant.formats import ase as palette_ase
from napari_colorquant.formats import csv_table as palette_csv
from napari_colorquant.formats import gpl as palette_gpl
from napari_colorquant.formats import jasc as palette_pal
from napari_colorquant.formats import json_palette as palette_json
from napari_colorquant.formats.file_io import MOST_BYTES, read_with, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    from napari_colorquant.formats.palette_data import PaletteData


class Format(NamedTuple):
    """How a palette becomes the bytes of a file, and comes back.

    encode takes palette and title, that of a .csv the columns, too; ValueError: the
    format cannot hold the palette.
    decode takes bytes, however damaged; ValueError: what is wrong, and where.
    """

    encode: Callable[..., bytes]
    decode: Callable[[bytes], PaletteData]


FORMATS: Mapping[str, Format] = {
    ".csv": Format(palette_csv.encode, palette_csv.decode),
    ".gpl": Format(palette_gpl.encode, palette_gpl.decode),
    ".pal": Format(palette_pal.encode, palette_pal.decode),
    ".ase": Format(palette_ase.encode, palette_ase.decode),
    ".aco": Format(palette_aco.encode, palette_aco.decode),
    ".json": Format(palette_json.encode, palette_json.decode),
}


def save_palette(
    palette: PaletteData,
    path: str | PathLike[str],
    columns: Mapping[str, Sequence[Any]],
) -> None:
    """Write a palette in the format that the path's suffix names; see Palette.save.

    columns: of the palette as a table, for a .csv. Rounded to 8 bits: .gpl and .pal; to
    16: .aco. A float32 of .ase holds 24.
    """
    path = Path(path)
    encode = _format_of(path).encode
    if encode is palette_csv.encode:
        encode = partial(palette_csv.encode, columns=columns)
    data = encode(palette, path.stem)
    with replacing(path) as stream:
        stream.write(data)


def load_palette(path: str | PathLike[str]) -> PaletteData:
    """Return the palette of a file, which may not be sound; see Palette.load.

    Those of other programs are RGB from 0 to 255, in units of uint8. A ValueError names
    the file and the place.
    """
    form = _format_of(Path(path))
    is_wide = form in (FORMATS[".csv"], FORMATS[".json"])
    return read_with(path, form.decode, MOST_BYTES if is_wide else None)


def _format_of(path: Path) -> Format:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise ValueError(
            f"{path}: the suffix {path.suffix!r} names no palette format: use one of "
            f"{', '.join(FORMATS)}."
        ) from None
