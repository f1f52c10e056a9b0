"""Palettes on disk: the registry of formats, each one a pair of functions."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_colorquant.files import (
    palette_aco,
    palette_ase,
    palette_csv,
    palette_gpl,
    palette_json,
    palette_pal,
)
from napari_colorquant.files.reading import MOST_BYTES, read_with
from napari_colorquant.files.replace import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette


class Format(NamedTuple):
    """How a palette becomes the bytes of a file, and comes back.

    Parameters
    ----------
    encode : callable
        Takes a palette and its title (the file's stem); returns the bytes, or
        raises ValueError where the format cannot hold the palette.
    decode : callable
        Takes the bytes, however damaged; returns a palette, or raises
        ValueError with what is wrong, and where.
    """

    encode: Callable[[Palette, str], bytes]
    decode: Callable[[bytes], Palette]


FORMATS: Mapping[str, Format] = {
    ".csv": Format(palette_csv.encode, palette_csv.decode),
    ".gpl": Format(palette_gpl.encode, palette_gpl.decode),
    ".pal": Format(palette_pal.encode, palette_pal.decode),
    ".ase": Format(palette_ase.encode, palette_ase.decode),
    ".aco": Format(palette_aco.encode, palette_aco.decode),
    ".json": Format(palette_json.encode, palette_json.decode),
}


def save_palette(
    palette: Palette,
    path: str | PathLike[str],
    channels: Sequence[str] | None = None,
    shown: NDArray[np.uint8] | None = None,
) -> None:
    """Write a palette in the format that the path's suffix names.

    Parameters
    ----------
    palette : Palette
        The palette.
    path : str or path-like
        ``.json``: everything, without loss. ``.csv``: a table, everything but the
        locks. For other programs, RGB of any units, as black to white: ``.gpl`` (GIMP),
        rounded to 8 bits (half to even, as in a uint8 picture), with names and the
        colour space; ``.pal`` (JASC), rounded to 8 bits; ``.ase`` (Adobe Swatch
        Exchange) and ``.aco`` (Photoshop swatches), in 24 and 16 bits, with names. A
        file of that name is replaced.
    channels : sequence of str, optional
        Names of the channels, for the columns of a ``.csv``.
    shown : ndarray of uint8, shape (K, 3) or (K, 4), optional
        The entries as they are shown, for the ``hex`` of a ``.csv``.

    Raises
    ------
    ValueError
        If the suffix is unknown or the format cannot hold the palette.
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    encode = _format_of(path).encode
    if encode is palette_csv.encode:
        encode = partial(palette_csv.encode, channels=channels, shown=shown)
    data = encode(palette, path.stem)
    with replacing(path) as stream:
        stream.write(data)


def load_palette(path: str | PathLike[str]) -> Palette:
    """Read a palette that :func:`save_palette`, or another program, wrote.

    Parameters
    ----------
    path : str or path-like
        A file ending in ``.json``, ``.csv``, ``.gpl``, ``.pal``, ``.ase`` or ``.aco``.

    Returns
    -------
    Palette
        The palette in the file. Those of other programs are RGB from 0 to 255, in units
        of uint8.

    Raises
    ------
    ValueError
        If the suffix is unknown, or the file is damaged: the sentence names the
        file and the place.
    OSError
        If the file cannot be read.
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
