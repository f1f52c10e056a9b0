"""Palettes and records of runs as JSON, .json: everything, without loss.

An object with "format": "napari-colorquant", the "palette" as of Palette.as_dict, and
in a record any further keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as shortened
from typing import Any

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import (
    PLAIN_SPACE,
    known_space,
    known_units,
)
from napari_colorquant.formats.strict_json import dumps, loads

FORMAT_KEY, FORMAT = "format", "napari-colorquant"
"""How a file says that it is one of these."""


def encode(palette: Palette, title: str) -> bytes:
    """Return a palette as JSON, without its title."""
    return encode_record({"palette": palette.as_dict()})


def decode(data: bytes) -> Palette:
    """Return the palette of a file, be it alone or in a record of a run."""
    return palette_of(_object(data))


def encode_record(record: Mapping[str, Any]) -> bytes:
    """Return a record of a run as JSON.

    Raise TypeError or ValueError if it has no palette, or the key "format", or
    something that could not be read back.
    """
    if FORMAT_KEY in record:
        raise ValueError(
            f"it has the key {FORMAT_KEY!r}, which is the file's own: rename it."
        )
    palette_of(record)
    named = {FORMAT_KEY: FORMAT, "palette": record["palette"], **record}
    return dumps(named).encode("ascii")


def decode_record(data: bytes) -> dict[str, Any]:
    """Return what encode_record was given, with lists for tuples."""
    from napari_colorquant.files.record import check_record

    record = _object(data)
    check_record(record)
    del record[FORMAT_KEY]
    return record


def palette_of(record: Mapping[str, Any]) -> Palette:
    """Return the palette of a record; raise ValueError if it is missing or damaged."""
    plain = record.get("palette")
    if not isinstance(plain, Mapping):
        raise ValueError("there is no palette in it.")
    colors = _colors(plain.get("colors"))
    counts, names = plain.get("counts"), plain.get("names")
    units, locked = plain.get("units"), plain.get("locked", [])
    if counts is not None and not (
        _is_list(counts, int) and all(0 <= n < 2**63 for n in counts)
    ):
        raise ValueError(
            "the palette's counts are no list of whole numbers from 0 to 2**63 - 1."
        )
    if names is not None and not _is_list(names, str):
        raise ValueError("the palette's names are no list of text.")
    if not _is_list(locked, int) or not all(0 <= i < len(colors) for i in locked):
        raise ValueError(
            "the palette's locks are no list of its entries, which are 0 to "
            f"{len(colors) - 1:,}."
        )
    return Palette(
        colors,
        counts,
        names,
        known_space(plain.get("color_space", PLAIN_SPACE)),
        None if units is None else known_units(units),
        locked,
        _white(plain.get("white")),
    )


def _object(data: bytes) -> dict[str, Any]:
    value = loads(data)
    if not isinstance(value, dict) or value.get(FORMAT_KEY) != FORMAT:
        raise ValueError(
            f'it does not say "{FORMAT_KEY}": "{FORMAT}": this is no palette or record '
            "of napari-colorquant."
        )
    return value


def _colors(rows: object) -> list[list[float]]:
    if not isinstance(rows, list) or not rows:
        raise ValueError("there is no color in its palette.")
    for index, row in enumerate(rows):
        if not _is_list(row, int, float) or len(row) != len(rows[0]):
            raise ValueError(
                f"the palette's color {index:,} is {shortened(row)}: each must be a "
                "list of numbers, as many as there are channels."
            )
    return [[float(value) for value in row] for row in rows]


def _white(value: object) -> float | None:
    if value is None or type(value) in (int, float):
        return value  # type: ignore[return-value]
    raise ValueError(f"the palette's white is {shortened(value)}, which is no number.")


def _is_list(value: object, *kinds: type) -> bool:
    # By type, and not isinstance, for which True is a number.
    return isinstance(value, list) and all(type(item) in kinds for item in value)
