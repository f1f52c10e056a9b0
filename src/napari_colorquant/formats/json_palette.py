"""Palettes as JSON, .json: everything, without loss.

An object with "format": "napari-colorquant" and the "palette" as of Palette.as_dict;
the record of a run has further keys.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from math import isfinite
from reprlib import repr as shortened
from typing import Any

import numpy as np

from napari_colorquant.formats.file_io import utf8_text
from napari_colorquant.formats.palette_data import (
    PLAIN_SPACE,
    PaletteData,
    known_space,
    known_units,
)

FORMAT_KEY, FORMAT = "format", "napari-colorquant"
"""How a file says that it is one of these."""
_LARGEST = 2**64 - 1
_TOO_DEEP = "it is nested too deeply."


def encode(palette: PaletteData, title: str) -> bytes:
    """Return a palette as JSON, without its title."""
    return encode_object({"palette": palette.as_dict()})


def decode(data: bytes) -> PaletteData:
    """Return the palette of a file, be it alone or in a record of a run."""
    return palette_in(decode_object(data))


def encode_object(plain: Mapping[str, Any]) -> bytes:
    """Return a palette, or the record of a run, as JSON that says which format it is.

    Raise TypeError or ValueError if it has the key "format", or something that could
    not be read back.
    """
    if FORMAT_KEY in plain:
        raise ValueError(
            f"it has the key {FORMAT_KEY!r}, which is the file's own: rename it."
        )
    return dumps({FORMAT_KEY: FORMAT, **plain}).encode("ascii")


def decode_object(data: bytes) -> dict[str, Any]:
    """Return what encode_object was given, with lists for tuples; it may be damaged."""
    plain = loads(data)
    if not isinstance(plain, dict) or plain.get(FORMAT_KEY) != FORMAT:
        raise ValueError(
            f'it does not say "{FORMAT_KEY}": "{FORMAT}": this is no palette or record '
            "of napari-colorquant."
        )
    del plain[FORMAT_KEY]
    return plain


def palette_in(record: Mapping[str, Any]) -> PaletteData:
    """Return the palette of a record; raise ValueError if it is missing or damaged."""
    plain = record.get("palette")
    if not isinstance(plain, Mapping):
        raise ValueError("there is no palette in it.")
    colors = _colors(plain.get("colors"))
    counts, names = plain.get("counts"), plain.get("names")
    units, locked = plain.get("units"), plain.get("locked", [])
    classes, weights = plain.get("classes"), plain.get("weights")
    if counts is not None and not (
        _is_list(counts, int) and all(0 <= n < 2**63 for n in counts)
    ):
        raise ValueError(
            "the palette's counts are no list of whole numbers from 0 to 2**63 - 1."
        )
    if names is not None and not _is_list(names, str):
        raise ValueError("the palette's names are no list of text.")
    if classes is not None and not _is_list(classes, str):
        raise ValueError("the palette's classes are no list of text.")
    if weights is not None and not _is_list(weights, int, float):
        raise ValueError("the palette's weights are no list of numbers.")
    background = plain.get("background")
    if background is not None and not _is_list(background, int, float):
        raise ValueError("the palette's background is no list of numbers.")
    stains = plain.get("stains")
    if stains is not None and not (
        isinstance(stains, list) and all(_is_list(one, int, float) for one in stains)
    ):
        raise ValueError("the palette's stains are no lists of numbers.")
    shares = plain.get("learned_shares")
    if shares is not None and not _is_list(shares, int, float):
        raise ValueError("the palette's learned_shares are no list of numbers.")
    if not _is_list(locked, int) or not all(0 <= i < len(colors) for i in locked):
        raise ValueError(
            "the palette's locks are no list of its entries, which are 0 to "
            f"{len(colors) - 1:,}."
        )
    return PaletteData(
        np.array(colors),
        None if counts is None else np.array(counts, np.int64),
        None if names is None else tuple(names),
        known_space(plain.get("color_space", PLAIN_SPACE)),
        None if units is None else known_units(units),
        tuple(locked),
        _number(plain.get("white"), "white"),
        None if classes is None else tuple(classes),
        None if weights is None else tuple(weights),
        None if stains is None else tuple(map(tuple, stains)),
        None if background is None else tuple(background),
        _number(plain.get("learned_distance"), "learned_distance"),
        None if shares is None else tuple(shares),
    )


def dumps(plain: Mapping[str, Any]) -> str:
    """Return plain data as JSON: an object with a line for each key, only ASCII.

    Raise TypeError or ValueError if a value is none of JSON, such as NaN or infinity.
    """
    try:
        lines = [
            f"{json.dumps(key)}: {json.dumps(value, allow_nan=False, default=_plain)}"
            for key, value in plain.items()
        ]
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except ValueError as error:
        reason = str(error)[0].lower() + str(error)[1:]
        raise ValueError(f"it cannot be written as JSON: {reason}.") from None
    return "{\n" + ",\n".join(lines) + "\n}\n"


def loads(data: bytes) -> Any:
    """Return the plain data that JSON holds, however damaged.

    Raise ValueError if it is none, has a key twice, a number that is not finite or a
    whole number beyond 64 bits.
    """
    text = utf8_text(data)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        reason = error.msg[0].lower() + error.msg[1:]
        raise ValueError(
            f"line {error.lineno} is no JSON: {reason}, column {error.colno}."
        ) from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _plain(value: object) -> Any:
    """Return what JSON has instead of a value that it has not."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(
        f"it has a {type(value).__name__}: pass numbers, text, None, and lists and "
        "mappings of these."
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) < len(pairs):
        uses = Counter(key for key, _ in pairs)
        twice = next(key for key, n in uses.items() if n > 1)
        raise ValueError(f"the key {shortened(twice)} is there twice.")
    return plain


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON.")


def _float(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{shortened(text)} is no finite number.")
    return value


def _int(text: str) -> int:
    # Not int() at once: it refuses thousands of digits in words of its own.
    if len(text) > len(str(_LARGEST)) + 1 or abs(int(text)) > _LARGEST:
        raise ValueError(f"{shortened(text)} is a whole number beyond 64 bits.")
    return int(text)


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


def _number(value: object, what: str) -> float | None:
    if value is None or (
        isinstance(value, int | float) and not isinstance(value, bool)
    ):
        return value
    raise ValueError(f"the palette's {what} is {shortened(value)}, which is no number.")


def _is_list(value: object, *kinds: type) -> bool:
    # By type, and not isinstance, for which True is a number.
    return isinstance(value, list) and all(type(item) in kinds for item in value)
