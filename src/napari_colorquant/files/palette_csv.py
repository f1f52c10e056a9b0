"""Palettes as tables, ``.csv``: any channels, to the last digit.

Comma-separated, quoted as in RFC 4180, UTF-8. The header is ``index``, then
``name`` where the entries have names, ``color_space`` where that is not RGB and
``units`` where they are known (both the same in every line: a table has no other
place for them that all programs keep), one column a channel, and ``pixels`` where the
palette has counts. Numbers are written with as many digits as it takes to read the
same float64 back. Locks are left out.
"""

from __future__ import annotations

import csv
from io import StringIO
from math import isfinite
from reprlib import repr as shortened
from typing import TYPE_CHECKING

from napari_colorquant.core.palette import MAX_COLORS, Palette
from napari_colorquant.files.palette_words import (
    PLAIN_SPACE,
    known_space,
    known_units,
)
from napari_colorquant.files.reading import utf8_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_RESERVED = ("index", "name", "color_space", "units", "pixels")
_WORDS: dict[str, tuple[Callable[[str, int], str], str]] = {
    "color_space": (known_space, "color space is"),
    "units": (known_units, "units are"),
}


def channel_columns(n_channels: int) -> list[str]:
    """Name the columns of a palette's channels.

    Parameters
    ----------
    n_channels : int
        Number C of channels.

    Returns
    -------
    list of str
        ``grey`` for one channel, ``red``, ``green`` and ``blue`` for three, else
        ``channel_0`` and so on.
    """
    if n_channels == 1:
        return ["grey"]
    if n_channels == 3:
        return ["red", "green", "blue"]
    return [f"channel_{number}" for number in range(n_channels)]


def encode(
    palette: Palette, title: str, channels: Sequence[str] | None = None
) -> bytes:
    """Write a palette as a table.

    Parameters
    ----------
    palette : Palette
        Any palette.
    title : str
        Not in the file.
    channels : sequence of str, optional
        One name a channel, by default :func:`channel_columns`, also where two are alike
        or one is a column's that is not a channel's.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    ValueError
        If a name is not Unicode text.
    """
    columns: list[tuple[str, list[object]]] = [("index", list(range(len(palette))))]
    if palette.names is not None:
        columns.append(("name", list(palette.names)))
    if palette.color_space != PLAIN_SPACE:
        columns.append(("color_space", [palette.color_space] * len(palette)))
    if palette.units is not None:
        columns.append(("units", [palette.units] * len(palette)))
    names = list(channels or ())
    if len({*names, *_RESERVED}) < palette.n_channels + len(_RESERVED):
        names = channel_columns(palette.n_channels)
    columns.extend(zip(names, palette.colors.T.tolist(), strict=True))
    if palette.counts is not None:
        columns.append(("pixels", palette.counts.tolist()))
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([header for header, _ in columns])
    writer.writerows(zip(*(values for _, values in columns), strict=True))
    try:
        return text.getvalue().encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"a color's name holds {error.object[error.start]!r}, which is no Unicode "
            "text: rename the color."
        ) from None


def decode(data: bytes) -> Palette:
    """Read a palette from a table.

    Parameters
    ----------
    data : bytes
        The file, however damaged. Channels may have any names: their columns are
        those after ``index``, ``name``, ``color_space`` and ``units`` and before
        ``pixels``.

    Returns
    -------
    Palette
        With names, a colour space, units and counts where the table has them.

    Raises
    ------
    ValueError
        If the header or a line is wrong, or there are no colours or too many.
    """
    reader = csv.reader(StringIO(utf8_text(data), newline=""), strict=True)
    colors: list[list[float]] = []
    names: list[str] = []
    counts: list[int] = []
    said: dict[str, str] = {}
    try:
        header = [title.strip() for title in next(reader, [])]
        has_name, has_pixels = header[1:2] == ["name"], header[-1:] == ["pixels"]
        first, last = 1 + has_name, len(header) - has_pixels
        word_columns = []
        for title in _WORDS:
            if header[first : first + 1] == [title]:
                word_columns.append(first)
                first += 1
        if header[:1] != ["index"] or last <= first:
            raise ValueError(
                "line 1 is not a palette's header: it must be index, then name if the "
                "colors have names, color_space if it is not rgb, units if they are "
                "known, one column a channel, and pixels if counted."
            )
        for row in reader:
            if not row:
                continue
            line = reader.line_num
            if len(row) != len(header):
                raise ValueError(
                    f"line {line}: there are {len(row)} values for the "
                    f"{len(header)} columns."
                )
            if len(colors) == MAX_COLORS:
                raise ValueError(f"line {line} is beyond {MAX_COLORS:,} colors.")
            if _whole_number(row[0], line) != len(colors):
                raise ValueError(
                    f"line {line}: the index is {row[0]} where {len(colors)} comes "
                    "next: sort the lines by index and number them from 0."
                )
            colors.append([_number(value, line) for value in row[first:last]])
            if has_name:
                names.append(row[1])
            for column in word_columns:
                _hear(said, header[column], row[column].strip(), line)
            if has_pixels:
                counts.append(_whole_number(row[-1], line))
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}.") from error
    if not colors:
        raise ValueError("there is no color below the header.")
    return Palette(
        colors,
        counts if has_pixels else None,
        names if has_name else None,
        said.get("color_space", PLAIN_SPACE),
        said.get("units"),
    )


def _hear(said: dict[str, str], title: str, word: str, line: int) -> None:
    """Note a word that is the same in every line."""
    known, what = _WORDS[title]
    word = known(word, line)
    if said.setdefault(title, word) != word:
        raise ValueError(
            f"line {line}: the {what} {word!r}, and {said[title]!r} above: a palette "
            "has only one."
        )


def _number(text: str, line: int) -> float:
    try:
        value = float(text if text.isascii() and "_" not in text else "")
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ValueError(f"line {line}: {shortened(text)} is no finite number.")
    return value


def _whole_number(text: str, line: int) -> int:
    digits = text.strip()
    # Not int() alone, which takes "+1", "1_0" and the digits of any script. A count
    # must fit into int64, of at most 19 digits.
    if digits.isascii() and digits.isdigit() and len(digits) <= 19:
        value = int(digits)
        if value < 2**63:
            return value
    raise ValueError(
        f"line {line}: {shortened(text)} is no whole number from 0 to 2**63 - 1."
    )
