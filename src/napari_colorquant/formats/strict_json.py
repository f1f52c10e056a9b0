"""JSON in both directions, without loss and without surprises.

The text is plain JSON (RFC 8259), which has no numbers that are not finite: they become
``{"$float": "inf"}``, and ``"-inf"`` and ``"nan"`` likewise. What else Python's own
reader lets pass, though it cannot mean what it says, is refused: a key that is there
twice, ``NaN``, numbers beyond 64 bits, and nesting without end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from reprlib import repr as shortened
from typing import Any

from napari_colorquant.formats.file_io import utf8_text

MAX_DEPTH = 100
"""Lists and objects inside one another. More are a mistake, and would make this or any
other program run out of stack."""

_TAG = "$float"
_NOT_FINITE = {"inf", "-inf", "nan"}
_LARGEST = 2**64 - 1
_TOO_DEEP = f"it is nested more than {MAX_DEPTH} deep."


def dumps(record: Mapping[str, object]) -> str:
    """Return plain data as JSON.

    Parameters
    ----------
    record : mapping
        Keys are text; values None, bool, text, int of up to 64 bits, any float, and
        lists, tuples and mappings of these.

    Returns
    -------
    str
        An object, with a line for each key; only ASCII.

    Raises
    ------
    TypeError
        If something else is in it, or a key is no text.
    ValueError
        If a number is too large, the nesting is too deep, or a key is ``"$float"``.
    """
    lines = (
        f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}"
        for key, value in _plain(record, 1).items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def loads(data: bytes) -> Any:
    """Return the plain data that a JSON file holds.

    Parameters
    ----------
    data : bytes
        The file, however damaged.

    Returns
    -------
    object
        What :func:`dumps` was given, with lists for tuples and dicts for mappings; any
        other JSON, too.

    Raises
    ------
    ValueError
        If it is no JSON, or says what cannot be.
    """
    text = utf8_text(data)
    try:
        value = json.loads(
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
    _check_depth(value)
    return value


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        if abs(value) > _LARGEST:
            raise ValueError("it has a whole number beyond 64 bits.")
        return value
    if isinstance(value, float):
        return value if isfinite(value) else {_TAG: str(float(value))}
    if depth > MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, Mapping):
        plain = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"it has the key {shortened(key)}: pass keys of text.")
            if key == _TAG:
                raise ValueError(f"it has the key {_TAG!r}: choose another one.")
            plain[key] = _plain(item, depth + 1)
        return plain
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [_plain(item, depth + 1) for item in value]
    raise TypeError(
        f"it has a {type(value).__name__}: pass numbers, text, None, and lists and "
        "mappings of these."
    )


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for container in level
            for item in _inside(container)
            if isinstance(item, (dict, list))
        ]
    if level:
        raise ValueError(_TOO_DEEP)


def _inside(value: object) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _object(pairs: list[tuple[str, Any]]) -> Any:
    plain = dict(pairs)
    if len(plain) < len(pairs):
        uses = Counter(key for key, _ in pairs)
        twice = next(key for key, n in uses.items() if n > 1)
        raise ValueError(f"the key {shortened(twice)} is there twice.")
    if _TAG not in plain:
        return plain
    word = plain[_TAG]
    if len(plain) > 1 or not isinstance(word, str) or word not in _NOT_FINITE:
        raise ValueError(
            f"{shortened(plain)} is no number: {_TAG!r} is 'inf', '-inf' or 'nan'."
        )
    return float(word)


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
