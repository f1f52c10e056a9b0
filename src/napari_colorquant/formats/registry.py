"""Palettes on disk: the registry of formats, each one a pair of functions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_colorquant.formats import aco, ase, csv_table, gpl, jasc, json_palette
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
    ".csv": Format(csv_table.encode, csv_table.decode),
    ".gpl": Format(gpl.encode, gpl.decode),
    ".pal": Format(jasc.encode, jasc.decode),
    ".ase": Format(ase.encode, ase.decode),
    ".aco": Format(aco.encode, aco.decode),
    ".json": Format(json_palette.encode, json_palette.decode),
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
    if encode is csv_table.encode:
        encode = partial(csv_table.encode, columns=columns)
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
