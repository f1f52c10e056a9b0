"""Palettes on disk: the registry of formats, each one a pair of functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_colorquant.files import palette_csv, palette_gpl
from napari_colorquant.files.replace import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from napari_colorquant.core.palette import Palette

MAX_BYTES = 2**28
"""A larger file is not read: it cannot be a palette, whatever its suffix says."""


class Format(NamedTuple):
    """How a palette becomes the bytes of a file, and comes back.

    Parameters
    ----------
    encode : callable
        Takes a palette and its title (the file's stem); returns the bytes, or
        raises ValueError where the format cannot hold the palette.
    decode : callable
        Takes the bytes, however damaged; returns a palette, or raises
        ValueError with the line that is wrong.
    """

    encode: Callable[[Palette, str], bytes]
    decode: Callable[[bytes], Palette]


FORMATS: Mapping[str, Format] = {
    ".csv": Format(palette_csv.encode, palette_csv.decode),
    ".gpl": Format(palette_gpl.encode, palette_gpl.decode),
}


def save_palette(palette: Palette, path: str | PathLike[str]) -> None:
    """Write a palette in the format that the path's suffix names.

    Parameters
    ----------
    palette : Palette
        The palette.
    path : str or path-like
        ``.gpl``: GIMP palette, colours rounded to 8-bit RGB (half to even, as in a
        uint8 picture), names and colour space kept, counts left out. ``.csv``:
        everything, without loss. A file of that name is replaced.

    Raises
    ------
    ValueError
        If the suffix is unknown or the format cannot hold the palette.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    data = _format_of(path).encode(palette, path.stem)
    with replacing(path) as stream:
        stream.write(data)


def load_palette(path: str | PathLike[str]) -> Palette:
    """Read a palette that :func:`save_palette`, or another program, wrote.

    Parameters
    ----------
    path : str or path-like
        A file ending in ``.gpl`` or ``.csv``.

    Returns
    -------
    Palette
        The palette in the file.

    Raises
    ------
    ValueError
        If the suffix is unknown, or the file is damaged: the sentence names the
        file and the line.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    decode = _format_of(path).decode
    with open(path, "rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"{path}: larger than {MAX_BYTES // 2**20} MB, which is no palette."
        )
    try:
        return decode(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _format_of(path: Path) -> Format:
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise ValueError(
            f"{path}: the suffix {path.suffix!r} names no palette format: use one of "
            f"{', '.join(FORMATS)}."
        ) from None
