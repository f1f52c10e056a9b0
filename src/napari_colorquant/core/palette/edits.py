"""Edits of a palette and its labels: small objects to keep, undo, save and repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from reprlib import repr as shortened
from typing import Any, get_args

from napari_colorquant.core.compute.arguments import (
    flag,
    in_range,
    is_word,
    number,
    sequence,
    shown,
    whole_number,
    whole_numbers,
)

SORT_KEYS = ("lightness", "hue", "population")
"""What a palette can be sorted by."""
_LARGEST_RADIUS = 100


@dataclass(frozen=True, slots=True)
class Recolor:
    """Give an entry another colour.

    Parameters
    ----------
    entry : int
        Its index.
    color : sequence of float, length C
        The colour, in the palette's units.

    Raises
    ------
    TypeError
        If something is no number.
    ValueError
        If a number is not finite.
    """

    entry: int
    color: tuple[float, ...]

    def __init__(self, entry: int, color: Sequence[float]) -> None:
        object.__setattr__(self, "entry", whole_number(entry, "an entry"))
        values = sequence(color, "the color", "numbers")
        numbers = tuple(number(value, "a value of the color") for value in values)
        object.__setattr__(self, "color", numbers)


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one entry of several, at the place of the first.

    Parameters
    ----------
    entries : sequence of int
        Two indices or more. The name is the first one that there is, and so is the
        class.
    into_first : bool
        Keep the colour of the first. Else it is the mean, weighted by the pixels: the
        centroid of them all.

    Raises
    ------
    TypeError
        If an entry is no whole number, or `into_first` no bool.
    """

    entries: tuple[int, ...]
    into_first: bool = False

    def __init__(self, entries: Sequence[int], into_first: bool = False) -> None:
        object.__setattr__(self, "entries", _distinct(entries))
        object.__setattr__(self, "into_first", flag(into_first, "into_first"))


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove entries: each of their pixels goes to its nearest remaining entry.

    Parameters
    ----------
    entries : sequence of int
        Indices.

    Raises
    ------
    TypeError
        If an entry is no whole number.
    """

    entries: tuple[int, ...]

    def __init__(self, entries: Sequence[int]) -> None:
        object.__setattr__(self, "entries", _distinct(entries))


@dataclass(frozen=True, slots=True)
class Rename:
    """Give an entry a name.

    Parameters
    ----------
    entry : int
        Its index.
    name : str
        The name; empty for none.

    Raises
    ------
    TypeError
        If the entry is no whole number, or the name no string.
    """

    entry: int
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "entry", whole_number(self.entry, "an entry"))
        object.__setattr__(self, "name", _text(self.name, "the name"))


@dataclass(frozen=True, slots=True)
class Classify:
    """Put entries into a class, whose areas are measured as one.

    Parameters
    ----------
    entries : sequence of int
        Indices.
    name : str
        The name of the class, such as ``"DAB"``; empty takes them out of theirs. Spaces
        around it are dropped.

    Raises
    ------
    TypeError
        If an entry is no whole number, or the name no string.
    """

    entries: tuple[int, ...]
    name: str

    def __init__(self, entries: Sequence[int], name: str) -> None:
        object.__setattr__(self, "entries", _distinct(entries))
        object.__setattr__(self, "name", _text(name, "the name of a class").strip())


@dataclass(frozen=True, slots=True)
class Lock:
    """Lock entries, or unlock them: a locked one stays when colours are learned anew.

    Parameters
    ----------
    entries : sequence of int
        Indices.
    locked : bool
        False unlocks.

    Raises
    ------
    TypeError
        If an entry is no whole number, or `locked` no bool.
    """

    entries: tuple[int, ...]
    locked: bool = True

    def __init__(self, entries: Sequence[int], locked: bool = True) -> None:
        object.__setattr__(self, "entries", _distinct(entries))
        object.__setattr__(self, "locked", flag(locked, "locked"))


@dataclass(frozen=True, slots=True)
class Sort:
    """Bring the entries into another order.

    Parameters
    ----------
    by : {"lightness", "hue", "population"}
        Dark to light, as palettes are learned; round the colour circle from red, greys
        first; or by pixels, most first.

    Raises
    ------
    ValueError
        If it is another key.
    """

    by: str = "lightness"

    def __post_init__(self) -> None:
        if not is_word(self.by, SORT_KEYS):
            raise ValueError(
                f"a palette cannot be sorted by {shown(self.by)}: pass one of "
                f"{', '.join(SORT_KEYS)}."
            )


@dataclass(frozen=True, slots=True)
class Clean:
    """Clean the labels of noise, as :func:`napari_colorquant.clean_labels`.

    Parameters
    ----------
    majority : int
        Radius in pixels of the majority filter, up to 100; 0 for none.
    min_region : int
        Regions of fewer pixels are given to their neighbours; 0 for none.
    ndim : {2, 3}
        2 cleans each plane of the last two axes by itself, 3 each volume of three.

    Raises
    ------
    TypeError
        If something is no whole number.
    ValueError
        If a number is out of range.
    """

    majority: int = 0
    min_region: int = 0
    ndim: int = 2

    def __post_init__(self) -> None:
        radius = in_range(self.majority, "majority", 0, _LARGEST_RADIUS)
        object.__setattr__(self, "majority", radius)
        least = in_range(self.min_region, "min_region", 0)
        object.__setattr__(self, "min_region", least)
        object.__setattr__(self, "ndim", in_range(self.ndim, "ndim", 2, 3))

    @property
    def is_off(self) -> bool:
        """Whether it changes nothing: each region has a pixel."""
        return self.majority == 0 and self.min_region < 2


Edit = Recolor | Merge | Remove | Rename | Classify | Lock | Sort | Clean
EDITS: Mapping[str, type[Edit]] = {kind.__name__: kind for kind in get_args(Edit)}
"""The kinds of edits by their names."""


def edit_as_dict(edit: Edit) -> dict[str, Any]:
    """Return an edit as ``"edit"``, its kind, and its fields; tuples become lists."""
    fields = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(edit).items()
    }
    return {"edit": type(edit).__name__, **fields}


def edit_from_dict(plain: Mapping[str, Any]) -> Edit:
    """Return the edit of plain data, or raise ValueError, however damaged they are."""
    try:
        fields = dict(plain)
        return EDITS[str(fields.pop("edit", None))](**fields)
    except (KeyError, OverflowError, TypeError, ValueError):
        raise ValueError(f"{shortened(plain)} is no edit of a palette.") from None


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {shown(value)}: pass a string.")
    return value


def _distinct(entries: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(whole_numbers(entries, "entries", "an entry")))
