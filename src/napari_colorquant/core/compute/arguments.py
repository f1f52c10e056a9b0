"""Checks of arguments: a number, a flag, or a sequence of these.

Python takes a string for a sequence of letters, True for 1, and ``int`` cuts 0.5 to 0.
Here each of them is what was meant, or an error of one sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from math import isfinite
from numbers import Integral, Real
from reprlib import Repr
from typing import Any

import numpy as np

from napari_colorquant.core.compute.wording import Argument, Sentence

Name = str | Argument | Sentence
"""What an argument is called: its own name, or other words."""

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxdict = 4


def shown(value: object) -> str:
    """Return what was passed as one short line for a message, however large it is."""
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of the shape {value.shape} and the dtype {value.dtype}"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    text = " ".join(_SHORT.repr(value).split())
    # What Python shows in these has an address in memory, which helps nobody.
    return f"a {type(value).__name__}" if text.startswith("<") else text


def whole_number(value: object, what: Name, otherwise: str = "") -> int:
    """Return a whole number as an int, or raise TypeError, also for booleans.

    otherwise: what else may be passed, for the message, such as ``", or None"``.
    """
    value = _plain(value)
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError(_refused(what, value, "a whole number", otherwise))


def number(
    value: object, what: Name, otherwise: str = "", above: float | None = None
) -> float:
    """Return a number as a float, or raise TypeError, also for booleans.

    Raise ValueError if it is not finite, too large for a float, or not above `above`.
    otherwise: as for whole_number.
    """
    value = _plain(value)
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(_refused(what, value, "a number", otherwise))
    try:
        found = float(value)
    except OverflowError:
        found = float("inf")
    if not isfinite(found) or (above is not None and found <= above):
        one = "a finite number" if above is None else f"a number above {above:g}"
        raise ValueError(_refused(what, value, one, otherwise))
    return found


def in_range(value: object, what: str, least: int, most: int | None = None) -> int:
    """Return a whole number, or raise; ValueError if it is not within limits."""
    number = whole_number(value, Argument(what))
    if number < least or (most is not None and number > most):
        limits = f"{least} or more" if most is None else f"from {least} to {most}"
        raise ValueError(
            Sentence(
                "{what} is {number}: pass a whole number, {limits}.",
                what=Argument(what),
                number=shown(number),
                limits=limits,
            )
        )
    return number


def flag(value: object, what: Name, otherwise: str = "") -> bool:
    """Return True or False, or raise TypeError, also for 0 and 1."""
    value = _plain(value)
    if isinstance(value, bool):
        return value
    raise TypeError(_refused(what, value, "True or False", otherwise))


def is_word(value: object, words: Iterable[str]) -> bool:
    """Return whether a value is one of some strings.

    The value may be anything: many things cannot be looked up, or compared.
    """
    return isinstance(value, str) and value in list(words)


def is_sequence(value: object) -> bool:
    """Return whether a value holds others in order: no string, mapping or set."""
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping | Set):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Iterable) and hasattr(value, "__len__")


def sequence(value: object, what: Name, of: str) -> tuple[Any, ...]:
    """Return the items of a sequence as a tuple, those of arrays as Python's own.

    Raise TypeError if it is none: a string is one value, not a sequence of letters. of:
    what it holds, such as ``"whole numbers"``.
    """
    if not is_sequence(value):
        raise TypeError(_refused(what, value, f"a list of {of}"))
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return tuple(value)  # type: ignore[arg-type] # is_sequence has seen it


def whole_numbers(value: object, what: Name, each: Name) -> tuple[int, ...]:
    """Return whole numbers as a tuple, or raise TypeError; each: the name of one."""
    return tuple(
        whole_number(one, each) for one in sequence(value, what, "whole numbers")
    )


def strings(value: object, what: Name, each: Name) -> tuple[str, ...]:
    """Return strings as a tuple, or raise TypeError, also for a single string.

    each: what one of them is called.
    """
    found = sequence(value, what, "strings")
    for one in found:
        if not isinstance(one, str):
            raise TypeError(_refused(each, one, "a string"))
    return tuple(map(str, found))


def _refused(what: Name, value: object, instead: str, otherwise: str = "") -> Sentence:
    return Sentence(
        "{what} is {value}: pass {instead}{otherwise}.",
        what=what,
        value=shown(value),
        instead=instead,
        otherwise=otherwise,
    )


def _plain(value: object) -> object:
    """Return a scalar of numpy or an array of no axes as Python's own value."""
    if isinstance(value, np.generic) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    ):
        return value.item()
    return value
