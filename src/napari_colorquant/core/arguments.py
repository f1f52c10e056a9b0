"""What is passed as an argument: a number, a flag, or a sequence of these.

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

from napari_colorquant.core.wording import Argument, Sentence

Name = str | Argument | Sentence
"""What an argument is called: its own name, or other words."""

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxset = _SHORT.maxdict = 4


def shown(value: object) -> str:
    """Return what was passed, for a sentence of one line.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    str
        Short, however large the value is.
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of the shape {value.shape} and the dtype {value.dtype}"
    if isinstance(value, np.generic | np.ndarray):
        value = value.item()
    text = " ".join(_SHORT.repr(value).split())
    # What Python shows in these has an address in memory, which helps nobody.
    return f"a {type(value).__name__}" if text.startswith("<") else text


def whole_number(value: object, what: Name, otherwise: str = "") -> int:
    """Return a whole number.

    Parameters
    ----------
    value : object
        What was passed; booleans are none.
    what : str or Argument
        What it is called.
    otherwise : str
        What else may be passed, such as ``", or None"``.

    Returns
    -------
    int
        The number, as an int of Python.

    Raises
    ------
    TypeError
        If it is none.
    """
    value = _plain(value)
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError(_refused(what, value, "a whole number", otherwise))


def number(
    value: object, what: Name, otherwise: str = "", above: float | None = None
) -> float:
    """Return a number.

    Parameters
    ----------
    value : object
        What was passed; booleans are none.
    what : str or Argument
        What it is called.
    otherwise : str
        What else may be passed, such as ``", or None"``.
    above : float, optional
        What it must be above.

    Returns
    -------
    float
        The number.

    Raises
    ------
    TypeError
        If it is none.
    ValueError
        If it is not finite, too large for a float, or not above what it must be.
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


def flag(value: object, what: Name, otherwise: str = "") -> bool:
    """Return a flag.

    Parameters
    ----------
    value : object
        What was passed.
    what : str or Argument
        What it is called.
    otherwise : str
        What else may be passed, such as ``", or None"``.

    Returns
    -------
    bool
        The flag, as a bool of Python.

    Raises
    ------
    TypeError
        If it is neither True nor False.
    """
    value = _plain(value)
    if isinstance(value, bool):
        return value
    raise TypeError(_refused(what, value, "True or False", otherwise))


def is_word(value: object, words: Iterable[str]) -> bool:
    """Tell whether a value is one of some words.

    Parameters
    ----------
    value : object
        Anything: many things cannot be looked up, or compared.
    words : iterable of str
        The words.

    Returns
    -------
    bool
        True for such a string.
    """
    return isinstance(value, str) and value in list(words)


def is_sequence(value: object) -> bool:
    """Tell whether a value holds others in an order.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    bool
        False for strings, for numbers, and for mappings and sets.
    """
    if isinstance(value, str | bytes | bytearray | memoryview | Mapping | Set):
        return False
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Iterable) and hasattr(value, "__len__")


def sequence(value: object, what: Name, of: str) -> tuple[Any, ...]:
    """Return what a sequence holds.

    Parameters
    ----------
    value : object
        What was passed: a list, a tuple, an array, a column of a table.
    what : str or Argument
        What it is called.
    of : str
        What it holds, such as ``"whole numbers"``.

    Returns
    -------
    tuple
        Its items, those of arrays as of Python.

    Raises
    ------
    TypeError
        If it is none: a string is one value, not a sequence of letters.
    """
    if not is_sequence(value):
        raise TypeError(_refused(what, value, f"a list of {of}"))
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return tuple(value)  # type: ignore[arg-type] # is_sequence has seen it


def whole_numbers(value: object, what: Name, each: Name) -> tuple[int, ...]:
    """Return a sequence of whole numbers.

    Parameters
    ----------
    value : object
        What was passed.
    what : str or Argument
        What it is called.
    each : str or Argument
        What one of them is called.

    Returns
    -------
    tuple of int
        The numbers.

    Raises
    ------
    TypeError
        If it is none.
    """
    return tuple(
        whole_number(one, each) for one in sequence(value, what, "whole numbers")
    )


def strings(value: object, what: Name, each: Name) -> tuple[str, ...]:
    """Return a sequence of strings.

    Parameters
    ----------
    value : object
        What was passed; a single string is none.
    what : str or Argument
        What it is called.
    each : str or Argument
        What one of them is called.

    Returns
    -------
    tuple of str
        The strings.

    Raises
    ------
    TypeError
        If it is none.
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
    """Take a number out of a scalar of numpy, or of an array of no axes."""
    if isinstance(value, np.generic) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    ):
        return value.item()
    return value
