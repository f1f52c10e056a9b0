"""Palettes as tables, .csv: any channels, to the last digit.

UTF-8, quoted as in RFC 4180. Colour space, weights, stains, the background's limits,
units, white and how far pixels were where it was learned are in every line: a table has
no other place for them that all programs keep. Locks are left out.
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import partial
from io import StringIO
from math import isfinite
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.formats.file_io import utf8_text
from napari_colorquant.formats.palette_data import (
    MAX_COLORS,
    PLAIN_SPACE,
    PaletteData,
    known_space,
    known_units,
    read_limits,
    read_stains,
    read_weights,
    written_stains,
    written_weights,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COLUMNS = (
    *("label", "index", "name", "class", "hex", "color_space", "weights", "units"),
    *("stains", "white_value", "background_limits"),
    *("learned_distance", "learned_share", "pixels", "percent"),
)
"""Columns that are no channels."""
_WHITE = "white_value"
_LIMITS = "background_limits"
_DISTANCE, _SHARE = "learned_distance", "learned_share"
_FIRST = {"label": 1, "index": 0}
"""Where the numbers of entries begin."""


def is_reserved(name: str) -> bool:
    """Return whether a name would be taken for a column that is no channel.

    Case and outer spaces do not matter.
    """
    return name.strip().casefold() in COLUMNS


def encode(
    palette: PaletteData, title: str, columns: Mapping[str, Sequence[Any]]
) -> bytes:
    """Return a palette as a table, with its columns: channels, and some of COLUMNS.

    Numbers have as many digits as it takes to read the same float64 back. Raise
    ValueError if a name is not Unicode text.
    """
    n = len(palette)
    told = ("label", "index", "name", "class", "hex")
    first = {column: columns[column] for column in told if column in columns}
    if palette.color_space != PLAIN_SPACE:
        first["color_space"] = [palette.color_space] * n
    if palette.weights is not None:
        first["weights"] = [written_weights(palette.weights)] * n
    if palette.stains is not None:
        first["stains"] = [written_stains(palette.stains)] * n
    if palette.background is not None:
        first[_LIMITS] = [written_weights(palette.background)] * n
    if palette.units is not None:
        first["units"] = [palette.units] * n
    if palette.white is not None:
        first[_WHITE] = [repr(palette.white)] * n
    if palette.learned_distance is not None:
        first[_DISTANCE] = [repr(palette.learned_distance)] * n
    if palette.learned_shares is not None:
        first[_SHARE] = [*map(repr, palette.learned_shares)]
    columns = {**first, **columns}
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    try:
        return text.getvalue().encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"a color's name holds {error.object[error.start]!r}, which is no Unicode "
            "text: rename the color."
        ) from None


def decode(data: bytes) -> PaletteData:
    """Return the palette of a table, sorted by label or index; one of them is enough.

    Lines and columns have any order; a column that is not reserved is a channel. hex
    and percent are not read: they follow from channels and pixels.
    """
    reader = csv.reader(StringIO(utf8_text(data), newline=""), strict=True)
    lines: dict[int, int] = {}
    colors: list[list[float]] = []
    names: list[str] = []
    classes: list[str] = []
    counts: list[str] = []
    shares: list[float] = []
    said: dict[str, str] = {}
    try:
        header = [title.strip() for title in next(reader, [])]
        place = _places(header)
        channels = [i for i, title in enumerate(header) if not is_reserved(title)]
        for row in reader:
            if not row:
                continue
            line = reader.line_num
            if len(row) != len(header):
                raise ValueError(
                    f"line {line}: there are {len(row)} values for the "
                    f"{len(header)} columns."
                )
            if len(lines) == MAX_COLORS:
                raise ValueError(f"line {line} is beyond {MAX_COLORS:,} colors.")
            entry = _entry({what: row[i] for what, i in place.items()}, line)
            if entry in lines:
                what = next(what for what in _FIRST if what in place)
                raise ValueError(
                    f"line {line}: the {what} {row[place[what]].strip()} is in line "
                    f"{lines[entry]}, too: number the entries from {_FIRST[what]}."
                )
            lines[entry] = line
            colors.append([_number(row[i], line) for i in channels])
            if "name" in place:
                names.append(row[place["name"]])
            if "class" in place:
                classes.append(row[place["class"]])
            for title in _WORDS.keys() & place.keys():
                _hear(said, title, row[place[title]].strip(), line)
            if _SHARE in place:
                shares.append(_number(row[place[_SHARE]], line))
            if "pixels" in place:
                counts.append(row[place["pixels"]].strip())
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}.") from error
    if not lines:
        raise ValueError("there is no color below the header.")
    _refuse_missing(lines, place)
    order = sorted(range(len(lines)), key=list(lines).__getitem__)
    numbers = None
    if any(counts):
        by_line = zip(counts, lines.values(), strict=True)
        numbers = [_whole_number(count, line) for count, line in by_line]
    return PaletteData(
        np.array([colors[i] for i in order]),
        None if numbers is None else np.array([numbers[i] for i in order]),
        tuple(names[i] for i in order) if any(names) else None,
        said.get("color_space", PLAIN_SPACE),
        said.get("units"),
        white=float(said[_WHITE]) if _WHITE in said else None,
        classes=tuple(classes[i] for i in order) if any(classes) else None,
        weights=read_weights(said["weights"]) if "weights" in said else None,
        stains=read_stains(said["stains"]) if "stains" in said else None,
        background=read_limits(said[_LIMITS]) if _LIMITS in said else None,
        learned_distance=float(said[_DISTANCE]) if _DISTANCE in said else None,
        learned_shares=tuple(shares[i] for i in order) if shares else None,
    )


def _places(header: Sequence[str]) -> dict[str, int]:
    """Return the place of each column that is no channel."""
    titles = [title.casefold() for title in header]
    place = {title: i for i, title in enumerate(titles) if is_reserved(title)}
    if not _FIRST.keys() & place.keys() or all(map(is_reserved, header)):
        raise ValueError(
            "line 1 is not a palette's header: it must have label (from 1) or index "
            "(from 0) and one column a channel, and may have name, class, color_space, "
            "units and pixels."
        )
    twice = [title for title, n in Counter(titles).items() if n > 1 and title in place]
    if twice or "" in header:
        what = f"{twice[0]!r} stands above two columns" if twice else "a title is empty"
        raise ValueError(f"line 1: {what}: give each column a name of its own.")
    return place


def _entry(said: Mapping[str, str], line: int) -> int:
    """Return which entry a line has, counted from 0."""
    entries = {}
    for what, first in _FIRST.items():
        if what in said:
            entries[what] = _whole_number(said[what], line) - first
            if entries[what] < 0:
                raise ValueError(
                    f"line {line}: the label is 0, which is no entry's: number the "
                    "entries from 1."
                )
    if len({*entries.values()}) > 1:
        label, index = (said[what].strip() for what in _FIRST)
        raise ValueError(
            f"line {line}: the label {label} and the index {index} contradict each "
            "other: a label is its index plus 1. Correct one, or remove a column."
        )
    return next(iter(entries.values()))


def _refuse_missing(lines: Mapping[int, int], place: Mapping[str, int]) -> None:
    missing = next(i for i in range(len(lines) + 1) if i not in lines)
    if missing < len(lines):
        what = next(what for what in _FIRST if what in place)
        first = _FIRST[what]
        raise ValueError(
            f"the {what} {missing + first} is missing: number the {len(lines):,} "
            f"entries from {first} to {len(lines) - 1 + first:,}."
        )


def _hear(said: dict[str, str], title: str, word: str, line: int) -> None:
    """Note a word; raise ValueError if a line before has another one."""
    known, what = _WORDS[title]
    word = known(word, line)
    if said.setdefault(title, word) != word:
        raise ValueError(
            f"line {line}: the {what} {word!r}, and {said[title]!r} above: a palette "
            "has only one."
        )


def _known_number(word: str, line: int) -> str:
    return repr(_number(word, line))


def _known_numbers(read: Any, written: Any, word: str, line: int) -> str:
    try:
        said: str = written(read(word))
    except ValueError as error:
        raise ValueError(f"line {line}: {error}") from None
    return said


_WORDS: dict[str, tuple[Callable[[str, int], str], str]] = {
    "color_space": (known_space, "color space is"),
    "weights": (partial(_known_numbers, read_weights, written_weights), "weights are"),
    "stains": (partial(_known_numbers, read_stains, written_stains), "stains are"),
    _LIMITS: (
        partial(_known_numbers, read_limits, written_weights),
        "limits of the background are",
    ),
    "units": (known_units, "units are"),
    _WHITE: (_known_number, "value of white is"),
    _DISTANCE: (_known_number, "learned distance is"),
}


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
